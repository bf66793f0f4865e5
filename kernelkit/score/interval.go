package score

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Confidence is the level of the intervals in tables and figures.
const Confidence = 0.95

// Interval is an estimate with the bounds of its confidence interval and the
// number of prompts that it rests on. The interval of a
// difference is in the unit of what was subtracted and may be negative.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	N     int     `json:"n"`
}

// String writes the estimate and its bounds with three decimals.
func (i Interval) String() string { return fmt.Sprintf("%.3f [%.3f, %.3f]", i.Value, i.Low, i.High) }

// wilson is the score interval of a share of independent trials at a confidence level, which
// stays within [0, 1] and keeps a width when nothing or everything succeeded. E. B. Wilson,
// Probable inference, the law of succession, and statistical inference, JASA 22 (1927);
// recommended for small n by Brown, Cai and DasGupta, Statistical Science 16 (2001).
func wilson(share float64, trials int, level float64) Interval {
	z := distuv.UnitNormal.Quantile((1 + level) / 2)
	n := float64(trials)
	centre := (share + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	// At 0 and 1 one bound is the share itself; rounding must not put it outside.
	return Interval{share, math.Max(0, math.Min(share, centre-half)), math.Min(1, math.Max(share, centre+half)), trials}
}

func checkLevel(level float64) error {
	if !(level > 0 && level < 1) {
		return fmt.Errorf("score: confidence level %v, want a number between 0 and 1, such as 0.95", level)
	}
	return nil
}
