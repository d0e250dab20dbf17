// SPDX-License-Identifier: GPL-2.0-only
/*
 * The other processes: the peer that answers over TCP, from a network namespace of its own where that is permitted; the
 * flood, a child of it; the writes. Each ends with its parent, whatever ended that: PR_SET_PDEATHSIG, and the end of
 * file on a pipe whose other end only the agent holds. With the last process in it the namespace goes, with that the
 * veth pair, so even `kill -9` of the agent leaves nothing behind.
 */
#include "agent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef RAMFS_MAGIC
#define RAMFS_MAGIC 0x858458f6
#endif

enum { CHILDREN_MAX = 4, WRITE_BYTES = 65536, GRACE_SECONDS = 10 };

static pid_t agent, children[CHILDREN_MAX];	/* in the order in which they can be waited for */
static unsigned n_children;
static int life[2] = { -1, -1 };
static char if_name[16];		/* ours of the veth pair, while there is one */

bool is_agent(void)
{
	return !agent || getpid() == agent;
}

/* ---- children ---- */

/* In the child: nothing of the agent's is left to it but the pipe, and it cannot outlive its parent. */
static void be_child(const char *name, pid_t parent)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP };	/* those of a terminal or timeout(1) reach the group */

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	prctl(PR_SET_NAME, name);
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		signal(ignored[i], SIG_IGN);
	if (life[1] >= 0)
		close(life[1]);
	life[1] = -1;
	if (opt.seconds > 0)
		alarm((unsigned)opt.seconds + GRACE_SECONDS);
	run_on(opt.peer_cpu);
}

static pid_t fork_child(const char *name)
{
	pid_t parent = getpid(), pid;

	if (!agent) {
		agent = parent;
		/* the flood, when the peer is gone, is ours to wait for */
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		if (pipe2(life, O_CLOEXEC))
			die(EXIT_WORK, "no pipe: %s", strerror(errno));
	}
	pid = fork();
	if (pid < 0)
		die(EXIT_WORK, "no process: %s", strerror(errno));
	if (!pid)
		be_child(name, parent);
	else if (is_agent())
		children[n_children++] = pid;
	return pid;
}

/* Waits until fd can be read, or ends this process when the agent is gone; with fd -1 it only looks. */
static void wait_alive(int fd)
{
	struct pollfd p[] = { { .fd = life[0], .events = POLLIN }, { .fd = fd, .events = POLLIN } };

	while (poll(p, 2, fd < 0 ? 0 : -1) < 0 && errno == EINTR)
		;
	if (p[0].revents)
		_exit(0);
}

static void kill_children(void)
{
	for (unsigned i = 0; i < n_children; i++) {
		kill(children[i], SIGKILL);
		while (waitpid(children[i], NULL, 0) < 0 && errno == EINTR)
			;
	}
	n_children = 0;
}

void peers_close(void)
{
	if (!agent || !is_agent())
		return;
	kill_children();
	/* it goes with the namespace, but some time later */
	if (*if_name)
		veth_del(if_name);
	*if_name = 0;
}

/* ---- the peer: in its own process ---- */

struct peer_setup {
	bool veth;
	int control;		/* packets: int (0 or -errno), struct go, int (port or -errno), int (pid of the flood or 0) */
};

struct go {
	uint32_t addr, agent_addr;	/* host byte order */
	uint16_t sink_port;		/* of the agent, for the flood */
};

static struct sockaddr_in address(uint32_t addr, uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(addr), .sin_port = htons(port) };
}

static void tell(int fd, int value)
{
	if (send(fd, &value, sizeof value, MSG_NOSIGNAL) != sizeof value)
		_exit(1);
}

/* A socket that listens on a port of the kernel's choice: the port, or -errno. */
static int listen_on(uint32_t addr, int *fd)
{
	struct sockaddr_in a = address(addr, 0);
	socklen_t len = sizeof a;

	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0 || bind(*fd, (struct sockaddr *)&a, len) || listen(*fd, 1) || getsockname(*fd, (struct sockaddr *)&a, &len))
		return -errno;
	return ntohs(a.sin_port);
}

static void serve(int fd)
{
	struct request q;

	for (;;) {
		struct reply r = { .pid = (uint32_t)getpid() };

		wait_alive(fd);
		if (recv(fd, &q, sizeof q, MSG_WAITALL) != sizeof q)
			_exit(0);
		r.t_got = now_ns();
		r.seq = q.seq;
		if (q.sleep_us)
			sleep_until(r.t_got + q.sleep_us * 1000ull);
		compute(q.compute_us);
		r.t_sent = now_ns();
		if (send(fd, &r, sizeof r, MSG_NOSIGNAL) != sizeof r)
			_exit(0);
	}
}

/* Datagrams at an even pace; behind by much (not let run), it starts anew instead of making up for it. */
static void flood(const struct go *g)
{
	const struct sockaddr_in to = address(g->agent_addr, g->sink_port);
	const uint64_t gap = NSEC_PER_SEC / opt.flood;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[256] = "flood";
	uint64_t next = now_ns();

	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to))
		_exit(1);
	prctl(PR_SET_TIMERSLACK, 1);
	for (unsigned n = 0;; n++) {
		if (n % 64 == 0)
			wait_alive(-1);
		/* a full queue or a refusal is no reason to end */
		(void)!send(fd, text, sizeof text, MSG_DONTWAIT | MSG_NOSIGNAL);
		next += gap;
		if (next + NSEC_PER_SEC / 20 < now_ns())
			next = now_ns();
		sleep_until(next);
	}
}

static void peer_run(const struct peer_setup *s)
{
	int listener = -1, port, fd;
	struct go g;
	pid_t pid;

	tell(s->control, s->veth && unshare(CLONE_NEWNET) ? -errno : 0);
	if (recv(s->control, &g, sizeof g, 0) != sizeof g)
		_exit(1);
	port = s->veth ? veth_up("peer0", g.addr, false) : 0;
	if (!port)
		port = listen_on(g.addr, &listener);
	tell(s->control, port);
	if (port < 0)
		_exit(1);
	wait_alive(listener);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		_exit(1);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	pid = opt.flood ? fork_child("agent-flood") : 0;
	if (opt.flood && !pid)
		flood(&g);
	tell(s->control, pid);
	serve(fd);
}

/* ---- the way to it: in the agent ---- */

static char why[128];		/* why there is no connection */

static int failed(const char *what, int err)
{
	snprintf(why, sizeof why, "%s: %s", what, strerror(-err));
	return err;
}

/* What the peer says; it may be gone, or silent. */
static int ask(int control)
{
	int value;
	ssize_t n = recv(control, &value, sizeof value, 0);

	return n == sizeof value ? value : n < 0 ? -errno : -ECHILD;
}

static int veth_open(struct go *g, pid_t peer)
{
	uint32_t net = veth_free_net((unsigned)agent);
	char name[sizeof if_name];
	int err;

	if (!net)
		return failed("no free addresses in 198.18.0.0/15", -EADDRINUSE);
	snprintf(name, sizeof name, "aloop%d", (int)agent);
	err = veth_add(name, "peer0", peer);
	if (err)
		return failed("no veth pair", err);
	memcpy(if_name, name, sizeof if_name);
	g->agent_addr = net + 1;
	g->addr = net + 2;
	err = veth_up(name, g->agent_addr, true);
	if (err)
		return failed("no address for the veth pair", err);
	if (opt.rps && opt.cpu >= 0) {
		err = veth_rps(name, opt.cpu);
		if (err)
			note("packets are handled on the peer's CPU: rps_cpus: %s", strerror(-err));
	}
	return 0;
}

static int bound_socket(int type)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	/* no rule of this machine's routing sends it elsewhere */
	if (fd >= 0 && *if_name)
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, if_name, (socklen_t)strlen(if_name) + 1);
	return fd;
}

/* Where the flood ends: nobody reads it, the kernel throws it away when the small buffer is full. */
static int sink_open(struct go *g)
{
	struct sockaddr_in a = address(g->agent_addr, 0);
	socklen_t len = sizeof a;
	int fd = bound_socket(SOCK_DGRAM);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 1 }, sizeof(int));
	if (bind(fd, (struct sockaddr *)&a, len) || getsockname(fd, (struct sockaddr *)&a, &len))
		return -errno;
	g->sink_port = ntohs(a.sin_port);
	return 0;
}

static int connect_to(const struct go *g, int port)
{
	const struct sockaddr_in to = address(g->addr, (uint16_t)port);
	const struct timeval limit = { 3, 0 };
	int fd = bound_socket(SOCK_STREAM);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (!connect(fd, (const struct sockaddr *)&to, sizeof to))
		return fd;
	/* a time-out says "in progress" */
	int err = errno == EINPROGRESS || errno == EAGAIN ? -ETIMEDOUT : -errno;

	close(fd);
	return err;
}

static int try_net(bool veth)
{
	struct go g = { .addr = INADDR_LOOPBACK, .agent_addr = INADDR_LOOPBACK };
	struct peer_setup s = { .veth = veth };
	const struct timeval limit = { 5, 0 };
	int pair[2], err, port, fd;
	pid_t peer, pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return failed("no socket", -errno);
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	s.control = pair[1];
	peer = fork_child("agent-peer");
	if (!peer) {
		close(pair[0]);
		peer_run(&s);
	}
	close(pair[1]);
	err = ask(pair[0]);
	if (err)
		failed("no network namespace", err);
	else if (!veth || !(err = veth_open(&g, peer)))
		err = opt.flood ? sink_open(&g) : 0;
	if (!err) {
		send(pair[0], &g, sizeof g, MSG_NOSIGNAL);
		port = ask(pair[0]);
		fd = port < 0 ? port : connect_to(&g, port);
		err = fd < 0 ? failed("the peer cannot be reached", fd) : 0;
		pid = err ? 0 : ask(pair[0]);
		if (pid > 0)
			children[n_children++] = pid;
	}
	close(pair[0]);
	if (err)
		peers_close();
	return err ? err : fd;
}

int net_open(void)
{
	int fd = -EPERM;

	if (opt.net != NET_LOOPBACK) {
		fd = geteuid() ? failed("not root", -EPERM) : try_net(true);
		if (fd < 0 && opt.net == NET_VETH)
			die(fd == -EPERM ? EXIT_PERMISSION : EXIT_WORK, "no veth pair: %s", why);
		if (fd < 0)
			note("TCP over loopback instead of a veth pair: %s", why);
	}
	if (fd < 0)
		fd = try_net(false);
	if (fd < 0)
		die(EXIT_WORK, "no peer: %s", why);
	return fd;
}

const char *net_name(void)
{
	return *if_name ? if_name : "lo";
}

/* ---- files ---- */

static int open_unnamed(const char *dir, int flags)
{
	char path[4096];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC | flags, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd < 0 ? -errno : fd;
	/* a file system without O_TMPFILE: it has a name for an instant */
	if ((size_t)snprintf(path, sizeof path, "%s/agentloop.XXXXXX", dir) >= sizeof path)
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC | flags);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

int scratch_open(const char *dir, size_t n_blocks, bool *direct)
{
	void *block = aligned_alloc(BLOCK, WRITE_BYTES);
	int fd = open_unnamed(dir, O_DIRECT), err = 0;
	struct statfs fs;

	if (!block)
		die(EXIT_WORK, "out of memory");
	*direct = fd >= 0;
	if (fd == -EINVAL)
		fd = open_unnamed(dir, 0);
	if (fd < 0)
		err = fd;
	/* some of them take O_DIRECT for granted, but there is no device below */
	else if (!fstatfs(fd, &fs) && (fs.f_type == TMPFS_MAGIC || fs.f_type == (__typeof__(fs.f_type))RAMFS_MAGIC))
		*direct = false;
	memset(block, 'a', WRITE_BYTES);
	for (size_t at = 0; !err && at < n_blocks * BLOCK; at += WRITE_BYTES) {
		ssize_t n = pwrite(fd, block, WRITE_BYTES, (off_t)at);

		err = n == WRITE_BYTES ? 0 : n < 0 ? -errno : -ENOSPC;
	}
	if (!err && fsync(fd))
		err = -errno;
	free(block);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

/* Writes here and there in a file of its own, so many a second, every eighth made durable. */
static void write_on(int fd)
{
	const uint64_t gap = NSEC_PER_SEC / opt.writes;
	char *block = aligned_alloc(BLOCK, WRITE_BYTES);
	uint64_t next = now_ns();
	unsigned at = 1;

	if (!block)
		_exit(1);
	memset(block, 'w', WRITE_BYTES);
	for (unsigned n = 0;; n++) {
		wait_alive(-1);
		at = at * 1103515245u + 12345u;
		if (pwrite(fd, block, WRITE_BYTES, (off_t)(at >> 8) % (FILE_BLOCKS * BLOCK / WRITE_BYTES) * WRITE_BYTES) < 0)
			_exit(1);
		if (n % 8 == 7)
			fsync(fd);
		next += gap;
		if (next + NSEC_PER_SEC < now_ns())
			next = now_ns();
		sleep_until(next);
	}
}

void writes_open(void)
{
	bool direct;
	int fd;

	if (!opt.writes)
		return;
	fd = scratch_open(opt.dir, FILE_BLOCKS, &direct);
	if (fd < 0)
		die(EXIT_WORK, "%s: no file for the writes: %s", opt.dir, strerror(-fd));
	if (!direct)
		note("%s: the writes reach no device", opt.dir);
	if (!fork_child("agent-writes"))
		write_on(fd);
	close(fd);
}
