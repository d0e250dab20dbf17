// SPDX-License-Identifier: GPL-2.0-only
/* The bytes up to the first 0 are the text of a format; what follows is records of it, cut short in every way. */
#include "fuzz.h"

static void read_record(const struct formats *fs, const uint8_t *raw, size_t len)
{
	struct event ev = { 0 };
	uint8_t *exact = xmalloc(len);		/* of its own size: a byte behind it is seen */

	memcpy(exact, raw, len);
	if (formats_header(fs, exact, (uint32_t)len, &ev)) {
		must(ev.type < fs->n);
		fuzz_fields(fs, fs->v[ev.type], &ev);
	}
	for (size_t i = 0; i < fs->n; i++) {	/* a record of another event, or of none */
		ev.raw = exact;
		ev.len_bytes = (uint32_t)len;
		fuzz_fields(fs, fs->v[i], &ev);
	}
	free(exact);
}

static void ask(const struct format *f)
{
	static const char *const flags[] = { "S", "D", "R", "R+", "", "0x1", "|" };

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		format_flag(f, flags[i]);
	format_flag_max(f);
	must(!format_field(f, "no such field"));
	for (size_t i = 0; i < f->n_f; i++)
		must(format_field(f, f->f[i].name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	size_t n = nul ? (size_t)(nul - data) : size;

	for (unsigned how = 0; how < 4; how++) {
		struct formats fs;

		formats_init(&fs, how & 1, how & 2 ? 8 : 4);
		if (!formats_add(&fs, "sys", (const char *)data, n)) {
			must(fs.n == 1 && fs.v[0]->full && !strncmp(fs.v[0]->full, "sys:", 4));
			must(formats_add(&fs, "sys", (const char *)data, n));	/* its id is taken */
			must(formats_by_id(&fs, fs.v[0]->id) == fs.v[0]);
			must(formats_by_name(&fs, fs.v[0]->full) == fs.v[0]);
			ask(fs.v[0]);
			for (size_t len = size - n; nul && len; len = len > 9 ? len - len / 8 : len - 1)
				read_record(&fs, nul, len);
		}
		formats_fini(&fs);
	}
	return 0;
}
