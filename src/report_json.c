// SPDX-License-Identifier: GPL-2.0-only
/* Keys and their order are a contract with programs: append, never rename. What is unknown is null. */
#include "blame.h"
#include "json.h"
#include "report.h"

static void put_known(struct json *j, uint64_t v)
{
	if (v)
		json_u64(j, v);
	else
		json_null(j);
}

static void put_id(struct json *j, int32_t id, int32_t lowest)
{
	if (id < lowest)
		json_null(j);
	else
		json_i64(j, id);
}

static void put_cpu(struct json *j, uint32_t cpu)
{
	if (cpu == UINT32_MAX)
		json_null(j);
	else
		json_u64(j, cpu);
}

static void put_if(struct json *j, bool known, uint64_t v)
{
	if (known)
		json_u64(j, v);
	else
		json_null(j);
}

static void put_dist(struct json *j, const struct quant *q)
{
	bool known = q->n;

	json_open(j, '{');
	json_key(j, "n"), json_u64(j, q->n);
	json_key(j, "sum"), json_u64(j, q->sum);
	json_key(j, "min"), put_if(j, known, q->min);
	json_key(j, "p50"), put_if(j, known, q->p50);
	json_key(j, "p90"), put_if(j, known, q->p90);
	json_key(j, "p99"), put_if(j, known, q->p99);
	json_key(j, "p999"), put_if(j, known, q->p999);
	json_key(j, "max"), put_if(j, known, q->max);
	json_close(j, '}');
}

/* Events were lost, but nobody counted one of them: then the number is unknown, not zero. */
static bool lost_is_known(const struct snapshot *s)
{
	if (s->source.n_lost)
		return true;
	for (size_t i = 0; i < s->n_losses; i++)
		if (s->losses[i].uncounted)
			return false;
	return true;
}

static void put_source(struct json *j, const struct snapshot *s)
{
	json_key(j, "source"), json_open(j, '{');
	json_key(j, "kind"), json_text(j, s->source.kind);
	json_key(j, "file"), json_text(j, s->source.file);
	json_key(j, "version"), json_text(j, s->source.version);
	json_key(j, "clock"), json_text(j, s->source.clock);
	json_key(j, "host"), json_text(j, s->source.host);
	json_key(j, "kernel"), json_text(j, s->source.kernel);
	json_key(j, "arch"), json_text(j, s->source.arch);
	json_key(j, "cpus"), put_known(j, s->source.cpus);
	json_key(j, "begin"), put_if(j, s->source.end, s->source.begin);
	json_key(j, "end"), put_if(j, s->source.end, s->source.end);
	json_key(j, "events"), json_u64(j, s->source.n_events);
	json_key(j, "lost"), put_if(j, lost_is_known(s), s->source.n_lost);
	json_key(j, "late"), json_u64(j, s->source.n_late);
	json_key(j, "skipped"), json_u64(j, s->live.n_skipped);
	json_close(j, '}');
}

static void put_capabilities(struct json *j, const struct snapshot *s)
{
	static const char *const states[] = { [CAP_ON] = "on", [CAP_PARTIAL] = "partial", [CAP_OFF] = "off" };

	json_key(j, "capabilities"), json_open(j, '[');
	for (size_t i = 0; i < s->n_caps; i++) {
		const struct capability *c = &s->caps[i];

		json_line(j);
		json_open(j, '{');
		json_key(j, "stage"), json_text(j, c->stage);
		json_key(j, "state"), json_text(j, states[c->state]);
		json_key(j, "missing"), json_open(j, '[');
		for (size_t k = 0; k < c->n_missing; k++)
			json_text(j, c->missing[k]);
		json_close(j, ']');
		json_key(j, "hides"), json_text(j, c->hides);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_agents(struct json *j, const struct snapshot *s)
{
	json_key(j, "agents"), json_open(j, '[');
	for (size_t i = 0; i < s->n_agents; i++) {
		const struct agent_row *a = &s->agents[i];

		json_line(j);
		json_open(j, '{');
		json_key(j, "agent"), json_text(j, a->agent);
		json_key(j, "tgid"), put_id(j, a->tgid, 1);
		json_key(j, "comm"), json_text(j, a->comm);
		json_key(j, "class"), json_text(j, a->cls);
		json_key(j, "steps"), put_dist(j, &a->steps);
		json_key(j, "between"), put_dist(j, &a->between);
		json_key(j, "deadline_misses"), json_u64(j, a->n_deadline_miss);
		json_key(j, "budget_misses"), json_u64(j, a->n_budget_miss);
		json_key(j, "stages"), json_open(j, '{');
		for (int st = 0; st < N_STAGES; st++)
			json_key_text(j, stage_names[st].name), put_dist(j, &a->stage[st]);
		json_close(j, '}');
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_evidence(struct json *j, const struct snapshot *s, const struct step *step, const struct segment *seg)
{
	json_key(j, "evidence"), json_open(j, '[');
	for (size_t i = seg->ev; i < step->n_ev && i - seg->ev < seg->n_ev; i++) {
		const struct evidence *e = &step->ev[i];

		json_open(j, '{');
		json_key(j, "event"), json_text(j, snapshot_str(s, e->event));
		json_key(j, "cpu"), put_cpu(j, e->cpu);
		json_key(j, "ts"), json_u64(j, e->ts);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_segment(struct json *j, const struct snapshot *s, const struct step *step, const struct segment *seg)
{
	json_open(j, '{');
	json_key(j, "stage"), json_text(j, stage_names[seg->stage].name);
	json_key(j, "from"), json_u64(j, seg->from);
	json_key(j, "to"), json_u64(j, seg->to);
	json_key(j, "cpu"), put_cpu(j, seg->cpu);
	json_key(j, "actor"), json_text(j, snapshot_str(s, seg->actor));
	json_key(j, "confidence"), json_text(j, seg->confidence == CONF_PROVEN ? "proven" : "inferred");
	put_evidence(j, s, step, seg);
	json_close(j, '}');
}

static void put_segments(struct json *j, const struct snapshot *s, const struct step *step)
{
	json_key(j, "segments");
	if (!step->has_segments) {
		json_null(j);		/* dropped by --steps: an empty list would say that they tile nothing */
		return;
	}
	json_open(j, '[');
	for (size_t i = 0; i < step->n_seg; i++)
		put_segment(j, s, step, &step->seg[i]);
	json_close(j, ']');
}

static void put_step(struct json *j, const struct snapshot *s, const struct step *st)
{
	json_open(j, '{');
	json_key(j, "agent"), json_text(j, snapshot_str(s, st->agent));
	json_key(j, "id"), json_text(j, snapshot_str(s, st->id));
	json_key(j, "name"), json_text(j, snapshot_str(s, st->name));
	json_key(j, "pid"), put_id(j, st->pid, 0);
	json_key(j, "tgid"), put_id(j, st->tgid, 1);
	json_key(j, "begin"), json_u64(j, st->begin);
	json_key(j, "end"), json_u64(j, st->end);
	json_key(j, "class"), json_text(j, snapshot_str(s, st->cls));
	json_key(j, "deadline"), put_known(j, st->deadline_ns);
	json_key(j, "budget"), put_known(j, st->budget_ns);
	json_key(j, "missed"), json_bool(j, st->missed);
	json_key(j, "lost"), json_u64(j, st->n_lost);
	put_segments(j, s, st);
	json_close(j, '}');
}

static void put_steps(struct json *j, const struct snapshot *s)
{
	json_key(j, "steps"), json_open(j, '[');
	for (size_t i = 0; i < s->n_steps; i++) {
		json_line(j);
		put_step(j, s, s->steps[i]);
	}
	json_close(j, ']');
}

static void put_share(struct json *j, const struct snapshot *s, double share)
{
	if (s->steps_all.n)
		json_ratio(j, share);
	else
		json_null(j);
}

static void put_stages(struct json *j, const struct snapshot *s)
{
	json_key(j, "stages"), json_open(j, '[');
	for (int st = 0; st < N_STAGES; st++) {
		json_line(j);
		json_open(j, '{');
		json_key(j, "stage"), json_text(j, stage_names[st].name);
		json_key(j, "share"), put_share(j, s, s->stage[st].share);
		json_key(j, "share_worst"), put_share(j, s, s->stage[st].share_worst);
		json_key(j, "dist"), put_dist(j, &s->stage[st].dist);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_tasks(struct json *j, const struct snapshot *s, unsigned n_top)
{
	json_key(j, "tasks"), json_open(j, '[');
	for (size_t i = 0; i < s->n_tasks && (!n_top || i < n_top); i++) {
		const struct task_row *t = &s->tasks[i];

		json_line(j);
		json_open(j, '{');
		json_key(j, "pid"), put_id(j, t->pid, 0);
		json_key(j, "tgid"), put_id(j, t->tgid, 1);
		json_key(j, "comm"), json_text(j, t->comm);
		json_key(j, "run"), json_u64(j, t->run);
		json_key(j, "runqueue"), json_u64(j, t->runqueue);
		json_key(j, "preempted"), json_u64(j, t->preempted);
		json_key(j, "sleep"), json_u64(j, t->sleep);
		json_key(j, "blocked"), json_u64(j, t->blocked);
		json_key(j, "switches"), json_u64(j, t->n_switches);
		json_key(j, "wakeups"), json_u64(j, t->n_wakeups);
		json_key(j, "migrations"), json_u64(j, t->n_migrations);
		json_key(j, "harm"), json_u64(j, t->harm);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_cpus(struct json *j, const struct snapshot *s)
{
	json_key(j, "cpus"), json_open(j, '[');
	for (size_t i = 0; i < s->n_cpus; i++) {
		const struct cpu_row *c = &s->cpus[i];

		json_line(j);
		json_open(j, '{');
		json_key(j, "cpu"), json_u64(j, c->cpu);
		json_key(j, "irq"), json_u64(j, c->irq);
		json_key(j, "softirq"), json_u64(j, c->softirq);
		json_key(j, "ksoftirqd"), json_u64(j, c->ksoftirqd);
		json_key(j, "task"), json_u64(j, c->task);
		json_key(j, "idle"), json_u64(j, c->idle);
		json_key(j, "hot"), json_bool(j, c->hot);
		json_key(j, "why"), json_text(j, c->why);
		json_key(j, "harm"), json_u64(j, c->harm);
		json_key(j, "unknown"), json_u64(j, c->unknown);
		json_key(j, "interrupts"), json_u64(j, c->n_irqs);
		json_key(j, "node"), put_id(j, c->node, 0);
		json_key(j, "cache"), put_id(j, c->cache, 0);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_by_cpu(struct json *j, const struct irq_cpu *cpus, size_t n_cpus)
{
	char cpu[16];

	json_key(j, "cpus"), json_open(j, '{');
	for (size_t i = 0; i < n_cpus; i++) {
		snprintf(cpu, sizeof cpu, "%u", cpus[i].cpu);
		json_key_text(j, cpu), put_dist(j, &cpus[i].dist);
	}
	json_close(j, '}');
}

static void put_irqs(struct json *j, const struct snapshot *s)
{
	json_key(j, "irqs"), json_open(j, '[');
	for (size_t i = 0; i < s->n_irqs; i++) {
		const struct irq_row *q = &s->irqs[i];

		json_line(j);
		json_open(j, '{');
		json_key(j, "irq"), put_id(j, q->irq, 0);
		json_key(j, "name"), json_text(j, q->name);
		json_key(j, "dist"), put_dist(j, &q->dist);
		put_by_cpu(j, q->cpus, q->n_cpus);
		json_key(j, "completed_steps"), json_u64(j, q->completed_steps);
		json_key(j, "harm"), json_u64(j, q->harm);
		json_key(j, "asked"), json_text(j, q->asked);
		json_key(j, "effective"), json_text(j, q->effective);
		json_key(j, "managed");
		if (q->kind == IRQ_UNKNOWN)
			json_null(j);
		else
			json_bool(j, q->kind == IRQ_MANAGED);
		json_key(j, "unhandled"), json_u64(j, q->n_unhandled);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_softirqs(struct json *j, const struct snapshot *s)
{
	json_key(j, "softirqs"), json_open(j, '[');
	for (size_t i = 0; i < s->n_softirqs; i++) {
		const struct softirq_row *v = &s->softirqs[i];

		json_line(j);
		json_open(j, '{');
		json_key(j, "vec"), json_u64(j, v->vec);
		json_key(j, "name"), json_text(j, v->name);
		json_key(j, "raises"), json_u64(j, v->n_raises);
		json_key(j, "run"), put_dist(j, &v->run);
		json_key(j, "wait"), put_dist(j, &v->wait);
		json_key(j, "harm"), json_u64(j, v->harm);
		put_by_cpu(j, v->cpus, v->n_cpus);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_actor(struct json *j, const char *actor, unsigned level, uint32_t id)
{
	json_key(j, "actor"), json_text(j, actor);
	json_key(j, "level"), json_text(j, blame_level(level));
	json_key(j, "id"), put_if(j, id != UINT32_MAX, id);
}

static void put_culprits(struct json *j, const struct snapshot *s, unsigned n_top)
{
	json_key(j, "culprits"), json_open(j, '[');
	for (size_t i = 0; i < s->n_culprits && (!n_top || i < n_top); i++) {
		const struct culprit_row *p = &s->culprits[i];

		json_line(j);
		json_open(j, '{');
		put_actor(j, p->actor, p->level, p->id);
		json_key(j, "harm"), json_u64(j, p->ns);
		json_key(j, "steps"), put_if(j, !p->others, p->n_steps);
		json_key(j, "worst"), put_known(j, p->worst_ns);
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* All rows of those culprits that are there. */
static void put_harms(struct json *j, const struct snapshot *s, unsigned n_top)
{
	json_key(j, "harms"), json_open(j, '[');
	for (size_t i = 0; i < s->n_harms; i++) {
		const struct harm_row *h = &s->harms[i];

		if (n_top && h->culprit_i >= n_top)
			continue;
		json_line(j);
		json_open(j, '{');
		put_actor(j, h->actor, h->level, h->id);
		json_key(j, "cpu"), put_cpu(j, h->cpu);
		json_key(j, "agent"), json_text(j, h->agent);
		json_key(j, "stage"), json_text(j, stage_names[h->stage].name);
		json_key(j, "harm"), json_u64(j, h->ns);
		json_key(j, "steps"), put_if(j, h->culprit_i >= s->n_culprits || !s->culprits[h->culprit_i].others, h->n_steps);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_wakeups(struct json *j, const struct snapshot *s)
{
	json_key(j, "wakeups"), json_open(j, '{');
	json_key(j, "waking_to_run"), put_dist(j, &s->wakeups.waking_to_run);
	json_key(j, "wakeup_to_run"), put_dist(j, &s->wakeups.wakeup_to_run);
	json_key(j, "cross_cpu"), json_u64(j, s->wakeups.n_cross_cpu);
	json_close(j, '}');
}

/* Others, of whom there are too many, have neither name nor pid. */
static void put_submitters(struct json *j, const struct block_row *b)
{
	json_key(j, "by"), json_open(j, '[');
	for (size_t i = 0; i < b->n_by; i++) {
		const struct submitter *by = &b->by[i];

		json_open(j, '{');
		json_key(j, "comm"), json_text(j, by->comm);
		json_key(j, "pid"), put_id(j, by->pid, 1);
		json_key(j, "n"), json_u64(j, by->n);
		json_key(j, "bytes"), json_u64(j, by->bytes);
		json_key(j, "device"), put_dist(j, &by->device);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_blocks(struct json *j, const struct snapshot *s)
{
	json_key(j, "block"), json_open(j, '[');
	for (size_t i = 0; i < s->n_blocks; i++) {
		const struct block_row *b = &s->blocks[i];

		json_line(j);
		json_open(j, '{');
		json_key(j, "dev"), json_text(j, b->dev);
		json_key(j, "op"), json_text(j, b->op);
		json_key(j, "queue"), put_dist(j, &b->queue);
		json_key(j, "device"), put_dist(j, &b->device);
		json_key(j, "complete"), put_dist(j, &b->complete);
		json_key(j, "name"), json_text(j, b->name);
		put_submitters(j, b);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_napis(struct json *j, const struct snapshot *s)
{
	json_key(j, "napi"), json_open(j, '[');
	for (size_t i = 0; i < s->n_napis; i++) {
		const struct napi_row *n = &s->napis[i];

		json_line(j);
		json_open(j, '{');
		json_key(j, "dev"), json_text(j, n->dev);
		json_key(j, "polls"), json_u64(j, n->n_polls);
		json_key(j, "work"), json_u64(j, n->work);
		json_key(j, "budget_hits"), json_u64(j, n->n_budget_hits);
		json_key(j, "dist"), put_dist(j, &n->dist);
		json_key(j, "batch"), put_dist(j, &n->batch);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_ring_ops(struct json *j, const struct ring_row *r)
{
	json_key(j, "ops"), json_open(j, '{');
	for (size_t i = 0; i < r->n_ops; i++) {
		const struct ring_op *op = &r->ops[i];

		json_key_text(j, op->op), json_open(j, '{');
		json_key(j, "n"), json_u64(j, op->n);
		json_key(j, "error"), json_u64(j, op->n_error);
		json_key(j, "cancelled"), json_u64(j, op->n_cancelled);
		json_key(j, "dist"), put_dist(j, &op->dist);
		json_close(j, '}');
	}
	json_close(j, '}');
}

static void put_rings(struct json *j, const struct snapshot *s)
{
	json_key(j, "rings"), json_open(j, '[');
	for (size_t i = 0; i < s->n_rings; i++) {
		const struct ring_row *r = &s->rings[i];

		json_line(j);
		json_open(j, '{');
		json_key(j, "ctx"), json_hex(j, r->ctx);
		json_key(j, "pid"), put_id(j, r->pid, 1);
		json_key(j, "sq"), put_known(j, r->sq);
		json_key(j, "cq"), put_known(j, r->cq);
		put_ring_ops(j, r);
		json_key(j, "overflow"), json_u64(j, r->n_overflow);
		json_key(j, "batch"), put_dist(j, &r->batch);
		json_key(j, "open"), json_u64(j, r->n_open);
		json_key(j, "oldest_open"), put_if(j, r->n_open, r->oldest_open_ns);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_places(struct json *j, const struct snapshot *s)
{
	json_key(j, "places"), json_open(j, '[');
	for (size_t i = 0; i < s->n_places; i++) {
		json_line(j);
		json_open(j, '{');
		json_key(j, "agent"), json_text(j, s->places[i].agent);
		json_key(j, "cpu"), json_u64(j, s->places[i].cpu);
		json_key(j, "run"), json_u64(j, s->places[i].ns);
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* One value of each slot, of those that stand there side by side. */
static void put_series(struct json *j, const char *key, const uint64_t *v, uint32_t n, unsigned n_cells)
{
	json_key_text(j, key), json_open(j, '[');
	for (uint32_t i = 0; v && i < n; i++)
		json_u64(j, v[(size_t)i * n_cells]);
	json_close(j, ']');
}

static void put_cpu_times(struct json *j, const struct snapshot *s)
{
	static const char *const keys[] = {
		[TIME_IRQ] = "irq", [TIME_SOFTIRQ] = "softirq", [TIME_KSOFTIRQD] = "ksoftirqd", [TIME_AGENTS] = "agents",
		[TIME_OTHERS] = "others", [TIME_IDLE] = "idle",
	};

	json_key(j, "cpus"), json_open(j, '[');
	for (size_t i = 0; s->time.cpu && i < s->n_cpus; i++) {
		const uint64_t *v = s->time.cpu[i];

		json_line(j);
		json_open(j, '{');
		json_key(j, "cpu"), json_u64(j, s->cpus[i].cpu);
		for (unsigned k = 0; k < ARRAY_LEN(keys); k++)
			put_series(j, keys[k], v ? v + k : NULL, s->time.n, N_CPU_TIMES);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_timeline(struct json *j, const struct snapshot *s)
{
	static const char *const keys[] = { [STEPS_ENDED] = "ended", [STEPS_MISSED] = "missed", [STEPS_LONGEST] = "longest" };
	const struct timeline *t = &s->time;

	json_key(j, "timeline"), json_open(j, '{');
	json_key(j, "begin"), put_if(j, t->n, t->begin);
	json_key(j, "slot"), put_known(j, t->slot_ns);
	json_key(j, "steps"), json_open(j, '{');
	for (unsigned k = 0; k < ARRAY_LEN(keys); k++)
		put_series(j, keys[k], t->steps ? t->steps + k : NULL, t->n, N_STEP_TIMES);
	json_close(j, '}');
	put_cpu_times(j, s);
	json_close(j, '}');
}

static void put_self(struct json *j, const struct snapshot *s)
{
	json_key(j, "self"), json_open(j, '{');
	json_key(j, "cpu_ns"), put_known(j, s->self.cpu_ns);
	json_key(j, "rss_bytes"), put_known(j, s->self.rss_bytes);
	json_key(j, "events_per_s"), put_known(j, s->self.events_per_s);
	json_close(j, '}');
}

void report_json_top(const struct snapshot *s, unsigned n_top, FILE *f)
{
	static void (*const parts[])(struct json *, const struct snapshot *) = {
		put_cpus, put_irqs, put_softirqs, put_wakeups, put_blocks, put_napis, put_rings, put_places, put_timeline,
	};
	struct json j;

	json_init(&j, f);
	json_open(&j, '{');
	json_line(&j);
	json_key(&j, "schema"), json_text(&j, "agenttop-report-1");
	json_line(&j);
	put_source(&j, s);
	json_line(&j);
	put_capabilities(&j, s);
	json_line(&j);
	put_agents(&j, s);
	json_line(&j);
	put_steps(&j, s);
	json_line(&j);
	put_stages(&j, s);
	json_line(&j);
	put_tasks(&j, s, n_top);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		json_line(&j);
		parts[i](&j, s);
	}
	json_line(&j);
	put_culprits(&j, s, n_top);
	json_line(&j);
	put_harms(&j, s, n_top);
	json_line(&j);
	json_key(&j, "suggestions"), json_open(&j, '['), json_close(&j, ']');	/* no rule is in this version */
	json_line(&j);
	put_self(&j, s);
	json_close(&j, '}');
	json_fini(&j);
}

void report_json(const struct snapshot *s, FILE *f)
{
	report_json_top(s, 0, f);
}

void report_json_step(const struct snapshot *s, const struct step *step, FILE *f)
{
	struct json j;

	json_init(&j, f);
	json_open(&j, '{');
	json_line(&j);
	json_key(&j, "schema"), json_text(&j, "agenttop-step-1");
	json_line(&j);
	put_source(&j, s);
	json_line(&j);
	json_key(&j, "step"), put_step(&j, s, step);
	json_close(&j, '}');
	json_fini(&j);
}
