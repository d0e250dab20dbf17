// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which events live recording asks for. What a kernel does not have is left out, and a capability says what that hides.
 *
 * Tiers: what a chain can do without goes first. Without cpu_idle a run queue wait no longer says "idle exit"; without
 * IPIs a wakeup across CPUs has no proof of its way; without vectors their time is charged to what they interrupted;
 * without hrtimers a timer's lateness is not told apart. Switches, wakeups, interrupts and devices are never left out.
 */
#include "tracer.h"

const struct tracer_event tracer_events[] = {
	{ "sched:sched_switch", TRACER_MAIN },
	{ "sched:sched_waking", TRACER_MAIN },
	{ "sched:sched_wakeup", TRACER_MAIN },
	{ "sched:sched_wakeup_new", TRACER_MAIN },
	{ "sched:sched_migrate_task", TRACER_MAIN },
	{ "sched:sched_process_fork", TRACER_MAIN },
	{ "sched:sched_process_exec", TRACER_MAIN },
	{ "sched:sched_process_exit", TRACER_MAIN },
	{ "task:task_rename", TRACER_MAIN },
	{ "irq:irq_handler_entry", TRACER_MAIN },
	{ "irq:irq_handler_exit", TRACER_MAIN },
	{ "irq:softirq_raise", TRACER_MAIN },
	{ "irq:softirq_entry", TRACER_MAIN },
	{ "irq:softirq_exit", TRACER_MAIN },
	{ "napi:napi_poll", TRACER_MAIN },
	{ "sock:sk_data_ready", TRACER_MAIN },
	{ "block:block_bio_queue", TRACER_MAIN },
	{ "block:block_bio_frontmerge", TRACER_MAIN },
	{ "block:block_rq_insert", TRACER_MAIN },
	{ "block:block_rq_issue", TRACER_MAIN },
	{ "block:block_rq_merge", TRACER_MAIN },
	{ "block:block_rq_requeue", TRACER_MAIN },
	{ "block:block_rq_complete", TRACER_MAIN },
	{ "nvme:nvme_setup_cmd", TRACER_MAIN },
	{ "nvme:nvme_complete_rq", TRACER_MAIN },
	{ "io_uring:io_uring_create", TRACER_MAIN },
	{ "io_uring:io_uring_submit_sqe", TRACER_MAIN },
	{ "io_uring:io_uring_submit_req", TRACER_MAIN },
	{ "io_uring:io_uring_complete", TRACER_MAIN },
	{ "io_uring:io_uring_task_add", TRACER_MAIN },
	{ "io_uring:io_uring_cqe_overflow", TRACER_MAIN },
	{ "io_uring:io_uring_local_work_run", TRACER_MAIN },
	{ "io_uring:io_uring_task_work_run", TRACER_MAIN },
	{ "power:cpu_idle", TRACER_MAIN, 1 },
	{ "ipi:ipi_send_cpu", TRACER_MAIN, 2 },
	{ "ipi:ipi_raise", TRACER_MAIN, 2 },
	{ "ipi:ipi_entry", TRACER_MAIN, 3 },
	{ "ipi:ipi_exit", TRACER_MAIN, 3 },
	{ "irq_vectors:*_entry", TRACER_MAIN, 3 },
	{ "irq_vectors:*_exit", TRACER_MAIN, 3 },
	{ "timer:hrtimer_start", TRACER_MAIN, 4 },
	{ "timer:hrtimer_cancel", TRACER_MAIN, 4 },
	{ "timer:hrtimer_expire_entry", TRACER_MAIN, 4 },
	{ "timer:hrtimer_expire_exit", TRACER_MAIN, 4 },

	/* the calls that wait by their nature, and faults: of agents only, since calls are most of what recording costs */
#define CALL(name) \
	{ "syscalls:sys_enter_" name, TRACER_CALLS }, { "syscalls:sys_exit_" name, TRACER_CALLS }
	CALL("epoll_wait"), CALL("epoll_pwait"), CALL("epoll_pwait2"), CALL("io_uring_enter"), CALL("poll"), CALL("ppoll"),
	CALL("select"), CALL("pselect6"), CALL("read"), CALL("pread64"), CALL("readv"), CALL("preadv"), CALL("preadv2"),
	CALL("recvfrom"), CALL("recvmsg"), CALL("recvmmsg"), CALL("futex"), CALL("futex_wait"), CALL("futex_waitv"),
	CALL("nanosleep"), CALL("clock_nanosleep"), CALL("wait4"), CALL("waitid"), CALL("io_getevents"),
	CALL("io_pgetevents"), CALL("accept"), CALL("accept4"), CALL("fsync"), CALL("fdatasync"),
#undef CALL
	{ "exceptions:page_fault_user", TRACER_CALLS },
};
const unsigned n_tracer_events = ARRAY_LEN(tracer_events);

const char *tracer_tier_name(unsigned tier)
{
	static const char *const name[TRACER_TIERS + 1] = { "", "cpu_idle", "IPIs", "vectors", "hrtimers" };

	return tier <= TRACER_TIERS ? name[tier] : "";
}
