/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cpu_words: what there is to say of a CPU, or of several CPUs as one: how busy, with what, who took steps' time there,
 * which agents run there. Pure functions of a snapshot.
 *
 * Rows of other tables that tell of a CPU are found through an index, which is made once for each snapshot: a row of a
 * screen must not cost a walk through all of them.
 */
#ifndef AGENTTOP_CPU_WORDS_H
#define AGENTTOP_CPU_WORDS_H

#include "snapshot.h"

/* For each row of snapshot.cpus a list of numbers, in their order: item -> next[item] -> ...; CPU_NONE ends it. */
#define CPU_NONE UINT32_MAX
struct cpu_chain {
	uint32_t *first, *next;
	size_t n, cap_first, cap_next;
};
struct cpu_index {
	struct cpu_chain harms, places, irqs;
	struct irq_at { uint32_t irq, cpu; } *irq_at;	/* items of irqs: snapshot.irqs[irq].cpus[cpu] */
	size_t n_irq_at, cap_irq_at;
	double *agent_ns;		/* by row of places: how long its agent ran on all CPUs */
	size_t cap_agent_ns;
	uint32_t *by_number;		/* rows of cpus by CPU number */
	size_t cap_by_number;
};
void cpu_index_make(struct cpu_index *, const struct snapshot *);
void cpu_index_fini(struct cpu_index *);

/* Some rows of snapshot.cpus, by CPU number. */
struct cpu_set {
	const struct snapshot *s;
	const struct cpu_index *x;
	const uint32_t *row;
	size_t n;
};
struct cpu_sums {
	double t[N_CPU_TIMES];		/* ns. Of the tables: TIME_AGENTS is 0, TIME_OTHERS all tasks */
	double all, n_irqs, harm;
	bool hot;
};
struct cpu_sums cpu_sums(const struct cpu_set *);
/* Of slots [from, to) of the time line; all is 0 when nothing is known. */
struct cpu_sums cpu_slots(const struct cpu_set *, uint32_t from, uint32_t to);
double cpu_irq_share(const struct cpu_sums *);		/* hard IRQs and softirqs: what makes a CPU IRQ-hot */
double cpu_busy_share(const struct cpu_sums *);
bool cpu_busy_known(const struct cpu_sums *);		/* somebody told who ran */
/* Were such interrupts recorded? And can harm that they did be known? */
bool cpu_sees_hard(const struct snapshot *);
bool cpu_sees_soft(const struct snapshot *);
bool cpu_harm_known(const struct snapshot *, const struct cpu_sums *);
bool cpu_has_times(const struct snapshot *);		/* is there a time line? */

/* All write into buf and return it; what does not fit is cut. */
char *cpu_numbers(char *buf, size_t len, const struct cpu_set *);	/* "0-3,8" */
char *cpu_why(char *buf, size_t len, const struct cpu_set *);		/* the whole CPU in a few words; "" */
char *cpu_harm_words(char *buf, size_t len, const struct cpu_set *);	/* who took how much of whose steps */
char *cpu_irq_words(char *buf, size_t len, const struct cpu_set *);	/* which hard IRQs came, most time first; "" */
char *cpu_agent_words(char *buf, size_t len, const struct cpu_set *);	/* which agents run there and for how long; "" */
char *cpu_place_words(char *buf, size_t len, const struct cpu_set *);	/* node, and who shares its cache; "" unknown */

#endif
