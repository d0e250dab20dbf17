/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event: the only thing a source yields and a stage sees.
 *
 * Events reach the engine in time order, whatever the source. `raw` is the record as the kernel wrote it
 * (common header included) in the byte order of the recording; it is valid until the next event is asked for.
 * Times are nanoseconds of the recording's clock, OFFSET and TSC conversion already applied.
 */
#ifndef AGENTTOP_EVENT_H
#define AGENTTOP_EVENT_H

#include <stdint.h>

#define EVENT_VALS 8
#define CPU_NONE UINT32_MAX

/* common_flags bits that mean the same on every kernel; the others do not and are never used. */
enum {
	EVENT_HARDIRQ = 0x08,
	EVENT_SOFTIRQ = 0x10,
	EVENT_NMI = 0x40,
	EVENT_IN_IRQ = EVENT_HARDIRQ | EVENT_SOFTIRQ | EVENT_NMI,
};

struct event {
	uint64_t ts;
	uint32_t cpu;
	int32_t pid;			/* common_pid: the task that was on the CPU; -1 unknown */
	uint16_t type;			/* index into the source's formats */
	uint8_t flags;			/* common_flags */
	uint8_t has_ctx;		/* flags and pid are real (0 for records that the source made up) */
	uint32_t len_bytes;		/* of raw */
	const uint8_t *raw;
	uint64_t val[EVENT_VALS];	/* the fields a stage asked for, in its order; text: see event_text() */
};

/*
 * A text field arrives in val[] as offset << 32 | length into raw, so that no text is copied or looked up
 * before somebody wants it. Asked of a number, it gives an empty text, never memory outside the record.
 */
struct text {
	const char *p;			/* not NUL-ended */
	uint32_t len;
};
static inline struct text event_text(const struct event *ev, unsigned field)
{
	uint64_t off = ev->val[field] >> 32, len = (uint32_t)ev->val[field];

	if (off + len > ev->len_bytes)
		return (struct text){ "", 0 };
	return (struct text){ (const char *)ev->raw + off, (uint32_t)len };
}

#endif
