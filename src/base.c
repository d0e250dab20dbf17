// SPDX-License-Identifier: GPL-2.0-only
#include "base.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void (*die_hook)(void);

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return code;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	return code;
}

void die(const char *fmt, ...)
{
	va_list ap;

	if (die_hook)
		die_hook();
	fputs("agenttop: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void bug_(const char *file, int line, const char *what)
{
	if (die_hook)
		die_hook();
	fprintf(stderr, "agenttop: bug at %s:%d: %s\n", file, line, what);
	abort();
}

void *xmalloc(size_t n_bytes)
{
	void *p = malloc(n_bytes ? n_bytes : 1);

	if (!p)
		die("out of memory (%zu bytes)", n_bytes);
	return p;
}

void *xcalloc(size_t n, size_t size_bytes)
{
	void *p = calloc(n ? n : 1, size_bytes ? size_bytes : 1);

	if (!p)
		die("out of memory (%zu times %zu bytes)", n, size_bytes);
	return p;
}

void *xrealloc(void *p, size_t n_bytes)
{
	p = realloc(p, n_bytes ? n_bytes : 1);
	if (!p)
		die("out of memory (%zu bytes)", n_bytes);
	return p;
}

char *xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = xmalloc(len + 1);

	memcpy(p, s, len);
	p[len] = 0;
	return p;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("out of memory");
	return s;
}

void *grow_(void *p, size_t *cap, size_t need, size_t size_bytes)
{
	size_t n = *cap ? *cap : 16;

	while (n < need)
		n += n / 2 + 1;
	if (n > SIZE_MAX / size_bytes)
		die("out of memory (%zu times %zu bytes)", n, size_bytes);
	p = xrealloc(p, n * size_bytes);
	memset((char *)p + *cap * size_bytes, 0, (n - *cap) * size_bytes);
	*cap = n;
	return p;
}

uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

char *fmt_ns(char *buf, size_t len, uint64_t ns)
{
	static const struct { double div; const char *unit; } units[] = {
		{ 1, "ns" }, { 1e3, "us" }, { 1e6, "ms" }, { 1e9, "s" },
	};
	size_t u = 0;
	double v;

	/* 999.5 of a unit rounds to four digits: go one unit up already there. */
	while (u + 1 < ARRAY_LEN(units) && (double)ns / units[u].div >= 999.5)
		u++;
	v = (double)ns / units[u].div;
	if (!u)
		snprintf(buf, len, "%u ns", (unsigned)ns);
	else
		snprintf(buf, len, "%.*f %s", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, units[u].unit);
	return buf;
}

char *fmt_ts(char *buf, size_t len, uint64_t ns)
{
	snprintf(buf, len, "%llu.%09llu", (unsigned long long)(ns / NSEC_PER_SEC),
		 (unsigned long long)(ns % NSEC_PER_SEC));
	return buf;
}

/* Length of the well-formed UTF-8 character at s, 0 when it is not one or is a control character. */
static size_t utf8_char(const unsigned char *s, size_t n)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 :
		     s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

	if (!len || len > n)
		return 0;
	if (len == 1)
		return s[0] >= 0x20 && s[0] != 0x7f;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (len == 2 && s[0] == 0xc2 && s[1] < 0xa0)
		return 0;		/* C1 controls: some terminals obey them */
	if (len == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0)))
		return 0;
	if (len == 3 && s[0] == 0xe2 && ((s[1] == 0x80 && (s[2] >= 0x8b && s[2] <= 0xae) && !(s[2] >= 0x90 && s[2] <= 0xa7)) ||
					 (s[1] == 0x81 && s[2] >= 0xa0)))
		return 0;		/* zero width, line separators, direction overrides */
	if (len == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90)))
		return 0;
	return len;
}

size_t text_clean(char *dst, size_t dst_len, const char *src, size_t src_len)
{
	const unsigned char *s = (const unsigned char *)src;
	size_t o = 0;

	if (!dst_len)
		return 0;
	for (size_t i = 0; i < src_len && s[i];) {
		size_t n = utf8_char(s + i, src_len - i);
		size_t need = n ? n : 4;

		if (o + need >= dst_len)
			break;
		if (n)
			memcpy(dst + o, s + i, n);
		else
			snprintf(dst + o, 5, "\\x%02x", s[i]);
		o += need;
		i += n ? n : 1;
	}
	dst[o] = 0;
	return o;
}
