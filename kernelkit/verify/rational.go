package verify

import "math/bits"

// rational is an exact fraction n/d in lowest terms with d > 0, both below 2⁶³
// in size. Operations report false instead of leaving that range: no value of a
// problem comes near it, so a text that does is wrong, and no text can make the
// judge compute with large numbers. The zero value is no number; use whole(0).
type rational struct{ n, d int64 }

func whole(n int64) rational { return rational{n, 1} }

func (a rational) isZero() bool { return a.n == 0 }

func (a rational) negative() rational { return rational{-a.n, a.d} }

func (a rational) plus(b rational) (rational, bool) {
	if a.d == 1 && b.d == 1 {
		n, ok := add(a.n, b.n)
		return rational{n, 1}, ok
	}
	x, ok1 := multiply(a.n, b.d)
	y, ok2 := multiply(b.n, a.d)
	n, ok3 := add(x, y)
	d, ok4 := multiply(a.d, b.d)
	return reduced(n, d), ok1 && ok2 && ok3 && ok4
}

func (a rational) times(b rational) (rational, bool) {
	n, ok1 := multiply(a.n, b.n)
	if a.d == 1 && b.d == 1 {
		return rational{n, 1}, ok1
	}
	d, ok2 := multiply(a.d, b.d)
	return reduced(n, d), ok1 && ok2
}

// over is a/b; it reports false for b = 0.
func (a rational) over(b rational) (rational, bool) {
	if b.n == 0 {
		return whole(0), false
	}
	n, ok1 := multiply(a.n, b.d)
	d, ok2 := multiply(a.d, b.n)
	return reduced(n, d), ok1 && ok2
}

// reduced puts n/d in lowest terms; d ≠ 0.
func reduced(n, d int64) rational {
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
	return rational{n, d}
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
