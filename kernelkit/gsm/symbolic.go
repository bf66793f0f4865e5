package gsm

import (
	"fmt"

	"interplay/kernelkit/random"
)

// SymbolicConfig bounds the symbolic sampler.
type SymbolicConfig struct {
	Modulus  int64 // values are 0..Modulus−1; at least 3
	Entities int   // names a context offers: nodes of a problem get different ones of these

	MinDistractors, MaxDistractors int // range of the number of distractors, both included
}

// DefaultSymbolic is the micro scale (docs/generator.md, "The terse family"): arithmetic modulo 10, 20
// names a context, 0–3 distractors.
var DefaultSymbolic = SymbolicConfig{Modulus: 10, Entities: 20, MaxDistractors: 3}

// Bounds of the symbolic family: the deepest problem that the lab offers, the highest
// modulus (products of values and constants stay far from 64 bits, and every value is a
// token), and how many names and distractors there may be.
const (
	MaxSymbolicOp  = 30
	MaxModulus     = 10_000
	MaxEntities    = 1_000
	MaxDistractors = 100
)

// EntitiesFor returns how many names a context should offer for problems up to
// maxOp: a multiple of 20. It stays at 20 up to op 14, so that a model can be
// evaluated beyond what it was trained on with the tokens that it knows; the
// price is that from op 11 on the largest problems lose a few leaves. Deeper
// specs get enough names for the sampler's natural shape.
func (c SymbolicConfig) EntitiesFor(maxOp int) int {
	if maxOp+3+c.MaxDistractors <= 20 { // three leaves fit even with all distractors
		return 20
	}
	need := maxOp + naturalLeaves(maxOp) + c.MaxDistractors
	return (need + 19) / 20 * 20
}

// naturalLeaves bounds the number of leaves of a path of op operations. Without
// a bound a few problems would need many more names than the others.
func naturalLeaves(op int) int { return op/2 + 2 }

// Validate reports whether problems up to maxOp can be drawn. A path of op
// operations has at least op + 1 nodes, and each needs its own name.
func (c SymbolicConfig) Validate(maxOp int) error {
	switch {
	case c.Modulus < 3 || c.Modulus > MaxModulus:
		return fmt.Errorf("symbolic modulus %d: must be 3 to %d", c.Modulus, MaxModulus)
	case c.MinDistractors < 0 || c.MaxDistractors < c.MinDistractors || c.MaxDistractors > MaxDistractors:
		return fmt.Errorf("distractors %d–%d: the range must be ordered, within 0 to %d", c.MinDistractors, c.MaxDistractors, MaxDistractors)
	case maxOp < 0 || maxOp > MaxSymbolicOp:
		return fmt.Errorf("symbolic op %d: must be 0 to %d", maxOp, MaxSymbolicOp)
	case c.Entities < 0 || c.Entities > MaxEntities:
		return fmt.Errorf("entities is %d, the names a context offers: expected at most %d", c.Entities, MaxEntities)
	case maxOp+1+c.MinDistractors > c.Entities:
		return fmt.Errorf("symbolic op %d with %d or more distractors needs at least %d names, a context has %d: lower the op or offer more names (%d keep the natural shape)",
			maxOp, c.MinDistractors, maxOp+1+c.MinDistractors, c.Entities, c.EntitiesFor(maxOp))
	}
	return nil
}

// sampleSymbolic draws a problem of exactly op binary operations. No draw is
// rejected: the path grows from the question downwards, so every node is needed
// for the question by construction. cfg must be valid for op.
//
// Constants never undo an operation: 1..M−1 for + and −, 2..M−1 for ×.
func sampleSymbolic(s *random.Stream, op int, cfg SymbolicConfig) *Graph {
	distractors := min(s.Between(cfg.MinDistractors, cfg.MaxDistractors), cfg.Entities-op-1)
	leaves := min(naturalLeaves(op), cfg.Entities-op-distractors)

	path := growPath(s, op, leaves, cfg.Modulus)
	nodes := make([]Node, 0, len(path)+distractors)
	nodes = appendInRandomOrder(s, nodes, path)
	g := &Graph{Family: Symbolic, Layers: 1, Modulus: cfg.Modulus, Path: len(path), Question: len(path) - 1}
	for range distractors {
		nodes = append(nodes, symbolicDistractor(s, len(nodes), cfg.Modulus))
	}
	var nameSpace [128]int
	names := partialPerm(s, nameSpace[:0], cfg.Entities, len(nodes))
	var values [64]int64 // on the stack for every op in range
	known := values[:0]
	g.Nodes = nodes
	for i := range nodes {
		nodes[i].Item = names[i] + 1
		v, err := g.Eval(i, known)
		if err != nil {
			panic(err) // values below the modulus cannot overflow unless the modulus is near 2³²
		}
		nodes[i].Value = v
		known = append(known, v)
	}
	return g
}

// growPath draws the shape of the path, node 0 being the question, users before
// what they use. A node is open while nothing defines it. Each round defines a
// random open node by an operation over other open nodes or new ones, which are
// thereby earlier in the solution; what stays open at the end are the leaves.
func growPath(s *random.Stream, op, maxLeaves int, modulus int64) []Node {
	nodes := make([]Node, 1, op+maxLeaves)
	parents := make([]int, 0, 2*op)
	var space [64]int
	open := append(space[:0], 0)
	for left := op - 1; left >= 0; left-- {
		k := s.IntN(len(open))
		u := open[k]
		open[k] = open[len(open)-1]
		open = open[:len(open)-1]

		both := s.Bool()
		first := len(parents)
		for range 1 + b2i(both) {
			reusable := len(open) - (len(parents) - first) // chosen parents stay at the end of open
			mayGrow := len(open)+1-left <= maxLeaves
			switch {
			case reusable > 0 && (!mayGrow || s.IntN(4) == 0):
				j := s.IntN(reusable)
				parents = append(parents, open[j])
				open[j], open[reusable-1] = open[reusable-1], open[j]
			case mayGrow:
				parents = append(parents, len(nodes))
				open = append(open, len(nodes))
				nodes = append(nodes, Node{})
			}
		}
		own := parents[first:len(parents):len(parents)]
		if len(own) == 2 && s.Bool() {
			own[0], own[1] = own[1], own[0]
		}
		define(s, &nodes[u], own, modulus)
	}
	for _, u := range open {
		nodes[u].Inner, nodes[u].Const = None, int64(s.IntN(int(modulus)))
	}
	return nodes
}

// define makes n a binary operation over its parents, or over its only parent and a constant.
func define(s *random.Stream, n *Node, parents []int, modulus int64) {
	n.Parents = parents
	operation := s.IntN(3)
	if len(parents) == 2 {
		n.Inner = [...]Inner{Sum, Difference, Product}[operation]
		return
	}
	n.Inner, n.Outer = Sum, [...]Outer{Plus, Minus, Times}[operation]
	low := 1
	if n.Outer == Times {
		low = 2
	}
	n.Const = int64(s.Between(low, int(modulus)-1))
}

// appendInRandomOrder appends the nodes of path to dst in a random topological
// order, each choice uniform among the nodes that are ready, and renumbers the parents.
func appendInRandomOrder(s *random.Stream, dst, path []Node) []Node {
	// The users of node u are user[e] for e = first[u], then next[e], until 0.
	var first, waiting, position, readySpace [64]int
	var user, next [2*MaxSymbolicOp + 1]int
	ready := readySpace[:0]
	edge := 0
	for v := range path {
		waiting[v] = len(path[v].Parents)
		for _, u := range path[v].Parents {
			edge++
			user[edge], next[edge], first[u] = v, first[u], edge
		}
		if waiting[v] == 0 {
			ready = append(ready, v)
		}
	}
	for len(ready) > 0 {
		k := s.IntN(len(ready))
		u := ready[k]
		ready[k] = ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		position[u] = len(dst)
		dst = append(dst, path[u])
		for e := first[u]; e > 0; e = next[e] {
			if waiting[user[e]]--; waiting[user[e]] == 0 {
				ready = append(ready, user[e])
			}
		}
	}
	for i := range dst {
		for k, u := range dst[i].Parents {
			dst[i].Parents[k] = position[u]
		}
	}
	return dst
}

// symbolicDistractor draws a statement that the question does not need: a leaf,
// or an operation over any of the nodes before it.
func symbolicDistractor(s *random.Stream, before int, modulus int64) Node {
	n := Node{}
	if s.IntN(4) == 0 {
		n.Const = int64(s.IntN(int(modulus)))
		return n
	}
	parents := []int{s.IntN(before)}
	if before > 1 && s.Bool() {
		other := s.IntN(before - 1)
		if other >= parents[0] {
			other++
		}
		parents = append(parents, other)
	}
	define(s, &n, parents, modulus)
	return n
}

// partialPerm appends the first k entries of a random permutation of 0..n−1 to an empty slice.
func partialPerm(s *random.Stream, p []int, n, k int) []int {
	for i := range n {
		p = append(p, i)
	}
	for i := range k {
		j := i + s.IntN(n-i)
		p[i], p[j] = p[j], p[i]
	}
	return p[:k]
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
