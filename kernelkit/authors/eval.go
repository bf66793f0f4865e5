package authors

import (
	"math"
	"math/big"
)

// The authors hand the tail of an assignment to Python's eval, once its letters
// are replaced by their values and if nothing but ASCII digits, + - * / ( ) . and
// white space is left. This file evaluates that language as Python 3.11 does:
// unbounded integers, int/int as the correctly rounded quotient, // rounding
// down, ** before the sign on its left, juxtaposition and calls as errors.
//
// What is bounded, where Python would only run out of time, memory or stack:
// integers have at most maxIntegerBits, so that 9**9**9 costs nothing, and
// expressions are at most maxExpressionDepth deep.

const (
	// maxIntegerBits bounds every integer. Beyond it Python goes on, but floats end
	// at 1024 bits, so a result can differ only where a giant is divided or
	// subtracted away again. The longest literal that Python reads fits.
	maxIntegerBits = 1 << 14
	// maxLiteralDigits is Python's own limit on integer literals, against quadratic conversion.
	maxLiteralDigits = 4300
	// maxExpressionDepth is where Python's compiler gives up: three times its
	// recursion limit of 1000, less what the callers' frames take.
	maxExpressionDepth = 2970
	// maxParentheses is the tokenizer's limit on nesting.
	maxParentheses = 200
)

// pyNumber is a Python int or float: a small int in i, a large one in b, or f.
type pyNumber struct {
	kind  pyKind
	i     int64
	b     *big.Int
	f     float64
	depth int // of the expression's tree
}

type pyKind uint8

const (
	pyInt pyKind = iota
	pyBig
	pyReal
)

// pyEval is float(eval(expr)) with the letters of expr replaced by their values;
// false where Python raises, where a letter has no value, and where other
// characters occur.
func pyEval(expr string, letters *letterValues) (float64, bool) {
	if len(expr) == 1 {
		if l := letterIndex[expr[0]]; l != noLetter {
			return letters.v[l], letters.has(l) && pyPlain(letters.v[l])
		}
	}
	if allDigits(expr) {
		// Leading zeros and too many digits fail, but then the last number of the
		// assignment is read, which is these digits.
		return pyFloat(expr), true
	}
	e := pyExpression{s: expr, letters: letters}
	e.next()
	n := e.sum()
	if e.failed || e.token != pyTokenEnd {
		return 0, false
	}
	return n.float()
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return s != ""
}

// pyPlain reports whether str(v) has no exponent and is no "inf" or "nan", whose
// letters would stop the evaluation.
func pyPlain(v float64) bool {
	a := math.Abs(v)
	return v == 0 || a >= 1e-4 && a < 1e16
}

type pyToken uint8

const (
	pyTokenEnd pyToken = iota
	pyTokenNumber
	pyTokenPlus
	pyTokenMinus
	pyTokenTimes
	pyTokenPower
	pyTokenDivide
	pyTokenFloor
	pyTokenOpen
	pyTokenClose
	pyTokenBad
)

// pyExpression is a recursive-descent parser that evaluates as it goes. Nothing
// short-circuits in this language, so the order of evaluation does not show.
type pyExpression struct {
	s       string
	letters *letterValues
	at      int
	token   pyToken
	number  pyNumber // of a pyTokenNumber
	pending bool     // number is the next token: the sign of a negative value came before it
	nesting int      // open parentheses
	depth   int      // of the recursion
	failed  bool
}

func (e *pyExpression) fail() pyNumber {
	e.failed, e.token = true, pyTokenBad
	return pyNumber{}
}

// next reads one token. Line breaks are white space inside parentheses only.
func (e *pyExpression) next() {
	if e.failed {
		return
	}
	if e.pending {
		e.pending, e.token = false, pyTokenNumber
		return
	}
	for e.at < len(e.s) {
		switch c := e.s[e.at]; {
		case c == ' ' || c == '\t' || c == '\f' || (c == '\n' || c == '\r') && e.nesting > 0:
			e.at++
			continue
		case c >= '0' && c <= '9':
			e.literal()
		case letterIndex[c] != noLetter:
			e.letter(c)
		default:
			e.operator(c)
		}
		if e.token == pyTokenBad {
			e.failed = true
		}
		return
	}
	e.token = pyTokenEnd
}

func (e *pyExpression) operator(c byte) {
	e.at++
	double := e.at < len(e.s) && e.s[e.at] == c
	switch c {
	case '+':
		e.token = pyTokenPlus
	case '-':
		e.token = pyTokenMinus
	case '*':
		e.token = pyTokenTimes
		if double {
			e.token = pyTokenPower
			e.at++
		}
	case '/':
		e.token = pyTokenDivide
		if double {
			e.token = pyTokenFloor
			e.at++
		}
	case '(':
		e.token = pyTokenOpen
		if e.nesting++; e.nesting > maxParentheses {
			e.token = pyTokenBad
		}
	case ')':
		e.token = pyTokenClose
		if e.nesting--; e.nesting < 0 {
			e.token = pyTokenBad
		}
	default:
		e.token = pyTokenBad
	}
}

// literal reads an integer. A fraction cannot occur: a dot ends the assignment.
func (e *pyExpression) literal() {
	start := e.at
	for e.at < len(e.s) && e.s[e.at]-'0' <= 9 {
		e.at++
	}
	digits := e.s[start:e.at]
	zeros := 0
	for zeros < len(digits) && digits[zeros] == '0' {
		zeros++
	}
	e.token = pyTokenNumber
	switch {
	case zeros == len(digits):
		e.number = pyNumber{depth: 1}
	case zeros > 0 || len(digits) > maxLiteralDigits:
		e.token = pyTokenBad
	case len(digits) <= 18:
		n := int64(0)
		for i := range len(digits) {
			n = n*10 + int64(digits[i]-'0')
		}
		e.number = pyNumber{i: n, depth: 1}
	default:
		b, _ := new(big.Int).SetString(digits, 10)
		e.number = pyNumber{kind: pyBig, b: b, depth: 1}
	}
}

// letter replaces a letter that stands alone by its value, as float text: a
// negative value is a minus sign and a number, so that A**2 is −(3.0**2) when A is −3.
func (e *pyExpression) letter(c byte) {
	l := letterIndex[c]
	alone := (e.at == 0 || !wordByte(e.s[e.at-1])) && (e.at+1 == len(e.s) || !wordByte(e.s[e.at+1]))
	if !alone || !e.letters.has(l) || !pyPlain(e.letters.v[l]) {
		e.token = pyTokenBad
		return
	}
	e.at++
	v := e.letters.v[l]
	e.token = pyTokenNumber
	e.number = pyNumber{kind: pyReal, f: v, depth: 1}
	if math.Signbit(v) {
		e.number.f = -v
		e.pending, e.token = true, pyTokenMinus
	}
}

// wordByte reports whether c is a word character of ASCII. Those beyond ASCII
// fail the evaluation anyway.
func wordByte(c byte) bool {
	return letterIndex[c] != noLetter || c-'0' <= 9 || c == '_'
}

func (e *pyExpression) sum() pyNumber {
	n := e.product()
	for e.token == pyTokenPlus || e.token == pyTokenMinus {
		op := e.token
		e.next()
		n = e.apply(op, n, e.product())
	}
	return n
}

func (e *pyExpression) product() pyNumber {
	n := e.factor()
	for e.token == pyTokenTimes || e.token == pyTokenDivide || e.token == pyTokenFloor {
		op := e.token
		e.next()
		n = e.apply(op, n, e.factor())
	}
	return n
}

// factor is a signed power: the sign binds looser than **.
func (e *pyExpression) factor() pyNumber {
	if e.depth++; e.depth > maxExpressionDepth {
		return e.fail()
	}
	sign := e.token
	if sign != pyTokenPlus && sign != pyTokenMinus {
		n := e.power()
		e.depth--
		return n
	}
	e.next()
	n := e.factor()
	e.depth--
	if n.depth++; e.failed || n.depth > maxExpressionDepth {
		return e.fail()
	}
	if sign == pyTokenMinus {
		switch n.kind {
		case pyInt:
			n.i = -n.i // at most 18 digits or a sum of such: see small
		case pyBig:
			n.b = new(big.Int).Neg(n.b)
		case pyReal:
			n.f = -n.f
		}
	}
	return n
}

func (e *pyExpression) power() pyNumber {
	n := e.atom()
	if e.token != pyTokenPower {
		return n
	}
	e.next()
	return e.apply(pyTokenPower, n, e.factor())
}

// atom is a number or a parenthesis. "()" is a tuple, which no operation turns
// into a number, and whatever follows an atom directly makes it a call or an error.
func (e *pyExpression) atom() pyNumber {
	switch e.token {
	case pyTokenNumber:
		n := e.number
		e.next()
		return n
	case pyTokenOpen:
		e.next()
		n := e.sum()
		if e.token != pyTokenClose {
			return e.fail()
		}
		e.next()
		return n
	}
	return e.fail()
}

// apply computes one operation.
func (e *pyExpression) apply(op pyToken, x, y pyNumber) pyNumber {
	if e.failed {
		return pyNumber{}
	}
	var n pyNumber
	var ok bool
	if x.kind != pyReal && y.kind != pyReal {
		n, ok = integers(op, x, y)
	} else {
		n, ok = reals(op, x, y)
	}
	n.depth = 1 + max(x.depth, y.depth)
	if !ok || n.depth > maxExpressionDepth {
		return e.fail()
	}
	return n
}

// float is float(n): false where an int is too large.
func (n pyNumber) float() (float64, bool) {
	switch n.kind {
	case pyInt:
		return float64(n.i), true
	case pyBig:
		f, _ := new(big.Float).SetInt(n.b).Float64()
		return f, !math.IsInf(f, 0)
	}
	return n.f, true
}

func (n pyNumber) integer() *big.Int {
	if n.kind == pyBig {
		return n.b
	}
	return big.NewInt(n.i)
}

// small bounds the ints that are kept in 64 bits, so that sums of two cannot overflow.
const small = 1 << 61

// fromBig is an int, in 64 bits where it is small; false where it is beyond the bound.
func fromBig(b *big.Int) (pyNumber, bool) {
	if b.BitLen() <= 61 {
		return pyNumber{i: b.Int64()}, true
	}
	return pyNumber{kind: pyBig, b: b}, b.BitLen() <= maxIntegerBits
}

func integers(op pyToken, x, y pyNumber) (pyNumber, bool) {
	if x.kind == pyInt && y.kind == pyInt {
		if n, ok := smallIntegers(op, x.i, y.i); ok {
			return n, true
		}
	}
	a, b := x.integer(), y.integer()
	switch op {
	case pyTokenPlus:
		return fromBig(new(big.Int).Add(a, b))
	case pyTokenMinus:
		return fromBig(new(big.Int).Sub(a, b))
	case pyTokenTimes:
		if a.BitLen()+b.BitLen() > maxIntegerBits+1 {
			return pyNumber{}, false
		}
		return fromBig(new(big.Int).Mul(a, b))
	case pyTokenPower:
		return integerPower(a, b)
	}
	if b.Sign() == 0 {
		return pyNumber{}, false
	}
	if op == pyTokenFloor {
		q, r := new(big.Int).QuoRem(a, b, new(big.Int))
		if r.Sign() != 0 && r.Sign() != b.Sign() {
			q.Sub(q, big.NewInt(1))
		}
		return fromBig(q)
	}
	f, _ := new(big.Rat).SetFrac(a, b).Float64() // to nearest, ties to even, as Python
	return pyNumber{kind: pyReal, f: f}, !math.IsInf(f, 0)
}

// smallIntegers computes what fits; false leaves the rest, errors included, to the general case.
func smallIntegers(op pyToken, a, b int64) (pyNumber, bool) {
	const exact = 1 << 53 // every smaller integer is a float
	var n int64
	switch op {
	case pyTokenPlus:
		n = a + b
	case pyTokenMinus:
		n = a - b
	case pyTokenTimes:
		if max(a, -a) >= 1<<30 || max(b, -b) >= 1<<30 {
			return pyNumber{}, false
		}
		n = a * b
	case pyTokenDivide:
		if b == 0 || max(a, -a) > exact || max(b, -b) > exact {
			return pyNumber{}, false
		}
		return pyNumber{kind: pyReal, f: float64(a) / float64(b)}, true
	case pyTokenFloor:
		if b == 0 {
			return pyNumber{}, false
		}
		n = a / b
		if a%b != 0 && (a < 0) != (b < 0) {
			n--
		}
	default:
		return pyNumber{}, false
	}
	return pyNumber{i: n}, max(n, -n) < small
}

func integerPower(a, b *big.Int) (pyNumber, bool) {
	if b.Sign() < 0 { // a float power
		x, okX := (pyNumber{kind: pyBig, b: a}).float()
		y, okY := (pyNumber{kind: pyBig, b: b}).float()
		if !okX || !okY {
			return pyNumber{}, false
		}
		f, ok := realPower(x, y)
		return pyNumber{kind: pyReal, f: f}, ok
	}
	if a.BitLen() <= 1 { // −1, 0 and 1, to whatever power
		switch {
		case b.Sign() == 0 || a.Sign() < 0 && b.Bit(0) == 0:
			return pyNumber{i: 1}, true
		}
		return pyNumber{i: a.Int64()}, true
	}
	if !b.IsInt64() || b.Int64() > maxIntegerBits || int64(a.BitLen()-1)*b.Int64() > maxIntegerBits {
		return pyNumber{}, false
	}
	return fromBig(new(big.Int).Exp(a, b, nil))
}

func reals(op pyToken, x, y pyNumber) (pyNumber, bool) {
	a, okA := x.float()
	b, okB := y.float()
	if !okA || !okB {
		return pyNumber{}, false
	}
	n, ok := pyNumber{kind: pyReal}, true
	switch op {
	case pyTokenPlus:
		n.f = a + b
	case pyTokenMinus:
		n.f = a - b
	case pyTokenTimes:
		n.f = a * b
	case pyTokenDivide:
		n.f, ok = a/b, b != 0
	case pyTokenFloor:
		n.f, ok = realFloor(a, b), b != 0
	case pyTokenPower:
		n.f, ok = realPower(a, b)
	}
	return n, ok
}

// realFloor is a//b of floats, by way of the remainder as CPython has it, since
// the floor of the rounded quotient can be one too high.
func realFloor(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	mod := math.Mod(a, b)
	div := (a - mod) / b
	if mod != 0 && (b < 0) != (mod < 0) {
		div--
	}
	if div == 0 {
		return math.Copysign(0, a/b)
	}
	floor := math.Floor(div)
	if div-floor > 0.5 {
		floor++
	}
	return floor
}

// realPower is x**y of floats; false where Python raises (zero to a negative
// power, overflow) or the result is complex. It is correctly rounded, as C's pow
// is but for one result in a thousand or so; math.Pow errs far more often.
func realPower(x, y float64) (float64, bool) {
	whole := y == math.Trunc(y)
	switch {
	case y == 0 || x == 1:
		return 1, true
	case x == 0 && y < 0 && !math.IsInf(y, 0), x < 0 && !math.IsInf(x, 0) && !whole:
		return 0, false
	case x == 0 || math.IsNaN(x) || math.IsNaN(y) || math.IsInf(x, 0) || math.IsInf(y, 0):
		return math.Pow(x, y), true
	}
	var f float64
	if whole && math.Abs(y) < 1<<53 {
		f = integralPower(x, int64(y))
	} else if f = math.Pow(x, y); f != 0 && !math.IsInf(f, 0) && !whole {
		f = fractionalPower(x, y)
	}
	return f, !math.IsInf(f, 0)
}

// powerBits is the precision of powers, with errors far below half a unit of a float.
const powerBits = 192

func wide(x float64) *big.Float { return new(big.Float).SetPrec(powerBits).SetFloat64(x) }

// fractionalPower is exp(y·ln x) for finite x > 0 and a result in range. With
// x = m·2^k and m near 1, ln x = k·ln 2 + 2·artanh((m−1)/(m+1)).
func fractionalPower(x, y float64) float64 {
	m, k := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, k = 2*m, k-1
	}
	ln2 := wide(1)
	ln2 = artanh(ln2.Quo(ln2, wide(3)))
	log := wide(m)
	log = artanh(log.Quo(wide(0).Sub(log, wide(1)), wide(0).Add(log, wide(1))))
	log.Add(log, wide(0).Mul(ln2, wide(float64(k))))
	log.Mul(log, wide(y)) // = half the exponent, as both logarithms are halves
	log.Add(log, log)
	ln2.Add(ln2, ln2)

	t, _ := wide(0).Quo(log, ln2).Float64()
	shift := math.Round(t)
	log.Sub(log, wide(0).Mul(ln2, wide(shift))) // |log| ≤ ln 2 / 2
	const halvings = 16
	log.SetMantExp(log, -halvings)
	exp, term := wide(1), wide(1)
	for i := 1; i <= 10; i++ {
		term.Quo(term.Mul(term, log), wide(float64(i)))
		exp.Add(exp, term)
	}
	for range halvings {
		exp.Mul(exp, exp)
	}
	f, _ := exp.SetMantExp(exp, int(shift)).Float64()
	return f
}

// artanh sums z + z³/3 + z⁵/5 + … for |z| ≤ 1/3.
func artanh(z *big.Float) *big.Float {
	square := wide(0).Mul(z, z)
	sum, power := wide(0).Set(z), wide(0).Set(z)
	for n := 3; power.Sign() != 0 && power.MantExp(nil) > sum.MantExp(nil)-powerBits; n += 2 {
		power.Mul(power, square)
		sum.Add(sum, wide(0).Quo(power, wide(float64(n))))
	}
	return sum
}

// integralPower squares and multiplies.
func integralPower(x float64, n int64) float64 {
	result, square := wide(1), wide(x)
	for k := max(n, -n); k > 0; k >>= 1 {
		if k&1 == 1 {
			result.Mul(result, square)
		}
		if k > 1 {
			square.Mul(square, square)
		}
	}
	switch {
	case result.IsInf() && n > 0:
		return math.Inf(result.Sign())
	case result.IsInf():
		return 0
	case n < 0 && result.Sign() == 0:
		return math.Inf(1)
	case n < 0:
		result.Quo(wide(1), result)
	}
	f, _ := result.Float64()
	return f
}
