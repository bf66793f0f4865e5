package gsm

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/random"
)

// everyShape has each sentence shape and each solution body of docs/generator.md
// ("Sentences", "Solutions"), in three layers. Values: 2, 3, 6, 1, 5, 30, …
func everyShape(mode Mode) *Graph {
	g := &Graph{Family: Realistic, Mode: mode, Layers: 3, Nodes: []Node{
		{Kind: Instance, Place: 0, Item: 0, Const: 2},
		{Kind: Average, Place: 0, Item: 0, Const: 3},
		{Kind: Instance, Place: 0, Item: 1, Inner: Sum, Outer: Times, Const: 3, Parents: []int{1}},
		{Kind: Average, Place: 0, Item: 1, Inner: Difference, Parents: []int{1, 0}},
		{Kind: Total2, Place: 0, Item: -1, Inner: SumProducts, Parents: []int{0, 1, 2, 3}},
		{Kind: Total, Place: 0, Item: -1, Inner: Sum, Parents: []int{0, 2}},
		{Kind: Instance, Place: 1, Item: 0, Inner: Sum, Parents: []int{4, 5, 0}},
		{Kind: Average, Place: 1, Item: 0, Inner: Sum, Outer: Plus, Const: 4, Parents: []int{6, 0, 1, 2}},
		{Kind: Instance, Place: 1, Item: 1, Inner: Difference, Outer: Times, Const: 2, Parents: []int{7, 6}},
		{Kind: Average, Place: 1, Item: 1, Inner: Sum, Parents: []int{8}},
	}}
	g.Path = len(g.Nodes)
	g.Question = g.Path - 1
	if mode == Reverse {
		g.Question = 0
	}
	for i := range g.Nodes {
		if !g.evalNode(i) {
			panic("overflow")
		}
	}
	return g
}

func TestStatementsHaveTheSpecifiedShapes(t *testing.T) {
	g := everyShape(Forward)
	var list []*words
	for _, name := range []string{"a in P", "average d per a in P", "b in P", "average d per b in P", "total e in P", "total c in P", "a in Q", "average d per a in Q", "b in Q", "average d per b in Q"} {
		list = append(list, wordsOf([]string{name})...)
	}
	want := map[int]string{
		0: "The number of a in P equals 2",
		1: "The average d per a in P equals 3",
		2: "The number of b in P equals 3 times the average d per a in P",
		3: "The average d per b in P equals the difference between the average d per a in P and the number of a in P",
		6: "The number of a in Q equals the sum of the total e in P, the total c in P, and the number of a in P",
		7: "The average d per a in Q equals 4 plus the sum of the number of a in Q, the number of a in P, the average d per a in P, and the number of b in P",
		8: "The number of b in Q equals 2 times the difference between the average d per a in Q and the number of a in Q",
		9: "The average d per b in Q equals the number of b in Q",
	}
	for i, sentence := range want {
		if got := string(appendStatement(nil, g, list, i)); got != sentence {
			t.Errorf("%q, want %q", got, sentence)
		}
	}
	g.Mode, g.Question = Reverse, 0
	if got := string(appendStatement(nil, g, list, 0)); got != "The number of a in P exists, and its number is greater than 0" {
		t.Errorf("the unknown is stated as %q", got)
	}
	g.Question = 1
	if got := string(appendStatement(nil, g, list, 1)); got != "The average d per a in P is greater than 0" {
		t.Errorf("the unknown is stated as %q", got)
	}
}

func TestSolutionsMarkTheLastEquationOfEveryStep(t *testing.T) {
	g := everyShape(Forward)
	names := strings.Fields("n0 n1 n2 n3 n4 n5 n6 n7 n8 n9")
	w := solutionWriter{g: g, steps: pathSteps(nil, g), names: names, letters: []byte(alphabet)}
	if err := w.write(); err != nil {
		t.Fatal(err)
	}
	text := string(w.text)
	for _, want := range []string{
		"Define n0 as A; so A = 2. ",
		"Define n2 as D; C = B = 3; so D = 3 * C = 3 * 3 = 9. ",
		"Define n3 as E; so E = B - A = 3 - 2 = 1. ",
		// The authors leave out "so" here; see bareTotals.
		"Define n4 as H; F = A * B = 2 * 3 = 6; G = D * E = 9 * 1 = 9; so H = F + G = 6 + 9 = 15. ",
		"Define n5 as I; so I = A + D = 2 + 9 = 11. ",
		"Define n6 as K; J = H + I = 15 + 11 = 26; so K = J + A = 26 + 2 = 28. ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the solution lacks %q:\n%s", want, text)
		}
	}
	w.bareTotals, w.text = true, nil
	if err := w.write(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(w.text), "; H = F + G = 6 + 9 = 15. ") {
		t.Error("bareTotals does not leave out the mark")
	}
}

func TestReverseSolutionsComputeInX(t *testing.T) {
	g := everyShape(Reverse)
	g.Nodes = g.Nodes[:6] // the last node is the layer-1 total 2 + 9 with x + 9 in it
	g.Nodes[4], g.Nodes[5] = Node{Kind: Instance, Place: 1, Inner: Difference, Outer: Times, Const: 2, Parents: []int{2, 0}}, Node{Kind: Instance, Place: 1, Item: 1, Inner: Sum, Parents: []int{4, 3}}
	g.Path = 6
	for i := range g.Nodes {
		if !g.evalNode(i) {
			t.Fatal("overflow")
		}
	}
	w := solutionWriter{g: g, steps: pathSteps(nil, g), names: strings.Fields("n0 n1 n2 n3 n4 n5"), letters: []byte("ABCDEFGH")}
	if err := w.write(); err != nil {
		t.Fatal(err)
	}
	want := "The question is difficult, so we use equations to solve it. " +
		"Define n0 as x; we don't know its value yet but will find it out later. " +
		"Define n1 as A; so A = 3. " +
		"Define n2 as C; B = A = 3; so C = 3 * B = (3) * (3) = 9. " +
		"Define n3 as D; so D = A - x = (3) - (x) = 3 - x. " +
		"Define n4 as F; E = C - x = (9) - (x) = 9 - x; so F = 2 * E = (2) * (9 - x) = 18 - 2*x. " +
		"Define n5 as G; so G = F + D = 18 - 2*x + 3 - x = 21 - 3*x. " +
		"We know G = 15, so we have 21 - 3*x = 15 and we solve it through the following steps: Simplifying the equation: 21 - 3*x = 15. " +
		"Move all terms to one side: 6 - 3*x = 0. Isolate the term with x: -3*x = -6. Divide both sides by -3: x = -6 / -3. Solution: x = 2. Answer: 2."
	if got := string(w.text); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPolynomialsPrintAsSympyDoes(t *testing.T) {
	for want, p := range map[string]linear{
		"x": {1, 0}, "-x": {-1, 0}, "3*x": {3, 0}, "x + 4": {1, 4}, "2*x - 6": {2, -6}, "6 - 2*x": {-2, 6}, "4 - x": {-1, 4},
		"-2*x - 6": {-2, -6}, "-x - 1": {-1, -1}, "0": {0, 0}, "-7": {0, -7}, "12": {0, 12},
	} {
		if got := string(appendLinear(nil, p)); got != want {
			t.Errorf("%+v prints as %q, want %q", p, got, want)
		}
	}
}

// One graph in every context: the same statements about other things.
func TestOneGraphRendersIntoEveryContext(t *testing.T) {
	for op := 2; op <= MaxRealisticOp; op++ {
		for _, mode := range []Mode{Forward, Reverse} {
			s := random.New(4, "counterparts", uint64(op), uint64(mode))
			g := samplers[0].drawUntil(s, op, 2+op%2, mode)
			var skeletons []string
			for _, c := range Contexts() {
				p, err := Render(g, c.Alias, s)
				if err != nil {
					t.Fatal(err)
				}
				if p.Op != op || p.Mode != mode || p.Context != c.Name || p.Graph != g || len(p.Names) != len(g.Nodes) {
					t.Errorf("op %d, %s: the problem says op %d, %s, %s, %d names", op, c.Name, p.Op, p.Mode, p.Context, len(p.Names))
				}
				skeletons = append(skeletons, skeleton(p))
			}
			if skeletons[0] != skeletons[1] || skeletons[0] != skeletons[2] {
				t.Errorf("op %d: the contexts state different problems:\n%s", op, strings.Join(skeletons, "\n"))
			}
		}
	}
}

// skeleton is a problem's sorted statements and question with nodes for names.
func skeleton(p *Problem) string {
	var pairs []string
	order := make([]int, len(p.Names))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return len(p.Names[b]) - len(p.Names[a]) })
	for _, i := range order {
		ref := wordsOf(p.Names[i : i+1])[0].ref
		token := "#" + string(rune('A'+i)) + "#"
		pairs = append(pairs, ref, token, "T"+ref[1:], token, questionFor(p.Names[i]), token+"?")
	}
	list := sentences(strings.NewReplacer(pairs...).Replace(p.Problem))
	slices.Sort(list)
	return strings.Join(list, ". ") + strings.NewReplacer(pairs...).Replace(p.Question)
}

var defined = regexp.MustCompile(`Define [^;]* as ([A-Za-z]);`)

func TestLettersAreDifferentAndXIsTheUnknown(t *testing.T) {
	for k := range uint64(300) {
		s := random.New(6, "letters", k)
		mode := Mode(k % 2)
		p, err := Render(samplers[0].drawUntil(s, s.Between(2, MaxRealisticOp), s.Between(2, 3), mode), "school", s)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for _, m := range defined.FindAllStringSubmatch(p.Solution, -1) {
			seen[m[1]]++
		}
		for letter, n := range seen {
			if n > 1 {
				t.Errorf("letter %s is defined %d times in %s", letter, n, p.Solution)
			}
		}
		if mode == Reverse && (seen["x"] != 1 || seen["X"] != 0) {
			t.Errorf("x is defined %d times, X %d times in a reverse solution", seen["x"], seen["X"])
		}
	}
}

func TestRenderErrorsSayWhatIsWrong(t *testing.T) {
	s := random.New(1, "errors")
	wide := everyShape(Forward)
	wide.Nodes[0].Place = 5
	flat := everyShape(Reverse)
	flat.Nodes[0].Const, flat.Path = 1, 2 // the last node does not depend on x
	many := &Graph{Family: Realistic, Layers: 2, Path: 60, Question: 59}
	for i := range 60 {
		n := Node{Item: i % 5, Place: i / 5 % 5, Const: 1}
		if i > 0 {
			n.Inner, n.Parents = Sum, []int{i - 1}
		}
		many.Nodes = append(many.Nodes, n)
	}
	for name, c := range map[string]struct {
		g       *Graph
		context string
		want    string
	}{
		"context":  {everyShape(Forward), "moon", "unknown context"},
		"family":   {everyShape(Forward), "A", "unknown context"},
		"position": {wide, "zoo", "place 5"},
		"letters":  {many, "zoo", "letters of the alphabet"},
		"equation": {flat, "zoo", "no single whole solution"},
	} {
		if _, err := Render(c.g, c.context, s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}
