package plots

import (
	"image"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"interplay/kernelkit/random"
	"interplay/kernelkit/score"
)

// hostile draws values that break axes: too large, too small, not finite, equal.
type hostile struct{ *random.Stream }

func (h hostile) value() float64 {
	values := []float64{0, math.Copysign(0, -1), 1, 0.5, 0.5, -3, 1e-320, 1e-12, 1e149, -1e149, 1e308, -1e308, math.MaxFloat64, nan, math.Inf(1), math.Inf(-1)}
	return values[h.IntN(len(values))]
}

func (h hostile) values(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = h.value()
	}
	return out
}

func (h hostile) intervals(n int) []score.Interval {
	out := make([]score.Interval, n)
	for i := range out {
		out[i] = score.Interval{Value: h.value(), Low: h.value(), High: h.value()}
	}
	return out
}

func (h hostile) ints(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = []int{0, 1, 2, 7, -5, 1 << 40, math.MaxInt64, math.MinInt64}[h.IntN(8)]
	}
	return out
}

func (h hostile) crossing() *score.Crossing {
	return &score.Crossing{K: h.value(), Low: h.value(), High: h.value(), UpTo: h.ints(1)[0]}
}

func (h hostile) name() string {
	return []string{"", "a11", "x\ny", strings.Repeat("W", 300), "average number of newborn children per adult crow in Hamilton Farm", "α ≤ β\t→ 😀", "\xff\xfe"}[h.IntN(7)]
}

func TestFiguresSurviveHostileValues(t *testing.T) {
	for i := range 4 {
		h := hostile{random.New(int64(i), "test/hostile")}
		n := 1 + h.IntN(4)
		names := []string{h.name(), h.name()}
		series := func() []CurveSeries {
			return []CurveSeries{{Name: h.name(), X: h.values(n), Y: h.values(n)}}
		}
		shares := func() []SharePanel {
			one := ShareSeries{h.name(), h.values(n), h.intervals(n), h.intervals(n), Points{h.values(n), h.values(n)}, h.Bool(), h.crossing()}
			return []SharePanel{{h.name(), Basis{h.ints(1)[0], h.ints(1)[0], h.ints(1)[0]}, []ShareSeries{one, {Name: h.name(), Baseline: true, X: one.X, Values: one.Gains, Paper: one.Paper}}}}
		}
		for figure, draw := range map[string]func() ([]byte, error){
			"Curve": func() ([]byte, error) {
				return Curve(CurveData{h.name(), h.name(), h.name(), 3, series()})
			},
			"PassAtKByOp": func() ([]byte, error) {
				return PassAtKByOp(PassAtKByOpData{Title: h.name(), Panels: shares(), Spans: []OpSpan{{h.name(), h.ints(1)[0], h.ints(1)[0]}}})
			},
			"PassAtK": func() ([]byte, error) {
				return PassAtK(PassAtKData{Title: h.name(), Panels: shares()})
			},
			"Exposure": func() ([]byte, error) { return Exposure(ExposureData{Title: h.name(), Panels: shares()}) },
			"Forest": func() ([]byte, error) {
				return Forest(ForestData{Title: h.name(), Series: names, Rows: []ForestRow{{h.name(), h.intervals(2), nil, h.value()}, {h.name(), h.intervals(2), []bool{true, false}, h.value()}}})
			},
			"Ladder": func() ([]byte, error) {
				return Ladder(LadderData{Title: h.name(), Panels: []LadderPanel{{h.name(), Basis{}, []LadderLine{{h.ints(1)[0], h.values(n), h.intervals(n)}, {4, nil, nil}}}}})
			},
			"Confusion": func() ([]byte, error) {
				return Confusion(ConfusionData{h.name(), []ConfusionPanel{{h.name(), Basis{1, 2, 3}, score.Confusion{RightRight: 1 << 40, RightWrong: 1}}, {h.name(), Basis{}, score.Confusion{}}}})
			},
			"StackedShares": func() ([]byte, error) {
				return StackedShares(StackedSharesData{Title: h.name(), Classes: names, Rows: []StackedRow{{h.name(), h.values(2)}}})
			},
			"RLCurves": func() ([]byte, error) {
				return RLCurves(RLCurvesData{h.name(), 3, []RLRow{{h.name(), true}, {h.name(), false}},
					[]RLColumn{{h.name(), Basis{}, [][]CurveSeries{append(series(), series()...), series()}}, {h.name(), Basis{}, [][]CurveSeries{series(), nil}}}})
			},
			"Recipe": func() ([]byte, error) {
				return Recipe(RecipeData{h.name(), make([]RecipeStage, 1+h.IntN(12))})
			},
			"HeatMap": func() ([]byte, error) {
				return HeatMap(HeatMapData{Title: h.name(), Columns: names, Rows: names, Values: [][]score.Interval{h.intervals(2), h.intervals(2)}, ValueLabel: h.name()})
			},
			"ErrorBars": func() ([]byte, error) {
				return ErrorBars(ErrorBarsData{Title: h.name(), Series: names, Panels: []BarPanel{{h.name(), Basis{}, []BarGroup{{h.name(), h.intervals(2), h.intervals(2), h.values(2)}}}}})
			},
			"LineGrid": func() ([]byte, error) {
				return LineGrid(LineGridData{Title: h.name(), Columns: names[:1], Rows: names[:1], Cells: [][]GridCell{{{h.values(n), h.intervals(n), h.intervals(n), Basis{}}}}})
			},
			"Histogram": func() ([]byte, error) {
				return Histogram(HistogramData{Title: h.name(), Low: -1, High: 1, Panels: []HistogramPanel{{h.name(), []HistogramGroup{{h.name(), h.values(n), h.ints(1)[0]}}}}})
			},
			"DAG": func() ([]byte, error) {
				return DAG(DAGData{h.name(), []DAGNode{{h.name(), h.name(), Step}, {h.name(), h.name(), Question}}, []DAGEdge{{0, 1, false}, {0, 1, true}}})
			},
		} {
			if png, err := draw(); err != nil || len(png) == 0 {
				t.Errorf("world %d: %s: %d bytes, %v", i, figure, len(png), err)
			}
		}
	}
}

func TestContradictoryInputIsAnError(t *testing.T) {
	two, one := []float64{1, 2}, []score.Interval{{Value: 1}}
	for name, draw := range map[string]func() ([]byte, error){
		"DAG, edge to nowhere": func() ([]byte, error) {
			return DAG(DAGData{Nodes: make([]DAGNode, 2), Edges: []DAGEdge{{From: 0, To: 2}}})
		},
		"DAG, cycle": func() ([]byte, error) {
			return DAG(DAGData{Nodes: make([]DAGNode, 2), Edges: []DAGEdge{{From: 0, To: 1}, {From: 1, To: 0}}})
		},
		"DAG, loop": func() ([]byte, error) { return DAG(DAGData{Nodes: make([]DAGNode, 1), Edges: []DAGEdge{{}}}) },
		"Curve, Y":  func() ([]byte, error) { return Curve(CurveData{Series: []CurveSeries{{X: two, Y: two[:1]}}}) },
		"PassAtKByOp": func() ([]byte, error) {
			return PassAtKByOp(PassAtKByOpData{Panels: []SharePanel{{Series: []ShareSeries{{X: two, Values: one}}}}})
		},
		"PassAtK": func() ([]byte, error) {
			return PassAtK(PassAtKData{Panels: []SharePanel{{Series: []ShareSeries{{X: two[:1], Values: one, Paper: Points{X: two}}}}}})
		},
		"Exposure, gains": func() ([]byte, error) {
			return Exposure(ExposureData{Panels: []SharePanel{{Series: []ShareSeries{{X: two, Values: append(one, one...), Gains: one}}}}})
		},
		"Ladder": func() ([]byte, error) {
			return Ladder(LadderData{Panels: []LadderPanel{{"", Basis{}, []LadderLine{{1, two, one}}}}})
		},
		"Forest": func() ([]byte, error) {
			return Forest(ForestData{Series: []string{"a", "b"}, Rows: []ForestRow{{Values: one}}})
		},
		"Forest, pale": func() ([]byte, error) {
			return Forest(ForestData{Series: []string{"a"}, Rows: []ForestRow{{Values: one, Pale: []bool{true, true}}}})
		},
		"StackedShares": func() ([]byte, error) {
			return StackedShares(StackedSharesData{Classes: []string{"a"}, Rows: []StackedRow{{"r", two}}})
		},
		"Ledger": func() ([]byte, error) {
			return Ledger(LedgerData{Stages: []string{"a"}, Rows: []LedgerRow{{"r", two}}})
		},
		"Ledger, negative": func() ([]byte, error) {
			return Ledger(LedgerData{Stages: []string{"a"}, Rows: []LedgerRow{{"r", []float64{-1}}}})
		},
		"RLCurves": func() ([]byte, error) {
			return RLCurves(RLCurvesData{Rows: make([]RLRow, 1), Columns: []RLColumn{{Runs: [][]CurveSeries{{{X: two}}}}}})
		},
		"RLCurves, rows": func() ([]byte, error) {
			return RLCurves(RLCurvesData{Rows: make([]RLRow, 2), Columns: make([]RLColumn, 1)})
		},
		"HeatMap, rows": func() ([]byte, error) { return HeatMap(HeatMapData{Rows: []string{"a"}}) },
		"HeatMap, columns": func() ([]byte, error) {
			return HeatMap(HeatMapData{Rows: []string{"a"}, Columns: []string{"c"}, Values: [][]score.Interval{append(one, one...)}})
		},
		"ErrorBars": func() ([]byte, error) {
			return ErrorBars(ErrorBarsData{Series: []string{"a", "b"}, Panels: []BarPanel{{Groups: []BarGroup{{Name: "g", Values: one}}}}})
		},
		"LineGrid": func() ([]byte, error) { return LineGrid(LineGridData{Rows: []string{"a"}}) },
		"LineGrid, cell": func() ([]byte, error) {
			return LineGrid(LineGridData{Rows: []string{"a"}, Columns: []string{"c"}, Cells: [][]GridCell{{{X: two, Values: one}}}})
		},
		"Histogram": func() ([]byte, error) { return Histogram(HistogramData{Low: 1, High: 1}) },
	} {
		if _, err := draw(); err == nil {
			t.Errorf("%s was drawn", name)
		}
	}
}

// A character that the font lacks is seen to be missing. Without its replacement a label
// would say something else: 10⁹ would be 10.
func TestWhatTheFontLacksIsSeen(t *testing.T) {
	style := lettering(sizeLabel, ink)
	if style.Width("10⁹") <= style.Width("10") {
		t.Error("the superscript nine is left out of a text")
	}
	if got := handler.known("Prüfung β = 10⁹ 語\n−1", style.Font); got != "Prüfung β = 10□ □\n−1" {
		t.Errorf("known characters of a text: %q", got)
	}
	c, img := newCanvas(20, 20)
	drawText(c, style, vg.Point{X: 5, Y: 5}, "⁹")
	inked := false
	for _, v := range img.Image().(*image.RGBA).Pix {
		inked = inked || v < 128
	}
	if !inked {
		t.Error("nothing is drawn for the superscript nine")
	}
}
