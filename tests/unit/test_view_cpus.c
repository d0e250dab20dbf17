// SPDX-License-Identifier: GPL-2.0-only
/* The screen of CPUs, from snapshots made by hand: small and big machines, with and without what others fill in. */
#include "app.h"
#include "fake_snapshot.h"
#include "tap.h"
#include "view.h"

#define SLOTS 64u

/* ---- machines ---- */

static void idle_cpus(struct snapshot *s, uint32_t n)
{
	fake_empty(s);
	s->source.begin = FAKE_BEGIN, s->source.end = FAKE_BEGIN + 10000 * MS;
	s->steps_all = fake_quant(5386, 8100 * US, 23400 * US, 41200 * US);
	s->cpus = ARENA_NEW(&s->mem, n, struct cpu_row);
	for (s->n_cpus = 0; s->n_cpus < n; s->n_cpus++)
		s->cpus[s->n_cpus] = (struct cpu_row){ .cpu = (uint32_t)s->n_cpus, .node = -1, .cache = -1, .irq = 10 * MS,
			.softirq = 10 * MS, .task = 380 * MS, .idle = 9600 * MS, .n_irqs = 4000, .why = "" };
}

static void make_hot(struct snapshot *s, uint32_t cpu, uint64_t harm_ms)
{
	s->cpus[cpu] = (struct cpu_row){ .cpu = cpu, .node = s->cpus[cpu].node, .cache = s->cpus[cpu].cache, .irq = 900 * MS,
		.softirq = 2800 * MS, .ksoftirqd = 100 * MS, .task = 3300 * MS, .idle = 2900 * MS, .n_irqs = 90211,
		.harm = harm_ms * MS, .hot = 1, .why = "37 % in interrupts, took 62.0 ms of steps" };
}

/* The first quarter of the time was idle, the rest is shared out as the rows say. */
static void add_times(struct snapshot *s)
{
	s->time = (struct timeline){ .begin = FAKE_BEGIN, .slot_ns = 10000 * MS / SLOTS, .n = SLOTS };
	s->time.cpu = ARENA_NEW(&s->mem, s->n_cpus, const uint64_t *);
	for (size_t i = 0; i < s->n_cpus; i++) {
		const struct cpu_row *c = s->cpus + i;
		uint64_t *t = ARENA_NEW(&s->mem, SLOTS * N_CPU_TIMES, uint64_t);

		s->time.cpu[i] = t;
		for (uint32_t k = 0; k < SLOTS; k++, t += N_CPU_TIMES) {
			uint64_t part = k >= SLOTS / 4;

			t[TIME_IRQ] = part * c->irq * 4 / 3 / SLOTS;
			t[TIME_SOFTIRQ] = part * c->softirq * 4 / 3 / SLOTS;
			t[TIME_KSOFTIRQD] = part * c->ksoftirqd * 4 / 3 / SLOTS;
			t[TIME_AGENTS] = part * (c->hot ? c->task : 0) * 4 / 3 / SLOTS;
			t[TIME_OTHERS] = part * (c->hot ? 0 : c->task) * 4 / 3 / SLOTS;
			t[TIME_IDLE] = s->time.slot_ns - t[TIME_IRQ] - t[TIME_SOFTIRQ] - t[TIME_KSOFTIRQD] - t[TIME_AGENTS] -
				       t[TIME_OTHERS];
		}
	}
}

/* Who took what on CPU 2, and where the agent ran. */
static void add_rows(struct snapshot *s)
{
	static struct harm_row harms[] = {
		{ .actor = "NET_RX eth0", .agent = "planner", .cpu = 2, .id = 3, .level = 1, .stage = ST_RUNQUEUE, .ns = 40 * MS, .n_steps = 900 },
		{ .actor = "fio:678", .agent = "planner", .cpu = 2, .id = 678, .level = 0, .stage = ST_RUNQUEUE, .ns = 29 * MS, .n_steps = 80 },
		{ .actor = "NET_RX eth0", .agent = "planner", .cpu = 2, .id = 3, .level = 1, .stage = ST_SOFTIRQ_STEAL, .ns = 11 * MS },
		{ .actor = "irq 43 nvme1q1", .agent = "planner", .cpu = 2, .id = 43, .level = 2, .stage = ST_IRQ_STEAL, .ns = 9 * MS },
		{ .actor = "local_timer", .agent = "planner", .cpu = 1, .level = 2, .stage = ST_IRQ_STEAL, .ns = 100 * US },
		{ .actor = "nobody's", .agent = "planner", .cpu = 77, .level = 2, .stage = ST_IRQ_STEAL, .ns = 1 * MS },
		{ .actor = "nowhere", .agent = "planner", .cpu = UINT32_MAX, .level = 2, .stage = ST_IRQ_STEAL, .ns = 1 * MS },
	};
	static struct place_row places[] = {
		{ .agent = "planner", .cpu = 2, .ns = 3100 * MS }, { .agent = "planner", .cpu = 3, .ns = 1900 * MS },
		{ .agent = "planner", .cpu = 1, .ns = 3 * MS }, { .agent = "planner", .cpu = 500, .ns = 1 * MS },
	};
	static struct irq_cpu on_2[] = { { 2, { 20000, 240 * MS, US, 3 * US, 4 * US, 9 * US, 20 * US, 60 * US } }, { 99, { 1 } } };
	static struct irq_row irqs[] = {
		{ .irq = 43, .name = "nvme1q1", .asked = "", .effective = "", .cpus = on_2, .n_cpus = 2 },
		{ .irq = -1, .name = "local_timer", .asked = "", .effective = "", .cpus = on_2, .n_cpus = 1 },
	};

	s->harms = harms, s->n_harms = ARRAY_LEN(harms);
	s->places = places, s->n_places = ARRAY_LEN(places);
	s->irqs = irqs, s->n_irqs = ARRAY_LEN(irqs);
}

static void four(struct snapshot *s)
{
	idle_cpus(s, 4);
	make_hot(s, 2, 60);
	s->cpus[1].harm = 100 * US;
	add_times(s);
	add_rows(s);
}

/* 256 CPUs on two nodes; four share a cache; two of them are hot. */
static void many(struct snapshot *s)
{
	idle_cpus(s, 256);
	for (int i = 0; i < 256; i++) {
		s->cpus[i].node = i / 128;
		s->cpus[i].cache = i & ~3;
	}
	make_hot(s, 2, 60);
	make_hot(s, 201, 70);
	add_times(s);
	add_rows(s);
}

static void one(struct snapshot *s)
{
	idle_cpus(s, 1);
}

/* Nothing that anybody would write, at the edge of what fits. */
static void odd(struct snapshot *s)
{
	static char name[3000];
	static struct harm_row harms[200];
	static struct place_row places[200];
	static struct irq_cpu on = { UINT32_MAX, { UINT64_MAX, UINT64_MAX } };
	static struct irq_row irq = { .irq = INT32_MAX, .name = name, .asked = "", .effective = "", .cpus = &on, .n_cpus = 1 };

	memset(name, 'x', sizeof name - 1);
	memcpy(name, "日本語", 9);
	idle_cpus(s, 3);
	s->cpus[1] = (struct cpu_row){ .cpu = UINT32_MAX, .node = INT32_MAX, .cache = INT32_MAX, .irq = UINT64_MAX, .task = UINT64_MAX,
		.idle = UINT64_MAX, .harm = UINT64_MAX, .n_irqs = UINT64_MAX, .hot = 1, .why = name };
	s->cpus[2] = (struct cpu_row){ .cpu = 0, .node = INT32_MAX, .why = "" };	/* twice the same number */
	s->source.begin = 0, s->source.end = UINT64_MAX;
	add_times(s);
	s->time.slot_ns = UINT64_MAX;
	s->time.cpu[0] = NULL;
	for (size_t i = 0; i < ARRAY_LEN(harms); i++) {
		harms[i] = (struct harm_row){ .actor = name, .agent = i % 3 ? name : "", .cpu = i % 2 ? UINT32_MAX : 0, .id = (uint32_t)i,
					      .level = (uint8_t)i, .stage = 255, .ns = UINT64_MAX };
		places[i] = (struct place_row){ .agent = name, .agent_i = (uint32_t)i, .cpu = i % 2 ? UINT32_MAX : 0, .ns = UINT64_MAX };
	}
	s->harms = harms, s->n_harms = ARRAY_LEN(harms);
	s->places = places, s->n_places = ARRAY_LEN(places);
	s->irqs = &irq, s->n_irqs = 1;
}

/* ---- screens ---- */

static char *screen(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys, bool ascii)
{
	struct err e = { "" };
	char *text = NULL, all[64];
	size_t len;
	FILE *f = open_memstream(&text, &len);

	snprintf(all, sizeof all, "3%s", keys);
	if (ui_screen_dump(s, cols, lines, all, ascii, f, &e))
		note("%s", e.text);
	fclose(f);
	return text;
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

static const char four_80[] =
"   CPU▼   IRQ  BUSY OVER 10.0 s                 HARM WHY\n"
"      0 0.2 % 4.0 % ···············o········    0 ns quiet\n"
"      1 0.2 % 4.0 % ···············o········  100 us local_timer 100 us\n"
"▸ ▌   2  37 %  71 % ······asiasasa·sasaiasas 60.0 ms IRQ-hot: NET_RX eth0 51.0 …\n"
"      3 0.2 % 4.0 % ···············o········    0 ns planner runs here (38 %)\n"
"\n"
"  ▌CPU 2  hard IRQ 9.0 %  softirq 28 %  ksoftirqd 1.0 %  tasks 33 %  idle 29 %\n"
"  IRQ-hot     37 % in interrupts, took 62.0 ms of steps (planner's): NET_RX eth0\n"
"              51.0 ms, irq 43 nvme1q1 9.00 ms; tasks took: fio:678 29.0 ms\n"
"  hard IRQs   local_timer 240 ms, irq 43 nvme1q1 240 ms\n"
"  agents      planner 3.10 s (62 % of its time)\n"
"  i hard IRQ  s softirq  k ksoftirqd  a agents  o others  · idle  ? unknown\n"
"\n"
"\n"
"\n"
"\n"
"\n"
"Enter interrupts  s sort  r reverse  e export  ? help  q quit\n";

static void test_four(void)
{
	struct snapshot s;
	char *got;

	four(&s);
	got = screen(&s, 80, 24, "", false);
	is_text(strstr(got, "   CPU▼") ? strstr(got, "   CPU▼") : got, four_80, "four CPUs at 80 columns");
	free(got);
	has(&s, 200, 60, "", "IRQ-hot: NET_RX eth0 51.0 ms, irq 43 nvme1q1 9.00 ms; planner runs here (62 %)", "with more room, who and whom in the row");
	has(&s, 80, 24, "g", "▸     0", "the cursor moves away from the hot one");
	has(&s, 80, 24, "g<Down>", "harm        of planner's steps: local_timer 100 us", "and another CPU's story is told");
	has(&s, 80, 24, "g<Down>", "agents      planner 3.00 ms (<0.1 % of its time)", "with those who are there but rarely");
	has(&s, 80, 24, "g", "harm        interrupts took nothing", "even if nothing happened");
	has_not(&s, 120, 40, "", "nobody's", "rows of CPUs that there are not are left out");
	has_not(&s, 120, 40, "", "place", "what is not known is not there");
	has(&s, 120, 24, "s", "sort IRQ ▼", "s sorts by interrupts");
	has(&s, 80, 24, "s", "    CPU  IRQ▼", "and marks the column");
	has(&s, 120, 24, "S", "sort HARM ▼", "S by harm");
	fake_free(&s);
}

/* What others fill in may not be there. */
static void test_bare(void)
{
	struct capability caps[] = { { "irq", CAP_OFF, NULL, 0, "" }, { "vector", CAP_OFF, NULL, 0, "" },
				     { "softirq", CAP_OFF, NULL, 0, "" } };
	struct snapshot s;

	four(&s);
	s.n_harms = s.n_places = s.n_irqs = 0;
	memset(&s.time, 0, sizeof s.time);
	has(&s, 80, 24, "", "▸ ▌   2  37 %  71 % 60.0 ms IRQ-hot: 37 % in interrupts, took 62.0 ms of steps", "without rows of harm: what the CPU says");
	has_not(&s, 80, 24, "", "OVER", "without a time line no column for it");
	has_not(&s, 80, 24, "", "k ksoftirqd", "nor a legend");
	s.caps = caps, s.n_caps = 3;
	s.cpus[0] = (struct cpu_row){ .cpu = 0, .node = -1, .cache = -1, .unknown = 10000 * MS, .why = "" };
	has(&s, 80, 24, "g", "▸     0     –     –       –", "what was not recorded is unknown, not zero");
	has(&s, 80, 24, "g", "hard IRQ –  softirq –  ksoftirqd –  tasks –  idle –  unknown 100 %", "there, too");
	fake_free(&s);
	fake_empty(&s);
	has(&s, 80, 24, "<Enter><Space>jks", "Nothing tells what the CPUs did.", "no CPU at all");
	fake_free(&s);
	one(&s);
	has(&s, 80, 24, "", "▸     0 0.2 % 4.0 %    0 ns quiet", "one CPU");
	has_not(&s, 80, 24, "", "Space group", "cannot be grouped");
	has(&s, 120, 24, "<Space>", "─ sort CPU ▼", "whoever tries");
	s.steps_all.n = 0;
	has(&s, 80, 24, "", "▸     0 0.2 % 4.0 %       – quiet", "without steps nobody knows of harm");
	fake_free(&s);
}

static void test_live(void)
{
	struct snapshot s;
	uint64_t *t;

	four(&s);
	s.live.on = 1;
	s.live.record = s.live.thinned = s.live.status = "";
	t = (uint64_t *)(uintptr_t)s.time.cpu[2] + (size_t)(SLOTS - 2) * N_CPU_TIMES;
	memset(t, 0, 2 * N_CPU_TIMES * sizeof *t);
	t[TIME_SOFTIRQ] = 3 * MS;
	t[TIME_IDLE] = 1 * MS;
	t[N_CPU_TIMES + TIME_IRQ] = 1;
	has(&s, 120, 40, "", " NOW IRQ  BUSY OVER", "live: what is going on now");
	has(&s, 120, 40, "", "▸ ▌   2    75 %  75 % ", "is the last slot that is over");
	s.time.n = 1;
	has(&s, 120, 40, "", "▸ ▌   2     0 %   0 % ·", "of the only one, what there is");
	fake_free(&s);
}

static void test_many(void)
{
	struct snapshot s;

	many(&s);
	has(&s, 80, 24, "", "▸ ▌ 201", "of 256 CPUs the cursor is on the one with most harm");
	has(&s, 120, 24, "", "202/256 · sort CPU ▼", "and says where that is");
	has(&s, 80, 24, "gjj", "place       node 0, last-level cache shared with CPU 0-1,3", "node and who shares the cache");
	has(&s, 200, 60, "g", "quiet, same cache as CPU 2", "who is near a hot one");
	has(&s, 200, 60, "G", "quiet, same node as CPU 201", "and who a little less");
	has(&s, 120, 24, "<PageUp><PageUp>", "182/256", "a page is what is seen");
	has(&s, 120, 24, "<Space>", " 51/64 · sort CPU ▼", "Space makes one line of those that share a cache");
	has(&s, 80, 24, "<Space>", "   BY CACHE▼ ", "and says so");
	has_not(&s, 200, 60, "<Space>", "by cache", "once");
	has(&s, 80, 24, "<Space>", "▸ ▌200-203       9.4 %  21 % ", "in which the hot one stands out");
	has(&s, 120, 40, "<Space>", "IRQ-hot CPU 201: 37 % in interrupts", "by name");
	has(&s, 80, 24, "<Space>", "▌CPUs 200-203  hard IRQ 2.3 %", "its story is of all of them");
	has(&s, 80, 30, "<Space>g", "CPU 2 37 % in interrupts, took 62.0 ms of steps (planner's):", "with which of them is hot and why");
	has(&s, 80, 24, "<Space><Enter>", "▸ ▌ 201", "Enter opens it, on the hot one");
	has(&s, 120, 24, "<Space><Space>", "─ sort CPU ▼", "Space again: by node");
	has(&s, 80, 24, "<Space><Space>", "   BY NODE▼ ", "in the heading");
	has(&s, 80, 24, "<Space><Space>", "▸ ▌node 1        0.5 % 4.5 %", "with sums");
	has(&s, 80, 24, "<Space><Space><Space>", "▸ ▌ 201", "and back, on the same CPU");
	for (size_t i = 0; i < s.n_cpus; i++)
		s.cpus[i].node = s.cpus[i].cache = -1;
	has(&s, 120, 24, "<Space>", " 26/32 · sort CPU ▼", "where nothing is known, by eight");
	has(&s, 80, 24, "<Space>", "   BY EIGHT▼ ", "as it says");
	has(&s, 80, 24, "<Space>", "▸ ▌200-207", "one line");
	has(&s, 120, 24, "<Space>S", "sort HARM ▼", "sorted as well");
	has(&s, 120, 24, "<Space><Space>", "202/256", "and back");
	fake_free(&s);
}

/* ---- the view itself ---- */

static void test_target(void)
{
	struct move m = { .body = { 0, 0, 80, 20 } };
	void *state = xcalloc(1, view_cpus.state_size);
	struct snapshot s;

	four(&s);
	view_cpus.update(state, &s);
	ok(view_cpus.act(state, &s, ACT_ENTER, &m) & UI_GO, "Enter leads on");
	is_text(m.to.view, "irqs", "to the interrupts");
	is_num(m.to.cpu_plus_1, 3, "of this CPU");
	view_cpus.act(state, &s, ACT_DOWN, &m);
	/* CPU 0 has gone, so rows have moved. */
	s.cpus++, s.n_cpus--, s.time.cpu++;
	view_cpus.update(state, &s);
	view_cpus.act(state, &s, ACT_ENTER, &m);
	is_num(m.to.cpu_plus_1, 4, "the chosen CPU stays chosen, whatever its row");
	s.n_cpus--;
	view_cpus.update(state, &s);
	view_cpus.act(state, &s, ACT_ENTER, &m);
	is_num(m.to.cpu_plus_1, 3, "when it is gone, the last one");
	s.n_cpus = 0;
	view_cpus.update(state, &s);
	is_num(view_cpus.act(state, &s, ACT_ENTER, &m), 0, "when all are, nothing");
	view_cpus.fini(state);
	free(state);
	fake_free(&s);
}

/* Letters stand for what there was: as many as their share, none where there was none. */
static void test_letters(void)
{
	struct snapshot s;
	char *got, *line;
	unsigned n[128] = { 0 };

	idle_cpus(&s, 1);
	add_times(&s);
	for (uint32_t k = 0; k < SLOTS; k++) {
		uint64_t *t = (uint64_t *)(uintptr_t)s.time.cpu[0] + (size_t)k * N_CPU_TIMES;

		memset(t, 0, N_CPU_TIMES * sizeof *t);
		t[TIME_IDLE] = 500;
		t[TIME_SOFTIRQ] = k < 32 ? 250 : 0;
		t[TIME_OTHERS] = k < 32 ? 250 : 500;
	}
	got = screen(&s, 160, 30, "", false);
	line = strstr(got, "▸     0");
	for (const char *p = line ? line : ""; *p && *p != '\n'; p++)
		n[*p & 0x7f]++;
	ok(n['s'] >= 7 && n['s'] <= 9, "a quarter of 32 slots is about 8 letters (%u)", n['s']);
	ok(n['o'] >= 23 && n['o'] <= 25, "and another's three eighths of 64 about 24 (%u)", n['o']);
	line = line ? strstr(line, "o·o·o·o·o·o·o·o·") : NULL;
	ok(line && !strchr("s", line[16]), "what has ended is not carried on");
	free(got);
	fake_free(&s);
}

typedef void (*maker)(struct snapshot *);
static const maker makers[] = { one, four, many, odd, fake_planner };

static bool fits(const char *text, int cols, int lines)
{
	int n = 0;

	for (; *text; n++) {
		char line[4096];
		size_t len = strcspn(text, "\n");

		snprintf(line, sizeof line, "%.*s", (int)len, text);
		if (cells_width(line) > cols)
			return false;
		text += len + (text[len] == '\n');
	}
	return n == lines;
}

static void test_sizes(void)
{
	static const struct { unsigned cols, lines; } sizes[] = {
		{ 1, 1 }, { 39, 10 }, { 40, 10 }, { 41, 11 }, { 60, 14 }, { 80, 24 }, { 81, 25 }, { 120, 40 }, { 200, 60 }, { 500, 200 },
		{ 500, 10 }, { 40, 200 },
	};
	static const char *const keys[] = { "", "s", "SrG", "<Space>", "<Space>G<Space>", "<Space><Enter>", "<PageDown>" };

	for (size_t m = 0; m < ARRAY_LEN(makers); m++) {
		struct snapshot s;
		bool good = true;

		makers[m](&s);
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
			for (size_t k = 0; k < ARRAY_LEN(keys) * 2; k++) {
				char *text = screen(&s, sizes[i].cols, sizes[i].lines, keys[k / 2], k & 1);

				if (!fits(text, (int)sizes[i].cols, (int)sizes[i].lines)) {
					good = false;
					note("machine %zu at %ux%u after '%s' does not fit", m, sizes[i].cols, sizes[i].lines, keys[k / 2]);
				}
				free(text);
			}
		ok(good, "machine %zu fits every size", m);
		fake_free(&s);
	}
}

int main(void)
{
	test_four();
	test_bare();
	test_live();
	test_many();
	test_target();
	test_letters();
	test_sizes();
	return done();
}
