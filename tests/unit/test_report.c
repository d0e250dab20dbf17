// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "fake_snapshot.h"
#include "json.h"
#include "report.h"
#include "tap.h"
#include "verdict.h"

/* ---- a JSON reader: says whether text is one well-formed value, and nothing else ---- */

static const char *skip_value(const char *p);

static const char *skip_space(const char *p)
{
	while (p && *p && strchr(" \n\t\r", *p))
		p++;
	return p;
}

static const char *skip_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p != '\\')
			continue;
		p++;
		if (*p == 'u') {
			if (strspn(p + 1, "0123456789abcdefABCDEF") < 4)
				return NULL;
			p += 4;
		} else if (!*p || !strchr("\"\\/bfnrt", *p)) {
			return NULL;
		}
	}
	return p + 1;
}

static const char *skip_number(const char *p)
{
	size_t n;

	p += *p == '-';
	n = strspn(p, "0123456789");
	if (!n || (n > 1 && *p == '0'))
		return NULL;
	p += n;
	if (*p != '.')
		return p;
	n = strspn(p + 1, "0123456789");
	return n ? p + 1 + n : NULL;
}

/* What stands between brackets, keys included when close is '}'. */
static const char *skip_list(const char *p, char close)
{
	p = skip_space(p + 1);
	if (*p == close)
		return p + 1;
	for (;;) {
		if (close == '}') {
			p = skip_space(skip_string(p));
			if (!p || *p != ':')
				return NULL;
			p = skip_space(p + 1);
		}
		p = skip_space(skip_value(p));
		if (!p || (*p != ',' && *p != close))
			return NULL;
		if (*p++ == close)
			return p;
		p = skip_space(p);
	}
}

static const char *skip_value(const char *p)
{
	static const char *const word[] = { "true", "false", "null" };

	if (*p == '{' || *p == '[')
		return skip_list(p, *p == '{' ? '}' : ']');
	if (*p == '"')
		return skip_string(p);
	for (size_t i = 0; i < ARRAY_LEN(word); i++)
		if (!strncmp(p, word[i], strlen(word[i])))
			return p + strlen(word[i]);
	return skip_number(p);
}

static bool is_json(const char *text)
{
	const char *end = skip_space(skip_value(text));

	return end && !*end;
}

static bool is_utf8(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	while (*p) {
		int n = *p < 0x80 ? 0 : *p >= 0xc2 && *p < 0xe0 ? 1 : *p >= 0xe0 && *p < 0xf0 ? 2 : *p >= 0xf0 && *p < 0xf5 ? 3 : -1;

		if (n < 0)
			return false;
		for (p++; n; n--, p++)
			if ((*p & 0xc0) != 0x80)
				return false;
	}
	return true;
}

/* ---- both reports into memory ---- */

static char *json_of(const struct snapshot *s, unsigned n_top)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	report_json_top(s, n_top, f);
	fclose(f);
	return text;
}

static char *text_of(const struct snapshot *s, const struct report_opts *o)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	report_text(s, o, f);
	fclose(f);
	return text;
}

static const struct report_opts plain = { .n_top = 20, .n_worst = 5, .columns = 80 };

/* Every part occurs, each behind the one before. */
static void in_order(const char *text, const char *const *part, size_t n, const char *name)
{
	const char *at = text;

	for (size_t i = 0; i < n; i++) {
		const char *found = at ? strstr(at, part[i]) : NULL;

		if (!found)
			note("%s: no %s after that", name, part[i]);
		at = found ? found + strlen(part[i]) : NULL;
	}
	ok(at, "%s: keys in the order of the contract", name);
}
#define IN_ORDER(text, name, ...) do { \
	static const char *const part_[] = { __VA_ARGS__ }; \
	in_order(text, part_, ARRAY_LEN(part_), name); } while (0)

/* ---- the writer ---- */

static void test_writer(void)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct json j;

	json_init(&j, f);
	json_open(&j, '[');
	json_u64(&j, UINT64_MAX), json_i64(&j, INT64_MIN), json_i64(&j, -7), json_i64(&j, 7), json_u64(&j, 0);
	json_bool(&j, true), json_null(&j), json_text(&j, NULL), json_text(&j, "");
	json_ratio(&j, 0.5), json_ratio(&j, -1.25), json_ratio(&j, 0.0000004), json_ratio(&j, 0.0 / 0.0), json_ratio(&j, 1.9999999);
	json_hex(&j, 0xffff888012345000ull);
	json_open(&j, '{'), json_close(&j, '}'), json_open(&j, '['), json_close(&j, ']');
	json_close(&j, ']');
	json_fini(&j);
	fclose(f);
	is_text(text, "[18446744073709551615,-9223372036854775808,-7,7,0,true,null,null,null,0.500000,-1.250000,0.000000,null,2.000000,"
		"\"0xffff888012345000\",{},[]]\n", "values");
	free(text);
}

static void test_escapes(void)
{
	static const struct { const char *in, *out; } text[] = {
		{ "plain", "\"plain\"" },
		{ "say \"hi\" \\ /", "\"say \\\"hi\\\" \\\\ /\"" },
		{ "a\nb\tc\x01\x7f", "\"a\\u000ab\\u0009c\\u0001\\u007f\"" },
		{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"" },
		{ "\xff\xfe!", "\"\\ufffd\\ufffd!\"" },
		{ "\xc0\x80", "\"\\ufffd\\ufffd\"" },			/* overlong */
		{ "\xed\xa0\x80.", "\"\\ufffd\\ufffd\\ufffd.\"" },	/* half of a surrogate pair */
		{ "\xe2\x82", "\"\\ufffd\\ufffd\"" },			/* cut short by the end */
		{ "\xf5\x80\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		struct json j;
		char *got;
		size_t len;
		FILE *f = open_memstream(&got, &len);

		json_init(&j, f);
		json_text(&j, text[i].in);
		json_fini(&j);
		fclose(f);
		got[len - 1] = 0;
		is_text(got, text[i].out, "text %zu is escaped", i);
		ok(is_json(got) && is_utf8(got), "text %zu can be read again", i);
		free(got);
	}
}

/* One text longer than the buffer, and many values across its end. */
static void test_buffer(void)
{
	size_t n = 700000, len;
	char *big = xmalloc(n + 1), *got;
	FILE *f = open_memstream(&got, &len);
	struct json j;

	memset(big, 'x', n);
	big[n] = 0;
	json_init(&j, f);
	json_open(&j, '[');
	json_text(&j, big);
	for (uint64_t i = 0; i < 200000; i++)
		json_u64(&j, i);
	json_close(&j, ']');
	json_fini(&j);
	fclose(f);
	ok(is_json(got), "more than the buffer holds is still JSON");
	is_num(len, n + 2 + 2 + 1 + 200000 + 1088890, "and complete");
	free(got);
	free(big);
}

/* ---- JSON ---- */

static void test_json_contract(void)
{
	struct snapshot s;
	char *text;

	fake_planner(&s);
	text = json_of(&s, 0);
	ok(is_json(text), "a report is JSON");
	IN_ORDER(text, "report", "{\n\"schema\":\"agenttop-report-1\"", "\"source\":{\"kind\":", "\n\"capabilities\":[", "\n\"agents\":[",
		 "\n\"steps\":[", "\n\"stages\":[", "\n\"tasks\":[", "\n\"cpus\":[", "\n\"irqs\":[", "\n\"softirqs\":[", "\n\"wakeups\":{",
		 "\n\"block\":[", "\n\"napi\":[", "\n\"rings\":[", "\n\"places\":[", "\n\"timeline\":{", "\n\"culprits\":[", "\n\"harms\":[", "\n\"suggestions\":[]", "\n\"self\":{");
	IN_ORDER(text, "source", "\"kind\":\"trace.dat\",\"file\":\"incident.dat\",\"version\":\"7\",\"clock\":\"mono\",\"host\":\"web-07\","
		 "\"kernel\":\"6.18.44\",\"arch\":\"x86_64\",\"cpus\":4,\"begin\":16000000000,\"end\":26000000000,\"events\":840000,"
		 "\"lost\":120,\"late\":2,\"skipped\":0}");
	IN_ORDER(text, "capability", "{\"stage\":\"block\",\"state\":\"on\",\"missing\":[],\"hides\":null}", "{\"stage\":\"nvme\",\"state\":"
		 "\"off\",\"missing\":[\"nvme:nvme_setup_cmd\",\"nvme:nvme_complete_rq\"],\"hides\":\"which NVMe queue a request was in\"}");
	IN_ORDER(text, "agent", "{\"agent\":\"planner\",\"tgid\":870,\"comm\":\"python3\",\"class\":\"interactive\",\"steps\":{\"n\":5386,\"sum\":",
		 "\"min\":", "\"p50\":8100000,", "\"p90\":", "\"p99\":23400000,", "\"p999\":", "\"max\":41200000}", "\"between\":{",
		 "\"deadline_misses\":14,\"budget_misses\":0,\"stages\":{\"user\":{\"n\":0,\"sum\":0,\"min\":null,\"p50\":null,\"p90\":null,"
		 "\"p99\":null,\"p999\":null,\"max\":null},\"kernel\":", "\"unknown\":{");
	IN_ORDER(text, "step", "\"id\":\"32\",\"name\":\"plan\",\"pid\":871,\"tgid\":870,\"begin\":16100000000,\"end\":16123412000,\"class\":"
		 "\"interactive\",\"deadline\":20000000,\"budget\":null,\"missed\":true,\"lost\":0,\"segments\":[{\"stage\":\"user\","
		 "\"from\":16100000000,\"to\":16101200000,\"cpu\":2,\"actor\":null,\"confidence\":\"proven\",\"evidence\":[{\"event\":"
		 "\"sched:sched_waking\",\"cpu\":2,\"ts\":16100000000}]}", "{\"stage\":\"outside\",", "\"cpu\":null,",
		 "\"confidence\":\"inferred\"");
	IN_ORDER(text, "stage", "{\"stage\":\"runqueue\",\"share\":0.110000,\"share_worst\":0.410000,\"dist\":{\"n\":5386");
	IN_ORDER(text, "task", "{\"pid\":678,\"tgid\":null,\"comm\":\"fio\",\"run\":1500000000,\"runqueue\":20000000,\"preempted\":300000000,"
		 "\"sleep\":8000000000,\"blocked\":0,\"switches\":9000,\"wakeups\":8000,\"migrations\":0,\"harm\":29000000}");
	IN_ORDER(text, "cpu", "{\"cpu\":2,\"irq\":900000000,\"softirq\":2800000000,\"ksoftirqd\":100000000,\"task\":3300000000,"
		 "\"idle\":2900000000,\"hot\":true,\"why\":\"38 % in interrupts, took 62.0 ms of steps\",\"harm\":62000000,\"unknown\":0,"
		 "\"interrupts\":90211,\"node\":0,\"cache\":2}");
	IN_ORDER(text, "cpu of which nothing is known", "{\"cpu\":0,", "\"interrupts\":4102,\"node\":null,\"cache\":null}");
	IN_ORDER(text, "irq", "{\"irq\":35,\"name\":\"virtio2-input.2\",\"dist\":{", "\"cpus\":{\"2\":{\"n\":80000", "\"0\":{\"n\":1000",
		 "\"completed_steps\":5386,\"harm\":9000000,\"asked\":\"0-3\",\"effective\":\"2\",\"managed\":false,\"unhandled\":0}",
		 "{\"irq\":null,\"name\":\"reschedule\"", "\"cpus\":{},", "\"asked\":null,\"effective\":null,\"managed\":null,\"unhandled\":0}");
	IN_ORDER(text, "softirq", "{\"vec\":3,\"name\":\"NET_RX\",\"raises\":81000,\"run\":{", "\"wait\":{", "\"harm\":51000000,\"cpus\":{}}");
	IN_ORDER(text, "wakeups", "{\"waking_to_run\":{", "\"wakeup_to_run\":{", "\"cross_cpu\":310}");
	IN_ORDER(text, "block", "{\"dev\":\"259,0\",\"op\":\"RA\",\"queue\":{", "\"device\":{", "\"complete\":{\"n\":0,",
		 "\"name\":\"nvme0n1\",\"by\":[{\"comm\":\"planner\",\"pid\":871,\"n\":1100,\"bytes\":4505600,\"device\":{\"n\":1100,",
		 "{\"comm\":null,\"pid\":null,\"n\":60,\"bytes\":245760,\"device\":{\"n\":60,", "}}]}");
	IN_ORDER(text, "napi", "{\"dev\":\"eth0\",\"polls\":81000,\"work\":412000,\"budget_hits\":14,\"dist\":{", "},\"batch\":{\"n\":0,");
	IN_ORDER(text, "ring", "{\"ctx\":\"0xffff888012345000\",\"pid\":871,\"sq\":64,\"cq\":128,\"ops\":{\"READV\":{\"n\":1200,\"error\":2,"
		 "\"cancelled\":1,\"dist\":{", "\"overflow\":0,\"batch\":{", "\"open\":3,\"oldest_open\":1200000000}", "\"pid\":null,\"sq\":null,\"cq\":null,\"ops\":{}");
	IN_ORDER(text, "self", "{\"cpu_ns\":null,\"rss_bytes\":null,\"events_per_s\":null}");
	free(text);
	text = json_of(&s, 1);
	ok(strstr(text, "\"comm\":\"planner\"") && !strstr(text, "\"comm\":\"fio\""), "--top cuts the tasks");
	free(text);
	fake_free(&s);
}

static void test_json_unknown(void)
{
	struct loss_row loss = { 1, 2, 0, 1 };
	struct snapshot s;
	struct step *st;
	char *text;

	fake_empty(&s);
	text = json_of(&s, 0);
	ok(is_json(text), "an empty recording's report is JSON");
	has_text(text, "\"file\":null,", "no file: null");
	has_text(text, "\"begin\":null,\"end\":null,\"events\":0,\"lost\":0,", "no events: no time");
	has_text(text, "{\"stage\":\"user\",\"share\":null,\"share_worst\":null,", "no steps: no share");
	free(text);
	s.losses = &loss, s.n_losses = 1;
	st = fake_step(&s, "", FAKE_BEGIN, NULL, 0);
	st->has_segments = 0;
	st->deadline_ns = 0;
	text = json_of(&s, 0);
	has_text(text, "\"lost\":null", "losses that nobody counted are not zero");
	has_text(text, "\"id\":null,", "no id: null");
	has_text(text, "\"deadline\":null,", "no deadline: null");
	has_text(text, "\"segments\":null}", "segments dropped by --steps: null");
	ok(is_json(text), "and all that is JSON");
	free(text);
	fake_free(&s);
}

static const char hostile[] = "a\"b\\c\n\x1b[2J</script>\xff\xc3\x28\xe2\x80\xae \xf0\x9f\x98\x80 %s%n";

static void test_json_hostile(void)
{
	static const struct fake_seg seg[] = { { ST_USER, 10, 0, hostile, hostile, 1, 0 } };
	const char *missing[] = { hostile };
	struct capability cap = { hostile, CAP_PARTIAL, missing, 1, hostile };
	struct task_row task = { .pid = -1, .comm = hostile };
	struct ring_op op = { .op = hostile };
	struct ring_row ring = { .ctx = 1, .ops = &op, .n_ops = 1 };
	struct irq_row irq = { .irq = 1, .name = hostile };
	struct snapshot s;
	char *text;

	fake_empty(&s);
	s.source.file = s.source.host = s.source.kernel = hostile;
	s.caps = &cap, s.n_caps = 1;
	s.tasks = &task, s.n_tasks = 1;
	s.rings = &ring, s.n_rings = 1;
	s.irqs = &irq, s.n_irqs = 1;
	fake_step(&s, hostile, FAKE_BEGIN, seg, 1);
	text = json_of(&s, 0);
	ok(is_json(text), "hostile names make no hole in JSON");
	ok(is_utf8(text), "nor in UTF-8");
	ok(!strchr(text, '\x1b'), "no escape sequence comes through");
	has_text(text, "\"comm\":\"a\\\"b\\\\c\\u000a\\u001b[2J", "the name is there all the same");
	free(text);
	fake_free(&s);
}

/* One step alone is what it is among the others. */
static void test_json_step(void)
{
	struct snapshot s;
	char *text = NULL, *all, *row;
	size_t len;
	FILE *f;

	fake_planner(&s);
	all = json_of(&s, 0);
	row = strstr(strstr(all, "\n\"steps\":["), "{\"agent\":\"planner\",\"id\":\"32\"");
	f = open_memstream(&text, &len);
	report_json_step(&s, s.steps[1], f);
	fclose(f);
	ok(is_json(text), "a step alone is JSON");
	IN_ORDER(text, "step", "{\n\"schema\":\"agenttop-step-1\"", "\n\"source\":{\"kind\":\"trace.dat\"", "\n\"step\":{\"agent\":\"planner\"");
	ok(row && strcspn(row, "\n") > 1000, "its row in the report is there to compare with");
	row[strcspn(row, "\n") - 2] = 0;		/* "]," of the list */
	has_text(text, row, "and it is the same object there");
	free(text);
	free(all);
	fake_free(&s);
}

/* ---- text ---- */

/* Longest line in columns; every character of these tests but the arrow is one byte. */
static size_t widest(const char *text)
{
	size_t max = 0, n = 0;

	for (; *text; text++) {
		n = *text == '\n' ? 0 : n + ((*text & 0xc0) != 0x80);
		max = MAX(max, n);
	}
	return max;
}

static void test_text(void)
{
	struct report_opts o = plain;
	struct snapshot s;
	char *text;

	fake_planner(&s);
	text = text_of(&s, &o);
	ok(!strncmp(text, "planner's plan steps: 5386 of them, p50 8.10 ms, p99 23.4 ms", 60), "the verdict comes first");
	IN_ORDER(text, "sections", "\nincident.dat: trace.dat version 7", "\nSteps ", "\nStages ", "\nSlowest steps ", "\nAgents ", "\nCPUs ",
		 "\nInterrupts ", "\nSoftirqs ", "\nTasks ", "\nWakeups ", "\nBlock devices ", "\nNAPI polls\n", "\nio_uring\n",
		 "\nCapabilities ", "\nLosses and notes\n");
	has_text(text, "over: p99 500 us", "a stage over its target");
	has_text(text, "no time in: irq-steal, softirq-steal", "stages without time are named");
	has_text(text, "epoll_wait 19.3 ms: outside 9.60 ms -> irq 3.00 us (irq 35", "a chain");
	has_text(text, "(NET_RX eth0, inferred)", "what is only likely says so");
	has_text(text, "(NET_RX eth0 5.10 ms, fio:678 2.87 ms,\n", "who ran instead");
	has_text(text, "[15 events]", "how many events prove it");
	has_text(text, "deadline 20.0 ms missed by 3.41 ms", "a missed deadline");
	has_text(text, "CPU 2 is IRQ-hot: 38 % in interrupts", "a hot CPU and why");
	has_text(text, "nvme off: missing nvme:nvme_setup_cmd, nvme:nvme_complete_rq. Hides which NVMe", "what is off");
	has_text(text, "some CPU: events lost 1 time, nobody knows how many", "uncounted losses");
	has_text(text, "259,0   RA   1200     9.00 us      800 us     1.90 ms             -", "unknown is a dash");
	ok(!strchr(text, '\x1b'), "no colour unless asked");
	ok(!strstr(text, " \n"), "no blank at the end of a line");
	ok(widest(text) <= 80, "80 columns are enough: %zu", widest(text));
	free(text);
	for (o.columns = 80; o.columns <= 240; o.columns += 40) {
		text = text_of(&s, &o);
		ok(widest(text) <= o.columns, "%u columns hold it: %zu", o.columns, widest(text));
		free(text);
	}
	fake_free(&s);
}

static void test_text_options(void)
{
	struct stage_target none[N_STAGES] = { { 0 } };
	struct report_opts o = plain;
	struct snapshot s;
	char *text;

	fake_planner(&s);
	o.n_top = 1;
	o.n_worst = 0;
	o.utf8 = true;
	text = text_of(&s, &o);
	ok(!strstr(text, "Slowest steps"), "no chains when none are wanted");
	has_text(text, "and 1 more: --top 0 shows all", "what --top leaves out is counted");
	free(text);
	o.n_worst = 1;
	o.colour = true;
	o.target = none;
	text = text_of(&s, &o);
	has_text(text, "\xe2\x86\x92", "an arrow where it can be shown");
	has_text(text, "\x1b[", "colour where it is wanted");
	ok(!strstr(text, "over: "), "no target, no verdict");
	ok(!strstr(text, "planner/plan 31"), "one slowest step is one");
	free(text);
	fake_free(&s);
}

static void test_text_no_steps(void)
{
	struct candidate_row who[] = { { 871, "python3", 5400, 9000 * MS, 300 * MS, "waits in epoll_wait" },
				       { 678, "fio", 10, MS, MS, "" } };
	struct snapshot s;
	char *text;

	fake_empty(&s);
	text = text_of(&s, &plain);
	ok(!strncmp(text, "The recording has no events.\n", 29), "nothing at all");
	free(text);
	s.source.n_events = 10, s.source.end = MS;
	s.candidates = who, s.n_candidates = 2;
	text = text_of(&s, &plain);
	ok(!strncmp(text, "Nothing here marks steps and no agent was named", 47), "no step and no agent");
	has_text(text, "These wait and wake like agents: python3:871, fio:678. Try -p 871.", "who could be one");
	has_text(text, "\nWhat could be an agent ", "and the table");
	ok(!strstr(text, "\nStages "), "no stage without a step");
	free(text);
	s.n_steps_open = 2;
	text = text_of(&s, &plain);
	ok(!strncmp(text, "No step ended in what was read; 2 began.", 40), "steps that never ended");
	free(text);
	fake_free(&s);
}

/* Steps of many waits, in many sizes; the longest dozen is told, the rest is summed up in its place. */
static void test_text_long_step(void)
{
	struct fake_seg seg[400];
	struct snapshot s;
	char *text;

	for (size_t i = 0; i < ARRAY_LEN(seg); i++)
		seg[i] = i % 2 ? (struct fake_seg){ ST_OUTSIDE, i == 201 ? 5000 : 10, -1, "", "epoll_wait", 1, 0 } :
				 (struct fake_seg){ ST_USER, 3, 1, "", "", 1, 0 };
	fake_empty(&s);
	s.source.n_events = 1;
	fake_step(&s, "9", FAKE_BEGIN, seg, ARRAY_LEN(seg));
	s.steps_all = fake_quant(1, 7590 * US, 7590 * US, 7590 * US);
	s.n_steps_all = 1;
	text = text_of(&s, &plain);
	has_text(text, "epoll_wait 5.00 ms: outside 5.00 ms [1 event]", "the long wait");
	has_text(text, " short parts ", "the short ones together");
	ok(strlen(text) < 4000, "not four hundred lines");
	free(text);
	fake_free(&s);
}

static void test_text_hostile(void)
{
	static const struct fake_seg seg[] = { { ST_RUNQUEUE, 10, 0, hostile, hostile, 1, 0 } };
	struct agent_row agent = { .agent = "", .comm = "", .cls = "" };
	struct kind_row kind = { .agent = "", .name = "" };
	struct snapshot s;
	char *text;

	fake_empty(&s);
	s.source.n_events = 1;
	agent.steps = kind.steps = s.steps_all = fake_quant(1, 10 * US, 10 * US, 10 * US);
	s.n_steps_all = 1;
	s.stage[ST_RUNQUEUE] = (struct stage_row){ 1, 1, fake_quant(1, 10 * US, 10 * US, 10 * US) };
	s.agents = &agent, s.n_agents = 1;
	s.kinds = &kind, s.n_kinds = 1;
	fake_step(&s, hostile, FAKE_BEGIN, seg, 1);
	text = text_of(&s, &plain);
	ok(!strncmp(text, "steps: the only one took 10.0 us", 32), "a step without agent, name and deadline");
	ok(!strchr(text, '\x1b'), "no escape sequence reaches the terminal");
	ok(is_utf8(text), "nor broken text");
	free(text);
	fake_free(&s);
}

/* ---- the verdict ---- */

static void test_verdict(void)
{
	char lines[8][256];
	struct actor_sum who[4];
	struct slow_stage slow;
	struct snapshot s;
	size_t n;

	fake_planner(&s);
	n = verdict_lines(&s, lines, 8);
	is_num(n, 4, "four sentences");
	is_text(lines[0], "planner's plan steps: 5386 of them, p50 8.10 ms, p99 23.4 ms, slowest 41.2 ms, deadline 20.0 ms missed 14 times "
		"(0.3 %).", "is it slow");
	is_text(lines[1], "The slowest 1 % spend 41 % of their time in the run queue of CPU 2, behind NET_RX eth0 (5.10 ms) and fio:678 "
		"(2.87 ms).", "where, and who");
	is_text(lines[2], "IRQ-hot: CPU 2 (38 % in interrupts, took 62.0 ms of steps).", "which CPU");
	is_num(verdict_lines(&s, lines, 1), 1, "no more than asked for");
	slow = verdict_slow(&s, ST_RUNQUEUE, who, ARRAY_LEN(who));
	is_num(slow.n_steps, 1, "one slow step kept");
	is_num(slow.ns, 8214 * US, "its time in the run queue");
	is_num(slow.cpu, 2, "on CPU 2");
	is_num(slow.n_actors, 3, "three ran instead");
	is_num(who[0].ns, 5102 * US, "most first");
	s.stage[ST_RUNQUEUE].share_worst = .01, s.stage[ST_OUTSIDE].share_worst = .9, s.stage[ST_NAPI].share_worst = .01;
	s.stage[ST_RETURN].share_worst = .0013;
	verdict_lines(&s, lines, 8);
	is_text(lines[1], "The slowest 1 % spend 90 % of their time waiting for something outside this machine.", "not the kernel");
	has_text(lines[2], "What the kernel adds is a trifle next to that (2.5 %): there is little to gain", "no harm, no advice");
	s.stage[ST_NAPI].share_worst = .08;
	verdict_lines(&s, lines, 8);
	is_text(lines[2], "The kernel adds 9.5 %, most of it (8.0 %) in NAPI polls before their packet's turn on CPU 2, "
		"most of it NET_RX eth0 (1.41 ms).", "what the kernel adds all the same");
	fake_free(&s);
}

/* Most of the time is that of a task which the step waited for: it is the victim, not who did it. */
static void test_verdict_peer(void)
{
	static const struct fake_seg seg[] = {
		{ ST_PREEMPTED, 9000, 1, "fuzz_text:14135", "read", 1, 0, "python3:15043" },
		{ ST_PREEMPTED, 500, 1, "", "read", 1, 0, "python3:15043" },
		{ ST_TIMER, 4000, -1, "", "read", 1, 0, "agentloop:14155" },
		{ ST_PEER, 3000, 1, "", "read", 1, 0, "python3:15043" },
	};
	char lines[8][256];
	struct actor_sum who[4];
	struct kind_row kinds[2] = { { .agent = "planner", .name = "plan", .steps = fake_quant(1, MS, MS, MS) } };
	struct snapshot s;
	char *text;

	fake_empty(&s);
	s.source.n_events = 1;
	fake_step(&s, "1", FAKE_BEGIN, seg, ARRAY_LEN(seg));
	s.steps_all = fake_quant(1, 17 * MS, 17 * MS, 17 * MS);
	s.n_steps_all = 5000;
	kinds[1] = kinds[0];
	s.kinds = kinds, s.n_kinds = 2;
	s.stage[ST_PREEMPTED].share_worst = .28;
	verdict_lines(&s, lines, 8);
	is_text(lines[1], "The slowest 1 % of all steps spend 28 % of their time waiting for python3:15043, which was pushed off CPU 1, behind "
		"fuzz_text:14135 (9.00 ms).", "behind whom, and whose time");
	is_num(verdict_slow(&s, ST_PREEMPTED, who, 4).n_actors, 2, "nobody known is one of two");
	is_text(snapshot_str(&s, who[0].actor), "fuzz_text:14135", "the peer is none of them");
	s.stage[ST_TIMER].share_worst = .5;
	s.n_kinds = 1;
	verdict_lines(&s, lines, 8);
	is_text(lines[1], "The slowest 1 % spend 50 % of their time waiting for agentloop:14155, which slept as asked.", "a peer's timer");
	s.stage[ST_PEER].share_worst = .6;
	verdict_lines(&s, lines, 8);
	is_text(lines[1], "The slowest 1 % spend 60 % of their time waiting for other tasks' work on CPU 1, most of it python3:15043 (3.00 ms).",
		"a peer's own work");
	text = text_of(&s, &plain);
	has_text(text, "preempted of python3:15043 9.50 ms on CPU 1\n", "a chain says whose time it is");
	free(text);
	fake_free(&s);
}

static void test_verdict_mixed(void)
{
	static const struct fake_seg seg[] = {
		{ ST_PREEMPTED, 6000, 1, "fio:678", "read", 1, 0, "python3:15043" }, { ST_PREEMPTED, 3000, 1, "fio:678", "", 1, 0 },
	};
	char lines[8][256];
	struct snapshot s;

	fake_empty(&s);
	s.source.n_events = 1;
	fake_step(&s, "1", FAKE_BEGIN, seg, ARRAY_LEN(seg));
	s.steps_all = fake_quant(1, 9 * MS, 9 * MS, 9 * MS);
	s.n_steps_all = 5000;
	s.stage[ST_PREEMPTED].share_worst = .28;
	verdict_lines(&s, lines, 8);
	is_text(lines[1], "The slowest 1 % spend 28 % of their time pushed off the CPU, mostly waiting for python3:15043, which was pushed off "
		"CPU 1, behind fio:678 (9.00 ms).", "not all of it is the peer's");
	fake_free(&s);
}

static void test_verdict_no_steps(void)
{
	char lines[8][256];
	struct snapshot s;

	fake_empty(&s);
	s.source.n_events = 1;
	s.selects = 1;
	verdict_lines(&s, lines, 8);
	is_text(lines[0], "None of the tasks named with -p or -c occurs in the recording.", "named, not there");
	s.selects_any = 1;
	verdict_lines(&s, lines, 8);
	is_text(lines[0], "The tasks named with -p or -c made no steps: they neither mark them nor come back from a call that waits.", "no steps");
	s.n_step_marks = 400;
	verdict_lines(&s, lines, 8);
	has_text(lines[0], " Other tasks mark 400 steps here: leave -p and -c out.", "others mark some");
	s.probes = 1;
	s.n_notes = 1;
	verdict_lines(&s, lines, 8);
	is_text(lines[0], "The events of --step-begin and --step-end made no step: see the notes.", "probes");
	fake_free(&s);
}

static void test_verdict_long_names(void)
{
	char name[600], lines[8][256];
	struct kind_row kind = { .agent = name, .name = "", .steps = fake_quant(1, MS, MS, MS) };
	struct snapshot s;

	for (size_t i = 0; i + 1 < sizeof name; i += 2)
		memcpy(name + i, "\xc3\xbc", 2);
	name[sizeof name - 2] = 0;
	fake_empty(&s);
	s.source.n_events = 1;
	s.kinds = &kind, s.n_kinds = 1;
	s.steps_all = kind.steps, s.n_steps_all = 1;
	is_num(verdict_lines(&s, lines, 8), 1, "a name longer than a line");
	ok(is_utf8(lines[0]), "is not cut within a character");
	has_text(lines[0], "...", "and says that it goes on");
	fake_free(&s);
}

int main(void)
{
	test_writer();
	test_escapes();
	test_buffer();
	test_json_contract();
	test_json_unknown();
	test_json_hostile();
	test_json_step();
	test_text();
	test_text_options();
	test_text_no_steps();
	test_text_long_step();
	test_text_hostile();
	test_verdict();
	test_verdict_peer();
	test_verdict_mixed();
	test_verdict_no_steps();
	test_verdict_long_names();
	return done();
}
