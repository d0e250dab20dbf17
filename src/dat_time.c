// SPDX-License-Identifier: GPL-2.0-only
#include "dat_time.h"

#include <stdlib.h>

#define INTERPOLATE 1u		/* flag of the option: between two samples the offset changes evenly */

static int by_time(const void *a, const void *b)
{
	const struct dat_sample *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

static void sort_samples(struct dat_shift *s)
{
	size_t n = 0;

	qsort(s->samples, s->n, sizeof *s->samples, by_time);
	for (size_t i = 0; i < s->n; i++)
		if (!n || s->samples[i].time != s->samples[n - 1].time)
			s->samples[n++] = s->samples[i];
	s->n = n;
}

/* count, then that many times, offsets and scalings: arrays one after the other. */
static bool read_cpu(struct dat_shift *s, struct dat_in *in)
{
	uint32_t n = dat_in_u32(in);

	if (in->bad || n > dat_in_left(in) / 24)
		return false;
	s->samples = xcalloc(n, sizeof *s->samples);
	s->n = n;
	for (uint32_t i = 0; i < n; i++)
		s->samples[i].time = dat_in_u64(in);
	for (uint32_t i = 0; i < n; i++)
		s->samples[i].offset = (int64_t)dat_in_u64(in);
	for (uint32_t i = 0; i < n; i++)
		s->samples[i].scaling = dat_in_u64(in);
	return !in->bad;
}

/* Newer recorders put the fraction bits of every scaling behind all the rest. */
static void read_fractions(struct dat_time *t, struct dat_in *in)
{
	for (size_t c = 0; c < t->n_cpus && dat_in_left(in); c++)
		for (size_t i = 0; i < t->cpus[c].n; i++)
			t->cpus[c].samples[i].fraction = dat_in_u64(in) & 63;
}

bool dat_time_shift(struct dat_time *t, struct dat_in *in)
{
	uint32_t flags = dat_in_u32(in), n = dat_in_u32(in);

	if (in->bad || t->cpus || n > dat_in_left(in) / 4)
		return false;
	t->cpus = xcalloc(n, sizeof *t->cpus);
	t->interpolate = flags & INTERPOLATE;
	for (t->n_cpus = 0; t->n_cpus < n; t->n_cpus++)
		if (!read_cpu(&t->cpus[t->n_cpus], in)) {
			t->n_cpus++;
			dat_time_fini(t);
			return false;
		}
	read_fractions(t, in);
	for (size_t c = 0; c < t->n_cpus; c++)
		sort_samples(&t->cpus[c]);
	return true;
}

void dat_time_fini(struct dat_time *t)
{
	for (size_t c = 0; c < t->n_cpus; c++)
		free(t->cpus[c].samples);
	free(t->cpus);
	t->cpus = NULL;
	t->n_cpus = 0;
}

bool dat_time_complex(const struct dat_time *t, uint32_t cpu)
{
	return t->mult || (cpu < t->n_cpus && t->cpus[cpu].n);
}

/* The last sample not after `raw`, but never the very last one: two are needed. */
static const struct dat_sample *sample_for(const struct dat_shift *s, uint64_t raw)
{
	size_t lo = 0, hi = s->n - 1;

	while (lo + 1 < hi) {
		size_t mid = (lo + hi) / 2;

		if (s->samples[mid].time <= raw)
			lo = mid;
		else
			hi = mid;
	}
	return &s->samples[lo];
}

static uint64_t shifted(const struct dat_time *t, const struct dat_shift *s, uint64_t raw)
{
	const struct dat_sample *a;
	int64_t off;

	if (s->n == 1)
		return raw + (uint64_t)s->samples[0].offset;
	a = sample_for(s, raw);
	off = a->offset;
	if (t->interpolate) {
		__int128 span = (__int128)a[1].time - a->time;
		__int128 part;

		/* only nonsense is too large for that: then the sample before holds */
		if (span > 0 && !__builtin_mul_overflow((__int128)raw - a->time, (__int128)a[1].offset - a->offset, &part) &&
		    !__builtin_add_overflow(part, span / 2, &part))
			off = (int64_t)(a->offset + part / span);
	}
	return (uint64_t)((unsigned __int128)raw * a->scaling >> a->fraction) + (uint64_t)off;
}

uint64_t dat_time_of(const struct dat_time *t, uint32_t cpu, uint64_t raw)
{
	if (cpu < t->n_cpus && t->cpus[cpu].n)
		raw = shifted(t, &t->cpus[cpu], raw);
	if (t->mult)
		raw = (uint64_t)((unsigned __int128)raw * t->mult >> (t->shift & 63));
	return raw + (uint64_t)t->offset;
}
