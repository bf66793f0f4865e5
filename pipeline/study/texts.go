package study

import (
	"errors"
	"io/fs"
	"path/filepath"

	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/grpo"
	"interplay/pipeline"
)

// TextsFile holds what models wrote, so that others can judge it anew: of RL the groups that
// its stages keep, of evaluations one sample of each problem.
const TextsFile = "texts.parquet"

// Text is something that the model of an arm and seed wrote, a row of texts.parquet. The
// problem is found again from its ID: split, seed and index of the recipe's source.
type Text struct {
	Arm     string  `parquet:"arm,dict"` // of RL the first that needs the stage
	Seed    int64   `parquet:"seed"`
	Step    int     `parquet:"step"` // of RL, from 1; 0: evaluation
	Problem string  `parquet:"problem,dict"`
	Op      int     `parquet:"op"`
	Sample  int     `parquet:"sample"` // which of the problem's
	Reward  float64 `parquet:"reward"` // of RL
	Strict  bool    `parquet:"strict"`
	Answer  bool    `parquet:"answer"`
	Class   string  `parquet:"class,dict"`
	Tokens  int     `parquet:"tokens"`
	Text    string  `parquet:"text"`
}

// mostText is how much text a results folder holds of RL, and of evaluations, in bytes before
// compression, which makes it about a fifth.
const mostText = 6 << 20

// addKept takes over what a stage of RL keeps.
func (r *Results) addKept(st *pipeline.Store, run Run, stage *pipeline.Stage) error {
	kept, err := evaluate.ReadRows[grpo.Sampled](filepath.Join(st.Dir(stage), pipeline.CompletionsFile))
	if errors.Is(err, fs.ErrNotExist) { // a run of before, which kept none
		return nil
	}
	for _, x := range kept {
		r.Texts = append(r.Texts, Text{run.Arm.Name, run.Seed, x.Step, x.Problem, x.Op, x.Sample, x.Reward, x.Strict, x.Answer, x.Class, x.Tokens, x.Text})
	}
	return err
}

// text is the sample's row where it is one to keep: the first of each problem.
func (r *Results) text(run Run, x *evaluate.Record) {
	if x.Rank == 0 && x.Text != "" {
		r.Texts = append(r.Texts, Text{Arm: run.Arm.Name, Seed: run.Seed, Problem: x.Prompt, Op: x.Op, Sample: x.Rank, Strict: x.Strict, Answer: x.Answer, Class: x.Class, Tokens: x.Tokens, Text: x.Text})
	}
}

// thin keeps every n-th group of samples of RL, and every n-th sample of evaluations, so that
// each is within most bytes.
func thin(all []Text, most int) (kept []Text) {
	type group struct {
		arm     string
		seed    int64
		step    int
		problem string
	}
	bytes, every := map[bool]int{}, map[bool]int{}
	for _, x := range all {
		bytes[x.Step > 0] += len(x.Text)
	}
	for _, ofRL := range []bool{false, true} {
		every[ofRL] = max(1, (bytes[ofRL]+most-1)/most)
	}
	seen, number := map[bool]int{}, map[group]int{}
	for _, x := range all {
		of, key := x.Step > 0, group{x.Arm, x.Seed, x.Step, x.Problem}
		n, ok := number[key]
		if !ok {
			n = seen[of]
			number[key], seen[of] = n, n+1
		}
		if n%every[of] == 0 {
			kept = append(kept, x)
		}
	}
	return kept
}
