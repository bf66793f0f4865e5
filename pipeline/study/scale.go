package study

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify"
	"interplay/pipeline"
)

// scale is a profile with what the studies' files make of it.
type scale struct {
	pipeline.Profile
	seed int64 // the first
}

// reinforce is the studies' RL on a range of ops with a reward.
func (s *scale) reinforce(ops gsm.Range, reward verify.Reward) *pipeline.Reinforcement {
	r := s.Studies.RL
	r.Data, r.Reward = s.rl(ops), reward
	step := 0
	switch {
	case r.Data.Family == gsm.Symbolic:
		step = symbolicStep
	case s.Base.Phrases != nil:
		step = phraseStep
	}
	r.GRPO.MaxTokens = max(r.GRPO.MaxTokens, step*(ops.Max+1)) // or no sample of the deepest could end
	return &r
}

// Tokens of a solution for each operation: a step of the symbolic family, and word problems
// in phrases, with the constants that they define.
const (
	symbolicStep = 12
	phraseStep   = 20
)

// rl is the spec of RL problems of a range of ops, even over ops, contexts and modes.
func (s *scale) rl(ops gsm.Range) gsm.Spec {
	return s.uniform(ops, s.Studies.Contexts...)
}

// uniform is a spec that is even over ops, contexts and the base's modes.
func (s *scale) uniform(ops gsm.Range, contexts ...string) gsm.Spec {
	spec, base := gsm.Uniform(s.Base.Data.Family, ops, contexts...), s.Base.Data
	spec.Reverse, spec.Modulus = base.Reverse, base.Modulus
	return spec
}

// withModulus is the scale with arithmetic of another modulus, and the tokens that it takes.
func (s *scale) withModulus(modulus int64) *scale {
	other := *s
	other.Base.Data.Modulus, other.Base.Model.VocabSize = modulus, 0
	if err := other.Base.Fill(); err != nil {
		other.Base.Model.VocabSize = 0 // the study's validation says what is wrong
	}
	return &other
}

// evaluation is the studies' evaluation with the scale's modulus.
func (s *scale) evaluation() *pipeline.Evaluation {
	e := s.Studies.Evaluation
	e.Data.Modulus = s.Base.Data.Modulus
	return &e
}

// rlPrompts is how many problems a run of RL is given.
func rlPrompts(r *pipeline.Reinforcement) int { return r.Prompts * r.GRPO.Steps }

// perTrainStep is what a step of training costs. In tokens it is those of its documents,
// without padding; at the paper's scales all positions, as the paper counts.
func (s *scale) perTrainStep(r pipeline.Pretraining, p pipeline.Price) float64 {
	if p == pipeline.Compute {
		return r.Estimate().FLOPs / float64(r.Train.Steps)
	}
	positions := float64(r.Train.Batch * r.Train.Accumulate * r.Train.Seq)
	if r.Data.Family == gsm.Realistic && r.Phrases == nil {
		return positions
	}
	return r.TokensPerPosition() * positions
}

// perRLStep is what a step of RL at the edge is expected to cost. Its nominal price is that of
// the longest sample allowed, or of the length that the profile names.
func (s *scale) perRLStep(p pipeline.Price) float64 {
	r := s.reinforce(s.Studies.RLOps.Edge, strictReward)
	r.GRPO.Steps = 1
	if long := s.Studies.Split.Longest; p == pipeline.Nominal && long > 0 {
		gamma := 0.0
		if r.GRPO.KL > 0 {
			gamma = 1
		}
		return pipeline.RLTokenEquivalent(float64(r.Prompts*r.GRPO.GroupSize*long), gamma)
	}
	return s.costOf(r, p)
}

// costOf is what RL is expected to cost; of its groups the share teaches something that
// pilots found.
func (s *scale) costOf(r *pipeline.Reinforcement, p pipeline.Price) float64 {
	return r.EstimateLearning(s.Base, cmp.Or(s.Studies.LearnedShare, 1)).In(p)
}

// match is the price at which recipes that are compared cost the same.
func (s *scale) match() pipeline.Price { return cmp.Or(s.Studies.Match, pipeline.Compute) }

// asMuch is how many steps of training by r cost as much as RL, in the price of match.
func (s *scale) asMuch(rl *pipeline.Reinforcement, r pipeline.Pretraining) int {
	return max(1, int(math.Round(s.costOf(rl, s.match())/s.perTrainStep(r, s.match()))))
}

var strictReward = verify.Reward{Form: verify.StrictForm}

// new is a study on this scale, without arms, with seeds from the scale's on.
func (s *scale) new(notebook, title, question string, seeds int) *Study {
	st := &Study{Notebook: notebook, Title: title, Question: question, Profile: s.Name, NotRun: s.NotRun,
		Evaluation: s.Studies.Evaluation, Machine: s.Machine}
	for i := range seeds {
		st.Seeds = append(st.Seeds, s.seed+int64(i))
	}
	return st
}

// base is the first step of the arms that share the base model.
func (s *scale) base() Step {
	r := s.Base
	return Step{Name: "pre-training", Train: &r}
}

// depthRanges are the ops that the studies of depth look at.
func (s *scale) depthRanges() []OpRange {
	title := func(what string, r gsm.Range) string { return fmt.Sprintf("%s (ops %s)", what, dash(r)) }
	ops := s.Studies.Ops
	return []OpRange{
		{Name: "inside", Title: title("inside", ops.Inside), Ops: ops.Inside, Paper: "op 2–10"},
		{Name: "edge", Title: title("edge", ops.Edge), Ops: ops.Edge, Paper: "op 11–14"},
		{Name: "beyond", Title: title("beyond", ops.Beyond), Ops: ops.Beyond, Paper: "op 15–20"},
	}
}

// baseAtEdge is what the studies of depth adjust their effects for: pass@1 of the base at the edge.
func baseAtEdge() []Term { return []Term{{1, "base", "edge", Pass1}} }

func dash(r gsm.Range) string { return strings.ReplaceAll(r.String(), "-", "–") }
