// SPDX-License-Identifier: GPL-2.0-only
#include "dat_in.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_zstd
#include <zstd.h>
#endif
#ifdef HAVE_zlib
#include <zlib.h>
#endif

size_t dat_pread(int fd, void *to, size_t n, uint64_t off)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = pread(fd, (char *)to + done, n - done, (off_t)(off + done));

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		done += (size_t)r;
	}
	return done;
}

void dat_in_file(struct dat_in *in, int fd, bool swap, uint64_t from, uint64_t end)
{
	*in = (struct dat_in){ .fd = fd, .swap = swap, .base = from, .end = MAX(from, end) };
}

void dat_in_memory(struct dat_in *in, uint8_t *buf, size_t n, bool swap)
{
	*in = (struct dat_in){ .fd = -1, .swap = swap, .buf = buf, .n = n, .cap = n, .end = n };
}

void dat_in_fini(struct dat_in *in)
{
	free(in->buf);
	*in = (struct dat_in){ .fd = -1, .bad = true };
}

/* Moves the window so that n bytes from the cursor on are in it. */
static bool refill(struct dat_in *in, size_t n)
{
	size_t keep = in->n - in->at, room;

	if (in->fd < 0 || n > dat_in_left(in))
		return false;
	if (keep)
		memmove(in->buf, in->buf + in->at, keep);
	in->base += in->at;
	in->at = 0;
	in->n = keep;
	room = MAX(n, (size_t)DAT_IN_WINDOW);
	if (room > in->cap) {
		in->buf = xrealloc(in->buf, room);
		in->cap = room;
	}
	in->n += dat_pread(in->fd, in->buf + keep, MIN(in->cap, in->end - in->base) - keep, in->base + keep);
	return in->n >= n;
}

const uint8_t *dat_in_bytes(struct dat_in *in, size_t n)
{
	const uint8_t *p;

	if (!n)
		return (const uint8_t *)"";
	if (in->bad || n > DAT_IN_ITEM_MAX || (in->n - in->at < n && !refill(in, n))) {
		in->bad = true;
		return NULL;
	}
	p = in->buf + in->at;
	in->at += n;
	return p;
}

uint16_t dat_in_u16(struct dat_in *in)
{
	const uint8_t *p = dat_in_bytes(in, 2);

	return p ? get16(p, in->swap) : 0;
}

uint32_t dat_in_u32(struct dat_in *in)
{
	const uint8_t *p = dat_in_bytes(in, 4);

	return p ? get32(p, in->swap) : 0;
}

uint64_t dat_in_u64(struct dat_in *in)
{
	const uint8_t *p = dat_in_bytes(in, 8);

	return p ? get64(p, in->swap) : 0;
}

void dat_in_skip(struct dat_in *in, uint64_t n)
{
	if (in->bad || n > dat_in_left(in)) {
		in->bad = true;
	} else if (n <= in->n - in->at) {
		in->at += n;
	} else {
		in->base += in->at + n;
		in->at = in->n = 0;
	}
}

const char *dat_in_text(struct dat_in *in, size_t max)
{
	const uint8_t *nul = NULL;
	size_t n = in->n - in->at;

	if (in->bad)
		return NULL;
	if (n)
		nul = memchr(in->buf + in->at, 0, MIN(n, max));
	if (!nul && n < max && in->fd >= 0) {
		n = MIN(max, dat_in_left(in));
		if (n && refill(in, n))
			nul = memchr(in->buf + in->at, 0, n);
	}
	if (!nul) {
		in->bad = true;
		return NULL;
	}
	n = (size_t)(nul - (in->buf + in->at));
	in->at += n + 1;
	return (const char *)nul - n;
}

/* ---- unpacking ---- */

struct dat_unpack {
	enum dat_codec codec;
#ifdef HAVE_zstd
	ZSTD_DCtx *zstd;
#endif
};

enum dat_codec dat_codec_of(const char *name)
{
	if (!strcmp(name, "none"))
		return DAT_PLAIN;
	if (!strcmp(name, "zstd"))
		return DAT_ZSTD;
	if (!strcmp(name, "zlib"))
		return DAT_ZLIB;
	return DAT_UNKNOWN;
}

const char *dat_codec_missing(enum dat_codec codec)
{
#ifndef HAVE_zstd
	if (codec == DAT_ZSTD)
		return "it is compressed with zstd, and this agenttop was built without (install libzstd-dev and build again)";
#endif
#ifndef HAVE_zlib
	if (codec == DAT_ZLIB)
		return "it is compressed with zlib, and this agenttop was built without (install zlib1g-dev and build again)";
#endif
	return codec == DAT_UNKNOWN ? "it is compressed in a way that is not known here" : NULL;
}

struct dat_unpack *dat_unpack_new(enum dat_codec codec)
{
	struct dat_unpack *u = xcalloc(1, sizeof *u);

	u->codec = codec;
#ifdef HAVE_zstd
	if (codec == DAT_ZSTD && !(u->zstd = ZSTD_createDCtx()))
		die("out of memory (zstd)");
#endif
	return u;
}

void dat_unpack_free(struct dat_unpack *u)
{
	if (!u)
		return;
#ifdef HAVE_zstd
	ZSTD_freeDCtx(u->zstd);
#endif
	free(u);
}

bool dat_unpack(struct dat_unpack *u, void *to, size_t n_to, const void *from, size_t n_from)
{
#ifdef HAVE_zstd
	if (u->codec == DAT_ZSTD)
		return ZSTD_decompressDCtx(u->zstd, to, n_to, from, n_from) == n_to;
#endif
#ifdef HAVE_zlib
	if (u->codec == DAT_ZLIB) {
		uLongf n = n_to;

		return uncompress(to, &n, from, n_from) == Z_OK && n == n_to;
	}
#endif
	(void)u, (void)to, (void)n_to, (void)from, (void)n_from;
	return false;
}

