// SPDX-License-Identifier: GPL-2.0-only
#include "perf_order.h"

#include <stdlib.h>
#include <string.h>

void perf_order_init(struct perf_order *o, struct perf_input *in)
{
	*o = (struct perf_order){ .in = in, .stale = true, .dry = true };
}

/* ---- first in, first out ---- */

static void chunk_add(struct perf_order *o, struct perf_queue *q)
{
	struct perf_chunk *c = o->free;

	if (c)
		o->free = c->next;
	else
		c = xmalloc(sizeof *c);
	c->next = NULL;
	c->head = c->tail = 0;
	if (q->last)
		q->last->next = c;
	else
		q->first = c;
	q->last = c;
	o->n_chunks++;
}

static void queue_put(struct perf_order *o, struct perf_queue *q, const struct perf_item *it)
{
	if (!q->last || q->last->tail == ARRAY_LEN(q->last->v))
		chunk_add(o, q);
	q->last->v[q->last->tail++] = *it;
	q->newest = it->ts;
}

/* The queue must not be empty. */
static void queue_take(struct perf_order *o, struct perf_queue *q, struct perf_item *it)
{
	struct perf_chunk *c = q->first;

	*it = c->v[c->head++];
	if (c->head < c->tail)
		return;
	q->first = c->next;
	if (!q->first)
		q->last = NULL;
	c->next = o->free;
	o->free = c;
	o->n_chunks--;
}

static uint64_t queue_ts(const struct perf_queue *q)
{
	return q->first ? q->first->v[q->first->head].ts : MERGE_END;
}

static struct perf_queue *queue_new(struct perf_order *o, uint32_t cpu)
{
	struct perf_queue *q = xcalloc(1, sizeof *q);
	size_t i;

	q->cpu = cpu;
	GROW(o->q, o->n_q, o->cap_q);
	for (i = o->n_q++; i && o->q[i - 1]->cpu > cpu; i--)
		o->q[i] = o->q[i - 1];
	o->q[i] = q;
	GROW(o->by_cpu, cpu + 1u, o->cap_by_cpu);
	o->by_cpu[cpu + 1u] = q;
	o->stale = true;	/* the queues behind it have moved */
	return q;
}

/* ---- strays ---- */

static bool stray_before(const struct perf_stray *a, const struct perf_stray *b)
{
	return a->item.ts != b->item.ts ? a->item.ts < b->item.ts : a->seq < b->seq;
}

static void heap_put(struct perf_order *o, const struct perf_item *it)
{
	struct perf_stray s = { *it, o->seq++ };
	size_t i, up;

	GROW(o->heap, o->n_heap, o->cap_heap);
	for (i = o->n_heap++; i; i = up) {
		up = (i - 1) / 2;
		if (!stray_before(&s, &o->heap[up]))
			break;
		o->heap[i] = o->heap[up];
	}
	o->heap[i] = s;
}

static void heap_take(struct perf_order *o, struct perf_item *it)
{
	struct perf_stray last = o->heap[--o->n_heap];
	size_t i = 0, down;

	*it = o->heap[0].item;
	for (; (down = 2 * i + 1) < o->n_heap; i = down) {
		if (down + 1 < o->n_heap && stray_before(&o->heap[down + 1], &o->heap[down]))
			down++;
		if (!stray_before(&o->heap[down], &last))
			break;
		o->heap[i] = o->heap[down];
	}
	o->heap[i] = last;
}

static uint64_t heap_ts(const struct perf_order *o)
{
	return o->n_heap ? o->heap[0].item.ts : MERGE_END;
}

/* ---- in ---- */

static uint64_t kept_bytes(const struct perf_order *o)
{
	return o->in->held_bytes + o->n_chunks * sizeof(struct perf_chunk) + o->n_heap * sizeof *o->heap;
}

static uint64_t most_bytes(const struct perf_order *o)
{
	return MIN(MAX(o->n_q * PERF_ORDER_BYTES_CPU, PERF_ORDER_BYTES_MIN), PERF_ORDER_BYTES_MAX);
}

static void put_timed(struct perf_order *o, struct perf_queue *q, const struct perf_item *it)
{
	if (!q->first) {
		o->stale = true;
		queue_put(o, q, it);
	} else if (it->ts >= q->newest) {
		queue_put(o, q, it);
	} else {
		o->stale = true;
		heap_put(o, it);
	}
	o->newest = MAX(o->newest, it->ts);
	if (unlikely(it->ts <= o->limit))
		o->dry = false;
}

static struct perf_queue *queue_of(struct perf_order *o, uint32_t cpu)
{
	uint32_t slot = cpu + 1;	/* CPU_NONE becomes 0 */

	if (likely(slot < o->cap_by_cpu && o->by_cpu[slot]))
		return o->by_cpu[slot];
	return queue_new(o, cpu);
}

bool perf_order_push(struct perf_order *o, const struct perf_item *it)
{
	if (it->cpu != CPU_NONE && it->cpu >= PERF_CPUS_MAX)
		return false;
	perf_block_get(it->b);
	if (unlikely(!it->ts || it->ts == MERGE_END))
		queue_put(o, &o->untimed, it);
	else
		put_timed(o, queue_of(o, it->cpu), it);
	if (unlikely(kept_bytes(o) > most_bytes(o))) {
		o->squeeze = true;
		o->dry = false;
	}
	return true;
}

void perf_order_round(struct perf_order *o)
{
	o->limit = MAX(o->limit, o->next_limit);
	o->next_limit = o->newest;
	o->dry = false;
}

void perf_order_end(struct perf_order *o)
{
	o->ended = true;
	o->dry = false;
}

/* ---- out ---- */

static void rebuild(struct perf_order *o)
{
	if (o->n_merged != o->n_q + 1) {
		merge_fini(&o->merge);
		o->n_merged = o->n_q + 1;
		merge_init(&o->merge, (uint32_t)o->n_merged);
	}
	for (uint32_t i = 0; i < o->n_q; i++)
		merge_set(&o->merge, i, queue_ts(o->q[i]));
	merge_set(&o->merge, (uint32_t)o->n_q, heap_ts(o));
	merge_build(&o->merge);
	o->stale = false;
}

/*
 * With dozens of CPUs a queue's turn comes after dozens of events of others, and what it holds has long left the
 * cache: fetch its next record and the items behind it now.
 */
static void queue_fetch(const struct perf_queue *q)
{
	const struct perf_item *next = &q->first->v[q->first->head];

	__builtin_prefetch(next + 2);
	if (next->b->data) {
		__builtin_prefetch(next->b->data + next->off);
		__builtin_prefetch(next->b->data + next->off + 64);
	}
}

static void take_top(struct perf_order *o, uint32_t top, struct perf_item *it)
{
	struct perf_queue *q;

	if (likely(top < o->n_q)) {
		q = o->q[top];
		queue_take(o, q, it);
		merge_advance(&o->merge, queue_ts(q));
		if (likely(q->first))
			queue_fetch(q);
	} else {
		heap_take(o, it);
		merge_advance(&o->merge, heap_ts(o));
	}
}

bool perf_order_pop(struct perf_order *o, struct perf_item *it)
{
	uint64_t ts;
	uint32_t top;

	if (o->dry)
		return false;
	if (o->stale)
		rebuild(o);
	top = merge_top(&o->merge);
	ts = top < o->n_q ? queue_ts(o->q[top]) : heap_ts(o);
	if (unlikely(o->squeeze))
		o->squeeze = kept_bytes(o) > most_bytes(o) / 2;
	o->dry = !o->ended && !o->squeeze && (ts > o->limit || top == MERGE_NONE);
	if (o->dry)
		return false;
	if (unlikely(o->untimed.first)) {
		queue_take(o, &o->untimed, it);
		it->ts = top == MERGE_NONE ? 0 : ts;
		return true;
	}
	o->dry = top == MERGE_NONE;
	if (o->dry)
		return false;
	take_top(o, top, it);
	return true;
}

/* ---- the end ---- */

static void queue_drop(struct perf_order *o, struct perf_queue *q)
{
	struct perf_item it;

	while (q->first) {
		queue_take(o, q, &it);
		perf_block_put(o->in, it.b);
	}
}

void perf_order_fini(struct perf_order *o)
{
	struct perf_chunk *c;

	for (size_t i = 0; i < o->n_q; i++) {
		queue_drop(o, o->q[i]);
		free(o->q[i]);
	}
	queue_drop(o, &o->untimed);
	for (size_t i = 0; i < o->n_heap; i++)
		perf_block_put(o->in, o->heap[i].item.b);
	while ((c = o->free)) {
		o->free = c->next;
		free(c);
	}
	free(o->q);
	free(o->by_cpu);
	free(o->heap);
	merge_fini(&o->merge);
}
