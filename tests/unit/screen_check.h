/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * screen_check: what tests of the screens have in common: a snapshot's screen as text, checks of what it says, and dice
 * for a monkey at the keys. The dice fall the same way each time; a test sets dice_seed to have throws of its own.
 */
#ifndef AGENTTOP_SCREEN_CHECK_H
#define AGENTTOP_SCREEN_CHECK_H

#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "tap.h"

static uint64_t dice_seed;

/* Empty when it cannot be drawn. The caller frees it. */
__attribute__((unused)) static char *screen(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys, bool ascii)
{
	struct err e = { "" };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (ui_screen_dump(s, cols, lines, keys, ascii, f, &e))
		note("%s", e.text);
	fclose(f);
	return text;
}

__attribute__((unused)) static void has(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys,
					 const char *part, const char *what)
{
	char *got = screen(s, cols, lines, keys, false);

	has_text(got, part, "%s", what);
	free(got);
}

__attribute__((unused)) static void has_not(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys,
					     const char *part, const char *what)
{
	char *got = screen(s, cols, lines, keys, false);

	if (!ok(!strstr(got, part), "%s", what))
		tap_note_text("got", got);
	free(got);
}

/* Below n. */
__attribute__((unused)) static unsigned dice(unsigned n)
{
	dice_seed = hash64(dice_seed + 0x9e3779b97f4a7c15ull);
	return (unsigned)(dice_seed >> 20) % n;
}

#endif
