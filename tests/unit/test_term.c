// SPDX-License-Identifier: GPL-2.0-only
/*
 * The terminal's side, on a pseudo-terminal whose other end this program holds: what is written for a frame, in which colours,
 * and what is made of what comes in.
 */
#include "app.h"
#include "fake_snapshot.h"
#include "tap.h"
#include "term.h"
#include "theme.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define MARK "\x01:mark:\x01"

static struct {
	int master, slave, in, out;	/* in, out: what the program had before */
	char *got;			/* since the last look */
	size_t n, cap;
} pty;

static bool open_pty(int cols, int lines)
{
	struct winsize ws = { .ws_row = (unsigned short)lines, .ws_col = (unsigned short)cols };

	fflush(stdout);
	pty.master = posix_openpt(O_RDWR | O_NOCTTY);
	if (pty.master < 0 || grantpt(pty.master) || unlockpt(pty.master))
		return false;
	pty.slave = open(ptsname(pty.master), O_RDWR | O_NOCTTY);
	if (pty.slave < 0 || ioctl(pty.slave, TIOCSWINSZ, &ws))
		return false;
	pty.in = dup(0);
	pty.out = dup(1);
	dup2(pty.slave, 0);
	dup2(pty.slave, 1);
	return true;
}

static void close_pty(void)
{
	fflush(stdout);
	dup2(pty.in, 0);
	dup2(pty.out, 1);
	close(pty.in);
	close(pty.out);
	close(pty.slave);
	close(pty.master);
}

/* All that has been written up to now, without a wait for a time: up to a mark that we write ourselves. */
static const char *look(void)
{
	if (write(pty.slave, MARK, strlen(MARK)) != (ssize_t)strlen(MARK))
		return "";
	for (pty.n = 0;;) {
		struct pollfd fd = { pty.master, POLLIN, 0 };
		ssize_t n;

		GROW(pty.got, pty.n + 4096, pty.cap);
		if (poll(&fd, 1, 10000) != 1 || (n = read(pty.master, pty.got + pty.n, 4096)) <= 0)
			return "";
		pty.n += (size_t)n;
		pty.got[pty.n] = 0;
		if (pty.n >= strlen(MARK) && !strcmp(pty.got + pty.n - strlen(MARK), MARK))
			break;
	}
	pty.n -= strlen(MARK);
	pty.got[pty.n] = 0;
	return pty.got;
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

/* TAP goes to the program's own output, so checks are made between two of these. */
struct opened {
	bool good;
	struct err err;
	char first[200];		/* what opening wrote */
};
static struct opened open_term(const char *type, int cols, int lines)
{
	struct opened o = { false, { "" }, "" };

	setenv("TERM", type, 1);
	if (!open_pty(cols, lines))
		return o;
	o.good = !term_open(&o.err);
	snprintf(o.first, sizeof o.first, "%s", o.good ? look() : "");
	return o;
}

static size_t draw(const struct cells *c)
{
	term_draw(c);
	look();
	return pty.n;
}

/* ---- bytes ---- */

static void screen(struct app *app, struct cells *c, enum action a)
{
	if (a)
		app_act(app, a);
	app_draw(app, c);
}

/* A whole screen, the same again, the cursor one row on, one number changed, all anew. */
static void test_bytes(const char *type)
{
	struct snapshot s;
	struct app *app = app_new();
	struct cells c = { 0 };
	size_t first, same, other, down, digit, anew;
	struct opened o;

	fake_planner(&s);
	cells_resize(&c, 80, 24);
	app_set_snapshot(app, &s);
	screen(app, &c, ACT_NONE);
	o = open_term(type, 80, 24);
	first = draw(&c);
	same = draw(&c);
	screen(app, &c, ACT_UP);
	other = draw(&c);
	screen(app, &c, ACT_EXPAND);
	draw(&c);
	screen(app, &c, ACT_DOWN);
	down = draw(&c);
	c.at[10 * 80 + 40] = (struct cell){ '7', STYLE_NORMAL, 0 };
	digit = draw(&c);
	term_repaint();
	anew = draw(&c);
	term_close();
	close_pty();
	if (!o.good) {
		skip("%s: %s", type, o.err.text);
	} else {
		ok(first > 500, "%s: a whole screen is written (%zu bytes)", type, first);
		is_num(same, 0, "%s: the same again: nothing is", type);
		is_num(other, 0, "%s: after a key that changes nothing: nothing", type);
		ok(down > 0 && down * 3 < first, "%s: the cursor one row on: its two rows (%zu)", type, down);
		ok(digit > 0 && digit <= 40, "%s: one digit (%zu)", type, digit);
		ok(anew > 500, "%s: asked to paint anew, all of it (%zu)", type, anew);
	}
	app_free(app);
	cells_fini(&c);
	fake_free(&s);
}

/* ---- sizes ---- */

static void test_resize(void)
{
	struct winsize wide = { .ws_row = 12, .ws_col = 50 };
	struct cells c = { 0 };
	enum term_event ev[3];
	int cols[2], lines[2], n_ev = 0;
	size_t same, grown;
	uint32_t a;
	struct opened o = open_term("xterm-256color", 40, 10);

	cells_resize(&c, 40, 10);
	cells_put(&c, 0, 9, 40, STYLE_NORMAL, "the last line");
	draw(&c);
	raise(SIGWINCH);
	ev[n_ev++] = term_poll(0, -1, &a);
	term_size(cols, lines);
	draw(&c);
	same = count(pty.got, "the last line");
	ioctl(pty.slave, TIOCSWINSZ, &wide);
	for (int i = 0; i < 100; i++)
		raise(SIGWINCH);
	ev[n_ev++] = term_poll(0, -1, &a);
	ev[n_ev++] = term_poll(0, -1, &a);
	term_size(cols + 1, lines + 1);
	cells_resize(&c, 50, 12);
	cells_put(&c, 0, 11, 50, STYLE_NORMAL, "a new last line");
	draw(&c);
	grown = count(pty.got, "a new last line");
	term_close();
	close_pty();
	ok(o.good && ev[0] == TERM_RESIZE && cols[0] == 40 && lines[0] == 10, "a resize to the same size");
	is_num(same, 1, "is painted all the same: what is on the screen may be gone");
	ok(ev[1] == TERM_RESIZE && ev[2] == TERM_NOTHING, "a hundred of them are one");
	ok(cols[1] == 50 && lines[1] == 12, "to the size that it is now");
	is_num(grown, 1, "and that is painted");
	cells_fini(&c);
}

/* ---- frames ---- */

static char dir[] = "/tmp/agenttop-term-XXXXXX";

/* A description of a terminal that can hold a frame back until it is whole. */
static bool make_description(void)
{
	char cmd[300];
	FILE *f;

	if (!mkdtemp(dir))
		return false;
	snprintf(cmd, sizeof cmd, "%s/src", dir);
	f = fopen(cmd, "w");
	if (!f)
		return false;
	fputs("at-sync|with frames,\n\tSync=\\E[?2026%?%p1%{1}%-%tl%eh%;,\n\tuse=xterm-256color,\n"
	      "at-direct|with direct colours,\n\tRGB,\n\tcolors#0x1000000, pairs#0x7fff,\n"
	      "\tsetaf=\\E[%?%p1%{8}%<%t3%p1%d%e38\\:2\\:\\:%p1%{65536}%/%d\\:%p1%{256}%/%{255}%&%d\\:%p1%{255}%&%d%;m,\n"
	      "\tsetab=\\E[%?%p1%{8}%<%t4%p1%d%e48\\:2\\:\\:%p1%{65536}%/%d\\:%p1%{256}%/%{255}%&%d\\:%p1%{255}%&%d%;m,\n"
	      "\tuse=xterm-256color,\n"
	      "at-nomouse|without a mouse,\n\tkmous@,\n\tXM@,\n\tuse=xterm-256color,\n"
	      "at-sixteen|of 16 colours,\n\tcolors#16, pairs#256,\n\tuse=xterm-256color,\n", f);
	fclose(f);
	snprintf(cmd, sizeof cmd, "tic -x -o %s %s/src 2> /dev/null", dir, dir);
	if (system(cmd))
		return false;
	setenv("TERMINFO", dir, 1);
	return true;
}

static void remove_description(void)
{
	char cmd[64];

	unsetenv("TERMINFO");
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	if (system(cmd))
		note("%s is left", dir);
}

static void test_frames(bool can)
{
	struct cells c = { 0 };
	size_t begins, ends, none, n;
	bool whole;
	struct opened o;

	if (!can) {
		skip("frames: there is no tic to describe a terminal with");
		return;
	}
	o = open_term("at-sync", 40, 10);
	cells_resize(&c, 40, 10);
	cells_put(&c, 0, 0, 40, STYLE_TITLE, "agenttop");
	n = draw(&c);
	begins = count(pty.got, "\x1b[?2026h");
	ends = count(pty.got, "\x1b[?2026l");
	whole = n > 16 && !strncmp(pty.got, "\x1b[?2026h", 8) && !strcmp(pty.got + n - 8, "\x1b[?2026l");
	none = draw(&c);
	term_close();
	close_pty();
	ok(o.good, "a terminal with Sync: it opens %s", o.err.text);
	ok(whole, "a frame stands between its begin and its end");
	ok(begins == 1 && ends == 1, "once");
	is_num(none, 0, "no frame where nothing has changed");
	o = open_term("xterm-256color", 40, 10);
	draw(&c);
	begins = count(pty.got, "\x1b[?2026");
	term_close();
	close_pty();
	is_num(begins, 0, "a terminal whose description has no Sync gets none");
	cells_fini(&c);
}

/* ---- colours ---- */

static const char *paint(const char *type, unsigned style, struct opened *o)
{
	struct cells c = { 0 };

	*o = open_term(type, 40, 10);
	cells_resize(&c, 40, 10);
	cells_put(&c, 0, 0, 40, style, "x");
	draw(&c);
	term_close();
	close_pty();
	cells_fini(&c);
	return pty.got;
}

/* part: what must stand before the text; NULL: no colour at all. */
static void colour(const char *type, unsigned style, const char *part, const char *what)
{
	struct opened o;
	const char *got = paint(type, style, &o);

	if (!o.good)
		skip("%s: %s: %s", type, what, o.err.text);
	else if (part)
		has_text(got, part, "%s: %s", type, what);
	else
		ok(!strstr(got, "\x1b[3") && !strstr(got, ";3"), "%s: %s", type, what);
}

static void test_colours(bool can)
{
	static struct theme light, mono, own, plain;

	unsetenv("NO_COLOR");
	colour("xterm-256color", STYLE_QUEUE, "38;5;208m", "one of 256");
	colour("xterm-256color", STYLE_QUEUE | STYLE_BAR, "48;5;208m", "and as a ground");
	colour("xterm-256color", STYLE_DEVICE | STYLE_BAR, "38;5;16m", "with black letters on it");
	colour("xterm", STYLE_QUEUE, "[33m", "one of 8");
	colour("xterm", STYLE_KERNEL, "1m", "bold for a bright one");
	colour("vt100", STYLE_OVER, NULL, "none where there are none");
	if (can) {
		colour("at-sixteen", STYLE_KERNEL, "96m", "one of 16, a bright one");
		colour("at-direct", STYLE_QUEUE, "38:2::255:135:0m", "a direct one");
	}
	theme_choose(&light, "light", NULL);
	theme_use(&light);
	colour("xterm-256color", STYLE_QUEUE, "38;5;136m", "that of another theme");
	colour("xterm-256color", STYLE_DEVICE | STYLE_BAR, "38;5;231m", "with white letters on it");
	theme_set(&own, "queue", "99 underline", NULL);
	theme_use(&own);
	colour("xterm-256color", STYLE_QUEUE, "38;5;99m", "one of one's own");
	colour("xterm-256color", STYLE_QUEUE, "4m", "underlined");
	theme_choose(&mono, "mono", NULL);
	theme_use(&mono);
	colour("xterm-256color", STYLE_QUEUE, NULL, "none with theme mono");
	theme_use(&plain);
	setenv("NO_COLOR", "1", 1);
	colour("xterm-256color", STYLE_QUEUE, NULL, "none with NO_COLOR");
	setenv("NO_COLOR", "", 1);
	colour("xterm-256color", STYLE_QUEUE, "38;5;208m", "an empty NO_COLOR says nothing");
}

/* ---- names ---- */

static void test_names(void)
{
	struct cells c = { 0 };
	char got[3][400];

	cells_resize(&c, 40, 10);
	cells_put(&c, 0, 0, 40, STYLE_NORMAL, "e\xcc\x81t\xc3\xa9 日本");
	for (int i = 0; i < 3; i++) {
		setenv("LC_ALL", i == 1 ? "C" : "C.UTF-8", 1);
		setenv("AGENTTOP_ASCII", i == 2 ? "1" : "", 1);
		open_term("xterm-256color", 40, 10);
		draw(&c);
		snprintf(got[i], sizeof got[i], "%s", pty.got);
		term_close();
		close_pty();
	}
	setenv("LC_ALL", "C.UTF-8", 1);
	has_text(got[0], "e\xcc\x81t\xc3\xa9 日本", "UTF-8: accents and wide characters");
	has_text(got[1], "et? ????", "a locale without: ASCII, as wide as it would be");
	has_text(got[2], "et? ????", "AGENTTOP_ASCII: the same");
	cells_fini(&c);
}

/* ---- mouse ---- */

static void type_in(const char *keys)
{
	if (write(pty.master, keys, strlen(keys)) != (ssize_t)strlen(keys))
		note("the keys did not arrive");
}

/* What comes of these keys, as --keys would write it. */
static const char *events(const char *keys, int n)
{
	static char text[200];
	size_t at = 0;

	type_in(keys);
	for (text[0] = 0; n && at < sizeof text; n--) {
		static const char *const what[] = { "click", "up", "down" };
		uint32_t a = 0;
		enum term_event ev = term_poll(10000, -1, &a);
		int x, y;

		if (ev == TERM_CLICK)
			at += (size_t)snprintf(text + at, sizeof text - at, "%s ", what[action_click(term_click(), &x, &y)]);
		if (ev == TERM_CLICK)
			at += (size_t)snprintf(text + at, sizeof text - at, "%d,%d ", x, y);
		else
			at += (size_t)snprintf(text + at, sizeof text - at, "%s ", ev == TERM_KEY ? action_docs[action_of_key(a)].name : "?");
	}
	return text;
}

/* kind: what the terminal says for the button down, the wheel up and down, another button, and the button up again. */
static void mouse(const char *type, bool wanted, const char *on, const char *off, const char *kind, const char *want)
{
	char got[200] = "", closing[400];
	struct opened o;

	term_use_mouse(wanted);
	o = open_term(type, 60, 10);
	if (o.good && on)
		snprintf(got, sizeof got, "%s", events(kind, 4));
	term_close();
	snprintf(closing, sizeof closing, "%s", look());
	close_pty();
	term_use_mouse(false);
	if (!o.good) {
		skip("mouse: %s: %s", type, o.err.text);
	} else if (!on) {
		ok(!strstr(o.first, "1000") && !strstr(closing, "1000"), "%s: no mouse is asked for%s", type, wanted ? "" : ", when nobody wants it");
	} else {
		has_text(o.first, on, "%s: the mouse is asked for", type);
		has_text(closing, off, "%s: and let go", type);
		is_text(got, want, "%s: clicks and the wheel, each at its place, then a key", type);
	}
}

static void test_mouse(bool can)
{
	static const char sgr[] = "\x1b[<0;5;3M\x1b[<0;5;3m\x1b[<64;60;10M\x1b[<2;1;1M\x1b[<2;1;1m\x1b[<65;1;1Mj";
	static const char twice[] = "\x1b[<0;5;3M\x1b[<0;5;3m\x1b[<0;5;3M\x1b[<0;5;3m\x1b[<65;1;1Mj";
	static const char old[] = "\x1b[M %#\x1b[M#%#\x1b[M`\x5c*\x1b[M\"!!\x1b[M#!!\x1b[Ma!!j";

	const char *all = "click 4,2 up 59,9 down 0,0 down ";

	mouse("xterm-256color", true, "1000h", "1000l", sgr, all);
	mouse("xterm-256color", true, "1000h", "1000l", twice, "click 4,2 click 4,2 down 0,0 down ");
	mouse("screen-256color", true, "1000h", "1000l", old, all);
	mouse("xterm-256color", false, NULL, NULL, NULL, NULL);
	mouse("vt100", true, NULL, NULL, NULL, NULL);
	mouse("linux", true, NULL, NULL, NULL, NULL);
	if (can)
		mouse("at-nomouse", true, NULL, NULL, NULL, NULL);
}

/* A sequence that comes in pieces, one that is none, one of a wide terminal in the old form, one that is too long. */
static void test_mouse_pieces(void)
{
	char got[6][200];
	enum term_event early;
	uint32_t a;
	struct opened o;

	term_use_mouse(true);
	o = open_term("xterm-256color", 60, 10);
	type_in("\x1b[<0;5");
	/* Its beginning has come when what was typed behind it would have: nothing tells that, so both are right here. */
	early = term_poll(0, -1, &a);
	snprintf(got[0], sizeof got[0], "%s", events(";3M\x1b[<0;5;3mj", 2));
	snprintf(got[1], sizeof got[1], "%s", events("\x1b[<0;5xj", 1));
	snprintf(got[2], sizeof got[2], "%s", events("\x1b[M \xe8!\x1b[M#\xe8!j", 2));
	snprintf(got[3], sizeof got[3], "%s", events("\x1b[<0;00000000000000000000000000000000;3Mj", 1));
	snprintf(got[4], sizeof got[4], "%s", events("\x1b[<0;0;0M\x1b[<0;0;0m\x1b[<35;4;4M\x1b[<0;3Mj", 1));
	snprintf(got[5], sizeof got[5], "%s", events("\x1b[<0;5;3M\x1b[<0;9;3m\x1b[<0;9;3m\x1b[<0;9;3M\x1b[<1;9;3m\x1b[<0;9;3mj", 1));
	term_close();
	close_pty();
	term_use_mouse(false);
	ok(o.good && early == TERM_NOTHING, "half a sequence is nothing");
	is_text(got[0], "click 4,2 down ", "until the other half comes");
	is_text(got[1], "down ", "what is no sequence is left out");
	is_text(got[2], "click 199,0 down ", "a place far to the right, in the old form");
	is_text(got[3], "down ", "nor a sequence that is too long");
	is_text(got[5], "down ", "nor is a button that goes up elsewhere, or another one");
	is_text(got[4], "down ", "nor is one without a place, a movement, or half of the numbers");
}

int main(void)
{
	bool can = make_description();

	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("AGENTTOP_ASCII");
	setenv("NO_COLOR", "1", 1);
	test_bytes("vt100");
	unsetenv("NO_COLOR");
	test_bytes("xterm-256color");
	test_bytes("screen-256color");
	test_resize();
	test_frames(can);
	test_colours(can);
	test_names();
	test_mouse(can);
	test_mouse_pieces();
	free(pty.got);
	remove_description();
	return done();
}
