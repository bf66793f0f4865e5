package verify

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// RewardForm names one of the lab's rewards, as recipes and reports write it.
type RewardForm string

// The forms of the paper's §6 and of the authors' code, and two that are in neither; what
// each pays stands in rewards.
const (
	Outcome    RewardForm = "outcome"
	Mix        RewardForm = "mix"
	Gated      RewardForm = "gated"
	StrictForm RewardForm = "strict"
	Process    RewardForm = "process"
	Consensus  RewardForm = "consensus"
)

// rewards are the forms: an entry is all that a form needs. Its value is in [0, 1],
// and 1 for a strict solution without extra steps, which the tests hold every entry to.
var rewards = map[RewardForm]struct {
	weighted bool // by α, the weight of the outcome
	value    func(v Verdict, alpha float64) float64
	among    func(a Attempt, alpha float64) float64 // of an attempt whose group is known, where that counts
}{
	// R = R_out: 1 when the answer is right, else 0. Paper §6, α = 1.
	Outcome: {value: func(v Verdict, _ float64) float64 { return oneIf(v.Answer) }},

	// R = α·R_out + (1−α)·R_pv with R_pv = ProcessAcc. A wrong answer keeps the credit
	// of its process. Paper §6, Equation 3.
	Mix: {weighted: true, value: func(v Verdict, alpha float64) float64 {
		return alpha*oneIf(v.Answer) + (1-alpha)*v.ProcessAcc
	}},

	// R = R_out·(α·R_out + (1−α)·p) with p = max(0, 1 − Penalty/max(1, Nodes)): what the
	// authors' code does. A wrong answer gets nothing, extra steps are punished, and a node
	// that is wrong in both value and parents is charged twice.
	Gated: {weighted: true, value: func(v Verdict, alpha float64) float64 {
		p := max(0, 1-float64(v.Penalty)/float64(max(1, v.Nodes)))
		return oneIf(v.Answer) * (alpha + (1-alpha)*p)
	}},

	// R = 1 when the verdict is Strict, else 0. Paper §6: R_out if R_pv = 1, else 0.
	StrictForm: {value: func(v Verdict, _ float64) float64 { return oneIf(v.Strict) }},

	// R = ProcessAcc, whatever the answer. Not in the paper: a dense reward.
	Process: {value: func(v Verdict, _ float64) float64 { return v.ProcessAcc }},

	// R = R_out·(α + (1−α)·g) with g = Attempt.agreement, how far its steps are those of its
	// siblings with the right answer: a reward of steps that knows no step's truth, only the
	// answer's. Not in the paper. An attempt without siblings agrees with itself.
	Consensus: {weighted: true, value: func(v Verdict, _ float64) float64 { return oneIf(v.Answer) },
		among: func(a Attempt, alpha float64) float64 {
			if !a.Verdict.Answer {
				return 0
			}
			return alpha + (1-alpha)*a.agreement()
		}},
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Reward turns a verdict into a number in [0, 1]. The zero value is no reward.
type Reward struct {
	Form  RewardForm
	Alpha float64 // weight of the outcome in Mix, Gated and Consensus, in [0, 1]; 0 in the other forms
}

// ParseReward reads "outcome", "strict", "process", "mix:α", "gated:α" or "consensus:α", e.g. "mix:0.2".
func ParseReward(name string) (Reward, error) {
	form, weight, weighted := strings.Cut(name, ":")
	r := Reward{Form: RewardForm(form)}
	known, exists := rewards[r.Form]
	switch {
	case !exists:
		return Reward{}, fmt.Errorf("verify: unknown reward %q; expected %s", name, rewardNames())
	case !known.weighted && weighted:
		return Reward{}, fmt.Errorf("verify: reward %q: %s takes no weight; write %q", name, form, form)
	case !known.weighted:
		return r, nil
	case !weighted:
		return Reward{}, fmt.Errorf("verify: reward %q: the weight of the outcome is missing; write for example %q", name, form+":0.2")
	}
	alpha, err := strconv.ParseFloat(weight, 64)
	if err != nil {
		return Reward{}, fmt.Errorf("verify: reward %q: weight %q is not a number", name, weight)
	}
	r.Alpha = alpha
	return r, r.Validate()
}

// rewardNames lists the forms as ParseReward reads them.
func rewardNames() string {
	var names []string
	for _, form := range slices.Sorted(maps.Keys(rewards)) {
		name := string(form)
		if rewards[form].weighted {
			name += ":α"
		}
		names = append(names, name)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// Validate reports the first thing that is wrong with r.
func (r Reward) Validate() error {
	known, exists := rewards[r.Form]
	switch {
	case r.Form == "":
		return fmt.Errorf("verify: no reward is named; expected %s", rewardNames())
	case !exists:
		return fmt.Errorf("verify: unknown reward %q; expected %s", r.Form, rewardNames())
	case !known.weighted && r.Alpha != 0:
		return fmt.Errorf("verify: reward %s takes no weight, found α = %g", r.Form, r.Alpha)
	case math.IsNaN(r.Alpha) || r.Alpha < 0 || r.Alpha > 1:
		return fmt.Errorf("verify: reward %s: α must be in [0, 1], found %g", r.Form, r.Alpha)
	}
	return nil
}

// String is the name that ParseReward reads.
func (r Reward) String() string {
	if rewards[r.Form].weighted {
		return string(r.Form) + ":" + strconv.FormatFloat(r.Alpha, 'g', -1, 64)
	}
	return string(r.Form)
}

// MarshalText writes the name that ParseReward reads, so that recipes hold it as a string.
func (r Reward) MarshalText() ([]byte, error) { return []byte(r.String()), r.Validate() }

// UnmarshalText reads a name as ParseReward does.
func (r *Reward) UnmarshalText(text []byte) (err error) {
	*r, err = ParseReward(string(text))
	return err
}

// Pay is the reward of an attempt: of its verdict and, under Consensus, of its group.
func (r Reward) Pay(a Attempt) (float64, error) {
	if among := rewards[r.Form].among; among != nil && len(a.Group) > 0 {
		return among(a, r.Alpha), nil
	}
	return r.Score(a.Verdict), nil
}

// Score is the reward of v alone, in [0, 1]. It panics for a reward that Validate refuses.
func (r Reward) Score(v Verdict) float64 { return rewards[r.Form].value(v, r.Alpha) }
