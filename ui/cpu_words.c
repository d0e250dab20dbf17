// SPDX-License-Identifier: GPL-2.0-only
#include "cpu_words.h"
#include "look.h"

#include <stdlib.h>
#include <string.h>

#define NAMED 64			/* actors, agents: more are added up as others */
#define QUIET_SHARE 0.1			/* of a CPU's time */
#define RUNS_THERE 0.1			/* of an agent's time */

/* ---- which rows tell of which CPU ---- */

static int by_cpu(const void *a, const void *b, void *arg)
{
	const struct snapshot *s = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b, cx = s->cpus[x].cpu, cy = s->cpus[y].cpu;

	return cx != cy ? (cx < cy ? -1 : 1) : x < y ? -1 : x > y;
}

static int by_agent(const void *a, const void *b, void *arg)
{
	const struct snapshot *s = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct place_row *px = s->places + x, *py = s->places + y;
	int cmp = strcmp(px->agent, py->agent);

	if (cmp)
		return cmp;
	return px->agent_i != py->agent_i ? (px->agent_i < py->agent_i ? -1 : 1) : x < y ? -1 : x > y;
}

static void number_cpus(struct cpu_index *x, const struct snapshot *s)
{
	if (!s->n_cpus)
		return;
	GROW(x->by_number, s->n_cpus - 1, x->cap_by_number);
	for (size_t i = 0; i < s->n_cpus; i++)
		x->by_number[i] = (uint32_t)i;
	qsort_r(x->by_number, s->n_cpus, sizeof *x->by_number, by_cpu, (void *)(uintptr_t)s);
}

static uint32_t row_of(const struct cpu_index *x, const struct snapshot *s, uint32_t cpu)
{
	size_t lo = 0, hi = s->n_cpus;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->cpus[x->by_number[mid]].cpu < cpu)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->n_cpus && s->cpus[x->by_number[lo]].cpu == cpu ? x->by_number[lo] : CPU_NONE;
}

static void chain_begin(struct cpu_chain *c, const struct snapshot *s, size_t n_items)
{
	c->n = s->n_cpus;
	if (c->n)
		GROW(c->first, c->n - 1, c->cap_first);
	if (n_items)
		GROW(c->next, n_items - 1, c->cap_next);
	for (size_t i = 0; i < c->n; i++)
		c->first[i] = CPU_NONE;
}

/* Items are put in from the last to the first, so that lists are in their order. */
static void chain_put(struct cpu_chain *c, uint32_t row, uint32_t item)
{
	if (row >= c->n)
		return;
	c->next[item] = c->first[row];
	c->first[row] = item;
}

static void chain_irqs(struct cpu_index *x, const struct snapshot *s)
{
	x->n_irq_at = 0;
	for (size_t i = 0; i < s->n_irqs; i++)
		for (size_t k = 0; k < s->irqs[i].n_cpus; k++) {
			GROW(x->irq_at, x->n_irq_at, x->cap_irq_at);
			x->irq_at[x->n_irq_at++] = (struct irq_at){ (uint32_t)i, (uint32_t)k };
		}
	chain_begin(&x->irqs, s, x->n_irq_at);
	for (size_t i = x->n_irq_at; i-- > 0;)
		chain_put(&x->irqs, row_of(x, s, s->irqs[x->irq_at[i].irq].cpus[x->irq_at[i].cpu].cpu), (uint32_t)i);
}

static bool same_agent(const struct place_row *a, const struct place_row *b)
{
	return a->agent_i == b->agent_i && !strcmp(a->agent, b->agent);
}

static void sum_agents(struct cpu_index *x, const struct snapshot *s)
{
	uint32_t *order = xmalloc((s->n_places + 1) * sizeof *order);

	for (size_t i = 0; i < s->n_places; i++)
		order[i] = (uint32_t)i;
	if (s->n_places) {
		GROW(x->agent_ns, s->n_places - 1, x->cap_agent_ns);
		qsort_r(order, s->n_places, sizeof *order, by_agent, (void *)(uintptr_t)s);
	}
	for (size_t i = 0, end; i < s->n_places; i = end) {
		double sum = 0;

		for (end = i; end < s->n_places && same_agent(s->places + order[i], s->places + order[end]); end++)
			sum += (double)s->places[order[end]].ns;
		for (size_t k = i; k < end; k++)
			x->agent_ns[order[k]] = sum;
	}
	free(order);
}

void cpu_index_make(struct cpu_index *x, const struct snapshot *s)
{
	number_cpus(x, s);
	chain_begin(&x->harms, s, s->n_harms);
	for (size_t i = s->n_harms; i-- > 0;)
		chain_put(&x->harms, row_of(x, s, s->harms[i].cpu), (uint32_t)i);
	chain_begin(&x->places, s, s->n_places);
	for (size_t i = s->n_places; i-- > 0;)
		chain_put(&x->places, row_of(x, s, s->places[i].cpu), (uint32_t)i);
	chain_irqs(x, s);
	sum_agents(x, s);
}

static void chain_fini(struct cpu_chain *c)
{
	free(c->first);
	free(c->next);
}

void cpu_index_fini(struct cpu_index *x)
{
	chain_fini(&x->harms);
	chain_fini(&x->places);
	chain_fini(&x->irqs);
	free(x->irq_at);
	free(x->agent_ns);
	free(x->by_number);
}

/* ---- sums ---- */

static const struct cpu_row *cpu_at(const struct cpu_set *set, size_t i)
{
	return set->s->cpus + set->row[i];
}

static void add_up(struct cpu_sums *sum)
{
	sum->all = 0;
	for (unsigned k = 0; k < N_CPU_TIMES; k++)
		sum->all += sum->t[k];
}

struct cpu_sums cpu_sums(const struct cpu_set *set)
{
	struct cpu_sums sum = { .all = 0 };

	for (size_t i = 0; i < set->n; i++) {
		const struct cpu_row *c = cpu_at(set, i);

		sum.t[TIME_IRQ] += (double)c->irq;
		sum.t[TIME_SOFTIRQ] += (double)c->softirq;
		sum.t[TIME_KSOFTIRQD] += (double)c->ksoftirqd;
		sum.t[TIME_OTHERS] += (double)c->task;
		sum.t[TIME_IDLE] += (double)c->idle;
		sum.t[TIME_UNKNOWN] += (double)c->unknown;
		sum.n_irqs += (double)c->n_irqs;
		sum.harm += (double)c->harm;
		sum.hot |= c->hot;
	}
	add_up(&sum);
	return sum;
}

bool cpu_has_times(const struct snapshot *s)
{
	return s->time.n && s->time.cpu;
}

struct cpu_sums cpu_slots(const struct cpu_set *set, uint32_t from, uint32_t to)
{
	struct cpu_sums sum = { .all = 0 };
	const struct timeline *t = &set->s->time;

	for (size_t i = 0; t->cpu && i < set->n; i++) {
		const uint64_t *slots = t->cpu[set->row[i]];

		for (uint32_t k = from; slots && k < MIN(to, t->n); k++)
			for (unsigned j = 0; j < N_CPU_TIMES; j++)
				sum.t[j] += (double)slots[(size_t)k * N_CPU_TIMES + j];
	}
	add_up(&sum);
	return sum;
}

double cpu_irq_share(const struct cpu_sums *sum)
{
	return sum->all > 0 ? (sum->t[TIME_IRQ] + sum->t[TIME_SOFTIRQ]) / sum->all : 0;
}

double cpu_busy_share(const struct cpu_sums *sum)
{
	return sum->all > 0 ? (sum->all - sum->t[TIME_IDLE] - sum->t[TIME_UNKNOWN]) / sum->all : 0;
}

bool cpu_busy_known(const struct cpu_sums *sum)
{
	return sum->t[TIME_AGENTS] + sum->t[TIME_OTHERS] + sum->t[TIME_KSOFTIRQD] + sum->t[TIME_IDLE] > 0;
}

static bool is_seen(const struct snapshot *s, const char *stage)
{
	for (size_t i = 0; i < s->n_caps; i++)
		if (!strcmp(s->caps[i].stage, stage))
			return s->caps[i].state != CAP_OFF;
	return true;
}

bool cpu_sees_hard(const struct snapshot *s)
{
	return is_seen(s, "irq") || is_seen(s, "vector");
}

bool cpu_sees_soft(const struct snapshot *s)
{
	return is_seen(s, "softirq");
}

bool cpu_harm_known(const struct snapshot *s, const struct cpu_sums *sum)
{
	return sum->harm > 0 || (s->steps_all.n && (cpu_sees_hard(s) || cpu_sees_soft(s)));
}

/* ---- words ---- */

struct text {
	char *buf;
	size_t n, len;
};

static struct text text_begin(char *buf, size_t len)
{
	buf[0] = 0;
	return (struct text){ buf, 0, len };
}

static void PRINTF(2, 3) say(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (t->n + 1 >= t->len)
		return;
	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->n, t->len - t->n, fmt, ap);
	va_end(ap);
	t->n = MIN(t->n + (size_t)MAX(n, 0), t->len - 1);
}

/* CPUs of the set for which it is true (NULL: all). */
static void say_numbers(struct text *t, const struct cpu_set *set, bool (*of)(const struct cpu_row *))
{
	const char *sep = "";

	for (size_t i = 0; i < set->n; i++) {
		uint32_t from = cpu_at(set, i)->cpu, to = from;

		if (of && !of(cpu_at(set, i)))
			continue;
		while (i + 1 < set->n && cpu_at(set, i + 1)->cpu == to + 1 && (!of || of(cpu_at(set, i + 1)))) {
			to++;
			i++;
		}
		if (to == from)
			say(t, "%s%u", sep, from);
		else
			say(t, "%s%u-%u", sep, from, to);
		sep = ",";
	}
}

char *cpu_numbers(char *buf, size_t len, const struct cpu_set *set)
{
	struct text t = text_begin(buf, len);

	say_numbers(&t, set, NULL);
	return buf;
}

/* Names with their times. When there are too many, those that come late, with little time mostly, are added up. */
struct named {
	const char *name, *of;
	uint32_t id, of_id;
	uint8_t level;
	double ns, whole;
};
struct names {
	struct named v[NAMED];
	size_t n;
	double rest;
};

static void count(struct names *l, const struct named *what)
{
	for (size_t i = 0; i < l->n; i++) {
		struct named *v = l->v + i;

		if (v->id == what->id && v->of_id == what->of_id && v->level == what->level && !strcmp(v->name, what->name) &&
		    !strcmp(v->of, what->of)) {
			v->ns += what->ns;
			return;
		}
	}
	if (l->n < NAMED)
		l->v[l->n++] = *what;
	else
		l->rest += what->ns;
}

static int most_first(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int cmp;

	if (x->ns != y->ns)
		return x->ns > y->ns ? -1 : 1;
	cmp = strcmp(x->name, y->name);
	return cmp ? cmp : strcmp(x->of, y->of);
}

static void sort_names(struct names *l)
{
	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, most_first);
}

/* The first n of them; the others' sum. */
static void say_names(struct text *t, const struct names *l, size_t n, const char *sep)
{
	double rest = l->rest;
	char ns[16];

	for (size_t i = 0; i < l->n; i++) {
		const struct named *v = l->v + i;

		if (i >= n) {
			rest += v->ns;
			continue;
		}
		say(t, "%s%.80s %s", i ? sep : "", v->name, fmt_ns(ns, sizeof ns, look_u64(v->ns)));
		if (v->of[0])
			say(t, " of %.40s", v->of);
	}
	if (rest > 0)
		say(t, "%sothers %s", sep, fmt_ns(ns, sizeof ns, look_u64(rest)));
}

/* Level 0 is a task; above it is what interrupts one. */
static bool is_task(const struct harm_row *h)
{
	return !h->level;
}

/* The one agent that was harmed there; "" when there are several. */
static const char *only_agent(const struct cpu_set *set)
{
	const struct harm_row *one = NULL;

	for (size_t i = 0; i < set->n; i++)
		for (uint32_t k = set->x->harms.first[set->row[i]]; k != CPU_NONE; k = set->x->harms.next[k]) {
			const struct harm_row *h = set->s->harms + k;

			if (one && (one->agent_i != h->agent_i || strcmp(one->agent, h->agent)))
				return "";
			one = h;
		}
	return one ? one->agent : "";
}

/* Who took steps' time there; each with whose it was, or all together. */
static void collect_harm(const struct cpu_set *set, bool tasks, bool by_agents, struct names *l)
{
	l->n = 0;
	l->rest = 0;
	for (size_t i = 0; i < set->n; i++)
		for (uint32_t k = set->x->harms.first[set->row[i]]; k != CPU_NONE; k = set->x->harms.next[k]) {
			const struct harm_row *h = set->s->harms + k;
			struct named v = { .name = h->actor, .of = by_agents ? h->agent : "", .id = h->id,
					   .of_id = by_agents ? h->agent_i : 0, .level = h->level, .ns = (double)h->ns };

			if (is_task(h) == tasks && h->ns)
				count(l, &v);
		}
	sort_names(l);
}

static void collect_places(const struct cpu_set *set, struct names *l)
{
	l->n = 0;
	l->rest = 0;
	for (size_t i = 0; i < set->n; i++)
		for (uint32_t k = set->x->places.first[set->row[i]]; k != CPU_NONE; k = set->x->places.next[k]) {
			const struct place_row *p = set->s->places + k;
			struct named v = { .name = p->agent, .of = "", .id = p->agent_i, .ns = (double)p->ns,
					   .whole = set->x->agent_ns[k] };

			if (p->ns)
				count(l, &v);
		}
	sort_names(l);
}

static bool is_hot(const struct cpu_row *c)
{
	return c->hot;
}

/* Why the hot one is, the one with most harm if there are several; which one, unless it was said. */
static void say_why(struct text *t, const struct cpu_set *set, bool was_said)
{
	const struct cpu_row *most = NULL;
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		n += cpu_at(set, i)->hot;
		if (cpu_at(set, i)->hot && (!most || cpu_at(set, i)->harm > most->harm))
			most = cpu_at(set, i);
	}
	if (most && set->n > 1 && (n > 1 || !was_said))
		say(t, "CPU %u ", most->cpu);
	if (most)
		say(t, "%s", most->why);
}

static void say_hot(struct text *t, const struct cpu_set *set, const struct names *took)
{
	say(t, "IRQ-hot");
	if (set->n > 1) {
		say(t, " CPU ");
		say_numbers(t, set, is_hot);
	}
	say(t, ": ");
	if (took->n)
		say_names(t, took, 3, ", ");
	else
		say_why(t, set, true);
}

/* Agents that spend a good part of their time there. */
static void say_runs(struct text *t, const struct names *agents)
{
	size_t n = 0;
	char pct[16];

	for (size_t i = 0; i < agents->n && n < 3; i++) {
		const struct named *v = agents->v + i;

		if (v->ns < RUNS_THERE * v->whole)
			continue;
		say(t, "%s%.40s runs here (%s)", n++ ? ", " : t->n ? "; " : "", v->name,
		    look_share(pct, sizeof pct, v->ns / v->whole));
	}
}

/* A CPU with nothing to do, and which hot one is near. */
static void say_quiet(struct text *t, const struct cpu_set *set)
{
	const struct snapshot *s = set->s;
	const struct cpu_row *me = cpu_at(set, 0), *near = NULL;

	say(t, "quiet");
	for (size_t i = 0; i < s->n_cpus && set->n == 1; i++) {
		const struct cpu_row *c = s->cpus + i;

		if (c->hot && me->cache >= 0 && c->cache == me->cache) {
			say(t, ", same cache as CPU %u", c->cpu);
			return;
		}
		if (c->hot && !near && me->node >= 0 && c->node == me->node)
			near = c;
	}
	if (near)
		say(t, ", same node as CPU %u", near->cpu);
}

char *cpu_why(char *buf, size_t len, const struct cpu_set *set)
{
	struct text t = text_begin(buf, len);
	struct cpu_sums sum = cpu_sums(set);
	struct names took, agents;

	collect_harm(set, false, false, &took);
	collect_places(set, &agents);
	if (sum.hot)
		say_hot(&t, set, &took);
	else if (took.n)
		say_names(&t, &took, 2, ", ");
	say_runs(&t, &agents);
	if (!t.n && cpu_busy_known(&sum) && cpu_busy_share(&sum) < QUIET_SHARE)
		say_quiet(&t, set);
	return buf;
}

char *cpu_harm_words(char *buf, size_t len, const struct cpu_set *set)
{
	struct text t = text_begin(buf, len);
	const char *agent = only_agent(set);
	struct cpu_sums sum = cpu_sums(set);
	struct names l;

	say_why(&t, set, false);
	collect_harm(set, false, !agent[0], &l);
	if (l.n) {
		if (agent[0])
			say(&t, sum.hot ? " (%.40s's)" : "of %.40s's steps", agent);
		say(&t, "%s", t.n ? ": " : "");
		say_names(&t, &l, 6, ", ");
	} else if (!sum.hot && !cpu_harm_known(set->s, &sum)) {
		say(&t, set->s->steps_all.n ? "unknown: no interrupts were recorded" : "none: there are no steps");
	} else if (!sum.hot) {
		say(&t, sum.harm > 0 ? "interrupts took %s" : "interrupts took nothing",
		    fmt_ns((char[16]){ 0 }, 16, look_u64(sum.harm)));
	}
	collect_harm(set, true, !agent[0], &l);
	if (l.n) {
		say(&t, "; tasks took: ");
		say_names(&t, &l, 3, ", ");
	}
	return buf;
}

char *cpu_irq_words(char *buf, size_t len, const struct cpu_set *set)
{
	struct text t = text_begin(buf, len);
	struct names l = { .n = 0 };
	char name[NAMED][96];

	for (size_t i = 0; i < set->n; i++)
		for (uint32_t k = set->x->irqs.first[set->row[i]]; k != CPU_NONE; k = set->x->irqs.next[k]) {
			const struct irq_at *at = set->x->irq_at + k;
			const struct irq_row *r = set->s->irqs + at->irq;
			struct named v = { .name = r->name, .of = "", .id = at->irq, .level = r->irq >= 0,
					   .ns = (double)r->cpus[at->cpu].dist.sum };

			count(&l, &v);
		}
	sort_names(&l);
	for (size_t i = 0; i < l.n; i++)
		if (l.v[i].level) {
			snprintf(name[i], sizeof name[i], "irq %d %s", (int)set->s->irqs[l.v[i].id].irq, l.v[i].name);
			l.v[i].name = name[i];
		}
	say_names(&t, &l, 6, ", ");
	return buf;
}

char *cpu_agent_words(char *buf, size_t len, const struct cpu_set *set)
{
	struct text t = text_begin(buf, len);
	struct names l;
	char ns[16], pct[16];

	collect_places(set, &l);
	for (size_t i = 0; i < l.n && i < 6; i++)
		say(&t, "%s%.40s %s (%s of its time)", i ? ", " : "", l.v[i].name, fmt_ns(ns, sizeof ns, look_u64(l.v[i].ns)),
		    look_share(pct, sizeof pct, l.v[i].whole > 0 ? l.v[i].ns / l.v[i].whole : 0));
	if (l.n > 6)
		say(&t, ", %zu more", l.n - 6);
	return buf;
}

static void say_sharers(struct text *t, const struct cpu_set *set, const struct cpu_row *me)
{
	const struct cpu_index *x = set->x;
	const struct snapshot *s = set->s;
	uint32_t *row = xmalloc((s->n_cpus + 1) * sizeof *row);
	struct cpu_set others = { s, x, row, 0 };

	for (size_t i = 0; i < s->n_cpus; i++)
		if (s->cpus[x->by_number[i]].cache == me->cache && s->cpus[x->by_number[i]].cpu != me->cpu)
			row[others.n++] = x->by_number[i];
	if (others.n) {
		say(t, "last-level cache shared with CPU ");
		say_numbers(t, &others, NULL);
	} else {
		say(t, "a last-level cache of its own");
	}
	free(row);
}

char *cpu_place_words(char *buf, size_t len, const struct cpu_set *set)
{
	struct text t = text_begin(buf, len);
	const struct cpu_row *me = cpu_at(set, 0);
	bool node = me->node >= 0, cache = me->cache >= 0 && set->n == 1;

	for (size_t i = 1; i < set->n; i++)
		node &= cpu_at(set, i)->node == me->node;
	if (node)
		say(&t, "node %d", (int)me->node);
	if (node && cache)
		say(&t, ", ");
	if (cache)
		say_sharers(&t, set, me);
	return buf;
}
