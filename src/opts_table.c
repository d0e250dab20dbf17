// SPDX-License-Identifier: GPL-2.0-only
#include "opts_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "opts_value.h"
#include "theme.h"

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

void opts_cgroups_clear(struct opts *o)
{
	while (o->n_cgroups)
		free(o->cgroup[--o->n_cgroups]);
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

static int set_theme(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	return theme_choose(o->theme, v, err);
}

static int set_mouse(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	if (strcmp(v, "yes") && strcmp(v, "no"))
		return err_set(err, -EINVAL, "the mouse is used, yes or no");
	o->mouse = v[0] == 'y';
	return 0;
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

static int set_cgroup(struct opts *o, const char *v, bool first, struct err *err)
{
	if (first)
		opts_cgroups_clear(o);
	if (!*v)
		return err_set(err, -EINVAL, "a cgroup's path is missing, as in /system.slice/agent.service");
	if (o->n_cgroups == CGROUPS_MAX)
		return err_set(err, -EINVAL, "at most %d cgroups", CGROUPS_MAX);
	GROW(o->cgroup, o->n_cgroups, o->cap_cgroups);
	o->cgroup[o->n_cgroups++] = xstrdup(v);
	return 0;
}

void opts_agents(struct opts *o, const char *names)
{
	char *to;

	free(o->agents);
	to = o->agents = xstrdup(names);
	for (; *names; names++)		/* blanks behind commas are for reading */
		if (*names != ' ')
			*to++ = *names;
	*to = 0;
}

static int set_agents(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	(void)err;
	opts_agents(o, v);
	return 0;
}

static int set_span(uint64_t *to, const char *v, uint64_t min, uint64_t max, struct err *err)
{
	uint64_t ns;
	int rc = value_duration(v, NSEC_PER_SEC, &ns, err);

	if (!rc && (ns < min || ns > max))
		return err_set(err, -EINVAL, "from %g s to %llu s", (double)min / 1e9, (unsigned long long)(max / NSEC_PER_SEC));
	if (!rc)
		*to = ns;
	return rc;
}

static int set_duration(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	return set_span(&o->duration_ns, v, NSEC_PER_MSEC, 366ull * 86400 * NSEC_PER_SEC, err);
}

static int set_keep(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	return set_span(&o->keep_ns, v, NSEC_PER_SEC, 86400ull * NSEC_PER_SEC, err);
}

static int set_buffer(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	return value_uint(v, 64, 16u << 20, &o->buffer_kb, err);
}

static int set_name(char **to, const char *v, struct err *err)
{
	if (!*v)
		return err_set(err, -EINVAL, "a file's name is missing");
	free(*to);
	*to = xstrdup(v);
	return 0;
}

static int set_record(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	return set_name(&o->record, v, err);
}

static int set_record_format(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	if (strcmp(v, "v6") && strcmp(v, "v7"))
		return err_set(err, -EINVAL, "a trace.dat is v7 (compressed) or v6");
	o->record_version = v[1] - '0';
	return 0;
}

static int set_trigger(struct opts *o, const char *v, bool first, struct err *err)
{
	if (first)
		o->n_triggers = 0;
	if (o->n_triggers == TRIGGERS_MAX)
		return err_set(err, -EINVAL, "at most %d triggers", TRIGGERS_MAX);
	if (value_trigger(v, &o->trigger[o->n_triggers], err))
		return -EINVAL;
	o->n_triggers++;
	return 0;
}

static int set_output(struct opts *o, const char *v, bool first, struct err *err)
{
	const char *p = strchr(v, '%');

	(void)first;
	for (; p; p = strchr(p + 2, '%'))
		if (p[1] != 'n' && p[1] != '%')
			return err_set(err, -EINVAL, "%%n stands for a number, %%%% for a percent sign; there is nothing else");
	return set_name(&o->output, v, err);
}

static int set_trigger_limit(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)first;
	return value_uint(v, 1, 1000000, &o->trigger_limit, err);
}

static int set_cleanup(struct opts *o, const char *v, bool first, struct err *err)
{
	(void)v;
	(void)first;
	(void)err;
	o->cleanup = true;
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
	{ "cgroup", 'g', "PATH", .set = set_cgroup,
	  .help = "live: agents are the tasks in this cgroup and below it (v1 or v2); may be given again" },
	{ "agents", 0, "NAME,...", .def = "claude, codex, gemini, aider, goose, opencode, cursor-agent", .set = set_agents,
	  .help = "live: programs that are agents when none is named by -p, -c or -g and nothing is marked" },
	{ "step-name", 0, "WORD", .def = "step", .set = set_step_name,
	  .help = "a mark is a step when its text begins with this word" },
	{ "step-begin", 0, "EVENT[/FILTER]", .set = set_step_begin,
	  .help = "a step begins at this event; FILTER: field==value, also != < > <= >= and ~ for a glob, joined by &&" },
	{ "step-end", 0, "EVENT[/FILTER]", .set = set_step_end,
	  .help = "and ends at this one" },
	{ "report", 0, "text|json", .arg_optional = true, .def = "text", .set = set_report,
	  .help = "no screen: print a report" },
	{ "duration", 0, "SECONDS", .line_only = true, .set = set_duration,
	  .help = "live: stop after so long; a report is printed then" },
	{ "keep", 0, "SECONDS", .def = "60", .set = set_keep,
	  .help = "live: what is shown, and what w and --trigger write, is the last so many seconds" },
	{ "buffer", 0, "KIB", .def = "16384", .set = set_buffer,
	  .help = "live: the kernel's buffer of a CPU, at the most" },
	{ "record", 0, "OUT", .line_only = true, .set = set_record,
	  .help = "live: keep all events in a trace.dat; behind -- may stand a command whose tasks are the agents" },
	{ "record-format", 0, "v7|v6", .def = "v7", .set = set_record_format,
	  .help = "which trace.dat is written: v7 is compressed" },
	{ "trigger", 0, "WHAT>TIME", .line_only = true, .set = set_trigger,
	  .help = "live: write the kept seconds to a file when a step takes longer (step>50ms), or a stage in one (runqueue>5ms)" },
	{ "output", 'o', "NAME", .def = "agenttop-%n.dat", .set = set_output,
	  .help = "what w and --trigger write; %n is a number" },
	{ "trigger-limit", 0, "N", .def = "20", .set = set_trigger_limit,
	  .help = "files that --trigger writes at the most" },
	{ "cleanup", 0, .line_only = true, .set = set_cleanup,
	  .help = "remove the tracing that a killed agenttop left behind, and leave" },
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
	{ "theme", 0, "NAME", .def = "dark", .set = set_theme,
	  .help = "colours for a dark ground, for a light one, or mono: none" },
	{ "mouse", 0, "yes|no", .def = "yes", .set = set_mouse,
	  .help = "wheel and clicks; no leaves them to the terminal" },
	{ "config", 0, "FILE", .line_only = true, .early = true, .def = "~/.config/agenttop/config", .set = set_config,
	  .help = "defaults for these options, the stages' targets, single colours: one 'key = value' a line" },
	{ "version", 0, .line_only = true, .early = true, .set = set_version,
	  .help = "version and libraries, and what a missing one turns off" },
	{ "help", 'h', .line_only = true, .early = true, .set = set_help,
	  .help = "this text" },
};
const unsigned n_opts = ARRAY_LEN(opt_table);
_Static_assert(ARRAY_LEN(opt_table) <= 64, "struct opts has one bit per option");
