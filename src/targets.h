/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * targets: how long a stage may take before a report or a screen calls it out.
 *
 * The defaults are in stage_names; a configuration file replaces them (opts.h). Pure, any thread.
 */
#ifndef AGENTTOP_TARGETS_H
#define AGENTTOP_TARGETS_H

#include "stages.h"
#include "stats.h"

struct stage_target {
	uint64_t typical_ns, tail_ns;	/* 0: none */
};
enum target_verdict { TARGET_NONE, TARGET_GOOD, TARGET_TAIL, TARGET_OVER };

/* Over: the p99 passes the tail target, or the p50 the typical one. Tail: only the p99 passes the typical one. */
static inline enum target_verdict target_verdict(const struct stage_target *t, const struct quant *q)
{
	if (!q->n || (!t->typical_ns && !t->tail_ns))
		return TARGET_NONE;
	if ((t->tail_ns && q->p99 > t->tail_ns) || (t->typical_ns && q->p50 > t->typical_ns))
		return TARGET_OVER;
	return t->typical_ns && q->p99 > t->typical_ns ? TARGET_TAIL : TARGET_GOOD;
}

#endif
