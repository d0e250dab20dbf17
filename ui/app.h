/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * app: the current view. A snapshot and actions go in, cells come out; no input or output of its own.
 *
 * Owns the views' states and the frame around them: title, tabs, status line, footer. It never keeps a snapshot
 * longer than until the next app_set_snapshot(). One thread owns it.
 */
#ifndef AGENTTOP_APP_H
#define AGENTTOP_APP_H

#include "action.h"
#include "cells.h"
#include "snapshot.h"
#include "ui.h"

struct app;
struct export;			/* export.h */
struct app *app_new(void);
void app_free(struct app *);			/* NULL is fine */
/*
 * Borrowed until the next call; NULL: there is none (yet). The selection is kept by identity, not by row.
 * False when there is nothing new to show: live, the same one may come again and again.
 */
bool app_set_snapshot(struct app *, const struct snapshot *);
/* Something to say above the footer until the next text; "" for nothing. */
void app_set_status(struct app *, const char *text);
/* The same until the next key, a mishap or not. */
void app_set_notice(struct app *, bool bad, const char *text);
/* A key (action.h): for the prompt or the choice that is open, else what action it stands for. Returns as app_act(). */
unsigned app_key(struct app *, uint32_t key);
/*
 * An action closes an open prompt, and a choice. Returns UI_* consequences (view.h); of these the caller obeys UI_QUIT, UI_REPAINT,
 * UI_REDRAW, UI_COMMAND, UI_RANGE
 * and UI_EXPORT.
 */
unsigned app_act(struct app *, enum action);
/* The same for a click (action.h), by what the last app_draw() has put there. */
unsigned app_click(struct app *, uint32_t key);
/* What the last app_act() asked for when it returned UI_COMMAND. */
enum ui_command app_command(const struct app *, int64_t *value);
/* Which time is to be looked at, when the last app_act() returned UI_RANGE. 0, 0: all. */
void app_range(const struct app *, uint64_t *from, uint64_t *to);
void app_range_failed(struct app *);		/* and it stays what it was */
/* The snapshot is of a range that is still being read. */
bool app_reading_range(const struct app *);
/*
 * Which files the last app_key() wants when it returned UI_EXPORT, and one of them. Before the next snapshot or key: what
 * is written is what was looked at.
 */
const struct export *app_export(const struct app *);
void app_export_write(struct app *, unsigned part, bool ascii, FILE *);
/* Live: the person wants to see no more news for now. */
bool app_paused(const struct app *);
/* Paints all of the cells, whatever their size. */
void app_draw(struct app *, struct cells *);

/* For --screen and bug reports: the screen after these keys, as text. 0, or -EINVAL for a bad size or key. */
int ui_screen_dump(const struct snapshot *, unsigned cols, unsigned lines, const char *keys, bool ascii, FILE *out,
		   struct err *);

#endif
