/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * topclock: sub-buffers of the top-level ring buffer, whose clock is somebody else's to choose, told in ours.
 *
 * Now and then a mark of our own is written to it between two looks at CLOCK_MONOTONIC; where it comes back, the two
 * clocks' difference is known to half the time between those looks, some hundred nanoseconds. Clocks that count
 * nanoseconds drift by parts in a million, so a comparison each second is plenty.
 * One thread: the reader's.
 */
#ifndef AGENTTOP_TOPCLOCK_H
#define AGENTTOP_TOPCLOCK_H

#include "base.h"

struct topclock;
struct topclock *topclock_new(int marker_fd, bool same);	/* same: nothing to convert. The descriptor stays the caller's */
void topclock_free(struct topclock *);				/* NULL is fine */
void topclock_compare(struct topclock *, uint64_t now);		/* NULL is fine; does something once a second */
/* Changes the page's times, and hides what was there before we began. false: the difference is not known yet. */
bool topclock_convert(struct topclock *, uint8_t *page, size_t size_bytes);

#endif
