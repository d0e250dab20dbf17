// SPDX-License-Identifier: GPL-2.0-only
/* The slowest steps, each with the chain of every wait: what came after what, on which CPU, by whom, and what proves it. */
#include <stdlib.h>
#include <string.h>

#include "report_parts.h"

enum { MAX_PARTS = 12, MAX_ACTORS = 3 };

/* Neighbouring segments of one wait, or of running between two waits. */
struct part {
	size_t first, last;	/* [first, last) in the step's segments */
	uint64_t ns;
	bool keep;
};

/* ---- one part as text ---- */

struct piece {			/* of one stage within a part */
	int stage;
	str_id peer;		/* whose time it is; 0: the agent's, or not one task's */
	uint64_t ns;
	uint32_t cpu;
	bool inferred;
	struct { str_id actor; uint64_t ns; } by[MAX_ACTORS];
	size_t n_by, n_more;	/* actors told, and those that no longer fit */
};

/* The task that the agent waited for, when that one waited too. */
static str_id waiting_peer(const struct segment *seg)
{
	bool works = !seg->who && (seg->stage == ST_PEER || seg->stage == ST_IRQ || seg->stage == ST_NAPI);

	return works ? 0 : seg->peer;
}

static void piece_add(struct piece *p, const struct segment *seg)
{
	uint64_t ns = seg->to - seg->from;
	str_id actor = p->peer ? seg->who : seg->actor;

	p->ns += ns;
	p->inferred |= seg->confidence == CONF_INFERRED;
	if (p->cpu == UINT32_MAX)
		p->cpu = seg->cpu;
	if (!actor)
		return;
	for (size_t i = 0; i < p->n_by; i++)
		if (p->by[i].actor == actor) {
			p->by[i].ns += ns;
			return;
		}
	if (p->n_by == MAX_ACTORS) {
		p->n_more++;
		return;
	}
	p->by[p->n_by].actor = actor;
	p->by[p->n_by++].ns = ns;
}

/* "runqueue 8.21 ms on CPU 2 (NET_RX eth0 5.10 ms, fio:678 2.87 ms)"; a peer's is "runqueue of python3:15043 8.21 ms" */
static void piece_print(FILE *f, const struct snapshot *s, const struct piece *p, uint32_t *last_cpu)
{
	char ns[24];

	fprintf(f, "%s", stage_names[p->stage].name);
	if (p->peer)
		fprintf(f, " of %s", snapshot_str(s, p->peer));
	fprintf(f, PAGE_GLUE "%s", fmt_ns(ns, sizeof ns, p->ns));
	if (p->cpu != UINT32_MAX && p->cpu != *last_cpu) {
		fprintf(f, " on CPU %u", p->cpu);
		*last_cpu = p->cpu;
	}
	if (!p->n_by && !p->inferred)
		return;
	fputs(" (", f);
	for (size_t i = 0; i < p->n_by; i++) {
		fprintf(f, "%s%s", i ? ", " : "", snapshot_str(s, p->by[i].actor));
		if (p->n_by > 1)
			fprintf(f, PAGE_GLUE "%s", fmt_ns(ns, sizeof ns, p->by[i].ns));
	}
	if (p->n_more)
		fprintf(f, ", +%zu", p->n_more);
	fprintf(f, "%s)", !p->inferred ? "" : p->n_by ? ", inferred" : "inferred");
}

/* A wait: in order, one piece per run of segments of the same stage and task. */
static void print_chain(FILE *f, const struct report *r, const struct step *st, const struct part *part, uint32_t *cpu)
{
	for (size_t i = part->first; i < part->last;) {
		struct piece p = { .stage = st->seg[i].stage, .peer = waiting_peer(st->seg + i), .cpu = UINT32_MAX };

		if (i > part->first)
			fputs(r->o->utf8 ? " \xe2\x86\x92" PAGE_GLUE : " ->" PAGE_GLUE, f);
		for (; i < part->last && st->seg[i].stage == p.stage && waiting_peer(st->seg + i) == p.peer; i++)
			piece_add(&p, &st->seg[i]);
		piece_print(f, r->s, &p, cpu);
	}
}

/* Running, or parts too short to tell one by one: what it was, summed by stage. */
static void print_sums(FILE *f, const struct report *r, const struct step *st, const struct part *part, uint32_t *cpu)
{
	struct piece p[N_STAGES] = { { 0 } };
	bool first = true;

	for (int i = 0; i < N_STAGES; i++)
		p[i] = (struct piece){ .stage = i, .cpu = UINT32_MAX };
	for (size_t i = part->first; i < part->last; i++)
		piece_add(&p[st->seg[i].stage], &st->seg[i]);
	for (int i = 0; i < N_STAGES; i++) {
		if (!p[i].ns)
			continue;
		if (!first)
			fputs(", ", f);
		first = false;
		piece_print(f, r->s, &p[i], cpu);
	}
}

static uint64_t n_proofs(const struct step *st, const struct part *part)
{
	uint64_t n = 0;

	for (size_t i = part->first; i < part->last; i++)
		n += st->seg[i].n_ev;
	return n;
}

static void print_part(const struct report *r, const struct step *st, const struct part *part, size_t n_joined, uint32_t *cpu)
{
	str_id gate = st->seg[part->first].gate;
	char *text = NULL, ns[24];
	size_t len;
	FILE *f = open_memstream(&text, &len);
	uint64_t n;

	if (!f)
		die("out of memory");
	fprintf(f, "%+10.3f ms  ", (double)(st->seg[part->first].from - st->begin) / 1e6);
	fmt_ns(ns, sizeof ns, part->ns);
	if (n_joined > 1)
		fprintf(f, "%zu short parts %s: ", n_joined, ns);
	else if (gate)
		fprintf(f, "%s %s: ", snapshot_str(r->s, gate), ns);
	else
		fprintf(f, "runs %s: ", ns);
	if (gate && n_joined <= 1)
		print_chain(f, r, st, part, cpu);
	else
		print_sums(f, r, st, part, cpu);
	n = n_proofs(st, part);
	if (gate && n_joined <= 1)
		fprintf(f, " [%llu event%s]", (unsigned long long)n, n == 1 ? "" : "s");
	fclose(f);
	page_text(r->p, 2, 17, STYLE_NONE, text);
	free(text);
}

/* ---- one step ---- */

static int longest_first(const void *a, const void *b)
{
	const struct part *const *x = a, *const *y = b;

	if ((*x)->ns != (*y)->ns)
		return (*x)->ns < (*y)->ns ? 1 : -1;
	return *x < *y ? -1 : *x > *y;
}

static size_t find_parts(const struct step *st, struct part **parts)
{
	size_t n = 0, cap = 0;

	*parts = NULL;
	for (size_t i = 0; i < st->n_seg; i++) {
		const struct segment *seg = &st->seg[i];

		if (!n || seg->gate != st->seg[i - 1].gate) {
			GROW(*parts, n, cap);
			(*parts)[n++] = (struct part){ .first = i };
		}
		(*parts)[n - 1].last = i + 1;
		(*parts)[n - 1].ns += seg->to - seg->from;
	}
	return n;
}

/* A step of thousands of waits is told by its longest parts; the others are summed up in their places. */
static void choose_parts(struct part *parts, size_t n)
{
	struct part **by_ns = xcalloc(n, sizeof *by_ns);

	for (size_t i = 0; i < n; i++)
		by_ns[i] = &parts[i];
	qsort(by_ns, n, sizeof *by_ns, longest_first);
	for (size_t i = 0; i < MIN(n, (size_t)MAX_PARTS); i++)
		by_ns[i]->keep = true;
	free(by_ns);
}

static void print_parts(const struct report *r, const struct step *st)
{
	uint32_t cpu = UINT32_MAX;
	struct part *parts;
	size_t n = find_parts(st, &parts);

	if (n)
		choose_parts(parts, n);
	for (size_t i = 0; i < n;) {
		struct part p = parts[i];
		size_t from = i++;

		for (; !p.keep && i < n && !parts[i].keep; i++) {
			p.last = parts[i].last;
			p.ns += parts[i].ns;
		}
		print_part(r, st, &p, i - from, &cpu);
	}
	free(parts);
}

static void print_title(const struct report *r, const struct step *st, size_t rank)
{
	const char *agent = snapshot_str(r->s, st->agent), *name = snapshot_str(r->s, st->name), *id = snapshot_str(r->s, st->id);
	char *text = NULL, ns[24], more[24], ts[40];
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		die("out of memory");
	fprintf(f, "%zu. %s%s%s%s%s  %s", rank, agent, *agent && *name ? "/" : "", name, *id ? " " : "", id,
		fmt_ns(ns, sizeof ns, st->end - st->begin));
	if (st->deadline_ns)
		fprintf(f, "  deadline %s%s%s", fmt_ns(ns, sizeof ns, st->deadline_ns), st->missed ? " missed by " : " kept",
			st->missed ? fmt_ns(more, sizeof more, st->end - st->begin - st->deadline_ns) : "");
	if (st->over_budget)
		fprintf(f, "  over its budget of %s", fmt_ns(ns, sizeof ns, st->budget_ns));
	if (st->pid > 0)
		fprintf(f, "  pid %d", st->pid);
	fprintf(f, "  from %s", fmt_ts(ts, sizeof ts, st->begin));
	if (st->n_lost)
		fprintf(f, "  overlaps %u losses of events", st->n_lost);
	if (st->cut_begin || st->cut_end)
		fprintf(f, "  %s", st->cut_begin && st->cut_end ? "longer than what was read" : st->cut_begin ?
			"began before what was read" : "still open at the end");
	fclose(f);
	page_text(r->p, 2, 5, st->missed ? STYLE_BAD : STYLE_BOLD, text);
	free(text);
}

/* ---- the section ---- */

static int slowest_first(const void *a, const void *b)
{
	const struct step *x = *(const struct step *const *)a, *y = *(const struct step *const *)b;

	if (x->end - x->begin != y->end - y->begin)
		return x->end - x->begin < y->end - y->begin ? 1 : -1;
	return x->serial < y->serial ? -1 : x->serial > y->serial;
}

void part_worst(const struct report *r)
{
	const struct step **st = xcalloc(r->s->n_steps, sizeof *st);
	size_t n = 0;

	for (size_t i = 0; i < r->s->n_steps; i++)
		if (r->s->steps[i]->has_segments)
			st[n++] = r->s->steps[i];
	qsort(st, n, sizeof *st, slowest_first);
	n = MIN(n, r->o->n_worst);
	if (n)
		page_heading(r->p, "Slowest steps", "what came after what; [events]: how many prove it");
	for (size_t i = 0; i < n; i++) {
		if (i)
			page_blank(r->p);
		print_title(r, st[i], i + 1);
		print_parts(r, st[i]);
	}
	free(st);
}
