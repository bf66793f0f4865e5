package study

import (
	"fmt"
	"slices"

	"interplay/kernelkit/score"
)

// Scores is what every arm scored: its prompts by seed.
type Scores map[string]score.Seeds

// Only keeps one seed.
func (s Scores) Only(seed int64) Scores {
	out := Scores{}
	for arm, seeds := range s {
		if prompts, ok := seeds[seed]; ok {
			out[arm] = score.Seeds{seed: prompts}
		}
	}
	return out
}

// scoresOf counts the samples of every arm and seed, and gives the prompts the
// likelihoods of their gold solutions.
func scoresOf(records []Record, likelihoods []Likelihood) (Scores, error) {
	type run struct {
		arm  string
		seed int64
	}
	counts := map[run]int{}
	for i := range records {
		counts[run{records[i].Arm, records[i].Seed}]++
	}
	samples := map[run][]score.Sample{}
	for key, n := range counts {
		samples[key] = make([]score.Sample, 0, n)
	}
	for i := range records {
		key := run{records[i].Arm, records[i].Seed}
		samples[key] = append(samples[key], records[i].Sample())
	}
	scores := Scores{}
	for key, list := range samples {
		prompts, err := score.Summarise(list)
		if err != nil {
			return nil, fmt.Errorf("records of %s, seed %d: %w", key.arm, key.seed, err)
		}
		if scores[key.arm] == nil {
			scores[key.arm] = score.Seeds{}
		}
		scores[key.arm][key.seed] = prompts
	}
	scores.attach(likelihoods)
	return scores, nil
}

// attach gives the prompts of every arm the likelihoods of their gold solutions.
func (s Scores) attach(all []Likelihood) {
	type key struct {
		arm    string
		seed   int64
		prompt string
	}
	at := make(map[key]*Likelihood, len(all))
	for i, x := range all {
		at[key{x.Arm, x.Seed, x.Prompt}] = &all[i]
	}
	for arm, seeds := range s {
		for seed, prompts := range seeds {
			for i := range prompts {
				if x := at[key{arm, seed, prompts[i].ID}]; x != nil {
					prompts[i].NLL, prompts[i].Scored = float64(x.NLL), x.Tokens
				}
			}
		}
	}
}

// of keeps the prompts of the range.
func (r OpRange) of(all score.Seeds) score.Seeds {
	in := all.InOps(r.Ops.Min, r.Ops.Max)
	if r.Context == "" {
		return in
	}
	for seed, prompts := range in {
		in[seed] = slices.DeleteFunc(slices.Clone(prompts), func(p score.Prompt) bool { return p.Context != r.Context })
	}
	return in
}

// Value is what an arm scores on a range of ops, with its 95 % interval over seeds
// and prompts; false when it has no data there.
func (r *Results) Value(arm string, ops OpRange, m score.Measure) (score.Interval, bool) {
	v, _, err := score.Contrast([]score.Term{{Weight: 1, Scores: ops.of(r.Scores[arm]), Measure: m}}, score.Confidence)
	return v, err == nil
}

// Difference is what an arm scores on a range of ops more than another, paired by seed and
// prompt, with its 95 % interval over both; false when they have no data in common there.
func (r *Results) Difference(arm, from string, ops OpRange, m score.Measure) (score.Interval, bool) {
	v, _, err := score.Contrast([]score.Term{
		{Weight: 1, Scores: ops.of(r.Scores[arm]), Measure: m}, {Weight: -1, Scores: ops.of(r.Scores[from]), Measure: m},
	}, score.Confidence)
	return v, err == nil
}
