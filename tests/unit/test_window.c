// SPDX-License-Identifier: GPL-2.0-only
/* The window that live tables cover: what is counted in it, exactly, against what is worked out anew each time. */
#include "live_feed.h"
#include "tap.h"

/* ---- distributions and counters alone ---- */

struct value {
	uint64_t slice, v;
};

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool near(uint64_t got, uint64_t want, bool exact)
{
	uint64_t off = got > want ? got - want : want - got;

	return exact ? !off : off <= want / 128 + 1;
}

static uint64_t at_rank(const uint64_t *sorted, uint64_t n, double q)
{
	uint64_t rank = (uint64_t)(q * (double)n);

	rank += (double)rank < q * (double)n;
	return sorted[MAX(rank, 1u) - 1];
}

/* The quantities of those of all[] that lie in the window which ends with `slice`. */
static struct quant brute(const struct value *all, size_t n_all, uint64_t slice)
{
	uint64_t *v = xmalloc(n_all * sizeof *v);
	struct quant q = { 0 };

	for (size_t i = 0; i < n_all; i++)
		if (all[i].slice + SLICES > slice) {
			v[q.n++] = all[i].v;
			q.sum += all[i].v;
		}
	if (q.n) {
		qsort(v, q.n, sizeof *v, by_number);
		q.min = v[0];
		q.max = v[q.n - 1];
		q.p50 = at_rank(v, q.n, 0.5);
		q.p90 = at_rank(v, q.n, 0.9);
		q.p99 = at_rank(v, q.n, 0.99);
		q.p999 = at_rank(v, q.n, 0.999);
	}
	free(v);
	return q;
}

static bool same_quant(const struct quant *g, const struct quant *w)
{
	bool exact = w->n <= DIST_FEW;

	return g->n == w->n && g->sum == w->sum && g->min == w->min && g->max == w->max && near(g->p50, w->p50, exact) &&
	       near(g->p90, w->p90, exact) && near(g->p99, w->p99, exact) && near(g->p999, w->p999, exact);
}

/* `most`: values in a slice; the sparser, the more often few values are left and empty slices lie between. */
static void test_dist(unsigned most)
{
	uint64_t seed = most, slice = 0, counted[2] = { 0 }, sums_good = 0, n_looks = 0, n_good = 0;
	struct tally_slice *past = NULL;
	struct value *all = NULL;
	size_t n_all = 0, cap = 0;
	struct dist d = { 0 };

	for (int turn = 0; turn < 400; turn++) {
		unsigned n = (unsigned)(rnd(&seed) % (most + 1)), turns;
		struct quant want, got;

		for (unsigned i = 0; i < n; i++) {
			uint64_t v = rnd(&seed) >> (rnd(&seed) % 60 + 4);

			GROW(all, n_all, cap);
			all[n_all++] = (struct value){ slice, v };
			dist_add(&d, v);
			counted[0]++;
			counted[1] += v;
		}
		want = brute(all, n_all, slice);
		got = dist_quant(&d);
		n_looks++;
		n_good += same_quant(&got, &want);
		sums_good += counted[0] == want.n && counted[1] == want.sum;
		turns = rnd(&seed) % 20 ? 1 : (unsigned)(rnd(&seed) % 12) + 1;
		slice += turns;
		dist_turn(&d, turns);
		tally_turn(&past, counted, 2, turns);
		want = brute(all, n_all, slice);
		got = dist_quant(&d);
		n_looks++;
		n_good += same_quant(&got, &want);
		sums_good += counted[0] == want.n && counted[1] == want.sum;
	}
	is_num(n_good, n_looks, "a distribution of up to %u values a slice is that of the window", most);
	is_num(sums_good, n_looks, "and so are plain counters");
	dist_turn(&d, SLICES);
	tally_turn(&past, counted, 2, SLICES);
	ok(!d.n && !d.octave && !d.few && !d.past && !counted[0] && !past, "nothing is left of them, nor any memory, a window later");
	dist_fini(&d);
	free(all);
}

static void test_merge(void)
{
	struct dist to = { 0 }, few = { 0 }, many = { 0 }, want = { 0 };
	struct quant a, b;

	for (uint64_t i = 0; i < 3000; i++) {
		dist_add(i < 50 ? &few : i < 100 ? &to : &many, i * 977 % 5000 + 3);
		dist_add(&want, i * 977 % 5000 + 3);
	}
	dist_merge(&to, &few);
	dist_merge(&to, &many);
	a = dist_quant(&to);
	b = dist_quant(&want);
	ok(!memcmp(&a, &b, sizeof a), "two distributions in one are that of all values");
	dist_turn(&to, 1);
	dist_add(&to, 1);
	dist_turn(&to, 7);
	a = dist_quant(&to);
	ok(a.n == 1 && a.max == 1, "and turn as one");
	dist_fini(&to);
	dist_fini(&few);
	dist_fini(&many);
	dist_fini(&want);
}

/* ---- texts ---- */

static void test_strs(void)
{
	struct strs *t = strs_new();
	str_id a, b, good, kept, shown, own;
	size_t bytes;
	char text[64];

	a = strs_own(t, "step 7", 6);
	b = strs_own(t, "step 7", 6);
	ok(a != b && a && b, "texts of a step's own are not interned");
	is_text(strs_text(t, a), "step 7", "and read like others");
	is_num(strs_own(t, "", 0), 0, "an empty one is 0");
	own = a;
	strs_release(t, a);
	is_text(strs_text(t, own), "", "released");
	is_text(strs_text(t, b), "step 7", "alone");
	a = strs_own(t, "\x1b[31m", 5);
	is_num(a, own, "its place is used again");
	is_text(strs_text(t, a), "\\x1b[31m", "clean, like any text");
	strs_release(t, a);
	strs_release(t, a);
	strs_release(t, b);
	strs_release(t, 0);
	strs_release(t, strs_idz(t, "for good"));
	is_text(strs_text(t, strs_idz(t, "for good")), "for good", "interned ones cannot be released");

	bytes = strs_bytes(t);
	good = strs_temp(t, "turned good", 11);
	is_num(strs_idz(t, "turned good"), good, "what was temporary may become good");
	kept = strs_temp(t, "held", 4);
	shown = strs_temp(t, "shown", 5);
	is_num(strs_temp(t, "held", 4), kept, "temporary ones are interned");
	ok(!strs_sweep_due(t), "some texts are not worth a sweep");
	strs_shown(t);
	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof text, "worker:%d", i);
		strs_temp(t, text, strlen(text));
	}
	ok(strs_sweep_due(t), "a hundred thousand are");
	strs_hold(t, kept);
	strs_sweep(t);
	ok(!strs_sweep_due(t) && strs_bytes(t) < bytes + 1000, "what nobody holds goes");
	is_text(strs_text(t, kept), "held", "what is held stays");
	is_num(strs_temp(t, "held", 4), kept, "and is found again");
	is_text(strs_text(t, good), "turned good", "as does what is good");
	is_text(strs_text(t, shown), "shown", "what a snapshot may show can be read");
	b = strs_temp(t, "shown", 5);
	ok(b != shown, "but is not given out again");
	strs_bury(t);
	is_text(strs_text(t, shown), "", "until the next snapshot");
	is_text(strs_text(t, b), "shown", "and its twin is another");
	bytes = strs_bytes(t);
	for (int k = 0; k < 20; k++) {
		for (int i = 0; i < 30000; i++) {
			snprintf(text, sizeof text, "worker:%d", i + k * 30000);
			strs_temp(t, text, strlen(text));
		}
		strs_hold(t, b);
		strs_sweep(t);
	}
	ok(strs_bytes(t) <= bytes && !strcmp(strs_text(t, b), "shown"), "sweep after sweep it stays as small");
	strs_free(t);
}

/* ---- steps ---- */

struct truth {			/* a step that ended */
	uint64_t begin, end, deadline;
	int agent;
	unsigned serial;
};

static struct quant truth_quant(const struct truth *t, size_t n, int agent, uint64_t from)
{
	struct value *v = xcalloc(n + 1, sizeof *v);
	struct quant q;
	size_t n_v = 0;

	for (size_t i = 0; i < n; i++)
		if (t[i].end >= from && (agent < 0 || t[i].agent == agent))
			v[n_v++] = (struct value){ 100, t[i].end - t[i].begin };
	q = brute(v, n_v, 100);
	free(v);
	return q;
}

static const struct agent_row *agent_row(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->n_agents; i++)
		if (!strcmp(s->agents[i].agent, name))
			return &s->agents[i];
	return NULL;
}

static const char *const names[] = { "anna", "bert", "cleo" };

static unsigned look_at_steps(struct world *w, const struct truth *t, size_t n, uint64_t keep, uint64_t now)
{
	const struct snapshot *s = world_look(w);
	uint64_t from = s->live.window_begin, stage_ns = 0, worst_ns = 0, misses = 0;
	struct quant all = truth_quant(t, n, -1, from);
	unsigned wrong = 0;

	wrong += s->source.begin != t[0].begin || s->source.end != now;
	wrong += now - t[0].begin > keep ? now - from < keep / SLICES * (SLICES - 1) || now - from > keep : from != s->source.begin;
	wrong += !same_quant(&s->steps_all, &all) || s->n_steps_all != all.n;
	for (int a = 0; a < 3; a++) {
		const struct agent_row *r = agent_row(s, names[a]);
		struct quant want = truth_quant(t, n, a, from);
		uint64_t missed = 0, ns = 0;

		for (size_t i = 0; i < n; i++)
			missed += t[i].agent == a && t[i].end >= from && t[i].end - t[i].begin > t[i].deadline;
		if (!want.n) {
			wrong += r != NULL;		/* rows without a step in the window are not shown */
			continue;
		}
		for (int k = 0; r && k < N_STAGES; k++) {
			ns += r->stage_ns[k];
			wrong += r->stage[k].sum != r->stage_ns[k];
		}
		wrong += !r || !same_quant(&r->steps, &want) || r->n_deadline_miss != missed || ns != want.sum;
		stage_ns += ns;
		misses += missed;
	}
	for (size_t i = 0; i < s->n_kinds; i++)
		worst_ns += s->kinds[i].worst_ns, misses -= s->kinds[i].n_deadline_miss;
	wrong += misses != 0 || (all.n && !worst_ns) || stage_ns != all.sum;
	/* those kept are those counted, in order */
	wrong += s->n_steps != all.n;
	for (size_t i = 0; i < s->n_steps; i++) {
		const struct truth *k = &t[n - s->n_steps + i];
		char id[32];

		snprintf(id, sizeof id, "%u", k->serial);
		wrong += s->steps[i]->begin != k->begin || s->steps[i]->end != k->end || s->steps[i]->serial != k->serial ||
			 strcmp(snapshot_str(s, s->steps[i]->id), id) || strcmp(snapshot_str(s, s->steps[i]->agent), names[k->agent]);
	}
	return wrong;
}

static void test_steps(uint64_t gap_max)
{
	const uint64_t keep = 8 * SEC;
	struct world *w = world_new(keep, NULL);
	struct truth *t = NULL;
	size_t n = 0, cap = 0;
	uint64_t seed = gap_max, now = 1000 * SEC;
	unsigned wrong = 0, n_looks = 0;
	char text[128];

	for (unsigned serial = 1; serial <= 6000; serial++) {
		int a = (int)(rnd(&seed) % 3);
		struct truth s = { .begin = now, .agent = serial > 4000 && serial < 5000 ? 1 : a, .serial = serial, .deadline = 2 * MS };

		snprintf(text, sizeof text, "B|%d|step:%u agent=%s name=k%u deadline_us=2000", 10 + s.agent, serial, names[s.agent],
			 (unsigned)(rnd(&seed) % 4));
		feed_mark(w, now, (uint32_t)s.agent, 10 + s.agent, text);
		now += rnd(&seed) % (5 * MS) + 1;
		feed_mark(w, now, (uint32_t)s.agent, 10 + s.agent, "E");
		s.end = now;
		GROW(t, n, cap);
		t[n++] = s;
		if (!(rnd(&seed) % 16)) {
			wrong += look_at_steps(w, t, n, keep, now);
			n_looks++;
		}
		now += rnd(&seed) % gap_max;
	}
	is_num(wrong, 0, "steps, agents and kinds in %u looks are those of the window (pauses up to %u ms)", n_looks,
	       (unsigned)(gap_max / MS));
	world_free(w);
	free(t);
}

static void test_worst(void)
{
	struct world *w = world_new(8 * SEC, "--steps=worst:5");
	uint64_t seed = 5, now = SEC, dur[8000], end[8000], begin;
	const struct snapshot *s;
	unsigned wrong = 0;
	size_t n = 0;

	while (n < 4000) {
		feed_mark(w, now, 0, 10, "B|10|step");
		dur[n] = rnd(&seed) % (9 * MS) + 1;
		now += dur[n];
		feed_mark(w, now, 0, 10, "E");
		end[n++] = now;
		now += MS;
		if (n % 50)
			continue;
		s = world_look(w);
		begin = s->live.window_begin;
		wrong += s->n_steps != MIN(n, 5u);
		for (size_t i = 0; i < n; i++) {
			uint64_t shortest = UINT64_MAX;
			bool there = false;

			for (size_t k = 0; k < s->n_steps; k++) {
				there |= s->steps[k]->end == end[i];
				shortest = MIN(shortest, s->steps[k]->end - s->steps[k]->begin);
			}
			wrong += end[i] >= begin ? there != (dur[i] >= shortest) : there;
		}
	}
	is_num(wrong, 0, "the worst N that are kept are the worst of the window");
	world_free(w);
}

/* A snapshot is good until the next is taken, however much has left the window meanwhile. */
static void test_held(const char *arg)
{
	struct world *w = world_new(SEC, arg);
	uint64_t now = SEC, sum = 0, kept;
	const struct snapshot *s;
	unsigned wrong = 0;
	char text[96];
	size_t heap;

	for (int round = 0; round < 30; round++) {
		for (int i = 0; i < 100; i++, now += 2 * MS) {
			snprintf(text, sizeof text, "B|10|step:r%d-%d trace=00-%032d-%016d-01 who=%d", round, i, i, i, i);
			feed_switch(w, now, 0, 0, 'R', 10, "agent");
			feed_mark(w, now, 0, 10, text);
			feed_mark(w, now + MS, 0, 10, "E");
			feed_switch(w, now + MS, 0, 10, 'S', 0, "swapper");
		}
		if (round % 10 != 9)
			continue;
		/* held for ten rounds, two windows */
		s = w->snap;
		for (size_t i = 0; s && i < s->n_steps; i++) {
			const struct step *st = s->steps[i];

			snprintf(text, sizeof text, "r%d-", round - 10);
			wrong += st->n_seg < 1 || st->seg[0].from != st->begin || st->seg[st->n_seg - 1].to != st->end;
			wrong += strncmp(snapshot_str(s, st->id), "r", 1) || strncmp(snapshot_str(s, st->trace), "00-", 3) ||
				 strncmp(snapshot_str(s, st->extra), "who=", 4);
			sum += st->serial;
		}
		wrong += s && !s->n_steps;
		kept = w->c->steps->n_grave;
		wrong += s && (arg ? kept < s->n_steps : kept != s->n_steps);
		world_look(w);
		wrong += w->c->steps->n_grave;
	}
	is_num(wrong, 0, "steps that a snapshot shows are there until the next one (%s)", arg ? arg : "all kept");
	ok(sum > 0, "some were looked at");
	heap = heap_bytes();
	for (int i = 0; i < 20000; i++, now += 2 * MS) {
		snprintf(text, sizeof text, "B|10|step:%d", i);
		feed_mark(w, now, 0, 10, text);
		feed_mark(w, now + MS, 0, 10, "E");
	}
	ok(!heap || heap_bytes() < heap + (2u << 20), "nothing piles up while nobody takes another (%zu kB more)",
	   (heap_bytes() - MIN(heap, heap_bytes())) / 1024);
	ok(w->snap->n_steps && *snapshot_str(w->snap, w->snap->steps[0]->id), "and the old one is good still");
	world_free(w);
}

/* ---- CPUs and tasks ---- */

#define N_CPUS 4
#define N_TASKS 12

struct stretch {		/* of a task on a CPU (pid 0: idle), or of an interrupt */
	uint64_t from, to;
	uint32_t cpu;
	int32_t pid;
};

static uint64_t overlap(const struct stretch *s, uint64_t from, uint64_t to)
{
	uint64_t b = MAX(s->from, from), e = MIN(s->to, to);

	return e > b ? e - b : 0;
}

struct machine {
	struct world *w;
	struct stretch *run, *irq;
	size_t n_run, cap_run, n_irq, cap_irq;
	int32_t on[N_CPUS];		/* pid */
	uint64_t since[N_CPUS];
	struct {
		bool asleep;
	} task[N_TASKS];
	uint64_t now, begin;
};

static void end_run(struct machine *m, uint32_t cpu)
{
	GROW(m->run, m->n_run, m->cap_run);
	m->run[m->n_run++] = (struct stretch){ m->since[cpu], m->now, cpu, m->on[cpu] };
	m->since[cpu] = m->now;
}

static void do_switch(struct machine *m, uint32_t cpu, uint64_t *seed)
{
	int32_t next = (int32_t)(rnd(seed) % (N_TASKS + 1)), prev = m->on[cpu];

	for (uint32_t i = 0; i < N_CPUS; i++)
		if (m->on[i] == next)
			next = 0;
	if (next == prev)
		return;
	if (next && m->task[next - 1].asleep) {
		FEED(m->w, E_WAKING, ((struct at){ m->now, cpu, prev, 0 }), "", (uint64_t)next);
		FEED(m->w, E_WAKEUP, ((struct at){ m->now, cpu, prev, 0 }), "", (uint64_t)next, cpu);
	}
	end_run(m, cpu);
	if (prev)
		m->task[prev - 1].asleep = rnd(seed) % 2;
	feed_switch(m->w, m->now, cpu, prev, prev && m->task[prev - 1].asleep ? 'S' : 'R', next, "task");
	m->on[cpu] = next;
}

static void do_irq(struct machine *m, uint32_t cpu, uint64_t *seed)
{
	uint64_t len = rnd(seed) % (50 * US) + 1;

	FEED(m->w, E_IRQ_IN, ((struct at){ m->now, cpu, m->on[cpu], EVENT_HARDIRQ }), "eth0", 30);
	GROW(m->irq, m->n_irq, m->cap_irq);
	m->irq[m->n_irq++] = (struct stretch){ m->now, m->now + len, cpu, 30 };
	m->now += len;
	FEED(m->w, E_IRQ_OUT, ((struct at){ m->now, cpu, m->on[cpu], EVENT_HARDIRQ }), "", 30, 1);
}

static unsigned look_at_cpus(struct machine *m)
{
	const struct snapshot *s;
	uint64_t from, to;
	unsigned wrong = 0;

	engine_tick(m->w->c, m->now);
	s = world_look(m->w);
	from = s->live.window_begin, to = m->now;
	for (size_t i = 0; i < s->n_cpus; i++) {
		const struct cpu_row *r = &s->cpus[i];
		uint64_t busy = 0, irq = 0, n_irqs = 0;

		for (size_t k = 0; k < m->n_run; k++)
			if (m->run[k].cpu == r->cpu && m->run[k].pid)
				busy += overlap(&m->run[k], from, to);
		if (m->on[r->cpu])
			busy += overlap(&(struct stretch){ m->since[r->cpu], to, 0, 0 }, from, to);
		for (size_t k = 0; k < m->n_irq; k++)
			if (m->irq[k].cpu == r->cpu) {
				irq += overlap(&m->irq[k], from, to);
				n_irqs += m->irq[k].from >= from;
			}
		wrong += r->irq != irq || r->n_irqs != n_irqs;
		wrong += r->irq + r->task + r->idle + r->softirq + r->ksoftirqd + r->unknown != to - MAX(from, m->begin);
		/* interrupts are taken from whoever ran */
		wrong += r->task > busy || r->task + irq < busy;
	}
	wrong += s->n_cpus != N_CPUS;
	for (size_t i = 0; i < s->n_tasks; i++) {
		const struct task_row *r = &s->tasks[i];
		uint64_t run = 0;

		for (size_t k = 0; k < m->n_run; k++)
			if (m->run[k].pid == r->pid)
				run += overlap(&m->run[k], from, to);
		for (uint32_t cpu = 0; cpu < N_CPUS; cpu++)
			if (m->on[cpu] == r->pid)
				run += overlap(&(struct stretch){ m->since[cpu], to, 0, 0 }, from, to);
		wrong += r->run != run || r->run + r->sleep + r->blocked + r->runqueue + r->preempted > to - from;
	}
	return wrong;
}

static void test_cpus(uint64_t step_max)
{
	struct machine m = { .w = world_new(8 * SEC, NULL), .now = 50 * SEC };
	uint64_t seed = step_max;
	unsigned wrong = 0, n_looks = 0;

	m.begin = m.now;
	for (uint32_t i = 0; i < N_CPUS; i++) {
		m.since[i] = m.now;
		feed_switch(m.w, m.now, i, (int32_t)(100 + i), 'R', 0, "swapper");
	}
	for (int i = 0; i < 20000; i++) {
		uint32_t cpu = (uint32_t)(rnd(&seed) % N_CPUS);

		m.now += rnd(&seed) % step_max + 1;
		if (rnd(&seed) % 4)
			do_switch(&m, cpu, &seed);
		else
			do_irq(&m, cpu, &seed);
		if (!(rnd(&seed) % 200)) {
			wrong += look_at_cpus(&m);
			n_looks++;
		}
	}
	is_num(wrong, 0, "CPUs' and tasks' times in %u looks add up to the window, each where it was spent (events up to %u ms apart)",
	       n_looks, (unsigned)(step_max / MS));
	world_free(m.w);
	free(m.run);
	free(m.irq);
}

/* ---- time without events ---- */

static void test_idle(void)
{
	struct world *w = world_new(8 * SEC, NULL);
	const struct snapshot *s;

	feed_switch(w, 10 * SEC, 0, 7, 'S', 0, "swapper");
	feed_switch(w, 11 * SEC, 0, 0, 'R', 7, "busy");
	feed_switch(w, 12 * SEC, 0, 7, 'S', 0, "swapper");
	engine_tick(w->c, 13 * SEC);
	s = world_look(w);
	is_num(s->source.end, 13 * SEC, "a tick moves the end on");
	is_num(s->cpus[0].idle, 2 * SEC, "and what is idle is so until then");
	is_num(s->cpus[0].task, SEC, "beside what ran");
	engine_tick(w->c, 12 * SEC);
	is_num(world_look(w)->source.end, 13 * SEC, "time does not go back");
	engine_tick(w->c, 18 * SEC + 1);
	s = world_look(w);
	is_num(s->live.window_begin, 11 * SEC, "the window begins an eighth later when a slice has left it");
	ok(s->cpus[0].task == SEC && s->cpus[0].idle == 6 * SEC + 1, "and all of it is accounted for");
	engine_tick(w->c, 1000 * SEC);
	s = world_look(w);
	is_num(s->live.window_begin, 993 * SEC, "a long silence leaves a window of silence");
	is_num(s->cpus[0].idle, 7 * SEC, "all of it idle");
	is_num(s->cpus[0].task, 0, "and nothing else");
	is_num(s->source.begin, 10 * SEC, "the beginning stays the beginning");
	is_num(s->n_tasks, 0, "who slept all the while is forgotten");
	/* the same by an event instead of a tick */
	feed_switch(w, 5000 * SEC, 0, 0, 'R', 7, "busy");
	s = world_look(w);
	ok(s->cpus[0].idle == 7 * SEC && !s->cpus[0].task, "an event behind a gap moves the window as well");
	feed_switch(w, 5001 * SEC, 0, 7, 'S', 0, "swapper");
	s = world_look(w);
	ok(s->n_tasks == 1 && s->tasks[0].run == SEC, "and what follows is counted");
	world_free(w);

	w = world_new(8 * SEC, NULL);
	engine_tick(w->c, 5 * SEC);
	s = world_look(w);
	ok(s->source.begin == 5 * SEC && s->source.end == 5 * SEC, "a tick before the first event begins it");
	feed_switch(w, 6 * SEC, 0, 0, 'R', 7, "busy");
	is_num(world_look(w)->source.begin, 5 * SEC, "then the first event does not");
	world_free(w);
}

static void test_gap_in_step(void)
{
	struct world *w = world_new(8 * SEC, NULL);
	const struct snapshot *s;
	uint64_t sum = 0;

	feed_switch(w, 10 * SEC, 0, 0, 'R', 10, "agent");
	feed_mark(w, 10 * SEC, 0, 10, "B|10|step:long");
	feed_switch(w, 11 * SEC, 0, 10, 'S', 0, "swapper");
	FEED(w, E_WAKING, ((struct at){ 900 * SEC, 0, 0, EVENT_HARDIRQ }), "", 10);
	FEED(w, E_WAKEUP, ((struct at){ 900 * SEC, 0, 0, EVENT_HARDIRQ }), "", 10, 0);
	feed_switch(w, 901 * SEC, 0, 0, 'R', 10, "agent");
	feed_mark(w, 902 * SEC, 0, 10, "E");
	s = world_look(w);
	if (!is_num(s->n_steps, 1, "a step that slept for many windows ends in the last one"))
		return;
	is_num(s->steps[0]->end - s->steps[0]->begin, 892 * SEC, "with all of its time");
	for (int k = 0; k < N_STAGES; k++)
		sum += s->steps[0]->ns[k];
	is_num(sum, 892 * SEC, "accounted for");
	is_num(s->steps[0]->ns[ST_RUNQUEUE], SEC, "by stage: the run queue");
	is_num(s->steps[0]->ns[ST_USER], 2 * SEC, "and what it ran");
	for (size_t i = 0; i < s->n_tasks; i++)
		if (s->tasks[i].pid == 10)
			is_num(s->tasks[i].sleep + s->tasks[i].run + s->tasks[i].runqueue, 902 * SEC - s->live.window_begin,
			       "the task's own times are the window's");
	world_free(w);
}

/* ---- a real recording: while nothing leaves the window, slices change nothing ---- */

#define RECORDING "testdata/vm-icount-irqhot.dat"

struct replay {
	struct source *src;
	struct strs *strs;
	struct ctx *c;
	struct snapshot *s;
};

static bool replay(struct replay *r, const struct opts *o, uint64_t keep_ns)
{
	struct err err;
	struct event ev;

	*r = (struct replay){ .src = source_open(RECORDING, &err) };
	if (!r->src)
		return false;
	r->strs = strs_new();
	r->c = engine_new(&r->src->formats, r->strs, r->src->info.arch, 0, UINT64_MAX);
	r->c->steps = steps_new(r->c, o);
	engine_window(r->c, keep_ns);
	for (size_t k = 0; k < r->src->info.n_comms; k++)
		task_named(r->c, r->src->info.comms[k].pid,
			   (struct text){ r->src->info.comms[k].comm, (uint32_t)strnlen(r->src->info.comms[k].comm, 16) }, 0);
	for (uint64_t n = 0; source_next(r->src, &ev, &err) > 0; n++) {
		engine_event(r->c, &ev);
		if (keep_ns && n % 5000 == 0) {
			snapshot_free(r->s);
			engine_bury(r->c);
			r->s = snapshot_take(r->c, r->src, o);
		}
	}
	snapshot_free(r->s);
	engine_bury(r->c);
	r->s = snapshot_take(r->c, r->src, o);
	return true;
}

static void replay_end(struct replay *r)
{
	snapshot_free(r->s);
	engine_free(r->c);
	strs_free(r->strs);
	source_close(r->src);
}

static bool equal_quant(const struct quant *a, const struct quant *b)
{
	return !memcmp(a, b, sizeof *a);
}

static unsigned compare_devices(const struct snapshot *a, const struct snapshot *b)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < a->n_blocks; i++) {
		const struct block_row *x = &a->blocks[i], *y = &b->blocks[i];

		wrong += !equal_quant(&x->queue, &y->queue) || !equal_quant(&x->device, &y->device) || x->n_by != y->n_by;
		for (size_t k = 0; k < MIN(x->n_by, y->n_by); k++)
			wrong += x->by[k].pid != y->by[k].pid || strcmp(x->by[k].comm, y->by[k].comm) || x->by[k].n != y->by[k].n ||
				 x->by[k].bytes != y->by[k].bytes || !equal_quant(&x->by[k].device, &y->by[k].device);
	}
	for (size_t i = 0; i < a->n_napis; i++)
		wrong += a->napis[i].n_polls != b->napis[i].n_polls || !equal_quant(&a->napis[i].dist, &b->napis[i].dist) ||
			 !equal_quant(&a->napis[i].batch, &b->napis[i].batch);
	return wrong;
}

/* Requests of a table that have no submitter, or more submitters than there are requests. */
static uint64_t not_of_submitters(const struct snapshot *s)
{
	uint64_t off = 0;

	for (size_t i = 0; i < s->n_blocks; i++) {
		uint64_t n = 0;

		for (size_t k = 0; k < s->blocks[i].n_by; k++)
			n += s->blocks[i].by[k].n;
		off += n > s->blocks[i].device.n ? n - s->blocks[i].device.n : s->blocks[i].device.n - n;
	}
	return off;
}

static unsigned compare(const struct snapshot *a, const struct snapshot *b)
{
	unsigned wrong = a->n_agents != b->n_agents || a->n_kinds != b->n_kinds || a->n_steps != b->n_steps || a->n_cpus != b->n_cpus ||
			 a->n_irqs != b->n_irqs || a->n_softirqs != b->n_softirqs || a->n_blocks != b->n_blocks ||
			 a->n_napis != b->n_napis || a->n_steps_all != b->n_steps_all || a->n_culprits != b->n_culprits ||
			 a->n_harms != b->n_harms;

	if (wrong)
		return wrong;
	for (size_t i = 0; i < a->n_agents; i++) {
		wrong += !equal_quant(&a->agents[i].steps, &b->agents[i].steps) || !equal_quant(&a->agents[i].between, &b->agents[i].between);
		wrong += memcmp(a->agents[i].stage_ns, b->agents[i].stage_ns, sizeof a->agents[i].stage_ns) != 0;
		for (int k = 0; k < N_STAGES; k++)
			wrong += !equal_quant(&a->agents[i].stage[k], &b->agents[i].stage[k]);
	}
	for (size_t i = 0; i < a->n_kinds; i++)
		wrong += !equal_quant(&a->kinds[i].steps, &b->kinds[i].steps) || a->kinds[i].worst_ns != b->kinds[i].worst_ns;
	for (int k = 0; k < N_STAGES; k++)
		wrong += !equal_quant(&a->stage[k].dist, &b->stage[k].dist) || a->stage[k].share_worst != b->stage[k].share_worst;
	for (size_t i = 0; i < a->n_steps; i++)
		wrong += a->steps[i]->begin != b->steps[i]->begin || memcmp(a->steps[i]->ns, b->steps[i]->ns, sizeof a->steps[i]->ns) ||
			 strcmp(snapshot_str(a, a->steps[i]->id), snapshot_str(b, b->steps[i]->id));
	for (size_t i = 0; i < a->n_cpus; i++)
		wrong += a->cpus[i].irq != b->cpus[i].irq || a->cpus[i].task != b->cpus[i].task || a->cpus[i].idle != b->cpus[i].idle ||
			 a->cpus[i].softirq != b->cpus[i].softirq || a->cpus[i].harm != b->cpus[i].harm;
	for (size_t i = 0; i < a->n_irqs; i++)
		wrong += !equal_quant(&a->irqs[i].dist, &b->irqs[i].dist) || a->irqs[i].harm != b->irqs[i].harm ||
			 a->irqs[i].completed_steps != b->irqs[i].completed_steps || a->irqs[i].n_cpus != b->irqs[i].n_cpus;
	for (size_t i = 0; i < a->n_softirqs; i++)
		wrong += !equal_quant(&a->softirqs[i].run, &b->softirqs[i].run) || !equal_quant(&a->softirqs[i].wait, &b->softirqs[i].wait) ||
			 a->softirqs[i].n_raises != b->softirqs[i].n_raises;
	for (size_t i = 0; i < a->n_tasks; i++) {
		size_t k = 0;

		while (k < b->n_tasks && a->tasks[i].pid != b->tasks[k].pid)
			k++;
		/* one met first in a later slice is known to have slept since that slice began, no longer */
		wrong += k == b->n_tasks || a->tasks[i].run != b->tasks[k].run || a->tasks[i].runqueue != b->tasks[k].runqueue ||
			 a->tasks[i].n_switches != b->tasks[k].n_switches || a->tasks[i].harm != b->tasks[k].harm;
	}
	for (size_t i = 0; i < a->n_culprits; i++)
		wrong += strcmp(a->culprits[i].actor, b->culprits[i].actor) || a->culprits[i].ns != b->culprits[i].ns ||
			 a->culprits[i].n_steps != b->culprits[i].n_steps || a->culprits[i].worst_ns != b->culprits[i].worst_ns;
	for (size_t i = 0; i < a->n_harms; i++)
		wrong += strcmp(a->harms[i].actor, b->harms[i].actor) || a->harms[i].ns != b->harms[i].ns || a->harms[i].cpu != b->harms[i].cpu ||
			 a->harms[i].n_steps != b->harms[i].n_steps || a->harms[i].stage != b->harms[i].stage;
	wrong += !equal_quant(&a->wakeups.waking_to_run, &b->wakeups.waking_to_run) || a->wakeups.n_cross_cpu != b->wakeups.n_cross_cpu;
	return wrong + compare_devices(a, b);
}

static void test_recording(void)
{
	char *argv[] = { (char *)"agenttop", (char *)RECORDING, NULL };
	struct replay whole, sliced;
	struct opts o;
	struct err err;

	if (opts_parse(2, argv, &o, &err))
		die("%s", err.text);
	if (!replay(&whole, &o, 0)) {
		skip(RECORDING " is not here");
	} else {
		replay(&sliced, &o, 3200 * MS);
		ok(whole.s->n_steps > 100 && sliced.c->m.slice_begin > whole.s->source.begin + 2 * SEC, "a recording in slices");
		is_num(compare(whole.s, sliced.s), 0, "while nothing leaves the window the tables are those of the whole");
		replay_end(&sliced);
		replay(&sliced, &o, 400 * MS);
		ok(sliced.s->n_steps > 10 && sliced.s->n_steps < whole.s->n_steps / 3, "with a short window only the last steps are left");
		is_num(sliced.s->steps_all.n, sliced.s->n_steps, "in the tables too");
		is_num(not_of_submitters(whole.s) + not_of_submitters(sliced.s), 0, "every disk request is somebody's");
		ok(sliced.s->n_blocks && sliced.s->blocks[0].n_by && sliced.s->blocks[0].device.n < whole.s->blocks[0].device.n,
		   "and those that have left the window are nobody's any more");
		replay_end(&sliced);
		replay_end(&whole);
	}
	opts_fini(&o);
}

int main(void)
{
	static const unsigned most[] = { 1, 3, 12, 70, 700 };

	for (size_t i = 0; i < ARRAY_LEN(most); i++)
		test_dist(most[i]);
	test_merge();
	test_strs();
	test_steps(2 * MS);
	test_steps(30 * MS);
	test_steps(3 * SEC);
	test_worst();
	test_held(NULL);
	test_held("--steps=worst:30");
	test_cpus(MS);
	test_cpus(100 * MS);
	test_cpus(5 * SEC);
	test_idle();
	test_gap_in_step();
	test_recording();
	return done();
}
