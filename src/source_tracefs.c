// SPDX-License-Identifier: GPL-2.0-only
#include "source_tracefs.h"
#include "merge.h"
#include "subbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

struct stream {
	struct chunk *first, **end;	/* sub-buffers to be walked; the first is being walked */
	struct subbuf_walk w;
	const uint8_t *raw;
	uint32_t len;
	uint64_t ts;			/* of raw; MERGE_END: nothing there now */
	uint64_t last_ts;		/* of the last record */
	bool lost, lost_unknown;
	uint64_t lost_count, lost_from;
};
struct live {
	struct source s;
	struct reader *r;
	struct stream *stream;
	struct chunk *done;		/* freed with the next call: the event that was given is in it */
	struct merge merge;
	struct record lost;
	uint64_t watermark, given_ts, first_ts;
	uint32_t n_streams, given;	/* given: whose event was; MERGE_NONE */
	size_t page_size;
	bool waiting;			/* all that may be given has been */
	bool ended;
};

static void live_close(struct source *s)
{
	struct live *l = (struct live *)s;

	for (uint32_t i = 0; i < l->n_streams; i++)
		chunks_free(l->stream[i].first);
	chunks_free(l->done);
	free(l->stream);
	merge_fini(&l->merge);
	record_fini(&l->lost);
	source_fini(s);
	free(l);
}

/* ---- a stream ---- */

static void begin_chunk(struct live *l, struct stream *s)
{
	uint64_t n = s->first->n_missing;

	subbuf_walk(&s->w, s->first->page, l->page_size);
	if (!s->first->lost)
		return;
	if (!s->lost) {
		s->lost_from = s->last_ts;
		s->lost_count = 0;
		s->lost_unknown = false;
	}
	s->lost = true;
	s->lost_count += n;
	s->lost_unknown |= !n;
}

/* Goes on to its next record; what was walked to its end is put aside, since the last record given may be in it. */
static void advance(struct live *l, struct stream *s)
{
	while (s->first) {
		struct chunk *c = s->first;

		s->raw = subbuf_next(&s->w, &s->len);
		if (s->raw) {
			s->ts = MAX(s->w.ts, s->last_ts);
			s->last_ts = s->ts;
			return;
		}
		s->first = c->next;
		c->next = l->done;
		l->done = c;
		if (s->first)
			begin_chunk(l, s);
		else
			s->end = &s->first;
	}
	s->raw = NULL;
	s->ts = MERGE_END;
}

static void add_chunk(struct live *l, struct chunk *c)
{
	struct stream *s = &l->stream[c->stream < l->n_streams ? c->stream : 0];
	bool idle = !s->first;

	c->next = NULL;
	*s->end = c;
	s->end = &c->next;
	l->s.info.bytes_done += subbuf_used(c->page);
	if (!idle)
		return;
	begin_chunk(l, s);
	advance(l, s);
}

static bool take_batch(struct live *l)
{
	struct batch b;

	if (!l->r || !reader_take(l->r, &b) || (b.watermark <= l->watermark && !b.first && !l->ended))
		return false;
	l->watermark = l->ended ? MERGE_END - 1 : b.watermark;
	while (b.first) {
		struct chunk *c = b.first;

		b.first = c->next;
		add_chunk(l, c);
	}
	for (uint32_t i = 0; i < l->n_streams; i++)
		merge_set(&l->merge, i, l->stream[i].ts);
	merge_build(&l->merge);
	return true;
}

/* ---- next ---- */

static int give_lost(struct live *l, struct stream *s, uint32_t cpu, struct event *ev)
{
	record_begin(&l->lost, l->s.formats.v[SOURCE_LOST]);
	record_num(&l->lost, 0, MIN(s->lost_from ? s->lost_from : l->first_ts, s->ts));
	record_num(&l->lost, 1, s->lost_unknown ? 0 : s->lost_count);
	record_num(&l->lost, 2, 0);
	s->lost = false;
	*ev = (struct event){
		.ts = s->ts, .cpu = cpu, .pid = -1, .type = SOURCE_LOST, .raw = l->lost.buf, .len_bytes = (uint32_t)l->lost.len,
	};
	return 1;
}

/* An event that came after a later one was given takes that one's time. */
static void keep_order(struct live *l, struct event *ev)
{
	if (unlikely(ev->ts < l->given_ts)) {
		l->s.info.n_late++;
		ev->ts = l->given_ts;
	}
	l->given_ts = ev->ts;
}

static int live_next(struct source *src, struct event *ev, struct err *err)
{
	struct live *l = (struct live *)src;

	(void)err;
	if (unlikely(l->waiting) && (l->watermark == MERGE_END - 1 || !take_batch(l)))
		return l->ended ? 0 : -EAGAIN;
	l->waiting = false;
	if (unlikely(l->done)) {
		reader_give_back(l->r, l->done);
		l->done = NULL;
	}
	for (;;) {
		uint32_t top;
		struct stream *s;

		if (l->given != MERGE_NONE) {
			s = &l->stream[l->given];
			advance(l, s);
			merge_advance(&l->merge, s->ts);
			l->given = MERGE_NONE;
		}
		top = merge_top(&l->merge);
		s = &l->stream[top == MERGE_NONE ? 0 : top];
		if (unlikely(top == MERGE_NONE || s->ts > l->watermark)) {
			l->waiting = true;
			return l->watermark == MERGE_END - 1 ? 0 : -EAGAIN;
		}
		if (unlikely(!l->first_ts))
			l->first_ts = s->ts;
		if (unlikely(s->lost)) {
			give_lost(l, s, top / N_STREAMS_CPU, ev);
			keep_order(l, ev);
			return 1;
		}
		l->given = top;
		if (likely(formats_header(&src->formats, s->raw, s->len, ev))) {
			ev->ts = s->ts;
			ev->cpu = top / N_STREAMS_CPU;
			keep_order(l, ev);
			return 1;
		}
		src->info.n_unknown++;
	}
}

static const struct source_ops ops = { live_next, live_close };

/* ---- open ---- */

/* "field: char data; offset:16; size:4080;" in header_page tells how large a sub-buffer is. */
static size_t page_size(const struct broker_started *st)
{
	const char *data = st->header_page ? strstr(st->header_page, " data;") : NULL;
	unsigned offset = 0, size = 0;

	if (data && sscanf(data, " data; offset:%u; size:%u", &offset, &size) == 2 && offset == SUBBUF_HEAD &&
	    size >= 512 && size <= 16u << 20)
		return offset + size;
	return 0;
}

void source_tracefs_format(struct source *s, const char *system, const char *text, size_t len)
{
	formats_add(&s->formats, system, text, len);
}

static void name_machine(struct source_info *i)
{
	struct utsname u;

	source_set(&i->clock, "mono", 4);
	i->clock_kind = CLOCK_NS;
	if (uname(&u))
		return;
	source_set(&i->host, u.nodename, strlen(u.nodename));
	source_set(&i->kernel, u.release, strlen(u.release));
	source_set(&i->arch, u.machine, strlen(u.machine));
}

struct source *source_tracefs_open(const struct broker_started *st, struct err *err)
{
	struct live *l = xcalloc(1, sizeof *l);

	l->page_size = page_size(st);
	if (!l->page_size) {
		err_set(err, -EINVAL, "tracefs: events/header_page does not tell how large a sub-buffer is");
		free(l);
		return NULL;
	}
	source_init(&l->s, &ops, "live", "live", host_big_endian(), sizeof(long));
	name_machine(&l->s.info);
	for (size_t i = 0; i < st->n_formats; i++)
		source_tracefs_format(&l->s, st->format[i].system, st->format[i].text, st->format[i].len);
	for (int t = 0; t < N_MADE; t++) {
		struct made_format f = made_format(t);

		source_tracefs_format(&l->s, MADE_SYSTEM, f.text, strlen(f.text));
		free(f.text);
	}
	l->s.info.begins_together = 1;
	l->s.info.n_cpus = (uint32_t)MAX(1, sysconf(_SC_NPROCESSORS_ONLN));
	l->n_streams = st->n_cpus * N_STREAMS_CPU;
	l->stream = xcalloc(l->n_streams, sizeof *l->stream);
	for (uint32_t i = 0; i < l->n_streams; i++) {
		l->stream[i].end = &l->stream[i].first;
		l->stream[i].ts = MERGE_END;
	}
	merge_init(&l->merge, l->n_streams);
	merge_build(&l->merge);
	l->given = MERGE_NONE;
	l->waiting = true;
	return &l->s;
}

void source_tracefs_reader(struct source *s, struct reader *r)
{
	((struct live *)s)->r = r;
}

size_t source_tracefs_page_size(const struct source *s)
{
	return ((const struct live *)s)->page_size;
}

void source_tracefs_end(struct source *s)
{
	((struct live *)s)->ended = true;
}

uint64_t source_tracefs_now(const struct source *s)
{
	const struct live *l = (const struct live *)s;

	return l->waiting && l->watermark != MERGE_END - 1 ? MAX(l->watermark, l->given_ts) : l->given_ts;
}
