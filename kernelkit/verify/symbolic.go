package verify

import (
	"strings"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify/lex"
)

// A symbolic solution is a list of steps and an answer,
//
//	a1 a2 * 8 = 2 * 8 = a1 6 ; a11 a1 + 1 = 6 + 1 = a11 7 ; ans 7
//
// where a step shows its formula in variables, the same formula in numbers, and
// its variable again beside its value ("=" is the context's word for equals).
// Leaves are stated by the problem, so they are known from the start.

// operation is what a symbolic node computes: left op right, modulo the modulus.
type operation struct {
	op          byte // '+', '-' or '*'; 0: none
	left, right operand
}

// operand is a node, or a constant with its value.
type operand struct {
	node  int // index in Graph.Nodes, or one of the two below
	value int64
}

const (
	constant  = -1
	undefined = -2 // a variable without a known value
)

var noOperation = operation{left: operand{node: undefined}, right: operand{node: undefined}}

// operationOf is the true operation of a node of the symbolic family. A leaf has none.
func operationOf(n *gsm.Node) operation {
	o := noOperation
	if o.op = n.Operator(); o.op == 0 {
		return o
	}
	o.left = operand{node: n.Parents[0]}
	if len(n.Parents) > 1 {
		o.right = operand{node: n.Parents[1]}
	} else {
		o.right = operand{node: constant, value: n.Const}
	}
	return o
}

// same reports whether a is the same operation as b; the operands of + and × commute.
func (a operation) same(b operation) bool {
	if a.op != b.op {
		return false
	}
	return a.left.same(b.left) && a.right.same(b.right) ||
		a.op != '-' && a.left.same(b.right) && a.right.same(b.left)
}

func (a operand) same(b operand) bool {
	return a.node == b.node && (a.node >= 0 || a.value == b.value)
}

// sameParents reports whether a and b use the same nodes.
func (a operation) sameParents(b operation) bool {
	return a.left.node == b.left.node && a.right.node == b.right.node ||
		a.left.node == b.right.node && a.right.node == b.left.node
}

// compute is the value of x op y modulo m, in 0..m−1.
func compute(op byte, x, y, m int64) int64 {
	v := x + y
	switch op {
	case '-':
		v = x - y
	case '*':
		v = x * y
	}
	if v %= m; v < 0 {
		v += m
	}
	return v
}

// symbolicJudge judges one solution. It lives on the stack for problems of up to 128 nodes.
type symbolicJudge struct {
	p      *gsm.Problem
	nodes  []nodeState
	values []int64 // as the solution gives them, where the node is known
	v      Verdict

	explanation *Explanation // may be nil
}

// judgeSymbolic judges a solution of the symbolic family in one pass over text.
func judgeSymbolic(p *gsm.Problem, text string, e *Explanation) Verdict {
	var nodes [128]nodeState
	var values [128]int64
	j := symbolicJudge{p: p, nodes: nodes[:], values: values[:], explanation: e}
	if n := len(p.Graph.Nodes); n > len(nodes) {
		j.nodes, j.values = make([]nodeState, n), make([]int64, n)
	}
	for i := range p.Graph.Nodes {
		if n := &p.Graph.Nodes[i]; n.Inner == gsm.None {
			j.nodes[i].known, j.values[i] = true, n.Value
		}
	}
	words, err := gsm.SymbolicContext(p.Context)
	if err != nil {
		words.Equals = "="
	}
	return j.judge(lex.Said(text), words.Equals)
}

func (j *symbolicJudge) judge(text, equals string) Verdict {
	j.v.FirstWrong = -1
	answered := false
	for more := true; more; {
		var step string
		rest := text
		step, text, more = strings.Cut(text, ";")
		var tokens [stepTokens + 1]string // one more, to see that a step is too long
		n := fields(step, tokens[:])
		for n > 0 && !more && (tokens[n-1] == "[EOS]" || tokens[n-1] == "[PAD]") {
			n--
		}
		switch {
		case n == 0:
			continue
		case answered: // the answer ends a solution
			j.explanation.begin(j.v.Steps, -1, rest)
			j.fail(Unparsable)
		case n == 2 && tokens[0] == "ans":
			value, ok := number(tokens[1])
			if answered = ok; ok {
				j.v.Answer = value == j.p.Graph.Nodes[j.p.Graph.Question].Value
				j.explanation.answer(rest)
				continue
			}
			j.explanation.begin(j.v.Steps, -1, rest)
			j.fail(Unparsable)
		default:
			node := find(j.p.Names, tokens[0])
			j.explanation.begin(j.v.Steps, node, rest)
			j.step(node, tokens[:n], equals)
		}
		j.v.Steps++
	}
	question := j.p.Graph.Question
	derived := !j.p.Graph.HasStep(question) || j.nodes[question].shown && !j.nodes[question].wrong
	j.v.settle(j.p.Graph, j.nodes, derived, answered)
	j.explanation.settle(j.p.Graph, j.nodes)
	return j.v
}

// fail records that the step at hand is wrong.
func (j *symbolicJudge) fail(c ErrorClass) {
	j.v.fail(j.v.Steps, c)
	j.explanation.fail(j.v.Steps, c)
}

// stepTokens is the length of a full step: v x op y = m op n = v r.
const stepTokens = 11

// symbolicStep is what a step says: formula, substitution and value. A leaf is
// restated without the first two ("a2 2").
type symbolicStep struct {
	formula, numbers operation
	value            int64
}

// step judges one step, about a node or −1, and notes what it says of the node.
func (j *symbolicJudge) step(node int, t []string, equals string) {
	switch {
	case node < 0 && t[0] == "ans":
		j.fail(Unparsable)
		return
	case node < 0:
		j.fail(UnknownName)
		return
	}
	n, truth := &j.nodes[node], &j.p.Graph.Nodes[node]
	s, class := j.read(t, equals)
	if class == Right {
		class = j.check(s, truth)
		n.wrongParents = n.wrongParents || class == WrongParents
		n.wrongValue = n.wrongValue || s.value != truth.Value
		if n.shown && n.known && j.values[node] != s.value {
			class = Redefinition
		}
		n.known, j.values[node] = true, s.value
	}
	if class != Right {
		n.wrong = true
		j.fail(class)
	} else if n.shown || !j.p.Graph.HasStep(node) {
		j.v.Extra++
		j.explanation.extra(j.v.Steps)
	}
	n.shown = true
}

// read parses a step.
func (j *symbolicJudge) read(t []string, equals string) (s symbolicStep, class ErrorClass) {
	s.formula = noOperation
	value := t[len(t)-1]
	var ok bool
	if s.value, ok = number(value); !ok {
		return s, Unparsable
	}
	switch {
	case len(t) == 2:
		return s, Right
	case len(t) != stepTokens, t[4] != equals, t[8] != equals, t[9] != t[0], !isOperator(t[2]), !isOperator(t[6]):
		return s, Unparsable
	}
	s.formula = operation{op: t[2][0], left: j.operand(t[1]), right: j.operand(t[3])}
	s.numbers = operation{op: t[6][0], left: j.operand(t[5]), right: j.operand(t[7])}
	if s.numbers.left.node != constant || s.numbers.right.node != constant {
		return s, Unparsable
	}
	for _, o := range [...]operand{s.formula.left, s.formula.right} {
		if o.node == undefined {
			return s, UndefinedVariable
		}
	}
	return s, Right
}

// check compares a step with the true node, in the order in which a reader
// would: formula, substitution, arithmetic, value.
func (j *symbolicJudge) check(s symbolicStep, truth *gsm.Node) ErrorClass {
	m := j.p.Graph.Modulus
	formula := operationOf(truth)
	switch {
	case !s.formula.sameParents(formula):
		return WrongParents
	case !s.formula.same(formula):
		return WrongOperator
	case formula.op != 0 && !s.numbers.same(j.substitute(s.formula)):
		return WrongSubstitution
	case formula.op != 0 && s.value != compute(s.numbers.op, s.numbers.left.value, s.numbers.right.value, m):
		return WrongArithmetic
	case s.value != truth.Value:
		return WrongValue
	}
	return Right
}

// substitute puts the values that the solution has given to the variables of o in their place.
func (j *symbolicJudge) substitute(o operation) operation {
	for _, side := range [...]*operand{&o.left, &o.right} {
		if side.node >= 0 {
			*side = operand{node: constant, value: j.values[side.node]}
		}
	}
	return o
}

// operand reads a number or a variable whose value is known.
func (j *symbolicJudge) operand(token string) operand {
	if value, ok := number(token); ok {
		return operand{node: constant, value: value}
	}
	if node := find(j.p.Names, token); node >= 0 && j.nodes[node].known {
		return operand{node: node}
	}
	return operand{node: undefined}
}

// fields splits text at ASCII white space into at most len(dst) tokens, without allocation.
func fields(text string, dst []string) int {
	n := 0
	for i := 0; i < len(text) && n < len(dst); {
		if isSpace(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && !isSpace(text[i]) {
			i++
		}
		dst[n] = text[start:i]
		n++
	}
	return n
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// number reads an unsigned decimal integer below 10⁹, whose products fit 64 bits.
func number(token string) (int64, bool) {
	if len(token) == 0 || len(token) > 9 {
		return 0, false
	}
	v := int64(0)
	for i := 0; i < len(token); i++ {
		c := token[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		v = 10*v + int64(c-'0')
	}
	return v, true
}

func isOperator(token string) bool {
	return token == "+" || token == "-" || token == "*"
}

// find is the index of name, or −1. A problem has few names: a scan beats a map.
func find(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}
