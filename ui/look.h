/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * look: how values look, the same on every screen: times, counts, shares, stages as colour, letter and words,
 * and lines made of parts that give way when the screen is narrow. Pure functions; the only state is what
 * look_set_targets() was given at the start.
 */
#ifndef AGENTTOP_LOOK_H
#define AGENTTOP_LOOK_H

#include "cells.h"
#include "snapshot.h"
#include "targets.h"

#define LOOK_DASH "–"			/* unknown; not zero */

/* A number that may be negative or beyond 64 bits, made safe. */
static inline uint64_t look_u64(double v)
{
	return v >= 18446744073709549568.0 ? UINT64_MAX : v > 0 ? (uint64_t)v : 0;
}

/* All write into buf (at least 16 bytes) and return it. */
char *look_ns(char *buf, size_t len, uint64_t ns, bool known);
char *look_ts(char *buf, size_t len, uint64_t ts);	/* seconds with six places, as other tools print it */
char *look_count(char *buf, size_t len, uint64_t n);	/* "5 386", "84.2k" */
char *look_bytes(char *buf, size_t len, uint64_t n);
char *look_rate(char *buf, size_t len, double per_s);
char *look_share(char *buf, size_t len, double share);	/* "38 %" of 0.38 */
char *look_cpu(char *buf, size_t len, uint32_t cpu);	/* "CPU 2", "no CPU" */
char *look_part(char *buf, size_t len, uint64_t part, uint64_t whole);	/* its share; a dash when there is no whole */
char *look_seconds(char *buf, size_t len, uint64_t ns);	/* "60 s", "15 min": a window's length, at least 1 s */
/* When what the tables tell of begins: the recording, or live the window. And how long that is until the end. */
uint64_t look_begin(const struct snapshot *);
bool look_span_known(const struct snapshot *, uint64_t *ns);
uint64_t look_n_lost(const struct snapshot *);		/* events known to be lost, whoever counted them */

/* Stage numbers from data are made safe here: too high ones are "unknown". */
const struct stage_name *look_stage(unsigned stage);
unsigned look_stage_style(unsigned stage);
uint32_t look_stage_fill(unsigned stage);		/* texture of a bar */
bool look_stage_is_wait(unsigned stage);		/* the agent did not run: drawn as a line, not as a block */

/* N_STAGES targets, borrowed for good, that stand for those of stage_names; once, before anything is drawn. */
void look_set_targets(const struct stage_target *);
struct stage_target look_target(unsigned stage);
/* One occurrence against the stage's targets. */
enum verdict { VERDICT_NONE, VERDICT_GOOD, VERDICT_TAIL, VERDICT_OVER };
enum verdict look_verdict(unsigned stage, uint64_t ns);
unsigned look_verdict_style(enum verdict);
/* The sign that goes with the colour; "" when there is nothing to say. */
const char *look_verdict_sign(enum verdict);

/* ▕uuukkooooDDDRR▏: w columns, edges included, shared out so that they add up. */
void look_stage_bar(struct cells *, int x, int y, int w, const uint64_t ns[N_STAGES]);
/* "lead  run queue RRRRRRRR 41 %  NAPI nnn 17 %  other 8 %" in w columns, biggest first. */
void look_shares(struct cells *, int x, int y, int w, const char *lead, const double share[N_STAGES]);

/* Marks on an axis: the smallest of 1, 2, 5, 10... that is no less than v, at least 1; digits behind the point that tell them apart. */
double look_tick(double v);
int look_decimals(double tick);

/* "▾ 12 more" at the end of the rectangle's last line, when n lines are left below it. */
void look_more(struct cells *, struct rect, int n);

/* A piece of a line. Pieces with the highest drop go first when they do not all fit; drop 0 stays and is cut. */
struct part {
	char text[160];
	uint8_t n_label;		/* so many first bytes are a label, drawn dim */
	uint8_t drop;
	uint16_t style;
	uint16_t action;		/* what a click on it means; 0: nothing */
};
struct parts {
	struct part p[24];
	size_t n;
	bool dots;			/* one in the middle of each gap */
};
void parts_add(struct parts *, uint8_t drop, unsigned style, const char *label, const char *fmt, ...) PRINTF(5, 6);
/* Draws them with gap columns between; returns the columns used. */
int parts_put(const struct parts *, struct cells *, int x, int y, int w, int gap);

#endif
