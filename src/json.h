/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json: a streaming writer. What is written is well-formed as long as calls pair up; text is always valid UTF-8 with
 * quotes, backslashes and controls escaped, whatever bytes come in. Independent of the locale.
 *
 * The buffer is the writer's own: no stdio call per value. One thread owns a writer.
 */
#ifndef AGENTTOP_JSON_H
#define AGENTTOP_JSON_H

#include "base.h"

struct json {
	FILE *f;
	char *buf;
	size_t n;		/* bytes waiting in buf */
	bool first;		/* nothing yet in the innermost object or array: no comma */
};
void json_init(struct json *, FILE *);
/* Ends the last line and hands all to the FILE. What could not be written stands in ferror(). */
void json_fini(struct json *);

void json_open(struct json *, char bracket);	/* '{' or '[' as a value */
void json_close(struct json *, char bracket);	/* '}' or ']' */
/* The next value or key begins a line of its own: one row a line, for grep and diff. */
void json_line(struct json *);
/* `key` is a literal without anything to escape; for other text json_key_text(). */
#define json_key(j, key) json_key_raw((j), "\"" key "\":", sizeof "\"" key "\":" - 1)
void json_key_raw(struct json *, const char *quoted, size_t len);
void json_key_text(struct json *, const char *text);
void json_text(struct json *, const char *);	/* "" and NULL: null, since unknown is not empty */
void json_u64(struct json *, uint64_t);
void json_i64(struct json *, int64_t);
void json_bool(struct json *, bool);
void json_null(struct json *);
void json_ratio(struct json *, double);		/* six places; what is not finite: null */
void json_hex(struct json *, uint64_t);		/* "0x1f", a string: no reader has 64-bit numbers to spare */

#endif
