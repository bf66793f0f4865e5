package verify

import (
	"interplay/kernelkit/verify/exact"
	"interplay/kernelkit/verify/lex"
)

// The closing of a reverse solution uses what the problem says of the last node:
//
//	We know t = 17, so we have 3*x + 8 = 17. … 3*x = 9. Divide both sides by 3: x = 9 / 3. Solution: x = 3.
//
// Its equations are remarks: chains that define nothing. Before the last node
// stands, and in forward mode always, a remark must hold for every x.

// remark executes a chain that defines nothing: neighbouring links must be equal,
// in reverse mode also by the given value of the last node once that node stands.
func (j *realisticJudge) remark(start, end int, variable bool) {
	divisor, divided := j.dividedBy(start)
	var before exact.Polynomial
	for lo := start; lo < end; {
		link := j.nextLink(lo, end)
		j.work.Reset()
		value, class := j.value(link)
		if class == Right && lo > start {
			class = j.equate(before, value, divisor)
			if class == WrongArithmetic && variable && link.lo == start+2 && !j.derived() {
				class = Redefinition
			}
		}
		if class == Right && divided && !j.isQuotient(link, divisor) {
			class = WrongOperator
		}
		if class != Right {
			j.refuse(class)
			return
		}
		before = j.kept.Copy(value)
		lo = link.hi + 1
	}
}

// equate checks the equality of two values. One that holds only by the given value
// of the last node must follow from what the closing has said so far.
func (j *realisticJudge) equate(a, b exact.Polynomial, divisor exact.Number) ErrorClass {
	difference, ok := j.work.Plus(a, b, exact.Whole(-1))
	switch {
	case !ok:
		return Unparsable
	case len(difference) == 0:
		return Right
	case len(j.given.difference) == 0 || !difference.MultipleOf(j.given.difference):
		return WrongArithmetic
	case !j.derived():
		return LuckyAnswer // it follows from the solution, which nothing has derived so far
	}
	e := equation{j.kept.Copy(a), j.kept.Copy(b), j.kept.Copy(difference)}
	if !j.follows(e, divisor) {
		return WrongArithmetic
	}
	j.last = e
	j.found = j.found || a.IsX() || b.IsX()
	j.closingStep()
	return Right
}

// equation is an equality of two polynomials in x that holds for the true x alone.
type equation struct{ left, right, difference exact.Polynomial }

// follows reports whether an equation with the true solution is one that a reader
// can get to from the given equation or from the last one: by moving terms, by the
// same factor on both sides, by a division that the text announces, or by solving.
// That two equations have the same solution is not enough: 2 + x = 4 is no form of
// 2*x = 4. Once x is found, what is true for it may be said.
func (j *realisticJudge) follows(e equation, divisor exact.Number) bool {
	if divisor.IsNumber() && len(j.last.difference) > 0 {
		left, ok1 := j.work.Scale(e.left, divisor)
		right, ok2 := j.work.Scale(e.right, divisor)
		all, ok3 := j.work.Scale(e.difference, divisor)
		swapped := left.Equal(j.last.right) && right.Equal(j.last.left) ||
			(len(j.last.left) == 0 || len(j.last.right) == 0) && j.negated(all).Equal(j.last.difference)
		return ok1 && ok2 && ok3 && (all.Equal(j.last.difference) || swapped)
	}
	return j.found || e.left.IsX() || e.right.IsX() || j.sameEquation(e, j.given) || j.sameEquation(e, j.last)
}

func (j *realisticJudge) sameEquation(e, old equation) bool {
	proportional := func(p, q exact.Polynomial) bool { return len(p) == 0 && len(q) == 0 || len(q) > 0 && p.MultipleOf(q) }
	return e.difference.Equal(old.difference) || j.negated(e.difference).Equal(old.difference) ||
		proportional(e.left, old.left) && proportional(e.right, old.right) ||
		proportional(e.left, old.right) && proportional(e.right, old.left)
}

func (j *realisticJudge) negated(p exact.Polynomial) exact.Polynomial {
	q, _ := j.work.Plus(nil, p, exact.Whole(-1))
	return q
}

// dividedBy reads "divide both sides by N" in the words before token start.
func (j *realisticJudge) dividedBy(start int) (exact.Number, bool) {
	i := start - 1
	if i >= 0 && (j.tokens[i].Kind == lex.Colon || j.tokens[i].Kind == lex.Comma) {
		i--
	}
	if i < 4 || j.tokens[i].Kind != lex.Numeral || !j.tokens[i].Number.IsNumber() {
		return exact.Number{}, false
	}
	divisor := j.tokens[i].Number
	if i--; j.tokens[i].Kind == lex.Minus || j.tokens[i].Kind == lex.Plus {
		if j.tokens[i].Kind == lex.Minus {
			divisor = divisor.Negative()
		}
		i--
	}
	if i < 3 || !j.is(i, "by") || !j.is(i-1, "sides") || !j.is(i-2, "both") || !j.is(i-3, "divide") {
		return exact.Number{}, false
	}
	return divisor, true
}

// isQuotient reports whether a link of two numbers, if it is one, divides by k.
func (j *realisticJudge) isQuotient(link span, k exact.Number) bool {
	var s shape
	if !j.shape(&s, link) || s.n != 2 || s.variables {
		return true
	}
	return s.divides == 1 && (s.operands[1] == k || s.operands[1] == k.Negative())
}
