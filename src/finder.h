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
struct datw;
/* `marker`: writes to trace_marker are seen. `format` is told of events that come to be. */
struct finder *finder_new(const struct opts *, struct broker *, struct reader *, bool marker,
			  finder_sdk_format *format, void *arg);
void finder_free(struct finder *);	/* NULL is fine */
/* Tells of all tasks that there are, and follows those that are agents by -p, -c, -g or --agents. -ENOENT, -ESRCH: no such cgroup or process. */
int finder_begin(struct finder *, struct err *);
const struct finder_sdk *finder_libraries(const struct finder *);
/* Called some times a second: new tasks of cgroups, tasks that began to mark, new programs. */
void finder_tick(struct finder *, struct ctx *, uint64_t now);
/* A task and its threads are an agent's from now on. false: there is none. */
bool finder_follow(struct finder *, int32_t pid);
/* Writes what was told so far as a page or more of `buffer` that begin at ts: for a file that begins later. */
int finder_retell(struct finder *, uint64_t ts, struct datw *, unsigned buffer, size_t page_size, struct err *);

#endif
