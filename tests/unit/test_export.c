// SPDX-License-Identifier: GPL-2.0-only
/* What e writes: CSV, SVG, rows as text; the choice; and the files. */
#include "app.h"
#include "csv.h"
#include "export.h"
#include "export_file.h"
#include "fake_snapshot.h"
#include "svg.h"
#include "tap.h"
#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char evil[] = "=cmd|' /C calc'!A0,\"x\"";

/* ---- CSV ---- */

static const uint64_t by_stage[N_STAGES] = { [ST_USER] = 5, [ST_UNKNOWN] = UINT64_MAX };

static void odd_field(const void *arg, size_t row, unsigned col, struct field *f)
{
	static const char *const texts[] = { "plain", "a,b", "say \"x\"", "two\nlines", evil, "+1", "-12.5", "-x", "@SUM(A1)", "", " x",
					     "–", "ä漢" };

	(void)arg;
	switch (col) {
	case 0: f->kind = FIELD_TEXT; f->text = texts[row]; break;
	case 1: f->kind = row ? FIELD_UNKNOWN : FIELD_TIME; f->num = 1234567; break;
	case 2: field_exact(f, UINT64_MAX - row); break;
	case 3: f->kind = FIELD_RATE; f->num = 1.5; break;
	case 4: f->kind = row ? FIELD_BLANK : FIELD_STAGES; f->ns = by_stage; break;
	case 5: f->kind = FIELD_TEXT; f->text = "not there"; break;
	case 6: f->kind = FIELD_COUNT; f->num = 7; f->span = row == 1; break;
	case 7: f->kind = FIELD_COUNT; f->num = 8; break;
	}
}

static char *csv_of(const struct table *t, const void *arg, size_t n)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	csv_write(t, arg, n, f);
	fclose(f);
	return text;
}

static void test_csv(void)
{
	static const struct column cols[] = {
		{ .title = "WORST STAGE" }, { .title = "P50", .csv = "p50_ns" }, { .title = "N" }, { .title = "R" },
		{ .title = "BAR", .csv = "*_ns" }, { .title = "PICTURE", .csv = "" }, { .title = "A" }, { .title = "B" },
	};
	static const struct table t = { cols, ARRAY_LEN(cols), odd_field };
	const char *const lines[] = {
		"\nplain,1234567,18446744073709551615,1.500,5,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,18446744073709551615,7,8\n",
		"\n\"a,b\",,18446744073709551614,1.500,,,,,,,,,,,,,,,,,,,,,,7,\n", "\n\"say \"\"x\"\"\",", "\n\"two\nlines\",",
		"\n\"'=cmd|' /C calc'!A0,\"\"x\"\"\",", "\n+1,", "\n-12.5,", "\n\"'-x\",", "\n\"'@SUM(A1)\",", "\n,,18446744073709551606,",
		"\n\" x\",", "\n,,18446744073709551604,", "\nä漢,",
	};
	char *text = csv_of(&t, NULL, 13);

	ok(!strncmp(text, "worst_stage,p50_ns,n,r,user_ns,kernel_ns,", 41), "a line of names");
	has_text(text, ",unknown_ns,a,b\n", "with one for each stage, and without pictures");
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		has_text(text, lines[i], "row %zu", i);
	free(text);
	text = csv_of(&t, NULL, 0);
	ok(strlen(text) > 41 && strchr(text, '\n') == text + strlen(text) - 1, "without rows the names alone");
	free(text);
}

/* ---- views ---- */

/* What a view writes after these keys, into the nth file. */
static char *written_part(const struct snapshot *s, const char *keys, unsigned nth, int cols, bool ascii, unsigned *done)
{
	struct app *app = app_new();
	struct cells c = { 0 };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	uint32_t key;
	unsigned r = 0;

	cells_resize(&c, cols, 24);
	app_set_snapshot(app, s);
	app_draw(app, &c);
	while (action_next_key(&keys, &key, NULL) > 0) {
		r = app_key(app, key);
		app_draw(app, &c);
	}
	if (r & UI_EXPORT)
		app_export_write(app, nth, ascii, f);
	fclose(f);
	if (done)
		*done = r;
	cells_fini(&c);
	app_free(app);
	return text;
}

static char *written(const struct snapshot *s, const char *keys, int cols, bool ascii, unsigned *done)
{
	return written_part(s, keys, 0, cols, ascii, done);
}

static size_t n_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void writes(const struct snapshot *s, const char *keys, const char *part, const char *what)
{
	char *got = written(s, keys, 80, false, NULL);

	has_text(got, part, "%s", what);
	free(got);
}

static void test_steps(void)
{
	struct snapshot s;
	char *got;

	fake_planner(&s);
	writes(&s, "ec", "row,agent,step,id,pid,rate_per_s,count,p50_ns,", "steps as CSV: names");
	writes(&s, "ec", "\nkind,planner,plan,,,538.600,5386,8100000,23400000,", "a kind");
	writes(&s, "ec", ",14,runqueue,6100000,,,,,,", "with what the screen says of it");
	writes(&s, "<Space>ec", "\nstep,planner,plan,32,871,,,,,,,1,,,16100000000,16123412000,23412000,20000000,0,2160000,30000,", "a step");
	got = written(&s, "<Space>ec", 80, false, NULL);
	ok(strstr(got, ",32,") < strstr(got, ",31,"), "in the order of the screen");
	free(got);
	got = written(&s, "<Space>oec", 80, false, NULL);
	is_num(n_lines(got), 4, "all rows");
	free(got);
	s.kinds[0].agent = evil;
	writes(&s, "ec", "\nkind,\"'=cmd|' /C calc'!A0,\"\"x\"\"\",plan,", "a name that is a formula is none");
	s.kinds[0].agent = "planner";		/* the rows are shared */
	s.n_kinds = 0;
	writes(&s, "ec", "task,pid,ran_ns,run_queue_ns,preempted_ns,blocked_ns,switches,moves\nplanner,871,3100000000,", "no steps: the machine");
	fake_free(&s);
}

static void test_chain(void)
{
	struct snapshot s;
	char *got;

	fake_planner(&s);
	got = written(&s, "2ec", 80, false, NULL);
	is_num(n_lines(got), 16, "a line for each segment, and the names");
	has_text(got, "from_ns,to_ns,stage,cpu,actor,gate,confidence\n16100000000,16101200000,user,2,,,proven\n", "the names and the first one");
	has_text(got, "\n16101230000,16110830000,outside,,,epoll_wait,proven\n", "not on a CPU");
	has_text(got, ",napi,2,NET_RX eth0,epoll_wait,inferred\n", "an actor, in doubt");
	free(got);
	writes(&s, "2ej", "\"schema\":\"agenttop-step-1\"", "a step as JSON");
	writes(&s, "2ej", "\"step\":{\"agent\":\"planner\",\"id\":\"32\"", "the one that is shown");
	writes(&s, "<Space><Down><Down>ej", "\"step\":{\"agent\":\"planner\",\"id\":\"31\"", "or the one at the cursor");
	writes(&s, "2es", "<title>agenttop: step planner/plan 32</title>", "as SVG");
	fake_free(&s);
}

/* All of the nth file of a view. */
static void writes_all(const struct snapshot *s, const char *keys, unsigned nth, const char *want, const char *what)
{
	char *got = written_part(s, keys, nth, 80, false, NULL);

	is_text(got, want, "%s", what);
	free(got);
}

#define CPUS_NAMES "cpu,irq_share,busy_share,harm_ns,why,hot,irq_ns,softirq_ns,ksoftirqd_ns,task_ns,idle_ns,unknown_ns,interrupts\n"

static void test_cpus(void)
{
	static const char blind_row[] =
		"\n0,,0.039900,,quiet,0,,,0,380000000,9601000000,0,\n";
	static struct capability caps[] = { { "irq", CAP_OFF, NULL, 0, "" }, { "vector", CAP_OFF, NULL, 0, "" },
					    { "softirq", CAP_OFF, NULL, 0, "" } };
	struct snapshot s;
	char *got;

	fake_planner(&s);
	writes_all(&s, "3ec", 0, CPUS_NAMES
		   "0,0.001900,0.039900,0,quiet,0,8000000,11000000,0,380000000,9601000000,0,4102\n"
		   "2,0.370000,0.710000,62000000,\"IRQ-hot: 38 % in interrupts, took 62.0 ms of steps\",1,900000000,2800000000,100000000,"
		   "3300000000,2900000000,0,90211\n", "CPUs as CSV");
	got = written(&s, "3rec", 80, false, NULL);
	ok(strstr(got, "\n2,0.37") && strstr(got, "\n2,0.37") < strstr(got, "\n0,0.0019"), "in the order of the screen");
	free(got);
	got = written(&s, "3eT", 80, false, NULL);
	has_text(got, "\n  ▌   2  37 %  71 % 62.0 ms IRQ-hot: 38 % in interrupts", "and all rows as text");
	free(got);
	s.caps = caps, s.n_caps = ARRAY_LEN(caps);
	writes(&s, "3ec", blind_row, "what was not recorded is empty, not 0");
	fake_free(&s);
}

static void test_irqs(void)
{
	static struct irq_cpu net_cpus[] = { { 2, { 80900, 2700 * MS, US, 20 * US, 60 * US, 1410 * US, 2000 * US, 2600 * US } } };
	struct snapshot s;
	char *got;

	fake_planner(&s);
	writes_all(&s, "4ec", 0, "irq,name,count,rate_per_s,time_ns,cpu_share,p50_ns,p99_ns,max_ns,steps,harm_ns,on_cpu,managed,asked,effective,"
		   "only_of_cpu\n"
		   "35,virtio2-input.2,81000,8100.000,243000000,0.024300,3000,9000,60000,5386,9000000,\"2: 99 %, 0: 1.2 %\",no,0-3,2,\n"
		   ",reschedule,4000,400.000,4000000,0.000400,1000,3000,9000,0,0,,,,,\n", "hard IRQs as CSV");
	writes_all(&s, "4ec", 1, "softirq,raised,runs,rate_per_s,time_ns,cpu_share,p50_ns,p99_ns,max_ns,wait_p50_ns,wait_p99_ns,wait_max_ns,"
		   "harm_ns,on_cpu,only_of_cpu\n"
		   "NET_RX,81000,80900,8090.000,2700000000,0.270000,20000,1410000,2600000,2000,30000,70000,51000000,,\n",
		   "softirqs are another file");
	s.softirqs[0].cpus = net_cpus, s.softirqs[0].n_cpus = 1;	/* the rows are shared */
	got = written(&s, "3<Enter>ec", 80, false, NULL);
	has_text(got, "\n35,virtio2-input.2,80000,8000.000,240000000,0.024000,3000,9000,60000,,,", "of one CPU");
	has_text(got, ",no,0-3,2,2\n", "which is said");
	is_num(n_lines(got), 2, "only what ran there");
	free(got);
	got = written_part(&s, "3<Enter>ec", 1, 80, false, NULL);
	has_text(got, "\nNET_RX,,80900,8090.000,2700000000,0.270000,20000,1410000,2600000,,,,,2,2\n", "softirqs, too");
	free(got);
	s.softirqs[0].cpus = NULL, s.softirqs[0].n_cpus = 0;
	s.irqs[0].name = evil;
	writes(&s, "4ec", "\n35,\"'=cmd|' /C calc'!A0,\"\"x\"\"\",", "a name that is a formula is none");
	s.irqs[0].name = "virtio2-input.2";
	s.n_irqs = 0;
	writes(&s, "4ec", "softirq,raised,", "without hard IRQs softirqs alone");
	fake_free(&s);
}

static void test_stages(void)
{
	struct snapshot s;
	char *got;

	fake_planner(&s);
	got = written(&s, "5ec", 80, false, NULL);
	is_num(n_lines(got), 13, "a line for each stage with any time");
	has_text(got, "stage,count,p50_ns,p99_ns,p999_ns,max_ns,share,share_worst,verdict,typical_target_ns,tail_target_ns\n"
		 "runqueue,5386,90000,8214000,10007000,11800000,0.110000,0.410000,", "stages as CSV: names, and the worst");
	has_text(got, "\nuser,16158,900000,1200000,2150000,3100000,0.160000,0.120000,,,\n", "no target, no verdict");
	free(got);
	fake_free(&s);
}

static void test_devices(void)
{
	struct snapshot s;

	fake_planner(&s);
	writes_all(&s, "6ec", 0, "device,operation,n,bytes,queue_p50_ns,queue_p99_ns,queue_max_ns,device_p50_ns,device_p99_ns,device_max_ns,"
		   "complete_p99_ns,by\n"
		   "nvme0n1,RA,1200,4751360,4000,9000,12000,800000,1900000,2200000,,\n", "disks as CSV");
	writes(&s, "6 ec", "\nnvme0n1,RA,1100,4505600,,,,800000,1900000,2200000,,planner:871\n", "with who issued the requests, when shown");
	writes(&s, "6 ec", "\nnvme0n1,RA,60,245760,,,,800000,1900000,2200000,,others\n", "and who is not named");
	writes_all(&s, "6ec", 1, "device,polls,work,per_poll,budget_hits,budget_share,time_p50_ns,time_p99_ns,time_max_ns,batch_p50_ns,"
		   "batch_p99_ns\neth0,81000,412000,5.086420,14,0.000173,18000,1400000,2600000,,\n", "NAPI");
	writes_all(&s, "6ec", 2, "ring,task,ops,errors,cancelled,p50_ns,p99_ns,max_ns,batch_p50,overflow,open,oldest_ns,operation,sq,cq\n"
		   "0xffff888012345000,planner:871,1200,2,1,,,2200000,4,0,3,1200000000,,64,128\n"
		   "0xffff888012345000,planner:871,1200,2,1,800000,1900000,2200000,,,,,READV,64,128\n"
		   "0xffff888012345800,,0,0,0,,,,,2,0,,,,\n", "rings with their operations");
	s.n_napis = 0;
	writes(&s, "6ec", "device,operation,", "without network devices");
	fake_free(&s);
}

static void test_tune(void)
{
	static const char names[] = "actor,level,harm_ns,share,steps,how,also,where,whom,cpu,stage\n";
	static struct culprit_row culprits[] = {
		{ .actor = "NET_RX", .id = 3, .level = HARM_SOFTIRQ, .ns = 51 * MS, .n_steps = 320 },
		{ .actor = "others", .id = UINT32_MAX, .level = HARM_TASK, .others = 1, .ns = 7 * MS },
	};
	static struct harm_row harms[] = {
		{ "NET_RX", "planner", 0, 2, 3, HARM_SOFTIRQ, ST_RUNQUEUE, 41 * MS, 300, 0 },
		{ "NET_RX", "planner", 0, 2, 3, HARM_SOFTIRQ, ST_SOFTIRQ_STEAL, 10 * MS, 40, 0 },
		{ "others", "", UINT32_MAX, 1, UINT32_MAX, HARM_TASK, ST_PREEMPTED, 7 * MS, 0, 1 },
	};
	struct snapshot s;
	char *got;

	fake_planner(&s);
	s.culprits = culprits, s.n_culprits = ARRAY_LEN(culprits);
	s.harms = harms, s.n_harms = ARRAY_LEN(harms);
	got = written(&s, "7ec", 80, false, NULL);
	ok(!strncmp(got, names, sizeof names - 1), "actors as CSV: names");
	has_text(got, "\nNET_RX,softirq,51000000,0.001169,320,ran instead 41.0 ms,stole 10.0 ms,CPU 2,planner,,\n", "an actor");
	has_text(got, "\nothers,task,7000000,0.000160,,preempted 7.00 ms,,CPU 1,,,\n", "many, of whom nobody knows how many steps");
	is_num(n_lines(got), 3, "and no more");
	free(got);
	got = written(&s, "7 ec", 80, false, NULL);
	is_num(n_lines(got), 5, "with its parts, when they are shown");
	has_text(got, "\nNET_RX,softirq,41000000,0.000940,300,ran instead,,CPU 2,planner,2,runqueue\n", "whose they are stands there");
	free(got);
	fake_free(&s);
}

static void many(struct snapshot *s, size_t n)
{
	const struct step **steps = ARENA_NEW(&s->mem, n, const struct step *);
	struct step *st = ARENA_NEW(&s->mem, n, struct step);

	for (size_t i = 0; i < n; i++) {
		st[i] = *s->steps[0];
		st[i].serial = i + 1;
		st[i].id = 0;
		st[i].end += i;
		steps[i] = st + i;
	}
	s->steps = steps;
	s->n_steps = n;
}

static void test_text(void)
{
	struct snapshot s;
	unsigned done;
	char *got;

	fake_planner(&s);
	got = written(&s, "et", 80, false, &done);
	ok(done & UI_EXPORT, "e t asks for a file");
	is_num(n_lines(got), 24, "text: as many lines as the screen");
	ok(!strstr(got, "export:"), "without the choice");
	has_text(got, "\n[1 Steps] 2 Chain", "with the frame");
	free(got);
	got = written(&s, "et", 80, true, NULL);
	if (!ok(!strstr(got, "▸") && strstr(got, "\n> planner"), "in ASCII where the terminal has no more"))
		note("%s", got);
	free(got);
	many(&s, 1777);
	got = written(&s, "<Space>eT", 80, false, NULL);
	has_text(got, "\n  AGENT ", "all rows: the heading");
	ok(strstr(got, "#1 ") && strstr(got, "#500 ") && strstr(got, "#501 ") && strstr(got, "#1777 "), "all of them");
	ok(n_lines(got) >= 1777 + 1 + 1 + 2 && n_lines(got) < 1777 + 12, "once: %zu lines", n_lines(got));
	ok(strstr(strstr(got, "\n  AGENT ") + 1, "\n  AGENT ") == NULL, "under one heading");
	free(got);
	fake_free(&s);
}

static void dumps(const struct snapshot *s, unsigned cols, const char *keys, const char *part, const char *what)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	ui_screen_dump(s, cols, 24, keys, false, f, NULL);
	fclose(f);
	has_text(text, part, "%s", what);
	free(text);
}

static void test_choice(void)
{
	struct snapshot s;
	unsigned done;

	fake_planner(&s);
	dumps(&s, 80, "e", "\nexport: t text  T all rows as text  c CSV  Esc\n", "on a kind: no step");
	dumps(&s, 80, "<Space><Down>e", "\nexport: t text  T all rows as text  c CSV  j step as JSON  s step as SVG  Esc\n", "on a step");
	dumps(&s, 80, "2e", "\nexport: t text  c CSV  j step as JSON  s step as SVG  Esc\n", "in its chain");
	dumps(&s, 40, "2e", "\nexport t text c CSV j JSON s SVG Esc\n", "on a narrow screen");
	dumps(&s, 80, "3e", "\nexport: t text  T all rows as text  c CSV  Esc\n", "on a table without steps");
	dumps(&s, 80, "8e", "\nexport: t text  Esc\n", "where there is no table");
	dumps(&s, 80, "4ec", "\nwould write agenttop-N-irqs.csv and 1 more: 3 rows\n", "two tables are two files");
	dumps(&s, 80, "6ec", "\nwould write agenttop-N-disks.csv and 2 more: 5 rows\n", "and three are three");
	dumps(&s, 80, "e<Esc>", "\nnote: the trace begins", "Esc closes it");
	dumps(&s, 80, "e2", "\n[1 Steps]", "another key closes it and does nothing else");
	dumps(&s, 80, "ee", "\nnote: the trace begins", "e too");
	dumps(&s, 80, "ec", "\nwould write agenttop-N.csv: 1 row\n", "a dump writes nothing, and says what would be");
	dumps(&s, 80, "2es", "\nwould write agenttop-N.svg: step planner 32\n", "also of a step");
	dumps(&s, 80, "et", "\nwould write agenttop-N.txt: the screen, 80x24\n", "and of the screen");
	free(written(&s, "ej", 80, false, &done));
	ok(!(done & UI_EXPORT), "what is not offered is not written");
	((struct step *)(uintptr_t)s.steps[1])->has_segments = 0;
	dumps(&s, 80, "<Space><Down>e", "CSV  j step as JSON  Esc\n", "without segments there is no picture");
	s.n_kinds = 0;
	dumps(&s, 80, "ec", "\nwould write agenttop-N-tasks.csv and 2 more: 5 rows\n", "several tables are several files");
	fake_free(&s);
	fake_empty(&s);
	dumps(&s, 80, "e", "\nexport: t text  Esc\n", "an empty recording");
	for (const char *view = "234567"; *view; view++) {
		char keys[] = { *view, 'e', 0 };

		dumps(&s, 80, keys, "\nexport: t text  Esc\n", "and its other screens");
	}
	fake_free(&s);
}

/* ---- SVG ---- */

static char *svg_of(const struct snapshot *s, const struct step *st)
{
	struct waterfall w = { 0 };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	waterfall_set(&w, st);
	svg_write(&w, s, f);
	waterfall_fini(&w);
	fclose(f);
	return text;
}

/* Tags pair up, and nothing else begins with < or & than what may. */
static bool is_xml(const char *p)
{
	char open[32][16];
	int n = 0;

	if (strncmp(p, "<?xml ", 6))
		return false;
	for (p = strstr(p, "?>") + 2; *p; p++) {
		const char *end = strchr(p, '>');
		size_t len;

		if (*p == '&' && strncmp(p, "&amp;", 5) && strncmp(p, "&lt;", 4) && strncmp(p, "&gt;", 4) && strncmp(p, "&quot;", 6) &&
		    strncmp(p, "&#39;", 5))
			return false;
		if ((unsigned char)*p < 0x20 && *p != '\n')
			return false;
		if (*p != '<')
			continue;
		len = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz");
		if (!end || len > 15 || (!len && p[1] != '/'))
			return false;
		if (p[1] == '/') {
			if (!n-- || (size_t)(end - p - 2) != strlen(open[n]) || strncmp(open[n], p + 2, strlen(open[n])))
				return false;
		} else if (end[-1] != '/') {
			if (n == 32)
				return false;
			snprintf(open[n++], sizeof open[0], "%.*s", (int)len, p + 1);
		}
		p = end;
	}
	return n == 0;
}

static void test_svg(void)
{
	struct snapshot s;
	char *got;

	fake_planner(&s);
	got = svg_of(&s, s.steps[1]);
	ok(is_xml(got), "a picture is XML");
	has_text(got, ">step planner/plan 32 · 23.4 ms</text>", "the title");
	has_text(got, ">deadline 20.0 ms, missed by 3.41 ms</text>", "the deadline");
	has_text(got, "class=\"goal\"", "and where it is");
	has_text(got, "pid 871 · from 16.100000000 to 16.123412000 · incident.dat · web-07</text>", "when and where");
	has_text(got, ">6 ms</text>", "ticks");
	has_text(got, ">outside</text>", "words on a bar");
	has_text(got, "<text class=\"b\" x=\"10.00\" y=\"93.00\">planner 871</text>", "the agent's row");
	has_text(got, ">irq 27 nvme0q3</text>", "an actor's");
	has_text(got, "<rect class=\"w15 i\" x=\"669.66\" y=\"80.00\" width=\"57.21\"", "a piece that can be seen is a bar of its own");
	has_text(got, "<title>ran instead 2.87 ms (2870000 ns)\nfio:678\nfrom 16.117353000 to 16.120223000, 17.4 ms into the step\n"
		 "CPU 2, proven, in epoll_wait\n16.117353000 cpu2 sched:sched_waking</title>", "what a bar says of itself");
	has_text(got, "planner hands over to irq 35 virtio2-input.2\nat 16.110830000", "who hands over to whom");
	has_text(got, "NET_RX eth0 hands over to planner\nat 16.112245000", "and back");
	ok(!strstr(got, "hands over to fio"), "who ran instead was handed nothing");
	has_text(got, ">run queue · 8.21 ms · 35 %</text>", "the legend");
	ok(strstr(got, "script") == NULL && strstr(got, "http") == strstr(got, "http://www.w3.org/2000/svg"), "nothing from elsewhere");
	free(got);
	got = svg_of(&s, s.steps[0]);
	has_text(got, ">deadline 20.0 ms, kept</text>", "a deadline that was kept");
	ok(!strstr(got, "class=\"goal\""), "is not in the picture");
	free(got);
	fake_free(&s);
}

static void test_svg_hostile(void)
{
	static const char name[] = "</text><script>x('&\"')</script>]]>\x01\xff\xef\xbf\xbe";
	static const struct fake_seg seg[] = { { ST_RUNQUEUE, 10, 0, name, name, 3, 0 }, { ST_USER, 0, 0, "", "", 0, 0 },
					       { ST_DEVICE, 5, -1, name, "", 1, 1, name } };
	static const struct fake_seg none[] = { { ST_USER, 0, 0, "", "", 0, 0 } };
	struct snapshot s;
	struct step *st;
	char *got;

	fake_empty(&s);
	s.source.file = s.source.host = name;
	st = fake_step(&s, name, FAKE_BEGIN, seg, ARRAY_LEN(seg));
	st->agent = fake_str(&s, name);
	st->seg[0].ev = UINT32_MAX;
	st->seg[0].n_ev = UINT16_MAX;
	st->seg[1].stage = 250;
	st->n_lost = st->cut_begin = st->cut_end = 1;
	got = svg_of(&s, st);
	ok(is_xml(got), "hostile names make no hole in the XML");
	ok(!strstr(got, "<script"), "nor a script");
	has_text(got, "&lt;/text&gt;&lt;script&gt;x(&#39;&amp;&quot;&#39;)", "they are there all the same");
	free(got);
	st->begin = 0, st->end = UINT64_MAX;
	st->seg[0].from = UINT64_MAX, st->seg[0].to = 0;
	st->ns[ST_USER] = UINT64_MAX;
	got = svg_of(&s, st);
	ok(is_xml(got), "nor do times that cannot be");
	free(got);
	st = fake_step(&s, "", FAKE_BEGIN, none, 1);
	got = svg_of(&s, st);
	ok(is_xml(got), "a step without time");
	free(got);
	st->n_seg = 0;
	got = svg_of(&s, st);
	ok(is_xml(got), "and without segments");
	free(got);
	fake_free(&s);
}

static void test_svg_many(void)
{
	const size_t n = 100000;
	struct snapshot s;
	struct step *st;
	char *got, name[32];

	fake_planner(&s);
	st = (struct step *)(uintptr_t)s.steps[1];
	st->seg = ARENA_NEW(&s.mem, n, struct segment);
	st->n_seg = n;
	for (size_t i = 0; i < n; i++) {
		uint64_t from = st->begin + (st->end - st->begin) * i / n, to = st->begin + (st->end - st->begin) * (i + 1) / n;

		snprintf(name, sizeof name, "task:%zu", i % 300);
		st->seg[i] = (struct segment){ .from = from, .to = to, .cpu = 1, .actor = i % 7 ? fake_str(&s, name) : 0,
					       .stage = (uint8_t)(i % N_STAGES) };
	}
	got = svg_of(&s, st);
	ok(is_xml(got), "a step of 100 000 segments");
	ok(strlen(got) < 20000000, "is no more than a picture can show: %zu bytes", strlen(got));
	has_text(got, ">and 240 more that had less time</text>", "nor more rows");
	has_text(got, "pieces, too close to be told apart here; the longest:\n", "what is too close is one");
	free(got);
	fake_free(&s);
}

/* ---- files ---- */

static void write_word(void *arg, unsigned part, FILE *f)
{
	fprintf(f, "%s %u\n", (const char *)arg, part);
}

static bool file_is(const char *path, const char *want)
{
	char got[64] = "";
	FILE *f = fopen(path, "r");

	if (!f)
		return false;
	got[fread(got, 1, sizeof got - 1, f)] = 0;
	fclose(f);
	return !strcmp(got, want);
}

static void test_files(void)
{
	char dir[] = "/tmp/agenttop-export.XXXXXX", said[128] = "", *word = (char *)(uintptr_t)"x";
	struct export x = { EXPORT_CSV, "csv", 1, { "" }, "2 rows" }, two = { EXPORT_CSV, "csv", 2, { "a", "b" }, "3 rows" };
	struct rlimit was, small;
	struct stat st;
	struct err e = { "" };
	int r;

	if (!mkdtemp(dir) || chdir(dir)) {
		skip("no directory can be made here");
		return;
	}
	umask(0);
	ok(!export_save(&x, write_word, word, said, sizeof said, &e), "a file");
	is_text(said, "wrote agenttop-1.csv: 2 rows", "and what is said of it");
	ok(file_is("agenttop-1.csv", "x 0\n"), "what is in it");
	ok(!stat("agenttop-1.csv", &st) && (st.st_mode & 07777) == 0600, "for nobody else");
	ok(!symlink("elsewhere", "agenttop-2.csv"), "a link that leads nowhere");
	ok(!export_save(&x, write_word, word, said, sizeof said, &e) && file_is("agenttop-3.csv", "x 0\n"), "takes its number");
	ok(access("elsewhere", F_OK), "and is not followed");
	ok(!export_save(&two, write_word, word, said, sizeof said, &e), "two at once");
	is_text(said, "wrote agenttop-1-a.csv and 1 more: 3 rows", "are said as one");
	ok(file_is("agenttop-1-a.csv", "x 0\n") && file_is("agenttop-1-b.csv", "x 1\n"), "each has its part");
	ok(!unlink("agenttop-1-a.csv") && !export_save(&two, write_word, word, said, sizeof said, &e), "the first is gone");
	ok(access("agenttop-1-a.csv", F_OK) && file_is("agenttop-2-a.csv", "x 0\n"), "numbers of several go together");
	ok(file_is("agenttop-1-b.csv", "x 1\n"), "and what is there stays");

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	small = (struct rlimit){ 0, was.rlim_max };
	setrlimit(RLIMIT_FSIZE, &small);
	r = export_save(&x, write_word, word, said, sizeof said, &e);
	setrlimit(RLIMIT_FSIZE, &was);		/* before anything is printed */
	ok(r == -EFBIG, "no room");
	is_text(e.text, "agenttop-4.csv could not be written: File too large", "is one sentence");
	ok(access("agenttop-4.csv", F_OK), "and leaves nothing");

	if (system("rm -r \"$PWD\"") || !export_save(&x, write_word, word, said, sizeof said, &e))
		ok(false, "a directory that is gone takes nothing");
	else
		has_text(e.text, "agenttop-1.csv: No such file", "a directory that is gone takes nothing");
	if (chdir("/sys"))
		return;
	ok(export_save(&x, write_word, word, said, sizeof said, &e) < 0, "a directory that takes no files");
	has_text(e.text, "no file can be made here (", "is said to be one");
}

int main(void)
{
	test_csv();
	test_steps();
	test_chain();
	test_cpus();
	test_irqs();
	test_stages();
	test_devices();
	test_tune();
	test_text();
	test_choice();
	test_svg();
	test_svg_hostile();
	test_svg_many();
	test_files();
	return done();
}
