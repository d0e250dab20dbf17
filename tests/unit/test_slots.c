// SPDX-License-Identifier: GPL-2.0-only
/* slots: what is counted by time adds up, however slots grow or leave. */
#include "heat.h"
#include "slots.h"
#include "tap.h"

#include <stdlib.h>

static uint64_t sum_of(struct series *r, const struct slots *s, unsigned cell, uint64_t *max)
{
	unsigned n = r->n_sum + r->n_max;
	uint64_t *v = xcalloc(SLOTS_MAX * n, sizeof *v), sum = 0;

	series_copy(r, s, v);
	*max = 0;
	for (uint64_t i = 0; i < s->end - s->first; i++) {
		sum += v[i * n + cell];
		*max = MAX(*max, v[i * n + cell]);
	}
	free(v);
	return sum;
}

static void test_recording(void)
{
	struct slots s;
	struct series r, late;
	uint64_t sum = 0, max, at = 5000;

	slots_begin(&s, at, 0);
	series_init(&r, 2, 1);
	series_init(&late, 1, 0);
	srandom(1);
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t len = (uint64_t)random() % 3000000;

		series_add_span(&r, &s, at, at + len, i & 1);
		sum += len;
		at += len;
		if (i == 7)
			series_at(&r, &s, slots_reach(&s, at))[2] = 99;
		series_at(&r, &s, slots_reach(&s, at))[2] = MAX(series_at(&r, &s, slots_reach(&s, at))[2], 7);
	}
	is_num((int64_t)(sum_of(&r, &s, 0, &max) + sum_of(&r, &s, 1, &max)), (int64_t)sum, "all time is in some slot");
	ok(max <= s.ns, "and in none more than it is long");
	sum_of(&r, &s, 2, &max);
	is_num((int64_t)max, 99, "a maximum stays one");
	ok(s.end <= SLOTS_MAX && s.end > SLOTS_MAX / 2, "there are many slots, and not too many: %llu", (unsigned long long)s.end);
	ok(slots_time(&s, s.end) >= at && slots_time(&s, s.end - 1) <= at, "and they reach to the end");
	series_at(&late, &s, slots_reach(&s, 0))[0]++;
	is_num((int64_t)sum_of(&late, &s, 0, &max), 1, "what is older than all slots is in the first");
	series_fini(&r);
	series_fini(&late);
}

static void test_window(void)
{
	struct slots s;
	struct series r;
	uint64_t max, length;

	slots_begin(&s, 1000, 60 * NSEC_PER_SEC);
	series_init(&r, 1, 0);
	length = s.ns;
	for (uint64_t t = 0; t < 600; t++)
		series_add_span(&r, &s, 1000 + t * NSEC_PER_SEC, 1000 + (t + 1) * NSEC_PER_SEC, 0);
	ok(s.ns == length, "live slots keep their length");
	ok(s.end - s.first == SLOTS_MAX, "and are as many as can be");
	ok(sum_of(&r, &s, 0, &max) >= 60 * NSEC_PER_SEC && max == s.ns, "the window and a little more is there");
	slots_reach(&s, 5000 * NSEC_PER_SEC);
	is_num((int64_t)sum_of(&r, &s, 0, &max), 0, "after a long silence nothing is left");
	series_add_span(&r, &s, 0, 5001 * NSEC_PER_SEC, 0);
	ok(sum_of(&r, &s, 0, &max) <= SLOTS_MAX * s.ns, "a span from before the window counts from where that begins");
	series_fini(&r);
}

static void test_heat(void)
{
	bool good = true;

	for (unsigned b = 0; b < HEAT_BUCKETS; b++)
		good &= heat_bucket(heat_from(b)) == b && (b + 1 == HEAT_BUCKETS || heat_bucket(heat_from(b + 1) - 1) == b);
	ok(good, "each bucket begins where it says");
	is_num((int64_t)heat_from(HEAT_BUCKETS - 1), 10 * (int64_t)NSEC_PER_SEC, "the last one at 10 s");
	is_num(heat_bucket(UINT64_MAX), HEAT_BUCKETS - 1, "and takes all that is longer");
}

int main(void)
{
	test_heat();
	test_recording();
	test_window();
	return done();
}
