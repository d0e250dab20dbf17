/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dat_time: from the clock of a ring buffer to the time of an event, as `trace-cmd report` shows it: a guest's
 * shift to its host, then cycles to nanoseconds, then the fixed offset. Owns the tables of shifts.
 */
#ifndef AGENTTOP_DAT_TIME_H
#define AGENTTOP_DAT_TIME_H

#include "dat_in.h"

struct dat_sample {
	uint64_t time;			/* of the guest, when it was taken */
	int64_t offset;
	uint64_t scaling, fraction;	/* time * scaling >> fraction; 1 and 0 when not given */
};
struct dat_shift {
	struct dat_sample *samples;	/* sorted by time, all different */
	size_t n;
};
struct dat_time {
	uint32_t mult, shift;		/* cycles * mult >> shift; mult 0: already nanoseconds */
	int64_t offset;
	bool interpolate;
	struct dat_shift *cpus;		/* by CPU */
	size_t n_cpus;
};
/* Reads the TIME_SHIFT option behind the peer's id. false: it makes no sense and is left out. */
bool dat_time_shift(struct dat_time *, struct dat_in *);
void dat_time_fini(struct dat_time *);
/* Whether a CPU's times need more than the fixed offset. */
bool dat_time_complex(const struct dat_time *, uint32_t cpu);
uint64_t dat_time_of(const struct dat_time *, uint32_t cpu, uint64_t raw);

#endif
