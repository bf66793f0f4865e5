package study

import (
	"strings"
	"testing"
)

// A law that its arms cannot be fitted to is refused before anything runs.
func TestALawSaysWhatItsArmsLack(t *testing.T) {
	for what, change := range map[string]func(s *Study){
		"expected at least 2, since a base is measured on two halves": func(s *Study) { s.Evaluation.Problems = 1 },
		"has 2 samples a problem: expected at least": func(s *Study) {
			a, _ := s.Arm(s.Laws[0].Pairs[0].After)
			e := s.Evaluation
			e.Samples = 2
			a.Evaluation = &e
		},
	} {
		s := studyOf(t, "gain", "micro")
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		change(s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("the error is %v, expected %q", err, what)
		}
	}
}

func TestNoPointsDetermineNoLaw(t *testing.T) {
	if b, ok := leastSquares(points{}); ok {
		t.Errorf("no points were fitted: %v", b)
	}
}

// Verdicts and laws are found by their ids, so each has its own.
func TestIDsAreNamedOnce(t *testing.T) {
	s := studyOf(t, "gain", "micro")
	s.Laws[1].ID = s.Laws[0].ID
	if err := s.Validate(); err == nil || !strings.Contains(err.Error(), "two laws have the id") {
		t.Errorf("the error is %v", err)
	}
	s = studyOf(t, "edge", "micro")
	s.Claims[3].ID = s.Claims[1].ID
	if err := s.Validate(); err == nil || !strings.Contains(err.Error(), "two claims have the id") {
		t.Errorf("the error is %v", err)
	}
}
