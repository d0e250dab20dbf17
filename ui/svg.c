// SPDX-License-Identifier: GPL-2.0-only
#include "svg.h"
#include "kinds.h"
#include "look.h"
#include "title.h"

#include <stdlib.h>
#include <string.h>

/* In the picture's own units, a pixel where nothing is scaled. */
#define WIDTH 1200
#define LABEL 230			/* left of it are names */
#define PLOT (WIDTH - LABEL - 20)
#define TOP 78				/* of the first row */
#define ROW 22
#define BAR 18
#define CHAR 6.7			/* a character of the labels' size, in the widest of usual fonts */
#define ROWS_MAX 60			/* actors; with more, those with the most time */
#define EVENTS_MAX 12			/* said of one piece */
/* Pieces that all lie so close together are one bar: nobody sees them apart, and a step may have a million. */
#define TOGETHER 0.6
#define ARROWS_APART 1.5

struct svg {
	FILE *f;
	const struct snapshot *s;
	const struct waterfall *w;
	uint32_t rows[ROWS_MAX];	/* actors */
	size_t n_rows;
	uint32_t *row_of;		/* of each actor: its row, from 1; 0: not shown. The agent's row is 0 as well. */
};

/* ---- text and numbers ---- */

/* What XML cannot hold, escaped or not, becomes a question mark. */
static void put_char(FILE *f, uint32_t ch)
{
	char utf8[5];

	switch (ch) {
	case '&': fputs("&amp;", f); return;
	case '<': fputs("&lt;", f); return;
	case '>': fputs("&gt;", f); return;
	case '"': fputs("&quot;", f); return;
	case '\'': fputs("&#39;", f); return;
	}
	if ((ch < 0x20 && ch != '\n') || (ch & 0xfffe) == 0xfffe || (ch >= 0x7f && ch < 0xa0))
		ch = '?';
	utf8[cells_utf8(ch, utf8)] = 0;
	fputs(utf8, f);
}

/* At most max columns; cut, it ends with an ellipsis. */
static void put_cut(FILE *f, const char *text, int max)
{
	bool cut = cells_width(text) > max;
	int at = 0;

	while (*text) {
		uint32_t ch = *text == '\n' ? (uint32_t)*text++ : cells_next(&text);

		at += cells_char_width(ch);
		if (cut && at >= max) {
			put_char(f, 0x2026);
			return;
		}
		put_char(f, ch);
	}
}

static void put_text(FILE *f, const char *text)
{
	put_cut(f, text, 100000);
}

static void PRINTF(2, 3) put_textf(FILE *f, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	put_text(f, text);
}

/* attribute="12.34", with a point whatever the locale says. */
static void put_num(FILE *f, const char *attribute, double v)
{
	long n = (long)(MAX(-1e6, MIN(v, 1e6)) * 100 + (v < 0 ? -0.5 : 0.5));

	fprintf(f, " %s=\"%s%ld.%02ld\"", attribute, n < 0 ? "-" : "", labs(n) / 100, labs(n) % 100);
}

static double x_of(double place)
{
	return LABEL + MAX(0.0, MIN(place, 1.0)) * PLOT;
}

static double y_of(size_t row)
{
	return TOP + (double)row * ROW;
}

/* ---- colours ---- */

/* Told apart with any colour vision; the letters say it without. */
static const struct {
	const char *fill, *ink;
} colours[N_STYLES] = {
	[STYLE_RUN] = { "#0072b2", "#fff" }, [STYLE_KERNEL] = { "#56b4e9", "#000" }, [STYLE_STEAL] = { "#d55e00", "#fff" },
	[STYLE_OUTSIDE] = { "#b0b0b0", "#000" }, [STYLE_DEVICE] = { "#009e73", "#fff" }, [STYLE_IRQ] = { "#cc79a7", "#000" },
	[STYLE_SOFTIRQ] = { "#882255", "#fff" }, [STYLE_TIMER] = { "#ddcc77", "#000" }, [STYLE_PEER] = { "#44aa99", "#000" },
	[STYLE_QUEUE] = { "#e69f00", "#000" }, [STYLE_LOST] = { "#000", "#fff" }, [STYLE_UNKNOWN] = { "#777", "#fff" },
};

static void put_style(FILE *f)
{
	fputs("<style>text{font:11px monospace;fill:#222}.h{font-size:16px;font-weight:bold}.d{fill:#666}.b{font-weight:bold}"
	      ".g{stroke:#ddd}.a{stroke:#222;fill:none;marker-end:url(#to)}.i{stroke-dasharray:3 2}.c{text-anchor:middle}"
	      ".m{fill:#b00020;font-weight:bold}.goal{stroke:#b00020;stroke-width:2;stroke-dasharray:6 3}", f);
	for (unsigned i = 0; i < N_STYLES; i++)
		if (colours[i].fill)
			fprintf(f, ".s%u{fill:%s;stroke:%s}.w%u{fill:%s;fill-opacity:.3;stroke:%s}.t%u{fill:%s}\n", i, colours[i].fill,
				colours[i].fill, i, colours[i].fill, colours[i].fill, i, colours[i].ink);
	fputs("</style>\n<defs><marker id=\"to\" viewBox=\"0 0 6 6\" refX=\"5\" refY=\"3\" markerWidth=\"6\" markerHeight=\"6\""
	      " orient=\"auto\"><path d=\"M0 0L6 3L0 6z\" fill=\"#222\"/></marker></defs>\n", f);
}

/* ---- what the mouse gets to know ---- */

static uint64_t seg_ns(const struct segment *g)
{
	return g->to > g->from ? g->to - g->from : 0;
}

static uint64_t since(const struct svg *v, uint64_t ts)
{
	return ts > v->w->step->begin ? ts - v->w->step->begin : 0;
}

static void put_events(const struct svg *v, const struct segment *g)
{
	const struct step *st = v->w->step;
	char t[32], cpu[24];
	unsigned n = 0;

	for (size_t i = g->ev; i < st->n_ev && n < g->n_ev && n < EVENTS_MAX; i++, n++) {
		const struct evidence *e = st->ev + i;

		if (e->cpu == UINT32_MAX)
			cpu[0] = 0;
		else
			snprintf(cpu, sizeof cpu, "cpu%u ", e->cpu);
		put_textf(v->f, "\n%s %s%s", fmt_ts(t, sizeof t, e->ts), cpu, snapshot_str(v->s, e->event));
	}
	if (n < g->n_ev && g->ev + (size_t)n < st->n_ev)
		fprintf(v->f, "\nand %u more", g->n_ev - n);
}

static void put_tip(const struct svg *v, const struct segment *g, bool of_actor)
{
	struct bar_words b = waterfall_bar(g, of_actor);
	const char *actor = snapshot_str(v->s, g->actor), *gate = snapshot_str(v->s, g->gate);
	char t[32], from[32], to[32], cpu[24];

	put_textf(v->f, "%s%s %s (%llu ns)", b.of_peer ? "peer: " : "", b.words, fmt_ns(t, sizeof t, seg_ns(g)),
		  (unsigned long long)seg_ns(g));
	if (actor[0])
		put_textf(v->f, "\n%.200s", actor);
	put_textf(v->f, "\nfrom %s to %s, %s into the step", fmt_ts(from, sizeof from, g->from), fmt_ts(to, sizeof to, g->to),
		  fmt_ns(t, sizeof t, since(v, g->from)));
	put_textf(v->f, "\n%s, %s", look_cpu(cpu, sizeof cpu, g->cpu), g->confidence == CONF_PROVEN ? "proven" : "inferred");
	if (gate[0])
		put_textf(v->f, ", in %.80s", gate);
	put_events(v, g);
}

/* ---- bars ---- */

struct bar {
	double x0, x1;
	size_t n;			/* segments; 0: no bar */
	size_t longest;
};

static void put_words(const struct svg *v, const struct bar *b, const struct bar_words *words, double y, bool pale)
{
	char text[64];
	double width = b->x1 - b->x0;

	snprintf(text, sizeof text, "%s%s", words->of_peer ? "peer: " : "", words->words);
	if (width < CHAR + 1)
		return;
	if (width < cells_width(text) * CHAR + 4)
		snprintf(text, sizeof text, "%c", look_stage(words->stage)->letter);
	fprintf(v->f, "<text class=\"c%s", pale ? "" : " t");
	if (!pale)
		fprintf(v->f, "%u", words->instead ? STYLE_STEAL : look_stage_style(words->stage));
	fputs("\"", v->f);
	put_num(v->f, "x", (b->x0 + b->x1) / 2);
	put_num(v->f, "y", y + 13);
	fputs(">", v->f);
	put_text(v->f, text);
	fputs("</text>", v->f);
}

static void put_bar(const struct svg *v, struct bar *b, size_t row)
{
	const struct segment *g = v->w->seg + b->longest;
	struct bar_words words = waterfall_bar(g, row > 0);
	bool pale = look_stage_is_wait(words.stage) && !words.instead;
	double y = y_of(row) + (ROW - BAR) / 2.0;

	if (!b->n)
		return;
	fprintf(v->f, "<g><rect class=\"%c%u%s\"", pale ? 'w' : 's', words.instead ? STYLE_STEAL : look_stage_style(words.stage),
		g->confidence == CONF_PROVEN ? "" : " i");
	put_num(v->f, "x", b->x0);
	put_num(v->f, "y", y);
	put_num(v->f, "width", MAX(b->x1 - b->x0, 0.4));	/* what is there is seen */
	fprintf(v->f, " height=\"%d\"/>", BAR);
	put_words(v, b, &words, y, pale);
	fputs("<title>", v->f);
	if (b->n > 1)
		fprintf(v->f, "%zu pieces, too close to be told apart here; the longest:\n", b->n);
	put_tip(v, g, row > 0);
	fputs("</title></g>\n", v->f);
	b->n = 0;
}

static void add_to_row(const struct svg *v, struct bar *rows, size_t row, size_t i)
{
	struct bar *b = rows + row;
	double x0 = x_of(waterfall_from(v->w, false, i)), x1 = x_of(waterfall_to(v->w, false, i));

	if (b->n && x1 - b->x0 >= TOGETHER)
		put_bar(v, b, row);
	if (!b->n)
		*b = (struct bar){ .x0 = x0, .x1 = x1, .longest = i };
	b->n++;
	b->x1 = MAX(b->x1, x1);
	if (seg_ns(v->w->seg + i) > seg_ns(v->w->seg + b->longest))
		b->longest = i;
}

static void put_bars(const struct svg *v)
{
	struct bar rows[ROWS_MAX + 1] = { { 0 } };

	for (size_t i = 0; i < v->w->n_seg; i++) {
		uint32_t actor = v->w->actor_of[i];

		add_to_row(v, rows, 0, i);
		if (actor != ACTOR_AGENT && v->row_of[actor])
			add_to_row(v, rows, v->row_of[actor], i);
	}
	for (size_t i = 0; i <= v->n_rows; i++)
		put_bar(v, rows + i, i);
}

/* ---- arrows ---- */

static size_t row_of_id(const struct svg *v, str_id id)
{
	for (size_t i = 0; i < v->n_rows; i++)
		if (v->w->actors[v->rows[i]].id == id)
			return i + 1;
	return SIZE_MAX;
}

/*
 * In whose hands the step was: the agent's own (a peer's) when he ran or was ready to, whoever took his time then; else
 * the actor's. SIZE_MAX: of one that is not shown.
 */
static size_t hands(const struct svg *v, size_t i)
{
	const struct segment *g = v->w->seg + i;
	uint32_t actor = v->w->actor_of[i];

	if (actor == ACTOR_AGENT)
		return 0;
	switch (waterfall_bar(g, false).stage) {
	case ST_USER: case ST_KERNEL: case ST_RETURN: case ST_IRQ_STEAL: case ST_SOFTIRQ_STEAL: case ST_WAKEUP: case ST_RUNQUEUE:
	case ST_PREEMPTED: case ST_LOOP: case ST_LOST: case ST_UNKNOWN:
		return g->peer ? row_of_id(v, g->peer) : 0;
	}
	return v->row_of[actor] ? v->row_of[actor] : SIZE_MAX;
}

static const char *row_name(const struct svg *v, size_t row)
{
	return snapshot_str(v->s, row ? v->w->actors[v->rows[row - 1]].id : v->w->step->agent);
}

static void put_arrow(const struct svg *v, size_t from, size_t to, size_t i)
{
	const struct segment *g = v->w->seg + i;
	bool doubt = g->confidence != CONF_PROVEN || g[-1].confidence != CONF_PROVEN;
	double x = x_of(waterfall_from(v->w, false, i)), y0 = y_of(from) + ROW / 2.0, y1 = y_of(to) + (from < to ? 2 : ROW - 2);
	char t[32], u[16];

	fprintf(v->f, "<g><line class=\"a%s\"", doubt ? " i" : "");
	put_num(v->f, "x1", x);
	put_num(v->f, "y1", y0);
	put_num(v->f, "x2", x);
	put_num(v->f, "y2", y1);
	fputs("/><title>", v->f);
	put_textf(v->f, "%.150s hands over to %.150s\nat %s, %s into the step", row_name(v, from), row_name(v, to),
		  fmt_ts(t, sizeof t, g->from), fmt_ns(u, sizeof u, since(v, g->from)));
	fputs("</title></g>\n", v->f);
}

static void put_arrows(const struct svg *v)
{
	struct { size_t from; double x; } last[ROWS_MAX + 1];	/* that led to a row */

	for (size_t i = 0; i <= ROWS_MAX; i++)
		last[i].x = -1e9;
	for (size_t i = 1; i < v->w->n_seg; i++) {
		size_t from = hands(v, i - 1), to = hands(v, i);
		double x = x_of(waterfall_from(v->w, false, i));

		if (from == SIZE_MAX || to == SIZE_MAX || from == to)
			continue;
		if (last[to].from == from && x - last[to].x < ARROWS_APART)
			continue;
		last[to].from = from;
		last[to].x = x;
		put_arrow(v, from, to, i);
	}
}

/* ---- frame ---- */

static void put_line(const struct svg *v, const char *class, double x, double y, const char *text, double room)
{
	fprintf(v->f, "<text class=\"%s\"", class);
	put_num(v->f, "x", x);
	put_num(v->f, "y", y);
	fputs(">", v->f);
	put_cut(v->f, text, (int)(room / CHAR));
	fputs("</text>\n", v->f);
}

static void step_name(const struct svg *v, char *buf, size_t len)
{
	const struct step *st = v->w->step;
	const char *id = snapshot_str(v->s, st->id), *name = snapshot_str(v->s, st->name);
	char serial[32];

	snprintf(serial, sizeof serial, "#%llu", (unsigned long long)st->serial);
	snprintf(buf, len, "%.100s%s%.60s %.60s", snapshot_str(v->s, st->agent), name[0] ? "/" : "", name, id[0] ? id : serial);
}

static void put_deadline(const struct svg *v)
{
	const struct step *st = v->w->step;
	uint64_t ns = step_ns(st);
	bool missed = st->deadline_ns && (st->missed || ns > st->deadline_ns);
	char text[80], a[16], b[16];

	if (!st->deadline_ns)
		snprintf(text, sizeof text, "no deadline");
	else if (missed)
		snprintf(text, sizeof text, "deadline %s, missed by %s", fmt_ns(a, sizeof a, st->deadline_ns),
			 fmt_ns(b, sizeof b, ns > st->deadline_ns ? ns - st->deadline_ns : 0));
	else
		snprintf(text, sizeof text, "deadline %s, kept", fmt_ns(a, sizeof a, st->deadline_ns));
	put_line(v, missed ? "m" : "d", 10, 46, text, 300);
}

static void put_title(const struct svg *v)
{
	const char *file = title_base_name(v->s->source.file), *host = v->s->source.host;
	const struct step *st = v->w->step;
	char name[256], text[512], t[32], u[32];

	step_name(v, name, sizeof name);
	snprintf(text, sizeof text, "step %s · %s", name, fmt_ns(t, sizeof t, step_ns(st)));
	put_line(v, "h", 10, 26, text, WIDTH * 0.65);
	put_deadline(v);
	snprintf(text, sizeof text, "pid %d · from %s to %s%s%.100s%s%.60s%s%s%s", st->pid, fmt_ts(t, sizeof t, st->begin),
		 fmt_ts(u, sizeof u, st->end), file[0] ? " · " : "", file, host[0] ? " · " : "", host,
		 st->cut_begin ? " · its begin was not seen" : "", st->cut_end ? " · its end was not seen" : "",
		 st->n_lost ? " · events were lost in it" : "");
	put_line(v, "d", LABEL + 80, 46, text, WIDTH - LABEL - 90);
}

static void put_axis(const struct svg *v)
{
	static const struct { double ns; const char *unit; } units[] = {
		{ 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 1, "ns" },
	};
	double whole = (double)step_ns(v->w->step), tick = look_tick(MAX(whole * 80 / PLOT, 1.0));
	double bottom = y_of(v->n_rows + 1);
	uint64_t places = 1, n;
	char label[48];
	int digits;
	size_t u = 0;

	while (u + 1 < ARRAY_LEN(units) && units[u].ns > whole)
		u++;
	digits = look_decimals(tick / units[u].ns);
	for (int k = 0; k < digits; k++)
		places *= 10;
	for (unsigned i = 0; i <= PLOT / 40 && i * tick <= whole && whole > 0; i++) {
		double x = x_of(i * tick / whole);

		fputs("<line class=\"g\"", v->f);
		put_num(v->f, "x1", x);
		put_num(v->f, "y1", TOP - 8);
		put_num(v->f, "x2", x);
		put_num(v->f, "y2", bottom);
		fputs("/>", v->f);
		n = look_u64(i * tick / units[u].ns * (double)places + 0.5);
		if (digits)
			snprintf(label, sizeof label, "%llu.%0*llu %s", (unsigned long long)(n / places), digits,
				 (unsigned long long)(n % places), units[u].unit);
		else
			snprintf(label, sizeof label, "%llu %s", (unsigned long long)n, units[u].unit);
		put_line(v, "d c", x, TOP - 12, label, 100);
	}
}

/* Where it should have ended. */
static void put_goal(const struct svg *v)
{
	const struct step *st = v->w->step;
	double x = step_ns(st) ? x_of((double)st->deadline_ns / (double)step_ns(st)) : 0;

	if (!st->deadline_ns || st->deadline_ns >= step_ns(st))
		return;
	fputs("<line class=\"goal\"", v->f);
	put_num(v->f, "x1", x);
	put_num(v->f, "y1", TOP - 8);
	put_num(v->f, "x2", x);
	put_num(v->f, "y2", y_of(v->n_rows + 1));
	fputs("/>", v->f);
	put_line(v, "m c", x, y_of(v->n_rows + 1) + 12, "deadline", 100);
}

static void put_names(const struct svg *v)
{
	char text[300];

	for (size_t i = 0; i <= v->n_rows; i++) {
		if (i)
			snprintf(text, sizeof text, "%s", row_name(v, i));
		else
			snprintf(text, sizeof text, "%.200s %d", row_name(v, 0), v->w->step->pid);
		fputs("<g><title>", v->f);
		put_text(v->f, text);
		fputs("</title>", v->f);
		put_line(v, i ? "" : "b", 10, y_of(i) + 15, text, LABEL - 20);
		fputs("</g>\n", v->f);
	}
	if (v->n_rows < v->w->n_actors) {
		snprintf(text, sizeof text, "and %zu more that had less time", v->w->n_actors - v->n_rows);
		put_line(v, "d", 10, y_of(v->n_rows + 1) + 14, text, 400);
	}
}

/* ---- legend ---- */

#define LEGEND_COLS 4

static double legend_top(const struct svg *v)
{
	return y_of(v->n_rows + 1) + 30;
}

static unsigned n_stages_in(const struct step *st)
{
	unsigned n = 0;

	for (unsigned i = 0; i < N_STAGES; i++)
		n += st->ns[i] > 0;
	return n;
}

static double height(const struct svg *v)
{
	return legend_top(v) + ((n_stages_in(v->w->step) + LEGEND_COLS - 1) / LEGEND_COLS) * ROW + 34;
}

static void put_legend(const struct svg *v)
{
	const struct step *st = v->w->step;
	unsigned n = 0;
	char text[128], t[16], pct[16];

	for (unsigned i = 0; i < N_STAGES; i++) {
		double x = 10 + n % LEGEND_COLS * (WIDTH / LEGEND_COLS), y = legend_top(v) + n / LEGEND_COLS * ROW;
		bool pale = look_stage_is_wait(i);

		if (!st->ns[i])
			continue;
		n++;
		fprintf(v->f, "<g><title>");
		put_text(v->f, look_stage(i)->help);
		fprintf(v->f, "</title><rect class=\"%c%u\"", pale ? 'w' : 's', look_stage_style(i));
		put_num(v->f, "x", x);
		put_num(v->f, "y", y);
		fputs(" width=\"18\" height=\"16\"/>", v->f);
		snprintf(text, sizeof text, "%c", look_stage(i)->letter);
		if (pale)
			snprintf(t, sizeof t, "c");
		else
			snprintf(t, sizeof t, "c t%u", look_stage_style(i));
		put_line(v, t, x + 9, y + 12, text, 20);
		snprintf(text, sizeof text, "%s · %s · %s", look_stage(i)->words, fmt_ns(t, sizeof t, st->ns[i]),
			 look_part(pct, sizeof pct, st->ns[i], step_ns(st)));
		put_line(v, "", x + 24, y + 12, text, WIDTH / LEGEND_COLS - 30);
		fputs("</g>", v->f);
	}
	put_line(v, "d", 10, height(v) - 12, "full: it ran, or another ran instead (red); pale: it waited; dashed: inferred, not proven; arrow: who "
		 "hands over to whom; rest on a bar for exact times and events", WIDTH - 20);
}

static void choose_rows(struct svg *v)
{
	v->row_of = xcalloc(v->w->n_actors + 1, sizeof *v->row_of);
	v->n_rows = waterfall_rows(v->w, ACTOR_AGENT, ROWS_MAX, v->rows);
	for (size_t i = 0; i < v->n_rows; i++)
		v->row_of[v->rows[i]] = (uint32_t)i + 1;
}

void svg_write(const struct waterfall *w, const struct snapshot *s, FILE *f)
{
	struct svg v = { .f = f, .s = s, .w = w };
	char name[256];

	if (!w->step)
		return;
	choose_rows(&v);
	fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"viewBox=\"0 0 %d %d\">\n<title>", WIDTH, (int)height(&v), WIDTH, (int)height(&v));
	step_name(&v, name, sizeof name);
	put_textf(f, "agenttop: step %s", name);
	fputs("</title>\n", f);
	put_style(f);
	fputs("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n", f);
	put_title(&v);
	put_axis(&v);
	put_names(&v);
	put_bars(&v);
	put_arrows(&v);
	put_goal(&v);
	put_legend(&v);
	fputs("</svg>\n", f);
	free(v.row_of);
}
