package exact

import "math/bits"

// Number is an exact fraction n/d in lowest terms with d > 0, both below 2⁶³ in
// size. Operations report false instead of leaving that range. Numbers are equal
// where they are equal as Go values. The zero value is no number; Whole(0) is zero.
type Number struct{ n, d int64 }

// Whole is the number n.
func Whole(n int64) Number { return Number{n, 1} }

// Ratio is n/d, in lowest terms; d ≠ 0.
func Ratio(n, d int64) Number {
	if d < 0 {
		n, d = -n, -d
	}
	x, y := magnitude(n), magnitude(d)
	for y != 0 {
		x, y = y, x%y
	}
	if x > 1 {
		n, d = n/int64(x), d/int64(x)
	}
	return Number{n, d}
}

// IsNumber reports whether a is not the zero value.
func (a Number) IsNumber() bool { return a.d != 0 }

// IsZero reports whether a is 0.
func (a Number) IsZero() bool { return a.n == 0 }

// IsNegative reports whether a < 0.
func (a Number) IsNegative() bool { return a.n < 0 }

// Negative is −a.
func (a Number) Negative() Number { return Number{-a.n, a.d} }

// Plus is a + b.
func (a Number) Plus(b Number) (Number, bool) {
	if a.d == 1 && b.d == 1 {
		n, ok := add(a.n, b.n)
		return Number{n, 1}, ok
	}
	x, ok1 := multiply(a.n, b.d)
	y, ok2 := multiply(b.n, a.d)
	n, ok3 := add(x, y)
	d, ok4 := multiply(a.d, b.d)
	return Ratio(n, d), ok1 && ok2 && ok3 && ok4
}

// Times is a·b.
func (a Number) Times(b Number) (Number, bool) {
	n, ok1 := multiply(a.n, b.n)
	if a.d == 1 && b.d == 1 {
		return Number{n, 1}, ok1
	}
	d, ok2 := multiply(a.d, b.d)
	return Ratio(n, d), ok1 && ok2
}

// Over is a/b; it reports false for b = 0.
func (a Number) Over(b Number) (Number, bool) {
	if b.n == 0 {
		return Whole(0), false
	}
	n, ok1 := multiply(a.n, b.d)
	d, ok2 := multiply(a.d, b.n)
	return Ratio(n, d), ok1 && ok2
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return uint64(-a)
	}
	return uint64(a)
}

// add and multiply report whether the result fits, −2⁶³ excluded so that it can be negated.
func add(a, b int64) (int64, bool) {
	s := a + b
	return s, (a < 0) != (b < 0) || (s < 0) == (a < 0) && s != -1<<63
}

func multiply(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	p := int64(lo)
	if (a < 0) != (b < 0) {
		p = -p
	}
	return p, hi == 0 && lo < 1<<63
}
