// SPDX-License-Identifier: GPL-2.0-only
/* Our reading of event formats beside libtraceevent's, on the formats of several kernels. */
#include "decode.h"
#include "tap.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <traceevent/event-parse.h>

static char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *text = xmalloc(1 << 16);

	*len = f ? fread(text, 1, (1 << 16) - 1, f) : 0;
	text[*len] = 0;
	if (f)
		fclose(f);
	return text;
}

/* How many of theirs we read otherwise, or not at all. */
static unsigned compare(const struct format *ours, const struct tep_format_field *theirs)
{
	unsigned bad = 0;

	for (; theirs; theirs = theirs->next) {
		const struct field *f = format_field(ours, theirs->name);
		bool is_signed = theirs->flags & TEP_FIELD_IS_SIGNED;
		bool dynamic = theirs->flags & TEP_FIELD_IS_DYNAMIC;

		if (f && f->offset == (uint32_t)theirs->offset && f->size == (uint32_t)theirs->size && f->is_signed == is_signed &&
		    (!dynamic || f->kind == FIELD_DYN || f->kind == FIELD_REL))
			continue;
		note("%s.%s differs", ours->full, theirs->name);
		bad++;
	}
	return bad;
}

static unsigned check_file(struct formats *fs, struct tep_handle *tep, const char *path, const char *system, const char *name)
{
	struct tep_event *ev = NULL;
	char full[256];
	size_t len;
	char *text = slurp(path, &len);
	const struct format *f;
	unsigned bad = 0;

	formats_add(fs, system, text, len);
	snprintf(full, sizeof full, "%s:%s", system, name);
	f = formats_by_name(fs, full);
	if (tep_parse_format(tep, &ev, text, len, system) || !ev) {
		note("%s: libtraceevent cannot read it", full);
	} else if (!f) {
		note("%s: we cannot read it", full);
		bad = 1;
	} else {
		bad = compare(f, ev->format.common_fields) + compare(f, ev->format.fields) + (f->id != (uint32_t)ev->id);
	}
	free(text);
	return bad;
}

/* Files are called system.event. */
static void check_kernel(const char *dir, const char *kernel)
{
	struct tep_handle *tep = tep_alloc();
	struct formats fs;
	char path[1024], system[64];
	struct dirent *e;
	unsigned n = 0, bad = 0;
	DIR *d;

	snprintf(path, sizeof path, "%s/%s", dir, kernel);
	d = opendir(path);
	formats_init(&fs, false, 8);
	while (d && (e = readdir(d))) {
		const char *dot = strchr(e->d_name, '.');

		if (!dot || dot == e->d_name || !strcmp(dot, ".txt"))
			continue;
		snprintf(system, sizeof system, "%.*s", (int)(dot - e->d_name), e->d_name);
		snprintf(path, sizeof path, "%s/%s/%s", dir, kernel, e->d_name);
		bad += check_file(&fs, tep, path, system, dot + 1);
		n++;
	}
	if (d)
		closedir(d);
	ok(n && !bad, "%s: %u formats are read as libtraceevent reads them", kernel, n);
	formats_fini(&fs);
	tep_free(tep);
}

int main(void)
{
	const char *rec = getenv("RECORDINGS");
	char dir[512];
	struct dirent *e;
	DIR *d;

	tep_set_loglevel(TEP_LOG_NONE);
	snprintf(dir, sizeof dir, "%s/formats", rec ? rec : "../shared/recordings");
	d = opendir(dir);
	if (!d)
		skip("no recordings in %s", dir);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			check_kernel(dir, e->d_name);
	if (d)
		closedir(d);
	return done();
}
