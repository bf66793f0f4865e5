package plots

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// panel is a data area with two axes. Layers are drawn in order, over the grid
// and under nothing.
type panel struct {
	title   string
	caption []remark // what stands behind the panel, in small print under its title; wrapped
	x, y    axis
	layers  []func(f frame)
	ends    []endLabel // labels to the right of the data area
	spans   []OpSpan   // shaded ranges of x, named above the data area
	note    string     // written in the middle, for what cannot be drawn
}

// remark is a text in a colour.
type remark struct {
	text   string
	colour color.NRGBA
}

// endLabel names a line at its end, on the right edge of the panel.
type endLabel struct {
	y      float64
	text   string
	colour color.NRGBA
}

// frame is a panel on its canvas: the rectangle is the data area.
type frame struct {
	draw.Canvas
	x, y axis
}

func (f frame) at(x, y float64) vg.Point {
	return vg.Point{X: f.X(f.x.fraction(x)), Y: f.Y(f.y.fraction(y))}
}

// box is the part of a rectangle that lies inside the data area.
func (f frame) box(x0, y0, x1, y1 float64) vg.Rectangle {
	clamp := func(p vg.Point) vg.Point {
		return vg.Point{X: max(f.Min.X, min(f.Max.X, p.X)), Y: max(f.Min.Y, min(f.Max.Y, p.Y))}
	}
	return vg.Rectangle{Min: clamp(f.at(x0, y0)), Max: clamp(f.at(x1, y1))}
}

// grid is rows of panels. Data areas of one column are equally wide, of one row
// equally high.
type grid struct {
	rows   [][]*panel
	height vg.Length   // of a data area
	ratios []vg.Length // heights of the rows relative to height; 1 where missing
}

const (
	tickLength = vg.Length(3)
	tickGap    = vg.Length(3)
	labelGap   = vg.Length(4)
	panelGap   = vg.Length(14)
	endGap     = vg.Length(6)
	longestEnd = vg.Length(190) // of an end label
	narrowest  = vg.Length(60)  // of a data area
)

func tickStyle() text.Style  { return lettering(sizeTick, ink) }
func labelStyle() text.Style { return lettering(sizeLabel, ink) }
func panelStyle() text.Style { return bold(lettering(sizePanel, ink)) }
func endStyle() text.Style   { return lettering(sizeTick, ink) }

func captionStyle() text.Style { return lettering(sizeNote, subdued) }

// edges are the widths of what surrounds a data area.
type edges struct{ left, right, bottom vg.Length }

// surround measures what a panel needs around its data area.
func (p *panel) surround() edges {
	var e edges
	s := tickStyle()
	if !p.y.unlabelled {
		for _, t := range p.y.ticks {
			e.left = max(e.left, linesWidth(s, strings.Split(t.label, "\n")))
		}
	}
	if e.left > 0 {
		e.left += tickGap + tickLength
	}
	if p.y.label != "" {
		e.left += lineHeight(labelStyle()) + labelGap
	}
	if len(p.x.ticks) > 0 && !p.x.unlabelled {
		lines := 1
		for _, t := range p.x.ticks {
			lines = max(lines, 1+strings.Count(t.label, "\n"))
		}
		e.bottom += tickLength + tickGap + lineHeight(s)*vg.Length(lines)
	}
	if p.x.label != "" {
		e.bottom += labelGap + lineHeight(labelStyle())
	}
	if n := len(p.x.ticks); n > 0 {
		last := p.x.ticks[n-1]
		e.right = linesWidth(s, strings.Split(last.label, "\n")) / 2 * vg.Length(max(0, 1-8*(1-p.x.fraction(last.at))))
	}
	for i, l := range p.ends {
		p.ends[i].text = shorten(endStyle(), l.text, longestEnd)
		l = p.ends[i]
		e.right = max(e.right, endGap+endStyle().Width(l.text))
	}
	return e
}

// above measures what a panel of a width needs above its data area, and breaks its
// caption into lines.
func (p *panel) above(width vg.Length) vg.Length {
	var lines []remark
	for _, c := range p.caption {
		for _, line := range wrapEvenly(captionStyle(), c.text, width+panelGap/2) {
			lines = append(lines, remark{line, c.colour})
		}
	}
	p.caption = lines
	top := vg.Length(len(lines))*lineHeight(captionStyle()) + vg.Length(p.spanRows())*spanRow
	if p.title != "" {
		top += lineHeight(panelStyle())
	}
	return max(top+gapIf(top > 0, 3), ascent(tickStyle())/2)
}

// draw draws a figure of panels.
func (g grid) draw(f figure) ([]byte, error) {
	columns := 0
	for _, row := range g.rows {
		columns = max(columns, len(row))
	}
	left, right := make([]vg.Length, columns), make([]vg.Length, columns)
	top, bottom := make([]vg.Length, len(g.rows)), make([]vg.Length, len(g.rows))
	height, width := vg.Length(0), figureWidth-2*margin-panelGap*vg.Length(columns-1)
	for i, row := range g.rows {
		for j, p := range row {
			if p == nil {
				continue
			}
			e := p.surround()
			left[j], right[j] = max(left[j], e.left), max(right[j], e.right)
			bottom[i] = max(bottom[i], e.bottom)
		}
		height += bottom[i] + g.rowHeight(i)
	}
	for j := range columns {
		width -= left[j] + right[j]
	}
	width /= vg.Length(columns)
	if width < narrowest { // many columns: a wider figure
		f.width = figureWidth + vg.Length(columns)*(narrowest-width)
		width = narrowest
	}
	for i, row := range g.rows {
		for _, p := range row {
			if p != nil {
				top[i] = max(top[i], p.above(width))
			}
		}
		height += top[i]
	}
	height += panelGap * vg.Length(len(g.rows)-1)
	c, finish := f.begin(height)
	y := c.Max.Y
	for i, row := range g.rows {
		x := c.Min.X
		y -= top[i] + g.rowHeight(i)
		for j, p := range row {
			if p != nil {
				area := vg.Rectangle{Min: vg.Point{X: x + left[j], Y: y}, Max: vg.Point{X: x + left[j] + width, Y: y + g.rowHeight(i)}}
				p.draw(draw.Canvas{Canvas: c.Canvas, Rectangle: area}, left[j], bottom[i])
			}
			x += left[j] + width + right[j] + panelGap
		}
		y -= bottom[i] + panelGap
	}
	return finish()
}

func (g grid) rowHeight(i int) vg.Length {
	if i < len(g.ratios) {
		return g.height * g.ratios[i]
	}
	return g.height
}

// draw draws a panel whose data area is the canvas; left and bottom are the room
// for the axes.
func (p *panel) draw(c draw.Canvas, left, bottom vg.Length) {
	f := frame{c, p.x, p.y}
	f.drawSpans(p.spans)
	f.drawGrid()
	f.drawAxes(left, bottom)
	for _, layer := range p.layers {
		layer(f)
	}
	y := c.Max.Y + 6 + vg.Length(p.spanRows())*spanRow
	for i := len(p.caption) - 1; i >= 0; i-- {
		s := captionStyle()
		s.Color = p.caption[i].colour
		drawText(c, s, vg.Point{X: c.Min.X, Y: y}, p.caption[i].text)
		y += lineHeight(captionStyle())
	}
	if p.title != "" {
		drawText(c, panelStyle(), vg.Point{X: c.Min.X, Y: y}, shorten(panelStyle(), p.title, c.Size().X+10))
	}
	f.drawEndLabels(p.ends)
	if p.note != "" {
		drawNote(c, p.note)
	}
}

// spanRow is the height of the strip above a data area that names its spans.
const spanRow = vg.Length(14)

// spanRows is how many strips the names of the spans take.
func (p *panel) spanRows() int {
	n := 0
	for _, s := range p.spans {
		if s.Name != "" {
			n++
		}
	}
	return n
}

// drawSpans shades ranges of ops and names each in a strip of its own above the
// data area, with a bracket, so that names never meet data or each other.
func (f frame) drawSpans(spans []OpSpan) {
	s := lettering(sizeNote, subdued)
	for i, span := range spans {
		lo := max(f.Min.X, f.at(float64(span.Low)-0.5, f.y.lo).X)
		hi := min(f.Max.X, f.at(float64(span.High)+0.5, f.y.lo).X)
		if lo >= hi {
			continue
		}
		colour := spanColours[i%len(spanColours)]
		f.SetColor(fade(colour, 0.13))
		f.Fill(vg.Rectangle{Min: vg.Point{X: lo, Y: f.Min.Y}, Max: vg.Point{X: hi, Y: f.Max.Y}}.Path())
		if span.Name == "" {
			continue
		}
		y := f.Max.Y + spanRow*vg.Length(i) + 2.5
		f.StrokeLine2(draw.LineStyle{Color: fade(colour, 0.8), Width: 2.2}, lo+0.5, y, hi-0.5, y)
		name := shorten(s, span.Name, f.Size().X)
		x := max(f.Min.X, min((lo+hi)/2-s.Width(name)/2, f.Max.X-s.Width(name)))
		drawText(f.Canvas, s, vg.Point{X: x, Y: y + 3.4}, name)
	}
}

// Spans must not look like series: two quiet colours that no line has.
var spanColours = []color.NRGBA{{0xc8, 0xa0, 0x28, 0xff}, {0x8c, 0x8c, 0x8c, 0xff}, {0x7a, 0x9a, 0x7a, 0xff}}

func (f frame) drawGrid() {
	style := draw.LineStyle{Color: gridGrey, Width: 0.6}
	if f.y.grid {
		for _, t := range f.y.ticks {
			if y := f.Y(f.y.fraction(t.at)); t.label != "" && f.ContainsY(y) {
				f.StrokeLine2(style, f.Min.X, y, f.Max.X, y)
			}
		}
	}
	if f.x.grid {
		for _, t := range f.x.ticks {
			if x := f.X(f.x.fraction(t.at)); t.label != "" && f.ContainsX(x) {
				f.StrokeLine2(style, x, f.Min.Y, x, f.Max.Y)
			}
		}
	}
}

func (f frame) drawAxes(left, bottom vg.Length) {
	line := draw.LineStyle{Color: ink, Width: 0.7}
	f.StrokeLine2(line, f.Min.X, f.Min.Y, f.Max.X, f.Min.Y)
	f.StrokeLine2(line, f.Min.X, f.Min.Y, f.Min.X, f.Max.Y)
	if f.x.scale == zeroAndLogarithmic {
		f.drawBreak()
	}
	s := tickStyle()
	s.XAlign = draw.XCenter
	edge := -vg.Inch * 100 // right end of the last label drawn
	for _, t := range f.x.ticks {
		x := f.X(f.x.fraction(t.at))
		lines := strings.Split(t.label, "\n")
		half := linesWidth(s, lines) / 2
		f.StrokeLine2(line, x, f.Min.Y, x, f.Min.Y-markLength(t))
		if t.label == "" || f.x.unlabelled || x-half < edge+4 {
			continue
		}
		edge = x + half
		for i, line := range lines {
			drawText(f.Canvas, s, vg.Point{X: x, Y: f.Min.Y - tickLength - tickGap - ascent(s) - lineHeight(s)*vg.Length(i)}, line)
		}
	}
	s.XAlign = draw.XRight
	for _, t := range f.y.ticks {
		y := f.Y(f.y.fraction(t.at))
		f.StrokeLine2(line, f.Min.X-markLength(t), y, f.Min.X, y)
		if !f.y.unlabelled {
			lines := strings.Split(t.label, "\n")
			top := y - ascent(s)/2 + lineHeight(s)*vg.Length(len(lines)-1)/2
			for i, line := range lines {
				drawText(f.Canvas, s, vg.Point{X: f.Min.X - tickLength - tickGap, Y: top - lineHeight(s)*vg.Length(i)}, line)
			}
		}
	}
	l := labelStyle()
	l.XAlign = draw.XCenter
	drawText(f.Canvas, l, vg.Point{X: f.Center().X, Y: f.Min.Y - bottom + 0.3*sizeLabel}, shorten(l, f.x.label, f.Size().X+panelGap))
	l.Rotation = math.Pi / 2
	drawText(f.Canvas, l, vg.Point{X: f.Min.X - left + ascent(l) + 1, Y: f.Center().Y}, shorten(l, f.y.label, f.Size().Y+2*panelGap))
}

func markLength(t tick) vg.Length {
	if t.label == "" {
		return tickLength / 2
	}
	return tickLength
}

// drawEndLabels writes labels at the right edge, apart enough to be read, each
// as near to its value as that allows.
func (f frame) drawEndLabels(labels []endLabel) {
	if len(labels) == 0 {
		return
	}
	labels = slices.Clone(labels)
	slices.SortStableFunc(labels, func(a, b endLabel) int {
		switch {
		case a.y < b.y:
			return -1
		case a.y > b.y:
			return 1
		}
		return 0
	})
	s := endStyle()
	want := make([]float64, len(labels))
	for i, l := range labels {
		want[i] = float64(f.Y(math.Max(0, math.Min(1, f.y.fraction(l.y)))))
	}
	places := spread(want, float64(lineHeight(s)), float64(f.Min.Y), float64(f.Max.Y))
	for i, l := range labels {
		s.Color = l.colour
		y := vg.Length(places[i])
		if d := y - vg.Length(want[i]); d > 1 || d < -1 {
			f.StrokeLine2(draw.LineStyle{Color: fade(l.colour, 0.6), Width: 0.5}, f.Max.X+1, vg.Length(want[i]), f.Max.X+endGap-1, y)
		}
		drawText(f.Canvas, s, vg.Point{X: f.Max.X + endGap, Y: y - ascent(s)/2}, l.text)
	}
}

// spread moves ascending places apart by at least gap, within [lo, hi] as far as
// they fit, with the least sum of squared moves (isotonic regression).
func spread(want []float64, gap, lo, hi float64) []float64 {
	type block struct {
		mean float64
		n    int
	}
	var blocks []block
	for i, w := range want {
		blocks = append(blocks, block{w - float64(i)*gap, 1})
		for k := len(blocks) - 1; k > 0 && blocks[k-1].mean > blocks[k].mean; k-- {
			a, b := blocks[k-1], blocks[k]
			blocks[k-1] = block{(a.mean*float64(a.n) + b.mean*float64(b.n)) / float64(a.n+b.n), a.n + b.n}
			blocks = blocks[:k]
		}
	}
	out := make([]float64, 0, len(want))
	top := hi - float64(len(want)-1)*gap
	for _, b := range blocks {
		for range b.n {
			out = append(out, math.Max(lo, math.Min(top, b.mean))+float64(len(out))*gap)
		}
	}
	return out
}

// line strokes a polyline through the drawable points, with gaps where a point is
// missing, clipped to the data area.
func (f frame) line(xs, ys []float64, style draw.LineStyle) {
	for _, run := range f.runs(xs, ys) {
		f.StrokeLines(style, f.ClipLinesXY(run)...)
	}
}

// runs returns the stretches of neighbouring drawable points.
func (f frame) runs(xs, ys []float64) [][]vg.Point {
	var runs [][]vg.Point
	open := false
	for i := range xs {
		if !f.x.scale.drawable(xs[i]) || !f.y.scale.drawable(ys[i]) {
			open = false
			continue
		}
		if !open {
			runs = append(runs, nil)
			open = true
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], f.at(xs[i], ys[i]))
		open = xs[i] != 0 || f.x.scale != zeroAndLogarithmic // no line crosses the break of an axis
	}
	return runs
}

// band fills the area between two curves where both are drawable.
func (f frame) band(xs, low, high []float64, c color.Color) {
	var upper, lower []vg.Point
	flush := func() {
		if len(upper) > 1 {
			slices.Reverse(lower)
			f.FillPolygon(c, f.ClipPolygonXY(append(upper, lower...)))
		}
		upper, lower = nil, nil
	}
	for i := range xs {
		if !f.x.scale.drawable(xs[i]) || !f.y.scale.drawable(low[i]) || !f.y.scale.drawable(high[i]) {
			flush()
			continue
		}
		upper = append(upper, f.at(xs[i], high[i]))
		lower = append(lower, f.at(xs[i], low[i]))
	}
	flush()
}

// place returns where a value lies, moved sideways by offset, and whether it can
// be seen there.
func (f frame) place(x, y float64, offset vg.Length) (vg.Point, bool) {
	if !f.x.scale.drawable(x) || !f.y.scale.drawable(y) {
		return vg.Point{}, false
	}
	pt := f.at(x, y)
	pt.X += offset
	const slack = vg.Length(0.5) // a value on the edge is inside
	return pt, pt.X >= f.Min.X-slack && pt.X <= f.Max.X+slack && pt.Y >= f.Min.Y-slack && pt.Y <= f.Max.Y+slack
}

// marker draws a filled glyph on a white rim, so that it stays readable on lines.
func marker(c draw.Canvas, pt vg.Point, l look, radius vg.Length) {
	c.DrawGlyphNoClip(draw.GlyphStyle{Color: white, Radius: radius + 0.9, Shape: l.shape}, pt)
	c.DrawGlyphNoClip(draw.GlyphStyle{Color: l.colour, Radius: radius, Shape: l.shape}, pt)
}

// hollow draws the marker of a value that the paper reports: a ring in the colour
// of the series, empty inside.
func hollow(c draw.Canvas, pt vg.Point, colour color.Color) {
	var p vg.Path
	p.Move(vg.Point{X: pt.X + paperRadius, Y: pt.Y})
	p.Arc(pt, paperRadius, 0, 2*math.Pi)
	p.Close()
	c.SetLineStyle(draw.LineStyle{Color: colour, Width: 1.2})
	c.Stroke(p)
}

// paperRadius is larger than a marker, so that a value that meets the paper's
// stands inside its ring.
const paperRadius = vg.Length(4.3)

// whisker draws an interval as a vertical bar with caps, cut at the data area.
func (f frame) whisker(x, low, high float64, offset vg.Length, c color.Color) {
	if !f.x.scale.drawable(x) || !f.y.scale.drawable(low) || !f.y.scale.drawable(high) {
		return
	}
	a, b := f.at(x, low), f.at(x, high)
	lo, hi := max(a.Y, f.Min.Y), min(b.Y, f.Max.Y)
	if lo > hi {
		return
	}
	style := draw.LineStyle{Color: c, Width: 1.1}
	mid := a.X + offset
	f.StrokeLine2(style, mid, lo, mid, hi)
	const cap = vg.Length(2.2)
	f.StrokeLine2(style, mid-cap, lo, mid+cap, lo)
	f.StrokeLine2(style, mid-cap, hi, mid+cap, hi)
}

// sameLength returns an error unless all columns of a series have n values;
// optional columns may be empty.
func sameLength(series string, n int, optional bool, columns ...[]float64) error {
	for _, col := range columns {
		if len(col) != n && !(optional && len(col) == 0) {
			return fmt.Errorf("plots: series %q has columns of %d and %d values", series, n, len(col))
		}
	}
	return nil
}

// sameCount returns an error unless there is one of something for each name.
func sameCount(what string, names, things int) error {
	if names != things {
		return fmt.Errorf("plots: %d %s for %d names", things, what, names)
	}
	return nil
}

// leftOut words how many values a figure does not show.
func leftOut(n int, s scale) string {
	why := "not finite"
	if s == logarithmic {
		why += " or not positive"
	}
	if n == 1 {
		return "1 value is " + why + " and left out."
	}
	return fmt.Sprintf("%d values are %s and left out.", n, why)
}
