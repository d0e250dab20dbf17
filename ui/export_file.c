// SPDX-License-Identifier: GPL-2.0-only
#include "export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define N_MAX 9999

struct out {
	char name[64];
	int fd;
};

static void name_part(const struct export *x, unsigned n, unsigned part, char *buf, size_t len)
{
	snprintf(buf, len, "agenttop-%u%s%.30s.%s", n, x->part[part][0] ? "-" : "", x->part[part], x->ext);
}

/* Files that are open or made are closed and gone again. */
static void drop(struct out *o, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (o[i].fd >= 0)
			close(o[i].fd);
		unlink(o[i].name);
	}
}

/* All of one number, or none. */
static int create(const struct export *x, unsigned n, struct out *o)
{
	for (unsigned i = 0; i < x->n_parts; i++) {
		name_part(x, n, i, o[i].name, sizeof o[i].name);
		/* Private, as recordings are: it tells of everybody's processes. */
		o[i].fd = open(o[i].name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
		if (o[i].fd < 0) {
			int e = errno;

			drop(o, i);
			return -e;
		}
	}
	return 0;
}

static int create_next(const struct export *x, struct out *o, struct err *err)
{
	int r = -EEXIST;

	for (unsigned n = 1; n <= N_MAX && r == -EEXIST; n++)
		r = create(x, n, o);
	if (r == -EEXIST)
		return err_set(err, r, "agenttop-1 to agenttop-%u.%s are all there already; move them away first", N_MAX, x->ext);
	if (r == -EACCES || r == -EPERM || r == -EROFS)
		return err_set(err, r, "no file can be made here (%s): start agenttop elsewhere", strerror(-r));
	if (r)
		return err_set(err, r, "%s: %s", o[0].name, strerror(-r));
	return 0;
}

static int fill(struct out *o, unsigned part, void (*write)(void *arg, unsigned part, FILE *), void *arg)
{
	FILE *f = fdopen(o->fd, "w");
	int e = 0;

	if (!f)
		return -errno;
	write(arg, part, f);
	if (fflush(f) || ferror(f))
		e = errno ? errno : EIO;
	if (fclose(f) && !e)
		e = errno;
	o->fd = -1;
	return -e;
}

static void say(const struct export *x, const char *done, const char *name, char *said, size_t len)
{
	char more[32] = "";

	if (x->n_parts > 1)
		snprintf(more, sizeof more, " and %u more", x->n_parts - 1);
	snprintf(said, len, "%s %s%s: %s", done, name, more, x->what);
}

int export_save(const struct export *x, void (*write)(void *arg, unsigned part, FILE *), void *arg, char *said, size_t len,
		struct err *err)
{
	struct out out[EXPORT_PARTS];
	int r = create_next(x, out, err);

	if (r)
		return r;
	for (unsigned i = 0; i < x->n_parts && !r; i++) {
		r = fill(out + i, i, write, arg);
		if (r)
			err_set(err, r, "%s could not be written: %s", out[i].name, strerror(-r));
	}
	if (r)
		drop(out, x->n_parts);
	else
		say(x, "wrote", out[0].name, said, len);
	return r;
}

void export_pretend(const struct export *x, char *said, size_t len)
{
	char name[64];

	snprintf(name, sizeof name, "agenttop-N%s%.30s.%s", x->part[0][0] ? "-" : "", x->part[0], x->ext);
	say(x, "would write", name, said, len);
}
