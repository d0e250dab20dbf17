/* SPDX-License-Identifier: GPL-2.0-only */
/* segments: the segments of a step as rows of a table, for CSV: no screen has room for them. Pure. */
#ifndef AGENTTOP_SEGMENTS_H
#define AGENTTOP_SEGMENTS_H

#include "table.h"

/* False when it has none. The sheet is good as long as snapshot and step are. */
bool segments_sheet(const struct snapshot *, const struct step *, struct sheet *);

#endif
