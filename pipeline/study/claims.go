package study

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
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

	// Equal names the price at which the arms that are compared are meant to cost the same.
	// Tables say where they did not.
	Equal pipeline.Price `json:"equal,omitempty"`

	// NotRun says why the claim cannot be judged at this scale: arms or samples that it
	// needs and the study does not have.
	NotRun string `json:"not_run,omitempty"`
}

// Unit is the effect's: a share, or nats a token.
func (c *Claim) Unit() string {
	if c.Effect[0].Measure == NLL {
		return "nats/token"
	}
	return "share"
}

// Need is a condition on an effect, or on one of several: it is met when the rule of its
// effect agrees, or that of any in Or.
type Need struct {
	Says   string      `json:"says"`
	Effect []Term      `json:"effect"`
	Rule   Rule        `json:"rule"`
	Or     []Condition `json:"or,omitempty"`
}

// Condition is an effect with the rule that it must obey.
type Condition struct {
	Effect []Term `json:"effect"`
	Rule   Rule   `json:"rule"`
}

// attempts is how many samples a problem of a term's arm must have, where the study's
// evaluation has `samples`.
func (c Condition) attempts(t Term, samples int) int {
	if t.Measure == Curve {
		return int(c.Rule.Threshold)
	}
	return t.Measure.k(samples)
}

// any lists the conditions of which one must hold.
func (n *Need) any() []Condition {
	if n == nil {
		return nil
	}
	return append([]Condition{{n.Effect, n.Rule}}, n.Or...)
}

// conditions are all that a claim measures: its own, and those of its need.
func (c *Claim) conditions() []Condition {
	return append([]Condition{{c.Effect, c.Rule}}, c.Needs.any()...)
}

// Term is a part of an effect: Weight times what an arm scores on a range of ops.
type Term struct {
	Weight  float64 `json:"weight"`
	Arm     string  `json:"arm"`
	Range   string  `json:"range"`
	Measure Measure `json:"measure"`
}

// Measure names what is measured: one of these, or pass@8 for strict pass@k of another k.
type Measure string

const (
	Pass1   Measure = "pass@1"   // strict
	PassK   Measure = "pass@k"   // strict, k all samples of a problem
	Curve   Measure = "curve"    // strict pass@k over k: of two arms, for the rules cross by and stay apart to
	Answer1 Measure = "answer@1" // right answer, whatever the steps
	Lucky   Measure = "lucky"    // share of right answers with a wrong process
	Process Measure = "process"  // mean process accuracy
	NLL     Measure = "nll"      // nats a token of the gold solutions
)

// PassAt is the measure of strict pass@k.
func PassAt(k int) Measure { return Measure(fmt.Sprintf("pass@%d", k)) }

// k is the number of samples that the measure needs of a problem, where a problem has
// `samples`; 0 for what is no measure.
func (m Measure) k(samples int) int {
	switch m {
	case PassK:
		return samples
	case Curve, Answer1, Lucky, Process, NLL:
		return 1
	}
	digits, ok := strings.CutPrefix(string(m), "pass@")
	k, err := strconv.Atoi(digits)
	if !ok || err != nil || k < 1 || strconv.Itoa(k) != digits {
		return 0
	}
	return k
}

// of is what score measures, where a problem has `samples` samples.
func (m Measure) of(samples int) score.Measure {
	switch m {
	case Answer1:
		return score.Pass(1, score.Answer, score.Unbiased)
	case Lucky:
		return score.LuckyShare
	case NLL:
		return score.NLL
	case Process:
		return func(p *score.Prompt) (float64, float64, error) { return p.Process, 1, nil }
	}
	return score.Pass(m.k(samples), score.Strict, score.Unbiased)
}

// Rule says what an effect must do for a claim to hold.
type Rule struct {
	Direction Direction `json:"direction"`
	Threshold float64   `json:"threshold"` // in the effect's unit; for curves a number of samples
}

// Direction of a rule.
type Direction string

const (
	Above  Direction = "above"  // the effect is larger than the threshold
	Below  Direction = "below"  // the effect is smaller than the threshold
	Within Direction = "within" // equivalence: the effect's distance from 0 is smaller than the threshold

	CrossBy     Direction = "cross by"      // two curves: who leads at k = 1 is behind at k = threshold
	StayApartTo Direction = "stay apart to" // two curves: one leads at every k up to the threshold
)

// ofCurves says that the rule is one about two curves of pass@k.
func (r Rule) ofCurves() bool { return r.Direction == CrossBy || r.Direction == StayApartTo }

func (r Rule) String() string {
	switch r.Direction {
	case Above:
		return fmt.Sprintf("> %g", r.Threshold)
	case Below:
		return fmt.Sprintf("< %g", r.Threshold)
	case CrossBy, StayApartTo:
		return fmt.Sprintf("%s k = %g", r.Direction, r.Threshold)
	}
	return fmt.Sprintf("within ±%g", r.Threshold)
}

func (s *Study) validateClaim(c Claim) error {
	if len(c.Effect) == 0 {
		return errors.New("it has no effect to measure")
	}
	if !slices.Contains(append(pipeline.Prices(), ""), c.Equal) {
		return fmt.Errorf("its arms are to be equal in %q: expected one of %v", c.Equal, pipeline.Prices())
	}
	for _, cond := range c.conditions() {
		if err := cond.Rule.validate(); err != nil {
			return err
		}
		for _, t := range cond.Effect {
			if t.Measure.k(1) == 0 {
				return fmt.Errorf("unknown measure %q: expected pass@1, pass@k, pass@ and a number, curve, answer@1, lucky, process or nll", t.Measure)
			}
			if (t.Measure == Curve) != cond.Rule.ofCurves() {
				return fmt.Errorf("the rule %q of the measure %s: curves, and only they, cross or stay apart", cond.Rule, t.Measure)
			}
		}
		if e := cond.Effect; cond.Rule.ofCurves() && (len(e) != 2 || e[0].Weight != 1 || e[1].Weight != -1) {
			return errors.New("curves are compared as one arm's minus another's: expected two terms with the weights 1 and -1")
		}
	}
	if lacking := s.lacks(c); lacking != "" && c.NotRun == "" {
		return errors.New(lacking)
	}
	return nil
}

// evaluationOf is an arm's evaluation: its own, or the study's.
func (s *Study) evaluationOf(a *Arm) pipeline.Evaluation {
	if a.Evaluation != nil {
		return *a.Evaluation
	}
	return s.Evaluation
}

// Samples is how many samples a problem of an arm has.
func (s *Study) Samples(a *Arm) int { return s.evaluationOf(a).Samples }

func (r Rule) validate() error {
	switch r.Direction {
	case Above, Below:
	case Within:
		if r.Threshold <= 0 {
			return fmt.Errorf("the rule %q needs a threshold above 0", r)
		}
	case CrossBy, StayApartTo:
		if r.Threshold < 2 || r.Threshold != math.Trunc(r.Threshold) {
			return fmt.Errorf("the rule %q needs a whole number of samples, 2 or more", r)
		}
	default:
		return fmt.Errorf("unknown direction %q: expected %s, %s, %s, %s or %s", r.Direction, Above, Below, Within, CrossBy, StayApartTo)
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
