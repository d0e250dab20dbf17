/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stages: what kinds of time there are. One table names them everywhere: screens, JSON, help, manual.
 * The names are a contract with readers of our output; append, never rename.
 */
#ifndef AGENTTOP_STAGES_H
#define AGENTTOP_STAGES_H

#include <stdint.h>

enum stage_id {
	ST_USER, ST_KERNEL, ST_RETURN, ST_IRQ_STEAL, ST_SOFTIRQ_STEAL, ST_OUTSIDE, ST_DEVICE, ST_BLK_QUEUE,
	ST_BLK_COMPLETE, ST_IRQ, ST_SOFTIRQ_WAIT, ST_NAPI, ST_TIMER, ST_TIMER_LATE, ST_PEER, ST_LOOP, ST_WAKEUP,
	ST_RUNQUEUE, ST_PREEMPTED, ST_LOST, ST_UNKNOWN,
	N_STAGES
};
struct stage_name {
	const char *name;	/* "softirq-wait" */
	const char *words;	/* as a person says it: "softirq wait" */
	char letter;		/* in share bars, beside the colour */
	const char *help;	/* one line */
	uint64_t typical_ns, tail_ns;	/* targets; 0: none */
};
extern const struct stage_name stage_names[N_STAGES];
int stage_by_name(const char *name);	/* -1: none */

#endif
