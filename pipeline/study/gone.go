package study

import (
	"fmt"
	"slices"
	"strings"
)

// An exploratory study may have lost what its claims and figures speak of: arms were taken
// away, or have another name. Such claims are marked and not judged; the study runs without them. A study whose
// rules were committed may not.

// Gone says which arms and ranges of a claim the study does not have, "" where it has all.
func (s *Study) Gone(c Claim) string {
	terms := c.Effect
	if c.Needs != nil {
		terms = append(slices.Clone(terms), c.Needs.Effect...)
	}
	var gone []string
	for _, t := range terms {
		if _, ok := s.Arm(t.Arm); !ok {
			gone = append(gone, fmt.Sprintf("no arm %q", t.Arm))
		}
		if _, ok := s.Range(t.Range); !ok {
			gone = append(gone, fmt.Sprintf("no range %q", t.Range))
		}
	}
	slices.Sort(gone)
	if gone = slices.Compact(gone); len(gone) == 0 {
		return ""
	}
	return "the study has " + strings.Join(gone, ", ")
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
