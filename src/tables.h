/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tables: where stages put their rows when a snapshot is taken. Rows are those of snapshot.h; memory comes from the
 * snapshot's arena. Only `rows` callbacks may use it.
 */
#ifndef AGENTTOP_TABLES_H
#define AGENTTOP_TABLES_H

#include "snapshot.h"

struct tables {
	struct snapshot *s;
	size_t cap_irqs, cap_softirqs, cap_blocks, cap_napis, cap_rings;
};
struct irq_row *tables_irq(struct tables *);		/* a new zeroed row; pointers stay good until the next one */
struct softirq_row *tables_softirq(struct tables *);
struct block_row *tables_block(struct tables *);
struct napi_row *tables_napi(struct tables *);
struct ring_row *tables_ring(struct tables *);
void *tables_alloc(struct tables *, size_t n, size_t size_bytes);
const char *tables_text(struct tables *, str_id);

#endif
