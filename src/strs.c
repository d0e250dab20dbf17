// SPDX-License-Identifier: GPL-2.0-only
#include "strs.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	char *text;
	uint32_t hash;
};
struct strs {
	struct entry *e;		/* by id */
	size_t n, cap;
	uint32_t *slot;			/* open addressing: id + 1, 0 is free */
	size_t n_slots;			/* power of two */
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
}

static str_id add(struct strs *t, const char *s, size_t len, uint32_t hash)
{
	if ((t->n + 1) * 2 > t->n_slots) {
		free(t->slot);
		t->n_slots *= 2;
		t->slot = xcalloc(t->n_slots, sizeof *t->slot);
		for (size_t i = 0; i < t->n; i++)
			place(t, (uint32_t)i);
	}
	GROW(t->e, t->n, t->cap);
	t->e[t->n] = (struct entry){ xstrndup(s, len), hash };
	place(t, (uint32_t)t->n);
	return (str_id)t->n++;
}

struct strs *strs_new(void)
{
	struct strs *t = xcalloc(1, sizeof *t);

	t->n_slots = 256;
	t->slot = xcalloc(t->n_slots, sizeof *t->slot);
	add(t, "", 0, hash_text("", 0));
	return t;
}

void strs_free(struct strs *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		free(t->e[i].text);
	free(t->e);
	free(t->slot);
	free(t);
}

str_id strs_id(struct strs *t, const char *s, size_t len)
{
	char clean[1024];
	uint32_t hash;
	size_t i;

	len = text_clean(clean, sizeof clean, s, len);
	hash = hash_text(clean, len);
	for (i = hash & (t->n_slots - 1); t->slot[i]; i = (i + 1) & (t->n_slots - 1)) {
		const struct entry *e = &t->e[t->slot[i] - 1];

		if (e->hash == hash && !strncmp(e->text, clean, len) && !e->text[len])
			return t->slot[i] - 1;
	}
	return add(t, clean, len, hash);
}

str_id strs_idz(struct strs *t, const char *s)
{
	return strs_id(t, s, strlen(s));
}

const char *strs_text(const struct strs *t, str_id id)
{
	return id < t->n ? t->e[id].text : "";
}
