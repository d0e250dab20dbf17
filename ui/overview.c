// SPDX-License-Identifier: GPL-2.0-only
#include "overview.h"
#include "look.h"

#include <string.h>

static double irq_share(const struct cpu_row *c)
{
	uint64_t irq = c->irq + c->softirq + c->ksoftirqd;
	uint64_t all = irq + c->task + c->idle + c->unknown;

	return all ? (double)irq / (double)all : 0;
}

/* Was that kind of interrupt recorded on all CPUs? */
static bool is_seen(const struct snapshot *s, const char *stage)
{
	for (size_t i = 0; i < s->n_caps; i++)
		if (!strcmp(s->caps[i].stage, stage))
			return s->caps[i].state != CAP_OFF;
	return true;
}

static void nearest_to_hot(const struct snapshot *s, struct cells *c, int x, int y, int w)
{
	const struct cpu_row *top = NULL;
	bool hard = is_seen(s, "irq"), soft = is_seen(s, "softirq");
	char pct[16];

	for (size_t i = 0; i < s->n_cpus; i++)
		if (!top || irq_share(s->cpus + i) > irq_share(top))
			top = s->cpus + i;
	if (!top)
		cells_put(c, x, y, w, STYLE_DIM, "IRQ-hot  unknown: nothing tells who used the CPUs");
	else if (!hard && !soft)
		cells_put(c, x, y, w, STYLE_DIM, "IRQ-hot  unknown: no interrupts were recorded");
	else
		cells_putf(c, x, y, w, STYLE_DIM, "IRQ-hot  none%s; most in interrupts: CPU %u, %s", !hard ?
			   " as far as softirqs tell" : !soft ? " as far as hard IRQs tell" : "", top->cpu,
			   look_share(pct, sizeof pct, irq_share(top)));
}

void overview_hot(const struct snapshot *s, struct cells *c, int x, int y, int w)
{
	int used = 0;

	for (size_t i = 0; i < s->n_cpus; i++) {
		const struct cpu_row *cpu = s->cpus + i;
		const char *sep = used ? " · " : "";

		if (!cpu->hot || used >= w)
			continue;
		if (!used)
			used = cells_put(c, x, y, w, STYLE_OVER, "IRQ-hot  ");
		used += cells_putf(c, x + used, y, w - used, STYLE_NORMAL, "%sCPU %u: %s", sep[0] && used > 9 ? sep : "",
				   cpu->cpu, cpu->why);
	}
	if (!used)
		nearest_to_hot(s, c, x, y, w);
}

static int put_line(struct cells *c, struct rect r, int line, unsigned style, const char *label, const char *text)
{
	int used;

	if (line >= r.h)
		return 0;
	used = cells_put(c, r.x, r.y + line, r.w, style, label);
	cells_put(c, r.x + used, r.y + line, r.w - used, STYLE_NORMAL, text);
	return 1;
}

static const char *why_none(const struct snapshot *s, char *buf, size_t len)
{
	char n[16];

	if (s->n_steps_open)
		snprintf(buf, len, "%s began, none has ended%s", look_count(n, sizeof n, s->n_steps_open),
			 s->complete ? " in this recording" : " so far");
	else if (!s->complete)
		snprintf(buf, len, "none yet; the recording is being read");
	else if (s->probes)
		snprintf(buf, len, "the events of --step-begin and --step-end made none%s", s->n_notes ? ": see the notes" : "");
	else if (s->selects && !s->selects_any)
		snprintf(buf, len, "none of the tasks named with -p or -c occurs in the recording");
	else if (s->selects)
		snprintf(buf, len, "the tasks of -p or -c neither mark any nor come back from a wait");
	else if (s->n_agents || s->n_step_marks)
		snprintf(buf, len, "they are marked, but none began and ended in what was read");
	else
		snprintf(buf, len, "nothing is marked as a step, and no agent was named");
	return buf;
}

/* The same live, where all of it may still come. */
static const char *why_none_live(const struct snapshot *s, char *buf, size_t len)
{
	char n[16], t[16];
	uint64_t span;

	if (s->n_steps_open)
		snprintf(buf, len, "%s began, none has ended so far", look_count(n, sizeof n, s->n_steps_open));
	else if (s->n_steps_all)
		snprintf(buf, len, "none has ended in the last %s", look_span_known(s, &span) ? look_seconds(t, sizeof t, span) : "seconds");
	else if (s->probes)
		snprintf(buf, len, "the events of --step-begin and --step-end made none so far");
	else if (s->selects && !s->selects_any)
		snprintf(buf, len, "no task that was named has run so far");
	else if (s->selects)
		snprintf(buf, len, "the agents have neither marked any nor come back from a wait so far");
	else if (s->n_agents || s->n_step_marks)
		snprintf(buf, len, "they are marked, but none has begun and ended so far");
	else
		snprintf(buf, len, "nothing marks any so far, and no agent was named");
	return buf;
}

/* Steps are marked here, by others than those that were named. */
static bool leaves_out_marks(const struct snapshot *s)
{
	return s->selects && s->n_step_marks && !s->probes;
}

static void what_to_do(const struct snapshot *s, char *buf, size_t len)
{
	const char *file = s->source.file;
	char n[16];

	if (s->live.on && s->n_candidates)
		snprintf(buf, len, "choose a task and press Enter: each turn of its loop is then a step");
	else if (s->live.on)
		snprintf(buf, len, "start an agent, or name one with -p PID, -c NAME or -g CGROUP");
	else if (leaves_out_marks(s))
		snprintf(buf, len, "without -p and -c: other tasks mark %s step%s here", look_count(n, sizeof n, s->n_step_marks),
			 s->n_step_marks == 1 ? "" : "s");
	else if (s->n_candidates)
		snprintf(buf, len, "agenttop -p %d%s%s   (%s: %s)", s->candidates[0].pid, file[0] ? " " : "", file,
			 s->candidates[0].comm, s->candidates[0].why);
	else
		snprintf(buf, len, "name an agent with -p PID or -c NAME, or let it write step marks to trace_marker");
}

static void wakeup_line(const struct snapshot *s, struct cells *c, int x, int y, int w)
{
	const struct quant *q = &s->wakeups.waking_to_run;
	struct parts ps = { 0 };
	char b[16];
	bool known = q->n > 0;

	parts_add(&ps, 0, STYLE_NORMAL, "wakeups  ", "%s", known ? look_count(b, sizeof b, q->n) : LOOK_DASH);
	parts_add(&ps, 0, STYLE_NORMAL, "woken to running p50 ", "%s", look_ns(b, sizeof b, q->p50, known));
	parts_add(&ps, 0, STYLE_NORMAL, "p99 ", "%s", look_ns(b, sizeof b, q->p99, known));
	parts_add(&ps, 2, STYLE_NORMAL, "p999 ", "%s", look_ns(b, sizeof b, q->p999, known));
	parts_add(&ps, 1, STYLE_NORMAL, "max ", "%s", look_ns(b, sizeof b, q->max, known));
	parts_add(&ps, 3, STYLE_NORMAL, "to another CPU ", "%s",
		  known ? look_count(b, sizeof b, s->wakeups.n_cross_cpu) : LOOK_DASH);
	parts_put(&ps, c, x, y, w, 2);
}

static bool wants_advice(const struct snapshot *s)
{
	if (s->live.on)
		return s->n_candidates || (!s->n_steps_open && !s->n_agents && !s->selects);
	return s->complete && !s->n_steps_open && (!s->n_agents || leaves_out_marks(s));
}

int overview_why(const struct snapshot *s, struct cells *c, struct rect r)
{
	char text[512];
	int n = 0;

	n += put_line(c, r, n, s->complete ? STYLE_OVER : STYLE_NOTE, "no steps: ",
		      s->live.on ? why_none_live(s, text, sizeof text) : why_none(s, text, sizeof text));
	if (wants_advice(s)) {
		what_to_do(s, text, sizeof text);
		n += put_line(c, r, n, STYLE_KEY, s->live.on || s->n_candidates || leaves_out_marks(s) ? "try       " : "", text);
	}
	if (n < r.h)
		wakeup_line(s, c, r.x, r.y + n++, r.w);
	if (n < r.h)
		overview_hot(s, c, r.x, r.y + n++, r.w);
	return n;
}

static void time_or_dash(struct field *f, uint64_t ns, bool known)
{
	f->kind = known ? FIELD_TIME : FIELD_UNKNOWN;
	f->num = (double)ns;
}

static void number(struct field *f, double n)
{
	f->kind = FIELD_COUNT;
	f->num = n;
}

static void text_field(struct field *f, const char *text)
{
	f->kind = FIELD_TEXT;
	f->text = text;
}

static void quant_field(struct field *f, const struct quant *q, unsigned which)
{
	uint64_t v[] = { q->sum, q->p50, q->p99, q->max };

	if (which == 0)
		number(f, (double)q->n);
	else
		time_or_dash(f, v[which - 1], q->n > 0);
}

static const struct column candidate_cols[] = {
	{ "COULD BE AN AGENT", NULL, 17, 20, 0, 0, 0 }, { "PID", NULL, 7, 0, 0, 1, 0 }, { "WAITS", NULL, 7, 0, 2, 1, 0 },
	{ "WAITED", NULL, 7, 0, 1, 1, 0, "waited_ns" }, { "RAN", NULL, 7, 0, 3, 1, 0, "ran_ns" }, { "WHY", NULL, 40, 90, 0, 0, 0 },
};
static void candidate_field(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct candidate_row *r = ((const struct snapshot *)arg)->candidates + row;

	switch (col) {
	case 0: text_field(f, r->comm); break;
	case 1: f->kind = FIELD_TEXT; snprintf(f->buf, sizeof f->buf, "%d", r->pid); f->text = f->buf; break;
	case 2: number(f, (double)r->n_waits); break;
	case 3: time_or_dash(f, r->wait_ns, true); break;
	case 4: time_or_dash(f, r->run_ns, true); break;
	case 5: text_field(f, r->why); break;
	}
}

static const struct column irq_cols[] = {
	{ "HARD IRQ", NULL, 17, 40, 0, 0, 0 }, { "COUNT", NULL, 7, 0, 0, 1, 0 }, { "TIME", NULL, 7, 0, 0, 1, 0, "time_ns" },
	{ "P50", NULL, 7, 0, 2, 1, 0, "p50_ns" }, { "P99", NULL, 7, 0, 0, 1, 0, "p99_ns" }, { "MAX", NULL, 7, 0, 1, 1, 0, "max_ns" },
	{ "CPUS", NULL, 5, 0, 3, 1, 0 },
};
static void irq_field(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct irq_row *r = ((const struct snapshot *)arg)->irqs + row;

	if (col == 0) {
		f->kind = FIELD_TEXT;
		if (r->irq >= 0)
			snprintf(f->buf, sizeof f->buf, "%d %s", r->irq, r->name);
		f->text = r->irq >= 0 ? f->buf : r->name;
	} else if (col == 6) {
		number(f, (double)r->n_cpus);
	} else {
		quant_field(f, &r->dist, col - 1);
	}
}

static const struct column softirq_cols[] = {
	{ "SOFTIRQ", NULL, 17, 40, 0, 0, 0 }, { "RUNS", NULL, 7, 0, 0, 1, 0 }, { "TIME", NULL, 7, 0, 0, 1, 0, "time_ns" },
	{ "P50", NULL, 7, 0, 2, 1, 0, "p50_ns" }, { "P99", NULL, 7, 0, 0, 1, 0, "p99_ns" }, { "MAX", NULL, 7, 0, 1, 1, 0, "max_ns" },
	{ "WAIT P99", NULL, 8, 0, 3, 1, 0, "wait_p99_ns" }, { "WAIT MAX", NULL, 8, 0, 4, 1, 0, "wait_max_ns" },
};
/* Most time first; the snapshot has them by number. There are few. */
static const struct softirq_row *softirq_at(const struct snapshot *s, size_t place)
{
	for (size_t i = 0; i < s->n_softirqs; i++) {
		size_t before = 0;

		for (size_t k = 0; k < s->n_softirqs; k++)
			before += s->softirqs[k].run.sum > s->softirqs[i].run.sum ||
				  (s->softirqs[k].run.sum == s->softirqs[i].run.sum && k < i);
		if (before == place)
			return s->softirqs + i;
	}
	return s->softirqs;
}

static void softirq_field(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct softirq_row *r = softirq_at(arg, row);

	if (col == 0)
		text_field(f, r->name);
	else if (col >= 6)
		time_or_dash(f, col == 6 ? r->wait.p99 : r->wait.max, r->wait.n > 0);
	else
		quant_field(f, &r->run, col - 1);
}

static const struct column task_cols[] = {
	{ "TASK", NULL, 17, 40, 0, 0, 0 }, { "PID", NULL, 7, 0, 0, 1, 0 }, { "RAN", NULL, 7, 0, 0, 1, 0, "ran_ns" },
	{ "RUN QUEUE", NULL, 9, 0, 0, 1, 0, "run_queue_ns" },
	{ "PREEMPTED", NULL, 9, 0, 2, 1, 0, "preempted_ns" }, { "BLOCKED", NULL, 7, 0, 3, 1, 0, "blocked_ns" },
	{ "SWITCHES", NULL, 8, 0, 4, 1, 0 }, { "MOVES", NULL, 7, 0, 5, 1, 0 },
};
static void task_field(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct task_row *r = ((const struct snapshot *)arg)->tasks + row;

	switch (col) {
	case 0: text_field(f, r->comm); break;
	case 1: f->kind = FIELD_TEXT; snprintf(f->buf, sizeof f->buf, "%d", r->pid); f->text = f->buf; break;
	case 2: time_or_dash(f, r->run, true); break;
	case 3: time_or_dash(f, r->runqueue, r->runqueue || is_seen(arg, "wakeup")); break;
	case 4: time_or_dash(f, r->preempted, true); break;
	case 5: time_or_dash(f, r->blocked, true); break;
	case 6: number(f, (double)r->n_switches); break;
	case 7: number(f, (double)r->n_migrations); break;
	}
}

enum { CANDIDATES, TASKS, IRQS, SOFTIRQS, N_SECTIONS };
static const struct table tables[N_SECTIONS] = {
	{ candidate_cols, ARRAY_LEN(candidate_cols), candidate_field }, { task_cols, ARRAY_LEN(task_cols), task_field },
	{ irq_cols, ARRAY_LEN(irq_cols), irq_field }, { softirq_cols, ARRAY_LEN(softirq_cols), softirq_field },
};

/* Lines (heading included) for each of n sections in h lines: in turn, until each has what it wants. */
static void share_lines(const size_t *rows, int n, int h, int *lines)
{
	bool grown = true;

	for (int i = 0; i < n; i++)
		lines[i] = 0;
	for (int i = 0; i < n && h >= 2; i++)
		if (rows[i]) {
			lines[i] = 2;
			h -= 2;
		}
	while (h > 0 && grown) {
		grown = false;
		for (int i = 0; i < n && h > 0; i++)
			if (lines[i] && (size_t)lines[i] < rows[i] + 1) {
				lines[i]++;
				h--;
				grown = true;
			}
	}
}

static void draw_sections(const struct snapshot *s, const int *which, int n, const struct table_pos *candidate, struct cells *c,
			  struct rect r)
{
	const size_t all[N_SECTIONS] = { s->n_candidates, s->n_tasks, s->n_irqs, s->n_softirqs };
	const struct table_pos none = { TABLE_NO_CURSOR, 0 };
	size_t rows[N_SECTIONS];
	int lines[N_SECTIONS], y = r.y, spare = r.h;

	for (int i = 0; i < n; i++)
		rows[i] = all[which[i]];
	share_lines(rows, n, r.h, lines);
	for (int i = 0; i < n; i++)
		spare -= lines[i];
	for (int i = 0; i < n; i++) {
		const struct table *t = tables + which[i];

		if (lines[i] && y > r.y && spare >= n)
			y++;
		if (lines[i])
			table_draw(t, s, rows[i], candidate && which[i] == CANDIDATES ? candidate : &none, c,
				   (struct rect){ r.x, y, r.w, lines[i] }, (unsigned)t->n_cols, false);
		y += lines[i];
	}
}

void overview_draw(const struct snapshot *s, const struct table_pos *candidate, struct cells *c, struct rect r)
{
	static const int all[] = { CANDIDATES, TASKS, IRQS, SOFTIRQS };
	int half = (r.w - 2) / 2;

	if (r.w < 150) {
		draw_sections(s, all, N_SECTIONS, candidate, c, r);
		return;
	}
	draw_sections(s, all, 2, candidate, c, (struct rect){ r.x, r.y, half, r.h });
	draw_sections(s, all + 2, 2, NULL, c, (struct rect){ r.x + half + 2, r.y, r.w - half - 2, r.h });
}

bool overview_sheet(const struct snapshot *s, unsigned nth, struct sheet *out)
{
	static const char *const names[N_SECTIONS] = { "candidates", "tasks", "irqs", "softirqs" };
	const size_t rows[N_SECTIONS] = { s->n_candidates, s->n_tasks, s->n_irqs, s->n_softirqs };

	for (unsigned i = 0; i < N_SECTIONS; i++) {
		if (!rows[i] || nth--)
			continue;
		*out = (struct sheet){ .name = names[i], .shown = tables + i, .arg = s, .n_rows = rows[i],
				       .sort_col = (unsigned)tables[i].n_cols };
		return true;
	}
	return false;
}
