// SPDX-License-Identifier: GPL-2.0-only
#include "stages.h"

#include <string.h>

#define US 1000ull

const struct stage_name stage_names[N_STAGES] = {
	[ST_USER] = { "user", "user", 'u', "running the agent's own code", 0, 0 },
	[ST_KERNEL] = { "kernel", "kernel", 'k', "running in a syscall or page fault on the agent's behalf", 0, 0 },
	[ST_RETURN] = { "return", "return", 'c', "from switch-in to leaving the syscall that waited", 50 * US, 100 * US },
	[ST_IRQ_STEAL] = { "irq-steal", "IRQ steal", 'I', "a hard IRQ ran on the CPU while the agent held it", 0, 0 },
	[ST_SOFTIRQ_STEAL] = { "softirq-steal", "softirq steal", 'S', "a softirq ran on the CPU while the agent held it", 0, 0 },
	[ST_OUTSIDE] = { "outside", "outside", 'o', "nothing on this machine worked on it: the network, a remote tool, a user", 0, 0 },
	[ST_DEVICE] = { "device", "device", 'D', "a block or NVMe command was in the device: issue to the hard IRQ that reports it", 0, 0 },
	[ST_BLK_QUEUE] = { "blk-queue", "block queue", 'q', "queued above the device: insert to issue, tag waits, plug", 0, 0 },
	[ST_BLK_COMPLETE] = { "blk-complete", "block completion", 'b', "from the device's hard IRQ to the wakeup of the waiter", 30 * US, 100 * US },
	[ST_IRQ] = { "irq", "hard IRQ", 'i', "from a hard IRQ's entry to its hand-over, as part of the chain", 10 * US, 50 * US },
	[ST_SOFTIRQ_WAIT] = { "softirq-wait", "softirq wait", 's', "softirq raised, but not yet running", 50 * US, 500 * US },
	[ST_NAPI] = { "napi", "NAPI", 'n', "softirq running, until our packet reached its socket and woke us", 50 * US, 500 * US },
	[ST_TIMER] = { "timer", "timer", 't', "sleeping as asked, until the asked expiry", 0, 0 },
	[ST_TIMER_LATE] = { "timer-late", "timer late", 'l', "from the asked expiry to the handler", 0, 0 },
	[ST_PEER] = { "peer", "peer", 'p', "another task ran, working on it", 0, 0 },
	[ST_LOOP] = { "loop", "event loop", 'L', "the event loop worked for another step", 0, 0 },
	[ST_WAKEUP] = { "wakeup", "wakeup", 'w', "from the wakeup to being queued on the target CPU", 200 * US, 500 * US },
	[ST_RUNQUEUE] = { "runqueue", "run queue", 'R', "runnable, not running: who ran instead is the actor", 200 * US, 500 * US },
	[ST_PREEMPTED] = { "preempted", "preempted", 'P', "pushed off the CPU inside the step: who ran instead is the actor", 200 * US, 500 * US },
	[ST_LOST] = { "lost", "lost", '!', "overlaps missed events", 0, 0 },
	[ST_UNKNOWN] = { "unknown", "unknown", '?', "no event explains it", 0, 0 },
};

int stage_by_name(const char *name)
{
	for (int i = 0; i < N_STAGES; i++)
		if (!strcmp(stage_names[i].name, name))
			return i;
	return -1;
}
