package score

import (
	"cmp"
	"slices"
)

// Confusion counts samples by answer × process. A right answer counts as having
// the right process when the sample is strict.
type Confusion struct {
	RightRight int `json:"right_right"` // answer right, process right: strict
	RightWrong int `json:"right_wrong"` // answer right, process wrong: luck, or reward hacking
	WrongRight int `json:"wrong_right"` // answer wrong, process right: a slip when the answer was written
	WrongWrong int `json:"wrong_wrong"` // both wrong
}

// Total is the number of samples counted.
func (c Confusion) Total() int { return c.RightRight + c.RightWrong + c.WrongRight + c.WrongWrong }

// Confuse counts the samples of the prompts by answer × process.
func Confuse(prompts []Prompt) Confusion {
	var c Confusion
	for _, p := range prompts {
		c.RightRight += p.Strict
		c.RightWrong += p.Answer - p.Strict
		c.WrongRight += p.Slip
		c.WrongWrong += p.N - p.Answer - p.Slip
	}
	return c
}

// ClassCount is how many samples have a class of first wrong step.
type ClassCount struct {
	Class string `json:"class"`
	Count int    `json:"count"`
}

// Classes counts the first-wrong-step classes of the samples, most frequent first
// and by name where counts tie. Samples without a wrong step are not counted.
func Classes(samples []Sample) []ClassCount {
	counts := map[string]int{}
	for _, s := range samples {
		if s.Class != "" {
			counts[s.Class]++
		}
	}
	out := make([]ClassCount, 0, len(counts))
	for class, n := range counts {
		out = append(out, ClassCount{class, n})
	}
	slices.SortFunc(out, func(a, b ClassCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Class, b.Class))
	})
	return out
}
