// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who took the steps' time.
 *
 *	piece of a trail with a thief ──▶ row (culprit, CPU, agent, stage)	at once, whether its step ever ends or not
 *	             └─ hit on the trail ──▶ step that this time is of ──▶ one step more, when it ends
 *
 * So time that steps share is counted once. Rows are bounded: when there are too many, the lesser half of them is added
 * up, as others of their kind, on their CPU and in their stage. Then sums over all rows are still exact; those of an actor
 * that lost a row are not, which is told.
 */
#include "step_in.h"

#include <stdlib.h>
#include <string.h>

#define OTHERS UINT32_MAX		/* id of those who stand for many */

/* ---- finding rows ---- */

static void index_clear(struct row_index *x, size_t n)
{
	size_t size = 64;

	while (size < n * 2)
		size *= 2;
	if (size != x->size) {
		free(x->at);
		x->at = xmalloc(size * sizeof *x->at);
		x->size = size;
	}
	memset(x->at, 0, size * sizeof *x->at);
}

static uint64_t hash_of_culprit(uint32_t level, uint32_t id, str_id name)
{
	return hash64(((uint64_t)id << 32 | name) + hash64(level + 1));
}

static uint64_t hash_of_harm(const struct harm *h)
{
	return hash64(((uint64_t)h->culprit_i << 32 | h->cpu) +
		      hash64(((uint64_t)h->agent << 32 | (uint32_t)h->tgid) + hash64(h->stage + 1u)));
}

/* Where the number of this culprit is, or would be. */
static uint32_t *culprit_place(const struct steps *st, uint32_t level, uint32_t id, str_id name)
{
	const struct row_index *x = &st->culprit_at;
	size_t i = hash_of_culprit(level, id, name) & (x->size - 1);

	for (; x->at[i]; i = (i + 1) & (x->size - 1)) {
		const struct culprit *p = &st->culprits[x->at[i] - 1];

		if (p->level == level && p->id == id && p->name == name)
			break;
	}
	return &x->at[i];
}

static bool same_row(const struct harm *a, const struct harm *b)
{
	return a->culprit_i == b->culprit_i && a->cpu == b->cpu && a->agent == b->agent && a->tgid == b->tgid && a->stage == b->stage;
}

static uint32_t *harm_place(const struct steps *st, const struct harm *like)
{
	const struct row_index *x = &st->harm_at;
	size_t i = hash_of_harm(like) & (x->size - 1);

	while (x->at[i] && !same_row(&st->harms[x->at[i] - 1], like))
		i = (i + 1) & (x->size - 1);
	return &x->at[i];
}

static void index_culprits(struct steps *st)
{
	index_clear(&st->culprit_at, st->n_culprits + 1);
	for (size_t i = 0; i < st->n_culprits; i++) {
		const struct culprit *p = &st->culprits[i];

		*culprit_place(st, p->level, p->id, p->name) = (uint32_t)i + 1;
	}
}

static void index_harms(struct steps *st)
{
	index_clear(&st->harm_at, st->n_harms_used + 1);
	for (size_t i = 0; i < st->n_harms; i++)
		if (st->harms[i].id)
			*harm_place(st, &st->harms[i]) = (uint32_t)i + 1;
}

/* Its number: rows move when there are more. */
static uint32_t culprit_i(struct steps *st, uint32_t level, uint32_t id, str_id name)
{
	uint32_t *at;

	if ((st->n_culprits + 1) * 2 > st->culprit_at.size)
		index_culprits(st);
	at = culprit_place(st, level, id, name);
	if (!*at) {
		GROW(st->culprits, st->n_culprits, st->cap_culprits);
		st->culprits[st->n_culprits] = (struct culprit){ .level = level, .id = id, .name = name };
		*at = (uint32_t)++st->n_culprits;
	}
	return *at - 1;
}

static uint32_t culprit_of_run(struct steps *st, const struct run *r)
{
	bool by_name = r->flags & RUN_VECTOR, task = r->level == LEVEL_TASK;
	uint32_t i = culprit_i(st, r->level, by_name ? 0 : r->id, task ? 0 : r->name);

	st->culprits[i].by_name |= by_name;
	return i;
}

const struct culprit *steps_culprit(const struct ctx *c, uint32_t level, uint32_t id, str_id name)
{
	const struct steps *st = c->steps;
	uint32_t at = st->culprit_at.size ? *culprit_place(st, level, id, name) : 0;

	return at ? &st->culprits[at - 1] : NULL;
}

/* ---- rows ---- */

static struct harm *harm_new(struct steps *st, uint32_t *at, const struct harm *like)
{
	uint32_t i = st->free_harm;
	struct harm *h;

	if (st->harm_id == UINT32_MAX)
		st->harm_id = 0;
	if (i) {
		h = &st->harms[i - 1];
		st->free_harm = h->next_free;
	} else {
		GROW(st->harms, st->n_harms, st->cap_harms);
		i = (uint32_t)++st->n_harms;
		h = &st->harms[i - 1];
	}
	*h = *like;
	h->id = ++st->harm_id;
	st->culprits[h->culprit_i].n_rows++;
	st->n_harms_used++;
	st->n_harms_named += !st->culprits[h->culprit_i].others;
	*at = i;
	return h;
}

static struct harm *harm_row(struct steps *st, const struct harm *like)
{
	uint32_t *at;

	if ((st->n_harms_used + 1) * 2 > st->harm_at.size)
		index_harms(st);
	at = harm_place(st, like);
	return *at ? &st->harms[*at - 1] : harm_new(st, at, like);
}

/* It can still be found where it was, and is like no row: places are taken until drop_culprits(). */
static void harm_drop(struct steps *st, struct harm *h)
{
	st->culprits[h->culprit_i].n_rows--;
	st->n_harms_used--;
	st->n_harms_named -= !st->culprits[h->culprit_i].others;
	tally_fini(&h->past);
	*h = (struct harm){ .next_free = st->free_harm };
	st->free_harm = (uint32_t)(h - st->harms) + 1;
}

/* Those that nothing is known of any more; the numbers of the rest change. */
static void drop_culprits(struct steps *st)
{
	uint32_t *now = xmalloc((st->n_culprits + 1) * sizeof *now);
	size_t kept = 0;

	for (size_t i = 0; i < st->n_culprits; i++) {
		struct culprit *p = &st->culprits[i];

		now[i] = (uint32_t)kept;
		if (p->n_rows || (p->level != LEVEL_TASK && (p->harm || p->completed)))
			st->culprits[kept++] = *p;
		else
			tally_fini(&p->past);
	}
	st->n_culprits = kept;
	for (size_t i = 0; i < st->n_harms; i++)
		if (st->harms[i].id)
			st->harms[i].culprit_i = now[st->harms[i].culprit_i];
	free(now);
	index_culprits(st);
	index_harms(st);
}

/* ---- too many rows ---- */

struct small {
	uint64_t ns;
	uint32_t row;
};

static int least_first(const void *a, const void *b)
{
	const struct small *x = a, *y = b;

	return x->ns != y->ns ? (x->ns < y->ns ? -1 : 1) : x->row < y->row ? -1 : 1;
}

static void add_up(struct steps *st, uint32_t row)
{
	struct harm *h = &st->harms[row], like = { .cpu = h->cpu, .stage = h->stage }, *to;
	str_id others = ctx_strz(st->c, "others");
	uint32_t i = culprit_i(st, st->culprits[h->culprit_i].level, OTHERS, others);

	st->culprits[i].text = others;
	st->culprits[i].others = true;
	like.culprit_i = i;
	to = harm_row(st, &like);
	h = &st->harms[row];		/* rows may have moved */
	tally_merge(&to->past, to->sums, ARRAY_LEN(to->sums), &h->past, h->sums);
	harm_drop(st, h);
	st->n_added_up++;
}

/* Tasks come and go in any number; interrupts only when it must be. */
static size_t smallest(const struct steps *st, bool all, struct small *out)
{
	size_t n = 0;

	for (size_t i = 0; i < st->n_harms; i++) {
		const struct harm *h = &st->harms[i];
		const struct culprit *p = &st->culprits[h->culprit_i];

		if (h->id && !p->others && (all || p->level == LEVEL_TASK))
			out[n++] = (struct small){ h->ns, (uint32_t)i };
	}
	if (n)
		qsort(out, n, sizeof *out, least_first);
	return n / 2;
}

static void make_room(struct steps *st)
{
	struct small *v = xmalloc((st->n_harms + 1) * sizeof *v);
	size_t n = smallest(st, false, v);

	if (n < HARMS_MAX / 4)
		n = smallest(st, true, v);
	for (size_t i = 0; i < n; i++)
		add_up(st, v[i].row);
	free(v);
	drop_culprits(st);
}

/* ---- what the walk tells ---- */

/* Work that the task itself gave rise to (its own packet, sent through loopback) is no harm done to it. */
static bool own_doing(struct ctx *c, const struct run *r, const struct task *t)
{
	const struct run *by = model_run(&c->m, r->by);

	return r->level == LEVEL_SOFTIRQ && by && by->level == LEVEL_TASK && (int32_t)by->id == t->pid;
}

static struct whose whose_at(const struct steps *st, struct trail *tr, uint64_t ts)
{
	size_t i = 0;

	while (i + 1 < tr->n_whose && tr->whose[i + 1].ts <= ts)
		i++;
	if (i) {		/* time goes on: what was before is not asked for again */
		tr->n_whose -= i;
		memmove(tr->whose, tr->whose + i, tr->n_whose * sizeof *tr->whose);
	}
	if (!tr->n_whose)
		return step_whose(st, tr->t, 0, 0);
	return step_whose(st, tr->t, tr->whose[0].agent, tr->whose[0].tgid);
}

static void put_hit(struct trail *tr, const struct link_seg *l, uint32_t row, uint32_t id)
{
	struct harm_hit *last = tr->n_hit ? &tr->hit[tr->n_hit - 1] : NULL;

	if (last && last->to == l->from && last->row == row && last->id == id) {
		last->to = l->to;
		return;
	}
	GROW(tr->hit, tr->n_hit, tr->cap_hit);
	tr->hit[tr->n_hit++] = (struct harm_hit){ l->from, l->to, row, id };
}

static void blame(struct steps *st, struct trail *tr, const struct link_seg *l, const struct run *r)
{
	struct whose w = whose_at(st, tr, l->from);
	struct harm like = { .cpu = r->cpu, .agent = w.agent, .tgid = w.tgid, .stage = l->stage }, *h;
	struct culprit *p;

	if (unlikely(st->n_harms_named >= HARMS_MAX))
		make_room(st);
	like.culprit_i = culprit_of_run(st, r);
	h = harm_row(st, &like);
	h->ns += l->to - l->from;
	p = &st->culprits[like.culprit_i];
	p->harm += l->to - l->from;
	p->text = l->who ? l->who : actor_run(st->c, r);
	put_hit(tr, l, (uint32_t)(h - st->harms), h->id);
}

static void on_segment(struct ctx *c, struct trail *tr, const struct link_seg *l)
{
	const struct run *r = model_run(&c->m, l->thief);
	struct task *t;

	if (!r || own_doing(c, r, tr->t))
		return;
	if (r->level == LEVEL_TASK) {
		t = model_task_known(&c->m, (int32_t)r->id);
		if (!t || t == tr->t)
			return;
		t->harm += l->to - l->from;
	} else {
		model_cpu(&c->m, r->cpu)->harm += l->to - l->from;
	}
	blame(c->steps, tr, l, r);
}

static void on_completed(struct ctx *c, struct trail *tr, run_id id)
{
	const struct run *r = model_run(&c->m, id);
	struct culprit *p;
	uint32_t i;

	if (!r || r->level == LEVEL_TASK || !tr->step_serial)
		return;
	i = culprit_of_run(c->steps, r);
	p = &c->steps->culprits[i];
	if (p->last_step == tr->step_serial)
		return;
	p->last_step = tr->step_serial;
	p->completed++;
}

const struct trail_sink step_sink = { on_segment, on_completed };

/* ---- steps ---- */

void step_harm_begins(struct open_step *s)
{
	trail_whose(s->t->trail, s->s.begin, s->s.agent, s->s.tgid);
}

void step_harm_ends(struct steps *st, struct task *t, uint64_t ts)
{
	const struct open_step *inner = NULL;

	for (size_t i = 0; i < st->n_open; i++)
		if (st->open[i]->t == t && (!inner || st->open[i]->s.serial > inner->s.serial))
			inner = st->open[i];
	if (inner)
		trail_whose(t->trail, ts, inner->s.agent, inner->s.tgid);
}

static int by_row(const void *a, const void *b)
{
	const struct step_harm *x = a, *y = b;

	return x->row != y->row ? (x->row < y->row ? -1 : 1) : x->id != y->id ? (x->id < y->id ? -1 : 1) : 0;
}

/* One entry for each row; those of rows that are gone go, too. */
static void tidy(const struct steps *st, struct open_step *s)
{
	size_t n = 0;

	if (s->n_harm)
		qsort(s->harm, s->n_harm, sizeof *s->harm, by_row);
	for (size_t i = 0; i < s->n_harm; i++) {
		const struct step_harm *h = &s->harm[i];

		if (st && (h->row >= st->n_harms || st->harms[h->row].id != h->id))
			continue;
		if (n && s->harm[n - 1].row == h->row && s->harm[n - 1].id == h->id)
			s->harm[n - 1].ns += h->ns;
		else
			s->harm[n++] = *h;
	}
	s->n_harm = n;
	s->tidy_harm = MAX((size_t)256, 2 * n);
}

void step_harm_add(struct open_step *s, const struct harm_hit *hit, uint64_t ns)
{
	if (s->n_harm >= MAX(s->tidy_harm, (size_t)256))
		tidy(NULL, s);
	GROW(s->harm, s->n_harm, s->cap_harm);
	s->harm[s->n_harm++] = (struct step_harm){ hit->row, hit->id, ns };
}

static void hurt(struct culprit *p, uint64_t serial, uint64_t ns)
{
	if (p->hurt != serial) {
		p->hurt = serial;
		p->hurt_ns = 0;
		p->n_steps++;
	}
	p->hurt_ns += ns;
	if (p->hurt_ns > p->worst[0].ns)
		p->worst[0] = (struct worst_hurt){ serial, p->hurt_ns };
}

void step_harm_count(struct steps *st, struct open_step *s, uint64_t serial)
{
	tidy(st, s);
	for (size_t i = 0; i < s->n_harm; i++) {
		struct harm *h = &st->harms[s->harm[i].row];

		h->n_steps++;
		hurt(&st->culprits[h->culprit_i], serial, s->harm[i].ns);
	}
}

/* ---- the window moves on ---- */

void step_harm_turn(struct steps *st, unsigned n)
{
	for (size_t i = 0; i < st->n_harms; i++) {
		struct harm *h = &st->harms[i];

		if (!h->id)
			continue;
		tally_turn(&h->past, h->sums, ARRAY_LEN(h->sums), n);
		if (!h->ns && !h->n_steps)
			harm_drop(st, h);
	}
	for (size_t i = 0; i < st->n_culprits; i++) {
		struct culprit *p = &st->culprits[i];
		unsigned by = MIN(n, SLICES);

		tally_turn(&p->past, p->sums, ARRAY_LEN(p->sums), n);
		memmove(p->worst + by, p->worst, (SLICES - by) * sizeof *p->worst);
		memset(p->worst, 0, by * sizeof *p->worst);
	}
	drop_culprits(st);
}

void step_harm_reset(struct steps *st)
{
	for (size_t i = 0; i < st->n_harms; i++)
		if (st->harms[i].id)
			harm_drop(st, &st->harms[i]);
	for (size_t i = 0; i < st->n_culprits; i++) {
		tally_fini(&st->culprits[i].past);
		st->culprits[i].harm = st->culprits[i].completed = 0;
	}
	drop_culprits(st);
}

void step_harm_fini(struct steps *st)
{
	for (size_t i = 0; i < st->n_harms; i++)
		tally_fini(&st->harms[i].past);
	for (size_t i = 0; i < st->n_culprits; i++)
		tally_fini(&st->culprits[i].past);
	free(st->harms);
	free(st->culprits);
	free(st->harm_at.at);
	free(st->culprit_at.at);
}
