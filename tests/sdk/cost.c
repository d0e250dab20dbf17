// SPDX-License-Identifier: GPL-2.0-only
/* What a step costs, begin and end: "cost STEPS" prints nanoseconds a mark, the best of ten rounds. */
#include "agentstep.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
	struct agentstep s = { .agent = "planner", .name = "plan", .id = "32", .deadline_us = 20000 };
	long n = argc > 1 ? atol(argv[1]) : 1000000;
	double best = 1e18;

	for (int round = 0; round < 10; round++) {
		double from = now(), took;

		for (long i = 0; i < n; i++) {
			agentstep_begin(&s);
			agentstep_end();
		}
		took = (now() - from) / (double)(2 * n);
		best = took < best ? took : best;
	}
	printf("%.1f\n", best);
	return 0;
}
