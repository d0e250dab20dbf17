/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * timeline: what happened when, engine side: who used each CPU, how steps and their stages fared, in the slots of model.time;
 * and places: on which CPUs agents' tasks ran.
 *
 * Live, slots begin and end with the slices of the window (stats.h), so that their sums are those of the tables: what counts
 * in the slice that goes on is put into a slot of it, however late it comes. Only the pieces of long steps stay where they
 * were: they count from the end of their step on, in slots that are older.
 * One thread: the engine's. Part of the model: only what may include that includes this.
 */
#ifndef AGENTTOP_TIMELINE_H
#define AGENTTOP_TIMELINE_H

#include "heat.h"
#include "slots.h"
#include "stages.h"

struct cpu;
struct ctx;
struct model;
struct snapshot;
struct step;
struct steps_view;
struct task;

#define PLACE_CPUS 32u
struct place {			/* CPUs of an agent, PLACE_CPUS of them */
	uint32_t agent;		/* its number + 1; 0: its first step has not ended, only the process is known */
	int32_t tgid;		/* then; else 0 */
	uint32_t cpus;		/* the first one / PLACE_CPUS */
	uint64_t ns[PLACE_CPUS];
	struct tally_slice *past;
};
struct places {
	struct place **at;	/* by hash; NULL: free */
	size_t n, size;		/* size: a power of two */
	struct place *last;	/* added to last; NULL */
};
struct step_times {
	struct series ended;	/* enum step_time */
	struct series stage[N_STAGES];	/* heat buckets */
};

/*
 * Time of a CPU that goes beyond its slot, before it is added to use[]. What lies in one slot need not be told: the next call
 * finds it there. That keeps the usual path of an event as short as a comparison.
 */
void timeline_spend(struct model *, struct cpu *, uint64_t from, uint64_t to);
void timeline_settle(struct model *, struct cpu *);	/* all of use[] is in the slots then */
/* An agent's task ran. */
void timeline_place(struct model *, const struct task *, uint32_t cpu, uint64_t ns);
void timeline_forget_agent(struct model *, uint32_t agent_i);	/* the number will be another's */
void timeline_turn(struct model *, unsigned n);		/* n slices of the window end */
void timeline_fini(struct model *);

void step_times_init(struct step_times *);
void step_times_fini(struct step_times *);
/* A step that has ended. heat: of its kind; NULL: that has none. */
void timeline_step(struct model *, struct step_times *, const struct step *, struct series *heat);
/* An occurrence of a stage, which ended at `to`. */
void timeline_stage(struct model *, struct step_times *, unsigned stage, uint64_t ns, uint64_t to);
/* So many occurrences in each bucket, of which only that is known, by a step that ended at `to`. */
void timeline_stage_sums(struct model *, struct step_times *, unsigned stage, const uint32_t n[HEAT_BUCKETS], uint64_t to);

/* Fills in snapshot.time and snapshot.places, after cpus and kinds. */
void timeline_take(struct snapshot *, struct ctx *, const struct steps_view *);

#endif
