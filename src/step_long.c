// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps that last: their past in bounded memory.
 *
 * A trail drops what no open step needs. Live, when steps are open on it for so long that it still grows, they take their
 * parts of it; and a step that has taken very many pieces keeps the longest of them as they are, with their evidence. The
 * short ones between two of those are added up: one segment for each stage, actor, gate and CPU, that says how many pieces
 * it stands for (n_merged). The segments still tile the step and every sum over them is exact; in which order the short
 * pieces came is lost, and their evidence. How long each one was goes to a distribution of the step's own before.
 *
 *	pieces    [user 3 ms] k u k i u k [runqueue 1 ms] u k u k ...
 *	kept      [user 3 ms] k*3 u*2 i   [runqueue 1 ms] u*2 k*2 ...
 *
 * Neighbouring pieces of one stage are one occurrence of it, kept or added up as a whole. One that is kept and has very
 * many pieces itself (a wait for the CPU while hundreds of others had it) is added up in its place, by who had it.
 */
#include "step_in.h"

#include <stdlib.h>
#include <string.h>

#define PIECES_MAX 8192		/* of a step, before the short ones are added up */
#define PIECES_LEFT (PIECES_MAX / 2)
#define PIECES_OF_ONE 32	/* of one occurrence that is kept */

void step_long_fini(struct open_step *s)
{
	for (int k = 0; s->merged && k < N_STAGES; k++)
		dist_fini(&s->merged[k].dist);
	free(s->merged);
	s->merged = NULL;
}

/* ---- occurrences ---- */

static size_t occurrence_end(const struct open_step *s, size_t i)
{
	size_t k = i + 1;

	while (!s->seg[i].counted && k < s->n_seg && s->seg[k].stage == s->seg[i].stage && !s->seg[k].counted)
		k++;
	return k;
}

static uint64_t length(const struct open_step *s, size_t from, size_t to)
{
	return s->seg[to - 1].to - s->seg[from].from;
}

static int longest_first(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x > *y ? -1 : *x < *y;
}

/* Occurrences as long as this or longer are kept: about n of them. */
static uint64_t limit_of(const struct open_step *s, size_t n)
{
	uint64_t *len = xmalloc(s->n_seg * sizeof *len), limit;
	size_t n_len = 0;

	for (size_t i = 0; i < s->n_seg;) {
		size_t end = occurrence_end(s, i);

		if (!s->seg[i].counted)
			len[n_len++] = length(s, i, end);
		i = end;
	}
	if (n_len)
		qsort(len, n_len, sizeof *len, longest_first);
	limit = n && n_len > n ? len[n - 1] + 1 : n ? 0 : UINT64_MAX;
	free(len);
	return limit;
}

/* ---- adding up ---- */

struct merge {
	struct open_step *s;
	struct segment *out;
	size_t n_out, cap_out, group;		/* group: first of the sums that are being made */
	struct evidence *ev;
	size_t n_ev, cap_ev;
	bool coarse;				/* by stage alone: actors are too many */
};

static void put_kept(struct merge *m, const struct segment *seg)
{
	GROW(m->out, m->n_out, m->cap_out);
	m->out[m->n_out] = *seg;
	m->out[m->n_out++].ev = (uint32_t)m->n_ev;
	for (uint32_t i = 0; i < seg->n_ev; i++) {
		GROW(m->ev, m->n_ev, m->cap_ev);
		m->ev[m->n_ev++] = m->s->ev[seg->ev + i];
	}
}

static bool same_group(const struct merge *m, const struct segment *a, const struct segment *b)
{
	return a->stage == b->stage &&
	       (m->coarse || (a->actor == b->actor && a->peer == b->peer && a->who == b->who && a->gate == b->gate &&
			      a->cpu == b->cpu && a->confidence == b->confidence));
}

/* While a group of sums is made, from is 0 and to the sum. */
static void add_up(struct merge *m, const struct segment *seg, bool counted)
{
	struct segment *g;
	size_t i = m->group;

	while (i < m->n_out && !same_group(m, &m->out[i], seg))
		i++;
	if (i == m->n_out) {
		GROW(m->out, m->n_out, m->cap_out);
		m->out[m->n_out++] = *seg;
		g = &m->out[i];
		g->from = g->to = 0;
		g->n_ev = 0;
		g->ev = 0;
		g->n_merged = 0;
		if (m->coarse) {
			g->actor = g->peer = g->who = g->gate = 0;
			g->cpu = CPU_NONE;
		}
	}
	g = &m->out[i];
	g->to += seg->to - seg->from;
	g->confidence = MAX(g->confidence, seg->confidence);
	g->n_merged += MIN(MAX((uint32_t)seg->n_merged, 1u), (uint32_t)INT32_MAX - g->n_merged);
	g->counted = counted;
}

static int by_stage(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	if (x->stage != y->stage)
		return x->stage < y->stage ? -1 : 1;
	return x->to != y->to ? (x->to > y->to ? -1 : 1) : 0;
}

/* The group is complete: its sums take the place of what they were made from. */
static void end_group(struct merge *m, uint64_t from)
{
	size_t n = m->n_out - m->group;

	if (n)
		qsort(m->out + m->group, n, sizeof *m->out, by_stage);
	for (size_t i = m->group; i < m->n_out; i++) {
		m->out[i].from = from;
		from = m->out[i].to += from;
	}
	m->group = m->n_out;
}

static void count_piece(struct open_step *s, uint8_t stage, uint64_t len)
{
	if (!s->merged)
		s->merged = xcalloc(N_STAGES, sizeof *s->merged);
	dist_add(&s->merged[stage].dist, len);
	s->merged[stage].heat[heat_bucket(len)]++;
}

/* One occurrence as it is, or its pieces added up in its place. */
static void keep(struct merge *m, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (to - from > PIECES_OF_ONE)
			add_up(m, &m->s->seg[i], false);
		else
			put_kept(m, &m->s->seg[i]);
	if (to - from > PIECES_OF_ONE)
		end_group(m, m->s->seg[from].from);
	m->group = m->n_out;
}

/* Keeps about n_longest occurrences. Returns how many pieces there would be, at least; with `write` it is done. */
static size_t merge(struct open_step *s, size_t n_longest, bool coarse, bool write)
{
	struct merge m = { .s = s, .coarse = coarse };
	uint64_t limit = limit_of(s, n_longest), group_from = s->seg[0].from;

	for (size_t i = 0; i < s->n_seg && (write || m.n_out <= PIECES_LEFT);) {
		size_t end = occurrence_end(s, i);

		/* the last one may go on */
		if ((!s->seg[i].counted && length(s, i, end) >= limit) || end == s->n_seg) {
			end_group(&m, group_from);
			keep(&m, i, end);
			group_from = s->seg[end - 1].to;
		} else {
			if (write && !s->seg[i].counted)
				count_piece(s, s->seg[i].stage, length(s, i, end));
			for (size_t k = i; k < end; k++)
				add_up(&m, &s->seg[k], true);
		}
		i = end;
	}
	if (write) {
		free(s->seg);
		free(s->ev);
		s->seg = m.out;
		s->n_seg = m.n_out;
		s->cap_seg = m.cap_out;
		s->ev = m.ev;
		s->n_ev = m.n_ev;
		s->cap_ev = m.cap_ev;
	} else {
		free(m.out);
		free(m.ev);
	}
	return m.n_out;
}

static void shorten(struct steps *st, struct open_step *s)
{
	static const struct {
		size_t n_longest;
		bool coarse;
	} ways[] = { { PIECES_LEFT / 8, false }, { PIECES_LEFT / 64, false }, { PIECES_LEFT / 64, true } };
	size_t way = 0;

	while (way + 1 < ARRAY_LEN(ways) && merge(s, ways[way].n_longest, ways[way].coarse, false) > PIECES_LEFT)
		way++;
	st->n_merged += !s->merged;
	merge(s, ways[way].n_longest, ways[way].coarse, true);
}

/* ---- trails ---- */

static uint64_t needed_from(const struct steps *st, const struct trail *tr)
{
	uint64_t from = tr->done;

	for (size_t i = 0; i < st->n_open; i++)
		if (st->open[i]->t == tr->t)
			from = MIN(from, st->open[i]->piece_from);
	return from;
}

void step_shorten_trail(struct steps *st, struct trail *tr)
{
	trail_trim(tr, needed_from(st, tr));
	if (tr->n_seg > TRAIL_LOOK / 2 && steps_windowed(st)) {
		for (size_t i = 0; i < st->n_open; i++) {
			struct open_step *s = st->open[i];

			if (s->t != tr->t)
				continue;
			step_take(s, tr->done);
			if (s->n_seg > PIECES_MAX)
				shorten(st, s);
		}
		trail_trim(tr, tr->done);
	}
	tr->look_at = MAX((size_t)TRAIL_LOOK, 2 * tr->n_seg);
}
