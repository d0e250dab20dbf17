// SPDX-License-Identifier: GPL-2.0-only
/* On which CPUs an interrupt was handled, in words. */
#include "spread.h"
#include "tap.h"

static struct irq_cpu on(uint32_t cpu, uint64_t n)
{
	return (struct irq_cpu){ cpu, { .n = n } };
}

int main(void)
{
	struct irq_cpu cpus[] = { on(0, 20), on(2, 70), on(7, 10), on(8, 10), on(9, 90) };
	char text[64], small[8];

	is_text(spread_text(text, sizeof text, cpus, 0, 0), "", "none");
	is_text(spread_text(text, sizeof text, cpus + 1, 1, 70), "2", "one alone needs no share");
	is_text(spread_text(text, sizeof text, cpus, 2, 90), "2: 78 %, 0: 22 %", "most first");
	is_text(spread_text(text, sizeof text, cpus, 5, 200), "9: 45 %, 2: 35 %, 0: 10 %, +2", "three at most, and how many more");
	is_text(spread_text(text, sizeof text, cpus + 2, 2, 20), "7: 50 %, 8: 50 %", "equal ones as they come");
	is_text(spread_text(text, sizeof text, cpus, 2, 0), "2: 0 %, 0: 0 %", "of nothing there is no share");
	is_text(spread_text(small, sizeof small, cpus, 5, 200), "9: 45 %", "what does not fit is cut");
	return done();
}
