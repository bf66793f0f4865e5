package plots

import (
	"cmp"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"interplay/kernelkit/score"
)

// KSeries is pass@k of one model for several k. Paper holds the paper's values at
// the same k, NaN where it has none, or is empty.
type KSeries struct {
	Name     string
	Ks       []int
	Values   []score.Interval // shares in [0, 1]
	Paper    []float64
	Baseline bool // drawn grey, as what the others are compared with
}

// KPanel is the models on one set of problems.
type KPanel struct {
	Title  string
	Series []KSeries
}

// PassAtKData is pass@k over k: one panel a set of problems, one series a model
// (paper figures 3, 9, 12 and 13).
type PassAtKData struct {
	Title  string
	YLabel string // "strict pass@k (%)" when empty
	Panels []KPanel
	Rows   int // rows of panels; 1 when 0

	Intervals string // what the intervals are; "95 % intervals over prompts" when empty
}

// PassAtK draws pass@k over k on a base-2 axis, intervals as bands. Each panel
// has its own range of shares.
//
// It returns an error when a series has not one value a k.
func PassAtK(data PassAtKData) ([]byte, error) {
	f := figure{title: data.Title}
	looks := newCast()
	var t tally
	var panels []*panel
	for _, k := range data.Panels {
		var ks, values []float64
		for _, s := range k.Series {
			if err := sameLength(s.Name, len(s.Ks), false, valuesOf(s.Values)); err != nil {
				return nil, err
			}
			if err := sameLength(s.Name, len(s.Ks), true, s.Paper); err != nil {
				return nil, err
			}
			for i, v := range s.Values {
				ks, values = append(ks, float64(s.Ks[i])), append(values, v.Value, v.Low, v.High)
			}
			values = append(values, s.Paper...)
		}
		p := &panel{title: k.Title, x: kAxis(ks), y: zoomedShareAxis(cmp.Or(data.YLabel, "strict pass@k (%)"), values, 4)}
		t.add(p.addKSeries(k.Series, looks))
		panels = append(panels, p)
	}
	if len(panels) == 0 {
		return emptyFigure(data.Title, "no data")
	}
	f.keys, f.notes = t.explain(looks.keys(), "Bands: "+cmp.Or(data.Intervals, overPrompts)+".")
	return arrange(panels, max(1, data.Rows), 190).draw(f)
}

// arrange puts panels into rows and names the value axis at the left edge only.
func arrange(panels []*panel, rows int, height vg.Length) grid {
	g := grid{height: height}
	columns := (len(panels) + rows - 1) / rows
	for row := range slices.Chunk(panels, columns) {
		for _, p := range row[1:] {
			p.y.label = ""
		}
		g.rows = append(g.rows, row)
	}
	return g
}

// kAxis is logarithmic with a label at each k that occurs.
func kAxis(ks []float64) axis {
	a := axis{label: "k (samples per problem)", scale: logarithmic}
	lo, hi, ok := logarithmic.span(ks)
	if !ok {
		a.lo, a.hi = 1, 2
		return a
	}
	a.lo, a.hi = lo/1.15, hi*1.15
	for _, k := range slices.Compact(slices.Sorted(slices.Values(ks))) {
		if logarithmic.drawable(k) {
			a.ticks = append(a.ticks, tick{k, trimmed(k)})
		}
	}
	return a
}

// zoomedShareAxis shows shares in per cent in the range that they fill, with 0 or
// 100 % as its end where they come near it, and at least the given number of ticks.
func zoomedShareAxis(label string, values []float64, ticks int) axis {
	lo, hi, ok := linear.span(values)
	if !ok {
		return shareAxis(label, nil)
	}
	if hi-lo < 0.02 {
		lo, hi = max(0, lo-0.01), min(1, hi+0.01)
	}
	if lo < 0.5*hi {
		lo = 0
	}
	room := (hi - lo) * 0.04
	a := axis{label: label, lo: lo - room, hi: hi + room, grid: true}
	a.ticks = linearTicks(max(0, a.lo), min(a.hi, 1), ticks, percent)
	return a
}

func (p *panel) addKSeries(series []KSeries, looks *cast) tally {
	var t tally
	for _, s := range series {
		l := looks.look(s.Name, s.Baseline)
		xs := intsToFloats(s.Ks)
		low, high := boundsOf(s.Values)
		points := countPoints(p.x.scale, xs, s.Values, s.Paper)
		t.add(points)
		p.layers = append(p.layers, func(f frame) {
			f.band(xs, low, high, fade(l.colour, 0.13))
			for i := range xs {
				if points.shown == 1 { // a band needs two points
					f.whisker(xs[i], low[i], high[i], 0, l.colour)
				}
			}
		})
	}
	for _, s := range series {
		l := looks.look(s.Name, s.Baseline)
		xs, ys := intsToFloats(s.Ks), valuesOf(s.Values)
		p.layers = append(p.layers, func(f frame) {
			f.line(xs, ys, draw.LineStyle{Color: l.colour, Width: 1.6})
			for i := range xs {
				if pt, ok := f.place(xs[i], ys[i], 0); ok {
					marker(f.Canvas, pt, l, 2.8)
				}
			}
			for i, v := range s.Paper {
				if pt, ok := f.place(xs[i], v, 0); ok {
					hollow(f.Canvas, pt, l.colour)
				}
			}
		})
	}
	if t.shown == 0 {
		p.note = "no data"
	}
	return t
}

// countPoints tallies a series: what can be drawn, what cannot, and what the notes must explain.
func countPoints(x scale, xs []float64, values []score.Interval, paper []float64) tally {
	var t tally
	for i, v := range values {
		if x.drawable(xs[i]) && linear.drawable(v.Value) {
			t.shown++
		} else {
			t.missing++
		}
		t.spread = t.spread || v.High > v.Low
	}
	t.paper = slices.ContainsFunc(paper, linear.drawable)
	return t
}

func intsToFloats(ints []int) []float64 {
	out := make([]float64, len(ints))
	for i, v := range ints {
		out[i] = float64(v)
	}
	return out
}
