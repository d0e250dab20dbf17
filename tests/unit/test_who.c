// SPDX-License-Identifier: GPL-2.0-only
/* Who is on the machine: from trees made by hand, with what hostile users put in them, and from the real /proc. */
#include "tap.h"
#include "who.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- trees ---- */

static char root[256];

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

/* An empty one, with proc/ in it. */
static void tree_new(struct who *w)
{
	const char *tmp = getenv("TMPDIR");
	struct err e = { "" };
	char path[300];

	tree_remove();
	snprintf(root, sizeof root, "%s/test_who.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(root))
		note("%s: %s", root, strerror(errno));
	snprintf(path, sizeof path, "%s/proc", root);
	mkdir(path, 0755);
	if (who_open(w, root, &e))
		note("%s", e.text);
}

static void make_dirs(char *path)
{
	for (char *s = strchr(path + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = 0;
		mkdir(path, 0755);
		*s = '/';
	}
}

static void put(const char *name, const void *text, size_t n)
{
	char path[8192];
	int fd;

	snprintf(path, sizeof path, "%s/%s", root, name);
	make_dirs(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		note("%s: %s", path, strerror(errno));
	close(fd);
}

static void puts_in(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

/* proc/PID/stat as the kernel writes it. */
static void put_stat(const char *file, int pid, const char *comm, int ppid, unsigned flags, int n_threads)
{
	char text[512], name[128];

	snprintf(text, sizeof text, "%d (%s) S %d 1 1 0 -1 %u 5 6 7 8 9 10 11 12 20 0 %d 0 1204645 5459968 1057 18446744073709551615 1 2 3 0 0\n",
		 pid, comm, ppid, flags, n_threads);
	snprintf(name, sizeof name, "proc/%s/stat", file);
	puts_in(name, text);
}

/* ---- tasks ---- */

struct list {
	struct who_task t[64];
	size_t n;
	int stop_at;
};

static int collect(void *arg, const struct who_task *t)
{
	struct list *l = arg;

	if (l->n < 64)
		l->t[l->n++] = *t;
	return l->stop_at && l->n == (size_t)l->stop_at ? 77 : 0;
}

static const struct who_task *find(const struct list *l, int32_t pid)
{
	static const struct who_task none;

	for (size_t i = 0; i < l->n; i++)
		if (l->t[i].pid == pid)
			return l->t + i;
	return &none;
}

static void test_tasks(void)
{
	static const char hostile[] = ") S 1 (x) Z 9\nevil";
	struct list l = { .n = 0 };
	struct who_task t;
	struct who w;

	tree_new(&w);
	put_stat("1", 1, "init", 0, 0x400100, 1);
	put_stat("871", 871, "planner", 1, 0x400000, 3);
	put_stat("871/task/871", 871, "planner", 1, 0x400000, 3);
	put_stat("871/task/872", 872, "worker 1", 1, 0x400040, 3);
	put_stat("871/task/873", 873, "", 1, 0x400040, 3);
	put_stat("900", 900, hostile, 871, 0, 1);
	put_stat("901", 901, "((()", 871, 0, 1);
	put_stat("902", 902, "\x80\xff\x1b[2J", 871, 0, 1);
	put_stat("2", 2, "kthreadd", 0, 0x208040, 1);
	put_stat("10", 10, "kworker/0:0H-kblockd", 2, 0x4208060, 1);
	put_stat("11", 11, "kworker/u8:2+events_unbound", 2, 0x4208060, 1);
	put_stat("12", 12, "kworker/R-rcu_gp", 2, 0x4208060, 1);
	put_stat("13", 13, "rcu_tasks_rude_kthread", 2, 0x208040, 1);
	puts_in("proc/uptime", "1 2");
	puts_in("proc/12a/stat", "12 (no) S 1");
	puts_in("proc/99999999999999999999/stat", "1 (no) S 1 1 1 0 -1 0 5 6 7 8 9 10 11 12 20 0 1 0");
	puts_in("proc/0/stat", "0 (no) S 1 1 1 0 -1 0 5 6 7 8 9 10 11 12 20 0 1 0");
	is_num(who_tasks(&w, collect, &l), 0, "all tasks");
	is_num(l.n, 12, "are found, and nothing else");
	is_text(find(&l, 871)->comm, "planner", "a process by its name");
	is_num(find(&l, 871)->ppid, 1, "its parent");
	is_num(find(&l, 871)->n_threads, 3, "how many threads it has");
	ok(!find(&l, 871)->kthread, "it is no kernel thread");
	is_num(find(&l, 872)->tgid, 871, "a thread of it");
	is_text(find(&l, 872)->comm, "worker 1", "by its own name");
	is_text(find(&l, 873)->comm, "", "a name may be empty");
	is_num(find(&l, 873)->pid, 873, "and is a task's all the same");
	is_text(find(&l, 900)->comm, ") S 1 (x) Z 9\ne", "a name may hold anything");
	is_num(find(&l, 900)->ppid, 871, "without effect on the rest");
	is_text(find(&l, 901)->comm, "((()", "parentheses, too");
	is_text(find(&l, 902)->comm, "\x80\xff\x1b[2J", "and bytes of no character set");
	ok(find(&l, 2)->kthread && find(&l, 12)->kthread, "kernel threads are told apart");
	is_text(find(&l, 10)->comm, "kworker/0:0H", "a worker has the name that events have");
	is_text(find(&l, 11)->comm, "kworker/u8:2", "whatever it is at");
	is_text(find(&l, 12)->comm, "kworker/R-rcu_g", "a rescuer's is cut");
	is_text(find(&l, 13)->comm, "rcu_tasks_rude_", "and any other's");
	l = (struct list){ .stop_at = 3 };
	is_num(who_tasks(&w, collect, &l), 77, "what the callback returns ends it");
	is_num(l.n, 3, "at once");
	puts_in("proc/872/status", "Name:\tworker\\nTgid:\t7\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t871\nNgid:\t0\n");
	put_stat("872", 872, "worker 1", 1, 0x400040, 3);
	ok(who_task(&w, 872, &t) && t.tgid == 871 && !strcmp(t.comm, "worker 1"), "one task");
	ok(!who_task(&w, 871, &t), "without a status there is none");
	ok(!who_task(&w, 12345, &t), "nor one that is gone");
	who_close(&w);
}

/* What a task leaves that goes away while it is looked at, and files that are no such thing. */
static void test_vanishing(void)
{
	static const char *const odd[] = { "", "\n", "871", "871 (", "871 (x", "871 (x)", "871 (x) ", "871 (x) S", "871 (x) S 1 1 1 0 -1 64",
					   ") ( S 1 1", "871 (x) 5 1 1 1 0 -1 0 5 6 7 8 9 10 11 12 20 0 1 0",
					   "871 (x) S 99999999999999999999999999 1 1 0 -1 0 5 6 7 8 9 10 11 12 20 0 1 0" };
	struct list l = { .n = 0 };
	struct who w;
	char name[64], big[5000];

	tree_new(&w);
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		snprintf(name, sizeof name, "proc/%zu/stat", 100 + i);
		puts_in(name, odd[i]);
	}
	memset(big, 'x', sizeof big);
	put("proc/200/stat", big, sizeof big);
	memset(big, 0, sizeof big);
	put("proc/201/stat", big, sizeof big);
	puts_in("proc/202/task/202/stat", "202 (x) S 1");
	put_stat("203", 203, "no task dir", 1, 0, 2);
	put_stat("204", 204, "gone threads", 1, 0, 9);
	puts_in("proc/204/task/205/comm", "x");
	puts_in("proc/204/task/x/stat", "x");
	is_num(who_tasks(&w, collect, &l), 0, "files that make no sense");
	is_num(l.n, 2, "are tasks that are gone");
	who_close(&w);
	is_num(who_tasks(&w, collect, &l), -EBADF, "without a /proc there are none");
}

static void test_open(void)
{
	struct err e = { "" };
	struct who w;

	is_num(who_open(&w, "/nonexistent", &e), -ENOENT, "no root");
	has_text(e.text, "/nonexistent: No such file", "is said");
	who_close(&w);
	tree_new(&w);
	who_close(&w);
	strcat(root, "/proc");
	is_num(who_open(&w, root, &e), -ENOENT, "no proc");
	has_text(e.text, "/proc/proc: No such file", "is said");
	who_close(&w);
	root[strlen(root) - 5] = 0;
}

static void test_real(void)
{
	struct list l = { .n = 0 };
	struct who_task t;
	struct err e = { "" };
	struct who w;
	char which[16] = "", comm[16] = "";

	if (!ok(!who_open(&w, "/", &e), "the machine that this runs on"))
		return;
	is_num(who_tasks(&w, collect, &l), 0, "has tasks");
	ok(l.n > 1, "more than one");
	ok(who_task(&w, getpid(), &t) && t.tgid == getpid() && t.ppid == getppid(), "we are one of them");
	prctl(PR_SET_NAME, "a) S 1\n(b");
	ok(who_task(&w, getpid(), &t) && t.ppid == getppid(), "under any name");
	is_text(t.comm, "a) S 1\n(b", "which is told");
	prctl(PR_SET_NAME, "test_who");
	snprintf(comm, sizeof comm, "%s", t.comm);
	ok(who_known(&w, getpid(), "x", "test_who", which, sizeof which), "and our program is known by its file");
	is_text(which, "test_who", "as which it is");
	who_close(&w);
}

/* ---- known programs ---- */

#define AGENTS "claude,codex,gemini,aider,goose,opencode,cursor-agent"

/* cmdline: words with | between them. */
static void is_agent(const char *comm, const char *cmdline, const char *want)
{
	char text[1024], which[32] = "";
	size_t n = strlen(cmdline);
	bool is;

	memcpy(text, cmdline, n + 1);
	for (size_t i = 0; i < n; i++)
		if (text[i] == '|')
			text[i] = 0;
	is = who_is(comm, text, n + (n > 0), AGENTS, which, sizeof which);
	ok(is == (want != NULL) && (!want || !strcmp(which, want)), "%s: %s is %s", comm, cmdline, want ? want : "none");
	if (is)
		note("%s", which);
}

static void test_names(void)
{
	is_agent("claude", "", "claude");
	is_agent("claude", "claude|--resume", "claude");
	is_agent("claude.exe", "", "claude");
	is_agent("node", "claude", "claude");		/* process.title */
	is_agent("1.0.98", "/home/me/.local/bin/claude|-p|hello", "claude");
	is_agent("codex", "/usr/bin/codex", "codex");
	is_agent("codex-x86_64-un", "/opt/codex-x86_64-unknown-linux-musl", "codex");
	is_agent("goose-1.2.3", "", "goose");
	is_agent("goose-v2", "", "goose");
	is_agent("opencode-ai", "", "opencode");
	is_agent("cursor-agent", "", "cursor-agent");
	is_agent("cursor", "/usr/share/cursor/cursor|--type=gpu", NULL);
	is_agent("claude-monitor", "/usr/bin/claude-monitor", NULL);
	is_agent("claude-code-rou", "claude-code-router", NULL);
	is_agent("claudette", "claudette", NULL);
	is_agent("claude-", "claude-", NULL);
	is_agent("Claude", "/opt/Claude/Claude", NULL);
	is_agent("vim", "vim|claude", NULL);
	is_agent("vim", "vim|/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js", NULL);
	is_agent("", "", NULL);
	is_agent("", "|claude", NULL);
	is_agent("goose-server", "", NULL);
	is_agent("goose-vendor", "", NULL);
}

static void test_interpreters(void)
{
	is_agent("node", "node|/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js", "claude");
	is_agent("node", "node|--max-old-space-size=4096|-r|/x/hook.js|/usr/local/bin/claude|--verbose", "claude");
	is_agent("node-MainThread", "node|/usr/local/bin/gemini", "gemini");
	is_agent("MainThread", "/usr/bin/node20|--no-warnings=DEP0040|/opt/node_modules/@google/gemini-cli/dist/index.js", "gemini");
	is_agent("node", "/home/me/.local/bin/cursor-agent|--use-system-ca|/x/index.js", "cursor-agent");
	is_agent("node", "/usr/bin/node|/home/me/.local/share/cursor-agent/versions/2025.09.12/index.js", "cursor-agent");
	is_agent("node", "node|-e|require('claude')|claude", NULL);
	is_agent("node", "node|--eval|x|claude", NULL);
	is_agent("node", "node|--|claude", "claude");
	is_agent("node", "node", NULL);
	is_agent("node", "node|server.js|claude", NULL);
	is_agent("node", "node|/srv/node_modules/claude-monitor/node_modules/express/index.js", NULL);
	is_agent("node", "node|/home/claude/app/index.js", NULL);
	is_agent("node", "node|/srv/codex/dist/index.js", "codex");
	is_agent("bun", "bun|run|/opt/opencode/src/index.ts", "opencode");
	is_agent("bun", "bun|x|@anthropic-ai/claude-code@1.2.3", "claude");
	is_agent("deno", "deno|run|-A|--config|claude.json|npm:@openai/codex@0.1", "codex");
	is_agent("python3", "/usr/bin/python3|/home/me/.local/bin/aider|--model|x", "aider");
	is_agent("python3.11", "python3.11|-u|-m|aider|--yes", "aider");
	is_agent("python3.11", "python3.11|-um|aider.main", "aider");
	is_agent("python", "python|-W|ignore|-X|dev|/usr/lib/python3/site-packages/aider/__main__.py", "aider");
	is_agent("python3", "python3|-c|import aider|aider", NULL);
	is_agent("python3", "python3|-Ic|import aider|aider", NULL);
	is_agent("python3", "python3|train.py|--agent|claude", NULL);
	is_agent("python3", "python3|goose.py", "goose");
	is_agent("ruby3.1", "ruby3.1|-Ilib|-r|json|/usr/bin/goose.rb", "goose");
	is_agent("java", "java|-Xmx2g|-cp|/a/claude.jar:/b|-jar|/opt/goose.jar", "goose");
	is_agent("java", "java|-cp|/opt/claude.jar|com.x.Main", NULL);
	is_agent("bash", "/bin/bash|/opt/claude.sh", "claude");
	is_agent("bash", "bash|-lc|claude -p hello", NULL);
	is_agent("bash", "-bash", NULL);
	is_agent("sh", "sh|-e|/usr/bin/codex", "codex");
	is_agent("sh", "sh|-o|pipefail|/usr/bin/codex", "codex");
	is_agent("php", "php|-d|x=y|-f|/x/codex.php", "codex");
	is_agent("perl", "perl|-we|claude|claude", NULL);
}

static void test_name_lists(void)
{
	char which[4], all[40000];

	ok(who_is("claude", "", 0, " codex , claude ,", which, sizeof which), "blanks between names do not count");
	is_text(which, "cla", "the name that was met is cut to the room there is");
	ok(who_is("claude", "", 0, "claude", NULL, 0), "or not told");
	ok(!who_is("claude", "", 0, "", NULL, 0), "of no names none is met");
	ok(!who_is("", "", 0, ",,", NULL, 0), "nor is an empty one");
	ok(who_is("my-agent-of-a-v", "", 0, "my-agent-of-a-very-long-name", NULL, 0), "a command name that was cut is met");
	ok(!who_is("my-agent-of-b-v", "", 0, "my-agent-of-a-very-long-name", NULL, 0), "another one is not");
	ok(!who_is("x", "my-agent-of-a-v", 15, "my-agent-of-a-very-long-name", NULL, 0), "a file name is not cut");
	ok(who_is("x", "/bin/claude", 11, "claude", NULL, 0), "the last word may lack its end");
	memset(all, '/', sizeof all);
	ok(!who_is("node", all, sizeof all, "claude", NULL, 0), "slashes only");
	memset(all, 0, sizeof all);
	memcpy(all, "node", 4);
	ok(!who_is("node", all, sizeof all, "claude", NULL, 0), "words without letters");
	for (size_t i = 0; i + 2 < sizeof all; i += 2)
		memcpy(all + i, "-", 2);
	memcpy(all, "python", 7);
	ok(!who_is("node", all, sizeof all, "claude", NULL, 0), "dashes only");
}

static void test_known(void)
{
	static const char cmdline[] = "node\0/usr/lib/node_modules/@openai/codex/bin/codex.js\0";
	char which[16] = "";
	struct who w;
	char *big = xmalloc(1 << 20);

	tree_new(&w);
	put("proc/871/cmdline", cmdline, sizeof cmdline - 1);
	ok(who_known(&w, 871, "node", AGENTS, which, sizeof which), "a process by its command line");
	is_text(which, "codex", "is one of the names");
	puts_in("proc/2/cmdline", "");
	ok(!who_known(&w, 2, "kthreadd", AGENTS, NULL, 0), "a kernel thread has none");
	ok(!who_known(&w, 872, "node", AGENTS, NULL, 0), "nor has what is gone");
	ok(who_known(&w, 872, "claude", AGENTS, NULL, 0), "its command name counts all the same");
	memset(big, 'x', 1 << 20);
	memcpy(big, "java\0-cp", 9);
	put("proc/873/cmdline", big, 1 << 20);
	ok(!who_known(&w, 873, "java", AGENTS, NULL, 0), "long ones are read in part");
	free(big);
	who_close(&w);
}

/* ---- cgroups ---- */

static const char hybrid[] =
	"22 27 0:21 / /proc rw,relatime - proc proc rw\n"
	"30 23 0:25 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
	"31 30 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpuacct,cpu\n"
	"32 30 0:27 / /sys/fs/cgroup/memory rw,relatime shared:10 master:3 - cgroup cgroup rw,memory\n"
	"33 30 0:28 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/x,name=systemd\n"
	"34 30 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
	"35 30 0:30 /part /mnt/part\\040of\\134it rw,relatime - cgroup cgroup rw,pids\n"
	"36 30 0:30 /.. /mnt/outside rw,relatime - cgroup cgroup rw,freezer\n"
	"37 odd line\n\n38 30 0:3 / /x rw\n39 30 0:3 / /x rw - \n40 30 0:3 / /y rw - cgroup\n";

static void put_cgroup(const char *dir, const char *file, const char *pids)
{
	char name[6000];

	snprintf(name, sizeof name, "%s/cgroup.procs", dir);
	puts_in(name, "");
	snprintf(name, sizeof name, "%s/%s", dir, file);
	puts_in(name, pids);
}

static void pids_are(const struct who *w, const struct who_cgroups *c, const char *want, const char *what)
{
	struct who_pids p = { 0 };
	char got[4096] = "";
	size_t n = 0;

	who_cgroups_tasks(w, c, &p);
	for (size_t i = 0; i < p.n && n + 16 < sizeof got; i++)
		n += (size_t)snprintf(got + n, sizeof got - n, "%s%d", i ? " " : "", p.pid[i]);
	is_text(got, want, "%s", what);
	free(p.pid);
}

/* The tasks of one path. */
static void path_has(const struct who *w, const char *path, const char *want)
{
	struct who_cgroups c = { 0 };
	struct err e = { "" };
	char what[300];

	snprintf(what, sizeof what, "tasks of %s", path);
	if (!ok(!who_cgroups_add(w, &c, path, &e), "%s is there", path))
		note("%s", e.text);
	pids_are(w, &c, want, what);
	who_cgroups_fini(&c);
}

static void path_fails(const struct who *w, const char *path, int want, const char *part)
{
	struct who_cgroups c = { 0 };
	struct err e = { "" };

	is_num(who_cgroups_add(w, &c, path, &e), want, "%.40s cannot be chosen", path);
	has_text(e.text, part, "because %s", part);
	is_num(c.n, 0, "and is not");
	who_cgroups_fini(&c);
}

static void test_cgroups(void)
{
	char deep[5000] = "";
	struct who w;

	tree_new(&w);
	path_fails(&w, "/a", -ENOENT, "/proc/self/mountinfo: No such file");
	puts_in("proc/self/mountinfo", "22 27 0:21 / /proc rw,relatime - proc proc rw\n");
	path_fails(&w, "/a", -ENOENT, "no cgroup file system is mounted");
	puts_in("proc/self/mountinfo", hybrid);
	put_cgroup("sys/fs/cgroup/memory", "tasks", "1\n2\n");
	put_cgroup("sys/fs/cgroup/memory/system.slice/agent.service", "tasks", "871\n872\n");
	put_cgroup("sys/fs/cgroup/memory/system.slice/agent.service/tools", "tasks", "900\n871\n");
	put_cgroup("sys/fs/cgroup/memory/only", "tasks", "7\n");
	put_cgroup("sys/fs/cgroup/systemd/system.slice/agent.service", "tasks", "873\n");
	put_cgroup("sys/fs/cgroup/cpu,cpuacct", "tasks", "3\n");
	put_cgroup("sys/fs/cgroup/unified/system.slice/agent.service", "cgroup.threads", "871\n0\n880\n");
	put_cgroup("sys/fs/cgroup/unified/system.slice/agent.service/threaded", "cgroup.threads", "881");
	put_cgroup("mnt/part of\\it/sub", "tasks", "55\n");
	path_has(&w, "/system.slice/agent.service", "871 872 873 880 881 900");
	path_has(&w, "system.slice//agent.service/./", "871 872 873 880 881 900");
	path_has(&w, "/system.slice/agent.service/tools", "871 900");
	path_has(&w, "/only", "7");
	path_has(&w, "/sys/fs/cgroup/memory/system.slice/agent.service", "871 872 900");
	path_has(&w, "/sys/fs/cgroup/unified/system.slice/agent.service/", "871 880 881");
	path_has(&w, "/sys/fs/cgroup/memory", "1 2 7 871 872 900");
	path_has(&w, "/part/sub", "55");
	path_has(&w, "/sub", "55");
	path_has(&w, "/mnt/part of\\it/sub", "55");
	path_fails(&w, "/system.slice/other.service", -ENOENT, "there is none in any hierarchy");
	path_fails(&w, "/system.slice", -ENOENT, "there is none");
	path_fails(&w, "/sys/fs/cgroup", -ENOENT, "there is none");
	path_fails(&w, "/a/../../etc", -EINVAL, "a path without ..");
	path_fails(&w, "..", -EINVAL, "a path without ..");
	memset(deep, 'x', sizeof deep - 1);
	path_fails(&w, deep, -EINVAL, "less than 4096 bytes");
	deep[4000] = 0;
	path_fails(&w, deep, -ENOENT, "there is none");
	who_close(&w);
}

static void test_odd_cgroups(void)
{
	struct who_cgroups c = { 0 };
	struct who_pids p = { 0 };
	struct err e = { "" };
	char deep[2000] = "sys/fs/cgroup/unified/deep", name[2100], link[600];
	struct who w;

	tree_new(&w);
	puts_in("proc/self/mountinfo", hybrid);
	put_cgroup("sys/fs/cgroup/unified/odd", "cgroup.threads", "12x\n-5\n99999999999999999999\n\n 7\n8\n0\n\xff\n");
	path_has(&w, "/odd", "8");
	put_cgroup("sys/fs/cgroup/unified/procs", "cgroup.procs", "10\n11\n");
	path_has(&w, "/procs", "10 11");
	for (int i = 0; i < 60; i++) {
		snprintf(deep + strlen(deep), sizeof deep - strlen(deep), "/%d", i);
		put_cgroup(deep, "cgroup.threads", "5\n");
	}
	put_cgroup("sys/fs/cgroup/unified/deep", "cgroup.threads", "4\n");
	snprintf(name, sizeof name, "%s/../cgroup.threads", deep);
	puts_in(name, "777\n");
	snprintf(link, sizeof link, "%s/sys/fs/cgroup/unified/deep/link", root);
	if (symlink("../../../../../proc", link))
		note("symlink: %s", strerror(errno));
	ok(!who_cgroups_add(&w, &c, "/deep", &e), "cgroups below each other");
	who_cgroups_tasks(&w, &c, &p);
	ok(p.n == 2 && p.pid[0] == 4 && p.pid[1] == 5, "are followed");
	ok(p.cut, "to some depth, and it is said when that was not enough");
	free(p.pid);
	snprintf(link, sizeof link, "%s/sys/fs/cgroup/unified/deep", root);
	nftw(link, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	pids_are(&w, &c, "", "a cgroup that is gone has no tasks");
	who_cgroups_fini(&c);
	who_close(&w);
}

static void test_membership(void)
{
	struct who_cgroups c = { 0 };
	struct err e = { "" };
	struct who w;

	tree_new(&w);
	puts_in("proc/self/mountinfo", hybrid);
	put_cgroup("sys/fs/cgroup/cpu,cpuacct/a:b", "tasks", "");
	put_cgroup("sys/fs/cgroup/systemd/svc", "tasks", "");
	put_cgroup("sys/fs/cgroup/unified/svc", "cgroup.threads", "");
	put_cgroup("sys/fs/cgroup/memory", "tasks", "");
	ok(!who_cgroups_add(&w, &c, "/svc", &e) && c.n == 2, "a cgroup in two hierarchies");
	ok(!who_cgroups_add(&w, &c, "/sys/fs/cgroup/cpu,cpuacct/a:b", &e) && c.n == 3, "and another one");
	puts_in("proc/10/cgroup", "3:memory:/svc\n1:name=systemd:/svc\n0::/\n");
	ok(who_in_cgroup(&w, &c, 10), "a task in a named hierarchy");
	puts_in("proc/11/cgroup", "3:memory:/svc\n1:name=systemd:/svcs\n0::/svc/below/it\n");
	ok(who_in_cgroup(&w, &c, 11), "below it in v2");
	puts_in("proc/12/cgroup", "3:memory:/svc\n1:name=systemd:/svcs\n0::/\n");
	ok(!who_in_cgroup(&w, &c, 12), "in another hierarchy's");
	puts_in("proc/13/cgroup", "4:cpu,cpuacct:/a:b\n");
	ok(who_in_cgroup(&w, &c, 13), "controllers in another order, a colon in the name");
	puts_in("proc/14/cgroup", "4:cpu:/a:b\n5:cpuset:/a:b\n:::\n::\n:\n\nx\n9::/svc");
	ok(who_in_cgroup(&w, &c, 14), "a part of the controllers will do");
	puts_in("proc/15/cgroup", "5:cpuset:/a:b\n:::\n::\n:\n\nx\n");
	ok(!who_in_cgroup(&w, &c, 15), "others will not");
	ok(!who_in_cgroup(&w, &c, 16), "a task that is gone is in none");
	who_cgroups_fini(&c);
	ok(!who_cgroups_add(&w, &c, "/", &e), "the root");
	ok(who_in_cgroup(&w, &c, 15) == false && who_in_cgroup(&w, &c, 10), "has all of its hierarchies");
	who_cgroups_fini(&c);
	ok(!who_in_cgroup(&w, &c, 10), "nothing is in no cgroup");
	who_close(&w);
}

/* ---- environment ---- */

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void env_is(const struct who *w, const void *env, size_t n, const char *want, const char *what)
{
	char got[WHO_TRACEPARENT] = "";

	put("proc/871/environ", env, n);
	ok(who_traceparent(w, 871, got) == (want != NULL), "%s", what);
	if (want)
		is_text(got, want, "%s: which", what);
}
#define ENV_IS(w, env, ...) env_is(w, env, sizeof env - 1, __VA_ARGS__)

static void test_traceparent(void)
{
	struct who w;
	char buf[WHO_TRACEPARENT], *big = xcalloc(1, 1 << 20);

	tree_new(&w);
	ENV_IS(&w, "PATH=/bin\0TRACEPARENT=" TRACE "\0HOME=/\0", TRACE, "a traceparent");
	ENV_IS(&w, "TRACEPARENT=" TRACE "\0", TRACE, "as the first");
	ENV_IS(&w, "PATH=/bin\0TRACEPARENT=" TRACE, TRACE, "without an end");
	ENV_IS(&w, "XTRACEPARENT=" TRACE "\0", NULL, "another name");
	ENV_IS(&w, "A=\nTRACEPARENT=" TRACE "\0", NULL, "within a value");
	ENV_IS(&w, "TRACEPARENT=\0TRACEPARENT=" TRACE "\0", NULL, "the first counts");
	ENV_IS(&w, "TRACEPARENT=01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more\0",
	       "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a later version");
	ENV_IS(&w, "TRACEPARENT=" TRACE "-more\0", NULL, "this version has no more");
	ENV_IS(&w, "TRACEPARENT=" TRACE "x\0", NULL, "nor another letter");
	ENV_IS(&w, "TRACEPARENT=ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\0", NULL, "version ff");
	ENV_IS(&w, "TRACEPARENT=00-00000000000000000000000000000000-b7ad6b7169203331-01\0", NULL, "no trace");
	ENV_IS(&w, "TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01\0", NULL, "no parent");
	ENV_IS(&w, "TRACEPARENT=00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01\0", NULL, "upper case");
	ENV_IS(&w, "TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0\0", NULL, "too short");
	ENV_IS(&w, "TRACEPARENT=00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\0", NULL, "no dash");
	ENV_IS(&w, "TRACEPARENT=00-0af7651916cd43dd8448eb211c8031\x1b-b7ad6b7169203331-01\0", NULL, "no digits");
	ENV_IS(&w, "", NULL, "no environment");
	ENV_IS(&w, "\0\0\0\0", NULL, "an empty one");
	ENV_IS(&w, "TRACEPARENT", NULL, "a bare name");
	memcpy(big + 200000, "\0TRACEPARENT=" TRACE, 13 + 55);
	env_is(&w, big, 1 << 20, TRACE, "far behind");
	memset(big, 'x', 1 << 20);
	memcpy(big + 900000, "\0TRACEPARENT=" TRACE "\0", 13 + 56);
	env_is(&w, big, 1 << 20, NULL, "too far behind");
	ok(!who_traceparent(&w, 872, buf), "a process that is gone has none");
	ok(!who_traceparent_fd(-1, buf), "nor has no file");
	free(big);
	who_close(&w);
}

int main(void)
{
	test_open();
	test_tasks();
	test_vanishing();
	test_real();
	test_names();
	test_interpreters();
	test_name_lists();
	test_known();
	test_cgroups();
	test_odd_cgroups();
	test_membership();
	test_traceparent();
	tree_remove();
	return done();
}
