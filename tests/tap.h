/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tap: what a unit test needs: checks that print one line of TAP each, with what was got and what was wanted.
 *
 *	int main(void)
 *	{
 *		ok(parse("1", &v), "a digit parses");
 *		is_num(v, 1, "to its value");
 *		is_text(name(v), "one", "and has a name");
 *		return done();
 *	}
 * One file of C per program; no threads. A check returns whether it held, so that a test can stop early.
 */
#ifndef AGENTTOP_TAP_H
#define AGENTTOP_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static unsigned tap_n, tap_failed;

__attribute__((unused, format(printf, 4, 5)))
static bool tap_check(bool good, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	if (!tap_n)
		setvbuf(stdout, NULL, _IOLBF, 0);	/* what was printed before a crash must be seen */
	printf("%sok %u - ", good ? "" : "not ", ++tap_n);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!good) {
		tap_failed++;
		printf("# at %s:%d\n", file, line);
	}
	return good;
}

__attribute__((unused)) static bool tap_note_num(bool good, uint64_t got, uint64_t want)
{
	if (!good)
		printf("#      got: %" PRIu64 " (0x%" PRIx64 ")\n# expected: %" PRIu64 " (0x%" PRIx64 ")\n", got, got, want, want);
	return good;
}

__attribute__((unused)) static void tap_note_text(const char *label, const char *s)
{
	printf("# %s: ", label);
	for (; s && *s; s++)
		printf(*s == '\n' ? "\n#           " : (unsigned char)*s < 0x20 ? "\\x%02x" : "%c", (unsigned char)*s);
	puts(s ? "" : "(NULL)");
}

__attribute__((unused)) static bool tap_text(bool good, const char *got, const char *want)
{
	if (!good) {
		tap_note_text("     got", got);
		tap_note_text("expected", want);
	}
	return good;
}

__attribute__((unused)) static bool tap_same(const char *got, const char *want)
{
	return got == want || (got && want && !strcmp(got, want));
}

__attribute__((unused)) static bool tap_has(const char *got, const char *part)
{
	return got && part && strstr(got, part);
}

#define ok(cond, ...) tap_check((cond), __FILE__, __LINE__, __VA_ARGS__)
/* Integers of any size and sign; both are evaluated once. */
#define is_num(got, want, ...) __extension__ ({ \
	uint64_t tap_g = (uint64_t)(got), tap_w = (uint64_t)(want); \
	tap_note_num(tap_check(tap_g == tap_w, __FILE__, __LINE__, __VA_ARGS__), tap_g, tap_w); })
#define is_text(got, want, ...) __extension__ ({ \
	const char *tap_g = (got), *tap_w = (want); \
	tap_text(tap_check(tap_same(tap_g, tap_w), __FILE__, __LINE__, __VA_ARGS__), tap_g, tap_w); })
#define has_text(got, part, ...) __extension__ ({ \
	const char *tap_g = (got), *tap_w = (part); \
	tap_text(tap_check(tap_has(tap_g, tap_w), __FILE__, __LINE__, __VA_ARGS__), tap_g, tap_w); })
/* Counts as one check that was not made; say why. */
#define skip(...) (printf("ok %u # SKIP ", ++tap_n), printf(__VA_ARGS__), putchar('\n'))
#define note(...) (printf("# "), printf(__VA_ARGS__), putchar('\n'))

/* The plan, at the end: a test that dies before it is seen to be incomplete. Return this from main. */
__attribute__((unused)) static int done(void)
{
	printf("1..%u\n", tap_n);
	return tap_failed != 0;
}

#endif
