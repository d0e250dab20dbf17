// SPDX-License-Identifier: GPL-2.0-only
#include "ui.h"
#include "app.h"
#include "export_file.h"
#include "term.h"
#include "view.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define READ_MS 8			/* reading between two looks for keys: painting has to fit into 16 ms as well */
#define FRAME_MS 50			/* between two paintings that nobody asked for by a key, at the least */
#define QUIET_MS 100			/* a pipe without news for so long: show what there is */
#define PAINT_SHARE 5			/* such paintings take at most one part in so many of the time */
/* Live: events come all the time, and taking them in small portions costs more. */
#define LIVE_TAKE_MS 8			/* a key waits so long at the most */
#define LIVE_REST_MS 40			/* until news is looked for again, when all that had come was taken */
#define LIVE_FRAME_MS 250

struct loop {
	struct ui_feed *feed;
	struct app *app;
	struct cells cells;
	bool finished;
	bool news, asked;		/* something new to show; a person waits for it */
	bool at_once;			/* live: step() is to be called, and what it brings shown, whether it is time or not */
	int64_t painted_ms, paint_took_ms;
	int64_t shown_ms, show_took_ms;	/* live: news, with the snapshot that it takes */
	int done;			/* what ui_run() is to return; > 0: it goes on */
};
static struct loop *running;		/* for ui_wait(), which is called from below feed->step() */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What step() returns is valid now, so what was before is not. */
static bool read_on(struct loop *l, unsigned budget_ms)
{
	struct err e = { "" };
	bool is_new = app_set_snapshot(l->app, l->feed->step(l->feed->arg, budget_ms, &l->finished, &e));

	if (e.text[0]) {
		app_set_status(l->app, e.text);
		l->finished = true;
	}
	return is_new || e.text[0];
}

static void paint(struct loop *l)
{
	int64_t begin_ms = now_ms();
	int cols, lines;

	term_size(&cols, &lines);
	if (cols != l->cells.cols || lines != l->cells.lines)
		cells_resize(&l->cells, cols, lines);
	app_draw(l->app, &l->cells);
	term_draw(&l->cells);
	l->news = l->asked = false;
	l->painted_ms = now_ms();
	l->paint_took_ms = l->painted_ms - begin_ms;
}

/* A click is at what is seen: what keys before it have changed is painted first. News stays news. */
static void show_asked(struct loop *l)
{
	bool news = l->news;

	if (l->asked)
		paint(l);
	l->news = news;
}

static int until_next_frame(const struct loop *l)
{
	int64_t left = l->painted_ms + MAX(FRAME_MS, l->paint_took_ms * PAINT_SHARE) - now_ms();

	return left > 0 ? (int)left : 0;
}

/* What was done shows in the next snapshot, which is fetched at once; when the screens stand still there is none. */
static void command(struct loop *l, enum ui_command what, int64_t value)
{
	struct err e = { "" };
	bool still = app_paused(l->app);

	if (!l->feed->command)
		return;
	if (l->feed->command(l->feed->arg, what, value, &e))
		app_set_notice(l->app, true, e.text[0] ? e.text : "that did not work");
	else if (e.text[0])
		app_set_notice(l->app, false, e.text);
	else if (still && (what == UI_FOLLOW || what == UI_SAVE))
		app_set_notice(l->app, false, "done; the screens stand still, p goes on");
	l->asked = true;
	l->at_once = !still;
}

static void obey_range(struct loop *l)
{
	struct err e = { "" };
	uint64_t from, to;

	app_range(l->app, &from, &to);
	if (!l->feed->range || l->feed->range(l->feed->arg, from, to, &e)) {
		app_range_failed(l->app);
		app_set_notice(l->app, true, e.text[0] ? e.text : "there is only one reading of this");
		return;
	}
	l->finished = false;
	l->news = l->at_once = true;
}

static void write_part(void *arg, unsigned part, FILE *f)
{
	struct loop *l = arg;

	app_export_write(l->app, part, term_is_ascii(), f);
}

static void obey_export(struct loop *l)
{
	struct err e = { "" };
	char said[sizeof e.text];
	bool bad = export_save(app_export(l->app), write_part, l, said, sizeof said, &e);

	app_set_notice(l->app, bad, bad ? e.text : said);
}

static void obey_command(struct loop *l)
{
	int64_t value;
	enum ui_command what = app_command(l->app, &value);

	command(l, what, value);
}

/* What one event leads to. 1: go on; else what ui_run() returns. */
static int obey(struct loop *l, enum term_event ev, uint32_t key)
{
	unsigned done;

	switch (ev) {
	case TERM_NOTHING:
	case TERM_INPUT:
		return 1;
	case TERM_SIGNAL:
		return term_signal() == SIGINT ? 0 : -EINTR;	/* Ctrl-C is a key like q */
	case TERM_GONE:
		return -EIO;
	case TERM_RESIZE:
		l->asked = true;
		return 1;
	case TERM_SUSPEND:
		command(l, UI_SUSPEND, 1);
		term_suspend();
		command(l, UI_SUSPEND, 0);
		l->asked = true;
		return 1;
	case TERM_KEY:
	case TERM_CLICK:
		break;
	}
	if (ev == TERM_CLICK)
		show_asked(l);
	done = ev == TERM_CLICK ? app_click(l->app, term_click()) : app_key(l->app, key);
	if (done & UI_REPAINT)
		term_repaint();
	if (done & UI_COMMAND)
		obey_command(l);
	if (done & UI_RANGE)
		obey_range(l);
	if (done & UI_EXPORT)
		obey_export(l);
	l->asked |= done != 0;
	return done & UI_QUIT ? 0 : 1;
}

/* Waits for an event when there is nothing else to do, then takes all that are there: a key held down is painted once. */
static enum term_event serve(struct loop *l, int timeout_ms, int fd)
{
	enum term_event ev;

	do {
		uint32_t key = 0;

		ev = term_poll(timeout_ms, fd, &key);
		l->done = obey(l, ev, key);
		timeout_ms = 0;
	} while (l->done > 0 && (ev == TERM_KEY || ev == TERM_CLICK));
	return ev;
}

static void paint_if_due(struct loop *l)
{
	if (l->asked || (l->news && !until_next_frame(l)))
		paint(l);
}

int ui_wait(int fd)
{
	struct loop *l = running;
	bool quiet = false;

	while (l && l->done > 0) {
		enum term_event ev;

		paint_if_due(l);
		ev = serve(l, l->news ? until_next_frame(l) : quiet ? -1 : QUIET_MS, fd);
		if (ev == TERM_INPUT)
			return 0;
		if (ev == TERM_NOTHING && !l->news && !quiet) {
			app_set_snapshot(l->app, l->feed->now(l->feed->arg));
			quiet = l->news = true;
		}
	}
	return l ? -EINTR : 0;
}

static int run(struct loop *l)
{
	/* Painted before anything is read: a recording may be slow to come. */
	while (l->done > 0) {
		paint_if_due(l);
		if (!l->finished)
			l->news |= read_on(l, READ_MS);
		if (l->done > 0)
			serve(l, !l->finished ? 0 : l->news ? until_next_frame(l) : -1, -1);
	}
	return l->done;
}

/* ---- live ---- */

/* Takes what has come. Returns when to look for more: at once when there was more than could be taken. */
static int64_t take(struct loop *l)
{
	int64_t begin_ms = now_ms(), end_ms;

	read_on(l, LIVE_TAKE_MS);
	l->news = true;
	l->asked |= l->finished;
	end_ms = now_ms();
	return end_ms - begin_ms >= LIVE_TAKE_MS ? end_ms : end_ms + LIVE_REST_MS;
}

/* -1: there is nothing to show, or nobody wants to see it. Keys that are painted in between put nothing off. */
static int until_news(const struct loop *l)
{
	int64_t left = l->shown_ms + MAX(LIVE_FRAME_MS, l->show_took_ms * PAINT_SHARE) - now_ms();

	if (!l->news || (app_paused(l->app) && !l->at_once))
		return -1;
	return left > 0 && !l->at_once && !l->finished ? (int)left : 0;
}

/* A snapshot is taken for each frame that shows news, and for no other. */
static void show_news(struct loop *l)
{
	int64_t begin_ms = now_ms();

	if (l->feed->now && !l->finished)
		app_set_snapshot(l->app, l->feed->now(l->feed->arg));
	paint(l);
	l->shown_ms = now_ms();
	l->show_took_ms = l->shown_ms - begin_ms;
	l->at_once = l->news = app_reading_range(l->app);
}

/* Sleeps until there is news, a key, or a frame to paint: without any, for ever. */
static int run_live(struct loop *l)
{
	int64_t next_ms = 0;

	l->at_once = true;
	while (l->done > 0) {
		int64_t rest_ms;
		int timeout;

		if (l->at_once && !l->finished)
			next_ms = take(l);
		timeout = until_news(l);
		if (!timeout) {
			show_news(l);
			timeout = -1;
		} else if (l->asked) {
			show_asked(l);
		}
		rest_ms = l->finished ? -1 : MAX(next_ms - now_ms(), 0);
		if (rest_ms > 0 && (timeout < 0 || rest_ms < timeout))
			timeout = (int)rest_ms;
		if (serve(l, timeout, rest_ms ? -1 : l->feed->fd) == TERM_INPUT)
			next_ms = take(l);
	}
	return l->done;
}

int ui_run(struct ui_feed *feed, struct err *e)
{
	struct loop l = { .feed = feed, .asked = true, .done = 1 };
	int r = term_open(e);

	if (r)
		return r;
	l.app = app_new();
	running = &l;
	r = feed->fd >= 0 ? run_live(&l) : run(&l);
	running = NULL;
	term_close();
	app_free(l.app);
	cells_fini(&l.cells);
	if (r == -EIO)
		err_set(e, r, "the terminal was lost");
	else if (r == -EINTR)
		err_set(e, r, "ended by signal %d (%s)", term_signal(), strsignal(term_signal()));
	return r;
}

int ui_signal(void)
{
	return term_signal();
}
