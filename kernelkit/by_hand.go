package kernelkit

import (
	"errors"
	"fmt"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
)

// Node is a quantity of a graph that you build by hand.
type Node struct {
	Value       int64 // of a leaf, 0 to 9
	Op          byte  // '+', '-' or '*'; 0 for a leaf
	Left, Right int   // places of the parents in the list, which come before the node
}

// FromGraph is a problem of the terse family (context A or B) from a graph built by hand, modulo 10. The last node is
// asked for; what it does not need are distractors.
//
//	lab.FromGraph("A", kernelkit.Node{Value: 3}, kernelkit.Node{Value: 4}, kernelkit.Node{Op: '+', Left: 0, Right: 1})
func (l *Lab) FromGraph(context string, nodes ...Node) Problem {
	g, err := graphOf(nodes)
	if err != nil {
		fail(fmt.Errorf("the graph: %w", err))
	}
	p := must(gsm.Render(g, context, random.New(l.Seed, "by hand")))
	p.ID = "by-hand"
	return Problem{p}
}

// graphOf orders the nodes as problems have them, those that the last one needs first.
func graphOf(nodes []Node) (*gsm.Graph, error) {
	if len(nodes) == 0 {
		return nil, errors.New("it has no node")
	}
	if err := checkNodes(nodes); err != nil {
		return nil, err
	}
	last := len(nodes) - 1
	needed := make([]bool, len(nodes))
	needed[last] = true
	for i := last; i >= 0; i-- {
		if needed[i] && nodes[i].Op != 0 {
			needed[nodes[i].Left], needed[nodes[i].Right] = true, true
		}
	}
	g := &gsm.Graph{Family: gsm.Symbolic, Layers: 1, Modulus: 10}
	place := make([]int, len(nodes))
	for _, path := range []bool{true, false} {
		for i, n := range nodes {
			if needed[i] == path {
				place[i] = len(g.Nodes)
				g.Nodes = append(g.Nodes, symbolicNode(n, len(g.Nodes)+1, place, g.Nodes))
			}
		}
		if path {
			g.Path, g.Question = len(g.Nodes), len(g.Nodes)-1
		}
	}
	return g, g.Validate()
}

func checkNodes(nodes []Node) error {
	for i, n := range nodes {
		switch {
		case n.Op == 0 && (n.Value < 0 || n.Value > 9):
			return fmt.Errorf("node %d has the value %d: expected 0 to 9", i, n.Value)
		case n.Op != 0 && n.Op != '+' && n.Op != '-' && n.Op != '*':
			return fmt.Errorf("node %d has the operator %q: expected '+', '-' or '*'", i, n.Op)
		case n.Op != 0 && (n.Left < 0 || n.Right < 0 || n.Left >= i || n.Right >= i):
			return fmt.Errorf("node %d has the parents %d and %d: expected places of nodes before it", i, n.Left, n.Right)
		}
	}
	return nil
}

// symbolicNode is a node at a place of the graph; place says where its parents are.
func symbolicNode(n Node, item int, place []int, before []gsm.Node) gsm.Node {
	if n.Op == 0 {
		return gsm.Node{Item: item, Const: n.Value, Value: n.Value}
	}
	left, right := place[n.Left], place[n.Right]
	a, b := before[left].Value, before[right].Value
	out := gsm.Node{Item: item, Parents: []int{left, right}}
	switch n.Op {
	case '+':
		out.Inner, out.Value = gsm.Sum, (a+b)%10
	case '-':
		out.Inner, out.Value = gsm.Difference, (a-b+10)%10
	case '*':
		out.Inner, out.Value = gsm.Product, a*b%10
	}
	return out
}
