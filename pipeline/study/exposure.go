package study

import (
	"fmt"

	"interplay/kernelkit/gsm"
	"interplay/pipeline"
)

// exposureStudy asks how much of a context a model must have seen before RL can
// teach it to solve deep problems there (paper §4).
func exposureStudy(s *scale) *Study {
	st := s.new("02_seed_exposure", "Seed exposure",
		"How much of a new context must pre-training hold, for RL to make the model good at it?", s.Studies.Exposure.Seeds)
	x := s.Studies.Exposure
	a, b := x.Contexts[0], x.Contexts[1]
	st.Evaluation.Data = s.uniform(x.Ops, a, b)
	deep := gsm.Range{Min: x.Seen.Max + 1, Max: x.Ops.Max}
	if x.Deep != nil {
		deep = *x.Deep
	}
	long := st.Evaluation.Data.Complete().Mix[0].Contexts // full names, as records have them
	st.Ranges = []OpRange{
		{Name: "B-seen", Title: fmt.Sprintf("B, ops seen (to %d)", x.Seen.Max), Ops: gsm.Range{Min: x.Ops.Min, Max: x.Seen.Max}, Context: long[1], Paper: "op 2"},
		{Name: "B-deep", Title: "B, ops " + dash(deep), Ops: deep, Context: long[1], Paper: "op 3–20"},
		{Name: "A-deep", Title: "A, ops " + dash(deep), Ops: deep, Context: long[0]},
	}
	for _, share := range x.Shares {
		pre := s.exposed(a, b, share)
		rl := s.Studies.RL
		rl.Data = s.uniform(x.RL, a, b)
		name := shareName(share)
		st.Arms = append(st.Arms,
			Arm{Name: "base-" + name, Label: name + " B", About: "pre-training with " + name + " of B", Group: "before RL", Value: share,
				Steps: []Step{{Name: "pre-training, " + name + " B", Train: pre}}},
			Arm{Name: "rl-" + name, Label: name + " B, RL", About: "then RL on both contexts, half each", Group: "after RL", Value: share,
				Steps: []Step{{Name: "pre-training, " + name + " B", Train: pre}, {Name: "RL on A and B", RL: &rl}}})
	}
	st.Claims, st.Varies = exposureClaims(), "share of context B varies"
	s.amounts(st)
	st.Figures = []Figure{
		{Name: "exposure", Form: ExposureForm, Title: "Deep problems of B, by the tokens of B in pre-training", XLabel: "tokens of B in pre-training",
			Groups: []string{"before RL", "after RL"}, Ranges: []string{"B-deep"}, Context: long[1]},
		{Name: "similarity", Form: SimilarityForm, Title: "Graphs solved in B: similarity to the nearest training graph of A", XLabel: "similarity",
			Groups: []string{"after RL"}, Ranges: []string{"B-seen", "B-deep"}, Context: long[0]},
		{Name: "paper", Form: PaperForm, Title: "the paper, 100M parameters", Lines: exposurePaper()},
	}
	return st
}

// exposurePaper are the lines of the paper's figure 4.
func exposurePaper() []PaperLine {
	line := func(label, source string, values ...float64) PaperLine {
		x := PaperLine{Label: label, Source: source, Values: values}
		for i := range values {
			x.Ops = append(x.Ops, 2+i)
		}
		return x
	}
	return []PaperLine{
		line("0% B, RL", "Fig. 4, C20", make([]float64, 19)...),
		line("0.1% B, RL", "Fig. 4, C21", 100, 33, 9, 14, 2, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5),
		line("1% B, RL", "Fig. 4, C22", 100, 98.5, 99.5, 98.5, 98.5, 96.5, 96.3, 94.8, 92.6, 89.5, 85.0, 82.2, 77.3, 77.9, 71.7, 70.2, 65.6, 64.1, 60.7),
		line("10% B, RL", "Fig. 4, C23", 100, 99.7, 99.7, 99.5, 99.7, 99.5, 98.3, 98.3, 95.9, 95.4, 89.0, 86.7, 85.3, 88.6, 82.2, 82.2, 76.4, 75.1, 67.6),
	}
}

// amounts adds the arms that set the share of B apart from its amount: two shares, each for
// two lengths of pre-training. The short runs learn less of A too, so B is compared by how far
// it lags behind A.
func (s *scale) amounts(st *Study) {
	x := s.Studies.Exposure
	if x.Amounts == nil {
		return
	}
	a, b := x.Contexts[0], x.Contexts[1]
	name := func(share, length int) string {
		return fmt.Sprintf("%s-%d", shareName(x.Amounts.Shares[share]), x.Amounts.Steps[length])
	}
	for share, of := range x.Amounts.Shares {
		for length, steps := range x.Amounts.Steps {
			long := *s
			long.Studies.Exposure.Steps = steps
			first := Step{Name: fmt.Sprintf("pre-training, %s B, %d steps", shareName(of), steps), Train: long.exposed(a, b, of)}
			rl := s.Studies.RL
			rl.Data = s.uniform(x.RL, a, b)
			st.Arms = append(st.Arms, Arm{Name: "rl-" + name(share, length), Label: fmt.Sprintf("%s B, %d steps, RL", shareName(of), steps), About: "share and amount of B set apart",
				Steps: []Step{first, {Name: "RL on A and B", RL: &rl}}})
		}
	}
	behind := func(share, length int) []Term { // what deep B has less than deep A
		arm := "rl-" + name(share, length)
		return []Term{{1, arm, "B-deep", PassK}, {-1, arm, "A-deep", PassK}}
	}
	st.Claims = append(st.Claims,
		Claim{ID: "amount-not-share", Says: "as many tokens of B in a shorter time, at a larger share: deep B lags behind deep A as far, within 10 points of pass@k", Source: "beyond the paper",
			Effect: minus(behind(1, 0), behind(0, 1)), Rule: Rule{Within, 0.1}},
		Claim{ID: "amount-counts", Says: "at the same share longer pre-training brings deep B nearer to deep A, pass@k", Source: "beyond the paper",
			Effect: minus(behind(0, 1), behind(0, 0)), Rule: Rule{Above, 0}},
		Claim{ID: "share-counts", Says: "in the same time a larger share brings deep B nearer to deep A, pass@k", Source: "beyond the paper",
			Effect: minus(behind(1, 1), behind(0, 1)), Rule: Rule{Above, 0}})
}

// exposed is pre-training in which a share of the corpus is context B, shallow ops only.
func (s *scale) exposed(a, b string, share float64) *pipeline.Pretraining {
	r := s.Base
	var mix []gsm.Block
	if len(s.Studies.Contexts) > 1 { // the corpus holds B too
		mix = []gsm.Block{{Ops: s.Studies.Exposure.Ops, Contexts: []string{a}, Share: 1 - share}}
	} else {
		for _, block := range r.Data.Mix {
			block.Share *= 1 - share
			mix = append(mix, block)
		}
	}
	if share > 0 {
		mix = append(mix, gsm.Block{Ops: s.Studies.Exposure.Seen, Contexts: []string{b}, Share: share})
	}
	r.Data.Mix = mix
	if r.Data.Family == gsm.Realistic && r.Phrases == nil {
		r.Vocabulary = s.Base.Contexts() // RL asks in both, whatever pre-training saw
	}
	if s.Studies.Exposure.Steps > 0 {
		r.Train.Steps = s.Studies.Exposure.Steps
		r.Train.Warmup = min(r.Train.Warmup, r.Train.Steps)
		r.Train.CheckpointEvery, r.Train.MilestoneEvery = min(r.Train.CheckpointEvery, r.Train.Steps), 0
	}
	return &r
}

// Paper figure 4, pass@128 on B after RL, mean over op 3–20 (read off the figure, C20–C23).
const (
	paperB0, paperB01, paperB1, paperB10 = 0, 3.2, 84.4, 90.0
)

func exposureClaims() []Claim {
	all := []Claim{
		{ID: "nothing-from-nothing", Says: "without B in pre-training, RL on B teaches nothing", Source: "Fig. 4, Observation 2, C20", Paper: percent(paperB0),
			Effect: []Term{{1, "rl-0%", "B-deep", PassK}}, Rule: Rule{Below, 0.05}},
		{ID: "one-per-cent-is-enough", Says: "1 % of shallow B lets RL reach deep B", Source: "Fig. 4, C22", Paper: percent(paperB1 - paperB0),
			Effect: gain("rl-1%", "rl-0%", "B-deep", PassK), Rule: Rule{Above, 0.1}},
		{ID: "rl-does-it", Says: "at 1 % it is RL that raises deep B, not pre-training alone", Source: "§4",
			Effect: gain("rl-1%", "base-1%", "B-deep", PassK), Rule: Rule{Above, 0}},
		{ID: "threshold", Says: "the step from 0.1 % to 1 % is larger than that from 1 % to 10 %", Source: "Observation 2, C24", Paper: percent(paperB1 - paperB01 - (paperB10 - paperB1)),
			Effect: minus(gain("rl-1%", "rl-0.1%", "B-deep", PassK), gain("rl-10%", "rl-1%", "B-deep", PassK)), Rule: Rule{Above, 0}},
		{ID: "a-tenth-is-too-little", Says: "0.1 % is too little: deep B stays below 10 %", Source: "Fig. 4, C21", Paper: percent(paperB01),
			Effect: []Term{{1, "rl-0.1%", "B-deep", PassK}}, Rule: Rule{Below, 0.1}},
		{ID: "between", Says: "0.3 % is enough for RL to reach deep B, so the threshold lies below it", Source: "beyond the paper, which has no point between 0.1 and 1 %",
			Effect: gain("rl-0.3%", "rl-0%", "B-deep", PassK), Rule: Rule{Above, 0.1}},
		{ID: "more-is-better", Says: "10 % of B is better than 1 %", Source: "Fig. 4, C23, C24", Paper: percent(paperB10 - paperB1),
			Effect: gain("rl-10%", "rl-1%", "B-deep", PassK), Rule: Rule{Above, 0}},
	}
	return need(Need{Says: "the model with 10 % of B solves deep B after RL in at least a tenth of the problems: without that, nothing was learned that could be compared",
		Effect: []Term{{1, "rl-10%", "B-deep", PassK}}, Rule: Rule{Above, 0.1}}, all...)
}
