/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * blame: what an actor took from steps, in words: how, where, from whom. For reports and screens alike. Pure, but for the
 * index of snapshot.harms, which is worth nothing with another snapshot.
 *
 *	first[culprit] .. first[culprit + 1]	in row[]: rows of snapshot.harms, most first
 */
#ifndef AGENTTOP_BLAME_H
#define AGENTTOP_BLAME_H

#include "snapshot.h"

struct blame {
	uint32_t *row, *first;
	size_t cap_row, cap_first;
};
void blame_update(struct blame *, const struct snapshot *);
void blame_fini(struct blame *);

const char *blame_level(unsigned level);		/* "irq", "softirq", "task" */
const char *blame_verb(unsigned stage);			/* "ran instead", "preempted", "stole" */
uint64_t blame_total(const struct snapshot *, uint64_t by_level[N_HARM_LEVELS]);	/* by_level may be NULL */
/* All of it together is less than one part in a hundred of the steps' time. */
bool blame_is_trifle(const struct snapshot *);
/* Of what takes time, so much is not recorded that nobody can be sure that nothing did. */
bool blame_is_blind(const struct snapshot *);
/* All write into buf and return it; what does not fit is cut. */
/* "ran instead 2.87 ms, stole 1.10 ms": n ways at most, from the from-th worst on. */
char *blame_how(const struct blame *, const struct snapshot *, uint32_t culprit, int from, int n, char *buf, size_t len);
char *blame_cpus(const struct blame *, const struct snapshot *, uint32_t culprit, char *buf, size_t len);	/* "CPU 2", "CPU 2,3,0 +5" */
char *blame_agents(const struct blame *, const struct snapshot *, uint32_t culprit, char *buf, size_t len);
/* "NET_RX took 35.0 ms from 320 steps of planner on CPU 2 (4.9 % of all step time): 24.0 ms while they were ready to run, ..." */
char *blame_sentence(const struct blame *, const struct snapshot *, uint32_t culprit, char *buf, size_t len);
/* Of one of its rows: "NET_RX took 14.0 ms from 92 steps of planner on CPU 2 while they were ready to run." */
char *blame_row_sentence(const struct snapshot *, const struct harm_row *, char *buf, size_t len);

#endif
