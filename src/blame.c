// SPDX-License-Identifier: GPL-2.0-only
#include "blame.h"
#include "verdict.h"

#include <stdlib.h>
#include <string.h>

#define NAMES 3				/* CPUs, agents that are named; of more only the number is told */
#define CPUS 8192u

void blame_update(struct blame *b, const struct snapshot *s)
{
	uint32_t sum = 0;

	GROW(b->first, s->n_culprits, b->cap_first);
	if (s->n_harms)
		GROW(b->row, s->n_harms - 1, b->cap_row);
	memset(b->first, 0, (s->n_culprits + 1) * sizeof *b->first);
	for (size_t i = 0; i < s->n_harms; i++)
		if (s->harms[i].culprit_i < s->n_culprits)
			b->first[s->harms[i].culprit_i]++;
	for (size_t i = 0; i <= s->n_culprits; i++) {		/* ends, which become begins as rows are put before them */
		sum += b->first[i];
		b->first[i] = sum;
	}
	for (size_t i = s->n_harms; i-- > 0;)
		if (s->harms[i].culprit_i < s->n_culprits)
			b->row[--b->first[s->harms[i].culprit_i]] = (uint32_t)i;
}

void blame_fini(struct blame *b)
{
	free(b->row);
	free(b->first);
	*b = (struct blame){ 0 };
}

const char *blame_level(unsigned level)
{
	static const char *const words[N_HARM_LEVELS] = {
		[HARM_TASK] = "task", [HARM_SOFTIRQ] = "softirq", [HARM_IRQ] = "irq", [HARM_NMI] = "nmi",
	};

	return level < N_HARM_LEVELS ? words[level] : "unknown";
}

enum how { RAN_INSTEAD, PREEMPTED, STOLE, OTHERWISE, N_HOWS };
static const struct {
	const char *verb, *words, *of_one;
} hows[N_HOWS] = {
	[RAN_INSTEAD] = { "ran instead", "while they were ready to run", "while it was ready to run" },
	[PREEMPTED] = { "preempted", "while they were pushed off the CPU", "while it was pushed off the CPU" },
	[STOLE] = { "stole", "by interrupting them", "by interrupting it" },
	[OTHERWISE] = { "delayed", "in other ways", "in other ways" },
};

static enum how how_of(unsigned stage)
{
	switch (stage) {
	case ST_RUNQUEUE: return RAN_INSTEAD;
	case ST_PREEMPTED: return PREEMPTED;
	case ST_IRQ_STEAL: case ST_SOFTIRQ_STEAL: return STOLE;
	default: return OTHERWISE;
	}
}

const char *blame_verb(unsigned stage)
{
	return hows[how_of(stage)].verb;
}

uint64_t blame_total(const struct snapshot *s, uint64_t by_level[N_HARM_LEVELS])
{
	uint64_t sum = 0;

	if (by_level)
		memset(by_level, 0, N_HARM_LEVELS * sizeof *by_level);
	for (size_t i = 0; i < s->n_culprits; i++) {
		sum += s->culprits[i].ns;
		if (by_level && s->culprits[i].level < N_HARM_LEVELS)
			by_level[s->culprits[i].level] += s->culprits[i].ns;
	}
	return sum;
}

bool blame_is_trifle(const struct snapshot *s)
{
	return s->steps_all.sum && (double)blame_total(s, NULL) < 0.01 * (double)s->steps_all.sum;
}

bool blame_is_blind(const struct snapshot *s)
{
	static const char *const needed[] = { "run", "irq", "softirq" };

	for (size_t i = 0; i < s->n_caps; i++)
		for (size_t k = 0; k < ARRAY_LEN(needed); k++)
			if (s->caps[i].state == CAP_OFF && !strcmp(s->caps[i].stage, needed[k]))
				return true;
	return false;
}

/* ---- words ---- */

static const char *words_of(enum how how, uint64_t n_steps)
{
	return n_steps == 1 ? hows[how].of_one : hows[how].words;
}

static void add(char *buf, size_t len, const char *fmt, ...) PRINTF(3, 4);
static void add(char *buf, size_t len, const char *fmt, ...)
{
	size_t n = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + n, len - n, fmt, ap);
	va_end(ap);
}

static const struct harm_row *row_of(const struct blame *b, const struct snapshot *s, uint32_t i)
{
	return &s->harms[b->row[i]];
}

static void sum_up(const struct blame *b, const struct snapshot *s, uint32_t culprit, uint64_t ns[N_HOWS], enum how order[N_HOWS])
{
	memset(ns, 0, N_HOWS * sizeof *ns);
	for (uint32_t i = b->first[culprit]; i < b->first[culprit + 1]; i++)
		ns[how_of(row_of(b, s, i)->stage)] += row_of(b, s, i)->ns;
	for (int i = 0; i < N_HOWS; i++) {
		int at = i;

		for (; at && ns[order[at - 1]] < ns[i]; at--)
			order[at] = order[at - 1];
		order[at] = (enum how)i;
	}
}

char *blame_how(const struct blame *b, const struct snapshot *s, uint32_t culprit, int from, int n, char *buf, size_t len)
{
	uint64_t ns[N_HOWS];
	enum how order[N_HOWS];
	char t[24];

	buf[0] = 0;
	sum_up(b, s, culprit, ns, order);
	for (int i = from; i < N_HOWS && i - from < n && ns[order[i]]; i++)
		add(buf, len, "%s%s %s", i > from ? ", " : "", hows[order[i]].verb, fmt_ns(t, sizeof t, ns[order[i]]));
	return buf;
}

char *blame_cpus(const struct blame *b, const struct snapshot *s, uint32_t culprit, char *buf, size_t len)
{
	uint64_t seen[CPUS / 64] = { 0 };
	unsigned n = 0;

	snprintf(buf, len, "CPU");
	for (uint32_t i = b->first[culprit]; i < b->first[culprit + 1]; i++) {
		uint32_t cpu = row_of(b, s, i)->cpu;

		if (cpu >= CPUS || seen[cpu / 64] >> cpu % 64 & 1)
			continue;
		seen[cpu / 64] |= 1ull << cpu % 64;
		if (n++ < NAMES)
			add(buf, len, "%s%u", n > 1 ? "," : " ", cpu);
	}
	if (n > NAMES)
		add(buf, len, " +%u", n - NAMES);
	if (!n)
		snprintf(buf, len, "%s", "");
	return buf;
}

char *blame_agents(const struct blame *b, const struct snapshot *s, uint32_t culprit, char *buf, size_t len)
{
	const struct harm_row *named[NAMES];
	unsigned n = 0;
	bool more = false;

	buf[0] = 0;
	for (uint32_t i = b->first[culprit]; i < b->first[culprit + 1]; i++) {
		const struct harm_row *h = row_of(b, s, i);
		unsigned k = 0;

		while (k < n && (named[k]->agent_i != h->agent_i || strcmp(named[k]->agent, h->agent)))
			k++;
		if (k < n || !h->agent[0])
			continue;
		if (n == NAMES) {
			more = true;
			continue;
		}
		named[n++] = h;
		add(buf, len, "%s%.40s", n > 1 ? ", " : "", h->agent);
	}
	if (more)
		add(buf, len, " and others");
	return buf;
}

static void add_steps(uint64_t n_steps, bool others, const char *agents, char *buf, size_t len)
{
	if (n_steps)
		add(buf, len, "%llu step%s", (unsigned long long)n_steps, n_steps == 1 ? "" : "s");
	else
		add(buf, len, "steps");
	if (agents[0])
		add(buf, len, " of %s", agents);
	if (!n_steps && !others)
		add(buf, len, " (still open)");
}

char *blame_sentence(const struct blame *b, const struct snapshot *s, uint32_t culprit, char *buf, size_t len)
{
	const struct culprit_row *p = &s->culprits[culprit];
	char t[24], agents[160], cpus[64], share[24];
	uint64_t ns[N_HOWS];
	enum how order[N_HOWS];

	blame_agents(b, s, culprit, agents, sizeof agents);
	blame_cpus(b, s, culprit, cpus, sizeof cpus);
	sum_up(b, s, culprit, ns, order);
	snprintf(buf, len, "%.80s took %s from ", p->actor, fmt_ns(t, sizeof t, p->ns));
	add_steps(p->n_steps, p->others, agents, buf, len);
	if (cpus[0])
		add(buf, len, " on %s", cpus);
	if (s->steps_all.sum)
		add(buf, len, " (%s of all step time)", fmt_share(share, sizeof share, (double)p->ns / (double)s->steps_all.sum));
	for (int i = 0; i < N_HOWS && ns[order[i]]; i++)
		add(buf, len, "%s%s %s", i ? ", " : ": ", fmt_ns(t, sizeof t, ns[order[i]]),
		    words_of(order[i], p->n_steps));
	if (p->worst_step && p->n_steps > 1)
		add(buf, len, "; at most %s of one step", fmt_ns(t, sizeof t, p->worst_ns));
	add(buf, len, ".");
	return buf;
}

char *blame_row_sentence(const struct snapshot *s, const struct harm_row *h, char *buf, size_t len)
{
	bool others = h->culprit_i < s->n_culprits && s->culprits[h->culprit_i].others;
	char t[24];

	snprintf(buf, len, "%.80s took %s from ", h->actor, fmt_ns(t, sizeof t, h->ns));
	add_steps(h->n_steps, others, h->agent, buf, len);
	add(buf, len, " on CPU %u %s.", h->cpu, words_of(how_of(h->stage), h->n_steps));
	return buf;
}
