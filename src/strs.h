/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * strs: interned strings. Text to a small id and back; the same text has the same id, 0 is "".
 * Ids and the text behind them live as long as the table. One thread owns a table.
 * Text is cleaned on the way in (base.h, text_clean), so whatever comes out may be shown.
 */
#ifndef AGENTTOP_STRS_H
#define AGENTTOP_STRS_H

#include "base.h"

typedef uint32_t str_id;

struct strs;
struct strs *strs_new(void);
void strs_free(struct strs *);
str_id strs_id(struct strs *, const char *s, size_t len);
str_id strs_idz(struct strs *, const char *s);
const char *strs_text(const struct strs *, str_id);	/* never NULL; "" for an unknown id */

#endif
