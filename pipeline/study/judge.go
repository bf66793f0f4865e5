package study

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"interplay/kernelkit/score"
	"interplay/pipeline"
)

// Verdict on a claim at a scale.
type Verdict string

const (
	Agrees      Verdict = "agrees"      // the effect obeys the rule, beyond chance
	Contradicts Verdict = "contradicts" // the effect breaks it, beyond chance
	NotResolved Verdict = "not resolved at this scale"
	NotRun      Verdict = "not run" // arms or samples that it needs are not there
)

const (
	alpha = 1 - score.Confidence // what is beyond chance
	power = 0.8                  // of forecasts of how many seeds would decide
)

// Judgement is a claim with what was found.
type Judgement struct {
	Claim
	Found   score.Interval `json:"found"` // of curves: their difference at the largest k
	Seeds   []int64        `json:"seeds"`
	Verdict Verdict        `json:"verdict"`
	Note    string         `json:"note,omitempty"`  // why there is no value
	Unmet   string         `json:"unmet,omitempty"` // the need that was not met, so that nothing is resolved

	// P is the chance of an effect as clear as this where the rule decides nothing, and Q the
	// same for one of the study's claims, the family (Benjamini and Hochberg, J. R. Stat. Soc.
	// B 57 (1995)). The family's verdict is the claim's own where Q ≤ .05.
	P      float64 `json:"p,omitempty"`
	Q      float64 `json:"q,omitempty"`
	Family Verdict `json:"family,omitempty"`

	Exact    bool            `json:"exact,omitempty"`    // nothing varies, such as an arm that is its base: no test, and not in the family
	SameAs   string          `json:"same_as,omitempty"`  // the claim that tests the same effect, with which it is counted once
	Crossing *score.Crossing `json:"crossing,omitempty"` // of curves

	// Decides is how many seeds tell an effect as large from the threshold, four times in five,
	// at the spread seen here; 0: no number of seeds does, and More is what does. Error is the
	// standard error.
	Decides int        `json:"seeds_to_decide,omitempty"`
	More    score.More `json:"-"` // follows from the records
	Error   float64    `json:"standard_error,omitempty"`
}

// Judge gives the verdict that the rule demands for an effect, and its p-value. It is
// never forced. Above and below: the whole 95 % interval lies on one side of the
// threshold. Within: two one-sided tests at 5 %, so the 90 % interval lies inside the
// margins (Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987)); it contradicts when the 95 %
// interval lies outside.
func (r Rule) Judge(e *score.Estimate) (Verdict, float64) {
	verdict, p := Contradicts, e.P(r.Threshold)
	switch r.Direction {
	case Above:
		if e.Value > r.Threshold {
			verdict = Agrees
		}
	case Below:
		if e.Value < r.Threshold {
			verdict = Agrees
		}
	case Within:
		switch margin := r.Threshold; {
		case e.Value < -margin:
			p = e.P(-margin)
		case e.Value < margin:
			verdict, p = Agrees, max(e.Above(-margin), e.Below(margin))
		}
	}
	if p >= alpha {
		return NotResolved, p
	}
	return verdict, p
}

// judgeCurves is Judge for two curves.
func (r Rule) judgeCurves(c *score.Crossing) Verdict {
	asked := score.Crosses
	if r.Direction == StayApartTo {
		asked = score.Apart
	}
	switch c.Outcome {
	case asked:
		return Agrees
	case score.Undecided:
		return NotResolved
	}
	return Contradicts
}

// Judge judges the study's claims on what its arms scored, each by itself and in the family
// of all. A claim whose arms have no seed in common, or are not in the study, was not run, and
// its note says so.
func (s *Study) Judge(scores Scores) ([]Judgement, error) {
	var out []Judgement
	for _, c := range s.Claims {
		j, err := s.judge(c, scores)
		if err != nil {
			return nil, fmt.Errorf("claim %s: %w", c.ID, err)
		}
		out = append(out, j)
	}
	s.judgeFamily(out)
	return out, nil
}

func (s *Study) judge(c Claim, scores Scores) (Judgement, error) {
	j := Judgement{Claim: c}
	if why := cmp.Or(s.Gone(c), c.NotRun); why != "" {
		j.Verdict, j.Note = NotRun, why
		return j, nil
	}
	err := s.test(&j, scores)
	if errors.Is(err, score.ErrNoData) {
		j.Verdict, j.Note, err = NotRun, unscored(c, scores, err), nil
	}
	if err != nil || j.Verdict == NotRun {
		return j, err
	}
	met, err := s.met(c.Needs, scores)
	if !met {
		j.Verdict, j.Unmet = NotResolved, c.Needs.Says
	}
	return j, err
}

// test holds the judgement's effect against its rule.
func (s *Study) test(j *Judgement, scores Scores) error {
	if j.Rule.ofCurves() {
		c, err := s.cross(j.Effect, int(j.Rule.Threshold), scores)
		if err != nil {
			return err
		}
		last := c.Differences[len(c.Differences)-1]
		j.Crossing, j.Seeds, j.Found = c, last.Seeds, pipeline.Rounded(last.Interval(score.Confidence))
		j.Verdict, j.P, j.Decides, j.More = j.Rule.judgeCurves(c), c.P, c.Decides, c.More
		j.Error = last.Error()
		return nil
	}
	e, err := s.Estimate(j.Effect, scores)
	if err != nil {
		return err
	}
	j.Seeds, j.Found, j.Exact = e.Seeds, pipeline.Rounded(e.Interval(score.Confidence)), e.Exact()
	j.Verdict, j.P = j.Rule.Judge(&e)
	j.Decides, j.More = j.Rule.decides(&e)
	j.Error = e.Error()
	return nil
}

// decides is how many seeds would decide the rule, at the spread seen so far, and where none
// would, what else.
func (r Rule) decides(e *score.Estimate) (seeds int, more score.More) {
	at, level := r.Threshold, score.Confidence
	if r.Direction == Within {
		level = 1 - 2*alpha
		if e.Value < 0 {
			at = -at
		}
	}
	if seeds = e.SeedsFor(at, level, power); seeds == 0 {
		more = e.MoreFor(at, level, power)
	}
	return seeds, more
}

// met reports whether a need is met: the rule of one of its conditions agrees.
func (s *Study) met(n *Need, scores Scores) (bool, error) {
	if n == nil {
		return true, nil
	}
	for _, c := range n.any() {
		j := Judgement{Claim: Claim{Effect: c.Effect, Rule: c.Rule}}
		if err := s.test(&j, scores); err != nil && !errors.Is(err, score.ErrNoData) {
			return false, err
		}
		if j.Verdict == Agrees {
			return true, nil
		}
	}
	return false, nil
}

// judgeFamily gives the claims their verdicts as one family: the rate of false ones among
// those that are resolved is kept to 5 %. What was not run or cannot vary is no test, and
// an effect that two claims ask for is one.
func (s *Study) judgeFamily(all []Judgement) {
	var family []*Judgement
	for i := range all {
		j := &all[i]
		if j.Family = j.Verdict; j.Verdict == NotRun {
			continue
		}
		for k := range i {
			if j.SameAs == "" && all[k].Verdict != NotRun && (j.Exact && all[k].Exact || sameTest(&all[k].Claim, &j.Claim)) {
				j.SameAs = all[k].ID
			}
		}
		if !j.Exact && j.SameAs == "" {
			family = append(family, j)
		}
	}
	slices.SortStableFunc(family, func(a, b *Judgement) int { return cmp.Compare(a.P, b.P) })
	q := 1.0
	for i := len(family) - 1; i >= 0; i-- {
		q = min(q, family[i].P*float64(len(family))/float64(i+1))
		family[i].Q = q
	}
	for i := range all {
		j := &all[i]
		if k := slices.IndexFunc(family, func(x *Judgement) bool { return x.ID == j.SameAs }); k >= 0 {
			j.Q = family[k].Q
		}
		if !j.Exact && j.Verdict != NotRun && j.Q >= alpha {
			j.Family = NotResolved
		}
	}
}

// sameTest says that two claims test one effect at one threshold, if only from its two sides.
func sameTest(a, b *Claim) bool {
	kind := func(r Rule) int { return map[Direction]int{Within: 1, CrossBy: 2, StayApartTo: 2}[r.Direction] }
	if kind(a.Rule) != kind(b.Rule) {
		return false
	}
	turned, threshold := slices.Clone(b.Effect), b.Rule.Threshold
	for i := range turned {
		turned[i].Weight = -turned[i].Weight
	}
	if kind(b.Rule) == 0 {
		threshold = -threshold
	}
	return a.Rule.Threshold == b.Rule.Threshold && sameTerms(a.Effect, b.Effect) || a.Rule.Threshold == threshold && sameTerms(a.Effect, turned)
}

// sameTerms says that two effects are the same sum.
func sameTerms(a, b []Term) bool {
	for _, t := range a {
		if !slices.Contains(b, t) {
			return false
		}
	}
	return len(a) == len(b)
}

// Measure is the value of an effect with its interval over seeds and prompts.
func (s *Study) Measure(effect []Term, scores Scores) (score.Interval, []int64, error) {
	e, err := s.Estimate(effect, scores)
	if err != nil {
		return score.Interval{}, nil, err
	}
	return e.Interval(score.Confidence), e.Seeds, nil
}

// Estimate is an effect as an estimate; of curves, their difference at the study's largest k.
func (s *Study) Estimate(effect []Term, scores Scores) (score.Estimate, error) {
	var terms []score.Term
	for _, t := range effect {
		r, ok := s.Range(t.Range)
		if !ok {
			return score.Estimate{}, fmt.Errorf("there is no range %q", t.Range)
		}
		if t.Measure == Curve {
			t.Measure = PassK
		}
		terms = append(terms, score.Term{Weight: t.Weight, Scores: r.of(scores[t.Arm]), Measure: t.Measure.of(s.Evaluation.Samples)})
	}
	return score.Estimated(terms)
}

// cross compares the two curves of an effect up to a k.
func (s *Study) cross(effect []Term, upTo int, scores Scores) (*score.Crossing, error) {
	var of [2]score.Seeds
	for i, t := range effect {
		r, ok := s.Range(t.Range)
		if !ok {
			return nil, fmt.Errorf("there is no range %q", t.Range)
		}
		of[i] = r.of(scores[t.Arm])
	}
	return score.Cross(of[0], of[1], upTo, score.Confidence, power)
}

// Adjusted is a claim's effect at the median base (score.Estimate.Adjust), over what the
// study names as that which a base can do; ErrNoData where it names nothing, or it does not help.
func (s *Study) Adjusted(c Claim, scores Scores) (*score.Adjusted, error) {
	if len(s.Covariate) == 0 || c.NotRun != "" || c.Rule.ofCurves() {
		return nil, score.ErrNoData
	}
	e, err := s.Estimate(c.Effect, scores)
	if err != nil {
		return nil, err
	}
	base := map[int64]float64{}
	for _, seed := range e.Seeds {
		v, _, err := s.Measure(s.Covariate, scores.Only(seed))
		if err != nil {
			return nil, err
		}
		base[seed] = v.Value
	}
	return e.Adjust(base, score.Confidence)
}
