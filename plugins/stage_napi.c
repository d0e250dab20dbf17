// SPDX-License-Identifier: GPL-2.0-only
/*
 * NAPI: polls of network devices. The kernel emits napi_poll when a poll has ended, so a poll began where the one
 * before it in the same run ended, or where that run began. A socket made ready in it (sk_data_ready) and the wakeup
 * that follows on the same CPU belong together. The poll may run in a softirq, in a napi/ thread, or in a busy-polling call.
 */
#include <stdlib.h>

#include "stage.h"
#include "tables.h"

#define CPUS 8192u
enum { NAPI, DEV, WORK, BUDGET };
extern const struct stage stage_napi;

struct dev {
	str_id name;
	union {
		struct {
			uint64_t n_polls, work, n_budget_hits;
		};
		uint64_t sums[3];
	};
	struct tally_slice *past;
	struct dist dist, batch;
};
struct napi_cpu {
	uint64_t poll_end, ready_ts;
	run_id run, ready_run;
	uint16_t ready_type;
};
struct state {
	struct dev *devs;
	size_t n, cap;
	struct napi_cpu *cpus;
	size_t n_cpus, cap_cpus;
};

static struct napi_cpu *on_cpu(struct state *st, uint32_t cpu)
{
	while (st->n_cpus <= cpu) {
		GROW(st->cpus, st->n_cpus, st->cap_cpus);
		st->n_cpus++;
	}
	return &st->cpus[cpu];
}

static struct dev *dev_of(struct state *st, str_id name)
{
	for (size_t i = 0; i < st->n; i++)
		if (st->devs[i].name == name)
			return &st->devs[i];
	GROW(st->devs, st->n, st->cap);
	st->devs[st->n] = (struct dev){ .name = name };
	return &st->devs[st->n++];
}

static void poll(struct ctx *c, const struct event *ev)
{
	struct state *st = stage_state(c);
	struct napi_cpu *cpu = ev->cpu < CPUS ? on_cpu(st, ev->cpu) : NULL;
	const struct run *r = run_get(c, run_on(c, ev->cpu));
	str_id name = ctx_str(c, event_text(ev, DEV));
	struct key key = { ev->val[NAPI], ev->cpu };
	struct dev *d = dev_of(st, name);
	struct span *s;
	uint64_t from;

	if (!cpu)
		return;
	if (ctx_counting(c)) {
		d->n_polls++;
		d->work += ev->val[WORK];
		d->n_budget_hits += ev->val[BUDGET] && ev->val[WORK] >= ev->val[BUDGET];
	}
	/* several packets: whoever raised the softirq sent one of them, perhaps not the one that matters */
	if (r && (ev->val[WORK] > 1 || (cpu->run == r->self && ev->val[WORK])))
		run_get(c, run_on(c, ev->cpu))->flags |= RUN_BATCH;
	if (r && r->level != LEVEL_HARDIRQ) {
		from = cpu->run == r->self ? MAX(cpu->poll_end, r->from) : r->from;
		if (r->level == LEVEL_SOFTIRQ && ctx_counting(c))
			dist_add(&d->dist, ev->ts - from);
		s = span_open(c, ev, key);
		s->from = from;
		s->name = name;
		s->flags = SPAN_DETAIL;
		s->type[0] = r->type;
		span_close(c, ev, key);
		span_link(c, s, ev->cpu, ev->ts);
		cpu->run = r->self;
	}
	cpu->poll_end = ev->ts;
	cpu->ready_ts = 0;
}

static void data_ready(struct ctx *c, const struct event *ev)
{
	struct napi_cpu *cpu = ev->cpu < CPUS ? on_cpu(stage_state(c), ev->cpu) : NULL;

	if (!cpu)
		return;
	cpu->ready_ts = ev->ts;
	cpu->ready_run = run_on(c, ev->cpu);
	cpu->ready_type = ev->type;
}

/* The wakeup right behind it in the same run is that socket's. */
static void waking(struct ctx *c, const struct event *ev)
{
	struct napi_cpu *cpu = ev->cpu < CPUS ? on_cpu(stage_state(c), ev->cpu) : NULL;
	struct key key = { 0, ev->cpu };
	struct span *s;

	if (!cpu || !cpu->ready_ts || cpu->ready_run != run_on(c, ev->cpu))
		return;
	s = span_open(c, ev, key);
	s->from = cpu->ready_ts;
	s->flags = SPAN_DETAIL | SPAN_INSTANT;
	s->type[0] = cpu->ready_type;
	span_close(c, ev, key);
	span_link(c, s, ev->cpu, ev->ts);
	cpu->ready_ts = 0;
}

/* What a poll served before the packet that somebody waited for: until its socket was ready, or at the latest its wakeup. */
static void walk_woken(struct walk *w, const struct run *r)
{
	struct ctx *c = walk_ctx(w);
	const struct span *s, *poll = NULL;
	uint64_t at = walk_at(w), ready = at;
	uint32_t it = 0;

	while ((s = walk_next_link(w, r, &it))) {
		if (stages[s->stage] != &stage_napi)
			continue;
		if (s->to < at || s->to < r->from)
			break;			/* polls of a run follow one another */
		if (s->flags & SPAN_INSTANT)
			ready = s->to == at ? s->from : ready;
		else if (s->from <= at)
			poll = s;
	}
	if (poll && ctx_counting(c))
		dist_add(&dev_of(stage_state(c), poll->name)->batch, ready > poll->from ? ready - poll->from : 0);
}

static void lost(struct ctx *c, uint32_t cpu, uint64_t from, uint64_t to)
{
	struct state *st = stage_state(c);

	(void)from;
	(void)to;
	for (size_t i = 0; i < st->n_cpus; i++)
		if (cpu == CPU_NONE || i == cpu)
			st->cpus[i] = (struct napi_cpu){ 0 };
}

static void rows(struct ctx *c, struct tables *t)
{
	struct state *st = stage_state(c);

	for (size_t i = 0; i < st->n; i++) {
		struct napi_row *row = tables_napi(t);

		*row = (struct napi_row){
			.dev = tables_text(t, st->devs[i].name), .n_polls = st->devs[i].n_polls, .work = st->devs[i].work,
			.n_budget_hits = st->devs[i].n_budget_hits, .dist = dist_quant(&st->devs[i].dist),
			.batch = dist_quant(&st->devs[i].batch),
		};
	}
}

static void dev_fini(struct dev *d)
{
	dist_fini(&d->dist);
	dist_fini(&d->batch);
	tally_fini(&d->past);
}

static void turn(struct ctx *c, unsigned n)
{
	struct state *st = stage_state(c);
	size_t kept = 0;

	for (size_t i = 0; i < st->n; i++) {
		struct dev *d = &st->devs[i];

		dist_turn(&d->dist, n);
		dist_turn(&d->batch, n);
		tally_turn(&d->past, d->sums, ARRAY_LEN(d->sums), n);
		if (d->n_polls || d->batch.n)
			st->devs[kept++] = *d;
		else
			dev_fini(d);
	}
	st->n = kept;
}

static void fini(struct ctx *c)
{
	struct state *st = stage_state(c);

	for (size_t i = 0; i < st->n; i++)
		dev_fini(&st->devs[i]);
	free(st->devs);
	free(st->cpus);
}

static const struct want wants[] = {
	{ "napi:napi_poll", { "napi", "dev_name", "?work", "?budget" }, poll, WANT_NEEDED },
	{ "sock:sk_data_ready", { "?family" }, data_ready, WANT_EXTRA },
	{ "sched:sched_waking", { "?pid" }, waking, WANT_EXTRA },
	{ 0 }
};
const struct stage stage_napi = {
	.name = "napi", .summary = "NAPI polls of network devices", .wants = wants, .state_size = sizeof(struct state),
	.hides = "which device's poll brought a packet, and what it served before", .lost = lost,
	.walk_woken = walk_woken, .rows = rows, .turn = turn, .fini = fini,
};
