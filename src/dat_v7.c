// SPDX-License-Identifier: GPL-2.0-only
/* trace.dat version 7: sections, found through a chain of OPTIONS sections. */
#include "dat_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_MAX = 1024, PACKED = 1 };

struct section {
	uint16_t id, flags;
	uint64_t body, size;
};

static bool read_section(struct dat_file *f, uint64_t at, struct section *sec)
{
	uint8_t h[16];

	if (at < f->first_section || at > f->size || dat_pread(f->fd, h, sizeof h, at) != sizeof h)
		return false;
	sec->id = get16(h, f->swap);
	sec->flags = get16(h + 2, f->swap);
	sec->body = at + sizeof h;
	sec->size = get64(h + 8, f->swap);
	return true;
}

/* u32 packed size, u32 unpacked size, bytes */
static bool unpack_section(struct dat_file *f, const struct section *sec, struct dat_in *in)
{
	uint8_t h[8], *from, *to;
	uint32_t n_from, n_to;
	bool ok;

	if (dat_pread(f->fd, h, sizeof h, sec->body) != sizeof h)
		return false;
	n_from = get32(h, f->swap);
	n_to = get32(h + 4, f->swap);
	if (n_from > MIN(f->size - sec->body, (uint64_t)DAT_SECTION_MAX) || n_to > DAT_SECTION_MAX)
		return false;
	from = xmalloc(n_from);
	to = xmalloc(n_to);
	ok = dat_pread(f->fd, from, n_from, sec->body + 8) == n_from && dat_unpack(f->unpack, to, n_to, from, n_from);
	free(from);
	if (ok)
		dat_in_memory(in, to, n_to, f->swap);
	else
		free(to);
	return ok;
}

static bool open_section(struct dat_file *f, const struct section *sec, struct dat_in *in)
{
	if (sec->flags & PACKED)
		return unpack_section(f, sec, in);
	dat_in_file(in, f->fd, f->swap, sec->body, sec->body + MIN(sec->size, f->size - sec->body));
	return true;
}

/* ---- the chain of options ---- */

/* Returns where the next OPTIONS section is, 0 at the end of the chain. */
static uint64_t read_options(struct dat_file *f, struct dat_in *in)
{
	while (!in->bad) {
		uint16_t id = dat_in_u16(in);
		uint32_t len = dat_in_u32(in);
		const uint8_t *p;

		if (in->bad)
			break;
		if (len > DAT_IN_ITEM_MAX) {
			dat_in_skip(in, len);
			continue;
		}
		p = dat_in_bytes(in, len);
		if (!p)
			break;
		if (id == DAT_DONE)
			return len >= 8 ? get64(p, f->swap) : 0;
		dat_option(f, id, p, len, NULL);
	}
	source_damage(f->s, "its list of options ends early");
	f->s->info.n_bad++;
	return 0;
}

static bool seen(uint64_t *v, size_t *n, uint64_t at)
{
	for (size_t i = 0; i < *n; i++)
		if (v[i] == at)
			return true;
	v[(*n)++] = at;
	return *n >= CHAIN_MAX;
}

/* false: the chain leads nowhere (out of the file, or round in circles). */
static bool follow_chain(struct dat_file *f)
{
	uint64_t at = f->options, *visited = xmalloc(CHAIN_MAX * sizeof *visited);
	size_t n = 0;
	bool ok = true;

	while (at && ok) {
		struct section sec;
		struct dat_in in;

		if (at >= f->size) {
			f->announced = MAX(f->announced, at < DAT_SIZE_MAX ? at + 16 : 0);
			ok = false;
		} else {
			ok = !seen(visited, &n, at) && read_section(f, at, &sec) && sec.id == DAT_DONE &&
			     open_section(f, &sec, &in);
		}
		if (!ok)
			break;
		at = read_options(f, &in);
		dat_in_fini(&in);
	}
	if (!ok && at < f->size)
		source_damage(f->s, "its options at byte %" PRIu64 " cannot be read", at);
	free(visited);
	return ok;
}

/* ---- the sections they point at ---- */

static void take_header_info(struct dat_file *f, struct dat_in *in)
{
	const uint8_t *p = dat_in_bytes(in, 12);
	uint64_t len = p && !memcmp(p, "header_page", 12) ? dat_in_u64(in) : UINT64_MAX;

	p = len <= DAT_IN_ITEM_MAX ? dat_in_bytes(in, len) : NULL;
	if (p)
		dat_header_page(f, (const char *)p, len);
	else
		in->bad = true;
}

static void take_cmdlines(struct dat_file *f, struct dat_in *in)
{
	uint64_t len = dat_in_u64(in);
	const uint8_t *p = len <= DAT_IN_ITEM_MAX ? dat_in_bytes(in, len) : NULL;

	if (p)
		dat_cmdlines(f, (const char *)p, len);
	else
		in->bad = true;
}

static void load_section(struct dat_file *f, unsigned id, const char *what)
{
	struct section sec;
	struct dat_in in;
	bool ok;

	if (!f->section[id])
		return;
	ok = read_section(f, f->section[id], &sec) && sec.id == id && open_section(f, &sec, &in);
	if (ok) {
		if (id == DAT_HEADER_INFO)
			take_header_info(f, &in);
		else if (id == DAT_CMDLINES)
			take_cmdlines(f, &in);
		else
			dat_formats(f, &in, id == DAT_FTRACE_EVENTS);
		ok = !in.bad;
		dat_in_fini(&in);
	}
	if (!ok) {
		source_damage(f->s, "%s cannot be read in full: damaged at byte %" PRIu64, what, f->section[id]);
		f->s->info.n_bad++;
	}
}

/* Whether a buffer's data is packed is a flag of its section. */
static void look_at_buffers(struct dat_file *f)
{
	for (size_t i = 0; i < f->n_buffers; i++) {
		struct dat_buffer *b = &f->buffers[i];
		struct section sec;

		if (!b->n_cpus || b->at + 16 > f->size)
			continue;
		if (read_section(f, b->at, &sec) && sec.id == DAT_BUFFER) {
			b->packed = sec.flags & PACKED;
			continue;
		}
		b->packed = f->codec != DAT_PLAIN;
		source_damage(f->s, "the head of buffer %s is damaged", *b->name ? b->name : "top");
		f->s->info.n_bad++;
	}
}

/* "name\0version\0", u64 place of the first options */
static int read_codec(struct dat_file *f, struct err *err)
{
	struct dat_in in;
	const char *name, *missing;

	dat_in_file(&in, f->fd, f->swap, f->first_section, f->size);
	name = dat_in_text(&in, 64);
	f->codec = name ? dat_codec_of(name) : DAT_UNKNOWN;
	dat_in_text(&in, 64);
	f->options = dat_in_u64(&in);
	f->first_section = dat_in_pos(&in);
	dat_in_fini(&in);
	if (f->first_section >= f->size)
		return err_set(err, -EINVAL, "%s: truncated at byte %" PRIu64 ", in its header", f->path, f->size);
	missing = dat_codec_missing(f->codec);
	if (missing)
		return err_set(err, -ENOTSUP, "%s: %s", f->path, missing);
	f->unpack = dat_unpack_new(f->codec);
	return 0;
}

int dat_v7_read(struct dat_file *f, struct err *err)
{
	static const struct { unsigned id; const char *what; } load[] = {
		{ DAT_HEADER_INFO, "the page header's format" }, { DAT_FTRACE_EVENTS, "ftrace's own event formats" },
		{ DAT_EVENT_FORMATS, "the event formats" }, { DAT_CMDLINES, "the saved task names" },
	};
	bool whole;
	int r = read_codec(f, err);

	if (r)
		return r;
	whole = follow_chain(f);
	if (!whole || f->announced > f->size)
		f->s->info.n_bad++;
	if (!whole || !f->n_buffers)
		dat_rescue(f);
	look_at_buffers(f);
	for (size_t i = 0; i < ARRAY_LEN(load); i++)
		load_section(f, load[i].id, load[i].what);
	return 0;
}
