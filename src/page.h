/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * page: sub-buffers of the kernel's ring buffer in host order, and joining those that are partly filled.
 *
 *	u64 base time | commit (4 or 8 bytes) | data, as in subbuf.h
 *
 * A read of trace_pipe_raw that does not wait gives what the kernel has by now, often a few events in a sub-buffer of
 * their own. Its base time is then that of the last event read before (ring_buffer_read_page(), cpu_buffer->read_stamp),
 * so its data means the same behind that event: they are joined when base and last time agree, never otherwise.
 * An event that was discarded moves our time but not the kernel's; after one, a new sub-buffer is begun.
 *
 * One accumulator a CPU; it belongs to the thread that reads the CPU. Nothing in a page is believed.
 *
 *	if (!page_append(&acc, page)) {
 *		write(page_take(&acc));
 *		page_append(&acc, page);	an empty accumulator takes any page
 *	}
 */
#ifndef AGENTTOP_PAGE_H
#define AGENTTOP_PAGE_H

#include "subbuf.h"

struct page_acc {
	uint8_t *buf;			/* a whole sub-buffer at any time, while `used` */
	uint32_t size, head;		/* of a sub-buffer; of what is before its data */
	uint32_t commit_size;
	uint32_t len;			/* of the data */
	struct subbuf_walk walk;	/* over it, up to where its time is known */
	bool used;
	bool closed;			/* nothing can follow what is in it */
};
/* As events/header_page says: `head` is the offset of data, `commit_size` that of commit (4 or 8). */
void page_acc_init(struct page_acc *, uint32_t size, uint32_t commit_size, uint32_t head);
void page_acc_fini(struct page_acc *);
/* true: the page's data is in the accumulator. false: it must begin a new one; take what is there and append again. */
bool page_append(struct page_acc *, const uint8_t *page);
/* The sub-buffer, good until the next append; NULL when it is empty. The accumulator is empty afterwards. */
const uint8_t *page_take(struct page_acc *);

#endif
