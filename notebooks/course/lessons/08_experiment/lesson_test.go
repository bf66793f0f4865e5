package experiment

import (
	"math"
	"os"
	"strings"
	"testing"

	"interplay/kernelkit/lesson"
)

func checkVerdict(t lesson.T, verdict func(low, high float64, r rule) string) {
	defer lesson.Done(t, "verdicts that look at the whole interval")
	for _, c := range []struct {
		low, high float64
		r         rule
		want, say string
	}{
		{2, 6, rule{"above", 0}, "agrees", ""},
		{-1, 6, rule{"above", 0}, "undecided", "the interval reaches below the threshold: its middle decides nothing"},
		{-6, -2, rule{"above", 0}, "contradicted", "the whole interval lies on the other side: that is more than undecided"},
		{2, 6, rule{"above", 3}, "undecided", "the threshold is 3, not 0"},
		{-6, -2, rule{"below", 0}, "agrees", "below looks at the upper end"},
		{1, 2, rule{"below", 0}, "contradicted", "the whole interval lies above the threshold"},
		{-2, 3, rule{"within", 5}, "agrees", "all of it lies between −5 and 5"},
		{-2, 3, rule{"within", 1}, "undecided", "an interval that is wider than the rule allows decides nothing"},
		{2, 3, rule{"within", 1}, "contradicted", "all of it lies above 1"},
		{-3, -2, rule{"within", 1}, "contradicted", "all of it lies below −1: within has two sides"},
		{-8, 3, rule{"within", 5}, "undecided", "it reaches below −5: within has two sides"},
	} {
		if got := verdict(c.low, c.high, c.r); got != c.want {
			t.Fatalf("✗ the interval %g to %g under the rule %q %g is %q, expected %q: %s", c.low, c.high, c.r.direction, c.r.x, got, c.want, c.say)
		}
	}
}

func TestVerdict(t *testing.T) { checkVerdict(t, verdict) }

func checkSeedInterval(t lesson.T, interval func([]float64) (mean, low, high float64)) {
	defer lesson.Done(t, "an interval that knows how few seeds there are")
	mean, low, high := interval([]float64{1, 2, 6})
	lesson.Near(t, "the mean of the differences 1, 2, 6", mean, 3, 1e-9)
	if lesson.Near(t, "half the width of its interval", (high-low)/2, 6.5730, 1e-3,
		lesson.Mistake{Gives: 2.9939, Say: "this is 1.96 standard errors: with three seeds the factor is student[3]"},
		lesson.Mistake{Gives: 5.3668, Say: "the sum of squares is divided by n: divide by n − 1"},
		lesson.Mistake{Gives: 11.3847, Say: "this is not divided by √n: the mean of three moves less than one of them"},
		lesson.Mistake{Gives: 4.8606, Say: "this is student[4]: the table is by the number of seeds"},
		lesson.Mistake{Gives: 19.4087, Say: "this is student[2]: the table is by the number of seeds, n − 1 is already in it"},
		lesson.Mistake{Gives: 1.5275, Say: "this is one standard error: multiply by student[3]"}) {
		lesson.Near(t, "the lower end", low, 3-6.5730, 1e-3)
	}
}

func TestSeedInterval(t *testing.T) { checkSeedInterval(t, seedInterval) }

func checkPower(t lesson.T, power func(seeds int, effect, spread float64) float64) {
	defer lesson.Done(t, "the chance to find what is there, and what is not")
	lesson.Near(t, "the power of 5 seeds for an effect of 4 with spread 3", power(5, 4, 3), 0.614, 0.03,
		lesson.Mistake{Gives: 1, Say: "every experiment counts as a find: count those whose low is above 0, not the mean"},
		lesson.Mistake{Gives: 614, Say: "this is a count: divide by 1,000"},
		lesson.Mistake{Gives: 0.386, Say: "these are the experiments that found nothing"},
		lesson.Mistake{Gives: 0, Say: "no experiment found anything: is each one pretended with its own number?"})
	if t.Failed() {
		return
	}
	lesson.Near(t, "the power of 5 seeds where nothing is there", power(5, 0, 3), 0.037, 0.012,
		lesson.Mistake{Gives: 0.063, Say: "intervals below 0 are counted as well: the claim is that the effect is above 0"},
		lesson.Mistake{Gives: 0.5, Say: "the mean is above 0 half of the time: count those whose low is"})
	lesson.Near(t, "the power of 2 seeds for an effect of 4 with spread 3", power(2, 4, 3), 0.13, 0.04)
}

func TestPower(t *testing.T) { checkPower(t, power) }

func checkSeedsFor(t lesson.T, seedsFor func(effect, spread, wanted float64) int) {
	defer lesson.Done(t, "as many seeds as it takes, and a plain no where they cannot be afforded")
	for _, c := range []struct {
		effect, spread, wanted float64
		want                   int
	}{{10, 3, 0.95, 4}, {4, 3, 0.8, 7}, {6, 3, 0.8, 5}, {1, 3, 0.8, 0}} {
		got := seedsFor(c.effect, c.spread, c.wanted)
		switch {
		case got == c.want:
		case c.want == 0 && got > 0:
			t.Fatalf("✗ an effect of %g with spread %g needs more than 12 seeds for a power of %g: expected 0, got %d", c.effect, c.spread, c.wanted, got)
		case got == c.want-1:
			t.Fatalf("✗ %d seeds for an effect of %g with spread %g: their power is still below %g; expected %d", got, c.effect, c.spread, c.wanted, c.want)
		case got > c.want:
			t.Fatalf("✗ %d seeds for an effect of %g with spread %g: %d do, return the first number whose power is enough", got, c.effect, c.spread, c.want)
		default:
			t.Fatalf("✗ %d seeds for an effect of %g with spread %g and power %g, expected %d: begin with 2 seeds, and compare the power with wanted", got, c.effect, c.spread, c.wanted, c.want)
		}
	}
}

func TestSeedsFor(t *testing.T) { checkSeedsFor(t, seedsFor) }

// What follows is not in the notebooks: the cells run, and plausible mistakes are told what is wrong.

// The study itself takes minutes: COURSE_STUDY=1 runs it too. The notebook is executed with it.
func TestCellsRun(t *testing.T) {
	cells := []func(){RunPowerTable, RunPeeking, RunSpread, RunPlan}
	if os.Getenv("COURSE_STUDY") != "" {
		cells = append(cells, RunStudy)
	}
	for _, cell := range cells {
		cell()
	}
}

// moments is an interval with another divisor, factor and root than the right ones.
func moments(x []float64, divisor, factor, root float64) (mean, low, high float64) {
	n, squares := float64(len(x)), 0.0
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	half := factor * math.Sqrt(squares/divisor) / root
	return mean, mean - half, mean + half
}

func TestPlausibleMistakesAreTold(t *testing.T) {
	root3 := math.Sqrt(3)
	counted := func(find func(mean, low, high float64) bool) func(int, float64, float64) float64 {
		return func(seeds int, effect, spread float64) float64 {
			n := 0.0
			for number := range uint64(1000) {
				if find(seedInterval(pretend(seeds, effect, spread, number))) {
					n++
				}
			}
			return n / 1000
		}
	}
	for _, wrong := range []struct {
		name, told string
		check      func(lesson.T)
	}{
		{"looks at the middle", "its middle decides nothing", func(t lesson.T) {
			checkVerdict(t, func(low, high float64, r rule) string {
				if (low+high)/2 > r.x {
					return "agrees"
				}
				return "contradicted"
			})
		}},
		{"never contradicted", "more than undecided", func(t lesson.T) {
			checkVerdict(t, func(low, high float64, r rule) string {
				if v := verdict(low, high, r); v == "agrees" {
					return v
				}
				return "undecided"
			})
		}},
		{"threshold 0 always", "the threshold is 3", func(t lesson.T) {
			checkVerdict(t, func(low, high float64, r rule) string { return verdict(low, high, rule{r.direction, 0}) })
		}},
		{"within on one side", "within has two sides", func(t lesson.T) {
			checkVerdict(t, func(low, high float64, r rule) string {
				if r.direction == "within" {
					return verdict(low, high, rule{"below", r.x})
				}
				return verdict(low, high, r)
			})
		}},
		{"1.96", "1.96 standard errors", func(t lesson.T) {
			checkSeedInterval(t, func(x []float64) (float64, float64, float64) { return moments(x, 2, 1.96, root3) })
		}},
		{"divided by n", "divide by n − 1", func(t lesson.T) {
			checkSeedInterval(t, func(x []float64) (float64, float64, float64) { return moments(x, 3, student[3], root3) })
		}},
		{"no root of n", "not divided by √n", func(t lesson.T) {
			checkSeedInterval(t, func(x []float64) (float64, float64, float64) { return moments(x, 2, student[3], 1) })
		}},
		{"wrong row of the table", "already in it", func(t lesson.T) {
			checkSeedInterval(t, func(x []float64) (float64, float64, float64) { return moments(x, 2, student[2], root3) })
		}},
		{"count", "this is a count", func(t lesson.T) {
			checkPower(t, func(n int, effect, spread float64) float64 { return 1000 * power(n, effect, spread) })
		}},
		{"means above 0", "low is above 0", func(t lesson.T) {
			checkPower(t, counted(func(mean, _, _ float64) bool { return mean > 0 }))
		}},
		{"what found nothing", "found nothing", func(t lesson.T) {
			checkPower(t, counted(func(_, low, _ float64) bool { return low <= 0 }))
		}},
		{"both sides", "intervals below 0 are counted", func(t lesson.T) {
			checkPower(t, counted(func(_, low, high float64) bool { return low > 0 || high < 0 }))
		}},
		{"one too few", "still below", func(t lesson.T) {
			checkSeedsFor(t, func(e, s, w float64) int { return seedsFor(e, s, w) - 1 })
		}},
		{"one too many", "return the first number", func(t lesson.T) {
			checkSeedsFor(t, func(e, s, w float64) int { return seedsFor(e, s, w) + 1 })
		}},
		{"no honest no", "expected 0", func(t lesson.T) {
			checkSeedsFor(t, func(e, s, w float64) int {
				if n := seedsFor(e, s, w); n > 0 {
					return n
				}
				return 12
			})
		}},
	} {
		passed, told := lesson.Run(wrong.check)
		if passed || !strings.Contains(told, wrong.told) {
			t.Errorf("%s: passed %t, expected to be told %q, was told:\n%s", wrong.name, passed, wrong.told, told)
		}
	}
}
