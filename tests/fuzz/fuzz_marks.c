// SPDX-License-Identifier: GPL-2.0-only
/* The bytes are what was written to trace_marker. */
#include "fuzz.h"
#include "marks.h"

static void inside(struct text t, struct text of)
{
	must(!t.len || (t.p >= of.p && t.p + t.len <= of.p + of.len));
}

static void step(struct text all, struct text t, const char *word)
{
	struct step_words w;

	if (!mark_is_step(t, word, &w))
		return;
	inside(w.id, all);
	inside(w.agent, all);
	inside(w.name, all);
	inside(w.cls, all);
	inside(w.trace, all);
	must(w.n_extra <= ARRAY_LEN(w.extras));
	for (size_t i = 0; i < w.n_extra; i++)
		inside(w.extras[i], all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = xmalloc(size);		/* of its own size: a byte behind it is seen */
	struct text all = { exact, (uint32_t)size };
	struct mark m;

	if (size)
		memcpy(exact, data, size);
	step(all, all, "step");
	if (mark_parse(all, &m)) {
		must(m.kind != MARK_NONE);
		must(m.tgid >= 0);
		inside(m.text, all);
		step(all, m.text, "step");
		step(all, m.text, "s");
	}
	free(exact);
	return 0;
}
