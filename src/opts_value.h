/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * opts_value: the text of an option's value to what it means. Part of opts; nothing else includes it.
 *
 * Each returns 0 or -EINVAL with the reason in *err, without the option's name: the caller knows where the
 * text came from. On failure the target is left as it was or empty, never half filled.
 */
#ifndef AGENTTOP_OPTS_VALUE_H
#define AGENTTOP_OPTS_VALUE_H

#include "opts.h"

int value_uint(const char *text, uint64_t min, uint64_t max, uint64_t *to, struct err *);
/* "1.5s", "200us", "3": a number and ns, us, ms, s, min or h; without a unit, unit_ns. */
int value_duration(const char *text, uint64_t unit_ns, uint64_t *to_ns, struct err *);
/* "123.456789", "+1.5s", "-2s" */
int value_time(const char *text, struct opt_time *to, struct err *);
/* "system:name/field==1 && comm~web*" */
int value_probe(const char *text, struct probe *to, struct err *);
void probe_fini(struct probe *);
/* "step>50ms", "runqueue>1ms" */
int value_trigger(const char *text, struct trigger *to, struct err *);
/* "200us 500us": typical and tail; "none": no target. */
int value_target(const char *text, struct stage_target *to, struct err *);

#endif
