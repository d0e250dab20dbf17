// SPDX-License-Identifier: GPL-2.0-only
#include "marked.h"

#include <stdlib.h>
#include <string.h>

void marked_fini(struct marked *m)
{
	free(m->serial);
	*m = (struct marked){ 0 };
}

/* Where it is, or would be. */
static size_t place_of(const struct marked *m, uint64_t serial)
{
	size_t lo = 0, hi = m->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->serial[mid] < serial)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool marked_has(const struct marked *m, uint64_t serial)
{
	size_t i = place_of(m, serial);

	return i < m->n && m->serial[i] == serial;
}

void marked_toggle(struct marked *m, uint64_t serial)
{
	size_t i = place_of(m, serial);

	if (i < m->n && m->serial[i] == serial) {
		memmove(m->serial + i, m->serial + i + 1, (m->n - i - 1) * sizeof *m->serial);
		m->n--;
		return;
	}
	GROW(m->serial, m->n, m->cap);
	memmove(m->serial + i + 1, m->serial + i, (m->n - i) * sizeof *m->serial);
	m->serial[i] = serial;
	m->n++;
}

void marked_update(struct marked *m, const struct kinds *k)
{
	bool *kept;
	size_t n = 0;

	if (!m->n)
		return;
	kept = xcalloc(m->n, sizeof *kept);
	for (size_t i = 0; i < k->n_steps; i++) {
		size_t at = place_of(m, k->step[i].serial);

		if (at < m->n && m->serial[at] == k->step[i].serial)
			kept[at] = true;
	}
	for (size_t i = 0; i < m->n; i++)
		if (kept[i])
			m->serial[n++] = m->serial[i];
	m->n = n;
	free(kept);
}
