// SPDX-License-Identifier: GPL-2.0-only
/* What describes a recording, as bytes: both versions hold the same texts. */
#include "datw_file.h"
#include "dat_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_zstd
#include <zstd.h>
#endif

uint8_t *datw_room(struct datw_out *o, size_t n)
{
	if (o->n + n > o->cap)
		o->p = grow_(o->p, &o->cap, o->n + n, 1);
	return o->p + o->n;
}

void datw_put(struct datw_out *o, const void *p, size_t n)
{
	datw_room(o, n);
	if (p && n)
		memcpy(o->p + o->n, p, n);
	else if (n)
		memset(o->p + o->n, 0, n);
	o->n += n;
}

void datw_set_num(struct datw_out *o, size_t at, uint64_t v, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		o->p[at + i] = (uint8_t)(v >> 8 * (host_big_endian() ? size - 1 - i : i));
}

void datw_put_num(struct datw_out *o, uint64_t v, unsigned size)
{
	datw_put(o, NULL, size);
	datw_set_num(o, o->n - size, v, size);
}

void datw_put_text(struct datw_out *o, const char *s)
{
	datw_put(o, s, strlen(s) + 1);
}

void datw_put_sized(struct datw_out *o, struct datw_text t, unsigned size)
{
	datw_put_num(o, t.len, size);
	datw_put(o, t.p, t.len);
}

void datw_put_option(struct datw_out *o, unsigned id, const void *p, size_t n)
{
	datw_put_num(o, id, 2);
	datw_put_num(o, n, 4);
	datw_put(o, p, n);
}

void datw_put_start(const struct datw *d, struct datw_out *o)
{
	datw_put(o, "\x17\x08\x44tracing", 10);
	datw_put_text(o, d->version == 6 ? "6" : "7");
	datw_put_num(o, host_big_endian(), 1);
	datw_put_num(o, d->long_size, 1);
	datw_put_num(o, d->page_size, 4);
}

void datw_put_headers(struct datw_out *o, const struct datw_meta *m)
{
	datw_put_text(o, "header_page");
	datw_put_sized(o, m->header_page, 8);
	datw_put_text(o, "header_event");
	datw_put_sized(o, m->header_event, 8);
}

/* ---- formats ---- */

bool datw_is_ftrace(const struct datw_format *f)
{
	return !strcmp(f->system, "ftrace");
}

void datw_put_ftrace(struct datw_out *o, const struct datw_meta *m)
{
	size_t at = o->n;
	uint32_t n = 0;

	datw_put_num(o, 0, 4);
	for (size_t i = 0; i < m->n_formats; i++)
		if (datw_is_ftrace(&m->formats[i])) {
			datw_put_sized(o, m->formats[i].text, 8);
			n++;
		}
	datw_set_num(o, at, n, 4);
}

static bool same_system(const struct datw *d, size_t i, size_t k)
{
	return !strcmp(d->formats[i].system, d->formats[k].system);
}

static bool first_of_system(const struct datw *d, size_t i)
{
	for (size_t k = i; k-- > 0; )
		if (same_system(d, i, k))
			return false;
	return true;
}

static void put_system(const struct datw *d, struct datw_out *o, size_t first)
{
	uint32_t n = 0;
	size_t at;

	datw_put_text(o, d->formats[first].system);
	at = o->n;
	datw_put_num(o, 0, 4);
	for (size_t i = first; i < d->n_formats; i++)
		if (same_system(d, first, i)) {
			datw_put_sized(o, (struct datw_text){ d->formats[i].text, d->formats[i].len }, 8);
			n++;
		}
	datw_set_num(o, at, n, 4);
}

uint32_t datw_put_formats(const struct datw *d, struct datw_out *o)
{
	size_t at = o->n;
	uint32_t n = 0;

	datw_put_num(o, 0, 4);
	for (size_t i = 0; i < d->n_formats; i++)
		if (first_of_system(d, i)) {
			put_system(d, o, i);
			n++;
		}
	datw_set_num(o, at, n, 4);
	return n;
}

size_t datw_format_head(const struct datw_format *f)
{
	const char *end = f->text.len ? memchr(f->text.p, '\n', f->text.len) : NULL;

	return end ? (size_t)(end - f->text.p) + 1 : 0;
}

/* The newest of a name is the one that counts: a probe that was made again has other fields. */
static struct datw_kept *kept_place(struct datw *d, const struct datw_format *f)
{
	size_t head = datw_format_head(f);

	for (size_t i = 0; i < d->n_formats; i++) {
		struct datw_kept *k = &d->formats[i];

		if (k->len >= head && !memcmp(k->text, f->text.p, head) && !strcmp(k->system, f->system))
			return k;
	}
	GROW(d->formats, d->n_formats, d->cap_formats);
	d->formats[d->n_formats] = (struct datw_kept){ 0 };
	return &d->formats[d->n_formats++];
}

bool datw_keep_format(struct datw *d, const struct datw_format *f)
{
	struct datw_kept *k;

	if (!datw_format_head(f))
		return false;
	k = kept_place(d, f);
	if (k->len == f->text.len && !memcmp(k->text, f->text.p, k->len))
		return false;
	free(k->system);
	free(k->text);
	*k = (struct datw_kept){ xstrdup(f->system), xstrndup(f->text.p, f->text.len), f->text.len };
	return true;
}

/* ---- statistics: the text of each CPU in an option, the name of an instance in one before ---- */

static bool any_stats(const struct datw_ring *r)
{
	for (uint32_t i = 0; i < r->n_streams; i++)
		if (r->streams[i].stats)
			return true;
	return false;
}

void datw_put_stats(const struct datw *d, struct datw_out *o)
{
	for (size_t i = 0; i < d->n_rings; i++) {
		const struct datw_ring *r = &d->rings[i];
		char *title;

		if (*r->name && any_stats(r)) {
			title = xasprintf("\nBuffer: %s\n\n", r->name);
			datw_put_option(o, DAT_CPUSTAT, title, strlen(title) + 1);
			free(title);
		}
		for (uint32_t k = 0; k < r->n_streams; k++)
			if (r->streams[k].stats)
				datw_put_option(o, DAT_CPUSTAT, r->streams[k].stats, strlen(r->streams[k].stats) + 1);
	}
}

size_t datw_stats_room(const struct datw *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_rings; i++)
		n += 6 + 16 + strlen(d->rings[i].name) + (6 + DATW_STATS_MAX) * (size_t)d->rings[i].n_streams;
	return n;
}

/* ---- packing ---- */

#ifdef HAVE_zstd
const char *datw_pack_version(void)
{
	return ZSTD_versionString();
}

void datw_pack_fini(struct datw *d)
{
	ZSTD_freeCCtx(d->zstd);
}

static size_t compress(struct datw *d, uint8_t *to, size_t room, const void *p, size_t n, int level)
{
	size_t got;

	if (!d->zstd && !(d->zstd = ZSTD_createCCtx()))
		die("out of memory (zstd)");
	got = ZSTD_compressCCtx(d->zstd, to, room, p, n, level);
	return ZSTD_isError(got) ? 0 : got;
}
#else
#define ZSTD_compressBound(n) (n)
const char *datw_pack_version(void)
{
	return NULL;
}

void datw_pack_fini(struct datw *d)
{
	(void)d;
}

static size_t compress(struct datw *d, uint8_t *to, size_t room, const void *p, size_t n, int level)
{
	(void)d, (void)to, (void)room, (void)p, (void)n, (void)level;
	return 0;
}
#endif

int datw_pack(struct datw *d, struct datw_out *o, const void *p, size_t n, int level, struct err *err)
{
	size_t at = o->n, room = ZSTD_compressBound(n), got;

	got = compress(d, datw_room(o, 8 + room) + 8, room, p, n, level);
	if (!got || n > UINT32_MAX)
		return err_set(err, -EINVAL, "%s: zstd refuses %zu bytes", d->path, n);
	o->n = at + 8 + got;
	datw_set_num(o, at, got, 4);
	datw_set_num(o, at + 4, n, 4);
	return 0;
}
