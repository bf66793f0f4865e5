package plots

import (
	"fmt"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// CurveSeries is one run over time. X and Y have one value a point; Low and High
// are the bounds of an optional band, one value a point or empty.
type CurveSeries struct {
	Name      string
	X, Y      []float64
	Low, High []float64
	Baseline  bool // drawn grey, as what the others are compared with
}

// CurveRule is a horizontal line to compare with, such as chance.
type CurveRule struct {
	Name string
	Y    float64
}

// CurveData is a training curve: loss over tokens, reward over steps.
type CurveData struct {
	Title          string
	XLabel, YLabel string // with units
	LogX, LogY     bool
	Percent        bool // Y holds shares in [0, 1], shown in per cent
	Smooth         int  // points of the local linear fit; below 2 the raw values are drawn alone
	Series         []CurveSeries
	Rules          []CurveRule
}

// Curve draws training curves: a line smoothed over Smooth points with the raw
// values faint behind it, each line named at its end.
//
// It returns an error when the columns of a series differ in length.
func Curve(data CurveData) ([]byte, error) {
	p, f, err := curvePanel(data)
	if err != nil {
		return nil, err
	}
	f.title = data.Title
	return grid{rows: [][]*panel{{p}}, height: 235}.draw(f)
}

// curvePanel makes the panel of a Curve and the keys and notes that go with it.
func curvePanel(data CurveData) (*panel, figure, error) {
	var f figure
	xScale, yScale := scaleOf(data.LogX), scaleOf(data.LogY)
	yFormat := number
	if data.Percent {
		yFormat = percent
	}
	shown := make([]CurveSeries, len(data.Series)) // what the line shows: smoothed where asked for
	var xs, ys [][]float64
	points, missing := 0, 0
	for i, s := range data.Series {
		if err := s.check(); err != nil {
			return nil, f, err
		}
		kept := keepDrawable(s, xScale, yScale)
		points += len(kept.X)
		missing += len(s.X) - len(kept.X)
		xs, ys = append(xs, kept.X), append(ys, kept.Y, kept.Low, kept.High)
		shown[i] = kept
	}
	p := &panel{
		x: valueAxis(data.XLabel, xScale, number, xs...),
		y: valueAxis(data.YLabel, yScale, yFormat, append(ys, ruleValues(data.Rules))...),
	}
	p.x.grid = false
	tightX(&p.x, xs)
	switch {
	case points == 0:
		p.note = "no data"
		p.x.ticks, p.y.ticks = nil, nil
	case points == 1:
		f.notes = append(f.notes, "Only one point so far.")
	}
	if missing > 0 {
		f.notes = append(f.notes, leftOut(missing, max(xScale, yScale)))
	}
	smoothed := p.addCurves(shown, newCast(), data.Smooth)
	p.addRules(data.Rules)
	if smoothed {
		f.notes = append([]string{fmt.Sprintf("Lines: local linear fit over %d points. Faint: raw values.", data.Smooth)}, f.notes...)
	}
	return p, f, nil
}

// check returns an error unless the columns of a series agree.
func (s *CurveSeries) check() error {
	if err := sameLength(s.Name, len(s.X), false, s.Y); err != nil {
		return err
	}
	if len(s.Low)+len(s.High) == 0 {
		return nil
	}
	return sameLength(s.Name, len(s.X), false, s.Low, s.High)
}

func scaleOf(log bool) scale {
	if log {
		return logarithmic
	}
	return linear
}

// keepDrawable drops the points that the axes cannot show. A point whose band
// alone cannot be shown keeps its value.
func keepDrawable(s CurveSeries, xScale, yScale scale) CurveSeries {
	out := CurveSeries{Name: s.Name, Baseline: s.Baseline}
	banded := len(s.Low) > 0
	for i := range s.X {
		if !xScale.drawable(s.X[i]) || !yScale.drawable(s.Y[i]) {
			continue
		}
		out.X, out.Y = append(out.X, s.X[i]), append(out.Y, s.Y[i])
		if banded {
			out.Low, out.High = append(out.Low, s.Low[i]), append(out.High, s.High[i])
		}
	}
	return out
}

func ruleValues(rules []CurveRule) []float64 {
	var ys []float64
	for _, r := range rules {
		ys = append(ys, r.Y)
	}
	return ys
}

// tightX lets a linear x axis end with the data, where lines are named.
func tightX(a *axis, xs [][]float64) {
	lo, hi, ok := a.scale.span(xs...)
	if !ok || lo == hi || a.scale == logarithmic {
		return
	}
	a.hi = hi
	if lo >= 0 && lo < (hi-lo)*0.1 {
		lo = 0
	}
	a.lo = lo
	a.ticks = linearTicks(a.lo, a.hi, 5, number)
}

// addCurves adds the lines and their names, and reports whether any was smoothed.
func (p *panel) addCurves(series []CurveSeries, looks *cast, window int) bool {
	smoothed := false
	for _, s := range series {
		l := looks.look(s.Name, s.Baseline)
		if len(s.Low) > 0 {
			p.layers = append(p.layers, func(f frame) { f.band(s.X, s.Low, s.High, fade(l.colour, 0.16)) })
		}
	}
	for _, s := range series {
		l := looks.look(s.Name, s.Baseline)
		if len(s.X) == 0 {
			continue
		}
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
		if s.Name != "" {
			p.ends = append(p.ends, endLabel{line[len(line)-1], s.Name, l.colour})
		}
	}
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

func (p *panel) addRules(rules []CurveRule) {
	for _, r := range rules {
		if !p.y.scale.drawable(r.Y) {
			continue
		}
		p.layers = append(p.layers, func(f frame) {
			y := f.Y(f.y.fraction(r.Y))
			f.StrokeLine2(draw.LineStyle{Color: subdued, Width: 0.9, Dashes: []vg.Length{4, 3}}, f.Min.X, y, f.Max.X, y)
		})
		if r.Name != "" {
			p.ends = append(p.ends, endLabel{r.Y, r.Name, subdued})
		}
	}
}
