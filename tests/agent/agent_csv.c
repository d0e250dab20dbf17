// SPDX-License-Identifier: GPL-2.0-only
/* What agentloop knows of its own waits, as a table, and a summary for people. */
#include "agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KINDS_MAX = 8, KEPT = 65536 };

static FILE *csv;

#define MORE "\n                 "
static const struct { const char *name, *what; } columns[] = {
	{ "step", "number of the step, as in its mark" },
	{ "kind", "plan, read, tool: the mark's name=" },
	{ "stage", "net, uring, pread, fault, timer, sleep, evfd, tool: a wait of the step; think: computing," MORE
		   "no wait; step: the whole, behind its parts" },
	{ "call", "the system call that waits; empty when there is none" },
	{ "pid", "process" },
	{ "tid", "thread" },
	{ "t_begin_ns", "directly before the call or the touch of the page; of a step: before B was written" },
	{ "t_end_ns", "directly after it; of a step: after E was written" },
	{ "t_begun_ns", "of a step: after B was written, so its mark is between t_begin_ns and this" },
	{ "t_ending_ns", "of a step: before E was written, so its mark is between this and t_end_ns" },
	{ "cpu_begin", "CPU before it" },
	{ "cpu_end", "CPU after it" },
	{ "slept", "how often the thread went to sleep in it" },
	{ "pushed", "how often it was pushed off its CPU in it" },
	{ "majflt", "major page faults in it" },
	{ "arg", "how much was asked for: us of computing (think, tool, evfd), us of sleeping (timer, sleep, and" MORE
		 "the peer of net, which then computes for an eighth of it), reads (uring, pread)" },
	{ "t_ask_ns", "before what it waits for was asked for: request sent, thread told, child forked, reads queued" },
	{ "t_due_ns", "when the timer was asked to expire" },
	{ "by", "thread that ended the wait: peer, helper, child" },
	{ "t_by_begin_ns", "that thread's own account: it got the request" },
	{ "t_by_end_ns", "and it was about to answer" },
};

void csv_help(FILE *f)
{
	fputs("\nColumns of the account, a row for each wait and one for each step. Times are ns of CLOCK_MONOTONIC, the\n"
	      "trace clock \"mono\"; what is not known, or makes no sense for a stage, is empty.\n", f);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		fprintf(f, "  %-14s %s\n", columns[i].name, columns[i].what);
}

void csv_open(const char *path)
{
	static char buffer[1 << 20];

	if (!path)
		return;
	csv = strcmp(path, "-") ? fopen(path, "we") : stdout;
	if (!csv)
		die(EXIT_WORK, "%s: %s", path, strerror(errno));
	/* rows are written between steps; a big buffer makes it seldom */
	setvbuf(csv, buffer, _IOFBF, sizeof buffer);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		fprintf(csv, "%s%s", i ? "," : "", columns[i].name);
	fputc('\n', csv);
}

static void number(uint64_t v, bool known)
{
	if (known)
		fprintf(csv, ",%llu", (unsigned long long)v);
	else
		fputc(',', csv);
}

void csv_write(const struct row *r)
{
	if (!csv)
		return;
	fprintf(csv, "%llu,%s,%s,%s,%d,%d,%llu,%llu", (unsigned long long)r->step, r->kind, r->stage, r->call ? r->call : "",
		(int)getpid(), (int)r->tid, (unsigned long long)r->t_begin, (unsigned long long)r->t_end);
	number(r->t_begun, r->t_begun);
	number(r->t_ending, r->t_ending);
	fprintf(csv, ",%d,%d,%ld,%ld,%ld", r->cpu_begin, r->cpu_end, r->slept, r->pushed, r->majflt);
	number(r->arg, r->arg);
	number(r->t_ask, r->t_ask);
	number(r->t_due, r->t_due);
	number((uint64_t)r->by, r->by);
	number(r->t_by_begin, r->t_by_begin);
	number(r->t_by_end, r->t_by_end);
	fputc('\n', csv);
}

int csv_close(void)
{
	int err = 0;

	if (!csv)
		return 0;
	errno = EIO;
	if (ferror(csv) | fflush(csv) | (csv != stdout && fclose(csv)))
		err = -errno;
	csv = NULL;
	return err;
}

/* ---- summary: of the newest KEPT steps of a kind ---- */

static struct kind {
	const char *name;
	uint64_t n, *ns;
} kinds[KINDS_MAX];

void summary_add(const char *kind, uint64_t ns)
{
	struct kind *k = kinds;

	while (k->name && strcmp(k->name, kind))
		if (++k == kinds + KINDS_MAX)
			return;
	k->name = kind;
	if (!k->ns)
		k->ns = calloc(KEPT, sizeof *k->ns);
	if (k->ns)
		k->ns[k->n++ % KEPT] = ns;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void summary_print(FILE *f)
{
	for (struct kind *k = kinds; k < kinds + KINDS_MAX && k->name; k++) {
		size_t n = k->n < KEPT ? k->n : KEPT;

		if (!n)
			continue;
		qsort(k->ns, n, sizeof *k->ns, ascending);
		fprintf(f, "agentloop: %-5s %6llu steps  p50 %8.3f ms  p99 %8.3f ms  max %8.3f ms\n", k->name,
			(unsigned long long)k->n, (double)k->ns[n / 2] / 1e6, (double)k->ns[n - 1 - n / 100] / 1e6,
			(double)k->ns[n - 1] / 1e6);
	}
}
