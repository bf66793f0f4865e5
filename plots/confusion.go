package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"interplay/kernelkit/score"
)

// ConfusionPanel is the counts of one model.
type ConfusionPanel struct {
	Title  string
	Basis  Basis
	Counts score.Confusion
}

// ConfusionData is answer × process for one or more models, such as before and
// after RL.
type ConfusionData struct {
	Title  string
	Panels []ConfusionPanel
}

// Confusion draws answer × process as 2 × 2 tables side by side, cells shaded by
// their share of the samples, with share and count. The cell "answer right,
// process wrong" is framed: it is what an outcome reward pays for by mistake.
func Confusion(data ConfusionData) ([]byte, error) {
	if len(data.Panels) == 0 {
		return emptyFigure(data.Title, "no data")
	}
	f := figure{title: data.Title, notes: []string{"Share of all samples of the panel, and their number. Framed: right answers by a wrong process."}}
	const cellHeight, headHeight = vg.Length(58), vg.Length(56)
	rowLabel := labelStyle().Width("process wrong") + 10
	room := figureWidth - 2*margin - rowLabel
	n := vg.Length(len(data.Panels))
	cellWidth := min(115, (room-panelGap*(n-1))/n/2)
	f.width = max(300, rowLabel+n*2*cellWidth+(n-1)*panelGap+2*margin)
	c, finish := f.begin(headHeight + 2*cellHeight)
	l := labelStyle()
	l.XAlign = draw.XRight
	for row, name := range []string{"process right", "process wrong"} {
		drawText(c, l, vg.Point{X: c.Min.X + rowLabel - 8, Y: c.Min.Y + cellHeight*(1.5-vg.Length(row)) - ascent(l)/2}, name)
	}
	x := c.Min.X + rowLabel
	for _, p := range data.Panels {
		area := vg.Rectangle{Min: vg.Point{X: x, Y: c.Min.Y}, Max: vg.Point{X: x + 2*cellWidth, Y: c.Min.Y + 2*cellHeight}}
		drawConfusion(draw.Canvas{Canvas: c.Canvas, Rectangle: area}, p)
		x += 2*cellWidth + panelGap
	}
	return finish()
}

// drawConfusion draws one table into the canvas, its heads above it.
func drawConfusion(c draw.Canvas, p ConfusionPanel) {
	width, height := c.Size().X/2, c.Size().Y/2
	head := labelStyle()
	head.XAlign = draw.XCenter
	title := panelStyle()
	title.XAlign = draw.XCenter
	small := captionStyle()
	small.XAlign = draw.XCenter
	drawText(c, title, vg.Point{X: c.Center().X, Y: c.Max.Y + 37}, shorten(title, p.Title, c.Size().X))
	drawText(c, small, vg.Point{X: c.Center().X, Y: c.Max.Y + 25}, shorten(small, p.Basis.String(), c.Size().X))
	total := p.Counts.Total()
	cells := [2][2]int{{p.Counts.RightRight, p.Counts.WrongRight}, {p.Counts.RightWrong, p.Counts.WrongWrong}}
	for col, name := range []string{"answer right", "answer wrong"} {
		drawText(c, head, vg.Point{X: c.Min.X + width*(vg.Length(col)+0.5), Y: c.Max.Y + 8}, name)
		for row := range 2 {
			corner := vg.Point{X: c.Min.X + width*vg.Length(col), Y: c.Max.Y - height*vg.Length(row+1)}
			cell := vg.Rectangle{Min: corner, Max: corner.Add(vg.Point{X: width, Y: height})}
			remark := ""
			if right := p.Counts.RightRight + p.Counts.RightWrong; row == 1 && col == 0 && right > 0 {
				remark = shareText(float64(p.Counts.RightWrong)/float64(right)) + " of right answers"
			}
			drawConfusionCell(draw.Canvas{Canvas: c.Canvas, Rectangle: cell}, cells[row][col], total, remark)
		}
	}
	if total == 0 {
		drawNote(c, "no data")
		return
	}
	lucky := vg.Rectangle{Min: vg.Point{X: c.Min.X + 1, Y: c.Min.Y + 1}, Max: vg.Point{X: c.Min.X + width - 1, Y: c.Min.Y + height - 1}}
	c.SetLineStyle(draw.LineStyle{Color: palette[1], Width: 2})
	c.Stroke(lucky.Path())
}

func drawConfusionCell(c draw.Canvas, count, total int, remark string) {
	share := 0.0
	if total > 0 {
		share = float64(count) / float64(total)
	}
	fill := tint(palette[0], 0.06+0.84*share)
	fillAndStroke(c, c.Path(), fill, white, 1.5)
	if total == 0 {
		return
	}
	big := bold(lettering(13, onTop(fill)))
	small := lettering(sizeTick, onTop(fill))
	big.XAlign, small.XAlign = draw.XCenter, draw.XCenter
	y := c.Center().Y
	if remark != "" {
		y += 6
		tiny := lettering(8, onTop(fill))
		tiny.XAlign = draw.XCenter
		drawText(c, tiny, vg.Point{X: c.Center().X, Y: y - 26}, shorten(tiny, remark, c.Size().X-8))
	}
	drawText(c, big, vg.Point{X: c.Center().X, Y: y + 1}, shareText(share))
	drawText(c, small, vg.Point{X: c.Center().X, Y: y - 13}, grouped(count))
}

// shareText writes a share in per cent with the digits that matter.
func shareText(share float64) string {
	p := share * 100
	switch {
	case p != 0 && p < 0.1:
		return "< 0.1 %"
	case p < 10 && p != math.Trunc(p):
		return fmt.Sprintf("%.1f %%", p)
	}
	return fmt.Sprintf("%.0f %%", p)
}

// grouped writes a count with thin spaces between thousands.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u2009" + s[i:]
	}
	return s
}
