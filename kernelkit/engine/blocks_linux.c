//go:build cgo

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "blocks_linux.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	HUGE = 2 << 20,     // a huge page
	LARGE = 4 << 20,    // the least block that comes from here
	SLACK = 256 << 20,  // what may be kept beyond the most that was in use at once
	BLOCKS = 1024,      // as many at once; more come from the C library
};

typedef struct {
	char *start;
	size_t size;
	unsigned long freed; // when it was given back; 0: it is in use
} block_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static block_t blocks[BLOCKS];
static int count;
static int on = 1;
static unsigned long now;
static blocks_t total;

static void drop(int i) {
	munmap(blocks[i].start, blocks[i].size);
	total.kept -= blocks[i].size;
	blocks[i] = blocks[--count];
}

// drop_oldest drops the kept block that was given back longest ago.
static void drop_oldest(void) {
	int oldest = -1;
	for (int i = 0; i < count; i++)
		if (blocks[i].freed && (oldest < 0 || blocks[i].freed < blocks[oldest].freed)) oldest = i;
	if (oldest >= 0) drop(oldest);
}

// map takes a block from the system, on a boundary of huge pages.
static char *map(size_t size) {
	char *p = mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) return NULL;
	char *start = (char *)(((uintptr_t)p + HUGE - 1) / HUGE * HUGE);
	if (start > p) munmap(p, start - p);
	if (p + HUGE > start) munmap(start + size, p + HUGE - start);
	madvise(start, size, MADV_HUGEPAGE); // a kernel without them gives small pages
	return start;
}

// take gives a block of at least size bytes, or NULL.
static void *take(size_t size) {
	if (size > SIZE_MAX / 4) return NULL;
	size = (size + HUGE - 1) / HUGE * HUGE;
	void *got = NULL;
	pthread_mutex_lock(&lock);
	int best = -1;
	for (int i = 0; on && i < count; i++) // the smallest that holds it, and not one of more than twice its size
		if (blocks[i].freed && blocks[i].size >= size && blocks[i].size / 2 <= size && (best < 0 || blocks[i].size < blocks[best].size)) best = i;
	if (best >= 0) {
		total.kept -= blocks[best].size;
	} else if (on) {
		size_t most = total.used + size > total.peak ? total.used + size : total.peak;
		while (total.kept && (count == BLOCKS || total.used + total.kept + size > most + SLACK)) drop_oldest();
		char *start = count < BLOCKS ? map(size) : NULL;
		if (start) {
			best = count++;
			blocks[best] = (block_t){start, size, 0};
		}
	}
	if (best >= 0) {
		blocks[best].freed = 0;
		total.used += blocks[best].size;
		if (total.used > total.peak) total.peak = total.used;
		got = blocks[best].start;
	}
	pthread_mutex_unlock(&lock);
	return got;
}

// find is the place of a block that is in use, or -1. Blocks lie on boundaries of huge pages,
// as hardly anything else does: what does not is told at once.
static int find(void *p) {
	if ((uintptr_t)p % HUGE || !p) return -1;
	for (int i = 0; i < count; i++)
		if (blocks[i].start == p && !blocks[i].freed) return i;
	return -1;
}

// give_back keeps a block for later. It gives 0 where p is none.
static int give_back(void *p) {
	if ((uintptr_t)p % HUGE || !p) return 0;
	pthread_mutex_lock(&lock);
	int i = find(p);
	if (i >= 0) {
		total.used -= blocks[i].size;
		total.kept += blocks[i].size;
		blocks[i].freed = ++now;
		if (!on) drop(i);
	}
	pthread_mutex_unlock(&lock);
	return i >= 0;
}

// What stands in the place of the C library's calls.

static int our_posix_memalign(void **p, size_t alignment, size_t size) {
	if (size >= LARGE && alignment <= HUGE && (*p = take(size))) return 0;
	return posix_memalign(p, alignment, size);
}

static void *our_aligned_alloc(size_t alignment, size_t size) {
	void *p = size >= LARGE && alignment <= HUGE ? take(size) : NULL;
	return p ? p : aligned_alloc(alignment, size);
}

static void our_free(void *p) {
	if (!give_back(p)) free(p);
}

static void *our_realloc(void *p, size_t size) {
	pthread_mutex_lock(&lock);
	int i = find(p);
	size_t had = i >= 0 ? blocks[i].size : 0;
	pthread_mutex_unlock(&lock);
	if (i < 0) return realloc(p, size);
	void *to = malloc(size);
	if (!to) return NULL;
	memcpy(to, p, size < had ? size : had);
	give_back(p);
	return to;
}

static const struct {
	const char *name;
	void *call;
} calls[] = {
	{"free", our_free}, // first: nothing is taken here that would not be given back here
	{"realloc", our_realloc},
	{"posix_memalign", our_posix_memalign},
	{"aligned_alloc", our_aligned_alloc},
};

// replace puts a call of ours in each place of a library that holds the C library's, as its
// table of relocations has them. It gives the number of places, or -1.
static int replace(ElfW(Addr) base, const ElfW(Rela) * table, size_t size, const ElfW(Sym) * symbols, const char *names, const char *name, void *call) {
	int places = 0;
	uintptr_t page = sysconf(_SC_PAGESIZE);
	for (size_t i = 0; i < size / sizeof *table; i++) {
		const ElfW(Sym) *symbol = symbols + ELF64_R_SYM(table[i].r_info);
		if (symbol == symbols || symbol->st_shndx != SHN_UNDEF || table[i].r_addend || strcmp(names + symbol->st_name, name)) continue;
		void **place = (void **)(base + table[i].r_offset);
		if (mprotect((void *)((uintptr_t)place / page * page), page, PROT_READ | PROT_WRITE)) return -1;
		*place = call;
		places++;
	}
	return places;
}

static int replace_calls(struct link_map *library) {
	const ElfW(Rela) *rela = NULL, *plt = NULL;
	const ElfW(Sym) *symbols = NULL;
	const char *names = NULL;
	size_t rela_size = 0, plt_size = 0;
	for (ElfW(Dyn) *d = library->l_ld; d->d_tag != DT_NULL; d++) switch (d->d_tag) {
		case DT_RELA: rela = (void *)d->d_un.d_ptr; break;
		case DT_RELASZ: rela_size = d->d_un.d_val; break;
		case DT_JMPREL: plt = (void *)d->d_un.d_ptr; break;
		case DT_PLTRELSZ: plt_size = d->d_un.d_val; break;
		case DT_SYMTAB: symbols = (void *)d->d_un.d_ptr; break;
		case DT_STRTAB: names = (void *)d->d_un.d_ptr; break;
		}
	if (!symbols || !names) return 0;
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		int a = rela ? replace(library->l_addr, rela, rela_size, symbols, names, calls[i].name, calls[i].call) : 0;
		int b = plt ? replace(library->l_addr, plt, plt_size, symbols, names, calls[i].name, calls[i].call) : 0;
		if (a < 0 || b < 0 || (i == 0 && a + b == 0)) return 0; // ways of freeing first: without them nothing may be taken
	}
	return 1;
}

int keep_blocks(const char *plugin) {
#ifdef __GLIBC__
	void *library = dlopen(plugin, RTLD_NOW | RTLD_NOLOAD);
	struct link_map *map = NULL;
	return library && !dlinfo(library, RTLD_DI_LINKMAP, &map) && replace_calls(map);
#else
	return 0; // the addresses of tables are told otherwise
#endif
}

blocks_t count_blocks(void) {
	pthread_mutex_lock(&lock);
	blocks_t t = total;
	pthread_mutex_unlock(&lock);
	return t;
}

void share_blocks(int yes) {
	pthread_mutex_lock(&lock);
	on = yes;
	while (!on && total.kept) drop_oldest();
	pthread_mutex_unlock(&lock);
}
