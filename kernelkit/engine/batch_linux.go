package engine

import (
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// batchThreads has the threads of the process scheduled as batch work (SCHED_BATCH,
// sched(7)), and with them those that they start: one that wakes does not push another
// from its core. The CPU plugin has at least four workers, which steal work from each
// other and sleep and wake thousands of times a second. On fewer cores they keep
// interrupting each other, which costs a tenth to a seventh of a GRPO step (LAB.md).
// No result depends on it, so a kernel that refuses is left alone; so is a thread whose
// policy somebody has chosen.
var batchThreads = sync.OnceFunc(func() {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if now, err := unix.SchedGetAttr(id, 0); err == nil && now.Policy == unix.SCHED_NORMAL {
			now.Policy = unix.SCHED_BATCH
			_ = unix.SchedSetAttr(id, now, 0)
		}
	}
})
