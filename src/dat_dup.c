// SPDX-License-Identifier: GPL-2.0-only
#include "dat_dup.h"

#include <string.h>

/* Bytes are long gone when the copy arrives, so 64 bits of hash stand for them. */
static uint64_t hash_bytes(const uint8_t *p, uint32_t len)
{
	uint64_t h = hash64(len + 1), v;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&v, p, 8);
		h = (h ^ v) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	v = 0;
	memcpy(&v, p, len);
	return hash64(h ^ v);
}

bool dat_dup_seen(struct dat_dup *d, uint64_t ts, uint32_t buffer, const uint8_t *raw, uint32_t len)
{
	uint64_t hash = hash_bytes(raw, len), bit = 1ull << (buffer & 63);

	while (d->n && ts - d->e[d->first % DAT_DUP_MAX].ts > DAT_DUP_NS) {
		d->first++;
		d->n--;
	}
	for (uint32_t i = 0; i < d->n; i++) {
		struct dat_dup_event *e = &d->e[(d->first + i) % DAT_DUP_MAX];

		if (e->hash == hash && !(e->seen_in & bit)) {
			e->seen_in |= bit;
			return true;
		}
	}
	if (d->n == DAT_DUP_MAX) {
		d->first++;
		d->n--;
	}
	d->e[(d->first + d->n++) % DAT_DUP_MAX] = (struct dat_dup_event){ ts, hash, bit };
	return false;
}
