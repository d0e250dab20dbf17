// SPDX-License-Identifier: GPL-2.0-only
#include "stats.h"

#include <stdlib.h>
#include <string.h>

/* Octave 0 holds 0..127 exactly; octave k holds [2^(k+6), 2^(k+7)) in 128 equal buckets. */
#define SUB_BITS 7
#define N_SUB (1u << SUB_BITS)
#define N_OCTAVES (64 - SUB_BITS + 1)

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

static void add_many(struct dist *d, unsigned octave, unsigned sub, uint32_t n)
{
	if (unlikely(!d->octave))
		d->octave = xcalloc(N_OCTAVES, sizeof *d->octave);
	if (unlikely(!d->octave[octave]))
		d->octave[octave] = xcalloc(N_SUB, sizeof **d->octave);
	if (likely(d->octave[octave][sub] <= UINT32_MAX - n))
		d->octave[octave][sub] += n;
}

static void keep_few(struct dist *d, const uint64_t *v, uint64_t n)
{
	if (!d->n)
		d->few = xmalloc(DIST_FEW * sizeof *d->few);
	if (!d->few)
		return;
	if (d->n + n <= DIST_FEW && v) {
		memcpy(d->few + d->n, v, n * sizeof *v);
		return;
	}
	free(d->few);
	d->few = NULL;
}

void dist_add(struct dist *d, uint64_t v)
{
	unsigned o = octave_of(v);

	if (d->n <= DIST_FEW)
		keep_few(d, &v, 1);
	if (!d->n || v < d->min)
		d->min = v;
	if (v > d->max)
		d->max = v;
	d->n++;
	d->sum += v;
	add_many(d, o, sub_of(v, o), 1);
}

void dist_merge(struct dist *to, const struct dist *from)
{
	if (!from->n)
		return;
	keep_few(to, from->few, from->n);
	to->min = to->n ? MIN(to->min, from->min) : from->min;
	to->max = MAX(to->max, from->max);
	to->n += from->n;
	to->sum += from->sum;
	for (unsigned o = 0; o < N_OCTAVES; o++)
		for (unsigned s = 0; from->octave[o] && s < N_SUB; s++)
			if (from->octave[o][s])
				add_many(to, o, s, from->octave[o][s]);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t few_at(const struct dist *d, uint64_t rank)
{
	uint64_t v[DIST_FEW];

	memcpy(v, d->few, d->n * sizeof *v);
	qsort(v, d->n, sizeof *v, by_value);
	return v[MIN(rank, d->n) - 1];
}

/* Nearest rank: the smallest value with at least q of all at or below it. */
uint64_t dist_at(const struct dist *d, double q)
{
	uint64_t rank, seen = 0;

	if (!d->n)
		return 0;
	rank = (uint64_t)(q * (double)d->n);
	if ((double)rank < q * (double)d->n)
		rank++;
	rank = MAX(rank, 1u);
	if (d->few)
		return few_at(d, rank);
	for (unsigned o = 0; o < N_OCTAVES; o++)
		for (unsigned s = 0; d->octave[o] && s < N_SUB; s++) {
			seen += d->octave[o][s];
			if (seen >= rank)
				return MAX(MIN(middle(o, s), d->max), d->min);
		}
	return d->max;
}

struct quant dist_quant(const struct dist *d)
{
	return (struct quant){
		.n = d->n, .sum = d->sum, .min = d->min, .max = d->max,
		.p50 = dist_at(d, 0.5), .p90 = dist_at(d, 0.9), .p99 = dist_at(d, 0.99), .p999 = dist_at(d, 0.999),
	};
}

void dist_fini(struct dist *d)
{
	for (unsigned o = 0; d->octave && o < N_OCTAVES; o++)
		free(d->octave[o]);
	free(d->octave);
	free(d->few);
	*d = (struct dist){ 0 };
}
