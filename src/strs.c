// SPDX-License-Identifier: GPL-2.0-only
#include "strs.h"

#include <stdlib.h>
#include <string.h>

#define OWN (1u << 31)			/* in an id: of strs_own() */
#define SWEEP_BYTES (4u << 20)		/* temporary texts that are worth a sweep */
#define TEXT_MAX 1024
#define CELL 48				/* what a string costs beside its text, about */

enum kind { FREE, FOR_GOOD, TEMP, SWEPT };	/* SWEPT: found by its id only, until strs_bury() */
struct entry {
	char *text;			/* NULL: free */
	uint32_t hash;			/* of a free one: the next free one, 0 none */
	uint32_t kind : 2, held : 1, born : 29;	/* born: n_shown then */
};
struct strs {
	struct entry *e;		/* by id */
	size_t n, cap;
	uint32_t *slot;			/* open addressing: id + 1, 0 is free */
	size_t n_slots;			/* power of two */
	size_t n_placed;
	uint32_t free, n_swept, n_shown;
	size_t bytes, temp_bytes, sweep_at;
	struct entry *own;		/* by id without OWN; 0 is never used */
	size_t n_own, cap_own;
	uint32_t free_own;
};

static uint32_t hash_text(const char *s, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3ull;
	return (uint32_t)(h ^ h >> 32);
}

static void place(struct strs *t, uint32_t id)
{
	size_t i = t->e[id].hash & (t->n_slots - 1);

	while (t->slot[i])
		i = (i + 1) & (t->n_slots - 1);
	t->slot[i] = id + 1;
	t->n_placed++;
}

static void place_all(struct strs *t)
{
	free(t->slot);
	t->slot = xcalloc(t->n_slots, sizeof *t->slot);
	t->n_placed = 0;
	for (size_t i = 0; i < t->n; i++)
		if (t->e[i].kind == FOR_GOOD || t->e[i].kind == TEMP)
			place(t, (uint32_t)i);
}

/* A free place in a table of entries, whose first is never free. */
static uint32_t new_entry(struct entry **e, size_t *n, size_t *cap, uint32_t *free_i)
{
	uint32_t i = *free_i;

	if (i) {
		*free_i = (*e)[i].hash;
		return i;
	}
	GROW(*e, *n, *cap);
	return (uint32_t)(*n)++;
}

static void free_entry(struct strs *t, struct entry *e, uint32_t i, uint32_t *free_i)
{
	t->bytes -= strlen(e[i].text) + CELL;
	free(e[i].text);
	e[i] = (struct entry){ .hash = *free_i };
	*free_i = i;
}

static str_id add(struct strs *t, const char *s, size_t len, uint32_t hash, enum kind kind)
{
	uint32_t i;

	if ((t->n_placed + 1) * 2 > t->n_slots) {
		t->n_slots *= 2;
		place_all(t);
	}
	i = new_entry(&t->e, &t->n, &t->cap, &t->free);
	t->e[i] = (struct entry){ xstrndup(s, len), hash, .kind = kind, .born = t->n_shown };
	t->bytes += len + CELL;
	t->temp_bytes += kind == TEMP ? len + CELL : 0;
	place(t, i);
	return i;
}

struct strs *strs_new(void)
{
	struct strs *t = xcalloc(1, sizeof *t);

	t->n_slots = 256;
	t->slot = xcalloc(t->n_slots, sizeof *t->slot);
	t->sweep_at = SWEEP_BYTES;
	add(t, "", 0, hash_text("", 0), FOR_GOOD);
	GROW(t->own, t->n_own, t->cap_own);
	t->n_own++;
	return t;
}

void strs_free(struct strs *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		free(t->e[i].text);
	for (size_t i = 0; i < t->n_own; i++)
		free(t->own[i].text);
	free(t->e);
	free(t->own);
	free(t->slot);
	free(t);
}

static str_id intern(struct strs *t, const char *s, size_t len, enum kind kind)
{
	char clean[TEXT_MAX];
	uint32_t hash;
	size_t i;

	len = text_clean(clean, sizeof clean, s, len);
	hash = hash_text(clean, len);
	for (i = hash & (t->n_slots - 1); t->slot[i]; i = (i + 1) & (t->n_slots - 1)) {
		struct entry *e = &t->e[t->slot[i] - 1];

		if (e->hash == hash && !strncmp(e->text, clean, len) && !e->text[len]) {
			if (unlikely(kind == FOR_GOOD && e->kind == TEMP)) {
				e->kind = FOR_GOOD;
				t->temp_bytes -= len + CELL;
			}
			return t->slot[i] - 1;
		}
	}
	return add(t, clean, len, hash, kind);
}

str_id strs_id(struct strs *t, const char *s, size_t len)
{
	return intern(t, s, len, FOR_GOOD);
}

str_id strs_idz(struct strs *t, const char *s)
{
	return strs_id(t, s, strlen(s));
}

str_id strs_temp(struct strs *t, const char *s, size_t len)
{
	return intern(t, s, len, TEMP);
}

str_id strs_own(struct strs *t, const char *s, size_t len)
{
	char clean[TEXT_MAX];
	uint32_t i;

	len = text_clean(clean, sizeof clean, s, len);
	if (!len)
		return 0;
	i = new_entry(&t->own, &t->n_own, &t->cap_own, &t->free_own);
	t->own[i] = (struct entry){ .text = xstrndup(clean, len) };
	t->bytes += len + CELL;
	return OWN | i;
}

void strs_release(struct strs *t, str_id id)
{
	uint32_t i = id & ~OWN;

	if (id & OWN && i < t->n_own && t->own[i].text)
		free_entry(t, t->own, i, &t->free_own);
}

const char *strs_text(const struct strs *t, str_id id)
{
	const struct entry *e = id & OWN ? t->own : t->e;
	uint32_t i = id & ~OWN;

	return i < (id & OWN ? t->n_own : t->n) && e[i].text ? e[i].text : "";
}

/* ---- forgetting what nobody holds ---- */

bool strs_sweep_due(const struct strs *t)
{
	return t->temp_bytes >= t->sweep_at;
}

void strs_hold(struct strs *t, str_id id)
{
	if (id < t->n)
		t->e[id].held = 1;
}

void strs_sweep(struct strs *t)
{
	for (uint32_t i = 0; i < t->n; i++) {
		struct entry *e = &t->e[i];

		if (e->kind == TEMP && !e->held) {
			t->temp_bytes -= strlen(e->text) + CELL;
			e->kind = SWEPT;
			if (e->born == t->n_shown)	/* newer than the newest snapshot */
				free_entry(t, t->e, i, &t->free);
			else
				t->n_swept++;
			continue;
		}
		e->held = 0;
	}
	place_all(t);
	t->sweep_at = MAX(SWEEP_BYTES, t->temp_bytes * 2);
}

void strs_shown(struct strs *t)
{
	t->n_shown = (t->n_shown + 1) & ((1u << 29) - 1);
}

void strs_bury(struct strs *t)
{
	for (uint32_t i = 0; i < t->n && t->n_swept; i++)
		if (t->e[i].kind == SWEPT) {
			free_entry(t, t->e, i, &t->free);
			t->n_swept--;
		}
}

size_t strs_bytes(const struct strs *t)
{
	return t->bytes;
}
