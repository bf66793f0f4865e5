package verify

import (
	"math"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
)

// group makes the attempts of one problem from texts.
func group(p *gsm.Problem, texts ...string) []Attempt {
	all := make([]Attempt, len(texts))
	for i, text := range texts {
		all[i] = Attempt{Problem: p, Text: text, Verdict: Judge(p, text), Sample: i}
	}
	for i := range all {
		all[i].Group = all[:len(all):len(all)]
	}
	return all
}

func TestConsensusPaysForStepsThatSiblingsShare(t *testing.T) {
	source, err := gsm.NewSource(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 3, Max: 3}, "A"), gsm.RL, 1)
	if err != nil {
		t.Fatal(err)
	}
	p := source.At(0)
	steps := strings.Split(p.Solution, " ; ") // three steps and the answer
	last := strings.Fields(steps[0])
	last[len(last)-1] = map[bool]string{true: "1", false: "0"}[last[len(last)-1] == "0"]
	odd := strings.Join(append([]string{strings.Join(last, " ")}, steps[1:]...), " ; ") // one step ends with another number
	short := strings.Join(steps[1:], " ; ")                                             // one step is left out
	wrong := strings.Join(steps[:3], " ; ") + " ; ans 99"
	attempts := group(p, p.Solution, p.Solution, odd, short, wrong)
	for i, c := range []struct {
		what string
		want float64
	}{
		{"the steps of most siblings", 1}, {"the same", 1}, {"one step of three differs", 0.5 + 0.5*2/3},
		{"one step of three is missing", 0.5 + 0.5*2/3}, {"a wrong answer", 0},
	} {
		got, err := Reward{Form: Consensus, Alpha: 0.5}.Pay(attempts[i])
		if err != nil || math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %g (%v), want %g", c.what, got, err, c.want)
		}
		if a, _ := (Reward{Form: StrictForm}).Pay(attempts[i]); a != oneIf(attempts[i].Verdict.Strict) {
			t.Errorf("%s: the group changes what strict pays", c.what)
		}
	}
	alone := attempts[2]
	alone.Group = nil
	if got, _ := (Reward{Form: Consensus, Alpha: 0.5}).Pay(alone); got != 1 {
		t.Errorf("judged alone a right answer gets %g, want 1", got)
	}
}

func TestAnErringJudgeMakesTheMistakesThatItIsToldTo(t *testing.T) {
	source, err := gsm.NewSource(gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 2, Max: 2}, "A"), gsm.RL, 1)
	if err != nil {
		t.Fatal(err)
	}
	r := Erring{Reward: Reward{Form: StrictForm}, Errors: JudgeErrors{FalseAccept: 0.1, FalseReject: 0.3}, Seed: 5}
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	more := r
	more.Errors.FalseAccept = 0.2
	accepted, rejected, n := 0.0, 0.0, 0.0
	for i := range uint64(500) {
		p := source.At(i)
		for _, a := range group(p, p.Solution, "ans 99", p.Solution, "ans 99") {
			n++
			paid, err := r.Pay(a)
			again, _ := r.Pay(a)
			if err != nil || paid != again {
				t.Fatalf("the same attempt gets %g and %g, %v", paid, again, err)
			}
			switch {
			case a.Verdict.Strict && paid == 0:
				rejected++
			case !a.Verdict.Strict && paid == 1:
				accepted++
				if p, _ := more.Pay(a); p != 1 {
					t.Error("what is wrongly accepted at 10 % is not at 20 %")
				}
			}
		}
	}
	if a, b := accepted/(n/2), rejected/(n/2); math.Abs(a-0.1) > 0.03 || math.Abs(b-0.3) > 0.045 {
		t.Errorf("accepts %.3f of the wrong and rejects %.3f of the right, want 0.1 and 0.3", a, b)
	}
	exact := Erring{Reward: Reward{Form: Outcome}}
	p := source.At(1)
	for _, a := range group(p, p.Solution, "ans 99") {
		want, _ := exact.Reward.Pay(a)
		if got, _ := exact.Pay(a); got != want {
			t.Errorf("a judge without errors pays %g, want %g", got, want)
		}
	}
	for _, bad := range []Erring{{Reward: Reward{Form: Process}}, {Reward: Reward{Form: StrictForm}, Errors: JudgeErrors{FalseAccept: 1}},
		{Reward: Reward{Form: StrictForm}, Errors: JudgeErrors{FalseReject: math.NaN()}}} {
		if bad.Validate() == nil {
			t.Errorf("%v is valid", bad)
		}
	}
}
