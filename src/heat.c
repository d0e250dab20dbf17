// SPDX-License-Identifier: GPL-2.0-only
#include "heat.h"

#define LEAST_NS 100u
#define DECADE 5u

uint64_t heat_from(unsigned bucket)
{
	static const uint16_t parts[DECADE] = { 1000, 1585, 2512, 3981, 6310 };	/* 1000 * 10 ^ (i / 5) */
	uint64_t ns = LEAST_NS;

	if (!bucket)
		return 0;
	for (unsigned i = (bucket - 1) / DECADE; i; i--)
		ns *= 10;
	return ns * parts[(bucket - 1) % DECADE] / 1000;
}

unsigned heat_bucket(uint64_t ns)
{
	unsigned b = 0;
	uint64_t decade = LEAST_NS;

	while (b + DECADE < HEAT_BUCKETS && ns >= decade * 10) {
		decade *= 10;
		b += DECADE;
	}
	while (b + 1 < HEAT_BUCKETS && ns >= heat_from(b + 1))
		b++;
	return b;
}
