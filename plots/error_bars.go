package plots

import (
	"cmp"
	"fmt"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"interplay/kernelkit/score"
)

// BarGroup is one cluster of bars, one a series, in the order of BarPanel.Series
// of the figure. Paper holds the paper's values, NaN where it has none, or is empty.
type BarGroup struct {
	Name   string
	Values []score.Interval // shares in [0, 1]
	Paper  []float64
}

// BarPanel is one quantity over groups.
type BarPanel struct {
	Title  string
	Groups []BarGroup
}

// ErrorBarsData is grouped bars: shares of samples by outcome for several reward
// forms (paper figure 8), or pass@k by reward form and op range (figure 7).
type ErrorBarsData struct {
	Title  string
	YLabel string
	Series []string
	First  bool // the first series is the baseline: grey, and the others show their difference from it
	Panels []BarPanel
	Rows   int // rows of panels; 1 when 0

	Intervals string // what the intervals are; "95 % intervals over prompts" when empty
}

// ErrorBars draws bars with whiskers; over the bars of other series stands their
// difference in points from the first where First is set.
//
// It returns an error when a group has not one value a series.
func ErrorBars(data ErrorBarsData) ([]byte, error) {
	if len(data.Panels) == 0 || len(data.Series) == 0 {
		return emptyFigure(data.Title, "no data")
	}
	looks := newCast()
	f := figure{title: data.Title}
	for i, name := range data.Series {
		l := looks.look(name, data.First && i == 0)
		f.keys = append(f.keys, blockKey(name, tint(l.colour, 0.75), l.colour))
	}
	var t tally
	var panels []*panel
	for _, b := range data.Panels {
		p := &panel{title: b.Title}
		var names []string
		var tops []float64
		for i, g := range b.Groups {
			if len(g.Values) != len(data.Series) {
				return nil, fmt.Errorf("plots: group %q has %d values for %d series", g.Name, len(g.Values), len(data.Series))
			}
			if err := sameLength(g.Name, len(g.Values), true, g.Paper); err != nil {
				return nil, err
			}
			names = append(names, g.Name)
			for _, v := range g.Values {
				tops = append(tops, v.Value*1.08, v.High*1.08)
			}
			tops = append(tops, g.Paper...)
			t.add(countPoints(linear, make([]float64, len(g.Values)), g.Values, g.Paper))
			p.layers = append(p.layers, func(f frame) { f.drawBars(float64(i), g, data, looks) })
		}
		columns := (len(data.Panels) + max(1, data.Rows) - 1) / max(1, data.Rows)
		room := (figureWidth - 60*vg.Length(columns)) / vg.Length(columns*max(1, len(names)))
		for i, name := range names {
			room := max(room-6, linesWidth(tickStyle(), strings.Fields(name))) // no word is broken
			names[i] = strings.Join(wrapEvenly(tickStyle(), name, room), "\n")
		}
		p.x = nominalAxis("", names, false)
		p.y = shareAxis(data.YLabel, tops)
		p.y.lo = 0
		if _, _, ok := linear.span(tops); !ok {
			p.note = "no data"
			p.y.ticks = nil
		}
		panels = append(panels, p)
	}
	f.keys, f.notes = t.explain(f.keys, "Whiskers: "+cmp.Or(data.Intervals, overPrompts)+".")
	if data.First {
		f.notes = append(f.notes, "Numbers over bars: points above or below "+data.Series[0]+".")
	}
	return arrange(panels, max(1, data.Rows), 150).draw(f)
}

// drawBars draws the cluster of one group, which is one unit wide.
func (f frame) drawBars(left float64, g BarGroup, data ErrorBarsData, looks *cast) {
	const fill = 0.8 // of the unit
	width := fill / float64(len(g.Values))
	label, labelled := lettering(sizeNote, ink), data.First && linear.drawable(g.Values[0].Value)
	label.XAlign = draw.XCenter
	if labelled { // as large as stands over a bar without touching the next
		widest := vg.Length(0)
		for _, v := range g.Values[1:] {
			widest = max(widest, label.Width(points(v.Value-g.Values[0].Value)))
		}
		scale := min(1, (f.at(width, 0).X-f.Min.X-1.5)/widest)
		label.Font.Size *= scale
		labelled = scale > 0.6
	}
	for k, v := range g.Values {
		if !linear.drawable(v.Value) {
			continue
		}
		l := looks.looks[data.Series[k]]
		x := left + (1-fill)/2 + width*float64(k)
		box := f.box(x+width*0.06, 0, x+width*0.94, v.Value)
		fillAndStroke(f.Canvas, box.Path(), tint(l.colour, 0.75), l.colour, 0.8)
		f.whisker(x+width/2, v.Low, v.High, 0, ink)
		top := f.box(x, 0, x, reach(v)).Max.Y
		if pt, ok := f.placePaper(g.Paper, k, x+width/2); ok {
			hollow(f.Canvas, pt, ink)
			top = max(top, pt.Y+paperRadius)
		}
		if labelled && k > 0 {
			drawText(f.Canvas, label, vg.Point{X: f.at(x+width/2, 0).X, Y: top + 3}, points(v.Value-g.Values[0].Value))
		}
	}
}

func (f frame) placePaper(paper []float64, k int, x float64) (vg.Point, bool) {
	if k >= len(paper) {
		return vg.Point{}, false
	}
	return f.place(x, paper[k], 0)
}

// reach is the highest drawable value of an estimate and its interval.
func reach(v score.Interval) float64 {
	if linear.drawable(v.High) {
		return max(v.Value, v.High)
	}
	return v.Value
}

// points writes a difference of shares in percentage points, with its sign.
func points(d float64) string {
	if d >= 0.0995 || d <= -0.0995 {
		return minus(fmt.Sprintf("%+.0f", d*100))
	}
	return minus(fmt.Sprintf("%+.1f", d*100))
}
