/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * machine: what this machine says of itself: a CPU's NUMA node and last-level cache, where an IRQ may go and where it goes.
 *
 * Reads files below a root directory ("/"; in tests a tree made by hand), changes nothing and needs no privilege: what
 * cannot be read or makes no sense is unknown. Of a recording nothing is asked, since it need not be of this machine.
 * One thread at a time.
 */
#ifndef AGENTTOP_MACHINE_H
#define AGENTTOP_MACHINE_H

#include "snapshot.h"

struct machine;
struct machine *machine_new(const char *root);	/* never NULL; without the directory all is unknown */
void machine_free(struct machine *);		/* NULL is fine */
/*
 * Fills in cpus[].node and .cache, irqs[].asked, .effective and .kind. Cheap: reads what is new, and of the rest only what
 * is some seconds old, a little at a time. now_ns: a clock that only goes on.
 */
void machine_look(struct machine *, struct snapshot *, uint64_t now_ns);

#endif
