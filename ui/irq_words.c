// SPDX-License-Identifier: GPL-2.0-only
#include "irq_words.h"
#include "kinds.h"
#include "look.h"
#include "verdict.h"

#include <string.h>

struct irq_pick irq_pick_hard(const struct irq_row *r, uint32_t cpu_plus_1)
{
	struct irq_pick p = { .irq = r, .cpu_plus_1 = cpu_plus_1 };

	if (r->irq >= 0)
		snprintf(p.actor, sizeof p.actor, "irq %d %s", r->irq, r->name);
	else
		snprintf(p.actor, sizeof p.actor, "%s", r->name);
	return p;
}

struct irq_pick irq_pick_soft(const struct softirq_row *r, uint32_t cpu_plus_1)
{
	struct irq_pick p = { .soft = r, .cpu_plus_1 = cpu_plus_1 };

	snprintf(p.actor, sizeof p.actor, "%s", r->name);
	return p;
}

/* A softirq may be named with the device that it polled: "NET_RX eth0". */
static bool is_actor(const struct irq_pick *p, const char *actor)
{
	size_t n = strlen(p->actor);

	return n && !strncmp(actor, p->actor, n) && (!actor[n] || (p->soft && actor[n] == ' '));
}

static size_t cpus_of(const struct irq_pick *p, const struct irq_cpu **cpus)
{
	*cpus = p->irq ? p->irq->cpus : p->soft->cpus;
	return p->irq ? p->irq->n_cpus : p->soft->n_cpus;
}

const struct irq_cpu *irq_pick_cpu(const struct irq_pick *p)
{
	const struct irq_cpu *cpus;
	size_t n = cpus_of(p, &cpus);

	for (size_t i = 0; i < n && p->cpu_plus_1; i++)
		if (cpus[i].cpu == p->cpu_plus_1 - 1)
			return cpus + i;
	return NULL;
}

static bool is_here(const struct irq_pick *p, uint32_t cpu)
{
	return !p->cpu_plus_1 || cpu == p->cpu_plus_1 - 1;
}

bool irq_pick_harm(const struct irq_pick *p, const struct snapshot *s, uint64_t *ns)
{
	*ns = p->irq ? p->irq->harm : p->soft->harm;
	if (!p->cpu_plus_1 || !*ns)
		return s->steps_all.n > 0;
	*ns = 0;
	for (size_t i = 0; i < s->n_harms; i++)
		if (is_here(p, s->harms[i].cpu) && is_actor(p, s->harms[i].actor))
			*ns += s->harms[i].ns;
	return s->n_harms > 0;
}

/* ---- the step that it hurt most ---- */

/* Is it him? Asked of each segment, so that names are compared once for each actor. */
struct memo {
	struct { str_id id; bool known, yes; } at[256];
};

static bool took(const struct irq_pick *p, const struct snapshot *s, str_id actor, struct memo *m)
{
	unsigned i = actor % ARRAY_LEN(m->at);

	if (!m->at[i].known || m->at[i].id != actor) {
		m->at[i].id = actor;
		m->at[i].known = true;
		m->at[i].yes = is_actor(p, snapshot_str(s, actor));
	}
	return m->at[i].yes;
}

/* Time in which the agent ran, or was ready to run, and something else did. */
static bool can_harm(unsigned stage)
{
	return stage == ST_IRQ_STEAL || stage == ST_SOFTIRQ_STEAL || stage == ST_RUNQUEUE || stage == ST_PREEMPTED;
}

static uint64_t harm_in(const struct irq_pick *p, const struct snapshot *s, const struct step *st, struct memo *m)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < st->n_seg; i++) {
		const struct segment *seg = st->seg + i;

		if (can_harm(seg->stage) && !seg->peer && seg->actor && is_here(p, seg->cpu) && took(p, s, seg->actor, m))
			ns += seg->to - seg->from;
	}
	return ns;
}

uint64_t irq_pick_step(const struct irq_pick *p, const struct snapshot *s)
{
	const struct step *most = NULL, *slowest = NULL;
	struct memo m = { 0 };
	uint64_t most_ns = 0, sum;
	bool harmed = !irq_pick_harm(p, s, &sum) || sum;

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct step *st = s->steps[i];
		uint64_t ns = st->ns[ST_IRQ_STEAL] + st->ns[ST_SOFTIRQ_STEAL] + st->ns[ST_RUNQUEUE] + st->ns[ST_PREEMPTED];

		if (!slowest || step_ns(st) > step_ns(slowest))
			slowest = st;
		/* Segments are many: only where there is enough time that can be his. */
		if (harmed && ns > most_ns && (ns = harm_in(p, s, st, &m)) > most_ns) {
			most = st;
			most_ns = ns;
		}
	}
	return most ? most->serial : slowest ? slowest->serial : 0;
}

/* ---- in words ---- */

struct line {
	char *buf;
	size_t n, len;
};

static void PRINTF(2, 3) say(struct line *l, const char *fmt, ...)
{
	va_list ap;

	if (l->n + 1 >= l->len)
		return;
	va_start(ap, fmt);
	l->n += (size_t)vsnprintf(l->buf + l->n, l->len - l->n, fmt, ap);
	va_end(ap);
}

#define VICTIMS 3u			/* agents and CPUs that are named */
struct victim {
	const struct harm_row *first;
	uint64_t ns;
};

/* Those who lost most to it, by agent and CPU; returns how many, *n_all how many there are. */
static size_t victims(const struct irq_pick *p, const struct snapshot *s, struct victim out[VICTIMS], size_t *n_all)
{
	struct victim v[32] = { { 0 } };
	size_t n = 0, shown = 0;

	for (size_t i = 0; i < s->n_harms; i++) {
		const struct harm_row *h = s->harms + i;
		size_t k = 0;

		if (!is_here(p, h->cpu) || !is_actor(p, h->actor))
			continue;
		while (k < n && (v[k].first->agent_i != h->agent_i || v[k].first->cpu != h->cpu))
			k++;
		if (k == ARRAY_LEN(v))
			continue;	/* rows come with most first: what is left is little */
		if (k == n)
			v[n++].first = h;
		v[k].ns += h->ns;
	}
	*n_all = n;
	for (; shown < MIN(n, (size_t)VICTIMS); shown++) {
		size_t best = 0;

		for (size_t k = 1; k < n; k++)
			if (v[k].ns > v[best].ns)
				best = k;
		out[shown] = v[best];
		v[best].ns = 0;
	}
	return shown;
}

static void say_victims(struct line *l, const struct irq_pick *p, const struct snapshot *s)
{
	struct victim v[VICTIMS];
	size_t n_all, n = victims(p, s, v, &n_all);
	char t[16];

	for (size_t i = 0; i < n; i++) {
		bool same = i && v[i - 1].first->agent_i == v[i].first->agent_i;

		say(l, !i ? ": " : i + 1 == n && n == n_all ? " and " : ", ");
		if (!same)
			say(l, "%.40s's", v[i].first->agent);
		if (!p->cpu_plus_1)
			say(l, same ? "CPU %u" : " on CPU %u", v[i].first->cpu);
		if (n_all > 1)
			say(l, " (%s)", fmt_ns(t, sizeof t, v[i].ns));
	}
	if (n_all > n)
		say(l, " and %zu more", n_all - n);
}

static void say_harm(struct line *l, const struct irq_pick *p, const struct snapshot *s)
{
	uint64_t ns;
	char t[16];
	bool known = irq_pick_harm(p, s, &ns);

	say(l, "%.60s%s", p->actor, p->soft ? " (softirq)" : "");
	if (p->cpu_plus_1)
		say(l, " on CPU %u", p->cpu_plus_1 - 1);
	if (!known) {
		say(l, s->steps_all.n ? " took from steps nobody knows how much." : ": there are no steps that it could have hurt.");
	} else if (!ns) {
		say(l, " took nothing from steps.");
	} else {
		say(l, " took %s of steps", fmt_ns(t, sizeof t, ns));
		say_victims(l, p, s);
		say(l, ".");
	}
}

static void say_completed(struct line *l, const struct irq_pick *p)
{
	char n[16];

	if (p->irq && p->irq->completed_steps && !p->cpu_plus_1)
		say(l, " It ended a wait of %s step%s.", look_count(n, sizeof n, p->irq->completed_steps),
		    p->irq->completed_steps == 1 ? "" : "s");
}

static void say_cpus(struct line *l, const struct irq_pick *p)
{
	const struct irq_cpu *cpus, *top = NULL;
	size_t n = cpus_of(p, &cpus);
	uint64_t all = p->irq ? p->irq->dist.n : p->soft->run.n;
	char share[24];

	for (size_t i = 0; i < n; i++)
		if (!top || cpus[i].dist.n > top->dist.n)
			top = cpus + i;
	if (!top || p->cpu_plus_1 || !all)
		return;
	if (n == 1)
		say(l, " It ran on CPU %u alone.", top->cpu);
	else
		say(l, " It ran on %zu CPUs, %s of it on CPU %u.", n, fmt_share(share, sizeof share, (double)top->dist.n / (double)all),
		    top->cpu);
}

static const char *known_text(const char *text)
{
	return text && text[0] ? text : NULL;
}

/* Can it be moved, and where is it now? */
static void say_affinity(struct line *l, const struct irq_row *r)
{
	const char *asked = known_text(r->asked), *effective = known_text(r->effective);

	if (r->irq < 0) {
		say(l, " It has no affinity: it cannot be moved.");
		return;
	}
	if (effective && asked && strcmp(asked, effective))
		say(l, " Its affinity is %.60s, in effect %.60s.", asked, effective);
	else if (asked || effective)
		say(l, " Its affinity is %.60s.", asked ? asked : effective);
	if (r->kind == IRQ_MANAGED)
		say(l, " The kernel manages it: it cannot be moved.");
	else if (r->kind == IRQ_FREE)
		say(l, " It can be moved.");
}

/* Another handler on the same line. */
static const char *neighbour(const struct irq_row *r, const struct snapshot *s)
{
	for (size_t i = 0; i < s->n_irqs; i++)
		if (s->irqs + i != r && s->irqs[i].irq == r->irq && r->irq >= 0)
			return s->irqs[i].name;
	return NULL;
}

static void say_unhandled(struct line *l, const struct irq_row *r, const struct snapshot *s)
{
	const char *other = neighbour(r, s);
	char a[16], b[16];

	if (!r->n_unhandled)
		return;
	say(l, " It found nothing to do %s", r->n_unhandled >= r->dist.n ? "each time" : "");
	if (r->n_unhandled < r->dist.n)
		say(l, "%s of %s times", look_count(a, sizeof a, r->n_unhandled), look_count(b, sizeof b, r->dist.n));
	if (other)
		say(l, ": %.40s is on the same line", other);
	say(l, ".");
}

static void say_wait(struct line *l, const struct softirq_row *r)
{
	char a[16], b[16];

	if (r->wait.n)
		say(l, " Raised, half of them ran within %s; one in 100 waited more than %s.", fmt_ns(a, sizeof a, r->wait.p50),
		    fmt_ns(b, sizeof b, r->wait.p99));
	if (!strcmp(r->name, "NET_RX") || !strcmp(r->name, "BLOCK"))
		say(l, " It runs on the CPU that raised it, and so moves with its devices' interrupts.");
}

char *irq_words(const struct irq_pick *p, const struct snapshot *s, char *buf, size_t len)
{
	struct line l = { buf, 0, len };

	buf[0] = 0;
	say_harm(&l, p, s);
	say_cpus(&l, p);
	if (p->irq) {
		say_affinity(&l, p->irq);
		say_unhandled(&l, p->irq, s);
		say_completed(&l, p);
	} else if (!p->cpu_plus_1) {
		say_wait(&l, p->soft);
	}
	return buf;
}
