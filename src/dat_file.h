/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dat_file: the container of a trace.dat, versions 6 and 7: from the first bytes to a list of buffers, each with
 * the places of its CPUs' data. Formats, saved names and everything worth telling go into the source.
 * It does not look into the data (dat_stream.c does).
 *
 *	v6  header | header_page | formats | kallsyms | printk | cmdlines | n_cpus | options | table of CPUs | data
 *	v7  header | sections, found through OPTIONS sections that form a chain; a BUFFER option holds the table
 *	    of CPUs and is written *behind* the data, so a file that was cut lacks it: dat_rescue.c guesses it
 *
 * Nothing in the file is believed: offsets and sizes are cut to the file, counts end where the bytes end.
 * The options named in dat_opts.c are honoured, others skipped by their size.
 */
#ifndef AGENTTOP_DAT_FILE_H
#define AGENTTOP_DAT_FILE_H

#include "dat_in.h"
#include "dat_time.h"
#include "source.h"

enum {
	DAT_CPUS_MAX = 8192,		/* the kernel's own limit */
	DAT_PAGE_MAX = 16 << 20,	/* sub-buffers: at most 256 pages of at most 64 KiB */
	DAT_BUFFERS_MAX = 256,
	DAT_STREAMS_MAX = 65536,	/* CPUs of all buffers */
	DAT_SECTION_MAX = 64 << 20,	/* unpacked; formats of all events of a kernel are 4 MiB */
};
#define DAT_SIZE_MAX (1ull << 46)	/* no file is longer; a claim beyond is a damaged number */
enum dat_option {
	DAT_DONE = 0, DAT_DATE = 1, DAT_CPUSTAT = 2, DAT_BUFFER = 3, DAT_TRACECLOCK = 4, DAT_UNAME = 5, DAT_OFFSET = 7,
	DAT_CPUCOUNT = 8, DAT_VERSION = 9, DAT_TRACEID = 11, DAT_TIME_SHIFT = 12, DAT_GUEST = 13, DAT_TSC2NSEC = 14,
	DAT_HEADER_INFO = 16, DAT_FTRACE_EVENTS = 17, DAT_EVENT_FORMATS = 18, DAT_CMDLINES = 21, DAT_BUFFER_TEXT = 22,
	DAT_N_SECTIONS = 23,
};
struct dat_cpu {
	uint32_t cpu;
	uint64_t off, size;		/* size as claimed; the file may end before */
};
struct dat_stat {			/* what the kernel counted by the end of the recording */
	char buffer[64];		/* its name, cleaned and cut */
	uint32_t cpu;
	uint64_t overrun, dropped;
};
struct dat_buffer {
	char *name, *clock;		/* cleaned; name "": the top buffer */
	uint32_t number;		/* 0: the top buffer, then the instances in the file's order */
	uint64_t at;			/* v6: of its own options; v7: of its data's section */
	uint32_t page_size;		/* of a sub-buffer */
	bool packed;
	struct dat_cpu *cpus;
	size_t n_cpus, cap_cpus;
};
struct dat_file {
	struct source *s;		/* gets formats, info and notes */
	const char *path;
	int fd;				/* not ours to close */
	uint64_t size;
	bool big_endian, swap;
	bool cut, rescued;		/* cut: the file ends before what it announces; rescued: tables were guessed */
	uint64_t announced;		/* the size it should have, as far as known */
	unsigned version;
	uint32_t page_size;		/* of the recording machine */
	uint32_t subbuf_size;		/* as header_page says; 0 when it does not */
	uint32_t commit_size, data_off;	/* of a sub-buffer's header */
	uint32_t n_cpus;		/* as announced */
	enum dat_codec codec;
	struct dat_unpack *unpack;
	uint64_t first_section, options;
	uint64_t section[DAT_N_SECTIONS];	/* v7: places by id, 0 none */
	bool clock_behind_table, text_only;
	struct dat_time time;
	struct dat_buffer *buffers;
	size_t n_buffers, cap_buffers, n_streams;
	struct dat_stat *stats;
	size_t n_stats, cap_stats;
	struct dat_stat stat_now;	/* which buffer and CPU the next line of CPUSTAT is about */
	uint64_t n_bad_formats;
	bool told_damage;
};

/* Reads the common start (magic, byte order, long size, page size) from the file's first bytes; no source needed yet. */
int dat_file_head(struct dat_file *, const uint8_t *head, size_t n_head, struct err *);
/* All the rest. f->s must be initialised. -errno when nothing in the file can be read. */
int dat_file_read(struct dat_file *, struct err *);
void dat_file_fini(struct dat_file *);

/* for its own parts: dat_opts.c, dat_v6.c, dat_v7.c, dat_rescue.c */
int dat_v6_read(struct dat_file *, struct err *);
int dat_v7_read(struct dat_file *, struct err *);
void dat_rescue(struct dat_file *);
/* One option; `b` is the instance whose options these are, NULL for the recording's own. */
void dat_option(struct dat_file *, unsigned id, const uint8_t *p, size_t n, struct dat_buffer *b);
/* NULL when there are too many. */
struct dat_buffer *dat_buffer_add(struct dat_file *, const char *name, uint64_t at);
void dat_buffer_cpu(struct dat_file *, struct dat_buffer *, uint32_t cpu, uint64_t off, uint64_t size);
void dat_header_page(struct dat_file *, const char *text, size_t len);
void dat_formats(struct dat_file *, struct dat_in *, bool ftrace);	/* both kinds of formats sections */
void dat_cmdlines(struct dat_file *, const char *text, size_t len);
void dat_clock(struct dat_file *, const char *text, size_t len);	/* "local [mono] ..." */

#endif
