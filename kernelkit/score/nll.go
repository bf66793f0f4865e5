package score

// TextNLL is the negative log-likelihood of one gold text under a model.
//
// The paper's figure 10 does not say which text is scored nor how it is
// normalised (paper §A.5); here it is the gold solution with its answer, given
// the prompt, in nats.
type TextNLL struct {
	Prompt string  `json:"prompt" parquet:"prompt,dict"`
	Op     int     `json:"op" parquet:"op"`
	NLL    float64 `json:"nll" parquet:"nll"`       // sum over the scored tokens, nats
	Tokens int     `json:"tokens" parquet:"tokens"` // scored tokens
}
