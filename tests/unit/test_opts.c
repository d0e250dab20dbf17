// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "opts.h"
#include "tap.h"
#include "theme.h"

static struct opts o;
static struct err err;

/* Parses words up to NULL; opts_fini() of the last one first, so that a leak checker sees each. */
static int parse(const char *first, ...)
{
	char *argv[24] = { xstrdup("agenttop"), xstrdup(first) };
	int argc = 2, rc;
	va_list ap;
	const char *word;

	va_start(ap, first);
	while ((word = va_arg(ap, const char *)))
		argv[argc++] = xstrdup(word);
	va_end(ap);
	opts_fini(&o);
	err.text[0] = 0;
	rc = opts_parse(argc, argv, &o, &err);
	while (argc)
		free(argv[--argc]);
	return rc;
}
#define PARSE(...) parse(__VA_ARGS__, (char *)NULL)

static void refused(int rc, const char *part, const char *name)
{
	is_num(rc, -EINVAL, "%s: wrong usage", name);
	has_text(err.text, part, "%s: and says why", name);
	ok(!strchr(err.text, '\n'), "%s: on one line", name);
}

static void test_defaults(void)
{
	is_num(PARSE("trace.dat"), 0, "a recording is all that is needed");
	is_text(o.file, "trace.dat", "its name");
	is_num(o.report, REPORT_NONE, "a screen is the default");
	is_text(o.step_name, "step", "marks begin with step");
	is_num(o.n_top, 20, "20 rows");
	is_num(o.steps, STEPS_ALL, "all steps are kept");
	is_num(o.from.ref, TIME_UNSET, "the whole recording");
	ok(o.hot_percent > 9.99 && o.hot_percent < 10.01, "10 %% of a CPU is hot");
	is_num(o.target[ST_RUNQUEUE].tail_ns, stage_names[ST_RUNQUEUE].tail_ns, "the stages' own targets");
	is_num(PARSE("-"), 0, "a pipe");
	is_text(o.file, "-", "is called -");
}

static void test_live(void)
{
	char *with_command[] = { "agenttop", "--record", "out.dat", "--", "fio", "--name=x", "-p", NULL };

	is_num(PARSE("--top", "3"), 0, "without a recording");
	ok(opts_live(&o), "it is live");
	is_num(o.keep_ns, 60 * NSEC_PER_SEC, "a minute is kept");
	ok(strstr(o.agents, "claude"), "known programs have a default");
	is_num(PARSE("--keep", "2.5", "--buffer", "128", "--duration=3min"), 0, "times and sizes");
	is_num(o.keep_ns, 2500 * NSEC_PER_MSEC, "seconds may have a point");
	is_num(o.duration_ns, 180 * NSEC_PER_SEC, "or a unit");
	is_num(o.buffer_kb, 128, "KiB");
	refused(PARSE("--keep", "0"), "from 1 s", "nothing kept");
	refused(PARSE("--buffer", "1"), "--buffer", "a buffer too small");
	refused(PARSE("--duration", "0"), "--duration", "no time at all");
	is_num(PARSE("-g", "/a", "-g", "/b c"), 0, "cgroups");
	is_num(o.n_cgroups, 2, "add up");
	is_text(o.cgroup[1], "/b c", "as they are written");
	refused(PARSE("-g", ""), "path is missing", "no cgroup");
	opts_fini(&o);
	is_num(opts_parse(7, with_command, &o, &err), 0, "a command");
	is_text(o.command[1], "--name=x", "keeps its own options");
	ok(!o.command[3] && !o.file && !o.n_pids, "and ends with the line");
	is_num(PARSE("--", "x"), 0, "without --record");
	is_text(o.file, "x", "a file stands behind --");
	is_num(PARSE("--trigger", "step>50ms", "--trigger=runqueue>1.5ms"), 0, "triggers");
	ok(o.n_triggers == 2 && o.trigger[0].stage < 0 && o.trigger[0].over_ns == 50 * NSEC_PER_MSEC, "of a step");
	ok(o.trigger[1].stage == ST_RUNQUEUE && o.trigger[1].over_ns == 1500 * NSEC_PER_USEC, "and of a stage in one");
	refused(PARSE("--trigger", "nosuch>1ms"), "neither 'step' nor a stage", "an unknown stage");
	refused(PARSE("--trigger", "step>50"), "needs a unit", "a bare number");
	refused(PARSE("--trigger", "step"), "step>TIME", "no time");
	refused(PARSE("-o", "a%d.dat"), "%n stands for a number", "another percent sign");
	is_num(PARSE("-o", "a%%-%n.dat"), 0, "a name with a number");
	refused(PARSE("--record-format", "v5"), "v7 (compressed) or v6", "another format");
	refused(PARSE("--keep", "5", "x"), "is for live recording", "a live option with a recording");
	refused(PARSE("--from", "1"), "name one (agenttop FILE)", "a time of no recording");
	refused(PARSE("--report"), "--duration SECONDS", "a report that would never come");
	is_num(PARSE("--report", "--duration", "1"), 0, "a report of this machine");
}

static void test_agents(void)
{
	is_num(PARSE("-p", "871,902", "x", "--pid=5", "-p7"), 0, "pids in every form");
	is_num(o.n_pids, 4, "add up");
	is_num(o.pid[1], 902, "in order");
	is_num(o.pid[3], 7, "to the last");
	refused(PARSE("-p", "12a", "x"), "not a list of process ids", "a pid with a letter");
	refused(PARSE("-p", "0", "x"), "not a list of process ids", "pid 0");
	refused(PARSE("-p", "99999999999999999999", "x"), "not a list", "a pid that no integer holds");
	refused(PARSE("-p", "", "x"), "not a list", "no pid");
	is_num(PARSE("-c", "^(agent|plan)", "-c", "[0-9]$", "x"), 0, "two expressions");
	ok(opts_comm_match(&o, "planner") && opts_comm_match(&o, "web7") && !opts_comm_match(&o, "bash"), "either matches");
	refused(PARSE("-c", "(", "x"), "not an extended regular expression", "an open bracket");
	refused(PARSE("-c", "", "x"), "it is empty", "an empty expression");
	refused(PARSE("-comm", "a", "x"), "did you mean --comm", "one dash too few");
	refused(PARSE("-g", "/a", "x"), "is for live recording", "cgroups of a recording");
}

static void test_numbers(void)
{
	is_num(PARSE("--report", "x"), 0, "--report takes no word of its own");
	is_num(o.report, REPORT_TEXT, "and is text");
	is_num(PARSE("--report=json", "x"), 0, "--report=json");
	is_num(o.report, REPORT_JSON, "is JSON");
	refused(PARSE("--report=xml", "x"), "text or json", "XML");
	is_num(PARSE("--steps", "worst:50", "--top=0", "--screen", "120x40", "--keys", "jj<Enter>", "x"), 0, "numbers");
	is_num(o.steps, STEPS_WORST, "worst");
	is_num(o.n_worst, 50, "50 of them");
	is_num(o.n_top, 0, "all rows");
	is_num(o.screen_cols, 120, "columns");
	is_num(o.screen_lines, 40, "lines");
	is_text(o.keys, "jj<Enter>", "keys");
	refused(PARSE("--steps", "worst:0", "x"), "worst:N", "no worst");
	refused(PARSE("--steps", "some", "x"), "all, none or worst:N", "some steps");
	refused(PARSE("--top", "-1", "x"), "not a number", "a negative number");
	refused(PARSE("--screen", "80", "x"), "COLSxLINES", "half a screen");
	refused(PARSE("--screen", "1x1", "x"), "COLSxLINES", "a screen without room");
	refused(PARSE("--keys", "j", "x"), "needs --screen", "keys without a screen");
	refused(PARSE("--report", "--screen", "80x24", "x"), "do not go together", "a report and a screen");
	is_num(PARSE("--hot-percent", "2.5", "--hot-harm-us", "50", "x"), 0, "thresholds");
	ok(o.hot_percent > 2.499 && o.hot_percent < 2.501, "with a point");
	is_num(o.hot_harm_ns, 50000, "in microseconds");
	refused(PARSE("--hot-percent", "101", "x"), "0 to 100", "more than all of a CPU");
	refused(PARSE("--hot-percent", "5%", "x"), "0 to 100", "a percent sign");
}

static void is_time(const char *text, enum time_ref ref, uint64_t ns)
{
	is_num(PARSE("--from", text, "x"), 0, "%s is a time", text);
	is_num(o.from.ref, ref, "%s: counted from there", text);
	is_num(o.from.ns, ns, "%s: in nanoseconds", text);
}

static void test_times(void)
{
	static const char *const bad[] = { "", "x", "1.5d", "+", "--", "1e3", "1 2", "99999999999999999999", "18446744074" };

	is_time("123.456789", TIME_CLOCK, 123456789000ull);
	is_time("16935.816817123", TIME_CLOCK, 16935816817123ull);
	is_time("9007199.254740993", TIME_CLOCK, 9007199254740993ull);	/* one more than a double holds */
	is_time("+1.5s", TIME_FROM_BEGIN, 1500000000);
	is_time("+200ms", TIME_FROM_BEGIN, 200000000);
	is_time("+3", TIME_FROM_BEGIN, 3000000000);
	is_time("-2s", TIME_FROM_END, 2000000000);
	is_time("-0.5us", TIME_FROM_END, 500);
	is_time("+2min", TIME_FROM_BEGIN, 120000000000);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused(PARSE("--to", bad[i], "x"), "not a time", bad[i]);
	refused(PARSE("--from", "5", "--to", "4", "x"), "not before", "an empty window");
	refused(PARSE("--from", "-1s", "--to", "-2s", "x"), "not before", "an empty window from the end");
	is_num(PARSE("--from", "-2s", "--to", "+1s", "x"), 0, "what only the recording can tell passes");
}

static void test_instants(void)
{
	const struct opt_time unset = { 0 }, clock = { TIME_CLOCK, 7 }, begin = { TIME_FROM_BEGIN, 5 }, end = { TIME_FROM_END, 30 };
	const struct opt_time far = { TIME_FROM_BEGIN, UINT64_MAX };

	is_num(opt_time_at(&unset, 10, 20, 99), 99, "not asked for");
	is_num(opt_time_at(&clock, 10, 20, 99), 7, "of the clock");
	is_num(opt_time_at(&begin, 10, 20, 99), 15, "from the begin");
	is_num(opt_time_at(&end, 10, 20, 99), 0, "before all time is the begin of time");
	is_num(opt_time_at(&far, 10, 20, 99), UINT64_MAX, "after all time is its end");
}

static void test_filters(void)
{
	const struct filter_term *t;

	is_num(PARSE("--step-begin", "sched:sched_switch/next_pid == 871 && next_comm ~ \"web *\\\"\" && prio>=0x10 && x!=-3",
		     "--step-end", "probe_done", "x"), 0, "a filter");
	is_text(o.step_begin.event, "sched:sched_switch", "its event");
	is_num(o.step_begin.n_terms, 4, "its terms");
	t = o.step_begin.term;
	is_text(t[0].field, "next_pid", "a field");
	is_num(t[0].op, FILTER_EQ, "equals");
	ok(t[0].is_number && t[0].num == 871, "a number");
	is_num(t[1].op, FILTER_GLOB, "a glob");
	is_text(t[1].text, "web *\"", "in quotes");
	ok(!t[1].is_number, "is no number");
	is_num(t[2].op, FILTER_GE, "at least");
	is_num(t[2].num, 16, "sixteen");
	ok(t[3].negative && (int64_t)t[3].num == -3, "less than nothing");
	is_text(o.step_end.event, "probe_done", "an event without its system");
	is_num(o.step_end.n_terms, 0, "and without a filter");
	is_num(PARSE("--step-begin", "a/comm==08", "--step-end", "b/c==\"\"", "x"), 0, "odd values");
	is_num(o.step_begin.term[0].num, 8, "are decimal");
	is_text(o.step_end.term[0].text, "", "or empty in quotes");
}

static void test_bad_filters(void)
{
	refused(PARSE("--step-begin", "a", "x"), "--step-end is missing", "half a pair");
	refused(PARSE("--step-begin", "a/b=3", "x"), "after b comes one of", "one equals sign");
	refused(PARSE("--step-begin", "a/b<c", "x"), "not a number", "size of a word");
	refused(PARSE("--step-begin", "a/b==3 &&", "x"), "field's name is missing", "nothing after &&");
	refused(PARSE("--step-begin", "a/b==", "x"), "no value", "no value");
	refused(PARSE("--step-begin", "a/b==\"c", "x"), "closing quote", "an open quote");
	refused(PARSE("--step-begin", "a/b==\"c\" d", "x"), "joined by &&", "two values");
	refused(PARSE("--step-begin", "/b==1", "x"), "event's name comes first", "no event");
	refused(PARSE("--step-begin", "a b==1", "x"), "behind a slash", "a filter without slash");
	refused(PARSE("--step-begin", "", "x"), "event's name comes first", "nothing at all");
}

static void test_usage(void)
{
	refused(PARSE("--reprot", "x"), "did you mean --report?", "two letters swapped");
	refused(PARSE("--screeen", "x"), "did you mean --screen?", "a letter too many");
	refused(PARSE("--hot-harm", "3", "x"), "did you mean --hot-harm-us?", "the beginning of a name");
	refused(PARSE("--qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq", "x"), "see --help", "nothing near");
	refused(PARSE("--apply", "x"), "--apply is not in this version", "what comes later");
	refused(PARSE("--top"), "--top needs a value: N", "no value");
	refused(PARSE("--version=2"), "takes no value", "a value where none is taken");
	refused(PARSE("-q", "x"), "-q is not an option", "an unknown letter");
	refused(PARSE("a", "b"), "one recording at a time", "two recordings");
	refused(PARSE("--report", "json", "b"), "did you mean --report=json?", "a blank for an equals sign");
	refused(PARSE("a\nb\033[2J", "c"), "a\\x0ab\\x1b[2J", "control bytes");
	refused(PARSE(""), "empty", "an empty name");
	is_num(PARSE("--", "-x.dat"), 0, "-- ends the options");
	is_text(o.file, "-x.dat", "so a name may begin with a dash");
	is_num(PARSE("--help"), 0, "--help needs no file");
	ok(o.help && !o.version, "help");
	is_num(PARSE("-h"), 0, "-h");
	is_num(PARSE("x", "--version"), 0, "--version");
	ok(o.version, "version");
}

/* A configuration file with that text, and the options behind it. */
static int with_config(const char *text, const char *option, const char *value)
{
	char path[] = "/tmp/agenttop-test-XXXXXX";
	int fd = mkstemp(path), rc;

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return -EIO;
	close(fd);
	rc = option ? PARSE("--config", path, option, value, "x") : PARSE("x", "--config", path);
	unlink(path);
	return rc;
}

static void test_config(void)
{
	is_num(with_config("# my machine\n\n target.runqueue = 1ms 2.5ms\ntarget.irq=none\n pid = 4,5\ntop = 7\nsteps=none",
			   NULL, NULL), 0, "a file");
	is_num(o.target[ST_RUNQUEUE].typical_ns, 1000000, "a typical time");
	is_num(o.target[ST_RUNQUEUE].tail_ns, 2500000, "a tail");
	is_num(o.target[ST_IRQ].tail_ns, 0, "no target");
	is_num(o.n_pids, 2, "a list");
	is_num(o.n_top, 7, "a number");
	is_num(o.steps, STEPS_NONE, "the last line without a newline");
	is_num(with_config("pid = 4,5\n", "-p", "9"), 0, "a list in the file and on the command line");
	ok(o.n_pids == 1 && o.pid[0] == 9, "the command line replaces it");
	is_num(with_config("comm = ^a\n", "-c", "^b"), 0, "an expression likewise");
	ok(opts_comm_match(&o, "b") && !opts_comm_match(&o, "a"), "is replaced");
	is_num(with_config("report = json\n", "--screen", "80x24"), 0, "a report in the file gives way to a screen");
	is_num(o.report, REPORT_NONE, "asked for on the command line");
	refused(with_config("top = 3\ntpo = 4\n", NULL, NULL), ":2: tpo is not an option: did you mean top?", "a slip in the file");
	refused(with_config("target.runq = 1ms 2ms\n", NULL, NULL), "no such stage", "an unknown stage");
	refused(with_config("target.irq = 2ms 1ms\n", NULL, NULL), "longer than the tail", "a target upside down");
	refused(with_config("target.irq = 2ms\n", NULL, NULL), "not a target", "half a target");
	is_num(with_config("color.run = 40 bold\ntheme = light\ncolor.lost = red\n", NULL, NULL), 0, "a theme and colours of one's own");
	is_num(theme_look(o.theme, STYLE_RUN).c256, 40, "the colour holds, wherever the theme stands");
	is_num(theme_look(o.theme, STYLE_QUEUE).c256, 136, "the rest is the theme's");
	is_num(with_config("theme = light\n", "--theme", "mono"), 0, "a theme in the file and on the command line");
	ok(!theme_has_colors(o.theme), "the command line replaces it");
	is_num(with_config("mouse = no\n", NULL, NULL), 0, "no mouse");
	ok(!o.mouse, "then none");
	is_num(with_config("mouse = no\n", "--mouse", "yes"), 0, "unless the command line wants one");
	ok(o.mouse, "then there is");
	refused(with_config("mouse = maybe\n", NULL, NULL), "yes or no", "a mouse perhaps");
	refused(with_config("\n# colours\ncolor.rnu = red\n", NULL, NULL), ":3: color.rnu 'red': there is no such style", "a slip in a style");
	refused(with_config("color.run = rde\n", NULL, NULL), ":1: color.run 'rde': 'rde' is no colour", "a slip in a colour");
	refused(with_config("color. = red\n", NULL, NULL), "no such style", "no style at all");
	refused(with_config("top = 1\ntheme = drak\n", NULL, NULL), ":2: theme 'drak': there is no such theme: there are dark",
		"a slip in a theme");
	refused(with_config("top\n", NULL, NULL), "key = value", "no value in the file");
	refused(with_config("keys = j\n", NULL, NULL), "belongs on the command line", "keys in the file");
	is_num(PARSE("--config", "/nonexistent/agenttop", "x"), -ENOENT, "a file that is not there");
	has_text(err.text, "/nonexistent/agenttop: No such file", "is named");
}

static void test_help(void)
{
	char *text = NULL, *line, *rest;
	unsigned n_long = 0;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	opts_help(f);
	fclose(f);
	has_text(text, "--step-begin EVENT[/FILTER]", "help shows an argument");
	has_text(text, "--report[=text|json]", "and one that may be left out");
	for (rest = text; (line = strsep(&rest, "\n"));)
		n_long += strlen(line) > 80;
	is_num(n_long, 0, "no line is longer than 80 columns");
	free(text);
	f = open_memstream(&text, &len);
	opts_version(f);
	fclose(f);
	has_text(text, "agenttop " AGENTTOP_VERSION "\n", "version");
	has_text(text, "libzstd", "names each library");
	free(text);
}

int main(void)
{
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);	/* the tester's own file is no part of this */
	test_defaults();
	test_live();
	test_agents();
	test_numbers();
	test_times();
	test_instants();
	test_filters();
	test_bad_filters();
	test_usage();
	test_config();
	test_help();
	opts_fini(&o);
	return done();
}
