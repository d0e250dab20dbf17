// SPDX-License-Identifier: GPL-2.0-only
/*
 * A version 7 recording without the end of its options: cut short, or its recorder was killed. The table of CPUs
 * was to be written last, so it is missing just then. Sections follow one another, so they are walked; and where
 * one CPU's data ends and the next one's begins can be told from the data itself: packed data counts its chunks,
 * and in plain data time jumps back where the next CPU starts. Only the CPUs' numbers are guessed, from the order.
 */
#include "dat_file.h"

#include <inttypes.h>
#include <string.h>

enum { SECTIONS_MAX = 4096, CHUNKS_MAX = 1 << 24 };

static uint64_t page_up(const struct dat_file *f, uint64_t at)
{
	uint64_t size = f->page_size >= 64 && f->page_size <= DAT_PAGE_MAX ? f->page_size : 4096;

	return (at + size - 1) / size * size;
}

/* Where a CPU's chunks end; 0 when there are none at this place. */
static uint64_t chunks_end(struct dat_file *f, uint64_t at)
{
	uint8_t h[8];
	uint32_t n;

	if (dat_pread(f->fd, h, 4, at) != 4)
		return 0;
	n = get32(h, f->swap);
	if (!n || n > CHUNKS_MAX)
		return 0;
	for (at += 4; n-- && at < f->size; at += 8 + get32(h, f->swap))
		if (dat_pread(f->fd, h, 8, at) != 8 || !get32(h, f->swap) || !get32(h + 4, f->swap))
			return at;
	return at;
}

static void guess_packed(struct dat_file *f, struct dat_buffer *b, uint64_t at, uint64_t end)
{
	for (uint32_t cpu = 0; at < end; cpu++) {
		uint64_t to = chunks_end(f, at);

		if (!to || (f->n_cpus && cpu >= f->n_cpus))
			return;
		dat_buffer_cpu(f, b, cpu, at, to - at - 4);
		at = page_up(f, to);
	}
}

static void guess_plain(struct dat_file *f, struct dat_buffer *b, uint64_t at, uint64_t end)
{
	uint64_t from = at, last = 0, step = page_up(f, 1);
	uint32_t cpu = 0;
	uint8_t ts[8];

	for (; at < end && dat_pread(f->fd, ts, sizeof ts, at) == sizeof ts; at += step) {
		uint64_t now = get64(ts, f->swap);

		if (now < last && (!f->n_cpus || cpu + 1 < f->n_cpus)) {
			dat_buffer_cpu(f, b, cpu++, from, at - from);
			from = at;
		}
		last = now;
	}
	if (from < end)
		dat_buffer_cpu(f, b, cpu, from, end - from);
}

/* CPUs that would come behind the file's end: their loss is told, though nobody knows whether they had anything. */
static void add_missing(struct dat_file *f, struct dat_buffer *b)
{
	uint32_t cpu = b->n_cpus ? b->cpus[b->n_cpus - 1].cpu + 1 : 0;

	for (; cpu < f->n_cpus; cpu++)
		dat_buffer_cpu(f, b, cpu, f->size + cpu, 1);
}

static bool known_buffer(const struct dat_file *f, uint64_t at)
{
	for (size_t i = 0; i < f->n_buffers; i++)
		if (f->buffers[i].at == at)
			return true;
	return false;
}

static void rescue_buffer(struct dat_file *f, uint64_t at, uint64_t size, bool packed)
{
	uint64_t from = page_up(f, at + 16), end = f->size;
	struct dat_buffer *b;

	if (size && size < f->size - at - 16)
		end = at + 16 + size;
	if (from >= end || known_buffer(f, at))
		return;
	b = dat_buffer_add(f, f->n_buffers ? "(name lost)" : "", at);
	if (!b)
		return;
	if (packed)
		guess_packed(f, b, from, end);
	else
		guess_plain(f, b, from, end);
	if (b->n_cpus)
		source_damage(f->s, "the list of CPUs is missing; %zu were found in the data, their numbers are guessed "
			    "from the order", b->n_cpus);
	if (end == f->size)
		add_missing(f, b);
	f->announced = MAX(f->announced, size && size < DAT_SIZE_MAX ? at + 16 + size : 0);
}

void dat_rescue(struct dat_file *f)
{
	uint64_t at = f->first_section;
	uint8_t h[16];

	f->rescued = true;
	for (int i = 0; i < SECTIONS_MAX && at < f->size && dat_pread(f->fd, h, sizeof h, at) == sizeof h; i++) {
		uint16_t id = get16(h, f->swap), flags = get16(h + 2, f->swap);
		uint64_t size = get64(h + 8, f->swap);

		if (id == DAT_BUFFER)
			rescue_buffer(f, at, size, flags & 1);
		else if (id >= DAT_HEADER_INFO && id < DAT_N_SECTIONS && !f->section[id])
			f->section[id] = at;
		if (size > f->size - at || (id == DAT_BUFFER && !size)) {
			f->cut = true;
			return;
		}
		at += 16 + size;
	}
}
