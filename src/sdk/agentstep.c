// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two places that agenttop puts a uprobe on, each with a counter that the kernel raises in every process which maps this
 * file while the probe is on:
 *
 *	agentstep_probe_semaphore	somebody reads the text that agentstep_mark_probe() is called with
 *	agentstep_marker_semaphore	somebody reads trace_marker; agentstep_marker_probe() itself is never called
 *
 * A mark goes one way: to trace_marker, when that is read and this process may write to it, else to the probe. So no mark
 * is seen twice. The counters lie in this file's own data, and it reads them by names that no other object can take over:
 * a copy relocation of a program would make it look at a place that the kernel does not write to.
 *
 * This file stands alone: it may be compiled into a program, or linked from libagentstep.a. The four addresses are then
 * in that program's file. sdkfind.c finds them by the note below, or by name.
 */
#include "agentstep.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define HIDDEN __attribute__((visibility("hidden")))
#define unlikely(x) __builtin_expect(!!(x), 0)

#define MARK_MAX 1000	/* before Linux 6.8 trace_marker takes 1024 bytes; a uprobe's string may have 4096 */
#define TAIL_MAX 24	/* "|COOKIE", a newline, a NUL */
#define VALUE_MAX 160

/* ---- what agenttop finds ---- */

union semaphores {
	uint32_t both;
	uint16_t of[2];
};
enum { PROBE, MARKER };
extern union semaphores agentstep_semaphores HIDDEN;	/* both; bound to this file, whatever else the process has */

__asm__(".pushsection .probes, \"aw\", %progbits\n"
	"	.balign 4\n"
	"	.globl agentstep_probe_semaphore\n"
	"	.type agentstep_probe_semaphore, %object\n"
	"	.size agentstep_probe_semaphore, 2\n"
	"	.globl agentstep_marker_semaphore\n"
	"	.type agentstep_marker_semaphore, %object\n"
	"	.size agentstep_marker_semaphore, 2\n"
	"	.globl agentstep_semaphores\n"
	"	.hidden agentstep_semaphores\n"
	"agentstep_semaphores:\n"
	"agentstep_probe_semaphore: .2byte 0\n"
	"agentstep_marker_semaphore: .2byte 0\n"
	"	.popsection");

#ifdef __clang__
#define PROBE_SITE EXPORT __attribute__((noinline, used, aligned(16)))
#else
#define PROBE_SITE EXPORT __attribute__((noipa, used, aligned(16)))
#endif

EXPORT void agentstep_mark_probe(const char *text);
PROBE_SITE void agentstep_marker_probe(void);
HIDDEN void agentstep_mark_here(const char *text);	/* the same, bound likewise */

#if defined __x86_64__
/*
 * Since 6.18 a uprobe on a 5-byte nop is a call instead of a trap, where that can be had: many times cheaper. No compiler
 * may put anything before it (endbr64, a call for -pg).
 */
__asm__(".pushsection .text, \"ax\", %progbits\n"
	"	.balign 16\n"
	"	.globl agentstep_mark_probe\n"
	"	.type agentstep_mark_probe, %function\n"
	"	.globl agentstep_mark_here\n"
	"	.hidden agentstep_mark_here\n"
	"agentstep_mark_here:\n"
	"agentstep_mark_probe: .byte 0x0f, 0x1f, 0x44, 0, 0\n"
	"	ret\n"
	"	.size agentstep_mark_probe, . - agentstep_mark_probe\n"
	"	.popsection");
#else
PROBE_SITE void agentstep_mark_probe(const char *text)
{
	__asm__ volatile("" : : "r"(text) : "memory");
}
extern __typeof__(agentstep_mark_probe) agentstep_mark_here __attribute__((alias("agentstep_mark_probe")));
#endif

void agentstep_marker_probe(void)
{
	__asm__ volatile("" : : : "memory");
}

extern __typeof__(agentstep_marker_probe) agentstep_marker_here HIDDEN __attribute__((used, alias("agentstep_marker_probe")));

#if __SIZEOF_POINTER__ == 8 && !(defined __riscv && defined __clang__)	/* clang 14 has no such distances there */
/*
 * Where these are, for a file without symbols: a version, then four distances from where each is written, which need no
 * relocation at run time. Append only.
 */
__asm__(".pushsection .note.agentstep, \"a\", %note\n"
	"	.balign 4\n"
	"	.4byte 2f - 1f, 4f - 3f, 1\n"
	"1:	.asciz \"agentstep\"\n"
	"2:	.balign 4\n"
	"3:	.4byte 1, 0\n"
	"	.8byte agentstep_mark_here - .\n"
	"	.8byte agentstep_marker_here - .\n"
	"	.8byte agentstep_semaphores - .\n"
	"	.8byte agentstep_semaphores + 2 - .\n"
	"4:	.popsection");
#endif

/* ---- the environment, read once: it may change under us, and a set-user-ID program's is not to be trusted ---- */

static bool off;
static char marker_path[PATH_MAX];

__attribute__((constructor)) static void init(void)
{
	const char *how = secure_getenv("AGENTSTEP"), *path = secure_getenv("AGENTSTEP_MARKER");

	if (path && *path && strlen(path) < sizeof marker_path)
		strcpy(marker_path, path);
	if (how && !strcmp(how, "off"))
		off = true;
	else if (how && !strcmp(how, "always"))		/* as if there was one more who reads trace_marker */
		__atomic_fetch_add(&agentstep_semaphores.of[MARKER], 1, __ATOMIC_RELAXED);
}

static inline bool listened(void)
{
	return unlikely(__atomic_load_n(&agentstep_semaphores.both, __ATOMIC_RELAXED));
}

static bool semaphore(int i)
{
	return __atomic_load_n(&agentstep_semaphores.of[i], __ATOMIC_RELAXED);
}

/* ---- trace_marker; by syscall(2), since open(2) and write(2) would make every mark a cancellation point ---- */

static int marker_fd = -1;
static dev_t marker_dev;
static ino_t marker_ino;
static uint32_t marker_tried;	/* second */

static bool file_of(int fd, struct stat *st)
{
#if defined __x86_64__ || defined __aarch64__ || defined __riscv
	return !syscall(SYS_fstat, fd, st);	/* the name fstat asks for a glibc of 2021, too new for many a container */
#else
	return !fstat(fd, st);
#endif
}

/* Programs close descriptors that they did not open, and then the number is another file's. */
static bool still_marker(int fd)
{
	struct stat st;

	return file_of(fd, &st) && st.st_dev == marker_dev && st.st_ino == marker_ino;
}

static int try_open(const char *path)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -1;
	if (!file_of(fd, &st) || !S_ISREG(st.st_mode)) {	/* a pipe could fill up, or kill us */
		syscall(SYS_close, fd);
		return -1;
	}
	marker_dev = st.st_dev;
	marker_ino = st.st_ino;
	return fd;
}

/* At most once a second, by one thread. */
static int open_marker(void)
{
	uint32_t tried = __atomic_load_n(&marker_tried, __ATOMIC_RELAXED), now;
	struct timespec ts;
	int fd;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint32_t)ts.tv_sec + 1;
	if (tried == now || !__atomic_compare_exchange_n(&marker_tried, &tried, now, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return -1;
	if (*marker_path) {
		fd = try_open(marker_path);
	} else {
		fd = try_open("/sys/kernel/tracing/trace_marker");
		if (fd < 0)
			fd = try_open("/sys/kernel/debug/tracing/trace_marker");
	}
	if (fd >= 0)
		__atomic_store_n(&marker_fd, fd, __ATOMIC_RELEASE);
	return fd;
}

static int marker(void)
{
	int fd = __atomic_load_n(&marker_fd, __ATOMIC_ACQUIRE);

	if (fd >= 0 && still_marker(fd))
		return fd;
	if (fd >= 0)
		__atomic_compare_exchange_n(&marker_fd, &fd, -1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	return open_marker();
}

/* ---- telling ---- */

/* text has room for two more bytes. */
static void tell(char *text, size_t n)
{
	int saved = errno, fd;

	if (semaphore(MARKER) && (fd = marker()) >= 0) {
		text[n] = '\n';
		/* fails when that tracing is off; then nobody has seen it */
		if (syscall(SYS_write, fd, text, n + 1) == (long)n + 1)
			goto out;
	}
	if (semaphore(PROBE)) {
		text[n] = 0;
		__asm__ volatile("" : : "r"(text) : "memory");
		agentstep_mark_here(text);
	}
out:
	errno = saved;
}

/* ---- the text of a mark ---- */

struct out {
	size_t n;
	char text[MARK_MAX];	/* the last TAIL_MAX bytes are kept for the cookie */
};

/* All that is put, each with its longest value, has room; only of `extra` something may be left out. */
static void put(struct out *o, const char *s, size_t n)
{
	if (n > MARK_MAX - TAIL_MAX - o->n)
		return;
	memcpy(o->text + o->n, s, n);
	o->n += n;
}

/* The cookie has its room, and may be put last. */
static void put_number(struct out *o, uint64_t v)
{
	char digits[20], *p = digits + sizeof digits;
	size_t n;

	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	n = (size_t)(digits + sizeof digits - p);
	memcpy(o->text + o->n, p, n);
	o->n += n;
}

static char clean(char c)
{
	if ((unsigned char)c < ' ' || c == 0x7f)
		return ' ';
	return c == '|' ? '/' : c;
}

/* The length of s, or where to cut it: not inside a character. */
static size_t cut(const char *s, size_t max)
{
	size_t n = strnlen(s, max + 1);

	if (n <= max)
		return n;
	for (n = max; n && ((unsigned char)s[n] & 0xc0) == 0x80; n--)
		;
	return n ? n : max;	/* no UTF-8 at all */
}

/* " key=value"; in quotes when it has blanks. */
static void put_value(struct out *o, const char *key, const char *value)
{
	char buf[VALUE_MAX + 2], *p = buf + 1;
	bool blank = false;
	size_t n;

	if (!value || !*value)
		return;
	n = cut(value, VALUE_MAX);
	for (size_t i = 0; i < n; i++) {
		p[i] = value[i] == '"' ? '\'' : clean(value[i]);
		blank |= p[i] == ' ';
	}
	if (blank) {
		buf[0] = p[n] = '"';
		p = buf;
		n += 2;
	}
	put(o, key, strlen(key));
	put(o, p, n);
}

static void put_us(struct out *o, const char *key, uint64_t us)
{
	if (!us)
		return;
	put(o, key, strlen(key));
	put_number(o, us);
}

/* As many whole words as there is room for. */
static void put_extra(struct out *o, const char *extra)
{
	size_t room = MARK_MAX - TAIL_MAX - 1 - o->n, n;

	if (!extra || !*extra)
		return;
	n = strnlen(extra, room + 1);
	if (n > room)
		for (n = room; n && clean(extra[n]) != ' '; n--)
			;
	if (!n)
		return;
	put(o, " ", 1);
	for (size_t i = 0; i < n; i++)
		o->text[o->n++] = clean(extra[i]);
}

static void put_step(struct out *o, const struct agentstep *s)
{
	bool blank = false;

	put(o, "step", 4);
	if (!s || !s->id)
		return;
	for (size_t i = 0, n = cut(s->id, VALUE_MAX); i < n; i++)
		blank |= clean(s->id[i]) == ' ';
	put_value(o, blank ? " id=" : ":", s->id);
}

static void put_words(struct out *o, const struct agentstep *s)
{
	put_step(o, s);
	if (!s)
		return;
	put_value(o, " agent=", s->agent);
	put_value(o, " name=", s->name);
	put_value(o, " class=", s->cls);
	put_value(o, " trace=", s->traceparent);
	put_us(o, " deadline_us=", s->deadline_us);
	put_us(o, " budget_us=", s->budget_us);
	put_extra(o, s->extra);
}

static void put_head(struct out *o, char kind)
{
	o->text[0] = kind;
	o->text[1] = '|';
	o->n = 2;
	put_number(o, (uint64_t)getpid());	/* asked anew: whoever forked us may not have told */
}

static void put_cookie(struct out *o, uint64_t cookie)
{
	o->text[o->n++] = '|';
	put_number(o, cookie);
}

__attribute__((noinline)) static void mark_begin(const struct agentstep *s)
{
	struct out o;

	if (off)
		return;
	put_head(&o, 'B');
	put(&o, "|", 1);
	put_words(&o, s);
	tell(o.text, o.n);
}

__attribute__((noinline)) static void mark_end(void)
{
	struct out o;

	if (off)
		return;
	put_head(&o, 'E');
	tell(o.text, o.n);
}

__attribute__((noinline)) static void mark_async(char kind, const struct agentstep *s, uint64_t cookie)
{
	struct out o;

	if (off)
		return;
	put_head(&o, kind);
	put(&o, "|", 1);
	if (kind == 'S')
		put_words(&o, s);
	else
		put_step(&o, s);
	put_cookie(&o, cookie);
	tell(o.text, o.n);
}

__attribute__((noinline)) static void mark_turn(char kind, uint64_t cookie)
{
	struct out o;

	if (off)
		return;
	put_head(&o, kind);
	put_cookie(&o, cookie);
	tell(o.text, o.n);
}

__attribute__((noinline)) static void mark_text(const char *text)
{
	struct out o;

	if (off || !text)
		return;
	o.n = cut(text, MARK_MAX - 2);
	for (size_t i = 0; i < o.n; i++)
		o.text[i] = clean(text[i]) == ' ' ? ' ' : text[i];
	if (o.n)
		tell(o.text, o.n);
}

/* ---- agentstep.h ---- */

EXPORT void agentstep_begin(const struct agentstep *s)
{
	if (listened())
		mark_begin(s);
}

EXPORT void agentstep_end(void)
{
	if (listened())
		mark_end();
}

EXPORT void agentstep_async_begin(const struct agentstep *s, uint64_t cookie)
{
	if (listened())
		mark_async('S', s, cookie);
}

EXPORT void agentstep_async_end(const struct agentstep *s, uint64_t cookie)
{
	if (listened())
		mark_async('F', s, cookie);
}

EXPORT void agentstep_on(uint64_t cookie)
{
	if (listened())
		mark_turn('A', cookie);
}

EXPORT void agentstep_off(uint64_t cookie)
{
	if (listened())
		mark_turn('D', cookie);
}

EXPORT void agentstep_text(const char *text)
{
	if (listened())
		mark_text(text);
}

EXPORT int agentstep_wanted(void)
{
	int saved = errno, yes;

	if (!listened() || off)
		return 0;
	yes = semaphore(PROBE) || marker() >= 0;
	errno = saved;
	return yes;
}

/* Far from the small numbers that programs give themselves. */
EXPORT uint64_t agentstep_cookie(void)
{
	static uint64_t last = 1ull << 32;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}
