/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of agentloop know of each other.
 *
 *   agentloop.c      options, the loop over steps, how it ends
 *   agent_wait.c     one function for each kind of thing that a step waits for
 *   agent_ring.c     io_uring by its three system calls
 *   agent_mark.c     step marks
 *   agent_csv.c      the account that it keeps of itself, and the summary
 *   agent_peer.c     the other processes: who answers, the flood, the writes
 *   agent_veth.c     a veth pair and addresses, by rtnetlink
 *
 * One thread runs the loop; a helper thread writes to an eventfd when asked to. All other processes are children, hold
 * the read end of a pipe whose write end only the agent has, and are killed by the kernel when their parent dies.
 */
#ifndef AGENT_H
#define AGENT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define NSEC_PER_SEC 1000000000ull

enum { EXIT_GOOD, EXIT_WORK, EXIT_USAGE, EXIT_PERMISSION };
enum { BLOCK = 4096, FILE_BLOCKS = 4096 };
enum marks { MARKS_AUTO, MARKS_MARKER, MARKS_SDK, MARKS_NONE };
enum net { NET_AUTO, NET_VETH, NET_LOOPBACK };

struct options {
	uint64_t n_steps;		/* 0: no end by number */
	double seconds, rate;		/* 0: no end by time; no pause between steps */
	int cpu, peer_cpu;		/* -1: anywhere */
	unsigned flood, writes;		/* a second; 0: none */
	bool quiet, rps, help;
	enum marks marks;
	enum net net;
	const char *agent, *kinds, *dir, *csv, *marker, *sdk;
	unsigned tool_us;		/* not 0: it is itself the tool of a step */
};

/* One line of the account: columns are explained in csv_help(). Times 0: not known. */
struct row {
	uint64_t step;
	const char *kind, *stage, *call;
	pid_t tid, by;
	uint64_t t_begin, t_end, t_begun, t_ending, t_ask, t_due, t_by_begin, t_by_end;
	unsigned arg;
	int cpu_begin, cpu_end;
	long slept, pushed, majflt;
};

/* What a step tells of itself; the texts are plain words without blanks. */
struct step {
	uint64_t id, deadline_us;
	const char *agent, *kind, *class;
	char trace[64];			/* its W3C traceparent, which its tools get too */
};

extern struct options opt;
extern volatile sig_atomic_t stopped;	/* the signal that asked us to end */

/* agentloop.c */
uint64_t now_ns(void);
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));		/* not with --quiet */
_Noreturn void die(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int run_on(int cpu);			/* 0 or -errno; -1 is anywhere */
int sleep_until(uint64_t ns);		/* -EINTR when asked to end; raises no signal's handler twice */

/* agent_wait.c: 0, or -EINTR when asked to end */
void waits_open(void);
void waits_between_steps(void);		/* what must not be part of a step */
int wait_run(const char *stage, unsigned arg, struct row *r, const struct step *s);
int tool_main(unsigned us);
void compute(unsigned us);
void compute_calibrate(void);

/* agent_ring.c: 0 or -errno */
int ring_open(unsigned n_entries);
void ring_read(int fd, void *buf, unsigned len_bytes, uint64_t off, uint64_t user_data);	/* queues it */
int ring_enter(unsigned n);		/* submits what is queued, waits for n completions: one system call */
int ring_reap(unsigned n);		/* takes n completions; the first error, or one of a short read */

/* agent_mark.c */
void marks_open(void);
void mark_begin(const struct step *s);
void mark_end(void);

/* agent_csv.c */
void csv_open(const char *path);
void csv_write(const struct row *r);
int csv_close(void);			/* 0 or -errno */
void csv_help(FILE *f);
void summary_add(const char *kind, uint64_t ns);
void summary_print(FILE *f);

/* agent_peer.c */
struct request { uint64_t seq; uint32_t sleep_us, compute_us; };
struct reply { uint64_t seq, t_got, t_sent; uint32_t pid; char text[484]; };
int net_open(void);			/* a connected socket */
const char *net_name(void);		/* what it crosses, for people */
void writes_open(void);
void peers_close(void);			/* all of them, and the veth pair; may be called at any time, again too */
int scratch_open(const char *dir, size_t n_blocks, bool *direct);	/* an unnamed file, written out; fd or -errno */
bool is_agent(void);			/* not a child that has not become something else yet */

/* agent_veth.c: 0 or -errno; addresses in host byte order */
int veth_add(const char *name, const char *peer_name, pid_t peer);
int veth_up(const char *name, uint32_t addr, bool has_napi);
int veth_rps(const char *name, int cpu);
void veth_del(const char *name);
uint32_t veth_free_net(unsigned seed);	/* a /30 that nobody uses here; 0: none */

#endif
