// SPDX-License-Identifier: GPL-2.0-only
#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Room that a single number, bracket or escape may take without asking again. */
enum { BUF_BYTES = 256 * 1024, SLACK = 64 };

void json_init(struct json *j, FILE *f)
{
	*j = (struct json){ .f = f, .buf = xmalloc(BUF_BYTES), .first = true };
}

static void flush(struct json *j)
{
	fwrite(j->buf, 1, j->n, j->f);
	j->n = 0;
}

void json_fini(struct json *j)
{
	j->buf[j->n++] = '\n';
	flush(j);
	free(j->buf);
	*j = (struct json){ 0 };
}

/* Where the next bytes go; at least SLACK of them fit. */
static inline char *room(struct json *j)
{
	if (unlikely(j->n > BUF_BYTES - SLACK))
		flush(j);
	return j->buf + j->n;
}

static inline void comma(struct json *j)
{
	if (!j->first)
		*room(j) = ',', j->n++;
	j->first = false;
}

static void put(struct json *j, const char *s, size_t len)
{
	while (unlikely(len > BUF_BYTES - SLACK - j->n)) {
		size_t some = BUF_BYTES - SLACK - j->n;

		memcpy(j->buf + j->n, s, some);
		j->n += some;
		s += some;
		len -= some;
		flush(j);
	}
	memcpy(j->buf + j->n, s, len);
	j->n += len;
}

void json_open(struct json *j, char bracket)
{
	comma(j);
	*room(j) = bracket;
	j->n++;
	j->first = true;
}

void json_close(struct json *j, char bracket)
{
	*room(j) = bracket;
	j->n++;
	j->first = false;
}

void json_line(struct json *j)
{
	if (!j->first)
		*room(j) = ',', j->n++;
	*room(j) = '\n';
	j->n++;
	j->first = true;	/* the comma is already there */
}

void json_key_raw(struct json *j, const char *quoted, size_t len)
{
	comma(j);
	room(j);
	put(j, quoted, len);
	j->first = true;
}

/* Length of the well-formed UTF-8 sequence at s (NUL-ended text), 0 when there is none. */
static size_t utf8_len(const unsigned char *s)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 :
		     s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (len == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0)))
		return 0;
	if (len == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90)))
		return 0;
	return len;
}

static inline bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* One character that cannot stand as it is. Returns the bytes of s used up. */
static size_t put_special(struct json *j, const unsigned char *s)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = s[0] == '"' || s[0] == '\\' || s[0] < 0x20 || s[0] == 0x7f ? 0 : utf8_len(s);
	char *p = room(j);

	if (n) {
		memcpy(p, s, n);
		j->n += n;
		return n;
	}
	if (s[0] == '"' || s[0] == '\\') {
		p[0] = '\\';
		p[1] = (char)s[0];
		j->n += 2;
		return 1;
	}
	memcpy(p, s[0] < 0x80 ? "\\u00" : "\\uff", 4);
	p[4] = s[0] < 0x80 ? hex[s[0] >> 4] : 'f';
	p[5] = s[0] < 0x80 ? hex[s[0] & 15] : 'd';	/* U+FFFD: some byte that is no text */
	j->n += 6;
	return 1;
}

static void put_text(struct json *j, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	*room(j) = '"';
	j->n++;
	while (*s) {
		size_t n = 0;

		while (is_plain(s[n]))
			n++;
		if (n) {
			room(j);
			put(j, (const char *)s, n);
			s += n;
		} else {
			s += put_special(j, s);
		}
	}
	*room(j) = '"';
	j->n++;
}

void json_key_text(struct json *j, const char *text)
{
	comma(j);
	put_text(j, text);
	*room(j) = ':';
	j->n++;
	j->first = true;
}

void json_text(struct json *j, const char *text)
{
	if (!text || !*text) {
		json_null(j);
		return;
	}
	comma(j);
	put_text(j, text);
}

void json_u64(struct json *j, uint64_t v)
{
	char digit[20], *p;
	size_t n = 0;

	comma(j);
	p = room(j);
	do
		digit[n++] = (char)('0' + v % 10);
	while (v /= 10);
	for (size_t i = 0; i < n; i++)
		p[i] = digit[n - 1 - i];
	j->n += n;
}

void json_i64(struct json *j, int64_t v)
{
	if (v >= 0) {
		json_u64(j, (uint64_t)v);
		return;
	}
	comma(j);
	*room(j) = '-';
	j->n++;
	j->first = true;
	json_u64(j, 0 - (uint64_t)v);
}

void json_bool(struct json *j, bool v)
{
	comma(j);
	room(j);
	put(j, v ? "true" : "false", v ? 4 : 5);
}

void json_null(struct json *j)
{
	comma(j);
	room(j);
	put(j, "null", 4);
}

void json_ratio(struct json *j, double v)
{
	uint64_t millionths;
	char *p;

	if (!isfinite(v) || fabs(v) > 1e12) {
		json_null(j);
		return;
	}
	millionths = (uint64_t)(fabs(v) * 1e6 + 0.5);
	if (v < 0 && millionths)
		json_i64(j, -(int64_t)(millionths / 1000000));
	else
		json_u64(j, millionths / 1000000);
	p = room(j);
	p[0] = '.';
	for (int i = 6; i > 0; i--, millionths /= 10)
		p[i] = (char)('0' + millionths % 10);
	j->n += 7;
}

void json_hex(struct json *j, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof text, "0x%llx", (unsigned long long)v);
	json_text(j, text);
}
