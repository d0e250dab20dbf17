// SPDX-License-Identifier: GPL-2.0-only
#include "explain.h"
#include "kinds.h"
#include "look.h"

#include <stdlib.h>
#include <string.h>

#define EVENTS_BRIEF 60			/* that are put in a paragraph; the rest is one key away */
#define EVENTS_ALL 4000
#define ACTORS_BRIEF 5
#define DOT "\xc2\xa0· "			/* between things in a row; no-break, so that no line begins with a dot */
#define ACTORS_ALL 200

/* What the agent did, after its name. */
static const char *const deeds[N_STAGES] = {
	[ST_USER] = "ran its own code",
	[ST_KERNEL] = "ran in the kernel on its own behalf",
	[ST_RETURN] = "was on its way back from the system call it had waited in",
	[ST_IRQ_STEAL] = "was held up by a hard IRQ on its CPU",
	[ST_SOFTIRQ_STEAL] = "was held up by a softirq on its CPU",
	[ST_OUTSIDE] = "waited for something outside this machine",
	[ST_DEVICE] = "waited for the device",
	[ST_BLK_QUEUE] = "waited for its request to be given to the device",
	[ST_BLK_COMPLETE] = "waited, the device being done, for the completion to reach it",
	[ST_IRQ] = "waited while the hard IRQ that brings its answer ran",
	[ST_SOFTIRQ_WAIT] = "waited for the softirq that was raised for it to start",
	[ST_NAPI] = "waited while the softirq was at work before its packet's turn",
	[ST_TIMER] = "slept, as it had asked",
	[ST_TIMER_LATE] = "waited for a timer that was late",
	[ST_PEER] = "waited for another task that worked for it",
	[ST_LOOP] = "waited while its event loop worked for another step",
	[ST_WAKEUP] = "was woken, but not yet queued on a CPU",
	[ST_RUNQUEUE] = "was ready to run, but others ran",
	[ST_PREEMPTED] = "was pushed off its CPU and waited to run on",
	[ST_LOST] = "did something that was lost with missed events",
	[ST_UNKNOWN] = "did something that no event explains",
};

/* What the task did that the agent waited for, after "which". */
static const char *const peer_deeds[N_STAGES] = {
	[ST_USER] = "ran its own code",
	[ST_KERNEL] = "ran in the kernel",
	[ST_RETURN] = "was on its way back from a system call it had waited in",
	[ST_IRQ_STEAL] = "was held up by a hard IRQ on its CPU",
	[ST_SOFTIRQ_STEAL] = "was held up by a softirq on its CPU",
	[ST_OUTSIDE] = "waited for something outside this machine",
	[ST_DEVICE] = "waited for the device",
	[ST_BLK_QUEUE] = "waited for its request to be given to the device",
	[ST_BLK_COMPLETE] = "waited, the device being done, for the completion to reach it",
	[ST_IRQ] = "waited while the hard IRQ that brings its answer ran",
	[ST_SOFTIRQ_WAIT] = "waited for the softirq that was raised for it to start",
	[ST_NAPI] = "waited while the softirq was at work before its packet's turn",
	[ST_TIMER] = "slept, as it had asked",
	[ST_TIMER_LATE] = "waited for a timer that was late",
	[ST_PEER] = "was at work",
	[ST_LOOP] = "waited while its event loop worked for another step",
	[ST_WAKEUP] = "was woken, but not yet queued on a CPU",
	[ST_RUNQUEUE] = "was ready to run, but others ran",
	[ST_PREEMPTED] = "was pushed off its CPU and waited to run on",
	[ST_LOST] = "did something that was lost with missed events",
	[ST_UNKNOWN] = "did something that no event explains",
};

/* Before the names of those behind a stage. */
static const char *who_label(unsigned stage)
{
	switch (stage) {
	case ST_RUNQUEUE:
	case ST_PREEMPTED:
		return "instead ran: ";
	case ST_IRQ_STEAL:
	case ST_SOFTIRQ_STEAL:
		return "taken by: ";
	case ST_DEVICE:
	case ST_BLK_QUEUE:
		return "device: ";
	case ST_LOST:
	case ST_UNKNOWN:
		return "because: ";
	default:
		return "by: ";
	}
}

/* A growing text. */
struct text {
	char *s;
	size_t n, cap;
};
static void say(struct text *t, const char *fmt, ...) PRINTF(2, 3);
static void say(struct text *t, const char *fmt, ...)
{
	char part[512];
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	vsnprintf(part, sizeof part, fmt, ap);
	va_end(ap);
	len = strlen(part);
	GROW(t->s, t->n + len, t->cap);
	memcpy(t->s + t->n, part, len + 1);
	t->n += len;
}

static uint64_t piece_ns(const struct waterfall *w, const struct pane *p)
{
	uint64_t ns = 0;

	for (size_t i = p->from; i < p->to; i++)
		ns += w->seg[i].to > w->seg[i].from ? w->seg[i].to - w->seg[i].from : 0;
	return ns;
}

static void say_cpus(struct text *t, const struct waterfall *w, const struct pane *p)
{
	uint32_t cpu = w->seg[p->from].cpu;
	char b[24];

	for (size_t i = p->from; i < p->to; i++)
		if (w->seg[i].cpu != cpu) {
			say(t, " on several CPUs");
			return;
		}
	if (cpu != UINT32_MAX)
		say(t, " on %s", look_cpu(b, sizeof b, cpu));
}

static void say_target(struct text *t, unsigned stage, uint64_t ns)
{
	struct stage_target goal = look_target(stage);
	uint64_t aim = goal.typical_ns ? goal.typical_ns : goal.tail_ns;
	double times = aim ? (double)ns / (double)aim : 0;
	char a[16], b[16];

	switch (look_verdict(stage, ns)) {
	case VERDICT_NONE:
		break;
	case VERDICT_GOOD:
		say(t, ", within its target of %s", fmt_ns(a, sizeof a, aim));
		break;
	case VERDICT_TAIL:
		say(t, ", above the usual %s but within the %s of a tail △", fmt_ns(a, sizeof a, aim),
		    fmt_ns(b, sizeof b, goal.tail_ns));
		break;
	case VERDICT_OVER:
		say(t, ", %.*f times its target of %s ▲", times < 9.95 ? 1 : 0, times, fmt_ns(a, sizeof a, aim));
		break;
	}
}

/* Whose time it is: the agent's own, or that of the task which it waits for. */
static void say_deed(struct text *t, const struct waterfall *w, const struct snapshot *s, const struct pane *p)
{
	const struct segment *g = w->seg + p->from;
	unsigned stage = g->stage < N_STAGES ? g->stage : ST_UNKNOWN;
	const char *deed = peer_deeds[stage];

	if (!g->peer) {
		say(t, "%s %s", snapshot_str(s, w->step->agent), deeds[stage]);
		return;
	}
	/* a thread that is itself the interrupt or the poll */
	if (!g->who && (stage == ST_IRQ || stage == ST_NAPI))
		deed = stage == ST_IRQ ? "handled the hard IRQ that brings the answer" : "polled the network device";
	say(t, "%s waited for %s", snapshot_str(s, w->step->agent), snapshot_str(s, g->peer));
	if (g->gate)
		say(t, " (in %s)", snapshot_str(s, g->gate));
	say(t, ", which %s", deed);
}

static void say_sentence(struct text *t, const struct waterfall *w, const struct snapshot *s, const struct pane *p)
{
	unsigned stage = w->seg[p->from].stage;
	uint64_t ns = piece_ns(w, p);
	char a[16], pct[16];

	say(t, "%s %s", look_stage(stage)->words, fmt_ns(a, sizeof a, ns));
	say_cpus(t, w, p);
	say(t, ": ");
	say_deed(t, w, s, p);
	say(t, "; %s of the step", look_part(pct, sizeof pct, ns, step_ns(w->step)));
	if (!w->seg[p->from].peer)
		say_target(t, stage, ns);	/* targets are for the agent's own time */
	say(t, ".");
}

static void say_when(struct text *t, const struct waterfall *w, const struct snapshot *s, const struct pane *p)
{
	const struct segment *g = w->seg + p->from, *last = w->seg + p->to - 1;
	size_t inferred = 0, n = p->to - p->from;
	char a[32], b[32], d[16];

	for (size_t i = p->from; i < p->to; i++)
		inferred += w->seg[i].confidence != CONF_PROVEN;
	say(t, "%s", !inferred ? "proven" : inferred == n ? "inferred, not proven" : "inferred in part");
	say(t, DOT "from %s to %s, %s into the step", look_ts(a, sizeof a, g->from), look_ts(b, sizeof b, last->to),
	    fmt_ns(d, sizeof d, g->from > w->step->begin ? g->from - w->step->begin : 0));
	if (g->gate && !g->peer)
		say(t, DOT "in %s", snapshot_str(s, g->gate));
	if (n > 1)
		say(t, DOT "%s segments", look_count(d, sizeof d, n));
}

struct sum {
	str_id who;		/* 0: nobody known */
	size_t n;
	uint64_t ns;
};

static int more_time(const void *pa, const void *pb)
{
	const struct sum *a = pa, *b = pb;

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	return a->who < b->who ? -1 : a->who > b->who;
}

static int by_who(const void *pa, const void *pb)
{
	const struct sum *a = pa, *b = pb;

	return a->who < b->who ? -1 : a->who > b->who;
}

/* Sums for each of those behind the chosen segments, most time first. Never the peer: he waited as well. free() it. */
static struct sum *sum_who(const struct waterfall *w, const struct pane *p, size_t *n)
{
	struct sum *all = xcalloc(p->to - p->from, sizeof *all);
	size_t used = 0;

	for (size_t i = p->from; i < p->to; i++) {
		const struct segment *g = w->seg + i;

		all[i - p->from] = (struct sum){ g->peer ? g->who : g->actor, 1, g->to > g->from ? g->to - g->from : 0 };
	}
	qsort(all, p->to - p->from, sizeof *all, by_who);
	for (size_t i = 0; i < p->to - p->from; i++) {
		if (used && all[used - 1].who == all[i].who) {
			all[used - 1].n++;
			all[used - 1].ns += all[i].ns;
		} else {
			all[used++] = all[i];
		}
	}
	qsort(all, used, sizeof *all, more_time);
	*n = used;
	return all;
}

static void say_sum(struct text *t, const struct snapshot *s, const struct sum *u, bool alone)
{
	char a[16];

	say(t, "%s", u->who ? snapshot_str(s, u->who) : "nobody known");
	if (!alone || u->n > 1)
		say(t, " %s", fmt_ns(a, sizeof a, u->ns));
	if (u->n > 1)
		say(t, " (%s times)", look_count(a, sizeof a, u->n));
}

/* Not a task, but what the task allowed. */
static void say_slack(struct text *t, const struct snapshot *s, const struct sum *sums, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(snapshot_str(s, sums[i].who), "timer slack"))
			say(t, "; the kernel may be late on purpose by the task's timer slack (prctl PR_SET_TIMERSLACK, 50 us by "
			    "default)");
}

static void say_who(struct text *t, const struct waterfall *w, const struct snapshot *s, const struct pane *p, size_t max)
{
	unsigned stage = w->seg[p->from].stage;
	uint64_t rest = 0;
	size_t n;
	struct sum *sums = sum_who(w, p, &n);
	bool anybody = n > 1 || (n == 1 && sums[0].who);
	char a[16];

	if (anybody)
		say(t, "%s", who_label(stage));
	else if (stage == ST_RUNQUEUE || stage == ST_PREEMPTED)
		say(t, "instead ran: nobody known; the CPU was idle or its events were not recorded");
	for (size_t i = 0; anybody && i < n; i++) {
		if (i < max) {
			say(t, "%s", i ? DOT : "");
			say_sum(t, s, sums + i, n == 1);
		} else {
			rest += sums[i].ns;
		}
	}
	if (anybody && n > max)
		say(t, DOT "%zu other%s %s", n - max, n - max == 1 ? "" : "s", fmt_ns(a, sizeof a, rest));
	if (stage == ST_TIMER_LATE)
		say_slack(t, s, sums, n);
	free(sums);
}

static void say_row(struct text *t, const struct waterfall *w, const struct snapshot *s, uint32_t actor)
{
	const struct actor *a = w->actors + actor;
	char ns[16], n[16], pct[16];

	say(t, "%s in this step: %s in %s segment%s, %s of it", snapshot_str(s, a->id), fmt_ns(ns, sizeof ns, a->ns),
	    look_count(n, sizeof n, a->n), a->n == 1 ? "" : "s", look_part(pct, sizeof pct, a->ns, step_ns(w->step)));
}

/* Events of a segment that are inside the step's list: numbers from data are not trusted. */
static size_t events_of(const struct step *st, const struct segment *g)
{
	if (!st->ev || g->ev >= st->n_ev)
		return 0;
	return MIN((size_t)g->n_ev, st->n_ev - g->ev);
}

static int in_time(const void *pa, const void *pb)
{
	const struct evidence *a = pa, *b = pb;

	if (a->ts != b->ts)
		return a->ts < b->ts ? -1 : 1;
	if (a->cpu != b->cpu)
		return a->cpu < b->cpu ? -1 : 1;
	return a->event < b->event ? -1 : a->event > b->event;
}

/* Events of the chosen segments, at most max, in order of time; what several segments rest on is there once. free() it. */
static struct evidence *gather_events(const struct waterfall *w, const struct pane *p, size_t max, size_t *n, bool *all)
{
	struct evidence *ev = xcalloc(max, sizeof *ev);
	size_t n_ev = 0, kept = 0;

	*all = true;
	for (size_t i = p->from; i < p->to && *all; i++) {
		const struct segment *g = w->seg + i;
		size_t k = events_of(w->step, g);

		*all = k <= max - n_ev;
		k = MIN(k, max - n_ev);
		for (size_t j = 0; j < k; j++)
			ev[n_ev++] = w->step->ev[g->ev + j];
	}
	qsort(ev, n_ev, sizeof *ev, in_time);
	for (size_t i = 0; i < n_ev; i++)
		if (!kept || in_time(ev + kept - 1, ev + i))
			ev[kept++] = ev[i];
	*n = kept;
	return ev;
}

static void say_event(struct text *t, const struct snapshot *s, const struct evidence *e, bool exact)
{
	char ts[32];

	say(t, "%s ", exact ? fmt_ts(ts, sizeof ts, e->ts) : look_ts(ts, sizeof ts, e->ts));
	if (e->cpu != UINT32_MAX)
		say(t, "cpu%u ", e->cpu);
	say(t, "%s", snapshot_str(s, e->event));
}

struct page {
	struct cells *c;
	struct rect r;
	int skip, n;
};

/* Next paragraph; empty ones take no line. Frees and clears the text. */
static void put(struct page *pg, unsigned style, int indent, struct text *t)
{
	struct rect r = pg->r;
	int done = pg->n - pg->skip;

	if (t->n) {
		r.x += indent;
		r.w -= indent;
		r.y += MAX(done, 0);
		r.h -= MAX(done, 0);
		pg->n += cells_wrap(pg->c, r, MAX(-done, 0), style, t->s);
	}
	free(t->s);
	*t = (struct text){ 0 };
}

static void put_all_events(struct page *pg, const struct waterfall *w, const struct snapshot *s, const struct pane *p)
{
	struct text t = { 0 };
	bool all;
	size_t n;
	struct evidence *ev = gather_events(w, p, EVENTS_ALL, &n, &all);

	say(&t, "%s", n ? "events that prove it:" : "no event was recorded that would prove it");
	put(pg, STYLE_DIM, 0, &t);
	for (size_t i = 0; i < n; i++) {
		say_event(&t, s, ev + i, true);
		put(pg, STYLE_NORMAL, 2, &t);
	}
	if (!all)
		say(&t, "and more");
	put(pg, STYLE_DIM, 2, &t);
	free(ev);
}

static void put_brief_events(struct page *pg, const struct waterfall *w, const struct snapshot *s, const struct pane *p)
{
	struct text t = { 0 };
	bool all;
	size_t n;
	struct evidence *ev = gather_events(w, p, EVENTS_BRIEF, &n, &all);

	say(&t, "events: %s", n ? "" : "none was recorded that would prove it");
	for (size_t i = 0; i < n; i++) {
		say(&t, "%s", i ? DOT : "");
		say_event(&t, s, ev + i, false);
	}
	if (!all)
		say(&t, DOT "and more");
	put(pg, STYLE_DIM, 2, &t);
	free(ev);
}

int explain_draw(const struct waterfall *w, const struct snapshot *s, const struct pane *p, bool all, int skip,
		 struct cells *c, struct rect r)
{
	struct page pg = { c, r, skip, 0 };
	struct text t = { 0 };

	if (p->from >= p->to || p->to > w->n_seg || r.w < 4)
		return 0;
	say_sentence(&t, w, s, p);
	put(&pg, STYLE_TITLE, 0, &t);
	if (p->actor < w->n_actors) {
		say_row(&t, w, s, p->actor);
		put(&pg, STYLE_NORMAL, 2, &t);
	}
	say_who(&t, w, s, p, all ? ACTORS_ALL : ACTORS_BRIEF);
	put(&pg, STYLE_NORMAL, 2, &t);
	say_when(&t, w, s, p);
	put(&pg, STYLE_NORMAL, 2, &t);
	if (all)
		put_all_events(&pg, w, s, p);
	else
		put_brief_events(&pg, w, s, p);
	if (all)
		look_more(c, r, pg.n - skip - r.h);
	else if (pg.n - skip > r.h && r.h > 0)
		cells_put_right(c, r.x, r.y + r.h - 1, r.w, STYLE_KEY, r.w < 60 ? " …" : " … Enter: all of it");
	return pg.n;
}

bool explain_fits(const struct waterfall *w, const struct snapshot *s, const struct pane *p, struct rect r)
{
	struct cells none = { 0 };
	size_t n = 0;

	/* Thousands of events need not be sorted to see that they do not fit. */
	for (size_t i = p->from; i < p->to && i < w->n_seg && n < 1000; i++)
		n += events_of(w->step, w->seg + i);
	return n < 1000 && explain_draw(w, s, p, true, 0, &none, r) <= r.h;
}
