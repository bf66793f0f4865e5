package study

import (
	"fmt"
	"slices"

	"interplay/kernelkit/gsm"
	"interplay/pipeline"
)

// Groups of the study of RL's share of context B, as A.6.1 and A.6.2 of the paper set them up.
const (
	rareB    = "rare at every op"
	shallowB = "shallow ops only"
)

// shareStudy asks how much of RL must be in a context that pre-training hardly showed (paper A.6).
func shareStudy(s *scale) *Study {
	sh := s.share()
	st := s.new("07_rl_share", "RL's share of a context",
		"How much of RL must be in a new context, and does RL in one help the other?", sh.Seeds)
	x := s.Studies.Exposure
	a, b := x.Contexts[0], x.Contexts[1]
	known := s.rangeOfA()
	st.Evaluation.Data = s.uniform(gsm.Range{Min: x.Ops.Min, Max: known.Max}, a, b)
	deep := gsm.Range{Min: min(x.Seen.Max+1, known.Max), Max: known.Max}
	long := st.Evaluation.Data.Complete().Mix[0].Contexts
	st.Ranges = []OpRange{
		{Name: "B-seen", Title: fmt.Sprintf("B, ops to %d", x.Seen.Max), Ops: gsm.Range{Min: x.Ops.Min, Max: x.Seen.Max}, Context: long[1], Paper: "op 2"},
		{Name: "B-deep", Title: "B, ops " + dash(deep), Ops: deep, Context: long[1], Paper: "op 3–20"},
		{Name: "A-deep", Title: "A, ops " + dash(deep), Ops: deep, Context: long[0], Paper: "op 3–20"},
	}
	for _, g := range []struct {
		name, group string
		ops         gsm.Range
		share       float64
	}{{"rare", rareB, known, sh.Rare}, {"shallow", shallowB, x.Seen, sh.Shallow}} {
		pre := s.exposedTo(a, b, g.ops, g.share)
		first := Step{Name: fmt.Sprintf("pre-training, %s B %s", shareName(g.share), g.group), Train: pre}
		st.Arms = append(st.Arms, Arm{Name: "base-" + g.name, Label: "base, B " + g.group, About: fmt.Sprintf("pre-training with %s of B, ops %s", shareName(g.share), dash(g.ops)), Steps: []Step{first}})
		for _, share := range sh.Shares {
			st.Arms = append(st.Arms, Arm{Name: "rl-" + g.name + "-" + shareName(share), Label: fmt.Sprintf("RL with %s B", shareName(share)), Group: g.group, Value: share,
				About: fmt.Sprintf("then RL, %s of its problems in B", shareName(share)), Steps: []Step{first, {Name: fmt.Sprintf("RL, %s in B", shareName(share)), RL: s.shared(a, b, share)}}})
		}
	}
	st.Claims, st.Varies = shareClaims(sh.Shares), "how B is shown varies"
	st.Figures = []Figure{{Name: "grid", Form: GridForm, Title: "What RL makes of both contexts, by its share of B", XLabel: "RL's share of B", Ranges: []string{"B-deep", "A-deep"}}}
	return st
}

// share is the profile's setting of the study, with the paper's where the profile says nothing.
func (s *scale) share() pipeline.Share {
	sh := s.Studies.Share
	if sh.Seeds == 0 {
		sh.Seeds = s.Studies.Exposure.Seeds
	}
	if sh.Rare == 0 {
		sh.Rare = 0.001
	}
	if sh.Shallow == 0 {
		sh.Shallow = 0.01
	}
	if len(sh.Shares) == 0 {
		sh.Shares = []float64{0, 0.01, 0.1, 0.5, 1}
	}
	return sh
}

// rangeOfA are the ops that are evaluated and that pre-training shows fully in context A.
func (s *scale) rangeOfA() gsm.Range {
	ops := s.Studies.Exposure.Ops
	if len(s.Studies.Contexts) == 1 {
		ops.Max = min(ops.Max, s.Studies.Ops.Inside.Max)
	}
	return ops
}

// exposedTo is pre-training in which a share of the corpus is context B on the given ops, and
// the rest is context A over its whole range.
func (s *scale) exposedTo(a, b string, ops gsm.Range, share float64) *pipeline.Pretraining {
	r := *s.exposed(a, b, 0)
	for i := range r.Data.Mix {
		r.Data.Mix[i].Share *= 1 - share
	}
	r.Data.Mix = append(r.Data.Mix, gsm.Block{Ops: ops, Contexts: []string{b}, Share: share})
	return &r
}

// shared is RL of which a share of the problems is in context B, even over ops.
func (s *scale) shared(a, b string, share float64) *pipeline.Reinforcement {
	r := s.Studies.RL
	ops := s.Studies.Exposure.RL
	r.Data = s.uniform(ops, a, b)
	r.Data.Mix = nil
	for _, block := range []gsm.Block{{Ops: ops, Contexts: []string{a}, Share: 1 - share}, {Ops: ops, Contexts: []string{b}, Share: share}} {
		if block.Share > 0 {
			r.Data.Mix = append(r.Data.Mix, block)
		}
	}
	return &r
}

func shareClaims(shares []float64) []Claim {
	low, high := slices.Min(shares), slices.Max(shares)
	arm := func(group string, share float64) string { return "rl-" + group + "-" + shareName(share) }
	all := []Claim{
		{ID: "rare-transfers", Says: fmt.Sprintf("where pre-training showed B rarely at every op, RL with %s of B helps B all the same, pass@1", shareName(low)), Source: "Fig. 12, Observation 5, C50",
			Effect: gain(arm("rare", low), "base-rare", "B-deep", Pass1), Rule: Rule{Above, 0}},
		{ID: "rare-more-helps", Says: "where pre-training showed B rarely at every op, more of B in RL helps B more, pass@k", Source: "Fig. 12, Observation 5, C50",
			Effect: gain(arm("rare", high), arm("rare", low), "B-deep", PassK), Rule: Rule{Above, 0}},
		{ID: "shallow-nothing-from-nothing", Says: fmt.Sprintf("where pre-training showed B at shallow ops only, RL with %s of B does not raise deep B by 5 points, pass@k", shareName(low)), Source: "Fig. 13, Observation 6, C51",
			Effect: gain(arm("shallow", low), "base-shallow", "B-deep", PassK), Rule: Rule{Below, 0.05}},
		{ID: "shallow-keeps-a", Says: fmt.Sprintf("RL with %s of B does not lower deep A by more than 5 points against RL with %s, pass@k", shareName(high), shareName(low)), Source: "Fig. 13, Observation 6, C51",
			Effect: gain(arm("shallow", high), arm("shallow", low), "A-deep", PassK), Rule: Rule{Above, -0.05}},
		{ID: "rare-needs-less", Says: "RL's share of B matters more where B was shown at shallow ops only than where it was rare at every op, pass@k", Source: "A.6.1 against A.6.2, C50, C51",
			Effect: minus(gain(arm("shallow", high), arm("shallow", low), "B-deep", PassK), gain(arm("rare", high), arm("rare", low), "B-deep", PassK)), Rule: Rule{Above, 0}},
	}
	if slices.Contains(shares, 0.1) {
		all = append(all,
			Claim{ID: "a-tenth-lifts-b", Says: fmt.Sprintf("where pre-training showed B at shallow ops only, 10 %% of B in RL lifts deep B by more than 10 points over %s, pass@k", shareName(low)), Source: "Fig. 13, Observation 6, C51", Paper: percent(76),
				Effect: gain(arm("shallow", 0.1), arm("shallow", low), "B-deep", PassK), Rule: Rule{Above, 0.1}},
			Claim{ID: "more-adds-little", Says: fmt.Sprintf("%s of B instead of 10 %% changes deep B by less than 10 points, pass@k", shareName(high)), Source: "Fig. 13, Observation 6, C51",
				Effect: gain(arm("shallow", high), arm("shallow", 0.1), "B-deep", PassK), Rule: Rule{Within, 0.1}},
			Claim{ID: "reward-rises-from-a-tenth", Says: fmt.Sprintf("with 10 %% of B pass@1 on deep B rises during RL by more than with %s", shareName(low)), Source: "Fig. 14, C52",
				Effect: gain(arm("shallow", 0.1), arm("shallow", low), "B-deep", Pass1), Rule: Rule{Above, 0}})
	}
	return all
}
