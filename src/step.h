/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * step: which tasks are agents, where a step begins and ends, and the account of its time.
 *
 * A task that has an open step has a trail: its time since that step began, as segments, always tiling. A step is a
 * window on the trail of its task; nested and overlapping steps share it. When a step ends its window is copied out,
 * added to the sums of its agent, and kept or dropped as the options say.
 * One thread: the engine's.
 */
#ifndef AGENTTOP_STEP_H
#define AGENTTOP_STEP_H

#include "engine.h"
#include "opts.h"
#include "snapshot.h"

struct steps;
struct steps *steps_new(struct ctx *, const struct opts *);	/* opts outlive it */
void steps_free(struct steps *);
void steps_bind(struct ctx *, struct binding *, const struct format *);
void engine_bind_step(struct ctx *, struct binding *, const struct format *, const struct want *);
/* From a first reading: this task writes step marks, so its turns are not steps. */
void steps_marked(struct ctx *, int32_t pid);
void steps_finish(struct ctx *);
void steps_reset(struct ctx *);		/* counting begins: harm done before is not counted */
/* Does this text begin a step? For that first reading. */
bool steps_is_mark(const struct opts *, struct text);

/* Called by sched.c; those without a comment only for tasks with a trail. */
void step_task_named(struct ctx *, struct task *);		/* any task whose name became known */
void step_task_forked(struct ctx *, struct task *parent, struct task *child);	/* any */
void step_task_in(struct ctx *, struct task *);
void step_task_gate(struct ctx *, struct task *, const struct event *, enum gate_edge, str_id name);
void step_task_exited(struct ctx *, struct task *);
/* Called for followed tasks: it left, at ts, a wait that it had entered at `entered`. */
void step_task_returned(struct ctx *, struct task *, uint64_t entered, uint64_t ts);

/* ---- for snapshot.c ---- */
struct agent {
	str_id name, cls;
	int32_t tgid, comm_pid;
	struct dist steps, between;
	uint64_t last_end, n_deadline_miss, n_budget_miss;
	struct dist stage[N_STAGES];
	uint64_t ns[N_STAGES];
};
/* Step time by stage, by duration of the step: the slowest 1 % can be summed without keeping the steps. */
struct slow_bucket {
	uint64_t dur, n, ns[N_STAGES];
};
struct slow {
	struct slow_bucket *v;	/* ascending by dur */
	size_t n, cap;
};
struct kind {
	str_id name;
	uint32_t agent_i;
	struct dist steps;
	uint64_t n_deadline_miss, ns[N_STAGES];
	struct slow slow;
};
struct culprit {		/* what took steps' time, or completed their waits */
	uint32_t level, id;
	str_id name;
	uint64_t harm, completed, last_step;
};
struct steps_view {
	const struct agent *agents;
	size_t n_agents;
	const struct kind *kinds;
	size_t n_kinds;
	struct step *const *kept;
	size_t n_kept;
	const struct dist *all, *stage;
	const uint64_t *ns;
	const struct slow *slow;
	uint64_t n_all, n_open, n_marks, n_step_marks, n_unpaired, n_cut;
	const char *no_begin, *no_end;	/* events asked for by --step-begin and --step-end that never came; NULL */
};
void steps_look(const struct ctx *, struct steps_view *);
/* Sums by stage over the slowest 1 % (at least one step); returns how many steps those are. */
uint64_t slow_share(const struct slow *, uint64_t n_all, uint64_t ns[N_STAGES]);
const struct culprit *steps_culprit(const struct ctx *, uint32_t level, uint32_t id, str_id name);	/* NULL: none */

#endif
