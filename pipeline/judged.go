package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/grpo"
)

// Judged are the samples that a finished stage left, with their verdicts.
type Judged struct {
	Folder, Kind string
	Records      []evaluate.Record // of an evaluation or of rejection fine-tuning
	Kept         []grpo.Sampled    // of RL: one group of each step
	Steps        []grpo.Metrics    // of RL
}

// Judged reads the samples of a stage by its folder in the store, the folder's name or the
// first letters of its address.
func (st *Store) Judged(name string) (j Judged, err error) {
	s, err := st.Find(filepath.Base(name))
	if err != nil {
		return j, err
	}
	dir := st.Dir(s)
	if err := CheckSealed(dir); err != nil {
		return j, err
	}
	j.Folder, j.Kind = filepath.Base(dir), s.Kind
	switch s.Kind {
	case "evaluate", "reject":
		j.Records, err = evaluate.Read(filepath.Join(dir, RecordsFile))
	case "rl":
		if j.Steps, err = ReadLines[grpo.Metrics](filepath.Join(dir, MetricsLog)); err != nil {
			return j, err
		}
		if j.Kept, err = evaluate.ReadRows[grpo.Sampled](filepath.Join(dir, CompletionsFile)); errors.Is(err, fs.ErrNotExist) {
			err = nil // a run of before, which kept none
		}
	default:
		err = fmt.Errorf("%s is a stage of the kind %s, which has no samples: expected RL, rejection fine-tuning or an evaluation", j.Folder, s.Kind)
	}
	return j, err
}
