/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * keep: the flight recorder: sub-buffers of the last seconds, by stream, within a limit of memory.
 *
 *	stream 0   [page]─[page]─[page]      the oldest go when they end before the window, or when memory is short:
 *	stream 1   [page]─[page]             then the oldest of all streams first
 *
 * The reader's thread adds, the main thread takes what is there for writing it to a file: a lock, held for no longer
 * than it takes to hand over pointers. Pages are immutable and counted.
 */
#ifndef AGENTTOP_KEEP_H
#define AGENTTOP_KEEP_H

#include "base.h"

struct keep;
struct keep_page {
	struct keep_page *next;	/* of the same stream, newer */
	uint64_t from, to;	/* times of its first and last event */
	uint32_t stream, refs;
	uint8_t page[];
};
struct keep *keep_new(uint32_t n_streams, size_t page_size, uint64_t window_ns, uint64_t max_bytes);
void keep_free(struct keep *);
void keep_add(struct keep *, uint32_t stream, uint64_t from, uint64_t to, const uint8_t *page);
/* How much is kept: from the newest of the streams' oldest events, since from there on all streams are whole. */
void keep_size(struct keep *, uint64_t *ns, uint64_t *bytes);
/* All kept pages, by stream, oldest first; release each list with keep_release(). The array has n_streams entries. */
struct keep_list {
	struct keep_page **v;
	size_t n, cap;
};
void keep_take(struct keep *, struct keep_list *lists);
void keep_release(struct keep *, struct keep_list *lists);

#endif
