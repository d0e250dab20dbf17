// SPDX-License-Identifier: GPL-2.0-only
/*
 * High-resolution timers: when a task asked to be woken, and when the handler came. softexpires is what was asked;
 * up to expires the kernel may be late on purpose (timer slack, 50 us by default).
 */
#include <stdlib.h>

#include "stage.h"

#define CPUS 8192u
enum { TIMER, SOFT, HARD };
enum { NOW = 1 };
#define SAME_CLOCK_NS 10000000u

struct state {
	span_id *running;		/* by CPU: the timer whose handler is under way */
	size_t n, cap;
};

static span_id *running_on(struct ctx *c, uint32_t cpu)
{
	struct state *st = stage_state(c);

	while (st->n <= cpu) {
		GROW(st->running, st->n, st->cap);
		st->n++;
	}
	return &st->running[cpu];
}

/* at[0]: the asked expiry in the recording's clock, once it is known; at[1], at[2]: asked, and latest with its slack */
static void start(struct ctx *c, const struct event *ev)
{
	struct span *s = span_open(c, ev, (struct key){ ev->val[TIMER], 0 });

	s->at[1] = ev->val[SOFT];
	s->at[2] = ev->val[HARD];
}

static void expire(struct ctx *c, const struct event *ev)
{
	struct span *s = span_close(c, ev, (struct key){ ev->val[TIMER], 0 });
	uint64_t now = ev->val[NOW];

	if (!s || ev->cpu >= CPUS)
		return;
	/* Timers of another clock than the recording's: `now` says how far apart they are. */
	if (ev->ts < now || ev->ts - now >= SAME_CLOCK_NS) {
		s->at[1] += ev->ts - now;
		s->at[2] += s->at[2] ? ev->ts - now : 0;
	}
	s->at[0] = s->at[1];
	span_link(c, s, ev->cpu, ev->ts);
	*running_on(c, ev->cpu) = s->self;
}

/* What is woken behind the handler is not this timer's doing. */
static void expire_exit(struct ctx *c, const struct event *ev)
{
	span_id *id = ev->cpu < CPUS ? running_on(c, ev->cpu) : NULL;

	if (!id || !*id)
		return;
	span_unlink(c, *id, ev->cpu);
	*id = 0;
}

static void cancel(struct ctx *c, const struct event *ev)
{
	struct span *s = span_find(c, (struct key){ ev->val[TIMER], 0 });

	if (s)
		span_drop(c, s);
}

static void walk_span(struct walk *w, const struct span *s, const struct run *r)
{
	uint64_t asked = MIN(s->at[0], s->to);

	if (r->level != LEVEL_TASK)
		walk_evidence(w, r->type, r->cpu, r->from);
	walk_evidence(w, s->type[1], s->cpu_to, s->to);
	run_completed(w, r);
	walk_emit(w, ST_IRQ, s->to, r->cpu, actor_irq(w, r));
	walk_evidence(w, s->type[1], s->cpu_to, s->to);
	walk_evidence(w, s->type[0], s->cpu_from, s->from);
	if (s->at[2] > asked) {
		/* up to then the kernel may be late on purpose, to let timers expire together */
		walk_emit(w, ST_TIMER_LATE, MIN(s->at[2], s->to), r->cpu, 0);
		walk_evidence(w, s->type[1], s->cpu_to, s->to);
		walk_evidence(w, s->type[0], s->cpu_from, s->from);
		walk_emit(w, ST_TIMER_LATE, asked, r->cpu, ctx_strz(walk_ctx(w), "timer slack"));
	} else {
		walk_emit(w, ST_TIMER_LATE, asked, r->cpu, 0);
	}
	walk_evidence(w, s->type[0], s->cpu_from, s->from);
	walk_evidence(w, s->type[1], s->cpu_to, s->to);
	/* Started by the waiter or for it: until then it slept as asked. Started by another: that one's time before. */
	walk_emit(w, ST_TIMER, s->pid == walk_waiter(w) || s->pid <= 0 ? 0 : s->from, CPU_NONE, 0);
}

static void fini(struct ctx *c)
{
	free(((struct state *)stage_state(c))->running);
}

static const struct want wants[] = {
	{ "timer:hrtimer_start", { "hrtimer", "softexpires", "?expires" }, start, WANT_NEEDED },
	{ "timer:hrtimer_expire_entry", { "hrtimer", "now" }, expire, WANT_NEEDED },
	{ "timer:hrtimer_expire_exit", { "hrtimer" }, expire_exit, WANT_NEEDED },
	{ "timer:hrtimer_cancel", { "hrtimer" }, cancel, WANT_EXTRA },
	{ 0 }
};
const struct stage stage_timer = {
	.name = "timer", .summary = "high-resolution timers: asked and actual expiry", .wants = wants,
	.state_size = sizeof(struct state), .fini = fini,
	.hides = "what a timer interrupt was asked for and how late it came", .walk_span = walk_span,
};
