// SPDX-License-Identifier: GPL-2.0-only
#include "live.h"
#include "datw.h"
#include "engine.h"
#include "finder.h"
#include "keep.h"
#include "machine.h"
#include "source_tracefs.h"
#include "step.h"
#include "subbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#define TICK_NS (NSEC_PER_SEC / 5)
#define BUFFER_LEAST_KB 1024		/* of a CPU, even where memory is short */
#define BUFFER_CALLS_KB 4096		/* the calls of agents are few beside all the rest */
#define KEEP_MAX (128ull << 20)		/* bytes; less where there is little memory */
#define CALM_NS (3 * NSEC_PER_SEC)	/* after a change of buffers or events, before the next */

struct live {
	const struct opts *o;
	struct broker *b;
	struct broker_started st;
	struct source *src;
	struct reader *r;
	struct keep *keep;
	struct datw *file;
	struct finder *finder;
	struct machine *machine;
	int epoll;
	size_t page_size;
	uint64_t buffer_kb[TRACER_MARKS];
	uint64_t ticked, changed, saved, paused_at;
	uint64_t losses;		/* that the last look at buffers knew of */
	unsigned tiers;			/* left out */
	char thinned[128], status[256];
	bool paused, finished;
	unsigned n_saved, n_triggered;
	uint64_t cost_at, cost_cpu, cost_ppm;
	struct datw_format *formats;	/* of all events, our own too, for files */
	size_t n_formats, cap_formats, n_formats_open;	/* n_formats_open: when the file was opened */
};

/* ---- files ---- */

static void add_format(struct live *l, const char *system, const char *text, size_t len)
{
	GROW(l->formats, l->n_formats, l->cap_formats);
	l->formats[l->n_formats++] = (struct datw_format){ xstrdup(system), { xstrndup(text, len), len } };
}

static void collect_formats(struct live *l)
{
	for (size_t i = 0; i < l->st.n_formats; i++)
		add_format(l, l->st.format[i].system, l->st.format[i].text, l->st.format[i].len);
	for (int t = 0; t < N_MADE; t++) {
		struct made_format f = made_format(t);

		add_format(l, MADE_SYSTEM, f.text, strlen(f.text));
		free(f.text);
	}
}

static void new_format(void *arg, const char *system, const char *text, size_t len)
{
	struct live *l = arg;

	add_format(l, system, text, len);
	source_tracefs_format(l->src, system, text, len);
	reader_add_format(l->r, system, text, len);
}

static struct datw *open_file(struct live *l, const char *path, struct err *err)
{
	const struct datw_buffer buffers[N_STREAMS_CPU] = {
		{ "", l->st.n_cpus, NULL }, { "calls", l->st.n_cpus, NULL }, { "marks", l->st.n_cpus, NULL },
		{ MADE_SYSTEM, l->st.n_cpus, NULL } };
	struct utsname u = { .sysname = "Linux" };
	struct datw_meta m = {
		.header_page = { l->st.header_page, l->st.len_page }, .header_event = { l->st.header_event, l->st.len_event },
		.formats = l->formats, .n_formats = l->n_formats, .buffers = buffers, .n_buffers = N_STREAMS_CPU,
		.clock = "mono", .version = "agenttop " AGENTTOP_VERSION, .page_size = (uint32_t)l->page_size,
		.long_size = sizeof(long), .n_cpus = l->st.n_cpus,
	};
	char name[256], later[32];
	struct datw *w;

	uname(&u);
	snprintf(name, sizeof name, "%s %s %s %s", u.sysname, u.nodename, u.release, u.machine);
	m.uname = name;
	snprintf(later, sizeof later, "agenttop_%d", (int)getpid());
	m.later_system = later;		/* probes that come to be: version 6 keeps room for so many */
	m.n_later = 64;
	w = datw_open(path, l->o->record_version, true, &m, err);
	return w;
}

/* Names of tasks, as saved_cmdlines has them. */
static void add_cmdlines(struct datw *w, const struct ctx *c)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = c ? open_memstream(&text, &n) : NULL;

	if (!f)
		return;
	for (size_t i = 0; i < c->m.n_tasks; i++)
		if (c->m.tasks[i] && c->m.tasks[i]->comm)
			fprintf(f, "%d %s\n", (int)c->m.tasks[i]->pid, strs_text(c->m.strs, c->m.tasks[i]->comm));
	if (!fclose(f))
		datw_cmdlines(w, text, n);
	free(text);
}

/* %n becomes the number; %% a percent sign. */
static char *output_name(const char *pattern, unsigned n)
{
	char *name = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&name, &len);

	for (const char *p = pattern; f && *p; p++) {
		if (p[0] == '%' && p[1] == 'n')
			fprintf(f, "%u", n);
		if (p[0] == '%')
			p++;
		else
			fputc(*p, f);
		if (p[0] == '%' && p[-1] == '%')
			fputc('%', f);
	}
	if (f)
		fclose(f);
	return name;
}

/* The next name that no file has; nothing is overwritten. */
static char *next_output(struct live *l)
{
	for (;;) {
		char *name = output_name(l->o->output, ++l->n_saved);
		struct stat st;

		if (lstat(name, &st) || !strstr(l->o->output, "%n"))
			return name;
		free(name);
	}
}

struct retelling {
	struct datw *w;
	struct made_page m;
	uint64_t ts;
	int e;
	struct err *err;
};

static void retell(struct retelling *r, const void *record, size_t n)
{
	if (made_add(&r->m, r->ts, record, n))
		return;
	if (!r->e)
		r->e = datw_pages(r->w, READER_MADE, 0, r->m.page, 1, r->err);
	made_begin(&r->m, r->m.page, r->m.size_bytes);
	made_add(&r->m, r->ts, record, n);
}

/* What live told when it began, and found out since: which tasks there are, and who is followed. */
static int retell_tasks(struct live *l, struct ctx *c, struct datw *w, uint64_t ts, struct err *err)
{
	struct retelling r = { .w = w, .ts = ts, .err = err };
	bool only = l->o->command || l->o->n_cgroups || l->o->n_pids;
	uint8_t *page = xmalloc(l->page_size);

	made_begin(&r.m, page, l->page_size);
	for (size_t i = 0; c && i < c->m.n_tasks; i++) {
		const struct task *t = c->m.tasks[i];
		struct made_task m = { .head = made_head(MADE_TASK), .pid = t->pid, .tgid = t->tgid, .ppid = t->parent };
		struct made_follow f = { .head = made_head(MADE_FOLLOW), .pid = t->pid, .on = only ? 2 : 1 };

		if (task_is_gone(t) || t->born > ts)
			continue;	/* events tell of those that were born since */
		memcpy(m.comm, t->comm_raw, strnlen(t->comm_raw, sizeof m.comm));
		retell(&r, &m, sizeof m);
		if (t->followed && !t->agent_pid)
			retell(&r, &f, sizeof f);
	}
	if (!r.e && subbuf_used(page))
		r.e = datw_pages(w, READER_MADE, 0, page, 1, err);
	free(page);
	return r.e;
}

static int write_kept(struct live *l, struct ctx *c, struct datw *w, struct err *err)
{
	uint32_t n = l->st.n_cpus * N_STREAMS_CPU;
	struct keep_list *lists = xcalloc(n, sizeof *lists);
	uint64_t first = UINT64_MAX;
	int e = 0;

	reader_flush(l->r);
	keep_take(l->keep, lists);
	for (uint32_t i = 0; i < n; i++)
		if (lists[i].n)
			first = MIN(first, lists[i].v[0]->from);
	if (first != UINT64_MAX)
		e = retell_tasks(l, c, w, first, err);
	for (uint32_t i = 0; i < n && !e; i++)
		for (size_t k = 0; k < lists[i].n && !e; k++)
			e = datw_pages(w, i % N_STREAMS_CPU, i / N_STREAMS_CPU, lists[i].v[k]->page, 1, err);
	keep_release(l->keep, lists);
	free(lists);
	add_cmdlines(w, c);
	return e;
}

/* *bytes: how many were written; 0: the file was not even begun. */
static int write_file(struct live *l, struct ctx *c, const char *path, uint64_t *bytes, struct err *err)
{
	struct datw *w = open_file(l, path, err);
	int e;

	*bytes = 0;
	if (!w)
		return -EIO;
	e = write_kept(l, c, w, err);
	*bytes = datw_bytes(w);
	if (!e)
		return datw_finish(w, err);
	datw_abort(w);
	return e;
}

int live_save_to(struct live *l, struct ctx *c, const char *path, struct err *err)
{
	uint64_t bytes;

	return write_file(l, c, path, &bytes, err);
}

static int save_as(struct live *l, struct ctx *c, const char *name, struct err *err)
{
	uint64_t ns, bytes;
	char size[32], span[24];
	int e;

	keep_size(l->keep, &ns, &bytes);
	e = write_file(l, c, name, &bytes, err);
	if (e && bytes) {
		unlink(name);
		l->n_saved--;
	}
	if (e)
		return e;
	snprintf(size, sizeof size, "%.1f MB", (double)bytes / 1e6);
	snprintf(l->status, sizeof l->status, "wrote %.120s: %s, %s", name, fmt_ns(span, sizeof span, ns), size);
	return 0;
}

int live_save(struct live *l, struct ctx *c, struct err *err)
{
	char *name = next_output(l);
	int e = save_as(l, c, name, err);

	free(name);
	return e ? e : err_set(err, 0, "%s", l->status);
}

/* ---- life ---- */

static uint64_t keep_bytes(void)
{
	struct sysinfo i;

	return sysinfo(&i) ? KEEP_MAX : MIN(KEEP_MAX, (uint64_t)i.totalram * i.mem_unit / 32);
}

/*
 * The size is set before anything is recorded, since the kernel records nothing while it changes it (it stops tracing, see
 * __tracing_resize_ring_buffer()). All CPUs' buffers together take no more than a part in 64 of the memory.
 */
static uint64_t first_buffer_kb(void)
{
	struct sysinfo i;
	uint64_t kb = sysinfo(&i) ? 0 : (uint64_t)i.totalram * i.mem_unit / 64 / 1024 / (uint64_t)MAX(1, get_nprocs_conf());

	return MAX(kb, (uint64_t)BUFFER_LEAST_KB);
}

static int watch(struct live *l, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };

	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev);
}

/* Names that are known before the first event, as a recording's saved ones are when it is replayed. */
static int add_name(void *arg, const struct who_task *w)
{
	struct source_info *i = &((struct live *)arg)->src->info;

	i->comms = xrealloc(i->comms, (i->n_comms + 1) * sizeof *i->comms);
	i->comms[i->n_comms].pid = w->pid;
	memcpy(i->comms[i->n_comms++].comm, w->comm, sizeof i->comms->comm);
	return 0;
}

static void know_names(struct live *l)
{
	struct who w;

	if (!who_open(&w, "/", NULL))
		who_tasks(&w, add_name, l);
	who_close(&w);
}

static int start(struct live *l, int *code, struct err *err)
{
	l->buffer_kb[TRACER_MAIN] = MIN(l->o->buffer_kb, first_buffer_kb());
	l->buffer_kb[TRACER_CALLS] = MIN(l->buffer_kb[TRACER_MAIN], (uint64_t)BUFFER_CALLS_KB);
	*code = broker_trace(l->b, l->buffer_kb[TRACER_MAIN], &l->st, err);
	if (*code)
		return *code;
	l->src = source_tracefs_open(&l->st, err);
	if (!l->src)
		return -EINVAL;
	l->page_size = source_tracefs_page_size(l->src);
	collect_formats(l);
	know_names(l);
	l->finder = finder_new(l->o, l->b, err);
	if (!l->finder)
		return -ENOENT;
	if (l->o->record) {
		l->file = open_file(l, l->o->record, err);
		l->n_formats_open = l->n_formats;
		if (!l->file)
			return -EIO;
	}
	l->keep = keep_new(l->st.n_cpus * N_STREAMS_CPU, l->page_size, l->o->keep_ns, keep_bytes());
	l->r = reader_start(&l->st, l->page_size, l->keep, l->file, err);
	if (!l->r)
		return -EIO;
	source_tracefs_reader(l->src, l->r);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0 || watch(l, reader_fd(l->r)) || watch(l, broker_fd(l->b)))
		return err_set(err, -errno, "waiting for events: %s", strerror(errno));
	if (l->st.marks == MARKS_UNSEEN)
		source_note(l->src, "marks written to trace_marker cannot be seen: this kernel does not copy them, and somebody uses "
			    "the top-level buffer; marks of libagentstep are seen");
	finder_begin(l->finder, l->r, l->st.marks != MARKS_UNSEEN, new_format, l);
	return 0;
}

struct live *live_open(const struct opts *o, struct broker *b, int *code, struct err *err)
{
	struct live *l = xcalloc(1, sizeof *l);

	l->o = o;
	l->b = b;
	l->epoll = -1;
	l->st.on = l->st.marker = l->st.top_on = -1;
	l->cost_at = clock_ns(CLOCK_MONOTONIC);
	l->machine = machine_new("/");
	*code = 0;
	if (!start(l, code, err))
		return l;
	live_close(l);
	return NULL;
}

void live_close(struct live *l)
{
	if (!l)
		return;
	finder_free(l->finder);
	machine_free(l->machine);
	reader_stop(l->r);
	datw_abort(l->file);
	source_close(l->src);
	keep_free(l->keep);
	if (l->epoll >= 0)
		close(l->epoll);
	broker_started_fini(&l->st);
	for (size_t i = 0; i < l->n_formats; i++) {
		free((char *)l->formats[i].system);
		free((char *)l->formats[i].text.p);
	}
	free(l->formats);
	free(l);
}

struct source *live_source(struct live *l) { return l->src; }
int live_fd(const struct live *l) { return l->epoll; }
uint64_t live_now(const struct live *l) { return source_tracefs_now(l->src); }

void live_again(struct live *l) { reader_again(l->r); }

/* ---- while it runs ---- */

/* The broker is gone, and with it who would put things back: stop recording with the descriptor that is left. */
static int check_broker(struct live *l, struct err *err)
{
	struct epoll_event ev;

	while (epoll_wait(l->epoll, &ev, 1, 0) == 1 && ev.events & (EPOLLHUP | EPOLLERR)) {
		if (l->st.on >= 0 && write(l->st.on, "0", 1) < 0)
			return err_set(err, -EPIPE, "the privileged part was killed, and recording could not be stopped: "
				       "run agenttop --cleanup as root");
		return err_set(err, -EPIPE, "the privileged part was killed: recording is stopped; agenttop --cleanup removes the rest");
	}
	return 0;
}

static void thin(struct live *l)
{
	if (l->tiers == TRACER_TIERS || broker_thin(l->b, l->tiers + 1))
		return;
	l->tiers++;
	l->thinned[0] = 0;
	for (unsigned t = 1; t <= l->tiers; t++)
		snprintf(l->thinned + strlen(l->thinned), sizeof l->thinned - strlen(l->thinned), "%s%s", t > 1 ? ", " : "",
			 tracer_tier_name(t));
	source_note(l->src, "the load outruns recording: events that chains can do without are left out from now on (%s)",
		    tracer_tier_name(l->tiers));
}

/* What happens on any CPU between `from` and now is not recorded: nobody counts it. */
static void tell_gap(struct live *l, uint64_t from)
{
	struct made_lost lost = { .head = made_head(MADE_LOST), .from = from };

	for (uint32_t cpu = 0; cpu < l->st.n_cpus; cpu++)
		reader_made(l->r, cpu, &lost, sizeof lost);
}

static bool grow_buffers(struct live *l)
{
	uint64_t from = clock_ns(CLOCK_MONOTONIC);
	bool grown = false;

	for (int b = 0; b < TRACER_MARKS; b++) {
		uint64_t kb = MIN(l->buffer_kb[b] * 4, l->o->buffer_kb);

		if (kb == l->buffer_kb[b] || broker_buffer_size(l->b, b, kb))
			continue;	/* memory is short: it stays as it is */
		l->buffer_kb[b] = kb;
		grown = true;
	}
	if (grown)
		tell_gap(l, from);
	return grown;
}

/* A buffer that overflowed becomes larger, up to --buffer, once more is lost by not doing it; then events are left out. */
static void fit_buffers(struct live *l, uint64_t now)
{
	struct reader_counts n;
	uint64_t losses;

	reader_counts(l->r, &n);
	losses = n.overrun + n.commit_overrun + n.dropped + n.n_skipped;
	if (losses != l->losses && (!l->changed || now - l->changed >= CALM_NS)) {
		if (!grow_buffers(l))
			thin(l);
		l->changed = now;
	}
	l->losses = losses;
}

/* A step, or a stage's time in one, that took longer than --trigger allows: what is kept goes to a file, once in a while. */
static void check_triggers(struct live *l, struct ctx *c, uint64_t now)
{
	struct err err;

	if (l->o->n_triggers && steps_triggered(c) && l->n_triggered < l->o->trigger_limit && now - l->saved >= NSEC_PER_SEC) {
		l->saved = now;
		if (live_save(l, c, &err)) {
			snprintf(l->status, sizeof l->status, "%.200s", err.text);
			source_damage(l->src, "--trigger: %s", err.text);
		} else {
			source_note(l->src, "--trigger: %s", err.text);
		}
		if (++l->n_triggered == l->o->trigger_limit)
			source_note(l->src, "--trigger has written %u files, its limit: no more", l->n_triggered);
	}
}

/* With the top-level buffer off, a write to trace_marker fails before it is copied: the agent's error, and our blindness. */
static void look_at_top(struct live *l)
{
	char on = '1';

	if (l->st.top_on >= 0 && pread(l->st.top_on, &on, 1, 0) == 1 && on == '0')
		source_note(l->src, "somebody turned top-level tracing off: what was written to trace_marker meanwhile is not seen");
}

/* A library whose marks cannot be seen is no secret. */
static void look_at_finder(struct live *l, struct ctx *c, uint64_t now)
{
	const char *trouble;

	finder_tick(l->finder, c, now);
	trouble = finder_trouble(l->finder);
	if (trouble)
		source_note(l->src, "%s", trouble);
}

int live_tick(struct live *l, struct ctx *c, struct err *err)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	const char *failed;
	int e = check_broker(l, err);

	if (e || now - l->ticked < TICK_NS)
		return e;
	l->ticked = now;
	failed = reader_error(l->r);
	if (failed && l->file) {
		err_set(err, -EIO, "%s", failed);
		return -EIO;
	}
	if (!l->paused)
		fit_buffers(l, now);
	look_at_top(l);
	look_at_finder(l, c, now);
	check_triggers(l, c, now);
	return 0;
}

int live_follow(struct live *l, int32_t pid, bool only, struct err *err)
{
	if (!finder_follow(l->finder, pid, only))
		return err_set(err, -ESRCH, "there is no task %d any more", (int)pid);
	snprintf(l->status, sizeof l->status, "following %d", (int)pid);
	return 0;
}

int live_pause(struct live *l, bool pause)
{
	int e;

	if (l->paused == pause)
		return 0;
	if (pause) {
		l->paused_at = clock_ns(CLOCK_MONOTONIC);
		e = broker_on(l->b, false);
		if (e)
			return e;
		reader_drain(l->r);
	} else {
		/* what happened meanwhile nobody saw, on any CPU */
		e = broker_on(l->b, true);
		if (e)
			return e;
		tell_gap(l, l->paused_at);
	}
	l->paused = pause;
	return 0;
}

static uint64_t broker_cpu_ns(const struct live *l)
{
	char path[64];
	unsigned long long ns = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/schedstat", (int)broker_pid(l->b));
	f = fopen(path, "re");
	if (f && fscanf(f, "%llu", &ns) != 1)
		ns = 0;
	if (f)
		fclose(f);
	return ns;
}

static uint64_t cost(struct live *l)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), cpu;

	if (now - l->cost_at < NSEC_PER_SEC && l->cost_ppm)
		return l->cost_ppm;
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + broker_cpu_ns(l);
	if (now > l->cost_at)
		l->cost_ppm = (cpu - l->cost_cpu) * 1000000 / (now - l->cost_at);
	l->cost_at = now;
	l->cost_cpu = cpu;
	return l->cost_ppm;
}

void live_look(struct live *l, struct snapshot *s)
{
	struct reader_counts n;

	reader_counts(l->r, &n);
	s->live.on = 1;
	s->live.paused = l->paused;
	s->live.cost_ppm = cost(l);
	keep_size(l->keep, &s->live.kept_ns, &s->live.kept_bytes);
	s->live.record = arena_strdup(&s->mem, l->o->record ? l->o->record : "");
	s->live.record_bytes = n.record_bytes;
	s->live.n_overrun = n.overrun;
	s->live.n_commit_overrun = n.commit_overrun;
	s->live.n_dropped = n.dropped;
	s->live.n_skipped = n.n_skipped;
	s->live.thinned = arena_strdup(&s->mem, l->thinned);
	s->live.status = arena_strdup(&s->mem, l->status);
	machine_look(l->machine, s, clock_ns(CLOCK_MONOTONIC));
}

int live_finish(struct live *l, struct ctx *c, struct err *err)
{
	struct datw *file = l->file;
	int e;

	if (l->finished)
		return 0;
	l->finished = true;
	broker_on(l->b, false);
	reader_drain(l->r);
	source_tracefs_end(l->src);
	if (!file)
		return 0;
	reader_end_record(l->r);
	l->file = NULL;
	for (size_t i = l->n_formats_open; i < l->n_formats; i++)	/* a file that failed was not told of all */
		datw_add_format(file, &l->formats[i], NULL);
	reader_stats(l->r, file);
	add_cmdlines(file, c);
	e = datw_flush(file, err);
	if (e)
		datw_abort(file);
	else
		e = datw_finish(file, err);
	if (reader_error(l->r))		/* what was lost is lost, whatever finishing says */
		e = err_set(err, -EIO, "%s", reader_error(l->r));
	return e;
}
