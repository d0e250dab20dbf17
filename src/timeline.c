// SPDX-License-Identifier: GPL-2.0-only
#include "timeline.h"
#include "step.h"

#include <stdlib.h>
#include <string.h>

static struct slots *slots_of(struct model *m)
{
	if (unlikely(!m->time.ns))
		slots_begin(&m->time, MAX(m->begin, m->first_ts), m->keep_ns);
	return &m->time;
}

static uint64_t *cells_at(struct model *m, struct series *r, uint64_t ts)
{
	struct slots *s = slots_of(m);

	return series_at(r, s, slots_reach(s, ts));
}

/* ---- CPUs ---- */

void timeline_settle(struct model *m, struct cpu *c)
{
	uint64_t *v;

	if (!c->slot_end)
		return;
	v = cells_at(m, &c->time, c->slot_end - 1);
	for (int i = 0; i < N_CPU_USES; i++)
		v[i] += c->use[i] - c->timed[i];
	memcpy(c->timed, c->use, sizeof c->timed);
}

void timeline_spend(struct model *m, struct cpu *c, uint64_t from, uint64_t to)
{
	struct slots *s = slots_of(m);

	if (!c->slot_end)
		series_init(&c->time, N_CPU_USES, 0);
	timeline_settle(m, c);
	series_add_span(&c->time, s, from, to, c->acct);
	c->timed[c->acct] += to - from;
	c->slot_end = s->now_end;
}

/* ---- places ---- */

static size_t place_slot(const struct places *p, uint32_t agent, int32_t tgid, uint32_t cpus)
{
	size_t i = (size_t)hash64((uint64_t)agent << 32 ^ (uint32_t)tgid ^ hash64(cpus)) & (p->size - 1);

	while (p->at[i] && (p->at[i]->agent != agent || p->at[i]->tgid != tgid || p->at[i]->cpus != cpus))
		i = (i + 1) & (p->size - 1);
	return i;
}

static void places_rebuild(struct places *p)
{
	struct places old = *p;

	*p = (struct places){ .size = 16 };
	while (p->size < old.n * 4)
		p->size *= 2;
	p->at = xcalloc(p->size, sizeof *p->at);
	for (size_t i = 0; i < old.size; i++)
		if (old.at[i]) {
			p->at[place_slot(p, old.at[i]->agent, old.at[i]->tgid, old.at[i]->cpus)] = old.at[i];
			p->n++;
		}
	free(old.at);
}

static void place_free(struct place *p)
{
	tally_fini(&p->past);
	free(p);
}

static struct place *place_of(struct places *p, uint32_t agent, int32_t tgid, uint32_t cpus)
{
	size_t i;

	if (p->n * 2 >= p->size)
		places_rebuild(p);
	i = place_slot(p, agent, tgid, cpus);
	if (!p->at[i]) {
		p->at[i] = xcalloc(1, sizeof **p->at);
		p->at[i]->agent = agent;
		p->at[i]->tgid = tgid;
		p->at[i]->cpus = cpus;
		p->n++;
	}
	return p->at[i];
}

/* Whose row its steps will be in: that of its own process when it marks them, else of who was followed. */
static int32_t process_of(const struct model *m, const struct task *t)
{
	const struct task *root = t->marks ? NULL : model_task_known(m, t->agent_pid);

	t = root ? root : t;
	return t->tgid ? t->tgid : t->pid;
}

void timeline_place(struct model *m, const struct task *t, uint32_t cpu, uint64_t ns)
{
	struct places *p = &m->places;
	int32_t tgid = t->agent ? 0 : process_of(m, t);
	uint32_t cpus = cpu / PLACE_CPUS;

	if (!p->last || p->last->agent != t->agent || p->last->tgid != tgid || p->last->cpus != cpus)
		p->last = place_of(p, t->agent, tgid, cpus);
	p->last->ns[cpu % PLACE_CPUS] += ns;
}

static void drop_places(struct places *p, bool (*is_over)(struct place *, unsigned), unsigned arg)
{
	size_t before = p->n;

	for (size_t i = 0; i < p->size; i++)
		if (p->at[i] && is_over(p->at[i], arg)) {
			place_free(p->at[i]);
			p->at[i] = NULL;
			p->n--;
		}
	if (p->n < before)
		places_rebuild(p);
	p->last = NULL;
}

static bool is_of(struct place *p, unsigned agent)
{
	return p->agent == agent;
}

void timeline_forget_agent(struct model *m, uint32_t agent_i)
{
	drop_places(&m->places, is_of, agent_i + 1);
	for (size_t i = 0; i < m->n_tasks; i++)
		if (m->tasks[i]->agent == agent_i + 1)
			m->tasks[i]->agent = 0;
}

static bool has_left(struct place *p, unsigned n)
{
	uint64_t any = 0;

	tally_turn(&p->past, p->ns, PLACE_CPUS, n);
	for (unsigned i = 0; i < PLACE_CPUS; i++)
		any |= p->ns[i];
	return !any;
}

void timeline_turn(struct model *m, unsigned n)
{
	drop_places(&m->places, has_left, n);
	slots_leave(slots_of(m), model_window_begin(m));
}

void timeline_fini(struct model *m)
{
	for (size_t i = 0; i < m->places.size; i++)
		if (m->places.at[i])
			place_free(m->places.at[i]);
	free(m->places.at);
	for (size_t i = 0; i < m->n_cpus; i++)
		series_fini(&m->cpus[i].time);
}

/* ---- steps ---- */

void step_times_init(struct step_times *t)
{
	series_init(&t->ended, STEPS_LONGEST, 1);
	for (int i = 0; i < N_STAGES; i++)
		series_init(&t->stage[i], HEAT_BUCKETS, 0);
}

void step_times_fini(struct step_times *t)
{
	series_fini(&t->ended);
	for (int i = 0; i < N_STAGES; i++)
		series_fini(&t->stage[i]);
}

void timeline_step(struct model *m, struct step_times *t, const struct step *d, struct series *heat)
{
	uint64_t ts = MAX(d->end, m->slice_begin), ns = d->end - d->begin, *v;

	v = cells_at(m, &t->ended, ts);
	v[STEPS_ENDED]++;
	v[STEPS_MISSED] += d->missed;
	v[STEPS_LONGEST] = MAX(v[STEPS_LONGEST], ns);
	if (heat)
		cells_at(m, heat, ts)[heat_bucket(ns)]++;
}

void timeline_stage(struct model *m, struct step_times *t, unsigned stage, uint64_t ns, uint64_t to)
{
	cells_at(m, &t->stage[stage], to)[heat_bucket(ns)]++;
}

void timeline_stage_sums(struct model *m, struct step_times *t, unsigned stage, const uint32_t n[HEAT_BUCKETS], uint64_t to)
{
	uint64_t *v = cells_at(m, &t->stage[stage], to);

	for (unsigned b = 0; b < HEAT_BUCKETS; b++)
		v[b] += n[b];
}

/* ---- the snapshot's copy ---- */

static const uint64_t *copy(struct snapshot *s, struct model *m, struct series *r)
{
	uint64_t *out;

	if (!r->v)
		return NULL;
	out = ARENA_NEW(&s->mem, (size_t)s->time.n * (r->n_sum + r->n_max), uint64_t);
	series_copy(r, &m->time, out);
	return out;
}

/* Without switches nobody knows who ran below the interrupts: as in the table of CPUs. */
static const uint64_t *copy_cpu(struct snapshot *s, struct model *m, struct cpu *c)
{
	static const uint8_t from[N_CPU_TIMES] = {
		[TIME_IRQ] = USE_IRQ, [TIME_SOFTIRQ] = USE_SOFTIRQ, [TIME_KSOFTIRQD] = USE_KSOFTIRQD, [TIME_AGENTS] = USE_AGENTS,
		[TIME_OTHERS] = USE_TASK, [TIME_IDLE] = USE_IDLE, [TIME_UNKNOWN] = USE_UNKNOWN,
	};
	uint64_t was[N_CPU_USES], *out, *v;

	timeline_settle(m, c);
	v = out = (uint64_t *)(uintptr_t)copy(s, m, &c->time);
	for (uint32_t i = 0; out && i < s->time.n; i++, v += N_CPU_TIMES) {
		memcpy(was, v, sizeof was);
		for (int k = 0; k < N_CPU_TIMES; k++)
			v[k] = was[from[k]];
		for (int k = TIME_KSOFTIRQD; k <= TIME_IDLE && !m->saw_switch; k++) {
			v[TIME_UNKNOWN] += v[k];
			v[k] = 0;
		}
	}
	return out;
}

static void take_slots(struct snapshot *s, struct model *m)
{
	struct slots *t = slots_of(m);

	if (s->source.end > t->begin)
		slots_reach(t, s->source.end - 1);
	s->time.begin = slots_time(t, t->first);
	s->time.slot_ns = t->ns;
	s->time.n = (uint32_t)(t->end - t->first);
}

static void take_heat(struct snapshot *s, struct model *m, const struct steps_view *v)
{
	size_t n = 0;

	for (int i = 0; i < N_STAGES; i++)
		s->time.stage[i] = v->stage[i].n ? copy(s, m, &v->times->stage[i]) : NULL;
	s->time.kind = ARENA_NEW(&s->mem, s->n_kinds, const uint64_t *);
	for (size_t i = 0; i < v->n_kinds && n < s->n_kinds; i++)
		if (v->kinds[i].steps.n)
			s->time.kind[n++] = v->kinds[i].has_heat ? copy(s, m, &v->kinds[i].heat) : NULL;
}

/* Of an agent of which only the process is known: the first of its rows that has steps. */
static uint32_t agent_of(const struct steps_view *v, int32_t tgid)
{
	uint32_t best = UINT32_MAX;

	for (size_t i = 0; i < v->n_agents; i++)
		if (v->agents[i].tgid == tgid && (best == UINT32_MAX || (!v->agents[best].steps.n && v->agents[i].steps.n)))
			best = (uint32_t)i;
	return best;
}

static int by_agent(const void *a, const void *b)
{
	const struct place_row *x = a, *y = b;
	int names = strcmp(x->agent, y->agent);

	if (x->agent_i != y->agent_i)
		return x->agent_i < y->agent_i ? -1 : 1;
	return names ? names : x->cpu < y->cpu ? -1 : x->cpu > y->cpu;
}

static int by_time(const void *a, const void *b)
{
	const struct place_row *x = a, *y = b;

	return x->ns != y->ns ? (x->ns < y->ns ? 1 : -1) : by_agent(a, b);
}

/* Rows of one agent on one CPU become one. */
static size_t join(struct place_row *r, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (kept && !by_agent(&r[kept - 1], &r[i]))
			r[kept - 1].ns += r[i].ns;
		else
			r[kept++] = r[i];
	return kept;
}

static void take_places(struct snapshot *s, const struct model *m, const struct steps_view *v)
{
	const struct places *p = &m->places;

	s->places = ARENA_NEW(&s->mem, p->n * PLACE_CPUS, struct place_row);
	for (size_t i = 0; i < p->size; i++) {
		const struct place *at = p->at[i];
		uint32_t agent = !at ? 0 : at->agent ? at->agent - 1 : agent_of(v, at->tgid);
		const struct task *t = at && !at->agent ? model_task_known(m, at->tgid) : NULL;

		for (unsigned k = 0; at && k < PLACE_CPUS; k++)
			if (at->ns[k])
				s->places[s->n_places++] = (struct place_row){
					.agent = strs_text(s->strs, agent < v->n_agents ? v->agents[agent].name : t ? t->comm : 0),
					.agent_i = agent, .cpu = at->cpus * PLACE_CPUS + k, .ns = at->ns[k],
				};
	}
	if (!s->n_places)
		return;
	qsort(s->places, s->n_places, sizeof *s->places, by_agent);
	s->n_places = join(s->places, s->n_places);
	qsort(s->places, s->n_places, sizeof *s->places, by_time);
}

void timeline_take(struct snapshot *s, struct ctx *c, const struct steps_view *v)
{
	struct model *m = &c->m;

	take_slots(s, m);
	s->time.cpu = ARENA_NEW(&s->mem, s->n_cpus, const uint64_t *);
	for (size_t i = 0; i < s->n_cpus; i++)
		s->time.cpu[i] = copy_cpu(s, m, model_cpu(m, s->cpus[i].cpu));
	s->time.steps = copy(s, m, &v->times->ended);
	take_heat(s, m, v);
	if (m->saw_switch)
		take_places(s, m, v);
}
