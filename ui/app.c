// SPDX-License-Identifier: GPL-2.0-only
#include "app.h"
#include "look.h"
#include "view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MIN_COLS 40
#define MIN_LINES 10

const struct view *const views[] = { &view_steps, &view_chain, &view_data, &view_help };
const unsigned n_views = ARRAY_LEN(views);

struct slot {
	void *state;
	bool fresh;			/* update() has seen the snapshot */
};
struct app {
	const struct snapshot *snap;
	struct slot slot[ARRAY_LEN(views)];
	unsigned now, before;		/* numbers of views; before: where help was asked for */
	struct rect body;		/* as drawn last */
	char status[sizeof(struct err)];
};

struct app *app_new(void)
{
	struct app *app = xcalloc(1, sizeof *app);

	for (unsigned i = 0; i < n_views; i++)
		app->slot[i].state = xcalloc(1, views[i]->state_size);
	app->body = (struct rect){ 0, 0, 80, 18 };
	return app;
}

void app_free(struct app *app)
{
	if (!app)
		return;
	for (unsigned i = 0; i < n_views; i++) {
		if (views[i]->fini)
			views[i]->fini(app->slot[i].state);
		free(app->slot[i].state);
	}
	free(app);
}

void app_set_snapshot(struct app *app, const struct snapshot *snap)
{
	app->snap = snap;
	for (unsigned i = 0; i < n_views; i++)
		app->slot[i].fresh = false;
}

void app_set_status(struct app *app, const char *text)
{
	snprintf(app->status, sizeof app->status, "%s", text);
}

/* Only the view that is looked at is brought up to date: sorting for the others would be for nothing. */
static void *state_of_now(struct app *app)
{
	struct slot *slot = app->slot + app->now;

	if (!slot->fresh)
		views[app->now]->update(slot->state, app->snap);
	slot->fresh = true;
	return slot->state;
}

static unsigned show_view(struct app *app, unsigned view)
{
	if (view >= n_views)
		return 0;
	if (views[view] == &view_help && view != app->now)
		app->before = app->now;
	app->now = view;
	return UI_REDRAW;
}

static void go(struct app *app, const struct target *to)
{
	for (unsigned i = 0; i < n_views; i++)
		if (!strcmp(views[i]->name, to->view)) {
			show_view(app, i);
			if (views[i]->enter)
				views[i]->enter(state_of_now(app), app->snap, to);
		}
}

/* What means the same in every view. */
static unsigned act_global(struct app *app, enum action a)
{
	switch (a) {
	case ACT_QUIT:
		return UI_QUIT;
	case ACT_REPAINT:
		return UI_REPAINT | UI_REDRAW;
	case ACT_HELP:
		return show_view(app, n_views - 1);
	case ACT_NEXT_VIEW:
		return show_view(app, (app->now + 1) % n_views);
	case ACT_PREV_VIEW:
		return show_view(app, (app->now + n_views - 1) % n_views);
	default:
		/* Help is reached by its own key, not by a number. */
		if (a >= ACT_VIEW_1 && a <= ACT_VIEW_9 && (unsigned)(a - ACT_VIEW_1) + 1 < n_views)
			return show_view(app, (unsigned)(a - ACT_VIEW_1));
		return 0;
	}
}

unsigned app_act(struct app *app, enum action a)
{
	struct move m = { .body = app->body };
	unsigned done = 0;

	if (app->snap && a != ACT_QUIT)
		done = views[app->now]->act(state_of_now(app), app->snap, a, &m);
	if (done & UI_GO)
		go(app, &m.to);
	else if (done & UI_CLOSE)
		show_view(app, views[app->now] == &view_help ? app->before : 0);
	return done ? done : act_global(app, a);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!strcmp(path, "-"))
		return "standard input";
	return slash && slash[1] ? slash + 1 : path;
}

static void add_losses(const struct snapshot *s, struct parts *ps)
{
	bool uncounted = false;
	char n[16];

	for (size_t i = 0; i < s->n_losses; i++)
		uncounted |= s->losses[i].uncounted;
	if (s->source.n_lost)
		parts_add(ps, 0, STYLE_OVER, "", "lost %s%s", look_count(n, sizeof n, s->source.n_lost), uncounted ? "+" : "");
	else if (s->n_losses)
		parts_add(ps, 0, STYLE_OVER, "", "lost some");
	else
		parts_add(ps, 2, STYLE_NORMAL, "lost ", "0");
	if (s->source.n_late)
		parts_add(ps, 3, STYLE_NOTE, "late ", "%s", look_count(n, sizeof n, s->source.n_late));
	else
		parts_add(ps, 6, STYLE_NORMAL, "late ", "0");
}

static void add_capabilities(const struct snapshot *s, struct parts *ps)
{
	size_t off = 0, partial = 0;

	for (size_t i = 0; i < s->n_caps; i++) {
		off += s->caps[i].state == CAP_OFF;
		partial += s->caps[i].state == CAP_PARTIAL;
	}
	if (off)
		parts_add(ps, 1, STYLE_NOTE, "", "%zu stage%s off", off, off == 1 ? "" : "s");
	if (partial)
		parts_add(ps, 4, STYLE_NOTE, "", "%zu in part", partial);
}

static void add_cost(const struct snapshot *s, struct parts *ps)
{
	char a[16];

	if (s->self.cpu_ns)
		parts_add(ps, 9, STYLE_NORMAL, "cost ", "%s CPU", fmt_ns(a, sizeof a, s->self.cpu_ns));
	if (s->self.rss_bytes)
		parts_add(ps, 10, STYLE_NORMAL, "", "%s", look_bytes(a, sizeof a, s->self.rss_bytes));
	if (s->self.events_per_s)
		parts_add(ps, 11, STYLE_NORMAL, "", "%s ev/s", look_count(a, sizeof a, s->self.events_per_s));
}

static bool is_live(const struct snapshot *s)
{
	return !s->source.file[0] && !strcmp(s->source.kind, "tracefs");
}

static void title_line(const struct snapshot *s, struct cells *c, int w)
{
	struct parts left = { 0 }, right = { 0 };
	int used;

	parts_add(&left, 0, STYLE_TITLE, "", "agenttop");
	if (is_live(s))
		parts_add(&left, 0, STYLE_GOOD, "", "● live");
	else
		parts_add(&left, 0, STYLE_NORMAL, "", "%.60s", s->source.file[0] ? base_name(s->source.file) : s->source.kind);
	if (s->source.file[0] && s->source.kind[0])
		parts_add(&left, 5, STYLE_DIM, "", "%.20s%s%.20s", s->source.kind, s->source.version[0] ? " " : "",
			  s->source.version);
	if (s->source.host[0])
		parts_add(&left, 3, STYLE_NORMAL, "", "%.40s", s->source.host);
	if (s->source.kernel[0])
		parts_add(&left, 4, STYLE_NORMAL, "", "%.40s", s->source.kernel);
	if (s->source.cpus)
		parts_add(&left, 2, STYLE_NORMAL, "", "%u CPU%s", s->source.cpus, s->source.cpus == 1 ? "" : "s");
	if (s->source.clock[0])
		parts_add(&left, 6, STYLE_NORMAL, "clock ", "%.20s", s->source.clock);
	add_cost(s, &right);
	add_capabilities(s, &right);
	add_losses(s, &right);
	/* Measured first: losses and stages off are worth more than the host's name. */
	used = parts_put(&right, &(struct cells){ 0 }, 0, 0, MAX(w / 2, w - 60), 2);
	parts_put(&left, c, 0, 0, w - used - 2, 2);
	parts_put(&right, c, w - used, 0, used, 2);
}

static int put_progress(const struct app *app, struct cells *c, int x, int y, int w)
{
	const struct snapshot *s = app->snap;
	double done = s->source.bytes_total ? (double)s->source.bytes_done / (double)s->source.bytes_total : 0;
	int bar = 12, full = (int)(MIN(done, 1.0) * bar + 0.5);
	char pct[16];
	int at;

	if (s->complete || is_live(s))
		return 0;
	if (app->status[0])		/* an error: nothing more will be read */
		return s->source.bytes_total ? cells_putf(c, x, y, w, STYLE_OVER, " %.0f %% was read ", MIN(done, 1.0) * 100) : 0;
	if (!s->source.bytes_total)
		return cells_putf(c, x, y, w, STYLE_NOTE, " reading, %s events ", look_count(pct, sizeof pct, s->source.n_events));
	if (w < 9 + bar + 8)
		return cells_putf(c, x, y, w, STYLE_NOTE, " %.0f %% read ", MIN(done, 1.0) * 100);
	at = cells_put(c, x, y, w, STYLE_NOTE, " reading ");
	cells_fill(c, (struct rect){ x + at, y, bar, 1 }, STYLE_DIM, 0x2591);
	cells_fill(c, (struct rect){ x + at, y, full, 1 }, STYLE_NOTE, 0x2588);
	return at + bar + cells_putf(c, x + at + bar, y, w - at - bar, STYLE_NOTE, " %.0f %% ", MIN(done, 1.0) * 100);
}

static void tab_line(struct app *app, struct cells *c, int y, int w)
{
	char text[128] = "";
	int x = 0, room;

	cells_fill(c, (struct rect){ 0, y, w, 1 }, STYLE_DIM, 0x2500);
	for (unsigned i = 0; i < n_views; i++) {
		bool now = i == app->now;
		char number[4] = { i + 1 == n_views ? '?' : (char)('1' + i), 0 };

		x += cells_putf(c, x, y, w - x, now ? STYLE_TITLE | STYLE_SELECTED : STYLE_NORMAL, now ? "[%s %s]" : " %s %s ",
				number, views[i]->title);
	}
	room = w - x - 2;
	if (views[app->now]->status)
		views[app->now]->status(app->slot[app->now].state, app->snap, text, sizeof text);
	if (text[0] && cells_width(text) + 2 <= room) {
		room -= cells_width(text) + 2;
		cells_putf(c, x + 2 + room, y, w, STYLE_NORMAL, " %s ", text);
	}
	if (room > 10)
		put_progress(app, c, x + 1, y, room);
}

static void footer_line(const struct view *v, struct cells *c, int y, int w)
{
	struct parts ps = { 0 };
	uint8_t drop = 1;
	char key[32];

	for (const struct keydoc *k = v->keys; k->action && ps.n + 4 < ARRAY_LEN(ps.p); k++)
		if (k->foot)
			parts_add(&ps, drop++, STYLE_NORMAL, "", "%s %s",
				  k->foot_key ? k->foot_key : action_key_text(key, sizeof key, k->action, false), k->foot);
	parts_add(&ps, 0, STYLE_NORMAL, "", "? help");
	parts_add(&ps, 0, STYLE_NORMAL, "", "q quit");
	parts_put(&ps, c, 0, y, w, 2);
	/* Keys stand out from what they do. */
	for (int x = 0; x < MIN(w, c->cols); x++) {
		struct cell *at = c->at + (size_t)y * (size_t)c->cols + x;
		bool starts = at->ch != ' ' && (x < 2 ? x == 0 : at[-1].ch == ' ' && at[-2].ch == ' ');

		if (starts)
			for (; x < MIN(w, c->cols) && c->at[(size_t)y * (size_t)c->cols + (size_t)x].ch != ' '; x++)
				c->at[(size_t)y * (size_t)c->cols + (size_t)x].style = STYLE_KEY;
	}
}

/* What must be said now: an error, else the recording's first note. Returns the lines used, 0 or 1. */
static int status_line(const struct app *app, struct cells *c, int y, int w)
{
	const struct snapshot *s = app->snap;

	if (app->status[0]) {
		cells_put(c, 0, y, w, STYLE_OVER, app->status);
		return 1;
	}
	if (!s->n_notes)
		return 0;
	if (s->n_notes > 1)
		cells_putf(c, 0, y, w, STYLE_NOTE, "note (1 of %zu, see Data): %s", s->n_notes, s->notes[0]);
	else
		cells_putf(c, 0, y, w, STYLE_NOTE, "note: %s", s->notes[0]);
	return 1;
}

static void draw_view(struct app *app, struct cells *c)
{
	const struct view *v = views[app->now];
	const void *state = state_of_now(app);
	int w = c->cols, end = c->lines - 1, y = 1;

	title_line(app->snap, c, w);
	footer_line(v, c, end, w);
	end -= status_line(app, c, end - 1, w);
	if (v->head)
		y += v->head(state, app->snap, c, (struct rect){ 0, y, w, MIN(c->lines < 24 ? 3 : 5, end - y - 3) });
	tab_line(app, c, y++, w);
	app->body = (struct rect){ 0, y, w, end - y };
	v->draw(state, app->snap, c, app->body);
}

void app_draw(struct app *app, struct cells *c)
{
	cells_clear(c);
	if (c->cols < MIN_COLS || c->lines < MIN_LINES) {
		cells_putf(c, 0, 0, c->cols, STYLE_NOTE, "%dx%d is too small", c->cols, c->lines);
		cells_putf(c, 0, 1, c->cols, STYLE_NORMAL, "needs %dx%d", MIN_COLS, MIN_LINES);
	} else if (!app->snap) {
		cells_put(c, 0, 0, c->cols, STYLE_TITLE, "agenttop");
		cells_put(c, 0, 2, c->cols, app->status[0] ? STYLE_OVER : STYLE_NORMAL,
			  app->status[0] ? app->status : "nothing has been read yet");
		cells_put(c, 0, c->lines - 1, c->cols, STYLE_NORMAL, "q quit");
	} else {
		draw_view(app, c);
	}
}

static int press_keys(struct app *app, struct cells *c, const char *keys, struct err *e)
{
	uint32_t key;
	int r;

	while ((r = action_next_key(&keys, &key, e)) > 0) {
		app_act(app, action_of_key(key));
		app_draw(app, c);		/* what is a page depends on what is seen */
	}
	return r;
}

int ui_screen_dump(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys, bool ascii, FILE *out,
		   struct err *e)
{
	struct snapshot still = *s;
	struct cells c = { 0 };
	struct app *app;
	int r;

	/* What reading has cost differs from run to run; the rest of the screen does not. */
	memset(&still.self, 0, sizeof still.self);
	if (!cols || !lines || cols > CELLS_MAX || lines > CELLS_MAX)
		return err_set(e, -EINVAL, "a screen of %ux%u: columns and lines go from 1 to %d", cols, lines, CELLS_MAX);
	app = app_new();
	cells_resize(&c, (int)cols, (int)lines);
	app_set_snapshot(app, &still);
	app_draw(app, &c);
	r = press_keys(app, &c, keys ? keys : "", e);
	if (!r) {
		cells_dump(&c, ascii, out);
		if (ferror(out))
			r = err_set(e, -EIO, "the screen could not be written: %s", strerror(errno));
	}
	cells_fini(&c);
	app_free(app);
	return r;
}
