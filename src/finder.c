// SPDX-License-Identifier: GPL-2.0-only
#include "finder.h"
#include "engine.h"
#include "step.h"
#include "who.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCAN_NS NSEC_PER_SEC	/* between two looks at cgroups and new programs */

struct finder {
	const struct opts *o;
	struct broker *b;
	struct reader *r;
	uint32_t *asked;	/* bit by pid: its calls are recorded */
	struct finder_sdk *sdk;
	struct who who;
	struct who_cgroups cgroups;
	uint64_t scanned;
	bool names_agents;	/* by -p, -c or -g: known programs are not looked for */
};
#define PIDS (1u << 22)

static int check(struct finder *f, struct err *err)
{
	struct who_task w;
	int e = who_open(&f->who, "/", err);

	for (size_t i = 0; i < f->o->n_pids && !e; i++)
		if (!who_task(&f->who, f->o->pid[i], &w))
			e = err_set(err, -ESRCH, "-p %d: there is no such process", (int)f->o->pid[i]);
	for (size_t i = 0; i < f->o->n_cgroups && !e; i++)
		e = who_cgroups_add(&f->who, &f->cgroups, f->o->cgroup[i], err);
	return e;
}

struct finder *finder_new(const struct opts *o, struct broker *b, struct err *err)
{
	struct finder *f = xcalloc(1, sizeof *f);

	f->o = o;
	f->b = b;
	f->asked = xcalloc(PIDS / 32, sizeof *f->asked);
	f->names_agents = o->n_pids || o->n_comms || o->n_cgroups || o->command;
	if (!check(f, err))
		return f;
	finder_free(f);
	return NULL;
}

void finder_free(struct finder *f)
{
	if (!f)
		return;
	finder_sdk_free(f->sdk);
	who_cgroups_fini(&f->cgroups);
	who_close(&f->who);
	free(f->asked);
	free(f);
}

/* ---- telling ---- */

static void tell_task(struct finder *f, const struct who_task *w)
{
	struct made_task t = { .head = made_head(MADE_TASK), .pid = w->pid, .tgid = w->tgid, .ppid = w->ppid };

	memcpy(t.comm, w->comm, strnlen(w->comm, sizeof t.comm));
	reader_made(f->r, 0, &t, sizeof t);
}

/* ---- following ---- */

static bool was_asked(struct finder *f, int32_t pid)
{
	return pid <= 0 || (uint32_t)pid >= PIDS || f->asked[pid / 32] >> (pid % 32) & 1;
}

/* Have the calls of these recorded that are not yet. */
static void ask_for(struct finder *f, const int32_t *pid, size_t n)
{
	int32_t *fresh = xmalloc((n + 1) * sizeof *fresh);
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (!was_asked(f, pid[i])) {
			f->asked[pid[i] / 32] |= 1u << (pid[i] % 32);
			fresh[k++] = pid[i];
		}
	if (k)
		broker_follow(f->b, fresh, k);
	free(fresh);
}

struct pids {
	int32_t *v;
	size_t n, cap;
};

static void add_pid(struct pids *p, int32_t pid)
{
	GROW(p->v, p->n, p->cap);
	p->v[p->n++] = pid;
}

/* Its threads; of a thread, its process's. */
static void add_threads(struct finder *f, int32_t pid, struct pids *p)
{
	char path[64];
	struct who_task w;
	struct dirent *e;
	DIR *d;

	if (!who_task(&f->who, pid, &w))
		return;
	snprintf(path, sizeof path, "/proc/%d/task", (int)w.tgid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			add_pid(p, (int32_t)strtol(e->d_name, NULL, 10));
	if (d)
		closedir(d);
}

static void follow_one(struct finder *f, int32_t pid)
{
	struct made_follow m = { .head = made_head(MADE_FOLLOW), .pid = pid, .on = 1 };

	reader_made(f->r, 0, &m, sizeof m);
	ask_for(f, &pid, 1);
}

bool finder_follow(struct finder *f, int32_t pid, bool only)
{
	struct made_follow m = { .head = made_head(MADE_FOLLOW), .pid = pid, .on = only ? 2 : 1 };
	struct pids p = { 0 };

	add_threads(f, pid, &p);
	if (p.n) {
		reader_made(f->r, 0, &m, sizeof m);
		ask_for(f, p.v, p.n);
	}
	free(p.v);
	return p.n;
}

/* ---- at the start ---- */

static bool is_named(const struct opts *o, const struct who_task *w)
{
	for (size_t i = 0; i < o->n_pids; i++)
		if (o->pid[i] == w->pid || o->pid[i] == w->tgid)
			return true;
	return opts_comm_match(o, w->comm);
}

static int meet(void *arg, const struct who_task *w)
{
	struct finder *f = arg;

	tell_task(f, w);
	if (is_named(f->o, w))
		ask_for(f, &w->pid, 1);
	else if (!f->names_agents && w->pid == w->tgid && !w->kthread &&
		 who_known(&f->who, w->tgid, w->comm, f->o->agents, NULL, 0))
		finder_follow(f, w->tgid, false);
	return 0;
}

/* Tasks move between cgroups, so they are looked at again and again; what they fork is followed at once. */
static void follow_cgroups(struct finder *f)
{
	struct who_pids p = { 0 };

	if (!f->cgroups.n)
		return;
	who_cgroups_tasks(&f->who, &f->cgroups, &p);
	for (size_t i = 0; i < p.n; i++)
		if (!was_asked(f, p.pid[i]))
			follow_one(f, p.pid[i]);
	free(p.pid);
}

/* A process that was made since: is it a known program? */
static void meet_young(void *arg, int32_t pid)
{
	struct finder *f = arg;
	struct who_task w;

	if (!was_asked(f, pid) && who_task(&f->who, pid, &w) && !w.kthread &&
	    who_known(&f->who, w.tgid, w.comm, f->o->agents, NULL, 0))
		finder_follow(f, w.tgid, false);
}

static void tell_follow(struct finder *f, int32_t pid, uint32_t on)
{
	struct made_follow m = { .head = made_head(MADE_FOLLOW), .pid = pid, .on = on };

	reader_made(f->r, 0, &m, sizeof m);
}

void finder_begin(struct finder *f, struct reader *r, bool marker, finder_sdk_format *format, void *arg)
{

	f->r = r;
	f->sdk = finder_sdk_new(f->b, marker, format, arg);
	for (size_t i = 0; i < f->o->n_pids; i++)
		tell_follow(f, f->o->pid[i], 1);	/* a replay of the file is to know it, too */
	if (f->cgroups.n || f->o->command || f->o->n_pids)
		tell_follow(f, 0, 2);
	who_tasks(&f->who, meet, f);
	follow_cgroups(f);
	if (!f->names_agents)
		finder_sdk_also(f->sdk, meet_young, f);
}

/* ---- tools' trace contexts ---- */

/* Programs that an agent has just started, if they are still there: what TRACEPARENT do they have? */
static void look_at_tools(struct finder *f, struct ctx *c)
{
	int32_t pid[64];
	size_t n = steps_tools_unnamed(c, pid, ARRAY_LEN(pid));

	for (size_t i = 0; i < n; i++) {
		struct made_trace m = { .head = made_head(MADE_TRACE), .pid = pid[i] };

		if (broker_traceparent(f->b, pid[i], m.traceparent))	/* no: it has none, or has ended already */
			reader_made(f->r, 0, &m, sizeof m);
	}
}

/* ---- while it runs ---- */

/* One that has ended would stay in the kernel's list for ever, and its number will be another's. */
static bool is_there(int32_t pid)
{
	return !kill((pid_t)pid, 0) || errno == EPERM;
}

/* The engine knows who is followed by now: children, tasks that took a name, tasks that mark their steps. */
static void follow_engine(struct finder *f, struct ctx *c)
{
	struct pids p = { 0 };
	size_t n_marks;
	const int32_t *marks = steps_who_marks(c, &n_marks);

	for (size_t i = 0; i < c->m.n_tasks; i++) {
		const struct task *t = c->m.tasks[i];

		if (t && t->followed && !was_asked(f, t->pid) && is_there(t->pid))
			add_pid(&p, t->pid);
	}
	for (size_t i = 0; i < n_marks; i++)
		if (!was_asked(f, marks[i]))
			add_threads(f, marks[i], &p);
	ask_for(f, p.v, p.n);
	free(p.v);
}

/* The number of a task that is gone will be another's. */
static void forget_dead(struct finder *f)
{
	for (uint32_t i = 0; i < PIDS / 32; i++)
		for (uint32_t left = f->asked[i]; left; left &= left - 1) {
			uint32_t bit = (uint32_t)__builtin_ctz(left);

			if (kill((pid_t)(i * 32 + bit), 0) && errno == ESRCH)
				f->asked[i] &= ~(1u << bit);
		}
}

void finder_tick(struct finder *f, struct ctx *c, uint64_t now)
{
	if (c) {
		follow_engine(f, c);
		look_at_tools(f, c);
	}
	finder_sdk_scan(f->sdk, now);
	if (now - f->scanned < SCAN_NS)
		return;
	f->scanned = now;
	forget_dead(f);
	follow_cgroups(f);
}

const char *finder_trouble(const struct finder *f) { return finder_sdk_trouble(f->sdk); }
