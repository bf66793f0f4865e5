package study

import (
	"strings"
	"testing"
)

func TestTextsAreThinnedByWholeGroups(t *testing.T) {
	var all []Text
	for step := 1; step <= 50; step++ {
		for k := range 8 {
			all = append(all, Text{Arm: "edge", Seed: 1, Step: step, Problem: "p", Sample: k, Text: strings.Repeat("x", 100)})
		}
	}
	for range 30 {
		all = append(all, Text{Arm: "edge", Seed: 1, Problem: strings.Repeat("q", len(all)%30+1), Text: "short"})
	}
	kept := thin(all, 10_000) // RL has 40,000 bytes, the evaluation 150
	groups, evaluation, bytes := map[int]int{}, 0, 0
	for _, x := range kept {
		if x.Step == 0 {
			evaluation++
			continue
		}
		groups[x.Step]++
		bytes += len(x.Text)
	}
	if evaluation != 30 || bytes > 11_000 || len(groups) < 10 {
		t.Errorf("%d texts of the evaluation, want 30; %d bytes of %d groups", evaluation, bytes, len(groups))
	}
	for step, n := range groups {
		if n != 8 {
			t.Errorf("step %d keeps %d of its 8 samples", step, n)
		}
	}
	if len(thin(all, 1<<20)) != len(all) || len(thin(nil, 10)) != 0 {
		t.Error("what fits is not kept whole")
	}
}
