/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * perf_image: builds small perf.data recordings in memory, of every shape the reader must know, all of them with
 * the same story in it. Only test programs include it.
 */
#ifndef AGENTTOP_PERF_IMAGE_H
#define AGENTTOP_PERF_IMAGE_H

#include <stdlib.h>
#include <string.h>
#ifdef HAVE_zstd
#include <zstd.h>
#endif

#include "base.h"

struct image {
	uint8_t *p;
	size_t len, cap;
	bool be;
};
/* How a recording is written; the story is the same. */
struct look {
	bool be, pipe;
	bool identifier;	/* else ID, further back */
	unsigned attr_bytes;	/* 64, 112, 200, ... */
	unsigned packed;	/* 0, or the record type 81 or 83 */
	bool clock_data;	/* the clock is told by a feature, not by the attrs */
	bool dir;
};

static void im_bytes(struct image *im, const void *p, size_t n)
{
	GROW(im->p, im->len + n, im->cap);
	memcpy(im->p + im->len, p, n);
	im->len += n;
}

static void im_num(struct image *im, uint64_t v, unsigned size)
{
	uint8_t b[8];

	for (unsigned i = 0; i < size; i++)
		b[im->be ? size - 1 - i : i] = (uint8_t)(v >> 8 * i);
	im_bytes(im, b, size);
}
#define im_u8(im, v) im_num(im, (uint64_t)(v), 1)
#define im_u16(im, v) im_num(im, (uint64_t)(v), 2)
#define im_u32(im, v) im_num(im, (uint64_t)(v), 4)
#define im_u64(im, v) im_num(im, (uint64_t)(v), 8)

static void im_zero(struct image *im, size_t n)
{
	while (n--)
		im_u8(im, 0);
}

static void im_pad(struct image *im, size_t from, size_t to)
{
	while ((im->len - from) % to)
		im_u8(im, 0);
}

static void im_put(struct image *im, size_t at, uint64_t v, unsigned size)
{
	size_t end = im->len;

	im->len = at;
	im_num(im, v, size);
	im->len = end;
}

/* A record's header; im_end() fills in the size. */
static size_t im_begin(struct image *im, uint32_t type, uint16_t misc)
{
	size_t at = im->len;

	im_u32(im, type);
	im_u16(im, misc);
	im_u16(im, 0);
	return at;
}

static void im_end(struct image *im, size_t at)
{
	im_put(im, at + 6, im->len - at, 2);
}

/* ---- events ---- */

enum { S_IP = 1, S_TID = 2, S_TIME = 4, S_READ = 16, S_CHAIN = 32, S_ID = 64, S_CPU = 128, S_PERIOD = 256, S_RAW = 1024,
       S_IDENT = 1 << 16 };
enum { A_SWITCH, A_WAKING, A_CYCLES, A_DUMMY, N_ATTRS };
enum { ID_SWITCH = 100, ID_WAKING = 101, ID_UNKNOWN = 102 };

static uint64_t sample_type(const struct look *l, unsigned attr)
{
	uint64_t t = S_IP | S_TID | S_TIME | S_CPU | (l->identifier ? S_IDENT : S_ID);

	if (attr == A_SWITCH)
		return t | S_PERIOD | S_RAW;
	return attr == A_WAKING ? t | S_READ | S_CHAIN | S_RAW : attr == A_CYCLES ? t | S_PERIOD : t;
}

/* One id for each CPU, 0 and 1. */
static uint64_t id_of(unsigned attr, unsigned cpu)
{
	return 1000 + 2 * attr + cpu;
}

static void im_attr(struct image *im, const struct look *l, unsigned attr)
{
	static const struct { uint32_t type; uint64_t config; } a[N_ATTRS] = {
		[A_SWITCH] = { 2, ID_SWITCH }, [A_WAKING] = { 2, ID_WAKING }, [A_CYCLES] = { 0, 0 }, [A_DUMMY] = { 1, 9 },
	};
	size_t at = im->len;
	uint64_t flags = 1 << 18;
	uint8_t bits[8] = { 0 };

	if (l->attr_bytes >= 96 && !l->clock_data)
		flags |= 1 << 25;
	for (unsigned i = 0; i < 64; i++)
		if (flags >> i & 1)
			bits[i / 8] |= (uint8_t)(im->be ? 0x80 >> i % 8 : 1 << i % 8);
	im_u32(im, a[attr].type);
	im_u32(im, l->attr_bytes);
	im_u64(im, a[attr].config);
	im_u64(im, 1);
	im_u64(im, sample_type(l, attr));
	im_u64(im, attr == A_WAKING ? 4 | 8 : 4);	/* read_format: id; in a group */
	im_bytes(im, bits, 8);
	im_zero(im, l->attr_bytes - 48);
	if (l->attr_bytes >= 96)
		im_put(im, at + 92, 1, 4);
}

static void im_trailer(struct image *im, const struct look *l, uint64_t ts, uint32_t cpu, uint32_t tid)
{
	uint64_t id = ts ? id_of(A_DUMMY, cpu) : 0;	/* those that perf makes up are all zero */

	im_u32(im, ts ? 7 : 0);
	im_u32(im, tid);
	im_u64(im, ts);
	if (!l->identifier)
		im_u64(im, id);
	im_u32(im, cpu);
	im_u32(im, 0);
	if (l->identifier)
		im_u64(im, id);
}

static void im_sample_head(struct image *im, const struct look *l, unsigned attr, uint64_t ts, uint32_t cpu,
			   uint32_t pid)
{
	if (l->identifier)
		im_u64(im, id_of(attr, cpu));
	im_u64(im, 0xffffffff81000000);		/* IP */
	im_u32(im, pid);
	im_u32(im, pid);
	im_u64(im, ts);
	if (!l->identifier)
		im_u64(im, id_of(attr, cpu));
	im_u32(im, cpu);
	im_u32(im, 0);
}

static void im_raw_head(struct image *im, uint16_t type, uint8_t flags, uint32_t pid)
{
	im_u16(im, type);
	im_u8(im, flags);
	im_u8(im, 0);
	im_u32(im, pid);
}

static void im_switch_as(struct image *im, const struct look *l, uint16_t type, uint64_t ts, uint32_t cpu,
			 uint32_t from, uint32_t to)
{
	size_t at = im_begin(im, 9, 0);

	im_sample_head(im, l, A_SWITCH, ts, cpu, from);
	im_u64(im, 1);				/* PERIOD */
	im_u32(im, 20);				/* RAW, padded so that the whole is a multiple of 8 */
	im_raw_head(im, type, 1, from);
	im_u32(im, from);
	im_u32(im, to);
	im_u32(im, 0);
	im_end(im, at);
}

static void im_switch(struct image *im, const struct look *l, uint64_t ts, uint32_t cpu, uint32_t from, uint32_t to)
{
	im_switch_as(im, l, ID_SWITCH, ts, cpu, from, to);
}

/* Behind a READ of two group members and a call chain of three. */
static void im_waking(struct image *im, const struct look *l, uint64_t ts, uint32_t cpu, uint32_t by,
		      const char *comm, uint32_t pid)
{
	size_t at = im_begin(im, 9, 0);
	char text[8] = "";

	memcpy(text, comm, MIN(strlen(comm), sizeof text));
	im_sample_head(im, l, A_WAKING, ts, cpu, by);
	im_u64(im, 2);
	for (unsigned i = 0; i < 4; i++)
		im_u64(im, i);
	im_u64(im, 3);
	for (unsigned i = 0; i < 3; i++)
		im_u64(im, 0xffffffff81000000 + i);
	im_u32(im, 20);
	im_raw_head(im, ID_WAKING, 0x19, by);
	im_bytes(im, text, 8);
	im_u32(im, pid);
	im_end(im, at);
}

static void im_cycles(struct image *im, const struct look *l, uint64_t ts, uint32_t cpu)
{
	size_t at = im_begin(im, 9, 0);

	im_sample_head(im, l, A_CYCLES, ts, cpu, 7);
	im_u64(im, 1);
	im_end(im, at);
}

/* ---- other records ---- */

static void im_round(struct image *im)
{
	im_end(im, im_begin(im, 68, 0));
}

static void im_comm(struct image *im, const struct look *l, uint64_t ts, uint32_t cpu, uint32_t pid, uint32_t tid,
		    bool exec, const char *comm)
{
	size_t at = im_begin(im, 3, exec ? 1 << 13 : 0), text;

	im_u32(im, pid);
	im_u32(im, tid);
	text = im->len;
	im_bytes(im, comm, strlen(comm) + 1);
	im_pad(im, text, 8);
	im_trailer(im, l, ts, cpu, tid);
	im_end(im, at);
}

/* FORK is 7, EXIT is 4. */
static void im_fork(struct image *im, const struct look *l, uint32_t type, uint64_t ts, uint32_t cpu,
		    const uint32_t v[4])
{
	size_t at = im_begin(im, type, 0);

	for (unsigned i = 0; i < 4; i++)
		im_u32(im, v[i]);		/* pid, ppid, tid, ptid */
	im_u64(im, ts);
	im_trailer(im, l, ts, cpu, v[3]);
	im_end(im, at);
}

static void im_lost(struct image *im, const struct look *l, uint32_t type, uint16_t misc, uint64_t ts, uint32_t cpu,
		    uint64_t count)
{
	size_t at = im_begin(im, type, misc);

	if (type == 2)
		im_u64(im, id_of(A_SWITCH, cpu));
	im_u64(im, count);
	im_trailer(im, l, ts, cpu, 0);
	im_end(im, at);
}

/* SWITCH is 14, SWITCH_CPU_WIDE is 15. */
static void im_ctx(struct image *im, const struct look *l, uint32_t type, uint16_t misc, uint64_t ts, uint32_t cpu,
		   uint32_t tid)
{
	size_t at = im_begin(im, type, misc);

	if (type == 15) {
		im_u32(im, 99);
		im_u32(im, 99);
	}
	im_trailer(im, l, ts, cpu, tid);
	im_end(im, at);
}

static void im_throttle(struct image *im, const struct look *l, uint64_t ts)
{
	size_t at = im_begin(im, 5, 0);

	im_u64(im, ts);
	im_u64(im, 1);
	im_u64(im, 1);
	im_trailer(im, l, ts, 0, 0);
	im_end(im, at);
}

/* ---- compression ---- */

struct packer {
	void *z;
	unsigned type;
};

/* Appends `from` as compressed records of `cut` bytes each, so that records straddle them. */
static void im_packed(struct image *im, struct packer *pk, const struct image *from, size_t cut)
{
#ifdef HAVE_zstd
	for (size_t pos = 0; pos < from->len; pos += cut) {
		uint8_t out[4096];
		ZSTD_inBuffer src = { from->p + pos, MIN(cut, from->len - pos), 0 };
		ZSTD_outBuffer dst = { out, sizeof out, 0 };
		size_t at = im_begin(im, pk->type, 0);

		pk->z = pk->z ? pk->z : ZSTD_createCStream();
		while (src.pos < src.size)
			ZSTD_compressStream(pk->z, &dst, &src);
		ZSTD_flushStream(pk->z, &dst);
		if (pk->type == 83)
			im_u64(im, dst.pos);
		im_bytes(im, out, dst.pos);
		if (pk->type == 83)
			im_pad(im, at, 8);
		im_end(im, at);
	}
#else
	(void)pk, (void)cut;
	im_bytes(im, from->p, from->len);
#endif
}

/* ---- the story ---- */

/* One turn of perf over the CPUs' buffers, then its mark. */
static void im_turn(struct image *im, const struct look *l, struct packer *pk, struct image *turn)
{
	if (l->packed)
		im_packed(im, pk, turn, 61);
	else
		im_bytes(im, turn->p, turn->len);
	im_round(im);
	turn->len = 0;
}

static void im_story(struct image *im, const struct look *l)
{
	struct image t = { .be = im->be };
	struct packer pk = { .type = l->packed };

	im_comm(im, l, 0, 0, 7, 7, false, "old");
	im_switch(&t, l, 1000, 0, 7, 8);
	im_waking(&t, l, 1100, 0, 8, "eight", 9);
	im_cycles(&t, l, 1110, 0);
	im_waking(&t, l, 1050, 1, 0, "nine", 7);
	im_throttle(&t, l, 1055);
	im_turn(im, l, &pk, &t);
	im_switch(&t, l, 1200, 0, 8, 0);
	im_fork(&t, l, 7, 1250, 0, (const uint32_t[]){ 20, 7, 21, 8 });
	im_lost(&t, l, 2, 0, 1150, 1, 5);
	im_switch(&t, l, 1160, 1, 0, 7);
	im_comm(&t, l, 1300, 1, 20, 21, true, "new name");
	im_switch(&t, l, 1290, 1, 7, 0);		/* later in the buffer, earlier in time */
	im_turn(im, l, &pk, &t);
	im_ctx(&t, l, 14, 3 << 13, 1400, 0, 7);
	im_switch_as(&t, l, ID_UNKNOWN, 1401, 0, 1, 2);
	im_ctx(&t, l, 15, 0, 1410, 1, 8);
	im_lost(&t, l, 13, 0, 1415, 1, 2);
	im_lost(&t, l, 13, 1 << 15, 0, 0, 1000);	/* filtered, not lost */
	im_fork(&t, l, 4, 1420, 0, (const uint32_t[]){ 20, 7, 21, 8 });
	im_turn(im, l, &pk, &t);
	im_switch(&t, l, 1010, 1, 0, 7);		/* too late: 1300 was given */
	im_lost(&t, l, 13, 0, 0, 0, 10);		/* 7 were told of above */
	im_turn(im, l, &pk, &t);
#ifdef HAVE_zstd
	ZSTD_freeCStream(pk.z);
#endif
	free(t.p);
}

#define STORY \
	"1000 -1 -1 comm pid=7 tgid=7 exec=0 comm=old\n" \
	"1000 0 7 sched:sched_switch prev_pid=7 next_pid=8\n" \
	"1050 1 0 sched:sched_waking comm=nine pid=7\n" \
	"1100 0 8 sched:sched_waking comm=eight pid=9\n" \
	"1150 1 -1 lost from=1050 count=5 rest=0\n" \
	"1160 1 0 sched:sched_switch prev_pid=0 next_pid=7\n" \
	"1200 0 8 sched:sched_switch prev_pid=8 next_pid=0\n" \
	"1250 0 -1 fork pid=21 tgid=20 ppid=8 ptgid=7\n" \
	"1290 1 7 sched:sched_switch prev_pid=7 next_pid=0\n" \
	"1300 1 -1 comm pid=21 tgid=20 exec=1 comm=new name\n" \
	"1300 1 0 sched:sched_switch prev_pid=0 next_pid=7\n" \
	"1400 0 -1 switch pid=7 out=1 preempt=1\n" \
	"1410 1 -1 switch pid=8 out=0 preempt=0\n" \
	"1415 1 -1 lost from=1410 count=2 rest=0\n" \
	"1420 0 -1 exit pid=21 tgid=20\n" \
	"1420 -1 -1 lost from=1420 count=3 rest=0\n"

/* ---- what is around it ---- */

static const char format_switch[] =
	"name: sched_switch\nID: 100\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	"\tfield:pid_t prev_pid;\toffset:8;\tsize:4;\tsigned:1;\n"
	"\tfield:pid_t next_pid;\toffset:12;\tsize:4;\tsigned:1;\n\nprint fmt: \"\"\n";
static const char format_waking[] =
	"name: sched_waking\nID: 101\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	"\tfield:char comm[8];\toffset:8;\tsize:8;\tsigned:0;\n"
	"\tfield:pid_t pid;\toffset:16;\tsize:4;\tsigned:1;\n\nprint fmt: \"\"\n";

static void im_sized(struct image *im, const char *text, unsigned size)
{
	im_num(im, strlen(text), size);
	im_bytes(im, text, strlen(text));
}

static void im_tracing(struct image *im)
{
	im_bytes(im, "\x17\x08\x44tracing0.6", 14);
	im_u8(im, im->be);
	im_u8(im, 8);
	im_u32(im, 4096);
	im_bytes(im, "header_page", 12);
	im_sized(im, "a page\n", 8);
	im_bytes(im, "header_event", 13);
	im_sized(im, "an event\n", 8);
	im_u32(im, 0);
	im_u32(im, 1);
	im_bytes(im, "sched", 6);
	im_u32(im, 2);
	im_sized(im, format_switch, 8);
	im_sized(im, format_waking, 8);
	im_sized(im, "ffffffff81000000 T _text\n", 4);
	im_sized(im, "", 4);
	im_sized(im, "7 seven\n8 a b\n4242 a comm of sixteen\n", 8);
}

enum { F_TRACING = 1, F_HOST = 3, F_KERNEL = 4, F_VERSION = 5, F_ARCH = 6, F_CPUS = 7, F_EVENTS = 12, F_DIR = 24,
       F_CLOCK = 29 };

static void im_string(struct image *im, const char *s)
{
	size_t at = im->len;

	im_u32(im, 64);
	im_bytes(im, s, strlen(s));
	im_zero(im, 64 - (im->len - at - 4));
}

/* false: this recording has no such feature. */
static bool im_feature(struct image *im, const struct look *l, unsigned feature)
{
	static const char *const names[N_ATTRS] = { "sched:sched_switch", "sched:sched_waking", "cycles:u", "dummy" };

	switch (feature) {
	case F_TRACING: im_tracing(im); return true;
	case F_HOST: im_string(im, "box"); return true;
	case F_KERNEL: im_string(im, "6.12.1"); return true;
	case F_VERSION: im_string(im, "6.1"); return true;
	case F_ARCH: im_string(im, "s390x"); return true;
	case F_CPUS: im_u32(im, 4); im_u32(im, 3); return true;
	case F_EVENTS:
		im_u32(im, N_ATTRS);
		im_u32(im, l->attr_bytes);
		for (unsigned i = 0; i < N_ATTRS; i++) {
			im_attr(im, l, i);
			im_u32(im, 2);
			im_string(im, names[i]);
			im_u64(im, id_of(i, 0));
			im_u64(im, id_of(i, 1));
		}
		return true;
	case F_DIR: im_u64(im, 1); return l->dir;
	case F_CLOCK:
		im_u32(im, 1);
		im_u32(im, 7);
		im_u64(im, 1);
		im_u64(im, 1);
		return l->clock_data;
	default: return false;
	}
}

static void im_pipe(struct image *im, const struct look *l, void (*story)(struct image *, const struct look *))
{
	im_u64(im, 16);
	for (unsigned i = 0; i < N_ATTRS; i++) {
		size_t at = im_begin(im, 64, 0);

		im_attr(im, l, i);
		im_u64(im, id_of(i, 0));
		im_u64(im, id_of(i, 1));
		im_end(im, at);
	}
	for (unsigned f = F_HOST; f < 32; f++) {
		size_t at = im_begin(im, 80, 0), len = im->len;

		im_u64(im, f);
		if (im_feature(im, l, f))
			im_end(im, at);
		else
			im->len = len - 8;
	}
	struct image tracing = { .be = im->be };
	size_t at = im_begin(im, 66, 0);

	im_tracing(&tracing);
	im_pad(&tracing, 0, 8);
	im_u32(im, tracing.len);
	im_end(im, at);
	im_bytes(im, tracing.p, tracing.len);
	free(tracing.p);
	story(im, l);
}

static void im_file(struct image *im, const struct look *l, void (*story)(struct image *, const struct look *))
{
	size_t attrs = 104, each = l->attr_bytes + 16, ids = attrs + N_ATTRS * each, data, table, at;
	uint64_t bits = 0;
	struct image feature = { .be = im->be };

	for (unsigned f = 0; f < 32; f++)
		if (im_feature(&feature, l, f))
			bits |= 1ull << f;
	im_u64(im, 104);
	im_u64(im, each);
	im_u64(im, attrs);
	im_u64(im, N_ATTRS * each);
	im_u64(im, ids + 16 * N_ATTRS);
	at = im->len;
	im_zero(im, 8 + 16);
	im_u64(im, bits);
	im_zero(im, 24);
	for (unsigned i = 0; i < N_ATTRS; i++) {
		im_attr(im, l, i);
		im_u64(im, ids + 16 * i);
		im_u64(im, 16);
	}
	for (unsigned i = 0; i < N_ATTRS; i++) {
		im_u64(im, id_of(i, 0));
		im_u64(im, id_of(i, 1));
	}
	data = im->len;
	story(im, l);
	im_put(im, at, im->len - data, 8);
	table = im->len;
	im_zero(im, 16 * (size_t)__builtin_popcountll(bits));
	for (unsigned f = 0; f < 32; f++) {
		if (!(bits >> f & 1))
			continue;
		im_put(im, table, im->len, 8);
		feature.len = 0;
		im_feature(&feature, l, f);
		im_put(im, table + 8, feature.len, 8);
		im_bytes(im, feature.p, feature.len);
		table += 16;
	}
	free(feature.p);
}

/* A whole recording; free .p. */
static struct image im_build(const struct look *l, void (*story)(struct image *, const struct look *))
{
	struct image im = { .be = l->be };

	im_bytes(&im, l->be ? "2ELIFREP" : "PERFILE2", 8);
	if (l->pipe)
		im_pipe(&im, l, story);
	else
		im_file(&im, l, story);
	return im;
}

#endif
