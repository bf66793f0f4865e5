package train

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/strict"
)

// Journal is the folder of a run that can be taken up where it ended: a log with a line a
// step, the same for TensorBoard, and checkpoints. Training and GRPO write theirs through it.
// M describes a step; its JSON has the step's number, from 1, as "step".
//
//	Resume → Open → (step, Record)… → Close
//
// A line of the log is on the disk before the checkpoint of its step is. So a run that is
// killed at any moment finds a log that reaches at least to its newest checkpoint, and goes
// on with the same bits and the same log as one that was left alone.
type Journal[M any] struct {
	Name   string // of the package whose run it is: errors begin with it
	From   string // what the run learns from: "documents"
	Dir    string
	Recipe string // digest of what the run depends on

	Steps     int // of the whole run
	Every     int // steps between checkpoints; 0 = only after the last
	Keep      int // the newest checkpoints to keep
	Milestone int // checkpoints at multiples of this step stay for good; 0 = none

	At   Checkpoint // where the run stands
	Past []M        // its steps until there
	Note string     // what the next step should tell the user

	start  *qwen.Weights
	log    *os.File
	events *Events
}

// Resume finds out where the run stands and returns its state: that of the newest whole
// checkpoint, or that of start. It cuts the log there. A folder of another run, or of another
// version of the project, is an error.
func (j *Journal[M]) Resume(start *qwen.Weights) (State[*tensors.Tensor], error) {
	j.start = start
	folders, steps, err := Checkpoints(j.Dir)
	if err != nil {
		return State[*tensors.Tensor]{}, err
	}
	for i := len(steps) - 1; i >= 0; i-- {
		c, w, first, second, err := LoadCheckpoint(folders[steps[i]])
		if errors.Is(err, ErrOtherVersion) {
			return State[*tensors.Tensor]{}, err
		}
		if err != nil {
			j.Note += err.Error() + "; the checkpoint before it is used. "
			continue
		}
		if c.Recipe != j.Recipe {
			return State[*tensors.Tensor]{}, fmt.Errorf("%s: %s holds a run with other settings, start weights or %s (at step %d): give another folder, or remove this one", j.Name, j.Dir, j.From, c.Step)
		}
		j.At = c
		j.Note += fmt.Sprintf("resumed at step %d", c.Step)
		return State[*tensors.Tensor]{w.Tensors, first, second}, j.trim()
	}
	j.At = Checkpoint{Recipe: j.Recipe}
	if j.Note != "" {
		j.Note += "No checkpoint is whole: the run starts again"
	}
	return StartState(start), j.trim()
}

func (j *Journal[M]) path() string { return filepath.Join(j.Dir, MetricsFile) }

// trim reads the log up to the step that the run stands at, and cuts it there.
func (j *Journal[M]) trim() error {
	data, err := strict.ReadFile(j.path(), 1<<30)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", j.Name, err)
	}
	var kept bytes.Buffer
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() && len(j.Past) < j.At.Step {
		var m M
		var number struct{ Step int }
		if json.Unmarshal(lines.Bytes(), &m) != nil || json.Unmarshal(lines.Bytes(), &number) != nil || number.Step != len(j.Past)+1 {
			break
		}
		j.Past = append(j.Past, m)
		kept.Write(lines.Bytes())
		kept.WriteByte('\n')
	}
	if len(j.Past) < j.At.Step {
		return fmt.Errorf("%s: %s has the steps up to %d, the checkpoint stands at %d: restore the file, or remove the folder to start again", j.Name, j.path(), len(j.Past), j.At.Step)
	}
	if len(data) == kept.Len() {
		return nil
	}
	return durable.WriteFile(j.path(), kept.Bytes())
}

// Open opens the log for the steps to come.
func (j *Journal[M]) Open() (err error) {
	if j.events, err = OpenEvents(j.Dir); err != nil {
		return err
	}
	if j.log, err = os.OpenFile(j.path(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", j.Name, err), j.events.Close())
	}
	return nil
}

// Close closes the log.
func (j *Journal[M]) Close() error { return errors.Join(j.log.Close(), j.events.Close()) }

// Saves says whether the run is saved after a step, counted from 1.
func (j *Journal[M]) Saves(step int) bool {
	return step == j.Steps || j.Every > 0 && step%j.Every == 0
}

// Record writes down the step that the run stands at now, and saves the run's state where it
// is due.
func (j *Journal[M]) Record(m M, state State[*tensors.Tensor]) error {
	line, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("%s: step %d: %w", j.Name, j.At.Step, err)
	}
	line = append(line, '\n')
	if _, err := j.log.Write(line); err != nil {
		return fmt.Errorf("%s: %w", j.Name, err)
	}
	if _, err := j.events.Write(line); err != nil {
		return err
	}
	j.Past = append(j.Past, m)
	if !j.Saves(j.At.Step) {
		return nil
	}
	return j.Save(state)
}

// Weights are those of a state: like the start's in all but their values.
func (j *Journal[M]) Weights(state State[*tensors.Tensor]) *qwen.Weights {
	return &qwen.Weights{Config: j.start.Config, Tensors: state.Weights, Origin: j.start.Origin}
}

// Save writes a checkpoint, and removes those that are not to be kept.
func (j *Journal[M]) Save(state State[*tensors.Tensor]) error {
	if err := j.log.Sync(); err != nil {
		return fmt.Errorf("%s: %w", j.Name, err)
	}
	if err := SaveCheckpoint(j.Dir, j.At, j.Weights(state), state.First, state.Second); err != nil {
		return err
	}
	return prune(j.Dir, j.Keep, j.Milestone)
}
