/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device_words: what the numbers of a block device, a NAPI instance or an io_uring ring mean, in a sentence or two.
 * Pure functions of a snapshot; each fills text with as much as fits, and never with nothing.
 */
#ifndef AGENTTOP_DEVICE_WORDS_H
#define AGENTTOP_DEVICE_WORDS_H

#include "snapshot.h"

enum device_part { PART_BLOCK, PART_NAPI, PART_RING, N_DEVICE_PARTS };

/* "read ahead", "write, sync" of the kernel's "RA", "WS"; what is not known stays as it is. Returns buf. */
char *device_op(char *buf, size_t len, const char *rwbs);
/* The disk's name, or its number where that is all that is known. */
const char *device_name(const struct block_row *);
/* "fio:678", "?:678", "others". Returns buf. */
char *device_who(char *buf, size_t len, const char *comm, int32_t pid);
/* The task of a ring; NULL: not known. */
const struct task_row *device_ring_task(const struct snapshot *, const struct ring_row *);

/* Queue against device, who issued them, what else the device serves. */
void device_block_words(const struct snapshot *, const struct block_row *, char *text, size_t len);
void device_by_words(const struct block_row *, const struct submitter *, char *text, size_t len);
void device_napi_words(const struct napi_row *, char *text, size_t len);
/* who: whose ring it is; "" unknown. */
void device_ring_words(const struct ring_row *, const char *who, char *text, size_t len);
void device_ring_op_words(const struct ring_op *, char *text, size_t len);
/* Why there is no row. */
void device_none_words(const struct snapshot *, enum device_part, char *text, size_t len);

#endif
