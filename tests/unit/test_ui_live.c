// SPDX-License-Identifier: GPL-2.0-only
/* Live screens: what they say, what keys ask for, and that the loop on a terminal waits instead of turning. */
#include "app.h"
#include "fake_snapshot.h"
#include "screen_check.h"
#include "tap.h"
#include "ui.h"
#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DATA "<S-Tab><S-Tab>"		/* the screen before the last, whatever its number */

/* ---- snapshots ---- */

static void live(struct snapshot *s)
{
	s->complete = 0;
	s->n_notes = s->n_losses = 0;
	s->source.kind = "tracefs", s->source.file = s->source.version = "";
	s->source.host = "web-07", s->source.kernel = "6.18.44", s->source.arch = "x86_64", s->source.cpus = 4;
	s->source.begin = FAKE_BEGIN - 10 * NSEC_PER_SEC, s->source.end = FAKE_BEGIN + 60 * NSEC_PER_SEC;
	s->source.n_lost = s->source.n_late = 0;
	s->live.on = 1;
	s->live.window_begin = FAKE_BEGIN;
	s->live.cost_ppm = 18000;
	s->live.record = s->live.thinned = s->live.status = "";
	s->self.rss_bytes = 21000000, s->self.events_per_s = 84000;
	s->n_caps = 0;
}

static void planner(struct snapshot *s)
{
	fake_planner(s);
	live(s);
}

static void unmarked(struct snapshot *s)
{
	struct candidate_row *c;

	fake_empty(s);
	live(s);
	c = s->candidates = ARENA_NEW(&s->mem, 3, struct candidate_row);
	c[0] = (struct candidate_row){ 871, "planner", 5386, 6000 * MS, 310 * MS, "woken 5386 times, waits 95 % of its time" };
	c[1] = (struct candidate_row){ 900, "claude", 386, 6000 * MS, 110 * MS, "woken 386 times, waits 98 % of its time" };
	c[2] = (struct candidate_row){ 901, "sshd", 38, 6000 * MS, 10 * MS, "woken 38 times, waits 99 % of its time" };
	s->n_candidates = 3;
}

/* ---- what is painted ---- */

static char *text_of(const struct cells *c, bool ascii)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	cells_dump(c, ascii, f);
	fclose(f);
	return text;
}

/* Line n of a screen, from 0. */
static void is_line(const struct snapshot *s, unsigned cols, bool ascii, int n, const char *want, const char *what)
{
	char *got = screen(s, cols, 24, "", ascii), *line = got;

	while (n--)
		line += strcspn(line, "\n") + 1;
	line[strcspn(line, "\n")] = 0;
	is_text(line, want, "%s", what);
	free(got);
}

static void test_title(void)
{
	struct snapshot s;

	planner(&s);
	is_line(&s, 120, false, 0, "agenttop  ● live  web-07  6.18.44  4 CPUs                           "
		"cost 1.8 % of a CPU · 21.0 MB · 84 000 ev/s · lost 0", "the title");
	is_line(&s, 120, true, 0, "agenttop  * live  web-07  6.18.44  4 CPUs                           "
		"cost 1.8 % of a CPU . 21.0 MB . 84 000 ev/s . lost 0", "in ASCII");
	is_line(&s, 80, false, 0, "agenttop  ● live  web-07  4 CPUs          cost 1.8 % of a CPU · 21.0 MB · lost 0", "at 80 columns");
	is_line(&s, 40, false, 0, "agenttop  ● live     cost 1.8 % of a CPU", "at 40 what it costs is left");
	has(&s, 80, 24, "p", "agenttop  paused  web-07  4 CPUs          cost 1.8 % of a CPU · 21.0 MB · lost 0\n", "paused");
	s.live.record = "/var/tmp/out.dat", s.live.record_bytes = 12000000;
	has(&s, 120, 24, "", "agenttop  ● live  ● rec out.dat 12.0 MB  web-07", "a recording that is being written");
	has(&s, 80, 24, "", "agenttop  ● live  ● rec out.dat 12.0 MB ", "at 80 columns, too");
	s.live.record = "";
	s.live.thinned = "cpu_idle, hrtimer";
	has(&s, 120, 24, "", "84 000 ev/s · left out: cpu_idle, hrtimer · lost 0", "events that are left out are named");
	has(&s, 80, 24, "", "left out: cpu_idle, hrtimer", "at 80 columns, too");
	s.live.thinned = "";
	s.source.n_lost = 120;
	has(&s, 80, 24, "", "lost 120", "events missing in the stream");
	s.live.n_overrun = 1000, s.live.n_commit_overrun = 30, s.live.n_dropped = 4;
	has(&s, 80, 24, "", "lost 1 034", "the kernel's counters say it when they know of more");
	fake_free(&s);
}

static void test_window(void)
{
	struct snapshot s;

	planner(&s);
	has(&s, 80, 24, "", " ─ last 60 s ─ sort P99", "the window is shown");
	for (unsigned i = 0; i < n_views; i++) {
		char key[2] = { i + 1 < n_views ? (char)('1' + i) : '?', 0 };

		has(&s, 120, 24, key, "? Help", "on every screen, with all tabs");
		has(&s, 120, 24, key, "─ last 60 s ─", "the window is shown");
	}
	has(&s, 80, 24, "2", " ─ last 60 s ─", "at 80 columns, too");
	has(&s, 120, 24, "", "steps 90/s  p50", "rates are of the window");
	has(&s, 80, 24, "", "steps 90/s  p50 8.10 ms  p99 23.4 ms ▲  p999 32.3 ms ▲", "and there at 80 columns, too");
	has_not(&s, 200, 60, "", "reading", "nothing is said of reading");
	s.live.window_begin = s.source.end - 12 * NSEC_PER_SEC;
	has(&s, 80, 24, "", "last 12 s", "that is shorter at first");
	s.live.window_begin = 0;
	has(&s, 80, 24, "", "last 70 s", "and begins with the recording at the earliest");
	s.live.window_begin = s.source.end;
	has_not(&s, 80, 24, "", "last ", "without any time nothing is said of it");
	fake_free(&s);
}

static void test_data(void)
{
	struct snapshot s;

	planner(&s);
	has(&s, 120, 60, DATA, "source         this machine, live", "Data says that it is live");
	has(&s, 120, 60, DATA, "time           6.000000 to 76.000000, 70.0 s", "since when");
	has(&s, 120, 60, DATA, "window         the last 60 s, from 16.000000 on: all tables and steps are of that time", "and what is shown of it");
	has(&s, 120, 60, DATA, "cost           1.8 % of a CPU, 21.0 MB of memory; 84 000 events a second", "what it costs");
	has(&s, 120, 60, DATA, "WHAT WAS LOST SINCE THE BEGIN\noverrun        0 events", "what was lost is told in any case");
	s.live.n_overrun = 120000, s.live.n_commit_overrun = 3, s.live.n_dropped = 4;
	has(&s, 120, 60, DATA, "overrun        120k events that were overwritten before they were read", "overruns");
	has(&s, 120, 60, DATA, "commit overrun 3 events", "in interrupts");
	has(&s, 120, 60, DATA, "dropped        4 events", "and dropped ones");
	s.live.kept_ns = 61 * NSEC_PER_SEC, s.live.kept_bytes = 3100000;
	has(&s, 120, 60, DATA, "kept events    61 s, 3.10 MB: w writes them to a file", "what w would write");
	s.live.record = "/var/tmp/out.dat", s.live.record_bytes = 12000000;
	has(&s, 120, 60, DATA, "recording      all events go to /var/tmp/out.dat, 12.0 MB so far", "what is being written");
	s.live.thinned = "cpu_idle";
	has(&s, 120, 60, DATA, "left out       so as to keep up with the load: cpu_idle", "what is left out");
	s.live.status = "wrote agenttop-1.dat: 60 s, 3.1 MB";
	has(&s, 120, 60, DATA "j", "done last      wrote agenttop-1.dat", "and what was done last");
	fake_free(&s);
}

static void test_candidates(void)
{
	struct snapshot s;

	unmarked(&s);
	has(&s, 80, 24, "", "no steps: nothing marks any so far, and no agent was named\n"
	    "try       choose a task and press Enter: each turn of its loop is then a step\n", "without steps it says what to do");
	has(&s, 80, 24, "", "\n▸ planner                 871", "there is a cursor");
	has(&s, 80, 24, "<Down>", "\n▸ claude ", "that can be moved");
	has(&s, 80, 24, "<End><Down>", "\n▸ sshd ", "to the last one");
	has(&s, 80, 24, "", "\nEnter follow this task  Arrows choose  p pause  w save  e export  ? help  q quit", "the footer says it, too");
	has(&s, 80, 24, "2", "No step is in the window", "there is no chain yet");
	s.n_candidates = 0;
	has(&s, 80, 24, "<Enter><Down>", "start an agent, or name one with -p PID, -c NAME or -g CGROUP", "without a task to choose");
	s.selects = 1;
	has(&s, 80, 24, "", "no steps: no task that was named has run so far\n", "a task that sleeps");
	s.selects_any = 1;
	has(&s, 80, 24, "", "no steps: the agents have neither marked any nor come back from a wait so far\n", "one that makes no steps");
	s.n_steps_open = 1;
	has(&s, 80, 24, "", "no steps: 1 began, none has ended so far\n", "one that is at it");
	s.n_steps_open = 0, s.n_steps_all = 9;
	has(&s, 80, 24, "", "no steps: none has ended in the last 60 s\n", "one that was");
	fake_free(&s);
}

/* ---- what is asked for ---- */

static void asks(struct app *app, enum action a, enum ui_command want, int64_t want_value, const char *what)
{
	unsigned done = app_act(app, a);
	int64_t value = -1;
	enum ui_command got = app_command(app, &value);

	ok((done & UI_COMMAND) && got == want && value == want_value, "%s", what);
	if (got != want || value != want_value)
		note("asked for %d with %lld", (int)got, (long long)value);
}

static char *drawn(struct app *app, struct cells *c)
{
	app_draw(app, c);
	return text_of(c, false);
}

static void shows(struct app *app, struct cells *c, const char *part, const char *what)
{
	char *text = drawn(app, c);

	has_text(text, part, "%s", what);
	free(text);
}

static void shows_not(struct app *app, struct cells *c, const char *part, const char *what)
{
	char *text = drawn(app, c);

	if (!ok(!strstr(text, part), "%s", what))
		tap_note_text("got", text);
	free(text);
}

static void test_follow(void)
{
	struct snapshot a, b;
	struct cells c = { 0 };
	struct app *app = app_new();

	unmarked(&a);
	unmarked(&b);
	b.candidates[0] = a.candidates[2], b.candidates[2] = a.candidates[0];
	b.source.n_events = 1;
	cells_resize(&c, 80, 24);
	app_set_snapshot(app, &a);
	app_draw(app, &c);
	asks(app, ACT_ENTER, UI_FOLLOW, 871, "Enter follows the task on top");
	app_set_snapshot(app, &b);
	asks(app, ACT_ENTER, UI_FOLLOW, 871, "what was painted counts, not what came since");
	app_draw(app, &c);
	asks(app, ACT_ENTER, UI_FOLLOW, 901, "a cursor that nobody moved stays on top");
	app_act(app, ACT_LAST);
	app_draw(app, &c);
	asks(app, ACT_ENTER, UI_FOLLOW, 871, "one that was moved");
	app_set_snapshot(app, &a);
	app_draw(app, &c);
	shows(app, &c, "\n▸ planner ", "stays with its task");
	asks(app, ACT_ENTER, UI_FOLLOW, 871, "wherever that goes");
	b.n_candidates = 2;
	app_set_snapshot(app, &b);
	asks(app, ACT_ENTER, UI_FOLLOW, 871, "also when that has gone since");
	app_draw(app, &c);
	asks(app, ACT_ENTER, UI_FOLLOW, 901, "until one can see that it is gone");
	b.n_candidates = 0;
	app_set_snapshot(app, &b);
	app_draw(app, &c);
	is_num(app_act(app, ACT_ENTER) & UI_COMMAND, 0, "without tasks Enter asks for nothing");
	app_free(app);
	cells_fini(&c);
	fake_free(&a);
	fake_free(&b);
}

static void test_commands(void)
{
	struct snapshot s, r;
	struct cells c = { 0 };
	struct app *app = app_new();

	planner(&s);
	fake_planner(&r);
	cells_resize(&c, 120, 30);
	is_num(app_act(app, ACT_PAUSE) & UI_COMMAND, 0, "without a snapshot there is nothing to pause");
	app_set_snapshot(app, &s);
	shows(app, &c, "s sort  p pause  w save  e export  ? help", "the footer has what can be done live");
	asks(app, ACT_PAUSE, UI_PAUSE, 1, "p pauses");
	shows(app, &c, "p go on", "and the footer says so at once");
	asks(app, ACT_PAUSE, UI_PAUSE, 0, "p again goes on");
	app_act(app, ACT_PAUSE);
	shows(app, &c, "agenttop  paused  web-07", "and the title, too");
	app_act(app, ACT_PAUSE);
	shows(app, &c, "agenttop  ● live  web-07", "until p");
	app_act(app, ACT_VIEW_2);
	asks(app, ACT_SAVE, UI_SAVE, 0, "w saves, on any screen");
	app_set_notice(app, true, "out.dat: no space left on device");
	shows(app, &c, "\nout.dat: no space left on device\n", "an error is shown");
	ok(app_act(app, ACT_DOWN) & UI_REDRAW, "until the next key");
	shows_not(app, &c, "no space", "and no longer");
	s.live.status = "wrote agenttop-1.dat: 60 s, 3.1 MB";
	ok(app_set_snapshot(app, &s), "what was done is news");
	shows(app, &c, "\nwrote agenttop-1.dat: 60 s, 3.1 MB\n", "and is shown");
	shows(app, &c, "\nwrote agenttop-1.dat", "for as long as nobody presses a key");
	app_act(app, ACT_DOWN);
	shows_not(app, &c, "wrote agenttop", "and no longer");
	s.live.status = "wrote agenttop-2.dat: 60 s, 3.1 MB";
	app_set_snapshot(app, &s);
	app_act(app, ACT_DOWN);
	shows(app, &c, "\nwrote agenttop-2.dat", "what nobody has seen yet stays");
	ok(!app_set_snapshot(app, &s), "the same snapshot is no news");
	s.source.n_events++;
	ok(app_set_snapshot(app, &s), "one event is");
	app_set_snapshot(app, &r);
	is_num(app_act(app, ACT_PAUSE) & UI_COMMAND, 0, "a recording cannot be paused");
	shows(app, &c, "\nthere is nothing to pause in a recording\n", "which is said");
	is_num(app_act(app, ACT_SAVE) & UI_COMMAND, 0, "nor written");
	shows(app, &c, "\nthere is nothing to write", "which is said");
	ok(app_set_snapshot(app, &r), "of a recording every snapshot is new");
	shows_not(app, &c, "w save", "its footer has neither");
	app_free(app);
	cells_fini(&c);
	fake_free(&s);
	fake_free(&r);
}

/* ---- a window that slides ---- */

/* n steps of one kind, begun 100 us after each other; the first has this number. All is of the snapshot: nothing survives it. */
static struct snapshot *sliding(size_t n, uint64_t first)
{
	struct snapshot *s = xcalloc(1, sizeof *s);
	static struct kind_row kind = { .agent = "planner", .name = "plan" };
	struct step *st;

	fake_empty(s);
	live(s);
	kind.steps = fake_quant(n, 8 * MS, 23 * MS, 41 * MS);
	s->kinds = &kind, s->n_kinds = n > 0;
	s->steps = ARENA_NEW(&s->mem, n, const struct step *);
	s->n_steps = s->n_steps_all = n;
	s->source.n_events = first;
	for (size_t i = 0; i < n; i++) {
		uint64_t begin = FAKE_BEGIN + (first + i) * 100 * US, ns = MS + hash64(first + i) % (20 * MS);

		st = ARENA_NEW(&s->mem, 1, struct step);
		*st = (struct step){ .serial = first + i, .agent = fake_str(s, "planner"), .name = fake_str(s, "plan"), .pid = 871,
				     .begin = begin, .end = begin + ns, .has_segments = 1, .n_seg = 1 };
		st->seg = ARENA_NEW(&s->mem, 1, struct segment);
		st->seg[0] = (struct segment){ .from = begin, .to = begin + ns, .stage = ST_USER };
		st->ns[ST_USER] = ns;
		s->steps[i] = st;
	}
	return s;
}

static void slide(struct app *app, struct snapshot **s, size_t n, uint64_t first)
{
	struct snapshot *old = *s;

	*s = sliding(n, first);
	app_set_snapshot(app, *s);
	if (old) {
		fake_free(old);
		memset(old, 0xa5, sizeof *old);
		free(old);
	}
}

static uint64_t slowest_of(const struct snapshot *s)
{
	size_t at = 0;

	for (size_t i = 1; i < s->n_steps; i++)
		if (s->steps[i]->end - s->steps[i]->begin > s->steps[at]->end - s->steps[at]->begin)
			at = i;
	return s->steps[at]->serial;
}

static void test_slide(void)
{
	struct snapshot *s = NULL;
	struct cells c = { 0 };
	struct app *app = app_new();
	char want[64];
	uint64_t gone;

	cells_resize(&c, 120, 30);
	slide(app, &s, 40, 1);
	app_draw(app, &c);
	app_act(app, ACT_ORDER);
	app_act(app, ACT_EXPAND);
	for (int i = 0; i < 5; i++)
		app_act(app, ACT_DOWN);
	shows(app, &c, "\n▸           #36 ", "a single step is chosen");
	slide(app, &s, 40, 11);
	shows(app, &c, "\n▸           #36 ", "and stays so when new ones come above it");
	slide(app, &s, 40, 36);
	shows(app, &c, "\n▸           #36 ", "as long as it is there");
	slide(app, &s, 40, 37);
	shows(app, &c, "\n▸           #37 ", "then the cursor is on its neighbour");
	slide(app, &s, 40, 38);
	slide(app, &s, 0, 90);
	shows(app, &c, "no steps: nothing marks", "a window may be empty");
	slide(app, &s, 40, 91);
	shows(app, &c, "\n▸ planner ", "and fill again");
	app_free(app);
	app = app_new();
	slide(app, &s, 40, 100);
	app_draw(app, &c);
	app_act(app, ACT_ENTER);
	snprintf(want, sizeof want, "step planner/plan #%llu ", (unsigned long long)slowest_of(s));
	shows(app, &c, want, "the chain of the slowest");
	gone = slowest_of(s);
	app_act(app, ACT_ENTER);
	app_draw(app, &c);
	slide(app, &s, 40, 101);
	shows(app, &c, "[2 Chain]", "other steps come");
	slide(app, &s, 40, 200);
	snprintf(want, sizeof want, "\nStep planner/plan #%llu, ", (unsigned long long)gone);
	shows(app, &c, want, "a step that has left the window");
	shows(app, &c, "has left the window (the last 60 s). Press < or > for the slowest", "is said to have");
	slide(app, &s, 40, 210);
	shows(app, &c, want, "it stays like that");
	app_act(app, ACT_EARLIER);
	app_act(app, ACT_ENTER);
	app_act(app, ACT_LONGEST);
	app_act(app, ACT_RIGHT);
	app_act(app, ACT_DOWN);
	shows(app, &c, want, "whatever one does in it");
	app_act(app, ACT_LATER);
	shows(app, &c, "step planner/plan #210 ", "] goes on to the next one that is there");
	slide(app, &s, 40, 300);
	app_act(app, ACT_SLOWER);
	snprintf(want, sizeof want, "step planner/plan #%llu ", (unsigned long long)slowest_of(s));
	shows(app, &c, want, "< to the slowest");
	slide(app, &s, 0, 400);
	shows(app, &c, "has left the window", "also when there are none at all");
	app_act(app, ACT_LATER);
	app_act(app, ACT_SLOWER);
	app_act(app, ACT_BACK);
	app_act(app, ACT_BACK);
	shows(app, &c, "[1 Steps]", "Esc goes back");
	app_free(app);
	cells_fini(&c);
	fake_free(s);
	free(s);
}

/* Any keys while the window slides, is empty, jumps; nothing of an old snapshot may be touched (sanitizers tell). */
static void test_monkey(void)
{
	struct snapshot *s = NULL;
	struct cells c = { 0 };
	struct app *app = app_new();
	uint64_t first = 1;
	bool good = true;

	dice_seed = 7;
	cells_resize(&c, 100, 30);
	for (int i = 0; i < 6000; i++) {
		unsigned done;

		if (!s || !dice(4)) {
			first += dice(10) ? dice(4) : dice(100);
			slide(app, &s, dice(12) ? 10 + dice(40) : 0, first);
			s->live.paused = (uint8_t)!dice(5);
			s->live.status = dice(9) ? "" : "following fio (678)";
		}
		if (!dice(60))
			cells_resize(&c, 30 + (int)dice(150), 5 + (int)dice(45));
		done = app_act(app, (enum action)dice(N_ACTIONS));
		good &= !(done & ~(unsigned)(UI_REDRAW | UI_CLOSE | UI_GO | UI_QUIT | UI_REPAINT | UI_COMMAND | UI_RANGE));
		if (dice(3))
			app_draw(app, &c);
	}
	ok(good, "6000 actions on a window that slides");
	app_free(app);
	cells_fini(&c);
	fake_free(s);
	free(s);
}

static void cursor_has(struct app *app, struct cells *c, const char *part, const char *what)
{
	char *text = drawn(app, c), *at = strstr(text, "\n▸");

	if (at)
		at[1 + strcspn(at + 1, "\n")] = 0;
	has_text(at, part, "%s", what);
	free(text);
}

/* Two processes of one name are two rows. */
static void test_same_name(void)
{
	static struct agent_row agents[] = { { .agent = "claude", .tgid = 10, .comm = "", .cls = "" },
					     { .agent = "claude", .tgid = 20, .comm = "", .cls = "" } };
	/* agent_i is no row of agents: those without steps in the window are not there */
	struct kind_row k[2] = { { .agent = "claude", .name = "turn", .agent_i = 1, .tgid = 10 },
				 { .agent = "claude", .name = "turn", .agent_i = 4, .tgid = 20 } };
	struct kind_row turned[2];
	struct snapshot a, b;
	struct cells c = { 0 };
	struct app *app = app_new();

	planner(&a);
	planner(&b);
	k[0].steps = fake_quant(100, MS, 9 * MS, 10 * MS);
	k[1].steps = fake_quant(200, MS, 8 * MS, 10 * MS);
	memcpy(turned, k, sizeof k);
	turned[1].steps.p99 = 20 * MS;
	a.agents = b.agents = agents, a.n_agents = b.n_agents = 2;
	a.n_kinds = b.n_kinds = 2;
	a.kinds = k, b.kinds = turned;
	cells_resize(&c, 120, 30);
	app_set_snapshot(app, &a);
	cursor_has(app, &c, "10 claude ", "each says which process it is");
	app_act(app, ACT_DOWN);
	cursor_has(app, &c, " 200 ", "the second one is chosen");
	cursor_has(app, &c, "20 claude ", "and says so, too");
	app_set_snapshot(app, &b);
	cursor_has(app, &c, " 200 ", "and still is when it is the first");
	app_free(app);
	cells_fini(&c);
	fake_free(&a);
	fake_free(&b);
}

/* ---- the loop, on a terminal ---- */

/* Shared with the program on the other side of the terminal. */
struct shared {
	volatile int n_steps, n_commands, n_bad;
	volatile int n_now;		/* snapshots taken */
	volatile int drain;		/* step() empties the descriptor */
	volatile int news;		/* each step() is one event more */
	volatile int burn_ms;		/* step() takes so long */
	volatile int fail;		/* commands fail, */
	volatile int broken;		/* the next step() does */
	volatile int command[64];
	volatile int64_t value[64];
	volatile int stopped, go_on, ended;
	volatile int status;
	volatile int64_t cpu_us;	/* used so far, as of the newest step() */
};
struct program {
	struct shared *sh;
	int news;			/* eventfd */
	int tty;
	pid_t leader;
	char out[1 << 20];		/* what it sent to the terminal */
	size_t n_out;
	int n_frames;			/* pieces of it that came with a pause between them */
	int64_t last_ms;
};
struct fake {
	struct shared *sh;
	struct snapshot s;
	uint64_t n_events;
	int fd;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_ms(int ms)
{
	poll(NULL, 0, ms);
}

static const struct snapshot *fake_feed_step(void *arg, unsigned budget_ms, bool *finished, struct err *e)
{
	struct fake *f = arg;
	uint64_t n;
	int64_t begin = now_ms();
	struct timespec cpu;

	(void)finished;
	f->sh->n_bad += !budget_ms || budget_ms > 16;
	if (f->sh->drain && read(f->fd, &n, sizeof n) < 0 && errno != EAGAIN)
		f->sh->n_bad++;
	while (now_ms() - begin < f->sh->burn_ms)
		;
	if (f->sh->broken)
		err_set(e, -EIO, "the buffers are gone");
	f->n_events += (uint64_t)f->sh->news;
	f->sh->n_steps++;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	f->sh->cpu_us = (int64_t)cpu.tv_sec * 1000000 + cpu.tv_nsec / 1000;
	return &f->s;
}

static const struct snapshot *fake_feed_now(void *arg)
{
	struct fake *f = arg;

	f->sh->n_now++;
	f->s.source.n_events = f->n_events;
	f->s.self.events_per_s = 1000 + f->n_events;
	return &f->s;
}

static int fake_feed_command(void *arg, enum ui_command what, int64_t value, struct err *e)
{
	struct fake *f = arg;
	int i = f->sh->n_commands % 64;

	f->sh->command[i] = (int)what;
	f->sh->value[i] = value;
	f->sh->n_commands++;
	if (f->sh->fail)
		return err_set(e, -ENOSPC, "out.dat: no space left on device");
	return 0;
}

static _Noreturn void run_ui(struct shared *sh, int fd)
{
	struct fake f = { .sh = sh, .fd = fd };
	struct ui_feed feed = { .arg = &f, .step = fake_feed_step, .now = fake_feed_now, .fd = fd, .command = fake_feed_command };
	struct err e = { "" };
	int r;

	unmarked(&f.s);
	signal(SIGTTOU, SIG_DFL);
	r = ui_run(&feed, &e);
	fake_free(&f.s);
	_exit(r ? -r : 0);
}

/* What a shell does for a job, as far as it is needed here. */
static _Noreturn void run_shell(struct shared *sh, int fd)
{
	int status;
	pid_t job;

	signal(SIGTTOU, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	job = fork();
	if (!job) {
		setpgid(0, 0);
		tcsetpgrp(0, getpid());
		signal(SIGHUP, SIG_DFL);
		run_ui(sh, fd);
	}
	setpgid(job, job);
	while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
		tcsetpgrp(0, getpid());
		sh->stopped++;
		while (!sh->go_on)
			sleep_ms(5);
		sh->go_on = 0;
		tcsetpgrp(0, job);
		kill(job, SIGCONT);
	}
	sh->status = status;
	sh->ended = 1;
	_exit(0);
}

static void start(struct program *p)
{
	struct winsize ws = { .ws_col = 120, .ws_row = 24 };

	memset(p, 0, sizeof *p);
	p->sh = mmap(NULL, sizeof *p->sh, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	p->sh->drain = p->sh->news = 1;
	p->news = eventfd(0, EFD_NONBLOCK);
	fflush(stdout);
	p->leader = forkpty(&p->tty, NULL, NULL, &ws);
	if (!p->leader) {
		setenv("TERM", "xterm", 1);
		run_shell(p->sh, p->news);
	}
	fcntl(p->tty, F_SETFL, O_NONBLOCK);
}

/* Takes what the program has sent, for at most so long. */
static void listen_ms(struct program *p, int ms)
{
	int64_t end = now_ms() + ms;

	do {
		struct pollfd fd = { p->tty, POLLIN, 0 };
		ssize_t n;

		if (poll(&fd, 1, MIN(MAX((int)(end - now_ms()), 0), 20)) <= 0 || p->n_out + 1 >= sizeof p->out)
			continue;
		n = read(p->tty, p->out + p->n_out, sizeof p->out - 1 - p->n_out);
		if (n <= 0) {
			sleep_ms(5);
			continue;
		}
		p->n_out += (size_t)n;
		p->n_frames += now_ms() - p->last_ms > 60;
		p->last_ms = now_ms();
	} while (now_ms() < end);
}

static void forget(struct program *p)
{
	listen_ms(p, 0);
	memset(p->out, 0, sizeof p->out);
	p->n_out = 0;
	p->n_frames = 0;
}

static void press(struct program *p, const char *keys)
{
	if (write(p->tty, keys, strlen(keys)) < 0)
		note("write: %s", strerror(errno));
}

#define PATIENCE_MS 20000
#define WAIT_FOR(p, cond) __extension__ ({ \
	int64_t wait_end = now_ms() + PATIENCE_MS; \
	while (!(cond) && now_ms() < wait_end) \
		listen_ms(p, 5); \
	(cond); })

static bool sees(struct program *p, const char *text)
{
	return WAIT_FOR(p, strstr(p->out, text));
}

static int last_command(const struct program *p)
{
	return p->sh->n_commands ? p->sh->command[(p->sh->n_commands - 1) % 64] : -1;
}

static int64_t last_value(const struct program *p)
{
	return p->sh->n_commands ? p->sh->value[(p->sh->n_commands - 1) % 64] : -1;
}

static void stop(struct program *p)
{
	kill(p->leader, SIGKILL);
	waitpid(p->leader, NULL, 0);
	close(p->tty);
	close(p->news);
	munmap(p->sh, sizeof *p->sh);
}

static void test_quiet(struct program *p)
{
	int64_t cpu_us;
	int n, shots;

	ok(sees(p, "live"), "the screen appears without any news");
	is_num(p->sh->n_steps, 1, "after one step");
	listen_ms(p, 100);
	forget(p);
	n = p->sh->n_steps;
	shots = p->sh->n_now;
	listen_ms(p, 500);
	is_num(p->sh->n_steps, n, "without news there is none more");
	is_num(p->sh->n_now, shots, "no snapshot is taken");
	is_num(p->n_out, 0, "and nothing is painted");
	eventfd_write(p->news, 1);
	ok(WAIT_FOR(p, p->sh->n_steps == n + 1), "one piece of news is one step");
	ok(WAIT_FOR(p, p->n_out), "that is painted");
	listen_ms(p, 300);
	is_num(p->sh->n_steps, n + 1, "and no more");
	cpu_us = p->sh->cpu_us;
	p->sh->news = 0;
	for (int i = 0; i < 10; i++) {
		eventfd_write(p->news, 1);
		listen_ms(p, 30);
	}
	forget(p);
	eventfd_write(p->news, 1);
	listen_ms(p, 400);
	is_num(p->n_out, 0, "steps without news paint nothing");
	note("%lld us of CPU time for a dozen steps", (long long)(p->sh->cpu_us - cpu_us));
	p->sh->news = 1;
}

static void test_busy(struct program *p)
{
	int64_t begin, took;
	int n, shots;

	p->sh->drain = 0;
	eventfd_write(p->news, 1);
	listen_ms(p, 300);
	forget(p);
	n = p->sh->n_steps;
	shots = p->sh->n_now;
	begin = now_ms();
	listen_ms(p, 1500);
	took = now_ms() - begin;
	note("news all the time: %d steps and %d frames in %lld ms", p->sh->n_steps - n, p->n_frames, (long long)took);
	ok(p->sh->n_steps - n > 5, "news that never ends is taken");
	ok(p->sh->n_steps - n <= took / 40 + 2, "in portions");
	ok(p->n_frames >= 1 && p->n_frames <= took / 250 + 2, "and painted at most 4 times a second");
	ok(p->sh->n_now - shots >= 1 && p->sh->n_now - shots <= took / 250 + 2, "with a snapshot for each frame");
	shots = p->sh->n_now;
	for (int i = 0; i < 12; i++) {
		press(p, i & 1 ? "k" : "j");
		listen_ms(p, 50);
	}
	ok(p->sh->n_now - shots >= 2, "a key that is held down does not keep news away");
	p->sh->burn_ms = 8;
	n = p->sh->n_steps;
	listen_ms(p, 500);
	ok(p->sh->n_steps - n > 500 / 40, "more than can be taken is taken without a rest");
	forget(p);
	begin = now_ms();
	press(p, "?");
	ok(sees(p, "KEYS"), "a key is obeyed all the same");
	note("from key to screen: %lld ms, with a step of 8 ms", (long long)(now_ms() - begin));
	press(p, "?");
	p->sh->burn_ms = 0;
	p->sh->drain = 1;
	listen_ms(p, 300);
}

static void test_keys(struct program *p)
{
	int n;

	forget(p);
	press(p, "p");
	ok(sees(p, "paused"), "p pauses, and the title says so");
	ok(last_command(p) == UI_PAUSE && last_value(p) == 1, "as the feed was told");
	forget(p);
	n = p->sh->n_now;
	p->sh->drain = 0;
	eventfd_write(p->news, 1);
	listen_ms(p, 400);
	is_num(p->sh->n_now, n, "then no snapshot is taken");
	is_num(p->n_out, 0, "nothing is painted");
	n = p->sh->n_steps;
	ok(WAIT_FOR(p, p->sh->n_steps > n), "and news is taken all the same");
	p->sh->drain = 1;
	press(p, "w");
	ok(sees(p, "done; the screens stand still"), "w works");
	ok(last_command(p) == UI_SAVE, "as always");
	n = p->sh->n_now;
	press(p, "p");
	ok(WAIT_FOR(p, p->sh->n_commands == 3), "p again");
	ok(last_command(p) == UI_PAUSE && last_value(p) == 0, "goes on");
	ok(WAIT_FOR(p, p->sh->n_now > n), "with a snapshot at once");
	n = p->sh->n_now;
	press(p, "j\r");
	ok(WAIT_FOR(p, p->sh->n_commands == 4), "Enter on a task");
	ok(last_command(p) == UI_FOLLOW && last_value(p) == 900, "follows it");
	ok(WAIT_FOR(p, p->sh->n_now > n), "and what comes of it is looked at");
	p->sh->fail = 1;
	press(p, "w");
	ok(sees(p, "no space left on device"), "an error is shown");
	ok(last_command(p) == UI_SAVE, "of what was asked for");
	p->sh->fail = 0;
}

static void test_suspend(struct program *p)
{
	int n = p->sh->n_commands, steps;

	press(p, "\x1a");
	if (!ok(WAIT_FOR(p, p->sh->stopped == 1), "Ctrl-Z stops it"))
		return;
	is_num(p->sh->n_commands, n + 1, "after the feed was told");
	ok(last_command(p) == UI_SUSPEND && last_value(p) == 1, "that it will be");
	forget(p);
	steps = p->sh->n_steps;
	eventfd_write(p->news, 1);
	listen_ms(p, 50);
	p->sh->go_on = 1;
	ok(WAIT_FOR(p, p->sh->n_commands == n + 2), "when it goes on");
	ok(last_command(p) == UI_SUSPEND && last_value(p) == 0, "the feed is told again");
	ok(sees(p, "live"), "the screen is back");
	ok(WAIT_FOR(p, p->sh->n_steps > steps), "and news is taken");
}

static void test_ends(struct program *p)
{
	struct winsize ws = { .ws_col = 130, .ws_row = 30 };
	int n;

	forget(p);
	ioctl(p->tty, TIOCSWINSZ, &ws);
	ok(sees(p, "ev/s"), "another size is painted anew");
	p->sh->broken = 1;
	eventfd_write(p->news, 1);
	ok(sees(p, "the buffers are gone"), "a feed that breaks is said to");
	n = p->sh->n_steps;
	p->sh->drain = 0;
	eventfd_write(p->news, 1);
	listen_ms(p, 300);
	is_num(p->sh->n_steps, n, "and is not asked again");
	press(p, "q");
	ok(WAIT_FOR(p, p->sh->ended), "q ends it");
	ok(WIFEXITED(p->sh->status) && !WEXITSTATUS(p->sh->status), "well");
	is_num(p->sh->n_bad, 0, "steps have time, and not too much");
}

static void test_lost(struct program *p)
{
	start(p);
	ok(sees(p, "live"), "another one");
	kill(-tcgetpgrp(p->tty), SIGTERM);
	ok(WAIT_FOR(p, p->sh->ended), "SIGTERM ends it");
	ok(WIFEXITED(p->sh->status) && WEXITSTATUS(p->sh->status) == EINTR, "and is told");
	stop(p);
	start(p);
	p->sh->drain = 0;
	eventfd_write(p->news, 1);
	ok(sees(p, "live"), "a third one, with news all the time");
	close(p->tty);
	ok(WAIT_FOR(p, p->sh->ended), "ends when its terminal is lost");
	stop(p);
}

static void test_loop(void)
{
	static struct program p;

	start(&p);
	WAIT_FOR(&p, p.n_out || p.sh->ended);
	if (p.sh->ended) {
		skip("the loop: there is no terminal of type xterm here");
		stop(&p);
		return;
	}
	test_quiet(&p);
	test_busy(&p);
	test_keys(&p);
	test_suspend(&p);
	test_ends(&p);
	stop(&p);
	test_lost(&p);
}

/* To look at: test_ui_live COLS LINES KEYS [candidates] */
static int look(char **argv, int argc)
{
	struct snapshot s;

	(argc > 4 ? unmarked : planner)(&s);
	fputs(screen(&s, (unsigned)atoi(argv[1]), (unsigned)atoi(argv[2]), argv[3], false), stdout);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3)
		return look(argv, argc);
	test_title();
	test_window();
	test_data();
	test_candidates();
	test_follow();
	test_commands();
	test_slide();
	test_same_name();
	test_monkey();
	test_loop();
	return done();
}
