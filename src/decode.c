// SPDX-License-Identifier: GPL-2.0-only
#include "decode.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 512		/* sys_enter has 10; nothing real comes near */
#define FORMATS_MAX 65535	/* event.type and common_type are 16 bits wide */

struct span_text {
	const char *p, *end;
};

void formats_init(struct formats *f, bool big_endian, unsigned long_size)
{
	*f = (struct formats){ .big_endian = big_endian, .long_size = long_size == 4 ? 4 : 8 };
}

static void format_free(struct format *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n_f; i++)
		free(f->f[i].name);
	free(f->f);
	free(f->full);
	free(f->print);
	free(f);
}

void formats_fini(struct formats *f)
{
	for (size_t i = 0; i < f->n; i++)
		format_free(f->v[i]);
	free(f->v);
	free(f->by_id);
	memset(f, 0, sizeof *f);
}

/* ---- parsing one format text ---- */

static bool next_line(struct span_text *in, struct span_text *line)
{
	const char *nl;

	if (in->p >= in->end)
		return false;
	nl = memchr(in->p, '\n', (size_t)(in->end - in->p));
	line->p = in->p;
	line->end = nl ? nl : in->end;
	in->p = nl ? nl + 1 : in->end;
	while (line->p < line->end && isspace((unsigned char)*line->p))
		line->p++;
	return true;
}

static const char *find(const struct span_text *s, const char *what)
{
	return memmem(s->p, (size_t)(s->end - s->p), what, strlen(what));
}

/* Number behind "KEY:" in a line; false when it is absent or no number. */
static bool key_num(const struct span_text *line, const char *key, uint32_t *out)
{
	const char *p = find(line, key);
	uint64_t v = 0;
	bool any = false;

	if (!p)
		return false;
	for (p += strlen(key); p < line->end && isspace((unsigned char)*p); p++)
		;
	for (; p < line->end && isdigit((unsigned char)*p); p++, any = true) {
		v = v * 10 + (uint64_t)(*p - '0');
		if (v > INT32_MAX)
			return false;
	}
	*out = (uint32_t)v;
	return any;
}

static bool has_word(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word);
	const char *s = p;

	while ((s = memmem(s, (size_t)(end - s), word, n))) {
		bool left = s == p || !(isalnum((unsigned char)s[-1]) || s[-1] == '_');
		bool right = s + n == end || !(isalnum((unsigned char)s[n]) || s[n] == '_');

		if (left && right)
			return true;
		s += n;
	}
	return false;
}

/* "field:TYPE NAME[N];" with offset, size and signed behind it. */
static bool parse_field(const struct span_text *line, struct field *f)
{
	struct span_text decl = { find(line, "field:"), NULL };
	const char *name, *end, *bracket;
	uint32_t sign = 0;

	if (!decl.p)
		return false;
	decl.p += 6;
	decl.end = memchr(decl.p, ';', (size_t)(line->end - decl.p));
	if (!decl.end || !key_num(line, "offset:", &f->offset) || !key_num(line, "size:", &f->size))
		return false;
	key_num(line, "signed:", &sign);
	bracket = NULL;
	for (end = decl.end; end > decl.p && isspace((unsigned char)end[-1]); end--)
		;
	if (end > decl.p && end[-1] == ']') {
		for (bracket = end - 1; bracket > decl.p && *bracket != '['; bracket--)
			;
		end = bracket;
	}
	while (end > decl.p && isspace((unsigned char)end[-1]))
		end--;
	for (name = end; name > decl.p && (isalnum((unsigned char)name[-1]) || name[-1] == '_'); name--)
		;
	if (name == end)
		return false;
	f->name = xstrndup(name, (size_t)(end - name));
	f->is_signed = sign != 0;
	if (has_word(decl.p, name, "__data_loc"))
		f->kind = f->size == 4 ? FIELD_DYN : FIELD_BYTES;
	else if (has_word(decl.p, name, "__rel_loc"))
		f->kind = f->size == 4 ? FIELD_REL : FIELD_BYTES;
	else if (bracket || !f->size)		/* older kernels write "char buf;" of size 0 for the rest of the record */
		f->kind = has_word(decl.p, name, "char") ? FIELD_TEXT : FIELD_BYTES;
	else if (f->size == 1 || f->size == 2 || f->size == 4 || f->size == 8)
		f->kind = FIELD_NUM;
	else
		f->kind = FIELD_BYTES;
	return true;
}

static int parse_format(const char *system, const char *text, size_t len, struct format **out)
{
	struct span_text in = { text, text + len }, line;
	struct format *f = xcalloc(1, sizeof *f);
	size_t cap = 0;
	bool have_id = false;

	while (next_line(&in, &line)) {
		size_t n = (size_t)(line.end - line.p);

		if (!f->full && n > 5 && !memcmp(line.p, "name:", 5)) {
			const char *p = line.p + 5;

			while (p < line.end && isspace((unsigned char)*p))
				p++;
			f->full = xasprintf("%s:%.*s", system, (int)MIN((size_t)(line.end - p), 256), p);
			f->name = f->full + strlen(system) + 1;
		} else if (!have_id && n > 3 && !memcmp(line.p, "ID:", 3)) {
			have_id = key_num(&line, "ID:", &f->id);
		} else if (n > 6 && !memcmp(line.p, "field:", 6) && f->n_f < FIELDS_MAX) {
			GROW(f->f, f->n_f, cap);
			if (parse_field(&line, &f->f[f->n_f]))
				f->n_f++;
		} else if (!f->print && n > 10 && !memcmp(line.p, "print fmt:", 10)) {
			f->print = xstrndup(line.p + 10, n - 10);
		}
	}
	if (!f->full || !have_id || f->id > UINT16_MAX) {
		format_free(f);
		return -EINVAL;
	}
	*out = f;
	return 0;
}

/* ---- the set ---- */

const struct format *formats_by_id(const struct formats *fs, uint32_t id)
{
	uint16_t slot = fs->by_id && id <= UINT16_MAX ? fs->by_id[id] : 0;

	return slot ? fs->v[slot - 1] : NULL;
}

const struct format *formats_by_name(const struct formats *fs, const char *full)
{
	for (size_t i = 0; i < fs->n; i++)
		if (!strcmp(fs->v[i]->full, full))
			return fs->v[i];
	return NULL;
}

const struct field *format_field(const struct format *f, const char *name)
{
	for (size_t i = 0; i < f->n_f; i++)
		if (!strcmp(f->f[i].name, name))
			return &f->f[i];
	return NULL;
}

static void learn_common(struct formats *fs, const struct format *f)
{
	const struct field *type = format_field(f, "common_type");
	const struct field *flags = format_field(f, "common_flags");
	const struct field *pid = format_field(f, "common_pid");

	if (fs->common.have || !type || !flags || !pid || flags->size != 1 || pid->size != 4 ||
	    (type->size != 2 && type->size != 4) || type->offset > 64 || flags->offset > 64 || pid->offset > 64)
		return;
	fs->common = (struct access_common){ (uint16_t)type->offset, (uint16_t)flags->offset,
					     (uint16_t)pid->offset, (uint8_t)type->size, 1, 0 };
	fs->common.plain = !type->offset && type->size == 2 && flags->offset == 2 && pid->offset == 4 &&
			   fs->big_endian == host_big_endian();
}

static uint16_t add(struct formats *fs, struct format *f)
{
	GROW(fs->v, fs->n, fs->cap);
	f->type = (uint16_t)fs->n;
	fs->v[fs->n++] = f;
	if (f->synthetic)
		return f->type;
	if (!fs->by_id)
		fs->by_id = xcalloc(UINT16_MAX + 1, sizeof *fs->by_id);
	fs->by_id[f->id] = (uint16_t)(f->type + 1);
	return f->type;
}

int formats_add(struct formats *fs, const char *system, const char *text, size_t len)
{
	struct format *f;
	int r = parse_format(system, text, len, &f);

	if (r)
		return r;
	if (formats_by_id(fs, f->id) || fs->n >= FORMATS_MAX) {
		r = fs->n >= FORMATS_MAX ? -EINVAL : -EEXIST;
		format_free(f);
		return r;
	}
	learn_common(fs, f);
	add(fs, f);
	return 0;
}

uint16_t formats_add_synthetic(struct formats *fs, const char *full, const char *const *fields, uint32_t text_mask)
{
	struct format *f = xcalloc(1, sizeof *f);
	const char *colon;
	size_t cap = 0;

	if (fs->n >= FORMATS_MAX)
		die("too many event types");
	f->full = xstrdup(full);
	colon = strchr(f->full, ':');
	f->name = colon ? colon + 1 : f->full;
	f->synthetic = 1;
	for (; fields[f->n_f]; f->n_f++) {
		GROW(f->f, f->n_f, cap);
		f->f[f->n_f] = (struct field){
			.name = xstrdup(fields[f->n_f]), .offset = (uint32_t)(8 * f->n_f), .size = 8,
			.kind = text_mask >> f->n_f & 1 ? FIELD_TEXT64 : FIELD_NUM,
		};
	}
	return add(fs, f);
}

struct access formats_access(const struct formats *fs, const struct format *f, const char *name)
{
	const struct field *fl = format_field(f, name);

	if (!fl || fl->kind == FIELD_BYTES)
		return (struct access){ .kind = FIELD_BYTES };
	return (struct access){
		.offset = fl->offset, .size = (uint8_t)MIN(fl->size, 255u), .kind = fl->kind, .is_signed = fl->is_signed,
		.swap = !f->synthetic && fs->big_endian != host_big_endian(), .ok = 1,
	};
}

/* The number before `quote`, the opening quote of a flag's text: "{ 0x0001, "S" }". */
static bool flag_number(const char *start, const char *quote, uint64_t *v)
{
	const char *p = quote;
	char *end;

	while (p > start && *p != '{')
		p--;
	if (*p != '{')
		return false;
	for (p++; p < quote && (isspace((unsigned char)*p) || *p == '('); p++)
		;
	if (!isdigit((unsigned char)*p))
		return false;
	*v = strtoull(p, &end, 0);
	while (isspace((unsigned char)*end) || *end == 'U' || *end == 'L' || *end == ')')
		end++;
	return *end == ',' && end < quote;
}

uint64_t format_flag(const struct format *f, const char *text)
{
	char quoted[32];
	const char *p;
	uint64_t v;

	if (!f->print)
		return 0;
	snprintf(quoted, sizeof quoted, "\"%s\"", text);
	for (p = f->print; (p = strstr(p, quoted)); p++)
		if (flag_number(f->print, p, &v))
			return v;
	return 0;
}

bool formats_header_slow(const struct formats *fs, const uint8_t *raw, uint32_t len_bytes, struct event *ev)
{
	const struct access_common *c = &fs->common;
	bool swap = fs->big_endian != host_big_endian();
	const struct format *f;
	uint32_t id;

	if (!c->have || (uint32_t)c->type_off + c->type_size > len_bytes || c->pid_off + 4u > len_bytes ||
	    c->flags_off >= len_bytes)
		return false;
	id = c->type_size == 2 ? get16(raw + c->type_off, swap) : get32(raw + c->type_off, swap);
	f = formats_by_id(fs, id);
	if (!f)
		return false;
	ev->type = f->type;
	ev->flags = raw[c->flags_off];
	ev->pid = (int32_t)get32(raw + c->pid_off, swap);
	ev->has_ctx = 1;
	ev->raw = raw;
	ev->len_bytes = len_bytes;
	return true;
}

uint64_t format_flag_max(const struct format *f)
{
	uint64_t v, max = 0;

	for (const char *p = f->print; p && (p = strchr(p, '"')); p++)
		if (flag_number(f->print, p, &v))
			max = MAX(max, v);
	return max;
}

/* ---- reading fields ---- */

static uint64_t text_ref(uint64_t off, uint64_t len, const struct event *ev)
{
	const void *nul;

	if (off > ev->len_bytes || len > ev->len_bytes - off)
		return 0;
	nul = memchr(ev->raw + off, 0, len);
	if (nul)
		len = (uint64_t)((const uint8_t *)nul - (ev->raw + off));
	return off << 32 | len;
}

uint64_t access_get_slow(const struct access *a, const struct event *ev)
{
	const uint8_t *p = ev->raw + a->offset;
	uint64_t v;

	if (a->kind == FIELD_TEXT && a->offset <= ev->len_bytes) {
		uint32_t rest = ev->len_bytes - a->offset;	/* "char buf[]" has size 0: to the end of the record */

		return text_ref(a->offset, a->size ? MIN((uint32_t)a->size, rest) : rest, ev);
	}
	if (!a->ok || (uint64_t)a->offset + a->size > ev->len_bytes)
		return 0;
	switch (a->kind) {
	case FIELD_DYN:
		v = get32(p, a->swap);
		return text_ref(v & 0xffff, v >> 16, ev);
	case FIELD_REL:
		v = get32(p, a->swap);
		return text_ref((v & 0xffff) + a->offset + 4, v >> 16, ev);
	case FIELD_TEXT64:
		v = get64(p, false);
		return text_ref(v >> 32, v & UINT32_MAX, ev);
	case FIELD_NUM:
		break;
	default:
		return 0;
	}
	switch (a->size) {
	case 1: return a->is_signed ? (uint64_t)(int64_t)(int8_t)*p : *p;
	case 2: v = get16(p, a->swap); return a->is_signed ? (uint64_t)(int64_t)(int16_t)v : v;
	case 4: v = get32(p, a->swap); return a->is_signed ? (uint64_t)(int64_t)(int32_t)v : v;
	default: return get64(p, a->swap);
	}
}

/* ---- synthetic records ---- */

void record_begin(struct record *r, const struct format *f)
{
	r->len = 8 * f->n_f;
	GROW(r->buf, r->len, r->cap);
	memset(r->buf, 0, r->len);
}

void record_num(struct record *r, unsigned field, uint64_t v)
{
	memcpy(r->buf + 8 * field, &v, 8);
}

void record_text(struct record *r, unsigned field, const char *s, size_t len)
{
	uint64_t ref = (uint64_t)r->len << 32 | (uint32_t)len;

	GROW(r->buf, r->len + len + 1, r->cap);
	memcpy(r->buf + r->len, s, len);
	r->len += len;
	memcpy(r->buf + 8 * field, &ref, 8);
}

void record_fini(struct record *r)
{
	free(r->buf);
	*r = (struct record){ 0 };
}
