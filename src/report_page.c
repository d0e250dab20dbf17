// SPDX-License-Identifier: GPL-2.0-only
#include "report_page.h"

#include <stdlib.h>
#include <string.h>

enum { INDENT = 2, GAP = 2, MAX_COLS = 16, MIN_FLEX = 8 };

/* ---- widths ---- */

/* Decodes one character of well-formed UTF-8; anything else counts as one byte, one column. */
static size_t next_char(const char *s, uint32_t *c)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t len = p[0] < 0xc2 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 1;
	uint32_t v = len == 1 ? p[0] : p[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			*c = p[0];
			return 1;
		}
		v = v << 6 | (p[i] & 0x3f);
	}
	*c = v;
	return len;
}

/* wcwidth() answers for the locale, and replay prints the same bytes in every locale. */
static unsigned char_columns(uint32_t c)
{
	static const struct { uint32_t from, to; } wide[] = {
		{ 0x1100, 0x115f }, { 0x2e80, 0xa4cf }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f },
		{ 0xff00, 0xff60 }, { 0x1f300, 0x1f64f }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
	};

	if ((c >= 0x300 && c <= 0x36f) || (c >= 0xfe00 && c <= 0xfe0f))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++)
		if (c >= wide[i].from && c <= wide[i].to)
			return 2;
	return 1;
}

/* Bytes of s that take at most `columns`; *used says how many they take. */
static size_t fit(const char *s, unsigned columns, unsigned *used)
{
	size_t n = 0;
	uint32_t c;

	*used = 0;
	while (s[n]) {
		size_t len = next_char(s + n, &c);

		if (*used + char_columns(c) > columns)
			break;
		*used += char_columns(c);
		n += len;
	}
	return n;
}

unsigned text_columns(const char *s)
{
	unsigned used;

	fit(s, UINT32_MAX, &used);
	return used;
}

/* ---- lines ---- */

static void style_on(struct page *p, enum style style)
{
	static const char *const code[] = {
		[STYLE_NONE] = "", [STYLE_BOLD] = "\033[1m", [STYLE_DIM] = "\033[2m",
		[STYLE_GOOD] = "\033[32m", [STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[1;31m",
	};

	if (p->colour)
		fputs(code[style], p->f);
}

static void style_off(struct page *p, enum style style)
{
	if (p->colour && style)
		fputs("\033[0m", p->f);
}

static void put_styled(struct page *p, enum style style, const char *text, size_t len)
{
	style_on(p, style);
	for (size_t i = 0; i < len; i++)
		fputc(text[i] == PAGE_GLUE[0] ? ' ' : text[i], p->f);
	style_off(p, style);
}

void page_blank(struct page *p)
{
	fputc('\n', p->f);
}

void page_heading(struct page *p, const char *title, const char *note)
{
	char rest[256];
	unsigned used = 0;
	size_t n = 0;

	page_blank(p);
	put_styled(p, STYLE_BOLD, title, strlen(title));
	if (note) {
		snprintf(rest, sizeof rest, "  (%s)", note);
		n = fit(rest, p->columns > text_columns(title) ? p->columns - text_columns(title) : 0, &used);
		put_styled(p, STYLE_DIM, rest, n);
	}
	page_blank(p);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The blank at s[i] stands between "CPU" and its number, or the like. */
static bool is_name_glue(const char *s, size_t i)
{
	static const char *const word[] = { "CPU", "pid", "irq", "from" };

	for (size_t w = 0; w < ARRAY_LEN(word); w++) {
		size_t n = strlen(word[w]);

		if (i > n && s[i - n - 1] == ' ' && !strncmp(s + i - n, word[w], n))
			return is_digit(s[i + 1]);
	}
	return false;
}

/* The blank at s[i] stands between a number and its unit. */
static bool is_unit_glue(const char *s, size_t i)
{
	static const char *const unit[] = { "ns", "us", "ms", "s", "%", "MB", "M", "k", "event", "events" };
	size_t n = strcspn(s + i + 1, " ,;:.)]");

	if (!i || !is_digit(s[i - 1]))
		return false;
	for (size_t u = 0; u < ARRAY_LEN(unit); u++)
		if (strlen(unit[u]) == n && !strncmp(s + i + 1, unit[u], n))
			return true;
	return false;
}

static bool may_break(const char *s, size_t i)
{
	return s[i] == ' ' && !is_unit_glue(s, i) && !is_name_glue(s, i);
}

/* Bytes of s for a line of `columns`: to the last blank that may be broken; a word that is too long goes over. */
static size_t line_bytes(const char *s, unsigned columns)
{
	unsigned used;
	size_t max = fit(s, columns, &used), n;

	if (!s[max])
		return max;
	for (n = max; n && !may_break(s, n); n--)
		;
	if (!n)
		for (n = max; s[n] && !may_break(s, n); n++)
			;
	while (n && s[n - 1] == ' ')
		n--;
	return n;
}

void page_text(struct page *p, unsigned indent, unsigned hang, enum style style, const char *text)
{
	bool first = true;

	while (*text) {
		unsigned in = first ? indent : hang;
		size_t n = line_bytes(text, p->columns > in + 16 ? p->columns - in : 16);

		fprintf(p->f, "%*s", (int)in, "");
		put_styled(p, style, text, n);
		page_blank(p);
		text += n + strspn(text + n, " ");
		first = false;
	}
}

/* ---- tables ---- */

void table_init(struct table *t, const struct column *cols, size_t n_cols)
{
	BUG_ON(n_cols > MAX_COLS);
	*t = (struct table){ .cols = cols, .n_cols = n_cols };
}

void table_put(struct table *t, const char *text)
{
	GROW(t->cell, t->n_cells, t->cap_cells);
	t->cell[t->n_cells++] = (struct table_cell){ xstrdup(text), STYLE_NONE };
}

void table_style(struct table *t, enum style style)
{
	t->cell[t->n_cells - 1].style = style;
}

/* What is printed of each column: its width, 0 for one left out. */
struct layout {
	unsigned width[MAX_COLS];
};

static unsigned line_width(const struct table *t, const struct layout *l)
{
	unsigned sum = INDENT, gaps = 0;

	for (size_t c = 0; c < t->n_cols; c++)
		if (l->width[c]) {
			sum += l->width[c];
			gaps++;
		}
	return sum + (gaps ? gaps - 1 : 0) * GAP;
}

static void drop_one(const struct table *t, struct layout *l, bool *dropped)
{
	size_t which = t->n_cols;

	for (size_t c = 0; c < t->n_cols; c++)
		if (l->width[c] && t->cols[c].drop && (which == t->n_cols || t->cols[c].drop > t->cols[which].drop))
			which = c;
	*dropped = which < t->n_cols;
	if (*dropped)
		l->width[which] = 0;
}

static void clip_flex(const struct table *t, struct layout *l, unsigned columns)
{
	for (size_t c = 0; c < t->n_cols; c++) {
		unsigned over = line_width(t, l) > columns ? line_width(t, l) - columns : 0;

		if (t->cols[c].flex && l->width[c] > MIN_FLEX)
			l->width[c] -= MIN(over, l->width[c] - MIN_FLEX);
	}
}

/* Columns are left out before names are clipped short, but a long name first gives up what is over MAX_NAME. */
static void lay_out(const struct table *t, struct layout *l, unsigned columns)
{
	enum { MAX_NAME = 24 };
	bool more = true;

	for (size_t c = 0; c < t->n_cols; c++)
		l->width[c] = text_columns(t->cols[c].title);
	for (size_t i = 0; i < t->n_cells; i++)
		l->width[i % t->n_cols] = MAX(l->width[i % t->n_cols], text_columns(t->cell[i].text));
	for (size_t c = 0; c < t->n_cols; c++)
		if (t->cols[c].flex && line_width(t, l) > columns && l->width[c] > MAX_NAME)
			l->width[c] -= MIN(line_width(t, l) - columns, l->width[c] - MAX_NAME);
	while (more && line_width(t, l) > columns)
		drop_one(t, l, &more);
	clip_flex(t, l, columns);
}

static void put_cell(struct page *p, const struct column *col, unsigned width, const char *text, enum style style, bool last)
{
	unsigned used, all = text_columns(text);
	size_t n = fit(text, width, &used);

	if (all > width)		/* a mark that it goes on */
		n = fit(text, width - 1, &used);
	if (col->right)
		fprintf(p->f, "%*s", (int)(width - used), "");
	put_styled(p, style, text, n);
	if (all > width) {
		fputc('+', p->f);
		used++;
	}
	if (!col->right && !last)
		fprintf(p->f, "%*s", (int)(width - used), "");
}

static void put_row(struct page *p, const struct table *t, const struct layout *l, const struct table_cell *row)
{
	size_t last = 0;

	for (size_t c = 0; c < t->n_cols; c++)
		if (l->width[c] && *(row ? row[c].text : t->cols[c].title))
			last = c;
	fprintf(p->f, "%*s", INDENT, "");
	for (size_t c = 0; c <= last; c++) {
		if (!l->width[c])
			continue;
		put_cell(p, &t->cols[c], l->width[c], row ? row[c].text : t->cols[c].title, row ? row[c].style : STYLE_DIM, c == last);
		if (c < last)
			fprintf(p->f, "%*s", GAP, "");
	}
	page_blank(p);
}

void table_print(struct table *t, struct page *p)
{
	struct layout l;

	lay_out(t, &l, p->columns);
	put_row(p, t, &l, NULL);
	for (size_t i = 0; i + t->n_cols <= t->n_cells; i += t->n_cols)
		put_row(p, t, &l, t->cell + i);
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cell[i].text);
	free(t->cell);
	*t = (struct table){ 0 };
}
