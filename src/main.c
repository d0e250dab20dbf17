// SPDX-License-Identifier: GPL-2.0-only
/* Arguments to a run. Alone in its object, so that tests link all the rest. */
#include "app.h"
#include "broker.h"
#include "command.h"
#include "feed.h"
#include "look.h"
#include "opts.h"
#include "report.h"
#include "session.h"
#include "source.h"
#include "term.h"
#include "theme.h"
#include "ui.h"
#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_GOOD = 0, EXIT_WORK = 1, EXIT_USAGE = 2, EXIT_DENIED = 3 };

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

/* A report, or one screen as text. */
static int show(const struct opts *o, const struct snapshot *snap)
{
	struct err err;

	if (!o->screen_cols) {
		print_report(o, snap);
		return EXIT_GOOD;
	}
	if (ui_screen_dump(snap, o->screen_cols, o->screen_lines, o->keys, wants_ascii(), stdout, &err))
		return complain(&err, EXIT_USAGE);
	return EXIT_GOOD;
}

/* Everything at once. A damaged end shows what was read, then fails. */
static int batch(const struct opts *o)
{
	const struct opts keep = keep_enough(o);
	struct err err = { "" };
	struct session *s = session_open(&keep, &err);
	struct snapshot *snap;
	int r, code = EXIT_GOOD;

	if (!s)
		return complain(&err, EXIT_WORK);
	r = session_read(s, 0, &err);
	snap = session_snapshot(s);
	if (r < 0 && !snap->source.n_events)
		code = EXIT_WORK;
	else
		code = show(o, snap);
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

static const struct snapshot *screen_step(void *arg, unsigned budget_ms, bool *finished, struct err *err)
{
	return feed_step(arg, budget_ms, finished, err);
}

static const struct snapshot *screen_now(void *arg)
{
	return feed_now(arg);
}

static int screen_range(void *arg, uint64_t from, uint64_t to, struct err *err)
{
	return feed_range(arg, from, to, err);
}

static int screen_command(void *arg, enum ui_command what, int64_t value, struct err *err)
{
	struct session *s = feed_session(arg);

	switch (what) {
	case UI_FOLLOW:
		return session_follow(s, (int32_t)value, false, err);
	case UI_PAUSE:
		return 0;		/* the screen stands still, recording does not */
	case UI_SAVE:
		return session_save(s, err);
	case UI_SUSPEND:
		return session_pause(s, value);
	}
	return -EINVAL;
}

static int screen_of(const struct opts *o, struct session *s, struct err *err)
{
	struct feed *f = feed_new(o, s);
	struct ui_feed feed = { .arg = f, .step = screen_step, .now = screen_now, .fd = session_fd(s),
				.command = screen_command, .range = screen_range };
	int r;

	source_wait = ui_wait;
	r = ui_run(&feed, err);
	feed_free(f);
	return r;
}

static int screen(const struct opts *o)
{
	struct err err = { "" };
	struct session *s = session_open(o, &err);
	int r;

	if (!s)
		return complain(&err, EXIT_WORK);
	r = screen_of(o, s, &err);
	session_close(s);
	return r ? complain(&err, EXIT_WORK) : EXIT_GOOD;
}

/* ---- live ---- */

static volatile sig_atomic_t stop_signal;

static void on_stop(int sig)
{
	stop_signal = sig;
}

static void catch_stop(void)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction a = { .sa_handler = on_stop };

	for (size_t i = 0; i < sizeof sigs / sizeof sigs[0]; i++)
		sigaction(sigs[i], &a, NULL);
}

static void say_ended(const char *command, int status)
{
	if (WIFSIGNALED(status))
		fprintf(stderr, "agenttop: %s was ended by signal %d (%s)\n", command, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		fprintf(stderr, "agenttop: %s ended with status %d\n", command, WEXITSTATUS(status));
}

/* Without a screen: until the time is up, the command has ended, or a signal says so. */
static int record_on(const struct opts *o, struct session *s, struct command *c, struct err *err)
{
	uint64_t end = o->duration_ns ? clock_ns(CLOCK_MONOTONIC) + o->duration_ns : UINT64_MAX;
	int status = 0, r = 1;
	bool ended = false;

	catch_stop();
	while (r > 0 && !stop_signal && clock_ns(CLOCK_MONOTONIC) < end && !(ended = c && command_ended(c, &status))) {
		struct pollfd p = { session_fd(s), POLLIN, 0 };
		uint64_t left = end - clock_ns(CLOCK_MONOTONIC);

		poll(&p, 1, (int)MIN(left / NSEC_PER_MSEC + 1, 50u));
		r = session_read(s, 100, err);
	}
	if (!ended)
		command_end(c);
	else if (status)
		say_ended(o->command[0], status);
	return r < 0 ? r : 0;
}

static void say_recorded(const struct opts *o, const struct snapshot *snap)
{
	char span[24];

	fprintf(stderr, "agenttop: %s: %llu events of %s, %.0f kB, %llu lost\n", o->record,
		(unsigned long long)snap->source.n_events, fmt_ns(span, sizeof span, snap->source.end - snap->source.begin),
		(double)snap->live.record_bytes / 1e3, (unsigned long long)snap->source.n_lost);
}

static bool wants_report(const struct opts *o)
{
	return o->report != REPORT_NONE || o->screen_cols;
}

/* The command has the terminal, a report the standard output: only else is there a screen. */
static bool has_screen(const struct opts *o)
{
	return !wants_report(o) && !o->command && !o->duration_ns && isatty(STDOUT_FILENO);
}

static int live_session(const struct opts *o, struct session *s, struct command *c)
{
	struct err err = { "" }, finish_err = { "" };
	struct snapshot *snap;
	int r, code = EXIT_GOOD;

	if (has_screen(o))
		r = screen_of(o, s, &err);
	else
		r = record_on(o, s, c, &err);
	if (session_finish(s, &finish_err) && !r) {
		r = -EIO;
		err = finish_err;
	}
	snap = session_snapshot(s);
	if (wants_report(o))
		code = show(o, snap);
	else if (o->record && !r)
		say_recorded(o, snap);
	if (!r && session_damage(s))
		r = err_set(&err, -EIO, "%s", session_damage(s));
	snapshot_free(snap);
	if (r)
		return complain(&err, EXIT_WORK);
	return code ? code : flush(stdout);
}

static int with_broker(const struct opts *o, struct broker *b, struct command *c)
{
	struct err err = { "" };
	struct session *s;
	unsigned n;
	int r, code = 0;

	if (o->cleanup) {
		r = broker_cleanup(b, &n, &err);
		if (r)
			return complain(&err, r == -EACCES || r == -EPERM ? EXIT_DENIED : EXIT_WORK);
		printf("%u instance%s of agenttops that are no more removed\n", n, n == 1 ? "" : "s");
		return flush(stdout);
	}
	s = session_live(o, b, &code, &err);
	if (!s)
		return complain(&err, code == -EACCES || code == -EPERM ? EXIT_DENIED : EXIT_WORK);
	r = 0;
	if (c) {
		session_follow(s, command_pid(c), true, &err);
		r = command_go(c, &err);
	}
	if (r) {
		r = complain(&err, EXIT_WORK);
		session_finish(s, &err);	/* a file that was begun is whole all the same */
	} else {
		r = live_session(o, s, c);
	}
	session_close(s);
	return r;
}

/* Woken up, it takes no CPU away from the agents that it watches. */
static void run_in_the_background(void)
{
	const struct sched_param none = { 0 };

	sched_setscheduler(0, SCHED_BATCH, &none);
}

/*
 * Whatever goes wrong in here must not take the machine with it: beyond half of its memory we end, with a sentence, and
 * recording with us. Not where that much is mapped already, as sanitizers do.
 */
static void bound_memory(void)
{
	struct sysinfo i;
	unsigned long data = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	bool known = f && fscanf(f, "%*u %*u %*u %*u %*u %lu", &data) == 1;
	struct rlimit limit;

	if (f)
		fclose(f);
	if (!known || sysinfo(&i) || getrlimit(RLIMIT_DATA, &limit))
		return;
	limit.rlim_cur = MIN(limit.rlim_max, (rlim_t)i.totalram * i.mem_unit / 2);
	if ((rlim_t)data * (rlim_t)sysconf(_SC_PAGESIZE) < limit.rlim_cur / 2)
		setrlimit(RLIMIT_DATA, &limit);
}

static int live(const struct opts *given)
{
	struct opts o = *given;
	struct err err = { "" };
	struct command *c = NULL;
	struct broker *b;
	int r;

	/* one heap for both threads: what one frees the other has, and memory stays what was needed at once */
	mallopt(M_ARENA_MAX, 1);
	/* nobody to show a screen to, and nothing said of what to do instead */
	if (!wants_report(&o) && !o.record && !o.cleanup && (o.duration_ns || !isatty(STDOUT_FILENO)))
		o.report = REPORT_TEXT;
	o = keep_enough(&o);
	if (o.command && !(c = command_prepare(o.command, &err)))
		return complain(&err, EXIT_WORK);
	b = broker_start(&err);
	bound_memory();
	run_in_the_background();
	r = b ? with_broker(&o, b, c) : complain(&err, EXIT_WORK);
	broker_stop(b);
	command_free(c);
	return r;
}

int main(int argc, char **argv)
{
	struct err err = { "" };
	struct opts o;
	int r;

	fill_standard_fds();
	signal(SIGXFSZ, SIG_IGN);	/* ulimit -f: a write that fails with a sentence, not an end without one */
	user_as_caller(true);		/* a configuration file is read with the caller's rights, not with sudo's */
	r = opts_parse(argc, argv, &o, &err);
	user_as_caller(false);
	look_set_targets(o.target);
	theme_use(o.theme);
	term_use_mouse(o.mouse);
	if (r) {
		r = complain(&err, r == -EINVAL ? EXIT_USAGE : EXIT_WORK);
	} else if (o.help) {
		opts_help(stdout);
		r = flush(stdout);
	} else if (o.version) {
		opts_version(stdout);
		r = flush(stdout);
	} else if (opts_live(&o)) {
		r = live(&o);
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
