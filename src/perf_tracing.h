/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * perf_tracing: the event formats inside a perf.data recording (TRACING_DATA): the front of an old trace.dat,
 * version 0.5 or 0.6. It adds to the source's formats and comms; kernel symbols and printk texts are passed over.
 */
#ifndef AGENTTOP_PERF_TRACING_H
#define AGENTTOP_PERF_TRACING_H

#include "source.h"

#define PERF_TRACING_MAX_BYTES (64ull << 20)	/* five to ten are usual */

/* false: it is damaged; what came before the damage is in. */
bool perf_tracing_read(struct source *, const uint8_t *p, size_t len);

#endif
