// SPDX-License-Identifier: GPL-2.0-only
#define NCURSES_WIDECHAR 1
#include "term.h"
#include "theme.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <term.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

static const int end_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static const int crash_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

enum { KEY_OLD_MOUSE = KEY_MAX + 1, KEY_NEW_MOUSE };

/* A sequence of the mouse that has begun: "\\033[M" or "\\033[<" have been read. */
struct mouse_in {
	enum { MOUSE_NONE, MOUSE_OLD, MOUSE_NEW } form;
	char text[24];
	size_t n;
};

static struct {
	SCREEN *screen;
	WINDOW *keys;			/* a pad: reading from it does not repaint the screen */
	FILE *in, *out;
	int tty;			/* descriptor of in */
	int wake[2];			/* signal handlers write the signal's number here */
	volatile sig_atomic_t is_open;
	bool ascii, color, wants_mouse;
	uint32_t click, pressed;	/* pressed: where the button is down; 0: it is not */
	struct mouse_in mouse;
	char mouse_on[64], mouse_off[64];	/* what the terminal wants to be sent; "": there is no mouse */
	int ended_by;
	struct cells shown;		/* what the terminal shows; cols == 0: nobody knows */
	int stops;			/* readable: a SIGTSTP is pending; it is never read */
	bool all_stop;			/* Ctrl-Z was typed: who shares the terminal with us stops, too */
	struct termios old, ours;
	sigset_t old_mask;
	char begin_frame[32], end_frame[32];	/* a terminal that can do so shows what is between them at once; "" where it cannot */
	char leave[256];		/* what puts the screen back, for a crash that cannot call curses */
	size_t leave_len;
	struct sigaction saved[NSIG];
} term = { .wake = { -1, -1 }, .stops = -1 };

static void on_signal(int sig)
{
	unsigned char byte = (unsigned char)sig;
	int saved = errno;

	/* A full pipe already says enough. */
	if (write(term.wake[1], &byte, 1) < 0)
		errno = saved;
	errno = saved;
}

/* Only what a signal handler may call. Then the crash goes on as if we had not been there. */
static void on_crash(int sig)
{
	if (term.is_open && isatty(fileno(term.out))) {
		tcsetattr(term.tty, TCSANOW, &term.old);
		if (write(fileno(term.out), term.leave, term.leave_len) < 0)
			errno = 0;
	}
	sigaction(sig, &term.saved[sig], NULL);
	raise(sig);
}

static void catch_signal(int sig, void (*handler)(int), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

static void save_signal(int sig)
{
	sigaction(sig, NULL, &term.saved[sig]);
}

/* What was ignored when we were started (nohup) stays so. */
static void catch_end_signal(int sig)
{
	if (term.saved[sig].sa_handler != SIG_IGN)
		catch_signal(sig, on_signal, SA_RESTART);
}

/* Curses sets handlers of its own where there are none: ours come after it, and the old ones are kept from before. */
static void each_signal(void (*ends)(int), void (*other)(int), void (*crash)(int))
{
	static const int others[] = { SIGTSTP, SIGCONT, SIGWINCH };

	for (size_t i = 0; i < ARRAY_LEN(end_signals); i++)
		ends(end_signals[i]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		other(others[i]);
	for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++)
		crash(crash_signals[i]);
}

/* SIGTSTP is blocked instead, and stops us where term_suspend() lets it. */
static void catch_other(int sig)
{
	catch_signal(sig, sig == SIGTSTP ? SIG_DFL : on_signal, SA_RESTART);
}

static void catch_crash(int sig)
{
	catch_signal(sig, on_crash, SA_RESETHAND | SA_NODEFER);
}

static void restore_signal(int sig)
{
	sigaction(sig, &term.saved[sig], NULL);
}

/* Terminals of more than 256 colours take them as red, green and blue; but for the first few, which are as everywhere. */
static int color_number(const struct theme_look *look)
{
	if (COLORS > 256 && look->c256 >= 16)
		return (int)theme_rgb(look->c256);
	if (COLORS >= 256)
		return look->c256;
	return look->c16 >= 0 && COLORS < 16 ? look->c16 & 7 : look->c16;
}

/* What a ground of the style's colour is written on with. */
static int ink_number(const struct theme_look *look)
{
	bool black = theme_wants_black(COLORS >= 256 ? look->c256 : look->c16);

	if (COLORS >= 256)
		return black ? COLORS > 256 ? 0 : 16 : COLORS > 256 ? 0xffffff : 231;
	return black ? COLOR_BLACK : COLORS < 16 ? COLOR_WHITE : 15;
}

static void init_colors(void)
{
	const char *no_color = getenv("NO_COLOR");

	term.color = theme_has_colors(theme_now()) && has_colors() && !(no_color && *no_color) && start_color() != ERR &&
		     COLORS >= 8 && COLOR_PAIRS > 2 * N_STYLES;
	if (!term.color)
		return;
	use_default_colors();
	for (int i = 0; i < N_STYLES; i++) {
		struct theme_look look = theme_look(theme_now(), (unsigned)i);
		int fg = color_number(&look);

		init_extended_pair(i + 1, fg, -1);
		init_extended_pair(N_STYLES + i + 1, ink_number(&look), fg < 0 ? COLOR_WHITE : fg);
	}
}

static attr_t curses_attr(unsigned attr)
{
	return (attr & THEME_BOLD ? A_BOLD : 0) | (attr & THEME_DIM ? A_DIM : 0) | (attr & THEME_UNDERLINE ? A_UNDERLINE : 0) |
	       (attr & THEME_REVERSE ? A_REVERSE : 0);
}

static bool is_block(uint32_t ch)
{
	return ch >= 0x2580 && ch <= 0x259f;
}

static attr_t attr_of(const struct cell *at, short *pair)
{
	unsigned style = at->style & STYLE_MASK;
	bool bar = at->style & STYLE_BAR;
	struct theme_look look;
	attr_t a;

	style = style < N_STYLES ? style : STYLE_NORMAL;
	look = theme_look(theme_now(), style);
	a = curses_attr(term.color ? look.attr : theme_mono(style));
	/* Where there are 8 colours, bold makes them bright; but not those of a ground. */
	if (term.color && COLORS < 16 && look.c16 >= 8 && !bar)
		a |= A_BOLD;
	*pair = term.color ? (short)(style + 1 + (bar ? N_STYLES : 0)) : 0;
	/* A full block in reverse would be a hole, a coloured ground in reverse would lose its colour. */
	if (at->style & STYLE_SELECTED)
		a |= is_block(at->ch) ? A_BOLD : bar && term.color ? A_BOLD | A_UNDERLINE : A_REVERSE;
	return a;
}

/* A terminal that thinks otherwise of a character's width would shift the line: it gets '?' instead. */
static wchar_t shown_char(uint32_t ch)
{
	if (ch < 0x80)
		return (wchar_t)ch;
	if (term.ascii)
		return (wchar_t)cells_ascii(ch);
	return wcwidth((wchar_t)ch) == cells_char_width(ch) ? (wchar_t)ch : L'?';
}

static void put_cell(int x, int y, const struct cell *at)
{
	wchar_t text[3] = { shown_char(at->ch), 0, 0 };
	short pair;
	attr_t a = attr_of(at, &pair);
	cchar_t cc;

	if (at->mark && !term.ascii && text[0] == (wchar_t)at->ch && wcwidth((wchar_t)at->mark) == 0)
		text[1] = (wchar_t)at->mark;
	if (setcchar(&cc, text, a, pair, NULL) != ERR)
		mvadd_wch(y, x, &cc);
	/* The other half of a wide character, where a narrow one stands in for it. */
	if (cells_char_width(at->ch) == 2 && text[0] < 0x80 && setcchar(&cc, L"?", a, pair, NULL) != ERR)
		mvadd_wch(y, x + 1, &cc);
}

static bool same_cell(const struct cell *a, const struct cell *b)
{
	return a->ch == b->ch && a->style == b->style && a->mark == b->mark;
}

/* Past curses, whose own buffer is empty between two refreshes. */
static void send(const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = write(fileno(term.out), text, left);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			text += n;
			left -= (size_t)n;
		}
	}
}

void term_draw(const struct cells *c)
{
	bool all = term.shown.cols != c->cols || term.shown.lines != c->lines, changed = all;
	int x, y;

	if (!term.is_open)
		return;
	if (all) {
		cells_resize(&term.shown, c->cols, c->lines);
		erase();
	}
	for (y = 0; y < MIN(c->lines, LINES); y++)
		for (x = 0; x < MIN(c->cols, COLS); x++) {
			const struct cell *at = c->at + (size_t)y * (size_t)c->cols + x;
			struct cell *was = term.shown.at + (size_t)y * (size_t)c->cols + x;
			bool next = at->ch && x + 1 < c->cols && !at[1].ch && !same_cell(at + 1, was + 1);

			if (at->ch && (all || next || !same_cell(at, was))) {
				put_cell(x, y, at);
				changed = true;
			}
		}
	if (!changed)
		return;
	memcpy(term.shown.at, c->at, (size_t)c->cols * (size_t)c->lines * sizeof *c->at);
	send(term.begin_frame);
	refresh();
	send(term.end_frame);
}

void term_repaint(void)
{
	term.shown.cols = 0;
	if (term.is_open)
		clearok(stdscr, TRUE);
}

bool term_is_ascii(void)
{
	return term.ascii;
}

void term_size(int *cols, int *lines)
{
	*cols = term.is_open ? COLS : 0;
	*lines = term.is_open ? LINES : 0;
}

static void fit_size(void)
{
	struct winsize ws;

	if (!ioctl(fileno(term.out), TIOCGWINSZ, &ws) && ws.ws_col && ws.ws_row)
		resizeterm(ws.ws_row, ws.ws_col);
}

/* From the background this stops us, by SIGTTOU, until we have the terminal. */
static void come_back(void)
{
	reset_prog_mode();
	send(term.mouse_on);
	fit_size();
	term_repaint();
	refresh();
}

static void mask_signal(int how, int sig, sigset_t *old)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, sig);
	pthread_sigmask(how, &one, old);
}

static bool same_modes(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_lflag == b->c_lflag &&
	       !memcmp(a->c_cc, b->c_cc, sizeof a->c_cc);
}

/*
 * Where a SIGTSTP came to all, the shell may have the terminal already: SIGTTOU must not stop us half way, and modes
 * that are the shell's by now stay.
 */
static void leave_screen(void)
{
	struct termios now;
	sigset_t old;
	bool taken = !tcgetattr(term.tty, &now) && !same_modes(&now, &term.ours);

	mask_signal(SIG_BLOCK, SIGTTOU, &old);
	send(term.mouse_off);
	endwin();
	fflush(term.out);
	if (taken)
		tcsetattr(term.tty, TCSANOW, &now);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/*
 * The SIGTSTP is pending all the while, and the kernel drops it when a SIGCONT comes (prepare_signal): so we stop once,
 * and not at all when the shell has gone on with us before we were done.
 */
void term_suspend(void)
{
	if (!term.is_open)
		return;
	leave_screen();
	if (term.all_stop)
		kill(0, SIGTSTP);
	term.all_stop = false;
	mask_signal(SIG_UNBLOCK, SIGTSTP, NULL);
	mask_signal(SIG_BLOCK, SIGTSTP, NULL);
	come_back();
}

static const char *capability(const char *name)
{
	const char *s = tigetstr((char *)name);

	return s == (char *)-1 ? NULL : s;
}

/* Sync takes 1 where a frame begins and 2 where it ends; it is an extension that few descriptions have. */
static void find_frame(void)
{
	const char *sync = capability("Sync");

	term.begin_frame[0] = term.end_frame[0] = 0;
	if (!sync || strstr(sync, "%s") || strlen(sync) > 200)
		return;
	snprintf(term.begin_frame, sizeof term.begin_frame, "%s", tiparm(sync, 1));
	snprintf(term.end_frame, sizeof term.end_frame, "%s", tiparm(sync, 2));
}

/* A line of what the terminal wants to be sent to give back the user's screen. */
static void add_leave(const char *s)
{
	if (!s)
		return;
	for (; *s && term.leave_len < sizeof term.leave; s++) {
		/* "$<5>" asks for a pause, which no terminal of today needs. */
		const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;

		if (end)
			s = end;
		else
			term.leave[term.leave_len++] = *s;
	}
}

static FILE *open_input(struct err *e)
{
	FILE *f;

	if (isatty(STDIN_FILENO))
		return stdin;
	f = fopen("/dev/tty", "re");
	if (!f)
		err_set(e, -errno, "no terminal to read keys from: /dev/tty: %s; use --report or --screen", strerror(errno));
	return f;
}

static int open_wake(struct err *e)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	term.stops = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
	if (term.stops >= 0 && !pipe2(term.wake, O_CLOEXEC | O_NONBLOCK))
		return 0;
	return err_set(e, -errno, "no pipe for signals: %s", strerror(errno));
}

static void close_files(void)
{
	if (term.in && term.in != stdin)
		fclose(term.in);
	for (int i = 0; i < 2; i++) {
		if (term.wake[i] >= 0)
			close(term.wake[i]);
		term.wake[i] = -1;
	}
	if (term.stops >= 0)
		close(term.stops);
	term.stops = -1;
	term.in = NULL;
	cells_fini(&term.shown);
}

static int open_screen(struct err *e)
{
	const char *name = getenv("TERM");

	term.screen = newterm(NULL, term.out, term.in);
	if (!term.screen)
		return err_set(e, -ENOTTY, "the terminal type TERM=%s is not known here; set TERM=xterm, or use --report",
			       name ? name : "");
	if (capability("cup"))
		return 0;
	endwin();
	delscreen(term.screen);
	term.screen = NULL;
	return err_set(e, -ENOTTY, "a terminal of type %s cannot place the cursor; use --report or --screen",
		       name ? name : "");
}

/*
 * Ctrl-Z is a key to us: the tty would send SIGTSTP to all who share it with us at once, and whoever started us (make,
 * sudo) would stop, and the shell draw its prompt, while our screen is still there.
 */
static void take_stop_key(void)
{
	if (tcgetattr(term.tty, &term.ours))
		return;
	term.ours.c_cc[VSUSP] = _POSIX_VDISABLE;
	tcsetattr(term.tty, TCSADRAIN, &term.ours);
	def_prog_mode();
}

/*
 * Curses has a mouse of its own, but gives back the newest first of what comes at once, and makes clicks of it that nobody asked
 * for: a wheel that is turned fast loses most. So it only tells where a sequence of the mouse begins. Such sequences are asked for
 * in the form that knows any width; who does not know that one answers in the old form.
 * The kernel's console says that it has a mouse, but that is a daemon's.
 */
static void open_mouse(void)
{
	const char *type = getenv("TERM"), *modes = capability("XM");

	term.mouse_on[0] = term.mouse_off[0] = 0;
	term.mouse.form = MOUSE_NONE;
	term.pressed = 0;
	if (!term.wants_mouse || !capability("kmous") || !type || !strncmp(type, "linux", 5))
		return;
	if (modes && !strstr(modes, "%s") && strlen(modes) < 200) {
		snprintf(term.mouse_on, sizeof term.mouse_on, "%s", tiparm(modes, 1));
		snprintf(term.mouse_off, sizeof term.mouse_off, "%s", tiparm(modes, 0));
	} else {
		snprintf(term.mouse_on, sizeof term.mouse_on, "\033[?1000h\033[?1006h");
		snprintf(term.mouse_off, sizeof term.mouse_off, "\033[?1006l\033[?1000l");
	}
	define_key(NULL, KEY_MOUSE);
	define_key("\033[M", KEY_OLD_MOUSE);
	define_key("\033[<", KEY_NEW_MOUSE);
	add_leave(term.mouse_off);
	send(term.mouse_on);
}

static void set_modes(void)
{
	set_escdelay(50);
	cbreak();
	noecho();
	nonl();
	take_stop_key();
	curs_set(0);
	leaveok(stdscr, TRUE);
	scrollok(stdscr, FALSE);
	term.keys = newpad(1, 1);
	keypad(term.keys, TRUE);
	nodelay(term.keys, TRUE);
	init_colors();
	term.leave_len = 0;
	find_frame();
	add_leave(term.end_frame);
	add_leave(capability("sgr0"));
	add_leave(capability("cnorm"));
	add_leave(capability("rmkx"));
	add_leave(capability("rmcup"));
	open_mouse();
}

static bool wants_ascii(void)
{
	const char *env = getenv("AGENTTOP_ASCII");

	setlocale(LC_CTYPE, "");
	return (env && *env && strcmp(env, "0")) || strcmp(nl_langinfo(CODESET), "UTF-8");
}

int term_open(struct err *e)
{
	int r;

	if (term.is_open)
		return 0;
	if (!isatty(STDOUT_FILENO))
		return err_set(e, -ENOTTY, "the screens need a terminal on standard output; use --report, or --screen 80x24");
	term.ascii = wants_ascii();
	term.ended_by = 0;
	term.all_stop = false;
	term.out = stdout;
	term.in = open_input(e);
	if (!term.in)
		return -ENOTTY;
	term.tty = fileno(term.in);
	r = open_wake(e);
	if (r)
		goto out;
	tcgetattr(term.tty, &term.old);
	each_signal(save_signal, save_signal, save_signal);
	r = open_screen(e);
	if (r) {
		each_signal(restore_signal, restore_signal, restore_signal);
		goto out;
	}
	set_modes();
	mask_signal(SIG_BLOCK, SIGTSTP, &term.old_mask);
	each_signal(catch_end_signal, catch_other, catch_crash);
	term.is_open = 1;
	die_hook = term_close;
	return 0;
out:
	close_files();
	return r;
}

void term_close(void)
{
	if (!term.is_open)
		return;
	term.is_open = 0;
	send(term.mouse_off);
	curs_set(1);
	endwin();
	each_signal(restore_signal, restore_signal, restore_signal);
	delwin(term.keys);
	delscreen(term.screen);
	term.screen = NULL;
	tcsetattr(term.tty, TCSANOW, &term.old);
	pthread_sigmask(SIG_SETMASK, &term.old_mask, NULL);
	close_files();
}

void term_use_mouse(bool wanted)
{
	term.wants_mouse = wanted;
}

uint32_t term_click(void)
{
	return term.click;
}

int term_signal(void)
{
	return term.ended_by;
}

static uint32_t key_of_curses(wint_t ch, bool is_code)
{
	static const struct { int from; uint32_t to; } codes[] = {
		{ KEY_UP, UIKEY_UP }, { KEY_DOWN, UIKEY_DOWN }, { KEY_LEFT, UIKEY_LEFT }, { KEY_RIGHT, UIKEY_RIGHT },
		{ KEY_SLEFT, UIKEY_SLEFT }, { KEY_SRIGHT, UIKEY_SRIGHT },
		{ KEY_PPAGE, UIKEY_PAGE_UP }, { KEY_NPAGE, UIKEY_PAGE_DOWN },
		{ KEY_HOME, UIKEY_HOME }, { KEY_END, UIKEY_END }, { KEY_ENTER, UIKEY_ENTER }, { KEY_BTAB, UIKEY_STAB },
		{ KEY_BACKSPACE, UIKEY_BACKSPACE }, { KEY_DC, UIKEY_DELETE }, { KEY_F(1), UIKEY_F1 },
	};

	if (is_code) {
		for (size_t i = 0; i < ARRAY_LEN(codes); i++)
			if (codes[i].from == (int)ch)
				return codes[i].to;
		return 0;
	}
	switch (ch) {
	case '\r':
	case '\n':
		return UIKEY_ENTER;
	case 27:
		return UIKEY_ESC;
	case '\t':
		return UIKEY_TAB;
	case 8:
	case 127:
		return UIKEY_BACKSPACE;
	default:
		return ch;
	}
}

static bool is_stop_key(wint_t ch)
{
	return term.old.c_lflag & ISIG && ch == term.old.c_cc[VSUSP] && ch != _POSIX_VDISABLE;
}

/* Reads on; curses has the beginning and not one byte more. False: the rest has not come yet. */
static bool rest_of_mouse(void)
{
	struct mouse_in *m = &term.mouse;

	for (;;) {
		struct pollfd fd = { term.tty, POLLIN, 0 };
		char c;

		if (poll(&fd, 1, 0) != 1 || read(term.tty, &c, 1) != 1)
			return false;
		/* Of what is too long for a click the end is left out: that is none. */
		if (m->n + 1 < sizeof m->text)
			m->text[m->n++] = c;
		m->text[m->n] = 0;
		if (m->form == MOUSE_OLD ? m->n == 3 : !c || !strchr("0123456789;", c))
			return true;
	}
}

enum { BUTTON_LEFT = 0, BUTTON_UP = 3, BUTTON_WHEEL_UP = 64, BUTTON_WHEEL_DOWN = 65, BUTTON_OTHER = 255 };

/* "0;5;3M", or the three as characters from the blank on; places count from 1. The old form does not say which one goes up. */
static bool read_mouse(const struct mouse_in *m, unsigned *button, int *x, int *y)
{
	enum { SHIFT_META_CTRL = 4 | 8 | 16 };
	const unsigned char *old = (const unsigned char *)m->text;
	char end = 'M';

	if (m->form == MOUSE_NEW && (sscanf(m->text, "%4u;%4d;%4d%c", button, x, y, &end) != 4 || (end != 'M' && end != 'm')))
		return false;
	if (m->form == MOUSE_OLD) {
		*button = old[0] - 32u;
		*x = old[1] - 32;
		*y = old[2] - 32;
	}
	*button &= ~(unsigned)SHIFT_META_CTRL;
	if (end == 'm')
		*button = *button == BUTTON_LEFT ? BUTTON_UP : BUTTON_OTHER;
	return *x > 0 && *y > 0;
}

/*
 * A click is one when the button goes up where it went down: elsewhere somebody tried to select text. And nothing comes after it,
 * which a shell would get when the click was to quit. False: no click.
 */
static bool take_click(void)
{
	unsigned button;
	uint32_t down = term.pressed, place;
	int x, y;

	if (!read_mouse(&term.mouse, &button, &x, &y))
		return false;
	term.pressed = 0;
	place = action_click_key(CLICK_BUTTON, x - 1, y - 1);
	if (button == BUTTON_LEFT)
		term.pressed = place;
	if (button == BUTTON_WHEEL_UP || button == BUTTON_WHEEL_DOWN)
		term.click = action_click_key(button == BUTTON_WHEEL_UP ? CLICK_WHEEL_UP : CLICK_WHEEL_DOWN, x - 1, y - 1);
	else if (button == BUTTON_UP && down == place)
		term.click = place;
	else
		return false;
	return true;
}

static bool begin_mouse(int r, wint_t ch)
{
	if (r != KEY_CODE_YES || (ch != KEY_OLD_MOUSE && ch != KEY_NEW_MOUSE))
		return false;
	term.mouse.form = ch == KEY_OLD_MOUSE ? MOUSE_OLD : MOUSE_NEW;
	term.mouse.n = 0;
	return true;
}

/* Keys and clicks that mean nothing are swallowed. */
static enum term_event next_key(uint32_t *key)
{
	wint_t ch;
	int r;

	for (;;) {
		if (term.mouse.form) {
			if (!rest_of_mouse())
				return TERM_NOTHING;
			r = take_click();
			term.mouse.form = MOUSE_NONE;
			if (r)
				return TERM_CLICK;
		}
		r = wget_wch(term.keys, &ch);
		if (r == ERR)
			return TERM_NOTHING;
		term.all_stop = r == OK && is_stop_key(ch);
		if (term.all_stop)
			return TERM_SUSPEND;
		if (begin_mouse(r, ch))
			continue;
		*key = key_of_curses(ch, r == KEY_CODE_YES);
		if (*key)
			return TERM_KEY;
	}
}

static bool is_end_signal(int sig)
{
	for (size_t i = 0; i < ARRAY_LEN(end_signals); i++)
		if (end_signals[i] == sig)
			return true;
	return false;
}

static bool has_stop(void)
{
	sigset_t set;

	return !sigpending(&set) && sigismember(&set, SIGTSTP) > 0;
}

static enum term_event next_signal(void)
{
	enum term_event ev = TERM_NOTHING;
	unsigned char sig;

	while (read(term.wake[0], &sig, 1) == 1) {
		if (is_end_signal(sig)) {
			term.ended_by = sig;
			return TERM_SIGNAL;
		}
		if (sig == SIGCONT) {
			come_back();		/* after SIGSTOP: somebody else had the terminal */
		} else {
			/* Narrower and wide again before we looked: the size is the same, what was on the right is gone. */
			fit_size();
			term_repaint();
		}
		ev = TERM_RESIZE;
	}
	return has_stop() ? TERM_SUSPEND : ev;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Readable, but nothing to read: the other end is closed. */
static bool is_lost(short revents)
{
	int n = 0;

	if (revents & (POLLERR | POLLHUP | POLLNVAL))
		return true;
	return (revents & POLLIN) && (ioctl(term.tty, FIONREAD, &n) < 0 || !n);
}

enum term_event term_poll(int timeout_ms, int fd, uint32_t *key)
{
	int64_t end = now_ms() + timeout_ms;

	for (;;) {
		struct pollfd fds[] = { { term.tty, POLLIN, 0 }, { term.wake[0], POLLIN, 0 }, { fd, POLLIN, 0 },
					{ term.stops, POLLIN, 0 } };
		int wait = timeout_ms < 0 ? -1 : (int)MAX(end - now_ms(), 0), n;
		enum term_event ev = next_signal();

		if (ev != TERM_NOTHING)
			return ev;
		ev = next_key(key);
		if (ev != TERM_NOTHING)
			return ev;
		n = poll(fds, ARRAY_LEN(fds), wait);
		if (n < 0 && errno != EINTR)
			return TERM_GONE;
		if (n > 0 && !fds[1].revents && !fds[3].revents && is_lost(fds[0].revents))
			return TERM_GONE;
		if (n > 0 && fds[2].revents && !fds[0].revents && !fds[1].revents && !fds[3].revents)
			return TERM_INPUT;
		if (!n)
			return TERM_NOTHING;
	}
}
