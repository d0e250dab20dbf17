// SPDX-License-Identifier: GPL-2.0-only
#include "head.h"
#include "look.h"
#include "overview.h"
#include "verdict.h"

#include <string.h>

#define SPARK_MAX 64u
#define SPARK_MIN 8		/* columns: fewer say nothing of when */
#define GAP 2

/* ---- the slowest step over time ---- */

static uint64_t longest_in(const struct timeline *t, uint32_t from, uint32_t to)
{
	uint64_t longest = 0;

	for (uint32_t i = from; i < to; i++)
		longest = MAX(longest, t->steps[i * N_STEP_TIMES + STEPS_LONGEST]);
	return longest;
}

static int spark_label(const struct snapshot *s, struct cells *c, int x, int y, int w)
{
	const struct timeline *t = &s->time;
	uint64_t ns = s->source.end > t->begin ? s->source.end - t->begin : 0, span;
	const char *what = w >= 40 ? "slowest, " : "";
	char text[24];

	if (s->live.on)
		return look_span_known(s, &span) ?
		       cells_putf(c, x, y, w, STYLE_DIM, "%slast %s ", what, look_seconds(text, sizeof text, span)) : 0;
	return cells_putf(c, x, y, w, STYLE_DIM, "%s0 to %s ", what, fmt_ns(text, sizeof text, MAX(ns, 1u)));
}

/* Bars from an eighth of a line to a whole one; where no step ended, none. */
int head_spark(const struct snapshot *s, struct cells *c, int x, int y, int w)
{
	const struct timeline *t = &s->time;
	uint64_t most = t->steps ? longest_in(t, 0, t->n) : 0;
	struct cells none = { 0 };
	int label = spark_label(s, &none, 0, 0, w), bars = MIN(w - label, (int)MIN(t->n, SPARK_MAX));

	if (!most || bars < SPARK_MIN)
		return 0;
	spark_label(s, c, x, y, w);
	for (int i = 0; i < bars; i++) {
		uint64_t top = longest_in(t, (uint32_t)i * t->n / (uint32_t)bars, (uint32_t)(i + 1) * t->n / (uint32_t)bars);

		if (top)
			cells_char(c, x + label + i, y, STYLE_HEAD, 0x2581 + (uint32_t)((double)top / (double)most * 7));
	}
	return label + bars;
}

/* ---- the answer ---- */

struct promise {		/* what steps' deadlines are and how they were kept */
	uint64_t n, n_missed;
	uint64_t deadline_ns;	/* the one of all that have one; 0: several, or none */
	bool any;
};

/* What goes first when there is no room; live, whether steps come is worth more than one more percentile. */
enum { DROP_P50 = 1, DROP_LESS, DROP_LEAST, DROP_MAX, DROP_NONE, DROP_AGENTS };

static struct promise find_promise(const struct snapshot *s)
{
	uint64_t least = UINT64_MAX, most = 0;
	struct promise p = { 0 };

	for (size_t i = 0; i < s->n_kinds; i++) {
		const struct kind_row *k = s->kinds + i;

		p.n += k->deadlines.n;
		p.n_missed += k->n_deadline_miss;
		if (!k->deadlines.n)
			continue;
		least = MIN(least, k->deadlines.min);
		most = MAX(most, k->deadlines.max);
	}
	p.any = p.n || p.n_missed;
	p.deadline_ns = least == most ? most : 0;
	return p;
}

/* As much of it as fits: how many were missed at the least, for a value is whole or not there. */
static void add_promise(const struct promise *p, struct parts *ps, int room)
{
	char t[16], deadline[32], n[16], share[16], pct[24] = "", text[96] = "";

	if (!p->any) {
		parts_add(ps, DROP_NONE, STYLE_DIM, "no deadline", "%s", "");
		return;
	}
	snprintf(deadline, sizeof deadline, "%s %s%s", p->deadline_ns || !p->n ? "deadline" : "deadlines",
		 p->deadline_ns ? fmt_ns(t, sizeof t, p->deadline_ns) : "", p->deadline_ns ? " " : "");
	if (p->n_missed && p->n)
		snprintf(pct, sizeof pct, " (%s)", look_part(share, sizeof share, p->n_missed, p->n));
	look_count(n, sizeof n, p->n_missed);
	for (int less = 0; less < 3 && (!less || cells_width(text) > room); less++)
		snprintf(text, sizeof text, "%smissed %s%s", less < 1 ? deadline : "", n, less < 2 ? pct : "");
	parts_add(ps, 0, p->n_missed ? STYLE_OVER : STYLE_GOOD, "", "%s", text);
}

static void add_percentile(const struct promise *p, struct parts *ps, uint8_t drop, const char *label, uint64_t ns, bool known)
{
	bool over = known && p->deadline_ns && ns > p->deadline_ns;
	char t[16];

	parts_add(ps, drop, over ? STYLE_OVER : drop ? STYLE_NORMAL : STYLE_TITLE, label, "%s%s", look_ns(t, sizeof t, ns, known),
		  over ? " ▲" : "");
}

static void add_answer(const struct snapshot *s, const struct promise *p, struct parts *ps)
{
	const struct quant *q = &s->steps_all;
	bool known = q->n > 0;
	uint64_t span;
	char t[16];

	parts_add(ps, DROP_AGENTS, STYLE_NORMAL, "", "%zu agent%s", s->n_agents, s->n_agents == 1 ? "" : "s");
	parts_add(ps, s->live.on ? DROP_LESS : DROP_LEAST, STYLE_NORMAL, "steps ", "%s", look_span_known(s, &span) ?
		  look_rate(t, sizeof t, (double)q->n * 1e9 / (double)span) : look_count(t, sizeof t, q->n));
	parts_add(ps, DROP_P50, STYLE_NORMAL, "p50 ", "%s", look_ns(t, sizeof t, q->p50, known));
	add_percentile(p, ps, 0, "p99 ", q->p99, known);
	add_percentile(p, ps, s->live.on ? DROP_LEAST : DROP_LESS, "p999 ", q->p999, known);
	parts_add(ps, DROP_MAX, STYLE_NORMAL, "max ", "%s", look_ns(t, sizeof t, q->max, known));
}

static int width_of(const struct parts *ps)
{
	return parts_put(ps, &(struct cells){ 0 }, 0, 0, INT16_MAX, GAP);
}

/* What p50 and p99 leave of w columns. */
static int left_for_promise(const struct parts *ps, int w)
{
	for (size_t i = 0; i < ps->n; i++)
		if (ps->p[i].drop <= DROP_P50)
			w -= cells_width(ps->p[i].text) + GAP;
	return w;
}

/* One line if all of it fits, with bars that are worth a look; else two, if there may be so many. */
static int put_answer(const struct snapshot *s, struct cells *c, struct rect r, bool may_be_two)
{
	struct promise p = find_promise(s);
	struct parts one = { 0 }, two = { 0 };
	int used, wanted;

	add_answer(s, &p, &one);
	two = one;
	add_promise(&p, &one, may_be_two ? INT16_MAX : left_for_promise(&one, r.w));
	wanted = s->time.steps && s->time.n ? 20 + 2 * SPARK_MIN + GAP : 0;
	if (!may_be_two || width_of(&one) + wanted <= r.w || (!p.any && !wanted)) {
		used = parts_put(&one, c, r.x, r.y, r.w, GAP);
		head_spark(s, c, r.x + used + GAP, r.y, r.w - used - GAP);
		return 1;
	}
	parts_put(&two, c, r.x, r.y, r.w, GAP);
	two = (struct parts){ 0 };
	add_promise(&p, &two, r.w);
	used = parts_put(&two, c, r.x, r.y + 1, r.w, GAP);
	head_spark(s, c, r.x + used + GAP, r.y + 1, r.w - used - GAP);
	return 2;
}

/* ---- why ---- */

void head_find_why(const struct snapshot *s, char *buf, size_t len)
{
	char lines[2][256];
	bool known = false;

	/* The first sentence says what the answer says in figures; the second one says why. */
	snprintf(buf, len, "%s", "");
	for (unsigned i = 0; i < N_STAGES; i++)
		known |= s->stage[i].share_worst > 0;
	if (known && s->steps_all.n && verdict_lines(s, lines, 2) == 2)
		snprintf(buf, len, "%s", lines[1]);
}

/* A sentence in at most r.h lines; what does not fit is left out by whole words, and said to be. */
static int put_why(const char *why, struct cells *c, struct rect r)
{
	struct cells none = { 0 };
	char text[256 + 8];
	size_t n = MIN(strlen(why), sizeof text - 8);
	int lines;

	memcpy(text, why, n);
	text[n] = 0;
	while ((lines = cells_wrap(&none, r, 0, STYLE_NORMAL, text)) > r.h && n) {
		while (n && why[n - 1] != ' ')
			n--;
		while (n && strchr(" ,:", why[n - 1]))
			n--;
		memcpy(text + n, " …", sizeof " …");
	}
	cells_wrap(c, r, 0, STYLE_NORMAL, text);
	return MIN(lines, r.h);
}

/* ---- all of it ---- */

int head_draw_why(const struct snapshot *s, const char *why, struct cells *c, struct rect r)
{
	double share[N_STAGES];
	int n;

	if (r.h < 1)
		return 0;
	if (!s->n_kinds)
		return overview_why(s, c, r);
	for (unsigned i = 0; i < N_STAGES; i++)
		share[i] = s->stage[i].share_worst;
	n = put_answer(s, c, r, r.h >= 4);
	if (n < r.h)
		look_shares(c, r.x, r.y + n++, r.w, r.w < 100 ? "slowest 1 %  " : "slowest 1 % spend it in  ", share);
	if (why[0] && n + 1 < r.h)
		n += put_why(why, c, (struct rect){ r.x, r.y + n, r.w, MIN(2, r.h - n - 1) });
	if (n < r.h)
		overview_hot(s, c, r.x, r.y + n++, r.w);
	return n;
}

int head_draw(const struct snapshot *s, struct cells *c, struct rect r)
{
	return head_draw_why(s, "", c, r);
}

int head_view(const void *state, const struct snapshot *s, struct cells *c, struct rect r)
{
	(void)state;
	return head_draw(s, c, r);
}
