package study

// The paper's values that stand beside ours in figures: strict pass@k of the 100M
// model, per cent. Curves are read off the authors' figure with an error of about
// 0.7 points; numbers of figure 7 are printed there.

// PaperCurve is strict pass@k in per cent of an arm on a range, by k.
type PaperCurve struct {
	Study, Arm, Range string
	Source            string
	Ks                []int
	Values            []float64
}

var paperKs = []int{1, 2, 4, 8, 16, 32, 64, 128}

// PaperCurves are the paper's pass@k curves and bars.
func PaperCurves() []PaperCurve {
	curve := func(arm, source string, values ...float64) PaperCurve {
		return PaperCurve{"edge", arm, "edge", source, paperKs, values}
	}
	bars := func(arm, ops string, one, many float64) PaperCurve {
		return PaperCurve{"reward", arm, ops, "Fig. 7", []int{1, 128}, []float64{one, many}}
	}
	return []PaperCurve{
		curve("base", "Fig. 1, C2", 16.9, 21.9, 26.6, 31.3, 35.9, 39.3, 41.5, 43.9),
		curve("inside", "Fig. 1, C3", 22.2, 25.8, 30.1, 33.8, 36.9, 39.3, 41.1, 42.4),
		curve("edge", "Fig. 1, C4", 51.2, 58.0, 65.0, 71.4, 76.9, 80.4, 83.5, 86.0),
		curve("beyond", "Fig. 1, C5", 18.3, 22.7, 26.6, 30.7, 34.2, 36.8, 38.1, 39.6),
		bars("outcome", "solvable", 70.7, 94.7), bars("outcome", "beyond", 5.6, 23.2),
		bars("gated-0.2", "solvable", 70.7+4.7, 94.7-0.0), bars("gated-0.2", "beyond", 5.6+4.3, 23.2+4.5),
		bars("gated-0.5", "solvable", 70.7+4.6, 94.7-0.1), bars("gated-0.5", "beyond", 5.6+3.4, 23.2+3.0),
		bars("strict", "solvable", 70.7+5.2, 94.7+0.3), bars("strict", "beyond", 5.6+4.1, 23.2+2.6),
	}
}

// PaperOps is a line of a figure of the paper over its own ops: pass@128 in per cent.
type PaperOps struct {
	Study, Arm, Label string
	Source            string
	Ops               []int
	Values            []float64
}

// PaperByOp are the paper's lines over op. Its ops run from 2 to 20, ours are
// fewer, so that they stand in a panel of their own.
func PaperByOp() []PaperOps {
	line := func(arm, label, source string, values ...float64) PaperOps {
		x := PaperOps{Study: "exposure", Arm: arm, Label: label, Source: source, Values: values}
		for i := range values {
			x.Ops = append(x.Ops, 2+i)
		}
		return x
	}
	hard := []int{15, 16, 17, 18, 19, 20}
	return []PaperOps{
		line("rl-0%", "0% B, RL", "Fig. 4, C20", make([]float64, 19)...),
		line("rl-0.1%", "0.1% B, RL", "Fig. 4, C21", 100, 33, 9, 14, 2, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5),
		line("rl-1%", "1% B, RL", "Fig. 4, C22", 100, 98.5, 99.5, 98.5, 98.5, 96.5, 96.3, 94.8, 92.6, 89.5, 85.0, 82.2, 77.3, 77.9, 71.7, 70.2, 65.6, 64.1, 60.7),
		line("rl-10%", "10% B, RL", "Fig. 4, C23", 100, 99.7, 99.7, 99.5, 99.7, 99.5, 98.3, 98.3, 95.9, 95.4, 89.0, 86.7, 85.3, 88.6, 82.2, 82.2, 76.4, 75.1, 67.6),
		{"split", "mix", "mid-training + RL", "Fig. 1, C32", hard, []float64{78.6, 47.0, 33.6, 13.5, 2.5, 0.2}},
		{"split", "full-rl", "Full RL", "Fig. 1, C32", hard, []float64{63.1, 30.0, 14.0, 3.0, 0.7, 0}},
	}
}
