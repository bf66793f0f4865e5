package study

import "interplay/kernelkit/verify"

// rewardStudy asks what RL should pay for (paper §6).
func rewardStudy(s *scale) *Study {
	st := s.new("04_reward_types", "Reward types",
		"Should RL pay for the right answer, for right steps, or for both?", s.Studies.Seeds)
	st.Ranges = s.depthRanges()
	solvable := s.Studies.Ops.Inside
	solvable.Max = s.Studies.Ops.Edge.Max
	st.Ranges = append(st.Ranges, OpRange{Name: "solvable", Title: "inside and edge (ops " + dash(solvable) + ")", Ops: solvable, Paper: "op 2–14"})
	st.Arms = []Arm{{Name: "base", Label: "base", About: "no RL", Steps: []Step{s.base()}}}
	arm := func(name, label, about string, form verify.RewardForm, alpha float64) {
		reward := verify.Reward{Form: form, Alpha: alpha}
		st.Arms = append(st.Arms, Arm{Name: name, Label: label, About: about, Value: alpha,
			Steps: []Step{s.base(), {Name: "RL, reward " + reward.String(), RL: s.reinforce(s.Studies.RLOps.Edge, reward)}}})
	}
	arm("outcome", "outcome", "1 for the right answer", verify.Outcome, 0)
	arm("mix-0.5", "mix 0.5", "half for the answer, half for the share of right steps", verify.Mix, 0.5)
	arm("mix-0.2", "mix 0.2", "0.2 for the answer, 0.8 for the share of right steps", verify.Mix, 0.2)
	arm("gated-0.5", "gated 0.5", "mix 0.5, but nothing for a wrong answer, as in the authors' code", verify.Gated, 0.5)
	arm("gated-0.2", "gated 0.2", "mix 0.2, but nothing for a wrong answer", verify.Gated, 0.2)
	arm("strict", "strict", "1 when answer and every step are right", verify.StrictForm, 0)
	arm("process", "dense process", "the share of right steps, whatever the answer", verify.Process, 0)
	st.Claims, st.Paper = rewardClaims(), rewardPaper()
	s.rewardArms(st)
	st.Covariate = baseAtEdge()
	return st
}

// rewardPaper are the paper's bars of figure 7.
func rewardPaper() []PaperCurve {
	bars := func(arm, ops string, one, many float64) PaperCurve {
		return PaperCurve{arm, ops, "Fig. 7", []int{1, 128}, []float64{one, many}}
	}
	return []PaperCurve{
		bars("outcome", "solvable", 70.7, 94.7), bars("outcome", "beyond", 5.6, 23.2),
		bars("gated-0.2", "solvable", 70.7+4.7, 94.7-0.0), bars("gated-0.2", "beyond", 5.6+4.3, 23.2+4.5),
		bars("gated-0.5", "solvable", 70.7+4.6, 94.7-0.1), bars("gated-0.5", "beyond", 5.6+3.4, 23.2+3.0),
		bars("strict", "solvable", 70.7+5.2, 94.7+0.3), bars("strict", "beyond", 5.6+4.1, 23.2+2.6),
	}
}

func rewardClaims() []Claim {
	claim := func(id, says, source string, paper *float64, effect []Term, rule Rule) Claim {
		return Claim{ID: id, Says: says, Source: source, Paper: paper, Effect: effect, Rule: rule}
	}
	more := Rule{Above, 0}
	return []Claim{
		claim("strict-less-lucky", "under the strict reward fewer right answers have a wrong process than under outcome", "§6, Fig. 8, C44", nil,
			gain("strict", "outcome", "edge", Lucky), Rule{Below, 0}),
		claim("strict-pass1", "strict beats outcome, pass@1 where problems can be solved", "Fig. 7, C40", percent(5.2), gain("strict", "outcome", "solvable", Pass1), more),
		claim("strict-pass1-beyond", "strict beats outcome, pass@1 beyond", "Fig. 7, C41", percent(4.1), gain("strict", "outcome", "beyond", Pass1), more),
		claim("strict-passk", "strict and outcome give the same pass@k where problems can be solved", "Fig. 7, C42", percent(0.3),
			gain("strict", "outcome", "solvable", PassK), Rule{Within, 0.03}),
		claim("strict-passk-beyond", "strict beats outcome, pass@k beyond", "Fig. 7, C43", percent(2.6), gain("strict", "outcome", "beyond", PassK), more),
		// The paper's text adds the two parts, its code pays nothing for a wrong answer: its figure is of the code.
		claim("gated-0.2-pass1", "a gated mix of 0.2 beats outcome, pass@1 where problems can be solved", "Fig. 7, C40", percent(4.7), gain("gated-0.2", "outcome", "solvable", Pass1), more),
		claim("gated-0.5-pass1", "a gated mix of 0.5 beats outcome, pass@1 where problems can be solved", "Fig. 7, C40", percent(4.6), gain("gated-0.5", "outcome", "solvable", Pass1), more),
		claim("gated-0.2-passk-beyond", "a gated mix of 0.2 beats outcome, pass@k beyond", "Fig. 7, C43", percent(4.5), gain("gated-0.2", "outcome", "beyond", PassK), more),
		claim("mix-0.2-pass1", "the mix as the text has it, 0.2, beats outcome, pass@1 where problems can be solved", "§6 Eq. 3", nil, gain("mix-0.2", "outcome", "solvable", Pass1), more),
		claim("dense-process", "a dense process reward without a gate gives better steps than outcome, beyond the edge", "beyond the paper; a reader found +4.9 points at op 17 (C45)", nil,
			gain("process", "outcome", "beyond", Process), more),
	}
}
