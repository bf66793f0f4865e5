package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

func TestAFailedStageLosesOnlyWhatDependsOnIt(t *testing.T) {
	st := mustOpen(t)
	stage := func(name string, fails bool, inputs ...*Stage) *Stage {
		return &Stage{Kind: "count", Format: 1, Recipe: name, Inputs: inputs, Label: name, Work: func(j *Job) error {
			if fails {
				return errors.New("out of memory")
			}
			return os.WriteFile(filepath.Join(j.Dir, "x"), nil, 0o644)
		}}
	}
	base := stage("base", false)
	bad := stage("rl, seed 1", true, base)
	good := stage("rl, seed 2", false, base)
	out, err := st.RunAll(context.Background(), Stages(stage("evaluation, seed 1", false, bad), stage("evaluation, seed 2", false, good)), 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	if out.Stages != 5 || out.Computed != 3 || len(out.Failed) != 1 || !slices.Equal(out.Skipped, []string{"evaluation, seed 1"}) {
		t.Errorf("%v, skipped %q, failed %v", out, out.Skipped, out.Failed)
	}
}

// A stage that another process computes keeps no stage waiting that could run.
func TestAStageOfAnotherProcessHoldsNoSlot(t *testing.T) {
	st := mustOpen(t)
	began, end := make(chan struct{}), make(chan struct{})
	theirs := chain("theirs", 1, func(j *Job) error {
		close(began)
		<-end
		return os.WriteFile(filepath.Join(j.Dir, "x"), nil, 0o644)
	})
	ours := chain("ours", 1, func(j *Job) error {
		close(end) // theirs ends only after it
		return os.WriteFile(filepath.Join(j.Dir, "x"), nil, 0o644)
	})
	var wait sync.WaitGroup
	wait.Go(func() {
		if _, err := another(t, st).Run(context.Background(), theirs, nil); err != nil {
			t.Error(err)
		}
	})
	<-began
	out, err := st.RunAll(context.Background(), Stages(theirs, ours), 1, nil)
	wait.Wait()
	if err != nil || out.Computed != 1 || out.Reused != 1 {
		t.Errorf("%+v, %v: expected one stage computed and the other's reused", out, err)
	}
}
