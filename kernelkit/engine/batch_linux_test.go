package engine

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The plugin's workers, which it starts when it is opened, are scheduled as batch work.
func TestWorkersAreBatchThreads(t *testing.T) {
	probe := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends here
		err := batchThread(0)
		if now, _ := unix.SchedGetAttr(0, 0); err == nil && now.Policy != unix.SCHED_BATCH {
			err = errors.New("the process has a policy of its own")
		}
		probe <- err
	}()
	if err := <-probe; err != nil {
		t.Skipf("threads cannot be batch threads here: %v", err)
	}
	t.Setenv("GOMLX_BACKEND", "")
	if _, err := Open(""); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob("/proc/self/task/*/comm")
	if err != nil {
		t.Fatal(err)
	}
	workers := 0
	for _, path := range names {
		name, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(name), "XLAEigen") {
			continue
		}
		workers++
		id, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := unix.SchedGetAttr(id, 0); err != nil || got.Policy != unix.SCHED_BATCH {
			t.Errorf("worker %d has policy %+v (%v), want SCHED_BATCH", id, got, err)
		}
	}
	if workers == 0 {
		t.Error("no worker was found")
	}
}
