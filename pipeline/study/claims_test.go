package study

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/score"
	"interplay/pipeline"
)

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestARuleNeedsTheWholeInterval(t *testing.T) {
	at := func(low, high float64) score.Interval {
		return score.Interval{Value: (low + high) / 2, Low: low, High: high}
	}
	for _, c := range []struct {
		rule Rule
		v    score.Interval
		want Verdict
	}{
		{Rule{Above, 0}, at(0.01, 0.2), Agrees},
		{Rule{Above, 0}, at(0, 0.2), NotResolved},
		{Rule{Above, 0}, at(-0.1, 0.2), NotResolved},
		{Rule{Above, 0}, at(-0.2, 0), Contradicts},
		{Rule{Above, -0.05}, at(-0.04, 0.01), Agrees},
		{Rule{Below, 0.05}, at(-0.1, 0.04), Agrees},
		{Rule{Below, 0.05}, at(-0.1, 0.06), NotResolved},
		{Rule{Below, 0.05}, at(0.05, 0.06), Contradicts},
		{Rule{Within, 0.03}, at(-0.02, 0.02), Agrees},
		{Rule{Within, 0.03}, at(-0.02, 0.04), NotResolved},
		{Rule{Within, 0.03}, at(-0.5, -0.03), Contradicts},
		{Rule{Within, 0.03}, at(0.04, 0.06), Contradicts},
	} {
		if got := c.rule.Judge(c.v); got != c.want {
			t.Errorf("%v of %v: %s, want %s", c.rule, c.v, got, c.want)
		}
	}
}

// made gives an arm two seeds of 60 prompts on op 5, a share of whose 8 samples is right.
func made(right int) score.Seeds {
	seeds := score.Seeds{}
	for seed := range int64(2) {
		for i := range 60 {
			c := right
			if (i+int(seed))%2 == 0 {
				c = max(0, right-1)
			}
			seeds[seed+1] = append(seeds[seed+1], score.Prompt{ID: fmt.Sprint(i), Op: 5, N: 8, Strict: c, Answer: 8})
		}
	}
	return seeds
}

func synthetic(rule Rule, needs *Need) *Study {
	return &Study{
		Arms:       []Arm{{Name: "before"}, {Name: "after"}},
		Ranges:     []OpRange{{Name: "edge", Ops: gsm.Range{Min: 5, Max: 6}}},
		Evaluation: pipeline.Evaluation{Samples: 8},
		Claims:     []Claim{{ID: "c", Effect: gain("after", "before", "edge", Pass1), Rule: rule, Needs: needs}},
	}
}

func TestClaimsGetAllThreeVerdicts(t *testing.T) {
	judge := func(s *Study, scores Scores) Judgement {
		t.Helper()
		all, err := s.Judge(scores)
		if err != nil {
			t.Fatal(err)
		}
		return all[0]
	}
	better := synthetic(Rule{Above, 0}, nil)
	for _, c := range []struct {
		before, after int
		want          Verdict
	}{{2, 5, Agrees}, {5, 2, Contradicts}, {3, 3, NotResolved}} {
		if j := judge(better, Scores{"before": made(c.before), "after": made(c.after)}); j.Verdict != c.want {
			t.Errorf("%d → %d right of 8: %v, %s, want %s", c.before, c.after, j.Found, j.Verdict, c.want)
		}
	}
	if j := judge(better, Scores{"before": made(2)}); j.Verdict != NotResolved || j.Note != "there are no results of after" {
		t.Errorf("an arm without results: %s, note %q", j.Verdict, j.Note)
	}
	flat := synthetic(Rule{Below, 0.05}, nil)
	nothing := Scores{"before": made(0), "after": made(0)}
	if j := judge(flat, nothing); j.Verdict != NotResolved && j.Verdict != Agrees {
		t.Errorf("two models that can do nothing: %s", j.Verdict)
	}
	flat = synthetic(Rule{Below, 0.9}, &Need{"something was learned", []Term{{1, "after", "edge", Pass1}}, Rule{Above, 0.1}})
	if j := judge(flat, nothing); j.Verdict != NotResolved || j.Unmet == "" {
		t.Errorf("two models that can do nothing pass for a finding: %s (%q)", j.Verdict, j.Unmet)
	}
	if j := judge(flat, Scores{"before": made(4), "after": made(4)}); j.Verdict != Agrees {
		t.Errorf("with the need met: %s, want %s", j.Verdict, Agrees)
	}
}

func TestAClaimAboutWhatIsNotThereIsRefused(t *testing.T) {
	for _, change := range []func(*Claim){
		func(c *Claim) { c.Effect[0].Arm = "nobody" },
		func(c *Claim) { c.Effect[0].Range = "nowhere" },
		func(c *Claim) { c.Effect[0].Measure = "luck" },
		func(c *Claim) { c.Rule.Direction = "over" },
		func(c *Claim) { c.Rule = Rule{Within, 0} },
		func(c *Claim) { c.Effect = nil },
	} {
		s := studyOf(t, "edge", "smoke")
		change(&s.Claims[0])
		if err := s.Validate(); err == nil {
			t.Errorf("%s is accepted", mustJSON(t, s.Claims[0]))
		}
	}
}

func TestClaimsOfAnExploratoryStudyWhoseArmsAreGoneAreMarked(t *testing.T) {
	s := studyOf(t, "edge", "smoke")
	all := len(s.Claims)
	s.Arms, s.Ranges = s.Arms[:2], s.Ranges[:1]
	if err := s.Validate(); err == nil {
		t.Error("a study whose rules are committed lost arms of its claims, and is valid")
	}
	s.Exploratory = true
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	scores := Scores{}
	for _, a := range s.Arms {
		scores[a.Name] = made(3)
	}
	judged, err := s.Judge(scores)
	if err != nil || len(judged) != all {
		t.Fatalf("%d of %d claims, %v", len(judged), all, err)
	}
	gone := 0
	for _, j := range judged {
		if s.Gone(j.Claim) == "" {
			continue
		}
		gone++
		if j.Verdict != NotResolved || !strings.Contains(j.Note, "the study has no ") {
			t.Errorf("%s: %s, %q", j.ID, j.Verdict, j.Note)
		}
	}
	if gone == 0 {
		t.Error("no claim lost an arm")
	}
	file := filepath.Join(t.TempDir(), "mine.json")
	if err := os.WriteFile(file, mustJSON(t, s), 0o600); err != nil {
		t.Fatal(err)
	}
	if read, err := Read(file); err != nil || !read.Exploratory {
		t.Errorf("as a file: %v", err)
	}
}
