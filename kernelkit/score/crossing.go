package score

import (
	"fmt"
	"math"
)

// Crossing is where two curves of pass@k meet: whether a recipe that leads with one
// attempt still leads with many.
type Crossing struct {
	// K is where the difference of the curves, taken to be straight between the k that were
	// looked at on a logarithmic axis, first is 0, and Low and High are the ends of its
	// interval; 0: not within the largest k.
	K    float64 `json:"k"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	UpTo int     `json:"up_to"` // the largest k that was looked at

	Outcome CrossingOutcome `json:"outcome"`
	P       float64         `json:"p"`                         // that the outcome, or the likelier one of the two, is chance
	Decides int             `json:"seeds_to_decide,omitempty"` // seeds that would tell the likelier outcome from chance, at the spread seen; 0: none would
	More    More            `json:"-"`                         // where Decides is 0: what would

	Ks          []int      `json:"-"`
	Differences []Estimate `json:"-"` // of the first curve from the second, at Ks
}

// CrossingOutcome says what is known of two curves.
type CrossingOutcome string

const (
	Crosses   CrossingOutcome = "cross"     // one leads at k = 1, the other at the largest k, both beyond chance
	Apart     CrossingOutcome = "apart"     // one leads at every k, beyond chance
	Undecided CrossingOutcome = "undecided" // neither
)

// CurveKs are the k at which curves are compared: 1, 2, 3, 4, 6, 8, 12, 16, … and n.
func CurveKs(n int) []int {
	var ks []int
	for k := 1; k < n; k *= 2 {
		ks = append(ks, k)
		if between := k + k/2; k > 1 && between < n {
			ks = append(ks, between)
		}
	}
	return append(ks, n)
}

// Cross compares strict pass@k of two recipes for k from 1 to upTo, paired by seed and prompt.
//
// The curves cross when one leads at k = 1 and the other at upTo; they stay apart when one
// leads at every k. Each of these is several statements at once, and holds at the level when
// every one of them does by its own interval (an intersection–union test: Berger,
// Technometrics 24 (1982)), so that nothing is lost to the number of k.
//
// The interval of the k at which they cross holds the k at which the interval of the
// difference has 0 in it (Fieller's: J. R. Stat. Soc. B 16 (1954)). At the true crossing the
// difference is 0, so it holds the truth as often as the intervals of Contrast do. A bootstrap
// of seeds and then prompts does not, with a handful of seeds (TestWhereCurvesCross).
//
// ErrK when a prompt has fewer samples, ErrNoData when no seed is common to both.
func Cross(first, second Seeds, upTo int, level, power float64) (*Crossing, error) {
	if upTo < 2 {
		return nil, fmt.Errorf("%w: curves are compared to a k of at least 2, got %d", ErrK, upTo)
	}
	c := &Crossing{UpTo: upTo, Ks: CurveKs(upTo)}
	for _, k := range c.Ks {
		pass := Pass(k, Strict, Unbiased)
		e, err := Estimated([]Term{{1, first, pass}, {-1, second, pass}})
		if err != nil {
			return nil, err
		}
		c.Differences = append(c.Differences, e)
	}
	c.place(level)
	c.decide(level, power)
	return c, nil
}

// Where says in words at how many attempts the curves cross, and its interval.
func (c *Crossing) Where() (at, interval string) {
	at, interval = fmt.Sprintf("not within %d", c.UpTo), fmt.Sprintf("k = %.0f on", c.Low)
	if c.K > 0 {
		at = fmt.Sprintf("k = %.0f", c.K)
	}
	switch {
	case c.Low == 0:
		interval = fmt.Sprintf("beyond %d", c.UpTo)
	case c.High > 0:
		interval = fmt.Sprintf("k = %.0f to %.0f", c.Low, c.High)
	}
	return at, interval
}

// side is −1, 0 or 1: on which side of 0 the first curve begins. Where both begin as one
// it is that of the first k where they differ.
func (c *Crossing) side() float64 {
	for _, e := range c.Differences {
		if e.Value != 0 {
			return math.Copysign(1, e.Value)
		}
	}
	return 0
}

// place finds the crossing and its interval. Curves that are one cross nowhere and anywhere.
func (c *Crossing) place(level float64) {
	side := c.side()
	if side == 0 {
		c.Low = float64(c.Ks[0])
		return
	}
	var value, near, far []float64 // turned so that the lead is above 0
	for _, e := range c.Differences {
		v := e.Interval(level)
		low, high := side*v.Low, side*v.High
		value, near, far = append(value, side*v.Value), append(near, min(low, high)), append(far, max(low, high))
	}
	together := 0 // where both begin as one, the lead is that of the first k where they differ
	for value[together] == 0 {
		together++
	}
	c.K, c.Low, c.High = c.firstBelow(value, together), c.firstBelow(near, 0), c.firstBelow(far, 0)
}

// firstBelow is the k at which a curve first falls to 0, from the given place on, straight
// between its points over log k; 0 where it does not.
func (c *Crossing) firstBelow(curve []float64, from int) float64 {
	for i := from; i < len(curve); i++ {
		if curve[i] > 0 {
			continue
		}
		if i == from {
			return float64(c.Ks[i])
		}
		a, b := math.Log(float64(c.Ks[i-1])), math.Log(float64(c.Ks[i]))
		return math.Exp(a + (b-a)*curve[i-1]/(curve[i-1]-curve[i]))
	}
	return 0
}

// decide gives the outcome, its p-value, and how many seeds it takes.
func (c *Crossing) decide(level, power float64) {
	first, last := &c.Differences[0], &c.Differences[len(c.Differences)-1]
	must := []*Estimate{first, last} // what must hold for the likelier outcome
	outcome := Crosses
	if first.Value*last.Value >= 0 {
		outcome, must = Apart, nil
		for i := range c.Differences {
			must = append(must, &c.Differences[i])
		}
	}
	c.Outcome = Undecided
	for _, e := range must {
		p := e.P(0)
		if outcome == Apart && e.Value*c.side() <= 0 { // between two leads of one side the other leads
			p = 1
		}
		c.P = max(c.P, p)
	}
	if c.P < 1-level {
		c.Outcome = outcome
	}
	c.forecast(must, level, power)
}

// forecast says what it takes for all of the differences to be told from 0: what the one that
// takes most takes.
func (c *Crossing) forecast(must []*Estimate, level, power float64) {
	none := false
	for _, e := range must {
		n := e.SeedsFor(0, level, power)
		if c.Decides = max(c.Decides, n); n > 0 {
			continue
		}
		none = true
		more := e.MoreFor(0, level, power)
		if more == (More{}) { // this one is 0, whatever the others are
			c.Decides, c.More = 0, more
			return
		}
		if more.Least > c.More.Least || more.Least == c.More.Least && more.Seeds > c.More.Seeds {
			c.More = more
		}
	}
	if none {
		c.Decides = 0
	}
}
