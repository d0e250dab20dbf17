// SPDX-License-Identifier: GPL-2.0-only
#include "histo.h"
#include "cells.h"

#include <stdlib.h>
#include <string.h>

/* What the engine counted by time is of all steps: nothing else is as good without a filter. */
static bool is_counted(const struct snapshot *s)
{
	return s->time.kind && s->time.n;
}

bool histo_needs_kinds(const struct snapshot *s)
{
	return !is_counted(s) && s->n_steps && s->n_steps == s->n_steps_all;
}

static void bound_text(char *buf, size_t len, unsigned bucket)
{
	uint64_t ns = heat_from(bucket);
	static const struct { uint64_t ns; const char *unit; } units[] = {
		{ NSEC_PER_SEC, "s" }, { NSEC_PER_MSEC, "ms" }, { NSEC_PER_USEC, "us" }, { 1, "ns" },
	};
	size_t u = 0;
	double v;

	while (u + 1 < ARRAY_LEN(units) && ns < units[u].ns)
		u++;
	v = (double)ns / (double)units[u].ns;
	if (v >= 99.5)			/* two digits say enough */
		v = (unsigned)(v / 10 + 0.5) * 10;
	snprintf(buf, len, "%.*f%s", v < 9.95 && (unsigned)(v * 10 + 0.5) % 10 ? 1 : 0, v, units[u].unit);
}

/* From the shortest step to the longest one of all kinds. */
static void find_axis(struct histo *h, const struct snapshot *s)
{
	unsigned last = 0;
	char from[12], to[12];

	h->first = HEAT_BUCKETS;
	for (size_t i = 0; i < s->n_kinds; i++)
		if (s->kinds[i].steps.n) {
			h->first = MIN(h->first, heat_bucket(s->kinds[i].steps.min));
			last = MAX(last, heat_bucket(s->kinds[i].steps.max));
		}
	h->n = h->first <= last ? last - h->first + 1 : 0;
	snprintf(h->title, sizeof h->title, "LATENCY");
	if (!h->n)
		return;
	bound_text(from, sizeof from, h->first);
	bound_text(to, sizeof to, last + 1 < HEAT_BUCKETS ? last + 1 : last);
	snprintf(h->title, sizeof h->title, "%s-%s%s", from, to, last + 1 < HEAT_BUCKETS ? "" : "+");
}

static unsigned bucket_of(const uint64_t *from, uint64_t ns)
{
	unsigned lo = 0, hi = HEAT_BUCKETS;

	while (hi - lo > 1) {
		unsigned mid = (lo + hi) / 2;

		if (ns >= from[mid])
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static void count_kept(struct histo *h, const struct snapshot *s, const struct kinds *k, const bool *hit)
{
	uint64_t from[HEAT_BUCKETS];

	h->n_kinds = s->n_kinds;
	if (s->n_kinds) {
		GROW(h->count, s->n_kinds - 1, h->cap);
		memset(h->count, 0, s->n_kinds * sizeof *h->count);
	}
	for (unsigned i = 0; i < HEAT_BUCKETS; i++)
		from[i] = heat_from(i);
	for (size_t i = 0; i < k->n_steps; i++)
		if (k->step[i].kind < s->n_kinds && (!hit || hit[i]))
			h->count[k->step[i].kind][bucket_of(from, k->step[i].ns)]++;
}

void histo_update(struct histo *h, const struct snapshot *s, const struct kinds *k, const bool *hit)
{
	h->n_kinds = 0;
	find_axis(h, s);
	if (hit || histo_needs_kinds(s))
		count_kept(h, s, k, hit);
}

void histo_fini(struct histo *h)
{
	free(h->count);
	*h = (struct histo){ 0 };
}

static bool counts_of(const struct histo *h, const struct snapshot *s, uint32_t kind, uint64_t out[HEAT_BUCKETS])
{
	memset(out, 0, HEAT_BUCKETS * sizeof *out);
	if (kind < h->n_kinds) {
		for (unsigned i = 0; i < HEAT_BUCKETS; i++)
			out[i] = h->count[kind][i];
		return true;
	}
	if (!is_counted(s) || kind >= s->n_kinds || !s->time.kind[kind])
		return false;
	for (uint32_t slot = 0; slot < s->time.n; slot++)
		for (unsigned i = 0; i < HEAT_BUCKETS; i++)
			out[i] += s->time.kind[kind][(size_t)slot * HEAT_BUCKETS + i];
	return true;
}

/* Even one step is seen: the tail is what one looks for. */
static uint32_t level(uint64_t n, uint64_t max)
{
	return n ? 0x2581 + (uint32_t)((double)n / (double)max * 7) : ' ';
}

bool histo_text(const struct histo *h, const struct snapshot *s, uint32_t kind, char text[HISTO_BYTES])
{
	uint64_t count[HEAT_BUCKETS], cell[HISTO_CELLS] = { 0 }, max = 0;
	unsigned n_cells = MIN(h->n, HISTO_CELLS), wide;
	char *at = text;

	if (!h->n || !counts_of(h, s, kind, count))
		return false;
	/* Live, the oldest slot began before the window, of which the axis is. */
	for (unsigned i = 0; i < HEAT_BUCKETS; i++)
		cell[(i < h->first ? 0 : MIN(i - h->first, h->n - 1)) * n_cells / h->n] += count[i];
	for (unsigned i = 0; i < n_cells; i++)
		max = MAX(max, cell[i]);
	if (!max)
		return false;
	wide = HISTO_CELLS / n_cells;
	for (unsigned i = 0; i < n_cells * wide; i++) {
		char utf8[5];
		size_t n = (size_t)cells_utf8(level(cell[i / wide], max), utf8);

		memcpy(at, utf8, n);
		at += n;
	}
	*at = 0;
	return true;
}
