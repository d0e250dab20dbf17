// SPDX-License-Identifier: GPL-2.0-only
/* The screen Devices, from snapshots made by hand. */
#include "device_words.h"
#include "screen.h"

#define DEVICES(then) keys_to("devices", then)

static struct submitter writers[] = { { .comm = "ld-linux-x86-64", .pid = 739, .n = 9000, .bytes = 147456000 }, { .comm = "", .pid = -1, .n = 900 } };
static struct submitter readers[] = { { .comm = "planner", .pid = 871, .n = 700, .bytes = 2867200 }, { .comm = "kworker/0:1H", .pid = 66, .n = 300 } };
static struct block_row blocks[4];
static struct napi_row napis[2];
static struct ring_op ops[] = { { .op = "READ", .n = 1200, .n_error = 2, .n_cancelled = 1 }, { .op = "POLL_ADD", .n = 3 } };
static struct ring_row rings[2];

static struct quant us(uint64_t n, uint64_t p50, uint64_t p99)
{
	return fake_quant(n, p50 * US, p99 * US, 2 * p99 * US);
}

/* Reads wait behind somebody's writes; a card that is polled to its budget; a ring that overflows. */
static void machine(struct snapshot *s)
{
	static struct capability caps[] = { { "block", CAP_ON, NULL, 0, "" } };

	fake_planner(s);
	writers[0].device = us(9000, 300, 700), writers[1].device = us(900, 300, 600);
	readers[0].device = us(700, 400, 900), readers[1].device = us(300, 90, 100);
	blocks[0] = (struct block_row){ .dev = "259,1", .op = "WS", .device = us(10000, 300, 700), .complete = us(9000, 4, 20),
					.by = writers, .n_by = 2, .name = "nvme0n1" };
	blocks[1] = (struct block_row){ .dev = "259,1", .op = "R", .queue = us(1000, 3100, 5000), .device = us(1000, 400, 900),
					.complete = us(1000, 4, 150), .by = readers, .n_by = 2, .name = "nvme0n1" };
	blocks[2] = (struct block_row){ .dev = "8,0", .op = "FWFSM", .queue = us(10, 20, 60), .device = us(1000, 40, 50), .name = "" };
	blocks[3] = (struct block_row){ .dev = "8,0", .op = "DE", .queue = us(2, 20, 60), .name = "" };
	napis[0] = (struct napi_row){ .dev = "eth0", .n_polls = 81000, .work = 412000, .n_budget_hits = 1400, .dist = us(81000, 18, 1400),
				      .batch = us(900, 40, 1300) };
	napis[1] = (struct napi_row){ .dev = "lo", .n_polls = 10, .dist = us(10, 1, 2) };
	ops[0].dist = us(1190, 800, 1900);
	rings[0] = (struct ring_row){ .ctx = 0xffff888012345000ull, .pid = 871, .sq = 64, .cq = 128, .ops = ops, .n_ops = 2, .n_overflow = 5,
				      .n_open = 3, .oldest_open_ns = 1200 * MS, .batch = { 300, 1200, 1, 4, 8, 16, 16, 16 } };
	rings[1] = (struct ring_row){ .ctx = 0xffff888012345800ull };
	s->blocks = blocks, s->n_blocks = ARRAY_LEN(blocks);
	s->napis = napis, s->n_napis = ARRAY_LEN(napis);
	s->rings = rings, s->n_rings = ARRAY_LEN(rings);
	s->caps = caps, s->n_caps = ARRAY_LEN(caps);
	s->n_notes = 0;
}

static const char devices_80[] =
"  BLOCK DEVICE  OPERATION        N QUEUE P99 DEVICE P50 DEVICE P99▼ COMPLETE P99\n"
"▸ nvme0n1       read         1 000   5.00 ms     400 us      900 us     150 us ▲\n"
"  nvme0n1       write, sync 10 000         –     300 us      700 us      20.0 us\n"
"  8,0           flush, wri…  1 000   60.0 us    40.0 us     50.0 us            –\n"
"  8,0           secure era…      2   60.0 us          –           –            –\n"
"\n"
"  NAPI          POLLS    WORK PER POLL BUDGET HITS TIME P99▼ BATCH P50 BATCH P99\n"
"  eth0         81 000    412k      5.1       1 400   1.40 ms   40.0 us 1.30 ms ▲\n"
"  lo               10       0      0.0           0   2.00 us         –         –\n"
"\n"
"  IO_URING           TASK              OPS▼ ERRORS     P99     MAX  OPEN  OLDEST\n"
"  0xffff888012345000 planner:871      1 203      2         3.80 ms     3  1.20 s\n"
"    READ                              1 200      2 1.90 ms 3.80 ms\n"
"    POLL_ADD                              3      0       –       –\n"
"  0xffff888012345800 –                    0      0               –     0       –\n"
"\n"
"read on nvme0n1 (259,1): requests wait 3.10 ms above the device and 400 us in it\n"
"(one in 100: 5.00 ms and 900 us): the queue is what is slow. 70 % of them are\n"
"planner:871's, 30 % kworker/0:1H:66's. The device also serves 10 000 requests\n"
"(write, sync), most of them ld-linux-x86-64:739's. One in 100 takes 150 us from\n"
"the interrupt to its completion; the target is 100 us.\n"
"Enter step that waited  Space who  s sort  r reverse  Esc back  ? help  q quit\n";

static void test_tables(void)
{
	struct snapshot s;
	char *got, *from;

	machine(&s);
	got = screen(&s, 80, 28, DEVICES(""), false);
	from = strstr(got, "  BLOCK DEVICE");
	is_text(from ? from : got, devices_80, "at 80 columns");
	free(got);
	has(&s, 120, 40, DEVICES(""), "QUEUE P50 QUEUE P99 QUEUE MAX DEVICE P50 DEVICE P99▼ DEVICE MAX COMPLETE P99", "at 120 columns more of it");
	has(&s, 120, 40, DEVICES(""), "3.10 ms   5.00 ms   10.0 ms", "the queue, too");
	has(&s, 200, 60, DEVICES(""), "CANCELLED     P50     P99     MAX BATCH P50 OVERFLOW  OPEN  OLDEST", "at 200 all of it");
	has(&s, 200, 60, DEVICES(""), "64/128", "with the sizes of the queues");
	has(&s, 200, 60, DEVICES(""), "1 400    1.7 %", "and how often polls take all they may");
	has(&s, 120, 40, DEVICES(""), "1/10 · sort DEVICE P99 ▼", "the slowest first");
	has(&s, 80, 24, DEVICES(" "), "    planner:871                700               400 us      900 us", "Space shows who issued the requests");
	has(&s, 120, 40, DEVICES(" "), "    planner:871                 700 2.87 MB                                   400 us", "and how much");
	has_not(&s, 80, 24, DEVICES("  "), "    planner:871", "and folds them");
	has(&s, 80, 24, DEVICES(" jj  "), "▸ nvme0n1       read", "the cursor goes to the device");
	has_not(&s, 80, 24, DEVICES("<End><Up> "), "    READ", "a ring's operations can be folded");
	has(&s, 80, 24, DEVICES("<End><Up> "), "▸ 0xffff888012345000", "and the cursor goes to the ring");
	fake_free(&s);
}

static void test_moves(void)
{
	struct snapshot s;

	machine(&s);
	has(&s, 80, 24, DEVICES("<End>"), "▸ 0xffff888012345800", "one cursor goes through all tables");
	has(&s, 120, 40, DEVICES("<End>"), "10/10 · sort OPS ▼", "each is sorted on its own");
	has(&s, 120, 40, DEVICES("jjjjs"), "sort TIME MAX ▼", "s sorts the table of the cursor");
	has(&s, 120, 40, DEVICES("S"), "sort DEVICE P50 ▼", "S by the column before");
	has(&s, 120, 40, DEVICES("Sr"), "sort DEVICE P50 ▲", "r reverses");
	has(&s, 80, 24, DEVICES("jr"), "▸ nvme0n1       write, sync", "the cursor stays with its line");
	has(&s, 80, 24, DEVICES("<Esc>"), "[1 Steps]", "Esc leads back");
	s.n_blocks = 2;
	has(&s, 80, 14, DEVICES("<End>"), "▸ 0xffff888012345800", "on a low screen the table of the cursor is seen");
	has(&s, 40, 10, DEVICES("<End>"), "▸ 0xffff888012345800", "and on the smallest");
	has(&s, 40, 10, DEVICES("jjj"), "▸ lo", "wherever it is");
	fake_free(&s);
}

static void test_words(void)
{
	struct snapshot s;

	machine(&s);
	has(&s, 500, 40, DEVICES("j"), "write, sync on nvme0n1 (259,1): no request was seen waiting above the device; they take 300 us in it, one in 100 "
	    "700 us. 90 % of them are ld-linux-x86-64:739's, 9.0 % others'. Whose 100 are, nothing tells. The device also serves 1 000 requests (read), "
	    "most of them planner:871's.", "a device that is busy with somebody");
	has(&s, 500, 40, DEVICES("jj"), "flush, write, through, sync, metadata on 8,0: requests wait 20.0 us above the device and 40.0 us in it (one in "
	    "100: 60.0 us and 50.0 us): in the tail it is the queue that is slow. Only 1.0 % of them were queued at all. Nothing tells who issued them.",
	    "one without a name");
	has(&s, 500, 40, DEVICES("jjj"), "secure erase on 8,0: requests wait 20.0 us above the device, one in 100 60.0 us; none was seen to complete.",
	    "requests that never came back");
	has(&s, 500, 40, DEVICES(" jj"), "kworker/0:1H:66 issued 300 (30 %) of the requests (read) on nvme0n1, 0 B. They take 90.0 us in the device, one in "
	    "100 100 us. It works for others: for whom, no event tells.", "a worker of the kernel");
	has(&s, 500, 40, DEVICES("jjjj"), "eth0: 412k packets, 5.1 a poll. 1 400 of 81 000 (1.7 %) used up the budget: more was waiting than one poll may "
	    "take, and the rest waited for the next one. Steps waited for 900 packets: reached 40.0 us into the poll, one in 100 1.30 ms; until "
	    "then it served others; the target is 500 us.", "a network device");
	has(&s, 500, 40, DEVICES("jjjjj"), "lo: no packet was counted in its polls. No step is known to have waited for a packet of it.", "an idle one");
	has(&s, 500, 40, DEVICES("jjjjjj"), "Ring 0xffff888012345000 of planner:871. 5 completions found the completion queue of 128 entries full and had to be "
	    "kept aside: the task takes them too late, or the queue is too small. 3 requests are open, the oldest for 1.20 s. 2 of 1 203 failed. "
	    "Completions come 4 at a time, at most 16.", "a ring");
	has(&s, 500, 40, DEVICES("jjjjjjj"), "READ: 1 200 submitted, 2 failed, 1 cancelled. They take 800 us, one in 100 1.90 ms.", "what it does");
	has(&s, 500, 40, DEVICES("jjjjjjjj"), "POLL_ADD: 3 submitted, 0 failed, 0 cancelled. None has completed.", "and has not done");
	has(&s, 500, 40, DEVICES("<End>"), "Ring 0xffff888012345800. The completion queue was never seen full. No request is open.", "one of nobody known");
	fake_free(&s);
}

/* Enter leads to the step that waited for this device, whatever waited longer for others. */
static void test_enter(void)
{
	static const struct fake_seg other_disk[] = { { ST_DEVICE, 9000, -1, "nvme0n10 q1", "read", 1, 0 } };
	static const struct fake_seg this_disk[] = { { ST_DEVICE, 700, -1, "nvme0n1 q3", "read", 1, 0 }, { ST_BLK_QUEUE, 800, -1, "259,1", "read", 1, 0 } };
	static const struct fake_seg peers_disk[] = { { ST_DEVICE, 1400, -1, "nvme0n1 q3", "read", 1, 0, "db:77" } };
	static const struct fake_seg card[] = { { ST_NAPI, 400, 2, "NET_RX lo", "read", 1, 0 }, { ST_NAPI, 5, 2, "napi/eth0-8193:55", "read", 1, 0 } };
	struct snapshot s;

	machine(&s);
	s.n_steps = 0;
	has(&s, 80, 24, DEVICES("<Enter>"), "No step that is kept waited for it.", "where no step is kept, that is said");
	has_not(&s, 80, 24, DEVICES("<Enter>j"), "No step that is kept", "until the next key");
	fake_step(&s, "41", FAKE_BEGIN + 1000 * MS, other_disk, ARRAY_LEN(other_disk));
	fake_step(&s, "42", FAKE_BEGIN + 1100 * MS, this_disk, ARRAY_LEN(this_disk));
	fake_step(&s, "43", FAKE_BEGIN + 1200 * MS, peers_disk, ARRAY_LEN(peers_disk));
	fake_step(&s, "44", FAKE_BEGIN + 1300 * MS, card, ARRAY_LEN(card));
	has(&s, 80, 24, DEVICES("<Enter>"), "step planner/plan 42", "the step that waited longest for this disk");
	has(&s, 80, 24, DEVICES(" j<Enter>"), "step planner/plan 42", "also from somebody who uses it");
	has(&s, 80, 24, DEVICES("jj<Enter>"), "No step that is kept waited for it.", "none waited for the other one");
	has(&s, 80, 24, DEVICES("jjjj<Enter>"), "step planner/plan 44", "the one that a NAPI thread kept waiting");
	has(&s, 80, 24, DEVICES("jjjjj<Enter>"), "step planner/plan 44", "or a softirq");
	has(&s, 80, 24, DEVICES("jjjjjj<Enter>"), "step planner/plan 41", "of a ring the slowest of its task");
	has(&s, 80, 24, DEVICES("<End><Enter>"), "No step that is kept waited for it.", "and none when its task is not known");
	fake_free(&s);
}

static void test_nothing(void)
{
	static const char *missing[] = { "block:block_rq_issue", "block:block_rq_complete" }, *poll[] = { "napi:napi_poll" };
	static struct capability caps[] = { { "block", CAP_OFF, missing, 2, "disk time" }, { "napi", CAP_PARTIAL, poll, 1, "polls" },
					    { "uring", CAP_ON, NULL, 0, "" } };
	struct snapshot s;

	fake_empty(&s);
	s.caps = caps, s.n_caps = ARRAY_LEN(caps);
	has(&s, 80, 24, DEVICES(""), "block devices: not recorded: block:block_rq_issue, block:block_rq_complete", "what was not recorded is named");
	has(&s, 80, 24, DEVICES(""), "NAPI: not recorded: napi:napi_poll", "by table");
	has(&s, 80, 24, DEVICES(""), "io_uring: no ring was seen", "what was and did not happen, too");
	has(&s, 80, 24, DEVICES("jG s r<Enter><PageDown>"), "io_uring: no ring was seen", "no key finds anything to do");
	fits_everywhere(&s, DEVICES(""), "nothing");
	fake_free(&s);
}

/* Names that are long, wide, empty or not there at all, and numbers that cannot be. */
static void test_hostile(void)
{
	static char longest[300], wide[200] = "";
	static struct submitter by[] = { { .comm = longest, .pid = INT32_MAX, .n = UINT64_MAX, .bytes = UINT64_MAX }, { .comm = "", .pid = 0 } };
	static struct block_row disks[] = { { .dev = longest, .op = longest, .by = by, .n_by = 2 }, { .dev = "", .op = "", .name = wide },
					    { .dev = "a", .op = "ZA" }, { .dev = "a", .op = "WZ" } };
	static struct napi_row nets[] = { { .dev = wide, .n_polls = 1, .work = UINT64_MAX, .n_budget_hits = UINT64_MAX }, { .dev = "" } };
	static struct ring_op odd[] = { { .op = longest, .n = UINT64_MAX, .n_error = UINT64_MAX, .n_cancelled = 1 }, { .op = "", .n = 2 } };
	static struct ring_row many[3000];
	struct snapshot s;

	memset(longest, 'x', sizeof longest - 1);
	for (int i = 0; i < 40; i++)
		strcat(wide, "漢");
	by[0].device = fake_quant(3, UINT64_MAX / 4, UINT64_MAX / 2, UINT64_MAX);
	disks[0].device = by[0].device;
	disks[0].queue = disks[1].complete = fake_quant(1, UINT64_MAX / 4, UINT64_MAX / 2, UINT64_MAX);
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = (struct ring_row){ .ctx = UINT64_MAX - i, .pid = -7, .sq = UINT32_MAX, .cq = UINT32_MAX, .ops = odd, .n_ops = 2,
					     .n_overflow = UINT64_MAX, .n_open = UINT64_MAX, .oldest_open_ns = UINT64_MAX };
	fake_planner(&s);
	s.blocks = disks, s.n_blocks = ARRAY_LEN(disks);
	s.napis = nets, s.n_napis = ARRAY_LEN(nets);
	s.rings = many, s.n_rings = ARRAY_LEN(many);
	fits_everywhere(&s, DEVICES(""), "hostile names");
	fits_everywhere(&s, DEVICES(" jjj j"), "with submitters");
	fits_everywhere(&s, DEVICES("<End><PageUp>"), "a crowd of rings");
	fits_everywhere(&s, DEVICES("<End> srS<Enter>"), "sorted");
	has(&s, 120, 40, DEVICES("<End>"), "9 006/9 006", "all of which can be reached");
	fake_free(&s);
}

static void is_op(const char *rwbs, const char *want)
{
	char op[64];

	is_text(device_op(op, sizeof op, rwbs), want, "%s", rwbs);
}

static void test_ops(void)
{
	static const struct { const char *rwbs, *words; } all[] = {
		{ "R", "read" }, { "RA", "read ahead" }, { "RSM", "read, sync, metadata" }, { "W", "write" }, { "WS", "write, sync" },
		{ "WFS", "write, through, sync" }, { "FWFS", "flush, write, through, sync" }, { "F", "flush" }, { "FF", "flush" }, { "FFS", "flush, sync" },
		{ "FS", "flush, sync" }, { "D", "discard" }, { "DS", "discard, sync" }, { "DE", "secure erase" }, { "N", "other" }, { "WSU", "write, sync, atomic" },
		{ "ZA", "ZA" }, { "Wx", "Wx" }, { "", "–" }, { "x", "x" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		is_op(all[i].rwbs, all[i].words);
}

int main(void)
{
	test_ops();
	test_tables();
	test_moves();
	test_words();
	test_enter();
	test_nothing();
	test_hostile();
	return done();
}
