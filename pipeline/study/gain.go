package study

import (
	"cmp"
	"fmt"

	"interplay/kernelkit/gsm"
	"interplay/pipeline"
)

// gainStudy asks what RL adds to which base: the base on its way, and bases of other sizes.
func gainStudy(s *scale) *Study {
	seeds := cmp.Or(s.Studies.Gain.Seeds, s.Studies.Seeds)
	st := s.new("08_base_and_gain", "Base and gain",
		"What a base can do says what RL will add to it. By which law?", seeds)
	st.Ranges = s.depthRanges()
	all := gsm.Range{Min: s.Studies.Ops.Inside.Min, Max: s.Studies.Ops.Beyond.Max}
	st.Ranges = append(st.Ranges, OpRange{Name: "all", Title: "all (ops " + dash(all) + ")", Ops: all})
	rl := s.reinforce(s.Studies.RLOps.Edge, strictReward)
	law := Law{ID: "gain", Says: "points of pass@1 that RL adds on an op, over what the base does there", Range: "all", On: []Measure{Pass1, Headroom}}
	pair := func(name, label string, value float64, base Step, at int) {
		r := *rl
		r.Start = at
		st.Arms = append(st.Arms,
			Arm{Name: "base-" + name, Label: label, About: "before RL", Group: "before RL", Value: value, Steps: []Step{base}, At: at},
			Arm{Name: "rl-" + name, Label: label + ", RL", About: "after RL at the edge", Group: "after RL", Value: value, Steps: []Step{base, {Name: "RL at the edge" + fromStep(at), RL: &r}}})
		law.Pairs = append(law.Pairs, Pair{"base-" + name, "rl-" + name})
	}
	steps := s.milestones()
	early := s.base()
	if len(s.Base.Milestones()) == 0 {
		early.Train.Train.MilestoneEvery = steps[0]
	}
	params := float64(s.Base.Model.Params())
	pair("end", "the base", params, early, 0)
	for _, at := range steps {
		pair(fmt.Sprint(at), fmt.Sprintf("the base at step %d", at), params*float64(at)/float64(s.Base.Train.Steps), early, at)
	}
	for _, size := range s.sizes() {
		step := s.base()
		step.Train.Model.HiddenSize, step.Train.Model.Layers, step.Train.Model.FFN = size.Hidden, size.Layers, size.FFN
		step.Train.Train.MilestoneEvery = 0
		n := step.Train.Model.Params()
		step.Name += fmt.Sprintf(", %d parameters", n)
		pair(fmt.Sprintf("%dx%d", size.Layers, size.Hidden), fmt.Sprintf("%d layers of %d", size.Layers, size.Hidden), float64(n), step, 0)
	}
	st.Laws = []Law{law.with("headroom-pays", "RL adds more where k samples find what one does not: points gained rise with pass@k − pass@1 of the base", Headroom, Rule{Above, 0}),
		law.with("less-where-solved", "at the same headroom RL adds less where the base solves more at once: points gained fall with its pass@1", Pass1, Rule{Below, 0})}
	st.Claims, st.Varies = gainClaims(steps), "size and length vary"
	return st
}

func fromStep(at int) string {
	if at == 0 {
		return ""
	}
	return fmt.Sprintf(", from step %d", at)
}

// milestones are the steps of the base at which RL begins too: the profile's, or a third and
// two thirds of its training.
func (s *scale) milestones() []int {
	if steps := s.Base.Milestones(); len(steps) > 0 {
		return steps
	}
	t := s.Base.Train
	every := max(1, t.Steps/3)
	if t.CheckpointEvery > 0 { // milestones are checkpoints
		every = max(1, every/t.CheckpointEvery) * t.CheckpointEvery
	}
	var steps []int
	for at := every; at < t.Steps; at += every {
		steps = append(steps, at)
	}
	return steps
}

// sizes are the profile's, or half and one and a half times the width of the base.
func (s *scale) sizes() (all []pipeline.Size) {
	m := s.Base.Model
	asked := s.Studies.Gain.Sizes
	if len(asked) == 0 {
		asked = []pipeline.Size{{Hidden: m.HiddenSize / 2, FFN: m.FFN / 2}, {Hidden: m.HiddenSize * 3 / 2, FFN: m.FFN * 3 / 2}}
	}
	for _, x := range asked {
		all = append(all, pipeline.Size{Hidden: cmp.Or(x.Hidden, m.HiddenSize), Layers: cmp.Or(x.Layers, m.Layers), FFN: cmp.Or(x.FFN, m.FFN)})
	}
	return all
}

func gainClaims(steps []int) []Claim {
	first := fmt.Sprint(steps[0])
	rose := func(name, ops string, m Measure) []Term { return gain("rl-"+name, "base-"+name, ops, m) }
	return []Claim{
		{ID: "raises-the-end", Says: "RL at the edge raises the finished base's pass@1 there", Source: "Fig. 3, C4", Effect: rose("end", "edge", Pass1), Rule: Rule{Above, 0}},
		{ID: "late-gains-more", Says: "RL adds more pass@1 at the edge to the finished base than to its first milestone", Source: "beyond the paper; Takeaway 1 says that RL needs something to go on from",
			Effect: minus(rose("end", "edge", Pass1), rose(first, "edge", Pass1)), Rule: Rule{Above, 0}},
		{ID: "early-gains-inside", Says: "inside, RL adds more pass@1 to the first milestone than to the finished base", Source: "beyond the paper; Observation 1: inside there is little left to gain",
			Effect: minus(rose(first, "inside", Pass1), rose("end", "inside", Pass1)), Rule: Rule{Above, 0}},
		{ID: "rl-is-no-training", Says: "RL on the first milestone does not make up for the rest of pre-training, pass@1 inside", Source: "beyond the paper",
			Effect: gain("rl-"+first, "base-end", "inside", Pass1), Rule: Rule{Below, 0}},
	}
}
