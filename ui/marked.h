/* SPDX-License-Identifier: GPL-2.0-only */
/* marked: single steps that a person has marked, by serial, which is the same in every snapshot. One thread. */
#ifndef AGENTTOP_MARKED_H
#define AGENTTOP_MARKED_H

#include "kinds.h"

struct marked {
	uint64_t *serial;		/* ascending */
	size_t n, cap;
};
void marked_fini(struct marked *);
bool marked_has(const struct marked *, uint64_t serial);
void marked_toggle(struct marked *, uint64_t serial);
/* Forgets those of steps that are kept no longer. */
void marked_update(struct marked *, const struct kinds *);

#endif
