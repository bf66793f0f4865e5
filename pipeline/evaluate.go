package pipeline

import (
	"path/filepath"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/engine"
	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/rollout"
	"interplay/kernelkit/verify"
	"interplay/kernelkit/vocab"
)

// RecordsFile holds one judged sample a row (evaluate.Record).
const RecordsFile = evaluate.SamplesFile

// Evaluate is the stage of an evaluation recipe on a model.
func Evaluate(label string, r Evaluation, model *Stage) *Stage {
	s := &Stage{Kind: "evaluate", Format: 4, Recipe: r, Contents: contents(r.Data.Family, contextsOf(r.Data)), Label: label, Inputs: []*Stage{model}}
	s.Plan = r.Estimate(baseOf(model))
	s.Work = func(j *Job) error { return evaluateModel(j, r) }
	return s
}

func evaluateModel(j *Job, r Evaluation) error {
	if err := r.Validate(); err != nil {
		return err
	}
	eng, tok, weights, problems, err := r.open(j)
	if err != nil {
		return err
	}
	work := filepath.Join(j.Dir, WorkDir)
	file, err := evaluate.Run(j.Context, eng, r.job(weights, tok, problems), work, func(p evaluate.Progress) {
		j.tellDamage(p.Damage)
		j.Progress(Progress{Done: float64(p.Done), Total: float64(p.Total), Unit: "samples", Rate: p.TokensPerSecond, RateUnit: "tokens"})
	})
	if err != nil {
		return err
	}
	records, err := evaluate.Read(file)
	if err != nil {
		return err
	}
	for i := range records {
		j.Spent.GeneratedTokens += int64(records[i].Tokens)
	}
	for _, p := range problems {
		text, err := promptOf(r.Prompt, p)
		if err != nil {
			return err
		}
		ids, err := tok.Encode(text)
		if err != nil {
			return err
		}
		j.Spent.PromptTokens += int64(len(ids))
	}
	j.Spent.Samples = int64(len(records))
	tokens := float64(j.Spent.PromptTokens + j.Spent.GeneratedTokens)
	mean := float64(j.Spent.PromptTokens)/float64(len(problems)) + float64(j.Spent.GeneratedTokens)/float64(len(records))
	j.Spent.FLOPs = weights.Config.FLOPs(int(mean)) / mean * tokens
	return durable.Copy(filepath.Join(j.Dir, RecordsFile), file)
}

// job is what is sampled of a model and how it is judged, with the user's own functions.
func (r Evaluation) job(w *qwen.Weights, tok *vocab.Tokenizer, problems []*gsm.Problem) evaluate.Job {
	job := evaluate.Job{Weights: w, Tokenizer: tok, Problems: problems, KeepText: true, Judge: r.judge(), Sampling: rollout.Options{
		Samples: r.Samples, MaxTokens: r.MaxTokens, Temperature: r.Temperature, Greedy: r.Temperature == 0, Seed: r.Seed,
	}}
	if r.Prompt != nil {
		job.Prompt = func(p *gsm.Problem) (string, error) { return promptOf(r.Prompt, p) }
	}
	return job
}

// judge is the laboratory's, with the answer that the user's parser reads where there is one.
func (r Evaluation) judge() func(*gsm.Problem, string) (verify.Verdict, error) {
	if r.Parser != nil {
		return (&parsed{parser: r.Parser}).judge
	}
	return func(p *gsm.Problem, text string) (verify.Verdict, error) { return verify.Judge(p, text), nil }
}

// open returns the backend and what is evaluated: the input stage's model with its
// tokenizer, and the problems.
func (r Evaluation) open(j *Job) (eng *engine.Engine, tok *vocab.Tokenizer, w *qwen.Weights, problems []*gsm.Problem, err error) {
	if eng, err = j.open(); err != nil {
		return
	}
	if w, tok, err = j.model(r.Checkpoint); err != nil {
		return
	}
	problems, err = r.Set()
	return
}
