/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report_page: lines of text of a given width: headings, wrapped sentences, tables that drop and clip columns to fit.
 *
 * Knows columns of a terminal, not what is in them. Text given to it is UTF-8 and clean (base.h). One thread.
 */
#ifndef AGENTTOP_REPORT_PAGE_H
#define AGENTTOP_REPORT_PAGE_H

#include "base.h"

enum style { STYLE_NONE, STYLE_BOLD, STYLE_DIM, STYLE_GOOD, STYLE_WARN, STYLE_BAD };
struct page {
	FILE *f;
	unsigned columns;
	bool colour;
};
void page_heading(struct page *, const char *title, const char *note);	/* note: NULL or what follows in small */
/* A blank that is never broken; clean text has no such byte. */
#define PAGE_GLUE "\037"
/* Broken at blanks, but not between a number and its unit; lines after the first are indented by `hang`. */
void page_text(struct page *, unsigned indent, unsigned hang, enum style, const char *text);
void page_blank(struct page *);

struct column {
	const char *title;
	bool right;		/* numbers */
	bool flex;		/* clipped when the line is too long */
	uint8_t drop;		/* 0: never left out; else the highest goes first when there is no room */
};
struct table_cell {
	char *text;
	enum style style;
};
struct table {
	const struct column *cols;
	size_t n_cols;
	struct table_cell *cell;	/* row by row */
	size_t n_cells, cap_cells;
};
void table_init(struct table *, const struct column *cols, size_t n_cols);
void table_put(struct table *, const char *text);	/* the next cell; a row is complete after n_cols of them */
void table_style(struct table *, enum style);		/* of the cell put last */
void table_print(struct table *, struct page *);	/* and empties it */

unsigned text_columns(const char *);	/* what it takes on a terminal */

#endif
