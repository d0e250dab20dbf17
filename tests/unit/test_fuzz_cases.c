// SPDX-License-Identifier: GPL-2.0-only
/*
 * What fuzzing has found, and what it starts from: each file in tests/fuzz/cases/TARGET/ and in tests/fuzz/seeds/ goes
 * through its target again, whole and cut short. A target checks by itself what must hold, a sanitizer the rest: what
 * does not hold ends this program, and the last line says with which file.
 */
#include "tap.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#define LLVMFuzzerTestOneInput one_tracedat
#include "fuzz/fuzz_tracedat.c"
#undef LLVMFuzzerTestOneInput
#define TARGET(name) int name(const uint8_t *, size_t)
TARGET(one_perfdata);
TARGET(one_text);
TARGET(one_decode);
TARGET(one_marks);
TARGET(one_session);
#define LLVMFuzzerTestOneInput one_perfdata
#include "fuzz/fuzz_perfdata.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput one_text
#include "fuzz/fuzz_text.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput one_decode
#include "fuzz/fuzz_decode.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput one_marks
#include "fuzz/fuzz_marks.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput one_session
#include "fuzz/fuzz_session.c"
#undef LLVMFuzzerTestOneInput

#define CUTS 16
#define LIMIT_S 60	/* for all lengths of one file, under a sanitizer and beside other work */

static const struct {
	const char *name, *seeds;	/* the endings of its seeds' names */
	int (*run)(const uint8_t *, size_t);
} targets[] = {
	{ "tracedat", ".dat", one_tracedat }, { "perfdata", ".perf", one_perfdata }, { "text", ".ev", one_text },
	{ "decode", ".format", one_decode }, { "marks", ".mark", one_marks }, { "session", ".dat .perf", one_session },
};

/* Each time in memory of its own size: a byte behind it is seen by a sanitizer. */
static void run_cut(unsigned target, const uint8_t *p, size_t n)
{
	uint8_t *exact = xmalloc(n);

	memcpy(exact, p, n);
	targets[target].run(exact, n);
	free(exact);
}

static void run_file(unsigned target, const char *path)
{
	static uint8_t buf[1 << 20];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(buf, 1, sizeof buf, f) : 0;

	if (f)
		fclose(f);
	note("%s: %s, %zu bytes", targets[target].name, path, n);
	alarm(LIMIT_S);
	run_cut(target, buf, n);
	for (size_t i = 0; i < CUTS && i < n; i++) {
		run_cut(target, buf, n * i / CUTS);
		run_cut(target, buf, n - 1 - i);
	}
	alarm(0);
}

static bool has_ending(const char *name, const char *endings)
{
	const char *dot = strrchr(name, '.'), *at = dot ? strstr(endings, dot) : NULL;

	return at && (!at[strlen(dot)] || at[strlen(dot)] == ' ');
}

/* endings NULL: all files. Returns how many there were. */
static unsigned run_dir(unsigned target, const char *dir, const char *endings)
{
	struct dirent **names;
	int all = scandir(dir, &names, NULL, alphasort);
	unsigned n = 0;

	for (int i = 0; i < all; i++) {
		char *path = xasprintf("%s/%s", dir, names[i]->d_name);

		if (names[i]->d_name[0] != '.' && (!endings || has_ending(names[i]->d_name, endings))) {
			run_file(target, path);
			n++;
		}
		free(path);
		free(names[i]);
	}
	if (all >= 0)
		free(names);
	return n;
}

int main(void)
{
	const char *top = getenv("TOP");

	if (top && chdir(top))
		note("%s cannot be entered", top);
	for (unsigned i = 0; i < ARRAY_LEN(targets); i++) {
		char *dir = xasprintf("tests/fuzz/cases/%s", targets[i].name);
		unsigned n_seeds, n_cases = run_dir(i, dir, NULL);

		n_seeds = run_dir(i, i == 2 ? "tests/golden" : "tests/fuzz/seeds", targets[i].seeds);
		ok(n_seeds > 0, "%s: %u cases and %u seeds", targets[i].name, n_cases, n_seeds);
		free(dir);
	}
	return done();
}
