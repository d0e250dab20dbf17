// SPDX-License-Identifier: GPL-2.0-only
#include "segments.h"
#include "look.h"

struct arg {
	const struct snapshot *s;
	const struct step *step;
};

enum { COL_FROM, COL_TO, COL_STAGE, COL_CPU, COL_ACTOR, COL_GATE, COL_CONFIDENCE };
static const struct column columns[] = {
	[COL_FROM] = { .title = "FROM", .csv = "from_ns" }, [COL_TO] = { .title = "TO", .csv = "to_ns" },
	[COL_STAGE] = { .title = "STAGE" }, [COL_CPU] = { .title = "CPU" }, [COL_ACTOR] = { .title = "ACTOR" },
	[COL_GATE] = { .title = "GATE" }, [COL_CONFIDENCE] = { .title = "CONFIDENCE" },
};

static void segment_field(const void *arg, size_t row, unsigned col, struct field *f)
{
	const struct arg *a = arg;
	const struct segment *g = a->step->seg + row;

	f->kind = FIELD_TEXT;
	switch (col) {
	case COL_FROM: field_exact(f, g->from); break;
	case COL_TO: field_exact(f, g->to); break;
	case COL_STAGE: f->text = look_stage(g->stage)->name; break;
	case COL_CPU:
		if (g->cpu == UINT32_MAX)
			f->kind = FIELD_UNKNOWN;
		else
			field_exact(f, g->cpu);
		break;
	case COL_ACTOR: f->text = snapshot_str(a->s, g->actor); break;
	case COL_GATE: f->text = snapshot_str(a->s, g->gate); break;
	case COL_CONFIDENCE: f->text = g->confidence == CONF_PROVEN ? "proven" : "inferred"; break;
	}
}

static const struct table table = { columns, ARRAY_LEN(columns), segment_field };

bool segments_sheet(const struct snapshot *s, const struct step *step, struct sheet *out)
{
	if (!step || !step->has_segments || !step->n_seg)
		return false;
	*out = (struct sheet){ .name = "segments", .csv = &table, .n_rows = step->n_seg };
	sheet_arg(out, &(struct arg){ s, step }, sizeof(struct arg));
	return true;
}
