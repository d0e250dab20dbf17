// SPDX-License-Identifier: GPL-2.0-only
/* trace.dat version 6: everything in a fixed order, no table of contents. */
#include "dat_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TAG = 10, SEARCH_MAX = 256 << 20 };

/* A label and a text. A wrong label is damage, but no reason to give up: the length behind it tells where to go on. */
static const char *labelled(struct dat_file *f, struct dat_in *in, const char *label, uint64_t *len)
{
	size_t n = strlen(label) + 1;
	const uint8_t *p = dat_in_bytes(in, n);

	if (p && memcmp(p, label, n))
		f->s->info.n_bad++;
	*len = dat_in_u64(in);
	if (*len <= DAT_IN_ITEM_MAX)
		return (const char *)dat_in_bytes(in, *len);
	in->bad = true;
	return NULL;
}

static void read_header_page(struct dat_file *f, struct dat_in *in)
{
	uint64_t len;
	const char *text = labelled(f, in, "header_page", &len);

	if (text)
		dat_header_page(f, text, len);
	labelled(f, in, "header_event", &len);
}

static void read_cmdlines(struct dat_file *f, struct dat_in *in)
{
	uint64_t len = dat_in_u64(in);
	const uint8_t *p;

	if (len > DAT_IN_ITEM_MAX) {
		dat_in_skip(in, len);
		return;
	}
	p = dat_in_bytes(in, len);
	if (p)
		dat_cmdlines(f, (const char *)p, len);
}

static void read_options(struct dat_file *f, struct dat_in *in, struct dat_buffer *b)
{
	while (!in->bad) {
		uint16_t id = dat_in_u16(in);
		uint32_t len;
		const uint8_t *p;

		if (in->bad || id == DAT_DONE)
			return;
		len = dat_in_u32(in);
		if (len > DAT_IN_ITEM_MAX) {
			dat_in_skip(in, len);
			continue;
		}
		p = dat_in_bytes(in, len);
		if (p)
			dat_option(f, id, p, len, b);
	}
}

/* Behind the top buffer's table, when option TRACECLOCK was there. */
static void read_clock(struct dat_file *f, struct dat_in *in)
{
	uint64_t len = dat_in_u64(in);
	const uint8_t *p;

	if (in->bad || len > 4096)
		return;
	p = dat_in_bytes(in, len);
	if (p)
		dat_clock(f, (const char *)p, len);
}

/* Options, then "flyrecord" and for each CPU the place and size of its data. `b`: an instance's; NULL: the top's. */
static int read_data(struct dat_file *f, struct dat_in *in, struct dat_buffer *b, struct err *err)
{
	const uint8_t *tag = dat_in_bytes(in, TAG);
	bool top = !b;

	if (tag && !memcmp(tag, "options", 7)) {
		read_options(f, in, b);
		tag = dat_in_bytes(in, TAG);
	}
	if (tag && top && !memcmp(tag, "latency", 7))
		return err_set(err, -ENOTSUP, "%s: holds the text of a latency tracer, no events; record with trace-cmd"
			       " record -e", f->path);
	if (!tag || memcmp(tag, "flyrecord", 9)) {
		in->bad = true;
		return 0;
	}
	if (top)
		b = dat_buffer_add(f, "", 0);
	for (uint32_t cpu = 0; b && cpu < f->n_cpus && !in->bad; cpu++) {
		uint64_t off = dat_in_u64(in), size = dat_in_u64(in);

		if (!in->bad)
			dat_buffer_cpu(f, b, cpu, off, size);
	}
	if (top && f->clock_behind_table)
		read_clock(f, in);
	return 0;
}

/* Instances are named by options of the top buffer, read before; they may have a number of CPUs of their own. */
static int read_instances(struct dat_file *f, struct err *err)
{
	uint32_t n_cpus = f->n_cpus;
	int r = 0;

	for (size_t i = 0; i < f->n_buffers && !r; i++) {
		struct dat_buffer *b = &f->buffers[i];
		struct dat_in in;

		if (!b->at)
			continue;
		dat_in_file(&in, f->fd, f->swap, MIN(b->at, f->size), f->size);
		r = read_data(f, &in, b, err);
		f->n_cpus = n_cpus;
		if (in.bad) {
			source_damage(f->s, "the list of CPUs of buffer %s cannot be read", b->name);
			f->s->info.n_bad++;
		}
		f->cut |= in.bad && b->at + 4096 > f->size;
		dat_in_fini(&in);
	}
	return r;
}

/* A length went wrong and nothing behind it is where it should be: look for the tag that starts the data. */
static bool find_data(struct dat_file *f, struct dat_in *in, uint64_t from)
{
	static const char *const tags[] = { "options  ", "flyrecord" };
	uint64_t end = MIN(f->size, from + SEARCH_MAX);
	uint8_t *buf = xmalloc(DAT_IN_WINDOW);
	bool found = false;

	for (uint64_t at = from; at < end && !found; at += DAT_IN_WINDOW - TAG - 4) {
		size_t n = dat_pread(f->fd, buf, DAT_IN_WINDOW, at);

		for (size_t t = 0; t < ARRAY_LEN(tags) && n > 4 && !found; t++) {
			uint8_t *p = memmem(buf + 4, n - 4, tags[t], TAG);
			uint32_t n_cpus = p ? get32(p - 4, f->swap) : 0;

			if (!n_cpus || n_cpus > DAT_CPUS_MAX)
				continue;
			f->n_cpus = n_cpus;
			dat_in_fini(in);
			dat_in_file(in, f->fd, f->swap, at + (uint64_t)(p - buf), f->size);
			found = true;
		}
	}
	free(buf);
	return found;
}

static void read_headers(struct dat_file *f, struct dat_in *in)
{
	read_header_page(f, in);
	dat_formats(f, in, true);
	dat_formats(f, in, false);
	dat_in_skip(in, dat_in_u32(in));	/* kallsyms */
	dat_in_skip(in, dat_in_u32(in));	/* formats of trace_printk */
	read_cmdlines(f, in);
	f->n_cpus = dat_in_u32(in);
	if (f->n_cpus > DAT_CPUS_MAX)
		in->bad = true;
}

int dat_v6_read(struct dat_file *f, struct err *err)
{
	uint64_t at;
	struct dat_in in;
	int r = 0;

	dat_in_file(&in, f->fd, f->swap, f->first_section, f->size);
	read_headers(f, &in);
	if (in.bad) {
		at = dat_in_pos(&in);
		f->s->info.n_bad++;
		if (find_data(f, &in, f->first_section))
			source_damage(f->s, "damaged near byte %" PRIu64 "; some event formats may be missing", at);
		else
			f->cut = true;
	}
	if (!in.bad)
		r = read_data(f, &in, NULL, err);
	if (in.bad)
		f->cut = true;
	if (!r)
		r = read_instances(f, err);
	dat_in_fini(&in);
	return r;
}
