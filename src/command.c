// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"
#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct command {
	pid_t pid;
	int go;			/* a byte lets it go, an end without one ends it */
	int failed;		/* a sentence comes when it could not be run, an end when it was */
};

static _Noreturn void become(char **argv, int go, int failed)
{
	struct err err = { "" };
	char byte = 0;

	while (read(go, &byte, 1) < 0 && errno == EINTR)
		;
	if (byte != 'g')
		_exit(127);
	signal(SIGXFSZ, SIG_DFL);	/* ignored by us: not what the command was written for */
	if (!user_become_caller(&err)) {
		execvp(argv[0], argv);
		err_set(&err, -errno, "%.200s: %s", argv[0], strerror(errno));
	}
	if (write(failed, err.text, strlen(err.text)) < 0)
		_exit(126);
	_exit(127);
}

struct command *command_prepare(char **argv, struct err *err)
{
	struct command *c;
	int go[2], failed[2];
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) || pipe2(failed, O_CLOEXEC)) {
		err_set(err, -errno, "%.100s: %s", argv[0], strerror(errno));
		return NULL;
	}
	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(go[1]);
		close(failed[0]);
		become(argv, go[0], failed[1]);
	}
	close(go[0]);
	close(failed[1]);
	if (pid < 0) {
		err_set(err, -errno, "%.100s: %s", argv[0], strerror(errno));
		close(go[1]);
		close(failed[0]);
		return NULL;
	}
	c = xcalloc(1, sizeof *c);
	*c = (struct command){ pid, go[1], failed[0] };
	return c;
}

int32_t command_pid(const struct command *c)
{
	return c->pid;
}

int command_go(struct command *c, struct err *err)
{
	char text[sizeof err->text];
	ssize_t n;

	signal(SIGPIPE, SIG_IGN);
	if (write(c->go, "g", 1) != 1)
		return err_set(err, -errno, "the command is gone: %s", strerror(errno));
	close(c->go);
	c->go = -1;
	while ((n = read(c->failed, text, sizeof text - 1)) < 0 && errno == EINTR)
		;
	return n > 0 ? err_set(err, -ENOENT, "%.*s", (int)n, text) : 0;
}

bool command_ended(struct command *c, int *status)
{
	return waitpid(c->pid, status, WNOHANG) == c->pid;
}

void command_end(struct command *c)
{
	if (c)
		kill(c->pid, SIGTERM);
}

void command_free(struct command *c)
{
	if (!c)
		return;
	if (c->go >= 0) {
		close(c->go);
		waitpid(c->pid, NULL, 0);
	}
	close(c->failed);
	free(c);
}
