// SPDX-License-Identifier: GPL-2.0-only
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (64 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t pad;			/* keeps data[] on 16 bytes */
	unsigned char data[];
};

void *arena_alloc(struct arena *a, size_t n, size_t size_bytes)
{
	size_t want;
	void *p;

	if (size_bytes && n > (SIZE_MAX / 2) / size_bytes)
		die("out of memory (%zu times %zu bytes)", n, size_bytes);
	want = (n * size_bytes + 15) & ~(size_t)15;
	if (a->size - a->used < want) {
		size_t size = MAX(want, (size_t)BLOCK_BYTES);
		struct arena_block *b = xcalloc(1, sizeof *b + size);

		b->next = a->blocks;
		a->blocks = b;
		a->used = 0;
		a->size = size;
		a->total_bytes += size;
	}
	p = a->blocks ? a->blocks->data + a->used : NULL;
	a->used += want;
	return p ? p : arena_alloc(a, 1, 16);
}

char *arena_strdup(struct arena *a, const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = arena_alloc(a, n, 1);

	memcpy(p, s, n);
	return p;
}

void arena_fini(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *b = a->blocks;

		a->blocks = b->next;
		free(b);
	}
	*a = (struct arena){ 0 };
}
