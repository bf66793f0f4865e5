package engine

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// Loop is a compiled loop: as long as condition [] bool holds of what is carried, body turns
// it into what is carried next, of the same shapes. It returns the last of it.
//
// Everything that condition and body need is carried: not every operation can use a value
// from outside of a closure, and XLA leaves what does not change where it is. The library
// keeps each scalar, and go-xla 0.4.2 each reduction function, once a graph, in the function
// that used it first, and refuses it elsewhere: so a graph has both in its body only.
func Loop(carried []*Node, condition func(carried []*Node) *Node, body func(carried []*Node) []*Node) []*Node {
	g := carried[0].Graph()
	parameters := func() []*Node {
		nodes := make([]*Node, len(carried))
		for i, c := range carried {
			nodes[i] = Parameter(g, fmt.Sprintf("carried%d", i), c.Shape())
		}
		return nodes
	}
	return While(
		NewClosure(g, func(*Graph) []*Node { return []*Node{condition(parameters())} }),
		NewClosure(g, func(*Graph) []*Node { return body(parameters()) }),
		carried...)
}
