package gsm

import (
	"fmt"
	"strconv"
	"sync"

	"interplay/kernelkit/random"
)

// Render writes g in the words of a context. The stream decides names, the order
// of the statements and the letters of the solution; the graph decides all else,
// so one graph rendered into two contexts gives a counterpart pair. The ID is
// left to the caller.
//
// It fails when the context is unknown or belongs to the other family, and when
// the graph is larger than the words allow.
func Render(g *Graph, context string, s *random.Stream) (*Problem, error) {
	if g.Family == Symbolic {
		return RenderSymbolic(g, context, s)
	}
	ctx, err := ContextByName(context)
	if err != nil {
		return nil, err
	}
	return renderRealistic(g, ctx, s)
}

// renderRealistic writes the statements, the question and the gold solution of a
// realistic problem (docs/generator.md, "Sentences" and "Solutions"). It differs from the authors' text in
// two defects that it does not have: a reverse problem keeps every relation, and
// the last sum of a layer-2 total is marked by "so" like that of a layer-1 total.
func renderRealistic(g *Graph, ctx *Context, s *random.Stream) (*Problem, error) {
	scratch := scratches.Get().(*renderScratch)
	defer scratches.Put(scratch)
	nodeWords, err := ctx.choose(g, s, scratch.words[:0])
	if err != nil {
		return nil, err
	}
	scratch.words = nodeWords
	w := &scratch.solution
	w.text = appendStatements(w.text[:0], g, nodeWords, s)
	problem := len(w.text)

	p := &Problem{Op: g.Op(), Context: ctx.Name, Mode: g.Mode, Graph: g, Names: make([]string, len(nodeWords))}
	for i, w := range nodeWords {
		p.Names[i] = w.name
	}
	w.g, w.steps, w.names, w.letters = g, pathSteps(w.steps[:0], g), p.Names, append(w.letters[:0], alphabet...)
	if g.Mode == Reverse {
		w.letters = w.letters[:len(alphabet)-2] // x is the unknown
	}
	s.Shuffle(len(w.letters), func(i, j int) { w.letters[i], w.letters[j] = w.letters[j], w.letters[i] })
	if err := w.write(); err != nil {
		return nil, err
	}
	all := string(w.text) // one allocation for both texts
	p.Problem, p.Solution = all[:problem], all[problem:]
	p.Question = nodeWords[g.Question].ask
	p.Answer = strconv.FormatInt(g.Nodes[g.Question].Value, 10)
	return p, nil
}

// alphabet is what letters are drawn from; x and X stand last.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWYZabcdefghijklmnopqrstuvwyzxX"

// renderScratch is the memory of one rendering that the problem does not keep.
type renderScratch struct {
	words    []*words
	solution solutionWriter
}

var scratches = sync.Pool{New: func() any { return new(renderScratch) }}

// choose draws a list of places and one of items, and which name stands at which
// position, and returns the words of each node.
func (c *Context) choose(g *Graph, s *random.Stream, dst []*words) ([]*words, error) {
	t := &c.tables[s.IntN(len(c.tables))]
	var space [2][16]int
	places := appendPerm(space[0][:0], len(t.instance), s)
	items := appendPerm(space[1][:0], len(t.instance[0]), s)
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if n.Place < 0 || n.Place >= len(places) || n.Item >= len(items) || n.Item < 0 && n.Stated() {
			return nil, fmt.Errorf("gsm: node %d stands at place %d, item %d: context %s has %d places and %d items", i, n.Place, n.Item, c.Name, len(places), len(items))
		}
		place := places[n.Place]
		switch n.Kind {
		case Instance:
			dst = append(dst, &t.instance[place][items[n.Item]])
		case Average:
			dst = append(dst, &t.average[place][items[n.Item]])
		case Total:
			dst = append(dst, &t.total[place])
		default:
			dst = append(dst, &t.total2[place])
		}
	}
	return dst, nil
}

// appendPerm appends a uniform permutation of 0..n−1 to an empty slice.
func appendPerm(dst []int, n int, s *random.Stream) []int {
	for i := range n {
		dst = append(dst, i)
		j := s.IntN(i + 1)
		dst[i], dst[j] = dst[j], i
	}
	return dst
}

// appendStatements writes one sentence for each stated node, shuffled; in reverse
// mode also the value of the path's last node (docs/generator.md, "Sentences"). Each ends with ". ".
func appendStatements(text []byte, g *Graph, nodeWords []*words, s *random.Stream) []byte {
	var space [96]int
	order := space[:0]
	for i := range g.Nodes {
		if g.Nodes[i].Stated() {
			order = append(order, i)
		}
	}
	if g.Mode == Reverse {
		order = append(order, -1)
	}
	for i := len(order) - 1; i > 0; i-- {
		j := s.IntN(i + 1)
		order[i], order[j] = order[j], order[i]
	}
	for _, i := range order {
		if i < 0 {
			text = appendGivenValue(text, g, nodeWords)
		} else {
			text = appendStatement(text, g, nodeWords, i)
		}
		text = append(text, ". "...)
	}
	return text
}

// appendStatement writes the definition of node i, without the final dot.
func appendStatement(text []byte, g *Graph, nodeWords []*words, i int) []byte {
	n := &g.Nodes[i]
	text = appendSubject(text, nodeWords[i])
	if g.Mode == Reverse && i == g.Question {
		if n.Kind == Instance {
			return append(text, " exists, and its number is greater than 0"...)
		}
		return append(text, " is greater than 0"...)
	}
	text = append(text, " equals "...)
	if n.Inner == None {
		return strconv.AppendInt(text, n.Const, 10)
	}
	switch n.Outer {
	case Plus:
		text = append(strconv.AppendInt(text, n.Const, 10), " plus "...)
	case Times:
		text = append(strconv.AppendInt(text, n.Const, 10), " times "...)
	}
	parent := func(k int) string { return nodeWords[n.Parents[k]].ref }
	last := len(n.Parents) - 1
	switch {
	case last == 0:
		return append(text, parent(0)...)
	case n.Inner == Difference:
		text = append(append(text, "the difference between "...), parent(0)...)
		return append(append(text, " and "...), parent(1)...)
	case last == 1:
		text = append(append(text, "the sum of "...), parent(0)...)
		return append(append(text, " and "...), parent(1)...)
	}
	text = append(text, "the sum of "...)
	for k := range last {
		text = append(append(text, parent(k)...), ", "...)
	}
	return append(append(text, "and "...), parent(last)...)
}

// appendGivenValue writes the statement that a reverse problem is solved from.
func appendGivenValue(text []byte, g *Graph, nodeWords []*words) []byte {
	text = append(appendSubject(text, nodeWords[g.Path-1]), " equals "...)
	return strconv.AppendInt(text, g.Nodes[g.Path-1].Value, 10)
}

// appendSubject writes a reference at the start of a sentence.
func appendSubject(text []byte, w *words) []byte {
	return append(append(text, 'T'), w.ref[1:]...)
}
