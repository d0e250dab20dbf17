/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * step_head: the lines above a step's chain: which step it is, how it did, where its time went in sum,
 * and how far that can be trusted. Pure.
 */
#ifndef AGENTTOP_STEP_HEAD_H
#define AGENTTOP_STEP_HEAD_H

#include "cells.h"
#include "waterfall.h"

/* Its place among the kept steps of its kind. */
struct rank {
	size_t i, n;			/* 0 is the slowest; i == n: not among them */
	uint64_t slowest_ns;
	const struct kind_row *kind;	/* NULL: none */
};
/* Returns the lines used, at most r.h. */
int step_head_draw(const struct snapshot *, const struct step *, const struct waterfall *, const struct rank *,
		   struct cells *, struct rect);

#endif
