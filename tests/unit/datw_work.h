/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * datw_work: a recording made of pages that tests know all about, and the check that a file holds them.
 *
 * Streams (a CPU of a buffer) are numbered. A record of test:alpha has pid 100 + a and a = stream << 20 | sequence
 * number, so a file tells by itself which events it lacks. Everything follows from a seed.
 */
#ifndef AGENTTOP_DATW_WORK_H
#define AGENTTOP_DATW_WORK_H

#pragma GCC diagnostic ignored "-Wunused-function"	/* no test uses all of these two files */
#include "dat_image.h"
#include "datw.h"
#include "source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORK_STREAMS = 8, PAGE = 4096, SEQ_BITS = 20 };

struct work {
	int version;
	bool pack;
	unsigned n_buffers;		/* 1, 2 or 3 */
	unsigned rounds;		/* a few pages each */
	unsigned pages;			/* of one round, at most */
	unsigned flush_every;		/* rounds; 0: only in the end */
	bool grow;			/* names, statistics and formats change */
	uint64_t seed;
	uint32_t seq[WORK_STREAMS];	/* events given so far */
	uint32_t flushed[WORK_STREAMS];	/* by the last flush */
	uint64_t ts;
	bool no_file;			/* datw_open() failed */
};
/* Streams 0-2, 3-4 and 5-7; numbers of CPUs with gaps. */
static const uint32_t work_cpus[] = { 0, 2, 5, 0, 1, 1, 2, 3 };
static const struct datw_buffer work_buffers[] = {
	{ "", 3, work_cpus }, { "second", 2, work_cpus + 3 }, { "third", 3, work_cpus + 5 },
};
static const unsigned work_first[] = { 0, 3, 5, 8 };

static uint64_t work_rand(struct work *w, uint64_t below)
{
	w->seed = w->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (w->seed >> 33) % below;
}

static const char work_common[] =
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";

static char *work_format(const char *name, int id)
{
	return xasprintf("name: %s\nID: %d\nformat:\n%s\tfield:u32 a;\toffset:8;\tsize:4;\tsigned:0;\n\n"
			 "print fmt: \"a=%%u\", REC->a\n", name, id, work_common);
}

static struct datw *work_open(struct work *w, const char *path, struct err *err)
{
	static const char page[] =
		"\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
		"\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
		"\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
		"\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n";
	static const char event[] = "# compressed entry header\n", sym[] = "ffffffff81000000 T _text\n";
	char *text[] = { work_format("print", 5), work_format("alpha", 10), work_format("other", 11) };
	const struct datw_format formats[] = {
		{ "ftrace", { text[0], strlen(text[0]) } }, { "test", { text[1], strlen(text[1]) } },
		{ "more", { text[2], strlen(text[2]) } },
	};
	const struct datw_meta meta = {
		.header_page = { page, sizeof page - 1 }, .header_event = { event, sizeof event - 1 },
		.kallsyms = { sym, sizeof sym - 1 }, .formats = formats, .n_formats = 3,
		.buffers = work_buffers, .n_buffers = w->n_buffers, .clock = "mono",
		.uname = "Linux box 6.18 x86_64", .version = "agenttop 0.1",
		.page_size = PAGE, .long_size = 8, .n_cpus = 4,
	};
	struct datw *d = datw_open(path, w->version, w->pack, &meta, err);

	w->ts = 1000000;
	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		free(text[i]);
	return d;
}

static void work_page(struct work *w, struct bytes *b, unsigned stream)
{
	unsigned n = 1 + (unsigned)work_rand(w, 100);

	page_begin(b, w->ts, 8);
	for (unsigned i = 0; i < n; i++) {
		uint32_t delta = i ? (uint32_t)work_rand(w, 1000) : 0;

		page_event(b, delta, stream << SEQ_BITS | w->seq[stream]++);
		w->ts += delta;
	}
	page_end(b, PAGE, 0, 0);
	w->ts += work_rand(w, 5000);
}

static int work_round(struct work *w, struct datw *d, struct err *err)
{
	unsigned stream = (unsigned)work_rand(w, work_first[w->n_buffers]), buffer = 0;
	unsigned n = 1 + (unsigned)work_rand(w, w->pages);
	struct bytes b = { .be = host_big_endian() };
	int r;

	while (stream >= work_first[buffer + 1])
		buffer++;
	for (unsigned i = 0; i < n; i++)
		work_page(w, &b, stream);
	r = datw_pages(d, buffer, work_cpus[stream], b.p, n, err);
	free(b.p);
	return r;
}

static void work_grow(struct work *w, struct datw *d)
{
	unsigned k = (unsigned)work_rand(w, 50);
	char names[4096] = "", stats[128], *text;
	size_t n = 0;

	for (unsigned i = 0; i < 1 + 3 * k; i++)
		n += (size_t)snprintf(names + n, sizeof names - n, "%u task-%u\n", 100 + i, i);
	datw_cmdlines(d, names, n);
	n = (size_t)snprintf(stats, sizeof stats, "entries: %u\noverrun: 0\ndropped events: 0\n", k);
	for (unsigned b = 0; b < w->n_buffers; b++)
		datw_stats(d, b, work_cpus[work_first[b]], stats, n);
	snprintf(names, sizeof names, "probe_%u", k);
	text = work_format(names, (int)(1000 + k));
	datw_add_format(d, &(struct datw_format){ "uprobes", { text, strlen(text) } }, NULL);
	free(text);
}

/* All rounds and flushes; each flush that succeeded is told to `fd` (-1: nobody). Does not finish. */
static int work_run(struct work *w, struct datw *d, int fd, struct err *err)
{
	int r = 0;

	for (unsigned i = 1; i <= w->rounds && !r; i++) {
		r = work_round(w, d, err);
		if (r || !w->flush_every || i % w->flush_every)
			continue;
		if (w->grow)
			work_grow(w, d);
		r = datw_flush(d, err);
		if (!r)
			memcpy(w->flushed, w->seq, sizeof w->seq);
		if (!r && fd >= 0 && write(fd, w->flushed, sizeof w->flushed) != sizeof w->flushed)
			r = -EPIPE;
	}
	return r;
}

/* What a file holds: NULL when every stream has its first events, at least `least` of them (exactly, when `exact`). */
static const char *work_check(const char *path, const uint32_t *least, bool exact)
{
	static char why[600];
	uint32_t seen[WORK_STREAMS] = { 0 };
	struct err err = { "" };
	struct source *s = source_open(path, &err);
	struct event ev;
	struct access a;

	*why = 0;
	if (!s)
		return snprintf(why, sizeof why, "not opened: %s", err.text), why;
	a = formats_access(&s->formats, formats_by_name(&s->formats, "test:alpha"), "a");
	while (!*why && source_next(s, &ev, &err) > 0) {
		uint64_t v = access_get(&a, &ev);
		unsigned stream = (unsigned)(v >> SEQ_BITS);

		if (ev.type == SOURCE_LOST || stream >= WORK_STREAMS || ev.cpu != work_cpus[stream])
			snprintf(why, sizeof why, "type %u, a %#" PRIx64 " on CPU %u", ev.type, v, ev.cpu);
		else if (seen[stream]++ != (v & ((1u << SEQ_BITS) - 1)))
			snprintf(why, sizeof why, "stream %u: %#" PRIx64 " is not number %u", stream, v, seen[stream] - 1);
	}
	for (unsigned i = 0; i < WORK_STREAMS && !*why; i++)
		if (seen[i] < least[i] || (exact && seen[i] != least[i]))
			snprintf(why, sizeof why, "stream %u has %u events, not %u", i, seen[i], least[i]);
	if (!*why && (s->info.damage || s->info.n_bad || s->info.n_unknown || s->info.n_late || *err.text))
		snprintf(why, sizeof why, "damage: %s; %" PRIu64 " bad; %s", s->info.damage ? s->info.damage : "-",
			 s->info.n_bad, err.text);
	source_close(s);
	return *why ? why : NULL;
}

#endif
