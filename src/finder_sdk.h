/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * finder_sdk: which programs have libagentstep in them, and uprobes on it. A library is met by many processes and probed
 * once: probes are the inode's. Programs load it late, so a process is looked at again some times while it is young.
 * One thread: the engine's.
 */
#ifndef AGENTTOP_FINDER_SDK_H
#define AGENTTOP_FINDER_SDK_H

#include "broker.h"

struct finder_sdk;
/* Called for each new event that a probe gives rise to, with its format. */
typedef void finder_sdk_format(void *arg, const char *system, const char *text, size_t len);
/* `marker`: what agents write to trace_marker is seen, so those that may are asked to write there. */
struct finder_sdk *finder_sdk_new(struct broker *, bool marker, finder_sdk_format *, void *arg);
/* Whoever else wants to look at processes while they are young. */
void finder_sdk_also(struct finder_sdk *, void (*look)(void *arg, int32_t pid), void *arg);
void finder_sdk_free(struct finder_sdk *);
/* Looks at some of the processes that are due: to be called some times a second. */
void finder_sdk_scan(struct finder_sdk *, uint64_t now);
const char *finder_sdk_trouble(const struct finder_sdk *);	/* why one could not be; NULL: none */

#endif
