/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table: rows under headings. One description of the columns serves drawing, sorting and the choice of
 * what is left out on a narrow screen. Knows nothing of what the rows are; holds no data.
 */
#ifndef AGENTTOP_TABLE_H
#define AGENTTOP_TABLE_H

#include "action.h"
#include "cells.h"
#include "snapshot.h"

struct column {
	const char *title;
	const char *help;
	uint8_t width, max_width;	/* columns at the least; up to max_width when there is room (0: never wider) */
	uint8_t drop;			/* the highest goes first when there is no room; 0 stays */
	uint8_t right;			/* set to the right */
	uint8_t sort;			/* may be sorted by; numbers biggest first, texts from A */
	/*
	 * Its name in a CSV: "p99_ns"; of times it ends in _ns, which is what they are. "*_ns": a column for each stage, for
	 * FIELD_STAGES. "": not there. NULL: the title in small letters.
	 */
	const char *csv;
};

enum field_kind { FIELD_BLANK, FIELD_UNKNOWN, FIELD_TEXT, FIELD_TIME, FIELD_COUNT, FIELD_RATE, FIELD_STAGES, FIELD_PAINT };
struct field {
	enum field_kind kind;
	uint16_t style;
	uint8_t span;			/* takes the room of so many columns after it, too */
	uint8_t indent;
	const char *text;		/* FIELD_TEXT; buf may be used for it */
	double num;			/* of TIME (ns), COUNT, RATE (a second); of TEXT: sorts before the text when not 0 */
	const uint64_t *ns;		/* FIELD_STAGES: N_STAGES of them */
	void (*paint)(const void *arg, size_t row, struct cells *, int x, int y, int w);	/* FIELD_PAINT */
	char *(*words)(const void *arg, size_t row, char *buf, size_t len);	/* FIELD_PAINT, for a CSV: returns buf; NULL: a picture */
	char buf[64];
};

struct table {
	const struct column *cols;
	size_t n_cols;			/* at most TABLE_COLS */
	/* Fills in what row says under column; *out comes zeroed. */
	void (*field)(const void *arg, size_t row, unsigned col, struct field *out);
};
#define TABLE_COLS 16

struct table_pos {
	size_t cursor, top;
};
#define TABLE_NO_CURSOR SIZE_MAX

/* All of a table, for those who want more than the rows that fit: as text, or as CSV. */
struct sheet {
	const char *name;		/* part of a file's name when a view has several: "napi" */
	const struct table *shown;	/* as on the screen; NULL: none is there */
	const struct table *csv;	/* for a CSV where that should say more, of the same rows and arg; NULL: as shown */
	const void *arg;
	size_t n_rows;			/* in the order shown, without those that a filter hides */
	unsigned sort_col;		/* as for table_draw() */
	bool reverse;
	void *room[4];			/* for what arg points to, when it lives nowhere else: see sheet_arg() */
};
void sheet_arg(struct sheet *, const void *arg, size_t len);
/* A number to the last digit, which a double does not have above 2^53. */
void field_exact(struct field *, uint64_t);
/* A part of one, or how many for each, as the JSON report writes it: with six places. For a CSV. */
void field_ratio(struct field *, double);

/* Heading on the first line, rows below. Draws what lies between top (made to fit) and the end of the rectangle. */
void table_draw(const struct table *, const void *arg, size_t n_rows, const struct table_pos *, struct cells *,
		struct rect, unsigned sort_col, bool reverse);	/* sort_col: n_cols for none */
/* First row to show so that the cursor is among page rows. */
size_t table_top(const struct table_pos *, size_t n_rows, size_t page);
/* Moves the cursor; false when the action is not a movement. page: rows that are shown. */
bool table_move(struct table_pos *, enum action, size_t n_rows, size_t page);
/* Sorts row numbers; equal ones keep the order of their numbers. */
void table_sort(const struct table *, const void *arg, uint32_t *rows, size_t n, unsigned col, bool reverse);
/* The next column that may be sorted by, in direction +1 or -1. */
unsigned table_next_sort(const struct table *, unsigned col, int direction);

#endif
