package study

import (
	"fmt"
	"slices"

	"interplay/kernelkit/verify"
	"interplay/pipeline"
)

// judgesStudy asks how good a judge RL needs. Truth is known here, so that a judge's mistakes
// can be made in exact shares.
func judgesStudy(s *scale) *Study {
	j := s.judges()
	st := s.new("09_judges", "How good must a judge be?",
		"A judge accepts some wrong solutions and rejects some right ones. How many may it, before RL no longer learns, or learns the wrong thing?", j.Seeds)
	st.Ranges = s.depthRanges()
	st.Arms = []Arm{{Name: "base", Label: "base", About: "no RL", Steps: []Step{s.base()}}}
	add := func(name, label, about, group string, value float64, rl *pipeline.Reinforcement) *Arm {
		st.Arms = append(st.Arms, Arm{Name: name, Label: label, About: about, Group: group, Value: value, Steps: []Step{s.base(), {Name: "RL, " + label, RL: rl}}})
		return &st.Arms[len(st.Arms)-1]
	}
	erring := func(accept, reject float64) *pipeline.Reinforcement {
		rl := s.reinforce(s.Studies.RLOps.Edge, strictReward)
		if accept > 0 || reject > 0 {
			rl.JudgeErrors = &verify.JudgeErrors{FalseAccept: accept, FalseReject: reject}
		}
		return rl
	}
	add("exact", "exact judge", "pays for right solutions and for nothing else", falseAccepts, 0, erring(0, 0)).AlsoIn = []string{falseRejects}
	for _, x := range j.FalseAccept {
		add("accepts-"+shareName(x), "accepts "+shareName(x)+" of the wrong", "and rejects no right one", falseAccepts, x, erring(x, 0))
	}
	for _, x := range j.FalseReject {
		add("rejects-"+shareName(x), "rejects "+shareName(x)+" of the right", "and accepts no wrong one", falseRejects, x, erring(0, x))
	}
	accept, reject := j.FalseAccept[len(j.FalseAccept)/2], j.FalseReject[len(j.FalseReject)/2]
	add("both", fmt.Sprintf("accepts %s, rejects %s", shareName(accept), shareName(reject)), "both mistakes at once", "", 0, erring(accept, reject))
	add("answers", "judges answers alone", "its mistakes follow a pattern: right answers by wrong steps", "", 0,
		s.reinforce(s.Studies.RLOps.Edge, verify.Reward{Form: verify.Outcome}))
	st.Claims, st.Covariate = judgesClaims(j.FalseAccept, j.FalseReject), baseAtEdge()
	if len(j.FalseAccept) == len(j.FalseReject) {
		st.Figures = []Figure{{Name: "grid", Form: GridForm, Title: "What RL gives under a judge that errs", XLabel: "share of mistakes", Groups: []string{falseAccepts, falseRejects}, Ranges: []string{"inside", "edge"}}}
	}
	return st
}

// Groups of the study of judges.
const (
	falseAccepts = "false accepts"
	falseRejects = "false rejects"
)

// judges is the profile's setting of the study, with shares of our own where it says nothing.
func (s *scale) judges() pipeline.Judges {
	j := s.Studies.Judges
	if j.Seeds == 0 {
		j.Seeds = s.Studies.Seeds
	}
	if len(j.FalseAccept) == 0 {
		j.FalseAccept = []float64{0.02, 0.05, 0.1, 0.2}
	}
	if len(j.FalseReject) == 0 {
		j.FalseReject = []float64{0.1, 0.2, 0.4, 0.6}
	}
	return j
}

func judgesClaims(accepts, rejects []float64) []Claim {
	accept, reject := func(x float64) string { return "accepts-" + shareName(x) }, func(x float64) string { return "rejects-" + shareName(x) }
	few, most := slices.Min(accepts), slices.Max(accepts)
	little, much := slices.Min(rejects), slices.Max(rejects)
	learns := Need{Says: "under an exact judge RL raises pass@1 at the edge, so that there is something to lose", Effect: gain("exact", "base", "edge", Pass1), Rule: Rule{Above, 0}}
	claim := func(id, says string, effect []Term, rule Rule) Claim {
		return Claim{ID: id, Says: says, Source: "beyond the paper", Effect: effect, Rule: rule, Needs: &learns}
	}
	all := []Claim{
		claim("few-rejects-cost-little", fmt.Sprintf("a judge that rejects %s of the right costs less than 3 points of pass@1 at the edge", shareName(little)),
			gain(reject(little), "exact", "edge", Pass1), Rule{Within, 0.03}),
		claim("few-accepts-cost-little", fmt.Sprintf("a judge that accepts %s of the wrong costs less than 3 points of pass@1 at the edge", shareName(few)),
			gain(accept(few), "exact", "edge", Pass1), Rule{Within, 0.03}),
		claim("half-blind-still-learns", fmt.Sprintf("a judge that rejects %s of the right still raises pass@1 at the edge", shareName(much)),
			gain(reject(much), "base", "edge", Pass1), Rule{Above, 0}),
		claim("many-accepts-break", fmt.Sprintf("a judge that accepts %s of the wrong costs pass@1 at the edge", shareName(most)),
			gain(accept(most), "exact", "edge", Pass1), Rule{Below, 0}),
		claim("no-luck-without-a-pattern", fmt.Sprintf("mistakes without a pattern teach no luck: accepting %s of the wrong changes the share of lucky answers at the edge by less than 5 points", shareName(most)),
			gain(accept(most), "exact", "edge", Lucky), Rule{Within, 0.05}),
		claim("patterns-are-learned", "mistakes with a pattern are learned: a judge of answers alone makes more right answers lucky than one that errs without a pattern",
			gain("answers", accept(most), "edge", Lucky), Rule{Above, 0}),
	}
	for _, x := range accepts {
		if slices.Contains(rejects, x) {
			all = append(all, claim("accepts-cost-more-"+shareName(x), fmt.Sprintf("accepting %s of the wrong costs more than rejecting %s of the right, pass@1 at the edge", shareName(x), shareName(x)),
				gain(reject(x), accept(x), "edge", Pass1), Rule{Above, 0}))
		}
	}
	return all
}
