// SPDX-License-Identifier: GPL-2.0-only
/* Our own events as records of a ring buffer, and the walk over sub-buffers. */
#include "tap.h"

#include "decode.h"
#include "made.h"
#include "subbuf.h"
#include "tracer.h"
#include "stage.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 4096 };

static void formats_are_read_back(void)
{
	struct formats fs;

	formats_init(&fs, host_big_endian(), 8);
	for (int t = 0; t < N_MADE; t++) {
		struct made_format f = made_format(t);

		ok(!formats_add(&fs, MADE_SYSTEM, f.text, strlen(f.text)), "the format of agenttop:%s is one", f.name);
		free(f.text);
	}
	{
		struct made_task c = { .head = made_head(MADE_TASK), .pid = 7, .tgid = 5, .comm = "abc" };
		struct event ev = { 0 };
		const struct format *f;
		struct access pid, comm;

		ok(formats_header(&fs, (const uint8_t *)&c, sizeof c, &ev), "a record is recognised by its type");
		f = fs.v[ev.type];
		pid = formats_access(&fs, f, "pid");
		comm = formats_access(&fs, f, "comm");
		ok(access_get(&pid, &ev) == 7, "its pid is there");
		ev.val[0] = access_get(&comm, &ev);
		ok(event_text(&ev, 0).len >= 3 && !memcmp(event_text(&ev, 0).p, "abc", 3), "and its text");
	}
	formats_fini(&fs);
}

/* Records at these times come back with them, whatever the distance. */
static void times_come_back(void)
{
	static const uint64_t at[] = { 5, 5, 6, 100000000, 100000000 + (1u << 27), 1ull << 40, (1ull << 40) + 1 };
	uint8_t page[SIZE];
	struct made_page m;
	struct subbuf_walk w;
	uint64_t from, to;
	uint32_t len;
	bool good = true;

	made_begin(&m, page, SIZE);
	ok(!subbuf_times(page, SIZE, &from, &to), "an empty one has no times");
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		struct made_follow f = { .head = made_head(MADE_FOLLOW), .pid = (int32_t)i };

		good &= made_add(&m, at[i], &f, sizeof f);
	}
	ok(good, "they fit");
	subbuf_walk(&w, page, SIZE);
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		const struct made_follow *f = (const void *)subbuf_next(&w, &len);

		good &= f && w.ts == at[i] && f->pid == (int32_t)i && len == sizeof *f;
	}
	ok(good && !subbuf_next(&w, &len), "and come back in order with their times");
	ok(subbuf_times(page, SIZE, &from, &to) && from == 5 && to == at[6], "first and last time");
	ok(subbuf_count(page, SIZE) == ARRAY_LEN(at), "so many");
	ok(!subbuf_missed(page, SIZE, &from), "nothing is missing before it");
}

/* As the kernel's bit fields lie in memory: type_len:5, time_delta:27. */
static void words_are_those_of_the_kernel(void)
{
	union {
		struct {
			uint32_t type_len : 5, time_delta : 27;
		} event;
		uint32_t raw;
	} here = { .event = { 7, 0x1234567 } };
	struct made_follow f = { .head = made_head(MADE_FOLLOW), .pid = 1 };
	uint8_t page[SIZE];
	struct made_page m;

	is_num(subbuf_word(here.raw, host_big_endian()), 7 | 0x1234567 << 5, "a word of this machine");
	is_num(subbuf_word(7u << 27 | 0x1234567, true), 7 | 0x1234567 << 5, "of a big-endian one");
	is_num(subbuf_raw(7 | 0x1234567 << 5, true), 7u << 27 | 0x1234567, "and back");
	is_num(subbuf_raw(subbuf_word(0x89abcdef, true), true), 0x89abcdef, "no bit is lost");
	made_begin(&m, page, SIZE);
	made_add(&m, 1000, &f, sizeof f);
	made_add(&m, 1005, &f, sizeof f);
	memcpy(&here.raw, page + SUBBUF_HEAD + 4 + sizeof f, 4);
	ok(here.event.type_len == sizeof f / 4 && here.event.time_delta == 5, "our own records have them");
}

static void a_full_one_says_so(void)
{
	uint8_t page[SIZE];
	struct made_page m;
	struct made_lost l = { .head = made_head(MADE_LOST) };
	size_t n = 0;

	made_begin(&m, page, SIZE);
	while (made_add(&m, 1000 + n, &l, sizeof l))
		n++;
	ok(n > 50 && n == subbuf_count(page, SIZE), "a full one refuses the next (%zu fit)", n);
	ok(subbuf_used(page) + SUBBUF_HEAD <= SIZE, "and stays within its size");
}

/* Lengths that do not fit end the walk, they do not lead out of the page. */
static void nonsense_ends_the_walk(void)
{
	uint8_t page[SIZE];
	struct subbuf_walk w;
	uint32_t len, seed = 1, n = 0;

	for (int round = 0; round < 2000; round++) {
		for (size_t i = 0; i < SIZE; i++)
			page[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
		subbuf_walk(&w, page, SIZE);
		for (const uint8_t *p; (p = subbuf_next(&w, &len)); n++)
			if (p < page || p + len > page + SIZE)
				ok(false, "a record leads out of the page");
	}
	ok(true, "random pages are walked without leaving them (%u records)", n);
}

/* Hidden records leave the others where and when they were. */
static void hidden_records_are_gone(void)
{
	uint8_t page[SIZE];
	struct made_page m;
	struct subbuf_walk w;
	uint32_t len;
	unsigned n = 0;

	made_begin(&m, page, SIZE);
	for (int i = 0; i < 20; i++) {
		struct made_trace t = { .head = made_head(MADE_TRACE), .pid = i };

		strcpy(t.traceparent, i % 5 ? "other" : "secret");
		made_add(&m, 1000 + 10 * (uint64_t)i, &t, sizeof t);
	}
	subbuf_hide(page, SIZE, 1040, "secret");
	subbuf_walk(&w, page, SIZE);
	for (const struct made_trace *t; (t = (const void *)subbuf_next(&w, &len)); n++)
		if (t->pid < 4 || t->pid % 5 == 0 || w.ts != 1000 + 10 * (uint64_t)t->pid)
			ok(false, "record %d at %llu", (int)t->pid, (unsigned long long)w.ts);
	is_num(n, 13, "what is older or has the text is hidden, the rest is not");
}

static bool asked_for(const char *event)
{
	for (unsigned i = 0; i < n_tracer_events; i++)
		if (!fnmatch(tracer_events[i].event, event, 0) || !fnmatch(event, tracer_events[i].event, 0))
			return true;
	return false;
}

/* What a stage wants is recorded live: a new plugin's events belong into the table. */
static void stages_get_their_events(void)
{
	for (unsigned i = 0; i < n_stages; i++)
		for (const struct want *w = stages[i]->wants; w && w->event; w++)
			if (w->optional != WANT_INSTEAD && strncmp(w->event, "agenttop:", 9))
				ok(asked_for(w->event), "%s wants %s, and live recording asks for it", stages[i]->name, w->event);
}

int main(void)
{
	formats_are_read_back();
	times_come_back();
	words_are_those_of_the_kernel();
	a_full_one_says_so();
	nonsense_ends_the_walk();
	hidden_records_are_gone();
	stages_get_their_events();
	return done();
}
