// SPDX-License-Identifier: GPL-2.0-only
#include "step_head.h"
#include "kinds.h"
#include "look.h"

static void add_deadline(const struct step *st, struct parts *ps)
{
	char a[16], b[16];
	uint64_t ns = step_ns(st);

	if (!st->deadline_ns)
		return;
	if (st->missed || ns > st->deadline_ns)
		parts_add(ps, 1, STYLE_OVER, "", "deadline %s, missed by %s", fmt_ns(a, sizeof a, st->deadline_ns),
			  fmt_ns(b, sizeof b, ns > st->deadline_ns ? ns - st->deadline_ns : 0));
	else
		parts_add(ps, 2, STYLE_GOOD, "", "deadline %s kept", fmt_ns(a, sizeof a, st->deadline_ns));
}

static const char *nth(size_t n)
{
	if (n % 100 >= 11 && n % 100 <= 13)
		return "th";
	return n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
}

/* The rank is among those kept; it holds for all when the slowest of all was kept. */
static void add_rank(const struct rank *k, struct parts *ps)
{
	bool of_all = k->kind && k->slowest_ns >= k->kind->steps.max;
	uint64_t all = of_all ? MAX((uint64_t)k->n, k->kind->steps.n) : k->n;
	const char *kept = k->kind && all < k->kind->steps.n ? " kept" : "";
	char n[16];

	if (k->i >= k->n)
		return;
	look_count(n, sizeof n, all);
	if (k->i)
		parts_add(ps, 0, STYLE_NORMAL, "", "%zu%s slowest of %s%s", k->i + 1, nth(k->i + 1), n, kept);
	else
		parts_add(ps, 0, STYLE_NORMAL, "", "slowest of %s%s", n, kept);
}

static void name_line(const struct snapshot *s, const struct step *step, struct cells *c, struct rect r)
{
	const char *id = snapshot_str(s, step->id), *name = snapshot_str(s, step->name);
	struct parts ps = { 0 };
	char text[512], t[32];
	int x, w;

	if (!id[0])
		snprintf(t, sizeof t, "#%llu", (unsigned long long)step->serial);
	snprintf(text, sizeof text, "%s%s%s %s", snapshot_str(s, step->agent), name[0] ? "/" : "", name, id[0] ? id : t);
	parts_add(&ps, 0, STYLE_TITLE, "", "%s", fmt_ns(t, sizeof t, step_ns(step)));
	add_deadline(step, &ps);
	/* Measured first: a long name is cut, its time is not. */
	w = parts_put(&ps, &(struct cells){ 0 }, 0, 0, MAX(r.w - 24, r.w / 3), 2);
	x = cells_put(c, r.x, r.y, r.w, STYLE_DIM, "step ");
	x += cells_put(c, r.x + x, r.y, r.w - w - 2 - x, STYLE_TITLE, text);
	parts_put(&ps, c, r.x + x + 2, r.y, w, 2);
}

static void add_share(struct parts *ps, uint8_t drop, const char *what, uint64_t ns, uint64_t whole)
{
	char pct[16];

	parts_add(ps, drop, ns ? STYLE_NOTE : STYLE_DIM, what, "%s", look_part(pct, sizeof pct, ns, whole));
}

/* Its rank, how far what is shown can be trusted, and what else the agent said about it. */
static void quality_line(const struct snapshot *s, const struct step *step, const struct waterfall *w, const struct rank *rank,
			 struct cells *c, struct rect r)
{
	struct parts ps = { 0 };
	char t[16];

	add_rank(rank, &ps);
	if (step->cut_begin)
		parts_add(&ps, 0, STYLE_NOTE, "", "began before the recording");
	if (step->cut_end)
		parts_add(&ps, 0, STYLE_NOTE, "", "still open at the recording's end");
	if (step->n_lost)
		parts_add(&ps, 0, STYLE_OVER, "", "events lost %u time%s in it", step->n_lost, step->n_lost == 1 ? "" : "s");
	add_share(&ps, 1, "unknown ", step->ns[ST_UNKNOWN] + step->ns[ST_LOST], step_ns(step));
	if (w->n_seg)
		add_share(&ps, 2, "inferred ", w->inferred_ns, step_ns(step));
	if (step->budget_ns)
		parts_add(&ps, 3, step->over_budget ? STYLE_OVER : STYLE_GOOD, "", "CPU budget %s %s",
			  fmt_ns(t, sizeof t, step->budget_ns), step->over_budget ? "exceeded" : "kept");
	if (step->cls)
		parts_add(&ps, 4, STYLE_NORMAL, "class ", "%.40s", snapshot_str(s, step->cls));
	parts_add(&ps, 5, STYLE_NORMAL, "pid ", "%d", step->pid);
	if (step->trace)
		parts_add(&ps, 7, STYLE_DIM, "trace ", "%.80s", snapshot_str(s, step->trace));
	if (step->extra)
		parts_add(&ps, 6, STYLE_DIM, "", "%.100s", snapshot_str(s, step->extra));
	parts_put(&ps, c, r.x, r.y, r.w, 2);
}

int step_head_draw(const struct snapshot *s, const struct step *step, const struct waterfall *w, const struct rank *rank,
		   struct cells *c, struct rect r)
{
	double share[N_STAGES] = { 0 };
	uint64_t whole = step_ns(step);
	int n = 0;

	for (unsigned i = 0; i < N_STAGES && whole; i++)
		share[i] = (double)step->ns[i] / (double)whole;
	if (n < r.h)
		name_line(s, step, c, (struct rect){ r.x, r.y + n++, r.w, 1 });
	if (n < r.h)
		look_shares(c, r.x, r.y + n++, r.w, "its time  ", share);
	if (n < r.h)
		quality_line(s, step, w, rank, c, (struct rect){ r.x, r.y + n++, r.w, 1 });
	return n;
}
