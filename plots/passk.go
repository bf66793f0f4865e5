package plots

import "slices"

// PassAtKData is pass@k over k, X of the series: one panel a set of problems, one
// series a model (paper figures 3, 12 and 13).
type PassAtKData struct {
	Title  string
	Panels []SharePanel

	Intervals string // what the intervals are; "95 % intervals over problems" when empty
}

// PassAtK draws pass@k over k on a base-2 axis, the paper's to its own k. Each panel
// has its own range of shares. Where series have gains, the differences from the
// baseline stand in panels of their own, and they alone have intervals.
//
// It returns an error when a series has not one value a k.
func PassAtK(data PassAtKData) ([]byte, error) {
	f := shareFigure{title: data.Title, yLabel: strictShare, intervals: data.Intervals, panels: data.Panels, x: kAxis, height: 190,
		y: func(label string, values []float64) axis { return zoomedShareAxis(label, values, 4) }}
	return f.draw()
}

// kAxis is logarithmic with a label at each k that occurs.
func kAxis(ks []float64) axis {
	a := axis{label: "k (samples per problem)", scale: logarithmic}
	lo, hi, ok := logarithmic.span(ks)
	if !ok {
		a.lo, a.hi = 1, 2
		return a
	}
	a.lo, a.hi = lo/1.4, hi*1.4
	for _, k := range slices.Compact(slices.Sorted(slices.Values(ks))) {
		if logarithmic.drawable(k) {
			a.ticks = append(a.ticks, tick{k, trimmed(k)})
		}
	}
	return a
}
