/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heat: times in buckets that grow by the same factor, five for each factor of ten: the rows of a latency heat map.
 * Coarse on purpose: what is told in numbers comes from stats.h. Pure functions.
 */
#ifndef AGENTTOP_HEAT_H
#define AGENTTOP_HEAT_H

#include "base.h"

#define HEAT_BUCKETS 42u		/* the first is all below 100 ns, the last all from 10 s on */

unsigned heat_bucket(uint64_t ns);
/* The shortest time in a bucket, which goes up to heat_from(bucket + 1); 0 for the first. */
uint64_t heat_from(unsigned bucket);

#endif
