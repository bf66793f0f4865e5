package gsm

import (
	"slices"

	"interplay/kernelkit/random"
)

// takeDetours writes the solution of a forward problem anew: every distractor that can be
// worked out before the question is, with the given chance, worked out on the way, at a place
// that s draws among those behind its parents. The steps that the question needs stay in
// their order, and its own stays the last.
func takeDetours(p *Problem, chance float64, s *random.Stream) error {
	g := p.Graph
	if g.Family == Symbolic {
		w, err := SymbolicContext(p.Context)
		if err != nil {
			return err
		}
		steps := detour(g, chance, s, func(*Node) bool { return true })
		p.Solution = string(w.solution(nil, g, steps))
		return nil
	}
	w := solutionWriter{g: g, names: p.Names, letters: []byte(alphabet)}
	s.Shuffle(len(w.letters), func(i, j int) { w.letters[i], w.letters[j] = w.letters[j], w.letters[i] })
	left := len(w.letters)
	for i := range g.Nodes[:g.Path] {
		left -= g.Nodes[i].links()
	}
	w.steps = detour(g, chance, s, func(n *Node) bool { // while there are letters
		fits := n.links() <= left
		if fits {
			left -= n.links()
		}
		return fits
	})
	if err := w.write(); err != nil {
		return err
	}
	p.Solution = string(w.text)
	return nil
}

// detour is the steps of a solution with distractors among them; room says whether one more fits.
func detour(g *Graph, chance float64, s *random.Stream, room func(*Node) bool) []int {
	steps := pathSteps(nil, g)
	for d := g.Path; d < len(g.Nodes); d++ {
		n := &g.Nodes[d]
		if !g.isStep(d) || slices.Contains(n.Parents, g.Question) || s.Float64() >= chance {
			continue
		}
		from, reachable := 0, true
		for _, parent := range n.Parents {
			if at := slices.Index(steps, parent); at >= 0 {
				from = max(from, at+1)
			} else {
				reachable = reachable && !g.isStep(parent) // a leaf of the symbolic family has its value
			}
		}
		to := len(steps) // behind all of them where the question is no step
		if g.isStep(g.Question) {
			to = slices.Index(steps, g.Question)
		}
		if reachable && room(n) {
			steps = slices.Insert(steps, s.Between(from, to), d)
		}
	}
	return steps
}
