// SPDX-License-Identifier: GPL-2.0-only
/* What happened when adds up to the tables that tell how much there was of it: recordings, parts of them, live windows. */
#include "live_feed.h"
#include "session.h"
#include "tap.h"

#include <dirent.h>
#include <unistd.h>

/* ---- what must be true of any snapshot ---- */

static uint64_t sum_over(const uint64_t *v, uint32_t n, unsigned n_cells, unsigned cell)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; v && i < n; i++)
		sum += v[i * n_cells + cell];
	return sum;
}

static uint64_t sum_all(const uint64_t *v, uint32_t n, unsigned n_cells)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < n_cells; k++)
		sum += sum_over(v, n, n_cells, k);
	return sum;
}

static unsigned wrong_cpu(const struct snapshot *s, size_t i)
{
	const struct timeline *t = &s->time;
	const struct cpu_row *r = s->cpus + i;
	uint64_t sum[N_CPU_TIMES], placed = 0;
	unsigned wrong = 0;

	for (unsigned k = 0; k < N_CPU_TIMES; k++)
		sum[k] = sum_over(t->cpu[i], t->n, N_CPU_TIMES, k);
	wrong += sum[TIME_IRQ] != r->irq || sum[TIME_SOFTIRQ] != r->softirq || sum[TIME_KSOFTIRQD] != r->ksoftirqd;
	wrong += sum[TIME_AGENTS] + sum[TIME_OTHERS] != r->task || sum[TIME_IDLE] != r->idle || sum[TIME_UNKNOWN] != r->unknown;
	for (uint32_t k = 0; t->cpu[i] && k < t->n; k++)
		wrong += sum_all(t->cpu[i] + (size_t)k * N_CPU_TIMES, 1, N_CPU_TIMES) > t->slot_ns;
	for (size_t k = 0; k < s->n_places; k++)
		placed += s->places[k].cpu == r->cpu ? s->places[k].ns : 0;
	return wrong + (placed != sum[TIME_AGENTS]);
}

/* `missing`: so many occurrences of each stage may have left the window before their step has. */
static unsigned wrong_sums(const struct snapshot *s, uint64_t missing)
{
	const struct timeline *t = &s->time;
	uint64_t longest = 0, n_missed = 0, n;
	unsigned wrong = t->n > SLOTS_MAX || (s->n_cpus && !t->slot_ns);

	for (size_t i = 0; i < s->n_cpus; i++)
		wrong += wrong_cpu(s, i);
	for (size_t i = 1; i < s->n_places; i++)
		wrong += s->places[i].ns > s->places[i - 1].ns;
	for (uint32_t i = 0; t->steps && i < t->n; i++)
		longest = MAX(longest, t->steps[i * N_STEP_TIMES + STEPS_LONGEST]);
	for (size_t i = 0; i < s->n_kinds; i++) {
		n_missed += s->kinds[i].n_deadline_miss;
		if (t->kind[i])
			wrong += sum_all(t->kind[i], t->n, HEAT_BUCKETS) != s->kinds[i].steps.n;
		else
			wrong += s->n_kinds <= 64;
	}
	wrong += longest != s->steps_all.max || sum_over(t->steps, t->n, N_STEP_TIMES, STEPS_ENDED) != s->steps_all.n;
	wrong += sum_over(t->steps, t->n, N_STEP_TIMES, STEPS_MISSED) != n_missed;
	for (int i = 0; i < N_STAGES; i++) {
		n = sum_all(t->stage[i], t->n, HEAT_BUCKETS);
		wrong += n > s->stage[i].dist.n || n + missing < s->stage[i].dist.n;
	}
	/* they go as far as what was read, no farther */
	return wrong + (t->n && s->source.end > t->begin && (s->source.end - 1 - t->begin) / t->slot_ns + 1 != t->n);
}

/* ---- recordings ---- */

static void try_recording(const char *path, const char *from, const char *to)
{
	char *argv[] = { (char *)"agenttop", (char *)path, (char *)from, (char *)to, NULL };
	struct opts o;
	struct err err;
	struct session *se;
	struct snapshot *s;
	const char *name = strrchr(path, '/');
	unsigned early = 0;

	if (opts_parse(from ? 4 : 2, argv, &o, &err) || !(se = session_open(&o, &err)))
		die("%s", err.text);
	/* looks in between take nothing away */
	for (int i = 0; i < 3 && session_read(se, 2, &err) > 0; i++) {
		s = session_snapshot(se);
		early += wrong_sums(s, 0);
		snapshot_free(s);
	}
	session_read(se, 0, &err);
	s = session_snapshot(se);
	is_num(wrong_sums(s, 0) + early, 0, "%s%s%s: slots add up to the tables (%zu CPUs, %llu steps, %zu places)", name ? name + 1 : path,
	       from ? " " : "", from ? from : "", s->n_cpus, (unsigned long long)s->steps_all.n, s->n_places);
	ok(s->n_cpus && s->time.n > SLOTS_MAX / 4 && s->time.begin >= s->source.begin, "and there are enough of them: %u", s->time.n);
	snapshot_free(s);
	session_close(se);
	opts_fini(&o);
}

static void test_recordings(void)
{
	const char *env = getenv("RECORDINGS");
	char dir[4096], path[8192];
	struct dirent *e;
	DIR *d;

	try_recording("testdata/vm-icount-irqhot.dat", NULL, NULL);
	try_recording("testdata/vm-icount-irqhot.dat", "--from=+0.5", "--to=+1.5");
	snprintf(dir, sizeof dir, "%s/own", env ? env : "../shared/recordings");
	d = opendir(dir);
	if (!d) {
		skip("no recordings in %s", dir);
		return;
	}
	while ((e = readdir(d)))
		if (strstr(e->d_name, ".dat")) {
			snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
			try_recording(path, NULL, NULL);
			try_recording(path, "--from=+1", "--to=+2.5");
		}
	closedir(d);
}

/* ---- a machine made up ---- */

#define N_CPUS 4
#define N_AGENTS 3

struct ended {
	uint64_t begin, end;
};
struct machine {
	struct world *w;
	uint64_t now, seed;
	int32_t on[N_CPUS];		/* pid */
	uint64_t began[N_AGENTS];	/* of an agent's open step; 0: none */
	uint64_t n_names;		/* of steps */
	struct ended *steps;
	size_t n_steps, cap_steps;
};

/* Tasks 10, 11, 12 are agents; 10 to 15 are pairwise of one process, 20 and so on are others. */
static int32_t pick(struct machine *m)
{
	int32_t pid = (int32_t)(rnd(&m->seed) % 10);

	pid = pid < 6 ? 10 + pid : 20 + pid;
	for (int i = 0; i < N_CPUS; i++)
		if (m->on[i] == pid)
			return 0;
	return pid;
}

static void mark(struct machine *m, uint32_t cpu)
{
	int32_t pid = m->on[cpu];
	uint64_t *began = &m->began[pid - 10];
	char text[96];

	if (*began) {
		feed_mark(m->w, m->now, cpu, pid, "E");
		GROW(m->steps, m->n_steps, m->cap_steps);
		m->steps[m->n_steps++] = (struct ended){ *began, m->now };
		*began = 0;
		return;
	}
	snprintf(text, sizeof text, "B|%d|step agent=a%d name=k%llu deadline_us=3000", pid, pid,
		 (unsigned long long)(m->n_names > 50 ? m->n_steps / 20 : rnd(&m->seed) % m->n_names));
	feed_mark(m->w, m->now, cpu, pid, text);
	*began = m->now;
}

static void go_on(struct machine *m, uint64_t ns_max)
{
	uint32_t cpu = (uint32_t)(rnd(&m->seed) % N_CPUS);
	int32_t next;

	m->now += rnd(&m->seed) % ns_max + 1;
	switch (rnd(&m->seed) % 4) {
	case 0:
		FEED(m->w, E_IRQ_IN, ((struct at){ m->now, cpu, m->on[cpu], EVENT_HARDIRQ }), "eth0", 30);
		m->now += rnd(&m->seed) % (50 * US) + 1;
		FEED(m->w, E_IRQ_OUT, ((struct at){ m->now, cpu, m->on[cpu], EVENT_HARDIRQ }), "", 30, 1);
		break;
	case 1:
		if (m->on[cpu] >= 10 && m->on[cpu] < 10 + N_AGENTS) {
			mark(m, cpu);
			break;
		}
		/* fall through */
	default:
		next = pick(m);
		if (next != m->on[cpu])
			feed_switch(m->w, m->now, cpu, m->on[cpu], 'R', next, "task");
		m->on[cpu] = next;
	}
}

static void machine_begin(struct machine *m, uint64_t keep_ns)
{
	*m = (struct machine){ .w = world_new(keep_ns, NULL), .now = 50 * SEC, .seed = keep_ns + 7, .n_names = 4 };
	for (uint32_t i = 0; i < N_CPUS; i++)
		feed_switch(m->w, m->now, i, (int32_t)(100 + i), 'R', 0, "swapper");
	for (int32_t pid = 10; pid < 16; pid++)
		task_named(m->w->c, pid, (struct text){ "task", 4 }, 10 + (pid - 10) % 3);
}

static void machine_end(struct machine *m)
{
	world_free(m->w);
	free(m->steps);
}

/* Slot by slot against what has happened. */
static unsigned wrong_steps(const struct machine *m, const struct snapshot *s)
{
	const struct timeline *t = &s->time;
	unsigned wrong = !t->steps && m->n_steps;

	for (uint32_t i = 0; t->steps && i < t->n; i++) {
		uint64_t from = t->begin + i * t->slot_ns, n = 0, n_missed = 0, longest = 0;

		for (size_t k = m->n_steps; k-- > 0 && m->steps[k].end >= from;) {
			uint64_t ns = m->steps[k].end - m->steps[k].begin;

			if (m->steps[k].end >= from + t->slot_ns)
				continue;
			n++;
			n_missed += ns > 3 * MS;
			longest = MAX(longest, ns);
		}
		wrong += t->steps[i * N_STEP_TIMES + STEPS_ENDED] != n || t->steps[i * N_STEP_TIMES + STEPS_MISSED] != n_missed ||
			 t->steps[i * N_STEP_TIMES + STEPS_LONGEST] != longest;
	}
	return wrong;
}

static void test_machine(uint64_t keep_ns, uint64_t ns_max)
{
	struct machine m;
	unsigned wrong = 0, n_looks = 0, n_late = 0;
	uint64_t others = 0, agents = 0, n_places = 0;
	const struct snapshot *s;

	machine_begin(&m, keep_ns);
	for (int i = 0; i < 30000; i++) {
		go_on(&m, ns_max);
		if (rnd(&m.seed) % 300)
			continue;
		engine_tick(m.w->c, m.now);
		s = world_look(m.w);
		wrong += wrong_sums(s, keep_ns ? 60 : 0) + wrong_steps(&m, s);
		n_late += keep_ns && m.now > 50 * SEC + keep_ns && s->time.n < SLOTS_MAX / 8 * 7;
		n_looks++;
	}
	is_num(wrong, 0, "%s: in %u looks slots add up to the tables, steps are where they ended (events up to %u us apart)",
	       keep_ns ? "live" : "a recording", n_looks, (unsigned)(ns_max / US));
	is_num(n_late, 0, "and all of a window has slots");
	s = m.w->snap;
	for (size_t i = 0; i < s->n_cpus; i++) {
		agents += sum_over(s->time.cpu[i], s->time.n, N_CPU_TIMES, TIME_AGENTS);
		others += sum_over(s->time.cpu[i], s->time.n, N_CPU_TIMES, TIME_OTHERS);
	}
	/* six of ten tasks are agents' or of their processes */
	ok(agents > others && others > 0, "agents' time is told from others'");
	for (size_t i = 0; i < s->n_places; i++)
		n_places += s->places[i].agent[0] == 'a' && s->places[i].agent_i < N_AGENTS;
	is_num(n_places, (uint64_t)N_AGENTS * N_CPUS, "and each agent has run on each CPU");
	is_num(s->n_places, n_places, "nobody else is an agent");
	machine_end(&m);
}

/* ---- what comes and goes ---- */

static void test_kinds(void)
{
	struct machine m;
	unsigned wrong = 0, most = 0;
	size_t heap = 0;

	machine_begin(&m, SEC);
	m.n_names = 1000;
	for (int i = 0; i < 120000; i++) {
		go_on(&m, 60 * US);
		if (i % 1000)
			continue;
		wrong += wrong_sums(world_look(m.w), 60);
		most = MAX(most, (unsigned)m.w->snap->n_kinds);
		if (i == 60000)
			heap = heap_bytes();
	}
	is_num(wrong, 0, "kinds of steps come and go, and their latencies with them");
	ok(m.n_steps / 20 > 100 && most > 8, "there were many: up to %u at a time", most);
	ok(m.w->c->steps->n_heats <= m.w->snap->n_kinds + 1u, "only those in the window take memory for them: %u", m.w->c->steps->n_heats);
	ok(!heap || heap_bytes() < heap + (4u << 20), "and nothing piles up (%zu kB)", (heap_bytes() - MIN(heap, heap_bytes())) / 1024);
	machine_end(&m);
}

static void test_crowd(void)
{
	struct world *w = world_new(0, NULL);
	const struct snapshot *s;
	unsigned n_heats = 0;
	char text[64];

	for (unsigned i = 0; i < 300; i++) {
		snprintf(text, sizeof text, "B|10|step agent=a name=k%u", i % 100);
		feed_mark(w, SEC + 2 * i * MS, 0, 10, text);
		feed_mark(w, SEC + (2 * i + 1) * MS, 0, 10, "E");
	}
	s = world_look(w);
	for (size_t i = 0; i < s->n_kinds; i++)
		n_heats += s->time.kind[i] != NULL;
	is_num(n_heats, 64, "of a hundred kinds the first ones have latencies over time");
	is_num(wrong_sums(s, 0), 0, "and theirs are whole");
	world_free(w);
}

static void test_late_cpu(uint64_t keep_ns)
{
	struct world *w = world_new(keep_ns, NULL);
	const struct snapshot *s;
	uint64_t idle = 0, known = 0, in = 0;
	uint32_t half;

	feed_switch(w, 10 * SEC, 0, 7, 'S', 0, "swapper");
	feed_switch(w, 14 * SEC, 3, 8, 'S', 0, "swapper");
	feed_switch(w, 16 * SEC, 3, 0, 'R', 8, "late");
	feed_switch(w, 18 * SEC, 0, 0, 'R', 7, "busy");
	s = world_look(w);
	is_num(s->n_cpus, 2, "silent CPUs have no row");
	is_num(s->cpus[1].cpu, 3, "one that appears late has one");
	half = s->time.n / 2;
	for (uint32_t i = 0; i < half; i++) {
		const uint64_t *v = s->time.cpu[1] + (size_t)i * N_CPU_TIMES;

		in += s->time.begin + (i + 1) * s->time.slot_ns <= 14 * SEC;
		idle += v[TIME_IDLE];
		known += sum_all(v, 1, N_CPU_TIMES) - v[TIME_UNKNOWN] - v[TIME_OTHERS];
	}
	ok(in > half - 3 && !idle && !known, "before that it is not said to have been idle");
	is_num(sum_over(s->time.cpu[1], s->time.n, N_CPU_TIMES, TIME_IDLE), 2 * SEC, "but later");
	is_num(wrong_sums(s, 0), 0, "and all adds up");
	world_free(w);
}

/* Times as no machine has them. */
static void test_hostile(void)
{
	struct world *w = world_new(0, NULL);

	feed_switch(w, 1, 0, 7, 'S', 0, "swapper");
	feed_mark(w, 2, 1, 10, "B|10|step");
	feed_switch(w, UINT64_MAX / 2, 0, 0, 'R', 7, "busy");
	feed_mark(w, UINT64_MAX - 5, 1, 10, "E");
	feed_switch(w, UINT64_MAX - 2, 0, 7, 'S', 0, "swapper");
	is_num(wrong_sums(world_look(w), 0), 0, "the end of time does no harm");
	world_free(w);
}

static void test_nothing(void)
{
	struct world *w = world_new(0, NULL);
	const struct snapshot *s = world_look(w);

	ok(!s->time.n && !s->n_places && !s->time.steps, "of nothing there is nothing");
	world_free(w);
}

int main(void)
{
	test_nothing();
	test_recordings();
	test_machine(0, 200 * US);
	test_machine(0, 3 * MS);
	test_machine(SEC, 200 * US);
	test_machine(8 * SEC, 2 * MS);
	test_machine(999999999, 300 * US);
	test_kinds();
	test_crowd();
	test_late_cpu(0);
	test_late_cpu(60 * SEC);
	test_hostile();
	return done();
}
