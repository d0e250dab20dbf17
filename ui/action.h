/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * action: what a person can ask for, and the keys that ask for it, in one table.
 *
 * A key is a Unicode character, or one of UIKEY_* below. Help, footer, --keys and the manual's check come from the table.
 * Knows no terminal: term.c turns what that sends into a key. No state.
 */
#ifndef AGENTTOP_ACTION_H
#define AGENTTOP_ACTION_H

#include "base.h"

enum action {
	ACT_NONE,
	ACT_UP, ACT_DOWN, ACT_LEFT, ACT_RIGHT, ACT_PAGE_UP, ACT_PAGE_DOWN, ACT_FIRST, ACT_LAST,
	ACT_ENTER, ACT_BACK, ACT_EXPAND,
	ACT_SORT, ACT_SORT_BACK, ACT_REVERSE, ACT_ORDER,
	ACT_SEARCH, ACT_SEARCH_NEXT, ACT_SEARCH_BACK, ACT_FILTER, ACT_FOLLOW, ACT_NEXT_MARK, ACT_UNMARK,
	ACT_SLOWER, ACT_FASTER, ACT_EARLIER, ACT_LATER, ACT_LONGEST,
	ACT_ZOOM_IN, ACT_ZOOM_OUT, ACT_ZOOM_ALL, ACT_PAN_LEFT, ACT_PAN_RIGHT, ACT_LOG, ACT_TUNE,
	ACT_POINT,			/* the mouse only: to what is at a place, which comes in struct move */
	ACT_VIEW_1, ACT_VIEW_2, ACT_VIEW_3, ACT_VIEW_4, ACT_VIEW_5, ACT_VIEW_6, ACT_VIEW_7, ACT_VIEW_8, ACT_VIEW_9,
	ACT_NEXT_VIEW, ACT_PREV_VIEW, ACT_TIME, ACT_PAUSE, ACT_SAVE, ACT_EXPORT, ACT_HELP, ACT_REPAINT, ACT_QUIT,
	N_ACTIONS,
	/* Keys that mean something else in lists than in a step. */
	ACT_MARK = ACT_LONGEST, ACT_SORT_LEFT = ACT_SLOWER, ACT_SORT_RIGHT = ACT_FASTER
};

/* Keys without a character; above all of Unicode. */
enum {
	UIKEY_UP = 0x110000, UIKEY_DOWN, UIKEY_LEFT, UIKEY_RIGHT, UIKEY_SLEFT, UIKEY_SRIGHT, UIKEY_PAGE_UP, UIKEY_PAGE_DOWN,
	UIKEY_HOME, UIKEY_END, UIKEY_ENTER, UIKEY_ESC, UIKEY_TAB, UIKEY_STAB, UIKEY_BACKSPACE, UIKEY_DELETE, UIKEY_F1
};

/* A click is a key, too: what and where, above all others. */
enum click { CLICK_BUTTON, CLICK_WHEEL_UP, CLICK_WHEEL_DOWN };
#define UIKEY_CLICK 0x80000000u
uint32_t action_click_key(enum click, int x, int y);
enum click action_click(uint32_t key, int *x, int *y);

struct action_doc {
	const char *name;		/* "page-down" */
	const char *keys;		/* as --keys takes them: "<Down>j" */
	const char *help;		/* what it does where the view says nothing else */
};
extern const struct action_doc action_docs[N_ACTIONS];

/* What the mouse does, for help and manual. Ends with { NULL }. */
struct mouse_doc {
	const char *where, *help;
};
extern const struct mouse_doc mouse_docs[];

enum action action_of_key(uint32_t key);	/* ACT_NONE: no such key */
/*
 * The key at *keys, which is moved on: a character, a name such as <Enter>, or <Click:X,Y>. 0 at the end, -EINVAL for an
 * unknown name.
 */
int action_next_key(const char **keys, uint32_t *key, struct err *);
/* The first key of an action for a footer ("Enter", "s"), or all of them ("Down j") for help. Returns buf. */
char *action_key_text(char *buf, size_t len, enum action, bool all);

#endif
