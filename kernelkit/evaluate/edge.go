package evaluate

import (
	"fmt"

	"interplay/kernelkit/score"
)

// Band says where an op lies for a model.
type Band string

const (
	// Solved: one sample is right more often than not. RL sharpens, it does not extend.
	Solved Band = "solved"
	// Edge: one sample fails more often than not, but k samples hold a right one often
	// enough to learn from. Where the paper finds that RL extends a model (§3, Takeaway 1).
	Edge Band = "edge"
	// Beyond: k samples rarely hold a right one: there is almost no reward to learn from.
	Beyond Band = "beyond"
)

// Borders are where bands end.
type Borders struct {
	Solved    float64 // pass@1 from which an op counts as solved
	Reachable float64 // pass@k from which an op that is not solved counts as edge
}

// DefaultBorders put the paper's base model where the paper has it: op 2–10 solved,
// 11–14 edge (pass@1 .17, pass@128 .44), 15–20 beyond.
var DefaultBorders = Borders{Solved: 0.5, Reachable: 0.2}

// OpBand is what a model does on the problems of an op.
type OpBand struct {
	Op      int            `json:"op"`
	Prompts int            `json:"prompts"`
	K       int            `json:"k"`      // the samples of pass@k
	Pass1   score.Interval `json:"pass1"`  // strict pass@1
	PassK   score.Interval `json:"pass_k"` // strict pass@k
	Band    Band           `json:"band"`
	// Sure: the intervals lie wholly on the band's side of its borders.
	Sure bool `json:"sure"`
}

// Bands answers the practical question of the paper for a model, from its samples:
// which ops are its edge, where pass@1 is low and pass@k is high. k 0 means all samples
// of a prompt. Ops come in order.
func Bands(samples []score.Sample, k int, borders Borders, b score.Bootstrap) ([]OpBand, error) {
	if !(borders.Reachable > 0 && borders.Reachable <= 1 && borders.Solved > 0 && borders.Solved <= 1) {
		return nil, fmt.Errorf("evaluate: borders are %+v: expected numbers in (0, 1]", borders)
	}
	prompts, err := score.Summarise(samples)
	if err != nil {
		return nil, err
	}
	if k == 0 {
		k = score.MaxK(prompts)
	}
	var out []OpBand
	for _, g := range score.GroupBy(prompts, score.ByOp) {
		pass, err := score.MeanPassAtK(g.Prompts, []int{1, k}, score.Strict, score.Unbiased, b)
		if err != nil {
			return nil, fmt.Errorf("evaluate: op %d: %w", g.Op, err)
		}
		e := OpBand{Op: g.Op, Prompts: len(g.Prompts), K: k, Pass1: pass[0], PassK: pass[1]}
		e.Band, e.Sure = borders.Place(e.Pass1, e.PassK)
		out = append(out, e)
	}
	return out, nil
}

// Place is the band of pass@1 and pass@k of an op, and whether their intervals lie wholly on its side of the borders.
func (b Borders) Place(one, many score.Interval) (Band, bool) {
	unsolved := one.High < b.Solved
	switch {
	case one.Value >= b.Solved:
		return Solved, one.Low >= b.Solved
	case many.Value >= b.Reachable:
		return Edge, unsolved && many.Low >= b.Reachable
	}
	return Beyond, unsolved && many.High < b.Reachable
}
