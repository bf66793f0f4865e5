package study

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
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
	at := func(low, high float64) *score.Estimate { // whose 95 % interval this is
		return score.EstimateOf((low+high)/2, (high-low)/2/1.959963984540054, math.Inf(1))
	}
	for _, c := range []struct {
		rule Rule
		v    *score.Estimate
		want Verdict
	}{
		{Rule{Above, 0}, at(0.01, 0.2), Agrees},
		{Rule{Above, 0}, at(-0.001, 0.2), NotResolved},
		{Rule{Above, 0}, at(-0.1, 0.2), NotResolved},
		{Rule{Above, 0}, at(-0.2, -0.001), Contradicts},
		{Rule{Above, -0.05}, at(-0.04, 0.01), Agrees},
		{Rule{Below, 0.05}, at(-0.1, 0.04), Agrees},
		{Rule{Below, 0.05}, at(-0.1, 0.06), NotResolved},
		{Rule{Below, 0.05}, at(0.0501, 0.06), Contradicts},
		{Rule{Within, 0.03}, at(-0.02, 0.02), Agrees},
		{Rule{Within, 0.03}, at(-0.02, 0.04), NotResolved},
		{Rule{Within, 0.03}, at(-0.031, 0.031), Agrees}, // its 90 % interval lies inside
		{Rule{Within, 0.03}, at(-0.04, 0.04), NotResolved},
		{Rule{Within, 0.03}, at(-0.5, -0.031), Contradicts},
		{Rule{Within, 0.03}, at(0.04, 0.06), Contradicts},
	} {
		got, p := c.rule.Judge(c.v)
		if got != c.want || (got == NotResolved) != (p >= 0.05) {
			t.Errorf("%v of %v: %s (p %.3f), want %s", c.rule, c.v.Interval(0.95), got, p, c.want)
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
	if j := judge(better, Scores{"before": made(2)}); j.Verdict != NotRun || j.Note != "there are no results of after" {
		t.Errorf("an arm without results: %s, note %q", j.Verdict, j.Note)
	}
	flat := synthetic(Rule{Below, 0.05}, nil)
	nothing := Scores{"before": made(0), "after": made(0)}
	if j := judge(flat, nothing); j.Verdict != NotResolved && j.Verdict != Agrees {
		t.Errorf("two models that can do nothing: %s", j.Verdict)
	}
	flat = synthetic(Rule{Below, 0.9}, &Need{Says: "something was learned", Effect: []Term{{1, "after", "edge", Pass1}}, Rule: Rule{Above, 0.1}})
	if j := judge(flat, nothing); j.Verdict != NotResolved || j.Unmet == "" {
		t.Errorf("two models that can do nothing pass for a finding: %s (%q)", j.Verdict, j.Unmet)
	}
	if j := judge(flat, Scores{"before": made(4), "after": made(4)}); j.Verdict != Agrees {
		t.Errorf("with the need met: %s, want %s", j.Verdict, Agrees)
	}
}

// One of several conditions is enough, and their sum is not asked for.
func TestANeedIsMetByAnyOfItsConditions(t *testing.T) {
	scores := Scores{"before": made(4), "after": made(6), "worse": made(0)}
	up := func(arm string) []Term { return gain(arm, "before", "edge", Pass1) }
	for _, c := range []struct {
		need Need
		met  bool
	}{
		{Need{Effect: up("after"), Rule: Rule{Above, 0}}, true},
		{Need{Effect: up("worse"), Rule: Rule{Above, 0}}, false},
		{Need{Effect: up("worse"), Rule: Rule{Above, 0}, Or: []Condition{{up("after"), Rule{Above, 0}}}}, true},
		{Need{Effect: append(up("worse"), up("after")...), Rule: Rule{Above, 0}}, false}, // their sum falls
		{Need{Effect: up("worse"), Rule: Rule{Above, 0}, Or: []Condition{{up("worse"), Rule{Above, -0.1}}}}, false},
	} {
		met, err := synthetic(Rule{Above, 0}, nil).met(&c.need, scores)
		if err != nil || met != c.met {
			t.Errorf("%s: met %v (%v), want %v", mustJSON(t, c.need), met, err, c.met)
		}
	}
}

// The family keeps the rate of false ones among those that are resolved: Benjamini and
// Hochberg's adjusted values, worked out by hand.
func TestTheFamilyIsJudgedTogether(t *testing.T) {
	s := synthetic(Rule{Above, 0}, nil)
	all := []Judgement{}
	for i, p := range []float64{0.03, 0.001, 0.04, 0.2} {
		all = append(all, Judgement{Claim: Claim{ID: fmt.Sprint(i), Effect: gain("a", "b", "edge", PassAt(i+1)), Rule: Rule{Above, 0}}, Verdict: Agrees, P: p})
	}
	all[3].Verdict = NotResolved
	twice := all[1]
	twice.ID, twice.Effect, twice.Rule = "twice", gain("b", "a", "edge", PassAt(2)), Rule{Below, 0}
	all = append(all, twice, Judgement{Claim: Claim{ID: "exact"}, Verdict: Agrees, Exact: true}, Judgement{Claim: Claim{ID: "none"}, Verdict: NotRun})
	s.judgeFamily(all)
	want := []struct {
		q      float64
		family Verdict
	}{{0.16 / 3, NotResolved}, {0.004, Agrees}, {0.16 / 3, NotResolved}, {0.2, NotResolved}, {0.004, Agrees}, {0, Agrees}, {0, NotRun}}
	for i, w := range want {
		if j := all[i]; math.Abs(j.Q-w.q) > 1e-12 || j.Family != w.family {
			t.Errorf("%s: q %.4f, %s; want %.4f, %s", j.ID, j.Q, j.Family, w.q, w.family)
		}
	}
	if all[4].SameAs != "1" {
		t.Errorf("the same effect from its other side is same as %q", all[4].SameAs)
	}
}

func TestCurvesAreJudgedByWhereTheyCross(t *testing.T) {
	s := synthetic(Rule{CrossBy, 8}, nil)
	s.Claims[0].Effect = gain("after", "before", "edge", Curve)
	sharper := score.Seeds{} // half of the problems always, the others never
	for seed, prompts := range made(1) {
		for i, p := range prompts {
			if p.Strict = 0; i%2 == 0 {
				p.Strict = 8
			}
			sharper[seed] = append(sharper[seed], p)
		}
	}
	wide := score.Seeds{} // all of them, now and then
	for seed, prompts := range sharper {
		for i, p := range prompts {
			p.Strict = 1 + i%2
			wide[seed] = append(wide[seed], p)
		}
	}
	all, err := s.Judge(Scores{"after": sharper, "before": wide})
	if err != nil {
		t.Fatal(err)
	}
	if j := all[0]; j.Verdict != Agrees || j.Crossing.K < 2 || j.Crossing.K > 8 || j.Found.Value >= 0 || j.P >= 0.05 {
		t.Errorf("%+v, %+v", j, j.Crossing)
	}
	s.Claims[0].Rule.Direction = StayApartTo
	if all, err = s.Judge(Scores{"after": sharper, "before": wide}); err != nil || all[0].Verdict != Contradicts {
		t.Errorf("%+v, %v", all[0], err)
	}
	if all, err = s.Judge(Scores{"after": made(4), "before": made(1)}); err != nil || all[0].Verdict != Agrees || all[0].Crossing.K != 0 {
		t.Errorf("curves that stay apart: %+v, %v", all[0].Crossing, err)
	}
}

// What a scale lacks is named, and is no error in the project's studies; in a study of a
// user's own it is one, because there it is a misspelt name.
func TestClaimsWithoutTheirArmsAreNotRun(t *testing.T) {
	s := studyOf(t, "edge", "smoke")
	s.Claims = append(s.Claims, Claim{ID: "later", Effect: gain("edge", "later", "edge", Pass1), Rule: Rule{Above, 0}},
		Claim{ID: "many", Effect: gain("edge", "base", "edge", PassAt(128)), Rule: Rule{Above, 0}},
		Claim{ID: "curves", Effect: gain("edge", "base", "edge", Curve), Rule: Rule{StayApartTo, 128}})
	if err := s.Validate(); err == nil {
		t.Error("an arm that is not there is accepted")
	}
	s.markNotRun()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	all, err := s.Judge(Scores{})
	if err != nil {
		t.Fatal(err)
	}
	for i, says := range []string{`no arm "later"`, "128 samples", "128 samples"} {
		if j := all[len(all)-3+i]; j.Verdict != NotRun || !strings.Contains(j.Note, says) {
			t.Errorf("%s: %s, %q", j.ID, j.Verdict, j.Note)
		}
	}
}

func TestAClaimAboutWhatIsNotThereIsRefused(t *testing.T) {
	for _, change := range []func(*Claim){
		func(c *Claim) { c.Effect[0].Arm = "nobody" },
		func(c *Claim) { c.Effect[0].Range = "nowhere" },
		func(c *Claim) { c.Effect[0].Measure = "luck" },
		func(c *Claim) { c.Rule.Direction = "over" },
		func(c *Claim) { c.Rule = Rule{Within, 0} },
		func(c *Claim) { c.Rule = Rule{CrossBy, 8} },
		func(c *Claim) { c.Effect[0].Measure, c.Effect[1].Measure = Curve, Curve },
		func(c *Claim) { c.Effect[0].Measure = "pass@08" },
		func(c *Claim) { c.Effect[0].Measure = "pass@9" }, // of 8 samples
		func(c *Claim) { c.Equal = "dollars" },
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
		if j.Verdict != NotRun || !strings.Contains(j.Note, "the study has no ") {
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

// Every claim is read alone, in docs/claims.md and in tables that are sorted or cut: it has its
// own subject, and none of the claim before it.
func TestEveryClaimStandsAlone(t *testing.T) {
	leans := regexp.MustCompile(`^(and|also|but|it|its|there|the same|where it)\b`)
	for _, profile := range pipeline.Profiles() {
		for _, name := range Names() {
			s, err := ByName(name, profile, 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range s.Claims {
				if leans.MatchString(c.Says) || strings.HasPrefix(c.Says, "…") {
					t.Errorf("%s at %s, %s: %q leans on the claim before it", name, profile, c.ID, c.Says)
				}
			}
		}
	}
}
