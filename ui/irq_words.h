/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * irq_words: an interrupt or softirq in a sentence or two: whom it hurt and where, which CPUs it ran on, whether it can
 * be moved; and the step that it hurt most. Pure functions of a snapshot.
 */
#ifndef AGENTTOP_IRQ_WORDS_H
#define AGENTTOP_IRQ_WORDS_H

#include "snapshot.h"

struct irq_pick {			/* one of the two */
	const struct irq_row *irq;
	const struct softirq_row *soft;
	uint32_t cpu_plus_1;		/* only what it did on this CPU; 0: on all */
	char actor[128];		/* as segments name it */
};
struct irq_pick irq_pick_hard(const struct irq_row *, uint32_t cpu_plus_1);
struct irq_pick irq_pick_soft(const struct softirq_row *, uint32_t cpu_plus_1);

const struct irq_cpu *irq_pick_cpu(const struct irq_pick *);	/* of the CPU; NULL: it did not run there, or there is none */
/* What it took from steps; false: nobody knows. */
bool irq_pick_harm(const struct irq_pick *, const struct snapshot *, uint64_t *ns);
/* Serial of the kept step from which it took most, of the slowest one when it took nothing; 0: none is kept. */
uint64_t irq_pick_step(const struct irq_pick *, const struct snapshot *);
/* Returns buf (1024 bytes take all there is to say). */
char *irq_words(const struct irq_pick *, const struct snapshot *, char *buf, size_t len);

#endif
