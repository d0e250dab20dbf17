// SPDX-License-Identifier: GPL-2.0-only
/* Syscalls: user time against kernel time, and the gates: the calls in which a task waits. */
#include <string.h>

#include "calls.h"
#include "stage.h"

/* Calls that wait by their nature: their end is the end of a turn (agenttop(1), "Turns"). */
static const char *const waiting[] = {
	"epoll_wait", "epoll_pwait", "epoll_pwait2", "io_uring_enter", "poll", "ppoll", "select", "pselect6",
	"read", "pread64", "readv", "preadv", "preadv2", "recvfrom", "recvmsg", "recvmmsg", "futex", "futex_wait",
	"futex_waitv", "nanosleep", "clock_nanosleep", "wait4", "waitid", "io_getevents", "io_pgetevents", "accept",
	"accept4",
};
struct call {
	str_id name;
	bool known, waits;
};
struct state {
	struct call by_type[UINT16_MAX + 1];
	struct call by_nr[512];
	bool named;		/* the calls' own events are recorded: raw_syscalls would count them twice */
};

static bool waits(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(waiting); i++)
		if (!strcmp(waiting[i], name))
			return true;
	return false;
}

static struct call *named(struct ctx *c, const struct event *ev)
{
	struct call *k = &((struct state *)stage_state(c))->by_type[ev->type];
	const char *name;

	if (k->known)
		return k;
	name = ctx_event_name(c, ev);
	name += strlen(name) > 10 && !strncmp(name, "sys_enter_", 10) ? 10 : 9;
	if (!strncmp(name, "new", 3))
		name += 3;	/* sys_enter_newfstat is fstat */
	*k = (struct call){ ctx_strz(c, name), true, waits(name) };
	return k;
}

static struct call *numbered(struct ctx *c, uint64_t nr)
{
	struct state *st = stage_state(c);
	struct call *k = &st->by_nr[nr < ARRAY_LEN(st->by_nr) ? nr : ARRAY_LEN(st->by_nr) - 1];
	const char *known;
	char name[32];

	if (k->known)
		return k;
	known = call_name(ctx_arch(c), nr);
	if (known)
		snprintf(name, sizeof name, "%s", known);
	else
		snprintf(name, sizeof name, "syscall %u", (unsigned)nr);
	*k = (struct call){ ctx_strz(c, name), true, waits(name) };
	return k;
}

static void enter(struct ctx *c, const struct event *ev)
{
	struct call *k = named(c, ev);

	((struct state *)stage_state(c))->named = true;
	task_gate(c, ev, GATE_ENTER, k->name, k->waits);
}

static void leave(struct ctx *c, const struct event *ev)
{
	task_gate(c, ev, GATE_EXIT, named(c, ev)->name, false);
}

static void raw_enter(struct ctx *c, const struct event *ev)
{
	struct call *k = numbered(c, ev->val[0]);

	if (!((struct state *)stage_state(c))->named)
		task_gate(c, ev, GATE_ENTER, k->name, k->waits);
}

static void raw_leave(struct ctx *c, const struct event *ev)
{
	if (!((struct state *)stage_state(c))->named)
		task_gate(c, ev, GATE_EXIT, numbered(c, ev->val[0])->name, false);
}

static const struct want wants[] = {
	{ "syscalls:sys_enter_*", { 0 }, enter, WANT_NEEDED },
	{ "syscalls:sys_exit_*", { 0 }, leave, WANT_NEEDED },
	{ "raw_syscalls:sys_enter", { "id" }, raw_enter, WANT_INSTEAD },
	{ "raw_syscalls:sys_exit", { "id" }, raw_leave, WANT_INSTEAD },
	{ 0 }
};
const struct stage stage_syscall = {
	.name = "syscall", .summary = "syscalls: kernel time, and the gates in which a task waits", .wants = wants,
	.state_size = sizeof(struct state),
	.hides = "kernel time: it counts as user time, and waits have no name", 
};
