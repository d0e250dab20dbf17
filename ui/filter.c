// SPDX-License-Identifier: GPL-2.0-only
#include "filter.h"

#include <errno.h>
#include <string.h>

enum what {
	W_ANY, W_AGENT, W_NAME, W_ID, W_CLASS, W_TRACE, W_PID, W_CPU, W_LOST, W_STEP, W_STAGE, W_MISSED, W_BUDGET, W_EXTRA
};
enum kind { K_TEXT, K_NUMBER, K_TIME, K_FLAG, K_LOOSE };	/* loose: a text or a number, as the operator has it */
enum op { OP_NONE, OP_EQ, OP_NE, OP_GT, OP_GE, OP_LT, OP_LE, OP_HAS };

static const struct word {
	const char *name;
	uint8_t what, kind;
} words[] = {
	{ "agent", W_AGENT, K_TEXT }, { "name", W_NAME, K_TEXT }, { "id", W_ID, K_LOOSE }, { "class", W_CLASS, K_TEXT },
	{ "trace", W_TRACE, K_TEXT }, { "pid", W_PID, K_NUMBER }, { "cpu", W_CPU, K_NUMBER }, { "lost", W_LOST, K_NUMBER },
	{ "step", W_STEP, K_TIME }, { "missed", W_MISSED, K_FLAG }, { "budget", W_BUDGET, K_FLAG },
};
static const struct word stage_word = { "stage.", W_STAGE, K_TIME }, extra_word = { "", W_EXTRA, K_LOOSE };

/* ---- texts ---- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

void filter_fold(char *word)
{
	for (; *word; word++)
		*word = lower(*word);
}

bool filter_contains(const char *text, const char *word)
{
	char first = *word, upper = first >= 'a' && first <= 'z' ? (char)(first - 32) : first;

	if (!first)
		return true;
	for (; *text; text++) {
		size_t i = 1;

		if (*text != first && *text != upper)
			continue;
		while (word[i] && lower(text[i]) == word[i])
			i++;
		if (!word[i])
			return true;
	}
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Value of key among the words "key=value key="two words"" of a mark; its length in *len. NULL: it is not there. */
static const char *extra_value(const char *extra, const char *key, size_t *len)
{
	size_t n_key = strlen(key);

	while (*extra) {
		const char *word = extra;
		bool quoted = false;

		for (; *extra && (quoted || !is_blank(*extra)); extra++)
			quoted ^= *extra == '"';
		if ((size_t)(extra - word) > n_key && word[n_key] == '=' && !memcmp(word, key, n_key)) {
			word += n_key + 1;
			*len = (size_t)(extra - word);
			if (*len >= 2 && word[0] == '"' && word[*len - 1] == '"') {
				word++;
				*len -= 2;
			}
			return word;
		}
		while (is_blank(*extra))
			extra++;
	}
	return NULL;
}

/* A plain decimal number and nothing else; what strtod() takes besides is no number to a person. */
static bool to_real(const char *s, double *out)
{
	bool minus = *s == '-', any = false;
	double v = 0, part = 1;

	for (s += minus; *s >= '0' && *s <= '9'; s++) {
		v = v * 10 + (*s - '0');
		any = true;
	}
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++) {
			part /= 10;
			v += (*s - '0') * part;
			any = true;
		}
	*out = minus ? -v : v;
	return any && !*s;
}

static bool to_number(const char *s, uint64_t *out)
{
	const char *begin = s;

	for (*out = 0; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, (uint64_t)(*s - '0'), out))
			return false;
	return s > begin && !*s;
}

static uint64_t unit_ns(const char *unit)
{
	static const struct { const char *name; uint64_t ns; } units[] = {
		{ "ns", 1 }, { "us", NSEC_PER_USEC }, { "µs", NSEC_PER_USEC }, { "ms", NSEC_PER_MSEC }, { "s", NSEC_PER_SEC },
	};

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (!strcmp(unit, units[i].name))
			return units[i].ns;
	return 0;
}

/* "1.5ms"; 0 needs no unit. Every digit that is below 1 ns is dropped. */
static bool to_time(const char *s, uint64_t *out)
{
	uint64_t v = 0, part = 0, unit, scale = 1;
	const char *begin = s;

	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return false;
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++)
			if (scale < NSEC_PER_SEC) {
				part = part * 10 + (uint64_t)(*s - '0');
				scale *= 10;
			}
	if (s == begin || (s == begin + 1 && *begin == '.'))
		return false;
	unit = unit_ns(s);
	if (!unit && (*s || v || part))
		return false;
	return !__builtin_mul_overflow(v, unit, out) && !__builtin_add_overflow(*out, part * unit / scale, out);
}

/* ---- parsing ---- */

struct parse {
	struct filter *f;
	const char *begin, *at;
	size_t n_words;			/* bytes of f->words in use */
	struct filter_place *place;
	struct err *e;
};

static int wrong(struct parse *p, const char *from, const char *to, const char *fmt, ...) PRINTF(4, 5);
static int wrong(struct parse *p, const char *from, const char *to, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	*p->place = (struct filter_place){ (size_t)(from - p->begin), (size_t)(to - p->begin) };
	return err_set(p->e, -EINVAL, "%s", text);
}

static bool is_key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
	       (unsigned char)c >= 0x80;
}

static void skip_blanks(struct parse *p)
{
	while (is_blank(*p->at))
		p->at++;
}

static enum op take_op(struct parse *p)
{
	static const struct { const char *text; enum op op; } ops[] = {
		{ "!=", OP_NE }, { ">=", OP_GE }, { "<=", OP_LE }, { "==", OP_EQ }, { "=", OP_EQ },
		{ ">", OP_GT }, { "<", OP_LT }, { "~", OP_HAS },
	};

	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		if (!strncmp(p->at, ops[i].text, strlen(ops[i].text))) {
			p->at += strlen(ops[i].text);
			return ops[i].op;
		}
	return OP_NONE;
}

/* The sizes of words and text make sure that there is room: each term has two NULs more than it has bytes in the text. */
static uint16_t store(struct parse *p, const char *from, size_t len)
{
	size_t at = p->n_words;

	BUG_ON(at + len + 1 > sizeof p->f->words);
	memcpy(p->f->words + at, from, len);
	p->f->words[at + len] = 0;
	p->n_words += len + 1;
	return (uint16_t)at;
}

/* A value or a bare text: up to a blank, or what is between quotes. */
static int take_text(struct parse *p, uint16_t *out)
{
	const char *from = p->at;

	if (*from == '"') {
		const char *end = strchr(from + 1, '"');

		if (!end)
			return wrong(p, from, from + strlen(from), "expected another \" where the text ends");
		*out = store(p, from + 1, (size_t)(end - from - 1));
		p->at = end + 1;
		return *p->at && !is_blank(*p->at) ? wrong(p, p->at, p->at + 1, "expected a blank after the \"") : 0;
	}
	while (*p->at && !is_blank(*p->at))
		p->at++;
	*out = store(p, from, (size_t)(p->at - from));
	return 0;
}

/* "23.4 ms" as screens write it: the unit may stand behind a blank. */
static void take_unit(struct parse *p, struct filter_term *t)
{
	const char *at = p->at, *end;
	char unit[4];
	double real;

	if (!to_real(p->f->words + t->value, &real) || !is_blank(*at))
		return;
	while (is_blank(*at))
		at++;
	for (end = at; *end && !is_blank(*end); end++)
		;
	if (end == at || (size_t)(end - at) >= sizeof unit)
		return;
	memcpy(unit, at, (size_t)(end - at));
	unit[end - at] = 0;
	if (!unit_ns(unit))
		return;
	p->n_words--;			/* behind the number itself */
	store(p, at, (size_t)(end - at));
	p->at = end;
}

/* The stage that was meant, when a few letters tell; NULL. */
static const char *stage_like(const char *name)
{
	for (unsigned i = 0; *name && i < N_STAGES; i++)
		if (!strncmp(stage_names[i].name, name, strlen(name)))
			return stage_names[i].name;
	for (unsigned i = 0; name[0] && name[1] && i < N_STAGES; i++)
		if (strstr(stage_names[i].name, name) || !strncmp(stage_names[i].name, name, 2))
			return stage_names[i].name;
	return NULL;
}

static int find_stage(struct parse *p, struct filter_term *t, const char *from, char *name)
{
	const char *to = from + strlen("stage.") + strlen(name), *like;
	int stage;

	filter_fold(name);
	like = stage_like(name);
	stage = stage_by_name(name);
	if (stage >= 0)
		t->stage = (uint8_t)stage;
	else if (like)
		return wrong(p, from, to, "expected a stage: %s?", like);
	else
		return wrong(p, from, to, "expected a stage: stage.runqueue, stage.device, ...; ? lists them");
	return 0;
}

static const struct word *find_word(const char *key)
{
	if (!strncmp(key, stage_word.name, strlen(stage_word.name)))
		return &stage_word;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(key, words[i].name))
			return words + i;
	return &extra_word;
}

static bool is_order(enum op op)
{
	return op == OP_GT || op == OP_GE || op == OP_LT || op == OP_LE;
}

static int check_op(struct parse *p, const struct word *w, enum op op, const char *from, const char *to)
{
	if (w->kind == K_TEXT && is_order(op))
		return wrong(p, from, to, "%s is a text: expected = != or ~", w->name);
	if (w->kind == K_FLAG && op != OP_EQ && op != OP_NE)
		return wrong(p, from, to, "%s is 1 or 0: expected = or !=", w->name);
	if ((w->kind == K_NUMBER || w->kind == K_TIME) && op == OP_HAS)
		return wrong(p, from, to, "a %s contains nothing: expected = != > >= < or <=",
			     w->kind == K_TIME ? "time" : "number");
	return 0;
}

static int check_value(struct parse *p, const struct word *w, struct filter_term *t, const char *from)
{
	const char *value = p->f->words + t->value;

	if (w->kind == K_TIME && !to_time(value, &t->num))
		return wrong(p, from, p->at, "expected a time: 500us, 1.5ms, 2s");
	if (w->kind == K_NUMBER && !to_number(value, &t->num))
		return wrong(p, from, p->at, "expected a number");
	if (w->kind == K_FLAG) {
		t->num = !strcmp(value, "1") || !strcmp(value, "yes");
		if (!t->num && strcmp(value, "0") && strcmp(value, "no"))
			return wrong(p, from, p->at, "expected 1 (yes) or 0 (no)");
	}
	if (w->kind == K_LOOSE && is_order((enum op)t->op) && !to_real(value, &t->real))
		return wrong(p, from, p->at, "expected a number");
	if (t->op == OP_HAS)
		filter_fold(p->f->words + t->value);
	return 0;
}

static int take_compared(struct parse *p, struct filter_term *t, const char *key_from, enum op op, const char *op_from)
{
	const struct word *w = find_word(p->f->words + t->key);
	const char *op_to = p->at, *from;
	int r = 0;

	t->what = w->what;
	t->op = (uint8_t)op;
	if (w->what == W_STAGE)
		r = find_stage(p, t, key_from, p->f->words + t->key + strlen(stage_word.name));
	if (!r)
		r = check_op(p, w, op, op_from, op_to);
	if (r)
		return r;
	skip_blanks(p);
	from = p->at;
	if (!*from)
		return wrong(p, op_from, op_to, "expected a %s behind it", w->kind == K_TIME ? "time" : w->kind == K_NUMBER ?
			     "number" : w->kind == K_FLAG ? "1 or a 0" : "text");
	r = take_text(p, &t->value);
	if (!r && w->kind == K_TIME)
		take_unit(p, t);
	return r ? r : check_value(p, w, t, from);
}

static int take_term(struct parse *p)
{
	struct filter_term *t = p->f->term + p->f->n;
	const char *from = p->at, *key_end, *op_from;
	enum op op;
	int r;

	if (p->f->n == FILTER_TERMS)
		return wrong(p, from, from + strlen(from), "expected at most %d terms", FILTER_TERMS);
	while (is_key_char(*p->at))
		p->at++;
	key_end = p->at;
	skip_blanks(p);
	op_from = p->at;
	op = take_op(p);
	if (op != OP_NONE && key_end == from)
		return wrong(p, op_from, p->at, "expected a word before it, such as agent, step or stage.runqueue");
	p->f->n++;
	if (op != OP_NONE) {
		t->key = store(p, from, (size_t)(key_end - from));
		return take_compared(p, t, from, op, op_from);
	}
	p->at = from;
	if (!strncmp(from, stage_word.name, strlen(stage_word.name)))
		return wrong(p, from, key_end, "expected a comparison behind it, such as > 500us");
	t->what = W_ANY;
	r = take_text(p, &t->value);
	filter_fold(p->f->words + t->value);
	return r;
}

int filter_parse(struct filter *f, const char *text, struct filter_place *place, struct err *e)
{
	struct parse p = { .f = f, .begin = text, .at = text, .place = place, .e = e };
	int r = 0;

	*f = (struct filter){ 0 };
	*place = (struct filter_place){ 0, 0 };
	if (strlen(text) >= sizeof f->text)
		return wrong(&p, text + sizeof f->text - 1, text + strlen(text), "expected at most %d bytes", FILTER_BYTES - 1);
	for (skip_blanks(&p); *p.at && !r; skip_blanks(&p))
		r = take_term(&p);
	if (r)
		*f = (struct filter){ 0 };
	else
		memcpy(f->text, text, strlen(text) + 1);
	return r;
}

/* ---- matching ---- */

static bool compare(enum op op, uint64_t a, uint64_t b)
{
	switch (op) {
	case OP_EQ: return a == b;
	case OP_NE: return a != b;
	case OP_GT: return a > b;
	case OP_GE: return a >= b;
	case OP_LT: return a < b;
	case OP_LE: return a <= b;
	default: return false;
	}
}

static bool compare_real(enum op op, double a, double b)
{
	return op == OP_GT ? a > b : op == OP_GE ? a >= b : op == OP_LT ? a < b : op == OP_LE && a <= b;
}

static bool text_matches(const struct filter *f, const struct filter_term *t, const char *text)
{
	const char *value = f->words + t->value;
	double real;

	switch (t->op) {
	case OP_EQ: return !strcmp(text, value);
	case OP_NE: return strcmp(text, value);
	case OP_HAS: return filter_contains(text, value);
	default: return to_real(text, &real) && compare_real((enum op)t->op, real, t->real);
	}
}

static bool extra_matches(const struct filter *f, const struct filter_term *t, const char *extra)
{
	size_t len = 0;
	const char *value = extra_value(extra, f->words + t->key, &len);
	char text[256];

	/* A longer one is cut: it is a text that somebody wrote by hand into a mark. */
	snprintf(text, sizeof text, "%.*s", (int)MIN(len, sizeof text), value ? value : "");
	return text_matches(f, t, text);
}

/* As screens name a step without an id: "#12". snprintf() would take longer than all the rest of a search. */
static const char *serial_text(char buf[24], uint64_t serial)
{
	char *at = buf + 23;

	*at = 0;
	do
		*--at = (char)('0' + serial % 10);
	while (serial /= 10);
	*--at = '#';
	return at;
}

static bool id_matches(const struct filter *f, const struct filter_term *t, const struct snapshot *s, const struct step *st)
{
	char serial[24];

	return text_matches(f, t, st->id ? snapshot_str(s, st->id) : serial_text(serial, st->serial));
}

static bool pid_matches(const struct filter_term *t, const struct step *st)
{
	uint64_t pid = (uint64_t)MAX(st->pid, 0), tgid = (uint64_t)MAX(st->tgid, 0);

	if (t->op == OP_NE)
		return pid != t->num && tgid != t->num;
	return compare((enum op)t->op, pid, t->num) || compare((enum op)t->op, tgid, t->num);
}

/* != is "not any of them". */
static bool cpu_matches(const struct filter_term *t, const struct step *st)
{
	enum op op = t->op == OP_NE ? OP_EQ : (enum op)t->op;
	bool any = false;

	if (!st->has_segments)
		return false;
	for (size_t i = 0; i < st->n_seg && !any; i++)
		any = st->seg[i].cpu != UINT32_MAX && compare(op, st->seg[i].cpu, t->num);
	return any == (t->op != OP_NE);
}

bool filter_in_own_texts(const struct snapshot *s, const struct step *st, const char *word)
{
	char serial[24];
	bool is_number = *word == '#' || (*word >= '0' && *word <= '9');

	if (!st->id && is_number && filter_contains(serial_text(serial, st->serial), word))
		return true;
	return (st->id && filter_contains(snapshot_str(s, st->id), word)) || filter_contains(snapshot_str(s, st->cls), word) ||
	       (st->trace && filter_contains(snapshot_str(s, st->trace), word)) ||
	       (st->extra && filter_contains(snapshot_str(s, st->extra), word));
}

static bool in_texts(const struct snapshot *s, const struct step *st, const char *word)
{
	return filter_contains(snapshot_str(s, st->agent), word) || filter_contains(snapshot_str(s, st->name), word) ||
	       filter_in_own_texts(s, st, word);
}

static bool term_matches(const struct filter *f, const struct filter_term *t, const struct snapshot *s, const struct step *st)
{
	enum op op = (enum op)t->op;

	switch ((enum what)t->what) {
	case W_ANY: return in_texts(s, st, f->words + t->value);
	case W_AGENT: return text_matches(f, t, snapshot_str(s, st->agent));
	case W_NAME: return text_matches(f, t, snapshot_str(s, st->name));
	case W_ID: return id_matches(f, t, s, st);
	case W_CLASS: return text_matches(f, t, snapshot_str(s, st->cls));
	case W_TRACE: return text_matches(f, t, snapshot_str(s, st->trace));
	case W_PID: return pid_matches(t, st);
	case W_CPU: return cpu_matches(t, st);
	case W_LOST: return compare(op, st->n_lost, t->num);
	case W_STEP: return compare(op, st->end > st->begin ? st->end - st->begin : 0, t->num);
	case W_STAGE: return compare(op, st->ns[t->stage], t->num);
	case W_MISSED: return compare(op, st->missed, t->num);
	case W_BUDGET: return compare(op, st->over_budget, t->num);
	case W_EXTRA: return extra_matches(f, t, snapshot_str(s, st->extra));
	}
	return false;
}

bool filter_match(const struct filter *f, const struct snapshot *s, const struct step *st)
{
	for (unsigned i = 0; i < f->n; i++)
		if (!term_matches(f, f->term + i, s, st))
			return false;
	return true;
}
