package pipeline

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/grpo"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/train"
	"interplay/kernelkit/verify"
	"interplay/kernelkit/vocab"
)

// Rejection is the recipe of rejection fine-tuning: a model samples problems of RL and is
// trained on those of its own solutions that a reward pays in full (arXiv 2308.01825, §3.3;
// one round of STaR, arXiv 2203.14465, without its hints). It stands between RL and
// fine-tuning on gold solutions: the solutions are the model's own, as in RL, and they are
// learned from by likelihood, as in fine-tuning.
//
// Problem i is problem i of RL with the same data and seed, prompts counted through its steps.
type Rejection struct {
	Data        gsm.Spec      `json:"data"`
	Problems    int           `json:"problems"` // the first of the split of RL
	Samples     int           `json:"samples"`  // completions of each
	Temperature float64       `json:"temperature"`
	MaxTokens   int           `json:"max_tokens"`         // longest completion
	Reward      verify.Reward `json:"reward,omitzero"`    // what it pays 1 is learned from
	Distinct    int           `json:"distinct,omitempty"` // most different solutions of a problem; 0 = all. Equal texts count once
	Train       train.Config  `json:"train"`              // on the kept solutions, as many times through as its steps take
	Seed        int64         `json:"seed"`               // of the problems

	Own     *OwnReward  `json:"own_reward,omitempty"`  // a function of the user's instead of Reward: what it pays 1 or more is learned from
	Sampler *OwnSampler `json:"own_sampler,omitempty"` // where the graphs come from; nil: the laboratory's samplers
	Filter  *OwnFilter  `json:"own_filter,omitempty"`  // which problems count; nil: all
	Prompt  *OwnPrompt  `json:"own_prompt,omitempty"`  // what the model reads of a problem; nil: its text and question
	Parser  *OwnParser  `json:"own_parser,omitempty"`  // how the answer is read from what it wrote; nil: as the judge does
}

// WithSeed is the recipe with another seed for problems, noise and the order of rows.
func (r Rejection) WithSeed(seed int64) Rejection {
	r.Seed, r.Train.Seed = seed, seed
	return r
}

// Validate returns the first thing that is wrong with the recipe.
func (r Rejection) Validate() error {
	if r.Distinct < 0 {
		return fmt.Errorf("distinct is %d: expected the most solutions kept of a problem, or 0 for all", r.Distinct)
	}
	if r.Temperature == 0 {
		return errors.New("temperature is 0: all samples of a problem would be the same")
	}
	if r.Own != nil && r.Reward.Form != "" {
		return fmt.Errorf("there are two rewards, %s and %s: set reward or own_reward", r.Reward, r.Own)
	}
	if r.Train.EvalEvery != 0 {
		return fmt.Errorf("eval_every is %d: rejection fine-tuning has no held-out documents to measure a loss on: set it to 0", r.Train.EvalEvery)
	}
	return errors.Join(r.sampling().Validate(), r.reward().Validate(), r.Train.Validate())
}

// reward is what the recipe pays by.
func (r Rejection) reward() grpo.Reward {
	if r.Own != nil {
		return ownReward{r.Own}
	}
	return r.Reward
}

// PayBy keeps the solutions that a function of the user's pays 1 or more, instead of one of the lab's rewards.
func (r *Rejection) PayBy(own *OwnReward) { r.Reward, r.Own = verify.Reward{}, own }

// sampling is the recipe's first half, as an evaluation of RL's problems.
func (r Rejection) sampling() Evaluation {
	return Evaluation{Data: r.Data, Split: gsm.RL, Problems: r.Problems, Samples: r.Samples, Temperature: r.Temperature, MaxTokens: r.MaxTokens, Seed: r.Seed,
		Sampler: r.Sampler, Filter: r.Filter, Prompt: r.Prompt, Parser: r.Parser}
}

// essence leaves out what Pretraining's does.
func (r Rejection) essence() any {
	r.Train = Pretraining{Train: r.Train}.essence().(Pretraining).Train
	return r
}

// Reject is the stage of a rejection fine-tuning recipe that starts from a model.
func Reject(label string, r Rejection, from *Stage) *Stage {
	s := &Stage{Kind: "reject", Format: 1, Recipe: r, Contents: contents(r.Data.Family, contextsOf(r.Data)), Label: label, Inputs: []*Stage{from}}
	s.Plan = r.Estimate(baseOf(from))
	s.Work = func(j *Job) error { return reject(j, r) }
	return s
}

// Estimate is what the recipe is expected to cost, of a model with base's network and tokens.
func (r Rejection) Estimate(base Pretraining) Spent {
	if base.Model.Validate() != nil || r.Validate() != nil {
		return Spent{}
	}
	base.Data, base.Split, base.Target, base.Train = r.Data, gsm.RL, SolutionOnly, r.Train
	base.Sampler, base.Filter, base.Prompt = r.Sampler, r.Filter, r.Prompt
	return r.EstimateSampling(base).Add(base.Estimate())
}

// EstimateSampling is what its samples are expected to cost.
func (r Rejection) EstimateSampling(base Pretraining) Spent {
	l := meanLengths(r.Data, base.Phrases)
	samples := float64(r.Problems * r.Samples)
	s := Spent{Samples: int64(samples), PromptTokens: int64(float64(r.Problems) * l.prompt), GeneratedTokens: int64(samples * min(l.solution, float64(r.MaxTokens)))}
	return r.priced(s, l.prompt, base.Model.FLOPs)
}

// priced fills in what sampling costs. A token that is sampled costs a third of one that is
// trained on (paper §5: 2P against 6P), the longest allowed counted in the nominal price.
func (r Rejection) priced(s Spent, prompt float64, flops func(tokens int) float64) Spent {
	if length := prompt + float64(s.GeneratedTokens)/max(1, float64(s.Samples)); length > 0 {
		s.FLOPs = flops(int(length)) / length * float64(s.PromptTokens+s.GeneratedTokens)
		s.TrueTokens = float64(s.Samples) * length / 3
	}
	s.NominalTokens = float64(s.Samples) * (prompt + float64(r.MaxTokens)) / 3
	return s
}

func reject(j *Job, r Rejection) error {
	if err := r.Validate(); err != nil {
		return err
	}
	eng, err := j.open()
	if err != nil {
		return err
	}
	start, tok, err := j.model(0)
	if err != nil {
		return err
	}
	problems, prompts, err := r.problems(tok)
	if err != nil {
		return err
	}
	work := filepath.Join(j.Dir, WorkDir)
	total := float64(r.Problems*r.Samples) + float64(r.Train.Steps)
	file, err := evaluate.Run(j.Context, eng, r.sampling().job(start, tok, problems), filepath.Join(work, "samples"), func(p evaluate.Progress) {
		j.Progress(Progress{Done: float64(p.Done), Total: total, Unit: "samples and steps", Rate: p.TokensPerSecond, RateUnit: "tokens"})
	})
	if err != nil {
		return err
	}
	records, err := evaluate.Read(file)
	if err != nil {
		return err
	}
	docs, err := r.own(problems, records, tok)
	if err != nil {
		return err
	}
	for i := range records {
		j.Spent.GeneratedTokens += int64(records[i].Tokens)
	}
	j.Spent.Samples, j.Spent.PromptTokens = int64(len(records)), int64(prompts)
	sampled := r.priced(*j.Spent, float64(prompts)/float64(len(problems)), start.Config.FLOPs)
	weights := start
	var last train.Metrics
	if len(docs) == 0 { // as RL without any reward: the model stays as it is
		j.Note("none of the model's %d samples is right: there is nothing to learn from, and the model stays as it is", len(records))
		err = errors.Join(durable.WriteFile(filepath.Join(work, train.MetricsFile), nil), openEvents(work))
	} else {
		weights, err = train.Run(j.Context, eng, start, again(docs, r.Seed, "own solutions"), r.Train, work, func(m train.Metrics) {
			j.Progress(Progress{Done: float64(len(records) + m.Step), Total: total, Unit: "samples and steps", Measured: "loss (nats a token)", Value: m.Loss,
				Note: fmt.Sprintf("%d right solutions, loss %.3f", len(docs), m.Loss)})
		})
		if err == nil {
			err = lastLine(filepath.Join(work, train.MetricsFile), &last)
		}
	}
	if err != nil {
		return err
	}
	*j.Spent = sampled.Add(trainingCost(start.Config, last.Tokens, r.Train.Seq))
	return errors.Join(durable.Copy(filepath.Join(j.Dir, RecordsFile), file), sealModel(j, weights, tok))
}

// problems are those that the model samples, and how many tokens it reads of them in all.
func (r Rejection) problems(tok *vocab.Tokenizer) (problems []*gsm.Problem, prompts int, err error) {
	source, err := problemsOf(r.Data, gsm.RL, r.Seed, r.Sampler, r.Filter)
	if err != nil {
		return nil, 0, err
	}
	problems = make([]*gsm.Problem, r.Problems)
	for i := range problems {
		if problems[i], err = source.At(uint64(i)); err != nil {
			return nil, 0, err
		}
		text, err := promptOf(r.Prompt, problems[i])
		if err != nil {
			return nil, 0, err
		}
		ids, err := tok.Encode(text)
		if err != nil {
			return nil, 0, err
		}
		prompts += len(ids)
	}
	return problems, prompts, nil
}

// openEvents makes an event file without events.
func openEvents(dir string) error {
	e, err := train.OpenEvents(dir)
	if err != nil {
		return err
	}
	return e.Close()
}

// own are the documents of the model's own right solutions, in order of problems and ranks.
func (r Rejection) own(problems []*gsm.Problem, records []evaluate.Record, tok *vocab.Tokenizer) (docs []train.Document, err error) {
	reward := r.reward()
	for i, p := range problems {
		read, err := promptOf(r.Prompt, p)
		if err != nil {
			return nil, err
		}
		prompt, err := tok.Encode(read)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.ID, err)
		}
		group, err := r.attempts(p, records[i*r.Samples:][:r.Samples])
		if err != nil {
			return nil, err
		}
		seen := map[string]bool{}
		for _, x := range group {
			x.Group = group
			paid, err := reward.Pay(x)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.ID, err)
			}
			text := strings.TrimSpace(x.Text)
			if paid < 1 || seen[text] || r.Distinct > 0 && len(seen) == r.Distinct {
				continue
			}
			seen[text] = true
			all, err := tok.Encode(read + " " + text)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.ID, err)
			}
			if len(all) > len(prompt) {
				docs = append(docs, train.Document{IDs: append(all, tok.EOS()), LossFrom: len(prompt)})
			}
		}
	}
	return docs, nil
}

// attempts are the samples of a problem as a reward is shown them, without their group.
func (r Rejection) attempts(p *gsm.Problem, samples []evaluate.Record) ([]verify.Attempt, error) {
	judge := r.sampling().judge()
	attempts := make([]verify.Attempt, len(samples))
	for k, x := range samples {
		verdict, err := judge(p, x.Text)
		if err != nil {
			return nil, err
		}
		attempts[k] = verify.Attempt{Problem: p, Text: x.Text, Tokens: x.Tokens, Verdict: verdict, Sample: x.Rank}
	}
	return attempts, nil
}
