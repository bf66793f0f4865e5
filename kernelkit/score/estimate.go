package score

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/distuv"
)

// Estimate is the value of a contrast with what its uncertainty is made of: interval,
// p-value and the number of seeds that would decide all follow from it.
type Estimate struct {
	Value   float64
	Seeds   []int64   // that counted
	BySeed  []float64 // the contrast in each of them
	Prompts int

	spread        // of one seed and one prompt
	share    bool // the contrast is a share, within [0, 1]
	variance float64
	freedom  float64 // of the variance; infinite where nothing varies
}

// spread is how much a contrast varies: the variances of what a seed, a prompt, and
// both together add to it, as estimates from a table of seeds by prompts.
type spread struct {
	ofSeeds, ofPrompts, ofBoth float64
	spare                      float64 // degrees of freedom of the prompts
}

// Exact says that nothing varies: every seed and prompt gives the same, as where two
// recipes are one, or solve nothing. Such a contrast tests nothing.
func (e *Estimate) Exact() bool { return e.variance == 0 }

// Error is the standard error.
func (e *Estimate) Error() float64 { return math.Sqrt(e.variance) }

// EstimateOf is an estimate that is known by its value, standard error and degrees of freedom.
func EstimateOf(value, standardError, freedom float64) *Estimate {
	return &Estimate{Value: value, variance: standardError * standardError, freedom: freedom}
}

// Welch is the difference a − b of estimates of two studies, with Welch's degrees of freedom
// (Biometrika 34 (1947)). Nothing is known to be in common: where both studies were tested on
// the same problems and their effects go together, the interval is wider than it need be.
func Welch(a, b *Estimate) *Estimate {
	part := func(e *Estimate) float64 { // infinite freedom: nothing
		return e.variance * e.variance / e.freedom
	}
	d := &Estimate{Value: a.Value - b.Value, variance: a.variance + b.variance, Prompts: min(a.Prompts, b.Prompts), freedom: math.Inf(1)}
	if parts := part(a) + part(b); parts > 0 {
		d.freedom = d.variance * d.variance / parts
	}
	return d
}

// student is Student's t; of infinitely many degrees of freedom it is the normal distribution.
func student(freedom float64) distuv.StudentsT {
	return distuv.StudentsT{Sigma: 1, Nu: min(freedom, 1e9)}
}

// Interval is the estimate with its bounds at a confidence level in (0, 1). See Contrast.
func (e *Estimate) Interval(level float64) Interval {
	half := 0.0
	if e.Exact() {
		half = wilson(0, e.Prompts, level).High
	} else {
		half = e.Error() * student(e.freedom).Quantile((1+level)/2)
	}
	i := Interval{e.Value, e.Value - half, e.Value + half, e.Prompts}
	if e.share {
		i.Low, i.High = math.Max(0, i.Low), math.Min(1, i.High)
	}
	return i
}

// P is the two-sided p-value of the hypothesis that the truth is `at`: the interval of
// the level 1 − P ends there (for a share before it is cut at 0 and 1).
func (e *Estimate) P(at float64) float64 {
	distance := math.Abs(e.Value - at)
	if e.Exact() { // the interval is Wilson's of 0 in n: z²/(n + z²)
		if distance >= 1 {
			return 0
		}
		return 2 * distuv.UnitNormal.Survival(math.Sqrt(float64(e.Prompts)*distance/(1-distance)))
	}
	return 2 * student(e.freedom).Survival(distance/e.Error())
}

// Above is the one-sided p-value against the hypothesis that the truth is at most `at`:
// small where it is larger.
func (e *Estimate) Above(at float64) float64 {
	if e.Value > at {
		return e.P(at) / 2
	}
	return 1 - e.P(at)/2
}

// Below is the one-sided p-value against the hypothesis that the truth is at least `at`.
func (e *Estimate) Below(at float64) float64 {
	if e.Value < at {
		return e.P(at) / 2
	}
	return 1 - e.P(at)/2
}

// with are the variance of the contrast and its degrees of freedom, had it as many seeds
// and prompts.
func (s spread) with(seeds, prompts float64) (variance, freedom float64) {
	bySeeds := s.ofSeeds/seeds + s.ofBoth/(seeds*prompts) // the mean square of seeds
	byPrompts := s.ofPrompts / prompts
	variance = bySeeds + byPrompts
	if bySeeds == 0 {
		return variance, math.Inf(1)
	}
	return variance, variance * variance / (bySeeds * bySeeds / (seeds - 1))
}

// most is the largest number of seeds that SeedsFor looks at.
const most = 1000

// SeedsFor is how many seeds, on as many prompts, an effect as large as the one that was
// found needs to be told from `at`, two-sided at the level and with the power, such as .95
// and .8; 0 where no number of seeds up to 1,000 does: More tells whether more prompts would
// help, or the effect is `at`. It is a forecast from the spread seen so far: of few seeds it
// is rough.
func (e *Estimate) SeedsFor(at, level, power float64) int {
	distance := math.Abs(e.Value - at)
	if e.Exact() || distance < rounding {
		return 0
	}
	normal := distuv.UnitNormal
	least := (1 - 1e-6) * (normal.Quantile((1+level)/2) + normal.Quantile(power)) // of a test's reach: Student's t reaches farther
	for n := 2; n <= most; n++ {
		variance, freedom := e.with(float64(n), float64(e.Prompts))
		if distance < least*math.Sqrt(variance) { // most n end here, without t's quantiles, which take long
			continue
		}
		if detects(distance, variance, freedom, level, power) {
			return n
		}
	}
	return 0
}

// More is what tells an effect from a threshold where seeds alone do not, because the prompts'
// own spread is too large: more prompts. Zero: no number up to 1,000 times as many does.
type More struct {
	Least float64 // times as many prompts, however many seeds; 1: more seeds than 1,000 would do on as many
	Seeds int     // that do with twice Least
}

// MoreFor is what an effect needs for which SeedsFor finds no number of seeds.
func (e *Estimate) MoreFor(at, level, power float64) More {
	distance := math.Abs(e.Value - at)
	if e.Exact() || distance < rounding {
		return More{}
	}
	reach := distuv.UnitNormal.Quantile((1+level)/2) + distuv.UnitNormal.Quantile(power)
	least := max(1, e.ofPrompts*reach*reach/(float64(e.Prompts)*distance*distance)) // what is left of the variance without end of seeds
	if least > most {
		return More{}
	}
	twice := *e
	twice.Prompts = int(math.Ceil(2 * least * float64(e.Prompts)))
	if seeds := twice.SeedsFor(at, level, power); seeds > 0 {
		return More{least, seeds}
	}
	return More{}
}

// detects says whether a test finds a distance with the power; the noncentral t is taken for
// Student's, shifted.
func detects(distance, variance, freedom, level, power float64) bool {
	t := student(freedom)
	reach := t.Quantile((1+level)/2) + t.Quantile(power)
	return distance >= reach*math.Sqrt(variance)
}

// bySeeds are the contrast's values in the seeds of a table.
func (x *crossed) bySeeds(value float64) []float64 {
	all := make([]float64, len(x.cells))
	for s, row := range x.cells {
		all[s] = value + floats.Sum(row)/float64(len(row))
	}
	return all
}
