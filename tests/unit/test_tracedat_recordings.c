// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real trace.dat files, made elsewhere and not shipped: in $RECORDINGS, or ../shared/recordings beside the tree.
 * Each number is what others count in them (trace-cmd report, or who published the recording).
 */
#include "source.h"
#include "tap.h"

#include <stdlib.h>
#include <unistd.h>

struct type_count {
	const char *name;
	uint64_t n;
};
struct recording {
	const char *path;
	uint64_t n_events, n_cpus;
	struct type_count types[6];
};
static const struct recording recordings[] = {
	{ "others/schedviz.v6.dat", 28922, 1, { { "sched:sched_switch", 15056 }, { "sched:sched_wakeup", 11134 },
						{ "sched:sched_wakeup_new", 2732 } } },
	{ "others/schedviz.v7-zstd.dat", 28922, 1, { { "sched:sched_switch", 15056 }, { "sched:sched_wakeup", 11134 },
						     { "sched:sched_wakeup_new", 2732 } } },
	{ "others/arm32.v6.dat", 45254, 8, { { "sched:sched_switch", 617 }, { "sched:sched_wakeup", 314 },
					     { "sched:sched_stat_runtime", 6100 } } },
	{ "others/arm32.v7-zstd.dat", 45254, 8, { { "sched:sched_switch", 617 }, { "sched:sched_wakeup", 314 },
						  { "sched:sched_stat_runtime", 6100 } } },
	{ "others/idle.v6.dat", 43, 6, { { "power:cpu_idle", 17 } } },
	{ "others/sched_load.v7-zstd.dat", 3724, 6, { { "sched:sched_switch", 399 }, { "power:cpu_idle", 474 },
						      { "power:cpu_frequency", 16 }, { "sched:sched_migrate_task", 28 } } },
	{ "others/markers.v7-zstd.dat", 54993, 4, { { "ftrace:print", 25371 } } },
	{ "own/host-quiet.dat", 69861, 2, { { 0 } } },
	{ "own/host-load.dat", 184507, 2, { { 0 } } },
	{ "own/vm-6.12-quiet.dat", 72211, 4, { { 0 } } },
	{ "own/vm-6.12-irqhot.dat", 389570, 4, { { 0 } } },
	{ "own/vm-6.12-moved.dat", 283647, 4, { { 0 } } },
	{ "own/vm-icount-quiet.dat", 91286, 4, { { 0 } } },
	{ "own/vm-icount-irqhot.dat", 209827, 4, { { 0 } } },
};

struct sums {
	bool opened, in_order;
	uint64_t n, n_lost, n_types[6];
	uint64_t first, last;
	uint64_t hash;		/* of time, CPU, pid, event name and bytes, in order */
	uint64_t n_bad, n_late, n_unknown, n_cpus, done, total;
};

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 0x100000001b3ull;
	return h;
}

static void take(struct sums *r, const struct source *s, const struct event *ev, const struct recording *want)
{
	const struct format *f = s->formats.v[ev->type];

	r->in_order &= ev->ts >= r->last;
	if (!r->n)
		r->first = ev->ts;
	r->last = ev->ts;
	if (ev->type == SOURCE_LOST) {
		r->n_lost++;
		return;
	}
	r->n++;
	for (size_t i = 0; i < ARRAY_LEN(want->types) && want->types[i].name; i++)
		r->n_types[i] += !strcmp(want->types[i].name, f->full);
	r->hash = mix(r->hash, &ev->ts, sizeof ev->ts);
	r->hash = mix(r->hash, &ev->cpu, sizeof ev->cpu);
	r->hash = mix(r->hash, &ev->pid, sizeof ev->pid);
	r->hash = mix(r->hash, f->full, strlen(f->full));
	r->hash = mix(r->hash, ev->raw, ev->len_bytes);
}

static struct sums read_all(const char *path, const struct recording *want)
{
	struct sums r = { .in_order = true };
	struct err err = { "" };
	struct source *s = source_open(path, &err);
	struct event ev;

	if (!s) {
		note("%s", err.text);
		return r;
	}
	r.opened = true;
	while (source_next(s, &ev, &err) > 0)
		take(&r, s, &ev, want);
	r.n_bad = s->info.n_bad;
	r.n_late = s->info.n_late;
	r.n_unknown = s->info.n_unknown;
	r.n_cpus = s->info.n_cpus;
	r.done = s->info.bytes_done;
	r.total = s->info.bytes_total;
	source_close(s);
	return r;
}

static struct sums check(const char *dir, const struct recording *want)
{
	char *path = xasprintf("%s/%s", dir, want->path);
	struct sums r = { 0 };

	if (access(path, R_OK)) {
		skip("%s: not there", want->path);
		goto out;
	}
	r = read_all(path, want);
	ok(r.opened && r.in_order, "%s: read, in order", want->path);
	is_num(r.n, want->n_events, "%s: events", want->path);
	is_num(r.n_cpus, want->n_cpus, "%s: CPUs", want->path);
	is_num(r.n_bad + r.n_late + r.n_unknown + r.n_lost, 0, "%s: nothing odd", want->path);
	is_num(r.done, r.total, "%s: all bytes read", want->path);
	for (size_t i = 0; i < ARRAY_LEN(want->types) && want->types[i].name; i++)
		is_num(r.n_types[i], want->types[i].n, "%s: %s", want->path, want->types[i].name);
out:
	free(path);
	return r;
}

/* States and CPUs as published. */
static void idle(const char *dir)
{
	static const char want[] = "2/5 -1/2 2/2 -1/1 -1/3 -1/0 2/0 -1/0 2/0 -1/0 0/1 0/3 2/0 -1/0 2/0 -1/3 -1/1 ";
	char *path = xasprintf("%s/others/idle.v6.dat", dir), got[256] = "";
	struct err err = { "" };
	struct source *s = access(path, R_OK) ? NULL : source_open(path, &err);
	const struct format *f = s ? formats_by_name(&s->formats, "power:cpu_idle") : NULL;
	struct access state;
	struct event ev;
	size_t n = 0;

	if (!f) {
		skip("idle.v6.dat: not there");
		goto out;
	}
	state = formats_access(&s->formats, f, "state");
	while (source_next(s, &ev, &err) > 0)
		if (ev.type == f->type && n < sizeof got)
			n += (size_t)snprintf(got + n, sizeof got - n, "%d/%u ", (int32_t)access_get(&state, &ev), ev.cpu);
	is_text(got, want, "idle.v6.dat: states and CPUs");
out:
	source_close(s);
	free(path);
}

/* The first part of a recording, as when the disk was full. */
static void cut(const char *dir, const struct recording *want, struct sums whole)
{
	char *path = xasprintf("%s/%s", dir, want->path), to[] = "/tmp/agenttop-test-XXXXXX", buf[1 << 16];
	int fd = mkstemp(to);
	FILE *f = fopen(path, "r");
	struct sums r;
	size_t n;

	while (f && (n = fread(buf, 1, sizeof buf, f)) > 0)
		if (write(fd, buf, n) != (ssize_t)n)
			break;
	if (!f || ftruncate(fd, lseek(fd, 0, SEEK_END) * 99 / 100)) {
		skip("%s: not there", want->path);
		goto out;
	}
	r = read_all(to, want);
	ok(r.opened && r.in_order && r.n < whole.n && r.n > whole.n / 2 && r.n_lost,
	   "%s: without its last 1 %%, %" PRIu64 " of %" PRIu64 " events, and the loss is told", want->path, r.n, whole.n);
out:
	if (f)
		fclose(f);
	close(fd);
	unlink(to);
	free(path);
}

int main(void)
{
	const char *dir = getenv("RECORDINGS") ? getenv("RECORDINGS") : "../shared/recordings";
	struct sums r[ARRAY_LEN(recordings)];

	if (access(dir, R_OK)) {
		skip("no recordings: %s is not there (set RECORDINGS)", dir);
		return done();
	}
	for (size_t i = 0; i < ARRAY_LEN(recordings); i++)
		r[i] = check(dir, &recordings[i]);
	if (r[0].opened && r[1].opened) {
		ok(r[0].hash == r[1].hash, "schedviz: version 6 and 7 give the same stream");
		is_num(r[0].last - r[0].first, 2009150555, "schedviz: from first to last");
	}
	if (r[2].opened && r[3].opened)
		ok(r[2].hash == r[3].hash, "arm32: version 6 and 7 give the same stream");
	idle(dir);
	for (size_t i = 0; i < ARRAY_LEN(recordings); i++)
		if (r[i].opened && r[i].n > 1000)
			cut(dir, &recordings[i], r[i]);
	return done();
}
