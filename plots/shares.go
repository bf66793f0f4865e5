package plots

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"interplay/kernelkit/score"
)

// ShareSeries is a share over something, such as k or op, of one model.
type ShareSeries struct {
	Name     string
	X        []float64
	Values   []score.Interval // shares in [0, 1]
	Gains    []score.Interval // paired differences from the baseline, in [−1, 1]; one an X, or empty
	Paper    Points           // what the paper has, at its own X
	Baseline bool             // drawn grey, as what the others are compared with

	// Crossing is where the curve meets that of the baseline, drawn on the line of no
	// difference; nil where nobody asks.
	Crossing *score.Crossing
}

// Points are values without intervals.
type Points struct{ X, Y []float64 }

// seen reports whether an axis of a scale can show one of the points.
func (p Points) seen(x scale) bool {
	for i := range p.X {
		if x.drawable(p.X[i]) && linear.drawable(p.Y[i]) {
			return true
		}
	}
	return false
}

// SharePanel is a set of series that share their axes.
type SharePanel struct {
	Title  string
	Basis  Basis
	Series []ShareSeries
}

// shareFigure is what the figures of shares have in common. Where series have gains,
// the levels stand above without intervals, and the differences from the baseline
// stand in panels of their own below: an interval of a difference says nothing about
// a level, and the levels of seeds differ more than what becomes of them.
type shareFigure struct {
	title, yLabel string
	intervals     string // what the intervals are
	panels        []SharePanel
	spans         []OpSpan
	x             func(xs []float64) axis
	y             func(label string, values []float64) axis
	oneX, oneY    bool // panels have one range of x, of shares
	whole         bool // levels have their intervals beside those of differences
	height        vg.Length
}

// What most of these figures show, and what intervals are where data do not say so.
const (
	strictShare  = "strict pass@k (%)"
	overProblems = "95 % intervals over problems"
)

func (s *shareFigure) draw() ([]byte, error) {
	var all, shares, xs []float64
	for _, p := range s.panels {
		for _, series := range p.Series {
			if err := series.check(); err != nil {
				return nil, err
			}
		}
		all = append(all, s.levels(p)...)
		xs = append(xs, p.xs()...)
	}
	if len(s.panels) == 0 || s.oneX && len(xs) == 0 {
		return emptyFigure(s.title, "no data")
	}
	differences := slices.ContainsFunc(s.panels, SharePanel.compares)
	looks, t := newCast(), tally{}
	var upper, lower []*panel
	room := (figureWidth - 55*vg.Length(len(s.panels))) / vg.Length(len(s.panels))
	for _, d := range s.panels {
		ofX, ofY := d.xs(), s.levels(d)
		if s.oneX {
			ofX = xs
		}
		if shares = ofY; s.oneY {
			shares = all
		}
		p := &panel{title: d.Title, caption: d.Basis.caption(), x: s.x(ofX), y: s.y(s.yLabel, shares), spans: s.spans}
		t.add(p.addLevels(d.Series, looks, !differences || s.whole, room))
		upper = append(upper, p)
		if differences {
			below := &panel{x: p.x, y: gainAxis("difference from "+d.baseline()+" (points)", d.gains()), spans: unnamed(s.spans)}
			t.add(below.addGains(d, looks, room))
			p.x.unlabelled, p.x.label = true, ""
			lower = append(lower, below)
		}
	}
	f := figure{title: s.title}
	what := "Intervals: "
	if differences {
		if what = "Below, the differences, with "; s.whole {
			what = "Below, the differences. Levels and differences have "
		}
	}
	f.keys, f.notes = t.explain(looks.keys(true), what+cmp.Or(s.intervals, overProblems)+".")
	g := arrange(upper, 1, s.height)
	if differences {
		g.rows = append(g.rows, arrange(lower, 1, s.height).rows...)
		g.ratios = []vg.Length{0.9, 0.75}
	}
	return g.draw(f)
}

// check returns an error unless the columns of a series agree.
func (s *ShareSeries) check() error {
	if err := sameLength(s.Name, len(s.X), false, valuesOf(s.Values)); err != nil {
		return err
	}
	if err := sameLength(s.Name, len(s.X), true, valuesOf(s.Gains)); err != nil {
		return err
	}
	return sameLength(s.Name+" of the paper", len(s.Paper.X), false, s.Paper.Y)
}

// xs are the places of all values.
func (p SharePanel) xs() (xs []float64) {
	for _, s := range p.Series {
		xs = append(append(xs, s.X...), s.Paper.X...)
	}
	return xs
}

// levels are all values that the axis of a panel must hold.
func (s *shareFigure) levels(p SharePanel) (values []float64) {
	for _, series := range p.Series {
		for _, v := range series.Values {
			values = append(values, v.Value)
			if !p.compares() || s.whole {
				values = append(values, v.Low, v.High)
			}
		}
		values = append(values, series.Paper.Y...)
	}
	return values
}

// gains are the differences of a panel with their bounds, and the paper's.
func (p SharePanel) gains() (values []float64) {
	for _, s := range p.Series {
		for _, v := range s.Gains {
			values = append(values, v.Value, v.Low, v.High)
		}
		values = append(values, p.paperGains(s).Y...)
	}
	return values
}

func (p SharePanel) compares() bool {
	return slices.ContainsFunc(p.Series, func(s ShareSeries) bool { return len(s.Gains) > 0 })
}

// baseline is the name of what the others are compared with.
func (p SharePanel) baseline() string {
	if i := slices.IndexFunc(p.Series, func(s ShareSeries) bool { return s.Baseline }); i >= 0 {
		return p.Series[i].Name
	}
	return "the baseline"
}

// paperGains are the paper's differences from its own baseline, where it has both.
func (p SharePanel) paperGains(s ShareSeries) (out Points) {
	i := slices.IndexFunc(p.Series, func(s ShareSeries) bool { return s.Baseline })
	if i < 0 || s.Baseline {
		return out
	}
	from := p.Series[i].Paper
	for k, x := range s.Paper.X {
		if at := slices.Index(from.X, x); at >= 0 {
			out.X, out.Y = append(out.X, x), append(out.Y, s.Paper.Y[k]-from.Y[at])
		}
	}
	return out
}

// apart is how far from each other n series stand side by side at the xs of a panel of
// a width, and whether that is too near for whiskers.
func apart(xs []float64, n int, width vg.Length) (gap vg.Length, crowded bool) {
	places := vg.Length(len(slices.Compact(slices.Sorted(slices.Values(xs)))))
	gap = min(4.5, width/max(1, places)/vg.Length(n+1))
	return gap, gap < 2
}

// addLevels adds lines and markers, and their intervals where those are asked for.
// The baseline lies under the others, broad, so that it shows where one covers it.
func (p *panel) addLevels(series []ShareSeries, looks *cast, intervals bool, width vg.Length) tally {
	var t tally
	var xs []float64
	for _, s := range series {
		xs = append(xs, s.X...)
	}
	gap, crowded := apart(xs, len(series), width)
	if !intervals || crowded {
		gap = 0
	}
	order := make([]int, len(series))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rank(series[a]), rank(series[b])) })
	for _, i := range order {
		s, l := series[i], looks.look(series[i].Name, series[i].Baseline)
		counted := countPoints(p.x.scale, s.X, s.Values, nil)
		counted.paper = s.Paper.seen(p.x.scale)
		counted.spread = counted.spread && intervals
		t.add(counted)
		offset := gap * (vg.Length(i) - vg.Length(len(series)-1)/2)
		p.layers = append(p.layers, func(f frame) {
			if intervals {
				f.intervals(s.X, s.Values, l, offset, crowded && counted.shown > 1)
			}
			f.level(s, l, offset)
		})
	}
	for _, s := range series {
		l := looks.look(s.Name, s.Baseline)
		p.layers = append(p.layers, func(f frame) { f.paper(s.Paper, l) })
	}
	if t.shown == 0 {
		p.note = "no data"
	}
	return t
}

// rank puts baselines first.
func rank(s ShareSeries) int {
	if s.Baseline {
		return 0
	}
	return 1
}

// level draws a series as a line with markers.
func (f frame) level(s ShareSeries, l look, offset vg.Length) {
	ys, radius := valuesOf(s.Values), vg.Length(2.8)
	if l.baseline {
		radius = 3.4
	}
	for _, run := range f.runs(s.X, ys) {
		for k := range run {
			run[k].X += offset
		}
		f.StrokeLines(l.line(), f.ClipLinesXY(run)...)
	}
	for i := range s.X {
		if pt, ok := f.place(s.X[i], ys[i], offset); ok {
			marker(f.Canvas, pt, l, radius)
		}
	}
}

// intervals draws whiskers, or a band where there is no room for them.
func (f frame) intervals(xs []float64, values []score.Interval, l look, offset vg.Length, band bool) {
	low, high := boundsOf(values)
	if band {
		f.band(xs, low, high, fade(l.colour, 0.13))
		return
	}
	for i := range xs {
		f.whisker(xs[i], low[i], high[i], offset, l.colour)
	}
}

// paper draws the paper's values as rings on a dotted line.
func (f frame) paper(p Points, l look) {
	f.line(p.X, p.Y, draw.LineStyle{Color: fade(l.colour, 0.7), Width: 0.9, Dashes: []vg.Length{1.2, 2.4}})
	for i := range p.X {
		if pt, ok := f.place(p.X[i], p.Y[i], 0); ok {
			hollow(f.Canvas, pt, l.colour)
		}
	}
}

// addGains adds the differences of a panel from its baseline, which is the line at zero.
func (p *panel) addGains(d SharePanel, looks *cast, width vg.Length) tally {
	var t tally
	var xs []float64
	n := 0
	for _, s := range d.Series {
		if len(s.Gains) > 0 && !s.Baseline {
			xs = append(xs, s.X...)
			n++
		}
	}
	gap, crowded := apart(xs, n, width)
	if crowded {
		gap = 0
	}
	p.layers = append(p.layers, func(f frame) { f.zero() })
	at := 0
	for _, s := range d.Series {
		if len(s.Gains) == 0 || s.Baseline {
			continue
		}
		l, offset := looks.look(s.Name, false), gap*(vg.Length(at)-vg.Length(n-1)/2)
		at++
		counted := countPoints(p.x.scale, s.X, s.Gains, nil)
		counted.crossing = s.Crossing != nil && s.Crossing.Low > 0
		t.add(counted)
		paper := d.paperGains(s)
		p.layers = append(p.layers, func(f frame) {
			f.intervals(s.X, s.Gains, l, offset, crowded && counted.shown > 1)
			f.level(ShareSeries{X: s.X, Values: s.Gains}, l, offset)
			f.paper(paper, l)
			f.crossing(s.Crossing, l)
		})
	}
	if t.shown == 0 {
		p.note = "no data"
	}
	return t
}

// crossing draws the k at which a curve may meet the baseline's as a bar on the line of no
// difference, to the last k where it has no end, and a stroke at the likeliest.
func (f frame) crossing(c *score.Crossing, l look) {
	if c == nil || c.Low == 0 {
		return
	}
	end := c.High
	if end == 0 {
		end = float64(c.UpTo)
	}
	from, ok := f.place(c.Low, 0, 0)
	to, ok2 := f.place(end, 0, 0)
	if !ok || !ok2 {
		return
	}
	f.StrokeLine2(draw.LineStyle{Color: fade(l.colour, 0.45), Width: 4}, from.X, from.Y, to.X, to.Y)
	if at, ok := f.place(c.K, 0, 0); ok && c.K > 0 {
		f.StrokeLine2(draw.LineStyle{Color: l.colour, Width: 1.6}, at.X, at.Y-5, at.X, at.Y+5)
	}
}

// zero draws the line of no difference.
func (f frame) zero() {
	y := f.Y(f.y.fraction(0))
	f.StrokeLine2(draw.LineStyle{Color: tint(subdued, 0.6), Width: 1.6}, f.Min.X, y, f.Max.X, y)
}

// gainAxis shows differences of shares in points, zero always among them.
func gainAxis(label string, values []float64) axis {
	lo, hi, _ := linear.span(append(slices.Clone(values), 0))
	if hi-lo < 0.01 {
		lo, hi = lo-0.01, hi+0.01
	}
	room := (hi - lo) * 0.06
	a := axis{label: label, lo: lo - room, hi: hi + room, grid: true}
	a.ticks = linearTicks(a.lo, a.hi, 4, signedPercent)
	return a
}

// signedPercent writes a difference of shares in points, with its sign.
func signedPercent(v float64) string {
	if s := percent(v); v > 0 && s != "0" {
		return "+" + s
	} else {
		return s
	}
}

// arrange puts panels into rows and names the value axis at the left edge only.
func arrange(panels []*panel, rows int, height vg.Length) grid {
	g := grid{height: height}
	columns := (len(panels) + rows - 1) / rows
	for row := range slices.Chunk(panels, columns) {
		for _, p := range row[1:] {
			p.y.label = ""
		}
		g.rows = append(g.rows, row)
	}
	return g
}

// countPoints tallies a series: what can be drawn, what cannot, and what the notes must explain.
func countPoints(x scale, xs []float64, values []score.Interval, paper []float64) tally {
	var t tally
	for i, v := range values {
		if x.drawable(xs[i]) && linear.drawable(v.Value) {
			t.shown++
		} else {
			t.missing++
		}
		t.spread = t.spread || v.High > v.Low
	}
	t.paper = slices.ContainsFunc(paper, linear.drawable)
	return t
}

// tally counts what a panel showed, for the notes under the figure.
type tally struct {
	shown, missing          int
	paper, spread, crossing bool
}

func (t *tally) add(u tally) {
	t.shown += u.shown
	t.missing += u.missing
	t.paper = t.paper || u.paper
	t.spread = t.spread || u.spread
	t.crossing = t.crossing || u.crossing
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
	if t.crossing {
		notes = append(notes, "On the line at zero: where a curve crosses the baseline's, with its interval.")
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

// zoomedShareAxis shows shares in per cent in the range that they fill, with 0 or
// 100 % as its end where they come near it, and at least the given number of ticks.
func zoomedShareAxis(label string, values []float64, ticks int) axis {
	lo, hi, ok := linear.span(values)
	if !ok {
		return shareAxis(label, nil)
	}
	if hi-lo < 0.02 {
		lo, hi = max(0, lo-0.01), min(1, hi+0.01)
	}
	if lo < 0.5*hi {
		lo = min(lo, 0)
	}
	room := (hi - lo) * 0.05
	a := axis{label: label, lo: lo - room, hi: hi + room, grid: true}
	a.ticks = linearTicks(max(min(0, lo), a.lo), min(a.hi, 1), ticks, percent)
	return a
}

// givenAxis labels exactly the values that occur.
func givenAxis(label string, xs []float64, format func(float64) string) axis {
	lo, hi, ok := linear.span(xs)
	if !ok {
		return axis{label: label, lo: 0, hi: 1}
	}
	room := (hi - lo) * 0.07
	if room == 0 {
		room = max(0.5, math.Abs(lo)*0.1)
	}
	a := axis{label: label, lo: lo - room, hi: hi + room}
	for _, x := range slices.Compact(slices.Sorted(slices.Values(xs))) {
		if linear.drawable(x) {
			a.ticks = append(a.ticks, tick{x, format(x)})
		}
	}
	return a
}
