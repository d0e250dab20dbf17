/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dat_dup: finds events that several buffers of one recording hold, e.g. because `sched` was on in the top buffer
 * and in an instance. The same bytes, on the same CPU, within DAT_DUP_NS, from another buffer: one event.
 * Keeps the recent events of each CPU, no more than DAT_DUP_MAX. One thread owns it.
 */
#ifndef AGENTTOP_DAT_DUP_H
#define AGENTTOP_DAT_DUP_H

#include "base.h"

#define DAT_DUP_NS (20 * NSEC_PER_USEC)
enum { DAT_DUP_MAX = 256 };	/* a power of two */

struct dat_dup_event {
	uint64_t ts, hash, seen_in;	/* seen_in: bit by buffer, the one it came from included */
};
struct dat_dup {			/* of one CPU: a ring */
	struct dat_dup_event e[DAT_DUP_MAX];
	uint32_t first, n;
};
/* true: it was given before, from another buffer. Times must not go back. */
bool dat_dup_seen(struct dat_dup *, uint64_t ts, uint32_t buffer, const uint8_t *raw, uint32_t len);

#endif
