package plots

import (
	"cmp"
	"fmt"

	"interplay/kernelkit/score"
)

// LadderLine is pass@k of one model at several steps of its training, for one k.
type LadderLine struct {
	K      int
	Steps  []float64
	Values []score.Interval // shares in [0, 1]
}

// LadderPanel is the lines on one set of problems, by rising k.
type LadderPanel struct {
	Title string
	Basis Basis
	Lines []LadderLine
}

// LadderData is pass@k over the steps of training: one panel a set of problems, one
// line a k (paper figure 9).
type LadderData struct {
	Title  string
	Panels []LadderPanel
	Rows   int // rows of panels; 1 when 0

	Intervals string // what the intervals are; "95 % intervals over problems" when empty
}

// Ladder draws pass@k over training steps, darker with each k, every line named at its
// end. Each panel has its own range of shares; the first and last line have their
// intervals as bands.
//
// It returns an error when a line has not one value a step.
func Ladder(data LadderData) ([]byte, error) {
	f := figure{title: data.Title}
	var t tally
	var panels []*panel
	for _, d := range data.Panels {
		var steps, values []float64
		for _, l := range d.Lines {
			if err := sameLength(fmt.Sprintf("k = %d", l.K), len(l.Steps), false, valuesOf(l.Values)); err != nil {
				return nil, err
			}
			steps = append(steps, l.Steps...)
			for _, v := range l.Values {
				values = append(values, v.Value, v.Low, v.High)
			}
		}
		p := &panel{title: d.Title, caption: d.Basis.caption(), x: givenAxis("training step", steps, number), y: zoomedShareAxis(strictShare, values, 4)}
		t.add(p.addLadder(d.Lines))
		panels = append(panels, p)
	}
	if len(panels) == 0 {
		return emptyFigure(data.Title, "no data")
	}
	f.keys, f.notes = t.explain(nil, "Bands: "+cmp.Or(data.Intervals, overProblems)+", of the lowest and the highest k.")
	return arrange(panels, max(1, data.Rows), 170).draw(f)
}

func (p *panel) addLadder(lines []LadderLine) tally {
	var t tally
	for i, l := range lines {
		strength := 1.0
		if len(lines) > 1 {
			strength = 0.4 + 0.6*float64(i)/float64(len(lines)-1)
		}
		shade := look{colour: tint(palette[0], strength), shape: shapes[0]}
		t.add(countPoints(p.x.scale, l.Steps, l.Values, nil))
		p.layers = append(p.layers, func(f frame) {
			if i == 0 || i == len(lines)-1 {
				f.intervals(l.Steps, l.Values, shade, 0, true)
			}
			f.level(ShareSeries{X: l.Steps, Values: l.Values}, shade, 0)
		})
		p.nameEnd(l.Steps, valuesOf(l.Values), fmt.Sprintf("k = %d", l.K), shade)
	}
	if t.shown == 0 {
		p.note = "no data"
	}
	return t
}

// nameEnd names a line at its last point that can be drawn.
func (p *panel) nameEnd(xs, ys []float64, name string, l look) {
	for j := len(ys) - 1; j >= 0; j-- {
		if p.x.scale.drawable(xs[j]) && p.y.scale.drawable(ys[j]) {
			p.ends = append(p.ends, endLabel{ys[j], name, l.colour})
			return
		}
	}
}
