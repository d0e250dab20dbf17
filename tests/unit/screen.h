/* SPDX-License-Identifier: GPL-2.0-only */
/* screen: screens of snapshots made by hand, and what must be true of any of them. */
#ifndef AGENTTOP_SCREEN_H
#define AGENTTOP_SCREEN_H

#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "fake_snapshot.h"
#include "tap.h"
#include "view.h"

/* The key that leads to a view and those behind it, in a buffer that the next call uses again. */
__attribute__((unused)) static const char *keys_to(const char *view, const char *then)
{
	static char keys[256];
	unsigned i = 0;

	while (i < n_views && strcmp(views[i]->name, view))
		i++;
	snprintf(keys, sizeof keys, "%u%s", i + 1, then);
	return keys;
}

__attribute__((unused)) static char *screen(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys, bool ascii)
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

__attribute__((unused)) static void has(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys, const char *part,
					const char *what)
{
	char *got = screen(s, cols, lines, keys, false);

	has_text(got, part, "%s", what);
	free(got);
}

__attribute__((unused)) static void has_not(const struct snapshot *s, unsigned cols, unsigned lines, const char *keys, const char *part,
					    const char *what)
{
	char *got = screen(s, cols, lines, keys, false);

	ok(!strstr(got, part), "%s", what);
	free(got);
}

/* So many lines, none wider than the screen. */
static bool screen_fits(const char *text, int cols, int lines)
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

/* The same screen in ASCII is the other one, character by character and column by column; '?' stands for what is not ours. */
static bool screen_is_ascii(const char *utf8, const char *ascii)
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

/* At every size, after these keys: it fits, and says the same in ASCII. */
__attribute__((unused)) static void fits_everywhere(const struct snapshot *s, const char *keys, const char *what)
{
	static const struct { unsigned cols, lines; } sizes[] = {
		{ 1, 1 }, { 39, 10 }, { 40, 10 }, { 41, 11 }, { 60, 14 }, { 79, 23 }, { 80, 24 }, { 81, 25 }, { 100, 12 }, { 120, 40 },
		{ 149, 50 }, { 150, 50 }, { 200, 60 }, { 500, 200 }, { 500, 10 }, { 40, 200 },
	};
	bool good = true;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char *utf8 = screen(s, sizes[i].cols, sizes[i].lines, keys, false);
		char *ascii = screen(s, sizes[i].cols, sizes[i].lines, keys, true);

		if (!screen_fits(utf8, (int)sizes[i].cols, (int)sizes[i].lines) || !screen_is_ascii(utf8, ascii)) {
			good = false;
			note("%s: not at %ux%u after '%s'", what, sizes[i].cols, sizes[i].lines, keys);
		}
		free(utf8);
		free(ascii);
	}
	ok(good, "%s, at every size and in ASCII", what);
}

#endif
