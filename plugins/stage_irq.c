// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hard IRQ: device interrupt handlers. One entry/exit pair per action: on a shared line several follow each other, and
 * those that answer "not mine" (ret 0) are counted apart. ret 2 wakes the line's thread (kernel/irq/handle.c).
 */
#include <stdlib.h>
#include <string.h>

#include "culprit.h"
#include "stage.h"
#include "tables.h"

enum { IRQ, NAME };
enum { EXIT_IRQ, EXIT_RET };
#define IRQ_NONE 0
#define IRQ_WAKE_THREAD 2

struct line_cpu {
	uint32_t cpu;
	struct dist dist;
};
struct line {
	uint32_t irq;
	str_id name;
	struct dist dist;
	struct line_cpu *cpus;
	size_t n_cpus, cap_cpus;
	uint64_t n_unhandled;
	struct tally_slice *past;	/* of n_unhandled */
};
#define N_NAMES 256
struct name_cache {		/* the handler's name comes with every event and is nearly always the same */
	uint32_t irq, len;
	str_id id;
	char raw[24];
};
struct state {
	struct name_cache names[N_NAMES];
	struct line *lines;
	size_t n, cap;
	uint32_t last;		/* the line looked up last: the next event is mostly about it */
};

static struct line *line_of(struct state *st, uint32_t irq, str_id name)
{
	if (st->last < st->n && st->lines[st->last].irq == irq && st->lines[st->last].name == name)
		return &st->lines[st->last];
	for (st->last = 0; st->last < st->n; st->last++)
		if (st->lines[st->last].irq == irq && st->lines[st->last].name == name)
			return &st->lines[st->last];
	GROW(st->lines, st->n, st->cap);
	st->lines[st->n] = (struct line){ .irq = irq, .name = name };
	return &st->lines[st->n++];
}

static struct dist *on_cpu(struct line *l, uint32_t cpu)
{
	for (size_t i = 0; i < l->n_cpus; i++)
		if (l->cpus[i].cpu == cpu)
			return &l->cpus[i].dist;
	GROW(l->cpus, l->n_cpus, l->cap_cpus);
	l->cpus[l->n_cpus] = (struct line_cpu){ .cpu = cpu };
	return &l->cpus[l->n_cpus++].dist;
}

static str_id name_of(struct ctx *c, uint32_t irq, struct text t)
{
	struct name_cache *n = &((struct state *)stage_state(c))->names[irq % N_NAMES];

	if (n->id && n->irq == irq && n->len == t.len && !memcmp(n->raw, t.p, t.len))
		return n->id;
	if (t.len > sizeof n->raw)
		return ctx_str(c, t);
	n->irq = irq;
	n->len = t.len;
	memcpy(n->raw, t.p, t.len);
	return n->id = ctx_str(c, t);
}

static void entry(struct ctx *c, const struct event *ev)
{
	uint32_t irq = (uint32_t)ev->val[IRQ];

	run_open(c, ev, LEVEL_HARDIRQ, irq, name_of(c, irq, event_text(ev, NAME)));
}

static void handler_exit(struct ctx *c, const struct event *ev)
{
	struct run *r = run_close(c, ev, LEVEL_HARDIRQ, (uint32_t)ev->val[EXIT_IRQ], 0);
	struct line *l;

	if (!r)
		return;
	if (ev->val[EXIT_RET] == IRQ_WAKE_THREAD)
		r->flags |= RUN_THREAD;
	if (!ctx_counting(c))
		return;
	l = line_of(stage_state(c), r->id, r->name);
	dist_add(&l->dist, r->to - r->from);
	dist_add(on_cpu(l, ev->cpu), r->to - r->from);
	l->n_unhandled += ev->val[EXIT_RET] == IRQ_NONE;
}

/* Where timers have a line of their own (x86 has vectors, see stage_vector.c). */
static bool is_clock(const char *name)
{
	static const char *const names[] = { "arch_timer", "timer", "hpet", "riscv-timer", "rtc0" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* An interrupt that no request explains: news from outside this machine, or a device whose requests are not recorded. */
static void walk_run(struct walk *w, const struct run *r)
{
	struct ctx *c = walk_ctx(w);

	walk_evidence(w, r->type, r->cpu, r->from);
	run_completed(w, r);
	walk_emit(w, ST_IRQ, r->from, r->cpu, actor_run(c, r));
	if (walk_done(w))
		return;
	walk_evidence(w, r->type, r->cpu, r->from);
	if (is_clock(ctx_text(c, r->name))) {
		walk_doubt(w);
		walk_emit(w, ST_TIMER, 0, CPU_NONE, r->name);
	} else if (walk_blocked(w)) {
		/* uninterruptible: it waited for this device, though nothing says for which request */
		walk_doubt(w);
		walk_emit(w, ST_DEVICE, 0, CPU_NONE, r->name);
	} else {
		if (!(r->flags & RUN_NET))
			walk_doubt(w);		/* no packet: a device whose requests are not recorded, perhaps */
		walk_emit(w, ST_OUTSIDE, 0, CPU_NONE, 0);
	}
}

static void rows(struct ctx *c, struct tables *t)
{
	struct state *st = stage_state(c);

	for (size_t i = 0; i < st->n; i++) {
		struct line *l = &st->lines[i];
		struct irq_row *row = tables_irq(t);
		struct culprit_sums sums = culprit_sums(c, LEVEL_HARDIRQ, l->irq, l->name);

		row->irq = (int32_t)l->irq;
		row->name = tables_text(t, l->name);
		row->dist = dist_quant(&l->dist);
		row->n_cpus = l->n_cpus;
		row->cpus = tables_alloc(t, l->n_cpus, sizeof *row->cpus);
		for (size_t k = 0; k < l->n_cpus; k++)
			row->cpus[k] = (struct irq_cpu){ l->cpus[k].cpu, dist_quant(&l->cpus[k].dist) };
		row->n_unhandled = l->n_unhandled;
		row->harm = sums.harm;
		row->completed_steps = sums.completed;
	}
}

static void line_fini(struct line *l)
{
	dist_fini(&l->dist);
	for (size_t k = 0; k < l->n_cpus; k++)
		dist_fini(&l->cpus[k].dist);
	free(l->cpus);
	tally_fini(&l->past);
}

/* CPUs that it did not interrupt in the window are not shown. */
static void turn_line(struct line *l, unsigned n)
{
	size_t kept = 0;

	dist_turn(&l->dist, n);
	tally_turn(&l->past, &l->n_unhandled, 1, n);
	for (size_t k = 0; k < l->n_cpus; k++) {
		dist_turn(&l->cpus[k].dist, n);
		if (l->cpus[k].dist.n)
			l->cpus[kept++] = l->cpus[k];
	}
	l->n_cpus = kept;
}

static void turn(struct ctx *c, unsigned n)
{
	struct state *st = stage_state(c);
	size_t kept = 0;

	for (size_t i = 0; i < st->n; i++) {
		turn_line(&st->lines[i], n);
		if (st->lines[i].dist.n)
			st->lines[kept++] = st->lines[i];
		else
			line_fini(&st->lines[i]);
	}
	st->n = kept;
	st->last = 0;
}

static void fini(struct ctx *c)
{
	struct state *st = stage_state(c);

	for (size_t i = 0; i < st->n; i++)
		line_fini(&st->lines[i]);
	free(st->lines);
}

static const struct want wants[] = {
	{ "irq:irq_handler_entry", { "irq", "name" }, entry, WANT_NEEDED },
	{ "irq:irq_handler_exit", { "irq", "ret" }, handler_exit, WANT_NEEDED },
	{ 0 }
};
const struct stage stage_irq = {
	.name = "irq", .summary = "device interrupt handlers", .wants = wants, .state_size = sizeof(struct state),
	.hides = "which hard IRQ ended a wait or stole time", .walk_run = walk_run, .rows = rows,
	.turn = turn, .fini = fini,
};
