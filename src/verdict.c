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
	[ST_PREEMPTED] = "pushed off",
	[ST_LOST] = "where events were lost",
	[ST_UNKNOWN] = "unexplained",
};

/* The same of a task that they wait for: "waiting for fio:678, which was ...". */
static const char *const peer_words[N_STAGES] = {
	[ST_USER] = "ran its own code",
	[ST_KERNEL] = "ran in the kernel",
	[ST_RETURN] = "returned from a wait",
	[ST_IRQ_STEAL] = "was interrupted by hard IRQs",
	[ST_SOFTIRQ_STEAL] = "was interrupted by softirqs",
	[ST_OUTSIDE] = "waited for something outside this machine",
	[ST_DEVICE] = "waited for a device",
	[ST_BLK_QUEUE] = "had its request in a block queue",
	[ST_BLK_COMPLETE] = "was between a device's interrupt and the wakeup",
	[ST_IRQ] = "waited while a hard IRQ ran",
	[ST_SOFTIRQ_WAIT] = "waited for a softirq to run",
	[ST_NAPI] = "waited while NAPI polled",
	[ST_TIMER] = "slept as asked",
	[ST_TIMER_LATE] = "waited for a late timer",
	[ST_PEER] = "was at work",
	[ST_LOOP] = "was behind other steps",
	[ST_WAKEUP] = "was being woken",
	[ST_RUNQUEUE] = "was in the run queue",
	[ST_PREEMPTED] = "was pushed off",
	[ST_LOST] = "did what was lost with missed events",
	[ST_UNKNOWN] = "did what no event explains",
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

struct by_actor {
	struct actor_sum *v;	/* most first, once sort_actors() was called */
	size_t n, cap;
};
struct sums {
	struct by_actor who, peer;
	uint64_t peer_ns;	/* of all of them */
	uint64_t *cpu;		/* by CPU number */
	size_t cap_cpu;
};

static void add_actor(struct by_actor *a, str_id actor, uint64_t ns)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].actor == actor) {
			a->v[i].ns += ns;
			return;
		}
	GROW(a->v, a->n, a->cap);
	a->v[a->n++] = (struct actor_sum){ actor, ns };
}

/* Does the task that the agent waited for do that work itself? Else it waits too, and whoever is behind it is `who`. */
static bool peer_works(const struct segment *seg)
{
	return seg->peer && !seg->who && (seg->stage == ST_PEER || seg->stage == ST_IRQ || seg->stage == ST_NAPI);
}

static str_id culprit(const struct segment *seg)
{
	if (seg->who)
		return seg->who;
	return !seg->peer || peer_works(seg) ? seg->actor : 0;
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
		add_actor(&sums->who, culprit(seg), ns);
		if (seg->peer && !peer_works(seg)) {
			add_actor(&sums->peer, seg->peer, ns);
			sums->peer_ns += ns;
		}
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

static void sort_actors(struct by_actor *a)
{
	if (a->n)
		qsort(a->v, a->n, sizeof *a->v, most_first);
}

static struct slow_stage sum_slow(const struct snapshot *s, int stage, struct sums *sums)
{
	struct slow_stage out = { .cpu = UINT32_MAX };
	uint64_t from = slow_from(s);

	*sums = (struct sums){ 0 };
	for (size_t i = 0; i < s->n_steps; i++)
		if (s->steps[i]->has_segments && duration(s->steps[i]) >= from)
			add_step(&out, sums, s->steps[i], stage);
	sort_actors(&sums->who);
	sort_actors(&sums->peer);
	return out;
}

static void sums_fini(struct sums *sums)
{
	free(sums->who.v);
	free(sums->peer.v);
	free(sums->cpu);
}

struct slow_stage verdict_slow(const struct snapshot *s, int stage, struct actor_sum *actors, size_t max)
{
	struct sums sums;
	struct slow_stage out = sum_slow(s, stage, &sums);

	out.n_actors = MIN(sums.who.n, max);
	for (size_t i = 0; i < out.n_actors; i++)
		actors[i] = sums.who.v[i];
	sums_fini(&sums);
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
static void say_actors(struct line *l, const struct snapshot *s, int stage, const struct slow_stage *slow,
		       const struct by_actor *who)
{
	size_t said = 0;
	char ns[24];

	for (size_t i = 0; i < who->n && said < 2; i++) {
		const struct actor_sum *a = &who->v[i];

		/* what is unknown or lost has a reason for an actor, not somebody */
		if (!a->actor || a->ns * 10 < slow->ns || stage == ST_UNKNOWN || stage == ST_LOST)
			continue;
		say(l, said ? " and %s%s" : ", %s %s", said ? "" : actor_preposition(stage), snapshot_str(s, a->actor));
		say(l, " (%s%s)", fmt_ns(ns, sizeof ns, a->ns / slow->n_steps), slow->n_steps > 1 && !said ? " a step" : "");
		said++;
	}
}

/* When most of a stage's time is that of tasks which the steps wait for, it is they who were "pushed off the CPU". */
static bool say_peer(struct line *l, const struct snapshot *s, int stage, const char *words, const struct slow_stage *slow,
		     const struct sums *sums)
{
	const struct actor_sum *first = sums->peer.v;

	if (sums->peer_ns * 2 <= slow->ns)
		return false;
	if (sums->peer_ns * 10 < slow->ns * 9)
		say(l, "%s%s, mostly ", words, stage == ST_PREEMPTED ? " the CPU" : "");
	if (first->ns * 2 > slow->ns)
		say(l, "waiting for %s, which %s", snapshot_str(s, first->actor), peer_words[stage]);
	else
		say(l, "waiting for %s and others, each of which %s", snapshot_str(s, first->actor), peer_words[stage]);
	return true;
}

static void say_cpu(struct line *l, int stage, const struct slow_stage *slow)
{
	if (slow->cpu != UINT32_MAX && slow->cpu_ns * 10 >= slow->ns * 6)
		say(l, "%s CPU %u", stage == ST_RUNQUEUE ? " of" : stage == ST_PREEMPTED ? "" : " on", slow->cpu);
	else if (stage == ST_PREEMPTED)
		say(l, " the CPU");
}

/* "in the run queue of CPU 2, behind ...", or whom the steps wait for and what kept that one. */
static void say_where(struct line *l, const struct snapshot *s, int stage, const char *words)
{
	struct sums sums;
	struct slow_stage slow = sum_slow(s, stage, &sums);

	if (!say_peer(l, s, stage, words, &slow, &sums))
		say(l, "%s", words);
	say_cpu(l, stage, &slow);
	say_actors(l, s, stage, &slow, &sums.who);
	sums_fini(&sums);
}

static size_t n_kinds(const struct snapshot *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_kinds; i++)
		n += s->kinds[i].steps.n > 0;
	return n;
}

/* The first sentence is about one kind of step, this one about all of them. */
static void say_subject(struct line *l, const struct snapshot *s)
{
	bool kinds = n_kinds(s) > 1;

	if (s->n_steps_all == 1)
		say(l, "It spends");
	else if (s->n_steps_all < FEW_STEPS)
		say(l, "The slowest %s spends", kinds ? "of all steps" : "one");
	else
		say(l, "The slowest 1 %%%s spend", kinds ? " of all steps" : "");
}

static void say_slow(struct line *l, const struct snapshot *s, int stage)
{
	bool one = s->n_steps_all < FEW_STEPS;
	char share[24];

	say_subject(l, s);
	say(l, " %s of %s time ", fmt_share(share, sizeof share, s->stage[stage].share_worst), one ? "its" : "their");
	say_where(l, s, stage, one && stage == ST_USER ? "running its own code" : where_words[stage]);
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
	say(l, "The kernel adds %s, most of it (%s) ", share, fmt_share(one, sizeof one, s->stage[stage].share_worst));
	say_where(l, s, stage, where_words[stage]);
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

/* Tasks were named, and they have no step. */
static void say_none_of_named(struct line *l, const struct snapshot *s)
{
	if (!s->selects_any) {
		say(l, "None of the tasks named with -p or -c occurs in the recording.");
		return;
	}
	say(l, "The tasks named with -p or -c made no steps: they neither mark them nor come back from a call that waits.");
	if (s->n_step_marks)
		say(l, " Other tasks mark %llu step%s here: leave -p and -c out.", (unsigned long long)s->n_step_marks,
		    s->n_step_marks == 1 ? "" : "s");
}

static void say_no_steps(struct line *l, const struct snapshot *s)
{
	if (!s->source.n_events)
		say(l, "The recording has no events.");
	else if (s->n_steps_open)
		say(l, "No step ended in what was read; %llu began.", (unsigned long long)s->n_steps_open);
	else if (s->probes)
		say(l, "The events of --step-begin and --step-end made no step%s.", s->n_notes ? ": see the notes" : "");
	else if (s->selects)
		say_none_of_named(l, s);
	else if (s->n_agents || s->n_step_marks)
		say(l, "Steps are marked here, but none began and ended in what was read.");
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
