package gsm

import (
	"fmt"
	"strings"
)

// Preset is a named spec.
type Preset struct {
	Name   string `json:"name"`
	Source string `json:"source"` // row of the paper's data table, or what else it follows
	Note   string `json:"note,omitempty"`
	Spec   Spec   `json:"spec"`
}

// Presets lists the data recipes of the paper (table 2 and appendices A.6, A.7,
// A.10) and of the micro scale.
//
// A name that ends in /as_shipped follows the authors' preset file where it
// differs from the paper; shares that do not sum to 1 there are normalised. One
// that ends in /as_printed follows a row of the paper's tables that its figures
// and code contradict. All others are what the paper means, even within each
// range of ops. Pre- and mid-training shares are shares of tokens, RL shares are
// shares of prompts.
//
// The paper describes two modes (§A.1.4) but gives no shares, and the authors'
// driver alternates them, so the presets have one half of reverse mode. Readers
// who inspected the released shards saw forward mode alone up to op 10: that is
// the setting of the as_shipped pre-training mixes. It is a knob: set
// Spec.Reverse before use.
func Presets() []Preset {
	var all []Preset
	all = append(all, compositionPresets()...)
	all = append(all, hardSharePresets()...)
	all = append(all, contextPresets()...)
	all = append(all, rlPresets()...)
	return append(all, microPresets()...)
}

// PresetByName returns a preset.
func PresetByName(name string) (Preset, error) {
	var names []string
	for _, p := range Presets() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Preset{}, fmt.Errorf("unknown preset %q: one of\n  %s", name, strings.Join(names, "\n  "))
}

const (
	contextA = "crazy_zootopia"
	contextB = "teachers_in_school"
	contextC = "movie_festival_awards"
)

func abc() []string { return []string{contextA, contextB, contextC} }

// thirds is the mixture of the easy, medium and hard thirds of op 2–10.
func thirds(easy, medium, hard float64) []Block {
	return []Block{{Range{2, 4}, abc(), easy}, {Range{5, 7}, abc(), medium}, {Range{8, 10}, abc(), hard}}
}

// perOp is a mixture over the paper's contexts with a share for each op from
// first on, normalised.
func perOp(first int, shares ...float64) []Block {
	total := 0.0
	for _, x := range shares {
		total += x
	}
	var mix []Block
	for i, x := range shares {
		mix = append(mix, Block{Range{first + i, first + i}, abc(), x / total})
	}
	return mix
}

func byTokens(name, source, note string, reverse float64, mix ...Block) Preset {
	return Preset{name, source, note, Spec{Unit: Tokens, Reverse: reverse, Mix: mix}}
}

func byPrompts(name, source, note string, mix ...Block) Preset {
	return Preset{name, source, note, Spec{Unit: Samples, Reverse: 0.5, Mix: mix}}
}

// compositionPresets are the mixes of the studies of depth: §§3, 5 and 6.
func compositionPresets() []Preset {
	return []Preset{
		byTokens("pretrain/composition", "§3, §5, §6 (table 2): 20 % op 2–4, 30 % op 5–7, 50 % op 8–10", "", 0.5, thirds(0.2, 0.3, 0.5)...),
		byTokens("pretrain/composition/as_shipped", "the authors' 0.2easy_0.3medium_0.5hard", "op 3 has .86 where .06 must be meant; the file sums to 1.8", 0,
			perOp(2, .06, .86, .08, .10, .10, .10, .16, .16, .18)...),
		byTokens("pretrain/composition/as_trained", "the same file over the shards that exist",
			"op 3 has two shards of 1B tokens only: 11.4B tokens in all, as the released checkpoint's step count says; derived, not stated by the authors", 0,
			perOp(2, .06, .20, .08, .10, .10, .10, .16, .16, .18)...),
		byTokens("midtrain/composition", "§5, §A.10: 20 % op 2–10, 80 % op 11–14", "", 0.5,
			Block{Range{2, 10}, abc(), 0.2}, Block{Range{11, 14}, abc(), 0.8}),
		byTokens("midtrain/composition/as_shipped", "the authors' mid-training mix", "rounded to .0221 and .0223 an op", 0,
			perOp(2, .0221, .0221, .0221, .0221, .0221, .0221, .0221, .0221, .0223, .2, .2, .2, .2)...),
	}
}

// hardSharePresets are the pre-training mixes of §A.7, by the share of op 8–10.
func hardSharePresets() []Preset {
	const name = "pretrain/hard_share_"
	return []Preset{
		byTokens(name+"0.001", "§A.7: 49.95 / 49.95 / 0.1", "", 0.5, thirds(0.4995, 0.4995, 0.001)...),
		byTokens(name+"0.001/as_shipped", "the authors' 0.4995/0.4995/0.001", "hard ops have .003 each, .9 % in all; the file sums to 1.008", 0,
			perOp(2, .1665, .1665, .1665, .1665, .1665, .1665, .003, .003, .003)...),
		byTokens(name+"0.001/as_printed", "§A.7, first row as printed: 99.9 % op 2–6, 0.1 % op 8–20", "matches neither figure 15 nor the code", 0.5,
			Block{Range{2, 6}, abc(), 0.999}, Block{Range{8, 20}, abc(), 0.001}),
		byTokens(name+"0.05", "§A.7: 47.5 / 47.5 / 5", "", 0.5, thirds(0.475, 0.475, 0.05)...),
		byTokens(name+"0.05/as_shipped", "the authors' 0.475/0.475/0.05", "rounded; the file sums to .9996", 0,
			perOp(2, .1583, .1583, .1583, .1583, .1583, .1583, .0166, .0166, .0166)...),
		byTokens(name+"0.2", "§A.7: 50 / 30 / 20", "", 0.5, thirds(0.5, 0.3, 0.2)...),
		byTokens(name+"0.2/as_shipped", "the authors' 0.5/0.3/0.2", "rounded to .01", 0,
			perOp(2, .18, .16, .16, .10, .10, .10, .08, .06, .06)...),
		byTokens(name+"0.333", "figure 15: uniform over op 2–10", "a point of the figure that the table lacks", 0.5,
			Block{Range{2, 10}, abc(), 1}),
		byTokens(name+"0.333/as_shipped", "the authors' uniform mix", "rounded: op 10 has .12, the others .11", 0,
			perOp(2, .11, .11, .11, .11, .11, .11, .11, .11, .12)...),
		byTokens(name+"0.5", "§A.7: 20 / 30 / 50", "the same as pretrain/composition", 0.5, thirds(0.2, 0.3, 0.5)...),
	}
}

// contextPresets are the pre-training mixes of the exposure study: §4, §A.6.
func contextPresets() []Preset {
	var all []Preset
	for _, b := range []float64{0, 0.001, 0.01, 0.1} {
		mix := []Block{{Range{2, 20}, []string{contextA}, 1 - b}}
		if b > 0 {
			mix = append(mix, Block{Range{2, 2}, []string{contextB}, b})
		}
		all = append(all, byTokens(fmt.Sprintf("pretrain/context_b_%g", b),
			fmt.Sprintf("§4, §A.6.2: %g %% context A op 2–20, %g %% context B op 2", 100*(1-b), 100*b), "", 0.5, mix...))
	}
	return append(all, byTokens("pretrain/context_b_0.001_all_ops", "§A.6.1: 99.9 % context A, 0.1 % context B, both op 2–20", "", 0.5,
		Block{Range{2, 20}, []string{contextA}, 0.999}, Block{Range{2, 20}, []string{contextB}, 0.001}))
}

// rlPresets are the prompts of reinforcement learning: §§3 to 6, §A.6, §A.7.
func rlPresets() []Preset {
	var all []Preset
	for _, r := range []struct {
		ops          Range
		source, note string
	}{
		{Range{7, 10}, "§3, inside the pre-training range", "table 2 prints 8–10, the text and the code 7–10"},
		{Range{9, 12}, "§3, across the edge", ""},
		{Range{11, 14}, "§3, §6, §A.7, the edge", ""},
		{Range{17, 20}, "§3, beyond the edge", ""},
	} {
		all = append(all, byPrompts("rl/op"+r.ops.String(), r.source, r.note, Block{r.ops, abc(), 1}))
	}
	all = append(all,
		byPrompts("rl/op7-10/as_printed", "table 2: op 8–10", "the text and the code have 7–10", Block{Range{8, 10}, abc(), 1}),
		byPrompts("rl/midtrain_mix", "§5: the distribution of mid-training", "", Block{Range{2, 10}, abc(), 0.2}, Block{Range{11, 14}, abc(), 0.8}),
		byPrompts("rl/midtrain_mix/as_shipped", "the authors' §5 recipes: op 11–14 alone", "", Block{Range{11, 14}, abc(), 1}))
	for _, b := range []float64{0, 0.01, 0.02, 0.1, 0.5, 1} {
		var mix []Block
		if b < 1 {
			mix = append(mix, Block{Range{2, 20}, []string{contextA}, 1 - b})
		}
		if b > 0 {
			mix = append(mix, Block{Range{2, 20}, []string{contextB}, b})
		}
		all = append(all, byPrompts(fmt.Sprintf("rl/context_b_%g", b),
			fmt.Sprintf("§4 (one half), §A.6: op 2–20, %g %% in context B", 100*b), "", mix...))
	}
	return all
}

// microPresets are the mixes of the small models, in samples.
func microPresets() []Preset {
	micro := func(name, source string, mix ...Block) Preset {
		return Preset{"micro/" + name, source, "", Spec{Family: Symbolic, Unit: Samples, Mix: mix}}
	}
	a, b := []string{"A"}, []string{"B"}
	all := []Preset{
		micro("pretrain", "op 0–4 with a tail of 3 % op 5–6: an edge of competence, not a cliff", Block{Range{0, 4}, a, 0.97}, Block{Range{5, 6}, a, 0.03}),
		micro("rl_easy", "inside the pre-training range", Block{Range{1, 3}, a, 1}),
		micro("rl_edge", "where pass@1 fails and pass@k succeeds", Block{Range{5, 6}, a, 1}),
		micro("rl_hard", "beyond the edge: no reward", Block{Range{8, 9}, a, 1}),
		micro("rl_mixed", "easy and edge", Block{Range{1, 6}, a, 1}),
		micro("rl_context_b", "context B, deeper than it was seen", Block{Range{2, 4}, b, 1}),
	}
	for _, share := range []float64{0, 0.001, 0.01, 0.1} {
		mix := []Block{{Range{0, 4}, a, 0.97 * (1 - share)}, {Range{5, 6}, a, 0.03 * (1 - share)}}
		if share > 0 {
			mix = append(mix, Block{Range{0, 2}, b, share})
		}
		all = append(all, micro(fmt.Sprintf("context_b_%g", share), fmt.Sprintf("%g %% of the problems in context B, op 0–2", 100*share), mix...))
	}
	return all
}
