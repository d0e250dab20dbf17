// SPDX-License-Identifier: GPL-2.0-only
#include "take.h"
#include "take_in.h"
#include "tables.h"

#include <stdlib.h>
#include <string.h>

#define CANDIDATES 10

/* ---- tables.h ---- */

void *tables_alloc(struct tables *t, size_t n, size_t size_bytes)
{
	return arena_alloc(&t->s->mem, n, size_bytes);
}

const char *tables_text(struct tables *t, str_id id)
{
	return strs_text(t->s->strs, id);
}

/* Rows grow by doubling inside the arena: the old copy is left to it. */
static void *add_row(struct tables *t, void *rows, size_t *n, size_t *cap, size_t size)
{
	if (*n == *cap) {
		size_t more = *cap ? *cap * 2 : 16;
		void *p = tables_alloc(t, more, size);

		if (*n)
			memcpy(p, rows, *n * size);
		rows = p;
		*cap = more;
	}
	++*n;
	return rows;
}
#define ADD_ROW(t, rows, n, cap) \
	((t)->s->rows = add_row((t), (t)->s->rows, &(t)->s->n, &(t)->cap, sizeof *(t)->s->rows), &(t)->s->rows[(t)->s->n - 1])

struct irq_row *tables_irq(struct tables *t) { return ADD_ROW(t, irqs, n_irqs, cap_irqs); }
struct softirq_row *tables_softirq(struct tables *t) { return ADD_ROW(t, softirqs, n_softirqs, cap_softirqs); }
struct block_row *tables_block(struct tables *t) { return ADD_ROW(t, blocks, n_blocks, cap_blocks); }
struct napi_row *tables_napi(struct tables *t) { return ADD_ROW(t, napis, n_napis, cap_napis); }
struct ring_row *tables_ring(struct tables *t) { return ADD_ROW(t, rings, n_rings, cap_rings); }

static int by_irq_time(const void *a, const void *b)
{
	const struct irq_row *x = a, *y = b;

	if (x->dist.sum != y->dist.sum)
		return x->dist.sum < y->dist.sum ? 1 : -1;
	return x->irq != y->irq ? x->irq - y->irq : strcmp(x->name, y->name);
}

static void stage_rows(struct ctx *c, struct snapshot *s)
{
	struct tables t = { .s = s };

	for (c->stage = 0; c->stage < n_stages; c->stage++)
		if (stages[c->stage]->rows)
			stages[c->stage]->rows(c, &t);
	for (size_t i = 0; i < s->n_irqs; i++)
		s->irqs[i].asked = s->irqs[i].effective = "";	/* who knows this machine fills it in */
	if (s->n_irqs)
		qsort(s->irqs, s->n_irqs, sizeof *s->irqs, by_irq_time);
}

/* ---- where it comes from ---- */

/* What perf adds behind the last sample says nothing of who ran until then; that no event came (live), does. */
static uint64_t taken_until(const struct ctx *c)
{
	uint64_t last = c->m.last_recorded ? c->m.last_recorded : c->m.last_ts;

	return MIN(MAX(last, c->m.ticked), c->to);
}

static void take_source(struct snapshot *s, const struct ctx *c, const struct source *src)
{
	const struct source_info *i = &src->info;

	s->source.kind = i->kind;
	s->source.file = i->file;
	s->source.version = i->version;
	s->source.clock = i->clock;
	s->source.host = i->host;
	s->source.kernel = i->kernel;
	s->source.arch = i->arch;
	s->source.cpus = MAX(i->n_cpus, (uint32_t)c->m.n_cpus);
	s->source.begin = MAX(c->m.begin, c->m.first_ts);
	s->source.end = taken_until(c);
	s->source.n_events = c->n_recorded;
	s->source.n_late = i->n_late;
	s->source.n_unknown = i->n_unknown;
	s->source.n_bad = i->n_bad;
	s->source.bytes_total = i->bytes_total;
	s->source.bytes_done = i->bytes_done;
}

static void take_probe_note(struct snapshot *s, const char *option, const char *event)
{
	char text[256], clean[128];

	if (!event)
		return;
	text_clean(clean, sizeof clean, event, strlen(event));
	snprintf(text, sizeof text, "%s: no event %s with the fields of its filter is in the recording", option, clean);
	s->notes[s->n_notes++] = arena_strdup(&s->mem, text);
}

static void take_notes(struct snapshot *s, const struct ctx *c, const struct source *src, const struct steps_view *v)
{
	char text[256];

	s->notes = ARENA_NEW(&s->mem, src->info.n_notes + 10, const char *);
	for (size_t i = 0; i < src->info.n_notes; i++)
		s->notes[s->n_notes++] = arena_strdup(&s->mem, src->info.notes[i]);
	take_probe_note(s, "--step-begin", v->no_begin);
	take_probe_note(s, "--step-end", v->no_end);
	if (v->n_marks && !v->n_all && !v->n_open) {
		snprintf(text, sizeof text, "%llu marks were written to trace_marker, none of them a step's",
			 (unsigned long long)v->n_marks);
		s->notes[s->n_notes++] = arena_strdup(&s->mem, text);
	}
	if (v->n_unpaired) {
		snprintf(text, sizeof text, "%llu mark%s a step whose beginning was not recorded",
			 (unsigned long long)v->n_unpaired, v->n_unpaired == 1 ? " ends" : "s end");
		s->notes[s->n_notes++] = arena_strdup(&s->mem, text);
	}
	if (v->n_cut) {
		snprintf(text, sizeof text, "the ends of %llu steps were lost: not counted", (unsigned long long)v->n_cut);
		s->notes[s->n_notes++] = arena_strdup(&s->mem, text);
	}
	if (v->n_given_up) {
		snprintf(text, sizeof text, "%llu step%s open for longer than the window and given up: not counted",
			 (unsigned long long)v->n_given_up, v->n_given_up == 1 ? " was" : "s were");
		s->notes[s->n_notes++] = arena_strdup(&s->mem, text);
	}
	if (v->n_evicted) {
		snprintf(text, sizeof text, "so many steps that the oldest %llu are not kept: tables count them all the same",
			 (unsigned long long)v->n_evicted);
		s->notes[s->n_notes++] = arena_strdup(&s->mem, text);
	}
	if (v->n_merged) {
		snprintf(text, sizeof text, "%llu step%s so long that short pieces of time were added up; sums and tables are exact",
			 (unsigned long long)v->n_merged, v->n_merged == 1 ? " was" : "s were");
		s->notes[s->n_notes++] = arena_strdup(&s->mem, text);
	}
	if (v->n_added_up)
		s->notes[s->n_notes++] = "so many actors took time from steps that the least of them are added up as others";
	if (v->n_open && !c->m.keep_ns) {
		snprintf(text, sizeof text, "%llu step%s still open at the end: not counted", (unsigned long long)v->n_open,
			 v->n_open == 1 ? " was" : "s were");
		s->notes[s->n_notes++] = arena_strdup(&s->mem, text);
	}
}

static void take_losses(struct snapshot *s, const struct ctx *c)
{
	const struct model *m = &c->m;

	s->losses = ARENA_NEW(&s->mem, m->n_cpus + 1, struct loss_row);
	for (size_t i = 0; i < m->n_cpus; i++) {
		if (!m->cpus[i].n_lost_times)
			continue;
		s->losses[s->n_losses++] = (struct loss_row){
			(uint32_t)i, m->cpus[i].n_lost_times, m->cpus[i].n_lost_events, m->cpus[i].n_lost_uncounted != 0 };
	}
	s->source.n_lost = m->n_lost_events;
}

/* ---- capabilities: which inferences the recording allows ---- */

static const char *missing_field(struct snapshot *s, const char *event, const char *field)
{
	char text[128];

	snprintf(text, sizeof text, "%s.%s", event, field);
	return arena_strdup(&s->mem, text);
}

static void take_capability(struct snapshot *s, const struct stage *st, const struct want_state *is)
{
	struct capability *cap = &s->caps[s->n_caps];
	unsigned seen = 0, needed = 0, extra = 0, instead = 0, n = 0;

	for (const struct want *w = st->wants; w->event; w++)
		n++;
	*cap = (struct capability){ .stage = st->name, .missing = ARENA_NEW(&s->mem, n + 1, const char *), .hides = "" };
	for (const struct want *w = st->wants; w->event; w++, is++) {
		const char *lacks = is->lacks;
		bool there = is->there;

		needed += !w->optional;
		seen += there && !w->optional;
		extra += there && w->optional == WANT_EXTRA;
		instead += there && w->optional == WANT_INSTEAD;
		if (!there && !w->optional)
			cap->missing[cap->n_missing++] = lacks ? missing_field(s, w->event, lacks) : w->event;
	}
	if (instead || (needed && seen == needed) || (!needed && extra)) {
		cap->n_missing = 0;
	} else {
		cap->state = seen || (needed && extra) ? CAP_PARTIAL : CAP_OFF;
		cap->hides = st->hides ? st->hides : "";
		if (!needed)
			for (const struct want *w = st->wants; w->event; w++)
				cap->missing[cap->n_missing++] = w->event;
	}
	s->n_caps++;
}

static void take_capabilities(struct snapshot *s, struct ctx *c)
{
	s->caps = ARENA_NEW(&s->mem, n_stages, struct capability);
	for (unsigned i = 0; i < n_stages; i++)
		if (stages[i]->wants)
			take_capability(s, stages[i], engine_wants_of(c, i));
}

/* ---- steps ---- */

static void take_agents(struct snapshot *s, const struct ctx *c, const struct steps_view *v)
{
	s->agents = ARENA_NEW(&s->mem, v->n_agents, struct agent_row);
	for (size_t i = 0; i < v->n_agents; i++) {
		const struct agent *a = &v->agents[i];
		const struct task *t = model_task_known(&c->m, a->tgid);
		struct agent_row *r = &s->agents[s->n_agents];

		if (!a->steps.n)
			continue;
		s->n_agents++;
		if (!t || !t->comm)
			t = model_task_known(&c->m, a->comm_pid);
		*r = (struct agent_row){
			.agent = strs_text(s->strs, a->name), .comm = t ? strs_text(s->strs, t->comm) : "",
			.cls = strs_text(s->strs, a->cls), .tgid = a->tgid, .steps = dist_quant(&a->steps),
			.between = dist_quant(&a->between), .n_deadline_miss = a->n_deadline_miss,
			.n_budget_miss = a->n_budget_miss,
		};
		for (int k = 0; k < N_STAGES; k++) {
			r->stage[k] = dist_quant(&a->stage[k]);
			r->stage_ns[k] = a->ns[k];
		}
	}
}

static void take_kinds(struct snapshot *s, const struct steps_view *v)
{
	s->kinds = ARENA_NEW(&s->mem, v->n_kinds, struct kind_row);
	for (size_t i = 0; i < v->n_kinds; i++) {
		const struct kind *k = &v->kinds[i];
		struct kind_row *r = &s->kinds[s->n_kinds];
		uint64_t ns[N_STAGES], n = slow_share(&k->slow, k->steps.n, ns);

		if (!k->steps.n)
			continue;
		s->n_kinds++;
		*r = (struct kind_row){
			.agent = strs_text(s->strs, v->agents[k->agent_i].name), .name = strs_text(s->strs, k->name),
			.agent_i = k->agent_i, .tgid = v->agents[k->agent_i].tgid, .steps = dist_quant(&k->steps), .deadlines = dist_quant(&k->deadlines),
			.n_deadline_miss = k->n_deadline_miss,
		};
		memcpy(r->stage_ns, k->ns, sizeof r->stage_ns);
		for (int st = 0; st < N_STAGES; st++)
			if (ns[st] > ns[r->worst_stage])
				r->worst_stage = (uint8_t)st;
		r->worst_ns = n ? ns[r->worst_stage] / n : 0;
	}
}

static void take_stages(struct snapshot *s, const struct steps_view *v)
{
	uint64_t slow[N_STAGES], all = 0, all_slow = 0;

	slow_share(v->slow, v->n_all, slow);
	for (int i = 0; i < N_STAGES; i++) {
		all += v->ns[i];
		all_slow += slow[i];
	}
	for (int i = 0; i < N_STAGES; i++)
		s->stage[i] = (struct stage_row){
			.share = all ? (double)v->ns[i] / (double)all : 0,
			.share_worst = all_slow ? (double)slow[i] / (double)all_slow : 0,
			.dist = dist_quant(&v->stage[i]),
		};
}

static int by_end(const void *a, const void *b)
{
	const struct step *x = *(const struct step *const *)a, *y = *(const struct step *const *)b;

	return x->end != y->end ? (x->end < y->end ? -1 : 1) : x->serial < y->serial ? -1 : 1;
}

static int by_length(const void *a, const void *b)
{
	const struct step *x = *(const struct step *const *)a, *y = *(const struct step *const *)b;
	uint64_t dx = x->end - x->begin, dy = y->end - y->begin;

	return dx != dy ? (dx > dy ? -1 : 1) : x->serial < y->serial ? -1 : 1;
}

static void take_kept(struct snapshot *s, const struct steps_view *v, const struct opts *o)
{
	s->steps = ARENA_NEW(&s->mem, v->n_kept, const struct step *);
	for (size_t k = SLICES; k-- > 0;) {
		size_t n = v->kept[k].n - v->kept[k].first;

		if (n)
			memcpy(s->steps + s->n_steps, v->kept[k].v + v->kept[k].first, n * sizeof *s->steps);
		s->n_steps += n;
	}
	if (o->steps != STEPS_WORST || !s->n_steps)
		return;
	if (s->n_steps > o->n_worst) {		/* each slice of the window has its own worst */
		qsort(s->steps, s->n_steps, sizeof *s->steps, by_length);
		s->n_steps = o->n_worst;
	}
	qsort(s->steps, s->n_steps, sizeof *s->steps, by_end);
}

static void take_steps(struct snapshot *s, const struct ctx *c, const struct steps_view *v, const struct opts *o)
{
	take_agents(s, c, v);
	take_kinds(s, v);
	take_stages(s, v);
	s->steps_all = dist_quant(v->all);
	s->n_steps_all = v->n_all;
	s->n_steps_open = v->n_open;
	s->n_step_marks = v->n_step_marks;
	s->selects = o->n_pids || o->n_comms || v->n_follows;
	s->probes = o->step_begin.event != NULL;
	for (size_t i = 0; i < c->m.n_tasks && !s->selects_any; i++)
		s->selects_any = c->m.tasks[i]->followed && c->m.tasks[i]->state != TS_UNKNOWN;
	take_kept(s, v, o);
}

/* ---- tasks and CPUs ---- */

static int by_run(const void *a, const void *b)
{
	const struct task_row *x = a, *y = b;

	return x->run != y->run ? (x->run < y->run ? 1 : -1) : x->pid - y->pid;
}

static void take_tasks(struct snapshot *s, const struct ctx *c)
{
	s->tasks = ARENA_NEW(&s->mem, c->m.n_tasks, struct task_row);
	if (!c->m.saw_switch)
		return;		/* that an event came from a task does not tell how long it ran */
	for (size_t i = 0; i < c->m.n_tasks; i++) {
		const struct task *t = c->m.tasks[i];

		if (!t->n_switches && !t->n_wakeups && !t->n_migrations && !t->run && !t->sleep && !t->runqueue && !t->preempted && !t->blocked)
			continue;	/* known by its saved name only */
		s->tasks[s->n_tasks++] = (struct task_row){
			.pid = t->pid, .tgid = t->tgid, .comm = strs_text(s->strs, t->comm), .run = t->run,
			.runqueue = t->runqueue, .preempted = t->preempted, .sleep = t->sleep, .blocked = t->blocked,
			.n_switches = t->n_switches, .n_wakeups = t->n_wakeups, .n_migrations = t->n_migrations, .harm = t->harm,
		};
	}
	if (s->n_tasks)
		qsort(s->tasks, s->n_tasks, sizeof *s->tasks, by_run);
}

static bool is_kernel_thread(const char *comm)
{
	return strchr(comm, '/') || !strncmp(comm, "rcu_", 4) || !strncmp(comm, "kthread", 7) || !strncmp(comm, "kcompact", 8);
}

static int by_waits(const void *a, const void *b)
{
	const struct candidate_row *x = a, *y = b;

	/* an agent waits most of its time; a busy task that is woken often is none */
	bool xw = x->wait_ns >= 3 * x->run_ns, yw = y->wait_ns >= 3 * y->run_ns;

	if (xw != yw)
		return xw ? -1 : 1;
	return x->n_waits != y->n_waits ? (x->n_waits < y->n_waits ? 1 : -1) : x->pid - y->pid;
}

static void take_candidates(struct snapshot *s)
{
	struct candidate_row *all = ARENA_NEW(&s->mem, s->n_tasks, struct candidate_row);
	size_t n = 0;
	char text[96];

	for (size_t i = 0; i < s->n_tasks; i++) {
		const struct task_row *t = &s->tasks[i];

		if (t->n_wakeups < 2 || !t->run || is_kernel_thread(t->comm) || !strncmp(t->comm, "agenttop", 8))
			continue;
		all[n++] = (struct candidate_row){ t->pid, t->comm, t->n_wakeups, t->sleep + t->blocked, t->run, "" };
	}
	if (n)
		qsort(all, n, sizeof *all, by_waits);
	s->candidates = all;
	s->n_candidates = MIN(n, (size_t)CANDIDATES);
	for (size_t i = 0; i < s->n_candidates; i++) {
		uint64_t total = all[i].wait_ns + all[i].run_ns;

		snprintf(text, sizeof text, "woken %llu times, waits %u %% of its time", (unsigned long long)all[i].n_waits,
			 total ? (unsigned)(100.0 * (double)all[i].wait_ns / (double)total) : 0);
		all[i].why = arena_strdup(&s->mem, text);
	}
}

static void judge_cpu(struct snapshot *s, struct cpu_row *r, const struct opts *o)
{
	uint64_t all = r->irq + r->softirq + r->ksoftirqd + r->task + r->idle + r->unknown;
	double share = all ? 100.0 * (double)(r->irq + r->softirq) / (double)all : 0;
	double harm_a_second = all ? (double)r->harm * 1e9 / (double)all : 0;
	char text[128], ns[24];

	r->why = "";
	if (share > o->hot_percent) {
		snprintf(text, sizeof text, "%.0f %% in interrupts", share);
	} else if (r->harm && harm_a_second >= (double)o->hot_harm_ns) {
		snprintf(text, sizeof text, "interrupts took %s of steps", fmt_ns(ns, sizeof ns, r->harm));
	} else {
		return;
	}
	if (share > o->hot_percent && r->harm)
		snprintf(text + strlen(text), sizeof text - strlen(text), ", took %s of steps", fmt_ns(ns, sizeof ns, r->harm));
	r->hot = 1;
	r->why = arena_strdup(&s->mem, text);
}

static void take_cpus(struct snapshot *s, const struct ctx *c, const struct opts *o)
{
	s->cpus = ARENA_NEW(&s->mem, c->m.n_cpus, struct cpu_row);
	for (size_t i = 0; i < c->m.n_cpus; i++) {
		const struct cpu *p = &c->m.cpus[i];

		if (!p->seen)
			continue;
		s->cpus[s->n_cpus] = (struct cpu_row){
			.cpu = (uint32_t)i, .node = -1, .cache = -1, .irq = p->use[USE_IRQ], .softirq = p->use[USE_SOFTIRQ],
			.ksoftirqd = p->use[USE_KSOFTIRQD], .task = p->use[USE_TASK] + p->use[USE_AGENTS], .idle = p->use[USE_IDLE],
			.unknown = p->use[USE_UNKNOWN], .n_irqs = p->n_irqs, .harm = p->harm,
		};
		if (!c->m.saw_switch) {
			struct cpu_row *r = &s->cpus[s->n_cpus];

			r->unknown += r->task + r->ksoftirqd + r->idle;
			r->task = r->ksoftirqd = r->idle = 0;
		}
		judge_cpu(s, &s->cpus[s->n_cpus++], o);
	}
}

struct snapshot *snapshot_take(struct ctx *c, const struct source *src, const struct opts *o)
{
	struct snapshot *s = xcalloc(1, sizeof *s);
	struct steps_view v;

	model_settle(&c->m, MIN(MAX(c->m.last_recorded, c->m.ticked), c->to));
	steps_look(c, &v);
	s->strs = c->m.strs;
	take_source(s, c, src);
	take_notes(s, c, src, &v);
	take_losses(s, c);
	take_capabilities(s, c);
	take_steps(s, c, &v, o);
	take_tasks(s, c);
	take_cpus(s, c, o);
	timeline_take(s, c, &v);
	take_harms(s, &v);
	stage_rows(c, s);
	if (!v.n_all)
		take_candidates(s);
	s->wakeups.waking_to_run = dist_quant(&c->m.waking_to_run);
	s->wakeups.wakeup_to_run = dist_quant(&c->m.wakeup_to_run);
	s->wakeups.n_cross_cpu = c->m.n_cross_cpu;
	s->live.window_begin = engine_window_begin(c);
	steps_shown(c);
	strs_shown(c->m.strs);
	return s;
}

void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	arena_fini(&s->mem);
	free(s);
}
