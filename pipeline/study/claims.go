package study

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/score"
	"interplay/pipeline"
)

// Claim is a sentence of the paper, or one of ours, as a check: an effect, and the
// rule that will judge it. Both are data and part of the study, written before the run.
type Claim struct {
	ID     string   `json:"id"`
	Says   string   `json:"says"`
	Source string   `json:"source"`          // of the paper, or "beyond the paper"
	Paper  *float64 `json:"paper,omitempty"` // the paper's value of the effect at its scale, where it has one
	Effect []Term   `json:"effect"`          // summed
	Rule   Rule     `json:"rule"`

	// Needs is what must be seen before the claim can be judged, such as that the
	// strongest arm learned at all; without it, two models that cannot do anything
	// would pass for a finding.
	Needs *Need `json:"needs,omitempty"`
}

// Unit is the effect's: a share, or nats a token.
func (c *Claim) Unit() string {
	if c.Effect[0].Measure == NLL {
		return "nats/token"
	}
	return "share"
}

// Need is a condition on an effect.
type Need struct {
	Says   string `json:"says"`
	Effect []Term `json:"effect"`
	Rule   Rule   `json:"rule"`
}

// Term is a part of an effect: Weight times what an arm scores on a range of ops.
type Term struct {
	Weight  float64 `json:"weight"`
	Arm     string  `json:"arm"`
	Range   string  `json:"range"`
	Measure Measure `json:"measure"`
}

// Measure names what is measured.
type Measure string

const (
	Pass1   Measure = "pass@1"   // strict
	PassK   Measure = "pass@k"   // strict, k all samples of a problem
	Answer1 Measure = "answer@1" // right answer, whatever the steps
	Lucky   Measure = "lucky"    // share of right answers with a wrong process
	Process Measure = "process"  // mean process accuracy
	NLL     Measure = "nll"      // nats a token of the gold solutions
)

// Rule says what an interval must do for a claim to hold.
type Rule struct {
	Direction Direction `json:"direction"`
	Threshold float64   `json:"threshold"` // in the effect's unit
}

// Direction of a rule.
type Direction string

const (
	Above  Direction = "above"  // the effect is larger than the threshold
	Below  Direction = "below"  // the effect is smaller than the threshold
	Within Direction = "within" // the effect's distance from 0 is smaller than the threshold
)

func (r Rule) String() string {
	switch r.Direction {
	case Above:
		return fmt.Sprintf("> %g", r.Threshold)
	case Below:
		return fmt.Sprintf("< %g", r.Threshold)
	}
	return fmt.Sprintf("within ±%g", r.Threshold)
}

// Verdict on a claim at a scale.
type Verdict string

const (
	Agrees      Verdict = "agrees"      // the whole interval obeys the rule
	Contradicts Verdict = "contradicts" // the whole interval breaks it
	NotResolved Verdict = "not resolved at this scale"
)

// Judge gives the verdict that the rule demands for an interval. It is never
// forced: an interval on both sides of the threshold resolves nothing.
func (r Rule) Judge(v score.Interval) Verdict {
	low, high := r.Threshold, r.Threshold
	switch r.Direction {
	case Above:
		switch {
		case v.Low > high:
			return Agrees
		case v.High <= low:
			return Contradicts
		}
	case Below:
		switch {
		case v.High < low:
			return Agrees
		case v.Low >= high:
			return Contradicts
		}
	case Within:
		switch {
		case v.Low > -low && v.High < high:
			return Agrees
		case v.Low >= high || v.High <= -low:
			return Contradicts
		}
	}
	return NotResolved
}

// Judgement is a claim with what was found.
type Judgement struct {
	Claim
	Found   score.Interval `json:"found"`
	Seeds   []int64        `json:"seeds"`
	Verdict Verdict        `json:"verdict"`
	Note    string         `json:"note,omitempty"`  // why there is no value
	Unmet   string         `json:"unmet,omitempty"` // the need that was not met, so that nothing is resolved
}

// Judge judges the study's claims on what its arms scored. A claim whose arms have no seed in
// common, or are no longer in the study, is not resolved, and its note says so.
func (s *Study) Judge(scores Scores) ([]Judgement, error) {
	var out []Judgement
	for _, c := range s.Claims {
		if gone := s.Gone(c); gone != "" {
			out = append(out, Judgement{Claim: c, Verdict: NotResolved, Note: gone})
			continue
		}
		v, seeds, err := s.Measure(c.Effect, scores)
		j := Judgement{Claim: c, Found: v, Seeds: seeds}
		switch {
		case errors.Is(err, score.ErrNoData):
			j.Verdict, j.Note = NotResolved, unscored(c, scores, err)
		case err != nil:
			return nil, fmt.Errorf("claim %s: %w", c.ID, err)
		default:
			j.Found = pipeline.Rounded(v)
			j.Verdict = c.Rule.Judge(v)
		}
		if met, err := s.met(c.Needs, scores); err != nil {
			return nil, fmt.Errorf("claim %s: %w", c.ID, err)
		} else if !met {
			j.Verdict, j.Unmet = NotResolved, c.Needs.Says
		}
		out = append(out, j)
	}
	return out, nil
}

// met reports whether a need is met: its rule agrees.
func (s *Study) met(n *Need, scores Scores) (bool, error) {
	if n == nil {
		return true, nil
	}
	v, _, err := s.Measure(n.Effect, scores)
	if errors.Is(err, score.ErrNoData) {
		return false, nil
	}
	return err == nil && n.Rule.Judge(v) == Agrees, err
}

// Measure is the value of an effect with its interval over seeds and prompts.
func (s *Study) Measure(effect []Term, scores Scores) (score.Interval, []int64, error) {
	var terms []score.Term
	for _, t := range effect {
		r, ok := s.Range(t.Range)
		if !ok {
			return score.Interval{}, nil, fmt.Errorf("there is no range %q", t.Range)
		}
		of := r.of(scores[t.Arm])
		terms = append(terms, score.Term{Weight: t.Weight, Scores: of, Measure: t.Measure.of(s.Evaluation.Samples)})
	}
	return score.Contrast(terms, score.Confidence)
}

func (m Measure) of(k int) score.Measure {
	switch m {
	case Pass1:
		return score.Pass(1, score.Strict, score.Unbiased)
	case PassK:
		return score.Pass(k, score.Strict, score.Unbiased)
	case Answer1:
		return score.Pass(1, score.Answer, score.Unbiased)
	case Lucky:
		return score.LuckyShare
	case NLL:
		return score.NLL
	}
	return func(p *score.Prompt) (float64, float64, error) { return p.Process, 1, nil }
}

func (s *Study) validateClaim(c Claim) error {
	if len(c.Effect) == 0 {
		return errors.New("it has no effect to measure")
	}
	terms, rules := c.Effect, []Rule{c.Rule}
	if c.Needs != nil {
		terms, rules = append(slices.Clone(terms), c.Needs.Effect...), append(rules, c.Needs.Rule)
	}
	for _, t := range terms {
		if _, ok := s.Arm(t.Arm); !ok {
			return fmt.Errorf("there is no arm %q", t.Arm)
		}
		r, ok := s.Range(t.Range)
		if !ok {
			return fmt.Errorf("there is no range %q", t.Range)
		}
		if !slices.Contains([]Measure{Pass1, PassK, Answer1, Lucky, Process, NLL}, t.Measure) {
			return fmt.Errorf("unknown measure %q: expected pass@1, pass@k, answer@1, lucky, process or nll", t.Measure)
		}
		if t.Measure == NLL && !s.Likelihood {
			return errors.New("nll is measured only where the study's likelihood is on")
		}
		if !evaluates(s.Evaluation.Data, r.Ops) {
			return fmt.Errorf("range %s is ops %v, which the study does not evaluate", r.Name, r.Ops)
		}
	}
	for _, r := range rules {
		if err := r.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (r Rule) validate() error {
	switch {
	case r.Direction != Above && r.Direction != Below && r.Direction != Within:
		return fmt.Errorf("unknown direction %q: expected above, below or within", r.Direction)
	case r.Direction == Within && r.Threshold <= 0:
		return fmt.Errorf("the rule %q needs a threshold above 0", r)
	}
	return nil
}

func evaluates(data gsm.Spec, ops gsm.Range) bool {
	for op := ops.Min; op <= ops.Max; op++ {
		if !slices.ContainsFunc(data.Mix, func(b gsm.Block) bool { return op >= b.Ops.Min && op <= b.Ops.Max }) {
			return false
		}
	}
	return true
}

// Describe writes an effect readably: pass@1 of edge − pass@1 of base, on ops 5-6.
func (s *Study) Describe(effect []Term) string {
	var b strings.Builder
	for i, t := range effect {
		sign := " + "
		if t.Weight < 0 {
			sign = " − "
		}
		if i > 0 || t.Weight < 0 {
			b.WriteString(sign)
		}
		if w := max(t.Weight, -t.Weight); w != 1 {
			fmt.Fprintf(&b, "%g·", w)
		}
		fmt.Fprintf(&b, "%s(%s, %s)", t.Measure, t.Arm, t.Range)
	}
	return strings.TrimSpace(b.String())
}

// gain is the effect "measure of arm − measure of base on a range".
func gain(arm, base, ops string, m Measure) []Term {
	return []Term{{1, arm, ops, m}, {-1, base, ops, m}}
}

// minus subtracts one effect from another.
func minus(a, b []Term) []Term {
	out := slices.Clone(a)
	for _, t := range b {
		t.Weight = -t.Weight
		out = append(out, t)
	}
	return out
}

// need puts the same need on claims.
func need(n Need, claims ...Claim) []Claim {
	for i := range claims {
		claims[i].Needs = &n
	}
	return claims
}

func percent(x float64) *float64 { x /= 100; return &x }
