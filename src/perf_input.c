// SPDX-License-Identifier: GPL-2.0-only
#include "perf_input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_zstd
#include <zstd.h>
#endif

#include "perf_format.h"

#define BLOCK_BYTES (256u << 10)	/* more than the longest record, 64 KiB */
#define IDLE_MAX 96			/* blocks that keep their bytes although they could be read again */
#define Z_MOST_MIN (1ull << 20)
#define Z_MOST_UNTOLD (64ull << 20)	/* perf compresses at most one CPU's buffer into one go */

void perf_input_init(struct perf_input *in, struct source_file *f, bool swap)
{
	*in = (struct perf_input){
		.fd = f->fd, .path = f->path, .seekable = f->seekable, .swap = swap,
		.n_head = f->seekable ? 0 : f->n_head, .end = UINT64_MAX,
	};
	memcpy(in->head, f->head, sizeof in->head);
	in->idle.prev = in->idle.next = &in->idle;
}

/* ---- bytes from the descriptor ---- */

ssize_t perf_input_pread(const struct perf_input *in, uint64_t off, void *buf, size_t n)
{
	size_t done = 0;
	ssize_t r;

	while (done < n && off + done <= INT64_MAX) {
		r = pread(in->fd, (char *)buf + done, n - done, (off_t)(off + done));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (!r)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

static ssize_t pipe_read(struct perf_input *in, void *buf, size_t n)
{
	if (in->head_pos < in->n_head) {
		n = MIN(n, in->n_head - in->head_pos);
		memcpy(buf, in->head + in->head_pos, n);
		in->head_pos += n;
		return (ssize_t)n;
	}
	return source_read(in->fd, buf, n);
}

static ssize_t input_read(struct perf_input *in, void *buf, size_t n)
{
	ssize_t r;

	n = (size_t)MIN((uint64_t)n, in->end - in->off);
	if (!n)
		return 0;
	r = in->seekable ? perf_input_pread(in, in->off, buf, n) : pipe_read(in, buf, n);
	in->off += r > 0 ? (uint64_t)r : 0;
	return r;
}

/* ---- blocks ---- */

static void idle_add(struct perf_input *in, struct perf_block *b)
{
	b->prev = in->idle.prev;
	b->next = &in->idle;
	b->prev->next = b->next->prev = b;
	in->n_idle++;
}

static void idle_del(struct perf_input *in, struct perf_block *b)
{
	b->prev->next = b->next;
	b->next->prev = b->prev;
	b->prev = b->next = NULL;
	in->n_idle--;
}

/* Takes the bytes of the block that was not asked for longest. */
static uint8_t *idle_empty_one(struct perf_input *in)
{
	struct perf_block *b = in->idle.next;
	uint8_t *data;

	for (; b->used; b = in->idle.next) {
		b->used = false;
		idle_del(in, b);
		idle_add(in, b);
	}
	idle_del(in, b);
	data = b->data;
	b->data = NULL;
	return data;
}

static uint8_t *data_new(struct perf_input *in)
{
	if (in->n_pool)
		return in->pool[--in->n_pool];
	return in->n_idle >= IDLE_MAX ? idle_empty_one(in) : xmalloc(BLOCK_BYTES);
}

static void data_free(struct perf_input *in, uint8_t *data)
{
	GROW(in->pool, in->n_pool, in->cap_pool);
	in->pool[in->n_pool++] = data;
}

/* The lane that fills a block has one reference on it. */
static struct perf_block *block_new(struct perf_input *in, bool from_file)
{
	struct perf_block *b = xcalloc(1, sizeof *b);

	b->data = data_new(in);
	b->n_refs = 1;
	b->from_file = from_file;
	in->held_bytes += from_file ? 0 : BLOCK_BYTES;
	return b;
}

void perf_block_put(struct perf_input *in, struct perf_block *b)
{
	if (!b || --b->n_refs)
		return;
	in->held_bytes -= b->from_file ? 0 : BLOCK_BYTES;
	if (b->prev)
		idle_del(in, b);
	if (b->data)
		data_free(in, b->data);
	free(b);
}

/* The lane goes on to another block. */
static void block_leave(struct perf_input *in, struct perf_block *b)
{
	if (b && b->n_refs > 1 && b->from_file)
		idle_add(in, b);
	perf_block_put(in, b);
}

uint8_t *perf_block_refill(struct perf_input *in, struct perf_block *b)
{
	uint8_t *data = data_new(in);

	if (perf_input_pread(in, b->at, data, b->len) != (ssize_t)b->len) {
		data_free(in, data);
		return NULL;
	}
	b->data = data;
	idle_add(in, b);
	return data;
}

void perf_input_fini(struct perf_input *in)
{
	perf_block_put(in, in->raw.b);
	perf_block_put(in, in->packed.b);
	for (size_t i = 0; i < in->n_pool; i++)
		free(in->pool[i]);
	free(in->pool);
#ifdef HAVE_zstd
	ZSTD_freeDStream(in->z);
#endif
	close(in->fd);
}

void perf_input_range(struct perf_input *in, uint64_t off, uint64_t end)
{
	in->off = off;
	in->end = end;
	if (!in->seekable)
		in->head_pos = (size_t)MIN(off, in->n_head);
}

/* ---- the packed lane ---- */

#ifdef HAVE_zstd
/* Unpacks into [from, BLOCK_BYTES). Bytes made, 0: the record has nothing more. */
static ssize_t z_unpack(struct perf_input *in, uint8_t *to, size_t room, struct err *err)
{
	ZSTD_inBuffer src = { in->raw.b->data + in->z_pos, in->z_end - in->z_pos, 0 };
	ZSTD_outBuffer dst = { to, (size_t)MIN(room, in->z_left), 0 };
	size_t before, r;

	do {
		before = src.pos;
		r = ZSTD_decompressStream(in->z, &dst, &src);
		if (ZSTD_isError(r))
			return err_set(err, -EINVAL, "%s: compressed record at byte %llu: %s", in->path,
				       (unsigned long long)in->z_at, ZSTD_getErrorName(r));
	} while (!dst.pos && src.pos < src.size && src.pos > before);
	in->z_pos += (uint32_t)src.pos;
	in->z_left -= dst.pos;
	if (!in->z_left && dst.pos)
		return err_set(err, -EINVAL, "%s: compressed record at byte %llu holds too much: file is damaged",
			       in->path, (unsigned long long)in->z_at);
	return (ssize_t)dst.pos;
}

static int z_start(struct perf_input *in, struct err *err)
{
	if (!in->z)
		in->z = ZSTD_createDStream();
	return in->z ? 0 : err_set(err, -ENOMEM, "%s: no memory for zstd", in->path);
}
#else
static ssize_t z_unpack(struct perf_input *in, uint8_t *to, size_t room, struct err *err)
{
	(void)to, (void)room;
	return err_set(err, -ENOTSUP, "%s: compressed, and this agenttop was built without zstd", in->path);
}

static int z_start(struct perf_input *in, struct err *err)
{
	return (int)z_unpack(in, NULL, 0, err);
}
#endif

/* Makes the compressed record the packed lane's input. */
static int packed_begin(struct perf_input *in, const struct perf_rec *r, struct err *err)
{
	uint32_t from = PERF_RECORD_HEADER_BYTES, len = r->size - from;
	uint64_t told;

	if (r->type == PERF_REC_COMPRESSED2) {
		told = len >= 8 ? get64(r->p + from, in->swap) : UINT64_MAX;
		if (told > len - 8)
			return err_set(err, -EINVAL, "%s: compressed record at byte %llu is too short: file is damaged",
				       in->path, (unsigned long long)r->at);
		from += 8;
		len = (uint32_t)told;
	}
	in->z_pos = (uint32_t)(r->p - in->raw.b->data) + from;
	in->z_end = in->z_pos + len;
	in->z_at = r->at;
	in->z_left = in->z_most ? MAX(in->z_most, Z_MOST_MIN) + 1 : Z_MOST_UNTOLD;
	in->z_on = true;
	return z_start(in, err);
}

/* ---- lanes ---- */

/* Room behind what the lane has not given yet. */
static void lane_room(struct perf_input *in, struct perf_lane *l)
{
	struct perf_block *b = l->b, *nb = b;
	uint32_t left = b ? b->len - l->pos : 0;
	uint64_t at = b ? b->at + l->pos : in->off;

	if (!b || b->n_refs > 1)
		nb = block_new(in, in->seekable && l == &in->raw);
	if (left)
		memmove(nb->data, b->data + l->pos, left);
	if (nb != b)
		block_leave(in, b);
	nb->len = left;
	nb->at = at;
	l->b = nb;
	l->pos = 0;
}

static ssize_t lane_fill(struct perf_input *in, struct perf_lane *l, struct err *err)
{
	struct perf_block *b = l->b;
	ssize_t r;

	if (l == &in->packed) {
		r = in->z_on ? z_unpack(in, b->data + b->len, BLOCK_BYTES - b->len, err) : 0;
		in->z_on = in->z_on && r > 0;
	} else {
		r = input_read(in, b->data + b->len, BLOCK_BYTES - b->len);
		if (r < 0)
			err_set(err, (int)r, "%s: cannot read: %s", in->path, strerror((int)-r));
	}
	b->len += r > 0 ? (uint32_t)r : 0;
	return r;
}

static int lane_get(struct perf_input *in, struct perf_lane *l, uint32_t n, struct err *err)
{
	ssize_t r;

	while (!l->b || l->b->len - l->pos < n) {
		if (!l->b || l->b->len == BLOCK_BYTES || l->pos + n > BLOCK_BYTES)
			lane_room(in, l);
		r = lane_fill(in, l, err);
		if (r <= 0)
			return (int)r;
	}
	return 1;
}

/* n bytes at the lane's position: 1, or 0 when no more are to be had now, or -errno. */
static inline int lane_need(struct perf_input *in, struct perf_lane *l, uint32_t n, struct err *err)
{
	return likely(l->b && l->b->len - l->pos >= n) ? 1 : lane_get(in, l, n, err);
}

/* 1 when nothing is left to skip. */
static int lane_skip(struct perf_input *in, struct perf_lane *l, struct err *err)
{
	uint64_t n;
	int r;

	while (l->skip) {
		r = lane_need(in, l, 1, err);
		if (r <= 0)
			return r;
		n = MIN(l->skip, l->b->len - l->pos);
		l->pos += (uint32_t)n;
		l->skip -= n;
		if (l->skip && l == &in->raw && in->seekable) {
			in->off += MIN(l->skip, in->end - in->off);
			l->skip = 0;
			block_leave(in, l->b);
			l->b = NULL;
		}
	}
	return 1;
}

static int lane_next(struct perf_input *in, struct perf_lane *l, struct perf_rec *r, struct err *err)
{
	const uint8_t *p;
	int got = unlikely(l->skip) ? lane_skip(in, l, err) : 1;

	if (got > 0)
		got = lane_need(in, l, PERF_RECORD_HEADER_BYTES, err);
	if (got <= 0)
		return got;
	p = l->b->data + l->pos;
	r->at = l == &in->packed ? in->z_at : l->b->at + l->pos;
	r->size = get16(p + 6, in->swap);
	if (r->size < PERF_RECORD_HEADER_BYTES)
		return err_set(err, -EINVAL, "%s: record of size %u at byte %llu: file is damaged", in->path, r->size,
			       (unsigned long long)r->at);
	got = lane_need(in, l, r->size, err);
	if (got <= 0)
		return got;
	r->p = l->b->data + l->pos;
	r->type = get32(r->p, in->swap);
	r->misc = get16(r->p + 4, in->swap);
	r->b = l->b;
	r->packed = l == &in->packed;
	l->pos += r->size;
	return 1;
}

static bool lane_rest(const struct perf_lane *l)
{
	return l->skip || (l->b && l->pos < l->b->len);
}

int perf_input_next(struct perf_input *in, struct perf_rec *r, struct err *err)
{
	int got;

	for (;;) {
		got = in->z_on ? lane_next(in, &in->packed, r, err) : 0;
		if (got)
			return got;
		got = lane_next(in, &in->raw, r, err);
		if (got <= 0)
			break;
		if (r->type != PERF_REC_COMPRESSED && r->type != PERF_REC_COMPRESSED2)
			return got;
		got = packed_begin(in, r, err);
		if (got < 0)
			break;
	}
	in->truncated = in->truncated || lane_rest(&in->raw) || lane_rest(&in->packed);
	return got;
}

void perf_input_skip(struct perf_input *in, const struct perf_rec *r, uint64_t n)
{
	struct perf_lane *l = r->packed ? &in->packed : &in->raw;

	l->skip += MIN(n, UINT64_MAX - l->skip);
}

uint8_t *perf_input_take(struct perf_input *in, uint64_t n, size_t *got)
{
	size_t cap = 0, part;
	uint8_t *buf = NULL;

	for (*got = 0; *got < n; *got += part) {
		if (lane_need(in, &in->raw, 1, NULL) <= 0)
			break;
		part = (size_t)MIN(n - *got, in->raw.b->len - in->raw.pos);
		GROW(buf, *got + part, cap);
		memcpy(buf + *got, in->raw.b->data + in->raw.pos, part);
		in->raw.pos += (uint32_t)part;
	}
	in->truncated = in->truncated || *got < n;
	return buf;
}
