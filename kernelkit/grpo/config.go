// Package grpo is reinforcement learning with verified rewards: group relative policy
// optimisation (Shao et al., DeepSeekMath, arXiv 2402.03300) with the variants that
// came after it.
//
// One step, top to bottom:
//
//	problems → prompts → n samples each (rollout)         policy = current weights
//	         → verdicts → rewards (verify)
//	         → advantages within each prompt's group
//	         → for each epoch, for each mini-batch: clipped loss, AdamW update
//
// The sampler and the learner are the same weights and the same network; the gap
// between their log-probs is a metric of every step.
package grpo

import (
	"errors"
	"fmt"
	"math"

	"interplay/kernelkit/train"
)

// Aggregation says how the losses of tokens become one number.
type Aggregation string

const (
	// TokenMean averages over all tokens of a mini-batch: long completions weigh more
	// (DAPO, arXiv 2503.14476, Equation 8; the paper's setting).
	TokenMean Aggregation = "token-mean"
	// SequenceMean averages within each completion, then over completions (the original
	// GRPO, arXiv 2402.03300, Equation 3; GSPO's too).
	SequenceMean Aggregation = "sequence-mean"
	// Constant divides the sum by completions × MaxTokens, so that a token's weight does
	// not depend on the length of its completion (Dr. GRPO, arXiv 2503.20783, §3.2).
	Constant Aggregation = "constant"
)

// Config holds every hyper-parameter of a run. Default gives the paper's.
type Config struct {
	Steps     int `json:"steps"`      // rollouts, each followed by its updates
	GroupSize int `json:"group_size"` // samples a prompt, at least 2; paper §5: 6
	MiniBatch int `json:"mini_batch"` // prompts an update; 0 = all prompts of the step (one update an epoch)
	Epochs    int `json:"epochs"`     // passes over the samples of a step; 1
	Rows      int `json:"rows"`       // rows of completions in one forward and backward pass of the learner; gradients add up over the passes of an update. On a CPU 8 stay in its cache (LAB.md, 2026-11-28)
	Seq       int `json:"seq"`        // positions of such a row, into which completions of one prompt are packed; 0 = as the longest needs, in multiples of 32

	// Devices is the number of the backend's devices that share a step: the prompts of its
	// rollouts, and the rows of each pass of the learner, whose gradients XLA adds up. 0 leaves
	// rollouts to the sampler's default (all GPUs; two of a CPU's devices) and the update to one.
	// Samples and losses agree with those of one device up to rounding.
	Devices int `json:"devices,omitempty"`

	Temperature float64 `json:"temperature"`  // of the samples and of the policy that learns; 1
	MaxTokens   int     `json:"max_tokens"`   // longest completion in tokens
	RolloutRows int     `json:"rollout_rows"` // completions that the sampler has in flight; 0 = its default. No result depends on it

	LR float64 `json:"lr"` // learning rate, constant without warm-up; paper §A.3.3: 1e-6
	train.AdamW

	Loss // the clipped surrogate and its variants

	// NoStd leaves the advantage at R − mean, without division by the group's standard
	// deviation, which favours too easy and too hard prompts (Dr. GRPO, arXiv 2503.20783, §3.2).
	NoStd bool `json:"no_std"`

	Aggregation Aggregation `json:"aggregation"` // token-mean

	// OverlongFilter takes completions that were cut at MaxTokens out of the loss; they
	// still count in their group's mean (DAPO, arXiv 2503.14476, §3.4).
	OverlongFilter bool `json:"overlong_filter"`

	// DropZeroVariance takes groups with equal rewards out of the update, and so out of
	// the averages of the loss: they carry no gradient but for the KL term. The batch
	// shrinks, unless DynamicSampling fills it.
	DropZeroVariance bool `json:"drop_zero_variance"`

	// DynamicSampling draws more problems in the place of groups with equal rewards, until
	// as many groups vary as the step has problems or this many rounds of problems were
	// sampled (dynamic sampling of DAPO, §3.2; 10 rounds in its code). 0 and 1 = off.
	DynamicSampling int `json:"dynamic_sampling,omitempty"`

	// TokenBudget and ComputeBudget end the run after the step that reaches them, before
	// Steps if need be, so that runs can be compared that learned from as many tokens or
	// cost as much. TokenBudget counts the targets of the updates; ComputeBudget tokens of
	// forward passes, a backward pass as two: prompts and samples once, what the updates
	// covered three times, four with a reference model. 0 = no budget.
	TokenBudget   int     `json:"token_budget,omitempty"`
	ComputeBudget float64 `json:"compute_budget,omitempty"`

	Seed            int64 `json:"seed"`             // of the sampling noise
	CheckpointEvery int   `json:"checkpoint_every"` // steps between checkpoints; 0 = only at the end
	Keep            int   `json:"keep"`             // the newest checkpoints to keep, at least 2
}

// Default is the paper's configuration (§A.3.3 and the authors' settings,
// docs/paper.md, "GRPO"). Steps, MaxTokens and the number of prompts depend on the study.
func Default() Config {
	return Config{
		Steps: 200, GroupSize: 6, MiniBatch: 256, Epochs: 1, Rows: 8,
		Temperature: 1, MaxTokens: 1024,
		LR: 1e-6, AdamW: train.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.01, DecayEmbeddings: true, Clip: 1},
		Loss: Loss{ClipLow: 0.2, ClipHigh: 0.2, DualClip: 3, KL: 1e-3}, Aggregation: TokenMean,
		CheckpointEvery: 20, Keep: 2,
	}
}

// Micro is the recipe of the micro model (docs/scales.md, "micro"): one update a step, no KL, groups
// without variance dropped.
func Micro() Config {
	c := Default()
	c.Steps, c.GroupSize, c.MiniBatch, c.MaxTokens = 100, 8, 0, 112
	c.LR, c.KL, c.Decay, c.DropZeroVariance = 3e-4, 0, 0, true
	return c
}

// Limits of a configuration: below the lowest temperature logits overflow, above the highest
// all tokens are equally likely; beyond the rate no training has a meaning.
const (
	minTemperature = 1e-3
	maxTemperature = 1000
	maxRate        = 1000
)

// Validate returns the first thing that is wrong with the configuration.
func (c Config) Validate() error {
	for _, f := range []struct {
		name               string
		value, least, most int
	}{ // far beyond what fits a machine, and small enough that no product of them overflows
		{"steps", c.Steps, 1, 1 << 30}, {"group_size", c.GroupSize, 2, 1 << 16}, {"mini_batch", c.MiniBatch, 0, 1 << 20}, {"epochs", c.Epochs, 1, 1 << 10},
		{"rows", c.Rows, 1, 1 << 16}, {"seq", c.Seq, 0, 1 << 20}, {"max_tokens", c.MaxTokens, 1, 1 << 20}, {"rollout_rows", c.RolloutRows, 0, 1 << 20}, {"devices", c.Devices, 0, 1 << 10},
		{"dynamic_sampling", c.DynamicSampling, 0, 1 << 10}, {"token_budget", c.TokenBudget, 0, 1 << 50},
		{"checkpoint_every", c.CheckpointEvery, 0, 1 << 30}, {"keep", c.Keep, 2, 1 << 30},
	} {
		if f.value < f.least || f.value > f.most {
			return fmt.Errorf("grpo: %s is %d: expected %d to %d", f.name, f.value, f.least, f.most)
		}
	}
	switch {
	case !(c.Temperature >= minTemperature && c.Temperature <= maxTemperature):
		return fmt.Errorf("grpo: temperature is %g: expected %g to %d", c.Temperature, minTemperature, maxTemperature)
	case !(c.LR > 0 && c.LR <= maxRate):
		return fmt.Errorf("grpo: lr is %g: expected a number above 0, at most %d", c.LR, maxRate)
	case c.Devices > 1 && c.Rows%c.Devices != 0:
		return fmt.Errorf("grpo: devices is %d and rows %d: expected rows that the devices can share evenly", c.Devices, c.Rows)
	case c.Seq != 0 && c.Seq < c.MaxTokens:
		return fmt.Errorf("grpo: seq is %d and max_tokens %d: a row must hold the longest completion; expected seq at least max_tokens, or 0", c.Seq, c.MaxTokens)
	case c.DynamicSampling > 1 && !c.DropZeroVariance:
		return errors.New("grpo: dynamic_sampling replaces groups with equal rewards: it needs drop_zero_variance")
	case c.ComputeBudget != 0 && !positive(c.ComputeBudget):
		return fmt.Errorf("grpo: compute_budget is %g: expected a positive number of tokens, or 0 for none", c.ComputeBudget)
	}
	switch c.Aggregation {
	case TokenMean, SequenceMean, Constant:
	default:
		return fmt.Errorf("grpo: aggregation is %q: expected %q, %q or %q", c.Aggregation, TokenMean, SequenceMean, Constant)
	}
	return errors.Join(c.Loss.validate(), c.AdamW.Validate())
}

// devices is the number of devices that share a pass of the learner, at least 1.
func (c Config) devices() int { return max(c.Devices, 1) }

// rounds is how many rounds of problems a step may sample.
func (c Config) rounds() int { return max(1, c.DynamicSampling) }

// Compute is what steps cost in the unit of ComputeBudget.
func (c Config) Compute(steps []Metrics) (tokens float64) {
	update := 3.0
	if c.KL > 0 {
		update++
	}
	for _, m := range steps {
		tokens += float64(m.PromptTokens+m.TokensGenerated) + update*float64(m.TokensForward)
	}
	return tokens
}

// done says whether a run is over after the steps it has done.
func (c Config) done(past []Metrics) bool {
	trained := 0
	for _, m := range past {
		trained += m.TokensTrained
	}
	return len(past) >= c.Steps || c.TokenBudget > 0 && trained >= c.TokenBudget || c.ComputeBudget > 0 && c.Compute(past) >= c.ComputeBudget
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 1) }
