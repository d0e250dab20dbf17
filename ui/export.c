// SPDX-License-Identifier: GPL-2.0-only
#include "export.h"
#include "csv.h"
#include "report.h"
#include "svg.h"
#include "table.h"

#include <string.h>

static const struct {
	char key;
	const char *words, *short_words, *ext;
} kinds[N_EXPORTS] = {
	[EXPORT_SCREEN] = { 't', "text", "text", "txt" },
	[EXPORT_ROWS] = { 'T', "all rows as text", "all rows", "txt" },
	[EXPORT_CSV] = { 'c', "CSV", "CSV", "csv" },
	[EXPORT_JSON] = { 'j', "step as JSON", "JSON", "json" },
	[EXPORT_SVG] = { 's', "step as SVG", "SVG", "svg" },
};

static const struct step *step_of(const struct shown *sh)
{
	return sh->view->step ? sh->view->step(sh->state, sh->s) : NULL;
}

static bool sheet_of(const struct shown *sh, unsigned nth, struct sheet *out)
{
	*out = (struct sheet){ .name = "" };
	return nth < EXPORT_PARTS && sh->view->sheet && sh->view->sheet(sh->state, sh->s, nth, out);
}

bool export_can(const struct shown *sh, enum export_kind kind)
{
	const struct step *step;
	struct sheet sheet;

	switch (kind) {
	case EXPORT_ROWS:
		for (unsigned i = 0; sheet_of(sh, i, &sheet); i++)
			if (sheet.shown)
				return true;
		return false;
	case EXPORT_CSV:
		return sheet_of(sh, 0, &sheet);
	case EXPORT_JSON:
		return step_of(sh);
	case EXPORT_SVG:
		step = step_of(sh);
		return step && step->has_segments && step->n_seg;
	default:
		return kind == EXPORT_SCREEN;
	}
}

enum export_kind export_of_key(const struct shown *sh, uint32_t key)
{
	for (unsigned k = 0; k < N_EXPORTS; k++)
		if (key == (unsigned char)kinds[k].key && export_can(sh, (enum export_kind)k))
			return (enum export_kind)k;
	return N_EXPORTS;
}

static int put_choice(const struct shown *sh, struct cells *c, int x, int y, int w, bool in_short)
{
	int gap = in_short ? 1 : 2, at = cells_put(c, x, y, w, STYLE_NOTE, in_short ? "export" : "export:") + 1;

	for (unsigned k = 0; k <= N_EXPORTS; k++) {
		const char *words = k == N_EXPORTS ? "" : in_short ? kinds[k].short_words : kinds[k].words;
		char key[8] = "Esc";

		if (k < N_EXPORTS && !export_can(sh, (enum export_kind)k))
			continue;
		if (k < N_EXPORTS)
			snprintf(key, sizeof key, "%c ", kinds[k].key);
		at += cells_put(c, x + at, y, w - at, STYLE_KEY, key);
		at += cells_put(c, x + at, y, w - at, STYLE_NORMAL, words) + gap;
	}
	return at - gap;
}

void export_draw(const struct shown *sh, struct cells *c, int x, int y, int w)
{
	bool in_short = put_choice(sh, &(struct cells){ 0 }, 0, 0, 1000, false) > w;

	cells_fill(c, (struct rect){ x, y, w, 1 }, STYLE_NORMAL, ' ');
	put_choice(sh, c, x, y, w, in_short);
}

static void say_step(const struct shown *sh, const struct step *step, char *buf, size_t len)
{
	const char *id = snapshot_str(sh->s, step->id);

	if (id[0])
		snprintf(buf, len, "step %.60s %.60s", snapshot_str(sh->s, step->agent), id);
	else
		snprintf(buf, len, "step %.60s #%llu", snapshot_str(sh->s, step->agent), (unsigned long long)step->serial);
}

void export_plan(const struct shown *sh, enum export_kind kind, struct export *x)
{
	const struct step *step = step_of(sh);
	struct sheet sheet;
	size_t n_rows = 0;

	*x = (struct export){ .kind = kind, .ext = kinds[kind].ext, .n_parts = 1, .part = { "" } };
	if (kind == EXPORT_JSON || kind == EXPORT_SVG) {
		if (step)
			say_step(sh, step, x->what, sizeof x->what);
		return;
	}
	for (unsigned i = 0; kind != EXPORT_SCREEN && sheet_of(sh, i, &sheet); i++) {
		n_rows += sheet.n_rows;
		if (kind == EXPORT_CSV) {
			x->part[i] = sheet.name;
			x->n_parts = i + 1;
		}
	}
	if (x->n_parts == 1)
		x->part[0] = "";
	snprintf(x->what, sizeof x->what, "%zu row%s", n_rows, n_rows == 1 ? "" : "s");
}

#define CHUNK 500			/* lines painted at once */

/* A table longer than any screen, painted piece by piece. */
static void write_rows(const struct sheet *sheet, int cols, bool ascii, FILE *f)
{
	struct cells c = { 0 };
	size_t at = 0;

	do {
		size_t n = MIN(sheet->n_rows - at, (size_t)CHUNK);
		struct cells below;

		cells_resize(&c, cols, (int)n + 1);
		table_draw(sheet->shown, sheet->arg, sheet->n_rows, &(struct table_pos){ TABLE_NO_CURSOR, at }, &c,
			   (struct rect){ 0, 0, c.cols, c.lines }, sheet->sort_col, sheet->reverse);
		below = c;
		if (at) {		/* one heading is enough */
			below.at += c.cols;
			below.lines--;
		}
		cells_dump(&below, ascii, f);
		at += n;
	} while (at < sheet->n_rows);
	cells_fini(&c);
}

static void write_all_rows(const struct shown *sh, int cols, bool ascii, FILE *f)
{
	struct sheet sheet;
	bool first = true;

	for (unsigned i = 0; sheet_of(sh, i, &sheet); i++) {
		if (!sheet.shown)
			continue;
		if (!first)
			putc('\n', f);
		first = false;
		write_rows(&sheet, cols, ascii, f);
	}
}

static void write_svg(const struct shown *sh, const struct step *step, FILE *f)
{
	struct waterfall w = { 0 };

	waterfall_set(&w, step);
	svg_write(&w, sh->s, f);
	waterfall_fini(&w);
}

void export_write(const struct shown *sh, enum export_kind kind, unsigned part, int cols, bool ascii, FILE *f)
{
	const struct step *step = step_of(sh);
	struct sheet sheet;

	if (kind == EXPORT_ROWS)
		write_all_rows(sh, cols, ascii, f);
	else if (kind == EXPORT_CSV && sheet_of(sh, part, &sheet))
		csv_write(sheet.csv ? sheet.csv : sheet.shown, sheet.arg, sheet.n_rows, f);
	else if (kind == EXPORT_JSON && step)
		report_json_step(sh->s, step, f);
	else if (kind == EXPORT_SVG && step)
		write_svg(sh, step, f);
}
