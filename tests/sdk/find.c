// SPDX-License-Identifier: GPL-2.0-only
/* "find FILE": mark_probe, its counter, marker_probe, its counter, as offsets in the file; or why not. */
#include "sdkfind.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	struct sdk_sites s;
	struct err err;

	if (sdkfind(fd, &s, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	printf("0x%llx 0x%llx 0x%llx 0x%llx\n", (unsigned long long)s.mark_probe, (unsigned long long)s.probe_semaphore,
	       (unsigned long long)s.marker_probe, (unsigned long long)s.marker_semaphore);
	return 0;
}
