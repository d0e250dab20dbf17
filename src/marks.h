/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * marks: the systrace grammar of trace_marker, and the words of a step mark. Pure text; no state.
 */
#ifndef AGENTTOP_MARKS_H
#define AGENTTOP_MARKS_H

#include "base.h"
#include "event.h"

enum mark_kind { MARK_NONE, MARK_BEGIN, MARK_END, MARK_ASYNC_BEGIN, MARK_ASYNC_END, MARK_ON, MARK_OFF };
struct mark {
	enum mark_kind kind;
	int32_t tgid;		/* 0: not given */
	struct text text;	/* of B and S */
	uint64_t cookie;	/* of S, F, A, D: a number, or a hash of its text */
};
/* "B|871|step:3 agent=planner". false: not a mark of this grammar. */
bool mark_parse(struct text, struct mark *);

struct step_words {
	struct text id, agent, name, cls, trace;
	uint64_t deadline_ns, budget_ns;
	size_t n_extra;		/* unknown words, as written */
	struct text extras[16];
};
/* Is it a step's mark: begins with `word`, alone or as word:ID? Fills out from the key=value words behind it. */
bool mark_is_step(struct text, const char *word, struct step_words *out);

#endif
