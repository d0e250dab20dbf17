/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kinds: which kept steps belong to which row of snapshot.kinds, and in what order of slowness.
 * Made once for each snapshot; holds row numbers, so it is worth nothing with another snapshot.
 */
#ifndef AGENTTOP_KINDS_H
#define AGENTTOP_KINDS_H

#include "snapshot.h"

#define KIND_NONE UINT32_MAX

struct kinds {
	uint32_t *of_step;		/* kind of each of snapshot.steps; KIND_NONE */
	size_t n_steps, cap;
};
void kinds_update(struct kinds *, const struct snapshot *);
void kinds_fini(struct kinds *);
/* Numbers of the steps of a kind (free() it): slowest first, or in the order of the snapshot, newest first. */
uint32_t *kinds_slowest(const struct kinds *, const struct snapshot *, uint32_t kind, size_t *n);
uint32_t *kinds_newest(const struct kinds *, const struct snapshot *, uint32_t kind, size_t *n);

static inline uint64_t step_ns(const struct step *st)
{
	return st->end > st->begin ? st->end - st->begin : 0;
}

#endif
