package gsm

import "fmt"

// Family is a way of turning graphs into problems: it fixes the sampler, the
// wording and the format of the solution.
type Family uint8

const (
	Realistic Family = iota // the paper's word problems (spec of the authors' generator)
	Symbolic                // terse binary operations modulo M, for models that train in minutes
)

// Mode says what is asked.
type Mode uint8

const (
	Forward Mode = iota // the value of the last node of the solution path
	Reverse             // a withheld leaf: the last node's value is given, and an equation in x is solved
)

// Kind of a node.
type Kind uint8

const (
	Instance Kind = iota // "I in P"; a variable in the symbolic family
	Average              // "A per I in P" (three layers only)
	Total                // layer-1 total: the sum of all "I in P" of a place P; never stated, always inferred
	Total2               // layer-2 total: the sum of (I in P) × (A per I in P) over the items of P; never stated
)

// Inner is what a node computes from its parents.
type Inner uint8

const (
	None        Inner = iota // no parents: the constant alone
	Sum                      // p₀ + p₁ + …; with one parent a copy
	Difference               // p₀ − p₁
	Product                  // p₀ × p₁ (symbolic family)
	SumProducts              // p₀·p₁ + p₂·p₃ + … (layer-2 totals: parents alternate item, average)
)

// Outer is how the constant joins the inner value v.
type Outer uint8

const (
	Bare  Outer = iota // v; with Inner None the constant itself
	Plus               // Const + v
	Times              // Const × v
	Minus              // v − Const (symbolic family)
)

// Node is a quantity and its definition. Its name is not here: a context gives it one.
type Node struct {
	Kind  Kind  `json:"kind"`
	Place int   `json:"place"` // structure position of P; 0 in the symbolic family
	Item  int   `json:"item"`  // structure position of I; −1 for totals; the variable's number in the symbolic family
	Inner Inner `json:"inner"`
	Outer Outer `json:"outer"`
	Const int64 `json:"const"` // meaningful when Inner is None or Outer is not Bare

	Parents []int `json:"parents,omitempty"` // indices in Graph.Nodes, in the order in which the text names them
	Value   int64 `json:"value"`             // exact value; in a graph with a modulus, 0 ≤ Value < modulus
}

// Graph is a problem before it has words: one graph renders into every context.
//
// Nodes[:Path] is the solution path in solution order (parents before children);
// the rest are distractors, and totals that only distractors use. Distractors
// may use path nodes, never the reverse.
type Graph struct {
	Family   Family `json:"family"`
	Mode     Mode   `json:"mode"`
	Layers   int    `json:"layers"`            // 2 or 3; 1 in the symbolic family
	Modulus  int64  `json:"modulus,omitempty"` // 0: plain integers
	Nodes    []Node `json:"nodes"`
	Path     int    `json:"path"`
	Question int    `json:"question"` // the node asked for: Path−1 in forward mode, the unknown leaf in reverse mode
}

// HasConst reports whether a constant takes part in the definition of n.
func (n *Node) HasConst() bool { return n.Inner == None || n.Outer != Bare }

// Stated reports whether the text has a sentence for n. Totals have none: their
// edges are implicit, the reader must infer them.
func (n *Node) Stated() bool { return n.Kind == Instance || n.Kind == Average }

// Operator is the binary operator of a node of the symbolic family: '+', '-' or
// '*', and 0 for a leaf. Its operands are the two parents, or the one parent and Const.
func (n *Node) Operator() byte {
	switch {
	case n.Inner == None:
		return 0
	case n.Inner == Difference || n.Outer == Minus:
		return '-'
	case n.Inner == Product || n.Outer == Times:
		return '*'
	}
	return '+'
}

// HasStep reports whether a solution has a step for node i: those of the solution
// path have one, but for leaves of the symbolic family, which it does not repeat.
func (g *Graph) HasStep(i int) bool {
	return i < g.Path && (g.Family != Symbolic || g.Nodes[i].Inner != None)
}

// Op is the number of arithmetic operations of the solution path, the paper's
// difficulty: in the realistic family the incoming edges of all path nodes, with
// a constant as one edge (paper §A.1.1 as its generator counts); in the symbolic
// family the number of binary operations.
func (g *Graph) Op() int {
	op := 0
	for i := range g.Nodes[:g.Path] {
		n := &g.Nodes[i]
		if g.Family == Symbolic {
			if n.Inner != None && (len(n.Parents) > 1 || n.Outer != Bare) {
				op++
			}
			continue
		}
		op += len(n.Parents)
		if n.HasConst() {
			op++
		}
	}
	return op
}

// Eval computes the value of node i from the values of its parents, exactly
// (modulo the graph's modulus, if it has one). It fails on overflow of int64.
func (g *Graph) Eval(i int, values []int64) (int64, error) {
	n := &g.Nodes[i]
	v := int64(0)
	ok := true
	at := func(k int) int64 { return values[n.Parents[k]] }
	switch n.Inner {
	case None:
		v = n.Const
	case Sum:
		for k := range n.Parents {
			v = addExact(v, at(k), &ok)
		}
	case Difference:
		v = addExact(at(0), -at(1), &ok)
	case Product:
		v = mulExact(at(0), at(1), &ok)
	case SumProducts:
		for k := 0; k+1 < len(n.Parents); k += 2 {
			v = addExact(v, mulExact(at(k), at(k+1), &ok), &ok)
		}
	}
	switch n.Outer {
	case Plus:
		v = addExact(n.Const, v, &ok)
	case Times:
		v = mulExact(n.Const, v, &ok)
	case Minus:
		v = addExact(v, -n.Const, &ok)
	}
	if !ok {
		return 0, fmt.Errorf("gsm: the value of node %d overflows 64 bits", i)
	}
	if g.Modulus > 0 {
		v = ((v % g.Modulus) + g.Modulus) % g.Modulus
	}
	return v, nil
}

func addExact(a, b int64, ok *bool) int64 {
	s := a + b
	if (s > a) != (b > 0) && b != 0 {
		*ok = false
	}
	return s
}

func mulExact(a, b int64, ok *bool) int64 {
	if a == 0 || b == 0 {
		return 0
	}
	p := a * b
	if p/b != a || (a == -1 && b == -1<<63) || (b == -1 && a == -1<<63) {
		*ok = false
	}
	return p
}
