package plots

import (
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// figure is the frame that all figures share: a title, a row of keys, the drawing,
// and notes in small print below.
type figure struct {
	title     string
	keys      []key
	keysBelow bool
	notes     []string
	width     vg.Length // figureWidth when 0
}

// begin draws everything around the drawing and returns the canvas of the
// drawing, which has the given height, and a function that encodes the figure.
func (f *figure) begin(height vg.Length) (draw.Canvas, func() ([]byte, error)) {
	if f.width == 0 {
		f.width = figureWidth
	}
	titleStyle := bold(lettering(sizeTitle, ink))
	noteStyle := lettering(sizeNote, subdued)
	inner := f.width - 2*margin
	for i := range f.keys {
		f.keys[i].name = shorten(keyStyle(), f.keys[i].name, inner-keySwatch-keyGap)
	}
	var titles, notes []string
	if f.title != "" {
		titles = wrap(titleStyle, f.title, inner)
	}
	for _, n := range f.notes {
		notes = append(notes, wrap(noteStyle, n, inner)...)
	}
	rows := f.keyRows()
	titleHeight := vg.Length(len(titles))*lineHeight(titleStyle) + gapIf(len(titles) > 0, 6)
	keysHeight := vg.Length(len(rows))*keyRow + gapIf(len(rows) > 0, keysAway)
	notesHeight := vg.Length(len(notes))*lineHeight(noteStyle) + gapIf(len(notes) > 0, 5)
	total := height + 2*margin + titleHeight + keysHeight + notesHeight

	c, img := newCanvas(f.width, total)
	y := total - margin
	for _, line := range titles {
		y -= lineHeight(titleStyle)
		drawText(c, titleStyle, vg.Point{X: margin, Y: y + 0.3*sizeTitle}, line)
	}
	y = total - margin - titleHeight
	if !f.keysBelow {
		f.drawKeys(c, rows, y)
		y -= keysHeight
	}
	area := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
		Min: vg.Point{X: margin, Y: y - height}, Max: vg.Point{X: f.width - margin, Y: y}}}
	y -= height
	if f.keysBelow {
		f.drawKeys(c, rows, y-keysAway)
		y -= keysHeight
	}
	y -= gapIf(len(notes) > 0, 5)
	for _, line := range notes {
		y -= lineHeight(noteStyle)
		drawText(c, noteStyle, vg.Point{X: margin, Y: y + 0.3*sizeNote}, line)
	}
	return area, func() ([]byte, error) { return encode(img) }
}

func gapIf(present bool, gap vg.Length) vg.Length {
	if present {
		return gap
	}
	return 0
}

// drawText puts a line's baseline at pt; the style's XAlign says which part of
// the line lies there. (gonum's YAlign counts from a box around the line, which
// shifts with the font's descent.)
func drawText(c draw.Canvas, s text.Style, pt vg.Point, line string) {
	s.YAlign = 0
	x := pt.X + s.Width(line)*vg.Length(s.XAlign)
	line, face := handler.known(line, s.Font), handler.Fonts.Lookup(s.Font, s.Font.Size)
	c.SetColor(s.Color)
	if s.Rotation == 0 {
		c.FillString(face, vg.Point{X: x, Y: pt.Y}, line)
		return
	}
	c.Push()
	c.Translate(pt)
	c.Rotate(s.Rotation)
	c.FillString(face, vg.Point{X: x - pt.X}, line)
	c.Pop()
}

// emptyFigure is a figure that only says why there is nothing to see.
func emptyFigure(title, why string) ([]byte, error) {
	f := figure{title: title}
	c, finish := f.begin(90)
	drawNote(c, why)
	return finish()
}

// drawNote writes a remark in the middle of an area.
func drawNote(c draw.Canvas, note string) {
	s := aligned(lettering(sizeLabel, subdued), draw.XCenter, 0)
	lines := wrap(s, note, c.Size().X-10)
	y := c.Center().Y + lineHeight(s)*vg.Length(len(lines)-1)/2 - ascent(s)/2
	for _, line := range lines {
		drawText(c, s, vg.Point{X: c.Center().X, Y: y}, line)
		y -= lineHeight(s)
	}
}
