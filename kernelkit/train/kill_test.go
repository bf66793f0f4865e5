package train

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"interplay/kernelkit/random"
)

// A run that is killed (SIGKILL, no chance to save) at random moments and started again
// each time must end with the bits of an undisturbed one. The child process is this test
// binary. INTERPLAY_LONG=1 makes it 20 kills instead of 2.
func TestAKilledRunEndsWithTheSameBits(t *testing.T) {
	cfg := testConfig()
	cfg.Steps, cfg.CheckpointEvery = 60, 3
	if dir := os.Getenv("INTERPLAY_TEST_CHILD"); dir != "" {
		digest, _ := mustRun(t, open(t), cfg, dir)
		if err := os.WriteFile(filepath.Join(dir, "digest"), []byte(digest), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	kills := 2
	if os.Getenv("INTERPLAY_LONG") != "" {
		kills = 20
	}
	want, _ := mustRun(t, open(t), cfg, t.TempDir())
	dir, moments := t.TempDir(), random.New(4, "test kills")
	for i := range kills {
		// Die a few milliseconds after a step further on: in a step, or in the writing of a checkpoint.
		step := (i+1)*(cfg.Steps-5)/kills - moments.IntN(3)
		child(t, dir, step, time.Duration(moments.IntN(15_000))*time.Microsecond)
	}
	child(t, dir, -1, 0)
	got, err := os.ReadFile(filepath.Join(dir, "digest"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("after %d kills the weights are other ones", kills)
	}
	if n := len(readMetrics(t, dir)); n != cfg.Steps {
		t.Errorf("the log has %d lines, expected %d", n, cfg.Steps)
	}
}

// child trains in dir in a process of its own, which is killed a while after the log has
// the given step; a negative step lets it finish.
func child(t *testing.T, dir string, step int, after time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+t.Name()+"$")
	c.Env = append(os.Environ(), "INTERPLAY_TEST_CHILD="+dir)
	var out strings.Builder
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case err := <-ended:
			if step < 0 && err != nil {
				t.Fatalf("the child fails: %v\n%s", err, out.String())
			}
			return
		case <-time.After(2 * time.Millisecond):
		}
		if log, _ := os.ReadFile(filepath.Join(dir, MetricsFile)); step >= 0 && bytes.Count(log, []byte("\n")) >= step {
			time.Sleep(after)
			c.Process.Kill()
			<-ended
			return
		}
	}
}
