package plots

import (
	"math"

	"interplay/kernelkit/random"
	"interplay/kernelkit/score"
)

// The figures of the golden test: data of the kind that the studies draw.

type drawn struct {
	name string
	draw func() ([]byte, error)
}

func figures() []drawn {
	return []drawn{
		{"dag_zoo", func() ([]byte, error) { return DAG(zooGraph()) }},
		{"dag_symbolic", func() ([]byte, error) { return DAG(symbolicGraph()) }},
		{"dag_wide", func() ([]byte, error) { return DAG(wideGraph()) }},
		{"dag_two", func() ([]byte, error) {
			return DAG(DAGData{Title: "An op-2 problem", Nodes: []DAGNode{
				{"adult wolf in Cedar Valley", "= 2", Step}, {"adult bear in Beverly Forest", "= adult wolf in Cedar Valley = 2", Question},
			}, Edges: []DAGEdge{{From: 0, To: 1}}})
		}},
		{"curve_loss", func() ([]byte, error) { return Curve(lossCurve()) }},
		{"curve_reward", func() ([]byte, error) { return Curve(rewardCurve()) }},
		{"passk_by_op", func() ([]byte, error) { return PassAtKByOp(walkthroughByOp()) }},
		{"passk", func() ([]byte, error) { return PassAtK(paperFigure3()) }},
		{"confusion", func() ([]byte, error) {
			return Confusion(ConfusionData{Title: "Is a right answer reached by a right process?", Panels: []ConfusionPanel{
				{"after pre-training", Basis{1, 384, 32}, score.Confusion{RightRight: 3110, RightWrong: 1890, WrongRight: 12, WrongWrong: 7276}},
				{"after GRPO, outcome reward", Basis{1, 384, 32}, score.Confusion{RightRight: 4032, RightWrong: 2466, WrongRight: 3, WrongWrong: 5787}},
				{"after GRPO, strict reward", Basis{1, 384, 32}, score.Confusion{RightRight: 4720, RightWrong: 1204, WrongRight: 7, WrongWrong: 6357}},
			}})
		}},
		{"stacked_shares", func() ([]byte, error) { return StackedShares(firstWrongSteps()) }},
		{"ledger", func() ([]byte, error) { return Ledger(splitLedger()) }},
		{"rl_curves", func() ([]byte, error) { return RLCurves(paperFigure11()) }},
		{"ladder", func() ([]byte, error) { return Ladder(paperFigure9()) }},
		{"recipe", func() ([]byte, error) { return Recipe(edgeRecipe()) }},
		{"forest", func() ([]byte, error) { return Forest(claimsAtTwoScales()) }},
		{"heat_map", func() ([]byte, error) { return HeatMap(paperFigure10()) }},
		{"error_bars", func() ([]byte, error) { return ErrorBars(paperFigure8()) }},
		{"exposure", func() ([]byte, error) { return Exposure(paperFigure4()) }},
		{"line_grid", func() ([]byte, error) { return LineGrid(paperFigure18()) }},
		{"histogram", func() ([]byte, error) { return Histogram(paperFigure5()) }},
		{"passk_by_op_exposure", func() ([]byte, error) { return PassAtKByOp(exposureByOp()) }},
	}
}

func zooGraph() DAGData {
	return DAGData{
		Title: "Problem graph, op 12, context crazy_zootopia",
		Nodes: []DAGNode{
			{"adult owl in Bundle Ranch", "= 3", Step},
			{"adult parrot in Bundle Ranch", "= 4", Step},
			{"adult crow in Hamilton Farm", "= 2 + adult owl in Bundle Ranch = 5", Step},
			{"total number of adult animals in Bundle Ranch", "owl + parrot = 7", Step},
			{"average number of newborn children per adult crow in Hamilton Farm", "= 2 × adult parrot in Bundle Ranch = 8", Step},
			{"total number of newborn animal children in Hamilton Farm", "5 × 8 = 40", Step},
			{"adult eagle in Maple Creek", "= total in Bundle Ranch − adult crow = 2", Step},
			{"adult owl in Maple Creek", "= 1 + adult eagle + newborn total = 43", Question},
			{"adult parrot in Maple Creek", "= 2", Distractor},
			{"average number of newborn children per adult parrot in Maple Creek", "= 3 + adult parrot in Maple Creek", Distractor},
		},
		Edges: []DAGEdge{
			{0, 2, false}, {0, 3, true}, {1, 3, true}, {1, 4, false}, {2, 5, true}, {4, 5, true},
			{3, 6, false}, {2, 6, false}, {6, 7, false}, {5, 7, false}, {8, 9, false}, {0, 9, false},
		},
	}
}

func symbolicGraph() DAGData {
	return DAGData{
		Title: "Problem graph, op 5, symbolic context A",
		Nodes: []DAGNode{
			{"a2", "= 2", Step}, {"a7", "= 5", Step}, {"a1", "a2 * 8 = 6", Step}, {"a11", "a1 + 1 = 7", Step},
			{"a4", "a7 - a1 = 9", Step}, {"a9", "a11 * a4 = 3", Step}, {"a15", "a9 + a2 = 5", Question}, {"a6", "a1 - a2 = 4", Distractor},
		},
		Edges: []DAGEdge{{0, 2, false}, {2, 3, false}, {1, 4, false}, {2, 4, false}, {3, 5, false}, {4, 5, false}, {5, 6, false}, {0, 6, false}, {2, 7, false}, {0, 7, false}},
	}
}

func wideGraph() DAGData {
	d := DAGData{Title: "Problem graph, op 20, context teachers_in_school"}
	names := []string{
		"elementary school in Glenfield City", "regional medical school in Shoreline City", "private middle school in Hawkesbury",
		"culinarian school in Riverton City", "public highschool in Ruby Bay", "average number of teachers per elementary school in Glenfield City",
		"average number of teachers per culinarian school in Riverton City", "total number of schools in Shoreline City",
		"total number of schools in Riverton City", "regional medical school in Ruby Bay", "private middle school in Ruby Bay",
		"total number of teachers from all schools in Glenfield City", "average number of teachers per private middle school in Ruby Bay",
		"total number of teachers from all schools in Ruby Bay", "elementary school in Westhaven City",
	}
	for i, n := range names {
		role := Step
		if i == 14 {
			role = Question
		}
		d.Nodes = append(d.Nodes, DAGNode{n, []string{"= 2", "= 4", "= 3", "= 1", "= 4"}[i%5], role})
	}
	for _, e := range [][3]int{{0, 5, 0}, {0, 11, 1}, {5, 11, 1}, {1, 7, 1}, {2, 7, 1}, {3, 8, 1}, {4, 8, 1}, {3, 6, 0}, {7, 9, 0}, {8, 10, 0}, {6, 12, 0},
		{9, 13, 1}, {10, 13, 1}, {12, 13, 1}, {11, 14, 0}, {13, 14, 0}, {1, 14, 0}} {
		d.Edges = append(d.Edges, DAGEdge{e[0], e[1], e[2] == 1})
	}
	return d
}

// interval is a share with the width that n prompts would give.
func interval(share float64, n int) score.Interval {
	half := 1.96 * math.Sqrt(share*(1-share)/float64(n)+0.0002)
	return score.Interval{Value: share, Low: math.Max(0, share-half), High: math.Min(1, share+half), N: n}
}

func intervals(n int, shares ...float64) []score.Interval {
	out := make([]score.Interval, len(shares))
	for i, s := range shares {
		out[i] = interval(s, n)
	}
	return out
}

func lossCurve() CurveData {
	noise := random.New(1, "test/loss")
	d := CurveData{Title: "Pre-training loss", XLabel: "tokens seen", YLabel: "loss (nats per token)", Smooth: 21}
	for i, name := range []string{"training", "held out"} {
		s := CurveSeries{Name: name}
		step := 1 + 24*i
		for k := 0; k < 400; k += step {
			tokens := float64(k+1) * 16 * 160 * 5
			loss := 0.36 + 3.6/(1+tokens/60e3) + 0.3*math.Exp(-tokens/1.4e6) + 0.02*float64(i)
			if i == 0 {
				loss *= 1 + 0.05*noise.Norm()
			}
			s.X, s.Y = append(s.X, tokens), append(s.Y, loss)
		}
		d.Series = append(d.Series, s)
	}
	return d
}

func rewardCurve() CurveData {
	d := CurveData{Title: "GRPO on op 5–6: mean reward", XLabel: "RL step", YLabel: "reward", Smooth: 11}
	for i, name := range []string{"strict", "outcome", "0.2 outcome + 0.8 process"} {
		noise := random.New(int64(i), "test/reward")
		s := CurveSeries{Name: name}
		for k := range 101 {
			mean := 0.04 + 0.14*(1-math.Exp(-float64(k)/45)) + 0.12*float64(i)
			s.X, s.Y = append(s.X, float64(k)), append(s.Y, math.Max(0, mean+0.025*noise.Norm()))
		}
		d.Series = append(d.Series, s)
	}
	return d
}

// upTo are the whole numbers from a first to a last.
func upTo(first, last int) (xs []float64) {
	for x := first; x <= last; x++ {
		xs = append(xs, float64(x))
	}
	return xs
}

// gains are differences with the half width that pairing leaves.
func gains(half float64, values ...float64) []score.Interval {
	out := make([]score.Interval, len(values))
	for i, v := range values {
		out[i] = score.Interval{Value: v, Low: v - half, High: v + half, N: 384}
	}
	return out
}

func walkthroughByOp() PassAtKByOpData {
	ops := upTo(1, 8)
	return PassAtKByOpData{
		Title: "Before and after RL, per op",
		Panels: []SharePanel{
			{"pass@1", Basis{1, 96, 32}, []ShareSeries{
				{Name: "after pre-training", X: ops, Values: intervals(96, .91, .83, .65, .43, .12, .06, 0, 0), Baseline: true},
				{Name: "after GRPO, strict reward", X: ops, Values: intervals(96, .89, .71, .66, .49, .27, .11, .02, 0)},
			}},
			{"pass@32", Basis{1, 96, 32}, []ShareSeries{
				{Name: "after pre-training", X: ops, Values: intervals(96, .99, 1, 1, .95, .73, .51, .06, 0), Baseline: true},
				{Name: "after GRPO, strict reward", X: ops, Values: intervals(96, .99, .94, 1, .94, .90, .64, .20, .04)},
			}},
		},
		Spans: []OpSpan{{"RL", 5, 6}, {"pre-training (op 5–6: 3 %)", 0, 6}},
	}
}

// exposureByOp has the paper's values of figure 4 as hollow markers, and gains.
func exposureByOp() PassAtKByOpData {
	ops := upTo(2, 20)
	one := []float64{1, .985, .995, .985, .985, .965, .963, .948, .926, .895, .850, .822, .773, .779, .717, .702, .656, .641, .607}
	ten := []float64{1, .997, .997, .995, .997, .995, .983, .983, .959, .954, .890, .867, .853, .886, .822, .822, .764, .751, .676}
	rare := []float64{1, .33, .09, .14, .02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	none := make([]float64, 19)
	series := func(name string, paper []float64, by float64) ShareSeries {
		s := ShareSeries{Name: name, X: ops, Paper: Points{ops, paper}, Baseline: by == 0}
		for _, v := range paper {
			s.Values = append(s.Values, interval(v*by, 128))
			if by > 0 {
				s.Gains = append(s.Gains, score.Interval{Value: v * by, Low: v*by - .04, High: v*by + .04})
			}
		}
		return s
	}
	return PassAtKByOpData{
		Title:  "Context B after RL, by its share of pre-training",
		YLabel: "strict pass@128 on B (%)",
		Panels: []SharePanel{{"", Basis{4, 128, 128}, []ShareSeries{series("0 % B", none, 0), series("0.1 %", rare, .8), series("1 %", one, .9), series("10 %", ten, .96)}}},
		Spans:  []OpSpan{{"B in pre-training", 2, 2}},
	}
}

// paperFigure4 has no tokens beside its logarithmic axis.
func paperFigure4() ExposureData {
	tokens := []float64{0, 7.2e3, 21e3, 70e3, 210e3, 700e3}
	before, after := []float64{0, .001, .004, .06, .12, .31}, []float64{0, .001, .011, .13, .25, .44}
	gain := []float64{0, 0, .007, .07, .13, .13}
	return ExposureData{Title: "Deep problems of B, by the tokens of B in pre-training", XLabel: "tokens of B in pre-training",
		Panels: []SharePanel{
			{"pass@1", Basis{5, 256, 16}, []ShareSeries{
				{Name: "before RL", X: tokens, Values: intervals(1280, before...), Baseline: true},
				{Name: "after RL", X: tokens, Values: intervals(1280, after...), Gains: gains(.02, gain...)}}},
			{"pass@16", Basis{5, 256, 16}, []ShareSeries{
				{Name: "before RL", X: tokens, Values: intervals(1280, before...), Baseline: true},
				{Name: "after RL", X: tokens, Values: intervals(1280, after...), Gains: gains(.03, gain...)}}},
		}}
}

// paperFigure3 has the paper's values of its figure 1 as hollow markers, to its own k.
func paperFigure3() PassAtKData {
	ks := []float64{1, 2, 4, 8, 16}
	paper := func(values ...float64) Points { return Points{[]float64{1, 2, 4, 8, 16, 32, 64, 128}, values} }
	base := paper(.169, .219, .266, .313, .359, .393, .415, .439)
	edge := paper(.512, .580, .650, .714, .769, .804, .835, .860)
	hard := paper(.183, .227, .266, .307, .342, .368, .381, .396)
	series := func(name string, paper Points, base, here []float64) ShareSeries {
		s := ShareSeries{Name: name, X: ks, Values: intervals(1800, here...), Paper: paper, Baseline: name == "base"}
		for i := range here {
			if !s.Baseline {
				d := here[i] - base[i]
				s.Gains = append(s.Gains, score.Interval{Value: d, Low: d - .02 - .01*float64(i), High: d + .02 + .01*float64(i)})
			}
		}
		return s
	}
	panel := func(title string, papers [4]Points, base, inside, edge, beyond []float64) SharePanel {
		return SharePanel{title, Basis{5, 384, 16}, []ShareSeries{series("base", papers[0], base, base), series("RL on op 7–10", papers[1], base, inside),
			series("RL on op 11–14", papers[2], base, edge), series("RL on op 17–20", papers[3], base, beyond)}}
	}
	return PassAtKData{Title: "RL on four op ranges", Panels: []SharePanel{
		panel("op 2–10, in distribution", [4]Points{}, []float64{.862, .932, .962, .975, .983}, []float64{.915, .952, .968, .977, .983}, []float64{.895, .945, .965, .976, .982}, []float64{.862, .932, .962, .975, .983}),
		panel("op 11–14, edge", [4]Points{base, {}, edge, hard}, []float64{.175, .22, .26, .31, .35}, []float64{.222, .258, .301, .338, .369}, []float64{.506, .572, .642, .709, .761}, []float64{.175, .22, .26, .31, .35}),
		panel("op 15–20, hard", [4]Points{}, []float64{0, 0, 0, .001, .001}, []float64{.001, .001, .002, .004, .006}, []float64{.056, .079, .104, .130, .158}, []float64{0, 0, 0, .001, .001}),
	}}
}

func firstWrongSteps() StackedSharesData {
	return StackedSharesData{
		Title:   "What goes wrong first, op 5–6",
		Basis:   Basis{5, 128, 16},
		Classes: []string{"none", "lucky answer", "wrong value", "wrong parents", "wrong operator", "missing node", "undefined variable", "unparsable"},
		Rows: []StackedRow{
			{"base", []float64{310, 420, 1240, 560, 120, 610, 80, 12}},
			{"GRPO, outcome reward", []float64{690, 505, 980, 410, 85, 340, 45, 3}},
			{"GRPO, strict reward", []float64{1010, 260, 930, 380, 90, 300, 40, 1}},
			{"GRPO, not yet run", []float64{0, 0, 0, 0, 0, 0, 0, 0}},
		},
	}
}

func splitLedger() LedgerData {
	return LedgerData{
		Title: "Equal budgets, different splits (2.1B token equivalents after pre-training)", XLabel: "token equivalents",
		Stages: []string{"pre-training", "mid-training", "RL rollouts", "RL updates"},
		Rows: []LedgerRow{
			{"full mid-training (β = 0)", []float64{10e9, 2.1e9, 0, 0}},
			{"light RL (β = 0.2)", []float64{10e9, 1.68e9, .21e9, .21e9}},
			{"medium RL (β = 0.5)", []float64{10e9, 1.05e9, .525e9, .525e9}},
			{"heavy RL (β = 0.8)", []float64{10e9, .42e9, .84e9, .84e9}},
			{"full RL (β = 1)", []float64{10e9, 0, 1.05e9, 1.05e9}},
		},
	}
}

func paperFigure11() RLCurvesData {
	d := RLCurvesData{Title: "GRPO on four op ranges", Smooth: 9, Rows: []RLRow{{"reward (%)", true}, {"response (tokens)", false}}}
	for i, c := range []struct {
		title            string
		from, to, rate   float64
		length, lengthTo float64
	}{{"RL on op 7–10", .72, .80, 40, 247, 258}, {"RL on op 9–12", .5, .65, 70, 281, 290}, {"RL on op 11–14", .2, .5, 80, 285, 325}, {"RL on op 17–20", 0, 0, 1, 279, 284}} {
		column := RLColumn{c.title, Basis{3, 32, 8}, [][]CurveSeries{nil, nil}}
		for seed := range 3 {
			noise := random.New(int64(i), "test/figure11", uint64(seed))
			reward, length := CurveSeries{Name: "GRPO"}, CurveSeries{Name: "GRPO"}
			for step := range 200 {
				x := float64(step)
				grown := (1 - math.Exp(-x/c.rate)) * (0.7 + 0.3*float64(seed))
				reward.X, length.X = append(reward.X, x), append(length.X, x)
				jitter := 0.015
				if c.to == 0 {
					jitter = 0.002
				}
				reward.Y = append(reward.Y, math.Max(0, c.from+(c.to-c.from)*grown+jitter*noise.Norm()))
				length.Y = append(length.Y, c.length+(c.lengthTo-c.length)*grown+1.5*noise.Norm())
			}
			column.Runs[0], column.Runs[1] = append(column.Runs[0], reward), append(column.Runs[1], length)
		}
		d.Columns = append(d.Columns, column)
	}
	return d
}

// paperFigure9 climbs as the paper's base does: pass@128 near 100 % inside, to 44 % at the edge.
func paperFigure9() LadderData {
	d := LadderData{Title: "The base on its way: pass@k over pre-training"}
	for _, panel := range []struct {
		title     string
		one, many float64 // at the end
	}{{"inside (op 2–10)", .83, .99}, {"edge (op 11–14)", .17, .44}, {"beyond (op 15–20)", 0, .02}} {
		p := LadderPanel{Title: panel.title, Basis: Basis{4, 100, 128}}
		for i, k := range []int{1, 2, 4, 8, 16, 32, 64, 128} {
			l := LadderLine{K: k}
			for step := 5000.0; step <= 20000; step += 5000 {
				top := panel.one + (panel.many-panel.one)*float64(i)/7
				l.Steps = append(l.Steps, step)
				l.Values = append(l.Values, interval(top*(1-math.Exp(-step/7000)), 400))
			}
			p.Lines = append(p.Lines, l)
		}
		d.Panels = append(d.Panels, p)
	}
	return d
}

func edgeRecipe() RecipeData {
	return RecipeData{Title: "Study 1: where does RL help?", Stages: []RecipeStage{
		{"corpus", []string{"op 0–4, 3 % op 5–6", "13.0M tokens"}, Planned},
		{"pre-training", []string{"Qwen2.5, 165k parameters", "6,000 steps"}, Planned},
		{"RL (GRPO)", []string{"op 1–3, 5–6, 1–6 or 8–9", "100 steps of 32 × 8"}, Varied},
		{"evaluation", []string{"128 problems an op", "32 samples each"}, Planned},
	}}
}

func paperFigure10() HeatMapData {
	d := HeatMapData{Title: "How much RL lowers the loss on gold solutions", XLabel: "evaluated on op",
		Rows: []string{"7–10", "9–12", "11–14", "17–20"}, ValueLabel: "NLL reduction (nats per token)", Format: "%+.3f", Basis: Basis{5, 64, 0}}
	ranges := [][2]int{{7, 10}, {9, 12}, {11, 14}, {17, 20}}
	for op := 7; op <= 20; op++ {
		d.Columns = append(d.Columns, trimmed(float64(op)))
	}
	for _, r := range ranges {
		var row []score.Interval
		var in []bool
		for op := 7; op <= 20; op++ {
			centre := float64(r[0]+r[1]) / 2
			v := 0.04 * math.Exp(-math.Pow((float64(op)-centre)/5, 2))
			if r[0] == 17 {
				v *= 0.15
			}
			row, in = append(row, score.Interval{Value: v, Low: v - .004 - v/5, High: v + .004 + v/5}), append(in, op >= r[0] && op <= r[1])
		}
		d.Values, d.Trained = append(d.Values, row), append(d.Trained, in)
	}
	return d
}

func paperFigure8() ErrorBarsData {
	none := math.NaN()
	group := func(name string, n int, paper []float64, values ...float64) BarGroup {
		g := BarGroup{Name: name, Values: intervals(n, values...), Paper: paper}
		for _, v := range values {
			d := v - values[0]
			g.Gains = append(g.Gains, score.Interval{Value: d, Low: d - .02, High: d + .02})
		}
		g.Gains[0] = score.Interval{Value: none, Low: none, High: none}
		return g
	}
	return ErrorBarsData{
		Title: "What process-verified rewards change (RL on op 11–14)", YLabel: "share of samples (%)",
		Series: []string{"base", "outcome", "0.2 outcome + 0.8 process", "strict"},
		Panels: []BarPanel{
			{"op 11–14", Basis{4, 800, 16}, []BarGroup{
				group("correct", 800, []float64{.17, .41, none, .46}, .18, .43, .48, .50),
				group("dependency mismatch", 800, nil, .72, .50, .46, .44),
				group("missing nodes", 800, nil, .12, .07, .05, .04),
			}},
			{"op 15–20", Basis{4, 1200, 16}, []BarGroup{
				group("correct", 1200, nil, 0, .056, .099, .097),
				group("dependency mismatch", 1200, nil, .95, .89, .84, .85),
				group("missing nodes", 1200, nil, .14, .11, .08, .08),
			}},
		},
	}
}

func paperFigure18() LineGridData {
	d := LineGridData{Title: "Equal budgets, split between mid-training and RL", XLabel: "RL share (%)", Reference: "β = 0",
		Columns: []string{"op 11–14 pass@1", "op 15–20 pass@1", "op 11–14 pass@128", "op 15–20 pass@128"},
		Rows:    []string{"1.0B", "2.1B"}}
	for i := range d.Rows {
		var row []GridCell
		for j := range d.Columns {
			noise := random.New(7, "test/figure18", uint64(i), uint64(j))
			cell := GridCell{X: []float64{0, .2, .5, .8, 1}, Basis: Basis{4, 200, 128}}
			centre := []float64{.52, .05, .89, .19}[j] + 0.012*float64(i)
			best := []float64{.2, .8, .2, .8}[j]
			for _, x := range cell.X {
				v := centre - 0.03*math.Abs(x-best) + 0.003*noise.Norm()
				cell.Values = append(cell.Values, score.Interval{Value: v, Low: v - .008, High: v + .008, N: 800})
				d := v - cell.Values[0].Value
				cell.Gains = append(cell.Gains, score.Interval{Value: d, Low: d - .02, High: d + .02, N: 800})
			}
			cell.Gains[0] = score.Interval{Value: nan, Low: nan, High: nan}
			row = append(row, cell)
		}
		d.Cells = append(d.Cells, row)
	}
	return d
}

func paperFigure5() HistogramData {
	d := HistogramData{Title: "How close are generated graphs in context B to gold graphs of context A?", XLabel: "topological similarity", Low: 0.2, High: 1, Bins: 16}
	for i, title := range []string{"0.1 % B", "1 % B", "10 % B"} {
		p := HistogramPanel{Title: title}
		for j, name := range []string{"op 2–10", "op 11–14", "op 15–20"} {
			noise := random.New(int64(i), "test/figure5", uint64(j))
			g := HistogramGroup{Name: name, Problems: 200}
			n := 1500
			if i == 0 && j == 2 {
				n, g.Problems = 4, 2
			}
			for range n {
				g.Values = append(g.Values, math.Min(1, 1-math.Abs(noise.Norm())*(0.06+0.06*float64(j)+0.03*float64(i*j))))
			}
			p.Groups = append(p.Groups, g)
		}
		d.Panels = append(d.Panels, p)
	}
	return d
}

// claimsAtTwoScales are effects as a study has them at two scales, one of them at one alone.
func claimsAtTwoScales() ForestData {
	none := math.NaN()
	return ForestData{Title: "The same claims at two scales", Series: []string{"terse problems", "word problems"}, Intervals: "95 % intervals over seeds and problems", PaleMeans: "not resolved by the study's rule",
		Rows: []ForestRow{
			{"RL at the edge raises pass@1 there", []score.Interval{{Value: .143, Low: .10, High: .186}, {Value: .226, Low: .13, High: .32}}, nil, .42},
			{"RL at the edge raises pass@128 there: new problems, not only surer ones", []score.Interval{{Value: .078, Low: .011, High: .145}, {Value: .021, Low: -.11, High: .15}}, []bool{false, true}, .34},
			{"the model's own solutions make it forget less inside than gold ones, pass@1", []score.Interval{{Value: none}, {Value: -.117, Low: -.17, High: -.06}}, nil, none},
		}}
}
