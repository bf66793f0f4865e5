package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// HistogramGroup is the values of one group, such as the similarities of the
// graphs of one op range.
type HistogramGroup struct {
	Name     string
	Values   []float64 // one a sample
	Problems int       // that the samples belong to; 0 where that is not known
}

// caption says how much stands behind a group.
func (g HistogramGroup) caption() string {
	s := count(len(g.Values), "sample")
	if g.Problems > 0 {
		s += " of " + count(g.Problems, "problem")
	}
	return s
}

// fewValues is below how many values a distribution is drawn dashed: one of them is
// more than 3 % of it.
const fewValues = 30

// HistogramPanel is the groups of one model.
type HistogramPanel struct {
	Title  string
	Groups []HistogramGroup
}

// HistogramData is distributions side by side (paper figure 5).
type HistogramData struct {
	Title     string
	XLabel    string
	Low, High float64 // range of the bins; values outside are counted in the first or last
	Bins      int     // 20 when 0
	Panels    []HistogramPanel
}

// Histogram draws for each group the share of its values in each bin, as steps on
// a logarithmic axis, so that rare values are seen beside frequent ones. Empty
// bins lie on the floor of the axis. A group of few values is dashed. Each panel says
// how many samples stand behind each group, in its colour.
//
// It returns an error when the range is empty or Bins is negative.
func Histogram(data HistogramData) ([]byte, error) {
	bins := data.Bins
	if bins == 0 {
		bins = 20
	}
	if !(data.Low < data.High) || bins < 0 || !linear.drawable(data.Low) || !linear.drawable(data.High) {
		return nil, fmt.Errorf("plots: a histogram of %d bins from %v to %v; the range must not be empty", bins, data.Low, data.High)
	}
	if len(data.Panels) == 0 {
		return emptyFigure(data.Title, "no data")
	}
	looks := newCast()
	var t tally
	var panels []*panel
	floor, few := 1.0, false
	for _, h := range data.Panels {
		p := &panel{title: h.Title, x: axis{label: data.XLabel, lo: data.Low, hi: data.High, ticks: linearTicks(data.Low, data.High, 4, number)}}
		shown := 0
		for _, g := range h.Groups {
			shares, n := binned(g.Values, data.Low, data.High, bins)
			shown += n
			few = few || n > 0 && n < fewValues
			t.add(tally{shown: n, missing: len(g.Values) - n})
			for _, s := range shares {
				if s > 0 {
					floor = math.Min(floor, s)
				}
			}
			l := looks.look(g.Name, false)
			p.caption = append(p.caption, remark{g.caption(), l.colour})
			if n > 0 {
				p.layers = append(p.layers, func(f frame) { f.drawSteps(shares, l, n < fewValues) })
			}
		}
		if shown == 0 {
			p.note = "no data"
		}
		panels = append(panels, p)
	}
	y := axis{label: "share of samples (%)", scale: logarithmic, lo: math.Max(floor/1.6, 1e-5), hi: 1.15, grid: true}
	for _, v := range []float64{.00001, .0001, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1} {
		if v >= y.lo && v <= y.hi {
			y.ticks = append(y.ticks, tick{v, percent(v)})
		}
	}
	for _, p := range panels {
		p.y = y
	}
	f := figure{title: data.Title}
	f.keys, f.notes = t.explain(looks.keys(false), "")
	if few {
		f.notes = append(f.notes, fmt.Sprintf("Dashed: fewer than %d samples.", fewValues))
	}
	return arrange(panels, 1, 165).draw(f)
}

// binned returns the share of the values in each bin and how many count.
func binned(values []float64, lo, hi float64, bins int) (shares []float64, n int) {
	shares = make([]float64, bins)
	for _, v := range values {
		if !linear.drawable(v) {
			continue
		}
		i := int(math.Floor((v - lo) / (hi - lo) * float64(bins)))
		shares[max(0, min(bins-1, i))]++
		n++
	}
	for i := range shares {
		shares[i] /= math.Max(1, float64(n))
	}
	return shares, n
}

// drawSteps draws a histogram's outline and a light fill.
func (f frame) drawSteps(shares []float64, l look, dashed bool) {
	outline := make([]vg.Point, 0, 2*len(shares)+2)
	at := func(i int, share float64) vg.Point {
		x := f.x.lo + (f.x.hi-f.x.lo)*float64(i)/float64(len(shares))
		return f.at(x, math.Max(share, f.y.lo))
	}
	outline = append(outline, at(0, 0))
	for i, s := range shares {
		outline = append(outline, at(i, s), at(i+1, s))
	}
	outline = append(outline, at(len(shares), 0))
	style := draw.LineStyle{Color: l.colour, Width: 1.5}
	if dashed {
		style.Dashes = []vg.Length{3, 2}
	} else {
		f.FillPolygon(fade(l.colour, 0.12), outline)
	}
	f.StrokeLines(style, outline)
}
