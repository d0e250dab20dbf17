// SPDX-License-Identifier: GPL-2.0-only
#include "dat_file.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COMMS_MAX 65536		/* saved_cmdlines_size is at most this in practice */
#define BAD_FORMATS_MAX 10000	/* then this is no list of formats */
#define SYSTEMS_MAX 10000

/* magic[10], version text, 1 byte order, 1 size of long, u32 page size */
int dat_file_head(struct dat_file *f, const uint8_t *head, size_t n_head, struct err *err)
{
	const char *version = (const char *)head + 10;
	char clean[32];
	const uint8_t *p;

	if (n_head < 18 || !memchr(version, 0, n_head - 16))
		return err_set(err, -EINVAL, "%s: truncated at byte %zu, in its first line", f->path, n_head);
	text_clean(clean, sizeof clean, version, strlen(version));
	if (strcmp(version, "6") && strcmp(version, "7"))
		return err_set(err, -EINVAL, "%s: is trace.dat version %s; only 6 and 7 are known", f->path, clean);
	f->version = (unsigned)(*version - '0');
	p = head + 12;
	if (p[0] > 1 || (p[1] != 4 && p[1] != 8))
		return err_set(err, -EINVAL, "%s: its header makes no sense (byte order %u, long size %u)", f->path,
			       p[0], p[1]);
	f->big_endian = p[0];
	f->swap = f->big_endian != host_big_endian();
	f->commit_size = p[1];
	f->data_off = 8 + f->commit_size;
	f->page_size = get32(p + 2, f->swap);
	f->first_section = 18;
	return 0;
}

void dat_file_fini(struct dat_file *f)
{
	for (size_t i = 0; i < f->n_buffers; i++) {
		free(f->buffers[i].name);
		free(f->buffers[i].clock);
		free(f->buffers[i].cpus);
	}
	free(f->buffers);
	free(f->stats);
	dat_time_fini(&f->time);
	dat_unpack_free(f->unpack);
	memset(f, 0, sizeof *f);
}

/* ---- what both versions hold ---- */

struct dat_buffer *dat_buffer_add(struct dat_file *f, const char *name, uint64_t at)
{
	struct dat_buffer *b;

	if (f->n_buffers >= DAT_BUFFERS_MAX)
		return NULL;
	GROW(f->buffers, f->n_buffers, f->cap_buffers);
	b = &f->buffers[f->n_buffers++];
	*b = (struct dat_buffer){ .at = at, .page_size = f->page_size };
	source_set(&b->name, name, strlen(name));
	source_set(&b->clock, "", 0);
	return b;
}

static const char *buffer_title(const struct dat_buffer *b)
{
	return *b->name ? b->name : "top";
}

void dat_buffer_cpu(struct dat_file *f, struct dat_buffer *b, uint32_t cpu, uint64_t off, uint64_t size)
{
	if (!size)
		return;
	if (cpu >= DAT_CPUS_MAX || size > DAT_SIZE_MAX || off > DAT_SIZE_MAX || f->n_streams >= DAT_STREAMS_MAX) {
		source_note(f->s, "buffer %s: entry of CPU %u makes no sense and is left out", buffer_title(b), cpu);
		f->s->info.n_bad++;
		return;
	}
	for (size_t i = 0; i < b->n_cpus; i++)
		if (b->cpus[i].cpu == cpu) {
			source_note(f->s, "buffer %s lists CPU %u twice; the first is read", buffer_title(b), cpu);
			f->s->info.n_bad++;
			return;
		}
	GROW(b->cpus, b->n_cpus, b->cap_cpus);
	b->cpus[b->n_cpus++] = (struct dat_cpu){ cpu, off, size };
	f->n_streams++;
	f->announced = MAX(f->announced, off + size);
}

/* Value of "KEY:n;" in the line of `field`; 0 when there is none. */
static uint32_t page_value(const char *text, const char *field, const char *key)
{
	const char *p = strstr(text, field), *end;

	if (!p)
		return 0;
	end = strchrnul(p, '\n');
	p = strstr(p, key);
	return p && p < end ? (uint32_t)strtoul(p + strlen(key), NULL, 10) : 0;
}

void dat_header_page(struct dat_file *f, const char *text, size_t len)
{
	char *copy = xstrndup(text, len);
	uint32_t commit = page_value(copy, " commit;", "size:"), off = page_value(copy, " data;", "offset:");
	uint32_t size = page_value(copy, " data;", "size:");

	free(copy);
	/* The kernel's long may be longer than that of the recording program: 32-bit programs on 64-bit kernels. */
	if ((commit != 4 && commit != 8) || off < 8 + commit || off > 64) {
		source_note(f->s, "header_page makes no sense; a %u-bit kernel is assumed", f->commit_size * 8);
		f->s->info.n_bad++;
		return;
	}
	f->commit_size = commit;
	f->data_off = off;
	f->s->formats.long_size = (uint8_t)commit;
	if (size && size <= DAT_PAGE_MAX)
		f->subbuf_size = off + size;
}

static void add_format(struct dat_file *f, struct dat_in *in, const char *system)
{
	uint64_t len = dat_in_u64(in);
	const uint8_t *text;
	int r;

	if (in->bad)
		return;
	in->bad = f->n_bad_formats > BAD_FORMATS_MAX;
	if (len > DAT_IN_ITEM_MAX) {
		dat_in_skip(in, len);
		f->n_bad_formats++;
		return;
	}
	text = dat_in_bytes(in, len);
	if (!text)
		return;
	r = formats_add(&f->s->formats, system, (const char *)text, len);
	if (r && r != -EEXIST)
		f->n_bad_formats++;
}

void dat_formats(struct dat_file *f, struct dat_in *in, bool ftrace)
{
	uint32_t n_systems = ftrace ? 1 : dat_in_u32(in);

	in->bad |= n_systems > SYSTEMS_MAX;
	while (n_systems-- && !in->bad) {
		const char *name = ftrace ? "ftrace" : dat_in_text(in, 256);
		char system[256];
		uint32_t n;

		snprintf(system, sizeof system, "%s", name ? name : "");
		n = dat_in_u32(in);
		while (n-- && !in->bad)
			add_format(f, in, system);
	}
}

/* "PID NAME" lines */
void dat_cmdlines(struct dat_file *f, const char *text, size_t len)
{
	struct source_info *info = &f->s->info;
	const char *end = text + len;
	size_t cap = info->n_comms;

	for (const char *nl; text < end; text = nl + 1) {
		const char *p = text;
		uint64_t pid = 0;

		nl = memchr(text, '\n', (size_t)(end - text));
		if (!nl)
			nl = end;
		while (p < nl && *p == ' ')
			p++;
		for (; p < nl && isdigit((unsigned char)*p) && pid < INT32_MAX; p++)
			pid = pid * 10 + (uint64_t)(*p - '0');
		if (p + 1 >= nl || *p != ' ' || pid > INT32_MAX || info->n_comms >= COMMS_MAX)
			continue;
		p++;
		GROW(info->comms, info->n_comms, cap);
		info->comms[info->n_comms].pid = (int32_t)pid;
		memcpy(info->comms[info->n_comms++].comm, p, MIN((size_t)(nl - p), sizeof info->comms->comm));
	}
}

/* The clock in brackets; a text without any is the clock itself. */
void dat_clock(struct dat_file *f, const char *text, size_t len)
{
	const char *open = memchr(text, '[', len);
	const char *close = open ? memchr(open, ']', (size_t)(text + len - open)) : NULL;

	if (close)
		source_set(&f->s->info.clock, open + 1, (size_t)(close - open - 1));
}

/* ---- the whole, and what is to be said about it ---- */

static void settle_clock(struct dat_file *f)
{
	struct source_info *info = &f->s->info;

	for (size_t i = 0; i < f->n_buffers; i++) {
		const struct dat_buffer *b = &f->buffers[i];

		if (!*info->clock && *b->clock)
			source_set(&info->clock, b->clock, strlen(b->clock));
		if (*b->clock && b->n_cpus && strcmp(b->clock, info->clock))
			source_note(f->s, "buffer %s has clock %s, others %s: their times do not compare",
				    buffer_title(b), b->clock, info->clock);
	}
	info->clock_kind = clock_kind_of(info->clock);
	if (f->time.mult)
		info->clock_kind = CLOCK_NS;
}

struct region {
	struct dat_cpu *cpu;
	struct dat_buffer *b;
};

static int by_place(const void *a, const void *b)
{
	const struct dat_cpu *x = ((const struct region *)a)->cpu, *y = ((const struct region *)b)->cpu;

	return x->off < y->off ? -1 : x->off > y->off;
}

/* No byte belongs to two CPUs. Without this a small file could pretend to hold terabytes. */
static void drop_overlaps(struct dat_file *f)
{
	struct region *v = NULL;
	size_t n = 0, cap = 0;
	uint64_t end = 0;

	for (size_t i = 0; i < f->n_buffers; i++)
		for (size_t c = 0; c < f->buffers[i].n_cpus; c++) {
			GROW(v, n, cap);
			v[n++] = (struct region){ &f->buffers[i].cpus[c], &f->buffers[i] };
		}
	if (n)
		qsort(v, n, sizeof *v, by_place);
	for (size_t i = 0; i < n; i++) {
		if (v[i].cpu->off < end) {
			source_note(f->s, "buffer %s: data of CPU %u lies in that of another; left out",
				    buffer_title(v[i].b), v[i].cpu->cpu);
			f->s->info.n_bad++;
			v[i].cpu->size = 0;
			continue;
		}
		end = v[i].cpu->off + v[i].cpu->size;
	}
	free(v);
}

static bool page_size_ok(const struct dat_file *f, uint32_t size)
{
	return size >= f->data_off + 16 && size <= DAT_PAGE_MAX && !(size & 3);
}

/*
 * Version 7 says it for each buffer. Version 6 has the recording machine's page size only, but the kernel may write
 * larger sub-buffers, which header_page tells.
 */
static void settle_page_size(struct dat_file *f, struct dat_buffer *b)
{
	uint32_t size = b->page_size;

	if (page_size_ok(f, size) && (f->version == 7 || f->subbuf_size <= size))
		return;
	b->page_size = page_size_ok(f, f->subbuf_size) ? f->subbuf_size :
		       page_size_ok(f, f->page_size) ? f->page_size : 4096;
	if (!page_size_ok(f, size)) {
		source_note(f->s, "buffer %s: a page size of %u makes no sense; %u is taken", buffer_title(b), size,
			    b->page_size);
		f->s->info.n_bad++;
	}
}

static void note_cut(struct dat_file *f, uint64_t whole, uint64_t total)
{
	uint64_t size = MAX(f->announced, f->size + 1);

	if (f->announced > f->size && !f->rescued)
		source_damage(f->s, "truncated at byte %" PRIu64 " of %" PRIu64 "; %" PRIu64 " of %" PRIu64
			    " CPUs are whole", f->size, size, whole, total);
	else
		source_damage(f->s, "truncated at byte %" PRIu64 " of %" PRIu64 " or more; %" PRIu64 " of %" PRIu64
			    " CPUs seem whole", f->size, size, whole, MAX(total, f->n_cpus));
}

static void count_cpus(struct dat_file *f)
{
	uint64_t total = 0, whole = 0;

	f->cut |= f->announced > f->size;
	f->s->info.n_cpus = f->n_cpus;
	for (size_t i = 0; i < f->n_buffers; i++) {
		struct dat_buffer *b = &f->buffers[i];

		settle_page_size(f, b);
		for (size_t c = 0; c < b->n_cpus; c++) {
			uint64_t end = b->cpus[c].off + b->cpus[c].size;

			if (!b->cpus[c].size)
				continue;
			total++;
			whole += end < f->size || (end == f->size && !f->rescued);
			f->s->info.n_cpus = MAX(f->s->info.n_cpus, b->cpus[c].cpu + 1);
		}
	}
	if (f->cut)
		note_cut(f, whole, total);
}

static void note_stats(struct dat_file *f)
{
	uint64_t overrun = 0, dropped = 0;

	for (size_t i = 0; i < f->n_stats; i++) {
		overrun += f->stats[i].overrun;
		dropped += f->stats[i].dropped;
	}
	/* tracing goes on and off for all CPUs at once; but what was overwritten is a CPU's own beginning */
	f->s->info.begins_together = !overrun;
	if (overrun || dropped)
		source_note(f->s, "the recorder was too slow: %" PRIu64 " events were overwritten and %" PRIu64
			    " dropped by the kernel", overrun, dropped);
}

static bool any_data(const struct dat_file *f)
{
	for (size_t i = 0; i < f->n_buffers; i++)
		for (size_t c = 0; c < f->buffers[i].n_cpus; c++)
			if (f->buffers[i].cpus[c].size && f->buffers[i].cpus[c].off < f->size)
				return true;
	return false;
}

static int judge(struct dat_file *f, struct err *err)
{
	bool damaged = f->cut || f->s->info.n_bad;

	if (f->text_only && !any_data(f))
		return err_set(err, -ENOTSUP, "%s: holds the text of a latency tracer, no events; record with trace-cmd"
			       " record -e", f->path);
	if (f->text_only)
		source_note(f->s, "a buffer of a latency tracer's text is left out");
	if (f->n_bad_formats)
		source_note(f->s, "%" PRIu64 " event formats make no sense; their events are unknown",
			    f->n_bad_formats);
	if (!f->s->formats.common.have && any_data(f))
		return err_set(err, -EINVAL, "%s: %s, and no event's format can be read", f->path,
			       damaged ? "damaged" : "incomplete");
	if (!any_data(f) && f->cut)
		return err_set(err, -EINVAL, "%s: truncated at byte %" PRIu64 ", before any event", f->path, f->size);
	if (!any_data(f) && damaged)
		return err_set(err, -EINVAL, "%s: damaged: no CPU's events can be found", f->path);
	if (!any_data(f))
		source_note(f->s, "holds no events");
	return 0;
}

static void number_buffers(struct dat_file *f)
{
	uint32_t n = 1;

	for (size_t i = 0; i < f->n_buffers; i++)
		f->buffers[i].number = *f->buffers[i].name ? n++ : 0;
}

int dat_file_read(struct dat_file *f, struct err *err)
{
	int r = f->version == 6 ? dat_v6_read(f, err) : dat_v7_read(f, err);

	if (r)
		return r;
	number_buffers(f);
	settle_clock(f);
	drop_overlaps(f);
	count_cpus(f);
	note_stats(f);
	return judge(f, err);
}
