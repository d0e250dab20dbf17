/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session: one reading of a recording: source, engine and snapshot put together. Everything that shows something goes
 * through here: reports, screens, tests.
 * One thread. Steps and strings that a snapshot points to live until session_close().
 */
#ifndef AGENTTOP_SESSION_H
#define AGENTTOP_SESSION_H

#include "opts.h"
#include "snapshot.h"

struct session;
struct broker;
/* NULL with *err set. opts outlive the session. */
struct session *session_open(const struct opts *, struct err *);
/* Of this machine, live. The broker outlives it. *code: -EPERM and -EACCES are a matter of privilege. */
struct session *session_live(const struct opts *, struct broker *, int *code, struct err *);
void session_close(struct session *);	/* NULL is fine */
int session_fd(const struct session *);		/* live: readable when there is something to read; -1: a recording */
/* Live: what the user asked for; see live.h. */
int session_follow(struct session *, int32_t pid, bool only, struct err *);
int session_pause(struct session *, bool pause);
int session_save(struct session *, struct err *);
int session_save_to(struct session *, const char *path, struct err *);	/* likewise, to this file */
/* Live: ends recording, reads what there still is, and completes a file that is being written. */
int session_finish(struct session *, struct err *);
/* Live: reads what has come and returns 1. A recording: reads for about `budget_ms` (0: to the end). 1: there is more. 0: the end. -errno: cannot go on; what was read stays good. */
int session_read(struct session *, unsigned budget_ms, struct err *);
bool session_has_begun(const struct session *);	/* an event has been read */
/* What is wrong with the recording, as far as it has been read; NULL: nothing. */
const char *session_damage(const struct session *);
/*
 * What is known so far. Free with snapshot_free() before the session. Live: valid until the next one is taken, since steps
 * leave the window.
 */
struct snapshot *session_snapshot(struct session *);

#endif
