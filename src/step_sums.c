// SPDX-License-Identifier: GPL-2.0-only
/* Adding steps up: by agent and kind, the slowest of them; live, taking off what leaves the window. */
#include "step_in.h"

#include <stdlib.h>
#include <string.h>

#define HEATS_MAX 64		/* kinds of steps whose latencies over time are kept */

static void agent_fini(struct agent *a)
{
	dist_fini(&a->steps);
	dist_fini(&a->between);
	for (int k = 0; k < N_STAGES; k++)
		dist_fini(&a->stage[k]);
	tally_fini(&a->past);
}

/* When all rows are taken, one without a step in the window gives way: then no step that is kept is of that one. */
uint32_t step_agent(struct steps *st, str_id name, int32_t tgid, int32_t pid, str_id cls)
{
	size_t i;

	for (i = 0; i < st->n_agents; i++)
		if (st->agents[i].name == name && st->agents[i].tgid == tgid) {
			if (cls)
				st->agents[i].cls = cls;
			return (uint32_t)i;
		}
	if (st->n_agents == NAMES_MAX) {
		for (i = 0; i < NAMES_MAX && st->agents[i].steps.n; i++)
			;
		if (i == NAMES_MAX)
			return NAMES_MAX - 1;
		agent_fini(&st->agents[i]);
		timeline_forget_agent(&st->c->m, (uint32_t)i);
	} else {
		GROW(st->agents, st->n_agents, st->cap_agents);
		st->n_agents++;
	}
	st->agents[i] = (struct agent){ .name = name, .tgid = tgid, .comm_pid = pid, .cls = cls };
	return (uint32_t)i;
}

static void slow_fini(struct slow *sl)
{
	for (size_t i = 0; i < SLICES; i++)
		free(sl->slice[i].v);
}

static void kind_fini(struct kind *k)
{
	dist_fini(&k->steps);
	dist_fini(&k->deadlines);
	series_fini(&k->heat);
	slow_fini(&k->slow);
	tally_fini(&k->past);
}

static struct kind *kind_of(struct steps *st, uint32_t agent_i, str_id name)
{
	size_t i;

	for (i = 0; i < st->n_kinds; i++)
		if (st->kinds[i].agent_i == agent_i && st->kinds[i].name == name)
			return &st->kinds[i];
	if (st->n_kinds == NAMES_MAX) {
		for (i = 0; i < NAMES_MAX && st->kinds[i].steps.n; i++)
			;
		if (i == NAMES_MAX)
			return &st->kinds[NAMES_MAX - 1];
		st->n_heats -= st->kinds[i].has_heat;
		kind_fini(&st->kinds[i]);
	} else {
		GROW(st->kinds, st->n_kinds, st->cap_kinds);
		st->n_kinds++;
	}
	st->kinds[i] = (struct kind){ .agent_i = agent_i, .name = name };
	return &st->kinds[i];
}

/* ---- sums ---- */

static void slow_add(struct slow_slice *sl, uint64_t dur, const uint64_t *ns)
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
	size_t left[SLICES];

	memset(ns, 0, N_STAGES * sizeof *ns);
	for (size_t i = 0; i < SLICES; i++)
		left[i] = sl->slice[i].n;
	while (got < want) {
		uint64_t dur = 0;
		bool any = false;

		for (size_t i = 0; i < SLICES; i++)
			if (left[i]) {
				dur = MAX(dur, sl->slice[i].v[left[i] - 1].dur);
				any = true;
			}
		if (!any)
			break;
		for (size_t i = 0; i < SLICES; i++) {
			const struct slow_bucket *b = left[i] ? &sl->slice[i].v[left[i] - 1] : NULL;

			if (!b || b->dur != dur)
				continue;
			left[i]--;
			got += b->n;
			for (int k = 0; k < N_STAGES; k++)
				ns[k] += b->ns[k];
		}
	}
	return got;
}

static void slow_turn(struct slow *sl, unsigned n)
{
	for (; n; n--) {
		struct slow_slice last = sl->slice[SLICES - 1];

		memmove(sl->slice + 1, sl->slice, (SLICES - 1) * sizeof *sl->slice);
		last.n = 0;
		sl->slice[0] = last;
	}
}

/* A kind without steps in the window gives its heat back, so that another may have one. */
static void drop_heat(struct steps *st, struct kind *k)
{
	st->n_heats -= k->has_heat;
	k->has_heat = false;
	series_fini(&k->heat);
}

static struct series *heat_of(struct steps *st, struct kind *k)
{
	if (!k->steps.n && !k->has_heat && st->n_heats < HEATS_MAX) {
		k->has_heat = true;
		st->n_heats++;
		series_init(&k->heat, HEAT_BUCKETS, 0);
	}
	return k->has_heat ? &k->heat : NULL;
}

static void add_occurrences(struct steps *st, struct agent *a, const struct step *s)
{
	for (size_t i = 0; i < s->n_seg;) {
		size_t k = i;

		if (s->seg[i].counted) {	/* one by one, when they were added up */
			i++;
			continue;
		}
		while (k + 1 < s->n_seg && s->seg[k + 1].stage == s->seg[i].stage && !s->seg[k + 1].counted)
			k++;
		dist_add(&st->stage[s->seg[i].stage], s->seg[k].to - s->seg[i].from);
		timeline_stage(&st->c->m, &st->times, s->seg[i].stage, s->seg[k].to - s->seg[i].from, s->seg[k].to);
		dist_add(&a->stage[s->seg[i].stage], s->seg[k].to - s->seg[i].from);
		i = k + 1;
	}
}

static bool trips(const struct opts *o, const struct step *s, uint64_t dur)
{
	for (size_t i = 0; i < o->n_triggers; i++)
		if ((o->trigger[i].stage < 0 ? dur : s->ns[o->trigger[i].stage]) > o->trigger[i].over_ns)
			return true;
	return false;
}

bool steps_triggered(struct ctx *c)
{
	bool t = c->steps->triggered;

	c->steps->triggered = false;
	return t;
}

void step_count(struct steps *st, struct step *s, const struct merged *merged)
{
	struct agent *a = &st->agents[s->agent_i];
	struct kind *k = kind_of(st, s->agent_i, s->name);
	uint64_t dur = s->end - s->begin;

	for (size_t i = 0; i < s->n_seg; i++)
		s->ns[s->seg[i].stage] += s->seg[i].to - s->seg[i].from;
	s->missed = s->deadline_ns && dur > s->deadline_ns;
	st->triggered |= trips(st->o, s, dur);
	s->over_budget = s->budget_ns && s->ns[ST_USER] + s->ns[ST_KERNEL] + s->ns[ST_RETURN] > s->budget_ns;
	timeline_step(&st->c->m, &st->times, s, heat_of(st, k));
	dist_add(&st->all, dur);
	dist_add(&a->steps, dur);
	dist_add(&k->steps, dur);
	if (s->deadline_ns)
		dist_add(&k->deadlines, s->deadline_ns);
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
	for (int i = 0; merged && i < N_STAGES; i++) {
		dist_merge(&st->stage[i], &merged[i].dist);
		dist_merge(&a->stage[i], &merged[i].dist);
		timeline_stage_sums(&st->c->m, &st->times, (unsigned)i, merged[i].heat, s->end);
	}
	slow_add(&st->slow.slice[0], dur, s->ns);
	slow_add(&k->slow.slice[0], dur, s->ns);
}

/* ---- the window moves on ---- */

static void turn_agents(struct steps *st, unsigned n)
{
	for (size_t i = 0; i < st->n_agents; i++) {
		struct agent *a = &st->agents[i];

		dist_turn(&a->steps, n);
		dist_turn(&a->between, n);
		for (int k = 0; k < N_STAGES; k++)
			dist_turn(&a->stage[k], n);
		tally_turn(&a->past, a->sums, ARRAY_LEN(a->sums), n);
	}
	for (size_t i = 0; i < st->n_kinds; i++) {
		struct kind *k = &st->kinds[i];

		dist_turn(&k->steps, n);
		dist_turn(&k->deadlines, n);
		tally_turn(&k->past, k->sums, ARRAY_LEN(k->sums), n);
		slow_turn(&k->slow, n);
		if (!k->steps.n)
			drop_heat(st, k);
	}
}

void step_sums_turn(struct steps *st, unsigned n)
{
	turn_agents(st, n);
	step_harm_turn(st, n);
	dist_turn(&st->all, n);
	for (int k = 0; k < N_STAGES; k++)
		dist_turn(&st->stage[k], n);
	slow_turn(&st->slow, n);
	tally_turn(&st->past, st->sums, ARRAY_LEN(st->sums), n);
}

void step_sums_fini(struct steps *st)
{
	for (size_t i = 0; i < st->n_agents; i++)
		agent_fini(&st->agents[i]);
	for (size_t i = 0; i < st->n_kinds; i++)
		kind_fini(&st->kinds[i]);
	step_harm_fini(st);
	dist_fini(&st->all);
	for (int k = 0; k < N_STAGES; k++)
		dist_fini(&st->stage[k]);
	slow_fini(&st->slow);
	step_times_fini(&st->times);
	tally_fini(&st->past);
	free(st->agents);
	free(st->kinds);
}

/* ---- which are kept ---- */

void step_texts_release(struct steps *st, const struct step *s)
{
	strs_release(steps_strs(st), s->id);
	strs_release(steps_strs(st), s->trace);
	strs_release(steps_strs(st), s->extra);
}

void step_free(struct steps *st, struct step *s)
{
	step_texts_release(st, s);
	free(s->seg);
	free(s->ev);
	free(s);
}

uint64_t step_bytes(const struct step *s)
{
	return sizeof *s + s->n_seg * sizeof *s->seg + s->n_ev * sizeof *s->ev + 128;
}

static uint64_t duration(const struct step *s)
{
	return s->end - s->begin;
}

/* Keeps the worst N of each slice: kept[0] is a heap with the shortest on top until steps_finish() sorts it. */
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

/* A window is full of small steps: their arrays are as long as they need to be. */
static void cut_to_size(struct step *s)
{
	if (s->n_seg)
		s->seg = xrealloc(s->seg, s->n_seg * sizeof *s->seg);
	if (s->n_ev)
		s->ev = xrealloc(s->ev, s->n_ev * sizeof *s->ev);
}

static bool keep_worst(struct steps *st, struct kept *k, struct step *s)
{
	if (k->n < st->o->n_worst)
		return false;
	if (!k->n || duration(s) <= duration(k->v[0])) {
		st->kept_bytes -= step_bytes(s);
		step_free(st, s);
		return true;
	}
	st->kept_bytes -= step_bytes(k->v[0]);
	step_retire(st, k->v[0]);
	k->v[0] = s;
	sift_down(k->v, k->n, 0);
	return true;
}

void step_keep(struct steps *st, struct step *s)
{
	struct kept *k = &st->kept[0];

	if (st->o->steps == STEPS_NONE) {
		step_free(st, s);
		return;
	}
	if (steps_windowed(st))
		cut_to_size(s);
	st->kept_bytes += step_bytes(s);
	if (st->o->steps == STEPS_WORST && keep_worst(st, k, s))
		return;
	GROW(k->v, k->n, k->cap);
	k->v[k->n++] = s;
	if (st->o->steps == STEPS_WORST && k->n == st->o->n_worst)
		for (size_t i = k->n / 2 + 1; i-- > 0;)
			sift_down(k->v, k->n, i);
	step_keep_within_bounds(st);
}
