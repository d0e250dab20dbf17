/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * strs: strings by small ids. One thread owns a table. 0 is "".
 * Text is cleaned on the way in (base.h, text_clean), so whatever comes out may be shown.
 *
 *	strs_id()	interned: the same text has the same id; as long as the table
 *	strs_temp()	interned likewise, but strs_sweep() forgets it when nobody holds it: what processes that come and go
 *			are called, for a program that runs for days
 *	strs_own()	not interned: another id each time; until strs_release(). What is different for each step.
 *
 * A snapshot points into the table (strs_shown() says that it has been taken): what it may show stays readable until
 * strs_bury(), also when it has been swept meanwhile. Released ones are gone at once: their owner looks after that.
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
str_id strs_temp(struct strs *, const char *s, size_t len);
str_id strs_own(struct strs *, const char *s, size_t len);
void strs_release(struct strs *, str_id);		/* of strs_own(); others and 0 are left alone */
const char *strs_text(const struct strs *, str_id);	/* never NULL; "" for an unknown id */

/* Enough has come since the last sweep to be worth one. Then: strs_hold() every id in use, strs_sweep(). */
bool strs_sweep_due(const struct strs *);
void strs_hold(struct strs *, str_id);
void strs_sweep(struct strs *);
void strs_shown(struct strs *);
void strs_bury(struct strs *);
size_t strs_bytes(const struct strs *);			/* of texts, about */

#endif
