// SPDX-License-Identifier: GPL-2.0-only
#include "broker.h"
#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FDS_MAX 100		/* in one message; the kernel takes up to 253 */
#define PIDS_MAX 64
#define STOP_MS 10000		/* removing instances with many CPUs takes its time */

enum op { OP_TRACE, OP_CLEANUP, OP_ON, OP_FOLLOW, OP_SIZE, OP_THIN, OP_PROBE, OP_OPEN, OP_TRACE_OF, OP_STOP };
struct request {
	uint32_t op;
	int32_t pid;
	uint32_t which;		/* buffer, tiers, on, listen, enum broker_proc */
	uint32_t n;		/* of pids */
	uint64_t v, w;
	int32_t pids[PIDS_MAX];
	char path[512];
};
struct answer {
	int32_t result;
	uint32_t n, n_cpus, n_files, marks, top_mono;
	uint64_t len;		/* of the blob, in the first descriptor */
	char text[512];		/* the sentence when result < 0 */
};
struct broker {
	int fd;
	pid_t pid;
};

/* ---- messages with descriptors ---- */

static int send_with(int fd, const void *buf, size_t n, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control = { 0 };
	struct iovec v = { (void *)buf, n };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	ssize_t r;

	if (n_fds) {
		struct cmsghdr *c;

		m.msg_control = control.buf;
		m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	do
		r = sendmsg(fd, &m, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* Bytes received; 0: the other side is gone. */
static ssize_t receive_with(int fd, void *buf, size_t n, int *fds, size_t *n_fds)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec v = { buf, n };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof control.buf };
	ssize_t r;

	*n_fds = 0;
	do
		r = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
			*n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(fds, CMSG_DATA(c), *n_fds * sizeof(int));
		}
	return r;
}

/* ---- the privileged side ---- */

/* A descriptor for the pages and one for the counters of each CPU and buffer. */
static void want_descriptors(void)
{
	struct rlimit l;

	if (!getrlimit(RLIMIT_NOFILE, &l) && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

struct server {
	int fd;
	int32_t owner;		/* the user's process */
	int file;		/* the last program or library that was opened: a probe goes on this and no other; -1 */
	struct tracer *t;
};

/* The blob: kind, name and text one after the other, NUL-ended: "F\0system/name\0LEN\0text..." */
struct blob {
	int fd;
	uint64_t len;
	bool failed;
};

static void blob_add(struct blob *b, const void *p, size_t n)
{
	while (n && !b->failed) {
		ssize_t w = write(b->fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0) {
			b->failed = true;
			return;
		}
		p = (const char *)p + w;
		n -= (size_t)w;
		b->len += (uint64_t)w;
	}
}

static void blob_item(struct blob *b, char kind, const char *system, const char *name, const char *text, size_t len)
{
	char head[256];
	int n = snprintf(head, sizeof head, "%c%c%s%c%s%c%zu%c", kind, 0, system, 0, name, 0, len, 0);

	if (n < (int)sizeof head) {
		blob_add(b, head, (size_t)n);
		blob_add(b, text, len);
	}
}

static void blob_format(void *arg, const char *system, const char *name, const char *text, size_t len)
{
	blob_item(arg, 'F', system, name, text, len);
}

static void blob_file(struct blob *b, struct tracer *t, char kind, const char *file)
{
	size_t len;
	char *text = tracer_text(t, TRACER_MAIN, file, &len);

	if (text)
		blob_item(b, kind, "", "", text, len);
	free(text);
}

static int make_blob(struct tracer *t, struct blob *b)
{
	*b = (struct blob){ .fd = memfd_create("agenttop", MFD_CLOEXEC) };
	if (b->fd < 0)
		return -errno;
	blob_file(b, t, 'P', "events/header_page");
	blob_file(b, t, 'E', "events/header_event");
	tracer_formats(t, blob_format, b);
	return b->failed ? -ENOSPC : 0;
}

/* Every CPU's pages and counters, in messages of some descriptors each: buffer << 24 | cpu, then the two of it. */
static int send_files(struct server *s, int n_buffers)
{
	uint32_t what[FDS_MAX / 2];
	int fds[FDS_MAX], r = 0;
	size_t n = 0;

	for (int b = 0; b < n_buffers; b++)
		for (uint32_t cpu = 0; cpu < tracer_cpus(s->t) && !r; cpu++) {
			bool last = b == n_buffers - 1 && cpu == tracer_cpus(s->t) - 1;

			fds[2 * n] = tracer_file(s->t, b, (int)cpu, "trace_pipe_raw", O_RDONLY | O_NONBLOCK);
			fds[2 * n + 1] = tracer_file(s->t, b, (int)cpu, "stats", O_RDONLY);
			if (fds[2 * n] < 0 || fds[2 * n + 1] < 0)
				r = fds[2 * n] < 0 ? fds[2 * n] : fds[2 * n + 1];
			what[n++] = (uint32_t)b << 24 | cpu;
			if (!r && (n == FDS_MAX / 2 || last))
				r = send_with(s->fd, what, n * sizeof *what, fds, 2 * n);
			if (r || n == FDS_MAX / 2 || last) {
				for (size_t i = 0; i < 2 * n; i++)
					if (fds[i] >= 0)
						close(fds[i]);
				n = 0;
			}
		}
	return r;
}

static void answer(struct server *s, const struct answer *a, const int *fds, size_t n_fds)
{
	send_with(s->fd, a, sizeof *a, fds, n_fds);
}

static void serve_trace(struct server *s, const struct request *q)
{
	struct answer a = { 0 };
	struct err err = { "" };
	struct blob b = { .fd = -1 };
	int fds[4] = { -1, -1, -1, -1 }, n_buffers;

	if (s->t)
		a.result = err_set(&err, -EBUSY, "it is recording already");
	else
		s->t = tracer_open(s->owner, q->v, &a.result, &err);
	if (s->t && !a.result && (a.result = make_blob(s->t, &b)))
		err_set(&err, a.result, "tracefs: %s", strerror(-a.result));
	if (a.result) {
		snprintf(a.text, sizeof a.text, "%s", err.text);
		answer(s, &a, NULL, 0);
		return;
	}
	a.len = b.len;
	a.n_cpus = tracer_cpus(s->t);
	a.marks = tracer_marks(s->t);
	a.top_mono = tracer_top_is_mono(s->t);
	n_buffers = a.marks == MARKS_UNSEEN ? TRACER_MARKS : N_TRACER_BUFFERS;
	a.n_files = a.n_cpus * (uint32_t)n_buffers;
	fds[0] = b.fd;
	fds[1] = tracer_file(s->t, TRACER_MAIN, -1, "tracing_on", O_WRONLY);
	fds[2] = tracer_top_file(s->t, "tracing_on", O_RDONLY);
	fds[3] = a.marks == MARKS_TOP ? tracer_top_file(s->t, "trace_marker", O_WRONLY) : -1;
	answer(s, &a, fds, fds[1] < 0 ? 1 : fds[2] < 0 ? 2 : fds[3] < 0 ? 3 : 4);
	for (int i = 0; i < 4; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	a.result = send_files(s, n_buffers);
	if (a.result)		/* whoever waits for files sees that there are no more */
		send_with(s->fd, &a.result, sizeof a.result, NULL, 0);
}

static void serve_cleanup(struct server *s)
{
	struct answer a = { 0 };
	struct err err = { "" };
	unsigned n;

	a.result = tracer_cleanup(&n, &err);
	a.n = n;
	snprintf(a.text, sizeof a.text, "%s", err.text);
	answer(s, &a, NULL, 0);
}

/* Where the library has its probes stands an instruction that does nothing. */
static bool is_nop(int fd, uint64_t at)
{
#if defined(__x86_64__)
	static const uint8_t nop5[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	uint8_t code[sizeof nop5];

	return pread(fd, code, sizeof code, (off_t)at) == sizeof code && (!memcmp(code, nop5, sizeof nop5) || code[0] == 0x90);
#else
	(void)fd;
	(void)at;
	return true;
#endif
}

/* On the very file that was opened and looked at, whatever its name leads to by now. */
static int probe_file(struct server *s, const struct request *q, unsigned *n)
{
	char path[64];
	struct stat st;

	if (s->file < 0 || fstat(s->file, &st) || q->v >= (uint64_t)st.st_size || q->w >= (uint64_t)st.st_size ||
	    (!q->which && !is_nop(s->file, q->v)))
		return -EINVAL;
	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), s->file);
	return tracer_probe(s->t, path, q->v, q->w, q->which, n);
}

static void serve_probe(struct server *s, const struct request *q)
{
	char *file, *text = NULL;
	struct answer a = { 0 };
	int fd = -1;
	size_t len;

	a.result = probe_file(s, q, &a.n);
	if (!a.result && !q->which) {
		file = xasprintf("events/agenttop_%d/mark%u/format", (int)s->owner, a.n);
		text = tracer_text(s->t, TRACER_MAIN, file, &len);
		free(file);
		fd = text ? memfd_create("agenttop", MFD_CLOEXEC) : -1;
		if (fd >= 0 && write(fd, text, len) == (ssize_t)len)
			a.len = len;
	}
	answer(s, &a, &fd, fd >= 0 ? 1 : 0);
	if (fd >= 0)
		close(fd);
	free(text);
}

/* Looked at before it is opened: opening a device can do things. Only programs and libraries are handed out. */
static int open_program(const char *path)
{
	int at = open(path, O_PATH | O_CLOEXEC), fd = -1, e = EINVAL;
	char self[64], magic[4];
	struct stat st;

	if (at < 0)
		return -errno;
	snprintf(self, sizeof self, "/proc/self/fd/%d", at);
	if (!fstat(at, &st) && S_ISREG(st.st_mode)) {
		fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		e = errno;
	}
	close(at);
	if (fd >= 0 && (pread(fd, magic, 4, 0) != 4 || memcmp(magic, "\177ELF", 4))) {
		close(fd);
		fd = -1;
		e = ENOEXEC;
	}
	return fd >= 0 ? fd : -e;
}

static void serve_open(struct server *s, const struct request *q)
{
	struct answer a = { 0 };
	char *path;
	int fd;

	if (q->which == PROC_ROOT_FILE && q->path[0] == '/') {
		path = xasprintf("/proc/%d/root%s", (int)q->pid, q->path);
		fd = open_program(path);
		if (s->file >= 0)
			close(s->file);
		s->file = fd >= 0 ? fd : -1;
	} else {
		path = xasprintf("/proc/%d/maps", (int)q->pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	}
	a.result = fd < 0 ? fd : 0;
	answer(s, &a, &fd, fd >= 0 ? 1 : 0);
	if (fd >= 0 && fd != s->file)
		close(fd);
	free(path);
}

/* An environment is full of secrets: only the one word is told. */
static void serve_trace_of(struct server *s, const struct request *q)
{
	char *path = xasprintf("/proc/%d/environ", (int)q->pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct answer a = { .result = fd < 0 ? -errno : -ENODATA };

	if (fd >= 0 && who_traceparent_fd(fd, a.text))
		a.result = 0;
	answer(s, &a, NULL, 0);
	if (fd >= 0)
		close(fd);
	free(path);
}

static void serve_simple(struct server *s, const struct request *q)
{
	struct answer a = { 0 };

	switch (q->op) {
	case OP_ON:
		a.result = tracer_on(s->t, q->which);
		break;
	case OP_FOLLOW:
		a.result = tracer_follow(s->t, q->pids, MIN(q->n, (uint32_t)PIDS_MAX));
		break;
	case OP_SIZE:
		a.result = q->which < TRACER_MARKS ? tracer_buffer_size(s->t, q->which, q->v) : -EINVAL;
		break;
	case OP_THIN:
		a.result = tracer_thin(s->t, q->which);
		break;
	}
	answer(s, &a, NULL, 0);
}

static void serve(struct server *s)
{
	struct request q;
	int fds[FDS_MAX];
	size_t n_fds;

	while (receive_with(s->fd, &q, sizeof q, fds, &n_fds) == sizeof q && q.op != OP_STOP) {
		struct answer no = { .result = -EINVAL };

		q.path[sizeof q.path - 1] = 0;
		if (q.op == OP_TRACE)
			serve_trace(s, &q);
		else if (q.op == OP_CLEANUP)
			serve_cleanup(s);
		else if (q.op == OP_OPEN)
			serve_open(s, &q);
		else if (q.op == OP_TRACE_OF)
			serve_trace_of(s, &q);
		else if (!s->t)
			answer(s, &no, NULL, 0);
		else if (q.op == OP_PROBE)
			serve_probe(s, &q);
		else
			serve_simple(s, &q);
	}
}

/* Nothing else that the other side has open is kept open by this one: a command's pipe, a file. */
static void only_descriptor(int fd)
{
	if (fd > 3)
		close_range(3, (unsigned)fd - 1, 0);
	close_range((unsigned)fd + 1, ~0u, 0);
}

/* It lives as long as the other side does, so what stops that one (Ctrl-C, a closed terminal) must not stop it first. */
static _Noreturn void be_broker(int fd, int32_t owner)
{
	static const int ignored[] = { SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2 };
	struct server s = { .fd = fd, .owner = owner, .file = -1 };

	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		signal(ignored[i], SIG_IGN);
	only_descriptor(fd);
	want_descriptors();
	setsid();
	prctl(PR_SET_NAME, "agenttop-broker");
	if (chdir("/"))
		_exit(1);
	die_hook = NULL;
	serve(&s);
	tracer_close(s.t);
	_exit(0);
}

/* ---- the user's side ---- */

struct broker *broker_start(struct err *err)
{
	struct broker *b;
	int pair[2];
	int32_t owner = getpid();
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		err_set(err, -errno, "the privileged part cannot be started: %s", strerror(errno));
		return NULL;
	}
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		err_set(err, -errno, "the privileged part cannot be started: %s", strerror(errno));
		close(pair[0]);
		close(pair[1]);
		return NULL;
	}
	if (!pid) {
		close(pair[0]);
		be_broker(pair[1], owner);
	}
	close(pair[1]);
	b = xcalloc(1, sizeof *b);
	b->fd = pair[0];
	b->pid = pid;
	if (user_drop_privileges(err)) {
		broker_stop(b);
		return NULL;
	}
	return b;
}

void broker_stop(struct broker *b)
{
	struct pollfd p;
	int n;

	if (!b)
		return;
	shutdown(b->fd, SHUT_WR);
	/* it closes its end when everything is undone */
	p = (struct pollfd){ b->fd, POLLIN, 0 };
	while ((n = poll(&p, 1, STOP_MS)) < 0 && errno == EINTR)
		;
	close(b->fd);
	while (waitpid(b->pid, NULL, n ? 0 : WNOHANG) < 0 && errno == EINTR)
		;
	free(b);
}

int broker_fd(const struct broker *b) { return b->fd; }
int32_t broker_pid(const struct broker *b) { return b->pid; }

static int ask(struct broker *b, const struct request *q, struct answer *a, int *fds, size_t *n_fds, struct err *err)
{
	ssize_t n;
	int r;

	*n_fds = 0;
	*a = (struct answer){ 0 };
	r = send_with(b->fd, q, sizeof *q, NULL, 0);
	if (r)
		return err_set(err, r, "the privileged part is gone: %s", strerror(-r));
	n = receive_with(b->fd, a, sizeof *a, fds, n_fds);
	if (n != sizeof *a)
		return err_set(err, -EPIPE, "the privileged part is gone");
	a->text[sizeof a->text - 1] = 0;
	if (a->result < 0 && err)
		err_set(err, a->result, "%s", a->text[0] ? a->text : strerror(-a->result));
	return a->result;
}

/* Requests whose answer is a result and nothing else. */
static int ask_simply(struct broker *b, const struct request *q)
{
	struct answer a;
	int fds[FDS_MAX];
	size_t n_fds;
	int r = ask(b, q, &a, fds, &n_fds, NULL);

	for (size_t i = 0; i < n_fds; i++)
		close(fds[i]);
	return r;
}

int broker_on(struct broker *b, bool on)
{
	return ask_simply(b, &(struct request){ .op = OP_ON, .which = on });
}

int broker_buffer_size(struct broker *b, enum tracer_buffer buffer, uint64_t kb)
{
	return ask_simply(b, &(struct request){ .op = OP_SIZE, .which = buffer, .v = kb });
}

int broker_thin(struct broker *b, unsigned tiers)
{
	return ask_simply(b, &(struct request){ .op = OP_THIN, .which = tiers });
}

int broker_follow(struct broker *b, const int32_t *pid, size_t n)
{
	int r = 0;

	while (n && !r) {
		struct request q = { .op = OP_FOLLOW, .n = (uint32_t)MIN(n, (size_t)PIDS_MAX) };

		memcpy(q.pids, pid, q.n * sizeof *pid);
		r = ask_simply(b, &q);
		pid += q.n;
		n -= q.n;
	}
	return r;
}

int broker_cleanup(struct broker *b, unsigned *n_removed, struct err *err)
{
	struct answer a;
	int fds[FDS_MAX];
	size_t n_fds;
	int r = ask(b, &(struct request){ .op = OP_CLEANUP }, &a, fds, &n_fds, err);

	*n_removed = r ? 0 : a.n;
	return r;
}

static char *read_blob(int fd, size_t len)
{
	char *text = xmalloc(len + 1);
	size_t at = 0;

	while (at < len) {
		ssize_t n = pread(fd, text + at, len - at, (off_t)at);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	text[at] = 0;
	return text;
}

int broker_probe(struct broker *b, uint64_t probe, uint64_t counter, bool listen, unsigned *n, char **text, size_t *len)
{
	struct request q = { .op = OP_PROBE, .which = listen, .v = probe, .w = counter };
	struct answer a;
	int fds[FDS_MAX], r;
	size_t n_fds;

	*text = NULL;
	*len = 0;
	r = ask(b, &q, &a, fds, &n_fds, NULL);
	*n = a.n;
	if (!r && n_fds) {
		*text = read_blob(fds[0], a.len);
		*len = a.len;
	}
	for (size_t i = 0; i < n_fds; i++)
		close(fds[i]);
	return r;
}

bool broker_traceparent(struct broker *b, int32_t pid, char buf[WHO_TRACEPARENT])
{
	struct answer a;
	int fds[FDS_MAX];
	size_t n_fds;

	if (ask(b, &(struct request){ .op = OP_TRACE_OF, .pid = pid }, &a, fds, &n_fds, NULL))
		return false;
	snprintf(buf, WHO_TRACEPARENT, "%.*s", WHO_TRACEPARENT - 1, a.text);
	return true;
}

int broker_open(struct broker *b, int32_t pid, enum broker_proc which, const char *path)
{
	struct request q = { .op = OP_OPEN, .pid = pid, .which = which };
	struct answer a;
	int fds[FDS_MAX], r;
	size_t n_fds;

	if (path && strlen(path) >= sizeof q.path)
		return -ENAMETOOLONG;
	if (path)
		strcpy(q.path, path);
	r = ask(b, &q, &a, fds, &n_fds, NULL);
	return r ? r : n_fds ? fds[0] : -EIO;
}

/* ---- what starting gives ---- */

static const char *word(char **p, const char *end)
{
	const char *w = *p;

	*p = memchr(*p, 0, (size_t)(end - *p));
	*p = *p ? *p + 1 : (char *)end;
	return w;
}

static void parse_blob(struct broker_started *s, size_t len)
{
	char *p = s->blob, *end = s->blob + len;
	size_t cap_formats = 0;

	while (p < end) {
		const char *kind = word(&p, end), *system = word(&p, end), *name = word(&p, end);
		size_t n = strtoul(word(&p, end), NULL, 10);

		if (n > (size_t)(end - p))
			return;
		if (*kind == 'P') {
			s->header_page = p;
			s->len_page = n;
		} else if (*kind == 'E') {
			s->header_event = p;
			s->len_event = n;
		} else if (*kind == 'F') {
			GROW(s->format, s->n_formats, cap_formats);
			s->format[s->n_formats++] = (struct broker_format){ system, name, p, n };
		}
		p += n;
	}
}

static int receive_files(struct broker *b, struct broker_started *s, size_t n_files)
{
	while (s->n_files < n_files) {
		uint32_t what[FDS_MAX / 2];
		int fds[FDS_MAX];
		size_t n_fds;
		ssize_t n = receive_with(b->fd, what, sizeof what, fds, &n_fds);

		if (n <= 0 || (size_t)n / sizeof *what * 2 != n_fds)
			return -EIO;
		for (size_t i = 0; i < n_fds / 2; i++)
			s->file[s->n_files++] = (struct broker_file){
				(uint8_t)(what[i] >> 24), what[i] & 0xffffff, fds[2 * i], fds[2 * i + 1] };
	}
	return 0;
}

int broker_trace(struct broker *b, uint64_t buffer_kb, struct broker_started *s, struct err *err)
{
	struct answer a;
	int fds[FDS_MAX], r;
	size_t n_fds;

	*s = (struct broker_started){ .on = -1, .marker = -1, .top_on = -1 };
	want_descriptors();
	r = ask(b, &(struct request){ .op = OP_TRACE, .v = buffer_kb }, &a, fds, &n_fds, err);
	if (r)
		return r;
	if (!n_fds)
		return err_set(err, -EIO, "the privileged part gave no descriptors");
	s->blob = read_blob(fds[0], a.len);
	close(fds[0]);
	s->on = n_fds > 1 ? fds[1] : -1;
	s->top_on = n_fds > 2 ? fds[2] : -1;
	s->marker = n_fds > 3 ? fds[3] : -1;
	s->top_mono = a.top_mono;
	parse_blob(s, a.len);
	s->n_cpus = a.n_cpus;
	s->marks = a.marks;
	s->file = xcalloc(a.n_files, sizeof *s->file);
	r = receive_files(b, s, a.n_files);
	return r ? err_set(err, r, "the ring buffers' files did not arrive: too many open files? (ulimit -n)") : 0;
}

void broker_started_fini(struct broker_started *s)
{
	for (size_t i = 0; i < s->n_files; i++) {
		close(s->file[i].pages);
		close(s->file[i].stats);
	}
	if (s->on >= 0)
		close(s->on);
	if (s->marker >= 0)
		close(s->marker);
	if (s->top_on >= 0)
		close(s->top_on);
	free(s->file);
	free(s->format);
	free(s->blob);
	*s = (struct broker_started){ .on = -1, .marker = -1, .top_on = -1 };
}
