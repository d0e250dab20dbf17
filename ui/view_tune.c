// SPDX-License-Identifier: GPL-2.0-only
/* Tune: who took the steps' time, and so what is worth changing. Actors, each of which expands by CPU, stage and agent. */
#include "blame.h"
#include "look.h"
#include "overview.h"
#include "table.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 5			/* lines of the sentence below */
#define ROW_CULPRIT UINT32_MAX

struct row {
	uint32_t culprit, harm;		/* rows of the snapshot; harm ROW_CULPRIT: the actor's own line */
};
struct state {
	struct table_pos pos;
	unsigned sort;			/* column + 1; 0: as nobody asked, harm */
	bool reverse, moved;
	uint64_t *open;			/* expanded actors, by culprit_id() */
	size_t n_open, cap_open;
	uint64_t sel, sel_harm;		/* culprit_id(), harm_id(); 0: the actor's own line */
	char asked[96];			/* an actor to look at who took no time; "" none */
	bool none_kept;			/* of the chosen actor there is no step to show */
	/* Made by update(). */
	struct blame blame;
	struct row *rows;
	size_t n_rows, cap_rows;
	uint32_t *order;
	size_t cap_order;
};
struct arg {
	const struct state *st;
	const struct snapshot *s;
};

enum { COL_ACTOR, COL_LEVEL, COL_HARM, COL_SHARE, COL_STEPS, COL_HOW, COL_ALSO, COL_WHERE, COL_WHOM,
       N_COLS, CSV_CPU = N_COLS, CSV_STAGE };	/* from N on: in a CSV */
static const struct column columns[] = {
	[COL_ACTOR] = { "ACTOR", "who took time from steps", 20, 40, 0, 0, 1 },
	[COL_LEVEL] = { "LEVEL", "what it is: irq, softirq, task", 7, 0, 3, 0, 1 },
	[COL_HARM] = { "HARM", "how much it took in all", 7, 0, 0, 1, 1, "harm_ns" },
	[COL_SHARE] = { "SHARE", "of the time of all steps", 6, 0, 1, 1, 0 },
	[COL_STEPS] = { "STEPS", "from how many steps; a dash: nobody knows, or they are still open", 6, 0, 4, 1, 1 },
	[COL_HOW] = { "HOW", "most of it: ran instead of a step that was ready to, preempted it, or stole time from it on its CPU",
		      19, 0, 5, 0, 0 },
	[COL_ALSO] = { "ALSO", "in which other ways", 18, 40, 8, 0, 0 },
	[COL_WHERE] = { "WHERE", "on which CPUs, most first", 7, 14, 2, 0, 0 },
	[COL_WHOM] = { "WHOM", "from which agents, most first", 9, 40, 9, 0, 0 },
	[CSV_CPU] = { .csv = "cpu" }, [CSV_STAGE] = { .csv = "stage" },
};

/* ---- who is who, from snapshot to snapshot ---- */

static uint64_t mix(uint64_t h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3ull;
	return hash64(h);
}

/* A task may get another name meanwhile. */
static uint64_t culprit_id(const struct culprit_row *p)
{
	uint64_t h = hash64((uint64_t)p->id << 8 | p->level) | 1;

	return p->level == HARM_TASK && !p->others ? h : mix(h, p->actor) | 1;
}

static uint64_t harm_id(const struct harm_row *h)
{
	return mix(hash64(((uint64_t)h->agent_i << 32 | h->cpu) + hash64(h->stage + 1u)), h->agent) | 1;
}

/* ---- cells ---- */

static void text_field(struct field *f, const char *text)
{
	f->kind = FIELD_TEXT;
	f->text = text;
}

static void copy_field(struct field *f, const char *text)
{
	snprintf(f->buf, sizeof f->buf, "%s", text);
	text_field(f, f->buf);
}

static void share_field(const struct snapshot *s, uint64_t ns, struct field *f)
{
	text_field(f, look_part(f->buf, sizeof f->buf, ns, s->steps_all.sum));
}

static void steps_field(uint64_t n, struct field *f)
{
	f->kind = n ? FIELD_COUNT : FIELD_UNKNOWN;
	f->num = (double)n;
}

static void culprit_field(const struct arg *a, uint32_t culprit, unsigned col, struct field *f)
{
	const struct culprit_row *p = a->s->culprits + culprit;
	const struct blame *b = &a->st->blame;
	char text[256];

	switch (col) {
	case COL_ACTOR: text_field(f, p->actor); break;
	case COL_LEVEL: text_field(f, blame_level(p->level)); break;
	case COL_HARM: f->kind = FIELD_TIME; f->num = (double)p->ns; break;
	case COL_SHARE: share_field(a->s, p->ns, f); break;
	case COL_STEPS: steps_field(p->n_steps, f); break;
	case COL_HOW: copy_field(f, blame_how(b, a->s, culprit, 0, 1, text, sizeof text)); break;
	case COL_ALSO: copy_field(f, blame_how(b, a->s, culprit, 1, 9, text, sizeof text)); break;
	case COL_WHERE: copy_field(f, blame_cpus(b, a->s, culprit, text, sizeof text)); break;
	case COL_WHOM: copy_field(f, blame_agents(b, a->s, culprit, text, sizeof text)); break;
	}
}

/* Below its actor: from whom stands in front, since that column is the first to go. */
static void harm_field(const struct arg *a, const struct harm_row *h, unsigned col, struct field *f)
{
	char text[32];

	switch (col) {
	case COL_ACTOR: text_field(f, h->agent[0] ? h->agent : LOOK_DASH); f->indent = 2; break;
	case COL_HARM: f->kind = FIELD_TIME; f->num = (double)h->ns; break;
	case COL_SHARE: share_field(a->s, h->ns, f); break;
	case COL_STEPS: steps_field(h->n_steps, f); break;
	case COL_HOW: text_field(f, blame_verb(h->stage)); break;
	case COL_WHERE: copy_field(f, look_cpu(text, sizeof text, h->cpu)); break;
	case COL_WHOM: text_field(f, h->agent); break;
	}
}

static void row_field(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct arg *a = arg;
	const struct row *r = a->st->rows + row;

	if (r->harm == ROW_CULPRIT)
		culprit_field(a, r->culprit, col, f);
	else
		harm_field(a, a->s->harms + r->harm, col, f);
}

static void order_field(const void *arg, size_t row, unsigned col, struct field *f)
{
	culprit_field(arg, (uint32_t)row, col, f);
}

static const struct table row_table = { columns, N_COLS, row_field };
static const struct table order_table = { columns, N_COLS, order_field };

/* ---- to files ---- */

static char *also_words(const void *arg, size_t row, char *buf, size_t len)
{
	const struct arg *a = arg;

	return blame_how(&a->st->blame, a->s, a->st->rows[row].culprit, 1, 9, buf, len);
}

static char *whom_words(const void *arg, size_t row, char *buf, size_t len)
{
	const struct arg *a = arg;

	return blame_agents(&a->st->blame, a->s, a->st->rows[row].culprit, buf, len);
}

static void csv_count(struct field *f, uint64_t n, bool known)
{
	f->kind = known ? FIELD_COUNT : FIELD_UNKNOWN;
	f->num = (double)n;
}

static void csv_share(const struct snapshot *s, uint64_t ns, struct field *f)
{
	if (s->steps_all.sum)
		field_ratio(f, (double)ns / (double)s->steps_all.sum);
}

static void csv_culprit(const struct arg *a, uint32_t culprit, unsigned col, struct field *f)
{
	const struct culprit_row *p = a->s->culprits + culprit;

	switch (col) {
	case COL_SHARE: csv_share(a->s, p->ns, f); break;
	case COL_STEPS: csv_count(f, p->n_steps, !p->others); break;
	case COL_ALSO: f->kind = FIELD_PAINT; f->words = also_words; break;
	case COL_WHOM: f->kind = FIELD_PAINT; f->words = whom_words; break;
	default: culprit_field(a, culprit, col, f); break;
	}
}

/* A part says whose it is. */
static void csv_harm(const struct arg *a, const struct row *r, unsigned col, struct field *f)
{
	const struct harm_row *h = a->s->harms + r->harm;

	switch (col) {
	case COL_ACTOR: case COL_LEVEL: culprit_field(a, r->culprit, col, f); break;
	case COL_SHARE: csv_share(a->s, h->ns, f); break;
	case COL_STEPS: csv_count(f, h->n_steps, !a->s->culprits[r->culprit].others); break;
	case CSV_CPU: csv_count(f, h->cpu, h->cpu != UINT32_MAX); break;
	case CSV_STAGE: text_field(f, look_stage(h->stage)->name); break;
	default: harm_field(a, h, col, f); break;
	}
}

static void csv_field(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct arg *a = arg;
	const struct row *r = a->st->rows + row;

	if (r->harm == ROW_CULPRIT)
		csv_culprit(a, r->culprit, col, f);
	else
		csv_harm(a, r, col, f);
}

static const struct table csv_table = { columns, ARRAY_LEN(columns), csv_field };

static unsigned sort_col(const struct state *st)
{
	return st->sort ? st->sort - 1 : COL_HARM;
}

/* ---- rows ---- */

static size_t open_i(const struct state *st, const struct culprit_row *p)
{
	uint64_t id = culprit_id(p);
	size_t i = 0;

	while (i < st->n_open && st->open[i] != id)
		i++;
	return i;
}

static void add_row(struct state *st, uint32_t culprit, uint32_t harm)
{
	GROW(st->rows, st->n_rows, st->cap_rows);
	st->rows[st->n_rows++] = (struct row){ culprit, harm };
}

static void remember(struct state *st, const struct snapshot *s)
{
	const struct row *r = st->rows + st->pos.cursor;

	if (st->pos.cursor >= st->n_rows)
		return;
	st->sel = culprit_id(s->culprits + r->culprit);
	st->sel_harm = r->harm == ROW_CULPRIT ? 0 : harm_id(s->harms + r->harm);
}

/* Puts the cursor where the selected row is now; on its actor when that part of it is gone. */
static void restore(struct state *st, const struct snapshot *s)
{
	size_t actor_at = st->n_rows, at = st->n_rows;

	for (size_t i = 0; i < st->n_rows && at == st->n_rows; i++) {
		const struct row *r = st->rows + i;

		if (culprit_id(s->culprits + r->culprit) != st->sel)
			continue;
		if (r->harm == ROW_CULPRIT)
			actor_at = i;
		if (r->harm == ROW_CULPRIT ? !st->sel_harm : st->sel_harm == harm_id(s->harms + r->harm))
			at = i;
	}
	at = at < st->n_rows ? at : actor_at;
	st->pos.cursor = at < st->n_rows ? at : MIN(st->pos.cursor, st->n_rows ? st->n_rows - 1 : 0);
}

static void make_rows(struct state *st, const struct snapshot *s)
{
	struct arg a = { st, s };

	if (s->n_culprits)
		GROW(st->order, s->n_culprits - 1, st->cap_order);
	for (uint32_t i = 0; i < s->n_culprits; i++)
		st->order[i] = i;
	table_sort(&order_table, &a, st->order, s->n_culprits, sort_col(st), st->reverse);
	st->n_rows = 0;
	for (size_t i = 0; i < s->n_culprits; i++) {
		uint32_t p = st->order[i];

		add_row(st, p, ROW_CULPRIT);
		if (st->n_open && open_i(st, s->culprits + p) < st->n_open)
			for (uint32_t k = st->blame.first[p]; k < st->blame.first[p + 1]; k++)
				add_row(st, p, st->blame.row[k]);
	}
	if (st->moved)
		restore(st, s);
	else
		st->pos = (struct table_pos){ 0, 0 };
}

static void update(void *state, const struct snapshot *s)
{
	struct state *st = state;

	st->none_kept = false;
	blame_update(&st->blame, s);
	make_rows(st, s);
}

/* "NET_RX eth0" is how a segment says for which device NET_RX ran. */
static bool is_called(const struct culprit_row *p, const char *actor)
{
	size_t n = strlen(p->actor);

	return !strcmp(p->actor, actor) || (p->level == HARM_SOFTIRQ && !strncmp(p->actor, actor, n) && actor[n] == ' ');
}

static void enter(void *state, const struct snapshot *s, const struct target *to)
{
	struct state *st = state;
	size_t i = 0;

	st->asked[0] = 0;
	if (!to->actor)
		return;
	while (i < s->n_culprits && !is_called(s->culprits + i, to->actor))
		i++;
	if (i == s->n_culprits) {
		snprintf(st->asked, sizeof st->asked, "%s", to->actor);
		return;
	}
	st->sel = culprit_id(s->culprits + i);
	st->sel_harm = 0;
	st->moved = true;
	restore(st, s);
}

/* ---- the answer ---- */

static void sums_line(const struct snapshot *s, struct cells *c, struct rect r)
{
	static const struct { uint8_t level; const char *label; } by[] = {
		{ HARM_TASK, "tasks " }, { HARM_SOFTIRQ, "softirqs " }, { HARM_IRQ, "irqs " }, { HARM_NMI, "nmis " },
	};
	uint64_t level[N_HARM_LEVELS], all = blame_total(s, level);
	struct parts ps = { 0 };
	char t[16], share[16];

	parts_add(&ps, 0, STYLE_TITLE, "harm ", "%s, %s of step time", look_ns(t, sizeof t, all, true),
		  look_part(share, sizeof share, all, s->steps_all.sum));
	for (size_t i = 0; i < ARRAY_LEN(by); i++)
		if (level[by[i].level])
			parts_add(&ps, (uint8_t)(i + 1), STYLE_NORMAL, by[i].label, "%s", fmt_ns(t, sizeof t, level[by[i].level]));
	parts_put(&ps, c, r.x, r.y, r.w, 2);
}

static void gain_line(const struct snapshot *s, struct cells *c, struct rect r)
{
	bool blind = blame_is_blind(s);
	char share[16];

	cells_putf(c, r.x, r.y, r.w, blind ? STYLE_NOTE : STYLE_GOOD, "nothing to gain%s: all that others took is %s of the steps' time",
		   blind ? " as far as was recorded (see Data)" : "",
		   look_part(share, sizeof share, blame_total(s, NULL), s->steps_all.sum));
}

static int head(const void *state, const struct snapshot *s, struct cells *c, struct rect r)
{
	int n = 0;

	(void)state;
	if (!s->n_culprits)
		return 0;
	if (n < r.h)
		sums_line(s, c, (struct rect){ r.x, r.y + n++, r.w, 1 });
	if (n < r.h && blame_is_trifle(s))
		gain_line(s, c, (struct rect){ r.x, r.y + n++, r.w, 1 });
	if (n < r.h)
		overview_hot(s, c, r.x, r.y + n++, r.w);
	return n;
}

static const char *nothing_words(const struct snapshot *s)
{
	if (!s->n_steps_all)
		return s->complete || s->live.on ? "No step has ended, so nobody took time from any; the first screen says why." :
		       "No step has ended so far.";
	if (blame_is_blind(s))
		return "Who took time from the steps is not known: what would tell was not recorded. The screen Data says what is missing.";
	return "Nothing to gain: nobody took time from the steps. All of it was their own, or waiting.";
}

/* What is said below the table. */
static void words(const struct state *st, const struct snapshot *s, char *buf, size_t len)
{
	const struct row *r = st->rows + st->pos.cursor;

	buf[0] = 0;
	if (st->asked[0])
		snprintf(buf, len, "%s took no time from steps; what their own work, and waiting for an answer, takes is no harm.", st->asked);
	else if (st->none_kept)
		snprintf(buf, len, "No step from which %.80s took time is kept.", s->culprits[r->culprit].actor);
	else if (r->harm == ROW_CULPRIT)
		blame_sentence(&st->blame, s, r->culprit, buf, len);
	else
		blame_row_sentence(s, s->harms + r->harm, buf, len);
}

/* Lines for the table: what the words and an empty line before them leave. */
static int table_height(const char *text, struct rect r)
{
	struct cells none = { 0 };
	int n = MIN(cells_wrap(&none, r, 0, STYLE_NORMAL, text), WORDS_MAX);

	return r.h - n - 1 >= 3 ? r.h - n - 1 : r.h;
}

static void draw(const void *state, const struct snapshot *s, struct cells *c, struct rect r)
{
	const struct state *st = state;
	struct arg a = { st, s };
	char text[512];
	int h, used;

	if (!st->n_rows) {
		cells_wrap(c, r, 0, STYLE_NOTE, nothing_words(s));
		return;
	}
	words(st, s, text, sizeof text);
	h = table_height(text, r);
	used = MIN(h, (int)MIN(st->n_rows, 10000u) + 1);
	table_draw(&row_table, &a, st->n_rows, &st->pos, c, (struct rect){ r.x, r.y, r.w, h }, sort_col(st), st->reverse);
	if (h < r.h)
		cells_wrap(c, (struct rect){ r.x, r.y + used + 1, r.w, r.h - used - 1 }, 0, STYLE_NORMAL, text);
}

static void status(const void *state, const struct snapshot *s, char *buf, size_t len)
{
	const struct state *st = state;
	char a[16], b[16];

	(void)s;
	buf[0] = 0;
	if (st->n_rows)
		snprintf(buf, len, "%s/%s · sort %s %s", look_count(a, sizeof a, st->pos.cursor + 1),
			 look_count(b, sizeof b, st->n_rows), columns[sort_col(st)].title, st->reverse ? "▲" : "▼");
}

static bool sheet(const void *state, const struct snapshot *s, unsigned nth, struct sheet *out)
{
	const struct state *st = state;

	*out = (struct sheet){ .name = "tune", .shown = &row_table, .csv = &csv_table, .n_rows = st->n_rows,
			       .sort_col = sort_col(st), .reverse = st->reverse };
	sheet_arg(out, &(struct arg){ st, s }, sizeof(struct arg));
	return nth == 0 && st->n_rows;
}

/* ---- keys ---- */

static void toggle(struct state *st, const struct snapshot *s)
{
	const struct culprit_row *p = s->culprits + st->rows[st->pos.cursor].culprit;
	size_t i = open_i(st, p);

	if (i < st->n_open) {
		st->open[i] = st->open[--st->n_open];
	} else {
		GROW(st->open, st->n_open, st->cap_open);
		st->open[st->n_open++] = culprit_id(p);
	}
	st->sel = culprit_id(p);
	st->sel_harm = 0;
	st->moved = true;
	make_rows(st, s);
}

/* What it took from a step, by the step's own words. */
static uint64_t taken_from(const struct snapshot *s, const struct step *step, const char *actor, str_id *known)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < step->n_seg; i++) {
		const struct segment *g = &step->seg[i];
		str_id who = g->who ? g->who : g->actor;

		if (g->stage != ST_RUNQUEUE && g->stage != ST_PREEMPTED && g->stage != ST_IRQ_STEAL && g->stage != ST_SOFTIRQ_STEAL)
			continue;
		if (who && (who == *known || !strcmp(snapshot_str(s, who), actor))) {
			*known = who;
			ns += g->to > g->from ? g->to - g->from : 0;
		}
	}
	return ns;
}

/* The step that lost most may not be kept (--steps worst:N): then that of the kept ones. 0: none. */
static uint64_t worst_step(const struct snapshot *s, const struct culprit_row *p)
{
	uint64_t most = 0, serial = 0;
	str_id known = 0;

	if (p->worst_step)
		return p->worst_step;
	for (size_t i = 0; i < s->n_steps; i++) {
		uint64_t ns = s->steps[i]->has_segments ? taken_from(s, s->steps[i], p->actor, &known) : 0;

		if (ns > most) {
			most = ns;
			serial = s->steps[i]->serial;
		}
	}
	return serial;
}

static unsigned enter_row(struct state *st, const struct snapshot *s, struct move *m)
{
	const struct culprit_row *p = s->culprits + st->rows[st->pos.cursor].culprit;

	m->to = (struct target){ .view = "chain", .step = worst_step(s, p), .actor = p->actor };
	st->none_kept = !m->to.step;
	return m->to.step ? UI_GO | UI_REDRAW : UI_REDRAW;
}

static unsigned act(void *state, const struct snapshot *s, enum action a, struct move *m)
{
	struct state *st = state;
	char text[512];

	if (a == ACT_BACK)
		return UI_CLOSE | UI_REDRAW;
	if (st->pos.cursor >= st->n_rows)
		return 0;
	words(st, s, text, sizeof text);
	st->none_kept = false;
	switch (a) {
	case ACT_SORT: case ACT_SORT_BACK:
		st->sort = table_next_sort(&row_table, sort_col(st), a == ACT_SORT ? 1 : -1) + 1;
		make_rows(st, s);
		return UI_REDRAW;
	case ACT_REVERSE:
		st->reverse = !st->reverse;
		make_rows(st, s);
		return UI_REDRAW;
	case ACT_EXPAND:
		st->asked[0] = 0;
		toggle(st, s);
		return UI_REDRAW;
	case ACT_ENTER:
		st->asked[0] = 0;
		return enter_row(st, s, m);
	default:
		break;
	}
	if (!table_move(&st->pos, a, st->n_rows, (size_t)MAX(table_height(text, m->body) - 1, 1)))
		return 0;
	st->asked[0] = 0;
	st->moved = true;
	remember(st, s);
	return UI_REDRAW;
}

static void fini(void *state)
{
	struct state *st = state;

	blame_fini(&st->blame);
	free(st->open);
	free(st->rows);
	free(st->order);
}

static const struct keydoc keys[] = {
	{ ACT_ENTER, "step hit most", "the chain of the step that lost most to this actor" },
	{ ACT_EXPAND, "expand", "show or fold what it took by CPU, stage and agent" },
	{ ACT_SORT, "sort", "sort by the next column" },
	{ ACT_SORT_BACK, NULL, "sort by the column before" },
	{ ACT_REVERSE, "reverse", "reverse the order" },
	{ ACT_UP, NULL, NULL }, { ACT_DOWN, NULL, NULL }, { ACT_PAGE_UP, NULL, NULL }, { ACT_PAGE_DOWN, NULL, NULL },
	{ ACT_FIRST, NULL, NULL }, { ACT_LAST, NULL, NULL },
	{ ACT_BACK, "back", "back to the steps" },
	{ 0 }
};

static const struct table *const shown[] = { &row_table, NULL };

const struct view view_tune = {
	.name = "tune", .title = "Tune", .keys = keys, .tables = shown, .state_size = sizeof(struct state),
	.update = update, .enter = enter, .head = head, .draw = draw, .status = status, .act = act, .fini = fini,
	.sheet = sheet,
};
