package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/grpo"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/train"
	"interplay/kernelkit/vocab"
)

// Reinforce is the stage of an RL recipe that starts from a model.
func Reinforce(label string, r Reinforcement, from *Stage) *Stage {
	s := &Stage{Kind: "rl", Format: 4, Recipe: r, Contents: contents(r.Data.Family, contextsOf(r.Data)), Label: label, Inputs: []*Stage{from}}
	s.Plan = r.Estimate(baseOf(from))
	s.Work = func(j *Job) error { return reinforce(j, r, r.Longest(baseOf(from))) }
	return s
}

func reinforce(j *Job, r Reinforcement, longest int) error {
	if err := r.Validate(); err != nil {
		return err
	}
	eng, err := j.open()
	if err != nil {
		return err
	}
	start, tok, err := j.model(r.Start)
	if err != nil {
		return err
	}
	task := grpo.Task{Tokenizer: tok, Reward: r.reward()}
	if r.Prompt != nil {
		task.Prompt = func(p *gsm.Problem) (string, error) { return promptOf(r.Prompt, p) }
	}
	if r.Parser != nil {
		parsed := &parsed{parser: r.Parser}
		task.Judge, task.Reward = parsed.verdict, payer{task.Reward, parsed}
	}
	if task.Problems, err = promptsOf(r, tok); err != nil {
		return err
	}
	work := filepath.Join(j.Dir, WorkDir)
	weights, err := grpo.Run(j.Context, eng, start, task, r.GRPO, work, func(m grpo.Metrics) {
		j.tellDamage(m.Damage)
		j.Progress(Progress{Done: float64(m.Step), Total: float64(m.Steps), Unit: "steps",
			Measured: "reward", Value: m.RewardMean, Note: fmt.Sprintf("reward %.3f, %.0f tokens a completion", m.RewardMean, m.CompletionLength)})
	})
	if err != nil {
		return err
	}
	steps, err := ReadLines[grpo.Metrics](filepath.Join(work, train.MetricsFile))
	if err != nil {
		return err
	}
	*j.Spent = rlCost(start.Config, r.GRPO, steps, longest)
	if err := sealModel(j, weights, tok); err != nil {
		return err
	}
	return sealCompletions(j.Dir, steps)
}

// CompletionsFile holds the completions that RL keeps, grpo.Sampled, one a row: of each step
// one group, with texts.
const CompletionsFile = "completions.parquet"

// sealCompletions moves the kept completions from the log to a file of their own, compressed.
func sealCompletions(dir string, steps []grpo.Metrics) error {
	var kept []grpo.Sampled
	var log bytes.Buffer
	for _, m := range steps {
		for _, s := range m.Sampled {
			s.Step = m.Step
			kept = append(kept, s)
		}
		m.Sampled = nil
		line, err := json.Marshal(m)
		if err != nil {
			return err
		}
		log.Write(append(line, '\n'))
	}
	return errors.Join(WriteParquet(filepath.Join(dir, CompletionsFile), kept), durable.WriteFile(filepath.Join(dir, MetricsLog), log.Bytes()))
}

// promptsOf says which problems a step gets: the source's next ones, or those of
// the ops where the policy learns most.
func promptsOf(r Reinforcement, tok *vocab.Tokenizer) (func(int, []grpo.Metrics) ([]*gsm.Problem, error), error) {
	if r.Adaptive {
		source, err := gsm.NewSource(r.Data, gsm.RL, r.Seed)
		if err != nil {
			return nil, err
		}
		c, err := grpo.NewCurriculum(source, r.Prompts, r.GRPO.GroupSize)
		if err != nil {
			return nil, err
		}
		return c.Problems, nil
	}
	source, err := problemsOf(r.Data, gsm.RL, r.Seed, r.Sampler, r.filter(tok))
	if err != nil {
		return nil, err
	}
	return grpo.Fixed(func(step int) ([]*gsm.Problem, error) {
		problems := make([]*gsm.Problem, r.Prompts)
		for i := range problems {
			var err error
			if problems[i], err = source.At(uint64(step*r.Prompts + i)); err != nil {
				return nil, err
			}
		}
		return problems, nil
	}), nil
}

// filter says which problems RL may draw: those of the user's filter whose prompt is not too
// long; nil where it may draw all.
func (r Reinforcement) filter(tok *vocab.Tokenizer) *OwnFilter {
	if r.MaxPrompt == 0 {
		return r.Filter
	}
	return &OwnFilter{Name: fmt.Sprintf("max_prompt of %d tokens", r.MaxPrompt), Code: "1", Call: func(p *gsm.Problem) bool {
		text, err := promptOf(r.Prompt, p)
		if err != nil {
			panic(err) // whoever calls a filter makes an error of it
		}
		ids, err := tok.Encode(text)
		fits := err == nil && len(ids) <= r.MaxPrompt
		return fits && (r.Filter == nil || r.Filter.Call(p))
	}}
}

// rlCost is the account of an RL run from its log. A rollout is one forward pass
// over prompts (once a group, its samples share it) and completions; an update
// trains on both, a prompt once a pass, and not at all on groups that are dropped; a
// reference model adds a forward pass. longest is that of the samples that are allowed.
func rlCost(c qwen.Config, cfg grpo.Config, steps []grpo.Metrics, longest int) Spent {
	var s Spent
	gamma := 0.0
	if cfg.KL > 0 {
		gamma = 1
	}
	prompts, sequences := 0.0, 0.0
	for _, m := range steps {
		s.PromptTokens += int64(m.PromptTokens)
		s.GeneratedTokens += int64(m.TokensGenerated)
		s.Samples += int64(m.Prompts * cfg.GroupSize)
		s.TrainTokens += int64(m.TokensForward)
		prompts += float64(m.Prompts)
		sequences += float64(m.PromptTokens*cfg.GroupSize + m.TokensGenerated)
	}
	if prompts == 0 {
		return s
	}
	length := sequences / (prompts * float64(cfg.GroupSize)) // mean tokens of a prompt with its completion
	forward := c.FLOPs(int(length)) / length
	s.FLOPs = forward * (float64(s.PromptTokens+s.GeneratedTokens) + (3+gamma)*float64(s.TrainTokens))
	s.NominalTokens = RLTokenEquivalent(prompts*float64(cfg.GroupSize)*float64(longest), gamma)
	s.TrueTokens = RLTokenEquivalent(sequences, gamma)
	return s
}
