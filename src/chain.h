/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * chain: from the end of a wait back to what caused it, link by link.
 *
 * A walk goes backwards in time from the moment a task got its CPU back to the moment it left it, and gives segments
 * that tile that time exactly. Stages explain their own runs and spans (stage.h); what nobody explains is `unknown`.
 * Work is bounded: depth of recursion, and segments per wait.
 */
#ifndef AGENTTOP_CHAIN_H
#define AGENTTOP_CHAIN_H

#include "engine.h"
#include "snapshot.h"

struct link_seg {		/* one segment on its way to a step */
	uint64_t from, to;
	uint32_t cpu;
	str_id actor, gate, peer, who;
	uint32_t ev;
	uint16_t n_ev;
	uint8_t stage, confidence;
	run_id thief;		/* what to blame in irq-steal, softirq-steal, runqueue, preempted, napi batch; 0: nobody */
};
struct proof {			/* an event; ts 0: none */
	uint64_t ts;
	uint32_t cpu;
	uint16_t type;
};
struct walk {
	struct ctx *c;
	struct link_seg *seg;	/* backwards in time */
	size_t n_seg, cap_seg;
	struct evidence *ev;
	size_t n_ev, cap_ev, n_ev_used;	/* used: given to a segment */
	uint64_t t, floor;
	int32_t waiter;
	str_id via, gate;	/* the peer whose time is being explained */
	uint32_t older_than;	/* reasons must be older than this link; 0: any */
	run_id thief;
	unsigned depth, budget;
	bool inferred, doubt, blocked, irq_unseen;
	struct run_id_list { run_id v[8]; unsigned n; } completed;
};

/*
 * Explains nap n of task `waiter` from min(n->in, upto) back to max(n->out, from). Appends to w->seg, backwards.
 * `gate`: the call or fault in which a task was that was pushed off the CPU; 0: none.
 */
void chain_nap(struct walk *, const struct task *waiter, const struct nap *n, uint64_t from, uint64_t upto, str_id gate);
/* The time [from, w->t) of a CPU, in pieces: `base` for the task (proven by `proof`), what interrupted it otherwise. */
void chain_running(struct walk *, uint32_t cpu, uint64_t from, enum stage_id base, str_id base_actor, struct proof);
void chain_fini(struct walk *);

#endif
