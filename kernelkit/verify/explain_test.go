package verify

import (
	"strings"
	"testing"
)

func TestExplanationsSayWhatEachStepAndNodeIs(t *testing.T) {
	e := Explain(zooForward(), bear+deer+strings.Replace(wolf, "= 14.", "= 15.", 1)+"Define twice the deer as t; so t = 2 * d = 8. "+bear+"Answer: 11.")
	want := []Step{
		{Text: strings.TrimSpace(bear), Node: 0},
		{Text: strings.TrimSpace(deer), Node: 1},
		{Text: "Define adult wolf in Pine Ridge as w; m = b + d = 3 + 4 = 7; so w = 2 * m = 2 * 7 = 15.", Node: 2, Class: WrongArithmetic},
		{Text: "Define twice the deer as t; so t = 2 * d = 8.", Node: -1, Extra: true},
		{Text: strings.TrimSpace(bear), Node: 0, Extra: true},
	}
	if len(e.Steps) != len(want) {
		t.Fatalf("%+v", e.Steps)
	}
	for i, s := range e.Steps {
		if s != want[i] {
			t.Errorf("step %d is %+v, want %+v", i, s, want[i])
		}
	}
	var nodes []string
	for _, n := range e.Nodes {
		nodes = append(nodes, n.String())
	}
	if got := strings.Join(nodes, " "); got != "right right wrong missing unneeded" {
		t.Errorf("nodes: %s", got)
	}
}

func TestTheClosingIsAStepOfItsOwn(t *testing.T) {
	source := kinds(t)["reverse, d=2"]
	for i := range uint64(50) {
		p := source.At(i)
		e := Explain(p, p.Response())
		if len(e.Steps) != p.Graph.Path+1 || !strings.HasPrefix(e.Steps[p.Graph.Path].Text, "We know") && !strings.Contains(e.Steps[p.Graph.Path].Text, "Solution: x = ") || e.Steps[p.Graph.Path].Node != -1 {
			t.Fatalf("%+v", e.Steps)
		}
	}
}

func TestSymbolicExplanationsCutTheSteps(t *testing.T) {
	p := specProblem(t)
	e := Explain(p, "a1 a2 * 8 = 2 * 8 = a1 6 ; a6 a1 - a2 = 6 - 2 = a6 4 ; a11 a1 + 1 = 6 + 1 = a11 8 ; ans 8")
	want := []Step{
		{Text: "a1 a2 * 8 = 2 * 8 = a1 6", Node: 1},
		{Text: "a6 a1 - a2 = 6 - 2 = a6 4", Node: 3, Extra: true},
		{Text: "a11 a1 + 1 = 6 + 1 = a11 8", Node: 2, Class: WrongArithmetic},
	}
	for i, s := range want {
		if len(e.Steps) != len(want) || e.Steps[i] != s {
			t.Fatalf("%+v, want %+v", e.Steps, want)
		}
	}
}
