// SPDX-License-Identifier: GPL-2.0-only
/* The perf.data source on recordings that other people published. Read in place: $RECORDINGS, or beside the project. */
#include "source.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct err err;

static bool has_note(const struct source *s, const char *part)
{
	for (size_t i = 0; i < s->info.n_notes; i++)
		if (strstr(s->info.notes[i], part))
			return true;
	return false;
}

static const char *recording(const char *name)
{
	const char *dir = getenv("RECORDINGS");
	static char path[512];

	snprintf(path, sizeof path, "%s/others/%s", dir ? dir : "../shared/recordings", name);
	if (!access(path, R_OK))
		return path;
	skip("%s: no such recording", path);
	return NULL;
}

static struct source *open_recording(const char *name)
{
	const char *path = recording(name);
	struct source *s = path ? source_open(path, &err) : NULL;

	if (path)
		ok(s != NULL, "%s: opens", name);
	return s;
}

/* How many there are of each: NAME=N, in the order of the formats. */
static void check_counts(const char *name, const char *want, const char *part_of_note)
{
	struct source *s = open_recording(name);
	char counts[512] = "";
	struct event ev = { 0 };
	size_t at = 0;
	uint32_t *n;

	if (!s)
		return;
	n = xcalloc(65536, sizeof *n);
	while (source_next(s, &ev, &err) == 1)
		n[ev.type]++;
	for (size_t i = 0; i < s->formats.n && at < sizeof counts; i++)
		if (n[i])
			at += (size_t)snprintf(counts + at, sizeof counts - at, "%s=%u ", s->formats.v[i]->name, n[i]);
	is_text(counts, want, "%s: what is in it", name);
	if (part_of_note)
		ok(has_note(s, part_of_note), "%s: a note: %s", name, part_of_note);
	is_num(s->info.n_bad + s->info.n_late, 0, "%s: nothing bad or late", name);
	free(n);
	source_close(s);
}

static void test_damaged_recording(void)
{
	struct source *s = open_recording("piped.corrupted.zero_size_sample-3.2.perf.data");
	struct event ev = { 0 };
	int r;

	if (!s)
		return;
	while ((r = source_next(s, &ev, &err)) == 1)
		;
	is_num(r, -EINVAL, "damaged recording: ends with an error");
	has_text(err.text, "record of size 0 at byte 49104: file is damaged", "damaged recording: one sentence");
	is_num(s->info.n_notes, 0, "damaged recording: and nothing more");
	source_close(s);
}

static uint64_t json_num(const char *p, const char *end, const char *key)
{
	const char *v = memmem(p, (size_t)(end - p), key, strlen(key));

	return v ? strtoull(v + strlen(key) + (v[strlen(key)] == '"'), NULL, 0) : UINT64_MAX;
}

/* Tenths of microseconds within the minute, of "time": "2024-03-28T00:45:29.3881486Z". */
static uint64_t json_time(const char *p, const char *end)
{
	const char *v = memmem(p, (size_t)(end - p), "\"time\": \"", 9);
	double seconds = v ? strtod(v + 9 + 17, NULL) : -1;

	return (uint64_t)(seconds * 1e7 + 0.5);
}

static bool same_as_json(struct source *s, const struct event *ev, const char *p, const char *end, uint64_t *shift)
{
	const struct format *f = s->formats.v[ev->type];
	bool is_switch = !strncmp(p, "\"sched:sched_switch\"", 20);
	uint64_t t = json_time(p, end);
	struct access prev, next;

	if (is_switch != !strcmp(f->full, "sched:sched_switch") || json_num(p, end, "\"cpu\": ") != ev->cpu)
		return false;
	*shift = *shift ? *shift : ev->ts / 100 - t;
	if (t + *shift + 1 < ev->ts / 100 || t + *shift > ev->ts / 100 + 1)
		return false;
	if (!is_switch)
		return true;
	prev = formats_access(&s->formats, f, "prev_pid");
	next = formats_access(&s->formats, f, "next_pid");
	return access_get(&prev, ev) == json_num(p, end, "\"prev_pid\": ") &&
	       access_get(&next, ev) == json_num(p, end, "\"next_pid\": ");
}

static char *slurp(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *p;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	p = xcalloc(1, (size_t)st.st_size + 1);
	if (read(fd, p, (size_t)st.st_size) != st.st_size)
		p[0] = 0;
	close(fd);
	return p;
}

static void test_json(void)
{
	const char *path = recording("pipe.perf.data.expected.json"), *p, *end;
	char *json = path ? slurp(path) : NULL;
	struct source *s = json ? open_recording("pipe.perf.data") : NULL;
	uint64_t n = 0, n_wrong = 0, shift = 0;
	struct event ev = { 0 };

	if (!s)
		goto out;
	p = strstr(json, "Events in Time order");
	while (p && source_next(s, &ev, &err) == 1) {
		if (s->formats.v[ev.type]->synthetic)
			continue;
		p = strstr(p, "\"n\": ");
		if (!p)
			break;
		p += 5;
		end = strstr(p, "\"n\": ");
		n_wrong += !same_as_json(s, &ev, p, end ? end : p + strlen(p), &shift);
		n++;
	}
	is_num(n, 551, "pipe.perf.data: samples");
	is_num(n_wrong, 0, "pipe.perf.data: as its publisher's JSON says: order, time, CPU, tasks");
	source_close(s);
out:
	free(json);
}

int main(void)
{
	alarm(100);		/* a hang is a failure */
	check_counts("sleep.perf.data", "comm=2 exit=1 ", "nothing here makes steps (samples: cycles:Pu: 7)");
#ifdef HAVE_zstd
	check_counts("sleep.zstd.perf.data", "comm=2 exit=1 ", "nothing here makes steps (samples: cycles:P: 8)");
	check_counts("sleep.zstd.pipe.perf.data", "comm=2 exit=1 ", "nothing here makes steps (samples: cycles:P: 8)");
	check_counts("fibo.zstd2.pipe.perf.data", "comm=23 fork=19 exit=17 ", "nothing here makes steps (samples: cycles:P: 547)");
#else
	skip("compressed recordings: built without zstd");
#endif
	check_counts("lost_samples-4.4.perf.data", "lost=2 comm=3 exit=1 ", "cycles:pp: 97");
	check_counts("ctx_switch_namespaces-4.14.perf.data", "comm=3 exit=1 switch=2 ", "cycles: 2");
	check_counts("piped.ctx_switch_namespaces-4.14.perf.data", "comm=3 exit=1 switch=2 ", "cycles: 7");
	test_damaged_recording();
	test_json();
	return done();
}
