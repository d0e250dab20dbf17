/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ui: the loop that runs the screens on the terminal: reads on a little, looks for keys, paints.
 * Runs on the main thread. A recording that has been read to its end costs no more CPU time until a key is pressed.
 */
#ifndef AGENTTOP_UI_H
#define AGENTTOP_UI_H

#include "snapshot.h"

struct ui_feed {
	void *arg;
	/*
	 * Called again and again until it sets *finished: goes on for about budget_ms, and returns the newest snapshot, which
	 * stays valid until the next call; NULL when there is none yet. An error is told in err alone; it is shown, the snapshot
	 * that is returned with it is what remains, and there are no more calls.
	 */
	const struct snapshot *(*step)(void *arg, unsigned budget_ms, bool *finished, struct err *);
	/* Called from ui_wait(), so within step(), when there is nothing to read for a while: as step() without reading. */
	const struct snapshot *(*now)(void *arg);
};

/* 0: the user is done (q, Ctrl-C). -EINTR: a signal ended it, see ui_signal(). -EIO: the terminal was lost. Others: it never began. */
int ui_run(struct ui_feed *, struct err *);
/*
 * For what step() calls before it reads from a pipe: serves keys until fd can be read. 0: it can, or there is no screen;
 * -EINTR: the user is done, so step() should come to an end.
 */
int ui_wait(int fd);
int ui_signal(void);			/* which signal; 0: none */

#endif
