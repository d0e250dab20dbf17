/* SPDX-License-Identifier: GPL-2.0-only */
/* take_in: parts of taking a snapshot. Nobody but take*.c includes this. */
#ifndef AGENTTOP_TAKE_IN_H
#define AGENTTOP_TAKE_IN_H

#include "snapshot.h"
#include "step.h"

/* take_harm.c: who took the steps' time. After the kept steps. */
void take_harms(struct snapshot *, const struct steps_view *);

#endif
