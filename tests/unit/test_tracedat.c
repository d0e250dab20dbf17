// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace.dat: images made here, in all the forms a recorder may write. Streams are compared as text:
 * "CPU@TIME=A" is test:alpha with field a, "CPU@TIME<FROM,COUNT" a loss.
 */
#include "dat_image.h"
#include "source.h"
#include "tap.h"

#include <sys/mman.h>
#include <unistd.h>

static char stream[4096];		/* of the last image read */
static char notes[4096];
static struct source_info info;		/* numbers only: texts are freed */
static char clock_name[64], host[64], kernel[64], arch[64], error[600];

static void dump_image(const struct bytes *b)
{
	const char *dir = getenv("DUMP_IMAGES");
	static int n;
	char path[256];
	FILE *f;

	if (!dir)
		return;
	snprintf(path, sizeof path, "%s/image-%02d.dat", dir, ++n);
	f = fopen(path, "w");
	if (f) {
		fwrite(b->p, 1, b->n, f);
		fclose(f);
	}
}

static void add(char *to, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void add(char *to, size_t size, const char *fmt, ...)
{
	size_t n = strlen(to);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(to + n, size - n, fmt, ap);
	va_end(ap);
}

static void add_event(struct source *s, const struct event *ev)
{
	const struct format *f = s->formats.v[ev->type];
	struct access a = formats_access(&s->formats, f, ev->type == SOURCE_LOST ? "from" : "a");
	struct access b = formats_access(&s->formats, f, "count");

	if (ev->type == SOURCE_LOST)
		add(stream, sizeof stream, "%u@%" PRIu64 "<%" PRIu64 ",%" PRIu64 " ", ev->cpu, ev->ts,
		    access_get(&a, ev), access_get(&b, ev));
	else
		add(stream, sizeof stream, "%u@%" PRIu64 "=%" PRIu64 "%s ", ev->cpu, ev->ts, access_get(&a, ev),
		    ev->pid == (int32_t)(100 + access_get(&a, ev)) && ev->flags == 1 && ev->has_ctx ? "" : "?");
}

static void keep_info(const struct source_info *i)
{
	snprintf(clock_name, sizeof clock_name, "%s", i->clock);
	snprintf(host, sizeof host, "%s", i->host);
	snprintf(kernel, sizeof kernel, "%s", i->kernel);
	snprintf(arch, sizeof arch, "%s", i->arch);
	for (size_t n = 0; n < i->n_notes; n++)
		add(notes, sizeof notes, "%s\n", i->notes[n]);
	info = *i;
}

static const char *read_bytes(const struct bytes *b)
{
	int fd = memfd_create("image", MFD_CLOEXEC);
	char path[64];
	struct err err = { "" };
	struct source *s;
	struct event ev;

	*stream = *notes = *error = 0;
	if (fd < 0 || write(fd, b->p, b->n) != (ssize_t)b->n)
		return "(no memory file)";
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	s = source_open(path, &err);
	while (s && source_next(s, &ev, &err) > 0)
		add_event(s, &ev);
	if (s)
		keep_info(&s->info);
	snprintf(error, sizeof error, "%s", err.text);
	source_close(s);
	close(fd);
	if (*stream)
		stream[strlen(stream) - 1] = 0;
	return s ? stream : error;
}

static const char *read_image(const struct dat_spec *spec)
{
	struct bytes b = dat_build(spec);
	const char *r;

	dump_image(&b);
	r = read_bytes(&b);
	free(b.p);
	return r;
}

/* A recording of one buffer with the sub-buffers given for CPUs 0 and 2. */
static struct dat_spec plain(int version, bool be, int klong, uint32_t page, struct bytes *cpu0, struct bytes *cpu2)
{
	struct dat_spec s = {
		.version = version, .be = be, .user_long = klong, .kernel_long = klong, .page = page, .clock = "[mono]",
		.n_buffers = 1, .buffer = { { .name = "", .page = page } },
	};

	if (version == 7)
		s.clock = "mono";
	if (cpu0)
		s.buffer[0].cpu[s.buffer[0].n_cpus++] = (struct dat_cpu_spec){ 0, cpu0 };
	if (cpu2)
		s.buffer[0].cpu[s.buffer[0].n_cpus++] = (struct dat_cpu_spec){ 2, cpu2 };
	return s;
}

/* ---- every form of the container ---- */

static void fill_two(struct bytes *cpu0, struct bytes *cpu2, int klong, uint32_t page)
{
	page_begin(cpu0, 1000, klong);
	page_event(cpu0, 0, 1);
	page_event(cpu0, 10, 2);
	page_end(cpu0, page, 0, 0);
	page_begin(cpu0, 2000, klong);
	page_event(cpu0, 0, 3);
	page_end(cpu0, page, 0, 0);
	page_begin(cpu2, 1005, klong);
	page_event(cpu2, 0, 4);
	page_event(cpu2, 5, 5);
	page_end(cpu2, page, 0, 0);
}

static void forms(void)
{
	static const uint32_t pages[] = { 256, 4096, 8192, 65536 };

	for (int form = 0; form < 64; form++) {
		int version = 6 + (form & 1), klong = form & 2 ? 4 : 8;
		bool be = form & 4, packed = form & 8;
		uint32_t page = pages[form >> 4];
		struct bytes cpu0 = { .be = be }, cpu2 = { .be = be };
		struct dat_spec s;

		if (packed && version == 6)
			continue;
#ifndef HAVE_zstd
		if (packed) {
			skip("packed with zstd: built without");
			continue;
		}
#endif
		fill_two(&cpu0, &cpu2, klong, page);
		s = plain(version, be, klong, page, &cpu0, &cpu2);
		s.packed = packed;
		s.chunk_pages = 1;
		is_text(read_image(&s), "0@1000=1 2@1005=4 0@1010=2 2@1010=5 0@2000=3",
			"v%d %s long %d page %u%s", version, be ? "BE" : "LE", klong, page, packed ? " packed" : "");
		is_num(info.n_cpus, version == 6 ? 4 : 3, "number of CPUs");
		is_num(info.n_notes + info.n_bad + info.n_late + info.n_unknown, 0, "nothing to complain about");
		is_num(info.clock_kind, CLOCK_NS, "clock");
		is_num(info.n_comms, 2, "saved names");
		free(cpu0.p);
		free(cpu2.p);
	}
}

static void mixed_longs(void)
{
	struct bytes cpu0 = { 0 }, cpu2 = { 0 };
	struct dat_spec s;

	fill_two(&cpu0, &cpu2, 8, 4096);
	s = plain(6, false, 8, 4096, &cpu0, &cpu2);
	s.user_long = 4;
	is_text(read_image(&s), "0@1000=1 2@1005=4 0@1010=2 2@1010=5 0@2000=3", "32-bit recorder on a 64-bit kernel");
	free(cpu0.p);
	free(cpu2.p);
}

static void zlib(void)
{
#ifdef HAVE_zlib
	struct bytes cpu0 = { 0 }, cpu2 = { 0 };
	struct dat_spec s;

	fill_two(&cpu0, &cpu2, 8, 4096);
	s = plain(7, false, 8, 4096, &cpu0, &cpu2);
	s.packed = s.zlib = true;
	is_text(read_image(&s), "0@1000=1 2@1005=4 0@1010=2 2@1010=5 0@2000=3", "packed with zlib");
	free(cpu0.p);
	free(cpu2.p);
#else
	skip("zlib: built without");
#endif
}

/* ---- options ---- */

static void options(void)
{
	static const uint8_t unknown[] = { 1, 2, 3, 4, 5, 6, 7 };
	struct bytes cpu0 = { 0 };
	struct dat_spec s;

	page_begin(&cpu0, 1000, 8);
	page_event(&cpu0, 0, 1);
	page_end(&cpu0, 4096, 0, 0);
	for (int version = 6; version <= 7; version++) {
		s = plain(version, false, 8, 4096, &cpu0, NULL);
		s.option[s.n_options++] = (struct dat_option_spec){ 99, 7, unknown };
		s.option[s.n_options++] = (struct dat_option_spec){ 5, 30, "Linux box 6.1.0-test x86_64\0\0" };
		s.option[s.n_options++] = (struct dat_option_spec){ 7, 6, "0x100" };
		s.option[s.n_options++] = (struct dat_option_spec){ 1, 4, "0x2" };
		is_text(read_image(&s), "0@3256=1", "v%d: OFFSET in ns and DATE in us are added, option 99 is passed over", version);
		is_text(host, "box", "host");
		is_text(kernel, "6.1.0-test", "kernel");
		is_text(arch, "x86_64", "arch");
		is_text(clock_name, "mono", "clock");
		is_num(info.n_notes, 0, "nothing to note");
	}
	free(cpu0.p);
}

static void tsc(void)
{
	struct bytes cpu0 = { 0 }, opt = { 0 };
	struct dat_spec s;

	page_begin(&cpu0, 3000, 8);
	page_event(&cpu0, 0, 1);
	page_event(&cpu0, 30, 2);
	page_end(&cpu0, 4096, 0, 0);
	put_num(&opt, 1u << 20, 4);
	put_num(&opt, 21, 4);
	put_num(&opt, 77, 8);
	s = plain(7, false, 8, 4096, &cpu0, NULL);
	s.clock = "x86-tsc";
	is_text(read_image(&s), "0@3000=1 0@3030=2", "cycles as they are");
	is_num(info.clock_kind, CLOCK_NO_TIME, "are no time");
	s.option[s.n_options++] = (struct dat_option_spec){ 14, 16, opt.p };
	is_text(read_image(&s), "0@1500=1 0@1515=2", "cycles with TSC2NSEC");
	is_num(info.clock_kind, CLOCK_NS, "are nanoseconds");
	s.clock = "counter";
	s.n_options = 0;
	read_image(&s);
	is_num(info.clock_kind, CLOCK_NO_TIME, "the counter clock is no time");
	s.clock = "uptime";
	read_image(&s);
	is_num(info.clock_kind, CLOCK_COARSE, "uptime is coarse");
	s.clock = "local";
	read_image(&s);
	is_num(info.clock_kind, CLOCK_PER_CPU, "local is per CPU");
	free(cpu0.p);
	free(opt.p);
}

/* Two samples for CPU 0, none for others: between them the offset goes evenly from 1000 to 3000. */
static void guest(void)
{
	struct bytes cpu0 = { 0 }, opt = { 0 };
	struct dat_spec s;

	page_begin(&cpu0, 10000, 8);
	page_event(&cpu0, 0, 1);
	page_event(&cpu0, 1000, 2);
	page_event(&cpu0, 1000, 3);
	page_end(&cpu0, 4096, 0, 0);
	put_num(&opt, 0xabcdef, 8);
	put_num(&opt, 1, 4);
	put_num(&opt, 1, 4);
	put_num(&opt, 2, 4);
	put_num(&opt, 10000, 8);
	put_num(&opt, 12000, 8);
	put_num(&opt, 1000, 8);
	put_num(&opt, 3000, 8);
	put_num(&opt, 1, 8);
	put_num(&opt, 1, 8);
	put_num(&opt, 0, 8);
	put_num(&opt, 0, 8);
	s = plain(7, false, 8, 4096, &cpu0, NULL);
	s.option[s.n_options++] = (struct dat_option_spec){ 12, (uint32_t)opt.n, opt.p };
	is_text(read_image(&s), "0@11000=1 0@13000=2 0@15000=3", "a guest's times go to its host's");
	has_text(notes, "guest", "and that is said");
	s.option[0].size = 40;
	is_text(read_image(&s), "0@10000=1 0@11000=2 0@12000=3", "a cut TIME_SHIFT is left out");
	free(cpu0.p);
	free(opt.p);
}

static void chains(void)
{
	struct bytes cpu0 = { 0 };
	struct dat_spec s;

	page_begin(&cpu0, 1000, 8);
	page_event(&cpu0, 0, 1);
	page_end(&cpu0, 4096, 0, 0);
	s = plain(7, false, 8, 4096, &cpu0, NULL);
	s.twist = TWIST_CYCLE;
	is_text(read_image(&s), "0@1000=1", "options that point at themselves");
	s.twist = TWIST_BACKWARD;
	is_text(read_image(&s), "0@1000=1", "options that point back");
	s.twist = TWIST_NO_BUFFER;
	is_text(read_image(&s), "0@1000=1", "no table of CPUs: found from the data");
	has_text(notes, "guessed", "and that is said");
	free(cpu0.p);
}

/* ---- buffers ---- */

static void two_buffers(void)
{
	struct bytes top = { 0 }, inst = { 0 };
	struct dat_spec s;

	page_begin(&top, 1000, 8);
	page_event(&top, 0, 1);
	page_event(&top, 100, 1);
	page_event(&top, 50000, 2);
	page_end(&top, 4096, 0, 0);
	page_begin(&inst, 1003, 8);
	page_event(&inst, 0, 1);		/* the same as the first */
	page_event(&inst, 4, 3);		/* only here */
	page_event(&inst, 96, 1);		/* the same as the second */
	page_event(&inst, 80000, 2);		/* too late to be the same */
	page_end(&inst, 4096, 0, 0);
	for (int version = 6; version <= 7; version++) {
		s = plain(version, false, 8, 4096, &top, NULL);
		s.buffer[1] = (struct dat_buffer_spec){ "my\x1b[2Jbuf", 4096, { { 0, &inst } }, 1 };
		s.n_buffers = 2;
		is_text(read_image(&s), "0@1000=1 0@1007=3 0@1100=1 0@51100=2 0@81103=2",
			"v%d: two buffers are one stream, an event in both comes once", version);
		has_text(notes, "2 events", "and that is said");
		s.buffer[1].cpu[0].cpu = 1;
		is_text(read_image(&s), "0@1000=1 1@1003=1 1@1007=3 0@1100=1 1@1103=1 0@51100=2 1@81103=2",
			"v%d: on different CPUs they are different", version);
	}
	free(top.p);
	free(inst.p);
}

/* ---- what can be in a sub-buffer ---- */

static void losses(void)
{
	static const char stat[] = "CPU: 0\nentries: 0\noverrun: 12\ndropped events: 3\n";

	for (int form = 0; form < 4; form++) {
		bool be = form & 1;
		int klong = form & 2 ? 4 : 8;
		struct bytes cpu0 = { .be = be };
		struct dat_spec s;

		page_begin(&cpu0, 1000, klong);
		page_event(&cpu0, 0, 1);
		page_end(&cpu0, 4096, 0, 0);
		page_begin(&cpu0, 2000, klong);
		page_event(&cpu0, 5, 2);
		page_end(&cpu0, 4096, PAGE_MISSED | PAGE_COUNT, 42);
		page_begin(&cpu0, 3000, klong);
		page_event(&cpu0, 0, 3);
		page_end(&cpu0, 4096, PAGE_MISSED, 0);
		s = plain(7, be, klong, 4096, &cpu0, NULL);
		is_text(read_image(&s), "0@1000=1 0@2005<1000,42 0@2005=2 0@3000<2005,0 0@3000=3",
			"losses, with a count and without (%s, long %d)", be ? "BE" : "LE", klong);
		s.option[s.n_options++] = (struct dat_option_spec){ 2, sizeof stat, stat };
		is_text(read_image(&s), "0@1000=1 0@2005<1000,42 0@2005=2 0@3000<2005,0 0@3000=3 0@3000<1000,3",
			"events dropped nobody knows when are told at the end");
		free(cpu0.p);
	}
}

static void counted_losses(void)
{
	static const char stat[] = "CPU: 2\noverrun: 12\ndropped events: 0\n", other[] = "\nBuffer: other\n\n",
			  stat2[] = "CPU: 0\noverrun: 5\n";
	struct bytes cpu0 = { 0 }, cpu2 = { 0 }, only = { 0 };
	struct dat_spec s;

	fill_two(&cpu0, &cpu2, 8, 4096);
	s = plain(7, false, 8, 4096, &cpu0, &cpu2);
	s.option[s.n_options++] = (struct dat_option_spec){ 2, sizeof stat, stat };
	s.option[s.n_options++] = (struct dat_option_spec){ 2, sizeof other, other };
	s.option[s.n_options++] = (struct dat_option_spec){ 2, sizeof stat2, stat2 };
	is_text(read_image(&s), "0@1000=1 2@1005=4 0@1010=2 2@1010=5 0@2000=3 2@2000<1000,12",
		"an overrun that no sub-buffer tells is told at the end, for its CPU and buffer");
	has_text(notes, "17 events were overwritten", "and noted");
	page_begin(&only, 500, 8);
	page_end(&only, 4096, PAGE_MISSED, 0);
	s = plain(6, false, 8, 4096, &cpu0, &only);
	is_text(read_image(&s), "0@1000=1 0@1010=2 0@2000=3 2@2000<1000,0", "a CPU that holds nothing but a loss");
	free(cpu0.p);
	free(cpu2.p);
	free(only.p);
}

static void times(void)
{
	for (int be = 0; be < 2; be++) {
		struct bytes b = { .be = be };
		struct dat_spec s;

		page_begin(&b, 1000, 8);
		page_event(&b, 0, 1);
		page_extend(&b, 1ull << 30);
		page_event(&b, 7, 2);
		page_absolute(&b, 3ull << 30);
		page_event(&b, 1, 3);
		page_padding(&b, 9, 12);
		page_large(&b, 1, 4, 200);
		page_end(&b, 4096, 0, 0);
		page_begin(&b, (1ull << 60) + 5, 8);
		page_event(&b, 0, 5);
		page_absolute(&b, 100);
		page_event(&b, 0, 6);
		page_word(&b, 29, 0);
		page_event(&b, 0, 7);
		page_end(&b, 4096, 0, 0);
		s = plain(7, be, 8, 4096, &b, NULL);
		is_text(read_image(&s), "0@1000=1 0@1073742831=2 0@3221225473=3 0@3221225483=4 0@1152921504606846981=5 "
			"0@1152921504606847076=6", "extended and absolute times, padding, a large record (%s)", be ? "BE" : "LE");
		is_num(info.n_bad + info.n_late, 0, "all of them sound");
		free(b.p);
	}
}

static void backwards(void)
{
	struct bytes b = { 0 }, c = { 0 };
	struct dat_spec s;

	page_begin(&b, 1000, 8);
	page_event(&b, 0, 1);
	page_event(&b, 500, 2);
	page_end(&b, 4096, 0, 0);
	page_begin(&b, 1400, 8);
	page_event(&b, 0, 3);
	page_event(&b, 200, 4);
	page_end(&b, 4096, 0, 0);
	s = plain(6, false, 8, 4096, &b, NULL);
	is_text(read_image(&s), "0@1000=1 0@1500=2 0@1500=3 0@1600=4", "a clock that goes back is held");
	is_num(info.n_late, 1, "and counted");

	page_begin(&c, 1000, 8);
	page_event(&c, 0, 1);
	page_end(&c, 4096, 0, 0);
	page_begin(&c, 1ull << 50, 8);
	page_event(&c, 0, 2);
	page_end(&c, 4096, 0, 0);
	page_begin(&c, 3000, 8);
	page_event(&c, 0, 3);
	page_end(&c, 4096, 0, 0);
	s = plain(6, false, 8, 4096, &c, NULL);
	is_text(read_image(&s), "0@1000=1 0@3000<1000,0 0@3000=3", "a sub-buffer from days ahead does not spoil the next");
	is_num(info.n_bad, 1, "it is damaged");
	free(b.p);
	free(c.p);
}

static void bad_pages(void)
{
	struct bytes b = { 0 };
	struct dat_spec s;

	page_begin(&b, 1000, 8);
	page_event(&b, 0, 1);
	page_word(&b, 20, 5);			/* goes past the end */
	page_end(&b, 4096, 0, 0);
	page_begin(&b, 2000, 8);
	page_event(&b, 0, 2);
	page_end(&b, 4096, 0, 0);
	set_num(&b, 4096 + 8, 5000, 8);		/* longer than a sub-buffer */
	page_begin(&b, 3000, 8);
	page_event(&b, 0, 3);
	page_word(&b, 0, 1);			/* a large record of 2 bytes */
	put_num(&b, 2, 4);
	page_end(&b, 4096, 0, 0);
	page_begin(&b, 4000, 8);
	page_event(&b, 0, 4);
	set_num(&b, b.n - 12, 777, 2);		/* no such event type */
	page_event(&b, 1, 5);
	page_end(&b, 4096, 0, 0);
	s = plain(7, false, 8, 4096, &b, NULL);
	is_text(read_image(&s), "0@1000=1 0@3000<1000,0 0@3000=3 0@4000<3000,0 0@4001=5", "damage costs what is damaged");
	is_num(info.n_bad, 3, "it is counted");
	is_num(info.n_unknown, 1, "so are unknown events");
	has_text(notes, "CPU 0", "and said");
	free(b.p);
}

/* ---- refusals ---- */

static void refuse_bytes(const char *p, size_t n, const char *part, const char *what)
{
	struct bytes b = { .p = (uint8_t *)p, .n = n };

	has_text(read_bytes(&b), part, "%s", what);
	ok(!strchr(error, '\n'), "in one line");
}

static void refusals(void)
{
	struct err err = { "" };
	struct bytes b = { 0 };

	ok(!source_open("/", &err), "a directory is refused");
	has_text(err.text, "directory", "by name");
	ok(!source_open("/nonexistent/file", &err), "a file that is not there is refused");
	has_text(err.text, "/nonexistent/file", "by name");
	refuse_bytes("", 0, "empty", "an empty file");
	refuse_bytes("\x17\x08\x44tracing" "8\0\0\x08\0\x10\0\0", 19, "version 8", "version 8");
	refuse_bytes("\x17\x08\x44trac", 7, "truncated", "a magic cut short");
	refuse_bytes("\x17\x08\x44tracing" "7\0\0\x08\0\x10\0\0brotli\0001\0\0\0\0\0\0\0\0\0000000", 40, "not known",
		     "an unknown compression");
	refuse_bytes("\x1f\x8b\x08\0\0\0", 6, "zcat", "a packed file");
	refuse_bytes("\0\1\2\3\4\5\6\7", 8, "no recording", "something else");
	put_start(&b, &(struct dat_spec){ .version = 6, .user_long = 8, .kernel_long = 8, .page = 4096 });
	put_header_page(&b, &(struct dat_spec){ .kernel_long = 8, .page = 4096 });
	put_formats(&b, true);
	put_formats(&b, false);
	put_num(&b, 0, 4);
	put_num(&b, 0, 4);
	put_num(&b, 0, 8);
	put_num(&b, 1, 4);
	put(&b, "latency  ", 10);
	refuse_bytes((char *)b.p, b.n, "latency", "the text of a latency tracer");
	free(b.p);
}

/* ---- a pipe ---- */

static void pipes(void)
{
	struct bytes cpu0 = { 0 }, cpu2 = { 0 }, b;
	int fd[2], in = dup(0);
	struct err err = { "" };
	struct source *s;
	struct event ev;
	struct dat_spec spec;

	fill_two(&cpu0, &cpu2, 8, 256);
	spec = plain(7, false, 8, 256, &cpu0, &cpu2);
	b = dat_build(&spec);
	*stream = 0;
	if (pipe(fd) || write(fd[1], b.p, b.n) != (ssize_t)b.n)
		ok(false, "a pipe");
	close(fd[1]);
	dup2(fd[0], 0);
	close(fd[0]);
	s = source_open("-", &err);
	while (s && source_next(s, &ev, &err) > 0)
		add_event(s, &ev);
	is_text(stream, "0@1000=1 2@1005=4 0@1010=2 2@1010=5 0@2000=3 ", "read from a pipe");
	ok(s && s->info.n_notes == 1, "with a note");
	source_close(s);
	dup2(in, 0);
	close(in);
	free(b.p);
	free(cpu0.p);
	free(cpu2.p);
}

int main(void)
{
	forms();
	mixed_longs();
	zlib();
	options();
	tsc();
	guest();
	chains();
	two_buffers();
	losses();
	counted_losses();
	times();
	backwards();
	bad_pages();
	refusals();
	pipes();
	return done();
}
