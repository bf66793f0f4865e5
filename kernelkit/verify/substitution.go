package verify

// shape is what a link is made of, for the comparison of a formula with the
// numbers put in for its variables: "2 * (a + b)" with "2 * (3 + 4)".
type shape struct {
	operands  [mostOperands]rational // sizes, in order
	terms     [mostOperands]signed   // of a link without parentheses: a - b * c has the terms a and -b*c
	n, m      int                    // operands and terms
	negatives int                    // operands with a minus sign of their own, or of negative value
	times     int
	divides   int
	bracketed bool
	variables bool
}

// signed is a size and a sign; unlike a number, 0 has one, so that a - 0 and a + 0 differ.
type signed struct {
	size     rational
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
		faithful = faithful && b.negatives == 1 && j.tokens[now.lo].kind == minus
	}
	return true, faithful
}

// shape takes a link apart; it reports false for one that is too long or has values that are no numbers.
func (j *realisticJudge) shape(s *shape, link span) bool {
	want, negative, inverse := true, false, false
	for i := link.lo; i < link.hi; i++ {
		switch kind := j.tokens[i].kind; {
		case kind == open || kind == shut:
			s.bracketed = true
		case want && kind == minus:
			negative = !negative
		case want && kind == plus:
		case want:
			if !j.addOperand(s, i, negative, inverse) {
				return false
			}
			want, negative, inverse = false, false, false
		case kind == word: // 2x
			s.times++
			if !j.addOperand(s, i, false, false) {
				return false
			}
		case kind == times || kind == divide:
			s.times += b2i(kind == times)
			s.divides += b2i(kind == divide)
			inverse = kind == divide
			want = true
		default: // plus or minus: a term begins
			if s.m++; s.m == mostOperands {
				return false
			}
			negative, want = kind == minus, true
		}
	}
	s.m++
	return s.n > 0
}

// addOperand adds the operand at token i to the term at hand.
func (j *realisticJudge) addOperand(s *shape, i int, negative, inverse bool) bool {
	value, ok := j.tokens[i].number, s.n < mostOperands
	if j.tokens[i].kind == word {
		s.variables = true
		value, ok = j.constantAt(i)
		ok = ok && s.n < mostOperands
	}
	if !ok || value.d == 0 {
		return false
	}
	if i > 0 && j.tokens[i-1].kind == minus && j.unary(i-1) || value.n < 0 {
		s.negatives++
	}
	if value.n < 0 {
		value, negative = value.negative(), !negative
	}
	s.operands[s.n] = value
	s.n++
	t := &s.terms[s.m]
	t.negative = t.negative != negative
	switch {
	case t.size.d == 0:
		t.size = value
	case inverse:
		t.size, ok = t.size.over(value)
	default:
		t.size, ok = t.size.times(value)
	}
	return ok
}

// unary reports whether the minus sign at token i is a sign and no operator.
func (j *realisticJudge) unary(i int) bool {
	if i == 0 {
		return true
	}
	before := j.tokens[i-1].kind
	return before != word && before != numeral && before != shut
}

// constantAt is the value of the variable at token i, if it is a number.
func (j *realisticJudge) constantAt(i int) (rational, bool) {
	formula, class := j.variable(i)
	if class != Right {
		return rational{}, false
	}
	value, ok := j.work.substitute(formula, symbols{}, j.values)
	if !ok {
		return rational{}, false
	}
	return value.constant()
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
