package kernelkit

import (
	"strings"
	"testing"

	"interplay/pipeline"
)

// What the lab will do can be drawn at every profile, in the words of that profile.
func TestTheRecipeOfEveryProfileIsDrawn(t *testing.T) {
	want := map[string][]string{
		"smoke":  {"symbolic, context A", "ops 0-3, a few of 4-5", "1000 steps of 2560 tokens"},
		"lookup": {"symbolic, context A", "ops 0-4", "5000 steps of 2688 tokens", "ops 5-6, strict reward"},
		"words":  {"word problems, context zoo", "ops 2-4", "ops 2-7, 48 problems each"},
		"gpu":    {"word problems, contexts crazy_zootopia, teachers_in_school, movie_festival_awards", "ops 2-8", "12000 steps of 32768 tokens"},
	}
	for _, name := range pipeline.Profiles() {
		p, err := pipeline.ProfileByName(name, 1)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, stage := range (&Lab{profile: p}).stages() {
			lines = append(lines, stage.Lines...)
		}
		text := strings.Join(lines, "\n") + "\n"
		for _, line := range want[name] {
			if !strings.Contains(text, line+"\n") {
				t.Errorf("%s: no line %q in\n%s", name, line, text)
			}
		}
	}
}

// A step has as many tokens as all of its passes.
func TestTokensOfAStepCountItsPasses(t *testing.T) {
	p, err := pipeline.ProfileByName("smoke", 1)
	if err != nil {
		t.Fatal(err)
	}
	p.Base.Train.Accumulate = 4
	if got := (&Lab{profile: p}).stages()[1].Lines[1]; got != "1000 steps of 10240 tokens" {
		t.Errorf("found %q", got)
	}
}
