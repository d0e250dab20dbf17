// SPDX-License-Identifier: GPL-2.0-only
/* Steps that have left the window or are too many to keep are forgotten, and those that never end. */
#include "step_in.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#define KEPT_BYTES_MAX (128ull << 20)	/* of steps with their segments: more is a rate that nobody looks through */
#define OLD_OPEN_MAX 1024		/* steps open for longer than the window */

/* ---- steps that have ended ---- */

void step_retire(struct steps *st, struct step *s)
{
	if (s->serial > st->n_shown) {
		step_free(st, s);
		return;
	}
	GROW(st->grave, st->n_grave, st->cap_grave);
	st->grave[st->n_grave++] = s;
}

void steps_shown(struct ctx *c)
{
	c->steps->n_shown = c->steps->serial;
}

void steps_bury(struct ctx *c)
{
	struct steps *st = c->steps;

	for (size_t i = 0; i < st->n_grave; i++)
		step_free(st, st->grave[i]);
	st->n_grave = 0;
}

static void evict(struct steps *st, struct kept *k)
{
	st->kept_bytes -= step_bytes(k->v[k->first]);
	step_retire(st, k->v[k->first++]);
}

void steps_lost(struct ctx *c, uint64_t from, uint64_t to)
{
	struct steps *st = c->steps;

	for (size_t k = 0; k < SLICES; k++)
		for (size_t i = st->kept[k].n; i-- > st->kept[k].first;) {
			struct step *s = st->kept[k].v[i];

			if (s->end > from && s->begin < to) {
				s->n_lost++;
				segments_doubt(s->seg, s->n_seg, from, to);
			} else if (s->end <= from && st->o->steps == STEPS_ALL) {
				return;		/* by end: those before ended earlier still */
			}
		}
}

/* What ended before the window begins goes; its place is the new slice's. */
static void turn_kept(struct steps *st)
{
	struct kept last = st->kept[SLICES - 1];

	while (last.first < last.n)
		evict(st, &last);
	memmove(st->kept + 1, st->kept, (SLICES - 1) * sizeof *st->kept);
	last.first = last.n = 0;
	st->kept[0] = last;
}

/* Of all steps of a recording so much is kept that the machine goes on. */
static uint64_t kept_bytes_max(const struct steps *st)
{
	static uint64_t part;
	struct sysinfo i;

	if (steps_windowed(st))
		return KEPT_BYTES_MAX;
	if (!part)
		part = MAX(sysinfo(&i) ? 0 : (uint64_t)i.totalram * i.mem_unit / 4, KEPT_BYTES_MAX);
	return part;
}

/* The tables count them all the same. */
static void evict_crowd(struct steps *st, uint64_t max)
{
	for (size_t k = SLICES; k-- > 0;)
		while (st->kept_bytes > max && st->kept[k].first < st->kept[k].n) {
			evict(st, &st->kept[k]);
			st->n_evicted++;
		}
}

void step_keep_within_bounds(struct steps *st)
{
	if (unlikely(st->kept_bytes > KEPT_BYTES_MAX) && st->o->steps == STEPS_ALL && st->kept_bytes > kept_bytes_max(st))
		evict_crowd(st, kept_bytes_max(st));
}

/* ---- steps that never end ---- */

static void give_up(struct steps *st, struct open_step *s)
{
	step_marks_unlink(st, s);
	step_drop(st, s);
	st->n_given_up++;
}

/* Another thread of its process may still end an asynchronous step. */
static bool nobody_left(const struct steps *st, const struct open_step *s)
{
	const struct task *leader = model_task_known(&st->c->m, s->s.tgid);

	return task_is_gone(s->t) && (s->by != BY_ASYNC || !leader || task_is_gone(leader));
}

static int by_serial(const void *a, const void *b)
{
	const struct open_step *x = *(struct open_step *const *)a, *y = *(struct open_step *const *)b;

	return x->s.serial < y->s.serial ? -1 : 1;
}

static void drop_endless(struct steps *st, uint64_t window_begin)
{
	struct open_step **old = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < st->n_open; i++)
		if (st->open[i]->s.begin < window_begin) {
			GROW(old, n, cap);
			old[n++] = st->open[i];
		}
	if (n > OLD_OPEN_MAX)
		qsort(old, n, sizeof *old, by_serial);
	for (size_t i = 0; i < n; i++)
		if (i + OLD_OPEN_MAX < n || nobody_left(st, old[i]))
			give_up(st, old[i]);
	free(old);
}

/* ---- the window moves on ---- */

void steps_settle(struct ctx *c)
{
	struct steps *st = c->steps;

	for (size_t i = 0; i < st->n_open; i++)
		step_settle(st, st->open[i]->t);
}

uint64_t steps_turn(struct ctx *c, uint64_t at, unsigned n)
{
	struct steps *st = c->steps;
	uint64_t back = (SLICES - 1) * c->m.slice_ns, oldest = UINT64_MAX;

	drop_endless(st, at - MIN(at, back));
	steps_settle(c);
	for (unsigned i = 0; i < n; i++)
		turn_kept(st);
	step_sums_turn(st, n);
	step_marks_turn(st);
	step_who_turn(st);
	for (size_t i = 0; i < st->n_open; i++)
		oldest = MIN(oldest, st->open[i]->s.begin);
	return oldest;
}

/* ---- texts in use ---- */

static void hold_segments(struct strs *strs, const struct segment *seg, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		strs_hold(strs, seg[i].actor);
		strs_hold(strs, seg[i].peer);
		strs_hold(strs, seg[i].who);
	}
}

static void hold_step(struct strs *strs, const struct step *s)
{
	strs_hold(strs, s->agent);
	strs_hold(strs, s->name);
	strs_hold(strs, s->cls);
	hold_segments(strs, s->seg, s->n_seg);
}

void steps_hold_texts(struct ctx *c)
{
	struct steps *st = c->steps;
	struct strs *strs = c->m.strs;

	for (size_t k = 0; k < SLICES; k++)
		for (size_t i = st->kept[k].first; i < st->kept[k].n; i++)
			hold_step(strs, st->kept[k].v[i]);
	for (size_t i = 0; i < st->n_open; i++) {
		hold_step(strs, &st->open[i]->s);
		hold_segments(strs, st->open[i]->seg, st->open[i]->n_seg);
	}
	for (size_t i = 0; i < c->m.n_tasks; i++) {
		const struct trail *tr = c->m.tasks[i]->trail;

		if (!tr)
			continue;
		hold_segments(strs, tr->seg, tr->n_seg);
		for (size_t k = 0; k < tr->n_whose; k++)
			strs_hold(strs, tr->whose[k].agent);
	}
	for (size_t i = 0; i < st->n_agents; i++) {
		strs_hold(strs, st->agents[i].name);
		strs_hold(strs, st->agents[i].cls);
	}
	for (size_t i = 0; i < st->n_kinds; i++)
		strs_hold(strs, st->kinds[i].name);
	for (size_t i = 0; i < st->n_culprits; i++)
		strs_hold(strs, st->culprits[i].text);
	for (size_t i = 0; i < st->n_harms; i++)
		strs_hold(strs, st->harms[i].agent);
}
