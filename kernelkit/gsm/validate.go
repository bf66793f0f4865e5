package gsm

import "fmt"

// Validate checks a graph that was not made here, such as one read from JSONL:
// indices in range, parents before children, definitions that the family has,
// values equal to their recomputation, totals that sum exactly the items of their
// place (the reader's closed-world rule), every path node needed for the last one,
// and in reverse mode one whole positive solution for the unknown. Everything
// else in this module may rely on it. It does not bound values.
func (g *Graph) Validate() error {
	if g.Path < 1 || g.Path > len(g.Nodes) {
		return fmt.Errorf("gsm: path is %d: must be 1 to %d, the number of nodes", g.Path, len(g.Nodes))
	}
	var err error
	switch g.Family {
	case Realistic:
		err = g.validateRealistic()
	case Symbolic:
		err = g.validateSymbolic()
	default:
		err = fmt.Errorf("gsm: family %d does not exist", g.Family)
	}
	if err != nil {
		return err
	}
	values := make([]int64, 0, len(g.Nodes))
	for i := range g.Nodes {
		v, err := g.Eval(i, values)
		if err != nil {
			return err
		}
		if v != g.Nodes[i].Value {
			return fmt.Errorf("gsm: node %d has value %d: its definition gives %d", i, g.Nodes[i].Value, v)
		}
		values = append(values, v)
	}
	if err := g.validateNeed(); err != nil {
		return err
	}
	return g.validateQuestion()
}

// validateParents checks what both families share: indices, and a constant alone
// exactly where there are no parents.
func (n *Node) validateParents(i, least, most int) error {
	if (n.Inner == None) != (len(n.Parents) == 0) {
		return fmt.Errorf("gsm: node %d has inner %s and %d parents: none goes with no parents", i, n.Inner, len(n.Parents))
	}
	for _, p := range n.Parents {
		if p < 0 || p >= i {
			return fmt.Errorf("gsm: node %d has parent %d: parents stand before children", i, p)
		}
	}
	if n.Inner == None {
		if n.Outer != Bare {
			return fmt.Errorf("gsm: node %d is a constant with outer %s: must be bare", i, n.Outer)
		}
		return nil
	}
	if len(n.Parents) < least || len(n.Parents) > most {
		return fmt.Errorf("gsm: node %d (%s) has %d parents: must be %d to %d", i, n.Inner, len(n.Parents), least, most)
	}
	return nil
}

func (g *Graph) validateRealistic() error {
	if g.Layers != 2 && g.Layers != 3 || g.Modulus != 0 {
		return fmt.Errorf("gsm: %d layers and modulus %d: the realistic family has 2 or 3 layers and no modulus", g.Layers, g.Modulus)
	}
	var at [Total2 + 1][maxWidth][maxWidth + 1]bool // by kind, place, 1 + item
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if n.Kind > Total2 || g.Layers == 2 && (n.Kind == Average || n.Kind == Total2) {
			return fmt.Errorf("gsm: node %d has kind %s, which %d layers do not have", i, n.Kind, g.Layers)
		}
		least := 0
		if !n.Stated() {
			least = -1
		}
		if n.Place < 0 || n.Place >= maxWidth || n.Item < least || n.Item >= maxWidth || !n.Stated() && n.Item != -1 {
			return fmt.Errorf("gsm: node %d (%s) stands at place %d, item %d: positions are 0 to %d, and totals have item -1", i, n.Kind, n.Place, n.Item, maxWidth-1)
		}
		if seen := &at[n.Kind][n.Place][n.Item+1]; *seen {
			return fmt.Errorf("gsm: node %d is a second %s at place %d, item %d", i, n.Kind, n.Place, n.Item)
		} else {
			*seen = true
		}
	}
	for i := range g.Nodes { // only now: a total looks at all nodes of its place
		if err := g.validateDefinition(i); err != nil {
			return err
		}
	}
	return nil
}

// validateDefinition checks a realistic node against the sentence shapes and the
// meaning of totals (docs/generator.md, "Sentences" and "Quantities").
func (g *Graph) validateDefinition(i int) error {
	n := &g.Nodes[i]
	if n.Outer > Times {
		return fmt.Errorf("gsm: node %d has outer %s, which the realistic family does not have", i, n.Outer)
	}
	switch n.Kind {
	case Total, Total2:
		want := Sum
		if n.Kind == Total2 {
			want = SumProducts
		}
		if n.Inner != want || n.Outer != Bare {
			return fmt.Errorf("gsm: node %d is a %s with inner %s, outer %s: must be %s and bare", i, n.Kind, n.Inner, n.Outer, want)
		}
		if err := n.validateParents(i, 1, 2*maxWidth); err != nil {
			return err
		}
		return g.validateTotal(i)
	}
	switch n.Inner {
	case None, Sum:
		return n.validateParents(i, 1, len(g.Nodes))
	case Difference:
		return n.validateParents(i, 2, 2)
	}
	return fmt.Errorf("gsm: node %d has inner %s, which no sentence says", i, n.Inner)
}

// validateTotal checks that the parents of a total are the items of its place,
// each once, in a layer-2 total each followed by its average.
func (g *Graph) validateTotal(i int) error {
	n := &g.Nodes[i]
	step := 1
	if n.Kind == Total2 {
		step = 2
	}
	var summed [maxWidth]bool
	for k := 0; k < len(n.Parents); k += step {
		item := &g.Nodes[n.Parents[k]]
		ok := item.Kind == Instance && item.Place == n.Place && !summed[item.Item]
		if ok && step == 2 {
			ok = k+1 < len(n.Parents)
			if ok {
				a := &g.Nodes[n.Parents[k+1]]
				ok = a.Kind == Average && a.Place == n.Place && a.Item == item.Item
			}
		}
		if !ok {
			return fmt.Errorf("gsm: node %d is a %s of place %d, but parent %d of it is no new part of that place", i, n.Kind, n.Place, k)
		}
		summed[item.Item] = true
	}
	for j := range g.Nodes {
		if o := &g.Nodes[j]; o.Stated() && o.Place == n.Place && !summed[o.Item] {
			return fmt.Errorf("gsm: node %d is a %s of place %d, but leaves out item %d, which node %d mentions", i, n.Kind, n.Place, o.Item, j)
		}
	}
	return nil
}

func (g *Graph) validateSymbolic() error {
	if g.Layers != 1 || g.Modulus < 2 || g.Mode != Forward {
		return fmt.Errorf("gsm: %d layers, modulus %d, mode %s: the symbolic family has 1 layer, a modulus of 2 or more, and forward problems", g.Layers, g.Modulus, g.Mode)
	}
	seen := map[int]bool{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if n.Kind != Instance || n.Place != 0 || n.Item < 1 || seen[n.Item] {
			return fmt.Errorf("gsm: node %d is %s %d at place %d: symbolic nodes are instances at place 0 with different numbers from 1", i, n.Kind, n.Item, n.Place)
		}
		seen[n.Item] = true
		if n.Inner > Product || n.Outer > Minus {
			return fmt.Errorf("gsm: node %d has inner %s, outer %s, which the symbolic family does not have", i, n.Inner, n.Outer)
		}
		if err := n.validateParents(i, 1, 2); err != nil {
			return err
		}
		single := n.Inner == Sum && len(n.Parents) == 1 && n.Outer != Bare
		if pair := len(n.Parents) == 2 && n.Outer == Bare; n.Inner != None && !single && !pair {
			return fmt.Errorf("gsm: node %d is no binary operation: it needs two parents, or one and a constant", i)
		}
	}
	return nil
}

// validateNeed checks that each path node but the last has a user on the path.
func (g *Graph) validateNeed() error {
	needed := make([]bool, g.Path)
	for i := range g.Nodes[:g.Path] {
		for _, p := range g.Nodes[i].Parents {
			needed[p] = true
		}
	}
	for i := range g.Path - 1 {
		if !needed[i] {
			return fmt.Errorf("gsm: node %d is on the path, but no path node uses it", i)
		}
	}
	return nil
}

func (g *Graph) validateQuestion() error {
	switch g.Mode {
	case Forward:
		if g.Question != g.Path-1 {
			return fmt.Errorf("gsm: the question is node %d: a forward problem asks for the last path node, %d", g.Question, g.Path-1)
		}
		return nil
	case Reverse:
		if g.Question < 0 || g.Question >= g.Path-1 || g.Nodes[g.Question].Inner != None || g.Nodes[g.Question].Value < 1 {
			return fmt.Errorf("gsm: the question is node %d: a reverse problem asks for a positive constant of the path, which is not its last node", g.Question)
		}
		if !g.solvableFor(g.Question) {
			return fmt.Errorf("gsm: the last path node is no linear function of node %d with a non-zero factor: the equation does not have one solution", g.Question)
		}
		return nil
	}
	return fmt.Errorf("gsm: mode %d does not exist", g.Mode)
}
