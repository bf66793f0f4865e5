package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/random"
)

// A log that is not what was written is as bad as a checkpoint that is not: what the log has
// before the damage counts.
func TestADamagedLogIsNamedAndTheRunGoesOnFromBeforeIt(t *testing.T) {
	e, cfg, half := open(t), testConfig(), t.TempDir()
	cfg.CheckpointEvery = 4
	stopAfter(t, e, cfg, half, 9) // checkpoints at 8 and 9, as two are kept
	log, err := os.ReadFile(filepath.Join(half, MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(log, []byte("\n"))
	altered := func(line int) []byte {
		copied := slices.Clone(lines)
		copied[line-1] = bytes.Replace(copied[line-1], []byte(`"loss":`), []byte(`"loss":1`), 1)
		return bytes.Join(copied, nil)
	}
	for name, c := range map[string]struct {
		log  []byte
		from int
	}{
		"altered after the first checkpoint": {altered(9), 8},
		"altered before both":                {altered(3), 0},
		"torn":                               {log[:len(log)-5], 8},
		"a line is missing":                  {bytes.Join(slices.Delete(slices.Clone(lines), 4, 5), nil), 0},
		"empty":                              {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := errors.Join(os.CopyFS(dir, os.DirFS(half)), os.WriteFile(filepath.Join(dir, MetricsFile), c.log, 0o644)); err != nil {
				t.Fatal(err)
			}
			if faults, err := CheckFolder(dir); err != nil || len(faults) == 0 {
				t.Errorf("the check finds %v, %v", faults, err)
			}
			j := newJournal(cfg, dir, recipeOf(t, cfg))
			if _, err := j.Resume(testWeights(t)); err != nil {
				t.Fatal(err)
			}
			if j.At.Step != c.from || len(j.Past) != c.from || !strings.Contains(j.Damage, MetricsFile) || !strings.Contains(j.Note, j.Damage) {
				t.Errorf("taken up at step %d with the damage %q", j.At.Step, j.Damage)
			}
			if faults, err := CheckFolder(dir); err != nil || len(faults) > 0 {
				t.Errorf("afterwards the check finds %v, %v", faults, err)
			}
		})
	}
}

// Every flipped bit of an unfinished run's folder is named, or changes nothing of what the run
// goes on from.
func TestEveryFlippedBitOfAnUnfinishedRunIsNamedOrHarmless(t *testing.T) {
	e, cfg, dir := open(t), testConfig(), t.TempDir()
	cfg.CheckpointEvery = 4
	stopAfter(t, e, cfg, dir, 9)
	resume := func(dir string) (*Journal[Metrics], string, error) {
		j := newJournal(cfg, dir, recipeOf(t, cfg))
		state, err := j.Resume(testWeights(t))
		if err != nil {
			return j, "", err
		}
		text, err := json.Marshal(j.Past)
		return j, j.Weights(state).Digest() + string(text), err
	}
	sound := t.TempDir()
	if err := os.CopyFS(sound, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	_, want, err := resume(sound)
	if err != nil {
		t.Fatal(err)
	}
	named, flips := 0, 0
	for _, file := range []string{MetricsFile, EventsFile, "checkpoints/step-00000009/state.json", "checkpoints/step-00000009/config.json",
		"checkpoints/step-00000009/model.safetensors", "checkpoints/step-00000009/optimizer.safetensors"} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 60 {
			stream := random.New(1, "flips/"+file, uint64(i))
			flipped := bytes.Clone(data)
			flipped[stream.Uint64()%uint64(len(data))] ^= 1 << (stream.Uint64() % 8)
			one := t.TempDir()
			if err := errors.Join(os.CopyFS(one, os.DirFS(dir)), os.WriteFile(filepath.Join(one, file), flipped, 0o644)); err != nil {
				t.Fatal(err)
			}
			j, got, err := resume(one)
			switch {
			case err != nil:
				t.Errorf("flip %d of %s stops the run: %v", i, file, err)
			case j.Damage != "":
				named++
			case got != want:
				t.Errorf("flip %d of %s goes unnoticed", i, file)
			}
			flips++
		}
	}
	t.Logf("%d flips, %d named", flips, named)
	if named < 240 {
		t.Errorf("only %d of %d flips were named: the test has lost its point", named, flips)
	}
}

func TestACheckpointOfAnotherFormatIsRefusedByName(t *testing.T) {
	e, cfg, dir := open(t), testConfig(), t.TempDir()
	stopAfter(t, e, cfg, dir, 5)
	path := filepath.Join(CheckpointDir(dir, 5), stateFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var c Checkpoint
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	for _, format := range []int{1, checkpointFormat + 1} {
		c.Format = format
		c.Digest = c.digest()
		if err := durable.WriteJSON(path, c); err != nil {
			t.Fatal(err)
		}
		_, err := Run(context.Background(), e, testWeights(t), testDocs(testModel.VocabSize), cfg, dir, nil)
		if !errors.Is(err, ErrOtherVersion) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), fmt.Sprintf("format is %d, expected %d", format, checkpointFormat)) {
			t.Errorf("format %d: the error is %v", format, err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("format %d: the checkpoint is gone: %v", format, err)
		}
	}
}
