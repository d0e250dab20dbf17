// SPDX-License-Identifier: GPL-2.0-only
#include "page.h"
#include "decode.h"

#include <stdlib.h>
#include <string.h>

void page_acc_init(struct page_acc *a, uint32_t size, uint32_t commit_size, uint32_t head)
{
	*a = (struct page_acc){ .size = size, .head = head, .commit_size = commit_size, .buf = xmalloc(size) };
}

void page_acc_fini(struct page_acc *a)
{
	free(a->buf);
	*a = (struct page_acc){ 0 };
}

static uint64_t commit_of(const struct page_acc *a, const uint8_t *page)
{
	return a->commit_size == 8 ? get64(page + 8, false) : get32(page + 8, false);
}

static void add_to_commit(struct page_acc *a, uint32_t n)
{
	uint64_t commit = commit_of(a, a->buf) + n;
	uint32_t low = (uint32_t)commit;

	memcpy(a->buf + 8, a->commit_size == 8 ? (void *)&commit : (void *)&low, a->commit_size);
}

/* Finds the time of the last event; each byte is walked once. */
static bool walk_to_end(struct page_acc *a)
{
	const uint8_t *end = a->buf + a->head + a->len;
	uint32_t len;

	a->walk.end = end - a->len % 4;
	while (subbuf_next(&a->walk, &len))
		;
	a->closed = a->walk.p < end;
	return !a->closed;
}

static bool begin(struct page_acc *a, const uint8_t *page, uint64_t commit)
{
	memcpy(a->buf, page, a->size);
	a->len = (uint32_t)(commit & SUBBUF_LEN);
	a->walk = (struct subbuf_walk){ .p = a->buf + a->head, .ts = get64(page, false) };
	a->used = true;
	a->closed = a->len > a->size - a->head;
	return true;
}

/* Puts n bytes behind the data; a count of lost events moves along. */
static void join(struct page_acc *a, const uint8_t *data, uint32_t n, uint32_t count_size)
{
	uint8_t *end = a->buf + a->head + a->len, count[8];

	memcpy(count, end, count_size);
	memcpy(end, data, n);
	memcpy(end + n, count, count_size);
	a->len += n;
	add_to_commit(a, n);
}

bool page_append(struct page_acc *a, const uint8_t *page)
{
	uint64_t commit = commit_of(a, page);
	uint32_t n = (uint32_t)(commit & SUBBUF_LEN), count_size;

	if (!n && !(commit & SUBBUF_MISSED))
		return true;
	if (!a->used)
		return begin(a, page, commit);
	count_size = commit_of(a, a->buf) & SUBBUF_MISSED_COUNT ? a->commit_size : 0;
	if ((commit & SUBBUF_MISSED) || a->closed || a->len + (uint64_t)n + count_size > a->size - a->head)
		return false;
	if (!walk_to_end(a) || a->walk.ts != get64(page, false))
		return false;
	join(a, page + a->head, n, count_size);
	return true;
}

const uint8_t *page_take(struct page_acc *a)
{
	const uint8_t *page = a->used ? a->buf : NULL;

	a->used = false;
	return page;
}
