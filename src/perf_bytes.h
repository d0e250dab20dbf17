/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * perf_bytes: takes numbers and texts off the front of a piece of a recording, never past its end.
 * Once something did not fit, `bad` stays set and everything taken after it is 0 or "": callers check once, at the end.
 */
#ifndef AGENTTOP_PERF_BYTES_H
#define AGENTTOP_PERF_BYTES_H

#include "decode.h"

#include <string.h>

struct bytes {
	const uint8_t *p;
	size_t left;
	bool swap, bad;
};

/* n bytes, or NULL when there are fewer. */
static inline const uint8_t *bytes_take(struct bytes *b, uint64_t n)
{
	const uint8_t *p = b->p;

	if (b->bad || n > b->left) {
		b->bad = true;
		b->left = 0;
		return NULL;
	}
	b->p += n;
	b->left -= (size_t)n;
	return p;
}
static inline uint8_t bytes_u8(struct bytes *b)
{
	const uint8_t *p = bytes_take(b, 1);

	return p ? *p : 0;
}
static inline uint32_t bytes_u32(struct bytes *b)
{
	const uint8_t *p = bytes_take(b, 4);

	return p ? get32(p, b->swap) : 0;
}
static inline uint64_t bytes_u64(struct bytes *b)
{
	const uint8_t *p = bytes_take(b, 8);

	return p ? get64(p, b->swap) : 0;
}
/* A NUL-ended text, the NUL inside; "" when there is no NUL. */
static inline const char *bytes_str(struct bytes *b)
{
	const uint8_t *nul = b->left ? memchr(b->p, 0, b->left) : NULL;
	const uint8_t *p = bytes_take(b, nul ? (uint64_t)(nul - b->p) + 1 : UINT64_MAX);

	return p ? (const char *)p : "";
}
/* The next n bytes as a piece of their own. */
static inline struct bytes bytes_sub(struct bytes *b, uint64_t n)
{
	const uint8_t *p = bytes_take(b, n);

	return (struct bytes){ .p = p, .left = p ? (size_t)n : 0, .swap = b->swap, .bad = !p };
}

#endif
