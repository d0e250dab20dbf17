// SPDX-License-Identifier: GPL-2.0-only
#include "table.h"
#include "look.h"

#include <stdlib.h>
#include <string.h>

#define MARGIN 2			/* for the cursor's mark */

struct layout {
	int w[TABLE_COLS];		/* 0: left out */
};

/* Room that is left over goes to the columns that may grow, one column at a time and in turn, so that none starves. */
static void grow_columns(const struct table *t, struct layout *l, int spare)
{
	bool grown = true;

	while (spare > 0 && grown) {
		grown = false;
		for (size_t i = 0; i < t->n_cols && spare > 0; i++)
			if (l->w[i] && l->w[i] < t->cols[i].max_width) {
				l->w[i]++;
				spare--;
				grown = true;
			}
	}
}

static struct layout lay_out(const struct table *t, int w)
{
	struct layout l = { { 0 } };
	int need = MARGIN - 1;

	for (size_t i = 0; i < t->n_cols; i++) {
		l.w[i] = t->cols[i].width;
		need += l.w[i] + 1;
	}
	while (need > w) {
		size_t last = t->n_cols;

		for (size_t i = 0; i < t->n_cols; i++)
			if (l.w[i] && t->cols[i].drop && (last == t->n_cols || t->cols[i].drop > t->cols[last].drop))
				last = i;
		if (last == t->n_cols)
			break;
		need -= l.w[last] + 1;
		l.w[last] = 0;
	}
	grow_columns(t, &l, w - need);
	return l;
}

static void put_field(const struct field *f, struct cells *c, int x, int y, int w, bool right)
{
	const char *text = f->text ? f->text : "";
	char buf[32];

	switch (f->kind) {
	case FIELD_BLANK:
		return;
	case FIELD_STAGES:
		look_stage_bar(c, x, y, w, f->ns);
		return;
	case FIELD_UNKNOWN:
		text = LOOK_DASH;
		break;
	case FIELD_TIME:
		text = fmt_ns(buf, sizeof buf, look_u64(f->num));
		break;
	case FIELD_COUNT:
		text = look_count(buf, sizeof buf, look_u64(f->num));
		break;
	case FIELD_RATE:
		text = look_rate(buf, sizeof buf, f->num);
		break;
	case FIELD_TEXT:
	case FIELD_PAINT:
		break;
	}
	if (right)
		cells_put_right(c, x, y, w, f->style, text);
	else
		cells_put(c, x + f->indent, y, w - f->indent, f->style, text);
}

static void draw_row(const struct table *t, const void *arg, size_t row, const struct layout *l, struct cells *c,
		     int x, int y, int end)
{
	for (unsigned i = 0; i < t->n_cols; i++) {
		struct field f = { 0 };
		bool right = t->cols[i].right;
		int w = l->w[i];

		if (!w)
			continue;
		t->field(arg, row, i, &f);
		for (; f.span && i + 1 < t->n_cols; f.span--) {
			i++;
			w += l->w[i] ? l->w[i] + 1 : 0;
			right = false;
		}
		if (f.kind == FIELD_PAINT)
			f.paint(arg, row, c, x, y, MIN(w, end - x));
		else
			put_field(&f, c, x, y, MIN(w, end - x), right);
		x += w + 1;
	}
}

/* Presses of a key that sort by that column. */
static void hit_heading(const struct table *t, struct cells *c, struct rect r, unsigned col, unsigned sort_col)
{
	unsigned n = 1, at;

	if (sort_col >= t->n_cols || !t->cols[col].sort)
		return;
	if (col == sort_col) {
		cells_hit(c, r, ACT_REVERSE, 1, HIT_KEY);
		return;
	}
	for (at = table_next_sort(t, sort_col, 1); at != col && n < t->n_cols; n++)
		at = table_next_sort(t, at, 1);
	if (at == col)
		cells_hit(c, r, ACT_SORT, n, HIT_KEY);
}

static void draw_heading(const struct table *t, const struct layout *l, struct cells *c, struct rect r,
			 unsigned sort_col, bool reverse)
{
	int x = r.x + MARGIN;

	cells_fill(c, (struct rect){ r.x, r.y, r.w, 1 }, STYLE_HEAD, ' ');
	for (unsigned i = 0; i < t->n_cols; i++) {
		const struct column *col = t->cols + i;
		char title[48];

		if (!l->w[i])
			continue;
		snprintf(title, sizeof title, "%s%s", col->title, i != sort_col ? "" : reverse ? "▲" : "▼");
		/* The arrow of a full column may use the gap before it. */
		if (col->right)
			cells_put_right(c, x - 1, r.y, MIN(l->w[i] + 1, r.x + r.w - x + 1), STYLE_HEAD, title);
		else
			cells_put(c, x, r.y, MIN(l->w[i], r.x + r.w - x), STYLE_HEAD, title);
		hit_heading(t, c, (struct rect){ x - 1, r.y, MIN(l->w[i] + 1, r.x + r.w - x + 1), 1 }, i, sort_col);
		x += l->w[i] + 1;
	}
}

/* Steps of the cursor to that row. On the first row one that leads nowhere says that the cursor is wanted there. */
static void hit_row(struct cells *c, struct rect r, size_t row, size_t cursor)
{
	if (cursor == TABLE_NO_CURSOR)
		return;
	if (row > cursor)
		cells_hit(c, r, ACT_DOWN, (unsigned)(row - cursor), HIT_ROW);
	else
		cells_hit(c, r, ACT_UP, (unsigned)(cursor ? cursor - row : 1), row == cursor ? HIT_CHOSEN_ROW : HIT_ROW);
}

size_t table_top(const struct table_pos *pos, size_t n_rows, size_t page)
{
	size_t top = pos->top;

	if (!page || n_rows <= page)
		return 0;
	if (pos->cursor != TABLE_NO_CURSOR) {
		if (pos->cursor < top)
			top = pos->cursor;
		else if (pos->cursor >= top + page)
			top = pos->cursor - page + 1;
	}
	return MIN(top, n_rows - page);
}

void table_draw(const struct table *t, const void *arg, size_t n_rows, const struct table_pos *pos, struct cells *c,
		struct rect r, unsigned sort_col, bool reverse)
{
	struct layout l = lay_out(t, r.w);
	size_t page = r.h > 1 ? (size_t)r.h - 1 : 0, top = table_top(pos, n_rows, page);

	if (r.h < 1 || r.w < 1)
		return;
	draw_heading(t, &l, c, r, sort_col, reverse);
	for (size_t i = 0; i < page && top + i < n_rows; i++) {
		int y = r.y + 1 + (int)i;

		draw_row(t, arg, top + i, &l, c, r.x + MARGIN, y, r.x + r.w);
		hit_row(c, (struct rect){ r.x, y, r.w, 1 }, top + i, pos->cursor);
		if (top + i == pos->cursor) {
			cells_char(c, r.x, y, STYLE_KEY, 0x25b8);
			cells_mark(c, (struct rect){ r.x, y, r.w, 1 }, STYLE_SELECTED);
		}
	}
}

bool table_move(struct table_pos *pos, enum action a, size_t n_rows, size_t page)
{
	size_t last = n_rows ? n_rows - 1 : 0, cur = MIN(pos->cursor, last);

	page = MAX(page, (size_t)1);
	switch (a) {
	case ACT_UP:
		cur -= cur > 0;
		break;
	case ACT_DOWN:
		cur += cur < last;
		break;
	case ACT_PAGE_UP:
		cur -= MIN(cur, page);
		break;
	case ACT_PAGE_DOWN:
		cur = MIN(last, cur + page);
		break;
	case ACT_FIRST:
		cur = 0;
		break;
	case ACT_LAST:
		cur = last;
		break;
	default:
		return false;
	}
	pos->cursor = cur;
	pos->top = table_top(pos, n_rows, page);
	return true;
}

struct key {
	uint32_t row;
	int sign;
	bool known, is_text;
	double num;
	char text[64];
};

/* What is unknown comes last, whatever the direction. */
static int compare(const void *pa, const void *pb)
{
	const struct key *a = pa, *b = pb;
	int cmp = 0;

	if (a->known != b->known)
		return a->known ? -1 : 1;
	if (a->num != b->num)
		cmp = a->num > b->num ? -1 : 1;
	else if (a->is_text && b->is_text)
		cmp = strcmp(a->text, b->text);
	if (cmp)
		return cmp * a->sign;
	return a->row < b->row ? -1 : a->row > b->row;
}

static void make_key(const struct table *t, const void *arg, uint32_t row, unsigned col, struct key *k)
{
	struct field f = { 0 };

	t->field(arg, row, col, &f);
	k->row = row;
	k->known = f.kind != FIELD_UNKNOWN && f.kind != FIELD_BLANK;
	k->is_text = f.kind == FIELD_TEXT;
	k->num = k->known ? f.num : 0;
	if (k->is_text && f.text)
		snprintf(k->text, sizeof k->text, "%s", f.text);
}

void table_sort(const struct table *t, const void *arg, uint32_t *rows, size_t n, unsigned col, bool reverse)
{
	struct key *k;

	if (n < 2 || col >= t->n_cols)
		return;
	k = xcalloc(n, sizeof *k);
	for (size_t i = 0; i < n; i++) {
		make_key(t, arg, rows[i], col, k + i);
		k[i].sign = reverse ? -1 : 1;
	}
	qsort(k, n, sizeof *k, compare);
	for (size_t i = 0; i < n; i++)
		rows[i] = k[i].row;
	free(k);
}

unsigned table_next_sort(const struct table *t, unsigned col, int direction)
{
	for (size_t i = 0; i < t->n_cols; i++) {
		col = (col + (direction > 0 ? 1 : (unsigned)t->n_cols - 1)) % (unsigned)t->n_cols;
		if (t->cols[col].sort)
			return col;
	}
	return col;
}

void sheet_arg(struct sheet *sheet, const void *arg, size_t len)
{
	BUG_ON(len > sizeof sheet->room);
	memcpy(sheet->room, arg, len);
	sheet->arg = sheet->room;
}

void field_exact(struct field *f, uint64_t v)
{
	f->kind = FIELD_TEXT;
	f->num = (double)v;
	snprintf(f->buf, sizeof f->buf, "%llu", (unsigned long long)v);
	f->text = f->buf;
}

/* With a point whatever the locale says. */
void field_ratio(struct field *f, double v)
{
	uint64_t n = look_u64(v * 1000000 + 0.5);

	f->kind = FIELD_TEXT;
	f->num = v;
	snprintf(f->buf, sizeof f->buf, "%llu.%06u", (unsigned long long)(n / 1000000), (unsigned)(n % 1000000));
	f->text = f->buf;
}
