package kernelkit

import (
	"fmt"
	"math"
	"slices"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/score"
	"interplay/pipeline/study"
	"interplay/plots"
)

// The figures of a study, each made from its results folder alone. Levels stand
// without intervals where they are compared: seeds differ more in what their bases can
// do than in what becomes of them. The differences, paired by seed and problem, have them.

// paper is the paper's strict pass@k for an arm and a range, over its own k, as shares.
func (r *Results) paper(arm, ops string) (p plots.Points) {
	for _, c := range r.Study.Paper {
		if c.Arm != arm || c.Range != ops {
			continue
		}
		for i, k := range c.Ks {
			p.X, p.Y = append(p.X, float64(k)), append(p.Y, c.Values[i]/100)
		}
	}
	return p
}

// pass is the measure of strict pass@k.
func pass(k int) score.Measure { return score.Pass(k, score.Strict, score.Unbiased) }

// basis is what stands behind an arm's numbers on a range of ops.
func (r *Results) basis(arm string, ops study.OpRange) plots.Basis {
	v, _ := r.Value(arm, ops, pass(1))
	return plots.Basis{Seeds: len(r.Study.Seeds), Problems: v.N, Samples: r.Study.Samples(r.arm(arm))}
}

// point adds an arm's strict pass@k to a series, and its difference from another arm
// unless that is the arm itself.
func (r *Results) point(s *plots.ShareSeries, x float64, arm, from string, ops study.OpRange, k int) {
	v, ok := r.Value(arm, ops, pass(k))
	if !ok {
		return
	}
	s.X, s.Values = append(s.X, x), append(s.Values, v)
	if arm != from {
		s.Gains = append(s.Gains, r.gain(arm, from, ops, k))
	}
}

// gain is an arm's difference in strict pass@k from another; not a number where they
// have no problems in common.
func (r *Results) gain(arm, from string, ops study.OpRange, k int) score.Interval {
	if d, ok := r.Difference(arm, from, ops, pass(k)); ok && arm != from {
		return d
	}
	return noInterval
}

var noInterval = score.Interval{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}

// PassAtK draws strict pass@k over k on every range of ops, the given arms or all, and
// their differences from the first (paper figure 3). Hollow markers are the paper's values
// at its own scale, to its own k.
func (r *Results) PassAtK(arms ...string) Figure {
	names := r.names(arms)
	data := plots.PassAtKData{Title: "Strict pass@k", Intervals: r.intervals()}
	for _, ops := range r.Study.Ranges {
		panel := plots.SharePanel{Title: ops.Title, Basis: r.basis(names[0], ops)}
		for i, name := range names {
			s := plots.ShareSeries{Name: r.arm(name).Label, Baseline: i == 0, Paper: r.paper(name, ops.Name), Crossing: r.crossing(name, names[0], ops.Name)}
			samples := r.Study.Samples(r.arm(name))
			if samples != panel.Basis.Samples {
				s.Name += fmt.Sprintf(" (%d samples)", samples)
			}
			for _, k := range score.PowersOfTwo(samples) {
				r.point(&s, float64(k), name, names[0], ops, k)
			}
			panel.Series = append(panel.Series, s)
		}
		data.Panels = append(data.Panels, panel)
	}
	png, err := plots.PassAtK(data)
	return figure(png, err, "strict pass@k over k, one panel a range of ops; below, the differences from "+r.arm(names[0]).Label)
}

// crossing is where the curves of two arms cross on a range, if a claim asks for it.
func (r *Results) crossing(arm, from, ops string) *score.Crossing {
	for _, j := range r.Verdicts {
		if e := j.Effect; j.Crossing != nil && e[0].Arm == arm && e[1].Arm == from && e[0].Range == ops {
			return j.Crossing
		}
	}
	return nil
}

// ByOp draws strict pass@1 and pass@k per op of the given arms or all, in one context,
// and their differences from the first.
func (r *Results) ByOp(context string, arms ...string) Figure {
	names := r.names(arms)
	data := plots.PassAtKByOpData{Title: "Solved per op, every step verified", Intervals: r.intervals()}
	for _, k := range slices.Compact([]int{1, r.Study.Evaluation.Samples}) {
		panel := plots.SharePanel{Title: fmt.Sprintf("pass@%d", k)}
		for i, name := range names {
			s := plots.ShareSeries{Name: r.arm(name).Label, Baseline: i == 0}
			for _, op := range r.ops() {
				one := study.OpRange{Context: context}
				one.Ops.Min, one.Ops.Max = op, op
				r.point(&s, float64(op), name, names[0], one, k)
			}
			panel.Series = append(panel.Series, s)
		}
		panel.Basis = r.basisOfOps(names[0], context)
		data.Panels = append(data.Panels, panel)
	}
	png, err := plots.PassAtKByOp(data)
	return figure(png, err, "strict pass@k per op; below, the differences from "+r.arm(names[0]).Label)
}

// basisOfOps is what stands behind one op of an arm.
func (r *Results) basisOfOps(arm, context string) plots.Basis {
	op := r.ops()[0]
	return r.basis(arm, study.OpRange{Context: context, Ops: gsm.Range{Min: op, Max: op}})
}

// Gains draws by how many points each arm's strict pass@k is above the first arm's, per op.
func (r *Results) Gains(arms ...string) Figure {
	names := r.names(arms)
	k := r.Study.Evaluation.Samples
	return r.heat(fmt.Sprintf("Gain over %s in strict pass@%d", r.arm(names[0]).Label, k), "points", "%+.0f", names, pass(k), 100, r.basisOfOps(names[0], ""))
}

// LikelihoodGains draws by how many nats a token each arm lowers the negative
// log-likelihood of gold solutions from the first arm's, per op (paper figure 10).
func (r *Results) LikelihoodGains(arms ...string) Figure {
	names := r.names(arms)
	basis := r.basisOfOps(names[0], "")
	basis.Samples = 0
	return r.heat("NLL of gold solutions: reduction from "+r.arm(names[0]).Label, "nats a token", "%+.3f", names, score.NLL, -1, basis)
}

// heat draws for each arm but the first and each op the difference of a measure from the
// first arm, times a scale; trained ops are framed.
func (r *Results) heat(title, unit, format string, names []string, m score.Measure, scale float64, basis plots.Basis) Figure {
	data := plots.HeatMapData{Title: title, XLabel: "op", ValueLabel: unit, Format: format, Basis: basis, Intervals: r.intervals()}
	for _, op := range r.ops() {
		data.Columns = append(data.Columns, fmt.Sprint(op))
	}
	for _, name := range names[1:] {
		data.Rows = append(data.Rows, r.arm(name).Label)
		var row []score.Interval
		var framed []bool
		for _, op := range r.ops() {
			d, ok := r.Difference(name, names[0], study.OpRange{Ops: gsm.Range{Min: op, Max: op}}, m)
			if !ok {
				d = noInterval
			}
			low, high := scale*d.Low, scale*d.High
			row = append(row, score.Interval{Value: scale * d.Value, Low: min(low, high), High: max(low, high), N: d.N})
			framed = append(framed, trained(r.arm(name), op))
		}
		data.Values, data.Trained = append(data.Values, row), append(data.Trained, framed)
	}
	png, err := plots.HeatMap(data)
	return figure(png, err, title+", per op and arm, trained ops framed")
}

// trained reports whether the arm's last step was trained on an op. A base is not: it is trained on all.
func trained(a *study.Arm, op int) bool {
	if len(a.Steps) < 2 {
		return false
	}
	var mix []gsm.Block
	switch last := a.Steps[len(a.Steps)-1]; {
	case last.RL != nil:
		mix = last.RL.Data.Mix
	case last.Train != nil:
		mix = last.Train.Data.Mix
	case last.Reject != nil:
		mix = last.Reject.Data.Mix
	}
	return slices.ContainsFunc(mix, func(b gsm.Block) bool { return op >= b.Ops.Min && op <= b.Ops.Max })
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
		p := plots.LadderPanel{Title: title, Basis: r.basis(r.first().Name, ops)}
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
	own := slices.ContainsFunc(r.names(arms), func(name string) bool {
		return slices.ContainsFunc(r.arm(name).Steps, func(s study.Step) bool { return s.RL != nil && s.RL.Own != nil })
	})
	return r.duringRL("RL: reward and length", []rlMeasure{
		{rewardRow(own), func(m study.Metric) (float64, bool) { return m.Reward, true }},
		{plots.RLRow{Label: "response (tokens)"}, func(m study.Metric) (float64, bool) { return m.Length, true }},
	}, arms)
}

// Hacking draws the share of right answers with a wrong process over the steps of
// RL, one line a seed: reward hacking, where RL pays for the answer alone.
func (r *Results) Hacking(arms ...string) Figure {
	return r.duringRL("Right answers by a wrong process, during RL", []rlMeasure{
		{plots.RLRow{Label: "of right answers (%)", Percent: true}, func(m study.Metric) (float64, bool) { return m.Lucky, m.Answer > 0 }},
	}, arms)
}

// rlMeasure is what is drawn of a step of RL, where the step has it.
type rlMeasure struct {
	row plots.RLRow
	of  func(m study.Metric) (float64, bool)
}

// duringRL draws measures over the steps of RL, one column an arm.
func (r *Results) duringRL(title string, measures []rlMeasure, arms []string) Figure {
	data := plots.RLCurvesData{Title: title}
	steps := 0
	for _, m := range measures {
		data.Rows = append(data.Rows, m.row)
	}
	for _, name := range r.names(arms) {
		column := plots.RLColumn{Title: r.arm(name).Label, Runs: make([][]plots.CurveSeries, len(measures))}
		seeds := 0
		for _, seed := range r.Study.Seeds {
			log := r.rlSteps(name, seed)
			if len(log) == 0 {
				continue
			}
			seeds++
			steps = max(steps, len(log))
			for i, measure := range measures {
				s := plots.CurveSeries{Name: fmt.Sprintf("seed %d", seed)}
				for _, m := range log {
					if v, ok := measure.of(m); ok {
						s.X, s.Y = append(s.X, float64(m.Step)), append(s.Y, v)
					}
				}
				column.Runs[i] = append(column.Runs[i], s)
			}
		}
		if seeds > 0 {
			column.Basis = r.rlBasis(name, seeds)
			data.Columns = append(data.Columns, column)
		}
	}
	data.Smooth = max(1, steps/8)
	png, err := plots.RLCurves(data)
	return figure(png, err, title+", over the steps of RL, one line a seed")
}

// rlBasis is what stands behind one step of an arm's RL.
func (r *Results) rlBasis(arm string, seeds int) plots.Basis {
	b := plots.Basis{Seeds: seeds}
	for _, step := range r.arm(arm).Steps {
		if step.RL != nil {
			b.Problems, b.Samples = step.RL.Prompts, step.RL.GRPO.GroupSize
		}
	}
	return b
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

// FirstWrong draws what the first wrong step of a sample was, for each arm on a range of ops.
func (r *Results) FirstWrong(ops string, arms ...string) Figure {
	at := r.opRange(ops)
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
	data := plots.StackedSharesData{Title: "What goes wrong first, " + at.Title, Classes: mostFrequent(total, 6), Basis: r.basis(r.names(arms)[0], at)}
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

// Bars draws strict pass@1 and pass@k of the arms on ranges as bars, and the differences
// from the first arm below (paper figure 7). Rings are the paper's values at the same k;
// where our k is another than its largest, its values there stand in a panel of their own.
func (r *Results) Bars(ranges []string, arms ...string) Figure {
	k := r.Study.Evaluation.Samples
	names := r.names(arms)
	data := plots.ErrorBarsData{Title: "Recipes compared", YLabel: "strict pass@k (%)", Intervals: r.intervals()}
	for _, name := range names {
		data.Series = append(data.Series, r.arm(name).Label)
	}
	const paperK = 128
	for _, at := range slices.Compact([]int{1, k, paperK}) {
		panel := plots.BarPanel{Title: fmt.Sprintf("pass@%d", at)}
		if at > k {
			panel.Title = fmt.Sprintf("the paper, pass@%d", at)
		}
		for _, name := range ranges {
			ops := r.opRange(name)
			if at <= k {
				panel.Basis = r.basis(names[0], ops)
			}
			panel.Groups = append(panel.Groups, r.bars(names, ops, at, at <= k))
		}
		if at > k && !slices.ContainsFunc(panel.Groups, paperKnows) {
			continue
		}
		data.Panels = append(data.Panels, panel)
	}
	png, err := plots.ErrorBars(data)
	return figure(png, err, "strict pass@1 and pass@k by arm; below, the differences from "+data.Series[0])
}

// paperKnows says whether the paper has a value in a group.
func paperKnows(g plots.BarGroup) bool {
	return slices.ContainsFunc(g.Paper, func(v float64) bool { return !math.IsNaN(v) })
}

// bars is one group of bars: the arms on a range of ops, ours where we have that k.
func (r *Results) bars(names []string, ops study.OpRange, k int, ours bool) plots.BarGroup {
	g := plots.BarGroup{Name: ops.Title}
	for _, name := range names {
		v, gain, paper := noInterval, noInterval, math.NaN()
		if ours {
			if found, ok := r.Value(name, ops, pass(k)); ok {
				v = found
			}
			gain = r.gain(name, names[0], ops, k)
		}
		p := r.paper(name, ops.Name)
		if i := slices.Index(p.X, float64(k)); i >= 0 {
			paper = p.Y[i]
		}
		g.Values, g.Gains, g.Paper = append(g.Values, v), append(g.Gains, gain), append(g.Paper, paper)
	}
	return g
}
