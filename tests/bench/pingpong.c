// SPDX-License-Identifier: GPL-2.0-only
/*
 * A load: one byte to and fro over a TCP connection of loopback, each side waiting in epoll_wait(2). Prints seconds.
 *	pingpong ROUNDS
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* Waits for a byte, rounds times; answers each, or asks for the next. */
static void play(int fd, long rounds)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int epoll = epoll_create1(0), one = 1;
	char c = 'x';

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev))
		fail("epoll");
	for (long i = 0; i < rounds; i++) {
		if (epoll_wait(epoll, &ev, 1, -1) != 1 || read(fd, &c, 1) != 1)
			fail("read");
		if (write(fd, &c, 1) != 1)
			fail("write");
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	long rounds = argc > 1 ? atol(argv[1]) : 0;
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd, status;
	struct timespec t, u;
	pid_t pid;

	if (rounds < 1)
		return 2;
	if (listener < 0 || bind(listener, (void *)&a, sizeof a) || listen(listener, 1) ||
	    getsockname(listener, (void *)&a, &len))
		fail("listen");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd < 0 || connect(fd, (void *)&a, sizeof a))
			fail("connect");
		play(fd, rounds);
		shutdown(fd, SHUT_WR);
		while (read(fd, &(char){ 0 }, 1) > 0)
			;
		return 0;
	}
	fd = accept(listener, NULL, NULL);
	clock_gettime(CLOCK_MONOTONIC, &t);
	if (fd < 0 || write(fd, "x", 1) != 1)
		fail("write");
	play(fd, rounds - 1);
	if (read(fd, &(char){ 0 }, 1) != 1)
		fail("read");
	clock_gettime(CLOCK_MONOTONIC, &u);
	printf("%.6f\n", (double)(u.tv_sec - t.tv_sec) + (double)(u.tv_nsec - t.tv_nsec) / 1e9);
	close(fd);
	waitpid(pid, &status, 0);
	return status != 0;
}
