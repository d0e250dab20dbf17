/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * feed: what the screens look at: a recording or this machine, all of it or a range of its time.
 *
 *	all     the session that the program was started for
 *	range   a second session, over the same recording, with that range as --from and --to. Live, over a copy of what is
 *	        kept; recording goes on meanwhile.
 *
 * So the numbers of a range are those of a report on that range, whatever was looked at before. One thread.
 */
#ifndef AGENTTOP_FEED_H
#define AGENTTOP_FEED_H

#include "session.h"

struct feed;
struct feed *feed_new(const struct opts *, struct session *);	/* both outlive it */
void feed_free(struct feed *);				/* NULL is fine */
/*
 * Reads for about budget_ms and returns the newest snapshot, good until the next call of this, feed_now() or feed_range().
 * Live it returns the one that is there. *finished: there is nothing more to read.
 */
const struct snapshot *feed_step(struct feed *, unsigned budget_ms, bool *finished, struct err *);
const struct snapshot *feed_now(struct feed *);		/* a new snapshot of what has been read; NULL: nothing has */
/*
 * Looks at [from, to) of the recording's clock from now on; 0, 0: at all of it. What is looked at now goes on being valid
 * until the next call of feed_step() or feed_now(), and stays it when that fails.
 */
int feed_range(struct feed *, uint64_t from, uint64_t to, struct err *);
struct session *feed_session(struct feed *);		/* of all */

#endif
