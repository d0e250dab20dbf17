/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reader: the thread that takes sub-buffers out of the kernel, so that a slow terminal never makes us lose events.
 *
 *	trace_pipe_raw of each CPU ──▶ reader ──▶ batch (sub-buffers, watermark) ──▶ engine's thread
 *	                                 ├──▶ keep (flight recorder)
 *	                                 └──▶ trace.dat being recorded
 *
 * It is woken by the kernel when a buffer is filled to some part, and at least PERIOD_MS after something came, so that
 * a quiet machine's events show as well. All descriptors are drained in a round; the watermark of the round is the time
 * at its beginning less a slack for writers that were interrupted: no event before it will come any more.
 * When the engine falls behind by more than a limit of memory, the oldest waiting sub-buffers are dropped and told as lost.
 *
 * Streams are numbered cpu * N_STREAMS_CPU + buffer; buffer one of tracer.h's, or READER_MADE for our own events.
 * Functions are for the engine's thread unless they say otherwise.
 */
#ifndef AGENTTOP_READER_H
#define AGENTTOP_READER_H

#include "broker.h"
#include "made.h"

enum { READER_MADE = N_TRACER_BUFFERS, N_STREAMS_CPU };
struct chunk {
	struct chunk *next;
	uint32_t stream;
	bool lost;		/* events are missing right before it: so many, 0: nobody knows */
	uint64_t n_missing;
	uint8_t page[];
};
struct batch {
	struct chunk *first, **end;
	uint64_t watermark;	/* no event before it will come */
};
struct reader_counts {		/* since the start, all CPUs; the kernel's own counters come first */
	uint64_t overrun, commit_overrun, dropped;
	uint64_t n_skipped;	/* events that the engine was too slow for */
	uint64_t record_bytes;
};
struct reader;
struct keep;
struct datw;
/* Takes over the descriptors in `started` (sets them to -1). keep and file may be NULL; the file is the thread's to write. */
struct reader *reader_start(struct broker_started *started, size_t page_size, struct keep *, struct datw *file, struct err *err);
void reader_stop(struct reader *);		/* NULL is fine */
int reader_fd(const struct reader *);		/* readable: there is a batch */
bool reader_take(struct reader *, struct batch *);	/* all that came; give its chunks back */
void reader_give_back(struct reader *, struct chunk *);	/* a list; they are used again. Without a reader: chunks_free() */
void chunks_free(struct chunk *);
/* One of our own events, in time order with the others. `kept`: it stays in the flight recorder's window. */
void reader_made(struct reader *, uint32_t cpu, const void *record, size_t n);
void reader_counts(struct reader *, struct reader_counts *);
/* An event that came to be meanwhile: the file learns of it with the next flush. */
void reader_add_format(struct reader *, const char *system, const char *text, size_t len);
/* Everything read so far is in the flight recorder. */
void reader_flush(struct reader *);
/* Everything read so far is in the file, which is the caller's again. */
void reader_end_record(struct reader *);
/* Reads what there is before it returns: for a pause, and for the end. */
void reader_drain(struct reader *);
/* Makes reader_fd() readable: there is more to do with what was taken already. */
void reader_again(struct reader *);
/* The kernel's counters as they are now, for the file's own statistics. After reader_end_record(). */
void reader_stats(struct reader *, struct datw *);
const char *reader_error(struct reader *);	/* why recording ended; NULL: it did not */

#endif
