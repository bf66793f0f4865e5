package kernelkit

import (
	"strings"
	"testing"

	"interplay/kernelkit/score"
	"interplay/pipeline/study"
)

// The two committed scales of the study of the edge, by hand: what both resolved, and how.
func TestScalesSideBySide(t *testing.T) {
	c := SideBySide("edge", "micro", "lookup")
	micro, lookup := c.Scales[0], c.Scales[1]
	var want foretold
	for _, j := range lookup.Verdicts {
		for _, i := range micro.Verdicts {
			if i.ID != j.ID || i.Verdict == study.NotRun || j.Verdict == study.NotRun || i.Note+j.Note != "" {
				continue
			}
			want.both++
			if j.ID == "beyond-gains-nothing" { // ops 12–13, past all that is tested, and op 7
				want.other++
				continue
			}
			a, b := i.Verdict != study.NotResolved, j.Verdict != study.NotResolved
			switch {
			case a && b && i.Verdict == j.Verdict:
				want.same++
			case a && b:
				want.contrary++
			case a || b:
				want.one++
			default:
				want.neither++
			}
		}
	}
	got := c.count(c.Scales[0])
	want.differ = got.differ
	if got != want || want.both < 10 || want.same == 0 {
		t.Errorf("counted %+v, by hand %+v", got, want)
	}
	rows := c.Claims().Rows
	for _, row := range rows {
		if len(row) != 5 {
			t.Fatalf("row %q: expected claim, paper, two scales and what became of it", row)
		}
	}
	text := Foretold(c).String()
	if !strings.Contains(text, "lookup") || len(c.About().Columns) != 3 {
		t.Errorf("table of counts:\n%s", text)
	}
	if got := c.carried(c.Scales[0], "beyond-gains-nothing").text(); got != "another recipe there: RL beyond lies in beyond, here past all that is tested" {
		t.Errorf("RL beyond: %q", got)
	}
	if r := c.At("micro"); r.Profile != "micro" || len(r.Records) == 0 {
		t.Errorf("the results at micro are %s's, with %d records", r.Profile, len(r.Records))
	}
	if n := len(c.Figure().png); n < 10_000 {
		t.Errorf("the figure has %d bytes", n)
	}
}

func TestWhatBecameOfAVerdict(t *testing.T) {
	larger, unclear := &score.Interval{Value: .2, Low: .1, High: .3}, &score.Interval{Value: .2, Low: -.1, High: .5}
	share := study.Claim{Effect: []study.Term{{Measure: study.Pass1}}}
	for _, c := range []struct {
		here, there study.Verdict
		difference  *score.Interval
		want        string
	}{
		{study.Agrees, study.Agrees, unclear, "the same"},
		{study.Contradicts, study.Contradicts, larger, "the same; there +20.0 (+10.0 to +30.0)"},
		{study.Agrees, study.Contradicts, nil, "the contrary"},
		{study.Agrees, study.NotResolved, nil, "not resolved at words"},
		{study.NotResolved, study.Agrees, nil, "not resolved at lookup"},
		{study.NotResolved, study.NotResolved, nil, "not resolved at either"},
		{study.NotRun, study.Agrees, nil, "not run at lookup"},
		{study.Agrees, study.NotRun, nil, "not run at words"},
	} {
		if got := (carried{c.here, c.there, "lookup", "words", c.difference, share, ""}).text(); got != c.want {
			t.Errorf("%s, then %s: %q, expected %q", c.here, c.there, got, c.want)
		}
	}
}
