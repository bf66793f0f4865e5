package plots

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"interplay/kernelkit/score"
)

// Mark is how a series of a chart is drawn.
type Mark string

const (
	Lines  Mark = "lines"  // points joined by a line
	Dots   Mark = "dots"   // points alone
	Bars   Mark = "bars"   // a bar a point, from 0
	Smooth Mark = "smooth" // a line smoothed over the neighbours, the raw values faint behind it
)

// ChartSeries is one series of a chart. X and Y have one value a point.
type ChartSeries struct {
	Name string
	X, Y []float64
	Low  []float64 // lower ends of the intervals; empty for none
	High []float64 // upper ends
	Mark Mark      // Lines when empty
}

// Chart is a figure of a user's own: series over one axis, in the colours, type and
// proportions of the laboratory's figures.
type Chart struct {
	Title          string
	XLabel, YLabel string // with units
	Percent        bool   // Y is a share and shown in per cent
	LogX           bool   // X is drawn on a logarithmic scale; values at or below 0 are left out
	Series         []ChartSeries
	Basis          Basis  // how much stands behind it; the zero value shows nothing
	Note           string // under the figure, such as what the intervals are
}

// DrawChart draws a chart. Values that are no finite number are left out, and counted in a note.
//
// It returns an error when the columns of a series differ in length, or a mark is unknown.
func DrawChart(c Chart) ([]byte, error) {
	for _, s := range c.Series {
		if err := s.check(); err != nil {
			return nil, err
		}
	}
	p := &panel{caption: c.Basis.caption()}
	p.x, p.y = c.axes()
	looks, t := newCast(), tally{}
	for i, s := range c.Series {
		t.add(c.add(p, s, i, looks))
	}
	if t.shown == 0 {
		return emptyFigure(c.Title, "no data")
	}
	f := figure{title: c.Title}
	if len(c.Series) > 1 {
		f.keys = looks.keys(true)
	}
	keys, notes := t.explain(f.keys, "")
	f.keys, f.notes = keys, notes
	if c.Note != "" {
		f.notes = append([]string{c.Note}, f.notes...)
	}
	return grid{rows: [][]*panel{{p}}, height: 215}.draw(f)
}

func (s ChartSeries) check() error {
	if err := sameLength(s.Name, len(s.X), false, s.Y); err != nil {
		return err
	}
	if err := sameLength(s.Name, len(s.X), true, s.Low, s.High); err != nil {
		return err
	}
	if s.Mark != "" && !slices.Contains([]Mark{Lines, Dots, Bars, Smooth}, s.Mark) {
		return fmt.Errorf("plots: series %q has the mark %q; expected %q, %q, %q or %q", s.Name, s.Mark, Lines, Dots, Bars, Smooth)
	}
	return nil
}

// axes are the axes that all series fit on.
func (c Chart) axes() (x, y axis) {
	var xs, ys [][]float64
	for _, s := range c.Series {
		xs, ys = append(xs, s.X), append(ys, s.Y, s.Low, s.High)
		if s.Mark == Bars {
			ys = append(ys, []float64{0})
		}
	}
	format := number
	if c.Percent {
		format = percent
	}
	x, y = valueAxis(c.XLabel, number, xs...), valueAxis(c.YLabel, format, ys...)
	if slices.ContainsFunc(c.Series, func(s ChartSeries) bool { return s.Mark == Bars }) {
		x = barAxis(c.XLabel, slices.Concat(xs...))
		y.lo = min(0, y.lo)
		if y.lo > -y.hi/20 { // padding, not data
			y.lo = 0
		}
		return x, y
	}
	if lo, hi, ok := logarithmic.span(xs...); c.LogX && ok {
		x.scale, x.lo, x.hi = logarithmic, lo/1.2, hi*1.2
		x.ticks = logTicks(x.lo, x.hi, number)
	}
	return x, y
}

// barAxis has a mark at each value, and room for bars around it.
func barAxis(label string, xs []float64) axis {
	a := givenAxis(label, xs, number)
	a.grid = false
	xs = slices.Compact(slices.Sorted(slices.Values(xs)))
	step := 1.0
	for i := 1; i < len(xs); i++ {
		step = min(step, xs[i]-xs[i-1])
	}
	if len(xs) > 0 {
		a.lo, a.hi = xs[0]-0.6*step, xs[len(xs)-1]+0.6*step
	}
	return a
}

// add adds the layers of a series, number i of the chart.
func (c Chart) add(p *panel, s ChartSeries, i int, looks *cast) tally {
	l := looks.look(s.Name, false)
	shown := 0
	for k := range s.X {
		if p.x.scale.drawable(s.X[k]) && linear.drawable(s.Y[k]) {
			shown++
		}
	}
	var bars []score.Interval
	for k := range s.Low {
		bars = append(bars, score.Interval{Value: s.Y[k], Low: s.Low[k], High: s.High[k]})
	}
	switch s.Mark {
	case Smooth:
		p.addCurve(keepDrawable(CurveSeries{Name: s.Name, X: s.X, Y: s.Y}), l, max(2, len(s.X)/10))
	case Bars:
		p.layers = append(p.layers, func(f frame) { f.chartBars(s, l, i, len(c.Series)) })
	case Dots:
		p.layers = append(p.layers, func(f frame) { f.markers(s, l) })
	default:
		p.layers = append(p.layers, func(f frame) { f.line(s.X, s.Y, l.line()); f.markers(s, l) })
	}
	if len(bars) > 0 && s.Mark == Bars {
		p.layers = append(p.layers, func(f frame) { f.intervals(s.X, bars, look{colour: ink}, f.beside(i, len(c.Series), len(s.X)), false) })
	} else if len(bars) > 0 {
		p.layers = append(p.layers, func(f frame) { f.intervals(s.X, bars, l, 0, s.Mark == "" || s.Mark == Lines) })
	}
	return tally{shown: shown, missing: len(s.X) - shown}
}

func (f frame) markers(s ChartSeries, l look) {
	for k := range s.X {
		if pt, ok := f.place(s.X[k], s.Y[k], 0); ok {
			marker(f.Canvas, pt, l, 3)
		}
	}
}

// chartBars draws bars beside those of the other series.
func (f frame) chartBars(s ChartSeries, l look, i, series int) {
	width := f.barWidth(series, len(s.X))
	for k := range s.X {
		top, ok := f.place(s.X[k], s.Y[k], f.beside(i, series, len(s.X)))
		if !ok {
			continue
		}
		base := f.Y(f.y.fraction(0))
		box := vg.Rectangle{Min: vg.Point{X: top.X - width/2, Y: min(base, top.Y)}, Max: vg.Point{X: top.X + width/2, Y: max(base, top.Y)}}
		fillAndStroke(f.Canvas, roundedBox(box, 0), tint(l.colour, 0.75), l.colour, 0.8)
	}
}

// barWidth is the width of a bar where so many series have so many points.
func (f frame) barWidth(series, points int) vg.Length {
	return min((f.Max.X-f.Min.X)*0.7/vg.Length(max(1, points)*series), 40)
}

// beside is how far the bars of a series stand to the right of their value.
func (f frame) beside(i, series, points int) vg.Length {
	return (vg.Length(i) - vg.Length(series-1)/2) * f.barWidth(series, points)
}

// Plot is a figure of the library gonum/plot, for what a Chart cannot show.
type Plot = plot.Plot

// NewPlot is an empty gonum plot in the laboratory's type and colours. The library's plotters go
// into it: p.Add(…).
func NewPlot(title, xLabel, yLabel string) *Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, xLabel, yLabel
	p.BackgroundColor = white
	p.Title.TextStyle = aligned(bold(lettering(sizeTitle, ink)), draw.XCenter, draw.YTop)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle = aligned(labelStyle(), draw.XCenter, draw.YBottom) // the library makes room for it above its baseline
		a.Tick.Label = tickStyle()
		a.LineStyle.Color, a.Tick.LineStyle.Color = ink, ink
	}
	p.Y.Tick.Label.XAlign, p.Y.Tick.Label.YAlign = draw.XRight, draw.YCenter
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XCenter, draw.YTop
	p.Legend.TextStyle = keyStyle()
	return p
}

// Render draws a gonum plot as wide as the laboratory's figures and height points high.
func Render(p *Plot, height float64) ([]byte, error) {
	c, img := newCanvas(figureWidth, vg.Length(height))
	p.Draw(draw.Crop(c, margin, -margin, margin, -margin))
	return encode(img)
}

// Colours are the laboratory's colours in their order, as #rrggbb.
func Colours() (all []string) {
	for _, c := range palette {
		all = append(all, fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B))
	}
	return all
}
