// SPDX-License-Identifier: GPL-2.0-only
#include "heat.h"

/* Tenfold in five equal steps: 10 ^ (i / 5). */
#define DECADE(ns) (ns), (ns) * 1585 / 1000, (ns) * 2512 / 1000, (ns) * 3981 / 1000, (ns) * 6310 / 1000

static const uint64_t from[HEAT_BUCKETS + 1] = {
	0, DECADE(100ull), DECADE(1000ull), DECADE(10000ull), DECADE(100000ull), DECADE(1000000ull), DECADE(10000000ull),
	DECADE(100000000ull), DECADE(1000000000ull), 10000000000ull, 15850000000ull,
};

uint64_t heat_from(unsigned bucket)
{
	return from[MIN(bucket, HEAT_BUCKETS)];
}

unsigned heat_bucket(uint64_t ns)
{
	unsigned b = 0;

	for (unsigned step = 32; step; step /= 2)
		if (b + step < HEAT_BUCKETS && ns >= from[b + step])
			b += step;
	return b;
}
