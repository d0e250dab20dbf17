// SPDX-License-Identifier: GPL-2.0-only
#include "opts_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "opts_value.h"

static int set_pid(struct opts *o, const char *v, bool first, struct err *err)
{
	char *list = xstrdup(v), *rest = list, *word;
	int rc = 0;

	if (first)
		o->n_pids = 0;
	while (!rc && (word = strsep(&rest, ","))) {
		uint64_t pid;

		if (value_uint(word, 1, INT32_MAX, &pid, NULL)) {
			rc = err_set(err, -EINVAL, "not a list of process ids: write 871 or 871,902");
			break;
		}
		GROW(o->pid, o->n_pids, o->cap_pids);
		o->pid[o->n_pids++] = (int32_t)pid;
	}
	free(list);
	return rc;
}

void opts_comms_clear(struct opts *o)
{
	for (size_t i = 0; i < o->n_comms; i++) {
		regfree(&o->comm[i].re);
		free(o->comm[i].text);
	}
	o->n_comms = 0;
}

static int set_comm(struct opts *o, const char *v, bool first, struct err *err)
{
	char why[128];
	regex_t re;
	int rc = *v ? regcomp(&re, v, REG_EXTENDED | REG_NOSUB) : REG_BADPAT;

	if (rc) {
		if (*v)
			regerror(rc, &re, why, sizeof why);
		return err_set(err, -EINVAL, "not an extended regular expression: %s", *v ? why : "it is empty");
	}
	if (first)
		opts_comms_clear(o);
	GROW(o->comm, o->n_comms, o->cap_comms);
	o->comm[o->n_comms++] = (struct opt_comm){ xstrdup(v), re };
	return 0;
}

static int set_step_name(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	if (!*v || strpbrk(v, " \t:=|"))
		return err_set(err, -EINVAL, "a mark's word has no blank, ':', '=' or '|' in it and is not empty");
	free(o->step_name);
	o->step_name = xstrdup(v);
	return 0;
}

static int set_step_begin(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	return value_probe(v, &o->step_begin, err);
}

static int set_step_end(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	return value_probe(v, &o->step_end, err);
}

static int set_report(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	if (v && strcmp(v, "text") && strcmp(v, "json"))
		return err_set(err, -EINVAL, "a report is text or json");
	o->report = v && !strcmp(v, "json") ? REPORT_JSON : REPORT_TEXT;
	return 0;
}

static int set_from(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	return value_time(v, &o->from, err);
}

static int set_to(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	return value_time(v, &o->to, err);
}

static int set_steps(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	if (!strcmp(v, "all"))
		o->steps = STEPS_ALL;
	else if (!strcmp(v, "none"))
		o->steps = STEPS_NONE;
	else if (!strncmp(v, "worst:", 6) && !value_uint(v + 6, 1, UINT32_MAX, &o->n_worst, NULL))
		o->steps = STEPS_WORST;
	else
		return err_set(err, -EINVAL, "steps are all, none or worst:N, as in worst:100");
	return 0;
}

static int set_top(struct opts *o, const char *v, bool first, struct err *err)
{
	uint64_t n;
	int rc = value_uint(v, 0, UINT32_MAX, &n, err);

	(void)first;
	if (!rc)
		o->n_top = (unsigned)n;
	return rc;
}

static int set_screen(struct opts *o, const char *v, bool first, struct err *err)
{
	char *x = strchr(v, 'x'), *cols = xstrndup(v, x ? (size_t)(x - v) : 0);
	uint64_t w, h;
	int rc = 0;

	(void)first;
	if (!x || value_uint(cols, 20, 1000, &w, NULL) || value_uint(x + 1, 5, 1000, &h, NULL))
		rc = err_set(err, -EINVAL, "a screen is COLSxLINES from 20x5 to 1000x1000, as in 80x24");
	free(cols);
	if (rc)
		return rc;
	o->screen_cols = (unsigned)w;
	o->screen_lines = (unsigned)h;
	return 0;
}

static int set_keys(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	(void)err;
	free(o->keys);
	o->keys = xstrdup(v);
	return 0;
}

static int set_hot_percent(struct opts *o, const char *v, bool first, struct err *err)
{
	uint64_t billionths;	/* value_duration in "seconds" is a decimal number times 10^9 */

	(void)first;
	if (!*v || strspn(v, "0123456789.") != strlen(v) || value_duration(v, NSEC_PER_SEC, &billionths, NULL) ||
	    billionths > 100 * NSEC_PER_SEC)
		return err_set(err, -EINVAL, "not a number from 0 to 100");
	o->hot_percent = (double)billionths / 1e9;
	return 0;
}

static int set_hot_harm(struct opts *o, const char *v, bool first, struct err *err)
{
	uint64_t us;
	int rc = value_uint(v, 1, UINT64_MAX / NSEC_PER_USEC, &us, err);

	(void)first;
	if (!rc)
		o->hot_harm_ns = us * NSEC_PER_USEC;
	return rc;
}

static int set_config(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	if (!*v)
		return err_set(err, -EINVAL, "a file's name is missing");
	free(o->config);
	o->config = xstrdup(v);
	return 0;
}

static int set_version(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)v;
	(void)first;
	(void)err;
	o->version = true;
	return 0;
}

static int set_help(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)v;
	(void)first;
	(void)err;
	o->help = true;
	return 0;
}

const struct opt opt_table[] = {
	{ "pid", 'p', "PID,...", .set = set_pid,
	  .help = "agents are these tasks, with their threads and children" },
	{ "comm", 'c', "REGEX", .set = set_comm,
	  .help = "agents are the tasks with such a command name (POSIX extended); may be given again" },
	{ "step-name", 0, "WORD", .def = "step", .set = set_step_name,
	  .help = "a mark is a step when its text begins with this word" },
	{ "step-begin", 0, "EVENT[/FILTER]", .set = set_step_begin,
	  .help = "a step begins at this event; FILTER: field==value, also != < > <= >= and ~ for a glob, joined by &&" },
	{ "step-end", 0, "EVENT[/FILTER]", .set = set_step_end,
	  .help = "and ends at this one" },
	{ "report", 0, "text|json", .arg_optional = true, .def = "text", .set = set_report,
	  .help = "no screen: print a report" },
	{ "from", 0, "TIME", .set = set_from,
	  .help = "leave out what is before: seconds of the recording's clock (123.456789), +1.5s from its begin, -2s from its end" },
	{ "to", 0, "TIME", .set = set_to,
	  .help = "leave out what is after" },
	{ "steps", 0, "all|worst:N|none", .def = "all", .set = set_steps,
	  .help = "keep the chains of these steps; numbers count all of them in every case" },
	{ "top", 0, "N", .def = "20", .set = set_top,
	  .help = "rows of long tables; 0: all" },
	{ "screen", 0, "COLSxLINES", .line_only = true, .set = set_screen,
	  .help = "print one screen as text" },
	{ "keys", 0, "KEYS", .line_only = true, .set = set_keys,
	  .help = "press these keys first, as in 'jj<Enter>'; needs --screen" },
	{ "hot-percent", 0, "N", .def = "10", .set = set_hot_percent,
	  .help = "a CPU is IRQ-hot when interrupts take more than N % of it" },
	{ "hot-harm-us", 0, "N", .def = "10000", .set = set_hot_harm,
	  .help = "or when they took N us or more a second from steps there" },
	{ "config", 0, "FILE", .line_only = true, .early = true, .def = "~/.config/agenttop/config", .set = set_config,
	  .help = "defaults for these options and the stages' targets, one 'key = value' a line" },
	{ "version", 0, .line_only = true, .early = true, .set = set_version,
	  .help = "version and libraries, and what a missing one turns off" },
	{ "help", 'h', .line_only = true, .early = true, .set = set_help,
	  .help = "this text" },
};
const unsigned n_opts = ARRAY_LEN(opt_table);
_Static_assert(ARRAY_LEN(opt_table) <= 64, "struct opts has one bit per option");
