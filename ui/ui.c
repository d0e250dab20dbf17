// SPDX-License-Identifier: GPL-2.0-only
#include "ui.h"
#include "app.h"
#include "term.h"
#include "view.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define READ_MS 30			/* reading between two looks for keys */
#define FRAME_MS 50			/* between two paintings that nobody asked for by a key, at the least */
#define QUIET_MS 100			/* a pipe without news for so long: show what there is */
#define PAINT_SHARE 5			/* such paintings take at most one part in so many of the time */

struct loop {
	struct ui_feed *feed;
	struct app *app;
	struct cells cells;
	bool finished;
	bool news, asked;		/* something new to show; a person waits for it */
	int64_t painted_ms, paint_took_ms;
	int done;			/* what ui_run() is to return; > 0: it goes on */
};
static struct loop *running;		/* for ui_wait(), which is called from below feed->step() */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void read_on(struct loop *l)
{
	struct err e = { "" };

	app_set_snapshot(l->app, l->feed->step(l->feed->arg, READ_MS, &l->finished, &e));
	l->news = true;
	if (e.text[0]) {
		app_set_status(l->app, e.text);
		l->finished = true;
	}
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

static int until_next_frame(const struct loop *l)
{
	int64_t left = l->painted_ms + MAX(FRAME_MS, l->paint_took_ms * PAINT_SHARE) - now_ms();

	return left > 0 ? (int)left : 0;
}

/* What one event leads to. 1: go on; else what ui_run() returns. */
static int obey(struct loop *l, enum term_event ev, enum action a)
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
	case TERM_ACTION:
		break;
	}
	done = app_act(l->app, a);
	if (done & UI_REPAINT)
		term_repaint();
	l->asked |= done != 0;
	return done & UI_QUIT ? 0 : 1;
}

/* Waits for an event when there is nothing else to do, then takes all that are there: a key held down is painted once. */
static enum term_event serve(struct loop *l, int timeout_ms, int fd)
{
	enum term_event ev;

	do {
		enum action a = ACT_NONE;

		ev = term_poll(timeout_ms, fd, &a);
		l->done = obey(l, ev, a);
		timeout_ms = 0;
	} while (l->done > 0 && ev == TERM_ACTION);
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
			read_on(l);
		if (l->done > 0)
			serve(l, !l->finished ? 0 : l->news ? until_next_frame(l) : -1, -1);
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
	r = run(&l);
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
