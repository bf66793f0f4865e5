package kernelkit

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/score"
	"interplay/pipeline"
	"interplay/plots"
)

// StudyResults is a study's results folder. All figures and tables here are made
// from its files alone.
type StudyResults struct {
	*pipeline.StudyData
	dir string
}

const overSeeds = "95 % intervals over seeds and prompts"

// intervals says what the intervals of the figures are over.
func (r *StudyResults) intervals() string {
	if len(r.Recipe.Seeds) == 1 {
		return "95 % intervals over prompts (one seed)"
	}
	return overSeeds
}

// Claims lists the verdicts.
func (r *StudyResults) Claims() *Table {
	return ClaimsTable(r.StudyData)
}

// ClaimsTable lists a study's claims: what the paper has, what was found, the verdict.
func ClaimsTable(d *pipeline.StudyData) *Table {
	t := &Table{Title: fmt.Sprintf("Claims, profile %s, seeds %s", d.Profile, seedText(d.Recipe.Seeds)),
		Columns: []string{"claim", "source", "paper", "here", "95 % interval", "holds when", "verdict"}}
	unmet := ""
	for _, c := range d.StudyResults.Claims {
		here, interval := "–", "–"
		if c.Note == "" {
			here, interval = fmt.Sprintf("%+.1f", 100*c.Found.Value), fmt.Sprintf("%+.1f to %+.1f", 100*c.Found.Low, 100*c.Found.High)
		}
		verdict := string(c.Verdict)
		if c.Unmet != "" {
			verdict += " *"
			if !strings.Contains(unmet, c.Unmet) {
				unmet += " * It needs: " + c.Unmet + "."
			}
		}
		t.Add(c.Says, c.Source, paperValue(c.Paper), here, interval, percentRule(c.Rule), verdict)
	}
	over := "seeds and prompts"
	if len(d.Recipe.Seeds) == 1 {
		over = "prompts (one seed)"
	}
	t.Note = fmt.Sprintf("Effects in percentage points; intervals over %s; k = %d here and 128 in the paper.", over, d.Recipe.Evaluation.Samples) + unmet
	return t
}

func percentRule(r pipeline.Rule) string {
	r.Threshold *= 100
	return r.String()
}

// arm finds an arm by name and ends the cell with the names there are.
func (r *StudyResults) arm(name string) *pipeline.Arm {
	a, ok := r.Recipe.Arm(name)
	if !ok {
		var names []string
		for _, a := range r.Recipe.Arms {
			names = append(names, a.Name)
		}
		fail(fmt.Errorf("the study has no arm %q: expected one of %s", name, strings.Join(names, ", ")))
	}
	return a
}

// names are the given arms, or all.
func (r *StudyResults) names(names []string) []string {
	if len(names) > 0 {
		return names
	}
	for _, a := range r.Recipe.Arms {
		names = append(names, a.Name)
	}
	return names
}

// paper is the paper's strict pass@k for an arm and a range, as a share; NaN where it has none.
func (r *StudyResults) paper(arm, ops string, k int) float64 {
	for _, c := range pipeline.PaperCurves() {
		if i := slices.Index(c.Ks, k); c.Study == r.Recipe.Name && c.Arm == arm && c.Range == ops && i >= 0 {
			return c.Values[i] / 100
		}
	}
	return math.NaN()
}

// PassAtK draws strict pass@k over k on every range of ops, the given arms or all
// (paper figure 3). Hollow markers are the paper's values at its own scale.
func (r *StudyResults) PassAtK(arms ...string) Figure {
	data := plots.PassAtKData{Title: "Strict pass@k", Intervals: r.intervals()}
	ks := score.PowersOfTwo(r.Recipe.Evaluation.Samples)
	for _, ops := range r.Recipe.Ranges {
		panel := plots.KPanel{Title: ops.Title}
		for i, name := range r.names(arms) {
			s := plots.KSeries{Name: r.arm(name).Label, Baseline: i == 0}
			for _, k := range ks {
				if v, ok := r.Value(name, ops, score.Pass(k, score.Strict, score.Unbiased)); ok {
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
func (r *StudyResults) ByOp(context string, arms ...string) Figure {
	k := r.Recipe.Evaluation.Samples
	data := plots.PassAtKByOpData{Title: "Solved per op, every step verified", Intervals: r.intervals()}
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

func (r *StudyResults) opSeries(arm, context string, k int, baseline bool) plots.OpSeries {
	s := plots.OpSeries{Name: r.arm(arm).Label, Baseline: baseline}
	for _, op := range r.ops() {
		one := pipeline.OpRange{Context: context}
		one.Ops.Min, one.Ops.Max = op, op
		if v, ok := r.Value(arm, one, score.Pass(k, score.Strict, score.Unbiased)); ok {
			s.Ops, s.Values = append(s.Ops, op), append(s.Values, v)
		}
	}
	return s
}

// ops are the operation counts that the study evaluates.
func (r *StudyResults) ops() (ops []int) {
	for _, b := range r.Recipe.Evaluation.Data.Mix {
		for op := b.Ops.Min; op <= b.Ops.Max; op++ {
			ops = append(ops, op)
		}
	}
	slices.Sort(ops)
	return slices.Compact(ops)
}

// PaperByOp draws the paper's own lines over its own ops.
func (r *StudyResults) PaperByOp() Figure {
	panel := plots.OpPanel{Title: "the paper, 100M parameters"}
	for _, line := range pipeline.PaperByOp() {
		if line.Study != r.Recipe.Name {
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

// Table lists strict pass@1 and pass@k and answer-only pass@1 of every arm on every range.
func (r *StudyResults) Table(arms ...string) *Table {
	k := r.Recipe.Evaluation.Samples
	t := &Table{Title: "Every arm on every range", Columns: []string{"arm", "ops", "pass@1", "interval", fmt.Sprintf("pass@%d", k), "interval", "answer right", "of these lucky"}}
	for _, name := range r.names(arms) {
		for _, ops := range r.Recipe.Ranges {
			one, ok := r.Value(name, ops, score.Pass(1, score.Strict, score.Unbiased))
			many, _ := r.Value(name, ops, score.Pass(k, score.Strict, score.Unbiased))
			answer, _ := r.Value(name, ops, score.Pass(1, score.Answer, score.Unbiased))
			if !ok {
				continue
			}
			lucky := "–"
			if v, ok := r.Value(name, ops, score.LuckyShare); ok {
				lucky = fmt.Sprintf("%.2f", v.Value)
			}
			t.Add(r.arm(name).Label, ops.Title, fmt.Sprintf("%.3f", one.Value), bounds(one), fmt.Sprintf("%.3f", many.Value), bounds(many), answer.Value, lucky)
		}
	}
	t.Note = "Lucky: the share of right answers whose process is wrong. " + r.intervals() + "."
	return t
}

func bounds(v score.Interval) string { return fmt.Sprintf("%.3f–%.3f", v.Low, v.High) }

// PerOp lists strict and answer-only pass@1 and strict pass@k per op of one arm.
func (r *StudyResults) PerOp(arm string) *Table {
	k := r.Recipe.Evaluation.Samples
	t := &Table{Title: "Per op, " + r.arm(arm).Label, Columns: []string{"op", "strict pass@1", "interval", fmt.Sprintf("strict pass@%d", k), "answer-only pass@1", "process accuracy"}}
	for _, op := range r.ops() {
		one := pipeline.OpRange{}
		one.Ops.Min, one.Ops.Max = op, op
		strict, ok := r.Value(arm, one, score.Pass(1, score.Strict, score.Unbiased))
		many, _ := r.Value(arm, one, score.Pass(k, score.Strict, score.Unbiased))
		answer, _ := r.Value(arm, one, score.Pass(1, score.Answer, score.Unbiased))
		process, _ := r.Value(arm, one, func(p *score.Prompt) (float64, float64, error) { return p.Process, 1, nil })
		if ok {
			t.Add(op, strict.Value, bounds(strict), many.Value, answer.Value, process.Value)
		}
	}
	return t
}

// Gains draws by how many points each arm's strict pass@k is above the first arm's, per op.
func (r *StudyResults) Gains(arms ...string) Figure {
	names := r.names(arms)
	k := r.Recipe.Evaluation.Samples
	data := plots.HeatMapData{Title: fmt.Sprintf("Gain over %s in strict pass@%d", r.arm(names[0]).Label, k), XLabel: "op", ValueLabel: "points", Format: "%+.0f"}
	for _, op := range r.ops() {
		data.Columns = append(data.Columns, fmt.Sprint(op))
	}
	for _, name := range names[1:] {
		data.Rows = append(data.Rows, r.arm(name).Label)
		var row []float64
		var framed []bool
		for _, op := range r.ops() {
			one := pipeline.OpRange{}
			one.Ops.Min, one.Ops.Max = op, op
			m := score.Pass(k, score.Strict, score.Unbiased)
			before, ok := r.Value(names[0], one, m)
			after, ok2 := r.Value(name, one, m)
			gain := math.NaN()
			if ok && ok2 {
				gain = 100 * (after.Value - before.Value)
			}
			row, framed = append(row, gain), append(framed, trained(r.arm(name), op))
		}
		data.Values, data.Trained = append(data.Values, row), append(data.Trained, framed)
	}
	png, err := plots.HeatMap(data)
	return figure(png, err, "gain in pass@k per op and arm, trained ops framed")
}

// trained reports whether the arm's last step was trained on an op.
func trained(a *pipeline.Arm, op int) bool {
	last := a.Steps[len(a.Steps)-1]
	mix := last.RL
	if mix == nil {
		return len(a.Steps) > 1 && slices.ContainsFunc(last.Train.Data.Mix, func(b gsm.Block) bool { return op >= b.Ops.Min && op <= b.Ops.Max })
	}
	return slices.ContainsFunc(mix.Data.Mix, func(b gsm.Block) bool { return op >= b.Ops.Min && op <= b.Ops.Max })
}

// Rewards draws reward and completion length over the steps of RL, one column an
// arm and one line a seed (paper figures 11 and 17).
func (r *StudyResults) Rewards(arms ...string) Figure {
	data := plots.RewardLengthData{Title: "RL: reward and length"}
	steps := 0
	for _, name := range r.names(arms) {
		column := plots.RewardColumn{Title: r.arm(name).Label}
		for _, seed := range r.Recipe.Seeds {
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
func (r *StudyResults) rlSteps(arm string, seed int64) (steps []pipeline.StudyMetric) {
	for _, m := range r.Metrics {
		if m.Arm == arm && m.Seed == seed && m.Kind == "rl" {
			steps = append(steps, m)
		}
	}
	return steps
}

// Hacking draws the share of right answers with a wrong process over the steps of
// RL, mean over seeds: reward hacking, where RL pays for the answer alone.
func (r *StudyResults) Hacking(arms ...string) Figure {
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
func (r *StudyResults) FirstWrong(ops string, arms ...string) Figure {
	at, ok := r.Recipe.Range(ops)
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
func (r *StudyResults) Bars(ranges []string, arms ...string) Figure {
	k := r.Recipe.Evaluation.Samples
	data := plots.ErrorBarsData{Title: "Rewards compared", YLabel: "strict pass@k (%)", First: true, Intervals: r.intervals()}
	names := r.names(arms)
	for _, name := range names {
		data.Series = append(data.Series, r.arm(name).Label)
	}
	for _, at := range []struct{ k, paper int }{{1, 1}, {k, 128}} {
		panel := plots.BarPanel{Title: fmt.Sprintf("pass@%d (paper: k = %d)", at.k, at.paper)}
		for _, ops := range ranges {
			o, ok := r.Recipe.Range(ops)
			if !ok {
				fail(fmt.Errorf("the study has no range %q", ops))
			}
			group := plots.BarGroup{Name: o.Title}
			for _, name := range names {
				v, ok := r.Value(name, o, score.Pass(at.k, score.Strict, score.Unbiased))
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
func (r *StudyResults) SplitGrid() Figure {
	k := r.Recipe.Evaluation.Samples
	data := plots.LineGridData{Title: "The best split, budget by budget", XLabel: "RL's share of the budget, β (%)", Intervals: r.intervals()}
	type column struct {
		ops string
		k   int
	}
	columns := []column{{"edge", 1}, {"beyond", 1}, {"edge", k}, {"beyond", k}}
	for _, c := range columns {
		data.Columns = append(data.Columns, fmt.Sprintf("%s, pass@%d", c.ops, c.k))
	}
	for _, group := range r.groups() {
		data.Rows = append(data.Rows, group)
		row := make([]plots.GridCell, len(columns))
		for i, c := range columns {
			ops, _ := r.Recipe.Range(c.ops)
			for _, a := range r.inGroup(group) {
				if v, ok := r.Value(a.Name, ops, score.Pass(c.k, score.Strict, score.Unbiased)); ok {
					row[i].X, row[i].Values = append(row[i].X, a.Value), append(row[i].Values, v)
				}
			}
		}
		data.Cells = append(data.Cells, row)
	}
	png, err := plots.LineGrid(data)
	return figure(png, err, "strict pass@k over RL's share of the budget")
}

func (r *StudyResults) groups() (groups []string) {
	for _, a := range r.Recipe.Arms {
		if a.Group != "" && !slices.Contains(groups, a.Group) {
			groups = append(groups, a.Group)
		}
	}
	return groups
}

// inGroup are the arms of a group in order of their value. At β = 1 a group priced
// at true lengths has the same arm as the nominal one: the RL run that fixes both budgets.
func (r *StudyResults) inGroup(group string) (arms []*pipeline.Arm) {
	for i := range r.Recipe.Arms {
		a := &r.Recipe.Arms[i]
		if a.Group == group || strings.HasSuffix(group, pipeline.True) && a.Group != "" && a.Value == 1 && a.Group == r.groups()[0] {
			arms = append(arms, a)
		}
	}
	slices.SortFunc(arms, func(a, b *pipeline.Arm) int { return int(math.Copysign(1, a.Value-b.Value)) })
	return arms
}

// Ledger lists what every arm cost beyond what all arms share, mean over seeds.
func (r *StudyResults) Ledger() *Table {
	t := &Table{Title: "Compute ledger, mean of a seed, evaluation left out", Columns: []string{"arm", "trained tokens", "sampled tokens", "GFLOPs", "nominal tokens", "true tokens", "seconds"}}
	for _, a := range r.Recipe.Arms {
		var sum pipeline.Spent
		for _, x := range r.Spent {
			if !strings.HasPrefix(x.Folder, "evaluate") && len(x.Arms) < len(r.Recipe.Arms) && slices.Contains(x.Arms, a.Name) {
				sum = sum.Add(x.Spent)
			}
		}
		n := float64(len(r.Recipe.Seeds))
		t.Add(a.Label+groupSuffix(a), thousands(float64(sum.TrainTokens)/n), thousands(float64(sum.GeneratedTokens)/n), fmt.Sprintf("%.0f", sum.FLOPs/1e9/n),
			thousands(sum.NominalTokens/n), thousands(sum.TrueTokens/n), fmt.Sprintf("%.0f", sum.Seconds/n))
	}
	t.Note = "Stages that every arm shares are left out. Nominal and true tokens: RL priced in training tokens by the paper's equation, at the longest length allowed and at the lengths that occurred."
	return t
}

func groupSuffix(a pipeline.Arm) string {
	if a.Group == "" || a.Group == "before RL" || a.Group == "after RL" {
		return ""
	}
	return " (" + a.Group + ")"
}

// Close shows where the results are and ends the cell with an error when a run is missing.
func (r *StudyResults) Close() {
	t := Table{Title: "Results on disk", Columns: []string{"file", "holds"}}
	t.Add(pipeline.ResultsFile, fmt.Sprintf("%d numbers, %d claims, the study itself and what it cost", len(r.Results.Results), len(r.StudyResults.Claims)))
	t.Add(pipeline.StudyRecordsFile, fmt.Sprintf("%d judged samples", len(r.Records)))
	t.Add(pipeline.StudyMetricsFile, fmt.Sprintf("%d lines of training and RL logs", len(r.Metrics)))
	t.Note = "Every figure and table above was made from these files."
	t.Show()
	if len(r.Missing) > 0 {
		fail(fmt.Errorf("%d runs are missing: %s; run the study again", len(r.Missing), strings.Join(r.Missing, "; ")))
	}
}

// Group are the names of the arms of the study's i-th group.
func (r *StudyResults) Group(i int) (names []string) {
	groups := r.groups()
	if i >= len(groups) {
		fail(fmt.Errorf("the study has %d groups of arms, there is no number %d", len(groups), i))
	}
	for _, a := range r.inGroup(groups[i]) {
		names = append(names, a.Name)
	}
	return names
}

// Before are the arms of the exposure study before RL, After those after it.
func (r *StudyResults) Before() []string { return r.Group(0) }

// After are the arms of the exposure study after RL.
func (r *StudyResults) After() []string { return r.Group(1) }

// Similarity draws how similar the graphs solved in context B are to the nearest
// training graph of context A, one panel a share of B (paper figure 5).
func (r *StudyResults) Similarity() Figure {
	const shown = 1000
	data := plots.HistogramData{Title: "Graphs solved in B: similarity to the nearest training graph of A", XLabel: "similarity", Low: 0.2, High: 1, Bins: 16}
	known := ""
	for _, ops := range r.Recipe.Ranges {
		if strings.HasPrefix(ops.Name, "A") {
			known = ops.Context
		}
	}
	for _, name := range r.After() {
		panel := plots.HistogramPanel{Title: r.arm(name).Label}
		for _, ops := range r.Recipe.Ranges {
			if ops.Context != known {
				panel.Groups = append(panel.Groups, plots.HistogramGroup{Name: ops.Title, Values: must(r.Similarities(name, ops, known, shown))})
			}
		}
		data.Panels = append(data.Panels, panel)
	}
	png, err := plots.Histogram(data)
	return figure(png, err, "distribution of the similarity of solved B graphs to training graphs of A")
}

// PaperBudgets is the paper's table of budgets (Table 3), computed from its equation.
func (l *Lab) PaperBudgets() *Table {
	t := &Table{Title: "The paper's budgets: steps of mid-training and of RL", Columns: []string{"budget", "β = 0", "β = 0.2", "β = 0.5", "β = 0.8", "β = 1", "RL prompts at β = 1"}}
	for _, budget := range pipeline.PaperBudgets() {
		row := []any{fmt.Sprintf("%.2fB", budget/1e9)}
		for _, beta := range []float64{0, 0.2, 0.5, 0.8, 1} {
			b := pipeline.PaperBudget(budget, beta)
			var parts []string
			if b.Mid > 0 {
				parts = append(parts, fmt.Sprintf("%d mid", b.Mid))
			}
			if b.RL > 0 {
				parts = append(parts, fmt.Sprintf("%d RL", b.RL))
			}
			row = append(row, strings.Join(parts, " + "))
		}
		t.Add(append(row, thousands(pipeline.PaperBudget(budget, 1).Prompts))...)
	}
	return t
}
