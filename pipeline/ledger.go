package pipeline

import "math"

// Spent is what a stage cost. Counts are what was really processed: no padding,
// no nominal lengths, except in the field that is named so.
type Spent struct {
	TrainTokens     int64   `json:"train_tokens"`     // tokens of forward and backward passes
	PromptTokens    int64   `json:"prompt_tokens"`    // tokens prefilled in rollouts
	GeneratedTokens int64   `json:"generated_tokens"` // tokens sampled in rollouts
	Samples         int64   `json:"samples"`          // completions sampled
	FLOPs           float64 `json:"flops"`            // qwen.Config.FLOPs at the lengths that occurred; a backward pass costs two forward passes

	// The paper's currency, in tokens of training (paper §5 Eq. 1): training tokens
	// as they are, RL as (4/3 + γ/3)·N·r·L. Nominal takes L as the longest allowed
	// prompt and response, as the paper does; True takes the lengths that occurred.
	NominalTokens float64 `json:"nominal_tokens"`
	TrueTokens    float64 `json:"true_tokens"`

	Seconds float64 `json:"seconds"` // wall time
}

// Add sums two accounts.
func (s Spent) Add(t Spent) Spent {
	return Spent{
		TrainTokens: s.TrainTokens + t.TrainTokens, PromptTokens: s.PromptTokens + t.PromptTokens,
		GeneratedTokens: s.GeneratedTokens + t.GeneratedTokens, Samples: s.Samples + t.Samples,
		FLOPs: s.FLOPs + t.FLOPs, NominalTokens: s.NominalTokens + t.NominalTokens,
		TrueTokens: s.TrueTokens + t.TrueTokens, Seconds: s.Seconds + t.Seconds,
	}
}

// RLTokenEquivalent is T_RL of the paper (Eq. 1 and 4–6): the training tokens
// that cost as much as rollouts of `tokens` tokens with one update each; gamma
// is 1 with a reference model and 0 without. Rollout 2P, reference 2γP, update
// 6P, against 6P a token of training.
func RLTokenEquivalent(tokens, gamma float64) float64 { return (4 + gamma) / 3 * tokens }

// Constants of the paper's budget table (Table 3).
const (
	paperTrainBatch = 512 * 1024 // tokens a mid-training step
	paperRLPrompts  = 1024       // prompts an RL step
	paperGroup      = 6          // r, rollouts a prompt
	paperLength     = 2048       // L_total, nominal
)

// PaperBudgets are the budgets of the paper's Table 3 in tokens.
func PaperBudgets() []float64 {
	var all []float64
	for _, steps := range []float64{2000, 4000, 8000, 16000, 24000, 32000} {
		all = append(all, steps*paperTrainBatch)
	}
	return append(all, 20e9)
}

// Budget is one cell of the paper's Table 3.
type Budget struct {
	Tokens  float64 // T, total budget in training tokens
	Beta    float64 // share of it that RL gets
	Mid     int     // mid-training steps
	RL      int     // RL steps
	Prompts float64 // RL prompts
}

// PaperBudget splits a budget of tokens as the paper does (Eq. 2, 7, 8): the
// table rounds the two whole budgets to steps, then takes the shares, mid-training
// rounded down and RL to the nearest step. (Eq. 9 as printed divides by 2,048 once
// more; the table does not.)
func PaperBudget(tokens, beta float64) Budget {
	b := SplitBudget(tokens, beta, paperTrainBatch, RLTokenEquivalent(paperRLPrompts*paperGroup*paperLength, 1))
	b.Prompts = 3.0 / 5 * beta * tokens / (paperGroup * paperLength)
	return b
}

// SplitBudget splits a budget as PaperBudget does, for stages whose steps cost
// perMid and perRL tokens. Prompts is left out.
func SplitBudget(tokens, beta, perMid, perRL float64) Budget {
	mid, rl := math.Round(tokens/perMid), math.Round(tokens/perRL)
	return Budget{Tokens: tokens, Beta: beta, Mid: int(math.Floor((1-beta)*mid + 1e-9)), RL: int(math.Round(beta * rl))}
}
