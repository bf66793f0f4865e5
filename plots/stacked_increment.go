package plots

import (
	"cmp"
	"fmt"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"interplay/kernelkit/score"
)

// IncrementBar is a model before and after RL. Gain is the paired difference
// after − before; PaperGain is the paper's, NaN when it has none.
type IncrementBar struct {
	Name      string
	Before    score.Interval // share in [0, 1]
	Gain      score.Interval // in [−1, 1]
	PaperGain float64
}

// IncrementPanel is one op range.
type IncrementPanel struct {
	Title string
	Bars  []IncrementBar
}

// StackedIncrementData is base + RL increment (paper figure 15).
type StackedIncrementData struct {
	Title  string
	XLabel string // what differs between the bars
	YLabel string
	Panels []IncrementPanel

	Intervals string // what the intervals are; "95 % intervals over prompts, paired" when empty
}

// StackedIncrement draws the base as a solid bar and what RL adds as a light one
// on top of it, with the gain in points and its interval. Where RL takes away, the
// lost part is drawn outlined within the base. The paper's result is a hollow marker.
func StackedIncrement(data StackedIncrementData) ([]byte, error) {
	if len(data.Panels) == 0 {
		return emptyFigure(data.Title, "no data")
	}
	var tops []float64
	for _, p := range data.Panels {
		for _, b := range p.Bars {
			if b.shown() {
				tops = append(tops, 1.12*(b.Before.Value+max(0, reach(b.Gain))), b.Before.Value+b.PaperGain)
			}
		}
	}
	base, gain := palette[0], palette[4]
	f := figure{title: data.Title, keys: []key{
		blockKey("base", base, base), blockKey("gained by RL", tint(gain, 0.7), gain), blockKey("lost by RL", white, palette[1]),
	}}
	var panels []*panel
	var t tally
	for _, in := range data.Panels {
		p := &panel{title: in.Title, y: shareAxis(data.YLabel, tops)}
		p.y.lo, p.y.hi = 0, p.y.hi*1.05
		var names []string
		shown := 0
		for i, b := range in.Bars {
			names = append(names, b.Name)
			if !b.shown() {
				t.missing++
				continue
			}
			shown++
			t.add(tally{shown: 1, paper: linear.drawable(b.PaperGain), spread: b.Gain.High > b.Gain.Low})
			p.layers = append(p.layers, func(f frame) { f.drawIncrement(float64(i)+0.5, b) })
		}
		p.x = nominalAxis(data.XLabel, names, false)
		if shown == 0 {
			p.note = "no data"
		}
		panels = append(panels, p)
	}
	f.keys, f.notes = t.explain(f.keys, "Numbers: gain in points. Whiskers on the gain: "+cmp.Or(data.Intervals, overPrompts+", paired")+".")
	return arrange(panels, 1, 180).draw(f)
}

func (b *IncrementBar) shown() bool {
	return linear.drawable(b.Before.Value) && linear.drawable(b.Gain.Value)
}

func (f frame) drawIncrement(x float64, b IncrementBar) {
	const half = 0.33
	before, after := b.Before.Value, b.Before.Value+b.Gain.Value
	bar := func(lo, hi float64) vg.Path {
		return f.box(x-half, lo, x+half, hi).Path()
	}
	if after >= before {
		fillAndStroke(f.Canvas, bar(0, before), palette[0], palette[0], 0.8)
		fillAndStroke(f.Canvas, bar(before, after), tint(palette[4], 0.7), palette[4], 0.8)
	} else {
		fillAndStroke(f.Canvas, bar(0, after), palette[0], palette[0], 0.8)
		fillAndStroke(f.Canvas, bar(after, before), white, palette[1], 1)
	}
	f.whisker(x, before+b.Gain.Low, before+b.Gain.High, 0, ink)
	top := f.box(x, 0, x, max(before, before+reach(b.Gain))).Max.Y
	if pt, ok := f.place(x, before+b.PaperGain, 0); ok {
		hollow(f.Canvas, pt, ink)
		top = max(top, pt.Y+paperRadius)
	}
	s := lettering(sizeTick, ink)
	s.XAlign = draw.XCenter
	drawText(f.Canvas, s, vg.Point{X: f.at(x, 0).X, Y: min(top, f.Max.Y-4) + 4}, minus(fmt.Sprintf("%+.1f", b.Gain.Value*100)))
}
