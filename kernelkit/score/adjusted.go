package score

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Adjusted is an effect at a typical base: the contrast's value in each seed on a straight
// line over what that seed's base can do, taken at the median base (analysis of covariance).
// Where the base explains the effect, its interval is the narrower for it; it says what
// happens to a base like the median one, not to one that is drawn anew.
type Adjusted struct {
	Interval           // at the median base
	At         float64 // the median base
	Slope      float64 // change of the effect for each unit of the base
	Correlated float64 // of the effects with the bases
	Freedom    float64 // degrees of freedom of the interval
}

// Adjust fits the line over base, by seed. The variance is that of the line at the median
// (residual mean square with two degrees of freedom less than seeds) plus that of the
// prompts; the degrees of freedom are Satterthwaite's. ErrNoData with fewer than four
// seeds, with bases that do not differ, or where the contrast does not vary.
func (e *Estimate) Adjust(base map[int64]float64, level float64) (*Adjusted, error) {
	var x []float64
	for _, seed := range e.Seeds {
		v, ok := base[seed]
		if !ok {
			return nil, fmt.Errorf("%w: seed %d has no base", ErrNoData, seed)
		}
		x = append(x, v)
	}
	n := float64(len(x))
	if n < 4 || e.Exact() || slices.Max(x)-slices.Min(x) < rounding {
		return nil, fmt.Errorf("%w: an adjustment needs four seeds whose bases and effects differ", ErrNoData)
	}
	intercept, slope := stat.LinearRegression(x, e.BySeed, nil, false)
	sorted := slices.Sorted(slices.Values(x))
	a := &Adjusted{At: quantile(sorted, 0.5), Slope: slope, Correlated: stat.Correlation(x, e.BySeed, nil)}
	residual, mean, spread := 0.0, stat.Mean(x, nil), 0.0
	for i := range x {
		d := e.BySeed[i] - intercept - slope*x[i]
		residual += d * d / (n - 2)
		spread += (x[i] - mean) * (x[i] - mean)
	}
	ofLine := residual * (1/n + (a.At-mean)*(a.At-mean)/spread)
	ofPrompts := e.ofPrompts / float64(e.Prompts)
	variance := ofLine + ofPrompts
	if variance < rounding*rounding {
		return nil, fmt.Errorf("%w: the effects lie on a line without error", ErrNoData)
	}
	a.Freedom = variance * variance / (ofLine*ofLine/(n-2) + ofPrompts*ofPrompts/max(1, e.spare))
	half := math.Sqrt(variance) * student(a.Freedom).Quantile((1+level)/2)
	value := intercept + slope*a.At
	a.Interval = Interval{value, value - half, value + half, e.Prompts}
	return a, nil
}
