package study

import (
	"strings"
	"testing"
)

func TestAStudyThatCannotBeShownOrToldApartIsRefused(t *testing.T) {
	for want, change := range map[string]func(s *Study){
		"two ranges have the name":       func(s *Study) { s.Ranges = append(s.Ranges, s.Ranges[0]) },
		"expected -2^53 to 2^53":         func(s *Study) { s.Seeds = []int64{1, MaxSeed + 1} },
		"named twice":                    func(s *Study) { s.Seeds = []int64{1, 1} },
		`"\x1b[31mred" holds a control`:  func(s *Study) { s.Arms[0].Label = "\x1b[31mred" },
		`"a\nb" holds a control charact`: func(s *Study) { s.Arms[0].Steps[0].Name = "a\nb" },
	} {
		s, err := ByName("edge", "smoke", 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		change(s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
