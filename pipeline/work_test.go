package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// chain is a stage with a label, a number, and what it does.
func chain(label string, n int, work func(*Job) error, inputs ...*Stage) *Stage {
	return &Stage{Kind: "link", Recipe: fmt.Sprint(label, n), Label: fmt.Sprint(label, " ", n), Inputs: inputs, Work: work}
}

func TestWorkersShareStagesAndDoEachOnce(t *testing.T) {
	st := mustOpen(t)
	var runs atomic.Int64
	work := func(j *Job) error {
		runs.Add(1)
		for _, in := range j.Input {
			if _, err := os.Stat(filepath.Join(in, "out")); err != nil {
				return fmt.Errorf("an input was not there: %w", err)
			}
		}
		return os.WriteFile(filepath.Join(j.Dir, "out"), []byte("x"), 0o644)
	}
	var roots []*Stage
	for i := range 8 {
		a := chain("a", i, work)
		roots = append(roots, chain("d", i, work, chain("b", i, work, a), chain("c", i, work, a)))
	}
	stages := Stages(roots...)
	var computed atomic.Int64
	var wait sync.WaitGroup
	for range 6 {
		wait.Go(func() {
			out, err := another(t, st).Work(context.Background(), stages, 1, nil)
			if err != nil || len(out.Failed) > 0 {
				t.Error(err, out.Failed)
			}
			computed.Add(int64(out.Computed))
		})
	}
	wait.Wait()
	if runs.Load() != 32 || computed.Load() != 32 {
		t.Errorf("32 stages were worked on %d times, and %d computed", runs.Load(), computed.Load())
	}
}

// A stage that fails is tried as often as said, then named; it blocks what needs it, and
// nothing else. Forgotten, it is tried again.
func TestAFailedStageIsRetriedThenNamed(t *testing.T) {
	st := mustOpen(t)
	var tries atomic.Int64
	broken := true
	good := func(j *Job) error { return nil }
	bad := chain("bad", 1, func(j *Job) error {
		if tries.Add(1); broken {
			return errors.New("the lamp is broken")
		}
		return nil
	})
	flaky := chain("flaky", 1, func(j *Job) error {
		marker := filepath.Join(st.Root, "flaky-was-here")
		if _, err := os.Stat(marker); err != nil {
			return errors.Join(os.WriteFile(marker, nil, 0o644), errors.New("once"))
		}
		return nil
	})
	stages := Stages(chain("end", 1, good, bad), chain("end", 2, good, flaky))
	out, err := st.Work(context.Background(), stages, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	if tries.Load() != 3 {
		t.Errorf("the bad stage was tried %d times, want 3", tries.Load())
	}
	if len(out.Failed) != 1 || !strings.Contains(out.Failed[0].Error(), "the lamp is broken") || !strings.Contains(out.Failed[0].Error(), "failed 3 times") {
		t.Errorf("the failures are %v", out.Failed)
	}
	if len(out.Skipped) != 1 || out.Skipped[0] != "end 1" {
		t.Errorf("blocked are %v, want what needs the bad stage alone", out.Skipped)
	}
	states, err := st.States(stages, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range states {
		want := map[string]State{"bad 1": Failed, "end 1": Blocked, "flaky 1": Finished, "end 2": Finished}[x.Label]
		if x.State != want {
			t.Errorf("%s is %s, want %s", x.Label, x.State, want)
		}
	}
	if text, err := st.StageLog(bad.Folder()); err != nil || strings.Count(text, "the lamp is broken") != 3 {
		t.Errorf("its log is %q (%v)", text, err)
	}
	broken = false
	if err := st.Forget(stages); err != nil {
		t.Fatal(err)
	}
	if out, err = st.Work(context.Background(), stages, 3, nil); err != nil || len(out.Failed) > 0 || out.Resumed+out.Computed != 2 {
		t.Errorf("after it was mended: %v, %v", out, err)
	}
}

// A worker that is told to stop leaves its stage to the next one, which goes on from there.
func TestAStoppedWorkerLeavesItsStage(t *testing.T) {
	st := mustOpen(t)
	ctx, stop := context.WithCancel(context.Background())
	s := slowStage()
	_, err := st.Work(ctx, []*Stage{s}, 1, func(p Progress) {
		if p.Done == 30 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("the stopped worker returned %v", err)
	}
	states, err := st.States([]*Stage{s}, 1)
	if err != nil || states[0].State != Ready || len(states[0].Failures) > 0 {
		t.Errorf("the stage is %v (%v), want ready, without a failure", states[0], err)
	}
	first := 0.0
	out, err := another(t, st).Work(context.Background(), []*Stage{s}, 1, func(p Progress) {
		if first == 0 {
			first = p.Done
		}
	})
	if err != nil || out.Resumed != 1 || first <= 30 {
		t.Errorf("the next worker: %v, %v, began at %g", out, err, first)
	}
}

func TestStatusSaysWhoComputesAndHowLongItTakes(t *testing.T) {
	st := mustOpen(t)
	seen := make(chan StageState, 1)
	s := slowStage()
	_, err := st.Run(context.Background(), s, func(p Progress) {
		if p.Done != 100 {
			return
		}
		l, err := filepath.Glob(filepath.Join(st.Root, workingDir, "*", "*", WorkDir, heartbeatFile))
		if err != nil || len(l) != 1 {
			t.Error(l, err)
		}
		states, err := another(t, st).States([]*Stage{s}, 1)
		if err != nil {
			t.Error(err)
		}
		seen <- states[0]
	})
	if err != nil {
		t.Fatal(err)
	}
	x := <-seen
	if x.State != Running || x.Holder == nil || x.Holder.PID != os.Getpid() || x.Silent > 60 {
		t.Errorf("the state is %+v", x)
	}
}
