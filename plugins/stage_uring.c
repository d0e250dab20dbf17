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

struct op {
	str_id name;
	uint64_t n, n_error, n_cancelled;
	struct dist dist;
};
struct ring {
	uint64_t ctx;
	int32_t pid;
	uint32_t sq, cq;
	struct op *ops;
	size_t n_ops, cap_ops;
	uint64_t n_overflow, n_open, oldest;
	struct dist batch;
};
struct state {
	struct ring *rings;
	size_t n, cap;
};

static struct ring *ring_of(struct ctx *c, uint64_t ctx, const struct event *ev)
{
	struct state *st = stage_state(c);

	for (size_t i = 0; i < st->n; i++)
		if (st->rings[i].ctx == ctx)
			return &st->rings[i];
	if (st->n == RINGS_MAX)
		return &st->rings[RINGS_MAX - 1];
	GROW(st->rings, st->n, st->cap);
	st->rings[st->n] = (struct ring){ .ctx = ctx, .pid = task_on(c, ev->cpu) };
	return &st->rings[st->n++];
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

	for (size_t i = 0; i < st->n; i++)
		st->rings[i].n_open = st->rings[i].oldest = 0;
	span_each_open(c, count_open, st);
	for (size_t i = 0; i < st->n; i++)
		row_of(c, t, &st->rings[i]);
}

static void fini(struct ctx *c)
{
	struct state *st = stage_state(c);

	for (size_t i = 0; i < st->n; i++) {
		for (size_t k = 0; k < st->rings[i].n_ops; k++)
			dist_fini(&st->rings[i].ops[k].dist);
		free(st->rings[i].ops);
		dist_fini(&st->rings[i].batch);
	}
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
	.walk_span = walk_span, .rows = rows, .fini = fini,
};
