// SPDX-License-Identifier: GPL-2.0-only
/* NVMe: a command on the device, from submission to the reaping of its completion. It refines the block request. */
#include "stage.h"

enum { CTRL, QID, CID, DISK };

/* Submission reports a generation count above the 12-bit tag, completion the bare tag. */
static struct key command(const struct event *ev)
{
	return (struct key){ ev->val[CTRL] << 32 | (uint32_t)ev->val[QID], ev->val[CID] & 0xfff };
}

static void submit(struct ctx *c, const struct event *ev)
{
	struct text disk = event_text(ev, DISK);
	struct span *s = span_open(c, ev, command(ev));
	char name[64];

	snprintf(name, sizeof name, "%.*s%sq%u", (int)MIN(disk.len, 40u), disk.p, disk.len ? " " : "nvme ",
		 (unsigned)ev->val[QID]);
	s->name = ctx_strz(c, name);
}

static void complete(struct ctx *c, const struct event *ev)
{
	struct span *s = span_close(c, ev, command(ev));

	if (s)
		span_link(c, s, ev->cpu, ev->ts);	/* why this interrupt ran */
}

static const struct want wants[] = {
	{ "nvme:nvme_setup_cmd", { "ctrl_id", "qid", "cid", "?disk" }, submit, WANT_NEEDED },
	{ "nvme:nvme_complete_rq", { "ctrl_id", "qid", "cid" }, complete, WANT_NEEDED },
	{ 0 }
};
const struct stage stage_nvme = {
	.name = "nvme", .summary = "NVMe commands, by controller and queue", .wants = wants,
	.hides = "which NVMe queue a request took",
};
