/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * made: events of our own, as records of a ring buffer, so that what live recording knows besides the kernel's events
 * (names and threads of tasks, which of them are agents, losses that only a counter tells) goes the same way through
 * screens and recordings as those, and any tool that opens a trace.dat shows them.
 *
 * They are in a buffer of their own, "agenttop". Their common_pid and flags say nothing of the CPU.
 * Pure, any thread.
 */
#ifndef AGENTTOP_MADE_H
#define AGENTTOP_MADE_H

#include "base.h"

struct made_head {
	uint16_t type;
	uint8_t flags, preempt_count;
	int32_t pid;
};
struct made_lost {		/* agenttop:lost, see source.h */
	struct made_head head;
	uint64_t from, count;
	uint32_t rest, pad;
};
struct made_task {		/* a task that was there before */
	struct made_head head;
	int32_t pid, tgid, ppid;
	char comm[16];
};
struct made_follow {		/* a task that is an agent's from here on (on != 0); 2: and nobody else's steps
				 * count; pid 0: of nobody yet */
	struct made_head head;
	int32_t pid;
	uint32_t on;
};
struct made_trace {		/* the W3C traceparent in a new program's environment */
	struct made_head head;
	int32_t pid;
	char traceparent[60];
};
enum made_type { MADE_LOST, MADE_TASK, MADE_FOLLOW, MADE_TRACE, N_MADE };
#define MADE_SYSTEM "agenttop"
struct made_format {
	const char *name;
	char *text;		/* as a kernel's events/.../format; free it */
};
struct made_format made_format(enum made_type);
static inline struct made_head made_head(enum made_type t)
{
	return (struct made_head){ .type = (uint16_t)(65400 + t) };	/* kernels count theirs from 1: far away */
}

/* A sub-buffer that is being filled. */
struct made_page {
	uint8_t *page;		/* the caller's */
	size_t size_bytes, used;
	uint64_t ts;
};
void made_begin(struct made_page *, uint8_t *page, size_t size_bytes);	/* zeroes it */
/* Appends a record of n bytes; times must not go back. false: it is full. */
bool made_add(struct made_page *, uint64_t ts, const void *record, size_t n);

#endif
