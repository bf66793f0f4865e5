package plots

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"gonum.org/v1/plot/cmpimg"

	"interplay/kernelkit/score"
)

var nan = math.NaN()

// sparse holds each figure drawn from nothing, from values that are not finite and
// from a single value.
func sparse() map[string][]func() ([]byte, error) {
	one := []score.Interval{{Value: 0.5, Low: 0.4, High: 0.6, N: 10}}
	bad := []score.Interval{{Value: nan, Low: nan, High: nan}}
	rows := []RLRow{{"reward (%)", true}, {"response (tokens)", false}}
	return map[string][]func() ([]byte, error){
		"empty": {
			func() ([]byte, error) { return DAG(DAGData{Title: "DAG"}) },
			func() ([]byte, error) { return Curve(CurveData{Title: "Curve", XLabel: "step"}) },
			func() ([]byte, error) {
				return Curve(CurveData{Title: "Curve, a series without points", Series: []CurveSeries{{Name: "loss"}}})
			},
			func() ([]byte, error) { return PassAtKByOp(PassAtKByOpData{Title: "PassAtKByOp"}) },
			func() ([]byte, error) {
				return PassAtKByOp(PassAtKByOpData{Title: "PassAtKByOp, one panel without points", Panels: []SharePanel{
					{"full", Basis{}, []ShareSeries{{Name: "a", X: []float64{3}, Values: one}}}, {"empty", Basis{}, []ShareSeries{{Name: "a"}}}}})
			},
			func() ([]byte, error) { return PassAtK(PassAtKData{Title: "PassAtK"}) },
			func() ([]byte, error) {
				return PassAtK(PassAtKData{Title: "PassAtK", Panels: []SharePanel{{Title: "a panel"}}})
			},
			func() ([]byte, error) { return Exposure(ExposureData{Title: "Exposure"}) },
			func() ([]byte, error) { return Forest(ForestData{Title: "Forest"}) },
			func() ([]byte, error) { return Ladder(LadderData{Title: "Ladder"}) },
			func() ([]byte, error) {
				return Ladder(LadderData{Title: "Ladder", Panels: []LadderPanel{{"a panel", Basis{}, []LadderLine{{K: 1}}}}})
			},
			func() ([]byte, error) { return Confusion(ConfusionData{Title: "Confusion"}) },
			func() ([]byte, error) {
				return Confusion(ConfusionData{Title: "Confusion", Panels: []ConfusionPanel{{Title: "nothing"}}})
			},
			func() ([]byte, error) { return StackedShares(StackedSharesData{Title: "StackedShares"}) },
			func() ([]byte, error) { return Ledger(LedgerData{Title: "Ledger"}) },
			func() ([]byte, error) {
				return Ledger(LedgerData{Title: "Ledger", Stages: []string{"RL"}, Rows: []LedgerRow{{"a", []float64{0}}}})
			},
			func() ([]byte, error) { return RLCurves(RLCurvesData{Title: "RLCurves"}) },
			func() ([]byte, error) {
				return RLCurves(RLCurvesData{Title: "RLCurves", Rows: rows, Columns: []RLColumn{{Title: "not yet run", Runs: make([][]CurveSeries, 2)}}})
			},
			func() ([]byte, error) { return Recipe(RecipeData{Title: "Recipe"}) },
			func() ([]byte, error) { return HeatMap(HeatMapData{Title: "HeatMap"}) },
			func() ([]byte, error) { return ErrorBars(ErrorBarsData{Title: "ErrorBars"}) },
			func() ([]byte, error) {
				return ErrorBars(ErrorBarsData{Title: "ErrorBars", Series: []string{"a"}, Panels: []BarPanel{{Title: "a panel"}}})
			},
			func() ([]byte, error) { return LineGrid(LineGridData{Title: "LineGrid"}) },
			func() ([]byte, error) {
				return LineGrid(LineGridData{Title: "LineGrid", Columns: []string{"a"}, Rows: []string{"1B"}, Cells: [][]GridCell{{{}}}})
			},
			func() ([]byte, error) { return Histogram(HistogramData{Title: "Histogram", High: 1}) },
			func() ([]byte, error) {
				return Histogram(HistogramData{Title: "Histogram", High: 1, Panels: []HistogramPanel{{"a panel", []HistogramGroup{{Name: "none"}}}}})
			},
		},
		"not_finite": {
			func() ([]byte, error) {
				return Curve(CurveData{Title: "Curve", Smooth: 3, Series: []CurveSeries{
					{Name: "loss", X: []float64{1, 2, 3, 4, 5, 6}, Y: []float64{nan, 0, -1, math.Inf(1), 2, 3}}}})
			},
			func() ([]byte, error) {
				return Exposure(ExposureData{Title: "Exposure, nothing positive", Panels: []SharePanel{{"", Basis{}, []ShareSeries{
					{Name: "a", X: []float64{0, -1}, Values: append(one, bad...), Gains: append(bad, bad...), Paper: Points{[]float64{nan}, []float64{0.3}}}}}}})
			},
			func() ([]byte, error) {
				return PassAtKByOp(PassAtKByOpData{Title: "PassAtKByOp", Spans: []OpSpan{{"RL", 9, 12}}, Panels: []SharePanel{
					{"", Basis{}, []ShareSeries{{Name: "a", X: []float64{3}, Values: bad, Paper: Points{[]float64{3}, []float64{nan}}}}}}})
			},
			func() ([]byte, error) {
				return PassAtK(PassAtKData{Title: "PassAtK", Panels: []SharePanel{{"", Basis{}, []ShareSeries{{Name: "a", X: []float64{0}, Values: one}, {Name: "b", X: []float64{4}, Values: bad}}}}})
			},
			func() ([]byte, error) {
				return Ladder(LadderData{Title: "Ladder", Panels: []LadderPanel{{"", Basis{}, []LadderLine{{1, []float64{nan}, one}, {2, []float64{5}, bad}}}}})
			},
			func() ([]byte, error) {
				return StackedShares(StackedSharesData{Title: "StackedShares", Classes: []string{"x", "y"}, Rows: []StackedRow{{"a", []float64{nan, math.Inf(1)}}, {"b", []float64{nan, 3}}}})
			},
			func() ([]byte, error) {
				return Ledger(LedgerData{Title: "Ledger", Stages: []string{"RL", "evaluation"}, Rows: []LedgerRow{{"a", []float64{nan, 3e15}}}})
			},
			func() ([]byte, error) {
				return RLCurves(RLCurvesData{Title: "RLCurves", Rows: rows, Columns: []RLColumn{
					{"a", Basis{}, [][]CurveSeries{{{Name: "a", X: []float64{1, 2}, Y: []float64{nan, nan}}}, {{Name: "a", X: []float64{1, 2}, Y: []float64{nan, 30}}}}},
					{"b", Basis{}, [][]CurveSeries{{{Name: "a", X: []float64{1, 2}, Y: []float64{0.1, 0.2}}}, nil}}}})
			},
			func() ([]byte, error) {
				return HeatMap(HeatMapData{Title: "HeatMap", ValueLabel: "change", Columns: []string{"1", "2"}, Rows: []string{"a"}, Values: [][]score.Interval{{bad[0], {Value: -0.5, Low: -0.5, High: -0.5}}}})
			},
			func() ([]byte, error) {
				return HeatMap(HeatMapData{Title: "HeatMap", Columns: []string{"1"}, Rows: []string{"a"}, Values: [][]score.Interval{bad}})
			},
			func() ([]byte, error) {
				return ErrorBars(ErrorBarsData{Title: "ErrorBars", Series: []string{"a", "b"}, Panels: []BarPanel{{Groups: []BarGroup{{Name: "g", Values: append(bad, one...)}}}}})
			},
			func() ([]byte, error) {
				return LineGrid(LineGridData{Title: "LineGrid", Columns: []string{"a", "b"}, Rows: []string{"1B"}, Cells: [][]GridCell{{
					{X: []float64{0, 1}, Values: append(bad, one...)}, {X: []float64{nan}, Values: one, Gains: bad}}}})
			},
			func() ([]byte, error) {
				return Histogram(HistogramData{Title: "Histogram", High: 1, Panels: []HistogramPanel{{"", []HistogramGroup{{Name: "a", Values: []float64{nan, math.Inf(-1)}}}}}})
			},
		},
		"one_point": {
			func() ([]byte, error) { return DAG(DAGData{Title: "DAG", Nodes: []DAGNode{{"a1", "= 3", Question}}}) },
			func() ([]byte, error) {
				zero := []CurveSeries{{Name: "a", X: []float64{1, 2}, Y: []float64{0, 0}}}
				return RLCurves(RLCurvesData{Title: "RLCurves, a reward that is never paid", Rows: rows, Columns: []RLColumn{{"beyond", Basis{}, [][]CurveSeries{zero, zero}},
					{"edge", Basis{}, [][]CurveSeries{{{Name: "a", X: []float64{1, 2}, Y: []float64{0.1, 0.2}}}, {{Name: "a", X: []float64{1, 2}, Y: []float64{60, 62}}}}}}})
			},
			func() ([]byte, error) {
				return Curve(CurveData{Title: "Curve", XLabel: "step", YLabel: "loss", Smooth: 9, Series: []CurveSeries{{Name: "loss", X: []float64{0}, Y: []float64{0}}}})
			},
			func() ([]byte, error) {
				return PassAtKByOp(PassAtKByOpData{Title: "PassAtKByOp", Panels: []SharePanel{{"", Basis{}, []ShareSeries{{Name: "a", X: []float64{3}, Values: one}}}}})
			},
			func() ([]byte, error) {
				return PassAtK(PassAtKData{Title: "PassAtK", Panels: []SharePanel{{"", Basis{1, 1, 8}, []ShareSeries{{Name: "a", X: []float64{8}, Values: one}}}}})
			},
			func() ([]byte, error) {
				return Confusion(ConfusionData{Title: "Confusion", Panels: []ConfusionPanel{{"one sample", Basis{1, 1, 1}, score.Confusion{RightWrong: 1}}}})
			},
			func() ([]byte, error) {
				return RLCurves(RLCurvesData{Title: "RLCurves", Rows: rows, Columns: []RLColumn{
					{"a", Basis{}, [][]CurveSeries{{{Name: "a", X: []float64{1}, Y: []float64{0.25}}}, {{Name: "a", X: []float64{1}, Y: []float64{40}}}}}}})
			},
			func() ([]byte, error) {
				return HeatMap(HeatMapData{Title: "HeatMap", ValueLabel: "NLL reduction", Columns: []string{"1"}, Rows: []string{"a"}, Values: [][]score.Interval{one}, Trained: [][]bool{{true}}})
			},
			func() ([]byte, error) {
				return ErrorBars(ErrorBarsData{Title: "ErrorBars", YLabel: "pass@1 (%)", Series: []string{"a"}, Panels: []BarPanel{{Groups: []BarGroup{{Name: "g", Values: one}}}}})
			},
			func() ([]byte, error) {
				return LineGrid(LineGridData{Title: "LineGrid", XLabel: "RL share (%)", Columns: []string{"a"}, Rows: []string{"1B"}, Cells: [][]GridCell{{{X: []float64{0.2}, Values: one}}}})
			},
			func() ([]byte, error) {
				return Histogram(HistogramData{Title: "Histogram", XLabel: "similarity", Low: 0.2, High: 1, Panels: []HistogramPanel{{"", []HistogramGroup{{Name: "a", Values: []float64{1}}}}}})
			},
		},
	}
}

// The golden images show that each figure says what is missing.
func TestSparseDataGivesAFigureThatSaysSo(t *testing.T) {
	for name, draws := range sparse() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var parts []image.Image
			for i, f := range draws {
				b, err := f()
				if err != nil {
					t.Fatalf("figure %d: %v", i, err)
				}
				img, err := png.Decode(bytes.NewReader(b))
				if err != nil {
					t.Fatal(err)
				}
				parts = append(parts, img)
			}
			compareGolden(t, "sparse_"+name, contactSheet(t, parts))
		})
	}
}

// contactSheet puts images side by side in columns at a third of their size.
func contactSheet(t *testing.T, parts []image.Image) []byte {
	t.Helper()
	const shrink, columns, width = 3, 3, 460
	var heights [columns]int
	at := make([]image.Point, len(parts))
	for i, p := range parts {
		c := 0
		for k := range heights {
			if heights[k] < heights[c] {
				c = k
			}
		}
		at[i] = image.Pt(c*width, heights[c])
		heights[c] += p.Bounds().Dy()/shrink + 6
	}
	sheet := image.NewRGBA(image.Rect(0, 0, columns*width, max(heights[0], heights[1], heights[2])))
	draw.Draw(sheet, sheet.Bounds(), image.White, image.Point{}, draw.Src)
	for i, p := range parts {
		for y := range p.Bounds().Dy() / shrink {
			for x := range p.Bounds().Dx() / shrink {
				sheet.Set(at[i].X+x, at[i].Y+y, average(p, x*shrink, y*shrink, shrink))
			}
		}
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, paletted(sheet)); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func compareGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".png")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := cmpimg.EqualApprox("png", got, want, imageTolerance); err != nil || !same {
		t.Errorf("the figure differs from %s (%v); look at it, and if it is right run go test -update", path, err)
	}
}
