package kernelkit

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"interplay/kernelkit/score"
	"interplay/pipeline"
	"interplay/pipeline/study"
	"interplay/plots"
)

// Comparison is one study at several scales, claim by claim. The last scale is the one that
// the others are held against: what did they foretell of it?
type Comparison struct {
	Name   string
	Scales []*study.Results // from the named profiles, in their order
}

// SideBySide takes the committed results of a study at the profiles, in their order, and
// leaves out profiles without. Without names it takes all that there are, the smallest first.
// Nothing is computed.
func SideBySide(name string, profiles ...string) *Comparison {
	if !slices.Contains(study.Names(), name) {
		fail(fmt.Errorf("there is no study %q: expected one of %s", name, strings.Join(study.Names(), ", ")))
	}
	for i, p := range profiles {
		if slices.Contains(profiles[:i], p) {
			fail(fmt.Errorf("the profile %q is named twice: expected different ones, the last of which the others are held against", p))
		}
		if !slices.Contains(pipeline.Profiles(), p) {
			fail(fmt.Errorf("there is no profile %q: expected one of %s", p, strings.Join(pipeline.Profiles(), ", ")))
		}
	}
	c := &Comparison{Name: name}
	if len(profiles) == 0 {
		profiles = pipeline.Profiles()
	}
	for _, p := range profiles {
		if r := must(committedAt(name, p)); r != nil {
			c.Scales = append(c.Scales, r)
		}
	}
	if len(c.Scales) == 0 {
		fail(fmt.Errorf("study %s has no committed results at %s (it has at: %s): `interplay run %s -profile %s -plan` says what they cost",
			name, strings.Join(profiles, ", "), cmp.Or(strings.Join(CommittedProfiles(name), ", "), "none"), name, profiles[0]))
	}
	return c
}

// At are the results of one of the scales, for its own figures and tables.
func (c *Comparison) At(profile string) *Results {
	for _, r := range c.Scales {
		if r.Profile == profile {
			return &Results{Results: r, dir: must(CommittedResults(r.Study))}
		}
	}
	fail(fmt.Errorf("study %s has no committed results at profile %q here: expected one of %s", c.Name, profile, strings.Join(c.About().Columns[1:], ", ")))
	return nil
}

// last is the scale that the others are held against.
func (c *Comparison) last() *study.Results { return c.Scales[len(c.Scales)-1] }

// About lists what differs between the scales: language, model, corpus, seeds, how much was
// sampled, and what the base can do.
func (c *Comparison) About() *Table {
	type aspect struct {
		name string
		of   func(*study.Results) string
	}
	base := func(r *study.Results) *pipeline.Pretraining { return r.Study.Arms[0].Steps[0].Train }
	aspects := []aspect{
		{"language", func(r *study.Results) string { return language(base(r).Data) }},
		{"parameters", func(r *study.Results) string { return thousands(float64(base(r).Model.Params())) }},
		{"pre-training", func(r *study.Results) string { return corpusOf(base(r)) }},
		{"seeds", func(r *study.Results) string { return fmt.Sprint(len(r.Study.Seeds)) }},
		{"problems an op", func(r *study.Results) string { return fmt.Sprint(r.Study.Evaluation.Problems) }},
		{"attempts a problem", func(r *study.Results) string { return attempts(r.Study) }},
	}
	for _, ops := range c.last().Study.Ranges {
		aspects = append(aspects, aspect{"the base's pass@1, " + ops.Name, func(r *study.Results) string { return baseAt(r, ops.Name) }})
	}
	for _, name := range []string{"inside", "edge", "beyond"} { // where the study trains on ranges
		if slices.ContainsFunc(c.Scales, func(r *study.Results) bool { return rlOf(r.Study, name) != nil }) {
			aspects = append(aspects, aspect{"RL " + name + " trains on", func(r *study.Results) string { return trainedOn(r.Study, name) }})
		}
	}
	t := &Table{Title: fmt.Sprintf("Study %s: what differs between its scales", c.Name), Columns: []string{""}}
	for _, r := range c.Scales {
		t.Columns = append(t.Columns, r.Profile)
	}
	for _, a := range aspects {
		row := []any{a.name}
		for _, r := range c.Scales {
			row = append(row, a.of(r))
		}
		t.Add(row...)
	}
	return t
}

// corpusOf says how much pre-training there was of what.
func corpusOf(r *pipeline.Pretraining) string {
	text := fmt.Sprintf("%s tokens of ops %s", thousands(trainingTokens(r)), opsOf(r))
	if r.Data.Detours > 0 {
		text += fmt.Sprintf(", detours %g", r.Data.Detours)
	}
	return text
}

// baseAt is what the first arm solves with one attempt on a range of ops.
func baseAt(r *study.Results, name string) string {
	ops, ok := r.Study.Range(name)
	if !ok {
		return "–"
	}
	v, ok := r.Value(r.Study.Arms[0].Name, ops, pass(1))
	if !ok {
		return "–"
	}
	return fmt.Sprintf("%.3f at ops %s", v.Value, dash(ops.Ops))
}

// trainedOn are the ops of an arm's RL.
func trainedOn(s *study.Study, name string) string {
	rl := rlOf(s, name)
	if rl == nil {
		return "–"
	}
	return "ops " + dash(rl.Data.Mix[0].Ops)
}

// attempts says how often the arms were sampled at a problem: k of pass@k, and, where some were
// sampled more often, up to what k their curves go.
func attempts(s *study.Study) string {
	most := s.Evaluation.Samples
	for _, a := range s.Arms {
		if a.Evaluation != nil {
			most = max(most, a.Evaluation.Samples)
		}
	}
	if most == s.Evaluation.Samples {
		return fmt.Sprint(most)
	}
	return fmt.Sprintf("%d, some arms %d", s.Evaluation.Samples, most)
}

// claims are those judged at any of the scales, in the order of the last.
func (c *Comparison) claims() (all []study.Claim) {
	for _, r := range slices.Backward(c.Scales) {
		for _, j := range r.Verdicts {
			if j.Verdict != study.NotRun && !slices.ContainsFunc(all, func(a study.Claim) bool { return a.ID == j.ID }) {
				all = append(all, j.Claim)
			}
		}
	}
	return all
}

// judged is a claim's judgement at a scale; false where it was not run there.
func judged(r *study.Results, id string) (study.Judgement, bool) {
	i := slices.IndexFunc(r.Verdicts, func(j study.Judgement) bool { return j.ID == id })
	if i < 0 || r.Verdicts[i].Verdict == study.NotRun || r.Verdicts[i].Note != "" {
		return study.Judgement{}, false
	}
	return r.Verdicts[i], true
}

// Figure draws every effect in points as each scale has it, with the paper's value.
func (c *Comparison) Figure() Figure {
	data := plots.ForestData{Title: fmt.Sprintf("Study %s, claim by claim", c.Name), Intervals: "95 % intervals over seeds and problems", PaleMeans: "not resolved by the study's rule"}
	for _, r := range c.Scales {
		data.Series = append(data.Series, r.Profile)
	}
	for _, claim := range c.claims() {
		if claim.Unit() != "share" || claim.Effect[0].Measure == study.Curve { // the difference at the largest k has a claim of its own
			continue
		}
		row := plots.ForestRow{Name: claim.Says, Paper: math.NaN()}
		if claim.Paper != nil {
			row.Paper = *claim.Paper
		}
		for _, r := range c.Scales {
			j, ok := judged(r, claim.ID)
			if !ok {
				j.Found = score.Interval{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
			}
			row.Values, row.Pale = append(row.Values, j.Found), append(row.Pale, j.Verdict == study.NotResolved)
		}
		data.Rows = append(data.Rows, row)
	}
	png, err := plots.Forest(data)
	return figure(png, err, "effects of the claims at "+strings.Join(data.Series, ", ")+", with intervals, and the paper's values")
}

// Claims lists every claim with its verdict at each scale, and what the last scale says to
// each of the others'.
func (c *Comparison) Claims() *Table {
	t := &Table{Title: fmt.Sprintf("Study %s: verdict by verdict", c.Name), Columns: []string{"claim", "paper"}}
	for _, r := range c.Scales {
		t.Columns = append(t.Columns, r.Profile)
	}
	for _, r := range c.Scales[:len(c.Scales)-1] {
		t.Columns = append(t.Columns, fmt.Sprintf("%s, held against %s", r.Profile, c.last().Profile))
	}
	for _, claim := range c.claims() {
		row := []any{claim.Says, paperValue(claim.Paper)}
		for _, r := range c.Scales {
			row = append(row, cellOf(r, claim.ID))
		}
		for _, r := range c.Scales[:len(c.Scales)-1] {
			row = append(row, c.carried(r, claim.ID).text())
		}
		t.Add(row...)
	}
	t.Note = "Effects in points (likelihoods in nats a token) with their 95 % intervals over seeds and problems. ✓ the claim holds, ✗ the contrary holds, ? not resolved, each by the study's rule and by itself, not in the family of all claims. " +
		"There +5: the effect is larger there by so much (Welch's interval at 95 %), said where that leaves out zero; of effects that are the same one in twenty seems to differ. Scales of one language may be tested on the same problems, which this takes no account of. pass@k is at each scale's own k. Another recipe: the arms of the claim train elsewhere, so that nothing is held against it."
	return t
}

// cellOf writes a claim's effect at a scale, its interval and its verdict.
func cellOf(r *study.Results, id string) string {
	j, ok := judged(r, id)
	if !ok {
		return "–"
	}
	value, interval := showFound(j)
	sign := map[study.Verdict]string{study.Agrees: "✓", study.Contradicts: "✗", study.NotResolved: "?"}[j.Verdict]
	return fmt.Sprintf("%s %s (%s)", sign, value, interval)
}

// carried is what becomes of a verdict at another scale.
type carried struct {
	here, there study.Verdict // NotRun where the claim was not judged
	atHere      string        // profiles
	atThere     string
	difference  *score.Interval // of the effects, there − here; nil where one is missing, and of curves that cross
	claim       study.Claim
	recipe      string // how the recipes differ that the claim is about; empty where they do not
}

// carried compares a claim's verdict at r with that of the last scale.
func (c *Comparison) carried(r *study.Results, id string) carried {
	out := carried{here: study.NotRun, there: study.NotRun, atHere: r.Profile, atThere: c.last().Profile}
	here, ok := judged(r, id)
	there, also := judged(c.last(), id)
	if ok {
		out.here = here.Verdict
	}
	if also {
		out.there, out.claim = there.Verdict, there.Claim
	}
	if ok && also {
		out.recipe = otherRecipe(r.Study, c.last().Study, there.Effect)
	}
	if !ok || !also || here.Crossing != nil || out.recipe != "" {
		return out
	}
	a, err := r.Study.Estimate(here.Effect, r.Scores)
	b, err2 := c.last().Study.Estimate(there.Effect, c.last().Scores)
	if err == nil && err2 == nil {
		d := score.Welch(&b, &a).Interval(score.Confidence)
		out.difference = &d
	}
	return out
}

// otherRecipe says where an effect's arms train by RL on ops that lie elsewhere at two scales,
// measured by each study's own ranges; empty where they do not.
func otherRecipe(here, there *study.Study, effect []study.Term) string {
	for _, t := range effect {
		if a, b := liesIn(here, t.Arm), liesIn(there, t.Arm); a != b {
			return fmt.Sprintf("RL %s lies %s, here %s", t.Arm, b, a)
		}
	}
	return ""
}

// liesIn names the ranges of a study that the ops of an arm's RL overlap.
func liesIn(s *study.Study, name string) string {
	rl := rlOf(s, name)
	if rl == nil {
		return "nowhere"
	}
	var names []string
	for _, r := range s.Ranges {
		if ops := rl.Data.Mix[0].Ops; ops.Min <= r.Ops.Max && r.Ops.Min <= ops.Max {
			names = append(names, r.Name)
		}
	}
	if len(names) == 0 {
		return "past all that is tested"
	}
	return "in " + strings.Join(names, " and ")
}

// rlOf is the last step of an arm, where it is RL; else nil.
func rlOf(s *study.Study, name string) *pipeline.Reinforcement {
	if a, ok := s.Arm(name); ok {
		return a.Steps[len(a.Steps)-1].RL
	}
	return nil
}

// resolved says that both scales resolved the claim; same, that they did in the same way.
func (c carried) resolved() bool { return decided(c.here) && decided(c.there) && c.recipe == "" }
func (c carried) same() bool     { return c.resolved() && c.here == c.there }

// differs says that the two effects are of different sizes, beyond chance.
func (c carried) differs() bool {
	return c.difference != nil && (c.difference.Low > 0 || c.difference.High < 0)
}

func decided(v study.Verdict) bool { return v == study.Agrees || v == study.Contradicts }

func (c carried) text() string {
	var text string
	switch {
	case c.here == study.NotRun:
		text = "not run at " + c.atHere
	case c.there == study.NotRun:
		text = "not run at " + c.atThere
	case c.recipe != "":
		text = "another recipe there: " + c.recipe
	case c.same():
		text = "the same"
	case c.resolved():
		text = "the contrary"
	case decided(c.here):
		text = "not resolved at " + c.atThere
	case decided(c.there):
		text = "not resolved at " + c.atHere
	default:
		text = "not resolved at either"
	}
	if c.differs() {
		change, interval := showEffect(c.claim, *c.difference)
		text += fmt.Sprintf("; there %s (%s)", change, interval)
	}
	return text
}

// Foretold counts, for each scale but the last, what became of its verdicts there.
func Foretold(all ...*Comparison) *Table {
	t := &Table{Title: "What one scale foretold of another", Columns: []string{"study", "of", "by", "claims judged at both", "the same verdict", "the contrary", "resolved at one alone", "at neither", "another recipe", "another size"}}
	for _, c := range all {
		for _, r := range c.Scales[:len(c.Scales)-1] {
			n := c.count(r)
			t.Add(c.Name, c.last().Profile, r.Profile, n.both, n.same, n.contrary, n.one, n.neither, n.other, n.differ)
		}
	}
	t.Note = "Verdicts by themselves, not in the family. Another size: the two effects differ beyond chance, whatever their verdicts; one in twenty does so where none differs."
	return t
}

// foretold are counts of claims that two scales judged.
type foretold struct{ both, same, contrary, one, neither, other, differ int }

// count holds the verdicts of a scale against those of the last.
func (c *Comparison) count(r *study.Results) (n foretold) {
	for _, claim := range c.claims() {
		x := c.carried(r, claim.ID)
		if x.here == study.NotRun || x.there == study.NotRun {
			continue
		}
		n.both++
		switch {
		case x.recipe != "":
			n.other++
		case x.same():
			n.same++
		case x.resolved():
			n.contrary++
		case decided(x.here) || decided(x.there):
			n.one++
		default:
			n.neither++
		}
		if x.differs() {
			n.differ++
		}
	}
	return n
}

// Report adds what Foretold counts to a notebook's report, as numbers that are the same everywhere.
func (c *Comparison) Report(r *Report) {
	for _, s := range c.Scales[:len(c.Scales)-1] {
		n := c.count(s)
		id := fmt.Sprintf("%s/%s/%s/", c.Name, s.Profile, c.last().Profile)
		what := fmt.Sprintf("%s: claims judged at %s and %s", c.Name, s.Profile, c.last().Profile)
		r.Exact(id+"both", what, "claims", float64(n.both))
		r.Exact(id+"same", what+", with the same verdict", "claims", float64(n.same))
		r.Exact(id+"contrary", what+", with contrary verdicts", "claims", float64(n.contrary))
	}
}
