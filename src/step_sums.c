// SPDX-License-Identifier: GPL-2.0-only
/* Adding steps up: by agent and kind, what harmed them, the slowest of them. */
#include "step_in.h"

#include <stdlib.h>
#include <string.h>

uint32_t step_agent(struct steps *st, str_id name, int32_t tgid, int32_t pid, str_id cls)
{
	for (size_t i = 0; i < st->n_agents; i++)
		if (st->agents[i].name == name && st->agents[i].tgid == tgid) {
			if (cls)
				st->agents[i].cls = cls;
			return (uint32_t)i;
		}
	if (st->n_agents == NAMES_MAX)
		return NAMES_MAX - 1;
	GROW(st->agents, st->n_agents, st->cap_agents);
	st->agents[st->n_agents] = (struct agent){ .name = name, .tgid = tgid, .comm_pid = pid, .cls = cls };
	return (uint32_t)st->n_agents++;
}

static struct kind *kind_of(struct steps *st, uint32_t agent_i, str_id name)
{
	for (size_t i = 0; i < st->n_kinds; i++)
		if (st->kinds[i].agent_i == agent_i && st->kinds[i].name == name)
			return &st->kinds[i];
	if (st->n_kinds == NAMES_MAX)
		return &st->kinds[NAMES_MAX - 1];
	GROW(st->kinds, st->n_kinds, st->cap_kinds);
	st->kinds[st->n_kinds] = (struct kind){ .agent_i = agent_i, .name = name };
	return &st->kinds[st->n_kinds++];
}

/* ---- harm ---- */

static struct culprit *culprit(struct steps *st, const struct run *r)
{
	uint32_t id = r->level == LEVEL_TASK || r->flags & RUN_VECTOR ? 0 : r->id;

	for (size_t i = 0; i < st->n_culprits; i++)
		if (st->culprits[i].level == r->level && st->culprits[i].id == id && st->culprits[i].name == r->name)
			return &st->culprits[i];
	GROW(st->culprits, st->n_culprits, st->cap_culprits);
	st->culprits[st->n_culprits] = (struct culprit){ .level = r->level, .id = id, .name = r->name };
	return &st->culprits[st->n_culprits++];
}

/* Work that the task itself gave rise to (its own packet, sent through loopback) is no harm done to it. */
static bool own_doing(struct ctx *c, const struct run *r, const struct task *t)
{
	const struct run *by = model_run(&c->m, r->by);

	return r->level == LEVEL_SOFTIRQ && by && by->level == LEVEL_TASK && (int32_t)by->id == t->pid;
}

static void on_segment(struct ctx *c, struct trail *tr, const struct link_seg *l)
{
	const struct run *r = model_run(&c->m, l->thief);
	struct task *t;

	if (!r || own_doing(c, r, tr->t))
		return;
	if (r->level == LEVEL_TASK) {
		t = model_task_known(&c->m, (int32_t)r->id);
		if (t && t != tr->t)
			t->harm += l->to - l->from;
		return;
	}
	culprit(c->steps, r)->harm += l->to - l->from;
	model_cpu(&c->m, r->cpu)->harm += l->to - l->from;
}

static void on_completed(struct ctx *c, struct trail *tr, run_id id)
{
	const struct run *r = model_run(&c->m, id);
	struct culprit *p;

	if (!r || !tr->step_serial)
		return;
	p = culprit(c->steps, r);
	if (p->last_step == tr->step_serial)
		return;
	p->last_step = tr->step_serial;
	p->completed++;
}

const struct trail_sink step_sink = { on_segment, on_completed };

const struct culprit *steps_culprit(const struct ctx *c, uint32_t level, uint32_t id, str_id name)
{
	for (size_t i = 0; i < c->steps->n_culprits; i++) {
		const struct culprit *p = &c->steps->culprits[i];

		if (p->level == level && p->id == id && p->name == name)
			return p;
	}
	return NULL;
}

/* ---- sums ---- */

static void slow_add(struct slow *sl, uint64_t dur, const uint64_t *ns)
{
	/* buckets of less than 1 %: seven bits below the leading one */
	unsigned shift = dur >= 256 ? (unsigned)(63 - __builtin_clzll(dur)) - 7 : 0;
	uint64_t key = dur >> shift << shift;
	size_t lo = 0, hi = sl->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (sl->v[mid].dur < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == sl->n || sl->v[lo].dur != key) {
		GROW(sl->v, sl->n, sl->cap);
		memmove(&sl->v[lo + 1], &sl->v[lo], (sl->n - lo) * sizeof *sl->v);
		sl->v[lo] = (struct slow_bucket){ .dur = key };
		sl->n++;
	}
	sl->v[lo].n++;
	for (int i = 0; i < N_STAGES; i++)
		sl->v[lo].ns[i] += ns[i];
}

uint64_t slow_share(const struct slow *sl, uint64_t n_all, uint64_t ns[N_STAGES])
{
	uint64_t want = n_all / 100 + (n_all % 100 != 0), got = 0;

	memset(ns, 0, N_STAGES * sizeof *ns);
	for (size_t i = sl->n; i-- > 0 && got < want;) {
		got += sl->v[i].n;
		for (int k = 0; k < N_STAGES; k++)
			ns[k] += sl->v[i].ns[k];
	}
	return got;
}

static void add_occurrences(struct steps *st, struct agent *a, const struct step *s)
{
	for (size_t i = 0; i < s->n_seg;) {
		size_t k = i;

		while (k + 1 < s->n_seg && s->seg[k + 1].stage == s->seg[i].stage)
			k++;
		dist_add(&st->stage[s->seg[i].stage], s->seg[k].to - s->seg[i].from);
		dist_add(&a->stage[s->seg[i].stage], s->seg[k].to - s->seg[i].from);
		i = k + 1;
	}
}

void step_count(struct steps *st, struct step *s)
{
	struct agent *a = &st->agents[s->agent_i];
	struct kind *k = kind_of(st, s->agent_i, s->name);
	uint64_t dur = s->end - s->begin;

	for (size_t i = 0; i < s->n_seg; i++)
		s->ns[s->seg[i].stage] += s->seg[i].to - s->seg[i].from;
	s->missed = s->deadline_ns && dur > s->deadline_ns;
	s->over_budget = s->budget_ns && s->ns[ST_USER] + s->ns[ST_KERNEL] + s->ns[ST_RETURN] > s->budget_ns;
	dist_add(&st->all, dur);
	dist_add(&a->steps, dur);
	dist_add(&k->steps, dur);
	if (a->last_end && s->begin >= a->last_end)
		dist_add(&a->between, s->begin - a->last_end);
	a->last_end = MAX(a->last_end, s->end);
	a->n_deadline_miss += s->missed;
	a->n_budget_miss += s->over_budget;
	k->n_deadline_miss += s->missed;
	for (int i = 0; i < N_STAGES; i++) {
		a->ns[i] += s->ns[i];
		k->ns[i] += s->ns[i];
		st->ns[i] += s->ns[i];
	}
	add_occurrences(st, a, s);
	slow_add(&st->slow, dur, s->ns);
	slow_add(&k->slow, dur, s->ns);
	st->n_all++;
}

void step_free(struct step *s)
{
	free(s->seg);
	free(s->ev);
	free(s);
}

static uint64_t duration(const struct step *s)
{
	return s->end - s->begin;
}

/* Keeps the worst N: kept[] is a heap with the shortest on top until steps_finish() sorts it. */
static void sift_down(struct step **h, size_t n, size_t i)
{
	for (;;) {
		size_t low = i, l = 2 * i + 1, r = l + 1;

		if (l < n && duration(h[l]) < duration(h[low]))
			low = l;
		if (r < n && duration(h[r]) < duration(h[low]))
			low = r;
		if (low == i)
			return;
		struct step *x = h[i];
		h[i] = h[low];
		h[low] = x;
		i = low;
	}
}

void step_keep(struct steps *st, struct step *s)
{
	if (st->o->steps == STEPS_NONE) {
		step_free(s);
		return;
	}
	if (st->o->steps == STEPS_WORST && st->n_kept >= st->o->n_worst) {
		if (!st->n_kept || duration(s) <= duration(st->kept[0])) {
			step_free(s);
			return;
		}
		step_free(st->kept[0]);
		st->kept[0] = s;
		sift_down(st->kept, st->n_kept, 0);
		return;
	}
	GROW(st->kept, st->n_kept, st->cap_kept);
	st->kept[st->n_kept++] = s;
	if (st->o->steps == STEPS_WORST && st->n_kept == st->o->n_worst)
		for (size_t i = st->n_kept / 2 + 1; i-- > 0;)
			sift_down(st->kept, st->n_kept, i);
}
