// SPDX-License-Identifier: GPL-2.0-only
#include "stats.h"

#include <stdlib.h>
#include <string.h>

/* Octave 0 holds 0..127 exactly; octave k holds [2^(k+6), 2^(k+7)) in 128 equal buckets. */
#define SUB_BITS 7
#define N_SUB (1u << SUB_BITS)
#define N_OCTAVES (64 - SUB_BITS + 1)
#define TOO_MANY (DIST_FEW + 1)

struct dist_slice {
	struct dist_slice *next;	/* older */
	unsigned age;			/* slices since: 1 .. SLICES - 1 */
	uint64_t n, sum, min, max;
	uint32_t n_values, n_buckets;	/* one of them is 0 */
	uint64_t cell[];		/* the values themselves; or buckets: (octave << SUB_BITS | sub) << 32 | count */
};

static unsigned octave_of(uint64_t v)
{
	return v < N_SUB ? 0 : (unsigned)(63 - __builtin_clzll(v)) - SUB_BITS + 1;
}

static unsigned sub_of(uint64_t v, unsigned octave)
{
	return octave ? (unsigned)(v >> (octave - 1)) & (N_SUB - 1) : (unsigned)v;
}

static uint64_t middle(unsigned octave, unsigned sub)
{
	if (!octave)
		return sub;
	return ((uint64_t)(N_SUB + sub) << (octave - 1)) + ((1ull << (octave - 1)) - 1) / 2;
}

/* ---- buckets: a table of octaves, each on demand ---- */

static uint32_t *bucket_of(uint32_t **octave, unsigned o, unsigned sub)
{
	if (unlikely(!octave[o]))
		octave[o] = xcalloc(N_SUB, sizeof **octave);
	return &octave[o][sub];
}

static void count(uint32_t **octave, uint64_t v, uint32_t n)
{
	unsigned o = octave_of(v);
	uint32_t *b = bucket_of(octave, o, sub_of(v, o));

	if (likely(*b <= UINT32_MAX - n))
		*b += n;
}

static uint32_t **octaves_new(void)
{
	return xcalloc(N_OCTAVES, sizeof(uint32_t *));
}

static void octaves_free(uint32_t **octave)
{
	for (unsigned o = 0; octave && o < N_OCTAVES; o++)
		free(octave[o]);
	free(octave);
}

static uint32_t *bucket_at(uint32_t **octave, uint64_t cell)
{
	return bucket_of(octave, (unsigned)(cell >> (32 + SUB_BITS)), (unsigned)(cell >> 32) & (N_SUB - 1));
}

static void count_slice(uint32_t **octave, const struct dist_slice *s)
{
	for (uint32_t i = 0; i < s->n_values; i++)
		count(octave, s->cell[i], 1);
	for (uint32_t i = 0; i < s->n_buckets; i++)
		*bucket_at(octave, s->cell[i]) += (uint32_t)s->cell[i];
}

static void take_off(uint32_t *b, uint32_t n)
{
	*b -= MIN(*b, n);
}

static void take_off_slice(uint32_t **octave, const struct dist_slice *s)
{
	for (uint32_t i = 0; i < s->n_values; i++) {
		unsigned o = octave_of(s->cell[i]);

		take_off(bucket_of(octave, o, sub_of(s->cell[i], o)), 1);
	}
	for (uint32_t i = 0; i < s->n_buckets; i++)
		take_off(bucket_at(octave, s->cell[i]), (uint32_t)s->cell[i]);
}

/* ---- adding ---- */

/* The window has more than a few values now: from here on they are counted in buckets. */
static void make_buckets(struct dist *d)
{
	d->octave = octaves_new();
	for (uint32_t i = 0; i < d->n_few; i++)
		count(d->octave, d->few[i], 1);
	for (const struct dist_slice *s = d->past; s; s = s->next)
		count_slice(d->octave, s);
}

static void forget_few(struct dist *d)
{
	free(d->few);
	d->few = NULL;
	d->n_few = TOO_MANY;
}

static void keep_few(struct dist *d, uint64_t v)
{
	if (d->n_few == DIST_FEW) {
		forget_few(d);
		return;
	}
	if (!d->few)
		d->few = xmalloc(DIST_FEW * sizeof *d->few);
	d->few[d->n_few++] = v;
}

static void widen(struct dist *d, uint64_t v)
{
	/* n_few is 0 only before the slice's first value */
	if (!d->n_few || v < d->min)
		d->min = v;
	if (!d->n_few || v > d->max)
		d->max = v;
}

void dist_add(struct dist *d, uint64_t v)
{
	widen(d, v);
	d->sum += v;
	if (unlikely(d->n++ == DIST_FEW) && !d->octave)
		make_buckets(d);
	if (likely(d->octave))
		count(d->octave, v, 1);
	if (unlikely(d->n_few <= DIST_FEW))
		keep_few(d, v);
}

void dist_merge(struct dist *to, const struct dist *from)
{
	if (!from->octave) {
		for (uint32_t i = 0; i < from->n_few; i++)
			dist_add(to, from->few[i]);
		return;
	}
	widen(to, from->min);
	to->max = to->n_few ? MAX(to->max, from->max) : from->max;
	to->n += from->n;
	to->sum += from->sum;
	if (!to->octave)
		make_buckets(to);
	forget_few(to);
	for (unsigned o = 0; o < N_OCTAVES; o++)
		for (unsigned s = 0; from->octave[o] && s < N_SUB; s++)
			if (from->octave[o][s])
				*bucket_of(to->octave, o, s) += from->octave[o][s];
}

/* ---- the window ---- */

static struct dist_slice *slice_new(size_t n_cells)
{
	struct dist_slice *s = xmalloc(sizeof *s + n_cells * sizeof *s->cell);

	s->n_values = s->n_buckets = 0;
	return s;
}

/* What the buckets hold of the slice that goes on: all but what the older ones put there. */
static struct dist_slice *pack_buckets(struct dist *d)
{
	struct dist_slice *p;
	uint32_t n = 0;

	for (const struct dist_slice *s = d->past; s; s = s->next)
		take_off_slice(d->octave, s);
	for (unsigned o = 0; o < N_OCTAVES; o++)
		for (unsigned s = 0; d->octave[o] && s < N_SUB; s++)
			n += d->octave[o][s] != 0;
	p = slice_new(n);
	for (unsigned o = 0; o < N_OCTAVES; o++)
		for (unsigned s = 0; d->octave[o] && s < N_SUB; s++)
			if (d->octave[o][s])
				p->cell[p->n_buckets++] = (uint64_t)(o << SUB_BITS | s) << 32 | d->octave[o][s];
	for (const struct dist_slice *s = d->past; s; s = s->next)
		count_slice(d->octave, s);
	return p;
}

static struct dist_slice *pack(struct dist *d)
{
	struct dist_slice *p;

	if (d->n_few <= DIST_FEW) {
		p = slice_new(d->n_few);
		memcpy(p->cell, d->few, d->n_few * sizeof *d->few);
		p->n_values = d->n_few;
	} else {
		p = pack_buckets(d);
	}
	p->n = d->n;
	p->sum = d->sum;
	for (const struct dist_slice *s = d->past; s; s = s->next) {
		p->n -= s->n;
		p->sum -= s->sum;
	}
	p->min = d->min;
	p->max = d->max;
	p->age = 0;
	p->next = d->past;
	return p;
}

static void drop_slices(struct dist *d, struct dist_slice **from)
{
	while (*from) {
		struct dist_slice *s = *from;

		*from = s->next;
		d->n -= s->n;
		d->sum -= s->sum;
		if (d->octave)
			take_off_slice(d->octave, s);
		free(s);
	}
}

void dist_turn(struct dist *d, unsigned n)
{
	struct dist_slice **at;

	if (!d->n)
		return;
	if (d->n_few)
		d->past = pack(d);
	free(d->few);
	d->few = NULL;
	d->n_few = 0;
	for (at = &d->past; *at && (*at)->age + n < SLICES; at = &(*at)->next)
		(*at)->age += n;
	drop_slices(d, at);
	if (d->n <= DIST_FEW) {		/* then every slice still has its values themselves */
		octaves_free(d->octave);
		d->octave = NULL;
	}
}

void dist_fini(struct dist *d)
{
	octaves_free(d->octave);
	free(d->few);
	d->octave = NULL;
	drop_slices(d, &d->past);
	*d = (struct dist){ 0 };
}

/* ---- reading ---- */

/* For a few: by insertion. */
static void sort_few(uint64_t *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t x = v[i];
		size_t k = i;

		for (; k && v[k - 1] > x; k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
}

/* Nearest rank: of the smallest value with at least q of all at or below it. */
static uint64_t rank_of(uint64_t n, double q)
{
	uint64_t rank = (uint64_t)(q * (double)n);

	if ((double)rank < q * (double)n)
		rank++;
	return MAX(rank, 1u);
}

static void ranks_of_few(const struct dist *d, const uint64_t *rank, uint64_t **out, size_t n)
{
	uint64_t v[DIST_FEW];
	size_t n_v = d->n_few;

	if (n_v)
		memcpy(v, d->few, n_v * sizeof *v);
	for (const struct dist_slice *s = d->past; s; s = s->next) {
		memcpy(v + n_v, s->cell, s->n_values * sizeof *v);
		n_v += s->n_values;
	}
	sort_few(v, n_v);
	for (size_t i = 0; i < n; i++)
		*out[i] = v[MIN(rank[i], n_v) - 1];
}

/* All in one pass: ranks ascend. What counters that were full missed is at the maximum. */
static void ranks_of_many(const struct dist *d, const struct quant *q, const uint64_t *rank, uint64_t **out, size_t n)
{
	uint64_t seen = 0;
	size_t i = 0;

	for (unsigned o = 0; o < N_OCTAVES && i < n; o++)
		for (unsigned s = 0; d->octave[o] && s < N_SUB && i < n; s++) {
			seen += d->octave[o][s];
			for (; i < n && seen >= rank[i]; i++)
				*out[i] = MAX(MIN(middle(o, s), q->max), q->min);
		}
	for (; i < n; i++)
		*out[i] = q->max;
}

struct quant dist_quant(const struct dist *d)
{
	struct quant q = { .n = d->n, .sum = d->sum };
	uint64_t rank[] = { rank_of(d->n, 0.5), rank_of(d->n, 0.9), rank_of(d->n, 0.99), rank_of(d->n, 0.999) };
	uint64_t *out[] = { &q.p50, &q.p90, &q.p99, &q.p999 };

	if (!d->n)
		return q;
	q.min = d->n_few ? d->min : UINT64_MAX;
	q.max = d->n_few ? d->max : 0;
	for (const struct dist_slice *s = d->past; s; s = s->next) {
		q.min = MIN(q.min, s->min);
		q.max = MAX(q.max, s->max);
	}
	if (d->octave)
		ranks_of_many(d, &q, rank, out, ARRAY_LEN(rank));
	else
		ranks_of_few(d, rank, out, ARRAY_LEN(rank));
	return q;
}

/* ---- plain counters ---- */

struct tally_slice {
	struct tally_slice *next;	/* older */
	unsigned age;
	uint64_t v[];
};

void tally_turn(struct tally_slice **past, uint64_t *v, unsigned n_v, unsigned n)
{
	struct tally_slice *s, **at;
	uint64_t now[TALLY_MAX];
	bool any = false;

	BUG_ON(n_v > TALLY_MAX);
	memcpy(now, v, n_v * sizeof *v);
	for (s = *past; s; s = s->next)
		for (unsigned i = 0; i < n_v; i++)
			now[i] -= s->v[i];
	for (unsigned i = 0; i < n_v; i++)
		any |= now[i] != 0;
	for (at = past; *at && (*at)->age + n < SLICES; at = &(*at)->next)
		(*at)->age += n;
	s = *at;
	*at = NULL;
	while (s) {
		struct tally_slice *old = s;

		for (unsigned i = 0; i < n_v; i++)
			v[i] -= s->v[i];
		s = s->next;
		free(old);
	}
	if (!any)
		return;
	if (n >= SLICES) {
		for (unsigned i = 0; i < n_v; i++)
			v[i] -= now[i];
		return;
	}
	s = xmalloc(sizeof *s + n_v * sizeof *v);
	*s = (struct tally_slice){ .next = *past, .age = n };
	memcpy(s->v, now, n_v * sizeof *v);
	*past = s;
}

void tally_fini(struct tally_slice **past)
{
	while (*past) {
		struct tally_slice *s = *past;

		*past = s->next;
		free(s);
	}
}

void tally_merge(struct tally_slice **past, uint64_t *v, unsigned n_v, struct tally_slice **from_past, const uint64_t *from)
{
	struct tally_slice *s, **at = past;

	for (unsigned i = 0; i < n_v; i++)
		v[i] += from[i];
	while ((s = *from_past)) {
		*from_past = s->next;
		while (*at && (*at)->age < s->age)
			at = &(*at)->next;
		if (*at && (*at)->age == s->age) {
			for (unsigned i = 0; i < n_v; i++)
				(*at)->v[i] += s->v[i];
			free(s);
		} else {
			s->next = *at;
			*at = s;
		}
	}
}
