/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * term: the one terminal: cells to what it shows, what it sends to keys. term.c alone includes curses.
 *
 * Owns the terminal's modes, the signals that have to do with it (INT, TERM, HUP, QUIT, TSTP, CONT, WINCH, and the
 * ones of a crash) and the terminal's colours, which it makes from theme_now(). The main thread alone may call it, but term_close(), which
 * any thread may call on its way out. There is one terminal, so its state is the module's own.
 */
#ifndef AGENTTOP_TERM_H
#define AGENTTOP_TERM_H

#include "action.h"
#include "cells.h"

enum term_event {
	TERM_NOTHING,			/* the time has passed */
	TERM_KEY,
	TERM_CLICK,			/* the mouse: term_click() says what and where */
	TERM_RESIZE,			/* size or content has changed: ask term_size() and draw again */
	TERM_SUSPEND,			/* Ctrl-Z: term_suspend() is wanted */
	TERM_SIGNAL,			/* a signal asks us to end: term_signal() says which */
	TERM_GONE,			/* the terminal is lost */
	TERM_INPUT,			/* the other descriptor can be read */
};

/* Needs a terminal on stdout; keys come from stdin, or from /dev/tty when stdin is something else. */
int term_open(struct err *);
void term_close(void);			/* puts the terminal back; harmless when it is not open or called twice */
void term_size(int *cols, int *lines);
bool term_is_ascii(void);		/* it shows nothing else */
void term_draw(const struct cells *);	/* sends what has changed */
void term_repaint(void);		/* the next term_draw() sends everything */
/* Waits at most timeout_ms (-1: for ever, 0: not at all) for the next event, or until fd (-1: none) can be read. */
enum term_event term_poll(int timeout_ms, int fd, uint32_t *key);
void term_suspend(void);		/* gives the terminal to the shell, returns when it is back: draw again */
int term_signal(void);			/* 0: none came */
uint32_t term_click(void);		/* the last click, as a key (action.h) */
void term_use_mouse(bool);		/* before term_open(); without it there is no mouse */

#endif
