// SPDX-License-Identifier: GPL-2.0-only
#include "perf_header.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "perf_format.h"
#include "perf_tracing.h"

#define ATTR_MAX_BYTES 4096u		/* kernels refuse more */
#define ATTRS_MAX_BYTES (16ull << 20)
#define IDS_MAX_BYTES (32ull << 20)	/* of all attrs */
#define FEATURE_MAX_BYTES (16ull << 20)

void perf_meta_init(struct perf_meta *m, struct source *s, bool big_endian)
{
	*m = (struct perf_meta){ .s = s, .clockid = -1 };
	perf_attrs_init(&m->attrs, big_endian);
}

void perf_meta_fini(struct perf_meta *m)
{
	perf_attrs_fini(&m->attrs);
}

/* ---- the file header ---- */

int perf_header_read(struct perf_header *h, const struct source_file *f, struct err *err)
{
	bool swapped = !memcmp(f->head, "2ELIFREP", 8);
	struct bytes b = { .p = f->head, .left = f->n_head };
	uint8_t buf[PERF_FILE_HEADER_BYTES];
	uint64_t size;

	if (f->n_head < PERF_PIPE_HEADER_BYTES || (!swapped && memcmp(f->head, "PERFILE2", 8)))
		return err_set(err, -EINVAL, "%s: not a perf.data recording of the kind PERFILE2", f->path);
	/* The magic is a number: read as text it is the right way round on little-endian machines. */
	*h = (struct perf_header){ .big_endian = swapped };
	b.swap = h->big_endian != host_big_endian();
	bytes_take(&b, 8);
	size = bytes_u64(&b);
	h->pipe = size == PERF_PIPE_HEADER_BYTES;
	if (h->pipe)
		return 0;
	if (size < PERF_FILE_HEADER_BYTES)
		return err_set(err, -EINVAL, "%s: header of %llu bytes: file is damaged", f->path, (unsigned long long)size);
	if (!f->seekable)
		return err_set(err, -EINVAL, "%s: this recording cannot be read from a pipe, its event formats come last: "
			       "give the file's name, or record with \"perf record -o -\"", f->path);
	if (pread(f->fd, buf, sizeof buf, 0) != (ssize_t)sizeof buf)
		return err_set(err, -EINVAL, "%s: file ends within its header", f->path);
	b = (struct bytes){ .p = buf + 16, .left = sizeof buf - 16, .swap = b.swap };
	h->attr_bytes = bytes_u64(&b);
	h->attrs_off = bytes_u64(&b);
	h->attrs_bytes = bytes_u64(&b);
	h->data_off = bytes_u64(&b);
	h->data_bytes = bytes_u64(&b);
	bytes_take(&b, 16);		/* event types: unused since 3.x */
	for (unsigned i = 0; i < ARRAY_LEN(h->features); i++)
		h->features[i] = bytes_u64(&b);
	return 0;
}

/* A section's bytes; fewer when the file ends before. Free with free(). */
static uint8_t *section(const struct perf_input *in, uint64_t file_bytes, uint64_t off, uint64_t len, size_t *got)
{
	uint8_t *buf;
	ssize_t r;

	*got = 0;
	if (off >= file_bytes)
		return NULL;
	len = MIN(len, file_bytes - off);
	buf = xmalloc(len);
	r = perf_input_pread(in, off, buf, len);
	*got = r > 0 ? (size_t)r : 0;
	return buf;
}

/* ---- attrs ---- */

static void load_ids(struct perf_meta *m, const struct perf_input *in, struct bytes place)
{
	uint64_t off = bytes_u64(&place), len = bytes_u64(&place);
	uint8_t *buf;
	size_t got;

	if (len > IDS_MAX_BYTES - m->ids_bytes) {
		m->s->info.n_bad++;
		return;
	}
	m->ids_bytes += len;
	buf = section(in, m->s->info.bytes_total, off, len, &got);
	if (got < len)
		m->s->info.n_bad++;
	perf_attrs_add_ids(&m->attrs, (struct bytes){ .p = buf, .left = got, .swap = m->attrs.swap });
	free(buf);
}

static int load_attrs(const struct perf_header *h, struct perf_meta *m, const struct perf_input *in, struct err *err)
{
	uint64_t each = h->attr_bytes;
	struct bytes all, one;
	uint8_t *buf;
	size_t got;

	if (each < PERF_ATTR_VER0_BYTES + 16 || each > ATTR_MAX_BYTES + 16)
		return err_set(err, -EINVAL, "%s: event descriptions of %llu bytes: file is damaged", in->path,
			       (unsigned long long)each);
	buf = section(in, m->s->info.bytes_total, h->attrs_off, MIN(h->attrs_bytes, ATTRS_MAX_BYTES), &got);
	all = (struct bytes){ .p = buf, .left = got, .swap = m->attrs.swap };
	while (all.left >= each) {
		one = bytes_sub(&all, each);
		if (!perf_attrs_add(&m->attrs, one.p, one.left - 16)) {
			m->s->info.n_bad++;
			continue;
		}
		bytes_take(&one, each - 16);
		load_ids(m, in, one);
	}
	free(buf);
	return m->attrs.n ? 0 : err_set(err, -EINVAL, "%s: no event is described in it: file is damaged", in->path);
}

void perf_attr_record(struct perf_meta *m, struct bytes body)
{
	size_t size = perf_attrs_add(&m->attrs, body.p, body.left);

	if (!size) {
		m->s->info.n_bad++;
		return;
	}
	bytes_take(&body, size);
	perf_attrs_add_ids(&m->attrs, body);
}

static void attr_name(struct perf_attr *a, const uint8_t *p, size_t len)
{
	char buf[128];

	text_clean(buf, sizeof buf, (const char *)p, len);
	free(a->name);
	a->name = xstrdup(buf);
}

void perf_update_record(struct perf_meta *m, struct bytes body)
{
	uint64_t type = bytes_u64(&body), id = bytes_u64(&body);
	struct perf_attr *a = type == PERF_UPDATE_NAME && !body.bad ? perf_attrs_by_id(&m->attrs, id) : NULL;

	if (a)
		attr_name(a, body.p, body.left);
}

/* ---- features ---- */

static void set_text(char **to, struct bytes b)
{
	uint32_t len = bytes_u32(&b);

	source_set(to, (const char *)b.p, b.bad ? 0 : MIN(len, b.left));
}

static void set_cpus(struct source_info *info, struct bytes b)
{
	uint32_t n = bytes_u32(&b);

	info->n_cpus = MAX(info->n_cpus, MIN(n, (uint32_t)PERF_CPUS_MAX));
}

/* Names come in the order of the attrs. */
static void event_names(struct perf_meta *m, struct bytes b)
{
	uint32_t n = bytes_u32(&b), attr_bytes = bytes_u32(&b), n_ids, len;
	const uint8_t *name;

	for (uint32_t i = 0; i < n && i < m->attrs.n && !b.bad; i++) {
		bytes_take(&b, attr_bytes);
		n_ids = bytes_u32(&b);
		len = bytes_u32(&b);
		name = bytes_take(&b, len);
		bytes_take(&b, 8 * (uint64_t)n_ids);
		if (name && !m->attrs.v[i].name)
			attr_name(&m->attrs.v[i], name, len);
	}
}

static void compression(struct perf_meta *m, struct bytes b)
{
	bytes_u32(&b);		/* version */
	m->packed_type = bytes_u32(&b);
	bytes_u32(&b);		/* level */
	bytes_u32(&b);		/* ratio */
	m->packed_most = bytes_u32(&b);
}

static void tracing_data(struct perf_meta *m, struct bytes b)
{
	m->has_formats = true;
	if (perf_tracing_read(m->s, b.p, b.left))
		return;
	m->s->info.n_bad++;
	source_damage(m->s, "the event formats in the recording are damaged: some events may be missing");
}

void perf_feature(struct perf_meta *m, unsigned feature, struct bytes b)
{
	struct source_info *info = &m->s->info;

	switch (feature) {
	case PERF_FEAT_TRACING_DATA: tracing_data(m, b); break;
	case PERF_FEAT_HOSTNAME: set_text(&info->host, b); break;
	case PERF_FEAT_OSRELEASE: set_text(&info->kernel, b); break;
	case PERF_FEAT_VERSION: set_text(&info->version, b); break;
	case PERF_FEAT_ARCH: set_text(&info->arch, b); break;
	case PERF_FEAT_NRCPUS: set_cpus(info, b); break;
	case PERF_FEAT_EVENT_DESC: event_names(m, b); break;
	case PERF_FEAT_DIR_FORMAT: m->is_dir = true; break;
	case PERF_FEAT_COMPRESSED: compression(m, b); break;
	case PERF_FEAT_CLOCK_DATA:
		bytes_u32(&b);
		m->clockid = (int32_t)bytes_u32(&b);
		m->clockid = b.bad ? -1 : m->clockid;
		break;
	}
}

static void load_feature(struct perf_meta *m, const struct perf_input *in, unsigned feature, struct bytes place)
{
	uint64_t off = bytes_u64(&place), len = bytes_u64(&place);
	uint64_t most = feature == PERF_FEAT_TRACING_DATA ? PERF_TRACING_MAX_BYTES : FEATURE_MAX_BYTES;
	size_t got;
	uint8_t *buf = section(in, m->s->info.bytes_total, off, MIN(len, most), &got);

	if (buf && got)
		perf_feature(m, feature, (struct bytes){ .p = buf, .left = got, .swap = m->attrs.swap });
	if (got < len)
		m->s->info.n_bad++;
	free(buf);
}

static bool wanted(unsigned feature)
{
	const uint32_t want = 1u << PERF_FEAT_TRACING_DATA | 1u << PERF_FEAT_HOSTNAME | 1u << PERF_FEAT_OSRELEASE |
		1u << PERF_FEAT_VERSION | 1u << PERF_FEAT_ARCH | 1u << PERF_FEAT_NRCPUS | 1u << PERF_FEAT_EVENT_DESC |
		1u << PERF_FEAT_DIR_FORMAT | 1u << PERF_FEAT_COMPRESSED | 1u << PERF_FEAT_CLOCK_DATA;

	return feature < 32 && want >> feature & 1;
}

static void note_cut(struct perf_meta *m)
{
	source_damage(m->s, "the file is cut short: what it knew of events and machine is missing");
}

static void load_features(const struct perf_header *h, struct perf_meta *m, const struct perf_input *in)
{
	uint8_t table[16 * PERF_FEATS];
	struct bytes b = { .p = table, .swap = m->attrs.swap }, place;
	ssize_t got = perf_input_pread(in, h->data_off + h->data_bytes, table, sizeof table);

	b.left = got > 0 ? (size_t)got : 0;
	for (unsigned i = 0; i < PERF_FEATS; i++) {
		if (!(h->features[i / 64] >> i % 64 & 1))
			continue;
		place = bytes_sub(&b, 16);
		if (!place.bad && wanted(i))
			load_feature(m, in, i, place);
	}
	if (b.bad)
		note_cut(m);
}

int perf_header_load(const struct perf_header *h, struct perf_meta *m, struct perf_input *in, struct err *err)
{
	uint64_t size = m->s->info.bytes_total, end = h->data_off + h->data_bytes;
	int r = load_attrs(h, m, in, err);

	if (r)
		return r;
	if (h->data_off < PERF_FILE_HEADER_BYTES || h->data_off > size)
		return err_set(err, -EINVAL, "%s: no data where the header says: file is damaged", in->path);
	if (!h->data_bytes)
		source_damage(m->s, "perf record did not finish this file: what it knew of events and machine is missing");
	else if (end > size || end < h->data_off)
		note_cut(m);
	else
		load_features(h, m, in);
	if (m->is_dir)
		return err_set(err, -ENOTSUP, "%s: recorded into a directory (perf record --threads): not supported, "
			       "record without --threads", in->path);
	r = perf_meta_packing(m, in, err);
	perf_input_range(in, h->data_off, h->data_bytes && end <= size && end >= h->data_off ? end : size);
	return r;
}

int perf_meta_packing(const struct perf_meta *m, struct perf_input *in, struct err *err)
{
	in->z_most = m->packed_most;
	if (m->packed_type && m->packed_type != PERF_ZSTD)
		return err_set(err, -ENOTSUP, "%s: compressed in a way (%u) that is not known here", in->path, m->packed_type);
#ifndef HAVE_zstd
	if (m->packed_type)
		return err_set(err, -ENOTSUP, "%s: compressed, and this agenttop was built without zstd", in->path);
#endif
	return 0;
}

/* ---- the clock ---- */

void perf_meta_clock(struct perf_meta *m)
{
	static const char *const names[] = { [0] = "realtime", [1] = "mono", [4] = "mono_raw", [7] = "boot", [11] = "tai" };
	struct source_info *info = &m->s->info;
	int32_t id = m->clockid >= 0 ? m->clockid : m->attrs.clockid;
	char buf[32];

	if (id < 0)
		snprintf(buf, sizeof buf, "perf");
	else if ((size_t)id < ARRAY_LEN(names) && names[id])
		snprintf(buf, sizeof buf, "%s", names[id]);
	else
		snprintf(buf, sizeof buf, "clock %d", id);
	source_set(&info->clock, buf, strlen(buf));
	info->clock_kind = m->attrs.no_time ? CLOCK_NO_TIME : CLOCK_NS;
}
