package study

import (
	"fmt"
	"math"
	"slices"

	"interplay/kernelkit/gsm"
	"interplay/pipeline"
)

// hardStudy asks how many hard problems pre-training must hold for RL to go on from (paper A.7).
func hardStudy(s *scale) *Study {
	h := s.hard()
	st := s.new("06_hard_share", "The hard share of pre-training",
		"How much of pre-training must be hard, for RL to carry the model further?", h.Seeds)
	st.Ranges, st.Varies = s.depthRanges(), fmt.Sprintf("share of ops %s varies", dash(*h.Ops))
	for _, share := range h.Shares {
		name, pre := shareName(share), s.hardMix(*h.Ops, share)
		first := Step{Name: "pre-training, " + name + " hard", Train: pre}
		st.Arms = append(st.Arms,
			Arm{Name: "base-" + name, Label: name + " hard", About: "pre-training with " + name + " on ops " + dash(*h.Ops), Group: "before RL", Value: share, Steps: []Step{first}},
			Arm{Name: "rl-" + name, Label: name + " hard, RL", About: "then RL at the edge", Group: "after RL", Value: share,
				Steps: []Step{first, {Name: "RL at the edge", RL: s.reinforce(s.Studies.RLOps.Edge, strictReward)}}})
	}
	st.Claims = hardClaims(h.Shares)
	st.Figures = []Figure{{Name: "grid", Form: GridForm, Title: "Before and after RL, by the hard share of pre-training", XLabel: "hard share of pre-training", Ranges: []string{"inside", "edge", "beyond"}}}
	return st
}

// hard is the profile's setting of the study, with the paper's shares and its upper third of
// the ops inside where the profile says nothing.
func (s *scale) hard() pipeline.Hard {
	h := s.Studies.Hard
	if h.Seeds == 0 {
		h.Seeds = s.Studies.Exposure.Seeds
	}
	if h.Ops == nil {
		ops := s.Studies.Ops.Inside
		ops.Min = ops.Max - (ops.Max-ops.Min+1+2)/3 + 1
		h.Ops = &ops
	}
	if len(h.Shares) == 0 {
		h.Shares = []float64{0.001, 0.05, 0.2, 0.333, 0.5}
	}
	return h
}

// hardMix is pre-training with a share of hard problems, the rest even over the ops below them.
func (s *scale) hardMix(hard gsm.Range, share float64) *pipeline.Pretraining {
	r := s.Base
	low := hard.Min
	for _, b := range r.Data.Mix {
		low = min(low, b.Ops.Min)
	}
	r.Data.Mix = []gsm.Block{{Ops: gsm.Range{Min: low, Max: hard.Min - 1}, Contexts: s.Studies.Contexts, Share: 1 - share},
		{Ops: hard, Contexts: s.Studies.Contexts, Share: share}}
	r.Train.MilestoneEvery = 0
	return &r
}

// hardPaper are the paper's changes of pass@128 by RL in points, inside, at the edge and beyond
// (Figure 15, C60–C62), by hard share.
var hardPaper = map[float64][3]float64{
	0.001: {-1.7, 29.0, 5.9}, 0.05: {-0.5, 29.2, 10.4}, 0.2: {-1.1, 16.6, 22.1}, 0.333: {-0.7, 45.3, 18.0}, 0.5: {-0.4, 42.0, 25.8},
}

func hardClaims(shares []float64) []Claim {
	var all []Claim
	rl := func(share float64, ops string, m Measure) []Term {
		return gain("rl-"+shareName(share), "base-"+shareName(share), ops, m)
	}
	for _, x := range shares {
		name := shareName(x)
		add := func(k int, ops, says, source string, rule Rule) {
			c := Claim{ID: "hard-" + name + "-" + ops, Says: fmt.Sprintf(says, name), Source: source, Effect: rl(x, ops, PassK), Rule: rule}
			if paper, ok := hardPaper[x]; ok {
				c.Paper = percent(paper[k])
			}
			all = append(all, c)
		}
		add(0, "inside", "with %s hard, RL at the edge changes pass@k inside by less than 3 points", "Fig. 15, C60", Rule{Within, 0.03})
		add(1, "edge", "with %s hard, RL at the edge raises pass@k there", "Fig. 15, C61", Rule{Above, 0})
		add(2, "beyond", "with %s hard, RL at the edge raises pass@k beyond", "Fig. 15, C62", Rule{Above, 0})
	}
	low, high := slices.Min(shares), slices.Max(shares)
	middle := shares[0]
	for _, x := range shares {
		if math.Abs(x-0.2) < math.Abs(middle-0.2) {
			middle = x
		}
	}
	return append(all,
		Claim{ID: "partial-gains-most", Says: fmt.Sprintf("RL gains more beyond where pre-training was %s hard than where it was %s: partial competence gains most, pass@k", shareName(middle), shareName(high)),
			Source: "Observation 7, C63; its own Fig. 15 has the contrary", Paper: percent(22.1 - 25.8), Effect: minus(rl(middle, "beyond", PassK), rl(high, "beyond", PassK)), Rule: Rule{Above, 0}},
		Claim{ID: "little-gains-little", Says: fmt.Sprintf("RL gains more pass@1 at the edge where pre-training was %s hard than where it was %s", shareName(middle), shareName(low)),
			Source: "Fig. 16, C64", Effect: minus(rl(middle, "edge", Pass1), rl(low, "edge", Pass1)), Rule: Rule{Above, 0}},
		Claim{ID: "hard-lifts-base", Says: fmt.Sprintf("%s hard instead of %s lifts the base, pass@k at the edge", shareName(high), shareName(low)), Source: "Observation 7, C63",
			Effect: gain("base-"+shareName(high), "base-"+shareName(low), "edge", PassK), Rule: Rule{Above, 0}},
		Claim{ID: "hard-lifts-final", Says: fmt.Sprintf("%s hard instead of %s lifts what RL makes of the base, pass@k beyond", shareName(high), shareName(low)), Source: "Observation 7, C63",
			Effect: gain("rl-"+shareName(high), "rl-"+shareName(low), "beyond", PassK), Rule: Rule{Above, 0}})
}
