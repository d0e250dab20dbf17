/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report_parts: the sections of the text report, one function each. Part of report_text; nothing else includes it.
 * A section with nothing to say prints nothing, not even its heading.
 */
#ifndef AGENTTOP_REPORT_PARTS_H
#define AGENTTOP_REPORT_PARTS_H

#include "report.h"
#include "report_page.h"

/* What every section gets. */
struct report {
	const struct snapshot *s;
	const struct report_opts *o;
	struct page *p;
};
void part_worst(const struct report *);		/* report_chain.c */
void part_harms(const struct report *);		/* report_harm.c */
void part_cpus(const struct report *);		/* report_tables.c and so on down */
void part_irqs(const struct report *);
void part_softirqs(const struct report *);
void part_tasks(const struct report *);
void part_wakeups(const struct report *);
void part_blocks(const struct report *);
void part_napis(const struct report *);
void part_rings(const struct report *);

/* Cells; unknown is a dash. */
void cell_ns(struct table *, bool known, uint64_t ns);
void cell_n(struct table *, uint64_t n);
void cell_harm(struct table *, uint64_t ns);		/* coloured when there is any; none is a dash */
void cell_share(struct table *, bool known, double share);
void cell_text(struct table *, const char *text);	/* "" is a dash */
void cell_id(struct table *, int32_t id, int32_t lowest);	/* below lowest it is unknown */
/* How many of n rows to show, and the sentence about the rest after the table. */
size_t rows_shown(const struct report *, size_t n);
void rows_left(const struct report *, size_t n);

#endif
