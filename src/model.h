/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * model: tasks, CPUs, runs, naps, spans and links: what the events said, for a window of time.
 *
 * Runs, naps, spans and links live in rings: an id is a running number, its slot is id modulo the ring; an entry that
 * was overwritten is recognised by its `self` and reads as gone. So memory is bounded whatever the recording's length,
 * and what a chain needs (back to the beginning of one wait) is there unless that wait is extremely long.
 *
 *      cpu.stack: [task run] [softirq run] [hard IRQ run]       task.nap: its time off the CPU now
 *      run.prev ── the run opened before on the same CPU        nap.prev ── the task's nap before
 *
 * Live, what is counted covers a window in slices (stats.h), and tasks that are no more are freed: only what is alive, or
 * was in the window, takes memory. Their numbers (pids) may be used again meanwhile.
 *
 * One thread owns a model. Only engine, model, chain, step and snapshot include this.
 */
#ifndef AGENTTOP_MODEL_H
#define AGENTTOP_MODEL_H

#include "slots.h"
#include "stage.h"
#include "stats.h"
#include "timeline.h"

#define RUN_RING (1u << 18)
#define NAP_RING (1u << 17)
#define SPAN_RING (1u << 16)
#define LINK_RING (1u << 16)
#define STACK_MAX 8
#define NO_TYPE UINT16_MAX
#define RUN_KEPT (1u << 15)		/* run.flags: stands in for a task's run that the ring will swallow */

enum task_state { TS_UNKNOWN, TS_RUNNING, TS_RUNNABLE, TS_SLEEPING, TS_GONE };
enum { NAP_INFERRED_IN = 1, NAP_LOST = 2, NAP_NO_OUT = 4, NAP_WAKEUP_ONLY = 8, NAP_FLAGS_DISAGREE = 16, NAP_FAULT = 32,
	NAP_RACE = 64, NAP_BORN = 128 };

struct nap {
	uint64_t out, waking, wakeup, in;	/* 0: not seen */
	struct {
		uint64_t ts;
		uint16_t from;
	} moved[4];				/* migrations while runnable, oldest first; the last place is the newest */
	uint32_t prev, self;
	uint32_t links;				/* newest link of waker_run at the waking */
	run_id waker_run;			/* innermost run on the waking CPU then */
	int32_t pid, waker_pid;
	str_id gate;				/* the syscall it waits in, or "page fault" */
	uint16_t cpu_out, cpu_waking, cpu_woken, cpu_in;
	uint16_t cpu_wakeup;			/* that recorded the wakeup; cpu_woken: where it was queued */
	uint8_t n_moved;
	uint16_t in_type;			/* event type that shows it on the CPU at `in` */
	uint16_t flags;
	uint8_t how;				/* TASK_SLEEPS, ... */
	uint8_t waking_flags;			/* common_flags of the sched_waking */
	uint8_t waking_has_ctx;
};
struct task {
	int32_t pid, tgid, parent;		/* tgid 0, parent 0: unknown */
	int32_t agent_pid;			/* of a followed task's children: the task that was named; 0 */
	uint64_t born;				/* fork seen; 0 */
	str_id comm;
	str_id actor, actor_comm;		/* "comm:pid", as of that comm */
	char comm_raw[16];
	uint8_t state, irq_thread, followed;
	uint8_t exited;				/* its end was told; it may still be on its CPU for a moment */
	uint8_t marks;				/* it has written step marks */
	uint8_t has_steps;			/* steps were begun on it, by marks or otherwise */
	uint8_t pinned;				/* scratch of model_turn(): somebody refers to it */
	uint8_t n_quiet;			/* slices in which nothing was heard of it */
	uint16_t cpu;				/* where it runs or last ran */
	uint32_t agent;				/* number + 1 of the agent whose step on it ended last; 0: none yet */
	uint64_t since;				/* the state's accounting began */
	uint64_t run_from;			/* its run began (TS_RUNNING) */
	struct nap nap;				/* open while not running */
	uint32_t last_nap;			/* newest closed one */
	/* a waking that came while it was still on the CPU: the race of waking before switch-out */
	struct nap early;
	str_id gate;				/* syscall it is in; 0: none known */
	run_id softirq;				/* PREEMPT_RT: a softirq's run that was pushed off the CPU with it */
	uint64_t gate_from;
	uint16_t gate_type;			/* event type of its entry */
	uint8_t gate_waits, in_fault;
	/* accounting since counting began, or of the window */
	union {
		struct {
			uint64_t run, runqueue, preempted, sleep, blocked, n_switches, n_wakeups, n_migrations, harm;
		};
		uint64_t sums[9];
	};
	struct tally_slice *past;
	struct trail *trail;			/* of a task that steps follow (step.c); NULL */
};
struct cpu {
	run_id stack[STACK_MAX];		/* stack[0]: the task */
	unsigned depth;
	struct task *cur;			/* NULL: unknown */
	int32_t cur_pid;			/* -1: unknown */
	int32_t leaving_pid;			/* who left in the last switch, until the next one is heard of; -1 */
	uint64_t switched;			/* when */
	run_id last_run;
	run_id left_irq;			/* hard IRQ that ended and nothing else has happened since */
	uint64_t last_ts, acct_from;
	uint8_t seen, acct;			/* acct: enum cpu_use charged since acct_from */
	/* use[] over time: all of use[] but what was put there by now, which lies in the slot that ends at slot_end */
	struct series time;
	uint64_t timed[8], slot_end;
	union {
		struct {
			uint64_t use[8], n_irqs, harm;
			uint64_t n_lost_times, n_lost_events, n_lost_uncounted;	/* uncounted: nobody knows how many */
		};
		uint64_t sums[13];
	};
	struct tally_slice *past;
};
/* USE_TASK: not an agent's */
enum cpu_use { USE_UNKNOWN, USE_IDLE, USE_TASK, USE_KSOFTIRQD, USE_SOFTIRQ, USE_IRQ, USE_AGENTS, N_CPU_USES };
struct link {
	uint64_t ts, off_ts;			/* off_ts: no longer a reason from then on; 0: never */
	span_id span;
	uint32_t prev, self;
};
struct loss {
	uint64_t from, to;
	uint32_t cpu;
};
struct span_slot {
	uint32_t stage;
	span_id id;
};
/* One stretch of a CPU's time and what was on top in it. */
struct piece {
	uint64_t from, to;
	run_id run;		/* 0: nothing known */
};
struct task_page {			/* tasks by the low ten bits of their pid */
	struct task *task[1024];
	int32_t tgid[1024];			/* of those that were freed only because they slept so long; 0 */
	uint64_t agents[1024 / 64];		/* by bit: this process is an agent's */
};
struct model {
	struct strs *strs;
	struct task_page *pid_page[1 << 12];	/* pid >> 10 */
	struct task **tasks;			/* all of them, by order of appearance */
	size_t n_tasks, cap_tasks;
	struct cpu *cpus;
	size_t n_cpus, cap_cpus;
	struct run *runs;
	struct nap *naps;
	struct span *spans;
	struct link *links;
	uint32_t next_run, next_nap, next_span, next_link;
	struct span_slot *slots;		/* open spans by (stage, key) */
	size_t n_slots, n_slots_used;
	struct piece *pieces;			/* scratch of model_pieces() */
	run_id *ids;
	size_t cap_pieces, cap_ids;
	struct loss *losses;			/* by time of their end; those that never end last */
	size_t n_losses, cap_losses;
	uint64_t lost_before;			/* end of the newest loss that is no longer kept; 0 */
	uint64_t n_lost_events;			/* since the beginning, whatever the window */
	/* live: the window that is counted; off while keep_ns == 0 */
	uint64_t keep_ns, slice_ns;
	uint64_t slice_begin;			/* of the slice that goes on; 0 when off */
	uint64_t ticked;			/* no event came until then, or they have been seen */
	uint64_t first_ts, last_ts;
	uint64_t last_recorded;			/* the newest event that the source did not make up */
	uint64_t begin, end;			/* counted window */
	struct slots time;			/* and what happened when in it */
	struct places places;
	bool begins_together;			/* of the source: all CPUs' records begin at one instant */
	bool counting, saw_calls, saw_waking, saw_wakeup, saw_switch;
	struct dist waking_to_run, wakeup_to_run;
	uint64_t n_cross_cpu;
	struct tally_slice *past;		/* of n_cross_cpu */
	str_id s_fault;
	struct {
		uint16_t sw, waking, wakeup, wakeup_new;
	} type;					/* event types as they were met, for evidence */
};

void model_init(struct model *, struct strs *);
void model_fini(struct model *);
struct cpu *model_cpu(struct model *, uint32_t cpu);	/* made on first sight; cpu is below CPUS_MAX */
struct task *model_task(struct model *, int32_t pid);	/* made on first sight; NULL for a pid out of range */
struct task *model_task_known(const struct model *, int32_t pid);
static inline struct run *model_run(struct model *m, run_id id)
{
	struct run *r = &m->runs[id & (RUN_RING - 1)];

	return id && r->self == id ? r : NULL;
}
static inline struct nap *model_nap(struct model *m, uint32_t id)
{
	struct nap *n = &m->naps[id & (NAP_RING - 1)];

	return id && n->self == id ? n : NULL;
}
static inline struct span *model_span(struct model *m, span_id id)
{
	struct span *s = &m->spans[id & (SPAN_RING - 1)];

	return id && s->self == id ? s : NULL;
}
static inline struct link *model_link(struct model *m, uint32_t id)
{
	struct link *l = &m->links[id & (LINK_RING - 1)];

	return id && l->self == id ? l : NULL;
}

/*
 * Is it an agent's? It is followed, steps were begun on it, or it is of the process of such a task. From then on: what it
 * did before nobody knew it to be an agent's is counted as others'.
 */
bool model_is_agents(struct model *, const struct task *);
/* What a CPU's time is charged to now. */
enum cpu_use model_use_of(struct model *, const struct cpu *);
/* Charges the task's state up to ts. */
void model_charge(const struct model *, struct task *, uint64_t ts);
static inline bool task_is_ksoftirqd(const struct task *t)
{
	return t && !__builtin_memcmp(t->comm_raw, "ksoftirqd", 9);
}
struct run *model_run_open(struct model *, uint32_t cpu, uint64_t ts, enum level, uint32_t id, str_id name,
			   uint8_t stage, uint16_t type);
struct run *model_run_close(struct model *, uint32_t cpu, uint64_t ts, enum level, uint32_t id, str_id name);
void model_close_above(struct model *, struct cpu *, uint64_t ts, unsigned depth);
/* `rest`: nothing will be heard of this CPU any more. */
void model_lost(struct model *, uint32_t cpu, uint64_t from, uint64_t to, uint64_t count, bool rest);
/* Counting starts at ts: all times from here on. */
void model_count_from(struct model *, uint64_t ts);
/* Charges all open intervals up to ts (the end of what was read), so that tables can be taken. */
void model_settle(struct model *, uint64_t ts);
/* Since when what goes on may be charged: the beginning, live that of the slice (what was before has been counted). */
static inline uint64_t model_since(const struct model *m)
{
	uint64_t begin = m->begin > m->first_ts ? m->begin : m->first_ts;

	return begin > m->slice_begin ? begin : m->slice_begin;
}
/*
 * n slices of the window end at ts, up to which all has been settled: takes off what has left the window, frees tasks
 * that are no more and that nobody refers to, forgets losses that ended before `needed`.
 */
void model_turn(struct model *, uint64_t ts, unsigned n, uint64_t needed);
uint64_t model_window_begin(const struct model *);	/* what is counted begins here */
static inline bool task_is_gone(const struct task *t)
{
	return t->exited || t->state == TS_GONE;
}
void model_forget(struct model *, int32_t pid);		/* this number stands for nobody any more */
/*
 * The event's own pid and flags against what we believe is on its CPU: an unseen switch is implied, runs that must have
 * ended are closed. For events with has_ctx, before any stage sees them. `vector`: it is itself of irq_vectors, some of
 * which run without the kernel counting them as hard IRQ.
 */
void model_check_ctx(struct ctx *, const struct event *, bool vector);
bool model_lost_between(const struct model *, uint64_t from, uint64_t to);

/* The pieces that tile [from, to) of a CPU's past, ascending; *out is valid until the next call. */
size_t model_pieces(struct model *, uint32_t cpu, uint64_t from, uint64_t to, const struct piece **out);

#define CPUS_MAX 8192u

#endif
