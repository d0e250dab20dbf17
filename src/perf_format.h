/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * perf_format: numbers of the perf.data format that this program reads. The kernel's uapi perf_event.h fixes those
 * below 64 and all sample bits, perf itself the rest; both only ever append. Written out here so that building needs
 * no header newer than the recordings that are read.
 */
#ifndef AGENTTOP_PERF_FORMAT_H
#define AGENTTOP_PERF_FORMAT_H

enum {
	PERF_FILE_HEADER_BYTES = 104,
	PERF_PIPE_HEADER_BYTES = 16,
	PERF_ATTR_VER0_BYTES = 64,
	PERF_RECORD_HEADER_BYTES = 8,	/* u32 type, u16 misc, u16 size (of all) */
	PERF_CPUS_MAX = 16384,		/* not of the format: a CPU beyond (twice the kernel's own limit) is damage */
};

enum perf_type {
	PERF_HARDWARE = 0,
	PERF_SOFTWARE = 1,
	PERF_TRACEPOINT = 2,
	PERF_SOFTWARE_DUMMY = 9,	/* config of PERF_SOFTWARE: counts nothing, carries COMM and the like */
};

enum perf_sample_bit {
	PERF_IP = 1 << 0,
	PERF_TID = 1 << 1,
	PERF_TIME = 1 << 2,
	PERF_ADDR = 1 << 3,
	PERF_READ = 1 << 4,
	PERF_CALLCHAIN = 1 << 5,
	PERF_ID = 1 << 6,
	PERF_CPU = 1 << 7,
	PERF_PERIOD = 1 << 8,
	PERF_STREAM_ID = 1 << 9,
	PERF_RAW = 1 << 10,
	PERF_IDENTIFIER = 1 << 16,
};

enum perf_read_bit {
	PERF_READ_TIME_ENABLED = 1 << 0,
	PERF_READ_TIME_RUNNING = 1 << 1,
	PERF_READ_ID = 1 << 2,
	PERF_READ_GROUP = 1 << 3,
	PERF_READ_LOST = 1 << 4,
};

/* Bit numbers in the attr's flags, counted from the lowest on little-endian machines. */
enum perf_attr_flag {
	PERF_FLAG_SAMPLE_ID_ALL = 18,
	PERF_FLAG_USE_CLOCKID = 25,
};

enum perf_record_type {
	PERF_REC_LOST = 2,
	PERF_REC_COMM = 3,
	PERF_REC_EXIT = 4,
	PERF_REC_THROTTLE = 5,
	PERF_REC_FORK = 7,
	PERF_REC_SAMPLE = 9,
	PERF_REC_LOST_SAMPLES = 13,
	PERF_REC_SWITCH = 14,
	PERF_REC_SWITCH_CPU_WIDE = 15,
	PERF_REC_USER = 64,		/* from here on written by perf, not by the kernel */
	PERF_REC_HEADER_ATTR = 64,
	PERF_REC_TRACING_DATA = 66,
	PERF_REC_FINISHED_ROUND = 68,
	PERF_REC_AUXTRACE = 71,
	PERF_REC_EVENT_UPDATE = 78,
	PERF_REC_FEATURE = 80,
	PERF_REC_COMPRESSED = 81,
	PERF_REC_COMPRESSED2 = 83,
};

enum perf_misc {
	PERF_MISC_COMM_EXEC = 1 << 13,
	PERF_MISC_SWITCH_OUT = 1 << 13,
	PERF_MISC_SWITCH_PREEMPT = 1 << 14,
	PERF_MISC_LOST_BPF = 1 << 15,	/* LOST_SAMPLES: a filter dropped them on purpose */
};

enum perf_feature {
	PERF_FEAT_TRACING_DATA = 1,
	PERF_FEAT_HOSTNAME = 3,
	PERF_FEAT_OSRELEASE = 4,
	PERF_FEAT_VERSION = 5,
	PERF_FEAT_ARCH = 6,
	PERF_FEAT_NRCPUS = 7,
	PERF_FEAT_EVENT_DESC = 12,
	PERF_FEAT_DIR_FORMAT = 24,
	PERF_FEAT_COMPRESSED = 27,
	PERF_FEAT_CLOCK_DATA = 29,
	PERF_FEATS = 256,
};

enum { PERF_UPDATE_NAME = 2 };		/* EVENT_UPDATE: the event's name */
enum { PERF_ZSTD = 1 };			/* the type in PERF_FEAT_COMPRESSED */

#endif
