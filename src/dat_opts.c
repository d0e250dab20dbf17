// SPDX-License-Identifier: GPL-2.0-only
/* Options of a trace.dat: the same in both versions, but for BUFFER, which in v7 holds the table of CPUs. */
#include "dat_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Numbers in options are text, "0x..." or decimal, not always NUL-ended. */
static int64_t number(const uint8_t *p, size_t n)
{
	char text[40];

	n = MIN(n, sizeof text - 1);
	memcpy(text, p, n);
	text[n] = 0;
	return (int64_t)strtoll(text, NULL, 0);
}

static void add_offset(struct dat_file *f, int64_t ns)
{
	f->time.offset = (int64_t)((uint64_t)f->time.offset + (uint64_t)ns);
}

/* "Linux HOST RELEASE MACHINE" */
static void take_uname(struct dat_file *f, const char *p, size_t n)
{
	char **to[] = { NULL, &f->s->info.host, &f->s->info.kernel, &f->s->info.arch };
	const char *end = p + strnlen(p, n);

	for (size_t i = 0; i < ARRAY_LEN(to) && p < end; i++) {
		size_t len = 0;

		while (p + len < end && p[len] != ' ' && p[len] != '\n')
			len++;
		if (to[i])
			source_set(to[i], p, len);
		p += len + 1;
	}
}

/* ---- CPUSTAT: the text of per_cpu/cpuN/stats, one option a CPU; "Buffer: NAME" leads those of an instance ---- */

static struct dat_stat *stat_get(struct dat_file *f)
{
	struct dat_stat *st;

	for (size_t i = 0; i < f->n_stats; i++)
		if (f->stats[i].cpu == f->stat_now.cpu && !strcmp(f->stats[i].buffer, f->stat_now.buffer))
			return &f->stats[i];
	if (f->n_stats >= DAT_CPUS_MAX)
		return NULL;
	GROW(f->stats, f->n_stats, f->cap_stats);
	st = &f->stats[f->n_stats++];
	*st = f->stat_now;
	return st;
}

static void stat_line(struct dat_file *f, const char *line)
{
	struct dat_stat *st;
	uint64_t v;

	if (!strncmp(line, "Buffer: ", 8)) {
		text_clean(f->stat_now.buffer, sizeof f->stat_now.buffer, line + 8, strlen(line + 8));
	} else if (sscanf(line, "CPU: %" SCNu64, &v) == 1) {
		f->stat_now.cpu = (uint32_t)MIN(v, (uint64_t)UINT32_MAX);
	} else if (sscanf(line, "overrun: %" SCNu64, &v) == 1) {
		if (v && (st = stat_get(f)))
			st->overrun = v;
	} else if (sscanf(line, "dropped events: %" SCNu64, &v) == 1) {
		if (v && (st = stat_get(f)))
			st->dropped = v;
	}
}

static void take_stats(struct dat_file *f, const char *p, size_t n)
{
	const char *end = p + strnlen(p, n);

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);
		char line[80];

		snprintf(line, sizeof line, "%.*s", (int)MIN(len, sizeof line), p);
		stat_line(f, line);
		p += len + 1;
	}
}

/* ---- BUFFER ---- */

/* Behind name and clock: page size, number of CPUs, then CPU, place and size of each. */
static void take_table(struct dat_file *f, struct dat_buffer *b, struct dat_in *in)
{
	uint32_t page_size = dat_in_u32(in), n = dat_in_u32(in);

	if (in->bad)
		return;
	b->page_size = page_size;
	while (n-- && dat_in_left(in) >= 20) {
		uint32_t cpu = dat_in_u32(in);
		uint64_t off = dat_in_u64(in);

		dat_buffer_cpu(f, b, cpu, off, dat_in_u64(in));
	}
	if (n != UINT32_MAX) {
		source_damage(f->s, "the list of CPUs of buffer '%s' is damaged: %u of them are missing", b->name, n + 1);
		f->s->info.n_bad++;
	}
}

static void take_buffer(struct dat_file *f, const uint8_t *p, size_t n)
{
	struct dat_in in;
	struct dat_buffer *b;
	const char *name, *clock;
	uint64_t at;

	dat_in_memory(&in, (uint8_t *)p, n, f->swap);	/* not ours: no dat_in_fini() */
	at = dat_in_u64(&in);
	name = dat_in_text(&in, n);
	if (!name) {
		f->s->info.n_bad++;
		return;
	}
	b = dat_buffer_add(f, name, at);
	if (!b || f->version == 6)
		return;
	clock = dat_in_text(&in, n);
	if (clock)
		source_set(&b->clock, clock, strlen(clock));
	take_table(f, b, &in);
}

/* ---- the rest ---- */

static void take_shift(struct dat_file *f, const uint8_t *p, size_t n)
{
	struct dat_in in;
	uint64_t peer;

	dat_in_memory(&in, (uint8_t *)p, n, f->swap);
	peer = dat_in_u64(&in);
	if (dat_time_shift(&f->time, &in))
		source_note(f->s, "recorded in a guest: its times are shifted to those of its host (recording %" PRIx64
			    ", not read here)", peer);
	else
		source_note(f->s, "the option that shifts a guest's times to those of its host is damaged: not shifted");
}

static void take_section(struct dat_file *f, unsigned id, const uint8_t *p, size_t n)
{
	if (n >= 8)
		f->section[id] = get64(p, f->swap);
}

void dat_option(struct dat_file *f, unsigned id, const uint8_t *p, size_t n, struct dat_buffer *b)
{
	switch (id) {
	case DAT_DATE:
		add_offset(f, (int64_t)((uint64_t)number(p, n) * NSEC_PER_USEC));
		break;
	case DAT_OFFSET:
		add_offset(f, number(p, n));
		break;
	case DAT_CPUSTAT:
		take_stats(f, (const char *)p, n);
		break;
	case DAT_BUFFER:
		if (!b)
			take_buffer(f, p, n);
		break;
	case DAT_TRACECLOCK:
		f->clock_behind_table = true;
		dat_clock(f, (const char *)p, n);
		break;
	case DAT_UNAME:
		take_uname(f, (const char *)p, n);
		break;
	case DAT_VERSION:	/* of the program that wrote it: nothing depends on that */
		break;
	case DAT_CPUCOUNT:
		if (n >= 4)
			f->n_cpus = MIN(get32(p, f->swap), (uint32_t)DAT_CPUS_MAX);
		break;
	case DAT_TIME_SHIFT:
		take_shift(f, p, n);
		break;
	case DAT_GUEST:
		source_note(f->s, "recorded together with a guest: %.*s", (int)MIN(n, 64), (const char *)p);
		break;
	case DAT_TSC2NSEC:
		if (n >= 16) {
			f->time.mult = get32(p, f->swap);
			f->time.shift = get32(p + 4, f->swap);
		}
		break;
	case DAT_HEADER_INFO:
	case DAT_FTRACE_EVENTS:
	case DAT_EVENT_FORMATS:
	case DAT_CMDLINES:
		take_section(f, id, p, n);
		break;
	case DAT_BUFFER_TEXT:
		f->text_only = true;
		break;
	}
}
