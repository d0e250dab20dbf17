// SPDX-License-Identifier: GPL-2.0-only
/* The screen IRQs, from snapshots made by hand. */
#include "screen.h"

#define IRQS(then) keys_to("irqs", then)

static struct quant runs(uint64_t n, uint64_t us)
{
	return fake_quant(n, us * US, 3 * us * US, 20 * us * US);
}

static struct irq_cpu nvme_cpus[] = { { .cpu = 2 }, { .cpu = 0 } }, one_cpu[] = { { .cpu = 2 } }, net_cpus[] = { { .cpu = 0 }, { .cpu = 2 } };
static struct irq_row irqs[5];
static struct softirq_row softirqs[2];
static struct harm_row harms[] = {
	{ "NET_RX eth0", "planner", 0, 2, 3, 1, ST_RUNQUEUE, 50 * MS, 20 },
	{ "irq 47 nvme0q3", "planner", 0, 2, 47, 2, ST_IRQ_STEAL, 28 * MS, 300 },
	{ "irq 47 nvme0q3", "planner", 0, 2, 47, 2, ST_RUNQUEUE, 2 * MS, 9 },
	{ "irq 47 nvme0q3", "reader", 1, 0, 47, 2, ST_IRQ_STEAL, 2500 * US, 40 },
	{ "NET_RXX", "planner", 0, 2, 9, 1, ST_RUNQUEUE, 9 * MS, 2 },	/* somebody else, whatever his name begins with */
};

/* Two devices on one line, one of which the kernel manages; a vector; softirqs. In 10 s. */
static void machine(struct snapshot *s)
{
	fake_planner(s);
	nvme_cpus[0].dist = runs(800, 20), nvme_cpus[1].dist = runs(200, 90);
	one_cpu[0].dist = runs(5000, 2);
	net_cpus[0].dist = runs(300, 40), net_cpus[1].dist = runs(700, 400);
	irqs[0] = (struct irq_row){ .irq = -1, .name = "local_timer", .asked = "", .effective = "", .dist = runs(4000, 50) };
	irqs[1] = (struct irq_row){ .irq = 47, .name = "nvme0q3", .asked = "0-3", .effective = "2", .kind = IRQ_MANAGED,
				    .dist = runs(1000, 20), .cpus = nvme_cpus, .n_cpus = 2, .completed_steps = 310, .harm = 32500 * US };
	irqs[2] = (struct irq_row){ .irq = 43, .name = "eth1-rx", .asked = "2", .effective = "2", .kind = IRQ_FREE,
				    .dist = runs(5000, 2), .cpus = one_cpu, .n_cpus = 1, .n_unhandled = 21, .harm = 4 * MS };
	irqs[3] = (struct irq_row){ .irq = 43, .name = "eth1-tx", .asked = "2", .effective = "2", .kind = IRQ_FREE,
				    .dist = runs(5000, 1), .cpus = one_cpu, .n_cpus = 1, .n_unhandled = 5000 };
	irqs[4] = (struct irq_row){ .irq = 9, .name = "acpi" };	/* never ran to its end, and nothing fills in its texts */
	softirqs[0] = (struct softirq_row){ .vec = 7, .name = "SCHED", .n_raises = 12, .run = runs(12, 9) };
	softirqs[1] = (struct softirq_row){ .vec = 3, .name = "NET_RX", .n_raises = 1200, .run = runs(1000, 100), .wait = runs(990, 30),
					    .cpus = net_cpus, .n_cpus = 2, .harm = 50 * MS };
	s->irqs = irqs, s->n_irqs = ARRAY_LEN(irqs);
	s->softirqs = softirqs, s->n_softirqs = ARRAY_LEN(softirqs);
	s->harms = harms, s->n_harms = ARRAY_LEN(harms);
	s->n_notes = 0;
}

static const char irqs_80[] =
"   IRQ NAME                RATE    TIME     P99  STEPS   HARM▼ ON CPU\n"
"▸   47 nvme0q3            100/s 20.0 ms 60.0 us    310 32.5 ms 2: 80 %, 0: 20 %\n"
"    43 eth1-rx            500/s 10.0 ms 6.00 us      0 4.00 ms 2\n"
"     – local_timer        400/s  200 ms  150 us      0       – –\n"
"    43 eth1-tx            500/s 5.00 ms 3.00 us      0       – 2\n"
"     9 acpi                 0/s       –       –      0       – –\n"
"\n"
"  SOFTIRQ      RUNS    TIME     P99  WAIT P50  WAIT P99   HARM▼ ON CPU\n"
"  NET_RX      1 000  100 ms  300 us   30.0 us   90.0 us 50.0 ms 2: 70 %, 0: 30 %\n"
"  SCHED          12  108 us 27.0 us         –         –       – –\n"
"\n"
"irq 47 nvme0q3 took 32.5 ms of steps: planner's on CPU 2 (30.0 ms) and reader's\n"
"on CPU 0 (2.50 ms). It ran on 2 CPUs, 80 % of it on CPU 2. Its affinity is 0-3,\n"
"in effect 2. The kernel manages it: it cannot be moved. It ended a wait of 310\n"
"steps.\n"
"\n"
"\n"
"Enter step it hurt most  s sort  r reverse  Esc back  e export  ? help  q quit\n";

/* From the line of headings on: what stands above is others'. */
static void is_body(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys, const char *want, const char *what)
{
	char *got = screen(s, cols, lines, keys, false), *from = strstr(got, "   IRQ NAME");

	is_text(from ? from : got, want, "%s", what);
	free(got);
}

static void test_tables(void)
{
	struct snapshot s;

	machine(&s);
	is_body(&s, 80, 24, IRQS(""), irqs_80, "at 80x24");
	has(&s, 120, 40, IRQS(""), "  47 nvme0q3            100/s 20.0 ms  0.2 % 20.0 us 60.0 us  400 us    310 32.5 ms 2: 80 %, 0: 20 % 0-3 → 2   yes",
	    "at 120 columns the affinity, too");
	has(&s, 200, 60, IRQS(""), "RAISED    RUNS   RATE    TIME OF CPU     P50     P99     MAX  WAIT P50  WAIT P99  WAIT MAX", "at 200 all of it");
	has(&s, 200, 60, IRQS(""), "1 200   1 000  100/s  100 ms  1.0 %  100 us  300 us 2.00 ms   30.0 us   90.0 us    600 us", "with its numbers");
	has(&s, 120, 40, IRQS(""), "▸   47 nvme0q3", "who hurt most comes first");
	has(&s, 120, 40, IRQS(""), "1/7 · sort HARM ▼", "and that is said");
	has(&s, 120, 40, IRQS("s"), "sort ON CPU ▼", "s sorts by the next column");
	has(&s, 120, 40, IRQS("SSS"), "sort P99 ▼", "S by the one before");
	has(&s, 120, 40, IRQS("SSSr"), "sort P99 ▲", "r reverses");
	has(&s, 120, 40, IRQS("SSS"), "▸    – local_timer", "the longest first");
	has(&s, 120, 40, IRQS("<End>"), "▸ SCHED", "one cursor goes through both tables");
	has(&s, 120, 40, IRQS("<End>s"), "7/7 · sort ON CPU ▼", "and each is sorted on its own");
	has(&s, 120, 40, IRQS("jjs"), "▸    – local_timer        400/s", "the cursor stays with its row");
	s.complete = 0, s.source.end = s.source.begin;
	has(&s, 200, 60, IRQS(""), "1 000      – 20.0 ms      – 20.0 us", "in no time there is no rate");
	fake_free(&s);
}

static void test_words(void)
{
	struct snapshot s;

	machine(&s);
	has(&s, 400, 40, IRQS(""), "irq 47 nvme0q3 took 32.5 ms of steps: planner's on CPU 2 (30.0 ms) and reader's on CPU 0 (2.50 ms). It ran on 2 CPUs, "
	    "80 % of it on CPU 2. Its affinity is 0-3, in effect 2. The kernel manages it: it cannot be moved. It ended a wait of 310 steps.",
	    "the chosen one in words: whom it hurt, where it ran, whether it can be moved");
	has(&s, 400, 40, IRQS("j"), "irq 43 eth1-rx took 4.00 ms of steps. It ran on CPU 2 alone. Its affinity is 2. It can be moved. It found nothing to "
	    "do 21 of 5 000 times: eth1-tx is on the same line.", "one that shares its line");
	has(&s, 400, 40, IRQS("jjj"), "irq 43 eth1-tx took nothing from steps. It ran on CPU 2 alone. Its affinity is 2. It can be moved. It found nothing "
	    "to do each time: eth1-rx is on the same line.", "and one that is called in vain");
	has(&s, 400, 40, IRQS("jj"), "local_timer took nothing from steps. It has no affinity: it cannot be moved.", "a vector");
	has(&s, 400, 40, IRQS("<End><Up>"), "NET_RX (softirq) took 50.0 ms of steps: planner's on CPU 2. It ran on 2 CPUs, 70 % of it on CPU 2. Raised, "
	    "half of them ran within 30.0 us; one in 100 waited more than 90.0 us. It runs on the CPU that raised it, and so moves with its "
	    "devices' interrupts.", "a softirq");
	has(&s, 400, 40, IRQS("jjjj"), "irq 9 acpi took nothing from steps.", "one of which little is known");
	harms[3].agent = "planner", harms[3].agent_i = 0;
	has(&s, 400, 40, IRQS(""), "planner's on CPU 2 (30.0 ms) and CPU 0 (2.50 ms).", "an agent is named once");
	harms[3].agent = "reader", harms[3].agent_i = 1;
	s.n_harms = 0;
	has(&s, 400, 40, IRQS(""), "irq 47 nvme0q3 took 32.5 ms of steps. It ran", "without details the sum is said");
	s.steps_all.n = 0;
	has(&s, 400, 40, IRQS(""), "local_timer: there are no steps that it could have hurt.", "without steps nobody is hurt");
	fake_free(&s);
	fake_empty(&s);
	has(&s, 80, 24, IRQS("<Enter>sSr<Down>"), "No interrupt was seen. The screen Data says what is not recorded.", "nothing recorded, nothing shown");
	fake_free(&s);
}

static void test_enter(void)
{
	struct snapshot s;

	machine(&s);
	has(&s, 80, 24, IRQS("<Enter>"), "step planner/plan 32", "of one that hurt nobody's kept step Enter leads to the slowest");
	has(&s, 80, 24, IRQS("<Esc>"), "[1 Steps]", "Esc leads back");
	fake_free(&s);
}

/* The slowest step is not the one that it hurt most. */
static void test_hurt_most(void)
{
	static const struct fake_seg slow[] = { { ST_USER, 90000, 2, "", "", 1, 0 }, { ST_IRQ_STEAL, 40, 2, "irq 47 nvme0q3", "", 1, 0 } };
	static const struct fake_seg other[] = { { ST_RUNQUEUE, 70000, 2, "NET_RXX", "", 1, 0 }, { ST_RUNQUEUE, 900, 0, "NET_RX", "", 1, 0 } };
	static const struct fake_seg hurt[] = {
		{ ST_IRQ_STEAL, 30, 0, "irq 47 nvme0q3", "", 1, 0 }, { ST_IRQ_STEAL, 30, 2, "irq 47 nvme0q3", "", 1, 0 },
		{ ST_RUNQUEUE, 800, 2, "NET_RX eth0", "", 1, 0 },
	};
	static const struct fake_seg peers[] = { { ST_RUNQUEUE, 8000, 2, "irq 47 nvme0q3", "read", 1, 0, "worker:9" } };
	struct snapshot s;

	machine(&s);
	fake_step(&s, "slow", FAKE_BEGIN + 200 * MS, slow, ARRAY_LEN(slow));
	fake_step(&s, "other", FAKE_BEGIN + 400 * MS, other, ARRAY_LEN(other));
	fake_step(&s, "hurt", FAKE_BEGIN + 600 * MS, hurt, ARRAY_LEN(hurt));
	fake_step(&s, "peers", FAKE_BEGIN + 700 * MS, peers, ARRAY_LEN(peers));
	has(&s, 80, 24, IRQS("<Enter>"), "step planner/plan hurt", "Enter leads to the step that it hurt most, a peer's time apart");
	s.n_steps--;
	has(&s, 80, 24, IRQS("<End><Up><Enter>"), "step planner/plan 32", "a softirq's: all that it did there, whatever it polled, and nobody else's");
	fake_free(&s);
}

static void draw_view(const void *state, const struct snapshot *s, struct cells *c, char *buf, size_t len)
{
	FILE *f = fmemopen(buf, len, "w");

	cells_resize(c, 120, 24);
	view_irqs.draw(state, s, c, (struct rect){ 0, 0, 120, 24 });
	cells_dump(c, false, f);
	fclose(f);
}

static void test_one_cpu(void)
{
	struct move m = { .body = { 0, 0, 120, 24 } };
	struct target to = { .view = "irqs", .cpu_plus_1 = 1 };
	void *state = xcalloc(1, view_irqs.state_size);
	struct cells c = { 0 };
	struct snapshot s;
	char text[16384];

	machine(&s);
	view_irqs.update(state, &s);
	view_irqs.enter(state, &s, &to);
	draw_view(state, &s, &c, text, sizeof text);
	has_text(text, "Only what ran on CPU 0. Backspace shows all CPUs.", "entered with a CPU, it shows only that one, and says so");
	has_text(text, "  47 nvme0q3             20/s 18.0 ms  0.2 % 90.0 us  270 us 1.80 ms      – 2.50 ms 2: 80 %, 0: 20 %", "with its numbers");
	has_text(text, "  NET_RX         –     300   30/s 12.0 ms 40.0 us  120 us  800 us         –         –         –       –", "of softirqs, too");
	has_text(text, "irq 47 nvme0q3 on CPU 0 took 2.50 ms of steps: reader's.", "and in words");
	ok(!strstr(text, "eth1") && !strstr(text, "SCHED"), "who did not run there is not shown");
	view_irqs.status(state, &s, text, sizeof text);
	is_text(text, "CPU 0 · 1/2 · sort HARM ▼", "above it as well");
	ok(view_irqs.act(state, &s, ACT_BACK, &m) == UI_REDRAW, "Backspace stays");
	draw_view(state, &s, &c, text, sizeof text);
	has_text(text, "eth1-tx", "and shows all CPUs");
	ok(view_irqs.act(state, &s, ACT_BACK, &m) & UI_CLOSE, "and only then leads back");
	to.cpu_plus_1 = 78;
	view_irqs.enter(state, &s, &to);
	draw_view(state, &s, &c, text, sizeof text);
	has_text(text, "Nothing tells of an interrupt on CPU 77. Backspace shows all CPUs.", "a CPU without interrupts");
	ok(!view_irqs.act(state, &s, ACT_ENTER, &m), "on which nothing can be chosen");
	ok(view_irqs.act(state, &s, ACT_BACK, &m) == UI_REDRAW, "and which can be left");
	view_irqs.fini(state);
	free(state);
	cells_fini(&c);
	fake_free(&s);
}

/* More rows than lines; numbers as large and names as long as can be. */
static void test_many(void)
{
	static char name[400];
	static struct irq_row many[300];
	struct snapshot s;
	struct quant huge = { UINT64_MAX, UINT64_MAX, 0, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };

	machine(&s);
	memset(name, 'x', sizeof name - 1);
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = (struct irq_row){ .irq = INT32_MAX - (int)i, .name = name, .asked = name, .effective = "0", .kind = 200, .dist = huge,
					    .n_unhandled = UINT64_MAX, .completed_steps = UINT64_MAX, .harm = UINT64_MAX };
	s.irqs = many, s.n_irqs = ARRAY_LEN(many);
	fits_everywhere(&s, IRQS(""), "many interrupts fit");
	fits_everywhere(&s, IRQS("<End>"), "with the cursor on the last");
	fits_everywhere(&s, IRQS("<PageDown><PageDown>jj"), "or in the middle");
	has(&s, 80, 24, IRQS("<End><Up><Up>"), "▸ 214", "what is chosen is seen");
	has(&s, 80, 24, IRQS("<End>"), "▸ SCHED", "in either table");
	has(&s, 40, 10, IRQS("<End>"), "▸ SCHED", "on the smallest screen, too");
	has(&s, 40, 10, IRQS(""), "▸ 214", "which shows what it can");
	fake_free(&s);
	machine(&s);
	fits_everywhere(&s, IRQS(""), "a few fit");
	fake_free(&s);
	fake_empty(&s);
	fits_everywhere(&s, IRQS(""), "none fit");
	fake_free(&s);
}

int main(int argc, char **argv)
{
	if (argc > 3) {			/* to look at: test_view_irqs COLS LINES KEYS */
		struct snapshot s;

		machine(&s);
		fputs(screen(&s, (unsigned)atoi(argv[1]), (unsigned)atoi(argv[2]), IRQS(argv[3]), false), stdout);
		return 0;
	}
	test_tables();
	test_words();
	test_enter();
	test_hurt_most();
	test_one_cpu();
	test_many();
	return done();
}
