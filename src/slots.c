// SPDX-License-Identifier: GPL-2.0-only
#include "slots.h"

#include <stdlib.h>
#include <string.h>

#define SHORTEST_NS (1u << 14)		/* of a slot; a recording of some milliseconds has enough of them */

void slots_begin(struct slots *s, uint64_t begin, uint64_t window_ns)
{
	*s = (struct slots){ .begin = begin, .window_ns = window_ns,
			     .ns = window_ns ? MAX(window_ns / SLOTS_MAX, 1) : SHORTEST_NS };
}

static void make_room(struct slots *s, uint64_t slot)
{
	if (s->window_ns) {
		s->first = MAX(s->first, slot >= SLOTS_MAX ? slot - SLOTS_MAX + 1 : 0);
		return;
	}
	while (slot >= SLOTS_MAX) {
		s->ns *= 2;
		slot /= 2;
		s->end = (s->end + 1) / 2;
	}
}

uint64_t slots_reach_slow(struct slots *s, uint64_t ts)
{
	uint64_t slot = ts > s->begin ? (ts - s->begin) / s->ns : 0;

	if (slot >= s->end) {
		make_room(s, slot);
		slot = (ts - s->begin) / s->ns;
		s->end = slot + 1;
	}
	s->now = MAX(slot, s->first);
	s->now_begin = s->begin + s->now * s->ns;
	s->now_end = s->now_begin + MIN(s->ns, UINT64_MAX - s->now_begin);
	return s->now;
}

void slots_leave(struct slots *s, uint64_t ts)
{
	uint64_t slot = ts > s->begin ? (ts - s->begin) / s->ns : 0;

	s->first = MAX(s->first, slot);
	s->end = MAX(s->end, s->first);
	if (s->now < s->first)
		s->now_begin = s->now_end = 0;	/* the next one is looked up */
}

void series_init(struct series *r, uint16_t n_sum, uint16_t n_max)
{
	*r = (struct series){ .n_sum = n_sum, .n_max = n_max };
}

void series_fini(struct series *r)
{
	free(r->v);
	r->v = NULL;
}

static uint64_t *cells(const struct series *r, uint64_t slot)
{
	return r->v + (slot & (SLOTS_MAX - 1)) * (r->n_sum + r->n_max);
}

/* Two neighbours become one. Only recordings do this, whose first slot is always 0. */
static void halve(struct series *r)
{
	unsigned n = r->n_sum + r->n_max;

	for (uint64_t slot = 0; slot < SLOTS_MAX / 2; slot++) {
		uint64_t *to = cells(r, slot), *a = cells(r, 2 * slot), *b = a + n;

		for (unsigned i = 0; i < r->n_sum; i++)
			to[i] = a[i] + b[i];
		for (unsigned i = r->n_sum; i < n; i++)
			to[i] = MAX(a[i], b[i]);
	}
	memset(cells(r, SLOTS_MAX / 2), 0, SLOTS_MAX / 2 * n * sizeof *r->v);
	r->ns *= 2;
}

/* What the slots have become since this was touched last. */
static void catch_up(struct series *r, const struct slots *s)
{
	unsigned n = r->n_sum + r->n_max;

	if (!r->v) {
		r->v = xcalloc((size_t)SLOTS_MAX * n, sizeof *r->v);
		r->ns = s->ns;
	}
	while (r->ns < s->ns)
		halve(r);
	if (s->first != r->first) {
		if (s->first - r->first >= SLOTS_MAX)
			memset(r->v, 0, (size_t)SLOTS_MAX * n * sizeof *r->v);
		else
			for (uint64_t slot = r->first; slot < s->first; slot++)
				memset(cells(r, slot), 0, n * sizeof *r->v);
		r->first = s->first;
	}
}

uint64_t *series_at(struct series *r, const struct slots *s, uint64_t slot)
{
	if (unlikely(!r->v || r->ns != s->ns || r->first != s->first))
		catch_up(r, s);
	return cells(r, slot);
}

void series_add_span(struct series *r, struct slots *s, uint64_t from, uint64_t to, unsigned cell)
{
	if (to <= from || to <= s->begin)
		return;
	slots_reach(s, to - 1);		/* first, since it may change their length */
	for (uint64_t at = MAX(from, slots_time(s, s->first)); at < to;) {
		uint64_t slot = slots_reach(s, at), end = MIN(to, s->now_end);

		series_at(r, s, slot)[cell] += end - at;
		at = end;
	}
}

void series_copy(struct series *r, const struct slots *s, uint64_t *out)
{
	unsigned n = r->n_sum + r->n_max;

	if (!r->v) {
		memset(out, 0, (s->end - s->first) * n * sizeof *out);
		return;
	}
	catch_up(r, s);
	for (uint64_t slot = s->first; slot < s->end; slot++, out += n)
		memcpy(out, cells(r, slot), n * sizeof *out);
}
