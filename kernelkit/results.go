package kernelkit

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"interplay/kernelkit/score"
	"interplay/pipeline"
	"interplay/pipeline/study"
)

// Results are a study's results folder. All figures and tables here are made
// from its files alone.
type Results struct {
	*study.Results
	dir string
}

// over is what the intervals of a study are over.
func over(s *study.Study) string {
	if len(s.Seeds) == 1 {
		return "problems (one seed)"
	}
	return "seeds and problems"
}

// intervals says what the intervals of tables are.
func (r *Results) intervals() string { return "95 % intervals over " + over(r.Study) }

// first is the arm that the others are compared with.
func (r *Results) first() *study.Arm { return &r.Study.Arms[0] }

// Claims lists the verdicts.
func (r *Results) Claims() *Table {
	return ClaimsTable(r.Results)
}

// claimCode is the laboratory's short name of a sentence of the paper (docs/paper.md).
var claimCode = regexp.MustCompile(`(, | \()?\bC[1-9]\d?\b\)?`)

// paperPlace begins the source of a claim of the paper's: a place in it.
var paperPlace = regexp.MustCompile(`^(Fig\.|Table|Observation|Takeaway|Section|§|A\.\d|C\d)`)

// source names the paper's figure or observation that a claim is from, without codes: a
// reader of a table knows none.
func source(c study.Claim) string {
	if c.Source == "" {
		return "own"
	}
	return cmp.Or(strings.TrimPrefix(claimCode.ReplaceAllString(c.Source, ""), ", "), "the paper")
}

// verdictWords are the words for a verdict: what is found here agrees with the paper or
// contradicts it; a claim that is not the paper's holds or does not.
func verdictWords(c study.Claim, v study.Verdict) string {
	if !paperPlace.MatchString(c.Source) {
		switch v {
		case study.Agrees:
			return "holds"
		case study.Contradicts:
			return "does not hold"
		}
	}
	return string(v)
}

// ClaimsTable lists a study's claims: what the paper has, what was found, the verdict by
// itself and in the family of all the study's claims.
func ClaimsTable(d *study.Results) *Table {
	t := &Table{Title: fmt.Sprintf("Claims, profile %s, seeds %s", d.Profile, seedText(d.Study.Seeds)),
		Columns: []string{"claim", "source", "paper", "here", "95 % interval", "holds when", "verdict", "in the family"}}
	n := claimNotes{}
	for _, c := range d.Verdicts {
		here, interval := showFound(c)
		t.Add(c.Says, source(c.Claim), paperValue(c.Paper), here, interval, showRule(c.Claim), n.verdict(d, c), n.family(c))
	}
	width := ""
	if n := len(d.Study.Seeds); n > 1 {
		width = fmt.Sprintf(" (Student's t, %d seeds)", n)
	}
	t.Note = fmt.Sprintf("Effects in percentage points; intervals over %s; k = %d here and 128 in the paper.", over(d.Study)+width, d.Study.Evaluation.Samples) +
		n.text() + summary(d.Verdicts) + noted(d)
	return t
}

// showFound writes what was found, and its interval: an effect, or where curves cross.
func showFound(c study.Judgement) (here, interval string) {
	switch {
	case c.Note != "":
		return "–", "–"
	case c.Crossing == nil:
		return showEffect(c.Claim, c.Found)
	}
	return c.Crossing.Where()
}

// showRule writes when a claim holds, in the unit of its effect.
func showRule(c study.Claim) string {
	switch {
	case c.Rule.Direction == study.CrossBy || c.Rule.Direction == study.StayApartTo:
		return "curves " + c.Rule.String()
	case c.Unit() != "share":
		return c.Rule.String() + " nats"
	}
	r := c.Rule
	r.Threshold *= 100
	return r.String()
}

// claimNotes collects what the signs in a table of claims mean.
type claimNotes struct {
	needs                       []string
	nats, many, unlike, lacking bool
}

// verdict writes a claim's own verdict: why it was not run, how many seeds would decide what
// is not resolved, what it needs, and what the sides cost that were to cost the same.
func (n *claimNotes) verdict(d *study.Results, c study.Judgement) string {
	n.nats = n.nats || c.Unit() != "share"
	text := verdictWords(c.Claim, c.Verdict)
	if c.NotRun != "" {
		n.lacking = true
	} else if c.Note != "" {
		text += ": " + c.Note
	}
	if c.Verdict == study.NotResolved && c.Unmet == "" && c.Decides > 0 {
		n.many = true
		text += fmt.Sprintf(" (%d seeds might do)", c.Decides)
	}
	if c.Unmet != "" {
		text += " *"
		if !slices.Contains(n.needs, c.Unmet) {
			n.needs = append(n.needs, c.Unmet)
		}
	}
	if ratio, ok := d.CostRatio(c.Claim, c.Equal); ok && c.Verdict != study.NotRun && math.Abs(math.Log(ratio)) > math.Log(1.15) {
		n.unlike = true
		text += fmt.Sprintf(" ‡ at %.2g × the %s", ratio, c.Equal)
	}
	return text
}

// family writes a claim's verdict in the family.
func (n *claimNotes) family(c study.Judgement) string {
	switch {
	case c.Verdict == study.NotRun:
		return "–"
	case c.Exact:
		return "no test: nothing varies"
	case c.Family != c.Verdict:
		return fmt.Sprintf("%s, q = %s", study.NotResolved, small(c.Q))
	}
	return fmt.Sprintf("the same, q = %s", small(c.Q))
}

// small writes a p-value.
func small(p float64) string {
	if p < 0.001 {
		return "<.001"
	}
	return strings.TrimPrefix(fmt.Sprintf("%.3f", p), "0")
}

func (n *claimNotes) text() (text string) {
	if n.nats {
		text += " Likelihoods are in nats a token."
	}
	for _, need := range n.needs {
		text += " * It needs: " + need + "."
	}
	if n.many {
		text += " Seeds that might do: how many would tell the effect from the threshold at the spread seen here, four times in five."
	}
	if n.lacking {
		text += " Not run: this scale lacks arms or samples that the claim needs."
	}
	if n.unlike {
		text += " ‡ The two sides were to cost the same and did not."
	}
	return text
}

// summary counts what is resolved. Claims that ask for one effect, and those where nothing
// varies, count once; how many different pairs of arms they rest on says how many findings
// they can be.
func summary(all []study.Judgement) string {
	var tests, alone, inFamily int
	arms := map[string]bool{}
	for _, c := range all {
		if c.Verdict == study.NotRun || c.SameAs != "" {
			continue
		}
		tests++
		if c.Verdict != study.NotResolved {
			alone++
		}
		if c.Family != study.NotResolved {
			inFamily++
			var names []string
			for _, t := range c.Effect {
				names = append(names, t.Arm)
			}
			slices.Sort(names)
			arms[strings.Join(slices.Compact(names), " ")] = true
		}
	}
	text := fmt.Sprintf(" Of %d different tests %d are resolved by themselves and %d in the family (false ones among them kept to 5 %%, Benjamini–Hochberg)", tests, alone, inFamily)
	switch len(arms) {
	case 0: // nothing to say where it is from
	case 1:
		text += ", from one comparison of arms"
	default:
		text += fmt.Sprintf(", from %d different comparisons of arms", len(arms))
	}
	return text + "."
}

// noted is what a reader must know of results, as sentences of a table's note.
func noted(r *study.Results) (text string) {
	if r.Study.Exploratory {
		text = " Exploratory: its rules were not fixed and committed before the runs."
	}
	for _, note := range r.Notes {
		text += " These results: " + note + "."
	}
	return text
}

// BySeed lists the effects of the claims seed by seed.
func (r *Results) BySeed() *Table { return SeedsTable(r.Results) }

// SeedsTable lists the effects of the claims seed by seed, each with the half width of its
// interval over problems: another seed is another corpus, other weights, other RL problems.
// The first rows say what the study's first arm can do, since effects depend on it.
func SeedsTable(d *study.Results) *Table {
	t := &Table{Title: "The same effects, seed by seed", Columns: []string{"claim"}}
	for _, seed := range d.Study.Seeds {
		t.Columns = append(t.Columns, fmt.Sprintf("seed %d", seed))
	}
	add := func(says string, effect []study.Term, sign string, digits int, scale float64) {
		row := []any{says}
		for _, seed := range d.Study.Seeds {
			v, _, err := d.Study.Measure(effect, d.Scores.Only(seed))
			if err != nil {
				row = append(row, "–")
				continue
			}
			row = append(row, withWidth(v, sign, digits, scale))
		}
		t.Add(row...)
	}
	first := d.Study.Arms[0]
	for _, ops := range d.Study.Ranges {
		add("pass@1 of "+first.Label+", "+ops.Title, []study.Term{{Weight: 1, Arm: first.Name, Range: ops.Name, Measure: study.Pass1}}, "", 1, 100)
	}
	for _, c := range d.Study.Claims {
		digits, scale := effectForm(c)
		if c.Effect[0].Measure == study.Curve {
			c.Says += fmt.Sprintf(" (here the curves' difference at k = %d)", d.Study.Evaluation.Samples)
		}
		add(c.Says, c.Effect, "+", digits, scale)
	}
	t.Note = "Percentage points, or nats a token for likelihoods; ± half of the 95 % interval over problems, or its ends where a share reaches 0 or 100."
	return t
}

// withWidth writes a value with half of its interval's width, and of an interval that ends at 0
// or 1, which no share passes, the two ends.
func withWidth(v score.Interval, sign string, digits int, scale float64) string {
	above, below := v.High-v.Value, v.Value-v.Low
	if math.Abs(above-below) > 1e-9 {
		return fmt.Sprintf("%"+sign+".*f to %"+sign+".*f", digits, scale*v.Low, digits, scale*v.High)
	}
	return fmt.Sprintf("%"+sign+".*f ± %.*f", digits, scale*v.Value, digits, scale*above)
}

// effectForm is how an effect is written: in points, or in nats a token.
func effectForm(c study.Claim) (digits int, scale float64) {
	if c.Unit() != "share" {
		return 3, 1
	}
	return 1, 100
}

// showEffect writes an effect in its unit, with its interval.
func showEffect(c study.Claim, v score.Interval) (value, interval string) {
	digits, scale := effectForm(c)
	return fmt.Sprintf("%+.*f", digits, scale*v.Value), fmt.Sprintf("%+.*f to %+.*f", digits, scale*v.Low, digits, scale*v.High)
}

// arm finds an arm by name and ends the cell with the names there are.
func (r *Results) arm(name string) *study.Arm {
	a, ok := r.Study.Arm(name)
	if !ok {
		var names []string
		for _, a := range r.Study.Arms {
			names = append(names, a.Name)
		}
		fail(fmt.Errorf("the study has no arm %q: expected one of %s", name, strings.Join(names, ", ")))
	}
	return a
}

// names are the given arms, but for those that the study leaves out at its profile, or all
// that are compared.
func (r *Results) names(names []string) []string {
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(r.Study.LeftOut, name) })
	if len(names) > 0 {
		return names
	}
	for _, a := range r.Study.Arms {
		if a.At == 0 {
			names = append(names, a.Name)
		}
	}
	return names
}

// ops are the operation counts that the study evaluates.
func (r *Results) ops() (ops []int) {
	for _, b := range r.Study.Evaluation.Data.Mix {
		for op := b.Ops.Min; op <= b.Ops.Max; op++ {
			ops = append(ops, op)
		}
	}
	slices.Sort(ops)
	return slices.Compact(ops)
}

// Table lists strict pass@1 and pass@k and answer-only pass@1 of every arm on every range.
func (r *Results) Table(arms ...string) *Table {
	k := r.Study.Evaluation.Samples
	t := &Table{Title: "Every arm on every range", Columns: []string{"arm", "ops", "pass@1", "interval", fmt.Sprintf("pass@%d", k), "interval", "answer right", "of these lucky"}}
	for _, name := range r.names(arms) {
		for _, ops := range r.Study.Ranges {
			one, ok := r.Value(name, ops, score.Pass(1, score.Strict, score.Unbiased))
			if !ok {
				continue
			}
			lucky := "–"
			if v, ok := r.Value(name, ops, score.LuckyShare); ok {
				lucky = fmt.Sprintf("%.2f", v.Value)
			}
			many, interval := r.shown(name, ops, pass(k))
			answer, _ := r.shown(name, ops, score.Pass(1, score.Answer, score.Unbiased))
			t.Add(r.arm(name).Label, ops.Title, one.Value, bounds(one), many, interval, answer, lucky)
		}
	}
	t.Note = "Lucky: the share of right answers whose process is wrong. " + r.intervals() + "." + noted(r.Results)
	return t
}

// shown writes what an arm scores on a range of ops, and its interval; a dash each where it has no such value.
func (r *Results) shown(arm string, ops study.OpRange, m score.Measure) (value, interval string) {
	if v, ok := r.Value(arm, ops, m); ok {
		return fmt.Sprintf("%.3f", v.Value), bounds(v)
	}
	return "–", "–"
}

func bounds(v score.Interval) string { return fmt.Sprintf("%.3f–%.3f", v.Low, v.High) }

// PerOp lists strict and answer-only pass@1 and strict pass@k per op of one arm.
func (r *Results) PerOp(arm string) *Table {
	k := r.Study.Evaluation.Samples
	t := &Table{Title: "Per op, " + r.arm(arm).Label, Columns: []string{"op", "strict pass@1", "interval", fmt.Sprintf("strict pass@%d", k), "answer-only pass@1", "process accuracy"}}
	for _, op := range r.ops() {
		one := study.OpRange{}
		one.Ops.Min, one.Ops.Max = op, op
		strict, ok := r.Value(arm, one, score.Pass(1, score.Strict, score.Unbiased))
		many, _ := r.shown(arm, one, pass(k))
		answer, _ := r.shown(arm, one, score.Pass(1, score.Answer, score.Unbiased))
		process, _ := r.shown(arm, one, func(p *score.Prompt) (float64, float64, error) { return p.Process, 1, nil })
		if ok {
			t.Add(op, strict.Value, bounds(strict), many, answer, process)
		}
	}
	return t
}

func (r *Results) groups() (groups []string) {
	for _, a := range r.Study.Arms {
		if a.Group != "" && !slices.Contains(groups, a.Group) {
			groups = append(groups, a.Group)
		}
	}
	return groups
}

// inGroup are the arms of a group in order of their value.
func (r *Results) inGroup(group string) (arms []*study.Arm) {
	for i := range r.Study.Arms {
		a := &r.Study.Arms[i]
		if a.Group == group || slices.Contains(a.AlsoIn, group) {
			arms = append(arms, a)
		}
	}
	slices.SortFunc(arms, func(a, b *study.Arm) int { return int(math.Copysign(1, a.Value-b.Value)) })
	return arms
}

// Ledger lists what every arm cost beyond what all arms share, mean over seeds, at each price.
func (r *Results) Ledger() *Table {
	t := &Table{Title: "Compute ledger, mean of a seed, evaluation left out", Columns: []string{"arm", "trained tokens", "sampled tokens", "nominal tokens", "true tokens", "GFLOPs", "seconds"}}
	for _, a := range r.Study.Arms {
		if a.At > 0 { // a part of the baseline's training
			continue
		}
		c := r.Cost(a.Name)
		t.Add(a.Label+r.groupSuffix(a), thousands(float64(c.TrainTokens)), thousands(float64(c.GeneratedTokens)),
			thousands(c.NominalTokens), thousands(c.TrueTokens), fmt.Sprintf("%.0f", c.FLOPs/1e9), fmt.Sprintf("%.0f", c.Seconds))
	}
	t.Note = "Stages that every arm shares are left out. Nominal and true tokens: RL priced in training tokens by the paper's equation, at the longest sample allowed and at the lengths that occurred. " +
		"FLOPs are those that were executed: groups that taught nothing cost no update, and a group's prompt is read once."
	return t
}

// groupSuffix tells arms apart whose labels do not.
func (r *Results) groupSuffix(a study.Arm) string {
	labels := map[string]bool{}
	for _, b := range r.Study.Arms {
		if labels[b.Label] && a.Group != "" {
			return " (" + a.Group + ")"
		}
		labels[b.Label] = true
	}
	return ""
}

// Close shows where the results are and ends the cell with an error when a run is missing.
func (r *Results) Close() {
	t := Table{Title: "Results on disk", Columns: []string{"file", "holds"}}
	t.Add(study.ResultsFile, fmt.Sprintf("%d numbers, %d claims, the study itself and what it cost", len(r.Numbers), len(r.Verdicts)))
	t.Add(study.RecordsFile, fmt.Sprintf("%d judged samples", len(r.Records)))
	if r.Study.Likelihood {
		t.Add(pipeline.LikelihoodFile, fmt.Sprintf("%d likelihoods of gold solutions", len(r.Likelihoods)))
	}
	t.Add(study.MetricsFile, fmt.Sprintf("%d lines of training and RL logs", len(r.Metrics)))
	if len(r.Texts) > 0 {
		t.Add(study.TextsFile, fmt.Sprintf("%d texts that models wrote, a sample", len(r.Texts)))
	}
	t.Note = "Every figure and table above was made from these files."
	t.Show()
	if len(r.Missing) > 0 {
		fail(fmt.Errorf("%d runs are missing: %s; run the study again", len(r.Missing), strings.Join(r.Missing, "; ")))
	}
}

// Group are the names of the arms of the study's i-th group.
func (r *Results) Group(i int) []string {
	groups := r.groups()
	if i >= len(groups) {
		fail(fmt.Errorf("the study has %d groups of arms, there is no number %d", len(groups), i))
	}
	return r.armsOf(groups[i])
}

// armsOf are the names of the arms of a group.
func (r *Results) armsOf(group string) (names []string) {
	for _, a := range r.inGroup(group) {
		names = append(names, a.Name)
	}
	if len(names) == 0 {
		fail(fmt.Errorf("the study has no group %q: expected one of %s", group, strings.Join(r.groups(), "; ")))
	}
	return names
}

// opRange is the study's range of a name, and ends the cell where there is none.
func (r *Results) opRange(name string) study.OpRange {
	ops, ok := r.Study.Range(name)
	if !ok {
		var names []string
		for _, x := range r.Study.Ranges {
			names = append(names, x.Name)
		}
		fail(fmt.Errorf("the study has no range %q: expected one of %s", name, strings.Join(names, ", ")))
	}
	return ops
}

// PaperBudgets is the paper's table of budgets (Table 3), computed from its equation.
func (l *Lab) PaperBudgets() *Table {
	t := &Table{Title: "The paper's budgets: steps of mid-training and of RL", Columns: []string{"budget", "β = 0", "β = 0.2", "β = 0.5", "β = 0.8", "β = 1", "RL prompts at β = 1"}}
	for _, budget := range study.PaperBudgets() {
		row := []any{fmt.Sprintf("%.2fB", budget/1e9)}
		for _, beta := range []float64{0, 0.2, 0.5, 0.8, 1} {
			b := study.PaperBudget(budget, beta)
			var parts []string
			if b.Mid > 0 {
				parts = append(parts, fmt.Sprintf("%d mid", b.Mid))
			}
			if b.RL > 0 {
				parts = append(parts, fmt.Sprintf("%d RL", b.RL))
			}
			row = append(row, strings.Join(parts, " + "))
		}
		t.Add(append(row, thousands(study.PaperBudget(budget, 1).Prompts))...)
	}
	return t
}
