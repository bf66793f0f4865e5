package score

import (
	"cmp"
	"fmt"
	"slices"
)

// TextNLL is the negative log-likelihood of one gold text under a model.
//
// The paper's figure 10 does not say which text is scored nor how it is
// normalised (paper §1.8); here it is the gold solution with its answer, given
// the prompt, in nats.
type TextNLL struct {
	Prompt string  `json:"prompt" parquet:"prompt,dict"`
	Op     int     `json:"op" parquet:"op"`
	NLL    float64 `json:"nll" parquet:"nll"`       // sum over the scored tokens, nats
	Tokens int     `json:"tokens" parquet:"tokens"` // scored tokens
}

// MeanNLL returns nats a token over texts, Σ NLL / Σ tokens, with the interval of
// the ratio estimator; texts of one op are resampled within that op.
// It returns ErrNoData without texts or tokens.
func MeanNLL(texts []TextNLL, b Bootstrap) (Interval, error) {
	t, err := nllTable(texts, b)
	if err != nil {
		return Interval{}, err
	}
	return t.ratio(b)
}

// NLLReduction returns by how much nats a token fall from before to after on the
// same texts (positive: after is better), with the paired bootstrap's interval:
// a cell of the heat map of paper figure 10. It returns ErrUnpaired unless both
// sides hold the same prompts with the same numbers of tokens.
func NLLReduction(before, after []TextNLL, b Bootstrap) (Interval, error) {
	later := make(map[string]TextNLL, len(after))
	for _, x := range after {
		later[x.Prompt] = x
	}
	if len(later) != len(after) || len(before) != len(after) {
		return Interval{}, fmt.Errorf("%w: %d texts before, %d different ones after", ErrUnpaired, len(before), len(later))
	}
	fall := make([]TextNLL, 0, len(before))
	for _, x := range before {
		y, ok := later[x.Prompt]
		if !ok || y.Tokens != x.Tokens || y.Op != x.Op {
			return Interval{}, fmt.Errorf("%w: text %q (op %d, %d tokens) of the first set is not the same in the second", ErrUnpaired, x.Prompt, x.Op, x.Tokens)
		}
		delete(later, x.Prompt) // so that a text twice before is found
		x.NLL -= y.NLL
		fall = append(fall, x)
	}
	return MeanNLL(fall, b)
}

func nllTable(texts []TextNLL, b Bootstrap) (*table, error) {
	if err := b.Validate(); err != nil {
		return nil, err
	}
	if len(texts) == 0 {
		return nil, ErrNoData
	}
	texts = slices.Clone(texts)
	slices.SortStableFunc(texts, func(x, y TextNLL) int {
		return cmp.Or(cmp.Compare(x.Op, y.Op), cmp.Compare(x.Prompt, y.Prompt))
	})
	t := newTable(len(texts), 2)
	for i, x := range texts {
		t.row(i)[0], t.row(i)[1] = x.NLL, float64(x.Tokens)
		if i == 0 || x.Op != texts[i-1].Op {
			t.strata = append(t.strata, 0)
		}
		t.strata[len(t.strata)-1]++
	}
	return t, nil
}
