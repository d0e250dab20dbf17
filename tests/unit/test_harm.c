// SPDX-License-Identifier: GPL-2.0-only
/* Who took the steps' time: from whom, in which way, of how many steps; that all tables agree, whatever comes. */
#include "live_feed.h"
#include "tap.h"

#define RECORDING "testdata/vm-icount-irqhot.dat"

/* ---- what must always hold ---- */

static uint64_t rows_of(const struct snapshot *s, unsigned level, const char *actor)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->n_harms; i++)
		if (s->harms[i].level == level && !strcmp(s->harms[i].actor, actor))
			sum += s->harms[i].ns;
	return sum;
}

static uint64_t rows_of_task(const struct snapshot *s, int32_t pid)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->n_harms; i++)
		if (s->harms[i].level == HARM_TASK && s->harms[i].id == (uint32_t)pid)
			sum += s->harms[i].ns;
	return sum;
}

static uint64_t interrupts_on(const struct snapshot *s, uint32_t cpu)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->n_harms; i++)
		if (s->harms[i].level != HARM_TASK && s->harms[i].cpu == cpu)
			sum += s->harms[i].ns;
	return sum;
}

/* Sums over rows that differ from what the actors' own tables say. */
static unsigned disagree(const struct snapshot *s)
{
	unsigned wrong = 0;
	char name[128];

	for (size_t i = 0; i < s->n_irqs; i++) {
		snprintf(name, sizeof name, "irq %d %s", s->irqs[i].irq, s->irqs[i].name);
		wrong += rows_of(s, HARM_IRQ, s->irqs[i].irq < 0 ? s->irqs[i].name : name) != s->irqs[i].harm;
	}
	for (size_t i = 0; i < s->n_softirqs; i++)
		wrong += rows_of(s, HARM_SOFTIRQ, s->softirqs[i].name) != s->softirqs[i].harm;
	for (size_t i = 0; i < s->n_tasks; i++)
		wrong += rows_of_task(s, s->tasks[i].pid) != s->tasks[i].harm;
	for (size_t i = 0; i < s->n_cpus; i++)
		wrong += interrupts_on(s, s->cpus[i].cpu) != s->cpus[i].harm;
	return wrong;
}

/* Culprits against their rows, and order. */
static unsigned disorder(const struct snapshot *s)
{
	uint64_t *sum = xcalloc(s->n_culprits + 1, sizeof *sum);
	unsigned wrong = 0;

	for (size_t i = 0; i < s->n_harms; i++) {
		const struct harm_row *h = &s->harms[i];

		if (h->culprit_i >= s->n_culprits) {
			wrong++;
			continue;
		}
		sum[h->culprit_i] += h->ns;
		wrong += h->actor != s->culprits[h->culprit_i].actor || h->id != s->culprits[h->culprit_i].id ||
			 h->level != s->culprits[h->culprit_i].level || h->n_steps > s->culprits[h->culprit_i].n_steps;
		wrong += i && h->ns > s->harms[i - 1].ns;
	}
	for (size_t i = 0; i < s->n_culprits; i++) {
		wrong += sum[i] != s->culprits[i].ns || s->culprits[i].n_steps > s->n_steps_all;
		wrong += i && s->culprits[i].ns > s->culprits[i - 1].ns;
	}
	free(sum);
	return wrong;
}

static const struct harm_row *row(const struct snapshot *s, const char *actor, const char *agent, unsigned stage, uint32_t cpu)
{
	static const struct harm_row none;

	for (size_t i = 0; i < s->n_harms; i++)
		if (!strcmp(s->harms[i].actor, actor) && !strcmp(s->harms[i].agent, agent) && s->harms[i].stage == stage &&
		    s->harms[i].cpu == cpu)
			return &s->harms[i];
	return &none;
}

static const struct culprit_row *culprit(const struct snapshot *s, const char *actor)
{
	static const struct culprit_row none;

	for (size_t i = 0; i < s->n_culprits; i++)
		if (!strcmp(s->culprits[i].actor, actor))
			return &s->culprits[i];
	return &none;
}

/* ---- small cases ---- */

static uint64_t interrupt(struct world *w, uint64_t t, uint32_t cpu, int32_t pid, uint64_t ns)
{
	FEED(w, E_IRQ_IN, ((struct at){ t, cpu, pid, EVENT_HARDIRQ }), "disk", 9);
	FEED(w, E_IRQ_OUT, ((struct at){ t + ns, cpu, pid, EVENT_HARDIRQ }), "", 9, 1);
	return t + ns;
}

/* The outer step is a's, the inner one b's: what was taken is each one's whose step was innermost then. */
static void test_nested(void)
{
	struct world *w = world_new(0, NULL);
	uint64_t t = SEC;
	const struct snapshot *s;

	feed_switch(w, t, 0, 0, 'R', 10, "agent");
	feed_mark(w, t += US, 0, 10, "B|10|step:1 agent=a name=plan");
	t = interrupt(w, t + US, 0, 10, US);
	feed_mark(w, t += US, 0, 10, "B|10|step:2 agent=b name=tool");
	t = interrupt(w, t + US, 0, 10, 2 * US);
	feed_mark(w, t += US, 0, 10, "E");
	t = interrupt(w, t + US, 0, 10, 4 * US);
	feed_mark(w, t += US, 0, 10, "E");
	s = world_look(w);
	is_num(s->n_steps, 2, "two steps, one in the other");
	is_num(row(s, "irq 9 disk", "a", ST_IRQ_STEAL, 0)->ns, 5 * US, "the outer agent lost what was taken before and after");
	is_num(row(s, "irq 9 disk", "b", ST_IRQ_STEAL, 0)->ns, 2 * US, "the inner one what was taken in between, once");
	is_num(row(s, "irq 9 disk", "a", ST_IRQ_STEAL, 0)->n_steps, 1, "of one step");
	is_num(row(s, "irq 9 disk", "b", ST_IRQ_STEAL, 0)->n_steps, 2, "which two steps lost");
	is_num(culprit(s, "irq 9 disk")->n_steps, 2, "two steps in all");
	is_num(culprit(s, "irq 9 disk")->worst_ns, 7 * US, "the outer one lost most");
	is_num(culprit(s, "irq 9 disk")->worst_step, 2, "which ended last");
	is_num(culprit(s, "irq 9 disk")->level, HARM_IRQ, "to an interrupt");
	is_num(disagree(s) + disorder(s), 0, "and all tables agree");
	world_free(w);
}

/* Others run while the agent is ready to, and push it off; its own other thread is somebody else, too. */
static void test_tasks(void)
{
	struct world *w = world_new(0, NULL);
	uint64_t t = SEC;
	const struct snapshot *s;

	feed_switch(w, t, 1, 0, 'R', 10, "agent");
	feed_mark(w, t += US, 1, 10, "B|10|step:1 agent=a");
	feed_switch(w, t += US, 1, 10, 'R', 30, "make");
	t = interrupt(w, t + 5 * US, 1, 30, US);
	feed_switch(w, t += 4 * US, 1, 30, 'S', 10, "agent");
	feed_switch(w, t += US, 1, 10, 'S', 31, "cc1");
	FEED(w, E_WAKING, ((struct at){ t += 2 * US, 2, 5, 0 }), "", 10);
	FEED(w, E_WAKEUP, ((struct at){ t += US, 2, 5, 0 }), "", 10, 1);
	feed_switch(w, t += 3 * US, 1, 31, 'S', 10, "agent");
	feed_mark(w, t += US, 1, 10, "E");
	s = world_look(w);
	is_num(row(s, "make:30", "a", ST_PREEMPTED, 1)->ns, 9 * US, "who pushed it off took what it ran itself");
	is_num(row(s, "irq 9 disk", "a", ST_PREEMPTED, 1)->ns, US, "an interrupt meanwhile its own part");
	is_num(row(s, "cc1:31", "a", ST_RUNQUEUE, 1)->ns, 3 * US, "who ran while it was ready to, that");
	is_num(row(s, "cc1:31", "a", ST_RUNQUEUE, 1)->agent_i, s->kinds[0].agent_i, "from the agent of its kind");
	is_num(culprit(s, "make:30")->id, 30, "a task is known by its number");
	is_num(disagree(s) + disorder(s), 0, "and all tables agree");
	world_free(w);
}

static void test_open(void)
{
	struct world *w = world_new(8 * SEC, NULL);
	uint64_t t = SEC;
	const struct snapshot *s;

	feed_switch(w, t, 0, 0, 'R', 10, "agent");
	feed_mark(w, t += US, 0, 10, "B|10|step:1 agent=a");
	for (int i = 0; i < 3; i++)
		t = interrupt(w, t + US, 0, 10, US);
	FEED(w, E_CALL_IN, ((struct at){ t += US, 0, 10, 0 }), "", 3);
	feed_switch(w, t += US, 0, 10, 'S', 0, "swapper");
	feed_switch(w, t += 2 * SEC, 0, 0, 'R', 10, "agent");	/* a slice has ended: what is open is accounted for */
	s = world_look(w);
	ok(culprit(s, "irq 9 disk")->ns == 3 * US && !culprit(s, "irq 9 disk")->n_steps && !culprit(s, "irq 9 disk")->worst_step,
	   "what is taken from a step counts before it ends; the step does not");
	is_num(row(s, "irq 9 disk", "a", ST_IRQ_STEAL, 0)->agent_i, UINT32_MAX, "nor is its agent in a table yet");
	is_num(disagree(s) + disorder(s), 0, "and all tables agree");
	feed_mark(w, t += US, 0, 10, "E");
	s = world_look(w);
	is_num(culprit(s, "irq 9 disk")->n_steps, 1, "then it does");
	is_num(culprit(s, "irq 9 disk")->worst_ns, 3 * US, "with all it lost");
	world_free(w);
}

/* ---- very many ---- */

static uint64_t level_sum(const struct snapshot *s, unsigned level)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->n_harms; i++)
		sum += s->harms[i].level == level ? s->harms[i].ns : 0;
	return sum;
}

static bool has_note(const struct snapshot *s, const char *part)
{
	for (size_t i = 0; i < s->n_notes; i++)
		if (strstr(s->notes[i], part))
			return true;
	return false;
}

/* Each task pushes the agent off once, for 1 to 2 us; one of them each time, for 1 ms in all. */
static void test_many(void)
{
	enum { N = 80000 };
	struct world *w = world_new(0, "--steps=worst:50");
	uint64_t t = SEC, sum = 0, rows = 0, seed = 1;
	const struct snapshot *s;
	char comm[16], text[64];

	feed_switch(w, t, 0, 0, 'R', 10, "agent");
	for (int i = 0; i < N; i++) {
		int32_t pid = i % 80 ? 1000 + i : 999;
		uint64_t ns = US + rnd(&seed) % US;

		snprintf(text, sizeof text, "B|10|step:%d agent=a", i);
		snprintf(comm, sizeof comm, "t%d", pid);
		feed_mark(w, t += US, 0, 10, text);
		feed_switch(w, t += US, 0, 10, 'R', pid, comm);
		t = interrupt(w, t + US, 0, pid, US);
		feed_switch(w, t += ns, 0, pid, 'S', 10, "agent");
		feed_mark(w, t += US, 0, 10, "E");
	}
	s = world_look(w);
	for (size_t i = 0; i < s->n_tasks; i++)
		sum += s->tasks[i].harm;
	ok(s->n_harms <= HARMS_MAX + 16 && s->n_harms > HARMS_MAX / 4, "%zu rows of %d actors: a bound", s->n_harms, N);
	is_num(level_sum(s, HARM_TASK), sum, "their sum is exact all the same");
	is_num(culprit(s, "t999:999")->ns, rows_of_task(s, 999), "who took much keeps a row of its own");
	for (size_t i = 0; i < s->n_tasks; i++)
		rows += s->tasks[i].pid == 999 ? s->tasks[i].harm : 0;
	is_num(culprit(s, "t999:999")->ns, rows, "with all that it took");
	is_num(culprit(s, "t999:999")->n_steps, N / 80, "of as many steps");
	ok(culprit(s, "others")->others && !culprit(s, "others")->n_steps && culprit(s, "others")->id == UINT32_MAX,
	   "the rest are others, of nobody knows how many steps");
	is_num(interrupts_on(s, 0), s->cpus[0].harm, "the CPU's interrupts are all there");
	is_num(culprit(s, "irq 9 disk")->n_steps, N, "and of all steps");
	is_num(disorder(s), 0, "culprits are the sums of their rows");
	ok(has_note(s, "added up as others"), "that is told");
	world_free(w);
}

/* Interrupts of every number, on many CPUs: they give way, too, before memory does. */
static void test_many_interrupts(void)
{
	enum { N = 60000 };
	struct world *w = world_new(0, "--steps=none");
	uint64_t t = SEC, by_cpu = 0, wrong = 0;
	const struct snapshot *s;
	char comm[16];

	for (int i = 0; i < N; i++) {
		uint32_t cpu = (uint32_t)i % 64;
		int32_t pid = 10 + (int32_t)cpu;

		snprintf(comm, sizeof comm, "agent%u", cpu);
		if (i < 64)
			feed_switch(w, t += US, cpu, 0, 'R', pid, comm);
		feed_mark(w, t += US, cpu, pid, "B|0|step:1");
		FEED(w, E_IRQ_IN, ((struct at){ t += US, cpu, pid, EVENT_HARDIRQ }), "x", (uint64_t)i);
		FEED(w, E_IRQ_OUT, ((struct at){ t += US, cpu, pid, EVENT_HARDIRQ }), "", (uint64_t)i, 1);
		feed_mark(w, t += US, cpu, pid, "E");
	}
	s = world_look(w);
	for (size_t i = 0; i < s->n_cpus; i++) {
		by_cpu += s->cpus[i].harm;
		wrong += interrupts_on(s, s->cpus[i].cpu) != s->cpus[i].harm;
	}
	ok(s->n_harms <= HARMS_MAX + 64, "%zu rows of %d interrupts", s->n_harms, N);
	is_num(by_cpu, (uint64_t)N * US, "each took 1 us");
	is_num(wrong, 0, "and each CPU's sum is exact");
	is_num(disorder(s), 0, "culprits are the sums of their rows");
	world_free(w);
}

/* ---- the window ---- */

static void test_window(uint64_t keep)
{
	struct world *w = world_new(keep, NULL);
	uint64_t t = 100 * SEC, seed = keep, wrong = 0, most = 0;
	char text[64];

	feed_switch(w, t, 0, 0, 'R', 10, "agent");
	for (int i = 0; i < 4000; i++) {
		int32_t pid = 100 + (int32_t)(rnd(&seed) % 500);

		snprintf(text, sizeof text, "B|10|step:%d agent=%c", i, 'a' + i % 3);
		feed_mark(w, t += US, 0, 10, text);
		t = interrupt(w, t + US, 0, 10, rnd(&seed) % (50 * US) + 1);
		feed_switch(w, t += US, 0, 10, 'R', pid, "other");
		feed_switch(w, t += rnd(&seed) % (200 * US) + 1, 0, pid, 'S', 10, "agent");
		feed_mark(w, t += US, 0, 10, "E");
		t += rnd(&seed) % (i % 100 ? 2 * MS : 200 * MS);
		if (i % 50 == 0) {
			const struct snapshot *s = world_look(w);

			wrong += disagree(s) + disorder(s);
			most = MAX(most, s->n_harms);
		}
	}
	is_num(wrong, 0, "a window of %llu ms: all tables agree in each look", (unsigned long long)(keep / MS));
	ok(most > 3, "and there was something in them (%llu rows)", (unsigned long long)most);
	feed_switch(w, t += 20 * keep, 0, 10, 'S', 0, "swapper");
	feed_switch(w, t += 20 * keep, 0, 0, 'R', 10, "agent");
	is_num(world_look(w)->n_harms + world_look(w)->n_culprits, 0, "and nothing when all of it has left");
	ok(!w->c->steps->n_harms_used && !w->c->steps->n_culprits, "not even rows");
	world_free(w);
}

/* ---- a recording ---- */

static void read_all(struct source *src, struct ctx *c)
{
	struct event ev;
	struct err err;

	while (source_next(src, &ev, &err) > 0)
		engine_event(c, &ev);
	engine_finish(c);
}

static void test_recording(const char *option)
{
	char *argv[] = { (char *)"agenttop", (char *)RECORDING, (char *)option, NULL };
	struct snapshot *s;
	struct source *src;
	struct strs *strs;
	struct ctx *c;
	struct opts o;
	struct err err;

	if (opts_parse(option ? 3 : 2, argv, &o, &err))
		die("%s", err.text);
	src = source_open(RECORDING, &err);
	if (!src) {
		skip("%s", err.text);
		opts_fini(&o);
		return;
	}
	strs = strs_new();
	c = engine_new(&src->formats, strs, "x86_64", 0, UINT64_MAX);
	c->steps = steps_new(c, &o);
	read_all(src, c);
	s = snapshot_take(c, src, &o);
	ok(s->n_culprits > 5 && s->n_harms > 10 && s->n_steps_all > 100, "a recording in which many took time");
	is_num(disagree(s) + disorder(s), 0, "and all tables agree");
	for (size_t i = 0; i < s->n_steps; i++)
		if (s->steps[i]->serial == s->culprits[0].worst_step) {
			ok(s->steps[i]->end - s->steps[i]->begin >= s->culprits[0].worst_ns, "the step that lost most to the worst is kept, and long enough");
			break;
		}
	snapshot_free(s);
	engine_free(c);
	strs_free(strs);
	source_close(src);
	opts_fini(&o);
}

int main(void)
{
	test_nested();
	test_tasks();
	test_open();
	test_many();
	test_many_interrupts();
	test_window(100 * MS);
	test_window(2 * SEC);
	test_recording(NULL);
	test_recording("--steps=worst:7");
	return done();
}
