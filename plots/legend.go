package plots

import (
	"image/color"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// key is one entry of a legend: a swatch and its name.
type key struct {
	name string
	draw func(c draw.Canvas, r vg.Rectangle)
}

const (
	keySwatch = vg.Length(16)
	keyGap    = vg.Length(5)
	keyApart  = vg.Length(16)
	keyRow    = vg.Length(15)
	keysAway  = vg.Length(8)
)

func keyStyle() text.Style { return lettering(sizeLegend, ink) }

// width is what an entry takes of a row.
func (k key) width() vg.Length { return keySwatch + keyGap + keyStyle().Width(k.name) + keyApart }

// keyRows breaks the keys into rows that fit the figure.
func (f *figure) keyRows() [][]key {
	var rows [][]key
	used := vg.Length(0)
	for _, k := range f.keys {
		if len(rows) == 0 || used+k.width() > f.width-2*margin+keyApart {
			rows = append(rows, nil)
			used = 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], k)
		used += k.width()
	}
	return rows
}

// keysWidth is the width of all keys in one row.
func (f *figure) keysWidth() vg.Length {
	w := vg.Length(0)
	for _, k := range f.keys {
		w += k.width()
	}
	return max(0, w-keyApart)
}

func (f *figure) drawKeys(c draw.Canvas, rows [][]key, top vg.Length) {
	s := keyStyle()
	for i, row := range rows {
		x := margin
		mid := top - keyRow*(vg.Length(i)+0.5)
		for _, k := range row {
			k.draw(c, vg.Rectangle{Min: vg.Point{X: x, Y: mid - 4.5}, Max: vg.Point{X: x + keySwatch, Y: mid + 4.5}})
			drawText(c, s, vg.Point{X: x + keySwatch + keyGap, Y: mid - ascent(s)/2}, k.name)
			x += k.width()
		}
	}
}

// cast gives every name one look throughout a figure, in order of appearance.
type cast struct {
	names []string
	looks map[string]look
	next  int
}

func newCast() *cast { return &cast{looks: map[string]look{}} }

// look returns the look of a name. A baseline is grey, so that colours are left
// to what is compared with it, and takes no place in the order of colours.
func (c *cast) look(name string, baseline bool) look {
	l, ok := c.looks[name]
	if !ok {
		l = look{subdued, draw.CircleGlyph{}, true}
		if !baseline {
			l = look{palette[c.next%len(palette)], shapes[c.next%len(shapes)], false}
			c.next++
		}
		c.names = append(c.names, name)
		c.looks[name] = l
	}
	return l
}

// keys returns the legend entries of lines, with markers or without.
func (c *cast) keys(markers bool) []key {
	keys := make([]key, len(c.names))
	for i, name := range c.names {
		l := c.looks[name]
		keys[i] = key{name, func(c draw.Canvas, r vg.Rectangle) {
			y := (r.Min.Y + r.Max.Y) / 2
			c.StrokeLine2(l.line(), r.Min.X, y, r.Max.X, y)
			if markers {
				marker(c, vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: y}, l, 3)
			}
		}}
	}
	return keys
}

// paperKey is the legend entry of hollow markers.
func paperKey() key {
	return key{"paper", func(c draw.Canvas, r vg.Rectangle) {
		hollow(c, vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: (r.Min.Y + r.Max.Y) / 2}, subdued)
	}}
}

// blockKey is the legend entry of a filled area.
func blockKey(name string, fill, stroke color.Color) key {
	return key{name, func(c draw.Canvas, r vg.Rectangle) {
		fillAndStroke(c, r.Path(), fill, stroke, 0.7)
	}}
}
