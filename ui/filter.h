/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filter: which steps are meant: "agent=planner stage.runqueue>500us lost=0", parsed once into terms that all must hold.
 * Knows no screen; owns nothing but its own bytes, so it may be copied. Pure functions.
 *
 *	filter:	term ...			blanks between; at most FILTER_TERMS
 *	term:	WORD OP VALUE			OP: = != > >= < <= and ~, which is "contains", whatever the case
 *		TEXT				any of the step's texts contains it
 *	WORD:	agent name id class trace	texts
 *		pid cpu lost			numbers; pid: of thread or process; cpu: where some of its time passed
 *		step stage.NAME			times, "500us"
 *		missed budget			1 or 0: missed its deadline, is over its budget
 *		any other			the mark's own word of that name; a text, or with > >= < <= a number
 *	VALUE, TEXT: up to a blank, or in double quotes
 *
 * What a step does not have is the text "". What is not known (CPUs of a step without pieces, a text that should be a
 * number) makes the term fail, whatever its operator.
 */
#ifndef AGENTTOP_FILTER_H
#define AGENTTOP_FILTER_H

#include "snapshot.h"

#define FILTER_TERMS 16
#define FILTER_BYTES 256		/* of an expression, with the NUL */

struct filter_term {
	uint8_t what, op, stage;
	uint16_t key, value;		/* where in words they begin */
	uint64_t num;
	double real;
};
struct filter {
	struct filter_term term[FILTER_TERMS];
	unsigned n;			/* 0: every step matches */
	char text[FILTER_BYTES];	/* as written */
	char words[FILTER_BYTES + 2 * FILTER_TERMS];
};
/* The bytes that an error is about: [from, to) of the text. */
struct filter_place {
	size_t from, to;
};
/* 0, or -EINVAL with what was expected and where; *f is then a filter that matches everything. */
int filter_parse(struct filter *f, const char *text, struct filter_place *, struct err *);
bool filter_match(const struct filter *, const struct snapshot *, const struct step *);
/* Does id, class, trace or one of the mark's own words contain it? word: as filter_fold() made it. */
bool filter_in_own_texts(const struct snapshot *, const struct step *, const char *word);
/* Upper and lower case of ASCII the same: folds word for filter_contains(). */
void filter_fold(char *word);
bool filter_contains(const char *text, const char *word);

#endif
