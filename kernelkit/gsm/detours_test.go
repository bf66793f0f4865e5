package gsm_test

import (
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify"
)

// A solution with detours is strictly right, keeps the steps of the path in their order, and
// ends with the question; the problem is the one that is told without them.
func TestDetoursAreRightStepsThatTheQuestionDoesNotNeed(t *testing.T) {
	source := func(detours float64) *gsm.Source {
		spec := gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 8}, "A", "B")
		spec.Detours = detours
		s, err := gsm.NewSource(spec, gsm.Train, 3)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	plain, always := source(0), source(1)
	extra, longer := 0, map[int]bool{}
	for i := range uint64(2000) {
		want, p := plain.At(i), always.At(i)
		if p.Problem != want.Problem || p.Question != want.Question || p.Answer != want.Answer {
			t.Fatalf("problem %d: %s %s, want %s %s", i, p.Problem, p.Question, want.Problem, want.Question)
		}
		v := verify.Judge(p, p.Solution)
		if !v.Strict {
			t.Fatalf("problem %d: %s %s\n%s\nis not strictly right: %+v", i, p.Problem, p.Question, p.Solution, v)
		}
		steps, path := strings.Split(p.Solution, " ; "), strings.Split(want.Solution, " ; ")
		left := path
		for _, step := range steps {
			if len(left) > 0 && step == left[0] {
				left = left[1:]
			}
		}
		if len(left) > 0 || steps[len(steps)-1] != path[len(path)-1] || len(steps) != len(path)+v.Extra {
			t.Fatalf("problem %d: %s\nis not, with %d more steps, %s", i, p.Solution, v.Extra, want.Solution)
		}
		if p.Op > 0 && steps[len(steps)-2] != path[len(path)-2] {
			t.Fatalf("problem %d: %s\ngoes on after the question's step", i, p.Solution)
		}
		extra += v.Extra
		longer[len(steps)-1-p.Op] = true
	}
	if extra < 1000 || !longer[0] || !longer[2] {
		t.Errorf("%d steps more in 2,000 solutions, by %v", extra, longer)
	}
}
