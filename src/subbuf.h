/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * subbuf: sub-buffers of this machine's ring buffer, as read(2) of trace_pipe_raw gives them. Only what the kernel itself
 * has just written is looked at here (recordings of others are dat_stream.h's), but no length is believed to fit.
 *
 *	u64 time | u64 commit: length, bit 31 events are missing before, bit 30 how many stands behind the data | data:
 *	    words of type_len and delta, see dat_stream.h
 *
 * Partial ones are joined by page.h. Pure, any thread.
 */
#ifndef AGENTTOP_SUBBUF_H
#define AGENTTOP_SUBBUF_H

#include "base.h"

#define SUBBUF_HEAD 16
/* of commit */
#define SUBBUF_LEN ((1ull << 27) - 1)
#define SUBBUF_MISSED (1ull << 31)
#define SUBBUF_MISSED_COUNT (1ull << 30)

/* A word of the data, type_len in its lower five bits and delta above; in memory a big-endian kernel has delta below. */
static inline uint32_t subbuf_word(uint32_t raw, bool big_endian)
{
	return big_endian ? raw << 5 | raw >> 27 : raw;
}
static inline uint32_t subbuf_raw(uint32_t word, bool big_endian)
{
	return big_endian ? word >> 5 | word << 27 : word;
}

struct subbuf_walk {
	const uint8_t *p, *end;		/* what is still to be walked: a multiple of 4 bytes */
	uint64_t ts;
	uint32_t head;			/* of the last record: bytes of its word, and of its length when that is large */
};
void subbuf_walk(struct subbuf_walk *, const uint8_t *page, size_t size_bytes);
/* The next record and its time; NULL: no more. It stays before the end where padding fills the rest, or that is nonsense. */
const uint8_t *subbuf_next(struct subbuf_walk *, uint32_t *len_bytes);

/* Times of its first and last record; false: it has none. */
bool subbuf_times(const uint8_t *page, size_t size_bytes, uint64_t *from, uint64_t *to);
uint64_t subbuf_count(const uint8_t *page, size_t size_bytes);
size_t subbuf_used(const uint8_t *page);
/* Events are missing before it. *n: how many; 0: it does not say. */
bool subbuf_missed(const uint8_t *page, size_t size_bytes, uint64_t *n);

/* Makes nothing of records before `from`, and of those that contain `text` (NULL: none). */
void subbuf_hide(uint8_t *page, size_t size_bytes, uint64_t from, const char *text);
void subbuf_forget_missed(uint8_t *page);

#endif
