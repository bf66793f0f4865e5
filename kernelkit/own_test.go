package kernelkit

import (
	"path/filepath"
	"strings"
	"testing"

	"interplay/kernelkit/verify"
)

func TestAGraphBuiltByHandIsAProblem(t *testing.T) {
	g, err := graphOf([]Node{{Value: 3}, {Value: 9}, {Value: 5}, {Op: '-', Left: 0, Right: 2}, {Op: '*', Left: 3, Right: 2}})
	if err != nil {
		t.Fatal(err)
	}
	if g.Path != 4 || g.Nodes[g.Question].Value != 0 || len(g.Nodes) != 5 { // (3 − 5) · 5 = 8 · 5 = 40
		t.Errorf("path %d, answer %d, %d nodes", g.Path, g.Nodes[g.Question].Value, len(g.Nodes))
	}
	p := (&Lab{Seed: 1}).FromGraph("A", Node{Value: 3}, Node{Value: 4}, Node{Op: '+', Left: 0, Right: 1})
	if v := p.Verdict(p.Gold().Text); !v.Strict {
		t.Errorf("its own solution is judged %+v", v)
	}
	if v := p.Verdict(strings.Replace(p.Gold().Text, "= 3 + 4 =", "= 4 + 4 =", 1)); v.Strict || v.Class != verify.WrongSubstitution {
		t.Errorf("a wrong solution is judged %+v", v)
	}
	for says, nodes := range map[string][]Node{
		"no node": nil, "value 12": {{Value: 12}}, "operator '/'": {{Value: 1}, {Op: '/'}}, "parents 1 and 0": {{Value: 1}, {Op: '+', Left: 1}},
	} {
		if _, err := graphOf(nodes); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("expected an error that says %q, got %v", says, err)
		}
	}
}

func TestTablesOfStructs(t *testing.T) {
	type row struct {
		Name    string
		PassAt1 float64 `table:"pass@1"`
		Length  int
		hidden  int
		Secret  int `table:"-"`
	}
	table, err := tableOf("t", []row{{"base", 0.25, 12, 1, 2}})
	if err != nil || strings.Join(table.Columns, "|") != "name|pass@1|length" || strings.Join(table.Rows[0], "|") != "base|0.250|12" {
		t.Errorf("%v, %v, %v", table, err, row{}.hidden)
	}
	for _, wrong := range []any{3, []int{1}, []struct{ x int }{{1}}, row{}} {
		if _, err := tableOf("t", wrong); err == nil {
			t.Errorf("a table of %T", wrong)
		}
	}
}

func TestAnUnknownContextIsAnsweredInTheUsersWords(t *testing.T) {
	_, err := familyOf("zo")
	if err == nil || !strings.Contains(err.Error(), "zoo") || strings.Contains(err.Error(), "crazy") || strings.Contains(err.Error(), "block") {
		t.Error(err)
	}
}

func TestAStudyOfOnesOwnCannotBeOneOfTheProjects(t *testing.T) {
	t.Setenv("INTERPLAY_RUNS", t.TempDir())
	lab, err := open("own", "smoke", 1)
	if err != nil {
		t.Fatal(err)
	}
	s := lab.Study("edge").As("my-edge")
	r := lab.RLRecipe()
	r.GRPO.Steps = 3
	s.Branch("short", "three steps of RL", r)
	s.Expect("three steps are not enough", Gain("short", "base", "edge", Pass1), Within(0.1))
	if err := s.Validate(); err != nil || !s.Exploratory || s.Name != "my-edge" || s.Differs() != "" {
		t.Errorf("%v, exploratory %t, name %s, %q", err, s.Exploratory, s.Name, s.Differs())
	}
	if original := lab.Study("edge"); len(original.Arms) != len(s.Arms)-1 || len(original.Claims) != len(s.Claims)-1 {
		t.Error("the study that it was made from has changed")
	}
	own := lab.NewStudy("length", "What does a price of length change?")
	own.AddBase("base", lab.TrainRecipe())
	own.Branch("strict", "strict reward", lab.RLRecipe())
	own.Expect("RL helps", Gain("strict", "base", "edge", Pass1), Above(0))
	if err := own.Validate(); err != nil {
		t.Error(err)
	}
	shared := map[string]bool{}
	for _, stage := range lab.Study("edge").Stages() {
		shared[stage.Address()] = true
	}
	if n := len(s.Stages()); n <= len(shared) {
		t.Errorf("the changed study has %d stages, its original %d", n, len(shared))
	}
	for _, stage := range s.Stages() {
		delete(shared, stage.Address())
	}
	if len(shared) > 0 {
		t.Errorf("%d stages of the original are not shared", len(shared))
	}
}

func TestASeedThatACellSetsIsRefused(t *testing.T) {
	t.Setenv("INTERPLAY_RUNS", t.TempDir())
	t.Setenv("INTERPLAY_SEED", "")
	lab, err := open("own", "smoke", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.unchanged(); err != nil {
		t.Error(err)
	}
	lab.Seed = 2
	if err := lab.unchanged(); err == nil || !strings.Contains(err.Error(), `kernelkit.Open("own", "smoke", 2)`) {
		t.Errorf("the error is %v", err)
	}
}

func TestAStudyGoesThroughAFile(t *testing.T) {
	t.Setenv("INTERPLAY_RUNS", t.TempDir())
	lab, err := open("own", "smoke", 1)
	if err != nil {
		t.Fatal(err)
	}
	s := lab.Study("edge").As("my-edge")
	s.Drop("sft")
	file := filepath.Join(t.TempDir(), "mine.json")
	s.Save(file)
	read := lab.StudyFile(file)
	if !read.Exploratory || len(read.Arms) != len(s.Arms) || len(read.Stages()) != len(s.Stages()) {
		t.Errorf("%d arms of %d", len(read.Arms), len(s.Arms))
	}
	if rules := read.Rules().String(); !strings.Contains(rules, `not judged: the study has no arm "sft"`) {
		t.Error(rules)
	}
}

// A reader finds the names that Gain and Drop take.
func TestNamesOfAStudyAreListed(t *testing.T) {
	s := Open("names", "smoke", 1).Study("edge")
	text := s.Names().String()
	for _, a := range s.Arms {
		if !strings.Contains(text, a.Name) || !strings.Contains(text, a.Label) {
			t.Errorf("the arm %s, %s is not listed in\n%s", a.Name, a.Label, text)
		}
	}
	for _, r := range s.Ranges {
		if !strings.Contains(text, r.Name) {
			t.Errorf("the range %s is not listed in\n%s", r.Name, text)
		}
	}
}
