/* SPDX-License-Identifier: GPL-2.0-only */
/* culprit: what an interrupt did to steps, for the rows of the stages that show it. */
#ifndef AGENTTOP_CULPRIT_H
#define AGENTTOP_CULPRIT_H

#include "stage.h"

struct culprit_sums {
	uint64_t harm, completed;
};
/* id 0 for what is known by its name alone (x86 vectors). */
struct culprit_sums culprit_sums(const struct ctx *, enum level, uint32_t id, str_id name);

#endif
