// SPDX-License-Identifier: GPL-2.0-only
#include "spread.h"
#include "verdict.h"

#define SHOWN 3u

/* Numbers of those with most, in order; the one that comes first of equals. Returns how many. */
static size_t most(const struct irq_cpu *cpus, size_t n_cpus, size_t out[SHOWN])
{
	size_t n = 0;

	for (size_t i = 0; i < n_cpus; i++) {
		size_t at = n;

		while (at && cpus[out[at - 1]].dist.n < cpus[i].dist.n)
			at--;
		if (at == SHOWN)
			continue;
		n = MIN(n + 1, (size_t)SHOWN);
		for (size_t k = n - 1; k > at; k--)
			out[k] = out[k - 1];
		out[at] = i;
	}
	return n;
}

char *spread_text(char *buf, size_t len, const struct irq_cpu *cpus, size_t n_cpus, uint64_t n_all)
{
	size_t who[SHOWN], n_who = most(cpus, n_cpus, who), n = 0;
	char share[24];

	buf[0] = 0;
	for (size_t i = 0; i < n_who && n < len; i++)
		n += (size_t)snprintf(buf + n, len - n, n_cpus == 1 ? "%s%u" : "%s%u: %s", i ? ", " : "", cpus[who[i]].cpu,
				      fmt_share(share, sizeof share, n_all ? (double)cpus[who[i]].dist.n / (double)n_all : 0));
	if (n_cpus > SHOWN && n < len)
		snprintf(buf + n, len - n, ", +%zu", n_cpus - SHOWN);
	return buf;
}
