// SPDX-License-Identifier: GPL-2.0-only
/* Whose steps count, live: tasks that are followed, what they fork, what is known of them before and after. */
#include "live_feed.h"
#include "tap.h"

#define KEEP (8 * SEC)

/* One turn of an agent on CPU 0: it comes back from a wait that it had entered, works, and waits again. */
static void turn(struct world *w, uint64_t *now, int32_t pid, const char *comm)
{
	uint64_t t = *now;

	FEED(w, E_WAKING, ((struct at){ t += 10 * US, 0, 0, EVENT_HARDIRQ }), "", (uint64_t)pid);
	FEED(w, E_WAKEUP, ((struct at){ t += US, 0, 0, EVENT_HARDIRQ }), "", (uint64_t)pid, 0);
	feed_switch(w, t += 10 * US, 0, 0, 'R', pid, comm);
	FEED(w, E_CALL_OUT, ((struct at){ t += US, 0, pid, 0 }), "", 1);
	FEED(w, E_CALL_IN, ((struct at){ t += 100 * US, 0, pid, 0 }), "", 3);
	feed_switch(w, t += US, 0, pid, 'S', 0, "swapper");
	*now += MS;
}

static void turns(struct world *w, uint64_t *now, int32_t pid, const char *comm, int n)
{
	for (int i = 0; i < n; i++)
		turn(w, now, pid, comm);
}

static const struct agent_row *row_of(const struct snapshot *s, const char *agent)
{
	for (size_t i = 0; i < s->n_agents; i++)
		if (!strcmp(s->agents[i].agent, agent))
			return &s->agents[i];
	return NULL;
}

static void comm(struct world *w, uint64_t now, int32_t pid, int32_t tgid, const char *name)
{
	FEED_MADE(w, SOURCE_COMM, ((struct at){ now, CPU_NONE, -1, 0 }), name, (uint64_t)pid, (uint64_t)tgid, 0);
}

static void kin(struct world *w, uint64_t now, int32_t pid, int32_t tgid, int32_t ppid)
{
	FEED_MADE(w, SOURCE_FORK, ((struct at){ now, CPU_NONE, -1, 0 }), "", (uint64_t)pid, (uint64_t)tgid, (uint64_t)ppid, (uint64_t)ppid);
}

static bool followed(struct world *w, int32_t pid)
{
	const struct task *t = model_task_known(&w->c->m, pid);

	return t && t->followed;
}

static void test_turns(void)
{
	struct world *w = world_new(KEEP, NULL);
	uint64_t now = SEC;
	const struct snapshot *s;
	const struct agent_row *a;

	turns(w, &now, 100, "agent", 5);
	is_num(world_look(w)->n_steps_all, 0, "turns of nobody in particular are no steps");
	ok(w->snap->n_candidates == 1 && w->snap->candidates[0].pid == 100, "but it could be an agent");
	engine_follow(w->c, 100, true);
	turns(w, &now, 100, "agent", 5);
	s = world_look(w);
	is_num(s->n_steps_all, 4, "of a task that is followed each turn is one");
	ok(s->selects, "and it is what was asked for");
	a = row_of(s, "agent");
	ok(a && a->tgid == 100 && a->steps.n == 4, "in its agent's row");

	/* marks of others count all the same */
	feed_switch(w, now, 0, 0, 'R', 300, "marker");
	feed_mark(w, now + 10, 0, 300, "B|300|step:1");
	feed_mark(w, now + 20 * US, 0, 300, "E");
	feed_switch(w, now + 30 * US, 0, 300, 'S', 0, "swapper");
	now += MS;
	a = row_of(world_look(w), "marker");
	ok(a && a->steps.n == 1, "one that marks its steps need not be followed");

	/* from its first mark on its turns are no steps any more, nor is the one under way */
	feed_switch(w, now, 0, 0, 'R', 100, "agent");
	FEED(w, E_CALL_OUT, ((struct at){ now + US, 0, 100, 0 }), "", 1);
	feed_mark(w, now + 10 * US, 0, 100, "B|100|step:a name=plan");
	feed_mark(w, now + 20 * US, 0, 100, "E");
	FEED(w, E_CALL_IN, ((struct at){ now + 30 * US, 0, 100, 0 }), "", 3);
	feed_switch(w, now + 40 * US, 0, 100, 'S', 0, "swapper");
	now += MS;
	turns(w, &now, 100, "agent", 5);
	s = world_look(w);
	a = row_of(s, "agent");
	ok(a && a->steps.n <= 6, "from its first mark on turns are no steps any more: %llu", (unsigned long long)(a ? a->steps.n : 0));
	is_num(s->n_steps_open, 0, "and none is left open");

	FEED(w, E_EXIT, ((struct at){ now, 0, 100, 0 }), "", 100);
	engine_tick(w->c, now + 30 * SEC);
	ok(w->c->steps->n_marked == 1 && !w->c->steps->n_follows, "when it has ended nothing is remembered of it, but of the one that lives");
	is_num(world_look(w)->n_agents, 0, "agents without steps in the window are not shown");
	world_free(w);
}

/* What has left the window leaves the numbers of those that stay as they are. */
static void test_same_name(void)
{
	struct world *w = world_new(KEEP, NULL);
	uint64_t now = SEC;
	const struct snapshot *s;
	unsigned wrong = 0;

	engine_follow(w->c, 100, true);
	turns(w, &now, 100, "first", 5);
	now += 2 * KEEP;
	for (int32_t pid = 200; pid < 203; pid++) {
		engine_follow(w->c, pid, true);
		turns(w, &now, pid, "agent", 5);
	}
	engine_tick(w->c, now);
	s = world_look(w);
	ok(s->n_agents == 3 && s->n_kinds == 3, "three agents of one name; one before them is not shown any more");
	for (size_t i = 0; i < s->n_kinds; i++)
		wrong += s->kinds[i].agent_i == i || s->kinds[i].tgid != s->agents[i].tgid || s->kinds[i].tgid != 200 + (int32_t)i;
	is_num(wrong, 0, "their kinds of steps say whose they are");
	world_free(w);
}

static void test_kin(void)
{
	struct world *w = world_new(KEEP, NULL);
	uint64_t now = SEC;
	const struct snapshot *s;
	const struct agent_row *a;

	/* as a live session begins: names and kin of all, made up; one agent was asked for before */
	engine_follow(w->c, 100, true);
	comm(w, now, 101, 100, "worker");
	comm(w, now, 100, 100, "agent");
	comm(w, now, 102, 100, "reader");
	comm(w, now, 200, 200, "shell");
	comm(w, now, 201, 201, "tool");
	comm(w, now, 202, 202, "other");
	kin(w, now, 101, 100, 100);
	kin(w, now, 201, 201, 100);
	kin(w, now, 202, 202, 200);
	ok(followed(w, 100) && followed(w, 101) && followed(w, 102), "threads of a followed process are followed, in whichever order they came");
	ok(followed(w, 201), "a child known by a made-up fork alone is followed");
	ok(!followed(w, 200) && !followed(w, 202), "others are not");
	kin(w, now, 203, 203, 201);
	ok(followed(w, 203), "a grandchild of which not even the name is known");
	/* born later */
	feed_switch(w, now += MS, 0, 0, 'R', 203, "sub");
	FEED(w, E_FORK, ((struct at){ now += US, 0, 203, 0 }), "sub", 203, 204);
	feed_switch(w, now += US, 0, 203, 'S', 0, "swapper");
	ok(followed(w, 204), "what it forks is followed");
	turns(w, &now, 204, "sub", 3);
	turns(w, &now, 102, "reader", 3);
	s = world_look(w);
	a = row_of(s, "agent");
	ok(s->n_agents == 1 && a && a->steps.n == 4 && a->tgid == 100, "all of them are one agent");

	/* a made-up fork of one that has been seen running tells nothing new and takes nothing away */
	turn(w, &now, 102, "reader");
	kin(w, now, 102, 100, 100);
	turn(w, &now, 102, "reader");
	s = world_look(w);
	for (size_t i = 0; i < s->n_tasks; i++)
		if (s->tasks[i].pid == 102)
			is_num(s->tasks[i].n_switches, 5, "a made-up fork is no birth");
	is_num(s->n_steps_all, 6, "and its turns go on");

	/* its number passes on */
	feed_switch(w, now += MS, 0, 0, 'R', 102, "reader");
	FEED(w, E_EXIT, ((struct at){ now += US, 0, 102, 0 }), "", 102);
	feed_switch(w, now += US, 0, 102, 'X', 200, "shell");
	FEED(w, E_FORK, ((struct at){ now += US, 0, 200, 0 }), "ls", 200, 102);
	feed_switch(w, now += US, 0, 200, 'S', 0, "swapper");
	ok(!followed(w, 102), "another task of the same number is not followed");

	/* the process ends, another begins with its number */
	feed_switch(w, now += MS, 0, 0, 'R', 100, "agent");
	FEED(w, E_EXIT, ((struct at){ now += US, 0, 100, 0 }), "", 100);
	feed_switch(w, now += US, 0, 100, 'X', 200, "shell");
	FEED(w, E_FORK, ((struct at){ now += US, 0, 200, 0 }), "cat", 200, 100);
	comm(w, now, 100, 100, "cat");
	comm(w, now, 110, 100, "cat-2");
	ok(!followed(w, 100) && !followed(w, 110), "nor is another process");
	world_free(w);
}

static void test_late(void)
{
	struct world *w = world_new(KEEP, NULL);
	uint64_t now = SEC;

	/* the finder or the user comes upon it when all is known already */
	comm(w, now, 100, 100, "agent");
	comm(w, now, 101, 100, "worker");
	comm(w, now, 102, 102, "tool");
	kin(w, now, 101, 100, 100);
	kin(w, now, 102, 102, 101);
	kin(w, now, 103, 103, 102);
	turns(w, &now, 103, "sub", 2);
	engine_follow(w->c, 101, true);
	ok(followed(w, 100) && followed(w, 101), "a thread is followed with its process");
	ok(followed(w, 102) && followed(w, 103), "and with what it had forked");
	turns(w, &now, 103, "sub", 3);
	is_num(world_look(w)->n_steps_all, 2, "whose turns are steps now");
	engine_follow(w->c, 101, true);
	is_num(w->c->steps->n_follows, 1, "once is enough");
	engine_follow(w->c, 101, false);
	ok(!followed(w, 100) && !followed(w, 101) && !followed(w, 102) && !followed(w, 103), "followed no more, with all of them");
	turns(w, &now, 103, "sub", 3);
	is_num(world_look(w)->n_steps_all, 2, "their turns are nobody's");
	is_num(w->snap->n_steps_open, 0, "and the one under way is forgotten");
	engine_follow(w->c, -5, true);
	engine_follow(w->c, 0, true);
	engine_follow(w->c, 1 << 30, true);
	engine_follow(w->c, 77, false);
	ok(true, "numbers of nobody do no harm");
	world_free(w);
}

static void test_selected(void)
{
	struct world *w = world_new(KEEP, "-c^agent");
	uint64_t now = SEC;

	feed_switch(w, now, 0, 0, 'R', 100, "agent");
	feed_mark(w, now + 1, 0, 100, "B|100|step");
	feed_mark(w, now + 2, 0, 100, "E");
	feed_switch(w, now + 3, 0, 100, 'S', 300, "marker");
	feed_mark(w, now + 4, 0, 300, "B|300|step");
	feed_mark(w, now + 5, 0, 300, "E");
	is_num(world_look(w)->n_steps_all, 1, "-c: steps of others do not count");
	engine_follow(w->c, 300, true);
	feed_mark(w, now + 6, 0, 300, "B|300|step");
	feed_mark(w, now + 7, 0, 300, "E");
	is_num(world_look(w)->n_steps_all, 2, "unless they are followed as well");
	engine_follow(w->c, 100, false);
	ok(followed(w, 100), "what -c asks for stays");
	engine_follow(w->c, 300, false);
	feed_mark(w, now + 8, 0, 300, "B|300|step");
	feed_mark(w, now + 9, 0, 300, "E");
	is_num(world_look(w)->n_steps_all, 2, "what was added may be taken away");
	world_free(w);
}

/* A followed agent that sleeps for long is not forgotten. */
static void test_long_sleep(void)
{
	struct world *w = world_new(SEC, NULL);
	uint64_t now = SEC;

	comm(w, now, 100, 100, "agent");
	comm(w, now, 101, 100, "helper");
	engine_follow(w->c, 100, true);
	turns(w, &now, 100, "agent", 3);
	engine_tick(w->c, now = 500 * SEC);
	ok(followed(w, 100) && followed(w, 101), "a followed agent that sleeps for many windows is followed still");
	is_num(world_look(w)->n_steps_open, 1, "its turn goes on");
	turn(w, &now, 100, "agent");
	is_num(world_look(w)->n_steps_all, 1, "until it is woken");
	ok(w->snap->n_steps == 1 && w->snap->steps[0]->end - w->snap->steps[0]->begin > 490 * SEC, "and has all of its time");
	world_free(w);
}

/* An agent that marks waits for a shell, which waits: a tool that is started after long is the agent's all the same. */
static void test_old_parents(void)
{
	struct world *w = world_new(SEC, NULL);
	uint64_t now = SEC;
	static const char trace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

	feed_switch(w, now, 0, 0, 'R', 100, "agent");
	feed_mark(w, now += US, 0, 100, "B|100|step agent=planner");
	feed_mark(w, now += US, 0, 100, "E");
	FEED(w, E_FORK, ((struct at){ now += US, 0, 100, 0 }), "agent", 100, 200);
	feed_switch(w, now += US, 0, 100, 'S', 200, "sh");
	FEED(w, E_FORK, ((struct at){ now += US, 0, 200, 0 }), "sh", 200, 300);
	feed_switch(w, now += US, 0, 200, 'S', 300, "sh");
	for (int i = 0; i < 100; i++) {		/* works for many windows, while they sleep */
		feed_switch(w, now += 200 * MS, 0, 300, 'S', 0, "swapper");
		feed_switch(w, now += 200 * MS, 0, 0, 'R', 300, "sh");
	}
	ok(model_task_known(&w->c->m, 100) && model_task_known(&w->c->m, 200), "who waits for a child stays, however long");
	FEED(w, E_FORK, ((struct at){ now += US, 0, 300, 0 }), "sh", 300, 400);
	feed_switch(w, now += US, 0, 300, 'S', 400, "sh");
	FEED(w, E_EXEC, ((struct at){ now += US, 0, 400, 0 }), "/usr/bin/tool", 400);
	step_tool_named(w->c, 400, (struct text){ trace, sizeof trace - 1 });
	FEED(w, E_EXIT, ((struct at){ now += MS, 0, 400, 0 }), "", 400);
	feed_switch(w, now += US, 0, 400, 'X', 300, "sh");
	FEED(w, E_EXIT, ((struct at){ now += US, 0, 300, 0 }), "", 300);
	feed_switch(w, now += US, 0, 300, 'X', 0, "swapper");
	is_num(world_look(w)->n_steps_all, 1, "a tool below it is a step");
	ok(w->snap->n_steps == 1 && w->snap->steps[0]->tgid == 100, "of the agent");
	engine_tick(w->c, now += 10 * SEC);
	ok(model_task_known(&w->c->m, 100) && !model_task_known(&w->c->m, 200), "then the agent is remembered, not the shell");
	world_free(w);
}

int main(void)
{
	test_turns();
	test_same_name();
	test_kin();
	test_late();
	test_selected();
	test_long_sleep();
	test_old_parents();
	return done();
}
