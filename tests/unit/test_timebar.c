// SPDX-License-Identifier: GPL-2.0-only
/* timebar: which time is chosen by which keys, and what the app asks for then. */
#include "app.h"
#include "fake_snapshot.h"
#include "view.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#define SLOT (100 * MS)

static uint64_t when[100 * N_STEP_TIMES];

static void with_time(struct snapshot *s)
{
	for (unsigned i = 0; i < 100; i++)
		when[i * N_STEP_TIMES + STEPS_LONGEST] = i == 70 ? 40 * MS : i % 3 ? 8 * MS : 0;
	s->time = (struct timeline){ .begin = FAKE_BEGIN, .slot_ns = SLOT, .n = 100, .steps = when };
}

static char *text_of(const struct cells *c)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	cells_dump(c, false, f);
	fclose(f);
	return text;
}

static void shows(const struct cells *c, const char *part, const char *what)
{
	char *text = text_of(c);

	has_text(text, part, "%s", what);
	free(text);
}

static void shows_not(const struct cells *c, const char *part, const char *what)
{
	char *text = text_of(c);

	ok(!strstr(text, part), "%s", what);
	free(text);
}

static unsigned press(struct app *app, struct cells *c, const char *keys)
{
	unsigned done = 0;
	uint32_t key;

	while (action_next_key(&keys, &key, NULL) > 0) {
		done = app_act(app, action_of_key(key));
		app_draw(app, c);
	}
	return done;
}

static void asked(const struct app *app, int64_t from_ms, int64_t to_ms, const char *what)
{
	uint64_t from, to;

	app_range(app, &from, &to);
	ok(llabs((int64_t)(from - FAKE_BEGIN) - from_ms * (int64_t)MS) <= (int64_t)(20 * MS) &&
	   llabs((int64_t)(to - FAKE_BEGIN) - to_ms * (int64_t)MS) <= (int64_t)(20 * MS), "%s: %lld to %lld ms", what,
	   (long long)((int64_t)(from - FAKE_BEGIN) / (int64_t)MS), (long long)((int64_t)(to - FAKE_BEGIN) / (int64_t)MS));
}

static void test_keys(void)
{
	struct snapshot s, part;
	struct app *app = app_new();
	struct cells c = { 0 };
	uint64_t from, to;

	fake_planner(&s);
	with_time(&s);
	s.complete = 1;
	cells_resize(&c, 100, 24);
	app_set_snapshot(app, &s);
	app_draw(app, &c);
	press(app, &c, "T");
	shows(&c, "chosen 0 ns to 10.0 s (10.0 s)", "all of it is chosen at first");
	shows(&c, "▲", "there is a cursor");
	ok(press(app, &c, "++<Enter>") & UI_RANGE, "a quarter, around the middle, is asked for");
	asked(app, 3750, 6250, "it");
	shows_not(&c, "chosen", "the strip is closed");
	part = s;
	part.source.range = 1;
	part.source.begin = FAKE_BEGIN + 3750 * MS;
	part.source.end = FAKE_BEGIN + 6250 * MS;
	app_set_snapshot(app, &part);
	app_draw(app, &c);
	shows(&c, "3.75 s to 6.25 s of 10.0 s", "the part that is looked at is named");
	press(app, &c, "T");
	shows(&c, "chosen 3.75 s to 6.25 s (2.50 s)", "and still chosen when the strip is opened again");
	press(app, &c, ")");
	shows(&c, "chosen 5.00 s to 7.50 s (2.50 s)", "later");
	press(app, &c, "((((((((");
	shows(&c, "chosen 0 ns to 2.50 s (2.50 s)", "not before the beginning");
	press(app, &c, "<Home><Space><Right><Right><Right><Right><Right><Right><Right><Right><Right><Right>");
	ok(press(app, &c, "<Enter>") & UI_RANGE, "from a mark to the cursor");
	asked(app, 0, 1000, "it");
	app_range_failed(app);
	app_range(app, &from, &to);
	ok(from == part.source.begin && to == part.source.end, "when it cannot be had, it stays what it was");
	ok(press(app, &c, "T0<Enter>") & UI_RANGE, "all again");
	app_range(app, &from, &to);
	ok(!from && !to, "is no range");
	app_set_snapshot(app, &s);
	press(app, &c, "T-------<End><Right><Right>");
	shows(&c, "chosen 0 ns to 10.0 s", "no more than there is");
	ok(!(press(app, &c, "<Esc>") & UI_RANGE), "Esc asks for nothing");
	shows_not(&c, "chosen", "and closes it");
	app_free(app);
	cells_fini(&c);
	fake_free(&s);
}

static void test_live(void)
{
	struct snapshot s;
	struct app *app = app_new();
	struct cells c = { 0 };
	int64_t value;

	fake_planner(&s);
	with_time(&s);
	s.live.on = 1;
	s.live.window_begin = FAKE_BEGIN;
	s.live.record = s.live.thinned = s.live.status = "";
	cells_resize(&c, 100, 24);
	app_set_snapshot(app, &s);
	app_draw(app, &c);
	ok(press(app, &c, "T") & UI_COMMAND && app_command(app, &value) == UI_PAUSE && value == 1, "live, choosing stands still");
	ok(app_paused(app), "for as long as it takes");
	ok(press(app, &c, "<Esc>") & UI_COMMAND && app_command(app, &value) == UI_PAUSE && !value && !app_paused(app), "and goes on");
	press(app, &c, "T");
	ok(press(app, &c, "+<Enter>") & UI_RANGE && !app_paused(app), "back in time");
	s.live.on = 0;
	s.live.past = 1;
	s.source.range = s.complete = 1;
	app_set_snapshot(app, &s);
	app_draw(app, &c);
	shows(&c, "back in time", "says so");
	shows(&c, "p go live", "and how to leave");
	ok(press(app, &c, "w") & UI_COMMAND && app_command(app, &value) == UI_SAVE, "w writes what is kept");
	ok(press(app, &c, "p") & UI_RANGE, "p goes live");
	app_range(app, (uint64_t *)&value, &(uint64_t){ 0 });
	is_num(value, 0, "which is no range");
	app_free(app);
	cells_fini(&c);
	fake_free(&s);
}

static void test_nothing(void)
{
	struct snapshot s;
	struct app *app = app_new();
	struct cells c = { 0 };

	fake_empty(&s);
	s.complete = 1;
	cells_resize(&c, 80, 24);
	app_set_snapshot(app, &s);
	app_draw(app, &c);
	press(app, &c, "T");
	shows(&c, "no time to choose", "nothing was recorded: it says so");
	s.complete = 0;
	press(app, &c, "T");
	shows(&c, "still being read", "nor while it is read");
	app_free(app);
	cells_fini(&c);
	fake_free(&s);
}

int main(void)
{
	test_keys();
	test_live();
	test_nothing();
	return done();
}
