// SPDX-License-Identifier: GPL-2.0-only
#include "verdict.h"

#include <stdlib.h>
#include <string.h>

enum { FEW_STEPS = 100 };	/* below this, a 99th percentile is just the slowest one */

/* How a sentence about steps goes on: "spend 41 % of their time ...". */
static const char *const where_words[N_STAGES] = {
	[ST_USER] = "running their own code",
	[ST_KERNEL] = "in syscalls and page faults",
	[ST_RETURN] = "returning from their waits",
	[ST_IRQ_STEAL] = "interrupted by hard IRQs",
	[ST_SOFTIRQ_STEAL] = "interrupted by softirqs",
	[ST_OUTSIDE] = "waiting for something outside this machine",
	[ST_DEVICE] = "waiting for a device",
	[ST_BLK_QUEUE] = "in a block queue",
	[ST_BLK_COMPLETE] = "between a device's interrupt and the wakeup",
	[ST_IRQ] = "in the hard IRQs that bring their events",
	[ST_SOFTIRQ_WAIT] = "waiting for a softirq to run",
	[ST_NAPI] = "in NAPI polls before their packet's turn",
	[ST_TIMER] = "asleep as asked",
	[ST_TIMER_LATE] = "waiting for late timers",
	[ST_PEER] = "waiting for other tasks' work",
	[ST_LOOP] = "behind other steps of their event loop",
	[ST_WAKEUP] = "being woken",
	[ST_RUNQUEUE] = "in the run queue",
	[ST_PREEMPTED] = "pushed off the CPU",
	[ST_LOST] = "where events were lost",
	[ST_UNKNOWN] = "unexplained",
};

/* What the kernel adds between an event and the task that waits for it: what tuning can change. */
static bool is_kernels(int stage)
{
	static const uint32_t mask = 1u << ST_RETURN | 1u << ST_IRQ_STEAL | 1u << ST_SOFTIRQ_STEAL | 1u << ST_BLK_QUEUE |
		1u << ST_BLK_COMPLETE | 1u << ST_IRQ | 1u << ST_SOFTIRQ_WAIT | 1u << ST_NAPI | 1u << ST_TIMER_LATE |
		1u << ST_WAKEUP | 1u << ST_RUNQUEUE | 1u << ST_PREEMPTED;

	return mask >> stage & 1;
}

char *fmt_share(char *buf, size_t len, double share)
{
	double percent = share * 100;

	if (percent > 0 && percent < 0.05)
		snprintf(buf, len, "<0.1 %%");
	else
		snprintf(buf, len, "%.*f %%", percent > 0 && percent < 9.95 ? 1 : 0, percent);
	return buf;
}

/* ---- who took the time of the slow steps ---- */

static uint64_t duration(const struct step *st)
{
	return st->end - st->begin;
}

/* From here on a step belongs to the slowest 1 %. The histogram's p99 may lie above every step that was kept. */
static uint64_t slow_from(const struct snapshot *s)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < s->n_steps; i++)
		if (s->steps[i]->has_segments)
			longest = MAX(longest, duration(s->steps[i]));
	return MIN(longest, s->steps_all.p99);
}

struct sums {
	struct actor_sum *actor;
	size_t n, cap;
	uint64_t *cpu;		/* by CPU number */
	size_t cap_cpu;
};

static void add_actor(struct sums *a, str_id actor, uint64_t ns)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->actor[i].actor == actor) {
			a->actor[i].ns += ns;
			return;
		}
	GROW(a->actor, a->n, a->cap);
	a->actor[a->n++] = (struct actor_sum){ actor, ns };
}

static void add_step(struct slow_stage *out, struct sums *sums, const struct step *st, int stage)
{
	out->n_steps++;
	for (size_t k = 0; k < st->n_seg; k++) {
		const struct segment *seg = &st->seg[k];
		uint64_t ns = seg->to - seg->from;

		if (seg->stage != stage)
			continue;
		out->ns += ns;
		add_actor(sums, seg->actor, ns);
		if (seg->cpu > 65535)	/* none, or nothing that a machine has */
			continue;
		GROW(sums->cpu, seg->cpu, sums->cap_cpu);
		sums->cpu[seg->cpu] += ns;
		if (sums->cpu[seg->cpu] > out->cpu_ns) {
			out->cpu_ns = sums->cpu[seg->cpu];
			out->cpu = seg->cpu;
		}
	}
}

static int most_first(const void *a, const void *b)
{
	const struct actor_sum *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return x->actor < y->actor ? -1 : x->actor > y->actor;
}

struct slow_stage verdict_slow(const struct snapshot *s, int stage, struct actor_sum *actors, size_t max)
{
	struct slow_stage out = { .cpu = UINT32_MAX };
	struct sums sums = { 0 };
	uint64_t from = slow_from(s);

	for (size_t i = 0; i < s->n_steps; i++)
		if (s->steps[i]->has_segments && duration(s->steps[i]) >= from)
			add_step(&out, &sums, s->steps[i], stage);
	if (sums.n)
		qsort(sums.actor, sums.n, sizeof *sums.actor, most_first);
	out.n_actors = MIN(sums.n, max);
	for (size_t i = 0; i < out.n_actors; i++)
		actors[i] = sums.actor[i];
	free(sums.actor);
	free(sums.cpu);
	return out;
}

/* ---- sentences ---- */

/* One sentence in the making; cut() leaves no half of a character at the end. */
struct line {
	char *text;
	size_t n;
};

static void say(struct line *l, const char *fmt, ...) PRINTF(2, 3);
static void say(struct line *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->n, 256 - l->n, fmt, ap);
	va_end(ap);
	l->n = MIN(l->n + (size_t)MAX(n, 0), 255u);
}

static void cut(struct line *l)
{
	if (l->n < 255)
		return;
	l->n -= 3;
	while (l->n && (l->text[l->n] & 0xc0) == 0x80)
		l->n--;
	memcpy(l->text + l->n, "...", 4);
}

/* The kind of step to speak about: where most deadlines were missed, else the slowest in its tail. */
static const struct kind_row *headline(const struct snapshot *s)
{
	const struct kind_row *best = NULL;

	for (size_t i = 0; i < s->n_kinds; i++) {
		const struct kind_row *k = &s->kinds[i];

		if (!k->steps.n)
			continue;
		if (!best || k->n_deadline_miss > best->n_deadline_miss ||
		    (k->n_deadline_miss == best->n_deadline_miss && k->steps.p99 > best->steps.p99))
			best = k;
	}
	return best;
}

/* The deadline that the steps of a kind share; 0: none, or not one. */
static uint64_t common_deadline(const struct snapshot *s, const struct kind_row *k)
{
	uint64_t common = 0;

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct step *st = s->steps[i];

		if (st->agent_i != k->agent_i || !st->deadline_ns || st->deadline_ns == common ||
		    strcmp(snapshot_str(s, st->name), k->name))
			continue;
		if (common)
			return 0;
		common = st->deadline_ns;
	}
	return common;
}

static void say_deadline(struct line *l, const struct snapshot *s, const struct kind_row *k)
{
	uint64_t deadline = common_deadline(s, k), n = k->n_deadline_miss;
	char ns[24], share[24];

	if (!deadline && !n)
		return;
	say(l, ", deadline %s%s", deadline ? fmt_ns(ns, sizeof ns, deadline) : "", deadline ? " " : "");
	if (!n)
		say(l, "never missed");
	else
		say(l, "missed %s%llu time%s (%s)", n == k->steps.n ? "every time: " : "", (unsigned long long)n, n == 1 ? "" : "s",
		    fmt_share(share, sizeof share, (double)n / (double)k->steps.n));
}

static void say_latency(struct line *l, const struct snapshot *s)
{
	const struct kind_row *k = headline(s);
	const struct quant *q = k ? &k->steps : &s->steps_all;
	char p50[24], p99[24], max[24];

	if (k && *k->agent)
		say(l, "%s's %s%ssteps: ", k->agent, k->name, *k->name ? " " : "");
	else
		say(l, "%s%ssteps: ", k ? k->name : "", k && *k->name ? " " : "");
	fmt_ns(p50, sizeof p50, q->p50);
	fmt_ns(p99, sizeof p99, q->p99);
	fmt_ns(max, sizeof max, q->max);
	if (q->n == 1)
		say(l, "the only one took %s", max);
	else if (q->n < FEW_STEPS)
		say(l, "%llu of them, p50 %s, slowest %s", (unsigned long long)q->n, p50, max);
	else
		say(l, "%llu of them, p50 %s, p99 %s, slowest %s", (unsigned long long)q->n, p50, p99, max);
	if (k)
		say_deadline(l, s, k);
	say(l, ".");
}

/* The stage with most time of the slow steps; `kernels` looks only at what the kernel adds. -1: none. */
static int top_stage(const struct snapshot *s, bool kernels)
{
	int best = -1;

	for (int i = 0; i < N_STAGES; i++)
		if ((!kernels || is_kernels(i)) && s->stage[i].share_worst > (best < 0 ? 0 : s->stage[best].share_worst))
			best = i;
	return best;
}

static const char *actor_preposition(int stage)
{
	switch (stage) {
	case ST_RUNQUEUE: case ST_PREEMPTED:
		return "behind";
	case ST_IRQ_STEAL: case ST_SOFTIRQ_STEAL:
		return "by";
	default:
		return "most of it";
	}
}

/* ", behind NET_RX eth0 (5.10 ms a step) and fio:678 (2.87 ms)": those with a tenth of it or more, two at most. */
static void say_actors(struct line *l, const struct snapshot *s, int stage)
{
	struct actor_sum a[3];
	struct slow_stage slow = verdict_slow(s, stage, a, ARRAY_LEN(a));
	size_t said = 0;
	char ns[24];

	if (slow.cpu != UINT32_MAX && slow.cpu_ns * 10 >= slow.ns * 6)
		say(l, stage == ST_RUNQUEUE ? " of CPU %u" : " on CPU %u", slow.cpu);
	for (size_t i = 0; i < slow.n_actors && said < 2; i++) {
		/* what is unknown or lost has a reason for an actor, not somebody */
		if (!a[i].actor || a[i].ns * 10 < slow.ns || stage == ST_UNKNOWN || stage == ST_LOST)
			continue;
		say(l, said ? " and %s%s" : ", %s %s", said ? "" : actor_preposition(stage), snapshot_str(s, a[i].actor));
		say(l, " (%s%s)", fmt_ns(ns, sizeof ns, a[i].ns / slow.n_steps), slow.n_steps > 1 && !said ? " a step" : "");
		said++;
	}
}

static void say_slow(struct line *l, const struct snapshot *s, int stage)
{
	const char *subject = s->n_steps_all == 1 ? "It spends" : s->n_steps_all < FEW_STEPS ?
		"The slowest one spends" : "The slowest 1 % spend";
	bool one = s->n_steps_all < FEW_STEPS;
	char share[24];

	say(l, "%s %s of %s time ", subject, fmt_share(share, sizeof share, s->stage[stage].share_worst), one ? "its" : "their");
	if (one && !strncmp(where_words[stage], "running their", 13))
		say(l, "running its own code");
	else
		say(l, "%s", where_words[stage]);
	say_actors(l, s, stage);
	say(l, ".");
}

/* When most of the time is not the kernel's: what the kernel adds all the same, or that it is a trifle. */
static void say_kernel(struct line *l, const struct snapshot *s)
{
	int stage = top_stage(s, true);
	double sum = 0;
	char share[24], one[24];

	for (int i = 0; i < N_STAGES; i++)
		sum += is_kernels(i) ? s->stage[i].share_worst : 0;
	fmt_share(share, sizeof share, sum);
	if (sum < 0.05 || stage < 0) {
		say(l, "What the kernel adds is a trifle next to that (%s): there is little to gain on this machine.", share);
		return;
	}
	say(l, "The kernel adds %s, most of it (%s) %s", share, fmt_share(one, sizeof one, s->stage[stage].share_worst),
	    where_words[stage]);
	say_actors(l, s, stage);
	say(l, ".");
}

static void say_hot(struct line *l, const struct snapshot *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_cpus; i++) {
		if (!s->cpus[i].hot)
			continue;
		if (n++ < 2)
			say(l, "%sCPU %u (%s)", n == 1 ? "IRQ-hot: " : ", ", s->cpus[i].cpu, s->cpus[i].why);
	}
	if (n > 2)
		say(l, " and %zu more", n - 2);
	if (n)
		say(l, ".");
}

static void say_trust(struct line *l, const struct snapshot *s)
{
	double gone = s->stage[ST_LOST].share + s->stage[ST_UNKNOWN].share;
	char share[24];

	if (s->source.n_lost)
		say(l, "%llu event%s lost: chains through the gaps are cut and say so.", (unsigned long long)s->source.n_lost,
		    s->source.n_lost == 1 ? " was" : "s were");
	else if (s->n_losses)
		say(l, "Events were lost, nobody counted how many: chains through the gaps are cut and say so.");
	else if (s->steps_all.n && gone >= 0.05)
		say(l, "%s of the steps' time is unexplained: see which events are missing under Capabilities.",
		    fmt_share(share, sizeof share, gone));
}

static void say_no_steps(struct line *l, const struct snapshot *s)
{
	if (!s->source.n_events)
		say(l, "The recording has no events.");
	else if (s->n_steps_open)
		say(l, "No step ended in what was read; %llu began.", (unsigned long long)s->n_steps_open);
	else if (s->n_agents)
		say(l, "The agents that were named had no step in what was read.");
	else
		say(l, "Nothing here marks steps and no agent was named: there is no step to explain.");
}

static void say_candidates(struct line *l, const struct snapshot *s)
{
	if (!s->n_candidates || s->n_agents)
		return;
	say(l, "These wait and wake like agents:");
	for (size_t i = 0; i < MIN(s->n_candidates, 4u); i++)
		say(l, "%s %s:%d", i ? "," : "", s->candidates[i].comm, s->candidates[i].pid);
	say(l, ". Try -p %d.", s->candidates[0].pid);
}

size_t verdict_lines(const struct snapshot *s, char (*lines)[256], size_t max)
{
	void (*const no_steps[])(struct line *, const struct snapshot *) = { say_no_steps, say_candidates, say_hot, say_trust };
	int top = s->steps_all.n ? top_stage(s, false) : -1;
	size_t n = 0;

	for (int part = 0; n < max && part < 5; part++) {
		struct line l = { lines[n], 0 };

		lines[n][0] = 0;
		if (!s->steps_all.n && part < (int)ARRAY_LEN(no_steps))
			no_steps[part](&l, s);
		else if (!s->steps_all.n)
			break;
		else if (part == 0)
			say_latency(&l, s);
		else if (part == 1 && top >= 0)
			say_slow(&l, s, top);
		else if (part == 2 && top >= 0 && !is_kernels(top))
			say_kernel(&l, s);
		else if (part == 3)
			say_hot(&l, s);
		else if (part == 4)
			say_trust(&l, s);
		cut(&l);
		n += l.n > 0;
	}
	return n;
}
