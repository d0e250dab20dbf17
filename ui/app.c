// SPDX-License-Identifier: GPL-2.0-only
#include "app.h"
#include "clicks.h"
#include "export_file.h"
#include "look.h"
#include "timebar.h"
#include "title.h"
#include "view.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MIN_COLS 40
#define MIN_LINES 10

const struct view *const views[] = { &view_steps, &view_chain, &view_cpus, &view_irqs, &view_stages, &view_devices, &view_tune, &view_data, &view_help };
const unsigned n_views = ARRAY_LEN(views);

struct slot {
	void *state;
	bool fresh;			/* update() has seen the snapshot */
	bool stale;			/* what it remembers is of another run */
};
struct app {
	const struct snapshot *snap;
	struct slot slot[ARRAY_LEN(views)];
	unsigned now, before;		/* numbers of views; before: where help was asked for */
	struct rect body;		/* as drawn last */
	int cols, lines;		/* so was the screen */
	bool late;			/* the snapshot has not been drawn */
	char status[sizeof(struct err)], notice[sizeof(struct err)];
	bool notice_bad;
	char done[sizeof(struct err)];	/* what the snapshot says was done last, as drawn */
	bool done_seen;			/* and a key has been pressed since */
	struct clicks clicks;
	int x, y;			/* of the click */
	/* Live. */
	struct snapshot was;		/* bytes of the newest, to know it again; its pointers are never followed */
	uint64_t was_texts;
	bool paused;
	bool paused_for_time;		/* by opening the strip of time, not by a key */
	bool other_run;			/* the next snapshot is of another range */
	struct timebar time;
	uint64_t range_was[2];		/* to go back to when a range cannot be had */
	enum ui_command command;
	int64_t value;
	/* What is being typed, for the view that is looked at. */
	bool asking;
	struct ask ask;
	struct prompt prompt;
	struct prompt_past past[N_ASKS];
	struct slip slip;
	bool choosing;			/* what to write to a file */
	struct export export;
};

struct app *app_new(void)
{
	struct app *app = xcalloc(1, sizeof *app);

	for (unsigned i = 0; i < n_views; i++)
		app->slot[i].state = xcalloc(1, views[i]->state_size);
	app->body = (struct rect){ 0, 0, 80, 18 };
	app->cols = 80;
	app->lines = 24;
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
	for (unsigned i = 0; i < N_ASKS; i++)
		prompt_past_fini(app->past + i);
	clicks_fini(&app->clicks);
	free(app);
}

static uint64_t mix(uint64_t h, const char *text)
{
	while (*text)
		h = hash64(h ^ (unsigned char)*text++);
	return hash64(h + 1);
}

/* Live texts, which may change while nothing else does, and where they were before. */
static uint64_t texts_of(const struct snapshot *s)
{
	return mix(mix(mix(1, s->live.status), s->live.thinned), s->live.record);
}

/* Nothing at all happened since: sorting and painting again would be for nothing. */
static bool is_same(const struct app *app, const struct snapshot *s)
{
	return s && s->live.on && app->snap == s && !memcmp(&app->was, s, sizeof *s) && app->was_texts == texts_of(s);
}

bool app_set_snapshot(struct app *app, const struct snapshot *snap)
{
	bool same = is_same(app, snap);

	app->snap = snap;
	if (same)
		return false;
	if (snap && snap->live.on) {
		memcpy(&app->was, snap, sizeof *snap);
		app->was_texts = texts_of(snap);
	}
	app->late = true;
	for (unsigned i = 0; i < n_views; i++) {
		app->slot[i].fresh = false;
		app->slot[i].stale |= app->other_run;
	}
	app->other_run = false;
	if (snap)
		timebar_see(&app->time, snap);
	return true;
}

void app_range(const struct app *app, uint64_t *from, uint64_t *to)
{
	*from = app->time.from;
	*to = app->time.to;
}

void app_range_failed(struct app *app)
{
	app->other_run = false;
	app->time.from = app->range_was[0];
	app->time.to = app->range_was[1];
}

bool app_reading_range(const struct app *app)
{
	return app->snap && app->snap->source.range && !app->snap->complete;
}

void app_set_status(struct app *app, const char *text)
{
	snprintf(app->status, sizeof app->status, "%s", text);
}

void app_set_notice(struct app *app, bool bad, const char *text)
{
	app->notice_bad = bad;
	snprintf(app->notice, sizeof app->notice, "%s", text);
}

enum ui_command app_command(const struct app *app, int64_t *value)
{
	*value = app->value;
	return app->command;
}

bool app_paused(const struct app *app)
{
	return app->paused;
}

/* Only the view that is looked at is brought up to date: sorting for the others would be for nothing. */
static void *state_of_now(struct app *app)
{
	struct slot *slot = app->slot + app->now;

	if (slot->stale && views[app->now]->forget)
		views[app->now]->forget(slot->state);
	slot->stale = false;

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

static unsigned ask(struct app *app, enum ui_command command, int64_t value)
{
	app->command = command;
	app->value = value;
	return UI_COMMAND | UI_REDRAW;
}

/* Live, what one looks at stands still while one chooses. */
static unsigned open_time(struct app *app)
{
	if (!app->snap || app->snap->complete < (app->snap->live.on == 0)) {
		app_set_notice(app, false, "it is still being read");
		return UI_REDRAW;
	}
	if (!timebar_open(&app->time)) {
		app_set_notice(app, false, "there is no time to choose from");
		return UI_REDRAW;
	}
	if (!app->snap->live.on || app->paused)
		return UI_REDRAW;
	app->paused = app->paused_for_time = true;
	return ask(app, UI_PAUSE, 1);
}

/* The strip was closed, by whatever key. */
static unsigned close_time(struct app *app, struct move *m)
{
	if (!app->paused_for_time)
		return 0;
	app->paused = app->paused_for_time = false;
	m->command = UI_PAUSE;
	m->value = 0;
	return UI_COMMAND;
}

static unsigned choose_range(struct app *app, uint64_t from, uint64_t to)
{
	app->time.from = from;
	app->time.to = to;
	app->other_run = true;
	return UI_RANGE | UI_REDRAW;
}

static unsigned act_time(struct app *app, enum action a, struct move *m)
{
	uint64_t was[2] = { app->time.from, app->time.to };
	unsigned done = timebar_act(&app->time, app->snap, a, m);

	if (done & UI_RANGE) {
		memcpy(app->range_was, was, sizeof was);
		done |= choose_range(app, app->time.from, app->time.to);
	}
	return app->time.open ? done : done | close_time(app, m);
}

/* Looks at what has been typed so far, or takes it. False: something is wrong with it. */
static bool hand_over(struct app *app, bool accept)
{
	app->slip = (struct slip){ 0 };
	return views[app->now]->typed(state_of_now(app), app->snap, app->ask.what, app->prompt.text, accept, &app->slip);
}

static void open_prompt(struct app *app, const struct ask *ask)
{
	app->asking = true;
	app->ask = *ask;
	app->slip = (struct slip){ 0 };
	prompt_begin(&app->prompt, ask->text, app->past + ask->what);
}

static unsigned type(struct app *app, uint32_t key)
{
	enum prompt_result r = prompt_key(&app->prompt, key);

	if (r == PROMPT_ACCEPT && hand_over(app, true)) {
		prompt_keep(&app->prompt);
		app->asking = false;
	} else if (r == PROMPT_CHANGED) {
		hand_over(app, false);
	} else if (r == PROMPT_LEAVE) {
		app->asking = false;
	}
	return r == PROMPT_NOTHING ? 0 : UI_REDRAW;
}

static unsigned act_live(struct app *app, enum action a)
{
	if (!app->snap)
		return 0;
	if (app->snap->live.past) {
		if (a == ACT_SAVE)
			return ask(app, UI_SAVE, 0);
		app->range_was[0] = app->time.from;
		app->range_was[1] = app->time.to;
		return choose_range(app, 0, 0);
	}
	if (!app->snap->live.on) {
		app_set_notice(app, false, a == ACT_PAUSE ? "there is nothing to pause in a recording" :
			       "there is nothing to write: this is a recording");
		return UI_REDRAW;
	}
	if (a == ACT_SAVE)
		return ask(app, UI_SAVE, 0);
	app->paused = !app->paused;
	return ask(app, UI_PAUSE, app->paused);
}

/* ---- files ---- */

static struct shown what_is_shown(struct app *app)
{
	const void *state = state_of_now(app);

	return (struct shown){ views[app->now], state, app->snap };
}

static unsigned open_choice(struct app *app)
{
	app->choosing = app->snap;
	return UI_REDRAW;
}

/* Any other key closes it, so that nobody is caught in it. */
static unsigned choose(struct app *app, uint32_t key)
{
	struct shown sh = what_is_shown(app);
	enum export_kind kind = export_of_key(&sh, key);

	app->choosing = false;
	if (kind == N_EXPORTS)
		return UI_REDRAW;
	export_plan(&sh, kind, &app->export);
	if (kind == EXPORT_SCREEN)
		snprintf(app->export.what, sizeof app->export.what, "the screen, %dx%d", app->cols, app->lines);
	return UI_EXPORT | UI_REDRAW;
}

const struct export *app_export(const struct app *app)
{
	return &app->export;
}

void app_export_write(struct app *app, unsigned part, bool ascii, FILE *f)
{
	struct shown sh = what_is_shown(app);
	struct cells c = { 0 };

	if (app->export.kind == EXPORT_SCREEN || app->export.kind == EXPORT_ROWS) {
		cells_resize(&c, app->cols, app->lines);
		app_draw(app, &c);
		if (app->export.kind == EXPORT_ROWS)
			c.lines = MIN(c.lines, app->body.y);
		cells_dump(&c, ascii, f);
		cells_fini(&c);
	}
	export_write(&sh, app->export.kind, part, app->cols, ascii, f);
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
	case ACT_TIME:
		return open_time(app);
	case ACT_EXPORT:
		return open_choice(app);
	case ACT_PAUSE:
	case ACT_SAVE:
		return act_live(app, a);
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
	struct move m = { .body = app->body, .late = app->late, .x = app->x, .y = app->y };
	unsigned done = 0, cleared = app->notice[0] && a != ACT_NONE ? UI_REDRAW : 0;

	app->clicks.last = 0;
	app->notice[0] = 0;
	app->asking = false;
	app->choosing = false;
	if (app->done[0] && !app->done_seen) {
		app->done_seen = true;
		cleared = UI_REDRAW;
	}
	if (app->snap && app->time.open && a != ACT_QUIT)
		done = act_time(app, a, &m);
	if (app->snap && a != ACT_QUIT && !app->time.open && !done)
		done = views[app->now]->act(state_of_now(app), app->snap, a, &m);
	if (done & UI_GO)
		go(app, &m.to);
	else if (done & UI_CLOSE)
		show_view(app, views[app->now] == &view_help ? app->before : 0);
	if (done & UI_COMMAND)
		done |= ask(app, m.command, m.value);
	else if (done & UI_ASK)
		open_prompt(app, &m.ask);
	if (m.say[0])
		app_set_notice(app, false, m.say);
	done &= ~(unsigned)UI_ASK;
	return cleared | (done ? done : act_global(app, a));
}

unsigned app_key(struct app *app, uint32_t key)
{
	enum action a = action_of_key(key);

	if (app->asking && app->snap)
		return a == ACT_REPAINT ? act_global(app, a) : type(app, key);
	if (app->choosing && app->snap && a != ACT_REPAINT)
		return choose(app, key);
	return a == ACT_NONE ? 0 : app_act(app, a);
}

unsigned app_click(struct app *app, uint32_t key)
{
	enum action a;
	unsigned done = 0, n = clicks_find(&app->clicks, key, &a, &app->x, &app->y);

	for (; n && !(done & ~(unsigned)UI_REDRAW); n--)
		done |= app_act(app, a);
	app->clicks.last = app->clicks.next;
	return done;
}

#define TABS_WIDE UINT_MAX		/* all titles, and blanks around them */

/*
 * Tabs with the titles of the first views; of those behind only the number, but for the one that is looked at. Help is in
 * the footer, too.
 */
static int put_tabs(const struct app *app, struct cells *c, int y, int w, unsigned titles)
{
	bool wide = titles == TABS_WIDE;
	int x = 0;

	for (unsigned i = 0; i < n_views; i++) {
		bool now = i == app->now, help = i + 1 == n_views;
		char number[4] = { help ? '?' : (char)('1' + i), 0 };
		const char *title = i < titles ? views[i]->title : "";
		int n;

		if (help && !now && !wide)
			continue;
		x += !wide && i;
		n = now ? cells_putf(c, x, y, w - x, STYLE_TITLE | STYLE_SELECTED, "[%s %s]", number, views[i]->title) :
		    cells_putf(c, x, y, w - x, STYLE_NORMAL, wide ? " %s %s " : *title ? "%s %s" : "%s", number, title);
		cells_hit(c, (struct rect){ x, y, n, 1 }, help ? ACT_HELP : ACT_VIEW_1 + i, !now, HIT_KEY);
		x += n;
	}
	return x + !wide;
}

/* As many titles as leave room for `need` columns. */
static unsigned titles_that_fit(const struct app *app, int w, int need)
{
	unsigned titles = TABS_WIDE;

	while (titles && put_tabs(app, &(struct cells){ 0 }, 0, INT_MAX / 2, titles) + need > w)
		titles = titles == TABS_WIDE ? n_views : titles - 1;
	return titles;
}

static void tab_line(struct app *app, struct cells *c, int y, int w)
{
	char status[128] = "", range[96] = "";
	int told = title_progress(app->snap, app->status[0], &(struct cells){ 0 }, 0, 0, 28), x, need, room;
	unsigned titles;

	if (views[app->now]->status)
		views[app->now]->status(app->slot[app->now].state, app->snap, status, sizeof status);
	if (app->snap->source.range && app->snap->complete)
		timebar_range(&app->time, range, sizeof range);
	need = (range[0] ? cells_width(range) + 2 : 0) + (told ? told + 1 : 0) + (status[0] ? cells_width(status) + 3 : 0);
	titles = titles_that_fit(app, w, need);
	if (!app->snap->complete && !app->snap->live.on && put_tabs(app, &(struct cells){ 0 }, 0, w, titles) + need > w)
		status[0] = 0;		/* how far it has been read is worth more */
	cells_fill(c, (struct rect){ 0, y, w, 1 }, STYLE_DIM, 0x2500);
	cells_fill(c, (struct rect){ 0, y, put_tabs(app, &(struct cells){ 0 }, 0, w, titles), 1 }, STYLE_NORMAL, ' ');
	x = put_tabs(app, c, y, w, titles);
	if (range[0])
		x += cells_putf(c, x, y, MAX(w - x, 0), STYLE_NOTE, " %s ", range);
	room = w - x - 1;
	if (status[0] && cells_width(status) + 2 <= room) {
		room -= cells_width(status) + 2;
		cells_putf(c, x + 1 + room, y, w, STYLE_NORMAL, " %s ", status);
	}
	if (room >= MIN(told, 11))
		title_progress(app->snap, app->status[0], c, x + 1, y, room);
}

/* What goes first when there is no room: p and w, live, are worth more than a view's fourth and fifth key. */
enum { DROP_PAUSE = 4, DROP_SAVE = 6 };
static uint8_t foot_drop(unsigned nth)
{
	return (uint8_t)(nth < 3 ? nth + 1 : nth == 3 ? 5 : nth + 3);
}

/* A part of the footer that does what it says when it is clicked. */
static void add_key(struct parts *ps, uint8_t drop, enum action a, const char *key, const char *what)
{
	parts_add(ps, drop, STYLE_NORMAL, "", "%s %s", key, what);
	ps->p[ps->n - 1].action = (uint16_t)a;
}

static void put_foot(const struct app *app, struct parts *ps)
{
	const struct view *v = views[app->now];
	const struct keydoc *k = app->time.open ? timebar_keys : v->foot ? v->foot(app->slot[app->now].state, app->snap) : NULL;
	unsigned n = 0;
	char key[32];

	for (k = k ? k : v->keys; k->action && ps->n + 6 < ARRAY_LEN(ps->p); k++)
		if (k->foot)
			/* "Arrows" are several keys: which one is meant? */
			add_key(ps, foot_drop(n++), k->foot_key ? ACT_NONE : k->action,
				k->foot_key ? k->foot_key : action_key_text(key, sizeof key, k->action, false), k->foot);
	if (app->snap->live.past) {
		add_key(ps, DROP_PAUSE, ACT_PAUSE, "p", "go live");
		add_key(ps, DROP_SAVE, ACT_SAVE, "w", "save");
	}
	if (app->snap->live.on && !app->time.open) {
		add_key(ps, DROP_PAUSE, ACT_PAUSE, "p", app->paused ? "go on" : "pause");
		add_key(ps, DROP_SAVE, ACT_SAVE, "w", "save");
	}
}

static void footer_line(const struct app *app, struct cells *c, int y, int w)
{
	struct parts ps = { 0 };

	put_foot(app, &ps);
	add_key(&ps, UINT8_MAX, ACT_EXPORT, "e", "export");
	add_key(&ps, 0, ACT_HELP, "?", "help");
	add_key(&ps, 0, ACT_QUIT, "q", "quit");
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

/* What was done last, until a key is pressed; then it would only hide the notes. */
static const char *what_was_done(struct app *app)
{
	const char *done = app->snap->live.on ? app->snap->live.status : "";

	if (strncmp(done, app->done, sizeof app->done - 1)) {
		snprintf(app->done, sizeof app->done, "%s", done);
		app->done_seen = false;
	}
	return app->done_seen ? "" : app->done;
}

/* What must be said now: an error, what was done, else the recording's first note. Returns the lines used, 0 or 1. */
static int status_line(struct app *app, struct cells *c, int y, int w)
{
	const struct snapshot *s = app->snap;
	const char *done = what_was_done(app), *text = app->status[0] ? app->status : app->notice[0] ? app->notice : done;
	struct shown sh;
	bool bad = app->status[0] || (app->notice[0] && app->notice_bad);

	if (app->choosing) {
		sh = what_is_shown(app);
		export_draw(&sh, c, 0, y, w);
		return 1;
	}
	if (text[0]) {
		cells_put(c, 0, y, w, bad ? STYLE_OVER : STYLE_NOTE, text);
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

	title_draw(app->snap, app->paused, c, w);
	if (app->asking) {
		prompt_draw(&app->prompt, c, 0, end, w, app->ask.label, app->ask.hint, &app->slip);
		end--;
	} else {
		footer_line(app, c, end, w);
		end -= status_line(app, c, end - 1, w);
	}
	if (app->time.open && end - y > TIMEBAR_LINES + 4) {
		end -= TIMEBAR_LINES;
		timebar_draw(&app->time, app->snap, c, (struct rect){ 0, end, w, TIMEBAR_LINES });
	}
	if (v->head)
		y += v->head(state, app->snap, c, (struct rect){ 0, y, w, MIN(c->lines < 24 ? 3 : 6, end - y - 3) });
	tab_line(app, c, y++, w);
	app->body = (struct rect){ 0, y, w, end - y };
	v->draw(state, app->snap, c, app->body);
}

void app_draw(struct app *app, struct cells *c)
{
	cells_clear(c);
	app->late = false;
	app->cols = c->cols;
	app->lines = c->lines;
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
	clicks_keep(&app->clicks, c);
}

/* Here no file is written. */
static void say_export(struct app *app)
{
	char said[sizeof app->notice];

	export_pretend(&app->export, said, sizeof said);
	app_set_notice(app, false, said);
}

static int press_keys(struct app *app, struct cells *c, const char *keys, struct err *e)
{
	uint32_t key;
	int r;

	while ((r = action_next_key(&keys, &key, e)) > 0) {
		if (key & UIKEY_CLICK)
			app_click(app, key);
		else if (app_key(app, key) & UI_EXPORT)
			say_export(app);
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

	/* What reading a recording has cost differs from run to run; the rest of the screen does not. */
	if (!still.live.on)
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
