package random

import (
	"math"
	"testing"
)

func TestStreamIsAPureFunctionOfItsAddress(t *testing.T) {
	a, b := New(7, "corpus", 3), New(7, "corpus", 3)
	for range 100 {
		if a.Uint64() != b.Uint64() {
			t.Fatal("two streams at one address differ")
		}
	}
	seen := map[uint64]string{}
	for name, key := range map[string]uint64{
		"base": Key(7, "corpus", 3), "seed": Key(8, "corpus", 3), "purpose": Key(7, "split", 3),
		"index": Key(7, "corpus", 4), "none": Key(7, "corpus"), "two": Key(7, "corpus", 3, 0), "swapped": Key(7, "corpus", 0, 3),
	} {
		if other, ok := seen[key]; ok {
			t.Errorf("addresses %s and %s share a key", name, other)
		}
		seen[key] = name
	}
}

// The values are part of the corpus format: a change of any would change every recorded corpus.
func TestDrawsNeverChange(t *testing.T) {
	s := New(1, "test", 2)
	got := []int{s.IntN(1000), s.Between(5, 9), s.IntN(1 << 40)}
	want := []int{437, 9, 523450056953}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("draw %d is %d, want %d", i, got[i], want[i])
		}
	}
}

func TestIntNIsUniform(t *testing.T) {
	const n, draws = 7, 70000
	var count [n]int
	s := New(1, "uniform")
	for range draws {
		count[s.IntN(n)]++
	}
	chi := 0.0
	for _, c := range count {
		d := float64(c) - draws/n
		chi += d * d / (draws / n)
	}
	if chi > 22.46 { // p = 0.001 at 6 degrees of freedom
		t.Errorf("chi-square %.1f", chi)
	}
}

func TestNormHasUnitVariance(t *testing.T) {
	s := New(1, "norm")
	var sum, sq float64
	const n = 100000
	for range n {
		x := s.Norm()
		sum += x
		sq += x * x
	}
	if mean := sum / n; math.Abs(mean) > 0.015 {
		t.Errorf("mean %.4f", mean)
	}
	if v := sq / n; math.Abs(v-1) > 0.03 {
		t.Errorf("variance %.4f", v)
	}
}
