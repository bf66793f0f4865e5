package mutate

import (
	"fmt"
	"strconv"
	"strings"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
)

// linear is the value a·x + b: a number where a = 0.
type linear struct{ a, b int64 }

func magnitude(a int64) int64 { return max(a, -a) }

func (v linear) plus(w linear, k int64) linear { return linear{v.a + k*w.a, v.b + k*w.b} }

// times reports false for a product of two values that both depend on x.
func (v linear) times(w linear) (linear, bool) {
	return linear{v.a*w.b + w.a*v.b, v.b * w.b}, v.a == 0 || w.a == 0
}

// text writes v as the gold solutions do: "x", "3*x + 4", "6 - 2*x".
func (v linear) text(x string) string {
	term := x
	switch magnitude(v.a) {
	case 0:
		return strconv.FormatInt(v.b, 10)
	case 1:
	default:
		term = fmt.Sprintf("%d*%s", magnitude(v.a), x)
	}
	switch {
	case v.b == 0 && v.a < 0:
		return "-" + term
	case v.b == 0:
		return term
	case v.a < 0 && v.b > 0:
		return fmt.Sprintf("%d - %s", v.b, term)
	case v.a < 0:
		return fmt.Sprintf("-%s - %d", term, -v.b)
	case v.b < 0:
		return fmt.Sprintf("%s - %d", term, -v.b)
	}
	return fmt.Sprintf("%s + %d", term, v.b)
}

// quantity is a node, an intermediate or a constant (which has no variable) of a draft.
type quantity struct {
	variable string
	value    linear // of an intermediate or node: as the draft's text has stated it last
}

// tree is an expression: a quantity where op is 0.
type tree struct {
	op          byte
	leaf        *quantity
	left, right *tree
}

func leaf(q *quantity) *tree { return &tree{leaf: q} }

func (t *tree) eval() (linear, bool) {
	if t.op == 0 {
		return t.leaf.value, true
	}
	a, ok1 := t.left.eval()
	b, ok2 := t.right.eval()
	switch t.op {
	case '+':
		return a.plus(b, 1), ok1 && ok2
	case '-':
		return a.plus(b, -1), ok1 && ok2
	}
	v, ok := a.times(b)
	return v, ok && ok1 && ok2
}

// leaves appends the leaves of t in order.
func (t *tree) leaves(dst []*tree) []*tree {
	if t.op == 0 {
		return append(dst, t)
	}
	return t.right.leaves(t.left.leaves(dst))
}

// line is one equation of a step: variable = formula = numbers = value.
type line struct {
	target  *quantity
	formula *tree

	numbers     string // in place of the right numbers
	off         int64  // error of the stated value
	keepsValue  bool   // later lines go on with the right value where the stated one is wrong
	bare        bool   // only the value
	relation    string // in place of the last equals sign
	before      string // before the target
	behind      string // behind the stated value
	skipNumbers bool
}

// draftStep is a step before it is text.
type draftStep struct {
	node      int // −1: a quantity of the draft's own
	name      string
	own       *quantity
	lines     []*line
	unknown   bool   // "we don't know its value yet"
	remark    string // a sentence after it
	falsehood bool   // a false remark, written with the values that hold by then
	truth     bool   // a true one
	relation  string // in place of the equals sign of a true one
}

// draft is a solution of the realistic family before it is text: what corruptions
// and variations work on. Writing it computes the values, so that an error is carried on.
type draft struct {
	p       *gsm.Problem
	s       *random.Stream
	nodes   []*quantity
	steps   []*draftStep
	all     []*quantity // that have a variable
	x       *quantity   // the unknown of reverse mode
	wording wording

	answer  string
	closing []int // lines of the closing that are written, in order; see closingLine
	wrongAt int   // line of the closing that is false, or −1
	scale   int64 // of the closing's equations
	failed  bool  // a value left the linear ones: the draft cannot be written
}

func newDraft(p *gsm.Problem, s *random.Stream) *draft {
	d := &draft{p: p, s: s, nodes: make([]*quantity, len(p.Graph.Nodes)), answer: trueAnswer(p), wrongAt: -1, scale: 1,
		closing: []int{0, 1, 2, 3, 4, 5, 6}, wording: gold}
	for i := range p.Graph.Nodes[:p.Graph.Path] {
		d.steps = append(d.steps, d.define(i))
	}
	return d
}

func (d *draft) quantity() *quantity {
	q := &quantity{}
	d.all = append(d.all, q)
	return q
}

// define makes the gold step of node i, whose parents have theirs.
func (d *draft) define(i int) *draftStep {
	n := &d.p.Graph.Nodes[i]
	step := &draftStep{node: i, name: d.p.Names[i]}
	if d.p.Graph.Mode == gsm.Reverse && i == d.p.Graph.Question {
		step.unknown = true
	} else {
		step.lines = d.lines(n)
	}
	step.own = d.quantity()
	d.nodes[i] = step.own
	if step.unknown {
		step.own.value = linear{a: 1}
		d.x = step.own
		return step
	}
	last := step.lines[len(step.lines)-1]
	last.target = step.own
	return step
}

// lines are the equations of a node, as the gold solution has them. The last one's target is open.
func (d *draft) lines(n *gsm.Node) []*line {
	var lines []*line
	put := func(t *tree) *tree {
		q := &quantity{}
		lines = append(lines, &line{target: q, formula: t})
		return leaf(q)
	}
	parent := func(k int) *tree { return leaf(d.nodes[n.Parents[k]]) }
	var v *tree
	switch n.Inner {
	case gsm.None:
		put(leaf(&quantity{value: linear{b: n.Const}}))
		return lines
	case gsm.SumProducts:
		var products []*tree
		for k := 0; k < len(n.Parents); k += 2 {
			products = append(products, put(&tree{op: '*', left: parent(k), right: parent(k + 1)}))
		}
		v = products[0]
		for _, p := range products[1:] {
			v = put(&tree{op: '+', left: v, right: p})
		}
	case gsm.Difference:
		v = put(&tree{op: '-', left: parent(0), right: parent(1)})
	default:
		if v = parent(0); len(n.Parents) == 1 {
			v = put(v)
		}
		for k := 1; k < len(n.Parents); k++ {
			v = put(&tree{op: '+', left: v, right: parent(k)})
		}
	}
	if n.Outer != gsm.Bare {
		c := leaf(&quantity{value: linear{b: n.Const}})
		put(&tree{op: operators[n.Outer], left: c, right: v})
	}
	for _, l := range lines[:len(lines)-1] {
		d.all = append(d.all, l.target)
	}
	return lines
}

var operators = map[gsm.Outer]byte{gsm.Plus: '+', gsm.Times: '*'}

// wording is how a draft is written.
type wording struct {
	define, as, so, after string
	loose                 bool // a blank on either side of an operator
	brackets              bool // values in needless parentheses
	article               bool
	upper                 bool
	plainAnswer, openTag  bool
	respaced              bool
	answerFirst           bool // the answer stands before the steps
}

var gold = wording{define: "Define ", as: " as ", so: "so ", after: "; ", loose: true}

// name gives every quantity its variable.
func (d *draft) name(renamed bool) {
	letters := d.s.Perm(52)
	next := 0
	style := 0
	if renamed || len(d.all) > 48 {
		style = 1 + d.s.IntN(3)
	}
	for i, q := range d.all {
		switch style {
		case 1:
			q.variable = fmt.Sprintf("v%d", i)
		case 2:
			q.variable = fmt.Sprintf("q%c%c", 'a'+i/26, 'a'+i%26)
		case 3:
			q.variable = fmt.Sprintf("Count_%d", i*7)
		default:
			q.variable = "x"
			for q.variable == "x" || q.variable == "X" {
				k := letters[next]
				next++
				q.variable = string("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[k])
			}
		}
	}
	if d.x != nil && !renamed {
		d.x.variable = "x"
	}
}

// write is the text of the draft; the stated values are computed on the way.
func (d *draft) write() (string, bool) {
	var b strings.Builder
	b.WriteByte(' ')
	if d.p.Graph.Mode == gsm.Reverse {
		b.WriteString("The question is difficult, so we use equations to solve it. ")
	}
	for _, step := range d.steps {
		d.writeStep(&b, step)
	}
	if d.p.Graph.Mode == gsm.Reverse {
		d.writeClosing(&b)
	}
	text := strings.TrimSuffix(b.String(), " ")
	if d.wording.answerFirst {
		text = d.answerText() + text
	} else {
		text += d.answerText()
	}
	if d.wording.respaced {
		text = respace(text, d.s)
	}
	return text, !d.failed
}

func (d *draft) answerText() string {
	switch {
	case d.answer == "":
		return ""
	case d.wording.plainAnswer:
		return " Answer: " + d.answer + "."
	case d.wording.openTag:
		return " </solution> <answer> " + d.answer
	}
	return " </solution> <answer> " + d.answer + " </answer>"
}

func (d *draft) writeStep(b *strings.Builder, step *draftStep) {
	w := &d.wording
	name := step.name
	if w.article && !strings.HasPrefix(name, "total") && !strings.HasPrefix(name, "average") {
		name = "the number of " + name
	}
	if w.upper {
		name = strings.ToUpper(name[:1]) + name[1:]
	}
	b.WriteString(w.define + name + w.as + step.own.variable + w.after)
	if step.unknown {
		b.WriteString("we don't know its value yet but will find it out later. ")
		return
	}
	for k, l := range step.lines {
		if k == len(step.lines)-1 {
			b.WriteString(w.so)
		}
		d.writeLine(b, l)
		if k < len(step.lines)-1 {
			b.WriteString("; ")
		}
	}
	b.WriteString(". ")
	b.WriteString(step.remark)
	if step.truth || step.falsehood {
		v := step.own.value
		if step.falsehood {
			v.b += 1 + int64(d.s.IntN(5))
		}
		b.WriteString("We see that " + step.own.variable + " = " + d.text(v) + ", as it should be. ")
	}
	if step.relation != "" {
		b.WriteString("We see that " + step.own.variable + step.relation + d.text(step.own.value) + ". ")
	}
}

func (d *draft) writeLine(b *strings.Builder, l *line) {
	right, ok := l.formula.eval()
	d.failed = d.failed || !ok || magnitude(right.a)+magnitude(right.b) > 1<<40
	value := right
	value.b += l.off
	equals := " = "
	if !d.wording.loose {
		equals = "="
	}
	b.WriteString(l.before + l.target.variable)
	if !l.bare {
		formula := d.expression(l.formula, false)
		numbers := l.numbers
		if numbers == "" {
			numbers = d.expression(l.formula, true)
		}
		if l.formula.op != 0 || l.formula.leaf.variable != "" {
			b.WriteString(equals + formula)
		}
		if l.formula.op != 0 && !(l.skipNumbers && l.numbers == "") {
			b.WriteString(equals + numbers)
		}
	}
	text := d.text(value)
	if d.wording.brackets {
		text = "(" + text + ")"
	}
	if l.relation != "" {
		equals = l.relation
	}
	b.WriteString(equals + text + l.behind)
	l.target.value = value
	if l.keepsValue {
		l.target.value = right
	}
}

func (d *draft) text(v linear) string {
	x := ""
	if d.x != nil {
		x = d.x.variable
	}
	return v.text(x)
}

// expression writes t in variables or in numbers.
func (d *draft) expression(t *tree, numbers bool) string {
	switch {
	case t.op == 0 && (numbers || t.leaf.variable == ""):
		return d.text(t.leaf.value)
	case t.op == 0:
		return t.leaf.variable
	}
	op := string(t.op)
	if d.wording.loose {
		op = " " + op + " "
	}
	return d.operand(t, t.left, numbers, false) + op + d.operand(t, t.right, numbers, true)
}

// operand writes one side of t, in parentheses where they are needed or where the gold solution has them.
func (d *draft) operand(t, side *tree, numbers, right bool) string {
	text := d.expression(side, numbers)
	needed := side.op != 0 && (t.op == '*' && side.op != '*' || t.op == '-' && right && side.op != '*')
	if side.op == 0 {
		needed = numbers && t.op != '+' && d.p.Graph.Mode == gsm.Reverse || right && strings.HasPrefix(text, "-")
	}
	if needed || d.wording.brackets && side.op != 0 {
		return "(" + text + ")"
	}
	return text
}

// writeClosing writes the lines of the closing that d.closing lists.
func (d *draft) writeClosing(b *strings.Builder) {
	g := d.p.Graph
	last := d.nodes[g.Path-1]
	n := g.Nodes[g.Path-1].Value
	for _, k := range d.closing {
		wrong := int64(0)
		if k == d.wrongAt {
			wrong = 1 + int64(d.s.IntN(3))
		}
		b.WriteString(d.closingLine(k, last, n, wrong))
	}
}

// closingLine is line k of the way from "last = n" to the unknown, false by wrong.
func (d *draft) closingLine(k int, last *quantity, n, wrong int64) string {
	x, e := d.x.variable, last.value
	d.failed = d.failed || e.a == 0
	if d.failed {
		return ""
	}
	c := n - e.b
	scaled := linear{d.scale * e.a, d.scale * (e.b - n)}
	switch k {
	case 0:
		return fmt.Sprintf("We know %s = %d, so we have %s = %d and we solve it through the following steps: ", last.variable, n, e.text(x), n+wrong)
	case 1:
		return fmt.Sprintf("Simplifying the equation: %s = %d. ", e.text(x), n+wrong)
	case 2:
		return fmt.Sprintf("Move all terms to one side: %s = 0. ", linear{scaled.a, scaled.b + wrong}.text(x))
	case 3:
		return fmt.Sprintf("Isolate the term with %s: %d*%s = %d. ", x, e.a, x, c+wrong)
	case 4:
		by := e.a
		if wrong > 2 { // the quotient is right, the words are not
			by, wrong = by+wrong, 0
		}
		return fmt.Sprintf("Divide both sides by %d: %s = %d / %d. ", by, x, c+wrong, e.a)
	case 5:
		return fmt.Sprintf("Solution: %s = %d. ", x, c/e.a+wrong)
	}
	if d.closing[0] == 0 {
		return ""
	}
	return fmt.Sprintf("Check: %s = %d. ", last.variable, n+wrong)
}
