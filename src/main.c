// SPDX-License-Identifier: GPL-2.0-only
/* Arguments to a run. Alone in its object, so that tests link all the rest. */
#include "app.h"
#include "look.h"
#include "opts.h"
#include "report.h"
#include "session.h"
#include "source.h"
#include "ui.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_GOOD = 0, EXIT_WORK = 1, EXIT_USAGE = 2 };

/* File names are as hostile as what is in the files. */
static int complain(const struct err *err, int code)
{
	char clean[2 * sizeof err->text];

	text_clean(clean, sizeof clean, err->text, sizeof err->text);
	fprintf(stderr, "agenttop: %s\n", clean);
	return code;
}

/* With a standard descriptor closed the recording would be opened in its place, and written to. Writing to these fails. */
static void fill_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			exit(EXIT_WORK);
}

/* Output that did not all arrive (a full disk, a closed pipe) is a failure like any other. */
static int flush(FILE *f)
{
	if (!fflush(f) && !ferror(f))
		return EXIT_GOOD;
	if (errno == EPIPE)
		return EXIT_WORK;
	fprintf(stderr, "agenttop: writing the output: %s\n", strerror(errno));
	return EXIT_WORK;
}

static void print_report(const struct opts *o, const struct snapshot *snap)
{
	struct report_opts ro;

	if (o->report == REPORT_JSON) {
		report_json_top(snap, o->n_top, stdout);
		return;
	}
	report_opts_init(&ro, stdout);
	ro.n_top = o->n_top;
	ro.target = o->target;
	if (o->steps == STEPS_NONE)
		ro.n_worst = 0;
	else if (o->steps == STEPS_WORST)
		ro.n_worst = (unsigned)MIN(o->n_worst, 1000u);
	report_text(snap, &ro, stdout);
}

static bool wants_ascii(void)
{
	const char *v = getenv("AGENTTOP_ASCII");

	return v && *v && strcmp(v, "0");
}

#define KEPT_FOR_TEXT 2000

/* Text shows a few steps and says what the slowest have in common: memory need not grow with the others. */
static struct opts keep_enough(const struct opts *o)
{
	struct opts k = *o;

	if (o->report == REPORT_TEXT && o->steps == STEPS_ALL) {
		k.steps = STEPS_WORST;
		k.n_worst = KEPT_FOR_TEXT;
	}
	return k;
}

/* Everything at once: a report, or one screen as text. A damaged end shows what was read, then fails. */
static int batch(const struct opts *o)
{
	const struct opts keep = keep_enough(o);
	struct err err = { "" }, screen_err = { "" };
	struct session *s = session_open(&keep, &err);
	struct snapshot *snap;
	int r, code = EXIT_GOOD;

	if (!s)
		return complain(&err, EXIT_WORK);
	r = session_read(s, 0, &err);
	snap = session_snapshot(s);
	if (r < 0 && !snap->source.n_events) {
		code = EXIT_WORK;
	} else if (o->screen_cols) {
		if (ui_screen_dump(snap, o->screen_cols, o->screen_lines, o->keys, wants_ascii(), stdout,
				   &screen_err))
			code = complain(&screen_err, EXIT_USAGE);
	} else {
		print_report(o, snap);
	}
	if (r >= 0 && session_damage(s))
		r = err_set(&err, -EIO, "%s: %s", o->file, session_damage(s));
	if (r < 0)
		code = complain(&err, EXIT_WORK);
	if (!code)
		code = flush(stdout);
	snapshot_free(snap);
	session_close(s);
	return code;
}

/* ---- the screen ---- */

#define SNAPSHOT_MS 100

struct feed {
	struct session *s;
	struct snapshot *snap;
	unsigned read_ms;		/* since the snapshot was taken */
	bool ended;
};

static const struct snapshot *feed_step(void *arg, unsigned budget_ms, bool *finished, struct err *err)
{
	struct feed *f = arg;

	if (!f->ended) {
		f->ended = session_read(f->s, budget_ms, err) <= 0;
		f->read_ms += budget_ms;
	}
	if (!f->snap || (f->read_ms && f->ended) || f->read_ms >= SNAPSHOT_MS) {
		snapshot_free(f->snap);
		f->snap = session_snapshot(f->s);
		f->read_ms = 0;
	}
	*finished = f->ended;
	return f->snap;
}

static const struct snapshot *feed_now(void *arg)
{
	struct feed *f = arg;

	if (session_has_begun(f->s)) {
		snapshot_free(f->snap);
		f->snap = session_snapshot(f->s);
		f->read_ms = 0;
	}
	return f->snap;
}

static int screen(const struct opts *o)
{
	struct err err = { "" };
	struct feed f = { .s = session_open(o, &err) };
	struct ui_feed feed = { .arg = &f, .step = feed_step, .now = feed_now };
	int r;

	if (!f.s)
		return complain(&err, EXIT_WORK);
	source_wait = ui_wait;
	r = ui_run(&feed, &err);
	snapshot_free(f.snap);
	session_close(f.s);
	return r ? complain(&err, EXIT_WORK) : EXIT_GOOD;
}

int main(int argc, char **argv)
{
	struct err err = { "" };
	struct opts o;
	int r;

	fill_standard_fds();
	r = opts_parse(argc, argv, &o, &err);
	look_set_targets(o.target);
	if (r) {
		r = complain(&err, r == -EINVAL ? EXIT_USAGE : EXIT_WORK);
	} else if (o.help) {
		opts_help(stdout);
		r = flush(stdout);
	} else if (o.version) {
		opts_version(stdout);
		r = flush(stdout);
	} else if (o.report != REPORT_NONE || o.screen_cols) {
		r = batch(&o);
	} else if (!isatty(STDOUT_FILENO)) {
		/* no terminal to draw on: what would have been on it, as text */
		o.report = REPORT_TEXT;
		r = batch(&o);
	} else {
		r = screen(&o);
	}
	opts_fini(&o);
	return r;
}
