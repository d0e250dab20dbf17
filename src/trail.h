/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trail: a task's time as segments, while steps are open on it. Append-only; tiles [begin, done) exactly.
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
	unsigned n_steps;	/* open on it */
	uint64_t step_serial;	/* of the innermost, for culprits */
};
struct trail_sink {		/* told of every segment once, for harm */
	void (*segment)(struct ctx *, struct trail *, const struct link_seg *);
	void (*completed)(struct ctx *, struct trail *, run_id);
};

void trail_begin(struct trail *, struct task *, uint64_t ts);
void trail_fini(struct trail *);
void trail_edge(struct trail *, const struct event *, str_id name, enum gate_edge);
/* Accounts for the task's time up to `upto`. */
void trail_advance(struct ctx *, struct walk *, const struct trail_sink *, struct trail *, uint64_t upto);

#endif
