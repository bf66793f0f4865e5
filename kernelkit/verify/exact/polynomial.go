// Package exact computes with fractions and polynomials that are never rounded.
//
// Every size is bounded: numerators and denominators by 63 bits, a polynomial by 64
// terms, a term by eight symbols. An operation whose result would be larger reports
// false. No problem of package gsm comes near these bounds, so a text that does is
// wrong, and no text can make the judge (package verify) compute for long.
package exact

import "slices"

// A Polynomial is a sum of terms in ascending order of their monomials, without
// zero coefficients; the empty one is 0. Its symbols are the nodes of the graph
// and x, the unknown of reverse mode.
//
// Polynomials carry both things that a step says. Its formula is a polynomial in
// its parents, so that re-association, merged intermediates and commuted operands
// make no difference while another operator does. Its value is a polynomial in x
// alone (a number in forward mode).
type Polynomial []term

type term struct {
	monomial monomial
	factor   Number
}

// monomial holds up to eight symbols, one a byte, in descending order from the
// high byte; unused bytes are 0. A symbol is 1 + the index of a node.
type monomial uint64

const (
	X         = 255 // the unknown of reverse mode
	MaxSymbol = 254
	maxTerms  = 64 // no formula of a problem has more; a text that has is wrong
)

// symbols is a set of symbols.
type Symbols [4]uint64

// Add puts b into the set.
func (s *Symbols) Add(b byte) { s[b>>6] |= 1 << (b & 63) }

func (s *Symbols) has(b byte) bool { return s[b>>6]>>(b&63)&1 == 1 }

// Empty reports whether the set holds nothing.
func (s *Symbols) Empty() bool { return *s == Symbols{} }

// Within reports whether t holds all that s does.
func (s *Symbols) Within(t Symbols) bool {
	return s[0]&^t[0] == 0 && s[1]&^t[1] == 0 && s[2]&^t[2] == 0 && s[3]&^t[3] == 0
}

// Constant is the value of a polynomial without symbols.
func (p Polynomial) Constant() (Number, bool) {
	switch {
	case len(p) == 0:
		return Whole(0), true
	case len(p) == 1 && p[0].monomial == 0:
		return p[0].factor, true
	}
	return Number{}, false
}

// Equal reports whether p = q.
func (p Polynomial) Equal(q Polynomial) bool { return slices.Equal(p, q) }

// IsX reports whether p is the unknown alone.
func (p Polynomial) IsX() bool { return len(p) == 1 && p[0] == term{X << 56, Whole(1)} }

// Symbols is the set of the symbols of p.
func (p Polynomial) Symbols() Symbols {
	var s Symbols
	for _, t := range p {
		for m := t.monomial; m != 0; m <<= 8 {
			s.Add(byte(m >> 56))
		}
	}
	return s
}

// Nodes is the set of the node symbols of p, x left out.
func (p Polynomial) Nodes() Symbols {
	s := p.Symbols()
	s[X>>6] &^= 1 << (X & 63)
	return s
}

// MultipleOf reports whether p = k·q for a number k ≠ 0; q ≠ 0.
func (p Polynomial) MultipleOf(q Polynomial) bool {
	if len(p) != len(q) || len(p) == 0 {
		return false
	}
	k, ok := p[0].factor.Over(q[0].factor)
	for i := range p {
		scaled, fits := q[i].factor.Times(k)
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

// Arena hands out the terms of the polynomials of one judgement and takes them back at once.
type Arena struct{ block []term }

// Reset takes everything back: polynomials made before must not be used any more.
func (a *Arena) Reset() { a.block = a.block[:0] }

// take returns an empty polynomial with room for n terms.
func (a *Arena) take(n int) Polynomial {
	if len(a.block)+n > cap(a.block) {
		a.block = make([]term, 0, max(1024, n)) // polynomials in the old block stay valid
	}
	start := len(a.block)
	a.block = a.block[:start+n]
	return a.block[start : start : start+n]
}

// give takes back what the last take did not use.
func (a *Arena) give(p Polynomial) Polynomial {
	a.block = a.block[:len(a.block)-(cap(p)-len(p))]
	return p[:len(p):len(p)]
}

// Copy is p in this arena, for a p that is to outlive its own.
func (a *Arena) Copy(p Polynomial) Polynomial { return append(a.take(len(p)), p...) }

// Number is the polynomial r.
func (a *Arena) Number(r Number) Polynomial {
	if r.IsZero() {
		return nil
	}
	return append(a.take(1), term{factor: r})
}

// Symbol is the polynomial of one symbol.
func (a *Arena) Symbol(b byte) Polynomial {
	return append(a.take(1), term{monomial: monomial(b) << 56, factor: Whole(1)})
}

// Plus is p + k·q.
func (a *Arena) Plus(p, q Polynomial, k Number) (Polynomial, bool) {
	out := a.take(len(p) + len(q))
	ok := true
	for len(p) > 0 || len(q) > 0 {
		if len(q) == 0 || len(p) > 0 && p[0].monomial < q[0].monomial {
			out = append(out, p[0])
			p = p[1:]
			continue
		}
		factor, fits := q[0].factor.Times(k)
		if len(p) > 0 && p[0].monomial == q[0].monomial {
			var fits2 bool
			factor, fits2 = factor.Plus(p[0].factor)
			fits = fits && fits2
			p = p[1:]
		}
		if !factor.IsZero() {
			out = append(out, term{q[0].monomial, factor})
		}
		q = q[1:]
		ok = ok && fits
	}
	return a.give(out), ok && len(out) <= maxTerms
}

// Times is p·q.
func (a *Arena) Times(p, q Polynomial) (Polynomial, bool) {
	var sum Polynomial
	ok := true
	for _, t := range p {
		row, fits := a.timesTerm(q, t)
		if sum == nil {
			sum = row
		} else {
			var fits2 bool
			sum, fits2 = a.Plus(sum, row, Whole(1))
			fits = fits && fits2
		}
		if !fits {
			return nil, false
		}
	}
	return sum, ok
}

// timesTerm is p·t. The order of the terms can change, so they are sorted again.
func (a *Arena) timesTerm(p Polynomial, t term) (Polynomial, bool) {
	out := a.take(len(p))
	ok := true
	for _, u := range p {
		m, fits1 := u.monomial.join(t.monomial)
		factor, fits2 := u.factor.Times(t.factor)
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

// Scale is k·p.
func (a *Arena) Scale(p Polynomial, k Number) (Polynomial, bool) {
	return a.timesTerm(p, term{factor: k})
}

// Over is p / k; it reports false for k = 0.
func (a *Arena) Over(p Polynomial, k Number) (Polynomial, bool) {
	inverse, ok := Whole(1).Over(k)
	if !ok {
		return nil, false
	}
	return a.timesTerm(p, term{factor: inverse})
}

// Substitute replaces the node symbols of p outside keep by the nodes' values.
func (a *Arena) Substitute(p Polynomial, keep Symbols, values []Polynomial) (Polynomial, bool) {
	var sum Polynomial
	for _, t := range p {
		kept, free := monomial(0), 64
		product := a.Number(t.factor)
		ok := true
		for m := t.monomial; m != 0 && ok; m <<= 8 {
			if b := byte(m >> 56); b == X || keep.has(b) {
				free -= 8
				kept |= monomial(b) << free
			} else {
				product, ok = a.Times(product, values[b-1])
			}
		}
		if kept != 0 && ok {
			product, ok = a.timesTerm(product, term{kept, Whole(1)})
		}
		if ok {
			sum, ok = a.Plus(sum, product, Whole(1))
		}
		if !ok {
			return nil, false
		}
	}
	return sum, true
}
