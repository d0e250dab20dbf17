/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dat_image: writes small trace.dat files for tests, both versions, both byte orders, any size of long.
 *
 * A test makes the sub-buffers of each CPU (page_*), puts them into a struct dat_spec and calls dat_build().
 * One event type, test:alpha (id 10), with the field u32 a; ftrace:print (id 5) has none of its own.
 */
#ifndef AGENTTOP_DAT_IMAGE_H
#define AGENTTOP_DAT_IMAGE_H

#include "base.h"

#include <stdlib.h>
#include <string.h>
#ifdef HAVE_zstd
#include <zstd.h>
#endif
#ifdef HAVE_zlib
#include <zlib.h>
#endif

struct bytes {
	uint8_t *p;
	size_t n, cap;
	bool be;
};
struct dat_option_spec {
	uint16_t id;
	uint32_t size;
	const void *data;
};
struct dat_cpu_spec {
	uint32_t cpu;
	struct bytes *pages;
};
struct dat_buffer_spec {
	const char *name;
	uint32_t page;
	struct dat_cpu_spec cpu[4];
	unsigned n_cpus;
};
enum dat_twist { TWIST_NONE, TWIST_CYCLE, TWIST_BACKWARD, TWIST_NO_BUFFER };
struct dat_spec {
	int version;			/* 6, 7 */
	bool be, packed;
	bool zlib;			/* packed with it, not with zstd */
	int user_long, kernel_long;	/* 4, 8 */
	uint32_t page;
	const char *clock;
	struct dat_option_spec option[8];
	unsigned n_options;
	struct dat_buffer_spec buffer[3];
	unsigned n_buffers;
	unsigned chunk_pages;		/* of packed data; 0: 10 */
	enum dat_twist twist;
};

static void put(struct bytes *b, const void *p, size_t n)
{
	while (b->n + n > b->cap)
		b->p = grow_(b->p, &b->cap, b->n + n, 1);
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}
static void set_num(struct bytes *b, size_t at, uint64_t v, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		b->p[at + i] = (uint8_t)(v >> 8 * (b->be ? size - 1 - i : i));
}
static void put_num(struct bytes *b, uint64_t v, unsigned size)
{
	uint8_t zero[8] = { 0 };

	put(b, zero, size);
	set_num(b, b->n - size, v, size);
}
static void put_text(struct bytes *b, const char *s)
{
	put(b, s, strlen(s) + 1);
}
static void put_sized(struct bytes *b, const char *s, unsigned size)
{
	put_num(b, strlen(s), size);
	put(b, s, strlen(s));
}
static void put_align(struct bytes *b, size_t to)
{
	while (b->n % to)
		put(b, "", 1);
}

/* ---- sub-buffers ---- */

static size_t page_at;		/* where the one being made begins */
static int page_long;

static void page_begin(struct bytes *b, uint64_t ts, int kernel_long)
{
	page_at = b->n;
	page_long = kernel_long;
	put_num(b, ts, 8);
	put_num(b, 0, (unsigned)kernel_long);
}
static void page_word(struct bytes *b, uint32_t type_len, uint32_t delta)
{
	put_num(b, b->be ? type_len << 27 | delta : delta << 5 | type_len, 4);
}
/* A record of test:alpha, pid 100 + a. */
static void page_event(struct bytes *b, uint32_t delta, uint32_t a)
{
	page_word(b, 3, delta);
	put_num(b, 10, 2);
	put(b, "\x01\x00", 2);
	put_num(b, 100 + a, 4);
	put_num(b, a, 4);
}
/* The same with `extra` bytes behind, and its length in a word of its own. */
static void page_large(struct bytes *b, uint32_t delta, uint32_t a, uint32_t extra)
{
	page_word(b, 0, delta);
	put_num(b, 4 + 12 + extra, 4);
	put_num(b, 10, 2);
	put(b, "\x01\x00", 2);
	put_num(b, 100 + a, 4);
	put_num(b, a, 4);
	for (; extra; extra -= 4)
		put_num(b, 0x01020304, 4);
}
static void page_extend(struct bytes *b, uint64_t v)
{
	page_word(b, 30, v & ((1u << 27) - 1));
	put_num(b, v >> 27, 4);
}
__attribute__((unused)) static void page_absolute(struct bytes *b, uint64_t ts)
{
	page_word(b, 31, ts & ((1u << 27) - 1));
	put_num(b, ts << 5 >> 5 >> 27, 4);
}
static void page_padding(struct bytes *b, uint32_t delta, uint32_t len)
{
	page_word(b, 29, delta);
	put_num(b, len, 4);
	for (; len > 4; len -= 4)
		put_num(b, 0xffffffff, 4);
}
enum { PAGE_MISSED = 1, PAGE_COUNT = 2 };
static void page_end(struct bytes *b, uint32_t page, int flags, uint64_t missed)
{
	uint64_t commit = b->n - page_at - 8 - (unsigned)page_long;

	if (flags & PAGE_MISSED)
		commit |= 1ull << 31 | (page_long == 8 ? ~0ull << 32 : 0);	/* the kernel's int is signed */
	if (flags & PAGE_COUNT) {
		commit |= 1u << 30;
		put_num(b, missed, (unsigned)page_long);
	}
	set_num(b, page_at + 8, commit, (unsigned)page_long);
	while ((b->n - page_at) % page)
		put(b, "", 1);
}

/* ---- the container ---- */

static void put_formats(struct bytes *b, bool ftrace)
{
	static const char common[] =
		"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
		"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
		"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";
	char text[1024];

	put_num(b, 1, 4);
	if (!ftrace) {
		put_text(b, "test");
		put_num(b, 1, 4);
	}
	snprintf(text, sizeof text, "name: %s\nID: %d\nformat:\n%s%s\nprint fmt: \"%s\"%s\n", ftrace ? "print" : "alpha",
		 ftrace ? 5 : 10, common, ftrace ? "" : "\tfield:u32 a;\toffset:8;\tsize:4;\tsigned:0;\n",
		 ftrace ? "" : "a=%u", ftrace ? "" : ", REC->a");
	put_sized(b, text, 8);
}
static void put_header_page(struct bytes *b, const struct dat_spec *s)
{
	char text[512];

	snprintf(text, sizeof text,
		 "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
		 "\tfield: local_t commit;\toffset:8;\tsize:%d;\tsigned:1;\n"
		 "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
		 "\tfield: char data;\toffset:%d;\tsize:%u;\tsigned:1;\n",
		 s->kernel_long, 8 + s->kernel_long, s->page - 8 - (unsigned)s->kernel_long);
	put_text(b, "header_page");
	put_sized(b, text, 8);
	put_text(b, "header_event");
	put_sized(b, "# compressed entry header\n", 8);
}
static void put_option(struct bytes *b, uint16_t id, const void *data, size_t size)
{
	put_num(b, id, 2);
	put_num(b, size, 4);
	put(b, data, size);
}
static void put_start(struct bytes *b, const struct dat_spec *s)
{
	put(b, "\x17\x08\x44tracing", 10);
	put_text(b, s->version == 6 ? "6" : "7");
	put_num(b, s->be, 1);
	put_num(b, (unsigned)s->user_long, 1);
	put_num(b, s->page, 4);
}

/* Table of CPUs with places to be filled in by put_data6(). */
static size_t put_table6(struct bytes *b, unsigned n_cpus)
{
	size_t at;

	put(b, "flyrecord", 10);
	at = b->n;
	for (unsigned i = 0; i < 2 * n_cpus; i++)
		put_num(b, 0, 8);
	return at;
}
static void put_data6(struct bytes *b, const struct dat_buffer_spec *buf, size_t table)
{
	for (unsigned i = 0; i < buf->n_cpus; i++) {
		put_align(b, buf->page);
		set_num(b, table + 16 * buf->cpu[i].cpu, b->n, 8);
		set_num(b, table + 16 * buf->cpu[i].cpu + 8, buf->cpu[i].pages->n, 8);
		put(b, buf->cpu[i].pages->p, buf->cpu[i].pages->n);
	}
}
static void build6(struct bytes *b, const struct dat_spec *s)
{
	size_t place[3] = { 0 }, table;

	put_header_page(b, s);
	put_formats(b, true);
	put_formats(b, false);
	put_sized(b, "ffffffff81000000 T _text\n", 4);
	put_sized(b, "", 4);
	put_sized(b, "100 one\n101 two words\n", 8);
	put_num(b, 4, 4);
	put(b, "options  ", 10);
	for (unsigned i = 0; i < s->n_options; i++)
		put_option(b, s->option[i].id, s->option[i].data, s->option[i].size);
	for (unsigned i = 1; i < s->n_buffers; i++) {
		put_num(b, 3, 2);
		put_num(b, 8 + strlen(s->buffer[i].name) + 1, 4);
		place[i] = b->n;
		put_num(b, 0, 8);
		put_text(b, s->buffer[i].name);
	}
	if (s->clock)
		put_option(b, 4, "", 0);
	put_num(b, 0, 2);
	table = put_table6(b, 4);
	if (s->clock)
		put_sized(b, s->clock, 8);
	put_data6(b, &s->buffer[0], table);
	for (unsigned i = 1; i < s->n_buffers; i++) {
		set_num(b, place[i], b->n, 8);
		put(b, "options  ", 10);
		put_num(b, 0, 2);
		table = put_table6(b, 4);
		put_data6(b, &s->buffer[i], table);
	}
}

/* Returns where the section's size is, for section_end(). */
static size_t section_begin(struct bytes *b, unsigned id, bool packed)
{
	put_num(b, id, 2);
	put_num(b, packed, 2);
	put_num(b, 0, 4);
	put_num(b, 0, 8);
	return b->n - 8;
}
static void section_end(struct bytes *b, size_t at)
{
	set_num(b, at, b->n - at - 8, 8);
}
static size_t pack(const struct dat_spec *s, void *to, size_t room, const void *p, size_t n)
{
#ifdef HAVE_zlib
	uLongf got = room;

	if (s->zlib)
		return compress(to, &got, p, n) == Z_OK ? got : 0;
#endif
#ifdef HAVE_zstd
	if (!s->zlib)
		return ZSTD_compress(to, room, p, n, 1);
#endif
	(void)s, (void)to, (void)room, (void)p, (void)n;
	return 0;
}
static void put_packed(struct bytes *b, const struct dat_spec *s, const void *p, size_t n)
{
	size_t room = n + n / 100 + 1024;
	void *to = xmalloc(room);
	size_t got = pack(s, to, room, p, n);

	put_num(b, got, 4);
	put_num(b, n, 4);
	put(b, to, got);
	free(to);
}
static uint64_t put_section(struct bytes *b, unsigned id, const struct dat_spec *s, struct bytes *body)
{
	uint64_t at = b->n;
	size_t size = section_begin(b, id, s->packed);

	if (s->packed)
		put_packed(b, s, body->p, body->n);
	else
		put(b, body->p, body->n);
	section_end(b, size);
	body->n = 0;
	return at;
}
static void put_data7(struct bytes *b, const struct dat_spec *s, const struct dat_buffer_spec *buf, struct bytes *table)
{
	size_t chunk = (s->chunk_pages ? s->chunk_pages : 10) * (size_t)buf->page;

	for (unsigned i = 0; i < buf->n_cpus; i++) {
		const struct bytes *pg = buf->cpu[i].pages;
		size_t from;

		put_align(b, s->page);
		from = b->n;
		if (s->packed) {
			put_num(b, (pg->n + chunk - 1) / chunk, 4);
			for (size_t at = 0; at < pg->n; at += chunk)
				put_packed(b, s, pg->p + at, MIN(chunk, pg->n - at));
		} else {
			put(b, pg->p, pg->n);
		}
		put_num(table, buf->cpu[i].cpu, 4);
		put_num(table, from, 8);
		put_num(table, b->n - from - (s->packed ? 4 : 0), 8);
	}
}
static void put_buffer7(struct bytes *b, const struct dat_spec *s, const struct dat_buffer_spec *buf, struct bytes *opts)
{
	struct bytes table = { .be = s->be };
	uint64_t at = b->n;
	size_t size = section_begin(b, 3, s->packed);

	put_num(&table, at, 8);
	put_text(&table, buf->name);
	put_text(&table, s->clock ? s->clock : "local");
	put_num(&table, buf->page, 4);
	put_num(&table, buf->n_cpus, 4);
	put_data7(b, s, buf, &table);
	section_end(b, size);
	if (s->twist != TWIST_NO_BUFFER)
		put_option(opts, 3, table.p, table.n);
	free(table.p);
}
static void put_place(struct bytes *opts, unsigned id, uint64_t at)
{
	put_num(opts, id, 2);
	put_num(opts, 8, 4);
	put_num(opts, at, 8);
}

/* Two OPTIONS sections in a chain: places and options first, buffers behind their data. */
static void build7(struct bytes *b, const struct dat_spec *s)
{
	struct bytes body = { .be = s->be }, opts = { .be = s->be };
	size_t first, next, size;
	uint64_t second, one;

	put_text(b, !s->packed ? "none" : s->zlib ? "zlib" : "zstd");
	put_text(b, s->packed ? "1.5" : "");
	first = b->n;
	put_num(b, 0, 8);
	put_header_page(&body, s);
	put_place(&opts, 16, put_section(b, 16, s, &body));
	put_formats(&body, true);
	put_place(&opts, 17, put_section(b, 17, s, &body));
	put_formats(&body, false);
	put_place(&opts, 18, put_section(b, 18, s, &body));
	put_sized(&body, "100 one\n101 two words\n", 8);
	put_place(&opts, 21, put_section(b, 21, s, &body));
	for (unsigned i = 0; i < s->n_options; i++)
		put_option(&opts, s->option[i].id, s->option[i].data, s->option[i].size);
	one = b->n;
	set_num(b, first, one, 8);
	size = section_begin(b, 0, false);
	put(b, opts.p, opts.n);
	put_place(b, 0, 0);
	next = b->n - 8;
	section_end(b, size);
	opts.n = 0;
	for (unsigned i = 0; i < s->n_buffers; i++)
		put_buffer7(b, s, &s->buffer[i], &opts);
	second = b->n;
	set_num(b, next, second, 8);
	size = section_begin(b, 0, false);
	put(b, opts.p, opts.n);
	put_place(b, 0, s->twist == TWIST_CYCLE ? second : s->twist == TWIST_BACKWARD ? one : 0);
	section_end(b, size);
	free(body.p);
	free(opts.p);
}

static struct bytes dat_build(const struct dat_spec *s)
{
	struct bytes b = { .be = s->be };

	put_start(&b, s);
	if (s->version == 6)
		build6(&b, s);
	else
		build7(&b, s);
	return b;
}

#endif
