// SPDX-License-Identifier: GPL-2.0-only
/* The lines above the tables: what stands there, what gives way, at any size. */
#include "cells.h"
#include "fake_snapshot.h"
#include "head.h"
#include "tap.h"

#define N_SLOTS 200u

static char screen[65536];

static const char *paint(const struct snapshot *s, const char *why, int cols, int lines, bool ascii, int *used)
{
	struct cells c = { 0 };
	FILE *f = fmemopen(screen, sizeof screen, "w");

	cells_resize(&c, cols, lines);
	cells_clear(&c);
	*used = head_draw_why(s, why, &c, (struct rect){ 0, 0, cols, lines });
	cells_dump(&c, ascii, f);
	fclose(f);
	cells_fini(&c);
	return screen;
}

/* Steps of 8 ms at each fourth slot, one of 41 ms in the middle. */
static void add_time(struct snapshot *s)
{
	uint64_t *steps = ARENA_NEW(&s->mem, N_SLOTS * N_STEP_TIMES, uint64_t);

	for (uint32_t i = 0; i < N_SLOTS; i += 4) {
		steps[i * N_STEP_TIMES + STEPS_ENDED] = 1;
		steps[i * N_STEP_TIMES + STEPS_LONGEST] = 8 * MS;
	}
	steps[N_SLOTS / 2 * N_STEP_TIMES + STEPS_LONGEST] = 41200 * US;
	s->time.begin = FAKE_BEGIN;
	s->time.slot_ns = 50 * MS;
	s->time.n = N_SLOTS;
	s->time.steps = steps;
}

static const char answer_80[] =
"1 agent  steps 539/s  p50 8.10 ms  p99 23.4 ms ▲  p999 32.3 ms ▲  max 41.2 ms\n"
"deadline 20.0 ms missed 14 (0.3 %)  slowest, 0 to 10.0 s ▂▂▂▂▂▂▂▂▂▂▂█▂▂▂▂▂▂▂▂▂▂▂\n"
"slowest 1 %  run queue RRRRRRRRR 41 %  NAPI nnnn 17 %  user uuu 12 %  other 22 %\n"
"IRQ-hot  CPU 2: 38 % in interrupts, took 62.0 ms of steps\n";

static const char answer_ascii[] =
"1 agent  steps 539/s  p50 8.10 ms  p99 23.4 ms ^  p999 32.3 ms ^  max 41.2 ms\n"
"deadline 20.0 ms missed 14 (0.3 %)  slowest, 0 to 10.0 s ...........#...........\n";

static void test_lines(void)
{
	struct snapshot s;
	int used;

	fake_planner(&s);
	add_time(&s);
	is_text(paint(&s, "", 80, 4, false, &used), answer_80, "at 80 columns the answer takes two lines");
	is_num(used, 4, "of four");
	has_text(paint(&s, "", 80, 4, true, &used), answer_ascii, "it can be read in ASCII");
	paint(&s, "Somebody did it.", 80, 6, false, &used);
	has_text(screen, "Somebody did it.\nIRQ-hot", "a sentence stands before the hot CPUs");
	is_num(used, 5, "and takes a line");
	has_text(paint(&s, "", 80, 3, false, &used), "p50 8.10 ms  p99 23.4 ms ▲  p999 32.3 ms ▲  deadline 20.0 ms missed 14 (0.3 %)\nslowest 1 %",
	    "with three lines it takes one, and others give way to the deadline");
	has_text(screen, "\nIRQ-hot", "as hot CPUs do not");
	paint(&s, "", 200, 6, false, &used);
	has_text(screen, "max 41.2 ms  deadline 20.0 ms missed 14 (0.3 %)  slowest, 0 to 10.0 s ▂▂", "where there is room all is in one");
	is_num(used, 3, "of three");
	s.live.on = 1;
	s.live.window_begin = FAKE_BEGIN;
	s.source.end = FAKE_BEGIN + 60000 * MS;
	has_text(paint(&s, "", 80, 4, false, &used), "slowest, last 60 s ▂", "live it says how long ago");
	fake_free(&s);
}

static void test_deadlines(void)
{
	struct snapshot s;
	int used;

	fake_planner(&s);
	s.kinds[0].deadlines.max = 50 * MS;
	has_text(paint(&s, "", 200, 4, false, &used), "p99 23.4 ms  p999 32.3 ms  max 41.2 ms  deadlines missed 14 (0.3 %)",
	    "of several deadlines none is compared with");
	s.kinds[0].deadlines = (struct quant){ 0 };
	has_text(paint(&s, "", 200, 4, false, &used), "deadline missed 14\n", "of how many is not said when nobody knows");
	s.kinds[0].n_deadline_miss = 0;
	has_text(paint(&s, "", 80, 4, false, &used), "max 41.2 ms  no deadline\nslowest 1 %", "without a deadline it says so, in the same line");
	s.kinds[0].deadlines = fake_quant(5386, 50 * MS, 50 * MS, 50 * MS);
	s.kinds[0].deadlines.min = 50 * MS;
	has_text(paint(&s, "", 200, 4, false, &used), "p999 32.3 ms  max 41.2 ms  deadline 50.0 ms missed 0\n", "one that is kept has no sign");
	s.kinds[0].n_deadline_miss = 14;
	fake_free(&s);
}

/* On one line, as where there are few. */
static void test_narrow(void)
{
	struct snapshot s;
	int used;

	fake_planner(&s);
	has_text(paint(&s, "", 62, 3, false, &used), "p50 8.10 ms  p99 23.4 ms ▲  deadline 20.0 ms missed 14 (0.3 %)\n", "all of the deadline");
	has_text(paint(&s, "", 61, 3, false, &used), "p50 8.10 ms  p99 23.4 ms ▲  p999 32.3 ms ▲  missed 14 (0.3 %)\n", "then without the deadline itself");
	has_text(paint(&s, "", 45, 3, false, &used), "p50 8.10 ms  p99 23.4 ms ▲  missed 14 (0.3 %)\n", "as long as that fits");
	has_text(paint(&s, "", 44, 3, false, &used), "p50 8.10 ms  p99 23.4 ms ▲  missed 14\n", "then without the share");
	has_text(paint(&s, "", 40, 3, false, &used), "p50 8.10 ms  p99 23.4 ms ▲  missed 14\n", "down to the narrowest screen");
	s.kinds[0].n_deadline_miss = 99999, s.kinds[0].deadlines.n = 100000;
	has_text(paint(&s, "", 40, 3, false, &used), "p99 23.4 ms ▲  missed 99 999\n", "no value is cut: the median goes first");
	has_text(paint(&s, "", 40, 4, false, &used), "p50 8.10 ms  p99 23.4 ms ▲\ndeadline 20.0 ms missed 99 999 (100 %)\n", "on two lines there is room");
	s.kinds[0].n_deadline_miss = 14;
	fake_free(&s);
}

static void test_sizes(void)
{
	struct snapshot s;
	unsigned wrong = 0;
	int used;

	fake_planner(&s);
	add_time(&s);
	for (int cols = 1; cols < 260; cols++)
		for (int lines = 0; lines < 8; lines++) {
			struct cells c = { 0 };

			/* more room than is given: nothing may be painted beside it */
			cells_resize(&c, cols + 10, lines + 3);
			cells_clear(&c);
			used = head_draw_why(&s, "Some words that take more than a line on most screens, in a row, one after the other.", &c,
					     (struct rect){ 0, 1, cols, lines });
			wrong += used > lines || used < 0;
			for (int y = 0; y < c.lines; y++)
				for (int x = 0; x < c.cols; x++)
					wrong += (x >= cols || y < 1 || y > used) && c.at[y * c.cols + x].ch != ' ';
			cells_fini(&c);
		}
	is_num(wrong, 0, "it keeps to its place at any size");
	s.time.n = 3;
	has_text(paint(&s, "", 80, 4, false, &used), "deadline 20.0 ms missed 14 (0.3 %)\n", "a few slots are no line of bars");
	fake_free(&s);
	fake_empty(&s);
	is_num(head_view(NULL, &s, &(struct cells){ 0 }, (struct rect){ 0, 0, 0, 0 }), 0, "no room, nothing");
	has_text(paint(&s, "", 80, 4, false, &used), "no steps: ", "without steps it says why");
	fake_free(&s);
}

int main(void)
{
	test_lines();
	test_deadlines();
	test_narrow();
	test_sizes();
	return done();
}
