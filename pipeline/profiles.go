package pipeline

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"interplay/kernelkit/gsm"
)

// Profile is a scale at which the studies run: the same recipes with other numbers. Each
// is one file in profiles/, which holds all its numbers, and is named as the file.
type Profile struct {
	Name   string `json:"-"`
	About  string `json:"about"`             // what it is for, in one sentence
	NotRun string `json:"not_run,omitempty"` // what of it nobody ran yet

	Machine    Machine       `json:"machine"` // for estimates of time before anything ran
	Base       Pretraining   `json:"base"`    // pre-training of the base model of all studies; without a vocab_size, as many as its tokenizer has; lookup_init "texts": see fill
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
	read := func(p *Profile) error {
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		return d.Decode(p)
	}
	var first, p Profile
	if err := read(&first); err != nil {
		return p, err
	}
	p.Studies.RL, p.Studies.Evaluation = first.RL, first.Evaluation
	return p, read(&p)
}

// fromTexts as a profile's lookup_init asks for the distances that its own texts have.
const fromTexts = "texts"

// fill puts in what follows from the recipe's texts.
func (r *Pretraining) fill() error {
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
func Profiles() (names []string) {
	all, err := profiles()
	if err != nil {
		panic(err) // the files are the project's own, and tested
	}
	for _, p := range all {
		names = append(names, p.Name)
	}
	return names
}

// ProfileByName returns a profile with the seed put in.
func ProfileByName(name string, seed int64) (Profile, error) {
	all, err := profiles()
	if err != nil {
		return Profile{}, err
	}
	for _, p := range all {
		if p.Name == name {
			p.Base, p.RL, p.Studies.RL = p.Base.WithSeed(seed), p.RL.WithSeed(seed), p.Studies.RL.WithSeed(seed)
			if err := p.Base.fill(); err != nil {
				return p, fmt.Errorf("profile %s: %w", name, err)
			}
			return p, p.validate()
		}
	}
	return Profile{}, fmt.Errorf("unknown profile %q: expected %s; set INTERPLAY_PROFILE to one of them", name, strings.Join(Profiles(), ", "))
}
