// SPDX-License-Identifier: GPL-2.0-only
#include "chain.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64		/* waits of waits of waits */
#define SEGMENTS_MAX 20000	/* of one wait */

void chain_fini(struct walk *w)
{
	free(w->seg);
	free(w->ev);
}

/* ---- emitting ---- */

uint64_t walk_at(const struct walk *w) { return w->t; }
uint64_t walk_floor(const struct walk *w) { return w->floor; }
int32_t walk_waiter(const struct walk *w) { return w->waiter; }
bool walk_done(const struct walk *w) { return w->t <= w->floor; }
bool walk_blocked(const struct walk *w) { return w->blocked; }
struct ctx *walk_ctx(struct walk *w) { return w->c; }
void walk_inferred(struct walk *w) { w->inferred = true; }
void walk_doubt(struct walk *w) { w->doubt = true; }

static str_id join_actor(struct walk *w, str_id actor)
{
	char text[256];

	if (!w->via || w->via == actor)
		return actor;
	if (!actor)
		return w->via;
	snprintf(text, sizeof text, "%s / %s", ctx_text(w->c, w->via), ctx_text(w->c, actor));
	return ctx_actor(w->c, text);
}

void walk_evidence(struct walk *w, uint16_t type, uint32_t cpu, uint64_t ts)
{
	str_id name = engine_type_name(w->c, type);

	if (!name || !ts)
		return;
	for (size_t i = w->n_ev_used; i < w->n_ev; i++)
		if (w->ev[i].event == name && w->ev[i].ts == ts && w->ev[i].cpu == cpu)
			return;
	GROW(w->ev, w->n_ev, w->cap_ev);
	w->ev[w->n_ev++] = (struct evidence){ ts, name, cpu };
}

static void emit(struct walk *w, enum stage_id stage, uint64_t from, uint32_t cpu, str_id actor)
{
	struct link_seg *s;

	if (from >= w->t) {
		w->doubt = false;
		return;		/* empty: its evidence goes to the next segment */
	}
	if (w->budget)
		w->budget--;
	GROW(w->seg, w->n_seg, w->cap_seg);
	s = &w->seg[w->n_seg++];
	*s = (struct link_seg){
		.from = from, .to = w->t, .cpu = cpu, .actor = join_actor(w, actor), .gate = w->gate,
		.peer = w->via, .who = actor == w->via ? 0 : actor,
		.ev = (uint32_t)w->n_ev_used, .n_ev = (uint16_t)MIN(w->n_ev - w->n_ev_used, (size_t)UINT16_MAX),
		.stage = (uint8_t)stage, .thief = w->thief,
		.confidence = w->inferred || w->doubt ? CONF_INFERRED : CONF_PROVEN,
	};
	w->n_ev_used = w->n_ev;
	w->t = from;
	w->doubt = false;
	w->thief = 0;
}

/* Does this loss of events cover what is said of `cpu`? What is outside this machine, any CPU's lost events may deny. */
static bool loss_covers(const struct loss *l, enum stage_id stage, uint32_t cpu)
{
	if (stage == ST_LOST || stage == ST_UNKNOWN)
		return false;
	return stage == ST_OUTSIDE || (cpu != CPU_NONE && (l->cpu == cpu || l->cpu == CPU_NONE));
}

/* The pieces of a segment that losses cut share its evidence. */
static void same_evidence(struct walk *w, size_t first, size_t n)
{
	for (size_t i = 0; i < n && w->n_ev_used > first; i++) {
		GROW(w->ev, w->n_ev, w->cap_ev);
		w->ev[w->n_ev++] = w->ev[first + i];
	}
}

void walk_emit(struct walk *w, enum stage_id stage, uint64_t from, uint32_t cpu, str_id actor)
{
	const struct model *m = &w->c->m;
	size_t first = w->n_ev_used, n_ev = w->n_ev - w->n_ev_used;
	bool doubt = w->doubt;

	from = MAX(from, w->floor);
	for (size_t i = m->n_losses; i-- > 0 && m->losses[i].to > from;) {
		const struct loss *l = &m->losses[i];

		if (l->from >= w->t || !loss_covers(l, stage, cpu))
			continue;
		w->doubt = doubt;
		emit(w, stage, MAX(l->to, from), cpu, actor);
		w->thief = 0;
		emit(w, ST_LOST, MAX(l->from, from), l->cpu, 0);
		same_evidence(w, first, n_ev);
	}
	w->doubt = doubt;
	emit(w, stage, from, cpu, actor);
}

void walk_unknown(struct walk *w, const char *why)
{
	bool lost = model_lost_between(&w->c->m, w->floor, w->t);

	w->doubt = true;
	walk_emit(w, lost ? ST_LOST : ST_UNKNOWN, w->floor, CPU_NONE, lost ? 0 : ctx_strz(w->c, why));
}

/* ---- names ---- */

const char *task_name(struct ctx *c, int32_t pid)
{
	const struct task *t = model_task_known(&c->m, pid);

	return t ? ctx_text(c, t->comm) : "";
}

str_id actor_task(struct ctx *c, int32_t pid)
{
	struct task *t = model_task_known(&c->m, pid);
	str_id actor;
	char text[128];

	if (!pid)
		return ctx_strz(c, "idle");
	if (pid < 0)
		return 0;
	if (t && t->actor && t->actor_comm == t->comm)
		return t->actor;
	snprintf(text, sizeof text, "%s:%d", t && t->comm ? ctx_text(c, t->comm) : "?", pid);
	actor = ctx_actor(c, text);
	if (t) {
		t->actor = actor;
		t->actor_comm = t->comm;
	}
	return actor;
}

str_id actor_irq(struct walk *w, const struct run *r)
{
	if (r->level != LEVEL_TASK)
		return actor_run(w->c, r);
	w->doubt = true;
	return ctx_strz(w->c, "hard IRQ, not recorded");
}

str_id actor_run(struct ctx *c, const struct run *r)
{
	char text[128];

	if (r->level == LEVEL_TASK)
		return actor_task(c, (int32_t)r->id);
	if (r->level == LEVEL_SOFTIRQ || r->flags & RUN_VECTOR)
		return r->name;
	snprintf(text, sizeof text, "irq %u %s", r->id, ctx_text(c, r->name));
	return ctx_actor(c, text);
}

/* ---- a CPU's time in pieces ---- */

static void emit_piece(struct walk *w, const struct piece *p, enum stage_id stage, str_id actor)
{
	const struct run *r = model_run(&w->c->m, p->run);

	walk_evidence(w, r->type, r->cpu, r->from);
	walk_emit(w, stage, p->from, r->cpu, actor);
}

static const struct piece *pieces_of(struct walk *w, uint32_t cpu, uint64_t from, size_t *n)
{
	const struct piece *p = NULL;

	*n = model_pieces(&w->c->m, cpu, from, w->t, &p);
	return p;
}

static void emit_base(struct walk *w, enum stage_id base, uint64_t from, uint32_t cpu, str_id actor, const struct proof *p)
{
	walk_evidence(w, p->type, p->cpu, p->ts);
	if (!w->c->m.saw_switch)
		w->doubt = true;	/* it may have left the CPU unseen */
	walk_emit(w, base, from, cpu, actor);
}

/* `base`: the stage of the task's own time. Interrupts in it are stolen time. */
void chain_running(struct walk *w, uint32_t cpu, uint64_t from, enum stage_id base, str_id base_actor, struct proof proof)
{
	const struct piece *p;
	size_t n;

	from = MAX(from, w->floor);
	p = pieces_of(w, cpu, from, &n);
	while (n-- > 0) {
		const struct run *r = model_run(&w->c->m, p[n].run);

		if (r && r->level >= LEVEL_SOFTIRQ) {
			w->thief = r->self;
			emit_piece(w, &p[n], r->level == LEVEL_SOFTIRQ ? ST_SOFTIRQ_STEAL : ST_IRQ_STEAL,
				   actor_run(w->c, r));
		} else {
			emit_base(w, base, p[n].from, cpu, base_actor, &proof);
		}
	}
	if (w->t > from)
		emit_base(w, base, from, cpu, base_actor, &proof);
}

/* What made it runnable: proves every piece of the wait that has no event of its own. */
static void ready_evidence(struct walk *w, const struct nap *n)
{
	const struct model *m = &w->c->m;

	if (n->how == TASK_PREEMPTED)
		walk_evidence(w, m->type.sw, n->cpu_out, n->out);
	else if (n->wakeup)
		walk_evidence(w, n->flags & NAP_BORN ? m->type.wakeup_new : m->type.wakeup, n->cpu_wakeup, n->wakeup);
	else
		walk_evidence(w, m->type.waking, n->cpu_waking, n->waking);
}

/* Named for the state that the CPU had to leave, where cpu_idle is recorded. */
static str_id actor_idle(struct ctx *c, const struct run *r)
{
	char text[64];

	if (!r->name)
		return ctx_strz(c, "idle exit");
	snprintf(text, sizeof text, "idle exit %s", ctx_text(c, r->name));
	return ctx_strz(c, text);
}

/* The interrupt that brought the wakeup: what is left of it delays the task, but it did it no harm. */
static bool brought(struct walk *w, const struct nap *n, const struct run *r)
{
	const struct run *waker = model_run(&w->c->m, n->waker_run);

	return waker && (waker == r || waker->by == r->self);
}

/* Runnable, not running: who ran instead, piece by piece. */
static void waited_for_cpu(struct walk *w, uint32_t cpu, uint64_t from, enum stage_id stage, const struct nap *nap)
{
	const struct piece *p;
	size_t n;

	from = MAX(from, w->floor);
	if (from >= w->t)
		return;
	p = pieces_of(w, cpu, from, &n);
	while (n-- > 0) {
		const struct run *r = model_run(&w->c->m, p[n].run);
		bool own = r && r->level == LEVEL_TASK && (int32_t)r->id == nap->pid;

		if (!r || r->type == NO_TYPE || p[n].from == from)
			ready_evidence(w, nap);
		if (!r && model_lost_between(&w->c->m, p[n].from, w->t)) {
			walk_emit(w, ST_LOST, p[n].from, cpu, 0);
		} else if (!r || own) {
			w->doubt = true;	/* already on the CPU by the look of it, but no event says since when */
			walk_emit(w, stage, p[n].from, cpu, 0);
		} else if (r->level == LEVEL_TASK && !r->id) {
			emit_piece(w, &p[n], stage, actor_idle(w->c, r));
		} else {
			w->thief = brought(w, nap, r) ? 0 : r->self;
			emit_piece(w, &p[n], stage, actor_run(w->c, r));
		}
	}
	if (w->t > from) {
		ready_evidence(w, nap);
		w->doubt = true;
		walk_emit(w, stage, from, cpu, 0);
	}
}

/* ---- reasons ---- */

const struct span *walk_next_link(struct walk *w, const struct run *r, uint32_t *it)
{
	struct model *m = &w->c->m;
	const struct link *at = model_link(m, *it);
	uint32_t next = !*it ? r->links : at ? at->prev : 0;

	for (; (at = model_link(m, next)); next = at->prev) {
		const struct span *s = model_span(m, at->span);

		*it = at->self;
		if (s)
			return s;
	}
	return NULL;
}

const struct span *walk_reason(struct walk *w, const struct run *r, bool *own)
{
	const struct span *other = NULL;
	uint32_t other_link = 0;

	for (struct link *l = model_link(&w->c->m, r->links); l; l = model_link(&w->c->m, l->prev)) {
		struct span *s = model_span(&w->c->m, l->span);

		if (!s || s->flags & SPAN_DETAIL || l->ts > w->t || (w->older_than && l->self >= w->older_than) || (l->off_ts && l->off_ts <= w->t))
			continue;
		/* a task's run may be long: what ended in it before this wait, or was not the waiter's, is its own affair */
		if (r->level == LEVEL_TASK && !w->irq_unseen && (l->ts < w->floor || s->pid != w->waiter))
			continue;
		if (s->pid == w->waiter) {
			w->older_than = l->self;
			*own = true;
			return s;
		}
		if (!other) {
			other = s;
			other_link = l->self;
		}
	}
	if (other)
		w->older_than = other_link;
	*own = false;
	return other;
}

static void default_span(struct walk *w, const struct span *s, const struct run *r)
{
	uint64_t irq = r->level == LEVEL_HARDIRQ ? r->from : s->to;

	walk_evidence(w, s->type[1], s->cpu_to, s->to);
	walk_emit(w, ST_IRQ, irq, r->cpu, actor_irq(w, r));
	run_completed(w, r);
	walk_evidence(w, r->type, r->cpu, r->from);
	walk_evidence(w, s->type[0], s->cpu_from, s->from);
	walk_emit(w, ST_DEVICE, s->from, CPU_NONE, s->name);
}

/* What ran when the wakeup was issued, or when a softirq was raised: its stage explains, or a span that ended in it. */
void walk_on(struct walk *w, run_id id)
{
	const struct run *r = model_run(&w->c->m, id);
	const struct span *s;
	bool own = false, inferred = w->inferred;

	if (w->t <= w->floor)
		return;
	if (!r || ++w->depth > DEPTH_MAX || !w->budget) {
		if (r)
			w->depth--;
		walk_unknown(w, "history no longer kept");
		return;
	}
	s = walk_reason(w, r, &own);
	if (s) {
		const struct stage *st = stages[s->stage];

		if (!own)
			w->inferred = true;
		(st->walk_span ? st->walk_span : default_span)(w, s, r);
		if (w->t > w->floor && s->pid > 0 && s->pid != w->waiter)
			walk_task(w, s->pid);
		w->inferred = inferred;
	} else if (r->level == LEVEL_TASK) {
		if ((int32_t)r->id > 0 && (int32_t)r->id != w->waiter)
			walk_task(w, (int32_t)r->id);
	} else if (stages[r->stage]->walk_run) {
		stages[r->stage]->walk_run(w, r);
	}
	w->depth--;
	if (w->t > w->floor)
		walk_unknown(w, "no event explains it");
}

/* ---- waits ---- */

/* The waker as the events tell it, when no run of ours stands for it. */
static bool unrecorded_waker(struct walk *w, const struct nap *n, const struct run *r)
{
	bool own = false;
	const char *who = n->waking_flags & EVENT_HARDIRQ ? "hard IRQ, not recorded" : "softirq, not recorded";
	const struct span *s;
	uint32_t keep = w->older_than;

	if (!n->waking_has_ctx || !(n->flags & NAP_FLAGS_DISAGREE))
		return false;
	w->irq_unseen = true;
	s = r ? walk_reason(w, r, &own) : NULL;
	w->older_than = keep;
	w->inferred = true;
	if (s && own)
		return false;		/* what it completed is known all the same */
	walk_emit(w, ST_UNKNOWN, w->floor, n->cpu_waking, ctx_strz(w->c, who));
	return true;
}

/* The stage that is served while this wait is accounted for is put back. */
static void tell_woken(struct walk *w, const struct run *r)
{
	unsigned served = w->c->stage;

	for (w->c->stage = 0; w->c->stage < n_stages; w->c->stage++)
		if (stages[w->c->stage]->walk_woken)
			stages[w->c->stage]->walk_woken(w, r);
	w->c->stage = served;
}

static void walk_waker(struct walk *w, const struct nap *n)
{
	const struct run *r = model_run(&w->c->m, n->waker_run);
	bool inferred = w->inferred;

	if (r && !w->via && w->t == n->waking)
		tell_woken(w, r);

	if (n->flags & NAP_WAKEUP_ONLY && !(n->flags & NAP_BORN))
		w->inferred = true;		/* sched_wakeup may run on another CPU than the waker */
	if (!r) {
		walk_unknown(w, "the waker is not known");
	} else if (!unrecorded_waker(w, n, r)) {
		w->older_than = 0;
		walk_on(w, n->waker_run);
	}
	w->irq_unseen = false;
	w->inferred = inferred;
}

static void ready_to_in(struct walk *w, const struct nap *n, uint64_t ready, enum stage_id stage)
{
	bool inferred = w->inferred;
	uint32_t cpu = n->cpu_in;

	for (unsigned i = n->n_moved; i-- > 0;) {
		if (n->moved[i].ts >= w->t || n->moved[i].ts <= ready)
			continue;
		waited_for_cpu(w, cpu, n->moved[i].ts, stage, n);
		cpu = n->moved[i].from;
	}
	if (!n->n_moved && n->in && n->cpu_woken != cpu && (n->wakeup || n->how == TASK_PREEMPTED)) {
		cpu = n->cpu_woken;		/* where it was queued; nothing tells when it was taken from there */
		w->inferred = true;
	}
	waited_for_cpu(w, cpu, ready, stage, n);
	w->inferred = inferred;
}

/* A sleep that ended in a wakeup: the run queue, the way to it, and what led to it. */
static void walk_woken(struct walk *w, const struct nap *n, uint64_t ready)
{
	const struct model *m = &w->c->m;
	bool inferred = w->inferred;

	if (n->flags & NAP_INFERRED_IN)
		w->inferred = true;
	ready_to_in(w, n, ready, ST_RUNQUEUE);
	w->inferred = inferred;
	if (n->waking) {
		walk_evidence(w, m->type.waking, n->cpu_waking, n->waking);
		if (n->wakeup)
			walk_evidence(w, n->flags & NAP_BORN ? m->type.wakeup_new : m->type.wakeup, n->cpu_wakeup, n->wakeup);
		walk_emit(w, ST_WAKEUP, n->waking, n->cpu_woken, 0);
		walk_evidence(w, m->type.waking, n->cpu_waking, n->waking);
	}
	if (w->t > w->floor)
		walk_waker(w, n);
}

/* The nap n from w->t back to max(n->out, floor). */
static void walk_nap(struct walk *w, const struct nap *n)
{
	struct model *m = &w->c->m;
	uint64_t floor = w->floor, ready = n->wakeup ? n->wakeup : n->waking;
	str_id gate = w->gate;
	bool blocked = w->blocked, inferred = w->inferred;
	int32_t waiter = w->waiter;

	w->floor = MAX(floor, n->out);
	w->waiter = n->pid;
	w->blocked = n->how == TASK_BLOCKED;
	if (unlikely(m->n_losses) && model_lost_between(m, n->out, w->t))
		w->inferred = true;	/* it may have run and slept again unseen */
	if (!w->via && n->how != TASK_PREEMPTED)
		w->gate = n->gate;
	if (n->flags & NAP_INFERRED_IN)
		w->doubt = true;
	if (n->in && n->in == w->t)
		walk_evidence(w, n->in_type, n->cpu_in, n->in);
	if (n->flags & NAP_LOST && model_lost_between(m, w->floor, w->t)) {
		walk_emit(w, ST_LOST, w->floor, CPU_NONE, 0);
	} else if (n->flags & NAP_LOST) {
		walk_unknown(w, "it left the CPU unseen");
	} else if (n->how == TASK_PREEMPTED) {
		ready_to_in(w, n, w->floor, ST_PREEMPTED);
	} else if (!ready) {
		walk_unknown(w, n->in ? "no wakeup of it was recorded" : "still waiting");
	} else {
		walk_woken(w, n, ready);
	}
	w->floor = floor;
	w->gate = gate;
	w->waiter = waiter;
	w->blocked = blocked;
	w->inferred = inferred;
}

/* What a task's own running time is, as part of somebody's chain. */
static enum stage_id own_stage(const struct task *t)
{
	if (t->irq_thread)
		return ST_IRQ;
	return !memcmp(t->comm_raw, "napi/", 5) ? ST_NAPI : ST_PEER;
}

/* `in`: the event that shows it on the CPU from `from` on. */
static void peer_ran(struct walk *w, const struct task *t, uint32_t cpu, uint64_t from, uint16_t in)
{
	chain_running(w, cpu, from, own_stage(t), w->via, (struct proof){ from, cpu, in });
}

/* One stretch of the task's past further back. false: nothing known before w->t. */
static bool peer_stretch(struct walk *w, const struct task *t, const struct nap **cursor)
{
	const struct nap *n = *cursor;
	uint64_t at = w->t;
	uint32_t gone = 0;

	while (n && n->out >= w->t) {
		gone = n->prev;
		n = model_nap(&w->c->m, n->prev);
	}
	*cursor = n;
	if (!n && gone)
		return false;		/* there was more, but the ring has turned */
	if (!n) {
		uint64_t first = t->state == TS_RUNNING && !model_nap(&w->c->m, t->last_nap) ? t->run_from : t->born;

		if (!first && t->state != TS_UNKNOWN)
			first = w->c->m.first_ts;
		if (first && first < w->t && !t->born)
			peer_ran(w, t, t->cpu, first, NO_TYPE);
		return w->t < at;
	}
	if (!n->in || n->in > w->t) {
		walk_nap(w, n);
		return w->t < at;
	}
	peer_ran(w, t, n->cpu_in, n->in, n->in_type);
	if (w->t > w->floor)
		walk_nap(w, n);
	return w->t < at;
}

void walk_task(struct walk *w, int32_t pid)
{
	const struct task *t = model_task_known(&w->c->m, pid);
	const struct nap *cursor;
	struct nap open;
	str_id via = w->via;

	if (w->t <= w->floor)
		return;
	if (!t || ++w->depth > DEPTH_MAX) {
		if (t)
			w->depth--;
		walk_unknown(w, "a task that no event describes");
		return;
	}
	w->via = actor_task(w->c, pid);
	cursor = t->state == TS_RUNNING ? model_nap(&w->c->m, t->last_nap) : &t->nap;
	if (t->state != TS_RUNNING) {
		struct nap *last = model_nap(&w->c->m, t->last_nap);

		/* the open nap is not in the ring: let it lead to the newest that is */
		open = t->nap;
		open.prev = t->last_nap;
		cursor = t->nap.out ? &open : last;
		while (cursor && cursor->out >= w->t)
			cursor = model_nap(&w->c->m, cursor->prev);
	}
	while (w->t > w->floor && w->budget && peer_stretch(w, t, &cursor))
		;
	if (w->t > w->floor && t->born && w->t == t->born && t->parent > 0 && t->parent != w->waiter) {
		w->via = via;
		walk_task(w, t->parent);	/* before it was born its parent worked on it */
	}
	w->depth--;
	w->via = via;
	if (w->t > w->floor)
		walk_unknown(w, "no event says what the waker did before");
}

void run_completed(struct walk *w, const struct run *r)
{
	if (w->completed.n < ARRAY_LEN(w->completed.v))
		w->completed.v[w->completed.n++] = r->self;
}

void chain_nap(struct walk *w, const struct task *waiter, const struct nap *n, uint64_t from, uint64_t upto, str_id gate)
{
	w->t = n->in ? MIN(n->in, upto) : upto;
	w->floor = MAX(from, n->out);
	w->waiter = waiter->pid;
	w->via = 0;
	w->gate = gate;
	w->older_than = w->depth = 0;
	w->budget = SEGMENTS_MAX;
	w->inferred = w->doubt = w->blocked = false;
	w->thief = 0;
	walk_nap(w, n);
	if (w->t > w->floor) {
		w->budget = 1;
		walk_unknown(w, "chain too long");
	}
}
