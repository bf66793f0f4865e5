package plots

import (
	"cmp"
	"slices"

	"gonum.org/v1/plot/vg/draw"

	"interplay/kernelkit/score"
)

// GridCell is one panel of a LineGrid: values with intervals over X. Paper holds
// the paper's values at the same X, NaN where it has none, or is empty.
type GridCell struct {
	X      []float64
	Values []score.Interval // shares in [0, 1]
	Paper  []float64
}

// LineGridData is many small panels of one line each: budgets (rows) × measures
// (columns) over the share of RL in the budget (paper figure 18).
type LineGridData struct {
	Title   string
	XLabel  string
	Columns []string
	Rows    []string
	Cells   [][]GridCell // [row][column]

	Intervals string // what the intervals are; "95 % intervals over prompts" when empty
}

// LineGrid draws the panels, each with its own range; the best point of each is
// filled, the others light, because the question is which split is best.
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
	f := figure{title: data.Title}
	var t tally
	g := grid{height: 78}
	for i, row := range data.Cells {
		var panels []*panel
		for j, cell := range row {
			p, shown := cell.panel(xs)
			t.add(shown)
			if i == 0 {
				p.title = data.Columns[j]
			}
			if j == 0 {
				p.y.label = data.Rows[i]
			}
			if i == len(data.Cells)-1 {
				p.x.label = data.XLabel
			}
			p.x.unlabelled = i < len(data.Cells)-1
			panels = append(panels, p)
		}
		g.rows = append(g.rows, panels)
	}
	f.keys, f.notes = t.explain(nil, "Filled: the best of its panel. Whiskers: "+cmp.Or(data.Intervals, overPrompts)+". All values in per cent.")
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
			if err := sameLength(name, len(cell.X), true, cell.Paper); err != nil {
				return err
			}
		}
	}
	return nil
}

// panel makes the panel of a cell on the x axis of the whole grid.
func (c GridCell) panel(xs []float64) (*panel, tally) {
	t := countPoints(linear, c.X, c.Values, c.Paper)
	low, high := boundsOf(c.Values)
	ys := valuesOf(c.Values)
	p := &panel{x: sharesGiven(xs), y: zoomedShareAxis("", slices.Concat(ys, low, high, c.Paper), 3)}
	if t.shown == 0 {
		p.note = "no data"
		p.y.ticks = nil
		return p, t
	}
	best := 0
	for i, v := range ys {
		if linear.drawable(v) && (!linear.drawable(ys[best]) || v > ys[best]) {
			best = i
		}
	}
	l := look{palette[0], draw.CircleGlyph{}}
	p.layers = append(p.layers, func(f frame) {
		f.line(c.X, ys, draw.LineStyle{Color: fade(l.colour, 0.55), Width: 1.3})
		for i := range c.X {
			f.whisker(c.X[i], low[i], high[i], 0, l.colour)
			pt, ok := f.place(c.X[i], ys[i], 0)
			if !ok {
				continue
			}
			marker(f.Canvas, pt, l, 3)
			if i != best {
				marker(f.Canvas, pt, look{tint(l.colour, 0.35), l.shape}, 2)
			}
		}
		for i, v := range c.Paper {
			if pt, ok := f.place(c.X[i], v, 0); ok {
				hollow(f.Canvas, pt, subdued)
			}
		}
	})
	return p, t
}

// sharesGiven labels exactly the shares that occur.
func sharesGiven(xs []float64) axis {
	lo, hi, ok := linear.span(xs)
	if !ok {
		return axis{lo: 0, hi: 1}
	}
	room := (hi - lo) * 0.07
	if room == 0 {
		room = 0.5
	}
	a := axis{lo: lo - room, hi: hi + room}
	for _, x := range slices.Compact(slices.Sorted(slices.Values(xs))) {
		if linear.drawable(x) {
			a.ticks = append(a.ticks, tick{x, percent(x)})
		}
	}
	return a
}
