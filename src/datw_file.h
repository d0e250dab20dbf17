/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * datw_file: the inside of datw: where things are in the file, and what is written when.
 *
 *	v7  start | sections | options A | options B | head | data of a CPU ... | data of the next ... | grown sections
 *	v6  start | formats, names, options, tables of CPUs | data of a CPU ... | data of the next ...
 *	                                                    ^ front_end         `-- each in a `region` of a sparse file
 *
 * Version 7: the start holds the place of the options, which hold all other places. They are written to the one of A
 * and B that is not in use, and then 8 bytes of the start are overwritten. A packed CPU's data begins with the count of
 * its chunks. Readers believe the count but look at it only when the options give the data a size, so it is written
 * before the options that first name the data, and later on after the options: a count is never ahead of the size.
 * trace-cmd walks all sections from the first on, so everything between them is in one, holes included.
 * Formats and task names can be replaced: like the options they have two places each. Those of formats are in front, with
 * room for some more: they take no new blocks, so they can be written to a full disk. What is too large goes behind all
 * data.
 *
 * Version 6: the table gives place and size of each CPU's data and is 16-byte aligned, so that no entry is on two pages:
 * a write that is killed ends between pages. Formats that are to come have a place each, of a fixed size and on one page
 * too, that holds a format of no event until then. Task names have room to be replaced in, and statistics are written
 * into the padding of an option, which is then made shorter.
 *
 * In the end the data is copied together, stream by stream; each copy is told of before its original is given up.
 */
#ifndef AGENTTOP_DATW_FILE_H
#define AGENTTOP_DATW_FILE_H

#include "datw.h"

enum { DATW_STATS_MAX = 512 };		/* of a CPU; the kernel's text is half of it */

struct datw_out {			/* bytes that are put together before they are written */
	uint8_t *p;
	size_t n, cap;
};
struct datw_stream {			/* one CPU of one buffer */
	uint32_t cpu;
	uint64_t at, len;		/* its data in the file; len has the count of chunks in it */
	uint32_t n_chunks;
	uint64_t told;			/* the size as the file gives it */
	uint32_t told_chunks;
	uint8_t *waiting;		/* up to d->chunk bytes; NULL before the first */
	size_t n_waiting;
	char *stats;
};
struct datw_ring {			/* a buffer */
	char *name;
	uint64_t at;			/* v7: the head of its section; v6: where its option says where its table is */
	size_t table;			/* v6: its table of CPUs */
	struct datw_stream *streams;
	uint32_t n_streams;
};
struct datw_kept {			/* an event's format */
	char *system, *text;
	size_t len;
};
struct datw_grown {			/* a section that is replaced: two places */
	uint64_t at[2], room[2];
	unsigned told, now;		/* the place that the file names; the one it will */
	bool changed;
};
struct datw {
	char *path;
	int fd, version;
	bool packed, created;
	uint32_t page_size, long_size, n_cpus;
	uint32_t head;			/* bytes before a stream's first chunk */
	size_t chunk;			/* bytes that are packed and written together */
	struct datw_ring *rings;
	size_t n_rings;
	char *clock, *uname, *program;
	struct datw_kept *formats;	/* ftrace's own are not kept */
	size_t n_formats, cap_formats;
	char *names;			/* of tasks */
	size_t n_names;
	uint64_t bytes;
	uint64_t front_end, region, far_end;	/* nothing is written at far_end or behind */
	/* v7 */
	uint64_t start_at;		/* of the 8 bytes */
	uint64_t options[2], options_room;
	unsigned options_told;
	uint64_t sections[4];		/* of those that stay */
	struct datw_grown formats_at, names_at;
	uint64_t grown_from, grown_end;	/* the last region; what is used of it */
	/* v6 */
	uint64_t names_pos, stats_pos, stats_size_pos;
	size_t stats_room;
	size_t names_written;
	bool names_changed;
	char *later_system;
	uint64_t later_pos;		/* the text of the first format that may come, a multiple of DATW_LATER */
	char *later;			/* those that came, as they are in the file */
	unsigned n_later, n_came, n_told;
	void *zstd;
	struct datw_out scratch, packing;	/* of one call; of a chunk */
};

/* datw_file.c */
int datw_file_open(struct datw *, struct err *);
int datw_write(struct datw *, const void *p, size_t n, uint64_t at, struct err *);
int datw_lay_out(struct datw *, struct err *);	/* gives each stream its place from front_end on */
uint64_t datw_compact(struct datw *);		/* moves all data together, as far as can be; where it ends */
int datw_truncate(struct datw *, uint64_t size, struct err *);
static inline uint64_t datw_size(const struct datw *d, const struct datw_stream *s)
{
	return s->len - d->head;
}

/* datw_meta.c */
uint8_t *datw_room(struct datw_out *, size_t n);		/* n bytes behind what is there, to be filled */
void datw_put(struct datw_out *, const void *p, size_t n);	/* p NULL: zeros */
void datw_put_num(struct datw_out *, uint64_t v, unsigned size);	/* in the host's byte order */
void datw_put_text(struct datw_out *, const char *);		/* with its NUL */
void datw_put_sized(struct datw_out *, struct datw_text, unsigned size);	/* its length in `size` bytes first */
void datw_put_option(struct datw_out *, unsigned id, const void *p, size_t n);
void datw_set_num(struct datw_out *, size_t at, uint64_t v, unsigned size);
void datw_put_start(const struct datw *, struct datw_out *);
void datw_put_headers(struct datw_out *, const struct datw_meta *);
void datw_put_ftrace(struct datw_out *, const struct datw_meta *);
uint32_t datw_put_formats(const struct datw *, struct datw_out *);	/* the number of systems, which comes first */
void datw_put_stats(const struct datw *, struct datw_out *);	/* options, for CPUs that have any */
size_t datw_stats_room(const struct datw *);			/* they take no more */
size_t datw_format_head(const struct datw_format *);	/* the line with its name; 0: it is no format at all */
bool datw_keep_format(struct datw *, const struct datw_format *);	/* false: nothing is new */
bool datw_is_ftrace(const struct datw_format *);
const char *datw_pack_version(void);			/* of zstd; NULL when this build has none */
/* Puts u32 packed size, u32 size, bytes. */
int datw_pack(struct datw *, struct datw_out *, const void *p, size_t n, int level, struct err *);
void datw_pack_fini(struct datw *);
enum { DATW_LEVEL_DATA = 1, DATW_LEVEL_TEXT = 3 };

/* datw.c */
int datw_publish(struct datw *, struct err *);			/* the file tells of all that is in it */

/* datw_v6.c, datw_v7.c: what is before the data; what tells about the data; the end. */
void datw_v6_front(struct datw *, const struct datw_meta *, struct datw_out *);
int datw_v6_add_format(struct datw *, const struct datw_format *, struct err *);
int datw_v6_publish(struct datw *, struct err *);
int datw_v6_finish(struct datw *, struct err *);
int datw_v7_front(struct datw *, const struct datw_meta *, struct datw_out *, struct err *);
int datw_v7_publish(struct datw *, struct err *);
int datw_v7_finish(struct datw *, struct err *);
int datw_v7_head(struct datw *, uint64_t at, uint64_t end, struct err *);	/* of a section with a buffer's data */
enum { DATW_HEAD = 16, DATW_LATER = 1 << 10 };

#endif
