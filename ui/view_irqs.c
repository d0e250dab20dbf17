// SPDX-License-Identifier: GPL-2.0-only
/* IRQs: which interrupt takes time, on which CPU, from whose steps, and can it be moved? Softirqs stand below. */
#include "head.h"
#include "irq_words.h"
#include "look.h"
#include "spread.h"
#include "table.h"
#include "verdict.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

enum { HARD, SOFT, N_PARTS };
struct section {				/* one of the two tables */
	unsigned sort;			/* column + 1; 0: as nobody asked, by harm */
	bool reverse;
	size_t top;
	/* Made by update(). */
	uint32_t *rows;			/* numbers in the snapshot, as sorted */
	size_t n, cap;
};
struct state {
	struct section part[N_PARTS];
	size_t cursor;			/* through both */
	bool moved;
	uint64_t sel;			/* row_id() */
	uint32_t cpu_plus_1;		/* only what ran on this CPU; 0: on all */
	uint64_t *harm;			/* by row of the snapshot, hard IRQs first */
	bool *harm_known;
	char actor[128];		/* where UI_GO led last */
	size_t cap_harm, cap_known;
};
struct arg {
	const struct state *st;
	const struct snapshot *s;
};

enum { H_IRQ, H_NAME, H_COUNT, H_RATE, H_TIME, H_SHARE, H_P50, H_P99, H_MAX, H_STEPS, H_HARM, H_CPUS, H_AFFINITY, H_MANAGED,
       N_HARD_COLS, H_ASKED = N_HARD_COLS, H_EFFECTIVE, H_OF_CPU };	/* from N on: in a CSV */
static const struct column hard_cols[] = {
	[H_IRQ] = { "IRQ", "its number; a dash: a vector of the CPU, or a call from another one", 4, 0, 0, 1, 1 },
	[H_NAME] = { "NAME", "its handler", 16, 40, 0, 0, 1 },
	[H_COUNT] = { "COUNT", "how often it ran", 7, 0, 12, 1, 1 },
	[H_RATE] = { "RATE", "how often in a second", 6, 0, 5, 1, 1, "rate_per_s" },
	[H_TIME] = { "TIME", "how long its handler ran in all", 7, 0, 0, 1, 1, "time_ns" },
	[H_SHARE] = { "OF CPU", "the same as a share of one CPU's time", 6, 0, 10, 1, 1, "cpu_share" },
	[H_P50] = { "P50", "half of its runs took longer", 7, 0, 11, 1, 1, "p50_ns" },
	[H_P99] = { "P99", "one run in 100 took longer", 7, 0, 4, 1, 1, "p99_ns" },
	[H_MAX] = { "MAX", "its longest run", 7, 0, 9, 1, 1, "max_ns" },
	[H_STEPS] = { "STEPS", "steps with a wait that it ended", 6, 0, 6, 1, 1 },
	[H_HARM] = { "HARM", "what it took from steps", 7, 0, 0, 1, 1, "harm_ns" },
	[H_CPUS] = { "ON CPU", "where it ran", 16, 44, 3, 0, 1 },
	[H_AFFINITY] = { "AFFINITY", "live: CPUs asked for, and in effect", 9, 28, 7, 0, 1, "" },
	[H_MANAGED] = { "MANAGED", "live: yes: by the kernel, it cannot be moved", 7, 0, 8, 0, 1 },
	[H_ASKED] = { .csv = "asked" }, [H_EFFECTIVE] = { .csv = "effective" }, [H_OF_CPU] = { .csv = "only_of_cpu" },
};
enum { S_NAME, S_RAISED, S_RUNS, S_RATE, S_TIME, S_SHARE, S_P50, S_P99, S_MAX, S_WAIT_P50, S_WAIT_P99, S_WAIT_MAX, S_HARM, S_CPUS,
       N_SOFT_COLS, S_OF_CPU = N_SOFT_COLS };
static const struct column soft_cols[] = {
	[S_NAME] = { "SOFTIRQ", "its vector", 8, 21, 0, 0, 1 },
	[S_RAISED] = { "RAISED", "how often it was raised", 7, 0, 11, 1, 1 },
	[S_RUNS] = { "RUNS", "how often it ran", 7, 0, 6, 1, 1 },
	[S_RATE] = { "RATE", "how often it ran in a second", 6, 0, 10, 1, 1, "rate_per_s" },
	[S_TIME] = { "TIME", "how long it ran in all", 7, 0, 0, 1, 1, "time_ns" },
	[S_SHARE] = { "OF CPU", "the same as a share of one CPU's time", 6, 0, 12, 1, 1, "cpu_share" },
	[S_P50] = { "P50", "half of its runs took longer", 7, 0, 9, 1, 1, "p50_ns" },
	[S_P99] = { "P99", "one run in 100 took longer", 7, 0, 4, 1, 1, "p99_ns" },
	[S_MAX] = { "MAX", "its longest run", 7, 0, 8, 1, 1, "max_ns" },
	[S_WAIT_P50] = { "WAIT P50", "raised, but not running: half waited longer", 9, 0, 5, 1, 1, "wait_p50_ns" },
	[S_WAIT_P99] = { "WAIT P99", "one in 100 waited longer", 9, 0, 0, 1, 1, "wait_p99_ns" },
	[S_WAIT_MAX] = { "WAIT MAX", "the longest wait", 9, 0, 7, 1, 1, "wait_max_ns" },
	[S_HARM] = { "HARM", "what it took from steps", 7, 0, 0, 1, 1, "harm_ns" },
	[S_CPUS] = { "ON CPU", "where it ran", 16, 44, 3, 0, 1 },
	[S_OF_CPU] = { .csv = "only_of_cpu" },
};

/* ---- what stands in the columns ---- */

static void time_field(struct field *f, uint64_t ns, bool known)
{
	f->kind = known ? FIELD_TIME : FIELD_UNKNOWN;
	f->num = (double)ns;
}

static void count_field(struct field *f, uint64_t n)
{
	f->kind = FIELD_COUNT;
	f->num = (double)n;
}

static void text_field(struct field *f, const char *text)
{
	f->kind = text[0] ? FIELD_TEXT : FIELD_UNKNOWN;
	f->text = text;
}

static void rate_field(struct field *f, const struct snapshot *s, uint64_t n)
{
	uint64_t span;

	f->kind = look_span_known(s, &span) ? FIELD_RATE : FIELD_UNKNOWN;
	f->num = span ? (double)n * 1e9 / (double)span : 0;
}

static void share_field(struct field *f, const struct snapshot *s, const struct quant *q)
{
	uint64_t span;

	f->kind = FIELD_UNKNOWN;
	if (!look_span_known(s, &span) || !q->n)
		return;
	f->num = (double)q->sum / (double)span;
	f->kind = FIELD_TEXT;
	f->text = fmt_share(f->buf, sizeof f->buf, f->num);
}

/* i: number in st->harm. None is a dash, as in the text report. */
static void harm_field(struct field *f, const struct state *st, size_t i)
{
	time_field(f, st->harm[i], st->harm_known[i] && st->harm[i]);
	f->style = STYLE_NOTE;
}

static void cpus_field(struct field *f, const struct irq_cpu *cpus, size_t n_cpus, uint64_t n)
{
	text_field(f, spread_text(f->buf, sizeof f->buf, cpus, n_cpus, n));
}

static const char *known_text(const char *text)
{
	return text && text[0] ? text : NULL;
}

static void affinity_field(struct field *f, const struct irq_row *r)
{
	const char *asked = known_text(r->asked), *effective = known_text(r->effective);

	if (asked && effective && strcmp(asked, effective))
		snprintf(f->buf, sizeof f->buf, "%.28s → %.28s", asked, effective);
	else
		snprintf(f->buf, sizeof f->buf, "%.60s", asked ? asked : effective ? effective : "");
	text_field(f, f->buf);
}

/* Of the chosen CPU, or of all of them. */
static const struct quant *chosen(const struct irq_pick *p, const struct quant *all)
{
	static const struct quant none;
	const struct irq_cpu *cpu = irq_pick_cpu(p);

	return !p->cpu_plus_1 ? all : cpu ? &cpu->dist : &none;
}

static void hard_row(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct arg *a = arg;
	static const char *const managed[] = { [IRQ_UNKNOWN] = "", [IRQ_FREE] = "no", [IRQ_MANAGED] = "yes" };
	const struct irq_row *r = a->s->irqs + row;
	const struct irq_pick p = { .irq = r, .cpu_plus_1 = a->st->cpu_plus_1 };
	const struct quant *q = chosen(&p, &r->dist);

	switch (col) {
	case H_IRQ:
		f->kind = r->irq < 0 ? FIELD_UNKNOWN : FIELD_TEXT;
		snprintf(f->buf, sizeof f->buf, "%d", r->irq);
		f->text = f->buf;
		f->num = 1e10 - r->irq;		/* the lowest first */
		break;
	case H_NAME: text_field(f, r->name); break;
	case H_COUNT: count_field(f, q->n); break;
	case H_RATE: rate_field(f, a->s, q->n); break;
	case H_TIME: time_field(f, q->sum, q->n); break;
	case H_SHARE: share_field(f, a->s, q); break;
	case H_P50: time_field(f, q->p50, q->n); break;
	case H_P99: time_field(f, q->p99, q->n); break;
	case H_MAX: time_field(f, q->max, q->n); break;
	case H_STEPS:
		if (a->st->cpu_plus_1 || !a->s->steps_all.n)
			f->kind = FIELD_UNKNOWN;
		else
			count_field(f, r->completed_steps);
		break;
	case H_HARM: harm_field(f, a->st, row); break;
	case H_CPUS: cpus_field(f, r->cpus, r->n_cpus, r->dist.n); break;
	case H_AFFINITY: affinity_field(f, r); break;
	case H_MANAGED: text_field(f, r->kind < ARRAY_LEN(managed) ? managed[r->kind] : ""); break;
	}
}

static void soft_row(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct arg *a = arg;
	const struct softirq_row *r = a->s->softirqs + row;
	const struct irq_pick p = { .soft = r, .cpu_plus_1 = a->st->cpu_plus_1 };
	const struct quant *q = chosen(&p, &r->run);
	bool waits = r->wait.n && !a->st->cpu_plus_1;		/* not known by CPU */

	switch (col) {
	case S_NAME: text_field(f, r->name); break;
	case S_RAISED:
		if (a->st->cpu_plus_1)
			f->kind = FIELD_UNKNOWN;
		else
			count_field(f, r->n_raises);
		break;
	case S_RUNS: count_field(f, q->n); break;
	case S_RATE: rate_field(f, a->s, q->n); break;
	case S_TIME: time_field(f, q->sum, q->n); break;
	case S_SHARE: share_field(f, a->s, q); break;
	case S_P50: time_field(f, q->p50, q->n); break;
	case S_P99: time_field(f, q->p99, q->n); break;
	case S_MAX: time_field(f, q->max, q->n); break;
	case S_WAIT_P50: time_field(f, r->wait.p50, waits); break;
	case S_WAIT_P99: time_field(f, r->wait.p99, waits); break;
	case S_WAIT_MAX: time_field(f, r->wait.max, waits); break;
	case S_HARM: harm_field(f, a->st, a->s->n_irqs + row); break;
	case S_CPUS: cpus_field(f, r->cpus, r->n_cpus, r->run.n); break;
	}
}

/* Sorting asks by row of the snapshot, drawing by line. */
static void hard_line(const void *arg, size_t line, unsigned col, struct field *f)
{
	hard_row(arg, ((const struct arg *)arg)->st->part[HARD].rows[line], col, f);
}

static void soft_line(const void *arg, size_t line, unsigned col, struct field *f)
{
	soft_row(arg, ((const struct arg *)arg)->st->part[SOFT].rows[line], col, f);
}

static const struct table orders[N_PARTS] = {
	{ hard_cols, N_HARD_COLS, hard_row }, { soft_cols, N_SOFT_COLS, soft_row },
};
static const struct table lines[N_PARTS] = {
	{ hard_cols, N_HARD_COLS, hard_line }, { soft_cols, N_SOFT_COLS, soft_line },
};

/* In a CSV shares are fractions, and no harm is 0 where it would be known. */
static void csv_share(struct field *f)
{
	if (f->kind != FIELD_UNKNOWN)
		field_ratio(f, f->num);
}

static void csv_harm(struct field *f, const struct state *st, size_t i)
{
	time_field(f, st->harm[i], st->harm_known[i]);
}

static void csv_of_cpu(struct field *f, const struct state *st)
{
	if (st->cpu_plus_1)
		count_field(f, st->cpu_plus_1 - 1);
}

static void hard_csv(const void *arg, size_t line, unsigned col, struct field *f)
{
	const struct arg *a = arg;
	uint32_t row = a->st->part[HARD].rows[line];
	const struct irq_row *r = a->s->irqs + row;

	switch (col) {
	case H_ASKED: text_field(f, r->asked ? r->asked : ""); break;
	case H_EFFECTIVE: text_field(f, r->effective ? r->effective : ""); break;
	case H_HARM: csv_harm(f, a->st, row); break;
	case H_OF_CPU: csv_of_cpu(f, a->st); break;
	default:
		hard_row(arg, row, col, f);
		if (col == H_SHARE)
			csv_share(f);
	}
}

static void soft_csv(const void *arg, size_t line, unsigned col, struct field *f)
{
	const struct arg *a = arg;
	uint32_t row = a->st->part[SOFT].rows[line];

	switch (col) {
	case S_HARM: csv_harm(f, a->st, a->s->n_irqs + row); break;
	case S_OF_CPU: csv_of_cpu(f, a->st); break;
	default:
		soft_row(arg, row, col, f);
		if (col == S_SHARE)
			csv_share(f);
	}
}

static const struct table csv_tables[N_PARTS] = {
	{ hard_cols, ARRAY_LEN(hard_cols), hard_csv }, { soft_cols, ARRAY_LEN(soft_cols), soft_csv },
};

static unsigned sort_col(const struct state *st, int part)
{
	return st->part[part].sort ? st->part[part].sort - 1 : part == HARD ? H_HARM : S_HARM;
}

/* ---- rows ---- */

/* Which of the two tables a line of both is in; *line becomes the one in it. */
static int part_of(const struct state *st, size_t *line)
{
	if (*line < st->part[HARD].n)
		return HARD;
	*line -= st->part[HARD].n;
	return SOFT;
}

static struct irq_pick pick(const struct state *st, const struct snapshot *s, size_t line)
{
	int part = part_of(st, &line);
	uint32_t row = st->part[part].rows[line];

	return part == HARD ? irq_pick_hard(s->irqs + row, st->cpu_plus_1) : irq_pick_soft(s->softirqs + row, st->cpu_plus_1);
}

static size_t n_lines(const struct state *st)
{
	return st->part[HARD].n + st->part[SOFT].n;
}

/* An interrupt by its words: row numbers change from snapshot to snapshot. */
static uint64_t row_id(const struct state *st, const struct snapshot *s, size_t line)
{
	struct irq_pick p = pick(st, s, line);
	uint64_t h = p.soft ? 2 : 1;

	for (const char *c = p.actor; *c; c++)
		h = hash64(h ^ (unsigned char)*c);
	return h;
}

static void find_harm(struct state *st, const struct snapshot *s)
{
	size_t n = s->n_irqs + s->n_softirqs;

	if (!n)
		return;
	GROW(st->harm, n - 1, st->cap_harm);
	GROW(st->harm_known, n - 1, st->cap_known);
	for (size_t i = 0; i < n; i++) {
		struct irq_pick p = i < s->n_irqs ? irq_pick_hard(s->irqs + i, st->cpu_plus_1) :
				    irq_pick_soft(s->softirqs + i - s->n_irqs, st->cpu_plus_1);

		st->harm_known[i] = irq_pick_harm(&p, s, st->harm + i);
	}
}

static void add_row(struct section *sec, uint32_t row)
{
	GROW(sec->rows, sec->n, sec->cap);
	sec->rows[sec->n++] = row;
}

static void restore(struct state *st, const struct snapshot *s)
{
	size_t n = n_lines(st), i = 0;

	if (!st->moved)
		st->cursor = 0;
	while (st->moved && i < n && row_id(st, s, i) != st->sel)
		i++;
	if (st->moved)
		st->cursor = i < n ? i : MIN(st->cursor, n ? n - 1 : 0);
}

static void make_rows(struct state *st, const struct snapshot *s)
{
	struct arg a = { st, s };

	st->part[HARD].n = st->part[SOFT].n = 0;
	for (uint32_t i = 0; i < s->n_irqs; i++)
		if (!st->cpu_plus_1 || irq_pick_cpu(&(struct irq_pick){ .irq = s->irqs + i, .cpu_plus_1 = st->cpu_plus_1 }))
			add_row(&st->part[HARD], i);
	for (uint32_t i = 0; i < s->n_softirqs; i++)
		if (!st->cpu_plus_1 || irq_pick_cpu(&(struct irq_pick){ .soft = s->softirqs + i, .cpu_plus_1 = st->cpu_plus_1 }))
			add_row(&st->part[SOFT], i);
	for (int i = 0; i < N_PARTS; i++)
		table_sort(&orders[i], &a, st->part[i].rows, st->part[i].n, sort_col(st, i), st->part[i].reverse);
	restore(st, s);
}

static void update(void *state, const struct snapshot *s)
{
	find_harm(state, s);
	make_rows(state, s);
}

static void only_cpu(struct state *st, const struct snapshot *s, uint32_t cpu_plus_1)
{
	st->cpu_plus_1 = cpu_plus_1;
	update(st, s);
}

static void enter(void *state, const struct snapshot *s, const struct target *to)
{
	((struct state *)state)->moved = false;
	only_cpu(state, s, to->cpu_plus_1);
}

/* ---- painting ---- */

struct layout {
	int note, lines[N_PARTS], gap, words;
};

/* The words take what they need, up to a quarter; then the softirqs give way down to a third of the rest. */
static struct layout lay_out(const struct state *st, int h, int words)
{
	struct layout l = { .note = st->cpu_plus_1 && h > 4 };
	int hard = st->part[HARD].n ? (int)MIN(st->part[HARD].n, 10000u) + 1 : 0, soft = st->part[SOFT].n ? (int)st->part[SOFT].n + 1 : 0;

	h -= l.note;
	l.words = h < 8 ? 0 : MIN(words, MAX(h / 4, 2));
	h -= l.words;
	l.lines[SOFT] = MIN(soft, MAX(h / 3, MIN(3, h / 2)));
	l.lines[HARD] = MIN(hard, h - l.lines[SOFT]);
	l.lines[SOFT] = MIN(soft, h - l.lines[HARD]);
	h -= l.lines[HARD] + l.lines[SOFT];
	l.gap = hard && soft && h > 1;
	return l;
}

static int words_height(const struct state *st, const struct snapshot *s, char *text, size_t len, int w)
{
	struct irq_pick p;

	text[0] = 0;
	if (!n_lines(st))
		return 0;
	p = pick(st, s, st->cursor);
	irq_words(&p, s, text, len);
	return cells_wrap(&(struct cells){ 0 }, (struct rect){ 0, 0, w, 1 }, 0, STYLE_NORMAL, text);
}

static void draw_none(const struct state *st, struct cells *c, struct rect r)
{
	char text[160];

	if (st->cpu_plus_1)
		snprintf(text, sizeof text, "Nothing tells of an interrupt on CPU %u. Backspace shows all CPUs.", st->cpu_plus_1 - 1);
	else
		snprintf(text, sizeof text, "No interrupt was seen. The screen Data says what is not recorded.");
	cells_wrap(c, r, 0, STYLE_NOTE, text);
}

static void draw(const void *state, const struct snapshot *s, struct cells *c, struct rect r)
{
	const struct state *st = state;
	struct arg a = { st, s };
	char text[1024];
	struct layout l = lay_out(st, r.h, words_height(st, s, text, sizeof text, r.w));
	size_t cursor = st->cursor;
	int y = r.y, in = part_of(st, &cursor);

	if (!n_lines(st)) {
		draw_none(st, c, r);
		return;
	}
	if (l.note)
		cells_putf(c, r.x, y++, r.w, STYLE_NOTE, "Only what ran on CPU %u. Backspace shows all CPUs.", st->cpu_plus_1 - 1);
	for (int i = 0; i < N_PARTS; i++) {
		struct table_pos pos = { i == in ? cursor : TABLE_NO_CURSOR, st->part[i].top };

		table_draw(&lines[i], &a, st->part[i].n, &pos, c, (struct rect){ r.x, y, r.w, l.lines[i] }, sort_col(st, i),
			   st->part[i].reverse);
		y += l.lines[i] ? l.lines[i] + l.gap : 0;
	}
	y = MIN(y + !l.gap, r.y + r.h - l.words);
	cells_wrap(c, (struct rect){ r.x, y, r.w, l.words }, 0, STYLE_NORMAL, text);
}

static void status(const void *state, const struct snapshot *s, char *buf, size_t len)
{
	const struct state *st = state;
	size_t line = st->cursor;
	int part = part_of(st, &line);
	char cpu[24];

	(void)s;
	buf[0] = 0;
	if (n_lines(st))
		snprintf(buf, len, "%s%s%zu/%zu · sort %s %s", st->cpu_plus_1 ? look_cpu(cpu, sizeof cpu, st->cpu_plus_1 - 1) : "",
			 st->cpu_plus_1 ? " · " : "", st->cursor + 1, n_lines(st), orders[part].cols[sort_col(st, part)].title,
			 st->part[part].reverse ? "▲" : "▼");
}

static bool sheet(const void *state, const struct snapshot *s, unsigned nth, struct sheet *out)
{
	static const char *const names[N_PARTS] = { "irqs", "softirqs" };
	const struct state *st = state;

	for (int i = 0; i < N_PARTS; i++) {
		if (!st->part[i].n || nth--)
			continue;
		*out = (struct sheet){ .name = names[i], .shown = &lines[i], .csv = &csv_tables[i], .n_rows = st->part[i].n,
				       .sort_col = sort_col(st, i), .reverse = st->part[i].reverse };
		sheet_arg(out, &(struct arg){ st, s }, sizeof(struct arg));
		return true;
	}
	return false;
}

/* ---- keys ---- */

static unsigned change_sort(struct state *st, const struct snapshot *s, enum action a)
{
	size_t line = st->cursor;
	int i = part_of(st, &line);
	struct section *sec = st->part + i;

	if (a == ACT_REVERSE)
		sec->reverse = !sec->reverse;
	else
		sec->sort = table_next_sort(&orders[i], sort_col(st, i), a == ACT_SORT ? 1 : -1) + 1;
	make_rows(st, s);
	return UI_REDRAW;
}

/* Each table scrolls so that the cursor is seen; the other one stays. */
static unsigned move(struct state *st, const struct snapshot *s, enum action a, struct rect body)
{
	char text[1024];
	struct layout l = lay_out(st, body.h, words_height(st, s, text, sizeof text, body.w));
	struct table_pos pos = { st->cursor, 0 };
	size_t line;
	int part;

	if (!table_move(&pos, a, n_lines(st), (size_t)MAX(l.lines[HARD] - 1, 1)))
		return 0;
	line = st->cursor = pos.cursor;
	st->moved = true;
	st->sel = row_id(st, s, line);
	part = part_of(st, &line);
	l = lay_out(st, body.h, words_height(st, s, text, sizeof text, body.w));
	st->part[part].top = table_top(&(struct table_pos){ line, st->part[part].top }, st->part[part].n,
				       (size_t)MAX(l.lines[part] - 1, 0));
	return UI_REDRAW;
}

static unsigned act(void *state, const struct snapshot *s, enum action a, struct move *m)
{
	struct state *st = state;

	if (a == ACT_BACK && !st->cpu_plus_1)
		return UI_CLOSE | UI_REDRAW;
	if (a == ACT_BACK) {
		only_cpu(st, s, 0);
		return UI_REDRAW;
	}
	if (!n_lines(st))
		return 0;
	if (a == ACT_SORT || a == ACT_SORT_BACK || a == ACT_REVERSE)
		return change_sort(st, s, a);
	if (a == ACT_ENTER) {
		struct irq_pick p = pick(st, s, st->cursor);

		memcpy(st->actor, p.actor, sizeof st->actor);
		m->to = (struct target){ .view = "chain", .step = irq_pick_step(&p, s), .actor = st->actor };
		return UI_GO | UI_REDRAW;
	}
	return move(st, s, a, m->body);
}

static void fini(void *state)
{
	struct state *st = state;

	for (int i = 0; i < N_PARTS; i++)
		free(st->part[i].rows);
	free(st->harm);
	free(st->harm_known);
}

static const struct keydoc keys[] = {
	{ ACT_ENTER, "step it hurt most", "the chain of the step that it took most from; of the slowest when it took nothing" },
	{ ACT_SORT, "sort", "sort this table by the next column" },
	{ ACT_SORT_BACK, NULL, "sort this table by the column before" },
	{ ACT_REVERSE, "reverse", "reverse the order" },
	{ ACT_BACK, "back", "when only one CPU is shown: all of them; else back to the steps" },
	{ ACT_UP, NULL, NULL }, { ACT_DOWN, NULL, NULL }, { ACT_PAGE_UP, NULL, NULL }, { ACT_PAGE_DOWN, NULL, NULL },
	{ ACT_FIRST, NULL, NULL }, { ACT_LAST, NULL, NULL },
	{ 0 }
};
static const struct keydoc keys_of_cpu[] = {
	{ ACT_ENTER, "step it hurt most", NULL }, { ACT_BACK, "all CPUs", NULL, "Backspace" }, { ACT_SORT, "sort", NULL },
	{ ACT_REVERSE, "reverse", NULL }, { 0 }
};

static const struct keydoc *foot(const void *state, const struct snapshot *s)
{
	(void)s;
	return ((const struct state *)state)->cpu_plus_1 ? keys_of_cpu : NULL;
}

static const struct table *const shown[] = { &lines[0], &lines[1], NULL };

const struct view view_irqs = {
	.name = "irqs", .title = "IRQs", .keys = keys, .tables = shown, .state_size = sizeof(struct state),
	.update = update, .enter = enter, .head = head_view, .draw = draw, .status = status, .foot = foot, .act = act, .fini = fini,
	.sheet = sheet,
};
