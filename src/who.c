// SPDX-License-Identifier: GPL-2.0-only
#include "who_in.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int who_open(struct who *w, const char *root, struct err *e)
{
	*w = (struct who){ -1, -1 };
	w->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->root < 0)
		return err_set(e, -errno, "%s: %s", root, strerror(errno));
	w->proc = openat(w->root, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->proc < 0)
		return err_set(e, -errno, "%s%sproc: %s; tasks are looked up there", root, root[strlen(root) - 1] == '/' ? "" : "/",
			       strerror(errno));
	return 0;
}

void who_close(struct who *w)
{
	if (w->proc >= 0)
		close(w->proc);
	if (w->root >= 0)
		close(w->root);
	*w = (struct who){ -1, -1 };
}

/* ---- tasks ---- */

#define PF_WQ_WORKER 0x20
#define PF_KTHREAD 0x200000
#define STAT_MAX 2048			/* 52 numbers and a name of 64 bytes at the most */

/* Fields of /proc/PID/stat behind the name; the first is the state. */
enum { STAT_PPID = 1, STAT_FLAGS = 6, STAT_THREADS = 17, N_STAT };

bool who_parse_pid(const char *s, int32_t *pid)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (uint64_t)(*s - '0');
		if (v > INT32_MAX)
			return false;
	}
	*pid = (int32_t)v;
	return v > 0;
}

/*
 * /proc shows more of a kernel thread's name than events do: what a worker is at ("kworker/0:1-events", task->comm is
 * "kworker/0:1"; wq_worker_comm()), and names that were too long (get_kthread_comm()).
 */
static void copy_comm(struct who_task *t, const char *name, size_t n, uint64_t flags)
{
	static const char worker[] = "kworker/", rescuer[] = "kworker/R-";

	if ((flags & PF_WQ_WORKER) && n > sizeof worker - 1 && !memcmp(name, worker, sizeof worker - 1) &&
	    (n < sizeof rescuer - 1 || memcmp(name, rescuer, sizeof rescuer - 1))) {
		for (size_t i = sizeof worker - 1; i < n; i++)
			if (name[i] == '-' || name[i] == '+')
				n = i;
	}
	n = MIN(n, sizeof t->comm - 1);
	memcpy(t->comm, name, n);
	t->comm[n] = 0;
}

/*
 * "871 (name) S 1 ...": the name may hold anything, blanks, newlines and parentheses too, but only numbers come behind it,
 * so that it ends at the last parenthesis.
 */
static bool parse_stat(char *text, size_t n, struct who_task *t)
{
	char *name = memchr(text, '(', n), *end = memrchr(text, ')', n), *s;
	uint64_t v[N_STAT] = { 0 };

	text[n] = 0;
	if (!name || !end || end < name || end[1] != ' ')
		return false;
	name++;
	s = end + 2;
	if (!isalpha((unsigned char)*s))
		return false;
	for (int i = STAT_PPID; i < N_STAT; i++) {
		s += strcspn(s, " ");
		if (!*s++)
			return false;
		errno = 0;
		v[i] = strtoull(s, NULL, 10);
		if (errno)
			return false;
	}
	t->ppid = v[STAT_PPID] <= INT32_MAX ? (int32_t)v[STAT_PPID] : 0;
	t->n_threads = (uint32_t)MIN(v[STAT_THREADS], UINT32_MAX);
	t->kthread = v[STAT_FLAGS] & PF_KTHREAD;
	copy_comm(t, name, (size_t)(end - name), v[STAT_FLAGS]);
	return true;
}

ssize_t who_read_fd(int fd, char *buf, size_t max)
{
	size_t n = 0;
	ssize_t r = 0;

	while (n < max && (r = read(fd, buf + n, max - n)) != 0) {
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			break;
		n += (size_t)r;
	}
	return r < 0 && !n ? -errno : (ssize_t)n;
}

ssize_t who_read(int dir, const char *path, char *buf, size_t max)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = who_read_fd(fd, buf, max);
	close(fd);
	return n;
}

/* One read is enough: the kernel gives all of it at once, or what is cut has fields too few. */
static bool read_stat(int dir, const char *path, struct who_task *t)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	char text[STAT_MAX];
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	return n > 0 && parse_stat(text, (size_t)n, t);
}

DIR *who_open_dir(int at, const char *path, int flags)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d && fd >= 0)
		close(fd);
	return d;
}

/* The other threads of a process. */
static int walk_threads(const struct who *w, int32_t tgid, int (*cb)(void *, const struct who_task *), void *arg)
{
	const struct dirent *de;
	char path[64];
	int r = 0;
	DIR *d;

	snprintf(path, sizeof path, "%d/task", tgid);
	d = who_open_dir(w->proc, path, 0);
	while (d && !r && (de = readdir(d))) {
		struct who_task t = { .tgid = tgid };

		if (!who_parse_pid(de->d_name, &t.pid) || t.pid == tgid)
			continue;
		snprintf(path, sizeof path, "%d/stat", t.pid);
		if (read_stat(dirfd(d), path, &t))
			r = cb(arg, &t);
	}
	if (d)
		closedir(d);
	return r;
}

int who_tasks(const struct who *w, int (*cb)(void *arg, const struct who_task *), void *arg)
{
	DIR *d = who_open_dir(w->proc, ".", 0);
	const struct dirent *de;
	int r = 0;

	if (!d)
		return -errno;
	while (!r && (de = readdir(d))) {
		struct who_task t = { 0 };
		char path[64];

		if (!who_parse_pid(de->d_name, &t.pid))
			continue;
		t.tgid = t.pid;
		snprintf(path, sizeof path, "%d/stat", t.pid);
		if (!read_stat(w->proc, path, &t))
			continue;
		r = cb(arg, &t);
		if (!r && t.n_threads != 1)
			r = walk_threads(w, t.tgid, cb, arg);
	}
	closedir(d);
	return r;
}

/* "Tgid:" of /proc/PID/status: stat does not have it. The name, which comes first, has its newlines escaped. */
static int32_t tgid_of(const struct who *w, int32_t pid)
{
	char path[64], text[4096], *s;
	int32_t tgid;
	ssize_t n;

	snprintf(path, sizeof path, "%d/status", pid);
	n = who_read(w->proc, path, text, sizeof text - 1);
	text[MAX(n, 0)] = 0;
	s = strstr(text, "\nTgid:");
	if (!s)
		return 0;
	s += strlen("\nTgid:");
	s += strspn(s, " \t");
	s[strcspn(s, "\n")] = 0;
	return who_parse_pid(s, &tgid) ? tgid : 0;
}

bool who_task(const struct who *w, int32_t pid, struct who_task *t)
{
	char path[64];

	*t = (struct who_task){ .pid = pid, .tgid = tgid_of(w, pid) };
	snprintf(path, sizeof path, "%d/stat", pid);
	return t->tgid && read_stat(w->proc, path, t);
}

/* ---- known programs: the file; who_is() decides ---- */

#define CMDLINE_MAX 16384		/* a Java class path may be long, and stands before the class */

bool who_known(const struct who *w, int32_t tgid, const char *comm, const char *names, char *which, size_t len)
{
	char path[64], *text;
	ssize_t n;
	bool is;

	snprintf(path, sizeof path, "%d/cmdline", tgid);
	text = xmalloc(CMDLINE_MAX);
	n = who_read(w->proc, path, text, CMDLINE_MAX);
	is = who_is(comm, text, (size_t)MAX(n, 0), names, which, len);
	free(text);
	return is;
}

/* ---- environment ---- */

#define ENVIRON_MAX (256 << 10)

static bool is_hex(const char *s, size_t n)
{
	bool zero = true;

	for (size_t i = 0; i < n; i++) {
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
			return false;
		zero &= s[i] == '0';
	}
	return n == 2 || !zero;
}

/* Version, trace, parent, flags. Later versions may say more behind them; version ff is none. */
static bool is_traceparent(const char *s, size_t n)
{
	if (n < WHO_TRACEPARENT - 1 || s[2] != '-' || s[35] != '-' || s[52] != '-')
		return false;
	if (!is_hex(s, 2) || !is_hex(s + 3, 32) || !is_hex(s + 36, 16) || !is_hex(s + 53, 2) || !memcmp(s, "ff", 2))
		return false;
	return n == WHO_TRACEPARENT - 1 || (memcmp(s, "00", 2) && s[WHO_TRACEPARENT - 1] == '-');
}

/* The first one counts, as it does for getenv(3). */
static bool find_traceparent(const char *env, size_t n, char buf[WHO_TRACEPARENT])
{
	static const char name[] = "TRACEPARENT=";
	const size_t skip = sizeof name - 1;

	while (n) {
		const char *end = memchr(env, 0, n);
		size_t len = end ? (size_t)(end - env) : n;

		if (len >= skip && !memcmp(env, name, skip)) {
			if (!is_traceparent(env + skip, len - skip))
				return false;
			memcpy(buf, env + skip, WHO_TRACEPARENT - 1);
			buf[WHO_TRACEPARENT - 1] = 0;
			return true;
		}
		env += len + (end != NULL);
		n -= len + (end != NULL);
	}
	return false;
}

/* Environments hold passwords: nothing of one stays in our memory. */
bool who_traceparent_fd(int fd, char buf[WHO_TRACEPARENT])
{
	char *env = xmalloc(ENVIRON_MAX);
	ssize_t n = who_read_fd(fd, env, ENVIRON_MAX);
	bool is = n > 0 && find_traceparent(env, (size_t)n, buf);

	explicit_bzero(env, (size_t)MAX(n, 0));
	free(env);
	return is;
}

bool who_traceparent(const struct who *w, int32_t pid, char buf[WHO_TRACEPARENT])
{
	char path[64];
	bool is;
	int fd;

	snprintf(path, sizeof path, "%d/environ", pid);
	fd = openat(w->proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	is = who_traceparent_fd(fd, buf);
	close(fd);
	return is;
}
