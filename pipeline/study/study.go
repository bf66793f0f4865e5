// Package study compares recipes: a study is arms, seeds and claims with the rules that
// will judge them, as data. It knows how to collect what the run store has of its
// stages into results, and how results are kept, checked and matched with a study.
//
// Each study is one file here (edge.go, exposure.go, split.go, …) and one line of the list
// in list.go.
package study

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/strict"
	"interplay/kernelkit/train"
	"interplay/pipeline"
)

// Study is a question and the recipes that answer it, as data: what is compared,
// on which problems, with which seeds, and the claims with the rules that will
// judge them. It holds everything that its stages depend on, so that a study of a
// user's own is a JSON file of the same form.
type Study struct {
	Name     string `json:"name"`
	Notebook string `json:"notebook,omitempty"` // its notebook, whose results folder has this name
	Title    string `json:"title"`
	Question string `json:"question"`
	Profile  string `json:"profile"`
	NotRun   string `json:"not_run,omitempty"` // what of this profile nobody ran yet

	// LeftOut names arms that the study has at other profiles and not at this one: figures
	// that are asked to show them go without.
	LeftOut []string `json:"left_out,omitempty"`

	// Exploratory marks a study whose rules were not committed before it ran: a user's own,
	// or one of the project's that looks for a question. It needs no committed results,
	// and may have any number of claims and seeds; tables of its results say so.
	Exploratory bool `json:"exploratory,omitempty"`

	Seeds      []int64             `json:"seeds"` // each runs everything again: corpus, weights, problems of RL, noise
	Arms       []Arm               `json:"arms"`  // what is compared; the first is the baseline
	Ranges     []OpRange           `json:"ranges"`
	Evaluation pipeline.Evaluation `json:"evaluation"` // of every arm, on the same problems for every seed
	Claims     []Claim             `json:"claims"`
	Laws       []Law               `json:"laws,omitempty"`

	Figures []Figure     `json:"figures,omitempty"` // beside those that every study has
	Paper   []PaperCurve `json:"paper,omitempty"`   // the paper's values, which stand beside ours in figures
	Varies  string       `json:"varies,omitempty"`  // what of pre-training differs between the arms, in words

	// Likelihood also scores the gold solutions of the evaluation's problems under every arm.
	Likelihood bool `json:"likelihood,omitempty"`

	// Covariate is what effects are adjusted for: what the base can do, as an effect, such as
	// its pass@1 at the edge.
	Covariate []Term `json:"covariate,omitempty"`

	Machine pipeline.Machine `json:"machine"` // for estimates of time before anything ran
}

// Arm is one of the recipes that a study compares: a chain of training steps.
// Arms that begin with the same steps share them.
type Arm struct {
	Name  string `json:"name"`  // identifies it in claims and results: edge
	Label string `json:"label"` // how figures call it: RL on ops 5–6
	About string `json:"about,omitempty"`
	Group string `json:"group,omitempty"` // arms of one line of a figure, such as a budget
	// AlsoIn are groups that the arm is part of too: two budgets may have a run in common.
	AlsoIn []string `json:"also_in,omitempty"`
	// Value is what a figure draws the arm over: a share of B, a β.
	Value float64 `json:"value,omitempty"`
	Steps []Step  `json:"steps"`

	// Evaluation of the arm where it is another than the study's, such as at another
	// temperature or on problems of another modulus; nil: the study's.
	Evaluation *pipeline.Evaluation `json:"evaluation,omitempty"`

	// At evaluates the arm as it was at this step of its last stage, a milestone of
	// training; 0 is the end. Such arms show how the baseline came to be, and stay out
	// of figures that compare recipes.
	At int `json:"at,omitempty"`
}

// Step is one training stage of an arm: one of its three recipes. Their seeds are
// the run's; what is written here is replaced.
type Step struct {
	Name   string                  `json:"name"`
	Train  *pipeline.Pretraining   `json:"train,omitempty"`
	RL     *pipeline.Reinforcement `json:"rl,omitempty"`
	Reject *pipeline.Rejection     `json:"reject,omitempty"`
}

// Clone is a copy of the step that shares no recipe with it.
func (s Step) Clone() Step {
	s.Train, s.RL, s.Reject = cloned(s.Train), cloned(s.RL), cloned(s.Reject)
	return s
}

// Clone is a copy of the arm that shares no recipe with it.
func (a Arm) Clone() Arm {
	a.AlsoIn, a.Steps, a.Evaluation = slices.Clone(a.AlsoIn), slices.Clone(a.Steps), cloned(a.Evaluation)
	for i, step := range a.Steps {
		a.Steps[i] = step.Clone()
	}
	return a
}

// cloned is a copy of a recipe that may be absent.
func cloned[R interface{ Clone() R }](r *R) *R {
	if r == nil {
		return nil
	}
	c := (*r).Clone()
	return &c
}

// recipes counts the step's recipes.
func (s *Step) recipes() (n int) {
	for _, there := range []bool{s.Train != nil, s.RL != nil, s.Reject != nil} {
		if there {
			n++
		}
	}
	return n
}

// stage is the step's stage for a seed, from the model before it.
func (s *Step) stage(label string, seed int64, from *pipeline.Stage) *pipeline.Stage {
	switch {
	case s.Train != nil:
		return pipeline.Pretrain(label, s.Train.WithSeed(seed), from)
	case s.Reject != nil:
		return pipeline.Reject(label, s.Reject.WithSeed(seed), from)
	}
	return pipeline.Reinforce(label, s.RL.WithSeed(seed), from)
}

// OpRange is a named range of ops that figures and claims look at.
type OpRange struct {
	Name    string    `json:"name"` // inside, edge, beyond
	Title   string    `json:"title"`
	Ops     gsm.Range `json:"ops"`
	Context string    `json:"context,omitempty"` // empty: all that are evaluated
	Paper   string    `json:"paper,omitempty"`   // the paper's range that it stands for
}

// mostRuns is the largest number of runs, arms × seeds, of a study. The project's own have up
// to a hundred; a plan looks at each run.
const mostRuns = 4096

// mostCorpora is the largest number of different corpora that a study trains on: a plan looks
// into each, for about a tenth of a second.
const mostCorpora = 64

// corpora counts the mixtures, in rows of a length, that the arms train on.
func (s *Study) corpora() int {
	seen := map[string]bool{}
	for _, a := range s.Arms {
		for _, step := range a.Steps {
			if r := step.Train; r != nil {
				seen[fmt.Sprintf("%+v %+v %s %s %d %d %d", r.Data, r.Phrases, r.Split, r.Target, r.Train.Batch, r.Train.Accumulate, r.Train.Seq)] = true
			}
		}
	}
	return len(seen)
}

// Validate returns the first thing that is wrong with the study.
func (s *Study) Validate() error {
	for _, name := range []struct{ field, value string }{{"name", s.Name}, {"profile", s.Profile}, {"notebook", s.Notebook}} {
		if err := plainName(name.field, name.value); err != nil && (name.field != "notebook" || name.value != "") {
			return err
		}
	}
	switch {
	case len(s.Seeds) == 0:
		return fmt.Errorf("study %s has no seeds: expected at least one", s.Name)
	case len(s.Arms) == 0:
		return fmt.Errorf("study %s has no arms: expected at least one recipe", s.Name)
	case len(s.Arms)*len(s.Seeds) > mostRuns:
		return fmt.Errorf("study %s has %d arms and %d seeds, %d runs: expected at most %d", s.Name, len(s.Arms), len(s.Seeds), len(s.Arms)*len(s.Seeds), mostRuns)
	}
	if err := cmp.Or(s.validateSeeds(), s.validateWords()); err != nil {
		return fmt.Errorf("study %s: %w", s.Name, err)
	}
	for i, r := range s.Ranges {
		if slices.ContainsFunc(s.Ranges[:i], func(q OpRange) bool { return q.Name == r.Name }) {
			return fmt.Errorf("study %s: two ranges have the name %q", s.Name, r.Name)
		}
	}
	for i, a := range s.Arms {
		if err := a.validate(); err != nil {
			return fmt.Errorf("study %s: %w", s.Name, err)
		}
		if slices.ContainsFunc(s.Arms[:i], func(b Arm) bool { return b.Name == a.Name }) {
			return fmt.Errorf("study %s: two arms have the name %q", s.Name, a.Name)
		}
	}
	if n := s.corpora(); n > mostCorpora {
		return fmt.Errorf("study %s trains on %d different corpora: expected at most %d; make several studies of it", s.Name, n, mostCorpora)
	}
	if err := cmp.Or(s.Evaluation.Validate(), s.Evaluation.HeldOut()); err != nil {
		return fmt.Errorf("study %s: evaluation: %w", s.Name, err)
	}
	for _, t := range s.Covariate {
		if c := (Claim{Effect: []Term{t}, Rule: Rule{Above, 0}}); !s.Exploratory || s.Gone(c) == "" {
			if err := s.validateClaim(c); err != nil {
				return fmt.Errorf("study %s: covariate: %w", s.Name, err)
			}
		}
	}
	for i, c := range s.Claims {
		if slices.ContainsFunc(s.Claims[:i], func(d Claim) bool { return d.ID == c.ID }) {
			return fmt.Errorf("study %s: two claims have the id %q: expected one of its own for each", s.Name, c.ID)
		}
		if s.Exploratory && s.Gone(c) != "" {
			continue // it is marked, see Judge
		}
		if err := s.validateClaim(c); err != nil {
			return fmt.Errorf("study %s: claim %s: %w", s.Name, c.ID, err)
		}
	}
	for i, l := range s.Laws {
		if slices.ContainsFunc(s.Laws[:i], func(m Law) bool { return m.ID == l.ID }) {
			return fmt.Errorf("study %s: two laws have the id %q: expected one of its own for each", s.Name, l.ID)
		}
		if err := s.validateLaw(l); err != nil {
			return fmt.Errorf("study %s: law %s: %w", s.Name, l.ID, err)
		}
	}
	for _, f := range s.Figures {
		if err := s.ValidateFigure(f); err != nil && !s.Exploratory { // who draws it asks again
			return fmt.Errorf("study %s: figure %s: %w", s.Name, f.Name, err)
		}
	}
	return nil
}

// MaxSeed is the largest seed, and its negative the least: what every reader of JSON holds exactly.
const MaxSeed = 1 << 53

func (s *Study) validateSeeds() error {
	for i, seed := range s.Seeds {
		switch {
		case seed < -MaxSeed || seed > MaxSeed:
			return fmt.Errorf("seeds has %d: expected -2^53 to 2^53", seed)
		case slices.Contains(s.Seeds[:i], seed):
			return fmt.Errorf("seed %d is named twice; seeds must be independent", seed)
		}
	}
	return nil
}

// validateWords refuses control characters in what terminals and figures show.
func (s *Study) validateWords() error {
	words := []string{s.Title, s.Question}
	for _, a := range s.Arms {
		words = append(words, a.Name, a.Label, a.About)
		for _, step := range a.Steps {
			words = append(words, step.Name)
		}
	}
	for _, r := range s.Ranges {
		words = append(words, r.Name, r.Title)
	}
	for _, c := range s.Claims {
		words = append(words, c.ID, c.Says)
	}
	for _, w := range words {
		if strings.ContainsFunc(w, unicode.IsControl) {
			return fmt.Errorf("%.80q holds a control character: expected words of one line", w)
		}
	}
	return nil
}

// plainName refuses what is no name of one folder: results are kept under it.
func plainName(field, value string) error {
	bad := func(r rune) bool { return r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) }
	switch {
	case value == "":
		return fmt.Errorf("a study needs a %s", field)
	case len(value) > 100:
		return fmt.Errorf("the study's %s has %d bytes: expected at most 100", field, len(value))
	case strings.HasPrefix(value, ".") || strings.ContainsFunc(value, bad):
		return fmt.Errorf("the study's %s is %q: expected a name of one folder, such as my-study, without / and without a dot at the start", field, value)
	}
	return nil
}

func (a *Arm) validate() error {
	if a.Name == "" || len(a.Steps) == 0 {
		return fmt.Errorf("arm %q: expected a name and at least one step", a.Name)
	}
	for i, step := range a.Steps {
		var err error
		switch {
		case step.recipes() != 1:
			err = errors.New("expected one of the recipes train, rl and reject")
		case i == 0 && step.Train == nil:
			err = errors.New("the first step starts from fresh weights, so it must be a train recipe")
		case step.Train != nil:
			err = cmp.Or(step.Train.Validate(), warms(step.Train.Train))
		case step.Reject != nil:
			err = cmp.Or(step.Reject.Validate(), warms(step.Reject.Train))
		default:
			if err = step.RL.Validate(); err == nil {
				err = startsAt(step.RL.Start, &a.Steps[i-1])
			}
		}
		if err != nil {
			return fmt.Errorf("arm %s, step %q: %w", a.Name, step.Name, err)
		}
	}
	if a.Evaluation != nil {
		if err := cmp.Or(a.Evaluation.Validate(), a.Evaluation.HeldOut()); err != nil {
			return fmt.Errorf("arm %s: evaluation: %w", a.Name, err)
		}
	}
	if last := a.Steps[len(a.Steps)-1].Train; a.At != 0 && (last == nil || !slices.Contains(last.Milestones(), a.At)) {
		return fmt.Errorf("arm %s is evaluated at step %d: expected a milestone of its last stage, which must be training with milestone_every set", a.Name, a.At)
	}
	return nil
}

// warms says whether training reaches its learning rate.
func warms(c train.Config) error {
	if c.Warmup > c.Steps {
		return fmt.Errorf("train: warmup is %d and steps %d: expected a warm-up of at most all steps, or the rate would never reach lr", c.Warmup, c.Steps)
	}
	return nil
}

// startsAt says whether RL can begin at a milestone of the step before it.
func startsAt(milestone int, before *Step) error {
	if milestone != 0 && (before.Train == nil || !slices.Contains(before.Train.Milestones(), milestone)) {
		return fmt.Errorf("it starts at step %d of the stage before it: expected a milestone of that stage, which must be training with milestone_every set", milestone)
	}
	return nil
}

// Arm returns the arm of a name.
func (s *Study) Arm(name string) (*Arm, bool) {
	for i := range s.Arms {
		if s.Arms[i].Name == name {
			return &s.Arms[i], true
		}
	}
	return nil, false
}

// Range returns the op range of a name.
func (s *Study) Range(name string) (OpRange, bool) {
	for _, r := range s.Ranges {
		if r.Name == name {
			return r, true
		}
	}
	return OpRange{}, false
}

// Run is one arm with one seed, as stages.
type Run struct {
	Arm   *Arm
	Seed  int64
	Steps []*pipeline.Stage // of the arm, in order
	Eval  *pipeline.Stage   // of the last step's model
	NLL   *pipeline.Stage   // likelihoods of gold solutions under it; nil where the study does not ask for them
}

// stages lists the run's stages, inputs first.
func (r *Run) stages() []*pipeline.Stage {
	all := append(slices.Clone(r.Steps), r.Eval)
	if r.NLL != nil {
		all = append(all, r.NLL)
	}
	return all
}

// Runs are the study's stages: every arm with every seed. Equal stages have equal
// addresses, so that what arms share is run once.
func (s *Study) Runs() []Run {
	var runs []Run
	for _, seed := range s.Seeds {
		for i := range s.Arms {
			runs = append(runs, s.run(&s.Arms[i], seed))
		}
	}
	return runs
}

func (s *Study) run(a *Arm, seed int64) Run {
	r := Run{Arm: a, Seed: seed}
	var last *pipeline.Stage
	var path []string
	for _, step := range a.Steps {
		path = append(path, step.Name)
		label := fmt.Sprintf("%s, seed %d", strings.Join(path, " → "), seed)
		last = step.stage(label, seed, last)
		r.Steps = append(r.Steps, last)
	}
	evaluation := s.evaluationOf(a)
	evaluation.Checkpoint = a.At
	r.Eval = pipeline.Evaluate(fmt.Sprintf("evaluation of %s, seed %d", a.Label, seed), evaluation, last)
	if s.Likelihood {
		r.NLL = pipeline.Likelihoods(fmt.Sprintf("gold solutions under %s, seed %d", a.Label, seed), evaluation.Likelihood(), last)
	}
	return r
}

// Stages lists all stages of the study, each once, inputs first.
func (s *Study) Stages() []*pipeline.Stage {
	var roots []*pipeline.Stage
	for _, r := range s.Runs() {
		roots = append(roots, r.stages()...)
	}
	return pipeline.Stages(roots...)
}

// largestFile is the longest JSON file in bytes that is read from outside.
const largestFile = 64 << 20

// Read reads a study of a user's own from a JSON file. An unknown field is an error.
// Unless it is one of the project's studies it is exploratory.
func Read(name string) (*Study, error) {
	data, err := strict.ReadFile(name, largestFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("expected a study's JSON file, found no file %s; check the path, or begin one with `interplay run edge -print > mine.json`", name)
	case err != nil:
		return nil, fmt.Errorf("the study's file cannot be read: %w", err)
	}
	var s Study
	if err := strict.Decode(data, &s); err != nil {
		return nil, fmt.Errorf("%s is not a study: %w; `interplay run edge -print` shows one", name, err)
	}
	said := s.Exploratory
	s.Exploratory = true // whether it is can be asked of a valid study only
	if err := s.Validate(); err != nil {
		return nil, err
	}
	s.Exploratory = said || s.IsOwn()
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return &s, nil
}

// Plan looks at what the store has of the study and estimates the rest.
func (s *Study) Plan(st *pipeline.Store, sideBySide int) (*pipeline.Plan, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	stages := s.Stages()
	if err := pipeline.CheckAhead(stages); err != nil {
		return nil, err
	}
	return st.Plan(stages, s.Machine, sideBySide), nil
}

// Compute runs what is missing of the study, as Store.RunAll does: a stage that fails
// costs its own arm and seed only.
func (s *Study) Compute(ctx context.Context, st *pipeline.Store, sideBySide int, progress func(pipeline.Progress)) (pipeline.Outcomes, error) {
	if err := s.Validate(); err != nil {
		return pipeline.Outcomes{}, err
	}
	stages := s.Stages()
	if err := pipeline.CheckAhead(stages); err != nil {
		return pipeline.Outcomes{}, err
	}
	return st.RunAll(ctx, stages, sideBySide, progress)
}
