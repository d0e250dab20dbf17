/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * evwords: the words of an .ev line (agenttop-ev(5)): cutting them out, numbers, times, and the vocabulary.
 *
 * Keeps no state and knows neither events nor files; source_text.c makes events of it. Any thread may call it.
 */
#ifndef AGENTTOP_EVWORDS_H
#define AGENTTOP_EVWORDS_H

#include "base.h"

struct evword {
	char *p;		/* in the line itself, decoded there; not NUL-ended, may hold NUL */
	size_t len;
	size_t bare;		/* what follows that offset was not in quotes */
	bool quoted;
};
/* Takes the word at *p, which may be empty; *p moves behind it. NULL, or what was expected. */
const char *evword_take(char **p, char *end, struct evword *);
bool evword_is(const struct evword *, const char *text);

/* All of the n bytes must be the number. Decimal or 0x hex; negative ones as an s64 looks in 64 bits. */
bool evword_number(const char *s, size_t n, uint64_t *v);
bool evword_decimal(const char *s, size_t n, uint64_t max, uint64_t *v);
/* ns in "ns", "us", "ms", "s"; 0: no unit. */
uint64_t evword_unit(const char *s, size_t n);
/* NUMBER[.FRACTION][UNIT]. Without a unit: that of `unit`; if that is 0, ns, or seconds when there is a point. */
bool evword_time(const char *s, size_t n, uint64_t unit, uint64_t *ts);
/* MAJOR,MINOR as the kernel's dev_t. */
bool evword_dev(const struct evword *, uint64_t *v);

#define EVWORD_TIME_MAX ((uint64_t)INT64_MAX)

/* How a field's value is written, by its name. EV_ANY: a number if it reads as one, else text. */
enum ev_how { EV_ANY, EV_TEXT, EV_NUM, EV_TIME, EV_STATE, EV_VEC, EV_DEV, EV_RET, EV_SYSCALL };
enum ev_how evword_how(const char *field);
/* Numbers that have names, such as NET_RX. false: not one; *what says what would be, in words. */
bool evword_named(enum ev_how, const struct evword *, uint64_t *v, const char **what);

/* A task as a value, COMM-PID, stands for three fields; prio NULL: two. */
struct ev_task {
	const char *key, *comm, *pid, *prio;
};
#define EV_TASKS 5
extern const struct ev_task ev_tasks[EV_TASKS];

/* A short name of an event, and what its values without a key mean, in order. */
#define EV_ARGS 6
struct ev_verb {
	const char *name, *full;
	const char *arg[EV_ARGS];
};
const struct ev_verb *ev_verb_find(const char *name);	/* by short or full name; NULL: none */

#endif
