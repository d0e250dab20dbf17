// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tools: a program that an agent starts, with a W3C trace context in its environment, is a step: from its exec to its end.
 *
 * That it has one is known only after its exec, when somebody has looked at its environment. So a step is opened at every
 * exec below an agent, and dropped at the end unless it has been named meanwhile. A tool's own children inherit its
 * environment: they are part of its step, not steps.
 */
#include "step_in.h"

#include <string.h>

#define GENERATIONS 16		/* how far up an agent is looked for */

static struct open_step *tool_of(const struct steps *st, int32_t pid)
{
	for (size_t i = st->n_open; i-- > 0;)
		if (st->open[i]->by == BY_TOOL && st->open[i]->t->pid == pid)
			return st->open[i];
	return NULL;
}

static const struct task *parent_of(const struct steps *st, const struct task *t)
{
	return t->parent && t->parent != t->pid ? model_task_known(&st->c->m, t->parent) : NULL;
}

static bool is_agent(const struct steps *st, const struct task *t)
{
	if (t->followed)
		return true;
	for (size_t i = 0; i < st->n_marked; i++)
		if (st->marked[i] == t->pid || (t->tgid && st->marked[i] == t->tgid))
			return true;
	return false;
}

/* The agent that started it, however many shells are between them; NULL: none did. */
static const struct task *agent_above(const struct steps *st, const struct task *t)
{
	const struct task *found = NULL;

	t = parent_of(st, t);
	for (int i = 0; t && i < GENERATIONS; i++, t = parent_of(st, t))
		if (is_agent(st, t))
			found = t;
	return found;
}

static bool is_above(const struct steps *st, const struct task *above, const struct task *t)
{
	t = parent_of(st, t);
	for (int i = 0; t && i < GENERATIONS; i++, t = parent_of(st, t))
		if (t == above)
			return true;
	return false;
}

static bool same_trace(const struct steps *st, const struct open_step *a, const struct open_step *b)
{
	return a->s.trace && b->s.trace && !strcmp(ctx_text(st->c, a->s.trace), ctx_text(st->c, b->s.trace));
}

/* Of a tool and what it started, with one trace context, the tool is the step. */
static void only_outermost(struct steps *st, struct open_step *s)
{
	for (size_t i = st->n_open; i-- > 0;) {
		struct open_step *o = st->open[i];

		if (o == s || o->by != BY_TOOL || !same_trace(st, o, s))
			continue;
		if (is_above(st, o->t, s->t)) {
			step_drop(st, s);
			return;
		}
		if (is_above(st, s->t, o->t)) {
			step_drop(st, o);
			i = st->n_open;		/* the order has changed: look again from the end */
		}
	}
}

/* What the agent calls itself in its own marks; else its command name. */
static str_id agent_name(const struct steps *st, const struct task *agent)
{
	for (size_t i = st->n_open; i-- > 0;) {
		const struct task *t = st->open[i]->t;

		if (st->open[i]->s.agent && (t == agent || (t->tgid && t->tgid == agent->tgid)))
			return st->open[i]->s.agent;
	}
	return agent->comm;
}

void step_tool_execed(struct ctx *c, struct task *t, uint64_t ts)
{
	struct steps *st = c->steps;
	struct open_step *s = tool_of(st, t->pid);
	const struct task *agent = agent_above(st, t);

	if (s && !s->s.trace)
		step_drop(st, s);	/* a shell that became the program */
	else if (s)
		return;
	if (!agent || (t->tgid && t->tgid != t->pid) || (st->selects && !t->followed))
		return;
	s = step_open(st, t, ts, BY_TOOL);
	if (!s)
		return;
	s->s.name = t->comm;
	s->s.agent = agent_name(st, agent);
	s->s.tgid = agent->tgid ? agent->tgid : agent->pid;	/* a row of its agent, not one for each process */
	step_harm_begins(s);
}

void step_tool_named(struct ctx *c, int32_t pid, struct text trace)
{
	struct steps *st = c->steps;
	struct open_step *s = tool_of(st, pid);

	if (!s || s->s.trace || trace.len < 55)
		return;
	s->s.trace = strs_own(c->m.strs, trace.p, strnlen(trace.p, trace.len));
	s->s.id = strs_own(c->m.strs, trace.p + 36, 16);	/* the span's */
	only_outermost(st, s);
}

/* true: the task had one, and it is over. */
void step_tool_ended(struct ctx *c, struct task *t, uint64_t ts)
{
	struct open_step *s = tool_of(c->steps, t->pid);

	if (s && s->s.trace)
		step_close(c->steps, s, ts);
	else if (s)
		step_drop(c->steps, s);
}

size_t steps_tools_unnamed(struct ctx *c, int32_t *pid, size_t max)
{
	struct steps *st = c->steps;
	size_t n = 0;

	for (size_t i = 0; i < st->n_open && n < max; i++)
		if (st->open[i]->by == BY_TOOL && !st->open[i]->asked) {
			st->open[i]->asked = true;
			pid[n++] = st->open[i]->t->pid;
		}
	return n;
}
