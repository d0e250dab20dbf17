/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * snapshot: what anybody may look at: an immutable copy of all that may be shown, with the quality of the data in it.
 *
 * Made by snapshot_take() (engine side) from the model; read by reports, views and advice, which know nothing else.
 * All memory is the snapshot's own arena, but for steps and strings, which belong to the run: of a recording they outlive
 * it; live they are good until the next snapshot is taken, since what has left the window is freed then.
 * Times are ns of the recording's clock. A quant with n == 0 is unknown, not zero. Strings are clean (base.h) and never NULL.
 */
#ifndef AGENTTOP_SNAPSHOT_H
#define AGENTTOP_SNAPSHOT_H

#include "arena.h"
#include "heat.h"
#include "stages.h"
#include "stats.h"
#include "strs.h"

enum confidence { CONF_PROVEN, CONF_INFERRED };
struct evidence {
	uint64_t ts;
	str_id event;		/* "sched:sched_waking" */
	uint32_t cpu;
};
struct segment {
	uint64_t from, to;	/* [from, to); a step's segments tile it exactly */
	uint32_t cpu;		/* UINT32_MAX: not on a CPU of this machine */
	str_id actor;		/* who: "irq 35 virtio2-input.2", "fio:678", "NET_RX eth0"; 0: the agent itself or nobody */
	str_id gate;		/* the wait it is part of: "epoll_wait", "page fault"; 0: none */
	uint32_t ev;		/* first of n_ev in the step's evidence */
	uint16_t n_ev;
	uint8_t stage;		/* enum stage_id */
	uint8_t confidence;
	str_id peer;		/* whose time it is, when it is not the agent's: the task that the agent waited for; 0 */
	str_id who;		/* actor without the peer: who ran instead of the peer, which device it waited for; 0 */
	/*
	 * 0: one piece of time. Of steps that last very long, live: the sum of so many short ones, of which only the sum is
	 * known, between the pieces before and behind; no evidence.
	 */
	uint32_t n_merged : 31;
	uint32_t counted : 1;	/* for the engine: each of them is in the tables already */
};
struct step {
	uint64_t serial;	/* 1 is the first step that ended */
	str_id agent, id, name, cls, trace, extra;	/* extra: unknown key=value words, as written */
	uint32_t agent_i;	/* the same number, the same agent: that of kind_row; no index */
	int32_t pid, tgid;
	uint64_t begin, end;
	uint64_t deadline_ns, budget_ns;	/* 0: none */
	uint64_t ns[N_STAGES];	/* by stage; sums to end - begin */
	uint32_t n_lost;	/* losses of events that overlap it */
	uint8_t missed;		/* took longer than its deadline */
	uint8_t over_budget;	/* used more CPU (user + kernel + return) than its budget */
	uint8_t cut_begin, cut_end;	/* began before / was still open at the end of what was read */
	uint8_t has_segments;	/* 0: dropped by --steps; ns[] and the rest hold all the same */
	struct segment *seg;
	size_t n_seg;
	struct evidence *ev;
	size_t n_ev;
};
struct agent_row {
	const char *agent, *comm, *cls;
	int32_t tgid;
	struct quant steps, between;
	uint64_t n_deadline_miss, n_budget_miss;
	struct quant stage[N_STAGES];
	uint64_t stage_ns[N_STAGES];
};
struct kind_row {		/* agent x step name */
	const char *agent, *name;
	uint32_t agent_i;
	int32_t tgid;			/* as agent_row's */
	struct quant steps;
	struct quant deadlines;	/* of its steps that had one */
	uint64_t n_deadline_miss;
	uint64_t stage_ns[N_STAGES];
	uint8_t worst_stage;	/* with the most time in its slowest 1 % */
	uint64_t worst_ns;	/* that stage's time in a slow step, on average */
};
struct stage_row {
	double share, share_worst;	/* of all step time; of the slowest 1 % of steps */
	struct quant dist;		/* by occurrence: neighbouring segments of one stage are one */
};
struct task_row {
	int32_t pid, tgid;		/* tgid 0: unknown */
	const char *comm;
	uint64_t run, runqueue, preempted, sleep, blocked, n_switches, n_wakeups, n_migrations, harm;
};
struct candidate_row {		/* what could be an agent, when none was named and nothing is marked */
	int32_t pid;
	const char *comm;
	uint64_t n_waits, wait_ns, run_ns;
	const char *why;
};
struct cpu_row {
	uint32_t cpu;
	int32_t node, cache;		/* of this machine, live: NUMA node, and a number that CPUs share with the last-level cache; -1 unknown */
	uint64_t irq, softirq, ksoftirqd, task, idle, unknown, n_irqs, harm;
	uint8_t hot;
	const char *why;		/* "38 % in interrupts", "took 6.2 ms of steps": "" when not hot */
};
struct irq_cpu {
	uint32_t cpu;
	struct quant dist;
};
enum irq_kind { IRQ_UNKNOWN, IRQ_FREE, IRQ_MANAGED };	/* may its affinity be written? */
struct irq_row {
	int32_t irq;			/* -1: an x86 vector or IPI, known by its name */
	const char *name;
	/* Of this machine, live; "" unknown. CPU lists as the kernel writes them: "0-3,8". */
	const char *asked, *effective;	/* affinity: asked for, and in effect */
	uint8_t kind;			/* enum irq_kind */
	struct quant dist;
	struct irq_cpu *cpus;
	size_t n_cpus;
	uint64_t n_unhandled;		/* of a shared line: "not mine" */
	uint64_t completed_steps, harm;
};
struct softirq_row {
	uint32_t vec;
	const char *name;
	uint64_t n_raises, harm;
	struct quant run, wait;
	struct irq_cpu *cpus;		/* of run */
	size_t n_cpus;
};
struct submitter {
	const char *comm;		/* "" unknown */
	int32_t pid;			/* -1: others, of whom there are too many to tell them apart */
	uint64_t n, bytes;		/* requests that block_row.device counts, and what was read, written or discarded */
	struct quant device;
};
struct block_row {
	const char *dev, *op;		/* "259,1", "RS" as the kernel writes rwbs */
	struct quant queue, device, complete;
	/*
	 * Who issued them, most first, others last. The kernel's own writers (kworkers, jbd2, workers of io_uring) stand for
	 * themselves unless a bio tells whose it is; of requests of which nothing tells that there is no row.
	 */
	struct submitter *by;
	size_t n_by;
	const char *name;		/* "nvme0n1"; "" unknown */
};
struct napi_row {
	const char *dev;
	uint64_t n_polls, work, n_budget_hits;
	struct quant dist;
	struct quant batch;		/* from a poll's begin until a packet that a step's task waited for reached its socket */
};
struct ring_op {
	const char *op;
	uint64_t n, n_error, n_cancelled;
	struct quant dist;
};
struct ring_row {
	uint64_t ctx;
	int32_t pid;
	uint32_t sq, cq;		/* entries; 0 unknown */
	struct ring_op *ops;
	size_t n_ops;
	uint64_t n_overflow, n_open;	/* requests still open at the end */
	uint64_t oldest_open_ns;	/* age of the oldest of them */
	struct quant batch;
};
enum cap_state { CAP_ON, CAP_PARTIAL, CAP_OFF };
struct capability {
	const char *stage;		/* plugin name: "softirq" */
	enum cap_state state;
	const char **missing;		/* events or fields */
	size_t n_missing;
	const char *hides;		/* what cannot be told, in words; "" when on */
};
struct loss_row {
	uint32_t cpu;			/* UINT32_MAX: unknown */
	uint64_t n_times, n_events;	/* n_events: those that were counted */
	uint8_t uncounted;		/* some had no count */
};
/*
 * Harm: time that an actor took from steps, not merely used. Where steps share time it is counted once, and that of steps
 * that have not ended counts, too; n_steps are steps that ended.
 *
 * The rows of an actor add up to irq_row.harm, softirq_row.harm or task_row.harm of the same number and name; those of a
 * CPU that are not of tasks add up to cpu_row.harm, which is of interrupts alone. When there are too many rows, the least are
 * added up as "others" of their level: then only sums over a level, or over a level and CPU, are exact.
 */
enum harm_level { HARM_TASK, HARM_SOFTIRQ, HARM_IRQ, HARM_NMI, N_HARM_LEVELS };	/* as enum level */
struct culprit_row {
	const char *actor;		/* as segments name it: "irq 43 nvme1q1", "NET_RX", "fio:678" */
	uint32_t id;			/* IRQ number, softirq vector, pid; UINT32_MAX: known by its name alone */
	uint8_t level;			/* enum harm_level */
	uint8_t others;			/* stands for many: nobody knows how many steps they were together; n_steps is 0 */
	uint64_t ns, n_steps;		/* sum of its harms; steps that it took time from */
	uint64_t worst_step, worst_ns;	/* serial of the step that lost most to it, and how much; 0: that one is not kept */
};
struct harm_row {			/* an actor took so much of an agent's steps, on one CPU, in one way */
	const char *actor;		/* as its culprit's, and so id and level */
	const char *agent;		/* "" of many */
	uint32_t agent_i, cpu, id;	/* agent_i UINT32_MAX: of many, or an agent without a step that ended */
	uint8_t level;
	uint8_t stage;			/* where the steps' time went: irq-steal, softirq-steal, runqueue, preempted */
	uint64_t ns, n_steps;
	uint32_t culprit_i;		/* row of culprits */
};
struct place_row {			/* an agent's tasks ran so long on this CPU */
	const char *agent;
	uint32_t agent_i, cpu;
	uint64_t ns;
};
/*
 * What happened when: slot i is [begin + i * slot_ns, begin + (i + 1) * slot_ns), n of them; the last goes on. Sums over all
 * slots are those of the tables, live too, but there a stage's occurrences of long steps may have left the window.
 * What a CPU's times lack of a slot's is unknown as well: nothing was heard of that CPU yet.
 */
enum cpu_time { TIME_IRQ, TIME_SOFTIRQ, TIME_KSOFTIRQD, TIME_AGENTS, TIME_OTHERS, TIME_IDLE, TIME_UNKNOWN, N_CPU_TIMES };
enum step_time { STEPS_ENDED, STEPS_MISSED, STEPS_LONGEST, N_STEP_TIMES };	/* in the slot in which they ended */
struct timeline {
	uint64_t begin, slot_ns;
	uint32_t n;
	const uint64_t **cpu;		/* by row of cpus: n times N_CPU_TIMES, in ns; NULL: nothing is known */
	const uint64_t *steps;		/* n times N_STEP_TIMES */
	const uint64_t *stage[N_STAGES];	/* n times HEAT_BUCKETS: occurrences that ended then; NULL: none */
	const uint64_t **kind;		/* by row of kinds: n times HEAT_BUCKETS, of steps; NULL: none */
};
struct snapshot {
	struct arena mem;
	const struct strs *strs;
	struct {
		const char *kind, *file, *version, *clock, *host, *kernel, *arch;
		uint32_t cpus;
		uint64_t begin, end, n_events, n_lost, n_late, n_unknown, n_bad;
		uint64_t bytes_total, bytes_done;
		uint8_t range;		/* chosen while looking: begin and end are those of a part of what there is */
	} source;
	const char **notes;
	size_t n_notes;
	struct capability *caps;
	size_t n_caps;
	struct loss_row *losses;
	size_t n_losses;
	struct agent_row *agents;
	size_t n_agents;
	struct kind_row *kinds;
	size_t n_kinds;
	const struct step **steps;	/* kept ones, by end time */
	size_t n_steps;
	uint64_t n_steps_all;		/* also those not kept */
	uint64_t n_steps_open;		/* begun, never ended */
	uint64_t n_step_marks;		/* of steps, whoever wrote them */
	uint8_t selects, selects_any;	/* -p or -c was given; and a task that they name occurs */
	uint8_t probes;			/* --step-begin and --step-end were given */
	struct quant steps_all;
	struct stage_row stage[N_STAGES];
	struct candidate_row *candidates;
	size_t n_candidates;
	struct task_row *tasks;		/* most run time first */
	size_t n_tasks;
	struct cpu_row *cpus;
	size_t n_cpus;
	struct irq_row *irqs;		/* most time first */
	size_t n_irqs;
	struct culprit_row *culprits;	/* most first */
	size_t n_culprits;
	struct harm_row *harms;		/* most first */
	size_t n_harms;
	struct place_row *places;	/* most first */
	size_t n_places;
	struct timeline time;
	struct softirq_row *softirqs;
	size_t n_softirqs;
	struct {
		struct quant waking_to_run, wakeup_to_run;
		uint64_t n_cross_cpu;
	} wakeups;
	struct block_row *blocks;
	size_t n_blocks;
	struct napi_row *napis;
	size_t n_napis;
	struct ring_row *rings;
	size_t n_rings;
	struct {
		uint64_t cpu_ns, rss_bytes, events_per_s;
	} self;
	/*
	 * Live only (on != 0). The tables and steps are those of the window: from window_begin to source.end. source.begin is
	 * when recording began.
	 */
	struct {
		uint8_t on, paused;
		uint8_t past;		/* on is 0: this is a part of what is kept, while recording goes on */
		uint64_t window_begin;
		uint64_t cost_ppm;	/* what all of agenttop takes, in millionths of one CPU, lately */
		uint64_t kept_ns, kept_bytes;	/* what `w` would write */
		const char *record;	/* file being written; "" none */
		uint64_t record_bytes;
		uint64_t n_overrun, n_commit_overrun, n_dropped;	/* the kernel's own counters, all CPUs, since the begin */
		uint64_t n_skipped;	/* events that were read, and that we were too slow for: lost, too */
		const char *thinned;	/* events left out so as to keep up: "cpu_idle, hrtimer"; "" none */
		const char *status;	/* what was done last: "wrote agenttop-1.dat: 60 s, 3.1 MB"; "" nothing */
	} live;
	uint8_t complete;		/* the recording has been read to its end */
};
void snapshot_free(struct snapshot *);	/* NULL is fine */
static inline const char *snapshot_str(const struct snapshot *s, str_id id)
{
	return strs_text(s->strs, id);
}

#endif
