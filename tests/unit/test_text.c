// SPDX-License-Identifier: GPL-2.0-only
/* The .ev source: every way of writing an event, what is told about mistakes, and input meant to harm. */
#include "source.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct err err;

static struct source *open_bytes(const char *text, size_t len)
{
	struct source_file f = { .path = "t.ev", .seekable = true, .size_bytes = len };

	f.fd = memfd_create("t.ev", MFD_CLOEXEC);
	if (f.fd < 0 || write(f.fd, text, len) != (ssize_t)len || lseek(f.fd, 0, SEEK_SET)) {
		perror("memfd");
		exit(1);
	}
	f.n_head = MIN(len, sizeof f.head);
	memcpy(f.head, text, f.n_head);
	memset(&err, 0, sizeof err);
	return text_open(&f, &err);
}

static struct source *open_text_of(const char *text)
{
	return open_bytes(text, strlen(text));
}

/* The next event's number `name`; `text`: the same of a text field, copied. */
static uint64_t num(struct source *s, const struct event *ev, const char *name)
{
	struct access a = formats_access(&s->formats, s->formats.v[ev->type], name);

	return a.ok ? access_get(&a, ev) : 0xbad;
}

static const char *text(struct source *s, struct event *ev, const char *name)
{
	struct access a = formats_access(&s->formats, s->formats.v[ev->type], name);
	static char buf[256];
	struct text t;

	if (!a.ok)
		return "(no such field)";
	ev->val[0] = access_get(&a, ev);
	t = event_text(ev, 0);
	snprintf(buf, sizeof buf, "%.*s", (int)t.len, t.p);
	return buf;
}

static const char *full(struct source *s, const struct event *ev)
{
	return s->formats.v[ev->type]->full;
}

static bool next(struct source *s, struct event *ev)
{
	return source_next(s, ev, &err) == 1;
}

static void test_header(void)
{
	struct source *s = open_text_of("# agenttop events\n@clock boot\n@cpus 4\n@kernel 6.12.0\n@host web-07\n"
					"@comm 871 planner\n@comm 9 \"two words\"   # remark\n\n@arch aarch64\n");
	struct event ev;

	if (!ok(s != NULL, "directives are read"))
		return note("%s", err.text), (void)0;
	is_text(s->info.clock, "boot", "@clock");
	is_num(s->info.clock_kind, CLOCK_NS, "and what kind of clock it is");
	is_num(s->info.n_cpus, 4, "@cpus");
	is_text(s->info.kernel, "6.12.0", "@kernel");
	is_text(s->info.host, "web-07", "@host");
	is_text(s->info.arch, "aarch64", "@arch");
	is_num(s->info.n_comms, 2, "@comm twice");
	is_text(s->info.comms[0].comm, "two words", "@comm with a space");
	is_text(s->info.comms[1].comm, "planner", "@comm");
	ok(!next(s, &ev), "no events");
	source_close(s);
}

static void test_times(void)
{
	static const char in[] =
		"17 0 a-1 . x:a\n+3 0 a-1 . x:b\n+2us 0 a-1 . x:c\n1.000000512 0 a-1 . x:d\n1.5ms 0 a-1 . x:e\n"
		"@unit us\n3000 0 a-1 . x:f at=@3001.5 \n3000.25 0 a-1 . x:g\n+0.001 0 a-1 . x:h\n4s 0 a-1 . x:i\n";
	static const struct { const char *name; uint64_t ts; } want[] = {
		{ "x:a", 17 }, { "x:b", 20 }, { "x:c", 2020 }, { "x:e", 1500000 }, { "x:f", 3000000 }, { "x:g", 3000250 },
		{ "x:h", 3000251 }, { "x:d", 1000000512 }, { "x:i", 4000000000 },
	};
	struct source *s = open_text_of(in);
	struct event ev;

	if (!ok(s != NULL, "times in every form"))
		return note("%s", err.text), (void)0;
	for (size_t i = 0; i < ARRAY_LEN(want) && next(s, &ev); i++) {
		is_text(full(s, &ev), want[i].name, "%s comes in its place", want[i].name);
		is_num(ev.ts, want[i].ts, "%s's time", want[i].name);
		if (!strcmp(want[i].name, "x:f"))
			is_num(num(s, &ev, "at"), 3001500, "a time as a value");
	}
	ok(!next(s, &ev), "and that is all");
	source_close(s);
}

static void test_context(void)
{
	static const struct { const char *flags; unsigned bits; } f[] = {
		{ ".", 0 }, { "h", 0x08 }, { "s", 0x10 }, { "H", 0x18 }, { "hs", 0x18 }, { "n", 0x40 },
	};
	struct source *s;
	struct event ev;
	char line[80];

	for (size_t i = 0; i < ARRAY_LEN(f); i++) {
		snprintf(line, sizeof line, "1 2 my-task-77 %s x:y\n", f[i].flags);
		s = open_text_of(line);
		if (!ok(s && next(s, &ev), "flags %s", f[i].flags))
			continue;
		is_num(ev.flags, f[i].bits, "flags %s mean %#x", f[i].flags, f[i].bits);
		if (!i) {
			is_num(ev.pid, 77, "the pid is behind the last dash");
			is_num(ev.cpu, 2, "the CPU");
			is_num(ev.has_ctx, 1, "the context is real");
			is_num(s->info.n_cpus, 3, "CPUs counted from the highest seen");
			is_text(s->info.comms[0].comm, "my-task", "and the name is learned");
		}
		source_close(s);
	}
	s = open_text_of("1 - - - x:y\n2 0 \"a b\"-5 . x:y\n3 0 idle . x:y\n4 0 12 . x:y\n");
	ok(s && next(s, &ev) && !ev.has_ctx && ev.pid == -1 && ev.cpu == CPU_NONE, "nothing known of the context");
	ok(s && next(s, &ev) && ev.pid == 5, "a name with a space");
	ok(s && next(s, &ev) && ev.pid == 0, "idle");
	ok(s && next(s, &ev) && ev.pid == 12, "a pid alone");
	source_close(s);
}

static void test_values(void)
{
	struct source *s = open_text_of("1 0 a-1 . x:y n=5 h=0x1F m=-3 b=bare q=\"a \\\"q\\\" \\n\\x1b[0m \\\\\" e= big=18446744073709551615"
					" name=41 dev=259,1 vec=NET_RX prev_state=R+ id=io_uring_enter ret=-11 irq=3 # end\n");
	struct event ev;

	if (!ok(s && next(s, &ev), "values of every kind"))
		return note("%s", err.text), (void)0;
	is_num(num(s, &ev, "n"), 5, "decimal");
	is_num(num(s, &ev, "h"), 0x1f, "hexadecimal");
	is_num(num(s, &ev, "m"), (uint64_t)-3, "negative");
	is_num(num(s, &ev, "big"), UINT64_MAX, "64 bits");
	is_text(text(s, &ev, "b"), "bare", "bare text");
	is_text(text(s, &ev, "q"), "a \"q\" \n\x1b[0m \\", "quoted text with escapes");
	is_text(text(s, &ev, "e"), "", "empty");
	is_text(text(s, &ev, "name"), "41", "digits are text where the kernel has text");
	is_num(num(s, &ev, "dev"), 259u << 20 | 1, "a device");
	is_num(num(s, &ev, "vec"), 3, "a softirq");
	is_num(num(s, &ev, "prev_state"), 0x100, "a task state");
	is_num(num(s, &ev, "id"), 426, "a system call");
	is_num(num(s, &ev, "ret"), (uint64_t)-11, "what it returned");
	ok(!formats_access(&s->formats, s->formats.v[ev.type], "end").ok, "a remark is no field");
	source_close(s);
}

static void test_short(void)
{
	struct source *s = open_text_of(
		"1 3 planner-871 . switch S idle\n2 3 idle h waking planner-871\n3 3 idle . wakeup planner-871 target_cpu=1\n"
		"4 3 idle . switch R planner-871 next_prio=98\n5 3 idle h irq_entry 41 ahci\n6 3 idle h irq_exit 41 handled\n"
		"7 3 idle h softirq_raise BLOCK\n8 3 planner-871 . mark \"B|871|step:1 name=plan\"\n9 3 planner-871 . sys_enter epoll_wait\n"
		"10 3 idle h rq_complete 259,0 2048 8 RS 0\n11 3 - - lost 5 from=7\n12 3 planner-871 . sched:sched_switch prev=x-1 S next=y-2\n");
	struct event ev;

	if (!ok(s != NULL, "short names"))
		return note("%s", err.text), (void)0;
	next(s, &ev);
	is_text(full(s, &ev), "sched:sched_switch", "switch");
	is_text(text(s, &ev, "prev_comm"), "planner", "the task of the line leaves");
	is_num(num(s, &ev, "prev_pid"), 871, "its pid");
	is_num(num(s, &ev, "prev_state"), 1, "its state");
	is_text(text(s, &ev, "next_comm"), "swapper/3", "the idle task of that CPU");
	is_num(num(s, &ev, "next_pid"), 0, "is pid 0");
	is_num(num(s, &ev, "next_prio"), 120, "and has a priority");
	next(s, &ev);
	is_text(full(s, &ev), "sched:sched_waking", "waking");
	is_text(text(s, &ev, "comm"), "planner", "who is woken");
	is_num(num(s, &ev, "target_cpu"), 3, "the CPU is the line's unless said");
	next(s, &ev);
	is_num(num(s, &ev, "target_cpu"), 1, "as said");
	next(s, &ev);
	is_num(num(s, &ev, "next_prio"), 98, "a priority as said");
	is_num(num(s, &ev, "prev_prio"), 120, "the other by default");
	next(s, &ev);
	is_text(text(s, &ev, "name"), "ahci", "irq_entry");
	next(s, &ev);
	is_num(num(s, &ev, "ret"), 1, "irq_exit");
	next(s, &ev);
	is_num(num(s, &ev, "vec"), 4, "softirq_raise");
	next(s, &ev);
	is_text(text(s, &ev, "buf"), "B|871|step:1 name=plan", "mark");
	next(s, &ev);
	is_num(num(s, &ev, "id"), 232, "sys_enter");
	next(s, &ev);
	is_num(num(s, &ev, "sector"), 2048, "rq_complete");
	next(s, &ev);
	is_num(ev.type, SOURCE_LOST, "lost is the source's own event");
	is_num(num(s, &ev, "count"), 5, "how many");
	is_num(num(s, &ev, "from"), 7, "since when");
	is_num(ev.has_ctx, 0, "without a context");
	next(s, &ev);
	is_text(text(s, &ev, "prev_comm"), "x", "full names may leave the keys out too");
	source_close(s);
}

static void test_order(void)
{
	struct source *s = open_text_of("5 0 a-1 . x:a\n3 1 a-1 . x:b\n5 1 a-1 . x:c\n4 0 a-1 . x:d\n5 0 a-1 . x:e v=1 w=2\n6 0 a-1 . x:e w=4 v=3\n");
	char got[16] = "";
	size_t n = 0;
	struct event ev;

	while (s && next(s, &ev))
		got[n++] = full(s, &ev)[2];
	is_text(got, "bdacee", "by time, and as written where times are equal");
	is_num(s->info.n_late, 0, "sorted: none is late");
	is_num(s->formats.n, 5 + 5, "the order of fields does not matter");
	source_close(s);
	s = open_text_of("@as-written\n5 0 a-1 . x:a\n3 1 a-1 . x:b\n7 1 a-1 . x:c\n");
	ok(s && next(s, &ev) && ev.ts == 5 && next(s, &ev) && ev.ts == 5 && next(s, &ev) && ev.ts == 7,
	   "@as-written: a late event's time is raised");
	is_num(s ? s->info.n_late : 0, 1, "and counted");
	source_close(s);
}

static void test_bad(void)
{
	static const struct { const char *line, *say; } c[] = {
		{ "x", "expected a time" }, { "1", "expected a CPU, found the end of the line" }, { "1 x", "expected a CPU" },
		{ "1 8192", "expected a CPU" }, { "1 0", "expected a task" }, { "1 0 a", "expected a task as COMM-PID" },
		{ "1 0 a-99999999999", "COMM-PID" }, { "1 0 sixteen-bytes-xx-1", "15 bytes" }, { "1 0 \"a-1\"", "COMM-PID" },
		{ "1 0 a-1", "expected flags" }, { "1 0 a-1 q", "expected flags" }, { "1 0 a-1 .", "expected an event" },
		{ "1 0 a-1 . foo", "system:name" }, { "1 0 a-1 . a:b:c", "system:name" }, { "1 0 a-1 . a:", "system:name" },
		{ "1 0 a-1 . a:b\x01", "system:name" }, { "1 0 a-1 . x:y z", "FIELD=VALUE" }, { "1 0 a-1 . x:y z=\"a", "closing quote" },
		{ "1 0 a-1 . x:y z=\"\\q\"", "backslash" }, { "1 0 a-1 . x:y z=\"\\", "backslash" }, { "1 0 a-1 . x:y z=\"\\x1", "backslash" },
		{ "1 0 a-1 . x:y z=1 z=2", "twice" }, { "1 0 a-1 . x:y pid=me", "pid: expected a number" },
		{ "1 0 a-1 . x:y vec=FOO", "softirq" }, { "1 0 a-1 . x:y prev_state=Q", "task state" }, { "1 0 a-1 . x:y dev=1", "" },
		{ "1 0 a-1 . x:y dev=1,x", "MAJOR,MINOR" }, { "1 0 a-1 . x:y dev=9999,1", "MAJOR,MINOR" }, { "1 0 a-1 . x:y t=@x", "time" },
		{ "1 0 a-1 . switch S idle x", "FIELD=VALUE" }, { "1 0 a-1 . switch S 1x", "COMM-PID" }, { "1 0 a-1 . agenttop:nope", "own events" },
		{ "1 0 a-1 . agenttop:lost x=1", "no number field x" }, { "1 0 a-1 . agenttop:lost count=\"5\"", "no text field" },
		{ "99999999999s 0 a-1 . x:y", "expected a time" }, { "18446744073709551616 0 a-1 . x:y", "expected a time" },
		{ "9223372036854775807 0 a-1 . x:y\n+1 0 a-1 . x:y", "t.ev:2:" }, { "1. 0 a-1 . x:y", "expected a time" },
		{ "1m 0 a-1 . x:y", "expected a time" }, { "-1 0 a-1 . x:y", "expected a time" },
		{ "@foo 1", "no directive" }, { "@unit", "expected a value" }, { "@unit h", "ns, us, ms or s" }, { "@cpus many", "number of CPUs" },
		{ "@comm x y", "expected a pid" }, { "@comm 1", "name" }, { "@comm 1 abcdefghijklmnop", "15 bytes" }, { "@cpus 1 2", "end of the line" },
		{ "@comm 1 \"a", "closing quote" },
	};
	char line[200];

	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		struct source *s;

		snprintf(line, sizeof line, "%s\n", c[i].line);
		s = open_text_of(line);
		if (!*c[i].say) {
			ok(s != NULL, "good: %s", c[i].line);
		} else if (ok(!s, "refused: %zu", i)) {
			has_text(err.text, c[i].say, "and says what was expected");
			has_text(err.text, "t.ev:", "and where");
		}
		source_close(s);
	}
}

static void test_lenient(void)
{
	struct source *s = open_text_of("@lenient\n1 0 a-1 . x:y\nrubbish\n2 0 a-1 . x:y\n3 0\n");
	struct event ev;

	if (!ok(s != NULL, "@lenient: bad lines do not end it"))
		return;
	is_num(s->info.n_bad, 2, "they are counted");
	is_num(s->info.n_notes, 2, "and told");
	has_text(s->info.n_notes ? s->info.notes[0] : NULL, "t.ev:3: ", "with their lines");
	ok(next(s, &ev) && next(s, &ev) && !next(s, &ev), "the good ones are given");
	source_close(s);
}

static void test_many(void)
{
	size_t cap = 1 << 20, n = 0;
	char *buf = xmalloc(cap);
	struct source *s;

	n += (size_t)sprintf(buf, "1 0 a-1 . x:y");
	for (int i = 0; i < 32; i++)
		n += (size_t)sprintf(buf + n, " f%d=%d", i, i);
	s = open_bytes(buf, n);
	ok(s != NULL, "32 fields, and no newline at the end");
	source_close(s);
	n += (size_t)sprintf(buf + n, " more=1");
	s = open_bytes(buf, n);
	ok(!s, "33 are refused");
	has_text(err.text, "more than 32 fields", "and it says so");
	n = 0;
	for (int i = 0; i < 600; i++)
		n += (size_t)sprintf(buf + n, "1 0 a-1 . x:y%d\n", i);
	s = open_bytes(buf, n);
	ok(!s, "too many kinds of events are refused");
	has_text(err.text, "kinds of events", "and it says so");
	n = 0;
	for (int i = 0; i < 20000; i++)
		n += (size_t)sprintf(buf + n, "%d %d t%d-%d . x:y v=%d\n", 20000 - i, i % 8, i, i + 1, i);
	s = open_bytes(buf, n);
	if (ok(s != NULL, "20000 events")) {
		struct event ev;
		uint64_t last = 0, k = 0;

		while (next(s, &ev) && ev.ts > last && num(s, &ev, "v") == 20000 - ev.ts)
			last = ev.ts, k++;
		is_num(k, 20000, "all in order, each with its own record");
		is_num(s->info.n_comms, 20000, "all names");
		is_num(s->info.bytes_done, s->info.bytes_total, "progress reaches the end");
	}
	source_close(s);
	free(buf);
}

static void test_pipe(void)
{
	static const char in[] = "# agenttop events, this line is longer than the head that was read to recognise it\n1 0 a-1 . x:y\n";
	struct source_file f = { .path = "-" };
	struct source *s;
	struct event ev;
	int fd[2];

	if (pipe(fd) || write(fd[1], in, sizeof in - 1) < 0)
		return;
	close(fd[1]);
	f.fd = fd[0];
	f.n_head = (size_t)read(fd[0], f.head, sizeof f.head);
	s = text_open(&f, &err);
	ok(s && next(s, &ev) && !next(s, &ev), "a pipe: what was read to recognise it is not lost");
	source_close(s);
}

/* Every prefix, and every byte turned into something else: no crash, whatever the outcome (meant for sanitizers). */
static void test_hostile(void)
{
	static const char in[] = "@unit us\n@comm 1 \"a b\"\n+1 0 a-1 hs sched:sched_switch S next=\"x\\x1b\"-2 prev_prio=1\n"
				 "2.5 - - - lost 3 from=1\n3 1 idle . x:y dev=1,2 q=\"\\\"\" t=@4 vec=RCU\n\xef\xbb\xbf\r\n";
	static const unsigned char put[] = { 0, '\n', '"', '\\', '=', '-', '@', '#', 0x80, 0xff, '9', ' ' };
	char *copy = xmalloc(sizeof in);
	size_t n_open = 0;

	for (size_t i = 0; i <= sizeof in - 1; i++) {
		struct source *s = open_bytes(in, i);

		n_open += s != NULL;
		source_close(s);
	}
	for (size_t i = 0; i < sizeof in - 1; i++)
		for (size_t k = 0; k < ARRAY_LEN(put); k++) {
			struct source *s;
			struct event ev;

			memcpy(copy, in, sizeof in);
			copy[i] = (char)put[k];
			s = open_bytes(copy, sizeof in - 1);
			n_open += s != NULL;
			while (s && next(s, &ev))
				for (size_t j = 0; j < s->formats.v[ev.type]->n_f; j++)
					text(s, &ev, s->formats.v[ev.type]->f[j].name);
			source_close(s);
		}
	ok(n_open > 0, "cut and damaged input is survived (%zu still opened)", n_open);
	free(copy);
}

int main(void)
{
	test_header();
	test_times();
	test_context();
	test_values();
	test_short();
	test_order();
	test_bad();
	test_lenient();
	test_many();
	test_pipe();
	test_hostile();
	return done();
}
