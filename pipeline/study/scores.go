package study

import (
	"cmp"
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
// likelihoods of their gold solutions. Records of one arm and seed stand together as they were
// collected; where they do not, they are sorted first.
func scoresOf(records []Record, likelihoods []Likelihood) (Scores, error) {
	if !together(records) {
		records = slices.Clone(records)
		slices.SortStableFunc(records, func(a, b Record) int { return cmp.Or(cmp.Compare(a.Arm, b.Arm), cmp.Compare(a.Seed, b.Seed)) })
	}
	scores := Scores{}
	var samples []score.Sample // of one arm and seed at a time: there are many
	for start := 0; start < len(records); start += len(samples) {
		arm, seed := records[start].Arm, records[start].Seed
		samples = samples[:0]
		for i := start; i < len(records) && records[i].Arm == arm && records[i].Seed == seed; i++ {
			samples = append(samples, records[i].Sample())
		}
		prompts, err := score.Summarise(samples)
		if err != nil {
			return nil, fmt.Errorf("records of %s, seed %d: %w", arm, seed, err)
		}
		if scores[arm] == nil {
			scores[arm] = score.Seeds{}
		}
		scores[arm][seed] = prompts
	}
	scores.attach(likelihoods)
	return scores, nil
}

// together says whether the records of every arm and seed stand together.
func together(records []Record) bool {
	seen := map[runKey]bool{}
	for i := range records {
		if i > 0 && records[i].Arm == records[i-1].Arm && records[i].Seed == records[i-1].Seed {
			continue
		}
		key := runKey{records[i].Arm, records[i].Seed}
		if seen[key] {
			return false
		}
		seen[key] = true
	}
	return true
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
