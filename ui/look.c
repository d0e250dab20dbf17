// SPDX-License-Identifier: GPL-2.0-only
#include "look.h"

#include <string.h>

char *look_ns(char *buf, size_t len, uint64_t ns, bool known)
{
	if (known)
		return fmt_ns(buf, len, ns);
	snprintf(buf, len, "%s", LOOK_DASH);
	return buf;
}

char *look_ts(char *buf, size_t len, uint64_t ts)
{
	snprintf(buf, len, "%llu.%06llu", (unsigned long long)(ts / NSEC_PER_SEC),
		 (unsigned long long)(ts % NSEC_PER_SEC / NSEC_PER_USEC));
	return buf;
}

/* Three significant digits of v, which is at least 1. */
static char *three_digits(char *buf, size_t len, double v, const char *unit)
{
	snprintf(buf, len, "%.*f%s", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, unit);
	return buf;
}

char *look_count(char *buf, size_t len, uint64_t n)
{
	static const struct { double div; const char *unit; } units[] = {
		{ 1e3, "k" }, { 1e6, "M" }, { 1e9, "G" }, { 1e12, "T" },
	};
	size_t u = 0;

	if (n < 1000)
		snprintf(buf, len, "%u", (unsigned)n);
	else if (n < 100000)
		snprintf(buf, len, "%u %03u", (unsigned)(n / 1000), (unsigned)(n % 1000));
	else {
		while (u + 1 < ARRAY_LEN(units) && (double)n / units[u].div >= 999.5)
			u++;
		three_digits(buf, len, (double)n / units[u].div, units[u].unit);
	}
	return buf;
}

char *look_bytes(char *buf, size_t len, uint64_t n)
{
	static const char *const units[] = { " B", " kB", " MB", " GB", " TB", " PB", " EB" };
	double v = (double)n;
	size_t u = 0;

	while (u + 1 < ARRAY_LEN(units) && v >= 999.5) {
		v /= 1000;
		u++;
	}
	if (!u)
		snprintf(buf, len, "%u B", (unsigned)n);
	else
		three_digits(buf, len, v, units[u]);
	return buf;
}

char *look_rate(char *buf, size_t len, double per_s)
{
	static const char units[] = "kMGT";
	size_t u = 0;

	/* Six columns at the most. */
	for (; per_s >= 999.5 && u < sizeof units - 1; u++)
		per_s /= 1000;
	if (u)
		snprintf(buf, len, "%.*f%c/s", per_s < 9.95 ? 1 : 0, MIN(per_s, 999.0), units[u - 1]);
	else if (per_s >= 0.005)
		snprintf(buf, len, "%.*f/s", per_s < 0.095 ? 2 : per_s < 9.95 ? 1 : 0, per_s);
	else
		snprintf(buf, len, "%s", per_s > 0 ? "<.01/s" : "0/s");
	return buf;
}

char *look_share(char *buf, size_t len, double share)
{
	double p = share * 100;

	if (p > 0 && p < 0.1)
		snprintf(buf, len, "<0.1 %%");
	else
		snprintf(buf, len, "%.*f %%", p > 0 && p < 9.95 ? 1 : 0, p);
	return buf;
}

char *look_part(char *buf, size_t len, uint64_t part, uint64_t whole)
{
	if (whole)
		return look_share(buf, len, (double)part / (double)whole);
	return look_ns(buf, len, 0, false);
}

char *look_cpu(char *buf, size_t len, uint32_t cpu)
{
	if (cpu == UINT32_MAX)
		snprintf(buf, len, "no CPU");
	else
		snprintf(buf, len, "CPU %u", cpu);
	return buf;
}

char *look_seconds(char *buf, size_t len, uint64_t ns)
{
	uint64_t s = MAX(ns / NSEC_PER_SEC + (ns % NSEC_PER_SEC >= NSEC_PER_SEC / 2), 1ull);

	if (s < 600)
		snprintf(buf, len, "%u s", (unsigned)s);
	else if (s < 36000)
		snprintf(buf, len, "%u min", (unsigned)(s / 60));
	else
		snprintf(buf, len, "%llu h", (unsigned long long)(s / 3600));
	return buf;
}

uint64_t look_begin(const struct snapshot *s)
{
	return s->live.on ? MAX(s->live.window_begin, s->source.begin) : s->source.begin;
}

bool look_span_known(const struct snapshot *s, uint64_t *ns)
{
	*ns = s->source.end > look_begin(s) ? s->source.end - look_begin(s) : 0;
	return *ns;
}

/* What is missing in the stream and what the kernel counts are mostly the same events: the larger one is said. */
uint64_t look_n_lost(const struct snapshot *s)
{
	return s->live.on ? MAX(s->source.n_lost, s->live.n_overrun + s->live.n_commit_overrun + s->live.n_dropped) :
	       s->source.n_lost;
}

static const struct {
	uint8_t style, is_wait;
	uint32_t fill;
} looks[N_STAGES] = {
	[ST_USER] = { STYLE_RUN, 0, 0x2588 },
	[ST_KERNEL] = { STYLE_KERNEL, 0, 0x2593 },
	[ST_RETURN] = { STYLE_KERNEL, 0, 0x2593 },
	[ST_IRQ_STEAL] = { STYLE_STEAL, 0, 0x2592 },
	[ST_SOFTIRQ_STEAL] = { STYLE_STEAL, 0, 0x2592 },
	[ST_OUTSIDE] = { STYLE_OUTSIDE, 1, 0x2504 },
	[ST_DEVICE] = { STYLE_DEVICE, 1, 0x2504 },
	[ST_BLK_QUEUE] = { STYLE_DEVICE, 1, 0xb7 },
	[ST_BLK_COMPLETE] = { STYLE_DEVICE, 1, 0x2592 },
	[ST_IRQ] = { STYLE_IRQ, 1, 0x2592 },
	[ST_SOFTIRQ_WAIT] = { STYLE_SOFTIRQ, 1, 0xb7 },
	[ST_NAPI] = { STYLE_SOFTIRQ, 1, 0x2592 },
	[ST_TIMER] = { STYLE_TIMER, 1, 0x2504 },
	[ST_TIMER_LATE] = { STYLE_TIMER, 1, 0xb7 },
	[ST_PEER] = { STYLE_PEER, 1, 0x2592 },
	[ST_LOOP] = { STYLE_PEER, 1, 0x2592 },
	[ST_WAKEUP] = { STYLE_QUEUE, 1, 0xb7 },
	[ST_RUNQUEUE] = { STYLE_QUEUE, 1, 0xb7 },
	[ST_PREEMPTED] = { STYLE_QUEUE, 1, 0xb7 },
	[ST_LOST] = { STYLE_LOST, 1, '!' },
	[ST_UNKNOWN] = { STYLE_UNKNOWN, 1, '?' },
};

static unsigned safe(unsigned stage)
{
	return stage < N_STAGES ? stage : ST_UNKNOWN;
}

const struct stage_name *look_stage(unsigned stage)
{
	return &stage_names[safe(stage)];
}

unsigned look_stage_style(unsigned stage)
{
	return looks[safe(stage)].style;
}

uint32_t look_stage_fill(unsigned stage)
{
	return looks[safe(stage)].fill;
}

bool look_stage_is_wait(unsigned stage)
{
	return looks[safe(stage)].is_wait;
}

static const struct stage_target *own_targets;

void look_set_targets(const struct stage_target *t)
{
	own_targets = t;
}

struct stage_target look_target(unsigned stage)
{
	if (own_targets)
		return own_targets[safe(stage)];
	return (struct stage_target){ look_stage(stage)->typical_ns, look_stage(stage)->tail_ns };
}

/* A target of which only one half is given has no tail, or all of it is tail. */
enum verdict look_verdict(unsigned stage, uint64_t ns)
{
	struct stage_target t = look_target(stage);
	uint64_t tail = t.tail_ns ? t.tail_ns : t.typical_ns;

	if (!tail)
		return VERDICT_NONE;
	return ns > tail ? VERDICT_OVER : t.typical_ns && ns > t.typical_ns ? VERDICT_TAIL : VERDICT_GOOD;
}

unsigned look_verdict_style(enum verdict v)
{
	static const uint8_t style[] = { STYLE_NORMAL, STYLE_GOOD, STYLE_TAIL, STYLE_OVER };

	return style[v];
}

const char *look_verdict_sign(enum verdict v)
{
	return v == VERDICT_OVER ? "▲" : v == VERDICT_TAIL ? "△" : "";
}

/*
 * Shares n columns out among values so that they add up to n: each gets what is due to it rounded down,
 * the rest goes to the largest remainders.
 */
static void share_out(const uint64_t *v, size_t n_v, int n, int *out)
{
	double sum = 0, due[N_STAGES];
	int given = 0;

	for (size_t i = 0; i < n_v; i++)
		sum += (double)v[i];
	for (size_t i = 0; i < n_v; i++) {
		due[i] = sum > 0 ? (double)v[i] / sum * n : 0;
		out[i] = (int)due[i];
		due[i] -= out[i];
		given += out[i];
	}
	while (given < n && sum > 0) {
		size_t best = 0;

		for (size_t i = 1; i < n_v; i++)
			if (due[i] > due[best])
				best = i;
		out[best]++;
		due[best] -= 1;
		given++;
	}
}

static int letters(struct cells *c, int x, int y, int n, unsigned stage)
{
	for (int i = 0; i < n; i++)
		cells_char(c, x + i, y, look_stage_style(stage) | STYLE_BAR, (unsigned char)look_stage(stage)->letter);
	return n;
}

void look_stage_bar(struct cells *c, int x, int y, int w, const uint64_t ns[N_STAGES])
{
	int n[N_STAGES];
	uint64_t sum = 0;

	for (unsigned i = 0; i < N_STAGES; i++)
		sum |= ns[i];
	if (w < 3 || !sum) {
		cells_put(c, x, y, w, STYLE_NORMAL, LOOK_DASH);
		return;
	}
	share_out(ns, N_STAGES, w - 2, n);
	cells_char(c, x, y, STYLE_DIM, 0x2595);
	cells_char(c, x + w - 1, y, STYLE_DIM, 0x258f);
	x++;
	for (unsigned i = 0; i < N_STAGES; i++)
		x += letters(c, x, y, n[i], i);
}

/* Stages with any share, biggest first. */
static size_t biggest(const double share[N_STAGES], unsigned out[N_STAGES])
{
	size_t n = 0;

	for (unsigned i = 0; i < N_STAGES; i++) {
		size_t at = n;

		if (!(share[i] >= 0.001))
			continue;
		while (at && share[out[at - 1]] < share[i]) {
			out[at] = out[at - 1];
			at--;
		}
		out[at] = i;
		n++;
	}
	return n;
}

/* Columns of "words  NN %" for the first n and of the rest's "other NN %", bars left out. */
static int shares_width(const double *share, const unsigned *order, size_t n, size_t n_all, double *rest)
{
	char pct[16];
	int w = 0;

	*rest = 0;
	for (size_t i = n; i < n_all; i++)
		*rest += share[order[i]];
	for (size_t i = 0; i < n; i++)
		w += cells_width(look_stage(order[i])->words) + 4 + cells_width(look_share(pct, sizeof pct, share[order[i]]));
	if (*rest > 0)
		w += 6 + cells_width(look_share(pct, sizeof pct, *rest));
	else
		w -= 2;
	return w;
}

void look_shares(struct cells *c, int x, int y, int w, const char *lead, const double share[N_STAGES])
{
	unsigned order[N_STAGES];
	size_t n_all = biggest(share, order), n = MIN(n_all, 7u);	/* more is no answer */
	int bars[N_STAGES], room = 0;
	uint64_t weight[N_STAGES] = { 0 };
	double rest = 0;
	char pct[16];
	int used = cells_put(c, x, y, w, STYLE_DIM, lead);

	x += used;
	w -= used;
	/* As many as fit with bars of two columns each at the least. */
	while (n && (room = w - shares_width(share, order, n, n_all, &rest)) < 2 * (int)n)
		n--;
	for (size_t i = 0; i < n; i++)
		weight[i] = (uint64_t)(MIN(share[order[i]], 1.0) * 1e6);
	share_out(weight, n, MIN(room, 40) - (int)n, bars);
	for (size_t i = 0; i < n; i++) {
		x += cells_put(c, x, y, w, STYLE_NORMAL, look_stage(order[i])->words) + 1;
		x += letters(c, x, y, bars[i] + 1, order[i]) + 1;
		x += cells_put(c, x, y, w, STYLE_NORMAL, look_share(pct, sizeof pct, share[order[i]])) + 2;
	}
	if (!n && n_all)
		cells_putf(c, x, y, w, STYLE_NORMAL, "%s %s", look_stage(order[0])->words,
			   look_share(pct, sizeof pct, share[order[0]]));
	if (n && rest > 0)
		cells_putf(c, x, y, w, STYLE_DIM, "other %s", look_share(pct, sizeof pct, rest));
}

double look_tick(double v)
{
	double ten = 1;

	while (ten * 10 <= v)
		ten *= 10;
	return v <= ten ? ten : v <= 2 * ten ? 2 * ten : v <= 5 * ten ? 5 * ten : 10 * ten;
}

int look_decimals(double tick)
{
	int n = 0;

	for (; tick < 0.999 && n < 9; n++)
		tick *= 10;
	return n;
}

void look_more(struct cells *c, struct rect r, int n)
{
	char text[32];

	if (n <= 0 || r.h < 1)
		return;
	snprintf(text, sizeof text, "  ▾ %d more", n);
	cells_put_right(c, r.x, r.y + r.h - 1, r.w, STYLE_KEY, text);
}

void parts_add(struct parts *ps, uint8_t drop, unsigned style, const char *label, const char *fmt, ...)
{
	struct part *p = ps->p + ps->n;
	va_list ap;
	size_t n;

	if (ps->n == ARRAY_LEN(ps->p))
		BUG("too many parts in a line");
	n = (size_t)snprintf(p->text, sizeof p->text, "%s", label);
	n = MIN(n, sizeof p->text - 1);
	va_start(ap, fmt);
	vsnprintf(p->text + n, sizeof p->text - n, fmt, ap);
	va_end(ap);
	p->n_label = (uint8_t)n;
	p->drop = drop;
	p->style = (uint16_t)style;
	ps->n++;
}

static int part_put(const struct part *p, struct cells *c, int x, int y, int w)
{
	int all, label = 0;
	char head[sizeof p->text];

	all = cells_put(c, x, y, w, p->style, p->text);
	if (!p->n_label)
		return all;
	memcpy(head, p->text, p->n_label);
	head[p->n_label] = 0;
	label = cells_width(head);
	for (int i = 0; i < MIN(label, all); i++)
		if (x + i >= 0 && x + i < c->cols && y >= 0 && y < c->lines)
			c->at[(size_t)y * (size_t)c->cols + (size_t)(x + i)].style = STYLE_DIM;
	return all;
}

int parts_put(const struct parts *ps, struct cells *c, int x, int y, int w, int gap)
{
	bool gone[ARRAY_LEN(ps->p)] = { false };
	int need = 0, used = 0, n;

	for (size_t i = 0; i < ps->n; i++)
		need += cells_width(ps->p[i].text) + (i ? gap : 0);
	while (need > w) {
		size_t last = ps->n;

		for (size_t i = 0; i < ps->n; i++)
			if (!gone[i] && ps->p[i].drop && (last == ps->n || ps->p[i].drop >= ps->p[last].drop))
				last = i;
		if (last == ps->n)
			break;
		gone[last] = true;
		need -= cells_width(ps->p[last].text) + gap;
	}
	for (size_t i = 0; i < ps->n; i++)
		if (!gone[i] && used < w) {
			if (used && ps->dots)
				cells_char(c, x + used + gap / 2, y, STYLE_DIM, 0xb7);
			used += used ? gap : 0;
			n = part_put(ps->p + i, c, x + used, y, w - used);
			if (ps->p[i].action)
				cells_hit(c, (struct rect){ x + used, y, n, 1 }, ps->p[i].action, 1, HIT_KEY);
			used += n;
		}
	return used;
}
