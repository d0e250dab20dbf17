// SPDX-License-Identifier: GPL-2.0-only
/* The screen Tune, from snapshots made by hand: who took what, in words, at any size, after any keys. */
#include "app.h"
#include "blame.h"
#include "fake_snapshot.h"
#include "tap.h"
#include "view.h"

#define TUNE "<S-Tab><S-Tab><S-Tab>"		/* two before the last, whatever its number */

/* ---- snapshots ---- */

static const struct fake_seg slow[] = {
	{ ST_USER, 1200, 2, "", "", 1, 0 }, { ST_SOFTIRQ_STEAL, 900, 2, "NET_RX", "", 1, 0 }, { ST_OUTSIDE, 9600, -1, "", "epoll_wait", 1, 0 },
	{ ST_NAPI, 1410, 2, "NET_RX eth0", "epoll_wait", 3, 0 }, { ST_RUNQUEUE, 5102, 2, "NET_RX", "epoll_wait", 1, 0 },
	{ ST_RUNQUEUE, 2870, 2, "fio:678", "epoll_wait", 1, 0 }, { ST_USER, 900, 2, "", "", 1, 0 },
};
static const struct fake_seg fast[] = {
	{ ST_USER, 1100, 2, "", "", 1, 0 }, { ST_OUTSIDE, 6900, -1, "", "epoll_wait", 1, 0 }, { ST_RUNQUEUE, 70, 2, "fio:678", "", 1, 0 },
};

static void add(struct snapshot *s, uint32_t culprit, const char *agent, uint32_t agent_i, uint32_t cpu, unsigned stage, uint64_t us, uint64_t n)
{
	struct harm_row *all = ARENA_NEW(&s->mem, s->n_harms + 1, struct harm_row);

	if (s->n_harms)
		memcpy(all, s->harms, s->n_harms * sizeof *all);
	all[s->n_harms++] = (struct harm_row){ .actor = s->culprits[culprit].actor, .agent = agent, .agent_i = agent_i, .cpu = cpu,
		.id = s->culprits[culprit].id, .level = s->culprits[culprit].level, .stage = (uint8_t)stage, .ns = us * US, .n_steps = n,
		.culprit_i = culprit };
	s->harms = all;
	s->culprits[culprit].ns += us * US;
}

static void source(struct snapshot *s)
{
	fake_empty(s);
	s->source.kind = "trace.dat", s->source.file = "incident.dat", s->source.version = "v7";
	s->source.host = "web-07", s->source.kernel = "6.18.44", s->source.cpus = 4;
	s->source.begin = FAKE_BEGIN, s->source.end = FAKE_BEGIN + 10000 * MS;
}

static void steps(struct snapshot *s)
{
	static struct agent_row agents[] = { { .agent = "planner", .comm = "python3", .cls = "", .tgid = 870 },
					     { .agent = "indexer", .comm = "python3", .cls = "", .tgid = 900 } };

	s->agents = agents, s->n_agents = ARRAY_LEN(agents);
	s->kinds = ARENA_NEW(&s->mem, 1, struct kind_row);
	s->kinds[0] = (struct kind_row){ .agent = "planner", .name = "plan", .steps = fake_quant(400, 8100 * US, 21000 * US, 21982 * US) };
	s->n_kinds = 1;
	fake_step(s, "31", FAKE_BEGIN + 50 * MS, fast, ARRAY_LEN(fast));
	fake_step(s, "32", FAKE_BEGIN + 100 * MS, slow, ARRAY_LEN(slow));
	s->steps_all = fake_quant(400, 10000 * US, 21000 * US, 21982 * US);	/* 4 s of step time */
	s->n_steps_all = 400;
}

/* Softirq, task and interrupts on two CPUs, from two agents. */
static void busy(struct snapshot *s)
{
	static struct cpu_row cpus[] = { { .cpu = 2, .node = -1, .cache = -1, .irq = 900 * MS, .softirq = 2800 * MS, .task = 3300 * MS, .idle = 2900 * MS,
					   .harm = 236 * MS, .hot = 1, .why = "37 % in interrupts, took 236 ms of steps" } };
	struct culprit_row *p;

	source(s);
	steps(s);
	s->cpus = cpus, s->n_cpus = 1;
	p = s->culprits = ARENA_NEW(&s->mem, 5, struct culprit_row);
	s->n_culprits = 5;
	p[0] = (struct culprit_row){ .actor = "NET_RX", .id = 3, .level = HARM_SOFTIRQ, .n_steps = 320, .worst_step = 2, .worst_ns = 6002 * US };
	p[1] = (struct culprit_row){ .actor = "fio:678", .id = 678, .level = HARM_TASK, .n_steps = 41 };
	p[2] = (struct culprit_row){ .actor = "irq 27 nvme0q3", .id = 27, .level = HARM_IRQ, .n_steps = 12, .worst_step = 1, .worst_ns = 30 * US };
	p[3] = (struct culprit_row){ .actor = "others", .id = UINT32_MAX, .level = HARM_TASK, .others = 1 };
	p[4] = (struct culprit_row){ .actor = "local_timer", .id = UINT32_MAX, .level = HARM_IRQ };
	add(s, 0, "planner", 0, 2, ST_RUNQUEUE, 180000, 300);
	add(s, 1, "planner", 0, 2, ST_RUNQUEUE, 28700, 41);
	add(s, 0, "planner", 0, 2, ST_SOFTIRQ_STEAL, 31000, 210);
	add(s, 0, "indexer", 1, 3, ST_PREEMPTED, 20000, 20);
	add(s, 2, "planner", 0, 2, ST_IRQ_STEAL, 300, 12);
	add(s, 3, "", UINT32_MAX, 2, ST_RUNQUEUE, 200, 0);
	add(s, 4, "planner", 0, 2, ST_IRQ_STEAL, 100, 0);
}

/* Hardly anybody took anything. */
static void calm(struct snapshot *s)
{
	source(s);
	steps(s);
	s->culprits = ARENA_NEW(&s->mem, 1, struct culprit_row);
	s->n_culprits = 1;
	s->culprits[0] = (struct culprit_row){ .actor = "NET_RX", .id = 3, .level = HARM_SOFTIRQ, .n_steps = 9, .worst_step = 2, .worst_ns = 900 * US };
	add(s, 0, "planner", 0, 2, ST_RUNQUEUE, 12000, 9);
}

static void nobody(struct snapshot *s)
{
	source(s);
	steps(s);
}

/* Numbers that point nowhere, names wider than the screen, sums that overflow. */
static void hostile(struct snapshot *s)
{
	struct culprit_row *p;

	source(s);
	steps(s);
	p = s->culprits = ARENA_NEW(&s->mem, 4, struct culprit_row);
	s->n_culprits = 4;
	p[0] = (struct culprit_row){ .actor = "日本語のとても長い名前のタスクであってどこまでも続くもの:12345", .id = 12345, .level = 77, .n_steps = UINT64_MAX,
				     .worst_step = 999, .worst_ns = UINT64_MAX };
	p[1] = (struct culprit_row){ .actor = "", .id = 0, .level = HARM_NMI, .n_steps = 1, .worst_step = UINT64_MAX };
	p[2] = (struct culprit_row){ .actor = "of nobody", .id = UINT32_MAX, .level = HARM_IRQ };
	p[3] = (struct culprit_row){ .actor = "irq 1 a name of an interrupt that somebody chose in order to fill this screen and the next one", .level = HARM_IRQ };
	add(s, 0, "非常に長い名前のエージェント、端末の幅より長い、そしてさらに長い", 7, 8191, ST_RUNQUEUE, 1, 5);
	add(s, 0, "a", UINT32_MAX, UINT32_MAX, 250, 1, 5);
	add(s, 1, "", 0, 0, ST_USER, 0, 0);
	for (uint32_t i = 0; i < 300; i++)
		add(s, 3, i % 7 ? "b" : "cd", i % 11, i * 31, i % N_STAGES, i, i);
	s->harms[0].ns = s->culprits[0].ns = UINT64_MAX;
	s->harms[2].culprit_i = 99;
	s->steps_all.sum = 1;
}

static void empty(struct snapshot *s)
{
	fake_empty(s);
}

/* ---- screens ---- */

static char *screen(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys, bool ascii)
{
	struct err e = { "" };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int r = ui_screen_dump(s, cols, lines, keys, ascii, f, &e);

	fclose(f);
	if (r)
		note("%s", e.text);
	return text;
}

/* From the line of tabs on, which others put their screens into. */
static void is_body(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys, const char *want, const char *what)
{
	char *got = screen(s, cols, lines, keys, false), *body = strstr(got, "  ACTOR");

	is_text(body ? body : got, want, "%s", what);
	free(got);
}

static void has(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys, const char *part, const char *what)
{
	char *got = screen(s, cols, lines, keys, false);

	has_text(got, part, "%s", what);
	free(got);
}

static void has_not(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys, const char *part, const char *what)
{
	char *got = screen(s, cols, lines, keys, false);

	ok(!strstr(got, part), "%s", what);
	free(got);
}

static const char busy_80[] =
"  ACTOR                LEVEL     HARM▼  SHARE  STEPS HOW                 WHERE\n"
"▸ NET_RX               softirq  231 ms  5.8 %    320 ran instead 180 ms  CPU 2,3\n"
"  fio:678              task    28.7 ms  0.7 %     41 ran instead 28.7 ms CPU 2\n"
"  irq 27 nvme0q3       irq      300 us <0.1 %     12 stole 300 us        CPU 2\n"
"  others               task     200 us <0.1 %      – ran instead 200 us  CPU 2\n"
"  local_timer          irq      100 us <0.1 %      – stole 100 us        CPU 2\n"
"\n"
"NET_RX took 231 ms from 320 steps of planner, indexer on CPU 2,3 (5.8 % of all\n"
"step time): 180 ms while they were ready to run, 31.0 ms by interrupting them,\n"
"20.0 ms while they were pushed off the CPU; at most 6.00 ms of one step.\n"
"\n\n\n\n\n\n\n\n\n"
"Enter step hit most  Space expand  s sort  r reverse  Esc back  ? help  q quit\n";

static void test_screen(void)
{
	struct snapshot s;

	busy(&s);
	is_body(&s, 80, 24, TUNE, busy_80, "who took what at 80x24");
	has(&s, 80, 24, TUNE, "harm 260 ms, 6.5 % of step time  tasks 28.9 ms  softirqs 231 ms  irqs 400 us", "all of it above");
	has(&s, 80, 24, TUNE, "IRQ-hot  CPU 2: 37 % in interrupts", "and which CPUs are hot");
	has(&s, 80, 24, TUNE, "1/5 · sort HARM ▼", "where one is");
	has_not(&s, 80, 24, TUNE, "WHOM", "from whom goes first where there is no room");
	has(&s, 120, 40, TUNE, "320 ran instead 180 ms  stole 31.0 ms, preem… CPU 2,3    planner, i…", "at 120 columns it is there");
	has(&s, 200, 60, TUNE, "stole 31.0 ms, preempted 20.0 ms", "and at 200 all ways");
	has_not(&s, 80, 24, TUNE, "nothing to gain", "there is something to gain");
	has(&s, 80, 24, TUNE "<Down><Down><Down>", "others took 200 us from steps on CPU 2", "of others nobody knows how many steps");
	has(&s, 80, 24, TUNE "<End>", "local_timer took 100 us from steps of planner (still open) on CPU 2", "nor of those that are open");
	fake_free(&s);
}

static void test_keys(void)
{
	struct snapshot s;

	busy(&s);
	has(&s, 80, 24, TUNE "<Space>", "    indexer                    20.0 ms  0.5 %     20 preempted           CPU 3", "Space shows the parts");
	has(&s, 80, 24, TUNE "<Space><Down><Down>", "NET_RX took 31.0 ms from 210 steps of planner on CPU 2 by interrupting them.", "each in words");
	has(&s, 80, 24, TUNE "<Space><Down><Space>", "▸ NET_RX   ", "Space on one folds them");
	has_not(&s, 80, 24, TUNE "<Space><Down><Space>", "    indexer  ", "all of them");
	has(&s, 80, 24, TUNE "r", "▸ local_timer", "r turns the order round");
	has(&s, 80, 24, TUNE "s", "sort STEPS ▼", "s sorts by the next column");
	has(&s, 80, 24, TUNE "SS", "sort ACTOR ▼", "S by the one before");
	has(&s, 80, 24, TUNE "<Enter>", "step planner/plan 32", "Enter leads to the step that lost most");
	has(&s, 80, 24, TUNE "<Enter>", "▸ NET_RX  ", "and there to the actor");
	has(&s, 80, 24, TUNE "<Enter>", "run queue 5.10 ms", "where it took most");
	has(&s, 80, 24, TUNE "<Down><Down><Enter>", "step planner/plan 31", "each actor has its own");
	has(&s, 80, 24, TUNE "<Down><Enter>", "step planner/plan 32", "where that one is not kept, that of the kept ones");
	has(&s, 80, 24, TUNE "<End><Enter>", "No step from which local_timer took time is kept.", "or none, which is said");
	has(&s, 80, 24, TUNE "<End><Enter><Up>", "others took", "until one goes on");
	has(&s, 80, 24, TUNE "<Esc>", "[1 Steps]", "Esc leads back");
	has(&s, 80, 24, "2t", "▸ NET_RX", "t on a piece of the chain leads to who took it");
	has(&s, 80, 24, "2<Right><Left>t", "Tune]", "on the other screen");
	has(&s, 80, 24, "2<Down><Down><Down>t", "▸ fio:678", "on an actor's row to that one");
	has(&s, 80, 24, "2<Down><Down>t", "▸ NET_RX", "also when the piece names the device");
	has(&s, 80, 24, "2<Home>t", "▸ NET_RX", "on the agent's own time to the worst");
	s.culprits[1].actor = "another:9";
	has(&s, 80, 24, "2<Down><Down><Down>t", "fio:678 took no time from steps", "who is not there is said not to be");
	has(&s, 80, 24, "2<Down><Down><Down>t<Down>", "another:9 took 28.7 ms", "until one goes on");
	fake_free(&s);
}

static void test_nothing(void)
{
	static struct capability caps[] = { { "run", CAP_OFF, NULL, 0, "who ran" } };
	struct snapshot s;

	calm(&s);
	has(&s, 80, 24, TUNE, "nothing to gain: all that others took is 0.3 % of the steps' time", "a trifle is nothing to gain");
	has(&s, 80, 24, TUNE, "▸ NET_RX", "but it is shown");
	s.steps_all.sum = 1200 * MS;
	has_not(&s, 80, 24, TUNE, "nothing to gain", "one part in a hundred is no trifle");
	s.steps_all.sum++;
	has(&s, 80, 24, TUNE, "nothing to gain", "a little less is");
	s.caps = caps, s.n_caps = 1;
	has(&s, 80, 24, TUNE, "nothing to gain as far as was recorded (see Data)", "as far as anybody can tell");
	s.steps_all = (struct quant){ 0 };
	has(&s, 80, 24, TUNE, "12.0 ms      –      9", "without step time nobody knows the share");
	fake_free(&s);
	nobody(&s);
	has(&s, 80, 24, TUNE, "Nothing to gain: nobody took time from the steps.", "nobody did harm");
	s.caps = caps, s.n_caps = 1;
	has(&s, 80, 24, TUNE, "what would tell was not recorded", "or nobody knows");
	fake_free(&s);
	empty(&s);
	has(&s, 80, 24, TUNE, "No step has ended, so nobody took time from any", "there are no steps");
	s.complete = 0;
	has(&s, 80, 24, TUNE, "No step has ended so far.", "or not yet");
	has(&s, 80, 24, TUNE "<Enter><Space>sSr<Down><End>", "No step has ended", "keys do no harm");
	fake_free(&s);
}

static const char *cursor_line(const struct cells *c, char *buf, size_t len)
{
	buf[0] = 0;
	for (int y = 0; y < c->lines; y++)
		if (c->at[(size_t)y * (size_t)c->cols].ch == 0x25b8) {
			size_t n = 0;

			for (int x = 2; x < c->cols && n + 5 < len; x++)
				n += (size_t)cells_utf8(c->at[(size_t)y * (size_t)c->cols + (size_t)x].ch, buf + n);
			return buf;
		}
	return buf;
}

static void show(struct app *app, const struct snapshot *s, struct cells *c)
{
	app_set_snapshot(app, s);
	app_draw(app, c);
}

static void test_selection(void)
{
	struct snapshot a, b;
	struct cells c = { 0 };
	struct app *app = app_new();
	char line[512];

	busy(&a);
	busy(&b);
	b.culprits[1].ns = 500 * MS;		/* fio is the worst now */
	b.culprits[1].actor = "fio-2:678";	/* and is called otherwise */
	cells_resize(&c, 80, 24);
	show(app, &a, &c);
	for (int i = 0; i < 3; i++)
		app_act(app, ACT_PREV_VIEW);
	show(app, &b, &c);
	has_text(cursor_line(&c, line, sizeof line), "fio-2:678", "a cursor that nobody moved stays on top");
	app_act(app, ACT_DOWN);
	show(app, &a, &c);
	has_text(cursor_line(&c, line, sizeof line), "NET_RX", "one that was moved stays with its actor");
	app_act(app, ACT_DOWN);
	show(app, &b, &c);
	has_text(cursor_line(&c, line, sizeof line), "fio-2:678", "a task by its number, whatever it is called");
	app_act(app, ACT_DOWN);
	app_act(app, ACT_EXPAND);
	for (int i = 0; i < 3; i++)
		app_act(app, ACT_DOWN);
	show(app, &a, &c);
	has_text(cursor_line(&c, line, sizeof line), "  indexer", "or with a part of it");
	a.n_harms = 3;
	app_set_snapshot(app, &b);
	show(app, &a, &c);
	has_text(cursor_line(&c, line, sizeof line), "NET_RX", "and with the actor when that is gone");
	app_free(app);
	cells_fini(&c);
	fake_free(&a);
	fake_free(&b);
}

typedef void (*maker)(struct snapshot *);
static const maker makers[] = { busy, calm, nobody, hostile, empty };

static bool fits(const char *text, int cols, int lines, bool ascii)
{
	int n = 0;

	while (*text) {
		char line[4096];
		size_t len = strcspn(text, "\n");

		snprintf(line, sizeof line, "%.*s", (int)len, text);
		if (cells_width(line) > cols)
			return false;
		for (size_t i = 0; ascii && i < len; i++)
			if (text[i] < 0x20 || text[i] > 0x7e)
				return false;
		text += len + (text[len] == '\n');
		n++;
	}
	return n == lines;
}

static void test_sizes(void)
{
	static const struct { unsigned cols, lines; } sizes[] = {
		{ 40, 10 }, { 41, 11 }, { 60, 14 }, { 79, 23 }, { 80, 24 }, { 81, 25 }, { 120, 40 }, { 150, 50 }, { 200, 60 }, { 500, 200 }, { 500, 10 },
		{ 40, 200 },
	};
	static const char *const keys[] = { TUNE, TUNE "<Space><Down>", TUNE "<End><Space><End>", TUNE "<Enter>", TUNE "<End><Enter>s", "2t" };

	for (size_t m = 0; m < ARRAY_LEN(makers); m++) {
		struct snapshot s;
		bool good = true;

		makers[m](&s);
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
			for (size_t k = 0; k < ARRAY_LEN(keys) * 2; k++) {
				char *text = screen(&s, sizes[i].cols, sizes[i].lines, keys[k / 2], k & 1);

				if (!fits(text, (int)sizes[i].cols, (int)sizes[i].lines, k & 1)) {
					good = false;
					note("snapshot %zu at %ux%u after '%s' does not fit", m, sizes[i].cols, sizes[i].lines, keys[k / 2]);
				}
				free(text);
			}
		ok(good, "snapshot %zu fits every size", m);
		fake_free(&s);
	}
}

static void test_monkey(void)
{
	struct snapshot s[ARRAY_LEN(makers)];
	struct cells c = { 0 };
	struct app *app = app_new();
	uint64_t seed = 1;
	bool stays = true;

	for (size_t i = 0; i < ARRAY_LEN(makers); i++)
		makers[i](s + i);
	cells_resize(&c, 80, 24);
	app_set_snapshot(app, s);
	for (int i = 0; i < 20000; i++) {
		enum action a = (enum action)(hash64(seed++) % N_ACTIONS);

		if (hash64(seed++) % 30 == 0)
			app_set_snapshot(app, s + hash64(seed++) % ARRAY_LEN(s));
		if (hash64(seed++) % 50 == 0)
			cells_resize(&c, 40 + (int)(hash64(seed++) % 150), 10 + i % 50);
		if (hash64(seed++) % 40 == 0)
			for (int k = 0; k < 3; k++)
				app_act(app, k ? ACT_PREV_VIEW : ACT_HELP);
		stays &= !(app_act(app, a) & ~(unsigned)(UI_REDRAW | UI_CLOSE | UI_GO | UI_QUIT | UI_REPAINT | UI_COMMAND |
								UI_RANGE));
		app_draw(app, &c);
	}
	ok(stays, "20000 actions on changing snapshots and sizes");
	app_free(app);
	cells_fini(&c);
	for (size_t i = 0; i < ARRAY_LEN(s); i++)
		fake_free(s + i);
}

/* ---- words ---- */

static void test_blame(void)
{
	struct snapshot s;
	struct blame b = { 0 };
	char text[512];

	busy(&s);
	blame_update(&b, &s);
	is_text(blame_how(&b, &s, 0, 0, 9, text, sizeof text), "ran instead 180 ms, stole 31.0 ms, preempted 20.0 ms", "ways, worst first");
	is_text(blame_how(&b, &s, 0, 1, 1, text, sizeof text), "stole 31.0 ms", "or some of them");
	is_text(blame_how(&b, &s, 1, 1, 9, text, sizeof text), "", "of which there may be none");
	is_text(blame_how(&b, &s, 0, 0, 9, text, 12), "ran instead", "what does not fit is cut");
	is_text(blame_agents(&b, &s, 0, text, sizeof text), "planner, indexer", "agents");
	is_text(blame_level(HARM_IRQ), "irq", "words of levels");
	is_text(blame_level(99), "unknown", "also of none");
	is_num(blame_total(&s, NULL), 260300 * US, "the sum of all");
	fake_free(&s);
	hostile(&s);
	blame_update(&b, &s);
	is_text(blame_cpus(&b, &s, 3, text, sizeof text), "CPU 0,31,62 +262", "many CPUs, those that there can be");
	is_text(blame_cpus(&b, &s, 2, text, sizeof text), "", "and none");
	is_text(blame_agents(&b, &s, 3, text, sizeof text), "cd, b, b and others", "many agents, some of one name");
	for (uint32_t i = 0; i < s.n_culprits; i++)
		blame_sentence(&b, &s, i, text, 20);
	is_num(strlen(text), 19, "a sentence is cut, too");
	fake_free(&s);
	blame_fini(&b);
}

int main(int argc, char **argv)
{
	if (argc > 1) {			/* to look at: test_tune COLS LINES KEYS [SNAPSHOT] */
		struct snapshot s;

		makers[argc > 4 ? (size_t)atoi(argv[4]) % ARRAY_LEN(makers) : 0](&s);
		fputs(screen(&s, (unsigned)atoi(argv[1]), (unsigned)atoi(argv[2]), argv[3], false), stdout);
		return 0;
	}
	test_screen();
	test_keys();
	test_nothing();
	test_selection();
	test_sizes();
	test_monkey();
	test_blame();
	return done();
}
