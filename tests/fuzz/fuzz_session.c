// SPDX-License-Identifier: GPL-2.0-only
/* The bytes are a file given to agenttop: all the way to both reports and a screen, with options that the length selects. */
#include "app.h"
#include "fuzz.h"
#include "report.h"
#include "session.h"

static const char *const lines[][5] = {
	{ "--report=json" },
	{ "--report=json", "--comm=." },
	{ "--report=json", "--pid=10,7,871", "--steps=worst:2" },
	{ "--report=json", "--from=-2us", "--to=-100ns" },
	{ "--report=json", "--step-begin=sched:sched_switch/next_pid>0", "--step-end=sched_switch/prev_comm~a*" },
	{ "--report=json", "--comm=agent", "--from=+1us", "--steps=none" },
};
static const char *const keys[] = {
	"j", "k", "<Enter>", "<Esc>", "<Space>", "<Left>", "<Right>", "<PageDown>", "<PageUp>", "G", "g", "s", "S", "r", "o", "<Lt>",
	"<Gt>", "[", "]", "m", "+", "-", "0", "(", ")", "l", "1", "2", "3", "<Tab>", "?",
};

/* Up to 15 keys that depend on all of the input. */
static const char *some_keys(const uint8_t *data, size_t size)
{
	uint64_t h = size;
	static char line[256];
	size_t n = 0;

	for (size_t i = 0; i < size; i++)
		h = (h ^ data[i]) * 0x100000001b3ull;
	h = hash64(h);
	line[0] = 0;
	for (unsigned i = h & 15; i; i--) {
		h = hash64(h + 1);
		n += (size_t)snprintf(line + n, sizeof line - n, "%s", keys[h % ARRAY_LEN(keys)]);
	}
	return line;
}

static void check_step(const struct step *s)
{
	uint64_t at = s->begin, sum = 0;

	must(s->end >= s->begin);
	for (int i = 0; i < N_STAGES; i++)
		sum += s->ns[i];
	must(sum == s->end - s->begin);
	if (!s->has_segments)
		return;
	for (size_t i = 0; i < s->n_seg; i++) {
		const struct segment *g = &s->seg[i];

		must(g->from == at && g->to > at);
		must(g->stage < N_STAGES);
		must((size_t)g->ev + g->n_ev <= s->n_ev);
		at = g->to;
	}
	must(at == s->end);
}

/* What is printed must be fit for a terminal whatever the recording holds. */
static void check_output(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		must(c == '\n' || (c >= ' ' && c != 0x7f));
		must(c != 0xc2 || (i + 1 < n && (unsigned char)p[i + 1] >= 0xa0));
	}
}

static void print_all(const struct snapshot *snap, const struct opts *o, const uint8_t *data, size_t size)
{
	struct report_opts ro = { .n_top = o->n_top, .n_worst = 3, .columns = 80, .utf8 = true, .target = o->target };
	unsigned cols = 20 + (unsigned)(size * 7 % 140), rows = 5 + (unsigned)(size * 3 % 60);
	static char *text;
	static size_t cap;
	FILE *f = open_memstream(&text, &cap);
	struct err err = { "" };
	long n;

	if (!f)
		die("memstream: %s", strerror(errno));
	report_json(snap, f);
	report_text(snap, &ro, f);
	must(!ui_screen_dump(snap, cols, rows, some_keys(data, size), size & 8, f, &err));
	fflush(f);
	n = ftell(f);
	must(n > 0);
	check_output(text, (size_t)n);
	fclose(f);
	free(text);
	text = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *const *line = lines[size % ARRAY_LEN(lines)];
	char path[64], *argv[8] = { "agenttop" };
	struct err err = { "" };
	struct snapshot *snap;
	struct session *s;
	struct opts o;
	int fd = fuzz_file(data, size), argc = 1, r;

	while (line[argc - 1]) {
		argv[argc] = (char *)line[argc - 1];
		argc++;
	}
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	argv[argc++] = path;
	if (opts_parse(argc, argv, &o, &err))
		die("options: %s", err.text);
	s = session_open(&o, &err);
	if (s) {
		if (size % 3 == 0) {		/* as the screen does: look while reading */
			r = session_read(s, 1, &err);
			snapshot_free(session_snapshot(s));
			r = r > 0 ? session_read(s, 0, &err) : r;
		} else {
			r = session_read(s, 0, &err);
		}
		if (r < 0)
			fuzz_sentence(err.text);
		snap = session_snapshot(s);
		for (size_t i = 0; i < snap->n_steps; i++)
			check_step(snap->steps[i]);
		print_all(snap, &o, data, size);
		snapshot_free(snap);
		session_close(s);
	} else {
		fuzz_sentence(err.text);
	}
	opts_fini(&o);
	close(fd);
	return 0;
}
