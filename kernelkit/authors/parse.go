package authors

import (
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// Graph is what the authors' parser reads out of a solution text
// (github.com/Interplay-LM-Reasoning/Interplay-LM-Reasoning at c6676bcc): steps,
// and the graph of their names. It reproduces that parser with its defects, for
// figures that compare with the paper's; Judge is the sound way.
//
// A graph is read-only once parsed and safe for concurrent use.
type Graph struct {
	Steps    []Step // in the order of the text; a name may occur twice
	Answer   Value  // of graphAnswer
	Preamble string // the text before the first step; the whole text where there is none

	nodes []int32 // distinct names in the order of first appearance: index of the last step of that name
}

// Step is one "Define … as X; …" of a solution.
type Step struct {
	Name     string
	Variable string // one letter; of ASCII, or one of İ ı ſ K
	Value    Value

	node         int32
	dependencies []int32 // nodes, distinct, in no particular order
}

// Value is a number or none. JSON has null for none and the strings
// "inf", "-inf" and "nan" for what it cannot write as a number.
type Value struct {
	Number float64
	Known  bool
}

// MarshalJSON writes null, a number or one of the three strings.
func (v Value) MarshalJSON() ([]byte, error) {
	switch {
	case !v.Known:
		return []byte("null"), nil
	case math.IsNaN(v.Number):
		return []byte(`"nan"`), nil
	case math.IsInf(v.Number, 1):
		return []byte(`"inf"`), nil
	case math.IsInf(v.Number, -1):
		return []byte(`"-inf"`), nil
	}
	return json.Marshal(v.Number)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (v *Value) UnmarshalJSON(data []byte) error {
	*v = Value{}
	text := string(data)
	if text == "null" {
		return nil
	}
	if s, err := strconv.Unquote(text); err == nil {
		text = s
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("expected a number, null, \"inf\", \"-inf\" or \"nan\"; found %s", data)
	}
	*v = Value{n, true}
	return nil
}

// differs is the authors' comparison of values: exactly one has none, or they are
// further apart than the tolerance. Equal infinities agree, and NaN agrees with everything.
func (v Value) differs(w Value) bool {
	if !v.Known || !w.Known {
		return v.Known != w.Known
	}
	return math.Abs(v.Number-w.Number) > tolerance
}

const tolerance = 1e-6

// Dependencies returns the sorted names that step s of g depends on.
func (g *Graph) Dependencies(s *Step) []string {
	names := make([]string, len(s.dependencies))
	for i, d := range s.dependencies {
		names[i] = g.name(d)
	}
	sort.Strings(names)
	return names
}

func (g *Graph) name(node int32) string { return g.Steps[g.nodes[node]].Name }

// TopologicalOrder returns the names so that each follows what it depends on, by
// Kahn's algorithm in node order; false where the graph has a cycle. The authors'
// order is the same up to the order among nodes that become free together, which
// there changes from run to run.
func (g *Graph) TopologicalOrder() ([]string, bool) {
	waiting := make([]int, len(g.nodes))
	users := make([][]int32, len(g.nodes))
	for n, s := range g.nodes {
		waiting[n] = len(g.Steps[s].dependencies)
		for _, d := range g.Steps[s].dependencies {
			users[d] = append(users[d], int32(n))
		}
	}
	var queue []int32
	for n, w := range waiting {
		if w == 0 {
			queue = append(queue, int32(n))
		}
	}
	for i := 0; i < len(queue); i++ {
		for _, u := range users[queue[i]] {
			if waiting[u]--; waiting[u] == 0 {
				queue = append(queue, u)
			}
		}
	}
	names := make([]string, len(queue))
	for i, n := range queue {
		names[i] = g.name(n)
	}
	return names, len(names) == len(g.nodes)
}

// letterValues maps variables, numbered as by variableIndex, to their values.
type letterValues struct {
	v     [letterCount]float64
	known uint64
}

func (l *letterValues) has(i uint8) bool { return l.known>>i&1 == 1 }

func (l *letterValues) set(i uint8, v float64) {
	l.v[i] = v
	l.known |= 1 << i
}

// parser is the state of one parse. It is pooled, since the state is
// larger than most graphs.
type parser struct {
	text    string // without tags, trimmed
	graph   *Graph
	headers []header
	values  letterValues
	owned   uint64             // letters that have a name
	owner   [letterCount]int32 // node of that name
	through [52]uint64         // letters collected under a letter that the current step has assigned
	answer  int                // next "Answer:" in text at or after the current step, or len(text)
	nodes   []int32            // as in Graph
	deps    []int32            // dependencies of all steps so far, distinct within a step
	depEnds []int32            // where each step's dependencies end
	names   map[string]int32   // node of a name, once there are too many for a search in line
}

var parsers = sync.Pool{New: func() any { return new(parser) }}

// linearNames is the number of names up to which comparing with each is faster than a map.
const linearNames = 24

// Parse parses a solution text as the authors do. It takes time linear
// in the text, whatever the text; invalid UTF-8 is read as U+FFFD.
//
// Tags are removed, with all that stands between a "<" and the next ">". Steps start
// at headers "Define NAME as X;" (header.go). Within a step's body every "L = …" up
// to the next "." or ";" is an assignment to the letter L; all letters in it, even in
// words, are uses of earlier steps or of the step's own intermediates. Its value is
// what stands behind the last "=": evaluated as Python where nothing but known letters,
// ASCII digits, + - * / ( ) . and white space stand there, else the last number of the
// assignment. The last assignment to X gives the step's value; without one, the last
// number of the body does.
func Parse(text string) *Graph {
	text = pyText(text)
	g := &Graph{}
	if v, ok := graphAnswer(text); ok {
		g.Answer = Value{v, true}
	}
	text = pyStrip(pyRemoveTags(text))

	p := parsers.Get().(*parser)
	p.headers = findHeaders(text, p.headers[:0])
	g.Preamble = text
	if len(p.headers) > 0 {
		g.Preamble = pyStrip(text[:p.headers[0].start])
		g.Steps = make([]Step, len(p.headers))
		p.parse(text, g)
	}
	p.text, p.graph, p.names = "", nil, nil // the pool must not keep texts alive
	parsers.Put(p)
	return g
}

// parse fills in the steps and nodes of g from p.headers.
func (p *parser) parse(text string, g *Graph) {
	p.text, p.graph = text, g
	p.values.known, p.owned, p.answer = 0, 0, -1
	p.nodes, p.deps, p.depEnds = p.nodes[:0], p.deps[:0], p.depEnds[:0]
	unknown := false
	for i := range g.Steps {
		p.step(i)
		unknown = unknown || !g.Steps[i].Value.Known
	}
	shared := make([]int32, len(p.nodes)+len(p.deps))
	g.nodes = shared[:copy(shared, p.nodes):len(p.nodes)]
	shared = shared[len(p.nodes):]
	copy(shared, p.deps)
	start := int32(0)
	for i, end := range p.depEnds {
		g.Steps[i].dependencies = shared[start:end:end]
		start = end
	}
	if unknown {
		p.settle()
	}
}

// body returns the text of step i: from its header to the next, without what
// follows an "Answer:", trimmed.
func (p *parser) body(i int) string {
	start, end := p.headers[i].end, len(p.text)
	if i+1 < len(p.headers) {
		end = p.headers[i+1].start
	}
	if p.answer < start {
		p.answer = len(p.text)
		if k := strings.Index(p.text[start:], "Answer:"); k >= 0 {
			p.answer = start + k
		}
	}
	return pyStrip(p.text[start:min(end, p.answer)])
}

// step reads the assignments of step i, its value and its dependencies.
func (p *parser) step(i int) {
	h := &p.headers[i]
	s := &p.graph.Steps[i]
	s.Name, s.Variable = p.text[h.nameStart:h.nameEnd], p.text[h.variable:h.end-1]
	if h.plain {
		s.Name = trimName(s.Name)
	} else {
		s.Name = repairName(s.Name)
	}
	v := variableIndex(s.Variable)
	body := p.body(i)

	var deps, assigned uint64 // letters that the step depends on; other letters that it has assigned
	for at := 0; ; {
		a, ok := nextAssignment(body, at)
		if !ok {
			break
		}
		at = a.end
		uses := a.letters & p.owned
		for m := a.letters & assigned; m != 0; m &= m - 1 {
			uses |= p.through[bits.TrailingZeros64(m)]
		}
		if a.target == v {
			deps |= uses
		} else if assigned>>a.target&1 == 1 {
			p.through[a.target] |= uses
		} else {
			p.through[a.target] = uses
			assigned |= 1 << a.target
		}
		value, ok := pyEval(a.tail, &p.values)
		if !ok {
			value, ok = pyLastNumber(body[a.start:a.end])
		}
		if ok {
			p.values.set(a.target, value)
			if a.target == v {
				s.Value = Value{value, true}
			}
		}
	}
	if !s.Value.Known {
		if value, ok := pyLastNumber(body); ok {
			p.values.set(v, value)
			s.Value = Value{value, true}
		}
	}
	p.depend(deps)
	s.node = p.node(int32(i), s.Name)
	p.owned |= 1 << v
	p.owner[v] = s.node
}

// depend adds the names of the letters in deps as the step's dependencies. Two
// letters may have the same name.
func (p *parser) depend(deps uint64) {
	start := len(p.deps)
next:
	for ; deps != 0; deps &= deps - 1 {
		n := p.owner[bits.TrailingZeros64(deps)]
		for _, d := range p.deps[start:] {
			if d == n {
				continue next
			}
		}
		p.deps = append(p.deps, n)
	}
	p.depEnds = append(p.depEnds, int32(len(p.deps)))
}

// node returns the node of a name, with step i as its last step.
func (p *parser) node(i int32, name string) int32 {
	if p.names != nil {
		if n, ok := p.names[name]; ok {
			p.nodes[n] = i
			return n
		}
		p.names[name] = int32(len(p.nodes))
	} else {
		for n, s := range p.nodes {
			if p.graph.Steps[s].Name == name {
				p.nodes[n] = i
				return int32(n)
			}
		}
		if len(p.nodes) == linearNames {
			p.names = make(map[string]int32, len(p.graph.Steps))
			for n, s := range p.nodes {
				p.names[p.graph.Steps[s].Name] = int32(n)
			}
			p.names[name] = int32(len(p.nodes))
		}
	}
	p.nodes = append(p.nodes, i)
	return int32(len(p.nodes) - 1)
}

// settle is the second pass: a step without a value tries its
// own expressions again, from the last, now that all letters are known, then the
// final value of its letter. Every step's value becomes its letter's in turn.
// Where every step has a value the pass would change nothing that is read.
func (p *parser) settle() {
	p.answer = -1
	var tails []string
	for i := range p.graph.Steps {
		s := &p.graph.Steps[i]
		v := variableIndex(s.Variable)
		if !s.Value.Known {
			tails = tails[:0]
			body := p.body(i)
			for at := 0; ; {
				a, ok := nextAssignment(body, at)
				if !ok {
					break
				}
				at = a.end
				if a.target == v && a.tail != "" {
					tails = append(tails, a.tail)
				}
			}
			for k := len(tails) - 1; k >= 0 && !s.Value.Known; k-- {
				s.Value.Number, s.Value.Known = pyEval(tails[k], &p.values)
			}
		}
		if !s.Value.Known && p.values.has(v) {
			s.Value = Value{p.values.v[v], true}
		}
		if s.Value.Known {
			p.values.set(v, s.Value.Number)
		}
	}
}

// assignment is one "L = …" within a body, up to the next "." or ";".
type assignment struct {
	start, end int
	target     uint8  // letterIndex of L
	letters    uint64 // all letters after the first "="
	tail       string // what follows the last "=", trimmed
}

// nextAssignment returns the first assignment in body at or after from: a letter,
// which need not stand alone, then "=", and at least one character before the
// next "." or ";".
func nextAssignment(body string, from int) (assignment, bool) {
	for at := from; ; {
		k := strings.IndexByte(body[at:], '=')
		if k < 0 {
			return assignment{}, false
		}
		equals := at + k
		at = equals + 1
		l := equals
		if l > from && body[l-1] == ' ' {
			l--
		}
		if l > from && letterIndex[body[l-1]] == noLetter {
			l = max(from, pySkipSpaceBack(body, equals))
		}
		if l <= from || letterIndex[body[l-1]] == noLetter {
			continue
		}
		a := assignment{start: l - 1, target: letterIndex[body[l-1]]}
		last := at
		end := at
		for ; end < len(body); end++ {
			c := body[end]
			if i := letterIndex[c]; i != noLetter {
				a.letters |= 1 << i
			} else if c == '=' {
				last = end + 1
			} else if c == '.' || c == ';' {
				break
			}
		}
		if end == at {
			continue
		}
		a.end, a.tail = end, pyStrip(body[last:end])
		return a, true
	}
}
