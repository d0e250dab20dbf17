// SPDX-License-Identifier: GPL-2.0-only
/* Where steps begin and end: marks in trace_marker, and probes. */
#include "step_in.h"

#include <fnmatch.h>
#include <string.h>

/* ---- marks ---- */

static void set_words(struct steps *st, struct step *s, const struct step_words *w)
{
	struct strs *strs = steps_strs(st);
	char extra[512];
	size_t n = 0;

	s->id = strs_own(strs, w->id.p, w->id.len);
	s->agent = w->agent.len ? strs_temp(strs, w->agent.p, w->agent.len) : 0;
	s->name = w->name.len ? strs_temp(strs, w->name.p, w->name.len) : 0;
	s->cls = w->cls.len ? strs_temp(strs, w->cls.p, w->cls.len) : 0;
	s->trace = strs_own(strs, w->trace.p, w->trace.len);
	s->deadline_ns = w->deadline_ns;
	s->budget_ns = w->budget_ns;
	for (size_t i = 0; i < w->n_extra && n < sizeof extra - 1; i++)
		n += (size_t)snprintf(extra + n, sizeof extra - n, "%s%.*s", i ? " " : "",
				      (int)MIN(w->extras[i].len, 200u), w->extras[i].p);
	s->extra = strs_own(strs, extra, MIN(n, sizeof extra - 1));
}

static struct task_marks *marks_of(struct steps *st, int32_t pid)
{
	for (size_t i = 0; i < st->n_marks_of; i++)
		if (st->marks[i].pid == pid)
			return &st->marks[i];
	GROW(st->marks, st->n_marks_of, st->cap_marks_of);
	st->marks[st->n_marks_of] = (struct task_marks){ .pid = pid };
	return &st->marks[st->n_marks_of++];
}

void step_marks_forget(struct steps *st, int32_t pid)
{
	for (size_t i = 0; i < st->n_marks_of; i++)
		if (st->marks[i].pid == pid)
			st->marks[i].depth = st->marks[i].overflow = 0;
}

void step_marks_unlink(struct steps *st, const struct open_step *s)
{
	for (size_t i = 0; s->by == BY_MARK && i < st->n_marks_of; i++)
		for (unsigned k = 0; k < st->marks[i].depth; k++)
			if (st->marks[i].step[k] == s)
				st->marks[i].step[k] = NULL;
}

#define STACKS_MAX 4096			/* of threads that have not been heard of for long */

/* Only stacks with something on them need be remembered; of very many, not those of threads that are no longer known. */
void step_marks_turn(struct steps *st)
{
	size_t kept = 0;

	for (size_t i = 0; i < st->n_marks_of; i++) {
		const struct task_marks *k = &st->marks[i];

		if ((k->depth || k->overflow) && (kept < STACKS_MAX || model_task_known(&st->c->m, k->pid)))
			st->marks[kept++] = *k;
	}
	st->n_marks_of = kept;
}

static bool wanted(const struct steps *st, const struct task *t)
{
	return !steps_by_probe(st) && (!st->selects || t->followed);
}

/*
 * A new step begins on a thread whose last one is still open, and events were lost meanwhile: the last one's end was
 * among them. Taken for an outer step it would be closed by another's end, with a duration that never was.
 */
static void forget_lost_ends(struct steps *st, struct task_marks *k, uint64_t ts)
{
	while (k->depth && k->step[k->depth - 1] && model_lost_between(&st->c->m, k->step[k->depth - 1]->s.begin, ts)) {
		step_drop(st, k->step[--k->depth]);
		st->n_cut++;
	}
}

static void mark_begin(struct steps *st, struct task *t, const struct event *ev, const struct mark *m)
{
	struct task_marks *k = marks_of(st, t->pid);
	struct step_words words;
	struct open_step *s = NULL;
	bool is_step = mark_is_step(m->text, st->o->step_name, &words);

	st->n_step_marks += is_step;
	if (is_step)
		forget_lost_ends(st, k, ev->ts);
	if (k->depth == MARK_DEPTH) {
		k->overflow += k->overflow < 255;
		return;
	}
	if (is_step && wanted(st, t)) {
		steps_marked(st->c, t->pid);
		s = step_open(st, t, ev->ts, BY_MARK);
		if (s) {
			set_words(st, &s->s, &words);
			step_harm_begins(s);
		}
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

	if (!mark_is_step(m->text, st->o->step_name, &words))
		return;
	st->n_step_marks++;
	if (!wanted(st, t))
		return;
	if (steps_are_told(st))
		steps_marked(st->c, t->pid);
	s = step_open(st, t, ev->ts, BY_ASYNC);
	if (!s)
		return;
	s->cookie = m->cookie;
	s->s.tgid = m->tgid ? m->tgid : t->tgid;
	set_words(st, &s->s, &words);
	step_harm_begins(s);
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

static void mark_on(struct steps *st, struct task *t, const struct event *ev, const struct mark *m)
{
	struct open_step *s = async_of(st, t, m->tgid ? m->tgid : t->tgid, m->cookie);
	struct trail *tr;

	if (m->kind == MARK_ON && s && s->t != t)
		step_hand_over(st, s, t, ev->ts);
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

	st->n_marks += !steps_by_probe(st);
	if (!t || !mark_parse(event_text(ev, 0), &m))
		return;
	learn_tgid(c, t, m.tgid);
	if (st->selects && !t->followed && step_asked_for(st, t))
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
	s->s.id = strs_own(c->m.strs, id, strlen(id));
	step_harm_begins(s);
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

/* libagentstep's marks, where the agent may not write to trace_marker: agenttop's own uprobe on agentstep_mark_probe(). */
static bool is_mark_probe(const struct format *f)
{
	return !strncmp(f->full, "agenttop_", 9) && !strncmp(f->name, "mark", 4);
}

void steps_bind(struct ctx *c, struct binding *b, const struct format *f)
{
	struct want mark = { "ftrace:print", { "buf" }, on_print, 0 };

	if (is_mark_probe(f))
		mark = (struct want){ f->full, { "text" }, on_print, 0 };
	engine_bind_step(c, b, f, &mark);
	/* an event that both ends and begins ends the old step first */
	c->steps->end_bound |= bind_probe(c, b, f, &c->steps->o->step_end, on_probe_end);
	c->steps->begin_bound |= bind_probe(c, b, f, &c->steps->o->step_begin, on_probe_begin);
}
