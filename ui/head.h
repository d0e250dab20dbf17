/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * head: the lines above the tables, the same in most views: is it slow, where does a slow step's time go, which CPU is hot.
 *
 *      answer   how many agents, steps and how fast, against their deadline; the slowest over time: one line, or two
 *      shares   where the slow steps' time goes, by stage
 *      why      the same as a sentence with who took it: Steps alone, which asks "why"
 *      IRQ-hot  CPUs that interrupts keep busy
 *
 * With less room the last ones go first, but IRQ-hot before the sentence. Without steps it says why there are none. Pure.
 */
#ifndef AGENTTOP_HEAD_H
#define AGENTTOP_HEAD_H

#include "cells.h"
#include "snapshot.h"

/* Returns the lines used, at most rect.h. */
int head_draw(const struct snapshot *, struct cells *, struct rect);
/* The same as a view's .head, whatever state it has. */
int head_view(const void *state, const struct snapshot *, struct cells *, struct rect);
/* The same with a sentence; "" for none. */
int head_draw_why(const struct snapshot *, const char *why, struct cells *, struct rect);
/* That sentence. Looks at all kept steps: for update(). */
void head_find_why(const struct snapshot *, char *buf, size_t len);

/* The slowest step in each column's time, in at most w columns, with the time that it tells of; returns the columns used. */
int head_spark(const struct snapshot *, struct cells *, int x, int y, int w);

#endif
