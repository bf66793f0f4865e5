package qwen

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// The gradients written by hand, and those of blocks that are computed again, must be those
// that the library derives, for every weight; the sequence is long enough for attention in
// parts, and rows hold several documents.
func TestGradientsByHandEqualTheDerivedOnes(t *testing.T) {
	const batch, seq = 2, 128
	e := open(t, "")
	cfg := testConfig
	cfg.Layers, cfg.FFN = 2, 30
	w := randomWeights(t, cfg, 8)
	tokens := draw(1, batch*seq, cfg.VocabSize)
	positions, segments := make([]int32, batch*seq), make([]int32, batch*seq)
	for i := range positions {
		positions[i], segments[i] = int32(i%50), int32(1+i%seq/50)
	}
	gradients := func(derived, recompute bool) []*tensors.Tensor {
		exec, err := graph.NewExec(e.Backend, func(in []*graph.Node) []*graph.Node {
			n := len(w.Tensors)
			p := Bind(cfg, in[:n])
			p.derived, p.Recompute = derived, recompute
			logits := p.Forward(Rows{Tokens: in[n], Positions: in[n+1], Segments: in[n+2]})
			return graph.Gradient(graph.ReduceAllMean(graph.Square(graph.Add(logits, graph.Sin(logits)))), in[:n]...)
		})
		if err != nil {
			t.Fatal(err)
		}
		as := func(x []int32) *tensors.Tensor { return tensors.FromFlatDataAndDimensions(x, batch, seq) }
		out, err := exec.Call(args(w, as(tokens), as(positions), as(segments))...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := gradients(true, false)
	for name, got := range map[string][]*tensors.Tensor{
		"by hand": gradients(false, false), "by hand, computed again": gradients(false, true), "derived, computed again": gradients(true, true),
	} {
		for i, s := range cfg.Specs() {
			g, w := tensors.MustCopyFlatData[float32](got[i]), tensors.MustCopyFlatData[float32](want[i])
			if d := relative(g, w); d > 2e-5 {
				t.Errorf("%s: the gradients of %s differ by %.2g of their norm", name, s.Name, d)
			}
		}
	}
}

// Where only some positions are wanted, the network gives what it gives there otherwise, and
// the same gradients, also where the last block is computed again.
func TestWantedPositionsAreThoseOfTheWholePass(t *testing.T) {
	const batch, seq = 2, 40
	e := open(t, "")
	w := randomWeights(t, testConfig, 8)
	n := len(w.Tensors)
	tokens, targets := draw(1, batch*seq, testConfig.VocabSize), draw(2, batch*seq, testConfig.VocabSize)
	positions, segments, place := make([]int32, batch*seq), make([]int32, batch*seq), make([]int32, batch*seq)
	var index []int32
	for i := range positions {
		positions[i], segments[i], place[i] = int32(i%20), int32(1+i%seq/20), -1
		if i%20 < 7 || i%3 == 0 { // prompts, and some more
			targets[i] = -1
			continue
		}
		place[i] = int32(len(index))
		index = append(index, int32(i))
	}
	index = append(index, -1, -1, -1) // a program has one size, a batch has fewer
	as := func(x []int32) *tensors.Tensor { return tensors.FromFlatDataAndDimensions(x, batch, seq) }
	run := func(only, derived, recompute bool) []*tensors.Tensor {
		exec, err := graph.NewExec(e.Backend, func(in []*graph.Node) []*graph.Node {
			d := Bind(testConfig, in[:n])
			d.derived, d.Recompute = derived, recompute
			rows, targets := Rows{Tokens: in[n], Positions: in[n+1], Segments: in[n+2]}, in[n+3]
			if only {
				rows.Only = &Only{Index: in[n+4], Place: in[n+5]}
				targets = rows.Only.Targets(targets)
			}
			y := TargetLogProbs(d.Logits(d.Hidden(rows)), targets)
			return append(graph.Gradient(graph.ReduceAllSum(graph.Mul(y, graph.Sin(y))), in[:n]...), graph.ReduceAllSum(y))
		})
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Call(args(w, as(tokens), as(positions), as(segments), as(targets), tensors.FromFlatDataAndDimensions(index, len(index)), as(place))...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := run(false, false, false)
	for name, got := range map[string][]*tensors.Tensor{"by hand": run(true, false, false), "derived": run(true, true, false), "computed again": run(true, false, true)} {
		for i, g := range got {
			what := "the sum of log-probs"
			if i < n {
				what = "the gradient of " + testConfig.Specs()[i].Name
			}
			if d := relative(tensors.MustCopyFlatData[float32](g), tensors.MustCopyFlatData[float32](want[i])); d > 2e-5 {
				t.Errorf("%s: %s differs by %.2g of its norm", name, what, d)
			}
		}
	}
}

// relative is |a − b| / |b|.
func relative(a, b []float32) float64 {
	var difference, size float64
	for i := range a {
		difference += math.Pow(float64(a[i])-float64(b[i]), 2)
		size += math.Pow(float64(b[i]), 2)
	}
	return math.Sqrt(difference / size)
}
