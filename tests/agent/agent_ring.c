// SPDX-License-Identifier: GPL-2.0-only
/* io_uring by its own system calls: setup, mmap, enter. One ring, used by one thread. */
#include "agent.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	int fd;
	unsigned queued;		/* put into the queue, not told to the kernel yet */
	unsigned *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
} ring = { .fd = -1 };

static void *map(size_t len_bytes, uint64_t what)
{
	return mmap(NULL, len_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, (off_t)what);
}

int ring_open(unsigned n_entries)
{
	struct io_uring_params p = { 0 };
	char *sq, *cq;
	void *sqes;

	ring.fd = (int)syscall(SYS_io_uring_setup, n_entries, &p);
	if (ring.fd < 0)
		return -errno;
	sq = map(p.sq_off.array + p.sq_entries * sizeof *ring.sq_array, IORING_OFF_SQ_RING);
	cq = map(p.cq_off.cqes + p.cq_entries * sizeof *ring.cqes, IORING_OFF_CQ_RING);
	sqes = map(p.sq_entries * sizeof *ring.sqes, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqes == MAP_FAILED)
		return -errno;
	ring.sq_tail = (unsigned *)(void *)(sq + p.sq_off.tail);
	ring.sq_mask = (unsigned *)(void *)(sq + p.sq_off.ring_mask);
	ring.sq_array = (unsigned *)(void *)(sq + p.sq_off.array);
	ring.sqes = sqes;
	ring.cq_head = (unsigned *)(void *)(cq + p.cq_off.head);
	ring.cq_tail = (unsigned *)(void *)(cq + p.cq_off.tail);
	ring.cq_mask = (unsigned *)(void *)(cq + p.cq_off.ring_mask);
	ring.cqes = (struct io_uring_cqe *)(void *)(cq + p.cq_off.cqes);
	return 0;
}

void ring_read(int fd, void *buf, unsigned len_bytes, uint64_t off, uint64_t user_data)
{
	unsigned tail = *ring.sq_tail, i = tail & *ring.sq_mask;

	ring.sqes[i] = (struct io_uring_sqe){ .opcode = IORING_OP_READ, .fd = fd, .off = off, .addr = (uint64_t)(uintptr_t)buf,
					      .len = len_bytes, .user_data = user_data };
	ring.sq_array[i] = i;
	__atomic_store_n(ring.sq_tail, tail + 1, __ATOMIC_RELEASE);
	ring.queued++;
}

int ring_enter(unsigned n)
{
	long done = syscall(SYS_io_uring_enter, ring.fd, ring.queued, n, IORING_ENTER_GETEVENTS, NULL, 0);

	if (done < 0)
		return -errno;
	ring.queued -= (unsigned)done;
	return 0;
}

int ring_reap(unsigned n)
{
	int err = 0;

	while (n--) {
		unsigned head = *ring.cq_head;

		/* a signal ends the wait early: then there are fewer, and the call is made again */
		while (head == __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE)) {
			int failed = ring_enter(1);

			if (failed && failed != -EINTR)
				return failed;
		}
		const struct io_uring_cqe *c = &ring.cqes[head & *ring.cq_mask];

		if (!err && c->res != BLOCK)
			err = c->res < 0 ? c->res : -EIO;
		__atomic_store_n(ring.cq_head, head + 1, __ATOMIC_RELEASE);
	}
	return err;
}
