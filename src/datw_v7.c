// SPDX-License-Identifier: GPL-2.0-only
/* Version 7: sections, and options that say where they are. */
#include "datw_file.h"
#include "dat_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DAT_STRINGS = 15, DAT_KALLSYMS = 19, DAT_PRINTK = 20, PACKED = 1, PLAIN_SPARE = 64 << 10, PACKED_SPARE = 16 << 10 };

/* What trace-cmd dump calls the sections; their heads hold the place of the text among these. */
static const struct title {
	uint8_t id;
	const char *text;
} titles[] = {
	{ DAT_HEADER_INFO, "headers" }, { DAT_FTRACE_EVENTS, "ftrace events" }, { DAT_EVENT_FORMATS, "events format" },
	{ DAT_KALLSYMS, "kallsyms" }, { DAT_PRINTK, "printk" }, { DAT_CMDLINES, "command lines" },
	{ DAT_DONE, "options" }, { DAT_BUFFER, "buffer flyrecord" }, { DAT_STRINGS, "strings" },
};
static const uint8_t fixed[] = { DAT_HEADER_INFO, DAT_FTRACE_EVENTS, DAT_KALLSYMS, DAT_PRINTK };

static uint32_t title_of(unsigned id)
{
	uint32_t at = 0;

	for (size_t i = 0; i < ARRAY_LEN(titles) && titles[i].id != id; i++)
		at += (uint32_t)strlen(titles[i].text) + 1;
	return at;
}

static void put_head(struct datw_out *o, unsigned id, bool packed, uint64_t size)
{
	datw_put_num(o, id, 2);
	datw_put_num(o, packed ? PACKED : 0, 2);
	datw_put_num(o, title_of(id), 4);
	datw_put_num(o, size, 8);
}

static int put_section(struct datw *d, struct datw_out *o, unsigned id, const struct datw_out *body, struct err *err)
{
	size_t at = o->n;
	int r = 0;

	put_head(o, id, d->packed, 0);
	if (d->packed)
		r = datw_pack(d, o, body->p, body->n, DATW_LEVEL_TEXT, err);
	else
		datw_put(o, body->p, body->n);
	datw_set_num(o, at + 8, o->n - at - DATW_HEAD, 8);
	return r;
}

/* ---- what is before the data ---- */

static void put_titles(struct datw_out *o)
{
	size_t at = o->n;

	put_head(o, DAT_STRINGS, false, 0);
	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		datw_put_text(o, titles[i].text);
	datw_set_num(o, at + 8, o->n - at - DATW_HEAD, 8);
}

static void put_fixed(struct datw_out *o, unsigned id, const struct datw_meta *m)
{
	o->n = 0;
	switch (id) {
	case DAT_HEADER_INFO:
		datw_put_headers(o, m);
		break;
	case DAT_FTRACE_EVENTS:
		datw_put_ftrace(o, m);
		break;
	case DAT_KALLSYMS:
		datw_put_sized(o, m->kallsyms, 4);
		break;
	case DAT_PRINTK:
		datw_put_sized(o, m->printk, 4);
		break;
	}
}

static int put_all_fixed(struct datw *d, const struct datw_meta *m, struct datw_out *o, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(fixed) && !r; i++) {
		d->sections[i] = o->n;
		put_fixed(&d->scratch, fixed[i], m);
		r = put_section(d, o, fixed[i], &d->scratch, err);
	}
	return r;
}

static int put_formats(struct datw *d, struct datw_out *o, struct err *err)
{
	d->scratch.n = 0;
	datw_put_formats(d, &d->scratch);
	return put_section(d, o, DAT_EVENT_FORMATS, &d->scratch, err);
}

static int put_names(struct datw *d, struct datw_out *o, struct err *err)
{
	d->scratch.n = 0;
	datw_put_sized(&d->scratch, (struct datw_text){ d->names, d->n_names }, 8);
	return put_section(d, o, DAT_CMDLINES, &d->scratch, err);
}

/* As large as its room, so that who walks the sections comes out at the next. */
static void fill_room(struct datw_out *o, size_t at, uint64_t room)
{
	datw_set_num(o, at + 8, room - DATW_HEAD, 8);
	datw_put(o, NULL, at + room - o->n);
}

static int put_first(struct datw *d, struct datw_grown *g, struct datw_out *o, size_t spare, struct err *err,
		     int (*put)(struct datw *, struct datw_out *, struct err *))
{
	int r;

	g->at[0] = o->n;
	r = put(d, o, err);
	g->room[0] = o->n - g->at[0] + spare;
	fill_room(o, g->at[0], g->room[0]);
	return r;
}

/*
 * Both places are in front of the data, with room for some more, and are there from the beginning: an event that is new
 * can be told of when the disk is full. And libtracecmd 1.3.1 loses its way in plain formats behind 2 GiB, for it takes a
 * file's offset into an int there.
 */
static int put_first_formats(struct datw *d, struct datw_out *o, struct err *err)
{
	struct datw_grown *g = &d->formats_at;
	int r = put_first(d, g, o, d->packed ? PACKED_SPARE : PLAIN_SPARE, err, put_formats);

	if (r)
		return r;
	g->at[1] = o->n;
	g->room[1] = g->room[0];
	datw_room(o, g->room[1]);
	datw_put(o, o->p + g->at[0], g->room[0]);
	return 0;
}

static uint32_t table_len(const struct datw_ring *r)
{
	return r->n_streams ? r->streams[r->n_streams - 1].cpu + 1 : 0;
}

static size_t options_room(const struct datw *d)
{
	size_t n = 256 + strlen(d->clock) + strlen(d->uname) + strlen(d->program) + datw_stats_room(d);

	for (size_t i = 0; i < d->n_rings; i++)
		n += 32 + strlen(d->rings[i].name) + strlen(d->clock) + 20 * (size_t)table_len(&d->rings[i]);
	return n;
}

static void put_options_room(struct datw *d, struct datw_out *o)
{
	d->options_room = options_room(d);
	for (int i = 0; i < 2; i++) {
		d->options[i] = o->n;
		put_head(o, DAT_DONE, false, d->options_room - DATW_HEAD);
		datw_put(o, NULL, d->options_room - DATW_HEAD);
	}
}

int datw_v7_front(struct datw *d, const struct datw_meta *m, struct datw_out *o, struct err *err)
{
	int r;

	datw_put_start(d, o);
	datw_put_text(o, d->packed ? "zstd" : "none");
	datw_put_text(o, d->packed ? datw_pack_version() : "");
	d->start_at = o->n;
	datw_put_num(o, 0, 8);
	put_titles(o);
	r = put_all_fixed(d, m, o, err);
	if (!r)
		r = put_first_formats(d, o, err);
	if (!r)
		r = put_first(d, &d->names_at, o, 0, err, put_names);
	put_options_room(d, o);
	d->rings[0].at = o->n;
	put_head(o, DAT_BUFFER, d->packed, 0);
	d->front_end = o->n;
	return r;
}

/* ---- what tells about the data ---- */

static void put_place(struct datw_out *o, unsigned id, uint64_t at)
{
	datw_put_num(o, id, 2);
	datw_put_num(o, 8, 4);
	datw_put_num(o, at, 8);
}

/* CPUs in a gap are listed without data: trace-cmd convert would take them for CPU 0. */
static void put_cpus(const struct datw *d, struct datw_out *o, const struct datw_ring *r)
{
	const struct datw_stream *s = r->streams;
	uint32_t n = table_len(r);

	datw_put_num(o, n, 4);
	for (uint32_t cpu = 0; cpu < n; cpu++) {
		datw_put_num(o, cpu, 4);
		datw_put_num(o, s->at, 8);
		datw_put_num(o, s->cpu == cpu ? datw_size(d, s) : 0, 8);
		s += s->cpu == cpu && cpu + 1 < n;
	}
}

static void put_buffer(const struct datw *d, struct datw_out *o, const struct datw_ring *r)
{
	size_t at = o->n;

	datw_put_option(o, DAT_BUFFER, &r->at, 8);
	datw_put_text(o, r->name);
	datw_put_text(o, d->clock);
	datw_put_num(o, d->page_size, 4);
	put_cpus(d, o, r);
	datw_set_num(o, at + 2, o->n - at - 6, 4);
}

/* In the order trace-cmd writes them. */
static void put_options(const struct datw *d, struct datw_out *o)
{
	char *clock = xasprintf("[%s]", d->clock);

	put_head(o, DAT_DONE, false, d->options_room - DATW_HEAD);
	put_place(o, DAT_HEADER_INFO, d->sections[0]);
	put_place(o, DAT_FTRACE_EVENTS, d->sections[1]);
	put_place(o, DAT_EVENT_FORMATS, d->formats_at.at[d->formats_at.now]);
	put_place(o, DAT_KALLSYMS, d->sections[2]);
	put_place(o, DAT_PRINTK, d->sections[3]);
	datw_put_option(o, DAT_TRACECLOCK, clock, strlen(clock) + 1);
	datw_put_option(o, DAT_UNAME, d->uname, strlen(d->uname) + 1);
	datw_put_option(o, DAT_VERSION, d->program, strlen(d->program) + 1);
	datw_put_stats(d, o);
	put_place(o, DAT_CMDLINES, d->names_at.at[d->names_at.now]);
	datw_put_option(o, DAT_CPUCOUNT, &d->n_cpus, 4);
	for (size_t i = 0; i < d->n_rings; i++)
		put_buffer(d, o, &d->rings[i]);
	put_place(o, DAT_DONE, 0);
	free(clock);
	BUG_ON(o->n > d->options_room);
}

static int find_room(struct datw *d, struct datw_grown *g, size_t n, struct err *err)
{
	unsigned i = !g->told;
	uint64_t room = (2 * n + 4095) / 4096 * 4096;

	if (n <= g->room[i])
		return 0;
	if (d->grown_end + room > d->far_end || (g == &d->formats_at && !d->packed))
		return err_set(err, -EFBIG, "%s: no room for more event formats and task names", d->path);
	g->at[i] = d->grown_end;
	g->room[i] = room;
	d->grown_end += room;
	return 0;
}

static int write_grown(struct datw *d, struct datw_grown *g, struct datw_out *o, struct err *err)
{
	unsigned i = !g->told;
	int r = find_room(d, g, o->n, err);

	if (r)
		return r;
	datw_set_num(o, 8, g->room[i] - DATW_HEAD, 8);
	g->now = g->told;			/* the other one may become half of it */
	r = datw_write(d, o->p, o->n, g->at[i], err);
	if (r)
		return r;
	g->now = i;
	g->changed = false;
	return 0;
}

static int renew(struct datw *d, struct datw_grown *g, struct err *err,
		 int (*put)(struct datw *, struct datw_out *, struct err *))
{
	struct datw_out o = { 0 };
	int r = 0;

	if (g->changed)
		r = put(d, &o, err);
	if (!r && o.n)
		r = write_grown(d, g, &o, err);
	free(o.p);
	return r;
}

static int tell_chunks(struct datw *d, struct datw_stream *s, struct err *err)
{
	int r;

	if (s->n_chunks == s->told_chunks)
		return 0;
	r = datw_write(d, &s->n_chunks, 4, s->at, err);
	if (!r)
		s->told_chunks = s->n_chunks;
	return r;
}

/* Those of streams the file does not name yet, or all. */
static int tell_all_chunks(struct datw *d, bool all, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < d->n_rings && d->packed; i++)
		for (uint32_t k = 0; k < d->rings[i].n_streams && !r; k++)
			if (all || !d->rings[i].streams[k].told)
				r = tell_chunks(d, &d->rings[i].streams[k], err);
	return r;
}

static void told(struct datw *d, unsigned slot)
{
	d->options_told = slot;
	d->formats_at.told = d->formats_at.now;
	d->names_at.told = d->names_at.now;
	for (size_t i = 0; i < d->n_rings; i++)
		for (uint32_t k = 0; k < d->rings[i].n_streams; k++)
			d->rings[i].streams[k].told = datw_size(d, &d->rings[i].streams[k]);
}

static int switch_options(struct datw *d, struct err *err)
{
	unsigned slot = !d->options_told;
	struct datw_out o = { 0 };
	int r;

	put_options(d, &o);
	r = datw_write(d, o.p, o.n, d->options[slot], err);
	free(o.p);
	if (!r)
		r = datw_write(d, &d->options[slot], 8, d->start_at, err);
	if (!r)
		told(d, slot);
	return r;
}

/* What describes the data and cannot be written keeps no data from being told of. */
int datw_v7_publish(struct datw *d, struct err *err)
{
	int lacking = renew(d, &d->formats_at, err, put_formats), r;

	if (!lacking)
		lacking = renew(d, &d->names_at, err, put_names);
	r = tell_all_chunks(d, false, err);
	if (!r)
		r = switch_options(d, err);
	if (!r)
		r = tell_all_chunks(d, true, err);
	return r ? r : lacking;
}

int datw_v7_head(struct datw *d, uint64_t at, uint64_t end, struct err *err)
{
	struct datw_out *o = &d->scratch;

	o->n = 0;
	put_head(o, DAT_BUFFER, d->packed, end - at - DATW_HEAD);
	return datw_write(d, o->p, o->n, at, err);
}

/* ---- the end ---- */

/* Behind the data, if it is not in front of it already. Where it cannot be, it stays where it is. */
static uint64_t bring_home(struct datw *d, struct datw_grown *g, uint64_t end,
			   int (*put)(struct datw *, struct datw_out *, struct err *))
{
	struct datw_out o = { 0 };
	uint64_t room = g->room[g->now];

	if (g->at[g->now] < d->front_end)
		return end;
	if (!put(d, &o, NULL) && end + o.n <= d->grown_from && !datw_write(d, o.p, o.n, end, NULL)) {
		g->now = !g->told;
		g->at[g->now] = end;
		room = o.n;
	}
	free(o.p);
	return MAX(end, g->at[g->now] + room);
}

/*
 * Who walks the sections has passed over everything by the first head so far, the holes of the regions too. So that one
 * is the last to change, when there are no holes to be walked any more.
 */
static int write_heads(struct datw *d, uint64_t end, struct err *err)
{
	int r = 0;

	for (size_t i = d->n_rings; i-- > 0 && !r; end = d->rings[i].at)
		r = datw_v7_head(d, d->rings[i].at, end, err);
	return r;
}

int datw_v7_finish(struct datw *d, struct err *err)
{
	uint64_t data_end = datw_compact(d), end;
	int r;

	end = bring_home(d, &d->formats_at, data_end, put_formats);
	end = bring_home(d, &d->names_at, end, put_names);
	r = datw_publish(d, err);
	if (!r)
		r = datw_truncate(d, end, err);
	return r ? r : write_heads(d, data_end, err);
}
