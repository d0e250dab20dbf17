/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * base: memory that cannot fail, growing arrays, error sentences, time and text.
 *
 * The lowest layer: includes libc only. Any thread may call it; nothing here keeps state but
 * the hook that die() and BUG() run first (it puts the terminal back) and the allocation count.
 */
#ifndef AGENTTOP_BASE_H
#define AGENTTOP_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define NSEC_PER_USEC 1000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_SEC 1000000000ull

/* A sentence for the user, set where an error is found and printed by main.c alone. */
struct err {
	char text[512];
};
/* Sets e->text (e may be NULL) and returns code, so that "return err_set(e, -EINVAL, ...)" reads well. */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF(3, 4);

/* These never return NULL: no memory is die(). Free with free(). */
void *xmalloc(size_t n_bytes);
void *xcalloc(size_t n, size_t size_bytes);
void *xrealloc(void *p, size_t n_bytes);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) PRINTF(1, 2);

/* Makes room for element n of a growing array (pointer, count in use, capacity); new room is zeroed. */
#define GROW(ptr, n, cap) \
	((n) < (cap) ? (void)0 : (void)((ptr) = grow_((ptr), &(cap), (size_t)(n) + 1, sizeof *(ptr))))
void *grow_(void *p, size_t *cap, size_t need, size_t size_bytes);

_Noreturn void die(const char *fmt, ...) PRINTF(1, 2);
_Noreturn void bug_(const char *file, int line, const char *what);
#define BUG(what) bug_(__FILE__, __LINE__, (what))
#define BUG_ON(cond) do { if (unlikely(cond)) bug_(__FILE__, __LINE__, #cond); } while (0)
/* Called once by die() and BUG() before they print; the screen restores the terminal there. */
extern void (*die_hook)(void);

uint64_t clock_ns(clockid_t);		/* what the clock shows, in nanoseconds */
/* "1.23 ms": three significant digits and a unit. Writes into buf (at least 16 bytes), returns buf. */
char *fmt_ns(char *buf, size_t len, uint64_t ns);
/* "123.456789012": seconds with nine places. */
char *fmt_ts(char *buf, size_t len, uint64_t ns);
/* Copies text so that a terminal cannot be harmed: control bytes and broken UTF-8 become \xNN. Always NUL-ends. */
size_t text_clean(char *dst, size_t dst_len, const char *src, size_t src_len);

static inline bool host_big_endian(void)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

/* 64-bit mixing hash for small keys. */
static inline uint64_t hash64(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	x ^= x >> 32;
	return x;
}

#endif
