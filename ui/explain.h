/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain: a piece of a step in words: what the agent did or waited for, how long, against what target, who was
 * behind it, and the events that prove it. Pure functions of a step.
 */
#ifndef AGENTTOP_EXPLAIN_H
#define AGENTTOP_EXPLAIN_H

#include "cells.h"
#include "waterfall.h"

/*
 * Draws the explanation of the pane's chosen segments from its line `skip` on. all: every event on a line of its own,
 * otherwise as many as fit. Returns the lines that it takes in whole.
 */
int explain_draw(const struct waterfall *, const struct snapshot *, const struct pane *, bool all, int skip,
		 struct cells *, struct rect);
/* Is there room for all of it? */
bool explain_fits(const struct waterfall *, const struct snapshot *, const struct pane *, struct rect);

#endif
