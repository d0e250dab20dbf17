// SPDX-License-Identifier: GPL-2.0-only
#include "trail.h"

#include <stdlib.h>
#include <string.h>

struct advance {
	struct ctx *c;
	struct walk *w;
	const struct trail_sink *sink;
	struct trail *tr;
	size_t edge_i;
};

void trail_begin(struct trail *tr, struct task *t, uint64_t ts)
{
	tr->t = t;
	tr->begin = tr->done = ts;
	tr->nap_done = t->last_nap;
	tr->gate = t->gate;
	tr->entered = (struct proof){ t->gate ? t->gate_from : 0, t->cpu, t->gate_type };
	tr->after_nap = 0;
	tr->resumed = (struct proof){ 0 };
	tr->n_edge = tr->n_seg = tr->n_ev = tr->n_on = tr->n_whose = tr->n_hit = 0;
	tr->look_at = TRAIL_LOOK;
	tr->n_steps = 0;
	tr->mixed = false;
}

void trail_fini(struct trail *tr)
{
	free(tr->edge);
	free(tr->seg);
	free(tr->ev);
	free(tr->on);
	free(tr->whose);
	free(tr->hit);
}

void trail_whose(struct trail *tr, uint64_t ts, str_id agent, int32_t tgid)
{
	const struct whose *last = tr->n_whose ? &tr->whose[tr->n_whose - 1] : NULL;

	if (last && last->agent == agent && last->tgid == tgid)
		return;
	if (last && last->ts == ts)
		tr->n_whose--;
	tr->mixed |= tr->n_whose > 0;
	GROW(tr->whose, tr->n_whose, tr->cap_whose);
	tr->whose[tr->n_whose++] = (struct whose){ ts, agent, tgid };
}

void trail_edge(struct trail *tr, const struct event *ev, str_id name, enum gate_edge kind)
{
	GROW(tr->edge, tr->n_edge, tr->cap_edge);
	tr->edge[tr->n_edge++] = (struct edge){ ev->ts, name, ev->type, (uint8_t)kind };
}

/* ---- what the walk found goes onto the trail, in time order ---- */

static bool alike(const struct segment *a, const struct link_seg *b)
{
	return a->to == b->from && a->stage == b->stage && a->actor == b->actor && a->peer == b->peer && a->gate == b->gate && a->cpu == b->cpu &&
	       a->confidence == b->confidence && !b->n_ev;
}

static void put_evidence(struct trail *tr, struct segment *s, const struct evidence *ev, size_t n)
{
	if (!s->n_ev)
		s->ev = (uint32_t)tr->n_ev;
	/* only the newest segment grows, so its evidence lies at the end */
	for (size_t i = 0; i < n; i++) {
		GROW(tr->ev, tr->n_ev, tr->cap_ev);
		tr->ev[tr->n_ev++] = ev[i];
	}
	s->n_ev = (uint16_t)MIN(s->n_ev + n, (size_t)UINT16_MAX);
}

static void put_segment(struct advance *a, const struct link_seg *l)
{
	struct trail *tr = a->tr;
	struct segment *last = tr->n_seg ? &tr->seg[tr->n_seg - 1] : NULL;

	a->sink->segment(a->c, tr, l);
	if (last && alike(last, l)) {
		last->to = l->to;
		return;
	}
	GROW(tr->seg, tr->n_seg, tr->cap_seg);
	tr->seg[tr->n_seg] = (struct segment){
		.from = l->from, .to = l->to, .cpu = l->cpu, .actor = l->actor, .gate = l->gate,
		.peer = l->peer, .who = l->who,
		.stage = l->stage, .confidence = l->confidence,
	};
	put_evidence(tr, &tr->seg[tr->n_seg++], l->n_ev ? a->w->ev + l->ev : NULL, l->n_ev);
}

/* Takes the walk's segments, which lie backwards. Evidence left over is of the oldest, or of what came before. */
static void take(struct advance *a)
{
	struct walk *w = a->w;
	struct trail *tr = a->tr;

	if (w->n_seg) {
		struct link_seg *oldest = &w->seg[w->n_seg - 1];

		oldest->n_ev = (uint16_t)MIN(w->n_ev - oldest->ev, (size_t)UINT16_MAX);
		w->n_ev_used = w->n_ev;
	}
	for (size_t i = w->n_seg; i-- > 0;)
		put_segment(a, &w->seg[i]);
	if (w->n_ev > w->n_ev_used && tr->n_seg)
		put_evidence(tr, &tr->seg[tr->n_seg - 1], w->ev + w->n_ev_used, w->n_ev - w->n_ev_used);
	for (unsigned i = 0; i < w->completed.n; i++)
		a->sink->completed(a->c, tr, w->completed.v[i]);
	w->n_seg = w->n_ev = w->n_ev_used = w->completed.n = 0;
}

static void start_walk(struct advance *a, uint64_t from, uint64_t to, str_id gate)
{
	struct walk *w = a->w;

	w->c = a->c;
	w->t = to;
	w->floor = from;
	w->waiter = a->tr->t->pid;
	w->via = 0;
	w->gate = gate;
	w->inferred = w->doubt = false;
	w->thief = 0;
}

/* ---- on the CPU ---- */

/* `end`: the event that ended it, as it left the kernel. */
static void put_running(struct advance *a, uint32_t cpu, uint64_t to, enum stage_id stage, const struct edge *end)
{
	struct trail *tr = a->tr;
	bool kernel = stage != ST_USER;

	if (to > tr->done) {
		start_walk(a, tr->done, to, kernel ? tr->gate : 0);
		if (end && kernel)
			walk_evidence(a->w, end->type, cpu, end->ts);
		chain_running(a->w, cpu, tr->done, stage, 0, kernel ? tr->entered : tr->resumed);
		tr->done = to;
	} else if (end && kernel) {
		walk_evidence(a->w, end->type, cpu, end->ts);	/* left at the very instant it came back */
	}
	take(a);
}

/* It entered one call and was next seen in another: when it left the first, and ran user code, no event tells. */
static void put_unknown(struct advance *a, uint32_t cpu, uint64_t to)
{
	if (to <= a->tr->done)
		return;
	start_walk(a, a->tr->done, to, 0);
	a->w->inferred = true;
	chain_running(a->w, cpu, a->tr->done, ST_UNKNOWN, ctx_strz(a->c, "its way out of a call was not recorded"),
		      (struct proof){ 0 });
	a->tr->done = to;
	take(a);
}

/* Was the fault that edge i belongs to (its entry, or I/O of it) still going on when the task fell asleep in `n`? */
static bool fault_slept(const struct advance *a, size_t i, const struct nap *n)
{
	const struct trail *tr = a->tr;

	if (!n || !(n->flags & NAP_FAULT))
		return false;
	for (i++; i < tr->n_edge && tr->edge[i].kind == GATE_IO; i++)
		;
	return i == tr->n_edge || tr->edge[i].ts > n->out;
}

static bool fault_begins(const struct advance *a, size_t i, const struct nap *next)
{
	const struct trail *tr = a->tr;

	if (tr->edge[i].kind != GATE_FAULT)
		return false;
	/* one that neither slept nor did I/O has no end that an event tells: it stays user time */
	return fault_slept(a, i, next) || (i + 1 < tr->n_edge && tr->edge[i + 1].kind == GATE_IO);
}

/* The last I/O of a fault that did not sleep: it lasted at least until then. */
static bool fault_ends(const struct advance *a, size_t i, const struct nap *next)
{
	const struct trail *tr = a->tr;

	return tr->edge[i].kind == GATE_IO && tr->gate == a->c->m.s_fault && !fault_slept(a, i, next) &&
	       (i + 1 == tr->n_edge || tr->edge[i + 1].kind != GATE_IO);
}

/* The task ran on `cpu` from tr->done to `to`; `next` is the sleep that follows, if one does. */
static void ran(struct advance *a, uint32_t cpu, uint64_t to, const struct nap *next)
{
	struct trail *tr = a->tr;

	for (; a->edge_i < tr->n_edge && tr->edge[a->edge_i].ts <= to; a->edge_i++) {
		const struct edge *e = &tr->edge[a->edge_i];

		if (e->kind == GATE_EXIT) {
			if (!tr->gate) {	/* entered before the step began, or while events were lost */
				tr->gate = e->name;
				tr->entered = (struct proof){ e->ts, cpu, e->type };
			}
			if (tr->gate == e->name)
				put_running(a, cpu, e->ts, tr->after_nap ? ST_RETURN : ST_KERNEL, e);
			else
				put_unknown(a, cpu, e->ts);
			tr->gate = 0;
			tr->after_nap = 0;
			tr->resumed = (struct proof){ e->ts, cpu, e->type };
		} else if (fault_ends(a, a->edge_i, next)) {
			put_running(a, cpu, e->ts, ST_KERNEL, e);
			tr->gate = 0;
		} else if (e->kind == GATE_ENTER || fault_begins(a, a->edge_i, next)) {
			if (tr->gate)
				put_unknown(a, cpu, e->ts);
			else
				put_running(a, cpu, e->ts, ST_USER, NULL);
			tr->entered = (struct proof){ e->ts, cpu, e->type };
			tr->gate = e->kind == GATE_ENTER ? e->name : a->c->m.s_fault;
			tr->after_nap = 0;
		}
	}
	/* pushed off the CPU on the way out: the way goes on behind that */
	bool leaving = a->edge_i < tr->n_edge && tr->edge[a->edge_i].kind == GATE_EXIT &&
		       (!next || tr->edge[a->edge_i].ts <= next->out);

	put_running(a, cpu, to, !tr->gate ? ST_USER : tr->after_nap && leaving ? ST_RETURN : ST_KERNEL, NULL);
}

/* ---- off the CPU ---- */

static void napped(struct advance *a, const struct nap *n, uint64_t upto)
{
	struct trail *tr = a->tr;
	uint64_t to = n->in ? MIN(n->in, upto) : upto;

	if (to > tr->done) {
		a->w->c = a->c;
		chain_nap(a->w, tr->t, n, tr->done, upto, tr->gate);
		take(a);
		tr->done = to;
	}
	if ((n->flags & NAP_FAULT && n->how != TASK_PREEMPTED) || n->flags & NAP_LOST)
		tr->gate = 0;	/* back from the fault: no event says when, so from here on it is user time */
	else if (n->how != TASK_PREEMPTED && tr->gate)
		tr->after_nap = 1;
	if (n->in && !tr->gate)
		tr->resumed = (struct proof){ n->in, n->cpu_in, n->in_type };
}

/* The first of naps[i], naps[i - 1], ... (newer and newer), then `open`, that is a sleep and not a preemption. */
static const struct nap *next_sleep(const struct nap *const *naps, size_t i, const struct nap *open)
{
	for (size_t k = i + 1; k-- > 0;)
		if (naps[k]->how != TASK_PREEMPTED)
			return naps[k];
	return open;
}

/* `open`: the nap that goes on behind `upto`; NULL: none, or nobody need know. */
static void advance(struct ctx *c, struct walk *w, const struct trail_sink *sink, struct trail *tr, uint64_t upto,
		    const struct nap *open)
{
	struct advance a = { .c = c, .w = w, .sink = sink, .tr = tr };
	struct task *t = tr->t;
	const struct nap **naps = NULL, *p;
	uint16_t cpu = open ? open->cpu_out : t->cpu;
	uint32_t newest = t->last_nap;
	size_t n = 0, cap = 0;
	bool off = t->state != TS_RUNNING && t->nap.out && t->nap.out < upto;

	if (upto <= tr->done && !tr->n_edge)
		return;
	/* those later than upto wait; that a sleep follows matters already */
	while ((p = model_nap(&c->m, newest)) && newest != tr->nap_done && p->out >= upto && p->in > upto) {
		cpu = p->cpu_out;
		open = p->how != TASK_PREEMPTED ? p : open;
		newest = p->prev;
	}
	for (; p && p->self != tr->nap_done; p = model_nap(&c->m, p->prev)) {
		if (p->in <= tr->begin)
			break;
		GROW(naps, n, cap);
		naps[n++] = p;
	}
	tr->nap_done = newest;
	while (n-- > 0) {
		if (naps[n]->out > tr->done)
			ran(&a, naps[n]->cpu_out, MIN(naps[n]->out, upto), next_sleep(naps, n, off ? &t->nap : open));
		napped(&a, naps[n], upto);
	}
	if (off) {
		if (t->nap.out > tr->done)
			ran(&a, t->nap.cpu_out, t->nap.out, &t->nap);
		napped(&a, &t->nap, upto);
	} else {
		ran(&a, cpu, upto, open);
	}
	free(naps);
	if (a.edge_i)
		memmove(tr->edge, tr->edge + a.edge_i, (tr->n_edge - a.edge_i) * sizeof *tr->edge);
	tr->n_edge -= a.edge_i;
}

void trail_advance(struct ctx *c, struct walk *w, const struct trail_sink *sink, struct trail *tr, uint64_t upto)
{
	advance(c, w, sink, tr, upto, NULL);
}

/* ---- long trails ---- */

#define UNSURE_NS (100 * NSEC_PER_MSEC)	/* faults and ways out of a call that take longer may be torn in two */

/* The last fault may be under way: its entry, and I/O of it. */
static uint64_t last_fault(const struct trail *tr)
{
	size_t i = tr->n_edge;

	while (i && tr->edge[i - 1].kind == GATE_IO)
		i--;
	return i && tr->edge[i - 1].kind == GATE_FAULT ? tr->edge[i - 1].ts : 0;
}

/* The way out of the call in which the task is may have begun behind its last sleep there; UINT64_MAX: it has not slept. */
static uint64_t way_out_from(struct model *m, const struct trail *tr)
{
	const struct task *t = tr->t;

	if (!t->gate)
		return UINT64_MAX;
	for (const struct nap *p = model_nap(m, t->last_nap); p && p->self != tr->nap_done; p = model_nap(m, p->prev))
		if (p->how != TASK_PREEMPTED)
			return p->out >= t->gate_from ? p->in : UINT64_MAX;
	return tr->after_nap && t->gate_from <= tr->done ? tr->done : UINT64_MAX;
}

/* Until when all is said that there is to say of the time before `now`; what takes very long is not waited for. */
static uint64_t sure_until(uint64_t upto, uint64_t doubt_from, uint64_t now)
{
	return doubt_from < upto && now - doubt_from < UNSURE_NS ? doubt_from : upto;
}

void trail_settle(struct ctx *c, struct walk *w, const struct trail_sink *sink, struct trail *tr, uint64_t now)
{
	const struct task *t = tr->t;
	const struct nap *open = t->state != TS_RUNNING && t->nap.out ? &t->nap : NULL;
	uint64_t upto = open ? open->out : now, fault = last_fault(tr);

	if (!open || open->how == TASK_PREEMPTED) {
		upto = sure_until(upto, way_out_from(&c->m, tr), now);
		upto = sure_until(upto, fault ? fault - 1 : UINT64_MAX, now);
	}
	if (upto > tr->done)
		advance(c, w, sink, tr, upto, open);
}

void trail_trim(struct trail *tr, uint64_t before)
{
	size_t lo = 0, on = 0, hit = 0;
	uint32_t ev = (uint32_t)tr->n_ev;

	while (lo + 1 < tr->n_seg && tr->seg[lo].to <= before)
		lo++;
	while (on + 1 < tr->n_on && tr->on[on + 1].ts <= before)
		on++;
	if (on)
		memmove(tr->on, tr->on + on, (tr->n_on - on) * sizeof *tr->on);
	tr->n_on -= on;
	while (hit < tr->n_hit && tr->hit[hit].to <= before)
		hit++;
	if (hit)
		memmove(tr->hit, tr->hit + hit, (tr->n_hit - hit) * sizeof *tr->hit);
	tr->n_hit -= hit;
	if (!lo)
		return;
	tr->n_seg -= lo;
	memmove(tr->seg, tr->seg + lo, tr->n_seg * sizeof *tr->seg);
	for (size_t i = 0; i < tr->n_seg; i++)
		if (tr->seg[i].n_ev)
			ev = MIN(ev, tr->seg[i].ev);
	tr->n_ev -= ev;
	if (ev && tr->n_ev)
		memmove(tr->ev, tr->ev + ev, tr->n_ev * sizeof *tr->ev);
	for (size_t i = 0; i < tr->n_seg; i++)
		tr->seg[i].ev -= tr->seg[i].n_ev ? ev : 0;
}

/* ---- losses that were found later ---- */

static bool is_wait(const struct segment *seg)
{
	switch (seg->stage) {
	case ST_USER:
	case ST_KERNEL:
	case ST_RETURN:
	case ST_IRQ_STEAL:
	case ST_SOFTIRQ_STEAL:
	case ST_LOOP:
	case ST_LOST:
	case ST_UNKNOWN:
		return false;
	default:
		return true;
	}
}

/* As chain.c does with a loss that it knows of: the waiter may have run and slept again unseen, so it is the whole wait. */
void segments_doubt(struct segment *seg, size_t n, uint64_t from, uint64_t to)
{
	size_t i = n;

	while (i && seg[i - 1].to > from)
		i--;
	while (i && i < n && is_wait(&seg[i]) && is_wait(&seg[i - 1]))
		i--;
	for (bool on = false; i < n && (on || seg[i].from < to); i++) {
		on = is_wait(&seg[i]);
		if (on)
			seg[i].confidence = CONF_INFERRED;
	}
}

static bool is_said_of(const struct segment *g, uint32_t cpu, uint64_t from, uint64_t to)
{
	return g->cpu == cpu && g->from < to && g->to > from && !g->n_merged && g->stage != ST_LOST && g->stage != ST_UNKNOWN;
}

size_t segments_lose(struct segment **seg, size_t n, uint32_t cpu, uint64_t from, uint64_t to)
{
	size_t n_hit = 0, n_new = 0;
	struct segment *cut;

	for (size_t i = 0; i < n; i++)
		n_hit += is_said_of(*seg + i, cpu, from, to);
	if (!n_hit)
		return n;
	cut = xcalloc(n + 2 * n_hit, sizeof *cut);
	for (size_t i = 0; i < n; i++) {
		struct segment g = (*seg)[i], rest = g;

		if (!is_said_of(&g, cpu, from, to)) {
			cut[n_new++] = g;
			continue;
		}
		if (g.from < from) {
			g.to = from;
			cut[n_new++] = g;
		}
		cut[n_new++] = (struct segment){ .from = MAX(rest.from, from), .to = MIN(rest.to, to), .cpu = cpu, .gate = rest.gate,
						 .stage = ST_LOST, .confidence = CONF_INFERRED };
		if (rest.to > to) {
			rest.from = to;
			cut[n_new++] = rest;
		}
	}
	free(*seg);
	*seg = cut;
	return n_new;
}
