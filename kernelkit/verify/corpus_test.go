package verify

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
)

// record is a problem of the conformance corpora (their README explains the fields).
type record struct {
	ID, Template, Mode, Problem, Question, Solution, Answer string

	Op, D int
	Gen   struct{ Topo, Noise []recordNode }
}

type recordNode struct {
	Name, Kind string
	Parents    []string
	Value      int64
	PairOp     string `json:"pair_op"`
	RNGConst   int64  `json:"rng_const"`
	RNGOp      string `json:"rng_op"`
}

// problem turns a record into a problem with its true graph. Totals that only
// distractors use are not in the record; they are left without a definition.
func (r *record) problem(t testing.TB) *gsm.Problem {
	t.Helper()
	g := &gsm.Graph{Family: gsm.Realistic, Layers: r.D}
	p := &gsm.Problem{ID: r.ID, Op: r.Op, Context: r.Template, Problem: r.Problem, Question: r.Question,
		Solution: r.Solution, Answer: r.Answer, Graph: g}
	if r.Mode == "forwardreverse" {
		p.Mode, g.Mode = gsm.Reverse, gsm.Reverse
	}
	at := map[string]int{}
	var kept []recordNode
	for k, n := range append(r.Gen.Topo[:len(r.Gen.Topo):len(r.Gen.Topo)], r.Gen.Noise...) {
		if n.Kind == "alias" {
			continue
		}
		at[n.Name] = len(kept)
		kept = append(kept, n)
		p.Names = append(p.Names, n.Name)
		if k < len(r.Gen.Topo) {
			g.Path = len(kept)
			if p.Mode == gsm.Forward || len(n.Parents) == 1 && n.Parents[0] == "RNG" && strings.Contains(r.Solution, "Define "+n.Name+" as x; we don't") {
				g.Question = len(kept) - 1
			}
		}
	}
	for _, n := range kept {
		node, fromConstant := gsm.Node{Item: -1, Value: n.Value}, len(n.Parents) == 0
		for _, parent := range n.Parents {
			if parent == "RNG" {
				fromConstant = true
				continue
			}
			i, known := at[parent[2:]]
			if !known { // a total that only distractors use
				i = len(p.Names)
				at[parent[2:]] = i
				p.Names = append(p.Names, parent[2:])
			}
			node.Parents = append(node.Parents, i)
		}
		switch {
		case len(node.Parents) == 0:
			node.Const = n.Value
		case n.Kind == "abstract" && r.D == 3 && strings.Contains(n.Name, secondTotals[r.Template]):
			node.Kind, node.Inner = gsm.Total2, gsm.SumProducts
		case n.Kind == "abstract":
			node.Kind, node.Inner = gsm.Total, gsm.Sum
		case len(node.Parents) == 2 && n.PairOp == "-":
			node.Inner = gsm.Difference
		default:
			node.Inner = gsm.Sum
		}
		if fromConstant && len(node.Parents) > 0 {
			node.Const, node.Outer = n.RNGConst, gsm.Plus
			if n.RNGOp == "*" {
				node.Outer = gsm.Times
			}
		}
		g.Nodes = append(g.Nodes, node)
	}
	for len(g.Nodes) < len(p.Names) {
		g.Nodes = append(g.Nodes, gsm.Node{Kind: gsm.Total, Item: -1, Inner: gsm.Sum})
	}
	return p
}

var secondTotals = map[string]string{
	"crazy_zootopia":        "newborn",
	"teachers_in_school":    "teachers",
	"movie_festival_awards": "nominations",
}

// corpus reads the conformance problems, by id. The test is skipped where they are not.
func corpus(t testing.TB) map[string]*gsm.Problem {
	t.Helper()
	problems := map[string]*gsm.Problem{}
	for _, file := range []string{"problems_d2.jsonl", "problems_d3.jsonl"} {
		for _, line := range lines(t, file) {
			var r record
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			problems[r.ID] = r.problem(t)
		}
	}
	return problems
}

func lines(t testing.TB, file string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "conformance", file))
	if os.IsNotExist(err) {
		t.Skipf("no conformance corpora beside the repository: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

func TestAuthorsGoldSolutionsAreStrict(t *testing.T) {
	for id, p := range corpus(t) {
		if v := Judge(p, p.Response()); !v.Strict {
			t.Errorf("%s: %+v\n%s", id, v, p.Solution)
		}
	}
}

func TestAuthorsPerturbations(t *testing.T) {
	problems := corpus(t)
	for _, line := range lines(t, "scoring.jsonl") {
		var c struct {
			ID, Kind, Prediction string
			ProblemID            string `json:"problem_id"`
			Expected             struct{ Verdict string }
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		p := problems[c.ProblemID]
		v := Judge(p, c.Prediction)
		t.Logf("T\t%s\t%d\t%s\t%v\t%v\t%s", c.Kind, p.Mode, c.Expected.Verdict, v.Strict, v.Answer, v.Class)
		t.Logf("P\t%s\t%s\t%v\t%+v\t%q\n%q", c.ID, c.Kind, v.Strict, v, c.Prediction, p.Solution)
	}
}
