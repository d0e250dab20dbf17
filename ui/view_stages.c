// SPDX-License-Identifier: GPL-2.0-only
/* Stages: which kind of time makes steps slow, against what target, and when was it so? A latency map of the chosen one. */
#include "head.h"
#include "heatmap.h"
#include "kinds.h"
#include "look.h"
#include "table.h"
#include "verdict.h"
#include "view.h"

#include <string.h>

struct state {
	struct table_pos pos;
	unsigned sort;			/* column + 1; 0: as nobody asked, by the slowest steps' time */
	bool reverse, moved;
	unsigned sel;			/* stage */
	bool of_kinds;			/* the map is of a kind of step */
	uint64_t kind_id;		/* kinds_id(); 0: nobody chose one, the slowest */
	/* Made by update(). */
	uint32_t rows[N_STAGES];	/* stages with any time, as sorted */
	size_t n_rows;
	uint32_t kind;			/* row of snapshot.kinds; KIND_NONE */
	uint64_t deadline_ns;		/* of that kind; 0: none, or several */
};
struct arg {
	const struct state *st;
	const struct snapshot *s;
};

enum { COL_STAGE, COL_COUNT, COL_P50, COL_P99, COL_P999, COL_MAX, COL_SHARE, COL_WORST, COL_TARGET, COL_VERDICT,
       N_COLS, CSV_TYPICAL = N_COLS, CSV_TAIL };	/* from N on: in a CSV */
static const struct column columns[] = {
	[COL_STAGE] = { "STAGE", "its letter and words", 18, 22, 0, 0, 1 },
	[COL_COUNT] = { "COUNT", "how often it occurred: neighbouring segments are one", 7, 0, 7, 1, 1 },
	[COL_P50] = { "P50", "half of them took longer", 7, 0, 5, 1, 1, "p50_ns" },
	[COL_P99] = { "P99", "one in 100 took longer", 7, 0, 0, 1, 1, "p99_ns" },
	[COL_P999] = { "P999", "one in 1000 took longer", 7, 0, 8, 1, 1, "p999_ns" },
	[COL_MAX] = { "MAX", "the longest", 7, 0, 6, 1, 1, "max_ns" },
	[COL_SHARE] = { "SHARE", "of all time of steps", 6, 0, 4, 1, 1 },
	[COL_WORST] = { "SLOW 1 %", "of the time of the slowest 1 % of steps", 9, 0, 0, 1, 1, "share_worst" },
	[COL_TARGET] = { "TARGET", "typical and tail", 16, 0, 9, 0, 1, "" },
	[COL_VERDICT] = { "VERDICT", "against the target", 8, 0, 3, 0, 1 },
	[CSV_TYPICAL] = { .csv = "typical_target_ns" }, [CSV_TAIL] = { .csv = "tail_target_ns" },
};

/* ---- what stands in the columns ---- */

static void time_field(struct field *f, uint64_t ns, bool known)
{
	f->kind = known ? FIELD_TIME : FIELD_UNKNOWN;
	f->num = (double)ns;
}

static void share_field(struct field *f, const struct snapshot *s, double share)
{
	f->kind = s->steps_all.n ? FIELD_TEXT : FIELD_UNKNOWN;
	f->num = share;
	f->text = fmt_share(f->buf, sizeof f->buf, share);
}

static void target_field(struct field *f, unsigned stage)
{
	struct stage_target t = look_target(stage);
	char a[16], b[16];

	f->kind = t.typical_ns || t.tail_ns ? FIELD_TEXT : FIELD_UNKNOWN;
	f->num = (double)(t.typical_ns ? t.typical_ns : t.tail_ns);
	snprintf(f->buf, sizeof f->buf, "%s, %s", look_ns(a, sizeof a, t.typical_ns, t.typical_ns), look_ns(b, sizeof b, t.tail_ns, t.tail_ns));
	f->text = f->buf;
}

/* As the text report judges: by its p50 and p99. */
static enum verdict judge(const struct snapshot *s, unsigned stage)
{
	static const enum verdict of[] = {
		[TARGET_NONE] = VERDICT_NONE, [TARGET_GOOD] = VERDICT_GOOD, [TARGET_TAIL] = VERDICT_TAIL, [TARGET_OVER] = VERDICT_OVER,
	};
	struct stage_target t = look_target(stage);

	return of[target_verdict(&t, &s->stage[stage].dist)];
}

static const char *verdict_word(enum verdict v)
{
	static const char *const words[] = { [VERDICT_NONE] = "", [VERDICT_GOOD] = "good", [VERDICT_TAIL] = "tail", [VERDICT_OVER] = "over" };

	return words[v];
}

static void verdict_field(struct field *f, const struct snapshot *s, unsigned stage)
{
	enum verdict v = judge(s, stage);

	f->kind = v == VERDICT_NONE ? FIELD_UNKNOWN : FIELD_TEXT;
	f->num = v;
	f->style = (uint16_t)look_verdict_style(v);
	snprintf(f->buf, sizeof f->buf, "%s%s%s", verdict_word(v), look_verdict_sign(v)[0] ? " " : "", look_verdict_sign(v));
	f->text = f->buf;
}

static void stage_field(const void *arg, size_t stage, unsigned col, struct field *f)
{
	const struct snapshot *s = ((const struct arg *)arg)->s;
	const struct stage_row *row = &s->stage[stage];
	const struct quant *q = &row->dist;

	switch (col) {
	case COL_STAGE:
		f->kind = FIELD_TEXT;
		f->num = N_STAGES - (double)stage;
		f->style = (uint16_t)look_stage_style((unsigned)stage);
		snprintf(f->buf, sizeof f->buf, "%c %s", look_stage((unsigned)stage)->letter, look_stage((unsigned)stage)->words);
		f->text = f->buf;
		break;
	case COL_COUNT: f->kind = FIELD_COUNT; f->num = (double)q->n; break;
	case COL_P50: time_field(f, q->p50, q->n); break;
	case COL_P99: time_field(f, q->p99, q->n); break;
	case COL_P999: time_field(f, q->p999, q->n); break;
	case COL_MAX: time_field(f, q->max, q->n); break;
	case COL_SHARE: share_field(f, s, row->share); break;
	case COL_WORST: share_field(f, s, row->share_worst); break;
	case COL_TARGET: target_field(f, (unsigned)stage); break;
	case COL_VERDICT: verdict_field(f, s, (unsigned)stage); break;
	}
}

static void line_field(const void *arg, size_t line, unsigned col, struct field *f)
{
	stage_field(arg, ((const struct arg *)arg)->st->rows[line], col, f);
}

/* In a CSV a stage has the name that it has in the report, and shares are fractions. */
static void csv_field(const void *arg, size_t line, unsigned col, struct field *f)
{
	const struct arg *a = arg;
	unsigned stage = a->st->rows[line];
	struct stage_target t = look_target(stage);

	switch (col) {
	case COL_STAGE: f->kind = FIELD_TEXT; f->text = look_stage(stage)->name; break;
	case COL_VERDICT: f->kind = FIELD_TEXT; f->text = verdict_word(judge(a->s, stage)); break;
	case CSV_TYPICAL: time_field(f, t.typical_ns, t.typical_ns); break;
	case CSV_TAIL: time_field(f, t.tail_ns, t.tail_ns); break;
	default:
		stage_field(arg, stage, col, f);
		if ((col == COL_SHARE || col == COL_WORST) && f->kind == FIELD_TEXT)
			field_ratio(f, f->num);
	}
}

static const struct table order_table = { columns, N_COLS, stage_field };
static const struct table line_table = { columns, N_COLS, line_field };
static const struct table csv_table = { columns, ARRAY_LEN(columns), csv_field };

static unsigned sort_col(const struct state *st)
{
	return st->sort ? st->sort - 1 : COL_WORST;
}

/* ---- rows, and what the map is of ---- */

static void make_rows(struct state *st, const struct snapshot *s)
{
	struct arg a = { st, s };
	size_t i = 0;

	st->n_rows = 0;
	for (uint32_t k = 0; k < N_STAGES; k++)
		if (s->stage[k].dist.n)
			st->rows[st->n_rows++] = k;
	table_sort(&order_table, &a, st->rows, st->n_rows, sort_col(st), st->reverse);
	if (!st->moved)
		st->pos = (struct table_pos){ 0, 0 };
	while (st->moved && i < st->n_rows && st->rows[i] != st->sel)
		i++;
	if (st->moved)
		st->pos.cursor = i < st->n_rows ? i : MIN(st->pos.cursor, st->n_rows ? st->n_rows - 1 : 0);
}

static uint32_t slowest_kind(const struct snapshot *s)
{
	uint32_t best = KIND_NONE;

	for (uint32_t i = 0; i < s->n_kinds; i++)
		if (best == KIND_NONE || s->kinds[i].steps.p99 > s->kinds[best].steps.p99)
			best = i;
	return best;
}

/* The one deadline of all kept steps of the kind. */
static uint64_t deadline_of(const struct snapshot *s, const struct kind_row *k)
{
	uint64_t one = 0;

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct step *st = s->steps[i];

		if (!st->deadline_ns || st->deadline_ns == one || st->agent_i != k->agent_i || strcmp(snapshot_str(s, st->name), k->name))
			continue;
		if (one)
			return 0;
		one = st->deadline_ns;
	}
	return one;
}

static void find_kind(struct state *st, const struct snapshot *s)
{
	st->kind = st->kind_id ? kinds_row(s, st->kind_id) : KIND_NONE;
	if (st->kind >= s->n_kinds)
		st->kind = slowest_kind(s);
	st->deadline_ns = st->kind < s->n_kinds ? deadline_of(s, s->kinds + st->kind) : 0;
}

static void update(void *state, const struct snapshot *s)
{
	struct state *st = state;

	make_rows(st, s);
	if (st->of_kinds)
		find_kind(st, s);
}

static unsigned chosen(const struct state *st)
{
	return st->pos.cursor < st->n_rows ? st->rows[st->pos.cursor] : ST_UNKNOWN;
}

static const uint64_t *counts(const struct state *st, const struct snapshot *s)
{
	if (!s->time.n || !s->time.slot_ns)
		return NULL;
	if (!st->of_kinds)
		return s->time.stage[chosen(st)];
	return s->time.kind && st->kind < s->n_kinds ? s->time.kind[st->kind] : NULL;
}

/* "planner/plan"; of a kind without a name, the agent alone. */
static const char *kind_words(const struct kind_row *k, char *buf, size_t len)
{
	snprintf(buf, len, "%.60s%s%.60s", k->agent, k->name[0] ? "/" : "", k->name);
	return buf;
}

static void map_title(const struct state *st, const struct snapshot *s, char *buf, size_t len)
{
	char name[128], place[48] = "";

	if (!st->of_kinds) {
		snprintf(buf, len, "%s over time", look_stage(chosen(st))->words);
		return;
	}
	if (st->kind >= s->n_kinds) {
		snprintf(buf, len, "steps over time");
		return;
	}
	if (s->n_kinds > 1)
		snprintf(place, sizeof place, " (%u of %zu)", st->kind + 1, s->n_kinds);
	snprintf(buf, len, "steps of %s over time%s", kind_words(s->kinds + st->kind, name, sizeof name), place);
}

/* ---- painting ---- */

/* Returns the lines used. */
static int draw_map(const struct state *st, const struct snapshot *s, struct cells *c, struct rect r)
{
	struct stage_target target = look_target(chosen(st));
	char title[256];
	struct heatmap m = {
		.title = title, .v = counts(st, s), .n = s->time.n, .begin = s->time.begin, .slot_ns = s->time.slot_ns,
		.zero = s->live.on ? s->source.end : s->source.begin, .style = look_stage_style(chosen(st)),
		.typical_ns = st->of_kinds ? 0 : target.typical_ns, .tail_ns = st->of_kinds ? st->deadline_ns : target.tail_ns,
	};

	map_title(st, s, title, sizeof title);
	if (m.v)
		return heatmap_draw(&m, c, r);
	cells_fill(c, (struct rect){ r.x, r.y, r.w, 1 }, STYLE_HEAD, ' ');
	cells_put(c, r.x, r.y, r.w, STYLE_HEAD, title);
	cells_wrap(c, (struct rect){ r.x, r.y + 1, r.w, r.h - 1 }, 0, STYLE_DIM,
		   st->of_kinds ? "No map: nothing tells when such steps ended." : "No map: nothing tells when this stage occurred.");
	return 2;
}

static void stage_words(const struct snapshot *s, unsigned stage, char *buf, size_t len)
{
	const struct stage_name *n = look_stage(stage);
	const struct quant *q = &s->stage[stage].dist;
	struct stage_target t = look_target(stage);
	enum verdict v = judge(s, stage);
	bool median = t.typical_ns && q->p50 > t.typical_ns;
	uint64_t limit = median ? t.typical_ns : v == VERDICT_OVER ? t.tail_ns : t.typical_ns ? t.typical_ns : t.tail_ns;
	char a[16], b[16];
	size_t used = (size_t)snprintf(buf, len, "%s: %s.", n->words, n->help);

	if (v == VERDICT_NONE || used >= len)
		return;
	snprintf(buf + used, len - used, " It is %s%s%s: its %s, %s, is %s the %s of %s.", verdict_word(v), look_verdict_sign(v)[0] ? " " : "",
		 look_verdict_sign(v), median ? "p50" : "p99", fmt_ns(a, sizeof a, median ? q->p50 : q->p99),
		 v == VERDICT_GOOD ? "within" : "above", limit == t.tail_ns && limit != t.typical_ns ? "tail target" : "target",
		 fmt_ns(b, sizeof b, limit));
}

static void kind_sentence(const struct state *st, const struct snapshot *s, char *buf, size_t len)
{
	const struct kind_row *k = s->kinds + st->kind;
	char name[128], n[16], a[16], b[16], d[16], misses[16], deadline[64] = "";

	if (st->deadline_ns)
		snprintf(deadline, sizeof deadline, "; deadline %s, missed %s", fmt_ns(d, sizeof d, st->deadline_ns),
			 look_count(misses, sizeof misses, k->n_deadline_miss));
	snprintf(buf, len, "%s: %s step%s, p50 %s, p99 %s%s.", kind_words(k, name, sizeof name), look_count(n, sizeof n, k->steps.n),
		 k->steps.n == 1 ? "" : "s", look_ns(a, sizeof a, k->steps.p50, k->steps.n), look_ns(b, sizeof b, k->steps.p99, k->steps.n), deadline);
}

static int words(const struct state *st, const struct snapshot *s, int w, char *buf, size_t len)
{
	buf[0] = 0;
	if (st->of_kinds && st->kind < s->n_kinds)
		kind_sentence(st, s, buf, len);
	else if (!st->of_kinds)
		stage_words(s, chosen(st), buf, len);
	return cells_wrap(&(struct cells){ 0 }, (struct rect){ 0, 0, w, 1 }, 0, STYLE_NORMAL, buf);
}

#define WIDE 160			/* from here on the map stands beside the table */
#define TABLE_WIDTH 104

struct layout {
	struct rect table, map, words;
};

/* Wide, the words stand below the table. */
static int words_width(int w)
{
	return w >= WIDE ? TABLE_WIDTH : w;
}

/* The table gives way to the map down to half of the body; below eleven lines there is no map. */
static struct layout lay_out(const struct state *st, struct rect r, int n_words)
{
	struct layout l = { .table = r, .map = r, .words = r };
	int want = (int)st->n_rows + 1;

	l.words.h = r.h < 8 ? 0 : MIN(n_words, MAX(r.h / 5, 2));
	l.table.h = r.h - l.words.h;
	if (r.w >= WIDE) {
		l.table.w = l.words.w = TABLE_WIDTH;
		l.map = (struct rect){ r.x + TABLE_WIDTH + 2, r.y, r.w - TABLE_WIDTH - 2, l.table.h };
		l.map.h = MIN(l.map.h, (int)HEAT_BUCKETS + 2);
		l.words.y = r.y + MIN(want + 1, l.table.h);
		l.table.h = MIN(want, l.table.h);
		return l;
	}
	l.map.h = l.table.h < 11 ? 0 : MAX(MIN(l.table.h / 2, 14), l.table.h - want - 1);
	l.map.h = MIN(l.map.h, (int)HEAT_BUCKETS + 2);
	l.table.h = MIN(want, l.table.h - l.map.h);
	l.map.y = r.y + l.table.h;
	if (l.map.y + l.map.h + l.words.h < r.y + r.h && l.map.h)
		l.map.y++;
	l.words.y = r.y + r.h - l.words.h;
	return l;
}

/* Rows that the table leaves out stand in its heading: there is no line to spare, and fields go up to the end of theirs. */
static void draw_table(const struct arg *a, struct cells *c, struct rect r)
{
	const struct state *st = a->st;
	struct column cols[ARRAY_LEN(columns)];
	struct table t = line_table;
	size_t page = (size_t)MAX(r.h - 1, 0), seen = MIN(table_top(&st->pos, st->n_rows, page) + page, st->n_rows);
	char title[32];

	memcpy(cols, columns, sizeof cols);
	t.cols = cols;
	snprintf(title, sizeof title, "%s  ▾ %zu more", columns[COL_STAGE].title, st->n_rows - seen);
	if (seen < st->n_rows)
		cols[COL_STAGE].title = title;
	table_draw(&t, a, st->n_rows, &st->pos, c, r, sort_col(st), st->reverse);
}

static void draw(const void *state, const struct snapshot *s, struct cells *c, struct rect r)
{
	const struct state *st = state;
	struct arg a = { st, s };
	char text[512];
	struct layout l = lay_out(st, r, words(st, s, words_width(r.w), text, sizeof text));

	if (!st->n_rows) {
		cells_wrap(c, r, 0, STYLE_NOTE, s->n_steps_all ? "No step has ended lately, so no stage has any time." :
			   "There are no steps, so no stage has any time; the first screen says why.");
		return;
	}
	draw_table(&a, c, l.table);
	if (l.map.h > 2) {
		int used = draw_map(st, s, c, l.map);

		if (r.w < WIDE)
			l.words.y = MIN(l.words.y, l.map.y + used + 1);
	}
	cells_wrap(c, l.words, 0, STYLE_NORMAL, text);
}

static void status(const void *state, const struct snapshot *s, char *buf, size_t len)
{
	const struct state *st = state;

	(void)s;
	buf[0] = 0;
	if (st->n_rows)
		snprintf(buf, len, "%zu/%zu · sort %s %s", st->pos.cursor + 1, st->n_rows, columns[sort_col(st)].title, st->reverse ? "▲" : "▼");
}

static bool sheet(const void *state, const struct snapshot *s, unsigned nth, struct sheet *out)
{
	const struct state *st = state;

	*out = (struct sheet){ .name = "stages", .shown = &line_table, .csv = &csv_table, .n_rows = st->n_rows,
			       .sort_col = sort_col(st), .reverse = st->reverse };
	sheet_arg(out, &(struct arg){ st, s }, sizeof(struct arg));
	return nth == 0 && st->n_rows;
}

/* ---- keys ---- */

/* The kept step with most time in it; of equal ones the slowest. */
static uint64_t most_of(const struct snapshot *s, unsigned stage)
{
	const struct step *best = NULL;

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct step *st = s->steps[i];

		if (!best || st->has_segments > best->has_segments ||
		    (st->has_segments == best->has_segments && (st->ns[stage] > best->ns[stage] ||
		     (st->ns[stage] == best->ns[stage] && step_ns(st) > step_ns(best)))))
			best = st;
	}
	return best ? best->serial : 0;
}

static uint64_t slowest_of(const struct snapshot *s, uint32_t kind)
{
	struct kinds k = { 0 };
	uint64_t serial = 0;
	size_t i;

	kinds_update(&k, s);
	i = kinds_worst(&k, kind);
	if (i < s->n_steps)
		serial = s->steps[i]->serial;
	kinds_fini(&k);
	return serial;
}

static unsigned go(const struct state *st, const struct snapshot *s, struct move *m)
{
	if (st->of_kinds)
		m->to = (struct target){ .view = "chain", .step = slowest_of(s, st->kind) };
	else
		m->to = (struct target){ .view = "chain", .step = most_of(s, chosen(st)), .stage_plus_1 = (uint8_t)(chosen(st) + 1) };
	return UI_GO | UI_REDRAW;
}

static unsigned next_kind(struct state *st, const struct snapshot *s, int direction)
{
	uint32_t kind = st->kind + (uint32_t)direction;

	if (!st->of_kinds || kind >= s->n_kinds)
		return 0;
	st->kind_id = kinds_id(s->kinds + kind);
	find_kind(st, s);
	return UI_REDRAW;
}

static unsigned change_sort(struct state *st, const struct snapshot *s, enum action a)
{
	if (a == ACT_REVERSE)
		st->reverse = !st->reverse;
	else
		st->sort = table_next_sort(&line_table, sort_col(st), a == ACT_SORT ? 1 : -1) + 1;
	make_rows(st, s);
	return UI_REDRAW;
}

static unsigned move(struct state *st, const struct snapshot *s, enum action a, struct rect body)
{
	char text[512];
	struct layout l = lay_out(st, body, words(st, s, words_width(body.w), text, sizeof text));

	if (!table_move(&st->pos, a, st->n_rows, (size_t)MAX(l.table.h - 1, 1)))
		return 0;
	st->moved = true;
	st->sel = chosen(st);
	return UI_REDRAW;
}

static unsigned act(void *state, const struct snapshot *s, enum action a, struct move *m)
{
	struct state *st = state;

	if (a == ACT_BACK)
		return UI_CLOSE | UI_REDRAW;
	if (!st->n_rows)
		return 0;
	switch (a) {
	case ACT_SORT: case ACT_SORT_BACK: case ACT_REVERSE:
		return change_sort(st, s, a);
	case ACT_ENTER:
		return go(st, s, m);
	case ACT_EXPAND:
		st->of_kinds = !st->of_kinds;
		if (st->of_kinds)
			find_kind(st, s);
		return UI_REDRAW;
	case ACT_LEFT: case ACT_RIGHT:
		return next_kind(st, s, a == ACT_LEFT ? -1 : 1);
	default:
		return move(st, s, a, m->body);
	}
}

static const struct keydoc keys[] = {
	{ ACT_ENTER, "step with most of it", "the chain of the step with most time in this stage; of the slowest step when the map is of steps" },
	{ ACT_EXPAND, "map of steps", "the map: of a kind of step, or of the chosen stage" },
	{ ACT_SORT, "sort", "sort by the next column" },
	{ ACT_REVERSE, "reverse", "reverse the order" },
	{ ACT_SORT_BACK, NULL, "sort by the column before" },
	{ ACT_LEFT, NULL, "when the map is of steps: the kind of step before" },
	{ ACT_RIGHT, NULL, "and the next one" },
	{ ACT_BACK, NULL, "back to the steps" },
	{ ACT_UP, NULL, NULL }, { ACT_DOWN, NULL, NULL }, { ACT_PAGE_UP, NULL, NULL }, { ACT_PAGE_DOWN, NULL, NULL },
	{ ACT_FIRST, NULL, NULL }, { ACT_LAST, NULL, NULL },
	{ 0 }
};
static const struct keydoc keys_of_kinds[] = {
	{ ACT_ENTER, "slowest step", NULL }, { ACT_EXPAND, "map of stage", NULL }, { ACT_RIGHT, "kind of step", NULL, "Left Right" },
	{ ACT_SORT, "sort", NULL }, { 0 }
};
static const struct keydoc keys_of_none[] = { { ACT_BACK, "back", NULL }, { 0 } };

static const struct keydoc *foot(const void *state, const struct snapshot *s)
{
	const struct state *st = state;

	(void)s;
	return !st->n_rows ? keys_of_none : st->of_kinds ? keys_of_kinds : NULL;
}

static const struct table *const shown[] = { &line_table, NULL };

const struct view view_stages = {
	.name = "stages", .title = "Stages", .keys = keys, .tables = shown, .state_size = sizeof(struct state),
	.update = update, .head = head_view, .draw = draw, .status = status, .foot = foot, .act = act, .sheet = sheet,
};
