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

#define SUBMITTERS_MAX 64u		/* of a device's operation; later ones are others */
#define DISKS_MAX 256u

struct from {				/* a task's requests */
	int32_t pid;
	char comm[64];
	uint64_t bytes;
	struct tally_slice *past;	/* of bytes */
	struct dist device;
};
struct op {
	uint32_t dev;
	uint64_t rwbs_raw;
	str_id rwbs, dev_name;
	struct dist queue, device, complete;
	struct from *from, others;
	size_t n_from, cap_from;
};
struct disk {
	uint32_t dev;
	str_id name;			/* 0: it is told under several */
};
struct state {
	struct op *ops;
	size_t n, cap;
	struct disk *disks;
	size_t n_disks, cap_disks;
	/* The newest NVMe command that is being set up: the request that is issued next in the same run is the same one. */
	str_id setup_disk;
	uint32_t setup_cpu;
	run_id setup_run;
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

/* The names of disks, where NVMe commands tell them. */
static void nvme_setup(struct ctx *c, const struct event *ev)
{
	struct state *st = stage_state(c);
	struct text disk = event_text(ev, 0);

	st->setup_disk = disk.len ? ctx_str(c, disk) : 0;
	st->setup_cpu = ev->cpu;
	st->setup_run = run_on(c, ev->cpu);
}

static void name_disk(struct ctx *c, const struct event *ev)
{
	struct state *st = stage_state(c);
	size_t i = 0;

	if (!st->setup_disk || st->setup_cpu != ev->cpu || st->setup_run != run_on(c, ev->cpu))
		return;
	while (i < st->n_disks && st->disks[i].dev != (uint32_t)ev->val[DEV])
		i++;
	if (i < st->n_disks) {
		if (st->disks[i].name != st->setup_disk)
			st->disks[i].name = 0;
	} else if (i < DISKS_MAX) {
		GROW(st->disks, st->n_disks, st->cap_disks);
		st->disks[st->n_disks++] = (struct disk){ (uint32_t)ev->val[DEV], st->setup_disk };
	}
	st->setup_disk = 0;
}

static str_id disk_name(const struct state *st, uint32_t dev)
{
	for (size_t i = 0; i < st->n_disks; i++)
		if (st->disks[i].dev == dev)
			return st->disks[i].name;
	return 0;
}

/* Whose requests these are: a task under one name, since what it runs may change. NULL: nobody known. */
static struct from *from_of(struct ctx *c, struct op *op, int32_t pid)
{
	const char *comm = task_name(c, pid);

	if (pid <= 0)
		return NULL;
	for (size_t i = 0; i < op->n_from; i++)
		if (op->from[i].pid == pid && !strncmp(op->from[i].comm, comm, sizeof op->from[i].comm - 1))
			return &op->from[i];
	if (op->n_from == SUBMITTERS_MAX)
		return &op->others;
	GROW(op->from, op->n_from, op->cap_from);
	op->from[op->n_from] = (struct from){ .pid = pid };
	snprintf(op->from[op->n_from].comm, sizeof op->from->comm, "%s", comm);
	return &op->from[op->n_from++];
}

static void count_bytes(struct ctx *c, const struct event *ev, const struct span *s)
{
	struct from *from = ctx_counting(c) ? from_of(c, op_of(c, ev), s->pid) : NULL;

	if (from)
		from->bytes += (uint64_t)(uint32_t)ev->val[NR] * 512;
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
	name_disk(c, ev);
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
	struct from *from;
	uint64_t handed;
	struct op *op;

	if (!s || !(s->flags & ISSUED))
		return;
	count_bytes(c, ev, s);
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
	from = from_of(c, op, s->pid);
	if (from)
		dist_add(&from->device, ev->ts - s->at[0]);
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

static int most_first(const void *a, const void *b)
{
	const struct submitter *x = a, *y = b;
	int names = strcmp(x->comm, y->comm);

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return x->pid != y->pid ? (x->pid < y->pid ? -1 : 1) : names;
}

static void add_submitter(struct tables *t, struct block_row *row, const struct from *from)
{
	size_t len = strlen(from->comm) + 1;
	char *comm;

	if (!from->device.n)
		return;
	comm = memcpy(tables_alloc(t, len, 1), from->comm, len);
	row->by[row->n_by++] = (struct submitter){
		.comm = comm, .pid = from->pid, .n = from->device.n, .bytes = from->bytes, .device = dist_quant(&from->device),
	};
}

static void submitters(struct tables *t, struct block_row *row, const struct op *op)
{
	struct from others = op->others;

	row->by = tables_alloc(t, op->n_from + 1, sizeof *row->by);
	for (size_t i = 0; i < op->n_from; i++)
		add_submitter(t, row, &op->from[i]);
	qsort(row->by, row->n_by, sizeof *row->by, most_first);
	others.pid = -1;
	add_submitter(t, row, &others);
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
			.complete = dist_quant(&op->complete), .name = tables_text(t, disk_name(st, op->dev)),
		};
		submitters(t, row, op);
	}
}

static void from_fini(struct from *from)
{
	dist_fini(&from->device);
	tally_fini(&from->past);
}

static void op_fini(struct op *op)
{
	dist_fini(&op->queue);
	dist_fini(&op->device);
	dist_fini(&op->complete);
	for (size_t i = 0; i < op->n_from; i++)
		from_fini(&op->from[i]);
	from_fini(&op->others);
	free(op->from);
}

static void from_turn(struct from *from, unsigned n)
{
	dist_turn(&from->device, n);
	tally_turn(&from->past, &from->bytes, 1, n);
}

/* Those without requests in the window make room for others. */
static void op_turn(struct op *op, unsigned n)
{
	size_t kept = 0;

	dist_turn(&op->queue, n);
	dist_turn(&op->device, n);
	dist_turn(&op->complete, n);
	from_turn(&op->others, n);
	for (size_t i = 0; i < op->n_from; i++) {
		from_turn(&op->from[i], n);
		if (op->from[i].device.n || op->from[i].bytes)
			op->from[kept++] = op->from[i];
		else
			from_fini(&op->from[i]);
	}
	op->n_from = kept;
}

static void turn(struct ctx *c, unsigned n)
{
	struct state *st = stage_state(c);
	size_t kept = 0;

	for (size_t i = 0; i < st->n; i++) {
		struct op *op = &st->ops[i];

		op_turn(op, n);
		if (op->queue.n || op->device.n || op->complete.n || op->n_from)
			st->ops[kept++] = *op;
		else
			op_fini(op);
	}
	st->n = kept;
}

static void fini(struct ctx *c)
{
	struct state *st = stage_state(c);

	for (size_t i = 0; i < st->n; i++)
		op_fini(&st->ops[i]);
	free(st->ops);
	free(st->disks);
}

static const struct want wants[] = {
	{ "block:block_bio_queue", { "dev", "sector", "nr_sector" }, bio_queue, WANT_EXTRA },
	{ "block:block_rq_insert", { "dev", "sector", "nr_sector", "rwbs" }, insert, WANT_EXTRA },
	{ "block:block_rq_issue", { "dev", "sector", "nr_sector", "rwbs" }, issue, WANT_NEEDED },
	{ "block:block_rq_requeue", { "dev", "sector", "nr_sector", "rwbs" }, requeue, WANT_EXTRA },
	{ "block:block_rq_merge", { "dev", "sector", "nr_sector", "rwbs" }, merged, WANT_EXTRA },
	{ "block:block_bio_frontmerge", { "dev", "sector", "nr_sector" }, front_merge, WANT_EXTRA },
	{ "block:block_rq_complete", { "dev", "sector", "nr_sector", "rwbs" }, complete, WANT_NEEDED },
	{ "nvme:nvme_setup_cmd", { "?disk" }, nvme_setup, WANT_ASIDE },
	{ 0 }
};
const struct stage stage_block = {
	.name = "block", .summary = "block requests: queue, device, completion", .wants = wants,
	.state_size = sizeof(struct state), .hides = "disk time: waits for a disk look like any interrupt's",
	.walk_span = walk_span, .rows = rows, .turn = turn, .fini = fini,
};
