// SPDX-License-Identifier: GPL-2.0-only
/* Which program a process runs, when what runs is an interpreter. */
#include "who.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A piece of text, not NUL-ended. */
struct word {
	const char *s;
	size_t n;
};
struct query {
	const char *names;		/* "claude,codex" */
	char *which;
	size_t len;
	bool cut;			/* the word may have been cut to the length of a command name */
};

static struct word word_of(const char *s)
{
	return (struct word){ s, strlen(s) };
}

static bool same(struct word a, const char *b)
{
	return a.n == strlen(b) && !memcmp(a.s, b, a.n);
}

/* Is it in a list that ends with NULL? */
static bool is_one_of(struct word w, const char *const *list)
{
	while (*list && !same(w, *list))
		list++;
	return *list;
}

/* ---- names ---- */

/* What may stand behind a name and a dash: the end of the word, or a version or platform with anything behind it. */
static bool is_suffix(struct word w)
{
	static const char *const ends[] = { "code", "cli", "ai", "agent", "chat", "bin", NULL };
	static const char *const platforms[] = { "linux", "musl", "x86", "x64", "amd64", "arm64", "aarch64", NULL };
	struct word first = { w.s, 0 };

	if (is_one_of(w, ends))
		return true;
	while (first.n < w.n && !memchr("-_.", w.s[first.n], 3))
		first.n++;
	if (first.n > 1 && first.s[0] == 'v')
		return isdigit((unsigned char)first.s[1]);
	return is_one_of(first, platforms) || (first.n && isdigit((unsigned char)first.s[0]));
}

static bool meets(struct word name, struct word w, bool cut)
{
	if (cut && name.n >= WHO_COMM && w.n == WHO_COMM - 1)
		return !memcmp(name.s, w.s, w.n);
	if (!name.n || w.n < name.n || memcmp(name.s, w.s, name.n))
		return false;
	return w.n == name.n ||
	       (w.s[name.n] == '-' && is_suffix((struct word){ w.s + name.n + 1, w.n - name.n - 1 }));
}

static bool try_word(const struct query *q, struct word w)
{
	for (const char *s = q->names; *s; s += *s == ',') {
		struct word name = { s, strcspn(s, ",") };

		s += name.n;
		for (; name.n && *name.s == ' '; name.s++)
			name.n--;
		while (name.n && name.s[name.n - 1] == ' ')
			name.n--;
		if (!meets(name, w, q->cut))
			continue;
		if (q->which && q->len)
			snprintf(q->which, q->len, "%.*s", (int)MIN(name.n, q->len), name.s);
		return true;
	}
	return false;
}

/* ---- paths ---- */

/* Cuts ".js" and the like off: only endings of scripts, since a version has dots too. */
static struct word without_extension(struct word w)
{
	static const char *const known[] = { "js", "mjs", "cjs", "ts", "mts", "cts", "jsx", "tsx", "py", "pyc", "pyz", "pex", "rb",
					     "jar", "sh", "pl", "php", "lua", "wasm", "exe", NULL };
	const char *dot = w.n ? memrchr(w.s, '.', w.n) : NULL;

	if (dot && dot > w.s && is_one_of((struct word){ dot + 1, (size_t)(w.s + w.n - dot) - 1 }, known))
		w.n = (size_t)(dot - w.s);
	return w;
}

/* The last component of *path, which is cut off it; empty at the end. */
static struct word pop(struct word *path)
{
	struct word last;
	const char *slash;

	while (path->n && path->s[path->n - 1] == '/')
		path->n--;
	slash = path->n ? memrchr(path->s, '/', path->n) : NULL;
	last.s = slash ? slash + 1 : path->s;
	last.n = (size_t)(path->s + path->n - last.s);
	path->n = slash ? (size_t)(slash - path->s) : 0;
	return last;
}

static struct word base_name(struct word path)
{
	return without_extension(pop(&path));
}

/* Is the directory that a package manager puts packages in on the way? Then the package is the program. */
static bool try_package(const struct query *q, struct word path)
{
	static const char *const homes[] = { "node_modules", "site-packages", "dist-packages", NULL };
	struct word package = { NULL, 0 }, scoped = { NULL, 0 };

	while (path.n) {
		struct word dir = pop(&path);

		if (is_one_of(dir, homes))
			return try_word(q, package.n && *package.s == '@' ? scoped : package);
		scoped = package;
		package = dir;
	}
	return false;
}

/* Names that many programs have. */
static bool says_nothing(struct word w)
{
	static const char *const common[] = { "index", "main", "__main__", "cli", "app", "run", "start", "server", "bin", "dist", "lib",
					      "src", "build", "out", "versions", "current", "latest", NULL };

	return !w.n || is_one_of(w, common) || isdigit((unsigned char)*w.s);
}

/* index.js: the directory may say more. A user's home directory does not, whatever his name is. */
static bool try_directories(const struct query *q, struct word path)
{
	struct word w;

	while (path.n) {
		struct word above;

		w = pop(&path);
		above = path;
		above = pop(&above);
		if (same(above, "home") || same(above, "Users"))
			return false;
		if (!says_nothing(w))
			return try_word(q, w);
	}
	return false;
}

static bool try_script(const struct query *q, struct word path)
{
	struct word base = base_name(path), dir = path;

	pop(&dir);
	return try_word(q, base) || try_package(q, path) || (says_nothing(base) && try_directories(q, dir));
}

/* ---- interpreters ---- */

/* Lists of options have blanks around each. */
struct interpreter {
	const char *names;
	const char *takes;		/* options whose value is the next word */
	const char *code;		/* options that bring their program along */
	const char *script;		/* options whose value is the script */
	const char *module;		/* options whose value is a module: first part before a dot */
	const char *commands;		/* words before the script */
	bool clusters;			/* -xc is -x -c */
};
static const struct interpreter interpreters[] = {
	{ " node nodejs ", " -r --require --import --loader --experimental-loader -C --conditions --env-file --title ",
	  " -e --eval -p --print -pe ", "", "", "", false },
	{ " bun ", " -r --preload --cwd -c --config --env-file ", " -e --eval -p --print ", "", "", " run x ", false },
	{ " deno ", " -c --config --import-map --lock --location --seed -L --log-level --env-file ", " eval ", "", "", " run ", false },
	{ " python pypy ", " -W -X --check-hash-based-pycs ", " -c ", "", " -m ", "", true },
	{ " ruby ", " -I -r -C -E -W ", " -e ", "", "", "", true },
	{ " perl ", " -I ", " -e -E ", "", "", "", true },
	{ " php ", " -c -d ", " -r ", " -f ", "", "", false },
	{ " lua luajit ", " -l ", " -e ", "", "", "", false },
	{ " java ", " -cp -classpath --class-path -p --module-path --add-modules --upgrade-module-path ", "", " -jar ", " -m --module ",
	  "", false },
	{ " sh bash dash zsh ksh ", " -o -O +o +O --rcfile --init-file ", " -c -s ", "", "", "", true },
};

static bool in_list(const char *list, struct word w)
{
	if (!w.n || memchr(w.s, ' ', w.n))
		return false;
	for (const char *s = list + (*list == ' '); *s; s += strcspn(s, " ") + 1)
		if (strcspn(s, " ") == w.n && !memcmp(s, w.s, w.n))
			return true;
	return false;
}

/* python3.11 is python. */
static const struct interpreter *interpreter_of(struct word w)
{
	while (w.n > 1 && memchr("0123456789.", w.s[w.n - 1], 11))
		w.n--;
	for (size_t i = 0; i < ARRAY_LEN(interpreters); i++)
		if (in_list(interpreters[i].names, w))
			return interpreters + i;
	return NULL;
}

struct args {
	const char *at, *end;
};

/* The next word of a command line; false at its end. The last one may lack its NUL. */
static bool next_arg(struct args *a, struct word *w)
{
	const char *nul;

	if (a->at >= a->end)
		return false;
	nul = memchr(a->at, 0, (size_t)(a->end - a->at));
	*w = (struct word){ a->at, (size_t)((nul ? nul : a->end) - a->at) };
	a->at = nul ? nul + 1 : a->end;
	return true;
}

/* The last of several letters decides: -um MODULE, -ec CODE. buf holds "-m". */
static struct word cluster(const struct interpreter *in, struct word w, char buf[2])
{
	if (!in->clusters || w.n < 3 || w.s[0] != '-' || w.s[1] == '-')
		return w;
	buf[0] = '-';
	buf[1] = w.s[w.n - 1];
	return (struct word){ buf, 2 };
}

static bool try_module(const struct query *q, struct word w)
{
	const char *end = w.n ? memchr(w.s, '.', w.n) : NULL;
	const char *slash = w.n ? memchr(w.s, '/', w.n) : NULL;

	if (slash)			/* java -m MODULE/CLASS */
		w.n = (size_t)(slash - w.s);
	else if (end)
		w.n = (size_t)(end - w.s);
	return try_word(q, w);
}

/* "npm:@scope/name@1.2": neither where from nor which version. */
static struct word without_version(struct word w)
{
	const char *at;

	if (w.n > 4 && !memcmp(w.s, "npm:", 4)) {
		w.s += 4;
		w.n -= 4;
	}
	at = w.n ? memrchr(w.s, '@', w.n) : NULL;
	if (at && at > w.s && !memchr(at, '/', (size_t)(w.s + w.n - at)))
		w.n = (size_t)(at - w.s);
	return w;
}

static bool try_args(const struct query *q, const struct interpreter *in, struct args *a)
{
	struct word w, value;
	bool options = true;

	while (next_arg(a, &w)) {
		char buf[2];
		struct word o = cluster(in, w, buf);

		if (options && same(w, "--")) {
			options = false;
		} else if (options && in_list(in->code, o)) {
			return false;
		} else if (options && in_list(in->script, o)) {
			return next_arg(a, &value) && try_script(q, value);
		} else if (options && in_list(in->module, o)) {
			return next_arg(a, &value) && try_module(q, value);
		} else if (options && in_list(in->takes, o)) {
			next_arg(a, &value);
		} else if (options && w.n && (w.s[0] == '-' || w.s[0] == '+')) {
			continue;
		} else if (options && in_list(in->commands, w)) {
			continue;
		} else {
			return try_script(q, without_version(w));
		}
	}
	return false;
}

bool who_is(const char *comm, const char *cmdline, size_t n, const char *names, char *which, size_t len)
{
	struct query q = { names, which, len, false }, by_comm = { names, which, len, true };
	struct args a = { cmdline, cmdline + n };
	const struct interpreter *in;
	struct word arg0, base;

	if (try_word(&by_comm, without_extension(word_of(comm))))
		return true;
	if (!next_arg(&a, &arg0))
		return false;
	base = base_name(arg0);
	if (try_word(&q, base))
		return true;
	in = interpreter_of(base);
	if (!in)
		in = interpreter_of(word_of(comm));
	return in && try_args(&q, in, &a);
}
