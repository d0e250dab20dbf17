/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats: log-linear histograms. n, sum, min and max are exact; a percentile is off by less than 1 %
 * (128 buckets an octave: half a bucket is 0.4 %), and never outside [min, max]. Of few values it is exact.
 */
#ifndef AGENTTOP_STATS_H
#define AGENTTOP_STATS_H

#include "base.h"

#define DIST_FEW 64

struct dist {
	uint64_t n, sum, min, max;
	uint32_t **octave;	/* NULL until the first value; octaves on demand */
	uint64_t *few;		/* the values themselves while there are at most DIST_FEW; then NULL */
};
/* What is shown of a distribution; n == 0 means that the rest is unknown, not zero. */
struct quant {
	uint64_t n, sum, min, p50, p90, p99, p999, max;
};
void dist_add(struct dist *, uint64_t v);
void dist_merge(struct dist *to, const struct dist *from);
uint64_t dist_at(const struct dist *, double q);	/* value at quantile q in [0,1]; 0 when empty */
struct quant dist_quant(const struct dist *);
void dist_fini(struct dist *);

#endif
