// SPDX-License-Identifier: GPL-2.0-only
#include "keep.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct stream {
	struct keep_page *first, *last;
	bool dropped;		/* something before `first` was there */
};
struct keep {
	pthread_mutex_t lock;
	struct stream *stream;
	uint32_t n_streams;
	size_t page_size;
	uint64_t window_ns, max_bytes, n_bytes, newest;
};

struct keep *keep_new(uint32_t n_streams, size_t page_size, uint64_t window_ns, uint64_t max_bytes)
{
	struct keep *k = xcalloc(1, sizeof *k);

	pthread_mutex_init(&k->lock, NULL);
	k->stream = xcalloc(n_streams, sizeof *k->stream);
	k->n_streams = n_streams;
	k->page_size = page_size;
	k->window_ns = window_ns;
	k->max_bytes = max_bytes;
	return k;
}

static void put(struct keep_page *p)
{
	if (!--p->refs)
		free(p);
}

static void drop_first(struct keep *k, struct stream *s)
{
	struct keep_page *p = s->first;

	s->first = p->next;
	if (!s->first)
		s->last = NULL;
	s->dropped = true;
	k->n_bytes -= k->page_size;
	put(p);
}

void keep_free(struct keep *k)
{
	if (!k)
		return;
	for (uint32_t i = 0; i < k->n_streams; i++)
		while (k->stream[i].first)
			drop_first(k, &k->stream[i]);
	pthread_mutex_destroy(&k->lock);
	free(k->stream);
	free(k);
}

static struct stream *oldest(struct keep *k)
{
	struct stream *best = NULL;

	for (uint32_t i = 0; i < k->n_streams; i++)
		if (k->stream[i].first && (!best || k->stream[i].first->to < best->first->to))
			best = &k->stream[i];
	return best;
}

static void trim(struct keep *k, struct stream *s)
{
	uint64_t since = k->newest > k->window_ns ? k->newest - k->window_ns : 0;

	while (s->first && s->first->to < since)
		drop_first(k, s);
	while (k->n_bytes > k->max_bytes && (s = oldest(k)))
		drop_first(k, s);
}

void keep_add(struct keep *k, uint32_t stream, uint64_t from, uint64_t to, const uint8_t *page)
{
	struct stream *s = &k->stream[stream];
	struct keep_page *p = xmalloc(sizeof *p + k->page_size);

	*p = (struct keep_page){ .from = from, .to = to, .stream = stream, .refs = 1 };
	memcpy(p->page, page, k->page_size);
	pthread_mutex_lock(&k->lock);
	if (s->last)
		s->last->next = p;
	else
		s->first = p;
	s->last = p;
	k->n_bytes += k->page_size;
	k->newest = MAX(k->newest, to);
	trim(k, s);
	pthread_mutex_unlock(&k->lock);
}

void keep_size(struct keep *k, uint64_t *ns, uint64_t *bytes)
{
	uint64_t since = 0, first = UINT64_MAX;

	pthread_mutex_lock(&k->lock);
	for (uint32_t i = 0; i < k->n_streams; i++)
		if (k->stream[i].first) {
			first = MIN(first, k->stream[i].first->from);
			if (k->stream[i].dropped)
				since = MAX(since, k->stream[i].first->from);
		}
	since = since ? since : first;
	*ns = k->newest > since ? MIN(k->newest - since, k->window_ns) : 0;
	*bytes = k->n_bytes;
	pthread_mutex_unlock(&k->lock);
}

void keep_take(struct keep *k, struct keep_list *lists)
{
	uint64_t since;

	memset(lists, 0, k->n_streams * sizeof *lists);
	pthread_mutex_lock(&k->lock);
	since = k->newest > k->window_ns ? k->newest - k->window_ns : 0;
	for (uint32_t i = 0; i < k->n_streams; i++)
		for (struct keep_page *p = k->stream[i].first; p; p = p->next) {
			if (p->to < since)
				continue;
			GROW(lists[i].v, lists[i].n, lists[i].cap);
			lists[i].v[lists[i].n++] = p;
			p->refs++;
		}
	pthread_mutex_unlock(&k->lock);
}

void keep_release(struct keep *k, struct keep_list *lists)
{
	pthread_mutex_lock(&k->lock);
	for (uint32_t i = 0; i < k->n_streams; i++) {
		for (size_t j = 0; j < lists[i].n; j++)
			put(lists[i].v[j]);
		free(lists[i].v);
		lists[i] = (struct keep_list){ 0 };
	}
	pthread_mutex_unlock(&k->lock);
}
