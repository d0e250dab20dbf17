/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sdkfind: is libagentstep in this ELF file, and where are the places to put uprobes on? (src/sdk/agentstep.c)
 *
 *	struct sdk_sites at;
 *	if (!sdkfind(fd, &at, &err))
 *		"p:GROUP/mark PATH:at.mark_probe(at.probe_semaphore) text=+0(%di):ustring"
 *		"p:GROUP/listen PATH:at.marker_probe(at.marker_semaphore)"
 *
 * It reads the file and nothing else. A file is hostile: every number in it is checked before it is used, and what is read
 * and looped over is bounded. Any thread may call it. A file that is no SDK costs the reading of its symbols' names, so
 * ask once for each inode.
 */
#ifndef AGENTTOP_SDKFIND_H
#define AGENTTOP_SDKFIND_H

#include "base.h"

/* Offsets in the file. Those of code are in an executable segment, the counters are 16 bits in a writable one. */
struct sdk_sites {
	uint64_t mark_probe, marker_probe;
	uint64_t probe_semaphore, marker_semaphore;
};
/*
 * 0; -ENOENT: no SDK in it (an executable that uses the shared library has none: the library has); -ENOEXEC: no ELF file of
 * 64 bits; -EINVAL: it makes no sense; -errno: it cannot be read. Does not move the descriptor's offset.
 */
int sdkfind(int fd, struct sdk_sites *, struct err *);

#endif
