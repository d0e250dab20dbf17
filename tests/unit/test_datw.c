// SPDX-License-Identifier: GPL-2.0-only
/*
 * The writer of trace.dat: what is written is read back, and a writer that is killed leaves a whole file.
 *
 *	test_datw                             the tests
 *	test_datw write FILE VERSION PACK     for tests/e2e/datw.sh: writes a finished recording, prints its number of events
 *	test_datw kill FILE VERSION PACK N    ends at the N-th of the calls that change the file; prints what is surely in it
 *	test_datw fill FILE VERSION PACK      goes on until there is an error, prints that and how much was flushed
 */
#include "datw_work.h"
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char path[256];

static const struct form {
	const char *name;
	int version;
	bool pack;
} forms[] = {
	{ "v6", 6, false }, { "v7", 7, false },
#ifdef HAVE_zstd
	{ "v7 zstd", 7, true },
#endif
};

static struct work work_of(const struct form *f, unsigned n_buffers, uint64_t seed)
{
	return (struct work){ .version = f->version, .pack = f->pack, .n_buffers = n_buffers, .seed = seed,
			      .rounds = 40, .pages = 20, .flush_every = 7 };
}

static uint64_t events_of(const uint32_t *seq)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < WORK_STREAMS; i++)
		n += seq[i];
	return n;
}

static void limit_files(uint64_t size)
{
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ size, RLIM_INFINITY });
}

/* ---- what is written is read ---- */

static bool write_whole(struct work *w, struct err *err)
{
	struct datw *d = work_open(w, path, err);

	return d && !work_run(w, d, -1, err) && !datw_finish(d, err);
}

static void check_whole(const struct form *f, unsigned n_buffers)
{
	struct work w = work_of(f, n_buffers, 1 + n_buffers);
	struct err err = { "" };
	struct stat st;

	w.grow = n_buffers > 1;
	ok(write_whole(&w, &err), "%s, %u buffers: written %s", f->name, n_buffers, err.text);
	is_text(work_check(path, w.seq, true), NULL, "%s, %u buffers: all is read, in order", f->name, n_buffers);
	stat(path, &st);
	ok(st.st_size < 4 << 20, "%s: compact: %llu bytes", f->name, (unsigned long long)st.st_size);
}

static void test_whole(void)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		for (unsigned n = 1; n <= 3; n++)
			check_whole(&forms[i], n);
}

static void test_empty(void)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct work w = work_of(&forms[i], 2, 1);
		struct err err = { "" };

		w.rounds = 0;
		ok(write_whole(&w, &err), "%s: nothing at all is a recording too %s", forms[i].name, err.text);
		is_text(work_check(path, w.seq, true), NULL, "%s: and opens", forms[i].name);
	}
}

static void test_texts(void)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct work w = work_of(&forms[i], 2, 3);
		struct err err = { "" };
		struct datw *d = work_open(&w, path, &err);
		struct source *s;

		datw_cmdlines(d, "7 seven of nine\n8 eight", 23);
		datw_stats(d, 0, 2, "entries: 0\noverrun: 30\n", 23);
		datw_stats(d, 1, 1, "entries: 0\noverrun: 4\ndropped events: 8\n", 40);
		work_run(&w, d, -1, &err);
		datw_finish(d, &err);
		s = source_open(path, &err);
		if (!ok(s != NULL, "%s: opens %s", forms[i].name, err.text))
			continue;
		is_text(s->info.clock, "mono", "%s: clock", forms[i].name);
		is_text(s->info.host, "box", "host");
		is_text(s->info.kernel, "6.18", "kernel");
		is_num(s->info.n_cpus, 6, "CPUs");
		is_num(s->info.n_comms, 2, "names of tasks");
		ok(s->info.n_comms == 2 && !memcmp(s->info.comms[1].comm, "eight", 6), "the last of them, too");
		ok(s->info.n_notes && strstr(s->info.notes[0], "34 events were overwritten and 8 dropped"),
		   "statistics: %s", s->info.n_notes ? s->info.notes[0] : "none");
		source_close(s);
	}
}

static void test_add_format(void)
{
	struct work w = work_of(&forms[1], 1, 4);
	struct err err = { "" };
	char *text = work_format("late", 77);
	const struct datw_format late = { "uprobes", { text, strlen(text) } };
	struct datw *d = work_open(&w, path, &err);
	struct source *s;

	is_num(datw_add_format(d, &late, &err), 0, "an event is added");
	is_num(datw_flush(d, &err), 0, "and flushed");
	datw_abort(d);
	s = source_open(path, &err);
	ok(s && formats_by_name(&s->formats, "uprobes:late") && formats_by_name(&s->formats, "test:alpha"),
	   "the file knows it, and those before");
	source_close(s);
	w.version = 6;
	d = work_open(&w, path, &err);
	is_num(datw_add_format(d, &late, &err), -ENOTSUP, "version 6 has no room for it");
	has_text(err.text, "version 6", "and says so");
	datw_abort(d);
	free(text);
}

/* ---- version 6: room for events that come later ---- */

enum { LATE_ID = 2000 };

static struct datw *later_open(unsigned n_later, struct err *err)
{
	char *ours = work_format("print", 5), *known = work_format("mark0", LATE_ID);
	const char page[] = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
			    "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
			    "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n";
	const struct datw_format formats[] = { { "ftrace", { ours, strlen(ours) } }, { "late", { known, strlen(known) } } };
	const struct datw_meta m = {
		.header_page = { page, sizeof page - 1 }, .header_event = { "#\n", 2 }, .formats = formats, .n_formats = 2,
		.buffers = work_buffers, .n_buffers = 2, .clock = "mono", .uname = "Linux box 6.18 x86_64",
		.version = "agenttop 0.1", .page_size = PAGE, .long_size = 8, .n_cpus = 4,
		.later_system = "late", .n_later = n_later,
	};
	struct datw *d = datw_open(path, 6, false, &m, err);

	free(ours);
	free(known);
	return d;
}

/* As the kernel describes the probe of a mark. */
static char *mark_format(unsigned k)
{
	return xasprintf("name: mark%u\nID: %u\nformat:\n%s"
			 "\tfield:unsigned long __probe_ip;\toffset:8;\tsize:8;\tsigned:0;\n"
			 "\tfield:u32 len%u;\toffset:16;\tsize:4;\tsigned:0;\n\n"
			 "print fmt: \"(%%lx) len=%%u\", REC->__probe_ip, REC->len%u\n", k, LATE_ID + k, work_common, k, k);
}

static int add_mark(struct datw *d, unsigned k, struct err *err)
{
	char *text = mark_format(k);
	int r = datw_add_format(d, &(struct datw_format){ "late", { text, strlen(text) } }, err);

	free(text);
	return r;
}

/* Mark k, at k * 1000 ns, with the value 7 * k. */
static int add_mark_page(struct datw *d, unsigned k, struct err *err)
{
	struct bytes b = { .be = host_big_endian() };
	int r;

	page_begin(&b, k * 1000, 8);
	put_num(&b, 6, 4);			/* 24 bytes follow */
	put_num(&b, LATE_ID + k, 2), put_num(&b, 0, 2), put_num(&b, 100, 4);
	put_num(&b, 0x401000, 8), put_num(&b, 7 * k, 4), put_num(&b, 0, 4);
	page_end(&b, PAGE, 0, 0);
	r = datw_pages(d, 0, 2, b.p, 1, err);
	free(b.p);
	return r;
}

/* NULL: the file has marks 1 to n, each with its name and value, at least `least` of them. Without any there is a note. */
static const char *marks_check(unsigned least, unsigned *n)
{
	static char why[600];
	struct err err = { "" };
	struct source *s = source_open(path, &err);
	struct event ev;

	*why = 0;
	*n = 0;
	if (!s)
		return snprintf(why, sizeof why, "not opened: %s", err.text), why;
	while (!*why && source_next(s, &ev, &err) > 0) {
		const struct format *f = ev.type < s->formats.n ? s->formats.v[ev.type] : NULL;
		char name[32], field[32];
		struct access a;

		snprintf(name, sizeof name, "late:mark%u", ++*n);
		snprintf(field, sizeof field, "len%u", *n);
		a = formats_access(&s->formats, f, field);
		if (!f || strcmp(f->full, name) || !a.ok || access_get(&a, &ev) != 7 * *n)
			snprintf(why, sizeof why, "event %u is %s", *n, f ? f->full : "of no type");
	}
	if (!*why && (s->info.damage || s->info.n_bad || s->info.n_unknown || s->info.n_notes > !*n || *err.text))
		snprintf(why, sizeof why, "%s %s %" PRIu64 " bad, %" PRIu64 " unknown %s", s->info.damage ? s->info.damage : "",
			 s->info.n_notes ? s->info.notes[0] : "", s->info.n_bad, s->info.n_unknown, err.text);
	if (!*why && *n < least)
		snprintf(why, sizeof why, "%u marks, not %u", *n, least);
	source_close(s);
	return *why ? why : NULL;
}

/* What trace-cmd says: its output when it has nothing to complain of. The caller frees it; NULL: it complains. */
static char *trace_cmd(const char *verb)
{
	char *command = xasprintf("trace-cmd %s -i %s 2>&1 >%s.out", verb, path, path), *name = xasprintf("%s.out", path);
	char line[256] = "", *text = xcalloc(1, 1 << 20);
	FILE *f = popen(command, "r");
	bool good = !fgets(line, sizeof line, f);

	good &= !pclose(f);
	if (!good)
		note("trace-cmd %s: %s", verb, line);
	f = fopen(name, "r");
	text[f ? fread(text, 1, (1 << 20) - 1, f) : 0] = 0;
	if (f)
		fclose(f);
	unlink(name);
	free(command);
	free(name);
	if (good)
		return text;
	free(text);
	return NULL;
}

static void trace_cmd_reads(const char *what, unsigned n)
{
	static const char *const dumps[] = { "dump --all", "dump --events" };
	char *text, want[64];

	if (system("command -v trace-cmd > /dev/null")) {
		skip("trace-cmd is not installed");
		return;
	}
	text = trace_cmd("report");
	ok(text != NULL, "%s: trace-cmd report is silent", what);
	for (unsigned k = 1; text && k <= n; k++) {
		snprintf(want, sizeof want, "mark%u: ", k);
		has_text(text, want, "it names the event");
		snprintf(want, sizeof want, "(401000) len=%u", 7 * k);
		has_text(text, want, "and shows its fields");
	}
	ok(text && !strstr(text, "later"), "and no event that is none");
	free(text);
	for (size_t i = 0; i < ARRAY_LEN(dumps); i++) {
		text = trace_cmd(dumps[i]);
		ok(text != NULL, "%s: trace-cmd %s is silent", what, dumps[i]);
		free(text);
	}
}

static void test_later(void)
{
	struct err err = { "" };
	struct datw *d = later_open(3, &err);
	char *text = work_format("mark9", 99);
	unsigned n;

	is_text(marks_check(0, &n), NULL, "version 6 with room for three events: whole %s", err.text);
	trace_cmd_reads("none came", 0);
	is_num(datw_add_format(d, &(struct datw_format){ "other", { text, strlen(text) } }, &err), -ENOTSUP,
	       "none of another system");
	is_num(add_mark(d, 1, &err), 0, "one comes");
	is_num(add_mark(d, 1, &err), 0, "the same again takes no room");
	add_mark_page(d, 1, &err);
	is_num(datw_flush(d, &err), 0, "flushed");
	is_text(marks_check(1, &n), NULL, "it is read");
	trace_cmd_reads("one came", 1);
	is_num(add_mark(d, 2, &err), 0, "the next");
	is_num(add_mark(d, 3, &err), 0, "and the last");
	is_num(add_mark(d, 4, &err), -ENOSPC, "no room for more");
	has_text(err.text, "3 events are new", "in a sentence");
	is_num(add_mark(d, 2, &err), 0, "a known one is no more");
	add_mark_page(d, 2, &err);
	add_mark_page(d, 3, &err);
	is_num(datw_finish(d, &err), 0, "finished");
	is_text(marks_check(3, &n), NULL, "all are read");
	trace_cmd_reads("three came", 3);
	free(text);
}

static void test_later_long(void)
{
	struct err err = { "" };
	struct datw *d = later_open(1, &err);
	char *text = mark_format(1), *most = xcalloc(1, 1018);
	unsigned n;

	memset(most, ' ', 1017);
	memcpy(most, text, strlen(text));
	is_num(datw_add_format(d, &(struct datw_format){ "late", { most, 1017 } }, &err), -ENOSPC, "one that is too long");
	has_text(err.text, "1017 bytes", "in a sentence");
	is_num(datw_add_format(d, &(struct datw_format){ "late", { most, 1016 } }, &err), 0, "one that just has room");
	add_mark_page(d, 1, &err);
	datw_finish(d, &err);
	is_text(marks_check(1, &n), NULL, "is read %s", err.text);
	trace_cmd_reads("a long one", 1);
	free(text);
	free(most);
}

/* A format is in the file before the data it is for, and a disk that gets full takes none away. */
static void test_format_full_disk(void)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct work w = work_of(&forms[i], 1, 30);
		struct err err = { "" };
		struct datw *d = forms[i].version == 6 ? later_open(2, &err) : work_open(&w, path, &err);
		struct source *s;

		w.n_buffers = 1;
		is_num(add_mark(d, 1, &err), 0, "%s: one format", forms[i].name);
		s = source_open(path, &err);
		ok(s && formats_by_name(&s->formats, "late:mark1"), "%s: is there at once", forms[i].name);
		source_close(s);
		limit_files(512 << 10);
		add_mark_page(d, 1, &err);
		is_num(datw_flush(d, &err), -EFBIG, "%s: the disk is full", forms[i].name);
		is_num(add_mark(d, 2, &err), 0, "%s: one more format", forms[i].name);
		datw_flush(d, &err);
		datw_abort(d);
		limit_files(RLIM_INFINITY);
		s = source_open(path, &err);
		ok(s && formats_by_name(&s->formats, "late:mark1"), "%s: the first is still there", forms[i].name);
		ok(s && formats_by_name(&s->formats, "late:mark2"), "%s: and the other", forms[i].name);
		ok(s && !s->info.damage && !s->info.n_bad, "%s: in a whole file", forms[i].name);
		source_close(s);
	}
}

/* Formats that no longer have room in front need new blocks: those that were told of stay when there are none. */
static void test_format_no_room(void)
{
	for (size_t i = 1; i < ARRAY_LEN(forms); i++) {
		struct work w = work_of(&forms[i], 1, 31);
		struct err err = { "" };
		struct datw *d = work_open(&w, path, &err);
		char *text = mark_format(2), *large = xcalloc(1, 200000);
		struct source *s;

		for (size_t k = 0; k < 200000; k++)
			large[k] = (char)(' ' + hash64(k) % 64);
		memcpy(large, text, strlen(text));
		add_mark(d, 1, &err);
		limit_files(512 << 10);
		datw_add_format(d, &(struct datw_format){ "late", { large, 200000 } }, &err);
		is_num(datw_flush(d, &err), -EFBIG, "%s: a format that has no room is told", forms[i].name);
		datw_abort(d);
		limit_files(RLIM_INFINITY);
		s = source_open(path, &err);
		ok(s && formats_by_name(&s->formats, "late:mark1"), "%s: it takes no other with it", forms[i].name);
		ok(s && !s->info.damage && !s->info.n_bad, "%s: and the file is whole", forms[i].name);
		source_close(s);
		free(text);
		free(large);
	}
}

/* Pages that say that events were lost, and one that has none, arrive as they were given. */
static void test_pages_kept(void)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct work w = work_of(&forms[i], 1, 5);
		struct bytes b = { .be = host_big_endian() };
		struct err err = { "" };
		struct datw *d = work_open(&w, path, &err);
		struct source *s;
		struct event ev;
		unsigned n = 0, n_lost = 0;

		page_begin(&b, 100, 8), page_event(&b, 0, 1), page_end(&b, PAGE, 0, 0);
		page_begin(&b, 200, 8), page_end(&b, PAGE, 0, 0);
		page_begin(&b, 300, 8), page_event(&b, 5, 2), page_end(&b, PAGE, PAGE_MISSED | PAGE_COUNT, 17);
		page_begin(&b, 400, 8), page_large(&b, 0, 3, 400), page_extend(&b, 1ull << 40), page_padding(&b, 3, 20);
		page_event(&b, 0, 4), page_end(&b, PAGE, PAGE_MISSED, 0);
		datw_pages(d, 0, 5, b.p, 4, &err);
		datw_finish(d, &err);
		s = source_open(path, &err);
		while (s && source_next(s, &ev, &err) > 0) {
			n += ev.type != SOURCE_LOST;
			n_lost += ev.type == SOURCE_LOST;
		}
		is_num(n, 4, "%s: events of odd pages %s", forms[i].name, err.text);
		is_num(n_lost, 2, "%s: and their losses", forms[i].name);
		source_close(s);
		free(b.p);
	}
}

#ifdef HAVE_zstd
/* The same pages in a file made by tests' own writer. */
static void test_as_image(void)
{
	struct work w = work_of(&forms[2], 1, 6);
	struct bytes pages[3] = { { .be = host_big_endian() }, { .be = host_big_endian() }, { .be = host_big_endian() } };
	struct dat_spec spec = { .version = 7, .be = host_big_endian(), .packed = true, .user_long = 8, .kernel_long = 8,
				 .page = PAGE, .clock = "mono", .n_buffers = 1, .buffer = { { "", PAGE, .n_cpus = 3 } } };
	struct err err = { "" };
	struct datw *d = work_open(&w, path, &err);
	struct bytes image;
	char other[280];
	FILE *f;

	for (unsigned i = 0; i < 3; i++) {
		for (unsigned k = 0; k < 40; k++)
			work_page(&w, &pages[i], i);
		spec.buffer[0].cpu[i] = (struct dat_cpu_spec){ work_cpus[i], &pages[i] };
		datw_pages(d, 0, work_cpus[i], pages[i].p, 40, &err);
	}
	datw_finish(d, &err);
	image = dat_build(&spec);
	snprintf(other, sizeof other, "%s.image", path);
	f = fopen(other, "w");
	fwrite(image.p, 1, image.n, f);
	fclose(f);
	is_text(work_check(path, w.seq, true), NULL, "three CPUs of 40 pages");
	is_text(work_check(other, w.seq, true), NULL, "are the same in a file of another make");
	unlink(other);
	for (unsigned i = 0; i < 3; i++)
		free(pages[i].p);
	free(image.p);
}
#else
static void test_as_image(void)
{
	(void)dat_build;
	skip("built without zstd");
}
#endif

/* ---- errors ---- */

static void refuse(const char *where, int code, const char *text)
{
	struct work w = work_of(&forms[1], 1, 1);
	struct err err = { "" };

	errno = 0;
	ok(!work_open(&w, where, &err), "%s is refused", where);
	is_num(errno, code, "errno");
	has_text(err.text, text, "sentence");
	ok(!strncmp(err.text, where, strlen(where)), "it begins with the name");
}

static void test_refused(void)
{
	char fifo[280], none[280];
	struct work w = work_of(&forms[1], 1, 1);
	struct err err = { "" };
	struct datw *a = work_open(&w, path, &err);

	refuse(path, EBUSY, "another recording");
	datw_abort(a);
	refuse("/tmp", EISDIR, "is a directory");
	refuse("/dev/null", ESPIPE, "a pipe or a device");
	snprintf(fifo, sizeof fifo, "%s.fifo", path);
	mkfifo(fifo, 0600);
	refuse(fifo, ESPIPE, "a pipe or a device");
	unlink(fifo);
	snprintf(none, sizeof none, "%s.d/x", path);
	refuse(none, ENOENT, "No such file or directory");
}

static void test_too_small(void)
{
	struct work w = work_of(&forms[1], 1, 1);
	struct stat st;
	struct err err = { "" };

	unlink(path);
	limit_files(8 << 20);
	ok(!work_open(&w, path, &err), "a limit of 8 MiB is too small");
	has_text(err.text, "cannot grow large enough", "sentence");
	ok(stat(path, &st), "and no file is left behind");
	limit_files(RLIM_INFINITY);
}

/* As a full disk: what was flushed stays, and the writer may go on. */
static void test_write_error(void)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct work w = work_of(&forms[i], 2, 9);
		struct err err = { "" };
		struct datw *d = work_open(&w, path, &err);
		uint32_t before[WORK_STREAMS];

		work_run(&w, d, -1, &err);
		is_num(datw_flush(d, &err), 0, "%s: flushed %s", forms[i].name, err.text);
		memcpy(before, w.seq, sizeof before);
		limit_files(1 << 20);
		work_round(&w, d, &err);
		is_num(datw_flush(d, &err), -EFBIG, "%s: a write that fails is told", forms[i].name);
		has_text(err.text, "File too large", "in a sentence");
		is_text(work_check(path, before, true), NULL, "%s: the file is as it was", forms[i].name);
		limit_files(RLIM_INFINITY);
		is_num(datw_finish(d, &err), 0, "%s: the next try succeeds", forms[i].name);
		is_text(work_check(path, w.seq, true), NULL, "%s: and nothing is missing", forms[i].name);
	}
}

/* Regions of 16 MiB: one gets full, and data that is moved would come to lie over itself. */
static void test_small_regions(void)
{
	for (size_t i = 0; i < 2; i++) {
		struct work w = work_of(&forms[i], 1, 10);
		struct bytes b = { .be = host_big_endian() };
		struct err err = { "" };
		struct datw *d;
		int r = 0;

		limit_files((w.version == 6 ? 3 : 4) * 17 << 20);
		d = work_open(&w, path, &err);
		for (unsigned k = 0; k < 3000 && !r; k++) {
			b.n = 0;
			work_page(&w, &b, k % 2);
			r = datw_pages(d, 0, work_cpus[k % 2], b.p, 1, &err);
		}
		is_num(r, 0, "%s: two CPUs of 6 MB %s", forms[i].name, err.text);
		for (unsigned k = 0; k < 3000 && !r; k++) {
			b.n = 0;
			work_page(&w, &b, 2);
			r = datw_pages(d, 0, work_cpus[2], b.p, 1, &err);
		}
		memcpy(w.flushed, w.seq, sizeof w.seq);
		for (unsigned k = 0; k < 3000 && !r; k++) {
			b.n = 0;
			work_page(&w, &b, 0);
			r = datw_pages(d, 0, work_cpus[0], b.p, 1, &err);
		}
		is_num(r, -EFBIG, "%s: a region gets full", forms[i].name);
		has_text(err.text, "CPU 0", "and that is told");
		is_num(datw_flush(d, &err), -EFBIG, "flush says it too");
		datw_abort(d);
		is_text(work_check(path, w.flushed, false), NULL, "%s: what has room is in the file", forms[i].name);
		limit_files(RLIM_INFINITY);
		free(b.p);
	}
}

static void test_overlap(void)
{
	for (size_t i = 0; i < 2; i++) {
		struct work w = work_of(&forms[i], 1, 11);
		struct bytes b = { .be = host_big_endian() };
		struct err err = { "" };
		struct datw *d;

		limit_files((w.version == 6 ? 3 : 4) * 17 << 20);
		d = work_open(&w, path, &err);
		for (unsigned k = 0; k < 3 * 3500; k++) {
			b.n = 0;
			work_page(&w, &b, k % 3);
			datw_pages(d, 0, work_cpus[k % 3], b.p, 1, &err);
		}
		is_num(datw_finish(d, &err), 0, "%s: regions nearly full %s", forms[i].name, err.text);
		is_text(work_check(path, w.seq, true), NULL, "%s: nothing is copied over itself", forms[i].name);
		limit_files(RLIM_INFINITY);
		free(b.p);
	}
}

/* ---- killed ---- */

static void child(struct work *w, int fd)
{
	struct err err = { "" };
	struct datw *d = work_open(w, path, &err);

	if (!d || write(fd, w->flushed, sizeof w->flushed) != sizeof w->flushed || work_run(w, d, fd, &err))
		_exit(1);
	if (datw_flush(d, &err) || write(fd, w->seq, sizeof w->seq) != sizeof w->seq || datw_finish(d, &err))
		_exit(1);
	_exit(0);
}

static bool changes_file(pid_t pid)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	return info.entry.nr == SYS_pwrite64 || info.entry.nr == SYS_ftruncate || info.entry.nr == SYS_fallocate ||
	       info.entry.nr == SYS_copy_file_range;
}

/* Kills it when it begins its n-th call that changes a file; true when it got so far. */
static bool run_to(pid_t pid, unsigned n)
{
	int status, sig = 0;

	waitpid(pid, &status, 0);
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD))
		note("ptrace: %s", strerror(errno));
	for (;;) {
		ptrace(PTRACE_SYSCALL, pid, NULL, sig);
		if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
			return false;
		sig = WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(status);
		if (!sig && changes_file(pid) && !--n) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return true;
		}
	}
}

static void keep_last(struct work *w, int fd)
{
	uint32_t got[WORK_STREAMS];

	w->no_file = true;
	while (read(fd, got, sizeof got) == sizeof got) {
		memcpy(w->flushed, got, sizeof got);
		w->no_file = false;
	}
	close(fd);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* w->flushed: what the child is sure of. false: it ended before. */
static bool killed_at(struct work *w, unsigned n)
{
	int p[2];
	pid_t pid;
	bool yes;

	if (pipe2(p, O_CLOEXEC))
		return false;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		child(w, p[1]);
	}
	close(p[1]);
	yes = run_to(pid, n);
	keep_last(w, p[0]);
	return yes;
}

static bool can_trace(void)
{
	struct work w = work_of(&forms[0], 1, 1);

	return killed_at(&w, 1);
}

/* Every order in which the file changes, stopped at every step. */
static void test_every_step(void)
{
	if (!can_trace()) {
		skip("this system allows no ptrace");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		const char *why = NULL;
		unsigned n = 1, n_read = 0;

		for (bool more = true; more && !why; n++) {
			struct work w = work_of(&forms[i], 3, 20);

			w.grow = true;
			w.rounds = 24;
			w.flush_every = 5;
			more = killed_at(&w, n);
			if (w.no_file)
				continue;
			n_read++;
			why = work_check(path, w.flushed, false);
			if (why)
				note("killed at change %u", n);
		}
		is_text(why, NULL, "%s: whole after each of %u changes of the file", forms[i].name, n - 1);
		ok(n_read > 60, "%s: %u files were read", forms[i].name, n_read);
	}
}

static void later_child(int fd)
{
	struct err err = { "" };
	struct datw *d = later_open(8, &err);

	for (unsigned k = 0; k <= 8; k++) {
		if (!d || (k && (add_mark(d, k, &err) || add_mark_page(d, k, &err) || datw_flush(d, &err))))
			_exit(1);
		if (write(fd, &k, sizeof k) != sizeof k)
			_exit(1);
	}
	_exit(datw_finish(d, &err) != 0);
}

/* How many marks the child is sure of, -1: not even of the file; *killed false: it ended before its n-th change. */
static int later_killed_at(unsigned n, bool *killed)
{
	int p[2], sure = -1;
	pid_t pid;

	*killed = false;
	if (pipe2(p, O_CLOEXEC))
		return -1;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		later_child(p[1]);
	}
	close(p[1]);
	*killed = run_to(pid, n);
	for (unsigned got; read(p[0], &got, sizeof got) == sizeof got; )
		sure = (int)got;
	close(p[0]);
	return sure;
}

static void test_later_killed(void)
{
	const char *why = NULL;
	unsigned step, n = 0, n_read = 0;
	bool more = true;

	if (!can_trace()) {
		skip("this system allows no ptrace");
		return;
	}
	for (step = 1; more && !why; step++) {
		int sure = later_killed_at(step, &more);

		if (sure < 0)
			continue;
		n_read++;
		why = marks_check((unsigned)sure, &n);
	}
	is_text(why, NULL, "version 6, events that come later: whole after each of %u changes of the file", step - 1);
	ok(n_read > 24 && n == 8, "%u files were read, the last had %u marks", n_read, n);
}

/* Microseconds it ran; ~0: it was killed. */
static uint64_t killed_after(struct work *w, useconds_t us)
{
	int p[2], status;
	uint64_t from = now_us();
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		return 0;
	fflush(stdout);
	pid = fork();
	if (!pid)
		child(w, p[1]);
	close(p[1]);
	if (us) {
		usleep(us);
		kill(pid, SIGKILL);
	}
	waitpid(pid, &status, 0);
	keep_last(w, p[0]);
	return WIFEXITED(status) ? now_us() - from : ~0ull;
}

static struct work long_work(const struct form *f, unsigned k)
{
	struct work w = work_of(f, 1 + k % 3, 100 + k);

	w.grow = k % 2;
	w.rounds = 200;
	return w;
}

/* At any moment, within a call too. */
static void test_any_time(void)
{
	unsigned n_rounds = getenv("KILLS") ? (unsigned)atoi(getenv("KILLS")) : 40;

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct work w = long_work(&forms[i], 2);
		uint64_t whole_us = killed_after(&w, 0);
		const char *why = NULL;
		unsigned n_ended = 0, n_read = 0;

		for (unsigned k = 0; k < n_rounds && !why; k++) {
			w = long_work(&forms[i], k);
			n_ended += killed_after(&w, 1 + (useconds_t)(hash64(k + 1) % whole_us)) != ~0ull;
			if (w.no_file)
				continue;
			n_read++;
			why = work_check(path, w.flushed, false);
		}
		is_text(why, NULL, "%s: killed %u times at any moment, %u had ended, %u read", forms[i].name, n_rounds,
			n_ended, n_read);
	}
}

/* ---- helpers of tests/e2e/datw.sh ---- */

static int helper(int argc, char **argv)
{
	struct form f = { "", atoi(argv[3]), atoi(argv[4]) };
	struct work w = work_of(&f, 3, 77);
	struct err err = { "" };
	struct datw *d;

	w.grow = true;
	snprintf(path, sizeof path, "%s", argv[2]);
	if (!strcmp(argv[1], "write") && write_whole(&w, &err)) {
		printf("%" PRIu64 "\n", events_of(w.seq));
	} else if (!strcmp(argv[1], "kill") && argc > 5) {
		bool got_there = killed_at(&w, (unsigned)atoi(argv[5]));

		printf("%s %" PRIu64 "\n", w.no_file ? "none" : got_there ? "killed" : "ended", events_of(w.flushed));
	} else if (!strcmp(argv[1], "fill") && (d = work_open(&w, path, &err))) {
		w.rounds = 1000000;
		work_run(&w, d, -1, &err);
		printf("%" PRIu64 " %s\n", events_of(w.flushed), err.text);
		datw_abort(d);
	}
	if (*err.text && strcmp(argv[1], "fill"))
		fprintf(stderr, "%s\n", err.text);
	return *err.text && strcmp(argv[1], "fill");
}

int main(int argc, char **argv)
{
	const char *dir = getenv("TMPDIR");

	signal(SIGXFSZ, SIG_IGN);
	if (argc > 4)
		return helper(argc, argv);
	snprintf(path, sizeof path, "%s/datw-%d.dat", dir ? dir : "/tmp", (int)getpid());
	test_whole();
	test_empty();
	test_texts();
	test_add_format();
	test_later();
	test_later_long();
	test_format_full_disk();
	test_format_no_room();
	test_pages_kept();
	test_as_image();
	test_refused();
	test_too_small();
	test_write_error();
	test_small_regions();
	test_overlap();
	test_every_step();
	test_later_killed();
	test_any_time();
	unlink(path);
	return done();
}
