// SPDX-License-Identifier: GPL-2.0-only
/* The perf.data source: the same story in every shape perf writes, odd and damaged recordings. */
#include "source.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "perf_image.h"

static struct err err;

static int mem_file(const void *p, size_t len)
{
	int fd = memfd_create("perf.data", MFD_CLOEXEC);

	if (fd < 0 || write(fd, p, len) != (ssize_t)len) {
		perror("memfd");
		exit(1);
	}
	return fd;
}

/* Opens fd, a file, as source_open() would; the descriptor is the source's from here on. */
static struct source *open_fd(int fd, size_t len)
{
	struct source_file f = { .fd = fd, .path = "x.perf.data", .seekable = true, .size_bytes = len };
	ssize_t n = pread(fd, f.head, sizeof f.head, 0);

	f.n_head = n > 0 ? (size_t)n : 0;
	memset(&err, 0, sizeof err);
	return perfdata_open(&f, &err);
}

static struct source *open_image(const struct image *im)
{
	return open_fd(mem_file(im->p, im->len), im->len);
}

/* Through a real pipe; the image must fit into its buffer. */
static struct source *open_pipe(const uint8_t *p, size_t len)
{
	struct source_file f = { .path = "-" };
	int fds[2];
	ssize_t n;

	if (pipe2(fds, O_CLOEXEC) || fcntl(fds[1], F_SETPIPE_SZ, 1 << 18) < 0 || write(fds[1], p, len) != (ssize_t)len) {
		perror("pipe");
		exit(1);
	}
	close(fds[1]);
	f.fd = fds[0];
	n = read(f.fd, f.head, sizeof f.head);
	f.n_head = n > 0 ? (size_t)n : 0;
	memset(&err, 0, sizeof err);
	return perfdata_open(&f, &err);
}

/* ---- events as text ---- */

static void show_field(struct source *s, struct event *ev, const struct field *fl, struct image *out)
{
	struct access a = formats_access(&s->formats, s->formats.v[ev->type], fl->name);
	char buf[160];
	struct text t;
	int n;

	ev->val[0] = access_get(&a, ev);
	t = event_text(ev, 0);
	if (fl->kind == FIELD_NUM)
		n = snprintf(buf, sizeof buf, " %s=%lld", fl->name, (long long)ev->val[0]);
	else
		n = snprintf(buf, sizeof buf, " %s=%.*s", fl->name, (int)t.len, t.p);
	im_bytes(out, buf, (size_t)MIN(n, (int)sizeof buf - 1));
}

static void show(struct source *s, struct event *ev, struct image *out)
{
	const struct format *f = s->formats.v[ev->type];
	char buf[160];
	int n = snprintf(buf, sizeof buf, "%llu %d %d %s", (unsigned long long)ev->ts, (int)ev->cpu, ev->pid,
			 f->synthetic ? f->name : f->full);

	im_bytes(out, buf, (size_t)n);
	for (size_t i = 0; i < f->n_f; i++)
		if (strncmp(f->f[i].name, "common_", 7))
			show_field(s, ev, &f->f[i], out);
	im_bytes(out, "\n", 1);
}

/* All events as text; free it. *r is what the last call returned. */
static char *show_all(struct source *s, int *r)
{
	struct image out = { 0 };
	struct event ev = { 0 };

	while ((*r = source_next(s, &ev, &err)) == 1)
		show(s, &ev, &out);
	im_bytes(&out, "", 1);
	return (char *)out.p;
}

static bool has_note(const struct source *s, const char *part)
{
	for (size_t i = 0; i < s->info.n_notes; i++)
		if (strstr(s->info.notes[i], part))
			return true;
	return false;
}

/* ---- the story in every shape ---- */

static const char *look_name(const struct look *l, const char *how)
{
	static char buf[128];

	snprintf(buf, sizeof buf, "%s %s, %s, attr of %u, %s%s", l->be ? "BE" : "LE", how, l->identifier ? "IDENTIFIER" : "ID",
		 l->attr_bytes, !l->packed ? "plain" : l->packed == 81 ? "COMPRESSED" : "COMPRESSED2",
		 l->clock_data ? ", CLOCK_DATA" : "");
	return buf;
}

static void check_info(const struct source *s, const struct look *l, const char *name)
{
	const char *clock = l->clock_data ? "boot" : l->attr_bytes >= 96 ? "mono" : "perf";
	const struct source_info *i = &s->info;

	is_text(i->clock, clock, "%s: clock", name);
	ok(!strcmp(i->host, "box") && !strcmp(i->kernel, "6.12.1") && !strcmp(i->version, "6.1") && !strcmp(i->arch, "s390x"),
	   "%s: where it is from", name);
	is_num(i->n_cpus, 4, "%s: CPUs", name);
	ok(i->n_comms == 3 && i->comms[0].pid == 7 && !strcmp(i->comms[0].comm, "seven") && !strcmp(i->comms[1].comm, "a b") &&
	   !memcmp(i->comms[2].comm, "a comm of sixteen", 16), "%s: saved command lines", name);
}

static void check_story(struct source *s, const struct look *l, const char *name)
{
	char *text;
	int r;

	if (!ok(s != NULL, "%s: opens", name)) {
		note("%s", err.text);
		return;
	}
	text = show_all(s, &r);
	is_text(text, STORY, "%s: the story", name);
	is_num(r, 0, "%s: ends well", name);
	check_info(s, l, name);
	ok(s->info.n_late == 1 && s->info.n_unknown == 1 && !s->info.n_bad, "%s: one late, one unknown, none bad (%u %u %u)",
	   name, (unsigned)s->info.n_late, (unsigned)s->info.n_unknown, (unsigned)s->info.n_bad);
	ok(s->info.n_notes == 1 && has_note(s, "throttled"), "%s: one note, on throttling", name);
	free(text);
	source_close(s);
}

static void test_look(const struct look *l)
{
	struct image im = im_build(l, im_story);

	check_story(open_image(&im), l, look_name(l, l->pipe ? "pipe in a file" : "file"));
	if (l->pipe)
		check_story(open_pipe(im.p, im.len), l, look_name(l, "pipe"));
	free(im.p);
}

static const unsigned packs[] = { 0, 81, 83 };
#ifdef HAVE_zstd
#define N_PACKS 3
#else
#define N_PACKS 1
#endif

static void test_looks(void)
{
	static const unsigned sizes[] = { 64, 112, 200 };

	for (unsigned i = 0; i < 8; i++)
		for (unsigned size = 0; size < 3; size++)
			for (unsigned p = 0; p < N_PACKS; p++)
				test_look(&(struct look){ i & 1, i & 2, i & 4, sizes[size], packs[p], size == 1 && p, false });
}

/* ---- odd recordings ---- */

static const struct look plain = { .identifier = true, .attr_bytes = 112 };
static const struct look piped = { .identifier = true, .attr_bytes = 112, .pipe = true };

/* Opens the image, reads all, frees the image; the text is compared unless NULL. */
static struct source *read_story(struct image im, const char *want, int want_r, const char *name)
{
	struct source *s = open_image(&im);
	char *text;
	int r;

	free(im.p);
	if (!ok(s != NULL, "%s: opens", name)) {
		note("%s", err.text);
		exit(done());
	}
	text = show_all(s, &r);
	if (want)
		is_text(text, want, "%s: events", name);
	is_num(r, want_r, "%s: how it ends", name);
	free(text);
	return s;
}

/* Without a mark all waits for the end and comes in order, nothing is late. */
static void story_no_rounds(struct image *im, const struct look *l)
{
	im_switch(im, l, 50, 1, 1, 2);
	im_switch(im, l, 20, 0, 3, 4);
	im_switch(im, l, 10, 1, 5, 6);
	im_switch(im, l, 20, 1, 7, 8);
}

static void test_no_rounds(void)
{
	struct source *s = read_story(im_build(&plain, story_no_rounds),
				      "10 1 5 sched:sched_switch prev_pid=5 next_pid=6\n"
				      "20 0 3 sched:sched_switch prev_pid=3 next_pid=4\n"
				      "20 1 7 sched:sched_switch prev_pid=7 next_pid=8\n"
				      "50 1 1 sched:sched_switch prev_pid=1 next_pid=2\n", 0, "no rounds");

	is_num(s->info.n_late, 0, "no rounds: none late");
	source_close(s);
}

static void story_zero(struct image *im, const struct look *l)
{
	im_switch(im, l, 10, 0, 1, 2);
	im_zero(im, 64);
}

static void test_zero_size(void)
{
	struct image im = im_build(&piped, story_zero);
	char want[128];
	struct source *s;

	snprintf(want, sizeof want, "x.perf.data: record of size 0 at byte %zu: file is damaged", im.len - 64);
	s = read_story(im, "10 0 1 sched:sched_switch prev_pid=1 next_pid=2\n", -EINVAL, "size 0");
	is_text(err.text, want, "size 0: said so");
	source_close(s);
}

static void story_cut(struct image *im, const struct look *l)
{
	im_switch(im, l, 10, 0, 1, 2);
	im_switch(im, l, 20, 0, 1, 2);
	im->len -= 5;
}

static void test_cut(void)
{
	struct source *s = read_story(im_build(&piped, story_cut), "10 0 1 sched:sched_switch prev_pid=1 next_pid=2\n", 0, "cut");

	ok(has_note(s, "cut short"), "cut: a note says so");
	source_close(s);
}

static void story_cycles(struct image *im, const struct look *l)
{
	im_cycles(im, l, 10, 0);
	im_cycles(im, l, 11, 1);
}

/* Records without a time come before what is next, also those of a CPU that is new in the midst of a turn. */
static void story_untimed(struct image *im, const struct look *l)
{
	im_switch(im, l, 50, 1, 1, 2);
	im_switch(im, l, 60, 1, 2, 3);
	im_round(im);
	im_round(im);
	im_switch(im, l, 0, 0, 4, 5);
	im_switch(im, l, UINT64_MAX, 0, 5, 6);
	im_round(im);
	im_switch(im, l, 70, 0, 7, 8);
}

static void test_untimed(void)
{
	struct source *s = read_story(im_build(&plain, story_untimed),
				      "50 1 1 sched:sched_switch prev_pid=1 next_pid=2\n"
				      "60 1 2 sched:sched_switch prev_pid=2 next_pid=3\n"
				      "70 0 4 sched:sched_switch prev_pid=4 next_pid=5\n"
				      "70 0 5 sched:sched_switch prev_pid=5 next_pid=6\n"
				      "70 0 7 sched:sched_switch prev_pid=7 next_pid=8\n", 0, "untimed");

	is_num(s->info.n_late, 0, "untimed: none late");
	source_close(s);
}

/* perf was killed: the header has no data size, and there are no features. */
static void test_unfinished(void)
{
	struct image im = im_build(&plain, im_story);
	struct source *s;

	im.len = get64(im.p + 40, host_big_endian()) + get64(im.p + 48, host_big_endian());
	im_put(&im, 48, 0, 8);
	s = read_story(im, NULL, 0, "unfinished");
	ok(has_note(s, "did not finish"), "unfinished: a note says so");
	ok(has_note(s, "no event formats"), "unfinished: and that events cannot be read");
	source_close(s);
}

/* Changes one attr's sample_type behind the builder's back. */
static void test_no_tracepoints(void)
{
	struct image im = im_build(&plain, story_cycles);
	struct source *s;

	for (unsigned i = A_SWITCH; i <= A_WAKING; i++)
		im_put(&im, 104 + i * (112 + 16), 0, 4);
	s = read_story(im, "", 0, "cycles only");
	ok(has_note(s, "nothing here makes steps (samples: cycles:u: 2)"), "cycles only: a note says so");
	source_close(s);
}

/* Layouts with the id in different places cannot be read, and without ids neither. */
static void test_muddled(void)
{
	struct image im = im_build(&plain, im_story);
	struct source *s;

	im_put(&im, 104 + 24, sample_type(&plain, A_SWITCH) & ~(uint64_t)S_IDENT, 8);
	s = read_story(im, NULL, 0, "muddled ids");
	ok(has_note(s, "cannot be told apart"), "muddled ids: a note says so");
	source_close(s);
}

static void expect_refusal(struct source *s, const char *part, const char *name)
{
	ok(!s, "%s: refused", name);
	has_text(err.text, part, "%s: and told why", name);
	source_close(s);
}

static void test_refusals(void)
{
	struct look dir = plain;
	struct image im;

	dir.dir = true;
	im = im_build(&dir, im_story);
	expect_refusal(open_image(&im), "--threads", "directory");
	free(im.p);
	im = im_build(&plain, im_story);
	expect_refusal(open_pipe(im.p, im.len), "cannot be read from a pipe", "file in a pipe");
	im_put(&im, 8, 88, 8);
	expect_refusal(open_image(&im), "header of 88 bytes", "short header");
	im_put(&im, 8, 104, 8);
	im_put(&im, 16, 32, 8);
	expect_refusal(open_image(&im), "damaged", "small attrs");
	im_put(&im, 16, 1ull << 40, 8);
	expect_refusal(open_image(&im), "damaged", "huge attrs");
	free(im.p);
	expect_refusal(open_pipe((const uint8_t *)"PERFILE2\20\0\0\0\0\0\0\0", 16), "no event", "empty pipe");
}

/* A second HEADER_ATTR and an unknown kind after the data; AUX data to be jumped over. */
static void story_later(struct image *im, const struct look *l)
{
	size_t at;

	im_switch(im, l, 10, 0, 1, 2);
	at = im_begin(im, 64, 0);
	im_attr(im, l, A_SWITCH);
	im_u64(im, 77);
	im_end(im, at);
	at = im_begin(im, 71, 0);
	im_u64(im, 300000);		/* longer than a block */
	im_zero(im, 32);
	im_end(im, at);
	im_zero(im, 300000);
	at = im_begin(im, 250, 0);
	im_zero(im, 24);
	im_end(im, at);
	at = im->len;
	im_switch(im, l, 20, 1, 3, 4);
	im_put(im, at + 8, 77, 8);
}

static void test_later(void)
{
	static const char want[] = "10 0 1 sched:sched_switch prev_pid=1 next_pid=2\n"
				   "20 1 3 sched:sched_switch prev_pid=3 next_pid=4\n";

	source_close(read_story(im_build(&piped, story_later), want, 0, "late attr, AUX data, unknown record"));
	source_close(read_story(im_build(&plain, story_later), NULL, 0, "the same in a file"));
}

/* ---- much ---- */

/* n switches of CPU 1, then n of CPU 0, interleaved in time; no rounds: the older have to wait for the newer. */
static size_t n_much;

static void story_much(struct image *im, const struct look *l)
{
	for (uint32_t cpu = 2; cpu--;)
		for (size_t i = 0; i < n_much; i++)
			im_switch(im, l, 1000 + 2 * i + cpu, cpu, 1, 2);
}

static void read_much(bool seekable, bool all_in_order)
{
	struct image im = im_build(&piped, story_much);
	struct source_file f = { .fd = mem_file(im.p, im.len), .path = "much", .seekable = seekable, .size_bytes = im.len };
	uint64_t n = 0, last = 0, n_back = 0, n_wrong = 0;
	struct event ev = { 0 };
	struct source *s;

	lseek(f.fd, 0, SEEK_SET);
	f.n_head = (size_t)read(f.fd, f.head, sizeof f.head);
	free(im.p);
	s = perfdata_open(&f, &err);
	for (; source_next(s, &ev, &err) == 1; n++) {
		n_back += ev.ts < last;
		n_wrong += all_in_order && (ev.ts != 1000 + n || ev.cpu != n % 2 || ev.pid != 1);
		last = ev.ts;
	}
	is_num(n, 2 * n_much, "much, %s: all come", seekable ? "from a file" : "from a pipe");
	ok(!n_back && !n_wrong, "much: in order");
	ok(all_in_order ? !s->info.n_late : s->info.n_late > 0, "much: %s", all_in_order ? "none late" : "some late, and counted");
	source_close(s);
}

static void test_much(void)
{
	n_much = 200000;	/* 40 MiB: some blocks lose their bytes and are read again */
	read_much(true, true);
	n_much = 450000;	/* 90 MiB through a pipe, where nothing can be read again: more than may be kept */
	read_much(false, false);
}

/* ---- perf's own way of emptying buffers ---- */

/*
 * Events happen one a nanosecond on random CPUs while perf goes round emptying one CPU's buffer after the other,
 * so that later buffers of a turn hold later events. Now and then an interrupt writes its record before the one it
 * interrupted. All of it must come out in order, none late.
 */
#define ROUNDS_CPUS 2
#define ROUNDS_EVENTS 20000

static uint64_t rnd(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

struct cpu_buf {
	uint64_t ts[4 * ROUNDS_EVENTS];
	size_t n;
};

static void buf_put(struct cpu_buf *b, uint64_t ts)
{
	uint64_t *last = &b->ts[b->n++];

	*last = ts;
	if (b->n > 1 && !(rnd() % 16)) {
		last[0] = last[-1];
		last[-1] = ts;
	}
}

static void buf_empty(struct image *im, const struct look *l, struct cpu_buf *b, uint32_t cpu)
{
	for (size_t i = 0; i < b->n; i++)
		im_switch(im, l, b->ts[i], cpu, 1, 2);
	b->n = 0;
}

static void story_rounds(struct image *im, const struct look *l)
{
	struct cpu_buf *buf = xcalloc(ROUNDS_CPUS, sizeof *buf);
	uint64_t now = 1000, until;

	while (now < 1000 + ROUNDS_EVENTS) {
		for (uint32_t cpu = 0; cpu < ROUNDS_CPUS; cpu++) {
			for (until = now + rnd() % 40; now < until; now++)
				buf_put(&buf[rnd() % ROUNDS_CPUS], now);
			buf_empty(im, l, &buf[cpu], cpu);
		}
		im_round(im);
	}
	for (uint32_t cpu = 0; cpu < ROUNDS_CPUS; cpu++)
		buf_empty(im, l, &buf[cpu], cpu);
	free(buf);
}

static void test_rounds(void)
{
	struct image im = im_build(&plain, story_rounds);
	struct source *s = open_image(&im);
	uint64_t n = 0, n_wrong = 0;
	struct event ev = { 0 };

	free(im.p);
	while (source_next(s, &ev, &err) == 1)
		n_wrong += ev.ts != 1000 + n++;
	ok(n >= ROUNDS_EVENTS, "rounds: all come");
	is_num(n_wrong, 0, "rounds: each in its place");
	is_num(s->info.n_late, 0, "rounds: none late");
	source_close(s);
}

/* ---- damage ---- */

/* Reads all and looks at every byte; what is said does not matter, only that it ends and keeps order. */
static bool survive(struct source *s)
{
	struct event ev = { 0 };
	uint64_t last = 0, n = 0;
	volatile uint8_t sink = 0;
	bool good = true;

	if (!s)
		return err.text[0] != 0;
	/* A changed length makes zstd repeat records, a few thousand at most. */
	while (n < 100000 && source_next(s, &ev, &err) == 1) {
		good = good && ev.ts >= last && ev.type < s->formats.n;
		last = ev.ts;
		n++;
		for (uint32_t i = 0; i < ev.len_bytes; i++)
			sink ^= ev.raw[i];
	}
	source_close(s);
	return good && n < 100000;
}

static void test_flips(const struct look *l, const char *name)
{
	struct image im = im_build(l, im_story);
	int fd = mem_file(im.p, im.len);
	unsigned n_wrong = 0;

	for (size_t i = 0; i < im.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t b = im.p[i] ^ (uint8_t)(1 << bit);

			if (pwrite(fd, &b, 1, (off_t)i) != 1 || !survive(open_fd(dup(fd), im.len)))
				n_wrong++;
		}
		if (pwrite(fd, &im.p[i], 1, (off_t)i) != 1)
			n_wrong++;
	}
	is_num(n_wrong, 0, "%s: every bit turned over, %zu of them", name, im.len * 8);
	close(fd);
	free(im.p);
}

static void test_truncations(const struct look *l, const char *name)
{
	struct image im = im_build(l, im_story);
	int fd = mem_file(im.p, im.len);
	unsigned n_wrong = 0;

	for (size_t len = im.len; len-- > 1;) {
		if (ftruncate(fd, (off_t)len) || !survive(open_fd(dup(fd), len)))
			n_wrong++;
		if (l->pipe && !survive(open_pipe(im.p, len)))
			n_wrong++;
	}
	is_num(n_wrong, 0, "%s: cut at every byte, %zu of them", name, im.len);
	close(fd);
	free(im.p);
}

static void test_damage(void)
{
	static const struct look looks[] = {
		{ .identifier = true, .attr_bytes = 112 },
		{ .pipe = true, .attr_bytes = 112 },
		{ .be = true, .identifier = true, .attr_bytes = 112, .packed = 81 },
		{ .be = true, .pipe = true, .attr_bytes = 112, .packed = 83 },
	};
	char name[128];

	for (size_t i = 0; i < (N_PACKS > 1 ? ARRAY_LEN(looks) : 2); i++) {
		snprintf(name, sizeof name, "%s", look_name(&looks[i], looks[i].pipe ? "pipe" : "file"));
		test_flips(&looks[i], name);
		test_truncations(&looks[i], name);
	}
}

int main(void)
{
	alarm(600);		/* a hang is a failure */
	test_looks();
	test_no_rounds();
	test_untimed();
	test_zero_size();
	test_cut();
	test_unfinished();
	test_no_tracepoints();
	test_muddled();
	test_refusals();
	test_later();
	test_rounds();
	test_much();
	test_damage();
	return done();
}
