package mutate

import (
	"strconv"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/random"
)

// varyRealistic applies a random set of variations.
func varyRealistic(p *gsm.Problem, s *random.Stream) (string, Variation) {
	for {
		d := newDraft(p, s)
		label := d.vary()
		if text, ok := d.write(); ok {
			return text, label
		}
	}
}

// vary changes the draft harmlessly.
func (d *draft) vary() Variation {
	s := d.s
	var label Variation
	for v := Variation(1); v <= Wordings; v <<= 1 {
		if s.IntN(3) > 0 {
			continue
		}
		label |= v
		switch v {
		case Reordered:
			d.reorder()
		case Commuted:
			d.eachLine(func(l *line) { l.formula.commute(s) })
		case Reassociated:
			d.eachStep(d.reassociate)
		case Merged:
			d.eachStep(d.merge)
		case ExtraSteps:
			d.extend()
		case TrueRemarks:
			d.eachStep(func(step *draftStep) { step.truth = !step.unknown && s.IntN(3) == 0 })
		case OtherSpacing:
			d.wording.respaced = true
			d.wording.loose = s.Bool()
		case OtherWording:
			d.reword()
		case OtherBrackets:
			d.wording.brackets = true
		case OtherAnswerTag:
			d.wording.plainAnswer = s.Bool()
			d.wording.openTag = !d.wording.plainAnswer
		case OtherClosing:
			d.otherClosing()
		case SkippedNumbers:
			d.eachLine(func(l *line) { l.skipNumbers = s.Bool() })
		}
	}
	d.name(label&Renamed != 0)
	return label
}

func (d *draft) eachStep(f func(*draftStep)) {
	for _, step := range d.steps {
		f(step)
	}
}

func (d *draft) eachLine(f func(*line)) {
	for _, step := range d.steps {
		for _, l := range step.lines {
			f(l)
		}
	}
}

func (d *draft) reword() {
	s, w := d.s, &d.wording
	w.define = [...]string{"Let ", "define ", "**Define** ", "Define "}[s.IntN(4)]
	w.as = [...]string{" as ", " as the variable ", " as **"}[s.IntN(3)]
	if w.as == " as **" {
		w.after = "**; "
	} else {
		w.after = [...]string{"; ", ", ", ": ", ";\n"}[s.IntN(4)]
	}
	w.so = [...]string{"", "so ", "so we have ", "thus "}[s.IntN(4)]
	w.article, w.upper = s.Bool(), s.Bool()
}

// otherClosing keeps some lines of the closing and scales an equation.
func (d *draft) otherClosing() {
	d.scale = [...]int64{1, -1}[d.s.IntN(2)]
	var kept []int
	for _, k := range d.closing {
		if d.s.Bool() {
			kept = append(kept, k)
		}
	}
	if len(kept) == 0 || len(kept) == 1 && kept[0] == 6 {
		kept = []int{1 + d.s.IntN(5)}
	}
	d.closing = kept
}

func (t *tree) commute(s *random.Stream) {
	if t.op == 0 {
		return
	}
	if t.op != '-' && s.Bool() {
		t.left, t.right = t.right, t.left
	}
	t.left.commute(s)
	t.right.commute(s)
}

// reorder puts the steps into a random order in which each follows its parents.
func (d *draft) reorder() {
	var order []*draftStep
	rest := d.steps
	placed := make([]bool, len(d.nodes))
	ready := func(step *draftStep) bool {
		for _, parent := range d.p.Graph.Nodes[step.node].Parents {
			if !placed[parent] {
				return false
			}
		}
		return true
	}
	for len(rest) > 0 {
		k := d.s.IntN(len(rest))
		for !ready(rest[k]) {
			k = (k + 1) % len(rest)
		}
		placed[rest[k].node] = true
		order = append(order, rest[k])
		rest = append(rest[:k:k], rest[k+1:]...)
	}
	d.steps = order
}

// reassociate joins the terms of a sum in another order, through as many intermediates.
func (d *draft) reassociate(step *draftStep) {
	n := len(step.lines)
	if step.node < 0 || n == 0 || d.p.Graph.Nodes[step.node].Inner != gsm.Sum {
		return
	}
	sums := n
	if d.p.Graph.Nodes[step.node].Outer != gsm.Bare {
		sums--
	}
	var terms []*tree
	for _, l := range step.lines[:sums] {
		for _, t := range l.formula.leaves(nil) {
			if !targets(step.lines[:sums], t.leaf) {
				terms = append(terms, t)
			}
		}
	}
	if len(terms) != sums+1 {
		return
	}
	for _, l := range step.lines[:sums] {
		a := d.s.IntN(len(terms))
		left := terms[a]
		terms = append(terms[:a:a], terms[a+1:]...)
		b := d.s.IntN(len(terms))
		l.formula = &tree{op: '+', left: left, right: terms[b]}
		terms[b] = leaf(l.target)
	}
}

func targets(lines []*line, q *quantity) bool {
	for _, l := range lines {
		if l.target == q {
			return true
		}
	}
	return false
}

// merge writes some intermediates of a step into the formulas that use them.
func (d *draft) merge(step *draftStep) {
	for k := 0; k < len(step.lines)-1; {
		l := step.lines[k]
		if d.s.Bool() {
			k++
			continue
		}
		for _, user := range step.lines[k+1:] {
			for _, t := range user.formula.leaves(nil) {
				if t.leaf == l.target {
					*t = *l.formula
				}
			}
		}
		step.lines = append(step.lines[:k:k], step.lines[k+1:]...)
	}
}

// extend adds right steps that the path does not need.
func (d *draft) extend() {
	for i := range d.p.Graph.Nodes {
		if i >= d.p.Graph.Path && d.s.Bool() {
			d.addDistractor(i)
		}
	}
	if len(d.steps) > 1 && d.s.Bool() {
		d.addOwn()
	}
	if d.s.Bool() {
		d.repeat()
	}
}

// addDistractor defines node i at a random place after its parents, where all of
// them have steps and its value is linear.
func (d *draft) addDistractor(i int) *draftStep {
	low := 0
	for _, parent := range d.p.Graph.Nodes[i].Parents {
		at := d.index(parent)
		if at < 0 {
			return nil
		}
		low = max(low, at+1)
	}
	if n := &d.p.Graph.Nodes[i]; d.nodes[i] != nil || n.Inner != gsm.None && len(n.Parents) == 0 || !d.linear(i) {
		return nil
	}
	step := d.define(i)
	d.insert(d.s.Between(low, len(d.steps)), step)
	return step
}

// linear reports whether node i's definition multiplies no two values that depend on x.
func (d *draft) linear(i int) bool {
	n := &d.p.Graph.Nodes[i]
	return n.Inner != gsm.SumProducts || d.p.Graph.Mode == gsm.Forward
}

// index is the place of the first step about a node, or −1.
func (d *draft) index(node int) int {
	for k, step := range d.steps {
		if step.node == node {
			return k
		}
	}
	return -1
}

func (d *draft) insert(at int, step *draftStep) {
	d.steps = append(d.steps, nil)
	copy(d.steps[at+1:], d.steps[at:])
	d.steps[at] = step
}

func (d *draft) remove(at int) { d.steps = append(d.steps[:at:at], d.steps[at+1:]...) }

// addOwn defines a quantity that the problem does not name.
func (d *draft) addOwn() {
	a, b := d.s.IntN(len(d.steps)), d.s.IntN(len(d.steps))
	own := d.quantity()
	sum := &tree{op: '+', left: leaf(d.steps[a].own), right: leaf(d.steps[b].own)}
	d.insert(max(a, b)+1, &draftStep{node: -1, name: "sum of the last two of interest", own: own,
		lines: []*line{{target: own, formula: sum}}})
}

// repeat states a step again, under a variable of its own.
func (d *draft) repeat() {
	k := d.s.IntN(len(d.steps))
	old := d.steps[k]
	if old.unknown || old.node < 0 {
		return
	}
	first := d.nodes[old.node]
	again := d.define(old.node)
	d.nodes[old.node] = first
	d.insert(d.s.Between(k+1, len(d.steps)), again)
}

// corruptRealistic makes a solution wrong in the way of label.
func corruptRealistic(p *gsm.Problem, s *random.Stream, label Corruption) (string, bool) {
	d := newDraft(p, s)
	if s.Bool() {
		d.reorder()
	}
	if s.Bool() {
		d.wording.plainAnswer = s.Bool()
		d.wording.openTag = s.Bool()
	}
	d.name(s.IntN(4) == 0)
	ok := true
	switch label {
	case OnlyAnswer:
		d.steps, d.closing = nil, nil
	case OtherAnswer:
		d.answer = strconv.FormatInt(p.Graph.Nodes[p.Graph.Question].Value+1+int64(s.IntN(9)), 10)
	case NoAnswerGiven:
		d.answer = ""
	case BrokenOff:
		d.answer = ""
		text, ok := d.write()
		return text[:s.IntN(len(text))], ok
	case LastStepsLeftOut:
		d.steps, d.closing = d.steps[:s.IntN(len(d.steps))], nil
	case GuessedUnknown, WrongEquation, NoEquation:
		ok = d.corruptReverse(label)
	case WrongExtra, FalseRemark:
		ok = d.addWrong(label)
	case MarkBehind, MarkBefore, OtherRelation, TwoAnswers, AnsweredFirst:
		ok = d.corruptMarks(label)
	case SkippedNode, InlinedValue, CorrectedLater, ContradictedLater, UsedTooEarly, ExchangedNames, ReusedVariable:
		ok = d.corruptOrder(label, s.IntN(len(d.steps)))
	default:
		step := d.steps[s.IntN(len(d.steps))]
		ok = !step.unknown && d.corruptLine(label, step, s.IntN(len(step.lines)))
	}
	if !ok {
		return "", false
	}
	return d.write()
}

// corruptReverse makes the handling of the unknown wrong.
func (d *draft) corruptReverse(label Corruption) bool {
	if d.p.Graph.Mode != gsm.Reverse {
		return false
	}
	switch label {
	case NoEquation:
		d.closing = nil
	case WrongEquation:
		d.wrongAt = d.s.IntN(6)
	case GuessedUnknown:
		step := d.steps[d.index(d.p.Graph.Question)]
		n := d.p.Graph.Nodes[d.p.Graph.Question].Value
		step.unknown = false
		step.lines = []*line{{target: step.own, formula: leaf(&quantity{value: linear{b: n}})}}
		d.closing = nil
	}
	return true
}

// addWrong adds something false beside the right steps.
func (d *draft) addWrong(label Corruption) bool {
	if label == FalseRemark {
		step := d.steps[d.s.IntN(len(d.steps))]
		step.falsehood = !step.unknown
		return step.falsehood
	}
	first := d.s.IntN(len(d.nodes))
	for k := range d.nodes {
		if i := (first + k) % len(d.nodes); i >= d.p.Graph.Path {
			if step := d.addDistractor(i); step != nil {
				d.nameNew(step)
				last := step.lines[len(step.lines)-1]
				last.off = d.wrong()
				return true
			}
		}
	}
	return false
}

// nameNew gives the quantities of a step that was added late their variables.
func (d *draft) nameNew(step *draftStep) {
	for k, l := range step.lines {
		l.target.variable = "w" + strconv.Itoa(step.node) + "_" + strconv.Itoa(k)
	}
}

// wrong is a small number other than 0.
func (d *draft) wrong() int64 {
	if d.s.Bool() {
		return -1 - int64(d.s.IntN(3))
	}
	return 1 + int64(d.s.IntN(9))
}

// corruptLine makes one line of a step wrong.
func (d *draft) corruptLine(label Corruption, step *draftStep, k int) bool {
	l := step.lines[k]
	t := l.formula
	switch label {
	case WrongResult:
		l.off = d.wrong()
		l.keepsValue = d.s.Bool()
	case WrongNumbers, WrongNumbersEqual:
		return d.otherNumbers(label, l)
	case SwappedSubtraction:
		if t.op != '-' {
			return false
		}
		before, _ := d.valueOf(step, l)
		t.left, t.right = t.right, t.left
		if after, _ := d.valueOf(step, l); d.s.Bool() && before.a == after.a {
			l.off = before.b - after.b // the right result stands under the swapped formula
		}
	case EqualOperator:
		return d.equalOperator(step, l)
	case OtherOperator:
		if t.op == 0 {
			return false
		}
		old := t.op
		t.op = "+-*"[d.s.IntN(3)]
		return t.op != old
	case OtherConstant:
		c := t
		if t.op != 0 {
			c = t.left
		}
		if c.op != 0 || c.leaf.variable != "" {
			return false
		}
		c.leaf.value.b += 1 + int64(d.s.IntN(3))
	case ExchangedParent:
		return d.exchangeParent(step, l)
	case DroppedParent, AddedParent:
		return d.otherTerms(label, step, l)
	case FormulaLeftOut:
		v, ok := d.trueValue(step.node)
		step.lines = step.lines[len(step.lines)-1:]
		step.lines[0].formula, step.lines[0].bare = leaf(&quantity{value: v}), true
		return ok && d.p.Graph.Nodes[step.node].Inner != gsm.None && v.a == 0
	case TwoErrors:
		return d.twoErrors(step)
	default:
		return false
	}
	return true
}

// valueOf writes the draft so far to learn the value of a line's formula.
func (d *draft) valueOf(step *draftStep, l *line) (linear, bool) {
	d.write()
	ok := !d.failed
	d.failed = false
	v, fits := l.formula.eval()
	return v, ok && fits
}

// trueValue is the value of a node, as a number or in x.
func (d *draft) trueValue(node int) (linear, bool) {
	d.write()
	ok := !d.failed
	d.failed = false
	return d.nodes[node].value, ok
}

// otherNumbers puts other numbers under a formula of two operands.
func (d *draft) otherNumbers(label Corruption, l *line) bool {
	if l.formula.op == 0 || l.formula.left.op != 0 || l.formula.right.op != 0 {
		return false
	}
	d.write()
	a, b := l.formula.left.leaf.value, l.formula.right.leaf.value
	if a.a != 0 || b.a != 0 {
		return false
	}
	x, y := a.b+d.wrong(), b.b
	if label == WrongNumbersEqual {
		switch l.formula.op {
		case '+':
			y = a.b + b.b - x
		case '-':
			y = x - (a.b - b.b)
		default:
			if b.b == 1 || a.b == 1 {
				return false
			}
			x, y = a.b*b.b, 1
		}
		if x == b.b && y == a.b {
			return false
		}
	} else if l.formula.op == '*' && b.b == 0 {
		return false
	}
	wrong := tree{op: l.formula.op, left: leaf(&quantity{value: linear{b: x}}), right: leaf(&quantity{value: linear{b: y}})}
	l.numbers = d.expression(&wrong, true)
	return true
}

// equalOperator takes another operator, and another constant if there is one, of equal value.
func (d *draft) equalOperator(step *draftStep, l *line) bool {
	t := l.formula
	want, ok := d.valueOf(step, l)
	if !ok || t.op == 0 || t.left.op != 0 || t.right.op != 0 {
		return false
	}
	old := *t
	constant := t.left.leaf.variable == ""
	first := d.s.IntN(3)
	for k := range 3 {
		if t.op = "+-*"[(first+k)%3]; t.op == old.op {
			continue
		}
		for c := int64(0); c < 40; c++ {
			if constant {
				t.left = leaf(&quantity{value: linear{b: c}})
			}
			if v, ok := t.eval(); ok && v == want {
				return true
			}
			if !constant {
				break
			}
		}
	}
	*t = old
	return false
}

// exchangeParent puts another quantity that is defined by then in a parent's
// place, one of equal value where there is one.
func (d *draft) exchangeParent(step *draftStep, l *line) bool {
	var leaves []*tree
	for _, t := range l.formula.leaves(nil) {
		if d.nodeOf(t.leaf) >= 0 {
			leaves = append(leaves, t)
		}
	}
	if len(leaves) == 0 || step.node < 0 {
		return false
	}
	t := leaves[d.s.IntN(len(leaves))]
	d.write()
	var known, equal []*quantity
	for _, other := range d.steps {
		if other == step {
			break
		}
		if isParent(&d.p.Graph.Nodes[step.node], other.node) {
			continue
		}
		known = append(known, other.own)
		if other.own.value == t.leaf.value {
			equal = append(equal, other.own)
		}
	}
	if len(equal) > 0 && d.s.IntN(4) > 0 {
		known = equal
	}
	if len(known) == 0 {
		return false
	}
	t.leaf = known[d.s.IntN(len(known))]
	return true
}

// nodeOf is the node of a quantity, or −1.
func (d *draft) nodeOf(q *quantity) int {
	for i, node := range d.nodes {
		if node == q {
			return i
		}
	}
	return -1
}

// otherTerms leaves a term out of a line's sum, or adds a quantity to it.
func (d *draft) otherTerms(label Corruption, step *draftStep, l *line) bool {
	t := l.formula
	if label == AddedParent {
		var known []*quantity
		for _, other := range d.steps {
			if other == step {
				break
			}
			known = append(known, other.own)
		}
		if len(known) == 0 {
			return false
		}
		l.formula = &tree{op: '+', left: t, right: leaf(known[d.s.IntN(len(known))])}
		return true
	}
	if t.op == 0 || d.p.Graph.Nodes[step.node].Inner != gsm.Sum {
		return false
	}
	dropped, kept := t.left, t.right
	if d.s.Bool() {
		dropped, kept = kept, dropped
	}
	l.formula = kept
	return dropped.op == 0 && d.nodeOf(dropped.leaf) >= 0
}

// twoErrors gives an intermediate a wrong value that the step's last line ignores.
func (d *draft) twoErrors(step *draftStep) bool {
	if len(step.lines) < 2 {
		return false
	}
	l := step.lines[d.s.IntN(len(step.lines)-1)]
	l.off, l.keepsValue = d.wrong(), true
	return true
}

// corruptOrder makes wrong which steps stand where.
func (d *draft) corruptOrder(label Corruption, k int) bool {
	step := d.steps[k]
	wrongTwin := func() *draftStep {
		twin := *step
		twin.lines = append([]*line(nil), step.lines...)
		last := *twin.lines[len(twin.lines)-1]
		last.off, last.keepsValue = d.wrong(), true
		twin.lines[len(twin.lines)-1] = &last
		return &twin
	}
	switch label {
	case SkippedNode:
		d.write()
		d.remove(k)
		if step.unknown {
			step.own.value = linear{a: 1}
		}
	case InlinedValue:
		return d.inline(k)
	case CorrectedLater, ContradictedLater:
		if step.unknown {
			return false
		}
		if label == CorrectedLater {
			d.insert(k, wrongTwin())
		} else {
			d.insert(d.s.Between(k+1, len(d.steps)), wrongTwin())
		}
	case UsedTooEarly:
		d.write()
		for _, parent := range d.p.Graph.Nodes[step.node].Parents {
			at := d.index(parent)
			d.remove(k)
			d.insert(d.s.IntN(at+1), step)
			return true
		}
		return false
	case ExchangedNames:
		other := d.steps[d.s.IntN(len(d.steps))]
		if step.unknown || other.unknown || sameDefinition(&d.p.Graph.Nodes[step.node], &d.p.Graph.Nodes[other.node]) {
			return false
		}
		step.name, other.name = other.name, step.name
	case ReusedVariable:
		return d.reuse(k)
	}
	return true
}

// inline leaves step k out and puts its value wherever its variable stood.
func (d *draft) inline(k int) bool {
	own := d.steps[k].own
	if d.write(); d.steps[k].unknown || own.value.a != 0 || k == len(d.steps)-1 {
		return false
	}
	d.remove(k)
	d.eachLine(func(l *line) {
		for _, t := range l.formula.leaves(nil) {
			if t.leaf == own {
				t.leaf = &quantity{value: own.value}
			}
		}
	})
	return true
}

// reuse gives the variable of step k to a later step before the last use of it.
func (d *draft) reuse(k int) bool {
	own := d.steps[k].own
	lastUse := 0
	for i, step := range d.steps {
		for _, l := range step.lines {
			for _, t := range l.formula.leaves(nil) {
				if t.leaf == own {
					lastUse = i
				}
			}
		}
	}
	if lastUse <= k+1 {
		return false
	}
	between := d.steps[d.s.Between(k+1, lastUse-1)]
	if between.unknown || d.steps[k].unknown {
		return false
	}
	between.own.variable = own.variable
	return true
}

// sameDefinition reports whether two nodes compute the same from the same parents,
// the order of terms aside.
func sameDefinition(a, b *gsm.Node) bool {
	if a.Inner != b.Inner || a.Outer != b.Outer || a.HasConst() && a.Const != b.Const || len(a.Parents) != len(b.Parents) {
		return false
	}
	for _, parent := range a.Parents {
		if !isParent(b, parent) {
			return false
		}
	}
	return true
}
