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
				gone = append(gone, fmt.Sprintf("no arm %q%s", t.Arm, didYouMean(t.Arm, s.armNames())))
			}
			if _, ok := s.Range(t.Range); !ok {
				gone = append(gone, fmt.Sprintf("no range %q%s", t.Range, didYouMean(t.Range, s.rangeNames())))
			}
		}
	}
	slices.Sort(gone)
	if gone = slices.Compact(gone); len(gone) == 0 {
		return ""
	}
	return "the study has " + strings.Join(gone, ", ")
}

func (s *Study) armNames() (names []string) {
	for _, a := range s.Arms {
		names = append(names, a.Name)
	}
	return names
}

func (s *Study) rangeNames() (names []string) {
	for _, r := range s.Ranges {
		names = append(names, r.Name)
	}
	return names
}

// Warnings says, a line each, what a study that can run will not do: claims that it cannot judge,
// effects that it cannot adjust for, figures that it cannot draw, because an arm or a range is not there. A name
// that was meant is often a letter away.
func (s *Study) Warnings() (lines []string) {
	if gone := s.Gone(Claim{Effect: s.Covariate}); gone != "" {
		lines = append(lines, "effects will not be adjusted for the covariate: "+gone)
	}
	for _, c := range s.Claims {
		if gone := s.Gone(c); gone != "" && c.NotRun == "" {
			lines = append(lines, fmt.Sprintf("the claim %q (%s) will not be judged: %s", c.Says, c.ID, gone))
		}
	}
	for _, f := range s.Figures {
		if err := s.ValidateFigure(f); err != nil {
			lines = append(lines, fmt.Sprintf("figure %s will not be drawn: %v", f.Name, err))
		}
	}
	return lines
}

// didYouMean suggests a name that is at most a third of its letters away, else lists the names
// where they are few.
func didYouMean(name string, names []string) string {
	best, least := "", len(name)/3+1
	for _, other := range names {
		if d := edits(name, other); d < least || d == least && best == "" {
			best, least = other, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf(" (did you mean %q?)", best)
	case len(names) > 0 && len(names) <= 8:
		return " (it has " + strings.Join(names, ", ") + ")"
	}
	return ""
}

// edits is how many letters must be put in, taken out or replaced to make one word the other.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal, row[j+1] = row[j+1], min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
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
