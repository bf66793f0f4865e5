package plots

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"interplay/kernelkit/score"
)

// BarGroup is one cluster of bars, one a series, in the order of ErrorBarsData.Series.
type BarGroup struct {
	Name   string
	Values []score.Interval // shares in [0, 1]
	Gains  []score.Interval // paired differences from the first series, not a number for itself; or empty
	Paper  []float64        // the paper's values, NaN where it has none; or empty
}

// BarPanel is one quantity over groups.
type BarPanel struct {
	Title  string
	Basis  Basis
	Groups []BarGroup
}

// ErrorBarsData is grouped bars: shares of samples by outcome for several reward
// forms (paper figure 8), or pass@k by reward form and op range (figure 7). The first
// series is the baseline: grey.
type ErrorBarsData struct {
	Title  string
	YLabel string
	Series []string
	Panels []BarPanel

	Intervals string // what the intervals are; "95 % intervals over problems" when empty
}

// ErrorBars draws levels as bars, the paper's as rings. Where groups have gains, the
// differences from the first series stand in panels of their own below, and they alone
// have intervals; the paper's differences are rings there too.
//
// It returns an error when a group has not one value a series.
func ErrorBars(data ErrorBarsData) ([]byte, error) {
	if err := data.check(); err != nil {
		return nil, err
	}
	if len(data.Panels) == 0 || len(data.Series) == 0 {
		return emptyFigure(data.Title, "no data")
	}
	looks := newCast()
	f := figure{title: data.Title}
	for i, name := range data.Series {
		l := looks.look(name, i == 0)
		f.keys = append(f.keys, blockKey(name, tint(l.colour, 0.75), l.colour))
	}
	differences := slices.ContainsFunc(data.Panels, BarPanel.compares)
	var t tally
	var upper, lower []*panel
	for _, b := range data.Panels {
		p := &panel{title: b.Title, caption: b.Basis.caption(), x: nominalAxis("", data.names(b), false)}
		t.add(p.addBars(b, &data, looks, !differences))
		upper = append(upper, p)
		if differences {
			below := &panel{x: p.x}
			p.x.unlabelled = true
			t.add(below.addBarGains(b, &data, looks))
			lower = append(lower, below)
		}
	}
	what := "Whiskers: "
	if differences {
		what = "Below, the differences, with "
	}
	f.keys, f.notes = t.explain(f.keys, what+cmp.Or(data.Intervals, overProblems)+".")
	g := arrange(upper, 1, 150)
	if differences {
		g.rows = append(g.rows, arrange(lower, 1, 150).rows...)
	}
	return g.draw(f)
}

func (d *ErrorBarsData) check() error {
	for _, p := range d.Panels {
		for _, g := range p.Groups {
			if len(g.Values) != len(d.Series) {
				return fmt.Errorf("plots: group %q has %d values for %d series", g.Name, len(g.Values), len(d.Series))
			}
			if err := sameLength(g.Name, len(g.Values), true, g.Paper, valuesOf(g.Gains)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p BarPanel) compares() bool {
	return slices.ContainsFunc(p.Groups, func(g BarGroup) bool { return len(g.Gains) > 0 })
}

// names are the groups of a panel, broken into lines that fit below their bars.
func (d *ErrorBarsData) names(b BarPanel) []string {
	var names []string
	columns := vg.Length(len(d.Panels))
	room := (figureWidth-60*columns)/(columns*vg.Length(max(1, len(b.Groups)))) - 6
	for _, g := range b.Groups {
		widest := linesWidth(tickStyle(), strings.Fields(g.Name)) // no word is broken
		names = append(names, strings.Join(wrapEvenly(tickStyle(), g.Name, max(room, widest)), "\n"))
	}
	return names
}

// addBars adds the levels of a panel.
func (p *panel) addBars(b BarPanel, data *ErrorBarsData, looks *cast, intervals bool) tally {
	var t tally
	var tops []float64
	for i, g := range b.Groups {
		for _, v := range g.Values {
			if tops = append(tops, v.Value*1.04); intervals {
				tops = append(tops, v.High*1.04)
			}
		}
		tops = append(tops, g.Paper...)
		counted := countPoints(linear, make([]float64, len(g.Values)), g.Values, g.Paper)
		if counted.paper && counted.shown == 0 {
			counted.missing = 0 // a panel of the paper's values alone
		}
		counted.spread = counted.spread && intervals
		t.add(counted)
		p.layers = append(p.layers, func(f frame) { f.drawBars(float64(i), g, data, looks, intervals) })
	}
	p.y = shareAxis(data.YLabel, tops)
	p.y.lo = 0
	if _, _, ok := linear.span(tops); !ok {
		p.note = "no data"
		p.y.ticks = nil
	}
	return t
}

// barsFill is the part of a group's unit that its bars take.
const barsFill = 0.8

// middle is where the k-th of n bars of a group stands.
func middle(group float64, k, n int) float64 {
	return group + (1-barsFill)/2 + barsFill*(float64(k)+0.5)/float64(n)
}

// drawBars draws the cluster of one group, which is one unit wide.
func (f frame) drawBars(group float64, g BarGroup, data *ErrorBarsData, looks *cast, intervals bool) {
	width := barsFill / float64(len(g.Values))
	for k, v := range g.Values {
		l, x := looks.looks[data.Series[k]], middle(group, k, len(g.Values))
		if linear.drawable(v.Value) {
			box := f.box(x-width*0.44, 0, x+width*0.44, v.Value)
			fillAndStroke(f.Canvas, box.Path(), tint(l.colour, 0.75), l.colour, 0.8)
			if intervals {
				f.whisker(x, v.Low, v.High, 0, ink)
			}
		}
		if pt, ok := f.placePaper(g.Paper, k, x); ok {
			hollow(f.Canvas, pt, ink)
		}
	}
}

// addBarGains adds the differences of a panel from its first series.
func (p *panel) addBarGains(b BarPanel, data *ErrorBarsData, looks *cast) tally {
	var t tally
	var values []float64
	p.layers = append(p.layers, func(f frame) { f.zero() })
	for i, g := range b.Groups {
		paper := g.paperGains()
		low, high := boundsOf(g.Gains)
		values = slices.Concat(values, valuesOf(g.Gains), low, high, paper)
		counted := countPoints(linear, make([]float64, len(g.Gains)), g.Gains, paper)
		counted.missing = 0 // the first series has no difference from itself
		t.add(counted)
		p.layers = append(p.layers, func(f frame) {
			for k, v := range g.Gains {
				l, x := looks.looks[data.Series[k]], middle(float64(i), k, len(g.Gains))
				f.whisker(x, v.Low, v.High, 0, l.colour)
				if pt, ok := f.place(x, v.Value, 0); ok {
					marker(f.Canvas, pt, l, 3)
				}
			}
			for k := range paper {
				if pt, ok := f.placePaper(paper, k, middle(float64(i), k, len(paper))); ok && k > 0 {
					hollow(f.Canvas, pt, ink)
				}
			}
		})
	}
	p.y = gainAxis("difference from "+data.Series[0]+" (points)", values)
	if t.shown == 0 && !t.paper {
		p.note = "no data"
	}
	return t
}

// paperGains are the paper's differences from its first series.
func (g BarGroup) paperGains() []float64 {
	var out []float64
	for _, v := range g.Paper {
		out = append(out, v-g.Paper[0])
	}
	return out
}

func (f frame) placePaper(paper []float64, k int, x float64) (vg.Point, bool) {
	if k >= len(paper) {
		return vg.Point{}, false
	}
	return f.place(x, paper[k], 0)
}
