package verify

import (
	"strings"
	"sync"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify/exact"
	"interplay/kernelkit/verify/lex"
)

// A realistic solution is prose with definitions and equations in it,
//
//	Define adult fox in Pine Ridge as K; M = a + b = 3 + 4 = 7; so K = 2 * M = 2 * 7 = 14.
//
// A definition opens a step and gives a quantity a variable. Every chain of
// equalities up to the next definition belongs to the step. A chain that begins
// with the step's variable defines the quantity; one that begins with a variable
// that means nothing yet defines an intermediate; any other is a remark, which
// must be true. In reverse mode the unknown's value is the polynomial x, and once
// the last node is right, remarks may use what the problem says of it: they then
// make up the closing, a step of its own.

// realisticJudge judges one solution. It is used again and again: see judgeRealistic.
type realisticJudge struct {
	p      *gsm.Problem
	text   string
	tokens []lex.Token
	parens []int // open parentheses of the chain at hand
	operands
	work, kept exact.Arena // terms of the expression at hand; terms that outlive it

	letters  [128]int32       // 1 + index in bindings of a one-letter variable
	words    map[string]int32 // the same for longer ones
	bindings []binding

	nodes  []nodeState
	values []exact.Polynomial // of known nodes, as the solution gives them
	truths []exact.Polynomial // true values, where known
	sure   []bool             // truths is known

	formulas []exact.Polynomial // true definitions, where composed
	composed []bool
	folded   []string // the problem's names as fold writes them, once needed

	step    step
	given   equation // reverse mode: the last node's true polynomial is its given value
	last    equation // of the closing; none: nothing derives the answer
	found   bool     // the closing has come to x = …
	closing int      // index of the closing step, or −1

	beside   bool // the token at hand stands in a sentence with an equation before it
	answered bool // the text gives an answer
	early    int  // index of the step at which it did so before one derived it, or −1
	v        Verdict

	at          int          // the token at hand, for the explanation
	explanation *Explanation // may be nil
}

// step is the step at hand. The zero value stands before the first definition.
type step struct {
	open     bool
	index    int
	node     int // index in Graph.Nodes; −1: a quantity that the problem does not name
	variable int // index in bindings
	chain    chain
	class    ErrorClass // of its first wrong chain
}

// binding is what a variable means.
type binding struct {
	name  string
	node  int  // ≥ 0: the node whose value it is
	known bool // otherwise: formula holds what it stands for
	named bool // given by a definition, not by a chain
	step  int  // where it got its meaning

	formula exact.Polynomial
}

var judges = sync.Pool{New: func() any { return &realisticJudge{words: map[string]int32{}} }}

// judgeRealistic judges a solution of the realistic family.
func judgeRealistic(p *gsm.Problem, prediction string, e *Explanation) Verdict {
	j := judges.Get().(*realisticJudge)
	defer func() {
		if cap(j.tokens) < 1<<14 { // do not hold on to the memory of a monstrous text
			judges.Put(j)
		}
	}()
	body, answer, tagged, closed := cutAnswer(lex.Said(prediction))
	j.reset(p, body)
	j.explanation = e
	if tagged {
		j.answered, j.v.Answer = true, j.isAnswer(answer, closed)
	}
	for i := 0; i < len(j.tokens); {
		i = j.read(i)
	}
	j.endStep()
	derived := j.derivesAnswer()
	if derived && j.early >= 0 {
		j.fail(j.early, LuckyAnswer) // the answer stood before what derives it
	}
	j.v.settle(p.Graph, j.nodes, derived, j.answered)
	e.settle(p.Graph, j.nodes)
	j.explanation = nil
	return j.v
}

// read judges what begins at token i and returns the token to go on with.
func (j *realisticJudge) read(i int) (next int) {
	j.at = i
	switch t := j.tokens[i]; {
	case t.Kind == lex.Word && j.keyword(i) == lex.Define:
		j.beside = false
		return j.definition(i)
	case t.Kind == lex.Word && j.keyword(i) == lex.AnswerLabel:
		j.beside = false
		return j.label(i)
	case t.Kind <= lex.Minus || t.Kind == lex.Open:
		return j.statement(i)
	case t.Kind == lex.Equals:
		j.refuse(Unparsable)
	case t.Kind == lex.Other:
		j.mark(i)
	case t.Kind == lex.Dot:
		j.beside = false
	}
	return i + 1
}

// reset prepares the judge for a solution of p.
func (j *realisticJudge) reset(p *gsm.Problem, text string) {
	n := len(p.Graph.Nodes)
	j.p, j.text = p, text
	j.tokens = lex.Tokens(j.tokens[:0], text)
	j.work.Reset()
	j.kept.Reset()
	j.letters = [128]int32{}
	clear(j.words)
	j.bindings = j.bindings[:0]
	j.nodes = zeroed(j.nodes, n)
	j.values = zeroed(j.values, n)
	j.truths = zeroed(j.truths, n)
	j.sure = zeroed(j.sure, n)
	j.formulas = zeroed(j.formulas, n)
	j.composed = zeroed(j.composed, n)
	j.folded = j.folded[:0]
	j.step = step{node: -1, variable: -1}
	j.given, j.last, j.found, j.closing = equation{}, equation{}, false, -1
	j.beside, j.answered, j.early = false, false, -1
	j.v = Verdict{FirstWrong: -1}
	if g := p.Graph; p.Graph.Mode == gsm.Reverse && g.Path > 0 {
		last := g.Path - 1
		if truth, ok := j.truth(last); ok {
			value := j.kept.Number(exact.Whole(g.Nodes[last].Value))
			difference, _ := j.kept.Plus(truth, value, exact.Whole(-1))
			j.given = equation{truth, value, difference}
		}
	}
}

func zeroed[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// endStep closes the step at hand and records what it says of its node.
func (j *realisticJudge) endStep() {
	s := &j.step
	if !s.open {
		return
	}
	class := s.class
	if class == Right || class == WrongSubstitution || class == WrongArithmetic {
		// A wrong formula is why the numbers after it are wrong.
		if c := j.compare(s); class == Right || c == WrongParents || c == WrongOperator {
			class = c
		}
	}
	if class != Right {
		j.fail(s.index, class)
	} else if s.node < 0 || j.nodes[s.node].shown || !j.p.Graph.HasStep(s.node) {
		j.v.Extra++
		j.explanation.extra(s.index)
	}
	if s.node < 0 {
		return
	}
	n := &j.nodes[s.node]
	n.shown = true
	if class != Right {
		n.wrong = true
		n.wrongParents = n.wrongParents || class == WrongParents || s.chain.defined && !j.sameParents(s)
		n.wrongValue = n.wrongValue || !j.rightValue(s)
	}
}

// compare is the class of the step's chain against the true node.
func (j *realisticJudge) compare(s *step) ErrorClass {
	switch {
	case s.node < 0:
		return Right
	case j.unknown(s.node):
		if s.chain.defined {
			return LuckyAnswer // the value of the unknown is what is to be found
		}
		return Right
	case !s.chain.defined:
		return Unparsable
	case !j.sameParents(s):
		return WrongParents
	}
	formula, ok := j.formula(s.node)
	leaf := j.p.Graph.Nodes[s.node].Inner == gsm.None
	switch {
	case !leaf && !(ok && formula.Equal(s.chain.formula)):
		return WrongOperator
	case !j.rightValue(s):
		return WrongValue
	}
	return Right
}

// unknown reports whether node i is the one to be found by an equation.
func (j *realisticJudge) unknown(i int) bool {
	return j.p.Graph.Mode == gsm.Reverse && i == j.p.Graph.Question
}

func (j *realisticJudge) sameParents(s *step) bool {
	var parents exact.Symbols
	for _, i := range j.p.Graph.Nodes[s.node].Parents {
		if j.unknown(i) {
			parents.Add(exact.X)
		} else if i < exact.MaxSymbol {
			parents.Add(byte(i + 1))
		}
	}
	return s.chain.formula.Symbols() == parents
}

func (j *realisticJudge) rightValue(s *step) bool {
	if j.unknown(s.node) {
		return !s.chain.defined
	}
	truth, ok := j.truth(s.node)
	return ok && s.chain.defined && truth.Equal(s.chain.value)
}

// derived reports whether the last node stands as it should, so that in reverse
// mode the value that the problem gives for it may be used.
func (j *realisticJudge) derived() bool {
	if len(j.given.difference) == 0 {
		return false
	}
	last := j.p.Graph.Path - 1
	if j.step.open && j.step.node == last {
		return j.step.class == Right && j.compare(&j.step) == Right
	}
	return j.nodes[last].shown && !j.nodes[last].wrong
}

// derivesAnswer reports whether what was read so far yields the answer: the step of
// the node in question is right and, in reverse mode, an equation gives its value.
func (j *realisticJudge) derivesAnswer() bool {
	question := j.p.Graph.Question
	if j.p.Graph.Mode == gsm.Reverse && len(j.last.difference) == 0 {
		return false
	}
	if j.step.open && j.step.node == question {
		return j.step.class == Right && j.compare(&j.step) == Right
	}
	return j.nodes[question].shown && !j.nodes[question].wrong
}

// index is the index of the step that the text at hand belongs to.
func (j *realisticJudge) index() int {
	if j.closing >= 0 && j.closing == j.v.Steps-1 {
		return j.closing
	}
	return max(0, j.v.Steps-1)
}

// fail records that a step is wrong.
func (j *realisticJudge) fail(step int, c ErrorClass) {
	j.v.fail(step, c)
	j.explanation.fail(step, c)
}

// refuse records that the remark at hand is wrong. Once the last node stands, a
// remark belongs to the closing.
func (j *realisticJudge) refuse(c ErrorClass) {
	if j.derived() {
		j.fail(j.closingStep(), c)
		return
	}
	j.blame(c)
}

// blame records that the step at hand is wrong, unless c is Right.
func (j *realisticJudge) blame(c ErrorClass) {
	switch {
	case c == Right:
	case !j.step.open:
		j.fail(j.index(), c)
	case j.step.class == Right:
		j.step.class = c
	}
}

// closingStep is the index of the closing, which counts as a step once it has begun.
func (j *realisticJudge) closingStep() int {
	if j.closing < 0 {
		j.closing = j.v.Steps
		j.explanation.begin(j.v.Steps, -1, j.text[j.tokens[j.at].Lo:])
		j.v.Steps++
	}
	return j.closing
}

// truth is the true value of node i: a number, in reverse mode a polynomial in x.
// It reports false when the value cannot be represented.
func (j *realisticJudge) truth(i int) (exact.Polynomial, bool) {
	if j.sure[i] {
		return j.truths[i], true
	}
	ok := true
	switch {
	case j.unknown(i):
		j.truths[i] = j.kept.Symbol(exact.X)
	case j.p.Graph.Mode == gsm.Forward:
		j.truths[i] = j.kept.Number(exact.Whole(j.p.Graph.Nodes[i].Value))
	default:
		j.truths[i], ok = j.compose(i, false)
	}
	j.sure[i] = ok
	return j.truths[i], ok
}

// formula is the true definition of node i as a polynomial in its parents.
func (j *realisticJudge) formula(i int) (exact.Polynomial, bool) {
	if !j.composed[i] {
		j.formulas[i], j.composed[i] = j.compose(i, true)
	}
	return j.formulas[i], j.composed[i]
}

// compose builds node i from its parents: from their symbols, or from their true values.
func (j *realisticJudge) compose(i int, symbolic bool) (exact.Polynomial, bool) {
	n := &j.p.Graph.Nodes[i]
	a := &j.kept
	ok := true
	parent := func(k int) exact.Polynomial {
		var p exact.Polynomial
		fits := true
		if symbolic {
			p, fits = j.symbol(n.Parents[k])
		} else {
			p, fits = j.truth(n.Parents[k])
		}
		ok = ok && fits
		return p
	}
	var v exact.Polynomial
	accumulate := func(p exact.Polynomial, k int64) {
		var fits bool
		v, fits = a.Plus(v, p, exact.Whole(k))
		ok = ok && fits
	}
	switch n.Inner {
	case gsm.None:
		return a.Number(exact.Whole(n.Const)), true
	case gsm.Sum:
		for k := range n.Parents {
			accumulate(parent(k), 1)
		}
	case gsm.Difference:
		accumulate(parent(0), 1)
		accumulate(parent(1), -1)
	case gsm.Product, gsm.SumProducts:
		for k := 0; k+1 < len(n.Parents) && ok; k += 2 {
			p, fits := a.Times(parent(k), parent(k+1))
			ok = ok && fits
			accumulate(p, 1)
		}
	}
	if !ok {
		return nil, false
	}
	switch n.Outer {
	case gsm.Plus:
		accumulate(a.Number(exact.Whole(n.Const)), 1)
	case gsm.Minus:
		accumulate(a.Number(exact.Whole(n.Const)), -1)
	case gsm.Times:
		v, ok = a.Times(v, a.Number(exact.Whole(n.Const)))
	}
	return v, ok
}

// symbol is node i as a formula has it: its own symbol, or x for the unknown.
func (j *realisticJudge) symbol(i int) (exact.Polynomial, bool) {
	switch {
	case j.unknown(i):
		return j.kept.Symbol(exact.X), true
	case i >= exact.MaxSymbol:
		return nil, false
	}
	return j.kept.Symbol(byte(i + 1)), true
}

// keyword says what the word at token i begins. "answer" needs its colon, or an
// equals sign or "is" with a number behind it.
func (j *realisticJudge) keyword(i int) lex.Keyword {
	key := j.tokens[i].Key
	if key != lex.AnswerLabel {
		return key
	}
	if i+1 < len(j.tokens) {
		if j.tokens[i+1].Kind == lex.Colon || j.is(i+1, "is") && i+2 < len(j.tokens) && j.tokens[i+2].Kind == lex.Colon {
			return key
		}
		if _, n := signedNumber(j.tokens[i+2:]); n > 0 && (j.tokens[i+1].Kind == lex.Equals || j.is(i+1, "is")) {
			return key
		}
	}
	return lex.NoKeyword
}

// is reports whether token i is the word w.
func (j *realisticJudge) is(i int, w string) bool {
	return i < len(j.tokens) && j.tokens[i].Kind == lex.Word && strings.EqualFold(j.string(i), w)
}

// string is the text of token i.
func (j *realisticJudge) string(i int) string { return j.text[j.tokens[i].Lo:j.tokens[i].Hi] }

// lookup is the index of the binding of the word at token i, or −1.
func (j *realisticJudge) lookup(i int) int {
	t := j.tokens[i]
	if c := j.text[t.Lo]; t.Hi-t.Lo == 1 && c < 128 {
		return int(j.letters[c]) - 1
	}
	if len(j.words) == 0 {
		return -1
	}
	return int(j.words[j.text[t.Lo:t.Hi]]) - 1
}

// bind gives the word at token i a new meaning and returns its index.
func (j *realisticJudge) bind(i int, b binding) int {
	b.name = j.string(i)
	at := j.lookup(i)
	if at < 0 {
		at = len(j.bindings)
		j.bindings = append(j.bindings, binding{})
		if len(b.name) == 1 && b.name[0] < 128 {
			j.letters[b.name[0]] = int32(at) + 1
		} else {
			j.words[b.name] = int32(at) + 1
		}
	}
	j.bindings[at] = b
	return at
}
