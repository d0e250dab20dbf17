/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * who: which tasks there are on this machine, and which of them could be agents: by the program that they run, by their
 * cgroup, and the trace that their environment names.
 *
 * Reads /proc, and cgroup file systems where /proc says that they are mounted; traces nothing, needs no privilege (but for
 * other users' environments), and knows nothing of the engine. All that it reads was written by others: lengths and numbers
 * are bounded, names are bytes. Tasks come and go while it looks; what is gone is not there, which is no error.
 * No state of its own but struct who; any thread may call it.
 */
#ifndef AGENTTOP_WHO_H
#define AGENTTOP_WHO_H

#include "base.h"

/* Where to look: /, or for tests a directory with proc/ and whatever its mountinfo names in it. */
struct who {
	int root, proc;			/* directories */
};
int who_open(struct who *, const char *root, struct err *);	/* 0 or -errno; who_close() is right in every case */
void who_close(struct who *);

/* ---- all tasks ---- */

#define WHO_COMM 16
struct who_task {
	int32_t pid, tgid;
	int32_t ppid;			/* tgid of the parent; 0: none */
	uint32_t n_threads;		/* of its process; 0 in a process that is just dying */
	bool kthread;
	char comm[WHO_COMM];		/* as events have it: any bytes but NUL */
};
/*
 * Calls cb for each task, leaders before their threads. Three system calls for a process of one thread, and three for each
 * further thread. Ends with what cb returns when that is not 0; -errno when there is no /proc; else 0.
 */
int who_tasks(const struct who *, int (*cb)(void *arg, const struct who_task *), void *arg);
/* A single one; false when it is gone. */
bool who_task(const struct who *, int32_t pid, struct who_task *);

/* ---- known programs ---- */

/*
 * Does a process run one of the programs in `names` ("claude,codex")? A name is met by the command name, by the file name of
 * argv[0], and, when that is an interpreter, by its script: the file name, the package that it lies in
 * (node_modules/@scope/NAME, site-packages/NAME), the module (python -m NAME), or, when the file name says nothing
 * (index.js, main.py), the directory. Extensions of scripts do not count. Behind the name may stand -code, -cli, -ai,
 * -agent, -chat or -bin, or a dash and a version or platform: @anthropic-ai/claude-code/cli.js is claude, claude-monitor
 * is not. which (of len bytes; may be NULL) gets the name that was met.
 */
bool who_known(const struct who *, int32_t tgid, const char *comm, const char *names, char *which, size_t len);
/* The same, of what /proc/PID/cmdline holds: words that end with NUL. */
bool who_is(const char *comm, const char *cmdline, size_t n, const char *names, char *which, size_t len);

/* ---- cgroups ---- */

struct who_place {			/* a cgroup in one hierarchy */
	char *hierarchy;		/* v1: its mount options, "rw,cpu,cpuacct"; NULL: v2 */
	char *path;			/* as in /proc/PID/cgroup: "/system.slice/agent.service" */
	char *dir;			/* its directory, from struct who's root, without the slash it begins with */
};
struct who_cgroups {			/* begins as zeroes */
	struct who_place *place;
	size_t n, cap;
};
/*
 * Adds a cgroup: "/system.slice/agent.service", from the root of every hierarchy that has it (v1 or v2), or
 * "/sys/fs/cgroup/memory/agent", a directory. 0; -ENOENT, -EINVAL, -EACCES with a sentence.
 */
int who_cgroups_add(const struct who *, struct who_cgroups *, const char *path, struct err *);
void who_cgroups_fini(struct who_cgroups *);

struct who_pids {			/* begins as zeroes; free(pid) */
	int32_t *pid;			/* ascending, each once */
	size_t n, cap;
	bool cut;			/* there were more cgroups or tasks than one looks at */
};
/* Threads that are in one of these cgroups now, or below it. A cgroup that is gone by now has none. */
void who_cgroups_tasks(const struct who *, const struct who_cgroups *, struct who_pids *);
/* Is this one? For tasks that were made since. */
bool who_in_cgroup(const struct who *, const struct who_cgroups *, int32_t pid);

/* ---- environment ---- */

#define WHO_TRACEPARENT 56		/* 00-32 digits-16 digits-2 digits, and NUL */
/* TRACEPARENT of a process's environment, when it is one by the rules of W3C: lower case, nothing all zero. */
bool who_traceparent(const struct who *, int32_t pid, char buf[WHO_TRACEPARENT]);
/* The same from a descriptor of /proc/PID/environ; reads it to its end. */
bool who_traceparent_fd(int fd, char buf[WHO_TRACEPARENT]);

#endif
