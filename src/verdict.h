/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verdict: the answer in a few sentences: is it slow, where does the time of the slow steps go, who took it,
 * and can the data be trusted. Pure: snapshot in, sentences out; for reports and screens alike.
 */
#ifndef AGENTTOP_VERDICT_H
#define AGENTTOP_VERDICT_H

#include "snapshot.h"

/* The most important first; returns how many lines were filled, at most max. No line is empty or has a newline. */
size_t verdict_lines(const struct snapshot *, char (*lines)[256], size_t max);

/* What an actor took from steps in one stage, most first. */
struct actor_sum {
	str_id actor;		/* 0: nobody named */
	uint64_t ns;
};
/*
 * The slowest 1 % of the steps that still have their segments: how many, and their time in `stage` by actor and by CPU.
 * Fills at most max actors. *cpu is the CPU with most of it, UINT32_MAX when there is none; *cpu_ns its part.
 */
struct slow_stage {
	uint64_t n_steps, ns, cpu_ns;
	uint32_t cpu;
	size_t n_actors;
};
struct slow_stage verdict_slow(const struct snapshot *, int stage, struct actor_sum *actors, size_t max);

/* "41 %", "0.3 %" into buf (at least 16 bytes); returns buf. */
char *fmt_share(char *buf, size_t len, double share);

#endif
