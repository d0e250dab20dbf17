// SPDX-License-Identifier: GPL-2.0-only
/* Syscalls: user time against kernel time, and the gates: the calls in which a task waits. */
#include <string.h>

#include "stage.h"

/* Calls that wait by their nature: their end is the end of a turn (agenttop(1), "Turns"). */
static const char *const waiting[] = {
	"epoll_wait", "epoll_pwait", "epoll_pwait2", "io_uring_enter", "poll", "ppoll", "select", "pselect6",
	"read", "pread64", "readv", "preadv", "preadv2", "recvfrom", "recvmsg", "recvmmsg", "futex", "futex_wait",
	"futex_waitv", "nanosleep", "clock_nanosleep", "wait4", "waitid", "io_getevents", "io_pgetevents", "accept",
	"accept4",
};
/* Their numbers, for raw_syscalls: every architecture but the newer ones (asm-generic) has its own. */
struct number {
	uint16_t nr;
	const char *name;
};
static const struct number generic[] = {
	{ 22, "epoll_pwait" }, { 63, "read" }, { 65, "readv" }, { 67, "pread64" }, { 69, "preadv" }, { 72, "pselect6" },
	{ 73, "ppoll" }, { 95, "waitid" }, { 98, "futex" }, { 101, "nanosleep" }, { 115, "clock_nanosleep" },
	{ 202, "accept" }, { 207, "recvfrom" }, { 212, "recvmsg" }, { 242, "accept4" }, { 243, "recvmmsg" },
	{ 260, "wait4" }, { 286, "preadv2" }, { 426, "io_uring_enter" }, { 441, "epoll_pwait2" }, { 449, "futex_waitv" },
	{ 455, "futex_wait" },
};
static const struct number x86_64[] = {
	{ 0, "read" }, { 7, "poll" }, { 17, "pread64" }, { 19, "readv" }, { 23, "select" }, { 35, "nanosleep" },
	{ 43, "accept" }, { 45, "recvfrom" }, { 47, "recvmsg" }, { 61, "wait4" }, { 202, "futex" },
	{ 208, "io_getevents" }, { 230, "clock_nanosleep" }, { 232, "epoll_wait" }, { 247, "waitid" },
	{ 270, "pselect6" }, { 271, "ppoll" }, { 281, "epoll_pwait" }, { 288, "accept4" }, { 295, "preadv" },
	{ 299, "recvmmsg" }, { 327, "preadv2" }, { 426, "io_uring_enter" }, { 441, "epoll_pwait2" },
	{ 449, "futex_waitv" }, { 455, "futex_wait" },
};
struct call {
	str_id name;
	bool known, waits;
};
struct state {
	struct call by_type[UINT16_MAX + 1];
	struct call by_nr[512];
	bool named;		/* the calls' own events are recorded: raw_syscalls would count them twice */
};

static bool waits(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(waiting); i++)
		if (!strcmp(waiting[i], name))
			return true;
	return false;
}

static struct call *named(struct ctx *c, const struct event *ev)
{
	struct call *k = &((struct state *)stage_state(c))->by_type[ev->type];
	const char *name;

	if (k->known)
		return k;
	name = ctx_event_name(c, ev);
	name += strlen(name) > 10 && !strncmp(name, "sys_enter_", 10) ? 10 : 9;
	if (!strncmp(name, "new", 3))
		name += 3;	/* sys_enter_newfstat is fstat */
	*k = (struct call){ ctx_strz(c, name), true, waits(name) };
	return k;
}

static const struct number *numbers_of(const char *arch, size_t *n)
{
	*n = 0;
	if (!strcmp(arch, "x86_64")) {
		*n = ARRAY_LEN(x86_64);
		return x86_64;
	}
	if (!strcmp(arch, "aarch64") || !strcmp(arch, "riscv64") || !strcmp(arch, "loongarch64")) {
		*n = ARRAY_LEN(generic);
		return generic;
	}
	return NULL;
}

static struct call *numbered(struct ctx *c, uint64_t nr)
{
	struct state *st = stage_state(c);
	struct call *k = &st->by_nr[nr < ARRAY_LEN(st->by_nr) ? nr : ARRAY_LEN(st->by_nr) - 1];
	const struct number *numbers;
	char name[32];
	size_t n;

	if (k->known)
		return k;
	snprintf(name, sizeof name, "syscall %u", (unsigned)nr);
	numbers = numbers_of(ctx_arch(c), &n);
	for (size_t i = 0; i < n; i++)
		if (numbers[i].nr == nr)
			snprintf(name, sizeof name, "%s", numbers[i].name);
	*k = (struct call){ ctx_strz(c, name), true, waits(name) };
	return k;
}

static void enter(struct ctx *c, const struct event *ev)
{
	struct call *k = named(c, ev);

	((struct state *)stage_state(c))->named = true;
	task_gate(c, ev, GATE_ENTER, k->name, k->waits);
}

static void leave(struct ctx *c, const struct event *ev)
{
	task_gate(c, ev, GATE_EXIT, named(c, ev)->name, false);
}

static void raw_enter(struct ctx *c, const struct event *ev)
{
	struct call *k = numbered(c, ev->val[0]);

	if (!((struct state *)stage_state(c))->named)
		task_gate(c, ev, GATE_ENTER, k->name, k->waits);
}

static void raw_leave(struct ctx *c, const struct event *ev)
{
	if (!((struct state *)stage_state(c))->named)
		task_gate(c, ev, GATE_EXIT, numbered(c, ev->val[0])->name, false);
}

static const struct want wants[] = {
	{ "syscalls:sys_enter_*", { 0 }, enter, WANT_NEEDED },
	{ "syscalls:sys_exit_*", { 0 }, leave, WANT_NEEDED },
	{ "raw_syscalls:sys_enter", { "id" }, raw_enter, WANT_INSTEAD },
	{ "raw_syscalls:sys_exit", { "id" }, raw_leave, WANT_INSTEAD },
	{ 0 }
};
const struct stage stage_syscall = {
	.name = "syscall", .summary = "syscalls: kernel time, and the gates in which a task waits", .wants = wants,
	.state_size = sizeof(struct state),
	.hides = "kernel time: it counts as user time, and waits have no name", 
};
