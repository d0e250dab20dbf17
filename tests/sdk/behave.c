// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the library promises of itself: "behave FILE", with AGENTSTEP=always and AGENTSTEP_MARKER=FILE. Prints TAP without
 * a plan.
 */
#include "agentstep.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *file;

static void ok(bool good, const char *what)
{
	printf("%sok - C: %s\n", good ? "" : "not ", what);
	fflush(stdout);
}

static long size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : (long)st.st_size;
}

static void empty(void)
{
	if (truncate(file, 0))
		perror(file);
}

/* The descriptor by which this process writes to the file; -1. */
static int descriptor(void)
{
	struct stat want, st;

	stat(file, &want);
	for (int fd = 3; fd < 100; fd++)
		if (!fstat(fd, &st) && st.st_ino == want.st_ino && st.st_dev == want.st_dev)
			return fd;
	return -1;
}

static void mark(void)
{
	agentstep_begin(&(struct agentstep){ .agent = "c", .name = "behave", .id = "1" });
	agentstep_end();
}

/* The library looks for its file once a second. */
static bool comes_back(void)
{
	for (int i = 0; i < 300; i++) {
		mark();
		if (size_of(file) > 0)
			return true;
		usleep(10000);
	}
	return false;
}

static void test_errno(void)
{
	errno = 77;
	mark();
	agentstep_wanted();
	ok(errno == 77 && size_of(file) > 0, "a mark leaves errno alone");
}

static void test_descriptor(const char *other)
{
	int fd = descriptor(), again;

	ok(fd >= 0 && fcntl(fd, F_GETFD) & FD_CLOEXEC, "its descriptor is closed by exec");
	close(fd);
	again = open(other, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (again != fd) {
		dup2(again, fd);
		close(again);
	}
	empty();
	ok(comes_back(), "when somebody closed its descriptor it opens another");
	ok(!size_of(other), "and writes nothing to the file that has the number now");
	close(fd);
}

static void test_fork(void)
{
	char want[64], got[256] = "";
	FILE *f;
	pid_t pid;

	empty();
	mark();
	pid = fork();
	if (!pid) {
		mark();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	f = fopen(file, "r");
	for (int i = 0; f && i < 3; i++)
		if (!fgets(got, sizeof got, f))
			*got = 0;
	if (f)
		fclose(f);
	snprintf(want, sizeof want, "B|%d|step:1 agent=c name=behave\n", (int)pid);
	ok(!strcmp(got, want), "a child marks with its own pid");
}

/* Every line begins with a letter and a bar, and is one of those written. */
static bool lines_are_whole(long *n)
{
	char line[1200];
	FILE *f = fopen(file, "r");
	bool good = true;

	*n = 0;
	while (f && fgets(line, sizeof line, f)) {
		const char *rest = line[0] && line[1] == '|' ? strchr(line + 2, '|') : NULL;

		++*n;
		if (!strncmp(line, "E|", 2) ? rest != NULL : !rest || strcmp(rest, "|step:1 agent=c name=behave\n"))
			good = false;
	}
	if (f)
		fclose(f);
	return good;
}

static void *marks_2000(void *arg)
{
	for (int i = 0; i < 1000; i++)
		mark();
	return arg;
}

static void on_alarm(int sig)
{
	(void)sig;
	mark();
}

static void test_threads(void)
{
	struct itimerval often = { { 0, 300 }, { 0, 300 } }, never = { { 0, 0 }, { 0, 0 } };
	pthread_t t[8];
	bool good;
	long n;

	empty();
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, marks_2000, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	setitimer(ITIMER_REAL, &never, NULL);
	good = lines_are_whole(&n);
	ok(good && n >= 16000, "8 threads and a signal handler mark at once: no mark is lost or mixed up");
}

static void *cancelled(void *arg)
{
	pthread_cancel(pthread_self());
	mark();
	*(bool *)arg = true;
	pthread_testcancel();
	return NULL;
}

static void test_cancel(void)
{
	bool survived = false;
	pthread_t t;

	pthread_create(&t, NULL, cancelled, &survived);
	pthread_join(t, NULL);
	ok(survived, "a mark is no cancellation point");
}

static void test_odd(void)
{
	static char big[100000];
	uint64_t a = agentstep_cookie();

	memset(big, 'y', sizeof big - 1);
	empty();
	agentstep_begin(NULL);
	agentstep_async_end(NULL, 0);
	agentstep_text(NULL);
	agentstep_text("");
	ok(size_of(file) > 0 && size_of(file) < 50, "NULL is a step of which nothing is known");
	empty();
	agentstep_text(big);
	ok(size_of(file) == 999, "a text is cut to 998 bytes and a newline");
	empty();
	agentstep_begin(&(struct agentstep){ .name = "n", .extra = big });
	ok(size_of(file) < 40, "a word of extra that has no room is left out");
	memcpy(big, "a=1 b=2\n c|d ", 13);
	empty();
	agentstep_begin(&(struct agentstep){ .name = "n", .extra = big });
	ok(size_of(file) > 30 && size_of(file) < 60, "those before it are kept");
	ok(agentstep_cookie() > a && a > 1u << 31, "cookies are not given twice");
}

int main(int argc, char **argv)
{
	char other[4096];

	file = argc > 1 ? argv[1] : "";
	if (snprintf(other, sizeof other, "%s.other", file) >= (int)sizeof other)
		return 2;
	test_errno();
	test_descriptor(other);
	test_fork();
	test_threads();
	test_cancel();
	test_odd();
	return 0;
}
