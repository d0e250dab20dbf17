// SPDX-License-Identifier: GPL-2.0-only
/* Whose steps they are: tasks that were asked for (-p, -c), that are followed as an agent's, that mark their steps. */
#include "step_in.h"

#include <stdlib.h>

static bool is_marked(const struct steps *st, int32_t pid)
{
	for (size_t i = 0; i < st->n_marked; i++)
		if (st->marked[i] == pid)
			return true;
	return false;
}

/* The task that was named, of those that are followed with it. */
static int32_t root_of(const struct task *t)
{
	return t->agent_pid ? t->agent_pid : t->pid;
}

/* Does the agent that this task belongs to mark its steps? Then its helper threads and processes make no turns either. */
static bool agent_marks(const struct steps *st, const struct task *t)
{
	for (size_t i = 0; i < st->n_marked; i++) {
		const struct task *m = model_task_known(&st->c->m, st->marked[i]);

		if (st->marked[i] == t->pid ||
		    (m && (m->comm == t->comm || (m->tgid && m->tgid == t->tgid) || (m->followed && root_of(m) == root_of(t)))))
			return true;
	}
	return false;
}

bool step_turns_of(const struct steps *st, const struct task *t)
{
	return t->followed && !steps_by_probe(st) && !agent_marks(st, t);
}

/* Turns that are under way: no end will come, now that this agent marks its steps or is not followed any more. */
static void drop_turns(struct steps *st)
{
	for (size_t i = st->n_open; i-- > 0;)
		if (st->open[i]->by == BY_TURN && !step_turns_of(st, st->open[i]->t)) {
			step_drop(st, st->open[i]);
			i = st->n_open;		/* the order has changed: look again from the end */
		}
}

const int32_t *steps_who_marks(const struct ctx *c, size_t *n)
{
	*n = c->steps->n_marked;
	return c->steps->marked;
}

void steps_marked(struct ctx *c, int32_t pid)
{
	struct steps *st = c->steps;
	struct task *t = model_task(&c->m, pid);

	if (t)
		t->marks = 1;
	if (is_marked(st, pid))
		return;
	GROW(st->marked, st->n_marked, st->cap_marked);
	st->marked[st->n_marked++] = pid;
	if (steps_are_told(st))
		drop_turns(st);
}

bool step_asked_for(const struct steps *st, const struct task *t)
{
	for (size_t i = 0; i < st->o->n_pids; i++)
		if (st->o->pid[i] == t->pid || st->o->pid[i] == t->tgid)
			return true;
	return t->comm && opts_comm_match(st->o, ctx_text(st->c, t->comm));
}

/* ---- following ---- */

static void follow_task(struct task *t, int32_t root)
{
	t->followed = 1;
	if (!t->agent_pid && t->pid != root)
		t->agent_pid = root;
}

/* Tasks of a followed process become known by and by: by their names, at the start of live recording. */
static void follow_kin(struct steps *st, struct task *t)
{
	for (size_t i = 0; i < st->n_follows && t->tgid; i++) {
		struct follow *f = &st->follows[i];

		if (f->pid == t->pid && f->tgid != t->tgid) {
			f->tgid = t->tgid;
			for (size_t k = 0; k < st->c->m.n_tasks; k++)
				if (st->c->m.tasks[k]->tgid == f->tgid)
					follow_task(st->c->m.tasks[k], f->pid);
		}
		if (f->tgid == t->tgid && !t->followed && !task_is_gone(t))
			follow_task(t, f->pid);
	}
}

/* What it had forked before it was followed: with its children it is one agent. */
static void follow_children(struct steps *st, int32_t root)
{
	struct model *m = &st->c->m;

	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < m->n_tasks; i++) {
			struct task *t = m->tasks[i];
			const struct task *p = t->followed || task_is_gone(t) ? NULL : model_task_known(m, t->parent);

			/* a parent born after its child only has the number of the real one */
			if (!p || !p->followed || (p->pid != root && p->agent_pid != root) || (t->born && p->born > t->born))
				continue;
			follow_task(t, root);
			more = true;
		}
	}
}

static void unfollow(struct steps *st, const struct task *root)
{
	for (size_t i = 0; i < st->n_follows;)
		if (st->follows[i].pid == root->pid || (root->tgid && st->follows[i].tgid == root->tgid))
			st->follows[i] = st->follows[--st->n_follows];
		else
			i++;
	for (size_t i = 0; i < st->c->m.n_tasks; i++) {
		struct task *t = st->c->m.tasks[i];
		bool kin = t == root || t->agent_pid == root->pid ||
			   (root->tgid && (t->tgid == root->tgid || t->agent_pid == root->tgid));

		if (kin && !(st->selects && step_asked_for(st, t)))
			t->followed = t->has_steps = 0;
	}
	drop_turns(st);
}

void steps_follow(struct ctx *c, int32_t pid, bool on)
{
	struct steps *st = c->steps;
	struct task *t = model_task(&c->m, pid);

	if (!t)
		return;
	if (!on) {
		unfollow(st, t);
		return;
	}
	t->followed = 1;
	for (size_t i = 0; i < st->n_follows; i++)
		if (st->follows[i].pid == pid)
			return;
	GROW(st->follows, st->n_follows, st->cap_follows);
	st->follows[st->n_follows++] = (struct follow){ .pid = pid };
	follow_kin(st, t);
	follow_children(st, pid);
}

void steps_only_followed(struct ctx *c)
{
	struct steps *st = c->steps;

	st->selects = true;
	for (size_t i = st->n_open; i-- > 0;)
		if (!st->open[i]->t->followed) {
			step_marks_unlink(st, st->open[i]);
			step_drop(st, st->open[i]);
			i = st->n_open;		/* the order has changed: look again from the end */
		}
}

/* Its number may soon be another's. */
void step_who_exited(struct steps *st, const struct task *t)
{
	for (size_t i = 0; i < st->n_follows;)
		if (st->follows[i].pid == t->pid || st->follows[i].tgid == t->pid)
			st->follows[i] = st->follows[--st->n_follows];
		else
			i++;
}

void step_task_named(struct ctx *c, struct task *t)
{
	struct steps *st = c->steps;

	if (st->selects && !t->followed && step_asked_for(st, t))
		t->followed = 1;
	if (unlikely(st->n_follows))
		follow_kin(st, t);
}

void step_task_forked(struct ctx *c, struct task *parent, struct task *child)
{
	struct steps *st = c->steps;

	child->tgid = 0;
	child->agent_pid = 0;
	if (!st->selects && !parent->followed)
		return;
	if (parent->followed)
		child->agent_pid = parent->agent_pid ? parent->agent_pid : parent->tgid ? parent->tgid : parent->pid;
	child->followed = parent->followed || step_asked_for(st, child);
}

void step_task_kin(struct ctx *c, struct task *t)
{
	const struct task *p = model_task_known(&c->m, t->parent);

	if (p && p->followed && !t->followed)
		follow_task(t, p->agent_pid ? p->agent_pid : p->pid);
	step_task_named(c, t);
}

static bool is_no_more(const struct steps *st, int32_t pid)
{
	const struct task *t = model_task_known(&st->c->m, pid);

	return !t || task_is_gone(t);
}

void step_who_turn(struct steps *st)
{
	for (size_t i = 0; i < st->n_marked;)
		if (is_no_more(st, st->marked[i]))
			st->marked[i] = st->marked[--st->n_marked];
		else
			i++;
	for (size_t i = 0; i < st->n_follows;)
		if (is_no_more(st, st->follows[i].pid))
			st->follows[i] = st->follows[--st->n_follows];
		else
			i++;
}
