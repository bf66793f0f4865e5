package main

import (
	"os"
	"path/filepath"
	"testing"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/score"
	"interplay/pipeline/study"
)

func projectRoot(t *testing.T) string {
	t.Helper()
	root, err := engine.ProjectRoot()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// What README and its badges say of the studies is what the committed results say.
func TestREADMESaysWhatTheResultsSay(t *testing.T) {
	root := projectRoot(t)
	made, err := composed(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range made {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || string(got) != want {
			t.Errorf("%s does not say what the committed results say (%v): run `make readme`", name, err)
		}
	}
}

func TestEffectsAreWrittenInPoints(t *testing.T) {
	for _, c := range []struct {
		v    score.Interval
		want string
	}{
		{score.Interval{Value: 0.1009, Low: 0.0352, High: 0.1666}, "+10.1 [3.5, 16.7]"},
		{score.Interval{Value: -0.0964, Low: -0.147, High: -0.0458}, "−9.6 [−14.7, −4.6]"},
		{score.Interval{Value: -0.00001, Low: -0.015, High: 0.015}, "+0.0 [−1.5, 1.5]"},
	} {
		if got := points(c.v); got != c.want {
			t.Errorf("%v: %q, want %q", c.v, got, c.want)
		}
	}
}

// A changed study must not leave README with a row about nothing.
func TestARowWithoutItsClaimIsAnError(t *testing.T) {
	if _, err := (results{"edge": {}}).claim("edge", "edge-raises-pass1"); err == nil {
		t.Error("a claim that there is not was found")
	}
	if _, err := (results{}).claim("edge", "edge-raises-pass1"); err == nil {
		t.Error("a study that there is not was found")
	}
	for _, v := range []study.Verdict{study.Agrees, study.Contradicts, study.NotResolved} {
		if answers[v] == "" {
			t.Errorf("the verdict %q has no answer", v)
		}
	}
}
