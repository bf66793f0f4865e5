package kernelkit

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"reflect"
	"strings"
	"unicode"

	"interplay/plots"
)

// Chart is a figure of your own: series over one axis, in the laboratory's colours and type.
//
//	kernelkit.Draw(kernelkit.Chart{Title: "Length", XLabel: "op", YLabel: "tokens",
//		Series: []kernelkit.Series{{Name: "base", X: ops, Y: lengths}}}).Show()
//
// Further fields: Percent (Y is a share), LogX, Basis (what stands behind it), Note (a line under it).
type Chart = plots.Chart

// Series is one series of a Chart: Name, X and Y, Low and High for the ends of its intervals, and Mark: Lines (where it is
// empty), Dots, Bars or Smooth.
type Series = plots.ChartSeries

// Basis says how many Seeds, Problems and Samples stand behind a figure.
type Basis = plots.Basis

// Marks of a series.
const (
	Lines  = plots.Lines
	Dots   = plots.Dots
	Bars   = plots.Bars
	Smooth = plots.Smooth
)

// Draw draws a chart.
func Draw(c Chart) Figure {
	text, err := plots.DrawChart(c)
	var names []string
	for _, s := range c.Series {
		names = append(names, s.Name)
	}
	return figure(text, err, fmt.Sprintf("%s: %s over %s, %s", c.Title, c.YLabel, c.XLabel, strings.Join(names, ", ")))
}

// Plot is a figure of the library gonum/plot in the laboratory's type and colours, for what a Chart cannot show. It is the
// library's own plot.Plot, so a cell imports its plotters and adds them (`go doc gonum.org/v1/plot/plotter`):
//
//	import "gonum.org/v1/plot/plotter"
//
//	p := kernelkit.NewPlot("Squares", "x", "x²")
//	line, _ := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}, {X: 2, Y: 4}})
//	p.Add(line)
//	kernelkit.FigureOf(p, "the squares of 0, 1 and 2").Show()
type Plot = plots.Plot

// NewPlot is an empty Plot. Add what you want to it, and show it with FigureOf.
func NewPlot(title, xLabel, yLabel string) *Plot { return plots.NewPlot(title, xLabel, yLabel) }

// FigureOf is a plot as a figure. says is what it shows, in words, for readers who do not see it.
func FigureOf(p *Plot, says string) Figure {
	text, err := plots.Render(p, 260)
	return figure(text, err, says)
}

// PNG is a figure from the bytes of a PNG file. says is what it shows, in words, for readers who do not
// see it.
func PNG(file []byte, says string) Figure {
	if _, err := png.DecodeConfig(bytes.NewReader(file)); err != nil {
		fail(fmt.Errorf("these %d bytes are no PNG file (%w): expected what image/png or another program wrote", len(file), err))
	}
	return Figure{file, says}
}

// Colours are the laboratory's colours in their order, as #rrggbb.
func Colours() []string { return plots.Colours() }

// TableOf is a table of a slice of structs: a column for each exported field, a row for each element. A
// field's tag `table:"words"` names its column; `table:"-"` leaves it out.
func TableOf(title string, rows any) *Table {
	t, err := tableOf(title, rows)
	if err != nil {
		fail(err)
	}
	return t
}

func tableOf(title string, rows any) (*Table, error) {
	v := reflect.ValueOf(rows)
	if v.Kind() != reflect.Slice || v.Type().Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("a table is made of a slice of structs, found %T", rows)
	}
	t := &Table{Title: title}
	var fields []int
	for i := range v.Type().Elem().NumField() {
		f := v.Type().Elem().Field(i)
		name, tagged := f.Tag.Lookup("table")
		if !f.IsExported() || name == "-" {
			continue
		}
		if !tagged {
			name = spaced(f.Name)
		}
		fields, t.Columns = append(fields, i), append(t.Columns, name)
	}
	if len(fields) == 0 {
		return nil, errors.New("the structs of the table have no exported field: a column is a field whose name begins with a capital letter")
	}
	for i := range v.Len() {
		var row []any
		for _, f := range fields {
			row = append(row, v.Index(i).Field(f).Interface())
		}
		t.Add(row...)
	}
	return t, nil
}

// spaced writes a field's name as words: PassAt1 as pass at 1.
func spaced(name string) string {
	var b strings.Builder
	before := ' '
	for _, r := range name {
		if (unicode.IsUpper(r) && unicode.IsLower(before)) || (unicode.IsDigit(r) && unicode.IsLetter(before)) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
		before = r
	}
	return b.String()
}
