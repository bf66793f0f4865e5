package study

import (
	"math"

	"interplay/pipeline"
)

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
	b := SplitBudget(tokens, beta, paperTrainBatch, pipeline.RLTokenEquivalent(paperRLPrompts*paperGroup*paperLength, 1))
	b.Prompts = 3.0 / 5 * beta * tokens / (paperGroup * paperLength)
	return b
}

// SplitBudget splits a budget as PaperBudget does, for stages whose steps cost
// perMid and perRL tokens. Prompts is left out.
func SplitBudget(tokens, beta, perMid, perRL float64) Budget {
	mid, rl := math.Round(tokens/perMid), math.Round(tokens/perRL)
	return Budget{Tokens: tokens, Beta: beta, Mid: int(math.Floor((1-beta)*mid + 1e-9)), RL: int(math.Round(beta * rl))}
}
