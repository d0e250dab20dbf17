/* SPDX-License-Identifier: GPL-2.0-only */
/* who_in: what the files of who share. */
#ifndef AGENTTOP_WHO_IN_H
#define AGENTTOP_WHO_IN_H

#include <dirent.h>
#include <sys/types.h>

#include "who.h"

bool who_parse_pid(const char *s, int32_t *pid);	/* all digits, and a number that a task can have */
/* To the end, at most max bytes: how many; -errno when nothing could be read. */
ssize_t who_read_fd(int fd, char *buf, size_t max);
ssize_t who_read(int dir, const char *path, char *buf, size_t max);
DIR *who_open_dir(int at, const char *path, int flags);	/* NULL with errno */

#endif
