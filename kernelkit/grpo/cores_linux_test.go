package grpo

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify"
)

// A run has the same bits on one processor as on all, and as on a machine that gives itself out
// to have 64 to Go and to the plugin. The children are this test binary; a child inherits the
// processors of the thread that starts it.
func TestBitsDoNotDependOnTheNumberOfProcessors(t *testing.T) {
	if file := os.Getenv("INTERPLAY_TEST_CHILD"); file != "" {
		task, start, cfg := lesson(t)
		cfg.Steps, cfg.GroupSize, cfg.MaxTokens, cfg.DropZeroVariance = 2, 2, 32, false
		few := task.Problems
		task.Problems = Fixed(func(step int) (all []*gsm.Problem, err error) { // more than are in flight at once
			for i := range 8 {
				some, err := few(8*step+i, nil)
				if err != nil {
					return nil, err
				}
				all = append(all, some...)
			}
			return all, nil
		})
		task.Judge = func(p *gsm.Problem, text string) verify.Verdict { return verify.Verdict{Strict: len(text)%2 == 0} }
		w, _ := mustRun(t, task, start, cfg, t.TempDir())
		if err := os.WriteFile(file, []byte(w.Digest()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	child := func(env ...string) string {
		file := filepath.Join(t.TempDir(), "digest")
		c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		c.Env = append(append(os.Environ(), env...), "INTERPLAY_TEST_CHILD="+file)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("the child fails: %v\n%s", err, out)
		}
		digest, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(digest)
	}
	all := child()
	if got := child("GOMAXPROCS=64", "NPROC=64"); got != all {
		t.Errorf("as if on 64 processors the weights have digest %.12s, on %d %.12s", got, runtime.NumCPU(), all)
	}
	if runtime.NumCPU() == 1 {
		t.Skip("there is one processor, so one and all are the same")
	}
	runtime.LockOSThread() // and never unlocked: the thread ends with the test
	var allowed, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if allowed.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	if got := child(); got != all {
		t.Errorf("on one processor the weights have digest %.12s, on %d %.12s", got, runtime.NumCPU(), all)
	}
}
