// SPDX-License-Identifier: GPL-2.0-only
#include "evwords.h"

#include <ctype.h>
#include <string.h>

/* ---- vocabulary ---- */

static const struct { const char *name; enum ev_how how; } known[] = {
	{ "comm", EV_TEXT }, { "prev_comm", EV_TEXT }, { "next_comm", EV_TEXT }, { "parent_comm", EV_TEXT },
	{ "child_comm", EV_TEXT }, { "oldcomm", EV_TEXT }, { "newcomm", EV_TEXT }, { "name", EV_TEXT },
	{ "dev_name", EV_TEXT }, { "disk", EV_TEXT }, { "buf", EV_TEXT }, { "rwbs", EV_TEXT }, { "cmd", EV_TEXT },
	{ "op_str", EV_TEXT }, { "filename", EV_TEXT },
	{ "pid", EV_NUM }, { "prev_pid", EV_NUM }, { "next_pid", EV_NUM }, { "parent_pid", EV_NUM },
	{ "child_pid", EV_NUM }, { "tgid", EV_NUM }, { "prio", EV_NUM }, { "prev_prio", EV_NUM },
	{ "next_prio", EV_NUM }, { "target_cpu", EV_NUM }, { "orig_cpu", EV_NUM }, { "dest_cpu", EV_NUM },
	{ "cpu_id", EV_NUM }, { "irq", EV_NUM }, { "vector", EV_NUM }, { "sector", EV_NUM }, { "nr_sector", EV_NUM },
	{ "bytes", EV_NUM }, { "error", EV_NUM }, { "count", EV_NUM }, { "work", EV_NUM }, { "budget", EV_NUM },
	{ "user_data", EV_NUM },
	{ "from", EV_TIME }, { "expires", EV_TIME }, { "softexpires", EV_TIME }, { "now", EV_TIME },
	{ "prev_state", EV_STATE }, { "vec", EV_VEC }, { "dev", EV_DEV }, { "ret", EV_RET }, { "id", EV_SYSCALL },
};
struct word_num {
	const char *name;
	uint64_t num;
};
/* TASK_REPORT of 4.14 and later; R+ is TASK_REPORT_MAX: runnable, but pushed off. */
static const struct word_num states[] = {
	{ "R", 0 }, { "S", 1 }, { "D", 2 }, { "T", 4 }, { "t", 8 }, { "X", 0x10 }, { "Z", 0x20 }, { "P", 0x40 },
	{ "I", 0x80 }, { "R+", 0x100 }, { NULL, 0 },
};
static const struct word_num vecs[] = {
	{ "HI", 0 }, { "TIMER", 1 }, { "NET_TX", 2 }, { "NET_RX", 3 }, { "BLOCK", 4 }, { "IRQ_POLL", 5 }, { "TASKLET", 6 },
	{ "SCHED", 7 }, { "HRTIMER", 8 }, { "RCU", 9 }, { NULL, 0 },
};
static const struct word_num rets[] = {
	{ "none", 0 }, { "handled", 1 }, { "wake_thread", 2 }, { NULL, 0 },
};
/* x86-64; with another @arch write the number. */
static const struct word_num syscalls[] = {
	{ "read", 0 }, { "write", 1 }, { "poll", 7 }, { "pread64", 17 }, { "pwrite64", 18 }, { "readv", 19 }, { "select", 23 },
	{ "nanosleep", 35 }, { "accept", 43 }, { "sendto", 44 }, { "recvfrom", 45 }, { "sendmsg", 46 }, { "recvmsg", 47 },
	{ "clone", 56 }, { "vfork", 58 }, { "execve", 59 }, { "exit", 60 }, { "wait4", 61 }, { "fsync", 74 },
	{ "futex", 202 }, { "io_getevents", 208 }, { "clock_nanosleep", 230 }, { "epoll_wait", 232 }, { "waitid", 247 },
	{ "openat", 257 }, { "pselect6", 270 }, { "ppoll", 271 }, { "epoll_pwait", 281 }, { "preadv", 295 },
	{ "recvmmsg", 299 }, { "io_uring_enter", 426 }, { "clone3", 435 }, { "epoll_pwait2", 441 }, { NULL, 0 },
};
static const struct { enum ev_how how; const struct word_num *v; const char *what; } tables[] = {
	{ EV_STATE, states, "a task state (R S D T t X Z P I or R+)" },
	{ EV_VEC, vecs, "a softirq (HI TIMER NET_TX NET_RX BLOCK IRQ_POLL TASKLET SCHED HRTIMER RCU)" },
	{ EV_RET, rets, "none, handled, wake_thread" },
	{ EV_SYSCALL, syscalls, "a system call that agenttop-ev(5) lists" },
};

const struct ev_task ev_tasks[EV_TASKS] = {
	{ "task", "comm", "pid", "prio" }, { "prev", "prev_comm", "prev_pid", "prev_prio" },
	{ "next", "next_comm", "next_pid", "next_prio" }, { "parent", "parent_comm", "parent_pid", NULL },
	{ "child", "child_comm", "child_pid", NULL },
};

static const struct ev_verb verbs[] = {
	{ "switch", "sched:sched_switch", { "prev_state", "next" } },
	{ "waking", "sched:sched_waking", { "task", "target_cpu" } },
	{ "wakeup", "sched:sched_wakeup", { "task", "target_cpu" } },
	{ "wakeup_new", "sched:sched_wakeup_new", { "task", "target_cpu" } },
	{ "migrate", "sched:sched_migrate_task", { "task", "orig_cpu", "dest_cpu" } },
	{ "fork", "sched:sched_process_fork", { "parent", "child" } },
	{ "exec", "sched:sched_process_exec", { "filename", "pid", "old_pid" } },
	{ "exit", "sched:sched_process_exit", { "task" } },
	{ "irq_entry", "irq:irq_handler_entry", { "irq", "name" } },
	{ "irq_exit", "irq:irq_handler_exit", { "irq", "ret" } },
	{ "softirq_raise", "irq:softirq_raise", { "vec" } },
	{ "softirq_entry", "irq:softirq_entry", { "vec" } },
	{ "softirq_exit", "irq:softirq_exit", { "vec" } },
	{ "ipi_send", "ipi:ipi_send_cpu", { "cpu", "callsite", "callback" } },
	{ "sys_enter", "raw_syscalls:sys_enter", { "id" } },
	{ "sys_exit", "raw_syscalls:sys_exit", { "id", "ret" } },
	{ "rq_insert", "block:block_rq_insert", { "dev", "sector", "nr_sector", "rwbs", "comm" } },
	{ "rq_issue", "block:block_rq_issue", { "dev", "sector", "nr_sector", "rwbs", "comm" } },
	{ "rq_merge", "block:block_rq_merge", { "dev", "sector", "nr_sector", "rwbs", "comm" } },
	{ "rq_requeue", "block:block_rq_requeue", { "dev", "sector", "nr_sector", "rwbs" } },
	{ "rq_complete", "block:block_rq_complete", { "dev", "sector", "nr_sector", "rwbs", "error" } },
	{ "hrtimer_start", "timer:hrtimer_start", { "hrtimer", "softexpires", "expires" } },
	{ "hrtimer_expire", "timer:hrtimer_expire_entry", { "hrtimer", "now" } },
	{ "hrtimer_expired", "timer:hrtimer_expire_exit", { "hrtimer" } },
	{ "napi_poll", "napi:napi_poll", { "napi", "dev_name", "work", "budget" } },
	{ "sk_data_ready", "sock:sk_data_ready", { "skaddr", "family", "protocol" } },
	{ "cpu_idle", "power:cpu_idle", { "state", "cpu_id" } },
	{ "mark", "ftrace:print", { "buf" } },
	{ "lost", "agenttop:lost", { "count", "from" } },
};

enum ev_how evword_how(const char *field)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!strcmp(known[i].name, field))
			return known[i].how;
	return EV_ANY;
}

bool evword_named(enum ev_how how, const struct evword *w, uint64_t *v, const char **what)
{
	*what = "a number";
	for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
		if (tables[t].how != how)
			continue;
		*what = tables[t].what;
		for (const struct word_num *n = tables[t].v; n->name; n++)
			if (evword_is(w, n->name)) {
				*v = n->num;
				return true;
			}
	}
	return false;
}

const struct ev_verb *ev_verb_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (!strcmp(verbs[i].name, name) || !strcmp(verbs[i].full, name))
			return &verbs[i];
	return NULL;
}

/* ---- words ---- */

bool evword_is(const struct evword *w, const char *text)
{
	return w->len == strlen(text) && !memcmp(w->p, text, w->len);
}

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	       c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* *p is behind a backslash: appends the character meant. */
static const char *take_escape(char **p, char *end, struct evword *w)
{
	static const char from[] = "nrt0\"\\e", to[] = "\n\r\t\0\"\\\x1b";
	const char *c = *p < end && **p ? strchr(from, **p) : NULL;

	if (c) {
		w->p[w->len++] = to[c - from];
		*p += 1;
		return NULL;
	}
	if (end - *p < 3 || **p != 'x' || hex_digit((*p)[1]) < 0 || hex_digit((*p)[2]) < 0)
		return "\\n \\r \\t \\e \\0 \\\\ \\\" or \\xHH behind the backslash";
	w->p[w->len++] = (char)(hex_digit((*p)[1]) << 4 | hex_digit((*p)[2]));
	*p += 3;
	return NULL;
}

static const char *take_quoted(char **p, char *end, struct evword *w)
{
	const char *wrong = NULL;

	for (*p += 1; *p < end && **p != '"' && !wrong;) {
		char c = *(*p)++;

		if (c == '\\')
			wrong = take_escape(p, end, w);
		else
			w->p[w->len++] = c;
	}
	if (wrong)
		return wrong;
	if (*p >= end)
		return "a closing quote";
	*p += 1;
	w->quoted = true;
	w->bare = w->len;
	return NULL;
}

const char *evword_take(char **p, char *end, struct evword *w)
{
	*w = (struct evword){ .p = *p };
	while (*p < end && !isspace((unsigned char)**p)) {
		if (**p != '"') {
			w->p[w->len++] = *(*p)++;
			continue;
		}
		const char *wrong = take_quoted(p, end, w);

		if (wrong)
			return wrong;
	}
	return NULL;
}

/* ---- numbers and times ---- */

static bool digits(const char *s, size_t n, unsigned base, uint64_t *v)
{
	*v = 0;
	for (size_t i = 0; i < n; i++) {
		int d = hex_digit(s[i]);

		if (d < 0 || (unsigned)d >= base || __builtin_mul_overflow(*v, (uint64_t)base, v) ||
		    __builtin_add_overflow(*v, (uint64_t)d, v))
			return false;
	}
	return n > 0;
}

bool evword_decimal(const char *s, size_t n, uint64_t max, uint64_t *v)
{
	return digits(s, n, 10, v) && *v <= max;
}

bool evword_number(const char *s, size_t n, uint64_t *v)
{
	bool minus = n && *s == '-';
	uint64_t u;

	if (minus)
		s++, n--;
	if (n > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		if (!digits(s + 2, n - 2, 16, &u))
			return false;
	} else if (!digits(s, n, 10, &u)) {
		return false;
	}
	if (minus && u > (uint64_t)INT64_MAX + 1)
		return false;
	*v = minus ? 0 - u : u;
	return true;
}

uint64_t evword_unit(const char *s, size_t n)
{
	static const struct { const char *name; uint64_t ns; } units[] = {
		{ "ns", 1 }, { "us", NSEC_PER_USEC }, { "ms", NSEC_PER_MSEC }, { "s", NSEC_PER_SEC },
	};

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (n == strlen(units[i].name) && !memcmp(s, units[i].name, n))
			return units[i].ns;
	return 0;
}

bool evword_time(const char *s, size_t n, uint64_t unit, uint64_t *ts)
{
	size_t whole = 0, frac = 0, end;
	uint64_t v;

	while (whole < n && isdigit((unsigned char)s[whole]))
		whole++;
	if (whole < n && s[whole] == '.')
		while (whole + 1 + frac < n && isdigit((unsigned char)s[whole + 1 + frac]))
			frac++;
	end = whole + (frac ? frac + 1 : 0);
	unit = end < n ? evword_unit(s + end, n - end) : unit ? unit : frac ? NSEC_PER_SEC : 1;
	if (!unit || !digits(s, whole, 10, &v) || __builtin_mul_overflow(v, unit, &v) || v > EVWORD_TIME_MAX)
		return false;
	for (size_t i = 0; i < frac; i++) {
		unit /= 10;
		v += (uint64_t)(s[whole + 1 + i] - '0') * unit;
	}
	*ts = v;
	return v <= EVWORD_TIME_MAX;
}

bool evword_dev(const struct evword *w, uint64_t *v)
{
	const char *comma = w->len ? memchr(w->p, ',', w->len) : NULL;
	size_t n = comma ? (size_t)(comma - w->p) : 0;
	uint64_t major, minor;

	if (!comma || !evword_decimal(w->p, n, (1u << 12) - 1, &major) ||
	    !evword_decimal(comma + 1, w->len - n - 1, (1u << 20) - 1, &minor))
		return false;
	*v = major << 20 | minor;
	return true;
}
