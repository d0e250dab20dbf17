/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * perf_order: puts the records of a perf.data stream into time order.
 *
 * perf empties the CPUs' buffers one after the other, again and again, and writes FINISHED_ROUND after each
 * turn. What comes after round n's mark is not older than the newest record before round n-1's mark, so that
 * is how far records may be given (what perf's session code relies on, too). Within a turn the records of one CPU
 * are nearly always in order already:
 *
 *	CPU 0: ------->   first in, first out, chunks of 64     \
 *	CPU 1: ------->                                          > merge (by time, then CPU) -> pop
 *	strays: heap; records older than their CPU's newest     /
 *	untimed: given before whatever is next, with its time
 *
 * Without marks everything waits for the end. Whatever the recording does, what is kept is bounded by the
 * number of CPUs: beyond that the older half is given at once, and what comes too late then is the caller's to count.
 * One thread owns it.
 */
#ifndef AGENTTOP_PERF_ORDER_H
#define AGENTTOP_PERF_ORDER_H

#include "merge.h"
#include "perf_format.h"
#include "perf_input.h"

/* What may be kept: two turns over buffers of 2 MiB each (perf's are of 512 KiB unless told otherwise). */
#define PERF_ORDER_BYTES_CPU (4ull << 20)
#define PERF_ORDER_BYTES_MIN (64ull << 20)
#define PERF_ORDER_BYTES_MAX (512ull << 20)

struct perf_item {
	uint64_t ts;			/* 0: unknown */
	struct perf_block *b;		/* one reference, handed on by pop */
	uint32_t off;			/* into the block */
	uint32_t cpu;			/* CPU_NONE: unknown */
	uint16_t len, kind;		/* kind: record type; a sample is its RAW part only */
};
struct perf_chunk {
	struct perf_chunk *next;
	uint32_t head, tail;		/* v[head] to v[tail - 1] are in use */
	struct perf_item v[64];
};
struct perf_queue {
	uint32_t cpu;
	uint64_t newest;		/* ts of the last item that went in */
	struct perf_chunk *first, *last;	/* NULL: empty */
};
struct perf_stray {
	struct perf_item item;
	uint64_t seq;
};
struct perf_order {
	struct perf_input *in;
	struct perf_queue **q;		/* ascending CPU; those of no known CPU behind all others */
	struct perf_queue **by_cpu;	/* index: CPU + 1 */
	size_t n_q, cap_q, cap_by_cpu;
	struct perf_queue untimed;
	struct perf_stray *heap;
	size_t n_heap, cap_heap;
	struct perf_chunk *free;
	uint64_t seq, n_chunks;		/* chunks in use */
	struct merge merge;		/* the queues, and behind them the heap */
	size_t n_merged;		/* how many it was made for */
	uint64_t limit, newest, next_limit;
	bool stale;			/* merge must be built again before it is used */
	bool dry;			/* nothing may be given until something changes */
	bool squeeze;			/* too much is kept: give until half is left */
	bool ended;
};

void perf_order_init(struct perf_order *, struct perf_input *);
void perf_order_fini(struct perf_order *);
/* Takes a reference on the item's block. false: no such CPU can be. */
bool perf_order_push(struct perf_order *, const struct perf_item *);
void perf_order_round(struct perf_order *);
void perf_order_end(struct perf_order *);
/* The next item that may be given now; its ts is filled in when it was unknown. Put item->b when done. */
bool perf_order_pop(struct perf_order *, struct perf_item *);

#endif
