/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * step_in: what the parts of the steps share. step.c opens and closes steps, step_marks.c finds where they begin and end
 * (marks and probes), step_who.c says whose they are, step_sums.c adds them up, step_harm.c says who took their time,
 * step_window.c forgets them again, step_long.c keeps those that last small. Nobody else includes this.
 */
#ifndef AGENTTOP_STEP_IN_H
#define AGENTTOP_STEP_IN_H

#include "marks.h"
#include "step.h"
#include "trail.h"

#define MARK_DEPTH 64
#define NAMES_MAX 1024		/* agents, and kinds of steps: more is a program that puts numbers into names */
#define HARMS_MAX 32768u	/* rows of who took what: more is everybody taking next to nothing */
#define OPEN_MAX 100000		/* steps open at once: more is a program that never ends them */

enum source_of_step { BY_MARK, BY_ASYNC, BY_PROBE, BY_TURN, BY_TOOL };
struct merged {			/* pieces of a step in one stage that are no longer told apart */
	struct dist dist;
	uint32_t heat[HEAT_BUCKETS];
};
struct step_harm {			/* a row took so much from it */
	uint32_t row, id;
	uint64_t ns;
};
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
	struct merged *merged;		/* N_STAGES: pieces that were added up in seg (step_long.c); NULL: none */
	struct step_harm *harm;
	size_t n_harm, cap_harm, tidy_harm;	/* tidy_harm: so many are worth adding up */
	bool asked;			/* of a tool: its environment is being looked at */
	uint32_t open_i;		/* its place in steps.open */
};
struct follow {				/* an agent's process, as the user or the finder of agents said */
	int32_t pid, tgid;		/* tgid 0: not known yet */
};
struct task_marks {			/* the stack of B marks of a thread */
	int32_t pid;
	uint8_t depth, overflow;
	struct open_step *step[MARK_DEPTH];	/* NULL: a mark that is no step */
};
struct row_index {			/* number + 1 of rows by the hash of what they are of */
	uint32_t *at;
	size_t size;			/* a power of two; 0: none */
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
	struct kept kept[SLICES];	/* by slice of the window, [0] goes on */
	uint64_t kept_bytes;
	struct step **grave;		/* gone from the window, but the newest snapshot may show them */
	size_t n_grave, cap_grave;
	uint64_t n_shown;		/* serial of the newest step when it was taken */
	struct culprit *culprits;
	size_t n_culprits, cap_culprits;
	struct harm *harms;
	size_t n_harms, cap_harms, n_harms_used, n_harms_named;	/* named: not of others */
	uint32_t free_harm, harm_id;
	struct row_index culprit_at, harm_at;
	struct dist all, stage[N_STAGES];
	union {
		struct {
			uint64_t n_marks, n_step_marks, n_unpaired, n_cut, n_given_up, n_evicted, n_merged, n_added_up,
				ns[N_STAGES];
		};
		uint64_t sums[8 + N_STAGES];
	};
	struct tally_slice *past;
	struct slow slow;
	struct step_times times;
	unsigned n_heats;		/* kinds that have one */
	uint64_t serial, begun, turn_id;
	int32_t *marked;
	size_t n_marked, cap_marked;
	struct follow *follows;
	size_t n_follows, cap_follows;
	bool begin_bound, end_bound;	/* the probes' events are in the recording, with the fields of their filters */
	bool triggered;			/* since somebody asked */
	bool selects;			/* -p or -c: only those tasks' steps */
};

static inline bool steps_by_probe(const struct steps *st)
{
	return st->o->step_begin.event != NULL;
}

static inline bool steps_windowed(const struct steps *st)
{
	return st->c->m.keep_ns != 0;
}
/* Who is an agent and who marks comes out by and by; a recording is looked through beforehand. */
static inline bool steps_are_told(const struct steps *st)
{
	return steps_windowed(st) || st->n_follows;
}
static inline struct strs *steps_strs(const struct steps *st)
{
	return st->c->m.strs;
}

/* step_who.c */
bool step_asked_for(const struct steps *, const struct task *);		/* by -p or -c */
bool step_turns_of(const struct steps *, const struct task *);		/* its turns are steps */
void step_who_exited(struct steps *, const struct task *);
void step_who_turn(struct steps *);
/* step.c */
struct open_step *step_open(struct steps *, struct task *, uint64_t ts, enum source_of_step);	/* NULL: too many are open */
void step_close(struct steps *, struct open_step *, uint64_t ts);	/* frees it; its account is added up, kept or not */
void step_drop(struct steps *, struct open_step *);	/* frees it: it does not count */
void step_hand_over(struct steps *, struct open_step *, struct task *, uint64_t ts);	/* another thread goes on with it */
void step_take(struct open_step *, uint64_t to);	/* copies its part of the trail up to `to`, which has been accounted for */
void step_settle(struct steps *, struct task *);	/* accounts for what is over of its time */
/* Whose steps on this task are; agent 0, tgid 0: nobody has told. */
struct whose step_whose(const struct steps *, const struct task *, str_id agent, int32_t tgid);
/* step_harm.c */
extern const struct trail_sink step_sink;
void step_harm_begins(struct open_step *);	/* what its mark says of its agent is known */
void step_harm_ends(struct steps *, struct task *, uint64_t ts);	/* a step was over, others are open on this task */
void step_harm_add(struct open_step *, const struct harm_hit *, uint64_t ns);
void step_harm_count(struct steps *, struct open_step *, uint64_t serial);
void step_harm_turn(struct steps *, unsigned n);
void step_harm_reset(struct steps *);
void step_harm_fini(struct steps *);
/* step_long.c */
void step_shorten_trail(struct steps *, struct trail *);	/* when it has grown long */
void step_long_fini(struct open_step *);
/* step_window.c */
void step_keep_within_bounds(struct steps *);
void step_retire(struct steps *, struct step *);	/* it has left the window: frees it, as soon as no snapshot shows it */
/* step_marks.c */
void step_marks_forget(struct steps *, int32_t pid);			/* the thread is gone, and with it its stack of marks */
void step_marks_unlink(struct steps *, const struct open_step *);	/* it is dropped: its end mark will end nothing */
void step_marks_turn(struct steps *);
/* step_sums.c */
uint32_t step_agent(struct steps *, str_id name, int32_t tgid, int32_t pid, str_id cls);	/* its row */
/* Fills in ns[], missed, over_budget. `merged`: by stage; NULL. */
void step_count(struct steps *, struct step *, const struct merged *merged);
void step_keep(struct steps *, struct step *);		/* takes it over: kept as --steps says, or freed */
void step_free(struct steps *, struct step *);
void step_texts_release(struct steps *, const struct step *);
void step_sums_turn(struct steps *, unsigned n);
void step_sums_fini(struct steps *);
uint64_t step_bytes(const struct step *);		/* what it takes in memory, about */

#endif
