// SPDX-License-Identifier: GPL-2.0-only
#include "opts.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "opts_table.h"
#include "opts_value.h"
#include "theme.h"

/* Where a value comes from: what is said on the command line replaces what the file says. */
enum level { LEVEL_CONFIG, LEVEL_LINE };

/* Options of the whole design that this version does not have: a better answer than "unknown". */
static const char *const later[] = {
	"apply", "only", "yes", "dry-run", "trial", "rollback", "journal", "diff", "check",
};

static int opt_by_name(const char *name, size_t len);

static void set_defaults(struct opts *o)
{
	*o = (struct opts){ .n_top = 20, .hot_percent = 10, .hot_harm_ns = 10000 * NSEC_PER_USEC,
			    .keep_ns = 60 * NSEC_PER_SEC, .buffer_kb = 16384, .record_version = 7, .trigger_limit = 20, .mouse = true };
	o->step_name = xstrdup("step");
	o->theme = xcalloc(1, sizeof *o->theme);
	opts_agents(o, opt_table[opt_by_name("agents", 6)].def);
	o->output = xstrdup("agenttop-%n.dat");
	o->keys = xstrdup("");
	for (int i = 0; i < N_STAGES; i++)
		o->target[i] = (struct stage_target){ stage_names[i].typical_ns, stage_names[i].tail_ns };
}

/* ---- names ---- */

static int opt_by_name(const char *name, size_t len)
{
	for (unsigned i = 0; i < n_opts; i++)
		if (strlen(opt_table[i].name) == len && !strncmp(opt_table[i].name, name, len))
			return (int)i;
	return -1;
}

static int opt_by_letter(char letter)
{
	for (unsigned i = 0; i < n_opts; i++)
		if (opt_table[i].letter == letter && letter)
			return (int)i;
	return -1;
}

/* Edit distance; two letters swapped count as one slip. Names longer than the table's are no slip. */
static unsigned distance(const char *a, size_t n, const char *b)
{
	enum { MAX_LEN = 24 };
	unsigned d[MAX_LEN + 1][MAX_LEN + 1];
	size_t m = strlen(b);

	if (n > MAX_LEN || m > MAX_LEN)
		return MAX_LEN;
	for (size_t i = 0; i <= n; i++)
		for (size_t j = 0; j <= m; j++) {
			if (!i || !j) {
				d[i][j] = (unsigned)(i + j);
				continue;
			}
			d[i][j] = MIN(d[i - 1][j - 1] + (a[i - 1] != b[j - 1]), MIN(d[i - 1][j], d[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = MIN(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[n][m];
}

/*
 * The option that was probably meant, NULL when none is near: one slip in a short name, two in a long one; of two
 * equally near the one of the same length. The beginning of a name is near whatever is missing.
 */
static const char *nearest(const char *name, size_t len)
{
	const char *best = NULL;
	unsigned best_score = len < 4 ? 4 : 6;

	for (unsigned i = 0; i < n_opts; i++) {
		const char *full = opt_table[i].name;
		unsigned score = 2 * distance(name, len, full) + (strlen(full) != len);

		if (len >= 2 && !strncmp(full, name, len))
			score = 0;
		if (score < best_score) {
			best_score = score;
			best = full;
		}
	}
	return best;
}

static bool is_later(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(later); i++)
		if (strlen(later[i]) == len && !strncmp(later[i], name, len))
			return true;
	return false;
}

/* `where` is "--" on the command line, "FILE:LINE: " in a configuration file. */
static int unknown_name(const char *where, const char *name, size_t len, struct err *err)
{
	const char *near = nearest(name, len);
	int n = (int)MIN(len, 40u);

	if (is_later(name, len))
		return err_set(err, -EINVAL, "%s%.*s is not in this version: see --help for what is", where, n, name);
	if (near)
		return err_set(err, -EINVAL, "%s%.*s is not an option: did you mean %s%s?", where, n, name,
			       strcmp(where, "--") ? "" : "--", near);
	return err_set(err, -EINVAL, "%s%.*s is not an option: see --help", where, n, name);
}

/* ---- one option, from wherever ---- */

static int apply(struct opts *o, int i, const char *value, enum level level, const char *where, struct err *err)
{
	uint64_t *set = level == LEVEL_LINE ? &o->set : &o->set_config;
	struct err why;
	int rc = opt_table[i].set(o, value, !(*set >> i & 1), &why);

	*set |= 1ull << i;
	return rc ? err_set(err, rc, "%s%s '%.80s': %s", where, opt_table[i].name, value ? value : "", why.text) : 0;
}

/* ---- the configuration file ---- */

static char *trim(char *s)
{
	char *end = s + strlen(s);

	while (isspace((unsigned char)*s))
		s++;
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = 0;
	return s;
}

static int config_target(struct opts *o, const char *name, const char *value, const char *where, struct err *err)
{
	int stage = stage_by_name(name), rc;
	struct err why;

	if (stage < 0)
		return err_set(err, -EINVAL, "%starget.%.40s: there is no such stage: agenttop-stages(7) lists them", where, name);
	rc = value_target(value, &o->target[stage], &why);
	return rc ? err_set(err, rc, "%starget.%s '%.80s': %s", where, name, value, why.text) : 0;
}

static int config_color(struct opts *o, const char *style, const char *value, const char *where, struct err *err)
{
	struct err why;
	int rc = theme_set(o->theme, style, value, &why);

	return rc ? err_set(err, rc, "%scolor.%.40s '%.80s': %s", where, style, value, why.text) : 0;
}

static int config_line(struct opts *o, char *line, const char *where, struct err *err)
{
	char *key = trim(line), *eq = strchr(key, '='), *value;
	int i;

	if (!*key || *key == '#')
		return 0;
	if (!eq)
		return err_set(err, -EINVAL, "%s'%.40s' is not of the form key = value", where, key);
	*eq = 0;
	value = trim(eq + 1);
	key = trim(key);
	if (!strncmp(key, "target.", 7))
		return config_target(o, key + 7, value, where, err);
	if (!strncmp(key, "color.", 6))
		return config_color(o, key + 6, value, where, err);
	i = opt_by_name(key, strlen(key));
	if (i < 0)
		return unknown_name(where, key, strlen(key), err);
	if (opt_table[i].line_only)
		return err_set(err, -EINVAL, "%s%s belongs on the command line", where, key);
	return apply(o, i, value, LEVEL_CONFIG, where, err);
}

static int config_read(struct opts *o, FILE *f, const char *path, struct err *err)
{
	char *line = NULL;
	size_t cap = 0;
	int rc = 0;

	for (unsigned n = 1; !rc && getline(&line, &cap, f) >= 0; n++) {
		char where[256];

		snprintf(where, sizeof where, "%.200s:%u: ", path, n);
		rc = config_line(o, line, where, err);
	}
	if (!rc && ferror(f))
		rc = err_set(err, -EIO, "%s: %s", path, strerror(errno));
	free(line);
	return rc;
}

static char *config_default(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (xdg && *xdg == '/')
		return xasprintf("%s/agenttop/config", xdg);
	return home && *home ? xasprintf("%s/.config/agenttop/config", home) : NULL;
}

static int config_load(struct opts *o, struct err *err)
{
	char *path = o->config ? xstrdup(o->config) : config_default();
	FILE *f;
	int rc = 0;

	if (!path)
		return 0;
	f = fopen(path, "re");
	if (f) {
		rc = config_read(o, f, path, err);
		fclose(f);
	} else if (o->config || (errno != ENOENT && errno != ENOTDIR && errno != EACCES)) {
		/* Nobody asked for the default one, and under sudo it may well be somebody else's. */
		rc = -errno;
		err_set(err, rc, "%s: %s: name another file with --config", path, strerror(-rc));
	}
	free(path);
	return rc;
}

/* ---- the command line ---- */

/* One option as it stands on the command line; *i is moved past a value in a word of its own. */
struct word {
	int opt;
	const char *value;
	char where[4];		/* "--" or "-": how it was written */
};

static int split_long(const char *word, struct word *w, struct err *err)
{
	const char *name = word + 2, *eq = strchrnul(name, '=');

	w->opt = opt_by_name(name, (size_t)(eq - name));
	if (w->opt < 0)
		return unknown_name("--", name, (size_t)(eq - name), err);
	w->value = *eq ? eq + 1 : NULL;
	if (w->value && !opt_table[w->opt].arg)
		return err_set(err, -EINVAL, "--%s takes no value", opt_table[w->opt].name);
	return 0;
}

static int split_short(const char *word, struct word *w, struct err *err)
{
	/* One dash too few; without this, -config would be -c onfig. */
	if (opt_by_name(word + 1, strcspn(word + 1, "=")) >= 0)
		return err_set(err, -EINVAL, "%.40s is not an option: did you mean -%.40s?", word, word);
	w->opt = opt_by_letter(word[1]);
	if (w->opt < 0)
		return err_set(err, -EINVAL, "-%.1s is not an option: see --help", word + 1);
	if (word[2] && !opt_table[w->opt].arg)
		return err_set(err, -EINVAL, "-%c takes no value", word[1]);
	w->value = word[2] ? word + 2 : NULL;
	return 0;
}

static int next_option(int argc, char **argv, int *i, struct word *w, struct err *err)
{
	const char *word = argv[*i];
	int rc = word[1] == '-' ? split_long(word, w, err) : split_short(word, w, err);

	if (rc)
		return rc;
	if (opt_table[w->opt].arg && !opt_table[w->opt].arg_optional && !w->value) {
		if (*i + 1 >= argc)
			return err_set(err, -EINVAL, "--%s needs a value: %s", opt_table[w->opt].name, opt_table[w->opt].arg);
		w->value = argv[++*i];
	}
	return 0;
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

/* --config, --help and --version count wherever they stand, and before all else. */
static int find_early(struct opts *o, int argc, char **argv, struct err *err)
{
	int rc = 0;

	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		struct word w;

		if (!is_option(argv[i]))
			continue;
		rc = next_option(argc, argv, &i, &w, err);
		if (rc)
			return rc;
		if (opt_table[w.opt].early)
			rc = apply(o, w.opt, w.value, LEVEL_LINE, "--", err);
		if (rc)
			return rc;
	}
	return 0;
}

static int set_file(struct opts *o, const char *name, struct err *err)
{
	/* --report json FILE: the value of an option that may do without one stands behind an equals sign. */
	if (o->file && o->report && (!strcmp(o->file, "json") || !strcmp(o->file, "text")))
		return err_set(err, -EINVAL, "'%s' is taken for a recording: did you mean --report=%s?", o->file, o->file);
	if (o->file)
		return err_set(err, -EINVAL, "one recording at a time: '%.80s' or '%.80s'?", o->file, name);
	if (!*name)
		return err_set(err, -EINVAL, "the recording's name is empty");
	o->file = xstrdup(name);
	return 0;
}

static int read_line(struct opts *o, int argc, char **argv, struct err *err)
{
	bool only_files = false;
	int rc = 0;

	for (int i = 1; !rc && i < argc; i++) {
		struct word w;

		if (!only_files && !strcmp(argv[i], "--")) {
			only_files = true;
			if (o->record && argv[i + 1]) {
				o->command = argv + i + 1;
				break;
			}
		} else if (only_files || !is_option(argv[i])) {
			rc = set_file(o, argv[i], err);
		} else {
			rc = next_option(argc, argv, &i, &w, err);
			rc = rc ? rc : apply(o, w.opt, w.value, LEVEL_LINE, "--", err);
		}
	}
	return rc;
}

static bool given(const struct opts *o, const char *name)
{
	return o->set >> opt_by_name(name, strlen(name)) & 1;
}

/* Live options with a recording would do nothing: better said than ignored. */
static int check_replay(const struct opts *o, struct err *err)
{
	static const char *const live[] = { "cgroup", "duration", "keep", "buffer", "record", "record-format", "trigger",
					    "trigger-limit", "cleanup" };

	for (size_t i = 0; i < ARRAY_LEN(live); i++)
		if (given(o, live[i]))
			return err_set(err, -EINVAL, "--%s is for live recording, and '%.80s' is a recording", live[i], o->file);
	return 0;
}

static int check_live(const struct opts *o, struct err *err)
{
	if (o->from.ref != TIME_UNSET || o->to.ref != TIME_UNSET)
		return err_set(err, -EINVAL, "--from and --to choose a part of a recording: name one (agenttop FILE)");
	if (o->screen_cols && !o->duration_ns)
		return err_set(err, -EINVAL, "--screen needs a recording (agenttop FILE), or --duration SECONDS of this machine");
	if (given(o, "record-format") && !o->record)
		return err_set(err, -EINVAL, "--record-format is for --record OUT");
	if (given(o, "report") && !o->duration_ns && !o->command && !o->cleanup)
		return err_set(err, -EINVAL, "--report needs a recording (agenttop FILE), or --duration SECONDS of this machine");
	return 0;
}

/* What no single option can tell. */
static int check_together(const struct opts *o, struct err *err)
{
	if (!o->step_begin.event != !o->step_end.event)
		return err_set(err, -EINVAL, "--step-begin and --step-end go together: --step-%s is missing",
			       o->step_begin.event ? "end" : "begin");
	if (*o->keys && !o->screen_cols)
		return err_set(err, -EINVAL, "--keys needs --screen COLSxLINES");
	if (o->screen_cols && o->report && o->set >> opt_by_name("report", 6) & 1)
		return err_set(err, -EINVAL, "--report and --screen do not go together");
	if (o->from.ref == o->to.ref && o->from.ref != TIME_UNSET &&
	    (o->from.ref == TIME_FROM_END ? o->from.ns <= o->to.ns : o->from.ns >= o->to.ns))
		return err_set(err, -EINVAL, "--from is not before --to: nothing would be left");
	return opts_live(o) ? check_live(o, err) : check_replay(o, err);
}

static int parse(int argc, char **argv, struct opts *o, struct err *err)
{
	int rc = find_early(o, argc, argv, err);

	if (rc || o->help || o->version)
		return rc;
	rc = config_load(o, err);
	if (!rc)
		rc = read_line(o, argc, argv, err);
	if (!rc)
		rc = check_together(o, err);
	if (!rc && o->screen_cols)
		o->report = REPORT_NONE;	/* a report asked for in the configuration file gives way */
	return rc;
}

int opts_parse(int argc, char **argv, struct opts *o, struct err *err)
{
	struct err raw = { "" };
	int rc;

	set_defaults(o);
	rc = parse(argc, argv, o, &raw);
	/* The sentence quotes what the user typed: it stays one line and harmless. */
	text_clean(err->text, sizeof err->text, raw.text, sizeof raw.text);
	return rc;
}

void opts_fini(struct opts *o)
{
	opts_comms_clear(o);
	opts_cgroups_clear(o);
	free(o->cgroup);
	free(o->agents);
	free(o->record);
	free(o->output);
	free(o->comm);
	free(o->pid);
	free(o->file);
	free(o->step_name);
	free(o->keys);
	free(o->config);
	free(o->theme);
	probe_fini(&o->step_begin);
	probe_fini(&o->step_end);
	*o = (struct opts){ 0 };
}

bool opts_comm_match(const struct opts *o, const char *comm)
{
	for (size_t i = 0; i < o->n_comms; i++)
		if (!regexec(&o->comm[i].re, comm, 0, NULL, 0))
			return true;
	return false;
}
