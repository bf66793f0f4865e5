package plots

import (
	"image/color"
	"math"
	"strings"
	"unicode/utf8"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Sizes, in points. A point is 4/3 px at reading size, so a figure is 900 px wide.
const (
	figureWidth = vg.Length(675)
	margin      = vg.Length(10)
	dpi         = 144 // 1.5 × the 96 dots an inch of a notebook

	sizeTitle  = 12
	sizePanel  = 10
	sizeLabel  = 10
	sizeTick   = 9
	sizeLegend = 9.5
	sizeNote   = 8.5
)

// The palette of M. Okabe and K. Ito, Color Universal Design (2008), in an order
// that keeps neighbours apart in lightness too. Yellow is left out: too light for
// lines on white.
var palette = []color.NRGBA{
	{0x00, 0x72, 0xb2, 0xff}, // blue
	{0xd5, 0x5e, 0x00, 0xff}, // vermillion
	{0x00, 0x9e, 0x73, 0xff}, // bluish green
	{0xcc, 0x79, 0xa7, 0xff}, // reddish purple
	{0xe6, 0x9f, 0x00, 0xff}, // orange
	{0x56, 0xb4, 0xe9, 0xff}, // sky blue
	{0x00, 0x00, 0x00, 0xff}, // black
}

// stackPalette colours the parts of stacked bars, so that neighbours differ in
// lightness as well as in hue.
var stackPalette = []color.NRGBA{
	{0x00, 0x72, 0xb2, 0xff}, // blue
	{0xe6, 0x9f, 0x00, 0xff}, // orange
	{0x00, 0x9e, 0x73, 0xff}, // bluish green
	{0xf0, 0xe4, 0x42, 0xff}, // yellow
	{0xcc, 0x79, 0xa7, 0xff}, // reddish purple
	{0x56, 0xb4, 0xe9, 0xff}, // sky blue
	{0xd5, 0x5e, 0x00, 0xff}, // vermillion
	{0x99, 0x99, 0x99, 0xff}, // grey
	{0x33, 0x33, 0x33, 0xff}, // near black
	{0xd0, 0xd0, 0xd0, 0xff}, // light grey
}

var (
	ink      = color.NRGBA{0x22, 0x22, 0x22, 0xff} // text and axes
	subdued  = color.NRGBA{0x66, 0x66, 0x66, 0xff} // notes, the base model
	pale     = color.NRGBA{0xb0, 0xb0, 0xb0, 0xff} // what stands back
	gridGrey = color.NRGBA{0xe4, 0xe4, 0xe4, 0xff}
	white    = color.NRGBA{0xff, 0xff, 0xff, 0xff}
)

var shapes = []draw.GlyphDrawer{
	draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, diamond{}, downTriangle{}, draw.CrossGlyph{}, draw.PlusGlyph{},
}

// look is how a series is drawn everywhere in a figure.
type look struct {
	colour   color.NRGBA
	shape    draw.GlyphDrawer
	baseline bool // lies under the others, broad, so that it shows where one covers it
}

// line is the style of a series' line.
func (l look) line() draw.LineStyle {
	if l.baseline {
		return draw.LineStyle{Color: tint(l.colour, 0.45), Width: 5}
	}
	return draw.LineStyle{Color: l.colour, Width: 1.5}
}

// tint mixes a colour with white: 0 gives white, 1 the colour. Opaque, because
// figures are printed, and overlapping bands keep their meaning by their lines.
func tint(c color.NRGBA, strength float64) color.NRGBA {
	mix := func(v uint8) uint8 { return uint8(math.Round(255 + (float64(v)-255)*strength)) }
	return color.NRGBA{mix(c.R), mix(c.G), mix(c.B), 255}
}

// fade makes a colour transparent.
func fade(c color.NRGBA, opacity float64) color.NRGBA {
	c.A = uint8(math.Round(255 * opacity))
	return c
}

// onTop returns black or white, whichever reads better on c (by relative luminance).
func onTop(c color.NRGBA) color.NRGBA {
	if 0.2126*float64(c.R)+0.7152*float64(c.G)+0.0722*float64(c.B) > 140 {
		return ink
	}
	return white
}

// legible is plain text. A character that the font lacks, such as one of a user's label,
// shows as a box (see drawText); the library alone leaves it out.
type legible struct{ text.Plain }

var handler = legible{text.Plain{Fonts: font.NewCache(liberation.Collection())}}

func (h legible) Box(txt string, f font.Font) (width, height, depth vg.Length) {
	return h.Plain.Box(h.known(txt, f), f)
}

// lacking stands for a character that the font lacks.
const lacking = '□'

// known replaces what the font lacks.
func (h legible) known(txt string, f font.Font) string {
	face := h.Fonts.Lookup(f, f.Size).Face
	return strings.Map(func(r rune) rune {
		if glyph, err := face.GlyphIndex(nil, r); r != '\n' && (err != nil || glyph == 0) {
			return lacking
		}
		return r
	}, txt)
}

// lettering returns a text style in gonum's embedded Liberation Sans, left
// aligned with its anchor at the baseline's left end.
func lettering(size vg.Length, c color.Color) text.Style {
	return text.Style{Color: c, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}, Handler: handler}
}

func bold(s text.Style) text.Style { s.Font.Weight = xfont.WeightBold; return s }

// aligned sets where the anchor of a text lies.
func aligned(s text.Style, x draw.XAlignment, y draw.YAlignment) text.Style {
	s.XAlign, s.YAlign = x, y
	return s
}

// wrap breaks a text into lines of at most width. A word longer than a line is
// broken where it must be.
func wrap(s text.Style, txt string, width vg.Length) []string {
	var lines []string
	for _, paragraph := range strings.Split(txt, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if joined := strings.TrimSpace(line + " " + word); s.Width(joined) <= width {
				line = joined
				continue
			}
			if line != "" {
				lines = append(lines, line)
			}
			for s.Width(word) > width {
				cut := fitting(s, word, width)
				lines = append(lines, word[:cut])
				word = word[cut:]
			}
			line = word
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// linesWidth is the width of the longest line.
func linesWidth(s text.Style, lines []string) vg.Length {
	widest := vg.Length(0)
	for _, l := range lines {
		widest = max(widest, s.Width(l))
	}
	return widest
}

// wrapEvenly wraps like wrap, then narrows the lines while their number stays the
// same and no word breaks, so that no word is left alone on the last one.
func wrapEvenly(s text.Style, txt string, width vg.Length) []string {
	lines := wrap(s, txt, width)
	longest := linesWidth(s, strings.Fields(txt))
	for {
		width = linesWidth(s, lines) - 0.5
		if len(lines) < 2 || width < longest {
			return lines
		}
		narrower := wrap(s, txt, width)
		if len(narrower) > len(lines) {
			return lines
		}
		lines = narrower
	}
}

// fitting returns how many bytes of word fit, at least one rune.
func fitting(s text.Style, word string, width vg.Length) int {
	cut := 0
	for i, r := range word {
		end := i + utf8.RuneLen(r)
		if cut > 0 && s.Width(word[:end]) > width {
			break
		}
		cut = end
	}
	return cut
}

// shorten cuts a text to width and marks the cut.
func shorten(s text.Style, txt string, width vg.Length) string {
	if s.Width(txt) <= width {
		return txt
	}
	runes := []rune(txt)
	for len(runes) > 0 && s.Width(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ") + "…"
}

// ascent is the height of a capital over the baseline, near enough for all sizes used here.
func ascent(s text.Style) vg.Length { return 0.72 * s.Font.Size }

// lineHeight is the distance of baselines.
func lineHeight(s text.Style) vg.Length { return 1.2 * s.Font.Size }

// newCanvas returns a white canvas and the image behind it.
func newCanvas(width, height vg.Length) (draw.Canvas, *vgimg.Canvas) {
	img := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))
	return draw.New(img), img
}

// roundedBox returns the outline of a rectangle with rounded corners.
func roundedBox(r vg.Rectangle, radius vg.Length) vg.Path {
	radius = min(radius, r.Size().X/2, r.Size().Y/2)
	var p vg.Path
	p.Move(vg.Point{X: r.Min.X + radius, Y: r.Min.Y})
	p.Line(vg.Point{X: r.Max.X - radius, Y: r.Min.Y})
	p.Arc(vg.Point{X: r.Max.X - radius, Y: r.Min.Y + radius}, radius, -math.Pi/2, math.Pi/2)
	p.Line(vg.Point{X: r.Max.X, Y: r.Max.Y - radius})
	p.Arc(vg.Point{X: r.Max.X - radius, Y: r.Max.Y - radius}, radius, 0, math.Pi/2)
	p.Line(vg.Point{X: r.Min.X + radius, Y: r.Max.Y})
	p.Arc(vg.Point{X: r.Min.X + radius, Y: r.Max.Y - radius}, radius, math.Pi/2, math.Pi/2)
	p.Line(vg.Point{X: r.Min.X, Y: r.Min.Y + radius})
	p.Arc(vg.Point{X: r.Min.X + radius, Y: r.Min.Y + radius}, radius, math.Pi, math.Pi/2)
	p.Close()
	return p
}

// fillAndStroke paints a path.
func fillAndStroke(c draw.Canvas, p vg.Path, fill, stroke color.Color, width vg.Length) {
	c.SetColor(fill)
	c.Fill(p)
	c.SetLineStyle(draw.LineStyle{Color: stroke, Width: width})
	c.Stroke(p)
}

// arrowHead draws a filled head whose point is at tip, coming from the direction
// of from.
func arrowHead(c draw.Canvas, from, tip vg.Point, size vg.Length, clr color.Color) {
	dx, dy := float64(tip.X-from.X), float64(tip.Y-from.Y)
	length := math.Hypot(dx, dy)
	if length == 0 {
		return
	}
	ux, uy := vg.Length(dx/length), vg.Length(dy/length)
	back := vg.Point{X: tip.X - ux*size, Y: tip.Y - uy*size}
	half := size * 0.42
	c.FillPolygon(clr, []vg.Point{
		tip,
		{X: back.X - uy*half, Y: back.Y + ux*half},
		{X: back.X + uy*half, Y: back.Y - ux*half},
	})
}

// diamond and downTriangle complete the shapes of package draw, which has no
// filled glyphs beyond circle, square and pyramid.
type diamond struct{}

func (diamond) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, pt vg.Point) {
	r := sty.Radius * 1.25
	c.FillPolygon(sty.Color, []vg.Point{{X: pt.X, Y: pt.Y + r}, {X: pt.X + r, Y: pt.Y}, {X: pt.X, Y: pt.Y - r}, {X: pt.X - r, Y: pt.Y}})
}

type downTriangle struct{}

func (downTriangle) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, pt vg.Point) {
	r := sty.Radius * 1.2
	c.FillPolygon(sty.Color, []vg.Point{{X: pt.X, Y: pt.Y - r}, {X: pt.X + r*0.87, Y: pt.Y + r/2}, {X: pt.X - r*0.87, Y: pt.Y + r/2}})
}
