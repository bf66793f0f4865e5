package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/strict"
)

// A checkpoint is a folder checkpoints/step-00000500 with the weights as Hugging Face
// files, the optimiser's means, and state.json, which names the digest of each. The folder
// is written under another name, synced and renamed, so that a whole folder is all there
// ever is to see; digests catch what happens to it later.

const (
	checkpointFormat = 2 // 1 was of a decoder that rounded in another way
	stateFile        = "state.json"
	optimizerFile    = "optimizer.safetensors"
)

// ErrOtherVersion says that a checkpoint cannot be taken up by this version of the project:
// it would go on with other roundings.
var ErrOtherVersion = errors.New("is of another version of the project")

// Checkpoint is state.json: where a run stands, and the digests of the files beside it.
type Checkpoint struct {
	Format       int               `json:"format"`
	Step         int               `json:"step"` // steps done
	Tokens       int64             `json:"tokens"`
	TargetTokens int64             `json:"target_tokens"`
	Seconds      float64           `json:"seconds"`       // of training, all interrupted parts together
	Recipe       string            `json:"recipe"`        // digest of what the run depends on
	Weights      string            `json:"weights"`       // qwen.Weights.Digest
	Files        map[string]string `json:"files"`         // SHA-256 by name
	Log          string            `json:"log,omitempty"` // SHA-256 of the lines of metrics.jsonl up to this step; empty where it was not kept
	Digest       string            `json:"digest"`        // SHA-256 of all of the above, as JSON
}

func (c Checkpoint) digest() string {
	c.Digest = ""
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // numbers, strings and a map of strings
	}
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:])
}

// is says whether a file is the checkpoint as it was written, to the letter: a key in another
// case would be read as well.
func (c Checkpoint) is(file []byte) bool {
	text, err := json.MarshalIndent(c, "", "  ")
	return err == nil && bytes.Equal(append(text, '\n'), file)
}

// CheckpointDir is the folder of a step's checkpoint in a run's folder.
func CheckpointDir(dir string, step int) string {
	return filepath.Join(dir, "checkpoints", fmt.Sprintf("step-%08d", step))
}

// optimizerSpecs names the two means of each weight.
func optimizerSpecs(specs []qwen.TensorSpec) []qwen.TensorSpec {
	var out []qwen.TensorSpec
	for _, prefix := range []string{"first.", "second."} {
		for _, s := range specs {
			out = append(out, qwen.TensorSpec{Name: prefix + s.Name, Shape: s.Shape})
		}
	}
	return out
}

// SaveCheckpoint writes a checkpoint of weights and the optimiser's two means, replacing
// one of the same step. c's Format, Weights, Files and
// Digest are filled in.
func SaveCheckpoint(dir string, c Checkpoint, w *qwen.Weights, first, second []*tensors.Tensor) error {
	final := CheckpointDir(dir, c.Step)
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(final), ".writing-*")
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := qwen.Save(tmp, w); err != nil {
		return err
	}
	if err := qwen.WriteSafetensors(filepath.Join(tmp, optimizerFile), optimizerSpecs(w.Config.Specs()), slices.Concat(first, second)); err != nil {
		return err
	}
	c.Format, c.Weights, c.Files = checkpointFormat, w.Digest(), map[string]string{}
	for _, name := range []string{qwen.ConfigFile, qwen.WeightsFile, optimizerFile} {
		if c.Files[name], err = strict.Digest(filepath.Join(tmp, name)); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	c.Digest = c.digest()
	if err := durable.WriteJSON(filepath.Join(tmp, stateFile), c); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := os.RemoveAll(final); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := os.Rename(tmp, final); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return syncDir(filepath.Dir(final))
}

// syncDir makes a rename in a folder last through a power cut.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// LoadCheckpoint reads a checkpoint folder after comparing every file with its digest.
func LoadCheckpoint(folder string) (c Checkpoint, w *qwen.Weights, first, second []*tensors.Tensor, err error) {
	fail := func(err error) (Checkpoint, *qwen.Weights, []*tensors.Tensor, []*tensors.Tensor, error) {
		return Checkpoint{}, nil, nil, nil, err
	}
	data, err := strict.ReadFile(filepath.Join(folder, stateFile), 1<<20)
	if err != nil {
		return fail(fmt.Errorf("train: %w", err))
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return fail(fmt.Errorf("train: %s is torn or altered: %w", filepath.Join(folder, stateFile), strict.Plain(err)))
	}
	switch {
	case c.digest() != c.Digest || !c.is(data):
		return fail(fmt.Errorf("train: %s is altered: its digest does not fit", filepath.Join(folder, stateFile)))
	case c.Format != checkpointFormat:
		return fail(fmt.Errorf("train: %s %w: its format is %d, expected %d: give another folder, or remove this one", filepath.Join(folder, stateFile), ErrOtherVersion, c.Format, checkpointFormat))
	case filepath.Base(folder) != filepath.Base(CheckpointDir("", c.Step)):
		return fail(fmt.Errorf("train: %s is of step %d, not of its folder's: it was moved", filepath.Join(folder, stateFile), c.Step))
	}
	for _, name := range []string{qwen.ConfigFile, qwen.WeightsFile, optimizerFile} {
		path := filepath.Join(folder, name)
		switch digest, err := strict.Digest(path); {
		case err != nil:
			return fail(fmt.Errorf("train: %w", err))
		case digest != c.Files[name]:
			return fail(fmt.Errorf("train: %s is torn or altered: its SHA-256 is %.12s…, expected %.12s…", path, digest, c.Files[name]))
		}
	}
	if w, err = qwen.Load(folder); err != nil {
		return fail(err)
	}
	if w.Digest() != c.Weights {
		return fail(fmt.Errorf("train: %s is altered: the weights have another digest than it says", filepath.Join(folder, stateFile)))
	}
	specs := optimizerSpecs(w.Config.Specs())
	means, err := qwen.ReadSafetensors(filepath.Join(folder, optimizerFile), specs)
	if err != nil {
		return fail(err)
	}
	return c, w, means[:len(means)/2], means[len(means)/2:], nil
}

// Checkpoints lists the checkpoint folders of a run by step, oldest first.
func Checkpoints(dir string) (map[int]string, []int, error) {
	entries, err := os.ReadDir(filepath.Join(dir, "checkpoints"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	} else if err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	folders, steps := map[int]string{}, []int{}
	for _, e := range entries {
		step := 0
		if n, err := fmt.Sscanf(e.Name(), "step-%d", &step); n != 1 || err != nil || !e.IsDir() {
			continue
		}
		folders[step] = filepath.Join(dir, "checkpoints", e.Name())
		steps = append(steps, step)
	}
	slices.Sort(steps)
	return folders, steps, nil
}

// prune removes what an interrupted writer left, and all checkpoints but the newest keep
// and the milestones.
func prune(dir string, keep, milestone int) error {
	folders, steps, err := Checkpoints(dir)
	if err != nil {
		return err
	}
	for i, step := range steps {
		if i < len(steps)-keep && (milestone == 0 || step%milestone != 0) {
			if err := os.RemoveAll(folders[step]); err != nil {
				return fmt.Errorf("train: %w", err)
			}
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "checkpoints"))
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".writing-") {
			os.RemoveAll(filepath.Join(dir, "checkpoints", e.Name()))
		}
	}
	return nil
}
