/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * source_tracefs: this machine's events, live: what a reader (reader.h) brings, merged by time.
 *
 * source_next() gives -EAGAIN when no more can be given now without knowing what is still to come; the reader's
 * descriptor tells when to ask again. It never ends by itself. Owns the chunks it has taken, not the reader.
 * One thread: the engine's.
 */
#ifndef AGENTTOP_SOURCE_TRACEFS_H
#define AGENTTOP_SOURCE_TRACEFS_H

#include "reader.h"
#include "source.h"

/* NULL with *err. The reader outlives it; may be NULL while there is none (source_tracefs_reader() sets it). */
struct source *source_tracefs_open(const struct broker_started *, struct err *err);
void source_tracefs_reader(struct source *, struct reader *);
size_t source_tracefs_page_size(const struct source *);
/* A format that came later (a uprobe's). */
void source_tracefs_format(struct source *, const char *system, const char *text, size_t len);
/* Nothing more will be recorded and all of it has been read: the rest may be given, and then it has ended. */
void source_tracefs_end(struct source *);
uint64_t source_tracefs_now(const struct source *);	/* everything before it has been given */

#endif
