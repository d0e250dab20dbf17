/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * own: the engine's side of our own events (made.h): tasks that were there before recording began, tasks that are an
 * agent's because the user or /proc said so, and trace contexts of tools.
 * One thread: the engine's.
 */
#ifndef AGENTTOP_OWN_H
#define AGENTTOP_OWN_H

#include "stage.h"

extern const struct want own_wants[];	/* bound by the engine */

#endif
