// SPDX-License-Identifier: GPL-2.0-only
/* What a machine says of its CPUs and IRQs: from trees made by hand, whole, broken and big ones. */
#include "fake_snapshot.h"
#include "machine.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- trees ---- */

static char root[200];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void tree_remove(void)
{
	if (*root)
		nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	*root = 0;
}

static void tree_new(void)
{
	const char *tmp = getenv("TMPDIR");

	tree_remove();
	snprintf(root, sizeof root, "%s/test_machine.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(root))
		note("%s: %s", root, strerror(errno));
}

/* A file below the root with the directories it needs. */
static void put(const char *text, const char *fmt, ...) PRINTF(2, 3);
static void put(const char *text, const char *fmt, ...)
{
	char path[400];
	int n = snprintf(path, sizeof path, "%s/", root), fd;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path + n, sizeof path - (size_t)n, fmt, ap);
	va_end(ap);
	for (char *s = strchr(path + n, '/'); s; s = strchr(s + 1, '/')) {
		*s = 0;
		mkdir(path, 0755);
		*s = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		note("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void put_cache(unsigned cpu, unsigned index, const char *level, const char *type, const char *shared)
{
	put(level, "sys/devices/system/cpu/cpu%u/cache/index%u/level", cpu, index);
	put(type, "sys/devices/system/cpu/cpu%u/cache/index%u/type", cpu, index);
	put(shared, "sys/devices/system/cpu/cpu%u/cache/index%u/shared_cpu_list", cpu, index);
}

static void put_irq(int irq, const char *asked, const char *effective, mode_t mode)
{
	char path[300];

	put(asked, "proc/irq/%d/smp_affinity_list", irq);
	put(effective, "proc/irq/%d/effective_affinity_list", irq);
	snprintf(path, sizeof path, "%s/proc/irq/%d/smp_affinity_list", root, irq);
	chmod(path, mode);
}

/* ---- snapshots of which it is asked ---- */

static struct snapshot snap;

static void add_cpus(uint32_t n)
{
	snap.cpus = ARENA_NEW(&snap.mem, n, struct cpu_row);
	for (snap.n_cpus = 0; snap.n_cpus < n; snap.n_cpus++)
		snap.cpus[snap.n_cpus] = (struct cpu_row){ .cpu = (uint32_t)snap.n_cpus, .node = -1, .cache = -1, .why = "" };
}

static void add_irqs(const int32_t *irq, size_t n)
{
	snap.irqs = ARENA_NEW(&snap.mem, n, struct irq_row);
	for (snap.n_irqs = 0; snap.n_irqs < n; snap.n_irqs++)
		snap.irqs[snap.n_irqs] = (struct irq_row){ .irq = irq[snap.n_irqs], .name = "x", .asked = "", .effective = "" };
}

/* A machine that has just been opened looks once. */
static void look_once(void)
{
	struct machine *m = machine_new(root);

	machine_look(m, &snap, 1);
	machine_free(m);
}

static void test_nothing(void)
{
	static const int32_t irqs[] = { 35, -1 };

	fake_empty(&snap);
	add_cpus(2);
	add_irqs(irqs, 2);
	tree_new();
	look_once();
	ok(snap.cpus[1].node == -1 && snap.cpus[1].cache == -1, "of an empty tree a CPU's node and cache are unknown");
	ok(!snap.irqs[0].asked[0] && !snap.irqs[0].effective[0] && snap.irqs[0].kind == IRQ_UNKNOWN, "and an IRQ's affinity");
	tree_remove();
	snprintf(root, sizeof root, "/nonexistent/tree");
	look_once();
	*root = 0;
	ok(snap.cpus[0].node == -1 && !snap.irqs[0].asked[0], "no tree at all is no trouble");
	fake_free(&snap);
}

static void test_cpus(void)
{
	fake_empty(&snap);
	add_cpus(8);
	tree_new();
	put("0-1,4-5\n", "sys/devices/system/node/node0/cpulist");
	put("2-3,6-7\n", "sys/devices/system/node/node1/cpulist");
	put("5\n", "sys/devices/system/node/nodes/cpulist");
	for (unsigned i = 0; i < 8; i++) {
		char own[8], pair[16];

		snprintf(own, sizeof own, "%u\n", i);
		snprintf(pair, sizeof pair, "%u,%u\n", i & 3, (i & 3) + 4);
		put_cache(i, 0, "1\n", "Data\n", own);
		put_cache(i, 1, "1\n", "Instruction\n", own);
		put_cache(i, 2, "2\n", "Unified\n", pair);
	}
	/* CPUs of node 1 share a third level. */
	for (unsigned i = 2; i < 4; i++) {
		put_cache(i, 3, "3\n", "Unified\n", "2-3,6-7\n");
		put_cache(i + 4, 3, "3\n", "Unified\n", "2-3,6-7\n");
	}
	look_once();
	is_num(snap.cpus[5].node, 0, "two nodes: CPU 5 is of the first");
	is_num(snap.cpus[6].node, 1, "CPU 6 of the second");
	is_num(snap.cpus[5].cache, 1, "where the second level is the last, CPU 5 shares it with CPU 1");
	is_num(snap.cpus[0].cache, 0, "and CPU 0 not with them");
	ok(snap.cpus[2].cache == 2 && snap.cpus[3].cache == 2 && snap.cpus[7].cache == 2, "a third level is shared by more");
	fake_free(&snap);
}

static void test_garbage(void)
{
	fake_empty(&snap);
	add_cpus(8);
	tree_new();
	put("0-,1\n", "sys/devices/system/node/node0/cpulist");
	put("3-1\n", "sys/devices/system/node/node1/cpulist");
	put("4294967296,99999999999999999999\n", "sys/devices/system/node/node2/cpulist");
	put("6-65000\n", "sys/devices/system/node/node3/cpulist");
	put("", "sys/devices/system/node/node4/cpulist");
	put("5\n", "sys/devices/system/node/node99999999999/cpulist");
	put_cache(0, 0, "", "Data\n", "0\n");
	put_cache(1, 0, "many\n", "Data\n", "1\n");
	put_cache(2, 0, "2\n", "Unified\n", "3-5\n");
	put_cache(3, 0, "1\n", "Data\n", "3\n");
	put_cache(3, 1, "3\n", "Unified\n", "\033[2J3");
	put_cache(4, 0, "1\n", "Instruction\n", "0-7\n");
	put_cache(5, 0, "2\n", "Unified\n", "5,7-60000\n");
	put("2\n", "sys/devices/system/cpu/cpu6/cache/index0/level");
	look_once();
	ok(snap.cpus[0].node == -1 && snap.cpus[1].node == -1 && snap.cpus[2].node == -1, "lists that are none tell of no node");
	ok(snap.cpus[6].node == 3 && snap.cpus[5].node == -1, "of a list the CPUs that there are count");
	ok(snap.cpus[0].cache == -1 && snap.cpus[1].cache == -1, "a level that is no number is none");
	ok(snap.cpus[2].cache == -1, "a cache that its own CPU does not share is none");
	ok(snap.cpus[3].cache == -1, "nor one whose list is none");
	ok(snap.cpus[4].cache == -1, "what only has instructions is not the last level");
	ok(snap.cpus[5].cache == 5 && snap.cpus[7].cache == 5 && snap.cpus[6].cache == -1, "CPUs beyond the last are left out");
	fake_free(&snap);
}

static void test_irqs(void)
{
	static const int32_t irqs[] = { 36, 41, 42, 43, 44, -1, 41 };

	fake_empty(&snap);
	add_irqs(irqs, ARRAY_LEN(irqs));
	tree_new();
	put("3\n", "proc/irq/default_smp_affinity");
	put_irq(36, "0-1\n", "0\n", 0444);
	put_irq(41, "0-3,8\n", "2\n", 0644);
	put_irq(42, "\n", "\n", 0644);
	put_irq(43, "0-1\033[31m\n", "1,\n", 0644);
	look_once();
	ok(!strcmp(snap.irqs[0].asked, "0-1") && !strcmp(snap.irqs[0].effective, "0"), "affinity asked for, and in effect");
	is_num(snap.irqs[0].kind, IRQ_MANAGED, "nobody may write: managed");
	ok(!strcmp(snap.irqs[1].asked, "0-3,8") && snap.irqs[1].kind == IRQ_FREE, "another one is free");
	ok(!snap.irqs[2].asked[0] && snap.irqs[2].kind == IRQ_FREE, "an empty list is unknown");
	ok(!snap.irqs[3].asked[0] && !snap.irqs[3].effective[0], "and one that is none");
	ok(!snap.irqs[4].asked[0] && snap.irqs[4].kind == IRQ_UNKNOWN, "an IRQ that is not there is unknown");
	ok(!snap.irqs[5].asked[0] && snap.irqs[5].kind == IRQ_UNKNOWN, "a vector has no affinity");
	is_text(snap.irqs[6].asked, "0-3,8", "a second handler of the same line says the same");
	fake_free(&snap);
}

/* On a kernel that never takes the right to write away, its being there says nothing. */
static void test_old_kernel(void)
{
	static const int32_t irqs[] = { 36, 41 };

	fake_empty(&snap);
	add_irqs(irqs, ARRAY_LEN(irqs));
	tree_new();
	put_irq(36, "0-1\n", "0\n", 0644);
	put_irq(41, "0-3\n", "2\n", 0644);
	look_once();
	ok(snap.irqs[0].kind == IRQ_UNKNOWN && snap.irqs[1].kind == IRQ_UNKNOWN, "where all may be written, nobody knows which are managed");
	is_text(snap.irqs[1].asked, "0-3", "but affinity is known");
	put_irq(7, "0\n", "0\n", 0444);
	look_once();
	is_num(snap.irqs[0].kind, IRQ_FREE, "an IRQ that nothing happened to tells that this kernel tells");
	fake_free(&snap);
}

static void test_again(void)
{
	static const int32_t irqs[] = { 41 };
	struct machine *m;

	fake_empty(&snap);
	add_irqs(irqs, ARRAY_LEN(irqs));
	add_cpus(2);
	tree_new();
	put_irq(41, "0-1\n", "1\n", 0644);
	put("0\n", "sys/devices/system/node/node0/cpulist");
	m = machine_new(root);
	machine_look(m, &snap, 1000 * MS);
	put_irq(41, "0\n", "0\n", 0644);
	put("0-1\n", "sys/devices/system/node/node0/cpulist");
	machine_look(m, &snap, 1200 * MS);
	is_text(snap.irqs[0].effective, "1", "what was just read is not read again");
	ok(snap.cpus[0].node == 0 && snap.cpus[1].node == -1, "nor where CPUs are");
	machine_look(m, &snap, 9000 * MS);
	ok(!strcmp(snap.irqs[0].asked, "0") && !strcmp(snap.irqs[0].effective, "0"), "what is some seconds old, is");
	machine_look(m, &snap, 90000 * MS);
	is_num(snap.cpus[1].node, 0, "CPUs' places after a while");
	put("", "sys/devices/system/node/node0/cpulist");
	add_cpus(3);
	machine_look(m, &snap, 90001 * MS);
	ok(snap.cpus[0].node == -1, "or when a CPU has come");
	machine_free(m);
	fake_free(&snap);
}

static void test_many(void)
{
	static int32_t irqs[500];
	size_t known = 0, new = 0;
	struct machine *m;

	fake_empty(&snap);
	add_cpus(256);
	for (int i = 0; i < 500; i++)
		irqs[i] = 1000 - i;
	add_irqs(irqs, ARRAY_LEN(irqs));
	tree_new();
	put("0-127\n", "sys/devices/system/node/node0/cpulist");
	put("128-255\n", "sys/devices/system/node/node1/cpulist");
	for (unsigned i = 0; i < 256; i++) {
		char eight[16];

		snprintf(eight, sizeof eight, "%u-%u\n", i & ~7u, i | 7);
		put_cache(i, 0, "3\n", "Unified\n", eight);
	}
	for (int i = 0; i < 500; i++)
		put_irq(irqs[i], "0-255\n", "17\n", i % 2 ? 0444 : 0644);
	m = machine_new(root);
	machine_look(m, &snap, MS);
	ok(snap.cpus[127].node == 0 && snap.cpus[128].node == 1 && snap.cpus[255].cache == 248, "256 CPUs know their places");
	for (size_t i = 0; i < snap.n_irqs; i++)
		known += !strcmp(snap.irqs[i].effective, "17") && snap.irqs[i].kind == (i % 2 ? IRQ_MANAGED : IRQ_FREE);
	is_num(known, 500, "one look is enough for 500 IRQs");
	for (int i = 0; i < 500; i++)
		put_irq(irqs[i], "0-255\n", "18\n", 0644);
	machine_look(m, &snap, 10000 * MS);
	for (size_t i = 0; i < snap.n_irqs; i++)
		new += !strcmp(snap.irqs[i].effective, "18");
	ok(new > 0 && new < 500, "but they are not all read again at once (%zu)", new);
	for (int i = 1; i < 20; i++)
		machine_look(m, &snap, 10000 * MS + (uint64_t)i);
	new = 0;
	for (size_t i = 0; i < snap.n_irqs; i++)
		new += !strcmp(snap.irqs[i].effective, "18");
	is_num(new, 500, "after some looks all are");
	machine_free(m);
	fake_free(&snap);
}

int main(void)
{
	test_nothing();
	test_cpus();
	test_garbage();
	test_irqs();
	test_old_kernel();
	test_again();
	test_many();
	tree_remove();
	return done();
}
