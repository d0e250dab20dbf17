// SPDX-License-Identifier: GPL-2.0-only
/* What a step waits for, each kind once. The clock is read directly before and after the one call that waits. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READS_MAX = 8, REPLY_MS = 5000 };

/* newer architectures have only the other one */
#ifdef SYS_epoll_wait
#define EPOLL_CALL "epoll_wait"
#else
#define EPOLL_CALL "epoll_pwait"
#endif

static int file = -1, sock = -1, epoll = -1, timer = -1;
static bool has_ring;
static char *buffer;			/* READS_MAX blocks, aligned */
static volatile const char *mapped;	/* the same file */
static uint64_t seq;

static struct {
	int ask, answer;		/* eventfds */
	pid_t tid;
	unsigned us;			/* written before ask, read after it */
	uint64_t t_got, t_done;		/* written before answer, read after it */
} helper = { -1, -1, 0, 0, 0, 0 };

static char exe[4096], env_trace[96], env_loops[48];
static char **tool_env;

/* ---- computing: the same work each time, not the same time ---- */

static double loops_per_us;
static volatile uint64_t sink;

static void loops(uint64_t n)
{
	uint64_t x = n | 1;

	while (n--) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	sink = x;
}

void compute(unsigned us)
{
	loops((uint64_t)(us * loops_per_us));
}

void compute_calibrate(void)
{
	const uint64_t n = 400000;
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 5; i++) {
		uint64_t t = now_ns();

		loops(n);
		t = now_ns() - t;
		if (t && t < best)
			best = t;
	}
	loops_per_us = (double)n * 1000 / (double)best;
}

/* ---- around each wait ---- */

static void begin(struct row *r, const char *call)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	r->slept = -u.ru_nvcsw;
	r->pushed = -u.ru_nivcsw;
	r->majflt = -u.ru_majflt;
	r->call = call;
	r->cpu_begin = sched_getcpu();
	r->t_begin = now_ns();
}

static void end(struct row *r)
{
	struct rusage u;

	r->t_end = now_ns();
	r->cpu_end = sched_getcpu();
	getrusage(RUSAGE_THREAD, &u);
	r->slept += u.ru_nvcsw;
	r->pushed += u.ru_nivcsw;
	r->majflt += u.ru_majflt;
}

static _Noreturn void lost_it(const char *what)
{
	die(EXIT_WORK, "%s failed: %s", what, strerror(errno));
}

/* ---- the waits: 0, or -EINTR when asked to end ---- */

static int think(unsigned us, struct row *r)
{
	begin(r, NULL);
	compute(us);
	end(r);
	return 0;
}

static int wait_net(unsigned us, struct row *r)
{
	struct request q = { .seq = ++seq, .sleep_us = us, .compute_us = us / 8 };
	struct epoll_event ev;
	struct reply a;
	int n;

	r->t_ask = now_ns();
	if (send(sock, &q, sizeof q, MSG_NOSIGNAL) != sizeof q)
		lost_it("sending to the peer");
	do {
		begin(r, EPOLL_CALL);
		n = epoll_wait(epoll, &ev, 1, REPLY_MS);
		end(r);
	} while (n < 0 && errno == EINTR && !stopped);
	if (n < 0)
		return -EINTR;
	if (!n)
		die(EXIT_WORK, "no reply from the peer in %d ms", REPLY_MS);
	if (recv(sock, &a, sizeof a, MSG_WAITALL) != sizeof a || a.seq != q.seq) {
		if (stopped)
			return -EINTR;
		die(EXIT_WORK, "the peer is gone");
	}
	r->by = (pid_t)a.pid;
	r->t_by_begin = a.t_got;
	r->t_by_end = a.t_sent;
	return 0;
}

static off_t any_block(void)
{
	static uint32_t x = 88172645;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return (off_t)(x % FILE_BLOCKS) * BLOCK;
}

static int wait_reads(unsigned n, struct row *r)
{
	int err = 0;

	r->t_ask = now_ns();
	if (!has_ring) {
		r->stage = "pread";
		r->arg = 1;
		begin(r, "pread64");
		err = pread(file, buffer, BLOCK, any_block()) == BLOCK ? 0 : -errno;
		end(r);
	} else {
		for (unsigned i = 0; i < n && i < READS_MAX; i++)
			ring_read(file, buffer + i * BLOCK, BLOCK, (uint64_t)any_block(), r->step);
		begin(r, "io_uring_enter");
		err = ring_enter(n);
		end(r);
		if (!err || err == -EINTR)
			err = ring_reap(n);
	}
	if (err && err != -EINTR)
		die(EXIT_WORK, "reading failed: %s", strerror(-err));
	return err;
}

static int wait_fault(unsigned unused, struct row *r)
{
	off_t at = any_block();

	(void)unused;
	begin(r, NULL);
	sink = (uint64_t)mapped[at];
	end(r);
	return 0;
}

static struct timespec spec(uint64_t ns)
{
	return (struct timespec){ (time_t)(ns / NSEC_PER_SEC), (long)(ns % NSEC_PER_SEC) };
}

static int wait_timer(unsigned us, struct row *r)
{
	struct itimerspec when = { { 0, 0 }, { 0, 0 } };
	uint64_t times;
	ssize_t n;

	r->t_ask = now_ns();
	r->t_due = r->t_ask + us * 1000ull;
	when.it_value = spec(r->t_due);
	if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL))
		lost_it("timerfd");
	do {
		begin(r, "read");
		n = read(timer, &times, sizeof times);
		end(r);
	} while (n < 0 && errno == EINTR && !stopped);
	return n < 0 ? -EINTR : 0;
}

static int wait_sleep(unsigned us, struct row *r)
{
	int err;

	r->t_ask = now_ns();
	r->t_due = r->t_ask + us * 1000ull;
	begin(r, "clock_nanosleep");
	err = sleep_until(r->t_due);
	end(r);
	return err;
}

static int wait_event(unsigned us, struct row *r)
{
	uint64_t one = 1;
	ssize_t n;

	helper.us = us;
	r->t_ask = now_ns();
	if (write(helper.ask, &one, sizeof one) < 0)
		lost_it("eventfd");
	do {
		begin(r, "read");
		n = read(helper.answer, &one, sizeof one);
		end(r);
	} while (n < 0 && errno == EINTR && !stopped);
	if (n < 0)
		return -EINTR;
	r->by = helper.tid;
	r->t_by_begin = helper.t_got;
	r->t_by_end = helper.t_done;
	return 0;
}

static void exec_tool(unsigned us, pid_t parent)
{
	char arg[32];
	char *argv[] = { exe, arg, NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* a signal to the whole group ends the agent, which then still waits for its tool */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	snprintf(arg, sizeof arg, "--tool=%u", us);
	execve(exe, argv, tool_env);
	execve("/proc/self/exe", argv, tool_env);
	_exit(127);
}

static int wait_tool(unsigned us, struct row *r, const struct step *s)
{
	pid_t parent = getpid(), pid, got;
	int status = 0;

	snprintf(env_trace, sizeof env_trace, "TRACEPARENT=%s", s->trace);
	r->t_ask = now_ns();
	pid = fork();
	if (pid < 0)
		lost_it("fork");
	if (!pid)
		exec_tool(us, parent);
	do {
		begin(r, "wait4");
		got = waitpid(pid, &status, 0);
		end(r);
	} while (got < 0 && errno == EINTR);
	if (got != pid || status)
		die(EXIT_WORK, "the tool ended with status %#x", (unsigned)status);
	r->by = pid;
	return 0;
}

int wait_run(const char *stage, unsigned arg, struct row *r, const struct step *s)
{
	static const struct { const char *stage; int (*run)(unsigned, struct row *); } waits[] = {
		{ "think", think }, { "net", wait_net }, { "uring", wait_reads }, { "fault", wait_fault },
		{ "timer", wait_timer }, { "sleep", wait_sleep }, { "evfd", wait_event },
	};

	*r = (struct row){ .step = s->id, .kind = s->kind, .stage = stage, .tid = gettid(), .arg = arg };
	if (!strcmp(stage, "tool"))
		return wait_tool(arg, r, s);
	for (size_t i = 0; i < ARRAY_LEN(waits); i++)
		if (!strcmp(stage, waits[i].stage))
			return waits[i].run(arg, r);
	die(EXIT_WORK, "no wait is called %s", stage);
}

void waits_between_steps(void)
{
	/* what a step touched is to come from the device again */
	madvise((void *)(uintptr_t)mapped, (size_t)FILE_BLOCKS * BLOCK, MADV_DONTNEED);
	posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
}

/* ---- the tool: this program again, in a process of its own ---- */

int tool_main(unsigned us)
{
	const char *trace = getenv("TRACEPARENT"), *n = getenv("AGENTLOOP_LOOPS_PER_US");

	prctl(PR_SET_NAME, "agent-tool");
	if (!trace || strlen(trace) != 55)
		return EXIT_WORK;
	loops_per_us = n ? atof(n) : 0;
	if (loops_per_us <= 0)
		compute_calibrate();
	compute(us);
	return EXIT_GOOD;
}

static void tool_open(void)
{
	extern char **environ;
	ssize_t len = readlink("/proc/self/exe", exe, sizeof exe - 1);
	size_t n = 0, out = 0;

	if (len < 0)
		strcpy(exe, "/proc/self/exe");
	while (environ[n])
		n++;
	tool_env = calloc(n + 3, sizeof *tool_env);
	if (!tool_env)
		die(EXIT_WORK, "out of memory");
	snprintf(env_loops, sizeof env_loops, "AGENTLOOP_LOOPS_PER_US=%f", loops_per_us);
	tool_env[out++] = env_trace;
	tool_env[out++] = env_loops;
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "TRACEPARENT=", 12))
			tool_env[out++] = environ[i];
}

/* ---- what they need ---- */

static void *help(void *unused)
{
	uint64_t one = 1;

	(void)unused;
	helper.tid = gettid();
	prctl(PR_SET_NAME, "agent-helper");
	run_on(opt.peer_cpu);
	(void)!write(helper.answer, &one, sizeof one);
	for (;;) {
		if (read(helper.ask, &one, sizeof one) < 0)
			continue;
		helper.t_got = now_ns();
		compute(helper.us);
		helper.t_done = now_ns();
		(void)!write(helper.answer, &one, sizeof one);
	}
	return NULL;
}

static void helper_open(void)
{
	sigset_t all, old;
	pthread_t t;
	uint64_t one;

	helper.ask = eventfd(0, EFD_CLOEXEC);
	helper.answer = eventfd(0, EFD_CLOEXEC);
	/* signals are for the loop */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	errno = pthread_create(&t, NULL, help, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (errno || helper.ask < 0 || helper.answer < 0)
		lost_it("making a thread");
	while (read(helper.answer, &one, sizeof one) < 0)
		if (stopped)
			return;
}

/* The file's directory: the one asked for, or the first of $TMPDIR and /var/tmp that has a device below it. */
static int open_file(bool *direct)
{
	const char *dirs[] = { getenv("TMPDIR"), "/var/tmp" };
	int fd = -ENOENT;

	if (opt.dir) {
		fd = scratch_open(opt.dir, FILE_BLOCKS, direct);
		if (fd >= 0 && !*direct)
			die(EXIT_WORK, "%s: no O_DIRECT to a device there: choose another directory with -d", opt.dir);
		return fd;
	}
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		if (!dirs[i] || !*dirs[i])
			continue;
		if (fd >= 0)
			close(fd);
		opt.dir = dirs[i];
		fd = scratch_open(opt.dir, FILE_BLOCKS, direct);
		if (fd >= 0 && *direct)
			return fd;
	}
	if (fd >= 0)
		note("%s: no O_DIRECT to a device there: reads come from memory; choose a directory with -d", opt.dir);
	return fd;
}

static void file_open(void)
{
	bool direct = false;
	char path[64];
	int again, err;
	void *p;

	file = open_file(&direct);
	if (file < 0)
		die(EXIT_WORK, "%s: no file can be made: %s", opt.dir ? opt.dir : "/var/tmp", strerror(-file));
	buffer = aligned_alloc(BLOCK, READS_MAX * BLOCK);
	/* mapped by a descriptor that is not O_DIRECT */
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	again = open(path, O_RDONLY | O_CLOEXEC);
	p = again < 0 ? MAP_FAILED : mmap(NULL, (size_t)FILE_BLOCKS * BLOCK, PROT_READ, MAP_SHARED, again, 0);
	if (!buffer || p == MAP_FAILED)
		lost_it("mapping the file");
	close(again);
	madvise(p, (size_t)FILE_BLOCKS * BLOCK, MADV_RANDOM);	/* a fault reads one page */
	mapped = p;
	err = ring_open(READS_MAX);
	has_ring = !err;
	if (err)
		note("no io_uring here, pread instead: %s", strerror(-err));
}

void waits_open(void)
{
	struct epoll_event ev = { .events = EPOLLIN };

	file_open();
	tool_open();
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	sock = net_open();
	writes_open();
	if (timer < 0 || epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, sock, &ev))
		lost_it("epoll or timerfd");
	helper_open();		/* last: what is forked without exec comes from a single thread */
	waits_between_steps();
}
