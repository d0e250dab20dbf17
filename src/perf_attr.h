/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * perf_attr: the events of a perf.data recording, and how their samples and trailers are laid out.
 *
 * A sample is what its event's sample_type says, in one fixed order:
 *
 *	header 8 | IDENTIFIER | IP | TID | TIME | ADDR | ID | STREAM_ID | CPU | PERIOD | READ ... CALLCHAIN ... RAW ...
 *	           each 8 bytes when its bit is set                                   variable | variable | u32 size, data
 *
 * Records that are no samples end with a trailer when sample_id_all is set: TID TIME ID STREAM_ID CPU IDENTIFIER.
 * Which event a record belongs to is told by its id, so the id must be found before the layout is known: all
 * layouts must agree on where it is.
 *
 * One thread owns it. Everything read from the recording is checked here against the record's own size.
 */
#ifndef AGENTTOP_PERF_ATTR_H
#define AGENTTOP_PERF_ATTR_H

#include "perf_bytes.h"

struct perf_attr {
	uint32_t type;
	uint64_t config, sample_type, read_format, n_samples;
	bool sample_id_all;
	char *name;			/* NULL: not told */
	/* Offset from the record's start, 0 when the sample has no such thing. */
	uint16_t tid_off, time_off, cpu_off;
	uint16_t var_off;		/* first part of variable length; RAW itself when it is the first */
	uint16_t read_bytes;		/* of READ without groups */
	/* Distance from the record's end, 0 when the trailer has no such thing. */
	uint8_t tid_back, time_back, cpu_back, trailer_bytes;
};
struct perf_id {
	uint64_t id;
	uint32_t attr;			/* index + 1; 0: a free slot */
};
struct perf_attrs {
	bool big_endian, swap;
	struct perf_attr *v;
	size_t n, cap;
	struct perf_id *ids;		/* hash, a power of two of slots */
	size_t n_ids, n_slots, n_dropped;
	uint32_t sampler, trailer;	/* index + 1 of the first attr that makes samples, that has trailers */
	uint16_t id_off;		/* in samples, from the start; 0: none */
	uint8_t id_back;		/* in trailers, from the end; 0: none */
	bool alike;			/* all samples have one layout: ids matter for counting only */
	bool muddled;			/* layouts differ and no id tells them apart */
	bool no_time;			/* some tracepoint's samples carry no time */
	int32_t clockid;		/* of the first attr that tells; -1: perf's own clock */
};
struct perf_stamp {
	uint64_t ts;			/* 0: unknown */
	uint32_t cpu;			/* CPU_NONE: unknown */
	int32_t pid, tid;		/* -1: unknown */
};
struct perf_sample {
	uint64_t ts;
	uint32_t cpu;
	struct perf_attr *attr;
	const uint8_t *raw;		/* NULL: the sample has none */
	uint32_t raw_bytes;
};

void perf_attrs_init(struct perf_attrs *, bool big_endian);
void perf_attrs_fini(struct perf_attrs *);
/* Adds the attr at p, at most len bytes of it. Returns the bytes it says it has, 0 when it makes no sense. */
size_t perf_attrs_add(struct perf_attrs *, const uint8_t *p, size_t len);
/* The newest attr's samples bear these ids (u64 each). */
void perf_attrs_add_ids(struct perf_attrs *, struct bytes ids);
/* NULL: no such id. */
struct perf_attr *perf_attrs_by_id(const struct perf_attrs *, uint64_t id);
/* Name for the user; made up when the recording has none. Writes into buf. */
const char *perf_attr_name(const struct perf_attr *, char *buf, size_t len);

/* false: the record does not hold what it must. */
bool perf_sample_read(const struct perf_attrs *, const uint8_t *rec, size_t len, struct perf_sample *);
/* Reads the trailer of a record whose own part is body_bytes long (header included); all unknown when there is none. */
struct perf_stamp perf_trailer_read(const struct perf_attrs *, const uint8_t *rec, size_t len, size_t body_bytes);

#endif
