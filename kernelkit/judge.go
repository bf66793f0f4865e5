package kernelkit

import (
	"fmt"
	"strings"

	"interplay/kernelkit/random"
	"interplay/kernelkit/verify"
	"interplay/kernelkit/verify/mutate"
)

// Solution is a text that answers a problem, and what is known of how it was made.
type Solution struct {
	Label string
	Text  string
}

// Gold is the problem's own solution, as a perfect model would write it.
func (p Problem) Gold() Solution { return Solution{"the right solution", p.Response()} }

// Corrupted is a solution that is wrong in the given way.
func (p Problem) Corrupted(how mutate.Corruption) Solution {
	for i := range uint64(1000) {
		if text, ok := mutate.CorruptWith(p.Problem, random.New(0, "corrupted/"+p.ID, i), how); ok {
			return Solution{how.String(), text}
		}
	}
	fail(fmt.Errorf("problem %s has no place for %q: choose another problem or corruption", p.ID, how))
	return Solution{}
}

// Varied is a solution that is right, in other words than the gold one.
func (p Problem) Varied(i uint64) Solution {
	text, how := mutate.VaryWith(p.Problem, random.New(0, "varied/"+p.ID, i), mutate.Wordings)
	return Solution{"right, in other words (" + how.String() + ")", text}
}

// Ways of being wrong that the notebooks show.
const (
	LuckyAnswer   = mutate.OnlyAnswer         // the right answer by luck, no steps
	WrongOperator = mutate.EqualOperator      // another operator of equal value
	WrongNumbers  = mutate.WrongNumbers       // numbers that are not those of the variables
	BrokenStep    = mutate.WrongResult        // a false equation
	OtherOperator = mutate.OtherOperator      // another operator, then consistent arithmetic
	SwappedTerms  = mutate.SwappedSubtraction // b − a for a − b
	BrokenOff     = mutate.BrokenOff          // the text ends in the middle
)

// Judge shows each solution and a table of the verdicts.
func (p Problem) Judge(solutions ...Solution) {
	t := Table{Title: "The verifier's verdicts", Columns: []string{"solution", "answer", "process accuracy", "strict", "first fault", "at step"}}
	for _, s := range solutions {
		Text(s.Label, strings.TrimSpace(s.Text))
		v := verify.Judge(p.Problem, s.Text)
		at, fault := "–", v.Class.String()
		if v.Class == verify.Right {
			fault = "none"
		}
		if v.FirstWrong >= 0 {
			at = fmt.Sprint(v.FirstWrong + 1)
		}
		t.Add(s.Label, tick(v.Answer), fmt.Sprintf("%d of %d", v.Correct, v.Nodes), tick(v.Strict), fault, at)
	}
	t.Show()
}

func tick(ok bool) string {
	if ok {
		return "✓"
	}
	return "✗"
}
