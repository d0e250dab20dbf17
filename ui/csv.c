// SPDX-License-Identifier: GPL-2.0-only
#include "csv.h"
#include "look.h"

#include <ctype.h>
#include <string.h>

/* "*_ns": one column for each stage. */
static bool is_by_stage(const struct column *col)
{
	return col->csv && strchr(col->csv, '*');
}

static bool is_left_out(const struct column *col)
{
	return col->csv && !col->csv[0];
}

static bool is_number(const char *text)
{
	size_t sign = *text == '-' || *text == '+';

	return text[sign] && strspn(text + sign, "0123456789.") == strlen(text + sign);
}

static void put_text(FILE *f, const char *text)
{
	bool formula = *text && strchr("=+-@", *text) && !is_number(text);

	if (!formula && !strpbrk(text, ",\"\r\n") && text[0] != ' ') {
		fputs(text, f);
		return;
	}
	fputs(formula ? "\"'" : "\"", f);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', f);
		putc(*text, f);
	}
	putc('"', f);
}

static void put_name(FILE *f, const struct column *col)
{
	if (is_by_stage(col)) {
		const char *star = strchr(col->csv, '*');

		for (unsigned i = 0; i < N_STAGES; i++)
			fprintf(f, "%s%.*s%s%s", i ? "," : "", (int)(star - col->csv), col->csv, look_stage(i)->name, star + 1);
	} else if (col->csv) {
		put_text(f, col->csv);
	} else {
		for (const char *p = col->title; *p; p++)
			putc(*p == ' ' ? '_' : tolower((unsigned char)*p), f);
	}
}

static void put_names(const struct table *t, FILE *f)
{
	const char *sep = "";

	for (size_t i = 0; i < t->n_cols; i++) {
		if (is_left_out(t->cols + i))
			continue;
		fputs(sep, f);
		put_name(f, t->cols + i);
		sep = ",";
	}
	putc('\n', f);
}

/* Three places, with a point whatever the locale says. */
static void put_rate(FILE *f, double v)
{
	uint64_t n = look_u64(v * 1000 + 0.5);

	fprintf(f, "%llu.%03u", (unsigned long long)(n / 1000), (unsigned)(n % 1000));
}

static void put_stages(FILE *f, const struct field *fl)
{
	for (unsigned i = 0; i < N_STAGES; i++) {
		fputs(i ? "," : "", f);
		if (fl->kind == FIELD_STAGES)
			fprintf(f, "%llu", (unsigned long long)fl->ns[i]);
	}
}

/* The dash of a screen says nothing. */
static void put_known_text(FILE *f, const char *text)
{
	if (text && strcmp(text, LOOK_DASH))
		put_text(f, text);
}

static void put_field(FILE *f, const struct column *col, const struct field *fl, const void *arg, size_t row)
{
	char words[1024];

	if (is_by_stage(col)) {
		put_stages(f, fl);
		return;
	}
	switch (fl->kind) {
	case FIELD_TEXT:
		put_known_text(f, fl->text);
		return;
	case FIELD_PAINT:
		if (fl->words)
			put_known_text(f, fl->words(arg, row, words, sizeof words));
		return;
	case FIELD_TIME:
	case FIELD_COUNT:
		fprintf(f, "%llu", (unsigned long long)look_u64(fl->num));
		return;
	case FIELD_RATE:
		put_rate(f, fl->num);
		return;
	default:
		return;			/* unknown */
	}
}

static void put_row(const struct table *t, const void *arg, size_t row, FILE *f)
{
	const char *sep = "";
	unsigned covered = 0;

	for (unsigned i = 0; i < t->n_cols; i++) {
		struct field fl = { 0 };

		if (covered)
			covered--;
		else
			t->field(arg, row, i, &fl);
		covered = MAX(covered, fl.span);
		if (is_left_out(t->cols + i))
			continue;
		fputs(sep, f);
		put_field(f, t->cols + i, &fl, arg, row);
		sep = ",";
	}
	putc('\n', f);
}

void csv_write(const struct table *t, const void *arg, size_t n_rows, FILE *f)
{
	put_names(t, f);
	for (size_t i = 0; i < n_rows; i++)
		put_row(t, arg, i, f);
}
