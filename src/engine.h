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
	struct access probe_ip;	/* of a uprobe or kprobe: where it is */
	uint64_t n_seen;
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
	const char *arch;	/* of the recording; "" unknown */
	uint64_t n_events, n_recorded;	/* n_recorded: without those that the source made up */
	bool finished;
};

struct engine_opts;
struct ctx *engine_new(const struct formats *, struct strs *, const char *arch, uint64_t from, uint64_t to);
void engine_free(struct ctx *);
/* Hands the event to all that want it. ev->val is scratch. */
void engine_event(struct ctx *, struct event *);
void engine_finish(struct ctx *);	/* the recording has ended: closes what is open, for the tables */
str_id engine_type_name(struct ctx *, uint16_t type);
uint64_t engine_seen(const struct ctx *, const char *event);	/* how many of this event there were */
/* A field that this want needs and the recording's event does not have; NULL: none. */
const char *engine_lacks(const struct ctx *, const struct want *);
/* Wants that are not a stage's own file (steps). At most SUBS_MAX per event. */
void engine_want(struct ctx *, const struct want *);

#endif
