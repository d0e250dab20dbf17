/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trail: a task's time as segments, while steps are open on it. Grows at its end, which is `done`; tiles all up to there
 * from the begin of the oldest step that is open on it, exactly. What lies before goes when the trail has grown long.
 */
#ifndef AGENTTOP_TRAIL_H
#define AGENTTOP_TRAIL_H

#include "chain.h"

struct edge {			/* entering or leaving the kernel, since `done` */
	uint64_t ts;
	str_id name;
	uint16_t type;
	uint8_t kind;		/* enum gate_edge */
};
struct turn_of {		/* whom the thread works for, from here on */
	uint64_t ts, cookie;	/* 0: nobody in particular */
};
struct whose {			/* the innermost step on it is this agent's, from here on */
	uint64_t ts;
	str_id agent;		/* 0: named for the task */
	int32_t tgid;		/* 0: the task's */
};
struct harm_hit {		/* somebody took this time from it (step_harm.c) */
	uint64_t from, to;
	uint32_t row, id;
};
struct trail {
	struct task *t;
	uint64_t begin, done;
	uint32_t nap_done;	/* newest nap accounted for */
	str_id gate;		/* syscall it was in at `done` */
	struct proof entered;	/* of that */
	struct proof resumed;	/* what last put it into user code */
	uint8_t after_nap;	/* `done` lies in a syscall, behind a wait of it */
	struct edge *edge;
	size_t n_edge, cap_edge;
	struct segment *seg;
	size_t n_seg, cap_seg;
	struct evidence *ev;
	size_t n_ev, cap_ev;
	struct turn_of *on;
	size_t n_on, cap_on;
	struct whose *whose;	/* since `done`; the first one may be older */
	size_t n_whose, cap_whose;
	bool mixed;		/* steps of several agents were open on it */
	struct harm_hit *hit;
	size_t n_hit, cap_hit;
	size_t look_at;		/* n_seg that is worth a look at what is still needed */
	unsigned n_steps;	/* open on it */
	uint64_t step_serial;	/* of the innermost, for culprits */
};
struct trail_sink {		/* told of every segment once, for harm */
	void (*segment)(struct ctx *, struct trail *, const struct link_seg *);
	void (*completed)(struct ctx *, struct trail *, run_id);
};

void trail_begin(struct trail *, struct task *, uint64_t ts);
void trail_fini(struct trail *);
/* From ts on its innermost step is that agent's; later words of the same instant replace earlier ones. */
void trail_whose(struct trail *, uint64_t ts, str_id agent, int32_t tgid);
void trail_edge(struct trail *, const struct event *, str_id name, enum gate_edge);
/* Accounts for the task's time up to `upto`. */
void trail_advance(struct ctx *, struct walk *, const struct trail_sink *, struct trail *, uint64_t upto);
/*
 * Accounts for what can be told by `now` without what comes later: not for a sleep that goes on, nor for a fault or the way
 * out of a call that may just be under way. As if nobody had asked before, when more is accounted for later.
 */
void trail_settle(struct ctx *, struct walk *, const struct trail_sink *, struct trail *, uint64_t now);
#define TRAIL_LOOK 8192
void trail_trim(struct trail *, uint64_t before);	/* drops what ended before; the newest segment stays in any case */

/* It turned out that events were lost in [from, to): of waits in that time nothing is proven any more. seg: ascending. */
void segments_doubt(struct segment *seg, size_t n, uint64_t from, uint64_t to);
/*
 * The same of one CPU: nobody knows what it did then, so that time is lost in what was said of it. Returns how many segments
 * there are then; *seg is of malloc() and may have moved.
 */
size_t segments_lose(struct segment **seg, size_t n, uint32_t cpu, uint64_t from, uint64_t to);

#endif
