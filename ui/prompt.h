/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * prompt: one line of text that a person types: editing keys, what was typed before, and how it looks.
 *
 * Owns the text, the cursor in it and the lines typed before. Knows neither what the text means nor who asked for it:
 * what is wrong with it, and where, is told to prompt_draw(). The cursor is a byte of the text and stands before a
 * character that takes columns, or at the end: an accent goes with what it is drawn on. One thread.
 */
#ifndef AGENTTOP_PROMPT_H
#define AGENTTOP_PROMPT_H

#include "cells.h"

#define PROMPT_BYTES 256		/* with the NUL */
#define PROMPT_PAST 50

/* Lines typed before into prompts of one kind; zeroed at first. */
struct prompt_past {
	char *line[PROMPT_PAST];	/* oldest first */
	unsigned n;
};
void prompt_past_fini(struct prompt_past *);

struct prompt {
	char text[PROMPT_BYTES];
	size_t len, cursor;
	struct prompt_past *past;	/* may be NULL */
	unsigned past_i;		/* which of them is shown; past->n: none */
	char draft[PROMPT_BYTES];	/* what was being typed before that */
};
/* What is wrong with the text: a sentence about its bytes [from, to). */
struct slip {
	struct err e;			/* e.text "": nothing */
	size_t from, to;
};
enum prompt_result { PROMPT_NOTHING, PROMPT_MOVED, PROMPT_CHANGED, PROMPT_ACCEPT, PROMPT_LEAVE };

/* Begins with text; past is borrowed. */
void prompt_begin(struct prompt *, const char *text, struct prompt_past *past);
/* A key (action.h). Characters that say something elsewhere are plain ones here. */
enum prompt_result prompt_key(struct prompt *, uint32_t key);
/* The text was good: the next prompt of this kind can have it back. */
void prompt_keep(struct prompt *);
/*
 * "label: text" in w columns of line y, moved so that the cursor is seen. On the line before it what is wrong, with an arrow
 * to where; else hint.
 */
void prompt_draw(const struct prompt *, struct cells *, int x, int y, int w, const char *label, const char *hint,
		 const struct slip *);

#endif
