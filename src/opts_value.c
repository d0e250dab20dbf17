// SPDX-License-Identifier: GPL-2.0-only
#include "opts_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Decimal digits from *s; -1 when there is none or the number does not fit. Moves *s behind them. */
static int digits(const char **s, uint64_t *to)
{
	uint64_t v = 0;
	const char *p = *s;

	if (!isdigit((unsigned char)*p))
		return -1;
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -1;
	*s = p;
	*to = v;
	return 0;
}

int value_uint(const char *text, uint64_t min, uint64_t max, uint64_t *to, struct err *err)
{
	uint64_t v;

	if (digits(&text, &v) || *text || v < min || v > max) {
		if (max == UINT64_MAX)
			return err_set(err, -EINVAL, "not a number from %llu up", (unsigned long long)min);
		return err_set(err, -EINVAL, "not a number from %llu to %llu", (unsigned long long)min, (unsigned long long)max);
	}
	*to = v;
	return 0;
}

static uint64_t unit_of(const char *text, uint64_t fallback)
{
	static const struct { const char *name; uint64_t ns; } units[] = {
		{ "ns", 1 }, { "us", NSEC_PER_USEC }, { "ms", NSEC_PER_MSEC }, { "s", NSEC_PER_SEC },
		{ "min", 60 * NSEC_PER_SEC }, { "h", 3600 * NSEC_PER_SEC },
	};

	if (!*text)
		return fallback;
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (!strcmp(text, units[i].name))
			return units[i].ns;
	return 0;
}

/* Integers only: a double cannot hold the nanoseconds of a clock that has run for months. */
int value_duration(const char *text, uint64_t unit_ns, uint64_t *to_ns, struct err *err)
{
	uint64_t whole, frac = 0, scale = 1, unit;

	if (digits(&text, &whole))
		goto bad;
	if (*text == '.') {
		for (text++; isdigit((unsigned char)*text); text++)
			if (scale < NSEC_PER_SEC * 10) {
				frac = frac * 10 + (uint64_t)(*text - '0');
				scale *= 10;
			}
	}
	while (*text == ' ')
		text++;
	unit = unit_of(text, unit_ns);
	if (!unit || __builtin_mul_overflow(whole, unit, &whole))
		goto bad;
	frac = (uint64_t)((unsigned __int128)frac * unit / scale);
	if (__builtin_add_overflow(whole, frac, &whole))
		goto bad;
	*to_ns = whole;
	return 0;
bad:
	return err_set(err, -EINVAL, "not a time: write a number and ns, us, ms, s, min or h, as in 1.5ms");
}

int value_time(const char *text, struct opt_time *to, struct err *err)
{
	struct opt_time t = { TIME_CLOCK, 0 };

	if (*text == '+' || *text == '-')
		t.ref = *text++ == '+' ? TIME_FROM_BEGIN : TIME_FROM_END;
	if (value_duration(text, NSEC_PER_SEC, &t.ns, NULL))
		return err_set(err, -EINVAL, "not a time: write seconds of the recording's clock (123.456789), "
			       "+1.5s after its begin or -2s before its end");
	*to = t;
	return 0;
}

uint64_t opt_time_at(const struct opt_time *t, uint64_t begin, uint64_t end, uint64_t unset)
{
	uint64_t at;

	switch (t->ref) {
	case TIME_CLOCK:
		return t->ns;
	case TIME_FROM_BEGIN:
		return __builtin_add_overflow(begin, t->ns, &at) ? UINT64_MAX : at;
	case TIME_FROM_END:
		return end > t->ns ? end - t->ns : 0;
	case TIME_UNSET:
		break;
	}
	return unset;
}

int value_target(const char *text, struct stage_target *to, struct err *err)
{
	char typical[32], tail[32], more[2];
	struct stage_target t = { 0, 0 };

	if (strcmp(text, "none")) {
		if (sscanf(text, "%31s %31s %1s", typical, tail, more) != 2 ||
		    value_duration(typical, 1, &t.typical_ns, NULL) || value_duration(tail, 1, &t.tail_ns, NULL))
			return err_set(err, -EINVAL, "not a target: write the typical and the tail time, as in 200us 500us, or none");
		if (t.typical_ns > t.tail_ns)
			return err_set(err, -EINVAL, "the typical time is longer than the tail");
	}
	*to = t;
	return 0;
}

/* ---- filters ---- */

static const char *skip_blank(const char *s)
{
	while (isblank((unsigned char)*s))
		s++;
	return s;
}

static size_t field_len(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_' || s[n] == '.')
		n++;
	return n;
}

static int filter_operator(const char **s, enum filter_op *op)
{
	static const struct { const char *text; enum filter_op op; } ops[] = {	/* longest first */
		{ "==", FILTER_EQ }, { "!=", FILTER_NE }, { "<=", FILTER_LE }, { ">=", FILTER_GE },
		{ "<", FILTER_LT }, { ">", FILTER_GT }, { "~", FILTER_GLOB },
	};

	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		if (!strncmp(*s, ops[i].text, strlen(ops[i].text))) {
			*s += strlen(ops[i].text);
			*op = ops[i].op;
			return 0;
		}
	return -1;
}

/* The value up to "&&" or the end; in quotes it may hold anything, \" included. NULL: no closing quote. */
static char *filter_value(const char **s)
{
	const char *p = *s;
	char *v = xmalloc(strlen(p) + 1);
	size_t n = 0;

	if (*p == '"') {
		for (p++; *p && *p != '"'; p++)
			v[n++] = *p == '\\' && p[1] ? *++p : *p;
		if (*p++ != '"') {
			free(v);
			return NULL;
		}
	} else {
		while (*p && strncmp(p, "&&", 2))
			v[n++] = *p++;
		while (n && isblank((unsigned char)v[n - 1]))
			n--;
	}
	v[n] = 0;
	*s = p;
	return v;
}

static void filter_number(struct filter_term *t)
{
	const char *s = t->text;
	char *end;

	t->negative = *s == '-';
	s += t->negative;
	if (!isdigit((unsigned char)*s))
		return;
	errno = 0;
	/* Hexadecimal or decimal. A leading zero is no octal here: nobody who writes cpu==08 means that. */
	t->num = strtoull(s, &end, s[0] == '0' && (s[1] | 0x20) == 'x' ? 16 : 10);
	t->is_number = !errno && !*end;
	if (t->negative)
		t->num = -t->num;
}

static int filter_term(struct probe *p, const char **s, struct err *err)
{
	struct filter_term *t;
	size_t n;

	*s = skip_blank(*s);
	n = field_len(*s);
	if (!n)
		return err_set(err, -EINVAL, "a field's name is missing in the filter at '%.40s'", *s);
	if (p->n_terms == FILTER_TERMS_MAX)
		return err_set(err, -EINVAL, "a filter has at most %d terms", FILTER_TERMS_MAX);
	GROW(p->term, p->n_terms, p->cap_terms);
	t = &p->term[p->n_terms++];
	t->field = xstrndup(*s, n);
	*s = skip_blank(*s + n);
	if (filter_operator(s, &t->op))
		return err_set(err, -EINVAL, "after %s comes one of == != < > <= >= ~, not '%.40s'", t->field, *s);
	*s = skip_blank(*s);
	t->text = filter_value(s);
	if (!t->text)
		return err_set(err, -EINVAL, "the value of %s has no closing quote", t->field);
	if (!*t->text && (*s)[-1] != '"')
		return err_set(err, -EINVAL, "%s has no value to compare with", t->field);
	filter_number(t);
	if (t->op >= FILTER_LT && t->op <= FILTER_GE && !t->is_number)
		return err_set(err, -EINVAL, "%s is compared by size with '%.40s', which is not a number", t->field, t->text);
	return 0;
}

static int filter_terms(struct probe *p, const char *s, struct err *err)
{
	for (;;) {
		int rc = filter_term(p, &s, err);

		if (rc)
			return rc;
		s = skip_blank(s);
		if (!*s)
			return 0;
		if (strncmp(s, "&&", 2))
			return err_set(err, -EINVAL, "terms are joined by &&, not '%.40s'", s);
		s += 2;
	}
}

int value_probe(const char *text, struct probe *to, struct err *err)
{
	const char *slash = strchrnul(text, '/');
	struct probe p = { 0 };
	int rc = 0;

	if (slash == text)
		return err_set(err, -EINVAL, "an event's name comes first, as in sched:sched_switch/next_comm==web");
	p.event = xstrndup(text, (size_t)(slash - text));
	if (strpbrk(p.event, " \t=<>~&"))
		rc = err_set(err, -EINVAL, "'%.60s' is not an event: a filter comes behind a slash, as in EVENT/pid==7", p.event);
	else if (*slash)
		rc = filter_terms(&p, slash + 1, err);
	if (rc) {
		probe_fini(&p);
		return rc;
	}
	probe_fini(to);
	*to = p;
	return 0;
}

void probe_fini(struct probe *p)
{
	for (size_t i = 0; i < p->n_terms; i++) {
		free(p->term[i].field);
		free(p->term[i].text);
	}
	free(p->term);
	free(p->event);
	*p = (struct probe){ 0 };
}

int value_trigger(const char *text, struct trigger *to, struct err *err)
{
	const char *over = strchr(text, '>');
	struct trigger t = { .stage = -1 };
	char *name;
	int rc = 0;

	if (!over || over == text)
		return err_set(err, -EINVAL, "a trigger is step>TIME or STAGE>TIME, as in step>50ms");
	name = xstrndup(text, (size_t)(over - text));
	if (strcmp(name, "step"))
		t.stage = stage_by_name(name);
	if (t.stage < 0 && strcmp(name, "step"))
		rc = err_set(err, -EINVAL, "%.40s is neither 'step' nor a stage: agenttop-stages(7) lists them", name);
	free(name);
	if (!rc && strspn(over + 1, "0123456789.") == strlen(over + 1))
		rc = err_set(err, -EINVAL, "the time needs a unit, as in step>50ms");
	if (!rc)
		rc = value_duration(over + 1, 1, &t.over_ns, err);
	if (!rc)
		*to = t;
	return rc;
}
