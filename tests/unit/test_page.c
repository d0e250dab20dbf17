// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sub-buffers: the walk over their records, and joining those partly filled: what is joined reads as what was not.
 *
 *	test_page                       the tests
 *	test_page live DIR A B MS       for tests/e2e/datw.sh: reads the ring buffer of instance DIR for MS milliseconds,
 *	                                writes its pages to A as they come and to B joined; prints how many that were
 */
#include "datw_work.h"
#include "page.h"
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

enum { SMALL = 256 };

static struct bytes made;		/* the page under construction */
static struct page_acc acc;

static void start(uint64_t ts)
{
	made.n = 0;
	made.be = host_big_endian();
	page_begin(&made, ts, 8);
}
static const uint8_t *end(int flags, uint64_t missed)
{
	page_end(&made, SMALL, flags, missed);
	return made.p;
}
static const uint8_t *one(uint64_t ts, uint32_t delta, uint32_t a)
{
	start(ts);
	page_event(&made, delta, a);
	return end(0, 0);
}
/* Adds to an accumulator that has one event at 1005. */
static bool after_1005(const uint8_t *page)
{
	uint8_t copy[SMALL];

	memcpy(copy, page, SMALL);
	page_take(&acc);
	page_append(&acc, one(1000, 5, 1));
	return page_append(&acc, copy);
}
static uint32_t taken(void)
{
	const uint8_t *p = page_take(&acc);

	return p ? get32(p + 8, false) & 0x7ffffff : 0;
}

/* ---- the walk; test_made.c has more of it ---- */

static bool times(uint64_t from, uint64_t to, unsigned n)
{
	uint64_t first = 0, last = 0;

	return subbuf_times(made.p, SMALL, &first, &last) && first == from && last == to && subbuf_count(made.p, SMALL) == n;
}

static void test_walk(void)
{
	const uint64_t top = 1ull << 59;

	start(100), page_large(&made, 4, 1, 8), page_padding(&made, 6, 12);
	page_extend(&made, 1ull << 30), page_event(&made, 2, 2);
	end(0, 0);
	ok(times(104, 112 + (1ull << 30), 2), "what is between records moves the time");
	start(top + 100), page_event(&made, 0, 1), page_absolute(&made, 5000), page_event(&made, 2, 2);
	end(0, 0);
	ok(times(top + 100, top + 5002, 2), "an absolute time has the top bits of the time before");
	start(2 * top - 10), page_event(&made, 3, 1), page_absolute(&made, 5), page_event(&made, 2, 2);
	end(0, 0);
	ok(times(2 * top - 7, 2 * top + 7, 2), "or the next, when those have just gone up");
	start(100), page_event(&made, 1, 1), page_padding(&made, 0, 12), page_event(&made, 1, 2);
	end(0, 0);
	ok(times(101, 101, 1), "padding without a delta is the end");
	start(100), page_event(&made, 1, 1), page_large(&made, 1, 2, SMALL);
	made.n -= SMALL;
	end(0, 0);
	ok(times(101, 101, 1), "so is a length that does not fit");
}

static void test_hide(void)
{
	start(100), page_event(&made, 0, 1), page_large(&made, 5, 2, 8), page_event(&made, 2, 3);
	end(0, 0);
	subbuf_hide(made.p, SMALL, 106, NULL);
	ok(times(107, 107, 1), "a large record is hidden whole");
	/* the word of the second is what its length would be, were it a large one that begins in the first */
	start(100), page_event(&made, 1, 0), page_word(&made, 20, 2);
	for (unsigned i = 0; i < 20; i++)
		put_num(&made, i, 4);
	page_event(&made, 1, 3);
	end(0, 0);
	subbuf_hide(made.p, SMALL, 104, NULL);
	ok(times(104, 104, 1), "a small one that looks like a large one, too");
}

/* ---- joining ---- */

static void test_rules(void)
{
	ok(page_take(&acc) == NULL, "nothing to take from an empty one");
	ok(after_1005(one(1005, 7, 2)), "what begins where the last event was is joined");
	is_num(taken(), 32, "with the data of both");
	ok(page_take(&acc) == NULL, "once");
	ok(!after_1005(one(1006, 7, 2)), "what begins later is not");
	ok(!after_1005(one(1004, 7, 2)), "nor what begins before");
	start(1005);
	ok(after_1005(end(0, 0)), "no events are no page");
	is_num(taken(), 16, "and leave things as they were");
	start(1005), page_event(&made, 1, 2);
	ok(!after_1005(end(PAGE_MISSED, 0)), "a loss must begin a page");
	start(1005);
	for (unsigned i = 0; i < 14; i++)
		page_event(&made, 1, i);
	ok(after_1005(end(0, 0)), "one that fills it exactly is joined");
	is_num(taken(), SMALL - 16, "to the last byte");
	start(1005), page_large(&made, 0, 2, SMALL - 16 - 20 - 12);
	ok(!after_1005(end(0, 0)), "a word more is not");
}

static void test_words(void)
{
	start(100), page_event(&made, 1, 1), page_extend(&made, 1ull << 30), page_event(&made, 2, 2);
	page_take(&acc);
	ok(page_append(&acc, end(0, 0)), "an extended time");
	ok(page_append(&acc, one(100 + 3 + (1ull << 30), 0, 3)), "is counted");
	start(100), page_absolute(&made, 5000), page_event(&made, 2, 2);
	page_take(&acc);
	page_append(&acc, end(0, 0));
	ok(page_append(&acc, one(5002, 0, 3)), "an absolute one, too");
	start((1ull << 60) + 100), page_absolute(&made, 5000), page_event(&made, 2, 2);
	page_take(&acc);
	page_append(&acc, end(0, 0));
	ok(page_append(&acc, one((1ull << 60) + 5002, 0, 3)), "with the top bits of the time before");
	start(100), page_large(&made, 4, 1, 8), page_padding(&made, 6, 12), page_event(&made, 0, 2);
	page_take(&acc);
	page_append(&acc, end(0, 0));
	ok(page_append(&acc, one(110, 0, 3)), "a discarded event's delta counts");
	ok(page_append(&acc, one(110, 1, 4)), "and again behind what was joined");
	is_num(taken(), 28 + 16 + 16 + 16 + 16, "all in one page");
}

static void test_missed(void)
{
	const uint8_t *p;

	start(100), page_event(&made, 5, 1);
	page_append(&acc, end(PAGE_MISSED | PAGE_COUNT, 77));
	ok(page_append(&acc, one(105, 1, 2)), "behind a loss there can be more");
	p = page_take(&acc);
	is_num(get32(p + 8, false), 0xc0000020, "the flags stay");
	is_num(get32(p + 12, false), UINT32_MAX, "as the kernel has them");
	is_num(get64(p + 16 + 32, false), 77, "the count is behind the data again");
	start(100), page_event(&made, 0, 1), page_large(&made, 0, 2, SMALL - 16 - 16 - 20 - 8 - 8);
	page_append(&acc, end(PAGE_MISSED | PAGE_COUNT, 77));
	ok(!page_append(&acc, one(100, 1, 2)), "but no more than leaves room for it");
	page_take(&acc);
}

static void test_nonsense(void)
{
	static const uint32_t words[] = { 0, 29, 30, 31, 28, 1u << 5 | 29 };
	uint8_t page[SMALL] = { 0 };
	uint32_t len = 1 << 20;
	const uint8_t *p;

	memcpy(page + 8, &len, 4);
	page_append(&acc, page);
	ok(!page_append(&acc, one(0, 1, 2)), "data longer than the page: nothing follows it");
	p = page_take(&acc);
	ok(p && !memcmp(p, page, SMALL), "but it is kept as it is");
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		start(100);
		put_num(&made, words[i], 4);
		page_append(&acc, end(0, 0));
		ok(!page_append(&acc, one(100, 1, 2)), "a word %#x at the end: nothing follows it", words[i]);
		page_take(&acc);
	}
}

static void test_32bit(void)
{
	struct page_acc small;
	const uint8_t *p;

	page_acc_init(&small, SMALL, 4, 12);
	made.n = 0;
	page_begin(&made, 100, 4), page_event(&made, 5, 1), page_end(&made, SMALL, PAGE_MISSED | PAGE_COUNT, 9);
	page_append(&small, made.p);
	made.n = 0;
	page_begin(&made, 105, 4), page_event(&made, 5, 2), page_end(&made, SMALL, 0, 0);
	ok(page_append(&small, made.p), "a kernel of 32 bits");
	p = page_take(&small);
	is_num(get32(p + 8, false), 0xc0000020, "commit");
	is_num(get32(p + 12 + 32, false), 9, "count");
	page_acc_fini(&small);
}

/* ---- the same file, joined or not ---- */

static char path[2][256];

static void give(struct datw *d, struct page_acc *a, const uint8_t *page)
{
	struct err err;

	if (page_append(a, page))
		return;
	datw_pages(d, 0, 0, page_take(a), 1, &err);
	page_append(a, page);
}

static void give_rest(struct datw *d, struct page_acc *a)
{
	const uint8_t *page = page_take(a);
	struct err err;

	if (page)
		datw_pages(d, 0, 0, page, 1, &err);
}

/* A part of a page as a read that does not wait gives it: it begins at the time of the last event read. */
static void random_part(struct work *w, struct bytes *b)
{
	unsigned n = 1 + (unsigned)work_rand(w, work_rand(w, 4) ? 6 : 90);

	b->n = 0;
	page_begin(b, w->ts, 8);
	for (unsigned i = 0; i < n && b->n + 96 < PAGE; i++) {
		uint64_t delta = work_rand(w, 2000), more = work_rand(w, 8) ? 0 : work_rand(w, 1u << 29);

		if (more)
			page_extend(b, more);
		if (work_rand(w, 16))
			page_event(b, (uint32_t)delta, w->seq[0]++);
		else
			page_large(b, (uint32_t)delta, w->seq[0]++, 4 * (1 + (uint32_t)work_rand(w, 8)));
		w->ts += delta + more;
	}
	page_end(b, PAGE, 0, 0);
	if (!work_rand(w, 20))
		w->ts += 1 + work_rand(w, 5000);		/* a new page begins with its first event */
}

static uint64_t times_of(const char *file)
{
	struct err err = { "" };
	struct source *s = source_open(file, &err);
	struct event ev;
	uint64_t h = 0;

	while (s && source_next(s, &ev, &err) > 0)
		h = hash64(h ^ ev.ts ^ (uint64_t)ev.len_bytes << 48);
	source_close(s);
	return h;
}

static void test_same_file(void)
{
	struct work w = { .version = 7, .n_buffers = 1, .seed = 3 };
	struct bytes b = { .be = host_big_endian() };
	struct err err = { "" };
	struct datw *plain = work_open(&w, path[0], &err), *joined = work_open(&w, path[1], &err);
	struct page_acc a;

	page_acc_init(&a, PAGE, 8, 16);
	for (unsigned i = 0; i < 3000; i++) {
		random_part(&w, &b);
		datw_pages(plain, 0, 0, b.p, 1, &err);
		give(joined, &a, b.p);
	}
	give_rest(joined, &a);
	ok(datw_bytes(joined) * 3 < datw_bytes(plain), "joined it is %" PRIu64 " bytes, not %" PRIu64,
	   datw_bytes(joined), datw_bytes(plain));
	datw_finish(plain, &err);
	datw_finish(joined, &err);
	is_text(work_check(path[0], w.seq, true), NULL, "events of pages as they came");
	is_text(work_check(path[1], w.seq, true), NULL, "and joined");
	is_num(times_of(path[1]), times_of(path[0]), "at the same times");
	page_acc_fini(&a);
	free(b.p);
}

/* ---- live ---- */

struct live {
	const char *dir;
	unsigned n_cpus;
	int fd[64];
	struct page_acc acc[64];
	struct datw *d[2];
	uint64_t n_in, n_out;
};

static char *slurp(const char *file, size_t *len)
{
	char *text = xmalloc(1 << 20);
	int fd = open(file, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, 1 << 20);

	for (ssize_t got = n; got > 0; n += got) {
		got = read(fd, text + n, (1u << 20) - (size_t)n);
		if (got <= 0)
			break;
	}
	if (fd >= 0)
		close(fd);
	*len = n > 0 ? (size_t)n : 0;
	return text;
}

static struct datw_text text_of(const char *dir, const char *name)
{
	char file[512];
	size_t len;

	snprintf(file, sizeof file, "%s/%s", dir, name);
	return (struct datw_text){ slurp(file, &len), len };
}

static struct datw *live_open(const struct live *l, const char *out, bool pack, struct err *err)
{
	const struct datw_format formats[] = {
		{ "ftrace", text_of(l->dir, "../../events/ftrace/print/format") },
		{ "sched", text_of(l->dir, "events/sched/sched_switch/format") },
		{ "sched", text_of(l->dir, "events/sched/sched_waking/format") },
	};
	const struct datw_meta meta = {
		.header_page = text_of(l->dir, "events/header_page"), .header_event = text_of(l->dir, "events/header_event"),
		.formats = formats, .n_formats = 3, .buffers = &(struct datw_buffer){ "", l->n_cpus, NULL }, .n_buffers = 1,
		.clock = "mono", .uname = "Linux here", .version = "agenttop test", .page_size = PAGE, .long_size = 8,
		.n_cpus = l->n_cpus,
	};
	struct datw *d = datw_open(out, 7, pack, &meta, err);

	for (size_t i = 0; i < 3; i++)
		free((void *)formats[i].text.p);
	free((void *)meta.header_page.p);
	free((void *)meta.header_event.p);
	return d;
}

static void live_page(struct live *l, unsigned cpu, const uint8_t *page)
{
	struct err err;

	l->n_in++;
	datw_pages(l->d[0], 0, cpu, page, 1, &err);
	if (page_append(&l->acc[cpu], page))
		return;
	l->n_out++;
	datw_pages(l->d[1], 0, cpu, page_take(&l->acc[cpu]), 1, &err);
	page_append(&l->acc[cpu], page);
}

static void live_read(struct live *l)
{
	uint8_t page[PAGE];

	for (unsigned cpu = 0; cpu < l->n_cpus; cpu++)
		while (read(l->fd[cpu], page, PAGE) == PAGE)
			live_page(l, cpu, page);
}

static int live(char **argv)
{
	struct live l = { .dir = argv[2], .n_cpus = (unsigned)sysconf(_SC_NPROCESSORS_CONF) };
	struct err err = { "" };
	char file[512];
	int ms = atoi(argv[5]);

	l.d[0] = live_open(&l, argv[3], false, &err);
	l.d[1] = live_open(&l, argv[4], true, &err);
	for (unsigned cpu = 0; cpu < l.n_cpus && cpu < 64; cpu++) {
		snprintf(file, sizeof file, "%s/per_cpu/cpu%u/trace_pipe_raw", l.dir, cpu);
		l.fd[cpu] = open(file, O_RDONLY | O_NONBLOCK);
		page_acc_init(&l.acc[cpu], PAGE, 8, 16);
	}
	for (; ms > 0; ms -= 20) {
		live_read(&l);
		poll(NULL, 0, 20);
	}
	for (unsigned cpu = 0; cpu < l.n_cpus; cpu++) {
		const uint8_t *page = page_take(&l.acc[cpu]);

		if (page)
			datw_pages(l.d[1], 0, cpu, page, 1, &err), l.n_out++;
		page_acc_fini(&l.acc[cpu]);
	}
	if (datw_finish(l.d[0], &err) || datw_finish(l.d[1], &err))
		fprintf(stderr, "%s\n", err.text);
	printf("%" PRIu64 " %" PRIu64 "\n", l.n_in, l.n_out);
	return *err.text != 0;
}

int main(int argc, char **argv)
{
	const char *dir = getenv("TMPDIR");

	if (argc > 5)
		return live(argv);
	for (int i = 0; i < 2; i++)
		snprintf(path[i], sizeof path[i], "%s/page-%d-%d.dat", dir ? dir : "/tmp", (int)getpid(), i);
	page_acc_init(&acc, SMALL, 8, 16);
	test_walk();
	test_hide();
	test_rules();
	test_words();
	test_missed();
	test_nonsense();
	test_32bit();
	test_same_file();
	page_acc_fini(&acc);
	free(made.p);
	unlink(path[0]);
	unlink(path[1]);
	return done();
}
