// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs: which one is hot, and whom does it hurt? A line is a set of CPUs: one, or all that share a cache or a node.
 */
#include "head.h"
#include "cpu_words.h"
#include "look.h"
#include "table.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

enum grouping { BY_CPU, BY_CACHE, BY_NODE, BY_EIGHT, N_GROUPINGS };
static const char *const groupings[N_GROUPINGS] = { "", " BY CACHE", " BY NODE", " BY EIGHT" };	/* headings */

enum { COL_CPU, COL_IRQ, COL_BUSY, COL_TIME, COL_HARM, COL_WHY, N_COLS };
enum {					/* more, in a CSV: what the lines below the table say */
	CSV_HOT = N_COLS, CSV_IRQ, CSV_SOFTIRQ, CSV_KSOFTIRQD, CSV_TASK, CSV_IDLE, CSV_UNKNOWN, CSV_INTERRUPTS
};

struct group {
	uint32_t first, n;		/* in members */
};
struct state {
	struct table_pos pos;
	unsigned sort;			/* column + 1; 0: as nobody asked, by number */
	bool reverse, moved, chosen;
	uint8_t by;			/* what was asked for */
	uint32_t sel;			/* the chosen CPU, or one of the chosen group */
	/* Made by update(). */
	struct cpu_index index;
	uint32_t *members;		/* rows of cpus */
	size_t cap_members;
	struct group *groups;
	size_t n_groups, cap_groups;
	uint32_t *order;		/* groups, as they stand on the screen */
	size_t cap_order;
	bool can[N_GROUPINGS];		/* it would make fewer lines, and more than one */
	uint8_t now;			/* enum grouping in effect */
	struct column cols[N_COLS];	/* with titles that say what the numbers are of */
	char span[32];
	struct table shown;
};
struct arg {
	const struct state *st;
	const struct snapshot *s;
};

static const struct column columns[] = {
	[COL_CPU] = { "CPU", "its number", 5, 0, 0, 1, 1 },
	[COL_IRQ] = { "IRQ", "share of its time in hard IRQs and softirqs", 5, 0, 0, 1, 1, "irq_share" },
	[COL_BUSY] = { "BUSY", "share of its time in anything but idle", 5, 0, 3, 1, 1, "busy_share" },
	[COL_TIME] = { "OVER TIME", "what it did when, one letter for each piece of time", 16, 128, 2, 0, 0, "" },
	[COL_HARM] = { "HARM", "what interrupts there took from steps", 7, 0, 1, 1, 1, "harm_ns" },
	[COL_WHY] = { "WHY", "IRQ-hot and by whom, which agents run there, or quiet", 20, 110, 0, 0, 0 },
	[CSV_HOT] = { .csv = "hot" }, [CSV_IRQ] = { .csv = "irq_ns" }, [CSV_SOFTIRQ] = { .csv = "softirq_ns" },
	[CSV_KSOFTIRQD] = { .csv = "ksoftirqd_ns" }, [CSV_TASK] = { .csv = "task_ns" }, [CSV_IDLE] = { .csv = "idle_ns" },
	[CSV_UNKNOWN] = { .csv = "unknown_ns" }, [CSV_INTERRUPTS] = { .csv = "interrupts" },
};

static const struct { uint32_t letter; uint16_t style; const char *words; } times[N_CPU_TIMES] = {
	[TIME_IRQ] = { 'i', STYLE_IRQ | STYLE_BAR, "hard IRQ" },
	[TIME_SOFTIRQ] = { 's', STYLE_SOFTIRQ | STYLE_BAR, "softirq" },
	[TIME_KSOFTIRQD] = { 'k', STYLE_STEAL | STYLE_BAR, "ksoftirqd" },
	[TIME_AGENTS] = { 'a', STYLE_RUN | STYLE_BAR, "agents" },
	[TIME_OTHERS] = { 'o', STYLE_PEER | STYLE_BAR, "others" },
	[TIME_IDLE] = { 0xb7, STYLE_DIM, "idle" },
	[TIME_UNKNOWN] = { '?', STYLE_UNKNOWN, "unknown" },
};

static struct cpu_set set_of(const struct state *st, const struct snapshot *s, uint32_t group)
{
	const struct group *g = st->groups + group;

	return (struct cpu_set){ s, &st->index, st->members + g->first, g->n };
}

static const struct cpu_row *first_of(const struct cpu_set *set)
{
	return set->s->cpus + set->row[0];
}

/* ---- lines ---- */

static int64_t group_key(const struct cpu_row *c, unsigned by)
{
	switch (by) {
	case BY_CACHE: return c->cache;
	case BY_NODE: return c->node;
	case BY_EIGHT: return c->cpu / 8;
	default: return c->cpu;
	}
}

struct ordering {
	const struct snapshot *s;
	unsigned by;
};

static int by_group(const void *a, const void *b, void *arg)
{
	const struct ordering *o = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct cpu_row *cx = o->s->cpus + x, *cy = o->s->cpus + y;
	int64_t kx = group_key(cx, o->by), ky = group_key(cy, o->by);

	if (kx != ky)
		return kx < ky ? -1 : 1;
	return cx->cpu != cy->cpu ? (cx->cpu < cy->cpu ? -1 : 1) : x < y ? -1 : x > y;
}

static void sort_members(struct state *st, const struct snapshot *s, unsigned by)
{
	struct ordering o = { s, by };

	for (size_t i = 0; i < s->n_cpus; i++)
		st->members[i] = (uint32_t)i;
	qsort_r(st->members, s->n_cpus, sizeof *st->members, by_group, &o);
}

static bool starts_group(const struct state *st, const struct snapshot *s, unsigned by, size_t i)
{
	return !i || by == BY_CPU ||
	       group_key(s->cpus + st->members[i], by) != group_key(s->cpus + st->members[i - 1], by);
}

/* Eight is for those who know nothing better. */
static void find_groupings(struct state *st, const struct snapshot *s)
{
	memset(st->can, 0, sizeof st->can);
	for (unsigned by = BY_CACHE; by < N_GROUPINGS && s->n_cpus; by++) {
		size_t n = 0;

		sort_members(st, s, by);
		for (size_t i = 0; i < s->n_cpus; i++)
			n += starts_group(st, s, by, i);
		st->can[by] = n > 1 && n < s->n_cpus && (by != BY_EIGHT || (!st->can[BY_CACHE] && !st->can[BY_NODE]));
	}
}

static void make_groups(struct state *st, const struct snapshot *s)
{
	st->n_groups = 0;
	st->now = st->can[st->by] ? st->by : BY_CPU;
	if (!s->n_cpus)
		return;
	sort_members(st, s, st->now);
	for (size_t i = 0; i < s->n_cpus; i++) {
		if (starts_group(st, s, st->now, i)) {
			GROW(st->groups, st->n_groups, st->cap_groups);
			st->groups[st->n_groups++] = (struct group){ (uint32_t)i, 0 };
		}
		st->groups[st->n_groups - 1].n++;
	}
}

static bool has_member(const struct state *st, const struct snapshot *s, uint32_t group, uint32_t cpu)
{
	const struct cpu_set set = set_of(st, s, group);

	for (size_t i = 0; i < set.n; i++)
		if (s->cpus[set.row[i]].cpu == cpu)
			return true;
	return false;
}

/* The hot CPU with most harm, if any is hot: where one wants to look first. */
static bool hottest(const struct snapshot *s, const struct cpu_set *set, uint32_t *cpu)
{
	const struct cpu_row *most = NULL;

	for (size_t i = 0; i < set->n; i++) {
		const struct cpu_row *c = s->cpus + set->row[i];

		if (c->hot && (!most || c->harm > most->harm))
			most = c;
	}
	if (most)
		*cpu = most->cpu;
	return most;
}

/* Until somebody moves the cursor, it is on the first CPU that was hot. */
static void choose(struct state *st, const struct snapshot *s)
{
	struct cpu_set all = { s, &st->index, st->members, s->n_cpus };

	if (st->chosen || !s->n_cpus)
		return;
	st->sel = s->cpus[st->index.by_number[0]].cpu;
	st->chosen = hottest(s, &all, &st->sel);
}

/* ---- fields ---- */

static void put_text(struct field *f, const char *text, unsigned style)
{
	f->kind = FIELD_TEXT;
	f->text = text;
	f->style = (uint16_t)style;
}

static void cpu_field(struct field *f, const struct state *st, const struct cpu_set *set, bool hot)
{
	char name[48];

	if (st->now == BY_NODE && first_of(set)->node >= 0)
		snprintf(name, sizeof name, "node %d", (int)first_of(set)->node);
	else
		cpu_numbers(name, sizeof name, set);
	snprintf(f->buf, sizeof f->buf, st->now == BY_CPU ? "%s%4s" : "%s%s", hot ? "▌" : " ", name);
	put_text(f, f->buf, hot ? STYLE_OVER : STYLE_NORMAL);
	f->num = -(double)first_of(set)->cpu;	/* texts go from A on, numbers from the biggest */
}

static void share_field(struct field *f, double share, bool known)
{
	char pct[16];

	f->kind = FIELD_UNKNOWN;
	if (!known)
		return;
	snprintf(f->buf, sizeof f->buf, "%s", look_share(pct, sizeof pct, share));
	put_text(f, f->buf, STYLE_NORMAL);
	f->num = share;
}

/* Live, what is going on: the last slot that is over. Of a recording, all of it. */
static struct cpu_sums sums_of_now(const struct snapshot *s, const struct cpu_set *set)
{
	uint32_t n = s->time.n;

	if (!s->live.on || !cpu_has_times(s))
		return cpu_sums(set);
	return cpu_slots(set, n > 1 ? n - 2 : 0, n > 1 ? n - 1 : n);
}

static void paint_time(const void *arg, size_t row, struct cells *c, int x, int y, int w);

static void order_field(const void *arg, size_t group, unsigned col, struct field *f)
{
	const struct arg *a = arg;
	const struct cpu_set set = set_of(a->st, a->s, (uint32_t)group);
	struct cpu_sums all = cpu_sums(&set), now;

	switch (col) {
	case COL_CPU:
		cpu_field(f, a->st, &set, all.hot);
		break;
	case COL_IRQ:
		now = sums_of_now(a->s, &set);
		share_field(f, cpu_irq_share(&now), now.all > 0 && (cpu_sees_hard(a->s) || cpu_sees_soft(a->s)));
		break;
	case COL_BUSY:
		now = sums_of_now(a->s, &set);
		share_field(f, cpu_busy_share(&now), cpu_busy_known(&now));
		break;
	case COL_TIME:
		f->kind = FIELD_PAINT;
		f->paint = paint_time;
		break;
	case COL_HARM:
		f->kind = cpu_harm_known(a->s, &all) ? FIELD_TIME : FIELD_UNKNOWN;
		f->num = all.harm;
		f->style = all.hot ? STYLE_OVER : all.harm > 0 ? STYLE_NORMAL : STYLE_DIM;
		break;
	}
}

/* Sentences are only made for what is seen. */
static void why_field(const struct arg *a, size_t group, struct field *f, char *buf, size_t len)
{
	const struct cpu_set set = set_of(a->st, a->s, (uint32_t)group);

	put_text(f, cpu_why(buf, len, &set), STYLE_NORMAL);
}

static void paint_why(const void *arg, size_t row, struct cells *c, int x, int y, int w)
{
	const struct arg *a = arg;
	struct field f = { 0 };
	char buf[512];
	int used = 0;

	why_field(a, a->st->order[row], &f, buf, sizeof buf);
	if (!strncmp(buf, "IRQ-hot", 7)) {
		used = cells_put(c, x, y, w, STYLE_OVER, "IRQ-hot");
		f.text += 7;
	}
	cells_put(c, x + used, y, w - used, STYLE_NORMAL, f.text);
}

static void row_field(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct arg *a = arg;

	if (col == COL_WHY) {
		f->kind = FIELD_PAINT;
		f->paint = paint_why;
		return;
	}
	order_field(arg, a->st->order[row], col, f);
}

/*
 * A letter is what took most of its piece of time, and what it leaves out is carried on to the next piece, so that there
 * are as many of each as its share of time: a tenth in interrupts is seen, though it is most of no piece. But no
 * letter stands where there was none of it.
 */
static unsigned letter_of(const struct cpu_sums *sum, double carried[N_CPU_TIMES])
{
	unsigned best = N_CPU_TIMES;

	for (unsigned k = 0; k < N_CPU_TIMES; k++) {
		carried[k] += sum->t[k] / sum->all;
		if (sum->t[k] > 0 && (best == N_CPU_TIMES || carried[k] > carried[best]))
			best = k;
	}
	if (best < N_CPU_TIMES)
		carried[best] -= 1;
	return best;
}

static void paint_time(const void *arg, size_t row, struct cells *c, int x, int y, int w)
{
	const struct arg *a = arg;
	const struct cpu_set set = set_of(a->st, a->s, a->st->order[row]);
	uint32_t n = a->s->time.n, cols = MIN((uint32_t)MAX(w, 0), n);
	double carried[N_CPU_TIMES] = { 0 };

	for (uint32_t i = 0; i < cols; i++) {
		struct cpu_sums sum = cpu_slots(&set, (uint32_t)((uint64_t)i * n / cols), (uint32_t)((uint64_t)(i + 1) * n / cols));
		unsigned k = sum.all > 0 ? letter_of(&sum, carried) : N_CPU_TIMES;

		if (k < N_CPU_TIMES)
			cells_char(c, x + (int)i, y, times[k].style, times[k].letter);
	}
}

static const struct table order_table = { columns, N_COLS, order_field };

/* ---- to files ---- */

static char *cpu_text(const void *arg, size_t row, char *buf, size_t len)
{
	const struct arg *a = arg;
	const struct cpu_set set = set_of(a->st, a->s, a->st->order[row]);

	return cpu_numbers(buf, len, &set);
}

static char *why_text(const void *arg, size_t row, char *buf, size_t len)
{
	const struct arg *a = arg;
	const struct cpu_set set = set_of(a->st, a->s, a->st->order[row]);

	return cpu_why(buf, len, &set);
}

static void csv_ns(struct field *f, double ns, bool known)
{
	f->kind = known ? FIELD_TIME : FIELD_UNKNOWN;
	f->num = ns;
}

static void csv_times(const struct snapshot *s, const struct cpu_sums *sum, unsigned col, struct field *f)
{
	bool known = cpu_busy_known(sum);

	switch (col) {
	case CSV_HOT: f->kind = FIELD_COUNT; f->num = sum->hot; break;
	case CSV_IRQ: csv_ns(f, sum->t[TIME_IRQ], cpu_sees_hard(s)); break;
	case CSV_SOFTIRQ: csv_ns(f, sum->t[TIME_SOFTIRQ], cpu_sees_soft(s)); break;
	case CSV_KSOFTIRQD: csv_ns(f, sum->t[TIME_KSOFTIRQD], known); break;
	case CSV_TASK: csv_ns(f, sum->t[TIME_OTHERS], known); break;
	case CSV_IDLE: csv_ns(f, sum->t[TIME_IDLE], known); break;
	case CSV_UNKNOWN: csv_ns(f, sum->t[TIME_UNKNOWN], true); break;
	case CSV_INTERRUPTS: f->kind = cpu_sees_hard(s) ? FIELD_COUNT : FIELD_UNKNOWN; f->num = sum->n_irqs; break;
	}
}

/* Shares are those of the times that stand beside them, also live. */
static void csv_field(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct arg *a = arg;
	const struct cpu_set set = set_of(a->st, a->s, a->st->order[row]);
	struct cpu_sums sum = cpu_sums(&set);

	switch (col) {
	case COL_CPU: f->kind = FIELD_PAINT; f->words = cpu_text; break;
	case COL_WHY: f->kind = FIELD_PAINT; f->words = why_text; break;
	case COL_IRQ:
		if (sum.all > 0 && (cpu_sees_hard(a->s) || cpu_sees_soft(a->s)))
			field_ratio(f, cpu_irq_share(&sum));
		break;
	case COL_BUSY:
		if (cpu_busy_known(&sum))
			field_ratio(f, cpu_busy_share(&sum));
		break;
	case COL_HARM: csv_ns(f, sum.harm, cpu_harm_known(a->s, &sum)); break;
	default: csv_times(a->s, &sum, col, f); break;
	}
}

static const struct table csv_table = { columns, ARRAY_LEN(columns), csv_field };

/* ---- state ---- */

static unsigned sort_col(const struct state *st)
{
	return st->sort ? st->sort - 1 : COL_CPU;
}

static void restore(struct state *st, const struct snapshot *s)
{
	for (size_t i = 0; i < st->n_groups; i++)
		if (has_member(st, s, st->order[i], st->sel))
			st->pos.cursor = i;
	st->pos.cursor = MIN(st->pos.cursor, st->n_groups ? st->n_groups - 1 : 0);
}

/* Titles say what the numbers are of. */
static void fit_columns(struct state *st, const struct snapshot *s)
{
	struct column *cols = st->cols;
	uint64_t ns;
	char text[16];

	memcpy(cols, columns, sizeof st->cols);
	st->shown = (struct table){ cols, N_COLS, row_field };
	if (st->now != BY_CPU) {
		cols[COL_CPU].title = groupings[st->now];
		cols[COL_CPU].width = 10;
		cols[COL_CPU].max_width = 14;
		cols[COL_CPU].right = 0;
	}
	if (s->live.on && cpu_has_times(s)) {
		cols[COL_IRQ].title = "NOW IRQ";
		cols[COL_IRQ].width = 7;
	}
	if (look_span_known(s, &ns))
		snprintf(st->span, sizeof st->span, "OVER %s", fmt_ns(text, sizeof text, ns));
	else
		snprintf(st->span, sizeof st->span, "%s", columns[COL_TIME].title);
	cols[COL_TIME].title = st->span;
	cols[COL_TIME].max_width = (uint8_t)MIN(s->time.n, columns[COL_TIME].max_width);
	if (!cpu_has_times(s))
		cols[COL_TIME] = (struct column){ "", "", 0, 0, 0, 0, 0 };
	if (cols[COL_TIME].max_width < cols[COL_TIME].width)
		cols[COL_TIME].max_width = 0;
}

static void make_lines(struct state *st, const struct snapshot *s)
{
	struct arg a = { st, s };

	make_groups(st, s);
	fit_columns(st, s);
	if (st->n_groups)
		GROW(st->order, st->n_groups - 1, st->cap_order);
	for (size_t i = 0; i < st->n_groups; i++)
		st->order[i] = (uint32_t)i;
	table_sort(&order_table, &a, st->order, st->n_groups, sort_col(st), st->reverse);
	restore(st, s);
}

static void update(void *state, const struct snapshot *s)
{
	struct state *st = state;

	cpu_index_make(&st->index, s);
	if (s->n_cpus)
		GROW(st->members, s->n_cpus - 1, st->cap_members);
	find_groupings(st, s);
	choose(st, s);
	make_lines(st, s);
}

/* ---- drawing ---- */

#define WORDS_MAX 14			/* lines below the table */

/* The table has what it needs; below it is what is left, but two fifths at the least for the chosen CPU's story. */
static int lines_of_table(const struct state *st, int h)
{
	int want = (int)MIN(st->n_groups + 1, (size_t)CELLS_MAX), least = h >= 6 ? h * 2 / 5 : 0;

	return MAX(MIN(want, h - least), 1);
}

struct words {
	struct cells *c;
	struct rect r;
	int y, left;			/* left: entries still to come that want a line */
};

#define WORDS_BYTES 1024

/* Leaves out the last words until it fits, and says so. */
static void cut_words(char text[WORDS_BYTES], struct rect r)
{
	struct cells none = { 0 };
	size_t n = strlen(text);

	while (cells_wrap(&none, r, 0, STYLE_NORMAL, text) > r.h && n) {
		n = MIN(n, WORDS_BYTES - sizeof " …");
		while (n && text[n - 1] != ' ')
			n--;
		while (n && strchr(" ,:;", text[n - 1]))
			n--;
		memcpy(text + n, " …", sizeof " …");
	}
}

static void put_words(struct words *w, unsigned style, const char *label, char text[WORDS_BYTES])
{
	const int label_w = 12;
	int room = w->r.y + w->r.h - w->y, lines = room - w->left + 1;
	struct rect r = { w->r.x + label_w, w->y, w->r.w - label_w, MAX(MIN(lines, 4), 1) };

	if (room < 1 || r.w < 1 || !text[0])
		return;
	w->left--;
	cells_put(w->c, w->r.x, w->y, label_w - 1, style, label);
	cut_words(text, r);
	w->y += cells_wrap(w->c, r, 0, STYLE_NORMAL, text);
}

static void put_share(struct parts *ps, uint8_t drop, const char *label, double ns, const struct cpu_sums *sum, bool known)
{
	char pct[16];

	parts_add(ps, drop, STYLE_NORMAL, label, "%s", known && sum->all > 0 ? look_share(pct, sizeof pct, ns / sum->all) : LOOK_DASH);
}

/* Who it is, and what it did with its time. */
static void put_shares(const struct state *st, const struct cpu_set *set, struct words *w)
{
	struct cpu_sums sum = cpu_sums(set);
	struct parts ps = { 0 };
	char name[48], rate[16];
	bool known = cpu_busy_known(&sum);
	uint64_t span;

	w->left--;
	if (w->r.h < 1)
		return;
	cpu_numbers(name, sizeof name, set);
	parts_add(&ps, 0, sum.hot ? STYLE_OVER : STYLE_TITLE, "", "%s%s %s", sum.hot ? "▌" : "", st->now == BY_CPU ? "CPU" : "CPUs", name);
	put_share(&ps, 0, "hard IRQ ", sum.t[TIME_IRQ], &sum, cpu_sees_hard(set->s));
	put_share(&ps, 0, "softirq ", sum.t[TIME_SOFTIRQ], &sum, cpu_sees_soft(set->s));
	put_share(&ps, 3, "ksoftirqd ", sum.t[TIME_KSOFTIRQD], &sum, known);
	put_share(&ps, 1, "tasks ", sum.t[TIME_OTHERS], &sum, known);
	put_share(&ps, 2, "idle ", sum.t[TIME_IDLE], &sum, known);
	if (sum.t[TIME_UNKNOWN] > 0)
		put_share(&ps, 1, "unknown ", sum.t[TIME_UNKNOWN], &sum, true);
	if (look_span_known(set->s, &span))
		parts_add(&ps, 4, STYLE_NORMAL, "interrupts ", "%s", look_rate(rate, sizeof rate, sum.n_irqs * 1e9 / (double)span));
	parts_put(&ps, w->c, w->r.x, w->y++, w->r.w, 2);
}

static void put_legend(const struct snapshot *s, struct words *w)
{
	struct parts ps = { 0 };
	char one[5], each[16];

	if (!cpu_has_times(s) || w->y >= w->r.y + w->r.h)
		return;
	for (unsigned k = 0; k < N_CPU_TIMES; k++) {
		one[cells_utf8(times[k].letter, one)] = 0;
		parts_add(&ps, k == TIME_UNKNOWN ? 1 : 0, times[k].style & ~(unsigned)STYLE_BAR, "", "%s %s", one, times[k].words);
	}
	parts_add(&ps, 2, STYLE_DIM, "", "slots of %s", fmt_ns(each, sizeof each, s->time.slot_ns));
	parts_put(&ps, w->c, w->r.x, w->y++, w->r.w, 2);
}

/* The chosen line's full story, the most important first. */
static void draw_words(const struct state *st, const struct snapshot *s, struct cells *c, struct rect r)
{
	const struct cpu_set set = set_of(st, s, st->order[st->pos.cursor]);
	char harm[WORDS_BYTES], irqs[WORDS_BYTES], agents[WORDS_BYTES], place[WORDS_BYTES];
	struct words w = { c, r, r.y, 2 + cpu_has_times(s) };
	bool hot;

	w.left += !!cpu_irq_words(irqs, sizeof irqs, &set)[0] + !!cpu_agent_words(agents, sizeof agents, &set)[0] +
		  !!cpu_place_words(place, sizeof place, &set)[0];
	cpu_harm_words(harm, sizeof harm, &set);
	hot = cpu_sums(&set).hot;
	put_shares(st, &set, &w);
	put_words(&w, hot ? STYLE_OVER : STYLE_DIM, hot ? "IRQ-hot" : "harm", harm);
	put_words(&w, STYLE_DIM, "hard IRQs", irqs);
	put_words(&w, STYLE_DIM, "agents", agents);
	put_words(&w, STYLE_DIM, "place", place);
	put_legend(s, &w);
}

static void draw(const void *state, const struct snapshot *s, struct cells *c, struct rect r)
{
	const struct state *st = state;
	struct arg a = { st, s };
	int h = lines_of_table(st, r.h), gap;

	if (!st->n_groups) {
		cells_put(c, r.x, r.y, r.w, STYLE_NORMAL, "Nothing tells what the CPUs did.");
		return;
	}
	table_draw(&st->shown, &a, st->n_groups, &st->pos, c, (struct rect){ r.x, r.y, r.w, h }, sort_col(st), st->reverse);
	gap = r.h - h > 7;
	draw_words(st, s, c, (struct rect){ r.x + 2, r.y + h + gap, r.w - 2, MIN(r.h - h - gap, WORDS_MAX) });
}

static void status(const void *state, const struct snapshot *s, char *buf, size_t len)
{
	const struct state *st = state;
	char at[40] = "";

	buf[0] = 0;
	if (!s->n_cpus)
		return;
	if (st->n_groups > 8)
		snprintf(at, sizeof at, "%zu/%zu · ", st->pos.cursor + 1, st->n_groups);
	snprintf(buf, len, "%ssort %s %s", at, columns[sort_col(st)].title, st->reverse ? "▲" : "▼");
}

static bool sheet(const void *state, const struct snapshot *s, unsigned nth, struct sheet *out)
{
	const struct state *st = state;

	*out = (struct sheet){ .name = "cpus", .shown = &st->shown, .csv = &csv_table, .n_rows = st->n_groups,
			       .sort_col = sort_col(st), .reverse = st->reverse };
	sheet_arg(out, &(struct arg){ st, s }, sizeof(struct arg));
	return nth == 0 && st->n_groups;
}

/* ---- keys ---- */

static void remember(struct state *st, const struct snapshot *s)
{
	const struct cpu_set set = set_of(st, s, st->order[st->pos.cursor]);

	st->sel = first_of(&set)->cpu;
	st->chosen = true;
}

/* The next grouping that there is; after the last one none. */
static unsigned change_group(struct state *st, const struct snapshot *s)
{
	unsigned by = st->now;

	do
		by = (by + 1) % N_GROUPINGS;
	while (by != BY_CPU && !st->can[by]);
	if (by == st->now)
		return UI_REDRAW;
	st->by = (uint8_t)by;
	make_lines(st, s);
	return UI_REDRAW;
}

static unsigned open_line(struct state *st, const struct snapshot *s, struct move *m)
{
	const struct cpu_set set = set_of(st, s, st->order[st->pos.cursor]);

	if (st->now == BY_CPU) {
		m->to = (struct target){ .view = "irqs", .cpu_plus_1 = first_of(&set)->cpu + 1 };
		return UI_GO | UI_REDRAW;
	}
	st->sel = first_of(&set)->cpu;
	hottest(s, &set, &st->sel);
	st->chosen = true;
	st->by = BY_CPU;
	make_lines(st, s);
	return UI_REDRAW;
}

static unsigned act(void *state, const struct snapshot *s, enum action a, struct move *m)
{
	struct state *st = state;

	if (!st->n_groups)
		return 0;
	switch (a) {
	case ACT_ENTER:
		return open_line(st, s, m);
	case ACT_EXPAND:
		return change_group(st, s);
	case ACT_REVERSE:
		st->reverse = !st->reverse;
		make_lines(st, s);
		return UI_REDRAW;
	case ACT_SORT:
	case ACT_SORT_BACK:
		st->sort = table_next_sort(&order_table, sort_col(st), a == ACT_SORT ? 1 : -1) + 1;
		make_lines(st, s);
		return UI_REDRAW;
	default:
		if (!table_move(&st->pos, a, st->n_groups, (size_t)MAX(lines_of_table(st, m->body.h) - 1, 1)))
			return 0;
		remember(st, s);
		return UI_REDRAW;
	}
}

static void fini(void *state)
{
	struct state *st = state;

	cpu_index_fini(&st->index);
	free(st->members);
	free(st->groups);
	free(st->order);
}

static const struct keydoc keys[] = {
	{ ACT_ENTER, "interrupts", "the interrupts of this CPU; of several in one line: these CPUs" },
	{ ACT_EXPAND, "group", "one line for CPUs that share a cache, then a node; or for every eight; and back" },
	{ ACT_SORT, "sort", "sort by the next column" },
	{ ACT_SORT_BACK, NULL, "sort by the column before" },
	{ ACT_REVERSE, "reverse", "reverse the order" },
	{ ACT_UP, NULL, NULL }, { ACT_DOWN, NULL, NULL }, { ACT_PAGE_UP, NULL, NULL }, { ACT_PAGE_DOWN, NULL, NULL },
	{ ACT_FIRST, NULL, NULL }, { ACT_LAST, NULL, NULL },
	{ 0 }
};
static const struct keydoc group_keys[] = {
	{ ACT_ENTER, "its CPUs", NULL }, { ACT_EXPAND, "group", NULL }, { ACT_SORT, "sort", NULL },
	{ ACT_REVERSE, "reverse", NULL }, { 0 }
};
static const struct keydoc plain_keys[] = {
	{ ACT_ENTER, "interrupts", NULL }, { ACT_SORT, "sort", NULL }, { ACT_REVERSE, "reverse", NULL }, { 0 }
};

static const struct keydoc *foot(const void *state, const struct snapshot *s)
{
	const struct state *st = state;

	(void)s;
	if (st->now != BY_CPU)
		return group_keys;
	return st->can[BY_CACHE] || st->can[BY_NODE] || st->can[BY_EIGHT] ? NULL : plain_keys;
}

static const struct table *const shown[] = { &order_table, NULL };

const struct view view_cpus = {
	.name = "cpus", .title = "CPUs", .keys = keys, .tables = shown, .state_size = sizeof(struct state),
	.update = update, .head = head_view, .draw = draw, .status = status, .foot = foot, .act = act, .fini = fini,
	.sheet = sheet,
};
