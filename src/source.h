/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * source: where events come from. One stream, in time order, one event per call.
 *
 * source_open() looks at the first bytes and picks the reader: trace.dat (source_tracedat.c), perf.data
 * (source_perfdata.c) or .ev text (source_text.c). Nothing behind this interface knows which it was.
 *
 * Besides the recording's own events a source yields these synthetic ones (decode.h), in time order with the rest:
 *   agenttop:lost { from, count, rest }       events of ev->cpu were lost between `from` and ev->ts;
 *                                             count 0: nobody knows how many. cpu CPU_NONE: no telling where.
 *                                             rest != 0: its records end here, whatever is lost from now on too.
 *   agenttop:comm { pid, tgid, exec, comm }   a task's name (perf's COMM; exec != 0: by exec). tgid 0: unknown.
 *   agenttop:fork { pid, tgid, ppid, ptgid }  perf's FORK
 *   agenttop:exit { pid, tgid }               perf's EXIT
 *   agenttop:switch { pid, out, preempt }     perf's SWITCH: pid leaves (out != 0) or takes ev->cpu
 * Their ev->has_ctx is 0.
 *
 * One thread owns a source. Memory is bounded by streams, never by the length of the recording.
 */
#ifndef AGENTTOP_SOURCE_H
#define AGENTTOP_SOURCE_H

#include "decode.h"

enum clock_kind {
	CLOCK_NS,	/* nanoseconds, one time base for all CPUs */
	CLOCK_PER_CPU,	/* `local`: nanoseconds, but CPUs may disagree: warned about */
	CLOCK_COARSE,	/* `uptime`: jiffies: warned about */
	CLOCK_NO_TIME,	/* `counter` and the like, or x86-tsc without conversion: no latency can be told */
};
struct source_comm {
	int32_t pid;
	char comm[16];	/* not NUL-ended when full */
};
struct source_info {
	const char *kind;		/* "trace.dat", "perf.data", "ev" */
	char *file, *version, *clock, *host, *kernel, *arch;	/* "" when unknown, never NULL once opened */
	enum clock_kind clock_kind;
	uint8_t begins_together;	/* all CPUs' records begin at one instant, so the first on a CPU tells what ran before */
	uint32_t n_cpus;		/* highest CPU with data + 1, or as the recording says when that is more */
	uint32_t *silent;		/* CPUs that should have data and of which none is left */
	size_t n_silent, cap_silent;
	struct source_comm *comms;	/* saved command lines, any order */
	size_t n_comms;
	char *damage;			/* the first of the notes that says that the recording is not whole; NULL */
	char **notes;			/* sentences about what is odd or was skipped: shown to the user */
	size_t n_notes, cap_notes;
	/* counted while reading */
	uint64_t bytes_total, bytes_done;	/* for a progress bar; total 0: a pipe */
	uint64_t n_late;		/* events that came after a later one had been given: ts raised to keep order */
	uint64_t n_unknown;		/* records whose event type the recording does not describe */
	uint64_t n_bad;			/* records or pages that made no sense and were skipped */
};
struct source;
struct source_ops {
	/* 1: *ev holds the next event. 0: the end. -errno: cannot go on, err says why; what was given stays good. */
	int (*next)(struct source *, struct event *ev, struct err *err);
	void (*close)(struct source *);
};
struct source {
	const struct source_ops *ops;
	struct formats formats;		/* complete after open, but for a pipe: then it may grow while reading */
	struct source_info info;
};

/* NULL with *err set when it cannot be opened. "-" is standard input. Free with source_close(). */
struct source *source_open(const char *path, struct err *err);
void source_close(struct source *);	/* NULL is fine */
static inline int source_next(struct source *s, struct event *ev, struct err *err)
{
	return s->ops->next(s, ev, err);
}
/* Adds a sentence to info.notes, cleaned; the same sentence is kept once, and a hostile file gets no more than NOTES_MAX. */
#define NOTES_MAX 100
void source_note(struct source *, const char *fmt, ...) PRINTF(2, 3);
/* The same for what is damaged or cut short: the user is told of it on stderr too, and the run has failed in part. */
void source_damage(struct source *, const char *fmt, ...) PRINTF(2, 3);
/* Replaces a text of info (or NULL) by this one, cleaned. */
void source_set(char **field, const char *text, size_t len);

/*
 * For the readers themselves. Each takes the open descriptor over (closes it, also on failure) together with the
 * bytes that were already read from it to recognise the kind; `seekable` descriptors are at offset 0 and n_head
 * only repeats what is there.
 */
struct source_file {
	int fd;
	const char *path;
	bool seekable;
	uint64_t size_bytes;		/* 0 for a pipe */
	uint8_t head[64];
	size_t n_head;
};
/*
 * Called before a read from a pipe that may have to wait, with its descriptor: 0 when there is something to read, -EINTR
 * when nobody wants it any more. NULL: readers just wait. Set once, before anything is read, by who serves keys meanwhile.
 */
extern int (*source_wait)(int fd);
/* read(2) from a pipe that goes on after signals; -errno. */
ssize_t source_read(int fd, void *buf, size_t n);
struct source *tracedat_open(struct source_file *, struct err *);
struct source *perfdata_open(struct source_file *, struct err *);
struct source *text_open(struct source_file *, struct err *);
/* Shared set-up and tear-down of the part in struct source. `s` was allocated by the reader (first member). */
void source_init(struct source *, const struct source_ops *, const char *kind, const char *path,
		 bool big_endian, unsigned long_size);
void source_fini(struct source *);
/* The synthetic types above, in the order listed, made by source_init(). */
enum source_type { SOURCE_LOST, SOURCE_COMM, SOURCE_FORK, SOURCE_EXIT, SOURCE_SWITCH };
/* What a clock's name means ("mono", "local", ...). */
enum clock_kind clock_kind_of(const char *name);

#endif
