// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzing without libFuzzer, for compilers that have none: runs a target on its seeds and on mutations of them, and
 * keeps as new seeds those that reach code which none reached before (gcc's -fsanitize-coverage=trace-pc tells).
 *
 *   fuzz_X [-max_total_time=S] [-timeout=S] [-rss_limit_mb=N] [-max_len=N] [-seed=N] [-artifact_prefix=P] FILE|DIR...
 *
 * The options are libFuzzer's; others that begin with - are ignored. Only files: each is run once. A finding is written to
 * PREFIXcrash-HASH, timeout-HASH or oom-HASH, and the exit status is 1 or the sanitizer's.
 * Deterministic but for where the time ends. This file itself must be compiled without coverage.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void __sanitizer_cov_trace_pc(void);
__attribute__((weak)) void __sanitizer_set_death_callback(void (*)(void));

struct input {
	uint8_t *p;
	size_t n;
};
static struct input *corpus;
static size_t n_corpus, cap_corpus;
static struct input now;
static unsigned long max_time = 60, timeout_s = 5, rss_mb = 512, max_len = 65536;
static uint64_t state = 1;
static const char *prefix = "./";
static uint64_t n_runs, n_edges;

/* ---- coverage: pairs of places in code ---- */

#define MAP_SIZE (1u << 18)
static uint8_t hit[MAP_SIZE], ever[MAP_SIZE];
static __thread uintptr_t last_pc;

__attribute__((no_sanitize("address", "undefined"))) void __sanitizer_cov_trace_pc(void)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);
	uintptr_t h = (pc ^ last_pc << 1) * 0x9e3779b97f4a7c15ull >> 20;

	hit[h % MAP_SIZE] = 1;
	last_pc = pc;
}

/* true: the last run reached something new. */
static bool anything_new(void)
{
	uint64_t *h = (uint64_t *)(void *)hit, *e = (uint64_t *)(void *)ever;
	bool found = false;

	for (size_t i = 0; i < MAP_SIZE / 8; i++)
		if (h[i] & ~e[i]) {
			n_edges += (uint64_t)__builtin_popcountll(h[i] & ~e[i]);
			e[i] |= h[i];
			found = true;
		}
	return found;
}

/* ---- findings ---- */

static void keep(const char *kind)
{
	uint64_t h = 0xcbf29ce484222325ull;
	char path[1024];
	int fd;

	for (size_t i = 0; i < now.n; i++)
		h = (h ^ now.p[i]) * 0x100000001b3ull;
	snprintf(path, sizeof path, "%s%s-%016llx", prefix, kind, (unsigned long long)h);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0666);
	if (fd >= 0 && write(fd, now.p, now.n) == (ssize_t)now.n)
		fprintf(stderr, "input of %zu bytes is in %s\n", now.n, path);
	if (fd >= 0)
		close(fd);
}

static bool kept;
static void on_death(void)
{
	if (!kept && now.p)		/* leaks are found at the end: no telling which run it was */
		keep("crash");
	kept = true;
}

static void on_signal(int sig)
{
	if (sig == SIGALRM)
		fprintf(stderr, "no end after %lu s\n", timeout_s);
	if (!kept)
		keep(sig == SIGALRM ? "timeout" : "crash");
	_exit(1);
}

static void on_exit_call(void)
{
	if (now.p) {
		fprintf(stderr, "the target called exit()\n");
		on_death();
		_exit(1);
	}
}

/* gcc's two runtimes do not share their callbacks: UBSan tells by a signal. */
const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1:abort_on_error=1";
}

/* ---- one run ---- */

static void run(const uint8_t *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);	/* of its own size: a byte behind it is seen */
	struct rusage u;

	if (!exact)
		abort();
	memcpy(exact, p, n);
	now = (struct input){ exact, n };
	memset(hit, 0, sizeof hit);
	last_pc = 0;
	alarm((unsigned)timeout_s);
	LLVMFuzzerTestOneInput(exact, n);
	alarm(0);
	getrusage(RUSAGE_SELF, &u);
	if ((unsigned long)u.ru_maxrss > rss_mb << 10) {
		fprintf(stderr, "%ld MB in use\n", u.ru_maxrss >> 10);
		keep("oom");
		_exit(1);
	}
	now.p = NULL;
	free(exact);
	n_runs++;
}

/* ---- mutation ---- */

static uint64_t rnd(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? (state >> 11) % below : 0;
}

static const uint64_t odd[] = { 0, 1, 2, 7, 16, 127, 128, 255, 256, 4095, 4096, 32767, 32768, 65535, 65536, INT32_MAX,
	1u << 31, UINT32_MAX, 1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX, UINT64_MAX - 7 };

static void put_odd(uint8_t *p, size_t n)
{
	size_t size = 1u << rnd(4), at;
	uint64_t v = rnd(3) ? odd[rnd(sizeof odd / sizeof *odd)] : n;
	bool swap = rnd(4) == 0;

	if (size > n)
		return;
	at = rnd(n - size + 1);
	for (size_t i = 0; i < size; i++)
		p[at + i] = (uint8_t)(v >> 8 * (swap ? size - 1 - i : i));
}

/* Adds a little to a number of 1 to 4 bytes. */
static void add_some(uint8_t *p, size_t n)
{
	size_t at = rnd(n), size = 1u << rnd(3);
	unsigned carry = 1 + (unsigned)rnd(16);
	bool minus = rnd(2);

	for (size_t i = 0; i < size && at + i < n; i++) {
		unsigned v = minus ? p[at + i] - carry : p[at + i] + carry;

		p[at + i] = (uint8_t)v;
		carry = v > 255;
	}
}

/* Puts `with` in place of the n_cut bytes at `at`. */
static void replace(struct input *in, size_t at, size_t n_cut, const uint8_t *with, size_t n_with)
{
	size_t tail = in->n - at - n_cut;

	if (in->n - n_cut + n_with > max_len)
		return;
	memmove(in->p + at + n_with, in->p + at + n_cut, tail);
	memcpy(in->p + at, with, n_with);
	in->n += n_with - n_cut;
}

/* A part of this or of another input, put somewhere, in place of something or between. */
static void copy_part(struct input *in)
{
	const struct input *from = rnd(2) ? in : &corpus[rnd(n_corpus)];
	size_t n = 1 + rnd(rnd(4) ? 32 : 1024), at = rnd(in->n), src;
	uint8_t part[1024];

	if (n > from->n)
		n = from->n;
	src = rnd(from->n - n + 1);
	memcpy(part, from->p + src, n);
	replace(in, at, rnd(2) ? 0 : n < in->n - at ? n : in->n - at, part, n);
}

static void mutate_once(struct input *in)
{
	if (!in->n) {
		replace(in, 0, 0, (const uint8_t *)"\1", 1);
		return;
	}
	switch (rnd(9)) {
	case 0:
	case 1: in->p[rnd(in->n)] ^= (uint8_t)(1u << rnd(8)); break;
	case 2: in->p[rnd(in->n)] = (uint8_t)rnd(256); break;
	case 3: put_odd(in->p, in->n); break;
	case 4: add_some(in->p, in->n); break;
	case 5: replace(in, rnd(in->n), 1, NULL, 0); break;
	case 6:
	case 7: copy_part(in); break;
	case 8: in->n = rnd(8) ? in->n : rnd(in->n); break;
	}
}

static void add(const uint8_t *p, size_t n)
{
	if (n_corpus == cap_corpus)
		corpus = realloc(corpus, (cap_corpus = 2 * cap_corpus + 64) * sizeof *corpus);
	if (!corpus)
		abort();
	corpus[n_corpus].p = malloc(n ? n : 1);
	if (!corpus[n_corpus].p)
		abort();
	memcpy(corpus[n_corpus].p, p, n);
	corpus[n_corpus++].n = n;
}

/* ---- seeds ---- */

static void add_file(const char *path)
{
	FILE *f = fopen(path, "r");
	uint8_t *buf = malloc(max_len);
	size_t n;

	if (!f || !buf) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	n = fread(buf, 1, max_len, f);
	fclose(f);
	add(buf, n);
	free(buf);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* true: a directory. */
static bool add_path(const char *path)
{
	struct dirent **names;
	struct stat st;
	char full[2048];
	int n;

	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		add_file(path);
		return false;
	}
	n = scandir(path, &names, NULL, by_name);
	for (int i = 0; i < n; i++) {
		snprintf(full, sizeof full, "%s/%s", path, names[i]->d_name);
		if (!stat(full, &st) && S_ISREG(st.st_mode))
			add_file(full);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return true;
}

static bool option(const char *arg)
{
	static const struct { const char *name; unsigned long *to; } numbers[] = {
		{ "-max_total_time=", &max_time }, { "-timeout=", &timeout_s }, { "-rss_limit_mb=", &rss_mb }, { "-max_len=", &max_len },
	};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (!strncmp(arg, numbers[i].name, strlen(numbers[i].name)))
			*numbers[i].to = strtoul(arg + strlen(numbers[i].name), NULL, 10);
	if (!strncmp(arg, "-seed=", 6))
		state = strtoull(arg + 6, NULL, 10) * 2 + 1;
	if (!strncmp(arg, "-artifact_prefix=", 17))
		prefix = arg + 17;
	return *arg == '-';
}

static time_t seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void explore(void)
{
	struct input in = { malloc(max_len), 0 };
	time_t end = seconds() + (time_t)max_time;

	if (!in.p)
		abort();
	if (!n_corpus)
		add((const uint8_t *)"", 0);
	while (seconds() < end) {
		const struct input *from = &corpus[rnd(2) ? rnd(n_corpus) : n_corpus - 1 - rnd(1 + n_corpus / 4)];

		memcpy(in.p, from->p, from->n);
		in.n = from->n;
		for (uint64_t i = 1ull << rnd(5); i; i--)
			mutate_once(&in);
		run(in.p, in.n);
		if (anything_new())
			add(in.p, in.n);
	}
	free(in.p);
}

int main(int argc, char **argv)
{
	static const int signals[] = { SIGALRM, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	bool dirs = false, files = false;
	size_t n_seeds;

	for (int i = 1; i < argc; i++)
		if (!option(argv[i])) {
			bool dir = add_path(argv[i]);

			dirs |= dir;
			files |= !dir;
		}
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(on_death);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (signals[i] == SIGALRM || signals[i] == SIGABRT || !__sanitizer_set_death_callback)
			signal(signals[i], on_signal);
	atexit(on_exit_call);
	n_seeds = n_corpus;
	for (size_t i = 0; i < n_seeds; i++) {
		run(corpus[i].p, corpus[i].n);
		anything_new();
	}
	if (dirs || !files)
		explore();
	fprintf(stderr, "Done %llu runs, cov: %llu, seeds: %zu, corpus: %zu\n", (unsigned long long)n_runs,
		(unsigned long long)n_edges, n_seeds, n_corpus);
	return 0;
}
