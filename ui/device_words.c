// SPDX-License-Identifier: GPL-2.0-only
#include "device_words.h"
#include "look.h"

#include <string.h>

struct say {
	char *p;
	size_t len, n;
};

static PRINTF(2, 3) void say(struct say *o, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (o->n + 1 >= o->len)
		return;
	va_start(ap, fmt);
	n = vsnprintf(o->p + o->n, o->len - o->n, fmt, ap);
	va_end(ap);
	o->n = n < 0 ? o->n : MIN(o->n + (size_t)n, o->len - 1);
}

static struct say begin(char *text, size_t len)
{
	if (len)
		text[0] = 0;
	return (struct say){ text, len, 0 };
}

/* ---- names ---- */

/* What follows the operation's letter (include/trace/events/block.h, blk_fill_rwbs()). */
static const char *flag_word(char flag)
{
	switch (flag) {
	case 'F': return ", through";	/* FUA: to the medium, not to the device's cache */
	case 'A': return " ahead";
	case 'S': return ", sync";
	case 'M': return ", metadata";
	case 'U': return ", atomic";
	default: return NULL;
	}
}

static const char *op_word(const char **at)
{
	const char *p = *at;

	*at = p + (*p != 0);
	switch (*p) {
	case 'R': return "read";
	case 'W': return "write";
	case 'F': return "flush";
	case 'N': return "other";
	case 'D':
		*at += p[1] == 'E';
		return p[1] == 'E' ? "secure erase" : "discard";
	default: return NULL;
	}
}

char *device_op(char *buf, size_t len, const char *rwbs)
{
	struct say o = begin(buf, len);
	const char *p = rwbs, *word;

	if (p[0] == 'F' && p[1] && strchr("WRDNF", p[1])) {	/* what is in the device's cache goes first */
		p++;
		if (*p != 'F')
			say(&o, "flush, ");
	}
	word = op_word(&p);
	if (word)
		say(&o, "%s", word);
	while (word && *p && (word = flag_word(*p))) {
		say(&o, "%s", word);
		p++;
	}
	if (!word)
		snprintf(buf, len, "%s", rwbs[0] ? rwbs : LOOK_DASH);
	return buf;
}

const char *device_name(const struct block_row *b)
{
	return b->name && b->name[0] ? b->name : b->dev;
}

char *device_who(char *buf, size_t len, const char *comm, int32_t pid)
{
	if (pid < 0)
		snprintf(buf, len, "others");
	else
		snprintf(buf, len, "%s:%d", comm[0] ? comm : "?", pid);
	return buf;
}

const struct task_row *device_ring_task(const struct snapshot *s, const struct ring_row *r)
{
	for (size_t i = 0; i < s->n_tasks && r->pid > 0; i++)
		if (s->tasks[i].pid == r->pid)
			return s->tasks + i;
	return NULL;
}

/* ---- block devices ---- */

static const char *what_is_slow(const struct block_row *b)
{
	bool half = b->queue.p50 > b->device.p50, tail = b->queue.p99 > b->device.p99;

	return half && tail ? "the queue is what is slow" : tail ? "in the tail it is the queue that is slow" :
	       half ? "it is mostly the queue" : "the device is what takes the time";
}

static void say_times(struct say *o, const struct block_row *b)
{
	char q50[16], q99[16], d50[16], d99[16];

	fmt_ns(q50, sizeof q50, b->queue.p50), fmt_ns(q99, sizeof q99, b->queue.p99);
	fmt_ns(d50, sizeof d50, b->device.p50), fmt_ns(d99, sizeof d99, b->device.p99);
	if (b->queue.n && b->device.n)
		say(o, "requests wait %s above the device and %s in it (one in 100: %s and %s): %s.", q50, d50, q99, d99, what_is_slow(b));
	else if (b->device.n)
		say(o, "no request was seen waiting above the device; they take %s in it, one in 100 %s.", d50, d99);
	else
		say(o, "requests wait %s above the device, one in 100 %s; none was seen to complete.", q50, q99);
	if (b->queue.n && b->queue.n < b->device.n / 2)
		say(o, " Only %s of them were queued at all.", look_part(q50, sizeof q50, b->queue.n, b->device.n));
}

static void say_share(struct say *o, const struct block_row *b, const struct submitter *by)
{
	char who[96], share[16];

	say(o, "%s %s%s%s'%s", by == b->by ? "" : ",", look_part(share, sizeof share, by->n, b->device.n), by == b->by ? " of them are " : " ",
	    device_who(who, sizeof who, by->comm, by->pid), by->pid < 0 ? "" : "s");
}

/* The first two; whose the rest is, Space shows. */
static void say_who(struct say *o, const struct block_row *b)
{
	uint64_t known = 0;
	char who[96], n[16];

	for (size_t i = 0; i < b->n_by; i++)
		known += b->by[i].n;
	if (!known) {
		say(o, " Nothing tells who issued them.");
		return;
	}
	if (b->by[0].n == b->device.n) {
		say(o, " All are %s's.", device_who(who, sizeof who, b->by[0].comm, b->by[0].pid));
		return;
	}
	for (size_t i = 0; i < MIN(b->n_by, (size_t)2); i++)
		say_share(o, b, b->by + i);
	say(o, ".");
	if (known < b->device.n)
		say(o, " Whose %s are, nothing tells.", look_count(n, sizeof n, b->device.n - known));
}

/* The operation of the same device, another one, that keeps it busiest. */
static const struct block_row *beside(const struct snapshot *s, const struct block_row *b)
{
	const struct block_row *most = NULL;

	for (size_t i = 0; i < s->n_blocks; i++)
		if (s->blocks + i != b && !strcmp(s->blocks[i].dev, b->dev) && s->blocks[i].device.n &&
		    (!most || s->blocks[i].device.sum > most->device.sum))
			most = s->blocks + i;
	return most;
}

static void say_beside(struct say *o, const struct snapshot *s, const struct block_row *b)
{
	const struct block_row *other = beside(s, b);
	char who[96], op[64], n[16];

	if (!other)
		return;
	say(o, " The device also serves %s requests (%s)", look_count(n, sizeof n, other->device.n), device_op(op, sizeof op, other->op));
	if (other->n_by && other->by[0].n > other->device.n / 2)
		say(o, ", most of them %s's", device_who(who, sizeof who, other->by[0].comm, other->by[0].pid));
	say(o, ".");
}

static void say_completion(struct say *o, const struct block_row *b)
{
	enum verdict v = look_verdict(ST_BLK_COMPLETE, b->complete.p99);
	struct stage_target t = look_target(ST_BLK_COMPLETE);
	char p99[16], target[16];

	if (b->complete.n && (v == VERDICT_TAIL || v == VERDICT_OVER))
		say(o, " One in 100 takes %s from the interrupt to its completion; the target is %s.", fmt_ns(p99, sizeof p99, b->complete.p99),
		    fmt_ns(target, sizeof target, v == VERDICT_OVER && t.tail_ns ? t.tail_ns : t.typical_ns));
}

void device_block_words(const struct snapshot *s, const struct block_row *b, char *text, size_t len)
{
	struct say o = begin(text, len);
	const char *name = device_name(b);
	char op[64];

	say(&o, "%s on %s", device_op(op, sizeof op, b->op), name);
	if (name != b->dev)
		say(&o, " (%s)", b->dev);
	say(&o, ": ");
	say_times(&o, b);
	if (b->device.n)
		say_who(&o, b);
	say_beside(&o, s, b);
	say_completion(&o, b);
}

void device_by_words(const struct block_row *b, const struct submitter *by, char *text, size_t len)
{
	struct say o = begin(text, len);
	char who[96], op[64], n[16], share[16], bytes[16], p50[16], p99[16];

	say(&o, "%s issued %s (%s) of the requests (%s) on %s, %s.", device_who(who, sizeof who, by->comm, by->pid),
	    look_count(n, sizeof n, by->n), look_part(share, sizeof share, by->n, b->device.n), device_op(op, sizeof op, b->op),
	    device_name(b), look_bytes(bytes, sizeof bytes, by->bytes));
	if (by->device.n)
		say(&o, " They take %s in the device, one in 100 %s.", fmt_ns(p50, sizeof p50, by->device.p50),
		    fmt_ns(p99, sizeof p99, by->device.p99));
	if (by->pid < 0)
		say(&o, " They are more tasks than are told apart.");
	else if (!strncmp(by->comm, "kworker", 7) || !strncmp(by->comm, "jbd2", 4) || !strncmp(by->comm, "iou-wrk", 7))
		say(&o, " It works for others: for whom, no event tells.");
}

/* ---- NAPI ---- */

static void say_budget(struct say *o, const struct napi_row *n)
{
	char hits[16], polls[16], share[16];

	if (!n->n_budget_hits)
		say(o, " No poll used up its budget: each took all that was there.");
	else
		say(o, " %s of %s (%s) used up the budget: more was waiting than one poll may take, and the rest waited for the next one.",
		    look_count(hits, sizeof hits, n->n_budget_hits), look_count(polls, sizeof polls, n->n_polls),
		    look_part(share, sizeof share, n->n_budget_hits, n->n_polls));
}

static void say_batch(struct say *o, const struct quant *q)
{
	enum verdict v = look_verdict(ST_NAPI, q->p99);
	struct stage_target t = look_target(ST_NAPI);
	char n[16], p50[16], p99[16], target[16];

	if (!q->n) {
		say(o, " No step is known to have waited for a packet of it.");
		return;
	}
	say(o, " Steps waited for %s packet%s: reached %s into the poll, one in 100 %s; until then it served others",
	    look_count(n, sizeof n, q->n), q->n == 1 ? "" : "s", fmt_ns(p50, sizeof p50, q->p50), fmt_ns(p99, sizeof p99, q->p99));
	if (v == VERDICT_TAIL || v == VERDICT_OVER)
		say(o, "; the target is %s",
		    fmt_ns(target, sizeof target, v == VERDICT_OVER && t.tail_ns ? t.tail_ns : t.typical_ns));
	say(o, ".");
}

void device_napi_words(const struct napi_row *n, char *text, size_t len)
{
	struct say o = begin(text, len);
	char work[16];

	if (n->work && n->n_polls)
		say(&o, "%s: %s packets, %.1f a poll.", n->dev, look_count(work, sizeof work, n->work), (double)n->work / (double)n->n_polls);
	else
		say(&o, "%s: no packet was counted in its polls.", n->dev);
	if (n->work)
		say_budget(&o, n);
	say_batch(&o, &n->batch);
}

/* ---- io_uring ---- */

static void say_overflow(struct say *o, const struct ring_row *r)
{
	char n[16], of[32] = "";

	if (r->cq)
		snprintf(of, sizeof of, " of %u entries", r->cq);
	if (r->n_overflow)
		say(o, " %s completion%s found the completion queue%s full and had to be kept aside: the task takes them too late, or the "
		    "queue is too small.", look_count(n, sizeof n, r->n_overflow), r->n_overflow == 1 ? "" : "s", of);
	else
		say(o, " The completion queue%s was never seen full.", of);
}

static void say_failed(struct say *o, const struct ring_row *r)
{
	uint64_t n = 0, errors = 0;
	char a[16], b[16];

	for (size_t i = 0; i < r->n_ops; i++) {
		n += r->ops[i].n;
		errors += r->ops[i].n_error;
	}
	if (errors)
		say(o, " %s of %s failed.", look_count(a, sizeof a, errors), look_count(b, sizeof b, n));
}

void device_ring_words(const struct ring_row *r, const char *who, char *text, size_t len)
{
	struct say o = begin(text, len);
	char n[16], age[16];

	say(&o, "Ring 0x%llx%s%s.", (unsigned long long)r->ctx, who[0] ? " of " : "", who);
	say_overflow(&o, r);
	if (r->n_open)
		say(&o, " %s request%s open, the oldest for %s.", look_count(n, sizeof n, r->n_open), r->n_open == 1 ? " is" : "s are",
		    fmt_ns(age, sizeof age, r->oldest_open_ns));
	else
		say(&o, " No request is open.");
	say_failed(&o, r);
	if (r->batch.n)
		say(&o, " Completions come %s at a time, at most %s.", look_count(n, sizeof n, r->batch.p50),
		    look_count(age, sizeof age, r->batch.max));
}

void device_ring_op_words(const struct ring_op *op, char *text, size_t len)
{
	struct say o = begin(text, len);
	char n[16], errors[16], cancelled[16], p50[16], p99[16];

	say(&o, "%s: %s submitted, %s failed, %s cancelled.", op->op, look_count(n, sizeof n, op->n),
	    look_count(errors, sizeof errors, op->n_error), look_count(cancelled, sizeof cancelled, op->n_cancelled));
	if (op->dist.n)
		say(&o, " They take %s, one in 100 %s.", fmt_ns(p50, sizeof p50, op->dist.p50), fmt_ns(p99, sizeof p99, op->dist.p99));
	else
		say(&o, " None has completed.");
}

/* ---- nothing ---- */

void device_none_words(const struct snapshot *s, enum device_part part, char *text, size_t len)
{
	static const struct { const char *stage, *what, *none; } parts[N_DEVICE_PARTS] = {
		[PART_BLOCK] = { "block", "block devices", "no request was seen" },
		[PART_NAPI] = { "napi", "NAPI", "no poll was seen" },
		[PART_RING] = { "uring", "io_uring", "no ring was seen" },
	};
	struct say o = begin(text, len);
	const struct capability *cap = NULL;

	for (size_t i = 0; i < s->n_caps; i++)
		if (!strcmp(s->caps[i].stage, parts[part].stage))
			cap = s->caps + i;
	say(&o, "%s: ", parts[part].what);
	if (!cap || cap->state == CAP_ON || !cap->n_missing) {
		say(&o, "%s", parts[part].none);
		return;
	}
	say(&o, "not recorded: ");
	for (size_t i = 0; i < cap->n_missing; i++)
		say(&o, "%s%s", i ? ", " : "", cap->missing[i]);
}
