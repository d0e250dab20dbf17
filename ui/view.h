/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * view: one screen. Its state holds cursors, sort and caches, never data: the data is the snapshot's.
 *
 * head() and draw() are pure: same state, snapshot and size, same cells. What takes longer than a glance
 * (sorting, sums over all steps) is done in update(), which is called once for each snapshot.
 * States begin as zeroes. The list of views, and so the order of the tabs, is in app.c.
 */
#ifndef AGENTTOP_VIEW_H
#define AGENTTOP_VIEW_H

#include "action.h"
#include "cells.h"
#include "prompt.h"
#include "snapshot.h"
#include "ui.h"

/* Consequences of an action. */
enum {
	UI_REDRAW = 1,			/* something to show has changed */
	UI_CLOSE = 2,			/* back to the view before */
	UI_GO = 4,			/* to move.to */
	UI_QUIT = 8,
	UI_REPAINT = 16,		/* the terminal's content cannot be trusted */
	UI_COMMAND = 32,		/* move.command is to be done */
	UI_RANGE = 64,			/* another range of time is to be looked at */
	UI_ASK = 128,			/* move.ask is to be typed; app.c alone sees it */
	UI_EXPORT = 256,		/* files are to be written; the app's own */
};

/* What an action means in this view. Ends with { 0 }. */
struct keydoc {
	enum action action;
	const char *foot;		/* one or two words in the footer; NULL: not there */
	const char *help;		/* NULL: as the action's own */
	const char *foot_key;		/* in the footer instead of the action's first key; NULL: that */
};

/* Where UI_GO leads. */
struct target {
	const char *view;		/* name */
	uint64_t step;			/* serial; 0: none */
	uint32_t cpu_plus_1;		/* 0: none */
	uint8_t stage_plus_1;		/* of the step's pieces, the longest one in this stage; 0: none */
	const char *actor;		/* to look at there, as segments name it; NULL: none. Valid while UI_GO is obeyed */
};
/* What a person may be asked to type. Lines typed before are kept for each. */
enum ask_what { ASK_FILTER, ASK_SEARCH, N_ASKS };
struct ask {
	enum ask_what what;
	const char *label, *hint;	/* static: before the text, and above it until something is wrong */
	char text[PROMPT_BYTES];	/* to begin with */
};
struct move {
	struct rect body;		/* in: where draw() painted last, to know what a page is */
	bool late;			/* in: the snapshot is newer than what was painted last */
	int x, y;			/* in, with ACT_POINT: the place */
	struct target to;		/* out, with UI_GO */
	enum ui_command command;	/* out, with UI_COMMAND */
	int64_t value;
	struct ask ask;			/* out, with UI_ASK */
	char say[128];			/* out: a notice, until the next key; "" none */
};

struct sheet;			/* table.h */
struct table;

struct view {
	const char *name, *title;
	const struct keydoc *keys;
	const struct table *const *tables;	/* whose columns the help explains; ends with NULL. NULL: there are none */
	size_t state_size;
	/* Called when the snapshot is a new one, before anything else sees it. Keeps the selection by identity. */
	void (*update)(void *state, const struct snapshot *);
	/* Called after update() when UI_GO led here; may be NULL. */
	void (*enter)(void *state, const struct snapshot *, const struct target *);
	/* Called to paint the answer above the tabs; returns the lines used, at most rect.h; may be NULL. */
	int (*head)(const void *state, const struct snapshot *, struct cells *, struct rect);
	void (*draw)(const void *state, const struct snapshot *, struct cells *, struct rect);
	/* Called for the right end of the tab line (sort order, position); may be NULL. */
	void (*status)(const void *state, const struct snapshot *, char *buf, size_t len);
	/* Called for the footer: what stands there instead of keys' own; NULL: nothing else. May be NULL. */
	const struct keydoc *(*foot)(const void *state, const struct snapshot *);
	unsigned (*act)(void *state, const struct snapshot *, enum action, struct move *);
	/*
	 * Called to write all of the view's tables to files, after update(): fills in the nth of them, all zero before; false:
	 * there is no such one. What it shows on the screen is enough; columns of times deserve a name for CSV that ends in
	 * _ns (table.h). NULL: it has none.
	 *
	 *	static bool sheet(const void *state, const struct snapshot *s, unsigned nth, struct sheet *out)
	 *	{
	 *		*out = (struct sheet){ .name = "irqs", .shown = &irq_table, .arg = s, .n_rows = s->n_irqs };
	 *		return nth == 0;
	 *	}
	 */
	bool (*sheet)(const void *state, const struct snapshot *, unsigned nth, struct sheet *);
	/* Called for the step that is chosen, to write it to a file, after update(); NULL: none. May be NULL. */
	const struct step *(*step)(const void *state, const struct snapshot *);
	/*
	 * Called before update() when the next snapshot is of another run over the same time: serials and string ids mean
	 * other steps and texts. May be NULL.
	 */
	void (*forget)(void *state);
	/*
	 * Called for the text of a prompt that UI_ASK opened: while it is typed, and with accept when it is to be taken. False
	 * with what is wrong in *slip, which comes empty: then it is not taken. NULL: never asks.
	 */
	bool (*typed)(void *state, const struct snapshot *, enum ask_what, const char *text, bool accept, struct slip *);
	/* Called last: frees what the state owns; may be NULL. */
	void (*fini)(void *state);
};

extern const struct view view_steps, view_chain, view_cpus, view_irqs, view_stages, view_devices, view_tune, view_data, view_help;
extern const struct view *const views[];	/* in the order of the tabs; help is the last */
extern const unsigned n_views;

#endif
