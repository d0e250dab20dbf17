// SPDX-License-Identifier: GPL-2.0-only
#include "prompt.h"
#include "action.h"

#include <stdlib.h>
#include <string.h>

#define CTRL(c) ((uint32_t)(c) & 0x1f)

void prompt_past_fini(struct prompt_past *past)
{
	for (unsigned i = 0; i < past->n; i++)
		free(past->line[i]);
	past->n = 0;
}

/* ---- the text ---- */

/* Whole characters only; what is no character becomes '?'. */
static void set_text(struct prompt *p, const char *text)
{
	uint32_t ch;

	p->len = 0;
	while ((ch = cells_next(&text))) {
		char utf8[5];
		size_t n = (size_t)cells_utf8(ch, utf8);

		if (p->len + n >= sizeof p->text)
			break;
		memcpy(p->text + p->len, utf8, n);
		p->len += n;
	}
	p->text[p->len] = 0;
	p->cursor = p->len;
}

void prompt_begin(struct prompt *p, const char *text, struct prompt_past *past)
{
	*p = (struct prompt){ .past = past, .past_i = past ? past->n : 0 };
	set_text(p, text);
}

static bool is_first_byte(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static int width_at(const struct prompt *p, size_t at)
{
	const char *s = p->text + at;

	return cells_char_width(cells_next(&s));
}

/* Over one character that takes columns, with the accents behind it. */
static size_t next(const struct prompt *p, size_t at)
{
	if (at >= p->len)
		return p->len;
	do
		at++;
	while (at < p->len && (!is_first_byte(p->text[at]) || !width_at(p, at)));
	return at;
}

static size_t before(const struct prompt *p, size_t at)
{
	if (!at)
		return 0;
	do
		at--;
	while (at && (!is_first_byte(p->text[at]) || !width_at(p, at)));
	return at;
}

static size_t word_before(const struct prompt *p, size_t at)
{
	while (at && p->text[at - 1] == ' ')
		at--;
	while (at && p->text[at - 1] != ' ')
		at--;
	return at;
}

static enum prompt_result cut(struct prompt *p, size_t from, size_t to)
{
	if (from == to)
		return PROMPT_NOTHING;
	memmove(p->text + from, p->text + to, p->len - to + 1);
	p->len -= to - from;
	p->cursor = from;
	return PROMPT_CHANGED;
}

static enum prompt_result insert(struct prompt *p, uint32_t ch)
{
	char utf8[5];
	size_t n = (size_t)cells_utf8(ch, utf8);

	if (p->len + n >= sizeof p->text)
		return PROMPT_NOTHING;
	memmove(p->text + p->cursor + n, p->text + p->cursor, p->len - p->cursor + 1);
	memcpy(p->text + p->cursor, utf8, n);
	p->len += n;
	p->cursor += n;
	return PROMPT_CHANGED;
}

static enum prompt_result move(struct prompt *p, size_t to)
{
	if (to == p->cursor)
		return PROMPT_NOTHING;
	p->cursor = to;
	return PROMPT_MOVED;
}

/* ---- what was typed before ---- */

static enum prompt_result show_past(struct prompt *p, unsigned i)
{
	if (!p->past || i > p->past->n || i == p->past_i)
		return PROMPT_NOTHING;
	if (p->past_i == p->past->n)
		memcpy(p->draft, p->text, sizeof p->draft);
	p->past_i = i;
	set_text(p, i < p->past->n ? p->past->line[i] : p->draft);
	return PROMPT_CHANGED;
}

static void forget(struct prompt_past *past, unsigned i)
{
	free(past->line[i]);
	memmove(past->line + i, past->line + i + 1, (past->n - i - 1) * sizeof *past->line);
	past->n--;
}

void prompt_keep(struct prompt *p)
{
	struct prompt_past *past = p->past;

	if (!past || !p->len)
		return;
	for (unsigned i = past->n; i-- > 0;)
		if (!strcmp(past->line[i], p->text))
			forget(past, i);
	if (past->n == PROMPT_PAST)
		forget(past, 0);
	past->line[past->n++] = xstrdup(p->text);
	p->past_i = past->n;
}

/* ---- keys ---- */

static bool is_character(uint32_t key)
{
	return key >= 0x20 && key < UIKEY_UP && !(key >= 0x7f && key < 0xa0) && !(key >= 0xd800 && key < 0xe000);
}

static enum prompt_result edit(struct prompt *p, uint32_t key)
{
	switch (key) {
	case UIKEY_LEFT:
	case CTRL('B'):
		return move(p, before(p, p->cursor));
	case UIKEY_RIGHT:
	case CTRL('F'):
		return move(p, next(p, p->cursor));
	case UIKEY_HOME:
	case CTRL('A'):
		return move(p, 0);
	case UIKEY_END:
	case CTRL('E'):
		return move(p, p->len);
	case UIKEY_BACKSPACE:
		return cut(p, before(p, p->cursor), p->cursor);
	case UIKEY_DELETE:
	case CTRL('D'):
		return cut(p, p->cursor, next(p, p->cursor));
	case CTRL('U'):
		return cut(p, 0, p->cursor);
	case CTRL('K'):
		return cut(p, p->cursor, p->len);
	case CTRL('W'):
		return cut(p, word_before(p, p->cursor), p->cursor);
	default:
		return is_character(key) ? insert(p, key) : PROMPT_NOTHING;
	}
}

enum prompt_result prompt_key(struct prompt *p, uint32_t key)
{
	switch (key) {
	case UIKEY_ENTER:
		return PROMPT_ACCEPT;
	case UIKEY_ESC:
	case CTRL('C'):
	case CTRL('G'):
		return PROMPT_LEAVE;
	case UIKEY_UP:
	case CTRL('P'):
		return p->past_i ? show_past(p, p->past_i - 1) : PROMPT_NOTHING;
	case UIKEY_DOWN:
	case CTRL('N'):
		return show_past(p, p->past_i + 1);
	default:
		return edit(p, key);
	}
}

/* ---- how it looks ---- */

/* Columns of bytes [from, to). */
static int columns(const struct prompt *p, size_t from, size_t to)
{
	int w = 0;

	for (const char *s = p->text + from; s < p->text + to;)
		w += cells_char_width(cells_next(&s));
	return w;
}

/* The first byte that is seen: the cursor and what stands on it are within w columns. */
static size_t first_seen(const struct prompt *p, int w)
{
	size_t from = 0;
	int need = columns(p, 0, p->cursor) + MAX(1, columns(p, p->cursor, next(p, p->cursor)));

	while (from < p->cursor && need > w) {
		size_t to = next(p, from);

		need -= columns(p, from, to);
		from = to;
	}
	return from;
}

static void put_text(const struct prompt *p, struct cells *c, int x, int y, int w, size_t from, const struct slip *slip)
{
	int used = 0;

	for (size_t at = from, to; at < p->len; at = to) {
		bool bad = slip->e.text[0] && at >= slip->from && at < slip->to;
		char one[PROMPT_BYTES];
		int cw;

		to = next(p, at);
		cw = columns(p, at, to);
		if (used + cw > w)
			break;
		snprintf(one, sizeof one, "%.*s", (int)(to - at), p->text + at);
		used += cells_put(c, x + used, y, cw, bad ? STYLE_OVER : STYLE_NORMAL, one);
	}
	used = columns(p, from, p->cursor);
	cells_mark(c, (struct rect){ x + used, y, MIN(MAX(1, columns(p, p->cursor, next(p, p->cursor))), w - used), 1 },
		   STYLE_SELECTED);
}

/* An arrow over the place, and the sentence where there is more room: behind the arrow, or before it. */
static void put_slip(struct cells *c, int x, int y, int w, int at, const struct slip *slip)
{
	int need = cells_width(slip->e.text) + 1;

	at = MAX(0, MIN(at, w - 1));
	cells_char(c, x + at, y, STYLE_OVER, 0x25be);
	if (need <= w - at - 1 || need > at)
		cells_put(c, x + at + 2, y, w - at - 2, STYLE_OVER, slip->e.text);
	else
		cells_put_right(c, x, y, at - 1, STYLE_OVER, slip->e.text);
}

void prompt_draw(const struct prompt *p, struct cells *c, int x, int y, int w, const char *label, const char *hint,
		 const struct slip *slip)
{
	int used = cells_putf(c, x, y, w, STYLE_KEY, "%s: ", label), room = MAX(w - used, 1);
	size_t from = first_seen(p, room);
	int at = slip->from > from ? columns(p, from, MIN(slip->from, p->len)) : 0;

	put_text(p, c, x + used, y, room, from, slip);
	if (slip->e.text[0])
		put_slip(c, x, y - 1, w, used + at, slip);
	else
		cells_put(c, x, y - 1, w, STYLE_DIM, hint);
}
