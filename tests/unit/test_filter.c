// SPDX-License-Identifier: GPL-2.0-only
/* Filter expressions: what they mean, what is said of wrong ones, and that no text does harm. */
#include "fake_snapshot.h"
#include "filter.h"
#include "tap.h"

#include <errno.h>

/* One agent's step with all that can be asked for, and a bare one. */
static void make(struct snapshot *s)
{
	static const struct fake_seg seg[] = {
		{ ST_USER, 1000, 2, "", "", 0, 0 }, { ST_RUNQUEUE, 600, 3, "fio:678", "", 0, 0 }, { ST_OUTSIDE, 400, -1, "", "", 0, 0 },
	};
	struct step *st;

	fake_empty(s);
	st = fake_step(s, "32", FAKE_BEGIN, seg, ARRAY_LEN(seg));
	st->extra = fake_str(s, "model=gpt tokens=812 note=\"two words\" neg=-1.5");
	st->trace = fake_str(s, "00-0af7-01");
	st->missed = 1;
	st = fake_step(s, "", FAKE_BEGIN + 10 * MS, NULL, 0);
	st->id = 0;
	st->name = fake_str(s, "tool");
	st->pid = st->tgid = -1;
	st->has_segments = 0;
	st->n_lost = 3;
	st->over_budget = 1;
}

/* 1: the first step matches; 2: the second one. */
static unsigned hits(const struct snapshot *s, const char *text)
{
	struct filter_place place;
	struct err e = { "" };
	struct filter f;
	unsigned n = 0;

	if (filter_parse(&f, text, &place, &e)) {
		note("%s: %s", text, e.text);
		return 99;
	}
	for (unsigned i = 0; i < s->n_steps; i++)
		n |= (unsigned)filter_match(&f, s, s->steps[i]) << i;
	return n;
}

static void test_meaning(void)
{
	static const struct { const char *text; unsigned hits; } cases[] = {
		{ "", 3 }, { "   ", 3 },
		{ "agent=planner", 3 }, { "agent=plan", 0 }, { "agent!=planner", 0 }, { "agent~LAN", 3 }, { "agent=\"planner\"", 3 },
		{ "agent = planner", 3 }, { "agent==planner", 3 }, { "name=plan", 1 }, { "name!=plan", 2 }, { "name=tool", 2 },
		{ "class=interactive", 3 }, { "class=\"\"", 0 },
		{ "id=32", 1 }, { "id>31", 1 }, { "id>=32 id<=32", 1 }, { "id<32", 0 }, { "id=#2", 2 }, { "id~#", 2 }, { "id!=32", 2 },
		{ "trace~0af7", 1 }, { "trace=\"\"", 2 },
		{ "pid=871", 1 }, { "pid=870", 1 }, { "pid!=870", 2 }, { "pid!=871", 2 }, { "pid>871", 0 }, { "pid=0", 2 },
		{ "cpu=2", 1 }, { "cpu=3", 1 }, { "cpu=4", 0 }, { "cpu!=4", 1 }, { "cpu!=2", 0 }, { "cpu>2", 1 }, { "cpu>3", 0 },
		{ "step=2ms", 1 }, { "step>1999us", 1 }, { "step>=2000000ns", 1 }, { "step<2ms", 2 }, { "step=0", 2 }, { "step<=.002s", 3 },
		{ "step > 1.5 ms", 1 }, { "step>1.5 ms name=tool", 0 }, { "step!=2ms", 2 },
		{ "stage.runqueue>500us", 1 }, { "stage.runqueue>600us", 0 }, { "stage.RunQueue>=0.6ms", 1 }, { "stage.runqueue=0", 2 },
		{ "stage.device=0", 3 }, { "stage.runqueue>500µs", 1 },
		{ "lost=0", 1 }, { "lost>2", 2 }, { "lost!=0", 2 }, { "missed=1", 1 }, { "missed=no", 2 }, { "missed!=0", 1 },
		{ "budget=yes", 2 }, { "budget=0", 1 },
		{ "model=gpt", 1 }, { "model!=gpt", 2 }, { "model=\"\"", 2 }, { "tokens>800", 1 }, { "tokens<1000.5", 1 }, { "tokens<5", 0 },
		{ "model>1", 0 }, { "note=\"two words\"", 1 }, { "note~WORD", 1 }, { "neg<-1", 1 }, { "neg<-2", 0 }, { "gpt=1", 0 },
		{ "token=812", 0 }, { "nothing!=x", 3 },
		{ "plan", 3 }, { "tool", 2 }, { "GPT", 1 }, { "\"two words\"", 1 }, { "two words", 1 }, { "#2", 2 }, { "tokens=812 lost=0", 1 },
		{ "agent=planner stage.runqueue>500us lost=0", 1 }, { "agent=planner stage.runqueue>500us lost=1", 0 },
		{ "\"\"", 3 }, { "!", 0 }, { "a!b", 0 }, { "32,", 0 }, { "stage", 0 }, { "日本", 0 }, { "日本=語", 0 }, { "日本!=語", 3 },
		{ "step>18446744073s", 0 },
	};
	struct snapshot s;

	make(&s);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		is_num(hits(&s, cases[i].text), cases[i].hits, "'%s'", cases[i].text);
	fake_free(&s);
}

/* What is said, and of which part of the text. */
static void test_errors(void)
{
	static const struct { const char *text, *part, *says; } cases[] = {
		{ "agent=", "=", "expected a text" }, { "agent=  ", "=", "expected a text" }, { "agent>x", ">", "agent is a text: expected = != or ~" },
		{ "lost=x", "x", "expected a number" }, { "lost~1", "~", "a number contains nothing" }, { "lost=1.5", "1.5", "expected a number" },
		{ "pid=-1", "-1", "expected a number" }, { "cpu=99999999999999999999", "99999999999999999999", "expected a number" },
		{ "step>5", "5", "expected a time: 500us" }, { "step>ms", "ms", "expected a time" }, { "step>.ms", ".ms", "expected a time" },
		{ "step>5 m", "5", "expected a time" }, { "step>-5ms", "-5ms", "expected a time" }, { "step>1e9s", "1e9s", "expected a time" },
		{ "step>99999999999999999999s", "99999999999999999999s", "expected a time" },
		{ "step>18446744074s", "18446744074s", "expected a time" }, { "step~5ms", "~", "a time contains nothing" },
		{ "stage.runq>5us", "stage.runq", "expected a stage: runqueue?" }, { "stage.queue>5us", "stage.queue", "expected a stage: blk-queue?" },
		{ "stage.xyzzy>5us", "stage.xyzzy", "expected a stage: stage.runqueue" }, { "stage.>5us", "stage.", "expected a stage" },
		{ "stage.runqueue", "stage.runqueue", "expected a comparison behind it" }, { "a stage.runqueue b", "stage.runqueue", "expected a comparison" },
		{ "missed>0", ">", "missed is 1 or 0" }, { "missed=2", "2", "expected 1 (yes) or 0 (no)" }, { "budget=50us", "50us", "expected 1" },
		{ "tokens>many", "many", "expected a number" }, { "tokens>0x10", "0x10", "expected a number" }, { "tokens>nan", "nan", "expected a number" },
		{ "=5", "=", "expected a word before it" }, { "lost=0 >5", ">", "expected a word before it" }, { "~", "~", "expected a word before it" },
		{ "\"open", "\"open", "expected another \"" }, { "agent=\"open x=1", "\"open x=1", "expected another \"" },
		{ "agent=\"a\"b", "b", "expected a blank after" },
		{ "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18", "17 18", "expected at most 16 terms" },
	};
	char part[FILTER_BYTES], longest[400];
	struct filter_place at;
	struct filter f;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err e = { "" };

		is_num(filter_parse(&f, cases[i].text, &at, &e), -EINVAL, "'%s' is wrong", cases[i].text);
		snprintf(part, sizeof part, "%.*s", (int)(at.to - at.from), cases[i].text + at.from);
		is_text(part, cases[i].part, "in this part");
		has_text(e.text, cases[i].says, "and why is said");
		is_num(f.n, 0, "nothing is left of it");
	}
	memset(longest, 'a', sizeof longest);
	longest[FILTER_BYTES - 1] = 0;
	is_num(filter_parse(&f, longest, &at, NULL), 0, "the longest text");
	longest[FILTER_BYTES - 1] = 'a', longest[FILTER_BYTES] = 0;
	is_num(filter_parse(&f, longest, &at, NULL), -EINVAL, "and one byte more");
	is_num(at.from, FILTER_BYTES - 1, "which is the one that is too much");
}

/* A copy is as good: nothing in it points into the one it was made from. */
static void test_copy(void)
{
	struct filter_place at;
	struct filter a, b;
	struct snapshot s;
	char text[] = "agent=planner model=gpt";

	make(&s);
	filter_parse(&a, text, &at, NULL);
	b = a;
	memset(&a, 0xff, sizeof a);
	memset(text, 'x', sizeof text - 1);
	ok(filter_match(&b, &s, s.steps[0]) && !filter_match(&b, &s, s.steps[1]), "a copy means the same");
	is_text(b.text, "agent=planner model=gpt", "and says so");
	fake_free(&s);
}

static uint64_t seed = 7;

static unsigned dice(unsigned n)
{
	seed = hash64(seed + 0x9e3779b97f4a7c15ull);
	return (unsigned)(seed >> 20) % n;
}

/* Texts put together from pieces that mean something, and bytes that do not. A filter that was taken must be a filter. */
static void test_random(void)
{
	static const char *const pieces[] = {
		"agent", "name", "id", "stage.", "stage.runqueue", "step", "lost", "missed", "pid", "cpu", "tokens", "=", "!=", ">", ">=", "<", "<=",
		"~", "==", "!", "\"", " ", "  ", "\t", "5", "500us", "1.5 ms", "0", "-1", ".", "99999999999999999999", "日本", "\xff", "\xe6\x97", "x",
		"s", "ns", "yes", "#",
	};
	unsigned n_good = 0, n_bad = 0;
	bool sane = true;
	struct snapshot s;

	make(&s);
	for (int i = 0; i < 100000; i++) {
		char text[300] = "";
		struct filter_place at;
		struct err e = { "" };
		struct filter f;
		size_t len = 0;

		for (unsigned n = dice(i % 100 ? 12 : 60); n; n--) {
			const char *piece = pieces[dice(ARRAY_LEN(pieces))];

			if (len + strlen(piece) < sizeof text)
				len += (size_t)snprintf(text + len, sizeof text - len, "%s", piece);
		}
		if (filter_parse(&f, text, &at, &e)) {
			n_bad++;
			sane &= e.text[0] && at.from <= at.to && at.to <= strlen(text) && !f.n;
			continue;
		}
		n_good++;
		sane &= f.n <= FILTER_TERMS && !strcmp(f.text, text);
		for (unsigned k = 0; k < s.n_steps; k++)
			filter_match(&f, &s, s.steps[k]);
	}
	ok(sane, "100000 random texts do no harm");
	ok(n_good > 1000 && n_bad > 1000, "some of them are filters (%u), others are not (%u)", n_good, n_bad);
	fake_free(&s);
}

int main(void)
{
	test_meaning();
	test_errors();
	test_copy();
	test_random();
	return done();
}
