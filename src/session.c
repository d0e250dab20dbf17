// SPDX-License-Identifier: GPL-2.0-only
#include "session.h"
#include "live.h"
#include "source.h"
#include "step.h"
#include "take.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENTS_BETWEEN_LOOKS 4096	/* at the clock */

struct session {
	const struct opts *o;
	struct source *src;
	struct strs *strs;
	struct ctx *c;
	int32_t *marked;		/* tasks that write step marks, from a first reading */
	size_t n_marked, cap_marked;
	uint64_t last_ts;		/* from a first reading */
	uint64_t began_ns;
	struct live *live;		/* NULL: a recording */
	bool ended;
};

/* ---- a first reading, only when something must be known beforehand ---- */

static void note_mark(struct session *s, const struct event *ev)
{
	for (size_t i = 0; i < s->n_marked; i++)
		if (s->marked[i] == ev->pid)
			return;
	GROW(s->marked, s->n_marked, s->cap_marked);
	s->marked[s->n_marked++] = ev->pid;
}

/* The field that holds a mark's text; NULL: no mark comes with such events. */
static const char *mark_field(const struct format *f)
{
	if (!strcmp(f->full, "ftrace:print"))
		return "buf";
	return !strncmp(f->full, "agenttop_", 9) && !strncmp(f->name, "mark", 4) ? "text" : NULL;
}

/* Who marks steps (turns are for those who do not), and when the recording ends (--from -2s). */
static int read_ahead(struct session *s, struct err *err)
{
	struct source *src = source_open(s->o->file, err);
	const struct format *print = NULL;
	struct access buf = { 0 };
	struct event ev;
	const char *field;

	if (!src)
		return -1;
	while (source_next(src, &ev, err) > 0) {
		s->last_ts = MAX(s->last_ts, ev.ts);
		if (print != src->formats.v[ev.type]) {
			field = mark_field(src->formats.v[ev.type]);
			if (!field)
				continue;
			print = src->formats.v[ev.type];
			buf = formats_access(&src->formats, print, field);
		}
		ev.val[0] = access_get(&buf, &ev);
		if (steps_is_mark(s->o, event_text(&ev, 0)))
			note_mark(s, &ev);
	}
	source_close(src);
	return 0;
}

static bool from_end(const struct opts *o)
{
	return o->from.ref == TIME_FROM_END || o->to.ref == TIME_FROM_END;
}

/* What comes through a pipe can be read but once. */
static bool readable_twice(const struct opts *o)
{
	struct stat st;

	return strcmp(o->file, "-") && (stat(o->file, &st) || S_ISREG(st.st_mode));
}

/* ---- life ---- */

static int check_clock(struct session *s, struct err *err)
{
	const struct source_info *i = &s->src->info;

	switch (i->clock_kind) {
	case CLOCK_NO_TIME:
		return err_set(err, -EINVAL, "%s: its clock \"%s\" does not tell time, so no latency can be worked out; "
			       "record with the clock mono", s->o->file, i->clock);
	case CLOCK_PER_CPU:
		if (i->n_cpus == 1)
			break;
		if (!*i->clock)
			source_note(s->src, "the recording does not say its clock: if it was \"local\", times across CPUs may be off");
		else
			source_note(s->src, "clock \"%s\" is not the same on all CPUs: times across CPUs may be off; record with mono",
			    i->clock);
		break;
	case CLOCK_COARSE:
		source_note(s->src, "clock \"%s\" ticks in jiffies: times below some milliseconds mean nothing", i->clock);
		break;
	case CLOCK_NS:
		break;
	}
	return 0;
}

static void start_engine(struct session *s, uint64_t first_ts)
{
	const struct opts *o = s->o;
	const struct source_info *i = &s->src->info;

	s->c = engine_new(&s->src->formats, s->strs, i->arch, opt_time_at(&o->from, first_ts, s->last_ts, 0),
			  opt_time_at(&o->to, first_ts, s->last_ts, UINT64_MAX));
	if (s->live && !o->report && !o->screen_cols)
		engine_window(s->c, o->keep_ns);
	s->c->m.begins_together = i->begins_together;
	s->c->steps = steps_new(s->c, o);
	s->c->m.first_ts = first_ts;
	for (size_t k = 0; k < i->n_silent; k++)
		model_lost(&s->c->m, MIN(i->silent[k], CPUS_MAX - 1), first_ts, first_ts, 0, true);
	for (size_t k = 0; k < s->n_marked; k++)
		steps_marked(s->c, s->marked[k]);
	for (size_t k = 0; k < i->n_comms; k++)
		task_named(s->c, i->comms[k].pid,
			   (struct text){ i->comms[k].comm, (uint32_t)strnlen(i->comms[k].comm, 16) }, 0);
}

struct session *session_open(const struct opts *o, struct err *err)
{
	struct session *s = xcalloc(1, sizeof *s);

	s->o = o;
	s->began_ns = clock_ns(CLOCK_MONOTONIC);
	s->strs = strs_new();
	if (!readable_twice(o)) {
		if (from_end(o)) {
			err_set(err, -ESPIPE, "%s: a time counted from the end needs a file: a pipe is read only once", o->file);
			goto fail;
		}
	} else if ((o->n_pids || o->n_comms || from_end(o)) && read_ahead(s, err)) {
		goto fail;
	}
	s->src = source_open(o->file, err);
	if (!s->src || check_clock(s, err))
		goto fail;
	return s;
fail:
	session_close(s);
	return NULL;
}

struct session *session_live(const struct opts *o, struct broker *b, int *code, struct err *err)
{
	struct session *s = xcalloc(1, sizeof *s);

	s->o = o;
	s->began_ns = clock_ns(CLOCK_MONOTONIC);
	s->strs = strs_new();
	s->live = live_open(o, b, code, err);
	if (!s->live) {
		session_close(s);
		return NULL;
	}
	s->src = live_source(s->live);
	return s;
}

void session_close(struct session *s)
{
	if (!s)
		return;
	engine_free(s->c);
	if (s->live)
		live_close(s->live);
	else
		source_close(s->src);
	strs_free(s->strs);
	free(s->marked);
	free(s);
}

static int end(struct session *s, int r)
{
	if (!s->c)
		start_engine(s, 0);
	engine_finish(s->c);
	s->ended = true;
	return r;
}

/* All that may be given has been. Time goes on even where nothing happens. */
static int live_pause_between(struct session *s, struct err *err)
{
	if (!s->c)
		return 1;
	engine_tick(s->c, live_now(s->live));
	return live_tick(s->live, s->c, err) < 0 ? end(s, -EIO) : 1;
}

/* There is more: a tick is due all the same, and whoever waits must not. */
static int live_more(struct session *s, struct err *err)
{
	live_again(s->live);
	return live_tick(s->live, s->c, err) < 0 ? end(s, -EIO) : 1;
}

int session_fd(const struct session *s)
{
	return s->live ? live_fd(s->live) : -1;
}

int session_follow(struct session *s, int32_t pid, bool only, struct err *err)
{
	return live_follow(s->live, pid, only, err);
}

int session_pause(struct session *s, bool pause)
{
	return s->live ? live_pause(s->live, pause) : 0;	/* of a recording nothing goes on meanwhile */
}

int session_save(struct session *s, struct err *err)
{
	return s->live ? live_save(s->live, s->c, err) : err_set(err, -EINVAL, "this is a recording already");
}

int session_save_to(struct session *s, const char *path, struct err *err)
{
	return s->live ? live_save_to(s->live, s->c, path, err) : err_set(err, -EINVAL, "this is a recording already");
}

int session_finish(struct session *s, struct err *err)
{
	int r = live_finish(s->live, s->c, err);
	struct err ignored;

	/* the engine may have been in the middle of what came before */
	while (!s->ended && session_read(s, 0, &ignored) > 0)
		;
	return r;
}

int session_read(struct session *s, unsigned budget_ms, struct err *err)
{
	uint64_t stop = budget_ms ? clock_ns(CLOCK_MONOTONIC) + budget_ms * NSEC_PER_MSEC : UINT64_MAX;
	struct event ev;
	int r = 1;

	if (s->ended)
		return 0;
	for (unsigned n = 1; (r = source_next(s->src, &ev, err)) > 0; n++) {
		if (unlikely(!s->c))
			start_engine(s, ev.ts);
		engine_event(s->c, &ev);
		if (unlikely(s->c->finished))
			return end(s, 0);
		if (unlikely(n == EVENTS_BETWEEN_LOOKS)) {
			n = 0;
			if (stop != UINT64_MAX && clock_ns(CLOCK_MONOTONIC) >= stop)
				return s->live ? live_more(s, err) : 1;
		}
	}
	if (r == -EAGAIN)
		return live_pause_between(s, err);
	return end(s, r);
}

/* ---- our own cost ---- */

/* Of a recording, the most it ever was; live, what it is: that goes up and down. */
static uint64_t rss_bytes(bool now)
{
	unsigned long pages = 0;
	struct rusage u;
	FILE *f = now ? fopen("/proc/self/statm", "re") : NULL;

	if (f && fscanf(f, "%*s %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	if (pages)
		return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)u.ru_maxrss * 1024;
}

bool session_has_begun(const struct session *s)
{
	return s->c;
}

const char *session_damage(const struct session *s)
{
	return s->src->info.damage;
}

struct snapshot *session_snapshot(struct session *s)
{
	uint64_t took = clock_ns(CLOCK_MONOTONIC) - s->began_ns;
	struct snapshot *snap;

	if (!s->c)
		start_engine(s, 0);
	engine_bury(s->c);
	snap = snapshot_take(s->c, s->src, s->o);
	if (s->live)
		live_look(s->live, snap);
	snap->complete = s->ended;
	snap->self.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	snap->self.rss_bytes = rss_bytes(s->live);
	snap->self.events_per_s = took ? (uint64_t)((double)s->c->n_events * 1e9 / (double)took) : 0;
	return snap;
}
