package gsm

import (
	"slices"
	"strings"
	"testing"

	"interplay/kernelkit/random"
)

// clone copies a graph so that a test can break it.
func (g *Graph) clone() *Graph {
	c := *g
	c.Nodes = slices.Clone(g.Nodes)
	for i := range c.Nodes {
		c.Nodes[i].Parents = slices.Clone(c.Nodes[i].Parents)
	}
	return &c
}

func TestValidateErrorsSayWhatIsWrong(t *testing.T) {
	good := everyShape(Forward)
	// The test graph's nodes 1, 3, 7 and 9 are averages; make every one needed.
	good.Nodes[9].Parents = []int{8, 5, 4}
	for i := range good.Nodes {
		if !good.evalNode(i) {
			t.Fatal("overflow")
		}
	}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	symbolic := sampleSymbolic(random.New(1, "validate"), 5, DefaultSymbolic)
	if err := symbolic.Validate(); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		base   *Graph
		change func(g *Graph)
		want   string
	}{
		{good, func(g *Graph) { g.Family = 7 }, "family 7"},
		{good, func(g *Graph) { g.Mode = 7 }, "mode 7"},
		{good, func(g *Graph) { g.Path = 0 }, "path is 0"},
		{good, func(g *Graph) { g.Path = 11 }, "path is 11"},
		{good, func(g *Graph) { g.Layers = 4 }, "4 layers"},
		{good, func(g *Graph) { g.Layers = 2 }, "kind average"},
		{good, func(g *Graph) { g.Modulus = 10 }, "no modulus"},
		{good, func(g *Graph) { g.Question = 3 }, "the question is node 3"},
		{good, func(g *Graph) { g.Nodes[6].Value++ }, "its definition gives"},
		{good, func(g *Graph) { g.Nodes[6].Parents[1] = 6 }, "parents stand before children"},
		{good, func(g *Graph) { g.Nodes[6].Parents[1] = -1 }, "parents stand before children"},
		{good, func(g *Graph) { g.Nodes[6].Kind = 9 }, "kind Kind(9)"},
		{good, func(g *Graph) { g.Nodes[6].Inner = Product }, "inner product"},
		{good, func(g *Graph) { g.Nodes[6].Inner = 9 }, "inner Inner(9)"},
		{good, func(g *Graph) { g.Nodes[6].Outer = Minus }, "outer minus"},
		{good, func(g *Graph) { g.Nodes[6].Place = 5 }, "place 5"},
		{good, func(g *Graph) { g.Nodes[6].Item = -1 }, "item -1"},
		{good, func(g *Graph) { g.Nodes[6].Place, g.Nodes[6].Item = 0, 1 }, "second instance"},
		{good, func(g *Graph) { g.Nodes[6].Parents = nil }, "0 parents"},
		{good, func(g *Graph) { g.Nodes[0].Outer = Plus }, "constant with outer plus"},
		{good, func(g *Graph) { g.Nodes[8].Parents = g.Nodes[8].Parents[:1] }, "must be 2 to 2"},
		{good, func(g *Graph) { g.Nodes[5].Outer = Plus }, "must be sum and bare"},
		{good, func(g *Graph) { g.Nodes[5].Parents = g.Nodes[5].Parents[:1] }, "leaves out item 1"},
		{good, func(g *Graph) { g.Nodes[5].Parents[1] = 0 }, "no new part"},
		{good, func(g *Graph) { g.Nodes[4].Parents = g.Nodes[4].Parents[:3] }, "no new part"},
		{good, func(g *Graph) { g.Nodes[4].Parents[1], g.Nodes[4].Parents[3] = 3, 1 }, "no new part"},
		{good, func(g *Graph) { g.Mode, g.Question = Reverse, 2 }, "positive constant"},
		{good, func(g *Graph) { g.Mode, g.Question = Reverse, 9 }, "positive constant"},
		{good, func(g *Graph) { g.Mode, g.Question = Reverse, 1 }, "no linear function"}, // node 4 has 3x · (x − 2)
		{symbolic, func(g *Graph) { g.Modulus = 1 }, "modulus 1"},
		{symbolic, func(g *Graph) { g.Mode = Reverse }, "forward problems"},
		{symbolic, func(g *Graph) { g.Nodes[1].Item = g.Nodes[0].Item }, "different numbers"},
		{symbolic, func(g *Graph) { g.Nodes[0].Inner, g.Nodes[0].Parents = SumProducts, []int{0} }, "inner sum_products"},
		{symbolic, func(g *Graph) { g.Nodes[0].Value = -1 }, "its definition gives"},
		{symbolic, func(g *Graph) { g.Path, g.Question = 1, 0; g.Nodes = g.Nodes[:1]; g.Nodes[0].Outer = Minus }, "constant with outer minus"},
	}
	for _, c := range cases {
		g := c.base.clone()
		c.change(g)
		if err := g.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

func TestValidateRejectsNodesThatNothingNeeds(t *testing.T) {
	g := &Graph{Family: Realistic, Layers: 2, Path: 3, Question: 2, Nodes: []Node{
		{Item: 0, Const: 1, Value: 1}, {Item: 1, Const: 2, Value: 2}, {Item: 2, Inner: Sum, Parents: []int{0}, Value: 1},
	}}
	if err := g.Validate(); err == nil || !strings.Contains(err.Error(), "node 1 is on the path, but no path node uses it") {
		t.Errorf("error %v", err)
	}
}
