/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kinds: which kept steps belong to which row of snapshot.kinds, and in what order of slowness.
 *
 * Made once for each snapshot; holds row numbers, so it is worth nothing with another snapshot. What is asked
 * of all steps again and again is copied here side by side: a hundred thousand steps are scattered over memory,
 * and one walk through them takes longer than all that is done with the copy.
 */
#ifndef AGENTTOP_KINDS_H
#define AGENTTOP_KINDS_H

#include "snapshot.h"

#define KIND_NONE UINT32_MAX

struct kept {
	uint64_t serial, ns;
	uint32_t kind;			/* row in snapshot.kinds; KIND_NONE */
	bool has_segments;
};
struct kinds {
	struct kept *step;		/* as snapshot.steps */
	size_t n_steps, cap;
};
void kinds_update(struct kinds *, const struct snapshot *);
void kinds_fini(struct kinds *);
/* A kind by its texts and process: row numbers change from snapshot to snapshot. */
uint64_t kinds_id(const struct kind_row *);
uint32_t kinds_row(const struct snapshot *, uint64_t id);	/* KIND_NONE: not there */
/* Numbers of the steps of a kind (free() it): slowest first, or in the order of the snapshot, newest first. */
uint32_t *kinds_slowest(const struct kinds *, uint32_t kind, size_t *n);
uint32_t *kinds_newest(const struct kinds *, uint32_t kind, size_t *n);
/* Numbers of single steps; n_steps when there is none. */
size_t kinds_find(const struct kinds *, uint64_t serial);
/* The slowest of a kind, or of all (KIND_NONE); one whose segments are kept if there is any. */
size_t kinds_worst(const struct kinds *, uint32_t kind);

static inline uint64_t step_ns(const struct step *st)
{
	return st->end > st->begin ? st->end - st->begin : 0;
}

#endif
