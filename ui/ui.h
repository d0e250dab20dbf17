/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ui: the loop that runs the screens on the terminal: reads on a little, looks for keys, paints.
 * Runs on the main thread. A recording that has been read to its end costs no more CPU time until a key is pressed; live,
 * a machine on which nothing happens costs none either.
 */
#ifndef AGENTTOP_UI_H
#define AGENTTOP_UI_H

#include "snapshot.h"

enum ui_command {
	UI_FOLLOW,	/* value: pid of a task that is an agent from now on */
	UI_PAUSE,	/* value: 1 the screens show no more news, 0 they go on: for information, now() is not called meanwhile */
	UI_SAVE,	/* write what is kept to a file */
	UI_SUSPEND,	/* value: 1 the terminal is about to be suspended (Ctrl-Z), 0 it is back */
};
struct ui_feed {
	void *arg;
	/*
	 * Called again and again until it sets *finished: goes on for about budget_ms, and returns the newest snapshot, which
	 * stays valid until the next call; NULL when there is none yet. An error is told in err alone; it is shown, the snapshot
	 * that is returned with it is what remains, and there are no more calls.
	 */
	const struct snapshot *(*step)(void *arg, unsigned budget_ms, bool *finished, struct err *);
	/*
	 * A recording: called from ui_wait(), so within step(), when there is nothing to read for a while: as step() without
	 * reading. Live: called before news is painted, so 4 times a second at the most, and not while the screens are paused:
	 * takes a new snapshot, which stays valid until the next call. NULL: step() brings them.
	 */
	const struct snapshot *(*now)(void *arg);
	/*
	 * Live: step() only takes what has come, never waits, and news is there when this descriptor can be read (-1: a
	 * recording, which step() reads as fast as it can). It need not take a snapshot, but returns the one that is valid then.
	 * Live feeds finish only with an error.
	 */
	int fd;
	/*
	 * Live: does what the user asked for. 0, or -errno with a sentence. What was done shows in snapshot.live.status, and
	 * while the screens are paused only in the sentence, which may be given with 0, too.
	 */
	int (*command)(void *arg, enum ui_command, int64_t value, struct err *);
	/*
	 * Looks at [from, to) of the recording's clock from now on; 0, 0: at all of it, live at what happens now. The snapshot
	 * that was returned last stays valid until the next step() or now(), which bring those of the range: of a machine with
	 * live.past in place of live.on. NULL: there are no ranges.
	 */
	int (*range)(void *arg, uint64_t from, uint64_t to, struct err *);
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
