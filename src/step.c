// SPDX-License-Identifier: GPL-2.0-only
#include "step.h"
#include "marks.h"
#include "trail.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define MARK_DEPTH 64
#define NAMES_MAX 1024		/* agents, and kinds of steps: more is a program that puts numbers into names */
#define OPEN_MAX 100000		/* steps open at once: more is a program that never ends them */

enum source_of_step { BY_MARK, BY_ASYNC, BY_PROBE, BY_TURN };
struct open_step {
	struct step s;
	struct task *t;			/* whose trail is its time */
	enum source_of_step by;
	uint64_t cookie, piece_from;
	struct open_step *next;		/* of the same task: newest first; of the free list */
	struct segment *seg;		/* pieces from tasks that worked for it before */
	size_t n_seg, cap_seg;
	struct evidence *ev;
	size_t n_ev, cap_ev;
	bool ever_on;
};
struct task_marks {			/* the stack of B marks of a thread */
	int32_t pid;
	uint8_t depth, overflow;
	struct open_step *step[MARK_DEPTH];	/* NULL: a mark that is no step */
};
struct steps {
	struct ctx *c;
	const struct opts *o;
	struct walk walk;
	struct open_step **open;
	size_t n_open, cap_open;
	struct task_marks *marks;
	size_t n_marks_of, cap_marks_of;
	struct agent *agents;
	size_t n_agents, cap_agents;
	struct kind *kinds;
	size_t n_kinds, cap_kinds;
	struct step **kept;
	size_t n_kept, cap_kept;
	struct culprit *culprits;
	size_t n_culprits, cap_culprits;
	struct dist all, stage[N_STAGES];
	uint64_t ns[N_STAGES];
	struct slow slow;
	uint64_t n_all, n_marks, n_unpaired, serial, begun, turn_id;
	int32_t *marked;
	size_t n_marked, cap_marked;
	bool begin_bound, end_bound;	/* the probes' events are in the recording, with the fields of their filters */
	bool selects;			/* -p or -c: only those tasks' steps */
};

/* ---- who is an agent ---- */

static bool has_probes(const struct steps *st)
{
	return st->o->step_begin.event != NULL;
}

static bool is_marked(const struct steps *st, int32_t pid)
{
	for (size_t i = 0; i < st->n_marked; i++)
		if (st->marked[i] == pid)
			return true;
	return false;
}

/* Does the agent that this task belongs to mark its steps? Then its helper threads make no turns either. */
static bool agent_marks(const struct steps *st, const struct task *t)
{
	for (size_t i = 0; i < st->n_marked; i++) {
		const struct task *m = model_task_known(&st->c->m, st->marked[i]);

		if (st->marked[i] == t->pid || (m && (m->comm == t->comm || (m->tgid && m->tgid == t->tgid))))
			return true;
	}
	return false;
}

void steps_marked(struct ctx *c, int32_t pid)
{
	struct steps *st = c->steps;

	if (is_marked(st, pid))
		return;
	GROW(st->marked, st->n_marked, st->cap_marked);
	st->marked[st->n_marked++] = pid;
}

static bool asked_for(const struct steps *st, const struct task *t)
{
	for (size_t i = 0; i < st->o->n_pids; i++)
		if (st->o->pid[i] == t->pid || st->o->pid[i] == t->tgid)
			return true;
	return t->comm && opts_comm_match(st->o, ctx_text(st->c, t->comm));
}

void step_task_named(struct ctx *c, struct task *t)
{
	if (c->steps->selects && !t->followed && asked_for(c->steps, t))
		t->followed = 1;
}

void step_task_forked(struct ctx *c, struct task *parent, struct task *child)
{
	child->tgid = 0;
	if (c->steps->selects && (parent->followed || asked_for(c->steps, child)))
		child->followed = 1;
}

static bool turns_of(const struct steps *st, const struct task *t)
{
	return t->followed && !has_probes(st) && !agent_marks(st, t);
}

static uint32_t agent_of(struct steps *st, str_id name, int32_t tgid, int32_t pid, str_id cls)
{
	for (size_t i = 0; i < st->n_agents; i++)
		if (st->agents[i].name == name && st->agents[i].tgid == tgid) {
			if (cls)
				st->agents[i].cls = cls;
			return (uint32_t)i;
		}
	if (st->n_agents == NAMES_MAX)
		return NAMES_MAX - 1;
	GROW(st->agents, st->n_agents, st->cap_agents);
	st->agents[st->n_agents] = (struct agent){ .name = name, .tgid = tgid, .comm_pid = pid, .cls = cls };
	return (uint32_t)st->n_agents++;
}

static struct kind *kind_of(struct steps *st, uint32_t agent_i, str_id name)
{
	for (size_t i = 0; i < st->n_kinds; i++)
		if (st->kinds[i].agent_i == agent_i && st->kinds[i].name == name)
			return &st->kinds[i];
	if (st->n_kinds == NAMES_MAX)
		return &st->kinds[NAMES_MAX - 1];
	GROW(st->kinds, st->n_kinds, st->cap_kinds);
	st->kinds[st->n_kinds] = (struct kind){ .agent_i = agent_i, .name = name };
	return &st->kinds[st->n_kinds++];
}

/* ---- harm ---- */

static struct culprit *culprit(struct steps *st, const struct run *r)
{
	uint32_t id = r->level == LEVEL_TASK || r->flags & RUN_VECTOR ? 0 : r->id;

	for (size_t i = 0; i < st->n_culprits; i++)
		if (st->culprits[i].level == r->level && st->culprits[i].id == id && st->culprits[i].name == r->name)
			return &st->culprits[i];
	GROW(st->culprits, st->n_culprits, st->cap_culprits);
	st->culprits[st->n_culprits] = (struct culprit){ .level = r->level, .id = id, .name = r->name };
	return &st->culprits[st->n_culprits++];
}

/* Work that the task itself gave rise to (its own packet, sent through loopback) is no harm done to it. */
static bool own_doing(struct ctx *c, const struct run *r, const struct task *t)
{
	const struct run *by = model_run(&c->m, r->by);

	return r->level == LEVEL_SOFTIRQ && by && by->level == LEVEL_TASK && (int32_t)by->id == t->pid;
}

static void on_segment(struct ctx *c, struct trail *tr, const struct link_seg *l)
{
	const struct run *r = model_run(&c->m, l->thief);
	struct task *t;

	if (!r || own_doing(c, r, tr->t))
		return;
	if (r->level == LEVEL_TASK) {
		t = model_task_known(&c->m, (int32_t)r->id);
		if (t && t != tr->t)
			t->harm += l->to - l->from;
		return;
	}
	culprit(c->steps, r)->harm += l->to - l->from;
	model_cpu(&c->m, r->cpu)->harm += l->to - l->from;
}

static void on_completed(struct ctx *c, struct trail *tr, run_id id)
{
	const struct run *r = model_run(&c->m, id);
	struct culprit *p;

	if (!r || !tr->step_serial)
		return;
	p = culprit(c->steps, r);
	if (p->last_step == tr->step_serial)
		return;
	p->last_step = tr->step_serial;
	p->completed++;
}

static const struct trail_sink sink = { on_segment, on_completed };

static void advance(struct ctx *c, struct trail *tr, uint64_t upto)
{
	trail_advance(c, &c->steps->walk, &sink, tr, upto);
}

const struct culprit *steps_culprit(const struct ctx *c, uint32_t level, uint32_t id, str_id name)
{
	for (size_t i = 0; i < c->steps->n_culprits; i++) {
		const struct culprit *p = &c->steps->culprits[i];

		if (p->level == level && p->id == id && p->name == name)
			return p;
	}
	return NULL;
}

/* ---- opening and closing ---- */

static struct open_step *step_open(struct steps *st, struct task *t, uint64_t ts, enum source_of_step by)
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
	s->t = t;
	s->by = by;
	s->s.begin = s->piece_from = ts;
	s->s.pid = t->pid;
	s->s.tgid = t->tgid;
	s->s.serial = ++st->begun;
	t->trail->step_serial = s->s.serial;
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

static void open_free(struct steps *st, struct open_step *s)
{
	for (size_t i = st->n_open; i-- > 0;)
		if (st->open[i] == s) {
			st->open[i] = st->open[--st->n_open];
			break;
		}
	if (s->t)
		trail_release(s->t);
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
		d->actor = 0;
		d->confidence = CONF_PROVEN;
	}
	for (uint32_t i = 0; i < from->n_ev; i++) {
		GROW(s->ev, s->n_ev, s->cap_ev);
		s->ev[s->n_ev++] = tr->ev[from->ev + i];
	}
}

/* Copies the window [piece_from, to) of the trail to the step; what another step took is `loop`. */
static void take_window(struct open_step *s, uint64_t to)
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
	s->piece_from = to;
}

static void slow_add(struct slow *sl, uint64_t dur, const uint64_t *ns)
{
	/* buckets of less than 1 %: seven bits below the leading one */
	unsigned shift = dur >= 256 ? (unsigned)(63 - __builtin_clzll(dur)) - 7 : 0;
	uint64_t key = dur >> shift << shift;
	size_t lo = 0, hi = sl->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (sl->v[mid].dur < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == sl->n || sl->v[lo].dur != key) {
		GROW(sl->v, sl->n, sl->cap);
		memmove(&sl->v[lo + 1], &sl->v[lo], (sl->n - lo) * sizeof *sl->v);
		sl->v[lo] = (struct slow_bucket){ .dur = key };
		sl->n++;
	}
	sl->v[lo].n++;
	for (int i = 0; i < N_STAGES; i++)
		sl->v[lo].ns[i] += ns[i];
}

uint64_t slow_share(const struct slow *sl, uint64_t n_all, uint64_t ns[N_STAGES])
{
	uint64_t want = n_all / 100 + (n_all % 100 != 0), got = 0;

	memset(ns, 0, N_STAGES * sizeof *ns);
	for (size_t i = sl->n; i-- > 0 && got < want;) {
		got += sl->v[i].n;
		for (int k = 0; k < N_STAGES; k++)
			ns[k] += sl->v[i].ns[k];
	}
	return got;
}

static void add_occurrences(struct steps *st, struct agent *a, const struct step *s)
{
	for (size_t i = 0; i < s->n_seg;) {
		size_t k = i;

		while (k + 1 < s->n_seg && s->seg[k + 1].stage == s->seg[i].stage)
			k++;
		dist_add(&st->stage[s->seg[i].stage], s->seg[k].to - s->seg[i].from);
		dist_add(&a->stage[s->seg[i].stage], s->seg[k].to - s->seg[i].from);
		i = k + 1;
	}
}

static void count_step(struct steps *st, struct step *s)
{
	struct agent *a = &st->agents[s->agent_i];
	struct kind *k = kind_of(st, s->agent_i, s->name);
	uint64_t dur = s->end - s->begin;

	for (size_t i = 0; i < s->n_seg; i++)
		s->ns[s->seg[i].stage] += s->seg[i].to - s->seg[i].from;
	s->missed = s->deadline_ns && dur > s->deadline_ns;
	s->over_budget = s->budget_ns && s->ns[ST_USER] + s->ns[ST_KERNEL] + s->ns[ST_RETURN] > s->budget_ns;
	dist_add(&st->all, dur);
	dist_add(&a->steps, dur);
	dist_add(&k->steps, dur);
	if (a->last_end && s->begin >= a->last_end)
		dist_add(&a->between, s->begin - a->last_end);
	a->last_end = MAX(a->last_end, s->end);
	a->n_deadline_miss += s->missed;
	a->n_budget_miss += s->over_budget;
	k->n_deadline_miss += s->missed;
	for (int i = 0; i < N_STAGES; i++) {
		a->ns[i] += s->ns[i];
		k->ns[i] += s->ns[i];
		st->ns[i] += s->ns[i];
	}
	add_occurrences(st, a, s);
	slow_add(&st->slow, dur, s->ns);
	slow_add(&k->slow, dur, s->ns);
	st->n_all++;
}

static void step_free(struct step *s)
{
	free(s->seg);
	free(s->ev);
	free(s);
}

static uint64_t duration(const struct step *s)
{
	return s->end - s->begin;
}

/* Keeps the worst N: kept[] is a heap with the shortest on top until steps_finish() sorts it. */
static void sift_down(struct step **h, size_t n, size_t i)
{
	for (;;) {
		size_t low = i, l = 2 * i + 1, r = l + 1;

		if (l < n && duration(h[l]) < duration(h[low]))
			low = l;
		if (r < n && duration(h[r]) < duration(h[low]))
			low = r;
		if (low == i)
			return;
		struct step *x = h[i];
		h[i] = h[low];
		h[low] = x;
		i = low;
	}
}

static void keep(struct steps *st, struct step *s)
{
	if (st->o->steps == STEPS_NONE) {
		step_free(s);
		return;
	}
	if (st->o->steps == STEPS_WORST && st->n_kept >= st->o->n_worst) {
		if (!st->n_kept || duration(s) <= duration(st->kept[0])) {
			step_free(s);
			return;
		}
		step_free(st->kept[0]);
		st->kept[0] = s;
		sift_down(st->kept, st->n_kept, 0);
		return;
	}
	GROW(st->kept, st->n_kept, st->cap_kept);
	st->kept[st->n_kept++] = s;
	if (st->o->steps == STEPS_WORST && st->n_kept == st->o->n_worst)
		for (size_t i = st->n_kept / 2 + 1; i-- > 0;)
			sift_down(st->kept, st->n_kept, i);
}

static uint32_t losses_in(const struct model *m, uint64_t from, uint64_t to)
{
	uint32_t n = 0;

	for (size_t i = m->n_losses; i-- > 0 && m->losses[i].to > from;)
		n += m->losses[i].from < to;
	return n;
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
	take_window(s, MIN(known, ts));
	if (known >= ts)
		return;
	still.actor = ctx_strz(st->c, "still waiting");
	still.gate = s->t->nap.gate;
	add_piece(s, s->t->trail, &still, MAX(known, s->s.begin), ts, false);
	s->piece_from = ts;
}

/* Ends the step: its window is accounted for, added to the sums, kept or not. */
static void step_close(struct steps *st, struct open_step *s, uint64_t ts)
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
		d->n_lost = losses_in(&c->m, d->begin, d->end);
		d->cut_begin = d->begin < c->m.begin;
		d->seg = s->seg;
		d->n_seg = s->n_seg;
		d->ev = s->ev;
		d->n_ev = s->n_ev;
		d->has_segments = 1;
		s->seg = NULL;
		s->ev = NULL;
		if (!d->agent)
			d->agent = s->t->comm;
		d->agent_i = agent_of(st, d->agent, d->tgid ? d->tgid : d->pid, d->pid, d->cls);
		count_step(st, d);
		keep(st, d);
	}
	open_free(st, s);
}

/* ---- marks ---- */

static void set_words(struct steps *st, struct step *s, const struct step_words *w)
{
	struct ctx *c = st->c;
	char extra[512];
	size_t n = 0;

	s->id = ctx_str(c, w->id);
	s->agent = w->agent.len ? ctx_str(c, w->agent) : 0;
	s->name = w->name.len ? ctx_str(c, w->name) : 0;
	s->cls = w->cls.len ? ctx_str(c, w->cls) : 0;
	s->trace = w->trace.len ? ctx_str(c, w->trace) : 0;
	s->deadline_ns = w->deadline_ns;
	s->budget_ns = w->budget_ns;
	for (size_t i = 0; i < w->n_extra && n < sizeof extra - 1; i++)
		n += (size_t)snprintf(extra + n, sizeof extra - n, "%s%.*s", i ? " " : "",
				      (int)MIN(w->extras[i].len, 200u), w->extras[i].p);
	s->extra = n ? strs_id(c->m.strs, extra, MIN(n, sizeof extra - 1)) : 0;
}

static struct task_marks *marks_of(struct steps *st, int32_t pid)
{
	for (size_t i = 0; i < st->n_marks_of; i++)
		if (st->marks[i].pid == pid)
			return &st->marks[i];
	GROW(st->marks, st->n_marks_of, st->cap_marks_of);
	st->marks[st->n_marks_of].pid = pid;
	return &st->marks[st->n_marks_of++];
}

static bool wanted(const struct steps *st, const struct task *t)
{
	return !has_probes(st) && (!st->selects || t->followed);
}

static void mark_begin(struct steps *st, struct task *t, const struct event *ev, const struct mark *m)
{
	struct task_marks *k = marks_of(st, t->pid);
	struct step_words words;
	struct open_step *s = NULL;

	if (k->depth == MARK_DEPTH) {
		k->overflow += k->overflow < 255;
		return;
	}
	if (wanted(st, t) && mark_is_step(m->text, st->o->step_name, &words)) {
		steps_marked(st->c, t->pid);
		s = step_open(st, t, ev->ts, BY_MARK);
		if (s)
			set_words(st, &s->s, &words);
	}
	k->step[k->depth++] = s;
}

static void mark_end(struct steps *st, struct task *t, const struct event *ev)
{
	struct task_marks *k = marks_of(st, t->pid);
	struct open_step *s;

	if (k->overflow) {
		k->overflow--;
		return;
	}
	if (!k->depth) {
		st->n_unpaired++;	/* begun before the recording, or lost */
		return;
	}
	s = k->step[--k->depth];
	if (s)
		step_close(st, s, ev->ts);
}

static struct open_step *async_of(struct steps *st, const struct task *t, int32_t tgid, uint64_t cookie)
{
	struct open_step *best = NULL;

	for (size_t i = st->n_open; i-- > 0;) {
		struct open_step *s = st->open[i];

		if (s->by != BY_ASYNC || s->cookie != cookie || s->s.tgid != tgid)
			continue;
		/* in containers a mark's tgid is not unique: the thread's own step comes first, then the newest */
		if (!best || (s->t == t) > (best->t == t) || ((s->t == t) == (best->t == t) && s->s.serial > best->s.serial))
			best = s;
	}
	return best;
}

static void mark_async_begin(struct steps *st, struct task *t, const struct event *ev, const struct mark *m)
{
	struct step_words words;
	struct open_step *s;

	if (!wanted(st, t) || !mark_is_step(m->text, st->o->step_name, &words))
		return;
	s = step_open(st, t, ev->ts, BY_ASYNC);
	if (!s)
		return;
	s->cookie = m->cookie;
	s->s.tgid = m->tgid ? m->tgid : t->tgid;
	set_words(st, &s->s, &words);
}

static void mark_async_end(struct steps *st, struct task *t, const struct event *ev, const struct mark *m)
{
	struct open_step *s = async_of(st, t, m->tgid ? m->tgid : t->tgid, m->cookie);
	struct step_words words;

	if (s)
		step_close(st, s, ev->ts);
	else if (mark_is_step(m->text, st->o->step_name, &words))
		st->n_unpaired++;
}

/* Another thread goes on with the step: what the former did so far is its past. */
static void hand_over(struct steps *st, struct open_step *s, struct task *t, uint64_t ts)
{
	take_until(st, s, ts);
	trail_release(s->t);
	if (!t->trail) {
		t->trail = xcalloc(1, sizeof *t->trail);
		trail_begin(t->trail, t, ts);
	}
	t->trail->n_steps++;
	s->t = t;
}

static void mark_on(struct steps *st, struct task *t, const struct event *ev, const struct mark *m)
{
	struct open_step *s = async_of(st, t, m->tgid ? m->tgid : t->tgid, m->cookie);
	struct trail *tr;

	if (m->kind == MARK_ON && s && s->t != t)
		hand_over(st, s, t, ev->ts);
	tr = t->trail;
	if (!tr)
		return;
	GROW(tr->on, tr->n_on, tr->cap_on);
	tr->on[tr->n_on++] = (struct turn_of){ ev->ts, m->kind == MARK_ON ? m->cookie : 0 };
}

/* A mark's tgid is the writer's own idea: in a container it is another number than outside. */
static void learn_tgid(struct ctx *c, struct task *t, int32_t tgid)
{
	const struct task *leader = model_task_known(&c->m, tgid);

	if (!t->tgid && tgid && (tgid == t->pid || (leader && leader->comm && leader->comm == t->comm)))
		t->tgid = tgid;
}

static void on_print(struct ctx *c, const struct event *ev)
{
	struct steps *st = c->steps;
	struct task *t = model_task(&c->m, ev->pid);
	struct mark m;

	st->n_marks += !has_probes(st);
	if (!t || !mark_parse(event_text(ev, 0), &m))
		return;
	learn_tgid(c, t, m.tgid);
	if (st->selects && !t->followed && asked_for(st, t))
		t->followed = 1;
	switch (m.kind) {
	case MARK_BEGIN: mark_begin(st, t, ev, &m); break;
	case MARK_END: mark_end(st, t, ev); break;
	case MARK_ASYNC_BEGIN: mark_async_begin(st, t, ev, &m); break;
	case MARK_ASYNC_END: mark_async_end(st, t, ev, &m); break;
	case MARK_ON: case MARK_OFF: mark_on(st, t, ev, &m); break;
	case MARK_NONE: break;
	}
}

bool steps_is_mark(const struct opts *o, struct text t)
{
	struct step_words words;
	struct mark m;

	return mark_parse(t, &m) && (m.kind == MARK_BEGIN || m.kind == MARK_ASYNC_BEGIN) &&
	       mark_is_step(m.text, o->step_name, &words);
}

/* ---- probes: any event begins or ends a step ---- */

static bool term_holds(const struct filter_term *f, const struct event *ev, unsigned i, bool is_text)
{
	int64_t v = (int64_t)ev->val[i], want = (int64_t)f->num;
	struct text t;
	char text[256];

	if (is_text || !f->is_number) {
		t = event_text(ev, i);
		snprintf(text, sizeof text, "%.*s", (int)MIN(t.len, 255u), t.p);
		if (f->op == FILTER_GLOB)
			return !fnmatch(f->text, text, 0);
		return f->op == FILTER_NE ? strcmp(text, f->text) != 0 : f->op == FILTER_EQ && !strcmp(text, f->text);
	}
	switch (f->op) {
	case FILTER_EQ: return v == want;
	case FILTER_NE: return v != want;
	case FILTER_LT: return v < want;
	case FILTER_GT: return v > want;
	case FILTER_LE: return v <= want;
	case FILTER_GE: return v >= want;
	case FILTER_GLOB: break;
	}
	return false;
}

static bool probe_holds(struct ctx *c, const struct probe *p, const struct event *ev)
{
	const struct format *f = c->formats->v[ev->type];

	for (size_t i = 0; i < p->n_terms && i < EVENT_VALS; i++) {
		const struct field *fl = format_field(f, p->term[i].field);

		if (!fl || !term_holds(&p->term[i], ev, (unsigned)i, fl->kind != FIELD_NUM))
			return false;
	}
	return true;
}

static struct open_step *newest_probe_step(struct steps *st, const struct task *t)
{
	struct open_step *newest = NULL;

	for (size_t i = 0; i < st->n_open; i++)
		if (st->open[i]->by == BY_PROBE && st->open[i]->t == t && (!newest || st->open[i]->s.serial > newest->s.serial))
			newest = st->open[i];
	return newest;
}

static struct task *probe_task(struct ctx *c, const struct event *ev)
{
	struct steps *st = c->steps;
	struct task *t = ev->has_ctx ? model_task(&c->m, ev->pid) : NULL;

	if (!t || ev->flags & EVENT_IN_IRQ || (st->selects && !t->followed))
		return NULL;
	return t;
}

static void on_probe_end(struct ctx *c, const struct event *ev)
{
	struct task *t = probe_task(c, ev);
	struct open_step *s;

	if (!t || !probe_holds(c, &c->steps->o->step_end, ev))
		return;
	s = newest_probe_step(c->steps, t);
	if (s)
		step_close(c->steps, s, ev->ts);
	else
		c->steps->n_unpaired++;
}

static void on_probe_begin(struct ctx *c, const struct event *ev)
{
	struct task *t = probe_task(c, ev);
	struct open_step *s;
	char id[24];

	if (!t || !probe_holds(c, &c->steps->o->step_begin, ev))
		return;
	s = step_open(c->steps, t, ev->ts, BY_PROBE);
	if (!s)
		return;
	snprintf(id, sizeof id, "%llu", (unsigned long long)++c->steps->turn_id);
	s->s.id = ctx_strz(c, id);
}

static bool bind_probe(struct ctx *c, struct binding *b, const struct format *f, const struct probe *p,
		       void (*on)(struct ctx *, const struct event *))
{
	struct want w = { .event = f->full, .on = on };
	unsigned before = b->n;

	if (!p->event || (strcmp(p->event, f->full) && strcmp(p->event, f->name)))
		return false;
	for (size_t i = 0; i < p->n_terms && i < EVENT_VALS; i++)
		w.field[i] = p->term[i].field;
	engine_bind_step(c, b, f, &w);
	return b->n > before;
}

void steps_bind(struct ctx *c, struct binding *b, const struct format *f)
{
	static const struct want print = { "ftrace:print", { "buf" }, on_print, 0 };

	engine_bind_step(c, b, f, &print);
	/* an event that both ends and begins ends the old step first */
	c->steps->end_bound |= bind_probe(c, b, f, &c->steps->o->step_end, on_probe_end);
	c->steps->begin_bound |= bind_probe(c, b, f, &c->steps->o->step_begin, on_probe_begin);
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
			t->trail->n_seg = t->trail->n_ev = t->trail->n_on = 0;
	}
	s = step_open(st, t, ts, BY_TURN);
	if (!s)
		return;
	snprintf(id, sizeof id, "%llu", (unsigned long long)++st->turn_id);
	s->s.id = ctx_strz(c, id);
	s->s.name = ctx_strz(c, "turn");
}

/* Back in userspace out of a call that waits by its nature. Did it, this time? */
void step_task_returned(struct ctx *c, struct task *t, uint64_t entered, uint64_t ts)
{
	const struct nap *n = model_nap(&c->m, t->last_nap);

	if (n && n->how != TASK_PREEMPTED && !(n->flags & NAP_LOST) && n->in && n->out >= entered && turns_of(c->steps, t))
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

	trail_edge(tr, ev, name, edge);
	if (edge == GATE_EXIT && (tr->nap_done != t->last_nap || tr->n_edge > 1024))
		advance(c, tr, ev->ts);
}

/* Its own steps end with it, uncounted: nobody said when they were done. */
void step_task_exited(struct ctx *c, struct task *t)
{
	struct steps *st = c->steps;
	struct task_marks *k = marks_of(st, t->pid);

	k->depth = k->overflow = 0;
	for (size_t i = st->n_open; i-- > 0;)
		if (st->open[i]->t == t && st->open[i]->by != BY_ASYNC) {
			open_free(st, st->open[i]);
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
	return st;
}

void steps_free(struct steps *st)
{
	if (!st)
		return;
	while (st->n_open)
		open_free(st, st->open[st->n_open - 1]);
	for (size_t i = 0; i < st->n_kept; i++)
		step_free(st->kept[i]);
	for (size_t i = 0; i < st->n_agents; i++) {
		dist_fini(&st->agents[i].steps);
		dist_fini(&st->agents[i].between);
		for (int k = 0; k < N_STAGES; k++)
			dist_fini(&st->agents[i].stage[k]);
	}
	for (size_t i = 0; i < st->n_kinds; i++) {
		dist_fini(&st->kinds[i].steps);
		free(st->kinds[i].slow.v);
	}
	dist_fini(&st->all);
	for (int k = 0; k < N_STAGES; k++)
		dist_fini(&st->stage[k]);
	chain_fini(&st->walk);
	free(st->slow.v);
	free(st->open);
	free(st->marks);
	free(st->agents);
	free(st->kinds);
	free(st->kept);
	free(st->culprits);
	free(st->marked);
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

	if (st->n_kept)
		qsort(st->kept, st->n_kept, sizeof *st->kept, by_end);
}

void steps_reset(struct ctx *c)
{
	for (size_t i = 0; i < c->steps->n_culprits; i++)
		c->steps->culprits[i].harm = c->steps->culprits[i].completed = 0;
}

void steps_look(const struct ctx *c, struct steps_view *v)
{
	const struct steps *st = c->steps;

	*v = (struct steps_view){
		.agents = st->agents, .n_agents = st->n_agents, .kinds = st->kinds, .n_kinds = st->n_kinds,
		.kept = st->kept, .n_kept = st->n_kept, .all = &st->all, .stage = st->stage, .ns = st->ns,
		.slow = &st->slow, .n_all = st->n_all, .n_open = st->n_open, .n_marks = st->n_marks,
		.n_unpaired = st->n_unpaired,
		.no_begin = st->begin_bound ? NULL : st->o->step_begin.event,
		.no_end = st->end_bound ? NULL : st->o->step_end.event,
	};
}
