// SPDX-License-Identifier: GPL-2.0-only
#include "dat_stream.h"
#include "subbuf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MISSED (1u << 31)
#define MISSED_COUNT (1u << 30)
#define COMMIT_MASK ((1u << 27) - 1)
#define COUNT_MAX (1ull << 48)		/* more were not lost */
#define ABS_BITS 59			/* of an absolute time; the rest is that of the time before */

enum {
	PADDING = 29, TIME_EXTEND = 30, TIME_STAMP = 31,
	CHUNK_PAGES_MAX = 64,		/* trace-cmd packs 10 sub-buffers a chunk */
	CHUNK_MAX = 32 << 20,
	RATIO_MAX = 4096,		/* of a whole recording */
	PEEK = 8,			/* a sub-buffer begins with its time */
};
#define MEMORY_MAX (512ull << 20)	/* of all streams; a real recording of 256 CPUs takes 20 MiB */

void dat_stream_init(struct dat_stream *s, struct dat_shared *sh, const struct dat_buffer *b,
		     const struct dat_cpu *c)
{
	struct dat_file *f = sh->f;
	/* The table's size of packed data leaves the number of chunks out. */
	uint64_t end = c->off + c->size + (b->packed ? 4 : 0);

	*s = (struct dat_stream){ .sh = sh, .b = b, .cpu = c->cpu, .off = MIN(c->off, f->size) };
	s->end_off = MIN(end, f->size);
	s->cut = end > f->size || (f->rescued && f->cut && end == f->size);
	s->complex = dat_time_complex(&f->time, c->cpu);
	s->offset = (uint64_t)f->time.offset;
	s->slow = s->complex || f->swap || f->big_endian;
	f->s->info.bytes_total += s->end_off > s->off ? s->end_off - s->off : 0;
}

void dat_stream_fini(struct dat_stream *s)
{
	free(s->buf);
	s->buf = NULL;
}

/* ---- loss ---- */

/* Events were lost here: tell before the next one. count 0: nobody knows how many. */
static void lose(struct dat_stream *s, uint64_t count)
{
	if (!(s->rare & DAT_LOST)) {
		s->lost_from = s->ts;
		s->lost_count = 0;
		s->lost_unknown = false;
	}
	s->rare |= DAT_LOST;
	s->lost_count += count;
	s->lost_unknown |= !count;
}

static void damaged(struct dat_stream *s, uint64_t at, const char *what)
{
	struct dat_file *f = s->sh->f;

	if (!f->told_damage)
		source_damage(f->s, "damaged data is skipped; first %s of CPU %u at byte %" PRIu64, what, s->cpu, at);
	f->told_damage = true;
	f->s->info.n_bad++;
	lose(s, 0);
}

/* What the kernel counted and no sub-buffer told: nobody knows when it was lost. */
static uint64_t counted_loss(const struct dat_stream *s)
{
	const struct dat_file *f = s->sh->f;

	for (size_t i = 0; i < f->n_stats; i++) {
		const struct dat_stat *st = &f->stats[i];

		if (st->cpu == s->cpu && !strncmp(st->buffer, s->b->name, sizeof st->buffer - 1))
			return st->dropped + (s->any_missed ? 0 : st->overrun);
	}
	return 0;
}

/* ---- blocks ---- */

static bool block_room(struct dat_stream *s, size_t n)
{
	struct dat_shared *sh = s->sh;

	if (n <= s->cap)
		return true;
	if (n > MEMORY_MAX - MIN(sh->memory, MEMORY_MAX)) {
		source_note(sh->f->s, "the sub-buffers of so many CPUs do not fit into %llu MiB; CPU %u is left out",
			    MEMORY_MAX >> 20, s->cpu);
		damaged(s, s->off, "block");
		s->end_off = s->off;
		s->chunks_left = 0;
		return false;
	}
	sh->memory += n - s->cap;
	free(s->buf);
	s->buf = xmalloc(n);
	s->cap = n;
	return true;
}

static bool read_plain(struct dat_stream *s)
{
	size_t page = s->b->page_size, want = MAX(s->sh->block_size / page, 1u) * page, got;

	want = MIN(want, s->end_off - s->off);
	if (!block_room(s, want + PEEK))
		return false;
	got = dat_pread(s->sh->f->fd, s->buf, MIN(want + PEEK, s->end_off - s->off), s->off);
	s->n = MIN(got, want);
	s->n_peek = got - s->n;
	s->block_off = s->off;
	s->off += s->n;
	if (s->n == want)
		return true;
	s->cut = true;				/* the file has become shorter, or cannot be read */
	s->end_off = s->off;
	return s->n;
}

/* Number of chunks, and the head of the first. */
static bool open_packed(struct dat_stream *s)
{
	const struct dat_file *f = s->sh->f;
	uint8_t h[12];

	s->opened = true;
	if (s->end_off - s->off < 12 || dat_pread(f->fd, h, 12, s->off) != 12)
		return false;
	s->chunks_left = get32(h, f->swap);
	s->next_packed = get32(h + 4, f->swap);
	s->next_unpacked = get32(h + 8, f->swap);
	s->off += 12;
	return true;
}

/* Reads a chunk together with the head of the next: one call to the kernel a chunk. */
static size_t read_chunk(struct dat_stream *s)
{
	struct dat_shared *sh = s->sh;
	const bool swap = sh->f->swap;
	size_t n = s->next_packed, want = MIN(n + 8, s->end_off - s->off), got;

	if (n > s->end_off - s->off || n > CHUNK_MAX)
		return 0;
	if (n + 8 > sh->cap_packed) {
		free(sh->packed);
		sh->packed = xmalloc(n + 8);
		sh->cap_packed = n + 8;
	}
	got = dat_pread(sh->f->fd, sh->packed, want, s->off);
	if (got < n)
		return 0;
	s->block_off = s->off;
	s->off += got;
	if (got == n + 8) {
		s->next_packed = get32(sh->packed + n, swap);
		s->next_unpacked = get32(sh->packed + n + 4, swap);
	} else {
		s->next_packed = UINT32_MAX;
	}
	return n;
}

static bool unpack_chunk(struct dat_stream *s, size_t n_from, size_t n_to)
{
	struct dat_shared *sh = s->sh;
	uint64_t most = MAX((uint64_t)CHUNK_PAGES_MAX * s->b->page_size, 1u << 20);

	if (n_to > MIN(most, (uint64_t)CHUNK_MAX) || !block_room(s, n_to))
		return false;
	sh->unpacked += n_to;
	if (sh->unpacked / RATIO_MAX > sh->f->size + (1 << 20))
		return false;
	s->n = n_to;
	return dat_unpack(sh->f->unpack, s->buf, n_to, sh->packed, n_from);
}

static bool read_packed(struct dat_stream *s)
{
	if (!s->opened && !open_packed(s)) {
		damaged(s, s->off, "list of chunks");
		s->chunks_left = 0;
	}
	while (s->chunks_left) {
		size_t n, n_to = s->next_unpacked;

		s->chunks_left--;
		n = read_chunk(s);
		if (!n) {
			s->cut |= s->end_off + 8 >= s->sh->f->size;
			if (!s->cut)
				damaged(s, s->off, "chunk");
			s->chunks_left = 0;
			s->end_off = s->off;
			break;
		}
		if (unpack_chunk(s, n, n_to))
			return true;
		damaged(s, s->block_off, "chunk");
	}
	return false;
}

static bool next_block(struct dat_stream *s)
{
	uint64_t from = s->off;
	bool ok;

	s->at = s->n = s->n_peek = 0;
	if (s->off >= s->end_off)
		return false;
	ok = s->b->packed ? read_packed(s) : read_plain(s);
	s->sh->f->s->info.bytes_done += s->off - from;
	if (!ok)
		s->n = 0;
	return ok;
}

/* ---- sub-buffers ---- */

/* The next sub-buffer's time bounds this one's: a flipped bit in a time must not spoil all that follows. */
static void set_limit(struct dat_stream *s)
{
	uint64_t ts = s->n + s->n_peek - s->at >= PEEK ? get64(s->buf + s->at, s->sh->f->swap) : 0;

	s->raw_limit = ts && ts < DAT_TS_MAX && ts >= s->raw_ts ? ts + DAT_JUMP : DAT_TS_MAX;
}

static void missed(struct dat_stream *s, const uint8_t *behind, size_t room, uint32_t commit)
{
	const struct dat_file *f = s->sh->f;
	uint64_t n = 0;

	if ((commit & MISSED_COUNT) && room >= f->commit_size)
		n = f->commit_size == 8 ? get64(behind, f->swap) : get32(behind, f->swap);
	if (n > COUNT_MAX)
		n = 0;
	s->any_missed = true;
	lose(s, n);
}

/* `have` bytes of the sub-buffer are in memory: fewer than its size only where the file ends. */
static void start_page(struct dat_stream *s, const uint8_t *page, size_t have)
{
	const struct dat_file *f = s->sh->f;
	uint64_t at = s->b->packed ? s->block_off : s->block_off + (uint64_t)(page - s->buf);
	uint32_t commit;
	size_t len, room;

	if (have < f->data_off) {
		damaged(s, at, "sub-buffer");
		return;
	}
	/* The upper half of a 64-bit commit holds nothing but the sign of the flags. */
	commit = f->commit_size == 8 ? (uint32_t)get64(page + 8, f->swap) : get32(page + 8, f->swap);
	len = commit & COMMIT_MASK;
	room = s->b->page_size - f->data_off;
	if (len > room) {
		damaged(s, at, "sub-buffer");
		return;
	}
	if (f->data_off + len > have) {
		len = (have - f->data_off) & ~(size_t)3;
		s->cut = true;
	} else if (commit & MISSED) {
		missed(s, page + f->data_off + len, MIN(room, have - f->data_off) - len, commit);
	}
	set_limit(s);
	s->raw_ts = get64(page, f->swap);
	s->p = page + f->data_off;
	s->end = s->p + (len & ~(size_t)3);
}

static bool next_page(struct dat_stream *s)
{
	const uint8_t *page;
	size_t have;

	if (s->at >= s->n && !next_block(s))
		return false;
	page = s->buf + s->at;
	have = MIN((size_t)s->b->page_size, s->n - s->at);
	s->at += have;
	s->p = s->end = page;
	start_page(s, page, have);
	return true;
}

/* ---- events ---- */

static bool broken_page(struct dat_stream *s)
{
	uint64_t at = s->b->packed ? s->block_off : s->block_off + (uint64_t)(s->p - s->buf);

	s->p = s->end;
	if (s->cut && s->at >= s->n && s->off >= s->end_off)
		return false;			/* where the file ends: told by finish() */
	damaged(s, at, "record");
	return false;
}

static uint64_t absolute(uint64_t before, uint64_t v)
{
	uint64_t top = before >> ABS_BITS << ABS_BITS;

	/* The kernel keeps 59 bits; a clock of real time has more, and those may just have gone up. */
	v |= top;
	if (top && v < before && before - v > 1ull << (ABS_BITS - 1))
		v += 1ull << ABS_BITS;
	return v;
}

static bool skip_rest(struct dat_stream *s)
{
	s->p = s->end;
	return false;
}

/* `len` bytes of nothing from the length itself on; a record that was discarded leaves its delta. */
static bool walk_padding(struct dat_stream *s, uint32_t delta, uint32_t len, size_t left)
{
	if (!delta || left < 8 || len > left - 4)
		return skip_rest(s);
	s->raw_ts += delta;
	s->p += 4 + (((size_t)len + 3) & ~(size_t)3);
	return false;
}

static bool walk_time(struct dat_stream *s, uint32_t type, uint64_t v)
{
	s->raw_ts = type == TIME_EXTEND ? s->raw_ts + v : absolute(s->raw_ts, v);
	s->p += 8;
	return false;
}

static bool walk_record(struct dat_stream *s, uint32_t delta, size_t head, size_t len, size_t left)
{
	if (!len || len > left - head)
		return broken_page(s);
	s->raw_ts += delta;
	s->raw = s->p + head;
	s->len = (uint32_t)len;
	s->p += head + len;
	return true;
}

/* Walks one word, and the next when it belongs to it. true: s->raw is a record. */
static bool walk(struct dat_stream *s)
{
	const struct dat_file *f = s->sh->f;
	size_t left = (size_t)(s->end - s->p);
	uint32_t word = get32(s->p, f->swap), next = left >= 8 ? get32(s->p + 4, f->swap) : 0;
	uint32_t type, delta;

	word = subbuf_word(word, f->big_endian);
	type = word & 31;
	delta = word >> 5;
	if (type && type < PADDING)
		return walk_record(s, delta, 4, 4 * type, left);
	if (type == PADDING)
		return walk_padding(s, delta, next, left);
	if (left < 8)
		return broken_page(s);
	if (type)
		return walk_time(s, type, ((uint64_t)next << 27) + delta);
	return walk_record(s, delta, 8, next > 4 ? ((size_t)next - 4 + 3) & ~(size_t)3 : 0, left);
}

/* Gives the record its time. false: it cannot have it, and the rest of its sub-buffer neither. */
static bool stamp(struct dat_stream *s)
{
	const struct dat_file *f = s->sh->f;
	uint64_t ts = s->complex ? dat_time_of(&f->time, s->cpu, s->raw_ts) : s->raw_ts + s->offset;

	if (likely(ts - s->ts <= DAT_JUMP)) {
		s->ts = ts;
		return true;
	}
	if (s->raw_ts > s->raw_limit || ts >= DAT_TS_MAX) {
		s->raw_ts = 0;			/* it says nothing about what may come next */
		return broken_page(s);
	}
	if (ts < s->ts)
		f->s->info.n_late++;
	s->ts = MAX(ts, s->ts);
	return true;
}

/*
 * The end comes in up to three steps. A loss that no event follows is told at once, for nothing that was known of
 * this CPU holds any more. When its data was cut off, or events were lost nobody knows when, that is told at the end
 * of the recording. Then the stream is over.
 */
static void finish(struct dat_stream *s)
{
	s->raw = NULL;
	s->len = 0;
	if (!s->ended) {
		s->ended = 1;
		s->last_ts = s->ts;
		if (s->cut) {
			s->sh->f->s->info.n_bad++;
			lose(s, 0);
		}
		if ((s->rare & DAT_LOST) && s->ts)
			return;
	}
	if (s->ended == 1) {
		uint64_t n = counted_loss(s);

		s->ended = 2;
		if (n || s->cut || (s->rare & DAT_LOST)) {
			lose(s, s->cut ? 0 : n);
			s->lost_from = s->cut ? s->last_ts : 0;
			s->ts = DAT_TS_LAST;
			return;
		}
	}
	s->ts = DAT_TS_END;
}

void dat_stream_next_slow(struct dat_stream *s)
{
	do {
		while (s->p < s->end)
			if (walk(s) && stamp(s))
				return;
	} while (next_page(s));
	finish(s);
}
