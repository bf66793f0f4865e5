package kernelkit

import (
	"fmt"
	"slices"
	"strings"

	"interplay/kernelkit/gsm"
	"interplay/plots"
)

// Problem is a problem graph in the words of one context.
type Problem struct{ *gsm.Problem }

// Problem draws held-out problem i of exactly op operations in a context: zoo,
// school or movie for the paper's word problems, A or B for the terse symbolic
// family that the small profiles train on.
func (l *Lab) Problem(context string, op int, i uint64) Problem {
	family, err := familyOf(context)
	if err != nil {
		fail(err)
	}
	if op < 0 || op > 64 {
		fail(fmt.Errorf("op is %d: expected the number of operations of a problem, 0 to 64", op))
	}
	source, err := gsm.NewSource(gsm.Uniform(family, gsm.Range{Min: op, Max: op}, context), gsm.Test, l.Seed)
	if err != nil {
		fail(err)
	}
	return Problem{source.At(i)}
}

// familyOf is the family that has a context.
func familyOf(context string) (gsm.Family, error) {
	terse := gsm.ContextNames(gsm.Symbolic)
	if slices.Contains(terse, context) {
		return gsm.Symbolic, nil
	}
	if _, err := gsm.ContextByName(context); err == nil {
		return gsm.Realistic, nil
	}
	var words []string
	for _, c := range gsm.Contexts() {
		words = append(words, c.Alias)
	}
	return 0, fmt.Errorf("there is no context %q: expected %s (word problems), or %s (terse)", context, strings.Join(words, ", "), strings.Join(terse, " or "))
}

// In returns the same graph in the words of another context of its family.
func (p Problem) In(context string) Problem {
	twin, err := gsm.Counterpart(p.Problem, context)
	if err != nil {
		fail(err)
	}
	return Problem{twin}
}

// Show shows the problem's text, its question and its gold solution.
func (p Problem) Show() {
	Text(fmt.Sprintf("%s, op %d, %s: the problem", p.Context, p.Op, p.Mode), strings.TrimSpace(p.Problem.Problem)+"\n"+p.Question)
	Text("its solution", strings.TrimSpace(p.Solution))
}

// Picture draws the problem's graph.
func (p Problem) Picture() Figure {
	png, err := plots.DAG(p.dag())
	return figure(png, err, fmt.Sprintf("problem graph with %d nodes, %d of them on the solution path", len(p.Graph.Nodes), p.Graph.Path))
}

// dag is the graph as its figure takes it.
func (p Problem) dag() plots.DAGData {
	g := p.Graph
	data := plots.DAGData{Title: fmt.Sprintf("A problem graph of %d operations", p.Op)}
	for i, n := range g.Nodes {
		role := plots.Step
		switch {
		case i == g.Question:
			role = plots.Question
		case i >= g.Path:
			role = plots.Distractor
		}
		data.Nodes = append(data.Nodes, plots.DAGNode{Label: p.Names[i], Detail: p.formula(i), Role: role})
		for _, from := range n.Parents {
			data.Edges = append(data.Edges, plots.DAGEdge{From: from, To: i, Implicit: !n.Stated()})
		}
	}
	return data
}

// formula is a node's definition and value, short enough for a box: "2 × difference = 6".
// Short names are written out, long ones by what is done to them.
func (p Problem) formula(i int) string {
	n := &p.Graph.Nodes[i]
	if n.Inner == gsm.None {
		return fmt.Sprint(n.Value)
	}
	inner := map[gsm.Inner]string{gsm.Sum: "sum", gsm.Difference: "difference", gsm.Product: "product", gsm.SumProducts: "sum of products"}[n.Inner]
	switch {
	case !n.Stated():
		inner = "total"
	case n.Inner == gsm.Sum && len(n.Parents) == 1:
		inner = "same"
	}
	if p.Graph.Family == gsm.Symbolic {
		sign := map[gsm.Inner]string{gsm.Sum: " + ", gsm.Difference: " − ", gsm.Product: " × "}[n.Inner]
		names := make([]string, len(n.Parents))
		for k, parent := range n.Parents {
			names[k] = p.Names[parent]
		}
		inner = strings.Join(names, sign)
	}
	switch n.Outer {
	case gsm.Plus:
		inner = fmt.Sprintf("%d + %s", n.Const, inner)
	case gsm.Times:
		inner = fmt.Sprintf("%d × %s", n.Const, inner)
	case gsm.Minus:
		inner = fmt.Sprintf("%s − %d", inner, n.Const)
	}
	if n.Value == 0 && i >= p.Graph.Path && p.Graph.Family == gsm.Realistic {
		return inner // distractors of the authors' sampler have no checked value
	}
	return fmt.Sprintf("%s = %d", inner, n.Value)
}

// Figure is a drawn figure.
type Figure struct {
	png []byte
	alt string // what it shows, in words
}

// figure takes what a plot function returns; a plot that fails ends the cell.
func figure(png []byte, err error, alt string) Figure {
	if err != nil {
		fail(err)
	}
	return Figure{png, alt}
}

// Show shows the figure.
func (f Figure) Show() { showPNG(f.png, f.alt) }

// PNG is the figure's file.
func (f Figure) PNG() []byte { return f.png }
