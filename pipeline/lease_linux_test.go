package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asNobody runs f without the right to write where others may not, which root has everywhere.
func asNobody(f func()) {
	if os.Getuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	syscall.Setfsuid(65534)
	defer syscall.Setfsuid(0)
	f()
}

// A stage whose folder may not be written to is not held by another process: whoever waited for that would wait for ever.
func TestAStoreThatMayNotBeWrittenToIsNotHeld(t *testing.T) {
	st := mustOpen(t)
	s := chain("a", 1, func(*Job) error { return nil })
	place := filepath.Join(st.Root, workingDir, s.Folder())
	work := filepath.Join(place, freeName, WorkDir)
	if err := os.MkdirAll(work, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(work, failuresFile), []byte(`{"host":"here","error":"an earlier attempt"}`+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(place, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(place, 0o755)
	for dir := filepath.Dir(st.Root); dir != filepath.Clean(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) { // the test's own, closed to others
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	asNobody(func() {
		if _, err := os.Stat(st.Root); err != nil {
			t.Skip(err) // the folder of temporary files is closed to others
		}
		if _, err := st.Run(ctx, s, nil); !errors.Is(err, fs.ErrPermission) || !strings.Contains(fmt.Sprint(err), "INTERPLAY_RUNS") {
			t.Errorf("run: the error is %v", err)
		}
		out, err := st.Work(ctx, []*Stage{s}, 3, nil)
		if err != nil || len(out.Failed) != 1 || !errors.Is(out.Failed[0], fs.ErrPermission) {
			t.Errorf("work: %v, failed %v", err, out.Failed)
		}
	})
}

// Of two that take a stage up, the second finds its folder gone: another process holds it.
func TestWhoFindsTheFolderGoneIsTheSecond(t *testing.T) {
	for err, held := range map[error]bool{syscall.ENOENT: true, syscall.ESTALE: true, syscall.EACCES: false, syscall.EROFS: false, syscall.EIO: false, syscall.ENOSPC: false} {
		if got := errors.Is(heldIfGone(&os.LinkError{Op: "rename", Err: err}), errHeld); got != held {
			t.Errorf("%v: held is %t, want %t", err, got, held)
		}
	}
	if err := heldIfGone(nil); err != nil {
		t.Error(err)
	}
}
