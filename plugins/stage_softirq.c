// SPDX-License-Identifier: GPL-2.0-only
/*
 * Softirq: raised, waiting, running. Several raises before one entry are one: the first counts, until the entry.
 * It runs at the end of a hard IRQ, in ksoftirqd, or in a task's local_bh_enable(); the wait covers all three.
 */
#include <stdlib.h>

#include "culprit.h"
#include "stage.h"
#include "tables.h"

#define N_VECS 10
#define CPUS 8192u
#define AGAIN_NS 10000000u	/* a run that follows so closely belongs to the one before */
enum { HI, TIMER, NET_TX, NET_RX, BLOCK, IRQ_POLL, TASKLET, SCHED, HRTIMER, RCU };

static const char *const names[N_VECS] = {
	"HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU",
};
/* What its running and its waiting are, to a wait that it ended. */
static const struct {
	uint8_t run, wait;
} stage_of[N_VECS] = {
	[HI] = { ST_IRQ, ST_SOFTIRQ_WAIT }, [TIMER] = { ST_TIMER_LATE, ST_TIMER_LATE },
	[NET_TX] = { ST_NAPI, ST_SOFTIRQ_WAIT }, [NET_RX] = { ST_NAPI, ST_SOFTIRQ_WAIT },
	[BLOCK] = { ST_BLK_COMPLETE, ST_BLK_COMPLETE }, [IRQ_POLL] = { ST_BLK_COMPLETE, ST_BLK_COMPLETE },
	[TASKLET] = { ST_IRQ, ST_SOFTIRQ_WAIT }, [SCHED] = { ST_PEER, ST_SOFTIRQ_WAIT },
	[HRTIMER] = { ST_TIMER_LATE, ST_TIMER_LATE }, [RCU] = { ST_PEER, ST_SOFTIRQ_WAIT },
};

struct raise {
	uint64_t ts;		/* first since the last entry; 0: none */
	run_id by;
	uint16_t type;
	bool several;		/* raised by an interrupt and by a task: who brought what is not known */
	uint8_t by_level;
	bool unseen_irq;	/* raised in a hard IRQ that was not recorded */
};
struct vec {
	uint64_t n_raises;
	struct tally_slice *past;	/* of n_raises */
	struct dist run, wait;
};
struct softirq_cpu {
	struct raise raise[N_VECS];
	run_id last[N_VECS];	/* newest run of each */
	struct dist run[N_VECS];
};
struct state {
	struct softirq_cpu *cpu;
	size_t n_cpus, cap_cpus;
	struct vec vec[N_VECS];
	str_id name[N_VECS];
};

static struct softirq_cpu *on_cpu(struct state *st, uint32_t cpu)
{
	while (st->n_cpus <= cpu) {
		GROW(st->cpu, st->n_cpus, st->cap_cpus);
		st->n_cpus++;
	}
	return &st->cpu[cpu];
}

static void raise(struct ctx *c, const struct event *ev)
{
	struct state *st = stage_state(c);
	struct raise *r;
	struct run *by;

	if (ev->val[0] >= N_VECS || ev->cpu >= CPUS)
		return;
	st->vec[ev->val[0]].n_raises += ctx_counting(c);
	r = &on_cpu(st, ev->cpu)->raise[ev->val[0]];
	by = run_get(c, run_on(c, ev->cpu));
	if (by && by->level == LEVEL_HARDIRQ && ev->val[0] == NET_RX)
		by->flags |= RUN_NET;
	if (r->ts) {
		r->several |= by && by->level != r->by_level;
		return;
	}
	*r = (struct raise){
		.ts = ev->ts, .by = run_on(c, ev->cpu), .type = ev->type,
		.by_level = by ? by->level : LEVEL_TASK,
	};
	if (ev->has_ctx && ev->flags & EVENT_HARDIRQ && !run_at_level(c, ev->cpu, LEVEL_HARDIRQ)) {
		r->unseen_irq = true;
		r->by = 0;
	}
}

static void entry(struct ctx *c, const struct event *ev)
{
	struct state *st = stage_state(c);
	uint32_t v = (uint32_t)ev->val[0];
	struct softirq_cpu *cpu;
	const struct run *last;
	struct raise *r;
	struct run *run;

	if (ev->val[0] >= N_VECS || ev->cpu >= CPUS)
		return;
	if (!st->name[v])
		st->name[v] = ctx_strz(c, names[v]);
	run = run_open(c, ev, LEVEL_SOFTIRQ, v, st->name[v]);
	if (ev->has_ctx && !(ev->flags & EVENT_SOFTIRQ))
		run->flags |= RUN_NO_FLAG;	/* old RT: softirqs are not counted in common_flags */
	cpu = on_cpu(st, ev->cpu);
	last = run_get(c, cpu->last[v]);
	cpu->last[v] = run->self;
	r = &cpu->raise[v];
	if (!r->ts && last && last->to && ev->ts - last->to < AGAIN_NS) {
		/* not every kernel reports that a softirq raised itself again */
		run->by = last->self;
		run->asked = last->to;
		run->flags |= RUN_SEVERAL;
	}
	if (!r->ts)
		return;
	run->asked = r->ts;
	run->by = r->by;
	run->asked_type = r->type;
	if (r->several)
		run->flags |= RUN_SEVERAL;
	if (r->unseen_irq)
		run->flags |= RUN_BY_UNSEEN_IRQ;
	if (ctx_counting(c))
		dist_add(&st->vec[v].wait, ev->ts - r->ts);
	r->ts = 0;
}

static void leave(struct ctx *c, const struct event *ev)
{
	struct state *st = stage_state(c);
	struct run *r = ev->val[0] < N_VECS ? run_close(c, ev, LEVEL_SOFTIRQ, (uint32_t)ev->val[0], 0) : NULL;

	if (!r || !ctx_counting(c))
		return;
	dist_add(&st->vec[ev->val[0]].run, r->to - r->from);
	if (r->cpu < CPUS)
		dist_add(&on_cpu(st, r->cpu)->run[ev->val[0]], r->to - r->from);
}

/* The poll that was under way at `at`; what else is known of that instant (a socket made ready) is its evidence. */
static const struct span *poll_around(struct walk *w, const struct run *r, uint64_t at)
{
	const struct span *s, *poll = NULL;
	uint32_t it = 0;

	while ((s = walk_next_link(w, r, &it)) && s->to >= r->from) {
		if (!(s->flags & SPAN_DETAIL) || s->from > at || s->to < at)
			continue;
		if (s->flags & SPAN_INSTANT)
			walk_evidence(w, s->type[0], s->cpu_from, s->from);
		else
			poll = s;
	}
	return poll;
}

static str_id actor_with(struct ctx *c, str_id vec, str_id dev)
{
	char text[96];

	if (!dev)
		return vec;
	snprintf(text, sizeof text, "%s %s", ctx_text(c, vec), ctx_text(c, dev));
	return ctx_actor(c, text);
}

static void walk_running(struct walk *w, const struct run *r)
{
	const struct span *s = r->id == NET_RX || r->id == NET_TX ? poll_around(w, r, walk_at(w)) : NULL;
	struct ctx *c = walk_ctx(w);
	enum stage_id stage = (enum stage_id)stage_of[r->id].run;

	if (s) {
		walk_evidence(w, s->type[1], s->cpu_to, s->to);
		walk_emit(w, stage, s->from, r->cpu, actor_with(c, r->name, s->name));
	}
	/* before that poll the same run of the softirq served others */
	walk_evidence(w, r->type, r->cpu, r->from);
	walk_emit(w, stage, r->from, r->cpu, s ? actor_with(c, r->name, ctx_strz(c, "others")) : r->name);
}

/* One run of it and what was before: the wait for it, or (PREEMPT_RT) its time off the CPU. */
static bool walk_once(struct walk *w, const struct run *r)
{
	const struct run *before = r->flags & RUN_RESUMED ? run_get(walk_ctx(w), r->by) : NULL;

	walk_running(w, r);
	if (walk_done(w) || (!r->asked && !before))
		return false;
	walk_evidence(w, r->type, r->cpu, r->from);
	if (before) {
		walk_emit(w, ST_PREEMPTED, before->to, r->cpu, r->name);
	} else {
		if (r->flags & RUN_SEVERAL)
			walk_doubt(w);
		walk_evidence(w, r->asked_type, r->cpu, r->asked);
		walk_emit(w, (enum stage_id)stage_of[r->id].wait, r->asked, r->cpu, r->name);
	}
	return !walk_done(w);
}

static void walk_run(struct walk *w, const struct run *r)
{
	const struct run *by;
	bool batch = r->flags & RUN_BATCH;

	if (r->id >= N_VECS || !walk_once(w, r))
		return;
	/* out of budget it raised itself again, in a flood many times over: a loop, no recursion */
	while ((by = run_get(walk_ctx(w), r->by)) && by->level == LEVEL_SOFTIRQ && by->id == r->id && by->self != r->self) {
		r = by;
		if (!walk_once(w, r))
			return;
	}
	if (r->flags & RUN_SEVERAL || (batch && by && by->level == LEVEL_TASK))
		walk_inferred(w);
	walk_evidence(w, r->asked_type, r->cpu, r->asked);
	if (r->id == TIMER) {
		/* the timer wheel ticks: asked in jiffies, so until the tick it slept as asked */
		walk_doubt(w);
		walk_emit(w, ST_TIMER, 0, CPU_NONE, r->name);
	} else if (r->flags & RUN_BY_UNSEEN_IRQ) {
		walk_doubt(w);
		walk_emit(w, r->id == BLOCK ? ST_DEVICE : ST_OUTSIDE, 0, CPU_NONE, ctx_strz(walk_ctx(w), "hard IRQ, not recorded"));
	} else if (r->id != RCU && r->id != SCHED) {
		walk_on(w, r->by);
	}
}

static void lost(struct ctx *c, uint32_t cpu, uint64_t from, uint64_t to)
{
	struct state *st = stage_state(c);

	(void)from;
	(void)to;
	for (size_t i = 0; i < st->n_cpus; i++)
		for (unsigned v = 0; v < N_VECS && (cpu == CPU_NONE || i == cpu); v++)
			st->cpu[i].raise[v].ts = 0;
}

static void cpus_of(const struct state *st, uint32_t v, struct softirq_row *row, struct tables *t)
{
	size_t n = 0;

	for (size_t i = 0; i < st->n_cpus; i++)
		n += st->cpu[i].run[v].n > 0;
	row->cpus = tables_alloc(t, n, sizeof *row->cpus);
	for (size_t i = 0; i < st->n_cpus; i++)
		if (st->cpu[i].run[v].n)
			row->cpus[row->n_cpus++] = (struct irq_cpu){ (uint32_t)i, dist_quant(&st->cpu[i].run[v]) };
}

static void rows(struct ctx *c, struct tables *t)
{
	struct state *st = stage_state(c);

	for (uint32_t v = 0; v < N_VECS; v++) {
		struct softirq_row *row;

		if (!st->vec[v].n_raises && !st->vec[v].run.n && !st->vec[v].wait.n)
			continue;
		row = tables_softirq(t);
		row->vec = v;
		row->name = names[v];
		row->n_raises = st->vec[v].n_raises;
		row->run = dist_quant(&st->vec[v].run);
		row->wait = dist_quant(&st->vec[v].wait);
		cpus_of(st, v, row, t);
		row->harm = culprit_sums(c, LEVEL_SOFTIRQ, v, st->name[v]).harm;
	}
}

static void turn(struct ctx *c, unsigned n)
{
	struct state *st = stage_state(c);

	for (unsigned v = 0; v < N_VECS; v++) {
		dist_turn(&st->vec[v].run, n);
		dist_turn(&st->vec[v].wait, n);
		tally_turn(&st->vec[v].past, &st->vec[v].n_raises, 1, n);
		for (size_t i = 0; i < st->n_cpus; i++)
			dist_turn(&st->cpu[i].run[v], n);
	}
}

static void fini(struct ctx *c)
{
	struct state *st = stage_state(c);

	for (unsigned v = 0; v < N_VECS; v++) {
		dist_fini(&st->vec[v].run);
		dist_fini(&st->vec[v].wait);
		tally_fini(&st->vec[v].past);
		for (size_t i = 0; i < st->n_cpus; i++)
			dist_fini(&st->cpu[i].run[v]);
	}
	free(st->cpu);
}

static const struct want wants[] = {
	{ "irq:softirq_raise", { "vec" }, raise, WANT_NEEDED },
	{ "irq:softirq_entry", { "vec" }, entry, WANT_NEEDED },
	{ "irq:softirq_exit", { "vec" }, leave, WANT_NEEDED },
	{ 0 }
};
const struct stage stage_softirq = {
	.name = "softirq", .summary = "softirqs: raised, waiting, running", .wants = wants,
	.state_size = sizeof(struct state), .hides = "softirq time and its delay, and the way from a NIC to a socket",
	.lost = lost, .walk_run = walk_run, .rows = rows, .turn = turn, .fini = fini,
};
