// SPDX-License-Identifier: GPL-2.0-only
#include "merge.h"
#include "tap.h"

#include <stdlib.h>

static uint64_t seed = 1;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % below;
}

/* k streams of n_each times, equal ones among them; every answer is checked against a search through all. */
static bool agrees(uint32_t k, unsigned n_each, uint32_t step)
{
	uint64_t *ts = xcalloc(k, sizeof *ts);
	unsigned *left = xcalloc(k, sizeof *left), n = 0;
	struct merge m;
	uint32_t top;
	bool good = true;

	merge_init(&m, k);
	for (uint32_t i = 0; i < k; i++) {
		left[i] = i % 7 == 3 ? 0 : n_each;	/* some are empty from the start */
		ts[i] = left[i] ? rnd(step) : MERGE_END;
		merge_set(&m, i, ts[i]);
	}
	merge_build(&m);
	while (good && (top = merge_top(&m)) != MERGE_NONE) {
		uint32_t best = 0;

		for (uint32_t i = 1; i < k; i++)
			if (ts[i] < ts[best])
				best = i;
		good = top == best;
		n++;
		ts[top] = --left[top] ? ts[top] + rnd(step) : MERGE_END;
		merge_advance(&m, ts[top]);
	}
	for (uint32_t i = 0; i < k; i++)
		good = good && (i % 7 == 3 || !left[i]);
	merge_fini(&m);
	free(ts);
	free(left);
	return good && n;
}

static void edges(void)
{
	struct merge m;

	merge_init(&m, 0);
	merge_build(&m);
	ok(merge_top(&m) == MERGE_NONE, "no streams: nothing to give");
	merge_fini(&m);

	merge_init(&m, 3);
	merge_build(&m);
	ok(merge_top(&m) == MERGE_NONE, "streams that were never set have ended");
	merge_fini(&m);

	merge_init(&m, 1);
	merge_set(&m, 0, 5);
	merge_build(&m);
	is_num(merge_top(&m), 0, "a single stream is the top");
	merge_advance(&m, 5);
	is_num(merge_top(&m), 0, "and stays it at the same time");
	merge_advance(&m, MERGE_END);
	ok(merge_top(&m) == MERGE_NONE, "until it ends");
	merge_fini(&m);
}

static void ties(void)
{
	struct merge m;
	uint32_t order[6];

	merge_init(&m, 3);
	for (uint32_t i = 0; i < 3; i++)
		merge_set(&m, i, 7);
	merge_build(&m);
	for (int i = 0; i < 6; i++) {
		order[i] = merge_top(&m);
		merge_advance(&m, i % 2 ? MERGE_END : 7);
	}
	ok(order[0] == 0 && order[1] == 0 && order[2] == 1 && order[3] == 1 && order[4] == 2 && order[5] == 2,
	   "at the same time a lower stream gives all it has first");
	merge_fini(&m);
}

int main(void)
{
	static const uint32_t ks[] = { 2, 3, 4, 5, 7, 8, 9, 16, 31, 64, 255, 256, 1000 };

	edges();
	ties();
	for (size_t i = 0; i < ARRAY_LEN(ks); i++) {
		ok(agrees(ks[i], 50, 1000), "%u streams, few ties", ks[i]);
		ok(agrees(ks[i], 50, 3), "%u streams, many ties", ks[i]);
	}
	return done();
}
