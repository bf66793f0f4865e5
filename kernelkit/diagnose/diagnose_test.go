package diagnose

import (
	"fmt"
	"math"
	"testing"

	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/grpo"
	"interplay/kernelkit/random"
)

// The trap that the package is for: long solutions are wrong because hard problems have long
// solutions. Within a problem length says nothing.
func TestACorrelationBetweenProblemsIsNotOneWithin(t *testing.T) {
	var records []evaluate.Record
	s := random.New(1, "test")
	for p := range 200 {
		hard := s.Float64()
		for k := range 16 {
			right := s.Float64() > hard
			x := evaluate.Record{Prompt: fmt.Sprint(p), Op: 1 + p%3, Rank: k, Strict: right, Answer: right || s.Float64() < 0.1, Tokens: 20 + int(60*hard) + s.IntN(5)}
			x.LogProb = float64(x.Tokens) * (-0.5 + 0.2*s.Float64()) // per token: no relation
			x.Process = 0.5
			x.Entropy = 1 + s.Float64()
			if right {
				x.Entropy-- // within a problem too
			}
			records = append(records, x)
		}
	}
	r := Samples(FromRecords(records))
	found := map[string]Correlation{}
	for _, c := range r.Signals {
		found[c.Signal] = c
		if c.Pooled.Low > c.Pooled.Value || c.Pooled.High < c.Pooled.Value || c.Within == nil || c.Within.Low > c.Within.Value || c.Within.High < c.Within.Value {
			t.Errorf("%s: %+v, %+v", c.Signal, c.Pooled, c.Within)
		}
	}
	if c := found[Length]; c.Pooled.Value > -0.4 || math.Abs(c.Within.Value) > 0.06 || c.Within.Low > 0 || c.Within.High < 0 {
		t.Errorf("length: pooled %v, within %v: expected a strong one between problems and none within", c.Pooled, *c.Within)
	}
	if c := found[Entropy]; c.Within.Value > -0.7 {
		t.Errorf("entropy: within %v", *c.Within)
	}
	if _, ok := found[Process]; ok || r.Samples != 3200 || r.Prompts != 200 {
		t.Errorf("%d samples of %d prompts; a signal that never varies is listed: %t", r.Samples, r.Prompts, ok)
	}
}

func TestOpsAreCounted(t *testing.T) {
	var records []evaluate.Record
	for p, strict := range []int{0, 4, 2} { // of four samples: a dead, a solved, a mixed problem
		for k := range 4 {
			records = append(records, evaluate.Record{Prompt: fmt.Sprint(p), Op: 5, Strict: k < strict, Answer: k < strict || p == 0 && k == 0, Tokens: 10, Rank: k})
		}
	}
	r := Samples(FromRecords(records))
	want := Op{Op: 5, Prompts: 3, Samples: 12, Strict: 0.5, Answer: 7.0 / 12, Lucky: 1.0 / 7, Dead: 1.0 / 3, Solved: 1.0 / 3}
	if len(r.Ops) != 1 || r.Ops[0] != want {
		t.Errorf("%+v, want %+v", r.Ops, want)
	}
	if len(r.Signals) != 0 {
		t.Errorf("signals without variance: %+v", r.Signals)
	}
	if r := Samples(nil); r.Samples != 0 || len(r.Ops)+len(r.Signals) != 0 {
		t.Errorf("nothing gives %+v", r)
	}
}

func TestStepsOfRLAndItsCompletions(t *testing.T) {
	var r Report
	r.AddSteps([]grpo.Metrics{{Step: 1, RewardMean: 0.2, Entropy: 0.7, Confusion: grpo.Confusion{RightRight: 3, RightWrong: 1}}})
	if len(r.Steps) != 1 || r.Steps[0].Lucky != 0.25 || r.Steps[0].Entropy != 0.7 {
		t.Errorf("%+v", r.Steps)
	}
	kept := []grpo.Sampled{{Step: 1, Problem: "a", Tokens: 2, LogProb: -1}, {Step: 2, Problem: "a", Tokens: 2, LogProb: -1}}
	if all := FromKept(kept); all[0].Prompt == all[1].Prompt || all[0].Signals[MeanLogProb] != -0.5 {
		t.Errorf("one problem under two policies is one prompt: %+v", all)
	}
}
