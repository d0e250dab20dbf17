/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * perf_header: what a perf.data recording says about itself: which events, from which machine, by which clock.
 *
 *	file: header 104 | attrs, each with its ids elsewhere | data | table of features | the features
 *	pipe: header 16  | records; attrs, features and formats are records, too
 *
 * In a file all of it is read before the first record. Fills source.info and source.formats.
 * Damage costs what is damaged, not the recording: it is noted and counted.
 */
#ifndef AGENTTOP_PERF_HEADER_H
#define AGENTTOP_PERF_HEADER_H

#include "perf_attr.h"
#include "perf_input.h"

struct perf_header {
	bool pipe, big_endian;
	uint64_t attrs_off, attrs_bytes, attr_bytes;	/* attr_bytes: of one, with the place of its ids */
	uint64_t data_off, data_bytes;
	uint64_t features[4];				/* a bit each */
};
struct perf_meta {
	struct source *s;
	struct perf_attrs attrs;
	bool has_formats, is_dir;
	int32_t clockid;		/* from the features; -1: not told */
	uint64_t ids_bytes;		/* read so far: damaged attrs may all point to the same long list */
	uint32_t packed_type;		/* 0: not compressed */
	uint64_t packed_most;		/* bytes that one compressed record may become; 0: not told */
};

/* Reads the first bytes. 0, or -EINVAL when it is no perf.data that can be read. */
int perf_header_read(struct perf_header *, const struct source_file *, struct err *);
void perf_meta_init(struct perf_meta *, struct source *, bool big_endian);
void perf_meta_fini(struct perf_meta *);
/* Of a file: attrs and features. */
int perf_header_load(const struct perf_header *, struct perf_meta *, struct perf_input *, struct err *);
/* One feature's bytes, from a file's section or a pipe's record. */
void perf_feature(struct perf_meta *, unsigned feature, struct bytes);
/* The bodies of pipe records. */
void perf_attr_record(struct perf_meta *, struct bytes body);
void perf_update_record(struct perf_meta *, struct bytes body);
/* -ENOTSUP: it is compressed in a way that cannot be read. */
int perf_meta_packing(const struct perf_meta *, struct perf_input *, struct err *);
/* Sets info.clock once attrs and features are known. */
void perf_meta_clock(struct perf_meta *);

#endif
