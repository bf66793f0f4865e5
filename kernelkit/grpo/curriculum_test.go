package grpo

import (
	"math"
	"testing"

	"interplay/kernelkit/gsm"
)

func curriculum(t *testing.T) *Curriculum {
	source, err := gsm.NewSource(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 1, Max: 5}, "A", "B"), gsm.RL, 1)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewCurriculum(source, 400, 8)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// measured is a step in which op k had the given pass rates out of 100 samples.
func measured(rates ...float64) Metrics {
	m := Metrics{ByOp: map[int]Count{}}
	for i, r := range rates {
		m.ByOp[i+1] = Count{Samples: 100, Strict: int(100 * r)}
	}
	return m
}

func TestCurriculumGoesWhereGroupsVary(t *testing.T) {
	c := curriculum(t)
	if _, even := c.Shares(nil); math.Abs(even[0]-0.2) > 1e-12 || math.Abs(even[4]-0.2) > 1e-12 {
		t.Errorf("without measurements the shares are %v, want even ones", even)
	}
	_, s := c.Shares([]Metrics{measured(1, 0.98, 0.5, 0.02, 0)})
	if !(s[2] > s[1] && s[1] > s[0] && s[2] > s[3] && s[3] > s[4]) || s[0] < 0.1/5 {
		t.Errorf("shares %v: want the most where half succeeds, and a floor of .02", s)
	}
	// The policy improves: the weight moves up.
	past := []Metrics{measured(1, 1, 0.5, 0, 0)}
	for range 30 {
		past = append(past, measured(1, 1, 1, 0.5, 0))
	}
	if _, later := c.Shares(past); later[3] < 0.5 || later[2] > 0.25 {
		t.Errorf("after 30 steps the shares are %v, want most at op 4", later)
	}
}

func TestCurriculumIsAFunctionOfStepAndPast(t *testing.T) {
	c := curriculum(t)
	past := []Metrics{measured(1, 1, 0.5, 0, 0)}
	a, err := c.Problems(1, past)
	if err != nil {
		t.Fatal(err)
	}
	b, err := curriculum(t).Problems(1, past)
	if err != nil {
		t.Fatal(err)
	}
	ids, ops, contexts := map[string]bool{}, map[int]int{}, map[string]int{}
	for i := range a {
		if a[i].ID != b[i].ID || a[i].Prompt() != b[i].Prompt() {
			t.Fatalf("problem %d differs between two calls", i)
		}
		ids[a[i].ID+a[i].Context] = true
		ops[a[i].Op]++
		contexts[a[i].Context]++
	}
	_, shares := c.Shares(past)
	for op, n := range ops {
		want := 400 * shares[op-1]
		if math.Abs(float64(n)-want) > 5*math.Sqrt(want)+1 {
			t.Errorf("op %d has %d problems, want about %.0f", op, n, want)
		}
	}
	if len(ids) != len(a) || math.Abs(float64(contexts["A"]-200)) > 60 {
		t.Errorf("%d distinct problems of %d, %v", len(ids), len(a), contexts)
	}
	next, err := c.Problems(2, past)
	if err != nil || next[0].ID == a[0].ID {
		t.Errorf("step 2 begins with the same problem as step 1 (%v)", err)
	}
}
