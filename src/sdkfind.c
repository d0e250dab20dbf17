// SPDX-License-Identifier: GPL-2.0-only
#include "sdkfind.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENTS_MAX 512u
#define SECTIONS_MAX 65536u		/* files with one section for each function have thousands */
#define NOTES_MAX_BYTES 65536u		/* of one segment or section */
#define READ_MAX_BYTES (64u << 20)	/* all in all: the note is found at once, symbols are a second try */
#define CHUNK 65536u

enum { MARK_PROBE, MARKER_PROBE, PROBE_SEMAPHORE, MARKER_SEMAPHORE, N_SITES };
static const char *const names[N_SITES] = {
	"agentstep_mark_probe", "agentstep_marker_probe", "agentstep_probe_semaphore", "agentstep_marker_semaphore",
};
static const char note_name[] = "agentstep";
enum { NOTE_TYPE = 1, NOTE_VERSION = 1, NOTE_DESC = 8 + N_SITES * 8 };

struct segment_of {
	uint64_t vaddr, offset, filesz;
	uint32_t flags;
};
struct elf {
	int fd;
	bool swap;
	uint64_t size, n_read;
	Elf64_Ehdr h;
	struct segment_of load[64];
	size_t n_load;
	uint8_t buf[CHUNK];
};

static uint16_t n16(const struct elf *e, uint16_t v) { return e->swap ? __builtin_bswap16(v) : v; }
static uint32_t n32(const struct elf *e, uint32_t v) { return e->swap ? __builtin_bswap32(v) : v; }
static uint64_t n64(const struct elf *e, uint64_t v) { return e->swap ? __builtin_bswap64(v) : v; }

/* All n bytes at `at`, or an error: -EINVAL when the file is not that long. */
static int read_at(struct elf *e, uint64_t at, void *buf, size_t n)
{
	size_t done = 0;

	e->n_read += n;
	if (at > e->size || n > e->size - at || e->n_read > READ_MAX_BYTES)
		return -EINVAL;
	while (done < n) {
		ssize_t r = pread(e->fd, (char *)buf + done, n - done, (off_t)(at + done));

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r ? -errno : -EINVAL;	/* it became shorter */
		done += (size_t)r;
	}
	return 0;
}

static int read_header(struct elf *e)
{
	Elf64_Ehdr *h = &e->h;
	int r = read_at(e, 0, h, sizeof *h);

	if (r == -EINVAL)
		return -ENOEXEC;
	if (r)
		return r;
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_ident[EI_CLASS] != ELFCLASS64 ||
	    (h->e_ident[EI_DATA] != ELFDATA2LSB && h->e_ident[EI_DATA] != ELFDATA2MSB))
		return -ENOEXEC;
	e->swap = h->e_ident[EI_DATA] != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? ELFDATA2MSB : ELFDATA2LSB);
	h->e_type = n16(e, h->e_type);
	h->e_phoff = n64(e, h->e_phoff);
	h->e_shoff = n64(e, h->e_shoff);
	h->e_phnum = n16(e, h->e_phnum);
	h->e_shnum = n16(e, h->e_shnum);
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return -ENOEXEC;
	if (n16(e, h->e_phentsize) != sizeof(Elf64_Phdr) || h->e_phnum > SEGMENTS_MAX)
		return -EINVAL;
	/* without its own size of entries, or with none, it has no sections for us */
	if (n16(e, h->e_shentsize) != sizeof(Elf64_Shdr) || !h->e_shoff)
		h->e_shoff = 0;
	return 0;
}

static int read_segment(struct elf *e, unsigned i, Elf64_Phdr *p)
{
	int r = read_at(e, e->h.e_phoff + (uint64_t)i * sizeof *p, p, sizeof *p);

	if (r)
		return r;
	p->p_type = n32(e, p->p_type);
	p->p_flags = n32(e, p->p_flags);
	p->p_offset = n64(e, p->p_offset);
	p->p_vaddr = n64(e, p->p_vaddr);
	p->p_filesz = n64(e, p->p_filesz);
	p->p_align = n64(e, p->p_align);
	return 0;
}

static int read_section(struct elf *e, uint64_t i, Elf64_Shdr *s)
{
	int r = read_at(e, e->h.e_shoff + i * sizeof *s, s, sizeof *s);

	if (r)
		return r;
	s->sh_type = n32(e, s->sh_type);
	s->sh_addr = n64(e, s->sh_addr);
	s->sh_offset = n64(e, s->sh_offset);
	s->sh_size = n64(e, s->sh_size);
	s->sh_link = n32(e, s->sh_link);
	s->sh_addralign = n64(e, s->sh_addralign);
	return 0;
}

/* ---- addresses to offsets ---- */

static int read_loads(struct elf *e)
{
	Elf64_Phdr p;

	if (e->h.e_phoff > e->size)
		return -EINVAL;
	for (unsigned i = 0; i < e->h.e_phnum; i++) {
		int r = read_segment(e, i, &p);

		if (r)
			return r;
		if (p.p_type != PT_LOAD || !p.p_filesz || e->n_load == ARRAY_LEN(e->load))
			continue;
		if (p.p_offset > e->size || p.p_filesz > e->size - p.p_offset || p.p_vaddr + p.p_filesz < p.p_vaddr)
			continue;	/* it could not be run; nothing is to be found in it */
		e->load[e->n_load++] = (struct segment_of){ p.p_vaddr, p.p_offset, p.p_filesz, p.p_flags };
	}
	return 0;
}

/* Where `n` bytes at this address are in the file, in a segment with this flag. */
static bool offset_of(const struct elf *e, uint64_t vaddr, uint64_t n, uint32_t flag, uint64_t *offset)
{
	for (size_t i = 0; i < e->n_load; i++) {
		const struct segment_of *s = &e->load[i];

		if (!(s->flags & flag) || vaddr < s->vaddr || vaddr - s->vaddr >= s->filesz ||
		    s->filesz - (vaddr - s->vaddr) < n)
			continue;
		*offset = s->offset + (vaddr - s->vaddr);
		return true;
	}
	return false;
}

static bool sites_of(const struct elf *e, const uint64_t vaddr[N_SITES], struct sdk_sites *out)
{
	struct sdk_sites s;

	if (!offset_of(e, vaddr[MARK_PROBE], 1, PF_X, &s.mark_probe) ||
	    !offset_of(e, vaddr[MARKER_PROBE], 1, PF_X, &s.marker_probe) ||
	    !offset_of(e, vaddr[PROBE_SEMAPHORE], 2, PF_W, &s.probe_semaphore) ||
	    !offset_of(e, vaddr[MARKER_SEMAPHORE], 2, PF_W, &s.marker_semaphore))
		return false;
	/* the kernel wants its counters aligned, and two probes on one place would be one */
	if ((s.probe_semaphore | s.marker_semaphore) & 1 || s.mark_probe == s.marker_probe ||
	    s.probe_semaphore == s.marker_semaphore)
		return false;
	*out = s;
	return true;
}

/* ---- the note ---- */

/* `at`: of the note's text, in memory. */
static bool note_sites(const struct elf *e, const uint8_t *desc, uint64_t at, struct sdk_sites *out)
{
	uint64_t vaddr[N_SITES];
	uint32_t version;

	memcpy(&version, desc, 4);
	if (n32(e, version) != NOTE_VERSION)
		return false;
	for (unsigned i = 0; i < N_SITES; i++) {
		uint64_t distance;

		memcpy(&distance, desc + 8 + i * 8, 8);
		vaddr[i] = at + 8 + i * 8 + n64(e, distance);
	}
	return sites_of(e, vaddr, out);
}

static uint64_t round_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

/* One segment or section of notes. 1: found; 0; -errno. */
static int scan_notes(struct elf *e, uint64_t offset, uint64_t vaddr, uint64_t len, uint64_t align, struct sdk_sites *out)
{
	uint64_t i = 0;
	int r;

	len = MIN(len, (uint64_t)NOTES_MAX_BYTES);
	r = read_at(e, offset, e->buf, len);
	if (r)
		return r == -EINVAL ? 0 : r;
	align = align == 8 ? 8 : 4;
	while (len - i >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr n;
		uint64_t name = i + sizeof n, desc, end;

		memcpy(&n, e->buf + i, sizeof n);
		n.n_namesz = n32(e, n.n_namesz);
		n.n_descsz = n32(e, n.n_descsz);
		desc = round_up(name + n.n_namesz, align);
		end = desc + n.n_descsz;
		if (end > len)
			break;
		if (n32(e, n.n_type) == NOTE_TYPE && n.n_namesz == sizeof note_name && n.n_descsz >= NOTE_DESC &&
		    !memcmp(e->buf + name, note_name, sizeof note_name) && note_sites(e, e->buf + desc, vaddr + desc, out))
			return 1;
		i = round_up(end, align);
		if (i > len)
			break;
	}
	return 0;
}

static int by_segments(struct elf *e, struct sdk_sites *out)
{
	Elf64_Phdr p;
	int r = 0;

	for (unsigned i = 0; i < e->h.e_phnum && !r; i++) {
		r = read_segment(e, i, &p);
		if (!r && p.p_type == PT_NOTE)
			r = scan_notes(e, p.p_offset, p.p_vaddr, p.p_filesz, p.p_align, out);
	}
	return r;
}

/* ---- names ---- */

/* Where each name begins in a table of strings; 0: nowhere (the table's first byte is an empty name). */
static int find_names(struct elf *e, const Elf64_Shdr *str, uint64_t at[N_SITES])
{
	const size_t overlap = 64;	/* more than a name's length */

	memset(at, 0, N_SITES * sizeof *at);
	for (uint64_t i = 0; i < str->sh_size; i += CHUNK - overlap) {
		size_t n = (size_t)MIN(str->sh_size - i, (uint64_t)CHUNK);
		int r = str->sh_offset > e->size ? -EINVAL : read_at(e, str->sh_offset + i, e->buf, n);

		if (r)
			return r == -EINVAL ? 0 : r;
		for (unsigned k = 0; k < N_SITES; k++) {
			const uint8_t *p = memmem(e->buf, n, names[k], strlen(names[k]) + 1);

			if (p && !at[k])
				at[k] = i + (uint64_t)(p - e->buf);
		}
	}
	return 0;
}

/* The symbols of those names that this file defines. 1: all found; 0; -errno. */
static int scan_symbols(struct elf *e, const Elf64_Shdr *sym, const uint64_t at[N_SITES], struct sdk_sites *out)
{
	const uint64_t per = CHUNK / sizeof(Elf64_Sym);
	uint64_t vaddr[N_SITES] = { 0 }, n = sym->sh_size / sizeof(Elf64_Sym);
	bool have[N_SITES] = { 0 };

	for (uint64_t i = 0; i < n; i += per) {
		uint64_t here = MIN(per, n - i);
		int r = sym->sh_offset > e->size ? -EINVAL :
			read_at(e, sym->sh_offset + i * sizeof(Elf64_Sym), e->buf, here * sizeof(Elf64_Sym));

		if (r)
			return r == -EINVAL ? 0 : r;
		for (uint64_t j = 0; j < here; j++) {
			Elf64_Sym s;

			memcpy(&s, e->buf + j * sizeof s, sizeof s);
			for (unsigned k = 0; k < N_SITES; k++)
				if (n32(e, s.st_name) == at[k] && n16(e, s.st_shndx) != SHN_UNDEF) {
					vaddr[k] = n64(e, s.st_value);
					have[k] = true;
				}
		}
	}
	return have[0] && have[1] && have[2] && have[3] && sites_of(e, vaddr, out);
}

static int symbol_table(struct elf *e, const Elf64_Shdr *sym, uint64_t n_sections, struct sdk_sites *out)
{
	uint64_t at[N_SITES];
	Elf64_Shdr str;
	int r;

	if (sym->sh_link >= n_sections)
		return 0;
	r = read_section(e, sym->sh_link, &str);
	if (!r && str.sh_type == SHT_STRTAB)
		r = find_names(e, &str, at);
	else if (!r)
		return 0;
	if (r || !at[0] || !at[1] || !at[2] || !at[3])
		return r;
	return scan_symbols(e, sym, at, out);
}

/* Sections, if there are any: notes that no segment leads to, and symbols. */
static int by_sections(struct elf *e, struct sdk_sites *out)
{
	uint64_t n = e->h.e_shnum;
	Elf64_Shdr s;
	int r = 0;

	if (!e->h.e_shoff || e->h.e_shoff > e->size)
		return 0;
	if (!n) {	/* too many for e_shnum */
		r = read_section(e, 0, &s);
		n = r ? 0 : s.sh_size;
	}
	n = MIN(n, (uint64_t)SECTIONS_MAX);
	for (uint64_t i = 0; i < n && !r; i++) {
		r = read_section(e, i, &s);
		if (r)
			break;
		if (s.sh_type == SHT_NOTE)
			r = scan_notes(e, s.sh_offset, s.sh_addr, s.sh_size, s.sh_addralign, out);
		else if (s.sh_type == SHT_SYMTAB || s.sh_type == SHT_DYNSYM)
			r = symbol_table(e, &s, n, out);
	}
	return r == -EINVAL ? 0 : r;	/* sections are only for tools: a file may be whole without them */
}

int sdkfind(int fd, struct sdk_sites *out, struct err *err)
{
	struct elf *e = xcalloc(1, sizeof *e);
	struct stat st;
	int r;

	e->fd = fd;
	r = fstat(fd, &st) ? -errno : !S_ISREG(st.st_mode) ? -ENOEXEC : 0;
	e->size = r ? 0 : (uint64_t)st.st_size;
	if (!r)
		r = read_header(e);
	if (!r)
		r = read_loads(e);
	if (!r)
		r = by_segments(e, out);
	if (!r)
		r = by_sections(e, out);
	free(e);
	if (r > 0)
		return 0;
	if (!r)
		return err_set(err, -ENOENT, "libagentstep is not in it");
	if (r == -ENOEXEC)
		return err_set(err, r, "not a program or library of 64 bits");
	if (r == -EINVAL)
		return err_set(err, r, "its ELF headers make no sense");
	return err_set(err, r, "cannot read it: %s", strerror(-r));
}
