// SPDX-License-Identifier: GPL-2.0-only
/* Recording that never ends: what comes and goes takes no memory for good, and steps that last stay small and exact. */
#include "live_feed.h"
#include "tap.h"

#ifdef __SANITIZE_ADDRESS__
#define SLOW 10			/* so much less is done */
#else
#define SLOW 1
#endif

/* ---- a machine on which everything is always new ---- */

struct churn {
	struct world *w;
	uint64_t now, n;
	int32_t pid;		/* of this agent */
};

#define WITH_HELPER(n) ((n) % 4 == 1)

/* It asks a helper that it forks, over a ring of its own, and a disk. All names and numbers are new. */
static uint64_t ask_helper(struct churn *m, uint64_t t, int32_t agent)
{
	uint64_t ring = 0xffff000000000000ull + m->n * 4096;
	struct world *w = m->w;
	int32_t helper = agent + 1 + (int32_t)(m->n % 50);
	char comm[16];

	snprintf(comm, sizeof comm, "tool-%x", (unsigned)(m->n & 0xffffff));
	FEED(w, E_FORK, ((struct at){ t += US, 0, agent, 0 }), "agent", (uint64_t)agent, (uint64_t)helper);
	FEED(w, E_RING, ((struct at){ t += US, 0, agent, 0 }), "", ring, 8, 16);
	FEED(w, E_SUBMIT, ((struct at){ t += US, 0, agent, 0 }), "READ", ring, m->n, 22, ring + 64);
	FEED(w, E_TIMER, ((struct at){ t += US, 0, agent, 0 }), "", ring + 128, t + SEC, t + SEC);
	FEED(w, E_RQ_ISSUE, ((struct at){ t += US, 0, agent, 0 }), "R", 8ull << 20, m->n * 8, 8);
	FEED(w, E_CALL_IN, ((struct at){ t += US, 0, agent, 0 }), "", 3);
	feed_switch(w, t += US, 0, agent, 'S', helper, comm);
	FEED(w, E_WORK_IN, ((struct at){ t += US, 0, helper, 0 }), "", 1);
	FEED(w, E_IRQ_IN, ((struct at){ t += US, 0, helper, EVENT_HARDIRQ }), "nvme0q1", 40);
	FEED(w, E_RQ_DONE, ((struct at){ t += US, 0, helper, EVENT_HARDIRQ }), "R", 8ull << 20, m->n * 8, 8);
	FEED(w, E_COMPLETE, ((struct at){ t += US, 0, helper, EVENT_HARDIRQ }), "", ring, m->n, 4096, 0, ring + 64);
	FEED(w, E_IRQ_OUT, ((struct at){ t += US, 0, helper, EVENT_HARDIRQ }), "", 40, 1);
	FEED(w, E_WORK_OUT, ((struct at){ t += US, 0, helper, 0 }), "", 1);
	FEED(w, E_WAKING, ((struct at){ t += US, 0, helper, 0 }), "", (uint64_t)agent);
	FEED(w, E_WAKEUP, ((struct at){ t += US, 0, helper, 0 }), "", (uint64_t)agent, 0);
	FEED(w, E_EXIT, ((struct at){ t += US, 0, helper, 0 }), "", (uint64_t)helper);
	feed_switch(w, t += US, 0, helper, 'X', agent, "agent");
	FEED(w, E_CALL_OUT, ((struct at){ t += US, 0, agent, 0 }), "", 1);
	return t;
}

static void churn_step(struct churn *m)
{
	struct world *w = m->w;
	uint64_t t = m->now;
	int32_t agent = 100 + (int32_t)(m->n / 50 % 30000) * 100;
	char text[256];

	if (agent != m->pid) {		/* the agent is restarted now and then */
		feed_switch(w, t, 0, 0, 'R', 1, "init");
		FEED(w, E_FORK, ((struct at){ t, 0, 1, 0 }), "agent", 1, (uint64_t)agent);
		feed_switch(w, t += US, 0, 1, 'S', agent, "agent");
		m->pid = agent;
	} else {
		feed_switch(w, t += US, 0, 0, 'R', agent, "agent");
	}
	snprintf(text, sizeof text, "B|%d|step:%llu agent=planner name=%s trace=00-%032llx-%016llx-01 job=%llu", agent,
		 (unsigned long long)m->n, m->n % 3 ? "plan" : "tool", (unsigned long long)hash64(m->n), (unsigned long long)m->n,
		 (unsigned long long)m->n * 7);
	feed_mark(w, t += US, 0, agent, text);
	if (WITH_HELPER(m->n))
		t = ask_helper(m, t, agent);
	feed_mark(w, t += US, 0, agent, "E");
	if (m->n % 50 == 49)
		FEED(w, E_EXIT, ((struct at){ t += US, 0, agent, 0 }), "", (uint64_t)agent);
	feed_switch(w, t += US, 0, agent, m->n % 50 == 49 ? 'X' : 'S', 0, "swapper");
	m->now += MS;
	m->n++;
}

static void test_churn(void)
{
	struct churn m = { .w = world_new(SEC, NULL), .now = 100 * SEC };
	const uint64_t n_all = 1000000 / SLOW, n_first = SLOW > 1 ? n_all / 2 : n_all / 5;
	size_t heap = 0, most = 0, tasks = 0, rings = 0;
	unsigned wrong = 0;

	while (m.n < n_all) {
		churn_step(&m);
		if (m.n % 1000 == 0) {		/* once a second of trace time */
			const struct snapshot *s = world_look(m.w);
			size_t now = heap_bytes();

			heap = m.n <= n_first ? MAX(heap, now) : heap;
			most = MAX(most, now);
			tasks = MAX(tasks, m.w->c->m.n_tasks);
			rings = MAX(rings, s->n_rings);
			wrong += s->n_steps_all > 1000 || (m.n > 2000 && s->n_steps_all < 870) || s->n_steps != s->n_steps_all;
			for (size_t i = 0; i < s->n_steps; i++) {
				const struct step *st = s->steps[i];
				char id[32], actor[64];
				bool found = false;

				snprintf(id, sizeof id, "%llu", (unsigned long long)st->serial - 1);
				wrong += strcmp(snapshot_str(s, st->id), id) != 0;
				snprintf(actor, sizeof actor, "tool-%x:", (unsigned)((st->serial - 1) & 0xffffff));
				for (size_t k = 0; k < st->n_seg; k++) {
					wrong += k ? st->seg[k].from != st->seg[k - 1].to : st->seg[k].from != st->begin;
					found |= !strncmp(snapshot_str(s, st->seg[k].actor), actor, strlen(actor));
				}
				wrong += found != WITH_HELPER(st->serial - 1);
			}
		}
	}
	is_num(wrong, 0, "%llu steps, each with new tasks, texts, rings and timers: all right in each look", (unsigned long long)n_all);
	ok(!heap || most <= heap + heap / (SLOW > 1 ? 10 : 20), "memory is flat: at most %zu kB in the beginning, %zu kB in all", heap / 1024, most / 1024);
	ok(tasks < 1200, "tasks are those of the window: at most %zu", tasks);
	ok(rings <= 300, "and so are rings: at most %zu", rings);
	ok(strs_bytes(m.w->strs) < 8u << 20, "texts take %zu kB", strs_bytes(m.w->strs) / 1024);
	ok(m.w->c->steps->n_marks_of < 10 && m.w->c->steps->n_marked < 30, "those who marked steps are forgotten with them");
	world_free(m.w);
}

/* ---- tasks ---- */

static const struct task_row *row_of(const struct snapshot *s, int32_t pid)
{
	for (size_t i = 0; i < s->n_tasks; i++)
		if (s->tasks[i].pid == pid)
			return &s->tasks[i];
	return NULL;
}

static void run_for(struct world *w, uint64_t ts, uint64_t ns, int32_t pid, const char *comm, char state)
{
	feed_switch(w, ts, 0, 0, 'R', pid, comm);
	if (state == 'X')
		FEED(w, E_EXIT, ((struct at){ ts + ns / 2, 0, pid, 0 }), "", (uint64_t)pid);
	feed_switch(w, ts + ns, 0, pid, state, 0, "swapper");
}

static void test_dead(void)
{
	struct world *w = world_new(8 * SEC, NULL);
	const struct task_row *r;

	FEED_MADE(w, SOURCE_COMM, ((struct at){ 9 * SEC, 0, -1, 0 }), "sleeper", 60, 55, 0);
	run_for(w, 10 * SEC, SEC, 50, "mayfly", 'X');
	run_for(w, 11 * SEC, SEC, 60, "sleeper", 'S');
	run_for(w, 12 * SEC, SEC, 70, "worker", 'S');
	r = row_of(world_look(w), 50);
	ok(r && r->run == SEC && !strcmp(r->comm, "mayfly"), "a task that has ended is in the table while it is in the window");
	engine_tick(w->c, 19 * SEC);
	r = row_of(world_look(w), 50);
	ok(!r && !model_task_known(&w->c->m, 50), "and gone with it");
	ok(model_task_known(&w->c->m, 60) != NULL, "one that sleeps is kept");
	run_for(w, 20 * SEC, SEC, 50, "another", 'S');
	r = row_of(world_look(w), 50);
	ok(r && r->run == SEC && !strcmp(r->comm, "another"), "its number is another task's now");
	for (int t = 22; t < 40; t += 3)
		run_for(w, (uint64_t)t * SEC, SEC, 70, "worker", 'S');
	ok(!model_task_known(&w->c->m, 60) && model_task_known(&w->c->m, 70), "one that nothing was heard of for two windows goes too");
	run_for(w, 41 * SEC, SEC, 60, "sleeper", 'S');
	r = row_of(world_look(w), 60);
	ok(r && r->run == SEC && r->tgid == 55, "it comes back with its process");
	ok(r && r->sleep <= 2 * SEC, "and has not slept longer than the slice in which it was heard of again");

	/* the same number at once, whose former task's end was not seen */
	FEED(w, E_FORK, ((struct at){ 43 * SEC, 0, 1, 0 }), "new", 1, 70);
	run_for(w, 44 * SEC, SEC / 2, 70, "new", 'S');
	r = row_of(world_look(w), 70);
	ok(r && !strcmp(r->comm, "new") && r->run == SEC / 2, "a fork begins a task anew");
	world_free(w);
}

/* Who is on a CPU stays, however long nothing is heard. */
static void test_alone(void)
{
	struct world *w = world_new(SEC, NULL);
	const struct task_row *r;

	feed_switch(w, 10 * SEC, 0, 0, 'R', 33, "spinner");
	engine_tick(w->c, 500 * SEC);
	r = row_of(world_look(w), 33);
	ok(r && r->run == 500 * SEC - w->snap->live.window_begin, "a task that runs on and on is charged all the window");
	feed_switch(w, 501 * SEC, 0, 33, 'S', 0, "swapper");
	r = row_of(world_look(w), 33);
	ok(r && r->n_switches == 1, "and its switch is its own");
	world_free(w);
}

/* ---- losses ---- */

static void test_losses(void)
{
	struct world *w = world_new(8 * SEC, NULL);
	const struct snapshot *s;
	size_t heap;

	for (int i = 0; i < 300000 / SLOW; i++)
		FEED_MADE(w, SOURCE_LOST, ((struct at){ 10 * SEC + (uint64_t)i * 10 * US, (uint32_t)(i % 4), -1, 0 }), "",
			  10 * SEC + (uint64_t)i * 10 * US - US, (uint64_t)i % 3, 0);
	ok(w->c->m.n_losses <= 20000, "losses without number are not all remembered: %zu", w->c->m.n_losses);
	s = world_look(w);
	is_num(s->n_losses, 4, "but counted by CPU");
	is_num(s->losses[0].n_times + s->losses[1].n_times + s->losses[2].n_times + s->losses[3].n_times, (unsigned)(300000 / SLOW),
	       "each");
	is_num(s->source.n_lost, (unsigned)(300000 / SLOW), "and in all");
	ok(model_lost_between(&w->c->m, 10 * SEC, 10 * SEC + 1), "that something was lost long ago is known still");
	heap = w->c->m.n_losses;
	engine_tick(w->c, 60 * SEC);
	s = world_look(w);
	ok(heap && !w->c->m.n_losses && !s->n_losses, "a window later no table tells of them");
	is_num(s->source.n_lost, (unsigned)(300000 / SLOW), "only the sum of all time");
	ok(model_lost_between(&w->c->m, 10 * SEC + 1, 60 * SEC) && !model_lost_between(&w->c->m, 20 * SEC, 60 * SEC),
	   "who waited since then may have missed one, others have not");
	world_free(w);
}

/* ---- steps that never end ---- */

static void test_never_ended(void)
{
	struct world *w = world_new(SEC, NULL);
	uint64_t now = 10 * SEC;
	const struct snapshot *s;
	char text[64];
	bool told = false;

	feed_switch(w, now, 0, 0, 'R', 10, "agent");
	feed_mark(w, now, 0, 10, "B|10|step:outer");
	for (unsigned i = 1; i <= 60000 / SLOW; i++) {
		snprintf(text, sizeof text, "S|10|step:%u|%u", i, i);
		feed_mark(w, now += MS, 0, 10, text);
		if (i % 10 == 0) {	/* one in ten ends */
			snprintf(text, sizeof text, "F|10|step:%u|%u", i, i);
			feed_mark(w, now += MS, 0, 10, text);
		}
	}
	s = world_look(w);
	ok(s->n_steps_open <= 1024 + 1000, "of steps that never end the newest are waited for: %llu", (unsigned long long)s->n_steps_open);
	ok(s->n_steps_all >= 75 && s->n_steps_all <= 100, "those that do end are counted");
	for (size_t i = 0; i < s->n_notes; i++)
		told |= strstr(s->notes[i], "given up") != NULL;
	ok(told, "and a note tells of the others");
	feed_mark(w, now += MS, 0, 10, "E");
	feed_mark(w, now += MS, 0, 10, "B|10|step:last");
	feed_mark(w, now += MS, 0, 10, "E");
	s = world_look(w);
	is_text(snapshot_str(s, s->steps[s->n_steps - 1]->id), "last", "the marks of a step that was given up upset nobody");
	FEED(w, E_EXIT, ((struct at){ now += MS, 0, 10, 0 }), "", 10);
	feed_switch(w, now += MS, 0, 10, 'X', 0, "swapper");
	engine_tick(w->c, now + 5 * SEC);
	ok(!w->c->steps->n_open && !model_task_known(&w->c->m, 10), "with its process the rest goes");
	world_free(w);
}

/* ---- steps that last ---- */

struct sums {
	uint64_t n, sum, min, max;
};

static void sum_up(struct sums *s, uint64_t v)
{
	s->min = s->n ? MIN(s->min, v) : v;
	s->max = MAX(s->max, v);
	s->n++;
	s->sum += v;
}

static bool same_sums(const struct quant *q, const struct sums *s)
{
	return q->n == s->n && q->sum == s->sum && q->min == s->min && q->max == s->max;
}

/* A step of many minutes on one CPU: user, kernel and interrupts in turn, and a rest now and then. */
static void test_long_step(uint64_t n_rounds, bool nested)
{
	struct world *w = world_new(SEC, NULL);
	struct sums user = { 0 }, kernel = { 0 }, steal = { 0 };
	uint64_t now = 10 * SEC, begin = now, seed = n_rounds, sum = 0, user_from = now;
	size_t heap = 0, most = 0, most_pieces = 0;
	const struct snapshot *s;
	const struct step *st;
	unsigned wrong = 0, n_inner = 0;
	uint64_t n_merged = 0;

	feed_switch(w, now, 0, 0, 'R', 10, "agent");
	feed_mark(w, now, 0, 10, "B|10|step:long");
	for (uint64_t i = 0; i < n_rounds; i++) {
		uint64_t from;

		now += rnd(&seed) % (i % 1000 == 7 ? 5 * MS : 20 * US) + 1;
		sum_up(&user, now - user_from);
		FEED(w, E_WORK_IN, ((struct at){ from = now, 0, 10, 0 }), "", 3);
		now += rnd(&seed) % (5 * US) + 1;
		if (i % 3 == 0) {
			uint64_t irq = now;

			sum_up(&kernel, now - from);
			FEED(w, E_IRQ_IN, ((struct at){ now, 0, 10, EVENT_HARDIRQ }), i % 2 ? "eth0" : "nvme0", 30 + i % 2);
			now += rnd(&seed) % (3 * US) + 1;
			FEED(w, E_IRQ_OUT, ((struct at){ now, 0, 10, EVENT_HARDIRQ }), "", 30 + i % 2, 1);
			sum_up(&steal, now - irq);
			from = now;
			now += rnd(&seed) % (2 * US) + 1;
		}
		sum_up(&kernel, now - from);
		FEED(w, E_WORK_OUT, ((struct at){ now, 0, 10, 0 }), "", 3);
		user_from = now;
		if (nested && i % 1000 == 500) {
			feed_mark(w, now, 0, 10, "B|10|step:inner agent=other");
			now += 10 * US;
			feed_mark(w, now, 0, 10, "E");
			n_inner++;
		}
		if (i == n_rounds / 5)
			heap = heap_bytes();
		if (i % 1000 == 0) {
			most = MAX(most, heap_bytes());
			most_pieces = MAX(most_pieces, w->c->steps->open[0]->n_seg);
		}
	}
	now += 1;
	feed_mark(w, now, 0, 10, "E");
	sum_up(&user, now - user_from);
	s = world_look(w);
	st = s->steps[s->n_steps - 1];
	if (!is_text(snapshot_str(s, st->id), "long", "a step of %llu seconds and %llu pieces ends", (unsigned long long)((now - begin) / SEC),
		     (unsigned long long)(user.n + kernel.n + steal.n)))
		return;
	for (size_t i = 0; i < st->n_seg; i++) {
		wrong += st->seg[i].from != (i ? st->seg[i - 1].to : st->begin) || st->seg[i].to <= st->seg[i].from;
		wrong += st->seg[i].n_merged && st->seg[i].n_ev;
		for (uint32_t k = 0; k < st->seg[i].n_ev; k++)
			wrong += st->seg[i].ev + k >= st->n_ev || st->ev[st->seg[i].ev + k].ts < begin ||
				 st->ev[st->seg[i].ev + k].ts > st->seg[i].to;
		n_merged += st->seg[i].n_merged;
	}
	wrong += st->seg[st->n_seg - 1].to != st->end;
	is_num(wrong, 0, "its %zu segments tile it", st->n_seg);
	ok(n_merged > user.n, "most of them sums of short ones: %llu", (unsigned long long)n_merged);
	ok(st->n_seg < 20000 && st->n_ev < 60000 && most_pieces <= 8192 * 2, "so many are not kept: at most %zu while it lasted", most_pieces);
	for (int k = 0; k < N_STAGES; k++)
		sum += st->ns[k];
	is_num(sum, now - begin, "its time is accounted for");
	is_num(st->ns[ST_USER], user.sum, "user time to the nanosecond");
	is_num(st->ns[ST_KERNEL], kernel.sum, "kernel time too");
	is_num(st->ns[ST_IRQ_STEAL], steal.sum, "and what interrupts took");
	if (!nested) {
		ok(same_sums(&s->stage[ST_USER].dist, &user) && same_sums(&s->stage[ST_KERNEL].dist, &kernel) &&
		   same_sums(&s->stage[ST_IRQ_STEAL].dist, &steal), "each piece is in the tables: how many, least and most");
	} else {
		ok(n_inner > 0, "%u steps were inside it", n_inner);
	}
	ok(!heap || most < heap + (8u << 20), "memory is flat meanwhile: %zu kB after a fifth, %zu kB at most", heap / 1024, most / 1024);
	world_free(w);
}

/* It waits for the CPU again and again, while many others have it in turn: few stretches of time, very many pieces. */
static void test_long_waits(void)
{
	struct world *w = world_new(SEC, NULL);
	uint64_t now = 10 * SEC, begin = now, ran = 0;
	const struct snapshot *s;
	struct sums waits = { 0 };
	size_t most = 0, heap = 0;
	unsigned wrong = 0;

	feed_switch(w, now, 0, 0, 'R', 10, "agent");
	feed_mark(w, now, 0, 10, "B|10|step:waits");
	for (unsigned i = 0; i < 60; i++) {
		uint64_t out = now += MS;

		ran += MS;
		feed_switch(w, now, 0, 10, 'R', 20, "other");
		for (unsigned k = 1; k < 15000 / SLOW; k++)
			feed_switch(w, now += US, 0, (int32_t)(20 + (k - 1) % 50), 'R', (int32_t)(20 + k % 50), "other");
		feed_switch(w, now += US, 0, (int32_t)(20 + (15000 / SLOW - 1) % 50), 'R', 10, "agent");
		sum_up(&waits, now - out);
		most = MAX(most, w->c->steps->open[0]->n_seg + w->c->steps->open[0]->t->trail->n_seg);
		heap = i == 10 ? heap_bytes() : heap;
	}
	ok(!heap || heap_bytes() < heap + (4u << 20), "memory is flat while a step waits for the CPU: %zu kB, then %zu kB", heap / 1024,
	   heap_bytes() / 1024);
	feed_mark(w, now += MS, 0, 10, "E");
	s = world_look(w);
	for (size_t i = 0; i < s->steps[0]->n_seg; i++)
		wrong += s->steps[0]->seg[i].from != (i ? s->steps[0]->seg[i - 1].to : begin);
	ok(s->n_steps == 1 && !wrong && s->steps[0]->seg[s->steps[0]->n_seg - 1].to == now, "its segments tile it");
	ok(s->steps[0]->n_seg < 40000 && most < 60000, "there are at most %zu of them, and %zu in the end", most, s->steps[0]->n_seg);
	is_num(s->steps[0]->ns[ST_PREEMPTED], waits.sum, "the time is right");
	is_num(s->steps[0]->ns[ST_USER], ran + MS, "and the other time");
	ok(same_sums(&s->stage[ST_PREEMPTED].dist, &waits), "each wait is one in the tables");
	world_free(w);
}

/* Steps overlap all the time on one event loop: its trail is never free of them, and does not grow. */
static void test_overlap(void)
{
	struct world *w = world_new(SEC, NULL);
	uint64_t now = 10 * SEC, n = 0, wrong = 0;
	size_t most = 0;
	const struct snapshot *s;
	char text[64];

	feed_switch(w, now, 0, 0, 'R', 10, "loop");
	for (unsigned i = 1; i <= 200000 / SLOW; i++, now += 10 * US) {
		snprintf(text, sizeof text, "S|10|step:%u|%u", i, i);
		feed_mark(w, now, 0, 10, text);
		snprintf(text, sizeof text, "A|10|%u", i);
		feed_mark(w, now, 0, 10, text);
		FEED(w, E_WORK_IN, ((struct at){ now + US, 0, 10, 0 }), "", 3);
		FEED(w, E_WORK_OUT, ((struct at){ now + 2 * US, 0, 10, 0 }), "", 3);
		if (i > 20) {
			snprintf(text, sizeof text, "F|10|step:%u|%u", i - 20, i - 20);
			feed_mark(w, now + 5 * US, 0, 10, text);
		}
		most = MAX(most, w->c->steps->open[0]->t->trail->n_seg);
	}
	s = world_look(w);
	for (size_t i = 0; i < s->n_steps; i++) {
		const struct step *st = s->steps[i];
		uint64_t sum = 0;

		for (int k = 0; k < N_STAGES; k++)
			sum += st->ns[k];
		wrong += sum != st->end - st->begin || st->ns[ST_KERNEL] != US || st->ns[ST_LOOP] != 195 * US;
		n++;
	}
	ok(n > 0 && !wrong, "steps that overlap on one loop are accounted for");
	ok(most < 20000, "its trail keeps what they need: at most %zu segments", most);
	world_free(w);
}

/* Faults alone, no call: their entries do not pile up. */
static void test_faults(void)
{
	struct world *w = world_new(SEC, NULL);
	uint64_t now = 10 * SEC;
	size_t most = 0;
	const struct snapshot *s;

	feed_switch(w, now, 0, 0, 'R', 10, "agent");
	FEED(w, E_WORK_IN, ((struct at){ now + 1, 0, 10, 0 }), "", 3);
	FEED(w, E_WORK_OUT, ((struct at){ now + 2, 0, 10, 0 }), "", 3);
	feed_mark(w, now += US, 0, 10, "B|10|step");
	for (unsigned i = 0; i < 500000 / SLOW; i++) {
		FEED(w, E_FAULT, ((struct at){ now += 10 * US, 0, 10, 0 }), "", 0x1000);
		most = MAX(most, w->c->steps->open[0]->t->trail->n_edge);
	}
	feed_mark(w, now += US, 0, 10, "E");
	s = world_look(w);
	ok(s->n_steps == 1 && s->steps[0]->ns[ST_USER] == s->steps[0]->end - s->steps[0]->begin, "faults that do not sleep are user time");
	ok(most < 10000, "their entries do not pile up: at most %zu", most);
	world_free(w);
}

/* So many steps that they would fill the memory: the oldest give way, the tables do not. */
static void test_crowd(void)
{
	struct world *w = world_new(100 * SEC, NULL);
	uint64_t now = 10 * SEC;
	const struct snapshot *s;
	const unsigned n = 400000 / SLOW;
	bool told = false;

	feed_switch(w, now, 0, 0, 'R', 10, "agent");
	for (unsigned i = 0; i < n; i++) {
		feed_mark(w, now += US, 0, 10, "B|10|step");
		for (unsigned k = 0; k < 8; k++) {
			FEED(w, E_WORK_IN, ((struct at){ now += US, 0, 10, 0 }), "", 3);
			FEED(w, E_WORK_OUT, ((struct at){ now += US, 0, 10, 0 }), "", 3);
		}
		feed_mark(w, now += US, 0, 10, "E");
	}
	s = world_look(w);
	is_num(s->n_steps_all, n, "all steps are counted");
	if (SLOW == 1) {
		for (size_t i = 0; i < s->n_notes; i++)
			told |= strstr(s->notes[i], "are not kept") != NULL;
		ok(s->n_steps < n && told, "%zu of them are kept, and a note says so", s->n_steps);
		ok(w->c->steps->kept_bytes <= 256u << 20, "within bounds");
		is_num(s->steps[s->n_steps - 1]->serial, n, "the newest");
	}
	world_free(w);
}

/* ---- anything at all ---- */

static unsigned odd_rows(const struct snapshot *s, uint64_t late)
{
	uint64_t window = s->source.end - MIN(s->source.end, s->live.window_begin) + late, n = 0;
	unsigned wrong = 0;

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct step *st = s->steps[i];
		uint64_t sum = 0;

		for (int k = 0; k < N_STAGES; k++)
			sum += st->ns[k];
		wrong += sum != st->end - st->begin || (i && st->end < s->steps[i - 1]->end) || st->end + late < s->live.window_begin;
		for (size_t k = 0; k < st->n_seg; k++)
			wrong += st->seg[k].from != (k ? st->seg[k - 1].to : st->begin) || st->seg[k].to <= st->seg[k].from ||
				 (k + 1 == st->n_seg && st->seg[k].to != st->end) || !snapshot_str(s, st->seg[k].actor);
	}
	for (size_t i = 0; i < s->n_agents; i++)
		n += s->agents[i].steps.n;
	wrong += n != s->n_steps_all || s->n_steps_all != s->steps_all.n;
	for (size_t i = 0; i < s->n_cpus; i++)
		wrong += s->cpus[i].irq + s->cpus[i].softirq + s->cpus[i].ksoftirqd + s->cpus[i].task + s->cpus[i].idle + s->cpus[i].unknown > window;
	for (size_t i = 0; i < s->n_tasks; i++)
		wrong += s->tasks[i].run + s->tasks[i].sleep + s->tasks[i].blocked + s->tasks[i].runqueue + s->tasks[i].preempted > window;
	return wrong;
}

/* Events of every kind in no order that makes sense. */
static void random_event(struct world *w, uint64_t ts, uint64_t *seed)
{
	static const char *const marks[] = { "B|1|step:a agent=x name=y", "B|1|other", "E", "S|1|step:b class=z trace=t u=v|7", "F|1|step|7",
					     "A|1|7", "D|1|7", "B|1|step:c deadline_us=5 budget_us=1", "S|1|step|8", "F|1|step|8" };
	struct at at = { ts, (uint32_t)(rnd(seed) % 3), (int32_t)(rnd(seed) % 12), rnd(seed) % 8 ? 0 : EVENT_HARDIRQ };
	const struct task *cur = w->c->m.n_cpus > at.cpu ? w->c->m.cpus[at.cpu].cur : NULL;
	uint64_t pid = rnd(seed) % 12;
	char comm[16];

	snprintf(comm, sizeof comm, "c%u", (unsigned)(rnd(seed) % 100));
	if (cur && rnd(seed) % 8)
		at.pid = cur->pid;		/* mostly who is there */
	switch (rnd(seed) % 24) {
	case 0: case 1: case 2: case 3: feed_switch(w, ts, at.cpu, at.pid, "RSDX"[rnd(seed) % 16 ? rnd(seed) % 3 : 3], (int32_t)pid, comm); break;
	case 4: case 5: FEED(w, E_WAKING, at, "", pid); break;
	case 6: FEED(w, E_WAKEUP, at, "", pid, rnd(seed) % 3); break;
	case 7: FEED(w, rnd(seed) % 8 ? E_CALL_IN : E_FORK, at, comm, pid, rnd(seed) % 12); break;
	case 8: FEED(w, E_CALL_OUT, at, "", 1); break;
	case 9: FEED(w, E_WORK_IN, at, "", 1); break;
	case 10: FEED(w, E_WORK_OUT, at, "", 1); break;
	case 11: FEED(w, E_IRQ_IN, at, comm, rnd(seed) % 3); break;
	case 12: FEED(w, E_IRQ_OUT, at, "", rnd(seed) % 3, 1); break;
	case 13: FEED(w, E_RAISE, at, "", rnd(seed) % 10); break;
	case 14: FEED(w, E_SOFT_IN, at, "", rnd(seed) % 10); break;
	case 15: FEED(w, E_SOFT_OUT, at, "", rnd(seed) % 10); break;
	case 16: FEED(w, E_FAULT, at, "", 1); break;
	case 17: FEED(w, rnd(seed) % 2 ? E_RQ_ISSUE : E_RQ_DONE, at, "R", 8ull << 20, rnd(seed) % 4, 8); break;
	case 18: FEED(w, rnd(seed) % 2 ? E_SUBMIT : E_COMPLETE, at, "READ", rnd(seed) % 3, rnd(seed) % 5, 0, rnd(seed) % 5, rnd(seed) % 5); break;
	case 19: FEED(w, E_NAPI, at, comm, 1, 64, 64); break;
	case 20: FEED(w, rnd(seed) % 64 ? E_TIMER : E_EXIT, at, "", pid, ts, ts); break;
	case 21: if (!(rnd(seed) % 64)) FEED_MADE(w, SOURCE_LOST, at, "", ts - MIN(ts, rnd(seed) % MS), rnd(seed) % 9, 0); break;
	default: feed_mark(w, ts, at.cpu, at.pid, marks[rnd(seed) % ARRAY_LEN(marks)]); break;
	}
}

static void test_anything(uint64_t keep, const char *arg, uint64_t seed)
{
	struct world *w = world_new(keep, arg);
	uint64_t now = 10 * SEC, n_steps = 0;
	unsigned wrong = 0;

	for (unsigned i = 0; i < 200000 / SLOW; i++) {
		now += rnd(&seed) % 4096 ? rnd(&seed) % (20 * US) : rnd(&seed) % (4 * keep);
		random_event(w, now, &seed);
		if (!(rnd(&seed) % 1024)) {
			uint64_t ticked = now + rnd(&seed) % MS;

			engine_tick(w->c, ticked);	/* events before that come too late */
			wrong += odd_rows(world_look(w), MS);
			n_steps += w->snap->n_steps;
		}
		if (!(rnd(&seed) % 20000))
			engine_follow(w->c, (int32_t)(rnd(&seed) % 12), rnd(&seed) % 2);
	}
	ok(!wrong && n_steps, "whatever comes, what is shown holds together: %llu steps in a window of %u ms, %u odd",
	   (unsigned long long)n_steps, (unsigned)(keep / MS), wrong);
	world_free(w);
}

int main(void)
{
	test_churn();
	test_dead();
	test_alone();
	test_losses();
	test_never_ended();
	test_long_step(400000 / SLOW, false);
	test_long_step(300000 / SLOW, true);
	test_long_waits();
	test_overlap();
	test_faults();
	test_crowd();
	for (uint64_t seed = 1; seed <= 5; seed++)
		test_anything(100 * MS, NULL, seed);
	test_anything(10 * SEC, NULL, 6);
	test_anything(MS, NULL, 7);
	test_anything(50 * MS, "--steps=worst:4", 8);
	test_anything(50 * MS, "-c^c[1-5]", 9);
	return done();
}
