/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * export_file: new files agenttop-N.txt, .csv, .json, .svg in the current directory, with the rights of who runs us;
 * N is the first number that is free. No file that is there is written to, and of what failed nothing is left.
 */
#ifndef AGENTTOP_EXPORT_FILE_H
#define AGENTTOP_EXPORT_FILE_H

#include "export.h"

/*
 * write() is called once for each part. 0 with what was done in `said` ("wrote agenttop-3.svg: step planner 32");
 * -errno with a sentence in err.
 */
int export_save(const struct export *, void (*write)(void *arg, unsigned part, FILE *), void *arg, char *said, size_t len,
		struct err *err);
/* Where nothing is written: what would be. */
void export_pretend(const struct export *, char *said, size_t len);

#endif
