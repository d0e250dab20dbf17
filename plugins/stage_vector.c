// SPDX-License-Identifier: GPL-2.0-only
/*
 * x86 system vectors and arm64 IPIs: interrupts that have no irq_handler events. Some (reschedule) run without the
 * kernel counting them as hard IRQ, so their flags are not checked. An IPI is linked to the run that sent it.
 */
#include <stdlib.h>
#include <string.h>

#include "culprit.h"
#include "stage.h"
#include "tables.h"

#define N_VECTORS 24
#define CPUS 8192u

struct sent {
	uint64_t ts;
	run_id by;
	uint16_t type;
};
struct vector_cpu {
	uint32_t cpu;
	struct dist dist;
};
struct vector {
	str_id name;
	struct dist dist;
	struct vector_cpu *cpus;
	size_t n_cpus, cap_cpus;
};
struct state {
	struct vector v[N_VECTORS];
	size_t n;
	str_id by_type[UINT16_MAX + 1];		/* name by event type, 0 until met */
	struct sent (*sent)[2];			/* by target CPU and kind (0: reschedule, 1: call a function): first sent since the last entry */
	size_t n_sent, cap_sent;
	str_id s_local_timer;
};

static struct sent *sent_to(struct state *st, uint32_t cpu, bool call)
{
	while (st->n_sent <= cpu) {
		GROW(st->sent, st->n_sent, st->cap_sent);
		st->n_sent++;
	}
	return &st->sent[cpu][call];
}

static bool is_ipi(struct ctx *c, str_id name)
{
	const char *s = ctx_text(c, name);

	return strstr(s, "call_function") || strstr(s, "reschedule") || strstr(s, "irq_work") || strstr(s, "ipi");
}

static void send(struct ctx *c, const struct event *ev)
{
	struct state *st = stage_state(c);
	const struct run *r = run_get(c, run_on(c, ev->cpu));
	struct sent *s;

	if (ev->val[0] >= CPUS)
		return;
	s = sent_to(st, (uint32_t)ev->val[0], ev->val[1] != 0);	/* kernel/sched: no callback means reschedule */
	if (s->ts)
		return;			/* one is on its way already: the first one is answered */
	*s = (struct sent){ ev->ts, r ? r->self : 0, ev->type };
}

static void enter(struct ctx *c, const struct event *ev, str_id name, uint32_t id)
{
	struct state *st = stage_state(c);
	struct run *r = run_open(c, ev, LEVEL_HARDIRQ, id, name);

	r->flags |= RUN_VECTOR;
	if (name == st->s_local_timer)
		r->flags |= RUN_TIMER;
	if (is_ipi(c, name) && ev->cpu < st->n_sent) {
		bool call = !strstr(ctx_text(c, name), "reschedule");
		struct sent *s = &st->sent[ev->cpu][call];

		if (!s->ts)
			s = &st->sent[ev->cpu][!call];		/* a kernel that does not tell them apart */
		if (!s->ts)
			return;
		r->asked = s->ts;
		r->by = s->by;
		r->asked_type = s->type;
		s->ts = 0;
	}
}

static struct vector *vector_of(struct state *st, str_id name)
{
	for (size_t i = 0; i < st->n; i++)
		if (st->v[i].name == name)
			return &st->v[i];
	if (st->n == N_VECTORS)
		return NULL;
	st->v[st->n].name = name;
	return &st->v[st->n++];
}

static void leave(struct ctx *c, const struct event *ev, str_id name, uint32_t id)
{
	struct state *st = stage_state(c);
	struct run *r = run_close(c, ev, LEVEL_HARDIRQ, id, name);
	struct vector *v;
	size_t i;

	if (!r || !ctx_counting(c) || !(v = vector_of(st, name)))
		return;
	dist_add(&v->dist, r->to - r->from);
	for (i = 0; i < v->n_cpus && v->cpus[i].cpu != ev->cpu; i++)
		;
	if (i == v->n_cpus) {
		GROW(v->cpus, v->n_cpus, v->cap_cpus);
		v->cpus[v->n_cpus++] = (struct vector_cpu){ .cpu = ev->cpu };
	}
	dist_add(&v->cpus[i].dist, r->to - r->from);
}

static void init(struct ctx *c, struct state *st)
{
	if (!st->s_local_timer)
		st->s_local_timer = ctx_strz(c, "local_timer");
}

/* One pair of callbacks a vector: an event's name is not in the event. */
#define VECTOR(vec) \
	static void vec##_in(struct ctx *c, const struct event *ev) \
	{ \
		struct state *st = stage_state(c); \
		init(c, st); \
		if (!st->by_type[ev->type]) \
			st->by_type[ev->type] = ctx_strz(c, #vec); \
		enter(c, ev, st->by_type[ev->type], (uint32_t)ev->val[0]); \
	} \
	static void vec##_out(struct ctx *c, const struct event *ev) \
	{ \
		struct state *st = stage_state(c); \
		if (!st->by_type[ev->type]) \
			st->by_type[ev->type] = ctx_strz(c, #vec); \
		leave(c, ev, st->by_type[ev->type], (uint32_t)ev->val[0]); \
	}
#define WANT_(vec, kind) \
	{ "irq_vectors:" #vec "_entry", { "vector" }, vec##_in, kind }, { "irq_vectors:" #vec "_exit", { "vector" }, vec##_out, kind }
#define WANT(vec) WANT_(vec, WANT_EXTRA)

VECTOR(local_timer)
VECTOR(reschedule)
VECTOR(call_function)
VECTOR(call_function_single)
VECTOR(irq_work)
VECTOR(x86_platform_ipi)
VECTOR(thermal_apic)
VECTOR(threshold_apic)
VECTOR(deferred_error_apic)
VECTOR(error_apic)
VECTOR(spurious_apic)

static void ipi_entry(struct ctx *c, const struct event *ev)
{
	init(c, stage_state(c));
	enter(c, ev, ctx_strz(c, "ipi"), 0);
}

static void ipi_exit(struct ctx *c, const struct event *ev)
{
	leave(c, ev, ctx_strz(c, "ipi"), 0);
}

static void walk_run(struct walk *w, const struct run *r)
{
	walk_evidence(w, r->type, r->cpu, r->from);
	run_completed(w, r);
	walk_emit(w, ST_IRQ, r->from, r->cpu, r->name);
	if (walk_done(w))
		return;
	if (r->asked) {		/* an IPI: on its way, then whoever sent it */
		walk_evidence(w, r->asked_type, run_get(walk_ctx(w), r->by) ? run_get(walk_ctx(w), r->by)->cpu : r->cpu, r->asked);
		walk_emit(w, ST_IRQ, r->asked, r->cpu, r->name);
		walk_on(w, r->by);
	} else if (r->flags & RUN_TIMER) {
		/* the clock: something had been asked to happen now, no event says what */
		walk_doubt(w);
		walk_evidence(w, r->type, r->cpu, r->from);
		walk_emit(w, ST_TIMER, 0, CPU_NONE, r->name);
	}
}

static void lost(struct ctx *c, uint32_t cpu, uint64_t from, uint64_t to)
{
	struct state *st = stage_state(c);

	(void)from;
	(void)to;
	for (size_t i = 0; i < st->n_sent; i++)
		if (cpu == CPU_NONE || i == cpu)
			st->sent[i][0].ts = st->sent[i][1].ts = 0;
}

static void rows(struct ctx *c, struct tables *t)
{
	struct state *st = stage_state(c);

	for (size_t i = 0; i < st->n; i++) {
		struct vector *v = &st->v[i];
		struct culprit_sums sums = culprit_sums(c, LEVEL_HARDIRQ, 0, v->name);
		struct irq_row *row;

		if (!v->dist.n)
			continue;
		row = tables_irq(t);
		row->irq = -1;
		row->name = tables_text(t, v->name);
		row->dist = dist_quant(&v->dist);
		row->n_cpus = v->n_cpus;
		row->cpus = tables_alloc(t, v->n_cpus, sizeof *row->cpus);
		for (size_t k = 0; k < v->n_cpus; k++)
			row->cpus[k] = (struct irq_cpu){ v->cpus[k].cpu, dist_quant(&v->cpus[k].dist) };
		row->harm = sums.harm;
		row->completed_steps = sums.completed;
	}
}

/* Their names are few: a vector keeps its place, and is not shown while there is nothing to show. */
static void turn(struct ctx *c, unsigned n)
{
	struct state *st = stage_state(c);

	for (size_t i = 0; i < st->n; i++) {
		struct vector *v = &st->v[i];
		size_t kept = 0;

		dist_turn(&v->dist, n);
		for (size_t k = 0; k < v->n_cpus; k++) {
			dist_turn(&v->cpus[k].dist, n);
			if (v->cpus[k].dist.n)
				v->cpus[kept++] = v->cpus[k];
		}
		v->n_cpus = kept;
	}
}

static void fini(struct ctx *c)
{
	struct state *st = stage_state(c);

	for (size_t i = 0; i < st->n; i++) {
		dist_fini(&st->v[i].dist);
		for (size_t k = 0; k < st->v[i].n_cpus; k++)
			dist_fini(&st->v[i].cpus[k].dist);
		free(st->v[i].cpus);
	}
	free(st->sent);
}

static const struct want wants[] = {
	WANT_(local_timer, WANT_NEEDED), WANT(reschedule), WANT(call_function), WANT(call_function_single), WANT(irq_work),
	WANT(x86_platform_ipi), WANT(thermal_apic), WANT(threshold_apic), WANT(deferred_error_apic), WANT(error_apic),
	WANT(spurious_apic),
	{ "ipi:ipi_entry", { "?reason" }, ipi_entry, WANT_INSTEAD },
	{ "ipi:ipi_exit", { "?reason" }, ipi_exit, WANT_INSTEAD },
	{ "ipi:ipi_send_cpu", { "cpu", "?callback" }, send, WANT_EXTRA },
	{ 0 }
};
const struct stage stage_vector = {
	.name = "vector", .summary = "x86 system vectors and IPIs", .wants = wants, .state_size = sizeof(struct state),
	.hides = "timer interrupts and IPIs: their time counts as the task's", .lost = lost, .walk_run = walk_run,
	.rows = rows, .turn = turn, .fini = fini,
};
