package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
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
