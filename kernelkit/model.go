package kernelkit

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"interplay/kernelkit/grpo"
	"interplay/kernelkit/score"
	"interplay/kernelkit/train"
	"interplay/pipeline"
	"interplay/plots"
)

// Model is a trained model on disk, with the log of how it was trained.
type Model struct {
	Label string

	lab   *Lab
	stage *pipeline.Stage
	done  *pipeline.Done
	rl    *RLRecipe // where RL made it

	imported bool // from files, without a log
}

// Pretrain returns the base model of the profile: trained from scratch on its corpus.
func (l *Lab) Pretrain() *Model {
	return l.model("base", pipeline.Pretrain("pre-training", l.profile.Base, nil))
}

// Reinforce returns the model after the profile's RL from a start model.
func (l *Lab) Reinforce(from *Model) *Model {
	m := l.model("after RL", pipeline.Reinforce("GRPO", l.profile.RL, from.stage))
	m.rl = &l.profile.RL
	return m
}

func (l *Lab) model(label string, s *pipeline.Stage) *Model {
	return &Model{Label: label, lab: l, stage: s, done: l.run(s)}
}

// Dir is the folder of the model's Hugging Face files.
func (m *Model) Dir() string { return filepath.Join(m.lab.store.Dir(m.stage), pipeline.ModelDir) }

// metrics reads the log of the stage that made the model.
func metrics[T any](m *Model) []T {
	log, err := pipeline.ReadLines[T](filepath.Join(m.lab.store.Dir(m.stage), pipeline.MetricsLog))
	if err != nil {
		fail(err)
	}
	return log
}

// trainedSteps are the steps of the model's training. Rejection fine-tuning takes none where
// no sample was right.
func (m *Model) trainedSteps() []train.Metrics {
	steps := metrics[train.Metrics](m)
	if len(steps) == 0 {
		fail(fmt.Errorf("the model %s has no step of training: none of its samples was paid in full, so it is the model it began with; give it easier problems, or more samples of each", m.Label))
	}
	return steps
}

// logged refuses what the model's log does not hold, such as the loss of a model that RL made: RL logs rewards, and
// other training losses. byRL says that what is asked for is in the log of RL.
func (m *Model) logged(what string, byRL bool) error {
	made := map[string]string{"train": "training", "reject": "rejection fine-tuning", "rl": "RL"}[m.stage.Kind]
	switch isRL := m.stage.Kind == "rl"; {
	case m.imported:
		return fmt.Errorf("the model %s was loaded from its files, which hold no log of its training: there is no %s", m.Label, what)
	case isRL && !byRL:
		return fmt.Errorf("the model %s was made by RL, so it has no %s: RewardCurve and Reward show its training", m.Label, what)
	case !isRL && byRL:
		return fmt.Errorf("the model %s was made by %s and not by RL, so it has no %s: LossCurve and Loss show its training", m.Label, made, what)
	}
	return nil
}

// lossTitle says of which training and of which tokens the loss is.
func (m *Model) lossTitle() string {
	switch r := m.stage.Recipe.(type) {
	case pipeline.Pretraining:
		name, of := "Pre-training", "the next token of the solution"
		if len(m.stage.Inputs) > 0 {
			name = "Training of a model"
		}
		if r.Target == AllTokens {
			of = "the next token of problem and solution"
		}
		return name + ": loss of " + of
	case pipeline.Rejection:
		return "Rejection fine-tuning: loss of the next token of the model's own solutions"
	}
	return "Training: loss of the next token"
}

// LossCurve draws training loss over tokens.
func (m *Model) LossCurve() Figure {
	check(m.logged("loss curve", false))
	s := plots.CurveSeries{Name: "loss"}
	for _, step := range m.trainedSteps() {
		s.X, s.Y = append(s.X, float64(step.Tokens)/1e6), append(s.Y, step.Loss)
	}
	png, err := plots.Curve(plots.CurveData{
		Title: m.lossTitle(), XLabel: "training tokens (millions)", YLabel: "loss (nats a token)",
		Smooth: max(1, len(s.X)/40), Series: []plots.CurveSeries{s},
	})
	return figure(png, err, fmt.Sprintf("training loss over %d steps, from %.2f to %.2f nats", len(s.X), s.Y[0], s.Y[len(s.Y)-1]))
}

// Loss is the mean training loss of the first and of the last tenth of the run, nats a token.
func (m *Model) Loss() (first, last float64) {
	check(m.logged("loss", false))
	var loss []float64
	for _, step := range m.trainedSteps() {
		loss = append(loss, step.Loss)
	}
	n := max(1, len(loss)/10)
	return mean(loss[:n]), mean(loss[len(loss)-n:])
}

// RewardCurve draws reward and completion length over the steps of RL.
func (m *Model) RewardCurve() Figure {
	check(m.logged("reward curve", true))
	reward := plots.CurveSeries{Name: "reward"}
	length := plots.CurveSeries{Name: "length"}
	for _, step := range metrics[grpo.Metrics](m) {
		x := float64(step.Step)
		reward.X, reward.Y = append(reward.X, x), append(reward.Y, step.RewardMean)
		length.X, length.Y = append(length.X, x), append(length.Y, step.CompletionLength)
	}
	rl := m.rl
	png, err := plots.RLCurves(plots.RLCurvesData{
		Title: "GRPO: reward and length", Smooth: max(1, len(reward.X)/8),
		Rows: []plots.RLRow{rewardRow(rl.Own != nil), {Label: "response (tokens)"}},
		Columns: []plots.RLColumn{{Title: rl.RewardName() + " reward", Basis: plots.Basis{Seeds: 1, Problems: rl.Prompts, Samples: rl.GRPO.GroupSize},
			Runs: [][]plots.CurveSeries{{reward}, {length}}}},
	})
	return figure(png, err, fmt.Sprintf("mean reward over %d steps, from %.2f to %.2f", len(reward.Y), reward.Y[0], reward.Y[len(reward.Y)-1]))
}

// rewardRow is how rewards are shown: the laboratory's are shares, a user's own any numbers.
func rewardRow(own bool) plots.RLRow {
	if own {
		return plots.RLRow{Label: "reward"}
	}
	return plots.RLRow{Label: "reward (%)", Percent: true}
}

// Reward is the mean reward of the first and of the last quarter of RL.
func (m *Model) Reward() (first, last float64) {
	check(m.logged("reward", true))
	var reward []float64
	for _, step := range metrics[grpo.Metrics](m) {
		reward = append(reward, step.RewardMean)
	}
	n := max(1, len(reward)/4)
	return mean(reward[:n]), mean(reward[len(reward)-n:])
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// Evaluation is a model's judged samples on held-out problems.
type Evaluation struct {
	Model   *Model
	Recipe  EvaluationRecipe
	Prompts []score.Prompt // counted samples, one entry a problem

	lab     *Lab
	stage   *pipeline.Stage
	done    *pipeline.Done
	records []record
}

// Evaluate samples the model on the profile's held-out problems and judges every
// sample: the same problems for every model.
func (l *Lab) Evaluate(m *Model) *Evaluation {
	return l.EvaluateWith(m, l.profile.Evaluation)
}

// Ops are the operation counts that were evaluated.
func (e *Evaluation) Ops() []int {
	var ops []int
	for _, g := range score.GroupBy(e.Prompts, score.ByOp) {
		ops = append(ops, g.Op)
	}
	return ops
}

// K is the number of samples a problem: the largest k of pass@k.
func (e *Evaluation) K() int { return e.Recipe.Samples }

// PassAtK is strict pass@k on ops lo to hi, unbiased, with a 95 % bootstrap interval over problems.
func (e *Evaluation) PassAtK(lo, hi, k int) score.Interval {
	return must(score.MeanPassAtK(score.InOps(e.Prompts, lo, hi), []int{k}, score.Strict, score.Unbiased, score.DefaultBootstrap()))[0]
}

// Gain is by how much pass@k on ops lo to hi of the model is above that of before,
// on the same problems, with a 95 % paired bootstrap interval.
func (e *Evaluation) Gain(before *Evaluation, lo, hi, k int) score.Interval {
	return must(score.PassAtKGain(score.InOps(before.Prompts, lo, hi), score.InOps(e.Prompts, lo, hi), []int{k}, score.Strict, score.Unbiased, score.DefaultBootstrap()))[0]
}

func must[T any](v T, err error) T {
	if err != nil {
		fail(err)
	}
	return v
}

// series is pass@k per op, for figures.
func (e *Evaluation) series(name string, k int, baseline bool) plots.ShareSeries {
	s := plots.ShareSeries{Name: name, Baseline: baseline}
	for _, op := range e.Ops() {
		s.X, s.Values = append(s.X, float64(op)), append(s.Values, e.PassAtK(op, op, k))
	}
	return s
}

// ByOp draws strict pass@1 and pass@K per op.
func (e *Evaluation) ByOp() Figure { return ByOp(e) }

// ByOp draws strict pass@1 and pass@K per op of several evaluations side by side;
// the first is what the others are compared with.
func ByOp(all ...*Evaluation) Figure {
	e := all[0]
	data := plots.PassAtKByOpData{Title: "Held-out problems solved, every step verified"}
	for _, k := range slices.Compact([]int{1, e.K()}) {
		panel := plots.SharePanel{Title: fmt.Sprintf("pass@%d", k), Basis: plots.Basis{Seeds: 1, Problems: e.Recipe.Problems, Samples: e.K()}}
		for i, one := range all {
			panel.Series = append(panel.Series, one.series(one.Model.Label, k, i == 0 && len(all) > 1))
		}
		data.Panels = append(data.Panels, panel)
	}
	for _, one := range all[1:] {
		if one.Model.rl == nil || len(data.Spans) > 0 {
			continue
		}
		low, high := opRange(one.Model.rl.Data)
		data.Spans = []plots.OpSpan{{Name: "RL", Low: low, High: high}}
	}
	png, err := plots.PassAtKByOp(data)
	return figure(png, err, fmt.Sprintf("strict pass@1 and pass@%d per op", e.K()))
}

// Table lists strict pass@1 and pass@K, answer-only pass@1 and process accuracy per op.
func (e *Evaluation) Table() *Table {
	t := &Table{Title: "Per op, model " + e.Model.Label, Columns: []string{"op", "problems", "pass@1", "95 % interval", fmt.Sprintf("pass@%d", e.K()), "answer right", "process accuracy"}}
	for _, g := range score.GroupBy(e.Prompts, score.ByOp) {
		one := e.PassAtK(g.Op, g.Op, 1)
		many := e.PassAtK(g.Op, g.Op, e.K())
		answer := must(score.MeanPassAtK(g.Prompts, []int{1}, score.Answer, score.Unbiased, score.DefaultBootstrap()))[0]
		process := must(score.Mean(g.Prompts, score.ProcessAcc, score.DefaultBootstrap()))
		t.Add(g.Op, len(g.Prompts), one.Value, fmt.Sprintf("%.3f–%.3f", one.Low, one.High), many.Value, answer.Value, process.Value)
	}
	t.Note = fmt.Sprintf("%d samples a problem at temperature %g; intervals over problems (bootstrap).", e.K(), e.Recipe.Temperature)
	return t
}

// Confusion draws answer × process of several evaluations, on ops lo to hi.
func Confusion(lo, hi int, all ...*Evaluation) Figure {
	data := plots.ConfusionData{Title: fmt.Sprintf("Answer and process, ops %d–%d", lo, hi)}
	for _, e := range all {
		data.Panels = append(data.Panels, plots.ConfusionPanel{Title: e.Model.Label, Basis: plots.Basis{Seeds: 1, Problems: len(score.InOps(e.Prompts, lo, hi)), Samples: e.K()}, Counts: score.Confuse(score.InOps(e.Prompts, lo, hi))})
	}
	png, err := plots.Confusion(data)
	return figure(png, err, "answer right or wrong against process right or wrong")
}

// FirstWrong draws what the first wrong step of a sample was, op by op.
func (e *Evaluation) FirstWrong() Figure {
	data := plots.StackedSharesData{Title: "What goes wrong first, model " + e.Model.Label, Basis: plots.Basis{Seeds: 1, Problems: len(e.Prompts), Samples: e.K()}}
	counts := map[int]map[string]float64{}
	total := map[string]float64{}
	for _, r := range e.records {
		if counts[r.Op] == nil {
			counts[r.Op] = map[string]float64{}
		}
		counts[r.Op][r.Class]++
		total[r.Class]++
	}
	data.Classes = mostFrequent(total, 6)
	for _, op := range e.Ops() {
		row := plots.StackedRow{Name: fmt.Sprintf("op %d", op), Counts: make([]float64, len(data.Classes))}
		for class, n := range counts[op] {
			k := slices.Index(data.Classes, class)
			if k < 0 {
				k = len(data.Classes) - 1 // other
			}
			row.Counts[k] += n
		}
		data.Rows = append(data.Rows, row)
	}
	png, err := plots.StackedShares(data)
	return figure(png, err, "share of samples by the class of their first wrong step, per op")
}

// mostFrequent lists the n most frequent classes, "right" first, the rest as "other".
func mostFrequent(total map[string]float64, n int) []string {
	var classes []string
	for c := range total {
		classes = append(classes, c)
	}
	slices.SortFunc(classes, func(a, b string) int {
		if a == right || b == right {
			return map[bool]int{true: -1, false: 1}[a == right]
		}
		if d := total[b] - total[a]; d != 0 {
			return int(math.Copysign(1, d))
		}
		return map[bool]int{true: -1, false: 1}[a < b]
	})
	if len(classes) > n {
		classes = append(classes[:n-1], "other")
	}
	return classes
}
