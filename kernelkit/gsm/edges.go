package gsm

// Edges counts the edges of the solution path, a constant being one: those that
// the text states, and those that the reader must infer (paper §A.1.2). Inferred
// are the edges of totals, which no sentence defines, and the value of the
// withheld leaf of a reverse problem. In the realistic family they sum to Op.
func (g *Graph) Edges() (explicit, implicit int) {
	for i := range g.Nodes[:g.Path] {
		n := &g.Nodes[i]
		edges := len(n.Parents)
		if n.HasConst() {
			edges++
		}
		if n.Stated() && !(g.Mode == Reverse && i == g.Question) {
			explicit += edges
		} else {
			implicit += edges
		}
	}
	return explicit, implicit
}
