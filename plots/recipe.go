package plots

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// RecipeStage is one box: its name and up to two lines on what it takes and costs.
type RecipeStage struct {
	Name  string
	Lines []string
	State StageState
}

// StageState says whether a stage is the same for all recipes of a study.
type StageState uint8

const (
	Planned StageState = iota // the same for all recipes
	Varied                    // differs between the recipes of the study
)

// RecipeData is a recipe as a picture: stages in the order in which they run.
type RecipeData struct {
	Title  string
	Stages []RecipeStage
}

// Recipe draws the stages as boxes in a row with arrows between them. Stages that
// the study varies look different, and a legend says so when there are any.
func Recipe(data RecipeData) ([]byte, error) {
	n := len(data.Stages)
	if n == 0 {
		return emptyFigure(data.Title, "no data: the recipe has no stages")
	}
	const arrow, perRow, rowApart = vg.Length(22), 5, vg.Length(26)
	columns := min(n, perRow)
	width := min(150, (figureWidth-2*margin-arrow*vg.Length(columns-1))/vg.Length(columns))
	name, line := bold(lettering(sizePanel, ink)), lettering(sizeTick, ink)
	texts := make([][2][]string, n)
	height := vg.Length(0)
	for i, s := range data.Stages {
		texts[i][0] = wrapEvenly(name, s.Name, width-12)
		for _, l := range s.Lines {
			texts[i][1] = append(texts[i][1], wrapEvenly(line, l, width-12)...)
		}
		height = max(height, vg.Length(len(texts[i][0]))*lineHeight(name)+vg.Length(len(texts[i][1]))*lineHeight(line)+16)
	}
	rows := (n + perRow - 1) / perRow
	f := figure{title: data.Title, keys: recipeKeys(data.Stages), keysBelow: true}
	f.width = max(width*vg.Length(columns)+arrow*vg.Length(columns-1), f.keysWidth(), name.Width(data.Title)*1.3) + 2*margin
	f.width = min(f.width, figureWidth)
	c, finish := f.begin(height*vg.Length(rows) + rowApart*vg.Length(rows-1))
	var last vg.Rectangle
	for i, s := range data.Stages {
		corner := vg.Point{X: c.Min.X + vg.Length(i%perRow)*(width+arrow), Y: c.Max.Y - height - vg.Length(i/perRow)*(height+rowApart)}
		box := vg.Rectangle{Min: corner, Max: corner.Add(vg.Point{X: width, Y: height})}
		if i > 0 {
			connectStages(c, last, box)
		}
		drawStage(c, box, texts[i][0], texts[i][1], s.State)
		last = box
	}
	return finish()
}

func drawStage(c draw.Canvas, box vg.Rectangle, name, lines []string, state StageState) {
	fill, stroke := stageColours(state)
	fillAndStroke(c, roundedBox(box, 6), fill, stroke, 1.2)
	s, small := bold(lettering(sizePanel, ink)), lettering(sizeTick, ink)
	s.XAlign, small.XAlign = draw.XCenter, draw.XCenter
	text := vg.Length(len(name))*lineHeight(s) + vg.Length(len(lines))*lineHeight(small)
	y := box.Max.Y - (box.Size().Y-text)/2
	x := (box.Min.X + box.Max.X) / 2
	for _, l := range name {
		y -= lineHeight(s)
		drawText(c, s, vg.Point{X: x, Y: y + 0.3*sizePanel}, l)
	}
	for _, l := range lines {
		y -= lineHeight(small)
		drawText(c, small, vg.Point{X: x, Y: y + 0.25*sizeTick}, l)
	}
}

func stageColours(s StageState) (fill, stroke color.NRGBA) {
	if s == Varied {
		return tint(palette[4], 0.3), palette[1]
	}
	return tint(palette[5], 0.22), palette[0]
}

func recipeKeys(stages []RecipeStage) []key {
	var has [2]bool
	for _, s := range stages {
		has[min(s.State, Varied)] = true
	}
	if !has[Varied] {
		return nil
	}
	var keys []key
	for i, name := range []string{"the same for all", "what the study varies"} {
		if has[i] {
			fill, stroke := stageColours(StageState(i))
			keys = append(keys, key{name, func(c draw.Canvas, r vg.Rectangle) {
				fillAndStroke(c, roundedBox(r, 2.5), fill, stroke, 1)
			}})
		}
	}
	return keys
}

// connectStages draws the arrow from one box to the next, around the corner when
// the next begins a row.
func connectStages(c draw.Canvas, from, to vg.Rectangle) {
	style := draw.LineStyle{Color: dagEdge, Width: 1.3}
	middle := func(r vg.Rectangle) vg.Length { return (r.Min.Y + r.Max.Y) / 2 }
	if to.Min.X > from.Min.X {
		tip := vg.Point{X: to.Min.X - 2, Y: middle(to)}
		start := vg.Point{X: from.Max.X + 3, Y: middle(from)}
		c.StrokeLines(style, []vg.Point{start, {X: tip.X - 4, Y: tip.Y}})
		arrowHead(c, start, tip, headSize+0.5, dagEdge)
		return
	}
	turn := (from.Min.Y + to.Max.Y) / 2
	below, above := (from.Min.X+from.Max.X)/2, (to.Min.X+to.Max.X)/2
	tip := vg.Point{X: above, Y: to.Max.Y + 2}
	c.StrokeLines(style, []vg.Point{{X: below, Y: from.Min.Y - 3}, {X: below, Y: turn}, {X: above, Y: turn}, {X: above, Y: tip.Y + 4}})
	arrowHead(c, vg.Point{X: above, Y: turn}, tip, headSize+0.5, dagEdge)
}
