/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spread: on which CPUs an interrupt was handled, in words; the same in reports and on screens. Pure, any thread.
 */
#ifndef AGENTTOP_SPREAD_H
#define AGENTTOP_SPREAD_H

#include "snapshot.h"

/*
 * "2: 80 %, 0: 20 %": shares of n_all, most first, three at most, then how many more; "2" when it is one alone; "" of
 * none. Writes into buf (64 bytes take all there is to say) and returns it.
 */
char *spread_text(char *buf, size_t len, const struct irq_cpu *cpus, size_t n_cpus, uint64_t n_all);

#endif
