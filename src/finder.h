/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * finder: who is an agent on this machine, and what else /proc knows that events do not say: names and threads of the
 * tasks that were there before, libraries that marks come through, trace contexts of tools.
 *
 * What it finds becomes events of our own (made.h), so that a recording of the session knows it too.
 * One thread: the engine's. It has no privilege; the broker opens what needs it.
 */
#ifndef AGENTTOP_FINDER_H
#define AGENTTOP_FINDER_H

#include "finder_sdk.h"
#include "opts.h"
#include "reader.h"

struct finder;
struct ctx;
/* NULL with *err: there is no such process (-p) or cgroup (-g). */
struct finder *finder_new(const struct opts *, struct broker *, struct err *err);
void finder_free(struct finder *);	/* NULL is fine */
/*
 * Tells of all tasks that there are, and follows those that are agents by -p, -c, -g or --agents. `marker`: writes to
 * trace_marker are seen. `format` is told of events that come to be.
 */
void finder_begin(struct finder *, struct reader *, bool marker, finder_sdk_format *format, void *arg);
/* Why marks of some program cannot be seen; NULL: none are missing. */
const char *finder_trouble(const struct finder *);
/* Called some times a second: new tasks of cgroups, tasks that began to mark, new programs. */
void finder_tick(struct finder *, struct ctx *, uint64_t now);
/* A task and its threads are an agent's from now on; `only`: and nobody else's steps count. false: there is none. */
bool finder_follow(struct finder *, int32_t pid, bool only);

#endif
