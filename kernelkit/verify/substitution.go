package verify

import (
	"interplay/kernelkit/verify/exact"
	"interplay/kernelkit/verify/lex"
)

// shape is what a link is made of, for the comparison of a formula with the
// numbers put in for its variables: "2 * (a + b)" with "2 * (3 + 4)".
type shape struct {
	operands  [mostOperands]exact.Number // sizes, in order
	terms     [mostOperands]signed       // of a link without parentheses: a - b * c has the terms a and -b*c
	n, m      int                        // operands and terms
	negatives int                        // operands with a minus sign of their own, or of negative value
	times     int
	divides   int
	bracketed bool
	variables bool
}

// signed is a size and a sign; unlike a number, 0 has one, so that a - 0 and a + 0 differ.
type signed struct {
	size     exact.Number
	negative bool
}

// mostOperands bounds the links that are looked into.
const mostOperands = 16

// compareNumbers compares a link with the one before. alike: the first has
// variables, the second as many operands and only numbers, so it puts numbers in
// for the variables. faithful: these are the values of the variables, joined by
// the same operations, in any order. That a formula and a link of other numbers
// have equal values is chance, and a link with another number of operands is a
// result of some kind, so only its value counts. Values in x are left to the
// comparison of polynomials.
func (j *realisticJudge) compareNumbers(before, now span) (alike, faithful bool) {
	var a, b shape
	if !j.shape(&a, before) || !a.variables || !j.shape(&b, now) || b.variables || a.n != b.n {
		return false, false
	}
	faithful = a.times == b.times && a.divides == b.divides && sameMultiset(a.operands[:a.n], b.operands[:b.n])
	if faithful && !a.bracketed && !b.bracketed {
		faithful = a.m == b.m && sameMultiset(a.terms[:a.m], b.terms[:b.m])
	}
	if b.negatives > a.negatives { // a - b = -1 + 2 is an order of terms, but -1 - (-2) is none
		faithful = faithful && b.negatives == 1 && j.tokens[now.lo].Kind == lex.Minus
	}
	return true, faithful
}

// shape takes a link apart; it reports false for one that is too long or has values that are no numbers.
func (j *realisticJudge) shape(s *shape, link span) bool {
	want, negative, inverse := true, false, false
	for i := link.lo; i < link.hi; i++ {
		switch kind := j.tokens[i].Kind; {
		case kind == lex.Open || kind == lex.Shut:
			s.bracketed = true
		case want && kind == lex.Minus:
			negative = !negative
		case want && kind == lex.Plus:
		case want:
			if !j.addOperand(s, i, negative, inverse) {
				return false
			}
			want, negative, inverse = false, false, false
		case kind == lex.Word: // 2x
			s.times++
			if !j.addOperand(s, i, false, false) {
				return false
			}
		case kind == lex.Times || kind == lex.Divide:
			s.times += b2i(kind == lex.Times)
			s.divides += b2i(kind == lex.Divide)
			inverse = kind == lex.Divide
			want = true
		default: // plus or minus: a term begins
			if s.m++; s.m == mostOperands {
				return false
			}
			negative, want = kind == lex.Minus, true
		}
	}
	s.m++
	return s.n > 0
}

// addOperand adds the operand at token i to the term at hand.
func (j *realisticJudge) addOperand(s *shape, i int, negative, inverse bool) bool {
	value, ok := j.tokens[i].Number, s.n < mostOperands
	if j.tokens[i].Kind == lex.Word {
		s.variables = true
		value, ok = j.constantAt(i)
		ok = ok && s.n < mostOperands
	}
	if !ok || !value.IsNumber() {
		return false
	}
	if i > 0 && j.tokens[i-1].Kind == lex.Minus && j.unary(i-1) || value.IsNegative() {
		s.negatives++
	}
	if value.IsNegative() {
		value, negative = value.Negative(), !negative
	}
	s.operands[s.n] = value
	s.n++
	t := &s.terms[s.m]
	t.negative = t.negative != negative
	switch {
	case !t.size.IsNumber():
		t.size = value
	case inverse:
		t.size, ok = t.size.Over(value)
	default:
		t.size, ok = t.size.Times(value)
	}
	return ok
}

// unary reports whether the minus sign at token i is a sign and no operator.
func (j *realisticJudge) unary(i int) bool {
	if i == 0 {
		return true
	}
	before := j.tokens[i-1].Kind
	return before != lex.Word && before != lex.Numeral && before != lex.Shut
}

// constantAt is the value of the variable at token i, if it is a number.
func (j *realisticJudge) constantAt(i int) (exact.Number, bool) {
	formula, class := j.variable(i)
	if class != Right {
		return exact.Number{}, false
	}
	value, ok := j.work.Substitute(formula, exact.Symbols{}, j.values)
	if !ok {
		return exact.Number{}, false
	}
	return value.Constant()
}

// sameMultiset reports whether b is a in some order; it reorders b.
func sameMultiset[T comparable](a, b []T) bool {
	for i := range a {
		k := i
		for k < len(b) && b[k] != a[i] {
			k++
		}
		if k == len(b) {
			return false
		}
		b[i], b[k] = b[k], b[i]
	}
	return len(a) == len(b)
}
