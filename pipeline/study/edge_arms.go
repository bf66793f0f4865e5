package study

import (
	"fmt"
	"math"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify"
	"interplay/pipeline"
)

// The arms of the study of the edge that a profile asks for beside the paper's: controls
// that set apart which problems, whose solutions and which objective teach, and the paper's
// settings where this laboratory's are others, one at a time.

// paperKL is the coefficient of the paper's KL term (§A.3.3).
const paperKL = 1e-3

// controlArms are the arms that a profile has with its controls, and leaves out without.
var controlArms = []string{"sft-same", "reject", "beyond-kl"}

// edgeArms adds them with their claims.
func (s *scale) edgeArms(st *Study) {
	add := func(name, label, about string, step ...Step) {
		st.Arms = append(st.Arms, Arm{Name: name, Label: label, About: about, Steps: append([]Step{s.base()}, step...)})
	}
	rl := s.reinforce(s.Studies.RLOps.Edge, strictReward)
	if s.Studies.EdgeArms.Controls {
		gold := s.fineTuning(s.Studies.RLOps.Edge)
		gold.Problems = rlPrompts(rl)
		own := s.ownSolutions(s.Studies.RLOps.Edge)
		add("sft-same", "fine-tuning, same problems", fmt.Sprintf("gold solutions of exactly the %d problems of RL at the edge, as often as its budget pays", gold.Problems),
			Step{Name: "fine-tuning, the same problems", Train: gold})
		add("reject", "rejection fine-tuning", fmt.Sprintf("the model's own right solutions of the same %d problems, sampling and training for RL's budget", own.Problems),
			Step{Name: "rejection fine-tuning", Reject: own})
		held := s.reinforce(s.Studies.RLOps.Beyond, strictReward)
		held.GRPO.KL = paperKL
		add("beyond-kl", "RL beyond, KL", "as beyond, held to its start by the paper's KL term, so that drift would be seen", Step{Name: "RL beyond, KL", RL: held})
		for _, c := range controlClaims() {
			if c.ID != "beyond-kl-nothing" {
				c.Equal = s.match()
			}
			st.Claims = append(st.Claims, c)
		}
	}
	if s.Studies.EdgeArms.PaperSettings {
		for _, x := range paperSettings(rl) {
			add(x.name, x.label, x.about, Step{Name: "RL, " + x.label, RL: x.rl})
			st.Claims = append(st.Claims, Claim{ID: x.name + "-same", Says: "with the paper's setting (" + x.label + ") RL at the edge gives the same pass@1 there within 3 points",
				Source: "§A.3.3", Effect: gain(x.name, "edge", "edge", Pass1), Rule: Rule{Within, 0.03}})
		}
		cool := s.evaluation()
		cool.Temperature = paperTemperature
		for _, name := range []string{"base", "edge"} {
			of, _ := st.Arm(name)
			a := *of
			a.Name, a.Label, a.Evaluation = name+"-cool", of.Label+fmt.Sprintf(", T %g", paperTemperature), cool
			a.About = fmt.Sprintf("the same model, evaluated at temperature %g as the paper does", paperTemperature)
			st.Arms = append(st.Arms, a)
		}
		st.Claims = append(st.Claims,
			Claim{ID: "cool-same-gain", Says: "evaluated at temperature 0.7, RL at the edge gains as much pass@1 there as at 1, within 5 points", Source: "§A.3.3",
				Effect: minus(gain("edge-cool", "base-cool", "edge", Pass1), gain("edge", "base", "edge", Pass1)), Rule: Rule{Within, 0.05}},
			Claim{ID: "cool-same-edge", Says: "evaluated at temperature 0.7, RL at the edge raises pass@k there", Source: "§A.3.3, Fig. 3",
				Effect: gain("edge-cool", "base-cool", "edge", PassK), Rule: Rule{Above, 0}})
	}
}

// paperTemperature is that of the paper's evaluation (§A.3.3).
const paperTemperature = 0.7

// setting is RL at the edge with one of the paper's settings.
type setting struct {
	name, label, about string
	rl                 *pipeline.Reinforcement
}

// paperSettings are RL with the paper's settings where r has others, one at a time.
func paperSettings(r *pipeline.Reinforcement) (all []setting) {
	add := func(differs bool, name, label, about string, change func(*pipeline.Reinforcement)) {
		if differs {
			changed := *r
			change(&changed)
			all = append(all, setting{name, label, about, &changed})
		}
	}
	add(r.GRPO.KL != paperKL, "paper-kl", "KL 1e-3", "a KL term to the start model in the loss", func(r *pipeline.Reinforcement) { r.GRPO.KL = paperKL })
	add(r.GRPO.GroupSize != paperGroup, "paper-group", "groups of 6", "6 samples a problem", func(r *pipeline.Reinforcement) { r.GRPO.GroupSize = paperGroup })
	quarter := max(1, r.Prompts/4)
	add(r.GRPO.MiniBatch != quarter, "paper-updates", "four updates a step", "four mini-batches a step, so that clipping has something to do",
		func(r *pipeline.Reinforcement) { r.GRPO.MiniBatch = quarter })
	add(r.GRPO.DropZeroVariance, "paper-keeps", "nothing dropped", "groups with equal rewards count in the mean of the loss",
		func(r *pipeline.Reinforcement) { r.GRPO.DropZeroVariance = false })
	return all
}

// ownSolutions is rejection fine-tuning on as many problems and samples as RL has, for what
// sampling leaves of RL's budget.
func (s *scale) ownSolutions(ops gsm.Range) *pipeline.Rejection {
	rl := s.reinforce(ops, strictReward)
	base := s.Base
	base.Data, base.Split, base.Target = rl.Data, gsm.RL, pipeline.SolutionOnly
	r := pipeline.Rejection{Data: rl.Data, Problems: rlPrompts(rl), Samples: rl.GRPO.GroupSize, Temperature: rl.GRPO.Temperature,
		MaxTokens: rl.GRPO.MaxTokens, Reward: verify.Reward{Form: verify.StrictForm}, Train: s.continued(1).WithoutHeldOut()}
	left := s.costOf(rl, s.match()) - r.EstimateSampling(base).In(s.match())
	r.Train = s.continued(max(1, int(math.Round(left/s.perTrainStep(base, s.match()))))).WithoutHeldOut()
	return &r
}

func controlClaims() []Claim {
	return []Claim{
		{ID: "same-problems", Says: "on exactly the same problems RL gives more pass@k at the edge than fine-tuning on gold solutions", Source: "beyond the paper; readers found −8 points (C17)",
			Effect: gain("edge", "sft-same", "edge", PassK), Rule: Rule{Above, 0}},
		{ID: "other-problems-help-sft", Says: "fine-tuning gains from problems that RL never sees: many problems once beat the same ones again and again, pass@k at the edge", Source: "beyond the paper",
			Effect: gain("sft", "sft-same", "edge", PassK), Rule: Rule{Above, 0}},
		{ID: "same-problems-forget", Says: "fine-tuning on the same problems keeps less pass@1 inside than RL", Source: "beyond the paper; readers found −10 points (C17)",
			Effect: gain("sft-same", "edge", "inside", Pass1), Rule: Rule{Below, 0}},
		{ID: "whose-solutions", Says: "on the same problems gold solutions teach more than the model's own right ones, pass@k at the edge", Source: "beyond the paper",
			Effect: gain("sft-same", "reject", "edge", PassK), Rule: Rule{Above, 0}},
		{ID: "which-objective", Says: "on the model's own solutions RL teaches more than fine-tuning on the right ones, pass@1 at the edge", Source: "beyond the paper",
			Effect: gain("edge", "reject", "edge", Pass1), Rule: Rule{Above, 0}},
		{ID: "own-solutions-keep", Says: "the model's own solutions make it forget less inside than gold ones, pass@1", Source: "beyond the paper",
			Effect: gain("reject", "sft-same", "inside", Pass1), Rule: Rule{Above, 0}},
		{ID: "own-solutions-sharpen", Says: "rejection fine-tuning raises pass@1 at the edge more than pass@k: it sharpens", Source: "beyond the paper",
			Effect: minus(gain("reject", "base", "edge", Pass1), gain("reject", "base", "edge", PassK)), Rule: Rule{Above, 0}},
		{ID: "beyond-kl-nothing", Says: "held to its start by a KL term, RL beyond the edge does not raise pass@k at the edge either", Source: "Fig. 3, C5", Paper: percent(39.6 - 43.9),
			Effect: gain("beyond-kl", "base", "edge", PassK), Rule: Rule{Below, 0.05},
			Needs: &Need{Says: "RL at the edge gains, so that a gain was possible", Effect: gain("edge", "base", "edge", PassK), Rule: Rule{Above, 0}}},
	}
}
