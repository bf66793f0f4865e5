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

	"interplay/kernelkit/durable"
)

type countRecipe struct {
	To   int   `json:"to"`
	Seed int64 `json:"seed"`
}

// counter is a stage that counts to its recipe's number, one checkpoint a count,
// and fails once at failAt (0: never).
func counter(to int, runs *atomic.Int64, failAt int, inputs ...*Stage) *Stage {
	return &Stage{Kind: "count", Format: 1, Recipe: countRecipe{To: to}, Inputs: inputs, Label: "counting", Work: func(j *Job) error {
		runs.Add(1)
		name := filepath.Join(j.Dir, "count")
		text, _ := os.ReadFile(name)
		for n := len(text); n < to; n++ {
			if failAt > 0 && n == failAt {
				return errors.New("the power went")
			}
			text = append(text, '.')
			if err := durable.WriteFile(name, text); err != nil {
				return err
			}
			j.Spent.TrainTokens++
		}
		return nil
	}}
}

func mustOpen(t *testing.T) *Store {
	t.Helper()
	st, err := Open(filepath.Join(t.TempDir(), "runs"))
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func mustRun(t *testing.T, st *Store, s *Stage, want Outcome) {
	t.Helper()
	got, err := st.Run(context.Background(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("%s was %v, want %v", s.Label, got, want)
	}
}

func TestASecondRunReusesTheResult(t *testing.T) {
	st, runs := mustOpen(t), new(atomic.Int64)
	mustRun(t, st, counter(5, runs, 0), Computed)
	mustRun(t, st, counter(5, runs, 0), Reused)
	if runs.Load() != 1 {
		t.Errorf("the work ran %d times", runs.Load())
	}
}

func TestAnInterruptedStageResumes(t *testing.T) {
	st, runs := mustOpen(t), new(atomic.Int64)
	if _, err := st.Run(context.Background(), counter(5, runs, 3), nil); err == nil || !strings.Contains(err.Error(), "power") {
		t.Fatalf("error %v, want the work's own", err)
	}
	s := counter(5, runs, 0)
	mustRun(t, st, s, Resumed)
	done, err := st.Done(s)
	if err != nil {
		t.Fatal(err)
	}
	if done.Spent.TrainTokens != 2 {
		t.Errorf("the resumed run did %d counts, want the 2 that were missing", done.Spent.TrainTokens)
	}
}

func TestAChangedRecipeFieldRerunsExactlyWhatDependsOnIt(t *testing.T) {
	st := mustOpen(t)
	base, other, top := new(atomic.Int64), new(atomic.Int64), new(atomic.Int64)
	build := func(to int) *Stage { return counter(9, top, 0, counter(to, base, 0), counter(7, other, 0)) }
	mustRun(t, st, build(5), Computed)
	mustRun(t, st, build(6), Computed)
	if base.Load() != 2 || other.Load() != 1 || top.Load() != 2 {
		t.Errorf("runs: changed input %d, unchanged input %d, dependent %d; want 2, 1, 2", base.Load(), other.Load(), top.Load())
	}
}

func TestDeletingOneStageRecomputesItAlone(t *testing.T) {
	st := mustOpen(t)
	base, top := new(atomic.Int64), new(atomic.Int64)
	in := counter(5, base, 0)
	mustRun(t, st, counter(9, top, 0, in), Computed)
	if err := os.RemoveAll(st.Dir(in)); err != nil {
		t.Fatal(err)
	}
	mustRun(t, st, counter(9, top, 0, in), Reused)
	mustRun(t, st, in, Computed)
	if base.Load() != 2 || top.Load() != 1 {
		t.Errorf("runs: deleted %d, dependent %d; want 2, 1", base.Load(), top.Load())
	}
}

func TestTheFormatVersionIsPartOfTheAddress(t *testing.T) {
	a, b := counter(5, nil, 0), counter(5, nil, 0)
	b.Format++
	if a.Address() == b.Address() {
		t.Error("two formats share an address")
	}
}

func TestTheLabelIsNotPartOfTheAddress(t *testing.T) {
	a, b := counter(5, nil, 0), counter(5, nil, 0)
	b.Label, b.Plan.Seconds = "other", 7
	if a.Address() != b.Address() {
		t.Error("a label changed the address")
	}
}

func TestAnAlteredResultIsNamed(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"altered": func(p string) error { return os.WriteFile(p, []byte("....!"), 0o644) },
		"lacks":   os.Remove,
	} {
		st, runs := mustOpen(t), new(atomic.Int64)
		s := counter(5, runs, 0)
		mustRun(t, st, s, Computed)
		if err := damage(filepath.Join(st.Dir(s), "count")); err != nil {
			t.Fatal(err)
		}
		_, err := st.Done(s)
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "count") {
			t.Errorf("error %v, want one that says %q and names the file", err, name)
		}
	}
}

func TestTwoRunsOfOneStageComputeItOnce(t *testing.T) {
	st, runs := mustOpen(t), new(atomic.Int64)
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if _, err := st.Run(context.Background(), counter(50, runs, 0), nil); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	if runs.Load() != 1 {
		t.Errorf("the work ran %d times", runs.Load())
	}
}

func TestARunFolderOfAnotherVersionIsRefused(t *testing.T) {
	for _, format := range []int{1, storeFormat + 1} {
		root := t.TempDir()
		if err := os.WriteFile(filepath.Join(root, "store.json"), fmt.Appendf(nil, `{"format": %d}`, format), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Open(root)
		if err == nil || !strings.Contains(err.Error(), root) || !strings.Contains(err.Error(), fmt.Sprintf("store format %d, this one reads format %d", format, storeFormat)) || !strings.Contains(err.Error(), "INTERPLAY_RUNS") {
			t.Errorf("error %v, want one that names both versions and the remedy", err)
		}
	}
}

func TestAReadOnlyRunFolderIsNamed(t *testing.T) {
	_, err := Open("/proc/interplay-runs") // nobody may write there, not even root
	if err == nil || !strings.Contains(err.Error(), "INTERPLAY_RUNS") {
		t.Errorf("error %v, want one that says what to do", err)
	}
}

func TestInputsRunFirstAndAreHandedOver(t *testing.T) {
	st, runs := mustOpen(t), new(atomic.Int64)
	in := counter(5, runs, 0)
	var seen string
	s := &Stage{Kind: "read", Recipe: 1, Inputs: []*Stage{in}, Label: "reading", Work: func(j *Job) error {
		text, err := os.ReadFile(filepath.Join(j.Input[0], "count"))
		seen = string(text)
		return err
	}}
	mustRun(t, st, s, Computed)
	if seen != "....." {
		t.Errorf("the dependent read %q", seen)
	}
	if all := Stages(s, in); len(all) != 2 || all[0] != in {
		t.Errorf("Stages lists %d, want the input first and each once", len(all))
	}
}
