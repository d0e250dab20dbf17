// SPDX-License-Identifier: GPL-2.0-only
/* The file under a recording that is being written: opened, divided into regions, and made compact in the end. */
#include "datw_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FILE_MAX ((16ull << 40) - (64 << 10))	/* ext4's; others allow more */
#define REGION_MIN (16ull << 20)
#define REGION_UNKNOWN (256ull << 30)		/* where the file system does not say how large it is */
#define COPY_STEP (16u << 20)

static int fail(struct datw *d, struct err *err)
{
	int e = errno;

	return err_set(err, -e, "%s: %s", d->path, strerror(e));
}

static int create(struct datw *d)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOCTTY;

	d->fd = open(d->path, flags | O_CREAT | O_EXCL, 0600);	/* it tells of everybody's processes */
	d->created = d->fd >= 0;
	if (d->fd < 0 && errno == EEXIST)
		d->fd = open(d->path, flags);
	return d->fd < 0 ? -1 : 0;
}

int datw_file_open(struct datw *d, struct err *err)
{
	struct stat st;

	if (!stat(d->path, &st) && !S_ISREG(st.st_mode))
		return err_set(err, S_ISDIR(st.st_mode) ? -EISDIR : -ESPIPE,
			       "%s: is %s; a recording is written in several places at once, in a regular file",
			       d->path, S_ISDIR(st.st_mode) ? "a directory" : "a pipe or a device");
	if (create(d))
		return fail(d, err);
	if (flock(d->fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return err_set(err, -EBUSY, "%s: another recording is being written there", d->path);
	if (ftruncate(d->fd, 0))
		return fail(d, err);
	return 0;
}

int datw_write(struct datw *d, const void *p, size_t n, uint64_t at, struct err *err)
{
	const uint8_t *from = p;

	while (n) {
		ssize_t w = pwrite(d->fd, from, n, (off_t)at);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return fail(d, err);
		from += w;
		at += (uint64_t)w;
		n -= (size_t)w;
	}
	return 0;
}

int datw_truncate(struct datw *d, uint64_t size, struct err *err)
{
	int r;

	do
		r = ftruncate(d->fd, (off_t)size);
	while (r && errno == EINTR);
	return r ? fail(d, err) : 0;
}

/* ---- regions ---- */

/* Plain data is mapped by trace-cmd, and found by its page number. */
static uint64_t align_up(const struct datw *d, uint64_t at)
{
	uint64_t to = d->page_size % 4096 ? 4096 : d->page_size;

	return (at + to - 1) / to * to;
}

/* vfat and its like write zeros where others leave a hole: terabytes of them. */
static int check_sparse(struct datw *d, struct err *err)
{
	const uint64_t size = 4 << 20;
	struct stat st;
	int r = datw_truncate(d, size, err);

	if (r)
		return r;
	if (fstat(d->fd, &st))
		return fail(d, err);
	if ((uint64_t)st.st_blocks * 512 >= size / 2)
		return err_set(err, -ENOTSUP, "%s: this file system cannot keep files with holes; record to another one",
			       d->path);
	return 0;
}

static uint64_t largest_file(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_FSIZE, &lim) || lim.rlim_cur == RLIM_INFINITY)
		return FILE_MAX;
	return MIN(FILE_MAX, (uint64_t)lim.rlim_cur);
}

/* No stream can be larger than the disk, so there is no need for larger regions. */
static uint64_t region_wanted(const struct datw *d)
{
	struct statvfs v;
	uint64_t size = 0;

	if (!fstatvfs(d->fd, &v))
		size = (uint64_t)v.f_blocks * v.f_frsize;
	return MAX(size ? size : REGION_UNKNOWN, REGION_MIN);
}

static int find_region_size(struct datw *d, uint64_t n_regions, struct err *err)
{
	uint64_t from = align_up(d, d->front_end), limit = largest_file();
	uint64_t size = MIN(region_wanted(d), limit > from ? (limit - from) / n_regions : 0);

	for (;; size /= 2) {
		size = size / align_up(d, 1) * align_up(d, 1);
		if (size < REGION_MIN)
			return err_set(err, -EFBIG, "%s: files cannot grow large enough here (ulimit -f, or the file "
				       "system)", d->path);
		d->far_end = from + n_regions * size;
		if (!ftruncate(d->fd, (off_t)d->far_end))
			break;
		if (errno != EFBIG && errno != EINVAL)
			return fail(d, err);
	}
	d->region = size;
	return datw_truncate(d, 0, err);
}

/* In version 7 an instance's head needs a place too, and there is one more region for what grows. */
int datw_lay_out(struct datw *d, struct err *err)
{
	uint64_t at = align_up(d, d->front_end), n = d->version == 7 ? d->n_rings : 0;
	int r;

	for (size_t i = 0; i < d->n_rings; i++)
		n += d->rings[i].n_streams;
	r = check_sparse(d, err);
	if (!r)
		r = find_region_size(d, MAX(n, 1), err);
	for (size_t i = 0; i < d->n_rings && !r; i++) {
		struct datw_ring *ring = &d->rings[i];

		if (d->version == 7 && i) {
			ring->at = at;
			at += d->region;
		}
		for (uint32_t k = 0; k < ring->n_streams; k++, at += d->region)
			ring->streams[k].at = at;
	}
	d->grown_from = d->grown_end = at;
	return r;
}

/* ---- the end ---- */

static int copy_slowly(struct datw *d, uint64_t from, uint64_t to, uint64_t n)
{
	size_t step = 1 << 20;
	uint8_t *buf = xmalloc(step);
	int r = 0;

	while (n && !r) {
		ssize_t got = pread(d->fd, buf, MIN(n, step), (off_t)from);

		if (got < 0 && errno == EINTR)
			continue;
		r = got > 0 ? datw_write(d, buf, (size_t)got, to, NULL) : -EIO;
		from += (uint64_t)got;
		to += (uint64_t)got;
		n -= (uint64_t)got;
	}
	free(buf);
	return r;
}

/* The two do not overlap. */
static int copy(struct datw *d, uint64_t from, uint64_t to, uint64_t n)
{
	while (n) {
		off_t in = (off_t)from, out = (off_t)to;
		ssize_t got = copy_file_range(d->fd, &in, d->fd, &out, MIN(n, COPY_STEP), 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == ENOSPC)
			return -ENOSPC;
		if (got <= 0)
			return copy_slowly(d, from, to, n);
		from += (uint64_t)got;
		to += (uint64_t)got;
		n -= (uint64_t)got;
	}
	return 0;
}

/* Where the file system cannot: the file's end is cut off soon. */
static void give_back(struct datw *d, uint64_t at, uint64_t n)
{
	(void)fallocate(d->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)n);
}

static int move(struct datw *d, struct datw_stream *s, uint64_t to)
{
	uint64_t from = s->at;
	int r = copy(d, from, to, s->len);

	if (r) {
		give_back(d, to, s->len);
		return r;
	}
	s->at = to;
	r = datw_publish(d, NULL);
	if (r)
		s->at = from;			/* the file names one of the two; both hold it */
	else
		give_back(d, from, s->len);
	return r;
}

/*
 * Data stays where it is when it would be copied over itself, which takes regions smaller than the disk, and when the
 * disk is full: the file then has a hole more than it need have.
 */
static uint64_t settle(struct datw *d, struct datw_stream *s, uint64_t end, bool *moving)
{
	uint64_t to = align_up(d, end);

	if (!datw_size(d, s)) {
		s->at = to;
		return end;
	}
	if (*moving && to + s->len <= s->at)
		*moving = !move(d, s, to);
	return s->at + s->len;
}

static uint64_t settle_head(struct datw *d, struct datw_ring *r, uint64_t end)
{
	if (end + DATW_HEAD <= r->at && !datw_v7_head(d, end, end + DATW_HEAD, NULL))
		r->at = end;
	return r->at + DATW_HEAD;
}

uint64_t datw_compact(struct datw *d)
{
	uint64_t end = d->front_end;
	bool moving = true;

	for (size_t i = 0; i < d->n_rings; i++) {
		struct datw_ring *r = &d->rings[i];

		if (d->version == 7 && i)
			end = settle_head(d, r, end);
		for (uint32_t k = 0; k < r->n_streams; k++)
			end = settle(d, &r->streams[k], end, &moving);
	}
	return end;
}
