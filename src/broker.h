/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * broker: the small privileged process beside the one that the user sees.
 *
 *	agenttop (the user's)  ──requests──▶  broker (root): tracefs, /proc files of other users
 *	                       ◀──answers, descriptors──
 *
 * broker_start() forks it and gives up privilege here: to the user who called sudo; a true root keeps its uid and loses
 * all capabilities. From then on nothing that reads events, /proc or a terminal is privileged. The broker answers a few
 * fixed requests, parses no file, and undoes everything as soon as this process is gone, however it went.
 *
 * One thread uses a broker (the main one). Requests wait for their answer, which is a matter of microseconds.
 */
#ifndef AGENTTOP_BROKER_H
#define AGENTTOP_BROKER_H

#include "tracer.h"
#include "who.h"

struct broker;
/* Forks the broker; NULL with *err. Drops privileges in the calling process in every case. */
struct broker *broker_start(struct err *err);
/* Has it undo everything and waits for that. NULL is fine. */
void broker_stop(struct broker *);
int broker_fd(const struct broker *);		/* readable: the broker has died */
int32_t broker_pid(const struct broker *);

/* What starting gives. All owned by the caller: close the descriptors, free the memory. */
struct broker_file {
	uint8_t buffer;		/* enum tracer_buffer */
	uint32_t cpu;
	int pages, stats;	/* per_cpu/cpuN/trace_pipe_raw (non-blocking) and stats */
};
struct broker_format {
	const char *system, *name, *text;	/* into blob */
	size_t len;
};
struct broker_started {
	struct broker_file *file;
	size_t n_files;
	struct broker_format *format;
	size_t n_formats;
	const char *header_page, *header_event;
	size_t len_page, len_event;
	uint32_t n_cpus;
	enum tracer_marks marks;
	bool top_mono;		/* with MARKS_TOP: its clock is ours, else it has to be compared */
	int marker;		/* with MARKS_TOP: the top-level trace_marker; else -1 */
	int top_on;		/* the top-level tracing_on: while it says 0, nobody's writes to trace_marker arrive anywhere */
	int on;			/* of the main instance's tracing_on: to turn it off should the broker die */
	char *blob;
};
/* 0 or -errno: -EPERM and -EACCES are a matter of privilege. */
int broker_trace(struct broker *, uint64_t buffer_kb, struct broker_started *, struct err *);
void broker_started_fini(struct broker_started *);
int broker_cleanup(struct broker *, unsigned *n_removed, struct err *);

int broker_on(struct broker *, bool on);
int broker_follow(struct broker *, const int32_t *pid, size_t n);
int broker_buffer_size(struct broker *, enum tracer_buffer, uint64_t kb);
int broker_thin(struct broker *, unsigned tiers);
/*
 * A file of /proc/PID that only its owner or root may open; a descriptor or -errno. PROC_ROOT_FILE: a program or library,
 * by its name in that process's world.
 */
enum broker_proc { PROC_MAPS, PROC_ROOT_FILE };
int broker_open(struct broker *, int32_t pid, enum broker_proc, const char *path);
/* A probe on the file that was opened last, at offsets in it. *text gets the format of the new event (free it); NULL: none. */
int broker_probe(struct broker *, uint64_t probe, uint64_t counter, bool listen, unsigned *n, char **text, size_t *len);
/* TRACEPARENT in the environment of a process; false: there is none. */
bool broker_traceparent(struct broker *, int32_t pid, char buf[WHO_TRACEPARENT]);

#endif
