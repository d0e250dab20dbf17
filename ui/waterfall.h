/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * waterfall: a step on an axis of time. The first row is the agent's thread, which tiles the step; below it
 * are the actors, each where it took part. waterfall_set() sums up what does not change while one looks at a step,
 * so that drawing costs one pass over the segments in the window, however many there are.
 *
 * Places on the axis are x in [0, 1]: linear in time, or in log mode each segment as wide as the logarithm of
 * its length, so that short ones can be seen.
 */
#ifndef AGENTTOP_WATERFALL_H
#define AGENTTOP_WATERFALL_H

#include "cells.h"
#include "snapshot.h"

#define ACTOR_AGENT UINT32_MAX		/* the first row */

struct actor {
	str_id id;
	uint32_t longest;		/* segment */
	uint64_t ns;
	size_t n;			/* segments */
};
struct waterfall {
	const struct step *step;	/* borrowed; NULL: nothing set */
	uint64_t serial;
	const struct segment *seg;
	size_t n_seg;
	struct actor *actors;		/* in the order in which they appear */
	size_t n_actors, cap_actors;
	uint32_t *actor_of;		/* of each segment: number in actors, ACTOR_AGENT for none */
	double *log_at;			/* log mode: where each segment begins; n_seg + 1 of them */
	uint64_t inferred_ns;
};
struct pane {
	double x0, x1;			/* window */
	bool log;
	uint32_t from, to;		/* chosen segments [from, to) */
	uint32_t actor;			/* chosen row */
};

void waterfall_set(struct waterfall *, const struct step *);	/* cheap when it is the same step */
void waterfall_fini(struct waterfall *);
double waterfall_from(const struct waterfall *, bool log, size_t seg);
double waterfall_to(const struct waterfall *, bool log, size_t seg);
/* Actors to show in n rows, agent's row not counted: those with the most time and the chosen one, as they appear. */
size_t waterfall_rows(const struct waterfall *, uint32_t chosen, size_t n, uint32_t *out);
/*
 * What is at a place of what waterfall_draw() drew there: the row, and its segment that has most of that column, or is nearest;
 * on the name of an actor his longest. False: nothing that can be chosen.
 */
bool waterfall_at(const struct waterfall *, const struct snapshot *, const struct pane *, struct rect, int x, int y,
		  uint32_t *actor, uint32_t *seg);
/* What a bar of this segment says, in the agent's row or (of_actor) in its actor's. */
struct bar_words {
	unsigned stage;			/* less than N_STAGES */
	bool of_peer;			/* the stage of a peer's time: "peer: " stands before the words */
	bool instead;			/* the actor ran instead of whom he kept from it */
	const char *words;
};
struct bar_words waterfall_bar(const struct segment *, bool of_actor);
/* Axis, agent, actors, and the mark under the chosen piece: r.h lines. */
void waterfall_draw(const struct waterfall *, const struct snapshot *, const struct pane *, struct cells *, struct rect);

#endif
