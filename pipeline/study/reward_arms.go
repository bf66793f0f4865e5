package study

import (
	"fmt"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify"
)

// Rewards differ in how many groups they make vary, and so in how many tokens RL learns
// from in the same steps; and at a small modulus answers can be guessed. A profile may ask
// for the comparison at equal trained tokens, and at a modulus at which guessing does not pay.

// rewardArms adds these arms with their claims.
func (s *scale) rewardArms(st *Study) {
	asked := s.Studies.Reward
	if asked.TokenBudget > 0 {
		for _, r := range []verify.Reward{{Form: verify.Outcome}, strictReward, {Form: verify.Gated, Alpha: 0.2}, {Form: verify.Process}} {
			rl := s.reinforce(s.Studies.RLOps.Edge, r)
			rl.GRPO.TokenBudget = asked.TokenBudget
			rl.GRPO.Steps *= 4 // the budget ends the run, not the steps
			st.Arms = append(st.Arms, Arm{Name: tokenArm(r.Form), Label: r.String() + ", equal tokens", About: fmt.Sprintf("RL until it has learned from %s tokens, in as many steps as that takes", short(float64(asked.TokenBudget))),
				Steps: []Step{s.base(), {Name: "RL for equal tokens, reward " + r.String(), RL: rl}}})
		}
		st.Claims = append(st.Claims, tokenClaims()...)
	}
	if asked.Modulus > 0 && s.Base.Data.Family == gsm.Symbolic {
		wide := s.withModulus(asked.Modulus)
		base := wide.base()
		base.Name += fmt.Sprintf(", modulus %d", asked.Modulus)
		add := func(name, label, about string, more ...Step) {
			st.Arms = append(st.Arms, Arm{Name: name + "-wide", Label: fmt.Sprintf("%s, modulus %d", label, asked.Modulus), About: about,
				Evaluation: wide.evaluation(), Steps: append([]Step{base}, more...)})
		}
		add("base", "base", "a base of its own: an answer is guessed in one of "+fmt.Sprint(asked.Modulus))
		for _, r := range []verify.Reward{{Form: verify.Outcome}, strictReward} {
			add(string(r.Form), r.String(), "RL at the edge from that base", Step{Name: fmt.Sprintf("RL at modulus %d, reward %s", asked.Modulus, r), RL: wide.reinforce(s.Studies.RLOps.Edge, r)})
		}
		st.Claims = append(st.Claims, modulusClaims()...)
	}
}

func tokenArm(form verify.RewardForm) string { return string(form) + "-tokens" }

func tokenClaims() []Claim {
	outcome, says := tokenArm(verify.Outcome), "at equal trained tokens "
	return []Claim{
		{ID: "tokens-strict-pass1", Says: says + "strict beats outcome, pass@1 where problems can be solved", Source: "Fig. 7, C40, at another budget", Paper: percent(5.2),
			Effect: gain(tokenArm(verify.StrictForm), outcome, "solvable", Pass1), Rule: Rule{Above, 0}},
		{ID: "tokens-strict-less-lucky", Says: says + "fewer right answers have a wrong process under strict than under outcome", Source: "§6, Fig. 8, C44, at another budget",
			Effect: gain(tokenArm(verify.StrictForm), outcome, "edge", Lucky), Rule: Rule{Below, 0}},
		{ID: "tokens-strict-beyond", Says: says + "strict beats outcome, pass@k beyond", Source: "Fig. 7, C43, at another budget", Paper: percent(2.6),
			Effect: gain(tokenArm(verify.StrictForm), outcome, "beyond", PassK), Rule: Rule{Above, 0}},
		{ID: "tokens-gated-pass1", Says: says + "a gated mix of 0.2 beats outcome, pass@1 where problems can be solved", Source: "Fig. 7, C40, at another budget", Paper: percent(4.7),
			Effect: gain(tokenArm(verify.Gated), outcome, "solvable", Pass1), Rule: Rule{Above, 0}},
		{ID: "tokens-dense-process", Says: says + "a dense process reward gives better steps than outcome beyond the edge", Source: "beyond the paper; a reader found +4.9 points at op 17 (C45)",
			Effect: gain(tokenArm(verify.Process), outcome, "beyond", Process), Rule: Rule{Above, 0}},
	}
}

func modulusClaims() []Claim {
	lucky := func(suffix string) []Term { return gain("outcome"+suffix, "strict"+suffix, "edge", Lucky) }
	return []Claim{
		{ID: "wide-less-lucky", Says: "where answers cannot be guessed the base has fewer lucky ones at the edge", Source: "beyond the paper",
			Effect: gain("base-wide", "base", "edge", Lucky), Rule: Rule{Below, 0}},
		{ID: "wide-hack-less", Says: "there outcome makes less of luck: its share of lucky answers exceeds that of strict by less than at this scale's modulus", Source: "beyond the paper",
			Effect: minus(lucky("-wide"), lucky("")), Rule: Rule{Below, 0}},
		{ID: "wide-outcome-enough", Says: "there outcome and strict give the same pass@1 where problems can be solved, within 3 points", Source: "beyond the paper",
			Effect: gain("strict-wide", "outcome-wide", "solvable", Pass1), Rule: Rule{Within, 0.03}},
	}
}
