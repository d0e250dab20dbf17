// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_uring: from submission to completion, by ring and request. Where both events carry the request (5.18 on) that is
 * the key; before, the oldest open one of the same user_data. Multishot requests complete many times (CQE_F_MORE).
 * `complete` often follows the wakeup, in the task's own context: the interrupt to blame is the one around task_add.
 */
#include <stdlib.h>
#include <string.h>

#include "stage.h"
#include "tables.h"

#define F_MORE 2u		/* IORING_CQE_F_MORE */
#define CANCELED (-125)
#define RINGS_MAX 4096
#define OPS_MAX 128

#define IDLE_RINGS_MAX 256	/* without requests in the window: remembered for their sizes */

struct op {
	str_id name;
	union {
		struct {
			uint64_t n, n_error, n_cancelled;
		};
		uint64_t sums[3];
	};
	struct tally_slice *past;
	struct dist dist;
};
struct ring {
	uint64_t ctx;
	int32_t pid;
	uint32_t sq, cq;
	struct op *ops;
	size_t n_ops, cap_ops;
	uint64_t n_overflow, n_open, oldest;
	struct tally_slice *past;	/* of n_overflow */
	struct dist batch;
	uint64_t heard;			/* its newest event */
};
struct state {
	struct ring *rings;
	size_t n, cap;
	size_t last;		/* the ring looked up last: the next event is mostly about it */
};

static struct ring *find_ring(struct ctx *c, uint64_t ctx, const struct event *ev)
{
	struct state *st = stage_state(c);

	if (st->last < st->n && st->rings[st->last].ctx == ctx)
		return &st->rings[st->last];
	for (st->last = 0; st->last < st->n; st->last++)
		if (st->rings[st->last].ctx == ctx)
			return &st->rings[st->last];
	if (st->n == RINGS_MAX)
		return &st->rings[RINGS_MAX - 1];
	GROW(st->rings, st->n, st->cap);
	st->rings[st->n] = (struct ring){ .ctx = ctx, .pid = task_on(c, ev->cpu) };
	return &st->rings[st->n++];
}

static struct ring *ring_of(struct ctx *c, uint64_t ctx, const struct event *ev)
{
	struct ring *r = find_ring(c, ctx, ev);

	r->heard = ev->ts;
	return r;
}

static struct op *op_of(struct ring *r, str_id name)
{
	for (size_t i = 0; i < r->n_ops; i++)
		if (r->ops[i].name == name)
			return &r->ops[i];
	if (r->n_ops == OPS_MAX)
		return &r->ops[OPS_MAX - 1];
	GROW(r->ops, r->n_ops, r->cap_ops);
	r->ops[r->n_ops] = (struct op){ .name = name };
	return &r->ops[r->n_ops++];
}

static str_id op_name(struct ctx *c, struct text text, uint64_t opcode)
{
	char name[24];

	if (text.len)
		return ctx_str(c, text);
	if (!ctx_has_field(c, "io_uring:io_uring_submit_sqe", "opcode") && !ctx_has_field(c, "io_uring:io_uring_submit_req", "opcode"))
		return ctx_strz(c, "?");		/* 5.5 */
	snprintf(name, sizeof name, "op %u", (unsigned)opcode & 0xff);
	return ctx_strz(c, name);
}

enum { CTX, USER_DATA, OPCODE, REQ, OP_STR };

static void submit(struct ctx *c, const struct event *ev)
{
	struct ring *r = ring_of(c, ev->val[CTX], ev);
	/* 5.16: submission carries the request, completion does not */
	bool by_req = ev->val[REQ] && ctx_has_field(c, "io_uring:io_uring_complete", "req");
	struct span *s = by_req ? span_open(c, ev, (struct key){ ev->val[CTX], ev->val[REQ] }) :
				  span_add(c, ev, (struct key){ ev->val[CTX], ev->val[USER_DATA] });

	s->name = op_name(c, event_text(ev, OP_STR), ev->val[OPCODE]);
	if (ctx_counting(c))
		op_of(r, s->name)->n++;
}

static void create(struct ctx *c, const struct event *ev)
{
	struct ring *r = ring_of(c, ev->val[0], ev);

	r->pid = task_on(c, ev->cpu);
	r->sq = (uint32_t)ev->val[1];
	r->cq = (uint32_t)ev->val[2];
}

enum { DONE_RES = 2, DONE_CFLAGS, DONE_REQ };

static void complete(struct ctx *c, const struct event *ev)
{
	struct key k = { ev->val[CTX], ev->val[DONE_REQ] ? ev->val[DONE_REQ] : ev->val[USER_DATA] };
	struct span *s = span_find(c, k);
	int32_t res = (int32_t)ev->val[DONE_RES];
	struct op *op;

	if (!s)
		return;
	if (!(ev->val[DONE_CFLAGS] & F_MORE))
		s = span_close(c, ev, k);
	span_link(c, s, ev->cpu, ev->ts);
	if (!ctx_counting(c))
		return;
	op = op_of(ring_of(c, ev->val[CTX], ev), s->name);
	op->n_cancelled += res == CANCELED;
	op->n_error += res < 0 && res != CANCELED;
	if (s->to)
		dist_add(&op->dist, ev->ts - s->from);
}

/* Completion work was queued to the task: from here the waking that follows is this request's. */
static void task_add(struct ctx *c, const struct event *ev)
{
	struct span *s = span_find(c, (struct key){ ev->val[0], ev->val[1] });

	if (!s)
		return;
	s->at[0] = ev->ts;
	s->type[2] = ev->type;
	s->cpu_to = ev->cpu;
	span_link(c, s, ev->cpu, ev->ts);
}

static void overflow(struct ctx *c, const struct event *ev)
{
	ring_of(c, ev->val[0], ev)->n_overflow += ctx_counting(c);
}

static void local_work(struct ctx *c, const struct event *ev)
{
	if (ctx_counting(c))
		dist_add(&ring_of(c, ev->val[0], ev)->batch, ev->val[1]);
}

/* It carries the task's own context, not the ring: it belongs to the ring that the task submits to. */
static void task_work(struct ctx *c, const struct event *ev)
{
	struct state *st = stage_state(c);
	int32_t pid = task_on(c, ev->cpu);

	for (size_t i = 0; i < st->n && ctx_counting(c); i++)
		if (st->rings[i].pid == pid) {
			dist_add(&st->rings[i].batch, ev->val[0]);
			return;
		}
}

/* The request adds proof; what took the time is below it: a block request, a socket, a worker. */
static void walk_span(struct walk *w, const struct span *s, const struct run *r)
{
	if (s->at[0] && s->at[0] <= walk_at(w))
		walk_evidence(w, s->type[2], s->cpu_to, s->at[0]);
	else if (s->to && s->to <= walk_at(w))
		walk_evidence(w, s->type[1], s->cpu_to, s->to);
	walk_on(w, r->self);
}

static void count_open(struct ctx *c, const struct span *s, void *arg)
{
	struct state *st = arg;

	(void)c;
	for (size_t i = 0; i < st->n; i++)
		if (st->rings[i].ctx == s->key.a) {
			st->rings[i].n_open++;
			if (!st->rings[i].oldest || s->from < st->rings[i].oldest)
				st->rings[i].oldest = s->from;
		}
}

static void count_all_open(struct ctx *c, struct state *st)
{
	for (size_t i = 0; i < st->n; i++)
		st->rings[i].n_open = st->rings[i].oldest = 0;
	if (st->n)
		span_each_open(c, count_open, st);
}

/* Nothing in the window. A crowd of rings whose requests never ended are dead ones: their ends were lost. */
static bool is_quiet(const struct ring *r, bool crowd)
{
	return !r->n_ops && (!r->n_open || crowd) && !r->n_overflow && !r->batch.n;
}

static void row_of(struct ctx *c, struct tables *t, const struct ring *r)
{
	struct ring_row *row = tables_ring(t);

	row->ctx = r->ctx;
	row->pid = r->pid;
	row->sq = r->sq;
	row->cq = r->cq;
	row->n_overflow = r->n_overflow;
	row->batch = dist_quant(&r->batch);
	row->n_open = r->n_open;
	row->oldest_open_ns = r->oldest ? ctx_now(c) - r->oldest : 0;
	row->n_ops = r->n_ops;
	row->ops = tables_alloc(t, r->n_ops, sizeof *row->ops);
	for (size_t i = 0; i < r->n_ops; i++)
		row->ops[i] = (struct ring_op){ tables_text(t, r->ops[i].name), r->ops[i].n, r->ops[i].n_error,
						r->ops[i].n_cancelled, dist_quant(&r->ops[i].dist) };
}

static void rows(struct ctx *c, struct tables *t)
{
	struct state *st = stage_state(c);

	count_all_open(c, st);
	for (size_t i = 0; i < st->n; i++)
		if (!is_quiet(&st->rings[i], false) || !ctx_windowed(c))
			row_of(c, t, &st->rings[i]);
}

static void op_fini(struct op *op)
{
	dist_fini(&op->dist);
	tally_fini(&op->past);
}

static void ring_fini(struct ring *r)
{
	for (size_t k = 0; k < r->n_ops; k++)
		op_fini(&r->ops[k]);
	free(r->ops);
	dist_fini(&r->batch);
	tally_fini(&r->past);
}

static void turn_ring(struct ring *r, unsigned n)
{
	size_t kept = 0;

	dist_turn(&r->batch, n);
	tally_turn(&r->past, &r->n_overflow, 1, n);
	for (size_t k = 0; k < r->n_ops; k++) {
		struct op *op = &r->ops[k];

		dist_turn(&op->dist, n);
		tally_turn(&op->past, op->sums, ARRAY_LEN(op->sums), n);
		if (op->n || op->dist.n || op->n_error || op->n_cancelled)
			r->ops[kept++] = *op;
		else
			op_fini(op);
	}
	r->n_ops = kept;
}

static int newest_first(const void *a, const void *b)
{
	const struct ring *x = a, *y = b;

	return x->heard != y->heard ? (x->heard > y->heard ? -1 : 1) : 0;
}

/* A ring's end is no event: of those without requests the ones not heard of for longest are forgotten. */
static void turn(struct ctx *c, unsigned n)
{
	struct state *st = stage_state(c);
	size_t n_idle = 0, kept = 0;
	bool crowd = st->n > RINGS_MAX / 2;

	for (size_t i = 0; i < st->n; i++)
		turn_ring(&st->rings[i], n);
	count_all_open(c, st);
	for (size_t i = 0; i < st->n; i++)
		n_idle += is_quiet(&st->rings[i], crowd);
	if (n_idle <= IDLE_RINGS_MAX)
		return;
	qsort(st->rings, st->n, sizeof *st->rings, newest_first);
	n_idle = 0;
	for (size_t i = 0; i < st->n; i++)
		if (is_quiet(&st->rings[i], crowd) && n_idle++ >= IDLE_RINGS_MAX)
			ring_fini(&st->rings[i]);
		else
			st->rings[kept++] = st->rings[i];
	st->n = kept;
	st->last = 0;
}

static void fini(struct ctx *c)
{
	struct state *st = stage_state(c);

	for (size_t i = 0; i < st->n; i++)
		ring_fini(&st->rings[i]);
	free(st->rings);
}

static const struct want wants[] = {
	{ "io_uring:io_uring_create", { "ctx", "sq_entries", "cq_entries" }, create, WANT_EXTRA },
	{ "io_uring:io_uring_submit_req", { "ctx", "user_data", "opcode", "?req", "?op_str" }, submit, WANT_EXTRA },
	{ "io_uring:io_uring_submit_sqe", { "ctx", "user_data", "?opcode", "?req", "?op_str" }, submit, WANT_EXTRA },
	{ "io_uring:io_uring_complete", { "ctx", "user_data", "res", "?cflags", "?req" }, complete, WANT_NEEDED },
	{ "io_uring:io_uring_task_add", { "ctx", "req" }, task_add, WANT_EXTRA },
	{ "io_uring:io_uring_cqe_overflow", { "ctx" }, overflow, WANT_EXTRA },
	{ "io_uring:io_uring_local_work_run", { "ctx", "count" }, local_work, WANT_EXTRA },
	{ "io_uring:io_uring_task_work_run", { "count" }, task_work, WANT_EXTRA },
	{ 0 }
};
const struct stage stage_uring = {
	.name = "uring", .summary = "io_uring requests, by ring and operation", .wants = wants,
	.state_size = sizeof(struct state), .hides = "io_uring requests: their waits are explained without them",
	.walk_span = walk_span, .rows = rows, .turn = turn, .fini = fini,
};
