package plots

import (
	"cmp"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"interplay/kernelkit/score"
)

// OpSeries is a share for each op, of one model at one k. Paper holds the paper's
// values at the same ops, NaN where it has none, or is empty.
type OpSeries struct {
	Name     string
	Ops      []int
	Values   []score.Interval // shares in [0, 1]
	Paper    []float64
	Baseline bool // drawn grey, as what the others are compared with
}

// OpPanel is a set of series that share their axes, such as all models at one k.
type OpPanel struct {
	Title  string
	Series []OpSeries
}

// OpSpan marks a range of ops, such as those that RL was trained on.
type OpSpan struct {
	Name      string
	Low, High int
}

// PassAtKByOpData is pass@k per op: one panel a k, one series a model.
type PassAtKByOpData struct {
	Title  string
	YLabel string // "strict pass@k (%)" when empty
	Panels []OpPanel
	Spans  []OpSpan

	Intervals string // what the intervals are; "95 % intervals over prompts" when empty
}

const overPrompts = "95 % intervals over prompts"

// PassAtKByOp draws shares over op with intervals as whiskers, before and after
// side by side at each op, or as bands where there are too many values for that.
// Trained ranges are shaded and named.
//
// It returns an error when a series has not one value an op.
func PassAtKByOp(data PassAtKByOpData) ([]byte, error) {
	var ops, tops []float64
	for _, p := range data.Panels {
		for _, s := range p.Series {
			n := len(s.Ops)
			if err := sameLength(s.Name, n, false, valuesOf(s.Values)); err != nil {
				return nil, err
			}
			if err := sameLength(s.Name, n, true, s.Paper); err != nil {
				return nil, err
			}
			for i, v := range s.Values {
				ops, tops = append(ops, float64(s.Ops[i])), append(tops, v.Value, v.High)
			}
			tops = append(tops, s.Paper...)
		}
	}
	if len(ops) == 0 {
		return emptyFigure(data.Title, "no data")
	}
	// Whiskers side by side need about 9 points each; where there are more values
	// than that leaves room for, bands take their place.
	crowded := len(ops) > 60
	f := figure{title: data.Title}
	looks := newCast()
	var row []*panel
	var t tally
	for _, op := range data.Panels {
		p := &panel{title: op.Title, x: opAxis(ops), y: shareAxis(cmp.Or(data.YLabel, "strict pass@k (%)"), tops), spans: data.Spans}
		if len(row) > 0 {
			p.y.label = ""
		}
		t.add(p.addOpSeries(op.Series, looks, crowded))
		row = append(row, p)
	}
	f.keys = looks.keys()
	shape := "Whiskers"
	if crowded {
		shape = "Bands"
	}
	f.keys, f.notes = t.explain(f.keys, shape+": "+cmp.Or(data.Intervals, overPrompts)+".")
	return grid{rows: [][]*panel{row}, height: 205}.draw(f)
}

// tally counts what a panel showed, for the notes under the figure.
type tally struct {
	shown, missing int
	paper, spread  bool
}

func (t *tally) add(u tally) {
	t.shown += u.shown
	t.missing += u.missing
	t.paper = t.paper || u.paper
	t.spread = t.spread || u.spread
}

// explain completes keys and notes with what the tally calls for.
func (t *tally) explain(keys []key, intervals string) ([]key, []string) {
	var notes []string
	if t.paper {
		keys = append(keys, paperKey())
	}
	if t.spread {
		notes = append(notes, intervals)
	}
	if t.shown == 1 {
		notes = append(notes, "Only one point so far.")
	}
	if t.missing > 0 {
		notes = append(notes, leftOut(t.missing, linear))
	}
	return keys, notes
}

func valuesOf(intervals []score.Interval) []float64 {
	out := make([]float64, len(intervals))
	for i, v := range intervals {
		out[i] = v.Value
	}
	return out
}

func boundsOf(intervals []score.Interval) (low, high []float64) {
	for _, v := range intervals {
		low, high = append(low, v.Low), append(high, v.High)
	}
	return low, high
}

// opAxis has room for half an op on either side and labels every op, or every
// second or fifth where there are many.
func opAxis(ops []float64) axis {
	lo, hi, _ := linear.span(ops)
	a := axis{label: "op (arithmetic operations)", lo: lo - 0.5, hi: hi + 0.5}
	step := 1.0
	for (hi-lo)/step > 20 {
		step = math.Round(step*2.5 - 0.5) // 1, 2, 5, 12, …
	}
	for v := lo; v <= hi; v++ {
		t := tick{at: v}
		if math.Mod(v-lo, step) == 0 {
			t.label = trimmed(v)
		}
		a.ticks = append(a.ticks, t)
		if len(a.ticks) > 200 {
			break
		}
	}
	return a
}

// shareAxis shows shares in per cent, from 0 to 100 or, where all are small, to
// the next round number above the largest. A little room below 0 and above 100
// keeps markers there whole.
func shareAxis(label string, values []float64) axis {
	_, hi, ok := linear.span(values)
	top := 1.0
	if ok && hi < 0.5 {
		step := niceStep(math.Max(hi, 0.004) * 1.05 / 4)
		top = math.Min(1, step*math.Ceil(hi*1.05/step+1e-9))
		top = math.Max(top, step)
	}
	return axis{label: label, lo: -top * 0.02, hi: top * 1.02, grid: true, ticks: linearTicks(0, top, 5, percent)}
}

// addOpSeries adds lines, intervals, markers and the paper's values.
func (p *panel) addOpSeries(series []OpSeries, looks *cast, crowded bool) tally {
	var t tally
	for i, s := range series {
		l := looks.look(s.Name, s.Baseline)
		offset := vg.Length(0)
		if !crowded {
			offset = 4.5 * (vg.Length(i) - vg.Length(len(series)-1)/2)
		}
		xs, ys := intsToFloats(s.Ops), valuesOf(s.Values)
		low, high := boundsOf(s.Values)
		t.add(countPoints(linear, xs, s.Values, s.Paper))
		p.layers = append(p.layers, func(f frame) {
			if crowded {
				f.band(xs, low, high, fade(l.colour, 0.13))
			}
			for _, run := range f.runs(xs, ys) {
				for k := range run {
					run[k].X += offset
				}
				f.StrokeLines(draw.LineStyle{Color: fade(l.colour, 0.55), Width: 1.3}, run)
			}
		}, func(f frame) {
			for j := range xs {
				if !crowded {
					f.whisker(xs[j], low[j], high[j], offset, l.colour)
				}
				if pt, ok := f.place(xs[j], ys[j], offset); ok {
					marker(f.Canvas, pt, l, 3)
				}
			}
			for j, v := range s.Paper {
				if pt, ok := f.place(xs[j], v, offset); ok {
					hollow(f.Canvas, pt, l.colour)
				}
			}
		})
	}
	if t.shown == 0 {
		p.note = "no data"
	}
	return t
}
