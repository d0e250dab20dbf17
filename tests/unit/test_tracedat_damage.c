// SPDX-License-Identifier: GPL-2.0-only
/*
 * Damaged trace.dat files: small images cut at every byte, and with every single bit turned. Each must be read to
 * its end, or refused with a sentence, in little time and memory, with times in order; what is whole must come out.
 */
#include "dat_image.h"
#include "source.h"
#include "tap.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

struct result {
	bool opened, sane;
	unsigned n_events, n_lost, n_of_cpu[4];
	struct source_info info;	/* numbers only */
};

static struct result read_fd(int fd)
{
	struct result r = { .sane = true };
	struct err err = { "" };
	struct event ev;
	struct source *s;
	uint64_t last = 0;
	char path[64];
	int more;

	alarm(20);			/* a hang is a failure */
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	s = source_open(path, &err);
	if (!s) {
		r.sane = *err.text && !strchr(err.text, '\n');
		return r;
	}
	r.opened = true;
	while ((more = source_next(s, &ev, &err)) > 0) {
		r.sane &= ev.ts >= last && ev.type < s->formats.n && r.n_events + r.n_lost < 1000;
		last = ev.ts;
		if (ev.type == SOURCE_LOST)
			r.n_lost++;
		else
			r.n_events++;
		if (ev.type != SOURCE_LOST && ev.cpu < 4)
			r.n_of_cpu[ev.cpu]++;
	}
	for (size_t i = 0; i < s->info.n_notes; i++)
		r.sane &= !strchr(s->info.notes[i], '\n');
	r.sane &= !more;
	r.info = s->info;
	source_close(s);
	return r;
}

/* CPUs 0 and 2, two sub-buffers of 256 bytes each; 14 events. */
static void fill(struct bytes *b, uint64_t ts, int klong, uint32_t first)
{
	for (int page = 0; page < 2; page++) {
		page_begin(b, ts + (uint64_t)page * 1000, klong);
		page_event(b, 0, first++);
		page_extend(b, 77);
		page_event(b, 3, first++);
		page_padding(b, 1, 8);
		page_large(b, 3, first++, 20);
		if (page)
			page_event(b, 5, first++);
		page_end(b, 256, page ? PAGE_MISSED | PAGE_COUNT : 0, 9);
	}
}

static struct bytes image(int version, bool be, int klong, bool packed, unsigned n_buffers)
{
	static const char stat[] = "CPU: 0\noverrun: 0\ndropped events: 2\n";
	struct bytes cpu0 = { .be = be }, cpu2 = { .be = be }, b;
	struct dat_spec s = {
		.version = version, .be = be, .packed = packed, .user_long = klong, .kernel_long = klong, .page = 256,
		.clock = version == 6 ? "[mono]" : "mono", .n_buffers = n_buffers, .chunk_pages = 1,
		.option = { { 5, 30, "Linux box 6.1.0-test x86_64\0\0" }, { 2, sizeof stat, stat } }, .n_options = 2,
	};

	fill(&cpu0, 1000, klong, 0);
	fill(&cpu2, 1002, klong, 20);
	s.buffer[0] = (struct dat_buffer_spec){ "", 256, { { 0, &cpu0 }, { 2, &cpu2 } }, 2 };
	s.buffer[1] = (struct dat_buffer_spec){ "inst", 256, { { 1, &cpu0 } }, 1 };
	b = dat_build(&s);
	free(cpu0.p);
	free(cpu2.p);
	return b;
}

static void cut_everywhere(int fd, const struct bytes *b, const char *what)
{
	unsigned opened = 0, bad = 0, fewer = 0, last = 0;

	for (size_t n = 1; n < b->n; n++) {
		struct result r;

		if (ftruncate(fd, 0) || pwrite(fd, b->p, n, 0) != (ssize_t)n)
			bad++;
		r = read_fd(fd);
		bad += !r.sane || (r.opened && !r.n_events && !r.n_lost && !r.info.n_notes);
		opened += r.opened;
		fewer += r.n_events < last;
		last = r.n_events;
	}
	is_num(bad, 0, "%s: cut at each of %zu bytes", what, b->n);
	/* The guess at where a CPU begins may swallow a few; it must not lose what was found before. */
	ok(fewer <= 8, "%s: more bytes give no fewer events (%u times they do)", what, fewer);
	ok(opened > 256, "%s: of those %u can be read in part", what, opened);
}

static void flip_everywhere(int fd, const struct bytes *b, struct result whole, const char *what)
{
	unsigned bad = 0, opened = 0, events = 0;

	if (ftruncate(fd, 0) || pwrite(fd, b->p, b->n, 0) != (ssize_t)b->n)
		bad++;
	for (size_t i = 0; i < b->n * 8; i++) {
		uint8_t c = b->p[i / 8] ^ (uint8_t)(1 << i % 8);
		struct result r;

		if (pwrite(fd, &c, 1, (off_t)(i / 8)) != 1)
			bad++;
		r = read_fd(fd);
		bad += !r.sane;
		opened += r.opened;
		events += r.n_events;
		if (pwrite(fd, &b->p[i / 8], 1, (off_t)(i / 8)) != 1)
			bad++;
	}
	is_num(bad, 0, "%s: each of %zu bits turned", what, b->n * 8);
	ok(opened > b->n * 8 * 9 / 10, "%s: %.2f %% of those are still read", what, 100.0 * opened / (double)(b->n * 8));
	ok(events > whole.n_events * (b->n * 8 / 100 * 80), "%s: and give %.2f %% of the events", what,
	   100.0 * events / whole.n_events / (double)(b->n * 8));
}

/* Damage in one CPU's data is nothing to the others. */
static void flip_one_cpu(int fd, const struct bytes *b, struct result whole, const char *what)
{
	size_t from = b->n - 2 * 512, bad = 0;		/* v6, one buffer: CPU 0's two sub-buffers, then CPU 2's */

	for (size_t i = from * 8; i < (from + 512) * 8; i++) {
		uint8_t c = b->p[i / 8] ^ (uint8_t)(1 << i % 8);
		struct result r;

		bad += pwrite(fd, &c, 1, (off_t)(i / 8)) != 1;
		r = read_fd(fd);
		bad += r.n_of_cpu[2] != whole.n_of_cpu[2];
		bad += pwrite(fd, &b->p[i / 8], 1, (off_t)(i / 8)) != 1;
	}
	is_num(bad, 0, "%s: bits turned in CPU 0's data leave CPU 2 whole", what);
}

static void damage(int version, bool be, int klong, bool packed, unsigned n_buffers)
{
	struct bytes b = image(version, be, klong, packed, n_buffers);
	int fd = memfd_create("image", MFD_CLOEXEC);
	struct result whole = { 0 };
	char what[64];

	snprintf(what, sizeof what, "v%d %s long %d%s, %u buffers", version, be ? "BE" : "LE", klong,
		 packed ? " packed" : "", n_buffers);
	if (pwrite(fd, b.p, b.n, 0) == (ssize_t)b.n)
		whole = read_fd(fd);
	is_num(whole.n_events, 14 + 7 * (n_buffers - 1), "%s: whole", what);
	ok(whole.sane && !whole.info.n_bad, "%s: without complaint", what);
	cut_everywhere(fd, &b, what);
	flip_everywhere(fd, &b, whole, what);
	if (version == 6 && n_buffers == 1)
		flip_one_cpu(fd, &b, whole, what);
	close(fd);
	free(b.p);
}

/* Numbers as large as can be, where sizes and counts stand: refused or cut, never believed. */
static void huge_numbers(void)
{
	static const uint64_t values[] = { UINT64_MAX, UINT64_MAX / 2, 1ull << 40, 1ull << 31, UINT32_MAX };
	struct bytes b = image(7, false, 8, false, 1);
	int fd = memfd_create("image", MFD_CLOEXEC);
	unsigned bad = 0;

	for (size_t at = 0; at + 8 <= b.n; at++)
		for (size_t v = 0; v < ARRAY_LEN(values); v++) {
			bad += pwrite(fd, b.p, b.n, 0) != (ssize_t)b.n || pwrite(fd, &values[v], 8, (off_t)at) != 8;
			bad += !read_fd(fd).sane;
		}
	is_num(bad, 0, "huge numbers at every byte");
	close(fd);
	free(b.p);
}

/* Lengths of records and of padding that are zero or small once something is added to them in 32 bits. */
static void lengths_that_wrap(uint32_t type)
{
	unsigned bad = 0;

	for (uint32_t len = 0xfffffff0; len; len++) {
		struct bytes cpu = { 0 }, b;
		struct dat_spec s = { .version = 6, .user_long = 8, .kernel_long = 8, .page = 256, .clock = "[mono]", .n_buffers = 1 };
		int fd = memfd_create("image", MFD_CLOEXEC);
		struct result r = { 0 };

		for (int page = 0; page < 2; page++) {
			page_begin(&cpu, 1000 + (uint64_t)page * 1000, 8);
			page_event(&cpu, 1, 1);
			if (!page) {
				page_word(&cpu, type, 1);
				put_num(&cpu, len, 4);
				page_event(&cpu, 1, 2);
			}
			page_end(&cpu, 256, 0, 0);
		}
		s.buffer[0] = (struct dat_buffer_spec){ "", 256, { { 0, &cpu } }, 1 };
		b = dat_build(&s);
		if (pwrite(fd, b.p, b.n, 0) == (ssize_t)b.n)
			r = read_fd(fd);
		/* padding to the end of the sub-buffer may say any length */
		bad += !r.sane || r.n_events != 2 || r.info.n_bad != !type;
		close(fd);
		free(b.p);
		free(cpu.p);
	}
	is_num(bad, 0, "lengths of up to 2^32 - 1 of %s cost the rest of their sub-buffer", type ? "padding" : "a record");
}

int main(void)
{
#ifndef __SANITIZE_ADDRESS__
	struct rlimit lim = { 256 << 20, 256 << 20 };

	setrlimit(RLIMIT_AS, &lim);
#endif
	damage(6, false, 8, false, 1);
	damage(6, true, 4, false, 2);
	damage(7, false, 8, false, 1);
	damage(7, true, 4, false, 2);
#ifdef HAVE_zstd
	damage(7, false, 8, true, 2);
#else
	skip("packed images: built without zstd");
#endif
	huge_numbers();
	lengths_that_wrap(0);
	lengths_that_wrap(29);
	return done();
}
