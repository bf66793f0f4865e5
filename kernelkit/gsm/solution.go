package gsm

import (
	"fmt"
	"slices"
	"strconv"
)

// isStep says whether a solution has a step for a node: for every one in word problems, for
// operations in the symbolic family, where the value of a leaf stands in the problem.
func (g *Graph) isStep(i int) bool { return g.Family == Realistic || g.Nodes[i].Inner != None }

// pathSteps appends the nodes of the path that are steps, in the order of a solution.
func pathSteps(steps []int, g *Graph) []int {
	for i := range g.Path {
		if g.isStep(i) {
			steps = append(steps, i)
		}
	}
	return steps
}

// solutionWriter appends the gold solution of a realistic graph (docs/generator.md,
// "Solutions"). Letters come from outside, in the order of drawing:
// the intermediates of a step before its own letter, the withheld leaf none.
type solutionWriter struct {
	text    []byte
	g       *Graph
	steps   []int // nodes in the order in which they are defined
	names   []string
	letters []byte // in the order of drawing
	used    int    // how many of them have been

	// bareTotals leaves "so" out of layer-2 totals of several items, as the
	// authors' text does. Only conformance sets it.
	bareTotals bool

	values []linear // of the nodes so far, by node
	chosen []byte   // their letters
}

func (w *solutionWriter) write() error {
	n := len(w.g.Nodes)
	w.values, w.chosen, w.used = slices.Grow(w.values[:0], n)[:n], slices.Grow(w.chosen[:0], n)[:n], 0
	if w.g.Mode == Reverse {
		w.text = append(w.text, "The question is difficult, so we use equations to solve it. "...)
	}
	for _, i := range w.steps {
		if err := w.step(i); err != nil {
			return err
		}
	}
	last := w.g.Path - 1
	if w.g.Mode == Reverse {
		return w.solve(w.chosen[last], w.values[last], w.g.Nodes[last].Value)
	}
	w.text = append(w.text, "Answer: "...)
	w.text = append(strconv.AppendInt(w.text, w.values[last].b, 10), '.')
	return nil
}

// step writes "Define {name} as L; {links}. ".
func (w *solutionWriter) step(i int) error {
	w.text = append(append(w.text, "Define "...), w.names[i]...)
	w.text = append(w.text, " as "...)
	if w.g.Mode == Reverse && i == w.g.Question {
		w.text = append(w.text, "x; we don't know its value yet but will find it out later. "...)
		w.values[i], w.chosen[i] = linear{a: 1}, 'x'
		return nil
	}
	n := &w.g.Nodes[i]
	between := n.links() - 1
	if between < 0 || w.used+between >= len(w.letters) {
		return fmt.Errorf("gsm: the solution needs more than the letters of the alphabet")
	}
	targets := w.letters[w.used : w.used+between+1]
	letter := targets[between]
	w.text = append(w.text, letter, ';')

	value, ok := w.g.evalLinear(i, w.values)
	if !ok {
		return fmt.Errorf("gsm: the value of node %d (%s) overflows or is not linear in the unknown", i, w.names[i])
	}
	if n.Inner == None {
		w.text = append(w.text, " so "...)
		w.text = strconv.AppendInt(append(w.text, letter, ' ', '=', ' '), n.Const, 10)
	} else {
		w.chain(n, targets)
	}
	w.text = append(w.text, ". "...)
	w.used += between + 1
	w.values[i], w.chosen[i] = value, letter
	return nil
}

// links is the number of equations of a step: the last one defines its letter,
// each other one an intermediate.
func (n *Node) links() int {
	switch n.Inner {
	case None:
		return 1
	case SumProducts:
		return len(n.Parents) - 1 // k products and k−1 sums
	}
	links := max(1, len(n.Parents)-1)
	if n.Outer != Bare {
		links++
	}
	return links
}

// term is an operand of a link: a letter, or a constant where letter is 0.
type term struct {
	letter byte
	value  linear
}

// chain writes the equations of a step, targets being their letters in order.
func (w *solutionWriter) chain(n *Node, targets []byte) {
	parent := func(k int) term { return term{w.chosen[n.Parents[k]], w.values[n.Parents[k]]} }
	next := 0
	link := func(a term, op byte, b term) term {
		last := next == len(targets)-1
		marked := last && !(w.bareTotals && n.Inner == SumProducts && len(targets) > 1)
		t := w.link(targets[next], marked, a, op, b)
		if next++; !last {
			w.text = append(w.text, ';')
		}
		return t
	}
	var v term
	switch {
	case n.Inner == SumProducts:
		var space [maxWidth]term
		products := space[:0]
		for k := 0; k < len(n.Parents); k += 2 {
			products = append(products, link(parent(k), '*', parent(k+1)))
		}
		v = products[0]
		for _, p := range products[1:] {
			v = link(v, '+', p)
		}
	case len(n.Parents) == 1:
		v = link(parent(0), 0, term{})
	case n.Inner == Difference:
		v = link(parent(0), '-', parent(1))
	default:
		v = parent(0)
		for k := range n.Parents[1:] {
			v = link(v, '+', parent(k+1))
		}
	}
	constant := term{value: linear{b: n.Const}}
	switch n.Outer {
	case Plus:
		link(constant, '+', v)
	case Times:
		link(constant, '*', v)
	}
}

// link writes " so T = a op b = u op v = r" and returns T; op 0 copies a. In
// reverse mode the operands of products and differences stand in parentheses.
func (w *solutionWriter) link(target byte, marked bool, a term, op byte, b term) term {
	text := w.text
	if marked {
		text = append(text, " so"...)
	}
	text = append(text, ' ', target, ' ', '=', ' ')
	if op == 0 {
		text = append(text, a.letter, ' ', '=', ' ')
		w.text = appendLinear(text, a.value)
		return term{target, a.value}
	}
	text = a.appendTo(text)
	text = append(text, ' ', op, ' ')
	text = append(b.appendTo(text), " = "...)
	r := a.value
	if op == '+' || w.g.Mode == Forward {
		text = appendLinear(text, a.value)
		text = append(text, ' ', op, ' ')
		text = appendLinear(text, b.value)
	} else {
		text = appendLinear(append(text, '('), a.value)
		text = append(text, ") "...)
		text = append(text, op, ' ', '(')
		text = append(appendLinear(text, b.value), ')')
	}
	switch op { // evalLinear has excluded overflow and squares
	case '+':
		r = linear{r.a + b.value.a, r.b + b.value.b}
	case '-':
		r = linear{r.a - b.value.a, r.b - b.value.b}
	case '*':
		r = linear{r.a*b.value.b + r.b*b.value.a, r.b * b.value.b}
	}
	text = append(text, " = "...)
	w.text = appendLinear(text, r)
	return term{target, r}
}

func (t term) appendTo(text []byte) []byte {
	if t.letter == 0 {
		return appendLinear(text, t.value)
	}
	return append(text, t.letter)
}

// solve writes the equation E = N of a reverse problem, E being the value of the
// last node (letter L) in x, and its solution.
func (w *solutionWriter) solve(letter byte, e linear, value int64) error {
	if e.a == 0 || (value-e.b)%e.a != 0 {
		return fmt.Errorf("gsm: the equation %s = %d has no single whole solution", appendLinear(nil, e), value)
	}
	right := value - e.b
	x := right / e.a
	text := append(w.text, "We know "...)
	text = append(text, letter)
	text = strconv.AppendInt(append(text, " = "...), value, 10)
	text = appendLinear(append(text, ", so we have "...), e)
	text = strconv.AppendInt(append(text, " = "...), value, 10)
	text = appendLinear(append(text, " and we solve it through the following steps: Simplifying the equation: "...), e)
	text = strconv.AppendInt(append(text, " = "...), value, 10)
	text = appendLinear(append(text, ". Move all terms to one side: "...), linear{e.a, -right})
	text = strconv.AppendInt(append(text, " = 0. Isolate the term with x: "...), e.a, 10)
	text = strconv.AppendInt(append(text, "*x = "...), right, 10)
	text = strconv.AppendInt(append(text, ". Divide both sides by "...), e.a, 10)
	text = strconv.AppendInt(append(text, ": x = "...), right, 10)
	text = strconv.AppendInt(append(text, " / "...), e.a, 10)
	text = strconv.AppendInt(append(text, ". Solution: x = "...), x, 10)
	text = strconv.AppendInt(append(text, ". Answer: "...), x, 10)
	w.text = append(text, '.')
	return nil
}
