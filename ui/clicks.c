// SPDX-License-Identifier: GPL-2.0-only
#include "clicks.h"

#include <stdlib.h>
#include <string.h>

#define WHEEL_LINES 3

void clicks_keep(struct clicks *k, const struct cells *c)
{
	k->n = c->n_hits;
	if (!k->n)
		return;
	GROW(k->hits, k->n - 1, k->cap);
	memcpy(k->hits, c->hits, k->n * sizeof *k->hits);
}

void clicks_fini(struct clicks *k)
{
	free(k->hits);
	*k = (struct clicks){ 0 };
}

static bool is_inside(struct rect r, int x, int y)
{
	return x >= r.x && x - r.x < r.w && y >= r.y && y - r.y < r.h;
}

unsigned clicks_find(struct clicks *k, uint32_t key, enum action *a, int *x, int *y)
{
	enum click what = action_click(key, x, y);
	const struct hit *h = NULL;
	bool again;

	k->next = 0;
	*a = what == CLICK_WHEEL_UP ? ACT_UP : ACT_DOWN;
	if (what != CLICK_BUTTON)
		return WHEEL_LINES;
	/* What was drawn last lies on top. */
	for (size_t i = k->n; i-- && !h;)
		if (is_inside(k->hits[i].r, *x, *y))
			h = k->hits + i;
	if (!h)
		return 0;
	again = (h->kind == HIT_CHOSEN_ROW && k->last) || (h->kind == HIT_PLACE && k->last == key);
	k->next = h->kind == HIT_KEY || again ? 0 : key;
	*a = again ? ACT_ENTER : (enum action)h->action;
	return again ? 1 : h->times;
}
