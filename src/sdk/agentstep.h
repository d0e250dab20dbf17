/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * agentstep: an agent tells where its steps begin and end, for agenttop(1). The manual is agentstep(3).
 *
 *	agentstep_begin(&(struct agentstep){ .agent = "planner", .name = "plan", .id = "32", .deadline_us = 20000 });
 *	plan();
 *	agentstep_end();
 *
 * While nobody listens a mark is a load and a branch. Any thread may call any of these at any time, from a signal
 * handler too: they take no lock and no memory, do not wait, and leave errno as it was. They refuse to fail: a mark that
 * cannot be told is dropped.
 */
#ifndef AGENTSTEP_H
#define AGENTSTEP_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * All of it may be left out (NULL, 0). Text is copied before the call returns. A value of more than 160 bytes is cut;
 * what would break a mark's grammar is replaced: control characters by a space, | by /, " by '.
 */
struct agentstep {
	const char *agent;		/* whose step; without it: the command name of the thread */
	const char *name;		/* its kind, such as "plan" or "tool": steps are summed up by it */
	const char *id;
	const char *cls;		/* latency class: "normal", "interactive", "background" */
	const char *traceparent;	/* W3C, of the span that this step is in other tools */
	const char *extra;		/* more words, as "key=value key=\"two words\"" */
	uint64_t deadline_us, budget_us;
	const void *reserved[2];	/* must be NULL */
};

/* On one thread; they nest. */
void agentstep_begin(const struct agentstep *);		/* NULL: a step about which nothing is known */
void agentstep_end(void);

/* Many may be open at once; they are paired by process and cookie, any thread may end them. */
uint64_t agentstep_cookie(void);			/* a number not given before in this process */
void agentstep_async_begin(const struct agentstep *, uint64_t cookie);
void agentstep_async_end(const struct agentstep *, uint64_t cookie);	/* only id is looked at; NULL is fine */
/* For event loops with several open: this thread now works for that step; and no longer does. */
void agentstep_on(uint64_t cookie);
void agentstep_off(uint64_t cookie);

/* 1 if a mark would be told to somebody: whether it is worth while to make up names for it. */
int agentstep_wanted(void);
/* A mark that is written out already, as in "B|871|step:32". It is cut to less than 1000 bytes. */
void agentstep_text(const char *);

#ifdef __cplusplus
}
#endif
#endif
