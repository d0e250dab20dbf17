// SPDX-License-Identifier: GPL-2.0-only
#include "engine.h"
#include "culprit.h"
#include "own.h"
#include "step.h"

#include <stdlib.h>
#include <string.h>

static void on_lost(struct ctx *c, const struct event *ev)
{
	uint64_t from = MIN(ev->val[0], ev->ts);

	model_lost(&c->m, ev->cpu, from, ev->ts, ev->val[1], ev->val[2]);
	if (c->steps)
		steps_lost(c, from, ev->ts);
	c->m.last_recorded = ev->ts;
	for (unsigned i = 0; i < n_stages; i++)
		if (stages[i]->lost) {
			c->stage = i;
			stages[i]->lost(c, ev->cpu, from, ev->ts);
		}
}

static const struct want engine_wants[] = {
	{ "agenttop:lost", { "from", "count", "?rest" }, on_lost },
	{ 0 }
};

struct ctx *engine_new(const struct formats *formats, struct strs *strs, const char *arch, uint64_t from, uint64_t to)
{
	struct ctx *c = xcalloc(1, sizeof *c);

	BUG_ON(n_stages > ARRAY_LEN(c->state));
	model_init(&c->m, strs);
	c->formats = formats;
	c->arch = arch;
	c->from = from;
	c->to = c->stop_at = to;
	c->m.counting = !from;
	for (unsigned i = 0; i < n_stages; i++)
		if (stages[i]->state_size)
			c->state[i] = xcalloc(1, stages[i]->state_size);
	return c;
}

void engine_free(struct ctx *c)
{
	if (!c)
		return;
	steps_free(c->steps);
	for (unsigned i = 0; i < n_stages; i++) {
		c->stage = i;
		if (stages[i]->fini)
			stages[i]->fini(c);
		free(c->state[i]);
	}
	model_fini(&c->m);
	free(c->bind);
	free(c->type_name);
	free(c->wants);
	free(c);
}

/* ---- binding event types to those who want them ---- */

static void bind_want(struct ctx *c, struct binding *b, const struct format *f, const struct want *w, uint8_t stage)
{
	struct sub *s;

	if (strcmp(w->event, f->full))
		return;
	if (b->n == SUBS_MAX)
		BUG("too many stages want one event");
	s = &b->sub[b->n];
	*s = (struct sub){ .on = w->on, .stage = stage };
	for (unsigned i = 0; i < EVENT_VALS && w->field[i]; i++) {
		bool may_miss = w->field[i][0] == '?';

		s->field[s->n_fields] = formats_access(c->formats, f, w->field[i] + may_miss);
		if (!s->field[s->n_fields].ok && !may_miss)
			return;		/* the stage cannot use this kernel's event: a capability says so */
		s->n_fields++;
	}
	b->n++;
}

static void bind_all(struct ctx *c, struct binding *b, const struct format *f, const struct want *wants, uint8_t stage)
{
	for (const struct want *w = wants; w && w->event; w++) {
		/* "syscalls:sys_enter_*" asks for all of them */
		size_t n = strlen(w->event);

		if (w->event[n - 1] == '*' && !strncmp(w->event, f->full, n - 1)) {
			struct want one = *w;

			one.event = f->full;
			bind_want(c, b, f, &one, stage);
		} else {
			bind_want(c, b, f, w, stage);
		}
	}
}

static struct access probe_ip(const struct formats *fs, const struct format *f)
{
	struct access a = formats_access(fs, f, "__probe_ip");

	if (!a.ok)
		a = formats_access(fs, f, "__probe_func");	/* of a return */
	return a.kind == FIELD_NUM ? a : (struct access){ 0 };
}

static struct binding *bind_type(struct ctx *c, uint16_t type)
{
	struct binding *b;

	while (c->n_bind <= type) {
		GROW(c->bind, c->n_bind, c->cap_bind);
		c->n_bind++;
	}
	b = &c->bind[type];
	if (b->bound)
		return b;
	b->bound = 1;
	b->vector = !strncmp(c->formats->v[type]->full, "irq_vectors:", 12);
	b->made = !strncmp(c->formats->v[type]->full, "agenttop:", 9);
	b->probe_ip = probe_ip(c->formats, c->formats->v[type]);
	bind_all(c, b, c->formats->v[type], engine_wants, (uint8_t)n_stages);
	bind_all(c, b, c->formats->v[type], own_wants, (uint8_t)n_stages);
	for (unsigned i = 0; i < n_stages; i++)
		bind_all(c, b, c->formats->v[type], stages[i]->wants, (uint8_t)i);
	/* steps last: a mark sees the task as the stages left it */
	steps_bind(c, b, c->formats->v[type]);
	return b;
}

void engine_bind_step(struct ctx *c, struct binding *b, const struct format *f, const struct want *w)
{
	bind_want(c, b, f, w, (uint8_t)n_stages);
}

/*
 * Of a uprobe: it runs in its task, whatever its flags say. The kernel takes one from a preempt count that is 0 there, and
 * the borrow sets them all (trace_event_buffer_reserve(), tracing_gen_ctx_dec(); seen with 6.18). A kprobe, at an address
 * of the kernel, may be in an interrupt and its flags are right.
 */
static bool flags_lie(const struct access *ip, const struct event *ev)
{
	return !(access_get(ip, ev) >> (ip->size * 8 - 1)) || (ev->flags & EVENT_IN_IRQ) == EVENT_IN_IRQ;
}

/* ---- the window ---- */

void engine_window(struct ctx *c, uint64_t keep_ns)
{
	/* a slice is a whole number of slots (slots.h) */
	keep_ns = (keep_ns + SLOTS_MAX - 1) / SLOTS_MAX * SLOTS_MAX;
	c->m.keep_ns = keep_ns;
	c->m.slice_ns = MAX(keep_ns / SLICES, 1u);
	c->n_runs_settled = c->m.next_run;
	if (keep_ns)
		c->stop_at = 0;		/* the first event begins the first slice */
}

uint64_t engine_window_begin(const struct ctx *c)
{
	return model_window_begin(&c->m);
}

/* All that is going on is charged up to `at`, where n slices end: so it counts where it happened. */
static void turn(struct ctx *c, uint64_t at, unsigned n)
{
	model_settle(&c->m, at);
	model_turn(&c->m, at, n, steps_turn(c, at, n));
	for (c->stage = 0; c->stage < n_stages; c->stage++)
		if (stages[c->stage]->turn)
			stages[c->stage]->turn(c, n);
}

/* Temporary texts that neither a task nor a step has any more. */
static void sweep_texts(struct ctx *c)
{
	steps_hold_texts(c);
	for (size_t i = 0; i < c->m.n_tasks; i++) {
		strs_hold(c->m.strs, c->m.tasks[i]->comm);
		strs_hold(c->m.strs, c->m.tasks[i]->actor);
		strs_hold(c->m.strs, c->m.tasks[i]->actor_comm);
	}
	strs_sweep(c->m.strs);
}

static void turn_until(struct ctx *c, uint64_t now)
{
	struct model *m = &c->m;
	uint64_t n;

	if (!m->keep_ns)
		return;
	if (!m->slice_begin) {
		if (!m->first_ts)
			m->first_ts = now;
		m->begin = m->slice_begin = m->first_ts = MIN(m->first_ts, now);
	}
	for (n = now > m->slice_begin ? (now - m->slice_begin) / m->slice_ns : 0; n;) {
		/* of a long gap only the last window matters */
		uint64_t k = n > SLICES ? n - SLICES : 1;

		turn(c, m->slice_begin + k * m->slice_ns, (unsigned)MIN(k, (uint64_t)SLICES));
		n -= k;
	}
	if (strs_sweep_due(m->strs))
		sweep_texts(c);
	c->stop_at = MIN(c->to, m->slice_begin + m->slice_ns);
}

void engine_tick(struct ctx *c, uint64_t now)
{
	if (now >= c->to)
		return;
	if (now >= c->stop_at)
		turn_until(c, now);
	c->m.ticked = MAX(c->m.ticked, now);
	c->m.last_ts = MAX(c->m.last_ts, now);
}

void engine_bury(struct ctx *c)
{
	steps_bury(c);
	strs_bury(c->m.strs);
}

void engine_follow(struct ctx *c, int32_t pid, bool on)
{
	steps_follow(c, pid, on);
}

/* An event at or behind stop_at: false when it is beyond the end. */
static bool go_on(struct ctx *c, const struct event *ev)
{
	if (ev->ts >= c->to) {
		c->finished = true;
		return false;
	}
	turn_until(c, ev->ts);
	return true;
}

/* ---- events ---- */

void engine_event(struct ctx *c, struct event *ev)
{
	struct binding *b;

	if (unlikely(ev->ts >= c->stop_at) && !go_on(c, ev))
		return;
	if (unlikely(!c->n_events++) && !c->m.slice_begin)
		c->m.first_ts = c->m.begin = ev->ts;
	if (unlikely(!c->m.counting) && ev->ts >= c->from) {
		model_count_from(&c->m, c->from);
		steps_reset(c);
		for (c->stage = 0; c->stage < n_stages; c->stage++)
			if (stages[c->stage]->reset)
				stages[c->stage]->reset(c);
	}
	c->m.last_ts = ev->ts;
	b = likely(ev->type < c->n_bind && c->bind[ev->type].bound) ? &c->bind[ev->type] : bind_type(c, ev->type);
	/* without a CPU only what a source made up means anything: a loss, a name */
	if (unlikely(ev->cpu >= CPUS_MAX && (ev->cpu != CPU_NONE || strncmp(c->formats->v[ev->type]->full, "agenttop:", 9))))
		return;
	if (unlikely(!b->n_seen++))
		c->n_types_seen++;
	if (likely(ev->has_ctx)) {
		c->n_recorded += c->m.counting;
		c->m.last_recorded = ev->ts;
		if (unlikely(b->probe_ip.ok) && flags_lie(&b->probe_ip, ev))
			ev->flags &= (uint8_t)~EVENT_IN_IRQ;
		if (likely(!b->made))
			model_check_ctx(c, ev, b->vector);
	}
	for (unsigned i = 0; i < b->n; i++) {
		const struct sub *s = &b->sub[i];

		for (unsigned k = 0; k < s->n_fields; k++)
			ev->val[k] = access_get(&s->field[k], ev);
		c->stage = s->stage;
		s->on(c, ev);
	}
	/* the rings have turned by a quarter: what steps need of them is taken now */
	if (unlikely(c->m.next_run - c->n_runs_settled > RUN_RING / 4)) {
		c->n_runs_settled = c->m.next_run;
		if (c->m.keep_ns)
			steps_settle(c);
	}
}

void engine_finish(struct ctx *c)
{
	c->finished = true;
	c->m.end = MIN(c->m.last_ts, c->to);
	if (!c->m.counting) {		/* it ends before --from: nothing counts */
		model_count_from(&c->m, c->from);
		steps_reset(c);
	}
	steps_finish(c);
}

/* ---- names ---- */

str_id engine_type_name(struct ctx *c, uint16_t type)
{
	if (type >= c->formats->n)
		return 0;
	while (c->n_type_name <= type) {
		GROW(c->type_name, c->n_type_name, c->cap_type_name);
		c->type_name[c->n_type_name++] = 0;
	}
	if (!c->type_name[type])
		c->type_name[type] = strs_idz(c->m.strs, c->formats->v[type]->full);
	return c->type_name[type];
}

uint64_t engine_seen(const struct ctx *c, const char *event)
{
	size_t n = strlen(event);
	uint64_t seen = 0;

	for (size_t i = 0; i < c->n_bind; i++) {
		const char *full = c->formats->v[i]->full;

		if (!strcmp(full, event) || (event[n - 1] == '*' && !strncmp(full, event, n - 1)))
			seen += c->bind[i].n_seen;
	}
	return seen;
}

static const char *lacks(const struct ctx *c, const struct want *w)
{
	const struct format *f = formats_by_name(c->formats, w->event);

	for (unsigned i = 0; f && i < EVENT_VALS && w->field[i]; i++)
		if (w->field[i][0] != '?' && !formats_access(c->formats, f, w->field[i]).ok)
			return w->field[i];
	return NULL;
}

/* Names are compared only when another type of event has come: a snapshot is taken ten times a second. */
const struct want_state *engine_wants_of(struct ctx *c, unsigned stage)
{
	size_t at = 0;

	if (!c->wants || c->wants_types != c->n_types_seen || c->wants_formats != c->formats->n) {
		c->n_wants = 0;
		for (unsigned i = 0; i < n_stages; i++)
			for (const struct want *w = stages[i]->wants; w && w->event; w++) {
				const char *field = lacks(c, w);

				GROW(c->wants, c->n_wants, c->cap_wants);
				c->wants[c->n_wants++] = (struct want_state){ field, !field && engine_seen(c, w->event) > 0 };
			}
		c->wants_types = c->n_types_seen;
		c->wants_formats = c->formats->n;
	}
	for (unsigned i = 0; i < stage; i++)
		for (const struct want *w = stages[i]->wants; w && w->event; w++)
			at++;
	return c->wants + at;
}

/* ---- stage.h ---- */

void *stage_state(struct ctx *c) { return c->state[c->stage]; }
bool ctx_counting(const struct ctx *c) { return c->m.counting; }
const char *ctx_arch(const struct ctx *c) { return c->arch; }
uint64_t ctx_now(const struct ctx *c) { return c->m.last_ts; }
uint64_t ctx_begin(const struct ctx *c) { return c->m.begin; }
bool ctx_windowed(const struct ctx *c) { return c->m.keep_ns; }
str_id ctx_str(struct ctx *c, struct text t) { return strs_id(c->m.strs, t.p, t.len); }
str_id ctx_strz(struct ctx *c, const char *s) { return strs_idz(c->m.strs, s); }
str_id ctx_actor(struct ctx *c, const char *s) { return strs_temp(c->m.strs, s, strlen(s)); }
const char *ctx_text(const struct ctx *c, str_id id) { return strs_text(c->m.strs, id); }

const char *ctx_event_name(const struct ctx *c, const struct event *ev) { return c->formats->v[ev->type]->name; }

bool ctx_has_field(const struct ctx *c, const char *event, const char *field)
{
	const struct format *f = formats_by_name(c->formats, event);

	return f && format_field(f, field);
}

uint64_t ctx_flag(struct ctx *c, const struct event *ev, const char *text)
{
	return ev->type < c->formats->n ? format_flag(c->formats->v[ev->type], text) : 0;
}

uint64_t ctx_flag_max(struct ctx *c, const struct event *ev)
{
	return ev->type < c->formats->n ? format_flag_max(c->formats->v[ev->type]) : 0;
}

struct run *run_open(struct ctx *c, const struct event *ev, enum level level, uint32_t id, str_id name)
{
	return model_run_open(&c->m, ev->cpu, ev->ts, level, id, name, (uint8_t)c->stage, ev->type);
}

struct run *run_close(struct ctx *c, const struct event *ev, enum level level, uint32_t id, str_id name)
{
	return model_run_close(&c->m, ev->cpu, ev->ts, level, id, name);
}

run_id run_on(struct ctx *c, uint32_t cpu)
{
	const struct cpu *p = cpu < CPUS_MAX ? model_cpu(&c->m, cpu) : NULL;

	return p && p->depth ? p->stack[p->depth - 1] : 0;
}

struct run *run_get(struct ctx *c, run_id id)
{
	return model_run(&c->m, id);
}

struct run *run_at_level(struct ctx *c, uint32_t cpu, enum level level)
{
	const struct cpu *p = model_cpu(&c->m, cpu);

	for (unsigned d = p->depth; d-- > 0;) {
		struct run *r = model_run(&c->m, p->stack[d]);

		if (r && r->level == level)
			return r;
	}
	return NULL;
}

int32_t task_on(struct ctx *c, uint32_t cpu)
{
	return cpu < CPUS_MAX ? model_cpu(&c->m, cpu)->cur_pid : -1;
}

/* ---- spans: open ones are found by (stage, key) ---- */

static size_t slot_hash(const struct model *m, uint32_t stage, struct key k)
{
	return (size_t)hash64(k.a ^ hash64(k.b + stage)) & (m->n_slots - 1);
}

static struct span *slot_span(struct model *m, const struct span_slot *s)
{
	return s->id ? model_span(m, s->id) : NULL;
}

static struct span_slot *slot_find(struct model *m, uint32_t stage, struct key k)
{
	struct span_slot *oldest = NULL;

	for (size_t i = slot_hash(m, stage, k); m->slots[i].id; i = (i + 1) & (m->n_slots - 1)) {
		struct span *s = m->slots[i].stage == stage ? slot_span(m, &m->slots[i]) : NULL;

		if (s && !s->to && s->key.a == k.a && s->key.b == k.b &&
		    (!oldest || (int32_t)(m->slots[i].id - oldest->id) < 0))
			oldest = &m->slots[i];
	}
	return oldest;
}

static void slot_put(struct model *m, uint32_t stage, struct key k, span_id id)
{
	size_t i = slot_hash(m, stage, k);

	/* a slot that is left behind is taken again: a timer is started and expires under one key for ever */
	for (; m->slots[i].id; i = (i + 1) & (m->n_slots - 1)) {
		const struct span *s = m->slots[i].id == id ? NULL : slot_span(m, &m->slots[i]);

		if (m->slots[i].id != id && (!s || s->to || m->slots[i].stage == UINT32_MAX))
			break;
	}
	m->n_slots_used += !m->slots[i].id;
	m->slots[i] = (struct span_slot){ stage, id };
}

/* Slots of closed and overwritten spans that were not taken again go here, when the table is half full. */
static void slots_rebuild(struct model *m)
{
	struct span_slot *old = m->slots;
	size_t n_old = m->n_slots, live = 0;

	for (size_t i = 0; i < n_old; i++) {
		const struct span *s = slot_span(m, &old[i]);

		live += s && !s->to;
	}
	while (live * 4 > m->n_slots)
		m->n_slots *= 2;
	m->slots = xcalloc(m->n_slots, sizeof *m->slots);
	m->n_slots_used = 0;
	for (size_t i = 0; i < n_old; i++) {
		const struct span *s = slot_span(m, &old[i]);

		if (s && !s->to && old[i].stage != UINT32_MAX)
			slot_put(m, old[i].stage, s->key, old[i].id);
	}
	free(old);
}

struct span *span_open(struct ctx *c, const struct event *ev, struct key k)
{
	struct span_slot *slot = slot_find(&c->m, c->stage, k);

	if (slot)
		slot_span(&c->m, slot)->to = ev->ts;
	return span_add(c, ev, k);
}

struct span *span_add(struct ctx *c, const struct event *ev, struct key k)
{
	struct model *m = &c->m;
	span_id id = m->next_span++;
	struct span *s;

	/* what is still open stays, a ring's stuck request or a long timer; only a crowd of them gives way */
	for (int tries = 0; tries < 64 && m->spans[id & (SPAN_RING - 1)].self && !m->spans[id & (SPAN_RING - 1)].to; tries++)
		id = m->next_span++;
	if (unlikely(!id))
		id = m->next_span++;
	if (m->n_slots_used * 2 >= m->n_slots)
		slots_rebuild(m);
	s = &m->spans[id & (SPAN_RING - 1)];
	*s = (struct span){ .from = ev->ts, .key = k, .self = id, .begun_in = run_on(c, ev->cpu), .pid = ev->has_ctx && ev->flags & EVENT_IN_IRQ ? -1 : task_on(c, ev->cpu),
			    .cpu_from = ev->cpu, .stage = (uint8_t)c->stage,
			    .type = { ev->type, NO_TYPE, NO_TYPE, NO_TYPE } };
	slot_put(m, c->stage, k, id);
	return s;
}

struct span *span_find(struct ctx *c, struct key k)
{
	struct span_slot *slot = slot_find(&c->m, c->stage, k);

	return slot ? slot_span(&c->m, slot) : NULL;
}

void span_rekey(struct ctx *c, struct span *s, struct key k)
{
	struct span_slot *slot = slot_find(&c->m, c->stage, s->key);

	/* the old slot keeps the id but no longer matches; a rebuild drops it */
	if (slot && slot->id == s->self)
		slot->stage = UINT32_MAX;
	if (c->m.n_slots_used * 2 >= c->m.n_slots)
		slots_rebuild(&c->m);
	s->key = k;
	slot_put(&c->m, c->stage, k, s->self);
}

struct span *span_close(struct ctx *c, const struct event *ev, struct key k)
{
	struct span *s = span_find(c, k);

	if (!s)
		return NULL;
	s->to = ev->ts;
	s->cpu_to = ev->cpu;
	s->ended_in = run_on(c, ev->cpu);
	s->type[1] = ev->type;
	return s;
}

void span_drop(struct ctx *c, struct span *s)
{
	(void)c;
	s->to = s->from ? s->from : 1;
}

void span_each_open(struct ctx *c, void (*fn)(struct ctx *, const struct span *, void *arg), void *arg)
{
	struct model *m = &c->m;

	for (size_t i = 0; i < m->n_slots; i++) {
		const struct span *s = m->slots[i].stage == c->stage ? slot_span(m, &m->slots[i]) : NULL;

		if (s && !s->to)
			fn(c, s, arg);
	}
}

void span_link(struct ctx *c, struct span *s, uint32_t cpu, uint64_t ts)
{
	struct model *m = &c->m;
	struct run *r = model_run(m, run_on(c, cpu));
	uint32_t id = m->next_link++;
	struct link *l;

	if (!r)
		return;
	if (unlikely(!id))
		id = m->next_link++;
	l = &m->links[id & (LINK_RING - 1)];
	*l = (struct link){ .ts = ts, .span = s->self, .prev = r->links, .self = id };
	r->links = id;
}

void span_unlink(struct ctx *c, span_id id, uint32_t cpu)
{
	struct model *m = &c->m;
	struct run *r = model_run(m, run_on(c, cpu));

	for (struct link *l = r ? model_link(m, r->links) : NULL; l; l = model_link(m, l->prev))
		if (l->span == id) {
			l->off_ts = m->last_ts;
			return;
		}
}

struct culprit_sums culprit_sums(const struct ctx *c, enum level level, uint32_t id, str_id name)
{
	const struct culprit *p = steps_culprit(c, level, id, name);

	return p ? (struct culprit_sums){ p->harm, p->completed } : (struct culprit_sums){ 0 };
}
