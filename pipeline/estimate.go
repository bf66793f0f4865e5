package pipeline

import (
	"fmt"
	"slices"
	"sync"

	"interplay/kernelkit/grpo"
	"interplay/kernelkit/gsm"
)

// What a stage is expected to cost before it runs. Training is known but for its
// padding; RL and evaluation are taken to write completions as long as the gold
// solutions, which a model that has learned the form does within a few per cent.

// baseOf is the recipe of the training stage that a model stage's chain begins with: its
// network and its tokens are those of the whole chain.
func baseOf(s *Stage) Pretraining {
	for len(s.Inputs) > 0 {
		s = s.Inputs[0]
	}
	if r, ok := s.Recipe.(Pretraining); ok {
		return r
	}
	return Pretraining{} // not of this package, such as an imported model: no estimate
}

// lengths are mean tokens of a spec's problems.
type lengths struct{ prompt, solution float64 }

var measuredLengths sync.Map // spec digest and phrases → lengths

// meanLengths measures prompts and gold solutions on the first problems of a spec.
func meanLengths(spec gsm.Spec, ph *Phrases) lengths {
	spec.Unit = gsm.Samples // shares of tokens need a longer look at the corpus
	key := fmt.Sprintf("%s %+v", spec.Digest(), ph)
	if v, ok := measuredLengths.Load(key); ok {
		return v.(lengths)
	}
	source, err := gsm.NewSource(spec, gsm.RL, 0)
	if err != nil {
		return lengths{} // the stage itself will say what is wrong
	}
	const n = 64
	var l lengths
	for i := range uint64(n) {
		p := source.At(i)
		all := float64(gsm.TokenCount(p))
		solution := all
		if tok, err := tokenizer(Pretraining{Data: spec, Phrases: ph}); err == nil {
			if ids, err := tok.Encode(p.Training()); err == nil {
				all = float64(len(ids)) + 1 // [EOS]
			}
			if ids, err := tok.Encode(p.Prompt()); err == nil {
				solution = all - float64(len(ids))
			}
		}
		l.prompt += (all - solution) / n
		l.solution += solution / n
	}
	measuredLengths.Store(key, l)
	return l
}

var measuredLongest sync.Map // spec digest and phrases → tokens

// longestPrompt is the longest prompt among the first 1,024 problems of a spec, in tokens; 0
// where there is no tokenizer before a corpus was read.
func longestPrompt(spec gsm.Spec, ph *Phrases) int {
	key := fmt.Sprintf("%s %+v", spec.Digest(), ph)
	if v, ok := measuredLongest.Load(key); ok {
		return v.(int)
	}
	longest := 0
	source, err := gsm.NewSource(spec, gsm.RL, 0)
	tok, err2 := tokenizer(Pretraining{Data: spec, Phrases: ph})
	if err == nil && err2 == nil {
		for i := range uint64(1024) {
			if ids, err := tok.Encode(source.At(i).Prompt()); err == nil {
				longest = max(longest, len(ids))
			}
		}
	}
	measuredLongest.Store(key, longest)
	return longest
}

// Longest is the longest sample that RL by this recipe allows, in tokens: the longest prompt
// (MaxPrompt, else the longest of its problems) and MaxTokens behind it. The paper's price
// takes it for the length of every sample.
func (r Reinforcement) Longest(base Pretraining) int {
	prompt := r.MaxPrompt
	if prompt == 0 {
		prompt = longestPrompt(r.Data, base.Phrases)
	}
	return prompt + r.GRPO.MaxTokens
}

// Estimate is what RL by this recipe is expected to cost, of a model with base's network and
// tokens, where every group teaches something: see EstimateLearning.
func (r Reinforcement) Estimate(base Pretraining) Spent { return r.EstimateLearning(base, 1) }

// EstimateLearning is Estimate where a share of the groups has variance, in (0, 1]. The others
// are sampled and not learned from, if the recipe drops them: they cost no update. Only a run
// knows the share; pilots tell what to expect.
func (r Reinforcement) EstimateLearning(base Pretraining, share float64) Spent {
	model := base.Model
	if model.Validate() != nil || r.Validate() != nil {
		return Spent{}
	}
	l := meanLengths(r.Data, base.Phrases)
	l.solution = min(l.solution, float64(r.GRPO.MaxTokens))
	prompts := float64(r.Prompts * r.GRPO.Steps)
	samples := prompts * float64(r.GRPO.GroupSize)
	gamma := 0.0
	if r.GRPO.KL > 0 {
		gamma = 1
	}
	length := l.prompt + l.solution
	s := Spent{Samples: int64(samples), PromptTokens: int64(prompts * l.prompt), GeneratedTokens: int64(samples * l.solution),
		TrainTokens: int64(prompts*l.prompt + samples*l.solution)}
	if r.GRPO.DropZeroVariance {
		s.TrainTokens = int64(share * float64(s.TrainTokens))
	}
	if length > 0 {
		s.FLOPs = model.FLOPs(int(length)) / length * (float64(s.PromptTokens+s.GeneratedTokens) + (3+gamma)*float64(s.TrainTokens))
	}
	s.NominalTokens = RLTokenEquivalent(samples*float64(r.Longest(base)), gamma)
	s.TrueTokens = RLTokenEquivalent(samples*length, gamma)
	return withinBudgets(s, r.GRPO, share)
}

// withinBudgets is the part of a planned cost that the run's budgets leave.
func withinBudgets(s Spent, c grpo.Config, share float64) Spent {
	part := 1.0
	if c.TokenBudget > 0 {
		part = min(part, float64(c.TokenBudget)/max(1, share*float64(s.GeneratedTokens)))
	}
	if c.ComputeBudget > 0 {
		all := c.Compute([]grpo.Metrics{{PromptTokens: int(s.PromptTokens), TokensGenerated: int(s.GeneratedTokens), TokensForward: int(s.TrainTokens)}})
		part = min(part, c.ComputeBudget/max(1, all))
	}
	if part == 1 {
		return s
	}
	of := func(n int64) int64 { return int64(part * float64(n)) }
	return Spent{TrainTokens: of(s.TrainTokens), PromptTokens: of(s.PromptTokens), GeneratedTokens: of(s.GeneratedTokens), Samples: of(s.Samples),
		FLOPs: part * s.FLOPs, NominalTokens: part * s.NominalTokens, TrueTokens: part * s.TrueTokens}
}

// Estimate is what the evaluation of a model with base's network and tokens is expected to cost.
func (r Evaluation) Estimate(base Pretraining) Spent {
	model := base.Model
	if model.Validate() != nil || r.Validate() != nil {
		return Spent{}
	}
	l := meanLengths(r.Data, base.Phrases)
	l.solution = min(l.solution, float64(r.MaxTokens))
	problems := float64(r.Problems * cellsOf(r.Data))
	samples := problems * float64(r.Samples)
	s := Spent{Samples: int64(samples), PromptTokens: int64(problems * l.prompt), GeneratedTokens: int64(samples * l.solution)}
	if length := l.prompt + l.solution; length > 0 {
		s.FLOPs = model.FLOPs(int(length)) / length * float64(s.PromptTokens+s.GeneratedTokens)
	}
	return s
}

// cellsOf counts the cells of op, context and mode of a spec whose blocks do not overlap.
func cellsOf(spec gsm.Spec) int {
	modes := 1
	if spec.Reverse > 0 && spec.Reverse < 1 {
		modes = 2
	}
	n := 0
	for _, b := range spec.Mix {
		n += (b.Ops.Max - b.Ops.Min + 1) * len(b.Contexts) * modes
	}
	return n
}

// Exposure is how much of a context a training stage is expected to show: tokens, and
// problems. Shares are of problems or of tokens (Spec.Unit), and problems of other ops have
// other lengths, so that neither is the share of the whole.
func (r Pretraining) Exposure(context string) (tokens, problems float64) {
	var shown, perProblem, all float64 // for one unit of the mixture

	for _, b := range r.Data.Complete().Mix {
		spec := r.Data
		spec.Mix = []gsm.Block{{Ops: b.Ops, Contexts: b.Contexts, Share: 1}}
		l := meanLengths(spec, r.Phrases)
		length, weight := l.prompt+l.solution, b.Share // problems
		if r.Data.Unit == gsm.Tokens {
			weight /= length
		}
		all += weight * length
		if slices.Contains(b.Contexts, context) {
			shown += weight * length / float64(len(b.Contexts))
			perProblem += weight / float64(len(b.Contexts))
		}
	}
	if all == 0 {
		return 0, 0
	}
	total := float64(r.Estimate().TrainTokens)
	return total * shown / all, total * perProblem / all
}
