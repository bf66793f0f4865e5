package study

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"interplay/pipeline"
)

// ErrOtherStudy says that results are not of the study that was asked for.
var ErrOtherStudy = errors.New("the results are of another study")

// Of is what the results hold of a study: the runs whose stages computed the study's
// recipes, whatever the names of things say and whichever version of a stage computed
// them, judged by the study's rules as they are. Arms and seeds that the results lack are
// listed in Missing; an earlier version, and claims that were written or whose rule was
// changed after the results, are named in Notes. The error wraps ErrOtherStudy when no run
// is the study's, or when results that have another name lack some: a base that several
// studies share makes no results of theirs.
func (r *Results) Of(s *Study) (*Results, error) {
	out := &Results{Format: r.Format, Report: r.Report, Study: s}
	have := r.byRecipe()
	earlier := map[string][2]int{} // kind → formats then and now
	kept := map[runKey]bool{}
	costs := map[string]bool{}
	all := s.Runs()
	for _, run := range all {
		missing := !r.holds(run, have)
		if missing {
			out.Missing = append(out.Missing, fmt.Sprintf("%s, seed %d", run.Arm.Name, run.Seed))
			continue
		}
		kept[runKey{run.Arm.Name, run.Seed}] = true
		for _, stage := range run.stages() {
			cost := have[stage.RecipeDigest()]
			if cost.Format != stage.Format {
				earlier[stage.Kind] = [2]int{cost.Format, stage.Format}
			}
			costs[cost.Recipe] = true
		}
	}
	if another := r.Study.Name != s.Name && len(out.Missing) > 0; another || len(kept) == 0 {
		return nil, fmt.Errorf("%w: they are of %s at profile %s, with %d of the %d runs of %s at profile %s", ErrOtherStudy, r.Study.Name, r.Study.Profile, len(kept), len(all), s.Name, s.Profile)
	}
	out.keep(r, kept, costs)
	out.note(r.Study, earlier)
	if len(out.Records) == len(r.Records) && len(out.Likelihoods) == len(r.Likelihoods) {
		out.Scores = r.Scores // counting is what takes long
	}
	return out, out.conclude()
}

type runKey struct {
	arm  string
	seed int64
}

// byRecipe finds what a stage cost by its recipe's digest.
func (r *Results) byRecipe() map[string]*Cost {
	have := map[string]*Cost{}
	for i := range r.Spent {
		have[r.Spent[i].Recipe] = &r.Spent[i]
	}
	return have
}

// holds reports whether all stages of a run are among the results, its samples under
// its arm's name.
func (r *Results) holds(run Run, have map[string]*Cost) bool {
	for _, stage := range run.stages() {
		cost := have[stage.RecipeDigest()]
		if cost == nil || !slices.Contains(cost.Arms, run.Arm.Name) {
			return false
		}
	}
	return !slices.Contains(r.Missing, fmt.Sprintf("%s, seed %d", run.Arm.Name, run.Seed))
}

// keep takes over what belongs to the given runs.
func (r *Results) keep(from *Results, runs map[runKey]bool, costs map[string]bool) {
	r.Records = those(from.Records, func(x *Record) bool { return runs[runKey{x.Arm, x.Seed}] })
	r.Metrics = those(from.Metrics, func(x *Metric) bool { return runs[runKey{x.Arm, x.Seed}] })
	if r.Study.Likelihood {
		r.Likelihoods = those(from.Likelihoods, func(x *Likelihood) bool { return runs[runKey{x.Arm, x.Seed}] })
	}
	for _, x := range from.Texts {
		if runs[runKey{x.Arm, x.Seed}] {
			r.Texts = append(r.Texts, x)
		}
	}
	for _, x := range from.Spent {
		if costs[x.Recipe] {
			x.Arms = slices.DeleteFunc(slices.Clone(x.Arms), func(arm string) bool { return !runs[runKey{arm, x.Seed}] })
			r.Spent = append(r.Spent, x)
		}
	}
}

// those are the elements that pass: the list itself where all do, since records are many.
func those[T any](list []T, pass func(*T) bool) (passing []T) {
	n := 0
	for i := range list {
		if pass(&list[i]) {
			n++
		}
	}
	if n == len(list) {
		return list
	}
	passing = make([]T, 0, n)
	for i := range list {
		if pass(&list[i]) {
			passing = append(passing, list[i])
		}
	}
	return passing
}

// note says what a reader must know of the results.
func (r *Results) note(was *Study, earlier map[string][2]int) {
	if len(earlier) > 0 {
		var stages []string
		for _, kind := range []string{"train", "rl", "reject", "evaluate", "likelihood"} {
			if f, ok := earlier[kind]; ok {
				stages = append(stages, fmt.Sprintf("%s (format %d, now %d)", kind, f[0], f[1]))
			}
		}
		r.Notes = append(r.Notes, "computed from the same recipes by an earlier version of these stages: "+strings.Join(stages, ", ")+
			"; a run today gives other bits, and numbers that may differ as those of another seed do")
	}
	var late []string
	for _, c := range r.Study.Claims {
		if c.NotRun == "" && !slices.ContainsFunc(was.Claims, func(x Claim) bool { return x.ID == c.ID }) {
			late = append(late, c.ID)
		}
	}
	if len(late) > 0 {
		r.Notes = append(r.Notes, "claims written after these results: "+strings.Join(late, ", "))
	}
	if changed := changedRules(was, r.Study); len(changed) > 0 {
		r.Notes = append(r.Notes, "judged again, because their rules were changed after these results: "+strings.Join(changed, ", "))
	}
	if len(r.Missing) > 0 {
		r.Notes = append(r.Notes, "missing: "+strings.Join(r.Missing, "; "))
	}
}

// changedRules names the claims of both studies whose effect, rule or need differs.
func changedRules(was, now *Study) (changed []string) {
	for _, c := range now.Claims {
		for _, old := range was.Claims {
			if c.ID == old.ID && now.rule(c) != was.rule(old) {
				changed = append(changed, c.ID)
			}
		}
	}
	return changed
}

// rule is what judges a claim, without words: effects on ranges of ops, and rules.
func (s *Study) rule(c Claim) string {
	type term struct {
		Term
		Ops     any
		Context string
	}
	terms := func(effect []Term) (all []term) {
		for _, t := range effect {
			r, _ := s.Range(t.Range)
			t.Range = ""
			all = append(all, term{t, r.Ops, r.Context})
		}
		return all
	}
	var parts []any
	for _, cond := range c.conditions() {
		parts = append(parts, terms(cond.Effect), cond.Rule)
	}
	text, err := json.Marshal(parts)
	if err != nil {
		panic(fmt.Sprintf("study: a rule is not JSON: %v", err)) // NaN: Validate refuses it
	}
	return string(text)
}

// IsOwn says whether the study is a user's own: none of the project's, or one of them with
// something changed.
func (s *Study) IsOwn() bool {
	return !slices.Contains(Names(), s.Name) || s.Differs() != ""
}

// FolderName is what folders of the study's results are called: its name, with an
// addition where the name is that of one of the project's studies and the study is another,
// so that neither takes the other's place.
func (s *Study) FolderName() string {
	if s.Differs() != "" {
		return s.Name + "-own"
	}
	return s.Name
}

// Differs says in words why a study is another than the one that has its name in the
// project, "" where it is not.
func (s *Study) Differs() string {
	if !slices.Contains(Names(), s.Name) {
		return ""
	}
	own, err := ByName(s.Name, s.Profile, s.Seeds[0])
	if err != nil {
		return fmt.Sprintf("its profile %q is none of the project's", s.Profile)
	}
	if changed := changedRules(own, s); len(changed) > 0 {
		return "the rules of " + strings.Join(changed, ", ") + " are others"
	}
	if len(s.Claims) != len(own.Claims) {
		return fmt.Sprintf("it has %d claims and not %d", len(s.Claims), len(own.Claims))
	}
	if len(s.Arms) != len(own.Arms) {
		return fmt.Sprintf("it has %d arms and not %d", len(s.Arms), len(own.Arms))
	}
	for i := range s.Arms {
		mine, theirs := s.run(&s.Arms[i], s.Seeds[0]), own.run(&own.Arms[i], s.Seeds[0])
		if s.Arms[i].Name != own.Arms[i].Name {
			return fmt.Sprintf("its arm %d is %s and not %s", i+1, s.Arms[i].Name, own.Arms[i].Name)
		}
		if d := pipeline.Why(mine.Eval, theirs.Eval); len(d) > 0 {
			return fmt.Sprintf("arm %s, %s", s.Arms[i].Name, d[0])
		}
	}
	return ""
}
