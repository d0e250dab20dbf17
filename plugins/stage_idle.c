// SPDX-License-Identifier: GPL-2.0-only
/* Idle states: leaving a deep one is part of a wakeup's delay; the idle run carries the state's name. */
#include "stage.h"

#define STATE_EXIT UINT32_MAX	/* include/trace/events/power.h: PWR_EVENT_EXIT */

static void idle(struct ctx *c, const struct event *ev)
{
	struct run *r = run_at_level(c, ev->cpu, LEVEL_TASK);
	char name[24];

	if (!r || r->id || (uint32_t)ev->val[0] == STATE_EXIT)
		return;
	snprintf(name, sizeof name, "C%u", (unsigned)ev->val[0] & 0xff);
	r->name = ctx_strz(c, name);
}

static const struct want wants[] = {
	{ "power:cpu_idle", { "state" }, idle, WANT_NEEDED },
	{ 0 }
};
const struct stage stage_idle = {
	.name = "idle", .summary = "idle states left on the way to a task", .wants = wants,
	.hides = "which idle state a CPU had to leave",
};
