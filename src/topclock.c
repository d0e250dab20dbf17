// SPDX-License-Identifier: GPL-2.0-only
#include "topclock.h"
#include "subbuf.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARK "agenttop clock "
#define ASKED_MAX 16

struct topclock {
	int fd;
	bool same, known;
	uint64_t began;			/* in our clock: what is older is not ours to show */
	uint64_t compared, n;
	int64_t offset;
	uint64_t doubt, at;		/* of offset: how wrong it may have been, and when it was found */
	struct {
		uint64_t n, mid, doubt;	/* our clock's time in the middle of the writing; half the writing's length */
	} asked[ASKED_MAX];
};

struct topclock *topclock_new(int fd, bool same)
{
	struct topclock *c = xcalloc(1, sizeof *c);

	*c = (struct topclock){ .fd = fd, .same = same, .known = same, .began = clock_ns(CLOCK_MONOTONIC) };
	return c;
}

void topclock_free(struct topclock *c)
{
	free(c);
}

void topclock_compare(struct topclock *c, uint64_t now)
{
	char text[64];
	uint64_t before, after;
	int n;

	if (!c || c->same || c->fd < 0 || (c->n && now - c->compared < NSEC_PER_SEC))
		return;
	c->compared = now;
	n = snprintf(text, sizeof text, MARK "%llu", (unsigned long long)++c->n);
	before = clock_ns(CLOCK_MONOTONIC);
	if (write(c->fd, text, (size_t)n) != n)
		return;
	after = clock_ns(CLOCK_MONOTONIC);
	c->asked[c->n % ASKED_MAX].n = c->n;
	c->asked[c->n % ASKED_MAX].doubt = (after - before) / 2;
	c->asked[c->n % ASKED_MAX].mid = before + (after - before) / 2;
}

/* Is one of our marks in it? It is looked for as text: the record's layout does not matter. */
static void look_for_answer(struct topclock *c, const uint8_t *record, uint32_t len, uint64_t ts)
{
	const char *p = memmem(record, len, MARK, strlen(MARK));
	char digits[24];
	uint64_t n;

	if (!p)
		return;
	p += strlen(MARK);
	snprintf(digits, sizeof digits, "%.*s", (int)MIN((size_t)20, len - (size_t)((const uint8_t *)p - record)), p);
	n = strtoull(digits, NULL, 10);
	if (!n || c->asked[n % ASKED_MAX].n != n)
		return;
	/* a writing that was interrupted tells less than an older one that was not, until that has aged: 5 us a second */
	if (c->known && c->asked[n % ASKED_MAX].doubt > c->doubt + (c->asked[n % ASKED_MAX].mid - c->at) / 200000)
		return;
	c->offset = (int64_t)(c->asked[n % ASKED_MAX].mid - ts);
	c->doubt = c->asked[n % ASKED_MAX].doubt;
	c->at = c->asked[n % ASKED_MAX].mid;
	c->known = true;
}

bool topclock_convert(struct topclock *c, uint8_t *page, size_t size)
{
	struct subbuf_walk w;
	const uint8_t *record;
	uint32_t len;
	uint64_t ts, from, to;

	if (!c)
		return false;
	subbuf_walk(&w, page, size);
	while (!c->same && (record = subbuf_next(&w, &len)))
		look_for_answer(c, record, len, w.ts);
	if (!c->known)
		return false;
	memcpy(&ts, page, 8);
	ts += (uint64_t)c->offset;
	memcpy(page, &ts, 8);
	if (subbuf_times(page, size, &from, &to) && from < c->began)
		subbuf_forget_missed(page);	/* as old as what is not shown */
	subbuf_hide(page, size, c->began, c->same ? NULL : MARK);
	return true;
}
