package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/random"
	"interplay/kernelkit/train"
)

// filesOf lists the files below a folder.
func filesOf(t *testing.T, root string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// flip flips a bit of a file and returns how to flip it back.
func flip(t *testing.T, file string, bit int) (back func()) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := append([]byte(nil), text...)
	changed[bit/8] ^= 1 << (bit % 8)
	if err := os.WriteFile(file, changed, 0o644); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Every bit of a finished store is what it was or named: by Done of its stage, which every
// reader asks, by CheckSealed and by Check.
func TestEveryFlippedBitOfAFinishedStoreIsNamed(t *testing.T) {
	st, last := mustOpen(t), tinyChain()
	if _, err := st.Run(context.Background(), last, nil); err != nil {
		t.Fatal(err)
	}
	if n, faults, err := st.Check(); err != nil || n != 3 || len(faults) > 0 {
		t.Fatalf("a sound store: %d stages, %v, %v", n, faults, err)
	}
	flips := 0
	for _, s := range Stages(last) {
		for _, file := range filesOf(t, st.Dir(s)) {
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 16 {
				bit := int(random.New(1, "flips/"+filepath.Base(file), uint64(i)).Uint64() % uint64(8*info.Size()))
				back := flip(t, file, bit)
				_, asked := st.Done(s)
				if !errors.Is(asked, ErrDamaged) || CheckSealed(st.Dir(s)) == nil {
					t.Errorf("bit %d of %s: the seal says %v", bit, file, asked)
				}
				back()
				flips++
			}
		}
	}
	t.Logf("%d flips", flips)
	if flips < 300 {
		t.Errorf("only %d flips: the test has lost its point", flips)
	}
	if _, faults, err := st.Check(); err != nil || len(faults) > 0 {
		t.Errorf("with all bits back: %v, %v", faults, err)
	}
}

func TestCheckNamesWhatIsWrongAndWhatToDo(t *testing.T) {
	st, runs := mustOpen(t), new(atomic.Int64)
	in := counter(5, runs, 0)
	other := counter(6, runs, 0)
	top := counter(9, runs, 0, in)
	mustRun(t, st, top, Computed)
	mustRun(t, st, other, Computed)
	for name, c := range map[string]struct {
		damage func() error
		want   string
	}{
		"altered": {func() error { return os.WriteFile(filepath.Join(st.Dir(in), "count"), []byte("...?."), 0o644) }, "count was altered"},
		"lost":    {func() error { return os.Remove(filepath.Join(st.Dir(in), "count")) }, "lacks the file count"},
		"emptied": {func() error { return os.WriteFile(filepath.Join(st.Dir(in), doneFile), []byte("{}"), 0o644) }, "done.json was altered"},
		"ledger": {func() error {
			text, err := os.ReadFile(filepath.Join(st.Dir(in), doneFile))
			return errors.Join(err, os.WriteFile(filepath.Join(st.Dir(in), doneFile), []byte(strings.Replace(string(text), `"train_tokens": 5`, `"train_tokens": 4`, 1)), 0o644))
		}, "done.json was altered"},
		"swapped": {func() error {
			a, b := st.Dir(in), st.Dir(other)
			return errors.Join(os.Rename(a, a+".t"), os.Rename(b, a), os.Rename(a+".t", b))
		}, "of another stage"},
		"stray": {func() error { return os.WriteFile(filepath.Join(st.Dir(in), "mine"), nil, 0o644) }, "was put there after"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.damage(); err != nil {
				t.Fatal(err)
			}
			_, faults, err := st.Check()
			if err != nil || len(faults) == 0 || !strings.Contains(fmt.Sprint(faults), c.want) || faults[0].Do == "" {
				t.Errorf("%v, %v, want one that says %q", faults, err, c.want)
			}
			if name == "stray" {
				os.Remove(filepath.Join(st.Dir(in), "mine"))
			} else if _, err := st.Run(context.Background(), in, nil); err != nil {
				t.Errorf("it does not heal: %v", err)
			}
			mustRun(t, st, other, map[bool]Outcome{true: Computed, false: Reused}[name == "swapped"])
			if _, faults, err := st.Check(); err != nil || len(faults) > 0 {
				t.Errorf("after it was computed again: %v, %v", faults, err)
			}
		})
	}
}

// A damaged input of a stage that is computed now is computed again first, by workers too.
func TestADamagedInputHealsBeforeItIsUsed(t *testing.T) {
	for _, workers := range []bool{false, true} {
		st, runs := mustOpen(t), new(atomic.Int64)
		in := counter(5, runs, 0)
		mustRun(t, st, in, Computed)
		if err := os.WriteFile(filepath.Join(st.Dir(in), "count"), []byte("....!"), 0o644); err != nil {
			t.Fatal(err)
		}
		var seen []byte
		top := &Stage{Kind: "read", Recipe: 1, Inputs: []*Stage{in}, Label: "reading", Work: func(j *Job) (err error) {
			seen, err = os.ReadFile(filepath.Join(j.Input[0], "count"))
			return err
		}}
		var err error
		if workers {
			var out Outcomes
			out, err = st.Work(context.Background(), Stages(top), 1, nil)
			err = errors.Join(err, out.Err())
		} else {
			_, err = st.Run(context.Background(), top, nil)
		}
		if err != nil || string(seen) != "....." {
			t.Errorf("workers %t: the stage read %q, %v", workers, seen, err)
		}
		if healed := st.takeHealed(); len(healed) != 1 || !strings.Contains(healed[0], "count was altered") {
			t.Errorf("workers %t: told %q", workers, healed)
		}
		if kept, err := filepath.Glob(filepath.Join(st.Root, damagedDir, "count-*", "count")); err != nil || len(kept) != 1 {
			t.Errorf("workers %t: the damaged folder is not kept: %q, %v", workers, kept, err)
		}
	}
}

func TestAModelIsImportedUnderTheDigestOfAllItsFiles(t *testing.T) {
	st := mustOpen(t)
	p := profile("smoke", 1)
	w, tok, err := startModel(&Job{}, p.Base)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := saveModel(dir, w, tok); err != nil {
		t.Fatal(err)
	}
	imported := func() *Stage {
		s, err := Import("import", dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.Run(context.Background(), s, nil); err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := imported()
	if again := imported(); again.Folder() != first.Folder() {
		t.Errorf("the same model is %s and then %s", first.Folder(), again.Folder())
	}
	text, err := os.ReadFile(filepath.Join(dir, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	swapped := strings.NewReplacer(`"a3"`, `"a4"`, `"a4"`, `"a3"`).Replace(string(text))
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(swapped), 0o644); err != nil {
		t.Fatal(err)
	}
	if other := imported(); other.Folder() == first.Folder() || swapped == string(text) {
		t.Errorf("another tokenizer has the same name %s", other.Folder())
	}
	model := filepath.Join(st.Dir(first), ModelDir)
	flip(t, filepath.Join(model, "tokenizer.json"), 999)
	if err := CheckModel(model); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "tokenizer.json") {
		t.Errorf("a flipped bit: %v", err)
	}
	if _, err := Import("import", model); !errors.Is(err, ErrDamaged) {
		t.Errorf("a damaged model is imported: %v", err)
	}
}

// A stage that was interrupted, and whose milestone was damaged since, trains again from
// before it and ends in the same bytes.
func TestADamagedMilestoneHeals(t *testing.T) {
	base := tinyChain().Inputs[0].Inputs[0].Recipe.(Pretraining)
	base.Train.MilestoneEvery = 14
	run := func(st *Store, steps int) (*Done, []string) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		s := Pretrain("pre-training", base, nil)
		_, err := st.Run(ctx, s, func(p Progress) {
			if int(p.Done) >= steps {
				cancel()
			}
		})
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		done, _ := st.Done(s)
		return done, st.takeHealed()
	}
	want, _ := run(mustOpen(t), 1000)
	st := mustOpen(t)
	if done, _ := run(st, 30); done != nil {
		t.Fatal("the run was not interrupted")
	}
	milestone, err := filepath.Glob(filepath.Join(st.Root, workingDir, "*", "*", WorkDir, "checkpoints", filepath.Base(train.CheckpointDir("", 14)), "model.safetensors"))
	if err != nil || len(milestone) != 1 {
		t.Fatalf("milestones %q, %v", milestone, err)
	}
	flip(t, milestone[0], 8000)
	if _, faults, err := st.Check(); err != nil || len(faults) != 1 || !strings.Contains(faults[0].What, "model.safetensors") {
		t.Errorf("check: %v, %v", faults, err)
	}
	got, told := run(st, 1000)
	if got == nil || len(told) != 1 || !strings.Contains(told[0], "milestone 14 is damaged") {
		t.Fatalf("told %q, done %v", told, got)
	}
	if fmt.Sprint(got.Files) != fmt.Sprint(want.Files) {
		t.Error("the healed run has other bytes")
	}
}

// stopAt runs a chain until the stage of a label has come to a step, and stops it there.
func stopAt(t *testing.T, st *Store, last *Stage, label string, step int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err := st.Run(ctx, last, func(p Progress) {
		if p.Label == label && int(p.Done) >= step {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("the run was not interrupted: %v", err)
	}
}

// Every bit of a stage that is not finished is named by Check, or is of a file that the stage
// writes anew when it goes on. None makes Check, States or StageLog fail.
func TestEveryFlippedBitOfAnUnfinishedStageIsNamedOrHarmless(t *testing.T) {
	anew := []string{stageFile, holderFile, heartbeatFile, logFile, "seconds.json", train.EventsFile}
	last, flips, named := tinyChain(), 0, 0
	for label, step := range map[string]int{"pre-training": 30, "RL": 3} {
		st := mustOpen(t)
		stopAt(t, st, last, label, step)
		if _, faults, err := st.Check(); err != nil || len(faults) > 0 {
			t.Fatalf("a sound store: %v, %v", faults, err)
		}
		for _, file := range filesOf(t, filepath.Join(st.Root, workingDir)) {
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 20 {
				if info.Size() == 0 {
					continue
				}
				bit := int(random.New(1, "flips/"+label+filepath.Base(file), uint64(i)).Uint64() % uint64(8*info.Size()))
				back := flip(t, file, bit)
				_, faults, err := st.Check()
				if err != nil || len(faults) == 0 && !slices.Contains(anew, filepath.Base(file)) {
					t.Errorf("bit %d of %s: %v, %v", bit, file, faults, err)
				}
				for _, s := range Stages(last) {
					if _, err := st.StageLog(s.Folder()); err != nil && !strings.Contains(err.Error(), "is no stage that was begun") {
						t.Errorf("bit %d of %s: its log: %v", bit, file, err)
					}
				}
				if _, err := st.States(Stages(last), 3); err != nil {
					t.Errorf("bit %d of %s: states: %v", bit, file, err)
				}
				named += min(1, len(faults))
				flips++
				back()
			}
		}
	}
	t.Logf("%d flips, %d named", flips, named)
	if flips < 300 || named < 200 {
		t.Errorf("only %d flips, %d named: the test has lost its point", flips, named)
	}
}

// A stage that was interrupted and damaged since goes on from before the damage, tells the
// user, and ends with the bytes of one that was left alone.
func TestADamagedUnfinishedStageHealsAndSaysSo(t *testing.T) {
	rl := tinyChain().Inputs[0]
	base := rl.Inputs[0]
	undisturbed := mustOpen(t)
	if _, err := undisturbed.Run(context.Background(), rl, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		stage *Stage
		step  int
		file  string
	}{{base, 30, "checkpoints/*/model.safetensors"}, {base, 30, "metrics.jsonl"}, {rl, 3, "metrics.jsonl"}} {
		st := mustOpen(t)
		if c.stage == rl {
			if err := os.CopyFS(st.Dir(base), os.DirFS(undisturbed.Dir(base))); err != nil {
				t.Fatal(err)
			}
		}
		var said []string
		st.Log = func(line string) { said = append(said, line) }
		stopAt(t, st, c.stage, c.stage.Label, c.step)
		files, err := filepath.Glob(filepath.Join(st.Root, workingDir, "*", "*", WorkDir, c.file))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %q, %v", c.file, files, err)
		}
		flip(t, files[len(files)-1], 800)
		if _, err := st.Run(context.Background(), c.stage, nil); err != nil {
			t.Fatalf("%s, %s: %v", c.stage.Label, c.file, err)
		}
		if healed := st.takeHealed(); len(healed) != 1 || !strings.Contains(healed[0], filepath.Base(c.file)) || !strings.Contains(strings.Join(said, "\n"), healed[0]) {
			t.Errorf("%s, %s: told %q", c.stage.Label, c.file, healed)
		}
		want, errWant := undisturbed.Done(c.stage)
		got, errGot := st.Done(c.stage)
		if errWant != nil || errGot != nil || fmt.Sprint(got.Files) != fmt.Sprint(want.Files) {
			t.Errorf("%s, %s: other bytes (%v, %v)", c.stage.Label, c.file, errWant, errGot)
		}
	}
}

func TestASealWithOtherWhitespaceIsAltered(t *testing.T) {
	dir := t.TempDir()
	if err := seal(dir, Done{Address: "a"}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, doneFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(filepath.Join(dir, doneFile), append(text, ' ')); err != nil {
		t.Fatal(err)
	}
	if _, err := readSeal(dir); !errors.Is(err, ErrDamaged) {
		t.Errorf("error %v", err)
	}
}
