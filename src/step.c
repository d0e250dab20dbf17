// SPDX-License-Identifier: GPL-2.0-only
#include "step_in.h"

#include <stdlib.h>
#include <string.h>

/* ---- opening and closing ---- */

struct open_step *step_open(struct steps *st, struct task *t, uint64_t ts, enum source_of_step by)
{
	struct open_step *s;

	if (st->n_open >= OPEN_MAX)
		return NULL;
	s = xcalloc(1, sizeof *s);
	if (!t->trail) {
		t->trail = xcalloc(1, sizeof *t->trail);
		trail_begin(t->trail, t, ts);
	}
	t->trail->n_steps++;
	t->has_steps = 1;
	s->t = t;
	s->by = by;
	s->s.begin = s->piece_from = ts;
	s->s.pid = t->pid;
	s->s.tgid = t->tgid;
	s->s.serial = ++st->begun;
	t->trail->step_serial = s->s.serial;
	s->open_i = (uint32_t)st->n_open;
	GROW(st->open, st->n_open, st->cap_open);
	st->open[st->n_open++] = s;
	return s;
}

static void trail_release(struct task *t)
{
	if (!t->trail || --t->trail->n_steps)
		return;
	trail_fini(t->trail);
	free(t->trail);
	t->trail = NULL;
}

void step_drop(struct steps *st, struct open_step *s)
{
	struct task *t = s->t;

	st->open[s->open_i] = st->open[--st->n_open];
	st->open[s->open_i]->open_i = s->open_i;
	if (t)
		trail_release(t);
	if (t && t->trail && t->trail->mixed)
		step_harm_ends(st, t, st->c->m.last_ts);
	step_texts_release(st, &s->s);
	step_long_fini(s);
	free(s->harm);
	free(s->seg);
	free(s->ev);
	free(s);
}

/* Whom the trail's thread worked for at ts; *until: how long. */
static uint64_t on_at(const struct trail *tr, uint64_t ts, uint64_t *until)
{
	size_t lo = 0, hi = tr->n_on;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (tr->on[mid].ts <= ts)
			lo = mid + 1;
		else
			hi = mid;
	}
	*until = lo < tr->n_on ? tr->on[lo].ts : UINT64_MAX;
	return lo ? tr->on[lo - 1].cookie : 0;
}

static void add_piece(struct open_step *s, const struct trail *tr, const struct segment *from, uint64_t b, uint64_t e, bool loop)
{
	struct segment *d, *last = s->n_seg ? &s->seg[s->n_seg - 1] : NULL;

	if (loop && last && last->stage == ST_LOOP && last->to == b && last->cpu == from->cpu) {
		last->to = e;
		return;
	}
	GROW(s->seg, s->n_seg, s->cap_seg);
	d = &s->seg[s->n_seg++];
	*d = *from;
	d->from = b;
	d->to = e;
	d->ev = (uint32_t)s->n_ev;
	if (loop) {
		d->stage = ST_LOOP;
		d->gate = 0;
		d->actor = d->peer = d->who = 0;
		d->confidence = CONF_PROVEN;
	}
	for (uint32_t i = 0; i < from->n_ev; i++) {
		GROW(s->ev, s->n_ev, s->cap_ev);
		s->ev[s->n_ev++] = tr->ev[from->ev + i];
	}
}

/* What others took in the same window; while the thread worked for another step, it was taken from that one. */
static void take_harm(struct open_step *s, uint64_t to)
{
	const struct trail *tr = s->t->trail;
	size_t i = tr->n_hit;

	while (i && tr->hit[i - 1].to > s->piece_from)
		i--;
	for (; i < tr->n_hit && tr->hit[i].from < to; i++) {
		uint64_t b = MAX(tr->hit[i].from, s->piece_from), e = MIN(tr->hit[i].to, to);

		while (b < e) {
			uint64_t until = UINT64_MAX, who = s->by == BY_ASYNC ? on_at(tr, b, &until) : 0;
			uint64_t upto = MIN(e, until);

			if (!who || who == s->cookie)
				step_harm_add(s, &tr->hit[i], upto - b);
			b = upto;
		}
	}
}

/* Copies the window [piece_from, to) of the trail to the step; what another step took is `loop`. */
void step_take(struct open_step *s, uint64_t to)
{
	const struct trail *tr = s->t->trail;
	size_t lo = 0, hi = tr->n_seg;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (tr->seg[mid].to <= s->piece_from)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < tr->n_seg && tr->seg[lo].from < to; lo++) {
		uint64_t b = MAX(tr->seg[lo].from, s->piece_from), e = MIN(tr->seg[lo].to, to);

		while (b < e) {
			uint64_t until = UINT64_MAX, who = s->by == BY_ASYNC ? on_at(tr, b, &until) : 0;
			uint64_t upto = MIN(e, until);

			add_piece(s, tr, &tr->seg[lo], b, upto, who && who != s->cookie);
			b = upto;
		}
	}
	take_harm(s, to);
	s->piece_from = MAX(s->piece_from, to);
}

static void advance(struct ctx *c, struct trail *tr, uint64_t upto)
{
	trail_advance(c, &c->steps->walk, &step_sink, tr, upto);
	if (unlikely(tr->n_seg >= tr->look_at))
		step_shorten_trail(c->steps, tr);
}

void step_settle(struct steps *st, struct task *t)
{
	trail_settle(st->c, &st->walk, &step_sink, t->trail, st->c->m.last_ts);
	if (t->trail->n_seg >= t->trail->look_at)
		step_shorten_trail(st, t->trail);
}

#define LOSSES_EACH 64			/* of more, all from the first to the last is one */

/* Losses that overlap it. Those that were not known yet when its waits were explained make these doubtful. */
static void meet_losses(const struct model *m, struct step *d)
{
	uint64_t first = UINT64_MAX, last = 0;

	d->n_lost = d->begin < m->lost_before;
	for (size_t i = m->n_losses; i-- > 0 && m->losses[i].to > d->begin;) {
		const struct loss *l = &m->losses[i];

		if (l->from >= d->end)
			continue;
		if (++d->n_lost <= LOSSES_EACH) {
			segments_doubt(d->seg, d->n_seg, l->from, l->to);
			d->n_seg = segments_lose(&d->seg, d->n_seg, l->cpu, l->from, l->to);
		}
		first = MIN(first, l->from);
		last = MAX(last, l->to);
	}
	if (d->n_lost > LOSSES_EACH)
		segments_doubt(d->seg, d->n_seg, first, last);
}

/* What can be told of the task's time by now: of a sleep that goes on, nothing; its end will tell. */
static uint64_t known_until(const struct task *t, uint64_t ts)
{
	return t->state != TS_RUNNING && t->nap.out && t->nap.out < ts ? t->nap.out : ts;
}

/* Takes the task's time up to ts for the step. Other steps on the same task get the sleep's chain when it has ended. */
static void take_until(struct steps *st, struct open_step *s, uint64_t ts)
{
	uint64_t known = MAX(known_until(s->t, ts), s->t->trail->done);
	struct segment still = { .cpu = CPU_NONE, .stage = ST_UNKNOWN, .confidence = CONF_INFERRED };

	advance(st->c, s->t->trail, MIN(known, ts));
	step_take(s, MIN(known, ts));
	if (s->piece_from >= ts)
		return;
	still.actor = ctx_strz(st->c, "still waiting");
	still.gate = s->t->nap.gate;
	add_piece(s, s->t->trail, &still, s->piece_from, ts, false);
	s->piece_from = ts;
}

/* An agent is a task with its threads and children: those that were forked from a named one are that one's. */
struct whose step_whose(const struct steps *st, const struct task *t, str_id agent, int32_t tgid)
{
	const struct task *root = model_task_known(&st->c->m, t->agent_pid);
	struct whose w = { .agent = agent, .tgid = tgid ? tgid : t->tgid ? t->tgid : t->pid };

	if (!agent && root) {
		w.agent = root->comm;
		w.tgid = root->tgid ? root->tgid : root->pid;
	}
	if (!w.agent)
		w.agent = t->comm;
	return w;
}

static uint32_t agent_row(struct steps *st, const struct task *t, struct step *d)
{
	struct whose w = step_whose(st, t, d->agent, d->tgid);

	d->agent = w.agent;
	return step_agent(st, w.agent, w.tgid, d->pid, d->cls);
}

/* Ends the step: its window is accounted for, added to the sums, kept or not. */
void step_close(struct steps *st, struct open_step *s, uint64_t ts)
{
	struct ctx *c = st->c;
	struct step *d;

	take_until(st, s, ts);
	if (c->m.counting && ts > s->s.begin) {
		d = xmalloc(sizeof *d);
		*d = s->s;
		d->serial = ++st->serial;
		d->end = ts;
		d->pid = s->t->pid;
		if (!d->tgid)
			d->tgid = s->t->tgid;
		d->cut_begin = d->begin < c->m.begin;
		d->seg = s->seg;
		d->n_seg = s->n_seg;
		d->ev = s->ev;
		d->n_ev = s->n_ev;
		d->has_segments = 1;
		meet_losses(&c->m, d);
		s->seg = NULL;
		s->ev = NULL;
		s->s.id = s->s.trace = s->s.extra = 0;	/* they are d's now */
		d->agent_i = agent_row(st, s->t, d);
		s->t->agent = d->agent_i + 1;
		step_count(st, d, s->merged);
		step_harm_count(st, s, d->serial);
		step_keep(st, d);
	}
	step_drop(st, s);
}

/* Another thread goes on with the step: what the former did so far is its past. */
void step_hand_over(struct steps *st, struct open_step *s, struct task *t, uint64_t ts)
{
	take_until(st, s, ts);
	trail_release(s->t);
	if (!t->trail) {
		t->trail = xcalloc(1, sizeof *t->trail);
		trail_begin(t->trail, t, ts);
	}
	t->trail->n_steps++;
	s->t = t;
	trail_whose(t->trail, ts, s->s.agent, s->s.tgid);
}

/* ---- turns: from one return out of a wait to the next ---- */

static void turn(struct ctx *c, struct task *t, uint64_t ts)
{
	struct steps *st = c->steps;
	struct open_step *s = NULL;
	char id[24];

	for (size_t i = st->n_open; i-- > 0 && !s;)
		if (st->open[i]->by == BY_TURN && st->open[i]->t == t)
			s = st->open[i];
	if (s) {
		t->trail->n_steps++;	/* keep the trail over the moment between two turns */
		step_close(st, s, ts);
		if (!--t->trail->n_steps)	/* nobody looks back further than this turn */
			t->trail->n_seg = t->trail->n_ev = t->trail->n_on = t->trail->n_hit = 0;
	}
	s = step_open(st, t, ts, BY_TURN);
	if (!s)
		return;
	snprintf(id, sizeof id, "%llu", (unsigned long long)++st->turn_id);
	s->s.id = strs_own(c->m.strs, id, strlen(id));
	s->s.name = ctx_strz(c, "turn");
	step_harm_begins(s);
}

/* Back in userspace out of a call that waits by its nature. Did it, this time? */
void step_task_returned(struct ctx *c, struct task *t, uint64_t entered, uint64_t ts)
{
	const struct nap *n = model_nap(&c->m, t->last_nap);

	if (n && n->how != TASK_PREEMPTED && !(n->flags & NAP_LOST) && n->in && n->out >= entered && step_turns_of(c->steps, t))
		turn(c, t, ts);
}

/* ---- what sched.c tells ---- */

void step_task_in(struct ctx *c, struct task *t)
{
	const struct nap *n = model_nap(&c->m, t->last_nap), *old;

	/* history is a ring: a task that wakes often is accounted for before its past goes */
	old = model_nap(&c->m, t->trail->nap_done);
	if (n && (!old || n->self - old->self > NAP_RING / 4))
		advance(c, t->trail, n->in);
}

void step_task_gate(struct ctx *c, struct task *t, const struct event *ev, enum gate_edge edge, str_id name)
{
	struct trail *tr = t->trail;

	/* faults alone, and no call to leave: what is over is taken before they pile up */
	if (unlikely(tr->n_edge > 4096) && edge == GATE_FAULT && steps_windowed(c->steps))
		advance(c, tr, ev->ts);
	trail_edge(tr, ev, name, edge);
	if (edge == GATE_EXIT && (tr->nap_done != t->last_nap || tr->n_edge > 1024))
		advance(c, tr, ev->ts);
}

/* Its own steps end with it, uncounted: nobody said when they were done. */
void step_task_exited(struct ctx *c, struct task *t)
{
	struct steps *st = c->steps;

	step_marks_forget(st, t->pid);
	step_who_exited(st, t);
	for (size_t i = st->n_open; i-- > 0;)
		if (st->open[i]->t == t && st->open[i]->by != BY_ASYNC) {
			step_drop(st, st->open[i]);
			i = st->n_open;		/* the order has changed: look again from the end */
		}
}

/* ---- life ---- */

struct steps *steps_new(struct ctx *c, const struct opts *o)
{
	struct steps *st = xcalloc(1, sizeof *st);

	st->c = c;
	st->o = o;
	st->walk.c = c;
	st->selects = o->n_pids || o->n_comms;
	step_times_init(&st->times);
	return st;
}

void steps_free(struct steps *st)
{
	if (!st)
		return;
	while (st->n_open)
		step_drop(st, st->open[st->n_open - 1]);
	steps_bury(st->c);
	for (size_t k = 0; k < SLICES; k++) {
		for (size_t i = st->kept[k].first; i < st->kept[k].n; i++)
			step_free(st, st->kept[k].v[i]);
		free(st->kept[k].v);
	}
	step_sums_fini(st);
	chain_fini(&st->walk);
	free(st->grave);
	free(st->open);
	free(st->marks);
	free(st->marked);
	free(st->follows);
	free(st);
}

static int by_end(const void *a, const void *b)
{
	const struct step *x = *(struct step *const *)a, *y = *(struct step *const *)b;

	return x->end != y->end ? (x->end < y->end ? -1 : 1) : x->serial < y->serial ? -1 : 1;
}

void steps_finish(struct ctx *c)
{
	struct steps *st = c->steps;

	for (size_t k = 0; k < SLICES; k++)
		if (st->kept[k].n)
			qsort(st->kept[k].v + st->kept[k].first, st->kept[k].n - st->kept[k].first, sizeof *st->kept[k].v, by_end);
}

void steps_reset(struct ctx *c)
{
	step_harm_reset(c->steps);
}

void steps_look(const struct ctx *c, struct steps_view *v)
{
	struct steps *st = c->steps;
	size_t n_kept = 0;

	for (size_t k = 0; k < SLICES; k++)
		n_kept += st->kept[k].n - st->kept[k].first;
	*v = (struct steps_view){
		.n_follows = st->n_follows, .agents = st->agents, .n_agents = st->n_agents, .kinds = st->kinds, .n_kinds = st->n_kinds,
		.kept = st->kept, .n_kept = n_kept, .all = &st->all, .stage = st->stage, .ns = st->ns,
		.culprits = st->culprits, .n_culprits = st->n_culprits, .harms = st->harms, .n_harms = st->n_harms,
		.n_added_up = st->n_added_up,
		.slow = &st->slow, .times = &st->times, .n_all = st->all.n, .n_open = st->n_open, .n_marks = st->n_marks,
		.n_step_marks = st->n_step_marks, .n_cut = st->n_cut, .n_unpaired = st->n_unpaired,
		.n_given_up = st->n_given_up, .n_evicted = st->n_evicted, .n_merged = st->n_merged,
		.no_begin = st->begin_bound ? NULL : st->o->step_begin.event,
		.no_end = st->end_bound ? NULL : st->o->step_end.event,
	};
}
