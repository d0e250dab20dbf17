// SPDX-License-Identifier: GPL-2.0-only
#include "machine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CPUS_MAX 65536u			/* above any number of CPUs that a kernel can have */
#define LIST_BYTES 4096			/* a list of CPUs as text; a longer one is none */
#define CACHE_LEVELS 10			/* index directories to try */
#define CPUS_FRESH_NS (60 * NSEC_PER_SEC)
#define IRQ_FRESH_NS (5 * NSEC_PER_SEC)
#define IRQ_READS 64			/* known IRQs to read again in one look */

struct place {
	int32_t node, cache;		/* cache: the lowest CPU that has it */
};
struct line {
	int32_t irq;
	enum irq_kind kind;
	char *asked, *effective;
	uint64_t at;			/* when it was read */
};
struct machine {
	int root;
	struct place *cpus;
	uint32_t n_cpus;
	size_t n_rows;			/* of the snapshot that cpus was made for */
	uint64_t cpus_at;
	bool looked;
	struct line *lines;		/* by number */
	size_t n_lines, cap_lines;
	bool tells;			/* this kernel says by a file's mode which IRQs may be moved */
};

struct machine *machine_new(const char *root)
{
	struct machine *m = xcalloc(1, sizeof *m);

	m->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return m;
}

void machine_free(struct machine *m)
{
	if (!m)
		return;
	if (m->root >= 0)
		close(m->root);
	for (size_t i = 0; i < m->n_lines; i++) {
		free(m->lines[i].asked);
		free(m->lines[i].effective);
	}
	free(m->lines);
	free(m->cpus);
	free(m);
}

/* ---- files ---- */

/* A file's text without the newline that ends it. -errno; -EFBIG when it does not fit: a part of a list would be a lie. */
static int read_text(const struct machine *m, const char *path, char *buf, size_t len)
{
	int fd = openat(m->root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), e = 0;
	size_t n = 0;
	ssize_t r = 1;

	buf[0] = 0;
	if (fd < 0)
		return -errno;
	while (n < len && (r = read(fd, buf + n, len - n)) > 0)
		n += (size_t)r;
	if (r < 0)
		e = -errno;
	else if (n == len)
		e = -EFBIG;
	close(fd);
	buf[e ? 0 : n] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return e;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool take_number(const char **text, uint32_t *out)
{
	uint32_t n = 0;

	if (!is_digit(**text))
		return false;
	for (; is_digit(**text); ++*text)
		n = n < CPUS_MAX ? n * 10 + (uint32_t)(**text - '0') : n;
	*out = n;
	return n < CPUS_MAX;
}

/* The next range of "0-3,8", which is moved on: 1; 0 at the end; -EINVAL when it is none. */
static int next_range(const char **text, uint32_t *from, uint32_t *to)
{
	if (!**text)
		return 0;
	if (!take_number(text, from))
		return -EINVAL;
	*to = *from;
	if (**text == '-') {
		++*text;
		if (!take_number(text, to) || *to < *from)
			return -EINVAL;
	}
	if (**text == ',' && is_digit((*text)[1]))
		++*text;
	else if (**text)
		return -EINVAL;
	return 1;
}

static bool is_list(const char *text)
{
	uint32_t from, to;
	int r;

	while ((r = next_range(&text, &from, &to)) > 0)
		;
	return !r;
}

static int read_list(const struct machine *m, const char *path, char buf[LIST_BYTES])
{
	int e = read_text(m, path, buf, LIST_BYTES);

	if (!e && !is_list(buf))
		e = -EINVAL;
	if (e)
		buf[0] = 0;
	return e;
}

/* ---- CPUs ---- */

static bool has_cpu(const char *list, uint32_t cpu)
{
	uint32_t from, to;

	while (next_range(&list, &from, &to) > 0)
		if (cpu >= from && cpu <= to)
			return true;
	return false;
}

static void look_at_node(struct machine *m, uint32_t node)
{
	char path[96], text[LIST_BYTES];
	const char *list = text;
	uint32_t from, to;

	snprintf(path, sizeof path, "sys/devices/system/node/node%u/cpulist", node);
	if (read_list(m, path, text))
		return;
	while (next_range(&list, &from, &to) > 0)
		for (; from <= to && from < m->n_cpus; from++)
			m->cpus[from].node = (int32_t)node;
}

/* Calls fn with every number N for which dir has an entry prefixN; stops when it returns false. */
static void each_number(struct machine *m, const char *dir, const char *prefix, bool (*fn)(struct machine *, uint32_t))
{
	int fd = openat(m->root, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	uint32_t n;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((e = readdir(d))) {
		const char *name = e->d_name;

		if (strncmp(name, prefix, strlen(prefix)))
			continue;
		name += strlen(prefix);
		if (take_number(&name, &n) && !*name && !fn(m, n))
			break;
	}
	closedir(d);
}

static bool take_node(struct machine *m, uint32_t node)
{
	look_at_node(m, node);
	return true;
}

/* The index directory of the biggest level that has data in it; -1: none. */
static int last_level(const struct machine *m, uint32_t cpu)
{
	unsigned long best = 0;
	int last = -1;

	for (int i = 0; i < CACHE_LEVELS; i++) {
		char path[96], text[32], *end;
		unsigned long level;

		snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%u/cache/index%d/level", cpu, i);
		if (read_text(m, path, text, sizeof text))
			break;
		level = strtoul(text, &end, 10);
		if (!is_digit(text[0]) || *end || level <= best)
			continue;
		snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%u/cache/index%d/type", cpu, i);
		if (read_text(m, path, text, sizeof text) || !strcmp(text, "Instruction"))
			continue;
		best = level;
		last = i;
	}
	return last;
}

/* One CPU's file tells of all that share it. */
static void look_at_cache(struct machine *m, uint32_t cpu)
{
	char path[96], text[LIST_BYTES];
	const char *list = text;
	uint32_t from, to, lowest = CPUS_MAX;
	int index = last_level(m, cpu);

	if (index < 0)
		return;
	snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%u/cache/index%d/shared_cpu_list", cpu, index);
	if (read_list(m, path, text) || !has_cpu(text, cpu))
		return;
	while (next_range(&list, &from, &to) > 0) {
		lowest = MIN(lowest, from);
		for (; from <= to && from < m->n_cpus; from++)
			m->cpus[from].cache = (int32_t)lowest;
	}
}

/* CPUs come and go, and with them who shares what. */
static void look_at_cpus(struct machine *m, const struct snapshot *s, uint64_t now_ns)
{
	uint32_t n = 0;

	if (m->looked && m->n_rows == s->n_cpus && now_ns - m->cpus_at < CPUS_FRESH_NS)
		return;
	m->n_rows = s->n_cpus;
	m->cpus_at = now_ns;
	for (size_t i = 0; i < s->n_cpus; i++)
		if (s->cpus[i].cpu < CPUS_MAX)
			n = MAX(n, s->cpus[i].cpu + 1);
	free(m->cpus);
	m->cpus = xcalloc(n + 1, sizeof *m->cpus);
	m->n_cpus = n;
	for (uint32_t i = 0; i < n; i++)
		m->cpus[i] = (struct place){ -1, -1 };
	each_number(m, "sys/devices/system/node", "node", take_node);
	for (size_t i = 0; i < s->n_cpus; i++)
		if (s->cpus[i].cpu < n && m->cpus[s->cpus[i].cpu].cache < 0)
			look_at_cache(m, s->cpus[i].cpu);
}

/* ---- IRQs ---- */

static int mode_of(const struct machine *m, uint32_t irq, mode_t *mode)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof path, "proc/irq/%u/smp_affinity_list", irq);
	if (fstatat(m->root, path, &st, 0))
		return -errno;
	*mode = st.st_mode;
	return 0;
}

static bool look_for_fixed(struct machine *m, uint32_t irq)
{
	mode_t mode;

	m->tells |= !mode_of(m, irq, &mode) && !(mode & 0222);
	return !m->tells;
}

/*
 * Since Linux 6.12 nobody may write the affinity file of an IRQ that the kernel does not let go (managed, or fixed to a
 * CPU): eb29369fa543. Older ones let everybody see 0644 and refuse the write, so that 0644 tells something only where
 * some other file is without it.
 */
static enum irq_kind kind_of(struct machine *m, uint32_t irq)
{
	mode_t mode;

	if (mode_of(m, irq, &mode))
		return IRQ_UNKNOWN;
	if (!(mode & 0222)) {
		m->tells = true;
		return IRQ_MANAGED;
	}
	return m->tells ? IRQ_FREE : IRQ_UNKNOWN;
}

static void read_affinity(const struct machine *m, uint32_t irq, const char *file, char **out)
{
	char path[96], text[LIST_BYTES];

	snprintf(path, sizeof path, "proc/irq/%u/%s", irq, file);
	read_list(m, path, text);
	if (*out && !strcmp(*out, text))
		return;
	free(*out);
	*out = xstrdup(text);
}

static void read_line(struct machine *m, struct line *l, uint64_t now_ns)
{
	uint32_t irq = (uint32_t)l->irq;

	l->at = now_ns;
	l->kind = kind_of(m, irq);
	read_affinity(m, irq, "smp_affinity_list", &l->asked);
	read_affinity(m, irq, "effective_affinity_list", &l->effective);
}

/* Made when it is not there: then nothing has been read of it. */
static struct line *line_of(struct machine *m, int32_t irq)
{
	size_t lo = 0, hi = m->n_lines;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->lines[mid].irq < irq)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < m->n_lines && m->lines[lo].irq == irq)
		return m->lines + lo;
	GROW(m->lines, m->n_lines, m->cap_lines);
	memmove(m->lines + lo + 1, m->lines + lo, (m->n_lines - lo) * sizeof *m->lines);
	m->n_lines++;
	m->lines[lo] = (struct line){ .irq = irq };
	return m->lines + lo;
}

/* What was never read is read at once, so that a single look is a whole one; what is old, in turn. */
static void look_at_irqs(struct machine *m, struct snapshot *s, uint64_t now_ns)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->n_irqs; i++) {
		struct irq_row *r = s->irqs + i;
		struct line *l;

		if (r->irq < 0)
			continue;
		l = line_of(m, r->irq);
		if (!l->asked || (n < IRQ_READS && now_ns - l->at >= IRQ_FRESH_NS)) {
			n += l->asked != NULL;
			read_line(m, l, now_ns);
		}
		r->asked = arena_strdup(&s->mem, l->asked);
		r->effective = arena_strdup(&s->mem, l->effective);
		r->kind = (uint8_t)l->kind;
	}
}

void machine_look(struct machine *m, struct snapshot *s, uint64_t now_ns)
{
	if (m->root < 0)
		return;
	if (!m->looked)
		each_number(m, "proc/irq", "", look_for_fixed);
	look_at_cpus(m, s, now_ns);
	m->looked = true;
	for (size_t i = 0; i < s->n_cpus; i++) {
		struct cpu_row *r = s->cpus + i;

		if (r->cpu < m->n_cpus) {
			r->node = m->cpus[r->cpu].node;
			r->cache = m->cpus[r->cpu].cache;
		}
	}
	look_at_irqs(m, s, now_ns);
}
