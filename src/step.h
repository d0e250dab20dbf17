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
/* Events were lost in [from, to): steps that have ended in it meanwhile, on other CPUs, overlap it too. */
void steps_lost(struct ctx *, uint64_t from, uint64_t to);
void steps_reset(struct ctx *);		/* counting begins: harm done before is not counted */
/* Does this text begin a step? For that first reading. */
bool steps_is_mark(const struct opts *, struct text);

/* ---- live: see engine.h ---- */
void steps_follow(struct ctx *, int32_t pid, bool on);
void steps_only_followed(struct ctx *);	/* as if those that are followed had been named with -p */
/* n slices of the window end at `at`. Returns since when the past is needed: the begin of the oldest open step. */
uint64_t steps_turn(struct ctx *, uint64_t at, unsigned n);
void steps_settle(struct ctx *);	/* takes what open steps need from the model's rings, which turn */
void steps_hold_texts(struct ctx *);	/* strs_hold() of all temporary ones in use */
void steps_shown(struct ctx *);		/* a snapshot was taken: what is kept now stays until steps_bury() */
void steps_bury(struct ctx *);

/* Live: tasks that mark their steps. Good until the next event. */
const int32_t *steps_who_marks(const struct ctx *, size_t *n);
/* Live: a step that has ended since the last call took longer than a --trigger allows. */
bool steps_triggered(struct ctx *);
/* Programs that an agent began and whose environment nobody has looked at yet; each is told once. */
size_t steps_tools_unnamed(struct ctx *, int32_t *pid, size_t max);
/* This program has a W3C trace context: it is a step. */
void step_tool_named(struct ctx *, int32_t pid, struct text traceparent);

/* Called by sched.c; those without a comment only for tasks with a trail. */
void step_task_named(struct ctx *, struct task *);		/* any task whose name became known */
void step_task_forked(struct ctx *, struct task *parent, struct task *child);	/* any */
void step_task_kin(struct ctx *, struct task *);		/* any; its parent and process became known, it was there before */
void step_task_in(struct ctx *, struct task *);
void step_task_gate(struct ctx *, struct task *, const struct event *, enum gate_edge, str_id name);
void step_task_exited(struct ctx *, struct task *);
void step_tool_execed(struct ctx *, struct task *, uint64_t ts);	/* any task that has just begun another program */
void step_tool_ended(struct ctx *, struct task *, uint64_t ts);		/* any that ends, before step_task_exited() */
/* Called for followed tasks: it left, at ts, a wait that it had entered at `entered`. */
void step_task_returned(struct ctx *, struct task *, uint64_t entered, uint64_t ts);

/* ---- for snapshot.c ---- */
struct agent {
	str_id name, cls;
	int32_t tgid, comm_pid;
	struct dist steps, between;
	uint64_t last_end;
	struct dist stage[N_STAGES];
	union {
		struct {
			uint64_t n_deadline_miss, n_budget_miss, ns[N_STAGES];
		};
		uint64_t sums[2 + N_STAGES];
	};
	struct tally_slice *past;
};
/* Step time by stage, by duration of the step: the slowest 1 % can be summed without keeping the steps. */
struct slow_bucket {
	uint64_t dur, n, ns[N_STAGES];
};
struct slow {
	struct slow_slice {
		struct slow_bucket *v;	/* ascending by dur */
		size_t n, cap;
	} slice[SLICES];		/* of the window: [0] goes on */
};
struct kind {
	str_id name;
	uint32_t agent_i;
	struct dist steps, deadlines;
	union {
		struct {
			uint64_t n_deadline_miss, ns[N_STAGES];
		};
		uint64_t sums[1 + N_STAGES];
	};
	struct tally_slice *past;
	struct slow slow;
	bool has_heat;		/* that of the first ones is kept, since it takes much memory: then of all steps in the tables */
	struct series heat;
};
struct culprit {		/* what took steps' time, or completed their waits */
	uint32_t level, id;	/* id: IRQ number, softirq vector, pid; 0 of what is known by its name alone */
	str_id name;		/* with level and id: which it is; 0 for tasks */
	str_id text;		/* as segments name it */
	uint32_t n_rows;	/* of struct harm */
	bool by_name, others;
	uint64_t last_step;	/* completed */
	uint64_t hurt, hurt_ns;	/* scratch: step that is being counted, and what it lost */
	union {
		struct {
			uint64_t harm, completed, n_steps;
		};
		uint64_t sums[3];
	};
	struct tally_slice *past;
	struct worst_hurt {
		uint64_t serial, ns;
	} worst[SLICES];	/* steps that lost most, by slice of the window: [0] goes on */
};
struct harm {			/* what it took from an agent on one CPU in one stage */
	uint32_t id;		/* never used twice; 0: no row */
	uint32_t culprit_i, cpu;
	int32_t tgid;
	str_id agent;
	uint32_t next_free;	/* number + 1 */
	uint8_t stage;
	union {
		struct {
			uint64_t ns, n_steps;
		};
		uint64_t sums[2];
	};
	struct tally_slice *past;
};
struct kept {			/* steps that ended in one slice of the window */
	struct step **v;
	size_t first, n, cap;	/* v[first .. n-1]: those before have been evicted early */
};
struct steps_view {
	const struct agent *agents;	/* those without steps have none in the window any more */
	size_t n_agents;
	struct kind *kinds;
	size_t n_kinds;
	const struct kept *kept;	/* by slice, [0] goes on; by end in each, unless only the worst are kept */
	size_t n_kept;
	const struct dist *all, *stage;
	const uint64_t *ns;
	const struct slow *slow;
	struct step_times *times;
	const struct culprit *culprits;
	size_t n_culprits;
	const struct harm *harms;	/* id 0: no row */
	size_t n_harms;
	uint64_t n_added_up;		/* rows of struct harm that gave way to others: there were too many */
	uint64_t n_all, n_open, n_marks, n_step_marks, n_unpaired, n_cut;
	uint64_t n_given_up;		/* never ended, and were dropped */
	uint64_t n_evicted;		/* of the window, and no longer kept: there were too many */
	uint64_t n_merged;		/* so long that their short pieces were added up */
	size_t n_follows;		/* processes that are agents by engine_follow() */
	const char *no_begin, *no_end;	/* events asked for by --step-begin and --step-end that never came; NULL */
};
void steps_look(const struct ctx *, struct steps_view *);
/* Sums by stage over the slowest 1 % (at least one step); returns how many steps those are. */
uint64_t slow_share(const struct slow *, uint64_t n_all, uint64_t ns[N_STAGES]);
const struct culprit *steps_culprit(const struct ctx *, uint32_t level, uint32_t id, str_id name);	/* interrupts; NULL: none */

#endif
