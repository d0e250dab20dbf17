/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * decode: event formats of one recording, and how to read a field of a record.
 *
 * A format is the text of events/SYSTEM/NAME/format. Fields are looked up by name once per event type
 * (formats_access) and read afterwards by offset and size (access_get); nothing is keyed on a kernel version.
 * Formats come from hostile files: every offset and length is checked against the record when it is read.
 * Sources may also make up formats of their own ("synthetic": "agenttop:lost", .ev events); those records are
 * arrays of 64-bit numbers in host order, text after them.
 *
 * Text of formats is parsed here and not by libtraceevent: only names, offsets and sizes are wanted, a recording
 * holds thousands of formats of which some dozens are read, and a hostile print format must not reach a parser.
 */
#ifndef AGENTTOP_DECODE_H
#define AGENTTOP_DECODE_H

#include "base.h"
#include "event.h"

enum field_kind {
	FIELD_NUM,	/* integer of `size` bytes, in the recording's byte order */
	FIELD_TEXT,	/* char[size] inline, NUL-padded */
	FIELD_DYN,	/* __data_loc: u32 length << 16 | offset from the record's start */
	FIELD_REL,	/* __rel_loc: the same, offset from the field's end */
	FIELD_TEXT64,	/* synthetic text: u64 offset << 32 | length, host order */
	FIELD_BYTES,	/* array of something else; not readable as a number */
};
struct field {
	char *name;
	uint32_t offset, size;
	uint8_t kind, is_signed;
};
struct format {
	char *full;		/* "system:name" */
	const char *name;	/* in full, behind the colon */
	char *print;		/* print fmt line, for flag tables; NULL when there is none */
	struct field *f;
	size_t n_f;
	uint32_t id;		/* the kernel's id (common_type); synthetic ones have none */
	uint16_t type;		/* index in formats: event.type */
	uint8_t synthetic;
};
struct formats {
	bool big_endian;	/* the recording's; set before the first format is added */
	uint8_t long_size;	/* of the recording kernel: 4 or 8 */
	struct format **v;
	size_t n, cap;
	uint16_t *by_id;	/* 65536 of them: type + 1 by kernel id, 0 unknown; NULL before the first kernel format */
	/* The common header, from the first format that was added: 8, 12 or 16 bytes. */
	struct access_common {
		uint16_t type_off, flags_off, pid_off;
		uint8_t type_size, have;
		uint8_t plain;	/* the usual layout (type 0, flags 2, pid 4) in host order: formats_header() reads it inline */
	} common;
};
struct access {
	uint32_t offset;
	uint8_t size, kind, is_signed, swap, ok;	/* ok == 0: the event has no such field */
};

void formats_init(struct formats *, bool big_endian, unsigned long_size);
void formats_fini(struct formats *);
/* Adds one format file's text. 0, or -EINVAL when it makes no sense (the caller counts and goes on), -EEXIST for a known id. */
int formats_add(struct formats *, const char *system, const char *text, size_t len);
/* A made-up event: field names end with NULL. Those in `text_mask` (bit i: field i) hold text. Returns its type. */
uint16_t formats_add_synthetic(struct formats *, const char *full, const char *const *fields, uint32_t text_mask);
const struct format *formats_by_id(const struct formats *, uint32_t id);	/* NULL: unknown id */
const struct format *formats_by_name(const struct formats *, const char *full);	/* NULL: none */
const struct field *format_field(const struct format *, const char *name);	/* NULL: none */
/* How to read `name` of this format; .ok is 0 when there is no such field or it cannot be read. */
struct access formats_access(const struct formats *, const struct format *, const char *name);
/* Bit that the format's flag table gives `text`, e.g. "S" of sched_switch's prev_state; 0 when there is none. */
uint64_t format_flag(const struct format *, const char *text);
uint64_t format_flag_max(const struct format *);	/* the highest number in its flag table; 0: no table */

/* Builds records of a synthetic format. The buffer is reused; record_fini() frees it. */
struct record {
	uint8_t *buf;
	size_t len, cap;
};
void record_begin(struct record *, const struct format *);
void record_num(struct record *, unsigned field, uint64_t v);
void record_text(struct record *, unsigned field, const char *s, size_t len);
void record_fini(struct record *);

static inline uint16_t get16(const uint8_t *p, bool swap)
{
	uint16_t v;

	__builtin_memcpy(&v, p, 2);
	return swap ? __builtin_bswap16(v) : v;
}
static inline uint32_t get32(const uint8_t *p, bool swap)
{
	uint32_t v;

	__builtin_memcpy(&v, p, 4);
	return swap ? __builtin_bswap32(v) : v;
}
static inline uint64_t get64(const uint8_t *p, bool swap)
{
	uint64_t v;

	__builtin_memcpy(&v, p, 8);
	return swap ? __builtin_bswap64(v) : v;
}

bool formats_header_slow(const struct formats *, const uint8_t *raw, uint32_t len_bytes, struct event *);
/* Reads the common header of a kernel record into type, flags, pid. false: no such event type, or too short. */
static inline bool formats_header(const struct formats *fs, const uint8_t *raw, uint32_t len_bytes, struct event *ev)
{
	uint16_t slot;

	if (unlikely(!fs->common.plain || len_bytes < 8))
		return formats_header_slow(fs, raw, len_bytes, ev);
	slot = fs->by_id[get16(raw, false)];
	if (unlikely(!slot))
		return false;
	ev->type = (uint16_t)(slot - 1);
	ev->flags = raw[2];
	ev->pid = (int32_t)get32(raw + 4, false);
	ev->has_ctx = 1;
	ev->raw = raw;
	ev->len_bytes = len_bytes;
	return true;
}

uint64_t access_get_slow(const struct access *, const struct event *);
/* The field's value; text as offset << 32 | length. 0 when it lies outside the record. */
static inline uint64_t access_get(const struct access *a, const struct event *ev)
{
	if (likely(a->kind == FIELD_NUM && !a->swap && (uint64_t)a->offset + a->size <= ev->len_bytes)) {
		const uint8_t *p = ev->raw + a->offset;

		switch (a->size) {
		case 4: return a->is_signed ? (uint64_t)(int64_t)(int32_t)get32(p, false) : get32(p, false);
		case 8: return get64(p, false);
		case 2: return a->is_signed ? (uint64_t)(int64_t)(int16_t)get16(p, false) : get16(p, false);
		case 1: return a->is_signed ? (uint64_t)(int64_t)(int8_t)*p : *p;
		}
	}
	return access_get_slow(a, ev);
}

#endif
