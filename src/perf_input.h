/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * perf_input: the records of a perf.data stream, one after the other, from a file or a pipe, plain or compressed.
 *
 *	file or pipe --> raw lane --+--> records
 *	                            +--> COMPRESSED bodies --> zstd --> packed lane --> records
 *
 * A lane is a block of bytes and a position in it. A record never straddles two blocks: what is left of one
 * is copied to the front of the next. Who wants to keep a record takes a reference on its block, so nothing is
 * copied a second time. Blocks of a plain file may lose their bytes when there are many, and get them
 * back from the file when somebody asks (perf_block_bytes); all others stay, and held_bytes counts them.
 *
 * One thread owns it. Sizes are checked against what is there; memory is bounded by what the caller keeps.
 */
#ifndef AGENTTOP_PERF_INPUT_H
#define AGENTTOP_PERF_INPUT_H

#include "source.h"

struct perf_block {
	struct perf_block *prev, *next;	/* in the list of those that may be emptied, oldest first */
	uint8_t *data;			/* NULL: emptied */
	uint64_t at;			/* where data[0] is in the input */
	uint32_t n_refs, len;
	bool from_file;			/* its bytes can be read again */
	bool used;			/* asked for since it was last considered for emptying */
};
struct perf_lane {
	struct perf_block *b;
	uint32_t pos;
	uint64_t skip;			/* bytes still to be thrown away */
};
struct perf_rec {
	const uint8_t *p;
	uint32_t type;
	uint16_t misc, size;
	struct perf_block *b;
	uint64_t at;			/* byte of the input, for messages */
	bool packed;			/* came out of a compressed record */
};
struct perf_input {
	int fd;
	const char *path;
	bool seekable, swap;
	uint8_t head[64];		/* of a pipe: read before we came */
	size_t n_head, head_pos;
	uint64_t off, end;		/* next byte to read, where to stop */
	struct perf_lane raw, packed;
	struct perf_block idle;		/* ring of blocks that may be emptied */
	uint8_t **pool;			/* data of blocks that are gone */
	size_t n_pool, cap_pool, n_idle;
	uint64_t held_bytes;		/* of blocks that cannot be emptied */
	bool truncated;			/* the end came within a record */
	/* The compressed record at work: where its data is in the raw lane's block. */
	uint32_t z_pos, z_end;
	uint64_t z_at, z_left, z_most;	/* z_most: bytes that one record may become, z_left: that this one still may */
	bool z_on;
	void *z;			/* ZSTD_DStream, for the whole recording */
};

/* Takes the descriptor over. */
void perf_input_init(struct perf_input *, struct source_file *, bool swap);
void perf_input_fini(struct perf_input *);
/* Bytes at a place of a seekable input; less than n at its end. -errno on failure. */
ssize_t perf_input_pread(const struct perf_input *, uint64_t off, void *buf, size_t n);
/* Where the records are. */
void perf_input_range(struct perf_input *, uint64_t off, uint64_t end);
/* 1: *rec is good until the next call, or longer with a reference on rec->b. 0: the end. -errno: err says why. */
int perf_input_next(struct perf_input *, struct perf_rec *rec, struct err *err);
/* What follows the last record: throw it away, or copy it (free it). A copy may be shorter than n: the end came. */
void perf_input_skip(struct perf_input *, const struct perf_rec *, uint64_t n);
uint8_t *perf_input_take(struct perf_input *, uint64_t n, size_t *got);

static inline void perf_block_get(struct perf_block *b)
{
	b->n_refs++;
}
void perf_block_put(struct perf_input *, struct perf_block *);	/* NULL is fine */
uint8_t *perf_block_refill(struct perf_input *, struct perf_block *);
/* The block's bytes, read again when it was emptied; NULL when they cannot be. */
static inline const uint8_t *perf_block_bytes(struct perf_input *in, struct perf_block *b)
{
	b->used = true;
	return likely(b->data) ? b->data : perf_block_refill(in, b);
}

#endif
