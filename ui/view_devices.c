// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices: does a disk, a network device or a ring make steps wait, and who else keeps it busy? Three tables under one
 * cursor: block devices by operation, with who issued the requests; NAPI; io_uring rings with their operations.
 */
#include "head.h"
#include "device_words.h"
#include "kinds.h"
#include "look.h"
#include "table.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

struct line {
	uint32_t row;			/* in the snapshot's table */
	uint32_t child;			/* 0: the row itself; else submitter or operation + 1 */
};
struct section {
	unsigned sort;			/* column + 1; 0: as nobody asked */
	bool reverse;
	size_t top;
	/* Made by update(). */
	uint32_t *order;		/* rows as sorted */
	size_t cap_order;
	struct line *lines;
	size_t n, cap;
};
struct state {
	struct section part[N_DEVICE_PARTS];
	size_t cursor;			/* through all of them */
	bool moved;
	uint64_t sel;			/* line_id() */
	uint64_t *toggled;		/* line_id() of rows that are not as at first: disks folded, rings open */
	size_t n_toggled, cap_toggled;
	bool no_step;			/* Enter found none */
	uint32_t *ring_task;		/* row in snapshot.tasks by ring; UINT32_MAX: not known */
	size_t cap_ring_task;
};
struct arg {
	const struct state *st;
	const struct snapshot *s;
};

enum { B_DEV, B_OP, B_N, B_BYTES, B_Q50, B_Q99, B_QMAX, B_D50, B_D99, B_DMAX, B_C99,
       N_BLOCK_COLS, B_BY = N_BLOCK_COLS };	/* from N on: in a CSV */
static const struct column block_cols[] = {
	[B_DEV] = { "BLOCK DEVICE", "the disk, by number where its name is not known; below it who issued the requests", 12, 24, 0, 0, 1, "device" },
	[B_OP] = { "OPERATION", "what was asked of it", 11, 24, 0, 0, 1 },
	[B_N] = { "N", "requests", 6, 0, 3, 1, 1 },
	[B_BYTES] = { "BYTES", "read, written or discarded by those whose requests are known", 7, 0, 5, 1, 1 },
	[B_Q50] = { "QUEUE P50", "above the device: half of the requests waited longer", 9, 0, 6, 1, 1, "queue_p50_ns" },
	[B_Q99] = { "QUEUE P99", "one in 100 waited longer", 9, 0, 1, 1, 1, "queue_p99_ns" },
	[B_QMAX] = { "QUEUE MAX", "the longest wait", 9, 0, 8, 1, 1, "queue_max_ns" },
	[B_D50] = { "DEVICE P50", "in the device: half of the requests took longer", 10, 0, 2, 1, 1, "device_p50_ns" },
	[B_D99] = { "DEVICE P99", "one in 100 took longer", 11, 0, 0, 1, 1, "device_p99_ns" },
	[B_DMAX] = { "DEVICE MAX", "the slowest request", 10, 0, 7, 1, 1, "device_max_ns" },
	[B_C99] = { "COMPLETE P99", "from its interrupt to its completion: one in 100 took longer", 12, 0, 4, 1, 1, "complete_p99_ns" },
	[B_BY] = { .csv = "by" },
};
enum { N_DEV, N_POLLS, N_WORK, N_EACH, N_HITS, N_SHARE, N_T50, N_T99, N_TMAX, N_B50, N_B99 };
static const struct column napi_cols[] = {
	[N_DEV] = { "NAPI", "the network device", 11, 40, 0, 0, 1, "device" },
	[N_POLLS] = { "POLLS", "how often it was polled", 7, 0, 3, 1, 1 },
	[N_WORK] = { "WORK", "packets", 7, 0, 5, 1, 1 },
	[N_EACH] = { "PER POLL", "packets in a poll, on average", 8, 0, 4, 1, 1 },
	[N_HITS] = { "BUDGET HITS", "polls that took as many packets as one poll may", 11, 0, 1, 1, 1 },
	[N_SHARE] = { "OF POLLS", "the same as a share of all polls", 8, 0, 6, 1, 1, "budget_share" },
	[N_T50] = { "TIME P50", "half of the polls took longer", 8, 0, 8, 1, 1, "time_p50_ns" },
	[N_T99] = { "TIME P99", "one poll in 100 took longer", 9, 0, 0, 1, 1, "time_p99_ns" },
	[N_TMAX] = { "TIME MAX", "the longest poll", 8, 0, 7, 1, 1, "time_max_ns" },
	[N_B50] = { "BATCH P50", "what a poll did before a step's packet: half waited longer", 9, 0, 2, 1, 1, "batch_p50_ns" },
	[N_B99] = { "BATCH P99", "one in 100 waited longer", 9, 0, 0, 1, 1, "batch_p99_ns" },
};
enum { R_RING, R_TASK, R_SIZE, R_OPS, R_ERRORS, R_CANCELLED, R_P50, R_P99, R_MAX, R_BATCH, R_OVERFLOW, R_OPEN, R_OLDEST,
       N_RING_COLS, R_OP = N_RING_COLS, R_SQ, R_CQ };
static const struct column ring_cols[] = {
	[R_RING] = { "IO_URING", "the ring, by its address in the kernel; below it its operations", 18, 0, 0, 0, 1, "ring" },
	[R_TASK] = { "TASK", "who made it, or was first seen to use it", 13, 28, 3, 0, 1 },
	[R_SIZE] = { "SQ/CQ", "entries of the submission and of the completion queue", 9, 0, 9, 1, 1, "" },
	[R_OPS] = { "OPS", "requests that were submitted", 7, 0, 0, 1, 1 },
	[R_ERRORS] = { "ERRORS", "that failed", 6, 0, 4, 1, 1 },
	[R_CANCELLED] = { "CANCELLED", "that were cancelled", 9, 0, 8, 1, 1 },
	[R_P50] = { "P50", "submission to completion, by operation: half took longer", 7, 0, 6, 1, 0, "p50_ns" },
	[R_P99] = { "P99", "one in 100 took longer", 7, 0, 0, 1, 0, "p99_ns" },
	[R_MAX] = { "MAX", "the slowest of all", 7, 0, 5, 1, 1, "max_ns" },
	[R_BATCH] = { "BATCH P50", "completions that the task took at a time", 9, 0, 10, 1, 1 },
	[R_OVERFLOW] = { "OVERFLOW", "completions that did not fit into the queue", 8, 0, 7, 1, 1 },
	[R_OPEN] = { "OPEN", "requests without a completion", 5, 0, 1, 1, 1 },
	[R_OLDEST] = { "OLDEST", "how long the oldest of them has been open", 7, 0, 2, 1, 1, "oldest_ns" },
	[R_OP] = { .csv = "operation" }, [R_SQ] = { .csv = "sq" }, [R_CQ] = { .csv = "cq" },
};

/* ---- what stands in the columns ---- */

static void text_field(struct field *f, const char *text)
{
	f->kind = text[0] ? FIELD_TEXT : FIELD_UNKNOWN;
	f->text = text;
}

static void count_field(struct field *f, uint64_t n)
{
	f->kind = FIELD_COUNT;
	f->num = (double)n;
}

static void time_field(struct field *f, uint64_t ns, bool known)
{
	f->kind = known ? FIELD_TIME : FIELD_UNKNOWN;
	f->num = (double)ns;
}

/* A time against the targets of its stage. */
static void stage_field(struct field *f, unsigned stage, uint64_t ns, bool known)
{
	enum verdict v = look_verdict(stage, ns);
	char t[16];

	time_field(f, ns, known);
	if (!known)
		return;
	snprintf(f->buf, sizeof f->buf, "%s%s%s", fmt_ns(t, sizeof t, ns), look_verdict_sign(v)[0] ? " " : "", look_verdict_sign(v));
	text_field(f, f->buf);
	f->style = (uint16_t)look_verdict_style(v);
}

static void bytes_field(struct field *f, uint64_t n, bool known)
{
	f->kind = FIELD_UNKNOWN;
	f->num = (double)n;
	if (known)
		text_field(f, look_bytes(f->buf, sizeof f->buf, n));
}

static uint64_t bytes_of(const struct block_row *b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < b->n_by; i++)
		n += b->by[i].bytes;
	return n;
}

static void block_row(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct block_row *b = ((const struct arg *)arg)->s->blocks + row;
	const struct quant *q = &b->queue, *d = &b->device;

	switch (col) {
	case B_DEV: text_field(f, device_name(b)); break;
	case B_OP: text_field(f, device_op(f->buf, sizeof f->buf, b->op)); break;
	case B_N: count_field(f, MAX(d->n, q->n)); break;
	case B_BYTES: bytes_field(f, bytes_of(b), b->n_by); break;
	case B_Q50: stage_field(f, ST_BLK_QUEUE, q->p50, q->n); break;
	case B_Q99: stage_field(f, ST_BLK_QUEUE, q->p99, q->n); break;
	case B_QMAX: stage_field(f, ST_BLK_QUEUE, q->max, q->n); break;
	case B_D50: stage_field(f, ST_DEVICE, d->p50, d->n); break;
	case B_D99: stage_field(f, ST_DEVICE, d->p99, d->n); break;
	case B_DMAX: stage_field(f, ST_DEVICE, d->max, d->n); break;
	case B_C99: stage_field(f, ST_BLK_COMPLETE, b->complete.p99, b->complete.n); break;
	}
}

static void by_field(const struct submitter *by, unsigned col, struct field *f)
{
	const struct quant *d = &by->device;

	switch (col) {
	case B_DEV:
		text_field(f, device_who(f->buf, sizeof f->buf, by->comm, by->pid));
		f->indent = 2;
		f->span = B_OP - B_DEV;
		break;
	case B_N: count_field(f, by->n); break;
	case B_BYTES: bytes_field(f, by->bytes, true); break;
	case B_D50: stage_field(f, ST_DEVICE, d->p50, d->n); break;
	case B_D99: stage_field(f, ST_DEVICE, d->p99, d->n); break;
	case B_DMAX: stage_field(f, ST_DEVICE, d->max, d->n); break;
	}
}

static void napi_row(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct napi_row *n = ((const struct arg *)arg)->s->napis + row;
	bool known = n->n_polls > 0;

	switch (col) {
	case N_DEV: text_field(f, n->dev); break;
	case N_POLLS: count_field(f, n->n_polls); break;
	case N_WORK: count_field(f, n->work); break;
	case N_EACH:
		f->num = known ? (double)n->work / (double)n->n_polls : 0;
		snprintf(f->buf, sizeof f->buf, "%.1f", f->num);
		text_field(f, known ? f->buf : "");
		break;
	case N_HITS: count_field(f, n->n_budget_hits); break;
	case N_SHARE:
		f->num = known ? (double)n->n_budget_hits / (double)n->n_polls : 0;
		text_field(f, known ? look_share(f->buf, sizeof f->buf, f->num) : "");
		break;
	case N_T50: time_field(f, n->dist.p50, n->dist.n); break;
	case N_T99: time_field(f, n->dist.p99, n->dist.n); break;
	case N_TMAX: time_field(f, n->dist.max, n->dist.n); break;
	case N_B50: stage_field(f, ST_NAPI, n->batch.p50, n->batch.n); break;
	case N_B99: stage_field(f, ST_NAPI, n->batch.p99, n->batch.n); break;
	}
}

/* The ring's task as "comm:pid", as far as it is known; "" when it is not. */
static const char *ring_who(const struct arg *a, size_t row, char *buf, size_t len)
{
	const struct ring_row *r = a->s->rings + row;
	uint32_t task = a->st->ring_task[row];

	buf[0] = 0;
	if (r->pid > 0)
		device_who(buf, len, task < a->s->n_tasks ? a->s->tasks[task].comm : "", r->pid);
	return buf;
}

static void size_field(struct field *f, const struct ring_row *r)
{
	char sq[16], cq[16];

	f->kind = r->sq || r->cq ? FIELD_TEXT : FIELD_UNKNOWN;
	f->num = (double)r->sq;
	snprintf(f->buf, sizeof f->buf, "%s/%s", look_count(sq, sizeof sq, r->sq), look_count(cq, sizeof cq, r->cq));
	f->text = f->buf;
}

/* All operations together: what failed, what is slowest. */
static struct ring_op ring_sum(const struct ring_row *r)
{
	struct ring_op sum = { .op = "" };

	for (size_t i = 0; i < r->n_ops; i++) {
		sum.n += r->ops[i].n;
		sum.n_error += r->ops[i].n_error;
		sum.n_cancelled += r->ops[i].n_cancelled;
		sum.dist.n += r->ops[i].dist.n;
		sum.dist.max = MAX(sum.dist.max, r->ops[i].dist.n ? r->ops[i].dist.max : 0);
	}
	return sum;
}

static void bad_count(struct field *f, uint64_t n, unsigned style)
{
	count_field(f, n);
	f->style = (uint16_t)(n ? style : STYLE_NORMAL);
}

static void op_numbers(const struct ring_op *op, unsigned col, struct field *f)
{
	switch (col) {
	case R_OPS: count_field(f, op->n); break;
	case R_ERRORS: bad_count(f, op->n_error, STYLE_NOTE); break;
	case R_CANCELLED: count_field(f, op->n_cancelled); break;
	case R_P50: time_field(f, op->dist.p50, op->dist.n); break;
	case R_P99: time_field(f, op->dist.p99, op->dist.n); break;
	case R_MAX: time_field(f, op->dist.max, op->dist.n); break;
	}
}

static void op_field(const struct ring_op *op, unsigned col, struct field *f)
{
	if (col != R_RING) {
		op_numbers(op, col, f);
		return;
	}
	text_field(f, op->op);
	f->indent = 2;
	f->span = R_TASK - R_RING;
}

static void ring_row(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct ring_row *r = ((const struct arg *)arg)->s->rings + row;
	struct ring_op sum;

	switch (col) {
	case R_RING:
		snprintf(f->buf, sizeof f->buf, "0x%llx", (unsigned long long)r->ctx);
		text_field(f, f->buf);
		break;
	case R_TASK: text_field(f, ring_who(arg, row, f->buf, sizeof f->buf)); break;
	case R_SIZE: size_field(f, r); break;
	case R_P50: case R_P99: break;		/* of each operation alone */
	case R_BATCH:
		count_field(f, r->batch.p50);
		f->kind = r->batch.n ? FIELD_COUNT : FIELD_UNKNOWN;
		break;
	case R_OVERFLOW: bad_count(f, r->n_overflow, STYLE_OVER); break;
	case R_OPEN: count_field(f, r->n_open); break;
	case R_OLDEST: time_field(f, r->oldest_open_ns, r->n_open); break;
	default:
		sum = ring_sum(r);
		op_numbers(&sum, col, f);
		break;
	}
}

/* Sorting asks by row of the snapshot, drawing by line. */
static const struct table orders[N_DEVICE_PARTS] = {
	{ block_cols, N_BLOCK_COLS, block_row }, { napi_cols, ARRAY_LEN(napi_cols), napi_row },
	{ ring_cols, N_RING_COLS, ring_row },
};
static const unsigned first_sort[N_DEVICE_PARTS] = { B_D99, N_T99, R_OPS };

static void line_field(const struct arg *a, enum device_part part, size_t line, unsigned col, struct field *f)
{
	const struct line *l = a->st->part[part].lines + line;

	if (!l->child)
		orders[part].field(a, l->row, col, f);
	else if (part == PART_BLOCK)
		by_field(a->s->blocks[l->row].by + l->child - 1, col, f);
	else
		op_field(a->s->rings[l->row].ops + l->child - 1, col, f);
}

static void block_line(const void *arg, size_t line, unsigned col, struct field *f)
{
	line_field(arg, PART_BLOCK, line, col, f);
}

static void napi_line(const void *arg, size_t line, unsigned col, struct field *f)
{
	line_field(arg, PART_NAPI, line, col, f);
}

static void ring_line(const void *arg, size_t line, unsigned col, struct field *f)
{
	line_field(arg, PART_RING, line, col, f);
}

static const struct table tables[N_DEVICE_PARTS] = {
	{ block_cols, N_BLOCK_COLS, block_line }, { napi_cols, ARRAY_LEN(napi_cols), napi_line },
	{ ring_cols, N_RING_COLS, ring_line },
};

/*
 * In a CSV each row says what it is of, also one that stands below another; operations are named as in the report, and
 * what the screen has in words are numbers.
 */
static void block_csv(const void *arg, size_t line, unsigned col, struct field *f)
{
	const struct arg *a = arg;
	const struct line *l = a->st->part[PART_BLOCK].lines + line;
	const struct block_row *b = a->s->blocks + l->row;

	switch (col) {
	case B_DEV: text_field(f, device_name(b)); break;
	case B_OP: text_field(f, b->op); break;
	case B_BY:
		if (l->child)
			text_field(f, device_who(f->buf, sizeof f->buf, b->by[l->child - 1].comm, b->by[l->child - 1].pid));
		break;
	default:
		block_line(arg, line, col, f);
		if (f->kind == FIELD_TEXT)
			f->kind = col == B_BYTES ? FIELD_COUNT : FIELD_TIME;
	}
}

static void napi_csv(const void *arg, size_t line, unsigned col, struct field *f)
{
	napi_line(arg, line, col, f);
	if (f->kind != FIELD_TEXT || col == N_DEV)
		return;
	if (col == N_EACH || col == N_SHARE)
		field_ratio(f, f->num);
	else
		f->kind = FIELD_TIME;
}

static void known_count(struct field *f, uint64_t n)
{
	count_field(f, n);
	f->kind = n ? FIELD_COUNT : FIELD_UNKNOWN;
}

static void ring_csv(const void *arg, size_t line, unsigned col, struct field *f)
{
	const struct arg *a = arg;
	const struct line *l = a->st->part[PART_RING].lines + line;
	const struct ring_row *r = a->s->rings + l->row;

	switch (col) {
	case R_RING: case R_TASK: ring_row(arg, l->row, col, f); break;
	case R_OP:
		if (l->child)
			text_field(f, r->ops[l->child - 1].op);
		break;
	case R_SQ: known_count(f, r->sq); break;
	case R_CQ: known_count(f, r->cq); break;
	default: ring_line(arg, line, col, f);
	}
}

static const struct table csv_tables[N_DEVICE_PARTS] = {
	{ block_cols, ARRAY_LEN(block_cols), block_csv }, { napi_cols, ARRAY_LEN(napi_cols), napi_csv },
	{ ring_cols, ARRAY_LEN(ring_cols), ring_csv },
};

static unsigned sort_col(const struct state *st, enum device_part part)
{
	return st->part[part].sort ? st->part[part].sort - 1 : first_sort[part];
}

/* ---- lines ---- */

static size_t n_lines(const struct state *st)
{
	size_t n = 0;

	for (unsigned i = 0; i < N_DEVICE_PARTS; i++)
		n += st->part[i].n;
	return n;
}

/* Which table a line of all is in; *line becomes the one in it. */
static enum device_part part_of(const struct state *st, size_t *line)
{
	unsigned part = 0;

	while (part + 1 < N_DEVICE_PARTS && *line >= st->part[part].n)
		*line -= st->part[part++].n;
	return part;
}

static uint64_t mix(uint64_t h, const char *text)
{
	while (*text)
		h = hash64(h ^ (unsigned char)*text++);
	return hash64(h + 1);
}

static uint64_t row_id(const struct snapshot *s, enum device_part part, uint32_t row)
{
	switch (part) {
	case PART_BLOCK: return mix(mix(1, s->blocks[row].dev), s->blocks[row].op);
	case PART_NAPI: return mix(2, s->napis[row].dev);
	default: return hash64(hash64(3) ^ s->rings[row].ctx);
	}
}

/* A line by what it tells of: numbers of rows change from snapshot to snapshot. */
static uint64_t line_id(const struct snapshot *s, enum device_part part, const struct line *l)
{
	uint64_t id = row_id(s, part, l->row);

	if (l->child && part == PART_BLOCK)
		return mix(hash64(id ^ (uint32_t)s->blocks[l->row].by[l->child - 1].pid), s->blocks[l->row].by[l->child - 1].comm);
	return l->child ? mix(id, s->rings[l->row].ops[l->child - 1].op) : id;
}

static size_t toggled_i(const struct state *st, uint64_t id)
{
	size_t i = 0;

	while (i < st->n_toggled && st->toggled[i] != id)
		i++;
	return i;
}

/* Submitters are shown when asked for; the operations are what a ring is about. */
static size_t n_children(const struct state *st, const struct snapshot *s, enum device_part part, uint32_t row)
{
	bool toggled = st->n_toggled && toggled_i(st, row_id(s, part, row)) < st->n_toggled;

	if (part == PART_BLOCK)
		return toggled ? s->blocks[row].n_by : 0;
	return part == PART_RING && !toggled ? s->rings[row].n_ops : 0;
}

static void add_line(struct section *sec, uint32_t row, uint32_t child)
{
	GROW(sec->lines, sec->n, sec->cap);
	sec->lines[sec->n++] = (struct line){ row, child };
}

static void make_part(struct state *st, const struct snapshot *s, enum device_part part, size_t n_rows)
{
	struct section *sec = st->part + part;
	struct arg a = { st, s };

	sec->n = 0;
	if (!n_rows)
		return;
	GROW(sec->order, n_rows - 1, sec->cap_order);
	for (uint32_t i = 0; i < n_rows; i++)
		sec->order[i] = i;
	table_sort(orders + part, &a, sec->order, n_rows, sort_col(st, part), sec->reverse);
	for (size_t i = 0; i < n_rows; i++) {
		size_t n = n_children(st, s, part, sec->order[i]);

		add_line(sec, sec->order[i], 0);
		for (uint32_t k = 1; k <= n; k++)
			add_line(sec, sec->order[i], k);
	}
}

static const struct line *line_at(const struct state *st, size_t line, enum device_part *part)
{
	*part = part_of(st, &line);
	return st->part[*part].lines + line;
}

/* The cursor stays with its line; when that is gone, with its device, or else where it was. */
static void restore(struct state *st, const struct snapshot *s)
{
	size_t n = n_lines(st), i = 0;
	enum device_part part;

	if (!st->moved)
		st->cursor = 0;
	for (; st->moved && i < n; i++) {
		const struct line *l = line_at(st, i, &part);

		if (line_id(s, part, l) == st->sel)
			break;
	}
	if (st->moved)
		st->cursor = i < n ? i : MIN(st->cursor, n ? n - 1 : 0);
}

static void make_lines(struct state *st, const struct snapshot *s)
{
	make_part(st, s, PART_BLOCK, s->n_blocks);
	make_part(st, s, PART_NAPI, s->n_napis);
	make_part(st, s, PART_RING, s->n_rings);
	restore(st, s);
}

struct known_task {
	int32_t pid;
	uint32_t row;
};

static int by_pid(const void *a, const void *b)
{
	const struct known_task *x = a, *y = b;

	return x->pid != y->pid ? (x->pid < y->pid ? -1 : 1) : x->row < y->row ? -1 : 1;
}

static uint32_t find_task(const struct known_task *tasks, size_t n, int32_t pid)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (tasks[mid].pid < pid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && tasks[lo].pid == pid ? tasks[lo].row : UINT32_MAX;
}

static void find_ring_tasks(struct state *st, const struct snapshot *s)
{
	struct known_task *tasks;

	if (!s->n_rings)
		return;
	GROW(st->ring_task, s->n_rings - 1, st->cap_ring_task);
	tasks = xcalloc(s->n_tasks + 1, sizeof *tasks);
	for (uint32_t i = 0; i < s->n_tasks; i++)
		tasks[i] = (struct known_task){ s->tasks[i].pid, i };
	qsort(tasks, s->n_tasks, sizeof *tasks, by_pid);
	for (size_t i = 0; i < s->n_rings; i++)
		st->ring_task[i] = find_task(tasks, s->n_tasks, s->rings[i].pid);
	free(tasks);
}

static void update(void *state, const struct snapshot *s)
{
	struct state *st = state;

	st->no_step = false;
	find_ring_tasks(st, s);
	make_lines(st, s);
}

/* ---- painting ---- */

struct layout {
	int lines[N_DEVICE_PARTS], gap, words;
};

/* Heading and a line for each, that of the cursor first; then in turn, until each has what it wants. */
static struct layout lay_out(const struct state *st, int h)
{
	size_t cursor = st->cursor;
	int want[N_DEVICE_PARTS], first = part_of(st, &cursor), n = N_DEVICE_PARTS;
	struct layout l = { .words = h < 5 ? 0 : MIN(h / 4, 6) };
	bool grown = true;

	h -= l.words;
	for (int i = 0; i < n; i++)
		want[i] = st->part[i].n ? (int)MIN(st->part[i].n, 100000u) + 1 : 1;
	for (int k = 0; k < n; k++) {
		int i = (first + k) % n, least = MIN(want[i], 2);

		if (least <= h) {
			l.lines[i] = least;
			h -= least;
		}
	}
	while (h > 0 && grown) {
		grown = false;
		for (int i = 0; i < n && h > 0; i++)
			if (l.lines[i] && l.lines[i] < want[i]) {
				l.lines[i]++;
				h--;
				grown = true;
			}
	}
	l.gap = h >= n;
	return l;
}

static void line_words(const struct arg *a, char *text, size_t len)
{
	enum device_part part;
	const struct line *l;
	char who[96];

	text[0] = 0;
	if (!n_lines(a->st))
		return;
	l = line_at(a->st, a->st->cursor, &part);
	if (part == PART_NAPI)
		device_napi_words(a->s->napis + l->row, text, len);
	else if (part == PART_BLOCK && l->child)
		device_by_words(a->s->blocks + l->row, a->s->blocks[l->row].by + l->child - 1, text, len);
	else if (part == PART_BLOCK)
		device_block_words(a->s, a->s->blocks + l->row, text, len);
	else if (l->child)
		device_ring_op_words(a->s->rings[l->row].ops + l->child - 1, text, len);
	else
		device_ring_words(a->s->rings + l->row, ring_who(a, l->row, who, sizeof who), text, len);
}

static void put_words(const struct arg *a, struct cells *c, struct rect r)
{
	char text[1024];

	if (a->st->no_step && r.h > 0) {
		cells_put(c, r.x, r.y, r.w, STYLE_NOTE, "No step that is kept waited for it.");
		r.y++;
		r.h--;
	}
	line_words(a, text, sizeof text);
	cells_wrap(c, r, 0, STYLE_NORMAL, text);
}

static void put_part(const struct arg *a, enum device_part part, const struct table_pos *pos, struct cells *c, struct rect r)
{
	const struct section *sec = a->st->part + part;
	char text[512];

	if (sec->n) {
		table_draw(tables + part, a, sec->n, pos, c, r, sort_col(a->st, part), sec->reverse);
		return;
	}
	device_none_words(a->s, part, text, sizeof text);
	cells_put(c, r.x, r.y, r.w, STYLE_DIM, text);
}

static void draw(const void *state, const struct snapshot *s, struct cells *c, struct rect r)
{
	const struct state *st = state;
	struct arg a = { st, s };
	struct layout l = lay_out(st, r.h);
	size_t cursor = st->cursor;
	int y = r.y;
	enum device_part in = part_of(st, &cursor);

	for (unsigned i = 0; i < N_DEVICE_PARTS; i++) {
		struct table_pos pos = { i == in && st->part[i].n ? cursor : TABLE_NO_CURSOR, st->part[i].top };

		if (l.lines[i])
			put_part(&a, i, &pos, c, (struct rect){ r.x, y, r.w, l.lines[i] });
		y += l.lines[i] ? l.lines[i] + l.gap : 0;
	}
	y = MIN(y + !l.gap, r.y + r.h - l.words);
	put_words(&a, c, (struct rect){ r.x, y, r.w, r.y + r.h - y });
}

static void status(const void *state, const struct snapshot *s, char *buf, size_t len)
{
	const struct state *st = state;
	size_t line = st->cursor, n = n_lines(st);
	enum device_part part = part_of(st, &line);
	char a[16], b[16];

	(void)s;
	buf[0] = 0;
	if (n)
		snprintf(buf, len, "%s/%s · sort %s %s", look_count(a, sizeof a, st->cursor + 1), look_count(b, sizeof b, n),
			 orders[part].cols[sort_col(st, part)].title, st->part[part].reverse ? "▲" : "▼");
}

static bool sheet(const void *state, const struct snapshot *s, unsigned nth, struct sheet *out)
{
	static const char *const names[N_DEVICE_PARTS] = { "disks", "napi", "rings" };
	const struct state *st = state;

	for (unsigned i = 0; i < N_DEVICE_PARTS; i++) {
		const struct section *sec = st->part + i;

		if (!sec->n || nth--)
			continue;
		*out = (struct sheet){ .name = names[i], .shown = tables + i, .csv = csv_tables + i, .n_rows = sec->n,
				       .sort_col = sort_col(st, i), .reverse = sec->reverse };
		sheet_arg(out, &(struct arg){ st, s }, sizeof(struct arg));
		return true;
	}
	return false;
}

/* ---- the step behind a line ---- */

/* "nvme0n1 q3" is nvme0n1's; "NET_RX eth0" and "napi/eth0-8193:12" are eth0's. */
static bool names_disk(const char *actor, const struct block_row *b)
{
	size_t len = b->name ? strlen(b->name) : 0;

	return !strcmp(actor, b->dev) || (len && !strncmp(actor, b->name, len) && (!actor[len] || actor[len] == ' '));
}

static bool names_net(const char *actor, const char *dev)
{
	const char *last = strrchr(actor, ' ');
	size_t len = strlen(dev);

	if (!strncmp(actor, "napi/", 5))
		return !strncmp(actor + 5, dev, len) && actor[5 + len] == '-';
	return len && last && !strcmp(last + 1, dev);
}

static bool is_of(const struct snapshot *s, enum device_part part, uint32_t row, const struct segment *g)
{
	const char *actor = snapshot_str(s, g->who ? g->who : g->actor);

	if (part == PART_NAPI)
		return g->stage == ST_NAPI && names_net(actor, s->napis[row].dev);
	return (g->stage == ST_DEVICE || g->stage == ST_BLK_QUEUE) && names_disk(actor, s->blocks + row);
}

/* The most that a step can have waited for it. */
static uint64_t bound(const struct snapshot *s, enum device_part part, uint32_t row, const struct step *step)
{
	if (!step->has_segments)
		return 0;
	if (part == PART_RING)
		return step->pid == s->rings[row].pid || step->tgid == s->rings[row].pid ? step_ns(step) : 0;
	return part == PART_NAPI ? step->ns[ST_NAPI] : step->ns[ST_DEVICE] + step->ns[ST_BLK_QUEUE];
}

/* Serial of the kept step that waited longest for it, of a ring the slowest of its task; 0: none. */
static uint64_t worst_step(const struct snapshot *s, enum device_part part, uint32_t row)
{
	uint64_t serial = 0, most = 0;

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct step *step = s->steps[i];
		uint64_t ns = bound(s, part, row, step);

		if (ns <= most)
			continue;
		if (part != PART_RING) {
			ns = 0;
			for (size_t k = 0; k < step->n_seg; k++)
				if (is_of(s, part, row, step->seg + k))
					ns += step->seg[k].to - step->seg[k].from;
		}
		if (ns > most) {
			most = ns;
			serial = step->serial;
		}
	}
	return serial;
}

/* ---- keys ---- */

static unsigned enter_line(struct state *st, const struct snapshot *s, struct move *m)
{
	enum device_part part;
	const struct line *l = line_at(st, st->cursor, &part);
	uint64_t serial = worst_step(s, part, l->row);

	st->no_step = !serial;
	m->to = (struct target){
		.view = "chain", .step = serial,
		.stage_plus_1 = part == PART_NAPI ? ST_NAPI + 1 : part == PART_BLOCK ? ST_DEVICE + 1 : 0,
	};
	return serial ? UI_GO | UI_REDRAW : UI_REDRAW;
}

/* A line that is folded away leaves the cursor on its device. */
static unsigned toggle(struct state *st, const struct snapshot *s)
{
	enum device_part part;
	const struct line *l = line_at(st, st->cursor, &part);
	uint64_t id = row_id(s, part, l->row);
	size_t i = toggled_i(st, id);

	if (part == PART_NAPI)
		return 0;
	if (i < st->n_toggled) {
		st->toggled[i] = st->toggled[--st->n_toggled];
	} else {
		GROW(st->toggled, st->n_toggled, st->cap_toggled);
		st->toggled[st->n_toggled++] = id;
	}
	st->sel = id;
	st->moved = true;
	make_lines(st, s);
	return UI_REDRAW;
}

static unsigned change_sort(struct state *st, const struct snapshot *s, enum action a)
{
	size_t line = st->cursor;
	enum device_part part = part_of(st, &line);

	if (a == ACT_REVERSE)
		st->part[part].reverse = !st->part[part].reverse;
	else
		st->part[part].sort = table_next_sort(orders + part, sort_col(st, part), a == ACT_SORT ? 1 : -1) + 1;
	make_lines(st, s);
	return UI_REDRAW;
}

static bool move_cursor(struct state *st, const struct snapshot *s, enum action a, int h)
{
	size_t line = st->cursor, page = (size_t)MAX(lay_out(st, h).lines[part_of(st, &line)] - 1, 1);
	struct table_pos pos = { st->cursor, 0 };
	enum device_part part;
	const struct line *l;

	if (!table_move(&pos, a, n_lines(st), page))
		return false;
	st->cursor = line = pos.cursor;
	l = line_at(st, st->cursor, &part);
	st->sel = line_id(s, part, l);
	st->moved = true;
	part_of(st, &line);
	page = (size_t)MAX(lay_out(st, h).lines[part] - 1, 1);
	st->part[part].top = table_top(&(struct table_pos){ line, st->part[part].top }, st->part[part].n, page);
	return true;
}

static unsigned act(void *state, const struct snapshot *s, enum action a, struct move *m)
{
	struct state *st = state;

	st->no_step = false;
	if (a == ACT_BACK)
		return UI_CLOSE | UI_REDRAW;
	if (!n_lines(st))
		return 0;
	switch (a) {
	case ACT_ENTER: return enter_line(st, s, m);
	case ACT_EXPAND: return toggle(st, s);
	case ACT_SORT: case ACT_SORT_BACK: case ACT_REVERSE: return change_sort(st, s, a);
	default: return move_cursor(st, s, a, m->body.h) ? UI_REDRAW : 0;
	}
}

static void fini(void *state)
{
	struct state *st = state;

	for (unsigned i = 0; i < N_DEVICE_PARTS; i++) {
		free(st->part[i].order);
		free(st->part[i].lines);
	}
	free(st->toggled);
	free(st->ring_task);
}

static const struct keydoc keys[] = {
	{ ACT_ENTER, "step that waited", "the chain of the step that waited longest for this device, or of the slowest of this ring's task" },
	{ ACT_EXPAND, "who", "show or fold who issued a disk's requests, or a ring's operations" },
	{ ACT_SORT, "sort", "sort this table by the next column" },
	{ ACT_SORT_BACK, NULL, "sort this table by the column before" },
	{ ACT_REVERSE, "reverse", "reverse the order" },
	{ ACT_UP, NULL, NULL }, { ACT_DOWN, NULL, NULL }, { ACT_PAGE_UP, NULL, NULL }, { ACT_PAGE_DOWN, NULL, NULL },
	{ ACT_FIRST, NULL, NULL }, { ACT_LAST, NULL, NULL }, { ACT_BACK, "back", "back to the steps" },
	{ 0 }
};

static const struct table *const shown[] = { &tables[0], &tables[1], &tables[2], NULL };

const struct view view_devices = {
	.name = "devices", .title = "Devices", .keys = keys, .tables = shown, .state_size = sizeof(struct state),
	.update = update, .head = head_view, .draw = draw, .status = status, .act = act, .fini = fini,
	.sheet = sheet,
};
