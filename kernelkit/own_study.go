package kernelkit

import (
	"fmt"
	"slices"
	"strings"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/gsm"
	"interplay/pipeline/study"
)

// Measures of an effect.
const (
	Pass1   = study.Pass1   // solved with one attempt, every step right
	PassK   = study.PassK   // solved with one of as many attempts as the evaluation has samples
	Answer1 = study.Answer1 // the answer right with one attempt, whatever the steps
	Lucky   = study.Lucky   // share of right answers whose steps are wrong
	Process = study.Process // share of the needed steps that are right
)

// Measure names what is measured: Pass1, PassK, Answer1, Lucky or Process, all shares from 0 to 1.
type Measure = study.Measure

// Effect is a sum of what arms score on ranges of ops.
type Effect = []study.Term

// Rule says what the interval of an effect must do for a claim to hold.
type Rule = study.Rule

// Gain is the effect "arm minus from on a range", by the names that Study.Names lists:
//
//	kernelkit.Gain("edge", "base", "edge", kernelkit.Pass1)
func Gain(arm, from, ops string, m Measure) Effect {
	return Effect{{Weight: 1, Arm: arm, Range: ops, Measure: m}, {Weight: -1, Arm: from, Range: ops, Measure: m}}
}

// Level is the effect "what an arm scores on a range", by the names that Study.Names lists.
func Level(arm, ops string, m Measure) Effect {
	return Effect{{Weight: 1, Arm: arm, Range: ops, Measure: m}}
}

// Above is the rule that an effect is larger than x, a share: 0.1 is ten points.
func Above(x float64) Rule { return Rule{Direction: study.Above, Threshold: x} }

// Below is the rule that an effect is smaller than x.
func Below(x float64) Rule { return Rule{Direction: study.Below, Threshold: x} }

// Within is the rule that an effect lies between −x and x.
func Within(x float64) Rule { return Rule{Direction: study.Within, Threshold: x} }

// NewStudy begins an exploratory study at the lab's profile: no arms yet, the lab's seed, the profile's
// evaluation, and two ranges, "all" that is evaluated and "edge", the ops of the profile's RL.
//
//	s := lab.NewStudy("length", "What does a price of length change?")
//	s.AddBase("base", lab.TrainRecipe())
//	s.Branch("strict", "strict reward", lab.RLRecipe())
//	r := lab.RLRecipe()
//	r.PayBy(frugal) // see Lab.Reward
//	s.Branch("frugal", "strict minus a price", r)
//	s.Expect("shorter is no worse", kernelkit.Gain("frugal", "strict", "edge", kernelkit.Pass1), kernelkit.Within(0.05))
//	s.Seeds = []int64{1, 2, 3}
//	s.Plan().Show()
//	s.Run().Claims().Show()
//
// Its tables say that its rules were not committed before it ran.
func (l *Lab) NewStudy(name, question string) *Study {
	check(l.unchanged())
	e, rl := l.EvaluationRecipe(), l.profile.RL.Data
	low, high := opRange(e.Data)
	edgeLow, edgeHigh := opRange(rl)
	s := &study.Study{Name: name, Title: name, Question: question, Profile: l.profile.Name, Exploratory: true,
		Seeds: []int64{l.Seed}, Evaluation: e, Machine: l.profile.Machine,
		Ranges: []study.OpRange{
			{Name: "all", Title: fmt.Sprintf("ops %d–%d", low, high), Ops: gsm.Range{Min: low, Max: high}},
			{Name: "edge", Title: fmt.Sprintf("ops %d–%d", edgeLow, edgeHigh), Ops: gsm.Range{Min: edgeLow, Max: edgeHigh}},
		}}
	return &Study{s, l}
}

// opRange is the smallest and the largest op of some problems.
func opRange(data Mix) (low, high int) {
	low = data.Mix[0].Ops.Min
	for _, b := range data.Mix {
		low, high = min(low, b.Ops.Min), max(high, b.Ops.Max)
	}
	return low, high
}

// As makes the study one of your own, under another name: it is exploratory, and cannot take or overwrite the
// results of the one that it was made from. Arms and claims can be added and taken away.
// Stages that both have are computed once.
//
//	s := lab.Study("edge").As("edge-frugal")
//	s.Names().Show() // of its arms and ranges, for what follows
//	s.Branch("frugal", "RL, strict minus a price", r)
//	s.Expect("shorter is no worse", kernelkit.Gain("frugal", "edge", "edge", kernelkit.Pass1), kernelkit.Above(-0.05))
//	s.Run().Claims().Show()
func (s *Study) As(name string) *Study {
	own := *s.Study
	own.Name, own.Notebook, own.Exploratory = name, "", true
	own.Title += ", changed"
	own.Arms, own.Claims, own.Ranges, own.Seeds = slices.Clone(s.Arms), slices.Clone(s.Claims), slices.Clone(s.Ranges), slices.Clone(s.Seeds)
	own.Laws, own.Figures, own.Evaluation = slices.Clone(s.Laws), slices.Clone(s.Figures), s.Evaluation.Clone()
	for i, a := range own.Arms {
		own.Arms[i] = a.Clone()
	}
	return &Study{&own, s.lab}
}

// AddBase adds an arm that is trained from scratch and nothing else.
func (s *Study) AddBase(name string, r TrainRecipe) {
	s.own()
	r = r.Clone()
	s.Arms = append(s.Arms, study.Arm{Name: name, Label: name, Steps: []study.Step{{Name: "pre-training", Train: &r}}})
}

// Branch adds an arm that goes on from the end of the first arm, by recipes of RL, of training or of rejection fine-tuning.
// name is what Gain, Drop and figures call it, label is what tables and figures show.
func (s *Study) Branch(name, label string, recipes ...any) { s.BranchFrom(0, name, label, recipes...) }

// BranchFrom adds an arm that has all steps of the arm at a place of the list, the first of which is 0, and then
// recipes of RL, of training or of rejection fine-tuning.
func (s *Study) BranchFrom(arm int, name, label string, recipes ...any) {
	s.own()
	check(s.branch(arm, name, label, recipes))
}

func (s *Study) branch(arm int, name, label string, recipes []any) error {
	switch {
	case len(s.Arms) == 0:
		return fmt.Errorf("the arm %s goes on from arm %d, and the study has none: add the base first, with AddBase", name, arm)
	case arm < 0 || arm >= len(s.Arms):
		return fmt.Errorf("the arm %s goes on from arm %d, and the study has %d: expected 0 to %d; Names lists them", name, arm, len(s.Arms), len(s.Arms)-1)
	}
	from := s.Arms[arm].Clone()
	a := study.Arm{Name: name, Label: label, Steps: from.Steps}
	for i, r := range recipes {
		on := from.At > 0 && i == 0 // from a model on its way
		if rl, ok := r.(RLRecipe); ok && on && rl.Start == 0 {
			rl.Start = from.At
			r = rl
		} else if !ok && on {
			return fmt.Errorf("the arm %s goes on from %s, a model on its way (step %d): only RL begins with such a one, found %T", name, from.Name, from.At, r)
		}
		switch r := r.(type) {
		case RLRecipe:
			r = r.Clone()
			a.Steps = append(a.Steps, study.Step{Name: "RL", RL: &r})
		case TrainRecipe:
			r = r.Clone()
			if first := from.Steps[0].Train; first != nil {
				r.Model = first.Model
			}
			a.Steps = append(a.Steps, study.Step{Name: "training", Train: &r})
		case RejectionRecipe:
			r = r.Clone()
			a.Steps = append(a.Steps, study.Step{Name: "rejection fine-tuning", Reject: &r})
		default:
			return fmt.Errorf("arm %s: a step is an RLRecipe, a TrainRecipe or a RejectionRecipe, found %T", name, r)
		}
	}
	s.Arms = append(s.Arms, a)
	return nil
}

// Drop takes arms away. Claims that speak of them are marked and not judged.
func (s *Study) Drop(arms ...string) {
	s.own()
	for _, name := range arms {
		if _, ok := s.Arm(name); !ok {
			fail(fmt.Errorf("the study has no arm %q to take away: expected one of %s", name, strings.Join(s.armNames(), ", ")))
		}
	}
	s.Arms = slices.DeleteFunc(s.Arms, func(a study.Arm) bool { return slices.Contains(arms, a.Name) })
}

// Names lists the names of the study's arms and of its ranges of ops, as Gain, Level, Drop and the figures take them.
func (s *Study) Names() *Table {
	t := &Table{Title: fmt.Sprintf("Names in the study %q", s.Name), Columns: []string{"kind", "name", "what it is"}}
	for _, a := range s.Arms {
		t.Add("arm", a.Name, a.Label)
	}
	for _, r := range s.Ranges {
		t.Add("range", r.Name, r.Title)
	}
	return t
}

func (s *Study) armNames() (names []string) {
	for _, a := range s.Arms {
		names = append(names, a.Name)
	}
	return names
}

// Expect adds a claim: an effect, and the rule that it must obey. It holds when the whole 95 % interval of the effect obeys,
// does not hold when the whole interval breaks the rule, else it is not resolved.
func (s *Study) Expect(says string, effect Effect, rule Rule) {
	s.own()
	id, n := "own-1", 1
	for slices.ContainsFunc(s.Claims, func(c study.Claim) bool { return c.ID == id }) { // claims may have been taken away
		n++
		id = fmt.Sprintf("own-%d", n)
	}
	s.Claims = append(s.Claims, study.Claim{ID: id, Says: says, Source: "own", Effect: effect, Rule: rule})
}

// own ends the cell for a study of the project, which is not to be changed.
func (s *Study) own() {
	if !s.Exploratory {
		fail(fmt.Errorf("%q is a study of the project: change one of your own, my := lab.Study(%q).As(\"my-%s\")", s.Name, s.Name, s.Name))
	}
}

// Save writes the study to a JSON file, which StudyFile and `interplay run FILE` read. Functions of your own are named in it; they
// run only in the notebook that holds them.
func (s *Study) Save(name string) {
	check(s.Validate())
	if err := durable.WriteJSON(name, s.Study); err != nil {
		fail(fmt.Errorf("the study cannot be written: %w", err))
	}
}

// StudyFile reads a study from a JSON file, such as `interplay run edge -print` writes.
func (l *Lab) StudyFile(name string) *Study { return &Study{must(study.Read(name)), l} }
