/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stage: the plugin interface. A stage turns events into runs (what is on a CPU), spans (what has a beginning and
 * an end) and links (why), and explains the waits that they ended.
 *
 * One file in plugins/ is one stage: the build finds it by its name, nothing else is edited. A stage asks for events
 * and fields by name; a missing event or field turns one inference off with a reason in the snapshot, never the program.
 * A stage keeps facts, never text, and depends on no order among stages. All calls come from the engine's thread.
 *
 *      task run ──────────────────────────────────┐      A run is one stretch of something on a CPU. Runs nest:
 *        └ softirq run ────────┐  raised by: run  │      task, softirq, hard IRQ, NMI. Each knows what asked for it.
 *            └ hard IRQ run ┐  │                  │      A span ends in a run; the link between them says why that
 *      span (request) ──────┘  │                  │      run woke somebody. A nap is a task's time off the CPU, with
 *      nap of a waiter ────────┘ sched_waking     │      the run that woke it.
 */
#ifndef AGENTTOP_STAGE_H
#define AGENTTOP_STAGE_H

#include "base.h"
#include "event.h"
#include "stages.h"
#include "stats.h"
#include "strs.h"

struct ctx;
struct tables;
struct walk;

typedef uint32_t run_id;	/* 0: none; an id whose run has left the window reads as NULL */
typedef uint32_t span_id;

enum level { LEVEL_TASK, LEVEL_SOFTIRQ, LEVEL_HARDIRQ, LEVEL_NMI, N_LEVELS };

struct run {
	uint64_t from, to;	/* to == 0: still on the CPU */
	uint64_t asked;		/* when it was raised or sent; 0: not seen */
	run_id by;		/* the run that raised it */
	run_id prev;		/* the run opened before it on this CPU */
	uint32_t id;		/* IRQ number, vector, softirq vector, pid */
	str_id name;
	uint32_t links;		/* newest link of a span that ended in it */
	run_id under;		/* what it was put on top of: the run that it interrupted */
	uint32_t self;		/* its own id: finds out overwritten ones */
	uint16_t cpu;
	uint16_t type, asked_type;	/* event types that prove entry and raise; UINT16_MAX: none */
	uint16_t flags;
	uint8_t level, stage;
};
/* run.flags, free for the stage that opened it */
enum { RUN_VECTOR = 1, RUN_TIMER = 2, RUN_THREAD = 4, RUN_EXIT_UNSEEN = 8, RUN_BY_UNSEEN_IRQ = 16, RUN_NET = 32, RUN_SEVERAL = 64, RUN_NO_FLAG = 128, RUN_RESUMED = 256, RUN_BATCH = 512 };

struct key {
	uint64_t a, b;
};
struct span {
	uint64_t from, to;	/* to == 0: open */
	uint64_t at[3];		/* the stage's own instants, e.g. issue */
	struct key key;
	run_id begun_in, ended_in;
	int32_t pid;		/* on whose behalf: the task current at the beginning */
	uint32_t cpu_from, cpu_to;
	str_id name;
	uint32_t arg;
	uint32_t self;
	uint16_t type[4];	/* event types that prove from, to, at[0], at[1]; UINT16_MAX: none */
	uint8_t stage, flags;
};

/* span.flags; the rest is free for the stage */
enum {
	SPAN_DETAIL = 0x80,	/* tells more of a run (a poll in a softirq), is no reason for a wakeup */
	SPAN_INSTANT = 0x40,	/* of no length worth a segment: evidence only */
};

struct want {
	const char *event;		/* "system:name" */
	const char *field[EVENT_VALS];	/* arrive as ev->val[i], same order; "?name": may be missing; text: event_text() */
	void (*on)(struct ctx *, const struct event *);
	uint8_t optional;		/* enum want_kind */
};
enum want_kind {
	WANT_NEEDED,	/* its absence is a gap that the user is told of */
	WANT_EXTRA,	/* not on every kernel: its absence alone is no gap */
	WANT_INSTEAD,	/* makes up for all that are needed */
	WANT_ASIDE,	/* another stage's: that it is there or not tells nothing of this one */
};
struct stage {
	const char *name;		/* option value, file name */
	const char *summary;		/* one line for help and man page */
	const char *hides;		/* what cannot be told without its events */
	const struct want *wants;	/* ends with { 0 } */
	size_t state_size;		/* zeroed, private: stage_state(c) */
	/* Called when events of this CPU were lost: forget what you were waiting for there. cpu may be CPU_NONE: all. */
	void (*lost)(struct ctx *, uint32_t cpu, uint64_t from, uint64_t to);
	/* Called to explain, backwards in time from walk_at(), why a run of this stage had come to run. NULL: unknown. */
	void (*walk_run)(struct walk *, const struct run *);
	/* Called to explain a span that ended in the run that woke the waiter. NULL: its time is `device`. */
	void (*walk_span)(struct walk *, const struct span *, const struct run *);
	/* Called once for each wait of a step's own task, with the run that ended it at walk_at(): to count, not to explain. */
	void (*walk_woken)(struct walk *, const struct run *);
	/* Called when a snapshot is taken: add rows to the tables. */
	void (*rows)(struct ctx *, struct tables *);
	/* Called when counting starts at --from: forget what was counted, keep what is open. */
	void (*reset)(struct ctx *);
	/*
	 * Called live, when n slices of the window that tables cover have ended: dist_turn() and tally_turn() whatever is
	 * counted (stats.h), drop rows that are empty then. Without it a stage counts for ever.
	 */
	void (*turn)(struct ctx *, unsigned n);
	/* Called at the end: only what the engine does not own. */
	void (*fini)(struct ctx *);
};
extern const struct stage *const stages[];
extern const unsigned n_stages;

/* ---- state and names ---- */
void *stage_state(struct ctx *);			/* of the stage being called */
bool ctx_counting(const struct ctx *);			/* false before --from */
uint64_t ctx_now(const struct ctx *);			/* the newest event's time */
uint64_t ctx_begin(const struct ctx *);			/* when counting began; 0: at the first event */
bool ctx_windowed(const struct ctx *);			/* live: tables cover a window, see stage.turn */
const char *ctx_arch(const struct ctx *);		/* "x86_64"; "" unknown */
str_id ctx_str(struct ctx *, struct text);		/* for good: for names of which there are not many */
str_id ctx_strz(struct ctx *, const char *);
str_id ctx_actor(struct ctx *, const char *);		/* for walk_emit() only, never for a stage's own state: any number */
const char *ctx_text(const struct ctx *, str_id);
const char *ctx_event_name(const struct ctx *, const struct event *);	/* "sys_enter_read" */
bool ctx_has_field(const struct ctx *, const char *event, const char *field);
uint64_t ctx_flag(struct ctx *, const struct event *, const char *text);	/* bit from the format's own flag table, 0: none */

uint64_t ctx_flag_max(struct ctx *, const struct event *);	/* highest bit of that table, 0: none */

/* ---- what is on a CPU ---- */
/* Opens a run on top of what is there. Runs of a higher level still open are closed: their exit was not seen. */
struct run *run_open(struct ctx *, const struct event *, enum level, uint32_t id, str_id name);
/* Closes the innermost run of that level and id (name 0: any name) and what is above it. NULL: begun before, or lost. */
struct run *run_close(struct ctx *, const struct event *, enum level, uint32_t id, str_id name);
run_id run_on(struct ctx *, uint32_t cpu);		/* innermost on the CPU */
struct run *run_get(struct ctx *, run_id);		/* NULL: none, or gone */
struct run *run_at_level(struct ctx *, uint32_t cpu, enum level);	/* innermost of that level; NULL */
int32_t task_on(struct ctx *, uint32_t cpu);		/* pid; -1 unknown */

/* ---- spans and links ---- */
struct span *span_open(struct ctx *, const struct event *, struct key);		/* an open one of that key is dropped */
struct span *span_add(struct ctx *, const struct event *, struct key);		/* beside open ones of that key: the oldest is found first */
struct span *span_find(struct ctx *, struct key);				/* open one; NULL */
void span_rekey(struct ctx *, struct span *, struct key);
struct span *span_close(struct ctx *, const struct event *, struct key);	/* NULL: begun before the trace, or lost */
void span_drop(struct ctx *, struct span *);
void span_each_open(struct ctx *, void (*fn)(struct ctx *, const struct span *, void *arg), void *arg);	/* of this stage */
void span_link(struct ctx *, struct span *, uint32_t cpu, uint64_t ts);		/* ended in what runs on cpu: a reason for wakeups there */
void span_unlink(struct ctx *, span_id, uint32_t cpu);				/* no longer a reason (a timer's handler has left) */

/* ---- tasks (the engine's own; for the stages that read the scheduler) ---- */
enum { TASK_SLEEPS = 1, TASK_BLOCKED = 2, TASK_PREEMPTED = 3, TASK_DEAD = 4 };
void task_switch(struct ctx *, const struct event *, int32_t prev, unsigned how, int32_t next, struct text next_comm);
void task_waking(struct ctx *, const struct event *, int32_t pid);
void task_woken(struct ctx *, const struct event *, int32_t pid, uint32_t cpu, bool born);
void task_migrated(struct ctx *, const struct event *, int32_t pid, uint32_t from, uint32_t to);
void task_forked(struct ctx *, const struct event *, int32_t parent, int32_t child, struct text comm);
void task_named(struct ctx *, int32_t pid, struct text comm, int32_t tgid);
void task_exited(struct ctx *, const struct event *, int32_t pid);
const char *task_name(struct ctx *, int32_t pid);	/* clean; "" unknown */
void task_execed(struct ctx *, const struct event *, int32_t pid);	/* it runs another program now, whose name is known */
/* A task that has been there all along: whose child and thread it is. */
void task_is_kin(struct ctx *, int32_t pid, int32_t parent, int32_t tgid);
/* GATE_IO: it submits I/O, so it is in the kernel still; that tells of page faults, whose end no event tells. */
enum gate_edge { GATE_ENTER, GATE_EXIT, GATE_FAULT, GATE_IO };
/* The task on ev->cpu entered or left the kernel. nr: syscall; name: "epoll_wait"; waits: it is a call that waits. */
void task_gate(struct ctx *, const struct event *, enum gate_edge, str_id name, bool waits);

/* ---- explaining a wait: backwards from walk_at() to walk_floor() ---- */
struct ctx *walk_ctx(struct walk *);
uint64_t walk_at(const struct walk *);
uint64_t walk_floor(const struct walk *);		/* the wait began here: nothing before it is asked for */
int32_t walk_waiter(const struct walk *);
bool walk_done(const struct walk *);
bool walk_blocked(const struct walk *);			/* the wait was uninterruptible (D) */
/* The time from `from` up to walk_at() was spent in `stage` by `actor`; walk_at() becomes `from`. */
void walk_emit(struct walk *, enum stage_id, uint64_t from, uint32_t cpu, str_id actor);
/* The event that proves the next segment emitted. */
void walk_evidence(struct walk *, uint16_t type, uint32_t cpu, uint64_t ts);
void walk_inferred(struct walk *);			/* what follows in this chain is likely, not proven */
void walk_doubt(struct walk *);				/* the next segment only */
void walk_on(struct walk *, run_id);			/* go on with what ran: its stage explains */
void walk_task(struct walk *, int32_t pid);		/* go on with what this task did */
void walk_unknown(struct walk *, const char *why);	/* the rest has no explanation */
/* Spans linked to a run: newest first. *it starts at 0. */
const struct span *walk_next_link(struct walk *, const struct run *, uint32_t *it);
/* The span of the reasons in `run` before walk_at() to blame: the waiter's own, newest first. NULL: none. */
const struct span *walk_reason(struct walk *, const struct run *, bool *own);
/* "irq 35 eth0-rx2", "NET_RX eth0", "comm:pid". */
str_id actor_run(struct ctx *, const struct run *);
str_id actor_task(struct ctx *, int32_t pid);
/* The interrupt in which a span ended. Where only a task is known to have run, the IRQ was not recorded: in doubt. */
str_id actor_irq(struct walk *, const struct run *);
void run_completed(struct walk *, const struct run *);	/* this interrupt completed the waiter's wait */

#endif
