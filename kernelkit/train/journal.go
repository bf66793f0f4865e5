package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"time"

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
	Every     int // steps between checkpoints at most; 0 = only after the last
	Keep      int // the newest checkpoints to keep
	Milestone int // checkpoints at multiples of this step stay for good; 0 = none

	At     Checkpoint // where the run stands
	Past   []M        // its steps until there
	Note   string     // what the next step should tell the user
	Damage string     // of Note, what was found damaged, so that the run goes on from before it

	start  *qwen.Weights
	log    *os.File
	lines  hash.Hash // of the log so far
	kept   int       // its bytes, when the run was taken up
	events *Events

	saved time.Time     // when the run was last saved, or began its first step
	took  time.Duration // what saving took
}

// A run that is saved every so many steps is saved between them too, when leastGap has passed
// and costOfSaving times what the last checkpoint took. So a crash loses seconds, whatever a
// step takes, and saving takes a fiftieth of the time. When a run is saved changes none of
// its bits. (Variables, because tests count checkpoints.)
var (
	leastGap                   = 2 * time.Second
	costOfSaving time.Duration = 50
)

// SecondsBetweenSaves is after how many seconds at most a run of a model with so many
// parameters is saved, where a disk takes 200 MB a second: weights and two means in f32.
func SecondsBetweenSaves(params int) float64 {
	return max(leastGap.Seconds(), float64(costOfSaving)*12*float64(params)/200e6)
}

// Resume finds out where the run stands and returns its state: that of the newest checkpoint
// that is whole and whose steps the log has as they were written, or that of start. It removes
// what lies behind. A folder of another run, or of another version of the project, is an error.
func (j *Journal[M]) Resume(start *qwen.Weights) (State[*tensors.Tensor], error) {
	j.start = start
	state := StartState(start)
	folders, steps, err := Checkpoints(j.Dir)
	if err != nil {
		return state, err
	}
	log, err := strict.ReadFile(j.path(), 1<<30)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return state, fmt.Errorf("%s: %w", j.Name, err)
	}
	j.At = Checkpoint{Recipe: j.Recipe}
	for len(steps) > 0 {
		folder := folders[steps[len(steps)-1]]
		c, w, first, second, err := LoadCheckpoint(folder)
		if errors.Is(err, ErrOtherVersion) {
			return state, err
		}
		if err == nil && c.Recipe != j.Recipe {
			return state, fmt.Errorf("%s: %s holds a run with other settings, start weights or %s (at step %d): give another folder, or remove this one", j.Name, j.Dir, j.From, c.Step)
		}
		if err == nil {
			err = j.read(log, c)
		}
		if err == nil {
			j.At, state = c, State[*tensors.Tensor]{w.Tensors, first, second}
			j.Note = fmt.Sprintf("resumed at step %d", c.Step)
			break
		}
		j.Damage += err.Error() + "; "
		if err := os.RemoveAll(folder); err != nil {
			return state, fmt.Errorf("%s: %w", j.Name, err)
		}
		steps = steps[:len(steps)-1]
	}
	switch {
	case j.Damage == "":
		return state, j.trim(log)
	case j.At.Step > 0:
		j.Damage += fmt.Sprintf("the run goes on from step %d", j.At.Step)
		j.Note = j.Damage + "; " + j.Note
	default:
		j.Damage += "no earlier checkpoint is whole: the run starts again"
		j.Note = j.Damage
	}
	return state, j.trim(log)
}

func (j *Journal[M]) path() string { return filepath.Join(j.Dir, MetricsFile) }

// read reads the steps of the log up to a checkpoint, and says what is wrong with them.
func (j *Journal[M]) read(log []byte, c Checkpoint) error {
	lines, err := linesUpTo(log, c, j.path())
	if err != nil {
		return err
	}
	j.Past, j.lines, j.kept = nil, sha256.New(), 0
	for _, line := range lines {
		var m M
		if err := json.Unmarshal(line, &m); err != nil {
			return fmt.Errorf("%s: line %d of %s: %w", j.Name, len(j.Past)+1, j.path(), strict.Plain(err))
		}
		j.Past = append(j.Past, m)
		j.lines.Write(line)
		j.kept += len(line)
	}
	return nil
}

// linesUpTo are the lines of a log up to a checkpoint's step. An error says which is not as it
// was written; name is the log's path.
func linesUpTo(log []byte, c Checkpoint, name string) (lines [][]byte, err error) {
	digest := sha256.New()
	for line := range bytes.Lines(log) {
		if len(lines) == c.Step {
			break
		}
		var number struct{ Step int }
		if json.Unmarshal(line, &number) != nil || number.Step != len(lines)+1 || !bytes.HasSuffix(line, []byte("\n")) {
			return nil, fmt.Errorf("line %d of %s is torn or altered", len(lines)+1, name)
		}
		lines = append(lines, line)
		digest.Write(line)
	}
	switch {
	case len(lines) < c.Step:
		return nil, fmt.Errorf("%s has the steps up to %d, a checkpoint stands at %d", name, len(lines), c.Step)
	case c.Log != "" && c.Log != hex.EncodeToString(digest.Sum(nil)):
		return nil, fmt.Errorf("%s was altered before step %d", name, c.Step)
	}
	return lines, nil
}

// CheckFolder says what in a run's folder is not as it was written, for each checkpoint that
// cannot be used because of it. Going on with the run repairs it.
func CheckFolder(dir string) (faults map[string]error, err error) {
	folders, steps, err := Checkpoints(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, MetricsFile)
	log, err := strict.ReadFile(path, 1<<30)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("train: %w", err)
	}
	faults = map[string]error{}
	for _, step := range steps {
		c, _, _, _, err := LoadCheckpoint(folders[step])
		if err == nil {
			_, err = linesUpTo(log, c, path)
		}
		if err != nil {
			faults[folders[step]] = err
		}
	}
	return faults, nil
}

// trim cuts the log behind the step that the run stands at.
func (j *Journal[M]) trim(log []byte) error {
	if err := j.read(log, j.At); err != nil {
		return err
	}
	if j.kept == len(log) {
		return nil
	}
	return durable.WriteFile(j.path(), log[:j.kept])
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

// Overdue says whether so much time has passed since the last checkpoint that another one
// costs little.
func (j *Journal[M]) Overdue() bool {
	return j.Every > 0 && !j.saved.IsZero() && time.Since(j.saved) > max(leastGap, costOfSaving*j.took)
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
	j.lines.Write(line)
	if _, err := j.events.Write(line); err != nil {
		return err
	}
	j.Past = append(j.Past, m)
	if j.saved.IsZero() { // not earlier: before the first step stand compilations
		j.saved = time.Now()
	}
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
	began := time.Now()
	defer func() { j.saved, j.took = time.Now(), time.Since(began) }()
	if err := j.log.Sync(); err != nil {
		return fmt.Errorf("%s: %w", j.Name, err)
	}
	j.At.Log = hex.EncodeToString(j.lines.Sum(nil))
	if err := SaveCheckpoint(j.Dir, j.At, j.Weights(state), state.First, state.Second); err != nil {
		return err
	}
	return prune(j.Dir, j.Keep, j.Milestone)
}
