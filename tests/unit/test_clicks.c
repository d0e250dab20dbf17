// SPDX-License-Identifier: GPL-2.0-only
/* The mouse, without one: what a click means at each place of a screen. */
#include "app.h"
#include "clicks.h"
#include "fake_snapshot.h"
#include "tap.h"
#include "view.h"

static struct snapshot snap;
static struct app *app;
static struct cells cells;

static void draw(void)
{
	app_draw(app, &cells);
}

static unsigned press(enum action a)
{
	unsigned done = app_act(app, a);

	draw();
	return done;
}

static unsigned click(int x, int y)
{
	unsigned done = app_click(app, action_click_key(CLICK_BUTTON, x, y));

	draw();
	return done;
}

static void begin(int cols, int lines)
{
	app_free(app);
	app = app_new();
	cells_resize(&cells, cols, lines);
	app_set_snapshot(app, &snap);
	draw();
}

static const struct cell *at(int x, int y)
{
	return cells.at + (size_t)y * (size_t)cells.cols + x;
}

/* Where the text stands, from that place on; false: nowhere. ASCII alone. */
static bool find(const char *text, int *x, int *y)
{
	int len = (int)strlen(text);

	for (; *y < cells.lines; ++*y, *x = 0)
		for (; *x + len <= cells.cols; ++*x) {
			int n = 0;

			while (n < len && at(*x + n, *y)->ch == (unsigned char)text[n])
				n++;
			if (n == len)
				return true;
		}
	return false;
}

static bool shows(const char *text)
{
	int x = 0, y = 0;

	return find(text, &x, &y);
}

static bool click_text(const char *text)
{
	int x = 0, y = 0;

	return find(text, &x, &y) && (click(x + (int)strlen(text) - 1, y), true);
}

static void test_keys(void)
{
	const char *keys = "<Click:12,3>j<wheelup:0,0><Click:1,2";
	int x = 0, y = 0;
	uint32_t key;

	is_num(action_next_key(&keys, &key, NULL), 1, "<Click:12,3> is a key");
	ok(key & UIKEY_CLICK && action_click(key, &x, &y) == CLICK_BUTTON && x == 12 && y == 3, "at its place");
	is_num(action_of_key(key), ACT_NONE, "which no action has");
	is_num(action_next_key(&keys, &key, NULL), 1, "what follows");
	is_num(key, 'j', "is the next key");
	is_num(action_next_key(&keys, &key, NULL), 1, "<WheelUp:0,0>");
	is_num(action_click(key, &x, &y), CLICK_WHEEL_UP, "is the wheel");
	is_num(action_next_key(&keys, &key, NULL), 1, "what is not ended");
	is_num(key, '<', "is what it is");
	for (const char *bad = "<Click:,>\0<Click:1>\0<Click:-1,2>\0<Click:12345,1>\0<Click:1,2,3>\0<Clack:1,2>\0"; *bad; bad += strlen(bad) + 1) {
		keys = bad;
		action_next_key(&keys, &key, NULL);
		ok(!(key & UIKEY_CLICK), "%s is no click", bad);
	}
	key = action_click_key(CLICK_WHEEL_DOWN, 100000, -7);
	ok(action_click(key, &x, &y) == CLICK_WHEEL_DOWN && x == 4095 && y == 0, "places have an end");
}

/* The line of tabs from the view that one looks at; -1: it is not marked. */
static int line_of_tabs(unsigned now)
{
	char tab[32];
	int x = 0, y = 0;

	snprintf(tab, sizeof tab, "[%c %s]", now + 1 < n_views ? (char)('1' + now) : '?', views[now]->title);
	return find(tab, &x, &y) ? y : -1;
}

/* Every column of a view's tab leads to it; the form has its number and, if they are said, its title. */
static void click_tab(unsigned i, const char *form)
{
	unsigned from = i ? 0 : 1;
	char tab[32];
	int x = 0, y, line, wrong = 0;

	snprintf(tab, sizeof tab, form, i + 1 < n_views ? (char)('1' + i) : '?', views[i]->title);
	press(ACT_VIEW_1 + from);
	y = line = line_of_tabs(from);
	if (!ok(y >= 0 && find(tab, &x, &y) && y == line, "at %d columns there is the tab%s", cells.cols, tab))
		return;
	for (size_t k = 0; k < strlen(tab); k++) {
		click(x + (int)k, y);
		wrong += line_of_tabs(i) < 0;
		press(ACT_VIEW_1 + from);
	}
	ok(!wrong, "a click on it leads there");
}

static void test_tabs(void)
{
	int x = 0, y;

	begin(120, 40);
	for (unsigned i = 0; i < n_views; i++)
		click_tab(i, " %c %s ");
	begin(80, 24);
	for (unsigned i = 0; i + 1 < n_views; i++)
		click_tab(i, "%c %s");
	y = line_of_tabs(0);
	ok(y > 0 && (!find("? Help", &x, &y) || y != line_of_tabs(0)), "where that is tight Help is not there");
	ok(click_text("? help") && line_of_tabs(n_views - 1) > 0, "the footer has it, and then it is a tab");
	begin(40, 24);
	for (unsigned i = 0; i + 1 < n_views; i++)
		click_tab(i, "%c");
}

static void test_rows(void)
{
	int x = 0, y = 0, top;
	bool all = true;

	begin(80, 24);
	press(ACT_LAST);
	press(ACT_EXPAND);
	ok(find("AGENT", &x, &y), "there is a table");
	top = y + 1;
	for (int from = 0; from < 3; from++)
		for (int to = 0; to < 3; to++) {
			press(ACT_FIRST);
			for (int i = 0; i < from; i++)
				press(ACT_DOWN);
			click(70, top + to);
			all &= at(0, top + to)->ch == 0x25b8;
		}
	ok(all, "a click on a row takes the cursor there, from any other");
	press(ACT_FIRST);
	click(20, top);
	ok(shows("[1 Steps]"), "one click on the chosen row does no more");
	click(40, top);
	ok(shows("[2 Chain]"), "the second one is Enter");
	press(ACT_VIEW_1);
	click(20, top + 1);
	click(20, top + 1);
	ok(shows("[2 Chain]"), "on another row, too");
	press(ACT_VIEW_1);
	click(20, top + 1);
	click(20, top);
	ok(shows("[1 Steps]") && at(0, top)->ch == 0x25b8, "two clicks on two rows are not");
	press(ACT_FIRST);
	click(20, top);
	press(ACT_DOWN);
	press(ACT_UP);
	click(20, top);
	ok(shows("[1 Steps]"), "nor two with a key between them");
	click_text("1 Steps");
	click(20, top);
	ok(shows("[1 Steps]"), "nor a tab and a row");
	is_num(click(20, 1), 0, "a click where nothing is, is nothing");
	is_num(click(4000, 4000), 0, "outside, too");
	app_click(app, action_click_key(CLICK_WHEEL_DOWN, 5, 5));
	draw();
	ok(at(0, top + 2)->ch == 0x25b8, "the wheel goes down three rows, or as far as there are");
	app_click(app, action_click_key(CLICK_WHEEL_UP, 5, 5));
	draw();
	ok(at(0, top)->ch == 0x25b8, "and up");
}

/* The column of a heading in line y, which is a word of its own; -1: not there. */
static int heading(const char *title, int y)
{
	int x = 0, len = (int)strlen(title);

	for (; x < cells.cols; x++) {
		int line = y;

		if (!find(title, &x, &line) || line != y)
			return -1;
		if (at(x - 1, y)->ch == ' ' && (at(x + len, y)->ch == ' ' || at(x + len, y)->ch > 0x80))
			return x;
	}
	return -1;
}

static void test_headings(void)
{
	static const char *const titles[] = { "AGENT", "STEP", "RATE", "COUNT", "P50", "P999", "MAX", "MISS", "WORST STAGE", "P99" };
	int x = 0, y = 0;

	begin(120, 40);
	ok(find("AGENT", &x, &y), "there are headings");
	for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
		int len = (int)strlen(titles[i]);

		x = heading(titles[i], y);
		if (!ok(x >= 0, "there is %s", titles[i]))
			continue;
		click(x, y);
		x = heading(titles[i], y);
		ok(at(x + len, y)->ch == 0x25bc, "a click on it sorts by it");
		click(x + len - 1, y);
		x = heading(titles[i], y);
		ok(at(x + len, y)->ch == 0x25b2, "another one turns the order around");
		click(x, y);
	}
	x = heading("TIME BY STAGE", y);
	ok(x > 0 && !click(x, y), "what cannot be sorted by is no place to click");
}

static void test_footer(void)
{
	unsigned done = 0;
	int x = 0, y = 0;

	begin(80, 24);
	ok(click_text("expand"), "the footer has 'expand'");
	ok(shows("ended "), "which expands");
	ok(click_text("? help") && shows("[? Help]"), "help helps");
	ok(click_text("Esc back") && shows("[1 Steps]"), "back goes back");
	if (ok(find("q quit", &x, &y), "the footer has 'quit'"))
		done = click(x, y);
	ok(done & UI_QUIT, "which quits");
	press(ACT_VIEW_2);
	x = y = 0;
	ok(find("Arrows", &x, &y) && !click(x, y), "'Arrows' are several keys: nothing");
}

static int agent_line(void)
{
	int x = 0, y = 0;

	return find("planner 87", &x, &y) ? y : 0;
}

/* Every column of the agent's row: the piece that is then chosen is there. */
static void agent_row(const char *what)
{
	int y = agent_line(), first = 0, wrong = 0, n = 0;

	press(ACT_FIRST);
	for (int x = 0; x < cells.cols && !first; x++)
		if (at(x, y)->style & STYLE_SELECTED)
			first = x;
	for (int x = first; x < cells.cols; x++) {
		if (at(x, y)->ch == ' ')
			continue;
		click(x, y);
		n++;
		wrong += !(at(x, y)->style & STYLE_SELECTED);
		press(ACT_NONE);
	}
	ok(n > 50 && !wrong, "%s: a click chooses the piece that is there (%d of %d not)", what, wrong, n);
}

static void test_waterfall(void)
{
	int x = 0, y = 0, n = 0, wrong = 0;

	begin(120, 40);
	press(ACT_ENTER);
	ok(shows("[2 Chain]") && agent_line(), "a chain");
	agent_row("linear");
	press(ACT_LOG);
	agent_row("log");
	press(ACT_LOG);
	press(ACT_LONGEST);
	press(ACT_ZOOM_IN);
	agent_row("zoomed");
	press(ACT_ZOOM_ALL);
	for (y = agent_line() + 1; at(2, y)->ch != ' '; y++, n++) {
		click(3, y);
		wrong += at(0, y)->ch != 0x25b8;
		click(cells.cols - 1, y);
		wrong += at(0, y)->ch != 0x25b8;
	}
	ok(n && !wrong, "a click on an actor's row chooses it (%d rows)", n);
	y = agent_line();
	click(2, y);
	ok(at(0, y)->ch == 0x25b8, "on the agent's name, the agent");
	for (x = cells.cols - 1; at(x, y)->ch == ' '; x--)
		;
	click(x, y);
	ok(agent_line(), "one click on a piece chooses it");
	click(x, y);
	ok(shows("[2 Chain]") && !agent_line(), "a second one on the same place is Enter, which lists its events");
}

/* Anything anywhere: sanitizers look on. */
static void test_any(void)
{
	uint64_t r = 1;
	int outside = 0;

	for (int i = 0; i < 6000; i++) {
		r = hash64(r + 1);
		if (i % 100 == 0)
			begin((int)(20 + r % 200), (int)(5 + r / 512 % 60));
		if (r >> 20 & 1)
			click((int)(r >> 32) % (cells.cols + 2), (int)(r >> 48) % (cells.lines + 2));
		else
			press((enum action)(1 + (r >> 32) % (N_ACTIONS - 1)));
		for (size_t k = 0; k < cells.n_hits; k++) {
			const struct hit *h = cells.hits + k;

			outside += h->r.x < 0 || h->r.y < 0 || h->r.x + h->r.w > cells.cols || h->r.y + h->r.h > cells.lines ||
				   !h->action || h->action >= N_ACTIONS;
		}
	}
	is_num(outside, 0, "all places that can be clicked are on the screen and mean something");
}

static void test_hits(void)
{
	struct cells none = { 0 }, c = { 0 };

	cells_hit(&none, (struct rect){ 0, 0, 5, 5 }, ACT_UP, 1, HIT_KEY);
	ok(!none.n_hits && !none.hits, "a grid of nothing has no places and needs no memory");
	cells_resize(&c, 10, 5);
	cells_hit(&c, (struct rect){ -2, 3, 100, 100 }, ACT_UP, 1000000, HIT_ROW);
	cells_hit(&c, (struct rect){ 10, 0, 1, 1 }, ACT_UP, 1, HIT_KEY);
	cells_hit(&c, (struct rect){ 0, 0, 0, 1 }, ACT_UP, 1, HIT_KEY);
	is_num(c.n_hits, 1, "what is outside is left out");
	ok(c.hits[0].r.x == 0 && c.hits[0].r.w == 10 && c.hits[0].r.h == 2 && c.hits[0].times == UINT16_MAX, "and cut off");
	cells_clear(&c);
	is_num(c.n_hits, 0, "a blank grid has none");
	cells_fini(&c);
}

int main(void)
{
	fake_planner(&snap);
	test_keys();
	test_hits();
	test_tabs();
	test_rows();
	test_headings();
	test_footer();
	test_waterfall();
	test_any();
	app_free(app);
	cells_fini(&cells);
	fake_free(&snap);
	return done();
}
