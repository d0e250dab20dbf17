// SPDX-License-Identifier: GPL-2.0-only
#include "tracer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <tracefs/tracefs.h>
#include <unistd.h>

#define TRACEFS_MAGIC_NUMBER 0x74726163
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCu	/* PROC_PID_INIT_INO */
#define MOUNT_POINT "/sys/kernel/tracing"
#define NAME "agenttop."		/* what our instances' names begin with */
#define GROUP "agenttop_"		/* and our uprobes' groups */
#define PIDS_A_WRITE 64
#define CALLS_KB 4096			/* of a CPU: the calls of agents, and marks, are few beside all the rest */
#define MARKS_KB 1024
#define WAKE_PERCENT "10"		/* of a CPU's buffer: readers are woken when it is so full */

struct tracer {
	struct tracefs_instance *inst[N_TRACER_BUFFERS];	/* NULL: the top one */
	int lock[N_TRACER_BUFFERS];
	char **on[N_TRACER_BUFFERS];	/* "sched/sched_switch" */
	uint8_t *tier[N_TRACER_BUFFERS];
	size_t n_on[N_TRACER_BUFFERS], cap_on[N_TRACER_BUFFERS], cap_tier[N_TRACER_BUFFERS];
	enum tracer_marks marks;
	int32_t pid;
	uint32_t n_cpus;
	unsigned n_probes;
	bool calls_on, top_mono;
};

/* ---- tracefs itself ---- */

static bool is_tracefs(const char *dir)
{
	struct statfs s;

	return !statfs(dir, &s) && s.f_type == TRACEFS_MAGIC_NUMBER;
}

/* In a mount namespace of our own, so that nobody else's view changes. */
static int mount_privately(struct err *err)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tracefs", MOUNT_POINT, "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)) {
		int e = errno;

		if (e == EPERM || e == EACCES)
			return err_set(err, -e, "live recording needs root: run it with sudo, or open a recording (agenttop FILE)");
		return err_set(err, -e, MOUNT_POINT ": tracefs cannot be mounted: %s", strerror(e));
	}
	return 0;
}

static int find_tracefs(struct err *err)
{
	static const char *const places[] = { MOUNT_POINT, "/sys/kernel/debug/tracing" };
	char dir[64];

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (is_tracefs(places[i])) {
			snprintf(dir, sizeof dir, "%s", places[i]);
			if (faccessat(AT_FDCWD, dir, R_OK | W_OK | X_OK, AT_EACCESS))
				return err_set(err, -EACCES, "%s: %s: live recording needs root (run it with sudo), or open a recording "
					       "(agenttop FILE)", dir, strerror(errno));
			return tracefs_set_tracing_dir(dir) ? err_set(err, -EINVAL, "%s: %s", dir, strerror(errno)) : 0;
		}
	if (geteuid() && access(MOUNT_POINT, R_OK | X_OK))
		return err_set(err, -EACCES, "live recording needs root: run it with sudo, or open a recording (agenttop FILE)");
	{
		int r = mount_privately(err);

		if (r)
			return r;
	}
	snprintf(dir, sizeof dir, MOUNT_POINT);
	return tracefs_set_tracing_dir(dir) ? err_set(err, -EINVAL, "%s: %s", dir, strerror(errno)) : 0;
}

/* One write(2), as tracefs wants it; with O_APPEND, since the lists in it are emptied by O_TRUNC. */
static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int put_in(struct tracefs_instance *in, const char *file, const char *text)
{
	char *path = tracefs_instance_get_file(in, file);
	int r = path ? put(path, text) : -ENOMEM;

	tracefs_put_tracing_file(path);
	return r;
}

static bool has_file(struct tracefs_instance *in, const char *file)
{
	char *path = tracefs_instance_get_file(in, file);
	bool there = path && !access(path, F_OK);

	tracefs_put_tracing_file(path);
	return there;
}

/* ---- what dead ones left ---- */

/* Held while instances are made or removed, so that nobody takes a new one, not locked yet, for a dead one's. */
static int lock_instances(void)
{
	char *path = tracefs_get_tracing_file("instances");
	int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	tracefs_put_tracing_file(path);
	if (fd >= 0 && flock(fd, LOCK_EX)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Whose is "agenttop.123" or "agenttop.123.calls"? 0: no such name. */
static int32_t pid_of(const char *name)
{
	char *end;
	unsigned long pid;

	if (strncmp(name, NAME, strlen(NAME)) || name[strlen(NAME)] < '0' || name[strlen(NAME)] > '9')
		return 0;
	pid = strtoul(name + strlen(NAME), &end, 10);
	return pid && pid < 1u << 30 && (!*end || !strcmp(end, ".calls") || !strcmp(end, ".marks")) ? (int32_t)pid : 0;
}

/* The file's lines that name a probe of this group are taken back; "p:agenttop_7/mark0 ..." */
static void remove_probes(int32_t pid)
{
	char *path = tracefs_get_tracing_file("uprobe_events"), group[32], *line = NULL;
	FILE *f = path ? fopen(path, "re") : NULL;
	char *all[64];
	size_t cap = 0, n = 0;

	snprintf(group, sizeof group, GROUP "%d/", (int)pid);
	while (f && n < ARRAY_LEN(all) && getline(&line, &cap, f) > 0)
		if (strlen(line) > 2 && !strncmp(line + 2, group, strlen(group)))
			all[n++] = xasprintf("-:%.*s", (int)strcspn(line + 2, " \n"), line + 2);
	if (f)
		fclose(f);
	for (size_t i = 0; i < n; i++) {
		put(path, all[i]);
		free(all[i]);
	}
	free(line);
	tracefs_put_tracing_file(path);
}

/* Probes whose owner has no instance any more: it was made first, so it is gone for good. */
static void remove_orphan_probes(int instances)
{
	char *path = tracefs_get_tracing_file("uprobe_events"), *line = NULL, name[48];
	FILE *f = path ? fopen(path, "re") : NULL;
	int32_t dead[64];
	size_t cap = 0, n = 0;

	while (f && n < ARRAY_LEN(dead) && getline(&line, &cap, f) > 0) {
		int pid;

		if (strlen(line) < 2 || sscanf(line + 2, GROUP "%d/", &pid) != 1 || (n && dead[n - 1] == pid))
			continue;
		snprintf(name, sizeof name, NAME "%d", pid);
		if (faccessat(instances, name, F_OK, 0))
			dead[n++] = pid;
	}
	if (f)
		fclose(f);
	free(line);
	tracefs_put_tracing_file(path);
	while (n)
		remove_probes(dead[--n]);
}

static int remove_dir(const char *name)
{
	char *dir = tracefs_get_tracing_file("instances"), *path = xasprintf("%s/%s", dir, name);
	char *file = xasprintf("%s/options/copy_trace_marker", path);
	int r;

	put(file, "0");			/* before anything else: see tracer.h */
	free(file);
	file = xasprintf("%s/tracing_on", path);
	put(file, "0");
	free(file);
	file = xasprintf("%s/events/enable", path);
	put(file, "0");
	free(file);
	/* a reader that is just going away holds it for a moment */
	for (int tries = 0; (r = rmdir(path) ? -errno : 0) == -EBUSY && tries < 50; tries++)
		usleep(20000);
	free(path);
	tracefs_put_tracing_file(dir);
	return r;
}

static bool is_dead(int instances, const char *name)
{
	int fd = openat(instances, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool dead = fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB);

	if (fd >= 0)
		close(fd);
	return dead;
}

static int remove_dead(int instances, unsigned *n_removed, struct err *err)
{
	DIR *d = fdopendir(dup(instances));
	struct dirent *e;
	int r = 0;

	while (d && (e = readdir(d))) {
		int32_t pid = pid_of(e->d_name);

		if (!pid || !is_dead(instances, e->d_name))
			continue;
		r = remove_dir(e->d_name);
		if (r) {
			err_set(err, r, "the instance %.100s of an agenttop that is no more cannot be removed: %s", e->d_name, strerror(-r));
			continue;
		}
		remove_probes(pid);
		++*n_removed;
		rewinddir(d);
	}
	if (d)
		closedir(d);
	remove_orphan_probes(instances);
	return r;
}

int tracer_cleanup(unsigned *n_removed, struct err *err)
{
	int r = find_tracefs(err), fd;

	*n_removed = 0;
	if (r)
		return r;
	fd = lock_instances();
	if (fd < 0)
		return err_set(err, -errno, "tracefs: instances: %s", strerror(errno));
	r = remove_dead(fd, n_removed, err);
	close(fd);
	return r;
}

/* ---- making ours ---- */

static const char *const suffix[N_TRACER_BUFFERS] = { "", ".calls", ".marks" };

static int make_instance(struct tracer *t, enum tracer_buffer b, struct err *err)
{
	char name[48];
	char *path;

	snprintf(name, sizeof name, NAME "%d%s", (int)t->pid, suffix[b]);
	t->inst[b] = tracefs_instance_create(name);
	if (!t->inst[b])
		return err_set(err, -errno, "tracefs: the instance %s cannot be made: %s", name, strerror(errno));
	if (b != TRACER_MARKS)		/* new ones are on */
		put_in(t->inst[b], "tracing_on", "0");
	path = tracefs_instance_get_dir(t->inst[b]);
	t->lock[b] = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	tracefs_put_tracing_file(path);
	if (t->lock[b] < 0 || flock(t->lock[b], LOCK_EX | LOCK_NB)) {
		int e = errno;

		tracefs_instance_free(t->inst[b]);
		t->inst[b] = NULL;		/* not ours to undo */
		return err_set(err, -e, "tracefs: the instance %s is somebody else's: %s", name, strerror(e));
	}
	return 0;
}

static int set_up(struct tracer *t, enum tracer_buffer b, uint64_t kb, struct err *err)
{
	int r = put_in(t->inst[b], "trace_clock", "mono");

	if (r)
		return err_set(err, r, "tracefs: clock mono: %s", strerror(-r));
	put_in(t->inst[b], "buffer_percent", WAKE_PERCENT);
	put_in(t->inst[b], "options/record-cmd", "0");	/* saves names at each switch: events and /proc tell them */
	r = tracer_buffer_size(t, b, kb);
	if (r)
		return err_set(err, r, "tracefs: a buffer of %llu KiB a CPU: %s: ask for less with --buffer",
			       (unsigned long long)kb, strerror(-r));
	return 0;
}

/*
 * When this process dies, whatever kills it, the kernel stops recording by itself. Kernels before 5.18 would have
 * stopped everybody's tracing with it; that those know neither of these tells them apart.
 */
static void arm_trigger(struct tracer *t, enum tracer_buffer b)
{
	char *readme = has_file(t->inst[b], "buffer_subbuf_size_kb") ? NULL : tracefs_instance_file_read(NULL, "README", NULL);
	bool knows = !readme || strstr(readme, "nohitcount");
	char text[64];

	free(readme);
	snprintf(text, sizeof text, "traceoff if pid == %d", (int)getpid());
	if (knows)
		put_in(t->inst[b], "events/sched/sched_process_exit/trigger", text);
}

static void add_on(struct tracer *t, enum tracer_buffer b, char *event, uint8_t tier)
{
	GROW(t->on[b], t->n_on[b], t->cap_on[b]);
	GROW(t->tier[b], t->n_on[b], t->cap_tier[b]);
	t->tier[b][t->n_on[b]] = tier;
	t->on[b][t->n_on[b]++] = event;
}

/* Calls are only listed: they are expensive for every task once they are on, so they wait until somebody is followed. */
static void turn_on(struct tracer *t, enum tracer_buffer b, const char *system, const char *name, uint8_t tier)
{
	char *file = xasprintf("events/%s/%s/enable", system, name);

	if (b == TRACER_CALLS ? has_file(t->inst[b], file) : !put_in(t->inst[b], file, "1"))
		add_on(t, b, xasprintf("%s/%s", system, name), tier);
	free(file);
}

static void turn_on_all(struct tracer *t, const struct tracer_event *e)
{
	const char *name = strchr(e->event, ':') + 1;
	char *system = xstrndup(e->event, (size_t)(name - 1 - e->event)), *file = xasprintf("events/%s", system);
	char *path = tracefs_instance_get_file(t->inst[e->buffer], file);
	DIR *d = strchr(name, '*') ? opendir(path) : NULL;
	struct dirent *de;

	if (!strchr(name, '*'))
		turn_on(t, e->buffer, system, name, e->tier);
	while (d && (de = readdir(d)))
		if (!fnmatch(name, de->d_name, 0))
			turn_on(t, e->buffer, system, de->d_name, e->tier);
	if (d)
		closedir(d);
	tracefs_put_tracing_file(path);
	free(file);
	free(system);
}

/* What this kernel does not have is left out: capabilities tell what that hides. */
static int turn_on_events(struct tracer *t, struct err *err)
{
	for (unsigned i = 0; i < n_tracer_events; i++)
		turn_on_all(t, &tracer_events[i]);
	if (!t->n_on[TRACER_MAIN])
		return err_set(err, -ENOENT, "tracefs: none of the events that are needed can be turned on");
	return 0;
}

static void turn_on_calls(struct tracer *t)
{
	for (size_t i = 0; i < t->n_on[TRACER_CALLS]; i++) {
		char *file = xasprintf("events/%s/enable", t->on[TRACER_CALLS][i]);

		put_in(t->inst[TRACER_CALLS], file, "1");
		free(file);
	}
	put_in(t->inst[TRACER_CALLS], "tracing_on", "1");
	t->calls_on = true;
}

static void count_cpus(struct tracer *t)
{
	while (t->n_cpus < 8192) {
		char file[64];

		snprintf(file, sizeof file, "per_cpu/cpu%u/trace_pipe_raw", t->n_cpus);
		if (!has_file(t->inst[TRACER_MAIN], file))
			break;
		t->n_cpus++;
	}
}

/* Does the text of this top-level file contain it? */
static bool top_says(const char *file, const char *what)
{
	char *text = tracefs_instance_file_read(NULL, file, NULL);
	bool says = text && strstr(text, what);

	free(text);
	return says;
}

/* Reading takes events away from other readers, so it is done only where there is no sign of one: set_event is empty. */
static bool top_is_idle(void)
{
	return !top_says("set_event", ":") && top_says("current_tracer", "nop") && top_says("tracing_on", "1") &&
		!top_says("trace_clock", "[counter]") && !top_says("trace_clock", "[uptime]") && !top_says("trace_clock", "[x86-tsc]");
}

/* Its size and clock are set before it copies anything. */
static void find_marks(struct tracer *t)
{
	struct err ignored;

	t->top_mono = top_says("trace_clock", "[mono]");
	if (has_file(t->inst[TRACER_MAIN], "options/copy_trace_marker") && !make_instance(t, TRACER_MARKS, &ignored) &&
	    !set_up(t, TRACER_MARKS, MARKS_KB, &ignored) && !put_in(t->inst[TRACER_MARKS], "options/copy_trace_marker", "1"))
		t->marks = MARKS_COPIED;
	else
		t->marks = top_is_idle() ? MARKS_TOP : MARKS_UNSEEN;
}

static int open_both(struct tracer *t, uint64_t kb, struct err *err)
{
	int r = 0;

	for (int b = 0; b < TRACER_MARKS && !r; b++) {
		r = make_instance(t, b, err);
		if (!r)
			r = set_up(t, b, b == TRACER_CALLS ? MIN(kb, (uint64_t)CALLS_KB) : kb, err);
		if (!r)
			arm_trigger(t, b);
	}
	return r;
}

/* Events tell of pids as the kernel counts them; elsewhere they would be other processes'. */
static int check_pids(struct err *err)
{
	struct stat st;

	if (!stat("/proc/self/ns/pid", &st) && st.st_ino != INITIAL_PID_NAMESPACE)
		return err_set(err, -EINVAL, "live recording needs the host's process ids: this is a pid namespace (a container)");
	return 0;
}

struct tracer *tracer_open(int32_t pid, uint64_t buffer_kb, int *code, struct err *err)
{
	struct tracer *t = xcalloc(1, sizeof *t);
	struct err ignored;
	unsigned n = 0;
	int r = check_pids(err), fd = -1;

	if (!r)
		r = find_tracefs(err);
	t->pid = pid;
	for (int b = 0; b < N_TRACER_BUFFERS; b++)
		t->lock[b] = -1;
	if (r)
		goto out;
	fd = lock_instances();
	if (fd < 0) {
		r = err_set(err, -errno, "tracefs: instances: %s%s", strerror(errno),
			    errno == EACCES ? ": live recording needs root (run it with sudo)" : "");
		goto out;
	}
	remove_dead(fd, &n, &ignored);
	r = open_both(t, buffer_kb, err);
	if (r)
		goto out;
	count_cpus(t);
	find_marks(t);
	put_in(t->inst[TRACER_CALLS], "options/event-fork", "1");
	r = turn_on_events(t, err);
	if (!r)
		r = tracer_on(t, true);
out:
	if (fd >= 0)
		close(fd);
	*code = r;
	if (!r)
		return t;
	tracer_close(t);
	return NULL;
}

void tracer_close(struct tracer *t)
{
	if (!t)
		return;
	for (int b = 0; b < N_TRACER_BUFFERS; b++) {
		char name[48];

		snprintf(name, sizeof name, NAME "%d%s", (int)t->pid, suffix[b]);
		if (t->inst[b]) {
			tracefs_instance_free(t->inst[b]);
			remove_dir(name);
		}
		if (t->lock[b] >= 0)
			close(t->lock[b]);
		for (size_t i = 0; i < t->n_on[b]; i++)
			free(t->on[b][i]);
		free(t->on[b]);
		free(t->tier[b]);
	}
	if (t->n_probes)
		remove_probes(t->pid);
	free(t);
}

/* ---- while it runs ---- */

int tracer_on(struct tracer *t, bool on)
{
	int r = put_in(t->inst[TRACER_MAIN], "tracing_on", on ? "1" : "0");

	if (t->calls_on)
		put_in(t->inst[TRACER_CALLS], "tracing_on", on ? "1" : "0");
	return r;
}

/*
 * Our own pid first: a list that becomes empty would mean everybody, and of a task that is left out no trigger would hear
 * the end. Not before somebody is followed: a filter by pid makes every switch and wakeup of the machine dearer.
 */
static int filter_pids(struct tracer *t)
{
	char own[16];

	snprintf(own, sizeof own, "%d ", (int)getpid());
	return put_in(t->inst[TRACER_CALLS], "set_event_pid", own);
}

int tracer_follow(struct tracer *t, const int32_t *pids, size_t n)
{
	int r = 0;

	if (n && !t->calls_on)
		r = filter_pids(t);
	/* one write: each makes the kernel wait until nobody looks at the old list */
	for (size_t i = 0; i < n && !r; i += PIDS_A_WRITE) {
		char text[PIDS_A_WRITE * 12];
		size_t at = 0;

		for (size_t k = i; k < MIN(n, i + PIDS_A_WRITE); k++)
			at += (size_t)snprintf(text + at, sizeof text - at, "%d ", (int)pids[k]);
		r = put_in(t->inst[TRACER_CALLS], "set_event_pid", text);
	}
	if (n && !r && !t->calls_on)
		turn_on_calls(t);
	return r;
}

int tracer_buffer_size(struct tracer *t, enum tracer_buffer b, uint64_t kb)
{
	char text[32];

	snprintf(text, sizeof text, "%llu", (unsigned long long)kb);
	return put_in(t->inst[b], "buffer_size_kb", text);
}

int tracer_thin(struct tracer *t, unsigned tiers)
{
	for (int b = 0; b < N_TRACER_BUFFERS; b++)
		for (size_t i = 0; i < t->n_on[b]; i++) {
			char *file;

			if (!t->tier[b][i] || t->tier[b][i] > tiers)
				continue;
			file = xasprintf("events/%s/enable", t->on[b][i]);
			put_in(t->inst[b], file, "0");
			free(file);
		}
	return 0;
}

int tracer_probe(struct tracer *t, const char *path, uint64_t probe, uint64_t counter, bool listen, unsigned *n)
{
	char *all = tracefs_get_tracing_file("uprobe_events"), name[48], at[64] = "", *line, *file;
	int r;

	*n = t->n_probes;
	if (strpbrk(path, " \t\n:"))
		r = -EINVAL;		/* its syntax has no way to quote these */
	else {
		snprintf(name, sizeof name, GROUP "%d/%s%u", (int)t->pid, listen ? "listen" : "mark", t->n_probes);
		if (counter)
			snprintf(at, sizeof at, "(0x%llx)", (unsigned long long)counter);
		line = xasprintf("p:%s %s:0x%llx%s%s", name, path, (unsigned long long)probe, at,
				 listen ? "" : " text=+0(%di):ustring");
		r = put(all, line);
		free(line);
	}
	tracefs_put_tracing_file(all);
	if (r)
		return r;
	t->n_probes++;
	file = xasprintf("events/%s/enable", name);
	r = put_in(t->inst[TRACER_MAIN], file, "1");
	free(file);
	if (!r && !listen)
		add_on(t, TRACER_MAIN, xstrdup(name), 0);
	return r;
}

/* ---- what there is ---- */

enum tracer_marks tracer_marks(const struct tracer *t) { return t->marks; }
bool tracer_top_is_mono(const struct tracer *t) { return t->top_mono; }
uint32_t tracer_cpus(const struct tracer *t) { return t->n_cpus; }

int tracer_file(struct tracer *t, enum tracer_buffer b, int cpu, const char *file, int flags)
{
	char name[128], *path;
	int fd;

	if (cpu >= 0)
		snprintf(name, sizeof name, "per_cpu/cpu%d/%s", cpu, file);
	else
		snprintf(name, sizeof name, "%s", file);
	path = tracefs_instance_get_file(t->inst[b], name);
	fd = path ? open(path, flags | O_CLOEXEC) : -1;
	if (fd < 0)
		fd = -errno;
	tracefs_put_tracing_file(path);
	return fd;
}

int tracer_top_file(struct tracer *t, const char *file, int flags)
{
	char *path = tracefs_get_tracing_file(file);
	int fd = path ? open(path, flags | O_CLOEXEC) : -1;

	(void)t;
	if (fd < 0)
		fd = -errno;
	tracefs_put_tracing_file(path);
	return fd;
}

char *tracer_text(struct tracer *t, enum tracer_buffer b, const char *file, size_t *len)
{
	int n = 0;
	char *text = tracefs_instance_file_read(t->inst[b], file, &n);

	*len = text ? (size_t)n : 0;
	return text;
}

void tracer_formats(struct tracer *t, void (*fn)(void *arg, const char *system, const char *name, const char *text, size_t len), void *arg)
{
	static const char *const always[] = { "ftrace/print", "ftrace/bprint", "ftrace/bputs" };

	for (size_t i = 0; i < ARRAY_LEN(always) + t->n_on[TRACER_MAIN] + t->n_on[TRACER_CALLS]; i++) {
		size_t k = i - ARRAY_LEN(always), n_main = t->n_on[TRACER_MAIN], len;
		const char *event = i < ARRAY_LEN(always) ? always[i] : k < n_main ? t->on[TRACER_MAIN][k] : t->on[TRACER_CALLS][k - n_main];
		const char *slash = strchr(event, '/');
		char *file = xasprintf("events/%s/format", event), *system = xstrndup(event, (size_t)(slash - event));
		char *text = tracer_text(t, TRACER_MAIN, file, &len);

		if (text)
			fn(arg, system, slash + 1, text, len);
		free(text);
		free(system);
		free(file);
	}
}
