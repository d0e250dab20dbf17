/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arena: bump allocator, freed whole. What it gives is zeroed and stays where it is until arena_fini().
 * One thread owns an arena.
 */
#ifndef AGENTTOP_ARENA_H
#define AGENTTOP_ARENA_H

#include "base.h"

struct arena_block;
struct arena {
	struct arena_block *blocks;	/* newest first */
	size_t used, size;		/* of the newest */
	size_t total_bytes;		/* of all blocks */
};
void *arena_alloc(struct arena *, size_t n, size_t size_bytes);	/* aligned to 16; never NULL */
char *arena_strdup(struct arena *, const char *);
void arena_fini(struct arena *);	/* leaves an empty arena that may be used again */
#define ARENA_NEW(a, n, type) ((type *)arena_alloc((a), (n), sizeof(type)))

#endif
