// SPDX-License-Identifier: GPL-2.0-only
#include "own.h"
#include "engine.h"
#include "step.h"

static void on_task(struct ctx *c, const struct event *ev)
{
	int32_t pid = (int32_t)ev->val[0], tgid = (int32_t)ev->val[1], ppid = (int32_t)ev->val[2];
	const struct task *t = model_task_known(&c->m, pid);

	if (t && t->born)
		return;			/* it has been met being born: events know more of it than /proc did */
	task_named(c, pid, t && t->comm ? (struct text){ "", 0 } : event_text(ev, 3), tgid);
	task_is_kin(c, pid, ppid, tgid);
}

static void on_follow(struct ctx *c, const struct event *ev)
{
	engine_follow(c, (int32_t)ev->val[0], ev->val[1]);
	if (ev->val[1] == 2)
		steps_only_followed(c);
}

static void on_trace(struct ctx *c, const struct event *ev)
{
	step_tool_named(c, (int32_t)ev->val[0], event_text(ev, 1));
}

const struct want own_wants[] = {
	{ "agenttop:task", { "pid", "tgid", "ppid", "comm" }, on_task },
	{ "agenttop:follow", { "pid", "on" }, on_follow },
	{ "agenttop:traceparent", { "pid", "traceparent" }, on_trace },
	{ 0 }
};
