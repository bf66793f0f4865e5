package kernelkit

import (
	"cmp"
	"fmt"

	"interplay/kernelkit/diagnose"
	"interplay/kernelkit/score"
	"interplay/pipeline"
)

// Diagnosis is what the samples of one run show, see package diagnose. It shows itself as tables.
type Diagnosis struct {
	Run  string `json:"run"`
	Kind string `json:"kind"` // evaluate, rl or reject
	diagnose.Report
}

// Diagnose looks at the samples of a finished run: of an evaluation, of RL or of rejection
// fine-tuning, by its folder's name or the first letters of its address.
func (l *Lab) Diagnose(run string) *Diagnosis { return must(DiagnoseRun(l.store, run)) }

// DiagnoseRun is Lab.Diagnose for a store.
func DiagnoseRun(store *pipeline.Store, run string) (*Diagnosis, error) {
	j, err := store.Judged(run)
	if err != nil {
		return nil, err
	}
	d := &Diagnosis{Run: j.Folder, Kind: j.Kind}
	if d.Report = diagnose.Samples(diagnose.FromRecords(j.Records)); j.Kind == "rl" {
		d.Report = diagnose.Samples(diagnose.FromKept(j.Kept))
	}
	d.AddSteps(j.Steps)
	return d, nil
}

// Show shows the tables.
func (d *Diagnosis) Show() {
	for _, t := range d.Tables() {
		t.Show()
	}
}

// Tables are the diagnosis: what signals say, ops, and the steps of RL.
func (d *Diagnosis) Tables() []*Table {
	all := []*Table{d.signals(), d.byOp()}
	if len(d.Steps) > 0 {
		all = append(all, d.bySteps())
	}
	return all
}

func (d *Diagnosis) signals() *Table {
	t := &Table{Title: fmt.Sprintf("What tells a right sample of %s", d.Run), Columns: []string{"signal", "within a problem", "interval", "problems", "pooled", "interval"}}
	write := func(v *score.Interval) (value, interval string) {
		if v == nil {
			return "–", "–"
		}
		return fmt.Sprintf("%+.3f", v.Value), fmt.Sprintf("%+.3f to %+.3f", v.Low, v.High)
	}
	for _, s := range d.Signals {
		within, bounds := write(s.Within)
		pooled, pooledBounds := write(&s.Pooled)
		problems := "–"
		if s.Within != nil {
			problems = fmt.Sprint(s.Within.N)
		}
		t.Add(s.Signal, within, bounds, problems, pooled, pooledBounds)
	}
	t.Note = fmt.Sprintf("Correlation with being strictly right, over %d samples of %d problems. Pooled mixes problems: what is long or unsure may only be hard. Within compares samples of the same problem, "+
		"and of these only problems count that have right and wrong ones. 95 %% intervals over problems.", d.Samples, d.Prompts)
	if d.Kind == "rl" {
		t.Note += " These are the completions that RL keeps, one group a step; the policy changes from step to step."
	}
	return t
}

func (d *Diagnosis) byOp() *Table {
	t := &Table{Title: "Problems by op", Columns: []string{"op", "problems", "samples", "strict", "answer", "gap", "lucky", "dead", "all right"}}
	for _, o := range d.Ops {
		t.Add(o.Op, o.Prompts, o.Samples, percentOf(o.Strict), percentOf(o.Answer), percentOf(o.Answer-o.Strict), percentOf(o.Lucky), percentOf(o.Dead), percentOf(o.Solved))
	}
	t.Note = "Per cent. Strict and answer are shares of samples, lucky of right answers; dead problems have no strictly right sample, and neither they nor those that are all right teach GRPO anything."
	return t
}

// shownSteps is about how many steps of RL a table lists.
const shownSteps = 12

func (d *Diagnosis) bySteps() *Table {
	t := &Table{Title: "RL step by step", Columns: []string{"step", "reward", "entropy", "groups without variance (%)", "lucky (%)", "tokens"}}
	every := max(1, (len(d.Steps)+shownSteps-1)/shownSteps)
	for i, s := range d.Steps {
		if i%every == 0 || i == len(d.Steps)-1 {
			t.Add(s.Step, s.Reward, s.Entropy, percentOf(s.ZeroStd), percentOf(s.Lucky), fmt.Sprintf("%.1f", s.Length))
		}
	}
	first, last := d.Steps[0], d.Steps[len(d.Steps)-1]
	change := map[int]string{-1: "falls", 0: "stays", 1: "rises"}[cmp.Compare(last.Entropy, first.Entropy)]
	t.Note = fmt.Sprintf("Entropy %s from %.3f to %.3f nats a token.", change, first.Entropy, last.Entropy)
	return t
}

func percentOf(share float64) string { return fmt.Sprintf("%.1f", 100*share) }
