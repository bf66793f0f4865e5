package kernelkit

import (
	"strings"
	"testing"

	"interplay/kernelkit/score"
	"interplay/pipeline/study"
)

// Where no number of seeds decides, the table says whether more problems would, or nothing does.
func TestSeedsNeededTellsFewProblemsFromTheThreshold(t *testing.T) {
	for _, x := range []struct {
		j    study.Judgement
		want string
	}{
		{study.Judgement{Decides: 7}, "7"},
		{study.Judgement{Exact: true}, "any: nothing varies"},
		{study.Judgement{}, "no number: the effect lies at the threshold"},
		{study.Judgement{More: score.More{Least: 1.42, Seeds: 9}}, "more problems, over 1.4 × as many; 9 with 2.8 × the problems"},
		{study.Judgement{More: score.More{Least: 1, Seeds: 700}}, "over 1,000; 700 with 2 × the problems"},
	} {
		if got := seedsNeeded(x.j); got != x.want {
			t.Errorf("%+v: %q, want %q", x.j.More, got, x.want)
		}
	}
}

// The sentence on what is resolved counts comparisons of arms where there are some.
func TestSummaryCountsComparisonsOnlyWhereSomeAreResolved(t *testing.T) {
	claim := func(arm string, family study.Verdict) study.Judgement {
		return study.Judgement{Claim: study.Claim{ID: arm, Effect: []study.Term{{Weight: 1, Arm: arm}, {Weight: -1, Arm: "base"}}}, Verdict: study.Agrees, Family: family}
	}
	none, one, other := claim("a", study.NotResolved), claim("a", study.Agrees), claim("b", study.Contradicts)
	for _, x := range []struct {
		all  []study.Judgement
		ends string
	}{
		{[]study.Judgement{none}, "0 in the family (false ones among them kept to 5 %, Benjamini–Hochberg)."},
		{[]study.Judgement{one, one}, "Hochberg), from one comparison of arms."},
		{[]study.Judgement{one, other, none}, "Hochberg), from 2 different comparisons of arms."},
	} {
		if got := summary(x.all); !strings.HasSuffix(got, x.ends) {
			t.Errorf("%q does not end with %q", got, x.ends)
		}
	}
}

// q has one form, in the family and outside.
func TestQHasOneForm(t *testing.T) {
	var n claimNotes
	in := n.family(study.Judgement{Verdict: study.Agrees, Family: study.Agrees, Q: 0.0213})
	out := n.family(study.Judgement{Verdict: study.Agrees, Family: study.NotResolved, Q: 0.1049})
	if in != "the same, q = .021" || out != "not resolved at this scale, q = .105" {
		t.Errorf("%q and %q", in, out)
	}
}

// A study without claims needs no seeds for them, though the project has results of its name.
func TestNoTableOfSeedsWithoutClaims(t *testing.T) {
	s, err := study.ByName("edge", "micro", 1)
	if err != nil {
		t.Fatal(err)
	}
	if table := PowerTable(s); table == nil || len(table.Rows) != len(s.Claims) {
		t.Errorf("the project's study: %v", table)
	}
	s.Claims = nil
	if table := PowerTable(s); table != nil {
		t.Errorf("without claims:\n%s", table)
	}
}
