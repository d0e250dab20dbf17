/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dat_stream: the events of one CPU of one buffer of a trace.dat, in order, with their times.
 *
 * A stream reads its stretch of the file in blocks (plain: some sub-buffers by pread; packed: one compressed chunk)
 * and walks the sub-buffers in the block:
 *
 *	u64 time of the first event | commit | data ...
 *	    commit: bits 0-26 length of data, bit 31 events were lost before, bit 30 their count stands behind the data
 *	data: words of type_len (5 bits) and delta (27 bits), mirrored on big-endian machines:
 *	    1..28 a record of 4 * type_len bytes; 0 a record, next u32 its length + 4; 29 nothing, next u32 bytes of it;
 *	    30 delta gets next u32 << 27; 31 the same, and it is the time itself but for its top 5 bits
 *
 * Damage costs what is damaged: the rest of a sub-buffer, or a chunk. It is counted and reported as lost events.
 * Times never go back within a stream. One thread owns all streams of a file.
 */
#ifndef AGENTTOP_DAT_STREAM_H
#define AGENTTOP_DAT_STREAM_H

#include "dat_file.h"

/* A jump of more than this, or one back, is looked at closely. */
#define DAT_JUMP (1ull << 30)
#define DAT_TS_MAX (1ull << 62)		/* 146 years: no clock is there yet */
#define DAT_TS_END UINT64_MAX
#define DAT_TS_LAST (DAT_TS_END - 1)	/* a loss that is told when everything else was: it takes the last time given */

enum dat_rare {			/* why the caller must look before it takes the event */
	DAT_LOST = 1,		/* events were lost right before it; raw is NULL when there is no event behind the loss */
	DAT_SHARED = 2,		/* its CPU is in several buffers, which may hold the same event */
};
struct dat_shared {		/* by all streams of a file */
	struct dat_file *f;
	uint8_t *packed;	/* a chunk as it is in the file */
	size_t cap_packed;
	size_t block_size;	/* of plain data */
	uint64_t memory;	/* held by all streams */
	uint64_t unpacked;	/* bytes, ever */
};
struct dat_stream {
	/* the event */
	uint64_t ts;		/* DAT_TS_END: no more */
	const uint8_t *raw;
	uint32_t len, cpu;
	/* the sub-buffer */
	const uint8_t *p, *end;
	uint64_t raw_ts;	/* of the ring buffer's clock */
	uint64_t offset;	/* to ts, unless `complex` */
	uint8_t slow;		/* foreign byte order, or times that take more than an addition */
	uint8_t rare;
	bool complex;
	uint8_t ended;		/* steps of the end that were taken, see finish() */
	/* loss, since the last event given */
	uint64_t lost_from, lost_count;	/* from 0: the recording's start */
	bool lost_unknown;	/* lost_count is not all */
	bool any_missed;	/* ever: a sub-buffer said so */
	/* the block: sub-buffers from buf + at on */
	struct dat_shared *sh;
	const struct dat_buffer *b;
	uint8_t *buf;
	size_t at, n, cap;
	size_t n_peek;		/* bytes behind the block that were read to see what time comes next */
	uint64_t last_ts;	/* once ended: of the last event; 0 there was none */
	uint64_t raw_limit;	/* no event of this sub-buffer can be later: the next one begins */
	uint64_t off, end_off;	/* what is still to be read */
	uint64_t block_off;	/* of the block, for messages */
	uint32_t chunks_left;
	uint32_t next_packed, next_unpacked;	/* of the next chunk */
	bool opened, cut;	/* cut: the file ends before the stretch does */
};

void dat_stream_init(struct dat_stream *, struct dat_shared *, const struct dat_buffer *, const struct dat_cpu *);
void dat_stream_fini(struct dat_stream *);
void dat_stream_next_slow(struct dat_stream *);

/* Goes on to the next event. The last one's bytes are gone then. */
static inline void dat_stream_next(struct dat_stream *s)
{
	if (likely(s->p < s->end && !s->slow)) {
		uint32_t word = get32(s->p, false), len = (word & 31) * 4;
		uint64_t raw_ts = s->raw_ts + (word >> 5), ts = raw_ts + s->offset;

		/* type_len 1..28, the record in the sub-buffer, and time moved on a little */
		if (likely(len - 4 < 28 * 4 && len + 4 <= (size_t)(s->end - s->p) && ts - s->ts <= DAT_JUMP)) {
			s->raw = s->p + 4;
			s->len = len;
			s->p += 4 + len;
			s->raw_ts = raw_ts;
			s->ts = ts;
			return;
		}
	}
	dat_stream_next_slow(s);
}

#endif
