package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// StackedRow is one bar: the counts of each class, in the order of
// StackedSharesData.Classes.
type StackedRow struct {
	Name   string
	Counts []float64
}

// StackedSharesData is how something divides into classes, such as samples by
// the class of their first wrong step, before and after RL or per op.
type StackedSharesData struct {
	Title   string
	Classes []string
	Rows    []StackedRow
	Basis   Basis // of all rows
}

// StackedShares draws one horizontal bar a row, each 100 % long, divided into
// classes. The number that a bar stands for is written at its end.
//
// It returns an error when a row has not one count a class.
func StackedShares(data StackedSharesData) ([]byte, error) {
	for _, r := range data.Rows {
		if len(r.Counts) != len(data.Classes) {
			return nil, fmt.Errorf("plots: row %q has %d counts for %d classes", r.Name, len(r.Counts), len(data.Classes))
		}
	}
	if len(data.Rows) == 0 || len(data.Classes) == 0 {
		return emptyFigure(data.Title, "no data")
	}
	rows := make([]barRow, len(data.Rows))
	for i, r := range data.Rows {
		total := 0.0
		for _, v := range r.Counts {
			if linear.drawable(v) && v > 0 {
				total += v
			}
		}
		rows[i] = barRow{name: r.Name, end: "n = " + grouped(int(math.Round(total))), parts: make([]float64, len(r.Counts))}
		if total == 0 {
			rows[i].end = "no data"
			continue
		}
		for k, v := range r.Counts {
			if linear.drawable(v) && v > 0 {
				rows[i].parts[k] = v / total
			}
		}
	}
	x := axis{label: "share of samples (%)", lo: 0, hi: 1, ticks: linearTicks(0, 1, 5, percent), grid: true}
	f := figure{title: data.Title, keys: classKeys(data.Classes)}
	return drawBarRows(f, x, rows, data.Basis, func(v float64) string {
		return fmt.Sprintf("%.0f", v*100)
	})
}

// barRow is one horizontal bar of stacked parts, with a remark at its end.
type barRow struct {
	name  string
	parts []float64
	end   string
}

func classKeys(classes []string) []key {
	keys := make([]key, len(classes))
	for i, name := range classes {
		keys[i] = blockKey(name, stackPalette[i%len(stackPalette)], white)
	}
	return keys
}

const barHeight, barGap = vg.Length(22), vg.Length(9)

// drawBarRows draws a figure of horizontal stacked bars. Parts wide enough carry
// their value.
func drawBarRows(f figure, x axis, rows []barRow, basis Basis, format func(float64) string) ([]byte, error) {
	p := &panel{caption: basis.caption(), x: x, y: axis{lo: 0, hi: float64(len(rows))}}
	for i, r := range rows {
		middle := float64(len(rows)-i) - 0.5
		p.y.ticks = append(p.y.ticks, tick{middle, shorten(tickStyle(), r.name, 190)})
		if r.end != "" {
			p.ends = append(p.ends, endLabel{middle, r.end, subdued})
		}
		p.layers = append(p.layers, func(fr frame) { fr.drawBarRow(middle, r.parts, format) })
	}
	return grid{rows: [][]*panel{{p}}, height: vg.Length(len(rows)) * (barHeight + barGap)}.draw(f)
}

func (f frame) drawBarRow(middle float64, parts []float64, format func(float64) string) {
	from := 0.0
	y := f.at(0, middle).Y
	for k, v := range parts {
		if v <= 0 {
			continue
		}
		lo, hi := f.at(from, middle).X, f.at(from+v, middle).X
		from += v
		fill := stackPalette[k%len(stackPalette)]
		gap := min(0.8, (hi-lo)/2) // between parts
		f.SetColor(fill)
		f.Fill(vg.Rectangle{Min: vg.Point{X: lo, Y: y - barHeight/2}, Max: vg.Point{X: hi - gap, Y: y + barHeight/2}}.Path())
		s := lettering(sizeTick, onTop(fill))
		s.XAlign = draw.XCenter
		if text := format(v); s.Width(text)+5 < hi-lo {
			drawText(f.Canvas, s, vg.Point{X: (lo + hi) / 2, Y: y - ascent(s)/2}, text)
		}
	}
}
