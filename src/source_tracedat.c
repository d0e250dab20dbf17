// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace.dat as a source: all CPUs of all buffers merged by time, losses told where they happened, events that
 * several buffers hold given once.
 */
#include "dat_dup.h"
#include "dat_stream.h"
#include "merge.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
	BLOCK_MAX = 128 << 10,		/* fits the second cache: bytes are still there when they are walked */
	BLOCKS_MAX = 16 << 20,		/* of all streams */
	SPOOL_BLOCK = 64 << 10,
	SPOOL_CHECK = 64 << 20,
};

struct tracedat {
	struct source s;
	struct dat_file f;
	struct dat_shared sh;
	struct dat_stream *streams;
	uint32_t n_streams;
	struct merge merge;
	struct dat_stream *given;	/* its event was given: go on before the next */
	struct record lost;
	struct dat_dup **dup;		/* by CPU; NULL where only one buffer has data */
	uint64_t n_dup, first_ts;
	int fd;
};

static void tracedat_close(struct source *s)
{
	struct tracedat *t = (struct tracedat *)s;

	for (uint32_t i = 0; i < t->n_streams; i++)
		dat_stream_fini(&t->streams[i]);
	free(t->streams);
	free(t->sh.packed);
	for (uint32_t cpu = 0; t->dup && cpu < s->info.n_cpus; cpu++)
		free(t->dup[cpu]);
	free(t->dup);
	merge_fini(&t->merge);
	record_fini(&t->lost);
	dat_file_fini(&t->f);
	source_fini(s);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

/* ---- next ---- */

static uint64_t last_ts(const struct tracedat *t)
{
	uint64_t ts = 0;

	for (uint32_t i = 0; i < t->n_streams; i++)
		ts = MAX(ts, t->streams[i].last_ts);
	return ts;
}

static int give_lost(struct tracedat *t, struct dat_stream *s, struct event *ev)
{
	const struct format *f = t->s.formats.v[SOURCE_LOST];
	uint64_t ts = s->ts == DAT_TS_LAST ? last_ts(t) : s->ts;

	record_begin(&t->lost, f);
	record_num(&t->lost, 0, MIN(s->lost_from ? s->lost_from : t->first_ts, ts));
	record_num(&t->lost, 1, s->lost_unknown ? 0 : s->lost_count);
	record_num(&t->lost, 2, s->cut && !s->raw && s->ts != DAT_TS_LAST);
	s->rare &= (uint8_t)~DAT_LOST;
	t->given = s->raw ? NULL : s;
	*ev = (struct event){
		.ts = ts, .cpu = s->cpu, .pid = -1, .type = SOURCE_LOST,
		.raw = t->lost.buf, .len_bytes = (uint32_t)t->lost.len,
	};
	return 1;
}

static bool is_dup(struct tracedat *t, struct dat_stream *s)
{
	if (!dat_dup_seen(t->dup[s->cpu], s->ts, s->b->number, s->raw, s->len))
		return false;
	t->n_dup++;
	return true;
}

static int at_end(struct tracedat *t)
{
	if (t->n_dup)
		source_note(&t->s, "%" PRIu64 " events that several buffers hold are counted once", t->n_dup);
	t->n_dup = 0;
	t->given = NULL;
	return 0;
}

static int tracedat_next(struct source *src, struct event *ev, struct err *err)
{
	struct tracedat *t = (struct tracedat *)src;
	struct dat_stream *s = t->given;

	(void)err;
	for (;;) {
		uint32_t top;

		if (s) {
			dat_stream_next(s);
			merge_advance(&t->merge, s->ts);
		}
		top = merge_top(&t->merge);
		if (unlikely(top == MERGE_NONE))
			return at_end(t);
		s = &t->streams[top];
		if (unlikely(s->rare)) {
			if (s->rare & DAT_LOST)
				return give_lost(t, s, ev);
			if (is_dup(t, s))
				continue;
		}
		if (likely(formats_header(&src->formats, s->raw, s->len, ev))) {
			ev->ts = s->ts;
			ev->cpu = s->cpu;
			t->given = s;
			return 1;
		}
		src->info.n_unknown++;
	}
}

static const struct source_ops ops = { tracedat_next, tracedat_close };

/* ---- open ---- */

static bool write_all(int fd, const char *buf, size_t n, uint64_t *total)
{
	while (n) {
		ssize_t w = write(fd, buf, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return false;
		buf += w;
		n -= (size_t)w;
		*total += (uint64_t)w;
	}
	return true;
}

static ssize_t read_some(int fd, char *buf, size_t n)
{
	ssize_t r;

	do
		r = read(fd, buf, n);
	while (r < 0 && errno == EINTR);
	return r;
}

static int temp_file(const char **dir)
{
	char *name;
	int fd;

	*dir = getenv("TMPDIR");
	if (!*dir || !**dir)
		*dir = "/var/tmp";
	name = xasprintf("%s/agenttop-XXXXXX", *dir);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	free(name);
	return fd;
}

/* A twentieth of the disk stays free: a pipe without end must not take it all. Asked now and then only. */
static bool disk_nearly_full(int fd, uint64_t total)
{
	struct statvfs v;

	return total % SPOOL_CHECK < SPOOL_BLOCK && !fstatvfs(fd, &v) && v.f_bavail < v.f_blocks / 20;
}

/* A pipe cannot be read in any order: keep it in a file that has no name. A full disk is the same as a pipe that ends. */
static int spool(struct tracedat *t, struct source_file *sf, struct err *err)
{
	const char *dir;
	char buf[SPOOL_BLOCK];
	int fd = temp_file(&dir);
	ssize_t n = (ssize_t)sf->n_head;
	uint64_t total = 0;

	if (fd < 0)
		return err_set(err, -errno, "%s: a pipe has to be kept in a file, and there can be none in %s: %s",
			       sf->path, dir, strerror(errno));
	memcpy(buf, sf->head, sf->n_head);
	errno = 0;
	while (n > 0 && !disk_nearly_full(fd, total) && write_all(fd, buf, (size_t)n, &total))
		n = read_some(sf->fd, buf, sizeof buf);
	if (n)
		source_note(&t->s, "only the first %" PRIu64 " bytes of the pipe are read: %s", total,
			    errno ? strerror(errno) : "the disk is nearly full");
	source_note(&t->s, "read from a pipe: kept in a nameless file in %s, %" PRIu64 " bytes", dir, total);
	close(sf->fd);
	sf->fd = t->fd = fd;
	sf->size_bytes = total;
	return 0;
}

/* Ties go to the lower CPU, then to the top buffer. */
static int by_cpu(const void *a, const void *b)
{
	const struct dat_stream *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	return x->b->number < y->b->number ? -1 : x->b->number > y->b->number;
}

static void add_streams(struct tracedat *t)
{
	size_t cap = 0, n = 0;

	for (size_t i = 0; i < t->f.n_buffers; i++)
		for (size_t c = 0; c < t->f.buffers[i].n_cpus; c++) {
			struct dat_buffer *b = &t->f.buffers[i];

			if (!b->cpus[c].size)
				continue;
			GROW(t->streams, n, cap);
			dat_stream_init(&t->streams[n++], &t->sh, b, &b->cpus[c]);
		}
	t->n_streams = (uint32_t)n;
	if (n)
		qsort(t->streams, n, sizeof *t->streams, by_cpu);
	t->sh.block_size = n ? MIN((size_t)BLOCK_MAX, BLOCKS_MAX / n) : BLOCK_MAX;
}

/* A CPU with data in several buffers: only there can an event be twice. */
static void mark_shared(struct tracedat *t)
{
	for (uint32_t i = 0; i + 1 < t->n_streams; i++) {
		struct dat_stream *a = &t->streams[i], *b = a + 1;

		if (a->cpu != b->cpu)
			continue;
		if (!t->dup)
			t->dup = xcalloc(t->s.info.n_cpus, sizeof *t->dup);
		if (!t->dup[a->cpu])
			t->dup[a->cpu] = xcalloc(1, sizeof **t->dup);
		a->rare |= DAT_SHARED;
		b->rare |= DAT_SHARED;
	}
}

/* A CPU of which nothing is left: from the first event of the others on, nobody knows what it did. */
static void note_silent(struct source_info *info, uint32_t cpu)
{
	GROW(info->silent, info->n_silent, info->cap_silent);
	info->silent[info->n_silent++] = cpu;
}

static void start(struct tracedat *t)
{
	t->first_ts = DAT_TS_END;
	for (uint32_t i = 0; i < t->n_streams; i++) {
		struct dat_stream *s = &t->streams[i];

		dat_stream_next(s);
		if (s->raw)
			t->first_ts = MIN(t->first_ts, s->ts);
		else if (s->cut)
			note_silent(&t->s.info, s->cpu);
	}
	if (t->f.rescued && t->f.cut)		/* nobody knows how many CPUs there were behind the cut: one more, at the least */
		note_silent(&t->s.info, t->s.info.n_cpus);
	if (t->first_ts == DAT_TS_END)
		t->first_ts = 0;
	merge_init(&t->merge, t->n_streams);
	for (uint32_t i = 0; i < t->n_streams; i++)
		merge_set(&t->merge, i, t->streams[i].ts);
	merge_build(&t->merge);
}

struct source *tracedat_open(struct source_file *sf, struct err *err)
{
	struct tracedat *t = xcalloc(1, sizeof *t);
	int r;

	t->fd = sf->fd;
	t->f.path = sf->path;
	r = dat_file_head(&t->f, sf->head, sf->n_head, err);
	source_init(&t->s, &ops, "trace.dat", sf->path, t->f.big_endian, t->f.commit_size);
	source_set(&t->s.info.version, t->f.version == 6 ? "6" : "7", 1);
	if (!r && !sf->seekable)
		r = spool(t, sf, err);
	if (r)
		goto fail;
	t->f.s = &t->s;
	t->f.fd = t->fd;
	t->f.size = sf->size_bytes;
	r = dat_file_read(&t->f, err);
	if (r)
		goto fail;
	t->sh.f = &t->f;
	add_streams(t);
	mark_shared(t);
	start(t);
	return &t->s;
fail:
	tracedat_close(&t->s);
	return NULL;
}
