/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heatmap: how long things took, and when: time to the right, latency upwards in logarithms, a cell the darker the more of
 * them ended there. Targets stand on the axis of latency. Pure functions; knows nothing of what it shows.
 */
#ifndef AGENTTOP_HEATMAP_H
#define AGENTTOP_HEATMAP_H

#include "cells.h"
#include "heat.h"

struct heatmap {
	const char *title;
	const uint64_t *v;		/* n slots of time, HEAT_BUCKETS counts each */
	uint32_t n;
	uint64_t begin, slot_ns;	/* of the first slot; of each */
	uint64_t zero;			/* the instant from which the axis of time counts */
	uint64_t typical_ns, tail_ns;	/* targets; 0: none */
	unsigned style;			/* where there is no target to compare with */
};
/* Title and legend, the map, and the axis of time below it: r.h lines at the most; returns those used. */
int heatmap_draw(const struct heatmap *, struct cells *, struct rect);

#endif
