// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wakeups. sched_waking is the anchor: it is emitted in the waker's context (its target_cpu is the previous CPU, so it
 * is not asked for). sched_wakeup may run on the target CPU, after an IPI; its target_cpu is the real one.
 */
#include "stage.h"

static void waking(struct ctx *c, const struct event *ev)
{
	task_waking(c, ev, (int32_t)ev->val[0]);
}

static void wakeup(struct ctx *c, const struct event *ev)
{
	task_woken(c, ev, (int32_t)ev->val[0], (uint32_t)ev->val[1], false);
}

static void wakeup_new(struct ctx *c, const struct event *ev)
{
	task_woken(c, ev, (int32_t)ev->val[0], (uint32_t)ev->val[1], true);
}

static const struct want wants[] = {
	{ "sched:sched_waking", { "pid" }, waking, WANT_NEEDED },
	{ "sched:sched_wakeup", { "pid", "target_cpu" }, wakeup, WANT_NEEDED },
	{ "sched:sched_wakeup_new", { "pid", "target_cpu" }, wakeup_new, WANT_EXTRA },
	{ 0 }
};
const struct stage stage_wakeup = {
	.name = "wakeup", .summary = "who woke whom, and how long it took to be queued", .wants = wants,
	.hides = "what ended a wait: without sched_waking no cause can be told",
};
