package plots

import (
	"math"
	"testing"

	"gonum.org/v1/plot/plotter"
)

func ownChart() Chart {
	return Chart{
		Title: "A chart of one's own", XLabel: "op", YLabel: "tokens a solution", Basis: Basis{Seeds: 2, Problems: 64, Samples: 16},
		Note: "Bands: 95 % intervals over problems.",
		Series: []ChartSeries{
			{Name: "strict", X: []float64{1, 2, 3, 4, 5, 6}, Y: []float64{13, 25, 36, 48, 60, 71}, Low: []float64{12, 24, 34, 45, 55, 64}, High: []float64{14, 26, 38, 51, 65, 78}},
			{Name: "strict minus a price of length", X: []float64{1, 2, 3, 4, 5, 6}, Y: []float64{12, 21, 30, 37, 44, math.NaN()}, Mark: Dots},
		},
	}
}

func TestChartOfLinesAndDots(t *testing.T) {
	got, err := DrawChart(ownChart())
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "chart_lines", got)
}

func TestChartOfBarsFromZero(t *testing.T) {
	got, err := DrawChart(Chart{Title: "Right by luck", YLabel: "share of right answers (%)", XLabel: "op", Percent: true, Series: []ChartSeries{
		{Name: "base", X: []float64{3, 4, 5}, Y: []float64{0.05, 0.18, 0.41}, Mark: Bars, Low: []float64{0.03, 0.14, 0.3}, High: []float64{0.07, 0.22, 0.52}},
		{Name: "after RL", X: []float64{3, 4, 5}, Y: []float64{0.03, 0.1, 0.22}, Mark: Bars, Low: []float64{0.02, 0.07, 0.15}, High: []float64{0.04, 0.13, 0.29}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "chart_bars", got)
}

func TestChartsRefuseWhatTheyCannotDraw(t *testing.T) {
	for _, c := range []Chart{
		{Series: []ChartSeries{{Name: "a", X: []float64{1, 2}, Y: []float64{1}}}},
		{Series: []ChartSeries{{Name: "a", X: []float64{1}, Y: []float64{1}, Low: []float64{0, 1}}}},
		{Series: []ChartSeries{{Name: "a", X: []float64{1}, Y: []float64{1}, Mark: "pie"}}},
	} {
		if _, err := DrawChart(c); err == nil {
			t.Errorf("drawn: %+v", c)
		}
	}
	for _, c := range []Chart{{}, {Series: []ChartSeries{{Name: "a"}}}, {LogX: true, Series: []ChartSeries{{X: []float64{0, -1}, Y: []float64{1, 2}}}}} {
		if _, err := DrawChart(c); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestAPlotOfTheLibraryTakesTheTheme(t *testing.T) {
	p := NewPlot("A plot of the library", "x", "x squared")
	line, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}, {X: 2, Y: 4}, {X: 3, Y: 9}})
	if err != nil {
		t.Fatal(err)
	}
	p.Add(line)
	got, err := Render(p, 200)
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "chart_plot", got)
}
