/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * histo: how long the steps of a kind took, as a small picture: a few cells from short to long, each factor of ten as wide
 * as the next, the same for all kinds, so that two rows can be compared. Made once for each snapshot. One thread.
 */
#ifndef AGENTTOP_HISTO_H
#define AGENTTOP_HISTO_H

#include "kinds.h"

#define HISTO_CELLS 12
#define HISTO_BYTES (HISTO_CELLS * 3 + 1)

struct histo {
	char title[32];			/* "1.6ms-40ms": where the first cell begins and the last one ends */
	unsigned first, n;		/* buckets (heat.h) */
	uint32_t (*count)[HEAT_BUCKETS];	/* by row of snapshot.kinds: of kept steps; n_kinds 0: not made */
	size_t n_kinds, cap;
};
/*
 * hit: only these of the kept steps; NULL: all steps, also those not kept. kinds is looked at when it comes to kept
 * steps: histo_needs_kinds() says whether.
 */
void histo_update(struct histo *, const struct snapshot *, const struct kinds *, const bool *hit);
bool histo_needs_kinds(const struct snapshot *);
void histo_fini(struct histo *);
/* The picture of a row of snapshot.kinds, in UTF-8; false: it is not known. */
bool histo_text(const struct histo *, const struct snapshot *, uint32_t kind, char text[HISTO_BYTES]);

#endif
