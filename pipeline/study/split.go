package study

import (
	"fmt"
	"math"
	"slices"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/train"
)

// splitNames are the paper's names of its allocations (§5), by β, RL's share of the budget.
var splitNames = map[float64]string{0: "Full mid", 0.2: "Light RL", 0.5: "Medium RL", 0.8: "Heavy RL", 1: "Full RL"}

// Accountings of the split study.
const (
	Nominal = "nominal" // RL priced at the longest length allowed, as the paper does
	True    = "true"    // RL priced at the lengths that occur
)

// splitStudy asks how a budget should be divided between mid-training and RL (paper §5).
func splitStudy(s *scale) *Study {
	st := s.new("03_compute_split", "The compute split",
		"A budget can buy mid-training or RL. How should it be divided?", s.Studies.Split.Seeds)
	st.Ranges = s.depthRanges()
	st.Arms = []Arm{{Name: "base", Label: "base", About: "neither", Steps: []Step{s.base()}}}
	for _, budget := range s.budgets() {
		for _, beta := range s.Studies.Split.Betas {
			st.Arms = append(st.Arms, s.splitArm(budget, beta, Nominal))
		}
	}
	if s.Studies.Split.TrueLengths {
		// The same RL run buys less mid-training when it is priced at true lengths: the
		// two lines meet at β = 1.
		nominal := s.budgets()[0]
		budget := nominal * s.trueShare(s.Studies.RLOps.Edge)
		for i := range st.Arms {
			if st.Arms[i].Name == splitName(nominal, 1, Nominal) {
				st.Arms[i].AlsoIn = []string{splitGroup(budget, True)}
			}
		}
		for _, beta := range s.Studies.Split.Betas {
			if beta < 1 {
				st.Arms = append(st.Arms, s.splitArm(budget, beta, True))
			}
		}
	}
	st.Claims = s.splitClaims()
	hard := []int{15, 16, 17, 18, 19, 20}
	st.Figures = []Figure{
		{Name: "grid", Form: GridForm, Title: "The best split, budget by budget", XLabel: "RL's share, β (%)", Ranges: []string{"edge", "beyond"}},
		{Name: "paper", Form: PaperForm, Title: "the paper, 100M parameters", Lines: []PaperLine{
			{"mid-training + RL", "Fig. 1, C32", hard, []float64{78.6, 47.0, 33.6, 13.5, 2.5, 0.2}},
			{"Full RL", "Fig. 1, C32", hard, []float64{63.1, 30.0, 14.0, 3.0, 0.7, 0}},
		}},
	}
	return st
}

// budgets are the budgets in nominal tokens.
func (s *scale) budgets() []float64 {
	all := slices.Clone(s.Studies.Split.Tokens)
	for _, steps := range s.Studies.Split.RLSteps {
		all = append(all, steps*s.perRLStep())
	}
	return all
}

// splitArm divides a budget of tokens between mid-training and RL.
func (s *scale) splitArm(budget, beta float64, accounting string) Arm {
	perRL := s.perRLStep()
	group := splitGroup(budget, accounting)
	if accounting == True {
		perRL *= s.trueShare(s.Studies.RLOps.Edge)
	}
	mid := s.Base
	mid.Data = s.midMix()
	b := SplitBudget(budget, beta, s.perTrainStep(mid), perRL)
	a := Arm{Name: splitName(budget, beta, accounting), Label: splitNames[beta], Group: group, Value: beta, Steps: []Step{s.base()},
		About: fmt.Sprintf("β = %g of %s %s tokens: %d mid-training steps, %d RL steps", beta, short(budget), accounting, b.Mid, b.RL)}
	if b.Mid > 0 {
		mid.Train = s.continued(b.Mid)
		a.Steps = append(a.Steps, Step{Name: fmt.Sprintf("mid-training, %d steps", b.Mid), Train: &mid})
	}
	if b.RL > 0 {
		rl := s.reinforce(s.Studies.RLOps.Edge, strictReward)
		rl.GRPO.Steps = b.RL
		a.Steps = append(a.Steps, Step{Name: fmt.Sprintf("RL, %d steps", b.RL), RL: rl})
	}
	return a
}

// continued is the training of a stage that goes on from the base: its steps, with a
// schedule of their own.
func (s *scale) continued(steps int) train.Config {
	t := s.Base.Train
	t.Steps, t.LR, t.MinLR, t.Warmup = steps, s.Studies.Split.LR, s.Studies.Split.MinLR, int(math.Round(s.Studies.Split.Warmup*float64(steps)))
	t.CheckpointEvery, t.MilestoneEvery = min(t.CheckpointEvery, steps), 0
	return t
}

// midMix is the paper's mid-training mixture: a fifth inside, four fifths edge (§A.10).
func (s *scale) midMix() gsm.Spec {
	spec := s.rl(s.Studies.RLOps.Edge)
	spec.Unit = s.Base.Data.Unit
	spec.Mix = []gsm.Block{{Ops: s.Studies.Ops.Inside, Contexts: s.Studies.Contexts, Share: 0.2}, {Ops: s.Studies.RLOps.Edge, Contexts: s.Studies.Contexts, Share: 0.8}}
	return spec
}

func splitGroup(budget float64, accounting string) string {
	return fmt.Sprintf("%s tokens, %s", short(budget), accounting)
}

func splitName(budget, beta float64, accounting string) string {
	return fmt.Sprintf("%s-%s-β%g", accounting, short(budget), beta)
}

// short writes a number of tokens: 1.05B, 20B, 3.1M.
func short(tokens float64) string {
	switch {
	case tokens >= 1e9:
		return fmt.Sprintf("%.2fB", tokens/1e9)
	case tokens >= 1e6:
		return fmt.Sprintf("%.2fM", tokens/1e6)
	}
	return fmt.Sprintf("%.0fk", tokens/1e3)
}

func (s *scale) splitClaims() []Claim {
	// The claims are about one budget; the paper's figure 1 fits 2.1B best (C33).
	budget := s.budgets()[min(1, len(s.budgets())-1)]
	has := func(beta float64) bool { return slices.Contains(s.Studies.Split.Betas, beta) }
	arm := func(beta float64) string { return splitName(budget, beta, Nominal) }
	claims := []Claim{
		{ID: "mid-raises-edge", Says: "mid-training alone raises pass@1 at the edge", Source: "Fig. 6, C30",
			Effect: gain(arm(0), "base", "edge", Pass1), Rule: Rule{Above, 0}},
		{ID: "rl-raises-edge", Says: "RL alone raises pass@1 at the edge", Source: "Fig. 6, C30",
			Effect: gain(arm(1), "base", "edge", Pass1), Rule: Rule{Above, 0}},
		{ID: "mix-beats-rl-beyond", Says: "mid-training before RL beats RL alone, pass@k beyond", Source: "Fig. 1, C32", Paper: percent(10.8),
			Effect: gain(arm(mixOf(s.Studies.Split.Betas)), arm(1), "beyond", PassK), Rule: Rule{Above, 0}},
	}
	learned := Need{"RL alone or mid-training alone raises pass@1 at the edge, so that there is something to divide",
		append(gain(arm(1), "base", "edge", Pass1), gain(arm(0), "base", "edge", Pass1)...), Rule{Above, 0}}
	if has(0.2) && has(0.8) {
		claims = append(claims,
			Claim{ID: "light-best-edge", Says: "Light RL beats Heavy RL, pass@1 at the edge", Source: "Observation 3, C30, C34",
				Effect: gain(arm(0.2), arm(0.8), "edge", Pass1), Rule: Rule{Above, 0}},
			Claim{ID: "light-beats-full-rl", Says: "Light RL beats Full RL, pass@1 at the edge", Source: "Observation 3, C30",
				Effect: gain(arm(0.2), arm(1), "edge", Pass1), Rule: Rule{Above, 0}},
			Claim{ID: "heavy-best-beyond", Says: "Heavy RL beats Light RL, pass@1 beyond", Source: "Observation 8, C31, C34",
				Effect: gain(arm(0.8), arm(0.2), "beyond", Pass1), Rule: Rule{Above, 0}})
	}
	if s.Studies.Split.TrueLengths {
		lean := splitName(s.budgets()[0]*s.trueShare(s.Studies.RLOps.Edge), 0, True)
		claims = append(claims, Claim{ID: "true-lengths-favour-rl", Says: "priced at true lengths, RL alone beats the mid-training that costs as much, pass@1 at the edge",
			Source: "beyond the paper", Effect: gain(splitName(s.budgets()[0], 1, Nominal), lean, "edge", Pass1), Rule: Rule{Above, 0}})
	}
	return append(claims[:2:2], need(learned, claims[2:]...)...)
}

// mixOf is the share nearest to a Heavy RL mix.
func mixOf(betas []float64) float64 {
	if slices.Contains(betas, 0.8) {
		return 0.8
	}
	return 0.5
}
