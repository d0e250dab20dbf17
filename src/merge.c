// SPDX-License-Identifier: GPL-2.0-only
#include "merge.h"

#include <stdlib.h>

void merge_init(struct merge *m, uint32_t n)
{
	*m = (struct merge){ .n = n, .top = MERGE_NONE };
	m->key = xcalloc(2 * (size_t)n, sizeof *m->key);
	for (uint32_t i = 0; i < n; i++)
		m->key[n + i] = (struct merge_key){ MERGE_END, i };
}

void merge_fini(struct merge *m)
{
	free(m->key);
	*m = (struct merge){ .top = MERGE_NONE };
}

/* Without a branch: who wins is not to be predicted. */
static inline bool before(const struct merge_key *a, const struct merge_key *b)
{
	return (a->ts < b->ts) | ((a->ts == b->ts) & (a->stream < b->stream));
}

static void set_top(struct merge *m, const struct merge_key *winner)
{
	m->top = winner->ts == MERGE_END ? MERGE_NONE : winner->stream;
	m->limit = 0;
}

void merge_build(struct merge *m)
{
	struct merge_key *won;

	if (!m->n)
		return;
	won = xmalloc(2 * (size_t)m->n * sizeof *won);
	for (uint32_t i = m->n; i < 2 * m->n; i++)
		won[i] = m->key[i];
	for (uint32_t i = m->n - 1; i; i--) {
		bool left = before(&won[2 * i], &won[2 * i + 1]);

		won[i] = won[2 * i + !left];
		m->key[i] = won[2 * i + left];
	}
	set_top(m, &won[1]);
	free(won);
}

static void find_limit(struct merge *m)
{
	m->limit = MERGE_END;
	for (uint32_t i = (m->top + m->n) / 2; i; i /= 2)
		m->limit = MIN(m->limit, m->key[i].ts);
}

void merge_replay(struct merge *m, uint64_t ts)
{
	struct merge_key w = { ts, m->top };

	for (uint32_t i = (m->top + m->n) / 2; i; i /= 2) {
		struct merge_key *o = &m->key[i];
		uint64_t swap = -(uint64_t)before(o, &w), ts_diff = (o->ts ^ w.ts) & swap;
		uint32_t stream_diff = (o->stream ^ w.stream) & (uint32_t)swap;

		o->ts ^= ts_diff;
		o->stream ^= stream_diff;
		w.ts ^= ts_diff;
		w.stream ^= stream_diff;
	}
	if (w.stream == m->top && w.ts != MERGE_END)
		find_limit(m);
	else
		set_top(m, &w);
}
