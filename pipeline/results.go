package pipeline

import (
	"math"

	"interplay/kernelkit/score"
)

// Results is a study's results.json: the numbers that it claims, for people,
// programs and the comparison in CI.
type Results struct {
	Study   string   `json:"study"`
	Profile string   `json:"profile"`
	Seed    int64    `json:"seed"`
	Results []Result `json:"results"`
}

// Result is one number with its interval. Tolerance is by how much it may differ
// on another machine: programs sum in another order there, and a sampled token
// that falls the other way changes what follows.
type Result struct {
	ID        string  `json:"id"`
	Value     float64 `json:"value"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Unit      string  `json:"unit"`
	Tolerance float64 `json:"tolerance"`
	Claim     string  `json:"claim"`
}

// Exact is a number that must be the same everywhere, such as a count.
func Exact(id, claim, unit string, value float64) Result {
	return Result{ID: id, Value: value, Low: value, High: value, Unit: unit, Claim: claim}
}

// Measured is a number with its 95 % interval and a tolerance for other machines.
// Values are kept to six digits, so that the file reads well.
func Measured(id, claim, unit string, v score.Interval, tolerance float64) Result {
	return Result{ID: id, Value: round6(v.Value), Low: round6(v.Low), High: round6(v.High), Unit: unit, Tolerance: tolerance, Claim: claim}
}

func round6(x float64) float64 { return math.Round(x*1e6) / 1e6 }
