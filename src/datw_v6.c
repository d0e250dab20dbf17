// SPDX-License-Identifier: GPL-2.0-only
/* Version 6: everything in a fixed order, so what comes later has room kept for it. */
#include "datw_file.h"
#include "dat_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAMES_ROOM = 256 << 10,		/* a hole but for what is used */
	TABLE_ALIGN = 16,		/* an entry: u64 place, u64 size */
	BLOCK = 10 + 2 + 10,		/* of an instance, before its table: two tags and the end of no options */
	LATER_ROOM = DATW_LATER - 8,	/* a text; the next one's size behind it */
	LATER_ID = 65200,		/* the kernel gives the lowest that are free; made.h has 65400 */
	LATER_MAX = 128,
};

/* ---- what is before the data ---- */

/* Of no event. Whoever reads it finds nothing wrong. */
static void put_spare(struct datw_out *o, unsigned i)
{
	char *text = xasprintf("name: later%u\nID: %u\nformat:\n"
			       "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
			       "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
			       "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
			       "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
			       "\tfield:u64 none;\toffset:8;\tsize:8;\tsigned:0;\n\n"
			       "print fmt: \"%%llu\", REC->none\n", i, LATER_ID + i);

	datw_put(o, text, strlen(text));
	free(text);
}

/* Behind those of the other systems. The first stays as it is: its length brings the others to where they should be. */
static void put_later(struct datw *d, struct datw_out *o)
{
	datw_put_text(o, d->later_system);
	datw_put_num(o, d->n_later + 1, 4);
	for (unsigned i = 0; i <= d->n_later; i++) {
		size_t at = o->n, n;

		datw_put_num(o, 0, 8);
		put_spare(o, i);
		n = (DATW_LATER - (o->n + 8) % DATW_LATER) % DATW_LATER;
		memset(datw_room(o, n), '\n', n);
		o->n += n;
		datw_set_num(o, at, o->n - at - 8, 8);
		if (!i)
			d->later_pos = o->n + 8;
	}
}

static void put_formats(struct datw *d, const struct datw_meta *m, struct datw_out *o)
{
	size_t at = o->n;
	uint32_t n = datw_put_formats(d, o);

	if (!m->later_system || !m->n_later)
		return;
	d->later_system = xstrdup(m->later_system);
	d->n_later = MIN(m->n_later, LATER_MAX);
	d->later = xcalloc(d->n_later, LATER_ROOM);
	put_later(d, o);
	datw_set_num(o, at, n + 1, 4);
}

static void put_texts(struct datw *d, const struct datw_meta *m, struct datw_out *o)
{
	datw_put_headers(o, m);
	datw_put_ftrace(o, m);
	put_formats(d, m, o);
	datw_put_sized(o, m->kallsyms, 4);
	datw_put_sized(o, m->printk, 4);
	datw_put_num(o, NAMES_ROOM, 8);
	d->names_pos = o->n;
	datw_put(o, NULL, NAMES_ROOM);
	datw_put_num(o, d->n_cpus, 4);
}

/* A text with NULs behind it; the option ends where (end + ahead) is a multiple of `to`. */
static void put_padded(struct datw_out *o, unsigned id, const char *text, size_t room, size_t ahead, size_t to)
{
	size_t at = o->n;

	datw_put_option(o, id, text, strlen(text) + 1);
	datw_put(o, NULL, room);
	datw_put(o, NULL, (to - (o->n + ahead) % to) % to);
	datw_set_num(o, at + 2, o->n - at - 6, 4);
}

/* The version is last: statistics will take the place of its NULs. Its size is changed in one write: 4-byte aligned. */
static void put_options(struct datw *d, struct datw_out *o)
{
	char *clock = xasprintf("[%s]", d->clock);
	const size_t text = strlen(d->program) + 1;

	datw_put(o, "options  ", 10);
	datw_put_option(o, DAT_TRACECLOCK, clock, strlen(clock) + 1);
	for (size_t i = 1; i < d->n_rings; i++) {
		datw_put_option(o, DAT_BUFFER, NULL, 8 + strlen(d->rings[i].name) + 1);
		d->rings[i].at = o->n - 8 - strlen(d->rings[i].name) - 1;
		memcpy(o->p + d->rings[i].at + 8, d->rings[i].name, strlen(d->rings[i].name));
	}
	datw_put_option(o, DAT_CPUCOUNT, &d->n_cpus, 4);
	put_padded(o, DAT_UNAME, d->uname, 0, 2, 4);
	d->stats_size_pos = o->n + 2;
	d->stats_pos = o->n + 6 + text;
	put_padded(o, DAT_VERSION, d->program, datw_stats_room(d) + 6 + text, 2 + 10, TABLE_ALIGN);
	d->stats_room = o->n - d->stats_pos;
	datw_put_num(o, DAT_DONE, 2);
	free(clock);
}

static void put_table(const struct datw *d, struct datw_ring *r, struct datw_out *o)
{
	datw_put(o, "flyrecord", 10);
	r->table = o->n;
	datw_put(o, NULL, TABLE_ALIGN * (size_t)d->n_cpus);
}

static void put_instance(const struct datw *d, struct datw_ring *r, struct datw_out *o)
{
	datw_put(o, NULL, (TABLE_ALIGN - (o->n + BLOCK) % TABLE_ALIGN) % TABLE_ALIGN);
	datw_set_num(o, r->at, o->n, 8);
	datw_put(o, "options  ", 10);
	datw_put_num(o, DAT_DONE, 2);
	put_table(d, r, o);
}

void datw_v6_front(struct datw *d, const struct datw_meta *m, struct datw_out *o)
{
	char *clock = xasprintf("[%s]", d->clock);

	datw_put_start(d, o);
	put_texts(d, m, o);
	put_options(d, o);
	put_table(d, &d->rings[0], o);
	datw_put_sized(o, (struct datw_text){ clock, strlen(clock) }, 8);
	for (size_t i = 1; i < d->n_rings; i++)
		put_instance(d, &d->rings[i], o);
	d->front_end = o->n;
	free(clock);
}

/* ---- what tells about the data ---- */

static int write_table(struct datw *d, struct datw_ring *r, struct err *err)
{
	struct datw_out *o = &d->scratch;

	o->n = 0;
	datw_put(o, NULL, TABLE_ALIGN * (size_t)d->n_cpus);
	for (uint32_t i = 0; i < r->n_streams; i++) {
		const struct datw_stream *s = &r->streams[i];

		if (!s->len)
			continue;
		datw_set_num(o, TABLE_ALIGN * (size_t)s->cpu, s->at, 8);
		datw_set_num(o, TABLE_ALIGN * (size_t)s->cpu + 8, s->len, 8);
	}
	return datw_write(d, o->p, o->n, r->table, err);
}

/* Cut at a line when it is too much. NULs end the text. */
static int write_names(struct datw *d, struct err *err)
{
	size_t n = d->n_names;
	int r;

	while (n > NAMES_ROOM - 1 || (n && d->names[n - 1] != '\n'))
		n--;
	d->scratch.n = 0;
	datw_put(&d->scratch, d->names, n);
	if (n < d->names_written)
		datw_put(&d->scratch, NULL, d->names_written - n);
	r = datw_write(d, d->scratch.p, d->scratch.n, d->names_pos, err);
	d->names_changed = r;
	d->names_written = MAX(n, d->names_written);
	return r;
}

/* The newest of a name is the one that counts. */
static unsigned later_place(const struct datw *d, const struct datw_format *f)
{
	size_t head = datw_format_head(f);
	unsigned i = 0;

	while (i < d->n_came && memcmp(d->later + (size_t)i * LATER_ROOM, f->text.p, head))
		i++;
	return i;
}

int datw_v6_add_format(struct datw *d, const struct datw_format *f, struct err *err)
{
	char text[LATER_ROOM], *at;
	unsigned i;

	if (!d->later_system || strcmp(d->later_system, f->system))
		return err_set(err, -ENOTSUP, "%s: an event that is new cannot be added to a recording of version 6",
			       d->path);
	if (f->text.len > LATER_ROOM)
		return err_set(err, -ENOSPC, "%s: the format of an event is %zu bytes long, and there is room for %d",
			       d->path, f->text.len, LATER_ROOM);
	if (!datw_format_head(f))
		return 0;
	i = later_place(d, f);
	if (i == d->n_later)
		return err_set(err, -ENOSPC, "%s: %u events are new, and there is no room for more", d->path, i);
	memset(text, '\n', sizeof text);
	memcpy(text, f->text.p, f->text.len);
	at = d->later + (size_t)i * LATER_ROOM;
	if (!memcmp(at, text, sizeof text))
		return 0;
	memcpy(at, text, sizeof text);
	d->n_came = MAX(d->n_came, i + 1);
	d->n_told = MIN(d->n_told, i);
	return 0;
}

/* Each on one page: a write that is killed wrote it or did not. */
static int write_later(struct datw *d, struct err *err)
{
	int r = 0;

	while (d->n_told < d->n_came && !r) {
		size_t i = d->n_told;

		r = datw_write(d, d->later + i * LATER_ROOM, LATER_ROOM, d->later_pos + i * DATW_LATER, err);
		d->n_told += !r;
	}
	return r;
}

/* What describes the data and cannot be written keeps no data from being told of. */
int datw_v6_publish(struct datw *d, struct err *err)
{
	int lacking = write_later(d, err), r = 0;

	if (d->names_changed && !lacking)
		lacking = write_names(d, err);
	for (size_t i = 0; i < d->n_rings && !r; i++)
		r = write_table(d, &d->rings[i], err);
	return r ? r : lacking;
}

/* ---- the end ---- */

/* Options in the padding are seen when it shrinks to what it has in front; another one takes the rest of it. */
static int write_stats(struct datw *d, struct err *err)
{
	const uint32_t text = (uint32_t)strlen(d->program) + 1;
	struct datw_out *o = &d->scratch;
	int r;

	o->n = 0;
	datw_put_stats(d, o);
	if (!o->n)
		return 0;
	datw_put_option(o, DAT_VERSION, d->program, text);
	datw_set_num(o, o->n - text - 4, d->stats_room - (o->n - text), 4);
	r = datw_write(d, o->p, o->n, d->stats_pos, err);
	return r ? r : datw_write(d, &text, 4, d->stats_size_pos, err);
}

int datw_v6_finish(struct datw *d, struct err *err)
{
	uint64_t end = datw_compact(d);
	int r = write_stats(d, err);

	if (!r)
		r = datw_publish(d, err);
	return r ? r : datw_truncate(d, end, err);
}
