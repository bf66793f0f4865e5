package qwen

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Log-probs of targets and their gradients are those that the library derives.
func TestTargetLogProbs(t *testing.T) {
	e := open(t, "")
	w := randomWeights(t, testConfig, 4)
	n, vocab := len(w.Tensors), testConfig.VocabSize
	tokens := tensors.FromFlatDataAndDimensions(draw(1, 12, vocab), 2, 6)
	targets := draw(2, 12, vocab)
	targets[3], targets[11] = -1, -1
	run := func(logProbs func(p *Decoder, x, targets *graph.Node) *graph.Node) [][]float32 {
		exec, err := graph.NewExec(e.Backend, func(in []*graph.Node) []*graph.Node {
			p := Bind(testConfig, in[:n])
			y := logProbs(p, p.lookUp(in[n]), in[n+1])
			return append(graph.Gradient(graph.ReduceAllSum(graph.Sin(y)), in[0], p.norm, p.head), y)
		})
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Call(args(w, tokens, tensors.FromFlatDataAndDimensions(targets, 2, 6))...)
		if err != nil {
			t.Fatal(err)
		}
		var all [][]float32
		for _, o := range out {
			all = append(all, tensors.MustCopyFlatData[float32](o))
		}
		return all
	}
	want := run(func(p *Decoder, x, targets *graph.Node) *graph.Node {
		p.derived = true
		chosen := graph.ReduceSum(graph.Mul(graph.LogSoftmax(rowLogits(p, x)), graph.OneHot(targets, vocab, dtypes.Float32)), -1)
		return graph.Where(graph.LessThan(targets, graph.ZerosLike(targets)), graph.ZerosLike(chosen), chosen)
	})
	got := run(func(p *Decoder, x, targets *graph.Node) *graph.Node {
		return TargetLogProbs(p.Logits(x), targets)
	})
	for i, what := range []string{"the gradient of the embedding", "the gradient of the norm", "the gradient of the head", "the log-probs"} {
		if d := relative(got[i], want[i]); d > 1e-5 {
			t.Errorf("%s: %.2g of the norm apart", what, d)
		}
	}
	if y := got[3]; y[3] != 0 || y[11] != 0 {
		t.Errorf("log-probs without a target: %g and %g, want 0", y[3], y[11])
	}
}

// rowLogits is Logits as others lay it out: [batch, seq, hidden] → [batch, seq, vocab].
func rowLogits(d *Decoder, x *graph.Node) *graph.Node {
	return graph.Reshape(graph.Transpose(d.Logits(x), 0, 1), x.Shape().Dim(0), x.Shape().Dim(1), d.Config.VocabSize)
}
