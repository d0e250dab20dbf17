// SPDX-License-Identifier: GPL-2.0-only
/* The section on who took the steps' time. */
#include "blame.h"
#include "report_parts.h"

static void harm_note(const struct report *r, char *text, size_t len)
{
	uint64_t sum = blame_total(r->s, NULL);
	char ns[24];

	if (blame_is_trifle(r->s))
		snprintf(text, len, "nothing to gain: %s, less than 1 %% of it", fmt_ns(ns, sizeof ns, sum));
	else
		snprintf(text, len, "%s in all; most: of one step", fmt_ns(ns, sizeof ns, sum));
}

void part_harms(const struct report *r)
{
	static const struct column cols[] = {
		{ "ACTOR", false, true }, { "LEVEL", false }, { "HARM", true }, { "SHARE", true }, { "STEPS", true },
		{ "MOST", true }, { "WHERE", false }, { "HOW", false, true, 2 }, { "WHOM", false, true, 3 },
	};
	const struct snapshot *s = r->s;
	struct blame b = { 0 };
	char text[256];
	struct table t;

	if (!s->n_culprits)
		return;
	harm_note(r, text, sizeof text);
	page_heading(r->p, "Who took the steps' time", text);
	blame_update(&b, s);
	table_init(&t, cols, ARRAY_LEN(cols));
	for (uint32_t i = 0; i < rows_shown(r, s->n_culprits); i++) {
		const struct culprit_row *p = &s->culprits[i];

		cell_text(&t, p->actor);
		cell_text(&t, blame_level(p->level));
		cell_harm(&t, p->ns);
		cell_share(&t, s->steps_all.sum, s->steps_all.sum ? (double)p->ns / (double)s->steps_all.sum : 0);
		if (p->others)
			cell_text(&t, "");
		else
			cell_n(&t, p->n_steps);
		cell_ns(&t, p->worst_ns, p->worst_ns);
		cell_text(&t, blame_cpus(&b, s, i, text, sizeof text));
		cell_text(&t, blame_how(&b, s, i, 0, 9, text, sizeof text));
		cell_text(&t, blame_agents(&b, s, i, text, sizeof text));
	}
	table_print(&t, r->p);
	rows_left(r, s->n_culprits);
	blame_fini(&b);
}
