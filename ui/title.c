// SPDX-License-Identifier: GPL-2.0-only
#include "title.h"
#include "look.h"

#include <string.h>

const char *title_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!strcmp(path, "-"))
		return "standard input";
	return slash && slash[1] ? slash + 1 : path;
}

static void add_losses(const struct snapshot *s, struct parts *ps)
{
	uint64_t n_lost = look_n_lost(s);
	bool uncounted = false;
	char n[16];

	for (size_t i = 0; i < s->n_losses; i++)
		uncounted |= s->losses[i].uncounted;
	if (n_lost)
		parts_add(ps, 0, STYLE_OVER, "", "lost %s%s", look_count(n, sizeof n, n_lost), uncounted ? "+" : "");
	else if (s->n_losses)
		parts_add(ps, 0, STYLE_OVER, "", "lost some");
	else
		parts_add(ps, 2, STYLE_NORMAL, "lost ", "0");
	if (s->source.n_late)
		parts_add(ps, 3, STYLE_NOTE, "late ", "%s", look_count(n, sizeof n, s->source.n_late));
	else if (!s->live.on)
		parts_add(ps, 6, STYLE_NORMAL, "late ", "0");
}

static void add_capabilities(const struct snapshot *s, struct parts *ps)
{
	size_t off = 0, partial = 0;

	for (size_t i = 0; i < s->n_caps; i++) {
		off += s->caps[i].state == CAP_OFF;
		partial += s->caps[i].state == CAP_PARTIAL;
	}
	if (off)
		parts_add(ps, 1, STYLE_NOTE, "", "%zu stage%s off", off, off == 1 ? "" : "s");
	if (partial)
		parts_add(ps, 4, STYLE_NOTE, "", "%zu in part", partial);
}

static void add_cost(const struct snapshot *s, struct parts *ps)
{
	char a[16];

	if (s->self.cpu_ns)
		parts_add(ps, 9, STYLE_NORMAL, "cost ", "%s CPU", fmt_ns(a, sizeof a, s->self.cpu_ns));
	if (s->self.rss_bytes)
		parts_add(ps, 10, STYLE_NORMAL, "", "%s", look_bytes(a, sizeof a, s->self.rss_bytes));
	if (s->self.events_per_s)
		parts_add(ps, 11, STYLE_NORMAL, "", "%s ev/s", look_count(a, sizeof a, s->self.events_per_s));
}

static void add_machine(const struct snapshot *s, struct parts *ps)
{
	if (s->source.host[0])
		parts_add(ps, 3, STYLE_NORMAL, "", "%.40s", s->source.host);
	if (s->source.kernel[0])
		parts_add(ps, 4, STYLE_NORMAL, "", "%.40s", s->source.kernel);
	if (s->source.cpus)
		parts_add(ps, 2, STYLE_NORMAL, "", "%u CPU%s", s->source.cpus, s->source.cpus == 1 ? "" : "s");
}

static void replay_parts(const struct snapshot *s, struct parts *left, struct parts *right)
{
	parts_add(left, 0, STYLE_NORMAL, "", "%.60s", s->source.file[0] ? title_base_name(s->source.file) : s->source.kind);
	if (s->source.file[0] && s->source.kind[0])
		parts_add(left, 5, STYLE_DIM, "", "%.20s%s%.20s", s->source.kind, s->source.version[0] ? " " : "",
			  s->source.version);
	add_machine(s, left);
	if (s->source.clock[0])
		parts_add(left, 6, STYLE_NORMAL, "clock ", "%.20s", s->source.clock);
	add_cost(s, right);
	add_capabilities(s, right);
	add_losses(s, right);
}

/* What all of it costs is worth more than the rest: whoever runs this on a busy machine wants to know. */
static void live_parts(const struct snapshot *s, bool paused, struct parts *left, struct parts *right)
{
	char a[16];

	if (paused || s->live.paused)
		parts_add(left, 0, STYLE_NOTE, "", "paused");
	else
		parts_add(left, 0, STYLE_GOOD, "", "● live");
	if (s->live.record[0])
		parts_add(left, 1, STYLE_NOTE, "", "● rec %.40s %s", title_base_name(s->live.record),
			  look_bytes(a, sizeof a, s->live.record_bytes));
	add_machine(s, left);
	right->dots = true;
	parts_add(right, 1, STYLE_NORMAL, "cost ", "%s of a CPU", look_share(a, sizeof a, (double)s->live.cost_ppm / 1e6));
	if (s->self.rss_bytes)
		parts_add(right, 6, STYLE_NORMAL, "", "%s", look_bytes(a, sizeof a, s->self.rss_bytes));
	if (s->self.events_per_s)
		parts_add(right, 7, STYLE_NORMAL, "", "%s ev/s", look_count(a, sizeof a, s->self.events_per_s));
	if (s->live.thinned[0])
		parts_add(right, 1, STYLE_NOTE, "", "left out: %.60s", s->live.thinned);
	add_capabilities(s, right);
	add_losses(s, right);
}

/* Back in what is kept: recording goes on. */
static void past_parts(const struct snapshot *s, struct parts *left, struct parts *right)
{
	parts_add(left, 0, STYLE_NOTE, "", "back in time");
	parts_add(left, 1, STYLE_NORMAL, "", "recording goes on");
	add_machine(s, left);
	add_capabilities(s, right);
	add_losses(s, right);
}

/* Columns for what stands on the right: it is worth more than the rest of what stands on the left. */
static int right_width(const struct snapshot *s, const struct parts *left, int w)
{
	if (!s->live.on)
		return MAX(w / 2, w - 60);
	if (s->live.thinned[0])
		return w - 26;
	return w - 2 - parts_put(left, &(struct cells){ 0 }, 0, 0, w / 2, 2);
}

void title_draw(const struct snapshot *s, bool paused, struct cells *c, int w)
{
	struct parts left = { 0 }, right = { 0 };
	int gap = s->live.on ? 3 : 2, used;

	parts_add(&left, 0, STYLE_TITLE, "", "agenttop");
	if (s->live.on)
		live_parts(s, paused, &left, &right);
	else if (s->live.past)
		past_parts(s, &left, &right);
	else
		replay_parts(s, &left, &right);
	/* Measured first. */
	used = parts_put(&right, &(struct cells){ 0 }, 0, 0, right_width(s, &left, w), gap);
	parts_put(&left, c, 0, 0, w - used - 2, 2);
	parts_put(&right, c, w - used, 0, used, gap);
}

int title_progress(const struct snapshot *s, bool failed, struct cells *c, int x, int y, int w)
{
	double done = s->source.bytes_total ? (double)s->source.bytes_done / (double)s->source.bytes_total : 0;
	int bar = 12, full = (int)(MIN(done, 1.0) * bar + 0.5);
	char a[16];
	uint64_t span;
	int at;

	if (s->live.on)
		return look_span_known(s, &span) ? cells_putf(c, x, y, w, STYLE_DIM, " last %s ", look_seconds(a, sizeof a, span)) : 0;
	if (s->complete)
		return 0;
	if (failed)		/* nothing more will be read */
		return s->source.bytes_total ? cells_putf(c, x, y, w, STYLE_OVER, " %.0f %% was read ", MIN(done, 1.0) * 100) : 0;
	if (!s->source.bytes_total)
		return cells_putf(c, x, y, w, STYLE_NOTE, " reading, %s events ", look_count(a, sizeof a, s->source.n_events));
	if (w < 9 + bar + 8)
		return cells_putf(c, x, y, w, STYLE_NOTE, " %.0f %% read ", MIN(done, 1.0) * 100);
	at = cells_put(c, x, y, w, STYLE_NOTE, " reading ");
	cells_fill(c, (struct rect){ x + at, y, bar, 1 }, STYLE_DIM, 0x2591);
	cells_fill(c, (struct rect){ x + at, y, full, 1 }, STYLE_NOTE, 0x2588);
	return at + bar + cells_putf(c, x + at + bar, y, w - at - bar, STYLE_NOTE, " %.0f %% ", MIN(done, 1.0) * 100);
}
