package gsm

import (
	"fmt"
	"strconv"
	"strings"

	"interplay/kernelkit/random"
)

// SymbolicWords is a context of the symbolic family: its tokens. Operators,
// numbers, ":", ";" and "ans" are the same in all contexts.
type SymbolicWords struct {
	Name   string // context name
	Entity string // letter before the number of a variable
	Equals string // between the links of a chain
	Stop   string // ends a statement
	Ask    string // begins the question
}

// symbolicContexts are the contexts in the order in which they enter a vocabulary.
var symbolicContexts = []SymbolicWords{
	{Name: "A", Entity: "a", Equals: "=", Stop: ".", Ask: "?"},
	{Name: "B", Entity: "b", Equals: "is", Stop: ",", Ask: "find"},
}

// SymbolicContext returns the tokens of a context of the symbolic family.
func SymbolicContext(name string) (SymbolicWords, error) {
	for _, w := range symbolicContexts {
		if w.Name == name {
			return w, nil
		}
	}
	return SymbolicWords{}, fmt.Errorf("unknown symbolic context %q: the symbolic family has A and B", name)
}

// Tokens returns every token of the symbolic family's texts with this many names a context
// and this modulus, in a fixed order, without the special tokens [PAD], [BOS] and [EOS] that
// frame a text. No names: all contexts. The tokens of DefaultSymbolic come first, in the same
// order, when only Entities differs. It panics on an unknown context.
func (c SymbolicConfig) Tokens(contexts ...string) []string {
	words := symbolicContexts
	if len(contexts) > 0 {
		words = nil
		for _, name := range contexts {
			w, err := SymbolicContext(name)
			if err != nil {
				panic(err)
			}
			words = append(words, w)
		}
	}
	tokens := []string{"ans", ":", ";", "+", "-", "*"}
	for v := range c.Modulus {
		tokens = append(tokens, strconv.FormatInt(v, 10))
	}
	for _, w := range words {
		tokens = append(tokens, w.Equals, w.Stop, w.Ask)
	}
	for from := 0; from < c.Entities; from += DefaultSymbolic.Entities {
		for _, w := range words {
			for i := from; i < min(c.Entities, from+DefaultSymbolic.Entities); i++ {
				tokens = append(tokens, w.Entity+strconv.Itoa(i+1))
			}
		}
	}
	return tokens
}

// RenderSymbolic writes a graph in the words of a context: tokens separated by
// single blanks, as in
//
//	problem   a11 a1 + 1 . a1 a2 * 8 . a6 a1 - a2 . a2 2 .
//	question  ? a11 :
//	solution  a1 a2 * 8 = 2 * 8 = a1 6 ; a11 a1 + 1 = 6 + 1 = a11 7 ; ans 7
//
// Statements are shuffled by s. The solution has a step for each operation of
// the path; leaves are not repeated, and each step restates its variable beside
// its value, which makes look-up learnable by small models (docs/scales.md, "What decided how fast it learned"). At
// op 0 no operation exists and the solution is "ans 2" alone.
func RenderSymbolic(g *Graph, context string, s *random.Stream) (*Problem, error) {
	w, err := SymbolicContext(context)
	if err != nil {
		return nil, err
	}
	if g.Family != Symbolic || g.Mode != Forward {
		return nil, fmt.Errorf("gsm: context %s renders forward problems of the symbolic family only", context)
	}
	var space [4096]byte
	text := space[:0]
	var order [128]int
	statements := order[:0]
	for i := range g.Nodes {
		statements = append(statements, i)
	}
	s.Shuffle(len(statements), func(i, j int) { statements[i], statements[j] = statements[j], statements[i] })

	p := &Problem{Op: g.Op(), Context: context, Mode: g.Mode, Graph: g, Names: make([]string, len(g.Nodes))}
	for k, i := range statements {
		if k > 0 {
			text = append(text, ' ')
		}
		text = w.statement(text, g, i)
	}
	problem := len(text)
	text = append(append(text, w.Ask...), ' ')
	text = append(w.variable(text, &g.Nodes[g.Question]), " :"...)
	question := len(text)
	var onPath [64]int
	text = w.solution(text, g, pathSteps(onPath[:0], g))
	solution := len(text)
	for i := range g.Nodes {
		text = w.variable(text, &g.Nodes[i])
	}
	all := string(text) // one allocation for all texts
	p.Problem, p.Question, p.Solution = all[:problem], all[problem:question], all[question:solution]
	p.Answer = p.Solution[strings.LastIndexByte(p.Solution, ' ')+1:]
	names := all[solution:]
	for i := range g.Nodes {
		n := len(w.variable(text[:0], &g.Nodes[i]))
		p.Names[i], names = names[:n], names[n:]
	}
	return p, nil
}

// statement appends the definition of node i and the stop mark.
func (w *SymbolicWords) statement(text []byte, g *Graph, i int) []byte {
	n := &g.Nodes[i]
	text = append(w.variable(text, n), ' ')
	if n.Inner == None {
		text = strconv.AppendInt(text, n.Const, 10)
	} else {
		text = w.operation(text, g, n, w.variable)
	}
	text = append(text, ' ')
	return append(text, w.Stop...)
}

// solution appends the steps, which are operations of g, and the answer.
func (w *SymbolicWords) solution(text []byte, g *Graph, steps []int) []byte {
	for _, i := range steps {
		n := &g.Nodes[i]
		text = append(w.variable(text, n), ' ')
		text = append(w.operation(text, g, n, w.variable), ' ')
		text = append(append(text, w.Equals...), ' ')
		text = append(w.operation(text, g, n, appendValue), ' ')
		text = append(append(text, w.Equals...), ' ')
		text = append(w.variable(text, n), ' ')
		text = append(appendValue(text, n), " ; "...)
	}
	text = append(text, "ans "...)
	return appendValue(text, &g.Nodes[g.Question])
}

// operation appends "left operator right", each node written by write.
func (w *SymbolicWords) operation(text []byte, g *Graph, n *Node, write func([]byte, *Node) []byte) []byte {
	text = write(text, &g.Nodes[n.Parents[0]])
	text = append(text, ' ', n.Operator(), ' ')
	if len(n.Parents) == 2 {
		return write(text, &g.Nodes[n.Parents[1]])
	}
	return strconv.AppendInt(text, n.Const, 10)
}

func (w *SymbolicWords) variable(text []byte, n *Node) []byte {
	return strconv.AppendInt(append(text, w.Entity...), int64(n.Item), 10)
}

func appendValue(text []byte, n *Node) []byte { return strconv.AppendInt(text, n.Value, 10) }
