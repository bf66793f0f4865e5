package plots

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg/draw"
)

// RLRow is a quantity that is logged at every step of RL.
type RLRow struct {
	Label   string // with its unit
	Percent bool   // shares in [0, 1], shown in per cent
}

// RLColumn is one recipe's RL: for each row its runs, such as one a seed. X is the step.
type RLColumn struct {
	Title string
	Basis Basis // of a step: seeds, prompts, samples a prompt
	Runs  [][]CurveSeries
}

// RLCurvesData is what happened during RL, one column a recipe (paper figures 11, 14, 16
// and 17).
type RLCurvesData struct {
	Title   string
	Smooth  int // steps of the local linear fit; below 2 the raw values are drawn alone
	Rows    []RLRow
	Columns []RLColumn
}

// RLCurves draws one row of panels a quantity. Panels of a row share one axis, so that
// recipes compare. Runs are thin lines, smoothed, and their mean over the steps that
// all have is a broad one: what lies between the thin lines is their spread.
//
// It returns an error when a column has not one list of runs a row, or when the
// columns of a run differ in length.
func RLCurves(data RLCurvesData) ([]byte, error) {
	if len(data.Columns) == 0 || len(data.Rows) == 0 {
		return emptyFigure(data.Title, "no data")
	}
	f := figure{title: data.Title}
	var t tally
	g := grid{height: 125}
	smoothed, several := false, false
	for i, row := range data.Rows {
		var panels []*panel
		for _, col := range data.Columns {
			if err := sameCount("rows of column "+col.Title, len(data.Rows), len(col.Runs)); err != nil {
				return nil, err
			}
			p, shown, s, err := runsPanel(col.Runs[i], data.Smooth)
			if err != nil {
				return nil, err
			}
			if i == 0 {
				p.title, p.caption = col.Title, col.Basis.caption()
			}
			if p.x.unlabelled = i < len(data.Rows)-1; !p.x.unlabelled {
				p.x.label = "RL step"
			}
			t.add(tally{missing: shown.missing})
			smoothed, several = smoothed || s, several || len(col.Runs[i]) > 1
			panels = append(panels, p)
		}
		shareY(panels, row.Label, row.format())
		g.rows = append(g.rows, panels)
	}
	f.notes = data.explain(smoothed, several, t)
	return g.draw(f)
}

func (r RLRow) format() func(float64) string {
	if r.Percent {
		return percent
	}
	return number
}

func (d *RLCurvesData) explain(smoothed, several bool, t tally) (notes []string) {
	switch {
	case smoothed && several:
		notes = append(notes, fmt.Sprintf("Thin: one seed, local linear fit over %d steps. Broad: their mean.", d.Smooth))
	case several:
		notes = append(notes, "Thin: one seed. Broad: their mean.")
	case smoothed:
		notes = append(notes, fmt.Sprintf("Lines: local linear fit over %d steps. Faint: raw values.", d.Smooth))
	}
	if t.missing > 0 {
		notes = append(notes, leftOut(t.missing, linear))
	}
	return notes
}

// runsPanel makes a panel of the runs of one recipe: alone with its raw values behind
// it, several as thin lines with their mean.
func runsPanel(runs []CurveSeries, window int) (*panel, tally, bool, error) {
	p, t, smoothed, err := timePanel(runs, newCast(), window)
	if err != nil {
		return p, t, false, err
	}
	p.ends = nil
	var all [][]float64
	for _, s := range runs {
		all = append(all, s.Y)
	}
	if lo, hi, _ := linear.span(all...); lo == 0 && hi == 0 {
		p.y.lo, p.y.hi = 0, 0 // nothing but zero, such as a reward that is never paid: no range of its own
	}
	if len(runs) < 2 || t.shown == 0 {
		return p, t, smoothed, nil
	}
	p.layers = nil
	var lines []CurveSeries
	var ys [][]float64
	for _, s := range runs {
		s = keepDrawable(s)
		if window > 1 && len(s.Y) > window {
			s.Y = smooth(s.Y, window)
		}
		lines, ys = append(lines, s), append(ys, s.Y)
	}
	if p.y.lo < p.y.hi {
		p.y = valueAxis("", number, ys...) // without the raw values
	}
	p.layers = append(p.layers, func(f frame) {
		for _, s := range lines {
			f.line(s.X, s.Y, draw.LineStyle{Color: tint(palette[0], 0.5), Width: 0.9})
		}
		mean := meanOf(lines)
		f.line(mean.X, mean.Y, draw.LineStyle{Color: palette[0], Width: 2.4})
	})
	return p, t, smoothed, nil
}

// meanOf is the mean of runs at the steps that all of them have.
func meanOf(runs []CurveSeries) (mean CurveSeries) {
	for i, x := range runs[0].X {
		sum, all := runs[0].Y[i], true
		for _, s := range runs[1:] {
			at := slices.Index(s.X, x)
			if all = all && at >= 0; all {
				sum += s.Y[at]
			}
		}
		if all {
			mean.X, mean.Y = append(mean.X, x), append(mean.Y, sum/float64(len(runs)))
		}
	}
	return mean
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
	if !ok || lo == hi {
		hi = lo + 0.01 // nothing but zero
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
