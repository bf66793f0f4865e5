package plots

import (
	"cmp"
	"fmt"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"interplay/kernelkit/score"
)

// ForestRow is one effect as each series has it.
type ForestRow struct {
	Name   string           // wrapped
	Values []score.Interval // effects as shares in [−1, 1], one a series; not finite: none
	Pale   []bool           // values that decide nothing, one a series; or empty
	Paper  float64          // the paper's value; not a number where it has none
}

// ForestData is a forest plot: effects below each other, each as several studies have it.
type ForestData struct {
	Title  string
	XLabel string // "effect (points)" when empty
	Series []string
	Rows   []ForestRow
	Basis  Basis // of all series; empty where they differ

	Intervals string // what the intervals are; "95 % intervals over problems" when empty
	PaleMeans string // what pale values are; "undecided" when empty
}

// Forest draws a row an effect, in it a marker with its interval a series, and a ring for
// the paper's value. The line of no effect goes through all rows.
//
// It returns an error when a row has not one value a series.
func Forest(data ForestData) ([]byte, error) {
	var all []float64
	for _, r := range data.Rows {
		if len(r.Values) != len(data.Series) {
			return nil, fmt.Errorf("plots: row %q has %d values for %d series", r.Name, len(r.Values), len(data.Series))
		}
		if len(r.Pale) != 0 && len(r.Pale) != len(r.Values) {
			return nil, fmt.Errorf("plots: row %q says of %d values whether they are pale, and has %d", r.Name, len(r.Pale), len(r.Values))
		}
		low, high := boundsOf(r.Values)
		all = append(append(append(append(all, valuesOf(r.Values)...), low...), high...), r.Paper)
	}
	if len(data.Rows) == 0 || len(data.Series) == 0 {
		return emptyFigure(data.Title, "no data")
	}
	names, lines := forestNames(data.Rows)
	p := &panel{
		x: gainAxis(cmp.Or(data.XLabel, "effect (points)"), all), y: nominalAxis("", names, true),
		caption: data.Basis.caption(),
	}
	looks, f := newCast(), figure{title: data.Title}
	var t tally
	pale := false
	for i, r := range data.Rows {
		t.add(countPoints(linear, make([]float64, len(r.Values)), r.Values, []float64{r.Paper}))
		for k, name := range data.Series {
			looks.look(name, false)
			pale = pale || len(r.Pale) > 0 && r.Pale[k] && linear.drawable(r.Values[k].Value)
		}
		p.layers = append(p.layers, func(f frame) { f.forestRow(i, r, data.Series, looks) })
	}
	t.missing = 0 // a series need not have every row
	if t.shown == 0 {
		p.note = "no data"
	}
	f.keys, f.notes = t.explain(looks.keys(true), "Whiskers: "+cmp.Or(data.Intervals, overProblems)+".")
	if pale {
		f.notes = append(f.notes, "Pale: "+cmp.Or(data.PaleMeans, "undecided")+".")
	}
	high := max(vg.Length(lines)*lineHeight(tickStyle()), forestLane*vg.Length(len(data.Series)+1)) + 6
	return grid{rows: [][]*panel{{p}}, height: high * vg.Length(len(data.Rows))}.draw(f)
}

// forestLane is how far below each other the series of a row stand.
const forestLane = vg.Length(9)

// forestNames are the names of the rows in lines that fit beside the data area, and the
// most lines that one has.
func forestNames(rows []ForestRow) (names []string, most int) {
	for _, r := range rows {
		lines := wrapEvenly(tickStyle(), r.Name, figureWidth*0.42)
		most = max(most, len(lines))
		names = append(names, strings.Join(lines, "\n"))
	}
	return names, most
}

// forestRow draws row i, the first series uppermost, the paper's ring in the middle.
func (f frame) forestRow(i int, r ForestRow, series []string, looks *cast) {
	middle := f.y.hi - float64(i) - 0.5
	if i > 0 {
		y := f.Y(f.y.fraction(middle + 0.5))
		f.StrokeLine2(draw.LineStyle{Color: gridGrey, Width: 0.6}, f.Min.X, y, f.Max.X, y)
	}
	if x := f.X(f.x.fraction(0)); f.ContainsX(x) && i == 0 {
		f.StrokeLine2(draw.LineStyle{Color: tint(subdued, 0.6), Width: 1.6}, x, f.Min.Y, x, f.Max.Y)
	}
	if pt, ok := f.place(r.Paper, middle, 0); ok {
		hollow(f.Canvas, pt, subdued)
	}
	for k, v := range r.Values {
		pt, ok := f.place(v.Value, middle, 0)
		if !ok {
			continue
		}
		l := looks.look(series[k], false)
		if len(r.Pale) > 0 && r.Pale[k] {
			l.colour = tint(l.colour, 0.4)
		}
		pt.Y += forestLane * (vg.Length(len(series)-1)/2 - vg.Length(k))
		f.acrossWhisker(pt.Y, v.Low, v.High, draw.LineStyle{Color: l.colour, Width: 1.1})
		marker(f.Canvas, pt, l, 3)
	}
}

// acrossWhisker draws an interval of x as a bar with caps at the height y, cut at the data area.
func (f frame) acrossWhisker(y vg.Length, low, high float64, style draw.LineStyle) {
	if !f.x.scale.drawable(low) || !f.x.scale.drawable(high) {
		return
	}
	lo, hi := max(f.X(f.x.fraction(low)), f.Min.X), min(f.X(f.x.fraction(high)), f.Max.X)
	if lo > hi {
		return
	}
	const cap = vg.Length(2.2)
	f.StrokeLine2(style, lo, y, hi, y)
	f.StrokeLine2(style, lo, y-cap, lo, y+cap)
	f.StrokeLine2(style, hi, y-cap, hi, y+cap)
}
