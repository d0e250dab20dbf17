/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * export: what a view can be written as, and the writing of it. Pure; the files are export_file's, the frame around a
 * view is the app's.
 */
#ifndef AGENTTOP_EXPORT_H
#define AGENTTOP_EXPORT_H

#include "view.h"

enum export_kind { EXPORT_SCREEN, EXPORT_ROWS, EXPORT_CSV, EXPORT_JSON, EXPORT_SVG, N_EXPORTS };
#define EXPORT_PARTS 8			/* tables of one view */

/* A view with its state, as it is shown. */
struct shown {
	const struct view *view;
	const void *state;
	const struct snapshot *s;
};
/* Which files are to be written, in whose own words. */
struct export {
	enum export_kind kind;
	const char *ext;			/* "csv" */
	unsigned n_parts;			/* files */
	const char *part[EXPORT_PARTS];		/* names that tell them apart; "" when there is one */
	char what[160];				/* "step planner 32", "412 rows" */
};

bool export_can(const struct shown *, enum export_kind);
/* The kind that a key stands for in the choice; N_EXPORTS: none that there is. */
enum export_kind export_of_key(const struct shown *, uint32_t key);
/* The choice, in one line. */
void export_draw(const struct shown *, struct cells *, int x, int y, int w);
/* All but what of EXPORT_SCREEN, which is the app's to say. */
void export_plan(const struct shown *, enum export_kind, struct export *);
/* One file of a plan; not EXPORT_SCREEN. Of EXPORT_ROWS what comes below the frame's head, cols wide. */
void export_write(const struct shown *, enum export_kind, unsigned part, int cols, bool ascii, FILE *);

#endif
