/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * engine: hands each event to the stages that want it; owns the model and the steps.
 *
 *	engine_new(source formats, options) ── engine_event() for each event, in time order ── engine_finish()
 *
 * One thread owns an engine. It never fails on what a recording holds; oddities are counted.
 */
#ifndef AGENTTOP_ENGINE_H
#define AGENTTOP_ENGINE_H

#include "decode.h"
#include "model.h"

struct steps;

#define SUBS_MAX 6		/* stages (and steps) that want one event */
struct sub {
	void (*on)(struct ctx *, const struct event *);
	uint8_t stage;		/* index in stages[]; n_stages: the steps */
	uint8_t n_fields;
	struct access field[EVENT_VALS];
};
struct binding {
	struct sub sub[SUBS_MAX];
	uint8_t n, bound;
	bool vector;		/* irq_vectors: its own flags may not say hard IRQ */
	bool made;		/* agenttop's own: says nothing of what runs on the CPU */
	struct access probe_ip;	/* of a uprobe or kprobe: where it is */
	uint64_t n_seen;
};
struct want_state {
	const char *lacks;	/* a field that it needs and the event does not have; NULL: none */
	bool there;		/* the event came, and lacks nothing */
};
struct ctx {			/* what stages know as struct ctx */
	struct model m;
	const struct formats *formats;
	struct binding *bind;	/* by event type */
	size_t n_bind, cap_bind;
	void *state[64];	/* by stage */
	unsigned stage;		/* the one being called */
	str_id *type_name;	/* by event type, made on demand */
	size_t n_type_name, cap_type_name;
	struct steps *steps;
	uint64_t from, to;	/* --from, --to; 0, UINT64_MAX */
	uint64_t stop_at;	/* no event from here on before engine_event() has looked: the end, or that of a slice */
	uint32_t n_runs_settled;	/* model.next_run when steps last looked at what the rings hold */
	struct want_state *wants;	/* of all stages, one after the other */
	size_t n_wants, cap_wants;
	size_t n_types_seen, wants_types, wants_formats;	/* the latter two: when `wants` was worked out */
	const char *arch;	/* of the recording; "" unknown */
	uint64_t n_events, n_recorded;	/* n_recorded: without those that the source made up */
	bool finished;
};

struct engine_opts;
struct ctx *engine_new(const struct formats *, struct strs *, const char *arch, uint64_t from, uint64_t to);
void engine_free(struct ctx *);
/*
 * Live: all tables cover the last keep_ns of trace time, and nothing is kept that is older. Said before the first event;
 * 0 (so without it) counts everything. The window moves on in slices of keep_ns / SLICES: it is engine_window_begin() to
 * now, at least seven eighths of keep_ns once so much has been seen.
 */
void engine_window(struct ctx *, uint64_t keep_ns);
uint64_t engine_window_begin(const struct ctx *);	/* what the tables count begins here */
/*
 * Live, when no event comes: time has moved on to `now`, before which no event will come any more. What goes on is counted
 * until then. An event that comes too late all the same is counted in the slice that goes on.
 */
void engine_tick(struct ctx *, uint64_t now);
/*
 * Frees what the newest snapshot may have pointed to and is gone from the window. Called right before the next one is
 * taken: a snapshot's steps and strings are good until then.
 */
void engine_bury(struct ctx *);
/*
 * This task is an agent's, with its threads and what they fork from now on (off: no more). It need not be known yet. Adds
 * to those of -p and -c, which say besides that nobody else's steps count.
 */
void engine_follow(struct ctx *, int32_t pid, bool on);
/* Hands the event to all that want it. ev->val is scratch. */
void engine_event(struct ctx *, struct event *);
void engine_finish(struct ctx *);	/* the recording has ended: closes what is open, for the tables */
str_id engine_type_name(struct ctx *, uint16_t type);
uint64_t engine_seen(const struct ctx *, const char *event);	/* how many of this event there were */
/* What has come of the wants of a stage, in their order. Good until the next event. */
const struct want_state *engine_wants_of(struct ctx *, unsigned stage);
/* Wants that are not a stage's own file (steps). At most SUBS_MAX per event. */
void engine_want(struct ctx *, const struct want *);

#endif
