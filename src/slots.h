/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slots: what happened when: time cut into at most SLOTS_MAX slots of equal length, and counters for each of them.
 *
 * Slots have running numbers: slot k is [begin + k * ns, begin + (k + 1) * ns). Of a recording, whose length nobody knows
 * beforehand, slots become twice as long whenever there would be too many. Live, their length stays, and those that have
 * left the window are forgotten: a window has SLOTS_MAX of them at the most.
 *
 *      slots:  first ........................ end        one for all: which slots there are
 *      series: [cells] [cells] [cells] ...               any number: so many cells for each slot; catches up when touched
 *
 * One thread. Memory of a series is allocated when something is first counted in it.
 */
#ifndef AGENTTOP_SLOTS_H
#define AGENTTOP_SLOTS_H

#include "base.h"

#define SLOTS_MAX 256u			/* a power of two */

struct slots {
	uint64_t begin, ns;		/* ns 0: not begun */
	uint64_t first, end;		/* numbers of those that there are */
	uint64_t window_ns;		/* 0: a recording */
	uint64_t now, now_begin, now_end;	/* the one asked for last */
};
struct series {
	uint64_t *v;			/* by slot number modulo SLOTS_MAX, n_sum + n_max cells each; NULL: all are 0 */
	uint64_t ns, first;		/* of the slots as they were when this was touched last */
	uint16_t n_sum, n_max;		/* cells that are sums, and behind them cells that are maxima */
};

/* window_ns 0: everything from begin on is kept, in longer and longer slots. */
void slots_begin(struct slots *, uint64_t begin, uint64_t window_ns);
/* There is time until ts: its slot. Before the first one: the first. */
uint64_t slots_reach_slow(struct slots *, uint64_t ts);
static inline uint64_t slots_reach(struct slots *s, uint64_t ts)
{
	return likely(ts >= s->now_begin && ts < s->now_end) ? s->now : slots_reach_slow(s, ts);
}
static inline uint64_t slots_time(const struct slots *s, uint64_t slot)
{
	return s->begin + slot * s->ns;
}
void series_init(struct series *, uint16_t n_sum, uint16_t n_max);
void series_fini(struct series *);
/* What ended before ts has left the window. */
void slots_leave(struct slots *, uint64_t ts);
/* The cells of a slot that slots_reach() gave just now. */
uint64_t *series_at(struct series *, const struct slots *, uint64_t slot);
/* Adds to cell the part of [from, to) that lies in each slot. */
void series_add_span(struct series *, struct slots *, uint64_t from, uint64_t to, unsigned cell);
/* All cells of [slots.first, slots.end), slot by slot, into out, which has room for them. */
void series_copy(struct series *, const struct slots *, uint64_t *out);

#endif
