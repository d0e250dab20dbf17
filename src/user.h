/* SPDX-License-Identifier: GPL-2.0-only */
/* user: whose program this is. Any thread, but what it changes is the whole process's. */
#ifndef AGENTTOP_USER_H
#define AGENTTOP_USER_H

#include "base.h"

/* For a while, files are opened as the user who called sudo; nothing when it was not sudo. */
void user_as_caller(bool on);
/* Becomes the user who called sudo, for good; nothing when it was not sudo. */
int user_become_caller(struct err *err);
/* The same, and a true root, who has no other user to become, loses all capabilities. Nothing can give them back. */
int user_drop_privileges(struct err *err);

#endif
