// SPDX-License-Identifier: GPL-2.0-only
/* The tables about the machine: CPUs, interrupts, tasks, devices, rings. */
#include <string.h>

#include "report_parts.h"
#include "spread.h"
#include "verdict.h"

/* ---- cells ---- */

void cell_ns(struct table *t, bool known, uint64_t ns)
{
	char buf[32];

	table_put(t, !known ? "-" : !ns ? "0" : fmt_ns(buf, sizeof buf, ns));
}

void cell_n(struct table *t, uint64_t n)
{
	char buf[32];

	snprintf(buf, sizeof buf, "%llu", (unsigned long long)n);
	table_put(t, buf);
}

void cell_harm(struct table *t, uint64_t ns)
{
	cell_ns(t, ns, ns);
	if (ns)
		table_style(t, STYLE_WARN);
}

void cell_share(struct table *t, bool known, double share)
{
	char buf[32];

	table_put(t, known ? fmt_share(buf, sizeof buf, share) : "-");
}

void cell_text(struct table *t, const char *text)
{
	table_put(t, *text ? text : "-");
}

void cell_id(struct table *t, int32_t id, int32_t lowest)
{
	char buf[32];

	snprintf(buf, sizeof buf, "%d", id);
	table_put(t, id < lowest ? "-" : buf);
}

size_t rows_shown(const struct report *r, size_t n)
{
	return r->o->n_top ? MIN(n, r->o->n_top) : n;
}

void rows_left(const struct report *r, size_t n)
{
	char text[64];

	if (rows_shown(r, n) == n)
		return;
	snprintf(text, sizeof text, "and %zu more: --top 0 shows all", n - rows_shown(r, n));
	page_text(r->p, 2, 2, STYLE_DIM, text);
}

static void put_quant(struct table *t, const struct quant *q)
{
	cell_ns(t, q->n, q->p50);
	cell_ns(t, q->n, q->p99);
	cell_ns(t, q->n, q->max);
}

/* ---- CPUs ---- */

static double cpu_total(const struct cpu_row *c)
{
	return (double)c->irq + (double)c->softirq + (double)c->ksoftirqd + (double)c->task + (double)c->idle + (double)c->unknown;
}

static void cpu_why(const struct report *r, const struct cpu_row *c)
{
	char text[320];

	if (!c->hot)
		return;
	snprintf(text, sizeof text, "CPU %u is IRQ-hot: %s", c->cpu, c->why);
	page_text(r->p, 2, 4, STYLE_BAD, text);
}

void part_cpus(const struct report *r)
{
	static const struct column cols[] = {
		{ "CPU", true }, { "IRQ", true }, { "SOFTIRQ", true }, { "KSOFTIRQD", true, false, 2 }, { "TASKS", true },
		{ "IDLE", true, false, 1 }, { "UNKNOWN", true, false, 3 }, { "IRQS/S", true, false, 4 }, { "HARM", true },
		{ "" },
	};
	double window_s = (double)(r->s->source.end - r->s->source.begin) / 1e9;
	struct table t;

	if (!r->s->n_cpus)
		return;
	page_heading(r->p, "CPUs", "share of the time; harm: taken from steps by interrupts");
	table_init(&t, cols, ARRAY_LEN(cols));
	for (size_t i = 0; i < rows_shown(r, r->s->n_cpus); i++) {
		const struct cpu_row *c = &r->s->cpus[i];
		double all = cpu_total(c);
		const uint64_t part[] = { c->irq, c->softirq, c->ksoftirqd, c->task, c->idle, c->unknown };

		cell_n(&t, c->cpu);
		for (size_t k = 0; k < ARRAY_LEN(part); k++)
			cell_share(&t, all > 0, (double)part[k] / all);
		if (window_s > 0)
			cell_n(&t, (uint64_t)((double)c->n_irqs / window_s + 0.5));
		else
			cell_text(&t, "");
		cell_harm(&t, c->harm);
		table_put(&t, c->hot ? "IRQ-hot" : "");
		table_style(&t, STYLE_BAD);
	}
	table_print(&t, r->p);
	rows_left(r, r->s->n_cpus);
	for (size_t i = 0; i < r->s->n_cpus; i++)
		cpu_why(r, &r->s->cpus[i]);
}

/* ---- interrupts ---- */

void part_irqs(const struct report *r)
{
	static const struct column cols[] = {
		{ "IRQ", true }, { "NAME", false, true }, { "COUNT", true, false, 1 }, { "TIME", true }, { "P50", true, false, 4 },
		{ "P99", true }, { "MAX", true, false, 2 }, { "STEPS", true }, { "HARM", true }, { "ON CPU", false, false, 3 },
	};
	char cpus[96];
	struct table t;

	if (!r->s->n_irqs)
		return;
	page_heading(r->p, "Interrupts", "steps: that it completed; harm: what it took from steps");
	table_init(&t, cols, ARRAY_LEN(cols));
	for (size_t i = 0; i < rows_shown(r, r->s->n_irqs); i++) {
		const struct irq_row *q = &r->s->irqs[i];

		cell_id(&t, q->irq, 0);
		cell_text(&t, q->name);
		cell_n(&t, q->dist.n);
		cell_ns(&t, q->dist.n, q->dist.sum);
		put_quant(&t, &q->dist);
		cell_n(&t, q->completed_steps);
		cell_harm(&t, q->harm);
		cell_text(&t, spread_text(cpus, sizeof cpus, q->cpus, q->n_cpus, q->dist.n));
	}
	table_print(&t, r->p);
	rows_left(r, r->s->n_irqs);
}

void part_softirqs(const struct report *r)
{
	static const struct column cols[] = {
		{ "SOFTIRQ", false, true }, { "RAISED", true, false, 2 }, { "RUNS", true }, { "TIME", true }, { "P99", true },
		{ "MAX", true, false, 1 }, { "WAIT P50", true }, { "WAIT P99", true }, { "WAIT MAX", true, false, 3 }, { "HARM", true },
	};
	struct table t;

	if (!r->s->n_softirqs)
		return;
	page_heading(r->p, "Softirqs", "wait: raised, but not yet running");
	table_init(&t, cols, ARRAY_LEN(cols));
	for (size_t i = 0; i < r->s->n_softirqs; i++) {
		const struct softirq_row *v = &r->s->softirqs[i];

		cell_text(&t, v->name);
		cell_n(&t, v->n_raises);
		cell_n(&t, v->run.n);
		cell_ns(&t, v->run.n, v->run.sum);
		cell_ns(&t, v->run.n, v->run.p99);
		cell_ns(&t, v->run.n, v->run.max);
		put_quant(&t, &v->wait);
		cell_harm(&t, v->harm);
	}
	table_print(&t, r->p);
}

/* ---- tasks ---- */

void part_tasks(const struct report *r)
{
	static const struct column cols[] = {
		{ "PID", true }, { "COMM", false, true }, { "RUN", true }, { "RUN QUEUE", true }, { "PREEMPTED", true },
		{ "SLEEP", true, false, 2 }, { "BLOCKED", true, false, 1 }, { "SWITCHES", true, false, 4 },
		{ "WAKEUPS", true, false, 3 }, { "MIGRATED", true, false, 5 }, { "HARM", true },
	};
	struct table t;

	if (!r->s->n_tasks)
		return;
	page_heading(r->p, "Tasks", "most time on a CPU first; harm: what it took from steps");
	table_init(&t, cols, ARRAY_LEN(cols));
	for (size_t i = 0; i < rows_shown(r, r->s->n_tasks); i++) {
		const struct task_row *k = &r->s->tasks[i];
		const uint64_t part[] = { k->run, k->runqueue, k->preempted, k->sleep, k->blocked };

		cell_id(&t, k->pid, 0);
		cell_text(&t, k->comm);
		for (size_t n = 0; n < ARRAY_LEN(part); n++)
			cell_ns(&t, true, part[n]);
		cell_n(&t, k->n_switches);
		cell_n(&t, k->n_wakeups);
		cell_n(&t, k->n_migrations);
		cell_harm(&t, k->harm);
	}
	table_print(&t, r->p);
	rows_left(r, r->s->n_tasks);
}

static void wakeup_row(struct table *t, const char *name, const struct quant *q)
{
	table_put(t, name);
	cell_n(t, q->n);
	cell_ns(t, q->n, q->p50);
	cell_ns(t, q->n, q->p90);
	cell_ns(t, q->n, q->p99);
	cell_ns(t, q->n, q->p999);
	cell_ns(t, q->n, q->max);
}

void part_wakeups(const struct report *r)
{
	static const struct column cols[] = {
		{ "WAKEUP", false, true }, { "COUNT", true }, { "P50", true }, { "P90", true, false, 1 }, { "P99", true },
		{ "P999", true, false, 2 }, { "MAX", true },
	};
	char note[64];
	struct table t;

	if (!r->s->wakeups.waking_to_run.n && !r->s->wakeups.wakeup_to_run.n)
		return;
	snprintf(note, sizeof note, "%llu went to another CPU", (unsigned long long)r->s->wakeups.n_cross_cpu);
	page_heading(r->p, "Wakeups", note);
	table_init(&t, cols, ARRAY_LEN(cols));
	wakeup_row(&t, "waking to running", &r->s->wakeups.waking_to_run);
	wakeup_row(&t, "queued to running", &r->s->wakeups.wakeup_to_run);
	table_print(&t, r->p);
}

/* ---- devices and rings ---- */

void part_blocks(const struct report *r)
{
	static const struct column cols[] = {
		{ "DEVICE", false, true }, { "OP", false }, { "COUNT", true }, { "QUEUED P50", true, false, 2 }, { "QUEUED P99", true },
		{ "DEVICE P50", true, false, 1 }, { "DEVICE P99", true }, { "MAX", true, false, 3 }, { "COMPLETE P99", true },
	};
	struct table t;

	if (!r->s->n_blocks)
		return;
	page_heading(r->p, "Block devices", "queued: not issued yet; complete: hard IRQ to block_rq_complete");
	table_init(&t, cols, ARRAY_LEN(cols));
	for (size_t i = 0; i < rows_shown(r, r->s->n_blocks); i++) {
		const struct block_row *b = &r->s->blocks[i];

		cell_text(&t, b->dev);
		cell_text(&t, b->op);
		cell_n(&t, MAX(b->device.n, b->queue.n));
		cell_ns(&t, b->queue.n, b->queue.p50);
		cell_ns(&t, b->queue.n, b->queue.p99);
		put_quant(&t, &b->device);
		cell_ns(&t, b->complete.n, b->complete.p99);
	}
	table_print(&t, r->p);
	rows_left(r, r->s->n_blocks);
}

void part_napis(const struct report *r)
{
	static const struct column cols[] = {
		{ "NAPI", false, true }, { "POLLS", true }, { "WORK", true }, { "A POLL", true, false, 1 }, { "BUDGET USED UP", true },
		{ "P50", true }, { "P99", true }, { "MAX", true },
	};
	char each[32];
	struct table t;

	if (!r->s->n_napis)
		return;
	page_heading(r->p, "NAPI polls", NULL);
	table_init(&t, cols, ARRAY_LEN(cols));
	for (size_t i = 0; i < rows_shown(r, r->s->n_napis); i++) {
		const struct napi_row *n = &r->s->napis[i];

		cell_text(&t, n->dev);
		cell_n(&t, n->n_polls);
		cell_n(&t, n->work);
		snprintf(each, sizeof each, "%.1f", n->n_polls ? (double)n->work / (double)n->n_polls : 0);
		cell_text(&t, n->n_polls ? each : "");
		cell_n(&t, n->n_budget_hits);
		put_quant(&t, &n->dist);
	}
	table_print(&t, r->p);
	rows_left(r, r->s->n_napis);
}

static void ring_line(const struct report *r, const struct ring_row *ring)
{
	char text[256], age[24], sq[16] = "-", cq[16] = "-", p50[24];
	FILE *f = fmemopen(text, sizeof text, "w");

	if (!f)
		return;
	if (ring->sq)
		snprintf(sq, sizeof sq, "%u", ring->sq);
	if (ring->cq)
		snprintf(cq, sizeof cq, "%u", ring->cq);
	fprintf(f, "ring 0x%llx", (unsigned long long)ring->ctx);
	if (ring->pid > 0)
		fprintf(f, " of pid %d", ring->pid);
	fprintf(f, ": sq %s, cq %s, overflow %llu, open %llu", sq, cq, (unsigned long long)ring->n_overflow,
		(unsigned long long)ring->n_open);
	if (ring->n_open)
		fprintf(f, " (oldest %s)", fmt_ns(age, sizeof age, ring->oldest_open_ns));
	snprintf(p50, sizeof p50, "%llu", (unsigned long long)ring->batch.p50);
	fprintf(f, ", batch p50 %s", ring->batch.n ? p50 : "-");
	if (ring->batch.n)
		fprintf(f, " max %llu", (unsigned long long)ring->batch.max);
	fclose(f);
	text[sizeof text - 1] = 0;
	page_text(r->p, 2, 6, ring->n_overflow ? STYLE_WARN : STYLE_NONE, text);
}

static void ring_ops(const struct report *r, const struct ring_row *ring)
{
	static const struct column cols[] = {
		{ "  OPERATION", false, true }, { "COUNT", true }, { "ERRORS", true }, { "CANCELLED", true, false, 1 },
		{ "P50", true }, { "P99", true }, { "MAX", true },
	};
	char name[64];
	struct table t;

	if (!ring->n_ops)
		return;
	table_init(&t, cols, ARRAY_LEN(cols));
	for (size_t i = 0; i < rows_shown(r, ring->n_ops); i++) {
		const struct ring_op *op = &ring->ops[i];

		snprintf(name, sizeof name, "  %s", op->op);
		table_put(&t, name);
		cell_n(&t, op->n);
		cell_n(&t, op->n_error);
		cell_n(&t, op->n_cancelled);
		put_quant(&t, &op->dist);
	}
	table_print(&t, r->p);
	rows_left(r, ring->n_ops);
}

void part_rings(const struct report *r)
{
	if (!r->s->n_rings)
		return;
	page_heading(r->p, "io_uring", NULL);
	for (size_t i = 0; i < rows_shown(r, r->s->n_rings); i++) {
		ring_line(r, &r->s->rings[i]);
		ring_ops(r, &r->s->rings[i]);
	}
	rows_left(r, r->s->n_rings);
}
