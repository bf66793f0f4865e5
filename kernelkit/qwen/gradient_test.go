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
			logits := p.Forward(in[n], in[n+1], in[n+2])
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

// relative is |a − b| / |b|.
func relative(a, b []float32) float64 {
	var difference, size float64
	for i := range a {
		difference += math.Pow(float64(a[i])-float64(b[i]), 2)
		size += math.Pow(float64(b[i]), 2)
	}
	return math.Sqrt(difference / size)
}
