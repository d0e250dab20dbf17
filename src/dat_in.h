/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dat_in: a cursor over a stretch of a trace.dat file, or over bytes in memory. Every read is checked against
 * the stretch; the first that does not fit sets `bad`, and from then on all reads give nothing. So a caller
 * reads a whole structure and asks once. It also unpacks what the file has compressed.
 *
 * Memory: one window of DAT_IN_WINDOW bytes, more only where the file really has a longer item.
 * One thread owns a cursor.
 */
#ifndef AGENTTOP_DAT_IN_H
#define AGENTTOP_DAT_IN_H

#include "base.h"
#include "decode.h"

enum {
	DAT_IN_WINDOW = 64 << 10,
	DAT_IN_ITEM_MAX = 4 << 20,	/* no text of a format, no option comes near */
};

struct dat_in {
	int fd;			/* -1: everything is in buf */
	bool swap, bad;
	uint8_t *buf;		/* the file's bytes from `base` on */
	size_t at, n, cap;
	uint64_t base, end;	/* file offsets; nothing from `end` on is read */
};
void dat_in_file(struct dat_in *, int fd, bool swap, uint64_t from, uint64_t end);
void dat_in_memory(struct dat_in *, uint8_t *buf, size_t n, bool swap);	/* frees buf in the end */
void dat_in_fini(struct dat_in *);
/* The next n bytes, good until the next call; NULL when there are not so many. */
const uint8_t *dat_in_bytes(struct dat_in *, size_t n);
uint16_t dat_in_u16(struct dat_in *);
uint32_t dat_in_u32(struct dat_in *);
uint64_t dat_in_u64(struct dat_in *);
void dat_in_skip(struct dat_in *, uint64_t n);
/* A NUL-ended text of less than `max` bytes. */
const char *dat_in_text(struct dat_in *, size_t max);
static inline uint64_t dat_in_pos(const struct dat_in *in)
{
	return in->base + in->at;
}
static inline uint64_t dat_in_left(const struct dat_in *in)
{
	return in->end - dat_in_pos(in);
}

/* Reads up to n bytes; fewer only at the file's end or when it cannot be read. */
size_t dat_pread(int fd, void *to, size_t n, uint64_t off);

enum dat_codec { DAT_PLAIN, DAT_ZSTD, DAT_ZLIB, DAT_UNKNOWN };
enum dat_codec dat_codec_of(const char *name);
/* What to tell the user when this build cannot unpack it; NULL when it can. */
const char *dat_codec_missing(enum dat_codec);
struct dat_unpack;
struct dat_unpack *dat_unpack_new(enum dat_codec);
void dat_unpack_free(struct dat_unpack *);
/* true when exactly n_to bytes came out. */
bool dat_unpack(struct dat_unpack *, void *to, size_t n_to, const void *from, size_t n_from);

#endif
