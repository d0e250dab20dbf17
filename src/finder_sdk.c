// SPDX-License-Identifier: GPL-2.0-only
#include "finder_sdk.h"
#include "sdkfind.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAPS_MAX (4u << 20)	/* bytes of a process's maps that are looked at */
#define PIDS (1u << 22)
#define LOOK_NS (20 * NSEC_PER_MSEC)
#define SCAN_NS NSEC_PER_SEC	/* between two looks at what processes there are */

/* A process is looked at when it is met and so long after that, in seconds. */
static const uint16_t again_s[] = { 0, 1, 3, 10, 60 };

struct young {
	int32_t pid;
	uint8_t looks;
	uint64_t met;
};
struct inode {
	uint64_t dev, ino;
};
struct finder_sdk {
	struct broker *b;
	bool marker;
	finder_sdk_format *format;
	void *arg;
	void (*also)(void *arg, int32_t pid);
	void *also_arg;
	uint32_t *known;	/* bit by pid: met before */
	uint32_t *alive;	/* bit by pid: met in this scan */
	struct young *young;
	size_t n_young, cap_young;
	struct inode *seen;
	size_t n_seen, cap_seen;
	uint64_t scanned;
	char *trouble;
};

struct finder_sdk *finder_sdk_new(struct broker *b, bool marker, finder_sdk_format *format, void *arg)
{
	struct finder_sdk *f = xcalloc(1, sizeof *f);

	*f = (struct finder_sdk){ .b = b, .marker = marker, .format = format, .arg = arg };
	f->known = xcalloc(PIDS / 32, sizeof *f->known);
	f->alive = xcalloc(PIDS / 32, sizeof *f->alive);
	return f;
}

void finder_sdk_free(struct finder_sdk *f)
{
	if (!f)
		return;
	free(f->known);
	free(f->alive);
	free(f->young);
	free(f->seen);
	free(f->trouble);
	free(f);
}

const char *finder_sdk_trouble(const struct finder_sdk *f) { return f->trouble; }

/* ---- one file ---- */

static bool is_new(struct finder_sdk *f, uint64_t dev, uint64_t ino)
{
	for (size_t i = 0; i < f->n_seen; i++)
		if (f->seen[i].dev == dev && f->seen[i].ino == ino)
			return false;
	GROW(f->seen, f->n_seen, f->cap_seen);
	f->seen[f->n_seen++] = (struct inode){ dev, ino };
	return true;
}

static void in_trouble(struct finder_sdk *f, const char *path, int e)
{
	free(f->trouble);
	f->trouble = xasprintf("%s: its marks cannot be seen: %s", path, strerror(-e));
}

static void probe(struct finder_sdk *f, const char *path, const struct sdk_sites *at)
{
	char *text, *unused, system[32];
	size_t len;
	unsigned n;
	int e = broker_probe(f->b, at->mark_probe, at->probe_semaphore, false, &n, &text, &len);

	if (e) {
		in_trouble(f, path, e);
		return;
	}
	snprintf(system, sizeof system, "agenttop_%d", (int)getpid());
	if (text)
		f->format(f->arg, system, text, len);
	free(text);
	if (f->marker && !broker_probe(f->b, at->marker_probe, at->marker_semaphore, true, &n, &unused, &len))
		free(unused);
}

static void look_at_file(struct finder_sdk *f, int32_t pid, const char *path, uint64_t dev, uint64_t ino)
{
	struct sdk_sites at;
	struct err err;
	int fd;

	if (!is_new(f, dev, ino))
		return;
	fd = broker_open(f->b, pid, PROC_ROOT_FILE, path);
	if (fd < 0) {
		f->n_seen--;		/* another process may let us */
		return;
	}
	if (!sdkfind(fd, &at, &err))
		probe(f, path, &at);
	close(fd);
}

/* ---- one process ---- */

static char *read_all(int fd)
{
	char *text = NULL;
	size_t n = 0, cap = 0;
	ssize_t got = 1;

	while (got > 0 && n < MAPS_MAX) {
		if (cap - n < 65536) {
			cap = cap ? cap * 2 : 65536 * 2;
			text = xrealloc(text, cap);
		}
		got = read(fd, text + n, cap - n - 1);
		n += got > 0 ? (size_t)got : 0;
	}
	text[n] = 0;
	return text;
}

/* The program itself, whose mapping comes first, and every file with such a name. */
static void look_at_maps(struct finder_sdk *f, int32_t pid, char *text)
{
	bool first = true;

	for (char *line, *rest = text; (line = strsep(&rest, "\n"));) {
		unsigned long long ino = 0;
		unsigned major, minor;
		char *path = strchr(line, '/');

		if (!path || sscanf(line, "%*s %*s %*s %x:%x %llu", &major, &minor, &ino) != 3 || !ino)
			continue;
		if (first || strstr(path, "agentstep"))
			look_at_file(f, pid, path, (uint64_t)major << 32 | minor, ino);
		first = false;
	}
}

void finder_sdk_also(struct finder_sdk *f, void (*fn)(void *arg, int32_t pid), void *arg)
{
	f->also = fn;
	f->also_arg = arg;
}

static void look(struct finder_sdk *f, int32_t pid)
{
	int fd = broker_open(f->b, pid, PROC_MAPS, NULL);
	char *text;

	if (f->also)
		f->also(f->also_arg, pid);
	if (fd < 0)
		return;
	text = read_all(fd);
	close(fd);
	look_at_maps(f, pid, text);
	free(text);
}

/* ---- all of them ---- */

static void meet(struct finder_sdk *f, int32_t pid, uint64_t now)
{
	uint32_t bit = 1u << (pid % 32);

	f->alive[pid / 32] |= bit;
	if (f->known[pid / 32] & bit)
		return;
	f->known[pid / 32] |= bit;
	GROW(f->young, f->n_young, f->cap_young);
	f->young[f->n_young++] = (struct young){ pid, 0, now };
}

/* Events wait meanwhile: what does not fit into a moment is for the next tick. */
static void look_at_young(struct finder_sdk *f, uint64_t now)
{
	uint64_t until = clock_ns(CLOCK_MONOTONIC) + LOOK_NS;

	for (size_t i = 0; i < f->n_young && clock_ns(CLOCK_MONOTONIC) < until;) {
		struct young *y = &f->young[i];
		bool alive = f->alive[y->pid / 32] >> (y->pid % 32) & 1;

		if (alive && now - y->met >= again_s[y->looks] * NSEC_PER_SEC) {
			look(f, y->pid);
			y->looks++;
		}
		if (!alive || y->looks == ARRAY_LEN(again_s))
			*y = f->young[--f->n_young];
		else
			i++;
	}
}

void finder_sdk_scan(struct finder_sdk *f, uint64_t now)
{
	struct dirent *e;
	DIR *d;

	if (now - f->scanned < SCAN_NS) {
		look_at_young(f, now);
		return;
	}
	f->scanned = now;
	d = opendir("/proc");
	if (!d)
		return;
	memset(f->alive, 0, PIDS / 8);
	while ((e = readdir(d))) {
		long pid = strtol(e->d_name, NULL, 10);

		if (pid > 0 && pid < (long)PIDS)
			meet(f, (int32_t)pid, now);
	}
	closedir(d);
	look_at_young(f, now);
	/* a pid that is used again is another process */
	for (size_t i = 0; i < PIDS / 32; i++)
		f->known[i] &= f->alive[i];
}
