package pipeline

import (
	"math"

	"interplay/kernelkit/score"
)

// Report is what a notebook or a study claims in numbers: the head of a results.json,
// for people, programs and the comparison in CI.
type Report struct {
	Name    string   `json:"study"` // of the notebook or study
	Profile string   `json:"profile"`
	Seed    int64    `json:"seed"`
	Numbers []Number `json:"results"`
}

// Number is one number of a report with its interval. Tolerance is by how much it may
// differ on another machine: programs sum in another order there, and a sampled token
// that falls the other way changes what follows.
type Number struct {
	ID        string  `json:"id"`
	Value     float64 `json:"value"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Unit      string  `json:"unit"`
	Tolerance float64 `json:"tolerance"`
	Claim     string  `json:"claim"`
}

// Exact is a number that must be the same everywhere, such as a count.
func Exact(id, claim, unit string, value float64) Number {
	return Number{ID: id, Value: value, Low: value, High: value, Unit: unit, Claim: claim}
}

// spread is by how many half widths of its 95 % interval a number may differ on another machine, and leastShare the
// least tolerance of a share, because the interval of few problems can by chance be much too narrow. Both are
// measured: of 1,772 comparisons of runs of the same recipe, whose sums were rounded otherwise, one was beyond two half widths,
// with a difference of two points (LAB.md, "Tolerances").
const (
	spread     = 2
	leastShare = 0.03
)

// Measured is a number with its 95 % interval, and the tolerance that follows from it.
func Measured(id, claim, unit string, v score.Interval) Number {
	v = Rounded(v)
	tolerance := math.Ceil(1e3*spread*max(v.Value-v.Low, v.High-v.Value)-1e-6) / 1e3
	if unit == "share" {
		tolerance = max(tolerance, leastShare)
	}
	return Number{ID: id, Value: v.Value, Low: v.Low, High: v.High, Unit: unit, Tolerance: tolerance, Claim: claim}
}

// Rounded keeps an interval to six digits, so that files read well.
func Rounded(v score.Interval) score.Interval {
	round := func(x float64) float64 { return math.Round(x*1e6) / 1e6 }
	return score.Interval{Value: round(v.Value), Low: round(v.Low), High: round(v.High), N: v.N}
}
