// SPDX-License-Identifier: GPL-2.0-only
#include "marks.h"

#include <string.h>

static struct text trim(struct text t)
{
	while (t.len && (t.p[t.len - 1] == '\n' || !t.p[t.len - 1] || t.p[t.len - 1] == '\r'))
		t.len--;
	return t;
}

/* Takes the part before the next '|' off the front of *t. */
static struct text part(struct text *t)
{
	const char *bar = memchr(t->p, '|', t->len);
	struct text head = { t->p, bar ? (uint32_t)(bar - t->p) : t->len };

	t->p += head.len + (bar ? 1 : 0);
	t->len -= head.len + (bar ? 1 : 0);
	return head;
}

static bool number(struct text t, uint64_t *out)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < t.len; i++) {
		if (t.p[i] < '0' || t.p[i] > '9' || v > (UINT64_MAX - 9) / 10)
			return false;
		v = v * 10 + (uint64_t)(t.p[i] - '0');
	}
	*out = v;
	return t.len > 0;
}

static uint64_t cookie(struct text t)
{
	uint64_t v = 0xcbf29ce484222325ull;

	if (number(t, &v) && v)
		return v;
	for (uint32_t i = 0; i < t.len; i++)
		v = (v ^ (unsigned char)t.p[i]) * 0x100000001b3ull;
	return v | 1ull << 63;
}

bool mark_parse(struct text t, struct mark *m)
{
	static const char letters[] = "BESFAD";
	static const enum mark_kind kinds[] = {
		MARK_BEGIN, MARK_END, MARK_ASYNC_BEGIN, MARK_ASYNC_END, MARK_ON, MARK_OFF,
	};
	const char *l;
	uint64_t v;

	*m = (struct mark){ .kind = MARK_NONE, .text = { "", 0 } };
	t = trim(t);
	if (!t.len || (t.len > 1 && t.p[1] != '|') || !(l = strchr(letters, t.p[0])) || !*l)
		return false;
	m->kind = kinds[l - letters];
	part(&t);
	if (number(part(&t), &v) && v < 1u << 22)
		m->tgid = (int32_t)v;
	if (m->kind == MARK_BEGIN) {
		m->text = t;
	} else if (m->kind == MARK_ASYNC_BEGIN || m->kind == MARK_ASYNC_END) {
		/* the cookie stands behind the last bar: the text may hold some */
		const char *bar = t.len ? memrchr(t.p, '|', t.len) : NULL;

		if (!bar)
			return false;
		m->text = (struct text){ t.p, (uint32_t)(bar - t.p) };
		m->cookie = cookie((struct text){ bar + 1, t.len - m->text.len - 1 });
	} else if (m->kind == MARK_ON || m->kind == MARK_OFF) {
		m->cookie = cookie(t);
	}
	return m->kind != MARK_BEGIN || t.len;
}

/* ---- the words of a step ---- */

static bool next_word(struct text *t, struct text *word)
{
	uint32_t n = 0;
	bool quoted = false;

	while (t->len && t->p[0] == ' ')
		t->p++, t->len--;
	while (n < t->len && (quoted || t->p[n] != ' ')) {
		if (t->p[n] == '"')
			quoted = !quoted;
		n++;
	}
	*word = (struct text){ t->p, n };
	t->p += n;
	t->len -= n;
	return n > 0;
}

static struct text unquote(struct text t)
{
	if (t.len >= 2 && t.p[0] == '"' && t.p[t.len - 1] == '"')
		return (struct text){ t.p + 1, t.len - 2 };
	return t;
}

static bool key_is(struct text word, const char *key, struct text *value)
{
	size_t n = strlen(key);

	if (word.len <= n || memcmp(word.p, key, n) || word.p[n] != '=')
		return false;
	*value = unquote((struct text){ word.p + n + 1, word.len - (uint32_t)n - 1 });
	return true;
}

static void micros(struct text t, uint64_t *ns)
{
	uint64_t us;

	if (number(t, &us) && us <= UINT64_MAX / 2000)
		*ns = us * 1000;
}

static void take_word(struct text word, struct step_words *o)
{
	struct text v;

	if (key_is(word, "agent", &o->agent) || key_is(word, "id", &o->id) || key_is(word, "name", &o->name) ||
	    key_is(word, "class", &o->cls) || key_is(word, "trace", &o->trace))
		return;
	if (key_is(word, "deadline_us", &v))
		micros(v, &o->deadline_ns);
	else if (key_is(word, "budget_us", &v))
		micros(v, &o->budget_ns);
	else if (o->n_extra < ARRAY_LEN(o->extras))
		o->extras[o->n_extra++] = word;
}

bool mark_is_step(struct text t, const char *word, struct step_words *o)
{
	size_t n = strlen(word);
	struct text w;

	*o = (struct step_words){ 0 };
	t = trim(t);
	if (t.len < n || memcmp(t.p, word, n) || (t.len > n && t.p[n] != ':' && t.p[n] != ' '))
		return false;
	next_word(&t, &w);
	if (w.len > n)
		o->id = (struct text){ w.p + n + 1, w.len - (uint32_t)n - 1 };
	while (next_word(&t, &w))
		take_word(w, o);
	return true;
}
