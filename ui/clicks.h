/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clicks: what a click means. Views say so while they draw (cells_hit()); this keeps it from the last drawing, which is what
 * whoever clicks has seen. All that the mouse does, keys do as well: a click comes out as an action, done so many times.
 */
#ifndef AGENTTOP_CLICKS_H
#define AGENTTOP_CLICKS_H

#include "action.h"
#include "cells.h"

struct clicks {
	struct hit *hits;
	size_t n, cap;
	uint32_t last;			/* the click before on a row or place, when nothing else came after it; 0: none */
	uint32_t next;			/* what last is to be once this click has been dealt with */
};
void clicks_keep(struct clicks *, const struct cells *);	/* after each drawing */
void clicks_fini(struct clicks *);
/* How many times *a is to be done (0: there is nothing), and where it was clicked. */
unsigned clicks_find(struct clicks *, uint32_t key, enum action *a, int *x, int *y);

#endif
