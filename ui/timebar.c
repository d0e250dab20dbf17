// SPDX-License-Identifier: GPL-2.0-only
#include "timebar.h"
#include "kinds.h"
#include "look.h"

#include <string.h>

#define NARROWEST_NS NSEC_PER_USEC

void timebar_see(struct timebar *b, const struct snapshot *s)
{
	const struct timeline *t = &s->time;

	if (s->source.range)
		return;
	b->begin = look_begin(s);
	b->end = MAX(s->source.end, b->begin);
	b->strip_begin = t->begin;
	b->slot_ns = t->slot_ns;
	b->n = t->steps ? MIN(t->n, SLOTS_MAX) : 0;
	for (uint32_t i = 0; i < b->n; i++)
		b->longest[i] = t->steps[(size_t)i * N_STEP_TIMES + STEPS_LONGEST];
}

static void select_range(struct timebar *b, uint64_t from, uint64_t to)
{
	b->sel_from = MAX(MIN(from, to), b->begin);
	b->sel_to = MIN(MAX(from, to), b->end);
	if (b->sel_from >= b->sel_to) {
		b->sel_from = b->begin;
		b->sel_to = b->end;
	}
}

bool timebar_open(struct timebar *b)
{
	if (b->end <= b->begin)
		return false;
	b->open = true;
	b->has_mark = false;
	select_range(b, b->to ? b->from : b->begin, b->to ? b->to : b->end);
	if (b->at < b->sel_from || b->at > b->sel_to)
		b->at = b->sel_from + (b->sel_to - b->sel_from) / 2;
	return true;
}

/* ---- columns ---- */

static uint64_t span(const struct timebar *b)
{
	return b->end - b->begin;
}

static uint64_t time_of(const struct timebar *b, int col, int w)
{
	return b->begin + (uint64_t)((double)span(b) * col / MAX(w, 1));
}

static int col_of(const struct timebar *b, uint64_t t, int w)
{
	double at = t > b->begin ? (double)(t - b->begin) / (double)MAX(span(b), 1) * w : 0;

	return (int)MIN(at, w - 1.0);
}

static uint64_t longest_in(const struct timebar *b, uint64_t from, uint64_t to)
{
	uint64_t first, most = 0;

	if (!b->slot_ns || to <= b->strip_begin)
		return 0;
	first = from > b->strip_begin ? (from - b->strip_begin) / b->slot_ns : 0;
	for (uint64_t i = first; i < b->n && (i == first || b->strip_begin + i * b->slot_ns < to); i++)
		most = MAX(most, b->longest[i]);
	return most;
}

/* ---- what there is at the cursor ---- */

/* The longest step that goes on in that column. */
static const struct step *step_at(const struct timebar *b, const struct snapshot *s, int w)
{
	int col = col_of(b, b->at, w);
	uint64_t from = time_of(b, col, w), to = MAX(time_of(b, col + 1, w), from + 1);
	const struct step *best = NULL;

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct step *st = s->steps[i];

		if (st->begin < to && st->end > from && (!best || step_ns(st) > step_ns(best)))
			best = st;
	}
	return best;
}

/* ---- painting ---- */

static char *since(const struct timebar *b, char *buf, size_t len, uint64_t t)
{
	return fmt_ns(buf, len, t > b->begin ? t - b->begin : 0);
}

char *timebar_range(const struct timebar *b, char *buf, size_t len)
{
	char from[24], to[24], all[24];

	snprintf(buf, len, "%s to %s of %s", since(b, from, sizeof from, b->from), since(b, to, sizeof to, b->to),
		 fmt_ns(all, sizeof all, span(b)));
	return buf;
}

static void draw_strip(const struct timebar *b, struct cells *c, struct rect r)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < b->n; i++)
		most = MAX(most, b->longest[i]);
	for (int x = 0; x < r.w; x++) {
		uint64_t from = time_of(b, x, r.w), to = MAX(time_of(b, x + 1, r.w), from + 1), top = longest_in(b, from, to);
		bool in = from < b->sel_to && to > b->sel_from;

		cells_char(c, r.x + x, r.y, in ? STYLE_HEAD : STYLE_DIM,
			   top && most ? 0x2581 + (uint32_t)((double)top / (double)most * 7) : ' ');
	}
}

static void draw_marks(const struct timebar *b, struct cells *c, struct rect r)
{
	int from = col_of(b, b->sel_from, r.w), to = col_of(b, b->sel_to - 1, r.w);

	cells_fill(c, (struct rect){ r.x + from, r.y, to - from + 1, 1 }, STYLE_KEY, 0x2500);
	if (to > from) {
		cells_char(c, r.x + from, r.y, STYLE_KEY, 0x2570);
		cells_char(c, r.x + to, r.y, STYLE_KEY, 0x256f);
	}
	cells_char(c, r.x + col_of(b, b->at, r.w), r.y, STYLE_TITLE, 0x25b2);
}

static void draw_words(const struct timebar *b, const struct snapshot *s, struct cells *c, struct rect r)
{
	const struct step *st = step_at(b, s, r.w);
	struct parts ps = { 0 };
	char t[24], u[24], v[24];

	parts_add(&ps, 0, STYLE_NORMAL, "at ", "%s", since(b, t, sizeof t, b->at));
	if (st)
		parts_add(&ps, 2, STYLE_NORMAL, "", "%.40s %.40s %s", snapshot_str(s, st->agent),
			  snapshot_str(s, st->id ? st->id : st->name), fmt_ns(t, sizeof t, step_ns(st)));
	else
		parts_add(&ps, 3, STYLE_DIM, "", "no step");
	parts_add(&ps, 0, STYLE_NORMAL, "chosen ", "%s to %s (%s)", since(b, t, sizeof t, b->sel_from),
		  since(b, u, sizeof u, b->sel_to), fmt_ns(v, sizeof v, b->sel_to - b->sel_from));
	parts_add(&ps, 4, STYLE_NORMAL, "of ", "%s", fmt_ns(t, sizeof t, span(b)));
	parts_put(&ps, c, r.x, r.y, r.w, 3);
}

void timebar_draw(const struct timebar *b, const struct snapshot *s, struct cells *c, struct rect r)
{
	if (r.h < TIMEBAR_LINES || r.w < 10)
		return;
	cells_fill(c, (struct rect){ r.x, r.y, r.w, TIMEBAR_LINES }, STYLE_NORMAL, ' ');
	draw_strip(b, c, r);
	draw_marks(b, c, (struct rect){ r.x, r.y + 1, r.w, 1 });
	draw_words(b, s, c, (struct rect){ r.x, r.y + 2, r.w, 1 });
}

/* ---- keys ---- */

static void move_cursor(struct timebar *b, uint64_t to)
{
	b->at = MIN(MAX(to, b->begin), b->end - 1);
	if (b->has_mark)
		select_range(b, b->mark, b->at == b->mark ? b->at + 1 : b->at);
}

static uint64_t less(uint64_t t, uint64_t by)
{
	return t > by ? t - by : 0;
}

/* Half or twice as long, with the cursor where it is in it if it is there at all. */
static void zoom(struct timebar *b, bool in)
{
	uint64_t len = b->sel_to - b->sel_from, to;

	to = in ? MAX(len / 2, MIN(len, NARROWEST_NS)) : len > span(b) / 2 ? span(b) : len * 2;
	b->has_mark = false;
	b->sel_from = MIN(MAX(less(b->at, to / 2), b->begin), b->end - to);
	b->sel_to = b->sel_from + to;
}

static void shift(struct timebar *b, bool later)
{
	uint64_t len = b->sel_to - b->sel_from, by = MAX(len / 2, 1);

	b->sel_from = later ? MIN(b->sel_from + by, b->end - len) : MAX(less(b->sel_from, by), b->begin);
	b->sel_to = b->sel_from + len;
	b->at = MIN(MAX(b->at, b->sel_from), b->sel_to - 1);
	b->has_mark = false;
}

/* What is chosen is looked at; when it is already, the step at the cursor. */
static unsigned enter(struct timebar *b, const struct snapshot *s, struct move *m)
{
	bool all = b->sel_from == b->begin && b->sel_to == b->end;
	uint64_t from = all ? 0 : b->sel_from, to = all ? 0 : b->sel_to;
	const struct step *st;

	if (from != b->from || to != b->to) {
		b->from = from;
		b->to = to;
		b->open = false;
		return UI_RANGE | UI_REDRAW;
	}
	st = step_at(b, s, m->body.w);
	if (!st)
		return UI_REDRAW;
	m->to = (struct target){ .view = "chain", .step = st->serial };
	b->open = false;
	return UI_GO | UI_REDRAW;
}

unsigned timebar_act(struct timebar *b, const struct snapshot *s, enum action a, struct move *m)
{
	uint64_t col = MAX(span(b) / (uint64_t)MAX(m->body.w, 1), 1);

	switch (a) {
	case ACT_LEFT: move_cursor(b, less(b->at, col)); break;
	case ACT_RIGHT: move_cursor(b, b->at + col); break;
	case ACT_PAGE_UP: move_cursor(b, less(b->at, 10 * col)); break;
	case ACT_PAGE_DOWN: move_cursor(b, b->at + 10 * col); break;
	case ACT_FIRST: move_cursor(b, b->begin); break;
	case ACT_LAST: move_cursor(b, b->end); break;
	case ACT_EXPAND:
		b->has_mark = !b->has_mark;
		b->mark = b->at;
		break;
	case ACT_ZOOM_IN: zoom(b, true); break;
	case ACT_ZOOM_OUT: zoom(b, false); break;
	case ACT_ZOOM_ALL:
		b->has_mark = false;
		select_range(b, b->begin, b->end);
		break;
	case ACT_PAN_LEFT: shift(b, false); break;
	case ACT_PAN_RIGHT: shift(b, true); break;
	case ACT_ENTER: return enter(b, s, m);
	case ACT_BACK:
	case ACT_TIME:
		b->open = false;
		break;
	default:
		return 0;
	}
	return UI_REDRAW;
}

const struct keydoc timebar_keys[] = {
	{ ACT_LEFT, "move", "the cursor: a column to the left", "Arrows" },
	{ ACT_RIGHT, NULL, "the cursor: a column to the right" },
	{ ACT_PAGE_UP, NULL, "ten columns to the left" }, { ACT_PAGE_DOWN, NULL, "ten columns to the right" },
	{ ACT_FIRST, NULL, "to the beginning" }, { ACT_LAST, NULL, "to the end" },
	{ ACT_ENTER, "look at it", "show what is chosen in every view; again: the step at the cursor" },
	{ ACT_EXPAND, "choose from here", "one end of the range; the cursor is the other one" },
	{ ACT_ZOOM_IN, "narrower", "choose half as much, around the cursor", "+" },
	{ ACT_ZOOM_OUT, NULL, "choose twice as much" },
	{ ACT_ZOOM_ALL, "all", "choose all; live, look at what happens now again" },
	{ ACT_PAN_LEFT, NULL, "choose what was before" }, { ACT_PAN_RIGHT, NULL, "choose what came after" },
	{ ACT_BACK, "close", "close the strip; the range stays" },
	{ 0 }
};
