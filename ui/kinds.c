// SPDX-License-Identifier: GPL-2.0-only
#include "kinds.h"

#include <stdlib.h>
#include <string.h>

/* (agent, name) of a step to its kind, so that names are compared once for each pair and not for each step. */
struct memo {
	uint32_t agent_i;
	str_id name;
	uint32_t kind;
	bool used;
};
struct memos {
	struct memo *at;
	size_t n, size;			/* size is a power of two */
};

static uint32_t find_kind(const struct snapshot *s, const struct step *st)
{
	const char *name = snapshot_str(s, st->name), *agent = snapshot_str(s, st->agent);

	for (size_t i = 0; i < s->n_kinds; i++)
		if (s->kinds[i].agent_i == st->agent_i && !strcmp(s->kinds[i].name, name) && !strcmp(s->kinds[i].agent, agent))
			return (uint32_t)i;
	/* The engine may put several names of one process in one row. */
	for (size_t i = 0; i < s->n_kinds; i++)
		if (s->kinds[i].agent_i == st->agent_i && !strcmp(s->kinds[i].name, name))
			return (uint32_t)i;
	return KIND_NONE;
}

static struct memo *memo_slot(struct memos *m, uint32_t agent_i, str_id name)
{
	size_t i = hash64((uint64_t)agent_i << 32 | name) & (m->size - 1);

	while (m->at[i].used && (m->at[i].agent_i != agent_i || m->at[i].name != name))
		i = (i + 1) & (m->size - 1);
	return m->at + i;
}

static void memo_grow(struct memos *m)
{
	struct memos old = *m;

	m->size = old.size ? old.size * 2 : 64;
	m->at = xcalloc(m->size, sizeof *m->at);
	for (size_t i = 0; i < old.size; i++)
		if (old.at[i].used)
			*memo_slot(m, old.at[i].agent_i, old.at[i].name) = old.at[i];
	free(old.at);
}

static uint32_t kind_of(struct memos *m, const struct snapshot *s, const struct step *st)
{
	struct memo *slot;

	if (m->n * 2 >= m->size)
		memo_grow(m);
	slot = memo_slot(m, st->agent_i, st->name);
	if (!slot->used) {
		*slot = (struct memo){ st->agent_i, st->name, find_kind(s, st), true };
		m->n++;
	}
	return slot->kind;
}

void kinds_update(struct kinds *k, const struct snapshot *s)
{
	struct memos m = { 0 };

	if (s->n_steps)
		GROW(k->step, s->n_steps - 1, k->cap);
	for (size_t i = 0; i < s->n_steps; i++) {
		const struct step *st = s->steps[i];

		k->step[i] = (struct kept){ st->serial, step_ns(st), kind_of(&m, s, st), st->has_segments };
	}
	k->n_steps = s->n_steps;
	free(m.at);
}

void kinds_fini(struct kinds *k)
{
	free(k->step);
	*k = (struct kinds){ 0 };
}

uint64_t kinds_id(const struct kind_row *k)
{
	/* Two processes may have one name. */
	uint64_t h = 0xcbf29ce484222325ull ^ hash64((uint32_t)k->tgid);

	for (const char *p = k->agent; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3ull;
	h = hash64(h);
	for (const char *p = k->name; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3ull;
	return h;
}

uint32_t kinds_row(const struct snapshot *s, uint64_t id)
{
	for (size_t i = 0; i < s->n_kinds; i++)
		if (kinds_id(s->kinds + i) == id)
			return (uint32_t)i;
	return KIND_NONE;
}

size_t kinds_find(const struct kinds *k, uint64_t serial)
{
	size_t i = 0;

	while (i < k->n_steps && k->step[i].serial != serial)
		i++;
	return i;
}

size_t kinds_worst(const struct kinds *k, uint32_t kind)
{
	size_t best = k->n_steps;

	for (size_t i = 0; i < k->n_steps; i++) {
		const struct kept *a = k->step + i, *b = k->step + best;

		if (kind != KIND_NONE && a->kind != kind)
			continue;
		if (best == k->n_steps || a->has_segments > b->has_segments ||
		    (a->has_segments == b->has_segments && a->ns > b->ns))
			best = i;
	}
	return best;
}

/* In the order of the snapshot, oldest first. */
static uint32_t *steps_of(const struct kinds *k, uint32_t kind, size_t *n)
{
	size_t count = 0;
	uint32_t *out;

	for (size_t i = 0; i < k->n_steps; i++)
		count += k->step[i].kind == kind;
	out = xmalloc(count * sizeof *out);
	*n = 0;
	for (size_t i = 0; i < k->n_steps; i++)
		if (k->step[i].kind == kind)
			out[(*n)++] = (uint32_t)i;
	return out;
}

uint32_t *kinds_newest(const struct kinds *k, uint32_t kind, size_t *n)
{
	uint32_t *out = steps_of(k, kind, n);

	for (size_t i = 0; i < *n / 2; i++) {
		uint32_t t = out[i];

		out[i] = out[*n - 1 - i];
		out[*n - 1 - i] = t;
	}
	return out;
}

#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)

struct by_time {
	uint64_t ns;
	uint32_t i;
};

/* One pass of a radix sort, biggest digit first, equal ones as they were. */
static void sort_digit(const struct by_time *from, struct by_time *to, size_t n, unsigned shift)
{
	size_t at[DIGITS] = { 0 }, sum = 0;

	for (size_t i = 0; i < n; i++)
		at[from[i].ns >> shift & (DIGITS - 1)]++;
	for (size_t d = DIGITS; d-- > 0;) {
		size_t count = at[d];

		at[d] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[at[from[i].ns >> shift & (DIGITS - 1)]++] = from[i];
}

/*
 * By radix: a hundred thousand steps are sorted several times faster than by comparing them, and a person waits.
 * Steps of equal length stay in order of time.
 */
uint32_t *kinds_slowest(const struct kinds *k, uint32_t kind, size_t *n)
{
	uint32_t *out = steps_of(k, kind, n);
	struct by_time *t = xmalloc(*n * sizeof *t), *other = xmalloc(*n * sizeof *t);
	uint64_t bits = 0;

	for (size_t i = 0; i < *n; i++) {
		t[i] = (struct by_time){ k->step[out[i]].ns, out[i] };
		bits |= t[i].ns;
	}
	for (unsigned shift = 0; shift < 64 && bits >> shift; shift += DIGIT_BITS) {
		struct by_time *sorted = other;

		sort_digit(t, other, *n, shift);
		other = t;
		t = sorted;
	}
	for (size_t i = 0; i < *n; i++)
		out[i] = t[i].i;
	free(t);
	free(other);
	return out;
}
