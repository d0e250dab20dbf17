// SPDX-License-Identifier: GPL-2.0-only
#include "matches.h"

#include <stdlib.h>
#include <string.h>

static void add_step(struct match_kind *k, const struct step *st)
{
	k->n_missed += st->missed;
	k->any_deadline |= st->deadline_ns > 0;
	for (unsigned i = 0; i < N_STAGES; i++)
		k->stage_ns[i] += st->ns[i];
}

static void find_hits(struct matches *m, const struct filter *f, const struct kinds *k, const struct snapshot *s,
		      struct dist *dist)
{
	m->n_hit = 0;
	for (size_t i = 0; i < s->n_steps; i++) {
		m->hit[i] = filter_match(f, s, s->steps[i]);
		if (!m->hit[i])
			continue;
		m->n_hit++;
		if (k->step[i].kind < s->n_kinds) {
			dist_add(dist + k->step[i].kind, k->step[i].ns);
			add_step(m->kind + k->step[i].kind, s->steps[i]);
		}
	}
}

/* The stage with the most time in the slowest 1 % of those that match, and how much of a step that is. */
static void find_worst(struct matches *m, const struct kinds *k, const struct snapshot *s)
{
	struct worst {
		uint64_t n, ns[N_STAGES];
	} *worst = xcalloc(MAX(s->n_kinds, 1u), sizeof *worst);

	for (size_t i = 0; i < s->n_steps; i++) {
		uint32_t kind = k->step[i].kind;

		if (!m->hit[i] || kind >= s->n_kinds || k->step[i].ns < m->kind[kind].steps.p99)
			continue;
		worst[kind].n++;
		for (unsigned j = 0; j < N_STAGES; j++)
			worst[kind].ns[j] += s->steps[i]->ns[j];
	}
	for (size_t i = 0; i < s->n_kinds; i++) {
		struct match_kind *mk = m->kind + i;

		for (unsigned j = 0; j < N_STAGES; j++)
			if (worst[i].ns[j] > worst[i].ns[mk->worst_stage])
				mk->worst_stage = (uint8_t)j;
		mk->worst_ns = worst[i].n ? worst[i].ns[mk->worst_stage] / worst[i].n : 0;
	}
	free(worst);
}

void matches_update(struct matches *m, const struct filter *f, const struct kinds *k, const struct snapshot *s)
{
	struct dist *dist = xcalloc(MAX(s->n_kinds, 1u), sizeof *dist);

	m->n = s->n_steps;
	if (s->n_steps)
		GROW(m->hit, s->n_steps - 1, m->cap);
	if (s->n_kinds) {
		GROW(m->kind, s->n_kinds - 1, m->cap_kinds);
		memset(m->kind, 0, s->n_kinds * sizeof *m->kind);
	}
	find_hits(m, f, k, s, dist);
	for (size_t i = 0; i < s->n_kinds; i++) {
		m->kind[i].steps = dist_quant(dist + i);
		dist_fini(dist + i);
	}
	free(dist);
	find_worst(m, k, s);
}

void matches_fini(struct matches *m)
{
	free(m->hit);
	free(m->kind);
	*m = (struct matches){ 0 };
}

size_t matches_worst(const struct matches *m, const struct kinds *k, uint32_t kind)
{
	size_t best = k->n_steps;

	for (size_t i = 0; i < k->n_steps; i++) {
		const struct kept *a = k->step + i, *b = k->step + best;

		if (!m->hit[i] || a->kind != kind)
			continue;
		if (best == k->n_steps || a->has_segments > b->has_segments ||
		    (a->has_segments == b->has_segments && a->ns > b->ns))
			best = i;
	}
	return best;
}
