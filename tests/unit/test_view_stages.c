// SPDX-License-Identifier: GPL-2.0-only
/* The screen Stages and its latency map, from snapshots made by hand. */
#include "heatmap.h"
#include "look.h"
#include "screen.h"

#define STAGES(then) keys_to("stages", then)
#define SLOTS 100u

static uint64_t queue[SLOTS * HEAT_BUCKETS], outside[SLOTS * HEAT_BUCKETS], plan[SLOTS * HEAT_BUCKETS], tool[SLOTS * HEAT_BUCKETS];

static void add(uint64_t *v, unsigned slot, uint64_t ns, uint64_t n)
{
	v[slot * HEAT_BUCKETS + heat_bucket(ns)] += n;
}

/* Ten seconds: the run queue takes 100 us, but from the fifth second on also some 8 ms. */
static void fill(void)
{
	memset(queue, 0, sizeof queue);
	memset(outside, 0, sizeof outside);
	memset(plan, 0, sizeof plan);
	memset(tool, 0, sizeof tool);
	for (unsigned i = 0; i < SLOTS; i++) {
		add(queue, i, 100 * US, 40);
		add(queue, i, 200 * US, i % 7);
		if (i >= 50)
			add(queue, i, 8 * MS, 3);
		add(plan, i, i == 99 ? 41 * MS : 8 * MS, 54);
		add(tool, i, 3 * MS, 10);
	}
	add(outside, 7, 7 * MS, 1);
}

static void planner(struct snapshot *s)
{
	static const uint64_t *kinds[] = { plan, tool };
	static struct kind_row rows[2];

	fake_planner(s);
	fill();
	rows[0] = s->kinds[0];
	rows[1] = s->kinds[0];
	rows[1].name = "tool", rows[1].steps = fake_quant(5212, 3000 * US, 9100 * US, 25000 * US), rows[1].n_deadline_miss = 0;
	s->kinds = rows, s->n_kinds = 2;
	s->time = (struct timeline){ .begin = FAKE_BEGIN, .slot_ns = 100 * MS, .n = SLOTS, .kind = kinds };
	s->time.stage[ST_RUNQUEUE] = queue;
	s->time.stage[ST_OUTSIDE] = outside;
	s->n_notes = 0;
}

static const char stages_80[] =
"  STAGE  ▾ 5 more        COUNT     P50     P99     MAX  SHARE SLOW 1 %▼ VERDICT\n"
"▸ R run queue            5 386 90.0 us 8.21 ms 11.8 ms   11 %      41 % over ▲\n"
"  n NAPI                 5 386 40.0 us 1.41 ms 2.60 ms  5.0 %      17 % over ▲\n"
"  u user                16 158  900 us 1.20 ms 3.10 ms   16 %      12 % –\n"
"  D device               1 200  800 us 1.90 ms 2.20 ms  5.0 %     8.0 % –\n"
"  c return               5 386 30.0 us 80.0 us  140 us  4.0 %     6.0 % tail △\n"
"  o outside              5 386 6.90 ms 9.60 ms 12.0 ms   55 %     6.0 % –\n"
"  k kernel              10 772 30.0 us 60.0 us 90.0 us  2.0 %     2.0 % –\n"
"run queue over time                        in a cell:  · 1  ░ 2  ▒ 6  ▓ 14  █ 36\n"
"       │                                    ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒\n"
"       │\n"
"   1 ms│\n"
" 500 us▲\n"
" 200 us△████████████████████████████████████████████████████████████████████████\n"
"        +0 s          +2 s          +4 s           +6 s          +8 s\n"
"run queue: runnable, not running: who ran instead is the actor. It is over ▲:\n"
"its p99, 8.21 ms, is above the tail target of 500 us.\n"
"Enter step with most of it  Space map of steps  s sort  ? help  q quit\n";

static void is_body(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys, const char *want, const char *what)
{
	char *got = screen(s, cols, lines, keys, false), *from = strstr(got, "  STAGE");

	is_text(from ? from : got, want, "%s", what);
	free(got);
}

static void body_has_not(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys, const char *part, const char *what)
{
	char *got = screen(s, cols, lines, keys, false), *from = strstr(got, "  STAGE");

	ok(from && !strstr(from, part), "%s", what);
	free(got);
}

static void test_table(void)
{
	struct snapshot s;

	planner(&s);
	is_body(&s, 80, 24, STAGES(""), stages_80, "at 80x24");
	has(&s, 80, 24, STAGES("<End>"), "▸ i hard IRQ             5 386 2.00 us 3.00 us 8.00 us <0.1 %    <0.1 % good\n", "the rest is below");
	body_has_not(&s, 80, 24, STAGES("<End>"), "more", "and nothing is below that");
	body_has_not(&s, 120, 40, STAGES(""), "more", "nor where all of them fit");
	has(&s, 120, 40, STAGES(""), "▸ R run queue              5 386 90.0 us 8.21 ms 10.0 ms 11.8 ms   11 %      41 % 200 us, 500 us   over ▲",
	    "with percentiles, shares, target and verdict; worst first");
	has(&s, 120, 40, STAGES(""), "good", "targets that are met are said to be");
	has(&s, 120, 40, STAGES(""), "b block completion", "letters and words as everywhere");
	has(&s, 120, 40, STAGES(""), "run queue: runnable, not running: who ran instead is the actor. It is over ▲: its p99, 8.21 ms, is above the tail", "in words");
	has_not(&s, 120, 40, STAGES(""), "event loop", "stages without time are left out");
	has(&s, 120, 40, STAGES("s"), "sort TARGET ▼", "s sorts by the next column");
	has(&s, 120, 40, STAGES("S"), "sort SHARE ▼", "S by the one before");
	has(&s, 120, 40, STAGES("Sr"), "sort SHARE ▲", "r reverses");
	has(&s, 120, 40, STAGES("ss"), "▸ n NAPI", "by verdict, what is over comes first");
	has(&s, 120, 40, STAGES("SSSSSSS"), "▸ u user", "by stage, they stand in their order");
	has(&s, 120, 40, STAGES("jk<Down>SSr"), "▸ n NAPI", "the cursor stays with its stage");
	has(&s, 80, 24, STAGES("<Esc>"), "[1 Steps]", "Esc leads back");
	s.steps_all.n = 0;
	has(&s, 80, 40, STAGES(""), "–         – over ▲", "without steps there is no share");
	fake_free(&s);
	fake_empty(&s);
	has(&s, 80, 24, STAGES("<Enter>sSr <Right>"), "There are no steps, so no stage has any time", "nothing there, nothing shown");
	has(&s, 80, 24, STAGES(""), "\nEsc back  e export  ? help  q quit\n", "and no key offered that does nothing");
	has(&s, 80, 24, STAGES(" "), "\nEsc back  e export  ? help  q quit\n", "whichever was tried");
	fake_free(&s);
}

/* The text report has the same table. */
static void test_verdicts(void)
{
	static const struct { uint64_t p50, p99; const char *want; } cases[] = {
		{ 100, 150, "good" }, { 100, 300, "tail △" }, { 100, 501, "over ▲" }, { 201, 300, "over ▲" },
	};
	struct snapshot s;

	planner(&s);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		s.stage[ST_RUNQUEUE].dist = fake_quant(9, cases[i].p50 * US, cases[i].p99 * US, 1000 * US);
		has(&s, 80, 24, STAGES(""), cases[i].want, "the verdict is that of the report");
	}
	has(&s, 150, 40, STAGES(""), "It is over ▲: its p50, 201 us, is above the target of 200 us.", "with its reason");
	s.stage[ST_RUNQUEUE].dist = fake_quant(9, 100 * US, 150 * US, 1000 * US);
	has(&s, 150, 40, STAGES(""), "It is good: its p99, 150 us, is within the target of 200 us.", "good or not");
	fake_free(&s);
}

static void test_enter(void)
{
	static const struct fake_seg most[] = { { ST_RUNQUEUE, 300, 1, "fio:678", "", 1, 0 }, { ST_USER, 100, 1, "", "", 1, 0 },
						{ ST_RUNQUEUE, 9000, 1, "fio:678", "", 1, 0 }, { ST_USER, 50, 1, "", "", 1, 0 } };
	struct snapshot s;

	planner(&s);
	fake_step(&s, "most", FAKE_BEGIN + 500 * MS, most, ARRAY_LEN(most));
	has(&s, 120, 40, STAGES("<Enter>"), "step planner/plan most", "Enter leads to the step with most time in the stage");
	has(&s, 120, 40, STAGES("<Enter>"), "run queue 9.00 ms on CPU 1", "with the longest piece of it chosen");
	has(&s, 120, 40, STAGES("jjj<Enter>"), "device 1.90 ms: planner waited", "whatever the stage");
	has(&s, 120, 40, STAGES("<Space><Enter>"), "step planner/plan 32", "or to the slowest of the kind");
	s.n_steps = 0;
	has(&s, 120, 40, STAGES("<Enter>"), "no single one was kept", "if any was kept");
	fake_free(&s);
}

static void test_map(void)
{
	struct snapshot s;

	planner(&s);
	has(&s, 120, 40, STAGES(""), "run queue over time", "the map says what it is of");
	has(&s, 120, 40, STAGES(""), "in a cell:  ·", "and what its shades mean");
	has(&s, 120, 40, STAGES(""), "500 us▲", "the tail target stands on the axis");
	has(&s, 120, 40, STAGES(""), "200 us△", "and the typical one");
	has(&s, 120, 40, STAGES(""), " 1 ms│", "between powers of ten");
	has(&s, 120, 40, STAGES(""), "+0 s", "time begins with the recording");
	has(&s, 120, 40, STAGES(""), "+9 s", "and goes to its end");
	has(&s, 120, 40, STAGES("<Space>"), "steps of planner/plan over time (1 of 2)", "Space leads to steps, the slowest kind first");
	has(&s, 120, 40, STAGES("<Space>"), "20.0 ms▲", "with their deadline");
	has(&s, 120, 40, STAGES("<Space>"), "planner/plan: 5 386 steps, p50 8.10 ms, p99 23.4 ms; deadline 20.0 ms, missed 14.", "and in words");
	has(&s, 120, 40, STAGES("<Space><Right>"), "steps of planner/tool over time (2 of 2)", "Right to the next kind");
	body_has_not(&s, 120, 40, STAGES("<Space><Right>"), "▲ ", "which has no deadline");
	has(&s, 120, 40, STAGES("<Space><Right><Right><Left>"), "(1 of 2)", "and Left back");
	has(&s, 120, 40, STAGES("<Space><Space>"), "run queue over time", "Space goes back to the stage");
	has(&s, 120, 40, STAGES("jj"), "No map: nothing tells when this stage occurred.", "where nothing is known, that is said");
	s.live.on = 1, s.live.window_begin = FAKE_BEGIN, s.live.status = s.live.record = s.live.thinned = "";
	has(&s, 120, 40, STAGES(""), "-10 s", "live, time counts back from now");
	s.time.kind = NULL;
	has(&s, 120, 40, STAGES("<Space>"), "No map: nothing tells when such steps ended.", "of steps, too");
	fake_free(&s);
}

/* ---- the map alone ---- */

static char *map(const struct heatmap *m, int w, int h, int *used)
{
	struct cells c = { 0 };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	cells_resize(&c, w, h);
	*used = heatmap_draw(m, &c, (struct rect){ 0, 0, w, h });
	cells_dump(&c, false, f);
	fclose(f);
	cells_fini(&c);
	return text;
}

static void test_heatmap(void)
{
	uint64_t v[4 * HEAT_BUCKETS] = { 0 };
	struct heatmap m = { .title = "t", .v = v, .n = 4, .begin = 5 * NSEC_PER_SEC, .slot_ns = NSEC_PER_SEC, .zero = 5 * NSEC_PER_SEC };
	char *text;
	int used;

	text = map(&m, 28, 8, &used);
	is_text(text, "t\nnone ended in this time\n\n\n\n\n\n\n", "nothing");
	free(text);
	add(v, 0, 10 * US, 1);
	add(v, 1, 10 * US, 1000);
	add(v, 3, 100 * US, 30);
	text = map(&m, 28, 9, &used);
	is_num((uint64_t)used, 8, "a line for each bucket, where there is room");
	is_text(text, "t\n 100 us│               ▒▒▒▒▒\n       │\n       │\n       │\n       │\n  10 us│·····█████\n        +0 s      +2 s\n\n",
		"darker where there are more");
	free(text);
	text = map(&m, 28, 5, &used);
	is_num((uint64_t)used, 5, "else several in a line");
	is_text(text, "t\n 100 us│               ▒▒▒▒▒\n       │\n  10 us│·····█████\n        +0 s      +2 s\n", "still all of it");
	free(text);
	m.tail_ns = NSEC_PER_MSEC;
	text = map(&m, 28, 14, &used);
	has_text(text, "1.00 ms▲\n", "a target beyond all that occurred is seen, too");
	free(text);
	m.n = 1;
	text = map(&m, 60, 14, &used);
	has_text(text, "in a cell:  █ 1\n", "few are as dark as can be");
	free(text);
	add(v, 0, UINT64_MAX, UINT64_MAX);
	m.begin = UINT64_MAX - 5, m.slot_ns = UINT64_MAX;
	text = map(&m, 60, 60, &used);
	has_text(text, "10 s│", "numbers as large as can be do no harm");
	free(text);
	m.begin = 0, m.zero = UINT64_MAX, m.slot_ns = 1;
	free(map(&m, 60, 60, &used));
	free(map(&m, 9, 60, &used));
	is_num((uint64_t)used, 0, "where there is no room there is no map");
}

static void test_many_slots(void)
{
	uint64_t v[15 * HEAT_BUCKETS] = { 0 };
	struct heatmap m = { .title = "t", .v = v, .n = 15, .slot_ns = NSEC_PER_SEC };
	char *text;
	int used;

	for (unsigned i = 0; i < m.n; i++)
		add(v, i, 10 * US, 1);
	text = map(&m, 18, 3, &used);
	has_text(text, "  10 us│█████████▓\n", "more slots than columns: equally many in each cell, but for the last");
	free(text);
}

static void test_sizes(void)
{
	struct snapshot s;

	planner(&s);
	fits_everywhere(&s, STAGES(""), "stages fit");
	fits_everywhere(&s, STAGES("<Space>"), "and kinds of steps");
	fits_everywhere(&s, STAGES("<End>"), "and the last");
	s.n_steps_all = 0;
	fits_everywhere(&s, STAGES("jj"), "and without a map");
	fake_free(&s);
	fake_empty(&s);
	fits_everywhere(&s, STAGES(" "), "and nothing");
	fake_free(&s);
}

int main(int argc, char **argv)
{
	if (argc > 3) {			/* to look at: test_view_stages COLS LINES KEYS */
		struct snapshot s;

		planner(&s);
		fputs(screen(&s, (unsigned)atoi(argv[1]), (unsigned)atoi(argv[2]), STAGES(argv[3]), argc > 4), stdout);
		return 0;
	}
	test_table();
	test_verdicts();
	test_enter();
	test_map();
	test_heatmap();
	test_many_slots();
	test_sizes();
	return done();
}
