package kernelkit

import (
	"strings"
	"testing"

	"interplay/pipeline/study"
)

// Seeds differ more than problems do, and each seed has the same problems: an arm's intervals say so.
func TestTheEdgeOfAnArmIsOverSeedsAndProblems(t *testing.T) {
	r := scored(study.Arm{Name: "a", Label: "a"})
	e := r.Edge("a")
	if len(e.Ops) != 2 || e.seeds != 2 {
		t.Fatalf("%+v", e)
	}
	for i, o := range e.Ops {
		at := study.OpRange{}
		at.Ops.Min, at.Ops.Max = i+1, i+1
		want, _ := r.Value("a", at, pass(1))
		if o.Pass1 != want || o.Prompts != 8 || o.K != 4 || o.Pass1.Value != 0.25 {
			t.Errorf("op %d: %+v, want %+v of 8 problems", o.Op, o, want)
		}
		if o.Sure { // one seed solves half, the other nothing
			t.Errorf("op %d is %s beyond doubt, from %+v and %+v", o.Op, o.Band, o.Pass1, o.PassK)
		}
	}
	if note := e.Table().Note; !strings.Contains(note, "over seeds and problems") {
		t.Error(note)
	}
}
