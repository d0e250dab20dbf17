// SPDX-License-Identifier: GPL-2.0-only
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the order of enum source_type. */
static const struct {
	const char *full;
	const char *field[6];
	uint32_t text_mask;
} synthetic[] = {
	[SOURCE_LOST] = { "agenttop:lost", { "from", "count", "rest" }, 0 },
	[SOURCE_COMM] = { "agenttop:comm", { "pid", "tgid", "exec", "comm" }, 1u << 3 },
	[SOURCE_FORK] = { "agenttop:fork", { "pid", "tgid", "ppid", "ptgid" }, 0 },
	[SOURCE_EXIT] = { "agenttop:exit", { "pid", "tgid" }, 0 },
	[SOURCE_SWITCH] = { "agenttop:switch", { "pid", "out", "preempt" }, 0 },
};

void source_init(struct source *s, const struct source_ops *ops, const char *kind, const char *path,
		 bool big_endian, unsigned long_size)
{
	char **text[] = { &s->info.version, &s->info.clock, &s->info.host, &s->info.kernel, &s->info.arch };

	s->ops = ops;
	formats_init(&s->formats, big_endian, long_size);
	for (size_t i = 0; i < ARRAY_LEN(synthetic); i++)
		formats_add_synthetic(&s->formats, synthetic[i].full, synthetic[i].field, synthetic[i].text_mask);
	s->info = (struct source_info){ .kind = kind };
	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		source_set(text[i], "", 0);
	source_set(&s->info.file, path, strlen(path));
}

void source_fini(struct source *s)
{
	struct source_info *info = &s->info;

	formats_fini(&s->formats);
	free(s->info.silent);
	free(info->file);
	free(info->version);
	free(info->clock);
	free(info->host);
	free(info->kernel);
	free(info->arch);
	free(info->comms);
	for (size_t i = 0; i < info->n_notes; i++)
		free(info->notes[i]);
	free(info->notes);
	memset(info, 0, sizeof *info);
}

void source_close(struct source *s)
{
	if (s)
		s->ops->close(s);
}

void source_set(char **field, const char *text, size_t len)
{
	char clean[512];

	text_clean(clean, sizeof clean, text, len);
	free(*field);
	*field = xstrdup(clean);
}

static char *note(struct source *s, const char *fmt, va_list ap)
{
	struct source_info *info = &s->info;
	char raw[512], clean[1024];

	vsnprintf(raw, sizeof raw, fmt, ap);
	text_clean(clean, sizeof clean, raw, strlen(raw));
	for (size_t i = 0; i < info->n_notes; i++)
		if (!strcmp(info->notes[i], clean))
			return info->notes[i];
	if (info->n_notes >= NOTES_MAX)
		return NULL;
	GROW(info->notes, info->n_notes, info->cap_notes);
	return info->notes[info->n_notes++] = xstrdup(clean);
}

void source_note(struct source *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(s, fmt, ap);
	va_end(ap);
}

void source_damage(struct source *s, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = note(s, fmt, ap);
	va_end(ap);
	if (!s->info.damage)
		s->info.damage = text;
}

enum clock_kind clock_kind_of(const char *name)
{
	static const struct { const char *name; enum clock_kind kind; } clocks[] = {
		{ "", CLOCK_PER_CPU },			/* not said: the kernel's default is local */
		{ "local", CLOCK_PER_CPU }, { "uptime", CLOCK_COARSE },
		{ "global", CLOCK_NS }, { "perf", CLOCK_NS }, { "mono", CLOCK_NS }, { "mono_raw", CLOCK_NS },
		{ "boot", CLOCK_NS }, { "tai", CLOCK_NS }, { "tsc2nsec", CLOCK_NS },
		{ "monotonic", CLOCK_NS }, { "monotonic_raw", CLOCK_NS }, { "boottime", CLOCK_NS },
		{ "realtime", CLOCK_NS },		/* perf's names */
	};

	for (size_t i = 0; i < ARRAY_LEN(clocks); i++)
		if (!strcmp(name, clocks[i].name))
			return clocks[i].kind;
	return CLOCK_NO_TIME;	/* counter, x86-tsc, ppc-tb: no nanoseconds */
}

int (*source_wait)(int fd);

ssize_t source_read(int fd, void *buf, size_t n)
{
	ssize_t r;

	do {
		int wait = source_wait ? source_wait(fd) : 0;

		if (wait < 0)
			return wait;
		r = read(fd, buf, n);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

/* ---- opening ---- */

static int open_path(const char *path, struct err *err)
{
	int fd;

	if (!strcmp(path, "-"))
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	return fd;
}

/* Only a regular file read from its start can be read in any order; all else is a pipe to us. */
static int look_at(struct source_file *f, struct err *err)
{
	struct stat st;

	if (fstat(f->fd, &st))
		return err_set(err, -errno, "%s: %s", f->path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(err, -EISDIR, "%s: is a directory; name a recording in it", f->path);
	f->seekable = S_ISREG(st.st_mode) && !lseek(f->fd, 0, SEEK_CUR);
	f->size_bytes = f->seekable ? (uint64_t)st.st_size : 0;
	return 0;
}

static int read_head(struct source_file *f, struct err *err)
{
	while (f->n_head < sizeof f->head) {
		uint8_t *to = f->head + f->n_head;
		size_t room = sizeof f->head - f->n_head;
		ssize_t n = f->seekable ? pread(f->fd, to, room, (off_t)f->n_head) : read(f->fd, to, room);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, -errno, "%s: %s", f->path, strerror(errno));
		if (!n)
			break;
		f->n_head += (size_t)n;
	}
	if (!f->n_head)
		return err_set(err, -EINVAL, "%s: is empty", f->path);
	return 0;
}

static bool begins(const struct source_file *f, const char *magic, size_t len)
{
	return f->n_head >= MIN(len, 4) && !memcmp(f->head, magic, MIN(len, f->n_head));
}

static bool looks_like_text(const struct source_file *f)
{
	for (size_t i = 0; i < f->n_head; i++)
		if ((f->head[i] < ' ' && f->head[i] != '\t' && f->head[i] != '\n' && f->head[i] != '\r') ||
		    f->head[i] == 0x7f)
			return false;
	return true;
}

static int refuse(const struct source_file *f, struct err *err)
{
	static const struct { const char *magic; size_t len; const char *name, *tool; } packed[] = {
		{ "\x1f\x8b", 2, "gzip", "zcat" }, { "\x28\xb5\x2f\xfd", 4, "zstd", "zstdcat" },
		{ "\xfd" "7zXZ", 5, "xz", "xzcat" }, { "BZh", 3, "bzip2", "bzcat" },
	};

	for (size_t i = 0; i < ARRAY_LEN(packed); i++)
		if (begins(f, packed[i].magic, packed[i].len))
			return err_set(err, -EINVAL, "%s: is packed with %s; use: %s FILE | agenttop -", f->path,
				       packed[i].name, packed[i].tool);
	return err_set(err, -EINVAL, "%s: is no recording known here (trace.dat, perf.data or .ev text)", f->path);
}

struct source *source_open(const char *path, struct err *err)
{
	struct source_file f = { .path = path };
	int r;

	f.fd = open_path(path, err);
	if (f.fd < 0)
		return NULL;
	r = look_at(&f, err);
	if (!r)
		r = read_head(&f, err);
	if (r)
		goto out;
	if (begins(&f, "\x17\x08\x44tracing", 10))
		return tracedat_open(&f, err);
	if (begins(&f, "PERFILE2", 8) || begins(&f, "2ELIFREP", 8))
		return perfdata_open(&f, err);
	if (!looks_like_text(&f) || begins(&f, "BZh", 3))
		r = refuse(&f, err);
	else
		return text_open(&f, err);
out:
	close(f.fd);
	return NULL;
}
