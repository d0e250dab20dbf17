// SPDX-License-Identifier: GPL-2.0-only
/*
 * agentloop: a small real agent. Its loop runs steps, marks them for agenttop, and in each waits for the kinds of things
 * that agents wait for: a TCP reply through a veth pair, io_uring reads, page faults, timers, another thread, a tool in
 * a process of its own. It keeps an account of every wait by its own clock (--csv), which agentcsv.py compares with
 * what agenttop says; on request it makes the machine worse (--flood, --writes).
 *
 * It ends by itself, and nothing that it made outlives it. The columns of the account are in agent_csv.c and --help.
 */
#include "agent.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

struct options opt = { .seconds = 30, .rate = 50, .cpu = -1, .peer_cpu = -1, .agent = "agentloop" };
volatile sig_atomic_t stopped;

/* ---- kinds of steps: what they do in turn ---- */

struct part {
	const char *stage;
	unsigned arg;
};

static const struct mix {
	const char *name, *class;
	uint64_t deadline_us;
	struct part parts[8];
} mixes[] = {
	{ "plan", "interactive", 20000, { { "think", 300 }, { "net", 1500 }, { "think", 400 } } },
	{ "read", "normal", 10000, { { "uring", 2 }, { "fault", 0 }, { "think", 200 }, { "uring", 1 }, { "fault", 0 } } },
	{ "tool", "background", 50000, { { "think", 100 }, { "tool", 800 }, { "evfd", 300 }, { "timer", 1000 },
					 { "think", 200 }, { "sleep", 500 } } },
};

/* ---- small things ---- */

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

int sleep_until(uint64_t ns)
{
	const struct timespec t = { (time_t)(ns / NSEC_PER_SEC), (long)(ns % NSEC_PER_SEC) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		if (stopped)
			return -EINTR;
	return 0;
}

int run_on(int cpu)
{
	cpu_set_t *set;
	int err;

	if (cpu < 0)
		return 0;
	set = CPU_ALLOC(cpu + 1);
	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(CPU_ALLOC_SIZE(cpu + 1), set);
	CPU_SET_S(cpu, CPU_ALLOC_SIZE(cpu + 1), set);
	err = sched_setaffinity(0, CPU_ALLOC_SIZE(cpu + 1), set) ? -errno : 0;
	CPU_FREE(set);
	return err;
}

static void say(const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof text, fmt, ap);
	fprintf(stderr, "agentloop: %s\n", text);
}

void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!opt.quiet)
		say(fmt, ap);
	va_end(ap);
}

void die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	if (!is_agent())
		_exit(status);
	peers_close();
	csv_close();
	exit(status);
}

/* ---- options ---- */

enum { O_FLOOD = 256, O_WRITES, O_CPU, O_PEER_CPU, O_RPS, O_STEPS, O_SECONDS, O_FOREVER, O_RATE, O_CSV, O_MARKS, O_MARKER,
       O_SDK, O_AGENT, O_KINDS, O_NET, O_TOOL };

static void usage(FILE *f)
{
	fputs("usage: agentloop [options]\n\n"
	      "An agent that marks its steps for agenttop, and keeps an account of its own.\n\n"
	      "  --steps N          end after so many steps\n"
	      "  --seconds S        end after so long (default 30)\n"
	      "  --forever          end only when told to, by SIGINT or SIGTERM\n"
	      "  --rate R           steps a second (default 50); 0: no pause between them\n"
	      "  --kinds K,...      only these kinds of steps, in turn: plan, read, tool (default all)\n"
	      "  --csv FILE         the account; - is standard output\n"
	      "  --marks HOW        marker, sdk or none; the default is marker if it can be written\n"
	      "  --marker FILE      where marks go (default /sys/kernel/tracing/trace_marker)\n"
	      "  --sdk FILE         the library for --marks=sdk (default libagentstep.so beside this program)\n"
	      "  --agent NAME       its name in the marks (default agentloop)\n"
	      "  --net HOW          veth or loopback; the default is veth for root, loopback else\n"
	      "  -d, --dir DIR      where its files are, without a name, on a device (default $TMPDIR, or /var/tmp)\n"
	      "  --cpu N            the agent runs there\n"
	      "  --peer-cpu N       everything else of it runs there\n"
	      "  --rps              packets for the agent are handled on its CPU; needs --cpu and a veth pair\n"
	      "  --flood[=PPS]      the peer floods it with UDP (default 5000 a second); with --cpu, as with --rps\n"
	      "  --writes[=PER_S]   another process writes 64 kB blocks to the device (default 100 a second)\n"
	      "  -q, --quiet        no notes and no summary on standard error\n"
	      "  -h, --help         this\n\n"
	      "Exit status: 0 good; 1 the work failed; 2 wrong usage; 3 not permitted. A signal that ends it is its status.\n", f);
	csv_help(f);
}

static _Noreturn void wrong(const char *option, const char *value)
{
	die(EXIT_USAGE, "--%s: not good: %s; see --help", option, value);
}

static double number(const char *option, const char *text, double min, double max)
{
	char *rest;
	double v = strtod(text, &rest);

	if (!*text || *rest || !(v >= min && v <= max))
		wrong(option, text);
	return v;
}

static unsigned count(const char *option, const char *text, double min, double max)
{
	double v = number(option, text, min, max);

	if (v != (unsigned)v)
		wrong(option, text);
	return (unsigned)v;
}

static int word(const char *option, const char *text, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], text))
			return i;
	wrong(option, text);
}

static bool wanted(const char *kind)
{
	size_t n = strlen(kind);

	for (const char *p = opt.kinds; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (!strncmp(p, kind, n) && (!p[n] || p[n] == ','))
			return true;
	}
	return !opt.kinds;
}

static void check_kinds(void)
{
	unsigned n = 0, asked = 1;

	for (size_t i = 0; i < ARRAY_LEN(mixes); i++)
		n += wanted(mixes[i].name);
	for (const char *p = opt.kinds; p && *p; p++)
		asked += *p == ',';
	if (opt.kinds && n != asked)
		wrong("kinds", opt.kinds);
}

static void take(int c, char *arg)
{
	static const char *const marks[] = { "auto", "marker", "sdk", "none", NULL };
	static const char *const nets[] = { "auto", "veth", "loopback", NULL };

	switch (c) {
	case O_STEPS: opt.n_steps = count("steps", arg, 1, 1e9); break;
	case O_SECONDS: opt.seconds = number("seconds", arg, .001, 1e6); break;
	case O_FOREVER: opt.seconds = 0; break;
	case O_RATE: opt.rate = number("rate", arg, 0, 1e6); break;
	case O_KINDS: opt.kinds = arg; break;
	case O_CSV: opt.csv = arg; break;
	case O_MARKS: opt.marks = (enum marks)word("marks", arg, marks); break;
	case O_MARKER: opt.marker = arg; break;
	case O_SDK: opt.sdk = arg; break;
	case O_AGENT:
		if (!*arg || strlen(arg) > 64 || arg[strcspn(arg, " \t\n|\"")])
			wrong("agent", arg);
		opt.agent = arg;
		break;
	case O_NET: opt.net = (enum net)word("net", arg, nets); break;
	case 'd': opt.dir = arg; break;
	case O_CPU: opt.cpu = (int)count("cpu", arg, 0, 4095); break;
	case O_PEER_CPU: opt.peer_cpu = (int)count("peer-cpu", arg, 0, 4095); break;
	case O_RPS: opt.rps = true; break;
	case O_FLOOD: opt.flood = arg ? count("flood", arg, 1, 100000) : 5000; break;
	case O_WRITES: opt.writes = arg ? count("writes", arg, 1, 2000) : 100; break;
	case O_TOOL: opt.tool_us = count("tool", arg, 1, 1e7); break;
	case 'q': opt.quiet = true; break;
	case 'h': opt.help = true; break;
	default: die(EXIT_USAGE, "see --help");
	}
}

static void options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "steps", 1, NULL, O_STEPS }, { "seconds", 1, NULL, O_SECONDS }, { "forever", 0, NULL, O_FOREVER },
		{ "rate", 1, NULL, O_RATE }, { "kinds", 1, NULL, O_KINDS }, { "csv", 1, NULL, O_CSV },
		{ "marks", 1, NULL, O_MARKS }, { "marker", 1, NULL, O_MARKER }, { "sdk", 1, NULL, O_SDK },
		{ "agent", 1, NULL, O_AGENT }, { "net", 1, NULL, O_NET }, { "dir", 1, NULL, 'd' }, { "cpu", 1, NULL, O_CPU },
		{ "peer-cpu", 1, NULL, O_PEER_CPU }, { "rps", 0, NULL, O_RPS }, { "flood", 2, NULL, O_FLOOD },
		{ "writes", 2, NULL, O_WRITES }, { "tool", 1, NULL, O_TOOL }, { "quiet", 0, NULL, 'q' },
		{ "help", 0, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "d:qh", longs, NULL)) != -1)
		take(c, optarg);
	if (optind < argc)
		die(EXIT_USAGE, "it takes no argument: %s; see --help", argv[optind]);
	check_kinds();
	opt.rps |= opt.flood && opt.cpu >= 0;
	if (opt.rps && opt.cpu < 0)
		die(EXIT_USAGE, "--rps needs --cpu; see --help");
}

/* ---- the loop ---- */

static void on_signal(int sig)
{
	stopped = sig;
}

static void signals_open(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction old, a = { .sa_handler = on_signal };	/* no SA_RESTART: waits are to end */

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		/* what nohup(1) ignores stays so */
		if (ends[i] != SIGHUP || (!sigaction(SIGHUP, NULL, &old) && old.sa_handler != SIG_IGN))
			sigaction(ends[i], &a, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void step_run(const struct mix *m, struct step *s)
{
	struct row rows[ARRAY_LEN(m->parts)], whole = { .step = s->id, .kind = m->name, .stage = "step", .tid = getpid() };
	unsigned n = 0;
	int err = 0;

	whole.cpu_begin = sched_getcpu();
	whole.t_begin = now_ns();
	mark_begin(s);
	whole.t_begun = now_ns();
	for (const struct part *p = m->parts; !err && p < m->parts + ARRAY_LEN(m->parts) && p->stage; p++) {
		err = wait_run(p->stage, p->arg, &rows[n], s);
		n += !err;
	}
	whole.t_ending = now_ns();
	mark_end();
	whole.t_end = now_ns();
	whole.cpu_end = sched_getcpu();
	for (unsigned i = 0; i < n; i++) {
		whole.slept += rows[i].slept;
		whole.pushed += rows[i].pushed;
		whole.majflt += rows[i].majflt;
		csv_write(&rows[i]);
	}
	csv_write(&whole);
	summary_add(m->name, whole.t_end - whole.t_begin);
}

static uint64_t loop(void)
{
	const uint64_t start = now_ns(), limit = (uint64_t)(opt.seconds * 1e9);
	const uint64_t gap = opt.rate > 0 ? (uint64_t)(1e9 / opt.rate) : 0;
	uint64_t n = 0, next = start, trace[2];
	size_t kind = 0;

	if (getrandom(trace, sizeof trace, 0) != sizeof trace)
		trace[0] = trace[1] = start | 1;
	while (!stopped && (!opt.n_steps || n < opt.n_steps) && (!limit || now_ns() - start < limit)) {
		const struct mix *m = &mixes[kind++ % ARRAY_LEN(mixes)];
		struct step s = { .id = n + 1, .deadline_us = m->deadline_us, .agent = opt.agent, .kind = m->name, .class = m->class };

		if (!wanted(m->name))
			continue;
		n++;
		snprintf(s.trace, sizeof s.trace, "00-%016llx%016llx-%08x%08llx-01", (unsigned long long)trace[0],
			 (unsigned long long)trace[1], (unsigned)getpid(), (unsigned long long)s.id & 0xffffffff);
		step_run(m, &s);
		waits_between_steps();
		next += gap;
		if (next < now_ns())
			next = now_ns();	/* late: no hurry to make up for it */
		else if (gap && sleep_until(next))
			break;
	}
	return n;
}

static int finish(uint64_t n)
{
	int err;

	peers_close();
	err = csv_close();
	if (err)
		die(EXIT_WORK, "%s: %s", opt.csv, strerror(-err));
	if (!opt.quiet) {
		fprintf(stderr, "agentloop: %llu steps%s\n", (unsigned long long)n, stopped ? ", then told to end" : "");
		summary_print(stderr);
	}
	if (stopped) {
		signal(stopped, SIG_DFL);
		raise(stopped);
	}
	return EXIT_GOOD;
}

int main(int argc, char **argv)
{
	int err;

	options(argc, argv);
	if (opt.help) {
		usage(stdout);
		return fflush(stdout) ? EXIT_WORK : EXIT_GOOD;
	}
	if (opt.tool_us)
		return tool_main(opt.tool_us);
	signals_open();
	err = run_on(opt.cpu);
	if (err)
		die(EXIT_WORK, "cannot run on CPU %d: %s", opt.cpu, strerror(-err));
	compute_calibrate();
	marks_open();
	csv_open(opt.csv);
	waits_open();
	note("pid %d; the peer is behind %s, files are in %s", (int)getpid(), net_name(), opt.dir);
	return finish(loop());
}
