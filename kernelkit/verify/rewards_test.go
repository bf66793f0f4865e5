package verify

import (
	"encoding/json"
	"math"
	"testing"
)

func TestRewardsFollowTheirFormulas(t *testing.T) {
	perfect := Verdict{Strict: true, Answer: true, ProcessAcc: 1, Nodes: 4, Correct: 4, FirstWrong: -1}
	extra := perfect
	extra.Extra, extra.Penalty = 1, 1
	lucky := Verdict{Answer: true, ProcessAcc: 0.5, Nodes: 4, Correct: 2, Penalty: 3}
	wrong := Verdict{ProcessAcc: 0.75, Nodes: 4, Correct: 3, Penalty: 2}
	for _, c := range []struct {
		reward                       string
		perfect, extra, lucky, wrong float64
	}{
		{"outcome", 1, 1, 1, 0},
		{"strict", 1, 1, 0, 0},
		{"process", 1, 1, 0.5, 0.75},
		{"mix:0.2", 1, 1, 0.2 + 0.8*0.5, 0.8 * 0.75},
		{"mix:1", 1, 1, 1, 0},
		{"gated:0.2", 1, 0.2 + 0.8*0.75, 0.2 + 0.8*0.25, 0},
		{"gated:0", 1, 0.75, 0.25, 0},
	} {
		r, err := ParseReward(c.reward)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			name    string
			verdict Verdict
			want    float64
		}{{"perfect", perfect, c.perfect}, {"extra", extra, c.extra}, {"lucky", lucky, c.lucky}, {"wrong", wrong, c.wrong}} {
			if got := r.Score(x.verdict); math.Abs(got-x.want) > 1e-12 {
				t.Errorf("%s of %s: %g, want %g", r, x.name, got, x.want)
			}
		}
	}
}

func TestRewardNamesRoundTrip(t *testing.T) {
	for _, name := range []string{"outcome", "strict", "process", "mix:0.5", "gated:0.2", "mix:0"} {
		var r, back Reward
		if err := json.Unmarshal([]byte(`"`+name+`"`), &r); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r)
		if err != nil || string(text) != `"`+name+`"` {
			t.Errorf("%s is written as %s (%v)", name, text, err)
		}
		if err := json.Unmarshal(text, &back); err != nil || back != r {
			t.Errorf("%s reads back as %v (%v)", name, back, err)
		}
	}
}

func TestBadRewardsAreRefused(t *testing.T) {
	for _, name := range []string{"", "Strict", "mix", "mix:", "mix:x", "mix:1.5", "mix:-0.1", "mix:NaN", "gated", "strict:0.5", "outcome:1", "mix:0.5:0.5"} {
		if r, err := ParseReward(name); err == nil {
			t.Errorf("%q is accepted as %v", name, r)
		}
	}
	for _, r := range []Reward{{}, {Form: "strictest"}, {Form: StrictForm, Alpha: 0.5}, {Form: Mix, Alpha: math.NaN()}} {
		if r.Validate() == nil {
			t.Errorf("%+v is valid", r)
		}
	}
}

func TestErrorClassesRoundTripAsWords(t *testing.T) {
	for c := range errorClasses {
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var back ErrorClass
		if err := json.Unmarshal(text, &back); err != nil || back != c {
			t.Errorf("%v reads back as %v (%v)", c, back, err)
		}
	}
}
