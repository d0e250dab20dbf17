// SPDX-License-Identifier: GPL-2.0-only
#include "model.h"

#include <stdlib.h>
#include <string.h>

#define PID_MAX (1 << 22)
#define LOSSES_MAX 16384u	/* live: in the window */
#define GENERATIONS 16
#define QUIET_SLICES (SLICES + 1)	/* with the window before them: two windows */

void model_init(struct model *m, struct strs *strs)
{
	memset(m, 0, sizeof *m);
	m->strs = strs;
	m->runs = xcalloc(RUN_RING, sizeof *m->runs);
	m->naps = xcalloc(NAP_RING, sizeof *m->naps);
	m->spans = xcalloc(SPAN_RING, sizeof *m->spans);
	m->links = xcalloc(LINK_RING, sizeof *m->links);
	m->next_run = m->next_nap = m->next_span = m->next_link = 1;
	m->n_slots = 1024;
	m->slots = xcalloc(m->n_slots, sizeof *m->slots);
	m->counting = true;
	m->s_fault = strs_idz(strs, "page fault");
	m->type.sw = m->type.waking = m->type.wakeup = m->type.wakeup_new = NO_TYPE;
}

void model_fini(struct model *m)
{
	timeline_fini(m);
	for (size_t i = 0; i < m->n_tasks; i++) {
		tally_fini(&m->tasks[i]->past);
		free(m->tasks[i]);
	}
	for (size_t i = 0; i < m->n_cpus; i++)
		tally_fini(&m->cpus[i].past);
	tally_fini(&m->past);
	for (size_t i = 0; i < ARRAY_LEN(m->pid_page); i++)
		free(m->pid_page[i]);
	free(m->tasks);
	free(m->cpus);
	free(m->runs);
	free(m->naps);
	free(m->spans);
	free(m->links);
	free(m->slots);
	free(m->losses);
	free(m->pieces);
	free(m->ids);
	dist_fini(&m->waking_to_run);
	dist_fini(&m->wakeup_to_run);
}

struct cpu *model_cpu(struct model *m, uint32_t cpu)
{
	BUG_ON(cpu >= CPUS_MAX);
	while (m->n_cpus <= cpu) {
		GROW(m->cpus, m->n_cpus, m->cap_cpus);
		m->cpus[m->n_cpus++] = (struct cpu){ .cur_pid = -1, .leaving_pid = -1, .acct_from = model_since(m) };
	}
	return &m->cpus[cpu];
}

struct task *model_task_known(const struct model *m, int32_t pid)
{
	const struct task_page *page = pid > 0 && pid < PID_MAX ? m->pid_page[pid >> 10] : NULL;

	return page ? page->task[pid & 1023] : NULL;
}

/* pid 0 is the idle task of every CPU: it has no history of its own and is never a struct task. */
struct task *model_task(struct model *m, int32_t pid)
{
	struct task_page **page;
	struct task *t;

	if (pid <= 0 || pid >= PID_MAX)
		return NULL;
	page = &m->pid_page[pid >> 10];
	if (unlikely(!*page))
		*page = xcalloc(1, sizeof **page);
	t = (*page)->task[pid & 1023];
	if (likely(t))
		return t;
	t = (*page)->task[pid & 1023] = xcalloc(1, sizeof *t);
	t->pid = pid;
	t->tgid = (*page)->tgid[pid & 1023];
	(*page)->tgid[pid & 1023] = 0;
	GROW(m->tasks, m->n_tasks, m->cap_tasks);
	m->tasks[m->n_tasks++] = t;
	return t;
}

/* ---- what a CPU's time is charged to ---- */

static void note_agents(struct model *m, int32_t tgid)
{
	struct task_page **page;

	if (tgid <= 0 || tgid >= PID_MAX)
		return;
	page = &m->pid_page[tgid >> 10];
	if (unlikely(!*page))
		*page = xcalloc(1, sizeof **page);
	(*page)->agents[(tgid & 1023) / 64] |= 1ull << (tgid & 63);
}

bool model_is_agents(struct model *m, const struct task *t)
{
	const struct task_page *page;

	if (t->followed || t->marks || t->has_steps) {
		note_agents(m, t->tgid);
		return true;
	}
	page = t->tgid > 0 && t->tgid < PID_MAX ? m->pid_page[t->tgid >> 10] : NULL;
	return page && page->agents[(t->tgid & 1023) / 64] >> (t->tgid & 63) & 1;
}

enum cpu_use model_use_of(struct model *m, const struct cpu *c)
{
	const struct run *top = c->depth ? model_run(m, c->stack[c->depth - 1]) : NULL;

	if (top && top->level >= LEVEL_HARDIRQ)
		return USE_IRQ;
	if (top && top->level == LEVEL_SOFTIRQ)
		return USE_SOFTIRQ;
	if (c->cur_pid < 0)
		return USE_UNKNOWN;
	if (!c->cur_pid)
		return USE_IDLE;
	if (task_is_ksoftirqd(c->cur))
		return USE_KSOFTIRQD;
	return c->cur && model_is_agents(m, c->cur) ? USE_AGENTS : USE_TASK;
}

static void spend(struct model *m, struct cpu *c, uint64_t from, uint64_t to)
{
	if (unlikely(to > c->slot_end))
		timeline_spend(m, c, from, to);
	c->use[c->acct] += to - from;
	if (c->acct == USE_AGENTS && c->cur)
		timeline_place(m, c->cur, (uint32_t)(c - m->cpus), to - from);
}

static void charge(struct model *m, struct cpu *c, uint64_t ts)
{
	if (m->counting && ts > c->acct_from)
		spend(m, c, c->acct_from, ts);
	c->acct_from = MAX(ts, c->acct_from);
	c->acct = (uint8_t)model_use_of(m, c);
}

/* ---- runs ---- */

static struct run *new_run(struct model *m, struct cpu *c, uint32_t cpu, uint64_t ts)
{
	run_id id = m->next_run++;
	struct run *r;

	if (unlikely(!id))
		id = m->next_run++;
	r = &m->runs[id & (RUN_RING - 1)];
	*r = (struct run){ .from = ts, .prev = c->last_run, .self = id, .cpu = (uint16_t)cpu,
			   .type = NO_TYPE, .asked_type = NO_TYPE };
	c->last_run = id;
	return r;
}

/* A task run that the ring would soon swallow is opened afresh, with its beginning, so that the base is always there. */
static void keep_base(struct model *m, struct cpu *c, uint32_t cpu)
{
	struct run *base = c->depth ? model_run(m, c->stack[0]) : NULL, copy, *r;

	if (c->cur_pid < 0 || (base && m->next_run - c->stack[0] < RUN_RING / 2))
		return;
	if (base) {
		copy = *base;
	} else {
		copy = (struct run){ .from = c->cur ? c->cur->run_from : c->last_ts, .id = (uint32_t)c->cur_pid,
				     .type = NO_TYPE, .asked_type = NO_TYPE };
	}
	r = new_run(m, c, cpu, copy.from);
	copy.self = r->self;
	copy.prev = r->prev;
	copy.cpu = (uint16_t)cpu;
	copy.flags |= RUN_KEPT;
	*r = copy;
	if (!c->depth)
		c->depth = 1;
	c->stack[0] = r->self;
}

void model_close_above(struct model *m, struct cpu *c, uint64_t ts, unsigned depth)
{
	while (c->depth > depth) {
		struct run *r = model_run(m, c->stack[--c->depth]);

		if (r && !r->to) {
			r->to = ts;
			r->flags |= RUN_EXIT_UNSEEN;
		}
	}
}

/* Depth above which runs of at least this level lie. */
static unsigned depth_of_level(struct model *m, const struct cpu *c, enum level level)
{
	unsigned d = c->depth;

	while (d > 1) {
		const struct run *r = model_run(m, c->stack[d - 1]);

		if (r && r->level < level)
			break;
		d--;
	}
	return d;
}

struct run *model_run_open(struct model *m, uint32_t cpu, uint64_t ts, enum level level, uint32_t id, str_id name,
			   uint8_t stage, uint16_t type)
{
	struct cpu *c = model_cpu(m, cpu);
	struct run *r;

	charge(m, c, ts);
	c->left_irq = 0;
	if (!c->depth || m->next_run - c->stack[0] > RUN_RING / 2)
		keep_base(m, c, cpu);
	if (level > LEVEL_TASK) {
		unsigned d = depth_of_level(m, c, level == LEVEL_SOFTIRQ ? LEVEL_SOFTIRQ : (enum level)(level + 1));

		model_close_above(m, c, ts, MAX(d, MIN(c->depth, 1u)));
		/* the same IRQ cannot nest in itself: its exit was not seen */
		if (c->depth > 1) {
			struct run *top = model_run(m, c->stack[c->depth - 1]);

			if (top && top->level == level && top->id == id && top->name == name)
				model_close_above(m, c, ts, c->depth - 1);
		}
	} else {
		model_close_above(m, c, ts, 0);
	}
	if (c->depth == STACK_MAX)
		model_close_above(m, c, ts, 1);
	r = new_run(m, c, cpu, ts);
	r->under = c->depth ? c->stack[c->depth - 1] : 0;
	r->level = (uint8_t)level;
	r->id = id;
	r->name = name;
	r->stage = stage;
	r->type = type;
	c->stack[c->depth++] = r->self;
	c->acct = (uint8_t)model_use_of(m, c);
	if (level >= LEVEL_HARDIRQ && m->counting)
		c->n_irqs++;
	return r;
}

struct run *model_run_close(struct model *m, uint32_t cpu, uint64_t ts, enum level level, uint32_t id, str_id name)
{
	struct cpu *c = model_cpu(m, cpu);

	for (unsigned d = c->depth; d > 0; d--) {
		struct run *r = model_run(m, c->stack[d - 1]);

		if (!r || r->level != level || r->id != id || (name && r->name != name))
			continue;
		charge(m, c, ts);
		model_close_above(m, c, ts, d);
		r->to = ts;
		c->left_irq = level == LEVEL_HARDIRQ ? r->self : 0;
		c->depth = d - 1;
		c->acct = (uint8_t)model_use_of(m, c);
		return r;
	}
	return NULL;
}

/* ---- losses ---- */

bool model_lost_between(const struct model *m, uint64_t from, uint64_t to)
{
	if (from < m->lost_before)
		return true;
	for (size_t i = m->n_losses; i-- > 0 && m->losses[i].to >= from;)
		if (m->losses[i].from < to && m->losses[i].to > from)
			return true;
	return false;
}

static void lose_task(struct model *m, struct task *t, uint64_t from)
{
	if (t->state == TS_RUNNING)
		model_charge(m, t, from);
	t->state = TS_UNKNOWN;
	t->since = MAX(from, t->since);
	t->gate_waits = t->in_fault = 0;
	t->nap = (struct nap){ .out = from, .pid = t->pid, .flags = NAP_LOST, .cpu_out = t->cpu };
	t->gate = 0;
}

static void lose_cpu(struct model *m, uint32_t cpu, uint64_t from, uint64_t to)
{
	struct cpu *c = model_cpu(m, cpu);

	from = MAX(from, c->last_ts);
	charge(m, c, from);
	model_close_above(m, c, from, 0);
	if (c->cur && c->cur->state == TS_RUNNING && c->cur->cpu == cpu)	/* else it has been seen elsewhere since */
		lose_task(m, c->cur, from);
	for (size_t i = 0; i < m->n_slots; i++) {
		struct span *s = m->slots[i].id ? model_span(m, m->slots[i].id) : NULL;

		if (s && !s->to && s->cpu_from == cpu)
			s->to = s->from ? s->from : 1;
	}
	c->cur = NULL;
	c->cur_pid = -1;
	c->acct = USE_UNKNOWN;
	charge(m, c, to);
	c->n_lost_times++;
}

/* Forgets the first n losses: of what reaches back so far, only that something was lost is known then. */
static void forget_losses(struct model *m, size_t n)
{
	if (!n)
		return;
	m->lost_before = MAX(m->lost_before, m->losses[n - 1].to);
	m->n_losses -= n;
	memmove(m->losses, m->losses + n, m->n_losses * sizeof *m->losses);
}

static void add_loss(struct model *m, struct loss l)
{
	size_t i;

	if (m->keep_ns && m->n_losses >= LOSSES_MAX && m->losses[LOSSES_MAX / 2].to != UINT64_MAX)
		forget_losses(m, LOSSES_MAX / 2);
	i = m->n_losses;
	GROW(m->losses, m->n_losses, m->cap_losses);
	m->n_losses++;
	for (; i && m->losses[i - 1].to > l.to; i--)
		m->losses[i] = m->losses[i - 1];
	m->losses[i] = l;
}

void model_lost(struct model *m, uint32_t cpu, uint64_t from, uint64_t to, uint64_t count, bool rest)
{
	uint32_t first = cpu == CPU_NONE ? 0 : cpu, last = cpu == CPU_NONE ? (uint32_t)m->n_cpus : cpu + 1;
	struct cpu *c;

	for (uint32_t i = first; i < last; i++)
		lose_cpu(m, i, from, to);
	c = model_cpu(m, first);
	c->n_lost_events += count;
	c->n_lost_uncounted += !count;
	m->n_lost_events += count;
	add_loss(m, (struct loss){ from, rest ? UINT64_MAX : MAX(to, from + 1), cpu });
}

/* ---- pieces ---- */

struct sweep {
	struct model *m;
	size_t n;
	uint64_t at, to;
	run_id stack[64];
	uint64_t end[64];
	unsigned depth;
};

static void put_piece(struct sweep *s, uint64_t upto, run_id run)
{
	upto = MIN(upto, s->to);
	if (upto <= s->at)
		return;
	if (s->n && s->m->pieces[s->n - 1].run == run) {
		s->m->pieces[s->n - 1].to = upto;
	} else {
		GROW(s->m->pieces, s->n, s->m->cap_pieces);
		s->m->pieces[s->n++] = (struct piece){ s->at, upto, run };
	}
	s->at = upto;
}

/* Gives out what lies under the runs on the stack up to `upto`. */
static void unwind(struct sweep *s, uint64_t upto)
{
	while (s->depth && s->end[s->depth - 1] <= upto) {
		s->depth--;
		put_piece(s, s->end[s->depth], s->stack[s->depth]);
	}
	put_piece(s, upto, s->depth ? s->stack[s->depth - 1] : 0);
}

static void add_id(struct model *m, size_t *n, const struct run *r, uint64_t from, uint64_t to)
{
	if (r->from >= to || (r->to && r->to <= from))
		return;
	GROW(m->ids, *n, m->cap_ids);
	m->ids[(*n)++] = r->self;
}

/* The runs of a CPU that reach into [from, to), newest first, into m->ids. */
static size_t runs_in(struct model *m, const struct cpu *c, uint64_t from, uint64_t to)
{
	const struct run *kept = NULL, *r, *under;
	size_t n = 0;

	for (r = model_run(m, c->last_run); r; r = model_run(m, r->prev)) {
		if (r->flags & RUN_KEPT) {	/* where it stands in time is its original's place, if that is still there */
			kept = kept ? kept : r;
			continue;
		}
		if (kept && r->level == LEVEL_TASK && r->from == kept->from && r->id == kept->id)
			kept = NULL;
		if (kept && r->from < kept->from) {
			add_id(m, &n, kept, from, to);
			if (kept->from <= from)
				return n;
			kept = NULL;
		}
		add_id(m, &n, r, from, to);
		if (r->from > from)
			continue;
		/* older ones that reach so far were under it when it began */
		while (r->level != LEVEL_TASK && (under = model_run(m, r->under))) {
			r = under;
			add_id(m, &n, r, from, to);
		}
		if (r->level == LEVEL_TASK)
			return n;
	}
	if (kept)
		add_id(m, &n, kept, from, to);
	return n;
}

size_t model_pieces(struct model *m, uint32_t cpu, uint64_t from, uint64_t to, const struct piece **out)
{
	struct sweep s = { .m = m, .at = from, .to = to };
	struct cpu *c = cpu < m->n_cpus ? &m->cpus[cpu] : NULL;
	size_t n;

	if (!c || from >= to)
		return 0;
	if (m->next_run - c->last_run > RUN_RING / 2)
		keep_base(m, c, cpu);	/* a quiet CPU, while others filled the ring */
	n = runs_in(m, c, from, to);
	while (n-- > 0) {
		const struct run *r = model_run(m, m->ids[n]);

		unwind(&s, MAX(r->from, from));
		if (r->level == LEVEL_TASK)
			s.depth = 0;		/* a task run replaces all: what lay under it is over */
		if (s.depth < ARRAY_LEN(s.stack)) {
			s.stack[s.depth] = r->self;
			s.end[s.depth++] = r->to ? MIN(r->to, to) : to;
		}
	}
	unwind(&s, to);
	*out = m->pieces;
	return s.n;
}

/* ---- counting ---- */

void model_count_from(struct model *m, uint64_t ts)
{
	m->counting = true;
	m->begin = ts;
	slots_begin(&m->time, MAX(ts, m->first_ts), m->keep_ns);
	for (size_t i = 0; i < m->n_tasks; i++) {
		m->tasks[i]->since = MAX(m->tasks[i]->since, ts);
		m->tasks[i]->harm = 0;
	}
	for (size_t i = 0; i < m->n_cpus; i++) {
		m->cpus[i].acct_from = MAX(m->cpus[i].acct_from, ts);
		m->cpus[i].harm = 0;
	}
}

void model_charge(const struct model *m, struct task *t, uint64_t ts)
{
	uint64_t since = MAX(t->since, m->slice_begin), d = ts > since ? ts - since : 0;

	if (!m->counting)
		return;
	switch (t->state) {
	case TS_RUNNING: t->run += d; break;
	case TS_RUNNABLE: *(t->nap.how == TASK_PREEMPTED ? &t->preempted : &t->runqueue) += d; break;
	case TS_SLEEPING: *(t->nap.how == TASK_BLOCKED ? &t->blocked : &t->sleep) += d; break;
	default: break;
	}
}

void model_settle(struct model *m, uint64_t ts)
{
	for (size_t i = 0; i < m->n_cpus; i++)
		if (m->cpus[i].seen)
			charge(m, &m->cpus[i], MAX(ts, m->cpus[i].acct_from));
	for (size_t i = 0; i < m->n_tasks; i++) {
		model_charge(m, m->tasks[i], ts);
		if (m->tasks[i]->state != TS_UNKNOWN)	/* of which nothing has been charged: it may turn out later */
			m->tasks[i]->since = MAX(ts, m->tasks[i]->since);
	}
}

/* ---- the window ---- */

uint64_t model_window_begin(const struct model *m)
{
	uint64_t begin = MAX(m->begin, m->first_ts), back = (SLICES - 1) * m->slice_ns;

	return m->slice_begin > begin && m->slice_begin - begin > back ? m->slice_begin - back : begin;
}

void model_forget(struct model *m, int32_t pid)
{
	struct task_page *page = pid > 0 && pid < PID_MAX ? m->pid_page[pid >> 10] : NULL;

	if (page) {
		page->tgid[pid & 1023] = 0;
		page->agents[(pid & 1023) / 64] &= ~(1ull << (pid & 63));
	}
}

/* Those that started it: whose work it does is asked of them, however long they wait for it. */
static void pin_parents(struct model *m, const struct task *t)
{
	struct task *p = model_task_known(m, t->parent);

	for (int i = 0; i < GENERATIONS && p && !p->pinned && !task_is_gone(p); i++) {
		p->pinned = 1;
		p = model_task_known(m, p->parent);
	}
}

static void pin_tasks(struct model *m)
{
	for (size_t i = 0; i < m->n_cpus; i++)
		if (m->cpus[i].cur)
			m->cpus[i].cur->pinned = 1;
	for (size_t i = 0; i < m->n_tasks; i++) {
		const struct task *t = m->tasks[i];
		struct task *root = t->agent_pid ? model_task_known(m, t->agent_pid) : NULL;

		if (root)
			root->pinned = 1;	/* its name is its children's agent */
		if (t->n_quiet < QUIET_SLICES && !task_is_gone(t))
			pin_parents(m, t);
	}
}

static bool has_sums(const struct task *t)
{
	for (size_t i = 0; i < ARRAY_LEN(t->sums); i++)
		if (t->sums[i])
			return true;
	return false;
}

/* Is it no more, and out of the window? Or has nothing been heard of it for so long that it may have ended unseen? */
static bool is_over(const struct task *t)
{
	if (t->pinned || t->trail || t->state == TS_RUNNING)
		return false;
	if (task_is_gone(t))
		return !has_sums(t) || t->n_quiet >= QUIET_SLICES;
	return t->n_quiet >= QUIET_SLICES && !t->followed && !t->marks && t->state != TS_RUNNABLE;
}

static void free_task(struct model *m, struct task *t)
{
	struct task_page *page = m->pid_page[t->pid >> 10];

	page->task[t->pid & 1023] = NULL;
	page->tgid[t->pid & 1023] = task_is_gone(t) ? 0 : t->tgid;
	tally_fini(&t->past);
	free(t);
}

static bool heard_of(const struct task *t)
{
	return t->n_switches || t->n_wakeups || t->n_migrations || t->run || t->runqueue || t->preempted || t->harm;
}

/* Pages of numbers that are out of use: a machine goes through all of them, some day. */
static void free_pages(struct model *m)
{
	static const struct task_page empty;

	for (size_t i = 0; i < ARRAY_LEN(m->pid_page); i++)
		if (m->pid_page[i] && !memcmp(m->pid_page[i], &empty, sizeof empty)) {
			free(m->pid_page[i]);
			m->pid_page[i] = NULL;
		}
}

/* Which processes are agents', anew: those whose agents have ended or are not followed any more are not. */
static void turn_agents(struct model *m)
{
	for (size_t i = 0; i < ARRAY_LEN(m->pid_page); i++)
		if (m->pid_page[i])
			memset(m->pid_page[i]->agents, 0, sizeof m->pid_page[i]->agents);
	for (size_t i = 0; i < m->n_tasks; i++)
		if (!task_is_gone(m->tasks[i]))
			model_is_agents(m, m->tasks[i]);
}

static void turn_tasks(struct model *m, unsigned n)
{
	size_t kept = 0;
	bool over;

	pin_tasks(m);
	for (size_t i = 0; i < m->n_tasks; i++) {
		struct task *t = m->tasks[i];

		tally_turn(&t->past, t->sums, ARRAY_LEN(t->sums), n);
		if (t->exited && t->state == TS_SLEEPING)	/* its last switch was not seen, or does not say so */
			t->state = TS_GONE;
		t->n_quiet = heard_of(t) ? 0 : (uint8_t)MIN(t->n_quiet + n, 255u);
		if (is_over(t))
			free_task(m, t);
		else
			m->tasks[kept++] = t;
	}
	over = kept < m->n_tasks;
	m->n_tasks = kept;
	turn_agents(m);
	if (over)
		free_pages(m);
	for (size_t i = 0; i < m->n_tasks; i++)
		m->tasks[i]->pinned = 0;
}

void model_turn(struct model *m, uint64_t ts, unsigned n, uint64_t needed)
{
	size_t over = 0;

	m->slice_begin = ts;
	dist_turn(&m->waking_to_run, n);
	dist_turn(&m->wakeup_to_run, n);
	tally_turn(&m->past, &m->n_cross_cpu, 1, n);
	/* should anything be heard of them later on, their time until now is of slices that are over */
	for (size_t i = 0; i < m->n_cpus; i++)
		if (!m->cpus[i].seen)
			charge(m, &m->cpus[i], ts);
	for (size_t i = 0; i < m->n_cpus; i++) {
		timeline_settle(m, &m->cpus[i]);
		tally_turn(&m->cpus[i].past, m->cpus[i].sums, ARRAY_LEN(m->cpus[i].sums), n);
		memcpy(m->cpus[i].timed, m->cpus[i].use, sizeof m->cpus[i].timed);
	}
	turn_tasks(m, n);
	timeline_turn(m, n);
	while (over < m->n_losses && m->losses[over].to < MIN(needed, model_window_begin(m)))
		over++;
	forget_losses(m, over);
}
