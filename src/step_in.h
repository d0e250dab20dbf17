/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * step_in: what the parts of the steps share. step.c opens and closes steps, step_marks.c finds where they begin and end
 * (marks and probes), step_sums.c adds them up. Nobody else includes this.
 */
#ifndef AGENTTOP_STEP_IN_H
#define AGENTTOP_STEP_IN_H

#include "marks.h"
#include "step.h"
#include "trail.h"

#define MARK_DEPTH 64
#define NAMES_MAX 1024		/* agents, and kinds of steps: more is a program that puts numbers into names */
#define OPEN_MAX 100000		/* steps open at once: more is a program that never ends them */

enum source_of_step { BY_MARK, BY_ASYNC, BY_PROBE, BY_TURN };
struct open_step {
	struct step s;
	struct task *t;			/* whose trail is its time */
	enum source_of_step by;
	uint64_t cookie, piece_from;
	struct open_step *next;		/* of the same task: newest first; of the free list */
	struct segment *seg;		/* pieces from tasks that worked for it before */
	size_t n_seg, cap_seg;
	struct evidence *ev;
	size_t n_ev, cap_ev;
	bool ever_on;
};
struct task_marks {			/* the stack of B marks of a thread */
	int32_t pid;
	uint8_t depth, overflow;
	struct open_step *step[MARK_DEPTH];	/* NULL: a mark that is no step */
};
struct steps {
	struct ctx *c;
	const struct opts *o;
	struct walk walk;
	struct open_step **open;
	size_t n_open, cap_open;
	struct task_marks *marks;
	size_t n_marks_of, cap_marks_of;
	struct agent *agents;
	size_t n_agents, cap_agents;
	struct kind *kinds;
	size_t n_kinds, cap_kinds;
	struct step **kept;
	size_t n_kept, cap_kept;
	struct culprit *culprits;
	size_t n_culprits, cap_culprits;
	struct dist all, stage[N_STAGES];
	uint64_t ns[N_STAGES];
	struct slow slow;
	uint64_t n_all, n_marks, n_step_marks, n_unpaired, n_cut, serial, begun, turn_id;
	int32_t *marked;
	size_t n_marked, cap_marked;
	bool begin_bound, end_bound;	/* the probes' events are in the recording, with the fields of their filters */
	bool selects;			/* -p or -c: only those tasks' steps */
};

static inline bool steps_by_probe(const struct steps *st)
{
	return st->o->step_begin.event != NULL;
}

/* step.c */
bool step_asked_for(const struct steps *, const struct task *);		/* by -p or -c */
struct open_step *step_open(struct steps *, struct task *, uint64_t ts, enum source_of_step);	/* NULL: too many are open */
void step_close(struct steps *, struct open_step *, uint64_t ts);	/* frees it; its account is added up, kept or not */
void step_drop(struct steps *, struct open_step *);	/* frees it: it does not count */
void step_hand_over(struct steps *, struct open_step *, struct task *, uint64_t ts);	/* another thread goes on with it */
/* step_marks.c */
void step_marks_forget(struct steps *, int32_t pid);			/* the thread is gone, and with it its stack of marks */
/* step_sums.c */
extern const struct trail_sink step_sink;
uint32_t step_agent(struct steps *, str_id name, int32_t tgid, int32_t pid, str_id cls);	/* its row */
void step_count(struct steps *, struct step *);		/* fills in ns[], missed, over_budget */
void step_keep(struct steps *, struct step *);		/* takes it over: kept as --steps says, or freed */
void step_free(struct step *);

#endif
