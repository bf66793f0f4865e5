package score

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"interplay/kernelkit/random"
)

// sharpened is a population of recipes: a base whose prompts have many chances of success,
// and one that RL made surer: what it could do it does more often, what it hardly could it
// does less often. Seeds shift both, and each a little on its own.
type sharpened struct{ prompts, samples, seeds int }

const (
	easiest, spreadOfPrompts = -2.0, 1.6 // log-odds of the base
	gainOf, losing           = 0.35, 0.55
)

// chances are the success probabilities of a prompt and a seed, before and after.
func chances(prompt, seed, own float64) (before, after float64) {
	x := easiest + spreadOfPrompts*prompt + 0.4*seed
	odds := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	return odds(x), odds(easiest + gainOf + (1+losing)*(x-easiest) + 0.15*own)
}

// truth is the k at which the curves of the population cross.
func (s sharpened) truth() float64 {
	const n = 20_000
	difference := func(k float64) (sum float64) {
		draw := random.New(1, "crossing/truth")
		for range n {
			before, after := chances(draw.Norm(), draw.Norm(), draw.Norm())
			sum += math.Pow(1-before, k) - math.Pow(1-after, k)
		}
		return sum / n
	}
	low, high := 1.0, float64(s.samples)
	for range 12 {
		if mid := math.Sqrt(low * high); difference(mid) > 0 {
			low = mid
		} else {
			high = mid
		}
	}
	return math.Sqrt(low * high)
}

// drawn is a study of the population.
func (s sharpened) drawn(study int) (before, after Seeds) {
	draw := random.New(int64(study), "crossing/study")
	prompts := make([]float64, s.prompts)
	for i := range prompts {
		prompts[i] = draw.Norm()
	}
	before, after = Seeds{}, Seeds{}
	for seed := range int64(s.seeds) {
		shift, own := draw.Norm(), draw.Norm()
		for i, x := range prompts {
			b, a := chances(x, shift, own)
			one := Prompt{ID: fmt.Sprint(i), Op: 5, N: s.samples}
			two := one
			for range s.samples {
				if draw.Float64() < b {
					one.Strict++
				}
				if draw.Float64() < a {
					two.Strict++
				}
			}
			before[seed], after[seed] = append(before[seed], one), append(after[seed], two)
		}
	}
	return before, after
}

// bootstrapped is the interval of percentiles of the crossing when seeds and then prompts are
// drawn with replacement, which Cross does not use.
func (s sharpened) bootstrapped(t *testing.T, before, after Seeds, ks []int, study int) (low, high float64) {
	gains := make([][][]float64, s.seeds) // [seed][k][prompt]
	for seed := range gains {
		for _, k := range ks {
			row := make([]float64, s.prompts)
			for i := range row {
				a, errA := after[int64(seed)][i].PassAtK(k, Strict, Unbiased)
				b, errB := before[int64(seed)][i].PassAtK(k, Strict, Unbiased)
				if errA != nil || errB != nil {
					t.Fatal(errA, errB)
				}
				row[i] = a - b
			}
			gains[seed] = append(gains[seed], row)
		}
	}
	draw := random.New(int64(study), "crossing/bootstrap")
	var all []float64
	for range 200 {
		curve := make([]float64, len(ks))
		for range s.seeds {
			of := gains[draw.IntN(s.seeds)]
			for range s.prompts {
				i := draw.IntN(s.prompts)
				for k := range ks {
					curve[k] += of[k][i]
				}
			}
		}
		c := &Crossing{Ks: ks}
		at := c.firstBelow(curve, 0)
		if at == 0 {
			at = math.Inf(1)
		}
		all = append(all, at)
	}
	slices.Sort(all)
	return all[5], all[194]
}

// The interval of the k at which curves cross holds the k of the population as often as it
// says, with a handful of seeds; percentiles of resampled seeds and prompts do not.
func TestWhereCurvesCross(t *testing.T) {
	const studies = 60
	const seeds = 4
	s := sharpened{prompts: 96, samples: 64, seeds: seeds}
	truth := s.truth()
	held, bootstrap, crossed := 0, 0, 0
	for study := range studies {
		before, after := s.drawn(study)
		c, err := Cross(after, before, s.samples, Confidence, 0.8)
		if err != nil {
			t.Fatal(err)
		}
		if c.Low <= truth && (c.High == 0 || truth <= c.High) {
			held++
		}
		if low, high := s.bootstrapped(t, before, after, c.Ks, study); low <= truth && truth <= high {
			bootstrap++
		}
		if c.Outcome == Crosses {
			crossed++
		}
		if c.Outcome == Apart {
			t.Errorf("study %d of curves that cross at %.1f says they stay apart", study, truth)
		}
	}
	t.Logf("%d seeds: curves that cross at k = %.1f; the interval holds it in %.3f, a bootstrap's in %.3f; decided in %.3f",
		seeds, truth, float64(held)/studies, float64(bootstrap)/studies, float64(crossed)/studies)
	if share := float64(held) / studies; share < 0.9 || share < float64(bootstrap)/studies {
		t.Errorf("%d seeds: %.3f of the intervals hold the crossing (bootstrap %.3f)", seeds, share, float64(bootstrap)/studies)
	}
}

func TestCurvesThatDoNotCross(t *testing.T) {
	s := sharpened{prompts: 64, samples: 16, seeds: 5}
	before, after := s.drawn(1)
	same, err := Cross(before, before, 16, Confidence, 0.8)
	if err != nil || same.Outcome != Undecided || same.K != 0 || same.High != 0 {
		t.Errorf("one curve twice: %+v, %v", same, err)
	}
	better := Seeds{} // solves two more of sixteen everywhere
	for seed, prompts := range before {
		for _, p := range prompts {
			p.Strict = min(p.N, p.Strict+2)
			better[seed] = append(better[seed], p)
		}
	}
	for _, pair := range [][2]Seeds{{better, before}, {before, better}} {
		c, err := Cross(pair[0], pair[1], 8, Confidence, 0.8)
		if err != nil || c.Outcome != Apart || c.K != 0 || c.P >= 0.05 || c.Decides < 2 || c.Decides > 5 {
			t.Errorf("a curve above another: %+v, %v", c, err)
		}
	}
	if _, err := Cross(after, before, 32, Confidence, 0.8); err == nil {
		t.Error("k of 32 with 16 samples is accepted")
	}
	if got := CurveKs(128); !slices.Equal(got, []int{1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128}) {
		t.Errorf("%v", got)
	}
}

// A crossing needs what the one of its differences needs that needs most.
func TestTheForecastOfACrossingIsThatOfItsHardestPart(t *testing.T) {
	few := &Estimate{Value: 0.3, Prompts: 64, variance: 1, spread: spread{ofSeeds: 0.002, ofPrompts: 0.1}}
	wide := &Estimate{Value: 0.02, Prompts: 64, variance: 1, spread: spread{ofPrompts: 0.1}}
	wider := &Estimate{Value: -0.01, Prompts: 64, variance: 1, spread: spread{ofPrompts: 0.1}}
	zero := &Estimate{Prompts: 64, variance: 1, spread: spread{ofPrompts: 0.1}}
	if few.SeedsFor(0, Confidence, 0.8) == 0 || wide.SeedsFor(0, Confidence, 0.8) != 0 {
		t.Fatal("the parts are not what their names say")
	}
	for name, x := range map[string]struct {
		must    []*Estimate
		decides int
		more    More
	}{
		"seeds do":     {[]*Estimate{few}, few.SeedsFor(0, Confidence, 0.8), More{}},
		"prompts do":   {[]*Estimate{few, wider, wide}, 0, wider.MoreFor(0, Confidence, 0.8)},
		"nothing does": {[]*Estimate{wide, zero, few}, 0, More{}},
	} {
		var c Crossing
		if c.forecast(x.must, Confidence, 0.8); c.Decides != x.decides || c.More != x.more {
			t.Errorf("%s: %d seeds and %+v, want %d and %+v", name, c.Decides, c.More, x.decides, x.more)
		}
	}
}
