package plots

import (
	"cmp"
	"slices"

	"gonum.org/v1/plot/vg/draw"

	"interplay/kernelkit/score"
)

// GridCell is one panel of a LineGrid: values over X. Gains are the paired differences
// from Reference, not a number for the reference itself.
type GridCell struct {
	X      []float64
	Values []score.Interval // shares in [0, 1]
	Gains  []score.Interval // one an X, or empty
	Basis  Basis
}

// LineGridData is many small panels of one line each: budgets (rows) × measures
// (columns) over the share of RL in the budget (paper figure 18).
type LineGridData struct {
	Title     string
	XLabel    string
	Reference string // what the gains are measured from
	Columns   []string
	Rows      []string
	Cells     [][]GridCell // [row][column]

	Intervals string // what the intervals are; "95 % intervals over problems" when empty
}

// LineGrid draws two rows of panels for each row of cells: the levels, the best of each
// panel filled, and below them the differences from the reference with their intervals.
// A row has one scale, so that its columns compare. Without gains it draws the levels
// alone, with their intervals.
//
// It returns an error when the grid's shape differs from its names or a cell has
// not one value an X.
func LineGrid(data LineGridData) ([]byte, error) {
	if err := data.check(); err != nil {
		return nil, err
	}
	if len(data.Rows) == 0 || len(data.Columns) == 0 {
		return emptyFigure(data.Title, "no data")
	}
	var xs []float64
	for _, row := range data.Cells {
		for _, cell := range row {
			xs = append(xs, cell.X...)
		}
	}
	x := givenAxis("", xs, percent)
	var t tally
	g := grid{height: 88}
	for i, row := range data.Cells {
		levels, gains, shown := gridRows(row, x, data.Rows[i], data.Reference)
		t.add(shown)
		g.rows = append(g.rows, levels)
		g.ratios = append(g.ratios, 1)
		if gains != nil {
			g.rows = append(g.rows, gains)
			g.ratios = append(g.ratios, 0.9)
		}
	}
	for i, row := range g.rows {
		for j, p := range row {
			if i == 0 {
				p.title = data.Columns[j]
			} else if slices.Equal(p.caption, g.rows[0][j].caption) {
				p.caption = nil // once a column
			}
			if p.x.unlabelled = i < len(g.rows)-1; !p.x.unlabelled {
				p.x.label = data.XLabel
			}
		}
	}
	f := figure{title: data.Title}
	f.keys, f.notes = t.explain(nil, "Filled: the highest of its panel. Whiskers: "+cmp.Or(data.Intervals, overProblems)+".")
	return g.draw(f)
}

func (d *LineGridData) check() error {
	if err := sameCount("rows of the grid", len(d.Rows), len(d.Cells)); err != nil {
		return err
	}
	for i, row := range d.Cells {
		if err := sameCount("columns of row "+d.Rows[i], len(d.Columns), len(row)); err != nil {
			return err
		}
		for j, cell := range row {
			name := d.Rows[i] + ", " + d.Columns[j]
			if err := sameLength(name, len(cell.X), false, valuesOf(cell.Values)); err != nil {
				return err
			}
			if err := sameLength(name, len(cell.X), true, valuesOf(cell.Gains)); err != nil {
				return err
			}
		}
	}
	return nil
}

// gridRows makes the panels of a row of cells: levels, and differences where a cell has them.
func gridRows(cells []GridCell, x axis, name, reference string) (levels, gains []*panel, t tally) {
	compares := slices.ContainsFunc(cells, func(c GridCell) bool { return len(c.Gains) > 0 })
	var shares, differences []float64
	for _, c := range cells {
		low, high := boundsOf(c.Values)
		if shares = append(shares, valuesOf(c.Values)...); !compares {
			shares = slices.Concat(shares, low, high)
		}
		low, high = boundsOf(c.Gains)
		differences = slices.Concat(differences, valuesOf(c.Gains), low, high)
	}
	for j, c := range cells {
		p := &panel{x: x, y: zoomedShareAxis(name+" (%)", shares, 4), caption: c.Basis.caption()}
		t.add(p.addCell(c.X, c.Values, !compares, true))
		levels = append(levels, p)
		if compares {
			below := &panel{x: x, y: gainAxis("from "+reference+" (points)", differences)}
			below.layers = append(below.layers, func(f frame) { f.zero() })
			shown := below.addCell(c.X, c.Gains, true, false)
			shown.missing = 0 // the reference has no difference from itself
			t.add(shown)
			gains = append(gains, below)
		}
		if j > 0 {
			p.y.label, p.y.unlabelled = "", true
			if compares {
				gains[j].y.label, gains[j].y.unlabelled = "", true
			}
		}
	}
	return levels, gains, t
}

// addCell adds the line of a cell; where the best counts, the others are light.
func (p *panel) addCell(xs []float64, values []score.Interval, intervals, best bool) tally {
	t := countPoints(linear, xs, values, nil)
	t.spread = t.spread && intervals
	if t.shown == 0 {
		p.note = "no data"
		return t
	}
	l, ys := look{colour: palette[0], shape: draw.CircleGlyph{}}, valuesOf(values)
	highest := 0
	for i, v := range ys {
		if linear.drawable(v) && (!linear.drawable(ys[highest]) || v > ys[highest]) {
			highest = i
		}
	}
	p.layers = append(p.layers, func(f frame) {
		f.line(xs, ys, draw.LineStyle{Color: fade(l.colour, 0.55), Width: 1.3})
		if intervals {
			f.intervals(xs, values, l, 0, false)
		}
		for i := range xs {
			pt, ok := f.place(xs[i], ys[i], 0)
			if !ok {
				continue
			}
			marker(f.Canvas, pt, l, 3)
			if best && i != highest {
				marker(f.Canvas, pt, look{colour: tint(l.colour, 0.35), shape: l.shape}, 2)
			}
		}
	})
	return t
}
