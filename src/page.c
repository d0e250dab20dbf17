// SPDX-License-Identifier: GPL-2.0-only
#include "page.h"
#include "decode.h"

#include <stdlib.h>
#include <string.h>

#define MISSED (1u << 31)
#define MISSED_COUNT (1u << 30)
#define COMMIT_MASK ((1u << 27) - 1)
#define DELTA_BITS 27
#define ABS_BITS 59			/* of an absolute time; the rest is that of the time before */

enum { PADDING = 29, TIME_EXTEND = 30, TIME_STAMP = 31 };

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

static uint64_t absolute(uint64_t before, uint64_t v)
{
	uint64_t top = before >> ABS_BITS << ABS_BITS;

	v |= top;
	if (top && v < before && before - v > 1ull << (ABS_BITS - 1))
		v += 1ull << ABS_BITS;
	return v;
}

/* Bytes of the word at p and of what belongs to it, *ts moved on; 0: no sense, or the end of the sub-buffer. */
static size_t walk(const uint8_t *p, size_t left, uint64_t *ts)
{
	uint32_t word = left >= 4 ? get32(p, false) : PADDING, next = left >= 8 ? get32(p + 4, false) : 0;
	uint32_t type, delta;
	size_t n = 8;

	if (host_big_endian())
		word = word << 5 | word >> DELTA_BITS;
	type = word & 31;
	delta = word >> 5;
	if (type == TIME_EXTEND) {
		*ts += ((uint64_t)next << DELTA_BITS) + delta;
	} else if (type == TIME_STAMP) {
		*ts = absolute(*ts, ((uint64_t)next << DELTA_BITS) + delta);
	} else {
		*ts += delta;
		if (type && type < PADDING)
			n = 4 + 4 * (size_t)type;
		else if (type ? next >= 4 && delta : next > 4)
			n = 4 + (((size_t)next + 3) & ~(size_t)3);
		else
			n = 0;
	}
	return n <= left ? n : 0;
}

/* Finds the time of the last event; each byte is walked once. */
static bool walk_to_end(struct page_acc *a)
{
	const uint8_t *data = a->buf + a->head;

	while (a->walked < a->len && !a->closed) {
		size_t n = walk(data + a->walked, a->len - a->walked, &a->ts);

		a->walked += (uint32_t)n;
		a->closed = !n;
	}
	return !a->closed;
}

static bool begin(struct page_acc *a, const uint8_t *page, uint64_t commit)
{
	memcpy(a->buf, page, a->size);
	a->len = (uint32_t)commit & COMMIT_MASK;
	a->walked = 0;
	a->ts = get64(page, false);
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
	uint32_t n = (uint32_t)commit & COMMIT_MASK, count_size;

	if (!n && !(commit & MISSED))
		return true;
	if (!a->used)
		return begin(a, page, commit);
	count_size = commit_of(a, a->buf) & MISSED_COUNT ? a->commit_size : 0;
	if ((commit & MISSED) || a->closed || a->len + (uint64_t)n + count_size > a->size - a->head)
		return false;
	if (!walk_to_end(a) || a->ts != get64(page, false))
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
