/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * title: the first line of every screen: what one looks at, what it costs, how far it can be trusted. Pure.
 */
#ifndef AGENTTOP_TITLE_H
#define AGENTTOP_TITLE_H

#include "cells.h"
#include "snapshot.h"

void title_draw(const struct snapshot *, bool paused, struct cells *, int w);
/* " reading 43 % ", or live the window that is shown, in w columns at most; returns the columns used. */
int title_progress(const struct snapshot *, bool failed, struct cells *, int x, int y, int w);
/* The last part of a path. */
const char *title_base_name(const char *path);

#endif
