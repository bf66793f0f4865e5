package verify

import "slices"

// A polynomial is a sum of terms in ascending order of their monomials, without
// zero coefficients; the empty one is 0. Its symbols are the nodes of the graph
// and x, the unknown of reverse mode.
//
// Polynomials carry both things that a step says. Its formula is a polynomial in
// its parents, so that re-association, merged intermediates and commuted operands
// make no difference while another operator does. Its value is a polynomial in x
// alone (a number in forward mode).
type polynomial []term

type term struct {
	monomial monomial
	factor   rational
}

// monomial holds up to eight symbols, one a byte, in descending order from the
// high byte; unused bytes are 0. A symbol is 1 + the index of a node.
type monomial uint64

const (
	symbolX   = 255 // the unknown of reverse mode
	maxSymbol = 254
	maxTerms  = 64 // no formula of a problem has more; a text that has is wrong
)

// symbols is a set of symbols.
type symbols [4]uint64

func (s *symbols) add(b byte)      { s[b>>6] |= 1 << (b & 63) }
func (s *symbols) has(b byte) bool { return s[b>>6]>>(b&63)&1 == 1 }
func (s *symbols) empty() bool     { return *s == symbols{} }
func (s *symbols) within(t symbols) bool {
	return s[0]&^t[0] == 0 && s[1]&^t[1] == 0 && s[2]&^t[2] == 0 && s[3]&^t[3] == 0
}

// constant is the value of a polynomial without symbols.
func (p polynomial) constant() (rational, bool) {
	switch {
	case len(p) == 0:
		return whole(0), true
	case len(p) == 1 && p[0].monomial == 0:
		return p[0].factor, true
	}
	return rational{}, false
}

func (p polynomial) equal(q polynomial) bool { return slices.Equal(p, q) }

// symbols is the set of the symbols of p.
func (p polynomial) symbols() symbols {
	var s symbols
	for _, t := range p {
		for m := t.monomial; m != 0; m <<= 8 {
			s.add(byte(m >> 56))
		}
	}
	return s
}

// nodes is the set of the node symbols of p, x left out.
func (p polynomial) nodes() symbols {
	s := p.symbols()
	s[symbolX>>6] &^= 1 << (symbolX & 63)
	return s
}

// multipleOf reports whether p = k·q for a number k ≠ 0; q ≠ 0.
func (p polynomial) multipleOf(q polynomial) bool {
	if len(p) != len(q) || len(p) == 0 {
		return false
	}
	k, ok := p[0].factor.over(q[0].factor)
	for i := range p {
		scaled, fits := q[i].factor.times(k)
		ok = ok && fits && p[i].monomial == q[i].monomial && p[i].factor == scaled
	}
	return ok
}

// join is the product of two monomials; it reports false beyond eight symbols.
func (m monomial) join(n monomial) (monomial, bool) {
	if m == 0 || n == 0 {
		return m | n, true
	}
	out, free := monomial(0), 64
	for m != 0 || n != 0 {
		if free == 0 {
			return 0, false
		}
		free -= 8
		if m>>56 >= n>>56 {
			out |= m >> 56 << free
			m <<= 8
		} else {
			out |= n >> 56 << free
			n <<= 8
		}
	}
	return out, true
}

// arena hands out the terms of the polynomials of one judgement and takes them back at once.
type arena struct{ block []term }

// take returns an empty polynomial with room for n terms.
func (a *arena) take(n int) polynomial {
	if len(a.block)+n > cap(a.block) {
		a.block = make([]term, 0, max(1024, n)) // polynomials in the old block stay valid
	}
	start := len(a.block)
	a.block = a.block[:start+n]
	return a.block[start : start : start+n]
}

// give takes back what the last take did not use.
func (a *arena) give(p polynomial) polynomial {
	a.block = a.block[:len(a.block)-(cap(p)-len(p))]
	return p[:len(p):len(p)]
}

// copy is p in this arena, for a p that is to outlive its own.
func (a *arena) copy(p polynomial) polynomial { return append(a.take(len(p)), p...) }

func (a *arena) number(r rational) polynomial {
	if r.isZero() {
		return nil
	}
	return append(a.take(1), term{factor: r})
}

func (a *arena) symbol(b byte) polynomial {
	return append(a.take(1), term{monomial: monomial(b) << 56, factor: whole(1)})
}

// plus is p + k·q.
func (a *arena) plus(p, q polynomial, k rational) (polynomial, bool) {
	out := a.take(len(p) + len(q))
	ok := true
	for len(p) > 0 || len(q) > 0 {
		if len(q) == 0 || len(p) > 0 && p[0].monomial < q[0].monomial {
			out = append(out, p[0])
			p = p[1:]
			continue
		}
		factor, fits := q[0].factor.times(k)
		if len(p) > 0 && p[0].monomial == q[0].monomial {
			var fits2 bool
			factor, fits2 = factor.plus(p[0].factor)
			fits = fits && fits2
			p = p[1:]
		}
		if !factor.isZero() {
			out = append(out, term{q[0].monomial, factor})
		}
		q = q[1:]
		ok = ok && fits
	}
	return a.give(out), ok && len(out) <= maxTerms
}

// times is p·q.
func (a *arena) times(p, q polynomial) (polynomial, bool) {
	var sum polynomial
	ok := true
	for _, t := range p {
		row, fits := a.timesTerm(q, t)
		if sum == nil {
			sum = row
		} else {
			var fits2 bool
			sum, fits2 = a.plus(sum, row, whole(1))
			fits = fits && fits2
		}
		if !fits {
			return nil, false
		}
	}
	return sum, ok
}

// timesTerm is p·t. The order of the terms can change, so they are sorted again.
func (a *arena) timesTerm(p polynomial, t term) (polynomial, bool) {
	out := a.take(len(p))
	ok := true
	for _, u := range p {
		m, fits1 := u.monomial.join(t.monomial)
		factor, fits2 := u.factor.times(t.factor)
		ok = ok && fits1 && fits2
		out = append(out, term{m, factor})
	}
	if t.monomial != 0 {
		slices.SortFunc(out, func(x, y term) int {
			if x.monomial < y.monomial {
				return -1
			}
			return 1 // monomials of one polynomial differ, and so do their products with one term
		})
	}
	return out, ok
}

// over is p / k.
func (a *arena) over(p polynomial, k rational) (polynomial, bool) {
	inverse, ok := whole(1).over(k)
	if !ok {
		return nil, false
	}
	return a.timesTerm(p, term{factor: inverse})
}

// substitute replaces the node symbols of p outside keep by the nodes' values.
func (a *arena) substitute(p polynomial, keep symbols, values []polynomial) (polynomial, bool) {
	var sum polynomial
	for _, t := range p {
		kept, free := monomial(0), 64
		product := a.number(t.factor)
		ok := true
		for m := t.monomial; m != 0 && ok; m <<= 8 {
			if b := byte(m >> 56); b == symbolX || keep.has(b) {
				free -= 8
				kept |= monomial(b) << free
			} else {
				product, ok = a.times(product, values[b-1])
			}
		}
		if kept != 0 && ok {
			product, ok = a.timesTerm(product, term{kept, whole(1)})
		}
		if ok {
			sum, ok = a.plus(sum, product, whole(1))
		}
		if !ok {
			return nil, false
		}
	}
	return sum, true
}
