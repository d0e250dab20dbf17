/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fuzz: what the targets share. A target is one file with LLVMFuzzerTestOneInput(); libFuzzer, driver.c or a unit test
 * (test_fuzz_cases.c) calls it. What must hold of any input is checked with must(); what must not be touched is left to
 * the sanitizers.
 */
#ifndef AGENTTOP_FUZZ_H
#define AGENTTOP_FUZZ_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);	/* a unit test renames it */

#define must(cond) ((cond) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #cond))
__attribute__((unused, noreturn)) static void fuzz_broken(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/* A descriptor of a file of these bytes, at its start; the caller closes it. */
__attribute__((unused)) static int fuzz_file(const uint8_t *data, size_t size)
{
	static int fd = -1;
	int copy;

	if (fd < 0)
		fd = memfd_create("input", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size || lseek(fd, 0, SEEK_SET))
		die("memfd: %s", strerror(errno));
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		die("dup: %s", strerror(errno));
	return copy;
}

/* The same as a pipe that has all of them in it and no writer; -1: too much for a pipe. */
__attribute__((unused)) static int fuzz_pipe(const uint8_t *data, size_t size)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		die("pipe: %s", strerror(errno));
	if (size > 4096)
		fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
	if (write(fds[1], data, size) != (ssize_t)size) {
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	close(fds[1]);
	fcntl(fds[0], F_SETFL, 0);
	return fds[0];
}

/* As source_open() would call it, with the bytes as a file or, when the length is odd, as a pipe. */
__attribute__((unused))
static struct source *fuzz_open(struct source *(*open_it)(struct source_file *, struct err *), const uint8_t *data, size_t size,
				bool may_pipe, struct err *err)
{
	struct source_file f = { .fd = -1, .path = "input", .n_head = MIN(size, sizeof f.head) };

	memcpy(f.head, data, f.n_head);
	if (may_pipe && size % 2)
		f.fd = fuzz_pipe(data, size);
	if (f.fd >= 0) {
		must(read(f.fd, f.head, f.n_head) == (ssize_t)f.n_head);
	} else {
		f.fd = fuzz_file(data, size);
		f.seekable = true;
		f.size_bytes = size;
	}
	return open_it(&f, err);
}

/* A sentence for the user: not empty, one line, nothing that a terminal would obey. */
__attribute__((unused)) static void fuzz_sentence(const char *s)
{
	must(*s);
	for (; *s; s++)
		must((unsigned char)*s >= ' ' && *s != 0x7f);
}

/* Reads every field of an event by every way there is. */
__attribute__((unused)) static void fuzz_fields(const struct formats *fs, const struct format *f, struct event *ev)
{
	for (size_t i = 0; i < f->n_f; i++) {
		struct access a = formats_access(fs, f, f->f[i].name);
		struct text t;

		if (!a.ok)
			continue;
		ev->val[0] = access_get(&a, ev);
		t = event_text(ev, 0);
		must(!t.len || (t.p >= (const char *)ev->raw && t.p + t.len <= (const char *)ev->raw + ev->len_bytes));
		for (uint32_t k = 0; k < t.len; k += 97)
			ev->val[1] += (unsigned char)t.p[k];
		if (t.len)
			ev->val[1] += (unsigned char)t.p[t.len - 1];
	}
}

/* To the end: events in order, of known types, with fields inside them. More events than bytes would be made up. */
__attribute__((unused)) static void fuzz_read(struct source *s, size_t size, struct err *err)
{
	uint64_t last = 0, n = 0;
	struct event ev = { 0 };
	int r;

	while ((r = source_next(s, &ev, err)) > 0) {
		must(ev.type < s->formats.n);
		must(ev.ts >= last);
		must(n++ <= size + 100000);
		last = ev.ts;
		fuzz_fields(&s->formats, s->formats.v[ev.type], &ev);
	}
	if (r < 0)
		fuzz_sentence(err->text);
	else
		must(source_next(s, &ev, err) == 0);
	must(s->info.n_notes <= NOTES_MAX);
	for (size_t i = 0; i < s->info.n_notes; i++)
		fuzz_sentence(s->info.notes[i]);
	source_close(s);
}

#endif
