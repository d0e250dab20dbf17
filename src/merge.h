/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * merge: k streams of events, each in time order, to one. It keeps only each stream's next timestamp;
 * the caller holds the streams. Ties go to the lower stream number, so order is stable: number streams by
 * CPU, then by buffer. One thread owns a merge.
 *
 *	merge_init(&m, n);
 *	for each stream: merge_set(&m, i, its first ts or MERGE_END);
 *	merge_build(&m);
 *	while ((i = merge_top(&m)) != MERGE_NONE) { give stream i's event; merge_advance(&m, i's next ts); }
 *
 * A loser tree. With n = 4 the leaves are places 4..7 and a place's parent is half of it:
 *
 *	        [1]		each place keeps the loser of the match there, with its time;
 *	    [2]     [3]		the winner of the last match is the top
 *	   s0 s1   s2 s3	the streams
 *
 * A new time of the top is played on its way up, log n matches. A stream that wins twice in a row is likely to be
 * in front for a while: then `limit`, the least time of the losers on its way (the second best of all is among them),
 * makes it one comparison an event.
 */
#ifndef AGENTTOP_MERGE_H
#define AGENTTOP_MERGE_H

#include "base.h"

#define MERGE_END UINT64_MAX
#define MERGE_NONE UINT32_MAX

struct merge_key {
	uint64_t ts;		/* MERGE_END: the stream has ended */
	uint32_t stream;
};
struct merge {
	struct merge_key *key;	/* 1..n-1: the tree; n..2n-1: what merge_set() said */
	uint64_t limit;		/* 0: not known */
	uint32_t n, top;
};
void merge_init(struct merge *, uint32_t n);	/* every stream has ended until it is set */
void merge_fini(struct merge *);
void merge_build(struct merge *);
void merge_replay(struct merge *, uint64_t ts);	/* for merge_advance() */

/* Before merge_build() only. */
static inline void merge_set(struct merge *m, uint32_t stream, uint64_t ts)
{
	m->key[m->n + stream].ts = ts;
}
/* The stream whose event is next; MERGE_NONE when all have ended. */
static inline uint32_t merge_top(const struct merge *m)
{
	return m->top;
}
/* The top stream's next timestamp; not below the one it had. */
static inline void merge_advance(struct merge *m, uint64_t ts)
{
	if (ts >= m->limit)
		merge_replay(m, ts);
}

#endif
