// SPDX-License-Identifier: GPL-2.0-only
/* The screens, from snapshots made by hand: what they say, at any size, after any keys. */
#include "app.h"
#include "fake_snapshot.h"
#include "screen_check.h"
#include "tap.h"
#include "view.h"

#include <time.h>

#define DATA "<S-Tab><S-Tab>"		/* the screen before the last, whatever its number */

/* ---- snapshots ---- */

/* The step of the manual: 8.214 ms in the run queue of CPU 2, proven by three switches. */
static const struct fake_seg slow[] = {
	{ ST_USER, 1200, 2, "", "", 1, 0 }, { ST_KERNEL, 30, 2, "", "", 1, 0 },
	{ ST_OUTSIDE, 9600, -1, "", "epoll_wait", 1, 0 }, { ST_IRQ, 3, 2, "irq 35 eth0-rx2", "epoll_wait", 2, 0 },
	{ ST_NAPI, 1410, 2, "NET_RX eth0", "epoll_wait", 3, CONF_INFERRED },
	{ ST_RUNQUEUE, 5102, 2, "NET_RX eth0", "epoll_wait", 1, 0 }, { ST_RUNQUEUE, 2870, 2, "fio:678", "epoll_wait", 1, 0 },
	{ ST_RUNQUEUE, 242, 2, "ksoftirqd/2:31", "epoll_wait", 1, 0 }, { ST_RETURN, 47, 2, "", "epoll_wait", 2, 0 },
	{ ST_USER, 900, 2, "", "", 1, 0 }, { ST_DEVICE, 1900, -1, "259,0", "page fault", 2, 0 },
	{ ST_BLK_COMPLETE, 40, 2, "irq 27 nvme0q3", "page fault", 2, 0 }, { ST_USER, 60, 2, "", "", 1, 0 },
};
static const struct fake_seg fast[] = {
	{ ST_USER, 1100, 2, "", "", 1, 0 }, { ST_OUTSIDE, 6900, -1, "", "epoll_wait", 1, 0 },
	{ ST_RETURN, 30, 2, "", "epoll_wait", 1, 0 }, { ST_USER, 70, 2, "", "", 1, 0 },
};

static struct kind_row kind(const char *agent, const char *name, uint64_t n, uint64_t p50_us, uint64_t p99_us, uint64_t max_us)
{
	struct kind_row k = { .agent = agent, .name = name, .steps = fake_quant(n, p50_us * US, p99_us * US, max_us * US),
			      .worst_stage = ST_RUNQUEUE, .worst_ns = p99_us * US / 4 };

	k.stage_ns[ST_USER] = n * p50_us * US / 4;
	k.stage_ns[ST_OUTSIDE] = n * p50_us * US / 2;
	k.stage_ns[ST_RUNQUEUE] = n * p50_us * US / 4;
	return k;
}

static void source(struct snapshot *s)
{
	s->source.kind = "trace.dat", s->source.file = "/var/tmp/incident.dat", s->source.version = "v7", s->source.clock = "mono";
	s->source.host = "web-07", s->source.kernel = "6.18.44", s->source.cpus = 4;
	s->source.begin = FAKE_BEGIN, s->source.end = FAKE_BEGIN + 10000 * MS;
	s->source.n_events = 840000;
}

static void machine(struct snapshot *s)
{
	static struct cpu_row cpus[] = {
		{ .cpu = 0, .node = -1, .cache = -1, .irq = 8 * MS, .softirq = 11 * MS, .task = 380 * MS, .idle = 9601 * MS,
		  .n_irqs = 4102, .why = "" },
		{ .cpu = 2, .node = -1, .cache = -1, .irq = 900 * MS, .softirq = 2800 * MS, .ksoftirqd = 100 * MS,
		  .task = 3300 * MS, .idle = 2900 * MS, .n_irqs = 90211, .harm = 62 * MS, .hot = 1,
		  .why = "38 % in interrupts, took 62.0 ms of steps" },
	};
	static struct irq_row irqs[] = {
		{ .irq = 35, .name = "eth0-rx2", .asked = "", .effective = "",
		  .dist = { 81000, 243 * MS, US, 3 * US, 4 * US, 9 * US, 20 * US, 60 * US } },
	};
	static struct softirq_row softirqs[] = {
		{ 3, "NET_RX", 81000, 51 * MS, { 80900, 2700 * MS, US, 20 * US, 60 * US, 1410 * US, 2000 * US, 2600 * US }, { 0 } },
	};
	static struct task_row tasks[] = {
		{ 871, 870, "planner", 3100 * MS, 900 * MS, 40 * MS, 6000 * MS, 160 * MS, 5400, 5388, 3, 0 },
		{ 678, 0, "fio", 1500 * MS, 20 * MS, 300 * MS, 8000 * MS, 0, 9000, 8000, 0, 29 * MS },
	};

	s->cpus = cpus, s->n_cpus = ARRAY_LEN(cpus);
	s->irqs = irqs, s->n_irqs = ARRAY_LEN(irqs);
	s->softirqs = softirqs, s->n_softirqs = ARRAY_LEN(softirqs);
	s->tasks = tasks, s->n_tasks = ARRAY_LEN(tasks);
	s->wakeups.waking_to_run = fake_quant(22000, 12 * US, 8000 * US, 11800 * US);
}

/* Two kinds of steps of one agent, three of them kept, on a machine with a hot CPU. */
static void planner(struct snapshot *s)
{
	static struct agent_row agent = { .agent = "planner", .comm = "planner", .cls = "" };
	struct kind_row *k;

	fake_empty(s);
	source(s);
	machine(s);
	s->agents = &agent, s->n_agents = 1;
	k = s->kinds = ARENA_NEW(&s->mem, 2, struct kind_row);
	s->n_kinds = 2;
	k[0] = kind("planner", "tool", 5212, 3000, 9100, 25000);
	k[1] = kind("planner", "plan", 5386, 8100, 23000, 23412);
	k[1].steps.max = 23404 * US;
	k[1].n_deadline_miss = 14;
	k[1].deadlines = fake_quant(5386, 20 * MS, 20 * MS, 20 * MS);
	k[1].deadlines.min = 20 * MS;
	fake_step(s, "31", FAKE_BEGIN + 50 * MS, fast, ARRAY_LEN(fast));
	fake_step(s, "32", FAKE_BEGIN + 100 * MS, slow, ARRAY_LEN(slow));
	fake_step(s, "33", FAKE_BEGIN + 9000 * MS, fast, ARRAY_LEN(fast));
	s->steps_all = fake_quant(10598, 6000 * US, 23000 * US, 25000 * US);
	s->n_steps_all = 10598;
	s->stage[ST_RUNQUEUE].share_worst = 0.41, s->stage[ST_NAPI].share_worst = 0.17;
	s->stage[ST_USER].share_worst = 0.12, s->stage[ST_OUTSIDE].share_worst = 0.3;
}

/* No marks, no agent: what any recording can tell. */
static void unmarked(struct snapshot *s)
{
	static struct candidate_row candidates[] = { { 871, "planner", 5386, 6000 * MS, 3100 * MS, "waits in epoll_wait 538 times a second" } };

	fake_empty(s);
	source(s);
	machine(s);
	s->candidates = candidates, s->n_candidates = ARRAY_LEN(candidates);
}

/* n steps of one kind, made fast: fake_step() copies the list each time. */
static void many_steps(struct snapshot *s, size_t n, uint64_t first)
{
	struct step *st;

	fake_empty(s);
	source(s);
	st = ARENA_NEW(&s->mem, n, struct step);
	s->steps = ARENA_NEW(&s->mem, n, const struct step *);
	s->kinds = ARENA_NEW(&s->mem, 1, struct kind_row);
	s->kinds[0] = kind("planner", "plan", n, 8100, 23000, 41200);
	s->n_kinds = 1;
	s->n_steps = s->n_steps_all = n;
	s->steps_all = s->kinds[0].steps;
	for (size_t i = 0; i < n; i++) {
		uint64_t ns = MS + hash64(first + i) % (20 * MS);

		st[i] = (struct step){ .serial = first + i, .agent = fake_str(s, "planner"), .name = fake_str(s, "plan"),
				       .pid = 871, .begin = FAKE_BEGIN + i * 100 * US, .end = FAKE_BEGIN + i * 100 * US + ns, .has_segments = 1 };
		st[i].seg = ARENA_NEW(&s->mem, 2, struct segment);
		st[i].n_seg = 2;
		st[i].seg[0] = (struct segment){ .from = st[i].begin, .to = st[i].end - ns / 3, .stage = ST_USER };
		st[i].seg[1] = (struct segment){ .from = st[i].end - ns / 3, .to = st[i].end, .stage = ST_RUNQUEUE };
		st[i].ns[ST_USER] = ns - ns / 3;
		st[i].ns[ST_RUNQUEUE] = ns / 3;
		s->steps[i] = st + i;
	}
}

/* One step of n segments by many actors, each with evidence. */
static void many_segments(struct snapshot *s, size_t n)
{
	struct step *st;
	char name[32];

	planner(s);
	st = (struct step *)(uintptr_t)s->steps[1];
	st->seg = ARENA_NEW(&s->mem, n, struct segment);
	st->ev = ARENA_NEW(&s->mem, n, struct evidence);
	st->n_seg = st->n_ev = n;
	for (size_t i = 0; i < n; i++) {
		uint64_t from = st->begin + (st->end - st->begin) * i / n, to = st->begin + (st->end - st->begin) * (i + 1) / n;

		snprintf(name, sizeof name, "task:%zu", i % 300);
		st->seg[i] = (struct segment){ from, to, (uint32_t)i % 4, i % 7 ? fake_str(s, name) : 0, 0, (uint32_t)i, 1,
					       (uint8_t)(i < n / 2 ? ST_RUNQUEUE : i % N_STAGES), i & 1 };
		st->ev[i] = (struct evidence){ from, fake_str(s, "sched:sched_switch"), (uint32_t)i % 4 };
	}
}

/* Everything that a view must live with: no rows, no time, numbers that point nowhere. */
static void hostile(struct snapshot *s)
{
	static const struct fake_seg none[] = { { ST_USER, 0, 0, "", "", 0, 0 } };
	static const struct fake_seg odd[] = { { ST_USER, 0, 0, "", "", 1, 0 }, { ST_RUNQUEUE, 10, 3, "日本語のとても長い名前のタスク:12345", "x", 1, 1 },
					       { ST_LOST, 5, -1, "", "", 0, 1 }, { ST_UNKNOWN, 0, -1, "", "", 0, 1 } };
	struct step *st;

	planner(s);
	fake_step(s, "zero", FAKE_BEGIN, none, 1);
	st = fake_step(s, "", FAKE_BEGIN, none, 0);
	st->has_segments = 0;
	fake_step(s, "empty", FAKE_BEGIN, none, 0);
	st = fake_step(s, "日本", FAKE_BEGIN + 9999 * MS, odd, ARRAY_LEN(odd));
	st->seg[0].ev = UINT32_MAX;
	st->seg[0].n_ev = UINT16_MAX;
	st->seg[1].stage = 250;
	st->n_lost = st->cut_begin = st->cut_end = 1;
	st->extra = fake_str(s, "color=blue weight=1");
	st->trace = fake_str(s, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
	s->kinds[0].worst_stage = 99;
	s->kinds[0].stage_ns[0] = s->kinds[0].stage_ns[5] = UINT64_MAX;
	s->kinds[1].agent = "非常に長い名前のエージェント、端末の幅より長い", s->kinds[1].name = "";
	s->stage[3].share_worst = 7e300;
	s->complete = 0;
	s->source.bytes_total = 100, s->source.bytes_done = 1000;
	s->source.begin = UINT64_MAX, s->source.end = 0;
}

static void huge(struct snapshot *s)
{
	struct step *st;

	planner(s);
	st = (struct step *)(uintptr_t)s->steps[1];
	st->begin = 0, st->end = UINT64_MAX;
	st->seg[0].from = 0;
	st->seg[st->n_seg - 1].to = UINT64_MAX;
	st->ns[ST_USER] = UINT64_MAX;
	s->source.begin = 0, s->source.end = UINT64_MAX;
	s->kinds[1].steps = (struct quant){ UINT64_MAX, UINT64_MAX, 0, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };
}

/* ---- screens ---- */

static void is_screen(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys, bool ascii, const char *want, const char *what)
{
	char *got = screen(s, cols, lines, keys, ascii);

	is_text(got, want, "%s", what);
	free(got);
}

/* So many lines, none wider than the screen; in ASCII nothing else. */
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

static const char steps_80[] =
"agenttop  incident.dat  trace.dat v7  web-07  6.18.44  4 CPUs     lost 0  late 0\n"
"1 agent  steps 1.1k/s  p50 6.00 ms  p99 23.0 ms ▲  p999 24.0 ms ▲  max 25.0 ms\n"
"deadline 20.0 ms missed 14 (0.3 %)\n"
"slowest 1 %  run queue RRRRR 41 %  outside oooo 30 %  NAPI nn 17 %  user uu 12 %\n"
"The slowest 1 % of all steps spend 41 % of their time in the run queue of CPU 2,\n"
"behind NET_RX eth0 (5.10 ms) and fio:678 (2.87 ms).\n"
"IRQ-hot  CPU 2: 38 % in interrupts, took 62.0 ms of steps\n"
"[1 Steps] 2 Chain 3 CPUs 4 IRQs 5 Stages 6 Devices 7 Tune 8 Data ─── sort P99 ▼\n"
"  AGENT      STEP       RATE     P50    P99▼     MAX   MISS WORST STAGE\n"
"▸ planner    plan      539/s 8.10 ms 23.0 ms 23.4 ms     14 run queue 5.75 ms ▲\n"
"  planner    tool      521/s 3.00 ms 9.10 ms 25.0 ms      – run queue 2.27 ms ▲\n"
"\n"
"  TASK                  PID     RAN RUN QUEUE PREEMPTED BLOCKED SWITCHES   MOVES\n"
"  planner               871  3.10 s    900 ms   40.0 ms  160 ms    5 400       3\n"
"  fio                   678  1.50 s   20.0 ms    300 ms    0 ns    9 000       0\n"
"\n"
"  HARD IRQ                           COUNT    TIME     P50     P99     MAX  CPUS\n"
"  35 eth0-rx2                       81 000  243 ms 3.00 us 9.00 us 60.0 us     0\n"
"\n"
"  SOFTIRQ                 RUNS    TIME     P50     P99     MAX WAIT P99 WAIT MAX\n"
"  NET_RX                80 900  2.70 s 20.0 us 1.41 ms 2.60 ms        –        –\n"
"\n"
"\n"
"Enter chain  Space expand  f filter  / search  s sort  e export  ? help  q quit\n";
static const char chain_80[] =
"agenttop  incident.dat  trace.dat v7  web-07  6.18.44  4 CPUs     lost 0  late 0\n"
"step planner/plan 32  23.4 ms  deadline 20.0 ms, missed by 3.40 ms\n"
"its time  outside ooooooo 41 %  run queue RRRRRR 35 %  user uu 9.2 %  other 15 %\n"
"slowest of 5 386  unknown 0 %  inferred 6.0 %  class interactive  pid 871\n"
"1 Steps [2 Chain] 3 CPUs 4 IRQs 5 Stages 6 Devices 7 Tune 8 Data ── 13 segments\n"
"                  0 ms         5            10           15           20\n"
"▸ planner 871     u██┄┄┄┄┄┄┄┄┄outside┄┄┄┄┄┄┄┄┄┄n▒▒······run queue·······u██D┄┄┄┄\n"
"  irq 35 eth0-rx2                             i\n"
"  NET_RX eth0                                 n▒▒▒░ran instead░░\n"
"  fio:678                                                      R░░░░░░░░\n"
"  ksoftirqd/2:31                                                       R░\n"
"  259,0                                                                   D┄┄┄┄┄\n"
"  irq 27 nvme0q3                                                               b\n"
"                                                  ╰────── 8.21 ms ──────╯\n"
"run queue 8.21 ms on CPU 2: planner was ready to run, but others ran; 35 % of\n"
"the step, 41 times its target of 200 us ▲.\n"
"  instead ran: NET_RX eth0 5.10 ms · fio:678 2.87 ms · ksoftirqd/2:31 242 us\n"
"  proven · from 16.112243 to 16.120457, 12.2 ms into the step · in epoll_wait ·\n"
"  3 segments\n"
"events that prove it:\n"
"  16.112243000 cpu2 sched:sched_waking\n"
"  16.117345000 cpu2 sched:sched_waking\n"
"  16.120215000 cpu2 sched:sched_waking\n"
"Arrows piece, actor  m longest  Enter events  < slower  > faster  ? help  q quit\n";
static const char unmarked_80[] =
"agenttop  incident.dat  trace.dat v7  web-07  6.18.44  4 CPUs     lost 0  late 0\n"
"no steps: nothing is marked as a step, and no agent was named\n"
"try       agenttop -p 871 /var/tmp/incident.dat   (planner: waits in epoll_wait…\n"
"wakeups  22 000  woken to running p50 12.0 us  p99 8.00 ms  max 11.8 ms\n"
"IRQ-hot  CPU 2: 38 % in interrupts, took 62.0 ms of steps\n"
"[1 Steps] 2 Chain  3 CPUs  4 IRQs  5 Stages  6 Devices  7 Tune  8 Data  ? Help ─\n"
"  COULD BE AN AGENT       PID  WAITED WHY\n"
"  planner                 871  6.00 s waits in epoll_wait 538 times a second\n"
"\n"
"  TASK                  PID     RAN RUN QUEUE PREEMPTED BLOCKED SWITCHES   MOVES\n"
"  planner               871  3.10 s    900 ms   40.0 ms  160 ms    5 400       3\n"
"  fio                   678  1.50 s   20.0 ms    300 ms    0 ns    9 000       0\n"
"\n"
"  HARD IRQ                           COUNT    TIME     P50     P99     MAX  CPUS\n"
"  35 eth0-rx2                       81 000  243 ms 3.00 us 9.00 us 60.0 us     0\n"
"\n"
"  SOFTIRQ                 RUNS    TIME     P50     P99     MAX WAIT P99 WAIT MAX\n"
"  NET_RX                80 900  2.70 s 20.0 us 1.41 ms 2.60 ms        –        –\n"
"\n"
"\n"
"\n"
"\n"
"\n"
"Enter chain  Space expand  f filter  / search  s sort  e export  ? help  q quit\n";

static void test_golden(void)
{
	struct snapshot s;

	planner(&s);
	is_screen(&s, 80, 24, "", false, steps_80, "steps at 80x24");
	is_screen(&s, 80, 24, "<Enter>", false, chain_80, "chain at 80x24");
	fake_free(&s);
	unmarked(&s);
	is_screen(&s, 80, 24, "", false, unmarked_80, "a recording without steps at 80x24");
	fake_free(&s);
}

static void test_steps(void)
{
	struct snapshot s;

	planner(&s);
	has_not(&s, 80, 24, "", "TIME BY STAGE", "at 80 columns the share bars go");
	has_not(&s, 80, 24, "", "P999▼", "and P999");
	has_not(&s, 80, 24, "", "RATE   COUNT", "and COUNT");
	has(&s, 120, 40, "", "COUNT     P50    P99▼    P999     MAX", "at 120 they are there");
	has(&s, 120, 40, "", "▕uuuoooooRRR▏", "with bars by stage");
	has(&s, 80, 24, "s", "sort P999 ▼", "s sorts by the next column, seen or not");
	has(&s, 80, 24, "SSSSS", "sort AGENT ▼", "S by the one before");
	has(&s, 80, 24, "r", "▸ planner    tool", "r reverses the order");
	has(&s, 80, 24, "<Space>", "ended 16.123404", "Space shows single steps");
	has(&s, 120, 24, "<Space>", "worst first", "the worst first");
	has(&s, 80, 24, "o<Space><Down>", "▸            33 ", "or the newest");
	has(&s, 80, 24, "<Space><Down><Space>", "▸ planner    plan", "Space on one folds them, and the cursor stays on their kind");
	has(&s, 80, 24, "<Space><Down><Down><Enter>", "step planner/plan 31", "Enter leads to the chain of the one chosen");
	has(&s, 80, 24, "<Down><Space>", "no single step of this kind is kept", "where none is kept, that is said");
	has(&s, 80, 24, "<Down><Enter>", "[2 Chain]", "and Enter leads somewhere all the same");
	fake_free(&s);
}

/* What a filter leaves: figures of the steps that match alone. */
static void test_filter(void)
{
	struct snapshot s;

	planner(&s);
	has(&s, 80, 24, "f", "filter:\n", "f asks for a filter in the last line");
	has(&s, 80, 24, "f", "agent name id class pid cpu step stage.NAME", "and says what can be asked for");
	has(&s, 80, 24, "fq?12", "filter: q?12\n", "keys are characters there");
	has(&s, 80, 24, "fq?12", "[1 Steps]", "and nothing else");
	has(&s, 80, 24, "fstep>5", "             ▾ expected a time: 500us, 1.5ms, 2s\nfilter: step>5\n", "what is wrong is said where it is");
	has(&s, 80, 24, "fstep>5<Enter>", "filter: step>5\n", "and cannot be entered");
	has(&s, 80, 24, "fstep>5<Esc>", "Enter chain  Space expand", "Esc leaves");
	has(&s, 80, 24, "fstep>10ms<Enter>", "filter: 1 of 3 kept steps match step>10ms\n", "a filter that is on says so, with what it leaves");
	has(&s, 120, 40, "fstep>10ms<Enter>", "plan         –       1 23.4 ms 23.4 ms 23.4 ms 23.4 ms      1 ", "a kind's figures are of the steps that match");
	has(&s, 120, 40, "fstep>10ms<Enter>", "outside 9.60 ms     ▕", "also its worst stage");
	has_not(&s, 80, 24, "fstep>10ms<Enter>", "planner    tool", "a kind without any is not shown");
	has(&s, 80, 24, "fstep<Lt>10ms<Enter><Enter>", "planner/plan 31", "Enter leads to the slowest that matches");
	has(&s, 80, 24, "fstep<Lt>10ms<Enter><Space>", "31       ended", "single steps that match");
	has_not(&s, 80, 24, "fstep<Lt>10ms<Enter><Space>", "32       ended", "and no others");
	has(&s, 80, 24, "fstep>1s<Enter>", "no kept step matches; f changes the filter, Esc takes it off", "when none is left, that is said");
	has(&s, 80, 24, "fstep>1s<Enter><Down><Enter>n'mF<Space>sr", "no kept step matches", "and keys do no harm");
	has(&s, 80, 24, "fstep>1s<Enter><Esc>", "planner    tool", "Esc takes the filter off");
	has(&s, 80, 24, "fstep>1s<Enter>f", "filter: step>1s\n", "f changes it");
	has(&s, 80, 24, "fstep>1s<Enter>f<C-u><Enter>", "planner    tool", "to nothing: it is off");
	has(&s, 80, 24, "fstep>1s<Enter>f<C-u>x<Up>", "filter: step>1s\n", "Up brings back what was entered before");
	has(&s, 80, 24, "f日本 é<Left>x", "filter: 日本 xé\n", "any characters can be typed");
	s.n_steps_all = 3;
	has(&s, 120, 40, "fid=32<Enter>", "filter: 1 of 3 steps match id=32\n", "all steps are kept");
	has(&s, 120, 40, "fid=32<Enter>", "plan     0.1/s       1 ", "so that their rate is known");
	fake_free(&s);
	unmarked(&s);
	has(&s, 80, 24, "fstep>5/x", "no steps", "where there are no steps there is nothing to filter");
	fake_free(&s);
}

static void test_search(void)
{
	struct snapshot s;

	planner(&s);
	has(&s, 80, 24, "/TOOL<Enter>", "▸ planner    tool", "a search leads to the next row with the text");
	has(&s, 80, 24, "/tool<Enter>", "  planner    plan", "and hides nothing");
	has(&s, 80, 24, "/planner<Enter>", "▸ planner    tool", "the next one, not the one where the cursor is");
	has(&s, 80, 24, "/planner<Enter>n", "▸ planner    plan", "n is the next, going around");
	has(&s, 80, 24, "/planner<Enter>nN", "▸ planner    tool", "N the one before");
	has(&s, 80, 24, "/xyz", "        ▾ no row has it; Space opens a kind into its single steps\nsearch: xyz\n", "what is nowhere is said while it is typed");
	has(&s, 80, 24, "<Space>/xyz", "▾ no row has it\n", "in single steps, too");
	has(&s, 80, 24, "<Space>/33<Enter>", "▸            33 ", "single steps are found by their id");
	has(&s, 80, 24, "n", "nothing was searched for yet; / searches", "n needs a search");
	has(&s, 80, 24, "/<Enter>", "sort P99", "nothing finds nothing");
	fake_free(&s);
}

static void test_marks(void)
{
	struct snapshot s;

	planner(&s);
	has(&s, 80, 24, "m", "single steps can be marked", "a kind cannot be marked");
	has(&s, 80, 24, "<Space>jm", "▸ ◆ marked   32 ", "m marks a step");
	has(&s, 80, 24, "<Space>jm", "◆ 1 marked\n", "which is counted");
	has_not(&s, 80, 24, "<Space>jmm", "marked", "and unmarks it");
	has(&s, 80, 24, "<Space>jmjjm'", "▸ ◆ marked   32 ", "' leads to the next one, going around");
	has(&s, 80, 24, "<Space>jmjjm''", "▸ ◆ marked   33 ", "and the next");
	has(&s, 80, 24, "<Space>jm<Space>G'", "▸ ◆ marked   32 ", "also into a kind that is folded");
	has(&s, 80, 24, "<Space>jmfid=31<Enter>'", "what is marked does not match the filter", "or says why not");
	has(&s, 80, 24, "'", "nothing is marked; m marks a step", "without marks there is nowhere to go");
	has_not(&s, 80, 24, "<Space>jmjmM", "◆", "M takes all off");
	fake_free(&s);
}

static void test_sort_keys(void)
{
	struct snapshot s;

	planner(&s);
	has(&s, 80, 24, ">", "sort P999 ▼", "> sorts by the column to the right");
	has(&s, 80, 24, "<Lt><Lt>", "sort COUNT ▼", "< by the one to the left");
	has(&s, 80, 24, "SSS", "sort RATE ▼", "as S does");
	fake_free(&s);
}

/* Two kinds with counts by time, from 1 ms to 25 ms: eight buckets. */
static void test_histogram(void)
{
	static uint64_t plan[2 * HEAT_BUCKETS], tool[2 * HEAT_BUCKETS];
	static const uint64_t *kinds[] = { tool, plan };
	struct snapshot s;

	planner(&s);
	has(&s, 120, 40, "", "MISS 1ms-25ms     WORST", "the heading has the shortest and the longest time");
	has(&s, 120, 40, "", "14 –            run queue", "when not all steps are kept, nothing is known without counts");
	s.n_steps_all = 3;
	has(&s, 120, 40, "", "14     █ ▄      run queue 5.75", "when all are, these are counted");
	has(&s, 120, 40, "fid=32<Enter>", " 1       █      outside", "or those that match");
	s.n_steps_all = 10598;
	plan[heat_bucket(8 * MS)] = 70, plan[HEAT_BUCKETS + heat_bucket(8 * MS)] = 30;
	plan[HEAT_BUCKETS + heat_bucket(23 * MS)] = 1, plan[heat_bucket(5 * MS)] = 50;
	tool[heat_bucket(100)] = 1, tool[heat_bucket(100 * MS)] = 1;
	s.time.n = 2, s.time.kind = kinds;
	has(&s, 120, 40, "", "14    ▄█ ▁      run queue 5.75", "counts by time are of all steps; even one is seen");
	has(&s, 120, 40, "", " – █     █      run queue 2.27", "what is beyond the ends is at the ends");
	has(&s, 120, 40, "fid=32<Enter>", " 1       █      outside", "with a filter it is of those that match all the same");
	fake_free(&s);
}

static void test_chain(void)
{
	struct snapshot s;

	planner(&s);
	has(&s, 80, 24, "2", "step planner/plan 32  23.4 ms  deadline 20.0 ms, missed by 3.40 ms", "the slowest step comes first");
	has(&s, 80, 24, "2", "slowest of 5 386", "and says so");
	has(&s, 120, 40, "2", "run queue 8.21 ms on CPU 2: planner was ready to run, but others ran; 35 % of the step, 41 times its target of 200 us ▲.",
	    "one sentence explains the worst piece");
	has(&s, 120, 40, "2", "instead ran: NET_RX eth0 5.10 ms · fio:678 2.87 ms · ksoftirqd/2:31 242 us", "with who ran instead");
	has(&s, 120, 40, "2", "proven · from 16.112243 to 16.120457", "and when, and how sure that is");
	has(&s, 120, 40, "2", "cpu2 sched:sched_waking", "and the events that prove it");
	has(&s, 120, 40, "2<Left>", "NAPI 1.41 ms on CPU 2", "left is the piece before");
	has(&s, 120, 40, "2<Left>", "inferred, not proven", "what is inferred is said to be");
	has(&s, 120, 40, "2<Right>", "return 47.0 us on CPU 2", "right the one after");
	has(&s, 200, 40, "2<Right>", "within its target of 50.0 us", "a target that is met is said to be");
	has(&s, 120, 40, "2m", "outside 9.60 ms: planner waited for something outside this machine; 41 % of the step.", "m leads to the longest");
	has(&s, 120, 40, "2mm", "run queue 8.21 ms", "and then the next longest");
	has(&s, 120, 40, "2m<Home>m", "outside 9.60 ms", "and begins anew after something else");
	has(&s, 120, 40, "2mmmmmmmmmmmm", "outside 9.60 ms", "and after the shortest");
	has(&s, 120, 40, "2<Down><Down>", "NET_RX eth0 in this step: 6.51 ms in 2 segments, 28 % of it", "an actor's row sums him up");
	has(&s, 120, 40, "2<Down><Down><Left>", "NAPI 1.41 ms", "and left and right lead along it");
	has(&s, 120, 40, "2<Home>", "user 1.20 ms on CPU 2: planner ran its own code", "Home is the step's begin");
	has(&s, 120, 40, "2<End>", "user 60.0 us", "End its end");
	has(&s, 120, 40, "2<Enter>", "events that prove it:", "Enter shows all the events");
	has(&s, 120, 40, "2<Enter><Esc>", "irq 27 nvme0q3", "Esc leads back");
	has(&s, 120, 40, "2<Esc>", "[1 Steps]", "and at last to the steps");
	has(&s, 120, 40, "2>", "step planner/plan 31  8.10 ms  deadline 20.0 ms kept", "> is the next faster step");
	has(&s, 120, 40, "2>", "2nd slowest of 5 386", "which says which it is");
	has(&s, 120, 40, "2><Lt>", "plan 32", "< the next slower");
	has(&s, 120, 40, "2]", "plan 33", "] the next in time");
	has(&s, 120, 40, "2[", "plan 31", "[ the one before");
	has(&s, 120, 40, "2l", "log time", "l makes time logarithmic");
	has(&s, 120, 40, "2l", "▓▓▓", "so that 30 us of 23 ms are seen");
	has(&s, 120, 40, "2++", "zoomed", "+ zooms in");
	has(&s, 120, 40, "2++0", "0 ms", "0 shows all again");
	has(&s, 120, 40, "2++m", "outside", "what is chosen is in the window");
	fake_free(&s);
}

/* It slept in read; the task that it waited for was pushed off its CPU. */
static const struct fake_seg behind_peer[] = {
	{ ST_USER, 100, 1, "", "", 1, 0 },
	{ ST_RUNQUEUE, 2000, 1, "fuzz_text:14135", "read", 1, 0, "python3:15043" },
	{ ST_PREEMPTED, 9000, 1, "fuzz_text:14135", "read", 1, 0, "python3:15043" },
	{ ST_PREEMPTED, 7000, 1, "fio:678", "read", 1, 0, "python3:15043" },
	{ ST_PREEMPTED, 500, 1, "", "read", 1, 0, "python3:15043" },
	{ ST_PEER, 3000, 1, "", "read", 1, 0, "python3:15043" },
	{ ST_TIMER, 4000, -1, "", "read", 1, 0, "python3:15043" },
	{ ST_RUNQUEUE, 300, 1, "fio:678", "read", 1, 0 },
	{ ST_TIMER_LATE, 60, 1, "timer slack", "clock_nanosleep", 1, 0 },
	{ ST_USER, 100, 1, "", "", 1, 0 },
};

static void peer(struct snapshot *s)
{
	fake_empty(s);
	source(s);
	s->kinds = ARENA_NEW(&s->mem, 1, struct kind_row);
	s->kinds[0] = kind("planner", "plan", 1, 26000, 26000, 26060);
	s->n_kinds = 1;
	fake_step(s, "7", FAKE_BEGIN + 50 * MS, behind_peer, ARRAY_LEN(behind_peer));
	s->steps_all = s->kinds[0].steps;
	s->n_steps_all = 1;
	s->stage[ST_PREEMPTED].share_worst = 0.63;
}

static void test_peer(void)
{
	struct snapshot s;

	peer(&s);
	has(&s, 200, 40, "2m", "preempted 16.5 ms on CPU 1: planner waited for python3:15043 (in read), which was pushed off its CPU and waited to "
	    "run on; 63 % of the step.", "a peer's time is not the agent's");
	has(&s, 200, 40, "2m", "instead ran: fuzz_text:14135 9.00 ms · fio:678 7.00 ms · nobody known 500 us", "who ran instead is never the peer");
	has_not(&s, 200, 40, "2m", "its target", "targets are for the agent's own time");
	has(&s, 200, 40, "2mmm", "peer 3.00 ms on CPU 1: planner waited for python3:15043 (in read), which was at work", "a peer at work");
	has(&s, 200, 40, "2mm", "timer 4.00 ms: planner waited for python3:15043 (in read), which slept, as it had asked", "a peer's timer");
	has(&s, 200, 40, "2mmmmm", "run queue 300 us on CPU 1: planner was ready to run, but others ran; 1.2 % of the step, above the usual 200 us",
	    "the agent's own run queue");
	has(&s, 200, 40, "2", "··peer: preempted··", "in the agent's row, too, it is not the agent who was preempted");
	has(&s, 200, 40, "2<End><Left>", "by: timer slack; the kernel may be late on purpose by the task's timer slack (prctl PR_SET_TIMERSLACK, "
	    "50 us by default)", "a late timer may be meant to be");
	has(&s, 80, 30, "2", "/ fuzz_text:14135", "a narrow row shows who, whoever waited for him");
	has(&s, 200, 40, "2", "python3:15043 / fuzz_text:14135", "a wide one both");
	has(&s, 80, 24, "", "It spends 63 % of its time waiting for python3:15043, which was pushed off CPU\n1, behind fuzz_text:14135 (9.00 ms) and fio:678 (7.00 ms).", "the first screen says it too");
	fake_free(&s);
}

static void test_long_verdict(void)
{
	static const struct fake_seg seg[] = {
		{ ST_RUNQUEUE, 9000, 1, "a-very-long-name-of-a-task:123456", "read", 1, 0, "another-quite-long-name:123457" },
		{ ST_RUNQUEUE, 8000, 1, "a-third-very-long-name:1234567", "read", 1, 0, "another-quite-long-name:123457" },
	};
	struct snapshot s;

	peer(&s);
	s.n_steps = 0;
	fake_step(&s, "8", FAKE_BEGIN + 50 * MS, seg, ARRAY_LEN(seg));
	s.stage[ST_RUNQUEUE].share_worst = 0.99;
	has(&s, 80, 24, "", "run queue of CPU 1, behind a-very-long-name-of-a-task:123456 (9.00 ms) …\nIRQ-hot", "a sentence that is cut says so");
	fake_free(&s);
}

static void test_named(void)
{
	struct snapshot s;

	unmarked(&s);
	s.selects = 1;
	has(&s, 80, 24, "", "none of the tasks named with -p or -c occurs in the recording", "a task that is not there");
	s.selects_any = 1;
	has(&s, 80, 24, "", "the tasks of -p or -c neither mark any nor come back from a wait", "one that makes no steps");
	has(&s, 80, 24, "", "try       agenttop -p 871", "others might");
	s.n_step_marks = 400;
	has(&s, 80, 24, "", "try       without -p and -c: other tasks mark 400 steps here", "or are known to");
	s.probes = 1;
	has(&s, 80, 24, "", "no steps: the events of --step-begin and --step-end made none", "probes that made none");
	fake_free(&s);
}

static void test_no_steps(void)
{
	struct snapshot s;

	unmarked(&s);
	has(&s, 80, 24, "", "no steps: nothing is marked as a step, and no agent was named", "without steps it says why");
	has(&s, 80, 24, "", "agenttop -p 871 /var/tmp/incident.dat", "and what to do");
	has(&s, 80, 24, "", "35 eth0-rx2", "the machine's tables are there");
	has(&s, 200, 60, "", "waits in epoll_wait 538 times a second", "a wide screen has room for all of the reason");
	has(&s, 200, 60, "", "second          35 eth0-rx2", "and for two tables side by side");
	has(&s, 80, 24, "2", "There are no steps in this recording", "the chain says that there is nothing to show");
	has(&s, 80, 24, "<Enter><Space>sSro<Down>", "no steps", "keys do no harm");
	s.n_candidates = 0;
	has(&s, 80, 24, "", "name an agent with -p PID or -c NAME", "without a candidate, too");
	s.complete = 0;
	s.source.bytes_total = 200, s.source.bytes_done = 86;
	has(&s, 80, 24, "", "none yet", "while reading it is too early to say");
	has(&s, 120, 24, "", "reading █████░░░░░░░ 43 %", "and one sees how far that is");
	s.complete = 1;
	s.n_steps_open = 3;
	has(&s, 80, 24, "", "3 began, none has ended", "steps that never ended are another reason");
	fake_free(&s);
	planner(&s);
	s.n_steps = 0;
	has(&s, 80, 24, "<Space>", "no single step of this kind is kept", "kinds without kept steps");
	has(&s, 80, 24, "2", "no single one was kept", "are no chain");
	fake_free(&s);
	hostile(&s);
	has(&s, 80, 24, "2<Gt><Gt>", "[2 Chain]", "odd steps can be walked through");
	fake_free(&s);
}

static void test_frame(void)
{
	static const char *const notes[] = { "3 of 4 CPUs could be read" };
	static struct loss_row losses[] = { { 1, 2, 0, 1 } };
	static struct capability caps[] = { { "nvme", CAP_OFF, NULL, 0, "which NVMe queue a request was in" } };
	char around[9 * sizeof "<Tab>"] = "";
	struct snapshot s;

	planner(&s);
	s.complete = 0, s.source.bytes_total = 100, s.source.bytes_done = 43;
	has(&s, 80, 24, "", " ─ 43 % read ─ sort P99 ▼\n", "beside the tabs there is how far it was read");
	s.source.bytes_done = 9;
	for (unsigned cols = 60; cols <= 120; cols++)
		has(&s, cols, 24, "", " 9 %", "at any width");
	s.source.bytes_total = 0, s.source.n_events = 84000;
	for (unsigned cols = 60; cols <= 120; cols++)
		has(&s, cols, 24, "", " reading, 84 000 events ", "of a pipe, how much");
	s.complete = 1;
	has(&s, 120, 24, "", "agenttop  incident.dat  trace.dat v7  web-07  6.18.44  4 CPUs  clock mono", "the title says what one looks at");
	has(&s, 80, 24, "", "lost 0", "and that nothing was lost");
	s.notes = (const char **)(uintptr_t)notes, s.n_notes = 1;
	s.losses = losses, s.n_losses = 1;
	s.caps = caps, s.n_caps = 1;
	s.source.n_late = 7;
	s.self.cpu_ns = 123 * MS;
	has(&s, 80, 24, "", "lost some", "or that something was");
	has(&s, 80, 24, "", "1 stage off", "and what is off");
	has(&s, 80, 24, "", "note: 3 of 4 CPUs could be read", "notes are seen");
	has(&s, 120, 40, DATA, "nvme           off; not seen: which NVMe queue a request was in", "the data screen says what that hides");
	has(&s, 120, 40, DATA, "CPU 1          2 times: events that nobody counted", "and where events were lost");
	has(&s, 120, 400, "?", "runnable, not running: who ran instead is the actor (200 us, 500 us)", "and what stages are");
	has(&s, 80, 24, "?<End>", "no event explains it", "help can be scrolled");
	has(&s, 80, 16, DATA "<End>", "nvme", "and so can the data screen");
	has(&s, 80, 24, "2?<Esc>", "[2 Chain]", "and left to where one was");
	has(&s, 80, 24, "2??", "[2 Chain]", "also by its own key");
	for (unsigned i = 0; i < n_views; i++)
		strcat(around, "<Tab>");
	has(&s, 80, 24, around, "[1 Steps]", "Tab goes around");
	has(&s, 80, 24, "<S-Tab>", "[? Help]", "both ways");
	has_not(&s, 200, 24, "", "cost", "a dump does not show what differs from run to run");
	has(&s, 20, 5, "", "20x5 is too small", "a tiny screen says what it needs");
	fake_free(&s);
}

static void test_dump_errors(void)
{
	struct err e = { "" };
	struct snapshot s;

	fake_empty(&s);
	ok(ui_screen_dump(&s, 0, 24, "", false, stdout, &e) < 0, "no columns, no screen");
	has_text(e.text, "0x24", "which is said");
	ok(ui_screen_dump(&s, 80, 24, "<Nope>", false, stdout, &e) < 0, "a key that does not exist is an error");
	has_text(e.text, "<Nope>", "which names it");
	fake_free(&s);
}

typedef void (*maker)(struct snapshot *);
static const maker makers[] = { planner, unmarked, hostile, huge, fake_empty };

/* The same screen in ASCII is the other one, character by character and column by column. */
static bool same_but_ascii(const char *utf8, const char *ascii)
{
	while (*utf8) {
		uint32_t ch = *utf8 == '\n' ? (uint32_t)*utf8++ : cells_next(&utf8);
		char want = ch == '\n' ? '\n' : cells_ascii(ch);

		for (int i = ch == '\n' ? 1 : cells_char_width(ch); i > 0; i--)
			if (*ascii++ != want)
				return false;
	}
	return !*ascii;
}

static void test_ascii(void)
{
	static const char *const keys[] = { "", "<Space>", "2", "2l", "3", DATA, "?", "<Space>jm", "fstep>5", "/日本日本" };

	for (size_t m = 0; m < ARRAY_LEN(makers); m++) {
		struct snapshot s;

		makers[m](&s);
		for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
			char *utf8 = screen(&s, 100, 40, keys[k], false), *ascii = screen(&s, 100, 40, keys[k], true);

			ok(same_but_ascii(utf8, ascii), "snapshot %zu after '%s' says the same in ASCII", m, keys[k]);
			free(utf8);
			free(ascii);
		}
		fake_free(&s);
	}
}

static void test_sizes(void)
{
	static const struct { unsigned cols, lines; } sizes[] = {
		{ 1, 1 }, { 2, 30 }, { 39, 10 }, { 40, 9 }, { 40, 10 }, { 41, 11 }, { 60, 14 }, { 79, 23 }, { 80, 24 }, { 81, 25 }, { 120, 40 },
		{ 149, 50 }, { 150, 50 }, { 200, 60 }, { 500, 200 }, { 500, 10 }, { 40, 200 },
	};
	static const char *const keys[] = { "", "<Space>", "2", "2l++", "2<Enter>", "2<Down><Down>", "2t", "3", "3<Space>", DATA, "?<PageDown>", "fstep>5",
					    "fstep>1ns<Enter><Space>jmF", "/日本" };

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

/* The line that the cursor is on; "" when there is none. */
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

static void test_selection(void)
{
	struct snapshot a, b;
	struct cells c = { 0 };
	struct app *app = app_new();
	char line[512];

	planner(&a);
	planner(&b);
	b.kinds[0].steps.p99 = 99 * MS;		/* "tool" is the worse one now */
	cells_resize(&c, 80, 24);
	app_set_snapshot(app, &a);
	app_draw(app, &c);
	app_set_snapshot(app, &b);
	app_draw(app, &c);
	has_text(cursor_line(&c, line, sizeof line), "tool", "a cursor that nobody moved stays on top");
	app_act(app, ACT_DOWN);
	app_draw(app, &c);
	has_text(cursor_line(&c, line, sizeof line), "plan", "one that was moved");
	app_set_snapshot(app, &a);
	app_draw(app, &c);
	has_text(cursor_line(&c, line, sizeof line), "plan", "stays with its kind, wherever that goes");
	app_act(app, ACT_EXPAND);
	for (int i = 0; i < 3; i++)
		app_act(app, ACT_DOWN);
	app_draw(app, &c);
	has_text(cursor_line(&c, line, sizeof line), " 33 ", "or with its step");
	app_act(app, ACT_ORDER);
	app_set_snapshot(app, &b);
	app_draw(app, &c);
	has_text(cursor_line(&c, line, sizeof line), " 33 ", "in whatever order");
	b.n_steps = 2;
	app_set_snapshot(app, &b);
	app_draw(app, &c);
	has_text(cursor_line(&c, line, sizeof line), "plan", "and with its kind when the step is gone");
	app_free(app);
	cells_fini(&c);
	fake_free(&a);
	fake_free(&b);
}

/* Keys as a person presses them. */
static void press(struct app *app, struct cells *c, const char *keys)
{
	uint32_t key;

	while (action_next_key(&keys, &key, NULL) > 0)
		app_key(app, key);
	app_draw(app, c);
}

static void test_follow(void)
{
	struct snapshot a, b, c, d;
	struct cells cells = { 0 };
	struct app *app = app_new();
	char line[512];

	many_steps(&a, 50, 1);
	many_steps(&b, 50, 21);
	many_steps(&c, 0, 1);
	many_steps(&d, 60, 21);
	cells_resize(&cells, 80, 24);
	app_set_snapshot(app, &a);
	press(app, &cells, "F");
	has_text(cursor_line(&cells, line, sizeof line), " #50 ", "F leads to the newest step");
	app_set_snapshot(app, &b);
	app_draw(app, &cells);
	has_text(cursor_line(&cells, line, sizeof line), " #70 ", "and stays with it as they come");
	press(app, &cells, "fid=#69<Enter>");
	has_text(cursor_line(&cells, line, sizeof line), " #69 ", "or with the newest that matches");
	press(app, &cells, "<Esc><Down>");
	app_set_snapshot(app, &d);
	app_draw(app, &cells);
	has_text(cursor_line(&cells, line, sizeof line), " #69 ", "a movement ends it");
	press(app, &cells, "F");
	has_text(cursor_line(&cells, line, sizeof line), " #80 ", "and F begins it again");
	app_set_snapshot(app, &c);
	app_draw(app, &cells);
	app_set_snapshot(app, &a);
	app_draw(app, &cells);
	has_text(cursor_line(&cells, line, sizeof line), " #50 ", "a while without steps does not");
	press(app, &cells, "F");
	app_set_snapshot(app, &b);
	app_draw(app, &cells);
	has_text(cursor_line(&cells, line, sizeof line), " #50 ", "F again does");
	app_free(app);
	cells_fini(&cells);
	fake_free(&a);
	fake_free(&b);
	fake_free(&c);
	fake_free(&d);
}

/* The screens go on while somebody types; marks are of steps, not of rows. */
static void test_typing(void)
{
	struct snapshot a, b;
	struct cells c = { 0 };
	struct app *app = app_new();
	char line[512];

	many_steps(&a, 50, 1);
	many_steps(&b, 50, 21);
	cells_resize(&c, 80, 24);
	app_set_snapshot(app, &a);
	press(app, &c, "o<Space><Down>m<Down>mfid=#5");
	app_set_snapshot(app, &b);
	app_draw(app, &c);
	has_text(cursor_line(&c, line, sizeof line), " #49 ", "news is shown above what is being typed");
	press(app, &c, "0<Enter>");
	has_text(cursor_line(&c, line, sizeof line), "planner", "and what was typed is taken");
	press(app, &c, "'");
	has_text(cursor_line(&c, line, sizeof line), "marked   #50 ", "a mark stays with its step");
	app_set_snapshot(app, NULL);
	ok(app_key(app, 'f') == 0, "without a snapshot there is nothing to type");
	app_set_snapshot(app, &a);
	press(app, &c, "f");
	app_set_snapshot(app, NULL);
	ok(app_key(app, 'q') & UI_QUIT, "and a key is a key again when it is gone");
	app_set_snapshot(app, &a);
	press(app, &c, "f");
	ok(app_act(app, ACT_HELP) & UI_REDRAW, "an action from elsewhere closes the prompt");
	ok(app_key(app, 'q') & UI_QUIT, "so that keys are keys");
	app_free(app);
	cells_fini(&c);
	fake_free(&a);
	fake_free(&b);
}

static void test_chosen_step(void)
{
	struct snapshot a, b;
	struct cells c = { 0 };
	struct app *app = app_new();
	char line[512];

	many_steps(&a, 50, 1);
	many_steps(&b, 20, 10);
	cells_resize(&c, 120, 40);
	app_set_snapshot(app, &a);
	app_draw(app, &c);
	app_act(app, ACT_ENTER);
	app_act(app, ACT_FIRST);
	app_draw(app, &c);
	app_set_snapshot(app, &b);
	app_draw(app, &c);
	has_text(cursor_line(&c, line, sizeof line), "planner 871", "the chain of a step that is still there stays");
	b.n_steps = 0;
	app_set_snapshot(app, &b);
	app_draw(app, &c);
	is_text(cursor_line(&c, line, sizeof line), "", "of one that is gone there is nothing to show");
	app_set_snapshot(app, NULL);
	app_act(app, ACT_LONGEST);
	app_draw(app, &c);
	ok(app_act(app, ACT_QUIT) & UI_QUIT, "and without any snapshot one can still quit");
	app_free(app);
	cells_fini(&c);
	fake_free(&a);
	fake_free(&b);
}

/* ---- speed ---- */

/* Of our own CPU time: a machine that is busy with something else is no reason to fail. */
static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOWDOWN 20
#else
#define SLOWDOWN 3			/* for slow machines */
#endif

/* From a key to what it paints, at worst, for each of the actions. */
static void time_keys(struct snapshot *s, const enum action *actions, size_t n, const char *what)
{
	struct cells c = { 0 };
	struct app *app = app_new();
	double worst = 0;
	size_t worst_i = 0;

	cells_resize(&c, 200, 60);
	app_set_snapshot(app, s);
	app_draw(app, &c);
	for (size_t i = 0; i < n; i++) {
		double t = now_ms();

		app_act(app, actions[i]);
		app_draw(app, &c);
		t = now_ms() - t;
		if (t > worst) {
			worst = t;
			worst_i = i;
		}
	}
	note("%s: at worst %.1f ms from key to paint (%s)", what, worst, action_docs[actions[worst_i]].name);
	ok(worst < 16 * SLOWDOWN, "%s: keys are painted at once", what);
	app_free(app);
	cells_fini(&c);
}

/* The same for keys that are typed; figures only, since the actions' limit holds for these, too. */
static void note_typed(struct snapshot *s, const char *keys)
{
	struct cells c = { 0 };
	struct app *app = app_new();
	double worst = 0, t;
	uint32_t key;
	const char *at = keys;

	cells_resize(&c, 200, 60);
	app_set_snapshot(app, s);
	press(app, &c, "<Space>");
	while (action_next_key(&at, &key, NULL) > 0) {
		t = now_ms();
		app_key(app, key);
		app_draw(app, &c);
		worst = MAX(worst, now_ms() - t);
	}
	note("%s: at worst %.1f ms from key to paint", keys, worst);
	app_set_snapshot(app, NULL);
	app_set_snapshot(app, s);
	t = now_ms();
	app_draw(app, &c);
	note("and then a new snapshot: %.1f ms", now_ms() - t);
	app_free(app);
	cells_fini(&c);
}

static void test_speed(void)
{
	static const enum action in_steps[] = { ACT_EXPAND, ACT_DOWN, ACT_PAGE_DOWN, ACT_LAST, ACT_UP, ACT_SORT, ACT_ORDER, ACT_REVERSE,
						ACT_FIRST, ACT_ENTER, ACT_FASTER, ACT_FASTER, ACT_LATER, ACT_EARLIER, ACT_SLOWER, ACT_RIGHT };
	static const enum action in_chain[] = { ACT_VIEW_2, ACT_RIGHT, ACT_LEFT, ACT_FIRST, ACT_DOWN, ACT_DOWN, ACT_RIGHT, ACT_LONGEST, ACT_LONGEST,
						ACT_ZOOM_IN, ACT_ZOOM_IN, ACT_PAN_RIGHT, ACT_LOG, ACT_ZOOM_IN, ACT_ZOOM_ALL, ACT_ENTER,
						ACT_PAGE_DOWN, ACT_LAST, ACT_BACK };
	struct snapshot s;
	double t;
	struct app *app = app_new();
	struct cells c = { 0 };

	many_steps(&s, 100000, 1);
	cells_resize(&c, 200, 60);
	t = now_ms();
	app_set_snapshot(app, &s);
	app_draw(app, &c);
	note("a new snapshot of 100000 steps: %.1f ms", now_ms() - t);
	app_free(app);
	cells_fini(&c);
	time_keys(&s, in_steps, ARRAY_LEN(in_steps), "100000 steps");
	note_typed(&s, "fagent=planner stage.runqueue>500us lost=0<Enter>");
	note_typed(&s, "fcpu!=3 step>1ms<Enter>");
	note_typed(&s, "fplan<Enter>");
	note_typed(&s, "/xyzxyz");
	note_typed(&s, "/#00");
	note_typed(&s, "o<Down>mmmF");
	fake_free(&s);
	many_segments(&s, 100000);
	time_keys(&s, in_chain, ARRAY_LEN(in_chain), "100000 segments");
	fake_free(&s);
}

/* ---- a monkey ---- */

static void monkey_size(struct cells *c)
{
	if (dice(20))
		cells_resize(c, 30 + (int)dice(110), 5 + (int)dice(45));
	else
		cells_resize(c, 1 + (int)dice(500), 1 + (int)dice(200));
}

/* Mostly what makes filters and searches. */
static uint32_t monkey_key(void)
{
	static const char chars[] = "ff//nN'mMF agentstep=!<>~0123.us\"#";

	return dice(4) ? (unsigned char)chars[dice(sizeof chars - 1)] : UIKEY_UP + dice(UIKEY_F1 - UIKEY_UP + 1);
}

static void test_monkey(void)
{
	struct snapshot s[ARRAY_LEN(makers) + 3];
	struct cells c = { 0 };
	struct app *app = app_new();
	FILE *nowhere = fopen("/dev/null", "w");
	bool quits = true;

	dice_seed = 42;
	for (size_t i = 0; i < ARRAY_LEN(makers); i++)
		makers[i](s + i);
	many_steps(s + ARRAY_LEN(makers), 300, 1);
	many_steps(s + ARRAY_LEN(makers) + 1, 500, 100);
	many_segments(s + ARRAY_LEN(makers) + 2, 700);
	monkey_size(&c);
	for (int i = 0; i < 20000; i++) {
		unsigned done;

		if (!dice(40))
			app_set_snapshot(app, dice(30) ? s + dice(ARRAY_LEN(s)) : NULL);
		if (!dice(30))
			monkey_size(&c);
		if (!dice(500))
			app_set_status(app, dice(2) ? "something went wrong" : "");
		done = dice(2) ? app_act(app, (enum action)dice(N_ACTIONS)) : app_key(app, monkey_key());
		if (!dice(20) && app_act(app, ACT_EXPORT) && app_key(app, (uint32_t)"tTcjs"[dice(5)]) & UI_EXPORT)
			app_export_write(app, 0, dice(2), nowhere);
		quits &= !(done & ~(unsigned)(UI_REDRAW | UI_CLOSE | UI_GO | UI_QUIT | UI_REPAINT | UI_COMMAND | UI_RANGE |
					   UI_EXPORT));
		if (dice(3))
			app_draw(app, &c);
	}
	fclose(nowhere);
	ok(quits, "20000 actions on changing snapshots and sizes");
	app_free(app);
	cells_fini(&c);
	for (size_t i = 0; i < ARRAY_LEN(s); i++)
		fake_free(s + i);
}

int main(int argc, char **argv)
{
	if (argc > 1) {			/* to look at: test_views COLS LINES KEYS [SNAPSHOT] */
		struct snapshot s;

		makers[argc > 4 ? (size_t)atoi(argv[4]) % ARRAY_LEN(makers) : 0](&s);
		fputs(screen(&s, (unsigned)atoi(argv[1]), (unsigned)atoi(argv[2]), argv[3], false), stdout);
		return 0;
	}
	test_golden();
	test_steps();
	test_filter();
	test_search();
	test_marks();
	test_sort_keys();
	test_histogram();
	test_chain();
	test_peer();
	test_long_verdict();
	test_named();
	test_no_steps();
	test_frame();
	test_dump_errors();
	test_ascii();
	test_sizes();
	test_selection();
	test_follow();
	test_typing();
	test_chosen_step();
	test_speed();
	test_monkey();
	return done();
}
