// SPDX-License-Identifier: GPL-2.0-only
/* Running: which task is on which CPU, and where tasks come from. */
#include "stage.h"

enum { PREV, STATE, NEXT, NEXT_COMM };

/*
 * Bits of prev_state. They come from the event's own flag table: kernels number them differently. Pushed off the CPU
 * but still runnable is 0, or the bit above the table (TASK_STATE_MAX, since 4.14 TASK_REPORT_MAX). Where the formats
 * were taken from another kernel than the events, that bit is one of the historical ones.
 */
#define PUSHED_EVER (0x100u | 0x200u | 0x800u | 0x1000u)	/* 4.14 on, 3.4, 4.4, 4.8 to 4.13 */
struct bits {
	uint64_t blocked, dead, pushed;
	uint16_t type;
	bool known;
};
struct state {
	struct bits bits;
	bool tracepoint;	/* sched_switch is recorded: perf's own switch records would tell the same again */
};

static const struct bits *bits_of(struct ctx *c, const struct event *ev)
{
	struct bits *b = &((struct state *)stage_state(c))->bits;

	if (b->known && b->type == ev->type)
		return b;
	*b = (struct bits){
		.blocked = ctx_flag(c, ev, "D"),
		.pushed = ctx_flag_max(c, ev) * 2, .type = ev->type, .known = true,
		.dead = ctx_flag(c, ev, "X") | ctx_flag(c, ev, "x") | ctx_flag(c, ev, "Z"),
	};
	if (!b->blocked || !b->pushed)		/* no table: the values since 4.14 */
		*b = (struct bits){ 0x2, 0x10 | 0x20, 0x100, ev->type, true };
	return b;
}

static unsigned left_how(struct ctx *c, const struct event *ev)
{
	const struct bits *b = bits_of(c, ev);
	uint64_t s = ev->val[STATE];

	if (!s || s & b->pushed || (s > b->pushed && s & PUSHED_EVER && !(s & (s - 1))))
		return TASK_PREEMPTED;
	if (s & b->dead)
		return TASK_DEAD;
	return s & b->blocked ? TASK_BLOCKED : TASK_SLEEPS;
}

static void sched_switch(struct ctx *c, const struct event *ev)
{
	((struct state *)stage_state(c))->tracepoint = true;
	task_switch(c, ev, (int32_t)ev->val[PREV], left_how(c, ev), (int32_t)ev->val[NEXT], event_text(ev, NEXT_COMM));
}

static void migrate(struct ctx *c, const struct event *ev)
{
	task_migrated(c, ev, (int32_t)ev->val[0], (uint32_t)ev->val[1], (uint32_t)ev->val[2]);
}

static void process_fork(struct ctx *c, const struct event *ev)
{
	task_forked(c, ev, (int32_t)ev->val[0], (int32_t)ev->val[1], event_text(ev, 2));
}

/* The name changes with the program; its own event, task_rename, is seldom recorded. */
static void process_exec(struct ctx *c, const struct event *ev)
{
	struct text name = event_text(ev, 0);

	for (uint32_t i = 0; i < name.len; i++)
		if (name.p[i] == '/') {
			name.p += i + 1;
			name.len -= i + 1;
			i = UINT32_MAX;
		}
	name.len = MIN(name.len, 15u);
	task_named(c, (int32_t)ev->val[1], name, 0);
	task_execed(c, ev, (int32_t)ev->val[1]);
}

static void process_exit(struct ctx *c, const struct event *ev)
{
	task_exited(c, ev, (int32_t)ev->val[0]);
}

static void renamed(struct ctx *c, const struct event *ev)
{
	task_named(c, (int32_t)ev->val[0], event_text(ev, 1), 0);
}

/* ---- what perf records beside its samples ---- */

static void perf_comm(struct ctx *c, const struct event *ev)
{
	task_named(c, (int32_t)ev->val[0], event_text(ev, 2), (int32_t)ev->val[1]);
}

static void perf_fork(struct ctx *c, const struct event *ev)
{
	if (ctx_windowed(c)) {		/* live: made up, of what is there already; the kernel's own event tells of births */
		task_is_kin(c, (int32_t)ev->val[0], (int32_t)ev->val[1], (int32_t)ev->val[2]);
		return;
	}
	task_forked(c, ev, (int32_t)ev->val[1], (int32_t)ev->val[0], (struct text){ "", 0 });
	task_named(c, (int32_t)ev->val[0], (struct text){ "", 0 }, (int32_t)ev->val[2]);
}

/* One task leaves or takes the CPU; who came or went instead is not said. */
static void perf_switch(struct ctx *c, const struct event *ev)
{
	int32_t pid = (int32_t)ev->val[0];
	bool out = ev->val[1];

	if (((struct state *)stage_state(c))->tracepoint || ev->cpu == CPU_NONE)
		return;
	if (out)
		task_switch(c, ev, pid, ev->val[2] ? TASK_PREEMPTED : TASK_SLEEPS, -1, (struct text){ "", 0 });
	else
		task_switch(c, ev, -1, TASK_SLEEPS, pid, (struct text){ "", 0 });
}

static const struct want wants[] = {
	{ "sched:sched_switch", { "prev_pid", "prev_state", "next_pid", "next_comm" }, sched_switch, WANT_NEEDED },
	{ "sched:sched_migrate_task", { "pid", "orig_cpu", "dest_cpu" }, migrate, WANT_EXTRA },
	{ "sched:sched_process_fork", { "parent_pid", "child_pid", "?child_comm" }, process_fork, WANT_EXTRA },
	{ "sched:sched_process_exec", { "filename", "pid" }, process_exec, WANT_EXTRA },
	{ "sched:sched_process_exit", { "pid" }, process_exit, WANT_EXTRA },
	{ "task:task_rename", { "pid", "newcomm" }, renamed, WANT_EXTRA },
	{ "agenttop:comm", { "pid", "tgid", "comm" }, perf_comm, WANT_EXTRA },
	{ "agenttop:exit", { "pid" }, process_exit, WANT_EXTRA },
	{ "agenttop:switch", { "pid", "out", "preempt" }, perf_switch, WANT_INSTEAD },
	{ "agenttop:fork", { "pid", "ppid", "tgid" }, perf_fork, WANT_EXTRA },
	{ 0 }
};
const struct stage stage_run = {
	.name = "run", .summary = "tasks on CPUs: running, preempted, who ran instead", .wants = wants,
	.state_size = sizeof(struct state), .hides = "when tasks ran and what ran instead",
};
