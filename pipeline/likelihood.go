package pipeline

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/score"
	"interplay/kernelkit/train"
)

// LikelihoodFile holds one gold solution a row (score.TextNLL).
const LikelihoodFile = "likelihood.parquet"

// Likelihood is the recipe of a stage that scores the gold solutions of held-out
// problems under a model: those of an Evaluation with the same fields.
type Likelihood struct {
	Data       gsm.Spec  `json:"data"`
	Split      gsm.Split `json:"split"`
	Problems   int       `json:"problems"` // problems of each op, context and mode
	Seed       int64     `json:"seed"`
	Checkpoint int       `json:"checkpoint,omitempty"` // as Evaluation's

	Sampler *OwnSampler `json:"own_sampler,omitempty"` // as Evaluation's
	Filter  *OwnFilter  `json:"own_filter,omitempty"`
}

// Likelihood is the recipe that scores the gold solutions of an evaluation's problems.
func (r Evaluation) Likelihood() Likelihood {
	return Likelihood{r.Data, r.Split, r.Problems, r.Seed, r.Checkpoint, r.Sampler, r.Filter}
}

// evaluation has the recipe's model and problems.
func (r Likelihood) evaluation() Evaluation {
	return Evaluation{Data: r.Data, Split: r.Split, Problems: r.Problems, Seed: r.Seed, Checkpoint: r.Checkpoint, Sampler: r.Sampler, Filter: r.Filter}
}

// Likelihoods is the stage of a likelihood recipe on a model.
func Likelihoods(label string, r Likelihood, model *Stage) *Stage {
	s := &Stage{Kind: "likelihood", Format: 2, Recipe: r, Contents: contents(r.Data.Family, contextsOf(r.Data)), Label: label, Inputs: []*Stage{model}}
	s.Plan = r.Estimate(baseOf(model))
	s.Work = func(j *Job) error { return scoreSolutions(j, r, baseOf(model)) }
	return s
}

func scoreSolutions(j *Job, r Likelihood, base Pretraining) error {
	eng, tok, weights, problems, err := r.evaluation().open(j)
	if err != nil {
		return err
	}
	losses, err := train.ProblemLosses(j.Context, eng, weights, tok, problems)
	if err != nil {
		return err
	}
	texts := make([]score.TextNLL, len(losses))
	for i, x := range losses {
		texts[i] = score.TextNLL(x)
		texts[i].Prompt = problems[i].ID
	}
	base.Model = weights.Config
	*j.Spent = r.Estimate(base)
	return WriteParquet(filepath.Join(j.Dir, LikelihoodFile), texts)
}

// Validate returns the first thing that is wrong with the recipe.
func (r Likelihood) Validate() error {
	if r.Problems < 1 || r.Problems > maxProblems {
		return fmt.Errorf("problems is %d: expected 1 to %d", r.Problems, maxProblems)
	}
	if err := (ownParts{sampler: r.Sampler, filter: r.Filter}).validate(r.Data.Family); err != nil {
		return err
	}
	return r.Data.Validate()
}

// Estimate is what the likelihoods cost: one forward pass over prompts and gold solutions.
func (r Likelihood) Estimate(base Pretraining) Spent {
	model := base.Model
	if model.Validate() != nil || r.Validate() != nil {
		return Spent{}
	}
	l := meanLengths(r.Data, base.Phrases)
	length := l.prompt + l.solution
	texts := float64(r.Problems * cellsOf(r.Data))
	s := Spent{PromptTokens: int64(texts * length)}
	if length > 0 {
		s.FLOPs = model.FLOPs(int(length)) * texts
	}
	return s
}

// ReadLikelihoods reads the result of a likelihood stage from its folder.
func ReadLikelihoods(dir string) ([]score.TextNLL, error) {
	return evaluate.ReadRows[score.TextNLL](filepath.Join(dir, LikelihoodFile))
}

// WriteParquet writes rows as one whole file.
func WriteParquet[T any](path string, rows []T) error {
	return durable.Write(path, func(w io.Writer) error {
		out := parquet.NewGenericWriter[T](w, parquet.Compression(&parquet.Zstd), parquet.CreatedBy("interplay", "1", ""))
		if _, err := out.Write(rows); err != nil {
			return err
		}
		return out.Close()
	})
}
