// SPDX-License-Identifier: GPL-2.0-only
#include "perf_tracing.h"

#include <errno.h>
#include <stdlib.h>

#include "perf_bytes.h"

#define SYSTEM_MAX 128		/* longest name of an event system */
#define COMMS_MAX (1u << 20)

static void add_format(struct source *s, const char *system, struct bytes *b)
{
	struct bytes text = bytes_sub(b, bytes_u64(b));
	int r;

	if (text.bad)
		return;
	r = formats_add(&s->formats, system, (const char *)text.p, text.left);
	if (r && r != -EEXIST)
		s->info.n_bad++;
}

/* A hostile count ends with the bytes: every entry takes at least eight of them. */
static void read_formats(struct source *s, struct bytes *b)
{
	uint32_t n_systems, n;
	const char *system;

	for (n = bytes_u32(b); n && !b->bad; n--)
		add_format(s, "ftrace", b);
	for (n_systems = bytes_u32(b); n_systems && !b->bad; n_systems--) {
		system = bytes_str(b);
		if (strlen(system) > SYSTEM_MAX)
			b->bad = true;
		for (n = bytes_u32(b); n && !b->bad; n--)
			add_format(s, system, b);
	}
}

/* "PID COMM\n", a line for each. */
static void read_comms(struct source *s, struct bytes b)
{
	size_t cap = s->info.n_comms;
	const uint8_t *nl, *p, *end;
	struct source_comm c;

	for (; b.left && s->info.n_comms < COMMS_MAX; b.left -= (size_t)(end - b.p), b.p = end) {
		nl = memchr(b.p, '\n', b.left);
		end = nl ? nl + 1 : b.p + b.left;
		c = (struct source_comm){ 0 };
		for (p = b.p; p < end && *p >= '0' && *p <= '9'; p++)
			c.pid = c.pid > INT32_MAX / 10 - 1 ? INT32_MAX : c.pid * 10 + (*p - '0');
		if (p == b.p || p == end || *p++ != ' ')
			continue;
		memcpy(c.comm, p, MIN((size_t)((nl ? nl : end) - p), sizeof c.comm));
		GROW(s->info.comms, s->info.n_comms, cap);
		s->info.comms[s->info.n_comms++] = c;
	}
}

static bool read_front(struct source *s, struct bytes *b, bool *has_comms)
{
	const uint8_t *magic = bytes_take(b, 10);
	const char *version;
	unsigned long_size;

	if (!magic || memcmp(magic, "\x17\x08\x44tracing", 10))
		return false;
	version = bytes_str(b);
	*has_comms = !strcmp(version, "0.6");
	if (!*has_comms && strcmp(version, "0.5"))
		return false;
	b->swap = (bytes_u8(b) != 0) != host_big_endian();
	long_size = bytes_u8(b);
	s->formats.long_size = long_size == 4 ? 4 : 8;
	bytes_u32(b);		/* page size: perf copies records, not pages */
	return !b->bad;
}

bool perf_tracing_read(struct source *s, const uint8_t *p, size_t len)
{
	struct bytes b = { .p = p, .left = len };
	bool has_comms;

	if (!read_front(s, &b, &has_comms))
		return false;
	for (int i = 0; i < 2; i++) {	/* header_page and header_event: how ring buffer pages look */
		bytes_str(&b);
		bytes_sub(&b, bytes_u64(&b));
	}
	read_formats(s, &b);
	if (b.bad)
		return false;
	bytes_sub(&b, bytes_u32(&b));	/* kernel symbols */
	bytes_sub(&b, bytes_u32(&b));	/* printk texts */
	if (has_comms) {
		struct bytes comms = bytes_sub(&b, bytes_u64(&b));

		if (!comms.bad)
			read_comms(s, comms);
	}
	return !b.bad;
}
