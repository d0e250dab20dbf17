// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the scheduler's events do to tasks: who runs where, since when, woken by what. The functions are the task part
 * of stage.h; the stages that read sched events call them.
 */
#include "engine.h"
#include "step.h"

#include <string.h>

static void set_state(struct model *m, struct task *t, enum task_state state, uint64_t ts)
{
	model_charge(m, t, ts);
	t->state = (uint8_t)state;
	t->since = MAX(ts, t->since);
}

/*
 * A task met for the first time: woken, so it slept since before the recording; switched in, so it was runnable, but
 * nothing tells whether it had been woken or pushed off, so that time is not counted.
 */
static void was(struct model *m, struct task *t, enum task_state state, unsigned how, uint64_t ts)
{
	uint64_t since = t->born ? t->born : state == TS_SLEEPING ? model_since(m) : ts;

	if (t->state != TS_UNKNOWN || t->nap.out || (t->nap.flags & NAP_LOST))
		return;
	t->state = (uint8_t)state;
	t->since = MAX(since, t->since);	/* met before, and not seen leaving: until then it has been counted */
	t->nap = (struct nap){ .pid = t->pid, .how = (uint8_t)how, .flags = NAP_NO_OUT };
}

static void close_nap(struct model *m, struct task *t, uint32_t cpu, uint64_t ts, uint16_t type, bool inferred)
{
	struct nap *n;
	uint32_t id;

	t->nap.in = ts;
	t->nap.cpu_in = (uint16_t)cpu;
	t->nap.in_type = type;
	if (inferred)
		t->nap.flags |= NAP_INFERRED_IN;
	id = m->next_nap++;
	if (unlikely(!id))
		id = m->next_nap++;
	n = &m->naps[id & (NAP_RING - 1)];
	*n = t->nap;
	n->self = id;
	n->prev = t->last_nap;
	t->last_nap = id;
}

static void count_wakeup(struct model *m, const struct task *t, uint32_t cpu, uint64_t ts)
{
	const struct nap *n = &t->nap;

	if (!m->counting || n->how == TASK_PREEMPTED)
		return;
	if (n->waking) {
		dist_add(&m->waking_to_run, ts - n->waking);
		m->n_cross_cpu += n->cpu_waking != cpu;
	}
	if (n->wakeup && !(n->flags & NAP_BORN))
		dist_add(&m->wakeup_to_run, ts - n->wakeup);
}

/* t takes the CPU. `inferred`: no sched_switch said so, an event of its own did. */
static void switch_in(struct ctx *c, struct task *t, const struct event *ev, bool inferred)
{
	uint32_t cpu = ev->cpu;
	uint64_t ts = ev->ts;
	struct model *m = &c->m;

	was(m, t, TS_RUNNABLE, TASK_PREEMPTED, ts);
	if (t->state == TS_SLEEPING && t->nap.waking)
		set_state(m, t, TS_RUNNABLE, MAX(t->nap.waking, t->since));
	set_state(m, t, TS_RUNNING, ts);
	if (!inferred)
		count_wakeup(m, t, cpu, ts);
	close_nap(m, t, cpu, ts, ev->type, inferred);
	if (t->cpu != cpu && !m->saw_switch)
		t->n_migrations++;
	t->cpu = (uint16_t)cpu;
	t->run_from = ts;
	t->early.waking = 0;
	if (unlikely(t->trail))
		step_task_in(c, t);
	/* a fault, or a syscall that is not recorded: no event will say when it is back in userspace */
	if (unlikely(t->followed) && !t->gate)
		step_task_returned(c, t, 0, ts);
}

static void switch_out(struct ctx *c, struct task *t, uint32_t cpu, uint64_t ts, unsigned how)
{
	struct model *m = &c->m;

	if (t->state == TS_UNKNOWN && !t->nap.out) {
		t->run_from = m->counting && t->born < m->begin ? model_since(m) : t->born;
		t->since = MAX(t->run_from, t->since);
	}
	if (t->state == TS_UNKNOWN)
		t->state = TS_RUNNING;
	set_state(m, t, how == TASK_PREEMPTED ? TS_RUNNABLE : how == TASK_DEAD ? TS_GONE : TS_SLEEPING, ts);
	t->nap = (struct nap){ .out = ts, .pid = t->pid, .how = (uint8_t)how, .cpu_out = (uint16_t)cpu,
			       .cpu_woken = (uint16_t)cpu, .gate = t->gate };
	if (t->in_fault && !t->gate && how != TASK_PREEMPTED) {
		t->nap.gate = m->s_fault;
		t->nap.flags |= NAP_FAULT;
	}
	if (how != TASK_PREEMPTED && how != TASK_DEAD && t->early.waking) {
		/* woken on its way to sleep, before it was off the CPU */
		t->nap.waking = t->early.waking;
		t->nap.waker_run = t->early.waker_run;
		t->nap.links = t->early.links;
		t->nap.waker_pid = t->early.waker_pid;
		t->nap.cpu_waking = t->early.cpu_waking;
		t->nap.waking_flags = t->early.waking_flags;
		t->nap.waking_has_ctx = t->early.waking_has_ctx;
		t->nap.flags |= NAP_RACE | (t->early.flags & NAP_FLAGS_DISAGREE);
	}
	t->early.waking = 0;
	t->cpu = (uint16_t)cpu;
	if (m->counting)
		t->n_switches++;
}

/* PREEMPT_RT: a softirq runs in a task and is pushed off the CPU with it. Remembers its run. */
static void keep_softirq(struct model *m, struct cpu *c, struct task *t)
{
	const struct run *top = c->depth > 1 ? model_run(m, c->stack[c->depth - 1]) : NULL;

	t->softirq = top && top->level == LEVEL_SOFTIRQ ? top->self : 0;
}

/* ... and goes on with it. */
static void resume_softirq(struct model *m, uint32_t cpu, struct task *t, uint64_t ts, uint16_t type)
{
	const struct run *was = model_run(m, t->softirq);
	struct run copy, *r;

	t->softirq = 0;
	if (!was)
		return;
	copy = *was;
	r = model_run_open(m, cpu, ts, LEVEL_SOFTIRQ, copy.id, copy.name, copy.stage, type);
	r->by = copy.self;		/* its first part, which knows who raised it */
	r->flags = (copy.flags & (uint16_t)~RUN_EXIT_UNSEEN) | RUN_RESUMED;
}

static void put_on_cpu(struct model *m, uint32_t cpu, struct task *t, int32_t pid, uint64_t ts, uint16_t type)
{
	struct cpu *c = model_cpu(m, cpu);

	model_run_open(m, cpu, ts, LEVEL_TASK, (uint32_t)pid, 0, 0, type);
	c->cur = t;
	c->cur_pid = pid;
	/* charged anew: who is on the CPU changed after the run was opened */
	c->acct = (uint8_t)model_use_of(m, c);
}

/* No sched_switch said that `pid` is on this CPU, but an event of its own does. */
static void imply(struct ctx *c, const struct event *ev)
{
	struct model *m = &c->m;
	struct cpu *cpu = model_cpu(m, ev->cpu);
	struct task *old = cpu->cur, *t = model_task(m, ev->pid);
	/* what the first event of a CPU finds on it has been there from the beginning */
	uint64_t since = !cpu->seen && m->begins_together ? model_since(m) : ev->ts;

	if (old && old->state == TS_RUNNING && old->cpu == ev->cpu) {
		/* it left unseen: since when is unknown */
		set_state(m, old, TS_UNKNOWN, cpu->last_ts);
		old->nap = (struct nap){ .out = cpu->last_ts, .pid = old->pid, .flags = NAP_LOST, .cpu_out = (uint16_t)ev->cpu,
					 .gate = old->gate };
	}
	if (t && t->state == TS_RUNNING && t->cpu != ev->cpu) {
		set_state(m, t, TS_UNKNOWN, ev->ts);
		t->nap = (struct nap){ .out = ev->ts, .pid = t->pid, .flags = NAP_LOST };
	}
	if (t && t->state == TS_UNKNOWN && !t->nap.out) {
		t->run_from = since;
		t->since = MAX(since, t->since);
		t->state = TS_RUNNING;
		t->cpu = (uint16_t)ev->cpu;
	} else if (t) {
		switch_in(c, t, ev, true);
	}
	put_on_cpu(m, ev->cpu, t, ev->pid, since, NO_TYPE);
}

/* Closes runs that the event's own flags deny: their exit was not seen. */
static void check_flags(struct model *m, struct cpu *c, const struct event *ev)
{
	while (c->depth > 1) {
		const struct run *top = model_run(m, c->stack[c->depth - 1]);

		if (!top || top->level == LEVEL_NMI || top->flags & RUN_NO_FLAG)
			break;
		if (top->level == LEVEL_HARDIRQ ? ev->flags & (EVENT_HARDIRQ | EVENT_NMI) : ev->flags & EVENT_IN_IRQ)
			break;
		model_run_close(m, ev->cpu, ev->ts, (enum level)top->level, top->id, top->name)->flags |= RUN_EXIT_UNSEEN;
	}
}

#define SWITCHING_NS 5000	/* ample for the way from the sched_switch event to the new task */

/*
 * Between the sched_switch event and the switch itself the kernel still gives the pid of who leaves (tlb_flush,
 * x86_fpu, ...). Such an event does not say that the task is back: it sleeps, or it has only just been pushed off.
 */
static bool still_leaving(const struct model *m, const struct cpu *c, const struct event *ev)
{
	const struct task *t;

	if (ev->pid != c->leaving_pid)
		return false;
	t = model_task_known(m, ev->pid);
	if (t && t->state == TS_SLEEPING && !t->nap.waking)
		return true;
	return (!t || t->state == TS_RUNNABLE || t->state == TS_GONE) && ev->ts - c->switched < SWITCHING_NS;
}

void model_check_ctx(struct ctx *c, const struct event *ev, bool vector)
{
	struct cpu *cpu = model_cpu(&c->m, ev->cpu);

	if (likely(cpu->cur_pid == ev->pid))
		cpu->leaving_pid = -1;
	else if (ev->pid >= 0 && !still_leaving(&c->m, cpu, ev))
		imply(c, ev);
	if (!(ev->flags & EVENT_HARDIRQ))
		cpu->left_irq = 0;
	if (unlikely(cpu->depth > 1) && !vector)
		check_flags(&c->m, cpu, ev);
	cpu->seen = 1;
	cpu->last_ts = ev->ts;
}

/* ---- stage.h: tasks ---- */

static void learn_comm(struct model *m, struct task *t, struct text comm)
{
	uint32_t n = MIN(comm.len, (uint32_t)sizeof t->comm_raw);

	if (!comm.len || (!memcmp(t->comm_raw, comm.p, n) && (n == sizeof t->comm_raw || !t->comm_raw[n])))
		return;
	memset(t->comm_raw, 0, sizeof t->comm_raw);
	memcpy(t->comm_raw, comm.p, n);
	t->comm = strs_temp(m->strs, comm.p, n);
}

void task_named(struct ctx *c, int32_t pid, struct text comm, int32_t tgid)
{
	struct task *t = model_task(&c->m, pid);

	if (!t)
		return;
	learn_comm(&c->m, t, comm);
	if (tgid)
		t->tgid = tgid;
	step_task_named(c, t);
}

void task_switch(struct ctx *c, const struct event *ev, int32_t prev, unsigned how, int32_t next, struct text next_comm)
{
	struct model *m = &c->m;
	struct cpu *cpu = model_cpu(m, ev->cpu);
	struct task *p, *n;

	if (unlikely(cpu->cur_pid == next && next && cpu->cur_pid != prev))
		return;		/* the same switch again */
	m->saw_switch = true;
	m->last_recorded = MAX(m->last_recorded, ev->ts);
	m->type.sw = ev->type;
	p = model_task(m, prev);
	if (cpu->cur_pid != prev && prev >= 0) {
		/* sources without a common header: the record itself says who was on the CPU */
		struct event own = *ev;

		own.pid = prev;
		own.has_ctx = 1;
		imply(c, &own);
	}
	cpu->seen = 1;
	if (p) {
		if (unlikely(cpu->depth > 1) && how == TASK_PREEMPTED)
			keep_softirq(m, cpu, p);
		switch_out(c, p, ev->cpu, ev->ts, how);
	}
	n = model_task(m, next);
	if (n) {
		str_id name = n->comm;

		learn_comm(m, n, next_comm);
		if (unlikely(n->comm != name))
			step_task_named(c, n);
		if (unlikely(n->state == TS_RUNNING))	/* elsewhere: its switch-out was not seen */
			set_state(m, n, TS_UNKNOWN, ev->ts);
		if (unlikely(n->state == TS_GONE)) {		/* the number is used again */
			n->nap = (struct nap){ .pid = n->pid, .out = ev->ts, .how = TASK_PREEMPTED };
			n->exited = 0;
		}
		switch_in(c, n, ev, false);
	}
	put_on_cpu(m, ev->cpu, n, next, ev->ts, ev->type);
	if (unlikely(n && n->softirq))
		resume_softirq(m, ev->cpu, n, ev->ts, ev->type);
	cpu = model_cpu(m, ev->cpu);
	cpu->leaving_pid = prev;
	cpu->switched = ev->ts;
}

/* The context of a waking or wakeup: what ran on that CPU then, and the reasons it had gathered. */
static void note_waker(struct model *m, struct task *t, struct nap *n, const struct event *ev)
{
	struct cpu *c = model_cpu(m, ev->cpu);
	const struct run *top = c->depth ? model_run(m, c->stack[c->depth - 1]) : NULL;
	const struct run *left = model_run(m, c->left_irq);
	bool hard = ev->flags & EVENT_HARDIRQ, soft = ev->flags & EVENT_SOFTIRQ;

	if (left && left->flags & RUN_THREAD && (!ev->has_ctx || hard)) {
		/* kernel/irq/handle.c wakes the line's thread right behind the handler's exit event */
		top = left;
		t->irq_thread = 1;
	}

	n->cpu_waking = (uint16_t)ev->cpu;
	n->waker_pid = c->cur_pid;
	n->waker_run = top ? top->self : 0;
	n->links = top ? top->links : 0;
	n->waking_flags = ev->flags;
	n->waking_has_ctx = ev->has_ctx;
	if (ev->has_ctx && top && !(top->flags & RUN_VECTOR) &&
	    (top->level == LEVEL_TASK ? hard || soft : top->level == LEVEL_SOFTIRQ ? hard : 0))
		n->flags |= NAP_FLAGS_DISAGREE;
}

void task_waking(struct ctx *c, const struct event *ev, int32_t pid)
{
	struct model *m = &c->m;
	struct task *t = model_task(m, pid);
	struct nap *n;

	if (!t)
		return;
	m->saw_waking = true;
	m->type.waking = ev->type;
	was(m, t, TS_SLEEPING, TASK_SLEEPS, ev->ts);
	n = t->state == TS_SLEEPING || (t->state == TS_RUNNABLE && t->nap.flags & NAP_WAKEUP_ONLY) ? &t->nap :
	    t->state == TS_RUNNING ? &t->early : NULL;
	/* the kernel reports a waking only of a task that sleeps: one before the sleep had been without effect */
	if (!n || (n->waking && !(n->flags & NAP_RACE)))
		return;
	n->flags &= (uint16_t)~(NAP_FLAGS_DISAGREE | NAP_WAKEUP_ONLY | NAP_RACE);
	n->waking = ev->ts;
	note_waker(m, t, n, ev);
}

void task_woken(struct ctx *c, const struct event *ev, int32_t pid, uint32_t cpu, bool born)
{
	struct model *m = &c->m;
	struct task *t = model_task(m, pid);

	if (!t)
		return;
	*(born ? &m->type.wakeup_new : &m->type.wakeup) = ev->type;
	m->saw_wakeup = true;
	if (born && t->state != TS_RUNNING) {
		t->nap = (struct nap){ .pid = pid, .out = t->born ? t->born : ev->ts, .how = TASK_SLEEPS,
				       .flags = (uint16_t)(NAP_BORN | (t->born ? 0 : NAP_NO_OUT)) };
		t->state = TS_SLEEPING;
		t->since = ev->ts;	/* not yet alive before: that was no sleep */
	}
	was(m, t, TS_SLEEPING, TASK_SLEEPS, ev->ts);
	if (m->counting)
		t->n_wakeups++;
	if (t->state == TS_RUNNING) {
		t->early.waking = 0;	/* it had not gone to sleep yet, and now will not */
		return;
	}
	if (t->state != TS_SLEEPING)
		return;
	if (!t->nap.waking) {
		note_waker(m, t, &t->nap, ev);
		t->nap.flags |= NAP_WAKEUP_ONLY;
	}
	t->nap.wakeup = ev->ts;
	t->nap.cpu_wakeup = (uint16_t)ev->cpu;
	t->nap.cpu_woken = (uint16_t)(cpu < CPUS_MAX ? cpu : ev->cpu);
	set_state(m, t, TS_RUNNABLE, ev->ts);
}

void task_migrated(struct ctx *c, const struct event *ev, int32_t pid, uint32_t from, uint32_t to)
{
	struct task *t = model_task(&c->m, pid);

	if (!t || to >= CPUS_MAX || from >= CPUS_MAX)
		return;
	if (c->m.counting)
		t->n_migrations++;
	if (t->state == TS_RUNNABLE) {
		if (t->nap.n_moved == ARRAY_LEN(t->nap.moved))
			t->nap.n_moved--;
		t->nap.moved[t->nap.n_moved].ts = ev->ts;
		t->nap.moved[t->nap.n_moved++].from = (uint16_t)from;
		t->nap.cpu_woken = (uint16_t)to;
	}
}

void task_forked(struct ctx *c, const struct event *ev, int32_t parent, int32_t child, struct text comm)
{
	struct model *m = &c->m;
	struct task *p = model_task(m, parent), *t = model_task(m, child);

	if (!t)
		return;
	if (t->state == TS_GONE || t->born || t->last_nap) {	/* the number is used again: another task */
		step_task_exited(c, t);		/* its end was not seen */
		tally_fini(&t->past);
		*t = (struct task){ .pid = child, .trail = t->trail };
	}
	t->parent = parent;
	t->exited = 0;
	t->born = ev->ts;
	t->since = ev->ts;
	learn_comm(m, t, comm);
	if (p)
		step_task_forked(c, p, t);
}

void task_is_kin(struct ctx *c, int32_t pid, int32_t parent, int32_t tgid)
{
	struct task *t = model_task(&c->m, pid);

	if (!t)
		return;
	if (task_is_gone(t)) {
		step_task_exited(c, t);
		tally_fini(&t->past);
		*t = (struct task){ .pid = pid, .trail = t->trail };
	}
	t->parent = parent;
	if (tgid)
		t->tgid = tgid;
	step_task_kin(c, t);
}

void task_exited(struct ctx *c, const struct event *ev, int32_t pid)
{
	struct task *t = model_task_known(&c->m, pid);

	model_forget(&c->m, pid);
	if (!t)
		return;
	t->exited = 1;
	step_tool_ended(c, t, ev->ts);
	step_task_exited(c, t);
}

void task_execed(struct ctx *c, const struct event *ev, int32_t pid)
{
	struct task *t = model_task_known(&c->m, pid);

	if (t)
		step_tool_execed(c, t, ev->ts);
}

void task_gate(struct ctx *c, const struct event *ev, enum gate_edge edge, str_id name, bool waits)
{
	struct task *t = model_cpu(&c->m, ev->cpu)->cur;
	uint64_t entered;
	bool waited;

	if (!t || (edge == GATE_IO && (!t->in_fault || t->gate || ev->flags & EVENT_IN_IRQ)))
		return;
	entered = t->gate_from;
	waited = t->gate && t->gate_waits;
	if (edge == GATE_FAULT) {
		if (t->gate)
			return;		/* a copy to or from user memory: the syscall's own time */
		t->in_fault = c->m.saw_calls;	/* without them a sleep may be any call's */
		t->gate_from = ev->ts;
	} else if (edge != GATE_IO) {
		t->in_fault = 0;
		c->m.saw_calls = true;
		t->gate = edge == GATE_ENTER ? name : 0;
		t->gate_waits = edge == GATE_ENTER && waits;
		t->gate_from = ev->ts;
		t->gate_type = ev->type;
	}
	if (unlikely(t->trail))
		step_task_gate(c, t, ev, edge, name);
	if (unlikely(t->followed) && edge == GATE_EXIT && waited)
		step_task_returned(c, t, entered, ev->ts);
}
