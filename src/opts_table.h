/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * opts_table: the options, one row each. The parser, --help and the check of the manual read this and nothing else.
 * Part of opts; nothing else includes it.
 */
#ifndef AGENTTOP_OPTS_TABLE_H
#define AGENTTOP_OPTS_TABLE_H

#include "opts.h"

struct opt {
	const char *name;
	char letter;		/* 0: none */
	const char *arg;	/* NULL: takes none */
	bool arg_optional;	/* then only as --name=value */
	bool line_only;		/* makes no sense in a configuration file */
	bool early;		/* looked for before the configuration file is read */
	const char *def;	/* as help shows it; NULL: nothing to show */
	const char *help;
	/*
	 * Called once per use, the configuration file's first; value is NULL when there is none. `first`: none of the
	 * same origin came before, so a list begins anew. 0 or -EINVAL with the reason, without the option's name.
	 */
	int (*set)(struct opts *, const char *value, bool first, struct err *);
};
extern const struct opt opt_table[];
extern const unsigned n_opts;

void opts_comms_clear(struct opts *);
void opts_cgroups_clear(struct opts *);
void opts_agents(struct opts *, const char *names);

#endif
