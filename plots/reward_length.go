package plots

import "fmt"

// RewardColumn is one recipe's RL: mean reward and mean response length a step.
type RewardColumn struct {
	Title          string
	Reward, Length []CurveSeries // X is the RL step, Y a share in [0, 1] or a number of tokens
}

// RewardLengthData is reward and response length over RL steps, one column a
// recipe (paper figures 11, 14, 16 and 17).
type RewardLengthData struct {
	Title   string
	Smooth  int // steps of the local linear fit; below 2 the raw values are drawn alone
	Columns []RewardColumn
}

// RewardLength draws rewards above response lengths. Rewards share one axis, so
// that recipes compare; so do lengths.
//
// It returns an error when the columns of a series differ in length.
func RewardLength(data RewardLengthData) ([]byte, error) {
	if len(data.Columns) == 0 {
		return emptyFigure(data.Title, "no data")
	}
	f := figure{title: data.Title}
	looks := newCast()
	var rewards, lengths []*panel
	smoothed, single, missing := false, false, 0
	for _, col := range data.Columns {
		for _, s := range append(append([]CurveSeries{}, col.Reward...), col.Length...) {
			if err := s.check(); err != nil {
				return nil, err
			}
		}
		top, t1, s1 := timePanel(col.Reward, looks, data.Smooth)
		bottom, t2, s2 := timePanel(col.Length, looks, data.Smooth)
		top.title, bottom.x.label = col.Title, "RL step"
		top.x.unlabelled = true
		rewards, lengths = append(rewards, top), append(lengths, bottom)
		smoothed, missing, single = smoothed || s1 || s2, missing+t1.missing+t2.missing, single || t1.shown == 1 || t2.shown == 1
	}
	shareY(rewards, "reward (%)", percent)
	shareY(lengths, "response (tokens)", number)
	if len(looks.names) > 1 {
		f.keys = looks.lineKeys()
	}
	if smoothed {
		f.notes = append(f.notes, fmt.Sprintf("Lines: local linear fit over %d steps. Faint: raw values.", data.Smooth))
	}
	if single {
		f.notes = append(f.notes, "Panels with one point: only one step so far.")
	}
	if missing > 0 {
		f.notes = append(f.notes, leftOut(missing, linear))
	}
	return grid{rows: [][]*panel{rewards, lengths}, height: 125}.draw(f)
}

// timePanel makes a panel of series over steps without a fitted y axis. It
// returns how many points can and cannot be drawn and whether lines were smoothed.
func timePanel(series []CurveSeries, looks *cast, window int) (p *panel, t tally, smoothed bool) {
	p = &panel{}
	var kept []CurveSeries
	var xs, ys [][]float64
	for _, s := range series {
		k := keepDrawable(s, linear, linear)
		t.add(tally{shown: len(k.X), missing: len(s.X) - len(k.X)})
		xs, ys = append(xs, k.X), append(ys, k.Y, k.Low, k.High)
		kept = append(kept, k)
	}
	p.x = valueAxis("", linear, number, xs...)
	p.x.grid = false
	tightX(&p.x, xs)
	p.x.ticks = linearTicks(p.x.lo, p.x.hi, 4, number)
	p.y = valueAxis("", linear, number, ys...)
	if lo, hi, _ := linear.span(ys...); lo == 0 && hi == 0 {
		p.y.lo, p.y.hi = 0, 0 // nothing but zero, such as a reward that is never paid: no range of its own
	}
	if t.shown == 0 {
		p.note = "no data"
		p.x.ticks, p.y.ticks = nil, nil
	}
	smoothed = p.addCurves(kept, looks, window)
	p.ends = nil // the keys above the figure name the lines
	return p, t, smoothed
}

// shareY gives panels with data one y axis, labelled at the first.
func shareY(panels []*panel, label string, format func(float64) string) {
	var ends []float64
	for _, p := range panels {
		if len(p.y.ticks) > 0 {
			ends = append(ends, p.y.lo, p.y.hi)
		}
	}
	lo, hi, ok := linear.span(ends)
	if lo == hi {
		hi = lo + 0.01
	}
	if lo <= 0 {
		lo = min(lo, -0.03*hi) // a line at zero stays clear of the axis
	}
	for i, p := range panels {
		if ok {
			p.y.lo, p.y.hi = lo, hi
			p.y.ticks = linearTicks(lo, hi, 4, format)
		}
		if i == 0 {
			p.y.label = label
		}
		p.y.unlabelled = i > 0
	}
}
