// SPDX-License-Identifier: GPL-2.0-only
#include "cells.h"

#include <stdlib.h>
#include <string.h>

struct range {
	uint32_t from, to;
};

/* Drawn on top of the character before, or not at all. */
static const struct range zero_width[] = {
	{ 0x300, 0x36f }, { 0x483, 0x489 }, { 0x591, 0x5bd }, { 0x5bf, 0x5bf }, { 0x5c1, 0x5c2 }, { 0x5c4, 0x5c5 },
	{ 0x610, 0x61a }, { 0x64b, 0x65f }, { 0x670, 0x670 }, { 0x6d6, 0x6dc }, { 0x6df, 0x6e4 }, { 0x6e7, 0x6e8 },
	{ 0x6ea, 0x6ed }, { 0x93c, 0x93c }, { 0x941, 0x948 }, { 0x94d, 0x94d }, { 0xe31, 0xe31 }, { 0xe34, 0xe3a },
	{ 0xe47, 0xe4e }, { 0x1160, 0x11ff }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200f },
	{ 0x202a, 0x202e }, { 0x2060, 0x206f }, { 0x20d0, 0x20ff }, { 0x302a, 0x302d }, { 0x3099, 0x309a },
	{ 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff }, { 0x1f3fb, 0x1f3ff }, { 0xe0000, 0xe0fff },
};

/* Two columns wide on every terminal of today. */
static const struct range double_width[] = {
	{ 0x1100, 0x115f }, { 0x231a, 0x231b }, { 0x2329, 0x232a }, { 0x23e9, 0x23ec }, { 0x23f0, 0x23f0 },
	{ 0x23f3, 0x23f3 }, { 0x25fd, 0x25fe }, { 0x2614, 0x2615 }, { 0x2648, 0x2653 }, { 0x267f, 0x267f },
	{ 0x2693, 0x2693 }, { 0x26a1, 0x26a1 }, { 0x26aa, 0x26ab }, { 0x26bd, 0x26be }, { 0x26c4, 0x26c5 },
	{ 0x26ce, 0x26ce }, { 0x26d4, 0x26d4 }, { 0x26ea, 0x26ea }, { 0x26f2, 0x26f3 }, { 0x26f5, 0x26f5 },
	{ 0x26fa, 0x26fa }, { 0x26fd, 0x26fd }, { 0x2705, 0x2705 }, { 0x270a, 0x270b }, { 0x2728, 0x2728 },
	{ 0x274c, 0x274c }, { 0x274e, 0x274e }, { 0x2753, 0x2755 }, { 0x2757, 0x2757 }, { 0x2795, 0x2797 },
	{ 0x27b0, 0x27b0 }, { 0x27bf, 0x27bf }, { 0x2b1b, 0x2b1c }, { 0x2b50, 0x2b50 }, { 0x2b55, 0x2b55 },
	{ 0x2e80, 0x303e }, { 0x3041, 0x4dbf }, { 0x4e00, 0xa4cf }, { 0xa960, 0xa97f }, { 0xac00, 0xd7a3 },
	{ 0xf900, 0xfaff }, { 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f004, 0x1f004 },
	{ 0x1f0cf, 0x1f0cf }, { 0x1f18e, 0x1f18e }, { 0x1f191, 0x1f19a }, { 0x1f200, 0x1f64f }, { 0x1f680, 0x1f6ff },
	{ 0x1f900, 0x1f9ff }, { 0x1fa70, 0x1faff }, { 0x20000, 0x3fffd },
};

/* What our own screens draw with, and its stand-in of one column. */
static const struct {
	uint32_t ch;
	char ascii;
} stand_ins[] = {
	{ 0x2013, '-' }, { 0x2014, '-' }, { 0x2026, '~' }, { 0xb7, '.' }, { 0xb5, 'u' }, { 0xd7, 'x' }, { 0x2022, '*' },
	{ 0x2190, '<' }, { 0x2191, '^' }, { 0x2192, '>' }, { 0x2193, 'v' }, { 0x25b2, '^' }, { 0x25b3, '^' },
	{ 0x25b8, '>' }, { 0x25c6, '*' }, { 0x25be, 'v' }, { 0x25bc, 'v' }, { 0x25cf, '*' }, { 0x2500, '-' }, { 0x2502, '|' },
	{ 0x2504, '-' }, { 0x256d, '+' }, { 0x256e, '+' }, { 0x256f, '/' }, { 0x2570, '\\' }, { 0x2534, '+' },
	{ 0x252c, '+' }, { 0x2514, '`' }, { 0x2581, '_' }, { 0x2582, '.' }, { 0x2583, '-' }, { 0x2584, ':' },
	{ 0x2585, '=' }, { 0x2586, '+' }, { 0x2587, '*' }, { 0x2588, '#' }, { 0x258c, '#' }, { 0x258f, '|' }, { 0x2595, '|' },
	{ 0x2591, ':' }, { 0x2592, '=' }, { 0x2593, '%' }, { 0x2039, '<' }, { 0x203a, '>' }, { 0x2265, '>' },
};

static bool in_ranges(const struct range *r, size_t n, uint32_t ch)
{
	size_t lo = 0;

	while (lo < n) {
		size_t mid = lo + (n - lo) / 2;

		if (ch > r[mid].to)
			lo = mid + 1;
		else if (ch < r[mid].from)
			n = mid;
		else
			return true;
	}
	return false;
}

int cells_char_width(uint32_t ch)
{
	if (ch < 0x300)
		return 1;
	if (in_ranges(zero_width, ARRAY_LEN(zero_width), ch))
		return 0;
	return in_ranges(double_width, ARRAY_LEN(double_width), ch) ? 2 : 1;
}

/* Something to see, and not one that only says how others are to be drawn: those could turn a line of the screen around. */
static bool is_mark(uint32_t ch)
{
	return ch < 0x10000 && cells_char_width(ch) == 0 && !(ch >= 0x200b && ch <= 0x206f) && !(ch >= 0xfe00 && ch <= 0xfe0f) &&
	       ch != 0xfeff;
}

static void put_mark(struct cells *c, int x, int y, uint32_t ch)
{
	struct cell *at;

	if (x < 0 || y < 0 || x >= c->cols || y >= c->lines || !is_mark(ch))
		return;
	at = c->at + (size_t)y * (size_t)c->cols + x;
	if (at->ch > ' ' && !at->mark)
		at->mark = (uint16_t)ch;
}

char cells_ascii(uint32_t ch)
{
	if (ch < 0x80)
		return (char)ch;
	for (size_t i = 0; i < ARRAY_LEN(stand_ins); i++)
		if (stand_ins[i].ch == ch)
			return stand_ins[i].ascii;
	return '?';
}

/* Length of the sequence that starts with byte c; 0 when none does. */
static int sequence_len(unsigned char c)
{
	return c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
}

uint32_t cells_next(const char **text)
{
	const unsigned char *s = (const unsigned char *)*text;
	int len = sequence_len(s[0]);
	uint32_t ch;

	if (!s[0])
		return 0;
	*text += 1;
	if (len < 2)
		return len && s[0] >= 0x20 && s[0] != 0x7f ? s[0] : '?';
	ch = s[0] & (0x7fu >> len);
	for (int i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return '?';
		ch = ch << 6 | (s[i] & 0x3f);
	}
	*text += len - 1;
	if (ch < 0xa0 || (len == 3 && ch < 0x800) || (len == 4 && ch < 0x10000) ||
	    (ch >= 0xd800 && ch < 0xe000) || ch > 0x10ffff)
		return '?';
	return ch;
}

int cells_utf8(uint32_t ch, char out[5])
{
	int n = ch < 0x80 ? 1 : ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (int i = n - 1; i > 0; i--, ch >>= 6)
		out[i] = (char)(0x80 | (ch & 0x3f));
	out[0] = (char)(first[n == 1 ? 0 : n] | ch);
	out[n] = 0;
	return n;
}

int cells_width(const char *text)
{
	uint32_t ch;
	int w = 0;

	while ((ch = cells_next(&text)))
		w += cells_char_width(ch);
	return w;
}

void cells_clear(struct cells *c)
{
	size_t n = (size_t)c->cols * (size_t)c->lines;

	for (size_t i = 0; i < n; i++)
		c->at[i] = (struct cell){ ' ', STYLE_NORMAL, 0 };
	c->n_hits = 0;
}

void cells_resize(struct cells *c, int cols, int lines)
{
	size_t need;

	c->cols = MAX(0, MIN(cols, CELLS_MAX));
	c->lines = MAX(0, MIN(lines, CELLS_MAX));
	need = (size_t)c->cols * (size_t)c->lines;
	if (need > c->cap) {
		c->at = xrealloc(c->at, need * sizeof *c->at);
		c->cap = need;
	}
	cells_clear(c);
}

void cells_fini(struct cells *c)
{
	free(c->at);
	free(c->hits);
	*c = (struct cells){ 0 };
}

/* A half of a wide character that loses its other half becomes a blank. */
static void set_cell(struct cells *c, int x, int y, unsigned style, uint32_t ch)
{
	struct cell *at;

	if (x < 0 || y < 0 || x >= c->cols || y >= c->lines)
		return;
	at = c->at + (size_t)y * (size_t)c->cols + x;
	if (!at->ch && x > 0 && ch) {
		at[-1].ch = ' ';
		at[-1].mark = 0;
	}
	if (x + 1 < c->cols && at->ch && !at[1].ch)
		at[1].ch = ' ';
	*at = (struct cell){ ch, (uint16_t)style, 0 };
}

void cells_char(struct cells *c, int x, int y, unsigned style, uint32_t ch)
{
	int w = cells_char_width(ch);

	if (w == 2 && (x < 0 || x + 1 >= c->cols))
		ch = '?';
	set_cell(c, x, y, style, ch);
	if (w == 2 && ch != '?')
		set_cell(c, x + 1, y, style, 0);
}

int cells_put(struct cells *c, int x, int y, int w, unsigned style, const char *text)
{
	int used = 0, before = -1, room;
	uint32_t ch;

	/* What is outside the grid cannot be seen, but the width asked for decides where text is cut. */
	if (w <= 0)
		return 0;
	room = cells_width(text) > w ? w - 1 : w;
	while ((ch = cells_next(&text))) {
		int cw = cells_char_width(ch);

		if (used + cw > room)
			break;
		if (cw) {
			before = x + used;
			cells_char(c, before, y, style, ch);
		} else if (used) {
			put_mark(c, before, y, ch);
		}
		used += cw;
	}
	if (room < w) {
		for (; used < room; used++)
			cells_char(c, x + used, y, style, ' ');
		cells_char(c, x + used++, y, style, 0x2026);
	}
	return used;
}

int cells_putf(struct cells *c, int x, int y, int w, unsigned style, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return cells_put(c, x, y, w, style, text);
}

int cells_put_right(struct cells *c, int x, int y, int w, unsigned style, const char *text)
{
	int need = cells_width(text);

	return cells_put(c, need < w ? x + w - need : x, y, w, style, text);
}

/* Bytes of text that fit in w columns, cut after a blank when there is one; never 0 unless the text is empty. */
static size_t line_len(const char *text, int w)
{
	const char *p = text, *at = text, *blank = NULL;
	int used = 0;
	uint32_t ch;

	while ((ch = cells_next(&p)) && ch) {
		if (used + cells_char_width(ch) > w && ch != ' ')
			return (size_t)((blank ? blank : at > text ? at : p) - text);
		used += cells_char_width(ch);
		at = p;
		if (ch == ' ')
			blank = p;
	}
	return strlen(text);
}

/* No-break blanks have done their work: back to plain ones. */
static void unglue(char *s)
{
	char *to = s;

	for (; *s; s++) {
		bool glue = s[0] == '\xc2' && s[1] == '\xa0';

		*to++ = glue ? ' ' : *s;
		s += glue;
	}
	*to = 0;
}

int cells_wrap(struct cells *c, struct rect r, int skip, unsigned style, const char *text)
{
	int n = 0;

	if (r.w < 1)
		return 0;
	while (*text) {
		size_t len = line_len(text, r.w);
		char line[1024];
		size_t cut = MIN(len, sizeof line - 1);

		memcpy(line, text, cut);
		line[cut] = 0;
		unglue(line);
		cut = strlen(line);
		while (cut && line[cut - 1] == ' ')
			line[--cut] = 0;
		if (n >= skip && n - skip < r.h)
			cells_put(c, r.x, r.y + n - skip, r.w, style, line);
		text += len;
		n++;
	}
	return n;
}

void cells_fill(struct cells *c, struct rect r, unsigned style, uint32_t ch)
{
	int x1 = MIN(r.x + r.w, c->cols), y1 = MIN(r.y + r.h, c->lines);

	for (int y = MAX(r.y, 0); y < y1; y++)
		for (int x = MAX(r.x, 0); x < x1; x++)
			set_cell(c, x, y, style, ch);
}

void cells_mark(struct cells *c, struct rect r, unsigned bits)
{
	int x1 = MIN(r.x + r.w, c->cols), y1 = MIN(r.y + r.h, c->lines);

	for (int y = MAX(r.y, 0); y < y1; y++)
		for (int x = MAX(r.x, 0); x < x1; x++)
			c->at[(size_t)y * (size_t)c->cols + x].style |= (uint16_t)bits;
}

void cells_hit(struct cells *c, struct rect r, unsigned action, unsigned times, enum hit_kind kind)
{
	int x1 = MIN(r.x + r.w, c->cols), y1 = MIN(r.y + r.h, c->lines);

	r.x = MAX(r.x, 0);
	r.y = MAX(r.y, 0);
	/* Grids of nothing, which measure, are never given back: they must not get memory here. */
	if (r.x >= x1 || r.y >= y1)
		return;
	GROW(c->hits, c->n_hits, c->cap_hits);
	c->hits[c->n_hits++] = (struct hit){ { r.x, r.y, x1 - r.x, y1 - r.y }, (uint16_t)action,
					     (uint16_t)MIN(times, (unsigned)UINT16_MAX), kind };
}

static void dump_line(const struct cell *at, int n, bool ascii, FILE *out)
{
	char utf8[5];

	while (n && (at[n - 1].ch == ' '))
		n--;
	for (int x = 0; x < n; x++) {
		if (ascii)
			fputc(at[x].ch ? cells_ascii(at[x].ch) : '?', out);
		else if (at[x].ch)
			fwrite(utf8, 1, (size_t)cells_utf8(at[x].ch, utf8), out);
		if (!ascii && at[x].mark)
			fwrite(utf8, 1, (size_t)cells_utf8(at[x].mark, utf8), out);
	}
	fputc('\n', out);
}

void cells_dump(const struct cells *c, bool ascii, FILE *out)
{
	for (int y = 0; y < c->lines; y++)
		dump_line(c->at + (size_t)y * (size_t)c->cols, c->cols, ascii, out);
}
