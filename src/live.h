/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * live: a session's recording of this machine: the broker's tracing, the reader, the source, the flight recorder and a
 * trace.dat being written, and what keeps them right while they run: whom to follow, buffers that fill, events to leave out.
 *
 * One thread: the engine's. Everything it started is gone after live_close(), but for the broker, which is the caller's.
 */
#ifndef AGENTTOP_LIVE_H
#define AGENTTOP_LIVE_H

#include "broker.h"
#include "opts.h"
#include "snapshot.h"
#include "source.h"

struct live;
struct ctx;
/* Starts recording. NULL with *err; *code tells -EPERM and -EACCES from the rest. */
struct live *live_open(const struct opts *, struct broker *, int *code, struct err *err);
void live_close(struct live *);			/* NULL is fine. The source goes with it */
struct source *live_source(struct live *);
int live_fd(const struct live *);		/* readable: events have come, or the broker has died */
/* Called about ten times a second, after events were handed to the engine. -errno: it cannot go on. */
int live_tick(struct live *, struct ctx *, struct err *);
void live_look(struct live *, struct snapshot *);	/* fills in snapshot.live and what else only live knows */
/* A task and its threads are an agent's from now on. */
int live_follow(struct live *, int32_t pid, bool only, struct err *);	/* only: and nobody else's steps count */
int live_pause(struct live *, bool pause);	/* the kernel records nothing meanwhile */
/* Writes the kept window to a file named after --output; *err tells what became of it in every case. */
int live_save(struct live *, struct ctx *, struct err *);
int live_save_to(struct live *, struct ctx *, const char *path, struct err *);	/* to this one; says nothing of it */
/* Ends recording for good: everything that happened until now is there to be read. 0, or what became of the file. */
int live_finish(struct live *, struct ctx *, struct err *);
/* Makes live_fd() readable: the engine has not had all yet that was read. */
void live_again(struct live *);
/* Events of the source up to this were given to the engine, all of them. */
uint64_t live_now(const struct live *);

#endif
