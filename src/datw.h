/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * datw: writes a trace.dat, version 6 or 7, that is whole at any instant: kill the writer when you like, the file
 * shows all that was given before the last datw_flush(), to our reader and to trace-cmd, with nothing to repair.
 *
 * The format wants each CPU's data in one piece. So each CPU of each buffer grows in a place of its own, far from the
 * next in a sparse file; datw_finish() moves them together. What the file says about them changes by one small write
 * after what it speaks of is there (see datw_file.h). Killed means the process: nothing is synced to the disk.
 *
 * A file that was killed has holes and seems huge: one region, as large as the disk, for each CPU. Packed data (version 7
 * with zstd) is 5 to 7 times smaller and costs 2 ns of one CPU a byte; plain data costs 1.
 *
 * One thread owns a writer. Errors are one sentence that begins with the file's name.
 */
#ifndef AGENTTOP_DATW_H
#define AGENTTOP_DATW_H

#include "base.h"

struct datw_text {
	const char *p;			/* NULL is fine when len is 0 */
	size_t len;
};
struct datw_format {
	const char *system;		/* "ftrace" for the kernel's own entries */
	struct datw_text text;		/* of events/SYSTEM/NAME/format */
};
struct datw_buffer {
	const char *name;		/* "" the top one, others instances */
	uint32_t n_cpus;
	const uint32_t *cpus;		/* ascending; NULL: 0 to n_cpus - 1 */
};
struct datw_meta {			/* borrowed until datw_open() returns */
	struct datw_text header_page, header_event;	/* of events/ */
	struct datw_text kallsyms, printk;		/* may be empty */
	const struct datw_format *formats;
	size_t n_formats;
	const struct datw_buffer *buffers;		/* the top one first; it may have no CPUs */
	size_t n_buffers;
	const char *clock;		/* "mono" */
	const char *uname;		/* "Linux HOST RELEASE MACHINE" */
	const char *version;		/* of this program */
	uint32_t page_size;		/* of a sub-buffer */
	uint32_t long_size;		/* 4 or 8 */
	uint32_t n_cpus;		/* of the machine */
	const char *later_system;	/* version 6: of events that come to be during the recording; NULL: none */
	unsigned n_later;		/* how many of them there is room for: 1 KiB each; at most 128 */
};
struct datw;

/*
 * Overwrites `path`, which must become a regular file. version 6 or 7; `pack` asks for zstd and means nothing in
 * version 6 or in a build without it. NULL with *err set.
 */
struct datw *datw_open(const char *path, int version, bool pack, const struct datw_meta *, struct err *);
/*
 * Whole sub-buffers of a CPU, in order. They may wait in memory until the next flush. -errno: pages that were not
 * taken are lost to the recording; the next call tries again to write what waits.
 */
int datw_pages(struct datw *, unsigned buffer, uint32_t cpu, const void *pages, size_t n_pages, struct err *);
/* These replace what was said before and show from the next flush on (version 6: stats at the end). */
void datw_cmdlines(struct datw *, const char *text, size_t len);	/* of saved_cmdlines */
void datw_stats(struct datw *, unsigned buffer, uint32_t cpu, const char *text, size_t len);	/* of per_cpu/cpuN/stats */
/*
 * An event that came to be during the recording: give it before the pages that have it, for it is in the file at once, and
 * a disk that is full later does not matter. Where it cannot be written the next flush tries again. Version 6 takes those
 * of later_system only (-ENOTSUP), and -ENOSPC when there are more of them than was said, or longer ones than there is
 * room for; neither does any harm to the recording.
 */
int datw_add_format(struct datw *, const struct datw_format *, struct err *);
/* From now on a reader of the file sees all that was given. On -errno it sees what it saw before, or more. */
int datw_flush(struct datw *, struct err *);
/* Makes the file compact and closes it. On -errno the file is as flushed, and closed too. */
int datw_finish(struct datw *, struct err *);
void datw_abort(struct datw *);			/* closes the file as it was flushed; NULL is fine */
uint64_t datw_bytes(const struct datw *);	/* really in the file, holes not counted */

#endif
