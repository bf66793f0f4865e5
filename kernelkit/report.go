package kernelkit

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"interplay/kernelkit/durable"
	"interplay/pipeline"
	"interplay/plots"
)

// Recipe draws what the lab will do, stage by stage.
func (l *Lab) Recipe() Figure {
	png, err := plots.Recipe(plots.RecipeData{Title: "The recipe, profile " + l.profile.Name, Stages: l.stages()})
	return figure(png, err, "stages of the recipe: corpus, pre-training, GRPO, evaluation")
}

// stages are the boxes of Recipe.
func (l *Lab) stages() []plots.RecipeStage {
	base, rl, ev := l.profile.Base, l.profile.RL, l.profile.Evaluation
	t := base.Train
	return []plots.RecipeStage{
		{Name: "Corpus", Lines: []string{language(base.Data), opShares(base.Data)}},
		{Name: "Pre-training", Lines: []string{fmt.Sprintf("%s parameters", thousands(float64(base.Model.Params()))), fmt.Sprintf("%d steps of %d tokens", t.Steps, t.Batch*t.Accumulate*t.Seq)}},
		{Name: "GRPO", Lines: []string{fmt.Sprintf("ops %s, %s reward", allOps(rl.Data.Mix), rl.RewardName()), fmt.Sprintf("%d steps of %d × %d", rl.GRPO.Steps, rl.Prompts, rl.GRPO.GroupSize)}},
		{Name: "Evaluation", Lines: []string{fmt.Sprintf("ops %s, %d problems each", allOps(ev.Data.Mix), ev.Problems), fmt.Sprintf("%d samples a problem", ev.Samples)}},
	}
}

// language says in which words problems are told: "symbolic, context A".
func language(data Mix) string {
	var contexts []string
	for _, b := range data.Mix {
		for _, c := range b.Contexts {
			if !slices.Contains(contexts, c) {
				contexts = append(contexts, c)
			}
		}
	}
	family := "symbolic"
	if data.Family == WordProblems {
		family = "word problems"
	}
	if len(contexts) == 1 {
		return family + ", context " + contexts[0]
	}
	return family + ", contexts " + strings.Join(contexts, ", ")
}

// opShares says which ops problems have, and of which there are only a few.
func opShares(data Mix) string {
	var many, few []Block
	for _, b := range data.Mix {
		if b.Share < 0.1 {
			few = append(few, b)
		} else {
			many = append(many, b)
		}
	}
	if len(few) == 0 || len(many) == 0 {
		return "ops " + allOps(data.Mix).String()
	}
	return fmt.Sprintf("ops %s, a few of %s", allOps(many), allOps(few))
}

// allOps is the range from the smallest to the largest op of blocks.
func allOps(blocks []Block) Ops {
	low, high := opRange(Mix{Mix: blocks})
	return Ops{Min: low, Max: high}
}

// Ledger shows what the stages behind models and evaluations spent, as a table.
func (l *Lab) Ledger(entries ...Entry) {
	t := Table{Title: "Compute ledger", Columns: []string{"stage", "trained tokens", "generated tokens", "samples", "GFLOPs", "paper's token equivalents", "true token equivalents", "seconds"}}
	var total pipeline.Spent
	row := func(name string, s pipeline.Spent) {
		t.Add(name, thousands(float64(s.TrainTokens)), thousands(float64(s.GeneratedTokens)), thousands(float64(s.Samples)),
			fmt.Sprintf("%.0f", s.FLOPs/1e9), thousands(s.NominalTokens), thousands(s.TrueTokens), fmt.Sprintf("%.0f", s.Seconds))
	}
	for _, e := range entries {
		label, s := e.spent()
		row(label, s)
		total = total.Add(s)
	}
	row("all", total)
	t.Note = "Token equivalents: RL priced in training tokens by the paper's T_RL = (4/3 + γ/3)·N·r·L, γ = 1 with a reference model; " +
		"the paper takes the longest length allowed for L, the last column but one the lengths that occurred."
	t.Show()
}

// Entry is a model or an evaluation: something that compute was spent on.
type Entry interface {
	spent() (string, pipeline.Spent)
}

func (m *Model) spent() (string, pipeline.Spent)      { return m.stage.Label, m.done.Spent }
func (e *Evaluation) spent() (string, pipeline.Spent) { return e.stage.Label, e.done.Spent }

// LedgerFigure draws the floating-point operations of the entries, one bar each.
func (l *Lab) LedgerFigure(entries ...Entry) Figure {
	data := plots.LedgerData{Title: "Where the compute went", XLabel: "floating-point operations (billions)", Stages: []string{"training passes", "sampling"}}
	for _, e := range entries {
		label, s := e.spent()
		sampling := s.FLOPs
		if s.TrainTokens > 0 {
			sampling *= float64(s.PromptTokens+s.GeneratedTokens) / float64(s.PromptTokens+s.GeneratedTokens+3*s.TrainTokens)
		}
		data.Rows = append(data.Rows, plots.LedgerRow{Name: label, Amounts: []float64{(s.FLOPs - sampling) / 1e9, sampling / 1e9}})
	}
	png, err := plots.Ledger(data)
	return figure(png, err, "floating-point operations per stage")
}

// Report collects what a notebook claims: results with intervals, and checks that
// must hold.
type Report struct {
	lab     *Lab
	numbers []pipeline.Number
	failed  []string
	checks  Table
}

// Report begins the notebook's report.
func (l *Lab) Report() *Report {
	return &Report{lab: l, checks: Table{Title: "Checks", Columns: []string{"", "what must hold", "found"}}}
}

// Exact adds a count that must be the same on every machine.
func (r *Report) Exact(id, claim, unit string, value float64) {
	r.numbers = append(r.numbers, pipeline.Exact(id, claim, unit, value))
}

// Measured adds a number with its interval. What another machine's may differ by, because its sums are rounded otherwise,
// follows from the interval: twice its longer half, which no two runs of a recipe reached (LAB.md, "Tolerances"). A
// tolerance at the end takes its place.
func (r *Report) Measured(id, claim, unit string, v Interval, tolerance ...float64) {
	n := pipeline.Measured(id, claim, unit, v)
	if len(tolerance) > 0 {
		n.Tolerance = tolerance[0]
	}
	r.numbers = append(r.numbers, n)
}

// Number adds a measured number that has no interval of its own; tolerance is what another machine's may differ by.
func (r *Report) Number(id, claim, unit string, value, tolerance float64) {
	r.Measured(id, claim, unit, Interval{Value: value, Low: value, High: value}, tolerance)
}

// Check adds something that must hold; found says what was found.
func (r *Report) Check(holds bool, what, found string) {
	r.checks.Add(tick(holds), what, found)
	if !holds {
		r.failed = append(r.failed, fmt.Sprintf("%s: found %s", what, found))
	}
}

// Close shows results and checks, writes results.json to $INTERPLAY_RESULTS/STUDY
// (default: beside the run store, in results/STUDY), and ends the cell with an
// error when a check does not hold.
func (r *Report) Close() {
	t := Table{Title: "Results", Columns: []string{"id", "what it is", "value", "95 % interval", "unit"}}
	for _, v := range r.numbers {
		interval := "–"
		if v.Low != v.High {
			interval = fmt.Sprintf("%.3f–%.3f", v.Low, v.High)
		}
		t.Add(v.ID, v.Claim, strings.TrimSuffix(fmt.Sprintf("%.3f", v.Value), ".000"), interval, v.Unit)
	}
	t.Show()
	if len(r.checks.Rows) > 0 {
		r.checks.Show()
	}
	dir := os.Getenv("INTERPLAY_RESULTS")
	if dir == "" {
		dir = filepath.Join(r.lab.store.Root, "..", "build", "results")
	}
	dir = filepath.Join(dir, r.lab.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		fail(fmt.Errorf("results.json cannot be written: %w; set INTERPLAY_RESULTS to a folder you may write", err))
	}
	all := pipeline.Report{Name: r.lab.Name, Profile: r.lab.profile.Name, Seed: r.lab.Seed, Numbers: r.numbers}
	if err := durable.WriteJSON(filepath.Join(dir, "results.json"), all); err != nil {
		fail(fmt.Errorf("results.json cannot be written: %w", err))
	}
	if len(r.failed) > 0 {
		fail(fmt.Errorf("%d checks do not hold:\n  %s", len(r.failed), strings.Join(r.failed, "\n  ")))
	}
}
