//go:build cgo

package engine

/*
#cgo LDFLAGS: -ldl -lpthread
#include <stdlib.h>
#include "blocks_linux.h"
*/
import "C"

import "unsafe"

// keepBlocks has a loaded CPU plugin take blocks of 4 MiB and more from memory that the
// process keeps, in huge pages where the kernel has them, and give them back there.
//
// A program's working memory is one block, which the plugin takes at each execution and gives
// back after. The C library serves blocks of more than 64 MiB from the system whatever it is
// told (keepMemory), so that each execution began with a page fault for each 4 KiB; and small
// pages are more than a processor can keep the addresses of. What is kept beyond what is in
// use never exceeds the most that was in use at once by more than 256 MiB. No result depends
// on it. The plugin knows no way to be given memory, so its calls of the C library are
// replaced, in its own table of them; where that fails it goes on as before.
func keepBlocks(plugin string) (ok bool) {
	path := C.CString(plugin)
	defer C.free(unsafe.Pointer(path))
	return C.keep_blocks(path) != 0
}

// blocksKept counts the bytes of large blocks: in use, kept for later, and most in use at once.
func blocksKept() (used, kept, peak int64) {
	t := C.count_blocks()
	return int64(t.used), int64(t.kept), int64(t.peak)
}

// shareBlocks switches keepBlocks off, and on again, for whoever compares.
func shareBlocks(on bool) {
	yes := C.int(0)
	if on {
		yes = 1
	}
	C.share_blocks(yes)
}
