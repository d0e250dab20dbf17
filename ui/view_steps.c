// SPDX-License-Identifier: GPL-2.0-only
/* Steps: is it slow, and which step? Kinds of steps (agent x name), each of which expands to its single steps. */
#include "filter.h"
#include "head.h"
#include "histo.h"
#include "kinds.h"
#include "look.h"
#include "marked.h"
#include "matches.h"
#include "overview.h"
#include "table.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

enum { ROW_KIND = UINT32_MAX, ROW_NOTHING_KEPT = UINT32_MAX - 1 };
struct row {
	uint32_t kind, step;		/* step: number in snapshot.steps, or ROW_* */
};
struct state {
	struct table_pos pos;
	unsigned sort;			/* column + 1; 0: as nobody asked, p99 */
	bool reverse, newest_first, moved;
	uint64_t *open;			/* expanded kinds, by kinds_id() */
	size_t n_open, cap_open;
	uint64_t sel;			/* kinds_id() of the kind */
	uint64_t sel_step;		/* serial; 0: the kind's own row */
	struct filter filter;
	char search[PROMPT_BYTES];	/* as filter_fold() makes it; "" nothing */
	struct marked marked;
	bool follow;			/* the cursor stays on the newest step of the kind sel */
	/* Live, when there are no steps: the task to follow. */
	struct table_pos cand;
	bool cand_moved;
	int32_t cand_pid, cand_before;	/* where the cursor is; where it was before the newest snapshot */
	/* Made by update(). */
	struct kinds kinds;
	bool kinds_fresh;
	struct matches matches;		/* while there is a filter */
	struct histo histo;
	struct row *rows;
	size_t n_rows, cap_rows;
	uint32_t *order;
	size_t cap_order;
	char why[256];			/* where the slow steps' time goes and who took it, in words */
};
struct arg {
	const struct state *st;
	const struct snapshot *s;
};

enum {
	COL_AGENT, COL_STEP, COL_RATE, COL_COUNT, COL_P50, COL_P99, COL_P999, COL_MAX, COL_MISS, COL_HISTO, COL_WORST, COL_SHARE
};
static const struct column columns[] = {
	[COL_AGENT] = { "AGENT", "who: agent= of the mark, or the command", 9, 24, 0, 0, 1 },
	[COL_STEP] = { "STEP", "the kind of step: name= of the mark", 7, 24, 0, 0, 1 },
	[COL_RATE] = { "RATE", "steps in a second, over the time that is shown", 6, 0, 5, 1, 1 },
	[COL_COUNT] = { "COUNT", "steps that ended", 7, 0, 8, 1, 1 },
	[COL_P50] = { "P50", "half of the steps took longer", 7, 0, 4, 1, 1 },
	[COL_P99] = { "P99", "one step in 100 took longer", 7, 0, 0, 1, 1 },
	[COL_P999] = { "P999", "one step in 1000 took longer", 7, 0, 9, 1, 1 },
	[COL_MAX] = { "MAX", "the slowest step", 7, 0, 1, 1, 1 },
	[COL_MISS] = { "MISS", "steps that missed their deadline; a dash: none had one", 6, 0, 3, 1, 1 },
	[COL_HISTO] = { "LATENCY", "how many steps took how long, from short to long", HISTO_CELLS, 0, 7, 0, 0 },
	[COL_WORST] = { "WORST STAGE", "the stage with the most time in the slowest 1 %, and how much", 19, 27, 2, 0, 1 },
	[COL_SHARE] = { "TIME BY STAGE", "each letter is a stage", 13, 80, 10, 0, 0 },
};

static void time_field(struct field *f, uint64_t ns, bool known)
{
	f->kind = known ? FIELD_TIME : FIELD_UNKNOWN;
	f->num = (double)ns;
}

static void text_field(struct field *f, const char *text, unsigned style)
{
	f->kind = FIELD_TEXT;
	f->text = text;
	f->style = (uint16_t)style;
}

static void stage_field(struct field *f, unsigned stage, uint64_t ns, bool known)
{
	enum verdict v = look_verdict(stage, ns);
	char t[16];

	f->kind = FIELD_UNKNOWN;
	if (!known)
		return;
	snprintf(f->buf, sizeof f->buf, "%s %s%s%s", look_stage(stage)->words, fmt_ns(t, sizeof t, ns),
		 look_verdict_sign(v)[0] ? " " : "", look_verdict_sign(v));
	text_field(f, f->buf, look_verdict_style(v));
	f->num = (double)ns;
}

static bool has_twin(const struct snapshot *s, const struct kind_row *k)
{
	for (size_t i = 0; i < s->n_agents; i++)
		if (s->agents[i].tgid != k->tgid && !strcmp(s->agents[i].agent, k->agent))
			return true;
	return false;
}

/* "planner"; "871 planner" when there is another one. */
static void agent_field(const struct arg *a, const struct kind_row *k, struct field *f)
{
	text_field(f, k->agent, STYLE_NORMAL);
	if (k->tgid <= 0 || !has_twin(a->s, k))
		return;
	snprintf(f->buf, sizeof f->buf, "%d %.50s", k->tgid, k->agent);
	f->text = f->buf;
}

/* The figures of a kind: of all its steps, or of those that match the filter among the kept ones. */
struct figures {
	const struct quant *steps;
	const uint64_t *stage_ns;
	uint64_t n_missed, worst_ns;
	unsigned worst_stage;
	bool any_deadline, all;		/* all: no step is missing among them */
};

static struct figures figures_of(const struct arg *a, uint32_t kind)
{
	const struct kind_row *k = a->s->kinds + kind;
	const struct match_kind *m;

	if (a->st->filter.n) {
		m = a->st->matches.kind + kind;
		return (struct figures){ &m->steps, m->stage_ns, m->n_missed, m->worst_ns, m->worst_stage, m->any_deadline,
					 a->s->n_steps == a->s->n_steps_all };
	}
	return (struct figures){ &k->steps, k->stage_ns, k->n_deadline_miss, k->worst_ns, k->worst_stage,
				 k->deadlines.n || k->n_deadline_miss, true };
}

static void histo_field(const struct arg *a, uint32_t kind, struct field *f)
{
	f->kind = FIELD_UNKNOWN;
	if (histo_text(&a->st->histo, a->s, kind, f->buf))
		text_field(f, f->buf, STYLE_NORMAL);
}

static void rate_field(const struct arg *a, const struct figures *fig, struct field *f)
{
	uint64_t span;
	bool known = look_span_known(a->s, &span) && fig->all;

	f->kind = known ? FIELD_RATE : FIELD_UNKNOWN;
	f->num = known ? (double)fig->steps->n * 1e9 / (double)span : 0;
}

static void kind_field(const struct arg *a, uint32_t kind, unsigned col, struct field *f)
{
	const struct kind_row *k = a->s->kinds + kind;
	struct figures fig = figures_of(a, kind);
	bool known = fig.steps->n > 0;

	switch (col) {
	case COL_AGENT: agent_field(a, k, f); break;
	case COL_STEP: text_field(f, k->name[0] ? k->name : LOOK_DASH, STYLE_NORMAL); break;
	case COL_RATE: rate_field(a, &fig, f); break;
	case COL_COUNT: f->kind = FIELD_COUNT; f->num = (double)fig.steps->n; break;
	case COL_P50: time_field(f, fig.steps->p50, known); break;
	case COL_P99: time_field(f, fig.steps->p99, known); break;
	case COL_P999: time_field(f, fig.steps->p999, known); break;
	case COL_MAX: time_field(f, fig.steps->max, known); break;
	case COL_MISS:
		f->kind = fig.any_deadline ? FIELD_COUNT : FIELD_UNKNOWN;
		f->num = (double)fig.n_missed;
		f->style = fig.n_missed ? STYLE_OVER : STYLE_NORMAL;
		break;
	case COL_HISTO: histo_field(a, kind, f); break;
	case COL_WORST: stage_field(f, fig.worst_stage, fig.worst_ns, fig.worst_ns > 0); break;
	case COL_SHARE: f->kind = FIELD_STAGES; f->ns = fig.stage_ns; break;
	}
}

static unsigned step_worst(const struct step *st)
{
	unsigned worst = 0;

	for (unsigned i = 1; i < N_STAGES; i++)
		if (st->ns[i] > st->ns[worst])
			worst = i;
	return worst;
}

static void step_field(const struct arg *a, const struct step *st, unsigned col, struct field *f)
{
	const struct snapshot *s = a->s;
	char t[24];

	switch (col) {
	case COL_AGENT:
		if (marked_has(&a->st->marked, st->serial))
			text_field(f, "◆ marked", STYLE_KEY);
		break;
	case COL_STEP:
		if (st->id)
			snprintf(f->buf, sizeof f->buf, "%s", snapshot_str(s, st->id));
		else
			snprintf(f->buf, sizeof f->buf, "#%llu", (unsigned long long)st->serial);
		text_field(f, f->buf, STYLE_NORMAL);
		break;
	case COL_RATE:
		snprintf(f->buf, sizeof f->buf, "ended %s%s", look_ts(t, sizeof t, st->end), st->n_lost ? ", events lost" :
			 st->cut_begin ? ", begin not seen" : st->cut_end ? ", end not seen" : "");
		text_field(f, f->buf, st->n_lost || st->cut_begin || st->cut_end ? STYLE_NOTE : STYLE_DIM);
		f->span = COL_P999 - COL_RATE;
		break;
	case COL_MAX: time_field(f, step_ns(st), true); break;
	case COL_MISS:
		if (st->missed)
			text_field(f, "missed", STYLE_OVER);
		break;
	case COL_WORST: stage_field(f, step_worst(st), st->ns[step_worst(st)], step_ns(st) > 0); break;
	case COL_SHARE: f->kind = FIELD_STAGES; f->ns = st->ns; break;
	}
}

static void row_field(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct arg *a = arg;
	const struct row *r = a->st->rows + row;

	if (r->step == ROW_KIND) {
		kind_field(a, r->kind, col, f);
	} else if (r->step != ROW_NOTHING_KEPT) {
		step_field(a, a->s->steps[r->step], col, f);
	} else if (col == COL_STEP) {
		text_field(f, "no single step of this kind is kept", STYLE_DIM);
		f->span = COL_SHARE - COL_STEP;
	}
}

static void order_field(const void *arg, size_t row, unsigned col, struct field *f)
{
	kind_field(arg, (uint32_t)row, col, f);
}

static const struct table row_table = { columns, ARRAY_LEN(columns), row_field };
static const struct table order_table = { columns, ARRAY_LEN(columns), order_field };

static unsigned sort_col(const struct state *st)
{
	return st->sort ? st->sort - 1 : COL_P99;
}

/* Number in st->open of a kind; n_open when it is folded. */
static size_t open_i(const struct state *st, const struct kind_row *k)
{
	uint64_t id = kinds_id(k);
	size_t i = 0;

	while (i < st->n_open && st->open[i] != id)
		i++;
	return i;
}

static void add_row(struct state *st, uint32_t kind, uint32_t step)
{
	GROW(st->rows, st->n_rows, st->cap_rows);
	st->rows[st->n_rows++] = (struct row){ kind, step };
}

static void need_kinds(struct state *st, const struct snapshot *s)
{
	if (!st->kinds_fresh)
		kinds_update(&st->kinds, s);
	st->kinds_fresh = true;
}

static void add_steps(struct state *st, const struct snapshot *s, uint32_t kind)
{
	uint32_t *steps;
	size_t n;

	need_kinds(st, s);
	steps = st->newest_first ? kinds_newest(&st->kinds, kind, &n) : kinds_slowest(&st->kinds, kind, &n);
	for (size_t i = 0; i < n; i++)
		if (!st->filter.n || st->matches.hit[steps[i]])
			add_row(st, kind, steps[i]);
	if (!n)
		add_row(st, kind, ROW_NOTHING_KEPT);
	free(steps);
}

static uint64_t row_step(const struct state *st, const struct row *r)
{
	return r->step < st->kinds.n_steps ? st->kinds.step[r->step].serial : 0;
}

static void remember(struct state *st, const struct snapshot *s)
{
	if (st->pos.cursor >= st->n_rows)
		return;
	st->sel = kinds_id(s->kinds + st->rows[st->pos.cursor].kind);
	st->sel_step = row_step(st, st->rows + st->pos.cursor);
}

/*
 * The selected step has left the window: the cursor stays where it was in the list of its kind, on the step that is
 * there now. at: row of the kind.
 */
static size_t neighbour(struct state *st, const struct snapshot *s, size_t at)
{
	size_t end = at + 1;

	if (!s->live.on || !st->sel_step)
		return at;
	while (end < st->n_rows && st->rows[end].step < s->n_steps)
		end++;
	at = MIN(MAX(st->pos.cursor, at), end - 1);
	st->sel_step = row_step(st, st->rows + at);
	return at;
}

/* Puts the cursor where the selected row is now; on its kind when the step is gone. */
static void restore(struct state *st, const struct snapshot *s)
{
	size_t kind_at = st->n_rows, at = st->n_rows;

	for (size_t i = 0; i < st->n_rows && at == st->n_rows; i++) {
		const struct row *r = st->rows + i;

		if (r->step == ROW_KIND) {
			if (kinds_id(s->kinds + r->kind) != st->sel)
				continue;
			kind_at = i;
			if (!st->sel_step)
				at = i;
		} else if (st->sel_step && row_step(st, r) == st->sel_step) {
			at = i;
		}
	}
	if (at == st->n_rows && kind_at < st->n_rows)
		at = neighbour(st, s, kind_at);
	if (at < st->n_rows)
		st->pos.cursor = at;
	else
		st->pos.cursor = MIN(st->pos.cursor, st->n_rows ? st->n_rows - 1 : 0);
}

/* To the newest step of the kind that is followed, which stands behind the kind's own row. */
static void to_newest(struct state *st, const struct snapshot *s)
{
	size_t i = 0;

	while (i < st->n_rows && (st->rows[i].step != ROW_KIND || kinds_id(s->kinds + st->rows[i].kind) != st->sel))
		i++;
	if (i == st->n_rows) {
		restore(st, s);
		return;
	}
	i += i + 1 < st->n_rows && st->rows[i + 1].step < s->n_steps;
	st->pos.cursor = i;
	st->sel_step = row_step(st, st->rows + i);
}

static void make_rows(struct state *st, const struct snapshot *s)
{
	struct arg a = { st, s };

	if (s->n_kinds)
		GROW(st->order, s->n_kinds - 1, st->cap_order);
	for (uint32_t i = 0; i < s->n_kinds; i++)
		st->order[i] = i;
	table_sort(&order_table, &a, st->order, s->n_kinds, sort_col(st), st->reverse);
	st->n_rows = 0;
	for (size_t i = 0; i < s->n_kinds; i++) {
		if (st->filter.n && !st->matches.kind[st->order[i]].steps.n)
			continue;
		add_row(st, st->order[i], ROW_KIND);
		if (st->n_open && open_i(st, s->kinds + st->order[i]) < st->n_open)
			add_steps(st, s, st->order[i]);
	}
	/* Until somebody moves the cursor it stays on the first line, whatever comes to be there. */
	if (st->follow)
		to_newest(st, s);
	else if (st->moved)
		restore(st, s);
	else
		st->pos = (struct table_pos){ 0, 0 };
}

/* Can one choose among tasks that could be agents? */
static bool offers_tasks(const struct snapshot *s)
{
	return s->live.on && !s->n_kinds && s->n_candidates;
}

static int32_t candidate_at(const struct state *st, const struct snapshot *s)
{
	return st->cand.cursor < s->n_candidates ? s->candidates[st->cand.cursor].pid : 0;
}

/* As with steps: on the first line until somebody moves it, then with its task. */
static void restore_candidate(struct state *st, const struct snapshot *s)
{
	size_t i = 0;

	st->cand_before = st->cand_pid;
	if (!st->cand_moved)
		st->cand = (struct table_pos){ 0, 0 };
	while (st->cand_moved && i < s->n_candidates && s->candidates[i].pid != st->cand_pid)
		i++;
	if (st->cand_moved)
		st->cand.cursor = i < s->n_candidates ? i : MIN(st->cand.cursor, s->n_candidates ? s->n_candidates - 1 : 0);
	st->cand_pid = candidate_at(st, s);
}

/* After the filter has changed, or the snapshot. */
static void apply_filter(struct state *st, const struct snapshot *s)
{
	if (st->filter.n || histo_needs_kinds(s))
		need_kinds(st, s);
	if (st->filter.n)
		matches_update(&st->matches, &st->filter, &st->kinds, s);
	histo_update(&st->histo, s, &st->kinds, st->filter.n ? st->matches.hit : NULL);
}

static void update(void *state, const struct snapshot *s)
{
	struct state *st = state;

	restore_candidate(st, s);
	st->kinds_fresh = false;
	if (st->marked.n) {
		need_kinds(st, s);
		marked_update(&st->marked, &st->kinds);
	}
	apply_filter(st, s);
	head_find_why(s, st->why, sizeof st->why);
	make_rows(st, s);
}

static int head(const void *state, const struct snapshot *s, struct cells *c, struct rect r)
{
	return head_draw_why(s, ((const struct state *)state)->why, c, r);
}

/* What changes the table: it must be seen on a narrow screen, too, so it has a line of its own. Lines used. */
static int mode_lines(const struct state *st)
{
	return st->filter.n || st->marked.n || st->follow;
}

/* "filter: 42 of 320 steps match agent=planner" and the rest of what is on at the right. */
static void mode_line(const struct state *st, const struct snapshot *s, struct cells *c, int x, int y, int w)
{
	char signs[64] = "", n[16], all[16];
	int room = w;

	if (st->marked.n)
		snprintf(signs, sizeof signs, "◆ %s marked", look_count(n, sizeof n, st->marked.n));
	if (st->follow)
		snprintf(signs + strlen(signs), sizeof signs - strlen(signs), "%s▸ following", signs[0] ? "  " : "");
	cells_put_right(c, x, y, w, STYLE_KEY, signs);
	room -= signs[0] ? cells_width(signs) + 2 : 0;
	if (st->filter.n)
		cells_putf(c, x, y, room, STYLE_NOTE, "filter: %s of %s %ssteps match %s",
			   look_count(n, sizeof n, st->matches.n_hit), look_count(all, sizeof all, st->matches.n),
			   s->n_steps < s->n_steps_all ? "kept " : "", st->filter.text);
}

static void draw(const void *state, const struct snapshot *s, struct cells *c, struct rect r)
{
	const struct state *st = state;
	struct arg a = { st, s };
	struct column cols[ARRAY_LEN(columns)];
	struct table table = { cols, ARRAY_LEN(cols), row_field };
	int mode = mode_lines(st), used;

	if (!s->n_kinds) {
		overview_draw(s, offers_tasks(s) ? &st->cand : NULL, c, r);
		return;
	}
	if (mode)
		mode_line(st, s, c, r.x, r.y, r.w);
	r.y += mode;
	r.h -= mode;
	memcpy(cols, columns, sizeof cols);
	cols[COL_HISTO].title = st->histo.title;
	table_draw(&table, &a, st->n_rows, &st->pos, c, r, sort_col(st), st->reverse);
	if (!st->n_rows && r.h > 1)
		cells_put(c, r.x + 2, r.y + 1, r.w - 2, STYLE_DIM,
			  "no kept step matches; f changes the filter, Esc takes it off");
	/* Few kinds leave room for the machine as a whole. */
	used = (int)MIN(MAX(st->n_rows, 1u), 1000u) + 2;
	if (r.h - used >= 6)
		overview_draw(s, NULL, c, (struct rect){ r.x, r.y + used, r.w, r.h - used });
}

static void status(const void *state, const struct snapshot *s, char *buf, size_t len)
{
	const struct state *st = state;
	char at[40] = "", a[16], b[16];

	buf[0] = 0;
	if (st->n_open)
		snprintf(at, sizeof at, "%s/%s · ", look_count(a, sizeof a, st->pos.cursor + 1),
			 look_count(b, sizeof b, st->n_rows));
	if (s->n_kinds)
		snprintf(buf, len, "%s%s%ssort %s %s", at, st->n_open ? st->newest_first ? "newest first" : "worst first" : "",
			 st->n_open ? " · " : "", columns[sort_col(st)].title, st->reverse ? "▲" : "▼");
}

static void toggle(struct state *st, const struct snapshot *s, const struct kind_row *k)
{
	size_t i = open_i(st, k);

	if (i < st->n_open) {
		st->open[i] = st->open[--st->n_open];
	} else {
		GROW(st->open, st->n_open, st->cap_open);
		st->open[st->n_open++] = kinds_id(k);
	}
	st->follow = false;
	/* A single step that is folded away leaves the cursor on its kind. */
	st->sel = kinds_id(k);
	st->sel_step = 0;
	st->moved = true;
	make_rows(st, s);
}

/* Serial of the slowest step of a kind; 0 when none is kept. */
static uint64_t slowest(struct state *st, const struct snapshot *s, uint32_t kind)
{
	size_t i;

	need_kinds(st, s);
	i = st->filter.n ? matches_worst(&st->matches, &st->kinds, kind) : kinds_worst(&st->kinds, kind);
	return i < s->n_steps ? s->steps[i]->serial : 0;
}

static unsigned enter_row(struct state *st, const struct snapshot *s, struct move *m)
{
	const struct row *r = st->rows + st->pos.cursor;

	m->to = (struct target){ "chain", r->step == ROW_KIND ? slowest(st, s, r->kind) : row_step(st, r) };
	return UI_GO | UI_REDRAW;
}

static unsigned change_sort(struct state *st, const struct snapshot *s, enum action a)
{
	if (a == ACT_REVERSE) {
		st->reverse = !st->reverse;
	} else if (a == ACT_ORDER) {
		st->newest_first = !st->newest_first;
		st->follow = false;
	} else {
		st->sort = table_next_sort(&row_table, sort_col(st), a == ACT_SORT || a == ACT_SORT_RIGHT ? 1 : -1) + 1;
	}
	make_rows(st, s);
	return UI_REDRAW;
}

/* ---- filter ---- */

static const char filter_hint[] = "agent name id class pid cpu step stage.NAME lost missed budget, as in step>20ms";

static unsigned ask_filter(const struct state *st, struct move *m)
{
	m->ask = (struct ask){ .what = ASK_FILTER, .label = "filter", .hint = filter_hint };
	snprintf(m->ask.text, sizeof m->ask.text, "%s", st->filter.text);
	return UI_ASK | UI_REDRAW;
}

static void set_filter(struct state *st, const struct snapshot *s, const struct filter *f)
{
	st->filter = *f;
	apply_filter(st, s);
	make_rows(st, s);
}

static bool typed_filter(struct state *st, const struct snapshot *s, const char *text, bool accept, struct slip *slip)
{
	struct filter_place place;
	struct filter f;

	if (filter_parse(&f, text, &place, &slip->e)) {
		slip->from = place.from;
		slip->to = place.to;
		return false;
	}
	if (accept)
		set_filter(st, s, &f);
	return true;
}

/* ---- search ---- */

static bool row_has(const struct snapshot *s, const struct row *r, const char *word)
{
	const struct kind_row *k = s->kinds + r->kind;

	if (r->step == ROW_KIND)
		return filter_contains(k->agent, word) || filter_contains(k->name, word);
	return r->step < s->n_steps && filter_in_own_texts(s, s->steps[r->step], word);
}

/* The next row in that direction, going around; n_rows when there is none. The row where the cursor is comes last. */
static size_t find_row(const struct state *st, const struct snapshot *s, const char *word, bool back)
{
	size_t n = st->n_rows, at = st->pos.cursor;

	for (size_t i = 0; i < n; i++) {
		at = back ? (at ? at - 1 : n - 1) : at + 1 < n ? at + 1 : 0;
		if (row_has(s, st->rows + at, word))
			return at;
	}
	return n;
}

static void go_to_row(struct state *st, const struct snapshot *s, size_t at)
{
	st->pos.cursor = at;
	st->moved = true;
	st->follow = false;
	remember(st, s);
}

static bool typed_search(struct state *st, const struct snapshot *s, const char *text, bool accept, struct slip *slip)
{
	char word[PROMPT_BYTES];
	size_t at;

	snprintf(word, sizeof word, "%s", text);
	filter_fold(word);
	if (!word[0])
		return true;
	at = find_row(st, s, word, false);
	if (at == st->n_rows) {
		err_set(&slip->e, 0, "no row has it%s", st->n_open ? "" : "; Space opens a kind into its single steps");
		slip->to = strlen(text);
		return false;
	}
	if (accept) {
		memcpy(st->search, word, sizeof word);
		go_to_row(st, s, at);
	}
	return true;
}

static bool typed(void *state, const struct snapshot *s, enum ask_what what, const char *text, bool accept, struct slip *slip)
{
	return what == ASK_FILTER ? typed_filter(state, s, text, accept, slip) : typed_search(state, s, text, accept, slip);
}

static unsigned act_search(struct state *st, const struct snapshot *s, enum action a, struct move *m)
{
	size_t at;

	if (a == ACT_SEARCH) {
		m->ask = (struct ask){ .what = ASK_SEARCH, .label = "search",
				       .hint = "to the next row with this text; then n next, N back" };
		return UI_ASK | UI_REDRAW;
	}
	at = st->search[0] ? find_row(st, s, st->search, a == ACT_SEARCH_BACK) : st->n_rows;
	if (at < st->n_rows)
		go_to_row(st, s, at);
	else
		snprintf(m->say, sizeof m->say, "%s",
			 st->search[0] ? "no row has it" : "nothing was searched for yet; / searches");
	return UI_REDRAW;
}

/* ---- marks, and the newest ---- */

static unsigned mark(struct state *st, struct move *m)
{
	uint64_t serial = row_step(st, st->rows + st->pos.cursor);

	if (serial)
		marked_toggle(&st->marked, serial);
	else
		snprintf(m->say, sizeof m->say, "single steps can be marked: Space shows those of this kind");
	return UI_REDRAW;
}

static size_t marked_row(const struct state *st)
{
	size_t n = st->n_rows, at = st->pos.cursor;

	for (size_t i = 0; i < n; i++) {
		at = at + 1 < n ? at + 1 : 0;
		if (st->rows[at].step != ROW_KIND && marked_has(&st->marked, row_step(st, st->rows + at)))
			return at;
	}
	return n;
}

static void open_kind(struct state *st, const struct kind_row *k)
{
	if (open_i(st, k) < st->n_open)
		return;
	GROW(st->open, st->n_open, st->cap_open);
	st->open[st->n_open++] = kinds_id(k);
}

/* The kind of a marked step that would be among the rows if that were not folded. */
static uint32_t marked_kind(struct state *st, const struct snapshot *s)
{
	need_kinds(st, s);
	for (size_t i = 0; i < st->marked.n; i++) {
		size_t step = kinds_find(&st->kinds, st->marked.serial[i]);

		if (step < s->n_steps && st->kinds.step[step].kind < s->n_kinds && (!st->filter.n || st->matches.hit[step]))
			return st->kinds.step[step].kind;
	}
	return KIND_NONE;
}

/* The next row that is marked, or else a marked step of a kind that is folded, which is opened. */
static unsigned next_mark(struct state *st, const struct snapshot *s, struct move *m)
{
	size_t at = marked_row(st);
	uint32_t kind = at == st->n_rows ? marked_kind(st, s) : KIND_NONE;

	if (kind != KIND_NONE) {
		open_kind(st, s->kinds + kind);
		make_rows(st, s);
		at = marked_row(st);
	}
	if (at < st->n_rows)
		go_to_row(st, s, at);
	else
		snprintf(m->say, sizeof m->say, "%s", st->marked.n ? "what is marked does not match the filter" :
			 "nothing is marked; m marks a step");
	return UI_REDRAW;
}

static unsigned follow(struct state *st, const struct snapshot *s)
{
	const struct kind_row *k = s->kinds + st->rows[st->pos.cursor].kind;

	st->follow = !st->follow;
	if (st->follow) {
		open_kind(st, k);
		st->newest_first = st->moved = true;
		st->sel = kinds_id(k);
		make_rows(st, s);
	}
	return UI_REDRAW;
}

/* What one saw counts: the list may have changed since it was painted. */
static unsigned act_candidate(struct state *st, const struct snapshot *s, enum action a, struct move *m)
{
	if (a == ACT_ENTER) {
		m->command = UI_FOLLOW;
		m->value = m->late && st->cand_before ? st->cand_before : st->cand_pid;
		return UI_COMMAND | UI_REDRAW;
	}
	if (!table_move(&st->cand, a, s->n_candidates, s->n_candidates))
		return 0;
	st->cand_moved = true;
	st->cand_pid = st->cand_before = candidate_at(st, s);
	return UI_REDRAW;
}

/* What does not need a row; 0: something else. */
static unsigned act_table(struct state *st, const struct snapshot *s, enum action a, struct move *m)
{
	switch (a) {
	case ACT_SORT: case ACT_SORT_BACK: case ACT_SORT_LEFT: case ACT_SORT_RIGHT: case ACT_REVERSE: case ACT_ORDER:
		return change_sort(st, s, a);
	case ACT_FILTER:
		return ask_filter(st, m);
	case ACT_BACK:
		if (!st->filter.n)
			return 0;
		set_filter(st, s, &(struct filter){ 0 });
		return UI_REDRAW;
	case ACT_SEARCH: case ACT_SEARCH_NEXT: case ACT_SEARCH_BACK:
		return act_search(st, s, a, m);
	case ACT_NEXT_MARK:
		return next_mark(st, s, m);
	case ACT_UNMARK:
		st->marked.n = 0;
		return UI_REDRAW;
	default:
		return 0;
	}
}

static unsigned act(void *state, const struct snapshot *s, enum action a, struct move *m)
{
	struct state *st = state;
	unsigned done;

	if (offers_tasks(s))
		return act_candidate(st, s, a, m);
	if (!s->n_kinds)
		return 0;
	done = act_table(st, s, a, m);
	if (done || st->pos.cursor >= st->n_rows)
		return done;
	switch (a) {
	case ACT_ENTER:
		return enter_row(st, s, m);
	case ACT_EXPAND:
		toggle(st, s, s->kinds + st->rows[st->pos.cursor].kind);
		return UI_REDRAW;
	case ACT_MARK:
		return mark(st, m);
	case ACT_FOLLOW:
		return follow(st, s);
	default:
		break;
	}
	if (!table_move(&st->pos, a, st->n_rows, (size_t)MAX(m->body.h - 1 - mode_lines(st), 1)))
		return 0;
	st->moved = true;
	st->follow = false;
	remember(st, s);
	return UI_REDRAW;
}

/* ---- to files ---- */

/*
 * The rows of the screen, in columns that a program can use: of a kind what the screen says, of a single step (where a
 * kind is open) its own time. Both have their time by stage.
 */
enum {
	CSV_ROW, CSV_AGENT, CSV_STEP, CSV_ID, CSV_PID, CSV_RATE, CSV_COUNT, CSV_P50, CSV_P99, CSV_P999, CSV_MAX, CSV_MISSED, CSV_WORST,
	CSV_WORST_NS, CSV_BEGIN, CSV_END, CSV_DURATION, CSV_DEADLINE, CSV_LOST, CSV_STAGES
};
static const struct column csv_columns[] = {
	[CSV_ROW] = { .title = "ROW" }, [CSV_AGENT] = { .title = "AGENT" }, [CSV_STEP] = { .title = "STEP" },
	[CSV_ID] = { .title = "ID" }, [CSV_PID] = { .title = "PID" }, [CSV_RATE] = { .title = "RATE", .csv = "rate_per_s" },
	[CSV_COUNT] = { .title = "COUNT" }, [CSV_P50] = { .title = "P50", .csv = "p50_ns" },
	[CSV_P99] = { .title = "P99", .csv = "p99_ns" }, [CSV_P999] = { .title = "P999", .csv = "p999_ns" },
	[CSV_MAX] = { .title = "MAX", .csv = "max_ns" }, [CSV_MISSED] = { .title = "MISSED" },
	[CSV_WORST] = { .title = "WORST STAGE" }, [CSV_WORST_NS] = { .title = "WORST STAGE", .csv = "worst_stage_ns" },
	[CSV_BEGIN] = { .title = "BEGIN", .csv = "begin_ns" },
	[CSV_END] = { .title = "END", .csv = "end_ns" }, [CSV_DURATION] = { .title = "DURATION", .csv = "duration_ns" },
	[CSV_DEADLINE] = { .title = "DEADLINE", .csv = "deadline_ns" }, [CSV_LOST] = { .title = "LOST" },
	[CSV_STAGES] = { .title = "STAGES", .csv = "*_ns" },
};

static void csv_kind(const struct arg *a, uint32_t kind, unsigned col, struct field *f)
{
	static const uint8_t shown[] = {
		[CSV_RATE] = COL_RATE, [CSV_COUNT] = COL_COUNT, [CSV_P50] = COL_P50, [CSV_P99] = COL_P99, [CSV_P999] = COL_P999,
		[CSV_MAX] = COL_MAX, [CSV_MISSED] = COL_MISS, [CSV_WORST_NS] = COL_WORST, [CSV_STAGES] = COL_SHARE,
	};

	switch (col) {
	case CSV_ROW: text_field(f, "kind", 0); break;
	case CSV_AGENT: text_field(f, a->s->kinds[kind].agent, 0); break;
	case CSV_STEP: text_field(f, a->s->kinds[kind].name, 0); break;
	case CSV_WORST:
		if (figures_of(a, kind).worst_ns)
			text_field(f, look_stage(figures_of(a, kind).worst_stage)->name, 0);
		break;
	default:
		if (col >= ARRAY_LEN(shown) || !shown[col])
			break;
		kind_field(a, kind, shown[col], f);
		if (col == CSV_WORST_NS && f->kind == FIELD_TEXT)
			f->kind = FIELD_TIME;
	}
}

static void csv_step(const struct snapshot *s, const struct step *st, unsigned col, struct field *f)
{
	switch (col) {
	case CSV_ROW: text_field(f, "step", 0); break;
	case CSV_AGENT: text_field(f, snapshot_str(s, st->agent), 0); break;
	case CSV_STEP: text_field(f, snapshot_str(s, st->name), 0); break;
	case CSV_ID: text_field(f, snapshot_str(s, st->id), 0); break;
	case CSV_PID:
		if (st->pid > 0)
			field_exact(f, (uint64_t)st->pid);
		break;
	case CSV_MISSED:
		if (st->deadline_ns)
			field_exact(f, st->missed);
		break;
	case CSV_BEGIN: field_exact(f, st->begin); break;
	case CSV_END: field_exact(f, st->end); break;
	case CSV_DURATION: field_exact(f, step_ns(st)); break;
	case CSV_DEADLINE:
		if (st->deadline_ns)
			field_exact(f, st->deadline_ns);
		break;
	case CSV_LOST: field_exact(f, st->n_lost); break;
	case CSV_STAGES: f->kind = FIELD_STAGES; f->ns = st->ns; break;
	}
}

static void csv_field(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct arg *a = arg;
	const struct row *r = a->st->rows + row;

	if (r->step < a->s->n_steps)
		csv_step(a->s, a->s->steps[r->step], col, f);
	else if (r->step == ROW_KIND)
		csv_kind(a, r->kind, col, f);
	else if (col == CSV_ROW)
		text_field(f, "none kept", 0);
}

static const struct table csv_table = { csv_columns, ARRAY_LEN(csv_columns), csv_field };

static bool sheet(const void *state, const struct snapshot *s, unsigned nth, struct sheet *out)
{
	const struct state *st = state;

	if (!s->n_kinds)
		return overview_sheet(s, nth, out);
	*out = (struct sheet){ .name = "steps", .shown = &row_table, .csv = &csv_table, .n_rows = st->n_rows,
			       .sort_col = sort_col(st), .reverse = st->reverse };
	sheet_arg(out, &(struct arg){ st, s }, sizeof(struct arg));
	return nth == 0;
}

static const struct step *chosen_step(const void *state, const struct snapshot *s)
{
	const struct state *st = state;
	uint32_t step = st->pos.cursor < st->n_rows ? st->rows[st->pos.cursor].step : ROW_KIND;

	return step < s->n_steps ? s->steps[step] : NULL;
}

static void forget(void *state)
{
	struct state *st = state;

	st->sel_step = 0;
	marked_fini(&st->marked);
}

static void fini(void *state)
{
	struct state *st = state;

	kinds_fini(&st->kinds);
	matches_fini(&st->matches);
	histo_fini(&st->histo);
	marked_fini(&st->marked);
	free(st->open);
	free(st->rows);
	free(st->order);
}

static const struct keydoc task_keys[] = {
	{ ACT_ENTER, "follow this task", NULL }, { ACT_UP, "choose", NULL, "Arrows" }, { 0 }
};

static const struct keydoc filter_keys[] = {
	{ ACT_ENTER, "chain", NULL }, { ACT_BACK, "all steps", NULL }, { ACT_FILTER, "filter", NULL },
	{ ACT_EXPAND, "expand", NULL }, { ACT_SEARCH, "search", NULL }, { ACT_SORT, "sort", NULL }, { 0 }
};

static const struct keydoc *foot(const void *state, const struct snapshot *s)
{
	const struct state *st = state;

	return offers_tasks(s) ? task_keys : st->filter.n ? filter_keys : NULL;
}

static const struct keydoc keys[] = {
	{ ACT_ENTER, "chain", "the chain of this step, or of the slowest of this kind" },
	{ ACT_ENTER, NULL, "live, on a task that could be an agent: follow it" },
	{ ACT_EXPAND, "expand", "show or fold the single steps of this kind" },
	{ ACT_FILTER, "filter", "show only steps that match, such as agent=planner stage.runqueue>500us" },
	{ ACT_BACK, NULL, "take the filter off" },
	{ ACT_SEARCH, "search", "search for a text among the rows" },
	{ ACT_SEARCH_NEXT, NULL, "to the next row with the text" },
	{ ACT_SEARCH_BACK, NULL, "to the row with the text before" },
	{ ACT_SORT, "sort", "sort by the next column" },
	{ ACT_SORT_BACK, NULL, "sort by the column before" },
	{ ACT_SORT_LEFT, NULL, "sort by the column to the left" },
	{ ACT_SORT_RIGHT, NULL, "sort by the column to the right" },
	{ ACT_REVERSE, NULL, "reverse the order" },
	{ ACT_ORDER, NULL, "single steps: worst first or newest first" },
	{ ACT_MARK, NULL, "mark this step, or take its mark off" },
	{ ACT_NEXT_MARK, NULL, "to the next marked step" },
	{ ACT_UNMARK, NULL, "take all marks off" },
	{ ACT_FOLLOW, NULL, "stay on the newest step of this kind, or no longer" },
	{ ACT_UP, NULL, NULL }, { ACT_DOWN, NULL, NULL }, { ACT_PAGE_UP, NULL, NULL }, { ACT_PAGE_DOWN, NULL, NULL },
	{ ACT_FIRST, NULL, NULL }, { ACT_LAST, NULL, NULL },
	{ 0 }
};

static const struct table *const shown[] = { &row_table, NULL };

const struct view view_steps = {
	.name = "steps", .title = "Steps", .keys = keys, .tables = shown, .state_size = sizeof(struct state),
	.update = update, .head = head, .draw = draw, .status = status, .foot = foot, .act = act, .typed = typed, .forget = forget,
	.fini = fini, .sheet = sheet, .step = chosen_step,
};
