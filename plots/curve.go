package plots

import (
	"fmt"

	"gonum.org/v1/plot/vg/draw"
)

// CurveSeries is one run over time. X and Y have one value a point.
type CurveSeries struct {
	Name string
	X, Y []float64
}

// CurveData is a training curve, such as loss over tokens.
type CurveData struct {
	Title          string
	XLabel, YLabel string // with units
	Smooth         int    // points of the local linear fit; below 2 the raw values are drawn alone
	Series         []CurveSeries
}

// Curve draws training curves: a line smoothed over Smooth points with the raw
// values faint behind it, each line named at its end.
//
// It returns an error when the columns of a series differ in length.
func Curve(data CurveData) ([]byte, error) {
	f := figure{title: data.Title}
	p, t, smoothed, err := timePanel(data.Series, newCast(), data.Smooth)
	if err != nil {
		return nil, err
	}
	p.x.label, p.y.label = data.XLabel, data.YLabel
	if smoothed {
		f.notes = append(f.notes, fmt.Sprintf("Lines: local linear fit over %d points. Faint: raw values.", data.Smooth))
	}
	_, notes := t.explain(nil, "")
	f.notes = append(f.notes, notes...)
	return grid{rows: [][]*panel{{p}}, height: 235}.draw(f)
}

// timePanel makes a panel of series over time. It returns what can and cannot be
// drawn, and whether lines were smoothed.
func timePanel(series []CurveSeries, looks *cast, window int) (p *panel, t tally, smoothed bool, err error) {
	p = &panel{}
	var kept []CurveSeries
	var xs, ys [][]float64
	for _, s := range series {
		if err := sameLength(s.Name, len(s.X), false, s.Y); err != nil {
			return nil, t, false, err
		}
		k := keepDrawable(s)
		t.add(tally{shown: len(k.X), missing: len(s.X) - len(k.X)})
		kept, xs, ys = append(kept, k), append(xs, k.X), append(ys, k.Y)
	}
	p.x, p.y = timeAxis(xs), valueAxis("", number, ys...)
	if t.shown == 0 {
		p.note = "no data"
		p.x.ticks, p.y.ticks = nil, nil
	}
	for _, s := range kept {
		smoothed = p.addCurve(s, looks.look(s.Name, false), window) || smoothed
		p.nameEnd(s.X, s.Y, s.Name, looks.look(s.Name, false))
	}
	return p, t, smoothed, nil
}

// keepDrawable drops the points that the axes cannot show.
func keepDrawable(s CurveSeries) CurveSeries {
	out := CurveSeries{Name: s.Name}
	for i := range s.X {
		if linear.drawable(s.X[i]) && linear.drawable(s.Y[i]) {
			out.X, out.Y = append(out.X, s.X[i]), append(out.Y, s.Y[i])
		}
	}
	return out
}

// timeAxis ends with the data, where lines are named.
func timeAxis(xs [][]float64) axis {
	a := valueAxis("", number, xs...)
	a.grid = false
	lo, hi, ok := linear.span(xs...)
	if !ok || lo == hi {
		return a
	}
	if lo >= 0 && lo < (hi-lo)*0.1 {
		lo = 0
	}
	a.lo, a.hi = lo, hi
	a.ticks = linearTicks(lo, hi, 4, number)
	return a
}

// addCurve adds a line, and reports whether it was smoothed.
func (p *panel) addCurve(s CurveSeries, l look, window int) (smoothed bool) {
	line := s.Y
	if window > 1 && len(s.Y) > window {
		smoothed = true
		line = smooth(s.Y, window)
		p.layers = append(p.layers, func(f frame) { f.line(s.X, s.Y, draw.LineStyle{Color: fade(l.colour, 0.28), Width: 0.8}) })
	}
	p.layers = append(p.layers, func(f frame) {
		f.line(s.X, line, draw.LineStyle{Color: l.colour, Width: 1.8})
		if len(s.X) == 1 {
			marker(f.Canvas, f.at(s.X[0], s.Y[0]), l, 3)
		}
	})
	return smoothed
}

// smooth fits a line to each value and its neighbours, at most window of them,
// and takes its height there. Inside, that is the mean of a centred window; at the
// ends, where half the window is missing, it follows the slope that a mean would
// flatten.
func smooth(ys []float64, window int) []float64 {
	out := make([]float64, len(ys))
	for i := range ys {
		lo, hi := max(0, i-window/2), min(len(ys), i+(window+1)/2)
		n := float64(hi - lo)
		centre := float64(lo+hi-1) / 2
		var sum, xx, xy float64
		for k := lo; k < hi; k++ {
			dx := float64(k) - centre
			sum += ys[k]
			xx += dx * dx
			xy += dx * ys[k]
		}
		out[i] = sum / n
		if xx > 0 {
			out[i] += xy / xx * (float64(i) - centre)
		}
	}
	return out
}
