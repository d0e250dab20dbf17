// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults. The event is entry only (x86), so the end of a fault that did not sleep is unknown and its time stays
 * user time; one that slept is a gate from its entry to the switch-in behind the sleep.
 */
#include "stage.h"

static void fault(struct ctx *c, const struct event *ev)
{
	task_gate(c, ev, GATE_FAULT, 0, false);
}

static const struct want wants[] = {
	{ "exceptions:page_fault_user", { "?address" }, fault, WANT_NEEDED },
	{ 0 }
};
const struct stage stage_fault = {
	.name = "fault", .summary = "page faults that wait for a page", .wants = wants,
	.hides = "that a wait was for a page: it looks like any other sleep",
};
