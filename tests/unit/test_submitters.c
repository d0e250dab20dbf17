// SPDX-License-Identifier: GPL-2.0-only
/* Who issued a device's requests: so many tasks as are told apart, those of the window, and no more. */
#include "live_feed.h"
#include "tap.h"

#define DISK (259u << 20)

/* A request of 4 KiB by pid, on CPU 0 from ts on: in the device for ns. */
static void request(struct world *w, uint64_t ts, int32_t pid, uint64_t ns)
{
	char comm[16];

	snprintf(comm, sizeof comm, "task%d", pid);
	feed_switch(w, ts, 0, 0, 'R', pid, comm);
	FEED(w, E_RQ_ISSUE, ((struct at){ ts + 1, 0, pid, 0 }), "R", DISK, ts, 8);
	FEED(w, E_RQ_DONE, ((struct at){ ts + 1 + ns, 0, pid, 0 }), "R", DISK, ts, 8);
	feed_switch(w, ts + ns + 2, 0, pid, 'S', 0, "swapper/0");
}

static uint64_t sum(const struct block_row *b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < b->n_by; i++)
		n += b->by[i].n;
	return n;
}

static void test_many(void)
{
	struct world *w = world_new(0, NULL);
	const struct block_row *b;

	for (int32_t i = 0; i < 300; i++)
		request(w, SEC + (uint64_t)i * MS, 1000 + i % 100, 10 * US);
	request(w, 2 * SEC, 1007, 20 * US);
	b = world_look(w)->blocks;
	is_num(b->n_by, 65, "64 tasks are told apart");
	is_num(sum(b), b->device.n, "and with the others they add up");
	is_num(b->device.n, 301, "to all requests");
	ok(b->by[0].pid == 1007 && b->by[0].n == 4 && b->by[0].bytes == 16384, "most first");
	is_text(b->by[0].comm, "task1007", "by name");
	is_num(b->by[0].device.max, 20 * US, "with their time in the device");
	is_num((uint64_t)b->by[64].pid, (uint64_t)-1, "others last");
	is_num(b->by[64].n, 36 * 3, "as many as there are");
	world_free(w);
}

/* Live: whoever has left the window gives way to others. */
static void test_window(void)
{
	struct world *w = world_new(8 * SEC, NULL);
	const struct block_row *b;

	for (int32_t i = 0; i < 100; i++)
		request(w, SEC + (uint64_t)i * MS, 1000 + i, 10 * US);
	for (int32_t i = 0; i < 40; i++)
		request(w, 20 * SEC + (uint64_t)i * MS, 3000 + i, 10 * US);
	b = world_look(w)->blocks;
	is_num(b->device.n, 40, "of the window");
	is_num(b->n_by, 40, "nobody is told of who issued none in it");
	is_num(sum(b), 40, "and nobody is an other");
	is_num(b->by[0].bytes, 4096, "bytes are the window's, too");
	feed_switch(w, 40 * SEC, 0, 0, 'R', 1, "init");
	is_num(world_look(w)->n_blocks, 0, "and then there is no row");
	world_free(w);
}

/* A task that runs another program is two: what it was called then, and now. In interrupts nobody is known. */
static void test_whose(void)
{
	struct world *w = world_new(0, NULL);
	const struct block_row *b;

	request(w, SEC, 10, 10 * US);
	feed_switch(w, 2 * SEC, 0, 0, 'R', 10, "dd");
	FEED(w, E_RQ_ISSUE, ((struct at){ 2 * SEC + 1, 0, 10, 0 }), "R", DISK, 1, 8);
	FEED(w, E_RQ_DONE, ((struct at){ 2 * SEC + 9, 0, 10, 0 }), "R", DISK, 1, 8);
	FEED(w, E_RQ_ISSUE, ((struct at){ 3 * SEC, 0, 10, EVENT_SOFTIRQ }), "R", DISK, 2, 8);
	FEED(w, E_RQ_DONE, ((struct at){ 3 * SEC + 9, 0, 10, 0 }), "R", DISK, 2, 8);
	b = world_look(w)->blocks;
	is_num(b->device.n, 3, "three requests");
	is_num(b->n_by, 2, "of one task under two names");
	ok(b->by[0].pid == 10 && b->by[1].pid == 10 && strcmp(b->by[0].comm, b->by[1].comm), "which are told apart");
	is_num(sum(b), 2, "one was issued in an interrupt: it is nobody's");
	world_free(w);
}

int main(void)
{
	test_many();
	test_window();
	test_whose();
	return done();
}
