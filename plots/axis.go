package plots

import (
	"math"
	"strconv"
	"strings"
)

// scale is how an axis maps values to lengths.
type scale uint8

const (
	linear scale = iota
	logarithmic
	zeroAndLogarithmic // logarithmic behind a break of the axis, with zero before it
)

// Where a broken axis has zero, the break, and the beginning of its logarithmic part,
// as fractions of its length.
const zeroAt, breakAt, logFrom = 0.05, 0.1, 0.15

// tick is a mark on an axis. A tick without a label is drawn without grid line.
type tick struct {
	at    float64
	label string
}

// axis is one side of a panel: a range that is finite, not empty and, on a
// logarithmic axis, positive, by construction in rangeAxis and its siblings.
type axis struct {
	label  string
	lo, hi float64
	scale  scale
	ticks  []tick
	grid   bool

	unlabelled bool // marks and grid without numbers, where a neighbour shows them
}

// fraction maps a value to its place between lo (0) and hi (1). Places far outside
// are pulled in: the rasteriser walks every pixel of a path, seen or not.
func (a axis) fraction(v float64) float64 {
	const far = 10
	at := (v - a.lo) / (a.hi - a.lo)
	if a.scale != linear {
		at = 0
		if v > 0 {
			at = math.Log(v/a.lo) / math.Log(a.hi/a.lo)
		}
	}
	if a.scale == zeroAndLogarithmic {
		if at = logFrom + (1-logFrom)*at; v == 0 {
			at = zeroAt
		}
	}
	return math.Max(-far, math.Min(far, at))
}

// drawable reports whether an axis of this scale can show v. The bound keeps
// differences of two values finite.
func (s scale) drawable(v float64) bool {
	return !math.IsNaN(v) && math.Abs(v) < 1e150 && (s == linear || v > 1e-150 || v == 0 && s == zeroAndLogarithmic)
}

// span returns the least and greatest drawable value, ok false when there is none.
func (s scale) span(lists ...[]float64) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, list := range lists {
		for _, v := range list {
			if s.drawable(v) {
				lo, hi = math.Min(lo, v), math.Max(hi, v)
				ok = true
			}
		}
	}
	return lo, hi, ok
}

// valueAxis fits a linear axis around the drawable values of the lists: the range is
// widened by a twentieth where zero is not meant, and never empty. Without values it
// is 0 to 1 without ticks.
func valueAxis(label string, format func(float64) string, lists ...[]float64) axis {
	a := axis{label: label, grid: true}
	lo, hi, ok := linear.span(lists...)
	if !ok {
		a.lo, a.hi = 0, 1
		return a
	}
	if lo == hi {
		d := math.Max(math.Abs(lo)*0.1, 1e-12)
		if lo == 0 {
			d = 1
		}
		lo, hi = lo-d, hi+d
	}
	room := (hi - lo) * 0.05
	a.lo, a.hi = lo-room, hi+room
	if lo >= 0 && a.lo < 0 {
		a.lo = -0.02 * hi // a line at zero stays clear of the axis
	}
	a.ticks = linearTicks(a.lo, a.hi, 5, format)
	return a
}

// linearTicks returns at least n round values in [lo, hi], and at most 2.5 n.
func linearTicks(lo, hi float64, n int, format func(float64) string) []tick {
	step := niceStep((hi - lo) / float64(n))
	for _, m := range []float64{1, 0.5, 0.4, 0.2} {
		s := niceStep((hi - lo) / float64(n) * m * (1 - 1e-9))
		if s > 0 && math.Floor(hi/s+1e-9)-math.Ceil(lo/s-1e-9)+1 >= float64(n) {
			step = s
			break
		}
	}
	if step == 0 {
		return nil
	}
	var ticks []tick
	first := math.Ceil(lo/step - 1e-9)
	for i := first; i*step <= hi+step*1e-9 && len(ticks) < 50; i++ {
		v := i * step
		if v == 0 {
			v = 0 // no minus zero
		}
		ticks = append(ticks, tick{v, format(roundTo(v, step))})
	}
	return ticks
}

// roundTo removes the dust of i × step.
func roundTo(v, step float64) float64 {
	digits := math.Ceil(-math.Log10(step)) + 1
	if digits < 0 || digits > 15 {
		return v
	}
	p := math.Pow(10, digits)
	return math.Round(v*p) / p
}

// niceStep rounds up to 1, 2 or 5 times a power of ten.
func niceStep(raw float64) float64 {
	if !(raw > 0) || math.IsInf(raw, 0) {
		return 0
	}
	p := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5, 10} {
		if raw <= m*p*(1+1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// logTicks labels powers of ten, and 2 and 5 times them where the range is under
// two decades; over wide ranges it leaves powers out. Other multiples are bare marks.
func logTicks(lo, hi float64, format func(float64) string) []tick {
	decades := math.Log10(hi / lo)
	every := max(1, int(math.Ceil(decades/7)))
	var ticks []tick
	for e := int(math.Floor(math.Log10(lo))); float64(e) <= math.Log10(hi); e++ {
		for m := 1; m < 10; m++ {
			v := float64(m) * math.Pow(10, float64(e))
			if v < lo || v > hi || every > 1 && m > 1 {
				continue
			}
			t := tick{at: v}
			if m == 1 && e%every == 0 || decades < 2 && (m == 2 || m == 5) || decades < 0.7 {
				t.label = format(v)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// number writes a value as the field writes tokens and FLOPs: 250, 15k, 20M, 1.5B,
// 2T, 3.2e15.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1e15:
		return minus(strings.Replace(strconv.FormatFloat(v, 'g', 3, 64), "e+", "e", 1))
	case a >= 1e12:
		return minus(trimmed(v/1e12)) + "T"
	case a >= 1e9:
		return minus(trimmed(v/1e9)) + "B"
	case a >= 1e6:
		return minus(trimmed(v/1e6)) + "M"
	case a >= 1e4:
		return minus(trimmed(v/1e3)) + "k"
	case a != 0 && a < 1e-4:
		return minus(strings.Replace(strconv.FormatFloat(v, 'g', 3, 64), "e-0", "e-", 1))
	}
	return minus(trimmed(v))
}

// trimmed writes a number with the digits that it needs, at most six.
func trimmed(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// minus writes a leading hyphen as a minus sign.
func minus(s string) string {
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		return "−" + rest
	}
	return s
}

// percent writes a share in [0, 1] as its number of per cent.
func percent(v float64) string { return minus(trimmed(math.Round(v*1e6) / 1e4)) }
