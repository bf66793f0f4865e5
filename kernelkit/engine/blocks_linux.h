// Large blocks of the CPU plugin's memory, which the process keeps (blocks_linux.go).
#pragma once

#include <stddef.h>

// keep_blocks has a loaded plugin take its large blocks here. It gives 0 where it cannot.
int keep_blocks(const char *plugin);

// Bytes of blocks in use, of those kept for later, and the most in use at once.
typedef struct {
	size_t used, kept, peak;
} blocks_t;
blocks_t count_blocks(void);

// share_blocks says whether new blocks come from here, which they do from the start.
void share_blocks(int on);
