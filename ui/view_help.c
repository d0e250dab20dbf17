// SPDX-License-Identifier: GPL-2.0-only
/* Help: the keys and the words for stages. All of it comes from tables. */
#include "look.h"
#include "table.h"
#include "timebar.h"
#include "view.h"

#include <string.h>

struct state {
	int top;
};

/* Where the next line goes; lines before the top or below the end are counted, not drawn. */
struct page {
	struct cells *c;
	struct rect r;
	int top, n;
};

static int line_y(const struct page *pg)
{
	int at = pg->n - pg->top;

	return at >= 0 && at < pg->r.h ? pg->r.y + at : -1;
}

static void heading(struct page *pg, const char *text)
{
	int y;

	if (pg->n)
		pg->n++;
	y = line_y(pg);
	if (y >= 0) {
		cells_fill(pg->c, (struct rect){ pg->r.x, y, pg->r.w, 1 }, STYLE_HEAD, ' ');
		cells_put(pg->c, pg->r.x, y, pg->r.w, STYLE_HEAD, text);
	}
	pg->n++;
}

/* "  left      right": a term of n columns and what is said of it, in as many lines as that takes. */
static void entry(struct page *pg, int n, unsigned style, const char *left, unsigned right_style, const char *right)
{
	int at = pg->n - pg->top, skip = MAX(-at, 0), y = pg->r.y + MAX(at, 0);
	struct rect r = { pg->r.x + 3 + n, y, pg->r.w - 3 - n, MAX(pg->r.y + pg->r.h - y, 0) };

	if (!skip && r.h > 0)
		cells_put(pg->c, pg->r.x + 2, y, MIN(n, pg->r.w - 2), style, left);
	pg->n += MAX(1, cells_wrap(pg->c, r, skip, right_style, right));
}

static void put_keys_of(struct page *pg, const char *name, const struct keydoc *k)
{
	char title[64], keys[64];

	snprintf(title, sizeof title, "KEYS: %s", name);
	heading(pg, title);
	for (; k->action; k++)
		entry(pg, 18, STYLE_KEY, action_key_text(keys, sizeof keys, k->action, true), STYLE_NORMAL,
		      k->help ? k->help : action_docs[k->action].help);
}

static void put_columns(struct page *pg)
{
	char title[64];

	for (unsigned v = 0; v < n_views; v++) {
		for (const struct table *const *t = views[v]->tables; t && *t; t++) {
			snprintf(title, sizeof title, "COLUMNS: %s", views[v]->title);
			if (t == views[v]->tables)
				heading(pg, title);
			for (size_t i = 0; i < (*t)->n_cols; i++)
				if ((*t)->cols[i].help)
					entry(pg, 18, STYLE_HEAD, (*t)->cols[i].title, STYLE_NORMAL, (*t)->cols[i].help);
		}
	}
}

static void put_keys(struct page *pg)
{
	char keys[64];

	for (unsigned v = 0; v + 1 < n_views; v++)
		put_keys_of(pg, views[v]->title, views[v]->keys);
	put_keys_of(pg, "in the strip of time", timebar_keys);
	heading(pg, "KEYS: everywhere");
	for (unsigned v = 0; v < n_views && v < 9; v++)
		if (views[v] != &view_help)
			entry(pg, 18, STYLE_KEY, action_key_text(keys, sizeof keys, ACT_VIEW_1 + v, true), STYLE_NORMAL,
			      views[v]->title);
	for (unsigned a = ACT_NEXT_VIEW; a < N_ACTIONS; a++)
		entry(pg, 18, STYLE_KEY, action_key_text(keys, sizeof keys, (enum action)a, true), STYLE_NORMAL,
		      action_docs[a].help);
}

static void put_mouse(struct page *pg)
{
	heading(pg, "MOUSE: a click on");
	for (const struct mouse_doc *m = mouse_docs; m->where; m++)
		entry(pg, 18, STYLE_KEY, m->where, STYLE_NORMAL, m->help);
}

static void put_stages(struct page *pg)
{
	char name[40], text[256], a[16], b[16];

	heading(pg, "STAGES: what kinds of time there are (targets: typical, tail)");
	for (unsigned i = 0; i < N_STAGES; i++) {
		const struct stage_name *st = stage_names + i;
		struct stage_target goal = look_target(i);

		snprintf(name, sizeof name, "%c  %s", st->letter, st->words);
		if (goal.tail_ns || goal.typical_ns)
			snprintf(text, sizeof text, "%s (%s, %s)", st->help, fmt_ns(a, sizeof a, goal.typical_ns),
				 look_ns(b, sizeof b, goal.tail_ns, goal.tail_ns > 0));
		else
			snprintf(text, sizeof text, "%s", st->help);
		entry(pg, 19, look_stage_style(i), name, STYLE_NORMAL, text);
	}
}

static int put_all(struct cells *c, struct rect r, int top)
{
	struct page pg = { c, r, top, 0 };

	put_keys(&pg);
	put_columns(&pg);
	put_mouse(&pg);
	put_stages(&pg);
	return pg.n;
}

static int last_top(struct rect r)
{
	struct cells none = { 0 };

	return MAX(put_all(&none, r, 0) - r.h, 0);
}

static void update(void *state, const struct snapshot *s)
{
	(void)state;
	(void)s;
}

static void draw(const void *state, const struct snapshot *s, struct cells *c, struct rect r)
{
	const struct state *st = state;

	int last = last_top(r), top = MIN(st->top, last);

	(void)s;
	put_all(c, r, top);
	look_more(c, r, last - top);
}

static unsigned act(void *state, const struct snapshot *s, enum action a, struct move *m)
{
	struct state *st = state;
	int page = MAX(m->body.h - 1, 1), last = last_top(m->body);

	(void)s;
	switch (a) {
	case ACT_UP: st->top--; break;
	case ACT_DOWN: st->top++; break;
	case ACT_PAGE_UP: st->top -= page; break;
	case ACT_PAGE_DOWN: st->top += page; break;
	case ACT_FIRST: st->top = 0; break;
	case ACT_LAST: st->top = last; break;
	case ACT_BACK:
	case ACT_HELP:
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
	{ ACT_FIRST, NULL, NULL }, { ACT_LAST, NULL, NULL }, { ACT_BACK, "back", NULL },
	{ 0 }
};

const struct view view_help = {
	.name = "help", .title = "Help", .keys = keys, .state_size = sizeof(struct state),
	.update = update, .draw = draw, .act = act,
};
