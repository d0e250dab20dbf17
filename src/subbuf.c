// SPDX-License-Identifier: GPL-2.0-only
#include "subbuf.h"
#include "decode.h"

#include <string.h>

#define DELTA_BITS 27
#define ABS_BITS 59			/* of an absolute time; the rest is that of the time before */
#define ALIGN4(n) (((n) + 3) & ~(size_t)3)

enum { PADDING = 29, TIME_EXTEND = 30, TIME_STAMP = 31 };

size_t subbuf_used(const uint8_t *page)
{
	return (size_t)(get64(page + 8, false) & SUBBUF_LEN);
}

/* ---- the walk ---- */

static uint32_t get_word(const uint8_t *p)
{
	return subbuf_word(get32(p, false), host_big_endian());
}

static void put_word(uint8_t *p, uint32_t word)
{
	uint32_t raw = subbuf_raw(word, host_big_endian());

	memcpy(p, &raw, 4);
}

/* A clock of real time has more bits than the kernel keeps, and those may just have gone up. */
static uint64_t absolute(uint64_t before, uint64_t v)
{
	uint64_t top = before >> ABS_BITS << ABS_BITS;

	v |= top;
	if (top && v < before && before - v > 1ull << (ABS_BITS - 1))
		v += 1ull << ABS_BITS;
	return v;
}

void subbuf_walk(struct subbuf_walk *w, const uint8_t *page, size_t size)
{
	w->p = page + SUBBUF_HEAD;
	w->end = w->p + (MIN(subbuf_used(page), size - SUBBUF_HEAD) & ~(size_t)3);
	w->ts = get64(page, false);
}

static const uint8_t *give_record(struct subbuf_walk *w, uint32_t delta, uint32_t head, size_t len, uint32_t *len_bytes)
{
	const uint8_t *p = w->p + head;

	w->p = p + len;
	w->ts += delta;
	w->head = head;
	*len_bytes = (uint32_t)len;
	return p;
}

const uint8_t *subbuf_next(struct subbuf_walk *w, uint32_t *len_bytes)
{
	while (w->p < w->end) {
		size_t left = (size_t)(w->end - w->p);
		uint32_t word = get_word(w->p), type = word & 31, delta = word >> 5, next;

		if (likely(type && type < PADDING)) {
			if (4 + 4 * type > left)
				break;
			return give_record(w, delta, 4, 4 * type, len_bytes);
		}
		if (left < 8)
			break;
		next = get32(w->p + 4, false);
		if (type > PADDING) {
			uint64_t v = ((uint64_t)next << DELTA_BITS) + delta;

			w->ts = type == TIME_EXTEND ? w->ts + v : absolute(w->ts, v);
			w->p += 8;
			continue;
		}
		/* the length of a large record, or of padding, counts its own four bytes */
		if (next > left - 4 || (type ? !delta : next <= 4))
			break;
		if (!type)
			return give_record(w, delta, 8, ALIGN4((size_t)next) - 4, len_bytes);
		w->ts += delta;
		w->p += 4 + ALIGN4((size_t)next);
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
	uint64_t commit = get64(page + 8, false);
	size_t behind = SUBBUF_HEAD + (size_t)(commit & SUBBUF_LEN);

	*n = 0;
	if (!(commit & SUBBUF_MISSED))
		return false;
	if ((commit & SUBBUF_MISSED_COUNT) && behind + 8 <= size)
		*n = get64(page + behind, false);
	return true;
}

/* ---- changing it ---- */

/*
 * A record becomes padding of the same length, as the kernel does with one that is discarded: its delta still counts.
 * Without a delta, padding is the end of the page. Only the first record has none for sure, and with one the page begins a
 * nanosecond earlier; of two within a nanosecond the second moves by one.
 */
static void hide(uint8_t *page, uint8_t *at, uint32_t len)
{
	uint32_t delta = get_word(at) >> 5;
	uint64_t ts = get64(page, false) - 1;

	if (!delta && at == page + SUBBUF_HEAD)
		memcpy(page, &ts, 8);
	put_word(at, MAX(delta, 1u) << 5 | PADDING);
	memcpy(at + 4, &len, 4);
}

void subbuf_hide(uint8_t *page, size_t size, uint64_t from, const char *text)
{
	struct subbuf_walk w;
	const uint8_t *record;
	uint32_t len;

	subbuf_walk(&w, page, size);
	while ((record = subbuf_next(&w, &len)))
		if (w.ts < from || (text && memmem(record, len, text, strlen(text))))
			hide(page, page + (record - page) - w.head, w.head - 4 + len);
}

void subbuf_forget_missed(uint8_t *page)
{
	uint64_t commit = get64(page + 8, false) & ~(SUBBUF_MISSED | SUBBUF_MISSED_COUNT);

	memcpy(page + 8, &commit, 8);
}
