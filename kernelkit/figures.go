package kernelkit

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/score"
	"interplay/pipeline/study"
	"interplay/plots"
)

// The figures of a study, each made from its results folder alone.
// paper is the paper's strict pass@k for an arm and a range, as a share; NaN where it has none.
func (r *Results) paper(arm, ops string, k int) float64 {
	for _, c := range study.PaperCurves() {
		if i := slices.Index(c.Ks, k); c.Study == r.Study.Name && c.Arm == arm && c.Range == ops && i >= 0 {
			return c.Values[i] / 100
		}
	}
	return math.NaN()
}

// PassAtK draws strict pass@k over k on every range of ops, the given arms or all
// (paper figure 3). Hollow markers are the paper's values at its own scale.
func (r *Results) PassAtK(arms ...string) Figure {
	data := plots.PassAtKData{Title: "Strict pass@k", Intervals: r.drawnIntervals(r.first().Label)}
	ks := score.PowersOfTwo(r.Study.Evaluation.Samples)
	for _, ops := range r.Study.Ranges {
		panel := plots.KPanel{Title: ops.Title}
		for i, name := range r.names(arms) {
			s := plots.KSeries{Name: r.arm(name).Label, Baseline: i == 0}
			for _, k := range ks {
				if v, ok := r.drawn(name, r.first().Name, ops, k); ok {
					s.Ks, s.Values, s.Paper = append(s.Ks, k), append(s.Values, v), append(s.Paper, r.paper(name, ops.Name, k))
				}
			}
			panel.Series = append(panel.Series, s)
		}
		data.Panels = append(data.Panels, panel)
	}
	png, err := plots.PassAtK(data)
	return figure(png, err, "strict pass@k over k, one panel a range of ops")
}

// ByOp draws strict pass@1 and pass@k per op of the given arms or all, in one context.
func (r *Results) ByOp(context string, arms ...string) Figure {
	k := r.Study.Evaluation.Samples
	data := plots.PassAtKByOpData{Title: "Solved per op, every step verified", Intervals: r.drawnIntervals(r.first().Label)}
	for _, k := range slices.Compact([]int{1, k}) {
		panel := plots.OpPanel{Title: fmt.Sprintf("pass@%d", k)}
		for i, name := range r.names(arms) {
			panel.Series = append(panel.Series, r.opSeries(name, context, k, i == 0))
		}
		data.Panels = append(data.Panels, panel)
	}
	png, err := plots.PassAtKByOp(data)
	return figure(png, err, "strict pass@k per op")
}

func (r *Results) opSeries(arm, context string, k int, baseline bool) plots.OpSeries {
	s := plots.OpSeries{Name: r.arm(arm).Label, Baseline: baseline}
	for _, op := range r.ops() {
		one := study.OpRange{Context: context}
		one.Ops.Min, one.Ops.Max = op, op
		if v, ok := r.drawn(arm, r.first().Name, one, k); ok {
			s.Ops, s.Values = append(s.Ops, op), append(s.Values, v)
		}
	}
	return s
}

// PaperByOp draws the paper's own lines over its own ops.
func (r *Results) PaperByOp() Figure {
	panel := plots.OpPanel{Title: "the paper, 100M parameters"}
	for _, line := range study.PaperByOp() {
		if line.Study != r.Study.Name {
			continue
		}
		s := plots.OpSeries{Name: line.Label, Ops: line.Ops}
		for _, v := range line.Values {
			s.Values = append(s.Values, score.Interval{Value: v / 100, Low: v / 100, High: v / 100})
		}
		panel.Series = append(panel.Series, s)
	}
	png, err := plots.PassAtKByOp(plots.PassAtKByOpData{Title: "For comparison", YLabel: "strict pass@128 (%)", Panels: []plots.OpPanel{panel}})
	return figure(png, err, "the paper's strict pass@128 per op")
}

// Gains draws by how many points each arm's strict pass@k is above the first arm's, per op.
func (r *Results) Gains(arms ...string) Figure {
	names := r.names(arms)
	k := r.Study.Evaluation.Samples
	m := score.Pass(k, score.Strict, score.Unbiased)
	return r.heat(fmt.Sprintf("Gain over %s in strict pass@%d", r.arm(names[0]).Label, k), "points", "%+.0f", names, func(arm string, one study.OpRange) (float64, bool) {
		before, ok := r.Value(names[0], one, m)
		after, ok2 := r.Value(arm, one, m)
		return 100 * (after.Value - before.Value), ok && ok2
	})
}

// LikelihoodGains draws by how many nats a token each arm lowers the negative
// log-likelihood of gold solutions from the first arm's, per op (paper figure 10).
func (r *Results) LikelihoodGains(arms ...string) Figure {
	names := r.names(arms)
	return r.heat("NLL of gold solutions: reduction from "+r.arm(names[0]).Label, "nats a token", "%+.2f", names, func(arm string, one study.OpRange) (float64, bool) {
		before, ok := r.Value(names[0], one, score.NLL)
		after, ok2 := r.Value(arm, one, score.NLL)
		return before.Value - after.Value, ok && ok2
	})
}

// heat draws a number for each arm but the first and each op; trained ops are framed.
func (r *Results) heat(title, unit, format string, names []string, value func(arm string, one study.OpRange) (float64, bool)) Figure {
	data := plots.HeatMapData{Title: title, XLabel: "op", ValueLabel: unit, Format: format}
	for _, op := range r.ops() {
		data.Columns = append(data.Columns, fmt.Sprint(op))
	}
	for _, name := range names[1:] {
		data.Rows = append(data.Rows, r.arm(name).Label)
		var row []float64
		var framed []bool
		for _, op := range r.ops() {
			one := study.OpRange{Ops: gsm.Range{Min: op, Max: op}}
			v, ok := value(name, one)
			if !ok {
				v = math.NaN()
			}
			row, framed = append(row, v), append(framed, trained(r.arm(name), op))
		}
		data.Values, data.Trained = append(data.Values, row), append(data.Trained, framed)
	}
	png, err := plots.HeatMap(data)
	return figure(png, err, title+", per op and arm, trained ops framed")
}

// trained reports whether the arm's last step was trained on an op.
func trained(a *study.Arm, op int) bool {
	last := a.Steps[len(a.Steps)-1]
	mix := last.RL
	if mix == nil {
		return len(a.Steps) > 1 && slices.ContainsFunc(last.Train.Data.Mix, func(b gsm.Block) bool { return op >= b.Ops.Min && op <= b.Ops.Max })
	}
	return slices.ContainsFunc(mix.Data.Mix, func(b gsm.Block) bool { return op >= b.Ops.Min && op <= b.Ops.Max })
}

// Ladder draws how the base came to be: strict pass@k over the steps of pre-training, one
// line a k, on every range of ops and on each op of the edge (paper figure 9).
func (r *Results) Ladder() Figure {
	data := plots.LadderData{Title: "The base on its way", Rows: 2, Intervals: r.intervals()}
	arms := []*study.Arm{}
	for i := range r.Study.Arms {
		if r.Study.Arms[i].At > 0 {
			arms = append(arms, &r.Study.Arms[i])
		}
	}
	arms = append(arms, r.first())
	panel := func(title string, ops study.OpRange) {
		p := plots.LadderPanel{Title: title}
		for _, k := range score.PowersOfTwo(r.Study.Evaluation.Samples) {
			line := plots.LadderLine{K: k}
			for _, a := range arms {
				step := a.At
				if step == 0 {
					step = a.Steps[0].Train.Train.Steps
				}
				if v, ok := r.Value(a.Name, ops, score.Pass(k, score.Strict, score.Unbiased)); ok {
					line.Steps, line.Values = append(line.Steps, float64(step)), append(line.Values, v)
				}
			}
			p.Lines = append(p.Lines, line)
		}
		data.Panels = append(data.Panels, p)
	}
	for _, ops := range r.Study.Ranges {
		panel(ops.Title, ops)
	}
	for _, ops := range r.Study.Ranges[1:] {
		for op := ops.Ops.Min; op <= ops.Ops.Max && len(data.Panels) < 6; op++ {
			panel(fmt.Sprintf("op %d", op), study.OpRange{Ops: gsm.Range{Min: op, Max: op}})
		}
	}
	png, err := plots.Ladder(data)
	return figure(png, err, "strict pass@k over the steps of pre-training, one line a k")
}

// Rewards draws reward and completion length over the steps of RL, one column an
// arm and one line a seed (paper figures 11 and 17).
func (r *Results) Rewards(arms ...string) Figure {
	data := plots.RewardLengthData{Title: "RL: reward and length"}
	steps := 0
	for _, name := range r.names(arms) {
		column := plots.RewardColumn{Title: r.arm(name).Label}
		for _, seed := range r.Study.Seeds {
			reward, length := plots.CurveSeries{Name: fmt.Sprintf("seed %d", seed)}, plots.CurveSeries{Name: fmt.Sprintf("seed %d", seed)}
			for _, m := range r.rlSteps(name, seed) {
				x := float64(m.Step)
				reward.X, reward.Y = append(reward.X, x), append(reward.Y, m.Reward)
				length.X, length.Y = append(length.X, x), append(length.Y, m.Length)
			}
			steps = max(steps, len(reward.X))
			if len(reward.X) > 0 {
				column.Reward, column.Length = append(column.Reward, reward), append(column.Length, length)
			}
		}
		if len(column.Reward) > 0 {
			data.Columns = append(data.Columns, column)
		}
	}
	data.Smooth = max(1, steps/8)
	png, err := plots.RewardLength(data)
	return figure(png, err, "reward and completion length over the steps of RL")
}

// rlSteps is the log of an arm's RL with a seed.
func (r *Results) rlSteps(arm string, seed int64) (steps []study.Metric) {
	for _, m := range r.Metrics {
		if m.Arm == arm && m.Seed == seed && m.Kind == "rl" {
			steps = append(steps, m)
		}
	}
	return steps
}

// Hacking draws the share of right answers with a wrong process over the steps of
// RL, mean over seeds: reward hacking, where RL pays for the answer alone.
func (r *Results) Hacking(arms ...string) Figure {
	data := plots.CurveData{Title: "Right answers by a wrong process, during RL", XLabel: "RL step", YLabel: "share of right answers (%)", Percent: true}
	for _, name := range r.names(arms) {
		s := plots.CurveSeries{Name: r.arm(name).Label}
		sum, n := map[int]float64{}, map[int]float64{}
		for _, m := range r.Metrics {
			if m.Arm == name && m.Kind == "rl" && m.Answer > 0 {
				sum[m.Step] += m.Lucky
				n[m.Step]++
			}
		}
		for step := range n {
			s.X = append(s.X, float64(step))
		}
		slices.Sort(s.X)
		for _, x := range s.X {
			s.Y = append(s.Y, sum[int(x)]/n[int(x)])
		}
		data.Smooth = max(data.Smooth, len(s.X)/8)
		if len(s.X) > 0 {
			data.Series = append(data.Series, s)
		}
	}
	data.Smooth = max(1, data.Smooth)
	png, err := plots.Curve(data)
	return figure(png, err, "share of right answers with a wrong process over RL steps")
}

// FirstWrong draws what the first wrong step of a sample was, for each arm on a range of ops.
func (r *Results) FirstWrong(ops string, arms ...string) Figure {
	at, ok := r.Study.Range(ops)
	if !ok {
		fail(fmt.Errorf("the study has no range %q", ops))
	}
	counts, total := map[string]map[string]float64{}, map[string]float64{}
	for _, x := range r.Records {
		if x.Op < at.Ops.Min || x.Op > at.Ops.Max || at.Context != "" && x.Context != at.Context {
			continue
		}
		class := x.Class
		if class == right && !x.Strict {
			class = "answer wrong after right steps"
		}
		if counts[x.Arm] == nil {
			counts[x.Arm] = map[string]float64{}
		}
		counts[x.Arm][class]++
		total[class]++
	}
	data := plots.StackedSharesData{Title: "What goes wrong first, " + at.Title, Classes: mostFrequent(total, 6)}
	for _, name := range r.names(arms) {
		row := plots.StackedRow{Name: r.arm(name).Label, Counts: make([]float64, len(data.Classes))}
		for class, n := range counts[name] {
			k := slices.Index(data.Classes, class)
			if k < 0 {
				k = len(data.Classes) - 1
			}
			row.Counts[k] += n
		}
		data.Rows = append(data.Rows, row)
	}
	png, err := plots.StackedShares(data)
	return figure(png, err, "share of samples by the class of their first wrong step")
}

// Bars draws strict pass@1 and pass@k of the arms on two ranges as bars over the
// first arm, with the paper's values (paper figure 7).
func (r *Results) Bars(ranges []string, arms ...string) Figure {
	k := r.Study.Evaluation.Samples
	names := r.names(arms)
	data := plots.ErrorBarsData{Title: "Rewards compared", YLabel: "strict pass@k (%)", First: true, Intervals: r.drawnIntervals(r.arm(names[0]).Label)}
	for _, name := range names {
		data.Series = append(data.Series, r.arm(name).Label)
	}
	for _, at := range []struct{ k, paper int }{{1, 1}, {k, 128}} {
		panel := plots.BarPanel{Title: fmt.Sprintf("pass@%d (paper: k = %d)", at.k, at.paper)}
		for _, ops := range ranges {
			o, ok := r.Study.Range(ops)
			if !ok {
				fail(fmt.Errorf("the study has no range %q", ops))
			}
			group := plots.BarGroup{Name: o.Title}
			for _, name := range names {
				v, ok := r.drawn(name, names[0], o, at.k)
				if !ok {
					v = score.Interval{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
				}
				group.Values, group.Paper = append(group.Values, v), append(group.Paper, r.paper(name, ops, at.paper))
			}
			panel.Groups = append(panel.Groups, group)
		}
		data.Panels = append(data.Panels, panel)
	}
	png, err := plots.ErrorBars(data)
	return figure(png, err, "strict pass@1 and pass@k by arm")
}

// SplitGrid draws strict pass@1 and pass@k at the edge and beyond over β, RL's
// share of the budget: one row a budget and accounting (paper figure 18).
func (r *Results) SplitGrid() Figure {
	k := r.Study.Evaluation.Samples
	data := plots.LineGridData{Title: "The best split, budget by budget", XLabel: "RL's share of the budget, β (%)", Intervals: r.drawnIntervals(r.first().Label)}
	type column struct {
		ops string
		k   int
	}
	columns := []column{{"edge", 1}, {"beyond", 1}, {"edge", k}, {"beyond", k}}
	for _, c := range columns {
		data.Columns = append(data.Columns, fmt.Sprintf("%s, pass@%d", c.ops, c.k))
	}
	for _, group := range r.groups() {
		data.Rows = append(data.Rows, strings.Replace(group, " tokens", "", 1)) // a row is not high enough for more
		row := make([]plots.GridCell, len(columns))
		for i, c := range columns {
			ops, _ := r.Study.Range(c.ops)
			for _, a := range r.inGroup(group) {
				if v, ok := r.drawn(a.Name, r.first().Name, ops, c.k); ok {
					row[i].X, row[i].Values = append(row[i].X, a.Value), append(row[i].Values, v)
				}
			}
		}
		data.Cells = append(data.Cells, row)
	}
	png, err := plots.LineGrid(data)
	return figure(png, err, "strict pass@k over RL's share of the budget")
}

// ExposureCurve draws strict pass@k on deep B over the tokens of B that pre-training
// showed, before RL and after. No tokens has no place on a logarithmic axis: it is in
// the table of Exposures.
func (r *Results) ExposureCurve() Figure {
	k := r.Study.Evaluation.Samples
	ops, b := r.deepB()
	data := plots.CurveData{Title: fmt.Sprintf("Deep problems of B: strict pass@%d", k), XLabel: "tokens of B in pre-training", YLabel: "strict (%)", LogX: true, Percent: true}
	for i, names := range [][]string{r.Before(), r.After()} {
		s := plots.CurveSeries{Name: []string{"before RL", "after RL"}[i], Baseline: i == 0}
		for at, name := range names {
			tokens, _ := r.arm(name).Steps[0].Train.Exposure(b)
			if v, ok := r.drawn(name, r.Before()[at], ops, k); ok && tokens > 0 {
				s.X, s.Y, s.Low, s.High = append(s.X, tokens), append(s.Y, v.Value), append(s.Low, v.Low), append(s.High, v.High)
			}
		}
		data.Series = append(data.Series, s)
	}
	png, err := plots.Curve(data)
	return figure(png, err, "strict pass@k on deep problems of B over the tokens of B in pre-training, before and after RL; "+r.drawnIntervals("before RL"))
}

// Similarity draws how similar the graphs solved in context B are to the nearest
// training graph of context A, one panel a share of B (paper figure 5).
func (r *Results) Similarity() Figure {
	const shown = 1000
	data := plots.HistogramData{Title: "Graphs solved in B: similarity to the nearest training graph of A", XLabel: "similarity", Low: 0.2, High: 1, Bins: 16}
	known := ""
	for _, ops := range r.Study.Ranges {
		if strings.HasPrefix(ops.Name, "A") {
			known = ops.Context
		}
	}
	for _, name := range r.After() {
		panel := plots.HistogramPanel{Title: r.arm(name).Label}
		for _, ops := range r.Study.Ranges {
			if ops.Context != known {
				panel.Groups = append(panel.Groups, plots.HistogramGroup{Name: ops.Title, Values: must(r.Similarities(name, ops, known, shown))})
			}
		}
		data.Panels = append(data.Panels, panel)
	}
	png, err := plots.Histogram(data)
	return figure(png, err, "distribution of the similarity of solved B graphs to training graphs of A")
}
