/* SPDX-License-Identifier: GPL-2.0-only */
/* calls: names of system calls by number, for recordings that carry nothing else (raw_syscalls). Any thread. */
#ifndef AGENTTOP_CALLS_H
#define AGENTTOP_CALLS_H

#include <stdint.h>

/* arch as uname says it. NULL: no name is known for it. */
const char *call_name(const char *arch, uint64_t nr);

#endif
