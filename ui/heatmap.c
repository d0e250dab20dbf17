// SPDX-License-Identifier: GPL-2.0-only
#include "heatmap.h"
#include "look.h"

#include <stdlib.h>

#define LABEL 8				/* columns of "1.23 ms" and a sign */
#define LEVELS 5u

/* From few to many; each is another character in ASCII, too. */
static const uint32_t shades[LEVELS] = { 0xb7, 0x2591, 0x2592, 0x2593, 0x2588 };

struct scale {
	unsigned lo, hi;		/* buckets that are shown */
	int rows, step;			/* rows, and buckets in each */
	int tall;			/* lines of a row */
	uint32_t slots, groups;		/* so many slots are summed up in a cell; groups of them fill the width */
	uint64_t from[LEVELS];		/* counts from which a shade on is used */
	unsigned n_levels;
};

static bool any_in(const struct heatmap *m, unsigned bucket)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (m->v[(size_t)i * HEAT_BUCKETS + bucket])
			return true;
	return false;
}

/* What occurred, and the targets, so that one sees how far that is from them. False: nothing occurred. */
static bool find_range(const struct heatmap *m, struct scale *sc)
{
	const uint64_t targets[] = { m->typical_ns, m->tail_ns };

	sc->lo = 0;
	sc->hi = HEAT_BUCKETS;
	while (sc->lo < HEAT_BUCKETS && !any_in(m, sc->lo))
		sc->lo++;
	if (sc->lo == HEAT_BUCKETS)
		return false;
	while (!any_in(m, sc->hi - 1))
		sc->hi--;
	sc->hi--;
	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		if (targets[i]) {
			sc->lo = MIN(sc->lo, heat_bucket(targets[i]));
			sc->hi = MAX(sc->hi, heat_bucket(targets[i]));
		}
	return true;
}

/* Each cell has equally many slots, or their number would be seen as stripes; groups may be drawn wider than others. */
static void find_groups(const struct heatmap *m, struct scale *sc, int w)
{
	sc->slots = (m->n + (uint32_t)w - 1) / (uint32_t)w;
	sc->groups = (m->n + sc->slots - 1) / sc->slots;
}

/* In the cell of a column and row (from below): all that ended in that time and took so long. */
static uint64_t count_at(const struct heatmap *m, const struct scale *sc, int x, int w, int row)
{
	uint32_t i = (uint32_t)((uint64_t)x * sc->groups / (uint64_t)w) * sc->slots, end = MIN(i + sc->slots, m->n);
	unsigned b0 = sc->lo + (unsigned)(row * sc->step), b1 = MIN(b0 + (unsigned)sc->step, sc->hi + 1);
	uint64_t sum = 0;

	for (; i < end; i++)
		for (unsigned b = b0; b < b1; b++)
			sum += m->v[(size_t)i * HEAT_BUCKETS + b];
	return sum;
}

/* v to the power of 1 / LEVELS, close enough. */
static double root(double v)
{
	double lo = 1, hi = MAX(v, 1.0);

	for (int i = 0; i < 80; i++) {
		double mid = (lo + hi) / 2, p = mid;

		for (unsigned k = 1; k < LEVELS; k++)
			p *= mid;
		if (p < v)
			lo = mid;
		else
			hi = mid;
	}
	return hi;
}

/* Shades grow by the same factor; where counts are few, each has a shade of its own, from the darkest down. */
static void find_levels(struct scale *sc, uint64_t max)
{
	double factor = root((double)max), at = 1;

	sc->n_levels = (unsigned)MIN(max, (uint64_t)LEVELS);
	for (unsigned i = 0; i < sc->n_levels; i++, at *= factor)
		sc->from[i] = i ? MAX(look_u64(at), sc->from[i - 1] + 1) : 1;
}

static unsigned level_of(const struct scale *sc, uint64_t count)
{
	unsigned i = 0;

	while (i + 1 < sc->n_levels && count >= sc->from[i + 1])
		i++;
	return i + LEVELS - sc->n_levels;
}

/* Against the targets as far as a row can tell: the one that a target lies in is on its better side. */
static unsigned row_style(const struct heatmap *m, const struct scale *sc, int row)
{
	unsigned b = sc->lo + (unsigned)(row * sc->step);
	uint64_t tail = m->tail_ns ? m->tail_ns : m->typical_ns;

	if (!tail)
		return m->style;
	return b > heat_bucket(tail) ? STYLE_OVER : m->typical_ns && b > heat_bucket(m->typical_ns) ? STYLE_TAIL : STYLE_GOOD;
}

static bool row_has(const struct scale *sc, int row, uint64_t ns)
{
	unsigned b = heat_bucket(ns), b0 = sc->lo + (unsigned)(row * sc->step);

	return ns && b >= b0 && b < b0 + (unsigned)sc->step;
}

/* "10 us" where a power of ten begins in the row; "" elsewhere. */
static void decade(const struct scale *sc, int row, char *buf, size_t len)
{
	static const struct { uint64_t ns; const char *unit; } units[] = { { NSEC_PER_SEC, "s" }, { NSEC_PER_MSEC, "ms" }, { NSEC_PER_USEC, "us" } };
	unsigned b0 = sc->lo + (unsigned)(row * sc->step), b = b0;
	uint64_t ns;

	buf[0] = 0;
	while (b < b0 + (unsigned)sc->step && (!b || (b - 1) % 5))
		b++;
	if (b == b0 + (unsigned)sc->step || b >= HEAT_BUCKETS)
		return;
	ns = heat_from(b);
	snprintf(buf, len, "%u ns", (unsigned)ns);
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (ns >= units[i].ns) {
			snprintf(buf, len, "%u %s", (unsigned)(ns / units[i].ns), units[i].unit);
			return;
		}
}

/* A target is worth more than a power of ten, the tail more than the typical one. */
static void latency_label(const struct heatmap *m, const struct scale *sc, int row, struct cells *c, int x, int y)
{
	bool tail = row_has(sc, row, m->tail_ns), typical = row_has(sc, row, m->typical_ns);
	unsigned style = tail ? STYLE_OVER : typical ? STYLE_TAIL : STYLE_DIM;
	char text[24];

	if (tail || typical)
		fmt_ns(text, sizeof text, tail ? m->tail_ns : m->typical_ns);
	else
		decade(sc, row, text, sizeof text);
	cells_put_right(c, x, y, LABEL - 1, style, text);
	cells_char(c, x + LABEL - 1, y, style, tail ? 0x25b2 : typical ? 0x25b3 : 0x2502);
}

static void time_axis(const struct heatmap *m, const struct scale *sc, struct cells *c, int x, int y, int w)
{
	static const struct { double ns; const char *unit; } units[] = { { 1e9, " s" }, { 1e6, " ms" }, { 1e3, " us" }, { 1, " ns" } };
	double span = (double)sc->groups * (double)sc->slots * (double)m->slot_ns, from = (double)m->begin - (double)m->zero;
	double tick = look_tick(MAX(span * 10 / MAX(w, 1), 1.0)), far = MAX(from < 0 ? -from : from, from + span);
	double first = (from < 0 ? -(double)look_u64(-from / tick) : (double)look_u64(from / tick)) * tick;
	size_t u = 0;
	int free_from = 0;

	while (u + 1 < ARRAY_LEN(units) && units[u].ns > far)
		u++;
	for (int i = -1; i <= w && span > 0; i++) {
		double t = first + i * tick > -tick / 2 && first + i * tick < tick / 2 ? 0 : first + i * tick;
		int at = (int)MAX(MIN((t - from) / span * w, (double)w), -1.0);
		char label[48];

		snprintf(label, sizeof label, "%+.*f%s", look_decimals(tick / units[u].ns), t / units[u].ns, units[u].unit);
		if (t < from - tick * 1e-6 || at < free_from || at + cells_width(label) > w)
			continue;
		free_from = at + cells_put(c, x + at, y, w - at, STYLE_DIM, label) + 1;
	}
}

static void heading(const struct heatmap *m, const struct scale *sc, struct cells *c, struct rect r)
{
	char legend[128] = "", n[16], utf8[5];
	size_t len = 0;

	for (unsigned i = 0; i < sc->n_levels && len < sizeof legend; i++) {
		cells_utf8(shades[i + LEVELS - sc->n_levels], utf8);
		len += (size_t)snprintf(legend + len, sizeof legend - len, "%s%s %s", i ? "  " : "", utf8, look_count(n, sizeof n, sc->from[i]));
	}
	cells_fill(c, (struct rect){ r.x, r.y, r.w, 1 }, STYLE_HEAD, ' ');
	if (legend[0] && cells_width(m->title) + cells_width(legend) + 15 <= r.w)
		cells_putf(c, r.x + r.w - cells_width(legend) - 12, r.y, r.w, STYLE_HEAD, "in a cell:  %s", legend);
	cells_put(c, r.x, r.y, r.w, STYLE_HEAD, m->title);
}

/* As many rows as fit, each of equally many buckets; where there is room for all of them twice, two lines each. */
static void find_rows(struct scale *sc, int h)
{
	int n = (int)(sc->hi - sc->lo + 1);

	sc->step = (n + h - 1) / h;
	sc->rows = (n + sc->step - 1) / sc->step;
	sc->tall = MAX(1, MIN(2, h / sc->rows));
}

/* y: its lowest line, where its label stands. */
static void draw_row(const struct heatmap *m, const struct scale *sc, int row, struct cells *c, int x, int y, int w)
{
	for (int i = 1; i < sc->tall; i++)
		cells_char(c, x + LABEL - 1, y - i, STYLE_DIM, 0x2502);
	latency_label(m, sc, row, c, x, y);
	for (int k = 0; k < w; k++) {
		uint64_t n = count_at(m, sc, k, w, row);

		for (int i = 0; n && i < sc->tall; i++)
			cells_char(c, x + LABEL + k, y - i, row_style(m, sc, row), shades[level_of(sc, n)]);
	}
}

int heatmap_draw(const struct heatmap *m, struct cells *c, struct rect r)
{
	struct scale sc = { 0 };
	int w = r.w - LABEL;
	uint64_t max = 1;

	if (r.h < 3 || w < 10)
		return 0;
	if (!find_range(m, &sc)) {
		heading(m, &sc, c, r);
		cells_put(c, r.x, r.y + 1, r.w, STYLE_DIM, "none ended in this time");
		return 2;
	}
	find_rows(&sc, r.h - 2);
	find_groups(m, &sc, w);
	for (int row = 0; row < sc.rows; row++)
		for (int x = 0; x < w; x++)
			max = MAX(max, count_at(m, &sc, x, w, row));
	find_levels(&sc, max);
	heading(m, &sc, c, r);
	for (int row = 0; row < sc.rows; row++)
		draw_row(m, &sc, row, c, r.x, r.y + (sc.rows - row) * sc.tall, w);
	time_axis(m, &sc, c, r.x + LABEL, r.y + 1 + sc.rows * sc.tall, w);
	return sc.rows * sc.tall + 2;
}
