/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * matches: what a filter leaves of the kept steps, and the figures of each kind over these alone.
 * Made once for each snapshot and filter; holds row numbers, so it is worth nothing with another snapshot. One thread.
 */
#ifndef AGENTTOP_MATCHES_H
#define AGENTTOP_MATCHES_H

#include "filter.h"
#include "kinds.h"

struct match_kind {			/* as kind_row, of the steps that match */
	struct quant steps;
	uint64_t n_missed, stage_ns[N_STAGES], worst_ns;
	uint8_t worst_stage, any_deadline;
};
struct matches {
	bool *hit;			/* by kept step */
	struct match_kind *kind;	/* by row of snapshot.kinds */
	size_t n, n_hit, cap, cap_kinds;
};
void matches_update(struct matches *, const struct filter *, const struct kinds *, const struct snapshot *);
void matches_fini(struct matches *);
/* The slowest of a kind that matches, one with pieces if there is any; n_steps when there is none. */
size_t matches_worst(const struct matches *, const struct kinds *, uint32_t kind);

#endif
