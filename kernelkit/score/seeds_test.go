package score

import (
	"errors"
	"fmt"
	"math"
	"testing"
)

// solved makes n prompts of an op with 8 samples, of which right(i) are strict.
func solved(op, n int, right func(i int) int) []Prompt {
	var all []Prompt
	for i := range n {
		c := right(i)
		all = append(all, Prompt{ID: fmt.Sprintf("%d-%d", op, i), Op: op, N: 8, Strict: c, Answer: min(8, c+2)})
	}
	return all
}

func always(c int) func(int) int { return func(int) int { return c } }

func passGain(before, after Seeds) []Term {
	return []Term{{1, after, Pass(1, Strict, Unbiased)}, {-1, before, Pass(1, Strict, Unbiased)}}
}

func TestAContrastOfARecipeWithItselfIsZero(t *testing.T) {
	a := Seeds{1: solved(3, 40, func(i int) int { return i % 9 }), 2: solved(3, 40, func(i int) int { return i % 5 })}
	v, seeds, err := Contrast(passGain(a, a), DefaultBootstrap())
	if err != nil {
		t.Fatal(err)
	}
	if v.Value != 0 || v.Low >= 0 || v.High <= 0 || len(seeds) != 2 || v.N != 40 {
		t.Errorf("%v over seeds %v, want 0 with a width over 40 prompts and two seeds", v, seeds)
	}
}

func TestSeedsThatDisagreeWidenTheInterval(t *testing.T) {
	mixed := func(i int) int { return i % 9 }
	before := Seeds{}
	agree, disagree := Seeds{}, Seeds{}
	for seed := range int64(3) {
		before[seed] = solved(3, 60, always(0))
		agree[seed] = solved(3, 60, mixed)
		disagree[seed] = solved(3, 60, always(int(4*seed))) // pass@1 0, .5, 1: mean .5
	}
	narrow, _, err := Contrast(passGain(before, agree), DefaultBootstrap())
	if err != nil {
		t.Fatal(err)
	}
	wide, _, err := Contrast(passGain(before, disagree), DefaultBootstrap())
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(wide.Value-0.5) > 1e-12 || wide.High-wide.Low < 2*(narrow.High-narrow.Low) {
		t.Errorf("seeds that agree: %v; seeds that disagree: %v", narrow, wide)
	}
}

// The mean of three seeds with values 0, ½ and 1 has the standard error s/√3 = .289.
// A draw of two of three seeds has just that spread.
func TestAFewSeedsHaveAnUnbiasedSpread(t *testing.T) {
	a := Seeds{1: solved(3, 1, always(0)), 2: solved(3, 1, always(4)), 3: solved(3, 1, always(8))}
	x, err := cross([]Term{{1, a, Pass(1, Strict, Unbiased)}})
	if err != nil {
		t.Fatal(err)
	}
	sum, squares := 0.0, 0.0
	n := 0.0
	for i := range 3 {
		for j := range 3 {
			by := []float64{0, 0, 0}
			by[i]++
			by[j]++
			v, _ := x.value(by, []float64{1})
			sum, squares, n = sum+v, squares+v*v, n+1
		}
	}
	if se := math.Sqrt(squares/n - sum*sum/n/n); math.Abs(se-0.5/math.Sqrt(3)) > 1e-12 {
		t.Errorf("standard error %.4f, want %.4f", se, 0.5/math.Sqrt(3))
	}
}

func TestASeedThatOneRecipeLacksIsLeftOut(t *testing.T) {
	full := Seeds{1: solved(3, 20, always(2)), 2: solved(3, 20, always(8))}
	part := Seeds{1: solved(3, 20, always(4))}
	v, seeds, err := Contrast(passGain(full, part), DefaultBootstrap())
	if err != nil || len(seeds) != 1 || seeds[0] != 1 || math.Abs(v.Value-0.25) > 1e-12 {
		t.Errorf("%v over seeds %v (%v), want 0.25 over seed 1", v, seeds, err)
	}
	if _, _, err := Contrast(passGain(full, Seeds{}), DefaultBootstrap()); !errors.Is(err, ErrNoData) {
		t.Errorf("no seed in common gives %v", err)
	}
}

func TestLuckyShareIsARatioOfSums(t *testing.T) {
	a := Seeds{1: append(solved(3, 10, always(2)), solved(4, 10, always(6))...)} // 4 and 8 right answers, 2 of each lucky
	v, _, err := Contrast([]Term{{1, a, LuckyShare}}, DefaultBootstrap())
	if err != nil || math.Abs(v.Value-40.0/120) > 1e-12 {
		t.Errorf("%v (%v), want 1/3", v, err)
	}
	none := Seeds{1: {{ID: "x", Op: 3, N: 8}}}
	if _, _, err := Contrast([]Term{{1, none, LuckyShare}}, DefaultBootstrap()); !errors.Is(err, ErrNoData) {
		t.Errorf("no right answers give %v", err)
	}
}
