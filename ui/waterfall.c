// SPDX-License-Identifier: GPL-2.0-only
#include "waterfall.h"
#include "kinds.h"
#include "look.h"

#include <stdlib.h>
#include <string.h>

static uint64_t seg_ns(const struct segment *g)
{
	return g->to > g->from ? g->to - g->from : 0;
}

/* Rounded up; beyond 2^53 there is nothing behind the point. (The two of libm that are needed, without libm.) */
static double round_up(double v)
{
	double whole;

	if (v <= 0 || v >= 1e15)
		return v;
	whole = (double)(uint64_t)v;
	return whole < v ? whole + 1 : whole;
}

/* Width of a segment in log mode: log2 of its microseconds + 1, straight lines between the powers of two. */
static double log_width(uint64_t ns)
{
	uint64_t v = ns + 1024 > ns ? ns + 1024 : ns;
	int bit = 63 - __builtin_clzll(v);

	return bit - 10 + (double)(v - (1ull << bit)) / (double)(1ull << bit);
}

/* Open addressing from an actor's id to its number + 1. */
struct index {
	uint32_t *at;
	size_t size;
};

static uint32_t *index_slot(struct index *ix, const struct actor *actors, str_id id)
{
	size_t i = hash64(id) & (ix->size - 1);

	while (ix->at[i] && actors[ix->at[i] - 1].id != id)
		i = (i + 1) & (ix->size - 1);
	return ix->at + i;
}

static void index_grow(struct index *ix, const struct actor *actors, size_t n)
{
	free(ix->at);
	ix->size = ix->size ? ix->size * 2 : 64;
	ix->at = xcalloc(ix->size, sizeof *ix->at);
	for (size_t i = 0; i < n; i++)
		*index_slot(ix, actors, actors[i].id) = (uint32_t)i + 1;
}

static uint32_t actor_number(struct waterfall *w, struct index *ix, str_id id)
{
	uint32_t *slot;

	if (!id)
		return ACTOR_AGENT;
	if ((w->n_actors + 1) * 2 > ix->size)
		index_grow(ix, w->actors, w->n_actors);
	slot = index_slot(ix, w->actors, id);
	if (!*slot) {
		GROW(w->actors, w->n_actors, w->cap_actors);
		w->actors[w->n_actors++] = (struct actor){ .id = id };
		*slot = (uint32_t)w->n_actors;
	}
	return *slot - 1;
}

static void add_to_actor(struct waterfall *w, uint32_t actor, uint32_t seg)
{
	struct actor *a = w->actors + actor;

	if (!a->n || seg_ns(w->seg + seg) > seg_ns(w->seg + a->longest))
		a->longest = seg;
	a->ns += seg_ns(w->seg + seg);
	a->n++;
}

static void sum_up(struct waterfall *w)
{
	struct index ix = { 0 };
	double at = 0;

	for (size_t i = 0; i < w->n_seg; i++) {
		uint64_t ns = seg_ns(w->seg + i);

		w->actor_of[i] = actor_number(w, &ix, w->seg[i].actor);
		if (w->actor_of[i] != ACTOR_AGENT)
			add_to_actor(w, w->actor_of[i], (uint32_t)i);
		if (w->seg[i].confidence != CONF_PROVEN)
			w->inferred_ns += ns;
		w->log_at[i] = at;
		at += log_width(ns);
	}
	w->log_at[w->n_seg] = at;
	free(ix.at);
}

void waterfall_fini(struct waterfall *w)
{
	free(w->actors);
	free(w->actor_of);
	free(w->log_at);
	*w = (struct waterfall){ 0 };
}

void waterfall_set(struct waterfall *w, const struct step *st)
{
	if (st && w->step == st && w->serial == st->serial && w->seg == st->seg && w->n_seg == st->n_seg)
		return;
	waterfall_fini(w);
	if (!st)
		return;
	w->step = st;
	w->serial = st->serial;
	w->seg = st->seg;
	w->n_seg = st->has_segments ? MIN(st->n_seg, (size_t)UINT32_MAX - 1) : 0;
	w->actor_of = xcalloc(w->n_seg, sizeof *w->actor_of);
	w->log_at = xcalloc(w->n_seg + 1, sizeof *w->log_at);
	sum_up(w);
}

static double linear(const struct waterfall *w, uint64_t ts)
{
	uint64_t ns = step_ns(w->step), at = ts > w->step->begin ? ts - w->step->begin : 0;

	return ns ? MIN((double)at / (double)ns, 1.0) : 0;
}

static double logarithmic(const struct waterfall *w, size_t i)
{
	return w->log_at[w->n_seg] > 0 ? w->log_at[i] / w->log_at[w->n_seg] : 0;
}

double waterfall_from(const struct waterfall *w, bool log, size_t i)
{
	return log ? logarithmic(w, i) : linear(w, w->seg[i].from);
}

double waterfall_to(const struct waterfall *w, bool log, size_t i)
{
	return log ? logarithmic(w, i + 1) : linear(w, w->seg[i].to);
}

/* First segment that reaches beyond x. */
static size_t segment_at(const struct waterfall *w, bool log, double x)
{
	size_t lo = 0, hi = w->n_seg;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (waterfall_to(w, log, mid) > x)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

size_t waterfall_rows(const struct waterfall *w, uint32_t chosen, size_t n, uint32_t *out)
{
	size_t n_out = 0;

	if (!n)
		return 0;
	/* The n with the most time, kept in order of time... */
	for (uint32_t i = 0; i < w->n_actors; i++) {
		size_t at = n_out < n ? n_out++ : n - 1;

		if (at == n - 1 && n_out == n && i >= n && w->actors[out[at]].ns >= w->actors[i].ns)
			continue;
		while (at && w->actors[out[at - 1]].ns < w->actors[i].ns) {
			out[at] = out[at - 1];
			at--;
		}
		out[at] = i;
	}
	/* ...the chosen one in place of the last... */
	if (chosen < w->n_actors) {
		size_t at = 0;

		while (at < n_out && out[at] != chosen)
			at++;
		if (at == n_out)
			out[n_out - 1] = chosen;
	}
	/* ...and then put in the order in which they appear. */
	for (size_t i = 1; i < n_out; i++)
		for (size_t j = i; j && out[j - 1] > out[j]; j--) {
			uint32_t t = out[j];

			out[j] = out[j - 1];
			out[j - 1] = t;
		}
	return n_out;
}

static unsigned safe_stage(const struct segment *g)
{
	return g->stage < N_STAGES ? g->stage : ST_UNKNOWN;
}

/* Added to a stage. In an actor's row: time in which he waited himself, the agent for him; in the agent's: a peer's time. */
#define WAITS 0x80

static unsigned row_stage(const struct segment *g)
{
	return safe_stage(g) | (g->peer && !g->who ? WAITS : 0);
}

/* What a peer works is shown as it is. */
static unsigned agent_stage(const struct segment *g)
{
	bool works = !g->who && (g->stage == ST_PEER || g->stage == ST_IRQ || g->stage == ST_NAPI);

	return safe_stage(g) | (g->peer && !works ? WAITS : 0);
}

/* One column of one row: the stage that has most of it, found by majority vote, so that no sums are kept. */
struct pixel {
	double weight;
	uint8_t stage, used;
};

static void vote(struct pixel *p, unsigned stage, double weight)
{
	if (p->used && p->stage == stage) {
		p->weight += weight;
	} else if (!p->used || weight > p->weight) {
		*p = (struct pixel){ p->used ? weight - p->weight : weight, (uint8_t)stage, 1 };
	} else {
		p->weight -= weight;
	}
}

static void paint(struct pixel *row, int cols, double from, double to, unsigned stage)
{
	int last = (int)MIN(round_up(to), (double)cols);

	for (int x = (int)MAX(from, 0.0); x < last; x++) {
		double w = MIN(to, x + 1.0) - MAX(from, (double)x);

		if (w > 0)
			vote(row + x, stage, w);
	}
}

/* Columns [*x0, *x1) of the chosen piece, at least one; false when it is outside the window. */
static bool chosen_columns(const struct waterfall *w, const struct pane *p, int cols, int *x0, int *x1)
{
	double scale = cols / (p->x1 - p->x0), from, to;

	if (p->from >= p->to || p->to > w->n_seg)
		return false;
	from = (waterfall_from(w, p->log, p->from) - p->x0) * scale;
	to = (waterfall_to(w, p->log, p->to - 1) - p->x0) * scale;
	if (to < 0 || from > cols || cols < 1)
		return false;
	*x0 = (int)MIN(MAX(from, 0.0), cols - 1.0);
	*x1 = MAX(*x0 + 1, (int)MIN(round_up(to), (double)cols));
	return true;
}

struct grid {
	struct pixel *px;		/* (1 + n) rows of cols */
	int cols;
	const uint32_t *rows;		/* actor of each row but the first */
	size_t n;
};

static void paint_all(const struct waterfall *w, const struct pane *p, struct grid *g)
{
	double scale = g->cols / (p->x1 - p->x0);
	uint32_t *row_of = xcalloc(w->n_actors, sizeof *row_of);
	int x0, x1;

	for (size_t i = 0; i < g->n; i++)
		row_of[g->rows[i]] = (uint32_t)i + 1;
	for (size_t i = segment_at(w, p->log, p->x0); i < w->n_seg; i++) {
		double from = waterfall_from(w, p->log, i), to = waterfall_to(w, p->log, i);
		uint32_t a = w->actor_of[i];

		if (from >= p->x1)
			break;
		from = (from - p->x0) * scale;
		to = (to - p->x0) * scale;
		paint(g->px, g->cols, from, to, agent_stage(w->seg + i));
		if (a != ACTOR_AGENT && row_of[a])
			paint(g->px + (size_t)row_of[a] * (size_t)g->cols, g->cols, from, to, row_stage(w->seg + i));
	}
	/* What is chosen is seen, however short. */
	if (chosen_columns(w, p, g->cols, &x0, &x1) && x1 - x0 == 1)
		g->px[x0] = (struct pixel){ 1, (uint8_t)agent_stage(w->seg + p->from), 1 };
	free(row_of);
}

static const char *bar_words(unsigned stage, bool of_actor)
{
	if (of_actor && (stage == ST_RUNQUEUE || stage == ST_PREEMPTED))
		return "ran instead";
	if (of_actor && (stage == ST_IRQ_STEAL || stage == ST_SOFTIRQ_STEAL))
		return "stole";
	return look_stage(stage)->words;
}

struct bar_words waterfall_bar(const struct segment *g, bool of_actor)
{
	unsigned stage = of_actor ? row_stage(g) : agent_stage(g), is = stage & ~WAITS;
	bool takes = of_actor && !(stage & WAITS);

	return (struct bar_words){ is, !of_actor && stage & WAITS, takes && (is == ST_RUNQUEUE || is == ST_PREEMPTED),
				   bar_words(is, takes) };
}

/* A bar of n columns: texture with the stage's words in the middle, or its letter in front when it is short. */
static void draw_bar(struct cells *c, int x, int y, int n, unsigned stage, bool of_actor, bool of_peer)
{
	bool instead = of_actor && (stage == ST_RUNQUEUE || stage == ST_PREEMPTED);
	unsigned style = instead ? STYLE_STEAL : look_stage_style(stage);
	unsigned label = style | (look_stage_is_wait(stage) && !instead ? 0 : STYLE_BAR);
	const char *words = bar_words(stage, of_actor), *before = of_peer ? "peer: " : "";
	int len = cells_width(before) + cells_width(words);

	cells_fill(c, (struct rect){ x, y, n, 1 }, style, instead ? 0x2591 : look_stage_fill(stage));
	if (n >= len + 2)
		cells_putf(c, x + (n - len) / 2, y, len, label, "%s%s", before, words);
	else
		cells_char(c, x, y, label, (unsigned char)look_stage(stage)->letter);
}

static void draw_pixels(struct cells *c, int x, int y, const struct pixel *px, int cols, bool of_actor)
{
	for (int i = 0; i < cols;) {
		int n = 1;

		while (i + n < cols && px[i + n].used == px[i].used && px[i + n].stage == px[i].stage)
			n++;
		if (px[i].used)
			draw_bar(c, x + i, y, n, px[i].stage & ~WAITS, of_actor && !(px[i].stage & WAITS),
				 !of_actor && px[i].stage & WAITS);
		i += n;
	}
}

/* Time since the step's begin at place x. */
static uint64_t time_at(const struct waterfall *w, bool log, double x)
{
	size_t i = segment_at(w, log, x);
	double from, to;
	uint64_t at;

	if (!log)
		return look_u64(x * (double)step_ns(w->step));
	if (i >= w->n_seg)
		return step_ns(w->step);
	from = waterfall_from(w, log, i);
	to = waterfall_to(w, log, i);
	at = w->seg[i].from - MIN(w->seg[i].from, w->step->begin);
	return at + (to > from ? look_u64((x - from) / (to - from) * (double)seg_ns(w->seg + i)) : 0);
}

static void log_axis(const struct waterfall *w, const struct pane *p, struct cells *c, int x, int y, int cols)
{
	char t[16];

	for (int i = 0; i + 8 <= cols; i += 12)
		cells_put(c, x + i, y, cols - i, STYLE_DIM,
			  fmt_ns(t, sizeof t, time_at(w, true, p->x0 + (p->x1 - p->x0) * i / cols)));
}

static void linear_axis(const struct waterfall *w, const struct pane *p, struct cells *c, int x, int y, int cols)
{
	static const struct { double ns; const char *unit; } units[] = {
		{ 1e9, " s" }, { 1e6, " ms" }, { 1e3, " us" }, { 1, " ns" },
	};
	double whole = (double)step_ns(w->step), from = p->x0 * whole, span = (p->x1 - p->x0) * whole;
	double tick = look_tick(MAX(span * 10 / MAX(cols, 1), 1.0));
	int free_from = 0;
	size_t u = 0;

	while (u + 1 < ARRAY_LEN(units) && units[u].ns > from + span)
		u++;
	for (int i = 0; i <= cols && span > 0; i++) {
		double t = (round_up(from / tick) + i) * tick;
		int at = (int)MIN((t - from) / span * cols, (double)cols);
		char label[48];

		snprintf(label, sizeof label, "%.*f%s", look_decimals(tick / units[u].ns), t / units[u].ns,
			 free_from ? "" : units[u].unit);
		if (at < free_from || at + cells_width(label) > cols)
			continue;
		free_from = at + cells_put(c, x + at, y, cols - at, STYLE_DIM, label) + 1;
	}
}

static void draw_mark(const struct waterfall *w, const struct pane *p, struct cells *c, int x, int y, int cols)
{
	uint64_t ns = 0;
	int x0, x1, len;
	char t[16];

	if (!chosen_columns(w, p, cols, &x0, &x1))
		return;
	for (size_t i = p->from; i < p->to; i++)
		ns += seg_ns(w->seg + i);
	len = cells_width(fmt_ns(t, sizeof t, ns));
	if (x1 - x0 == 1) {
		cells_char(c, x + x0, y, STYLE_KEY, 0x25b2);
		cells_put(c, x0 + 2 + len <= cols ? x + x0 + 2 : x + x0 - 1 - len, y, len, STYLE_KEY, t);
		return;
	}
	cells_fill(c, (struct rect){ x + x0, y, x1 - x0, 1 }, STYLE_KEY, 0x2500);
	cells_char(c, x + x0, y, STYLE_KEY, 0x2570);
	cells_char(c, x + x1 - 1, y, STYLE_KEY, 0x256f);
	if (x1 - x0 >= len + 4)
		cells_putf(c, x + x0 + (x1 - x0 - len - 2) / 2, y, len + 2, STYLE_KEY, " %s ", t);
	else
		cells_put(c, x1 + 1 + len <= cols ? x + x1 + 1 : MAX(x, x + x0 - 1 - len), y, len, STYLE_KEY, t);
}

static int label_width(const struct waterfall *w, const struct snapshot *s, const uint32_t *rows, size_t n, int cols)
{
	int max = 12;

	for (size_t i = 0; i < n; i++)
		max = MAX(max, cells_width(snapshot_str(s, w->actors[rows[i]].id)));
	return MIN(max + 1, MAX(cols / 4, 4));
}

static void draw_label(struct cells *c, int x, int y, int w, bool chosen, unsigned style, const char *text)
{
	if (chosen)
		cells_char(c, x, y, STYLE_KEY, 0x25b8);
	cells_put(c, x + 2, y, w - 3, chosen ? STYLE_TITLE : style, text);
}

/* An actor's name; in "peer / who" the peer gives way first. */
static void draw_actor(const struct snapshot *s, const struct segment *g, struct cells *c, int x, int y, int w, bool chosen)
{
	const char *all = snapshot_str(s, g->actor), *who = snapshot_str(s, g->who);
	unsigned style = chosen ? STYLE_TITLE : STYLE_NORMAL;
	int peer = w - 3 - cells_width(who) - 3;

	if (!g->peer || !g->who || cells_width(all) <= w - 3) {
		draw_label(c, x, y, w, chosen, STYLE_NORMAL, all);
		return;
	}
	draw_label(c, x, y, w, chosen, STYLE_NORMAL, "");
	x += 2;
	if (peer < 2) {
		cells_putf(c, x, y, w - 3, style, cells_width(who) + 2 > w - 3 ? "/%s" : "/ %s", who);
		return;
	}
	x += cells_put(c, x, y, peer, style, snapshot_str(s, g->peer));
	cells_putf(c, x, y, w - 3 - peer, style, " / %s", who);
}

static void draw_rows(const struct waterfall *w, const struct snapshot *s, const struct pane *p, const struct grid *g,
		      struct cells *c, struct rect r, int label)
{
	char name[128];
	int x0, x1;

	snprintf(name, sizeof name, "%s %d", snapshot_str(s, w->step->agent), w->step->pid);
	draw_label(c, r.x, r.y, label, p->actor == ACTOR_AGENT, STYLE_TITLE, name);
	draw_pixels(c, r.x + label, r.y, g->px, g->cols, false);
	if (chosen_columns(w, p, g->cols, &x0, &x1))
		cells_mark(c, (struct rect){ r.x + label + x0, r.y, x1 - x0, 1 }, STYLE_SELECTED);
	for (size_t i = 0; i < g->n; i++) {
		int y = r.y + 1 + (int)i;

		draw_actor(s, w->seg + w->actors[g->rows[i]].longest, c, r.x, y, label, p->actor == g->rows[i]);
		draw_pixels(c, r.x + label, y, g->px + (i + 1) * (size_t)g->cols, g->cols, true);
	}
	if (g->n < w->n_actors)
		cells_putf(c, r.x, r.y - 1, label - 1, STYLE_DIM, "+%zu more", w->n_actors - g->n);
}

/* The agent's segment that has most of the column's stage, as it is painted. */
static uint32_t agent_at(const struct waterfall *w, const struct pane *p, double x0, double x1)
{
	size_t first = segment_at(w, p->log, x0), end = first, best = first;
	struct pixel px = { 0 };
	double most = 0;

	for (; end < w->n_seg && waterfall_from(w, p->log, end) < x1; end++)
		vote(&px, agent_stage(w->seg + end), MIN(waterfall_to(w, p->log, end), x1) - MAX(waterfall_from(w, p->log, end), x0));
	for (size_t i = first; i < end; i++) {
		double part = MIN(waterfall_to(w, p->log, i), x1) - MAX(waterfall_from(w, p->log, i), x0);

		if (agent_stage(w->seg + i) == px.stage && part > most) {
			most = part;
			best = i;
		}
	}
	return (uint32_t)MIN(best, w->n_seg - 1);
}

/* How far a segment is from the column; less than 0: so much of it lies in it. */
static double gap(const struct waterfall *w, bool log, size_t i, double x0, double x1)
{
	double from = waterfall_from(w, log, i), to = waterfall_to(w, log, i);

	return MAX(from, x0) - MIN(to, x1);
}

static uint32_t actor_at(const struct waterfall *w, const struct pane *p, uint32_t actor, double x0, double x1)
{
	uint32_t best = w->actors[actor].longest;

	for (size_t i = 0; i < w->n_seg; i++)
		if (w->actor_of[i] == actor && gap(w, p->log, i, x0, x1) < gap(w, p->log, best, x0, x1))
			best = (uint32_t)i;
	return best;
}

bool waterfall_at(const struct waterfall *w, const struct snapshot *s, const struct pane *p, struct rect r, int x, int y,
		  uint32_t *actor, uint32_t *seg)
{
	size_t n = r.h > 3 ? (size_t)r.h - 3 : 0, row = (size_t)(y - r.y - 1);
	uint32_t *rows = xcalloc(n, sizeof *rows);
	int label, cols, col;
	bool found;

	n = waterfall_rows(w, p->actor, n, rows);
	label = label_width(w, s, rows, n, r.w) + 2;
	cols = r.w - label;
	col = x - r.x - label;
	found = w->n_seg && y > r.y && row <= n && x >= r.x && col < cols;
	if (found) {
		double width = (p->x1 - p->x0) / MAX(cols, 1), x0 = p->x0 + col * width;

		*actor = row ? rows[row - 1] : ACTOR_AGENT;
		if (col < 0)
			*seg = row ? w->actors[*actor].longest : MIN(p->from, (uint32_t)w->n_seg - 1);
		else
			*seg = row ? actor_at(w, p, *actor, x0, x0 + width) : agent_at(w, p, x0, x0 + width);
	}
	free(rows);
	return found;
}

void waterfall_draw(const struct waterfall *w, const struct snapshot *s, const struct pane *p, struct cells *c,
		    struct rect r)
{
	size_t n = r.h > 3 ? (size_t)r.h - 3 : 0;
	uint32_t *rows = xcalloc(n, sizeof *rows);
	struct grid g = { .rows = rows };
	int label;

	g.n = waterfall_rows(w, p->actor, n, rows);
	label = label_width(w, s, rows, g.n, r.w) + 2;
	g.cols = r.w - label;
	if (g.cols > 0 && r.h > 1) {
		g.px = xcalloc((g.n + 1) * (size_t)g.cols, sizeof *g.px);
		paint_all(w, p, &g);
		if (p->log)
			log_axis(w, p, c, r.x + label, r.y, g.cols);
		else
			linear_axis(w, p, c, r.x + label, r.y, g.cols);
		draw_rows(w, s, p, &g, c, (struct rect){ r.x, r.y + 1, r.w, r.h - 1 }, label);
		if (r.h > 2)
			draw_mark(w, p, c, r.x + label, r.y + 2 + (int)g.n, g.cols);
	}
	free(g.px);
	free(rows);
}
