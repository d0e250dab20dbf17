/* SPDX-License-Identifier: GPL-2.0-only */
/* take: makes a snapshot from the model. The engine's thread. */
#ifndef AGENTTOP_TAKE_H
#define AGENTTOP_TAKE_H

#include "engine.h"
#include "opts.h"
#include "snapshot.h"
#include "source.h"

struct snapshot *snapshot_take(struct ctx *, const struct source *, const struct opts *);

#endif
