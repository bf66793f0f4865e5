package engine

import (
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// batchThreads has the threads of the process scheduled as batch work, and with them those
// that they start: one that wakes does not push another from its core. The CPU plugin has at
// least four workers, which steal work from each other and sleep and wake thousands of times
// a second. On fewer cores they keep interrupting each other, which costs a tenth to a
// seventh of a GRPO step (LAB.md). No result depends on it, so a kernel that refuses is left
// alone.
var batchThreads = sync.OnceFunc(func() {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			_ = batchThread(id)
		}
	}
})

// batchThread gives a thread (0: the calling one) the policy SCHED_BATCH, sched(7), unless
// somebody has chosen one for it.
func batchThread(id int) error {
	now, err := unix.SchedGetAttr(id, 0)
	if err != nil || now.Policy != unix.SCHED_NORMAL {
		return err
	}
	now.Policy = unix.SCHED_BATCH
	return unix.SchedSetAttr(id, now, 0)
}
