/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * timebar: all of the time that there is, as a strip of the slowest steps, with a cursor and a selection: where one goes
 * back live, and chooses the range that every view then shows.
 *
 *	▁▁▁▂▁▁▁▅▂█▃▁▁▁▁▂▁▁▁▁▁▁▁▁▃▁▁▁▁▁
 *	      ╰────▲─────╯
 *	at 2.31 s  agentloop 186 39.3 ms   chosen 1.20 s to 3.10 s (1.90 s) of 5.19 s
 *
 * Holds a copy of the strip, since the snapshot of a range knows nothing of the rest. One thread.
 */
#ifndef AGENTTOP_TIMEBAR_H
#define AGENTTOP_TIMEBAR_H

#include "slots.h"
#include "view.h"

#define TIMEBAR_LINES 3

struct timebar {
	bool open;
	uint64_t begin, end;		/* all of it */
	uint64_t from, to;		/* the range that is looked at; 0, 0: all */
	uint64_t at;			/* the cursor */
	uint64_t sel_from, sel_to;	/* the selection */
	uint64_t mark;			/* its fixed end, while has_mark */
	bool has_mark;
	uint64_t strip_begin, slot_ns;
	uint32_t n;
	uint64_t longest[SLOTS_MAX];
};
extern const struct keydoc timebar_keys[];

void timebar_see(struct timebar *, const struct snapshot *);	/* a new snapshot; of a range it changes nothing */
bool timebar_open(struct timebar *);				/* false: there is no time to choose from */
void timebar_draw(const struct timebar *, const struct snapshot *, struct cells *, struct rect);
/* UI_* consequences; 0: the action is none of its. UI_RANGE: look at from .. to now. */
unsigned timebar_act(struct timebar *, const struct snapshot *, enum action, struct move *);
/* "1.20 s to 2.40 s of 5.19 s": which part is looked at. */
char *timebar_range(const struct timebar *, char *buf, size_t len);

#endif
