// SPDX-License-Identifier: GPL-2.0-only
/* feed: a range that is chosen while looking shows what a report on that range says. */
#include "feed.h"
#include "opts.h"
#include "report.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#define RECORDING "testdata/vm-icount-irqhot.dat"

/* Without what differs from run to run. */
static char *json_of(const struct snapshot *s)
{
	char *text = NULL, *self;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	report_json_top(s, 0, f);
	fclose(f);
	self = strstr(text, "\"self\"");
	if (self)
		*self = 0;
	return text;
}

static struct opts options(void)
{
	char *argv[] = { (char *)"agenttop", (char *)RECORDING, NULL };
	struct err err;
	struct opts o;

	if (opts_parse(2, argv, &o, &err))
		die("%s", err.text);
	return o;
}

static const struct snapshot *read_all(struct feed *f)
{
	const struct snapshot *s = NULL;
	bool finished = false;
	struct err err = { "" };

	while (!finished)
		s = feed_step(f, 50, &finished, &err);
	return s;
}

static char *report_of(const struct opts *o, uint64_t from, uint64_t to)
{
	struct opts part = *o;
	struct err err;
	struct session *s;
	struct snapshot *snap;
	char *text;

	part.from = (struct opt_time){ TIME_CLOCK, from };
	part.to = (struct opt_time){ TIME_CLOCK, to };
	s = session_open(&part, &err);
	session_read(s, 0, &err);
	snap = session_snapshot(s);
	text = json_of(snap);
	snapshot_free(snap);
	session_close(s);
	return text;
}

static void test_ranges(void)
{
	struct opts o = options();
	struct err err = { "" };
	struct session *s = session_open(&o, &err);
	struct feed *f = feed_new(&o, s);
	const struct snapshot *snap = read_all(f);
	uint64_t begin = snap->source.begin, len = snap->source.end - begin;
	size_t n_all = snap->n_steps;
	char *all = json_of(snap), *again;

	ok(n_all > 10 && !snap->source.range, "all of it: %zu steps", n_all);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t from = begin + len * i / 4, to = from + len / 3;
		char *want = report_of(&o, from, to), *got;

		is_num(feed_range(f, from, to, &err), 0, "range %u", i);
		is_num((int64_t)snap->n_steps, (int64_t)(i ? snap->n_steps : n_all), "what was there is still there");
		snap = read_all(f);
		got = json_of(snap);
		ok(snap->source.range && snap->n_steps && snap->n_steps < n_all, "has %zu steps", snap->n_steps);
		ok(!strcmp(got, want), "range %u: it says what a report says", i);
		free(want);
		free(got);
	}
	is_num(feed_range(f, 0, 0, &err), 0, "all again");
	snap = read_all(f);
	again = json_of(snap);
	ok(!strcmp(again, all) && !snap->source.range, "is what it was");
	free(again);
	free(all);
	feed_free(f);
	session_close(s);
	opts_fini(&o);
}

int main(void)
{
	test_ranges();
	return done();
}
