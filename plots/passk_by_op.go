package plots

import (
	"cmp"
	"math"
)

// OpSpan marks a range of ops, such as those that RL was trained on.
type OpSpan struct {
	Name      string
	Low, High int
}

// unnamed is the shading of spans without their names, for a panel under another.
func unnamed(spans []OpSpan) []OpSpan {
	out := make([]OpSpan, len(spans))
	for i, s := range spans {
		out[i] = OpSpan{Low: s.Low, High: s.High}
	}
	return out
}

// PassAtKByOpData is pass@k per op, X of the series: one panel a k, one series a model.
type PassAtKByOpData struct {
	Title  string
	YLabel string // "strict pass@k (%)" when empty
	Panels []SharePanel
	Spans  []OpSpan

	Intervals string // what the intervals are; "95 % intervals over problems" when empty
}

// PassAtKByOp draws shares over op, all panels with one range of either axis.
// Intervals are whiskers side by side, or bands where there is no room for them.
// Where series have gains, the differences from the baseline stand in panels of
// their own, and they alone have intervals. Marked ranges are shaded and named.
//
// It returns an error when a series has not one value an op.
func PassAtKByOp(data PassAtKByOpData) ([]byte, error) {
	f := shareFigure{title: data.Title, yLabel: cmp.Or(data.YLabel, strictShare), intervals: data.Intervals, panels: data.Panels, spans: data.Spans,
		x: opAxis, y: shareAxis, oneX: true, oneY: true, height: 205}
	return f.draw()
}

// opAxis has room for half an op on either side and labels every op, or every
// second or fifth where there are many.
func opAxis(ops []float64) axis {
	lo, hi, ok := linear.span(ops)
	if !ok {
		lo, hi = 0, 1
	}
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
