package pipeline

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/strict"
)

// Profile is a scale at which the studies run: the same recipes with other numbers. Each
// is one file in profiles/, which holds all its numbers, and is named as the file.
type Profile struct {
	Name   string `json:"-"`
	About  string `json:"about"`             // what it is for, in one sentence
	NotRun string `json:"not_run,omitempty"` // what of it nobody ran yet

	Machine    Machine       `json:"machine"` // for estimates of time before anything ran
	Base       Pretraining   `json:"base"`    // pre-training of the base model of all studies; without a vocab_size, as many as its tokenizer has; lookup_init "texts": see Fill
	Edge       gsm.Range     `json:"edge"`    // ops that one sample of the base mostly fails and one of many solves
	RL         Reinforcement `json:"rl"`      // RL at the edge, strict reward
	Evaluation Evaluation    `json:"evaluation"`
	Studies    Scale         `json:"studies"`
}

// Scale is what the studies take from a profile.
type Scale struct {
	Seeds      int           `json:"seeds"`      // independent ones: with fewer than three hardly an effect is resolved
	Contexts   []string      `json:"contexts"`   // of the studies of depth
	RL         Reinforcement `json:"rl"`         // where it differs from the profile's; a study says data and reward itself
	Evaluation Evaluation    `json:"evaluation"` // where it differs from the profile's

	RLOps struct { // ops that RL is given
		Inside gsm.Range `json:"inside"`
		Mixed  gsm.Range `json:"mixed"`
		Edge   gsm.Range `json:"edge"`
		Beyond gsm.Range `json:"beyond"`
	} `json:"rl_ops"`
	Ops struct { // ops that are evaluated
		Inside gsm.Range `json:"inside"`
		Edge   gsm.Range `json:"edge"`
		Beyond gsm.Range `json:"beyond"`
	} `json:"ops"`

	// Match is the price at which recipes that are compared are to cost the same; empty: FLOPs.
	Match Price `json:"match,omitempty"`
	// LearnedShare is the share of RL's groups that are expected to teach something, from
	// pilots: budgets in FLOPs count updates of as many; 0: all.
	LearnedShare float64 `json:"learned_share,omitempty"`

	Exposure Exposure `json:"exposure"`
	Split    Split    `json:"split"`

	// What a profile leaves out of these is not asked at it (arms), or has the study's own
	// values (whole studies).
	EdgeArms   EdgeArms   `json:"edge"`
	Reward     RewardArms `json:"reward"`
	Hard       Hard       `json:"hard"`
	Share      Share      `json:"share"`
	Gain       Gain       `json:"gain"`
	Judges     Judges     `json:"judges"`
	Algorithms Algorithms `json:"algorithms"`
}

// EdgeArms says which arms the study of the edge has beside the paper's recipes.
type EdgeArms struct {
	// Controls are fine-tuning on exactly the problems of RL, on gold solutions and on the
	// model's own right ones, and RL beyond the edge with the paper's KL term.
	Controls bool `json:"controls"`
	// PaperSettings are one arm for each setting of the paper that differs here.
	PaperSettings bool `json:"paper_settings"`
	// Deep gives the arms that a claim compares at more attempts than the study's
	// evaluation has (pass@128, curves) as many samples a problem as it needs; the
	// others are sampled as often as the evaluation says.
	Deep bool `json:"deep,omitempty"`
	// Without names arms that are too dear at this profile. Claims about them are shown as
	// not run.
	Without []string `json:"without,omitempty"`
}

// RewardArms says which arms the study of rewards has beside the paper's.
type RewardArms struct {
	TokenBudget int   `json:"token_budget"` // trained tokens at which rewards are compared too; 0: they are not
	Modulus     int64 `json:"modulus"`      // of arithmetic whose answers cannot be guessed; 0: no such arms. The symbolic family only
}

// Hard is what the study of hard problems in pre-training varies.
type Hard struct {
	Seeds  int        `json:"seeds"`
	Ops    *gsm.Range `json:"ops"`    // hard ones; null: the upper third of those inside
	Shares []float64  `json:"shares"` // of the corpus
}

// Share is what the study of RL's share of context B varies. Contexts, ops that are seen
// and ops that are evaluated are those of the study of exposure.
type Share struct {
	Seeds   int       `json:"seeds"`
	Rare    float64   `json:"rare"`    // share of B in pre-training where it shows B at every op
	Shallow float64   `json:"shallow"` // where it shows B at the ops seen alone
	Shares  []float64 `json:"shares"`  // of B in RL
}

// Gain is what the study of base and gain takes bases from, beside the milestones of the
// profile's base.
type Gain struct {
	Seeds int    `json:"seeds"`
	Sizes []Size `json:"sizes"`
}

// Size is a network of another size than the base's. What is 0 is as there.
type Size struct {
	Hidden int `json:"hidden_size"`
	Layers int `json:"num_hidden_layers"`
	FFN    int `json:"intermediate_size"`
}

// Judges are the shares of mistakes of the study of judges.
type Judges struct {
	Seeds       int       `json:"seeds"`
	FalseAccept []float64 `json:"false_accept"`
	FalseReject []float64 `json:"false_reject"`
}

// Algorithms is what the study of algorithms allows each.
type Algorithms struct {
	Seeds   int     `json:"seeds"`
	Compute float64 `json:"compute"` // tokens of forward passes (grpo.Config.ComputeBudget); 0: as many as the studies' RL is expected to take
}

// Exposure is what the study of seed exposure trains on.
type Exposure struct {
	Seeds    int       `json:"seeds"`
	Contexts [2]string `json:"contexts"` // A, which the model knows, and B, of which it sees a share
	Shares   []float64 `json:"shares"`   // of context B
	Seen     gsm.Range `json:"seen"`     // ops of B in pre-training
	RL       gsm.Range `json:"rl"`       // ops of RL, in both contexts
	Ops      gsm.Range `json:"ops"`      // ops that are evaluated
	Steps    int       `json:"steps"`    // of pre-training, one run for each share; 0: as the base

	// Deep are the ops on which B is judged; null: those evaluated that B does not show. They
	// should lie inside what pre-training shows of A, or depth and context are mixed.
	Deep *gsm.Range `json:"deep"`
	// Amounts sets share and amount of B apart: each share with each number of steps.
	Amounts *Amounts `json:"amounts"`
}

// Amounts are two shares of B and two lengths of pre-training, the smaller ones first. The
// first share at the second length and the second at the first should show as many tokens of B.
type Amounts struct {
	Shares [2]float64 `json:"shares"`
	Steps  [2]int     `json:"steps"`
}

// Split is how the study of the compute split divides its budgets, each either in
// tokens or in steps of RL alone.
type Split struct {
	Seeds       int       `json:"seeds"`
	Tokens      []float64 `json:"tokens,omitempty"`   // budgets in nominal tokens
	RLSteps     []float64 `json:"rl_steps,omitempty"` // budgets as the steps of RL that they would buy
	Betas       []float64 `json:"betas"`              // RL's shares of a budget
	LR          float64   `json:"lr"`                 // peak learning rate of mid-training
	MinLR       float64   `json:"min_lr"`             // where its cosine ends
	Warmup      float64   `json:"warmup"`             // share of its steps
	TrueLengths bool      `json:"true_lengths"`       // the first budget again, priced at the lengths that occur
	Compute     bool      `json:"compute,omitempty"`  // and again, priced in FLOPs

	// Longest is what the nominal price takes for a sample's length, in tokens; 0: the longest
	// sample that RL allows (Reinforcement.Longest).
	Longest int `json:"longest,omitempty"`
}

//go:embed profiles/*.json
var profileFiles embed.FS

// profiles reads the profiles' files, smallest training first.
func profiles() ([]Profile, error) {
	files, err := profileFiles.ReadDir("profiles")
	if err != nil {
		return nil, err
	}
	var all []Profile
	for _, f := range files {
		text, err := profileFiles.ReadFile(path.Join("profiles", f.Name()))
		if err != nil {
			return nil, err
		}
		p, err := parseProfile(text)
		if err != nil {
			return nil, fmt.Errorf("pipeline/profiles/%s: %w", f.Name(), err)
		}
		p.Name = strings.TrimSuffix(f.Name(), ".json")
		all = append(all, p)
	}
	size := func(p Profile) float64 {
		t := p.Base.Train
		return float64(p.Base.Model.Params()) * float64(t.Steps*t.Batch*t.Accumulate*t.Seq)
	}
	slices.SortFunc(all, func(a, b Profile) int { return cmp.Compare(size(a), size(b)) })
	return all, nil
}

// parseProfile reads a profile. RL and evaluation of its studies begin as the profile's
// own. An unknown field is an error.
func parseProfile(text []byte) (Profile, error) {
	read := func(p *Profile) error { return strict.Decode(text, p) }
	var first, p Profile
	if err := read(&first); err != nil {
		return p, err
	}
	p.Studies.RL, p.Studies.Evaluation = first.RL, first.Evaluation
	return p, read(&p)
}

// fromTexts as a profile's lookup_init asks for the distances that its own texts have.
const fromTexts = "texts"

// Fill puts in what follows from the recipe's texts: the size of the vocabulary where it is 0,
// and the distances of a start that looks values up, where they are to be read from the texts.
func (r *Pretraining) Fill() error {
	if r.Model.VocabSize == 0 {
		tok, err := tokenizer(*r)
		if err != nil {
			return err
		}
		r.Model.VocabSize = tok.Size()
	}
	if r.Model.LookupInit == fromTexts {
		var err error
		r.Model.LookupInit, err = lookups(*r)
		return err
	}
	return nil
}

// validate returns the first thing that is wrong with the profile's recipes.
func (p *Profile) validate() error {
	for _, part := range []struct {
		name   string
		recipe interface{ Validate() error }
	}{{"base", p.Base}, {"rl", p.RL}, {"evaluation", p.Evaluation}, {"studies.rl", p.Studies.RL}, {"studies.evaluation", p.Studies.Evaluation}} {
		if err := part.recipe.Validate(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// Profiles are the names of the lab's scales, smallest first.
func Profiles() []string { return slices.Clone(profileNames()) }

// profileNames are read once: every command line shows them, many times over.
var profileNames = sync.OnceValue(func() (names []string) {
	all, err := profiles()
	if err != nil {
		panic(err) // the files are the project's own, and tested
	}
	for _, p := range all {
		names = append(names, p.Name)
	}
	return names
})

// ErrProfile is a profile's name that is none; whoever took the name says from where.
var ErrProfile = errors.New("unknown profile")

// ProfileByName returns a profile with the seed put in; ErrProfile where there is none.
func ProfileByName(name string, seed int64) (Profile, error) {
	all, err := profiles()
	if err != nil {
		return Profile{}, err
	}
	for _, p := range all {
		if p.Name == name {
			p.Base, p.RL, p.Studies.RL = p.Base.WithSeed(seed), p.RL.WithSeed(seed), p.Studies.RL.WithSeed(seed)
			if err := p.Base.Fill(); err != nil {
				return p, fmt.Errorf("profile %s: %w", name, err)
			}
			return p, p.validate()
		}
	}
	return Profile{}, fmt.Errorf("%w %q: expected one of %s", ErrProfile, name, strings.Join(Profiles(), ", "))
}
