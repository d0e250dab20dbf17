// SPDX-License-Identifier: GPL-2.0-only
/*
 * source_perfdata: perf.data recordings, written to a file or to a pipe, plain or zstd.
 *
 *	perf_input (records) --> push: what will be an event --> perf_order (time) --> give: struct event
 *	         \--> perf_header: attrs, features, formats, when they come as records
 *
 * Only tracepoint samples and the few records that tell of tasks, switches and losses become events. Of the
 * rest (cycles, mmaps, ...) nothing is kept but how many samples there were.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "perf_format.h"
#include "perf_header.h"
#include "perf_order.h"
#include "perf_tracing.h"

struct perfdata {
	struct source s;
	struct perf_header header;
	struct perf_meta meta;
	struct perf_input in;
	struct perf_order order;
	struct record made;		/* the synthetic event given last */
	struct perf_block *held;	/* holds the event given last */
	uint64_t first_ts, last_ts;	/* of what was given */
	uint64_t *cpu_ts;		/* the same by CPU + 1 */
	size_t cap_cpu_ts;
	uint64_t n_lost_told, n_lost_counted;	/* by records with a time; by perf in the end, for all */
	uint64_t n_throttled, n_no_cpu, n_tracepoints;
	int status;			/* 1: reading goes on; 0: the end; -errno: why says what is wrong */
	bool noted;
	struct err why;
};

/* ---- records in ---- */

static void push(struct perfdata *pd, const struct perf_rec *r, const uint8_t *p, uint32_t len, uint64_t ts,
		 uint32_t cpu)
{
	struct perf_item it = {
		.ts = ts, .b = r->b, .off = (uint32_t)(p - r->b->data), .cpu = cpu,
		.len = (uint16_t)len, .kind = (uint16_t)r->type,
	};

	if (unlikely(!perf_order_push(&pd->order, &it)))
		pd->s.info.n_bad++;
	else if (unlikely(cpu != CPU_NONE && cpu >= pd->s.info.n_cpus))
		pd->s.info.n_cpus = cpu + 1;
}

static void on_sample(struct perfdata *pd, const struct perf_rec *r)
{
	struct perf_sample s;

	if (unlikely(!perf_sample_read(&pd->meta.attrs, r->p, r->size, &s))) {
		pd->s.info.n_bad++;
		return;
	}
	s.attr->n_samples++;
	if (s.attr->type != PERF_TRACEPOINT)
		return;
	pd->n_tracepoints++;
	if (unlikely(!s.raw))
		pd->s.info.n_bad++;
	else if (unlikely(s.cpu == CPU_NONE))
		pd->n_no_cpu++;
	else
		push(pd, r, s.raw, s.raw_bytes, s.ts, s.cpu);
}

/* Bytes of a record without its trailer; COMM's text is not counted. 0: not a record that is wanted. */
static size_t body_bytes(uint32_t type)
{
	switch (type) {
	case PERF_REC_LOST: return 24;
	case PERF_REC_COMM: return 16;
	case PERF_REC_EXIT:
	case PERF_REC_FORK: return 32;
	case PERF_REC_LOST_SAMPLES: return 16;
	case PERF_REC_SWITCH: return 8;
	case PERF_REC_SWITCH_CPU_WIDE: return 16;
	default: return 0;
	}
}

static uint64_t lost_count(const struct perfdata *pd, uint32_t type, const uint8_t *p)
{
	return get64(p + (type == PERF_REC_LOST ? 16 : 8), pd->meta.attrs.swap);
}

/* true: nothing to be given. Before 6.2 perf did not write LOST_SAMPLES itself; the kernel's have a time. */
static bool only_counted(struct perfdata *pd, const struct perf_rec *r, const struct perf_stamp *st)
{
	if (r->type != PERF_REC_LOST && r->type != PERF_REC_LOST_SAMPLES)
		return false;
	if (r->type == PERF_REC_LOST_SAMPLES && r->misc & PERF_MISC_LOST_BPF)
		return true;
	if (r->type == PERF_REC_LOST_SAMPLES && (!st->ts || st->ts == UINT64_MAX)) {
		pd->n_lost_counted += lost_count(pd, r->type, r->p);
		return true;
	}
	pd->n_lost_told += lost_count(pd, r->type, r->p);
	return false;
}

static void on_side_record(struct perfdata *pd, const struct perf_rec *r)
{
	size_t body = body_bytes(r->type);
	struct perf_stamp st;

	if (!body)
		return;
	if (r->size < body) {
		pd->s.info.n_bad++;
		return;
	}
	st = perf_trailer_read(&pd->meta.attrs, r->p, r->size, body);
	if (!st.ts && (r->type == PERF_REC_FORK || r->type == PERF_REC_EXIT))
		st.ts = get64(r->p + 24, pd->meta.attrs.swap);
	if (!st.ts)
		st.cpu = CPU_NONE;	/* perf made it up: its trailer is all zero */
	if (!only_counted(pd, r, &st))
		push(pd, r, r->p, r->size, st.ts, st.cpu);
}

static void on_tracing_data(struct perfdata *pd, const struct perf_rec *r)
{
	uint64_t len = r->size >= 12 ? get32(r->p + 8, pd->meta.attrs.swap) : 0;
	uint8_t *buf;
	size_t got;

	len = (len + 7) & ~7ull;
	if (!pd->header.pipe || pd->meta.has_formats || r->packed || len > PERF_TRACING_MAX_BYTES) {
		perf_input_skip(&pd->in, r, len);
		return;
	}
	buf = perf_input_take(&pd->in, len, &got);
	perf_feature(&pd->meta, PERF_FEAT_TRACING_DATA, (struct bytes){ .p = buf, .left = got });
	free(buf);
}

static void on_feature(struct perfdata *pd, struct bytes body)
{
	uint64_t feature = bytes_u64(&body);

	if (body.bad || feature >= PERF_FEATS)
		return;
	perf_feature(&pd->meta, (unsigned)feature, body);
	perf_meta_clock(&pd->meta);
}

static void on_user_record(struct perfdata *pd, const struct perf_rec *r)
{
	struct bytes body = { .p = r->p + 8, .left = r->size - 8u, .swap = pd->meta.attrs.swap };

	switch (r->type) {
	case PERF_REC_FINISHED_ROUND:
		perf_order_round(&pd->order);
		break;
	case PERF_REC_HEADER_ATTR:
		if (pd->header.pipe)
			perf_attr_record(&pd->meta, body);
		perf_meta_clock(&pd->meta);
		break;
	case PERF_REC_EVENT_UPDATE:
		perf_update_record(&pd->meta, body);
		break;
	case PERF_REC_FEATURE:
		on_feature(pd, body);
		break;
	case PERF_REC_TRACING_DATA:
		on_tracing_data(pd, r);
		break;
	case PERF_REC_AUXTRACE:
		perf_input_skip(&pd->in, r, bytes_u64(&body));
		break;
	}
}

/* Takes in one record. */
static void read_one(struct perfdata *pd, struct perf_rec *r)
{
	pd->status = perf_input_next(&pd->in, r, &pd->why);
	if (unlikely(pd->status <= 0)) {
		perf_order_end(&pd->order);
		return;
	}
	if (likely(r->type == PERF_REC_SAMPLE))
		on_sample(pd, r);
	else if (r->type >= PERF_REC_USER)
		on_user_record(pd, r);
	else if (r->type == PERF_REC_THROTTLE)
		pd->n_throttled++;
	else
		on_side_record(pd, r);
}

/* ---- events out ---- */

static void made_begin(struct perfdata *pd, enum source_type type, struct event *ev)
{
	record_begin(&pd->made, pd->s.formats.v[type]);
	*ev = (struct event){ .ts = pd->last_ts, .cpu = ev->cpu, .pid = -1, .type = (uint16_t)type };
}

static void made_end(struct perfdata *pd, struct event *ev)
{
	ev->raw = pd->made.buf;
	ev->len_bytes = (uint32_t)pd->made.len;
}

static void give_lost(struct perfdata *pd, struct event *ev, uint64_t from, uint64_t count)
{
	made_begin(pd, SOURCE_LOST, ev);
	record_num(&pd->made, 0, from);
	record_num(&pd->made, 1, count);
	made_end(pd, ev);
}

static void give_comm(struct perfdata *pd, struct event *ev, const uint8_t *p, size_t len)
{
	bool swap = pd->meta.attrs.swap;
	const char *comm = (const char *)p + 16;

	made_begin(pd, SOURCE_COMM, ev);
	record_num(&pd->made, 0, get32(p + 12, swap));
	record_num(&pd->made, 1, get32(p + 8, swap));
	record_num(&pd->made, 2, (get16(p + 4, swap) & PERF_MISC_COMM_EXEC) != 0);
	record_text(&pd->made, 3, comm, strnlen(comm, MIN(len - 16, 64)));
	made_end(pd, ev);
}

/* FORK and EXIT: u32 pid, ppid, tid, ptid, u64 time; perf's tid is the kernel's pid. */
static void give_fork(struct perfdata *pd, struct event *ev, const uint8_t *p)
{
	bool swap = pd->meta.attrs.swap;

	made_begin(pd, SOURCE_FORK, ev);
	record_num(&pd->made, 0, get32(p + 16, swap));
	record_num(&pd->made, 1, get32(p + 8, swap));
	record_num(&pd->made, 2, get32(p + 20, swap));
	record_num(&pd->made, 3, get32(p + 12, swap));
	made_end(pd, ev);
}

static void give_exit(struct perfdata *pd, struct event *ev, const uint8_t *p)
{
	bool swap = pd->meta.attrs.swap;

	made_begin(pd, SOURCE_EXIT, ev);
	record_num(&pd->made, 0, get32(p + 16, swap));
	record_num(&pd->made, 1, get32(p + 8, swap));
	made_end(pd, ev);
}

static bool give_switch(struct perfdata *pd, struct event *ev, const uint8_t *p, size_t len, size_t body)
{
	struct perf_stamp st = perf_trailer_read(&pd->meta.attrs, p, len, body);
	uint16_t misc = get16(p + 4, pd->meta.attrs.swap);

	if (st.tid < 0) {
		pd->s.info.n_bad++;
		return false;
	}
	made_begin(pd, SOURCE_SWITCH, ev);
	record_num(&pd->made, 0, (uint64_t)st.tid);
	record_num(&pd->made, 1, (misc & PERF_MISC_SWITCH_OUT) != 0);
	record_num(&pd->made, 2, (misc & PERF_MISC_SWITCH_PREEMPT) != 0);
	made_end(pd, ev);
	return true;
}

static bool give_side(struct perfdata *pd, const struct perf_item *it, const uint8_t *p, struct event *ev)
{
	uint32_t slot = it->cpu + 1;
	uint64_t from = slot < pd->cap_cpu_ts ? pd->cpu_ts[slot] : 0;

	switch (it->kind) {
	case PERF_REC_LOST:
	case PERF_REC_LOST_SAMPLES:
		give_lost(pd, ev, from ? from : pd->first_ts, lost_count(pd, it->kind, p));
		return true;
	case PERF_REC_COMM: give_comm(pd, ev, p, it->len); return true;
	case PERF_REC_FORK: give_fork(pd, ev, p); return true;
	case PERF_REC_EXIT: give_exit(pd, ev, p); return true;
	default: return give_switch(pd, ev, p, it->len, body_bytes(it->kind));
	}
}

/* false: the item is no event after all. */
static bool give(struct perfdata *pd, const struct perf_item *it, struct event *ev)
{
	const uint8_t *p = perf_block_bytes(&pd->in, it->b);
	bool ok;

	if (unlikely(!p)) {
		pd->s.info.n_bad++;
		return false;
	}
	if (unlikely(it->ts < pd->last_ts))
		pd->s.info.n_late += it->ts != 0;
	else
		pd->last_ts = it->ts;
	if (unlikely(!pd->first_ts))
		pd->first_ts = pd->last_ts;
	ev->ts = pd->last_ts;
	ev->cpu = it->cpu;
	if (likely(it->kind == PERF_REC_SAMPLE)) {
		ok = formats_header(&pd->s.formats, p + it->off, it->len, ev);
		pd->s.info.n_unknown += !ok;
	} else {
		ok = give_side(pd, it, p + it->off, ev);
	}
	GROW(pd->cpu_ts, it->cpu + 1u, pd->cap_cpu_ts);
	pd->cpu_ts[it->cpu + 1u] = pd->last_ts;
	return ok;
}

/* ---- the end ---- */

static void note_no_steps(struct perfdata *pd)
{
	char text[400] = "", name[128];
	size_t at = 0, n_shown = 0;

	for (size_t i = 0; i < pd->meta.attrs.n && n_shown < 6; i++) {
		const struct perf_attr *a = &pd->meta.attrs.v[i];

		if (a->type == PERF_TRACEPOINT)
			return;
		if (!a->n_samples)
			continue;
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%s: %llu", n_shown++ ? ", " : "",
				       perf_attr_name(a, name, sizeof name), (unsigned long long)a->n_samples);
		at = MIN(at, sizeof text - 1);
	}
	source_note(&pd->s, "no tracepoints in it, so nothing here makes steps (samples: %s); record with "
		    "-e sched:sched_switch,sched:sched_waking and the like", n_shown ? text : "none");
}

static void note_end(struct perfdata *pd)
{
	struct source *s = &pd->s;

	if (pd->in.truncated)
		source_damage(s, "the recording ends within a record: it is cut short");
	if (pd->meta.attrs.muddled)
		source_note(s, "samples of its events are laid out differently and bear no ids: they cannot be told apart");
	if (pd->meta.attrs.n_dropped)
		source_note(s, "%zu event ids made no sense", pd->meta.attrs.n_dropped);
	if (pd->n_tracepoints && !pd->meta.has_formats)
		source_note(s, "no event formats in it: its %llu tracepoint samples cannot be read",
			    (unsigned long long)pd->n_tracepoints);
	if (pd->n_no_cpu)
		source_note(s, "%llu samples do not tell their CPU and were left out: record with -a or --sample-cpu",
			    (unsigned long long)pd->n_no_cpu);
	if (pd->n_throttled)
		source_note(s, "the kernel throttled events %llu times: some are missing",
			    (unsigned long long)pd->n_throttled);
	note_no_steps(pd);
}

/* true: perf counted more losses than were told in the stream; *ev says so. Buffers were full until the end then. */
static bool last_loss(struct perfdata *pd, struct event *ev)
{
	uint64_t more = pd->n_lost_counted > pd->n_lost_told ? pd->n_lost_counted - pd->n_lost_told : 0;

	if (!more)
		return false;
	ev->cpu = CPU_NONE;
	give_lost(pd, ev, pd->last_ts, more);
	return true;
}

static int finish(struct perfdata *pd, struct event *ev, struct err *err)
{
	if (pd->status < 0)
		return err_set(err, pd->status, "%s", pd->why.text);
	if (pd->noted)
		return 0;
	pd->noted = true;
	note_end(pd);
	return last_loss(pd, ev);
}

static int perfdata_next(struct source *s, struct event *ev, struct err *err)
{
	struct perfdata *pd = (struct perfdata *)s;
	struct perf_item it;
	struct perf_rec r;

	for (;;) {
		perf_block_put(&pd->in, pd->held);
		pd->held = NULL;
		if (perf_order_pop(&pd->order, &it)) {
			pd->held = it.b;
			if (likely(give(pd, &it, ev)))
				return 1;
			continue;
		}
		if (pd->status <= 0)
			return finish(pd, ev, err);
		do
			read_one(pd, &r);
		while (pd->order.dry);
		s->info.bytes_done = pd->in.off;
	}
}

static void perfdata_close(struct source *s)
{
	struct perfdata *pd = (struct perfdata *)s;

	perf_block_put(&pd->in, pd->held);
	perf_order_fini(&pd->order);
	perf_input_fini(&pd->in);
	perf_meta_fini(&pd->meta);
	record_fini(&pd->made);
	source_fini(s);
	free(pd->cpu_ts);
	free(pd);
}

/* ---- opening ---- */

static const struct source_ops perfdata_ops = { .next = perfdata_next, .close = perfdata_close };

/* A pipe's attrs, features and formats come first, as records: up to the first record of another kind. */
static int load_pipe(struct perfdata *pd, struct err *err)
{
	struct perf_rec r;

	perf_input_range(&pd->in, PERF_PIPE_HEADER_BYTES, pd->in.seekable ? pd->s.info.bytes_total : UINT64_MAX);
	do
		read_one(pd, &r);
	while (pd->status > 0 && r.type >= PERF_REC_USER && r.type != PERF_REC_FINISHED_ROUND && !r.packed);
	if (!pd->meta.attrs.n && pd->status < 0)
		return err_set(err, pd->status, "%s", pd->why.text);
	if (!pd->meta.attrs.n)
		return err_set(err, -EINVAL, "%s: no event is described in it: file is damaged", pd->in.path);
	return perf_meta_packing(&pd->meta, &pd->in, err);
}

struct source *perfdata_open(struct source_file *f, struct err *err)
{
	struct perfdata *pd = xcalloc(1, sizeof *pd);
	struct source *s = &pd->s;
	int r = perf_header_read(&pd->header, f, err);

	pd->status = 1;
	source_init(s, &perfdata_ops, "perf.data", f->path, pd->header.big_endian, 8);
	s->info.bytes_total = f->size_bytes;
	perf_meta_init(&pd->meta, s, pd->header.big_endian);
	perf_input_init(&pd->in, f, pd->meta.attrs.swap);
	pd->in.path = s->info.file;
	perf_order_init(&pd->order, &pd->in);
	if (!r)
		r = pd->header.pipe ? load_pipe(pd, err) : perf_header_load(&pd->header, &pd->meta, &pd->in, err);
	if (r) {
		perfdata_close(s);
		return NULL;
	}
	perf_meta_clock(&pd->meta);
	return s;
}
