/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * svg: a step as a picture: the agent's row and its actors over time, who hands over to whom, what the letters mean.
 * What the mouse rests on says its exact times and the events that prove it.
 *
 * The document stands alone: no script, no font, nothing from elsewhere. All text in it is escaped. Pure; any locale.
 */
#ifndef AGENTTOP_SVG_H
#define AGENTTOP_SVG_H

#include "waterfall.h"

/* The waterfall is one that waterfall_set() has given the step. */
void svg_write(const struct waterfall *, const struct snapshot *, FILE *);

#endif
