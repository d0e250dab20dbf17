// SPDX-License-Identifier: GPL-2.0-only
/*
 * Block requests: insert, issue, complete. No event carries the request, so it is known by device and sector: a front
 * merge changes the sector, a merged request goes, a requeued one waits again, a partial completion advances the sector.
 * Whose request it is says the bio (submitted in the task's own context), since a worker may insert and issue it.
 */
#include <stdlib.h>
#include <string.h>

#include "stage.h"
#include "tables.h"

enum { DEV, SECTOR, NR, RWBS };
#define BIO (1ull << 63)		/* in key.a: a bio, not a request */
enum { INSERTED = 1, ISSUED = 2 };	/* span.flags; at[0]: issue */

struct op {
	uint32_t dev;
	uint64_t rwbs_raw;
	str_id rwbs, dev_name;
	struct dist queue, device, complete;
};
struct state {
	struct op *ops;
	size_t n, cap;
};

static struct key request(const struct event *ev)
{
	return (struct key){ (uint32_t)ev->val[DEV], ev->val[SECTOR] };
}

/* A flush has neither sector nor length: one per hardware queue may be under way. */
static bool is_flush(const struct event *ev)
{
	struct text t = event_text(ev, RWBS);

	return !ev->val[NR] && t.len && t.p[0] == 'F';
}

static struct op *op_of(struct ctx *c, const struct event *ev)
{
	struct state *st = stage_state(c);
	struct text t = event_text(ev, RWBS);
	uint64_t raw = 0;
	char dev[32];

	memcpy(&raw, t.p, MIN(t.len, 8u));
	for (size_t i = 0; i < st->n; i++)
		if (st->ops[i].dev == (uint32_t)ev->val[DEV] && st->ops[i].rwbs_raw == raw)
			return &st->ops[i];
	GROW(st->ops, st->n, st->cap);
	/* include/linux/kdev_t.h: 20 bits of minor */
	snprintf(dev, sizeof dev, "%u,%u", (uint32_t)ev->val[DEV] >> 20, (uint32_t)ev->val[DEV] & 0xfffff);
	st->ops[st->n] = (struct op){ .dev = (uint32_t)ev->val[DEV], .rwbs_raw = raw, .rwbs = ctx_str(c, t),
				      .dev_name = ctx_strz(c, dev) };
	return &st->ops[st->n++];
}

static void bio_queue(struct ctx *c, const struct event *ev)
{
	struct key k = request(ev);

	k.a |= BIO;
	span_open(c, ev, k)->flags = SPAN_DETAIL;
	task_gate(c, ev, GATE_IO, 0, false);
}

static struct span *begin(struct ctx *c, const struct event *ev)
{
	struct key k = request(ev), kb = { k.a | BIO, k.b };
	struct span *bio = span_find(c, kb), *s = is_flush(ev) ? span_add(c, ev, k) : span_open(c, ev, k);

	if (bio && !(s->flags & SPAN_DETAIL)) {
		s->pid = bio->pid;
		s->at[1] = bio->from;
		s->type[3] = bio->type[0];
		span_drop(c, bio);
	}
	s->arg = (uint32_t)ev->val[NR];
	s->name = op_of(c, ev)->dev_name;
	return s;
}

static void insert(struct ctx *c, const struct event *ev)
{
	begin(c, ev)->flags |= INSERTED;
}

static void issue(struct ctx *c, const struct event *ev)
{
	struct span *s = span_find(c, request(ev));

	if (!s || s->flags & ISSUED)
		s = begin(c, ev);
	else if (ctx_counting(c))
		dist_add(&op_of(c, ev)->queue, ev->ts - s->from);
	task_gate(c, ev, GATE_IO, 0, false);
	s->flags |= ISSUED;
	s->at[0] = ev->ts;
	s->type[2] = ev->type;
	s->arg = (uint32_t)ev->val[NR];
}

static void requeue(struct ctx *c, const struct event *ev)
{
	struct span *s = span_find(c, request(ev));

	if (s) {
		s->flags = (s->flags & (uint8_t)~ISSUED) | INSERTED;
		s->from = ev->ts;
		s->type[0] = ev->type;
		s->cpu_from = ev->cpu;
	}
}

/* This request was merged into another and is no more. */
static void merged(struct ctx *c, const struct event *ev)
{
	struct span *s = span_find(c, request(ev));

	if (s)
		span_drop(c, s);
}

/* A bio was put in front of a request: that one now begins at the bio's sector. */
static void front_merge(struct ctx *c, const struct event *ev)
{
	struct key k = request(ev), behind = { k.a, k.b + ev->val[NR] };
	struct span *s = span_find(c, behind);

	if (s)
		span_rekey(c, s, k);
}

/* The device's own interrupt behind a run, and when it handed over. */
static const struct run *device_irq(struct ctx *c, const struct run *r, uint64_t *handed)
{
	for (int hops = 0; r && hops < 4; hops++) {
		if (r->level == LEVEL_HARDIRQ && !(r->flags & RUN_VECTOR))
			return r;
		if (!r->asked || r->level == LEVEL_TASK)
			return NULL;
		*handed = r->asked;
		r = run_get(c, r->by);
	}
	return NULL;
}

static void complete(struct ctx *c, const struct event *ev)
{
	struct key k = request(ev);
	struct span *s = span_find(c, k);
	const struct run *irq;
	uint64_t handed;
	struct op *op;

	if (!s || !(s->flags & ISSUED))
		return;
	if (ev->val[NR] && ev->val[NR] < s->arg) {		/* the rest goes on under a later sector */
		s->arg -= (uint32_t)ev->val[NR];
		k.b += ev->val[NR];
		span_rekey(c, s, k);
		return;
	}
	s = span_close(c, ev, k);
	span_link(c, s, ev->cpu, ev->ts);
	if (!ctx_counting(c))
		return;
	op = op_of(c, ev);
	dist_add(&op->device, ev->ts - s->at[0]);
	irq = device_irq(c, run_get(c, s->ended_in), &handed);
	if (irq && irq->from >= s->at[0])
		dist_add(&op->complete, ev->ts - irq->from);
}

/* A driver's own span of the same command, completed in the same run: NVMe knows the queue. */
static const struct span *command_of(struct walk *w, const struct run *r, const struct span *s)
{
	const struct span *x, *best = NULL;
	uint32_t it = 0;

	while ((x = walk_next_link(w, r, &it)))
		if (x->stage != s->stage && !(x->flags & SPAN_DETAIL) && x->pid == s->pid && x->to <= s->to &&
		    x->cpu_from == s->cpu_from && x->from <= s->at[0] && (!best || x->from > best->from))
			best = x;
	return best;
}

static void walk_span(struct walk *w, const struct span *s, const struct run *r)
{
	const struct span *cmd = command_of(w, r, s);
	uint64_t handed = s->to;
	const struct run *irq = device_irq(walk_ctx(w), r, &handed);
	struct ctx *c = walk_ctx(w);

	walk_evidence(w, s->type[1], s->cpu_to, s->to);
	if (irq != r)
		walk_evidence(w, r->type, r->cpu, r->from);
	handed = MAX(handed, s->at[0]);
	walk_emit(w, ST_BLK_COMPLETE, handed, r->cpu, r->level == LEVEL_TASK ? 0 : actor_run(c, r));
	if (irq) {
		if (irq != r && r->asked)
			walk_evidence(w, r->asked_type, r->cpu, r->asked);
		walk_evidence(w, irq->type, irq->cpu, irq->from);
		run_completed(w, irq);
		walk_emit(w, ST_IRQ, MAX(irq->from, s->at[0]), irq->cpu, actor_run(c, irq));
		walk_evidence(w, irq->type, irq->cpu, irq->from);
	} else {
		if (r->level != LEVEL_TASK)
			walk_doubt(w);		/* no hard IRQ seen: its part is in the device's time */
		walk_evidence(w, s->type[1], s->cpu_to, s->to);
	}
	if (cmd) {
		walk_evidence(w, cmd->type[1], cmd->cpu_to, cmd->to);
		walk_evidence(w, cmd->type[0], cmd->cpu_from, cmd->from);
	}
	walk_evidence(w, s->type[2], s->cpu_from, s->at[0]);
	walk_emit(w, ST_DEVICE, s->at[0], CPU_NONE, cmd && cmd->name ? cmd->name : s->name);
	if (s->flags & INSERTED) {
		walk_evidence(w, s->type[0], s->cpu_from, s->from);
		walk_emit(w, ST_BLK_QUEUE, s->from, CPU_NONE, s->name);
	}
	if (s->at[1]) {
		walk_evidence(w, s->type[3], s->cpu_from, s->at[1]);
		walk_emit(w, ST_BLK_QUEUE, s->at[1], CPU_NONE, s->name);
	}
}

static void rows(struct ctx *c, struct tables *t)
{
	struct state *st = stage_state(c);

	for (size_t i = 0; i < st->n; i++) {
		struct op *op = &st->ops[i];
		struct block_row *row;

		if (!op->queue.n && !op->device.n)
			continue;
		row = tables_block(t);
		*row = (struct block_row){
			.dev = tables_text(t, op->dev_name), .op = tables_text(t, op->rwbs),
			.queue = dist_quant(&op->queue), .device = dist_quant(&op->device),
			.complete = dist_quant(&op->complete),
		};
	}
}

static void turn(struct ctx *c, unsigned n)
{
	struct state *st = stage_state(c);
	size_t kept = 0;

	for (size_t i = 0; i < st->n; i++) {
		struct op *op = &st->ops[i];

		dist_turn(&op->queue, n);
		dist_turn(&op->device, n);
		dist_turn(&op->complete, n);
		if (op->queue.n || op->device.n || op->complete.n)
			st->ops[kept++] = *op;
	}
	st->n = kept;
}

static void fini(struct ctx *c)
{
	struct state *st = stage_state(c);

	for (size_t i = 0; i < st->n; i++) {
		dist_fini(&st->ops[i].queue);
		dist_fini(&st->ops[i].device);
		dist_fini(&st->ops[i].complete);
	}
	free(st->ops);
}

static const struct want wants[] = {
	{ "block:block_bio_queue", { "dev", "sector", "nr_sector" }, bio_queue, WANT_EXTRA },
	{ "block:block_rq_insert", { "dev", "sector", "nr_sector", "rwbs" }, insert, WANT_EXTRA },
	{ "block:block_rq_issue", { "dev", "sector", "nr_sector", "rwbs" }, issue, WANT_NEEDED },
	{ "block:block_rq_requeue", { "dev", "sector", "nr_sector", "rwbs" }, requeue, WANT_EXTRA },
	{ "block:block_rq_merge", { "dev", "sector", "nr_sector", "rwbs" }, merged, WANT_EXTRA },
	{ "block:block_bio_frontmerge", { "dev", "sector", "nr_sector" }, front_merge, WANT_EXTRA },
	{ "block:block_rq_complete", { "dev", "sector", "nr_sector", "rwbs" }, complete, WANT_NEEDED },
	{ 0 }
};
const struct stage stage_block = {
	.name = "block", .summary = "block requests: queue, device, completion", .wants = wants,
	.state_size = sizeof(struct state), .hides = "disk time: waits for a disk look like any interrupt's",
	.walk_span = walk_span, .rows = rows, .turn = turn, .fini = fini,
};
