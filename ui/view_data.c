// SPDX-License-Identifier: GPL-2.0-only
/* Data: what this recording can tell and what it cannot: where it is from, what was lost, which inferences are off. */
#include "look.h"
#include "view.h"

#include <string.h>

#define TERM_WIDTH 14			/* of the words on the left */

struct state {
	int top;
};
struct page {
	struct cells *c;
	struct rect r;
	int top, n;			/* lines scrolled away, lines so far */
};

static void heading(struct page *pg, const char *text)
{
	int y;

	pg->n += pg->n > 0;
	y = pg->r.y + pg->n - pg->top;
	if (y >= pg->r.y && y < pg->r.y + pg->r.h) {
		cells_fill(pg->c, (struct rect){ pg->r.x, y, pg->r.w, 1 }, STYLE_HEAD, ' ');
		cells_put(pg->c, pg->r.x, y, pg->r.w, STYLE_HEAD, text);
	}
	pg->n++;
}

/* "left          text that may go on for several lines". */
static void entry(struct page *pg, unsigned left_style, const char *left, unsigned style, const char *text)
{
	int at = pg->n - pg->top, skip = MAX(-at, 0), y = pg->r.y + MAX(at, 0);
	struct rect r = { pg->r.x + TERM_WIDTH + 1, y, pg->r.w - TERM_WIDTH - 1, pg->r.y + pg->r.h - y };

	if (!skip && r.h > 0)
		cells_put(pg->c, pg->r.x, y, TERM_WIDTH, left_style, left);
	pg->n += MAX(1, cells_wrap(pg->c, r, skip, style, text));
}

static void put_kept(struct page *pg, const struct snapshot *s)
{
	char text[256], a[16], b[16];

	if (s->live.record[0]) {
		snprintf(text, sizeof text, "all events go to %.120s, %s so far", s->live.record,
			 look_bytes(a, sizeof a, s->live.record_bytes));
		entry(pg, STYLE_DIM, "recording", STYLE_NORMAL, text);
	}
	if (s->live.kept_ns) {
		snprintf(text, sizeof text, "%s, %s: w writes them to a file", look_seconds(a, sizeof a, s->live.kept_ns),
			 look_bytes(b, sizeof b, s->live.kept_bytes));
		entry(pg, STYLE_DIM, "kept events", STYLE_NORMAL, text);
	}
}

/* What is only known live: how far back one sees, what it costs, what was given up to keep up. */
static void put_live(struct page *pg, const struct snapshot *s)
{
	char text[256], a[16], b[16], c[16], t[32];
	uint64_t span;

	snprintf(text, sizeof text, "the last %s, from %s on: all tables and steps are of that time",
		 look_span_known(s, &span) ? look_seconds(a, sizeof a, span) : LOOK_DASH, look_ts(t, sizeof t, look_begin(s)));
	entry(pg, STYLE_DIM, "window", STYLE_NORMAL, text);
	put_kept(pg, s);
	snprintf(text, sizeof text, "%s of a CPU, %s of memory; %s events a second",
		 look_share(a, sizeof a, (double)s->live.cost_ppm / 1e6), look_bytes(b, sizeof b, s->self.rss_bytes),
		 look_count(c, sizeof c, s->self.events_per_s));
	entry(pg, STYLE_DIM, "cost", STYLE_NORMAL, text);
	if (s->live.thinned[0]) {
		snprintf(text, sizeof text, "so as to keep up with the load: %.200s", s->live.thinned);
		entry(pg, STYLE_NOTE, "left out", STYLE_NORMAL, text);
	}
	if (s->live.status[0])
		entry(pg, STYLE_DIM, "done last", STYLE_NORMAL, s->live.status);
}

static void put_source(struct page *pg, const struct snapshot *s)
{
	char text[256], a[16], b[16], c[16], t[32], u[32];
	uint64_t span;

	heading(pg, "WHERE IT IS FROM");
	entry(pg, STYLE_DIM, s->live.on ? "source" : "file", STYLE_NORMAL,
	      s->live.on ? "this machine, live" : s->source.file[0] ? s->source.file : s->source.kind);
	snprintf(text, sizeof text, "%.30s%s%.30s", s->source.kind, s->source.version[0] ? " version " : "", s->source.version);
	if (!s->live.on)
		entry(pg, STYLE_DIM, "kind", STYLE_NORMAL, text);
	snprintf(text, sizeof text, "%.60s", s->source.host[0] ? s->source.host : "not named");
	entry(pg, STYLE_DIM, "machine", STYLE_NORMAL, text);
	snprintf(text, sizeof text, "%.60s %.20s", s->source.kernel[0] ? s->source.kernel : "not known", s->source.arch);
	entry(pg, STYLE_DIM, "kernel", STYLE_NORMAL, text);
	snprintf(text, sizeof text, "%u", s->source.cpus);
	entry(pg, STYLE_DIM, "CPUs", STYLE_NORMAL, s->source.cpus ? text : "not known");
	entry(pg, STYLE_DIM, "clock", STYLE_NORMAL, s->source.clock[0] ? s->source.clock : "not known");
	span = s->source.end - s->source.begin;
	snprintf(text, sizeof text, "%s to %s, %s", look_ts(t, sizeof t, s->source.begin), look_ts(u, sizeof u, s->source.end),
		 look_ns(a, sizeof a, span, s->source.end > s->source.begin));
	entry(pg, STYLE_DIM, "time", STYLE_NORMAL, text);
	snprintf(text, sizeof text, "%s; of a kind that is not used %s, out of order %s, malformed %s",
		 look_count(t, sizeof t, s->source.n_events), look_count(a, sizeof a, s->source.n_unknown),
		 look_count(b, sizeof b, s->source.n_late), look_count(c, sizeof c, s->source.n_bad));
	entry(pg, STYLE_DIM, "events", s->source.n_late || s->source.n_bad ? STYLE_NOTE : STYLE_NORMAL, text);
	if (s->live.on)
		put_live(pg, s);
	for (size_t i = 0; i < s->n_notes; i++)
		entry(pg, STYLE_NOTE, "note", STYLE_NORMAL, s->notes[i]);
}

/* The kernel counts on its own; zeroes are worth saying, too. */
static void put_counters(struct page *pg, const struct snapshot *s)
{
	static const struct { const char *left, *words; } what[] = {
		{ "overrun", "events that were overwritten before they were read" },
		{ "commit overrun", "events that found no room because of an interrupt's" },
		{ "dropped", "events that found the buffer full" },
		{ "skipped", "events that were read, but that agenttop was too slow for" },
	};
	const uint64_t n[] = { s->live.n_overrun, s->live.n_commit_overrun, s->live.n_dropped,
			       s->live.n_skipped };
	char text[128], a[16];

	for (size_t i = 0; i < ARRAY_LEN(what); i++) {
		snprintf(text, sizeof text, "%s %s", look_count(a, sizeof a, n[i]), what[i].words);
		entry(pg, n[i] ? STYLE_OVER : STYLE_DIM, what[i].left, STYLE_NORMAL, text);
	}
}

static void put_losses(struct page *pg, const struct snapshot *s)
{
	char left[32], text[128], a[16], b[24];

	if (s->n_losses || s->live.on)
		heading(pg, s->live.on ? "WHAT WAS LOST SINCE THE BEGIN" : "WHAT WAS LOST");
	if (s->live.on)
		put_counters(pg, s);
	for (size_t i = 0; i < s->n_losses; i++) {
		const struct loss_row *l = s->losses + i;
		bool counted = l->n_events || !l->uncounted;

		snprintf(left, sizeof left, "%s", l->cpu == UINT32_MAX ? "some CPU" : look_cpu(b, sizeof b, l->cpu));
		snprintf(text, sizeof text, "%s time%s: %s%s%s", look_count(a, sizeof a, l->n_times), l->n_times == 1 ? "" : "s",
			 counted ? look_count(b, sizeof b, l->n_events) : "", counted ? " events" : "",
			 !l->uncounted ? "" : counted ? " and some that nobody counted" : "events that nobody counted");
		entry(pg, STYLE_OVER, left, STYLE_NORMAL, text);
	}
}

static void put_capability(struct page *pg, const struct capability *cap)
{
	static const char *const words[] = { [CAP_ON] = "on", [CAP_PARTIAL] = "in part", [CAP_OFF] = "off" };
	static const uint8_t styles[] = { [CAP_ON] = STYLE_GOOD, [CAP_PARTIAL] = STYLE_TAIL, [CAP_OFF] = STYLE_OVER };
	unsigned state = cap->state <= CAP_OFF ? cap->state : CAP_OFF;
	char text[2048];
	size_t n = (size_t)snprintf(text, sizeof text, "%s", words[state]);

	if (cap->hides[0] && n < sizeof text)
		n += (size_t)snprintf(text + n, sizeof text - n, "; not seen: %s", cap->hides);
	for (size_t i = 0; i < cap->n_missing && n < sizeof text; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? ", " : "; not recorded: ", cap->missing[i]);
	entry(pg, STYLE_NORMAL, cap->stage, styles[state], text);
}

static int put_all(const struct snapshot *s, struct cells *c, struct rect r, int top)
{
	struct page pg = { c, r, top, 0 };

	put_source(&pg, s);
	put_losses(&pg, s);
	if (s->n_caps)
		heading(&pg, "WHAT CAN BE TOLD FROM IT");
	for (size_t i = 0; i < s->n_caps; i++)
		put_capability(&pg, s->caps + i);
	return pg.n;
}

static int last_top(const struct snapshot *s, struct rect r)
{
	struct cells none = { 0 };

	return MAX(put_all(s, &none, r, 0) - r.h, 0);
}

static void update(void *state, const struct snapshot *s)
{
	(void)state;
	(void)s;
}

static void draw(const void *state, const struct snapshot *s, struct cells *c, struct rect r)
{
	const struct state *st = state;

	int last = last_top(s, r), top = MIN(st->top, last);

	put_all(s, c, r, top);
	look_more(c, r, last - top);
}

static unsigned act(void *state, const struct snapshot *s, enum action a, struct move *m)
{
	struct state *st = state;
	int page = MAX(m->body.h - 1, 1), last = last_top(s, m->body);

	switch (a) {
	case ACT_UP: st->top--; break;
	case ACT_DOWN: st->top++; break;
	case ACT_PAGE_UP: st->top -= page; break;
	case ACT_PAGE_DOWN: st->top += page; break;
	case ACT_FIRST: st->top = 0; break;
	case ACT_LAST: st->top = last; break;
	case ACT_BACK:
		return UI_CLOSE | UI_REDRAW;
	default:
		return 0;
	}
	st->top = MAX(0, MIN(st->top, last));
	return UI_REDRAW;
}

static const struct keydoc keys[] = {
	{ ACT_UP, "scroll", NULL, "Arrows" }, { ACT_DOWN, NULL, NULL },
	{ ACT_PAGE_DOWN, "page", NULL }, { ACT_PAGE_UP, NULL, NULL },
	{ ACT_FIRST, NULL, NULL }, { ACT_LAST, NULL, NULL }, { ACT_BACK, "back", "back to the steps" },
	{ 0 }
};

const struct view view_data = {
	.name = "data", .title = "Data", .keys = keys, .state_size = sizeof(struct state),
	.update = update, .draw = draw, .act = act,
};
