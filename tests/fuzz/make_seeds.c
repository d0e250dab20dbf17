// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes the seeds: make_seeds DIR. One small recording of each shape, from the unit tests' builders, and one with the
 * events that stages want, two steps in it. seeds/ holds what this wrote: `make -f tests/fuzz/fuzz.mk seeds`. Fuzz
 * targets take them by their endings; the tests of hostile input begin with them too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../unit/dat_image.h"
#include "../unit/perf_image.h"

static const char *dir;

static void save(const char *name, const void *p, size_t n)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	if (!f || fwrite(p, 1, n, f) != n || fclose(f))
		die("%s: %s", path, strerror(errno));
	free(path);
}

/* ---- trace.dat, every kind of container ---- */

static void fill(struct bytes *b, uint64_t ts, int klong, uint32_t first)
{
	for (int page = 0; page < 2; page++) {
		page_begin(b, ts + (uint64_t)page * 1000, klong);
		page_event(b, 0, first++);
		page_extend(b, 77);
		page_event(b, 3, first++);
		page_padding(b, 1, 8);
		page_large(b, 3, first++, 20);
		if (page)
			page_event(b, 5, first++);
		page_end(b, 256, page ? PAGE_MISSED | PAGE_COUNT : 0, 9);
	}
}

enum packing { PLAIN, ZSTD, ZLIB };

static void container(const char *name, int version, bool be, int klong, enum packing packing, unsigned n_buffers)
{
	static const char stat[] = "CPU: 0\noverrun: 3\ndropped events: 2\n";
	static const char tsc[16] = "\x01\0\0\0\x01\0\0\0\x10";		/* mult 1, shift 1, offset 16 */
	struct bytes cpu0 = { .be = be }, cpu2 = { .be = be }, b;
	struct dat_spec s = {
		.version = version, .be = be, .packed = packing != PLAIN, .zlib = packing == ZLIB, .user_long = klong, .kernel_long = klong, .page = 256,
		.clock = version == 6 ? "local [mono]" : "mono", .n_buffers = n_buffers, .chunk_pages = 1,
		.option = { { 5, 30, "Linux box 6.1.0-test x86_64\0\0" }, { 2, sizeof stat, stat }, { 7, 5, "1234" },
			    { 14, sizeof tsc, tsc }, { 99, 4, "what" } },
		.n_options = be ? 2 : 5,
	};

	fill(&cpu0, 1000, klong, 0);
	fill(&cpu2, 1002, klong, 20);
	s.buffer[0] = (struct dat_buffer_spec){ "", 256, { { 0, &cpu0 }, { 2, &cpu2 } }, 2 };
	s.buffer[1] = (struct dat_buffer_spec){ "inst", 256, { { 1, &cpu0 } }, 1 };
	b = dat_build(&s);
	save(name, b.p, b.n);
	free(b.p);
	free(cpu0.p);
	free(cpu2.p);
}

/* A guest's: two CPUs with two and three samples of how far its clock is off, and the time of day. */
static void guest(void)
{
	struct bytes cpu0 = { 0 }, shift = { 0 }, b;
	struct dat_spec s = { .version = 7, .user_long = 8, .kernel_long = 8, .page = 256, .clock = "x86-tsc", .n_buffers = 1 };

	put_num(&shift, 0x0807060504030201, 8);
	put_num(&shift, 1, 4);
	put_num(&shift, 2, 4);
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		put_num(&shift, 2 + cpu, 4);
		for (unsigned i = 0; i < 2 + cpu; i++)
			put_num(&shift, 900 + 1000 * i, 8);
		for (unsigned i = 0; i < 2 + cpu; i++)
			put_num(&shift, i * 100 - 5000ull, 8);
		for (unsigned i = 0; i < 2 + cpu; i++)
			put_num(&shift, 1ull << 20, 8);
	}
	for (unsigned i = 0; i < 5; i++)
		put_num(&shift, 20, 8);
	fill(&cpu0, 1000000, 8, 0);
	s.buffer[0] = (struct dat_buffer_spec){ "", 256, { { 0, &cpu0 }, { 1, &cpu0 } }, 2 };
	s.option[0] = (struct dat_option_spec){ 12, (uint32_t)shift.n, shift.p };
	s.option[1] = (struct dat_option_spec){ 1, 11, "0x5f5e1000" };
	s.option[2] = (struct dat_option_spec){ 11, 8, "\1\2\3\4\5\6\7\10" };
	s.option[3] = (struct dat_option_spec){ 13, 24, "guest\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\7" };
	s.option[4] = (struct dat_option_spec){ 14, 16, "\3\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0" };
	s.n_options = 5;
	b = dat_build(&s);
	save("v7_guest.dat", b.p, b.n);
	free(b.p);
	free(cpu0.p);
	free(shift.p);
}

/* ---- trace.dat with the events of all stages ---- */

/* system:name and its fields: iN uN numbers of N bits, sN text of N bytes, d text behind the record. */
static const char *const kinds[] = {
	"ftrace:print u64:ip t:buf",
	"sched:sched_switch s16:prev_comm i32:prev_pid i32:prev_prio i64:prev_state s16:next_comm i32:next_pid i32:next_prio",
	"sched:sched_waking s16:comm i32:pid i32:prio i32:target_cpu",
	"sched:sched_wakeup s16:comm i32:pid i32:prio i32:target_cpu",
	"sched:sched_wakeup_new s16:comm i32:pid i32:prio i32:target_cpu",
	"sched:sched_migrate_task s16:comm i32:pid i32:prio i32:orig_cpu i32:dest_cpu",
	"sched:sched_process_fork s16:parent_comm i32:parent_pid s16:child_comm i32:child_pid",
	"sched:sched_process_exec d:filename i32:pid i32:old_pid",
	"sched:sched_process_exit s16:comm i32:pid i32:prio",
	"task:task_rename i32:pid s16:oldcomm s16:newcomm u16:oom_score_adj",
	"irq:irq_handler_entry i32:irq d:name",
	"irq:irq_handler_exit i32:irq i32:ret",
	"irq:softirq_raise u32:vec",
	"irq:softirq_entry u32:vec",
	"irq:softirq_exit u32:vec",
	"irq_vectors:local_timer_entry i32:vector",
	"irq_vectors:local_timer_exit i32:vector",
	"ipi:ipi_send_cpu u32:cpu u64:callsite u64:callback",
	"timer:hrtimer_start u64:hrtimer u64:function i64:expires i64:softexpires u32:mode",
	"timer:hrtimer_expire_entry u64:hrtimer i64:now u64:function",
	"timer:hrtimer_expire_exit u64:hrtimer",
	"block:block_rq_issue u32:dev u64:sector u32:nr_sector u32:bytes s8:rwbs s16:comm d:cmd",
	"block:block_rq_complete u32:dev u64:sector u32:nr_sector i32:error s8:rwbs d:cmd",
	"nvme:nvme_setup_cmd s32:disk i32:ctrl_id i32:qid u8:opcode u8:flags u8:fctype u16:cid",
	"nvme:nvme_complete_rq s32:disk i32:ctrl_id i32:qid i32:cid u64:result",
	"napi:napi_poll u64:napi d:dev_name i32:work i32:budget",
	"io_uring:io_uring_submit_req u64:ctx u64:req u64:user_data u8:opcode u32:flags d:op_str",
	"io_uring:io_uring_complete u64:ctx u64:req u64:user_data i32:res u32:cflags",
	"exceptions:page_fault_user u64:address u64:ip u64:error_code",
	"power:cpu_idle u32:state u32:cpu_id",
	"raw_syscalls:sys_enter i64:id b48:args",
	"raw_syscalls:sys_exit i64:id i64:ret",
};

static const char *const story[] = {
	"1000 0 10 0 print 0 B|10|step:1_agent=planner_deadline_us=50",
	"1100 0 10 0 sys_enter 232 0",
	"1150 0 10 0 io_uring_submit_req 4096 8192 77 22 0 READ",
	"1200 0 10 0 block_rq_issue 8388608 1000 8 4096 RS agent -",
	"1210 0 10 0 nvme_setup_cmd nvme0n1 0 1 2 0 0 5",
	"1220 0 10 0 hrtimer_start 4242 1 9000 5000 0",
	"1300 0 10 1 sched_switch agent 10 120 1 swapper/0 0 120",
	"1310 0 0 1 cpu_idle 1 0",
	"2000 1 20 8 irq_handler_entry 35 nvme0q1",
	"2050 1 20 8 nvme_complete_rq nvme0n1 0 1 5 0",
	"2060 1 20 8 block_rq_complete 8388608 1000 8 0 RS -",
	"2080 1 20 8 io_uring_complete 4096 8192 77 4096 0",
	"2100 1 20 8 softirq_raise 3",
	"2150 1 20 8 irq_handler_exit 35 1",
	"2200 1 20 16 softirq_entry 3",
	"2250 1 20 16 napi_poll 9 eth0 3 64",
	"2300 1 20 16 sched_waking agent 10 120 0",
	"2310 1 20 16 ipi_send_cpu 0 1 1",
	"2350 1 20 16 sched_wakeup agent 10 120 0",
	"2400 1 20 16 softirq_exit 3",
	"2450 0 0 1 cpu_idle 4294967295 0",
	"2500 0 0 1 sched_switch swapper/0 0 120 0 agent 10 120",
	"2600 0 10 0 sys_exit 232 1",
	"2700 0 10 0 page_fault_user 64 65 6",
	"2800 0 10 0 print 0 E|10",
	"3000 0 10 0 print 0 S|10|step:2|7",
	"3100 0 10 0 sched_process_fork agent 10 agent 11",
	"3150 0 10 0 sched_wakeup_new agent 11 120 1",
	"3200 0 10 0 sys_enter 35 0",
	"3300 0 10 1 sched_switch agent 10 120 1 kworker/0:1 12 120",
	"3350 1 20 0 sched_migrate_task agent 10 120 0 1",
	"3400 1 20 0 sched_switch other 20 120 0 agent 11 120",
	"3450 1 11 0 sched_process_exec /bin/x 11 11",
	"3460 1 11 0 task_rename 11 agent x 0",
	"5000 1 11 8 local_timer_entry 236",
	"5100 1 11 8 hrtimer_expire_entry 4242 5080 1",
	"5150 1 11 8 sched_waking agent 10 120 1",
	"5200 1 11 8 hrtimer_expire_exit 4242",
	"5300 1 11 8 local_timer_exit 236",
	"5400 1 11 1 sched_switch x 11 120 256 agent 10 120",
	"5500 1 10 0 sys_exit 35 0",
	"5600 1 10 0 print 0 F|10|step:2|7",
	"5700 1 10 0 sched_process_exit agent 10 120",
};

/* Splits at blanks; returns the number of words. */
static unsigned words(char *s, char **w, unsigned max)
{
	unsigned n = 0;

	for (char *p = strtok(s, " "); p && n < max; p = strtok(NULL, " "))
		w[n++] = p;
	return n;
}

static unsigned kind_id(const char *name)
{
	for (unsigned i = 0; i < ARRAY_LEN(kinds); i++) {
		const char *k = strchr(kinds[i], ':') + 1;

		if (!strncmp(k, name, strlen(name)) && k[strlen(name)] == ' ')
			return i ? 100 + i : 5;
	}
	die("%s: no such event", name);
}

static void put_kind(struct bytes *b, unsigned kind)
{
	char line[256], text[2048], *w[16];
	unsigned n, at, offset = 8;

	snprintf(line, sizeof line, "%s", kinds[kind]);
	n = words(line, w, ARRAY_LEN(w));
	at = (unsigned)snprintf(text, sizeof text, "name: %s\nID: %u\nformat:\n"
		"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
		"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
		"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n", strchr(w[0], ':') + 1, kind ? 100 + kind : 5);
	for (unsigned i = 1; i < n; i++) {
		unsigned size = (unsigned)atoi(w[i] + 1);
		const char *name = strchr(w[i], ':') + 1;

		if (*w[i] == 'd' || *w[i] == 't')
			size = *w[i] == 'd' ? 4 : 0;
		else if (*w[i] == 'i' || *w[i] == 'u')
			size /= 8;
		if (size == 2 || size == 4 || size == 8)
			offset = (offset + size - 1) / size * size;
		at += (unsigned)snprintf(text + at, sizeof text - at, "\tfield:%s%s%s;\toffset:%u;\tsize:%u;\tsigned:%d;\n",
			*w[i] == 'd' ? "__data_loc char[] " : *w[i] == 's' || *w[i] == 't' ? "char " : "long ", name,
			*w[i] == 's' ? "[16]" : *w[i] == 't' ? "[]" : *w[i] == 'b' ? "[6]" : "", offset, size, *w[i] == 'i');
		offset += size;
	}
	snprintf(text + at, sizeof text - at, "\nprint fmt: \"%s\"\n", !strcmp(strchr(w[0], ':') + 1, "sched_switch") ?
		 "%s\", __print_flags(REC->prev_state & 0xff, \"|\", { 0x00000001, \"S\" }, { 0x00000002, \"D\" })," : "");
	put_sized(b, text, 8);
}

static void pad_to(struct bytes *b, size_t from, unsigned size)
{
	while ((b->n - from) % size)
		put(b, "", 1);
}

/* In a mark, which is one word here, _ is a blank; but not in names such as deadline_us. */
static void put_mark(struct bytes *b, const char *s)
{
	for (const char *p = s; *p; p++)
		put(b, *p == '_' && (p == s || p[-1] != 'e') ? " " : p, 1);
	put(b, "\n", 2);
}

/* The bytes of one record, from "EVENT VALUE..." */
static void put_record(struct bytes *b, unsigned pid, unsigned flags, char **v)
{
	unsigned id = kind_id(v[0]), n;
	char line[256], *w[16], *dyn[4];
	size_t from = b->n, place[4], n_dyn = 0;

	snprintf(line, sizeof line, "%s", kinds[id == 5 ? 0 : id - 100]);
	n = words(line, w, ARRAY_LEN(w));
	put_num(b, id, 2);
	put_num(b, flags, 1);
	put_num(b, 0, 1);
	put_num(b, pid, 4);
	for (unsigned i = 1; i < n; i++) {
		unsigned size = (unsigned)atoi(w[i] + 1);

		if (*w[i] == 't') {
			put_mark(b, v[i]);
		} else if (*w[i] == 's') {
			char text[32] = "";

			memcpy(text, v[i], MIN(strlen(v[i]), sizeof text));
			put(b, text, size);
		} else if (*w[i] == 'd') {
			pad_to(b, from, 4);
			place[n_dyn] = b->n;
			dyn[n_dyn++] = v[i];
			put_num(b, 0, 4);
		} else if (*w[i] == 'b') {
			for (unsigned k = 0; k < size; k++)
				put(b, "", 1);
		} else {
			pad_to(b, from, size / 8);
			put_num(b, strtoull(v[i], NULL, 10), size / 8);
		}
	}
	for (size_t i = 0; i < n_dyn; i++) {
		set_num(b, place[i], (strlen(dyn[i]) + 1) << 16 | (b->n - from), 4);
		put_text(b, dyn[i]);
	}
	pad_to(b, from, 4);
}

/* One CPU's part of the story, in pages of 1024 bytes. */
static void put_cpu(struct bytes *b, unsigned cpu)
{
	uint64_t last = 0;

	for (size_t i = 0; i < ARRAY_LEN(story); i++) {
		struct bytes rec = { 0 };
		char line[256], *w[16];
		uint64_t ts;

		snprintf(line, sizeof line, "%s", story[i]);
		words(line, w, ARRAY_LEN(w));
		if ((unsigned)atoi(w[1]) != cpu)
			continue;
		put_record(&rec, (unsigned)atoi(w[2]), (unsigned)atoi(w[3]), w + 4);
		ts = strtoull(w[0], NULL, 10);
		if (!last || b->n + 8 + rec.n > page_at + 1024) {
			if (last)
				page_end(b, 1024, 0, 0);
			page_begin(b, last = ts, 8);
		}
		page_word(b, 0, (uint32_t)(ts - last));
		put_num(b, 4 + rec.n, 4);
		put(b, rec.p, rec.n);
		free(rec.p);
		last = ts;
	}
	page_end(b, 1024, 0, 0);
}

static void put_systems(struct bytes *b)
{
	size_t count = b->n, events = 0;
	uint32_t n_systems = 0, n = 0;

	put_num(b, 0, 4);
	for (unsigned i = 1; i < ARRAY_LEN(kinds); i++) {
		size_t len = (size_t)(strchr(kinds[i], ':') - kinds[i]);

		if (i == 1 || strncmp(kinds[i], kinds[i - 1], len + 1)) {
			char name[32];

			snprintf(name, sizeof name, "%.*s", (int)len, kinds[i]);
			put_text(b, name);
			events = b->n;
			put_num(b, n = 0, 4);
			n_systems++;
		}
		put_kind(b, i);
		set_num(b, events, ++n, 4);
	}
	set_num(b, count, n_systems, 4);
}

static void rich(void)
{
	struct dat_spec s = { .version = 6, .user_long = 8, .kernel_long = 8, .page = 1024 };
	struct bytes b = { 0 }, cpu[2] = { { 0 } };
	struct dat_buffer_spec buf = { "", 1024, { { 0, &cpu[0] }, { 1, &cpu[1] } }, 2 };
	size_t table;

	put_start(&b, &s);
	put_header_page(&b, &s);
	put_num(&b, 1, 4);
	put_kind(&b, 0);
	put_systems(&b);
	put_sized(&b, "", 4);
	put_sized(&b, "", 4);
	put_sized(&b, "10 agent\n11 agent\n20 other\n", 8);
	put_num(&b, 2, 4);
	put(&b, "options  ", 10);
	put_option(&b, 5, "Linux box 6.1.0-test x86_64\0\0", 30);
	put_option(&b, 4, "", 0);
	put_num(&b, 0, 2);
	table = put_table6(&b, 2);
	put_sized(&b, "local [mono]", 8);
	for (unsigned i = 0; i < 2; i++)
		put_cpu(&cpu[i], i);
	put_data6(&b, &buf, table);
	save("all_stages.dat", b.p, b.n);
	free(b.p);
	free(cpu[0].p);
	free(cpu[1].p);
}

/* ---- perf.data ---- */

static void perf(const char *name, struct look l)
{
	struct image im = im_build(&l, im_story);

	save(name, im.p, im.len);
	free(im.p);
}

/* ---- formats alone ---- */

static void formats(void)
{
	for (unsigned i = 0; i < ARRAY_LEN(kinds); i += 5) {
		struct bytes b = { 0 };
		char *name = xasprintf("%u.format", i);

		put_kind(&b, i);
		save(name, b.p + 8, b.n - 8);
		free(name);
		free(b.p);
	}
	save("32bit.format", format_switch, sizeof format_switch - 1);
}

static void marks(void)
{
	static const char *const texts[] = {
		"B|871|step:3 agent=planner name=\"search web\" class=io deadline_us=40000 budget_us=900 trace=0af7 more=x\n", "E|871\n",
		"S|871|step:a|b|7", "F|871|step:a|b|7", "A|871|cookie", "D|871|12", "step:1 agent=x", "E", "B|4194304|step",
	};

	for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
		char *name = xasprintf("%u.mark", i);

		save(name, texts[i], strlen(texts[i]));
		free(name);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2)
		die("usage: make_seeds DIR");
	dir = argv[1];
	mkdir(dir, 0777);
	container("v6.dat", 6, false, 8, PLAIN, 2);
	container("v6_be32.dat", 6, true, 4, PLAIN, 1);
	container("v7.dat", 7, false, 8, PLAIN, 2);
	container("v7_be.dat", 7, true, 8, PLAIN, 1);
#ifdef HAVE_zstd
	container("v7_zstd.dat", 7, false, 8, ZSTD, 2);
#endif
#ifdef HAVE_zlib
	container("v7_zlib.dat", 7, false, 8, ZLIB, 1);
#endif
	guest();
	rich();
	perf("file.perf", (struct look){ .attr_bytes = 136, .identifier = true });
	perf("file_be.perf", (struct look){ .attr_bytes = 112, .be = true });
	perf("pipe.perf", (struct look){ .attr_bytes = 136, .pipe = true, .identifier = true });
#ifdef HAVE_zstd
	perf("file_zstd.perf", (struct look){ .attr_bytes = 136, .packed = 81, .clock_data = true });
	perf("pipe_zstd2.perf", (struct look){ .attr_bytes = 136, .pipe = true, .packed = 83 });
#endif
	formats();
	marks();
	return 0;
}
