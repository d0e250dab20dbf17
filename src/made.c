// SPDX-License-Identifier: GPL-2.0-only
#include "made.h"
#include "subbuf.h"

#include <stdlib.h>
#include <string.h>

#define HEAD 16			/* of a sub-buffer: time, commit */
#define TIME_EXTEND 30u
#define DELTA_MAX (1u << 27)

struct field {
	const char *decl;
	size_t offset, size;
	int is_signed;
};
#define NUM(type, s, f, sign) { type " " #f, offsetof(struct s, f), sizeof(((struct s *)0)->f), sign }
#define TEXT(s, f, n) { "char " #f "[" #n "]", offsetof(struct s, f), n, 1 }

static const struct {
	const char *name, *print;
	struct field field[5];
} formats[N_MADE] = {
	[MADE_LOST] = { "lost", "\"from=%llu count=%llu\", REC->from, REC->count", {
		NUM("u64", made_lost, from, 0), NUM("u64", made_lost, count, 0), NUM("u32", made_lost, rest, 0) } },
	[MADE_TASK] = { "task", "\"pid=%d tgid=%d ppid=%d comm=%s\", REC->pid, REC->tgid, REC->ppid, REC->comm", {
		NUM("pid_t", made_task, pid, 1), NUM("pid_t", made_task, tgid, 1), NUM("pid_t", made_task, ppid, 1),
		TEXT(made_task, comm, 16) } },
	[MADE_FOLLOW] = { "follow", "\"pid=%d on=%u\", REC->pid, REC->on", {
		NUM("pid_t", made_follow, pid, 1), NUM("u32", made_follow, on, 0) } },
	[MADE_TRACE] = { "traceparent", "\"pid=%d traceparent=%s\", REC->pid, REC->traceparent", {
		NUM("pid_t", made_trace, pid, 1), TEXT(made_trace, traceparent, 60) } },
};

struct made_format made_format(enum made_type t)
{
	char *text = xasprintf("name: %s\nID: %u\nformat:\n"
			       "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
			       "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
			       "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
			       "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n", formats[t].name, made_head(t).type);

	for (const struct field *f = formats[t].field; f < formats[t].field + 5 && f->decl; f++) {
		char *more = xasprintf("%s\tfield:%s;\toffset:%zu;\tsize:%zu;\tsigned:%d;\n", text, f->decl, f->offset, f->size,
				       f->is_signed);

		free(text);
		text = more;
	}
	{
		char *all = xasprintf("%s\nprint fmt: %s\n", text, formats[t].print);

		free(text);
		text = all;
	}
	return (struct made_format){ formats[t].name, text };
}

void made_begin(struct made_page *m, uint8_t *page, size_t size_bytes)
{
	memset(page, 0, size_bytes);
	*m = (struct made_page){ page, size_bytes, HEAD, 0 };
}

static void put32(struct made_page *m, uint32_t v)
{
	memcpy(m->page + m->used, &v, 4);
	m->used += 4;
}

static void put_word(struct made_page *m, uint32_t type_len, uint32_t delta)
{
	put32(m, subbuf_raw(type_len | delta << 5, host_big_endian()));
}

bool made_add(struct made_page *m, uint64_t ts, const void *record, size_t n)
{
	size_t words = (n + 3) / 4;
	uint64_t delta, commit;

	if (m->used + 8 + 4 + 4 * words > m->size_bytes)
		return false;
	if (m->used == HEAD) {
		m->ts = ts;
		memcpy(m->page, &ts, 8);
	}
	delta = ts - m->ts;
	if (delta >= DELTA_MAX) {
		put_word(m, TIME_EXTEND, (uint32_t)(delta & (DELTA_MAX - 1)));
		put32(m, (uint32_t)(delta >> 27));
		delta = 0;
	}
	BUG_ON(!words || words > 28);
	put_word(m, (uint32_t)words, (uint32_t)delta);
	memcpy(m->page + m->used, record, n);
	m->used += 4 * words;
	m->ts = ts;
	commit = m->used - HEAD;
	memcpy(m->page + 8, &commit, 8);
	return true;
}
