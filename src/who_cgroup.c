// SPDX-License-Identifier: GPL-2.0-only
/* cgroups: where they are mounted, which tasks are in one and below it. v1, v2, and both at once. */
#include "who_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOUNTINFO_MAX (8u << 20)
#define MEMBERSHIP_MAX (64u << 10)	/* /proc/PID/cgroup: a line for each of a dozen hierarchies */
#define PATH_LEN 4096
#define DEPTH_MAX 32			/* of cgroups below one */
#define DIRS_MAX 20000
#define PIDS_MAX (4u << 20)		/* as many as a machine can have */

/* ---- paths ---- */

/*
 * "/a/b" of "a//b/." and the like: begins with a slash and has no other than those between names; "/" alone is "".
 * NULL when it leads upwards.
 */
static char *clean_path(const char *path)
{
	char *out = xcalloc(1, strlen(path) + 2);
	size_t n = 0;

	while (*path) {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 2 && !memcmp(path, "..", 2)) {
			free(out);
			return NULL;
		}
		if (len && !(len == 1 && *path == '.')) {
			out[n++] = '/';
			memcpy(out + n, path, len);
			n += len;
		}
		path += len;
	}
	out[n] = 0;
	return out;
}

/* What follows a directory in a path below it (or of itself: ""); NULL when the path is not there. Both are clean. */
static const char *below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (!path[n] || path[n] == '/') ? path + n : NULL;
}

/* ---- mounts ---- */

struct mount {
	char *root, *point;		/* clean; root: what of the hierarchy is mounted */
	char *options;			/* v1; NULL: v2 */
};

static bool is_octal(const char *s)
{
	for (int i = 0; i < 3; i++)
		if (s[i] < '0' || s[i] > '7')
			return false;
	return s[0] <= '3';
}

/* "\040" is a blank, and so on. In place. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (*s == '\\' && is_octal(s + 1)) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = 0;
}

/* 36 35 98:0 /root /point rw,noatime shared:1 - type source options */
static bool parse_mount(char *line, struct mount *m)
{
	char *field[5], *rest = line, *type, *source, *options;

	for (int i = 0; i < 5; i++) {
		field[i] = strsep(&rest, " ");
		if (!rest)
			return false;
	}
	rest = strstr(rest, " - ");
	if (!rest)
		return false;
	rest += 3;
	type = strsep(&rest, " ");
	source = strsep(&rest, " ");
	options = strsep(&rest, " ");
	if (!source || !options || (strcmp(type, "cgroup") && strcmp(type, "cgroup2")))
		return false;
	unescape(field[3]);
	unescape(field[4]);
	m->root = clean_path(field[3]);		/* "/.." when it is outside of our own namespace: of no use */
	m->point = clean_path(field[4]);
	m->options = strcmp(type, "cgroup") ? NULL : xstrdup(options);
	return true;
}

static void free_mount(struct mount *m)
{
	free(m->root);
	free(m->point);
	free(m->options);
}

/* All of the file, NUL-ended; NULL with errno. */
static char *read_mounts(const struct who *w)
{
	size_t cap = 16384;
	char *text = NULL;
	ssize_t n;

	do {
		cap *= 4;
		free(text);
		text = xmalloc(cap);
		n = who_read(w->proc, "self/mountinfo", text, cap - 1);
	} while (n == (ssize_t)cap - 1 && cap < MOUNTINFO_MAX);
	if (n < 0) {
		free(text);
		errno = (int)-n;
		return NULL;
	}
	text[n] = 0;
	return text;
}

/* ---- finding one ---- */

struct search {
	const struct who *w;
	struct who_cgroups *to;
	const char *path;		/* clean */
	unsigned n_mounts, n_found;
	int error;			/* of one that is there, but cannot be looked into */
};

/* Is dir + rest a cgroup? Then it is one of those asked for: `path` in its hierarchy. */
static bool add_place(struct search *s, const struct mount *m, const char *rest, const char *path, const char *path_rest)
{
	struct stat st;
	struct who_place *p;
	char *dir = xasprintf("%s%s", m->point, rest), *procs = xasprintf("%s/cgroup.procs", dir);
	int r = fstatat(s->w->root, procs + 1, &st, 0);

	if (r < 0 && errno == EACCES)
		s->error = EACCES;
	free(procs);
	if (r < 0) {
		free(dir);
		return false;
	}
	GROW(s->to->place, s->to->n, s->to->cap);
	p = s->to->place + s->to->n++;
	p->hierarchy = m->options ? xstrdup(m->options) : NULL;
	p->path = xasprintf("%s%s", path, path_rest);
	p->dir = xstrdup(dir + (*dir == '/'));
	free(dir);
	s->n_found++;
	return true;
}

/* A directory: only the mount that it is in. */
static void find_as_directory(struct search *s, const struct mount *m)
{
	const char *rest = below(s->path, m->point);

	if (rest && *m->point)
		add_place(s, m, rest, m->root, rest);
}

/* A path from the root of its hierarchy, which may be mounted in part. */
static void find_in_hierarchy(struct search *s, const struct mount *m)
{
	const char *rest = below(s->path, m->root);

	if (rest && add_place(s, m, rest, s->path, ""))
		return;
	if (*m->root)
		add_place(s, m, s->path, m->root, s->path);
}

static void search_mounts(struct search *s, const char *mounts, void (*look)(struct search *, const struct mount *))
{
	char *text = xstrdup(mounts), *rest = text, *line;

	s->n_mounts = 0;
	while ((line = strsep(&rest, "\n"))) {
		struct mount m = { NULL };

		if (!parse_mount(line, &m))
			continue;
		s->n_mounts++;
		if (m.root && m.point)
			look(s, &m);
		free_mount(&m);
	}
	free(text);
}

static int complain(const struct search *s, const char *path, struct err *e)
{
	if (s->error)
		return err_set(e, -s->error, "cgroup %.200s: %s", path, strerror(s->error));
	if (!s->n_mounts)
		return err_set(e, -ENOENT, "cgroup %.200s: no cgroup file system is mounted", path);
	return err_set(e, -ENOENT, "cgroup %.200s: there is none in any hierarchy; /proc/PID/cgroup says in which ones a task is",
		       path);
}

int who_cgroups_add(const struct who *w, struct who_cgroups *to, const char *path, struct err *e)
{
	char *clean = strlen(path) < PATH_LEN ? clean_path(path) : NULL, *mounts;
	struct search s = { .w = w, .to = to, .path = clean };

	if (!clean)
		return err_set(e, -EINVAL, "cgroup %.200s: a path without .. is wanted, of less than %d bytes", path, PATH_LEN);
	mounts = read_mounts(w);
	if (!mounts) {
		free(clean);
		return err_set(e, -errno, "/proc/self/mountinfo: %s", strerror(errno));
	}
	search_mounts(&s, mounts, find_as_directory);
	if (!s.n_found)
		search_mounts(&s, mounts, find_in_hierarchy);
	free(mounts);
	free(clean);
	return s.n_found ? 0 : complain(&s, path, e);
}

void who_cgroups_fini(struct who_cgroups *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->place[i].hierarchy);
		free(c->place[i].path);
		free(c->place[i].dir);
	}
	free(c->place);
	*c = (struct who_cgroups){ 0 };
}

/* ---- its tasks ---- */

struct walk {
	struct who_pids *to;
	size_t n_dirs;
};

static void add_pid(struct who_pids *to, const char *text)
{
	int32_t pid;

	/* 0: a task of another pid namespace */
	if (!who_parse_pid(text, &pid))
		return;
	if (to->n >= PIDS_MAX) {
		to->cut = true;
		return;
	}
	GROW(to->pid, to->n, to->cap);
	to->pid[to->n++] = pid;
}

/* Numbers, one a line. False when there is no such file, or it may not be read (cgroup.procs of a threaded cgroup). */
static bool read_pids(int dir, const char *name, struct who_pids *to)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	char buf[8192], number[16] = "";
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = who_read_fd(fd, buf, sizeof buf)) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n') {
				if (len < sizeof number - 1)
					number[len++] = buf[i];
				continue;
			}
			number[len] = 0;
			len = 0;
			add_pid(to, number);
		}
	close(fd);
	number[len] = 0;
	if (!n)
		add_pid(to, number);
	return !n;
}

static void read_tasks(int dir, struct who_pids *to)
{
	/* v2, v1, and what both have: processes instead of threads */
	if (!read_pids(dir, "cgroup.threads", to) && !read_pids(dir, "tasks", to))
		read_pids(dir, "cgroup.procs", to);
}

static void walk(struct walk *k, int at, const char *path, unsigned depth)
{
	const struct dirent *de;
	DIR *d;

	if (depth > DEPTH_MAX || k->n_dirs >= DIRS_MAX) {
		k->to->cut = true;
		return;
	}
	d = who_open_dir(at, path, depth ? O_NOFOLLOW : 0);
	if (!d)
		return;
	k->n_dirs++;
	read_tasks(dirfd(d), k->to);
	while ((de = readdir(d))) {
		struct stat st;

		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		if (de->d_type == DT_DIR || (de->d_type == DT_UNKNOWN && !fstatat(dirfd(d), de->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
					     S_ISDIR(st.st_mode)))
			walk(k, dirfd(d), de->d_name, depth + 1);
	}
	closedir(d);
}

static int by_number(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return x < y ? -1 : x > y;
}

void who_cgroups_tasks(const struct who *w, const struct who_cgroups *c, struct who_pids *to)
{
	struct walk k = { to, 0 };
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		walk(&k, w->root, *c->place[i].dir ? c->place[i].dir : ".", 0);
	if (to->n)
		qsort(to->pid, to->n, sizeof *to->pid, by_number);
	for (size_t i = 0; i < to->n; i++)
		if (!n || to->pid[n - 1] != to->pid[i])
			to->pid[n++] = to->pid[i];
	to->n = n;
}

/* ---- one task ---- */

/* Is each of "cpu,cpuacct" among "rw,cpu,cpuacct"? A hierarchy without controllers has a name, "name=systemd". */
static bool same_hierarchy(const char *controllers, const char *options)
{
	if (!options)
		return !*controllers;
	if (!*controllers)
		return false;
	while (*controllers) {
		size_t n = strcspn(controllers, ",");
		const char *o = options;

		while (*o && !(strcspn(o, ",") == n && !memcmp(o, controllers, n))) {
			o += strcspn(o, ",");
			o += *o == ',';
		}
		if (!*o)
			return false;
		controllers += n;
		controllers += *controllers == ',';
	}
	return true;
}

/* 4:cpu,cpuacct:/system.slice/agent.service */
static bool is_member(const struct who_cgroups *c, char *line)
{
	const char *id = strsep(&line, ":"), *controllers = strsep(&line, ":"), *path = line;

	if (!id || !controllers || !path)
		return false;
	if (!strcmp(path, "/"))
		path = "";
	for (size_t i = 0; i < c->n; i++)
		if (same_hierarchy(controllers, c->place[i].hierarchy) && below(path, c->place[i].path))
			return true;
	return false;
}

bool who_in_cgroup(const struct who *w, const struct who_cgroups *c, int32_t pid)
{
	char path[64], *text = xmalloc(MEMBERSHIP_MAX), *rest = text, *line;
	bool is = false;
	ssize_t n;

	snprintf(path, sizeof path, "%d/cgroup", pid);
	n = who_read(w->proc, path, text, MEMBERSHIP_MAX - 1);
	text[MAX(n, 0)] = 0;
	while (!is && (line = strsep(&rest, "\n")))
		is = is_member(c, line);
	free(text);
	return is;
}
