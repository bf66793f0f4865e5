package plots

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// TokenRole says how a token's box is filled.
type TokenRole uint8

const (
	Given       TokenRole = iota // part of the prompt: no fill
	Shaded                       // by Value: the less likely, the darker
	RightStep                    // part of a right step
	WrongStep                    // part of a wrong step
	NeedlessOne                  // part of a right step that the solution does not need
)

// Token is a piece of a text.
type Token struct {
	Text   string
	Role   TokenRole
	Value  float64 // in [0, 1]; written below the token in per cent, unless it is no number
	Detail string  // a second line below it, such as the entropy
	Break  bool    // a new line begins here
}

// TokensData is a text in its tokens.
type TokensData struct {
	Title  string
	Tokens []Token
	Notes  []string
}

// Tokens draws a text token by token: each in a box, with a number below it where it has one.
func Tokens(data TokensData) ([]byte, error) {
	if len(data.Tokens) == 0 {
		return emptyFigure(data.Title, "no tokens")
	}
	f := figure{title: data.Title, notes: data.Notes, keys: tokenKeys(data.Tokens)}
	rows := tokenRows(data.Tokens)
	height := vg.Length(0)
	for _, row := range rows {
		height += rowHeight(row)
	}
	c, finish := f.begin(height)
	top := c.Max.Y
	for _, row := range rows {
		x := c.Min.X
		for _, t := range row {
			w := t.width()
			t.draw(c, vg.Rectangle{Min: vg.Point{X: x, Y: top - tokenBox}, Max: vg.Point{X: x + w, Y: top}})
			x += w + tokenGap
		}
		top -= rowHeight(row)
	}
	return finish()
}

// rowHeight is the height of a line of tokens: more where numbers stand below them.
func rowHeight(row []Token) vg.Length {
	for _, t := range row {
		if t.Role != Given || t.Detail != "" {
			return tokenRow
		}
	}
	return tokenBare
}

const (
	tokenBox  = vg.Length(15) // height of a token's box
	tokenRow  = vg.Length(42) // from line to line
	tokenBare = vg.Length(21) // the same, of lines without numbers
	tokenGap  = vg.Length(3)
	tokenPad  = vg.Length(4)
)

// shown is a token's text as it is drawn: a blank at its begin or end would not show.
func (t Token) shown() string { return strings.TrimSpace(strings.ReplaceAll(t.Text, "\n", "⏎")) }

func (t Token) width() vg.Length {
	w := max(lettering(sizeTick, ink).Width(t.shown()), lettering(sizeNote-2, subdued).Width(t.Detail))
	return max(w+2*tokenPad, 20)
}

// tokenRows breaks a text into lines that fit the figure.
func tokenRows(all []Token) (rows [][]Token) {
	room := figureWidth - 2*margin
	x := room + 1
	for _, t := range all {
		w := t.width()
		if x+w > room || t.Break {
			rows, x = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], t)
		x += w + tokenGap
	}
	return rows
}

func (t Token) draw(c draw.Canvas, box vg.Rectangle) {
	fill, stroke := t.colours()
	fillAndStroke(c, roundedBox(box, 2), fill, stroke, 0.6)
	middle := (box.Min.X + box.Max.X) / 2
	letters := ink
	if t.Role == Given {
		letters = subdued
	}
	text := aligned(lettering(sizeTick, letters), draw.XCenter, draw.YBottom)
	drawText(c, text, vg.Point{X: middle, Y: box.Min.Y + 4}, t.shown())
	small := aligned(lettering(sizeNote-2, subdued), draw.XCenter, draw.YBottom)
	y := box.Min.Y - lineHeight(small)
	if !math.IsNaN(t.Value) && t.Role != Given {
		drawText(c, small, vg.Point{X: middle, Y: y}, fmt.Sprintf("%.0f", 100*t.Value))
		y -= lineHeight(small)
	}
	if t.Detail != "" {
		drawText(c, small, vg.Point{X: middle, Y: y}, t.Detail)
	}
}

// colours are a token's fill and outline.
func (t Token) colours() (fill, stroke color.NRGBA) {
	switch t.Role {
	case Shaded:
		doubt := 1 - t.Value
		if math.IsNaN(doubt) {
			doubt = 0
		}
		return tint(palette[4], 0.85*max(0, min(1, doubt))), pale
	case RightStep:
		return tint(palette[2], 0.35), palette[2]
	case WrongStep:
		return tint(palette[1], 0.45), palette[1]
	case NeedlessOne:
		return tint(palette[5], 0.35), palette[5]
	}
	return white, gridGrey
}

// tokenKeys explain the roles that occur.
func tokenKeys(all []Token) (keys []key) {
	names := map[TokenRole]string{Shaded: "the darker, the less likely", RightStep: "right step", WrongStep: "wrong step", NeedlessOne: "right, not needed"}
	seen := map[TokenRole]bool{}
	for _, t := range all {
		if name := names[t.Role]; name != "" && !seen[t.Role] {
			seen[t.Role] = true
			example := t
			example.Value = 0.4
			fill, stroke := example.colours()
			keys = append(keys, blockKey(name, fill, stroke))
		}
	}
	return keys
}

// AttentionData are the weights of queries over keys, one row a query.
type AttentionData struct {
	Title         string
	Queries, Keys []string
	Weights       [][]float64 // [query][key], in [0, 1]
}

// shortened are names of at most 20 letters: a token of many words takes the room of the map else.
func shortened(names []string) []string {
	short := make([]string, len(names))
	for i, name := range names {
		if letters := []rune(name); len(letters) > 20 {
			name = strings.TrimSpace(string(letters[:9])) + " … " + strings.TrimSpace(string(letters[len(letters)-8:]))
		}
		short[i] = name
	}
	return short
}

func widest(s text.Style, names []string) (width vg.Length) {
	for _, name := range names {
		width = max(width, s.Width(name))
	}
	return width
}

// attentionCells fits a map into the figure: the lettering of its names, which is no higher than a cell, the side of a
// cell, and the width of the queries' names.
func attentionCells(queries []string, keys int) (style text.Style, cell, left vg.Length) {
	style = lettering(sizeTick, ink)
	for range 4 { // smaller names leave more room for the cells
		left = widest(style, queries)
		cell = min((figureWidth-2*margin-left-6)/vg.Length(keys), 16)
		style.Font.Size = min(sizeTick, cell)
	}
	return style, cell, widest(style, queries)
}

// Attention draws a map of attention: one row a query, one column a key, the darker the more.
//
// It returns an error when the numbers of names and weights differ.
func Attention(data AttentionData) ([]byte, error) {
	if err := sameCount("queries", len(data.Queries), len(data.Weights)); err != nil {
		return nil, err
	}
	for i, row := range data.Weights {
		if err := sameCount(fmt.Sprintf("keys of query %d", i+1), len(data.Keys), len(row)); err != nil {
			return nil, err
		}
	}
	if len(data.Queries) == 0 {
		return emptyFigure(data.Title, "no tokens")
	}
	queries, keys := shortened(data.Queries), shortened(data.Keys)
	style, cell, left := attentionCells(queries, len(keys))
	below := widest(style, keys)
	f := figure{title: data.Title, notes: []string{"Rows: the token that looks. Columns: where it looks. The darker, the more; each row adds up to 100 %."}}
	c, finish := f.begin(cell*vg.Length(len(data.Queries)) + below + 8)
	for i, row := range data.Weights {
		y := c.Max.Y - vg.Length(i+1)*cell
		drawText(c, aligned(style, draw.XRight, draw.YCenter), vg.Point{X: c.Min.X + left, Y: y + cell/2 - 0.35*style.Font.Size}, queries[i])
		for k, w := range row {
			x := c.Min.X + left + 6 + vg.Length(k)*cell
			box := vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + cell, Y: y + cell}}
			fillAndStroke(c, roundedBox(box, 0), tint(palette[0], max(0, min(1, w))), gridGrey, 0.3)
		}
	}
	turned := aligned(style, draw.XRight, draw.YCenter)
	turned.Rotation = math.Pi / 2
	for k, name := range keys {
		x := c.Min.X + left + 6 + (vg.Length(k)+0.5)*cell
		drawText(c, turned, vg.Point{X: x, Y: c.Max.Y - cell*vg.Length(len(data.Queries)) - 4}, name)
	}
	return finish()
}
