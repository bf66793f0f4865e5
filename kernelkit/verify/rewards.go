package verify

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// RewardForm is one of the lab's reward functions of a verdict.
type RewardForm uint8

const (
	// Outcome: R = R_out, 1 when the answer is right, else 0. Paper §6, α = 1.
	Outcome RewardForm = iota
	// Mix: R = α·R_out + (1−α)·R_pv with R_pv = ProcessAcc. Additive: a wrong answer
	// keeps its process credit. Paper §6, Equation 3.
	Mix
	// Gated: R = R_out·(α·R_out + (1−α)·p) with p = max(0, 1 − Penalty/max(1, Nodes)).
	// What the authors' code does (their reward function; spec/verifier.md §6): zero
	// whenever the answer is wrong, extra nodes punished, a node wrong in both value and
	// parents charged twice.
	Gated
	// StrictForm: R = 1 when the verdict is Strict, else 0. Paper §6: R_out if R_pv = 1, else 0.
	StrictForm
	// Process: R = ProcessAcc, whatever the answer. Not in the paper: the dense ungated
	// form that a third party found to help on hard problems (spec/paper.md, claim C45).
	Process
)

// Reward turns a verdict into a number in [0, 1].
type Reward struct {
	Form  RewardForm
	Alpha float64 // weight of the outcome in Mix and Gated, in [0, 1]; 0 in the other forms
}

var rewardNames = [...]string{Outcome: "outcome", Mix: "mix", Gated: "gated", StrictForm: "strict", Process: "process"}

// ParseReward reads "outcome", "strict", "process", "mix:α" or "gated:α", e.g. "mix:0.2".
func ParseReward(name string) (Reward, error) {
	form, weight, weighted := strings.Cut(name, ":")
	for f, known := range rewardNames {
		if form != known {
			continue
		}
		r := Reward{Form: RewardForm(f)}
		if r.Form != Mix && r.Form != Gated {
			if weighted {
				return Reward{}, fmt.Errorf("verify: reward %q: %s takes no weight; write %q", name, form, form)
			}
			return r, nil
		}
		if !weighted {
			return Reward{}, fmt.Errorf("verify: reward %q: the weight of the outcome is missing; write for example %q", name, form+":0.2")
		}
		alpha, err := strconv.ParseFloat(weight, 64)
		if err != nil {
			return Reward{}, fmt.Errorf("verify: reward %q: weight %q is not a number", name, weight)
		}
		r.Alpha = alpha
		return r, r.Validate()
	}
	return Reward{}, fmt.Errorf("verify: unknown reward %q; expected outcome, strict, process, mix:α or gated:α", name)
}

// Validate reports the first thing that is wrong with r.
func (r Reward) Validate() error {
	switch {
	case int(r.Form) >= len(rewardNames):
		return fmt.Errorf("verify: reward form %d does not exist", r.Form)
	case r.Form != Mix && r.Form != Gated && r.Alpha != 0:
		return fmt.Errorf("verify: reward %s takes no weight, found α = %g", rewardNames[r.Form], r.Alpha)
	case math.IsNaN(r.Alpha) || r.Alpha < 0 || r.Alpha > 1:
		return fmt.Errorf("verify: reward %s: α must be in [0, 1], found %g", rewardNames[r.Form], r.Alpha)
	}
	return nil
}

// String is the name that ParseReward reads.
func (r Reward) String() string {
	if int(r.Form) >= len(rewardNames) {
		return fmt.Sprintf("Reward(%d)", r.Form)
	}
	if r.Form == Mix || r.Form == Gated {
		return rewardNames[r.Form] + ":" + strconv.FormatFloat(r.Alpha, 'g', -1, 64)
	}
	return rewardNames[r.Form]
}

// MarshalText writes the name that ParseReward reads, so that recipes hold it as a string.
func (r Reward) MarshalText() ([]byte, error) { return []byte(r.String()), r.Validate() }

// UnmarshalText reads a name as ParseReward does.
func (r *Reward) UnmarshalText(text []byte) (err error) {
	*r, err = ParseReward(string(text))
	return err
}

// Score is the reward of v, in [0, 1].
func (r Reward) Score(v Verdict) float64 {
	out := 0.0
	if v.Answer {
		out = 1
	}
	switch r.Form {
	case Mix:
		return r.Alpha*out + (1-r.Alpha)*v.ProcessAcc
	case Gated:
		p := max(0, 1-float64(v.Penalty)/float64(max(1, v.Nodes)))
		return out * (r.Alpha + (1-r.Alpha)*p)
	case StrictForm:
		if v.Strict {
			return 1
		}
		return 0
	case Process:
		return v.ProcessAcc
	}
	return out
}
