/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * live_feed: an engine as live recording has it, and events made for it one by one: for tests of what runs for hours.
 * Times are as the caller says; a world's tasks are whoever occurs in its events.
 */
#ifndef AGENTTOP_LIVE_FEED_H
#define AGENTTOP_LIVE_FEED_H

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"
#include "step_in.h"
#include "take.h"

#define US NSEC_PER_USEC
#define MS NSEC_PER_MSEC
#define SEC NSEC_PER_SEC

enum feed_type {
	E_SWITCH, E_WAKING, E_WAKEUP, E_FORK, E_EXIT, E_IRQ_IN, E_IRQ_OUT, E_RAISE, E_SOFT_IN, E_SOFT_OUT, E_PRINT, E_CALL_IN,
	E_CALL_OUT, E_WORK_IN, E_WORK_OUT, E_FAULT, E_SUBMIT, E_COMPLETE, E_RING, E_RQ_ISSUE, E_RQ_DONE, E_TIMER, E_NAPI, E_EXEC, N_FEED
};
struct world {
	struct source src;
	struct opts o;
	struct strs *strs;
	struct ctx *c;
	struct record rec;
	uint16_t type[N_FEED];
	struct snapshot *snap;		/* the newest */
};

static int feed_next(struct source *s, struct event *ev, struct err *err)
{
	(void)s, (void)ev, (void)err;
	return 0;
}

static void feed_close(struct source *s)
{
	(void)s;
}

static const struct {
	const char *full, *field[6];
	uint32_t text_mask;
} feed_formats[N_FEED] = {
	[E_SWITCH] = { "sched:sched_switch", { "prev_pid", "prev_state", "next_pid", "next_comm" }, 8 },
	[E_WAKING] = { "sched:sched_waking", { "pid" }, 0 },
	[E_WAKEUP] = { "sched:sched_wakeup", { "pid", "target_cpu" }, 0 },
	[E_FORK] = { "sched:sched_process_fork", { "parent_pid", "child_pid", "child_comm" }, 4 },
	[E_EXIT] = { "sched:sched_process_exit", { "pid" }, 0 },
	[E_IRQ_IN] = { "irq:irq_handler_entry", { "irq", "name" }, 2 },
	[E_IRQ_OUT] = { "irq:irq_handler_exit", { "irq", "ret" }, 0 },
	[E_RAISE] = { "irq:softirq_raise", { "vec" }, 0 },
	[E_SOFT_IN] = { "irq:softirq_entry", { "vec" }, 0 },
	[E_SOFT_OUT] = { "irq:softirq_exit", { "vec" }, 0 },
	[E_PRINT] = { "ftrace:print", { "buf" }, 1 },
	[E_CALL_IN] = { "syscalls:sys_enter_epoll_wait", { "epfd" }, 0 },
	[E_CALL_OUT] = { "syscalls:sys_exit_epoll_wait", { "ret" }, 0 },
	[E_WORK_IN] = { "syscalls:sys_enter_write", { "fd" }, 0 },
	[E_WORK_OUT] = { "syscalls:sys_exit_write", { "ret" }, 0 },
	[E_FAULT] = { "exceptions:page_fault_user", { "address" }, 0 },
	[E_SUBMIT] = { "io_uring:io_uring_submit_req", { "ctx", "user_data", "opcode", "req", "op_str" }, 16 },
	[E_COMPLETE] = { "io_uring:io_uring_complete", { "ctx", "user_data", "res", "cflags", "req" }, 0 },
	[E_RING] = { "io_uring:io_uring_create", { "ctx", "sq_entries", "cq_entries" }, 0 },
	[E_RQ_ISSUE] = { "block:block_rq_issue", { "dev", "sector", "nr_sector", "rwbs" }, 8 },
	[E_RQ_DONE] = { "block:block_rq_complete", { "dev", "sector", "nr_sector", "rwbs" }, 8 },
	[E_TIMER] = { "timer:hrtimer_start", { "hrtimer", "softexpires", "expires" }, 0 },
	[E_EXEC] = { "sched:sched_process_exec", { "filename", "pid" }, 1 },
	[E_NAPI] = { "napi:napi_poll", { "napi", "dev_name", "work", "budget" }, 2 },
};

/* keep_ns 0: as a replay. `arg`: an option such as "--steps=worst:5"; NULL. */
static struct world *world_new(uint64_t keep_ns, const char *arg)
{
	static const struct source_ops ops = { .next = feed_next, .close = feed_close };
	char *argv[] = { (char *)"agenttop", (char *)"x.ev", (char *)arg, NULL };
	struct world *w = xcalloc(1, sizeof *w);
	struct err err;

	if (opts_parse(arg ? 3 : 2, argv, &w->o, &err))
		die("%s", err.text);
	source_init(&w->src, &ops, "ev", "x.ev", host_big_endian(), 8);
	for (int i = 0; i < N_FEED; i++)
		w->type[i] = formats_add_synthetic(&w->src.formats, feed_formats[i].full, feed_formats[i].field, feed_formats[i].text_mask);
	w->strs = strs_new();
	w->c = engine_new(&w->src.formats, w->strs, "x86_64", 0, UINT64_MAX);
	w->c->steps = steps_new(w->c, &w->o);
	engine_window(w->c, keep_ns);
	return w;
}

static void world_free(struct world *w)
{
	snapshot_free(w->snap);
	engine_free(w->c);
	strs_free(w->strs);
	record_fini(&w->rec);
	source_fini(&w->src);
	opts_fini(&w->o);
	free(w);
}

/* As session_snapshot() does. */
static struct snapshot *world_look(struct world *w)
{
	snapshot_free(w->snap);
	engine_bury(w->c);
	return w->snap = snapshot_take(w->c, &w->src, &w->o);
}

struct at {			/* when and where an event happens; pid: who is on the CPU */
	uint64_t ts;
	uint32_t cpu;
	int32_t pid;
	uint8_t flags;
};

static void feed_type(struct world *w, uint16_t type, struct at at, bool made_up, const uint64_t *v, const char *text)
{
	const struct format *f = w->src.formats.v[type];
	struct event ev = { .ts = at.ts, .cpu = at.cpu, .pid = at.pid, .type = type, .flags = at.flags, .has_ctx = !made_up };

	record_begin(&w->rec, f);
	for (unsigned i = 0; i < f->n_f; i++)
		if (f->f[i].kind == FIELD_TEXT64)
			record_text(&w->rec, i, text, strlen(text));
		else
			record_num(&w->rec, i, *v++);
	ev.raw = w->rec.buf;
	ev.len_bytes = (uint32_t)w->rec.len;
	engine_event(w->c, &ev);
}
/* The numbers of the event in order, then its text. */
#define FEED(w, e, at, text, ...) feed_type((w), (w)->type[e], (at), false, (const uint64_t[]){ __VA_ARGS__ }, (text))
#define FEED_MADE(w, e, at, text, ...) feed_type((w), (e), (at), true, (const uint64_t[]){ __VA_ARGS__ }, (text))

static inline void feed_switch(struct world *w, uint64_t ts, uint32_t cpu, int32_t prev, char state, int32_t next, const char *comm)
{
	uint64_t s = state == 'R' ? 0 : state == 'D' ? 2 : state == 'X' ? 0x10 : 1;

	FEED(w, E_SWITCH, ((struct at){ ts, cpu, prev, 0 }), comm, (uint64_t)prev, s, (uint64_t)next);
}

static inline void feed_mark(struct world *w, uint64_t ts, uint32_t cpu, int32_t pid, const char *text)
{
	FEED(w, E_PRINT, ((struct at){ ts, cpu, pid, 0 }), text, 0);
}

/* What the heap holds; 0 where nobody can tell. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));
static inline size_t heap_bytes(void)
{
	struct mallinfo2 m;

	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

/* Small, good enough and the same everywhere. */
static inline uint64_t rnd(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15ull;
	return hash64(*state);
}

#endif
