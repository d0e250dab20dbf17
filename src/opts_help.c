// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "opts_table.h"

enum { HELP_COLUMN = 32, HELP_WIDTH = 80 };

/* Prints text from column HELP_COLUMN on, broken at blanks; `col` is where the line stands now. */
static void wrap(FILE *f, const char *text, int col)
{
	if (col >= HELP_COLUMN) {
		fputc('\n', f);
		col = 0;
	}
	while (*text) {
		size_t room = HELP_WIDTH - HELP_COLUMN, n = strlen(text);

		if (n > room)
			for (n = room; n && text[n] != ' '; n--)
				;
		if (!n)
			n = strcspn(text, " ");
		fprintf(f, "%*s%.*s\n", HELP_COLUMN - col, "", (int)n, text);
		text += n + strspn(text + n, " ");
		col = 0;
	}
}

static void help_option(FILE *f, const struct opt *o)
{
	char text[512], letter[8] = "    ";
	int col;

	if (o->letter)
		snprintf(letter, sizeof letter, "-%c, ", o->letter);
	col = fprintf(f, "  %s--%s%s%s%s", letter, o->name, !o->arg ? "" : o->arg_optional ? "[=" : " ",
		      o->arg ? o->arg : "", o->arg_optional ? "]" : "");
	snprintf(text, sizeof text, "%s%s%s%s", o->help, o->def ? " (default " : "", o->def ? o->def : "", o->def ? ")" : "");
	wrap(f, text, col);
}

void opts_help(FILE *f)
{
	fputs("usage: agenttop [options]\n"
	      "       agenttop [options] FILE\n"
	      "       agenttop [options] --record OUT [-- COMMAND ...]\n\n"
	      "Shows where the time of agent steps goes: event by event, from the device to the\n"
	      "resumed task. Without FILE it records this machine live, which needs root.\n"
	      "FILE is a recording: trace.dat (v6, v7), perf.data or .ev text; - reads a pipe.\n\n", f);
	for (unsigned i = 0; i < n_opts; i++)
		help_option(f, &opt_table[i]);
	fputs("\nExit status: 0 good; 1 the work failed; 2 wrong usage; 3 not permitted;\n"
	      "4 a check was broken. More in agenttop(1) and agenttop-stages(7).\n", f);
}

#ifdef HAVE_zstd
#define WITH_ZSTD 1
#else
#define WITH_ZSTD 0
#endif
#ifdef HAVE_tracecmd
#define WITH_TRACECMD 1
#else
#define WITH_TRACECMD 0
#endif
#ifdef HAVE_bpf
#define WITH_BPF 1
#else
#define WITH_BPF 0
#endif
#ifdef HAVE_perf
#define WITH_PERF 1
#else
#define WITH_PERF 0
#endif

static const struct library {
	const char *name;
	bool in;
	const char *use;	/* what it is for: what a missing one turns off */
} libraries[] = {
	{ "ncursesw", true, "the screens" },
	{ "libtraceevent", true, "tests only: event formats are read by our own code and compared with it" },
	{ "libzstd", WITH_ZSTD, "recordings compressed with zstd" },
	{ "libtracefs", true, "live recording through tracefs" },
	{ "libtracecmd", WITH_TRACECMD, "writing of trace.dat files (not in this version)" },
	{ "libbpf", WITH_BPF, "live details that no tracepoint tells (not in this version)" },
	{ "libperf", WITH_PERF, "live recording through perf_event_open (not in this version)" },
};

/* "libzstd-1.5.4" out of the list that the Makefile made; the bare name when it is not there. */
static void library_version(const char *name, char *buf, size_t len)
{
	size_t n = strlen(name);
	const char *p = AGENTTOP_LIBS;

	for (; *p; p += strcspn(p, " "), p += strspn(p, " "))
		if (!strncmp(p, name, n) && p[n] == '-') {
			snprintf(buf, len, "%s %.*s", name, (int)strcspn(p + n + 1, " "), p + n + 1);
			return;
		}
	snprintf(buf, len, "%s", name);
}

void opts_version(FILE *f)
{
	char text[64];

	fprintf(f, "agenttop %s\n", AGENTTOP_VERSION);
	for (size_t i = 0; i < ARRAY_LEN(libraries); i++) {
		const struct library *l = &libraries[i];

		library_version(l->name, text, sizeof text);
		fprintf(f, "  %-22s %s: %s%s\n", text, l->in ? "in" : "missing", l->in ? "" : "no ", l->use);
	}
}
