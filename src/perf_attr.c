// SPDX-License-Identifier: GPL-2.0-only
#include "perf_attr.h"

#include <stdlib.h>

#include "perf_format.h"

#define ATTRS_MAX 16384
#define IDS_MAX (1u << 21)	/* a thousand events on two thousand CPUs */
#define PROBES_MAX 256		/* at half load real ids never probe that far; made-up ones must not cost more */

/* Where fields lie in struct perf_event_attr, unchanged since they were added. */
enum {
	ATTR_TYPE = 0, ATTR_SIZE = 4, ATTR_CONFIG = 8, ATTR_SAMPLE_TYPE = 24, ATTR_READ_FORMAT = 32,
	ATTR_FLAGS = 40, ATTR_CLOCKID = 92,
};

void perf_attrs_init(struct perf_attrs *as, bool big_endian)
{
	*as = (struct perf_attrs){ .big_endian = big_endian, .swap = big_endian != host_big_endian(), .clockid = -1 };
}

void perf_attrs_fini(struct perf_attrs *as)
{
	for (size_t i = 0; i < as->n; i++)
		free(as->v[i].name);
	free(as->v);
	free(as->ids);
	memset(as, 0, sizeof *as);
}

/* ---- layouts ---- */

static uint16_t place(uint64_t type, uint64_t bit, uint16_t *at)
{
	uint16_t here = *at;

	if (!(type & bit))
		return 0;
	*at = (uint16_t)(here + 8);
	return here;
}

static uint16_t id_place(uint64_t type)
{
	uint16_t at = PERF_RECORD_HEADER_BYTES;

	if (type & PERF_IDENTIFIER)
		return at;
	if (!(type & PERF_ID))
		return 0;
	for (uint64_t t = type & (PERF_IP | PERF_TID | PERF_TIME | PERF_ADDR); t; t &= t - 1)
		at = (uint16_t)(at + 8);
	return at;
}

static uint8_t id_place_back(uint64_t type)
{
	uint64_t behind = type & (PERF_STREAM_ID | PERF_CPU);

	if (type & PERF_IDENTIFIER)
		return 8;
	return type & PERF_ID ? (uint8_t)(8 + 8 * __builtin_popcountll(behind)) : 0;
}

static void lay_out_sample(struct perf_attr *a)
{
	uint64_t t = a->sample_type;
	uint16_t at = PERF_RECORD_HEADER_BYTES;

	place(t, PERF_IDENTIFIER, &at);
	place(t, PERF_IP, &at);
	a->tid_off = place(t, PERF_TID, &at);
	a->time_off = place(t, PERF_TIME, &at);
	place(t, PERF_ADDR, &at);
	place(t, PERF_ID, &at);
	place(t, PERF_STREAM_ID, &at);
	a->cpu_off = place(t, PERF_CPU, &at);
	place(t, PERF_PERIOD, &at);
	a->var_off = at;
	a->read_bytes = (uint16_t)(8 + 8 * __builtin_popcountll(a->read_format & (PERF_READ_TIME_ENABLED |
				   PERF_READ_TIME_RUNNING | PERF_READ_ID | PERF_READ_LOST)));
}

static void lay_out_trailer(struct perf_attr *a)
{
	uint64_t t = a->sample_type;
	uint8_t back = 0;

	/* From the end to the front. */
	back = (uint8_t)(back + (t & PERF_IDENTIFIER ? 8 : 0));
	a->cpu_back = t & PERF_CPU ? (back = (uint8_t)(back + 8)) : 0;
	back = (uint8_t)(back + (t & PERF_STREAM_ID ? 8 : 0));
	back = (uint8_t)(back + (t & PERF_ID ? 8 : 0));
	a->time_back = t & PERF_TIME ? (back = (uint8_t)(back + 8)) : 0;
	a->tid_back = t & PERF_TID ? (back = (uint8_t)(back + 8)) : 0;
	a->trailer_bytes = back;
}

static bool makes_samples(const struct perf_attr *a)
{
	return a->type != PERF_SOFTWARE || a->config != PERF_SOFTWARE_DUMMY;
}

/* What all attrs have in common, told by what the ones before the newest had. */
static void compare_layout(struct perf_attrs *as)
{
	const struct perf_attr *a = &as->v[as->n - 1], *first;
	uint16_t off = id_place(a->sample_type);
	uint8_t back = id_place_back(a->sample_type);

	if (as->n == 1) {
		as->id_off = off;
		as->id_back = back;
		as->alike = true;
	}
	as->id_off = as->id_off == off ? off : 0;
	as->id_back = as->id_back == back ? back : 0;
	as->no_time = as->no_time || (a->type == PERF_TRACEPOINT && !(a->sample_type & PERF_TIME));
	if (!as->trailer && a->sample_id_all)
		as->trailer = (uint32_t)as->n;
	if (makes_samples(a)) {
		as->sampler = as->sampler ? as->sampler : (uint32_t)as->n;
		first = &as->v[as->sampler - 1];
		as->alike = as->alike && first->sample_type == a->sample_type && first->read_format == a->read_format;
	}
	as->muddled = !as->alike && !as->id_off;
}

/* ---- the set ---- */

/* Flags are a 64-bit bit field; compilers fill those from the top on big-endian machines. */
static bool flag(const struct perf_attrs *as, const uint8_t *p, unsigned bit)
{
	unsigned in_byte = as->big_endian ? 7 - bit % 8 : bit % 8;

	return p[ATTR_FLAGS + bit / 8] >> in_byte & 1;
}

size_t perf_attrs_add(struct perf_attrs *as, const uint8_t *p, size_t len)
{
	struct perf_attr *a;
	size_t size;

	if (len < PERF_ATTR_VER0_BYTES || as->n >= ATTRS_MAX)
		return 0;
	size = get32(p + ATTR_SIZE, as->swap);
	if (!size)
		size = PERF_ATTR_VER0_BYTES;	/* the first perf versions left it empty */
	if (size < PERF_ATTR_VER0_BYTES || size > len)
		return 0;
	GROW(as->v, as->n, as->cap);
	a = &as->v[as->n++];
	*a = (struct perf_attr){
		.type = get32(p + ATTR_TYPE, as->swap), .config = get64(p + ATTR_CONFIG, as->swap),
		.sample_type = get64(p + ATTR_SAMPLE_TYPE, as->swap), .read_format = get64(p + ATTR_READ_FORMAT, as->swap),
		.sample_id_all = flag(as, p, PERF_FLAG_SAMPLE_ID_ALL),
	};
	if (as->clockid < 0 && flag(as, p, PERF_FLAG_USE_CLOCKID) && size >= ATTR_CLOCKID + 4)
		as->clockid = (int32_t)get32(p + ATTR_CLOCKID, as->swap);
	lay_out_sample(a);
	lay_out_trailer(a);
	compare_layout(as);
	return size;
}

/* The slot of id or the free one where it would go; NULL when neither is near. */
static struct perf_id *id_slot(struct perf_id *ids, size_t n_slots, uint64_t id)
{
	size_t i = (size_t)hash64(id);

	for (unsigned probe = 0; probe < PROBES_MAX; probe++, i++) {
		struct perf_id *s = &ids[i & (n_slots - 1)];

		if (!s->attr || s->id == id)
			return s;
	}
	return NULL;
}

static void grow_ids(struct perf_attrs *as)
{
	size_t n = as->n_slots ? as->n_slots * 2 : 256;
	struct perf_id *ids = xcalloc(n, sizeof *ids), *s;

	for (size_t i = 0; i < as->n_slots; i++) {
		if (!as->ids[i].attr)
			continue;
		s = id_slot(ids, n, as->ids[i].id);
		if (s)
			*s = as->ids[i];
	}
	free(as->ids);
	as->ids = ids;
	as->n_slots = n;
}

void perf_attrs_add_ids(struct perf_attrs *as, struct bytes ids)
{
	struct perf_id *s;
	uint64_t id;

	while (ids.left >= 8 && as->n) {
		id = bytes_u64(&ids);
		if ((as->n_ids + 1) * 2 > as->n_slots && as->n_ids < IDS_MAX)
			grow_ids(as);
		s = as->n_ids < IDS_MAX ? id_slot(as->ids, as->n_slots, id) : NULL;
		if (!s) {
			as->n_dropped++;
			continue;
		}
		as->n_ids += !s->attr;
		*s = (struct perf_id){ id, (uint32_t)as->n };
	}
}

struct perf_attr *perf_attrs_by_id(const struct perf_attrs *as, uint64_t id)
{
	struct perf_id *s = as->n_slots ? id_slot(as->ids, as->n_slots, id) : NULL;

	return s && s->attr ? &as->v[s->attr - 1] : NULL;
}

const char *perf_attr_name(const struct perf_attr *a, char *buf, size_t len)
{
	static const char *const hw[] = { "cycles", "instructions", "cache-references", "cache-misses", "branches",
					  "branch-misses", "bus-cycles" };
	static const char *const sw[] = { "cpu-clock", "task-clock", "page-faults", "context-switches",
					  "cpu-migrations", "minor-faults", "major-faults" };

	if (a->name)
		snprintf(buf, len, "%s", a->name);
	else if (a->type == PERF_HARDWARE && a->config < ARRAY_LEN(hw))
		snprintf(buf, len, "%s", hw[a->config]);
	else if (a->type == PERF_SOFTWARE && a->config < ARRAY_LEN(sw))
		snprintf(buf, len, "%s", sw[a->config]);
	else
		snprintf(buf, len, "event type %u config %#llx", a->type, (unsigned long long)a->config);
	return buf;
}

/* ---- records ---- */

static struct perf_attr *attr_of_sample(const struct perf_attrs *as, const uint8_t *rec, size_t len)
{
	struct perf_attr *a = NULL;

	if (as->muddled || !as->sampler)
		return NULL;
	if (as->n > 1 && as->id_off && (size_t)as->id_off + 8 <= len)
		a = perf_attrs_by_id(as, get64(rec + as->id_off, as->swap));
	return a || !as->alike ? a : &as->v[as->sampler - 1];
}

/* Bytes that READ takes at `at`; SIZE_MAX when it does not fit. */
static size_t read_bytes(const struct perf_attr *a, const uint8_t *rec, size_t len, size_t at, bool swap)
{
	uint64_t n, each, head;

	if (!(a->read_format & PERF_READ_GROUP))
		return a->read_bytes;
	if (at + 8 > len)
		return SIZE_MAX;
	n = get64(rec + at, swap);
	head = 8 + 8 * (uint64_t)__builtin_popcountll(a->read_format & (PERF_READ_TIME_ENABLED | PERF_READ_TIME_RUNNING));
	each = 8 + 8 * (uint64_t)__builtin_popcountll(a->read_format & (PERF_READ_ID | PERF_READ_LOST));
	return n > len / 8 ? SIZE_MAX : (size_t)(head + n * each);
}

/* Offset of RAW behind the parts of variable length; SIZE_MAX when they do not fit. */
static size_t raw_place(const struct perf_attr *a, const uint8_t *rec, size_t len, bool swap)
{
	size_t at = a->var_off, part;

	if (a->sample_type & PERF_READ) {
		part = read_bytes(a, rec, len, at, swap);
		if (part > len || at > len - part)
			return SIZE_MAX;
		at += part;
	}
	if (a->sample_type & PERF_CALLCHAIN) {
		if (at + 8 > len || get64(rec + at, swap) > len / 8)
			return SIZE_MAX;
		at += 8 + 8 * (size_t)get64(rec + at, swap);
	}
	return at;
}

bool perf_sample_read(const struct perf_attrs *as, const uint8_t *rec, size_t len, struct perf_sample *s)
{
	struct perf_attr *a = attr_of_sample(as, rec, len);
	size_t at;

	if (!a || a->var_off > len)
		return false;
	s->attr = a;
	s->ts = a->time_off ? get64(rec + a->time_off, as->swap) : 0;
	s->cpu = a->cpu_off ? get32(rec + a->cpu_off, as->swap) : CPU_NONE;
	s->raw = NULL;
	s->raw_bytes = 0;
	if (!(a->sample_type & PERF_RAW))
		return true;
	at = a->sample_type & (PERF_READ | PERF_CALLCHAIN) ? raw_place(a, rec, len, as->swap) : a->var_off;
	if (at > len || len - at < 4)
		return false;
	s->raw_bytes = get32(rec + at, as->swap);
	s->raw = rec + at + 4;
	return s->raw_bytes <= len - at - 4;
}

static const struct perf_attr *attr_of_trailer(const struct perf_attrs *as, const uint8_t *rec, size_t len)
{
	const struct perf_attr *a = NULL;

	if (as->id_back && len >= (size_t)PERF_RECORD_HEADER_BYTES + as->id_back)
		a = perf_attrs_by_id(as, get64(rec + len - as->id_back, as->swap));
	/* Records that perf itself made up have id 0: any event's layout holds. */
	if (!a && as->trailer)
		a = &as->v[as->trailer - 1];
	return a && a->sample_id_all ? a : NULL;
}

struct perf_stamp perf_trailer_read(const struct perf_attrs *as, const uint8_t *rec, size_t len, size_t body_bytes)
{
	struct perf_stamp st = { .cpu = CPU_NONE, .pid = -1, .tid = -1 };
	const struct perf_attr *a = attr_of_trailer(as, rec, len);
	const uint8_t *end = rec + len;

	if (!a || len < body_bytes + a->trailer_bytes)
		return st;
	if (a->time_back)
		st.ts = get64(end - a->time_back, as->swap);
	if (a->cpu_back)
		st.cpu = get32(end - a->cpu_back, as->swap);
	if (a->tid_back) {
		st.pid = (int32_t)get32(end - a->tid_back, as->swap);
		st.tid = (int32_t)get32(end - a->tid_back + 4, as->swap);
	}
	return st;
}
