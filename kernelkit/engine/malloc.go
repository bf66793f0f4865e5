//go:build linux && cgo

package engine

/*
#include <malloc.h>

// The CPU plugin asks for the whole working memory of a program at each execution and gives
// it back after. By default glibc takes blocks of that size from the system and returns
// them at once, so that every execution begins with a page fault for each 4 KiB: a third of
// a training step of the micro model (LAB.md). Here it keeps what it has had.
static void keep_memory(void) {
#ifdef __GLIBC__
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, 0x7fffffff);
	mallopt(M_TOP_PAD, 64 << 20);
#endif
}
*/
import "C"

import "sync"

// keepMemory makes the C library keep freed memory for the process, up to blocks of 64 MiB.
// Larger ones come and go, whatever it is told: those of the plugin are kept by keepBlocks.
var keepMemory = sync.OnceFunc(func() { C.keep_memory() })
