/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats: log-linear histograms. n, sum, min and max are exact; a percentile is off by less than 1 %
 * (128 buckets an octave: half a bucket is 0.4 %), and never outside [min, max]. Of few values it is exact.
 *
 * Live, a table covers a window of time in slices: dist_turn() and tally_turn() end a slice, and what was counted in
 * slices that have left the window is taken off. Who only adds need not know; without a turn everything counts for ever.
 *
 *      SLICES - 1 whole slices, older and older ── packed, on a list          the slice that goes on
 *      [      ] [      ] [      ] [      ] [      ] [      ] [      ]         [    now
 */
#ifndef AGENTTOP_STATS_H
#define AGENTTOP_STATS_H

#include "base.h"

#define DIST_FEW 64
#define SLICES 8

struct dist_slice;
struct dist {
	uint64_t n, sum;	/* of the window */
	uint64_t min, max;	/* of the slice that goes on; dist_quant() tells the window's */
	uint32_t **octave;	/* counts of the window; NULL while it has few values; octaves on demand */
	uint64_t *few;		/* the slice's values themselves while there are at most DIST_FEW */
	struct dist_slice *past;	/* newest first */
	uint32_t n_few;		/* in few; DIST_FEW + 1: there were too many */
};
/* What is shown of a distribution; n == 0 means that the rest is unknown, not zero. */
struct quant {
	uint64_t n, sum, min, p50, p90, p99, p999, max;
};
void dist_add(struct dist *, uint64_t v);
void dist_merge(struct dist *to, const struct dist *from);	/* `from` never had a turn */
struct quant dist_quant(const struct dist *);
void dist_turn(struct dist *, unsigned n);	/* n slices end: this one, and n - 1 in which nothing was counted */
void dist_fini(struct dist *);

/* ---- plain counters over the same window: whoever counts adds to v[]; v[] stay the window's sums ---- */
#define TALLY_MAX 32
struct tally_slice;
void tally_turn(struct tally_slice **past, uint64_t *v, unsigned n_v, unsigned n);	/* n slices end; *past is NULL at first */
void tally_fini(struct tally_slice **past);
/* Adds what was counted elsewhere, slice by slice, as if it had been counted here; *from_past is gone then. */
void tally_merge(struct tally_slice **past, uint64_t *v, unsigned n_v, struct tally_slice **from_past, const uint64_t *from);

#endif
