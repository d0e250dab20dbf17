// SPDX-License-Identifier: GPL-2.0-only
#include "datw_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (128u << 10)	/* larger ones pack little better, and readers hold one a CPU */

/* ---- open and close ---- */

static void free_ring(struct datw_ring *r)
{
	for (uint32_t i = 0; i < r->n_streams; i++) {
		free(r->streams[i].waiting);
		free(r->streams[i].stats);
	}
	free(r->streams);
	free(r->name);
}

void datw_abort(struct datw *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n_rings; i++)
		free_ring(&d->rings[i]);
	for (size_t i = 0; i < d->n_formats; i++) {
		free(d->formats[i].system);
		free(d->formats[i].text);
	}
	free(d->rings);
	free(d->formats);
	free(d->names);
	free(d->clock);
	free(d->uname);
	free(d->program);
	free(d->later_system);
	free(d->later);
	free(d->scratch.p);
	free(d->packing.p);
	datw_pack_fini(d);
	if (d->fd >= 0)
		close(d->fd);
	free(d->path);
	free(d);
}

static void add_ring(struct datw *d, struct datw_ring *r, const struct datw_buffer *b)
{
	r->name = xstrdup(b->name);
	r->n_streams = b->n_cpus;
	r->streams = xcalloc(b->n_cpus, sizeof *r->streams);
	for (uint32_t i = 0; i < b->n_cpus; i++) {
		struct datw_stream *s = &r->streams[i];

		s->cpu = b->cpus ? b->cpus[i] : i;
		s->len = d->head;
		BUG_ON(i && s->cpu <= s[-1].cpu);
		d->n_cpus = MAX(d->n_cpus, s->cpu + 1);
	}
}

static struct datw *new_writer(const char *path, int version, bool pack, const struct datw_meta *m)
{
	struct datw *d = xcalloc(1, sizeof *d);

	BUG_ON(!m->n_buffers || *m->buffers[0].name || !m->page_size || (version != 6 && version != 7));
	d->fd = -1;
	d->path = xstrdup(path);
	d->version = version;
	d->packed = pack && version == 7 && datw_pack_version();
	d->head = d->packed ? 4 : 0;
	d->page_size = m->page_size;
	d->long_size = m->long_size;
	d->n_cpus = m->n_cpus;
	d->chunk = MAX(CHUNK / m->page_size, 1u) * (size_t)m->page_size;
	d->clock = xstrdup(m->clock);
	d->uname = xstrdup(m->uname);
	d->program = xstrdup(m->version);
	d->n_rings = m->n_buffers;
	d->rings = xcalloc(d->n_rings, sizeof *d->rings);
	for (size_t i = 0; i < d->n_rings; i++)
		add_ring(d, &d->rings[i], &m->buffers[i]);
	for (size_t i = 0; i < m->n_formats; i++)
		if (!datw_is_ftrace(&m->formats[i]))
			datw_keep_format(d, &m->formats[i]);
	return d;
}

static int write_front(struct datw *d, const struct datw_meta *m, struct err *err)
{
	struct datw_out o = { 0 };
	int r = 0;

	if (d->version == 6)
		datw_v6_front(d, m, &o);
	else
		r = datw_v7_front(d, m, &o, err);
	if (!r)
		r = datw_lay_out(d, err);
	if (!r)
		r = datw_write(d, o.p, o.n, 0, err);
	d->bytes = o.n;
	free(o.p);
	free(d->scratch.p);			/* it has held the largest text */
	d->scratch = (struct datw_out){ 0 };
	for (size_t i = 0; i < d->n_rings && d->version == 7 && !r; i++)
		r = datw_v7_head(d, d->rings[i].at, i ? d->rings[i].at + DATW_HEAD : d->far_end, err);
	return r;
}

struct datw *datw_open(const char *path, int version, bool pack, const struct datw_meta *m, struct err *err)
{
	struct datw *d = new_writer(path, version, pack, m);
	int r = datw_file_open(d, err);

	if (!r)
		r = write_front(d, m, err);
	if (!r)
		r = datw_publish(d, err);
	if (!r)
		return d;
	if (d->created)
		unlink(path);
	datw_abort(d);
	errno = -r;
	return NULL;
}

/* ---- data ---- */

static struct datw_stream *find_stream(struct datw *d, unsigned buffer, uint32_t cpu)
{
	struct datw_ring *r = &d->rings[buffer];
	uint32_t from = 0, to = r->n_streams;

	BUG_ON(buffer >= d->n_rings);
	if (cpu < to && r->streams[cpu].cpu == cpu)
		return &r->streams[cpu];
	while (from < to) {
		uint32_t mid = (from + to) / 2;

		if (r->streams[mid].cpu == cpu)
			return &r->streams[mid];
		if (r->streams[mid].cpu < cpu)
			from = mid + 1;
		else
			to = mid;
	}
	return NULL;
}

static int write_chunk(struct datw *d, struct datw_stream *s, const void *p, size_t n, struct err *err)
{
	int r = 0;

	if (d->packed) {
		d->packing.n = 0;
		r = datw_pack(d, &d->packing, p, n, DATW_LEVEL_DATA, err);
		p = d->packing.p;
		n = d->packing.n;
	}
	if (!r && s->len + n > d->region)
		r = err_set(err, -EFBIG, "%s: full: CPU %u has %llu bytes in it, and there is no room for more", d->path,
			    s->cpu, (unsigned long long)s->len);
	if (!r)
		r = datw_write(d, p, n, s->at + s->len, err);
	if (r)
		return r;
	s->len += n;
	s->n_chunks++;
	d->bytes += n;
	return 0;
}

static int write_waiting(struct datw *d, struct datw_stream *s, struct err *err)
{
	int r = s->n_waiting ? write_chunk(d, s, s->waiting, s->n_waiting, err) : 0;

	if (!r)
		s->n_waiting = 0;
	return r;
}

/* Keeps up to n bytes for the next chunk; how many. */
static size_t hold(struct datw *d, struct datw_stream *s, const uint8_t *p, size_t n)
{
	n = MIN(n, d->chunk - s->n_waiting);
	if (!s->waiting)
		s->waiting = xmalloc(d->chunk);
	memcpy(s->waiting + s->n_waiting, p, n);
	s->n_waiting += n;
	return n;
}

int datw_pages(struct datw *d, unsigned buffer, uint32_t cpu, const void *pages, size_t n_pages, struct err *err)
{
	struct datw_stream *s = find_stream(d, buffer, cpu);
	size_t n = n_pages * d->page_size, part;
	const uint8_t *p = pages;
	int r = 0;

	if (!s)
		return err_set(err, -EINVAL, "%s: CPU %u was not there when the recording began", d->path, cpu);
	for (; n && !r; p += part, n -= part) {
		if (!s->n_waiting && n >= d->chunk) {
			part = d->chunk;
			r = write_chunk(d, s, p, part, err);
			continue;
		}
		part = hold(d, s, p, n);
		if (s->n_waiting == d->chunk)
			r = write_waiting(d, s, err);
	}
	return r;
}

/* ---- what may change ---- */

void datw_cmdlines(struct datw *d, const char *text, size_t len)
{
	bool ended = !len || text[len - 1] == '\n';

	if (len == d->n_names && (!len || !memcmp(text, d->names, len)))
		return;
	free(d->names);
	d->names = xmalloc(len + 1);
	if (len)
		memcpy(d->names, text, len);
	d->names[len] = '\n';
	d->n_names = len + !ended;
	d->names_changed = d->names_at.changed = true;
}

void datw_stats(struct datw *d, unsigned buffer, uint32_t cpu, const char *text, size_t len)
{
	struct datw_stream *s = find_stream(d, buffer, cpu);

	if (!s)
		return;
	free(s->stats);
	s->stats = xasprintf("CPU: %u\n%.*s", cpu, (int)MIN(len, DATW_STATS_MAX - 32), text);
}

int datw_add_format(struct datw *d, const struct datw_format *f, struct err *err)
{
	int r = 0;

	if (d->version == 6)
		r = datw_v6_add_format(d, f, err);
	else if (datw_keep_format(d, f))
		d->formats_at.changed = true;
	if (!r && (d->formats_at.changed || d->n_told < d->n_came))
		(void)datw_publish(d, NULL);
	return r;
}

/* ---- flush and finish ---- */

int datw_publish(struct datw *d, struct err *err)
{
	return d->version == 6 ? datw_v6_publish(d, err) : datw_v7_publish(d, err);
}

/* One that cannot be written keeps no other from it. The first error is the one that is told. */
int datw_flush(struct datw *d, struct err *err)
{
	int r = 0, again;

	for (size_t i = 0; i < d->n_rings; i++)
		for (uint32_t k = 0; k < d->rings[i].n_streams; k++) {
			again = write_waiting(d, &d->rings[i].streams[k], r ? NULL : err);
			r = r ? r : again;
		}
	again = datw_publish(d, r ? NULL : err);
	return r ? r : again;
}

int datw_finish(struct datw *d, struct err *err)
{
	int r = datw_flush(d, err);

	if (!r)
		r = d->version == 6 ? datw_v6_finish(d, err) : datw_v7_finish(d, err);
	datw_abort(d);
	return r;
}

uint64_t datw_bytes(const struct datw *d)
{
	return d->bytes;
}
