// SPDX-License-Identifier: GPL-2.0-only
/* The bytes are a recording in perf.data. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { "" };
	struct source *s;

	if (!size)
		return 0;
	s = fuzz_open(perfdata_open, data, size, true, &err);
	if (s)
		fuzz_read(s, size, &err);
	else
		fuzz_sentence(err.text);
	return 0;
}
