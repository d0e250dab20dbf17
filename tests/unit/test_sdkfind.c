// SPDX-License-Identifier: GPL-2.0-only
/* Finding libagentstep in an ELF file: by note, by section, by name; and files that are cut short, or meant to harm. */
#include "sdkfind.h"
#include "tap.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct err err;

static int find_in(const void *p, size_t len, struct sdk_sites *at)
{
	int fd = memfd_create("elf", MFD_CLOEXEC), r;

	if (fd < 0 || write(fd, p, len) != (ssize_t)len) {
		perror("memfd");
		exit(1);
	}
	memset(&err, 0, sizeof err);
	memset(at, 0, sizeof *at);
	r = sdkfind(fd, at, &err);
	close(fd);
	return r;
}

/*
 * An image of 0x2000 bytes: code at 0x400, loaded 0x10000 higher, data at 0x1000, loaded 0x20000 higher.
 *
 *	0 header   0x40 segments   0x200 note   0x300 sections   0x600 symbols   0x800 names   0x400.. code   0x1000 data
 */
enum { NOTE_AT = 0x200, SECTIONS_AT = 0x300, CODE_AT = 0x480, SYMBOLS_AT = 0x600, NAMES_AT = 0x800, DATA_AT = 0x1000, LEN = 0x2000 };
enum { CODE_UP = 0x10000, DATA_UP = 0x20000, NOTE_UP = 0x10000 };
enum part { NOTE_SEGMENT = 1, NOTE_SECTION = 2, NAMES = 4, BIG = 8, ALL = 7 };

static bool big;
static uint8_t image[LEN];

static uint64_t n64(uint64_t v) { return big ? __builtin_bswap64(v) : v; }
static uint32_t n32(uint32_t v) { return big ? __builtin_bswap32(v) : v; }
static uint16_t n16(unsigned v) { return big ? __builtin_bswap16((uint16_t)v) : (uint16_t)v; }

static Elf64_Ehdr *header(void) { return (Elf64_Ehdr *)image; }
static Elf64_Phdr *segment(unsigned i) { return (Elf64_Phdr *)(image + 0x40) + i; }
static Elf64_Shdr *section(unsigned i) { return (Elf64_Shdr *)(image + SECTIONS_AT) + i; }
static Elf64_Sym *symbol(unsigned i) { return (Elf64_Sym *)(image + SYMBOLS_AT) + i; }

static Elf64_Phdr phdr(uint32_t type, uint32_t flags, uint64_t offset, uint64_t up, uint64_t len)
{
	return (Elf64_Phdr){ .p_type = n32(type), .p_flags = n32(flags), .p_offset = n64(offset), .p_vaddr = n64(offset + up),
			     .p_filesz = n64(len), .p_memsz = n64(len), .p_align = n64(4) };
}

static void put_distance(unsigned i, uint64_t vaddr)
{
	uint64_t at = NOTE_AT + 24 + 8 + i * 8, v = n64(vaddr - (at + NOTE_UP));

	memcpy(image + at, &v, 8);
}

static void make_note(void)
{
	const uint32_t head[3] = { n32(10), n32(40), n32(1) }, version[2] = { n32(1), 0 };

	memcpy(image + NOTE_AT, head, sizeof head);
	memcpy(image + NOTE_AT + 12, "agentstep\0\0", 12);
	memcpy(image + NOTE_AT + 24, version, sizeof version);
	put_distance(0, CODE_AT + CODE_UP);
	put_distance(1, CODE_AT + 0x10 + CODE_UP);
	put_distance(2, DATA_AT + 0x14 + DATA_UP);
	put_distance(3, DATA_AT + 0x16 + DATA_UP);
}

static void make_symbol(unsigned i, const char *name, uint64_t value, unsigned in)
{
	static size_t used;

	if (i == 1)
		used = 1;
	*symbol(i) = (Elf64_Sym){ .st_name = n32((uint32_t)used), .st_value = n64(value), .st_shndx = n16(in) };
	strcpy((char *)image + NAMES_AT + used, name);
	used += strlen(name) + 1;
}

static void make(enum part parts)
{
	big = (parts & BIG) != 0;
	memset(image, 0, sizeof image);
	*header() = (Elf64_Ehdr){ .e_type = n16(ET_DYN), .e_machine = n16(EM_X86_64), .e_phoff = n64(0x40), .e_shoff = n64(SECTIONS_AT),
				  .e_ehsize = n16(64), .e_phentsize = n16(sizeof(Elf64_Phdr)), .e_phnum = n16(3),
				  .e_shentsize = n16(sizeof(Elf64_Shdr)), .e_shnum = n16(4) };
	memcpy(image, ELFMAG, SELFMAG);
	image[EI_CLASS] = ELFCLASS64;
	image[EI_DATA] = big ? ELFDATA2MSB : ELFDATA2LSB;
	*segment(0) = phdr(PT_LOAD, PF_R | PF_X, 0, CODE_UP, 0x1000);
	*segment(1) = phdr(PT_LOAD, PF_R | PF_W, 0x1000, DATA_UP, 0x800);
	*segment(2) = phdr(parts & NOTE_SEGMENT ? PT_NOTE : PT_NULL, PF_R, NOTE_AT, NOTE_UP, 64);
	*section(1) = (Elf64_Shdr){ .sh_type = n32(parts & NOTE_SECTION ? SHT_NOTE : SHT_NULL), .sh_addr = n64(NOTE_AT + NOTE_UP),
				    .sh_offset = n64(NOTE_AT), .sh_size = n64(64), .sh_addralign = n64(4) };
	*section(2) = (Elf64_Shdr){ .sh_type = n32(parts & NAMES ? SHT_SYMTAB : SHT_NULL), .sh_offset = n64(SYMBOLS_AT), .sh_link = n32(3),
				    .sh_size = n64(6 * sizeof(Elf64_Sym)), .sh_entsize = n64(sizeof(Elf64_Sym)) };
	*section(3) = (Elf64_Shdr){ .sh_type = n32(SHT_STRTAB), .sh_offset = n64(NAMES_AT), .sh_size = n64(0x200) };
	make_note();
	make_symbol(1, "agentstep_mark_probe", CODE_AT + CODE_UP, 1);
	make_symbol(2, "agentstep_marker_probe", CODE_AT + 0x10 + CODE_UP, 1);
	make_symbol(3, "agentstep_probe_semaphore", DATA_AT + 0x14 + DATA_UP, 2);
	make_symbol(4, "agentstep_marker_semaphore", DATA_AT + 0x16 + DATA_UP, 2);
	make_symbol(5, "main", 0x10500, 1);
}

static bool right(const struct sdk_sites *s)
{
	return s->mark_probe == CODE_AT && s->marker_probe == CODE_AT + 0x10 && s->probe_semaphore == DATA_AT + 0x14 &&
	       s->marker_semaphore == DATA_AT + 0x16;
}

static void test_ways(void)
{
	static const struct { enum part parts; const char *how; } ways[] = {
		{ NOTE_SEGMENT, "a segment of notes" }, { NOTE_SECTION, "a section of notes" }, { NAMES, "names" }, { ALL, "all of them" },
		{ NOTE_SEGMENT | BIG, "a segment, of another byte order" }, { NOTE_SECTION | BIG, "a section, of another byte order" },
		{ NAMES | BIG, "names, of another byte order" },
	};
	struct sdk_sites s;

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		make(ways[i].parts);
		ok(!find_in(image, LEN, &s) && right(&s), "found by %s: %s", ways[i].how, err.text);
	}
	make((enum part)0);
	is_num(find_in(image, LEN, &s), -ENOENT, "where there is nothing, there is none");
	is_text(err.text, "libagentstep is not in it", "and that is said");
}

static void test_other_files(void)
{
	struct sdk_sites s;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), dir = open("/", O_RDONLY | O_DIRECTORY), null = open("/dev/null", O_RDONLY);

	is_num(sdkfind(fd, &s, &err), -ENOENT, "this test has none, though it has the words of the names");
	is_num(lseek(fd, 0, SEEK_CUR), 0, "the descriptor is where it was");
	is_num(sdkfind(dir, &s, &err), -ENOEXEC, "a directory");
	is_num(sdkfind(null, &s, &err), -ENOEXEC, "a device");
	is_num(sdkfind(-1, &s, &err), -EBADF, "no descriptor");
	has_text(err.text, "cannot read it: Bad file", "and why");
	is_num(sdkfind(-1, &s, NULL), -EBADF, "nobody who wants to know why");
	close(fd);
	close(dir);
	close(null);
	is_num(find_in("", 0, &s), -ENOEXEC, "an empty file");
	is_num(find_in("#!/bin/sh\n", 10, &s), -ENOEXEC, "a script");
	make(ALL);
	image[EI_CLASS] = ELFCLASS32;
	is_num(find_in(image, LEN, &s), -ENOEXEC, "32 bits");
	has_text(err.text, "64 bits", "and that is said");
	make(ALL);
	header()->e_type = ET_REL;
	is_num(find_in(image, LEN, &s), -ENOEXEC, "an object file, which nothing runs");
	make(ALL);
	header()->e_type = ET_CORE;
	is_num(find_in(image, LEN, &s), -ENOEXEC, "a core");
}

/* What a change to a good image with a note alone makes of it. */
#define REFUSED(what, change) do { struct sdk_sites s_; \
	make(NOTE_SEGMENT); change; ok(find_in(image, LEN, &s_) < 0, "%s: %s", what, err.text); } while (0)

static void test_refused(void)
{
	uint32_t *note = (uint32_t *)(image + NOTE_AT);
	struct sdk_sites s;

	REFUSED("code in a segment that is not executable", segment(0)->p_flags = PF_R);
	REFUSED("counters in a segment that is not writable", segment(1)->p_flags = PF_R);
	REFUSED("counters in the code", put_distance(2, CODE_AT + CODE_UP));
	REFUSED("code in the data", put_distance(0, DATA_AT + DATA_UP));
	REFUSED("a counter at an odd place", put_distance(2, DATA_AT + DATA_UP + 1));
	REFUSED("a counter of which half is in the file", segment(1)->p_filesz = 0x17);
	REFUSED("a counter behind what is in the file", put_distance(3, DATA_AT + DATA_UP + 0x800));
	REFUSED("both counters at one place", put_distance(3, DATA_AT + DATA_UP + 0x14));
	REFUSED("both probes at one place", put_distance(1, CODE_AT + CODE_UP));
	REFUSED("an address below all", put_distance(0, 0));
	REFUSED("an address beyond all", put_distance(0, UINT64_MAX));
	REFUSED("another version", note[6] = 2);
	REFUSED("another type of note", note[2] = 3);
	REFUSED("another name", image[NOTE_AT + 12] = 'A');
	REFUSED("a longer name", note[0] = 11);
	REFUSED("a name as long as numbers go", note[0] = UINT32_MAX);
	REFUSED("a note as long as numbers go", note[1] = UINT32_MAX);
	REFUSED("a note too short", note[1] = 36);
	REFUSED("notes cut short", segment(2)->p_filesz = 60);
	REFUSED("notes beyond the file", segment(2)->p_offset = LEN);
	REFUSED("notes at the end of all numbers", segment(2)->p_offset = UINT64_MAX - 8);
	REFUSED("code beyond the file", segment(0)->p_offset = LEN);
	REFUSED("code that reaches beyond it", segment(0)->p_filesz = LEN + 1);
	REFUSED("code at the end of all numbers", (segment(0)->p_offset = UINT64_MAX - 0xfff, segment(0)->p_vaddr = UINT64_MAX - 0xfff));
	REFUSED("code that wraps around", segment(0)->p_vaddr = UINT64_MAX - 0xff);
	REFUSED("segments beyond the file", header()->e_phoff = LEN);
	REFUSED("segments at the end of all numbers", header()->e_phoff = UINT64_MAX - 8);
	REFUSED("more segments than there can be", header()->e_phnum = 0xffff);
	REFUSED("segments of another size", header()->e_phentsize = 32);
	make(NOTE_SEGMENT);
	header()->e_shoff = UINT64_MAX - 7;
	header()->e_shentsize = 1;
	ok(!find_in(image, LEN, &s) && right(&s), "sections that make no sense do not matter");
	make(NOTE_SEGMENT);
	note[1] = 48;
	segment(2)->p_filesz = 72;
	ok(!find_in(image, LEN, &s) && right(&s), "a later note may say more");
}

static void test_names_refused(void)
{
	struct sdk_sites s;

	make(NAMES);
	symbol(3)->st_shndx = SHN_UNDEF;
	is_num(find_in(image, LEN, &s), -ENOENT, "who only uses a counter does not have it");
	make(NAMES);
	symbol(2)->st_name = UINT32_MAX;
	is_num(find_in(image, LEN, &s), -ENOENT, "a name beyond the names");
	make(NAMES);
	section(2)->sh_link = 77;
	is_num(find_in(image, LEN, &s), -ENOENT, "names in no section");
	make(NAMES);
	section(3)->sh_offset = section(2)->sh_offset = UINT64_MAX - 70000;
	is_num(find_in(image, LEN, &s), -ENOENT, "names at the end of all numbers");
	make(NAMES);
	section(2)->sh_size = UINT64_MAX;
	section(3)->sh_size = UINT64_MAX;
	is_num(find_in(image, LEN, &s), -ENOENT, "symbols without end");
	make(NAMES);
	header()->e_shnum = 0;
	section(0)->sh_size = 4;
	ok(!find_in(image, LEN, &s) && right(&s), "a number of sections that is in the first of them");
	make(NAMES);
	header()->e_shnum = 0;
	section(0)->sh_size = UINT64_MAX;
	ok(!find_in(image, LEN, &s) && right(&s), "and one that is too great");
	make(NAMES);
	memmove(image + NAMES_AT + 9, image + NAMES_AT, 0x100);
	memcpy(image + NAMES_AT, "\0another_", 9);
	for (unsigned i = 1; i < 6; i++)
		symbol(i)->st_name += 9;
	ok(!find_in(image, LEN, &s) && right(&s), "a name that is the end of a longer one");
}

/* Names that lie across the pieces in which a table is read; and far more of them than will be read. */
static void test_long_names(void)
{
	enum { MORE = 200000 };
	uint8_t *p = calloc(1, LEN + MORE);
	struct sdk_sites s;
	unsigned bad = 0;
	struct timespec from, to;

	for (unsigned shift = 65400; p && shift < 65540; shift++) {
		make(NAMES);
		section(3)->sh_offset = LEN;
		section(3)->sh_size = MORE;
		for (unsigned i = 1; i < 6; i++)
			symbol(i)->st_name += shift;
		memcpy(p, image, LEN);
		memset(p + LEN, 'x', MORE);
		memcpy(p + LEN + shift, image + NAMES_AT, 0x100);
		bad += find_in(p, LEN + MORE, &s) || !right(&s);
	}
	is_num(bad, 0, "names across pieces");
	free(p);
	make(NAMES);
	section(3)->sh_size = 1ull << 40;
	clock_gettime(CLOCK_MONOTONIC, &from);
	{
		int fd = memfd_create("elf", MFD_CLOEXEC);

		memset(image + NAMES_AT, 0, 0x100);
		ok(write(fd, image, LEN) == LEN && !ftruncate(fd, 1ll << 41) && sdkfind(fd, &s, &err) == -ENOENT, "a huge hole");
		close(fd);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	note("%.3f s", (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
}

/* No length and no change of a byte does harm (a sanitizer tells), and what is found lies in the file. */
static void test_damage(void)
{
	static const uint8_t bytes[] = { 0, 1, 0x7f, 0x80, 0xff };
	unsigned n_found = 0, outside = 0;
	struct sdk_sites s;

	for (unsigned parts = 1; parts < 8; parts++) {
		make((enum part)parts);
		for (size_t len = 0; len < LEN; len += len < 0xa00 ? 1 : 97)
			n_found += !find_in(image, len, &s);
	}
	note("%u cut short were found in", n_found);
	for (unsigned parts = 1; parts <= NAMES; parts *= 2) {
		make((enum part)parts);
		for (size_t i = 0; i < 0xa00; i++)
			for (size_t b = 0; b < ARRAY_LEN(bytes); b++) {
				uint8_t was = image[i];

				image[i] = bytes[b];
				if (!find_in(image, LEN, &s))
					outside += s.mark_probe >= LEN || s.marker_probe >= LEN || s.probe_semaphore > LEN - 2 ||
						   s.marker_semaphore > LEN - 2 || (s.probe_semaphore | s.marker_semaphore) & 1;
				image[i] = was;
			}
	}
	is_num(outside, 0, "whatever byte is changed, what is found lies in the file");
}

/* The library itself, where it is built: found, and no damage to its headers does harm. */
static void test_library(void)
{
	const char *dir = getenv("O");
	struct sdk_sites s, again;
	uint8_t buf[65536];
	char path[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "%s/libagentstep.so", dir ? dir : "build");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return skip("%s is not built", path), (void)0;
	ok(!sdkfind(fd, &s, &err), "libagentstep.so: %s", err.text);
	n = read(fd, buf, sizeof buf);
	close(fd);
	srand(1);
	for (int i = 0; n > 1024 && i < 20000; i++) {
		size_t at = (size_t)rand() % 1024;
		uint8_t was = buf[at];

		buf[at] = (uint8_t)rand();
		find_in(buf, (size_t)n, &again);
		buf[at] = was;
	}
	ok(!find_in(buf, (size_t)n, &again) && !memcmp(&s, &again, sizeof s), "and found again after 20000 that were damaged");
}

int main(void)
{
	test_ways();
	test_other_files();
	test_refused();
	test_names_refused();
	test_long_names();
	test_damage();
	test_library();
	return done();
}
