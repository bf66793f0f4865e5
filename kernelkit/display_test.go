package kernelkit

import (
	"strings"
	"testing"
	"time"

	"interplay/pipeline"
	"interplay/pipeline/study"
)

func ExampleTable() {
	t := Table{Title: "Per op", Columns: []string{"op", "model", "pass@1"}, Note: "8 samples a problem"}
	t.Add(1, "base", 0.5)
	t.Add(12, "after RL", 0.75)
	t.Show()
	// Output:
	// Per op
	// op  model     pass@1
	// ──  ────────  ──────
	//  1  base       0.500
	// 12  after RL   0.750
	// 8 samples a problem
}

func TestProgressSaysDoneRateAndTimeLeft(t *testing.T) {
	r := pipeline.Progress{Label: "pre-training", Done: 150, Total: 200, Unit: "steps", Note: "loss 0.612"}
	got := progressText(r, 10*time.Second, 100) // 50 of them were done by an earlier process
	want := "pre-training: 150 of 200 steps (75 %) · 10 steps/s · 5s left · loss 0.612"
	if got != want {
		t.Errorf("the line is %q, want %q", got, want)
	}
}

func TestProgressPrefersTheStagesOwnRate(t *testing.T) {
	r := pipeline.Progress{Label: "train", Done: 1, Total: 2, Unit: "steps", Rate: 25300, RateUnit: "tokens"}
	if got := progressText(r, time.Second, 1); !strings.Contains(got, "25.3k tokens/s") {
		t.Errorf("the line is %q", got)
	}
}

func TestTextInHTMLIsEscaped(t *testing.T) {
	table := Table{Title: "a < b", Columns: []string{"<answer>"}, Rows: [][]string{{"x & y"}}}
	for _, raw := range []string{"a < b", "<answer>", "x & y"} {
		if strings.Contains(table.html(), raw) {
			t.Errorf("the HTML holds %q as it is", raw)
		}
	}
}

func TestAnUnknownProfileIsNamed(t *testing.T) {
	t.Setenv("INTERPLAY_RUNS", t.TempDir())
	t.Setenv("INTERPLAY_PROFILE", "huge")
	if _, err := open("00_walkthrough", "smoke", 1); err == nil || !strings.Contains(err.Error(), `INTERPLAY_PROFILE: unknown profile "huge"`) || !strings.Contains(err.Error(), "smoke") {
		t.Errorf("error %v, want one that says what was found and what was expected", err)
	}
	t.Setenv("INTERPLAY_PROFILE", "")
	if _, err := open("00_walkthrough", "vast", 1); err == nil || !strings.Contains(err.Error(), `Open: unknown profile "vast"`) || strings.Contains(err.Error(), "INTERPLAY") {
		t.Errorf("error %v, want one that names the notebook's own profile", err)
	}
	t.Setenv("INTERPLAY_SEED", "one")
	if _, err := open("00_walkthrough", "smoke", 1); err == nil || !strings.Contains(err.Error(), "INTERPLAY_SEED") {
		t.Errorf("error %v, want one that names the variable", err)
	}
}

func TestTablesOfClaimsShowNoCodes(t *testing.T) {
	for given, want := range map[string]string{
		"Fig. 3, C2, C4": "Fig. 3", "Fig. 4, Observation 2, C20": "Fig. 4, Observation 2", "Observation 3, C30, C34": "Observation 3",
		"C1, C16": "the paper", "beyond the paper; a reader found +4.9 points at op 17 (C45)": "beyond the paper; a reader found +4.9 points at op 17",
	} {
		if got := source(study.Claim{Source: given}); got != want {
			t.Errorf("the source %q is shown as %q, want %q", given, got, want)
		}
	}
}

func TestColoursOfOutputsAreTheThemes(t *testing.T) {
	table := Table{Title: "t", Columns: []string{"", "x"}, Note: "a note"}
	table.Add("row", 1.0)
	for _, shown := range []string{quietLine("a line"), table.html()} {
		if strings.Contains(shown, "color:#") {
			t.Errorf("a fixed colour is unreadable in one of the themes: %s", shown)
		}
	}
	if strings.Contains(table.html(), "></th>") {
		t.Errorf("a head that says nothing is no head: %s", table.html())
	}
}
