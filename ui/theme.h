/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * theme: which colour each style has, on terminals of 256 colours, of 16 or 8, and of none.
 *
 * Owns the themes, the names of styles and colours, and how a user writes them. Does no output: term.c makes the terminal's
 * colours from it. A theme is plain data, made before the screens are opened and not changed after; then any thread may read it.
 *
 * Of the 256 colours the last 240 are the same on every terminal, the first 16 are the user's own: a theme's colours are among
 * the 240, so what they look like, and whether the colour-blind can tell them apart, can be computed (tests/unit/test_theme.c).
 */
#ifndef AGENTTOP_THEME_H
#define AGENTTOP_THEME_H

#include "cells.h"

enum {
	THEME_BOLD = 1, THEME_DIM = 2, THEME_UNDERLINE = 4, THEME_REVERSE = 8
};
struct theme_look {
	int16_t c256;			/* -1: the terminal's own */
	int8_t c16;			/* likewise; 8 to 15 are the bright ones */
	uint8_t attr;			/* THEME_* beside the colour */
};
struct theme {
	unsigned base;			/* number of the theme chosen; zeroes are the default */
	uint32_t own;			/* bit s: style s was given a colour of its own */
	struct theme_look look[N_STYLES];	/* of those */
};

extern const char *const theme_names[];	/* NULL-ended; the first is the default */
extern const char *const theme_styles[N_STYLES];	/* "run", "queue" */

/* Each returns 0, or -EINVAL with the reason in *err, which says what may be written instead; then nothing is changed. */
int theme_choose(struct theme *, const char *name, struct err *);
/* "214 bold", "bright-green", "#e69f00", "default underline"; holds with whatever theme is chosen. */
int theme_set(struct theme *, const char *style, const char *value, struct err *);

bool theme_has_colors(const struct theme *);
struct theme_look theme_look(const struct theme *, unsigned style);
unsigned theme_mono(unsigned style);	/* THEME_* where there are no colours */
uint32_t theme_rgb(int c256);		/* 0xrrggbb, as xterm has it */
/* Is black text easier to read on a ground of this colour than white text? */
bool theme_wants_black(int c256);

/* Borrowed for good; once, before the screens are opened. Without it the default theme is used. */
void theme_use(const struct theme *);
const struct theme *theme_now(void);

#endif
