// SPDX-License-Identifier: GPL-2.0-only
#include "feed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNAPSHOT_MS 100			/* of reading between two snapshots */
#define PART_MS 100			/* of reading for a frame, where another session must go on as well */

struct view_of {			/* a session and what is shown of it */
	struct session *s;
	struct snapshot *snap;
	unsigned read_ms;		/* since the snapshot was taken */
	bool ended;
};
struct feed {
	const struct opts *o;
	struct view_of all, part;	/* part.s NULL: all is looked at */
	struct view_of old;		/* no longer looked at, but its snapshot may still be on the screen */
	struct opts part_opts;
	uint64_t from, to;
	int kept;			/* live: what was kept when the first range was chosen; -1 */
	char kept_path[40];
};

struct feed *feed_new(const struct opts *o, struct session *s)
{
	struct feed *f = xcalloc(1, sizeof *f);

	f->o = o;
	f->all.s = s;
	f->kept = -1;
	return f;
}

static void close_view(struct view_of *v)
{
	snapshot_free(v->snap);
	session_close(v->s);
	*v = (struct view_of){ 0 };
}

void feed_free(struct feed *f)
{
	if (!f)
		return;
	close_view(&f->old);
	close_view(&f->part);
	snapshot_free(f->all.snap);
	if (f->kept >= 0)
		close(f->kept);
	free(f);
}

struct session *feed_session(struct feed *f)
{
	return f->all.s;
}

static bool is_live(const struct feed *f)
{
	return session_fd(f->all.s) >= 0;
}

static void take(struct feed *f, struct view_of *v)
{
	snapshot_free(v->snap);
	v->snap = session_snapshot(v->s);
	v->read_ms = 0;
	if (v != &f->part)
		return;
	v->snap->source.range = 1;
	v->snap->live.past = is_live(f);
	if (is_live(f))
		v->snap->source.file = "a copy of what live keeps";
}

/* Nothing of it may be on the screen any more. */
static void forget_old(struct feed *f)
{
	close_view(&f->old);
	if (!f->part.s && f->kept >= 0) {
		close(f->kept);
		f->kept = -1;
	}
}

static const struct snapshot *step(struct feed *f, struct view_of *v, unsigned budget_ms, struct err *err)
{
	if (!v->ended) {
		v->ended = session_read(v->s, budget_ms, err) <= 0;
		v->read_ms += budget_ms;
	}
	if (!v->snap || (v->read_ms && v->ended) || v->read_ms >= SNAPSHOT_MS)
		take(f, v);
	return v->snap;
}

/* Snapshots of a machine are taken when there will be a frame: feed_now(). */
static const struct snapshot *step_live(struct feed *f, unsigned budget_ms, struct err *err)
{
	if (!f->all.ended)
		f->all.ended = session_read(f->all.s, budget_ms, err) <= 0;
	if (f->part.s)
		return f->part.snap ? f->part.snap : feed_now(f);
	if (!f->all.snap)
		take(f, &f->all);
	return f->all.snap;
}

const struct snapshot *feed_step(struct feed *f, unsigned budget_ms, bool *finished, struct err *err)
{
	const struct snapshot *snap;

	if (is_live(f)) {
		snap = step_live(f, budget_ms, err);
		*finished = f->all.ended;
	} else {
		struct view_of *v = f->part.s ? &f->part : &f->all;

		snap = step(f, v, budget_ms, err);
		*finished = v->ended;
	}
	forget_old(f);
	return snap;
}

const struct snapshot *feed_now(struct feed *f)
{
	struct view_of *v = f->part.s ? &f->part : &f->all;

	if (v == &f->part && is_live(f) && !v->ended) {
		struct err ignored;		/* its notes tell what could not be read */

		v->ended = session_read(v->s, PART_MS, &ignored) <= 0;
		take(f, v);
	} else if (v != &f->part && session_has_begun(v->s)) {
		take(f, v);
	}
	forget_old(f);
	return v->snap;
}

/* ---- a range ---- */

/* A copy of what is kept, which the ranges that are chosen from now on are read from. */
static int copy_kept(struct feed *f, struct err *err)
{
	int e;

	if (f->kept >= 0)
		return 0;
	f->kept = memfd_create("agenttop-kept", MFD_CLOEXEC);
	if (f->kept < 0)
		return err_set(err, -errno, "no memory for a copy of what is kept: %s", strerror(errno));
	snprintf(f->kept_path, sizeof f->kept_path, "/proc/self/fd/%d", f->kept);
	e = session_save_to(f->all.s, f->kept_path, err);
	if (e) {
		close(f->kept);
		f->kept = -1;
	}
	return e;
}

static int open_part(struct feed *f, struct session **s, struct err *err)
{
	struct stat st;

	f->part_opts = *f->o;
	f->part_opts.from = (struct opt_time){ TIME_CLOCK, f->from };
	f->part_opts.to = (struct opt_time){ TIME_CLOCK, f->to };
	if (is_live(f)) {
		int e = copy_kept(f, err);

		if (e)
			return e;
		f->part_opts.file = f->kept_path;
	} else if (!strcmp(f->o->file, "-") || (!stat(f->o->file, &st) && !S_ISREG(st.st_mode))) {
		return err_set(err, -ESPIPE, "a pipe is read only once: save it to a file, and look at ranges of that");
	}
	*s = session_open(&f->part_opts, err);
	return *s ? 0 : -EIO;
}

int feed_range(struct feed *f, uint64_t from, uint64_t to, struct err *err)
{
	struct session *s = NULL;

	if (!from && !to && !f->part.s)
		return 0;
	forget_old(f);
	if (from || to) {
		struct opts before = f->part_opts;
		int e;

		f->from = from;
		f->to = to;
		e = open_part(f, &s, err);
		if (e) {
			f->part_opts = before;
			return e;
		}
	}
	f->old = f->part;
	f->part = (struct view_of){ .s = s };
	return 0;
}
