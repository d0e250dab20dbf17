/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * opts: what the user asked for. One table (name, argument, default, help) feeds the parser, --help,
 * the configuration file and the check of the manual.
 *
 * It opens no recording and prints nothing by itself but for opts_help() and opts_version().
 * One thread. All memory belongs to the struct opts until opts_fini().
 */
#ifndef AGENTTOP_OPTS_H
#define AGENTTOP_OPTS_H

#include <regex.h>

#include "base.h"
#include "targets.h"

/* field==value && field>value && field~glob: all terms must hold. */
enum filter_op { FILTER_EQ, FILTER_NE, FILTER_LT, FILTER_GT, FILTER_LE, FILTER_GE, FILTER_GLOB };
struct filter_term {
	char *field;
	enum filter_op op;
	char *text;		/* the value as written, quotes removed; a glob for FILTER_GLOB */
	bool is_number;		/* always true for < > <= >= */
	bool negative;		/* then num is its two's complement: (int64_t)num */
	uint64_t num;
};
#define FILTER_TERMS_MAX 8
/* An event that begins or ends a step: "system:name" or "name"; event NULL: not asked for. */
struct probe {
	char *event;
	struct filter_term *term;
	size_t n_terms, cap_terms;
};

enum time_ref { TIME_UNSET, TIME_CLOCK, TIME_FROM_BEGIN, TIME_FROM_END };
struct opt_time {
	enum time_ref ref;
	uint64_t ns;		/* of the recording's clock, after its begin, or before its end */
};
/* The instant in a recording of [begin, end]; `unset` when the option was not given. Never wraps around. */
uint64_t opt_time_at(const struct opt_time *, uint64_t begin, uint64_t end, uint64_t unset);

/* What sets the flight recorder off: any step, or a stage's time within a step, that takes longer. */
struct trigger {
	int stage;			/* enum stage_id; -1: the whole step */
	uint64_t over_ns;
};
#define TRIGGERS_MAX 8
#define CGROUPS_MAX 64

enum report_kind { REPORT_NONE, REPORT_TEXT, REPORT_JSON };
enum steps_kind { STEPS_ALL, STEPS_WORST, STEPS_NONE };
struct opt_comm {
	char *text;
	regex_t re;
};
struct opts {
	char *file;			/* "-": standard input; NULL: live */
	char **command;			/* words behind "--" with --record: NULL-ended, argv's own; NULL: none */
	char **cgroup;			/* cgroup paths, as given */
	size_t n_cgroups, cap_cgroups;
	char *agents;			/* names of known agent programs, comma-separated */
	uint64_t duration_ns;		/* live: stop after so long; 0: when the user says so */
	uint64_t keep_ns;		/* live: the window of tables, steps and the flight recorder */
	uint64_t buffer_kb;		/* live: the ring buffer of a CPU grows to this at the most */
	char *record;			/* trace.dat to write; NULL */
	int record_version;		/* 7 or 6 */
	struct trigger trigger[TRIGGERS_MAX];
	size_t n_triggers;
	char *output;			/* what the flight recorder writes: a name with %n */
	uint64_t trigger_limit;		/* files at the most */
	bool cleanup;			/* remove what dead ones left, and leave */
	int32_t *pid;
	size_t n_pids, cap_pids;
	struct opt_comm *comm;		/* any of them: opts_comm_match() */
	size_t n_comms, cap_comms;
	char *step_name;		/* "step" */
	struct probe step_begin, step_end;	/* both or neither */
	enum report_kind report;
	struct opt_time from, to;
	enum steps_kind steps;		/* which steps keep their segments */
	uint64_t n_worst;		/* with STEPS_WORST */
	unsigned n_top;			/* rows of a table; 0: all */
	unsigned screen_cols, screen_lines;	/* 0: --screen was not given */
	char *keys;			/* "" when not given */
	double hot_percent;		/* a CPU is IRQ-hot when interrupts take more of it than this */
	uint64_t hot_harm_ns;		/* ... or when they took this much or more from steps there, each second */
	struct stage_target target[N_STAGES];	/* defaults of stage_names unless configured */
	bool mouse;
	struct theme *theme;		/* colours of the screens (theme.h) */
	bool help, version;		/* print that and leave */
	char *config;			/* file named by --config; NULL: the default one, if it is there */
	uint64_t set;			/* bit i: option i of the table was given on the command line */
	uint64_t set_config;		/* likewise in the configuration file */
};
/*
 * Fills *o (also its defaults; opts_fini() is right in every case). 0, or -errno with one sentence in *err:
 * -EINVAL is wrong usage (exit 2), anything else a file that could not be read (exit 1).
 */
int opts_parse(int argc, char **argv, struct opts *o, struct err *err);
void opts_fini(struct opts *);
void opts_help(FILE *);
void opts_version(FILE *);
/* No recording was named: events come from this machine. */
static inline bool opts_live(const struct opts *o)
{
	return !o->file;
}
/* True when a task of this name was asked for with --comm. */
bool opts_comm_match(const struct opts *, const char *comm);

#endif
