/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * overview: what any recording can tell, with or without steps: who waited, who ran, what interrupted, which
 * CPUs are hot. Stands in for the table of steps when there are none. Pure functions of a snapshot.
 */
#ifndef AGENTTOP_OVERVIEW_H
#define AGENTTOP_OVERVIEW_H

#include "cells.h"
#include "snapshot.h"
#include "table.h"

/* Why there are no steps and what to do; returns the lines used. */
int overview_why(const struct snapshot *, struct cells *, struct rect);
/* One line: CPUs that are IRQ-hot, or the one that comes nearest. */
void overview_hot(const struct snapshot *, struct cells *, int x, int y, int w);
/* Candidates (with a cursor unless it is NULL), tasks, interrupts and softirqs, the top of each. */
void overview_draw(const struct snapshot *, const struct table_pos *candidate, struct cells *, struct rect);
/* The nth of its tables that has rows; false: there are not so many. */
bool overview_sheet(const struct snapshot *, unsigned nth, struct sheet *);

#endif
