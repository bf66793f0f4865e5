package study

import (
	"fmt"
	"slices"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify"
	"interplay/pipeline"
)

// edgeStudy asks which problems RL must be given to reach new ones (paper §3).
func edgeStudy(s *scale) *Study {
	st := s.new("01_edge_of_competence", "The edge of competence",
		"Does RL teach a model something new, or does it only make likelier what the model could already do?", s.Studies.Seeds)
	st.Ranges = s.depthRanges()
	arm := func(name, label, about string, step ...Step) {
		st.Arms = append(st.Arms, Arm{Name: name, Label: label, About: about, Steps: append([]Step{s.base()}, step...)})
	}
	rl := func(ops gsm.Range) Step {
		return Step{Name: "RL on ops " + dash(ops), RL: s.reinforce(ops, strictReward)}
	}
	arm("base", "base", "no RL")
	arm("inside", "RL inside", "ops that the model was pre-trained on", rl(s.Studies.RLOps.Inside))
	arm("mixed", "RL mixed", "half inside, half edge", rl(s.Studies.RLOps.Mixed))
	arm("edge", "RL at the edge", "ops that one sample fails and many samples solve", rl(s.Studies.RLOps.Edge))
	arm("beyond", "RL beyond", "ops that hardly a sample solves", rl(s.Studies.RLOps.Beyond))
	arm("sft", "fine-tuning", "no RL: gold solutions of the problems at the edge, for as many "+priceName(s.match())+" as RL costs",
		Step{Name: "fine-tuning", Train: s.fineTuning(s.Studies.RLOps.Edge)})
	adaptive := s.reinforce(gsm.Range{Min: s.Studies.RLOps.Inside.Min, Max: s.Studies.Ops.Beyond.Max}, strictReward)
	adaptive.Adaptive, adaptive.MaxPrompt = true, 0
	arm("adaptive", "RL adaptive", "all ops; each step's problems where the model's own groups vary most", Step{Name: "adaptive RL", RL: adaptive})
	arm("answer", "RL, answer only", "at the edge, paid for the answer alone",
		Step{Name: "answer-only RL", RL: s.reinforce(s.Studies.RLOps.Edge, verify.Reward{Form: verify.Outcome})})
	for _, step := range s.Base.Milestones() {
		st.Arms = append(st.Arms, Arm{Name: fmt.Sprintf("base-%d", step), Label: fmt.Sprintf("base at step %d", step), At: step,
			About: "the base on its way, for the ladder", Group: ladder, Value: float64(step), Steps: []Step{s.base()}})
	}
	st.Likelihood, st.Paper = true, edgePaper()
	st.Claims = edgeClaims()
	s.edgeArms(st)
	st.LeftOut = slices.Clone(s.Studies.EdgeArms.Without)
	if !s.Studies.EdgeArms.Controls {
		st.LeftOut = append(st.LeftOut, controlArms...)
	}
	st.Arms = slices.DeleteFunc(st.Arms, func(a Arm) bool { return slices.Contains(st.LeftOut, a.Name) })
	if s.Studies.EdgeArms.Deep {
		st.sampleDeep()
	}
	st.Covariate = baseAtEdge()
	return st
}

// sampleDeep gives each arm that a claim looks at with more attempts than the evaluation has
// an evaluation of its own, with as many samples as the claim needs.
func (s *Study) sampleDeep() {
	for i := range s.Arms {
		a, needed := &s.Arms[i], 0
		for _, c := range s.Claims {
			for _, cond := range c.conditions() {
				for _, t := range cond.Effect {
					if t.Arm == a.Name {
						needed = max(needed, cond.attempts(t, s.Evaluation.Samples))
					}
				}
			}
		}
		if e := s.evaluationOf(a); needed > e.Samples {
			e.Samples = needed
			a.Evaluation = &e
		}
	}
}

// ladder is the group of the base's milestones (paper figure 9).
const ladder = "ladder"

// fineTuning is supervised training on gold solutions of RL problems of a range, that costs
// as much as the study's RL there, in the price of match. It begins with the very problems that
// RL is given and goes on with others of the same spec and split.
func (s *scale) fineTuning(ops gsm.Range) *pipeline.Pretraining {
	r := s.Base
	r.Data, r.Split, r.Target = s.rl(ops), gsm.RL, pipeline.SolutionOnly
	r.Train = s.continued(s.asMuch(s.reinforce(ops, strictReward), r))
	return &r
}

// edgePaper are the paper's curves of figure 3.
func edgePaper() []PaperCurve {
	curve := func(arm, source string, values ...float64) PaperCurve {
		return PaperCurve{arm, "edge", source, []int{1, 2, 4, 8, 16, 32, 64, 128}, values}
	}
	return []PaperCurve{
		curve("base", "Fig. 1, C2", 16.9, 21.9, 26.6, 31.3, 35.9, 39.3, 41.5, 43.9),
		curve("inside", "Fig. 1, C3", 22.2, 25.8, 30.1, 33.8, 36.9, 39.3, 41.1, 42.4),
		curve("edge", "Fig. 1, C4", 51.2, 58.0, 65.0, 71.4, 76.9, 80.4, 83.5, 86.0),
		curve("beyond", "Fig. 1, C5", 18.3, 22.7, 26.6, 30.7, 34.2, 36.8, 38.1, 39.6),
	}
}

func edgeClaims() []Claim {
	return []Claim{
		{ID: "edge-raises-pass1", Says: "RL at the edge raises pass@1 there", Source: "Fig. 3, C2, C4", Paper: percent(51.2 - 16.9),
			Effect: gain("edge", "base", "edge", Pass1), Rule: Rule{Above, 0}},
		{ID: "edge-raises-passk", Says: "RL at the edge raises pass@k there: new problems, not only surer ones", Source: "Fig. 3, C2, C4", Paper: percent(86.0 - 43.9),
			Effect: gain("edge", "base", "edge", PassK), Rule: Rule{Above, 0}},
		{ID: "beyond-gains-nothing", Says: "RL beyond the edge does not raise pass@k at the edge", Source: "Fig. 3, C5", Paper: percent(39.6 - 43.9),
			Effect: gain("beyond", "base", "edge", PassK), Rule: Rule{Below, 0.05},
			Needs: &Need{Says: "RL at the edge gains, so that a gain was possible", Effect: gain("edge", "base", "edge", PassK), Rule: Rule{Above, 0}}},
		{ID: "inside-sharpens", Says: "RL inside raises pass@1 at the edge more than pass@k: it sharpens", Source: "Fig. 3, C3", Paper: percent(22.2 - 16.9 - (42.4 - 43.9)),
			Effect: minus(gain("inside", "base", "edge", Pass1), gain("inside", "base", "edge", PassK)), Rule: Rule{Above, 0}},
		{ID: "edge-raises-pass128", Says: "RL at the edge raises pass@128 there: new problems, not only surer ones", Source: "Fig. 3, C2, C4", Paper: percent(86.0 - 43.9),
			Effect: gain("edge", "base", "edge", PassAt(128)), Rule: Rule{Above, 0}},
		{ID: "edge-curve-apart", Says: "at the edge RL there leads at every number of attempts up to 128: its curve does not cross the base's", Source: "Fig. 3, C4",
			Effect: gain("edge", "base", "edge", Curve), Rule: Rule{StayApartTo, 128}},
		{ID: "inside-curve-crosses", Says: "at the edge RL inside leads with one attempt and is behind the base with 128: its curve crosses", Source: "Fig. 3, C3",
			Effect: gain("inside", "base", "edge", Curve), Rule: Rule{CrossBy, 128}},
		{ID: "inside-pass1", Says: "RL inside raises pass@1 inside", Source: "Observation 1, C1",
			Effect: gain("inside", "base", "inside", Pass1), Rule: Rule{Above, 0}},
		{ID: "inside-passk", Says: "inside, RL does not raise pass@k", Source: "Observation 1, C1",
			Effect: gain("inside", "base", "inside", PassK), Rule: Rule{Below, 0.02}},
		{ID: "edge-reaches-beyond", Says: "RL at the edge raises pass@k beyond it", Source: "Fig. 3, C7",
			Effect: gain("edge", "base", "beyond", PassK), Rule: Rule{Above, 0}},
		{ID: "edge-keeps-inside", Says: "RL at the edge does not lower pass@1 inside by more than 5 points", Source: "Observation 1, C1, C16",
			Effect: gain("edge", "base", "inside", Pass1), Rule: Rule{Above, -0.05}},
		{ID: "gold-likelier", Says: "RL at the edge makes gold solutions there likelier", Source: "Fig. 10, C11",
			Effect: gain("base", "edge", "edge", NLL), Rule: Rule{Above, 0}},
		{ID: "gold-likelier-near", Says: "the likelihood gains more at the trained range than beyond it", Source: "Fig. 10, C11",
			Effect: minus(gain("base", "edge", "edge", NLL), gain("base", "edge", "beyond", NLL)), Rule: Rule{Above, 0}},
		{ID: "rl-beats-sft", Says: "RL gives more pass@k at the edge than fine-tuning for the same cost", Source: "beyond the paper; readers found −8 points (C17)", Equal: pipeline.Compute,
			Effect: gain("edge", "sft", "edge", PassK), Rule: Rule{Above, 0}},
		{ID: "sft-forgets", Says: "fine-tuning keeps less pass@1 inside than RL", Source: "beyond the paper; readers found −10 points (C17)", Equal: pipeline.Compute,
			Effect: gain("sft", "edge", "inside", Pass1), Rule: Rule{Below, 0}},
		{ID: "adaptive-helps", Says: "a curriculum that follows the edge beats a fixed range, pass@k at the edge and beyond", Source: "beyond the paper (its Practical Guidance 1)",
			Effect: append(gain("adaptive", "edge", "edge", PassK), gain("adaptive", "edge", "beyond", PassK)...), Rule: Rule{Above, 0}},
		{ID: "answer-only-is-luckier", Says: "paid for answers alone, more right answers have a wrong process", Source: "§6, here at the edge",
			Effect: gain("answer", "edge", "edge", Lucky), Rule: Rule{Above, 0}},
	}
}

// shareName writes a share as a name: 0.001 → 0.1%.
func shareName(x float64) string { return fmt.Sprintf("%.4g%%", 100*x) }
