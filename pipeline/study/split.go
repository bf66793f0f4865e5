package study

import (
	"fmt"
	"math"
	"slices"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/train"
	"interplay/pipeline"
)

// splitNames are the paper's names of its allocations (§5), by β, RL's share of the budget.
var splitNames = map[float64]string{0: "Full mid", 0.2: "Light RL", 0.5: "Medium RL", 0.8: "Heavy RL", 1: "Full RL"}

// splitStudy asks how a budget should be divided between mid-training and RL (paper §5).
func splitStudy(s *scale) *Study {
	st := s.new("03_compute_split", "The compute split",
		"A budget can buy mid-training or RL. How should it be divided?", s.Studies.Split.Seeds)
	st.Ranges = s.depthRanges()
	st.Arms = []Arm{{Name: "base", Label: "base", About: "neither", Steps: []Step{s.base()}}}
	for _, budget := range s.budgets() {
		for _, beta := range s.Studies.Split.Betas {
			st.Arms = append(st.Arms, s.splitArm(budget, beta, pipeline.Nominal))
		}
	}
	for _, price := range s.otherPrices() {
		s.priceAgain(st, price)
	}
	st.Claims = s.splitClaims()
	st.Covariate = baseAtEdge()
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
		all = append(all, steps*s.perRLStep(pipeline.Nominal))
	}
	return all
}

// otherPrices are those at which the first budget is divided again.
func (s *scale) otherPrices() (all []pipeline.Price) {
	if s.Studies.Split.TrueLengths {
		all = append(all, pipeline.True)
	}
	if s.Studies.Split.Compute {
		all = append(all, pipeline.Compute)
	}
	return all
}

// budgetIn is what the RL that the first budget would buy costs in another price.
func (s *scale) budgetIn(p pipeline.Price) float64 {
	return s.budgets()[0] / s.perRLStep(pipeline.Nominal) * s.perRLStep(p)
}

// priceAgain adds the divisions of the first budget in another price. The same RL run buys
// less mid-training there than at its nominal price: the two lines meet at β = 1.
func (s *scale) priceAgain(st *Study, price pipeline.Price) {
	budget := s.budgetIn(price)
	for i := range st.Arms {
		if st.Arms[i].Name == splitName(s.budgets()[0], 1, pipeline.Nominal) {
			st.Arms[i].AlsoIn = append(st.Arms[i].AlsoIn, splitGroup(budget, price))
		}
	}
	for _, beta := range s.Studies.Split.Betas {
		if beta < 1 {
			st.Arms = append(st.Arms, s.splitArm(budget, beta, price))
		}
	}
}

// splitArm divides a budget between mid-training and RL, each at its price.
func (s *scale) splitArm(budget, beta float64, price pipeline.Price) Arm {
	group := splitGroup(budget, price)
	mid := s.Base
	mid.Data = s.midMix()
	b := SplitBudget(budget, beta, s.perTrainStep(mid, price), s.perRLStep(price))
	a := Arm{Name: splitName(budget, beta, price), Label: splitNames[beta], Group: group, Value: beta, Steps: []Step{s.base()},
		About: fmt.Sprintf("β = %g of %s %s: %d mid-training steps, %d RL steps", beta, short(budget), priceName(price), b.Mid, b.RL)}
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

func splitGroup(budget float64, price pipeline.Price) string {
	if price == pipeline.Compute {
		return short(budget) + " FLOPs"
	}
	return fmt.Sprintf("%s tokens, %s", short(budget), price)
}

// priceName is what a price counts.
func priceName(p pipeline.Price) string {
	if p == pipeline.Nominal || p == pipeline.True {
		return string(p) + " tokens"
	}
	return string(p)
}

func splitName(budget, beta float64, price pipeline.Price) string {
	return fmt.Sprintf("%s-%s-β%g", price, short(budget), beta)
}

// short writes a number of tokens or operations: 1.05B, 20B, 3.1M.
func short(tokens float64) string {
	switch {
	case tokens >= 1e12:
		return fmt.Sprintf("%.2fT", tokens/1e12)
	case tokens >= 1e9:
		return fmt.Sprintf("%.2fB", tokens/1e9)
	case tokens >= 1e6:
		return fmt.Sprintf("%.2fM", tokens/1e6)
	}
	return fmt.Sprintf("%.0fk", tokens/1e3)
}

// splitClaims are the claims about one budget at the paper's price (its figure 1 fits 2.1B
// best, C33), those that compare divisions again at equal FLOPs, and one at true lengths.
func (s *scale) splitClaims() []Claim {
	claims := s.claimsOf(s.budgets()[min(1, len(s.budgets())-1)], pipeline.Nominal)
	for _, c := range s.claimsOf(s.budgetIn(pipeline.Compute), pipeline.Compute)[2:] {
		c.ID, c.Says, c.Source, c.Paper = c.ID+"-flops", "at equal FLOPs, "+c.Says, "beyond the paper, which prices RL at the longest sample; "+c.Source, nil
		claims = append(claims, c)
	}
	alone := func(id, says string, p pipeline.Price) Claim {
		return Claim{ID: id, Says: says, Source: "beyond the paper", Equal: p, Rule: Rule{Above, 0},
			Effect: gain(splitName(s.budgets()[0], 1, pipeline.Nominal), splitName(s.budgetIn(p), 0, p), "edge", Pass1), Needs: claims[2].Needs}
	}
	return append(claims,
		alone("true-lengths-favour-rl", "priced at true lengths, RL alone beats the mid-training that costs as much, pass@1 at the edge", pipeline.True),
		alone("flops-favour-rl", "at equal FLOPs, RL alone beats mid-training, pass@1 at the edge", pipeline.Compute))
}

// claimsOf are the claims about a budget in a price: two that something was learned, and those
// that compare its divisions.
func (s *scale) claimsOf(budget float64, price pipeline.Price) []Claim {
	arm := func(beta float64) string {
		if beta == 1 && price != pipeline.Nominal { // one run, in every price
			return splitName(s.budgets()[0], 1, pipeline.Nominal)
		}
		return splitName(budget, beta, price)
	}
	more := func(id, says, source string, paper *float64, effect []Term) Claim {
		return Claim{ID: id, Says: says, Source: source, Paper: paper, Effect: effect, Rule: Rule{Above, 0}}
	}
	mid, rl := gain(arm(0), "base", "edge", Pass1), gain(arm(1), "base", "edge", Pass1)
	claims := []Claim{
		more("mid-raises-edge", "mid-training alone raises pass@1 at the edge", "Fig. 6, C30", nil, mid),
		more("rl-raises-edge", "RL alone raises pass@1 at the edge", "Fig. 6, C30", nil, rl),
		more("mix-beats-rl-beyond", "mid-training before RL beats RL alone, pass@k beyond", "Fig. 1, C32", percent(10.8),
			gain(arm(mixOf(s.Studies.Split.Betas)), arm(1), "beyond", PassK)),
		more("light-best-edge", "Light RL beats Heavy RL, pass@1 at the edge", "Observation 3, C30, C34", nil, gain(arm(0.2), arm(0.8), "edge", Pass1)),
		more("light-beats-full-rl", "Light RL beats Full RL, pass@1 at the edge", "Observation 3, C30", nil, gain(arm(0.2), arm(1), "edge", Pass1)),
		more("heavy-best-beyond", "Heavy RL beats Light RL, pass@1 beyond", "Observation 8, C31, C34", nil, gain(arm(0.8), arm(0.2), "beyond", Pass1)),
	}
	learned := Need{Says: "RL alone or mid-training alone raises pass@1 at the edge, so that there is something to divide",
		Effect: rl, Rule: Rule{Above, 0}, Or: []Condition{{mid, Rule{Above, 0}}}}
	need(learned, claims[2:]...)
	for i := range claims[2:] {
		claims[2+i].Equal = price
	}
	return claims
}

// mixOf is the share nearest to a Heavy RL mix.
func mixOf(betas []float64) float64 {
	if slices.Contains(betas, 0.8) {
		return 0.8
	}
	return 0.5
}
