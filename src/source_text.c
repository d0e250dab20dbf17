// SPDX-License-Identifier: GPL-2.0-only
/*
 * .ev files: events written by hand, one a line, for tests and for explaining. agenttop-ev(5) is the format.
 *
 * The whole text is parsed at open: every mistake is told with its line before anything is shown, and lines may
 * be written in any order (grouped by CPU or by actor) and are sorted by time. MAX_BYTES therefore bounds memory.
 * Quotes and escapes are decoded in place, which works because no text grows by it.
 */
#include "evwords.h"
#include "source.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_BYTES (64u << 20)	/* about a million lines: far more than a hand writes */
#define MAX_CPUS 8192u		/* the kernel's own limit */
#define MAX_TYPES 512u		/* distinct (event, fields); looked up one by one */
#define MAX_VALS 32u		/* bits of formats_add_synthetic()'s text_mask */
#define MENTIONED (1u << 31)	/* a name's rank: not from @comm */
#define NOTED_BAD 5u		/* bad lines told one by one; the rest is only counted */

struct item {
	uint64_t ts;
	size_t record;		/* offset into records */
	uint32_t n, cpu;	/* n: place in the file, which decides between equal times */
	uint32_t len_bytes;
	int32_t pid;
	uint16_t type;
	uint8_t flags, has_ctx;
};
struct name {
	int32_t pid;
	uint32_t rank;		/* the least of a pid counts: lines with @comm, then mentions, in order */
	char comm[16];
};
struct evfile {
	struct source s;
	struct item *v;
	size_t n, cap, next;
	uint8_t *records;
	size_t n_records, cap_records;
	uint64_t last;		/* time of the event given last */
};

struct val {
	const char *key;
	bool is_text;
	uint64_t num;
	const char *p;
	size_t len;
};
struct parser {
	struct evfile *f;
	const char *path;
	struct err err;
	unsigned line;
	char *p, *end;		/* what is left of the line */
	uint64_t unit, prev;	/* unit: 0 until @unit is given */
	bool lenient, as_written;
	unsigned n_bad;
	struct name *names;
	size_t n_names, cap_names;
	int32_t named[256];	/* pids named lately: most lines name the same few */
	struct record rec;
	char seen[64];		/* a word made fit to be shown in an error */
	/* the event being read */
	char full[96];
	struct item it;
	char idle[24];		/* what the kernel's own fields call the idle task of this CPU */
	struct val val[MAX_VALS];
	unsigned n_val;
};

/* ---- words of a line ---- */

PRINTF(2, 3)
static int bad(struct parser *p, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return err_set(&p->err, -EINVAL, "%s:%u: %s", p->path, p->line, text);
}

static const char *show(struct parser *p, const struct evword *w)
{
	text_clean(p->seen, sizeof p->seen, w->p, w->len);
	return p->seen;
}

static void skip_space(struct parser *p)
{
	while (p->p < p->end && isspace((unsigned char)*p->p))
		p->p++;
}

/* The word that starts here; it may be empty. */
static int take_word(struct parser *p, struct evword *w)
{
	const char *wrong = evword_take(&p->p, p->end, w);

	return wrong ? bad(p, "expected %s", wrong) : 0;
}

/* The next word; -EINVAL with the sentence "expected WHAT" when the line ends. */
static int need_word(struct parser *p, struct evword *w, const char *what)
{
	skip_space(p);
	if (p->p >= p->end || *p->p == '#')
		return bad(p, "expected %s, found the end of the line", what);
	return take_word(p, w);
}

static bool word_u32(const struct evword *w, uint32_t max, uint32_t *v)
{
	uint64_t u;

	if (!evword_decimal(w->p, w->len, max, &u))
		return false;
	*v = (uint32_t)u;
	return true;
}

static bool time_of(const struct parser *p, const char *s, size_t n, uint64_t *ts)
{
	return evword_time(s, n, p->unit, ts);
}

/* ---- tasks ---- */

/* COMM-PID, a bare PID, or `idle`. comm may be up to 15 bytes as in the kernel; "" when it is not given. */
static int task_of(struct parser *p, struct evword *w, int32_t *pid, const char **comm, size_t *n_comm)
{
	size_t at = w->len;
	uint64_t v;

	if (!w->quoted && evword_is(w, "idle")) {
		*pid = 0;
		*comm = "<idle>";
		*n_comm = 6;
		return 0;
	}
	while (at > w->bare && isdigit((unsigned char)w->p[at - 1]))
		at--;
	if (!evword_decimal(w->p + at, w->len - at, INT32_MAX, &v) || (at && w->p[at - 1] != '-') ||
	    (at && at - 1 < w->bare))
		return bad(p, "expected a task as COMM-PID, found \"%s\"", show(p, w));
	*pid = (int32_t)v;
	*comm = w->p;
	*n_comm = at ? at - 1 : 0;
	if (*n_comm > 15)
		return bad(p, "\"%s\": a task's name has 15 bytes at most", show(p, w));
	return 0;
}

static void name_task(struct parser *p, int32_t pid, uint32_t rank, const char *comm, size_t n)
{
	struct name *nm;

	if (pid <= 0 || !n || ((rank & MENTIONED) && p->named[pid & 255] == pid))
		return;
	p->named[pid & 255] = pid;
	GROW(p->names, p->n_names, p->cap_names);
	nm = &p->names[p->n_names++];
	*nm = (struct name){ .pid = pid, .rank = rank };
	memcpy(nm->comm, comm, MIN(n, sizeof nm->comm - 1));
}

static int cmp_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static void give_names(struct parser *p)
{
	struct source_info *info = &p->f->s.info;

	if (!p->n_names)
		return;
	qsort(p->names, p->n_names, sizeof *p->names, cmp_names);
	info->comms = xcalloc(p->n_names, sizeof *info->comms);
	for (size_t i = 0; i < p->n_names; i++) {
		struct source_comm *c = &info->comms[info->n_comms];

		if (i && p->names[i - 1].pid == p->names[i].pid)
			continue;
		c->pid = p->names[i].pid;
		memcpy(c->comm, p->names[i].comm, sizeof c->comm);
		info->n_comms++;
	}
}

/* ---- values ---- */

static struct val *val_find(struct parser *p, const char *key)
{
	for (unsigned i = 0; i < p->n_val; i++)
		if (!strcmp(p->val[i].key, key))
			return &p->val[i];
	return NULL;
}

static int val_add(struct parser *p, struct val v)
{
	if (val_find(p, v.key))
		return bad(p, "field %.40s is given twice", v.key);
	if (p->n_val >= MAX_VALS)
		return bad(p, "more than %u fields", MAX_VALS);
	p->val[p->n_val++] = v;
	return 0;
}

static int val_num(struct parser *p, const char *key, uint64_t num)
{
	return val_add(p, (struct val){ .key = key, .num = num });
}

static int val_text(struct parser *p, const char *key, const char *s, size_t n)
{
	return val_add(p, (struct val){ .key = key, .is_text = true, .p = s, .len = n });
}

/* One task stands for its name and pid; the priority follows at the end of the line unless it was given. */
static int val_task(struct parser *p, unsigned t, struct evword *w)
{
	const char *comm;
	size_t n;
	int32_t pid;
	int r = task_of(p, w, &pid, &comm, &n);

	if (r)
		return r;
	if (!pid) {
		comm = p->idle;
		n = strlen(p->idle);
	}
	name_task(p, pid, MENTIONED | p->line, comm, n);
	r = val_text(p, ev_tasks[t].comm, comm, n);
	return r ? r : val_num(p, ev_tasks[t].pid, (uint32_t)pid);
}

static int val_time(struct parser *p, const char *key, const struct evword *w, size_t skip)
{
	uint64_t v;

	if (time_of(p, w->p + skip, w->len - skip, &v))
		return val_num(p, key, v);
	return bad(p, "%.40s: expected a time, found \"%s\"", key, show(p, w));
}

static int val_plain(struct parser *p, const char *key, const struct evword *w, enum ev_how how)
{
	const char *what = "MAJOR,MINOR";
	uint64_t v;

	if (evword_number(w->p, w->len, &v))
		return val_num(p, key, v);
	if (how == EV_ANY)
		return val_text(p, key, w->p, w->len);
	if (how == EV_DEV ? evword_dev(w, &v) : evword_named(how, w, &v, &what))
		return val_num(p, key, v);
	return bad(p, "%.40s: expected %s, found \"%s\"", key, what, show(p, w));
}

static int val_word(struct parser *p, const char *key, struct evword *w)
{
	enum ev_how how = evword_how(key);

	for (unsigned t = 0; t < EV_TASKS; t++)
		if (!strcmp(key, ev_tasks[t].key) && !strncmp(p->full, "sched:", 6))
			return val_task(p, t, w);
	if (how == EV_TEXT || w->quoted)
		return val_text(p, key, w->p, w->len);
	if (w->len && w->p[0] == '@')
		return val_time(p, key, w, 1);
	if (how == EV_TIME)
		return val_time(p, key, w, 0);
	return val_plain(p, key, w, how);
}

/* The key that starts here, made a string in place of its '='; NULL when this word has none. */
static const char *take_key(struct parser *p)
{
	char *s = p->p, *e = s;

	if (e < p->end && (isalpha((unsigned char)*e) || *e == '_'))
		while (e < p->end && (isalnum((unsigned char)*e) || *e == '_'))
			e++;
	if (e == s || e >= p->end || *e != '=')
		return NULL;
	*e = 0;
	p->p = e + 1;
	return s;
}

/* What the next value without a key means: what is left of the list; NULL: nothing. */
static const char *next_arg(struct parser *p, const struct ev_verb *verb, unsigned *n)
{
	while (verb && *n < EV_ARGS && verb->arg[*n] && val_find(p, verb->arg[*n]))
		++*n;
	return verb && *n < EV_ARGS ? verb->arg[(*n)++] : NULL;
}

static int take_values(struct parser *p, const struct ev_verb *verb)
{
	unsigned n_bare = 0;
	struct evword w;

	for (skip_space(p); p->p < p->end && *p->p != '#'; skip_space(p)) {
		const char *key = take_key(p);
		int r = take_word(p, &w);

		if (r)
			return r;
		if (!key)
			key = next_arg(p, verb, &n_bare);
		if (!key)
			return bad(p, "expected FIELD=VALUE, found \"%s\"", show(p, &w));
		r = val_word(p, key, &w);
		if (r)
			return r;
	}
	return 0;
}

/* ---- an event ---- */

static int take_time(struct parser *p)
{
	struct evword w;
	bool relative;
	int r = need_word(p, &w, "a time");

	if (r)
		return r;
	relative = w.len && w.p[0] == '+';
	if (!time_of(p, w.p + relative, w.len - relative, &p->it.ts) || (relative && EVWORD_TIME_MAX - p->it.ts < p->prev))
		return bad(p, "expected a time such as 1200, +5, 12.5us or 1.000000512, found \"%s\"", show(p, &w));
	if (relative)
		p->it.ts += p->prev;
	p->prev = p->it.ts;
	return 0;
}

static int take_cpu(struct parser *p)
{
	struct source_info *info = &p->f->s.info;
	struct evword w;
	int r = need_word(p, &w, "a CPU");

	if (r)
		return r;
	p->it.cpu = CPU_NONE;
	if (!evword_is(&w, "-")) {
		if (!word_u32(&w, MAX_CPUS - 1, &p->it.cpu))
			return bad(p, "expected a CPU's number or -, found \"%s\"", show(p, &w));
		info->n_cpus = MAX(info->n_cpus, p->it.cpu + 1);
	}
	snprintf(p->idle, sizeof p->idle, "swapper/%u", p->it.cpu == CPU_NONE ? 0 : p->it.cpu);
	return 0;
}

/* The task on the CPU. A sched_switch leaves it, so its name is kept to fill prev_*. */
static int take_task(struct parser *p, const char **comm, size_t *n)
{
	struct evword w;
	int r = need_word(p, &w, "a task");

	*comm = "";
	*n = 0;
	p->it.pid = -1;
	if (r || (!w.quoted && evword_is(&w, "-")))
		return r;
	r = task_of(p, &w, &p->it.pid, comm, n);
	if (!r && !p->it.pid) {
		*comm = p->idle;
		*n = strlen(p->idle);
	}
	if (!r)
		name_task(p, p->it.pid, MENTIONED | p->line, *comm, *n);
	return r;
}

static int take_flags(struct parser *p)
{
	static const struct { char c; uint8_t bits; } letters[] = {
		{ '.', 0 }, { 'h', EVENT_HARDIRQ }, { 's', EVENT_SOFTIRQ }, { 'H', EVENT_HARDIRQ | EVENT_SOFTIRQ },
		{ 'n', EVENT_NMI },
	};
	struct evword w;
	int r = need_word(p, &w, "flags");

	if (r)
		return r;
	p->it.has_ctx = p->it.pid >= 0;
	if (evword_is(&w, "-")) {
		p->it.has_ctx = 0;
		return 0;
	}
	for (size_t i = 0, k; i < w.len; i++) {
		for (k = 0; k < ARRAY_LEN(letters) && letters[k].c != w.p[i]; k++)
			;
		if (k == ARRAY_LEN(letters))
			return bad(p, "expected flags (. h s H n or -), found \"%s\"", show(p, &w));
		p->it.flags |= letters[k].bits;
	}
	return 0;
}

static int take_event_name(struct parser *p, const struct ev_verb **verb)
{
	struct evword w;
	const char *colon;
	int r = need_word(p, &w, "an event");

	if (r)
		return r;
	if (w.len >= sizeof p->full || memchr(w.p, 0, w.len))
		return bad(p, "expected an event's name, found \"%s\"", show(p, &w));
	memcpy(p->full, w.p, w.len);
	p->full[w.len] = 0;
	*verb = ev_verb_find(p->full);
	if (*verb) {
		snprintf(p->full, sizeof p->full, "%s", (*verb)->full);
		return 0;
	}
	for (const char *c = p->full; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_:-.", *c))
			return bad(p, "expected an event as system:name, found \"%s\"", show(p, &w));
	colon = strchr(p->full, ':');
	if (!colon || colon == p->full || !colon[1] || strchr(colon + 1, ':'))
		return bad(p, "expected an event as system:name or a short name of agenttop-ev(5), found \"%s\"", show(p, &w));
	return 0;
}

/* What the kernel always says and nobody wants to write: the task that leaves is the line's own, priorities are 120. */
static int complete_sched(struct parser *p, const char *comm, size_t n)
{
	const char *name = p->full + 6;
	int r = 0;

	if (strncmp(p->full, "sched:", 6))
		return 0;
	if (!strcmp(name, "sched_switch") && p->it.pid >= 0 && !val_find(p, "prev_pid") && !val_find(p, "prev_comm")) {
		r = val_text(p, "prev_comm", comm, n);
		if (!r)
			r = val_num(p, "prev_pid", (uint32_t)p->it.pid);
	}
	for (size_t t = 0; t < EV_TASKS && !r; t++)
		if (ev_tasks[t].prio && val_find(p, ev_tasks[t].pid) && val_find(p, ev_tasks[t].comm) && !val_find(p, ev_tasks[t].prio))
			r = val_num(p, ev_tasks[t].prio, 120);
	if ((!strcmp(name, "sched_waking") || !strncmp(name, "sched_wakeup", 12)) && !r && p->it.cpu != CPU_NONE &&
	    !val_find(p, "target_cpu"))
		r = val_num(p, "target_cpu", p->it.cpu);
	return r;
}

/* ---- formats and records ---- */

static bool same_fields(const struct parser *p, const struct format *f)
{
	if (f->n_f != p->n_val || strcmp(f->full, p->full))
		return false;
	for (unsigned i = 0; i < p->n_val; i++)
		if (strcmp(f->f[i].name, p->val[i].key) || (f->f[i].kind == FIELD_TEXT64) != p->val[i].is_text)
			return false;
	return true;
}

static int cmp_vals(const void *a, const void *b)
{
	return strcmp(((const struct val *)a)->key, ((const struct val *)b)->key);
}

/* One event type for each set of fields, whatever order they are written in. */
static int find_format(struct parser *p, const struct format **out)
{
	struct formats *fs = &p->f->s.formats;
	const char *names[MAX_VALS + 1] = { NULL };
	uint32_t text = 0;
	uint16_t type;

	qsort(p->val, p->n_val, sizeof p->val[0], cmp_vals);
	for (size_t i = 0; i < fs->n; i++)
		if (same_fields(p, fs->v[i])) {
			*out = fs->v[i];
			return 0;
		}
	if (fs->n >= MAX_TYPES)
		return bad(p, "more than %u kinds of events", MAX_TYPES);
	for (unsigned i = 0; i < p->n_val; i++) {
		names[i] = p->val[i].key;
		text |= (uint32_t)p->val[i].is_text << i;
	}
	type = formats_add_synthetic(fs, p->full, names, text);
	*out = fs->v[type];
	return 0;
}

static int put_val(struct parser *p, const struct format *f, const struct val *v)
{
	const struct field *fl = format_field(f, v->key);

	if (!fl || (fl->kind == FIELD_TEXT64) != v->is_text)
		return bad(p, "%s has no %s field %.40s", f->full, v->is_text ? "text" : "number", v->key);
	if (v->is_text)
		record_text(&p->rec, (unsigned)(fl - f->f), v->p, v->len);
	else
		record_num(&p->rec, (unsigned)(fl - f->f), v->num);
	return 0;
}

static void keep(struct parser *p, const struct format *f)
{
	struct evfile *ev = p->f;

	p->it.type = f->type;
	p->it.n = (uint32_t)ev->n;
	p->it.record = ev->n_records;
	p->it.len_bytes = (uint32_t)p->rec.len;
	GROW(ev->records, ev->n_records + p->rec.len, ev->cap_records);
	if (p->rec.len)
		memcpy(ev->records + ev->n_records, p->rec.buf, p->rec.len);
	ev->n_records += p->rec.len;
	GROW(ev->v, ev->n, ev->cap);
	ev->v[ev->n++] = p->it;
}

/* agenttop's own events have one layout each, made by source_init(); what a line leaves out is 0. */
static int add_event(struct parser *p)
{
	const struct format *f = NULL;
	int r = 0;

	if (!strncmp(p->full, "agenttop:", 9)) {
		f = formats_by_name(&p->f->s.formats, p->full);
		if (!f)
			return bad(p, "%s is not one of agenttop's own events", p->full);
		p->it.has_ctx = 0;
	} else {
		r = find_format(p, &f);
	}
	if (!r)
		record_begin(&p->rec, f);
	for (unsigned i = 0; i < p->n_val && !r; i++)
		r = put_val(p, f, &p->val[i]);
	if (!r)
		keep(p, f);
	return r;
}

static int parse_event(struct parser *p)
{
	const struct ev_verb *verb = NULL;
	const char *comm;
	size_t n;
	int r;

	p->it = (struct item){ 0 };
	p->n_val = 0;
	r = take_time(p);
	if (!r)
		r = take_cpu(p);
	if (!r)
		r = take_task(p, &comm, &n);
	if (!r)
		r = take_flags(p);
	if (!r)
		r = take_event_name(p, &verb);
	if (!r)
		r = take_values(p, verb);
	if (!r)
		r = complete_sched(p, comm, n);
	return r ? r : add_event(p);
}

/* ---- directives ---- */

static int directive_comm(struct parser *p)
{
	struct evword pid, comm;
	uint32_t v;
	int r = need_word(p, &pid, "a pid");

	if (r)
		return r;
	if (!word_u32(&pid, INT32_MAX, &v))
		return bad(p, "expected a pid, found \"%s\"", show(p, &pid));
	r = need_word(p, &comm, "the task's name");
	if (r)
		return r;
	if (comm.len > 15)
		return bad(p, "\"%s\": a task's name has 15 bytes at most", show(p, &comm));
	name_task(p, (int32_t)v, p->line, comm.p, comm.len);
	return 0;
}

static int directive_number(struct parser *p, const struct evword *name, const struct evword *w)
{
	struct source_info *info = &p->f->s.info;
	uint32_t n;

	if (evword_is(name, "@unit")) {
		p->unit = evword_unit(w->p, w->len);
		return p->unit ? 0 : bad(p, "expected @unit ns, us, ms or s, found \"%s\"", show(p, w));
	}
	if (evword_is(name, "@cpus")) {
		if (!word_u32(w, MAX_CPUS, &n))
			return bad(p, "expected a number of CPUs, found \"%s\"", show(p, w));
		info->n_cpus = MAX(info->n_cpus, n);
		return 0;
	}
	return bad(p, "\"%s\" is no directive: expected one of @clock @cpus @kernel @host @arch @comm @unit @lenient @as-written",
		   show(p, name));
}

static int parse_directive(struct parser *p)
{
	struct source_info *info = &p->f->s.info;
	const struct { const char *name; char **slot; } texts[] = {
		{ "@clock", &info->clock }, { "@kernel", &info->kernel }, { "@host", &info->host }, { "@arch", &info->arch },
	};
	struct evword name, w;
	int r = take_word(p, &name);

	if (r)
		return r;
	if (evword_is(&name, "@comm"))
		return directive_comm(p);
	if (evword_is(&name, "@lenient") || evword_is(&name, "@as-written")) {
		*(name.p[1] == 'l' ? &p->lenient : &p->as_written) = true;
		return 0;
	}
	r = need_word(p, &w, "a value");
	if (r)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (evword_is(&name, texts[i].name)) {
			source_set(texts[i].slot, w.p, w.len);
			info->clock_kind = clock_kind_of(info->clock);
			return 0;
		}
	return directive_number(p, &name, &w);
}

/* Every line of a directive or of an event is read to its end. */
static int parse_line(struct parser *p)
{
	struct evword w;
	bool event;
	int r;

	skip_space(p);
	if (p->p >= p->end || *p->p == '#')
		return 0;
	event = *p->p != '@';
	r = event ? parse_event(p) : parse_directive(p);
	skip_space(p);
	if (r || event || p->p >= p->end || *p->p == '#')
		return r;
	r = take_word(p, &w);
	return r ? r : bad(p, "expected the end of the line, found \"%s\"", show(p, &w));
}

/* ---- the file ---- */

static int parse(struct parser *p, char *text, size_t len, struct err *err)
{
	struct source *s = &p->f->s;
	char *next, *end = text + len;

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3;	/* some editors begin UTF-8 so */
	for (; text < end; text = next + 1) {
		next = memchr(text, '\n', (size_t)(end - text));
		if (!next)
			next = end;
		p->line++;
		p->p = text;
		p->end = next;
		if (!parse_line(p))
			continue;
		if (!p->lenient)
			return err_set(err, -EINVAL, "%s", p->err.text);
		s->info.n_bad++;
		if (p->n_bad++ < NOTED_BAD)
			source_note(s, "%s; line skipped", p->err.text);
	}
	return 0;
}

static int read_all(struct source_file *f, char **text, size_t *len, struct err *err)
{
	size_t cap = 0;
	ssize_t n;

	*len = 0;
	if (!f->seekable) {
		GROW(*text, f->n_head, cap);
		memcpy(*text, f->head, f->n_head);
		*len = f->n_head;
	}
	for (;;) {
		GROW(*text, *len + 4096, cap);
		n = read(f->fd, *text + *len, cap - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, -errno, "%s: cannot read: %s", f->path, strerror(errno));
		if (!n)
			return 0;
		*len += (size_t)n;
		if (*len > MAX_BYTES)
			return err_set(err, -EFBIG, "%s: longer than %u MiB, too long for events written by hand: use trace.dat or perf.data",
				       f->path, MAX_BYTES >> 20);
	}
}

static int cmp_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->ts != y->ts)
		return x->ts < y->ts ? -1 : 1;
	return x->n < y->n ? -1 : 1;
}

static int text_next(struct source *s, struct event *ev, struct err *err)
{
	struct evfile *f = (struct evfile *)s;
	const struct item *it;

	(void)err;
	if (f->next >= f->n) {
		s->info.bytes_done = s->info.bytes_total;
		return 0;
	}
	it = &f->v[f->next];
	f->next++;
	s->info.bytes_done = (uint64_t)((double)s->info.bytes_total * (double)f->next / (double)f->n);
	s->info.n_late += it->ts < f->last;
	f->last = MAX(f->last, it->ts);
	*ev = (struct event){ .ts = f->last, .cpu = it->cpu, .pid = it->pid, .type = it->type, .flags = it->flags,
			      .has_ctx = it->has_ctx, .len_bytes = it->len_bytes, .raw = f->records + it->record };
	return 1;
}

static void text_close(struct source *s)
{
	struct evfile *f = (struct evfile *)s;

	source_fini(s);
	free(f->v);
	free(f->records);
	free(f);
}

static const struct source_ops ops = { text_next, text_close };

struct source *text_open(struct source_file *sf, struct err *err)
{
	struct evfile *f = xcalloc(1, sizeof *f);
	struct parser p = { .f = f, .path = sf->path };
	char *text = NULL;
	size_t len = 0;
	int r;

	source_init(&f->s, &ops, "ev", sf->path, host_big_endian(), 8);
	f->s.info.begins_together = 1;
	/* What is meant when a hand-written file does not say: one time base, and the syscall numbers of evwords.c. */
	source_set(&f->s.info.clock, "mono", 4);
	source_set(&f->s.info.arch, "x86_64", 6);
	r = read_all(sf, &text, &len, err);
	close(sf->fd);
	if (!r) {
		f->s.info.bytes_total = len;
		r = parse(&p, text, len, err);
	}
	if (!r)
		give_names(&p);
	if (!r && !p.as_written && f->n)
		qsort(f->v, f->n, sizeof *f->v, cmp_items);
	record_fini(&p.rec);
	free(p.names);
	free(text);
	if (!r)
		return &f->s;
	text_close(&f->s);
	errno = -r;
	return NULL;
}
