package study

import (
	"slices"

	"interplay/pipeline"
)

// What arms cost, from the accounts of their stages.

// Cost is what an arm cost beyond what all arms share, mean over the seeds that ran;
// evaluations are left out. All arms are those that were evaluated with the seed: an arm that
// failed, or was added to the study later, makes nothing less shared.
func (r *Results) Cost(arm string) pipeline.Spent {
	var sum pipeline.Spent
	seeds, ran := map[int64]bool{}, r.evaluated()
	for _, x := range r.Spent {
		if x.Kind == "evaluate" || x.Kind == "likelihood" || !slices.Contains(x.Arms, arm) {
			continue
		}
		seeds[x.Seed] = true
		if slices.ContainsFunc(ran[x.Seed], func(other string) bool { return !slices.Contains(x.Arms, other) }) {
			sum = sum.Add(x.Spent)
		}
	}
	return sum.Over(max(1, len(seeds)))
}

// evaluated are the arms that were evaluated, by seed.
func (r *Results) evaluated() map[int64][]string {
	ran := map[int64][]string{}
	for _, x := range r.Spent {
		if x.Kind == "evaluate" {
			ran[x.Seed] = append(ran[x.Seed], x.Arms...)
		}
	}
	return ran
}

// CostRatio is what the arms that a claim adds cost, over those that it subtracts, in a
// price; false where one side cost nothing beyond what all share, or the price is unknown.
func (r *Results) CostRatio(c Claim, p pipeline.Price) (float64, bool) {
	var added, taken []string
	for _, t := range c.Effect {
		side := &added
		if t.Weight < 0 {
			side = &taken
		}
		if !slices.Contains(*side, t.Arm) {
			*side = append(*side, t.Arm)
		}
	}
	cost := func(arms []string) (sum float64) {
		for _, arm := range arms {
			sum += r.Cost(arm).In(p)
		}
		return sum
	}
	above, below := cost(added), cost(taken)
	return above / below, above > 0 && below > 0
}
