/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cells: a grid of (character, style), what every view paints and what the terminal or a dump is made from.
 *
 * Owns the geometry of text: how many columns a character takes, where text is cut, what stands in for a
 * character that an ASCII terminal does not have. Knows no colours (theme.c maps styles to them) and does no
 * output but cells_dump(). All functions clip: coordinates outside the grid are harmless. One thread owns a grid.
 *
 * Coordinates count from 0 at the upper left. A wide character takes two cells: the character, then ch == 0. Of the marks
 * that are drawn on top of a character (accents, vowel signs) a cell keeps the first: a name can be read, and not made a tower.
 */
#ifndef AGENTTOP_CELLS_H
#define AGENTTOP_CELLS_H

#include "base.h"

/* What a piece of text means. Colours are chosen in theme.c alone, and none of them carries a meaning alone. */
enum style {
	STYLE_NORMAL, STYLE_DIM, STYLE_HEAD, STYLE_TITLE, STYLE_KEY, STYLE_NOTE,
	STYLE_GOOD, STYLE_TAIL, STYLE_OVER,		/* against a target: met, missed sometimes, missed */
	/* Families of stages: what kind of time it is. */
	STYLE_RUN, STYLE_KERNEL, STYLE_STEAL, STYLE_OUTSIDE, STYLE_DEVICE, STYLE_IRQ, STYLE_SOFTIRQ,
	STYLE_TIMER, STYLE_PEER, STYLE_QUEUE, STYLE_LOST, STYLE_UNKNOWN,
	N_STYLES,
	STYLE_MASK = 0xff,
	STYLE_SELECTED = 0x100,				/* added to any of them */
	STYLE_BAR = 0x200,				/* text on a ground of the style's colour */
};

struct cell {
	uint32_t ch;
	uint16_t style;
	uint16_t mark;			/* combining character on top of it; 0: none */
};
struct rect {
	int x, y, w, h;
};
/*
 * What a click means in that part of the grid: the action so many times, as if its key had been pressed. A second click in
 * succession means ACT_ENTER on the row that is chosen by then, and where the place has not changed.
 */
enum hit_kind { HIT_KEY, HIT_ROW, HIT_CHOSEN_ROW, HIT_PLACE };
struct hit {
	struct rect r;
	uint16_t action, times;		/* enum action */
	enum hit_kind kind;
};
struct cells {
	int cols, lines;
	struct cell *at;			/* line by line */
	size_t cap;
	struct hit *hits;			/* what was drawn last comes last */
	size_t n_hits, cap_hits;
};
#define CELLS_MAX 2000				/* columns or lines; more is cut */

void cells_resize(struct cells *, int cols, int lines);	/* from { 0 } or any size; leaves it blank */
void cells_clear(struct cells *);
void cells_fini(struct cells *);

/* Puts UTF-8 text in at most w columns, cut with "…" when it does not fit. Returns the columns used. */
int cells_put(struct cells *, int x, int y, int w, unsigned style, const char *text);
int cells_putf(struct cells *, int x, int y, int w, unsigned style, const char *fmt, ...) PRINTF(6, 7);
int cells_put_right(struct cells *, int x, int y, int w, unsigned style, const char *text);
/*
 * Puts text in as many lines as it takes, broken at blanks (a no-break blank, U+00A0, holds together), from its line
 * `skip` on; returns the lines that it takes in whole, seen or not.
 */
int cells_wrap(struct cells *, struct rect, int skip, unsigned style, const char *text);
void cells_char(struct cells *, int x, int y, unsigned style, uint32_t ch);
void cells_fill(struct cells *, struct rect, unsigned style, uint32_t ch);
void cells_mark(struct cells *, struct rect, unsigned bits);	/* adds STYLE_SELECTED and the like */

/* Says what a click means there; what is outside the grid is nowhere. */
void cells_hit(struct cells *, struct rect, unsigned action, unsigned times, enum hit_kind);

/* As text, one line each, blanks at the end of a line left out. */
void cells_dump(const struct cells *, bool ascii, FILE *out);
/* What to show for ch where only ASCII can be: one character for each column. */
char cells_ascii(uint32_t ch);

int cells_width(const char *text);			/* columns of UTF-8 text */
int cells_char_width(uint32_t ch);			/* 0 (combining, or nothing to see), 1 or 2 */
/* Next character of *text, which is moved on; 0 at the end. Broken UTF-8 and controls come out as '?'. */
uint32_t cells_next(const char **text);
int cells_utf8(uint32_t ch, char out[5]);		/* bytes written, without the NUL that ends them */

#endif
