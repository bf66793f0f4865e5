package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"interplay/kernelkit/score"
)

// HeatMapData is a table of numbers over two ranges, such as the NLL reduction of
// each RL recipe (row) on each evaluation op (column), paper figure 10.
type HeatMapData struct {
	Title         string
	XLabel        string
	Columns, Rows []string
	Values        [][]score.Interval // [row][column]; not finite: no value
	Trained       [][]bool           // cells framed in white, or empty; [row][column]
	ValueLabel    string             // what the colour means, with its unit
	Format        string             // fmt verb of the number in each cell; "%.2f" when empty
	Basis         Basis

	Intervals string // what the intervals are; "95 % intervals over problems" when empty
}

// HeatMap draws the table with colours and numbers, from low (light) to high
// (dark), half the width of each interval below its number, the trained cells framed
// in white. Where values have both signs, the
// scale has white at zero, blue above and vermillion below.
//
// It returns an error when the table's shape differs from its labels.
func HeatMap(data HeatMapData) ([]byte, error) {
	if err := data.check(); err != nil {
		return nil, err
	}
	var all []float64
	for _, row := range data.Values {
		all = append(all, valuesOf(row)...)
	}
	lo, hi, ok := linear.span(all)
	if !ok {
		return emptyFigure(data.Title, "no data")
	}
	shade := shading(lo, hi)
	p := &panel{
		x: nominalAxis(data.XLabel, data.Columns, false),
		y: nominalAxis("", data.Rows, true),

		caption: data.Basis.caption(),
	}
	var t tally
	for _, row := range data.Values {
		t.add(countPoints(linear, make([]float64, len(row)), row, nil))
	}
	p.layers = append(p.layers, func(f frame) { f.drawHeat(data, shade) })
	f := figure{title: data.Title}
	f.keys = []key{data.scaleKey(lo, hi, shade)}
	if len(data.Trained) > 0 {
		f.keys = append(f.keys, key{"trained range", func(c draw.Canvas, r vg.Rectangle) {
			c.SetColor(shade(hi))
			c.Fill(r.Path())
			inner := vg.Rectangle{Min: r.Min.Add(vg.Point{X: 2, Y: 2}), Max: r.Max.Sub(vg.Point{X: 2, Y: 2})}
			c.SetLineStyle(draw.LineStyle{Color: white, Width: 1.4})
			c.Stroke(inner.Path())
		}})
	}
	f.keys, f.notes = t.explain(f.keys, "± half of the "+cmp.Or(data.Intervals, overProblems)+".")
	return grid{rows: [][]*panel{{p}}, height: min(44, 300/vg.Length(len(data.Rows))) * vg.Length(len(data.Rows))}.draw(f)
}

func (d *HeatMapData) check() error {
	if len(d.Values) != len(d.Rows) || len(d.Trained) > 0 && len(d.Trained) != len(d.Rows) {
		return fmt.Errorf("plots: heat map of %d rows has %d row names and %d rows of frames", len(d.Values), len(d.Rows), len(d.Trained))
	}
	for i, row := range d.Values {
		if len(row) != len(d.Columns) || len(d.Trained) > 0 && len(d.Trained[i]) != len(d.Columns) {
			return fmt.Errorf("plots: row %q of the heat map has %d values for %d columns", d.Rows[i], len(row), len(d.Columns))
		}
	}
	return nil
}

// nominalAxis names unit-wide places; a vertical one reads from the top.
func nominalAxis(label string, names []string, topDown bool) axis {
	a := axis{label: label, lo: 0, hi: max(1, float64(len(names)))}
	for i, name := range names {
		at := float64(i) + 0.5
		if topDown {
			at = a.hi - at
		}
		a.ticks = append(a.ticks, tick{at, name})
	}
	return a
}

// shading maps values to colours: white to dark blue, or, for both signs, white
// at zero with one colour to either side on one scale.
func shading(lo, hi float64) func(float64) color.NRGBA {
	if lo < 0 && hi > 0 {
		most := math.Max(-lo, hi)
		return func(v float64) color.NRGBA {
			if v < 0 {
				return tint(palette[1], -v/most*0.95)
			}
			return tint(palette[0], v/most*0.95)
		}
	}
	if lo == hi {
		return func(float64) color.NRGBA { return tint(palette[0], 0.5) }
	}
	return func(v float64) color.NRGBA { return tint(palette[0], 0.08+0.87*(v-lo)/(hi-lo)) }
}

func (f frame) drawHeat(data HeatMapData, shade func(float64) color.NRGBA) {
	rows := len(data.Rows)
	for i, row := range data.Values {
		for j, v := range row {
			cell := vg.Rectangle{Min: f.at(float64(j), float64(rows-i-1)), Max: f.at(float64(j+1), float64(rows-i))}
			fill := color.NRGBA{0xf2, 0xf2, 0xf2, 0xff}
			text := "–"
			if linear.drawable(v.Value) {
				fill, text = shade(v.Value), data.format(v.Value)
			}
			fillAndStroke(f.Canvas, cell.Path(), fill, white, 0.8)
			s := lettering(sizeTick, onTop(fill))
			s.XAlign = draw.XCenter
			middle := vg.Point{X: (cell.Min.X + cell.Max.X) / 2, Y: (cell.Min.Y+cell.Max.Y)/2 - ascent(s)/2}
			if half := data.half(v); half != "" && cell.Size().Y > 2.6*lineHeight(s) {
				small := s
				small.Font.Size = min(s.Font.Size, s.Font.Size*(cell.Size().X-3)/s.Width(half))
				drawText(f.Canvas, small, vg.Point{X: middle.X, Y: middle.Y - 0.6*lineHeight(s)}, half)
				middle.Y += 0.6 * lineHeight(s)
			}
			if s.Width(text) < cell.Size().X-3 {
				drawText(f.Canvas, s, middle, text)
			}
		}
	}
	for i := range data.Trained {
		f.frameRuns(data.Trained[i], rows-i-1)
	}
}

func (d *HeatMapData) format(v float64) string {
	return minus(unsignedZero(fmt.Sprintf(cmp.Or(d.Format, "%.2f"), v)))
}

// unsignedZero writes a number that rounds to zero without a sign.
func unsignedZero(s string) string {
	if strings.Trim(s, "+-0.") == "" {
		return strings.TrimLeft(s, "+-")
	}
	return s
}

// half is half the width of an interval, as a cell shows it; nothing where there is none.
func (d *HeatMapData) half(v score.Interval) string {
	if !(v.High > v.Low) || !linear.drawable(v.High-v.Low) {
		return ""
	}
	return "±" + strings.TrimPrefix(fmt.Sprintf(cmp.Or(d.Format, "%.2f"), (v.High-v.Low)/2), "+")
}

// frameRuns frames each run of marked cells in a row, counted from the bottom.
func (f frame) frameRuns(marked []bool, row int) {
	for j := 0; j < len(marked); j++ {
		start := j
		for j < len(marked) && marked[j] {
			j++
		}
		if j == start {
			continue
		}
		const inset = vg.Length(2.5)
		box := vg.Rectangle{
			Min: f.at(float64(start), float64(row)).Add(vg.Point{X: inset, Y: inset}),
			Max: f.at(float64(j), float64(row+1)).Sub(vg.Point{X: inset, Y: inset}),
		}
		// A dark line beside the white one shows the frame on light cells too.
		c := f.Canvas
		c.SetLineStyle(draw.LineStyle{Color: ink, Width: 3})
		c.Stroke(box.Path())
		c.SetLineStyle(draw.LineStyle{Color: white, Width: 1.8})
		c.Stroke(box.Path())
	}
}

// scaleKey shows the colours of a heat map with the ends of its range.
func (d *HeatMapData) scaleKey(lo, hi float64, shade func(float64) color.NRGBA) key {
	name := d.ValueLabel + ", from " + d.format(lo) + " to " + d.format(hi)
	return key{name, func(c draw.Canvas, r vg.Rectangle) {
		const steps = 16
		for i := range steps {
			c.SetColor(shade(lo + (hi-lo)*float64(i)/(steps-1)))
			x := r.Min.X + r.Size().X*vg.Length(i)/steps
			c.Fill(vg.Rectangle{Min: vg.Point{X: x, Y: r.Min.Y}, Max: vg.Point{X: x + r.Size().X/steps + 0.3, Y: r.Max.Y}}.Path())
		}
	}}
}
