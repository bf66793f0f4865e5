package study

import (
	"fmt"
	"slices"
	"strings"
)

// An exploratory study may have lost what its claims and figures speak of: arms were taken
// away, or have another name. Such claims are marked and not judged; the study runs without them. A study whose
// rules were committed may not, but it marks what a scale lacks (Claim.NotRun).

// Gone says which arms and ranges of a claim the study does not have, "" where it has all.
func (s *Study) Gone(c Claim) string {
	var gone []string
	for _, cond := range c.conditions() {
		for _, t := range cond.Effect {
			if _, ok := s.Arm(t.Arm); !ok {
				gone = append(gone, fmt.Sprintf("no arm %q", t.Arm))
			}
			if _, ok := s.Range(t.Range); !ok {
				gone = append(gone, fmt.Sprintf("no range %q", t.Range))
			}
		}
	}
	slices.Sort(gone)
	if gone = slices.Compact(gone); len(gone) == 0 {
		return ""
	}
	return "the study has " + strings.Join(gone, ", ")
}

// lacks says what a claim needs and the study does not have, arms and ranges and besides
// them samples, likelihoods and ops; "" where it has all.
func (s *Study) lacks(c Claim) string {
	if gone := s.Gone(c); gone != "" {
		return gone
	}
	for _, cond := range c.conditions() {
		for _, t := range cond.Effect {
			arm, _ := s.Arm(t.Arm)
			r, _ := s.Range(t.Range)
			k := cond.attempts(t, s.Evaluation.Samples)
			switch have := s.Samples(arm); {
			case k > have:
				return fmt.Sprintf("it needs %d samples a problem of arm %s, which has %d", k, t.Arm, have)
			case t.Measure == NLL && !s.Likelihood:
				return "nll is measured only where the study's likelihood is on"
			case !evaluates(s.evaluationOf(arm).Data, r.Ops):
				return fmt.Sprintf("range %s is ops %v, which the study does not evaluate", r.Name, r.Ops)
			}
		}
	}
	return ""
}

// markNotRun names, in each claim, what this scale lacks for it.
func (s *Study) markNotRun() {
	for i := range s.Claims {
		s.Claims[i].NotRun = s.lacks(s.Claims[i])
	}
}

// unscored says which arms of a claim have no results; where all have some, what else is wrong.
func unscored(c Claim, scores Scores, other error) string {
	var arms []string
	for _, t := range c.Effect {
		if len(scores[t.Arm]) == 0 && !slices.Contains(arms, t.Arm) {
			arms = append(arms, t.Arm)
		}
	}
	if len(arms) == 0 {
		return other.Error()
	}
	return "there are no results of " + strings.Join(arms, ", ")
}
