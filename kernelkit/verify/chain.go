package verify

import (
	"interplay/kernelkit/verify/exact"
	"interplay/kernelkit/verify/lex"
)

// chain is what a chain of equalities has said so far of what it defines.
type chain struct {
	defined bool
	formula exact.Polynomial // in node symbols and x: the fullest of its links
	value   exact.Polynomial // in x: the same for all links
}

// span is a link of a chain: tokens lo..hi−1.
type span struct{ lo, hi int }

// operands are the stacks of the expression at hand.
type operands struct {
	stack []exact.Polynomial
	marks []byte // waiting operators: + - * / ^, n for negation, ( for a parenthesis
}

// longestLink bounds the tokens of one link of a chain. The longest that a
// problem calls for, a total with all its intermediates merged, has about fifty.
const longestLink = 256

// statement reads the chain of equalities that may begin at token i and returns
// the token to go on with. Tokens without an equals sign are prose.
func (j *realisticJudge) statement(i int) int {
	start, end, links, complete := j.extent(i)
	if links == 0 {
		j.prose(start, end)
		return max(end, i+1)
	}
	start = j.skipProse(start, end)
	if !complete || j.runsOn(end) || j.runsInto(start) {
		j.refuse(Unparsable)
		j.beside = true
		return max(end, i+1)
	}
	j.equation(start, end)
	j.beside = true
	return end
}

// extent finds where the formula that begins at token i ends: where two operands
// meet or where a mark cannot go on with it. links counts its equals signs;
// complete is false when it breaks off. A parenthesis opened before the first
// operand of an equation belongs to the prose around it.
func (j *realisticJudge) extent(i int) (start, end, links int, complete bool) {
	start = i
	j.parens = j.parens[:0]
	want := true // an operand must come next
	k := i
loop:
	for ; k < len(j.tokens); k++ {
		t := j.tokens[k]
		switch {
		case t.Kind == lex.Word && j.keyword(k) != lex.NoKeyword:
			break loop
		case want && (t.Kind == lex.Word || t.Kind == lex.Numeral):
			want = false
		case want && t.Kind == lex.Open:
			j.parens = append(j.parens, k)
		case want && (t.Kind == lex.Plus || t.Kind == lex.Minus):
		case !want && t.Kind.Operator() != 0:
			want = true
		case !want && (t.Kind == lex.Equals || j.equalsWord(k)):
			if n := len(j.parens); n > 0 {
				if links > 0 {
					break loop
				}
				start, j.parens = j.parens[n-1]+1, j.parens[:0]
			}
			links++
			want = true
		case !want && t.Kind == lex.Shut && len(j.parens) > 0:
			j.parens = j.parens[:len(j.parens)-1]
		case !want && j.implicitProduct(k):
		default:
			break loop
		}
	}
	return start, k, links, !want && len(j.parens) == 0
}

// implicitProduct reports whether token k is the variable of a product like 2x.
func (j *realisticJudge) implicitProduct(k int) bool {
	t := j.tokens[k]
	return t.Kind == lex.Word && t.Glued && k > 0 && j.tokens[k-1].Kind == lex.Numeral && j.lookup(k) >= 0
}

// skipProse moves the start of a chain over words that a dash joins to it, as in
// "Note - K = 4" or "so we have -2*x + 8 = 2", where the word is no variable.
func (j *realisticJudge) skipProse(start, end int) int {
	last := -1
	k := start
	for ; k < end && j.tokens[k].Kind != lex.Equals; k++ {
		if j.tokens[k].Kind == lex.Word && j.lookup(k) < 0 {
			last = k
		}
	}
	switch {
	case last < 0 || last == start && k == start+1:
		return start
	case last == k-1 && j.tokens[last-1].Kind == lex.Minus:
		return last
	case last < k-1 && j.tokens[last+1].Kind == lex.Minus:
		if last+2 < k && j.tokens[last+2].Glued {
			return last + 1
		}
		return last + 2
	}
	return start
}

// nextLink returns the link that begins at token lo.
func (j *realisticJudge) nextLink(lo, end int) span {
	hi := lo
	for hi < end && j.tokens[hi].Kind != lex.Equals {
		hi++
	}
	return span{lo, hi}
}

// equation executes the chain at tokens start..end−1.
func (j *realisticJudge) equation(start, end int) {
	first := j.nextLink(start, end)
	if first.hi != start+1 || j.tokens[start].Kind != lex.Word {
		j.remark(start, end, false)
		return
	}
	at := j.lookup(start)
	switch {
	case j.step.open && at == j.step.variable && at >= 0 && !(j.step.chain.defined && j.derived()):
		j.defineNode(first.hi+1, end)
	case at < 0 || j.bindings[at].node < 0 && !j.bindings[at].named && j.bindings[at].step != j.v.Steps:
		var c chain
		class := j.extend(&c, first.hi+1, end)
		j.bind(start, binding{node: -1, known: c.defined, formula: c.formula, step: j.v.Steps})
		j.blame(class)
	case j.bindings[at].node < 0 && j.bindings[at].known && !j.bindings[at].named:
		c := chain{defined: true, formula: j.bindings[at].formula}
		c.value, _ = j.kept.Substitute(c.formula, exact.Symbols{}, j.values)
		class := j.extend(&c, first.hi+1, end)
		j.bindings[at].formula = c.formula
		j.blame(class)
	default:
		j.remark(start, end, true)
	}
}

// defineNode executes a chain that defines the quantity of the step at hand.
func (j *realisticJudge) defineNode(start, end int) {
	s := &j.step
	class := j.extend(&s.chain, start, end)
	if class != Right && s.class == Right {
		s.class = class
	}
	if !s.chain.defined {
		return
	}
	if s.node < 0 {
		b := &j.bindings[s.variable]
		b.known, b.formula = true, s.chain.formula
		return
	}
	if j.unknown(s.node) {
		return
	}
	n := &j.nodes[s.node]
	if n.known && n.shown && s.class == Right && !j.values[s.node].Equal(s.chain.value) {
		s.class = Redefinition
	}
	n.known, j.values[s.node] = true, s.chain.value
}

// extend executes the links start..end−1 of a chain: each must have the chain's
// value, and each must be the chain's formula with some of its variables replaced
// by their values. After an error the chain keeps the last link's value, which is
// what the text goes on with.
func (j *realisticJudge) extend(c *chain, start, end int) ErrorClass {
	var previous span
	for lo := start; lo < end; {
		link := j.nextLink(lo, end)
		lo = link.hi + 1
		j.work.Reset()
		formula, class := j.evaluate(link)
		if class == Right {
			class = j.join(c, formula, previous, link)
		}
		if class != Right {
			j.resume(c, end)
			return class
		}
		previous = link
	}
	return Right
}

// resume gives a wrong chain the value of its last link, if that is a number.
func (j *realisticJudge) resume(c *chain, end int) {
	lo := end
	for lo > 0 && j.tokens[lo-1].Kind != lex.Equals {
		lo--
	}
	j.work.Reset()
	formula, class := j.evaluate(span{lo, end})
	if class != Right {
		return
	}
	if value, ok := j.work.Substitute(formula, exact.Symbols{}, j.values); ok {
		if !c.defined {
			c.formula = j.kept.Copy(formula)
		}
		c.defined, c.value = true, j.kept.Copy(value)
	}
}

// join adds one link to a chain.
func (j *realisticJudge) join(c *chain, link exact.Polynomial, previous, at span) ErrorClass {
	value, ok := j.work.Substitute(link, exact.Symbols{}, j.values)
	switch {
	case !ok:
		return Unparsable
	case !c.defined:
		c.defined, c.formula, c.value = true, j.kept.Copy(link), j.kept.Copy(value)
		return Right
	case !value.Equal(c.value):
		if alike, faithful := j.compareNumbers(previous, at); alike && !faithful {
			return WrongSubstitution
		}
		return WrongArithmetic
	}
	old, now := c.formula.Nodes(), link.Nodes()
	switch {
	case now.Empty():
		if alike, faithful := j.compareNumbers(previous, at); alike && !faithful {
			return WrongSubstitution
		}
	case now.Within(old):
		expected, ok := j.work.Substitute(c.formula, now, j.values)
		if !ok || !expected.Equal(link) {
			return WrongOperator
		}
	case old.Within(now):
		expected, ok := j.work.Substitute(link, old, j.values)
		if !ok || !expected.Equal(c.formula) {
			return WrongOperator
		}
		c.formula = j.kept.Copy(link)
	default:
		return WrongParents
	}
	return Right
}

// value computes a link with all variables replaced by their values.
func (j *realisticJudge) value(link span) (exact.Polynomial, ErrorClass) {
	formula, class := j.evaluate(link)
	if class != Right {
		return nil, class
	}
	value, ok := j.work.Substitute(formula, exact.Symbols{}, j.values)
	if !ok {
		return nil, Unparsable
	}
	return value, Right
}

// variable is what the word at token i stands for, as a polynomial in node symbols and x.
func (j *realisticJudge) variable(i int) (exact.Polynomial, ErrorClass) {
	at := j.lookup(i)
	if at < 0 {
		return nil, UndefinedVariable
	}
	b := &j.bindings[at]
	if b.node < 0 {
		if !b.known {
			return nil, UndefinedVariable
		}
		return b.formula, Right
	}
	if !j.nodes[b.node].known {
		return nil, UndefinedVariable
	}
	if j.unknown(b.node) {
		return j.work.Symbol(exact.X), Right
	}
	if b.node >= exact.MaxSymbol {
		return nil, Unparsable
	}
	return j.work.Symbol(byte(b.node + 1)), Right
}

// evaluate computes a link by the rules of precedence, with stacks instead of
// recursion, so that no depth of parentheses can exhaust anything.
func (j *realisticJudge) evaluate(link span) (exact.Polynomial, ErrorClass) {
	if link.hi-link.lo > longestLink || link.hi <= link.lo {
		return nil, Unparsable
	}
	j.stack, j.marks = j.stack[:0], j.marks[:0]
	want := true
	for i := link.lo; i < link.hi; i++ {
		t := j.tokens[i]
		class := Right
		switch {
		case t.Kind == lex.Word && !want: // 2x
			class = j.operator('*')
			fallthrough
		case t.Kind == lex.Word:
			formula, undefined := j.variable(i)
			if class == Right {
				class = undefined
			}
			j.stack = append(j.stack, formula)
			want = false
		case t.Kind == lex.Numeral:
			if !t.Number.IsNumber() {
				return nil, Unparsable
			}
			j.stack = append(j.stack, j.work.Number(t.Number))
			want = false
		case t.Kind == lex.Open:
			j.marks = append(j.marks, '(')
			want = true
		case t.Kind == lex.Shut:
			class = j.closeParenthesis()
			want = false
		case want && t.Kind == lex.Minus:
			j.marks = append(j.marks, 'n')
		case want && t.Kind == lex.Plus:
		default:
			class = j.operator(t.Kind.Operator())
			want = true
		}
		if class != Right {
			return nil, class
		}
	}
	for len(j.marks) > 0 {
		if class := j.apply(); class != Right {
			return nil, class
		}
	}
	if len(j.stack) != 1 || want {
		return nil, Unparsable
	}
	return j.stack[0], Right
}

func precedence(mark byte) int {
	switch mark {
	case '+', '-':
		return 1
	case '*', '/':
		return 2
	case 'n':
		return 3
	}
	return 0
}

// operator applies what binds at least as tightly as mark and lets mark wait.
func (j *realisticJudge) operator(mark byte) ErrorClass {
	if precedence(mark) == 0 {
		return Unparsable
	}
	for n := len(j.marks); n > 0 && precedence(j.marks[n-1]) >= precedence(mark); n = len(j.marks) {
		if class := j.apply(); class != Right {
			return class
		}
	}
	j.marks = append(j.marks, mark)
	return Right
}

func (j *realisticJudge) closeParenthesis() ErrorClass {
	for n := len(j.marks); n > 0; n = len(j.marks) {
		if j.marks[n-1] == '(' {
			j.marks = j.marks[:n-1]
			return Right
		}
		if class := j.apply(); class != Right {
			return class
		}
	}
	return Unparsable
}

// apply executes the operator that waits on top.
func (j *realisticJudge) apply() ErrorClass {
	mark := j.marks[len(j.marks)-1]
	j.marks = j.marks[:len(j.marks)-1]
	arity := 2
	if mark == 'n' {
		arity = 1
	}
	if len(j.stack) < arity {
		return Unparsable
	}
	n := len(j.stack) - arity
	var result exact.Polynomial
	ok := false
	switch a := j.stack[n:]; mark {
	case '+':
		result, ok = j.work.Plus(a[0], a[1], exact.Whole(1))
	case '-':
		result, ok = j.work.Plus(a[0], a[1], exact.Whole(-1))
	case '*':
		result, ok = j.work.Times(a[0], a[1])
	case '/':
		result, ok = j.quotient(a[0], a[1])
	case 'n':
		result, ok = j.work.Plus(nil, a[0], exact.Whole(-1))
	}
	if !ok {
		return Unparsable
	}
	j.stack = append(j.stack[:n], result)
	return Right
}

// quotient is p / q for a q whose value is a number other than 0. No definition of
// a problem divides, so q's variables need not stay symbols.
func (j *realisticJudge) quotient(p, q exact.Polynomial) (exact.Polynomial, bool) {
	value, ok := j.work.Substitute(q, exact.Symbols{}, j.values)
	if !ok {
		return nil, false
	}
	k, ok := value.Constant()
	if !ok {
		return nil, false
	}
	return j.work.Over(p, k)
}
