/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * command: the program behind --record OUT --. Forked before privileges are given up, so that it gets those the user
 * has: the caller of sudo's, or root's. It waits to be let go until its calls are being recorded.
 * One thread. The process group's signals reach it as they would without us.
 */
#ifndef AGENTTOP_COMMAND_H
#define AGENTTOP_COMMAND_H

#include "base.h"

struct command;
struct command *command_prepare(char **argv, struct err *err);
int32_t command_pid(const struct command *);
/* Returns when it runs; -errno with a sentence when it cannot be run. */
int command_go(struct command *, struct err *err);
/* Has it ended? *status as of waitpid(). */
bool command_ended(struct command *, int *status);
void command_end(struct command *);		/* SIGTERM, when it is still running */
void command_free(struct command *);		/* one that was never let go ends; a running one goes on */

#endif
