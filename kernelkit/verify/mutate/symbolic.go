package mutate

import (
	"strconv"
	"strings"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
)

// symbolicLine is a step as text parts, so that each can be made wrong alone.
type symbolicLine struct {
	node        int
	name        string
	op          byte
	left, right string // formula
	x, y, value int64  // numbers
	bare        bool   // "v r": no formula

	before, behind string // marks around the line
	relation       string // in place of the last equals sign
}

// symbolicDraft is a solution of the symbolic family before it is text.
type symbolicDraft struct {
	p      *gsm.Problem
	equals string
	lines  []symbolicLine
	answer string

	answerFirst bool // the answer stands before the steps
}

func newSymbolicDraft(p *gsm.Problem) *symbolicDraft {
	words, err := gsm.SymbolicContext(p.Context)
	if err != nil {
		panic(err) // the problem was not made by this program
	}
	d := &symbolicDraft{p: p, equals: words.Equals, answer: trueAnswer(p)}
	for i := range p.Graph.Nodes[:p.Graph.Path] {
		if p.Graph.HasStep(i) {
			d.lines = append(d.lines, d.line(i))
		}
	}
	return d
}

// line is the right step of node i.
func (d *symbolicDraft) line(i int) symbolicLine {
	n := &d.p.Graph.Nodes[i]
	l := symbolicLine{node: i, name: d.p.Names[i], value: n.Value}
	if l.op = n.Operator(); l.op == 0 {
		l.bare = true
		return l
	}
	l.left, l.x = d.quantity(n.Parents[0])
	if len(n.Parents) > 1 {
		l.right, l.y = d.quantity(n.Parents[1])
	} else {
		l.right, l.y = strconv.FormatInt(n.Const, 10), n.Const
	}
	return l
}

// quantity is the name and the value of a node.
func (d *symbolicDraft) quantity(node int) (string, int64) {
	return d.p.Names[node], d.p.Graph.Nodes[node].Value
}

// compute is the value of x op y modulo m, in 0..m−1.
func compute(op byte, x, y, m int64) int64 {
	switch op {
	case '-':
		x -= y
	case '*':
		x *= y
	default:
		x += y
	}
	return (x%m + m) % m
}

func (d *symbolicDraft) modulus() int64 { return d.p.Graph.Modulus }

// compute sets the value of a line from its numbers.
func (d *symbolicDraft) compute(l *symbolicLine) { l.value = compute(l.op, l.x, l.y, d.modulus()) }

func (d *symbolicDraft) String() string {
	var parts []string
	for _, l := range d.lines {
		parts = append(parts, d.lineText(l))
	}
	if d.answer != "" {
		parts = append(parts, "ans "+d.answer)
	}
	if d.answerFirst {
		parts = append([]string{"ans " + d.answer}, parts[:len(d.lines)]...)
	}
	return " " + strings.Join(parts, " ; ")
}

func (d *symbolicDraft) lineText(l symbolicLine) string {
	value := strconv.FormatInt(l.value, 10)
	if l.bare {
		return l.before + l.name + " " + value + l.behind
	}
	op := " " + string(l.op) + " "
	equals := " " + d.equals + " "
	last := equals
	if l.relation != "" {
		last = " " + l.relation + " "
	}
	return l.before + l.name + " " + l.left + op + l.right + equals +
		strconv.FormatInt(l.x, 10) + op + strconv.FormatInt(l.y, 10) + last + l.name + " " + value + l.behind
}

// swap exchanges the operands of a line.
func (l *symbolicLine) swap() { l.left, l.right, l.x, l.y = l.right, l.left, l.y, l.x }

// goOn computes the lines after line k again with the value that line k states, and the answer.
func (d *symbolicDraft) goOn(k int) {
	wrong := map[string]int64{d.lines[k].name: d.lines[k].value}
	for i := k + 1; i < len(d.lines); i++ {
		l := &d.lines[i]
		if v, ok := wrong[l.left]; ok {
			l.x = v
		}
		if v, ok := wrong[l.right]; ok {
			l.y = v
		}
		d.compute(l)
		wrong[l.name] = l.value
	}
	d.answer = strconv.FormatInt(d.lines[len(d.lines)-1].value, 10)
}

// varySymbolic applies a random set of variations.
func varySymbolic(p *gsm.Problem, s *random.Stream) (string, Variation) {
	d := newSymbolicDraft(p)
	var label Variation
	if s.Bool() && len(d.lines) > 1 {
		label |= Reordered
		d.reorder(s)
	}
	if s.Bool() {
		label |= Commuted
		for k := range d.lines {
			if l := &d.lines[k]; l.op != '-' && s.Bool() {
				l.swap()
				if s.Bool() { // the numbers in either order
					l.x, l.y = l.y, l.x
				}
			}
		}
	}
	if s.Bool() {
		label |= ExtraSteps
		for range 1 + s.IntN(3) {
			d.insertExtra(s, d.line(s.IntN(len(p.Graph.Nodes))))
		}
	}
	text := d.String()
	if s.Bool() {
		label |= OtherSpacing
		text = respace(text, s)
	}
	return text, label
}

// reorder puts the lines into a random order in which each follows those it uses.
func (d *symbolicDraft) reorder(s *random.Stream) {
	rest := d.lines
	d.lines = nil
	for len(rest) > 0 {
		k := s.IntN(len(rest))
		for !d.ready(rest[k]) {
			k = (k + 1) % len(rest)
		}
		d.lines = append(d.lines, rest[k])
		rest = append(rest[:k:k], rest[k+1:]...)
	}
}

// ready reports whether all that a line uses is a leaf or stands before.
func (d *symbolicDraft) ready(l symbolicLine) bool {
	for _, parent := range d.p.Graph.Nodes[l.node].Parents {
		if d.p.Graph.Nodes[parent].Inner != gsm.None && d.index(parent) < 0 {
			return false
		}
	}
	return true
}

// index is the place of the line about a node, or −1.
func (d *symbolicDraft) index(node int) int {
	for k, l := range d.lines {
		if l.node == node {
			return k
		}
	}
	return -1
}

// insertExtra puts a line at a random place after all that it uses, if they are all there.
func (d *symbolicDraft) insertExtra(s *random.Stream, l symbolicLine) bool {
	low := 0
	for _, parent := range d.p.Graph.Nodes[l.node].Parents {
		if d.p.Graph.Nodes[parent].Inner == gsm.None {
			continue
		}
		at := d.index(parent)
		if at < 0 {
			return false
		}
		low = max(low, at+1)
	}
	d.insert(s.Between(low, len(d.lines)), l)
	return true
}

func (d *symbolicDraft) insert(at int, l symbolicLine) {
	d.lines = append(d.lines, symbolicLine{})
	copy(d.lines[at+1:], d.lines[at:])
	d.lines[at] = l
}

func (d *symbolicDraft) remove(at int) { d.lines = append(d.lines[:at:at], d.lines[at+1:]...) }

// off is a number below the modulus that is not v.
func (d *symbolicDraft) off(v int64, s *random.Stream) int64 {
	return (v + 1 + int64(s.IntN(int(d.modulus())-1))) % d.modulus()
}

// corruptSymbolic makes a solution wrong in the way of label.
func corruptSymbolic(p *gsm.Problem, s *random.Stream, label Corruption) (string, bool) {
	d := newSymbolicDraft(p)
	if s.Bool() {
		d.reorder(s)
	}
	switch label {
	case OnlyAnswer:
		if len(d.lines) == 0 {
			return "", false
		}
		d.lines = nil
		return d.String(), true
	case OtherAnswer:
		d.answer = strconv.FormatInt(d.off(p.Graph.Nodes[p.Graph.Question].Value, s), 10)
		return d.String(), true
	case NoAnswerGiven:
		d.answer = ""
		return d.String(), true
	case BrokenOff:
		text := d.String()
		return text[:s.IntN(strings.LastIndexByte(text, ' ')+1)], true
	case WrongExtra:
		return d.wrongExtra(s)
	case MarkBehind, MarkBefore, OtherRelation, TwoAnswers, AnsweredFirst:
		ok := d.corruptMarks(s, label)
		return d.String(), ok
	}
	if len(d.lines) == 0 || !d.corruptLine(s, label, s.IntN(len(d.lines))) {
		return "", false
	}
	return d.String(), true
}

// wrongExtra adds a wrong step about a distractor or a leaf.
func (d *symbolicDraft) wrongExtra(s *random.Stream) (string, bool) {
	g := d.p.Graph
	first := s.IntN(len(g.Nodes))
	for k := range g.Nodes {
		i := (first + k) % len(g.Nodes)
		if g.HasStep(i) {
			continue
		}
		l := d.line(i)
		l.value = d.off(l.value, s)
		if d.insertExtra(s, l) {
			return d.String(), true
		}
	}
	return "", false
}

// corruptLine makes line k wrong, or what surrounds it.
func (d *symbolicDraft) corruptLine(s *random.Stream, label Corruption, k int) bool {
	l := &d.lines[k]
	switch label {
	case WrongResult:
		l.value = d.off(l.value, s)
		if s.Bool() {
			d.goOn(k)
		}
	case WrongNumbers:
		l.x = d.off(l.x, s)
		return compute(l.op, l.x, l.y, d.modulus()) != l.value
	case WrongNumbersEqual:
		return d.otherNumbers(l, s)
	case FormulaLeftOut:
		l.bare = true
	case SwappedSubtraction, EqualOperator, OtherOperator, OtherConstant, ExchangedParent:
		return d.corruptFormula(s, label, k)
	default:
		return d.corruptOrder(s, label, k)
	}
	return true
}

// corruptFormula makes the formula of line k another one.
func (d *symbolicDraft) corruptFormula(s *random.Stream, label Corruption, k int) bool {
	l := &d.lines[k]
	right := *l
	switch label {
	case SwappedSubtraction:
		if l.op != '-' {
			return false
		}
		l.swap()
		if d.compute(l); s.Bool() {
			l.value = right.value
		} else {
			d.goOn(k)
		}
	case EqualOperator:
		return d.equalOperator(l, s)
	case OtherOperator:
		l.op = "+-*"[s.IntN(3)]
		d.compute(l)
		d.goOn(k)
		return l.op != right.op
	case OtherConstant:
		if d.p.Graph.Nodes[l.node].Outer == gsm.Bare {
			return false
		}
		l.y = d.off(l.y, s)
		l.right = strconv.FormatInt(l.y, 10)
		d.compute(l)
		d.goOn(k)
	case ExchangedParent:
		return d.exchangeParent(s, k)
	}
	return true
}

// corruptOrder makes wrong which lines stand where.
func (d *symbolicDraft) corruptOrder(s *random.Stream, label Corruption, k int) bool {
	line := d.lines[k]
	switch label {
	case SkippedNode:
		d.remove(k)
	case LastStepsLeftOut:
		d.lines = d.lines[:k]
	case InlinedValue:
		return d.inline(k)
	case CorrectedLater, ContradictedLater:
		wrong := line
		wrong.value = d.off(wrong.value, s)
		at := k + 1
		if label == CorrectedLater {
			at = k
		}
		d.insert(at, wrong)
	case UsedTooEarly:
		for _, parent := range d.p.Graph.Nodes[line.node].Parents {
			if at := d.index(parent); at >= 0 {
				d.remove(k)
				d.insert(s.IntN(at+1), line)
				return true
			}
		}
		return false
	case ExchangedNames:
		return d.exchangeNames(s, k)
	default:
		return false
	}
	return true
}

// inline leaves line k out and puts its value wherever its variable stood.
func (d *symbolicDraft) inline(k int) bool {
	if k == len(d.lines)-1 {
		return false
	}
	name, value := d.lines[k].name, strconv.FormatInt(d.lines[k].value, 10)
	d.remove(k)
	for i := range d.lines {
		l := &d.lines[i]
		if l.left == name {
			l.left = value
		}
		if l.right == name {
			l.right = value
		}
	}
	return true
}

// otherNumbers puts in other numbers that give the same result.
func (d *symbolicDraft) otherNumbers(l *symbolicLine, s *random.Stream) bool {
	x, y := l.x, l.y
	for range 100 {
		l.x, l.y = int64(s.IntN(int(d.modulus()))), int64(s.IntN(int(d.modulus())))
		same := l.x == x && l.y == y || l.x == y && l.y == x
		if !same && compute(l.op, l.x, l.y, d.modulus()) == l.value {
			return true
		}
	}
	return false
}

// equalOperator takes another operator of the same value, with another constant where that helps.
func (d *symbolicDraft) equalOperator(l *symbolicLine, s *random.Stream) bool {
	op, y := l.op, l.y
	for range 40 {
		if l.op = "+-*"[s.IntN(3)]; l.op == op {
			continue
		}
		if d.p.Graph.Nodes[l.node].Outer != gsm.Bare {
			l.y = int64(s.IntN(int(d.modulus())))
			l.right = strconv.FormatInt(l.y, 10)
		}
		if compute(l.op, l.x, l.y, d.modulus()) == l.value {
			return true
		}
	}
	l.op, l.y = op, y
	return false
}

// exchangeParent puts another quantity that is known by then in a parent's place,
// one of equal value where there is one.
func (d *symbolicDraft) exchangeParent(s *random.Stream, k int) bool {
	l := &d.lines[k]
	g := d.p.Graph
	old := g.Nodes[l.node].Parents[0]
	var known, equal []int
	for i := range g.Nodes {
		at := d.index(i)
		if i == l.node || g.Nodes[i].Inner != gsm.None && (at < 0 || at >= k) || isParent(&g.Nodes[l.node], i) {
			continue
		}
		known = append(known, i)
		if g.Nodes[i].Value == g.Nodes[old].Value {
			equal = append(equal, i)
		}
	}
	if len(known) == 0 {
		return false
	}
	choice := known
	if len(equal) > 0 && s.IntN(4) > 0 {
		choice = equal
	}
	other := choice[s.IntN(len(choice))]
	if l.left == d.p.Names[old] {
		l.left, l.x = d.p.Names[other], g.Nodes[other].Value
	} else {
		l.right, l.y = d.p.Names[other], g.Nodes[other].Value
	}
	d.compute(l)
	d.goOn(k)
	return true
}

func isParent(n *gsm.Node, i int) bool {
	for _, parent := range n.Parents {
		if parent == i {
			return true
		}
	}
	return false
}

// exchangeNames gives two steps each other's names where their operations differ.
func (d *symbolicDraft) exchangeNames(s *random.Stream, k int) bool {
	j := s.IntN(len(d.lines))
	a, b := &d.lines[k], &d.lines[j]
	if sameDefinition(&d.p.Graph.Nodes[a.node], &d.p.Graph.Nodes[b.node]) {
		return false
	}
	a.name, b.name = b.name, a.name
	return true
}

// respace replaces each blank of a text by other white space now and then.
func respace(text string, s *random.Stream) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == ' ' && s.IntN(4) == 0 {
			b.WriteString([...]string{"  ", "\n", "\t", " \n  "}[s.IntN(4)])
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
