package pipeline

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

// Over is an n-th of the account.
func (s Spent) Over(n int) Spent {
	k, f := int64(n), float64(n)
	return Spent{
		TrainTokens: s.TrainTokens / k, PromptTokens: s.PromptTokens / k, GeneratedTokens: s.GeneratedTokens / k, Samples: s.Samples / k,
		FLOPs: s.FLOPs / f, NominalTokens: s.NominalTokens / f, TrueTokens: s.TrueTokens / f, Seconds: s.Seconds / f,
	}
}

// RLTokenEquivalent is T_RL of the paper (Eq. 1 and 4–6): the training tokens
// that cost as much as rollouts of `tokens` tokens with one update each; gamma
// is 1 with a reference model and 0 without. Rollout 2P, reference 2γP, update
// 6P, against 6P a token of training.
func RLTokenEquivalent(tokens, gamma float64) float64 { return (4 + gamma) / 3 * tokens }

// Price is a currency in which the cost of stages is compared.
type Price string

const (
	Nominal Price = "nominal" // training tokens, RL at the longest sample allowed, as the paper counts
	True    Price = "true"    // training tokens, RL at the lengths that occurred
	Compute Price = "FLOPs"   // floating-point operations as executed: a group that teaches nothing costs no update, its prompt is read once
	Time    Price = "seconds" // of the wall; unknown before a run
)

// Prices lists the prices.
func Prices() []Price { return []Price{Nominal, True, Compute, Time} }

// In is the account in one price.
func (s Spent) In(p Price) float64 {
	return map[Price]float64{Nominal: s.NominalTokens, True: s.TrueTokens, Compute: s.FLOPs, Time: s.Seconds}[p]
}
