package gsm

import "strconv"

// linear is the polynomial a·x + b: a value in reverse mode, where x is the
// withheld leaf. Plain numbers have a = 0.
type linear struct{ a, b int64 }

// plus, scaled and times set *ok to false on overflow; times also where the
// product is not linear, because both factors depend on x.

func (p linear) plus(q linear, ok *bool) linear {
	return linear{addExact(p.a, q.a, ok), addExact(p.b, q.b, ok)}
}

func (p linear) scaled(k int64, ok *bool) linear {
	return linear{mulExact(k, p.a, ok), mulExact(k, p.b, ok)}
}

func (p linear) times(q linear, ok *bool) linear {
	if p.a == 0 {
		return q.scaled(p.b, ok)
	}
	if q.a != 0 {
		*ok = false
	}
	return p.scaled(q.b, ok)
}

// evalLinear computes the value of node i as a polynomial in x from those of its
// parents. It reports false on overflow and where the result is not linear.
func (g *Graph) evalLinear(i int, values []linear) (linear, bool) {
	n := &g.Nodes[i]
	var v linear
	ok := true
	at := func(k int) linear { return values[n.Parents[k]] }
	switch n.Inner {
	case None:
		v.b = n.Const
	case Sum:
		for k := range n.Parents {
			v = v.plus(at(k), &ok)
		}
	case Difference:
		v = at(0).plus(at(1).scaled(-1, &ok), &ok)
	case Product:
		v = at(0).times(at(1), &ok)
	case SumProducts:
		for k := 0; k+1 < len(n.Parents); k += 2 {
			v = v.plus(at(k).times(at(k+1), &ok), &ok)
		}
	}
	switch n.Outer {
	case Plus:
		v = linear{b: n.Const}.plus(v, &ok)
	case Times:
		v = v.scaled(n.Const, &ok)
	case Minus:
		v = v.plus(linear{b: -n.Const}, &ok)
	}
	return v, ok
}

// appendLinear writes p as sympy prints it: "x", "3*x", "x + 4", "2*x - 6", with
// a positive constant first when x has a negative factor ("6 - 2*x").
func appendLinear(text []byte, p linear) []byte {
	switch {
	case p.a == 0:
		return strconv.AppendInt(text, p.b, 10)
	case p.b == 0:
		return appendTerm(text, p.a)
	case p.a < 0 && p.b > 0:
		text = strconv.AppendInt(text, p.b, 10)
		return appendTerm(append(text, " - "...), -p.a)
	}
	text = appendTerm(text, p.a)
	if p.b < 0 {
		return strconv.AppendInt(append(text, " - "...), -p.b, 10)
	}
	return strconv.AppendInt(append(text, " + "...), p.b, 10)
}

// appendTerm writes a·x for a ≠ 0.
func appendTerm(text []byte, a int64) []byte {
	switch a {
	case 1:
	case -1:
		text = append(text, '-')
	default:
		text = append(strconv.AppendInt(text, a, 10), '*')
	}
	return append(text, 'x')
}
