// SPDX-License-Identifier: GPL-2.0-only
/* Chain: where did this step's time go, and what proves it? One step as a waterfall, one piece of it in words. */
#include "explain.h"
#include "kinds.h"
#include "look.h"
#include "segments.h"
#include "step_head.h"
#include "view.h"
#include "waterfall.h"

#include <stdlib.h>
#include <string.h>

struct state {
	uint64_t serial;		/* the step; 0: nobody chose one, the slowest is shown */
	uint32_t from;			/* first chosen segment, when has_choice */
	bool has_choice;
	str_id actor;			/* chosen row; 0: the agent's */
	bool log, all;			/* all: the explanation has the whole body */
	bool walking;			/* the last action was ACT_LONGEST: the next one goes on */
	int skip;			/* lines of the explanation scrolled away */
	double x0, x1;			/* window; x1 == 0: the whole step */
	/* Made by update(). */
	const struct step *step;	/* NULL: none, or no longer kept */
	struct kinds kinds;
	char name[200];			/* of the step shown last, for when it is gone */
	uint64_t kind_id;		/* and its kind */
	uint32_t kind;
	uint32_t *slowest;		/* steps of this kind; NULL: not sorted yet */
	size_t n_slowest, rank;
	struct waterfall fall;
};

/* The steps of the same kind, slowest first, and which of them this one is. Sorted once for a kind and snapshot. */
static void find_rank(struct state *st, size_t step_i)
{
	uint32_t kind = step_i < st->kinds.n_steps ? st->kinds.step[step_i].kind : KIND_NONE;

	if (!st->slowest || kind != st->kind) {
		free(st->slowest);
		st->slowest = kinds_slowest(&st->kinds, kind, &st->n_slowest);
		st->kind = kind;
	}
	st->rank = 0;
	while (st->rank < st->n_slowest && st->slowest[st->rank] != step_i)
		st->rank++;
}

/* Pieces: neighbouring segments of one stage are one, when it is the same task's time. */
static bool one_piece(const struct segment *a, const struct segment *b)
{
	return a->stage == b->stage && a->peer == b->peer;
}

static uint32_t piece_begin(const struct waterfall *w, size_t i)
{
	while (i && one_piece(w->seg + i - 1, w->seg + i))
		i--;
	return (uint32_t)i;
}

static uint32_t piece_end(const struct waterfall *w, size_t i)
{
	size_t from = i;

	while (i < w->n_seg && one_piece(w->seg + from, w->seg + i))
		i++;
	return (uint32_t)i;
}

static uint64_t range_ns(const struct waterfall *w, uint32_t from, uint32_t to)
{
	return to > from && w->seg[to - 1].to > w->seg[from].from ? w->seg[to - 1].to - w->seg[from].from : 0;
}

/* Beyond its target; where time is lost or unknown, beyond a quarter of the step: then that is what matters. */
static uint64_t beyond(const struct waterfall *w, unsigned stage, uint64_t ns)
{
	uint64_t limit = stage == ST_LOST || stage == ST_UNKNOWN ? step_ns(w->step) / 4 : look_target(stage).tail_ns;

	return limit && ns > limit ? ns - limit : 0;
}

/* What to look at first: the piece that is most beyond its target; where none is, the longest. */
static uint32_t worst_piece(const struct waterfall *w)
{
	uint32_t worst = 0, longest = 0;
	uint64_t over = 0, most = 0;

	for (uint32_t i = 0; i < w->n_seg;) {
		uint32_t end = piece_end(w, i);
		uint64_t ns = range_ns(w, i, end), too_much = beyond(w, w->seg[i].stage, ns);

		if (too_much > over) {
			over = too_much;
			worst = i;
		}
		if (ns > most) {
			most = ns;
			longest = i;
		}
		i = end;
	}
	return over ? worst : longest;
}

static uint32_t actor_row(const struct state *st)
{
	if (st->actor)
		for (uint32_t i = 0; i < st->fall.n_actors; i++)
			if (st->fall.actors[i].id == st->actor)
				return i;
	return ACTOR_AGENT;
}

/* The chosen range: a piece of the agent's row, or one segment of an actor's. */
static struct pane make_pane(const struct state *st)
{
	const struct waterfall *w = &st->fall;
	struct pane p = { st->x0, st->x1 > 0 ? st->x1 : 1, st->log, 0, 0, actor_row(st) };

	if (!w->n_seg)
		return p;
	p.from = MIN(st->from, (uint32_t)w->n_seg - 1);
	if (p.actor == ACTOR_AGENT) {
		p.from = piece_begin(w, p.from);
		p.to = piece_end(w, p.from);
	} else {
		p.to = p.from + 1;
	}
	return p;
}

static void remember(struct state *st, const struct snapshot *s)
{
	const char *id = snapshot_str(s, st->step->id), *name = snapshot_str(s, st->step->name);
	char t[24], ns[16];

	snprintf(t, sizeof t, "#%llu", (unsigned long long)st->step->serial);
	snprintf(st->name, sizeof st->name, "%.80s%s%.60s %.30s, %s,", snapshot_str(s, st->step->agent), name[0] ? "/" : "", name,
		 id[0] ? id : t, fmt_ns(ns, sizeof ns, step_ns(st->step)));
	st->kind_id = st->kind < s->n_kinds ? kinds_id(s->kinds + st->kind) : 0;
}

/* step_i: number in snapshot.steps; beyond its end for none. */
static void show_step(struct state *st, const struct snapshot *s, size_t step_i)
{
	const struct step *step = step_i < s->n_steps ? s->steps[step_i] : NULL;
	bool other = !step || !st->step || step->serial != st->fall.serial;

	st->step = step;
	waterfall_set(&st->fall, step);
	find_rank(st, step_i);
	if (step)
		remember(st, s);
	if (other) {
		st->x0 = st->x1 = 0;
		st->actor = 0;
		st->skip = 0;
		st->has_choice = false;
	}
	if (!st->has_choice && st->fall.n_seg) {
		st->from = worst_piece(&st->fall);
		st->has_choice = true;
	}
}

static void update(void *state, const struct snapshot *s)
{
	struct state *st = state;

	kinds_update(&st->kinds, s);
	free(st->slowest);
	st->slowest = NULL;
	show_step(st, s, st->serial ? kinds_find(&st->kinds, st->serial) : kinds_worst(&st->kinds, KIND_NONE));
}

static void forget(void *state)
{
	struct state *st = state;

	st->serial = 0;
	st->step = NULL;
	st->name[0] = 0;
	waterfall_set(&st->fall, NULL);
}

/* Where the actor took most of this step's time at once, harm before anything else. */
static void choose_actor(struct state *st, const struct snapshot *s, const char *actor)
{
	const struct waterfall *w = &st->fall;
	uint64_t most = 0;
	bool harm = false;

	for (uint32_t i = 0; i < w->n_seg; i++) {
		const struct segment *g = w->seg + i;
		bool takes = g->stage == ST_IRQ_STEAL || g->stage == ST_SOFTIRQ_STEAL || g->stage == ST_RUNQUEUE ||
			     g->stage == ST_PREEMPTED;
		uint64_t ns = range_ns(w, i, i + 1);

		if ((harm && !takes) || (harm == takes && ns <= most) || strcmp(snapshot_str(s, g->who ? g->who : g->actor), actor))
			continue;
		harm = takes;
		most = ns;
		st->actor = g->actor;
		st->from = i;
		st->has_choice = true;
	}
}

/* The longest piece in a stage; the one that has been chosen stays when there is none. */
static void choose_stage(struct state *st, unsigned stage)
{
	const struct waterfall *w = &st->fall;
	uint64_t most = 0;

	for (uint32_t i = 0, end; i < w->n_seg; i = end) {
		end = piece_end(w, i);
		if (w->seg[i].stage == stage && range_ns(w, i, end) > most) {
			most = range_ns(w, i, end);
			st->from = i;
			st->actor = 0;
			st->x0 = st->x1 = 0;
		}
	}
}

static void enter(void *state, const struct snapshot *s, const struct target *to)
{
	struct state *st = state;

	st->serial = to->step;
	st->name[0] = 0;
	st->all = false;
	show_step(st, s, to->step ? kinds_find(&st->kinds, to->step) : kinds_worst(&st->kinds, KIND_NONE));
	if (to->actor)
		choose_actor(st, s, to->actor);
	if (to->stage_plus_1)
		choose_stage(st, to->stage_plus_1 - 1u);
}

static int head(const void *state, const struct snapshot *s, struct cells *c, struct rect r)
{
	const struct state *st = state;
	struct rank rank = { st->rank, st->n_slowest, 0, st->kind < s->n_kinds ? s->kinds + st->kind : NULL };

	if (!st->step)
		return 0;
	if (st->n_slowest)
		rank.slowest_ns = st->kinds.step[st->slowest[0]].ns;
	return step_head_draw(s, st->step, &st->fall, &rank, c, r);
}

/* Live: the step was there, and time has gone on. */
static void draw_gone(const struct state *st, const struct snapshot *s, struct cells *c, struct rect r)
{
	char text[480], t[16];
	uint64_t span;

	look_span_known(s, &span);
	snprintf(text, sizeof text, "Step %s has left the window (the last %s). Press < or > for the slowest step of its kind that is "
		 "in it, ] for the next in time, Esc for all of them.", st->name, look_seconds(t, sizeof t, span));
	cells_wrap(c, r, 0, STYLE_NOTE, text);
}

static void draw_nothing(const struct state *st, const struct snapshot *s, struct cells *c, struct rect r)
{
	const char *why;

	if (s->live.on && !st->step && st->serial && st->name[0]) {
		draw_gone(st, s, c, r);
		return;
	}
	if (s->live.on && !s->n_steps)
		why = "No step is in the window; the first screen says why.";
	else if (!s->n_steps && s->n_steps_all)
		why = "Steps were seen and are counted on the first screen, but no single one was kept (--steps says how many "
		      "are).";
	else if (!s->n_steps)
		why = s->complete ? "There are no steps in this recording; the first screen says why." :
		      "No step has ended so far.";
	else if (!st->step)
		why = "This step is no longer kept. Press > or < for the slowest one that is.";
	else if (!st->step->has_segments)
		why = "The segments of this step were not kept (--steps worst:N keeps those of the slowest); its time by stage is "
		      "above. Press < for a slower step.";
	else
		why = "This step has no segments: it took no time.";
	cells_wrap(c, r, 0, STYLE_NOTE, why);
}

/* Lines for the waterfall: what the explanation does not need, at least axis, agent and mark. */
static int fall_height(const struct state *st, int h)
{
	int want = 3 + (int)MIN(st->fall.n_actors, 200u), spare = h - 8;

	return MAX(3, MIN(want, MAX(spare, h / 2)));
}

/* In full where there is room for it. */
static void draw_words(const struct state *st, const struct snapshot *s, const struct pane *p, struct cells *c,
		       struct rect r)
{
	explain_draw(&st->fall, s, p, explain_fits(&st->fall, s, p, r), 0, c, r);
}

static void draw(const void *state, const struct snapshot *s, struct cells *c, struct rect r)
{
	const struct state *st = state;
	struct pane p = make_pane(st);
	int h = fall_height(st, r.h);

	if (!st->step || !st->fall.n_seg) {
		draw_nothing(st, s, c, r);
		return;
	}
	if (st->all) {
		explain_draw(&st->fall, s, &p, true, st->skip, c, r);
		return;
	}
	waterfall_draw(&st->fall, s, &p, c, (struct rect){ r.x, r.y, r.w, MIN(h, r.h) });
	cells_hit(c, (struct rect){ r.x, r.y, r.w, MIN(h, r.h) }, ACT_POINT, 1, HIT_PLACE);
	if (r.h > h)
		draw_words(st, s, &p, c, (struct rect){ r.x, r.y + h, r.w, r.h - h });
}

static void status(const void *state, const struct snapshot *s, char *buf, size_t len)
{
	const struct state *st = state;
	char n[16];

	(void)s;
	buf[0] = 0;
	if (st->step && st->fall.n_seg)
		snprintf(buf, len, "%s segments%s%s", look_count(n, sizeof n, st->fall.n_seg), st->log ? " · log time" : "",
			 st->x1 > 0 ? " · zoomed" : "");
}

#define NARROWEST 1e-10			/* of the step: below it, places have no more digits */

static void set_window(struct state *st, double x0, double width)
{
	if (width >= 1) {
		st->x0 = st->x1 = 0;
		return;
	}
	width = MAX(width, NARROWEST);
	st->x0 = MAX(0.0, MIN(x0, 1 - width));
	st->x1 = st->x0 + width;
}

static double middle(const struct state *st, const struct pane *p)
{
	return (waterfall_from(&st->fall, p->log, p->from) + waterfall_to(&st->fall, p->log, p->to - 1)) / 2;
}

/* factor < 1 zooms in, about the chosen piece. */
static unsigned zoom(struct state *st, double factor)
{
	struct pane p = make_pane(st);
	double width = (p.x1 - p.x0) * factor, mid = middle(st, &p);

	if (mid < p.x0 || mid > p.x1)
		mid = (p.x0 + p.x1) / 2;
	set_window(st, mid - width * (mid - p.x0) / (p.x1 - p.x0), width);
	return UI_REDRAW;
}

static unsigned pan(struct state *st, int direction)
{
	struct pane p = make_pane(st);
	double width = p.x1 - p.x0;

	if (st->x1 > 0)
		set_window(st, p.x0 + direction * width / 4, width);
	return UI_REDRAW;
}

/* After the choice has moved: keep it in the window. */
static unsigned follow(struct state *st)
{
	struct pane p = make_pane(st);
	double width = p.x1 - p.x0, from, to;

	st->skip = 0;
	if (st->x1 <= 0)
		return UI_REDRAW;
	from = waterfall_from(&st->fall, p.log, p.from);
	to = waterfall_to(&st->fall, p.log, p.to - 1);
	if (from < p.x0 || to > p.x1)
		set_window(st, to - from > width ? from : (from + to - width) / 2, width);
	return UI_REDRAW;
}

static unsigned next_piece(struct state *st, int direction)
{
	const struct waterfall *w = &st->fall;
	struct pane p = make_pane(st);
	size_t i = direction > 0 ? p.to : p.from;

	if (p.actor == ACTOR_AGENT) {
		if (direction < 0 && i)
			st->from = piece_begin(w, i - 1);
		else if (direction > 0 && i < w->n_seg)
			st->from = (uint32_t)i;
		return follow(st);
	}
	if (direction > 0) {
		while (i < w->n_seg && w->actor_of[i] != p.actor)
			i++;
		st->from = i < w->n_seg ? (uint32_t)i : st->from;
	} else {
		while (i && w->actor_of[i - 1] != p.actor)
			i--;
		st->from = i ? (uint32_t)i - 1 : st->from;
	}
	return follow(st);
}

/* Pieces in order of length, equal ones in order of time: is (ns, i) after (than_ns, than_i)? */
static bool shorter(uint64_t ns, uint32_t i, uint64_t than_ns, uint32_t than_i)
{
	return ns < than_ns || (ns == than_ns && i > than_i);
}

/* To the longest piece of the agent's row; when that was the last thing done, to the next longest. */
static unsigned longest(struct state *st, bool again)
{
	const struct waterfall *w = &st->fall;
	struct pane p = make_pane(st);
	uint64_t limit = again ? range_ns(w, p.from, p.to) : UINT64_MAX, best = 0;
	uint32_t found = UINT32_MAX;

	for (uint32_t i = 0; i < w->n_seg;) {
		uint32_t end = piece_end(w, i);
		uint64_t ns = range_ns(w, i, end);

		if ((!again || shorter(ns, i, limit, p.from)) && (found == UINT32_MAX || ns > best)) {
			best = ns;
			found = i;
		}
		i = end;
	}
	if (found == UINT32_MAX)
		return longest(st, false);
	st->actor = 0;
	st->from = found;
	st->walking = true;
	return follow(st);
}

static unsigned next_row(struct state *st, int direction, int body_h)
{
	const struct waterfall *w = &st->fall;
	uint32_t now = actor_row(st), *rows;
	size_t n = (size_t)MAX(fall_height(st, body_h) - 3, 0), at = 0;

	rows = xcalloc(n, sizeof *rows);
	n = waterfall_rows(w, now, n, rows);
	while (now != ACTOR_AGENT && at < n && rows[at] != now)
		at++;
	at = now == ACTOR_AGENT ? 0 : at + 1;		/* 0: the agent's row */
	if (direction < 0 && at)
		at--;
	else if (direction > 0 && at < n)
		at++;
	if (at) {
		const struct actor *a = w->actors + rows[at - 1];

		/* Already on it when it is the one behind the chosen segment: stay there. */
		if (w->actor_of[make_pane(st).from] != rows[at - 1])
			st->from = a->longest;
		st->actor = a->id;
	} else {
		st->actor = 0;
	}
	free(rows);
	return follow(st);
}

/* Who took most of the chosen piece; NULL: the agent itself, or nobody. */
static const char *whom_to_blame(const struct state *st, const struct snapshot *s)
{
	const struct waterfall *w = &st->fall;
	struct pane p = make_pane(st);
	uint64_t *ns = xcalloc(w->n_actors + 1, sizeof *ns), most = 0;
	const struct segment *who = NULL;

	for (uint32_t i = p.from; i < p.to; i++) {
		uint32_t a = w->actor_of[i];

		if (a >= w->n_actors)
			continue;
		ns[a] += range_ns(w, i, i + 1);
		if (ns[a] > most) {
			most = ns[a];
			who = w->seg + i;
		}
	}
	free(ns);
	return who ? snapshot_str(s, who->who ? who->who : who->actor) : NULL;
}

static unsigned go_to(struct state *st, const struct snapshot *s, size_t step_i)
{
	if (step_i >= s->n_steps)
		return 0;
	st->serial = s->steps[step_i]->serial;
	show_step(st, s, step_i);
	return UI_REDRAW;
}

/* When the step is gone: the slowest of its kind, else of all. */
static size_t slowest_left(const struct state *st, const struct snapshot *s)
{
	uint32_t kind = st->kind_id ? kinds_row(s, st->kind_id) : KIND_NONE;
	size_t i = kinds_worst(&st->kinds, kind);

	return i < s->n_steps ? i : kinds_worst(&st->kinds, KIND_NONE);
}

static unsigned next_slowest(struct state *st, const struct snapshot *s, int direction)
{
	if (!st->step || st->rank >= st->n_slowest)
		return go_to(st, s, slowest_left(st, s));
	if (direction < 0 && st->rank)
		return go_to(st, s, st->slowest[st->rank - 1]);
	if (direction > 0 && st->rank + 1 < st->n_slowest)
		return go_to(st, s, st->slowest[st->rank + 1]);
	return 0;
}

/* When the step is gone, so are those before it: the first one of its kind that is left. */
static size_t first_after(const struct state *st, const struct snapshot *s)
{
	uint32_t kind = st->kind_id ? kinds_row(s, st->kind_id) : KIND_NONE;
	size_t i = 0;

	while (i < s->n_steps && ((kind != KIND_NONE && st->kinds.step[i].kind != kind) || st->kinds.step[i].serial < st->serial))
		i++;
	return i;
}

static unsigned next_in_time(struct state *st, const struct snapshot *s, int direction)
{
	size_t i;

	if (!st->step && st->serial)
		return direction > 0 ? go_to(st, s, first_after(st, s)) : 0;
	if (!st->step || st->rank >= st->n_slowest)
		return 0;
	i = st->slowest[st->rank];
	/* Running below 0 wraps beyond n_steps and ends the search as well. */
	for (i += (size_t)direction; i < s->n_steps; i += (size_t)direction)
		if (st->kinds.step[i].kind == st->kind)
			return go_to(st, s, i);
	return 0;
}

static unsigned scroll(struct state *st, const struct snapshot *s, enum action a, struct rect body)
{
	struct cells none = { 0 };
	struct pane p = make_pane(st);
	int lines = explain_draw(&st->fall, s, &p, true, 0, &none, body);
	int page = MAX(body.h - 1, 1), last = MAX(lines - body.h, 0);

	st->skip += a == ACT_UP ? -1 : a == ACT_DOWN ? 1 : a == ACT_PAGE_UP ? -page : a == ACT_PAGE_DOWN ? page : 0;
	if (a == ACT_FIRST || a == ACT_LAST)
		st->skip = a == ACT_FIRST ? 0 : last;
	st->skip = MAX(0, MIN(st->skip, last));
	return UI_REDRAW;
}

static unsigned point(struct state *st, const struct snapshot *s, const struct move *m)
{
	struct rect r = { m->body.x, m->body.y, m->body.w, MIN(fall_height(st, m->body.h), m->body.h) };
	struct pane p = make_pane(st);
	uint32_t actor, seg;

	if (st->all || !waterfall_at(&st->fall, s, &p, r, m->x, m->y, &actor, &seg))
		return 0;
	st->actor = actor == ACTOR_AGENT ? 0 : st->fall.actors[actor].id;
	st->from = seg;
	st->skip = 0;
	/* What is clicked stays where it is, though all of it may not be seen. */
	if (waterfall_from(&st->fall, p.log, seg) < p.x1 && waterfall_to(&st->fall, p.log, seg) > p.x0)
		return UI_REDRAW;
	return follow(st);
}

/* What moves inside the step. */
static unsigned act_inside(struct state *st, const struct snapshot *s, enum action a, struct rect body, bool walked)
{
	bool moves = a == ACT_UP || a == ACT_DOWN || a == ACT_PAGE_UP || a == ACT_PAGE_DOWN || a == ACT_FIRST ||
		     a == ACT_LAST;

	if (st->all && moves)
		return scroll(st, s, a, body);
	switch (a) {
	case ACT_LEFT:
		return next_piece(st, -1);
	case ACT_RIGHT:
		return next_piece(st, 1);
	case ACT_UP:
		return next_row(st, -1, body.h);
	case ACT_DOWN:
		return next_row(st, 1, body.h);
	case ACT_FIRST:
		st->from = 0;
		st->actor = 0;
		return follow(st);
	case ACT_LAST:
		st->from = (uint32_t)st->fall.n_seg - 1;
		st->actor = 0;
		return follow(st);
	case ACT_LONGEST:
		return longest(st, walked);
	case ACT_ZOOM_IN:
		return zoom(st, 0.5);
	case ACT_ZOOM_OUT:
		return zoom(st, 2);
	case ACT_ZOOM_ALL:
		set_window(st, 0, 1);
		return UI_REDRAW;
	case ACT_PAN_LEFT:
		return pan(st, -1);
	case ACT_PAN_RIGHT:
		return pan(st, 1);
	case ACT_LOG:
		st->log = !st->log;
		set_window(st, 0, 1);
		return UI_REDRAW;
	case ACT_ENTER:
		st->all = !st->all;
		st->skip = 0;
		return UI_REDRAW;
	default:
		return 0;
	}
}

static unsigned act(void *state, const struct snapshot *s, enum action a, struct move *m)
{
	struct state *st = state;
	bool walked = st->walking;

	st->walking = false;
	switch (a) {
	case ACT_SLOWER:
		return next_slowest(st, s, -1);
	case ACT_FASTER:
		return next_slowest(st, s, 1);
	case ACT_EARLIER:
		return next_in_time(st, s, -1);
	case ACT_LATER:
		return next_in_time(st, s, 1);
	case ACT_BACK:
		if (!st->all)
			return UI_CLOSE | UI_REDRAW;
		st->all = false;
		return UI_REDRAW;
	default:
		break;
	}
	if (!st->step || !st->fall.n_seg)
		return 0;
	/* Whoever looks around in a step wants to stay with it when slower ones come. */
	st->serial = st->step->serial;
	if (a == ACT_TUNE) {
		m->to = (struct target){ .view = "tune", .actor = whom_to_blame(st, s) };
		return UI_GO | UI_REDRAW;
	}
	return a == ACT_POINT ? point(st, s, m) : act_inside(st, s, a, m->body, walked);
}

static void fini(void *state)
{
	struct state *st = state;

	kinds_fini(&st->kinds);
	waterfall_fini(&st->fall);
	free(st->slowest);
}

static const struct step *step_shown(const void *state, const struct snapshot *s)
{
	(void)s;
	return ((const struct state *)state)->step;
}

static bool sheet(const void *state, const struct snapshot *s, unsigned nth, struct sheet *out)
{
	return nth == 0 && segments_sheet(s, ((const struct state *)state)->step, out);
}

static const struct keydoc keys[] = {
	{ ACT_LEFT, "piece, actor", "the piece before; on an actor's row: where it took part before", "Arrows" },
	{ ACT_RIGHT, NULL, "the next piece" },
	{ ACT_UP, NULL, "one row up; the first is the agent itself" },
	{ ACT_DOWN, NULL, "one row down: the actor where it took most time" },
	{ ACT_LONGEST, "longest", NULL },
	{ ACT_ENTER, "events", "all events that prove the piece, and back" },
	{ ACT_SLOWER, "slower", "the next slower step of the same kind" },
	{ ACT_FASTER, "faster", "the next faster step of the same kind" },
	{ ACT_EARLIER, NULL, "the step of the same kind before this one" },
	{ ACT_LATER, NULL, "the step of the same kind after this one" },
	{ ACT_ZOOM_IN, "zoom", "zoom in on the chosen piece" },
	{ ACT_ZOOM_OUT, NULL, NULL }, { ACT_ZOOM_ALL, NULL, NULL },
	{ ACT_PAN_LEFT, NULL, NULL }, { ACT_PAN_RIGHT, NULL, NULL },
	{ ACT_LOG, "log", NULL },
	{ ACT_TUNE, "who else", "who else suffered from who took the piece: the screen Tune" },
	{ ACT_FIRST, NULL, "the first piece of the step" }, { ACT_LAST, NULL, "the last piece of the step" },
	{ ACT_BACK, "back", NULL },
	{ 0 }
};

const struct view view_chain = {
	.name = "chain", .title = "Chain", .keys = keys, .state_size = sizeof(struct state),
	.update = update, .enter = enter, .forget = forget, .head = head, .draw = draw, .status = status, .act = act, .fini = fini,
	.sheet = sheet, .step = step_shown,
};
