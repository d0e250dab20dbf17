// SPDX-License-Identifier: GPL-2.0-only
#include "user.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static long id_of(const char *variable)
{
	const char *text = getenv(variable);
	char *end;
	long id = text && *text ? strtol(text, &end, 10) : -1;

	return id > 0 && !*end ? id : -1;
}

void user_as_caller(bool on)
{
	long uid = id_of("SUDO_UID"), gid = id_of("SUDO_GID");

	if (getuid() || uid <= 0 || gid <= 0)
		return;
	/* the group first, while that is still allowed; back in the other order */
	if (on ? setegid((gid_t)gid) || seteuid((uid_t)uid) : seteuid(0) || setegid(getgid()))
		_exit(1);
}

int user_become_caller(struct err *err)
{
	long uid = id_of("SUDO_UID"), gid = id_of("SUDO_GID");
	struct passwd *pw;

	if (geteuid() || uid <= 0 || gid <= 0)
		return 0;
	pw = getpwuid((uid_t)uid);
	if ((pw ? initgroups(pw->pw_name, (gid_t)gid) : setgroups(0, NULL)) || setresgid((gid_t)gid, (gid_t)gid, (gid_t)gid) ||
	    setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) || !setuid(0))
		return err_set(err, -EPERM, "becoming the user who called sudo (uid %ld): %s", uid, strerror(errno));
	return 0;
}

int user_drop_privileges(struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };
	int r = user_become_caller(err);

	if (r)
		return r;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (geteuid())
		return 0;
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	syscall(SYS_capset, &head, none);
	return 0;
}
