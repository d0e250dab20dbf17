// SPDX-License-Identifier: GPL-2.0-only
#include "subbuf.h"

#include <string.h>

#define MISSED (1ull << 31)
#define MISSED_COUNT (1ull << 30)
#define COMMIT_MASK ((1ull << 27) - 1)
#define TS_TOP (0x1full << 59)		/* an absolute time has 59 bits */
enum { PADDING = 29, TIME_EXTEND = 30, TIME_STAMP = 31 };

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

size_t subbuf_used(const uint8_t *page)
{
	return (size_t)(load64(page + 8) & COMMIT_MASK);
}

void subbuf_walk(struct subbuf_walk *w, const uint8_t *page, size_t size)
{
	w->p = page + SUBBUF_HEAD;
	w->end = w->p + (MIN(subbuf_used(page), size - SUBBUF_HEAD) & ~(size_t)3);
	w->ts = load64(page);
}

static const uint8_t *record(struct subbuf_walk *w, size_t head, size_t len, uint32_t *len_bytes)
{
	const uint8_t *p = w->p + head;

	if (!len || head + len > (size_t)(w->end - w->p)) {
		w->p = w->end;
		return NULL;
	}
	w->p += head + len;
	*len_bytes = (uint32_t)len;
	return p;
}

const uint8_t *subbuf_next(struct subbuf_walk *w, uint32_t *len_bytes)
{
	while (w->p < w->end) {
		size_t left = (size_t)(w->end - w->p);
		uint32_t word = load32(w->p), type = word & 31, delta = word >> 5, next = left >= 8 ? load32(w->p + 4) : 0;

		if (likely(type && type < PADDING)) {
			w->ts += delta;
			return record(w, 4, 4 * type, len_bytes);
		}
		if (left < 8 || (type == PADDING && (!delta || next > left - 4))) {
			w->p = w->end;
			break;
		}
		if (type == TIME_STAMP)
			w->ts = (((uint64_t)next << 27) + delta) | (w->ts & TS_TOP);
		else
			w->ts += type == TIME_EXTEND ? ((uint64_t)next << 27) + delta : delta;
		if (!type)
			return record(w, 8, next > 4 ? ((size_t)next - 4 + 3) & ~(size_t)3 : 0, len_bytes);
		w->p += type == PADDING ? 4 + (((size_t)next + 3) & ~(size_t)3) : 8;
	}
	return NULL;
}

bool subbuf_times(const uint8_t *page, size_t size, uint64_t *from, uint64_t *to)
{
	struct subbuf_walk w;
	uint32_t len;

	subbuf_walk(&w, page, size);
	if (!subbuf_next(&w, &len))
		return false;
	*from = *to = w.ts;
	while (subbuf_next(&w, &len))
		*to = w.ts;
	return true;
}

uint64_t subbuf_count(const uint8_t *page, size_t size)
{
	struct subbuf_walk w;
	uint64_t n = 0;
	uint32_t len;

	subbuf_walk(&w, page, size);
	while (subbuf_next(&w, &len))
		n++;
	return n;
}

bool subbuf_missed(const uint8_t *page, size_t size, uint64_t *n)
{
	uint64_t commit = load64(page + 8);
	size_t behind = SUBBUF_HEAD + (size_t)(commit & COMMIT_MASK);

	*n = 0;
	if (!(commit & MISSED))
		return false;
	if ((commit & MISSED_COUNT) && behind + 8 <= size)
		*n = load64(page + behind);
	return true;
}

/* Only the first record of a page has no delta for sure; of two within a nanosecond the second moves by one. */
static void move_base(uint8_t *page, uint64_t earlier_ns)
{
	uint64_t ts = load64(page) - earlier_ns;

	memcpy(page, &ts, 8);
}

/* A record becomes padding of the same length, as the kernel does with one that is discarded: its delta still counts. */
void subbuf_hide(uint8_t *page, size_t size, uint64_t from, const char *text)
{
	struct subbuf_walk w;
	const uint8_t *record;
	uint32_t len;

	subbuf_walk(&w, page, size);
	while ((record = subbuf_next(&w, &len))) {
		size_t at = (size_t)(record - page);
		uint32_t word, large = 0;

		if (w.ts >= from && !(text && memmem(record, len, text, strlen(text))))
			continue;
		/* the length of a large one stands between its word and its data */
		memcpy(&word, page + at - 4, 4);
		if (at >= SUBBUF_HEAD + 8 && word == len + 4 && (load32(page + at - 8) & 31) == 0) {
			large = 4;
			memcpy(&word, page + at - 8, 4);
		}
		if (word >> 5 == 0) {		/* without a delta, padding is the end of the page: it begins a nanosecond earlier */
			word |= 1u << 5;
			move_base(page, at - large == SUBBUF_HEAD + 4 ? 1 : 0);
		}
		word = (word & ~31u) | PADDING;
		memcpy(page + at - 4 - large, &word, 4);
		len += large;
		memcpy(page + at - large, &len, 4);
	}
}

void subbuf_forget_missed(uint8_t *page)
{
	uint64_t commit = load64(page + 8) & ~(MISSED | MISSED_COUNT);

	memcpy(page + 8, &commit, 8);
}
