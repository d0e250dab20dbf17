/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracer: the kernel's side of live recording: tracefs instances of our own, their events, buffers and probes.
 *
 *	agenttop.PID		every CPU, every task: what chains are made of
 *	agenttop.PID.calls	system calls that wait, and page faults, of the agents' tasks only
 *	agenttop.PID.marks	copies of what is written to trace_marker, and nothing else
 *
 * The last is never turned off while it copies: a write to trace_marker fails as a whole, for everybody, when one of those
 * that it is copied to is off (tracing_mark_write()). So it outlives a killed owner as well, until the next start.
 *
 * Nothing outside these is changed, but for uprobes in a group of our own (agenttop_PID) while there are any. On
 * kernels that do not copy what is written to trace_marker, the top-level buffer is read for it, if nobody else uses that.
 * An exclusive lock on each instance's directory says that its owner lives: whoever gets it may remove the instance.
 * The kernel itself turns recording off when the process that holds a tracer dies, whatever kills it (a traceoff
 * trigger), and tracer_close() or the next start's tracer_cleanup() removes the rest.
 *
 * Needs access to tracefs. One thread, in the privileged process (broker.h); it parses nothing that others wrote.
 */
#ifndef AGENTTOP_TRACER_H
#define AGENTTOP_TRACER_H

#include "base.h"

enum tracer_buffer {
	TRACER_MAIN, TRACER_CALLS,
	TRACER_MARKS,		/* ours, or with MARKS_TOP the top-level one; with MARKS_UNSEEN there is none */
	N_TRACER_BUFFERS
};
/* What is left out first when a load outruns us: tier 1 before tier 2, ...; tier 0 never. */
#define TRACER_TIERS 4

struct tracer_event {
	const char *event;	/* "system:name"; a * in the name stands for any text */
	uint8_t buffer, tier;
};
extern const struct tracer_event tracer_events[];
extern const unsigned n_tracer_events;
const char *tracer_tier_name(unsigned tier);	/* as the screen names it: "cpu_idle" */

enum tracer_marks {
	MARKS_COPIED,	/* writes to trace_marker are copied to our instance */
	MARKS_TOP,	/* the kernel cannot, but nobody else uses the top-level buffer: they are read from there */
	MARKS_UNSEEN,	/* somebody does: only marks that come through the library's uprobe are seen */
};
struct tracer;
/*
 * Finds or privately mounts tracefs, removes what dead ones left, makes the instances (named after `pid`) and turns
 * recording on, but for the calls, which wait for the first tracer_follow(). NULL with *err set; -EACCES or -EPERM in
 * *code when it is a matter of privilege.
 */
struct tracer *tracer_open(int32_t pid, uint64_t buffer_kb, int *code, struct err *err);
void tracer_close(struct tracer *);		/* removes all of it; NULL is fine */
/* Removes what dead ones left; *n_removed counts instances. 0 or -errno. */
int tracer_cleanup(unsigned *n_removed, struct err *err);

int tracer_on(struct tracer *, bool on);
int tracer_follow(struct tracer *, const int32_t *pids, size_t n);	/* their calls and faults, and those of what they fork */
int tracer_buffer_size(struct tracer *, enum tracer_buffer, uint64_t kb);
int tracer_thin(struct tracer *, unsigned tiers);	/* leave out events of tiers 1..tiers */
/*
 * A uprobe on the mark function at file offset `probe` of `path`, with its reference counter's offset (0: none).
 * *n is the number in its event's name, agenttop_PID:mark<n>. `listen`: an event that only raises its counter.
 */
int tracer_probe(struct tracer *, const char *path, uint64_t probe, uint64_t counter, bool listen, unsigned *n);

enum tracer_marks tracer_marks(const struct tracer *);
bool tracer_top_is_mono(const struct tracer *);		/* the top-level buffer's clock is ours */
uint32_t tracer_cpus(const struct tracer *);		/* CPUs that there can be: 0 .. n-1 */
/* A descriptor of per_cpu/cpuN/FILE, or of a file of the buffer with cpu < 0; -errno. The caller closes it. */
int tracer_file(struct tracer *, enum tracer_buffer, int cpu, const char *file, int flags);
int tracer_top_file(struct tracer *, const char *file, int flags);	/* of the top-level buffer */
/* The text of a file of the instance ("events/header_page"); NULL with errno. Free it. */
char *tracer_text(struct tracer *, enum tracer_buffer, const char *file, size_t *len);
/* Calls fn for each event that was turned on, with its format's text. */
void tracer_formats(struct tracer *, void (*fn)(void *arg, const char *system, const char *name, const char *text, size_t len), void *arg);

#endif
