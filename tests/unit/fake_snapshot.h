/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fake_snapshot: snapshots made by hand, for tests of what reads them.
 *
 * fake_empty() is a recording without anything; fake_planner() is a small machine with one agent, whose slow steps wait
 * in the run queue of CPU 2. All that they point to is the arena's or static; fake_free() gives it back.
 */
#ifndef AGENTTOP_FAKE_SNAPSHOT_H
#define AGENTTOP_FAKE_SNAPSHOT_H

#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

#define MS NSEC_PER_MSEC
#define US NSEC_PER_USEC
#define FAKE_BEGIN 16000000000ull

__attribute__((unused)) static void fake_empty(struct snapshot *s)
{
	*s = (struct snapshot){ .strs = strs_new(), .complete = 1 };
	s->source.kind = "ev";
	s->source.file = s->source.version = s->source.clock = s->source.host = s->source.kernel = s->source.arch = "";
}

__attribute__((unused)) static void fake_free(struct snapshot *s)
{
	strs_free((struct strs *)(uintptr_t)s->strs);
	arena_fini(&s->mem);
}

__attribute__((unused)) static str_id fake_str(struct snapshot *s, const char *text)
{
	return strs_idz((struct strs *)(uintptr_t)s->strs, text);
}

/* A distribution as if all values were between p50 and max. */
__attribute__((unused)) static struct quant fake_quant(uint64_t n, uint64_t p50, uint64_t p99, uint64_t max)
{
	return (struct quant){ n, n * p50, p50 / 2, p50, (p50 + p99) / 2, p99, (p99 + max) / 2, max };
}

struct fake_seg {
	int stage;
	uint64_t us;
	int cpu;		/* -1: none */
	const char *actor, *gate;
	int n_ev, confidence;
	const char *peer;	/* whose time it is; NULL: the agent's */
};

/* As the engine joins them: "peer / who". */
__attribute__((unused)) static str_id fake_actor(struct snapshot *s, const struct fake_seg *g)
{
	char text[256];

	if (!g->peer)
		return fake_str(s, g->actor);
	snprintf(text, sizeof text, "%s%s%s", g->peer, *g->actor ? " / " : "", g->actor);
	return fake_str(s, text);
}

/* Appends a step made of segs; keeps the tiling and the sums by stage right. */
__attribute__((unused)) static struct step *fake_step(struct snapshot *s, const char *id, uint64_t begin,
						       const struct fake_seg *segs, size_t n)
{
	struct step *st = ARENA_NEW(&s->mem, 1, struct step);
	const struct step **steps = ARENA_NEW(&s->mem, s->n_steps + 1, const struct step *);
	uint64_t at = begin;

	*st = (struct step){ .serial = s->n_steps + 1, .agent = fake_str(s, "planner"), .id = fake_str(s, id),
			     .name = fake_str(s, "plan"), .cls = fake_str(s, "interactive"), .pid = 871, .tgid = 870,
			     .begin = begin, .deadline_ns = 20 * MS, .has_segments = 1, .n_seg = n };
	st->seg = ARENA_NEW(&s->mem, n, struct segment);
	st->ev = ARENA_NEW(&s->mem, 64, struct evidence);
	for (size_t i = 0; i < n; i++) {
		struct segment *seg = &st->seg[i];

		*seg = (struct segment){
			.from = at, .to = at + segs[i].us * US, .cpu = segs[i].cpu < 0 ? UINT32_MAX : (uint32_t)segs[i].cpu,
			.actor = fake_actor(s, &segs[i]), .peer = segs[i].peer ? fake_str(s, segs[i].peer) : 0,
			.who = fake_str(s, segs[i].actor), .gate = fake_str(s, segs[i].gate), .ev = (uint32_t)st->n_ev,
			.n_ev = (uint16_t)segs[i].n_ev, .stage = (uint8_t)segs[i].stage,
			.confidence = (uint8_t)segs[i].confidence,
		};
		for (int k = 0; k < segs[i].n_ev; k++)
			st->ev[st->n_ev++] = (struct evidence){ at + (uint64_t)k, fake_str(s, "sched:sched_waking"), seg->cpu };
		st->ns[seg->stage] += seg->to - seg->from;
		at = seg->to;
	}
	st->end = at;
	st->missed = st->end - st->begin > st->deadline_ns;
	if (s->n_steps)
		memcpy(steps, s->steps, s->n_steps * sizeof *steps);
	steps[s->n_steps++] = st;
	s->steps = steps;
	return st;
}

__attribute__((unused)) static void fake_planner_steps(struct snapshot *s)
{
	static const struct fake_seg slow[] = {
		{ ST_USER, 1200, 2, "", "", 1, 0 },
		{ ST_KERNEL, 30, 2, "", "", 1, 0 },
		{ ST_OUTSIDE, 9600, -1, "", "epoll_wait", 1, 0 },
		{ ST_IRQ, 3, 2, "irq 35 virtio2-input.2", "epoll_wait", 2, 0 },
		{ ST_SOFTIRQ_WAIT, 2, 2, "NET_RX", "epoll_wait", 2, 0 },
		{ ST_NAPI, 1410, 2, "NET_RX eth0", "epoll_wait", 3, CONF_INFERRED },
		{ ST_WAKEUP, 6, 2, "", "epoll_wait", 2, 0 },
		{ ST_RUNQUEUE, 5102, 2, "NET_RX eth0", "epoll_wait", 1, 0 },
		{ ST_RUNQUEUE, 2870, 2, "fio:678", "epoll_wait", 1, 0 },
		{ ST_RUNQUEUE, 242, 2, "ksoftirqd/2:31", "epoll_wait", 1, 0 },
		{ ST_RETURN, 47, 2, "", "epoll_wait", 2, 0 },
		{ ST_USER, 900, 2, "", "", 1, 0 },
		{ ST_DEVICE, 1900, -1, "259,0", "page fault", 2, 0 },
		{ ST_BLK_COMPLETE, 40, 2, "irq 27 nvme0q3", "page fault", 2, 0 },
		{ ST_USER, 60, 2, "", "", 1, 0 },
	};
	static const struct fake_seg fast[] = {
		{ ST_USER, 1100, 2, "", "", 1, 0 }, { ST_OUTSIDE, 6900, -1, "", "epoll_wait", 1, 0 },
		{ ST_RETURN, 30, 2, "", "epoll_wait", 1, 0 }, { ST_USER, 70, 2, "", "", 1, 0 },
	};

	fake_step(s, "31", FAKE_BEGIN + 50 * MS, fast, ARRAY_LEN(fast));
	fake_step(s, "32", FAKE_BEGIN + 100 * MS, slow, ARRAY_LEN(slow));
	s->n_steps_all = 5386;
	s->steps_all = fake_quant(5386, 8100 * US, 23400 * US, 41200 * US);
	s->steps_all.p99 = 23400 * US;
}

__attribute__((unused)) static void fake_planner_stages(struct snapshot *s)
{
	static const struct { int stage; double share, worst; uint64_t n, p50_us, p99_us, max_us; } row[] = {
		{ ST_USER, .16, .12, 16158, 900, 1200, 3100 }, { ST_KERNEL, .02, .02, 10772, 30, 60, 90 },
		{ ST_RETURN, .04, .06, 5386, 30, 80, 140 }, { ST_OUTSIDE, .55, .06, 5386, 6900, 9600, 12000 },
		{ ST_DEVICE, .05, .08, 1200, 800, 1900, 2200 }, { ST_BLK_COMPLETE, .01, .002, 1200, 12, 40, 61 },
		{ ST_IRQ, .0004, .0002, 5386, 2, 3, 8 }, { ST_SOFTIRQ_WAIT, .001, .0003, 5386, 2, 30, 70 },
		{ ST_NAPI, .05, .17, 5386, 40, 1410, 2600 }, { ST_WAKEUP, .002, .001, 5386, 5, 12, 60 },
		{ ST_RUNQUEUE, .11, .41, 5386, 90, 8214, 11800 }, { ST_UNKNOWN, .001, .001, 12, 3, 9, 9 },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		s->stage[row[i].stage] = (struct stage_row){ row[i].share, row[i].worst,
			fake_quant(row[i].n, row[i].p50_us * US, row[i].p99_us * US, row[i].max_us * US) };
}

__attribute__((unused)) static void fake_planner_machine(struct snapshot *s)
{
	static struct cpu_row cpus[] = {
		{ .cpu = 0, .node = -1, .cache = -1, .irq = 8 * MS, .softirq = 11 * MS, .task = 380 * MS, .idle = 9601 * MS,
		  .n_irqs = 4102, .why = "" },
		{ .cpu = 2, .node = 0, .cache = 2, .irq = 900 * MS, .softirq = 2800 * MS, .ksoftirqd = 100 * MS,
		  .task = 3300 * MS, .idle = 2900 * MS, .n_irqs = 90211, .harm = 62 * MS, .hot = 1,
		  .why = "38 % in interrupts, took 62.0 ms of steps" },
	};
	static struct irq_cpu eth_cpus[] = { { 2, { 80000, 240 * MS, US, 3 * US, 4 * US, 9 * US, 20 * US, 60 * US } },
					     { 0, { 1000, 3 * MS, US, 3 * US, 4 * US, 9 * US, 20 * US, 60 * US } } };
	static struct irq_row irqs[] = {
		{ .irq = 35, .name = "virtio2-input.2", .asked = "0-3", .effective = "2", .kind = IRQ_FREE, .cpus = eth_cpus, .n_cpus = 2,
		  .dist = { 81000, 243 * MS, US, 3 * US, 4 * US, 9 * US, 20 * US, 60 * US }, .completed_steps = 5386, .harm = 9 * MS },
		{ .irq = -1, .name = "reschedule", .asked = "", .effective = "",
		  .dist = { 4000, 4 * MS, 500, US, 2 * US, 3 * US, 4 * US, 9 * US } },
	};
	static struct softirq_row softirqs[] = {
		{ 3, "NET_RX", 81000, 51 * MS, { 80900, 2700 * MS, US, 20 * US, 60 * US, 1410 * US, 2000 * US, 2600 * US },
		  { 80900, 170 * MS, 300, 2 * US, 4 * US, 30 * US, 50 * US, 70 * US } },
	};
	static struct task_row tasks[] = {
		{ 871, 870, "planner", 3100 * MS, 900 * MS, 40 * MS, 6000 * MS, 160 * MS, 5400, 5388, 3, 0 },
		{ 678, 0, "fio", 1500 * MS, 20 * MS, 300 * MS, 8000 * MS, 0, 9000, 8000, 0, 29 * MS },
	};
	static struct submitter readers[] = {
		{ "planner", 871, 1100, 4505600, { 1100, 880 * MS, 500 * US, 800 * US, 900 * US, 1900 * US, 2000 * US, 2200 * US } },
		{ "", -1, 60, 245760, { 60, 48 * MS, 500 * US, 800 * US, 900 * US, 1900 * US, 2000 * US, 2200 * US } },
	};
	static struct block_row blocks[] = {
		{ .dev = "259,0", .op = "RA", .queue = { 1200, 5 * MS, US, 4 * US, 5 * US, 9 * US, 10 * US, 12 * US },
		  .device = { 1200, 960 * MS, 500 * US, 800 * US, 900 * US, 1900 * US, 2000 * US, 2200 * US }, .name = "nvme0n1",
		  .by = readers, .n_by = ARRAY_LEN(readers) },
	};
	static struct napi_row napis[] = {
		{ "eth0", 81000, 412000, 14, { 81000, 2500 * MS, US, 18 * US, 60 * US, 1400 * US, 2000 * US, 2600 * US }, { 0 } },
	};
	static struct ring_op ops[] = { { "READV", 1200, 2, 1, { 1200, 960 * MS, 500 * US, 800 * US, 900 * US, 1900 * US, 2000 * US, 2200 * US } } };
	static struct ring_row rings[] = {
		{ 0xffff888012345000ull, 871, 64, 128, ops, 1, 0, 3, 1200 * MS, { 300, 1200, 1, 4, 8, 16, 16, 16 } },
		{ 0xffff888012345800ull, 0, 0, 0, NULL, 0, 2, 0, 0, { 0 } },
	};

	s->cpus = cpus, s->n_cpus = ARRAY_LEN(cpus);
	s->irqs = irqs, s->n_irqs = ARRAY_LEN(irqs);
	s->softirqs = softirqs, s->n_softirqs = ARRAY_LEN(softirqs);
	s->tasks = tasks, s->n_tasks = ARRAY_LEN(tasks);
	s->blocks = blocks, s->n_blocks = ARRAY_LEN(blocks);
	s->napis = napis, s->n_napis = ARRAY_LEN(napis);
	s->rings = rings, s->n_rings = ARRAY_LEN(rings);
	s->wakeups.waking_to_run = fake_quant(22000, 12 * US, 8000 * US, 11800 * US);
	s->wakeups.wakeup_to_run = fake_quant(22000, 11 * US, 7990 * US, 11790 * US);
	s->wakeups.n_cross_cpu = 310;
}

__attribute__((unused)) static void fake_planner(struct snapshot *s)
{
	static struct agent_row agent = { .agent = "planner", .comm = "python3", .cls = "interactive", .tgid = 870,
					  .n_deadline_miss = 14 };
	static struct kind_row kind = { .agent = "planner", .name = "plan", .tgid = 870, .n_deadline_miss = 14, .worst_stage = ST_RUNQUEUE,
					.worst_ns = 6100 * US };
	static const char *missing[] = { "nvme:nvme_setup_cmd", "nvme:nvme_complete_rq" };
	static struct capability caps[] = {
		{ "block", CAP_ON, NULL, 0, "" },
		{ "nvme", CAP_OFF, missing, 2, "which NVMe queue a request was in" },
	};
	static struct loss_row losses[] = { { 1, 2, 120, 0 }, { UINT32_MAX, 1, 0, 1 } };
	static const char *notes[] = { "the trace begins in the middle: nothing is known about what came before" };

	fake_empty(s);
	s->source.kind = "trace.dat", s->source.file = "incident.dat", s->source.version = "7", s->source.clock = "mono";
	s->source.host = "web-07", s->source.kernel = "6.18.44", s->source.arch = "x86_64", s->source.cpus = 4;
	s->source.begin = FAKE_BEGIN, s->source.end = FAKE_BEGIN + 10000 * MS;
	s->source.n_events = 840000, s->source.n_lost = 120, s->source.n_late = 2;
	agent.steps = kind.steps = fake_quant(5386, 8100 * US, 23400 * US, 41200 * US);
	kind.deadlines = fake_quant(5386, 20 * MS, 20 * MS, 20 * MS);
	kind.deadlines.min = 20 * MS;
	agent.between = fake_quant(5385, 400 * US, 2000 * US, 9000 * US);
	s->agents = &agent, s->n_agents = 1;
	s->kinds = &kind, s->n_kinds = 1;
	s->caps = caps, s->n_caps = ARRAY_LEN(caps);
	s->losses = losses, s->n_losses = ARRAY_LEN(losses);
	s->notes = notes, s->n_notes = ARRAY_LEN(notes);
	fake_planner_steps(s);
	fake_planner_stages(s);
	fake_planner_machine(s);
}

#endif
