// SPDX-License-Identifier: GPL-2.0-only
#include "action.h"
#include "cells.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct action_doc action_docs[N_ACTIONS] = {
	[ACT_NONE] = { "none", "", "" },
	[ACT_UP] = { "up", "<Up>k", "one line up" },
	[ACT_DOWN] = { "down", "<Down>j", "one line down" },
	[ACT_LEFT] = { "left", "<Left>", "to the left" },
	[ACT_RIGHT] = { "right", "<Right>", "to the right" },
	[ACT_PAGE_UP] = { "page-up", "<PageUp><C-b>", "one page up" },
	[ACT_PAGE_DOWN] = { "page-down", "<PageDown><C-f>", "one page down" },
	[ACT_FIRST] = { "first", "<Home>g", "to the first line" },
	[ACT_LAST] = { "last", "<End>G", "to the last line" },
	[ACT_ENTER] = { "enter", "<Enter>", "look closer" },
	[ACT_BACK] = { "back", "<Esc><Backspace>", "back to where you came from" },
	[ACT_EXPAND] = { "expand", "<Space>", "expand or fold the line" },
	[ACT_SORT] = { "sort", "s", "sort by the next column" },
	[ACT_SORT_BACK] = { "sort-back", "S", "sort by the column before" },
	[ACT_REVERSE] = { "reverse", "r", "reverse the order" },
	[ACT_ORDER] = { "order", "o", "single steps: worst first or newest first" },
	[ACT_SEARCH] = { "search", "/", "search" },
	[ACT_SEARCH_NEXT] = { "search-next", "n", "to the next one found" },
	[ACT_SEARCH_BACK] = { "search-back", "N", "to the one found before" },
	[ACT_FILTER] = { "filter", "f", "show only what matches" },
	[ACT_FOLLOW] = { "follow", "F", "stay with the newest" },
	[ACT_NEXT_MARK] = { "next-mark", "'", "to the next one marked" },
	[ACT_UNMARK] = { "unmark", "M", "take all marks off" },
	[ACT_SLOWER] = { "slower", "<Lt>", "the next slower step" },
	[ACT_FASTER] = { "faster", "<Gt>", "the next faster step" },
	[ACT_EARLIER] = { "earlier", "[", "the step before in time" },
	[ACT_LATER] = { "later", "]", "the step after in time" },
	[ACT_LONGEST] = { "longest", "m", "to the longest piece; again: the next longest" },
	[ACT_ZOOM_IN] = { "zoom-in", "+=", "zoom in" },
	[ACT_ZOOM_OUT] = { "zoom-out", "-_", "zoom out" },
	[ACT_ZOOM_ALL] = { "zoom-all", "0", "show the whole step" },
	[ACT_PAN_LEFT] = { "pan-left", "(<S-Left>", "move the window to earlier times" },
	[ACT_PAN_RIGHT] = { "pan-right", ")<S-Right>", "move the window to later times" },
	[ACT_POINT] = { "point", "", "to what was clicked" },
	[ACT_LOG] = { "log", "l", "logarithmic time: short pieces become visible" },
	[ACT_TUNE] = { "tune", "t", "who else suffered from it" },
	[ACT_VIEW_1] = { "view-1", "1", "first screen" },
	[ACT_VIEW_2] = { "view-2", "2", "second screen" },
	[ACT_VIEW_3] = { "view-3", "3", "third screen" },
	[ACT_VIEW_4] = { "view-4", "4", "fourth screen" },
	[ACT_VIEW_5] = { "view-5", "5", "fifth screen" },
	[ACT_VIEW_6] = { "view-6", "6", "sixth screen" },
	[ACT_VIEW_7] = { "view-7", "7", "seventh screen" },
	[ACT_VIEW_8] = { "view-8", "8", "eighth screen" },
	[ACT_VIEW_9] = { "view-9", "9", "ninth screen" },
	[ACT_NEXT_VIEW] = { "next-view", "<Tab>", "next screen" },
	[ACT_PREV_VIEW] = { "prev-view", "<S-Tab>", "screen before" },
	[ACT_TIME] = { "time", "T", "go back in time, or choose a range of it that all screens show" },
	[ACT_PAUSE] = { "pause", "p", "live: hold the screens still, or go on; recording goes on all the time" },
	[ACT_SAVE] = { "save", "w", "live: write what is kept, the last seconds, to a file" },
	[ACT_EXPORT] = { "export", "e", "write to a file: the screen, all rows, CSV, or the chosen step as JSON or SVG" },
	[ACT_HELP] = { "help", "?h<F1>", "these keys, and what the words for stages mean" },
	[ACT_REPAINT] = { "repaint", "<C-l>", "paint the screen anew" },
	[ACT_QUIT] = { "quit", "q<C-c>", "quit" },
};

const struct mouse_doc mouse_docs[] = {
	{ "(the wheel)", "three lines up or down" },
	{ "a tab", "to that screen" },
	{ "a row", "the cursor goes there; a second click is Enter" },
	{ "a heading", "sort by that column; when it is that one already, reverse the order" },
	{ "the waterfall", "on the screen Chain: to the piece there; a second click is Enter" },
	{ "a key below", "as if it had been pressed" },
	{ NULL }
};

static const struct {
	const char *name, *words;
	uint32_t key;
} names[] = {
	{ "Up", "Up", UIKEY_UP }, { "Down", "Down", UIKEY_DOWN }, { "Left", "Left", UIKEY_LEFT }, { "Right", "Right", UIKEY_RIGHT },
	{ "S-Left", "Shift-Left", UIKEY_SLEFT }, { "S-Right", "Shift-Right", UIKEY_SRIGHT },
	{ "PageUp", "PgUp", UIKEY_PAGE_UP }, { "PageDown", "PgDn", UIKEY_PAGE_DOWN },
	{ "Home", "Home", UIKEY_HOME }, { "End", "End", UIKEY_END }, { "Enter", "Enter", UIKEY_ENTER },
	{ "Esc", "Esc", UIKEY_ESC }, { "Tab", "Tab", UIKEY_TAB }, { "S-Tab", "Shift-Tab", UIKEY_STAB },
	{ "Backspace", "Backspace", UIKEY_BACKSPACE }, { "Delete", "Del", UIKEY_DELETE },
	{ "F1", "F1", UIKEY_F1 },
	{ "Space", "Space", ' ' }, { "Lt", "<", '<' }, { "Gt", ">", '>' },
};

/* Length of "<Name>" at s, 0 when it is not of that form: then the '<' stands for itself. */
static size_t name_len(const char *s)
{
	size_t n = 1;

	if (s[0] != '<')
		return 0;
	while (isalnum((unsigned char)s[n]) || s[n] == '-')
		n++;
	return n > 1 && s[n] == '>' ? n + 1 : 0;
}

#define PLACE_MAX 0xfff

uint32_t action_click_key(enum click what, int x, int y)
{
	return UIKEY_CLICK | (uint32_t)what << 24 | (uint32_t)MIN(MAX(y, 0), PLACE_MAX) << 12 | (uint32_t)MIN(MAX(x, 0), PLACE_MAX);
}

enum click action_click(uint32_t key, int *x, int *y)
{
	*x = key & PLACE_MAX;
	*y = key >> 12 & PLACE_MAX;
	return (enum click)(key >> 24 & 3);
}

/* Up to four digits and what ends them; moves *s behind it. */
static bool read_place(const char **s, char end, int *place)
{
	size_t n = strspn(*s, "0123456789");

	if (!n || n > 4 || (*s)[n] != end)
		return false;
	*place = atoi(*s);
	*s += n + 1;
	return true;
}

/* "<Click:10,3>": its length and its key; 0 when it is not of that form. */
static size_t read_click(const char *s, uint32_t *key)
{
	static const char *const what[] = {
		[CLICK_BUTTON] = "<Click:", [CLICK_WHEEL_UP] = "<WheelUp:", [CLICK_WHEEL_DOWN] = "<WheelDown:"
	};

	for (unsigned i = 0; i < ARRAY_LEN(what); i++) {
		const char *p = s + strlen(what[i]);
		int x, y;

		if (strncasecmp(s, what[i], strlen(what[i])) || !read_place(&p, ',', &x) || !read_place(&p, '>', &y))
			continue;
		*key = action_click_key((enum click)i, x, y);
		return (size_t)(p - s);
	}
	return 0;
}

static uint32_t key_of_name(const char *s, size_t len)
{
	if (len == 3 && (s[0] == 'C' || s[0] == 'c') && s[1] == '-' && isalpha((unsigned char)s[2]))
		return (uint32_t)s[2] & 0x1f;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i].name) == len && !strncasecmp(names[i].name, s, len))
			return names[i].key;
	return 0;
}

int action_next_key(const char **keys, uint32_t *key, struct err *e)
{
	size_t len = name_len(*keys), click = read_click(*keys, key);

	if (click) {
		*keys += click;
		return 1;
	}
	if (!len) {
		*key = cells_next(keys);
		return *key ? 1 : 0;
	}
	*key = key_of_name(*keys + 1, len - 2);
	if (!*key)
		return err_set(e, -EINVAL, "no key is called %.*s; try <Enter>, <Esc>, <Space>, <Up>, <Down>, <PageDown>",
			       (int)MIN(len, 64u), *keys);
	*keys += len;
	return 1;
}

enum action action_of_key(uint32_t key)
{
	for (unsigned a = 1; a < N_ACTIONS; a++) {
		const char *keys = action_docs[a].keys;
		uint32_t k;

		while (action_next_key(&keys, &k, NULL) > 0)
			if (k == key)
				return (enum action)a;
	}
	return ACT_NONE;
}

static void key_text(char *buf, size_t len, uint32_t key)
{
	char utf8[5];

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].key == key) {
			snprintf(buf, len, "%s", names[i].words);
			return;
		}
	if (key < 0x20) {
		snprintf(buf, len, "Ctrl-%c", (char)(key + 0x40));
		return;
	}
	cells_utf8(key, utf8);
	snprintf(buf, len, "%s", utf8);
}

char *action_key_text(char *buf, size_t len, enum action a, bool all)
{
	const char *keys = action_docs[a].keys;
	uint32_t key;
	size_t n = 0;

	buf[0] = 0;
	while (n + 1 < len && action_next_key(&keys, &key, NULL) > 0) {
		if (n)
			n += (size_t)snprintf(buf + n, len - n, " ");
		if (n < len)
			key_text(buf + n, len - n, key);
		n = strlen(buf);
		if (!all)
			break;
	}
	return buf;
}
