/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report: a snapshot as text for a person or as JSON for a program ("agenttop-report-1"; agenttop(1) describes it).
 *
 * Pure: same snapshot and options, same bytes. Neither looks at the terminal, the locale or the environment:
 * the caller does, through report_opts_init(). Whether the FILE took it all stands in ferror().
 */
#ifndef AGENTTOP_REPORT_H
#define AGENTTOP_REPORT_H

#include "snapshot.h"
#include "targets.h"

struct report_opts {
	unsigned n_top;			/* rows of long tables; 0: all */
	unsigned n_worst;		/* slowest steps whose chains are shown; 0: none */
	unsigned columns;		/* no line is longer, unless a single word is */
	bool colour, utf8;		/* what the reader's side can show */
	const struct stage_target *target;	/* N_STAGES of them; NULL: the defaults */
};
/* For output to f: 80 columns or the terminal's when that is wider, colour on a terminal unless NO_COLOR is set. */
void report_opts_init(struct report_opts *, FILE *f);
void report_text(const struct snapshot *, const struct report_opts *, FILE *);

/* All rows that the snapshot holds. */
void report_json(const struct snapshot *, FILE *);
/* At most n_top rows of "tasks"; 0: all. */
void report_json_top(const struct snapshot *, unsigned n_top, FILE *);
/* One step of it, as it stands in "steps", and where it is from: "agenttop-step-1". */
void report_json_step(const struct snapshot *, const struct step *, FILE *);

#endif
