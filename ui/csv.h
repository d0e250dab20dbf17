/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * csv: all rows of a table for other programs: one line of names, quoting as in RFC 4180, lines end with a newline.
 *
 * Times are whole nanoseconds, counts whole numbers, what is unknown is empty. A text that a spreadsheet would take for
 * a formula gets a ' in front: names are what a recording says they are. Pure; any locale.
 */
#ifndef AGENTTOP_CSV_H
#define AGENTTOP_CSV_H

#include "table.h"

void csv_write(const struct table *, const void *arg, size_t n_rows, FILE *);

#endif
