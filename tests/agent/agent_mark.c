// SPDX-License-Identifier: GPL-2.0-only
/* Step marks: one write to trace_marker each, or the calls of the project's library. */
#include "agent.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/agentstep.h"

/* Who tells the marks. */
struct marks_by {
	const char *(*open)(void);	/* why it cannot, or NULL */
	void (*begin)(const struct step *);
	void (*end)(void);
};

/* ---- trace_marker ---- */

static const char *const places[] = { "/sys/kernel/tracing/trace_marker", "/sys/kernel/debug/tracing/trace_marker" };
static int marker = -1;

static const char *marker_open(void)
{
	for (size_t i = 0; i < ARRAY_LEN(places) && marker < 0; i++) {
		const char *path = opt.marker ? opt.marker : places[i];

		marker = open(path, O_WRONLY | O_CLOEXEC);
		if (marker < 0 && (opt.marker || errno != ENOENT || i + 1 == ARRAY_LEN(places))) {
			static char why[256];

			snprintf(why, sizeof why, "%s: %s", path, strerror(errno));
			return why;
		}
	}
	return NULL;
}

/* While nothing records, the kernel refuses marks (EBADF): no reason for an agent to end. */
static void marker_write(const char *text, int len_bytes)
{
	(void)!write(marker, text, (size_t)len_bytes);
}

static void marker_begin(const struct step *s)
{
	char text[512];

	marker_write(text, snprintf(text, sizeof text, "B|%d|step:%llu agent=%s name=%s id=%llu class=%s deadline_us=%llu trace=%s",
				    (int)getpid(), (unsigned long long)s->id, s->agent, s->kind, (unsigned long long)s->id,
				    s->class, (unsigned long long)s->deadline_us, s->trace));
}

static void marker_end(void)
{
	char text[32];

	marker_write(text, snprintf(text, sizeof text, "E|%d", (int)getpid()));
}

static const struct marks_by by_marker = { marker_open, marker_begin, marker_end };

/* ---- the project's library, loaded so that the agent can do without ---- */

static struct {
	__typeof__(agentstep_begin) *begin;
	__typeof__(agentstep_end) *end;
} sdk;

/* Beside this program, where it was built, or where the linker finds it. */
static void *sdk_load(void)
{
	char path[4096 + 32];
	ssize_t n = readlink("/proc/self/exe", path, 4096);
	void *lib;

	if (opt.sdk)
		return dlopen(opt.sdk, RTLD_NOW);
	while (n > 0 && path[n - 1] != '/')
		n--;
	strcpy(path + (n > 0 ? n : 0), "libagentstep.so");
	lib = dlopen(path, RTLD_NOW);
	return lib ? lib : dlopen("libagentstep.so", RTLD_NOW);
}

static const char *sdk_open(void)
{
	void *lib;

	/* it reads these when it is loaded; a place that was asked for is written to whether or not somebody listens */
	if (opt.marker && (setenv("AGENTSTEP_MARKER", opt.marker, 1) || setenv("AGENTSTEP", "always", 1)))
		return strerror(errno);
	lib = sdk_load();
	if (!lib)
		return dlerror();
	*(void **)&sdk.begin = dlsym(lib, "agentstep_begin");
	*(void **)&sdk.end = dlsym(lib, "agentstep_end");
	return sdk.begin && sdk.end ? NULL : "the library has no agentstep_begin and agentstep_end";
}

static void sdk_begin(const struct step *s)
{
	char id[24];

	snprintf(id, sizeof id, "%llu", (unsigned long long)s->id);
	sdk.begin(&(struct agentstep){ .agent = s->agent, .name = s->kind, .id = id, .cls = s->class, .traceparent = s->trace,
				       .deadline_us = s->deadline_us });
}

static void sdk_end(void)
{
	sdk.end();
}

static const struct marks_by by_sdk = { sdk_open, sdk_begin, sdk_end };

/* ---- whichever it is ---- */

static const struct marks_by *by;

void marks_open(void)
{
	const char *why;

	if (opt.marks == MARKS_NONE)
		return;
	by = opt.marks == MARKS_SDK ? &by_sdk : &by_marker;
	why = by->open();
	if (!why)
		return;
	if (opt.marks != MARKS_AUTO)
		die(opt.marks == MARKS_SDK ? EXIT_WORK : EXIT_PERMISSION, "no step marks: %s", why);
	note("no step marks: %s", why);
	by = NULL;
}

void mark_begin(const struct step *s)
{
	if (by)
		by->begin(s);
}

void mark_end(void)
{
	if (by)
		by->end();
}
