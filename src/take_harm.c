// SPDX-License-Identifier: GPL-2.0-only
/* Who took the steps' time: the rows that step_harm.c keeps, as a snapshot has them. */
#include "take_in.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((int)HARM_TASK == LEVEL_TASK && (int)HARM_SOFTIRQ == LEVEL_SOFTIRQ && (int)HARM_IRQ == LEVEL_HARDIRQ &&
	       (int)HARM_NMI == LEVEL_NMI, "snapshot.h numbers levels as stage.h does");

static int by_harm(const void *a, const void *b)
{
	const struct harm_row *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	if (x->culprit_i != y->culprit_i)
		return x->culprit_i < y->culprit_i ? -1 : 1;
	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	if (x->stage != y->stage)
		return x->stage < y->stage ? -1 : 1;
	return x->agent_i != y->agent_i ? (x->agent_i < y->agent_i ? -1 : 1) : strcmp(x->agent, y->agent);
}

static int by_sum(const void *a, const void *b)
{
	const struct culprit_row *x = *(const struct culprit_row *const *)a, *y = *(const struct culprit_row *const *)b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	if (x->level != y->level)
		return x->level < y->level ? 1 : -1;
	return x->id != y->id ? (x->id < y->id ? -1 : 1) : strcmp(x->actor, y->actor);
}

/* Numbers of steps ascend as they end, and so do the kept ones. */
static bool is_kept(const struct snapshot *s, uint64_t serial)
{
	size_t lo = 0, hi = s->n_steps;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (s->steps[mid]->serial < serial)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->n_steps && s->steps[lo]->serial == serial;
}

static void take_worst(const struct snapshot *s, const struct culprit *p, struct culprit_row *r)
{
	for (size_t i = 0; i < SLICES; i++) {
		const struct worst_hurt *w = &p->worst[i];

		if (w->ns > r->worst_ns && is_kept(s, w->serial)) {
			r->worst_ns = w->ns;
			r->worst_step = w->serial;
		}
	}
}

static void take_culprit(const struct snapshot *s, const struct culprit *p, struct culprit_row *r)
{
	*r = (struct culprit_row){
		.actor = strs_text(s->strs, p->text), .id = p->by_name || p->others ? UINT32_MAX : p->id, .level = (uint8_t)p->level,
		.others = p->others, .n_steps = p->others ? 0 : p->n_steps,
	};
	take_worst(s, p, r);
}

/* Rows of agents that have no step in the window are not there; the number is that of the engine, as in kind_row. */
static uint32_t agent_of(const struct steps_view *v, const struct harm *h, uint32_t *last)
{
	const struct agent *a = *last < v->n_agents ? &v->agents[*last] : NULL;

	if (a && a->name == h->agent && a->tgid == h->tgid)
		return a->steps.n ? *last : UINT32_MAX;
	for (*last = 0; *last < v->n_agents; ++*last) {
		a = &v->agents[*last];
		if (a->name == h->agent && a->tgid == h->tgid)
			return a->steps.n ? *last : UINT32_MAX;
	}
	return UINT32_MAX;
}

/* Most first; where[] says which row of snapshot.culprits each of the engine's has become. */
static void sort_culprits(struct snapshot *s, struct culprit_row *all, size_t n, uint32_t *where)
{
	struct culprit_row **order = ARENA_NEW(&s->mem, n, struct culprit_row *);

	for (size_t i = 0; i < n; i++)
		order[i] = &all[i];
	if (n)
		qsort(order, n, sizeof *order, by_sum);
	s->culprits = ARENA_NEW(&s->mem, n, struct culprit_row);
	for (size_t i = 0; i < n && order[i]->ns; i++) {
		s->culprits[s->n_culprits++] = *order[i];
		where[order[i] - all] = (uint32_t)i;
	}
}

void take_harms(struct snapshot *s, const struct steps_view *v)
{
	struct culprit_row *all = ARENA_NEW(&s->mem, v->n_culprits, struct culprit_row);
	uint32_t *where = ARENA_NEW(&s->mem, v->n_culprits, uint32_t), last = 0;

	for (size_t i = 0; i < v->n_culprits; i++)
		take_culprit(s, &v->culprits[i], &all[i]);
	for (size_t i = 0; i < v->n_harms; i++)
		if (v->harms[i].id)
			all[v->harms[i].culprit_i].ns += v->harms[i].ns;
	sort_culprits(s, all, v->n_culprits, where);
	s->harms = ARENA_NEW(&s->mem, v->n_harms, struct harm_row);
	for (size_t i = 0; i < v->n_harms; i++) {
		const struct harm *h = &v->harms[i];
		const struct culprit_row *p = h->id ? &all[h->culprit_i] : NULL;

		if (!h->id || !h->ns)
			continue;
		s->harms[s->n_harms++] = (struct harm_row){
			.actor = p->actor, .agent = strs_text(s->strs, h->agent),
			.agent_i = p->others ? UINT32_MAX : agent_of(v, h, &last), .cpu = h->cpu, .id = p->id, .level = p->level,
			.stage = h->stage, .ns = h->ns, .n_steps = p->others ? 0 : h->n_steps, .culprit_i = where[h->culprit_i],
		};
	}
	if (s->n_harms)
		qsort(s->harms, s->n_harms, sizeof *s->harms, by_harm);
}
