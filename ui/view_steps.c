// SPDX-License-Identifier: GPL-2.0-only
/* Steps: is it slow, and which step? Kinds of steps (agent x name), each of which expands to its single steps. */
#include "head.h"
#include "kinds.h"
#include "look.h"
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
	/* Live, when there are no steps: the task to follow. */
	struct table_pos cand;
	bool cand_moved;
	int32_t cand_pid, cand_before;	/* where the cursor is; where it was before the newest snapshot */
	/* Made by update(). */
	struct kinds kinds;
	bool kinds_fresh;
	struct row *rows;
	size_t n_rows, cap_rows;
	uint32_t *order;
	size_t cap_order;
	bool *has_deadline;		/* kinds of which a step had one */
	size_t cap_deadline;
	bool *has_twin;			/* agents of whose name there is another one */
	size_t n_twins, cap_twins;
	char why[256];			/* where the slow steps' time goes and who took it, in words */
};
struct arg {
	const struct state *st;
	const struct snapshot *s;
};

enum { COL_AGENT, COL_STEP, COL_RATE, COL_COUNT, COL_P50, COL_P99, COL_P999, COL_MAX, COL_MISS, COL_WORST, COL_SHARE };
static const struct column columns[] = {
	[COL_AGENT] = { "AGENT", "who: agent= of the mark, or the command", 9, 24, 0, 0, 1 },
	[COL_STEP] = { "STEP", "the kind of step: name= of the mark", 7, 24, 0, 0, 1 },
	[COL_RATE] = { "RATE", "steps in a second, over the whole recording", 6, 0, 6, 1, 1 },
	[COL_COUNT] = { "COUNT", "steps that ended", 7, 0, 7, 1, 1 },
	[COL_P50] = { "P50", "half of the steps took longer", 7, 0, 4, 1, 1 },
	[COL_P99] = { "P99", "one step in 100 took longer", 7, 0, 0, 1, 1 },
	[COL_P999] = { "P999", "one step in 1000 took longer", 7, 0, 8, 1, 1 },
	[COL_MAX] = { "MAX", "the slowest step", 7, 0, 1, 1, 1 },
	[COL_MISS] = { "MISS", "steps that missed their deadline; a dash: none had one", 6, 0, 3, 1, 1 },
	[COL_WORST] = { "WORST STAGE", "the stage with the most time in the slowest 1 %, and how much", 19, 27, 2, 0, 1 },
	[COL_SHARE] = { "TIME BY STAGE", "each letter is a stage", 13, 80, 9, 0, 0 },
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

/* "planner"; "871 planner" when there is another one. */
static void agent_field(const struct arg *a, const struct kind_row *k, struct field *f)
{
	text_field(f, k->agent, STYLE_NORMAL);
	if (k->agent_i >= a->st->n_twins || !a->st->has_twin[k->agent_i] || a->s->agents[k->agent_i].tgid <= 0)
		return;
	snprintf(f->buf, sizeof f->buf, "%d %.50s", a->s->agents[k->agent_i].tgid, k->agent);
	f->text = f->buf;
}

static void kind_field(const struct arg *a, uint32_t kind, unsigned col, struct field *f)
{
	const struct kind_row *k = a->s->kinds + kind;
	bool known = k->steps.n > 0;
	uint64_t span;

	switch (col) {
	case COL_AGENT: agent_field(a, k, f); break;
	case COL_STEP: text_field(f, k->name[0] ? k->name : LOOK_DASH, STYLE_NORMAL); break;
	case COL_RATE:
		f->kind = look_span_known(a->s, &span) ? FIELD_RATE : FIELD_UNKNOWN;
		f->num = span ? (double)k->steps.n * 1e9 / (double)span : 0;
		break;
	case COL_COUNT: f->kind = FIELD_COUNT; f->num = (double)k->steps.n; break;
	case COL_P50: time_field(f, k->steps.p50, known); break;
	case COL_P99: time_field(f, k->steps.p99, known); break;
	case COL_P999: time_field(f, k->steps.p999, known); break;
	case COL_MAX: time_field(f, k->steps.max, known); break;
	case COL_MISS:
		f->kind = a->st->has_deadline[kind] ? FIELD_COUNT : FIELD_UNKNOWN;
		f->num = (double)k->n_deadline_miss;
		f->style = k->n_deadline_miss ? STYLE_OVER : STYLE_NORMAL;
		break;
	case COL_WORST: stage_field(f, k->worst_stage, k->worst_ns, k->worst_ns > 0); break;
	case COL_SHARE: f->kind = FIELD_STAGES; f->ns = k->stage_ns; break;
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

static void step_field(const struct snapshot *s, const struct step *st, unsigned col, struct field *f)
{
	char t[24];

	switch (col) {
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
		step_field(a->s, a->s->steps[r->step], col, f);
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
static size_t open_i(const struct state *st, const struct snapshot *s, const struct kind_row *k)
{
	uint64_t id = kinds_id(s, k);
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
	st->sel = kinds_id(s, s->kinds + st->rows[st->pos.cursor].kind);
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
			if (kinds_id(s, s->kinds + r->kind) != st->sel)
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
		add_row(st, st->order[i], ROW_KIND);
		if (st->n_open && open_i(st, s, s->kinds + st->order[i]) < st->n_open)
			add_steps(st, s, st->order[i]);
	}
	/* Until somebody moves the cursor it stays on the first line, whatever comes to be there. */
	if (st->moved)
		restore(st, s);
	else
		st->pos = (struct table_pos){ 0, 0 };
}

static void find_deadline(struct state *st, const struct snapshot *s)
{
	if (s->n_kinds)
		GROW(st->has_deadline, s->n_kinds - 1, st->cap_deadline);
	for (size_t i = 0; i < s->n_kinds; i++)
		st->has_deadline[i] = s->kinds[i].deadlines.n || s->kinds[i].n_deadline_miss;
}

#define TWINS_MAX 300			/* agents; of more nobody compares the names */

static void find_twins(struct state *st, const struct snapshot *s)
{
	st->n_twins = s->n_agents <= TWINS_MAX ? s->n_agents : 0;
	if (st->n_twins)
		GROW(st->has_twin, st->n_twins - 1, st->cap_twins);
	for (size_t i = 0; i < st->n_twins; i++)
		st->has_twin[i] = false;
	for (size_t i = 0; i < st->n_twins; i++)
		for (size_t j = 0; j < i; j++)
			if (s->agents[i].tgid != s->agents[j].tgid && !strcmp(s->agents[i].agent, s->agents[j].agent))
				st->has_twin[i] = st->has_twin[j] = true;
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

static void update(void *state, const struct snapshot *s)
{
	struct state *st = state;

	restore_candidate(st, s);
	st->kinds_fresh = false;
	head_find_why(s, st->why, sizeof st->why);
	find_deadline(st, s);
	find_twins(st, s);
	make_rows(st, s);
}

static int head(const void *state, const struct snapshot *s, struct cells *c, struct rect r)
{
	return head_draw_why(s, ((const struct state *)state)->why, c, r);
}

static void draw(const void *state, const struct snapshot *s, struct cells *c, struct rect r)
{
	const struct state *st = state;
	struct arg a = { st, s };

	if (!s->n_kinds) {
		overview_draw(s, offers_tasks(s) ? &st->cand : NULL, c, r);
		return;
	}
	table_draw(&row_table, &a, st->n_rows, &st->pos, c, r, sort_col(st), st->reverse);
	/* Few kinds leave room for the machine as a whole. */
	if (r.h - (int)MIN(st->n_rows, 1000u) - 2 >= 6)
		overview_draw(s, NULL, c, (struct rect){ r.x, r.y + (int)st->n_rows + 2, r.w, r.h - (int)st->n_rows - 2 });
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
	size_t i = open_i(st, s, k);

	if (i < st->n_open) {
		st->open[i] = st->open[--st->n_open];
	} else {
		GROW(st->open, st->n_open, st->cap_open);
		st->open[st->n_open++] = kinds_id(s, k);
	}
	/* A single step that is folded away leaves the cursor on its kind. */
	st->sel = kinds_id(s, k);
	st->sel_step = 0;
	st->moved = true;
	make_rows(st, s);
}

/* Serial of the slowest step of a kind; 0 when none is kept. */
static uint64_t slowest(struct state *st, const struct snapshot *s, uint32_t kind)
{
	size_t i;

	need_kinds(st, s);
	i = kinds_worst(&st->kinds, kind);
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
	if (a == ACT_REVERSE)
		st->reverse = !st->reverse;
	else if (a == ACT_ORDER)
		st->newest_first = !st->newest_first;
	else
		st->sort = table_next_sort(&row_table, sort_col(st), a == ACT_SORT ? 1 : -1) + 1;
	make_rows(st, s);
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

static unsigned act(void *state, const struct snapshot *s, enum action a, struct move *m)
{
	struct state *st = state;

	if (offers_tasks(s))
		return act_candidate(st, s, a, m);
	if (a == ACT_SORT || a == ACT_SORT_BACK || a == ACT_REVERSE || a == ACT_ORDER)
		return change_sort(st, s, a);
	if (st->pos.cursor >= st->n_rows)
		return 0;
	if (a == ACT_ENTER)
		return enter_row(st, s, m);
	if (a == ACT_EXPAND) {
		toggle(st, s, s->kinds + st->rows[st->pos.cursor].kind);
		return UI_REDRAW;
	}
	if (!table_move(&st->pos, a, st->n_rows, (size_t)MAX(m->body.h - 1, 1)))
		return 0;
	st->moved = true;
	remember(st, s);
	return UI_REDRAW;
}

static void forget(void *state)
{
	((struct state *)state)->sel_step = 0;
}

static void fini(void *state)
{
	struct state *st = state;

	kinds_fini(&st->kinds);
	free(st->open);
	free(st->rows);
	free(st->order);
	free(st->has_deadline);
	free(st->has_twin);
}

static const struct keydoc task_keys[] = {
	{ ACT_ENTER, "follow this task", NULL }, { ACT_UP, "choose", NULL, "Arrows" }, { 0 }
};

static const struct keydoc *foot(const void *state, const struct snapshot *s)
{
	(void)state;
	return offers_tasks(s) ? task_keys : NULL;
}

static const struct keydoc keys[] = {
	{ ACT_ENTER, "chain of the slowest", "the chain of this step, or of the slowest of this kind" },
	{ ACT_ENTER, NULL, "live, on a task that could be an agent: follow it" },
	{ ACT_EXPAND, "expand", "show or fold the single steps of this kind" },
	{ ACT_SORT, "sort", "sort by the next column" },
	{ ACT_SORT_BACK, NULL, "sort by the column before" },
	{ ACT_REVERSE, "reverse", "reverse the order" },
	{ ACT_ORDER, NULL, "single steps: worst first or newest first" },
	{ ACT_UP, NULL, NULL }, { ACT_DOWN, NULL, NULL }, { ACT_PAGE_UP, NULL, NULL }, { ACT_PAGE_DOWN, NULL, NULL },
	{ ACT_FIRST, NULL, NULL }, { ACT_LAST, NULL, NULL },
	{ 0 }
};

const struct view view_steps = {
	.name = "steps", .title = "Steps", .keys = keys, .state_size = sizeof(struct state),
	.update = update, .head = head, .draw = draw, .status = status, .foot = foot, .act = act, .forget = forget, .fini = fini,
};
