// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report_parts.h"
#include "verdict.h"

enum { MIN_COLUMNS = 80 };

/* ---- what the output can show ---- */

static bool has_utf8(void)
{
	static const char *const vars[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_LEN(vars); i++) {
		const char *v = getenv(vars[i]);

		if (v && *v)
			return strcasestr(v, "utf-8") || strcasestr(v, "utf8");
	}
	return false;
}

static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && term && *term && strcmp(term, "dumb");
}

void report_opts_init(struct report_opts *o, FILE *f)
{
	struct winsize size;
	int fd = fileno(f);

	*o = (struct report_opts){ .n_top = 20, .n_worst = 5, .columns = MIN_COLUMNS, .utf8 = has_utf8() };
	if (fd < 0 || !isatty(fd))
		return;
	o->colour = wants_colour();
	if (!ioctl(fd, TIOCGWINSZ, &size) && size.ws_col > MIN_COLUMNS)
		o->columns = size.ws_col;
}

static struct stage_target target_of(const struct report *r, int stage)
{
	if (r->o->target)
		return r->o->target[stage];
	return (struct stage_target){ stage_names[stage].typical_ns, stage_names[stage].tail_ns };
}

/* ---- the top of the page ---- */

static void part_verdict(const struct report *r)
{
	char lines[5][256];
	size_t n = verdict_lines(r->s, lines, ARRAY_LEN(lines));

	for (size_t i = 0; i < n; i++)
		page_text(r->p, 0, 2, i ? STYLE_NONE : STYLE_BOLD, lines[i]);
}

static void print_known(FILE *f, const char *before, const char *text)
{
	if (*text)
		fprintf(f, "%s%s", before, text);
}

/* Where all this comes from, on one line: no number of a report can be judged without it. */
static void part_source(const struct report *r)
{
	const struct snapshot *s = r->s;
	char *text = NULL, ns[24];
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		die("out of memory");
	print_known(f, "", *s->source.file ? s->source.file : s->source.kind);
	if (*s->source.file)
		print_known(f, ": ", s->source.kind);
	print_known(f, " version ", s->source.version);
	print_known(f, ", ", s->source.host);
	print_known(f, ", Linux ", s->source.kernel);
	print_known(f, " ", s->source.arch);
	if (s->source.cpus)
		fprintf(f, ", %u CPU%s", s->source.cpus, s->source.cpus == 1 ? "" : "s");
	print_known(f, ", clock ", s->source.clock);
	if (s->source.n_events)
		fprintf(f, ", %s", fmt_ns(ns, sizeof ns, s->source.end - s->source.begin));
	fprintf(f, ", %llu events, ", (unsigned long long)s->source.n_events);
	if (s->source.n_lost || !s->n_losses)
		fprintf(f, "%llu lost", (unsigned long long)s->source.n_lost);
	else
		fputs("some lost", f);		/* nobody counted them */
	fprintf(f, ", %llu late", (unsigned long long)s->source.n_late);
	if (!s->complete)
		fputs(", not read to its end", f);
	fclose(f);
	page_blank(r->p);
	page_text(r->p, 0, 2, STYLE_DIM, text);
	free(text);
}

/* ---- steps ---- */

static void worst_stage(struct table *t, const struct kind_row *k)
{
	char text[64], ns[24];

	if (!k->worst_ns || k->worst_stage >= N_STAGES) {
		table_put(t, "-");
		return;
	}
	snprintf(text, sizeof text, "%s %s", stage_names[k->worst_stage].words, fmt_ns(ns, sizeof ns, k->worst_ns));
	table_put(t, text);
}

static void cell_rate(struct table *t, const struct snapshot *s, uint64_t n)
{
	double seconds = (double)(s->source.end - s->source.begin) / 1e9, rate = seconds > 0 ? (double)n / seconds : 0;
	char text[32];

	snprintf(text, sizeof text, "%.*f/s", rate < 9.95 ? 1 : 0, rate);
	table_put(t, seconds > 0 ? text : "-");
}

static void cell_misses(struct table *t, uint64_t n)
{
	cell_n(t, n);
	if (n)
		table_style(t, STYLE_BAD);
}

static void part_kinds(const struct report *r)
{
	static const struct column cols[] = {
		{ "AGENT", false, true }, { "STEP", false, true }, { "RATE", true, false, 1 }, { "COUNT", true },
		{ "P50", true }, { "P90", true, false, 4 }, { "P99", true }, { "P999", true, false, 2 }, { "MAX", true, false, 3 },
		{ "MISSED", true }, { "WORST STAGE", false },
	};
	struct table t;

	if (!r->s->n_kinds)
		return;
	page_heading(r->p, "Steps", "worst stage: most time in the slowest 1 %, and how much a step");
	table_init(&t, cols, ARRAY_LEN(cols));
	for (size_t i = 0; i < rows_shown(r, r->s->n_kinds); i++) {
		const struct kind_row *k = &r->s->kinds[i];
		const uint64_t q[] = { k->steps.p50, k->steps.p90, k->steps.p99, k->steps.p999, k->steps.max };

		cell_text(&t, k->agent);
		cell_text(&t, k->name);
		cell_rate(&t, r->s, k->steps.n);
		cell_n(&t, k->steps.n);
		for (size_t n = 0; n < ARRAY_LEN(q); n++)
			cell_ns(&t, k->steps.n, q[n]);
		cell_misses(&t, k->n_deadline_miss);
		worst_stage(&t, k);
	}
	table_print(&t, r->p);
	rows_left(r, r->s->n_kinds);
}

static void part_agents(const struct report *r)
{
	static const struct column cols[] = {
		{ "AGENT", false, true }, { "TGID", true, false, 3 }, { "COMM", false, false, 2 }, { "CLASS", false, false, 4 },
		{ "STEPS", true }, { "P50", true }, { "P99", true }, { "BETWEEN P50", true, false, 1 }, { "MISSED", true },
		{ "OVER BUDGET", true },
	};
	struct table t;

	if (!r->s->n_agents)
		return;
	page_heading(r->p, "Agents", "between: from the end of a step to the next");
	table_init(&t, cols, ARRAY_LEN(cols));
	for (size_t i = 0; i < rows_shown(r, r->s->n_agents); i++) {
		const struct agent_row *a = &r->s->agents[i];

		cell_text(&t, a->agent);
		cell_id(&t, a->tgid, 1);
		cell_text(&t, a->comm);
		cell_text(&t, a->cls);
		cell_n(&t, a->steps.n);
		cell_ns(&t, a->steps.n, a->steps.p50);
		cell_ns(&t, a->steps.n, a->steps.p99);
		cell_ns(&t, a->between.n, a->between.p50);
		cell_misses(&t, a->n_deadline_miss);
		cell_misses(&t, a->n_budget_miss);
	}
	table_print(&t, r->p);
	rows_left(r, r->s->n_agents);
}

/* ---- stages ---- */

static void cell_target(struct table *t, const struct report *r, int stage)
{
	const struct stage_target target = target_of(r, stage);
	const struct quant *q = &r->s->stage[stage].dist;
	bool typical = target.typical_ns && q->p50 > target.typical_ns;
	char text[64], ns[24];

	switch (target_verdict(&target, q)) {
	case TARGET_NONE:
		table_put(t, "");
		break;
	case TARGET_GOOD:
		table_put(t, "good");
		table_style(t, STYLE_GOOD);
		break;
	case TARGET_TAIL:
		table_put(t, "tail");
		table_style(t, STYLE_WARN);
		break;
	case TARGET_OVER:
		snprintf(text, sizeof text, "over: %s %s", typical ? "p50" : "p99",
			 fmt_ns(ns, sizeof ns, typical ? target.typical_ns : target.tail_ns));
		table_put(t, text);
		table_style(t, STYLE_BAD);
		break;
	}
}

static void stage_row(struct table *t, const struct report *r, int stage)
{
	const struct stage_row *row = &r->s->stage[stage];
	bool steps = r->s->steps_all.n;

	table_put(t, stage_names[stage].name);
	cell_n(t, row->dist.n);
	cell_ns(t, row->dist.n, row->dist.p50);
	cell_ns(t, row->dist.n, row->dist.p99);
	cell_ns(t, row->dist.n, row->dist.p999);
	cell_ns(t, row->dist.n, row->dist.max);
	cell_share(t, steps, row->share);
	cell_share(t, steps, row->share_worst);
	cell_target(t, r, stage);
}

static void stages_without_time(const struct report *r)
{
	char text[512];
	size_t n = 0;

	for (int i = 0; i < N_STAGES; i++)
		if (!r->s->stage[i].dist.n)
			n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? ", " : "no time in: ", stage_names[i].name);
	if (n)
		page_text(r->p, 2, 4, STYLE_DIM, text);
}

static void part_stages(const struct report *r)
{
	static const struct column cols[] = {
		{ "STAGE" }, { "COUNT", true }, { "P50", true }, { "P99", true }, { "P999", true, false, 1 },
		{ "MAX", true, false, 2 }, { "SHARE", true }, { "SLOW 1 %", true }, { "TARGET" },
	};
	struct table t;

	if (!r->s->steps_all.n)
		return;
	page_heading(r->p, "Stages", "share: of all time of steps, and of the slowest 1 % of them");
	table_init(&t, cols, ARRAY_LEN(cols));
	for (int i = 0; i < N_STAGES; i++)
		if (r->s->stage[i].dist.n)
			stage_row(&t, r, i);
	table_print(&t, r->p);
	stages_without_time(r);
}

/* ---- no step: who might be an agent ---- */

static void part_candidates(const struct report *r)
{
	static const struct column cols[] = {
		{ "PID", true }, { "COMM", false, true }, { "WAITS", true }, { "WAITED", true }, { "RAN", true }, { "WHY", false, true },
	};
	struct table t;

	if (!r->s->n_candidates)
		return;
	page_heading(r->p, "What could be an agent", "choose with -p PID or -c REGEX");
	table_init(&t, cols, ARRAY_LEN(cols));
	for (size_t i = 0; i < rows_shown(r, r->s->n_candidates); i++) {
		const struct candidate_row *c = &r->s->candidates[i];

		cell_id(&t, c->pid, 0);
		cell_text(&t, c->comm);
		cell_n(&t, c->n_waits);
		cell_ns(&t, true, c->wait_ns);
		cell_ns(&t, true, c->run_ns);
		cell_text(&t, c->why);
	}
	table_print(&t, r->p);
	rows_left(r, r->s->n_candidates);
}

/* ---- how far all this can be trusted ---- */

static void print_capability(const struct report *r, const struct capability *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		die("out of memory");
	fprintf(f, "%s %s", c->stage, c->state == CAP_OFF ? "off" : "partial");
	for (size_t i = 0; i < c->n_missing; i++)
		fprintf(f, "%s%s", i ? ", " : ": missing ", c->missing[i]);
	if (*c->hides)
		fprintf(f, ". Hides %s", c->hides);
	fclose(f);
	page_text(r->p, 2, 4, c->state == CAP_OFF ? STYLE_WARN : STYLE_NONE, text);
	free(text);
}

static void part_capabilities(const struct report *r)
{
	bool titled = false;

	for (size_t i = 0; i < r->s->n_caps; i++) {
		if (r->s->caps[i].state == CAP_ON)
			continue;
		if (!titled)
			page_heading(r->p, "Capabilities", "what the recording does not tell");
		titled = true;
		print_capability(r, &r->s->caps[i]);
	}
}

static void print_loss(const struct report *r, const struct loss_row *l)
{
	char cpu[24], events[64], text[160];

	snprintf(cpu, sizeof cpu, "CPU %u", l->cpu);
	snprintf(events, sizeof events, "%llu", (unsigned long long)l->n_events);
	snprintf(text, sizeof text, "%s: events lost %llu time%s, %s%s", l->cpu == UINT32_MAX ? "some CPU" : cpu,
		 (unsigned long long)l->n_times, l->n_times == 1 ? "" : "s", l->uncounted && !l->n_events ? "" : events,
		 !l->uncounted ? " in all" : l->n_events ? " and more that nobody counted" : "nobody knows how many");
	page_text(r->p, 2, 4, STYLE_WARN, text);
}

static void print_count(const struct report *r, uint64_t n, const char *what)
{
	char text[160];

	if (!n)
		return;
	snprintf(text, sizeof text, "%llu %s", (unsigned long long)n, what);
	page_text(r->p, 2, 4, STYLE_NONE, text);
}

static void part_quality(const struct report *r)
{
	const struct snapshot *s = r->s;

	if (!s->n_losses && !s->n_notes && !s->source.n_late && !s->source.n_unknown && !s->source.n_bad)
		return;
	page_heading(r->p, "Losses and notes", NULL);
	for (size_t i = 0; i < s->n_losses; i++)
		print_loss(r, &s->losses[i]);
	print_count(r, s->source.n_late, "events came late, out of order: their time was raised to keep order");
	print_count(r, s->source.n_unknown, "records of a type that the recording does not describe: skipped");
	print_count(r, s->source.n_bad, "records or pages made no sense: skipped");
	for (size_t i = 0; i < s->n_notes; i++)
		page_text(r->p, 2, 4, STYLE_NONE, s->notes[i]);
}

static void part_cost(const struct report *r)
{
	char text[160], ns[24];

	if (!r->s->self.cpu_ns)
		return;
	snprintf(text, sizeof text, "cost: agenttop used %s of CPU, %.1f MB, %.1f M events/s", fmt_ns(ns, sizeof ns, r->s->self.cpu_ns),
		 (double)r->s->self.rss_bytes / 1e6, (double)r->s->self.events_per_s / 1e6);
	page_blank(r->p);
	page_text(r->p, 0, 2, STYLE_DIM, text);
}

/* In the order in which a person asks: is it slow, which step, which stage, who did it, can I believe it? */
void report_text(const struct snapshot *s, const struct report_opts *o, FILE *f)
{
	static void (*const parts[])(const struct report *) = {
		part_verdict, part_source, part_kinds, part_stages, part_worst, part_harms, part_agents, part_candidates, part_cpus,
		part_irqs, part_softirqs, part_tasks, part_wakeups, part_blocks, part_napis, part_rings, part_capabilities, part_quality, part_cost,
	};
	struct page page = { f, MAX(o->columns, 40u), o->colour };
	struct report r = { s, o, &page };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		parts[i](&r);
}
