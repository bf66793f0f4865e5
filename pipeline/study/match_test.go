package study

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"interplay/pipeline"
)

// resultsOf makes results of a study as a run would leave them: every stage, and one
// sample of each arm, seed and op, right where the op is even.
func resultsOf(t *testing.T, s *Study) *Results {
	t.Helper()
	r := &Results{Format: resultsFormat, Report: pipeline.Report{Name: s.Name, Profile: s.Profile}, Study: s}
	at := map[string]int{}
	for _, run := range s.Runs() {
		for _, stage := range run.stages() {
			if k, ok := at[stage.Address()]; ok {
				r.Spent[k].Arms = append(r.Spent[k].Arms, run.Arm.Name)
				continue
			}
			at[stage.Address()] = len(r.Spent)
			r.Spent = append(r.Spent, Cost{stage.Label, stage.Folder(), stage.Kind, stage.Format, stage.RecipeDigest(), []string{run.Arm.Name}, run.Seed, pipeline.Spent{}})
		}
		for op := 1; op <= 7; op++ {
			for rank := range s.Evaluation.Samples {
				r.Records = append(r.Records, Record{Arm: run.Arm.Name, Seed: run.Seed, Prompt: fmt.Sprint(op), Op: op, Rank: rank, Strict: op%2 == 0, Answer: op%2 == 0, Process: 1})
			}
		}
	}
	if err := r.conclude(); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestResultsLiveAsLongAsTheirStages(t *testing.T) {
	three := func() *Study {
		s := studyOf(t, "edge", "smoke")
		s.Arms, s.Likelihood = s.Arms[:3], false
		s.Claims = slices.DeleteFunc(s.Claims, func(c Claim) bool { return c.ID != "inside-pass1" })
		s.Seeds = []int64{1, 2}
		return s
	}
	all := resultsOf(t, three())

	other := three()
	other.Question, other.Title, other.Arms[1].Label, other.Arms[1].About, other.Claims[0].Says, other.Ranges[0].Title = "?", "?", "?", "?", "?", "?"
	if r, err := all.Of(other); err != nil || len(r.Missing)+len(r.Notes) > 0 || len(r.Records) != len(all.Records) || r.Verdicts[0].Says != "?" {
		t.Errorf("other words: %v, %+v", err, r)
	}

	more := studyOf(t, "edge", "smoke")
	more.Arms, more.Likelihood, more.Claims, more.Seeds = more.Arms[:4], false, three().Claims, []int64{1, 2}
	r, err := all.Of(more)
	if err != nil || !slices.Equal(r.Missing, []string{"edge, seed 1", "edge, seed 2"}) || len(r.Records) != len(all.Records) || len(r.Verdicts) != 1 {
		t.Errorf("an added arm: %v, missing %q", err, r.Missing)
	}

	fewer := three()
	fewer.Arms, fewer.Seeds = fewer.Arms[:2], []int64{2}
	if r, err := all.Of(fewer); err != nil || len(r.Missing) > 0 || len(r.Records)*3 != len(all.Records) || r.Numbers[0].Value != 2 {
		t.Errorf("fewer arms and seeds: %v, %d of %d records", err, len(r.Records), len(all.Records))
	}

	for name, change := range map[string]func(*Study){
		"threshold": func(s *Study) { s.Claims[0].Rule.Threshold = 0.1 },
		"range":     func(s *Study) { s.Ranges[0].Ops.Max++ },
		"measure":   func(s *Study) { s.Claims[0].Effect[0].Measure = PassK },
		"need":      func(s *Study) { s.Claims[0].Needs = &Need{Effect: s.Claims[0].Effect, Rule: Rule{Above, 0.5}} },
	} {
		s := three()
		change(s)
		r, err := all.Of(s)
		if err != nil || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "changed") || !strings.Contains(r.Notes[0], "inside-pass1") || len(r.Verdicts) != 1 {
			t.Errorf("another %s: %v, notes %q", name, err, r.Notes)
		}
	}
	s := three()
	s.Evaluation.Temperature = 0.5
	if _, err := all.Of(s); !errors.Is(err, ErrOtherStudy) {
		t.Errorf("another evaluation: %v", err)
	}
}

func TestResultsOfAnEarlierFormatAreUsedAndSaySo(t *testing.T) {
	s := studyOf(t, "reward", "smoke")
	r := resultsOf(t, s)
	for i := range r.Spent {
		if r.Spent[i].Kind == "rl" {
			r.Spent[i].Format--
		}
	}
	same, err := r.Of(s)
	if err != nil || len(same.Missing) > 0 || len(same.Notes) != 1 || !strings.Contains(same.Notes[0], "rl (format") || strings.Contains(same.Notes[0], "train") {
		t.Errorf("%v, notes %q", err, same.Notes)
	}
}

func TestTheNamesOfTheProjectsStudiesAreTheirs(t *testing.T) {
	s := studyOf(t, "edge", "smoke")
	if d := s.Differs(); d != "" {
		t.Errorf("the study differs from itself: %s", d)
	}
	s.Question = "in other words"
	if d := s.Differs(); d != "" {
		t.Errorf("other words make another study: %s", d)
	}
	s.Arms[2].Steps[1].RL.GRPO.LR *= 2
	if d := s.Differs(); !strings.Contains(d, "grpo.lr") {
		t.Errorf("another learning rate: %q", d)
	}
	s.Name = "mine"
	if d := s.Differs(); d != "" {
		t.Errorf("a study with a name of its own: %q", d)
	}
}

func TestAStudysNameStaysInItsFolder(t *testing.T) {
	for _, name := range []string{"", "../x", "a/b", `a\b`, ".hidden", "a\x00b", strings.Repeat("x", 101)} {
		for field, set := range map[string]func(*Study){
			"name":    func(s *Study) { s.Name = name },
			"profile": func(s *Study) { s.Profile = name },
			"notebook": func(s *Study) {
				if s.Notebook = name; name == "" {
					s.Notebook = ".."
				}
			},
		} {
			s := studyOf(t, "edge", "smoke")
			set(s)
			if err := s.Validate(); err == nil || !strings.Contains(err.Error(), field) {
				t.Errorf("%s %q: %v", field, name, err)
			}
		}
	}
}

// What all arms share stays shared when an arm failed, or was added after the run.
func TestAMissingArmMakesNothingLessShared(t *testing.T) {
	of := func(arms int) *Study {
		s := studyOf(t, "edge", "smoke")
		s.Arms, s.Claims, s.Likelihood, s.Seeds = s.Arms[:arms], nil, false, []int64{1, 2}
		return s
	}
	all := resultsOf(t, of(3))
	for i, x := range all.Spent {
		all.Spent[i].Spent.FLOPs = map[bool]float64{true: 1e9, false: 1}[x.Kind == "train"]
	}
	want := map[string]float64{}
	for _, a := range all.Study.Arms {
		want[a.Name] = all.Cost(a.Name).FLOPs
	}
	added, err := all.Of(of(4))
	if err != nil || len(added.Missing) != 2 {
		t.Fatal(err, added)
	}
	failed := *all
	failed.Study = of(4)
	for name, r := range map[string]*Results{"Of": added, "as they were saved": &failed} {
		for arm, flops := range want {
			if got := r.Cost(arm).FLOPs; got != flops || got > 2 {
				t.Errorf("%s, with an arm that is missing, %s cost %g, without it %g", name, arm, got, flops)
			}
		}
	}
}
