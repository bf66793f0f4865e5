package plots

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ExposureData is a share over how much training showed of something, X of the
// series: tokens, 0 among them (paper figure 4).
type ExposureData struct {
	Title  string
	XLabel string
	Panels []SharePanel

	Intervals string // what the intervals are; "95 % intervals over problems" when empty
}

// Exposure draws shares over a logarithmic axis that is broken before its first value,
// so that 0 has a place beside it. Where series have gains, the differences from the
// baseline stand in panels of their own; levels and differences have intervals.
//
// It returns an error when a series has not one value an X.
func Exposure(data ExposureData) ([]byte, error) {
	f := shareFigure{title: data.Title, yLabel: strictShare, intervals: data.Intervals, panels: data.Panels, y: shareAxis, height: 190, whole: true,
		x: func(xs []float64) axis { return exposureAxis(data.XLabel, xs) }}
	return f.draw()
}

// exposureAxis is logarithmic over the positive values and broken before them where
// zero occurs.
func exposureAxis(label string, xs []float64) axis {
	a := axis{label: label, scale: logarithmic, grid: true}
	for _, x := range xs {
		if x == 0 {
			a.scale = zeroAndLogarithmic
		}
	}
	lo, hi, ok := logarithmic.span(xs)
	if !ok {
		lo, hi = 1, 10
	}
	a.lo, a.hi = lo/1.4, hi*1.4
	a.ticks = logTicks(a.lo, a.hi, number)
	if a.scale == zeroAndLogarithmic {
		a.ticks = append([]tick{{0, "0"}}, a.ticks...)
	}
	return a
}

// drawBreak marks where the x axis is broken.
func (f frame) drawBreak() {
	x, y := f.X(breakAt), f.Min.Y
	f.StrokeLine2(draw.LineStyle{Color: white, Width: 3}, x-2, y, x+2, y)
	for _, dx := range []vg.Length{-2, 2} {
		f.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.8}, x+dx-2, y-4, x+dx+2, y+4)
	}
}
