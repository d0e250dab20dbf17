// SPDX-License-Identifier: GPL-2.0-only
/* A line that is typed: its keys, what was typed before, and how it looks. */
#include "action.h"
#include "prompt.h"
#include "tap.h"

#include <stdlib.h>

/* Keys as --keys has them; the result of the last one. */
static enum prompt_result type(struct prompt *p, const char *keys)
{
	enum prompt_result r = PROMPT_NOTHING;
	uint32_t key;

	while (action_next_key(&keys, &key, NULL) > 0)
		r = prompt_key(p, key);
	return r;
}

/* The text after keys, with | where the cursor is. */
static void gives(const char *begin, const char *keys, const char *want, const char *what)
{
	struct prompt p;
	char got[PROMPT_BYTES + 1];

	prompt_begin(&p, begin, NULL);
	type(&p, keys);
	snprintf(got, sizeof got, "%.*s|%s", (int)p.cursor, p.text, p.text + p.cursor);
	is_text(got, want, "%s", what);
}

static void test_keys(void)
{
	gives("", "abc", "abc|", "characters are typed");
	gives("", "qs/?12<Lt>+ ", "qs/?12<+ |", "also those that are actions elsewhere");
	gives("abc", "", "abc|", "a text to begin with");
	gives("abc", "<Left>x", "abx|c", "left");
	gives("abc", "<Left><Left><Right>x", "abx|c", "and right");
	gives("abc", "<Home>x<End>y", "xabcy|", "Home and End");
	gives("abc", "<C-a><C-d>x<C-e>y", "xbcy|", "and as shells have them");
	gives("abc", "<Left><Backspace>", "a|c", "Backspace takes the one before");
	gives("abc", "<Home><Delete>", "|bc", "Delete the one under the cursor");
	gives("abc", "<Home><Backspace><Left>", "|abc", "at the begin nothing");
	gives("abc", "<Delete><Right>", "abc|", "nor at the end");
	gives("one two  three", "<C-w>", "one two  |", "Ctrl-W takes a word");
	gives("one two  ", "<C-w>", "one |", "with the blanks behind it");
	gives("one two", "<Left><C-w>", "one |o", "up to the cursor");
	gives("one two", "<Left><C-u>", "|o", "Ctrl-U all before the cursor");
	gives("one two", "<Home><C-k>", "|", "Ctrl-K all behind it");
	gives("", "日本<Left>x", "日x|本", "wide characters");
	gives("", "é日<Backspace><Backspace>", "|", "are taken as a whole");
	gives("e\xcc\x81x", "<Left><Left>y", "y|e\xcc\x81x", "an accent goes with its letter");
	gives("e\xcc\x81", "<Backspace>", "|", "and is taken with it");
	gives("a\xff\x01z", "", "a??z|", "what is no character is shown as one");
	gives("ab", "<PageUp><F1><Tab><S-Tab><C-x>", "ab|", "keys without a meaning do nothing");
}

static void test_results(void)
{
	struct prompt p;

	prompt_begin(&p, "ab", NULL);
	is_num(type(&p, "<Right>"), PROMPT_NOTHING, "nothing happened");
	is_num(type(&p, "<Left>"), PROMPT_MOVED, "the cursor moved");
	is_num(type(&p, "x"), PROMPT_CHANGED, "the text changed");
	is_num(type(&p, "<Enter>"), PROMPT_ACCEPT, "Enter accepts");
	is_num(type(&p, "<Esc>"), PROMPT_LEAVE, "Esc leaves");
	is_num(type(&p, "<C-c>"), PROMPT_LEAVE, "and so does Ctrl-C");
	is_num(type(&p, "<Up>"), PROMPT_NOTHING, "without a past there is nothing before");
	is_num(prompt_key(&p, 0xd800), PROMPT_NOTHING, "half a character is none");
	is_num(prompt_key(&p, 0x85), PROMPT_NOTHING, "nor is a control character");
}

static void test_full(void)
{
	struct prompt p;

	prompt_begin(&p, "", NULL);
	for (int i = 0; i < 300; i++)
		prompt_key(&p, 'x');
	is_num(p.len, PROMPT_BYTES - 1, "no more than there is room for");
	type(&p, "<Backspace><Backspace>");
	is_num(prompt_key(&p, 0x65e5), PROMPT_NOTHING, "a character that does not fit is left out as a whole");
	is_num(strlen(p.text), p.len, "the text ends where it ends");
}

static void test_past(void)
{
	struct prompt_past past = { 0 };
	struct prompt p;
	char line[24];

	for (int i = 0; i < 3; i++) {
		prompt_begin(&p, "", &past);
		snprintf(line, sizeof line, "line %d", i);
		type(&p, line);
		prompt_keep(&p);
	}
	prompt_begin(&p, "new", &past);
	is_num(type(&p, "<Down>"), PROMPT_NOTHING, "nothing comes after what is being typed");
	is_num(type(&p, "<Up>"), PROMPT_CHANGED, "Up changes the text");
	is_text(p.text, "line 2", "to the last one typed");
	type(&p, "<Up><Up><Up><Up>");
	is_text(p.text, "line 0", "and at last to the first");
	type(&p, "!<Down>");
	is_text(p.text, "line 1", "what was changed there is not kept");
	type(&p, "<Down><Down><Down>");
	is_text(p.text, "new", "Down leads back to what was being typed");
	type(&p, "<Up><Up>");
	prompt_keep(&p);
	is_num(past.n, 3, "the same line twice is kept once");
	is_text(past.line[2], "line 1", "as the newest");
	prompt_begin(&p, "", &past);
	prompt_keep(&p);
	is_num(past.n, 3, "nothing is not kept");
	for (int i = 0; i < 2 * PROMPT_PAST; i++) {
		snprintf(line, sizeof line, "many %d", i);
		prompt_begin(&p, line, &past);
		prompt_keep(&p);
	}
	is_num(past.n, PROMPT_PAST, "there is an end");
	is_text(past.line[0], "many 50", "at which the oldest goes");
	prompt_past_fini(&past);
}

/* ---- how it looks ---- */

static char *drawn(const struct prompt *p, int w, const struct slip *slip, int *cursor)
{
	struct cells c = { 0 };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	cells_resize(&c, w, 2);
	prompt_draw(p, &c, 0, 1, w, "filter", "hint", slip);
	cells_dump(&c, false, f);
	fclose(f);
	*cursor = -1;
	for (int x = 0; x < w; x++)
		if (c.at[w + x].style & STYLE_SELECTED && *cursor < 0)
			*cursor = x;
	cells_fini(&c);
	return text;
}

static void looks(const char *text, const char *keys, int w, struct slip slip, const char *want, int want_cursor, const char *what)
{
	struct prompt p;
	char *got;
	int cursor;

	prompt_begin(&p, text, NULL);
	type(&p, keys);
	got = drawn(&p, w, &slip, &cursor);
	is_text(got, want, "%s", what);
	is_num(cursor, want_cursor, "with the cursor at %d", want_cursor);
	free(got);
}

static void test_look(void)
{
	static const struct slip none = { 0 };

	looks("abc", "", 20, none, "hint\nfilter: abc\n", 11, "the text behind its label");
	looks("abc", "<Left>", 20, none, "hint\nfilter: abc\n", 10, "the cursor is on a character");
	looks("日本", "<Left>", 20, none, "hint\nfilter: 日本\n", 10, "or on both halves of a wide one");
	looks("0123456789", "", 14, none, "hint\nfilter: 56789\n", 13, "a long text moves so that the cursor is seen");
	looks("0123456789", "<Home>", 14, none, "hint\nfilter: 012345\n", 8, "also at its begin");
	looks("日本日本日本", "", 15, none, "hint\nfilter: 本日本\n", 14, "wide ones are not cut in two");
	looks("abc", "", 8, none, "hint\nfilter:\n", -1, "without any room nothing is drawn beside it");
	looks("lost=x", "", 40, (struct slip){ { "expected a number" }, 5, 6 }, "             ▾ expected a number\nfilter: lost=x\n", 14,
	      "what is wrong stands above where it is");
	looks("agent=planner lost=x", "", 40, (struct slip){ { "expected a number" }, 19, 20 },
	      "         expected a number ▾\nfilter: agent=planner lost=x\n", 28, "at the right end before its arrow");
	looks("日本=x y", "", 40, (struct slip){ { "wrong" }, 6, 7 }, "            ▾ wrong\nfilter: 日本=x y\n", 16, "counted in columns");
}

static uint64_t seed = 11;

static unsigned dice(unsigned n)
{
	seed = hash64(seed + 0x9e3779b97f4a7c15ull);
	return (unsigned)(seed >> 20) % n;
}

static void test_random(void)
{
	struct prompt_past past = { 0 };
	struct prompt p;
	bool sane = true;

	prompt_begin(&p, "", &past);
	for (int i = 0; i < 100000; i++) {
		uint32_t key = dice(3) ? dice(0x80) : dice(2) ? UIKEY_UP + dice(UIKEY_F1 - UIKEY_UP + 1) : dice(0x30000);
		struct slip slip = { { "" }, dice(300), dice(300) };
		int cursor;

		if (prompt_key(&p, key) == PROMPT_ACCEPT && dice(2)) {
			prompt_keep(&p);
			prompt_begin(&p, dice(2) ? "" : "some text", &past);
		}
		sane &= p.len < sizeof p.text && strlen(p.text) == p.len && p.cursor <= p.len && (p.text[p.cursor] & 0xc0) != 0x80;
		if (!dice(50)) {
			snprintf(slip.e.text, sizeof slip.e.text, "%s", dice(2) ? "something is wrong with it" : "");
			free(drawn(&p, 1 + (int)dice(60), &slip, &cursor));
		}
	}
	ok(sane, "100000 random keys leave a text and a cursor in it");
	prompt_past_fini(&past);
}

int main(void)
{
	test_keys();
	test_results();
	test_full();
	test_past();
	test_look();
	test_random();
	return done();
}
