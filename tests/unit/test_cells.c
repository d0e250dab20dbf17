// SPDX-License-Identifier: GPL-2.0-only
/* The grid of cells, keys and actions, and how values look. */
#include "action.h"
#include "cells.h"
#include "look.h"
#include "table.h"
#include "tap.h"

#include <errno.h>
#include <stdlib.h>

static char *dump(const struct cells *c, bool ascii)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	cells_dump(c, ascii, f);
	fclose(f);
	return text;
}

static void is_dump(const struct cells *c, bool ascii, const char *want, const char *what)
{
	char *got = dump(c, ascii);

	is_text(got, want, "%s", what);
	free(got);
}

static void test_width(void)
{
	is_num(cells_width("abc"), 3, "ASCII takes a column each");
	is_num(cells_width("日本"), 4, "CJK takes two");
	is_num(cells_width("🤖x"), 3, "an emoji takes two");
	is_num(cells_width("e\xcc\x81"), 1, "a combining accent takes none");
	is_num(cells_width("run–queue·▸"), 11, "what the screens draw with takes one");
	is_num(cells_width("\xff\xfe"), 2, "each broken byte is shown as one '?'");
	is_num(cells_width(""), 0, "nothing takes nothing");
}

static void test_decode(void)
{
	static const char *const broken[] = { "\xc3", "\xe2\x82", "\xf0\x9f\xa4", "\xed\xa0\x80", "\xc0\xaf", "\xf5\x80\x80\x80", "\x1b", "\xc2\x85" };
	const char *p = "\xf0\x9f\xa4\x96";
	char utf8[5];

	is_num(cells_next(&p), 0x1f916, "four bytes are one character");
	is_num(cells_next(&p), 0, "the end is the end");
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		const char *start = broken[i];

		p = start;
		is_num(cells_next(&p), '?', "what no terminal should see becomes '?' (%zu)", i);
		ok(p > start && p <= start + strlen(start), "and reading goes on inside the text (%zu)", i);
	}
	is_num(cells_utf8(0x1f916, utf8), 4, "and back to four bytes");
	is_text(utf8, "\xf0\x9f\xa4\x96", "the same ones");
	is_num(cells_utf8('a', utf8), 1, "ASCII is itself");
	is_text(utf8, "a", "one byte");
	is_num(cells_utf8(0xb7, utf8), 2, "Latin-1 is two bytes");
	is_num(cells_utf8(0x2026, utf8), 3, "an ellipsis three");
}

static void test_put(void)
{
	struct cells c = { 0 };

	cells_resize(&c, 10, 3);
	is_num(cells_put(&c, 0, 0, 10, STYLE_NORMAL, "0123456789"), 10, "what just fits is not cut");
	is_num(cells_put(&c, 0, 1, 10, STYLE_NORMAL, "0123456789a"), 10, "what does not fits in the width all the same");
	is_num(cells_put(&c, 7, 2, 10, STYLE_NORMAL, "abcdefghijk"), 10, "the grid's edge clips without a word");
	is_dump(&c, false, "0123456789\n012345678…\n       abc\n", "cut text ends in an ellipsis");
	is_dump(&c, true, "0123456789\n012345678~\n       abc\n", "which is a tilde in ASCII");
	cells_clear(&c);
	cells_put(&c, -5, 0, 20, STYLE_NORMAL, "left of the grid");
	cells_put(&c, 0, -1, 20, STYLE_NORMAL, "above");
	cells_put(&c, 0, 3, 20, STYLE_NORMAL, "below");
	cells_put(&c, 0, 1, 0, STYLE_NORMAL, "no room");
	cells_put(&c, 0, 1, -3, STYLE_NORMAL, "less than none");
	cells_put_right(&c, 0, 2, 10, STYLE_NORMAL, "right");
	is_dump(&c, false, "of the gri\n\n     right\n", "outside is nowhere");
	cells_resize(&c, 0, 0);
	cells_put(&c, 0, 0, 10, STYLE_NORMAL, "x");
	cells_fill(&c, (struct rect){ 0, 0, 5, 5 }, STYLE_NORMAL, 'x');
	is_dump(&c, false, "", "a grid of nothing takes anything");
	cells_resize(&c, -4, 1000000);
	is_num(c.cols, 0, "negative is none");
	is_num(c.lines, CELLS_MAX, "and there is an end to the lines");
	cells_fini(&c);
}

static void test_wide(void)
{
	struct cells c = { 0 };

	cells_resize(&c, 6, 4);
	cells_put(&c, 0, 0, 6, STYLE_NORMAL, "日本語");
	cells_put(&c, 0, 1, 5, STYLE_NORMAL, "日本語");
	cells_put(&c, 0, 2, 4, STYLE_NORMAL, "日本語");
	cells_put(&c, 5, 3, 6, STYLE_NORMAL, "日");
	is_dump(&c, false, "日本語\n日本…\n日 …\n     ?\n", "a wide character is never cut in half");
	cells_char(&c, 1, 0, STYLE_NORMAL, 'x');
	cells_char(&c, 2, 0, STYLE_NORMAL, 'y');
	cells_char(&c, 0, 1, STYLE_NORMAL, 'z');
	is_dump(&c, false, " xy 語\nz 本…\n日 …\n     ?\n", "one that is half overwritten goes");
	is_dump(&c, true, " xy ??\nz ??~\n?? ~\n     ?\n", "in ASCII it takes its two columns");
	cells_clear(&c);
	cells_put(&c, 0, 0, 6, STYLE_NORMAL, "e\xcc\x81t\xc3\xa9");
	cells_put(&c, 0, 1, 6, STYLE_NORMAL, "\xcc\x81o\xcc\x88\xcc\x81\xcc\x82日\xcc\x81x");
	cells_put(&c, 0, 2, 6, STYLE_NORMAL, "a\xe2\x80\xae\xe2\x80\x8b\xef\xb8\x8f \xcc\x81z");
	cells_put(&c, 5, 3, 1, STYLE_NORMAL, "n\xcc\x83");
	is_dump(&c, false, "e\xcc\x81té\no\xcc\x88日\xcc\x81x\na z\n     n\xcc\x83\n",
		"one combining character stays with what it is drawn on, no more; what turns text around goes");
	is_dump(&c, true, "et?\no??x\na z\n     n\n", "in ASCII there is none");
	cells_char(&c, 0, 0, STYLE_NORMAL, 'E');
	cells_char(&c, 2, 1, STYLE_NORMAL, '-');
	cells_put(&c, 4, 3, 2, STYLE_NORMAL, "e\xcc\x81long");
	is_dump(&c, false, "Eté\no\xcc\x88 -x\na z\n    e\xcc\x81…\n", "it goes with its character");
	cells_fini(&c);
}

static void test_marks(void)
{
	struct cells c = { 0 };

	cells_resize(&c, 4, 2);
	cells_put(&c, 0, 0, 4, STYLE_OVER, "ab");
	cells_mark(&c, (struct rect){ -3, 0, 100, 1 }, STYLE_SELECTED);
	is_num(c.at[0].style, STYLE_OVER | STYLE_SELECTED, "a mark is added to the style");
	is_num(c.at[3].style, STYLE_NORMAL | STYLE_SELECTED, "of blanks, too");
	is_num(c.at[4].style, STYLE_NORMAL, "and not to other lines");
	cells_fini(&c);
}

static void test_keys(void)
{
	const char *keys = "jj<Enter><C-l><<Lt>é<Space>";
	static const uint32_t want[] = { 'j', 'j', UIKEY_ENTER, 12, '<', '<', 0xe9, ' ' };
	struct err e = { "" };
	uint32_t key;

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		is_num(action_next_key(&keys, &key, &e), 1, "key %zu is there", i);
		is_num(key, want[i], "key %zu is what was written", i);
	}
	is_num(action_next_key(&keys, &key, &e), 0, "and then no more");
	keys = "<Entre>";
	is_num(action_next_key(&keys, &key, &e), (uint64_t)-EINVAL, "a name that no key has is an error");
	has_text(e.text, "<Entre>", "which says which one");
	is_num(action_of_key('j'), ACT_DOWN, "j is down");
	is_num(action_of_key(UIKEY_DOWN), ACT_DOWN, "and so is the arrow");
	is_num(action_of_key('<'), ACT_SLOWER, "< is a key like others");
	is_num(action_of_key(3), ACT_QUIT, "Ctrl-C quits");
	is_num(action_of_key(0x1f916), ACT_NONE, "most keys mean nothing");
}

static void test_actions(void)
{
	char text[64];

	for (unsigned a = 1; a < N_ACTIONS; a++) {
		const char *keys = action_docs[a].keys;
		struct err e = { "" };
		uint32_t key;
		int r, n = 0;

		if (a == ACT_POINT) {
			is_text(keys, "", "the mouse alone points");
			continue;
		}
		while ((r = action_next_key(&keys, &key, &e)) > 0) {
			n++;
			is_num(action_of_key(key), a, "a key of %s asks for that alone", action_docs[a].name);
		}
		ok(!r && n, "%s has keys that can be read", action_docs[a].name);
		ok(action_docs[a].help[0], "%s has a word of help", action_docs[a].name);
		ok(action_key_text(text, sizeof text, a, true)[0], "%s: %s", action_docs[a].name, text);
	}
	is_text(action_key_text(text, sizeof text, ACT_DOWN, true), "Down j", "help names all the keys");
	is_text(action_key_text(text, sizeof text, ACT_SLOWER, false), "<", "footers the first");
}

static void test_values(void)
{
	char b[24];

	is_text(look_ns(b, sizeof b, 8214000, true), "8.21 ms", "times have three digits and a unit");
	is_text(look_ns(b, sizeof b, 0, false), "–", "what is unknown is a dash");
	is_text(look_count(b, sizeof b, 999), "999", "counts");
	is_text(look_count(b, sizeof b, 5386), "5 386", "in groups");
	is_text(look_count(b, sizeof b, 99999), "99 999", "up to here");
	is_text(look_count(b, sizeof b, 100000), "100k", "then rounded");
	is_text(look_count(b, sizeof b, 999999), "1.00M", "upwards, too");
	is_text(look_count(b, sizeof b, UINT64_MAX), "18446744T", "however many");
	is_text(look_share(b, sizeof b, 0.38), "38 %", "shares");
	is_text(look_share(b, sizeof b, 0.0026), "0.3 %", "small ones");
	is_text(look_share(b, sizeof b, 0.0001), "<0.1 %", "smaller ones are not none");
	is_text(look_share(b, sizeof b, 0), "0 %", "none is none");
	is_text(look_rate(b, sizeof b, 118.2), "118/s", "rates");
	is_text(look_rate(b, sizeof b, 0.42), "0.4/s", "slow ones");
	is_text(look_bytes(b, sizeof b, 21234567), "21.2 MB", "sizes");
	is_text(look_ts(b, sizeof b, 16935802000ull), "16.935802", "times of the clock");
	is_num(look_u64(-1), 0, "below nothing is nothing");
	is_num(look_u64(1e300), UINT64_MAX, "and there is a most");
	is_num(look_verdict(ST_RUNQUEUE, 150000), VERDICT_GOOD, "within the target");
	is_num(look_verdict(ST_RUNQUEUE, 300000), VERDICT_TAIL, "within that of the tail");
	is_num(look_verdict(ST_RUNQUEUE, 8000000), VERDICT_OVER, "beyond both");
	is_num(look_verdict(ST_OUTSIDE, 8000000), VERDICT_NONE, "no target, no verdict");
	is_text(look_stage(200)->name, "unknown", "a stage that does not exist is unknown");
}

static void test_bar(void)
{
	struct cells c = { 0 };
	uint64_t ns[N_STAGES] = { [ST_USER] = 1, [ST_OUTSIDE] = 1, [ST_RUNQUEUE] = 1 };

	cells_resize(&c, 12, 1);
	look_stage_bar(&c, 0, 0, 12, ns);
	is_dump(&c, false, "▕uuuuoooRRR▏\n", "a bar of stages is full, whatever the rounding");
	cells_clear(&c);
	memset(ns, 0, sizeof ns);
	look_stage_bar(&c, 0, 0, 12, ns);
	is_dump(&c, false, "–\n", "without time it is a dash");
	ns[ST_USER] = ns[ST_RUNQUEUE] = UINT64_MAX;
	look_stage_bar(&c, 0, 0, 12, ns);
	is_dump(&c, false, "▕uuuuuRRRRR▏\n", "numbers that would overflow do not");
	cells_fini(&c);
}

static void test_shares(void)
{
	struct cells c = { 0 };
	double share[N_STAGES] = { [ST_RUNQUEUE] = 0.6, [ST_USER] = 0.3, [ST_OUTSIDE] = 0.1 };

	cells_resize(&c, 60, 1);
	look_shares(&c, 0, 0, 60, "slow  ", share);
	is_dump(&c, false, "slow  run queue RRRRRR 60 %  user uuuu 30 %  outside oo 10 %\n", "shares, biggest first, with bars in what room there is");
	cells_clear(&c);
	look_shares(&c, 0, 0, 44, "slow  ", share);
	is_dump(&c, false, "slow  run queue RRRRRRRRRRR 60 %  other 40 %\n", "what does not fit is summed up");
	cells_clear(&c);
	look_shares(&c, 0, 0, 8, "slow  ", share);
	is_dump(&c, false, "slow  r…\n", "with no room for bars at least the biggest is named");
	cells_fini(&c);
}

static void test_parts(void)
{
	struct parts ps = { 0 };
	struct cells c = { 0 };

	parts_add(&ps, 0, STYLE_NORMAL, "a ", "%d", 1);
	parts_add(&ps, 2, STYLE_NORMAL, "", "second");
	parts_add(&ps, 1, STYLE_NORMAL, "", "third");
	cells_resize(&c, 40, 3);
	is_num(parts_put(&ps, &c, 0, 0, 40, 2), 18, "all parts when there is room");
	parts_put(&ps, &c, 0, 1, 17, 2);
	parts_put(&ps, &c, 0, 2, 2, 2);
	is_dump(&c, false, "a 1  second  third\na 1  third\na…\n", "else the least important go, and at last what remains is cut");
	is_num(c.at[0].style, STYLE_DIM, "labels are dim");
	cells_fini(&c);
}

/* ---- a table of two columns ---- */

static const struct column cols[] = { { "NAME", NULL, 4, 10, 0, 0, 1 }, { "N", NULL, 5, 0, 1, 1, 1 } };
static const struct { const char *name; int n; } rows[] = { { "cc", 2 }, { "a", 9 }, { "bb", -1 }, { "d", 9 } };

static void field(const void *arg, size_t row, unsigned col, struct field *f)
{
	(void)arg;
	if (!col) {
		f->kind = FIELD_TEXT;
		f->text = rows[row].name;
		return;
	}
	f->kind = rows[row].n < 0 ? FIELD_UNKNOWN : FIELD_COUNT;
	f->num = rows[row].n;
}
static const struct table table = { cols, ARRAY_LEN(cols), field };

static void is_order(const uint32_t *got, const char *want, const char *what)
{
	char text[8] = "";

	for (size_t i = 0; i < 4; i++)
		text[i] = (char)('0' + got[i]);
	is_text(text, want, "%s", what);
}

static void test_sort(void)
{
	uint32_t order[] = { 0, 1, 2, 3 };

	table_sort(&table, NULL, order, 4, 1, false);
	is_order(order, "1302", "numbers: biggest first, equals as they were, unknown last");
	table_sort(&table, NULL, order, 4, 1, true);
	is_order(order, "0132", "reversed, and unknown last all the same");
	table_sort(&table, NULL, order, 4, 0, false);
	is_order(order, "1203", "texts from A");
	table_sort(&table, NULL, order, 4, 99, false);
	is_order(order, "1203", "a column that does not exist sorts nothing");
	is_num(table_next_sort(&table, 1, 1), 0, "after the last column comes the first");
	is_num(table_next_sort(&table, 0, -1), 1, "and the other way round");
}

static void test_scroll(void)
{
	struct table_pos pos = { 0, 0 };

	ok(!table_move(&pos, ACT_ENTER, 4, 2), "not everything is a movement");
	table_move(&pos, ACT_UP, 4, 2);
	is_num(pos.cursor, 0, "there is nothing above the first line");
	table_move(&pos, ACT_LAST, 4, 2);
	is_num(pos.cursor, 3, "to the last line");
	is_num(pos.top, 2, "which is seen");
	table_move(&pos, ACT_PAGE_UP, 4, 2);
	is_num(pos.cursor, 1, "a page back");
	is_num(pos.top, 1, "moves the window no more than it must");
	table_move(&pos, ACT_DOWN, 0, 2);
	is_num(pos.cursor, 0, "an empty table has its cursor nowhere else");
	is_num(table_top(&(struct table_pos){ 5, 100 }, 4, 2), 2, "a window beyond the end comes back");
}

static void test_table(void)
{
	struct table_pos pos = { 3, 0 };
	struct cells c = { 0 };

	cells_resize(&c, 14, 4);
	table_draw(&table, NULL, 4, &pos, &c, (struct rect){ 0, 0, 14, 4 }, 1, false);
	is_dump(&c, false, "  NAME      N▼\n  a          9\n  bb         –\n▸ d          9\n", "rows under headings, scrolled to the cursor");
	cells_clear(&c);
	table_draw(&table, NULL, 4, &pos, &c, (struct rect){ 0, 0, 8, 3 }, 2, false);
	is_dump(&c, false, "  NAME\n  bb\n▸ d\n\n", "a narrow one leaves columns out");
	cells_clear(&c);
	for (int w = 0; w < 14; w++)
		for (int h = 0; h < 4; h++)
			table_draw(&table, NULL, 4, &pos, &c, (struct rect){ 0, 0, w, h }, 0, true);
	ok(true, "any size can be drawn");
	cells_fini(&c);
}

int main(void)
{
	test_width();
	test_decode();
	test_put();
	test_wide();
	test_marks();
	test_keys();
	test_actions();
	test_values();
	test_bar();
	test_shares();
	test_parts();
	test_sort();
	test_scroll();
	test_table();
	return done();
}
