package kernelkit

import (
	"strings"
	"testing"

	"interplay/kernelkit/score"
	"interplay/pipeline"
	"interplay/pipeline/study"
)

// No share is said to reach below 0 or above 100; a difference may.
func TestNoShareReachesBelowZero(t *testing.T) {
	for want, x := range map[string]struct {
		v    score.Interval
		sign string
	}{
		"5.2 ± 1.5":     {score.Interval{Value: 0.052, Low: 0.037, High: 0.067}, ""},
		"0.0 to 2.9":    {score.Interval{High: 0.029}, ""},
		"97.5 to 100.0": {score.Interval{Value: 0.99, Low: 0.975, High: 1}, ""},
		"+0.0 ± 2.9":    {score.Interval{Low: -0.029, High: 0.029}, "+"},
		"-1.2 ± 2.9":    {score.Interval{Value: -0.012, Low: -0.041, High: 0.017}, "+"},
	} {
		if got := withWidth(x.v, x.sign, 1, 100); got != want {
			t.Errorf("%v: %q, want %q", x.v, got, want)
		}
	}
}

// "Agrees" and "contradicts" are of the paper's claims; one's own hold or do not.
func TestVerdictsSpeakOfWhoseClaimItIs(t *testing.T) {
	for source, own := range map[string]bool{"Fig. 3, C2, C4": false, "C5": false, "§A.3.3": false, "Observation 1, C1": false, "A.6.1 against A.6.2": false,
		"beyond the paper": true, "beyond the paper; Observation 1: inside there is little left to gain": true, "own": true, "": true, "this example": true} {
		want := map[study.Verdict]string{study.Agrees: "agrees", study.Contradicts: "contradicts", study.NotResolved: "not resolved at this scale", study.NotRun: "not run"}
		if own {
			want[study.Agrees], want[study.Contradicts] = "holds", "does not hold"
		}
		for v, words := range want {
			if got := verdictWords(study.Claim{Source: source}, v); got != words {
				t.Errorf("a claim of %q that %s: %q, want %q", source, v, got, words)
			}
		}
	}
	if got := source(study.Claim{}); got != "own" {
		t.Errorf("a claim without a source is of %q", got)
	}
}

// Every claim of the project names its place in the paper, or says that it is beyond it.
func TestEveryClaimSaysWhetherItIsThePapers(t *testing.T) {
	for _, profile := range pipeline.Profiles() {
		for _, name := range study.Names() {
			s, err := study.ByName(name, profile, 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range s.Claims {
				if paperPlace.MatchString(c.Source) == strings.HasPrefix(c.Source, "beyond the paper") {
					t.Errorf("%s at %s, %s: the source %q is neither a place in the paper nor beyond it", name, profile, c.ID, c.Source)
				}
			}
		}
	}
}
