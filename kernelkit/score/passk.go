package score

import (
	"fmt"
	"math"
	"slices"
)

// Judgement says which samples count as successes.
type Judgement uint8

const (
	Strict Judgement = iota // right answer and right process, what the paper reports
	Answer                  // right answer
)

func (j Judgement) String() string {
	if j == Answer {
		return "answer"
	}
	return "strict"
}

// Estimator says how pass@k is computed from n ≥ k samples of a prompt.
type Estimator uint8

const (
	// Unbiased averages over all choices of k of the n samples.
	Unbiased Estimator = iota
	// FirstK asks whether one of the first k samples succeeded, as the authors'
	// aggregation of strict results does (docs/paper.md, "Definitions"). Noisier, equal in expectation.
	FirstK
)

// PassAtK returns the unbiased estimate of pass@k from c successes among n
// samples, 1 − C(n−c, k)/C(n, k): the probability that k of the n samples, drawn
// without replacement, hold a success. M. Chen et al., Evaluating Large Language
// Models Trained on Code (arXiv 2107.03374), equation 1.
//
// The ratio of binomials is the product over i < min(c, k) of 1 − max(c, k)/(n−i),
// the same number seen from successes or from draws, so the shorter product is
// taken; every factor lies in [0, 1] and nothing overflows.
// It returns ErrK unless 1 ≤ k ≤ n, and an error unless 0 ≤ c ≤ n.
func PassAtK(n, c, k int) (float64, error) {
	if k < 1 || k > n {
		return 0, fmt.Errorf("%w: pass@%d of %d samples needs 1 ≤ k ≤ %d", ErrK, k, n, n)
	}
	if c < 0 || c > n {
		return 0, fmt.Errorf("score: %d successes among %d samples", c, n)
	}
	if c+k > n { // every choice of k holds a success
		return 1, nil
	}
	few, many := min(c, k), float64(max(c, k))
	miss := 1.0
	for i := range few {
		miss *= 1 - many/float64(n-i)
	}
	return 1 - miss, nil
}

// PassAtK returns the prompt's pass@k, in [0, 1]. It returns ErrK unless 1 ≤ k ≤ N.
func (p *Prompt) PassAtK(k int, by Judgement, est Estimator) (float64, error) {
	c, first := p.Strict, p.FirstStrict
	if by == Answer {
		c, first = p.Answer, p.FirstAnswer
	}
	pass, err := PassAtK(p.N, c, k)
	if err != nil {
		return 0, fmt.Errorf("prompt %q: %w", p.ID, err)
	}
	if est == FirstK {
		pass = 0
		if first < k {
			pass = 1
		}
	}
	return pass, nil
}

// PowersOfTwo returns 1, 2, 4, … up to n: the k at which curves are drawn.
func PowersOfTwo(n int) []int {
	var ks []int
	for k := 1; k <= n; k *= 2 {
		ks = append(ks, k)
	}
	return ks
}

// MaxK returns the largest k that every prompt allows: the smallest number of
// samples, 0 without prompts.
func MaxK(prompts []Prompt) int {
	if len(prompts) == 0 {
		return 0
	}
	k := math.MaxInt
	for _, p := range prompts {
		k = min(k, p.N)
	}
	return k
}

// MeanPassAtK returns pass@k averaged over prompts for each k of ks, with bootstrap
// intervals; one set of draws serves all k. It returns ErrNoData without prompts
// and ErrK when a k exceeds the samples of a prompt.
func MeanPassAtK(prompts []Prompt, ks []int, by Judgement, est Estimator, b Bootstrap) ([]Interval, error) {
	t, err := tabulate(prompts, b, len(ks), func(p *Prompt, row []float64) error {
		return fillPass(p, ks, by, est, row)
	})
	if err != nil {
		return nil, err
	}
	return t.means(b), nil
}

func fillPass(p *Prompt, ks []int, by Judgement, est Estimator, row []float64) error {
	for c, k := range ks {
		v, err := p.PassAtK(k, by, est)
		if err != nil {
			return err
		}
		row[c] = v
	}
	return nil
}

// PassAtKGain returns pass@k after minus before, averaged over prompts, for each k,
// with the interval of the paired bootstrap: both sides are resampled by the same
// prompts, which removes the spread between easy and hard prompts.
//
// Where every prompt changes by the same amount (nothing succeeds before or after,
// say), resampling sees no spread, and the bounds lie Wilson's bound for 0 of n
// to either side. It returns ErrUnpaired unless both sides hold the same prompts;
// the numbers of samples may differ.
func PassAtKGain(before, after []Prompt, ks []int, by Judgement, est Estimator, b Bootstrap) ([]Interval, error) {
	partner, err := pair(before, after)
	if err != nil {
		return nil, err
	}
	old := make([]float64, len(ks))
	t, err := tabulate(before, b, len(ks), func(p *Prompt, row []float64) error {
		if err := fillPass(p, ks, by, est, old); err != nil {
			return fmt.Errorf("before: %w", err)
		}
		if err := fillPass(partner[p.ID], ks, by, est, row); err != nil {
			return fmt.Errorf("after: %w", err)
		}
		for c := range row {
			row[c] -= old[c]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	gains := t.means(b)
	for c := range gains {
		if t.constant(c) {
			w := wilson(0, len(before), b.Level).High
			gains[c].Low, gains[c].High = math.Max(-1, gains[c].Value-w), math.Min(1, gains[c].Value+w)
		}
	}
	return gains, nil
}

// pair maps the ID of each prompt before to the prompt after.
func pair(before, after []Prompt) (map[string]*Prompt, error) {
	if len(before) == 0 && len(after) == 0 {
		return nil, ErrNoData
	}
	partner := make(map[string]*Prompt, len(after))
	for i := range after {
		partner[after[i].ID] = &after[i]
	}
	if len(partner) != len(after) {
		return nil, fmt.Errorf("%w: an ID stands twice among the prompts after", ErrUnpaired)
	}
	for i := range before {
		q := partner[before[i].ID]
		if q == nil || q.Op != before[i].Op {
			return nil, fmt.Errorf("%w: prompt %q (op %d) of the first set is missing from the second; evaluate both on the same prompts",
				ErrUnpaired, before[i].ID, before[i].Op)
		}
	}
	if len(before) != len(after) || hasTwice(before) {
		return nil, fmt.Errorf("%w: %d prompts before, %d after; evaluate both on the same prompts", ErrUnpaired, len(before), len(after))
	}
	return partner, nil
}

func hasTwice(prompts []Prompt) bool {
	ids := make([]string, len(prompts))
	for i, p := range prompts {
		ids[i] = p.ID
	}
	slices.Sort(ids)
	return len(slices.Compact(ids)) != len(prompts)
}
