package verify

import (
	"fmt"

	"interplay/kernelkit/random"
)

// JudgeErrors are the shares of a judge's mistakes: of the samples that it should refuse,
// those that it accepts, and of those that it should accept, those that it refuses.
type JudgeErrors struct {
	FalseAccept float64 `json:"false_accept,omitempty"` // in [0, 1)
	FalseReject float64 `json:"false_reject,omitempty"` // in [0, 1)
}

func (e JudgeErrors) String() string {
	return fmt.Sprintf("accepts %g%% of the wrong, rejects %g%% of the right", 100*e.FalseAccept, 100*e.FalseReject)
}

// Erring pays as a reward of right and wrong does, but for a judge that errs: what a model
// learns from a judge of known quality. Whether it errs on a sample follows from the
// seed and the sample's address (problem and number), so that a run can be repeated, and
// the same samples are misjudged at a small share of mistakes and at a larger one.
// The mistakes are independent: they are no pattern that a policy could learn to exploit,
// as the right answers of wrong solutions are under Outcome.
type Erring struct {
	Reward Reward // Outcome or StrictForm
	Errors JudgeErrors
	Seed   int64
}

// Validate returns the first thing that is wrong with the reward.
func (r Erring) Validate() error {
	if r.Reward.Form != Outcome && r.Reward.Form != StrictForm {
		return fmt.Errorf("verify: a judge that errs says right or wrong: expected the reward %s or %s, found %s", Outcome, StrictForm, r.Reward)
	}
	for _, e := range []struct {
		name  string
		share float64
	}{{"false_accept", r.Errors.FalseAccept}, {"false_reject", r.Errors.FalseReject}} {
		if !(e.share >= 0 && e.share < 1) {
			return fmt.Errorf("verify: %s is %g: expected a share in [0, 1)", e.name, e.share)
		}
	}
	return r.Reward.Validate()
}

// String names the reward with its errors and their seed.
func (r Erring) String() string { return fmt.Sprintf("%s (%s, seed %d)", r.Reward, r.Errors, r.Seed) }

// Pay is 1 for an attempt that the judge takes for right.
func (r Erring) Pay(a Attempt) (float64, error) {
	paid, err := r.Reward.Pay(a)
	mistake := r.Errors.FalseAccept
	if paid == 1 {
		mistake = r.Errors.FalseReject
	}
	if random.New(r.Seed, "judge errs/"+a.Problem.ID, uint64(a.Sample)).Float64() < mistake {
		paid = 1 - paid
	}
	return paid, err
}
