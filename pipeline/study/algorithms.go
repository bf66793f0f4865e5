package study

import (
	"cmp"

	"interplay/kernelkit/grpo"
	"interplay/kernelkit/verify"
	"interplay/pipeline"
)

// algorithmsStudy asks whether variants of GRPO differ, at the same compute, base and seeds.
// Four updates a step: with one, the policy that learns is the one that sampled, and no clip
// would ever bite.
func algorithmsStudy(s *scale) *Study {
	seeds := s.Studies.Algorithms.Seeds
	if seeds == 0 {
		seeds = s.Studies.Seeds
	}
	st := s.new("10_algorithms", "Do the algorithms differ?",
		"GRPO has many variants, and each was an improvement where it was published. At the same compute, do they differ here?", seeds)
	st.Ranges = s.depthRanges()
	st.Arms = []Arm{{Name: "base", Label: "base", About: "no RL", Steps: []Step{s.base()}}}
	budget := s.algorithmBudget()
	arm := func(name, label, about string, reward verify.Reward, change func(*grpo.Config)) {
		rl := s.reinforce(s.Studies.RLOps.Edge, reward)
		rl.GRPO.MiniBatch, rl.GRPO.ComputeBudget = max(1, rl.Prompts/4), budget
		rl.GRPO.Steps *= 4 // the budget ends the run, not the steps
		if change != nil {
			change(&rl.GRPO)
		}
		st.Arms = append(st.Arms, Arm{Name: name, Label: label, About: about, Steps: []Step{s.base(), {Name: "RL, " + label, RL: rl}}})
	}
	arm("grpo", "GRPO", "the reference, strict reward", strictReward, nil)
	arm("dr-grpo", "Dr. GRPO", "no division by the group's spread or the completion's length", strictReward, func(c *grpo.Config) {
		c.NoStd, c.Aggregation = true, grpo.Constant
	})
	arm("dapo", "clip higher, dynamic sampling", "an upper clip of 0.28, and groups with equal rewards replaced", strictReward, func(c *grpo.Config) {
		c.ClipHigh, c.DropZeroVariance, c.DynamicSampling = 0.28, true, 10
	})
	arm("gspo", "GSPO", "one ratio a completion, clipped at 3e-4 and 4e-4", strictReward, func(c *grpo.Config) {
		c.SequenceRatio, c.ClipLow, c.ClipHigh, c.Aggregation = true, 3e-4, 4e-4, grpo.SequenceMean
	})
	arm("process", "dense process reward", "GRPO, paid for the share of right steps", verify.Reward{Form: verify.Process}, nil)
	arm("consensus", "consensus of siblings", "GRPO, paid for right answers, half by how far the steps are those of siblings with the right answer", verify.Reward{Form: verify.Consensus, Alpha: 0.5}, nil)
	arm("answers", "answers alone", "GRPO, paid for right answers: what consensus is to be compared with, as neither knows a step's truth", verify.Reward{Form: verify.Outcome}, nil)
	st.Claims, st.Covariate = algorithmsClaims(), baseAtEdge()
	return st
}

// algorithmBudget is what each algorithm may spend (grpo.Config.ComputeBudget): what the
// profile says, or what the studies' RL is expected to take.
func (s *scale) algorithmBudget() float64 {
	if budget := s.Studies.Algorithms.Compute; budget > 0 {
		return budget
	}
	rl := s.reinforce(s.Studies.RLOps.Edge, strictReward)
	planned := rl.EstimateLearning(s.Base, cmp.Or(s.Studies.LearnedShare, 1))
	return rl.GRPO.Compute([]grpo.Metrics{{PromptTokens: int(planned.PromptTokens), TokensGenerated: int(planned.GeneratedTokens), TokensForward: int(planned.TrainTokens)}})
}

// algorithmMargin is within what algorithms count as equal: readers' runs tie within a point,
// which a handful of seeds cannot show.
const algorithmMargin = 0.03

func algorithmsClaims() (all []Claim) {
	learns := Need{Says: "GRPO raises pass@1 at the edge, so that there is something to improve on", Effect: gain("grpo", "base", "edge", Pass1), Rule: Rule{Above, 0}}
	claim := func(id, says, source string, effect []Term, rule Rule) {
		all = append(all, Claim{ID: id, Says: says, Source: source, Effect: effect, Rule: rule, Needs: &learns, Equal: pipeline.Compute})
	}
	ties := "beyond the paper; readers' variants that did not collapse tie within a point"
	for _, x := range []struct{ arm, name string }{{"dr-grpo", "Dr. GRPO"}, {"dapo", "clip higher with dynamic sampling"}, {"gspo", "GSPO"}, {"process", "the dense process reward"}, {"consensus", "consensus of siblings"}} {
		claim(x.arm+"-pass1", x.name+" and GRPO give the same pass@1 at the edge within 3 points", ties, gain(x.arm, "grpo", "edge", Pass1), Rule{Within, algorithmMargin})
		claim(x.arm+"-passk", x.name+" and GRPO give the same pass@k at the edge within 3 points", ties, gain(x.arm, "grpo", "edge", PassK), Rule{Within, algorithmMargin})
	}
	claim("process-beyond", "the dense process reward gives better steps beyond the edge than GRPO under strict", "beyond the paper; readers' only large gain (C45)", gain("process", "grpo", "beyond", Process), Rule{Above, 0})
	claim("consensus-beats-answers", "consensus of siblings gives more pass@1 at the edge than answers alone", "beyond the paper", gain("consensus", "answers", "edge", Pass1), Rule{Above, 0})
	claim("consensus-less-lucky", "consensus of siblings leaves fewer right answers with a wrong process than answers alone", "beyond the paper", gain("consensus", "answers", "edge", Lucky), Rule{Below, 0})
	return all
}
