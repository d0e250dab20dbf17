// SPDX-License-Identifier: GPL-2.0-only
/*
 * The marks of marks.expected, from C. "marks wait": one step for each line read, named by it, after telling whether it
 * is wanted. With -DCOPY the program has a copy of the counter of its own, as programs that are not position-independent get.
 */
#include "agentstep.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TIMES_100(s) TIMES_10(s) TIMES_10(s) TIMES_10(s) TIMES_10(s) TIMES_10(s) TIMES_10(s) TIMES_10(s) TIMES_10(s) TIMES_10(s) TIMES_10(s)
#define TIMES_10(s) s s s s s s s s s s

#ifdef COPY
extern volatile unsigned short agentstep_probe_semaphore;
#endif

static int wait_for_lines(void)
{
	char line[100];

	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = 0;
		printf("%s wanted %d\n", line, agentstep_wanted());
#ifdef COPY
		printf("%s copy %d\n", line, (int)agentstep_probe_semaphore);
#endif
		fflush(stdout);
		agentstep_begin(&(struct agentstep){ .agent = "c", .name = "wait", .id = line });
		agentstep_end();
		printf("%s done\n", line);
		fflush(stdout);
	}
	return 0;
}

static void plain(void)
{
	struct agentstep s = { .agent = "planner", .name = "plan", .id = "32", .cls = "interactive", .deadline_us = 20000,
			       .budget_us = 5000, .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
			       .extra = "model=m-1 note=\"two words\"" };

	agentstep_begin(&s);
	agentstep_begin(&(struct agentstep){ 0 });
	agentstep_end();
	agentstep_end();
	agentstep_async_begin(&s, 7);
	agentstep_on(7);
	agentstep_off(7);
	agentstep_async_end(&s, 7);
	agentstep_async_begin(&(struct agentstep){ 0 }, 8);
	agentstep_async_end(&(struct agentstep){ 0 }, 8);
}

static void hostile(void)
{
	static const char *const values[] = {
		"two words", "a|b", "x\ny", "\"", "\"q\" r", "tab\there", "E|1", "\x01\x02\x7f", " ", "", "=", "a=b", "\xc3\xbc", TIMES_100("\xc3\xa9"),
		TIMES_100("x") TIMES_100("x"), TIMES_10("0123456789") TIMES_10("01234") "01234567\xf0\x9f\x98\x80 blank",
	};

	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		struct agentstep s = { .agent = values[i], .id = values[i] };

		agentstep_async_begin(&s, 9);
		agentstep_async_end(&s, 9);
	}
}

static void longest(void)
{
	static const char x[] = "x " TIMES_100("x") TIMES_100("x");

	agentstep_async_begin(&(struct agentstep){ x, x, x, x, x, NULL, UINT64_MAX, UINT64_MAX, { 0 } }, UINT64_MAX);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "wait"))
		return wait_for_lines();
	printf("ready %d\n", (int)getpid());
	plain();
	hostile();
	longest();
	return 0;
}
